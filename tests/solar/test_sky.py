"""Sky view and beam loss: closed forms, the table against a sum over every sun position, roofs from their cells."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import ColumnError, ParameterError
from changping_geo.solar.horizon import HOLE, horizons
from changping_geo.solar.scanlines import directions
from changping_geo.solar.sky import beam_loss, beam_table, sky_view, sky_view_tilted, spread_dni
from changping_geo.solar.surface import surface

SECTORS = 72


def fake_sun(seed=0, steps=4000):
    """Any sun positions with any irradiation; the table must not care."""
    rng = np.random.default_rng(seed)
    elevation = rng.uniform(0.01, 89.0, steps)
    return elevation, rng.uniform(0, 360, steps), rng.uniform(0, 0.08, steps), rng.integers(0, 12, steps)


def even_sun():
    """A sun whose mornings mirror its afternoons."""
    elevation, azimuth, dni, month = fake_sun(1)
    morning = azimuth < 180
    half = [v[morning] for v in (elevation, azimuth, dni, month)]
    return tuple(np.concatenate([v, 360 - v if n == 1 else v]) for n, v in enumerate(half))


def test_flat_ground_sees_the_whole_sky():
    seen = horizons(surface(np.zeros((6, 7)), (1, 0, 0, 0, -1, 0), "EPSG:32650"), directions())
    assert sky_view(seen, axis=0) == pytest.approx(np.ones((6, 7)), abs=0)


@pytest.mark.parametrize("degrees", [0, 10, 45, 90])
def test_a_horizon_all_around_leaves_the_squared_cosine(degrees):
    ring = np.full((1, SECTORS), 2 * degrees, np.uint8)
    assert sky_view(ring) == pytest.approx(np.cos(np.radians(degrees)) ** 2)
    assert sky_view_tilted(ring, 0.0, 123.0) == pytest.approx(sky_view(ring))


def test_half_the_sky_behind_a_wall():
    wall = np.zeros((1, SECTORS), np.uint8)
    wall[0, :36] = 180
    assert sky_view(wall) == pytest.approx([0.5])


@pytest.mark.parametrize("tilt", [0.0, 10.0, 35.0, 90.0])
@pytest.mark.parametrize("azimuth", [0.0, 180.0, 217.0])
def test_a_tilted_plane_without_horizon_sees_the_known_part_of_the_sky(tilt, azimuth):
    free = np.zeros((1, SECTORS), np.uint8)
    assert sky_view_tilted(free, tilt, azimuth) == pytest.approx((1 + np.cos(np.radians(tilt))) / 2, abs=1e-3)


def test_the_sky_view_of_a_tilted_plane_is_the_cosine_weighted_sky_above_the_horizon():
    rng = np.random.default_rng(4)
    horizon = rng.integers(0, 120, SECTORS).astype(np.uint8)
    e = np.radians((np.arange(1800) + 0.5) * 0.05)
    way = np.radians(directions(SECTORS))[:, None]
    b, a = np.radians(30.0), np.radians(150.0)
    cosine = np.sin(e) * np.cos(b) + np.cos(e) * np.sin(b) * np.cos(way - a)
    seen = np.maximum(cosine, 0) * (e >= np.radians(horizon * 0.5)[:, None]) * np.cos(e)
    expected = seen.sum() * np.radians(0.05) * (2 * np.pi / SECTORS) / np.pi
    assert sky_view_tilted(horizon[None], 30.0, 150.0) == pytest.approx([expected], rel=1e-3)


def test_a_hole_has_no_sky_view():
    assert np.isnan(sky_view(np.full((1, SECTORS), HOLE, np.uint8))).all()
    assert np.isnan(sky_view_tilted(np.full((1, SECTORS), HOLE, np.uint8), 20.0, 180.0)).all()


@pytest.mark.parametrize(("tilt", "azimuth"), [(0.0, 0.0), (35.0, 180.0), (20.0, 300.0)])
@pytest.mark.parametrize("engine", ["auto", "numpy"])
def test_the_table_gives_what_a_sum_over_every_sun_position_gives(tilt, azimuth, engine):
    elevation, sun, dni, month = fake_sun()
    table = beam_table(elevation, sun, dni, month, tilt=tilt, plane_azimuth=azimuth)
    seen = np.random.default_rng(9).integers(0, 181, (20, SECTORS)).astype(np.uint8)
    b, gap = np.radians(tilt), np.radians(sun - azimuth)
    e = np.radians(elevation)
    beam = dni * np.maximum(np.sin(e) * np.cos(b) + np.cos(e) * np.sin(b) * np.cos(gap), 0)
    sector = np.round(sun / 5.0).astype(int) % SECTORS
    found = beam_loss(seen, table, engine=engine)
    for cell, horizon in enumerate(seen):
        hidden = elevation < horizon[sector] * 0.5
        expected = [beam[hidden & (month == m)].sum() for m in range(12)]
        assert found[cell] == pytest.approx(expected, rel=1e-12)
    assert table.total == pytest.approx([beam[month == m].sum() for m in range(12)], rel=1e-12)
    assert beam_loss(seen, table.annual())[:, 0] == pytest.approx(found.sum(axis=1), rel=1e-12)


def test_no_horizon_takes_nothing_and_a_horizon_in_the_zenith_all():
    table = beam_table(*fake_sun())
    assert not beam_loss(np.zeros((1, SECTORS), np.uint8), table).any()
    assert beam_loss(np.full((1, SECTORS), 180, np.uint8), table)[0] == pytest.approx(table.total, rel=1e-12)


def test_the_sun_on_the_horizon_is_seen_and_just_below_it_is_not():
    at = beam_table(np.array([30.0]), np.array([90.0]), np.ones(1), np.zeros(1, int), periods=1)
    below = beam_table(np.array([29.99]), np.array([90.0]), np.ones(1), np.zeros(1, int), periods=1)
    horizon = np.full((1, SECTORS), 60, np.uint8)
    assert beam_loss(horizon, at)[0, 0] == 0
    assert beam_loss(horizon, below)[0, 0] > 0


def test_a_sector_reaches_half_way_to_its_neighbours():
    sun = np.array([357.5, 2.4, 2.5, 357.4])
    table = beam_table(np.full(4, 10.0), sun, np.ones(4), np.arange(4), periods=4)
    north = np.zeros((1, SECTORS), np.uint8)
    north[0, 0] = 180
    assert (beam_loss(north, table)[0] > 0).tolist() == [True, True, False, False]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_a_higher_horizon_never_takes_less(seed):
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 181, (1, SECTORS)).astype(np.uint8)
    high = np.maximum(low, rng.integers(0, 181, (1, SECTORS)).astype(np.uint8))
    table = beam_table(*fake_sun(2, 500), tilt=25.0)
    assert (beam_loss(high, table) >= beam_loss(low, table) - 1e-12).all()
    assert sky_view(high)[0] <= sky_view(low)[0] + 1e-12
    assert sky_view_tilted(high, 25.0, 180.0)[0] <= sky_view_tilted(low, 25.0, 180.0)[0] + 1e-12


def block(height):
    z = np.zeros((31, 31))
    z[12:17, 20:24] = height
    return horizons(surface(z, (1, 0, 0, 0, -1, 0), "EPSG:32650"), directions()).reshape(SECTORS, -1).T


def test_raising_a_building_never_adds_beam():
    table = beam_table(*fake_sun(3))
    elsewhere = np.ones((31, 31), bool)
    elsewhere[12:17, 20:24] = False
    losses = [beam_loss(block(h), table).sum(axis=1)[elsewhere.ravel()] for h in (0.0, 5.0, 12.0, 40.0)]
    assert not losses[0].any()
    for lower, higher in pairwise(losses):
        assert (higher >= lower - 1e-12).all()


def test_mirroring_town_and_roof_under_an_even_sun_leaves_the_beam():
    rng = np.random.default_rng(5)
    z = rng.integers(0, 20, (30, 33)).astype(float)
    sun = even_sun()
    south_east, south_west = (beam_table(*sun, tilt=30.0, plane_azimuth=a) for a in (130.0, 230.0))
    straight, mirrored = (
        horizons(surface(heights, (1, 0, 0, 0, -1, 0), "EPSG:32650"), directions()) for heights in (z, z[:, ::-1])
    )
    one = beam_loss(straight.reshape(SECTORS, -1).T, south_east).sum(axis=1).reshape(z.shape)
    other = beam_loss(mirrored.reshape(SECTORS, -1).T, south_west).sum(axis=1).reshape(z.shape)
    assert other[:, ::-1] == pytest.approx(one, rel=1e-9)


def test_turning_town_roof_and_sun_together_changes_nothing():
    z = np.random.default_rng(6).integers(0, 20, (30, 33)).astype(float)
    elevation, azimuth, dni, month = fake_sun(6)
    azimuth = np.round(azimuth) + 0.1  # no position on the border of two sectors
    transform = (1, 0, 0, 0, -1, 0)
    table = beam_table(elevation, azimuth, dni, month, tilt=20.0, plane_azimuth=150.0)
    turned = beam_table(elevation, (azimuth + 90) % 360, dni, month, tilt=20.0, plane_azimuth=240.0)
    one = beam_loss(horizons(surface(z, transform, "EPSG:32650"), directions()).reshape(SECTORS, -1).T, table)
    seen = horizons(surface(np.rot90(z, -1), transform, "EPSG:32650"), directions())
    other = beam_loss(np.rot90(seen, 1, axes=(1, 2)).reshape(SECTORS, -1).T, turned)
    assert other == pytest.approx(one, rel=1e-9)


def test_hours_are_spread_over_the_steps_with_sun_and_keep_their_sum():
    elevation = np.array([[-2.0, -1.0, 1.0, 2.0], [3.0, 4.0, 5.0, 6.0], [-1.0, -2.0, -3.0, -4.0]])
    spread = spread_dni(np.array([200.0, 400.0, 0.0]), elevation)
    assert spread.tolist() == [[0, 0, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1], [0, 0, 0, 0]]
    with pytest.raises(ColumnError, match="1 hours have direct irradiance while the sun is down"):
        spread_dni(np.array([200.0, 400.0, 1.0]), elevation)


def test_bad_suns_and_horizons_are_refused():
    elevation, azimuth, dni, month = (np.array([v]) for v in (10.0, 90.0, 0.1, 0))
    with pytest.raises(ColumnError, match="negative irradiation"):
        beam_table(elevation, azimuth, -dni, month)
    with pytest.raises(ColumnError, match=r"no azimuth; 1 steps have irradiation while the sun is down; periods must"):
        beam_table(-elevation, azimuth * np.nan, dni, month + 12)
    table = beam_table(elevation, azimuth, dni, month)
    with pytest.raises(ParameterError, match="72 sectors"):
        beam_loss(np.zeros((1, 36), np.uint8), table)
    with pytest.raises(ColumnError, match="1 cells have no horizon"):
        beam_loss(np.full((1, 72), HOLE, np.uint8), table)
