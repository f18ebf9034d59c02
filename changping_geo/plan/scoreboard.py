"""Every target of a plan held against what is known of it: value, gap, pace, forecast, status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from changping_geo.errors import DataError
from changping_geo.plan.series import forecast, probability_of, required_rate, trend

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from changping_geo.plan.series import Trend

__all__ = ["BEHIND", "COLUMNS", "MET", "NO_DATA", "ON_TRACK", "STATUS", "scoreboard", "series_table"]

MET, ON_TRACK, BEHIND, NO_DATA = "met", "on_track", "behind", "no_data"
#: Chinese and English label of each status.
STATUS = {
    MET: ("已达到", "met"),
    ON_TRACK: ("按进度推进", "on track"),
    BEHIND: ("落后", "behind"),
    NO_DATA: ("无数据", "no data"),
}
COLUMNS = (
    "id", "section", "title_zh", "title_en", "indicator", "scope", "operator", "target", "unit", "year",
    "value", "low", "high", "value_year", "gap", "status", "data_status", "probability",
    "rate_per_year", "required_per_year", "forecast_year", "forecast", "forecast_low", "forecast_high",
    "told_by", "definition_zh", "definition_en", "towns_zh", "reported_value", "source", "note_zh", "note_en",
)  # fmt: skip
_SERIES = ("id", "year", "value", "low", "high", "data_status", "told_by", "source")
_P90 = float(stats.norm.ppf(0.9))
_EQUAL = 1e-9
#: How near the sum of towns comes to the whole where towns add up. [1]
_ADDS_UP = 1e-6
#: Towns named beside a target; the rest are counted. [towns]
_NAMED = 6
#: From this chance on, a target whose year has no data yet counts as on track. [1]
_LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class _Known:
    """The latest that is known of a target."""

    value: float
    low: float
    high: float
    year: float
    probability: float
    data_status: str
    told_by: str
    definition: tuple[str, str]
    source: str


def scoreboard(
    targets: pd.DataFrame,
    indicators: pd.DataFrame,
    reported: pd.DataFrame,
    *,
    assessment_year: int,
    forecast_year: int,
    towns: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Hold every target against what is known of it.

    What an analysis computed stands before what was reported for the same year or an earlier one; a later report stands
    before it. A target of which nothing is known says so.

    Parameters
    ----------
    targets : DataFrame, shape (n, ...)
        ``id, section, title_zh, title_en, indicator, operator, target, unit, year, baseline_year, scope, how_known``.
    indicators : DataFrame
        Of `changping_geo.plan.indicators.read_indicators`, with ``data_status``.
    reported : DataFrame
        ``id, year, value, low, high, unit, data_status, source``: a row per target and year.
    assessment_year : int
        The year in which the plan is looked at. [a]
    forecast_year : int
        The year to which every series with a pace is carried on. [a]
    towns : DataFrame, optional
        ``indicator, scope, town_name, value``: what towns contribute.

    Returns
    -------
    DataFrame, shape (n, 32)
        `COLUMNS`. ``gap`` is what is still missing in the target's unit, negative where it is exceeded.

    Raises
    ------
    DataError
        If a report names no target of the plan or another unit, or tells a year twice or one after `assessment_year`;
        all faults at once.
    """
    check_reported(targets, indicators, reported, assessment_year)
    series = series_table(targets, indicators, reported)
    rows = [
        _row(target, series, indicators, towns, assessment_year, forecast_year) for target in targets.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def check_reported(
    targets: pd.DataFrame, indicators: pd.DataFrame, reported: pd.DataFrame, assessment_year: int
) -> None:
    """Hold what was reported and computed to the plan's table.

    Raises
    ------
    DataError
        As `scoreboard` says.
    """
    units = dict(zip(targets["id"], targets["unit"], strict=True))
    faults: list[str] = []
    for number, row in enumerate(reported.to_dict("records"), 2):
        where = f"reported_indicators, line {number}"
        if row["id"] not in units:
            faults.append(f"{where}: {row['id']!r} is no target of the plan; ids are: {', '.join(units)}")
            continue
        if row["unit"] != units[row["id"]]:
            faults.append(f"{where}: {row['id']} is told in {row['unit']!r}; convert it to {units[row['id']]!r}")
        if row["year"] > assessment_year:
            faults.append(
                f"{where}: {row['id']} of {row['year']} lies after the year of assessment, {assessment_year}; "
                "a report tells what was, so correct the year or set plan_targets.assessment_year"
            )
    twice = reported[reported.duplicated(["id", "year"], keep=False)] if len(reported) else reported
    faults += [f"reported_indicators: {i} of {y} is told twice; keep one" for i, y in _pairs(twice)]
    by_code = {(t["indicator"], t["scope"]): t["unit"] for t in targets.to_dict("records")}
    for row in indicators.to_dict("records"):
        wanted = by_code.get((row["indicator"], row["scope"]))
        if wanted is not None and row["unit"] != wanted:
            faults.append(f"{row['analysis']} tells {row['indicator']} in {row['unit']!r}, the plan in {wanted!r}")
    if faults:
        raise DataError("\n".join(faults))


def _pairs(frame: pd.DataFrame) -> Iterable[tuple[Hashable, Hashable]]:
    return dict.fromkeys(zip(frame["id"], frame["year"], strict=True)) if len(frame) else ()


def series_table(targets: pd.DataFrame, indicators: pd.DataFrame, reported: pd.DataFrame) -> pd.DataFrame:
    """Return the yearly series of every target: what was reported, and what was computed in its year.

    Parameters
    ----------
    targets, indicators, reported : DataFrame
        As for `scoreboard`.

    Returns
    -------
    DataFrame, shape (m, 8)
        ``id, year, value, low, high, data_status, told_by, source``, by target and year.
    """
    told = indicators.dropna(subset=["value"]) if len(indicators) else indicators
    parts = [reported.assign(told_by="reported")[list(_SERIES)]] if len(reported) else []
    for target in targets.to_dict("records"):
        match = told[(told["indicator"] == target["indicator"]) & (told["scope"] == target["scope"])]
        if len(match):
            computed = match.assign(id=target["id"], told_by=match["analysis"], source="")
            parts.append(computed[list(_SERIES)])
    if not parts:
        return pd.DataFrame(columns=list(_SERIES))
    whole = pd.concat([part.astype({"value": float, "low": float, "high": float}) for part in parts])
    whole["order"] = whole["id"].map({name: i for i, name in enumerate(targets["id"])})
    whole["reported"] = whole["told_by"] == "reported"
    # of one year, what was computed stands after what was reported, and is the one that counts
    whole = whole.sort_values(["order", "year", "reported"], ascending=[True, True, False], kind="stable")
    return whole.drop(columns=["order", "reported"]).reset_index(drop=True)


def _row(
    target: dict[Hashable, object],
    series: pd.DataFrame,
    indicators: pd.DataFrame,
    towns: pd.DataFrame | None,
    assessment_year: int,
    forecast_year: int,
) -> dict[str, object]:
    own = series[series["id"] == target["id"]]
    known = _latest(own, target, indicators)
    yearly = own.drop_duplicates("year", keep="last")
    line = trend(yearly["year"].to_numpy(dtype=float), yearly["value"].to_numpy(dtype=float))
    wanted, due = float(str(target["target"])), _year(target["year"])
    ahead = forecast(line, forecast_year)
    status, note = _status(known, line, str(target["operator"]), wanted, due, target, assessment_year)
    reported = own[own["told_by"] == "reported"]
    row = {key: target[key] for key in COLUMNS[:9]} | {"year": target["year"]}
    return row | {
        "value": known.value,
        "low": known.low,
        "high": known.high,
        "value_year": known.year,
        "gap": _gap(known.value, wanted, str(target["operator"])),
        "status": status,
        "data_status": known.data_status,
        "probability": _probability(known, line, str(target["operator"]), wanted, due),
        "rate_per_year": line.rate,
        "required_per_year": required_rate(known.value, known.year, wanted, due) if status != MET else np.nan,
        "forecast_year": forecast_year if np.isfinite(ahead.value) else np.nan,
        "forecast": ahead.value,
        "forecast_low": ahead.low,
        "forecast_high": ahead.high,
        "told_by": known.told_by,
        "definition_zh": known.definition[0],
        "definition_en": known.definition[1],
        "towns_zh": _carriers(target, towns, known.value),
        "reported_value": float(reported["value"].iloc[-1]) if len(reported) else np.nan,
        "source": known.source,
        "note_zh": note[0],
        "note_en": note[1],
    }


def _year(value: object) -> float:
    return np.nan if value is None or pd.isna(value) else float(str(value))  # type: ignore[call-overload]


def _latest(own: pd.DataFrame, target: dict[Hashable, object], indicators: pd.DataFrame) -> _Known:
    if own.empty:
        return _Known(np.nan, np.nan, np.nan, np.nan, np.nan, "", "", ("", ""), "")
    last = own.iloc[-1]
    match = indicators[(indicators["indicator"] == target["indicator"]) & (indicators["scope"] == target["scope"])]
    computed = last["told_by"] != "reported"
    definition = (str(match["definition_zh"].iloc[0]), str(match["definition_en"].iloc[0])) if computed else ("", "")
    return _Known(
        value=float(last["value"]),
        low=float(last["low"]),
        high=float(last["high"]),
        year=float(last["year"]),
        probability=float(match["probability"].iloc[0]) if computed else np.nan,
        data_status=str(last["data_status"]),
        told_by=str(last["told_by"]),
        definition=definition,
        source=str(last["source"] or ""),
    )


def _meets(value: float, wanted: float, operator: str) -> bool:
    slack = _EQUAL * max(abs(wanted), 1.0)
    if operator == ">=":
        return value >= wanted - slack
    return value <= wanted + slack if operator == "<=" else abs(value - wanted) <= slack


def _gap(value: float, wanted: float, operator: str) -> float:
    if operator == "=":
        return abs(wanted - value)
    return wanted - value if operator == ">=" else value - wanted


def _probability(known: _Known, line: Trend, operator: str, wanted: float, due: float) -> float:
    """Return the chance of meeting a target: as told, else from the forecast, else from the value's own interval."""
    if np.isfinite(known.probability) or not np.isfinite(known.value) or operator == "=":
        return known.probability
    if np.isfinite(due) and due > known.year and np.isfinite(line.rate_error):
        return probability_of(forecast(line, due), wanted, at_least=operator == ">=")
    spread = (known.high - known.low) / (2.0 * _P90)
    if not np.isfinite(spread) or spread <= 0 or (np.isfinite(due) and due > known.year):
        return np.nan
    above = float(stats.norm.sf((wanted - known.value) / spread))
    return above if operator == ">=" else 1.0 - above


def _status(
    known: _Known,
    line: Trend,
    operator: str,
    wanted: float,
    due: float,
    target: dict[Hashable, object],
    assessment_year: int,
) -> tuple[str, tuple[str, str]]:
    """Return the status of a target, and what must be known about that judgement."""
    if not np.isfinite(known.value):
        how = str(target.get("how_known") or "")
        return NO_DATA, (
            "尚无数据；请填报 reported_indicators 或提供相应图层",
            f"nothing is known; to be {how or 'reported'}",
        )
    if _meets(known.value, wanted, operator):
        return MET, ("", "")
    if np.isfinite(due) and assessment_year >= due:
        old = (f"目标年已到，最新数据为{known.year:.0f}年", f"due; the latest value is of {known.year:.0f}")
        if known.year < due and known.probability >= _LIKELY:
            return ON_TRACK, (
                f"{old[0]}，按推算达标概率判断",
                f"{old[1]}, judged by the chance that the analysis tells",
            )
        return BEHIND, old if known.year < due else ("", "")
    return _pace(known, line, operator, wanted, due, _year(target.get("baseline_year")))


def _pace(
    known: _Known, line: Trend, operator: str, wanted: float, due: float, start: float
) -> tuple[str, tuple[str, str]]:
    """Return whether a target that is not due yet will be met if things go on as they do."""
    if np.isfinite(due) and np.isfinite(line.rate):
        on_time = _meets(forecast(line, due).value, wanted, operator)
        return (ON_TRACK if on_time else BEHIND), ("按线性趋势外推", "judged by the straight line through the series")
    if np.isfinite(start) and np.isfinite(due) and known.year > start:
        pace = wanted * (known.year - start) / (due - start)
        words = ("按基准年起的匀速进度判断", "judged against an even pace since the baseline year")
        return (ON_TRACK if _meets(known.value, pace, operator) else BEHIND), words
    return BEHIND, ("仅有一年数据，进度无法判断", "one year only: the pace cannot be judged")


def _carriers(target: dict[Hashable, object], towns: pd.DataFrame | None, whole: float) -> str:
    """Return the towns that carry an indicator: what adds up by its share, what does not where it meets the target."""
    if towns is None or towns.empty or not np.isfinite(whole):
        return ""
    own = towns[(towns["indicator"] == target["indicator"]) & (towns["scope"] == target["scope"])]
    own = own[own["town_name"].notna()]
    if abs(own["value"].sum() - whole) <= _ADDS_UP * max(abs(whole), 1.0):
        own = own[own["value"] > 0]
    else:
        own = own[[_meets(v, float(str(target["target"])), str(target["operator"])) for v in own["value"]]]
    names = list(own.sort_values("value", ascending=False, kind="stable")["town_name"].astype(str))
    more = f"等{len(names)}个" if len(names) > _NAMED else ""
    return "、".join(names[:_NAMED]) + more
