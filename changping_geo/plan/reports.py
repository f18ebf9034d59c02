"""What planners fill in, what towns contribute, and what the columns of a scoreboard are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.errors import DataError
from changping_geo.geo.assign import totals_by_town
from changping_geo.plan.scoreboard import STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HEADINGS", "REPORTED", "filled_in", "summary", "town_columns"]

REPORTED = ("id", "year", "value", "low", "high", "unit", "data_status", "source")
HEADINGS: dict[str, tuple[str, ...]] = {
    "id": ("编号", "Id"),
    "section": ("章节", "Section"),
    "title_zh": ("指标", "Indicator (Chinese)"),
    "title_en": ("指标(英文)", "Indicator (English)"),
    "indicator": ("指标代号", "Indicator code"),
    "scope": ("范围", "Scope"),
    "operator": ("关系", "Relation"),
    "target": ("目标值", "Target"),
    "unit": ("单位", "Unit"),
    "value": ("现值", "Value"),
    "low": ("低值(P10)", "Low (P10)"),
    "high": ("高值(P90)", "High (P90)"),
    "value_year": ("现值年份", "Year of the value"),
    "gap": ("差距", "Gap"),
    "status": ("状态", "Status"),
    "status_zh": ("状态名称", "Status (Chinese)"),
    "probability": ("达标概率", "Probability of meeting"),
    "rate_per_year": ("年均变化", "Change per year"),
    "required_per_year": ("所需年均变化", "Change per year needed"),
    "forecast_year": ("预测年", "Year of the forecast"),
    "forecast": ("预测值", "Forecast"),
    "forecast_low": ("预测低值(P10)", "Forecast, low (P10)"),
    "forecast_high": ("预测高值(P90)", "Forecast, high (P90)"),
    "told_by": ("数据来自", "Told by"),
    "definition_zh": ("口径", "Definition (Chinese)"),
    "definition_en": ("口径(英文)", "Definition (English)"),
    "towns_zh": ("承担镇街", "Towns that carry it"),
    "reported_value": ("最新填报值", "Latest reported value"),
    "source": ("来源", "Source"),
    "targets": ("目标数", "Targets"),
}


def filled_in(reported: pd.DataFrame | None) -> pd.DataFrame:
    """Return the rows of the planners' table that tell a value.

    Parameters
    ----------
    reported : DataFrame, optional
        The layer; rows without value are not reported yet.

    Returns
    -------
    DataFrame, shape (n, 8)
        `REPORTED`.

    Raises
    ------
    DataError
        If a row has a value but no year, status or source, or an interval that does not hold its value; all at once.
    """
    if reported is None:
        return pd.DataFrame(columns=list(REPORTED))
    told = reported[reported["value"].notna()]
    faults = []
    for row in told.to_dict("records"):
        lacks = [name for name in ("year", "data_status", "source") if pd.isna(row[name]) or row[name] == ""]
        if lacks:
            faults.append(f"reported_indicators: {row['id']} has a value but no {', '.join(lacks)}; fill it in")
        if row["low"] > row["value"] or row["high"] < row["value"]:
            faults.append(f"reported_indicators: {row['id']}: low <= value <= high does not hold; mend the row")
    if faults:
        raise DataError("\n".join(faults))
    return told[list(REPORTED)].reset_index(drop=True).astype({"year": "int64"})


def summary(board: pd.DataFrame) -> pd.DataFrame:
    """Return how many targets have each status. [count]"""
    counts = board["status"].value_counts()
    table = pd.DataFrame(
        {
            "status": list(STATUS),
            "status_zh": [zh for zh, _ in STATUS.values()],
            "targets": [int(counts.get(word, 0)) for word in STATUS],
        }
    )
    table.attrs = {"title_zh": "目标状态汇总", "title_en": "targets by status", "headings": HEADINGS}
    return table


def town_columns(
    towns: pd.DataFrame,
    indicators: pd.DataFrame,
    parts: pd.DataFrame,
    wanted: Iterable[tuple[str, str, str, bool]],
) -> pd.DataFrame:
    """Return what each town contributes to indicators, with what lies outside all towns and the district's value.

    Parameters
    ----------
    towns : DataFrame
        ``town_code``, ``name_zh``, ``name_en``.
    indicators, parts : DataFrame
        Of `changping_geo.plan.indicators.read_indicators`.
    wanted : iterable of (str, str, str, bool)
        Indicator, scope, name of the column, and whether towns add up.

    Returns
    -------
    DataFrame, shape (towns + 2, ...)
        Indexed by ``town_code``, then ``outside`` and ``district``. Where towns add up, what they leave of the
        district's value stands outside, and nothing known is zero; elsewhere it is missing.
    """
    nothing = pd.Series(dtype="object", index=towns.index)
    out = totals_by_town(pd.DataFrame(index=towns.index), nothing, towns)
    for indicator, scope, name, adds_up in wanted:
        whole = indicators[(indicators["indicator"] == indicator) & (indicators["scope"] == scope)]
        own = parts[(parts["indicator"] == indicator) & (parts["scope"] == scope)].set_index("town_code")["value"]
        column = own.reindex(out.index).astype(float)
        total = float(whole["value"].iloc[0]) if len(whole) else np.nan
        if adds_up:
            column = column.fillna(0.0)
            total = 0.0 if np.isnan(total) else total
            column.loc["outside"] = 0.0
            column.loc["outside"] = total - float(column.iloc[:-2].sum())
        column.loc["district"] = total
        out[name] = column
    return out
