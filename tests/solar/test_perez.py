"""Other models of the sky against pvlib and against what must hold of any of them."""

from __future__ import annotations

import numpy as np
import pytest
from pvlib import irradiance

from changping_geo.solar.perez import isotropic, perez, transposition_sensitivity
from changping_geo.solar.plane import cos_incidence
from changping_geo.solar.sun import relative_airmass


def random_sky(n):
    rng = np.random.default_rng(5)
    sky = {"dhi": rng.uniform(1, 500, n), "dni": rng.uniform(0, 1000, n) * (rng.random(n) > 0.2)}
    sky |= {"dni_extra": rng.uniform(1320, 1415, n), "ghi": rng.uniform(10, 1000, n)}
    return sky, rng.uniform(0, 89.5, n), rng.uniform(0, 360, n), rng.uniform(0, 90, n), rng.uniform(0, 360, n)


def test_perez_follows_pvlib_on_random_skies():
    sky, zenith, azimuth, tilt, facing = random_sky(5000)
    cosine = cos_incidence(zenith, azimuth, tilt, facing)
    found = perez(cosine, zenith, tilt, **sky, albedo=0.0)
    diffuse = found.direct - sky["dni"] * np.maximum(cosine, 0) + found.sky
    light = (sky["dhi"], sky["dni"], sky["dni_extra"])
    expected = irradiance.perez(tilt, facing, *light, zenith, azimuth, relative_airmass(zenith))
    np.testing.assert_allclose(diffuse, expected, rtol=1e-9, atol=1e-9)


def test_perez_gives_the_figures_of_pvlibs_own_test():
    """Tucson, 24 June 2014, midnight, 6 and 18 o'clock; a plane of 40 degrees to the south (pvlib, BSD-3)."""
    zenith, azimuth = (
        np.array([124.0390863, 82.85457044, 72.41687122]),
        np.array([352.69550699, 66.71410338, 287.04104]),
    )
    dni, dhi = np.array([0.0, 316.1949056, 646.22886049]), np.array([0.0, 40.46149818, 62.03376265])
    cosine = cos_incidence(zenith, azimuth, np.array(40.0), np.array(180.0))
    light = {"ghi": dhi, "dhi": dhi, "dni": dni, "dni_extra": np.full(3, 1321.1655834833093)}
    found = perez(cosine, zenith, np.array(40.0), **light, albedo=0.0)
    diffuse = found.direct - dni * np.maximum(cosine, 0) + found.sky
    np.testing.assert_allclose(diffuse, [0.0, 31.4605, 45.4554], atol=0.05)


def test_perez_has_an_answer_at_night_and_without_diffuse_light():
    zenith = np.array([179.0, 120.0, 90.0, 60.0, 60.0])
    dhi, dni = np.array([0.0, 5.0, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 0.0, 700.0])
    cosine = cos_incidence(zenith, np.full(5, 180.0), np.array(30.0), np.array(180.0))
    found = perez(cosine, zenith, np.array(30.0), ghi=np.zeros(5), dhi=dhi, dni=dni, dni_extra=np.full(5, 1367.0))
    np.testing.assert_allclose(found.total, [0, 0, 0, 0, 700.0 * cosine[4]], rtol=1e-12)


def test_on_a_horizontal_plane_every_model_gives_the_global_irradiance(year):
    """Perez' circumsolar light is held below 5 degrees of elevation, so it may lose a little there."""
    flat = transposition_sensitivity(year, tilts=(0.0,))
    ghi = float(year["ghi"].sum()) / 1000.0
    np.testing.assert_allclose(flat["isotropic_kwh_m2"], ghi, rtol=1e-12)
    np.testing.assert_allclose(flat["hay_davies_kwh_m2"], ghi, rtol=1e-12)
    np.testing.assert_allclose(flat["perez_kwh_m2"], ghi, rtol=2e-3)


def test_the_isotropic_sky_flatters_north_and_slights_south(year):
    table = transposition_sensitivity(year).set_index(["tilt_deg", "facing"])
    assert (table.loc[30.0].loc["N", ["isotropic_pct"]] > 3).all()
    assert table.loc[(30.0, "S"), "isotropic_pct"] < -1
    assert table.loc[(30.0, "S"), "perez_pct"] > 0
    assert len(table) == 8


def test_an_equal_albedo_by_month_is_the_same_as_one(year):
    one = transposition_sensitivity(year, albedo=0.3)
    twelve = transposition_sensitivity(year, albedo=np.full(12, 0.3))
    np.testing.assert_allclose(twelve.filter(like="kwh"), one.filter(like="kwh"), rtol=1e-12)


def test_the_isotropic_model_follows_pvlib():
    sky, zenith, azimuth, tilt, facing = random_sky(200)
    found = isotropic(
        cos_incidence(zenith, azimuth, tilt, facing), tilt, ghi=sky["ghi"], dhi=sky["dhi"], dni=sky["dni"]
    )
    np.testing.assert_allclose(found.sky, irradiance.isotropic(tilt, sky["dhi"]), rtol=1e-12)
    assert found.ground == pytest.approx(irradiance.get_ground_diffuse(tilt, sky["ghi"], 0.2), rel=1e-9)
