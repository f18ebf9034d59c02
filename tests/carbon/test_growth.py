"""Growth curves: the coefficients of north Hebei, anchoring, ages that are missing, and bad tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.carbon.growth import CARDS, Curves, fill_ages, richards
from changping_geo.model import ColumnError

CURVES = pd.DataFrame(
    {
        "curve": ["broadleaf", "conifer", "mixed"],
        "asymptote_m3_ha": [364.306, 480.169, 404.290],
        "b": [1.050, 1.030, 1.021],
        "k_per_a": [0.018, 0.012, 0.010],
        "m": [0.523, 0.318, 0.428],
        "age_max_a": [50.0, 50.0, 50.0],
    }
)
SPECIES = pd.DataFrame(
    {"species": ["oak", "pine", "mixed", "orchard"], "curve": ["broadleaf", "conifer", "mixed", "none"]}
)


def curves():
    return Curves.from_tables(CURVES, SPECIES)


def words(*names):
    return np.array(names, dtype=object)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ("broadleaf", [4.5, 23, 50, 81, 145]),
        ("conifer", [13, 42, 75, 109, 173]),
        ("mixed", [4.5, 17, 34, 54, 96]),
    ],
)
def test_the_curves_of_north_hebei_give_their_volumes_at_10_to_60_years(curve, expected):
    got = curves().volume(words(*[curve] * 5), np.array([10.0, 20, 30, 40, 60]))
    assert got == pytest.approx(expected, abs=0.6)


def test_a_richards_curve_is_zero_before_it_starts_and_nears_its_asymptote():
    age = np.array([0.0, 1000.0])
    got = richards(age, *(np.array(v) for v in (100.0, 1.05, 0.02, 0.5)))
    assert got[0] == 0
    assert got[1] == pytest.approx(100, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    age=st.floats(0, 300),
    step=st.floats(0, 100),
    curve=st.sampled_from(["broadleaf", "conifer", "mixed"]),
)
def test_volume_never_falls_with_age_and_the_limit_only_splits_the_growth(age, step, curve):
    growth = curves()
    low, high = np.array([age]), np.array([age + step])
    grown = growth.increment(words(curve), low, high)
    assert grown.within[0] >= 0
    assert grown.beyond[0] >= 0
    whole = growth.volume(words(curve), high) - growth.volume(words(curve), low)
    assert grown.within + grown.beyond == pytest.approx(whole, abs=1e-9)


def test_growth_above_the_age_limit_stands_apart():
    grown = curves().increment(words("conifer", "conifer"), np.array([30.0, 60.0]), np.array([50.0, 70.0]))
    assert grown.beyond[0] == 0
    assert grown.within[1] == 0
    assert grown.beyond[1] > 0


def test_the_site_factor_is_the_volume_over_the_curves_up_to_a_limit_and_none_for_held_species():
    growth = curves()
    at_40 = growth.volume(words("broadleaf"), np.array([40.0]))[0]
    volume = np.array([at_40 / 2, 1e4, 0.0, 20.0])
    factor = growth.site_factor(words("broadleaf", "broadleaf", "broadleaf", "none"), np.full(4, 40.0), volume, 3.0)
    assert factor == pytest.approx([0.5, 3.0, 0.0, 0.0])


def test_an_unplanted_or_seedling_stand_gets_the_average_site():
    assert curves().site_factor(words("conifer"), np.array([0.0]), np.array([0.0]), 3.0) == pytest.approx([1.0])


def test_stands_without_an_age_get_the_range_of_their_species_by_area():
    species = pd.Series(["oak"] * 4 + ["pine"] * 2)
    age = pd.Series([10.0, 20.0, 90.0, np.nan, 30.0, np.nan])
    area = pd.Series([1.0, 8.0, 1.0, 5.0, 1.0, 1.0])
    ages = fill_ages(species, age, area)
    assert ages.assumed.tolist() == [False, False, False, True, False, True]
    assert (ages.low[3], ages.central[3], ages.high[3]) == (10.0, 20.0, 20.0)
    assert ages.low[0] == ages.high[0] == 10.0
    assert ages.table.loc["oak", "stands"] == 1


def test_a_species_that_has_no_age_at_all_takes_that_of_all_stands_and_says_so():
    ages = fill_ages(pd.Series(["oak", "pine"]), pd.Series([10.0, np.nan]), pd.Series([1.0, 1.0]))
    assert ages.table.loc["pine", "basis"] == "all species"
    assert ages.central[1] == 10.0


def test_no_age_in_the_whole_layer_is_refused():
    with pytest.raises(ColumnError, match="no stand has an age"):
        fill_ages(pd.Series(["oak"]), pd.Series([np.nan]), pd.Series([1.0]))


def test_negative_ages_are_refused_with_their_rows():
    with pytest.raises(ColumnError, match=r"1 stands .*rows 1"):
        fill_ages(pd.Series(["oak", "oak"]), pd.Series([1.0, -2.0]), pd.Series([1.0, 1.0]))


def test_unknown_species_are_told_with_their_counts_and_the_remedy():
    with pytest.raises(
        ColumnError, match=r"forest: no growth curve for the species 'ginkgo' \(2 stands\).*growth_species"
    ):
        curves().of_species(["oak", "ginkgo", "ginkgo"])


def test_all_faults_of_the_growth_tables_are_told_at_once():
    bad = CURVES.assign(k_per_a=[0.018, -1.0, np.nan])
    species = pd.DataFrame({"species": ["oak", "oak"], "curve": ["broadleaf", "bamboo"]})
    with pytest.raises(ColumnError) as told:
        Curves.from_tables(bad, species)
    for word in ("'conifer' needs positive", "'mixed' has coefficients", "'oak' is given twice", "'bamboo'"):
        assert word in str(told.value)


def test_tables_without_their_columns_are_refused():
    with pytest.raises(ColumnError, match="lacks the column 'age_max_a'"):
        Curves.from_tables(CURVES.drop(columns="age_max_a"), SPECIES)


def test_every_unsure_figure_of_growth_has_a_range():
    assert all(card.low < card.value < card.high for card in CARDS.cards.values())
