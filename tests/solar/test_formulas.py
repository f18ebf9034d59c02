"""Formulas against published and hand-computed figures, and against pvlib."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pvlib import atmosphere, iam, inverter, irradiance, pvsystem, temperature

from changping_geo.model import ParameterError
from changping_geo.solar.plane import cos_incidence, hay_davies, iam_beam, iam_diffuse
from changping_geo.solar.pv import CARDS, faiman, pvwatts_dc, pvwatts_inverter, pvwatts_losses
from changping_geo.solar.sun import relative_airmass, sun_position


def test_pvwatts_dc():
    assert pvwatts_dc(np.array(900.0), np.array(30.0), 100.0, -0.003) == pytest.approx(88.65, rel=1e-12)


def test_pvwatts_losses():
    assert pvwatts_losses(**CARDS["losses"]) == pytest.approx(14.075660688264469, rel=1e-12)
    assert pvwatts_losses() == 0


def test_pvwatts_inverter():
    assert pvwatts_inverter(np.array(90.0), 100.0, 0.95) == pytest.approx(85.58556604752516, rel=1e-12)
    power = np.array([0.0, 0.1, 1.0, 50.0, 99.0, 150.0])
    np.testing.assert_allclose(pvwatts_inverter(power, 100.0, 0.96), inverter.pvwatts(power, 100.0, 0.96), rtol=1e-12)


def test_faiman():
    assert faiman(np.array(900.0), np.array(20.0), np.array(5.0), 25.0, 6.84) == pytest.approx(35.2027, abs=1e-4)


def test_martin_ruiz():
    assert iam_beam(np.cos(np.radians(45.0))) == pytest.approx(0.98986965, abs=1e-8)
    sky, ground = iam_diffuse(np.array(30.0))
    assert sky == pytest.approx(0.9549735, abs=1e-7)
    assert ground == pytest.approx(0.7944426, abs=1e-7)


def test_martin_ruiz_follows_pvlib_over_all_angles():
    angle = np.linspace(0.0, 89.9, 100)
    np.testing.assert_allclose(iam_beam(np.cos(np.radians(angle)), 0.2), iam.martin_ruiz(angle, 0.2), rtol=1e-12)
    tilt = np.linspace(1.0, 90.0, 90)
    expected = iam.martin_ruiz_diffuse(tilt, 0.16)
    sky, ground = iam_diffuse(tilt)
    np.testing.assert_allclose(sky, expected["sky"], rtol=1e-12)
    np.testing.assert_allclose(ground, expected["ground"], rtol=1e-9)


def test_hay_davies_gives_the_figures_of_pvlibs_own_test():
    """Tucson, 24 June 2014, midnight, 6, 12 and 18 o'clock; a plane of 40 degrees to the south (pvlib, BSD-3)."""
    zenith = np.array([124.0390863, 82.85457044, 10.56413562, 72.41687122])
    azimuth = np.array([352.69550699, 66.71410338, 144.76567754, 287.04104128])
    ghi = np.array([0.0, 79.73860422, 1042.48031487, 257.20751138])
    dni = np.array([0.0, 316.1949056, 939.95469881, 646.22886049])
    dhi = np.array([0.0, 40.46149818, 118.45831879, 62.03376265])
    extra = np.full(4, 1321.1655834833093)
    facing = cos_incidence(zenith, azimuth, np.array(40.0), np.array(180.0))
    light = {"ghi": ghi, "dhi": dhi, "dni": dni, "dni_extra": extra}
    found = hay_davies(facing, np.cos(np.radians(zenith)), np.array(40.0), **light)
    diffuse = found.direct - dni * np.maximum(facing, 0.0) + found.sky
    np.testing.assert_allclose(diffuse, [0.0, 27.1775, 102.9949, 33.1909], atol=1e-4)
    expected = irradiance.haydavies(40.0, 180.0, dhi, dni, extra, zenith, azimuth)
    np.testing.assert_allclose(diffuse, expected, rtol=1e-12, atol=1e-12)


def test_incidence_is_the_angle_between_sun_and_normal():
    """Sun dead ahead: the angle is the zenith less the tilt; and azimuth counts clockwise from north."""
    for tilt in (0.0, 20.0, 50.0, 90.0):
        ahead = cos_incidence(np.array(35.0), np.array(135.0), np.array(tilt), np.array(135.0))
        assert np.degrees(np.arccos(ahead)) == pytest.approx(abs(35.0 - tilt), abs=1e-6)
    assert cos_incidence(np.array(60.0), np.array(90.0), np.array(90.0), np.array(90.0)) > 0
    assert cos_incidence(np.array(60.0), np.array(90.0), np.array(90.0), np.array(270.0)) < 0


def test_the_sun_stands_where_the_algorithms_authors_say():
    """NREL's example: Golden, Colorado, 17 October 2003, 12:30:30 at UTC-7; the true zenith is 50.127954."""
    start = pd.DatetimeIndex(["2003-10-17 19:30:30"])
    sun = sun_position(start, 39.742476, -105.1786, inside=0.0)
    assert float(sun["azimuth"][0]) == pytest.approx(194.340241, abs=2e-3)
    assert float(sun["zenith"][0]) == pytest.approx(50.1116, abs=5e-3)


def test_the_sun_refuses_places_and_stamps_that_are_none():
    start = pd.date_range("2023-01-01", periods=1, freq="h")
    with pytest.raises(ParameterError, match="no place on the globe"):
        sun_position(start, 4_430_000.0, 500_000.0)
    with pytest.raises(ParameterError, match="zone"):
        sun_position(start.tz_localize("UTC"), 40.0, 116.0)


def test_air_mass_follows_pvlib():
    zenith = np.linspace(0.0, 89.0, 90)
    np.testing.assert_allclose(relative_airmass(zenith), atmosphere.get_relative_airmass(zenith), rtol=1e-9)


def test_the_whole_dc_step_follows_pvlib():
    light = np.array([0.0, 200.0, 900.0])
    cell = temperature.faiman(light, 20.0, 3.0)
    np.testing.assert_allclose(faiman(light, 20.0, 3.0, 25.0, 6.84), cell, rtol=1e-12)
    np.testing.assert_allclose(pvwatts_dc(light, cell, 1.0, -0.0035), pvsystem.pvwatts_dc(light, cell, 1.0, -0.0035))
