import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.model import ColumnError, ParameterError
from changping_geo.stations.access import Access
from changping_geo.stations.coverage import (
    adding_order,
    coverage_curve,
    gains,
    gini,
    shares,
    shares_by_town,
    worst_town,
)
from changping_geo.stations.demand import area_to_cells, points_to_cells

TOWNS = pd.DataFrame({"town_code": ["A", "B", "C"], "name_zh": ["甲", "乙", "丙"], "name_en": ["a", "b", "c"]})


def access_of(n_demand, *stations):
    """Each station by the rows that it covers, at cost 1."""
    rows = [np.array(sorted(s), np.int32) for s in stations]
    first = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
    demand = np.concatenate([*rows, np.empty(0, np.int32)]).astype(np.int32)
    return Access(n_demand, first, demand, np.ones(len(demand)), 1.0, "m", "to_station")


def test_shares_are_weighted_and_count_who_reaches_nothing():
    told = shares(
        [500, 3000, 3001, np.inf], pd.DataFrame({"persons": [10, 20, 30, 40], "spaces": [0, 0, 5, 5]}), [3000]
    )
    assert told["covered"].tolist() == [30, 0]
    assert told["total"].tolist() == [100, 10]
    assert told["share"].tolist() == [0.3, 0.0]  # half of the rows, but three tenths of the people


def test_no_demand_at_all_has_no_share():
    assert np.isnan(shares([1.0], pd.DataFrame({"persons": [0]}), [3000])["share"][0])


def test_towns_add_up_to_the_district_and_the_worst_is_named():
    weights = pd.DataFrame({"persons": [10.0, 30, 20, 5]})
    towns = pd.Series(["A", "A", "B", None])
    table = shares_by_town([100, 5000, np.inf, 100], weights, towns, TOWNS, 3000)
    assert table["persons_covered"].tolist() == [10, 0, 0, 5, 15]
    assert table["persons_share"].tolist()[:2] == [0.25, 0.0]
    assert np.isnan(table.loc["C", "persons_share"])
    assert worst_town(table, "persons").name == "B"
    with pytest.raises(ColumnError, match="holds no 'roofs_share'"):
        worst_town(table, "roofs")
    with pytest.raises(ColumnError, match="no town has any persons"):
        worst_town(table.loc[["C"]], "persons")


def test_all_faults_of_weights_are_told_at_once():
    bad = pd.DataFrame({"persons": [1.0, -2.0], "spaces": [np.nan, 1.0]})
    with pytest.raises(ColumnError, match=r"persons is negative in 1 rows \(first: 1, -2\); spaces is missing"):
        shares([1, 2], bad, [3000])
    with pytest.raises(ColumnError, match="1 rows of weights for 2"):
        shares([1, 2], bad.head(1), [3000])
    with pytest.raises(ColumnError, match="name what counts"):
        shares([1, 2], bad[[]], [3000])
    with pytest.raises(ColumnError, match="missing or negative"):
        shares([np.nan, 2], bad.abs().fillna(0), [3000])


def test_gini_of_equals_is_nothing_and_of_one_who_has_all_is_nearly_one():
    assert gini([5, 5, 5], [1, 2, 3]) == pytest.approx(0)
    assert gini([0, 0, 0, 1], [1, 1, 1, 1]) == pytest.approx(0.75)
    assert gini([1, 3], [1, 1]) == pytest.approx(0.25)
    assert gini([1, 3], [2, 2]) == pytest.approx(gini([1, 1, 3, 3], [1, 1, 1, 1]))
    assert np.isnan(gini([0, 0], [1, 1]))
    with pytest.raises(ColumnError, match="leave out who is unreached"):
        gini([np.inf, 1], [1, 1])


def test_the_gain_of_a_station_is_what_it_covers_anew():
    access = access_of(4, [0, 1], [1, 2], [3])
    assert gains(access, [1, 2, 4, 8], [False, True, False, False]).tolist() == [1, 4, 8]


def test_stations_are_added_by_what_each_covers_anew_and_stop_when_nothing_is_left():
    access = access_of(5, [0, 1, 2], [2, 3], [0, 1], [])
    assert adding_order(access, [1, 1, 1, 1, 1], count=9).tolist() == [0, 1]
    assert adding_order(access, [1, 1, 1, 1, 1], count=1).tolist() == [0]
    assert adding_order(access, [1, 1, 1, 1, 1], count=9, covered=[True, True, True, False, False]).tolist() == [1]


def test_the_curve_tells_share_and_worst_town_for_every_number_of_stations():
    access = access_of(4, [0, 1], [2], [1])
    towns = pd.Series(["A", "A", "B", None])
    curve = coverage_curve(access, [1, 1, 2, 4], [0, 1], towns)
    assert curve["stations"].tolist() == [0, 1, 2]
    assert curve["covered"].tolist() == [0, 2, 4]
    assert curve["share"].tolist() == [0, 0.25, 0.5]
    assert curve["worst_share"].tolist() == [0, 0, 1]
    assert curve["worst_town"].tolist() == ["A", "B", "A"]
    with pytest.raises(ParameterError, match="twice"):
        coverage_curve(access, [1, 1, 2, 4], [0, 0])


@given(
    sets=st.lists(st.sets(st.integers(0, 9)), min_size=1, max_size=6),
    weight=st.lists(st.integers(0, 50), min_size=10, max_size=10),
)
def test_coverage_grows_by_falling_gains_and_ends_where_all_stations_together_are(sets, weight):
    access = access_of(10, *sets)
    order = adding_order(access, weight, count=10)
    covered = coverage_curve(access, weight, order)["covered"].to_numpy()
    steps = np.diff(covered)
    assert (steps > 0).all()
    assert (np.diff(steps) <= 0).all()
    assert covered[-1] == np.asarray(weight)[access.reached()].sum()
    assert adding_order(access, np.array(weight) * 3.0, count=10).tolist() == order.tolist()


@given(
    cost=st.lists(st.floats(0, 9000), min_size=1, max_size=8),
    factor=st.floats(0.01, 100),
    radius=st.floats(1, 9000),
)
def test_shares_do_not_change_with_the_unit_of_weights_nor_with_the_order_of_rows(cost, factor, radius):
    weights = pd.DataFrame({"persons": np.arange(1.0, len(cost) + 1)})
    share = shares(cost, weights, [radius])["share"][0]
    assert shares(cost, weights * factor, [radius])["share"][0] == pytest.approx(share)
    assert shares(cost[::-1], weights[::-1], [radius])["share"][0] == pytest.approx(share)


def test_points_in_cells_lose_nobody_and_stand_where_the_people_are():
    cells = points_to_cells([[10, 10], [90, 10], [150, 10]], pd.DataFrame({"persons": [3.0, 1, 5]}), 100)
    assert cells["persons"].tolist() == [4, 5]
    assert cells["x"].tolist() == [30, 150]
    assert cells[["column", "row"]].to_numpy().tolist() == [[0, 0], [1, 0]]
    with pytest.raises(ParameterError, match="positive side"):
        points_to_cells([[0, 0]], pd.DataFrame({"persons": [1.0]}), 0)


def test_areas_in_cells_keep_their_size():
    cells = area_to_cells([shapely.box(50, 50, 250, 150), shapely.box(-10, 0, 0, 10)], 100)
    assert cells["area_m2"].sum() == pytest.approx(20_100)
    assert len(cells) == 7
    assert cells["x"].iloc[0] == pytest.approx(-5)
    with pytest.raises(ParameterError, match="positive side"):
        area_to_cells([shapely.box(0, 0, 1, 1)], -1)
