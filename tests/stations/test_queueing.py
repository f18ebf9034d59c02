import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.model import ColumnError, ParameterError
from changping_geo.stations.queueing import mean_wait_min, plugs_needed, plugs_per_site, wait_probability
from changping_geo.stations.spaces import plugs_at_lots, required_spaces, spaces_by_kind


def test_erlang_c_of_two_plugs_at_a_load_of_three_halves_is_nine_fourteenths():
    assert wait_probability(2, 1.5) == pytest.approx(9 / 14)


def test_one_plug_makes_wait_as_often_as_it_is_busy():
    assert wait_probability(1, 0.4) == pytest.approx(0.4)
    assert mean_wait_min(1, 24, 1) == pytest.approx(0.4 / 0.6)


def test_ten_arrivals_an_hour_of_half_an_hour_need_nine_plugs_and_one_above_the_load_is_far_too_few():
    assert plugs_needed(10, 30) == 9
    assert wait_probability(6, 5.0) == pytest.approx(0.59, abs=0.005)


def test_nobody_arrives_and_too_many_arrive():
    assert wait_probability(0, 0) == 0
    assert wait_probability(3, 3) == 1
    assert plugs_needed(0, 30) == 0
    assert mean_wait_min(5, 0, 30) == 0
    assert mean_wait_min(2, 10, 30) == math.inf


def test_a_mean_wait_may_be_the_stricter_target():
    assert plugs_needed(10, 30, max_wait_probability=0.9) == 6
    plugs = plugs_needed(10, 30, max_wait_probability=0.9, max_wait_min=1)
    assert mean_wait_min(plugs, 10, 30) <= 1 < mean_wait_min(plugs - 1, 10, 30)


@given(arrivals=st.floats(0.1, 200), minutes=st.floats(5, 120), share=st.floats(0.01, 0.5))
def test_the_number_found_is_the_least(arrivals, minutes, share):
    plugs = plugs_needed(arrivals, minutes, max_wait_probability=share)
    load = arrivals * minutes / 60
    assert wait_probability(plugs, load) <= share * (1 + 1e-9)
    assert wait_probability(plugs - 1, load) > share * (1 - 1e-9)


def test_every_site_is_sized_on_its_own():
    table = plugs_per_site(pd.Series([10.0, 0.0], index=["a", "b"]), 30)
    assert table["plugs"].to_dict() == {"a": 9, "b": 0}
    assert table.loc["a", "wait_probability"] <= 0.1
    assert table["load"].tolist() == [5, 0]


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match="must be 0 or more"):
        wait_probability(2, -1)
    with pytest.raises(ParameterError, match="no number of plugs rules waiting out"):
        plugs_needed(10, 30, max_wait_probability=0)
    with pytest.raises(ParameterError, match="no single site"):
        plugs_needed(1e9, 30)


def test_lots_should_have_their_share_of_spaces_rounded_up():
    need = required_spaces(
        pd.Series([100, 10, 7]), pd.Series(["office", "public", "?"]), {"office": 0.25, "public": 0.2}
    )
    assert need.tolist() == [25, 2, 0]


def test_a_surplus_at_one_lot_does_not_help_another():
    table = spaces_by_kind(pd.Series([100, 100]), pd.Series(["office", "office"]), [40, 10], {"office": 0.25})
    row = table.loc["office"]
    assert (row["required"], row["plugs"], row["shortfall"], row["lots_short"]) == (50, 50, 15, 1)
    assert (row["ratio"], row["target"]) == (0.25, 0.25)


def test_plugs_go_to_the_nearest_lot_once_and_none_is_lost():
    plugs, left = plugs_at_lots([[0, 0], [100, 0]], [[10, 0], [60, 0], [900, 0]], [4, 6, 8])
    assert plugs.tolist() == [4, 6]
    assert left == 8
    assert plugs_at_lots([], [[0, 0]], [3])[1] == 3
    with pytest.raises(ColumnError, match="1 numbers"):
        plugs_at_lots([[0, 0]], [[0, 0]], [-1])
