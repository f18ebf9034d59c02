"""Parameter sets as data: from the volume of a stand to the biomass of its trees, with a typed basis.

Two kinds of set are known. A line ``B = a V + b`` gives the living trees whole, above and below ground; a table of
expansion factors gives what is above ground only, and needs root ratios. The basis is part of a set's type, so roots
cannot be counted twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from changping_geo.carbon.roots import RootRatios

Floats = NDArray[np.float64]
Words = NDArray[np.object_]

#: Width of the open volume class above the last edge, over the width of the class before it. [1]
OPEN_CLASS = 1.0


class Basis(StrEnum):
    """What the biomass of a set covers."""

    TOTAL = "total"
    ABOVE = "above_ground"
    STEM = "stem"

    @classmethod
    def parse(cls, word: str) -> Basis:
        """Read the word of a table.

        Raises
        ------
        ParameterError
            If it is unknown.
        """
        try:
            return cls(word)
        except ValueError:
            raise ParameterError(f"unknown basis {word!r}; use one of: {', '.join(cls)}") from None


class Living(NamedTuple):
    """Dry biomass of living trees.

    Attributes
    ----------
    above, below : ndarray, shape (n,)
        Above and below ground. [t/ha]
    slope_share : ndarray, shape (n,)
        Part that follows the volume; the rest is the intercept of the set. [1]
    """

    above: Floats
    below: Floats
    slope_share: Floats


@dataclass(frozen=True)
class ParameterSet(ABC):
    """What all sets share.

    Attributes
    ----------
    name : str
        As ``zhang2013``.
    basis : Basis
        What the biomass covers.
    groups : mapping of str to str
        Species word to group.
    rows : DataFrame
        The set's rows of its table.
    roots : RootRatios, optional
        Turns above ground into both; a set of whole trees refuses it.
    """

    name: str
    basis: Basis
    groups: Mapping[str, str]
    rows: pd.DataFrame
    roots: RootRatios | None = None
    carbon_fraction: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        if self.basis is Basis.TOTAL and self.roots is not None:
            raise ParameterError(
                f"set {self.name!r} gives whole trees, roots included; a root ratio would count them twice: take it out"
            )
        if self.basis is not Basis.TOTAL and self.roots is None:
            raise ParameterError(f"set {self.name!r} gives biomass {self.basis}; give it root ratios")
        if self.basis is Basis.STEM:
            raise ParameterError(
                f"set {self.name!r} gives stems without branches and leaves; give biomass above ground or whole trees"
            )
        strange = sorted(set(self.groups.values()) - set(self.rows["group"]))
        if strange:
            raise ColumnError(
                f"the table of species names groups that set {self.name!r} lacks: {', '.join(strange)}; known are: "
                f"{', '.join(sorted(set(self.rows['group'])))}"
            )
        pairs = self.rows[["group", "carbon_fraction"]].drop_duplicates()
        if pairs["group"].duplicated().any():
            raise ColumnError(f"set {self.name!r} gives a group several carbon fractions")
        fractions = {str(g): float(v) for g, v in zip(pairs["group"], pairs["carbon_fraction"], strict=True)}
        object.__setattr__(self, "carbon_fraction", fractions)

    def groups_of(self, species: Words) -> Words:
        """Return the group of each species.

        Raises
        ------
        ColumnError
            If a species has none; all of them at once.
        """
        bare = sorted({str(word) for word in species if word not in self.groups})
        if bare:
            raise ColumnError(
                f"set {self.name!r} has no group for the species {', '.join(map(repr, bare))}; add them to the table "
                f"of species, which knows: {', '.join(self.groups)}"
            )
        return np.array([self.groups[word] for word in species], dtype=object)

    def spread(self, default: float) -> dict[str, float]:
        """Return the relative standard deviation by group, `default` where the table gives none. [1]"""
        found = self.rows.groupby("group")["sd_rel"].max().fillna(default)
        return {str(group): float(value) for group, value in found.items()}

    @property
    def unverified(self) -> list[str]:
        """Groups in use whose row was not read in its source."""
        used = self.rows[self.rows["group"].isin(list(self.groups.values()))]
        return sorted(set(used.loc[~used["verified"].astype(bool), "group"]))

    @abstractmethod
    def biomass(self, species: Words, volume: Floats) -> tuple[Floats, Floats]:
        """Return biomass on the set's own basis, and the share of it that follows the volume. [t/ha, 1]"""

    def living(self, species: Words, volume: Floats, kind: Words, origin: Words, split: RootRatios) -> Living:
        """Return the biomass of living trees above and below ground.

        Parameters
        ----------
        species : array of str, shape (n,)
            Words of the forest layer.
        volume : ndarray, shape (n,)
            Stock volume; a stand without any is unstocked, and holds nothing. [m3/ha]
        kind, origin : array of str, shape (n,)
            Group of the root ratios, and origin.
        split : RootRatios
            Parts whole trees into above and below ground; not used by a set with roots of its own.

        Returns
        -------
        Living
            [t/ha]
        """
        found, share = self.biomass(species, volume)
        if self.roots is None:
            return Living(*split.split(kind, origin, found), share)
        return Living(found, found * self.roots.ratio(kind, origin, found), share)


class LineSet(ParameterSet):
    """Lines ``B = a V + b`` by group of species.

    References
    ----------
    Fang et al. 2001, doi:10.1126/science.1058629
    """

    def biomass(self, species: Words, volume: Floats) -> tuple[Floats, Floats]:
        """Return the biomass of stands.

        Parameters
        ----------
        species : array of str, shape (n,)
            Words of the forest layer.
        volume : ndarray, shape (n,)
            Stock volume. [m3/ha]

        Returns
        -------
        biomass : ndarray, shape (n,)
            On the set's basis; 0 where there is no volume, since the intercept is of stocked land. [t/ha]
        slope_share : ndarray, shape (n,)
            ``a V`` over the whole. [1]

        Raises
        ------
        ColumnError
            If a species has no group, or a line falls below zero.
        """
        lines = self.rows.set_index("group")
        group = self.groups_of(species)
        slope = lines["a"].reindex(group).to_numpy(float) * volume
        whole = np.where(volume == 0.0, 0.0, slope + lines["b"].reindex(group).to_numpy(float))
        if (whole < 0.0).any():
            at = np.flatnonzero(whole < 0.0)
            raise ColumnError(
                f"set {self.name!r} gives a negative biomass at a volume of {volume[at[0]]:.3g} m3/ha of "
                f"{group[at[0]]!r} ({len(at)} stands); take another set"
            )
        return whole, np.divide(slope, whole, out=np.ones_like(whole), where=whole > 0.0)


@dataclass(frozen=True)
class StepSet(ParameterSet):
    """Expansion factors by class of volume: ``B = V * BCEF(V)``.

    Read as steps, a stand of 20 m3/ha has more biomass than one of 21; so the factors are joined, linear in the
    logarithms of volume and factor, between the middles of the classes.

    Attributes
    ----------
    steps : bool
        Whether to read the table as printed, in steps.

    References
    ----------
    IPCC 2006 Guidelines, vol. 4, Table 4.5
    """

    steps: bool = False

    def factors(self, species: Words, volume: Floats) -> Floats:
        """Return the factor of each stand. [t/m3]"""
        group = self.groups_of(species)
        out = np.full(len(group), np.nan)
        for word in set(group):
            rows = self.rows[self.rows["group"] == word].sort_values("volume_above_m3_ha")
            here = group == word
            out[here] = (_stepped if self.steps else _joined)(rows, volume[here])
        return out

    def biomass(self, species: Words, volume: Floats) -> tuple[Floats, Floats]:
        """Return the biomass of stands, all of which follows the volume.

        Parameters
        ----------
        species, volume
            As in `LineSet.biomass`. [m3/ha]

        Returns
        -------
        biomass, slope_share : ndarray, shape (n,)
            On the set's basis. [t/ha, 1]
        """
        return volume * self.factors(species, volume), np.ones(len(volume))


def _stepped(rows: pd.DataFrame, volume: Floats) -> Floats:
    edges = rows["volume_to_m3_ha"].to_numpy(float)[:-1]
    return np.asarray(rows["bcef_s"].to_numpy(float)[np.searchsorted(edges, volume, side="left")])


def _joined(rows: pd.DataFrame, volume: Floats) -> Floats:
    lower, upper = (rows[name].to_numpy(float) for name in ("volume_above_m3_ha", "volume_to_m3_ha"))
    if np.isnan(upper[-1]):
        before = upper[-2] - lower[-2] if len(rows) > 1 else 1.0
        upper = np.append(upper[:-1], lower[-1] + OPEN_CLASS * before)
    middle, factor = np.log((lower + upper) / 2.0), np.log(rows["bcef_s"].to_numpy(float))
    if (np.diff(factor) <= -np.diff(middle)).any():
        raise ColumnError(
            f"expansion factors of {rows['group'].iloc[0]!r} fall faster than volume rises, so more wood would weigh "
            "less; mend the table"
        )
    safe = np.maximum(volume, np.finfo(float).tiny)
    return np.asarray(np.exp(np.interp(np.log(safe), middle, factor)))


def groups_of_scheme(species: pd.DataFrame, scheme: str) -> dict[str, str]:
    """Return the group of each species under one scheme.

    Parameters
    ----------
    species : DataFrame
        ``scheme``, ``species``, ``group``.
    scheme : str
        A set's name, ``roots``, ``age`` or ``trees``.

    Raises
    ------
    ColumnError
        If the scheme has no row, or a species two.
    """
    rows = species[species["scheme"] == scheme]
    twice = sorted(set(rows.loc[rows["species"].duplicated(), "species"]))
    if not len(rows) or twice:
        told = f"gives {', '.join(twice)} two groups" if twice else "has no row"
        raise ColumnError(f"the table of species: scheme {scheme!r} {told}; mend it")
    return dict(zip(rows["species"].astype(str), rows["group"].astype(str), strict=True))


def parameter_sets(
    volume: pd.DataFrame, bcef: pd.DataFrame, species: pd.DataFrame, roots: RootRatios, *, steps: bool = False
) -> dict[str, ParameterSet]:
    """Return every set of the tables, by name; the first row's set is the default.

    Parameters
    ----------
    volume : DataFrame
        Lines: ``set``, ``group``, ``a``, ``b``, ``basis``, ``carbon_fraction``, ``sd_rel``, ``verified``. [t/m3, t/ha]
    bcef : DataFrame
        Expansion factors: ``set``, ``group``, ``volume_above_m3_ha``, ``volume_to_m3_ha``, ``bcef_s``, ``basis``,
        ``carbon_fraction``, ``sd_rel``, ``verified``. [t/m3]
    species : DataFrame
        ``scheme``, ``species``, ``group``.
    roots : RootRatios
        For sets of biomass above ground.
    steps : bool
        Whether expansion factors are read in steps.

    Returns
    -------
    dict of str to ParameterSet

    Raises
    ------
    ColumnError, ParameterError
        If a table contradicts itself.
    """
    out: dict[str, ParameterSet] = {}
    for table, kind, more in ((volume, LineSet, {}), (bcef, StepSet, {"steps": steps})):
        for name, rows in table.groupby("set", sort=False):
            bases = sorted(set(rows["basis"]))
            if len(bases) > 1:
                raise ColumnError(f"set {name!r} mixes bases: {', '.join(bases)}; give each a set of its own")
            basis = Basis.parse(bases[0])
            out[str(name)] = kind(
                str(name), basis, groups_of_scheme(species, str(name)), rows.reset_index(drop=True),
                None if basis is Basis.TOTAL else roots, **more,
            )  # fmt: skip
    return out
