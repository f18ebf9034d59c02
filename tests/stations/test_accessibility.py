import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.model import ColumnError, ParameterError
from changping_geo.stations.access import Access
from changping_geo.stations.accessibility import e2sfca


def access_of(costs):
    """A full table of costs, shape (n_demand, n_stations), infinite where out of reach."""
    costs = np.asarray(costs, dtype=float)
    station, demand = np.nonzero(np.isfinite(costs.T))
    first = np.concatenate([[0], np.cumsum(np.bincount(station, minlength=costs.shape[1]))])
    return Access(len(costs), first, demand.astype(np.int32), costs[demand, station], 30.0, "min", "to_station")


def test_the_hand_case_shares_supply_and_keeps_the_place_that_reaches_nothing_at_zero():
    shared = e2sfca(access_of([[5, np.inf], [5, 5], [np.inf, np.inf]]), [100, 50, 10], [5, 2], [10])
    assert shared.per_person.tolist() == pytest.approx([1 / 30, 11 / 150, 0])
    assert shared.per_person @ [100, 50, 10] == pytest.approx(7)


def test_bands_weigh_near_demand_more_on_both_sides():
    shared = e2sfca(access_of([[10], [10.1], [30], [20]]), [1, 1, 1, 1], [4], [10, 20, 30], [1, 0.68, 0.22])
    whole = 1 + 0.68 + 0.22 + 0.68
    assert shared.per_person.tolist() == pytest.approx(np.array([1, 0.68, 0.22, 0.68]) * 4 / whole)


def test_supply_that_nobody_reaches_is_told_as_idle():
    shared = e2sfca(access_of([[5, np.inf], [5, np.inf]]), [1, 1], [5, 2], [10])
    assert shared.idle.tolist() == [0, 2]
    assert shared.ratio.tolist() == [2.5, 0]


@given(st.integers(0, 10_000))
def test_what_is_given_out_is_the_supply_of_all_stations_that_anybody_reaches(seed):
    rng = np.random.default_rng(seed)
    costs = rng.uniform(0, 60, (12, 4))
    costs[costs > 30] = np.inf
    people, supply = rng.integers(0, 50, 12).astype(float), rng.integers(0, 20, 4).astype(float)
    shared = e2sfca(access_of(costs), people, supply, [10, 20, 30], [1, 0.68, 0.22])
    assert shared.per_person @ people == pytest.approx(supply.sum() - shared.idle.sum())
    assert shared.per_person.shape == (12,)
    assert (shared.per_person[np.isinf(costs).all(axis=1)] == 0).all()


def test_bad_input_is_refused():
    table = access_of([[5.0]])
    with pytest.raises(ParameterError, match="rise; weights"):
        e2sfca(table, [1], [1], [20, 10], [0.5, 1])
    with pytest.raises(ColumnError, match="1 numbers"):
        e2sfca(table, [1], [-1], [10])
    with pytest.raises(ColumnError, match="negative"):
        e2sfca(table, [-1], [1], [10])
    with pytest.raises(ParameterError, match="up to 30 min"):
        e2sfca(table, [1], [1], [45])
