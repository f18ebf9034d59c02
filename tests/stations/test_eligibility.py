"""Sites held against a rules table by hand: the best spot decides, and only what was read in a standard may fail."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import ColumnError, ParameterError
from changping_geo.stations.compose_hydrogen_sites import neighbours_of, zones_hit
from changping_geo.stations.eligibility import (
    CARDS,
    FAIL,
    OWN,
    PASS,
    READ,
    SURVEY,
    UNREAD,
    Neighbours,
    by_rule,
    exclude,
    grade_of,
    inside,
    rules_for,
    screen,
)

LIMITS = {"III": 3000.0, "II": 5000.0, "I": 8000.0}


def rule(neighbour, distance, *, verified, grade="any", measured_from="equipment", equipment="gas_storage"):
    name = f"{neighbour}_{distance:g}_{'read' if verified else 'unread'}"
    return {
        "rule_id": name, "standard": "GB", "clause": "4.0.8", "equipment": equipment, "grade": grade,
        "neighbour": neighbour, "distance_m": distance, "measured_from": measured_from, "verified": verified,
    }  # fmt: skip


def table(*rules):
    return pd.DataFrame(list(rules))


def site(radius=0.0, grade="III", x=0.0, y=0.0):
    return pd.DataFrame({"x": [x], "y": [y], "radius_m": [radius], "grade": [grade]})


def houses(*xy):
    return Neighbours(np.array([shapely.Point(p) for p in xy], dtype=object))


def verdict(sites, around, rules, margin=0.0):
    return screen(sites, around, rules, margin_m=margin).iloc[0]


def test_a_rule_read_in_its_standard_fails_a_site_with_clause_and_shortfall():
    told = verdict(site(), {"class_2": houses((12, 0))}, table(rule("class_2", 20.0, verified=True)))
    assert (told["verdict"], told["basis"], told["clause"]) == (FAIL, READ, "4.0.8")
    assert told["shortfall_m"] == pytest.approx(8.0)
    assert told["distance_m"] == pytest.approx(12.0)


def test_a_rule_that_nobody_read_only_asks_for_a_survey():
    told = verdict(site(), {"class_2": houses((12, 0))}, table(rule("class_2", 20.0, verified=False)))
    assert (told["verdict"], told["basis"]) == (SURVEY, UNREAD)
    assert told["shortfall_m"] == pytest.approx(8.0)


def test_a_pass_over_unread_rules_says_what_it_rests_on():
    unread = verdict(site(), {"class_2": houses((25, 0))}, table(rule("class_2", 20.0, verified=False)))
    read = verdict(site(), {"class_2": houses((25, 0))}, table(rule("class_2", 20.0, verified=True)))
    assert (unread["verdict"], unread["basis"]) == (PASS, UNREAD)
    assert (read["verdict"], read["basis"]) == (PASS, READ)


def test_the_threshold_itself_is_kept():
    assert verdict(site(), {"class_2": houses((20, 0))}, table(rule("class_2", 20.0, verified=True)))["verdict"] == PASS


def test_equipment_goes_to_the_far_side_of_a_wide_site():
    rules = table(rule("class_2", 20.0, verified=True))
    told = verdict(site(radius=20.0), {"class_2": houses((5, 0))}, rules)
    assert told["verdict"] == PASS
    assert told["distance_m"] == pytest.approx(5 + 0.9 * 20)


def test_less_room_than_the_margin_asks_for_a_survey():
    rules = table(rule("class_2", 20.0, verified=True))
    assert verdict(site(), {"class_2": houses((23, 0))}, rules, margin=5.0)["verdict"] == SURVEY
    assert verdict(site(), {"class_2": houses((25, 0))}, rules, margin=5.0)["verdict"] == PASS


def test_a_line_that_crosses_the_site_fails_it_wherever_equipment_stands():
    lines = Neighbours(np.array([shapely.LineString([(-50, 8), (50, 8)])], dtype=object), own=False)
    rules = table(rule("overhead_line", 0.0, verified=True, measured_from="site", equipment="any"))
    assert verdict(site(radius=10.0), {"overhead_line": lines}, rules)["shortfall_m"] == pytest.approx(2.0)
    assert verdict(site(radius=8.0), {"overhead_line": lines}, rules)["verdict"] == PASS


def test_the_grade_picks_its_rules_and_only_storage_decides():
    rules = table(rule("class_2", 30.0, verified=True, grade="I"), rule("class_2", 20.0, verified=True, grade="III"),
                  rule("class_2", 90.0, verified=True, equipment="other_hydrogen"))  # fmt: skip
    around = {"class_2": houses((25, 0))}
    assert verdict(site(grade="III"), around, rules)["verdict"] == PASS
    assert verdict(site(grade="I"), around, rules)["shortfall_m"] == pytest.approx(5.0)


def test_what_holds_the_point_is_the_sites_own_building():
    hall = Neighbours(np.array([shapely.box(-30, -30, 30, 30)], dtype=object))
    rules = table(rule("class_3", 20.0, verified=True))
    assert verdict(site(), {"class_3": hall}, rules)["verdict"] == PASS


def test_roads_count_from_their_near_side():
    road = Neighbours(np.array([shapely.LineString([(-99, 16), (99, 16)])], dtype=object), np.array([7.0]), own=False)
    told = verdict(site(), {"main_road": road}, table(rule("main_road", 15.0, verified=True)))
    assert told["distance_m"] == pytest.approx(9.0)


def test_own_conditions_stand_before_rules_and_the_weightiest_first():
    told = screen(site(), {"class_2": houses((12, 0))}, table(rule("class_2", 20.0, verified=True)), margin_m=0.0)
    yes, no = np.array([True]), np.array([False])
    assert exclude(told, {"slope": no})["reason"].iloc[0] == "class_2"
    out = exclude(told, {"red_line": yes, "slope": yes}).iloc[0]
    assert (out["verdict"], out["basis"], out["reason"], out["clause"]) == (FAIL, OWN, "red_line", "")


def test_rules_without_a_layer_are_said_to_be_unheld():
    rules = table(rule("class_2", 20.0, verified=True), rule("open_flame", 30.0, verified=True))
    around = {"class_2": houses((12, 0))}
    counts = by_rule(screen(site(), around, rules, margin_m=0.0), rules, around).set_index("neighbour")
    assert counts["held"].to_dict() == {"class_2": True, "open_flame": False}
    assert counts["fails"].to_dict() == {"class_2": 1, "open_flame": 0}


def test_grades_go_by_what_is_stored():
    assert list(grade_of(np.array([1000.0, 3000.0, 3001.0, 8000.0]), 1.0, LIMITS)) == ["III", "III", "II", "I"]
    with pytest.raises(ParameterError, match="lower the capacity"):
        grade_of(np.array([9000.0]), 1.0, LIMITS)
    with pytest.raises(ParameterError, match="rise from grade III"):
        grade_of(np.array([1.0]), 1.0, {**LIMITS, "II": 1.0})


def test_a_broken_rules_table_is_refused_by_name():
    with pytest.raises(ColumnError, match="distance_m"):
        rules_for(table(rule("class_2", 20.0, verified=True)).drop(columns="distance_m"), "III")
    with pytest.raises(ColumnError, match="class_2_-1"):
        rules_for(table(rule("class_2", -1.0, verified=True)), "III")


def test_layers_are_sorted_by_use_and_zones_hold_their_border():
    crs = "EPSG:32650"
    roofs = gpd.GeoDataFrame({"use": ["education", "housing", "kiosk"]},
                             geometry=[shapely.box(k, 0, k + 1, 1) for k in range(3)], crs=crs)  # fmt: skip
    roads = gpd.GeoDataFrame({"class": ["primary", "residential"], "lanes": [4, None]},
                             geometry=[shapely.LineString([(0, 0), (9, 9)])] * 2, crs=crs)  # fmt: skip
    yards = gpd.GeoDataFrame({"site_area_m2": [np.pi * 100]}, geometry=[shapely.Point(0, 0)], crs=crs)
    around = neighbours_of(roofs, roads, yards, None, CARDS["neighbour_class"])
    assert {word: len(group.shape) for word, group in around.items() if len(group.shape)} == {
        "important_public": 1, "class_2": 1, "class_3": 1, "main_road": 1, "minor_road": 1,
    }  # fmt: skip
    assert around["main_road"].half_width_m == pytest.approx([7.0])
    zone = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 5, 5)], crs=crs)
    hit = zones_hit(np.array([[5.0, 5.0], [6.0, 0.0]]), {"red_line": zone, "flood_zone": None})
    assert {word: list(flags) for word, flags in hit.items()} == {"red_line": [True, False]}
    assert list(inside(np.array([[0.0, 0.0]]), np.array([shapely.box(0, 0, 1, 1)], dtype=object))) == [True]


@settings(max_examples=25, deadline=None)
@given(
    xy=st.lists(st.tuples(st.integers(-60, 60), st.integers(-60, 60)), min_size=1, max_size=6),
    radius=st.integers(0, 30),
    more=st.integers(1, 20),
)
def test_a_longer_distance_never_makes_a_better_verdict(xy, radius, more):
    rank = {PASS: 0, SURVEY: 1, FAIL: 2}
    around = {"class_3": Neighbours(np.array([shapely.Point(p) for p in xy], dtype=object), own=False)}
    told = [
        verdict(site(radius=float(radius)), around, table(rule("class_3", float(d), verified=True)))
        for d in (15, 15 + more)
    ]
    assert rank[told[0]["verdict"]] <= rank[told[1]["verdict"]]
    assert told[0]["shortfall_m"] <= told[1]["shortfall_m"]
