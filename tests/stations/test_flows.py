import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.model import ColumnError
from changping_geo.stations.coverage import shares
from changping_geo.stations.flows import detours, gravity_trips, way_table

FREE = {"detour": 1.0, "max_access_m": 5000.0}


def test_the_detour_is_the_way_round_less_the_direct_way(toy):
    cross = toy([(0, 0), (1000, 0)], [(1000, 0), (2000, 0)], [(1000, 0), (1000, 900)])
    ends, stations = cross.at((0, 0), (2000, 0)), cross.at((500, 0), (1000, 300))
    trips = pd.DataFrame({"origin": [0], "destination": [1]})
    access = detours(cross.net, ends, trips, stations, max_detour=1000)
    assert access.pairs()["cost"].tolist() == [0, 600]
    assert detours(cross.net, ends, trips, stations, max_detour=599).station.tolist() == [0]


def test_two_trips_between_the_same_ends_are_both_kept(toy):
    street = toy([(0, 0), (2000, 0)])
    ends, station = street.at((0, 0), (2000, 0)), street.at((500, 0))
    trips = pd.DataFrame({"origin": [0, 0], "destination": [1, 1], "vehicles": [100.0, 80.0]})
    access = detours(street.net, ends, trips, station, max_detour=100)
    assert shares(access.nearest()[0], trips[["vehicles"]], [100])["covered"].tolist() == [180]


def test_a_trip_on_a_one_way_ring_meets_only_what_lies_ahead(toy):
    corners = [(0, 0), (1000, 0), (1000, 1000), (0, 1000)]
    ring = toy(*[[a, b] for a, b in zip(corners, corners[1:] + corners[:1], strict=True)], oneway="forward")
    trips = pd.DataFrame({"origin": [0], "destination": [1]})
    access = detours(ring.net, ring.at((0, 0), (1000, 0)), trips, ring.at((500, 0), (0, 500)), max_detour=4000)
    assert access.cost.tolist() == [0, 4000]


@pytest.mark.parametrize("n", [2, 9])
def test_it_does_not_matter_whether_stations_or_ends_are_more(random_toy, n):
    toy, rng = random_toy(5)
    ends, stations = toy.at(*rng.uniform(0, 3000, (5, 2)), **FREE), toy.at(*rng.uniform(0, 3000, (n, 2)), **FREE)
    trips = pd.DataFrame({"origin": [0, 1, 2, 3], "destination": [4, 3, 0, 2]})
    access = detours(toy.net, ends, trips, stations, max_detour=2500)
    direct, there, onward = (way_table(toy.net, *p) for p in ((ends, ends), (ends, stations), (stations, ends)))
    extra = (
        there[trips["origin"]]
        + onward[:, trips["destination"]].T
        - direct[trips["origin"], trips["destination"]][:, None]
    )
    wanted = np.where(extra <= 2500, np.maximum(extra, 0), np.inf)
    dense = np.full((4, n), np.inf)
    dense[access.demand, access.station] = access.cost
    np.testing.assert_allclose(dense, wanted, atol=2e-3)
    assert np.isfinite(dense).any()


def test_a_trip_to_an_end_off_the_network_has_no_station(toy):
    street = toy([(0, 0), (2000, 0)])
    ends = street.at((0, 0), (500, 9000))
    trips = pd.DataFrame({"origin": [0], "destination": [1]})
    assert detours(street.net, ends, trips, street.at((500, 0)), max_detour=100).n_demand == 1
    assert not detours(street.net, ends, trips, street.at((500, 0)), max_detour=100).reached().any()


def test_trips_that_name_unknown_ends_are_refused(toy):
    street = toy([(0, 0), (2000, 0)])
    with pytest.raises(ColumnError, match=r"1 trips name ends that there are not \(first row 0\)"):
        detours(street.net, street.at((0, 0)), pd.DataFrame({"origin": [0], "destination": [1]}), street.at((0, 0)))
    with pytest.raises(ColumnError, match="lack the columns destination"):
        detours(street.net, street.at((0, 0)), pd.DataFrame({"origin": [0]}), street.at((0, 0)))


def test_trips_by_gravity_go_to_near_and_attractive_goals():
    ways = np.array([[0, 1000, 1000], [1000, 0, 2000], [1000, 2000, 0]], dtype=float)
    trips = gravity_trips(ways, [30, 0, 0], [1, 2, 1], decay=1000).set_index(["origin", "destination"])["trips"]
    assert trips.to_dict() == pytest.approx({(0, 1): 20, (0, 2): 10})


@given(st.integers(0, 1000))
def test_every_origin_gives_out_all_its_trips_or_tells_that_it_cannot(seed):
    rng = np.random.default_rng(seed)
    ways = rng.uniform(0, 50_000, (5, 5))
    ways[rng.random((5, 5)) < 0.3] = np.inf
    leave, draw = rng.integers(0, 9, 5).astype(float), rng.integers(0, 3, 5).astype(float)
    trips = gravity_trips(ways, leave, draw)
    assert trips["trips"].sum() + trips.attrs["lost"] == pytest.approx(leave.sum())
    assert (trips["origin"] != trips["destination"]).all()


def test_negative_production_is_refused():
    with pytest.raises(ColumnError, match="production"):
        gravity_trips(np.zeros((2, 2)), [1, -1], [1, 1])
