import pytest
import shapely

from changping_geo.model import ParameterError
from changping_geo.stations.isochrones import isochrones
from changping_geo.stations.roads_covered import road_reach

ORIGIN = (400_000, 4_400_000)


@pytest.fixture(name="comb", scope="module")
def _comb(toy):
    """Two long parallel streets joined at one end: a hull would fill the space between them."""
    comb = toy([(0, 0), (4000, 0)], [(0, 0), (0, 1500)], [(0, 1500), (4000, 1500)])
    return comb, road_reach(comb.net, comb.at((0, 750)))


def point(x, y):
    return shapely.Point(ORIGIN[0] + x, ORIGIN[1] + y)


def test_shapes_are_the_ground_beside_reached_roads_and_no_hull(comb):
    toy, reach = comb
    (shape,) = isochrones(reach, [3000]).geometry
    assert shape.covers(point(2000, 100))
    assert not shape.covers(point(2000, 750))  # between the streets
    assert not shape.covers(point(2700, 0))
    assert toy.net.crs == isochrones(reach, [3000]).crs


def test_shapes_are_valid_and_a_smaller_one_lies_in_every_larger_one(comb):
    shapes = isochrones(comb[1], [3000, 1000, 2000.5])
    assert shapes["threshold"].tolist() == [1000, 2000.5, 3000]
    assert shapes.is_valid.all()
    assert (shapes.geom_type == "MultiPolygon").all()
    for k in range(2):
        assert shapes.geometry[k + 1].covers(shapes.geometry[k])
    assert shapes["road_km"].tolist() == pytest.approx([2.0, 4.001, 6.0])
    assert shapes["area_km2"].is_monotonic_increasing


def test_holes_are_kept(toy):
    block = toy([(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)])
    (shape,) = isochrones(road_reach(block.net, block.at((0, 0))), [5000]).geometry
    assert not shape.covers(point(500, 500))
    assert len(shape.geoms[0].interiors) == 1


@pytest.mark.parametrize("seed", range(5))
def test_random_networks_give_nested_valid_shapes(random_toy, seed):
    toy, rng = random_toy(seed)
    shapes = isochrones(road_reach(toy.net, toy.at(*rng.uniform(0, 3000, (2, 2)))), [300, 900, 1500, 2500])
    assert shapes.is_valid.all()
    for inner, outer in zip(shapes.geometry, shapes.geometry[1:], strict=False):
        assert outer.covers(inner)


def test_no_station_on_the_network_draws_nothing(toy):
    street = toy([(0, 0), (100, 0)])
    assert len(isochrones(road_reach(street.net, street.at()), [3000])) == 0


def test_thresholds_must_be_positive(comb):
    with pytest.raises(ParameterError, match="above 0"):
        isochrones(comb[1], [0, 1000])
