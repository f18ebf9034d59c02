"""Bores on one lattice, what is left out, and heat that is given once."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from changping_geo.heat.advice import advise, air_spf, elevation_and_slope, fields_of
from changping_geo.heat.allocate import response_test, serve, suitability
from changping_geo.heat.parcels import count_bores, excluded_by, gather
from changping_geo.heat.season import Season

CRS = "EPSG:32650"
FREE = {"building_m": 4.0, "edge_m": 2.0, "road_m": 1.0}


def frame(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)


NOTHING = frame([])


def lots(*shapes):
    return gather({"parks": frame(shapes, park_id=[f"P{i}" for i in range(len(shapes))])}, {"parks": "park_id"}, CRS)


def test_a_square_holds_the_lattice_inside_its_edge():
    """Inside 2 to 18 m the lines of 5 m are 5, 10 and 15: three by three."""
    assert count_bores(lots(box(0, 0, 20, 20)), NOTHING, None, FREE, 5.0).tolist() == [9]


def test_a_building_takes_the_bores_around_it():
    """With 4 m kept from the walls, all between 5 and 15 m is taken: the middle one of nine."""
    house = frame([box(9, 9, 11, 11)])
    assert count_bores(lots(box(0, 0, 20, 20)), house, None, FREE, 5.0).tolist() == [8]
    far = frame([box(100, 100, 110, 110)])
    assert count_bores(lots(box(0, 0, 20, 20)), far, None, FREE, 5.0).tolist() == [9]


def test_a_road_takes_its_width():
    """A street along y = 10 keeps 3.5 + 1 m: the middle row goes."""
    road = frame([LineString([(-50, 10), (50, 10)])], **{"class": ["residential"]})
    assert count_bores(lots(box(0, 0, 20, 20)), NOTHING, road, FREE, 5.0).tolist() == [6]


def test_overlapping_parcels_never_count_a_bore_twice():
    both = count_bores(lots(box(0, 0, 20, 20), box(0, 0, 20, 20)), NOTHING, None, FREE, 5.0)
    assert both.tolist() == [9, 0]


def test_no_parcel_and_a_parcel_that_is_too_thin_hold_nothing():
    assert count_bores(lots(), NOTHING, None, FREE, 5.0).tolist() == []
    assert count_bores(lots(box(0, 0, 3, 100)), NOTHING, None, FREE, 5.0).tolist() == [0]


@settings(max_examples=15)
@given(st.integers(0, 300), st.integers(0, 300), st.permutations([0, 1, 2]))
def test_counts_do_not_hang_on_order_or_on_what_else_is_given(dx, dy, order):
    shapes = [box(0, 0, 40, 30), box(60 + dx, 0, 110 + dx, 25), box(0, 50 + dy, 35, 90 + dy)]
    houses = frame([box(10, 10, 15, 15), box(70 + dx, 10, 80 + dx, 14)])
    together = count_bores(lots(*shapes), houses, None, FREE, 5.0)
    shuffled = count_bores(lots(*[shapes[i] for i in order]), houses, None, FREE, 5.0)
    assert shuffled.tolist() == [together[i] for i in order]
    assert [count_bores(lots(s), houses, None, FREE, 5.0)[0] for s in shapes] == together.tolist()


def test_layers_are_gathered_in_their_order_and_may_be_missing():
    found = gather(
        {"open_land": None, "parks": frame([box(0, 0, 1, 1)] * 2, park_id=["b", "a"]),
         "urban_green": frame([box(0, 0, 1, 1)], green_id=["c"])},
        {"open_land": "land_id", "parks": "park_id", "urban_green": "green_id"}, CRS,
    )  # fmt: skip
    assert found["parcel_id"].tolist() == ["parks:a", "parks:b", "urban_green:c"]


def test_zones_and_slopes_exclude_and_say_which():
    here = lots(box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 50, 10))
    zones = {"water_protection": frame([box(5, 5, 25, 6)]), "red_line": frame([box(0, 0, 3, 3)])}
    assert excluded_by(here, zones, np.array([0.0, 0.0, 30.0]), 15.0).tolist() == [
        "water_protection",
        "water_protection",
        "steep",
    ]
    missing = {"water_protection": None, "red_line": None}
    assert excluded_by(here, missing, np.full(3, np.nan), 15.0).tolist() == ["none"] * 3


def cells(*places):
    return pd.DataFrame(places, columns=["x", "y"], dtype=float)


def test_heat_goes_to_the_nearest_first_and_never_beyond_reach():
    links = serve(
        lots(box(0, 0, 10, 10)), np.array([10.0]), cells((50, 5), (20, 5), (900, 5)), np.array([8.0, 6.0, 9.0]), 100.0
    )
    assert links[["cell", "mwh_a"]].to_numpy().tolist() == [[1, 6.0], [0, 4.0]]
    assert links.attrs["in_reach_mwh_a"].tolist() == [14.0]


@settings(max_examples=20)
@given(
    st.lists(st.floats(0, 50), min_size=3, max_size=3),
    st.lists(st.floats(0, 50), min_size=4, max_size=4),
    st.permutations(range(3)),
)
def test_heat_is_given_once_and_the_order_of_parcels_does_not_matter(heat, need, order):
    shapes = [box(0, 0, 10, 10), box(200, 0, 215, 10), box(100, 90, 120, 110)]
    at = cells((50, 50), (150, 50), (250, 50), (50, 150))
    links = serve(lots(*shapes), np.array(heat), at, np.array(need), 150.0)
    assert (np.bincount(links["parcel"], links["mwh_a"], 3) <= np.array(heat) + 1e-9).all()
    given_ = np.bincount(links["cell"], links["mwh_a"], 4)
    assert (given_ <= np.array(need) + 1e-9).all()
    named = lots(*shapes).iloc[list(order)].reset_index(drop=True)
    again = serve(named, np.array(heat)[list(order)], at, np.array(need), 150.0)
    assert np.allclose(np.bincount(again["cell"], again["mwh_a"], 4), given_)


def test_no_cells_and_no_heat_give_no_links():
    assert len(serve(lots(box(0, 0, 10, 10)), np.array([5.0]), cells(), np.empty(0), 100.0)) == 0
    assert len(serve(lots(box(0, 0, 10, 10)), np.array([0.0]), cells((5, 5)), np.array([1.0]), 100.0)) == 0


def test_response_tests_by_heated_area():
    assert response_test(np.array([2999.0, 3000.0, 4999.0, 5000.0])).tolist() == [
        "not_asked",
        "advised",
        "advised",
        "compulsory",
    ]


def test_what_is_excluded_or_serves_nobody_does_not_suit():
    found = suitability(
        np.array([9.0, 9, 9]), np.array([1.0, 1, 1]), np.array([5.0, 0, 8]), np.array([True, False, False])
    )
    assert found[0] == found[1] == 0.0
    assert 0 < found[2] <= 1.0


def test_slope_of_a_ramp_and_nothing_beyond_the_raster():
    ramp = np.tile(np.arange(5.0) * 10, (5, 1))
    terrain = xr.DataArray(
        ramp, dims=("y", "x"), attrs={"transform": (10.0, 0, 0, 0, -10.0, 50.0), "nodata": -9999.0, "crs": CRS}
    )
    height, slope = elevation_and_slope(terrain, np.array([25.0, 500.0]), np.array([25.0, 25.0]))
    assert height[0] == 20.0
    assert slope[0] == pytest.approx(45.0)
    assert np.isnan(height[1])
    assert np.isnan(elevation_and_slope(None, np.array([1.0]), np.array([1.0]))[0][0])


def test_air_source_is_worse_in_the_mountains():
    season = Season(np.ones(2, dtype=int), np.array([0.0, 5.0]), np.array([0.6, 0.4]), 121.0, 2.0, 13.0, 2700.0)
    found = air_spf(season, 45.0, 0.9, np.array([50.0, 650.0, np.nan]), 50.0, 6.0)
    assert found[1] < found[0]
    assert found[2] == found[0]


def test_fields_are_polygons_when_delivered_and_marked_circles_else():
    places = frame([Point(0, 0), Point(9, 9)], name_zh=["汤", "站"], theme=["geothermal", "hydrogen"])
    circle = fields_of(None, places, 1000.0, CRS)
    assert circle[["name", "basis"]].to_numpy().tolist() == [["汤", "circle"]]
    assert circle.area[0] == pytest.approx(np.pi * 1e6, rel=0.01)
    told = fields_of(frame([box(0, 0, 1, 1)], field_id=["F1"], name=["汤"], depth_class=["deep"]), places, 1000.0, CRS)
    assert told[["name", "depth_class", "basis"]].to_numpy().tolist() == [["汤", "deep", "polygon"]]
    assert len(fields_of(None, None, 1000.0, CRS)) == 0


def test_advice_prefers_what_is_there_then_ground_then_wells_then_air():
    squares = frame(
        [box(100 * i, 0, 100 * i + 100, 100) for i in range(5)],
        open_demand_mwh_a=[0.0, 10, 10, 10, 10], covered_mwh_a=[0.0, 6, 1, 1, 1], elevation_m=[20.0, 20, 20, 500, 20],
    )  # fmt: skip
    fields = frame([box(200, 0, 300, 100)])
    found = advise(squares, fields, ground_share=0.5, mountain_m=200.0)
    assert found.tolist() == ["existing", "shallow_ground", "deep_geothermal", "air_mountain", "air"]
