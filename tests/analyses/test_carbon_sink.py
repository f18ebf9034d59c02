"""Four stands, two greens and a raster of 100 m cells: answers that a reader can compute, and what is refused."""

from __future__ import annotations

import inspect

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from changping_geo.model import ColumnError, CrsError, GeometryError, ParameterError

SW, SE, NW, NE = (f"13099900{i}000" for i in (1, 2, 3, 4))
X, Y = 500_000.0, 4_450_000.0
FRACTION, CO2 = 0.47, 44 / 12
PINE = (0.7709 * 50 + 8.8631) * FRACTION  # living trees of f1 [t C/ha]
CYPRESS = (0.4904 * 20 + 30.427) * FRACTION  # of f3
OAK = (0.7848 * 40 + 16.715) * FRACTION  # of f2


@pytest.fixture(scope="module")
def analysis(load):
    return load("carbon_sink")


@pytest.fixture(scope="module")
def run(analysis, shishan):
    """Compute with some layers and parameters of one's own; few draws, since their number is not what is tested."""
    needs = [
        p.name for p in inspect.signature(analysis.compute).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD
    ]

    def compute(layers=None, **parameters):
        given = {name: shishan(name) for name in needs} | (layers or {})
        return analysis.compute(**given, **{"stock_draws": 50, **parameters})

    return compute


@pytest.fixture(scope="module")
def result(run):
    return run()


@pytest.fixture
def forest(shishan):
    return shishan("forest")


def plan(target=20_000.0, year=2030):
    return pd.DataFrame(
        {"indicator": ["forest_stock_volume"], "operator": [">="], "target": [target], "unit": ["m3"], "year": [year]}
    )


def test_a_stand_of_pine_holds_what_its_line_says(result):
    town = result.by_town.loc[SW]
    above = PINE / 1.224
    assert town["above_t_c"] == pytest.approx(100 * above)
    assert town["below_t_c"] == pytest.approx(100 * (PINE - above))
    assert town["dead_wood_t_c"] == pytest.approx(100 * above / FRACTION * 0.08 * 0.47)
    assert town["litter_t_c"] == pytest.approx(100 * above / FRACTION * 0.04 * 0.37)
    assert town["plants_t_co2"] == pytest.approx(town["plants_t_c"] * CO2)
    assert town["forest_volume_m3"] == pytest.approx(5000)


def test_a_stand_on_a_border_is_shared_by_area(result):
    share = result.by_town["forest_volume_m3"]
    assert share[[NW, NE]].tolist() == pytest.approx([200, 200])
    assert share["district"] == pytest.approx(5000 + 2000 + 400)


def test_each_place_counts_once_and_tiers_fill_the_town(result):
    areas = result.by_town[["stands_ha", "urban_green_ha", "raster_ha", "land_cover_ha", "none_ha"]]
    assert areas.loc[NW].tolist() == pytest.approx([10, 3, 0, 2487, 0], abs=1e-6)
    assert areas.sum(axis=1)[[SW, SE, NW, NE]].tolist() == pytest.approx([2500] * 4)
    assert result.by_town.loc[SW, "stands_share"] == pytest.approx(0.04)


def test_land_cover_tells_what_no_stand_tells(result):
    assert result.by_town.loc[SE, "plants_t_c"] == pytest.approx(
        50 * result.features["forest"]["stand_t_c_ha"][1] + 100 * (1.34 + 10.07 + 0.45)
    )
    assert result.features["forest"]["stand_t_c_ha"][1] == pytest.approx(OAK * (1 + (0.0376 + 0.0148) / 1.225 / 0.47))


def test_urban_trees_are_told_by_their_crowns(result):
    assert result.by_town.loc[NW, "urban_trees_t_c"] == pytest.approx((2 * 0.5 + 1 * 0.4) * 76.9)
    assert result.by_town.loc[NW, "urban_uptake_t_co2_a"] == pytest.approx((2 * 0.5 + 1 * 0.4) * 2.8 * CO2)


def test_soil_stands_apart_with_its_depth(result):
    assert result.by_town.loc[SW, "soil_t_c"] == pytest.approx(24 * (100 + 0.8 * 2390 + 0.1 * 10))
    pools = result.tables["pools"].set_index("pool")
    assert pools.loc["soil", "depth"] == "0-30 cm"
    plants = pools.loc[pools.index != "soil", "t_c"].sum()
    assert plants == pytest.approx(result.by_town.loc["district", "plants_t_c"])
    soil = result.tables["soil"]
    assert soil["chosen"].sum() == 1
    assert set(soil["climate"]) == {"warm_temperate_dry", "cool_temperate_dry"}


def test_a_stand_without_a_volume_is_told_by_its_age_and_does_not_grow(result):
    stand = result.features["forest"].iloc[3]
    assert stand["carbon_from"] == "age"
    assert stand["stand_t_c"] == pytest.approx(10 * 54.5 * (0.47 * 1.307 + 0.0376 + 0.0148))
    assert np.isnan(stand["stand_sink_t_co2_a"])


def test_the_sink_by_rates_is_area_times_rate(result):
    assert result.by_town.loc[SW, "sink_rate_t_co2_a"] == pytest.approx(100 * 0.57 * CO2)
    assert result.by_town.loc[SE, "sink_rate_t_co2_a"] == pytest.approx(50 * 0.11 * CO2)


def test_the_sink_by_stock_difference_is_the_slope_times_the_growth(result):
    town = result.by_town.loc[SW]
    grown = town["volume_near_m3"] - town["forest_volume_m3"]
    assert grown > 0
    assert town["sink_stock_t_co2_a"] == pytest.approx(0.7709 * FRACTION * grown / 3 * CO2)
    assert result.features["forest"]["stand_sink_t_co2_a"][0] == pytest.approx(town["sink_stock_t_co2_a"])


def test_either_method_can_be_the_sink(result, run):
    assert result.by_town["sink_t_co2_a"].equals(result.by_town["sink_stock_t_co2_a"])
    other = run(sink_method="age_rate").by_town
    assert other["sink_t_co2_a"].equals(other["sink_rate_t_co2_a"])


def test_towns_and_outside_give_the_district(analysis, result):
    for output in analysis.OUTPUTS:
        if output.extensive:
            column = result.by_town[output.name]
            assert column.iloc[:-1].sum() == pytest.approx(column.iloc[-1], rel=1e-9), output.name


def test_the_order_of_stands_and_towns_does_not_matter(run, result, forest, shishan):
    turned = {"forest": forest.iloc[::-1].reset_index(drop=True), "towns": shishan("towns").iloc[::-1]}
    again = run(turned).by_town.loc[result.by_town.index]
    numbers = result.by_town.select_dtypes("number").columns
    pd.testing.assert_frame_equal(again[numbers], result.by_town[numbers], rtol=1e-9)


def test_the_sets_enclose_the_one_in_use_and_draws_enclose_the_figure(result):
    town = result.by_town.iloc[:4]
    assert (town["sets_low_t_c"] <= town["plants_t_c"]).all()
    assert (town["plants_t_c"] <= town["sets_high_t_c"]).all()
    assert ((town["plants_p10_t_c"] < town["plants_t_c"]) & (town["plants_t_c"] < town["plants_p90_t_c"])).all()
    assert result.tables["parameter_sets"].loc[SW, "zhang2013_t_c"] == pytest.approx(town.loc[SW, "plants_t_c"])


def test_another_set_in_use_changes_the_stock_but_no_area(run, result):
    other = run(volume_set="fang2001").by_town
    assert other.loc[SW, "plants_t_c"] == pytest.approx(result.tables["parameter_sets"].loc[SW, "fang2001_t_c"])
    assert other["stands_ha"].equals(result.by_town["stands_ha"])


def test_the_map_shows_the_best_tier_in_each_cell(result):
    cells = result.rasters["carbon_density_grid"].data
    at = {name: float(cells.sel(x=X + x, y=Y + y, method="nearest"))
          for name, (x, y) in {"pine": (3500, 3500), "trees": (6500, 6500), "crops": (100, 100)}.items()}  # fmt: skip
    assert at["pine"] == pytest.approx(result.features["forest"]["stand_t_c_ha"][0], rel=1e-6)
    assert at["trees"] == pytest.approx(32.35 + 1.9)
    assert at["crops"] == 0.0


def test_a_biomass_raster_stands_before_land_cover(run, shishan):
    biomass = shishan("land_cover").astype("float32")
    biomass[:] = 60.0
    biomass.attrs = {**shishan("land_cover").attrs, "nodata": float("nan")}
    made = run({"biomass": biomass})
    assert made.by_town.loc[NE, "raster_ha"] == pytest.approx(100)
    carbon = 60 * (1 + (0.225 + 0.307) / 2) * FRACTION
    cells = made.rasters["carbon_density_grid"].data
    assert float(cells.sel(x=X + 6500, y=Y + 6500, method="nearest")) == pytest.approx(carbon, rel=1e-6)


def test_without_a_plan_nothing_is_compared_and_with_one_gap_and_pace_are_told(result, run):
    assert len(result.tables["targets"]) == 0
    told = run({"target_table": plan()}).tables
    row = told["targets"].iloc[0]
    assert row["gap"] == pytest.approx(20_000 - 7400)
    assert row["required_per_year"] == pytest.approx((20_000 - 7400) / 8)
    assert 0 <= row["probability"] <= 1
    assert told["target_by_town"]["gap_m3"].iloc[:-1].sum() == pytest.approx(row["gap"])


def test_the_indicator_says_what_the_stands_hold(result):
    row = result.tables["indicators"].iloc[0]
    assert (row["indicator"], row["scope"], row["unit"], row["year"]) == ("forest_stock_volume", "district", "m3", 2022)
    assert row["value"] == pytest.approx(7400)
    assert row["low"] < 7400 < row["high"]
    assert result.tables["indicators_by_town"]["value"].sum() == pytest.approx(7400)


def test_planting_a_thousand_mu_adds_what_grows_on_them(run, result):
    assert len(result.tables["plans"]) == 0
    told = run(planting={"amount": 1000.0, "unit": "mu", "species": "platycladus", "year": 2026, "town": NW}).tables
    assert told["plans"].loc[0, "area_ha"] == pytest.approx(1000 / 15)
    account = told["plan_account"].set_index("year")
    assert account.loc[2025, "effect_m3"] == 0.0
    assert account.loc[2035, "effect_m3"] == pytest.approx(account["planting_m3"].sum())
    assert account.loc[2035, "effect_m3"] > 0
    town = told["projection"].set_index(["town_code", "year"])
    assert town.loc[(NW, 2035), "area_ha"] == pytest.approx(10 + 1000 / 15 * 0.85)


def test_a_harvest_takes_its_volume_from_the_outlook(run):
    account = run(harvest={"amount": 100.0, "year": 2026}).tables["plan_account"].set_index("year")
    assert account.loc[2030, "harvest_m3"] == pytest.approx(100)
    assert account.loc[2030, "effect_m3"] < -99
    assert account.loc[2030, "effect_t_co2"] < 0


def test_a_broken_series_warns_or_is_not_extrapolated(run):
    series = pd.DataFrame({"region": "R", "year": [2015, 2020], "volume_m3": [16.7e6, 25.2e6], "basis": ["a", "b"]})
    told = run({"forest_series": series}).tables
    assert told["series_breaks"].loc[0, "too_fast"]
    rows = told["projection_methods"].set_index("method").loc["rate of R"]
    assert rows["warning"].str.contains("basis").all()
    refused = run({"forest_series": series}, on_break="refuse").tables["projection_methods"]
    assert refused["volume_m3"].isna().sum() == 1


def test_unverified_rows_in_use_are_listed(result):
    rows = result.tables["unverified_rows"]
    assert set(rows["set"]) == {"fang2001", "beijing", "ipcc2019", "growth"}
    assert "pine → conifer" in set(rows["row"])
    assert "class 10" not in set(rows["row"])


def broken_cells(raster, code):
    raster[0, 0] = code
    return raster


def whole_stands(forest):
    """Thirty stands of 1 to 30 ha whose volume is that of the whole stand."""
    hectares = np.arange(1.0, 31.0)
    rows = forest.iloc[[0] * 30].reset_index(drop=True)
    rows["stand_id"] = [f"s{i}" for i in range(30)]
    rows["volume_m3_ha"] = 15.0 * hectares
    shapes = [box(X + 300 * i, Y + 100, X + 300 * i + 100, Y + 100 + 100 * ha) for i, ha in enumerate(hectares)]
    return gpd.GeoDataFrame(rows.drop(columns="geometry"), geometry=shapes, crs=forest.crs)


def with_value(forest, column, value):
    forest.loc[1, column] = value
    return forest


def overlapping(forest):
    forest.loc[1, "geometry"] = box(X + 3500, Y + 3500, X + 4500, Y + 4000)
    return forest


def without_attribute(raster, name):
    raster.attrs[name] = None
    return raster


def shifted(raster):
    moved = raster.astype("float32")
    moved.attrs = {**raster.attrs, "transform": (100.0, 0.0, X + 30, 0.0, -100.0, Y + 10_000), "nodata": -1.0}
    return moved


@pytest.mark.parametrize(
    ("layer", "source", "change", "error", "told"),
    [
        ("land_cover", "land_cover", lambda r: broken_cells(r, 77), ColumnError, "class codes 77 have no density"),
        ("forest", "forest", lambda f: with_value(f, "species", None), ColumnError, "species: missing in 1 .*f2"),
        ("forest", "forest", lambda f: with_value(f, "species", "palm"), ColumnError, "unknown words 'palm'.*f2"),
        ("forest", "forest", lambda f: with_value(f, "volume_m3_ha", -4.0), ColumnError, "negative in 1 stands .f2"),
        ("forest", "forest", lambda f: with_value(f, "volume_m3_ha", 700.0), ColumnError, "above 600 m3/ha.*f2"),
        ("forest", "forest", overlapping, GeometryError, "f1 with f2"),
        ("forest", "forest", whole_stands, ColumnError, "divide it by the area"),
        ("land_cover", "land_cover", lambda r: without_attribute(r, "crs"), CrsError, "no CRS; set it in the file"),
        ("land_cover", "land_cover", lambda r: without_attribute(r, "nodata"), ColumnError, "no nodata value"),
        ("biomass", "land_cover", shifted, CrsError, "not on one grid.*shifted by 30"),
    ],
)
def test_what_cannot_be_is_told_with_row_and_remedy(run, shishan, layer, source, change, error, told):
    with pytest.raises(error, match=f"(?s){told}"):
        run({layer: change(shishan(source))})


def test_a_year_before_the_baseline_is_refused(run):
    with pytest.raises(ParameterError, match="2020 lie before the baseline 2022"):
        run(projection_years={"near": 2020})


def test_a_plan_in_the_past_or_in_an_unknown_town_is_refused_at_once(run):
    with pytest.raises(ParameterError, match=r"(?s)not after the baseline.*unknown towns"):
        run(planting={"amount": 1.0, "year": 2021, "town": "nowhere"})


def test_stands_without_a_year_of_survey_need_a_baseline(run, forest):
    bare = forest.drop(columns="survey_year")
    with pytest.raises(ParameterError, match="set baseline_year"):
        run({"forest": bare})
    assert run({"forest": bare}, baseline_year=2022).by_town.loc[SW, "forest_volume_m3"] == pytest.approx(5000)
