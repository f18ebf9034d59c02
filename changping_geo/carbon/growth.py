"""Growth curves of stand volume by species and age, anchored at each stand's own volume and age.

A stand keeps the volume that was measured; the curve only tells by how much it rises. Its increment is the curve's,
times the site factor: the stand's volume over the curve's at the same age. Above the age that a curve's plots reach,
a share of the curve's increment is counted, from none to all of it.

References
----------
Richards, F. J. (1959). A flexible growth function for empirical use. J. Exp. Bot. 10(2), 290-301.
doi:10.1093/jxb/10.2.290
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.model import Cards, ColumnError, Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]

RANGE = "planning range, unverified"
CARDS = Cards(
    Parameter(
        "site_factor_max", 3.0, "1", 1.0, 10.0, RANGE, verified=False,
        title_zh="立地系数上限", title_en="Largest site factor (growth of a stand over the curve's)",
    ),
    Parameter(
        "growth_factor", 1.0, "1", 0.5, 1.5, RANGE, verified=False,
        title_zh="生长量系数", title_en="Growth over that of the curves",
    ),
    Parameter(
        "beyond_limit_share", 0.5, "1", 0.0, 1.0,
        "the curves' source has few plots above their age limit; none to all of the extrapolated growth",
        verified=False,
        title_zh="超龄生长量计入比例", title_en="Share of growth counted above the curves' age limit",
    ),
)  # fmt: skip

#: The word for a species whose volume is held.
HELD = "none"
_COEFFICIENTS = ("asymptote_m3_ha", "b", "k_per_a", "m", "age_max_a")


class Increment(NamedTuple):
    """Growth of a curve between two ages.

    Attributes
    ----------
    within, beyond : ndarray
        Below and above the age limit of the curve. [m3/ha]
    """

    within: Floats
    beyond: Floats


class Ages(NamedTuple):
    """Ages of stands, those that are missing assumed.

    Attributes
    ----------
    low, central, high : ndarray, shape (n,)
        Equal where the age is known. [a]
    assumed : ndarray of bool, shape (n,)
        Where an age was assumed.
    table : DataFrame
        What was assumed by species: ``stands``, ``low_a``, ``central_a``, ``high_a`` [a], ``basis``.
    """

    low: Floats
    central: Floats
    high: Floats
    assumed: NDArray[np.bool_]
    table: pd.DataFrame


def richards(age: Floats, asymptote: Floats, b: Floats, k: Floats, m: Floats) -> Floats:
    """Return the volume that a Richards curve has at an age: ``A (1 - B exp(-K t))^(1 / (1 - m))``.

    Parameters
    ----------
    age : ndarray
        Age. [a]
    asymptote, b, k, m : ndarray
        Volume in the end [m3/ha], position [1], rate [1/a] and shape [1].

    Returns
    -------
    ndarray
        Volume; 0 before the age at which the curve starts. [m3/ha]
    """
    out: Floats = asymptote * np.maximum(1.0 - b * np.exp(-k * age), 0.0) ** (1.0 / (1.0 - m))
    return out


@dataclass(frozen=True)
class Curves:
    """The growth curves of a table, and the species that follow them.

    Attributes
    ----------
    coefficients : DataFrame
        Indexed by curve: ``asymptote_m3_ha`` [m3/ha], ``b`` [1], ``k_per_a`` [1/a], ``m`` [1], ``age_max_a`` [a].
    curve_of : dict of str to str
        Curve by species; `HELD` where the volume is held.
    layer : str
        Where the stands come from, for messages.
    """

    coefficients: pd.DataFrame
    curve_of: dict[str, str]
    layer: str = "forest"

    @classmethod
    def from_tables(cls, curves: pd.DataFrame, species: pd.DataFrame, layer: str = "forest") -> Curves:
        """Check the two tables and join them.

        Parameters
        ----------
        curves : DataFrame
            ``curve`` and the coefficients.
        species : DataFrame
            ``species`` and ``curve``.
        layer : str
            Where the stands come from, for messages.

        Returns
        -------
        Curves
            Ready for use.

        Raises
        ------
        ColumnError
            For columns that lack, coefficients out of bounds, curves or species given twice, and species that follow
            no curve of the table; all at once.
        """
        faults = [f"growth_curves lacks the column {c!r}" for c in ("curve", *_COEFFICIENTS) if c not in curves]
        faults += [f"growth_species lacks the column {c!r}" for c in ("species", "curve") if c not in species]
        if faults:
            raise ColumnError("; ".join(faults))
        numbers = curves.set_index("curve")[list(_COEFFICIENTS)].astype(float)
        faults = _coefficient_faults(numbers)
        faults += [f"growth_curves: {c!r} is given twice" for c in numbers.index[numbers.index.duplicated()]]
        twice = species["species"][species["species"].duplicated()]
        faults += [f"growth_species: {name!r} is given twice" for name in twice]
        known = [*numbers.index, HELD]
        faults += [
            f"growth_species: {row.species!r} follows {row.curve!r}; use one of: {', '.join(known)}"
            for row in species.itertuples()
            if row.curve not in known
        ]
        if faults:
            raise ColumnError("\n".join(faults))
        return cls(numbers, dict(zip(species["species"], species["curve"], strict=True)), layer)

    def of_species(self, species: Sequence[str] | Words | pd.Series) -> Words:
        """Return the curve of each stand.

        Raises
        ------
        ColumnError
            If a species is missing or follows no curve.
        """
        words = pd.Series(np.asarray(species, dtype=object))
        unknown = words[~words.isin(list(self.curve_of))]
        if len(unknown):
            told = ", ".join(f"{word!r} ({count} stands)" for word, count in unknown.value_counts(dropna=False).items())
            raise ColumnError(
                f"{self.layer}: no growth curve for the species {told}, first in row {unknown.index[0]}; "
                f"add them to the layer growth_species, or use: {', '.join(self.curve_of)}"
            )
        return words.map(self.curve_of).to_numpy(dtype=object)

    def volume(self, curve: Words, age: Floats) -> Floats:
        """Return the curves' volume at an age.

        Parameters
        ----------
        curve : ndarray of str, shape (n,)
            Curve of each stand; 0 comes back for `HELD`.
        age : ndarray, shape (n,) or (n, d)
            Age. [a]

        Returns
        -------
        ndarray
            In the shape of `age`. [m3/ha]
        """
        values = self._values(curve, np.ndim(age))
        grown = richards(np.asarray(age, dtype=float), *values[:4])
        out: Floats = np.where(np.isnan(grown), 0.0, grown)
        return out

    def increment(self, curve: Words, age: Floats, later: Floats) -> Increment:
        """Return the curves' growth between two ages, apart below and above the age limit.

        Parameters
        ----------
        curve : ndarray of str, shape (n,)
            Curve of each stand.
        age, later : ndarray, shape (n,) or (n, d)
            The ages, rising. [a]

        Returns
        -------
        Increment
            In the shape of `age`. [m3/ha]
        """
        limit = self._values(curve, np.ndim(age))[4]
        limit = np.where(np.isnan(limit), np.inf, limit)
        at, then = np.minimum(age, limit), np.minimum(later, limit)
        within = self.volume(curve, then) - self.volume(curve, at)
        whole = self.volume(curve, later) - self.volume(curve, age)
        return Increment(within, np.maximum(whole - within, 0.0))

    def site_factor(self, curve: Words, age: Floats, volume: Floats, most: float) -> Floats:
        """Return growth of stands over their curve's: volume over the curve's at that age, `most` at the largest.

        Parameters
        ----------
        curve : ndarray of str, shape (n,)
            Curve of each stand.
        age, volume : ndarray, shape (n,) or (n, d)
            Age [a] and volume [m3/ha].
        most : float
            Largest factor; young stands that stand above a curve near zero would otherwise explode. [1]

        Returns
        -------
        ndarray
            0 for `HELD`; 1 where neither the stand nor the curve has volume yet. [1]
        """
        expected = self.volume(curve, age)
        shaped = np.broadcast_to(volume, np.broadcast_shapes(np.shape(volume), np.shape(expected)))
        factor = np.divide(shaped, expected, out=np.where(shaped > 0, most, 1.0), where=expected > 0)
        held = np.asarray(curve == HELD).reshape(-1, *([1] * (np.ndim(factor) - 1)))
        out: Floats = np.where(held, 0.0, np.minimum(factor, most))
        return out

    def beyond_limit(self, curve: Words, age: Floats) -> NDArray[np.bool_]:
        """Return where an age lies above the limit of its curve, shape (n,)."""
        return np.asarray(np.asarray(age) > self._values(curve, 1)[4])

    def _values(self, curve: Words, dimensions: int) -> list[Floats]:
        rows = self.coefficients.index.get_indexer(pd.Index(curve))
        taken = np.where(rows[:, None] >= 0, self.coefficients.to_numpy()[rows], np.nan)
        return [column.reshape(-1, *([1] * (dimensions - 1))) for column in taken.T]


def fill_ages(species: pd.Series, age: pd.Series, area: pd.Series, layer: str = "forest") -> Ages:
    """Give stands without an age the range of their species' other stands: P10, median and P90 by area.

    Parameters
    ----------
    species : Series of str, shape (n,)
        Species.
    age : Series, shape (n,)
        Age; may be missing. [a]
    area : Series, shape (n,)
        Area. [ha]
    layer : str
        Where the stands come from, for messages.

    Returns
    -------
    Ages
        With the table of what was assumed.

    Raises
    ------
    ColumnError
        If no stand at all has an age, or one is negative.
    """
    known = age.notna()
    if len(age) and not known.any():
        raise ColumnError(f"{layer}: no stand has an age (age_a), so nothing can grow; deliver ages, or ask for none")
    if (age < 0).any():
        rows = ", ".join(map(str, age.index[age < 0][:5]))
        raise ColumnError(f"{layer}: {(age < 0).sum()} stands have a negative age_a (rows {rows}); mend them")
    ends = [age.to_numpy(dtype=float, na_value=np.nan).copy() for _ in range(3)]
    told = []
    for name in sorted(set(species[~known])):
        alike = known & (species == name)
        pool, basis = (alike, "species") if alike.any() else (known, "all species")
        assumed = _weighted_quantiles(age[pool].to_numpy(dtype=float), area[pool].to_numpy(dtype=float))
        rows = ((species == name) & ~known).to_numpy()
        for end, value in zip(ends, assumed, strict=True):
            end[rows] = value
        told.append((name, int(rows.sum()), *assumed, basis))
    table = pd.DataFrame(told, columns=["species", "stands", "low_a", "central_a", "high_a", "basis"])
    low, central, high = ends
    return Ages(low, central, high, (~known).to_numpy(), table.set_index("species"))


def _weighted_quantiles(values: Floats, weights: Floats) -> list[float]:
    order = np.argsort(values)
    reach = np.cumsum(weights[order])
    at = np.searchsorted(reach, np.array([0.1, 0.5, 0.9]) * reach[-1])
    return [float(v) for v in values[order][np.minimum(at, len(values) - 1)]]


def _coefficient_faults(numbers: pd.DataFrame) -> list[str]:
    faults = []
    for curve, row in numbers.iterrows():
        if not np.isfinite(row.to_numpy()).all():
            faults.append(f"growth_curves: {curve!r} has coefficients that are missing or infinite")
        elif not (row[["asymptote_m3_ha", "b", "k_per_a", "age_max_a"]] > 0).all() or not 0 <= row["m"] < 1:
            faults.append(f"growth_curves: {curve!r} needs positive coefficients and 0 <= m < 1, or it does not rise")
    return faults
