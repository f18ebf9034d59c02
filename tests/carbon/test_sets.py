"""Parameter sets: the shipped tables give the figures of their sources, and a basis cannot be mistaken."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.carbon import pools
from changping_geo.carbon.roots import RootRatios
from changping_geo.carbon.sets import Basis, LineSet, StepSet, groups_of_scheme, parameter_sets
from changping_geo.carbon.units import co2_of
from changping_geo.errors import ColumnError, ParameterError

RAW = Path(__file__).parents[2] / "data_raw" / "methods"


@cache
def table(name):
    return pd.read_csv(RAW / f"carbon_{name}.csv")


def roots(name="ipcc2019"):
    return RootRatios(table("roots"), name)


@cache
def shipped(**more):
    return parameter_sets(table("volume"), table("bcef"), table("species"), roots(), **more)


def words(*items):
    return np.array(items, dtype=object)


def density(name, species, volume, fraction=None):
    stands = pd.DataFrame({"species": species, "volume_m3_ha": np.asarray(volume, dtype=float)})
    kinds = groups_of_scheme(table("species"), "roots")
    factors = pools.factors_of(table("factors"))
    return pools.stand_density(stands, shipped()[name], roots(), kinds, factors, fraction)


def test_zhang_is_first_and_fang_is_unverified():
    sets = shipped()
    assert list(sets) == ["zhang2013", "fang2001", "ipcc"]
    assert sets["zhang2013"].unverified == []
    assert "populus" in sets["fang2001"].unverified
    assert [sets[name].basis for name in sets] == [Basis.TOTAL, Basis.TOTAL, Basis.ABOVE]


@pytest.mark.parametrize(
    ("name", "species", "expected"),
    [
        ("zhang2013", "platycladus", [17.7, 22.1, 25.5, 39.7]),
        ("zhang2013", "pine", [8.3, 15.2, 20.6, 43.0]),
        ("zhang2013", "oak", [12.3, 19.3, 24.8, 47.6]),
        ("zhang2013", "poplar", [8.9, 14.5, 18.9, 37.0]),
        ("zhang2013", "locust", [18.7, 26.7, 32.9, 58.8]),
        ("fang2001", "platycladus", [26.1, 31.7, 35.9, 53.7]),
        ("fang2001", "pine", [6.3, 13.1, 18.4, 40.3]),
        ("fang2001", "oak", [10.0, 20.3, 28.3, 61.5]),
        ("fang2001", "poplar", [17.7, 22.0, 25.3, 39.1]),
    ],
)
def test_carbon_at_low_volumes_is_that_of_the_sources(name, species, expected):
    found = density(name, [species] * 4, [10, 28, 42, 100], 0.5)
    assert (found["above"] + found["below"]).to_numpy() == pytest.approx(expected, abs=0.06)


def test_shandong_poplar_both_ways():
    forward = density("zhang2013", ["poplar"], [71.7], 0.5)
    per_ha = float((forward["above"] + forward["below"]).iloc[0])
    assert per_ha == pytest.approx(28.14, abs=0.01)
    assert per_ha * 915_200 / 1e6 == pytest.approx(25.75, abs=0.02)
    row = table("volume").query("set == 'zhang2013' and group == 'populus'").iloc[0]
    assert (25.75e6 / 915_200 / 0.5 - row["b"]) / row["a"] == pytest.approx(71.7, abs=0.05)


@pytest.mark.parametrize(("species", "volume", "expected"), [("oak", 24, 17.9), ("platycladus", 29.5, 22.4)])
def test_other_woods_of_shandong(species, volume, expected):
    found = density("zhang2013", [species], [volume], 0.5)
    assert float((found["above"] + found["below"]).iloc[0]) == pytest.approx(expected, abs=0.2)


def test_worked_example_of_the_ipcc():
    # 4.0 t/ha on 100,000 ha of pine, roots 0.29, carbon 0.47; harvest of 1,000 m3; disturbance of 2,000 ha, 30 % lost.
    assert sum(pools.carbon_above_below(np.array(100_000 * 4.0), 0.29, 0.47)) == pytest.approx(242_520)
    pines = table("bcef").query("group == 'pines' and volume_to_m3_ha == 40").iloc[0]
    assert sum(pools.carbon_above_below(np.array(1000 * pines["bcef_r"]), 0.29, 0.47)) == pytest.approx(
        672.99, abs=0.01
    )
    assert sum(pools.carbon_above_below(np.array(2000 * 4.0 * 0.3), 0.29, 0.47)) == pytest.approx(1455.12)
    assert roots("ipcc2006").ratio(words("conifer"), words(""), np.array([60.0])) == pytest.approx([0.29])
    steps = shipped(steps=True)["ipcc"]
    assert steps.biomass(words("pine"), np.array([40.0]))[0] == pytest.approx([40.0])


def test_steps_are_not_monotone_and_the_joined_factors_are():
    volume = np.array([20.0, 21.0])
    assert shipped(steps=True)["ipcc"].biomass(words("oak", "oak"), volume)[0] == pytest.approx([60.0, 35.7])
    grid = np.linspace(0.1, 600, 5000)
    for species in ("oak", "pine", "larch"):
        found = shipped()["ipcc"].biomass(np.full(5000, species, dtype=object), grid)[0]
        assert (np.diff(found) > 0).all()


def test_factors_that_fall_too_fast_are_refused():
    wild = table("bcef").assign(bcef_s=lambda t: t["bcef_s"] / (1 + t["volume_above_m3_ha"]) ** 2)
    sets = parameter_sets(table("volume"), wild, table("species"), roots())
    with pytest.raises(ColumnError, match="fall faster"):
        sets["ipcc"].biomass(words("oak"), np.array([50.0]))


def test_a_set_of_whole_trees_refuses_root_ratios_and_one_above_ground_needs_them():
    line = shipped()["zhang2013"]
    with pytest.raises(ParameterError, match="count them twice"):
        LineSet("zhang2013", Basis.TOTAL, line.groups, line.rows, roots())
    step = shipped()["ipcc"]
    with pytest.raises(ParameterError, match="give it root ratios"):
        StepSet("ipcc", Basis.ABOVE, step.groups, step.rows)
    with pytest.raises(ParameterError, match="without branches"):
        LineSet("stems", Basis.STEM, line.groups, line.rows, roots())
    with pytest.raises(ParameterError, match="unknown basis"):
        Basis.parse("all")


def test_whole_trees_are_parted_not_enlarged():
    found = density("zhang2013", ["pine"], [50.0])
    whole = (0.7709 * 50 + 8.8631) * 0.47
    assert float((found["above"] + found["below"]).iloc[0]) == pytest.approx(whole)
    # No origin: the mean of 0.243 (natural) and 0.224 (planted).
    assert float((found["below"] / found["above"]).iloc[0]) == pytest.approx(0.2335)


def test_every_species_of_the_forest_layer_has_a_group_in_every_set():
    for found in shipped().values():
        assert set(found.groups) == set(shipped()["zhang2013"].groups)
    with pytest.raises(ColumnError, match="no group for the species 'bamboo'"):
        shipped()["zhang2013"].groups_of(words("pine", "bamboo"))


def test_a_table_that_contradicts_itself_is_refused():
    species = pd.concat([table("species"), table("species").head(1)])
    with pytest.raises(ColumnError, match="two groups"):
        groups_of_scheme(species, "zhang2013")
    mixed = table("volume").copy()
    mixed.loc[0, "basis"] = "above_ground"
    with pytest.raises(ColumnError, match="mixes bases"):
        parameter_sets(mixed, table("bcef"), table("species"), roots())
    with pytest.raises(ParameterError, match="known are"):
        roots("nobody")
    torn = table("volume").copy()
    torn.loc[0, "group"] = "cedar"
    with pytest.raises(ColumnError, match="lacks: cypress"):
        parameter_sets(torn, table("bcef"), table("species"), roots())


def test_a_negative_biomass_is_refused():
    other = table("volume").copy()
    other.loc[other["group"] == "oak_deciduous", ["a", "b"]] = [1.3288, -3.8999]
    sets = parameter_sets(other, table("bcef"), table("species"), roots())
    with pytest.raises(ColumnError, match="negative biomass at a volume of 2 m3/ha"):
        sets["fang2001"].biomass(words("oak"), np.array([2.0]))


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 300), st.floats(0.1, 300), st.sampled_from(["zhang2013", "fang2001", "ipcc"]))
def test_more_wood_holds_more_carbon(one, two, name):
    low, high = sorted([one, two + max(one, two) * 1e-3])
    found = density(name, ["oak", "oak"], [low, high])
    whole = (found["above"] + found["below"]).to_numpy()
    assert whole[0] <= whole[1]


def test_no_wood_holds_no_carbon():
    found = density("zhang2013", ["pine"], [0.0])
    assert found[["above", "below", "dead_wood", "litter"]].to_numpy().tolist() == [[0.0, 0.0, 0.0, 0.0]]


def test_a_ratio_without_a_row_is_told():
    with pytest.raises(ColumnError, match="no row for oak at 20"):
        roots("ipcc2006").ratio(words("oak"), words(""), np.array([20.0]))
    assert roots("wri").ratio(words("oak"), words(""), np.array([0.0])) == pytest.approx([0.26])


def test_carbon_dioxide_is_44_over_12_once():
    assert co2_of(12.0) == 44.0
    assert co2_of(np.array([3.0])).tolist() == [11.0]
