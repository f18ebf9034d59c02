"""Correlated draws: hand-computed quantiles, conservation, and what must not change them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.draws import even_draws
from changping_geo.model import ColumnError, ParameterError
from changping_geo.solar.draws import Range, ranges_of, triangular
from changping_geo.solar.ranking import ranking_agreement, ranking_stability
from changping_geo.solar.uncertainty import CARDS, ON_ENERGY, shared_ranges, town_draws, uncertainty_by_town
from changping_geo.solar.usable import CARDS as USABLE

TOWNS = pd.DataFrame({"town_code": ["a", "b"], "name_zh": ["甲", "乙"], "name_en": ["A", "B"]})
HALF = {"flat": Range(0.3, 0.5, 0.7)}


def roofs(*rows):
    """Town, class and capacity [kW] of each roof; 1.2 MWh and 0.6 t of it per kW."""
    frame = pd.DataFrame(rows, columns=["town_code", "roof_class", "pv_capacity_kw"])
    return frame.assign(pv_energy_mwh_a=frame.pv_capacity_kw * 1.2, co2_avoided_t_a=frame.pv_capacity_kw * 0.6)


def many(n, seed=3):
    rng = np.random.default_rng(seed)
    towns = rng.choice(np.array(["a", "b", None], object), n, p=[0.5, 0.4, 0.1])
    return roofs(*zip(towns, rng.choice(["flat", "metal", "gable"], n), rng.lognormal(3, 1, n), strict=True))


THREE = {"flat": Range(0.3, 0.5, 0.7), "metal": Range(0.5, 0.7, 0.8), "gable": Range(0.2, 0.5, 0.6)}


def width(found, what="pv_energy_mwh_a"):
    return (found[f"{what}_p90"] - found[f"{what}_p10"]) / found[f"{what}_p50"]


def test_the_triangle_by_hand():
    """0 to 2 with its peak at 1: an eighth lies below a half; half below the peak; 0 to 1 peak 0: 1 - sqrt(1 - u)."""
    found = triangular(np.array([0.0, 0.125, 0.5, 0.875, 1.0]), Range(0, 1, 2))
    np.testing.assert_allclose(found, [0, 0.5, 1, 1.5, 2], rtol=1e-14)
    np.testing.assert_allclose(triangular(np.array([0.0, 0.75, 1.0]), Range(0, 0, 1)), [0, 0.5, 1], rtol=1e-14)
    np.testing.assert_allclose(triangular(np.array([0.0, 0.25, 1.0]), Range(0, 1, 1)), [0, 0.5, 1], rtol=1e-14)
    np.testing.assert_array_equal(triangular(np.array([0.1, 0.9]), Range(3, 3, 3)), 3.0)


def test_two_towns_and_one_class_follow_the_triangle_and_add_up_even_in_their_percentiles():
    """One class, nothing else unsure: town and district are the central figure times triangle / 0.5."""
    table = roofs(("a", "flat", 100.0), ("b", "flat", 300.0))
    found = uncertainty_by_town(table, HALF, TOWNS, shared={}, draws=10_000)
    expected = triangular(np.array([0.1, 0.5, 0.9]), HALF["flat"]) / 0.5
    for place, central in (("a", 100.0), ("b", 300.0), ("outside", 0.0), ("district", 400.0)):
        got = found.loc[place, [f"pv_capacity_kw_{p}" for p in ("p10", "p50", "p90")]].to_numpy(float)
        np.testing.assert_allclose(got, central * expected, rtol=1e-4)
    energy = found.loc["district", ["pv_energy_mwh_a_p10", "pv_energy_mwh_a_p90"]].to_numpy(float)
    np.testing.assert_allclose(energy, 480.0 * expected[[0, 2]], rtol=1e-4)


def test_many_roofs_of_one_class_are_no_surer_than_one():
    one = uncertainty_by_town(roofs(("a", "flat", 1000.0)), HALF, TOWNS)
    thousand = uncertainty_by_town(roofs(*[("a", "flat", 1.0)] * 1000), HALF, TOWNS)
    np.testing.assert_allclose(width(thousand)["district"], width(one)["district"], rtol=1e-9)


def test_independent_draws_would_make_the_district_look_certain():
    table = roofs(*[("a", "flat", 1.0)] * 500, *[("b", "flat", 1.0)] * 500)
    together = width(uncertainty_by_town(table, HALF, TOWNS, shared={}))
    apart = table.assign(roof_class=[f"roof {i}" for i in range(1000)])
    alone = width(uncertainty_by_town(apart, dict.fromkeys(apart.roof_class, HALF["flat"]), TOWNS, shared={}))
    assert together["district"] > 20 * alone["district"]
    assert together["district"] == pytest.approx(together["a"], rel=1e-9)


def test_what_is_shared_is_wide_in_the_district_as_in_its_towns():
    """Two classes apart in two towns: their errors cancel in part, the light's do not."""
    table = roofs(("a", "flat", 100.0), ("b", "metal", 100.0))
    light = {"irradiation": Range(0.5, 1.0, 1.5)}
    sure = {"flat": Range(1, 1, 1), "metal": Range(1, 1, 1)}
    shared = width(uncertainty_by_town(table, sure, TOWNS, shared=light))
    assert shared["district"] == pytest.approx(shared["a"], rel=1e-9)
    apart = width(uncertainty_by_town(table, THREE, TOWNS, shared={}))
    assert apart["district"] < max(apart["a"], apart["b"])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 60))
def test_in_every_draw_the_towns_are_the_district(seed, n):
    table = many(n, seed)
    _, drawn = town_draws(table, THREE, TOWNS, draws=50, seed=seed)
    _, whole = town_draws(table.assign(town_code="a"), THREE, TOWNS, draws=50, seed=seed)
    for name, values in drawn.items():
        np.testing.assert_allclose(values[:-1].sum(axis=0), whole[name][0], rtol=1e-9)
        np.testing.assert_allclose(values[-1], whole[name][-1], rtol=1e-9)


def test_a_seed_repeats_and_another_differs():
    table = many(200)
    first = uncertainty_by_town(table, THREE, TOWNS, seed=4)
    pd.testing.assert_frame_equal(first, uncertainty_by_town(table, THREE, TOWNS, seed=4))
    other = uncertainty_by_town(table, THREE, TOWNS, seed=5)
    assert not first.equals(other)
    np.testing.assert_allclose(other.filter(like="_p").iloc[-1], first.filter(like="_p").iloc[-1], rtol=0.02)


def test_the_order_of_towns_and_roofs_changes_nothing():
    table = many(300)
    expected = uncertainty_by_town(table, THREE, TOWNS)
    mixed = table.sample(frac=1, random_state=1)
    found = uncertainty_by_town(mixed, dict(reversed(THREE.items())), TOWNS.iloc[::-1])
    pd.testing.assert_frame_equal(found.loc[expected.index], expected, rtol=1e-12)
    order = ranking_stability(table, THREE, TOWNS)
    pd.testing.assert_frame_equal(ranking_stability(mixed, THREE, TOWNS.iloc[::-1]), order, rtol=1e-12)


def test_a_class_more_does_not_move_the_draws_of_the_others():
    _, few = town_draws(roofs(("a", "flat", 1.0)), THREE, TOWNS, draws=50)
    _, more = town_draws(roofs(("a", "flat", 1.0), ("b", "metal", 1.0)), THREE, TOWNS, draws=50)
    np.testing.assert_array_equal(more["pv_energy_mwh_a"][0], few["pv_energy_mwh_a"][0])


def test_ranges_without_width_give_the_central_figure():
    table = many(100)
    sure = {kind: Range(b.central, b.central, b.central) for kind, b in THREE.items()}
    fixed = {name: Range(b.central, b.central, b.central) for name, b in shared_ranges().items()}
    totals, drawn = town_draws(table, sure, TOWNS, shared=fixed, draws=20)
    found = uncertainty_by_town(table, sure, TOWNS, shared=fixed, draws=20)
    for name, values in drawn.items():
        np.testing.assert_allclose(values, np.repeat(totals[[name]].to_numpy(), 20, axis=1), rtol=1e-12)
    np.testing.assert_allclose(width(found), 0.0, atol=1e-12)


def test_capacity_does_not_hang_on_the_light():
    wide = {"irradiation": Range(0.1, 1.0, 3.0), "system_loss": Range(0, 14, 90)}
    table = many(50)
    sure = {kind: Range(1, 1, 1) for kind in THREE}
    found = uncertainty_by_town(table, sure, TOWNS, shared=wide)
    np.testing.assert_allclose(width(found, "pv_capacity_kw"), 0.0, atol=1e-12)
    assert (width(found) > 0.5).all()
    np.testing.assert_allclose(found["co2_avoided_t_a_p90"], found["pv_energy_mwh_a_p90"] / 2, rtol=1e-9)


def test_a_greater_loss_means_less_energy():
    table = roofs(("a", "flat", 1.0))
    sure = {"flat": Range(1, 1, 1)}
    _, drawn = town_draws(table, sure, TOWNS, shared={"system_loss": Range(14, 14, 57)}, draws=1000)
    assert drawn["pv_energy_mwh_a"][0].max() <= 1.2
    assert drawn["pv_energy_mwh_a"][0].min() == pytest.approx(0.6, rel=0.05)


def test_draws_fill_the_range_evenly():
    found = np.sort(even_draws("any", 100, 1))
    assert ((found * 100).astype(int) == np.arange(100)).all()
    assert np.corrcoef(even_draws("one", 1000, 1), even_draws("other", 1000, 1))[0, 1] == pytest.approx(0, abs=0.12)


def test_many_years_swing_less_than_one():
    one, many_years = shared_ranges()["interannual"], shared_ranges(25)["interannual"]
    assert one.high - 1 == pytest.approx(5 * (many_years.high - 1))
    assert set(shared_ranges()) == set(ON_ENERGY)
    assert shared_ranges(module_density=220.0)["module_density"].central == 220.0


def test_a_part_that_classes_share_is_drawn_once_for_all_of_them():
    """Obstacles of flat roofs: two uses, one draw; so two towns of different use keep their places."""
    clear = {"clear.flat": Range(0.6, 0.8, 0.9)}
    table = roofs(("a", "homes", 100.0), ("b", "shops", 90.0))
    found = uncertainty_by_town(table, {"homes": clear, "shops": clear}, TOWNS, shared={})
    assert width(found)["district"] == pytest.approx(width(found)["a"], rel=1e-9)
    assert ranking_stability(table, {"homes": clear, "shops": clear}, TOWNS)["same_rank_share"].tolist() == [1.0, 1.0]


def test_parts_of_a_class_multiply():
    parts = {"flat": {"share": Range(0.5, 0.5, 1.0), "clear": Range(0.5, 0.5, 1.0)}}
    _, drawn = town_draws(roofs(("a", "flat", 1.0)), parts, TOWNS, shared={}, draws=50)
    one = triangular(even_draws("share", 50, 1), Range(1, 1, 2)) * triangular(
        even_draws("clear", 50, 1), Range(1, 1, 2)
    )
    np.testing.assert_allclose(drawn["pv_capacity_kw"][0], one, rtol=1e-12)


def test_the_cards_of_usable_share_give_ranges():
    ranges = ranges_of(USABLE, "usable_share", {"public_flat": 0.77})
    assert ranges["public_flat"].central == 0.77
    assert all(b.low <= b.central <= b.high for b in ranges.values())


def test_a_town_far_ahead_is_always_first():
    table = roofs(("a", "flat", 10.0), ("b", "metal", 1.0))
    found = ranking_stability(table, THREE, TOWNS)
    assert found.index.tolist() == ["a", "b"]
    assert found["rank_mean"].tolist() == [1.0, 2.0]
    assert found["same_rank_share"].tolist() == [1.0, 1.0]
    agreed = ranking_agreement(table, THREE, TOWNS).iloc[0]
    assert agreed["kendall_tau_p10"] == agreed["same_order_share"] == 1.0


def test_equal_towns_of_different_classes_change_places():
    same = {"flat": Range(0.3, 0.5, 0.7), "metal": Range(0.3, 0.5, 0.7)}
    found = ranking_stability(roofs(("a", "flat", 1.0), ("b", "metal", 1.0)), same, TOWNS, draws=4000)
    assert found["rank_central"].tolist() == [1, 1]
    assert found["rank_mean"].tolist() == pytest.approx([1.5, 1.5], abs=0.05)


def test_towns_of_one_class_keep_their_places_however_unsure_it_is():
    wide = {"flat": Range(0.0001, 0.5, 1.0)}
    found = ranking_stability(roofs(("a", "flat", 1.0), ("b", "flat", 1.1)), wide, TOWNS)
    assert found["same_rank_share"].tolist() == [1.0, 1.0]
    assert found.loc["b", "rank_p90"] == 1


def test_three_towns_and_kendall_by_hand():
    """Central order c > b > a; where only the last two change places tau is 1/3."""
    towns = pd.DataFrame({"town_code": list("abc"), "name_zh": list("甲乙丙"), "name_en": list("ABC")})
    table = roofs(("a", "x", 1.0), ("b", "y", 1.1), ("c", "z", 100.0))
    ranges = {"x": Range(0.5, 1.0, 1.5), "y": Range(1, 1, 1), "z": Range(1, 1, 1)}
    changed = (triangular(np.linspace(0, 1, 200_001), ranges["x"]) > 1.1).mean()
    found = ranking_stability(table, ranges, towns, draws=5000)
    assert found.loc["b", "same_rank_share"] == pytest.approx(1 - changed, abs=1e-3)
    assert found["top3_share"].tolist() == [1.0] * 3
    agreed = ranking_agreement(table, ranges, towns, draws=5000).iloc[0]
    assert agreed["kendall_tau_p10"] == pytest.approx(1 / 3)
    assert agreed["kendall_tau_p90"] == pytest.approx(1.0)
    assert agreed["same_order_share"] == pytest.approx(1 - changed, abs=1e-3)


def test_no_roofs_give_nothing_and_no_error():
    found = uncertainty_by_town(roofs().astype({"pv_capacity_kw": float}), THREE, TOWNS)
    assert (found.filter(like="_p") == 0).all(axis=None)


def test_what_is_missing_or_out_of_bounds_is_refused():
    table = roofs(("a", "flat", 1.0))
    with pytest.raises(ColumnError, match="roof_class"):
        uncertainty_by_town(table.drop(columns="roof_class"), HALF, TOWNS)
    with pytest.raises(ColumnError, match="'metal'"):
        uncertainty_by_town(roofs(("a", "metal", 1.0)), HALF, TOWNS)
    with pytest.raises(ParameterError, match=r"(?s)weather.*3 draws.*negative"):
        uncertainty_by_town(table, HALF, TOWNS, shared={"weather": Range(1, 1, 1)}, draws=3, seed=-1)
    with pytest.raises(ParameterError, match="flat"):
        uncertainty_by_town(table, {"flat": Range(0.9, 0.5, 0.7)}, TOWNS)
    with pytest.raises(ParameterError, match="100"):
        uncertainty_by_town(table, HALF, TOWNS, shared={"system_loss": Range(0, 10, 100)})
    with pytest.raises(ParameterError, match="known are"):
        shared_ranges(weather=1.0)
    with pytest.raises(ParameterError, match="rise"):
        triangular(np.array(0.5), Range(2, 1, 3))


def test_every_card_lies_inside_its_range():
    for card in CARDS.cards.values():
        assert card.low <= card.value <= card.high
