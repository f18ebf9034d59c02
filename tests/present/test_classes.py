from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import SpecError
from changping_geo.present.classes import PALETTES, classify, range_labels

NUMBERS = st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")), max_size=60)


def test_breaks_are_round_and_labels_follow_the_unit_of_each_language():
    kw = [4_870, 9_120, 13_240, 17_980, 23_310, 31_200, 42_950]
    classes = classify(kw, 3, scale_zh=1e-4, scale_en=1e-3)
    assert classes.edges == (4500, 13000, 23000, 45000)
    assert classes.labels_zh == ("< 1.3", "1.3 – 2.3", "≥ 2.3")
    assert classes.labels_en == ("< 13", "13 – 23", "≥ 23")


def test_quantile_classes_hold_about_as_many_rows_each():
    values = np.random.default_rng(1).lognormal(2, 1, 10_000)
    counts = np.bincount(classify(values, 5).index(values), minlength=5)
    assert counts.min() > 1500


@pytest.mark.parametrize("kind", ["quantile-rounded", "equal"])
@settings(max_examples=60)
@given(values=NUMBERS, n=st.integers(1, 9))
def test_every_value_has_a_class_and_edges_rise(kind, values, n):
    classes = classify(values, n, kind)
    index = classes.index(values)
    known = np.isfinite(values)
    assert np.all(index[~known] == -1)
    assert np.all((index[known] >= 0) & (index[known] < len(classes.colours)))
    assert list(classes.edges) == sorted(classes.edges)
    assert len(classes.edges) - 1 == len(classes.colours) == len(classes.labels_zh) == len(classes.labels_en) <= n


def test_a_column_without_values_still_has_a_legend():
    assert classify([], 5).labels_en == ("no data",)


def test_colours_darken_evenly_enough_for_a_grey_print():
    for ramp in PALETTES.values():
        rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in ramp])
        assert np.all(np.diff(rgb @ [0.299, 0.587, 0.114]) < -8)


def test_range_labels():
    assert range_labels((0, 1000, 2500, 9000)) == ("< 1,000", "1,000 – 2,500", "≥ 2,500")


def test_unknown_words_are_named_all_at_once():
    with pytest.raises(SpecError, match=r"'best'[\s\S]*'rainbow'[\s\S]*12 classes"):
        classify([1, 2], 12, "best", palette="rainbow")


def test_natural_breaks_part_what_lies_apart():
    values = [1, 2, 3, 101, 102, 103, 5001, 5002]
    assert np.bincount(classify(values, 3, "jenks").index(values)).tolist() == [3, 3, 2]


def test_equal_ratios_tell_small_from_large_where_most_rows_are_small():
    many_houses = np.full(9500, 6.0) * np.linspace(0.5, 1.5, 9500)
    few_sheds = np.geomspace(20, 2000, 500)
    classes = classify(np.concatenate([many_houses, few_sheds]), n=6, kind="geometric")
    assert set(classes.index(few_sheds)) >= {2, 3, 4, 5}
    assert len(classes.colours) == 6
