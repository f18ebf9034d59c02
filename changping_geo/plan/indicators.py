"""How an analysis tells what it knows of a plan's indicators: one row each, with what its towns contribute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["COLUMNS", "TABLE", "TOWN_COLUMNS", "TOWN_TABLE", "Indicator", "indicator_tables", "read_indicators"]

#: Names of the two tables of a result.
TABLE, TOWN_TABLE = "indicators", "indicators_by_town"
COLUMNS = (
    "indicator",
    "scope",
    "year",
    "value",
    "low",
    "high",
    "probability",
    "unit",
    "definition_zh",
    "definition_en",
)
TOWN_COLUMNS = ("indicator", "scope", "town_code", "value", "unit")
_HEADINGS = {
    "indicator": ("指标代号", "Indicator code"),
    "scope": ("范围", "Scope"),
    "value": ("数值", "Value"),
    "low": ("低值(P10)", "Low (P10)"),
    "high": ("高值(P90)", "High (P90)"),
    "probability": ("达标概率", "Probability of meeting"),
    "unit": ("单位", "Unit"),
    "definition_zh": ("口径", "Definition (Chinese)"),
    "definition_en": ("口径(英文)", "Definition (English)"),
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """What an analysis knows of one indicator of a plan.

    Attributes
    ----------
    code : str
        The indicator's code in the plan's table of targets.
    value : float
        Missing when nothing is known. [unit]
    unit : str
        The unit of the plan's table.
    year : int
        The year that the value stands for.
    definition_zh, definition_en : str
        What was counted, and over what.
    scope : str
        The scope of the plan's table: the whole district, or a named area.
    low, high : float
        P10 and P90 of the value; missing when no interval is known. [unit]
    probability : float
        Of meeting the plan's value by its year, when the analysis knows better than the interval tells. [1]
    by_town : mapping of str to float, optional
        What each town contributes or has, by code. [unit]
    """

    code: str
    value: float
    unit: str
    year: int
    definition_zh: str
    definition_en: str
    scope: str = "district"
    low: float = np.nan
    high: float = np.nan
    probability: float = np.nan
    by_town: Mapping[str, float] | None = None


def indicator_tables(indicators: Iterable[Indicator]) -> dict[str, pd.DataFrame]:
    """Return the two tables in which a result carries indicators.

    Parameters
    ----------
    indicators : iterable of Indicator
        Each code and scope once.

    Returns
    -------
    dict of str to DataFrame
        `TABLE` with `COLUMNS`, `TOWN_TABLE` with `TOWN_COLUMNS`.
    """
    told = list(indicators)
    rows = [
        (i.code, i.scope, i.year, i.value, i.low, i.high, i.probability, i.unit, i.definition_zh, i.definition_en)
        for i in told
    ]
    towns = [(i.code, i.scope, town, float(v), i.unit) for i in told for town, v in (i.by_town or {}).items()]
    whole = pd.DataFrame(rows, columns=list(COLUMNS))
    parts = pd.DataFrame(towns, columns=list(TOWN_COLUMNS))
    whole.attrs = {"title_zh": "规划指标", "title_en": "indicators of the plan", "headings": _HEADINGS}
    parts.attrs = {"title_zh": "分镇街规划指标", "title_en": "indicators of the plan by town", "headings": _HEADINGS}
    return {TABLE: whole, TOWN_TABLE: parts}


def read_indicators(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the indicators that several analyses tell, each with the analysis that tells it.

    Parameters
    ----------
    tables : mapping of str to mapping of str to DataFrame
        Tables of each analysis, by its name.

    Returns
    -------
    tuple of DataFrame
        `COLUMNS` and ``analysis``; `TOWN_COLUMNS` and ``analysis``.

    Raises
    ------
    AnalysisError
        If two analyses tell the same indicator of the same scope.
    """
    whole = [t[TABLE].assign(analysis=name) for name, t in tables.items() if TABLE in t and len(t[TABLE])]
    parts = [
        t[TOWN_TABLE].assign(analysis=name) for name, t in tables.items() if TOWN_TABLE in t and len(t[TOWN_TABLE])
    ]
    found = pd.concat(whole, ignore_index=True) if whole else pd.DataFrame(columns=[*COLUMNS, "analysis"])
    by_town = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*TOWN_COLUMNS, "analysis"])
    twice = found[found.duplicated(["indicator", "scope"], keep=False)]
    if len(twice):
        told = ", ".join(f"{r.indicator} ({r.scope}) by {r.analysis}" for r in twice.itertuples())
        raise AnalysisError(f"indicators that are told twice: {told}; only one analysis may tell each")
    return found, by_town
