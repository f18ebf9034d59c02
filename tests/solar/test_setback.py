"""What a strip along the edges leaves, against rectangles by hand and shapely's buffer."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.solar.setback import inner_area, inner_share


def left(shape, setback):
    return float(inner_area(np.array([shape.area]), np.array([shape.length]), np.array([setback]))[0])


def test_a_rectangle_by_hand():
    assert left(shapely.box(0, 0, 20, 10), 1.0) == pytest.approx(18 * 8)
    assert left(shapely.box(0, 0, 20, 10), 0.0) == 200.0
    assert left(shapely.box(0, 0, 20, 2), 1.0) == 0.0
    assert left(shapely.box(0, 0, 1.5, 1.5), 1.0) == 0.0


@given(
    width=st.floats(8, 60), depth=st.floats(8, 60), notch=st.tuples(st.floats(0.2, 0.6), st.floats(0.2, 0.6)),
    setback=st.floats(0.05, 1.5),
)  # fmt: skip
def test_an_ell_agrees_with_the_buffer(width, depth, notch, setback):
    x, y = width * notch[0], depth * notch[1]
    ell = shapely.Polygon([(0, 0), (width, 0), (width, y), (x, y), (x, depth), (0, depth)])
    if min(x, y, width - x, depth - y) > 2 * setback:
        assert left(ell, setback) == pytest.approx(ell.buffer(-setback, join_style="mitre").area, rel=1e-9)


@given(st.floats(0, 3), st.floats(0, 3), st.floats(0.1, 80), st.floats(0.1, 80))
def test_a_wider_strip_never_leaves_more(one, other, width, depth):
    shape = shapely.box(0, 0, width, depth)
    less, more = sorted((one, other))
    assert 0.0 <= left(shape, more) <= left(shape, less) + 1e-9 <= shape.area + 1e-8


def test_a_gable_has_a_ridge_that_counts_for_both_planes():
    """A house of 12 m by 8 m under 60 degrees: two planes of 12 m by 8 m, each 11 m by 7 m inside half a metre."""
    sides = (np.array([96.0]), np.array([40.0]), np.array([12.0]), np.array([8.0]))
    share = inner_share(*sides, np.array([60.0]), np.array([0.5]), 2)
    assert share[0] == pytest.approx(11 * 7 / 96)
    assert inner_share(*sides, np.array([0.0]), np.array([0.5]), 1)[0] == pytest.approx(11 * 7 / 96)


def test_no_footprint_has_no_share():
    nothing = np.zeros(1)
    assert inner_share(nothing, nothing, nothing, nothing, nothing, np.array([1.0]), 1)[0] == 0.0
