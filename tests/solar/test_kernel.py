"""The compiled engine, the plain one, the table and pvlib tell the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pvlib import iam, inverter, irradiance, pvsystem, temperature

from changping_geo.model import ParameterError
from changping_geo.solar import kernel
from changping_geo.solar.kernel import hourly_power, monthly_yield
from changping_geo.solar.pv import default_chain
from changping_geo.solar.table import look_up, yield_table


def planes(n):
    rng = np.random.default_rng(7)
    return rng.uniform(0, 90, n), rng.uniform(0, 360, n)


def by_pvlib(hours, tilt, azimuth, chain):
    """The same chain from pvlib's functions, one plane at a time. [kWh/kW per month]"""
    v = hours.values
    sky = irradiance.haydavies(
        tilt, azimuth, v["dhi"], v["dni"], v["dni_extra"], v["zenith"], v["azimuth"], return_components=True
    )
    aoi = irradiance.aoi(tilt, azimuth, v["zenith"], v["azimuth"])
    direct = v["dni"] * np.maximum(np.cos(np.radians(aoi)), 0) + sky["poa_circumsolar"]
    ground = irradiance.get_ground_diffuse(tilt, v["ghi"], chain.albedo)
    diffuse = iam.martin_ruiz_diffuse(tilt, chain.iam_a_r)
    beam = iam.martin_ruiz(aoi, chain.iam_a_r)
    entered = direct * beam + sky["poa_isotropic"] * diffuse["sky"] + ground * diffuse["ground"]
    poa = direct + sky["poa_isotropic"] + ground
    cell = temperature.faiman(poa, v["temp_air"], v["wind_speed"], chain.u0, chain.u1)
    dc = pvsystem.pvwatts_dc(entered, cell, 1.0, chain.temperature_coefficient) * (1 - chain.loss / 100)
    ac = inverter.pvwatts(dc, 1 / (chain.dc_ac_ratio * chain.inverter_efficiency), chain.inverter_efficiency)
    return np.bincount(hours.month, weights=ac, minlength=12)


@pytest.mark.parametrize("mounting", ["open", "close"])
@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_each_building_follows_pvlib(hours, engine, mounting):
    chain = default_chain(mounting)
    tilt, azimuth = planes(12)
    found = monthly_yield(hours, tilt, azimuth, chain, engine=engine)
    expected = [by_pvlib(hours, b, a, chain) for b, a in zip(tilt, azimuth, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_two_engines_agree(hours, chain):
    tilt, azimuth = planes(150)
    plain = monthly_yield(hours, tilt, azimuth, chain, engine="numpy")
    np.testing.assert_allclose(monthly_yield(hours, tilt, azimuth, chain, engine="numba"), plain, rtol=1e-10)


def test_the_two_engines_agree_when_the_inverter_clips(hours, chain):
    small = dataclasses.replace(chain, dc_ac_ratio=1.8)
    tilt, azimuth = planes(20)
    plain = monthly_yield(hours, tilt, azimuth, small, engine="numpy")
    np.testing.assert_allclose(monthly_yield(hours, tilt, azimuth, small, engine="numba"), plain, rtol=1e-10)
    assert hourly_power(hours, tilt, azimuth, small).max() == pytest.approx(1 / 1.8, rel=1e-12)


@pytest.mark.parametrize("a_r", [0.05, 0.08, 0.12, 0.16, 0.25, 1.0])
def test_the_two_engines_agree_on_angular_losses_of_any_strength(hours, chain, a_r):
    glass = dataclasses.replace(chain, iam_a_r=a_r)
    tilt, azimuth = planes(40)
    plain = monthly_yield(hours, tilt, azimuth, glass, engine="numpy")
    np.testing.assert_allclose(monthly_yield(hours, tilt, azimuth, glass, engine="numba"), plain, rtol=1e-10)


def test_angular_losses_beyond_the_series_are_left_to_the_plain_engine(hours, chain):
    glass = dataclasses.replace(chain, iam_a_r=0.04)
    tilt, azimuth = planes(3)
    plain = monthly_yield(hours, tilt, azimuth, glass, engine="numpy")
    np.testing.assert_array_equal(monthly_yield(hours, tilt, azimuth, glass), plain)
    with pytest.raises(ParameterError, match="numpy"):
        monthly_yield(hours, tilt, azimuth, glass, engine="numba")


def test_the_two_engines_agree_on_upright_flat_and_edge_on_planes(hours, chain):
    tilt, azimuth = (x.ravel() for x in np.meshgrid([0.0, 1e-9, 1.0, 89.999, 90.0], [-90.0, 0.0, 180.0, 359.9, 720.0]))
    plain = monthly_yield(hours, tilt, azimuth, chain, engine="numpy")
    np.testing.assert_allclose(monthly_yield(hours, tilt, azimuth, chain, engine="numba"), plain, rtol=1e-10)


def test_a_year_that_lacks_months_gives_them_no_yield(hours, chain):
    summer = hours.month == 6
    july = hours._replace(values={k: v[summer] for k, v in hours.values.items()}, month=hours.month[summer])
    for engine in ("numba", "numpy"):
        found = monthly_yield(july, np.array([20.0]), np.array([180.0]), chain, engine=engine)[0]
        assert np.flatnonzero(found).tolist() == [6]


def test_the_table_stays_within_half_a_percent_of_the_exact_kernel(hours, chain):
    tilt, azimuth = planes(4000)
    exact = monthly_yield(hours, tilt, azimuth, chain).sum(axis=1)
    found = look_up(yield_table(hours, chain), tilt, azimuth).sum(axis=1)
    np.testing.assert_allclose(found, exact, rtol=5e-3)
    assert np.sqrt(np.mean((found / exact - 1) ** 2)) < 1.5e-3


def test_the_table_is_exact_at_its_nodes(hours, chain):
    table = yield_table(hours, chain, tilt_step=30.0, azimuth_step=90.0)
    tilt, azimuth = np.array([0.0, 30.0, 90.0, 60.0]), np.array([0.0, 180.0, 270.0, 360.0])
    expected = monthly_yield(hours, tilt, azimuth, chain, engine="numpy")
    np.testing.assert_allclose(look_up(table, tilt, azimuth), expected, rtol=1e-12)


def test_without_numba_the_plain_engine_answers(hours, chain, monkeypatch):
    monkeypatch.setattr(kernel, "_compiled", lambda: None)
    tilt, azimuth = planes(2)
    expected = monthly_yield(hours, tilt, azimuth, chain, engine="numpy")
    np.testing.assert_array_equal(monthly_yield(hours, tilt, azimuth, chain), expected)
    with pytest.raises(ParameterError, match="not installed"):
        monthly_yield(hours, tilt, azimuth, chain, engine="numba")


def test_no_planes_give_no_yields(hours, chain):
    for engine in ("numpy", "numba"):
        assert monthly_yield(hours, np.empty(0), np.empty(0), chain, engine=engine).shape == (0, 12)
    assert look_up(yield_table(hours, chain, tilt_step=45, azimuth_step=90), np.empty(0), np.empty(0)).shape == (0, 12)


def test_angles_engines_and_steps_out_of_range_are_refused(hours, chain):
    with pytest.raises(ParameterError, match="tilt"):
        monthly_yield(hours, np.array([91.0]), np.array([0.0]), chain)
    with pytest.raises(ParameterError, match="engine"):
        monthly_yield(hours, np.array([1.0]), np.array([0.0]), chain, engine="fortran")
    with pytest.raises(ParameterError, match="divide"):
        yield_table(hours, chain, tilt_step=7.0)
    with pytest.raises(ParameterError, match="tilt"):
        look_up(yield_table(hours, chain, tilt_step=45, azimuth_step=90), np.array([-1.0]), np.array([0.0]))
