"""Planes of roofs in the shade: weaker, never stronger, and unchanged under a free horizon."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from changping_geo.model import ParameterError
from changping_geo.solar.parts import CLOSE, OPEN, footprint_shapes, lay_parts
from changping_geo.solar.shade_classes import COLUMNS, LOSS, MONTHLY, SKY
from changping_geo.solar.shaded_parts import shade_parts
from changping_geo.solar.shading import diffuse_share
from changping_geo.solar.table import yield_table


@pytest.fixture(scope="module")
def laid(hours, chain):
    """The planes of a flat and a gable roof, and the diffuse shares."""
    tables = dict.fromkeys((OPEN, CLOSE), yield_table(hours, chain))
    shapes = np.array([shapely.box(0, 0, 30, 12), shapely.box(100, 0, 112, 8)], dtype=object)
    kinds = footprint_shapes(shapes, np.array(["flat", "gable"], dtype=object))
    slope = np.array([[0.0, 20.0], [0.0, 27.0], [0.0, 35.0]])
    how = {"row_tilt_deg": 10.0, "min_plane_yield": 0.7}
    parts = lay_parts(kinds, slope, np.zeros(2), tables, 40.0, **how)
    return parts, dict.fromkeys((OPEN, CLOSE), diffuse_share(hours, chain))


def horizon(loss, sky):
    columns = {**dict.fromkeys(SKY, sky), **dict.fromkeys((*LOSS, *MONTHLY), loss)}
    return pd.DataFrame([columns, columns], columns=list(COLUMNS))


def test_a_free_horizon_changes_nothing(laid):
    parts, diffuse = laid
    shaded = shade_parts(parts, horizon(0.0, 1.0), diffuse, flat_loss=3.0, least_kwh_kw=0.0)
    for before, after in zip(parts, shaded, strict=True):
        assert after.monthly == pytest.approx(before.monthly, rel=1e-12)
        assert np.array_equal(after.sunny, before.sunny)


def test_each_plane_loses_its_beam_and_its_sky(laid):
    parts, diffuse = laid
    half = shade_parts(parts, horizon(0.5, 0.5), diffuse, flat_loss=3.0, least_kwh_kw=0.0)
    more = shade_parts(parts, horizon(0.6, 0.5), diffuse, flat_loss=3.0, least_kwh_kw=0.0)
    for before, after, less in zip(parts, half, more, strict=True):
        assert after.monthly == pytest.approx(0.5 * before.monthly)
        assert (less.monthly <= after.monthly).all()  # the north plane has no sun in December
        assert (less.monthly.sum(axis=1) < after.monthly.sum(axis=1)).all()


def test_planes_that_the_shade_leaves_too_little_are_not_sunny_but_flat_roofs_are(laid):
    parts, diffuse = laid
    shaded = shade_parts(parts, horizon(0.9, 0.3), diffuse, flat_loss=3.0, least_kwh_kw=900.0)
    assert {bool(part.sunny.any()) for part in shaded if part.mounting == CLOSE} == {False}
    assert {bool(part.sunny.all()) for part in shaded if part.mounting == OPEN} == {True}


def test_roofs_of_unknown_shading_take_the_flat_loss(laid):
    parts, diffuse = laid
    shaded = shade_parts(parts, horizon(np.nan, np.nan), diffuse, flat_loss=3.0, least_kwh_kw=0.0)
    for before, after in zip(parts, shaded, strict=True):
        assert after.monthly == pytest.approx(0.97 * before.monthly)


def test_every_mounting_needs_its_diffuse_share(laid):
    parts, diffuse = laid
    with pytest.raises(ParameterError, match="close"):
        shade_parts(parts, horizon(0.0, 1.0), {OPEN: diffuse[OPEN]}, flat_loss=3.0, least_kwh_kw=0.0)
