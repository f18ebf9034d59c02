"""Dust, snow and albedo by month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from changping_geo.model import ParameterError
from changping_geo.solar import monthly as terms
from changping_geo.solar.kernel import daylight, hourly_power, monthly_yield
from changping_geo.solar.monthly import CARDS, monthly_losses, with_albedo, with_losses, with_terms
from changping_geo.solar.pv import CARDS as PV
from changping_geo.solar.pv import pvwatts_losses
from changping_geo.solar.shading import diffuse_share
from changping_geo.solar.table import look_up, yield_table

LOSSES = PV["losses"]
#: Dust in spring, snow and a white ground in winter, far beyond the defaults.
HARSH = {
    "soiling_by_month": dict(zip(terms.MONTHS, [4, 4, 12, 14, 9, 3, 1, 1, 2, 3, 4, 4], strict=True)),
    "snow_by_month": dict(zip(terms.MONTHS, [25, 12, 3, *[0] * 8, 9], strict=True)),
    "albedo_by_month": dict(zip(terms.MONTHS, [0.7, 0.5, *[0.2] * 9, 0.4], strict=True)),
}


def planes():
    return np.array([0.0, 10.0, 35.0, 60.0]), np.array([180.0, 180.0, 95.0, 10.0])


def no_snow():
    return dict.fromkeys(terms.MONTHS, 0.0)


def test_dust_and_snow_multiply():
    soiling, snow = np.full(12, 10.0), np.r_[50.0, np.zeros(11)]
    np.testing.assert_allclose(monthly_losses(soiling, snow), [55.0, *[10.0] * 11])


def test_the_default_dust_keeps_pvwatts_mean():
    assert np.mean(list(CARDS["soiling_by_month"].values())) == pytest.approx(2.0)
    assert monthly_losses().shape == (12,)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_dust_of_two_percent_in_every_month_is_the_two_percent_of_all_year(year, hours, chain, engine):
    """Counted once: by month it stands in place of the steady loss."""
    laid, rest = with_terms(year, LOSSES, soiling_by_month=dict.fromkeys(terms.MONTHS, 2.0), snow_by_month=no_snow())
    assert {name for name in rest if rest[name] != LOSSES[name]} == {"soiling"}
    there = monthly_yield(daylight(laid), *planes(), replace(chain, loss=pvwatts_losses(**rest)), engine=engine)
    np.testing.assert_allclose(there, monthly_yield(hours, *planes(), chain, engine=engine), rtol=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_snow_in_january_takes_from_january_alone_and_in_its_measure(year, hours, chain, engine):
    snowed = daylight(with_losses(year, np.r_[30.0, np.zeros(11)]))
    before = monthly_yield(hours, *planes(), chain, engine=engine)
    ratio = monthly_yield(snowed, *planes(), chain, engine=engine) / before
    np.testing.assert_allclose(ratio[:, 1:], 1.0, rtol=1e-12)
    np.testing.assert_allclose(ratio[:3, 0], 0.7, rtol=0.02)  # inverters are a little worse at less load
    assert 0.65 < ratio[3, 0] < 0.7  # above all on a north plane


def test_the_exact_kernel_and_the_table_see_the_same_harsh_terms(year, chain):
    laid, _ = with_terms(year, LOSSES, **HARSH)
    tilt, azimuth = (a.ravel() for a in np.meshgrid([3.7, 11.0, 28.3, 41.1], [11.0, 77.0, 143.0, 184.0, 263.0]))
    exact = monthly_yield(daylight(laid), tilt, azimuth, chain, engine="numpy")
    found = look_up(yield_table(daylight(laid), chain), tilt, azimuth)
    np.testing.assert_allclose(found.sum(axis=1), exact.sum(axis=1), rtol=5e-3)
    numba = monthly_yield(daylight(laid), tilt, azimuth, chain, engine="numba")
    np.testing.assert_allclose(numba, exact, rtol=1e-10)


def test_hours_under_harsh_terms_add_up_to_their_months(year, chain):
    harsh = daylight(with_terms(year, LOSSES, **HARSH)[0])
    power = hourly_power(harsh, *planes(), chain)
    months = monthly_yield(harsh, *planes(), chain, engine="numpy")
    for month in range(12):
        np.testing.assert_allclose(power[:, harsh.month == month].sum(axis=1), months[:, month], rtol=1e-12)


def test_white_ground_adds_to_the_diffuse_share_that_shade_leaves(year, hours, chain):
    white = diffuse_share(daylight(with_albedo(year, np.r_[0.8, np.full(11, chain.albedo)])), chain)
    usual = diffuse_share(hours, chain)
    steep = {"tilt": 45.0, "azimuth": 180.0}
    assert float(white.sel(**steep, month=1)) > 1.1 * float(usual.sel(**steep, month=1))
    np.testing.assert_allclose(white.sel(**steep)[1:], usual.sel(**steep)[1:], rtol=1e-12)


def test_steady_terms_leave_year_and_losses_alone(year):
    same, losses = with_terms(year, LOSSES, monthly_terms="steady")
    assert same is year
    assert losses == LOSSES


def test_a_term_that_would_be_left_unused_is_refused(year):
    with pytest.raises(ParameterError, match=r"albedo, losses\.soiling: chosen, but monthly_terms = monthly"):
        with_terms(year, {**LOSSES, "soiling": 5.0}, albedo=0.3)
    with pytest.raises(ParameterError, match="snow_by_month: chosen, but monthly_terms = steady"):
        with_terms(year, LOSSES, monthly_terms="steady", snow_by_month=HARSH["snow_by_month"])
    with pytest.raises(ParameterError, match="use one of: monthly, steady"):
        with_terms(year, LOSSES, monthly_terms="yearly")


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
def test_losses_that_are_none_are_refused(year, bad):
    with pytest.raises(ParameterError):
        monthly_losses(soiling=bad)
    with pytest.raises(ParameterError):
        with_losses(year, bad)
