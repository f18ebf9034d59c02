"""字段说明: what each short field name means, as a table beside files that cannot say it themselves."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import xlsxwriter

from changping_geo.present.tables import cell
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from changping_geo.present.gislayers import GisLayer

HEADER = ("图层", "图层名称", "字段", "原字段名", "中文名", "英文名", "单位", "公式", "取值", "备注")
NAME = "字段说明"
WIDTH = 10
STANDARD = {"data_status": "status"}
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)  # a constant: the same results give the same file
_WIDTHS = (16, 16, 12, 28, 28, 34, 14, 48, 48, 30)
_MOST = 4


def short_names(columns: Iterable[str], cards: Mapping[str, str]) -> dict[str, str]:
    """Return a name of at most ten ASCII characters for each column, none twice, whatever the case of letters.

    Parameters
    ----------
    columns : iterable of str
        The columns.
    cards : mapping of str to str
        Names that their cards give; one of them that is taken already gets a number.

    Examples
    --------
    >>> short_names(["pv_energy_mwh_a", "pv_energy_mwh_m01", "名称"], {"pv_energy_mwh_a": "pv_mwh"})
    {'pv_energy_mwh_a': 'pv_mwh', 'pv_energy_mwh_m01': 'pvenmwm01', '名称': 'field'}
    """
    taken: set[str] = set()
    names: dict[str, str] = {}
    for column in columns:
        base = _ascii(cards.get(column, "")) or STANDARD.get(column) or _shortened(column)
        name, number = base, 2
        while name.casefold() in taken:
            name = f"{base[: WIDTH - 1 - len(str(number))]}_{number}"
            number += 1
        taken.add(name.casefold())
        names[column] = name
    return names


def note_rows(
    layers: Iterable[GisLayer], names: Mapping[str, Mapping[str, str]], remarks: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, ...]]:
    """Return one row per field, in the order of `HEADER`.

    Parameters
    ----------
    layers : iterable of GisLayer
        The layers.
    names : mapping of str to mapping of str to str
        Per layer: column to field name; a column that is missing there keeps its name.
    remarks : mapping of str to mapping of str to str
        Per layer: what is to be said of a column.
    """
    return [
        (
            layer.name,
            writable(layer.title_zh),
            names.get(layer.name, {}).get(column, column),
            writable(column),
            writable(heading.zh),
            writable(heading.en),
            writable(heading.unit),
            writable(heading.formula),
            writable("；".join(f"{word} = {label}" for word, label in layer.words.get(column, {}).items())),
            remarks.get(layer.name, {}).get(column, ""),
        )
        for layer in layers
        for column, heading in layer.headings.items()
    ]


def note_frame(layers: Iterable[GisLayer]) -> pd.DataFrame:
    """Return the notes of layers that keep their columns' names, with ASCII headings."""
    heads = ["layer", "layer_zh", "field", "column_name", "title_zh", "title_en", "unit", "formula", "words", "remark"]
    return pd.DataFrame(note_rows(layers, {}, {}), columns=heads).drop(columns=["column_name", "remark"])


def write_notes(rows: Sequence[tuple[str, ...]], folder: Path) -> list[Path]:
    """Write the notes as a CSV and as a workbook.

    Parameters
    ----------
    rows : sequence of tuple of str
        As `note_rows` returns them.
    folder : Path
        Where they are written.
    """
    text, book = folder / f"{NAME}.csv", folder / f"{NAME}.xlsx"
    with text.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(HEADER)
        writer.writerows([cell(value) for value in row] for row in rows)
    with xlsxwriter.Workbook(book, {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        workbook.set_properties({"title": NAME, "created": _CREATED})
        sheet = workbook.add_worksheet(NAME)
        head, body = workbook.add_format({"bold": True, "bottom": 1}), workbook.add_format({"text_wrap": True})
        for i, (title, width) in enumerate(zip(HEADER, _WIDTHS, strict=True)):
            sheet.set_column(i, i, width)
            sheet.write_string(0, i, title, head)
        for i, row in enumerate(rows, 1):
            for j, value in enumerate(row):
                sheet.write_string(i, j, value, body)
        sheet.freeze_panes(1, 3)
    return [text, book]


def _ascii(text: str) -> str:
    name = re.sub(r"\W", "_", text.encode("ascii", "ignore").decode()).lstrip("_0123456789")
    return name[:WIDTH]


def _shortened(column: str) -> str:
    """Return a name that keeps the beginning of every word and the end whole: it tells a month or a range."""
    whole = re.sub(r"\W", "_", column.encode("ascii", "ignore").decode()).lstrip("_0123456789")
    if 0 < len(whole) <= WIDTH:
        return whole
    words = [word for word in whole.split("_") if word]
    for most in range(_MOST, 0, -1):
        name = "".join(word[:most] for word in words[:-1]) + "".join(word[:_MOST] for word in words[-1:])
        if 0 < len(name) <= WIDTH:
            return name
    return whole[:WIDTH] or "field"
