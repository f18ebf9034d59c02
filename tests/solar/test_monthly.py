"""Dust, snow and albedo by month."""

from __future__ import annotations

import numpy as np
import pytest

from changping_geo.model import ParameterError
from changping_geo.solar.kernel import daylight, monthly_yield
from changping_geo.solar.monthly import CARDS, monthly_losses, with_albedo, with_monthly_losses


def test_dust_and_snow_multiply():
    soiling, snow = np.full(12, 10.0), np.r_[50.0, np.zeros(11)]
    np.testing.assert_allclose(monthly_losses(soiling, snow), [55.0, *[10.0] * 11])


def test_the_default_dust_keeps_pvwatts_mean():
    assert np.mean(list(CARDS["soiling_by_month"].values())) == pytest.approx(2.0)
    assert monthly_losses().shape == (12,)


def test_a_steady_loss_laid_by_month_changes_nothing():
    monthly = np.arange(1.0, 25.0).reshape(2, 12)
    np.testing.assert_allclose(with_monthly_losses(monthly, np.full(12, 2.0), instead_of=2.0), monthly, rtol=1e-14)
    np.testing.assert_allclose(with_monthly_losses(monthly, np.full(12, 50.0)), monthly / 2, rtol=1e-14)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_an_equal_albedo_by_month_is_the_same_as_one(year, hours, chain, engine):
    tilt, azimuth = np.array([10.0, 35.0, 90.0]), np.array([180.0, 40.0, 300.0])
    same = daylight(with_albedo(year, np.full(12, chain.albedo)))
    expected = monthly_yield(hours, tilt, azimuth, chain, engine=engine)
    np.testing.assert_allclose(monthly_yield(same, tilt, azimuth, chain, engine=engine), expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_brighter_january_lifts_january_alone(year, hours, chain, engine):
    bright = daylight(with_albedo(year, np.r_[0.7, np.full(11, chain.albedo)]))
    before = monthly_yield(hours, np.array([40.0]), np.array([180.0]), chain, engine=engine)[0]
    after = monthly_yield(bright, np.array([40.0]), np.array([180.0]), chain, engine=engine)[0]
    assert after[0] > 1.02 * before[0]
    np.testing.assert_allclose(after[1:], before[1:], rtol=1e-12)


def test_the_engines_agree_on_an_albedo_by_month(year, chain):
    bright = daylight(with_albedo(year, np.linspace(0.1, 0.8, 12)))
    tilt, azimuth = np.array([10.0, 35.0, 90.0]), np.array([180.0, 40.0, 300.0])
    plain = monthly_yield(bright, tilt, azimuth, chain, engine="numpy")
    np.testing.assert_allclose(monthly_yield(bright, tilt, azimuth, chain, engine="numba"), plain, rtol=1e-10)


@pytest.mark.parametrize("bad", [[0.2] * 11, [20.0] * 12, [np.nan] * 12, {"jan": 0.2}])
def test_an_albedo_that_is_none_is_refused(year, bad):
    with pytest.raises(ParameterError):
        with_albedo(year, bad)


@pytest.mark.parametrize("bad", [[1.0] * 11, [-1.0] * 12, [100.0] * 12, {"m01": 1.0}])
def test_losses_that_are_none_are_refused(bad):
    with pytest.raises(ParameterError):
        monthly_losses(soiling=bad)
    with pytest.raises(ParameterError):
        with_monthly_losses(np.ones(12), bad)
