"""The sheet of an analysis: results per town in the units of planners, the raw numbers beside them, and a ranking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.present.headings import heading, main_output, readable
from changping_geo.present.sheets import GREY, HEAD_FILL, TOTAL_FILL, WHOLE_UNITS, Head, number_format, text_width
from changping_geo.present.tables import LEADING, town_table

if TYPE_CHECKING:
    from changping_geo.model import Analysis, Run
    from changping_geo.present.sheets import Book

# Rows of by_town that are no towns.
OUTSIDE, DISTRICT = "outside", "district"
_TOP = 4
_LEFT = ("town_name", "name_en", "data_status")
_MIN_TOWNS = 2
_MAX_NAME = 24.0  # characters; longer names are wrapped
_ONE_PAGE_ROWS = 32
_RANKING_ROWS, _CHART_COLUMN = 10, 5


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of results, in one of its two units."""

    name: str
    head: Head
    numbers: np.ndarray[Any, Any]


def write_town_sheet(book: Book, run: Run, name: str) -> None:
    """Write the sheet of one analysis.

    Parameters
    ----------
    book : Book
        The workbook.
    run : Run
        The finished run.
    name : str
        The analysis.
    """
    analysis = run.analyses[name]
    frame = town_table(run, name)
    frame["data_status"] = analysis.status.label_zh
    left = [column for column in _LEFT if column in frame]
    results = [
        str(c) for c in frame if c not in (*LEADING, *_LEFT, "town_code") and pd.api.types.is_numeric_dtype(frame[c])
    ]
    leading = {f"{column}{end}" for column in analysis.headline for end in ("", "_low", "_high")}
    printed = [column for column in results if column in leading] or results
    shown = _alike([_shown(run, name, frame[column]) for column in printed])
    raw = [_raw(run, name, frame[column]) for column in results]
    sheet = book.sheet(analysis.title_zh)
    about = f"数据状态：{analysis.status.label_zh}（{analysis.status.label_en}）"
    book.titles(sheet, f"{analysis.title_zh}：分镇街结果", f"{analysis.title_en}: results by town", about)
    first = _write_heads(book, sheet, run, frame, left, shown, raw)
    _write_rows(book, sheet, frame, left, [*shown, *raw], first)
    sheet.freeze_panes(first, 1)
    sheet.repeat_rows(_TOP - 1, first - 1)
    main = main_output(analysis, printed)
    towns = frame[~frame["town_code"].isin([OUTSIDE, DISTRICT])]
    if main is not None and len(towns) >= _MIN_TOWNS:
        position = printed.index(main)
        bar = {"type": "data_bar", "bar_color": "#f3b562", "min_type": "num", "min_value": 0}
        column = len(left) + position
        sheet.conditional_format(first, column, first + len(towns) - 1, column, bar)
        values = shown[position].numbers[towns.index.to_numpy()]
        ranking = pd.DataFrame({"town": towns["town_name"].astype(str), "value": values}).dropna()
        ranking = ranking.sort_values("value", ascending=False, kind="stable")
        _write_ranking(book, sheet, analysis, shown[position].head, ranking, first + len(frame) + 2)
    if len(frame) <= _ONE_PAGE_ROWS:
        sheet.fit_to_pages(1, 1)
    # The numbers as computed are for the screen: on paper they would make the others too small to read.
    sheet.print_area(0, 0, first + 2 * len(frame) + _RANKING_ROWS, max(len(left) + len(shown) - 1, _CHART_COLUMN + 6))


def _shown(run: Run, analysis: str, column: pd.Series[Any]) -> _Column:
    title = heading(run, str(column.name), analysis=analysis)
    values = column.to_numpy(dtype=float, na_value=np.nan)
    unit, factor = readable(title.unit, values)
    scaled = values * factor
    head = Head(
        title.zh, title.en, unit, _width(unit), "#,##0" if title.unit in WHOLE_UNITS else number_format(scaled[:-1])
    )
    return _Column(str(column.name), head, scaled)


def _alike(columns: list[_Column]) -> list[_Column]:
    """Give columns of one unit the same number of digits."""
    finest: dict[str, str] = {}
    for column in columns:
        unit = column.head.unit
        finest[unit] = max(finest.get(unit, ""), column.head.number, key=len)
    return [
        replace(c, head=replace(c.head, number=finest[c.head.unit] if c.head.unit else c.head.number)) for c in columns
    ]


def _raw(run: Run, analysis: str, column: pd.Series[Any]) -> _Column:
    title = heading(run, str(column.name), analysis=analysis)
    whole = pd.api.types.is_integer_dtype(column) or title.unit in WHOLE_UNITS
    head = Head(title.zh, title.name, title.unit, _width(title.unit, title.name), "#,##0" if whole else "#,##0.00")
    return _Column(str(column.name), head, column.to_numpy(dtype=float, na_value=np.nan))


def _width(*texts: str) -> float:
    return float(min(max(13, *(text_width(text) + 2 for text in texts)), 26))


def _write_heads(
    book: Book, sheet: Any, run: Run, frame: pd.DataFrame, left: list[str], shown: list[_Column], raw: list[_Column]
) -> int:
    titles = [heading(run, column) for column in left]
    widths = [min(max([text_width(str(v)) for v in frame[column]] + [8]) + 3.0, _MAX_NAME) for column in left]
    heads = [Head(t.zh, t.en, "", w) for t, w in zip(titles, widths, strict=True)]
    band = book.style(bold=True, align="center", bg_color=HEAD_FILL, border=1, border_color="#c3ccd0")
    for start, columns, text in (
        (len(left), shown, "规划常用单位（units of planning）"),
        (len(left) + len(shown), raw, "原始数值（as computed）"),
    ):
        if len(columns) > 1:
            sheet.merge_range(_TOP - 1, start, _TOP - 1, start + len(columns) - 1, text, band)
        elif columns:
            book.put(sheet, _TOP - 1, start, text, band)
    heads += [column.head for column in (*shown, *raw)]
    for i, head in enumerate(heads):
        sheet.set_column(i, i, head.width)
    return book.heads(sheet, _TOP, 0, heads)


def _write_rows(
    book: Book, sheet: Any, frame: pd.DataFrame, left: list[str], columns: list[_Column], first: int
) -> None:
    for r, code in enumerate(frame["town_code"]):
        look: dict[str, Any] = {}
        if code == DISTRICT:
            look = {"bold": True, "bg_color": TOTAL_FILL, "top": 1}
        elif code == OUTSIDE:
            look = {"italic": True, "font_color": GREY}
        for c, name in enumerate(left):
            value = frame[name].iloc[r]
            book.put(sheet, first + r, c, value, book.cell_style(value, **look))
        book.fit_row(sheet, first + r, [str(frame[name].iloc[r]) for name in left], [_MAX_NAME + 2] * len(left))
        for c, column in enumerate(columns, len(left)):
            value = float(column.numbers[r])
            book.put(sheet, first + r, c, value, book.cell_style(value, column.head.number, **look))


def _write_ranking(book: Book, sheet: Any, analysis: Analysis, head: Head, ranking: pd.DataFrame, top: int) -> None:
    book.put(sheet, top, 0, f"按{head.zh}排名（ranked by {head.en}）", book.style(bold=True, font_size=12))
    first = book.heads(
        sheet,
        top + 1,
        0,
        [Head("镇街", "Town"), Head("名次", "Rank"), Head("占比", "Share"), Head(head.zh, head.en, head.unit, 13)],
    )
    total = float(ranking["value"].sum())
    for r, (town, value) in enumerate(zip(ranking["town"], ranking["value"], strict=True)):
        share = value / total if total else float("nan")
        cells = ((town, ""), (r + 1, "0"), (share, "0.0%"), (float(value), head.number))
        for c, (cell, number) in enumerate(cells):
            book.put(sheet, first + r, c, cell, book.cell_style(cell, number))
    name, last = sheet.get_name(), first + len(ranking) - 1
    chart = book.book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "categories": [name, first, 0, last, 0],
            "values": [name, first, 3, last, 3],
            "fill": {"color": "#ec7f1a"},
            "gap": 40,
            "data_labels": {"value": True, "num_format": head.number},
        }
    )
    chart.set_title(
        {"name": f"{analysis.title_zh}：{head.zh} [{head.unit}]", "name_font": {"size": 12}, "overlay": False}
    )
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "major_tick_mark": "none"})
    chart.set_x_axis({"major_gridlines": {"visible": True, "line": {"color": "#e0e0e0"}}, "num_format": head.number})
    chart.set_size({"width": 760, "height": 90 + 23 * max(len(ranking), 4)})
    sheet.insert_chart(top + 1, _CHART_COLUMN, chart)
