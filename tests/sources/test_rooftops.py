"""Synthetic settlement layers on a small made-up district: do they fit together?"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.model import Frame
from changping_geo.sources import Context, provider
from changping_geo.sources.synthetic._park_places import place_parks
from changping_geo.sources.synthetic.built_up import quarters
from changping_geo.sources.synthetic.footprints import boxes, polygons, rows_of
from changping_geo.sources.synthetic.population import apportioned
from changping_geo.sources.synthetic.settlement import FLOOR_RURAL, FLOOR_URBAN, towns

SIDE = 12000.0
CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))
USES = {"rural_house", "housing", "industrial", "commercial", "public", "education", "health", "transport", "other"}


def made_up_district(seed=7):
    """Four square towns on flat ground; the last has no census figure. Layers are made once, on demand."""
    squares = [
        shapely.box(
            *(5e5 + SIDE / 2 * x, 4.4e6 + SIDE / 2 * y), *(5e5 + SIDE / 2 * (x + 1), 4.4e6 + SIDE / 2 * (y + 1))
        )
        for x, y in CORNERS
    ]
    seats = gpd.GeoSeries([s.centroid for s in squares], crs=4547).to_crs(4326)
    table = pd.DataFrame(
        {
            "town_code": list("1234"),
            "name_zh": ["甲镇", "乙镇", "丙街道", "丁镇"],
            "kind": ["town", "town", "subdistrict", "town"],
            "population_2020": pd.array([2500, 1800, 6000, None], dtype="Int64"),
            "seat_lon": seats.x,
            "seat_lat": seats.y,
            "villages_and_communities": pd.array([4, 3, 2, None], dtype="Int64"),
        }
    )
    step = 100.0
    flat = xr.DataArray(np.full((120, 120), 50.0), dims=("y", "x"))
    flat.attrs = {"transform": Affine(step, 0, 5e5, 0, -step, 4.4e6 + SIDE), "crs": "EPSG:4547"}
    made = {
        "district": gpd.GeoDataFrame(geometry=[shapely.union_all(squares)], crs=4547),
        "towns": gpd.GeoDataFrame(
            table[["town_code", "name_zh", "kind", "population_2020"]], geometry=squares, crs=4547
        ),
        "town_table": table,
        "terrain": flat,
    }

    def layer(name):
        if name not in made:
            made[name] = provider(f"synthetic.{name}")(context)
        return made[name]

    context = Context(Frame("made_up", "", "", "EPSG:4547", 8.0, seed), layer)
    return context


@pytest.fixture(scope="module")
def district():
    return made_up_district()


def test_footprints_neither_overlap_nor_leave_their_district(district):
    roofs = district.layer("rooftops")
    shape = np.asarray(roofs.geometry)
    a, b = shapely.STRtree(shape).query(shape, predicate="intersects")
    assert len(roofs) > 1000
    assert roofs["roof_id"].is_unique
    assert shapely.is_valid(shape).all()
    assert (a == b).all()
    assert shapely.covers(district.layer("district").geometry.iloc[0], shape).all()


def test_footprints_stand_clear_of_main_roads(district):
    roads = district.layer("roads")
    main = roads[roads["class"].isin(["motorway", "trunk", "primary"])]
    tree = shapely.STRtree(np.asarray(district.layer("rooftops").geometry))
    assert tree.query(np.asarray(main.geometry), predicate="dwithin", distance=14.0).size == 0


def test_columns_keep_to_the_layer_s_words_and_ranges(district):
    roofs = district.layer("rooftops")
    assert set(roofs["use"]) <= USES
    assert set(roofs["owner"]) <= {"government", "public", "business", "rural", "urban"}
    assert set(roofs["roof_type"]) <= {"flat", "gable", "shed_metal"}
    assert roofs["height_m"].between(1.8, 350).all()
    assert roofs["floors"].between(1, 100).all()
    assert roofs["built_year"].between(1368, 2100).all()
    assert "甲镇人民政府" in set(roofs["name"].dropna())


def test_floor_area_per_head_fits_each_town_within_five_percent(district):
    every, roofs = towns(district), district.layer("rooftops")
    homes = roofs[roofs["use"].isin(["housing", "rural_house"])]
    floor = gpd.GeoDataFrame({"m2": homes.area * homes["floors"]}, geometry=homes.centroid, crs=homes.crs)
    by_town = floor.sjoin(district.layer("towns"), predicate="within").groupby("town_code")["m2"].sum()
    wanted = every.persons * (every.rural * FLOOR_RURAL + (1 - every.rural) * FLOOR_URBAN)
    assert by_town.reindex(every.code).to_numpy() == pytest.approx(wanted, rel=0.05)


def test_population_adds_up_exactly_town_by_town(district):
    every, points = towns(district), district.layer("population")
    joined = points.sjoin(district.layer("towns"), predicate="within")
    assert len(joined) == len(points)
    assert joined.groupby("town_code")["persons"].sum().tolist() == every.persons.tolist()
    assert every.persons[:3].tolist() == [2500, 1800, 6000]
    assert every.persons[3] > 0


def test_built_up_areas_are_valid_and_do_not_overlap(district):
    built = district.layer("built_up")
    shape = np.asarray(built.geometry)
    assert set(built["kind"]) <= {"urban", "village", "industrial"}
    assert shapely.is_valid(shape).all()
    assert shapely.area(shapely.union_all(shape)) == pytest.approx(shapely.area(shape).sum(), rel=1e-9)
    assert shapely.covers(district.layer("district").geometry.iloc[0], shape).all()
    homes = district.layer("rooftops").centroid
    assert shapely.STRtree(shape).query(np.asarray(homes), predicate="intersects").shape[1] > 0.97 * len(homes)


def test_the_built_up_area_holds_its_parks_and_is_more_than_the_ground_of_buildings(district):
    ground = quarters(district)
    parks = shapely.union_all(place_parks(district, ground)[0])
    built = shapely.union_all(district.layer("built_up").geometry.to_numpy())
    assert parks.area > 0
    assert parks.intersection(built).area > 0.97 * parks.area
    assert built.area > ground.area.sum()


def test_the_seed_alone_decides(district):
    again = made_up_district().layer("rooftops")
    other = made_up_district(seed=8).layer("rooftops")
    assert again.geometry.geom_equals(district.layer("rooftops").geometry).all()
    assert again["floors"].equals(district.layer("rooftops")["floors"])
    assert not again.geometry.iloc[:500].reset_index(drop=True).geom_equals(other.geometry.iloc[:500]).any()


def test_an_l_shaped_box_turns_and_moves_with_its_block():
    one = boxes(np.array([0]), 10.0, 0.0, 10.0, 8.0, "education", 2, cut=(4.0, 3.0))
    quarter = polygons(one, np.array([[100.0, 200.0]]), np.array([np.pi / 2]))[0]
    assert one.area.tolist() == [68.0]
    assert quarter.area == pytest.approx(68.0)
    assert quarter.bounds == pytest.approx((96.0, 205.0, 104.0, 215.0))


def test_rows_fill_an_area_with_equal_slots():
    at, x, y, length, row = rows_of(np.array([5]), (100.0, 50.0), 45.0, 10.0, 10.0, 20.0)
    assert at.tolist() == [0] * 6
    assert length.tolist() == [45.0] * 6
    assert sorted(set(x)) == [-27.5, 27.5]
    assert sorted(set(y)) == [-20.0, 0.0, 20.0]
    assert row.tolist() == [0, 0, 1, 1, 2, 2]


@given(st.integers(0, 10**6), st.lists(st.floats(0.1, 1e5), min_size=1, max_size=50))
def test_whole_persons_add_up_whatever_the_weights(total, weights):
    shared = apportioned(total, np.array(weights))
    assert shared.sum() == total
    assert (shared >= 0).all()
    assert np.abs(shared - total * np.array(weights) / sum(weights)).max() <= 1 + 1e-6
