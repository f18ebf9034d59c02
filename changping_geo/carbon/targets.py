"""What a target asks for: the gap, the yearly steps to close it, and how likely it is reached."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.carbon.trend import compound_rate
from changping_geo.model import ParameterError

Floats = NDArray[np.float64]

OPERATORS = (">=", "<=")


class RequiredRate(NamedTuple):
    """What must be added per year to reach a target.

    Attributes
    ----------
    gap : float
        Target less value; negative when it is reached. [unit of the value]
    years : int
        Years that are left. [a]
    per_year : float
        Equal yearly steps; 0 when it is reached, missing when no year is left. [unit/a]
    rate : float
        Equal yearly growth; 0 when it is reached, missing when no year is left. [1/a]
    """

    gap: float
    years: int
    per_year: float
    rate: float


def required_rate(value: float, year: int, target: float, target_year: int) -> RequiredRate:
    """Return what a target asks for per year.

    Parameters
    ----------
    value, target : float
        Value now and target, more being better. [any unit]
    year, target_year : int
        Year of the value and of the target.

    Returns
    -------
    RequiredRate
        Absolute and relative.

    Raises
    ------
    ParameterError
        If the target lies before the year of the value, or the value is negative.
    """
    if target_year < year:
        raise ParameterError(
            f"the target year {target_year} lies before the survey of {year}; compare with an older survey, or give "
            "the target that is in force"
        )
    if not value >= 0:
        raise ParameterError(f"the value {value} is negative or missing; give the surveyed stock")
    gap, years = target - value, target_year - year
    if gap <= 0:
        return RequiredRate(gap, years, 0.0, 0.0)
    if years == 0:
        return RequiredRate(gap, 0, float("nan"), float("nan"))
    rate = compound_rate(value, target, years) if value > 0 else float("nan")
    return RequiredRate(gap, years, gap / years, rate)


def probability_of_reaching(draws: Floats, target: float, operator: str = ">=") -> float:
    """Return the share of draws that reach a target.

    Parameters
    ----------
    draws : ndarray, shape (d,)
        Values. [any unit]
    target : float
        Target. [unit of the draws]
    operator : str
        ``>=`` or ``<=``.

    Returns
    -------
    float
        Missing without draws. [1]

    Raises
    ------
    ParameterError
        If the operator is unknown, or a draw is missing.
    """
    if operator not in OPERATORS:
        raise ParameterError(f"unknown relation {operator!r}; use one of: {', '.join(OPERATORS)}")
    if not draws.size:
        return float("nan")
    if not np.isfinite(draws).all():
        raise ParameterError(f"{(~np.isfinite(draws)).sum()} draws are missing or infinite; mend the ranges")
    return float(np.mean(draws >= target if operator == ">=" else draws <= target))
