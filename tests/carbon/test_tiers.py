"""Tiers: the best one wins at each place, areas close, and land-cover densities give the answers of known cases."""

from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from changping_geo.carbon import fusion, stock, tiers
from changping_geo.carbon.roots import RootRatios
from changping_geo.carbon.stock_cards import CARDS
from changping_geo.errors import ColumnError, CrsError, ParameterError, ResultError
from changping_geo.layers.rasters import as_dataarray

RAW = Path(__file__).parents[2] / "data_raw" / "methods"
CRS = "EPSG:32650"
DOUBT = CARDS["stock_doubt"]


@cache
def table(name):
    return pd.read_csv(RAW / f"carbon_{name}.csv")


def grid(cells, size=1.0, nodata=0, crs=CRS, north=None):
    cells = np.asarray(cells)
    return as_dataarray(cells, (size, 0, 0, 0, -size, size * len(cells) if north is None else north), crs, nodata)


def zone(*shapes):
    codes = [f"t{i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"town_code": codes, "name_zh": codes}, geometry=list(shapes), crs=CRS)


def density(**classes):
    """Densities as ``c1=(above, below, soil, dead)``; the soil counts as dead wood here, to give the whole."""
    rows = [
        {"set": "x", "class_code": int(name[1:]), "tree_cover": name == "c10", "basis": "above_ground",
         "above_t_c_ha": a, "below_t_c_ha": b, "dead_t_c_ha": s + d, "sd_rel": np.nan}
        for name, (a, b, s, d) in classes.items()
    ]  # fmt: skip
    return tiers.density_table(pd.DataFrame(rows), "x", 0.26)


THREE = {"c1": (15, 10, 60, 1), "c2": (5, 3, 20, 0), "c3": (2, 1, 5, 0)}


def carbon(cells, classes, **more):
    raster, known = grid(cells, **more), density(**classes)
    size, count = raster.attrs["transform"][0], raster.shape
    area = zone(box(0, 0, size * count[1], size * count[0]))
    return float(stock.cover_stock(tiers.cover_of(area, raster, known), known, DOUBT).rows["t_c"].sum())


def test_known_case_of_two_uniform_maps():
    first, second = carbon(np.full((10, 10), 1), THREE), carbon(np.full((10, 10), 2), THREE)
    assert [first, second, second - first] == pytest.approx([0.86, 0.28, -0.58])


def test_known_case_of_reclassified_cells():
    whole = {"c1": (5000, 0, 0, 0), "c2": (60, 0, 0, 0), "c3": (120, 0, 0, 0)}
    found = tiers.density_grid(grid([[1, 1], [2, 3]]), density(**whole), {})
    assert found.to_numpy().tolist() == [[5000, 5000], [60, 120]]


def test_a_change_of_one_tonne_per_hectare_is_not_lost():
    # 100 x 100 cells of 10 m; half of them fall from 86 to 85 t/ha, a quarter from 86 to 85.5.
    classes = {"c1": (86, 0, 0, 0), "c2": (85, 0, 0, 0), "c3": (85.5, 0, 0, 0)}
    later = np.full((100, 100), 1)
    later[:50], later[50:75] = 2, 3
    before, after = carbon(np.full((100, 100), 1), classes, size=10.0), carbon(later, classes, size=10.0)
    assert [before, after, after - before] == pytest.approx([8600.0, 8537.5, -62.5])
    maps = [tiers.density_grid(grid(cells, 10.0), density(**classes), {}) for cells in (np.full((100, 100), 1), later)]
    assert float((maps[1] - maps[0]).sum(dtype="float64")) * 0.01 == pytest.approx(-62.5)


def test_degrees_and_shifted_grids_are_refused():
    known = density(c10=(1, 1, 0, 0))
    with pytest.raises(CrsError, match="land_cover: the raster is in degrees"):
        tiers.cover_of(zone(box(0, 0, 4, 4)), grid(np.full((4, 4), 10), crs="EPSG:4326"), known)
    biomass = grid(np.full((4, 4), 100.0), nodata=-1.0, north=509.0)
    with pytest.raises(CrsError, match="shifted by 0, 505 m"):
        tiers.cover_of(zone(box(0, 0, 4, 4)), grid(np.full((4, 4), 10)), known, biomass, roots(), carbon_fraction=0.47)


def roots():
    return RootRatios(table("roots"), "wri")


@pytest.mark.parametrize(("attr", "value", "error", "told"), [
    ("crs", "", CrsError, "no CRS"), ("nodata", None, ColumnError, "no nodata"),
])  # fmt: skip
def test_a_raster_without_crs_or_nodata_is_refused(attr, value, error, told):
    raster = grid(np.full((4, 4), 1))
    raster.attrs[attr] = value
    with pytest.raises(error, match=f"land_cover: the raster has {told}"):
        tiers.cover_of(zone(box(0, 0, 4, 4)), raster, density(**THREE))


def test_an_unknown_class_is_named_unless_it_lies_outside():
    cells = np.full((4, 4), 1)
    cells[0, 0] = 200
    with pytest.raises(ColumnError, match="class codes 200 have no density; known are: 1, 2, 3"):
        tiers.cover_of(zone(box(0, 0, 4, 4)), grid(cells), density(**THREE))
    assert tiers.cover_of(zone(box(0, 0, 4, 3)), grid(cells), density(**THREE)).areas["kind"].tolist() == ["1"]


def test_a_missing_density_is_named():
    with pytest.raises(ColumnError, match="class 2: below_t_c_ha is missing"):
        density(c1=(1, 1, 1, 1), c2=(1, np.nan, 1, 1))
    with pytest.raises(ParameterError, match="known are: x"):
        tiers.density_table(density_rows(), "y", 0.26)
    rows = density_rows().assign(basis="total", below_t_c_ha=1.0)
    with pytest.raises(ColumnError, match="whole plants with a value below ground"):
        tiers.density_table(rows, "x", 0.26)


def density_rows():
    row = {"set": "x", "class_code": 1, "tree_cover": True, "basis": "above_ground", "sd_rel": 0.1}
    return pd.DataFrame([{**row, "above_t_c_ha": 1.0, "below_t_c_ha": 0.5, "dead_t_c_ha": 0.0}])


def test_whole_trees_of_a_class_are_parted():
    found = tiers.density_table(table("density"), "beijing", 0.26)
    assert found.loc[10, "above"] + found.loc[10, "below"] == pytest.approx(32.35)
    assert found.loc[10, "below"] / found.loc[10, "above"] == pytest.approx(0.26)


def test_zero_may_be_a_class_where_nodata_is_another_value():
    areas = tiers.cover_of(zone(box(0, 0, 2, 1)), grid([[0, 255]], nodata=255), density(c0=(1, 0, 0, 0))).areas
    assert areas["tier"].tolist() == ["land_cover", "none"]
    assert areas["area_ha"].tolist() == pytest.approx([1e-4, 1e-4])


def test_a_raster_turned_over_gives_the_same():
    cells = np.arange(1, 13).reshape(3, 4) % 3 + 1
    known, area = density(**THREE), zone(box(0.3, 0.2, 2.6, 1.7))
    upright = tiers.cover_of(area, grid(cells), known).areas
    turned = as_dataarray(cells[::-1], (1, 0, 0, 0, 1, 0), CRS, 0)
    pd.testing.assert_frame_equal(upright, tiers.cover_of(area, turned, known).areas)


def test_biomass_takes_tree_cover_only():
    cells = grid([[10, 10, 30, 0]], 100.0)
    biomass = grid([[100.0, -1.0, 50.0, 70.0]], 100.0, nodata=-1.0)
    known = density(c10=(9, 0, 0, 0), c30=(2, 0, 0, 0))
    found = tiers.cover_of(zone(box(0, 0, 400, 100)), cells, known, biomass, roots(), carbon_fraction=0.47)
    assert dict(zip(found.areas["tier"] + found.areas["kind"], found.areas["area_ha"], strict=True)) == pytest.approx(
        {"rastertree_cover": 1.0, "land_cover10": 1.0, "land_cover30": 1.0, "none": 1.0}
    )
    assert found.biomass[["above", "below"]].to_numpy().tolist() == [pytest.approx([47.0, 47 * 0.26])]
    held = stock.cover_stock(found, known, DOUBT).rows
    assert held["t_c"].sum() == pytest.approx(47 * 1.26 + 9 + 2)
    bad = grid([[-5.0, -1.0, 1.0, 1.0]], 100.0, nodata=-1.0)
    with pytest.raises(ColumnError, match="1 cells are negative"):
        tiers.cover_of(zone(box(0, 0, 400, 100)), cells, known, bad, roots(), carbon_fraction=0.47)
    with pytest.raises(ParameterError, match="needs root ratios"):
        tiers.cover_of(zone(box(0, 0, 400, 100)), cells, known, biomass)


def test_height_needs_a_law_of_the_place():
    assert tiers.biomass_of_height(np.array([0.0, 10.0]), 0.5, 2.0).tolist() == [0.0, 50.0]


def test_a_later_shape_yields_to_what_stands_before_it():
    found = tiers.without(zone(box(0, 0, 2, 1), box(1, 0, 3, 1)), zone(box(0, 0, 1, 1)))
    assert found.area.tolist() == [1.0, 1.0]
    with pytest.raises(CrsError, match="different CRS"):
        tiers.without(zone(box(0, 0, 1, 1)), zone(box(0, 0, 1, 1)).to_crs("EPSG:32651"))


# A town of 400 x 100 m: a stand on its left hectare, a green that reaches into the stand, tree cover on the rest, and a
# second town without any.
TOWNS = [box(0, 0, 400, 100), box(400, 0, 500, 100)]
CHOICE = fusion.Choice("zhang2013", "ipcc2019", "beijing", "nowak2013", 0.26, 0.4, DOUBT)


def tables():
    names = ("volume", "bcef", "roots", "species", "factors", "age", "density", "urban")
    return fusion.Tables(**{name: table(name) for name in names})


def stands(shapes, volume=50.0, species="pine", **more):
    data = pd.DataFrame({"species": species, "volume_m3_ha": volume, "age_a": np.nan, **more}, index=range(len(shapes)))
    return gpd.GeoDataFrame(data, geometry=shapes, crs=CRS)


def greens(*shapes):
    return gpd.GeoDataFrame({"canopy_cover": [0.5] * len(shapes)}, geometry=list(shapes), crs=CRS)


def fused(forest, green=None, biomass=None, towns=TOWNS):
    cover = grid(np.full((10, 50), 10), 10.0)
    green = greens(box(50, 0, 200, 100)) if green is None else green
    return fusion.fuse(zone(*towns), forest, green, cover, tables(), CHOICE, biomass)


def test_each_place_counts_once_by_its_best_tier():
    found = fused(stands([box(0, 0, 100, 100)]))
    areas = stock.tier_areas(found.stock.areas, ["t0", "t1"])
    ha = ["stands_ha", "urban_green_ha", "raster_ha", "land_cover_ha", "none_ha"]
    assert areas[ha].loc["t0"].tolist() == pytest.approx([1.0, 1.0, 0.0, 2.0, 0.0])
    assert areas[ha].loc["district"].tolist() == pytest.approx([1.0, 1.0, 0.0, 3.0, 0.0])
    assert areas.loc["t0", "stands_share"] == pytest.approx(0.25)
    total = stock.by_town(found.stock.rows, ["t0", "t1"])
    pine = (0.7709 * 50 + 8.8631) * 0.47
    assert total.loc["t0", "above"] + total.loc["t0", "below"] == pytest.approx(pine + 2 * 32.35)
    assert total.loc["t0", "urban_trees"] == pytest.approx(0.5 * 76.9)
    assert total.loc["t1", "plants"] == pytest.approx(32.35 + 1.9)
    assert total.loc["district", "plants"] == pytest.approx(total["plants"].iloc[:-1].sum(), rel=1e-12)
    assert total["plants_co2"].to_numpy() == pytest.approx(total["plants"].to_numpy() * 44 / 12)


def test_a_stand_without_volume_takes_its_age_or_leaves_its_place():
    forest = stands([box(0, 0, 100, 100), box(200, 0, 300, 100)], np.nan, age_a=[15.0, np.nan])
    found = fused(forest)
    assert found.used.tolist() == [True, False]
    areas = stock.tier_areas(found.stock.areas, ["t0", "t1"])
    assert areas.loc["t0", ["stands_ha", "urban_green_ha", "land_cover_ha"]].tolist() == pytest.approx([1.0, 1.0, 2.0])
    assert found.stock.spreads["age:pinus_tabuliformis"] == pytest.approx(14.2 / 34.0)


def test_a_biomass_raster_stands_between_green_and_land_cover():
    biomass = grid(np.full((10, 50), 100.0), 10.0, nodata=-1.0)
    found = fused(stands([box(0, 0, 100, 100)]), biomass=biomass)
    assert stock.tier_areas(found.stock.areas, ["t0", "t1"]).loc["district", "raster_ha"] == pytest.approx(3.0)


@settings(max_examples=3, deadline=None)
@given(st.floats(5, 95), st.sampled_from(["zhang2013", "fang2001", "ipcc"]))
def test_splitting_a_stand_or_turning_the_rows_changes_nothing(cut, name):
    def total(forest):
        return stock.by_town(fused(forest).stocks[name].rows, ["t0", "t1"])["plants"].to_numpy()

    whole = total(stands([box(0, 0, 100, 100), box(200, 0, 300, 100)], [50.0, 80.0], ["pine", "oak"]))
    parts = stands(
        [box(200, 0, 300, 100), box(cut, 0, 100, 100), box(0, 0, cut, 100)], [80.0, 50.0, 50.0], ["oak", "pine", "pine"]
    )
    assert total(parts) == pytest.approx(whole, rel=1e-9)


def test_twice_the_land_and_its_mirror_hold_twice_and_the_same():
    one = fused(stands([box(0, 0, 100, 100)]), greens()).stock.rows.query("tier == 'stands'")["t_c"].sum()
    two = fused(stands([box(0, 0, 200, 100)]), greens()).stock.rows.query("tier == 'stands'")["t_c"].sum()
    far = fused(stands([box(300, 0, 400, 100)]), greens()).stock.rows.query("tier == 'stands'")["t_c"].sum()
    assert [two, far] == pytest.approx([2 * one, one])


def test_the_order_of_towns_does_not_matter_and_a_stand_beyond_is_outside():
    forest = stands([box(350, 0, 550, 100)])
    one = stock.by_town(fused(forest).stock.rows, ["t0", "t1"])
    two = stock.by_town(fused(forest, towns=TOWNS[::-1]).stock.rows, ["t0", "t1"])
    assert one.loc["t0", "plants"] == pytest.approx(two.loc["t1", "plants"])
    assert one.loc["outside", "plants"] == pytest.approx(one.loc["outside", "plants_co2"] * 12 / 44)
    assert one.loc["outside", "above"] > 0


def test_sets_stand_side_by_side():
    found = fused(stands([box(0, 0, 100, 100)], 10.0, "poplar"))
    spread = stock.spread_between(found.stocks, ["t0", "t1"], "zhang2013")
    assert spread.loc["t0", "fang2001_t_c"] > spread.loc["t0", "zhang2013_t_c"]
    assert spread.loc["t1", "low_rel"] == spread.loc["t1", "high_rel"] == 0.0
    told = fusion.unverified(found, tables(), pd.Series(["poplar", "locust"]))
    assert {"populus", "oak_deciduous"} <= set(told.query("set == 'fang2001'")["row"])
    with pytest.raises(ParameterError, match="not among"):
        stock.spread_between(found.stocks, ["t0", "t1"], "nobody")
    with pytest.raises(ResultError, match="not known: t1"):
        stock.by_town(found.stock.rows, ["t0"])


def test_a_map_shows_stands_over_land_cover():
    known = tiers.density_table(table("density"), "beijing", 0.26)
    found = tiers.density_grid(
        grid([[10, 10, 0]], 10.0),
        known,
        {"stands": (zone(box(0, 0, 10, 10), box(10, 0, 20, 10)), np.array([7.0, np.nan]))},
    )
    assert found.to_numpy()[0].tolist() == pytest.approx([7.0, 34.25, np.nan], nan_ok=True)
    assert np.isnan(found.attrs["nodata"])
