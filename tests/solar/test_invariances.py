"""What must hold for any engine of rooftop yields; read it as a list of sentences."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from changping_geo.solar.climate import hourly_year
from changping_geo.solar.kernel import daylight, hourly_power, monthly_yield
from changping_geo.solar.monthly import with_losses
from changping_geo.solar.plane import cos_incidence, hay_davies
from changping_geo.solar.sun import sun_position
from changping_geo.solar.table import look_up, yield_table

NORTH, EAST, SOUTH, WEST = 0.0, 90.0, 180.0, 270.0


def annual(hours, tilt, azimuth, chain, engine="numpy"):
    return monthly_yield(hours, np.atleast_1d(tilt), np.atleast_1d(azimuth), chain, engine=engine).sum(axis=1)


def plane_sum(hours, tilt, azimuth):
    """Annual irradiation of one plane. [kWh/m2]"""
    v = hours.values
    facing = cos_incidence(v["zenith"], v["azimuth"], np.array(tilt), np.array(azimuth))
    light = {name: v[name] for name in ("ghi", "dhi", "dni", "dni_extra")}
    return hay_davies(facing, v["cosz"], np.array(tilt), **light).total.sum() / 1000.0


def test_south_beats_east_and_west_and_these_beat_north(hours, chain):
    south, east, west, north = annual(hours, 30.0, [SOUTH, EAST, WEST, NORTH], chain)
    assert south > max(east, west)
    assert min(east, west) > north
    assert east == pytest.approx(west, rel=0.02)


def test_the_other_hemisphere_swaps_north_and_south(monthly, hours, chain):
    swapped = monthly.assign(**{c: np.roll(monthly[c], 6) for c in monthly if c != "month"})
    below = daylight(hourly_year(swapped, -40.0, 116.0))
    there, here = annual(below, 30.0, [NORTH, SOUTH], chain), annual(hours, 30.0, [SOUTH, NORTH], chain)
    assert there[0] > there[1]
    np.testing.assert_allclose(there, here, rtol=0.03)


def test_a_mirror_between_east_and_west_changes_nothing(hours, chain):
    """Sun and roof mirrored together: the same yield, hour by hour."""
    mirrored = hours._replace(values={**hours.values, "azimuth": 360.0 - hours.values["azimuth"]})
    azimuth = np.array([20.0, 100.0, 170.0])
    there = monthly_yield(mirrored, np.full(3, 25.0), 360.0 - azimuth, chain, engine="numpy")
    np.testing.assert_allclose(there, monthly_yield(hours, np.full(3, 25.0), azimuth, chain, engine="numpy"), rtol=1e-9)


def test_a_month_of_dust_changes_no_other_month_and_no_order_of_the_orientations(year, hours, chain):
    dusty = daylight(with_losses(year, np.r_[np.zeros(3), 20.0, np.zeros(8)]))
    tilt, azimuth = np.full(4, 30.0), np.array([NORTH, EAST, SOUTH, WEST])
    clean = monthly_yield(hours, tilt, azimuth, chain, engine="numpy")
    found = monthly_yield(dusty, tilt, azimuth, chain, engine="numpy")
    np.testing.assert_array_equal(np.delete(found, 3, axis=1), np.delete(clean, 3, axis=1))
    assert (found[:, 3] < clean[:, 3]).all()
    assert np.argsort(found.sum(axis=1)).tolist() == np.argsort(clean.sum(axis=1)).tolist()


@pytest.mark.parametrize("turn", [90.0, 180.0, 270.0, 33.0])
def test_turning_sun_and_roof_together_changes_nothing(hours, chain, turn):
    turned = hours._replace(values={**hours.values, "azimuth": hours.values["azimuth"] + turn})
    np.testing.assert_allclose(annual(turned, 25.0, 170.0 + turn, chain), annual(hours, 25.0, 170.0, chain), rtol=1e-9)


@pytest.mark.parametrize("azimuth", [0.0, 45.0, 135.0, 270.0, 359.9])
def test_a_horizontal_plane_receives_the_global_irradiance_whatever_its_azimuth(hours, chain, azimuth):
    assert plane_sum(hours, 0.0, azimuth) == pytest.approx(hours.values["ghi"].sum() / 1000.0, rel=1e-12)
    assert annual(hours, 0.0, azimuth, chain) == pytest.approx(annual(hours, 0.0, SOUTH, chain), rel=1e-12)


def test_hours_add_up_to_months_and_months_to_the_year(hours, chain):
    tilt, azimuth = np.array([10.0, 35.0]), np.array([180.0, 95.0])
    power = hourly_power(hours, tilt, azimuth, chain)
    months = monthly_yield(hours, tilt, azimuth, chain, engine="numpy")
    for month in range(12):
        np.testing.assert_allclose(power[:, hours.month == month].sum(axis=1), months[:, month], rtol=1e-12)
    np.testing.assert_allclose(power.sum(axis=1), months.sum(axis=1), rtol=1e-12)


def test_a_sun_taken_half_an_hour_early_moves_yield_from_west_to_east(year, hours, chain):
    """Stamps mistaken for instants: the sun at the hour's beginning under light of the whole hour."""
    early = sun_position(year.indexes["time"], 40.0, 116.0, inside=0.0)
    shifted = daylight(year.assign(zenith=early["zenith"], azimuth=early["azimuth"], cosz=early["cosz"]))
    right = np.divide(*annual(hours, 30.0, [EAST, WEST], chain))
    wrong = np.divide(*annual(shifted, 30.0, [EAST, WEST], chain))
    assert wrong > right * 1.02


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_missing_angle_gives_a_missing_yield(hours, chain, engine):
    found = monthly_yield(hours, np.array([np.nan, 20.0, 20.0]), np.array([180.0, np.nan, 180.0]), chain, engine=engine)
    assert np.isnan(found).all(axis=1).tolist() == [True, True, False]


def test_a_missing_angle_is_missing_in_the_table_too(hours, chain):
    table = yield_table(hours, chain, tilt_step=45.0, azimuth_step=90.0)
    found = look_up(table, np.array([np.nan, 20.0]), np.array([180.0, np.nan]))
    assert np.isnan(found).all()


def test_without_direct_sun_the_azimuth_does_not_matter(monthly, chain):
    """The ratio of direct light is never laid on the rest."""
    dull = daylight(hourly_year(monthly.assign(dni_kwh_m2=0.0, dhi_kwh_m2=monthly["ghi_kwh_m2"]), 40.0, 116.0))
    found = annual(dull, 50.0, [0.0, 77.0, 180.0, 300.0], chain)
    np.testing.assert_allclose(found, found[0], rtol=1e-12)


@pytest.mark.parametrize("tilt", [0.0, 1.0, 10.0, 35.0, 90.0])
@pytest.mark.parametrize("azimuth", [0.0, 45.0, 135.0, 225.0, 359.9, 360.0, -90.0])
def test_every_orientation_falls_between_the_nodes_around_it(tilt, azimuth):
    """A table that holds its own coordinates gives back the orientation asked for."""
    tilts, azimuths = np.arange(0.0, 91.0, 5.0), np.arange(0.0, 360.0, 15.0)
    on_circle = np.radians(azimuths)
    parts = [np.broadcast_to(f(on_circle), (tilts.size, azimuths.size)) for f in (np.cos, np.sin)]
    own_tilt = np.broadcast_to(tilts[:, None], (tilts.size, azimuths.size))
    table = xr.DataArray(
        np.stack([own_tilt, *parts], axis=2),
        dims=("tilt", "azimuth", "month"),
        coords={"tilt": tilts, "azimuth": azimuths},
    )
    found_tilt, cosine, sine = look_up(table, np.array([tilt]), np.array([azimuth]))[0]
    assert found_tilt == pytest.approx(tilt, abs=1e-9)
    off = np.degrees(np.arctan2(sine, cosine)) - azimuth
    assert abs((off + 180.0) % 360.0 - 180.0) < 0.1
