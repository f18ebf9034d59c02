"""Sheets of a workbook: cells that stay what they are, heads in two languages, widths for Chinese, print set-up."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xlsxwriter

from changping_geo.present.tables import is_missing
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

FONT = "Microsoft YaHei"
MAX_CELL = 32_767  # characters, a limit of the format
MAX_NAME = 31  # characters of a sheet's name, likewise
PAPER_A3 = 8
HEAD_FILL = "#dfe7ea"
SUB_FILL = "#eef2f4"
TOTAL_FILL = "#f3ead7"
WARN_FILL = "#fff0c2"
GREY = "#6b6b6b"
WHOLE_UNITS = ("count", "persons")
_LINE_HEIGHT = 16.5  # points, of one line of 10-point text
_MAX_LINES = 20  # of a row; Excel's limit is near
_NARROW, _WIDE = 8.0, 60.0


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column.

    Attributes
    ----------
    zh, en, unit : str
        Chinese and English heading, and the unit row below them.
    width : float, optional
        Column width; by default as wide as head and cells need, within limits. [characters]
    number : str
        Number format of the column.
    """

    zh: str
    en: str
    unit: str = ""
    width: float | None = None
    number: str = ""


def text_width(text: str) -> int:
    """Return how wide a text is, a Chinese character counting two. [characters]"""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def number_format(values: Sequence[float] | np.ndarray[Any, Any]) -> str:
    """Return a number format that shows about three digits of the middle value of a column."""
    numbers = np.abs(np.asarray(values, dtype=float))
    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    if not len(numbers):
        return "#,##0"
    digits = min(max(2 - math.floor(math.log10(float(np.median(numbers)))), 0), 4)
    return "#,##0" + ("." + "0" * digits if digits else "")


class Book:
    """A workbook in which text is never a formula or a link, and whose file depends on its contents only."""

    def __init__(self, path: Path, title: str, created: datetime) -> None:
        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": FONT, "font_size": 10, "valign": "vcenter"},
        }
        self.book = xlsxwriter.Workbook(str(path), options)
        self.book.set_properties({"title": writable(title), "created": created})
        self.names: list[str] = []
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def close(self) -> None:
        """Write the file."""
        self.book.close()

    def style(self, **properties: Any) -> Any:
        """Return a cell format; the same properties give the same one."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            base = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
            self._formats[key] = self.book.add_format(base | properties)
        return self._formats[key]

    def sheet(self, name: str) -> Any:
        """Add a sheet; its name is shortened and made distinct where the format asks for it."""
        clean = "".join("·" if char in "[]:*?/\\" else char for char in writable(name)).strip("' ") or "表"
        clean, number = clean[:MAX_NAME], 2
        while clean.casefold() in {taken.casefold() for taken in self.names}:
            clean = f"{clean[: MAX_NAME - 4]} {number}"
            number += 1
        self.names.append(clean)
        sheet = self.book.add_worksheet(clean)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(PAPER_A3)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L{clean.replace('&', '&&')}&R&P / &N")
        return sheet

    def put(self, sheet: Any, row: int, column: int, value: object, style: Any) -> None:
        """Write one cell: a number as number, text as text, nothing for what is missing or not finite."""
        if is_missing(value):
            sheet.write_blank(row, column, None, style)
        elif isinstance(value, bool | np.bool_):
            sheet.write_string(row, column, "是" if value else "否", style)
        elif isinstance(value, int | float | np.integer | np.floating):
            if math.isfinite(value):
                sheet.write_number(row, column, float(value), style)
            else:
                sheet.write_blank(row, column, None, style)
        else:
            text = writable(value)
            sheet.write_string(row, column, text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…", style)

    def titles(self, sheet: Any, zh: str, en: str, status: str) -> None:
        """Write the three lines above a table: title, English title, data status."""
        self.put(sheet, 0, 0, zh, self.style(bold=True, font_size=15))
        self.put(sheet, 1, 0, en, self.style(font_color=GREY))
        self.put(sheet, 2, 0, status, self.style(font_color="#8a5a00"))
        sheet.set_row(0, 26)

    def heads(self, sheet: Any, top: int, left: int, heads: Sequence[Head]) -> int:
        """Write the heads of columns from row `top` on and return the first row below them."""
        units = any(head.unit for head in heads)
        lines = [1, 1]
        for i, head in enumerate(heads, left):
            self.put(sheet, top, i, head.zh, self._head(bold=True, bg_color=HEAD_FILL))
            self.put(sheet, top + 1, i, head.en, self._head(font_size=9, font_color=GREY, bg_color=HEAD_FILL))
            if units:
                self.put(sheet, top + 2, i, head.unit, self._head(font_size=9, italic=True, bg_color=SUB_FILL))
            width = head.width or _NARROW
            lines = [max(n, math.ceil(text_width(t) / width)) for n, t in zip(lines, (head.zh, head.en), strict=True)]
        for k, count in enumerate(lines):
            sheet.set_row(top + k, _LINE_HEIGHT * count + 3)
        return top + 2 + units

    def _head(self, **properties: Any) -> Any:
        return self.style(text_wrap=True, align="center", border=1, border_color="#c3ccd0", **properties)

    def table(
        self,
        sheet: Any,
        heads: Sequence[Head],
        rows: Iterable[Sequence[object]],
        *,
        top: int = 4,
        frozen: int = 1,
        marked: Sequence[int] = (),
    ) -> None:
        """Write a table with its heads, frozen head rows, filter and print titles.

        Parameters
        ----------
        sheet : worksheet
            Where it goes, from column A on.
        heads : sequence of Head
            One per column.
        rows : iterable of sequence
            The cells.
        top : int
            Row of the heads.
        frozen : int
            Columns that stay when the sheet is moved sideways.
        marked : sequence of int
            Rows of the table that are shown in colour, counted from 0.
        """
        kept = [list(row) for row in rows]
        heads = [self._fitted(head, [row[i] for row in kept]) for i, head in enumerate(heads)]
        first = self.heads(sheet, top, 0, heads)
        for i, head in enumerate(heads):
            sheet.set_column(i, i, head.width)
        for r, row in enumerate(kept):
            fill = {"bg_color": WARN_FILL} if r in marked else {}
            for c, value in enumerate(row):
                self.put(sheet, first + r, c, value, self.cell_style(value, heads[c].number, **fill))
            self.fit_row(sheet, first + r, row, [head.width or _WIDE for head in heads])
        sheet.freeze_panes(first, frozen)
        sheet.repeat_rows(top, first - 1)
        if kept:
            sheet.autofilter(first - 1, 0, first + len(kept) - 1, len(heads) - 1)

    def fit_row(
        self, sheet: Any, row: int, cells: Sequence[object], widths: Sequence[float], lines: float = 1.0
    ) -> None:
        """Make a row as high as its wrapped texts need, and at least `lines` lines."""
        for value, width in zip(cells, widths, strict=True):
            if isinstance(value, str):
                parts = (math.ceil(text_width(part) / max(width - 2, 4)) for part in value.split("\n"))
                lines = max(lines, sum(max(1, part) for part in parts))
        sheet.set_row(row, _LINE_HEIGHT * min(lines, _MAX_LINES) + 1.5)

    def cell_style(self, value: object, number: str = "", **properties: Any) -> Any:
        """Return the format of a cell: numbers to the right, text to the left and wrapped."""
        lines = {"bottom": 1, "bottom_color": "#e3e8ea"}
        if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
            return self.style(num_format=number or "General", align="right", **lines, **properties)
        return self.style(text_wrap=True, align="left", indent=1, **lines, **properties)

    @staticmethod
    def _fitted(head: Head, cells: Sequence[object]) -> Head:
        if head.width is not None:
            return head
        texts = [text_width(str(value)) for value in cells[:2000] if isinstance(value, str)]
        needed = max([*texts, text_width(head.zh), min(text_width(head.en), 14), text_width(head.unit)]) + 3
        return Head(head.zh, head.en, head.unit, min(max(float(needed), _NARROW + 2), _WIDE), head.number)
