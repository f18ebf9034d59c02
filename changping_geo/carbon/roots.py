"""Biomass below ground: root ratios by kind of wood, origin and biomass above ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from changping_geo.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Floats = NDArray[np.float64]
Words = NDArray[np.object_]

ANY = "any"
#: Rounds after which the share of roots in a whole no longer changes; a ratio has two or three steps. [1]
ROUNDS = 6


class RootRatios:
    """The root ratios of one set.

    Parameters
    ----------
    table : DataFrame
        Rows of one or several sets: ``set``, ``group``, ``origin``, ``agb_above_t_ha``, ``agb_to_t_ha``,
        ``root_ratio``, ``sd_rel``. [t/ha, 1]
    name : str
        The set, as ``ipcc2019``.

    Raises
    ------
    ParameterError
        If the set is unknown.
    """

    def __init__(self, table: pd.DataFrame, name: str) -> None:
        known = sorted(set(table["set"]))
        if name not in known:
            raise ParameterError(f"root ratios: unknown set {name!r}; known are: {', '.join(known)}")
        self.name = name
        self.rows = table[table["set"] == name].sort_values("agb_above_t_ha", kind="stable")

    def ratio(self, group: Sequence[str] | Words, origin: Sequence[str] | Words, agb: Floats) -> Floats:
        """Return biomass below over above ground.

        Where the origin is not known, the mean over the origins of the set is taken.

        Parameters
        ----------
        group : sequence of str, shape (n,)
            Group of each stand, as ``conifer``.
        origin : sequence of str, shape (n,)
            ``natural``, ``planted``, or anything else where it is not known.
        agb : ndarray, shape (n,)
            Biomass above ground. [t/ha]

        Returns
        -------
        ndarray, shape (n,)
            Root ratio. [1]

        Raises
        ------
        ColumnError
            If a group has no row at the biomass of a stand.
        """
        groups, origins = np.asarray(group, dtype=object), np.asarray(origin, dtype=object)
        out = np.full(len(groups), np.nan)
        for word in set(groups):
            at = np.flatnonzero(groups == word)
            kinds = self._by_origin(word, agb[at])
            out[at] = np.mean(list(kinds.values()), axis=0)
            for kind, values in kinds.items():
                here = origins[at] == kind
                out[at[here]] = values[here]
        bare = np.isnan(out) & np.isfinite(agb)
        if bare.any():
            words = ", ".join(sorted(set(groups[bare])))
            raise ColumnError(
                f"root ratios {self.name!r} have no row for {words} at {agb[bare].min():.3g} t/ha; complete the table "
                "or take another set"
            )
        return out

    def split(
        self, group: Sequence[str] | Words, origin: Sequence[str] | Words, total: Floats
    ) -> tuple[Floats, Floats]:
        """Part the biomass of whole trees into above and below ground; nothing is added.

        Parameters
        ----------
        group, origin
            As in `ratio`.
        total : ndarray, shape (n,)
            Biomass above and below ground. [t/ha]

        Returns
        -------
        above, below : ndarray, shape (n,)
            Their sum is `total`. [t/ha]
        """
        above = total / (1.0 + self.ratio(group, origin, total))
        for _ in range(ROUNDS):
            above = total / (1.0 + self.ratio(group, origin, above))
        return above, total - above

    def of_cells(self, group: str, agb: Floats) -> Floats:
        """Return the ratio of cells of one group, the mean over the origins. [t/ha -> 1]"""
        out: Floats = np.mean(list(self._by_origin(group, agb).values()), axis=0)
        return out

    def _by_origin(self, group: str, agb: Floats) -> dict[str, Floats]:
        rows = self.rows[self.rows["group"].isin([group, ANY])]
        if not len(rows):
            raise ColumnError(
                f"root ratios {self.name!r} have no group {group!r}; known are: "
                f"{', '.join(sorted(set(self.rows['group'])))}; mend the table of species"
            )
        return {str(kind): _stepped(part, agb) for kind, part in rows.groupby("origin")}

    def spread(self, default: float) -> float:
        """Return the greatest relative standard deviation of the set, `default` where none is given. [1]"""
        found = self.rows["sd_rel"].max()
        return float(default if np.isnan(found) else found)


def _stepped(rows: pd.DataFrame, agb: Floats) -> Floats:
    """Return the ratio of the step that holds each biomass, NaN below the first."""
    lower, ratio = rows["agb_above_t_ha"].to_numpy(float), rows["root_ratio"].to_numpy(float)
    at = np.searchsorted(lower, agb, side="left") - 1
    at = np.where((at < 0) & (lower[0] == 0.0) & (agb == 0.0), 0, at)
    return np.where(at >= 0, ratio[np.maximum(at, 0)], np.nan)
