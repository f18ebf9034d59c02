"""Triangular ranges of unsure figures, from the cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

Floats = NDArray[np.float64]


class Range(NamedTuple):
    """A triangular range. [any unit]"""

    low: float
    central: float
    high: float


def ranges_of(cards: Cards, group: str, chosen: Mapping[str, float] | None = None) -> dict[str, Range]:
    """Return the ranges of a group of cards, around the values chosen.

    Parameters
    ----------
    cards : Cards
        Cards of a module or an analysis.
    group : str
        Name of the group, as ``usable_share``.
    chosen : mapping, optional
        Central values by name in place of the cards' own. [the cards' unit]

    Returns
    -------
    dict of str to Range
        By name inside the group. [the cards' unit]
    """
    central = {**cards[group], **(chosen or {})}
    low, high = cards.low(group), cards.high(group)
    return {name: Range(low[name], central[name], high[name]) for name in low}


def triangular(share: Floats, bounds: Range) -> Floats:
    """Return the value below which a share of a triangular distribution lies.

    Parameters
    ----------
    share : ndarray
        Between 0 and 1. [1]
    bounds : Range
        Least, most likely and greatest value. [any unit]

    Returns
    -------
    ndarray
        The central value throughout where the range has no width. [unit of bounds]

    Raises
    ------
    ParameterError
        If the three are not finite and rising.
    """
    low, central, high = bounds
    if not (np.isfinite(bounds).all() and low <= central <= high):
        raise ParameterError(f"a range must rise from low over central to high, not {low}, {central}, {high}")
    if low == high:
        return np.full(np.shape(share), central, dtype=np.float64)
    rising = low + np.sqrt(share * (high - low) * (central - low))
    falling = high - np.sqrt((1.0 - share) * (high - low) * (high - central))
    out: Floats = np.where(share * (high - low) < central - low, rising, falling)
    return out
