"""Intervals: shared errors do not cancel, single stands' errors do, and draws agree with the exact variance."""

import numpy as np
import pandas as pd
import pytest

from changping_geo.carbon import uncertainty
from changping_geo.carbon.stock import Stock, together
from changping_geo.errors import ParameterError, ResultError

CODES = ["a", "b"]
HOW = {"correlation": 0.5, "draws": 4000, "seed": 1}


def stock(rows, spreads):
    frame = pd.DataFrame(rows, columns=["town_code", "pool", "t_c", "factors"]).assign(tier="stands", kind="x")
    return Stock(frame, pd.DataFrame(columns=["town_code", "tier", "kind", "area_ha"]), spreads)


def two_towns():
    return stock(
        [
            ("a", "above", 100.0, ("line:pine", "volume", "stands:a", "carbon_fraction")),
            ("a", "above", 50.0, ("line:oak", "carbon_fraction")),
            ("b", "above", 40.0, ("line:pine", "carbon_fraction")),
            ("b", "dead_wood", 4.0, ("line:pine", "dead")),
            ("b", "soil", 999.0, ("soil",)),
        ],
        {"line:pine": 0.1, "line:oak": 0.2, "volume": 0.05, "stands:a": 0.02, "carbon_fraction": 0.04, "dead": 0.5,
         "soil": 0.4},
    )  # fmt: skip


def test_draws_agree_with_the_exact_variance():
    drawn = uncertainty.drawn_towns(two_towns(), CODES, **HOW)
    exact = uncertainty.variance_of(two_towns(), CODES, correlation=0.5)
    assert drawn.mean(axis=1)[[0, 1, 3]] == pytest.approx([150, 44, 194], rel=0.005)
    assert drawn.var(axis=1)[[0, 1, 3]] == pytest.approx(exact[[0, 1, 3]], rel=0.06)
    assert drawn[2].tolist() == [0.0] * 4000


def test_variance_of_one_factor_is_that_of_the_formula():
    one = stock(
        [("a", "above", 10.0, ("line:pine",)), ("b", "above", 30.0, ("line:oak",))], {"line:pine": 0.1, "line:oak": 0.1}
    )
    apart = uncertainty.variance_of(one, CODES, correlation=0.0)
    assert apart == pytest.approx([1.0, 9.0, 0.0, 10.0])
    assert uncertainty.variance_of(one, CODES, correlation=1.0)[-1] == pytest.approx(16.0)


def test_towns_add_up_in_every_draw():
    drawn = uncertainty.drawn_towns(two_towns(), CODES, **HOW)
    assert drawn[-1] == pytest.approx(drawn[:-1].sum(axis=0), rel=1e-12)


def test_splitting_a_row_changes_nothing():
    whole = stock([("a", "above", 10.0, ("line:pine",))], {"line:pine": 0.3})
    split = stock([("a", "above", 4.0, ("line:pine",)), ("a", "above", 6.0, ("line:pine",))], {"line:pine": 0.3})
    assert uncertainty.drawn_towns(split, CODES, **HOW) == pytest.approx(uncertainty.drawn_towns(whole, CODES, **HOW))


def test_an_interval_holds_its_middle_and_other_factors_do_not_move_a_draw():
    table = uncertainty.intervals(uncertainty.drawn_towns(two_towns(), CODES, **HOW), CODES)
    held = table.loc[["a", "b", "district"]]
    assert (held["plants_p10"] < held["plants_p50"]).all()
    assert (held["plants_p50"] < held["plants_p90"]).all()
    one = uncertainty.draw_factors({"line:pine": 0.1}, 0.5, 50, 3)
    two = uncertainty.draw_factors({"line:oak": 0.4, "line:pine": 0.1}, 0.5, 50, 3)
    assert one["line:pine"].tolist() == two["line:pine"].tolist()


def test_groups_of_a_family_are_correlated():
    drawn = uncertainty.draw_factors({"line:a": 0.2, "line:b": 0.2, "dead": 0.2}, 0.5, 4000, 1)
    table = np.corrcoef(np.log([drawn["line:a"], drawn["line:b"], drawn["dead"]]))
    assert table[0, 1] == pytest.approx(0.5, abs=0.04)
    assert table[0, 2] == pytest.approx(0.0, abs=0.05)


def test_ranks_far_apart_are_kept_and_close_ones_are_not():
    drawn = np.array([[10.0, 10, 10, 10], [5, 5, 5, 5], [4.9, 5.1, 5.1, 4.9], [0, 0, 0, 0], [0, 0, 0, 0]])
    found = uncertainty.rank_stability(drawn, np.array([10.0, 5.0, 4.9]), ["a", "b", "c"])
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["rank_kept"].tolist() == [1.0, 0.5, 0.5]


def test_bad_settings_and_rows_are_told():
    with pytest.raises(ParameterError, match=r"dead: spread -1.*correlation 2.*3 draws"):
        uncertainty.draw_factors({"dead": -1.0}, 2.0, 3, 1)
    with pytest.raises(ResultError, match="without a spread: roots; rows of unknown towns"):
        uncertainty.drawn_towns(stock([("z", "above", 1.0, ("roots",))], {}), CODES, **HOW)
    with pytest.raises(ResultError, match="two spreads: dead"):
        together(stock([], {"dead": 0.1}), stock([], {"dead": 0.2}))
