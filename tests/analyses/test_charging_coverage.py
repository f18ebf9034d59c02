"""A street of ten kilometres with one public station, whose coverage a reader can compute, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from changping_geo.model import ColumnError, CrsError, GeometryError, ParameterError, Result
from changping_geo.run import check, check_made

CRS = "EPSG:32650"
X, Y = 500_000.0, 4_400_000.0


def points(*at, **columns):
    return gpd.GeoDataFrame(columns, geometry=[Point(X + x, Y + y) for x, y in at], crs=CRS)


def street(**columns):
    lines = [LineString([(X + 1000 * k, Y), (X + 1000 * (k + 1), Y)]) for k in range(10)]
    return gpd.GeoDataFrame({"class": "tertiary", **columns}, index=range(10), geometry=lines, crs=CRS)


@pytest.fixture(name="layers")
def _layers():
    """The layers in the order in which the analysis takes them."""
    roofs = gpd.GeoDataFrame({"roof_id": ["r", "s"]}, geometry=[
        box(X + 1500, Y, X + 1510, Y + 10), box(X + 8000, Y, X + 8010, Y + 10)], crs=CRS)  # fmt: skip
    sunny = pd.DataFrame({"pv_capacity_kw": [10.0, 0.0], "pv_energy_mwh_a": [12.0, 0.0], "town_code": ["001", "002"]})
    return {
        "towns": gpd.GeoDataFrame({"town_code": ["001", "002"], "name_zh": ["甲镇", "乙镇"], "name_en": ["A", "B"]},
                                  geometry=[box(X, Y - 1000, X + 5000, Y + 1000),
                                            box(X + 5000, Y - 1000, X + 10000, Y + 1000)], crs=CRS),
        "roads": street(),
        "charging_stations": points(
            (1000, 0), (9000, 0), station_id=["s1", "s2"], status=["operating"] * 2, kind=["public", "residential"],
            plugs_fast=[6, 4], plugs_slow=[12, 0], open_year=[2020.0, None]),
        "population": points(
            (1000, 0), (3500, 0), (4000, 900), (4500, 0), (9000, 0), (3000, 5000), point_id=list("abcdef"),
            persons=[100.0, 200.0, 10.0, 300.0, 400.0, 50.0]),
        "parking": points((1050, 0), (9000, 0), parking_id=["p", "q"], kind=["residential", "public"],
                          spaces=[100, 50]),
        "built_up": gpd.GeoDataFrame({"kind": ["urban"]}, geometry=[box(X + 900, Y - 100, X + 1100, Y + 100)], crs=CRS),
        "rooftops": roofs,
        "rooftop_pv": Result(by_town=pd.DataFrame(), features={"rooftops": sunny}),
        "depots": points((0, 0), (10000, 0), depot_id=["d", "e"], kind=["bus", "bus"], vehicles=[10.0, 20.0]),
        "terrain": None,
    }  # fmt: skip


@pytest.fixture(name="analysis", scope="module")
def _analysis(load):
    return load("charging_coverage")


@pytest.fixture(name="cover")
def _cover(analysis, layers):
    def run(*, without=(), **parameters):
        given = {name: None if name in without else layer for name, layer in layers.items()}
        return analysis.compute(*given.values(), **parameters)

    return run


def test_a_street_by_hand(cover):
    town = cover().by_town
    assert town["persons"].tolist() == [610, 400, 50, 1060]
    assert town["persons_covered"].tolist() == [300, 0, 0, 300]  # ways of 0, 2.5 km; 3.5, 4.17, 8 km are too far
    assert town["persons_share"].iloc[-1] == pytest.approx(300 / 1060)
    assert town["persons_far"].tolist() == [610, 0, 0, 610]
    assert town["core_persons_covered"].tolist() == [100, 0, 0, 100]
    assert town["road_covered_m"].tolist() == [4000, 0, 0, 4000]
    assert town["built_up_m2"].iloc[-1] == pytest.approx(40_000)
    assert town["parking_spaces_covered"].tolist() == [100, 0, 0, 100]
    assert town["pv_roofs"].tolist() == [1, 0, 0, 1]
    assert town["pv_roofs_covered"].tolist() == [1, 0, 0, 1]
    assert town["trips_covered"].tolist() == town["trips"].tolist() == [10, 20, 0, 30]
    assert town["stations"].tolist() == [1, 0, 0, 1]
    assert town["charging_spaces_required"].tolist() == [37, 10, 0, 47]
    # the lot at 1050 m has the 18 plugs of the station 50 m away, the one at 9000 m the 4 of the residential one
    assert town["charging_spaces_short"].tolist() == [19, 6, 0, 25]


def test_ways_beyond_the_radius_are_added_up(cover):
    town = cover().by_town
    extra = 300 * 0.5 + 10 * (3.0 + 0.9 * 1.3 - 3.0)
    assert town["extra_person_km"].tolist() == pytest.approx([extra, 400 * 5.0, 0, extra + 2000])
    assert town["mean_way_m"].iloc[1] == pytest.approx(8000)


def test_the_result_keeps_the_rules_of_the_house(analysis, cover, layers):
    result = cover()
    module = SimpleNamespace(name="charging_coverage", outputs=analysis.OUTPUTS)
    check(module, result, {name: len(layer) for name, layer in layers.items() if isinstance(layer, pd.DataFrame)})
    check_made("charging_coverage", result, list(layers))
    assert set(result.made) == {"charging_reach", "charging_reach_time", "charging_gaps"}


def test_who_is_too_far_from_any_road_is_told_and_stays_uncovered(cover):
    table = cover().tables["off_network"]
    assert table[["demand", "id", "reason", "amount"]].to_numpy().tolist() == [["population", "f", "off_network", 50.0]]
    assert table["distance_m"].iloc[0] == 5000


def test_straight_lines_cover_no_less_than_roads(cover):
    shares = cover().tables["shares"].query("unit == 'm' and ratio == ratio")
    assert (shares["share_straight"] >= shares["share"]).all()
    assert shares.query("measure == 'persons' and threshold == 3000")["ratio"].tolist() == pytest.approx([1.0])


def test_shares_never_fall_with_the_threshold(cover):
    shares = cover().tables["shares"]
    assert set(shares["measure"]) >= {"persons", "built_up_m2", "road_m", "parking_spaces", "pv_roofs", "trips"}
    for _, held in shares.sort_values("threshold").groupby(["measure", "unit"]):
        assert (held["share"].diff().dropna() >= 0).all()


def test_more_stations_never_cover_less(cover):
    before, after = cover().by_town, cover(count_kind={"residential": True}).by_town
    names = [name for name in before if name.endswith(("_covered", "_covered_m"))]
    assert (after[names] >= before[names]).all(axis=None)
    assert after["persons_covered"].tolist() == [300, 400, 0, 700]


def test_shared_supply_is_given_out_whole(cover):
    result = cover(catchment_minutes={"near": 20.0, "middle": 40.0, "far": 60.0})
    people = result.features["population"]["plugs_per_1000"] * [100, 200, 10, 300, 400, 50] / 1000
    assert people.sum() == pytest.approx(6 + 12 * 30 / 360)
    assert people.iloc[5] == 0


def test_the_three_meanings_of_the_service_radius_name_their_base(cover):
    radius = cover().tables["service_radius"].set_index(["meaning", "base"])["value"]
    assert radius["equal_circles", "district"] == pytest.approx(np.sqrt(20e6 / np.pi))
    assert radius["equal_circles", "built_up"] == pytest.approx(np.sqrt(40_000 / np.pi))
    assert radius["share_within", "persons"] == pytest.approx(300 / 1060)
    assert radius["mean_way", "persons"] == pytest.approx((200 * 2500 + 10 * 4170 + 300 * 3500 + 400 * 8000) / 1010)


def test_gaps_are_ranked_by_people_and_name_town_and_station(cover):
    gaps = cover(gap_link_m=1200.0).made["charging_gaps"].data
    assert gaps["persons"].tolist() == [400, 310, 50]
    assert gaps["town_name"].tolist() == ["乙镇", "甲镇", ""]
    assert gaps["nearest_station"].tolist() == ["s1", "s1", ""]
    assert gaps["rank_extra"].tolist() == [2, 3, 1]  # nobody leads the 50 to any station at all
    assert gaps["unreached"].tolist() == [0, 0, 50]


def test_plugs_follow_the_queue_of_those_to_whom_a_station_is_the_nearest(cover):
    # 1010 persons × 1 vehicle × 0.1 charges a day × 0.1 in the busy hour = 10.1 arrivals of half an hour each
    one = cover(ev_per_person=1.0, public_charges_per_day=0.1, busy_hour_share=0.1)
    row = one.features["charging_stations"].iloc[0]
    assert row["persons_nearest"] == 1010
    assert row["arrivals_h"] == pytest.approx(10.1)
    assert row["plugs_needed_here"] == 9
    assert row["plugs_lacking"] == 2  # six fast plugs, and twelve slow ones that count as one
    assert one.by_town["plugs_lacking"].tolist() == [2, 0, 0, 2]


def test_without_depots_there_are_no_trips(cover):
    result = cover(without=["depots"])
    assert result.by_town["trips"].sum() == 0
    assert "trips" not in set(result.tables["shares"]["measure"])


def test_a_plain_is_a_base_area_where_the_terrain_is_known(layers, cover):
    xr = pytest.importorskip("xarray")
    grid = np.where(np.arange(100) < 25, 50.0, 300.0)[None, :].repeat(20, axis=0)
    layers["terrain"] = xr.DataArray(grid, dims=("y", "x"), attrs={
        "crs": CRS, "transform": (100.0, 0.0, X, 0.0, -100.0, Y + 1000), "nodata": -9999.0})  # fmt: skip
    radius = cover().tables["service_radius"].set_index(["meaning", "base"])["base_amount"]
    assert radius["equal_circles", "plain"] == pytest.approx(2500 * 2000)


def test_a_station_in_the_river_is_told_with_its_distance_and_remedy(layers, cover):
    layers["charging_stations"].loc[0, "geometry"] = Point(X, Y + 2500)
    with pytest.raises(GeometryError, match=r"s1 \(2500 m\).*correct their coordinates.*raise max_access_m"):
        cover()


@pytest.mark.parametrize(("change", "told"), [({"station_id": ["s", "s"]}, "given twice"), ({}, "stand within 1 m")])
def test_a_station_given_twice_is_told_with_the_remedy(layers, cover, change, told):
    twice = points((1000, 0), (2000 if change else 1000, 0), **({
        "station_id": ["s", "t"], "status": "operating", "kind": "public", "plugs_fast": 1, "plugs_slow": 0,
        "open_year": 2020.0} | change))  # fmt: skip
    layers["charging_stations"] = twice
    with pytest.raises(ColumnError, match=f"{told}.*Merge each into one row"):
        cover()


def test_roads_that_do_not_hang_together_are_told_with_the_remedy(layers, cover):
    layers["roads"] = layers["roads"].iloc[::2].reset_index(drop=True)
    with pytest.raises(GeometryError, match=r"does not hang together.*split lines where they meet"):
        cover()


def test_a_speed_of_zero_is_refused_and_none_takes_that_of_its_class(layers, cover):
    layers["roads"] = street(speed_km_h=[np.nan] * 10)
    by_class = cover(road_speed_km_h={"tertiary": 30.0}, peak_factor=1.0).features["population"]["way_min"]
    assert by_class.iloc[1] == pytest.approx(5.0)  # 2.5 km at 30 km/h
    layers["roads"].loc[3, "speed_km_h"] = 0.0
    with pytest.raises(ColumnError, match=r"zero or negative in 1 roads \(rows 3\): leave it empty"):
        cover()


def test_a_negative_weight_is_refused(layers, cover):
    layers["population"].loc[2, "persons"] = -1.0
    with pytest.raises(ColumnError, match=r"persons is negative in 1 rows \(first: 2, -1\)"):
        cover()


def test_stations_in_degrees_are_refused(layers, cover):
    layers["charging_stations"] = layers["charging_stations"].to_crs("EPSG:4326")
    with pytest.raises(CrsError, match="reproject"):
        cover()


def test_when_no_station_counts_the_words_to_change_are_named(cover):
    with pytest.raises(ParameterError, match=r"allow more by count_kind\.\* and count_status\.\*"):
        cover(count_status={"operating": False})
