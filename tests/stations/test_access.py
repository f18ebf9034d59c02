import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import CrsError, ParameterError
from changping_geo.stations.access import (
    circuity,
    nearest_by_road,
    network_access,
    straight_access,
    straight_beside_road,
)
from changping_geo.stations.graph import build_network
from changping_geo.stations.snap import snap

FREE = {"detour": 1.0, "max_access_m": 5000.0}


@pytest.fixture(name="street", scope="module")
def _street(toy):
    """A street of 10 km with stations at 0 and 4 km; demand at 1, 3, 5 and 9 km, and one far off."""
    road = toy([(0, 0), (10_000, 0)])
    demand = road.at((1000, 0), (3000, 0), (5000, 0), (9000, 0), (5000, 9000))
    return road, demand, road.at((0, 0), (4000, 0))


def test_every_pair_within_the_limit_is_kept_with_its_cost_and_demand_out_of_reach_keeps_its_row(street):
    road, demand, stations = street
    access = network_access(road.net, demand, stations, limit=3000)
    assert access.pairs().to_numpy().tolist() == [[0, 0, 1000], [1, 0, 3000], [0, 1, 3000], [1, 1, 1000], [2, 1, 1000]]
    cost, station = access.nearest()
    assert cost.tolist() == [1000, 1000, 1000, np.inf, np.inf]
    assert station.tolist() == [0, 1, 1, -1, -1]
    assert access.reached().tolist() == [True, True, True, False, False]
    assert access.matrix().toarray().tolist() == [[1, 1], [1, 1], [0, 1], [0, 0], [0, 0]]


def test_a_smaller_radius_needs_no_new_search_and_a_larger_one_is_refused(street):
    road, demand, stations = street
    access = network_access(road.net, demand, stations, limit=3000)
    direct = network_access(road.net, demand, stations, limit=1000)
    assert access.within(1000).pairs().equals(direct.pairs())
    with pytest.raises(ParameterError, match="up to 3000 m only, 5000 is asked for; raise the limit"):
        access.within(5000)


def test_stations_are_taken_out_and_put_beside_each_other_without_a_new_search(street):
    road, demand, stations = street
    access = network_access(road.net, demand, stations, limit=5000)
    one, two = access.of_stations([1]), access.of_stations(np.array([True, False]))
    swapped = access.of_stations([1, 0])
    assert one.beside(two).pairs().equals(swapped.pairs())
    assert one.beside(two.within(3000)).limit == 3000
    with pytest.raises(ParameterError, match="differ in demand, unit or direction"):
        one.beside(straight_access(demand.xy, stations.xy, limit=5000))


def test_the_nearest_however_far_knows_whom_no_road_leads_to(street):
    road, demand, stations = street
    cost, station = nearest_by_road(road.net, demand, stations)
    assert cost.tolist() == [1000, 1000, 1000, 5000, np.inf]
    assert station.tolist() == [0, 1, 1, 1, -1]


def test_time_and_distance_are_two_costs_of_the_same_way(street):
    road, demand, stations = street
    metres = network_access(road.net, demand, stations, limit=5000)
    minutes = network_access(road.net, demand, stations, limit=10, unit="min")  # 30 km/h
    np.testing.assert_allclose(minutes.cost, metres.cost / 500, atol=1e-5)


def test_with_one_way_streets_there_back_and_round_trip_differ(toy):
    ring = toy([(0, 0), (1000, 0)], [(1000, 0), (1000, 500), (0, 500), (0, 0)], oneway="forward")
    demand, station = ring.at((200, 0)), ring.at((700, 0))
    costs = {
        way: network_access(ring.net, demand, station, limit=9000, direction=way).cost.tolist()
        for way in ("to_station", "from_station", "round_trip")
    }
    assert costs == {"to_station": [500], "from_station": [2500], "round_trip": [1500]}
    assert network_access(ring.net, demand, station, limit=1499, direction="round_trip").cost.size == 0
    with pytest.raises(ParameterError, match="'sideways' is unknown"):
        network_access(ring.net, demand, station, limit=9000, direction="sideways")
    with pytest.raises(ParameterError, match="to_station or from_station"):
        nearest_by_road(ring.net, demand, station, direction="round_trip")


def test_closing_a_road_makes_the_way_longer(toy):
    square = [(0, 0), (100, 0)], [(100, 0), (100, 900), (0, 900), (0, 0)]
    roads = toy(*square, [(0, 0), (-50, 0)], [(100, 0), (150, 0)]).roads
    ends = np.add([[-50.0, 0], [150, 0]], (400_000, 4_400_000))
    for closed, length in ((False, 200), (True, 2000)):
        net = build_network(roads, closed=[closed, False, False, False])
        points = snap(ends, net)
        assert network_access(net, points, points, limit=9000).cost.max() == length


def test_straight_distances_include_their_limit_and_know_no_rivers():
    access = straight_access([[0, 0], [3000, 0], [3000.01, 0], [np.nan, 0]], [[0, 0]], limit=3000)
    assert access.demand.tolist() == [0, 1]
    assert access.cost.tolist() == [0, 3000]
    assert straight_access([[0, 0]], np.empty((0, 2)), limit=3000).n_stations == 0


def test_a_radius_in_metres_around_degrees_is_refused_and_does_not_cover_everything():
    with pytest.raises(CrsError, match="would reach all of them; reproject"):
        straight_access([[116.21, 40.22], [116.43, 40.01]], [[116.3, 40.1]], limit=3000)


def test_costs_as_a_matrix_keep_a_cost_of_zero(street):
    road, _, stations = street
    costs = network_access(road.net, stations, stations, limit=5000).costs()
    assert costs.nnz == 4
    assert costs.toarray().tolist() == [[0, 4000], [4000, 0]]


def test_circles_promise_more_than_roads_hold_and_the_ratio_is_told(toy):
    detour = toy([(0, 0), (0, 2000), (1000, 2000), (1000, 0)])
    demand, station = detour.at((0, 0), (1000, 1900)), detour.at((1000, 0))
    road = network_access(detour.net, demand, station, limit=2000)
    line = straight_access(demand.xy, station.xy, limit=2000)
    told = straight_beside_road(road, line, pd.DataFrame({"persons": [30.0, 10.0]}), [2000]).iloc[0]
    assert (told["share_road"], told["share_straight"], told["ratio"]) == (0.25, 1.0, 4.0)
    far = network_access(detour.net, demand, station, limit=9000)
    assert circuity(far, line).tolist() == pytest.approx([5.0, 1.0])


@settings(max_examples=15)
@given(seed=st.integers(0, 20), radius=st.sampled_from([300.0, 900.0, 1800.0]))
def test_more_stations_or_a_larger_radius_never_lower_coverage_and_order_does_not_matter(random_toy, seed, radius):
    toy, rng = random_toy(seed)
    demand, stations = toy.at(*rng.uniform(0, 3000, (20, 2)), **FREE), toy.at(*rng.uniform(0, 3000, (5, 2)), **FREE)
    access = network_access(toy.net, demand, stations, limit=2 * radius)
    near = access.reached(radius)
    assert (near <= access.reached(2 * radius)).all()
    assert (access.of_stations([0, 1, 2]).reached(radius) <= near).all()
    shuffled = rng.permutation(5)
    assert (access.of_stations(shuffled).reached(radius) == near).all()
    np.testing.assert_array_equal(access.of_stations(shuffled).nearest()[0], access.nearest()[0])
