"""Ground with buildings on it: what stands in each cell, which cells are looked at, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from changping_geo.model import ColumnError, CrsError, GeometryError, ParameterError
from changping_geo.solar.building_heights import building_heights
from changping_geo.solar.dsm import blocks, sample_terrain
from changping_geo.solar.surface import surface

METRIC = "EPSG:32650"
#: 20 x 20 cells of 30 m, corners at x 0 to 600, y 0 to 600.
PLACE = (30.0, 0.0, 0.0, 0.0, -30.0, 600.0)


def slope(size=20):
    """Ground that rises by 0.1 per metre to the east and 0.05 to the north."""
    middle = 30.0 * (np.arange(size) + 0.5)
    return surface(0.1 * middle[None, :] + 0.05 * middle[::-1, None], PLACE, METRIC)


def level(height=50.0):
    return surface(np.full((20, 20), height), PLACE, METRIC)


def model(boxes, heights, terrain=None, **how):
    shapes = np.array([shapely.box(*box) for box in boxes], dtype=object)
    how = {"reach_m": 40.0, "cell_m": 2.0, "cells_per_roof": 1000} | how
    return blocks(shapes, np.asarray(heights, float), terrain or level(), METRIC, **how)


def whole(made):
    rows, cols = (slice(0, n) for n in made.raster.shape)
    return made.heights(rows, cols), made.roofs(rows, cols)


def test_unknown_heights_come_from_storeys_or_are_assumed_and_counted():
    found = building_heights([9.0, np.nan, np.nan], [3, 4, np.nan], storey_height_m=3.0, unknown_height_m=6.0)
    assert found.height.tolist() == [9.0, 12.0, 6.0]
    assert (found.from_floors, found.assumed) == (1, 1)


@pytest.mark.parametrize("heights", [[900.0, 1200.0, 400.0], [6.0, 9.0, 60_000.0]])
def test_heights_in_centimetres_are_refused(heights):
    with pytest.raises(ColumnError, match=r"centimetres.*metres above the ground"):
        building_heights(heights)


def test_heights_that_are_not_positive_are_refused_together_with_the_rest():
    with pytest.raises(ColumnError, match=r"2 are not above zero.*1 exceed"):
        building_heights([0.0, -3.0, 5.0, 1e6])


def test_even_ground_has_no_steps():
    made = model([(300, 300, 310, 310)], [0.001], slope())
    heights, roofs = whole(made)
    a, _, c, _, e, f = made.raster.transform
    x, y = c + a * (np.arange(heights.shape[1]) + 0.5), f + e * (np.arange(heights.shape[0]) + 0.5)
    expected = 0.1 * x[None, :] + 0.05 * y[:, None]
    assert heights[roofs < 0] == pytest.approx(expected[roofs < 0], abs=1e-4)
    assert sample_terrain(slope(), np.array([123.0, 700.0]), np.array([321.0, 10.0])) == pytest.approx(
        [0.1 * 123 + 0.05 * 321, np.nan], nan_ok=True
    )


def test_a_roof_is_as_flat_and_as_high_over_its_middle_as_it_is_said_to_be():
    heights, roofs = whole(model([(300, 300, 320, 310)], [8.0], slope()))
    assert (roofs == 0).sum() == 10 * 5
    assert np.unique(heights[roofs == 0]) == pytest.approx([0.1 * 310 + 0.05 * 305 + 8.0], abs=1e-4)


def test_where_roofs_overlap_the_higher_wins_whatever_their_order():
    tall, low = (300, 300, 320, 320), (310, 300, 340, 320)
    for boxes, heights in (([tall, low], [20, 5]), ([low, tall], [5, 20])):
        z, roofs = whole(model(boxes, heights))
        high = boxes.index(tall)
        assert ((roofs == high).sum(), (roofs == 1 - high).sum()) == (10 * 10, 10 * 10)
        assert set(np.unique(z)) == {50.0, 55.0, 70.0}


def test_a_roof_narrower_than_a_cell_is_not_lost():
    _, roofs = whole(model([(300.1, 300.1, 300.9, 300.9), (310.1, 300, 310.7, 330)], [5.0, 5.0]))
    assert (roofs == 0).sum() == 1
    assert (roofs == 1).sum() >= 1


def test_large_roofs_are_sampled_evenly_and_small_ones_are_not():
    made = model([(200, 200, 300, 280), (400, 400, 408, 406)], [9.0, 9.0], cells_per_roof=16)
    _, roofs = whole(made)
    row, col = np.nonzero(roofs == 0)
    assert 14 <= row.size <= 18
    assert (roofs == 1).sum() == 12
    assert (row.mean() - row.min()) / np.ptp(row) == pytest.approx(0.5, abs=0.1)
    quarters = (row > row.mean()).astype(int) * 2 + (col > col.mean())
    assert np.bincount(quarters, minlength=4).min() >= 3


def test_windows_hold_what_the_whole_holds():
    rng = np.random.default_rng(5)
    corner = rng.uniform(60, 500, (60, 2))
    boxes = np.c_[corner, corner + rng.uniform(1, 60, (60, 2))]
    made = model(boxes, rng.uniform(3, 40, 60), slope(), cells_per_roof=5)
    z, roofs = whole(made)
    for row in range(0, z.shape[0], 37):
        for col in range(0, z.shape[1], 53):
            part = slice(row, min(row + 37, z.shape[0])), slice(col, min(col + 53, z.shape[1]))
            assert np.array_equal(made.heights(*part), z[part])
            assert np.array_equal(made.roofs(*part), roofs[part])
            assert made.holds_roof(*part) or (roofs[part] < 0).all()


def test_roofs_outside_the_terrain_are_told_and_the_rest_is_kept():
    made = model([(300, 300, 310, 310), (900, 300, 910, 310)], [5.0, 5.0])
    assert made.outside.tolist() == [False, True]
    assert set(np.unique(whole(made)[1])) == {-1, 0}


def test_terrain_of_another_place_is_refused():
    with pytest.raises(GeometryError, match="none of 1 roofs lies on the terrain"):
        model([(9000, 9000, 9010, 9010)], [5.0])


def test_terrain_in_degrees_or_with_holes_is_refused():
    with pytest.raises(CrsError, match="warp it"):
        surface(np.zeros((4, 4)), PLACE, "EPSG:4490")
    with pytest.raises(ColumnError, match="1 of 4 cells have no height"):
        surface(np.array([[1.0, np.nan], [1.0, 1.0]]), PLACE, METRIC)


@pytest.mark.parametrize("wrong", [{"cell_m": 0.0}, {"reach_m": -1.0}, {"cells_per_roof": 0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ParameterError):
        model([(300, 300, 310, 310)], [5.0], **wrong)
