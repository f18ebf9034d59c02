"""Short tables on the screen, in columns that line up with Chinese text too."""

from __future__ import annotations

import csv
import unicodedata
from typing import TYPE_CHECKING, Any

from changping_geo import provenance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def width(text: str) -> int:
    """Return the columns that a text takes in a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool] | None = None) -> str:
    """Return rows set in columns.

    Parameters
    ----------
    head : sequence of str
        Headings.
    rows : sequence of sequences of str
        Cells.
    right : sequence of bool, optional
        Columns whose cells stand to the right.
    """
    right = right or [False] * len(head)
    clean = [[" ".join("".join(c if c.isprintable() else " " for c in cell).split()) for cell in row] for row in rows]
    widths = [max(width(row[i]) for row in [list(head), *clean]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            " " * (w - width(c)) + c if r else c + " " * (w - width(c))
            for c, w, r in zip(cells, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), line(["-" * w for w in widths]), *map(line, clean)])


def number(text: str) -> str:
    """Return a number as a person reads it: thousands set apart, four figures at least."""
    try:
        value = float(text)
    except ValueError:
        return text
    digits = 0 if abs(value) >= 1000 or value.is_integer() else 1 if abs(value) >= 100 else 2  # noqa: PLR2004 - figures shown
    return f"{value:,.{digits}f}"


def findings(folder: Path, language: str) -> str:
    """Return the short tables of a published run, one per analysis.

    Parameters
    ----------
    folder : Path
        A run folder.
    language : str
        ``zh`` or ``en``.
    """
    account = provenance.read_account(folder)
    parts = []
    for name, analysis in account["analyses"].items():
        with (folder / "tables" / f"{name}_by_town.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        parts.append(_finding(analysis, rows, language))
    status = provenance.weakest(account)
    label = status.label_zh if language == "zh" else status.label_en
    title = account["title_zh"] if language == "zh" else account["title_en"]
    parts.append(f"{title}: {label}")
    return "\n\n".join(parts)


def _finding(analysis: dict[str, Any], rows: list[dict[str, str]], language: str) -> str:
    shown = [n for n in analysis["headline"] if n in analysis["outputs"]]
    cards = [analysis["outputs"][n] for n in shown]
    head = ["镇街" if language == "zh" else "Town"]
    head += [f"{c[f'label_{language}']} [{c['unit']}]" for c in cards]
    column = "town_name" if language == "zh" else "name_en"
    last = {"outside": ("区外", "outside"), "district": ("全区", "district")}
    body = []
    for row in rows:
        words = last.get(row["town_code"])
        name = words[language == "en"] if words else row.get(column) or row["town_name"]
        body.append([name, *(number(row[n]) for n in shown)])
    return f"{analysis[f'title_{language}']}\n{table(head, body, [False] + [True] * len(shown))}"
