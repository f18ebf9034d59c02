import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from changping_geo.model import ParameterError
from changping_geo.stations import routing
from changping_geo.stations.graph import build_network
from changping_geo.stations.routing import lay_arcs, nearest, reach, refuse_limit
from changping_geo.stations.snap import snap

FREE = {"detour": 1.0, "max_access_m": 5000.0}


def table(found, n):
    out = np.full((len(found.first) - 1, n), np.inf)
    for k in range(len(found.first) - 1):
        out[k, found.goal[found.first[k] : found.first[k + 1]]] = found.cost[found.first[k] : found.first[k + 1]]
    return out


@pytest.mark.parametrize("unit", ["m", "min"])
@pytest.mark.parametrize("seed", range(6))
def test_costs_among_points_are_those_of_networkx_on_the_split_graph(random_toy, oracle, seed, unit):
    toy, rng = random_toy(seed)
    a, b = toy.at(*rng.uniform(0, 3000, (9, 2)), **FREE), toy.at(*rng.uniform(0, 3000, (11, 2)), **FREE)
    truth = oracle(toy.net, {"a": a, "b": b}, unit)
    there = table(reach(toy.net, a, b, np.inf, unit, reverse=False), len(b))
    back = table(reach(toy.net, a, b, np.inf, unit, reverse=True), len(b))
    for i in range(len(a)):
        for j in range(len(b)):
            if not (a.on[i] and b.on[j]):
                assert np.isinf(there[i, j])
                continue
            assert there[i, j] == pytest.approx(truth["out", "a", i].get(("in", "b", j), np.inf), abs=1e-3)
            assert back[i, j] == pytest.approx(truth["out", "b", j].get(("in", "a", i), np.inf), abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_a_bounded_search_finds_what_the_unbounded_one_finds_within_the_bound(random_toy, seed):
    toy, rng = random_toy(seed)
    a, b = toy.at(*rng.uniform(0, 3000, (5, 2)), **FREE), toy.at(*rng.uniform(0, 3000, (20, 2)), **FREE)
    free = table(reach(toy.net, a, b, np.inf, "m", reverse=False), len(b))
    near = table(reach(toy.net, a, b, 1800.0, "m", reverse=False), len(b))
    assert np.isfinite(near).any()
    np.testing.assert_array_equal(near, np.where(free <= 1800, free, np.inf))


@pytest.mark.parametrize("seed", range(4))
def test_costs_among_nodes_are_those_of_scipy(random_toy, seed):
    toy, _ = random_toy(seed)
    arcs = lay_arcs(toy.net, "m")
    n = len(toy.net.xy)
    truth = dijkstra(csr_array((arcs.cost, arcs.to, arcs.first), shape=(n, n)))
    at_nodes = toy.at(*(toy.net.xy - (400_000, 4_400_000)))
    np.testing.assert_allclose(table(reach(toy.net, at_nodes, None, np.inf, "m", reverse=False), n), truth, atol=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_is_the_least_of_all_and_of_equals_the_first(random_toy, seed):
    toy, rng = random_toy(seed)
    points = rng.uniform(0, 3000, (4, 2))
    stations, demand = toy.at(*points, *points, **FREE), toy.at(*rng.uniform(0, 3000, (15, 2)), **FREE)
    whole = table(reach(toy.net, stations, demand, np.inf, "m", reverse=True), len(demand))
    cost, station = nearest(toy.net, stations, demand, "m", reverse=True)
    np.testing.assert_array_equal(cost, whole.min(axis=0))
    np.testing.assert_array_equal(station, np.where(np.isfinite(cost), whole.argmin(axis=0), -1))
    assert station.max() < 4
    at_node, _ = nearest(toy.net, stations, None, "m", reverse=True)
    np.testing.assert_array_equal(
        at_node, table(reach(toy.net, stations, None, np.inf, "m", reverse=True), len(toy.net.xy)).min(axis=0)
    )


def test_points_on_one_edge_see_each_other_directly_and_only_the_way_that_is_allowed(toy):
    ring = toy([(0, 0), (1000, 0)], [(1000, 0), (1000, 500), (0, 500), (0, 0)], oneway=["forward", "forward"])
    a, b = ring.at((200, 0)), ring.at((700, 0), (200, 0))
    assert table(reach(ring.net, a, b, np.inf, "m", reverse=False), 2).tolist() == [[500, 0]]
    assert table(reach(ring.net, a, b, np.inf, "m", reverse=True), 2).tolist() == [[300 + 2000 + 200, 0]]


def test_parallel_arcs_that_scipy_adds_up_are_the_shorter_one_here(toy):
    twice = toy([(0, 0), (100, 0)], [(0, 0), (50, 48.9898), (100, 0)], oneway="forward")
    net = twice.net
    added = csr_array((net.length_m, (net.start, net.end)), shape=(2, 2))
    assert added[0, 1] == pytest.approx(240, abs=1e-3)
    assert lay_arcs(net, "m").cost.tolist() == [100]


def test_what_lies_across_the_water_is_never_at_distance_zero(toy):
    banks = toy([(0, 0), (1000, 0)])
    stations, demand = banks.at((500, 0)), banks.at((500, 1500), (500, 0))
    assert nearest(banks.net, stations, demand, "m", reverse=True)[0].tolist() == [np.inf, 0]


def test_short_times_are_not_rounded_to_thousandths_of_an_hour(toy):
    street = toy([(0, 0), (100, 0)])
    cost, _ = nearest(street.net, street.at((0, 0)), street.at((61.7, 0)), "min", reverse=True)
    assert cost[0] == pytest.approx(61.7 / 500, abs=1e-5)


def test_a_one_way_ring_is_not_driven_backwards(toy):
    corners = [(0, 0), (100, 0), (100, 100), (0, 100)]
    ring = toy(*[[a, b] for a, b in zip(corners, corners[1:] + corners[:1], strict=True)], oneway="forward")
    points = ring.at(*corners)
    ways = table(reach(ring.net, points, points, np.inf, "m", reverse=False), 4)
    assert ways[0].tolist() == [0, 100, 200, 300]
    assert ways[:, 0].tolist() == [0, 300, 200, 100]


def test_a_point_at_a_junction_leaves_by_every_street(toy):
    net = toy([(0, 0), (100, 0)], [(100, 0), (100, 100)], [(100, 100), (0, 0)], oneway="forward")
    far = reach(net.net, net.at((100, 0)), net.at((100, 60), (40, 0)), np.inf, "m", reverse=False)
    assert table(far, 2)[0].tolist() == pytest.approx([60, 100 + np.hypot(100, 100) + 40], abs=1e-3)


def test_the_limit_itself_is_within_and_a_millimetre_more_is_not(toy):
    street = toy([(0, 0), (5000, 0)])
    demand = street.at((3000, 0), (3000.001, 0), (2999.9996, 0), (3000.0004, 0))
    found = reach(street.net, street.at((0, 0)), demand, 3000.0, "m", reverse=True)
    assert sorted(found.goal.tolist()) == [0, 2, 3]
    assert set(found.cost.tolist()) == {3000.0}


def test_results_are_the_same_however_often_the_room_has_to_be_emptied(random_toy, monkeypatch):
    toy, rng = random_toy(3)
    a = toy.at(*rng.uniform(0, 3000, (12, 2)), **FREE)
    whole = reach(toy.net, a, None, np.inf, "m", reverse=False)
    monkeypatch.setattr(routing, "ROOM", 1)
    small = reach(toy.net, a, None, np.inf, "m", reverse=False)
    np.testing.assert_array_equal(whole.first, small.first)
    np.testing.assert_array_equal(table(whole, 14), table(small, 14))


def test_nobody_to_search_from_or_for_finds_nothing(toy):
    street = toy([(0, 0), (100, 0)])
    none, one = street.at(), street.at((50, 0))
    assert reach(street.net, none, one, 1000, "m", reverse=True).goal.size == 0
    assert reach(street.net, one, none, 1000, "m", reverse=True).goal.size == 0
    assert nearest(street.net, none, one, "m", reverse=True)[0].tolist() == [np.inf]


@settings(max_examples=20)
@given(seed=st.integers(0, 30), share=st.floats(0.05, 0.95))
def test_drawing_roads_in_pieces_changes_no_cost(random_toy, seed, share):
    toy, rng = random_toy(seed)
    a, b = rng.uniform(0, 3000, (2, 6, 2))
    pieces = toy.roads.loc[toy.roads.index.repeat(2)].reset_index(drop=True)
    pieces["geometry"] = [
        substring(line, *ends, normalized=True) for line in toy.roads.geometry for ends in ((0, share), (share, 1))
    ]
    split = build_network(pieces)
    whole_ways = reach(toy.net, toy.at(*a, **FREE), toy.at(*b, **FREE), np.inf, "m", reverse=True)
    origin = (400_000, 4_400_000)
    split_ways = reach(
        split, snap(a + origin, split, **FREE), snap(b + origin, split, **FREE), np.inf, "m", reverse=True
    )
    np.testing.assert_allclose(table(split_ways, 6), table(whole_ways, 6), atol=2e-3)


@pytest.mark.parametrize(
    ("limit", "unit", "words"),
    [
        (0, "m", "positive"),
        (-1, "m", "positive"),
        (3, "m", "3 km is 3000"),
        (3000, "min", "a quarter of an hour is 15"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(limit, unit, words):
    with pytest.raises(ParameterError, match=words):
        refuse_limit(limit, unit)
