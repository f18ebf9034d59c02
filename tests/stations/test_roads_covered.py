import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import ParameterError
from changping_geo.stations.roads_covered import covered_length, covered_parts, covered_share, edge_share, road_reach
from changping_geo.stations.routing import nearest

ORIGIN = np.array([400_000.0, 4_400_000.0])
FREE = {"detour": 1.0, "max_access_m": 5000.0}


def test_the_hand_case_of_an_edge_of_ten():
    ends = np.array([2.0]), np.array([9.0]), np.array([10.0])
    assert edge_share(*ends, 5.0).tolist() == [0.3]
    assert edge_share(*ends, 12.0).tolist() == [1.0]


def test_a_station_in_the_middle_of_a_long_road_covers_both_sides_of_itself(toy):
    street = toy([(0, 0), (10_000, 0)])
    reach = road_reach(street.net, street.at((5000, 0), (5500, 0)))
    assert covered_share(reach, 1000).tolist() == pytest.approx([0.25])  # 4000 to 6500
    (line,) = covered_parts(reach, 1000)
    assert (shapely.get_coordinates(line) - ORIGIN).tolist() == [[4000, 0], [6500, 0]]


def test_the_access_way_of_a_station_shortens_its_reach(toy):
    street = toy([(0, 0), (10_000, 0)])
    reach = road_reach(street.net, street.at((5000, 100), detour=1.3))
    assert covered_share(reach, 1000).tolist() == pytest.approx([2 * 870 / 10_000])


def test_a_one_way_street_is_covered_from_the_side_that_leads_to_the_station(toy):
    lines = [(0, 0), (1000, 0)], [(1000, 0), (1000, 2000), (0, 2000), (0, 0)]
    ring = toy(*lines, oneway="forward")
    station = ring.at((700, 0))
    towards = road_reach(ring.net, station, direction="to_station")
    away = road_reach(ring.net, station, direction="from_station")
    assert covered_share(towards, 600).tolist() == pytest.approx([0.6, 0])
    assert covered_share(away, 600).tolist() == pytest.approx([0.3, 300 / 5000])
    assert covered_share(towards, 800).tolist() == pytest.approx([0.7, 100 / 5000])


@pytest.mark.parametrize("unit", ["m", "min"])
@pytest.mark.parametrize("direction", ["to_station", "from_station"])
@pytest.mark.parametrize("seed", range(4))
def test_covered_length_is_what_sampling_every_road_finds(random_toy, seed, direction, unit):
    toy, rng = random_toy(seed)
    net, stations = toy.net, toy.at(*rng.uniform(0, 3000, (3, 2)), **FREE)
    radius = {"m": 1500.0, "min": 3.0}[unit]
    share = covered_share(road_reach(net, stations, unit=unit, direction=direction), radius)
    samples = 50
    at = (np.arange(samples) + 0.5) / samples
    xy = shapely.get_coordinates(
        shapely.line_interpolate_point(np.repeat(net.line, samples), np.tile(at, len(net.line)), normalized=True)
    )
    points = toy.at(*(xy - ORIGIN), **FREE)
    # lines cross here, so that the nearest edge of a sample is set to its own
    edge = np.repeat(np.arange(len(net.line), dtype=np.int32), samples)
    along = np.tile(at, len(net.line)) * net.length_m[edge]
    zero = np.zeros(len(edge))
    points = type(points)(xy, edge, along, zero, zero, zero, points.reason, points.moved)
    cost, _ = nearest(net, stations, points, unit, reverse=direction == "to_station")
    sampled = (cost <= radius).reshape(-1, samples).mean(axis=1)
    assert 0 < sampled.mean() < 1
    np.testing.assert_allclose(share, sampled, atol=4.5 / samples)
    assert share @ net.length_m == pytest.approx(sampled @ net.length_m, rel=0.02)


@settings(max_examples=15)
@given(seed=st.integers(0, 30), radius=st.floats(50, 3000))
def test_parts_have_the_length_that_the_formula_tells_and_grow_with_the_radius(random_toy, seed, radius):
    toy, rng = random_toy(seed)
    reach = road_reach(toy.net, toy.at(*rng.uniform(0, 3000, (2, 2)), **FREE))
    share = covered_share(reach, radius)
    drawn = shapely.length(covered_parts(reach, radius)).sum()
    assert drawn == pytest.approx(share @ toy.net.length_m, abs=1e-3)
    assert ((share >= 0) & (share <= 1)).all()
    assert (share <= covered_share(reach, radius * 1.5) + 1e-9).all()
    more = covered_parts(reach, radius * 1.5, beyond=radius)
    whole = share >= 1 - 1e-9
    wanted = covered_share(reach, radius * 1.5)[~whole] @ toy.net.length_m[~whole]
    assert shapely.length(more).sum() == pytest.approx(wanted, rel=1e-6, abs=1e-2)


def test_length_by_class_counts_closed_and_cut_off_roads_as_not_covered(toy):
    lines = [(0, 0), (1000, 0)], [(1000, 0), (1500, 0)], [(9000, 0), (9100, 0)]
    town = toy(*lines)
    labels = pd.Series(["a", "a", "b"])
    table = covered_length(road_reach(town.net, town.at((0, 0))), 1200, labels)
    assert table["length_m"].to_dict() == {"a": 1500, "b": 100}
    assert table["covered_m"].to_dict() == {"a": 1200, "b": 0}
    assert table["share"].to_dict() == {"a": 0.8, "b": 0}


def test_a_round_trip_covers_no_road(toy):
    street = toy([(0, 0), (100, 0)])
    with pytest.raises(ParameterError, match="to_station or from_station"):
        road_reach(street.net, street.at((0, 0)), direction="round_trip")
