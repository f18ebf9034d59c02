"""Targets held against what is known of them; every judgement worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from changping_geo.errors import AnalysisError, DataError
from changping_geo.plan.indicators import Indicator, indicator_tables, read_indicators
from changping_geo.plan.scoreboard import scoreboard

REPORTED = ["id", "year", "value", "low", "high", "unit", "data_status", "source"]


def targets(*rows):
    """Targets from (id, indicator, operator, target, unit, year, baseline_year)."""
    names = ["id", "indicator", "operator", "target", "unit", "year", "baseline_year"]
    frame = pd.DataFrame(rows, columns=names)
    frame["year"] = frame["year"].astype("Int64")
    frame["baseline_year"] = frame["baseline_year"].astype("Int64")
    return frame.assign(section="三", title_zh="指标", title_en="indicator", scope="district", how_known="reported")


def reports(*rows):
    """Reports from (id, year, value)."""
    full = [(i, y, v, np.nan, np.nan, "%", "official", "yearbook") for i, y, v in rows]
    return pd.DataFrame(full, columns=REPORTED)


def computed(*indicators, status="synthetic"):
    whole, parts = read_indicators({"carbon": indicator_tables(indicators)})
    return whole.assign(data_status=status), parts


NOTHING = computed()[0]
SHARE = ("share", "share", ">=", 25.0, "%", 2025, None)


def board(plan, known=NOTHING, told=None, year=2023, **more):
    told = reports() if told is None else told
    return scoreboard(plan, known, told, assessment_year=year, forecast_year=2030, **more).set_index("id")


def test_a_target_without_data_says_so_and_nothing_is_assumed():
    row = board(targets(SHARE)).loc["share"]
    assert row["status"] == "no_data"
    assert row[["value", "gap", "probability", "forecast", "required_per_year"]].isna().all()
    assert "reported" in row["note_en"]


def test_a_reported_value_has_gap_pace_and_forecast():
    row = board(targets(SHARE), told=reports(("share", 2021, 20.0), ("share", 2023, 22.0))).loc["share"]
    assert (row["value"], row["value_year"], row["gap"]) == (22.0, 2023, 3.0)
    assert row["rate_per_year"] == pytest.approx(1.0)
    assert row["required_per_year"] == pytest.approx(1.5)
    assert row["forecast"] == pytest.approx(29.0)
    assert row["status"] == "behind"  # the line reaches 24 in 2025
    assert row["data_status"] == "official"


def test_a_quicker_pace_is_on_track_and_a_value_past_the_target_is_met():
    on_track = reports(("share", 2021, 20.0), ("share", 2023, 24.0))
    assert board(targets(SHARE), told=on_track).loc["share", "status"] == "on_track"
    met = board(targets(SHARE), told=reports(("share", 2023, 25.0))).loc["share"]
    assert met["status"] == "met"
    assert np.isnan(met["required_per_year"])


def test_a_target_that_is_due_and_not_met_is_behind_whatever_its_pace():
    quick = reports(("share", 2021, 10.0), ("share", 2023, 24.0))
    row = board(targets(SHARE), told=quick, year=2026).loc["share"]
    assert row["status"] == "behind"
    assert "2023" in row["note_en"]


def test_one_year_is_judged_by_an_even_pace_since_the_baseline():
    plan = targets(("fall", "fall", ">=", 14.0, "%", 2025, 2020))  # 2.8 a year: 8.4 by 2023
    assert board(plan, told=reports(("fall", 2023, 8.4))).loc["fall", "status"] == "on_track"
    assert board(plan, told=reports(("fall", 2023, 8.3))).loc["fall", "status"] == "behind"


def test_one_year_without_a_baseline_is_behind_and_says_why():
    row = board(targets(SHARE), told=reports(("share", 2023, 24.0))).loc["share"]
    assert row["status"] == "behind"
    assert "cannot be judged" in row["note_en"]


@pytest.mark.parametrize(
    ("operator", "value", "status", "gap"),
    [("<=", 4.0, "met", -1.0), ("<=", 6.0, "behind", 1.0), ("=", 5.0, "met", 0.0), ("=", 4.0, "behind", 1.0)],
)
def test_at_most_and_equal(operator, value, status, gap):
    plan = targets(("x", "x", operator, 5.0, "%", 2023, None))
    row = board(plan, told=reports(("x", 2023, value))).loc["x"]
    assert (row["status"], row["gap"]) == (status, gap)


def test_a_computed_value_stands_before_a_report_of_its_year_and_both_are_shown():
    known, _ = computed(Indicator("share", 21.0, "%", 2023, "口径", "definition", low=19.0, high=23.0))
    row = board(targets(SHARE), known, reports(("share", 2023, 22.0))).loc["share"]
    assert (row["value"], row["reported_value"], row["told_by"]) == (21.0, 22.0, "carbon")
    assert (row["low"], row["high"], row["definition_zh"], row["data_status"]) == (19.0, 23.0, "口径", "synthetic")


def test_a_later_report_stands_before_a_computed_value():
    known, _ = computed(Indicator("share", 21.0, "%", 2021, "口径", "definition"))
    row = board(targets(SHARE), known, reports(("share", 2023, 22.0))).loc["share"]
    assert (row["value"], row["told_by"]) == (22.0, "reported")
    assert row["rate_per_year"] == pytest.approx(0.5)


def test_the_probability_of_a_due_target_follows_from_the_interval_of_its_value():
    known, _ = computed(Indicator("share", 25.0, "%", 2025, "", "", low=24.0, high=26.0))
    plan = targets(SHARE)
    assert board(plan, known, year=2025).loc["share", "probability"] == pytest.approx(0.5)
    plan["target"] = 24.0
    assert board(plan, known, year=2025).loc["share", "probability"] == pytest.approx(0.9)
    plan["operator"] = "<="
    assert board(plan, known, year=2025).loc["share", "probability"] == pytest.approx(0.1)


def test_a_due_target_whose_year_has_no_data_yet_is_judged_by_the_chance_that_the_analysis_tells():
    for chance, status in ((0.9, "on_track"), (0.3, "behind")):
        known, _ = computed(Indicator("share", 24.0, "%", 2023, "", "", probability=chance))
        row = board(targets(SHARE), known, year=2025).loc["share"]
        assert row["status"] == status
        assert "2023" in row["note_en"]


def test_where_towns_do_not_add_up_those_are_named_that_meet_the_target():
    known, parts = computed(Indicator("share", 24.0, "%", 2023, "", "", by_town={"a": 30.0, "b": 20.0, "c": 26.0}))
    towns = parts.assign(town_name=parts["town_code"].map({"a": "甲镇", "b": "乙镇", "c": "丙镇"}))
    assert board(targets(SHARE), known, towns=towns).loc["share", "towns_zh"] == "甲镇、丙镇"


def test_a_probability_that_the_analysis_knows_is_kept():
    known, _ = computed(Indicator("share", 24.0, "%", 2023, "", "", probability=0.37))
    assert board(targets(SHARE), known).loc["share", "probability"] == 0.37


def test_the_towns_that_carry_an_indicator_come_largest_first():
    known, parts = computed(Indicator("share", 3.0, "%", 2023, "", "", by_town={"a": 1.0, "b": 2.0, "c": 0.0}))
    towns = parts.assign(town_name=parts["town_code"].map({"a": "甲镇", "b": "乙镇", "c": "丙镇"}))
    assert board(targets(SHARE), known, towns=towns).loc["share", "towns_zh"] == "乙镇、甲镇"


def test_wrong_reports_are_all_told_at_once():
    wrong = pd.concat([reports(("shar", 2023, 1.0), ("share", 2024, 1.0), ("share", 2022, 1.0), ("share", 2022, 2.0))])
    wrong.loc[2, "unit"] = "m2"
    with pytest.raises(DataError) as told:
        board(targets(SHARE), told=wrong)
    for part in ("line 2: 'shar' is no target", "line 3: share of 2024", "line 4: share is told in 'm2'", "twice"):
        assert part in str(told.value)


def test_an_indicator_in_another_unit_is_refused():
    known, _ = computed(Indicator("share", 21.0, "1", 2023, "", ""))
    with pytest.raises(DataError, match="carbon tells share in '1', the plan in '%'"):
        board(targets(SHARE), known)


def test_two_analyses_cannot_tell_the_same_indicator():
    one = indicator_tables([Indicator("share", 1.0, "%", 2023, "", "")])
    with pytest.raises(AnalysisError, match=r"share \(district\) by carbon, share \(district\) by heat"):
        read_indicators({"carbon": one, "heat": one})


def test_the_rows_stand_in_the_order_of_the_plan():
    plan = targets(SHARE, ("b", "b", ">=", 1.0, "%", None, None), ("a", "a", ">=", 1.0, "%", 2030, None))
    assert list(board(plan).index) == ["share", "b", "a"]
