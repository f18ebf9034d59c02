"""Targets of a plan beside what is there: gap, interval, probability, and the rate that is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.carbon.targets import RequiredRate, probability_of_reaching, required_rate
from changping_geo.geo.assign import DISTRICT
from changping_geo.model import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Floats = NDArray[np.float64]

#: Ends and middle of an interval. [%]
QUANTILES = (10, 50, 90)


class Goal(NamedTuple):
    """A target of a plan.

    Attributes
    ----------
    indicator : str
        Its code.
    target : float
        What is to be reached. [unit]
    unit : str
        Unit of the target.
    year : int
        By when.
    operator : str
        ``>=`` or ``<=``.
    """

    indicator: str
    target: float
    unit: str
    year: int
    operator: str = ">="


def check_goal(
    goal: Goal, value: float, year: int, *, at_target: Floats | None = None, numerator: str = "", denominator: str = ""
) -> dict[str, object]:
    """Compare an indicator with its target.

    Parameters
    ----------
    goal : Goal
        The target.
    value : float
        The indicator as surveyed. [unit of the target]
    year : int
        Year of the survey.
    at_target : ndarray, shape (d,), optional
        Draws of the indicator in the target year; without them the value alone is compared. [unit of the target]
    numerator, denominator : str
        What is divided by what, in words.

    Returns
    -------
    dict
        One row: ``indicator``, ``unit``, ``value``, ``year``, ``target``, ``target_year``, ``gap`` (target less
        value), ``reached``, ``p10``, ``p50``, ``p90``, ``probability`` [1], ``years_left`` [a], ``required_per_year``
        [unit/a], ``required_rate_a`` [1/a], ``numerator``, ``denominator``.

    Raises
    ------
    ParameterError
        If the target lies before the survey, or value or draws are missing or negative.
    """
    draws = np.array([]) if at_target is None else at_target
    needed = (
        required_rate(value, year, goal.target, goal.year) if goal.operator == ">=" else _falling(goal, value, year)
    )
    ends = np.percentile(draws, QUANTILES) if draws.size else np.full(len(QUANTILES), np.nan)
    return {
        "indicator": goal.indicator,
        "unit": goal.unit,
        "value": value,
        "year": year,
        "target": goal.target,
        "target_year": goal.year,
        "gap": needed.gap,
        "reached": value >= goal.target if goal.operator == ">=" else value <= goal.target,
        **{f"p{q}": float(end) for q, end in zip(QUANTILES, ends, strict=True)},
        "probability": probability_of_reaching(draws, goal.target, goal.operator),
        "years_left": needed.years,
        "required_per_year": needed.per_year,
        "required_rate_a": needed.rate,
        "numerator": numerator,
        "denominator": denominator,
    }


def goal_table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Put rows of `check_goal` into a table with headings.

    Returns
    -------
    DataFrame
        One row per goal; ``attrs`` has ``title_zh``, ``title_en`` and ``headings``.
    """
    out = pd.DataFrame(list(rows), columns=list(_HEADINGS))
    out.attrs.update(title_zh="规划指标对照", title_en="Indicators against the plan", headings=dict(_HEADINGS))
    return out


def stock_by_town(volume_m3: pd.Series, goal: Goal, year: int) -> pd.DataFrame:
    """Share a district's target of forest stock out to its towns: every town grows at the same rate.

    Parameters
    ----------
    volume_m3 : Series
        By town, and ``outside``; without the closing row ``district``. [m3]
    goal : Goal
        Target of the whole. [m3]
    year : int
        Year of the survey.

    Returns
    -------
    DataFrame
        On the index, closed by ``district``: ``volume_m3`` [m3], ``target_share_m3`` [m3], ``gap_m3`` [m3],
        ``required_m3_a`` [m3/a]. Towns add up.

    Raises
    ------
    ParameterError
        If there is no stock to grow, or the target lies before the survey.
    """
    if DISTRICT in volume_m3.index:
        raise ParameterError(f"give the stock of towns without the row {DISTRICT!r}, which is added here")
    whole = float(volume_m3.sum())
    if not whole > 0:
        raise ParameterError("there is no forest stock to grow; check the volumes of the layer")
    needed = required_rate(whole, year, goal.target, goal.year)
    share = volume_m3 / whole
    out = pd.DataFrame(
        {
            "volume_m3": volume_m3,
            "target_share_m3": share * goal.target,
            "gap_m3": share * needed.gap,
            "required_m3_a": share * needed.per_year,
        }
    )
    return pd.concat([out, out.sum().to_frame(DISTRICT).T])


def _falling(goal: Goal, value: float, year: int) -> RequiredRate:
    """Return what a target from above asks for: steps down stand as negative numbers."""
    if goal.year < year:
        return required_rate(value, year, goal.target, goal.year)
    gap, years = goal.target - value, goal.year - year
    if gap >= 0:
        return RequiredRate(gap, years, 0.0, 0.0)
    if years == 0:
        return RequiredRate(gap, 0, float("nan"), float("nan"))
    rate = (goal.target / value) ** (1 / years) - 1 if goal.target > 0 else float("nan")
    return RequiredRate(gap, years, gap / years, rate)


_HEADINGS: dict[str, tuple[str, str, str]] = {
    "indicator": ("指标", "Indicator", ""),
    "unit": ("单位", "Unit", ""),
    "value": ("现状值", "Value", ""),
    "year": ("现状年", "Year of the value", ""),
    "target": ("目标值", "Target", ""),
    "target_year": ("目标年", "Target year", ""),
    "gap": ("差距(目标减现状)", "Gap (target less value)", ""),
    "reached": ("是否已达到", "Reached already", ""),
    "p10": ("目标年P10", "P10 in the target year", ""),
    "p50": ("目标年P50", "P50 in the target year", ""),
    "p90": ("目标年P90", "P90 in the target year", ""),
    "probability": ("达到概率", "Probability of reaching it", "1"),
    "years_left": ("剩余年数", "Years left", "a"),
    "required_per_year": ("所需年增量", "Required per year", ""),
    "required_rate_a": ("所需年增长率", "Required yearly rate", "1/a"),
    "numerator": ("分子", "Numerator", ""),
    "denominator": ("分母", "Denominator", ""),
}
