"""The plan's scoreboard in a report: counts, the largest gaps, every target, and what a town carries."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any

import pandas as pd

from changping_geo.model import SpecError, Status
from changping_geo.plan.scoreboard import BEHIND, COLUMNS, MET, NO_DATA, ON_TRACK, STATUS
from changping_geo.present.report_parts import Cell, Figure, Figures, Table, pair
from changping_geo.present.units import ladder, number, step_for

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from changping_geo.model import Run

Pair = tuple[str, str]
Row = dict["Hashable", Any]

_NEEDED = set(COLUMNS[:17])
_MOST_GAPS = 5
_SIGNS = {">=": "≥", "<=": "≤", "=": "=", ">": ">", "<": "<"}
_MORE = re.compile(r"等\d+个$")  # how the scoreboard ends a long list of towns
_YES_NO = "yes/no"
_WHOLE: Pair = ("全区", "district")


def scoreboard_of(run: Run) -> pd.DataFrame | None:
    """Return the scoreboard of a run: the first table of an analysis with the columns of one; None if there is none."""
    for result in run.results.values():
        for table in result.tables.values():
            if set(table.columns) >= _NEEDED:
                return table
    return None


def tiles(board: pd.DataFrame) -> Figures:
    """Return how many targets are met, on track, behind, and without data."""
    counts = board["status"].value_counts()
    order = (MET, ON_TRACK, BEHIND, NO_DATA)
    figures = tuple(Figure(pair(*STATUS[word]), pair(int(counts.get(word, 0))), mark=word) for word in order)
    return Figures(figures, pair(f"规划目标 {len(board)} 项", f"{len(board)} targets of the plan"), look="tiles")


def largest_gaps(board: pd.DataFrame) -> Table | None:
    """Return the targets that lack most of what the plan wants, relative to it; None if nothing is lacking."""
    rows = [row for row in _rows(board) if _relative_gap(row) > 0 and row["status"] in (BEHIND, ON_TRACK)]
    rows.sort(key=_relative_gap, reverse=True)
    heads = (
        *(pair("差距最大的目标", "Largest gaps"), pair("目标值", "Target"), pair("现值", "Value")),
        *(pair("差距", "Gap"), pair("进度", "Status")),
    )
    cells = [
        (
            Cell(_title(row)),
            Cell(_target(row)),
            Cell(quantity(row["value"], row["unit"]), note=_year(row["value_year"])),
            Cell(quantity(row["gap"], row["unit"]), note=pair(f"{_relative_gap(row):.0%}")),
            Cell(pair(*_label(row["status"])), str(row["status"])),
        )
        for row in rows[:_MOST_GAPS]
    ]
    widths = 0.36, 0.18, 0.18, 0.16, 0.12
    return Table(heads, tuple(cells), (False, True, True, True, False), widths) if cells else None


def board_table(board: pd.DataFrame) -> Table:
    """Return every target: wanted, known, lacking, status, data status, and the towns that carry it."""
    heads = (
        *(pair("规划目标", "Target of the plan"), pair("年份", "Year"), pair("目标值", "Wanted")),
        *(pair("现值", "Known"), pair("差距", "Gap"), pair("进度", "Status")),
        *(pair("数据状态", "Data status"), pair("承担镇街", "Towns that carry it")),
    )
    widths = 0.24, 0.08, 0.13, 0.14, 0.11, 0.08, 0.09, 0.13
    rows = tuple(_board_row(row) for row in _rows(board))
    return Table(heads, rows, (False, False, True, True, True, False, False, False), widths)


def _board_row(row: Row) -> tuple[Cell, ...]:
    zh, en = quantity(row["low"], row["unit"]), quantity(row["high"], row["unit"])
    span = (f"{zh[0]} – {en[0]}", f"{zh[1]} – {en[1]}") if _known(row["low"]) and _known(row["high"]) else ("", "")
    year = _year(row["value_year"])
    notes = " · ".join(t for t in (year[0], span[0]) if t), " · ".join(t for t in (year[1], span[1]) if t)
    # what to do where nothing is known is the same for every target, and stands below the table
    why = pair("") if row["status"] == NO_DATA else pair(_text(row.get("note_zh")), _text(row.get("note_en")))
    label, mark = _data_status(row["data_status"])
    return (
        Cell(_title(row), note=why),
        Cell(pair(_year(row["year"])[1])),
        Cell(_target(row)),
        Cell(quantity(row["value"], row["unit"]), note=notes),
        Cell(quantity(row["gap"], row["unit"])),
        Cell(pair(*_label(row["status"])), str(row["status"])),
        Cell(label, mark),
        Cell(pair(_text(row.get("towns_zh")) or "–")),
    )


def carried_by(board: pd.DataFrame, town: str, contributions: Iterable[Row]) -> Table | None:
    """Return the targets that a town carries, with its contribution where an analysis tells it.

    Parameters
    ----------
    board : DataFrame
        The scoreboard.
    town : str
        The town's Chinese name.
    contributions : iterable of dict
        The town's rows of the tables ``indicators_by_town``: ``indicator, scope, value, unit``.
    """
    own = {(str(c["indicator"]), str(c["scope"])): c for c in contributions}
    cells = []
    for row in _rows(board):
        given = own.get((str(row["indicator"]), str(row["scope"])))
        if given is None and town not in _MORE.sub("", _text(row.get("towns_zh"))).split("、"):
            continue
        amount = quantity(given["value"], str(given["unit"])) if given is not None else pair("–")
        cells.append(
            (
                Cell(_title(row)),
                Cell(_target(row), note=_year(row["year"])),
                Cell(quantity(row["value"], row["unit"])),
                Cell(amount, "strong"),
                Cell(pair(*_label(row["status"])), str(row["status"])),
            )
        )
    heads = (
        *(pair("规划目标", "Target of the plan"), pair("目标值", "Wanted"), pair("现值", "Known")),
        *(pair("本镇街数值", "This town"), pair("进度", "Status")),
    )
    title = pair("承担的规划目标", "Targets that the town carries")
    widths = 0.36, 0.18, 0.17, 0.17, 0.12
    return Table(heads, tuple(cells), (False, True, True, True, False), widths, title=title) if cells else None


def quantity(value: Any, unit: object, *, whole: bool = False) -> Pair:
    """Write a target or a value in the units of planners.

    Parameters
    ----------
    value : float
        A number, or what is missing. [unit]
    unit : str
        The target's unit.
    whole : bool
        Whether every digit that a plan gives is written, instead of about three.

    Examples
    --------
    >>> quantity(3512200, "m2", whole=True)
    ('351.22 万平方米', '3.5122 km²')
    >>> quantity(3512200, "m2")
    ('351 万平方米', '3.51 km²')
    """
    if not _known(value):
        return pair("–")
    if unit == _YES_NO:
        return pair("是", "yes") if float(value) >= 1 else pair("否", "no")
    texts = []
    for steps in ladder(str(unit)):
        size, word = step_for(float(value), steps)
        scaled = float(value) / size
        short = f"{scaled:,.4f}".rstrip("0").rstrip(".") if whole or scaled.is_integer() else number(scaled)
        texts.append(f"{short}{'' if word in ('', '%') else ' '}{word}")
    return pair(texts[0], texts[1])


def _rows(board: pd.DataFrame) -> list[Row]:
    return board.to_dict("records")


def _known(value: Any) -> bool:
    number_ = pd.to_numeric(value, errors="coerce")
    return bool(pd.notna(number_)) and isfinite(float(number_))


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _relative_gap(row: Row) -> float:
    if not _known(row["gap"]) or not _known(row["target"]) or not float(row["target"]):
        return 0.0
    return float(row["gap"]) / abs(float(row["target"]))


def _title(row: Row) -> Pair:
    scope = _text(row["scope"])
    zh, en = _text(row["title_zh"]), _text(row["title_en"])
    named = scope in ("", *_WHOLE) or scope in zh or scope in en
    if named:
        return pair(zh, en)
    return pair(zh if scope.isascii() else f"{zh}（{scope}）", f"{en} ({scope})")


def _target(row: Row) -> Pair:
    zh, en = quantity(row["target"], row["unit"], whole=True)
    sign = _SIGNS.get(str(row["operator"]), str(row["operator"]))
    return pair(f"{sign} {zh}", f"{sign} {en}")


def _year(value: Any) -> Pair:
    return pair(f"{float(value):.0f}年", f"{float(value):.0f}") if _known(value) else pair("")


def _label(word: object) -> Pair:
    return STATUS.get(str(word), (str(word), str(word)))


def _data_status(word: Any) -> tuple[Pair, str]:
    try:
        status = Status.parse(_text(word))
    except SpecError:
        return pair(_text(word) or "–"), ""
    return pair(status.label_zh, status.label_en), status.word
