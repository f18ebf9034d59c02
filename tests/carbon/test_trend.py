"""Series: rates, breaks before anything is extrapolated, and what a target asks for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from changping_geo.carbon.targets import probability_of_reaching, required_rate
from changping_geo.carbon.trend import break_test, by_rate, chow_test, compound_rate, extrapolate, pressler_rate
from changping_geo.model import ColumnError, DataError, ParameterError

BEIJING = pd.DataFrame({"year": [2015, 2020, 2022], "volume_m3": [16.70e6, 25.20e6, 31.64e6]})
STEADY = pd.DataFrame({"year": np.arange(2000, 2010), "volume_m3": 1e6 * 1.02 ** np.arange(10)})
LIMITS = {"alpha": 0.05, "rate_max": 0.05}


def test_the_published_stock_of_beijing_grew_by_8_6_and_12_percent_a_year():
    assert compound_rate(16.70, 25.20, 5) == pytest.approx(0.086, abs=5e-4)
    assert compound_rate(25.20, 31.64, 2) == pytest.approx(0.12, abs=1e-3)


def test_such_growth_is_a_break_although_three_points_are_too_few_for_chow():
    found = break_test(BEIJING, **LIMITS)
    assert found.found
    assert not found.testable
    assert found.intervals["too_fast"].tolist() == [True, True]
    assert any("8.6% per year" in reason for reason in found.reasons)
    assert any("too few points" in reason for reason in found.reasons)


def test_a_broken_series_is_not_carried_forward_unless_asked_and_then_it_says_so():
    with pytest.raises(DataError, match="not one trend"):
        extrapolate(BEIJING, [2030], on_break="refuse", **LIMITS)
    out = extrapolate(BEIJING, [2030], on_break="warn", **LIMITS)
    assert "12" in out.loc[0, "warning"]
    assert out.loc[0, "low_m3"] < out.loc[0, "volume_m3"] < out.loc[0, "high_m3"]


def test_a_steady_series_has_no_break_and_goes_on_at_its_rate():
    found = break_test(STEADY, **LIMITS)
    assert not found.found
    assert found.testable
    out = extrapolate(STEADY, [2009, 2019], on_break="refuse", **LIMITS)
    assert out["volume_m3"].tolist() == pytest.approx([1e6 * 1.02**9, 1e6 * 1.02**19])
    assert out["warning"].tolist() == ["", ""]


def test_a_jump_in_level_is_found_where_it_is():
    noise = np.random.default_rng(3).normal(0, 0.002, 12)
    year = np.arange(2000, 2012)
    value = np.exp(0.02 * (year - 2000) + 0.2 * (year > 2006) + noise)
    found = break_test(pd.DataFrame({"year": year, "volume_m3": value}), alpha=0.05, rate_max=1.0)
    assert found.found
    assert found.year == 2006
    assert found.p_value < 0.001


def test_chow_agrees_with_two_regressions_done_apart():
    year = np.arange(8.0)
    logs = np.array([0.0, 0.11, 0.19, 0.32, 0.6, 0.62, 0.71, 0.74])
    halves = year <= 3

    def residual(rows):
        fit = stats.linregress(year[rows], logs[rows])
        return ((logs[rows] - fit.intercept - fit.slope * year[rows]) ** 2).sum()

    apart = residual(halves) + residual(~halves)
    expected = ((residual(year >= 0) - apart) / 2) / (apart / 4)
    f, p = chow_test(year, np.exp(logs), 3)
    assert f == pytest.approx(expected)
    assert p == pytest.approx(stats.f.sf(expected, 2, 4))


def test_a_change_of_basis_is_a_break_even_at_a_quiet_rate():
    series = STEADY.assign(basis=["old"] * 5 + ["new"] * 5)
    found = break_test(series, **LIMITS)
    assert found.year == 2004
    assert found.intervals["basis_changes"].sum() == 1


def test_pressler_and_compound_rates_agree_for_slow_growth():
    assert pressler_rate(100, 110, 10) == pytest.approx(2 * 10 / (210 * 10))
    assert pressler_rate(100, 101, 1) == pytest.approx(compound_rate(100, 101, 1), rel=0.01)
    assert by_rate(100.0, 0.1, 2) == pytest.approx(121)


def test_negative_rates_and_years_before_the_baseline_are_refused():
    with pytest.raises(ParameterError, match="tell losses as harvest"):
        by_rate(1.0, -0.01, 5)
    with pytest.raises(ParameterError, match="before the baseline"):
        by_rate(1.0, 0.01, -5)
    with pytest.raises(ParameterError, match="order them"):
        compound_rate(1, 2, 0)
    with pytest.raises(ParameterError, match="positive stocks"):
        pressler_rate(0, 2, 1)


def test_all_faults_of_a_series_are_told_with_their_rows():
    bad = pd.DataFrame({"year": [2000, 2000, 2010], "volume_m3": [1.0, 2.0, -1.0]})
    with pytest.raises(
        ColumnError, match="forest_series: row 2: the volume is not positive; the year 2000 is there twice"
    ):
        break_test(bad, **LIMITS)
    with pytest.raises(ColumnError, match="'volume_m3' is missing"):
        break_test(bad[["year"]], **LIMITS)


def test_what_a_target_asks_for_per_year_absolute_and_relative():
    needed = required_rate(1.62e6, 2022, 1.8e6, 2025)
    assert needed.gap == pytest.approx(180_000)
    assert needed.per_year == pytest.approx(60_000)
    assert 1.62e6 * (1 + needed.rate) ** 3 == pytest.approx(1.8e6)


def test_a_target_that_is_reached_asks_for_nothing_and_one_that_is_due_cannot_be_met():
    assert required_rate(2.0, 2022, 1.8, 2025)[2:] == (0.0, 0.0)
    due = required_rate(1.0, 2025, 1.8, 2025)
    assert due.years == 0
    assert np.isnan([due.per_year, due.rate]).all()


def test_a_target_before_the_survey_is_refused():
    with pytest.raises(ParameterError, match="target year 2020 lies before the survey of 2022"):
        required_rate(1.0, 2022, 1.8, 2020)


def test_the_probability_is_the_share_of_draws_that_reach_the_target():
    draws = np.array([1.0, 2.0, 3.0, 4.0])
    assert probability_of_reaching(draws, 2.0) == 0.75
    assert probability_of_reaching(draws, 2.0, "<=") == 0.5
    assert np.isnan(probability_of_reaching(np.array([]), 2.0))
    with pytest.raises(ParameterError, match="unknown relation"):
        probability_of_reaching(draws, 2.0, "=")
    with pytest.raises(ParameterError, match="1 draws are missing"):
        probability_of_reaching(np.array([np.nan]), 2.0)
