"""Tables of a run as CSV that Excel opens.

The files are UTF-8 with a byte-order mark, RFC 4180, lines ending in CR LF. Numbers are written whole: reading them
back gives the same float64. A missing value is an empty field, truth is ``true`` or ``false``.

A spreadsheet takes text that begins with ``= + - @`` for a formula. Such text gets an apostrophe in front, and so does
text that begins with an apostrophe already; `restore_text` takes it off again. Control characters other than tab and
line ends, which some readers refuse, become U+FFFD.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from changping_geo.model import Analysis, Run

Rows: TypeAlias = Iterable[Sequence[object]]

# Full-width signs act as formula signs where Excel runs in Chinese or Japanese.
_FORMULA = re.compile(r"[\s\u00a0\u200b\ufeff]*[=+\-@＝＋－＠]|['\t\r\n]")
LEADING = ("town_name", "name_en")

PARAMETER_HEADER = (
    "analysis",
    "name",
    "title_zh",
    "title_en",
    "value",
    "default",
    "unit",
    "low",
    "high",
    "chosen",
    "verified",
    "source",
    "choices",
)
LAYER_HEADER = (
    "layer",
    "title_zh",
    "title_en",
    "source",
    "path_or_provider",
    "origin",
    "licence",
    "datum",
    "sha256",
    "data_status",
    "rows_read",
    "rows_used",
    "rows_repaired",
    "rows_set_aside",
    "repaired",
    "set_aside",
    "notes",
)
OUTPUT_HEADER = ("analysis", "name", "unit", "label_zh", "label_en", "formula", "extensive", "data_status")


def plain_text(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula.

    Examples
    --------
    >>> plain_text("=1+1"), plain_text("沙河镇")
    ("'=1+1", '沙河镇')
    """
    shown = writable(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def restore_text(cell: str) -> str:
    """Return the text that `plain_text` made plain."""
    return cell.removeprefix("'")


def is_missing(value: object) -> bool:
    """Tell whether a cell has no value."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def cell(value: object) -> str:
    """Return a value as a field of a CSV file."""
    if is_missing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return repr(float(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    return plain_text(str(value))


def town_table(run: Run, name: str) -> pd.DataFrame:
    """Return the results of an analysis per town, as they are shown.

    The columns are ``town_code``, ``town_name``, ``name_en``, the outputs in the order of their cards, whatever else
    the analysis gave, and ``data_status``; the rows are the towns, ``outside`` and ``district``.
    """
    analysis, table = run.analyses[name], run.results[name].by_town
    wanted = [*LEADING, *(output.name for output in analysis.outputs)]
    order = [c for c in wanted if c in table] + [c for c in table if c not in wanted and c != "data_status"]
    frame = table[order].copy()
    frame["data_status"] = analysis.status.word
    frame.insert(0, "town_code", table.index.astype(str))
    return frame.reset_index(drop=True)


def parameter_rows(run: Run) -> list[tuple[object, ...]]:
    """Return one row per parameter of each analysis, in the order of `PARAMETER_HEADER`."""
    return [
        (
            analysis.name,
            card.name,
            card.title_zh,
            card.title_en,
            setting.value,
            card.value,
            card.unit,
            card.low,
            card.high,
            setting.chosen,
            card.verified,
            card.source,
            " | ".join(card.choices),
        )
        for analysis in run.analyses.values()
        for setting in analysis.settings
        for card in (setting.card,)
    ]


def layer_rows(run: Run) -> list[tuple[object, ...]]:
    """Return one row per layer that was read, in the order of `LAYER_HEADER`."""
    return [
        (
            name,
            *run.titles.get(name, (name, name)),
            layer.source.get("id", ""),
            layer.source.get("path") or layer.source.get("provider", ""),
            *(layer.source.get(key, "") for key in ("origin", "licence", "datum", "sha256")),
            layer.status.word,
            layer.ledger.read,
            layer.ledger.used,
            layer.ledger.n_repaired,
            layer.ledger.n_set_aside,
            _reasons(layer.ledger.repaired),
            _reasons(layer.ledger.set_aside),
            " | ".join(layer.ledger.notes),
        )
        for name, layer in run.layers.items()
    ]


def output_rows(run: Run) -> list[tuple[object, ...]]:
    """Return one row per output of each analysis, in the order of `OUTPUT_HEADER`."""
    return [
        (a.name, o.name, o.unit, o.label_zh, o.label_en, o.formula, o.extensive, a.status.word)
        for a in run.analyses.values()
        for o in a.outputs
    ]


def write_tables(run: Run, folder: Path) -> list[Path]:
    """Write every table of a run into `folder`/tables, which is made when it is missing.

    Parameters
    ----------
    run : Run
        The finished run.
    folder : Path
        The run folder.

    Returns
    -------
    list of Path
        The files: ``<analysis>_by_town.csv`` and ``<analysis>_<table>.csv`` per analysis, where a table called like its
        analysis is ``<analysis>.csv``; then ``parameters.csv``, ``layers.csv`` and ``columns.csv``.
    """
    folder = folder / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, analysis in run.analyses.items():
        if name not in run.results:
            continue
        files.append(_write_frame(folder / f"{name}_by_town.csv", town_table(run, name)))
        for title, table in run.results[name].tables.items():
            stem = name if title == name else f"{name}_{title}"
            files.append(_write_frame(folder / f"{stem}.csv", _with_status(table, analysis)))
    files.append(_write(folder / "parameters.csv", PARAMETER_HEADER, parameter_rows(run)))
    files.append(_write(folder / "layers.csv", LAYER_HEADER, layer_rows(run)))
    files.append(_write(folder / "columns.csv", OUTPUT_HEADER, output_rows(run)))
    return files


def index_as_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose named index has become columns; an unnamed index is dropped."""
    named = any(name is not None for name in table.index.names)
    return table.reset_index() if named else table.reset_index(drop=True)


def _with_status(table: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    frame = index_as_columns(table)
    return frame if "data_status" in frame else frame.assign(data_status=analysis.status.word)


def _reasons(counter: Counter[str]) -> str:
    return " | ".join(f"{reason}: {count}" for reason, count in sorted(counter.items()))


def _write_frame(path: Path, frame: pd.DataFrame) -> Path:
    columns: list[list[Any]] = [frame.iloc[:, i].astype(object).tolist() for i in range(frame.shape[1])]
    return _write(path, [str(name) for name in frame.columns], zip(*columns, strict=True))


def _write(path: Path, header: Sequence[str], rows: Rows) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow([plain_text(name) for name in header])
        writer.writerows([cell(value) for value in row] for row in rows)
    return path
