"""The differences of two scenarios as CSV and as a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from changping_geo.present.sheets import Book, Head, number_format
from changping_geo.present.tables import cell, plain_text
from changping_geo.present.workbook import CREATED, WARNINGS

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from changping_geo.compare import Comparison

_LABELS = {
    "analysis": ("分析", "Analysis"),
    "output": ("指标代号", "Output"),
    "label_zh": ("指标", "Output (Chinese)"),
    "label_en": ("指标(英文)", "Output (English)"),
    "unit": ("单位", "Unit"),
    "town_code": ("镇街代码", "Town code"),
    "town_name": ("镇街", "Town"),
    "name_en": ("英文名称", "Town (English)"),
    "value_a": ("方案甲", "Scenario A"),
    "value_b": ("方案乙", "Scenario B"),
    "difference": ("差值（乙−甲）", "Difference (B − A)"),
    "change_percent": ("变化率", "Change", "%"),
    "name": ("参数或来源", "Parameter or source"),
}
_CHANGED = "#,##0.0"


def write_differences(comparison: Comparison, changed: list[tuple[str, str]], folder: Path) -> None:
    """Write ``differences.csv`` (every output), ``differences.xlsx`` (what changes) and ``chosen.csv``.

    Parameters
    ----------
    comparison : Comparison
        Two runs and their differences.
    changed : list of (str, str)
        Analysis and output of what changes, in the order of the workbook.
    folder : Path
        Where they go.
    """
    _csv(folder / "differences.csv", comparison.table)
    _csv(folder / "chosen.csv", comparison.chosen)
    title = f"{comparison.run_a.frame.title_zh}：{comparison.a.title_zh} / {comparison.b.title_zh}"
    english = f"{comparison.a.title_en} / {comparison.b.title_en} – {comparison.run_a.frame.title_en}"
    status = max(comparison.run_a.status, comparison.run_b.status)
    note = f"数据状态：{status.label_zh}。{WARNINGS[status][0]} {WARNINGS[status][1]}"
    places = {key: place for place, key in enumerate(changed)}
    keys = list(zip(comparison.table["analysis"], comparison.table["output"], strict=True))
    rows = comparison.table.assign(place=[places.get(key, -1) for key in keys])
    rows = rows[rows["place"] >= 0].sort_values("place", kind="stable").drop(columns="place")
    book = Book(folder / "differences.xlsx", title, CREATED)
    district = rows[rows["town_code"] == "district"].drop(columns=["town_code", "town_name", "name_en"])
    for name, table in (("全区差异", district), ("分镇街差异", rows), ("方案取值", comparison.chosen)):
        sheet = book.sheet(name)
        book.titles(sheet, f"{title} · {name}", english, note)
        book.table(sheet, [_head(column, table[column]) for column in table.columns], table.to_numpy().tolist())
    book.close()


def _head(column: str, values: pd.Series) -> Head:
    zh, en, *unit = _LABELS[column]
    if column == "change_percent":
        return Head(zh, en, unit[0], number=_CHANGED)
    numeric: Any = values.dtype.kind in "fi"
    return Head(zh, en, number=number_format(values.to_numpy()) if numeric else "")


def _csv(path: Path, table: pd.DataFrame) -> None:
    columns = [table[name].astype(object).tolist() for name in table.columns]
    lines = [",".join(_field(plain_text(str(name))) for name in table.columns)]
    lines += [",".join(_field(cell(value)) for value in row) for row in zip(*columns, strict=True)]
    path.write_text("\ufeff" + "".join(f"{line}\r\n" for line in lines), encoding="utf-8", newline="")


def _field(text: str) -> str:
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if any(char in text for char in ',"\r\n') else text
