"""What planners fill in, and what towns contribute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from changping_geo.errors import DataError
from changping_geo.plan.indicators import Indicator, indicator_tables, read_indicators
from changping_geo.plan.reports import filled_in, summary, town_columns

TOWNS = pd.DataFrame({"town_code": ["a", "b"], "name_zh": ["甲镇", "乙镇"], "name_en": ["A", "B"]})


def reported(*rows):
    names = ["id", "year", "value", "low", "high", "unit", "data_status", "source"]
    return pd.DataFrame(rows, columns=names).astype({"year": "Int64"})


def test_rows_without_a_value_are_not_reported_yet():
    table = reported(("x", 2023, 5.0, np.nan, np.nan, "%", "official", "yearbook"), ("y", *[None] * 4, "%", "", ""))
    assert filled_in(table)["id"].tolist() == ["x"]
    assert filled_in(None).empty


def test_a_value_needs_year_status_and_source_and_a_place_in_its_interval():
    table = reported(
        ("x", None, 5.0, np.nan, np.nan, "%", "official", ""), ("y", 2023, 5.0, 6.0, 7.0, "%", "official", "yearbook")
    )
    with pytest.raises(DataError) as told:
        filled_in(table)
    assert "x has a value but no year, source" in str(told.value)
    assert "y: low <= value <= high does not hold" in str(told.value)


def test_towns_that_add_up_leave_the_rest_outside_and_shares_leave_nothing():
    known = [
        Indicator("volume", 10.0, "m3", 2023, "", "", by_town={"a": 3.0, "b": 6.0}),
        Indicator("cover", 40.0, "%", 2023, "", "", by_town={"a": 30.0}),
    ]
    told, parts = read_indicators({"carbon": indicator_tables(known)})
    wanted = [("volume", "district", "volume_m3", True), ("cover", "district", "cover_pct", False)]
    table = town_columns(TOWNS, told, parts, wanted)
    assert table["volume_m3"].tolist() == [3.0, 6.0, 1.0, 10.0]
    assert table["cover_pct"].fillna(-1).tolist() == [30.0, -1, -1, 40.0]
    assert list(table.index) == ["a", "b", "outside", "district"]


def test_an_indicator_that_nobody_tells_is_zero_where_towns_add_up_and_missing_elsewhere():
    told, parts = read_indicators({})
    wanted = [("volume", "district", "volume_m3", True), ("cover", "district", "cover_pct", False)]
    table = town_columns(TOWNS, told, parts, wanted)
    assert table["volume_m3"].tolist() == [0.0] * 4
    assert table["cover_pct"].isna().all()


def test_every_status_is_counted_even_if_no_target_has_it():
    table = summary(pd.DataFrame({"status": ["met", "no_data", "met"]})).set_index("status")
    assert table["targets"].to_dict() == {"met": 2, "on_track": 0, "behind": 0, "no_data": 1}
