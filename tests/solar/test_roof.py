"""Which way a roof faces and what fits on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon, affinity, box

from changping_geo.model import ColumnError, ParameterError
from changping_geo.solar.roof import (
    equator_azimuth,
    facing_azimuth,
    roof_planes,
    roof_sides,
    row_cover,
    row_spacing,
    shadow_factor,
)


def bearing(*shapes):
    return roof_sides(np.array(shapes, dtype=object)).bearing


def test_the_long_side_gives_the_bearing():
    assert bearing(box(0, 0, 20, 5), box(0, 0, 5, 20)).tolist() == [90.0, 0.0]


@given(turn=st.floats(0, 179.9), length=st.floats(11, 90))
def test_a_house_turned_clockwise_turns_its_bearing(turn, length):
    house = affinity.rotate(box(0, 0, 10, length), -turn)  # shapely turns counter-clockwise
    ell = affinity.rotate(Polygon([(0, 0), (10, 0), (10, 4), (4, 4), (4, 20 + length), (0, 20 + length)]), -turn)
    for found in bearing(house, ell):
        assert abs((found - turn + 90) % 180 - 90) < 1e-4


def test_a_square_is_laid_so_that_a_plane_faces_the_equator():
    assert bearing(box(0, 0, 10, 10), box(0, 0, 10, 10.05), box(0, 0, 10.05, 10)).tolist() == [90.0, 90.0, 90.0]


def test_what_has_no_rectangle_lies_east_west():
    assert bearing(Polygon(), Point(1, 1)).tolist() == [90.0, 90.0]
    assert bearing().shape == (0,)


def test_sides_are_those_of_the_rectangle():
    found = roof_sides(np.array([box(0, 0, 20, 5), box(0, 0, 5, 20), box(0, 0, 10, 10.05), Polygon()], dtype=object))
    assert found.along.tolist() == pytest.approx([20, 20, 10, 0])
    assert found.across.tolist() == pytest.approx([5, 5, 10.05, 0])


def test_rows_face_the_edge_normal_nearest_to_the_equator():
    assert facing_azimuth(np.array([90.0, 0.0, 100.0, 20.0, 70.0]), 40.0).tolist() == [180, 180, 190, 200, 160]
    assert facing_azimuth(np.array([90.0, 100.0, 80.0]), -40.0).tolist() == [0, 10, 350]
    assert equator_azimuth(-1.0) == 0


@given(st.floats(0, 180), st.floats(-50, 50))
def test_rows_never_turn_more_than_an_eighth_from_the_equator(edge, latitude):
    off = facing_azimuth(np.array([edge]), latitude)[0] - equator_azimuth(latitude)
    assert abs((off + 180) % 360 - 180) <= 45


def test_gb_50797_row_distance():
    assert shadow_factor(40.2) == pytest.approx(3.0295, abs=5e-5)
    for tilt, distance in ((10, 1.511), (15, 1.750), (20, 1.976), (30, 2.381), (35, 2.557)):
        assert row_spacing(tilt, 40.2) == pytest.approx(distance, abs=6e-4)
    assert row_spacing(0.0, 40.2) == 1
    assert row_spacing(20.0, -40.2) == row_spacing(20.0, 40.2)
    with pytest.raises(ParameterError, match="not defined"):
        row_spacing(10.0, 60.0)


def test_rows_cover_less_the_steeper_they_stand_and_never_more_than_flush():
    assert row_cover(10.0, 40.2, 0.9) == pytest.approx(0.662, abs=5e-4)
    assert row_cover(0.0, 40.2, 0.9) == 0.9


def test_a_flat_roof_has_rows_and_a_pitched_one_two_planes():
    kinds = np.array(["flat", "gable", "shed_metal"], dtype=object)
    angles = {"row_tilt_deg": 10.0, "slope_deg": np.array([45.0, 60.0, 6.0])}  # the slope of a flat roof is left aside
    found = roof_planes(kinds, np.array([80.0, 80.0, 0.0]), 40.0, **angles)
    assert found.tilt[:, 0].tolist() == [10, 60, 6]
    assert found.azimuth.tolist() == [[170, 350], [170, 350], [90, 270]]
    assert found.part.tolist() == [[1, 0], [0.5, 0.5], [0.5, 0.5]]
    assert found.surface == pytest.approx([1.0, 2.0, 1 / np.cos(np.radians(6))])


def test_an_unknown_roof_is_refused():
    with pytest.raises(ColumnError, match="dome"):
        roof_planes(np.array(["dome"], dtype=object), np.array([0.0]), 40.0)
