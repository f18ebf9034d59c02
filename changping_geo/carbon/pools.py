"""Pools of carbon: living trees above and below ground, dead wood, litter, soil, urban trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from changping_geo.carbon.roots import RootRatios
    from changping_geo.carbon.sets import ParameterSet

Floats = NDArray[np.float64]

POOLS = {
    "above": ("地上生物量", "above ground"),
    "below": ("地下生物量", "below ground"),
    "dead_wood": ("枯死木", "dead wood"),
    "litter": ("枯落物", "litter"),
    "soil": ("土壤", "soil"),
    "urban_trees": ("城市树木", "urban trees"),
}
LIVING = ("above", "below")
DEAD = ("dead_wood", "litter")
#: How a stand's carbon was found.
BY_VOLUME, BY_AGE = "volume", "age"

FACTORS = (
    "carbon_fraction",
    "dead_wood_ratio",
    "dead_wood_carbon_fraction",
    "litter_ratio",
    "litter_carbon_fraction",
    "shrub_factor",
    "shrub_power",
)


def factors_of(table: pd.DataFrame) -> dict[str, float]:
    """Return the factors of pools by name.

    Parameters
    ----------
    table : DataFrame
        ``name`` and ``value``.

    Raises
    ------
    ColumnError
        If one is missing or given twice.
    """
    out = dict(zip(table["name"].astype(str), table["value"].astype(float), strict=True))
    missing = [name for name in FACTORS if name not in out]
    if missing or len(out) < len(table):
        raise ColumnError(f"the table of pool factors lacks {', '.join(missing) or 'nothing'}, or names one twice")
    return out


def carbon_above_below(above: Floats, ratio: Floats | float, fraction: Floats | float) -> tuple[Floats, Floats]:
    """Return carbon above and below ground from biomass above ground.

    Parameters
    ----------
    above : ndarray
        Dry biomass above ground. [t, or t/ha]
    ratio : ndarray or float
        Root ratio. [1]
    fraction : ndarray or float
        Carbon fraction. [1]

    Returns
    -------
    above, below : ndarray
        [t C, or t C/ha]

    References
    ----------
    IPCC 2006 Guidelines, vol. 4, chapter 4
    """
    return above * fraction, above * ratio * fraction


def dead_organic_matter(above: Floats, factors: Mapping[str, float]) -> tuple[Floats, Floats]:
    """Return carbon of dead wood and of litter, from dry biomass above ground.

    Parameters
    ----------
    above : ndarray
        Dry biomass above ground. [t/ha]
    factors : mapping
        Of `factors_of`. [1]

    Returns
    -------
    dead_wood, litter : ndarray
        [t C/ha]
    """
    return (
        above * factors["dead_wood_ratio"] * factors["dead_wood_carbon_fraction"],
        above * factors["litter_ratio"] * factors["litter_carbon_fraction"],
    )


def shrub_carbon(age: Floats, factors: Mapping[str, float]) -> Floats:
    """Return carbon of shrubs by age. [a -> t C/ha]"""
    out: Floats = factors["shrub_factor"] * age ** factors["shrub_power"]
    return out


def stand_density(
    stands: pd.DataFrame,
    chosen: ParameterSet,
    split: RootRatios,
    kinds: Mapping[str, str],
    factors: Mapping[str, float],
    carbon_fraction: float | None = None,
) -> pd.DataFrame:
    """Return carbon per hectare of stands with a volume.

    Parameters
    ----------
    stands : DataFrame, shape (n,)
        ``species``, ``volume_m3_ha`` [m3/ha] and, where there is one, ``origin``.
    chosen : ParameterSet
        From volume to biomass.
    split : RootRatios
        Parts whole trees into above and below ground.
    kinds : mapping of str to str
        Species to group of the root ratios.
    factors : mapping
        Of `factors_of`. [1]
    carbon_fraction : float, optional
        In place of the set's own. [1]

    Returns
    -------
    DataFrame, shape (n,)
        On the index of `stands`: ``above``, ``below``, ``dead_wood``, ``litter`` [t C/ha], ``agb_t_ha`` [t/ha],
        ``slope_share`` [1], ``group``, ``how`` and ``sd_rel``; missing where there is no volume.

    Raises
    ------
    ColumnError
        If a species has no group.
    """
    species = stands["species"].astype(object).to_numpy(dtype=object)
    volume = stands["volume_m3_ha"].to_numpy(float)
    held = np.isfinite(volume)
    origin = _origin(stands)
    group = np.full(len(stands), "", dtype=object)
    group[held] = chosen.groups_of(species[held])
    kind = _kind(species[held], kinds)
    living = chosen.living(species[held], volume[held], kind, origin[held], split)
    fraction = np.array([chosen.carbon_fraction[word] for word in group[held]], dtype=float)
    if carbon_fraction is not None:
        fraction = np.full(held.sum(), carbon_fraction)
    dead, litter = dead_organic_matter(living.above, factors)
    columns = {
        "above": living.above * fraction,
        "below": living.below * fraction,
        "dead_wood": dead,
        "litter": litter,
        "agb_t_ha": living.above,
        "slope_share": living.slope_share,
    }
    out = pd.DataFrame(np.nan, index=stands.index, columns=list(columns))
    for name, values in columns.items():
        out.loc[held, name] = values
    return out.assign(group=group, how=np.where(held, BY_VOLUME, ""), sd_rel=np.nan)


def density_by_age(
    stands: pd.DataFrame,
    table: pd.DataFrame,
    groups: Mapping[str, str],
    roots: RootRatios,
    kinds: Mapping[str, str],
    factors: Mapping[str, float],
) -> pd.DataFrame:
    """Return carbon per hectare of stands by species and age, for those without a volume.

    Parameters
    ----------
    stands : DataFrame, shape (n,)
        ``species``, ``age_a`` [a] and, where there is one, ``origin``.
    table : DataFrame
        ``group``, ``age_above_a``, ``age_to_a``, ``agb_t_ha``, ``sd_t_ha``, ``carbon_fraction``. [a, t/ha, 1]
    groups, kinds : mapping of str to str
        Species to group of the table, and to group of the root ratios.
    roots : RootRatios
        Roots over above ground.
    factors : mapping
        Of `factors_of`. [1]

    Returns
    -------
    DataFrame, shape (n,)
        As of `stand_density`, with ``sd_rel`` [1]; missing where the table has no row.
    """
    species = stands["species"].astype(object).to_numpy(dtype=object)
    age = stands["age_a"].to_numpy(float)
    group = np.array([groups.get(word, "") for word in species], dtype=object)
    agb, spread, fraction = (np.full(len(stands), np.nan) for _ in range(3))
    rows = table.assign(age_to_a=table["age_to_a"].fillna(np.inf))
    for word, lower, upper, mean, sd, carbon in rows[
        ["group", "age_above_a", "age_to_a", "agb_t_ha", "sd_t_ha", "carbon_fraction"]
    ].itertuples(index=False):
        here = (group == word) & (age > lower) & (age <= upper)
        agb[here], spread[here], fraction[here] = mean, sd / mean, carbon
    held = np.isfinite(agb)
    ratio = np.full(len(stands), np.nan)
    ratio[held] = roots.ratio(_kind(species[held], kinds), _origin(stands)[held], agb[held])
    above, below = carbon_above_below(agb, ratio, fraction)
    dead, litter = dead_organic_matter(agb, factors)
    return pd.DataFrame(
        {
            "above": above, "below": below, "dead_wood": dead, "litter": litter,
            "agb_t_ha": agb, "slope_share": np.zeros(len(stands)), "group": group,
            "how": np.where(held, BY_AGE, ""), "sd_rel": spread,
        },
        index=stands.index,
    )  # fmt: skip


def tree_biomass(diameter_cm: Floats, equations: pd.DataFrame) -> tuple[Floats, NDArray[np.bool_]]:
    """Return biomass above ground of single trees of one group.

    Parameters
    ----------
    diameter_cm : ndarray, shape (n,)
        Diameters at breast height. [cm]
    equations : DataFrame
        The group's rows, by diameter: ``form`` (``power``: factor * D ^ power, ``exponential``: exp(factor + power *
        ln D)), ``factor``, ``power``, ``dbh_from_cm``, ``dbh_to_cm``; of several that hold a
        tree the first counts. [cm]

    Returns
    -------
    biomass : ndarray, shape (n,)
        Missing outside every fitted range: no equation is stretched. [kg]
    outside : ndarray of bool, shape (n,)
        Trees outside.

    Raises
    ------
    ParameterError
        If a form is unknown.
    """
    out = np.full(np.shape(diameter_cm), np.nan)
    for form, factor, power, low, high in equations[["form", "factor", "power", "dbh_from_cm", "dbh_to_cm"]].itertuples(
        index=False
    ):
        if form not in ("power", "exponential"):
            raise ParameterError(f"unknown form {form!r} of a tree equation; use power or exponential")
        here = np.isnan(out) & (diameter_cm >= low) & (diameter_cm <= high)
        scale = factor if form == "power" else np.exp(factor)
        out[here] = scale * diameter_cm[here] ** power
    return out, np.isnan(out)


def _origin(stands: pd.DataFrame) -> NDArray[np.object_]:
    if "origin" not in stands:
        return np.full(len(stands), "", dtype=object)
    return stands["origin"].astype(object).where(stands["origin"].notna(), "").to_numpy(dtype=object)


def _kind(species: NDArray[np.object_], kinds: Mapping[str, str]) -> NDArray[np.object_]:
    bare = sorted({str(word) for word in species if word not in kinds})
    if bare:
        raise ColumnError(
            f"no root ratio for the species {', '.join(map(repr, bare))}; add them to the table of species"
        )
    return np.array([kinds[word] for word in species], dtype=object)
