"""A yearly series: its pace, what it needs, and where it leads."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from changping_geo.plan.series import forecast, probability_of, required_rate, trend


def test_a_straight_series_has_its_slope_and_no_doubt():
    line = trend([2020, 2021, 2022], [1.0, 3.0, 5.0])
    assert line.rate == pytest.approx(2.0)
    ahead = forecast(line, 2025)
    assert (ahead.value, ahead.low, ahead.high) == pytest.approx((11.0, 11.0, 11.0))
    assert probability_of(ahead, 11.0, at_least=True) == 1.0
    assert probability_of(ahead, 11.5, at_least=True) == 0.0


def test_the_line_and_its_interval_agree_with_scipy():
    years, values = np.arange(2015, 2023), np.array([4.0, 4.6, 4.9, 5.1, 5.9, 6.0, 6.8, 6.9])
    line, oracle = trend(years, values), stats.linregress(years, values)
    assert (line.rate, line.rate_error) == pytest.approx((oracle.slope, oracle.stderr))
    ahead = forecast(line, 2030, coverage=0.8)
    assert ahead.value == pytest.approx(oracle.intercept + oracle.slope * 2030)
    residual = values - oracle.intercept - oracle.slope * years
    s = np.sqrt(residual @ residual / 6)
    reach = stats.t.ppf(0.9, 6) * s * np.sqrt(1 + 1 / 8 + (2030 - 2018.5) ** 2 / 42)
    assert (ahead.low, ahead.high) == pytest.approx((ahead.value - reach, ahead.value + reach))
    assert probability_of(ahead, ahead.low, at_least=True) == pytest.approx(0.9)
    assert probability_of(ahead, ahead.low, at_least=False) == pytest.approx(0.1)


def test_one_year_has_no_pace_and_two_years_have_no_interval():
    assert np.isnan(trend([2020], [1.0]).rate)
    assert np.isnan(forecast(trend([2020], [1.0]), 2030).value)
    ahead = forecast(trend([2020, 2022], [1.0, 2.0]), 2030)
    assert ahead.value == pytest.approx(6.0)
    assert np.isnan(ahead.low)
    assert np.isnan(probability_of(ahead, 5.0, at_least=True))


def test_the_order_of_the_years_and_missing_values_do_not_matter():
    one = trend([2020, 2021, 2023], [1.0, 2.0, 3.0])
    other = trend([2023, 2022, 2020, 2021], [3.0, np.nan, 1.0, 2.0])
    assert one.rate == pytest.approx(other.rate)
    assert forecast(one, 2030).high == pytest.approx(forecast(other, 2030).high)


def test_what_is_needed_each_year():
    assert required_rate(10.0, 2021, 18.0, 2025) == pytest.approx(2.0)
    assert np.isnan(required_rate(10.0, 2025, 18.0, 2025))
