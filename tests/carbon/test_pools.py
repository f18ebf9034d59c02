"""Pools: dead wood, litter, age, shrubs and single trees."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from changping_geo.carbon import pools
from changping_geo.carbon.roots import RootRatios
from changping_geo.carbon.sets import groups_of_scheme
from changping_geo.errors import ColumnError, ParameterError

RAW = Path(__file__).parents[2] / "data_raw" / "methods"


@cache
def table(name):
    return pd.read_csv(RAW / f"carbon_{name}.csv")


def test_dead_wood_and_litter_follow_the_biomass_above_ground():
    dead, litter = pools.dead_organic_matter(np.array([100.0]), pools.factors_of(table("factors")))
    assert dead.tolist() == pytest.approx([3.76])
    assert litter.tolist() == pytest.approx([1.48])


def test_published_unit_case_of_dead_wood_and_litter_in_the_tropics():
    wri = {
        "dead_wood_ratio": 0.02,
        "dead_wood_carbon_fraction": 0.47,
        "litter_ratio": 0.04,
        "litter_carbon_fraction": 0.37,
    }
    assert [float(x) for x in pools.dead_organic_matter(np.array(1.0), wri)] == pytest.approx([0.0094, 0.0148])


def test_a_missing_factor_is_told():
    with pytest.raises(ColumnError, match="lacks litter_ratio"):
        pools.factors_of(table("factors").query("name != 'litter_ratio'"))


def test_shrubs_grow_with_age():
    factors = pools.factors_of(table("factors"))
    assert pools.shrub_carbon(np.array([1.0, 10.0]), factors) == pytest.approx([0.057, 6.3066], abs=1e-3)


def test_stands_without_volume_take_the_figure_of_their_age():
    species = table("species")
    stands = pd.DataFrame(
        {"species": ["pine", "pine", "locust", "oak"], "age_a": [20.0, 21.0, np.nan, 30.0], "origin": "planted"}
    )
    found = pools.density_by_age(
        stands, table("age"), groups_of_scheme(species, "age"), RootRatios(table("roots"), "ipcc2019"),
        groups_of_scheme(species, "roots"), pools.factors_of(table("factors")),
    )  # fmt: skip
    assert found["agb_t_ha"].tolist()[:2] == [34.0, 59.4]
    assert found["agb_t_ha"].isna().tolist() == [False, False, True, True]
    assert found["above"].iloc[0] == pytest.approx(34.0 * 0.47)
    assert found["below"].iloc[0] == pytest.approx(34.0 * 0.224 * 0.47)
    assert found["sd_rel"].iloc[0] == pytest.approx(14.2 / 34.0)


def test_trees_outside_the_fitted_diameters_are_flagged_not_guessed():
    pine = table("trees").query("group == 'pinus_tabuliformis'")
    found, outside = pools.tree_biomass(np.array([10.0, 20.0, 31.0]), pine)
    assert found[:2] == pytest.approx([0.078 * 10**2.481, 0.052 * 20**2.583])
    assert outside.tolist() == [False, False, True]
    larch = table("trees").query("group == 'larix_principis_rupprechtii'")
    assert pools.tree_biomass(np.array([10.0]), larch)[0] == pytest.approx([np.exp(-2.6337 + 2.4436 * np.log(10))])
    with pytest.raises(ParameterError, match="unknown form"):
        pools.tree_biomass(np.array([10.0]), pine.assign(form="cubic"))


def test_a_species_without_a_kind_of_root_is_told():
    stands = pd.DataFrame({"species": ["pine"], "age_a": [10.0]})
    with pytest.raises(ColumnError, match="no root ratio for the species 'pine'"):
        pools.density_by_age(
            stands, table("age"), {"pine": "pinus_tabuliformis"}, RootRatios(table("roots"), "wri"), {},
            pools.factors_of(table("factors")),
        )  # fmt: skip
