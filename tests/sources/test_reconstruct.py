"""Town borders from a table: areas exact, neighbours sharing their edges, bad tables refused with a remedy."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from changping_geo.model import DataError
from changping_geo.sources import reconstruct

BOX = shapely.box(0, 0, 10_000, 8_000)


def _made(build, centres, shares, outline):
    layers, frame, table_of = build
    return layers({"district": frame(outline), "town_table": table_of(centres, shares, outline.area)}, {})


def _moved(corner, polygon=BOX):
    return shapely.transform(polygon, lambda at: at + np.array(corner))


@pytest.mark.parametrize(
    ("centres", "shares"),
    [
        ([(5000, 4000)], [1.0]),
        ([(3000, 4000), (8000, 4000)], [0.6, 0.4]),
        ([(2500, 2000), (7500, 2000), (2500, 6000), (7500, 6000)], [0.1, 0.4, 0.3, 0.2]),
    ],
)
def test_one_two_or_four_towns_tile_the_outline_with_their_areas(build, corner, centres, shares):
    outline = _moved(corner)
    towns = reconstruct.towns(_made(build, centres, shares, outline).context)
    assert list(towns.columns) == ["town_code", "name_zh", "name_en", "kind", "population_2020", "geometry"]
    assert towns.area.to_numpy() == pytest.approx(np.array(shares) * outline.area, rel=1e-3)
    assert (towns.geom_type == "Polygon").all()
    assert shapely.coverage_is_valid(towns.geometry.to_numpy())
    assert towns.union_all().symmetric_difference(outline).area < 1.0
    assert str(towns["population_2020"].dtype) == "Int64"


def test_two_like_towns_meet_half_way():
    centres = np.array([[2500.0, 4000.0], [7500.0, 4000.0]])
    extent, north = np.array([3000.0, 3000.0]), np.zeros(2)
    left, right = reconstruct.tile(BOX, centres, extent, extent, north, np.full(2, BOX.area / 2))
    assert left.bounds == pytest.approx((0, 0, 5000, 8000), abs=2)
    assert right.bounds == pytest.approx((5000, 0, 10_000, 8000), abs=2)


def test_a_small_long_town_inside_a_large_round_one_is_an_ellipse():
    centres = np.array([[5000.0, 4000.0], [5000.0, 4000.5]])
    areas = np.array([BOX.area - 3e6, 3e6])
    big, small = reconstruct.tile(
        BOX, centres, np.array([9000.0, 1400.0]), np.array([9000.0, 700.0]), np.array([0.0, 90.0]), areas
    )
    west, south, east, north = small.bounds
    assert (east - west) / (north - south) == pytest.approx(2.0, rel=0.02)
    assert len(big.interiors) == 1
    assert small.area == pytest.approx(3e6, rel=1e-3)


def _measured(outline, seed, count):
    """Centroids, extents and areas of the cells around random points, as if measured on a delivered town layer."""
    rng = np.random.default_rng(seed)
    points = shapely.points(rng.uniform(0, 9000, (count, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=outline))
    cells = [shapely.get_parts(shapely.intersection(c, outline)) for c in cells]
    cells = [parts[np.argmax(shapely.area(parts))] for parts in cells if len(parts)]
    assume(min(cell.area for cell in cells) > 0.01 * outline.area)
    spots = rng.uniform([0, -800], [10_000, 8000], (40_000, 2))
    centres, axes, azimuth = [], [], []
    for cell in cells:
        inside = spots[shapely.contains_xy(cell, spots[:, 0], spots[:, 1])]
        values, vectors = np.linalg.eigh(np.cov(inside.T))
        centres.append(inside.mean(axis=0))
        axes.append(2 * np.sqrt(values))
        azimuth.append(np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])))
    areas = shapely.area(cells)
    minor, major = np.array(axes).T
    return np.array(centres), major, minor, np.array(azimuth), areas * outline.area / areas.sum(), cells


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 8))
def test_figures_measured_on_true_towns_give_whole_towns_much_like_them(seed, count):
    outline = shapely.Polygon([(0, 0), (9000, -800), (10_000, 5000), (6500, 5200), (5500, 8000), (500, 7000)])
    centres, major, minor, azimuth, areas, true = _measured(outline, seed, count)
    polygons = reconstruct.tile(outline, centres, major, minor, azimuth, areas)
    assert shapely.area(polygons) == pytest.approx(areas, rel=1e-3)
    assert shapely.coverage_is_valid(polygons)
    assert (shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON).all()
    assert shapely.area(shapely.intersection(polygons, true)).sum() > 0.8 * outline.area


def test_the_same_table_gives_the_same_borders(build, corner):
    layers = _made(build, [(3000, 4000), (8000, 4000)], [0.6, 0.4], _moved(corner))
    first, second = (reconstruct.towns(layers.context) for _ in range(2))
    assert first.geometry.to_wkb().equals(second.geometry.to_wkb())


def test_areas_are_scaled_to_the_outline_and_it_says_by_how_much(build, corner):
    layers = _made(build, [(3000, 4000), (8000, 4000)], [0.6, 0.4], _moved(corner))
    layers.layers["town_table"]["area_km2"] *= 0.98
    towns = reconstruct.towns(layers.context)
    assert towns.attrs["area_scale"] == pytest.approx(1 / 0.98)
    assert towns.area.sum() == pytest.approx(BOX.area)


def test_every_fault_of_a_table_is_told_at_once_with_a_remedy(build, corner):
    layers = _made(build, [(2500, 2000), (7500, 2000), (2500, 6000)], [0.3, 0.3, 0.4], _moved(corner))
    table = layers.layers["town_table"]
    table.loc[0, "centroid_lon"] += 1.0
    table.loc[1, "semi_minor_m"] = 2 * table.loc[1, "semi_major_m"]
    table["area_km2"] *= 1.5
    with pytest.raises(DataError) as caught:
        reconstruct.towns(layers.context)
    text = str(caught.value)
    assert "1 (甲镇)" in text
    assert "check longitude and latitude" in text
    assert "2 (乙镇)" in text
    assert "swap them" in text
    assert "+50.0%" in text
    assert "in km2" in text


def test_an_empty_table_and_a_centroid_given_twice_are_refused(build, corner):
    layers = _made(build, [(3000, 4000), (3000, 4000)], [0.5, 0.5], _moved(corner))
    with pytest.raises(DataError, match="same centroid stands twice"):
        reconstruct.towns(layers.context)
    layers.layers["town_table"] = layers.layers["town_table"].iloc[:0]
    with pytest.raises(DataError, match="has no rows"):
        reconstruct.towns(layers.context)
