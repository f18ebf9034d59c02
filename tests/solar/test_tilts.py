"""Slopes that nobody measured: a prior by use and period, and three points for its spread."""

from __future__ import annotations

import numpy as np
import pytest

from changping_geo.solar.tilts import CARDS, CHANCES, POINTS, slopes

PRIOR = {"old_house": 30.0, "new_house": 24.0, "gable": 27.0, "shed_metal": 6.0}


def found(roof_type, use, year, **spread):
    spreads = {"gable": 0.0, "shed_metal": 0.0} | spread
    words = [np.array([word], dtype=object) for word in (roof_type, use)]
    rule = {"roof_slope_deg": PRIOR, "slope_spread_deg": spreads, "old_house_before": 1990}
    return slopes(*words, np.array([year], dtype=float), **rule)[:, 0]


def test_use_and_period_choose_the_slope():
    assert found("gable", "rural_house", 1980)[1] == 30
    assert found("gable", "rural_house", 1990)[1] == 24
    assert found("gable", "rural_house", np.nan)[1] == 24
    assert found("gable", "health", 1950)[1] == 27
    assert found("shed_metal", "rural_house", 1950)[1] == 6
    assert found("flat", "housing", 1950, gable=5.0).tolist() == [0, 0, 0]


def test_three_points_have_the_mean_and_the_spread():
    three, chance = found("gable", "health", 2000, gable=5.0), np.array(CHANCES)
    assert chance.sum() == pytest.approx(1)
    assert chance @ three == pytest.approx(27)
    assert chance @ (three - 27) ** 2 == pytest.approx(25)
    assert chance @ np.array(POINTS) ** 4 == pytest.approx(3)


def test_a_wide_spread_stays_a_roof():
    assert found("shed_metal", "industrial", 2000, shed_metal=4.0).min() == 0.5


def test_no_prior_passes_for_verified():
    assert not any(card.verified for card in CARDS.cards.values())
