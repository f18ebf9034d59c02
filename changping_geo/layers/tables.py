"""Tables of text: CSV and Excel, read as they stand, every cell kept as it was written."""

from __future__ import annotations

import csv
import io
import zipfile
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd

from changping_geo.layers.encoding import text_encoding
from changping_geo.layers.faults import ROWS_SHOWN, plain
from changping_geo.model import ColumnError, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from changping_geo.layers.spec import Source

DELIMITERS = ",;\t"
# An unpacked workbook may have as much; a small file that unpacks to more is a trap. [bytes]
MAX_UNPACKED = 1024**3


def read_csv(path: Path, source: Source, max_rows: int) -> pd.DataFrame:
    """Read a CSV file as text.

    Returns
    -------
    DataFrame
        All cells as text; ``attrs`` names the encoding.

    Raises
    ------
    SourceError
        If it is too long, cut, or does not decode.
    ColumnError
        If headings are blank or double, or rows have another number of cells.
    """
    data = path.read_bytes()
    if data.count(b"\n") > max_rows + 1:
        raise SourceError(f"{path}: more than {max_rows:,} rows; raise max_rows in the layer's TOML if that is meant")
    guess = text_encoding(path, data, source.encoding)
    text = data.decode(guess.name)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SourceError(f"{path}: the table is damaged: {error}; deliver it again") from error
    names, rows = _headings(path, rows, source)
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise SourceError(f"{path}: the table has no rows")
    header = names or _header(path, rows.pop(0))
    uneven = [number for number, row in enumerate(rows, 1) if len(row) != len(header)]
    if uneven:
        raise ColumnError(
            f"{path}: {len(uneven)} rows have more or fewer cells than the {len(header)} headings (rows "
            f"{', '.join(str(n) for n in uneven[:ROWS_SHOWN])}); put quotes around text that holds the delimiter"
        )
    frame = pd.DataFrame(rows, columns=header, dtype="str")
    frame.attrs = {"encoding": guess.name, "notes": [f"text read as {guess.name} ({guess.how})"]}
    return frame


def read_xlsx(path: Path, source: Source, max_rows: int) -> pd.DataFrame:
    """Read one sheet of a workbook; formulas count as the values that were saved with them.

    Raises
    ------
    SourceError
        If the workbook is damaged, unpacks to too much, lacks the sheet, is too long, or holds formulas without values.
    ColumnError
        If headings are blank or double.
    """
    _check_archive(path)
    try:
        values = _sheet(path, source, max_rows, values=True)
        if any(cell is None for row in values for cell in row):
            formulas = _sheet(path, source, max_rows, values=False)
            _check_formulas(path, values, formulas)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError, EOFError) as error:
        raise SourceError(f"{path}: the workbook is damaged ({error}); deliver it again") from error
    names, values = _headings(path, values, source)
    rows = [row for row in values if any(cell is not None and str(cell).strip() for cell in row)]
    if not rows:
        raise SourceError(f"{path}: the sheet has no rows")
    if names:
        width = len(names)
    else:
        width = max(len(row) - next((i for i, c in enumerate(reversed(row)) if c is not None), 0) for row in rows)
    header = names or _header(path, list(rows[0][:width]) + [None] * (width - len(rows[0])))
    body = [list(row[:width]) + [None] * (width - len(row)) for row in rows[0 if names else 1 :]]
    frame = pd.DataFrame(body, columns=header, dtype=object)
    frame.attrs = {"encoding": "", "notes": []}
    return frame


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise SourceError(
                    f"{path}: the workbook unpacks to more than {MAX_UNPACKED / 1e6:.0f} MB; never opened"
                )
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as file:
                        if b"<!doctype" in file.read(4096).lower():
                            raise SourceError(f"{path}: {plain(part.filename)} declares entities; never opened")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise SourceError(f"{path}: the workbook is damaged ({error}); deliver it again") from error


def _sheet(path: Path, source: Source, max_rows: int, *, values: bool) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=values, keep_links=False)
    try:
        names = book.sheetnames
        if source.sheet and source.sheet not in names:
            raise SourceError(f"{path}: there is no sheet {source.sheet!r}; there are: {', '.join(map(plain, names))}")
        if not source.sheet and len(names) > 1:
            raise SourceError(f"{path}: several sheets ({', '.join(map(plain, names))}); name one with sheet = …")
        rows: list[tuple[Any, ...]] = []
        for row in book[source.sheet or names[0]].iter_rows(values_only=True):
            rows.append(row)
            if len(rows) > max_rows + 1:
                raise SourceError(f"{path}: more than {max_rows:,} rows; raise max_rows in the layer's TOML if meant")
        return rows
    finally:
        book.close()


def _check_formulas(path: Path, values: list[tuple[Any, ...]], formulas: list[tuple[Any, ...]]) -> None:
    bare = [
        number
        for number, (shown, written) in enumerate(zip(values, formulas, strict=True))
        if any(s is None and isinstance(w, str) and w.startswith("=") for s, w in zip(shown, written, strict=False))
    ]
    if bare:
        raise SourceError(
            f"{path}: formulas without a saved value (rows {', '.join(str(n) for n in bare[:ROWS_SHOWN])}); open the "
            "workbook in Excel, save it, or paste values"
        )


def _header(path: Path, cells: Sequence[object]) -> list[str]:
    names = ["" if cell is None else str(cell).strip() for cell in cells]
    blank = [str(i) for i, name in enumerate(names, 1) if not name]
    if blank:
        raise ColumnError(
            f"{path}: the heading of columns {', '.join(blank[:ROWS_SHOWN])} is blank; merged headings, titles above "
            "the table and empty columns must go: one row of headings, then the data"
        )
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ColumnError(f"{path}: headings stand twice: {', '.join(plain(n) for n in double)}")
    return names


def _headings(path: Path, rows: list[Any], source: Source) -> tuple[list[str], list[Any]]:
    """Return the headings and the rows below them, when an entry says in which rows they stand."""
    if not source.header:
        return [], rows
    first, last = source.header
    if len(rows) <= last:
        raise SourceError(f"{path}: there are no rows below the headings, which header = [{first}, {last}] places")
    return _header(path, join_headings(rows[first - 1 : last])), rows[last:]


def join_headings(band: Sequence[Sequence[object]]) -> list[str]:
    """Return one name per column from several rows of headings, of which cells may be merged.

    Parameters
    ----------
    band : sequence of rows
        A merged cell has its text in the first of its cells.

    Returns
    -------
    list of str
        Parts joined with ``/`` from top to bottom; columns without any heading at the right end are left off.
    """
    width = max(len(row) for row in band)
    cells = [["" if c is None else " ".join(str(c).split()) for c in row] + [""] * (width - len(row)) for row in band]
    for above, below in pairwise(cells):
        for i in range(1, width):
            # To the right, a text reaches over cells that have a heading of their own below.
            if not above[i] and below[i]:
                above[i] = above[i - 1] if below[i - 1] else ""
    names = ["/".join(dict.fromkeys(row[i] for row in cells if row[i])) for i in range(width)]
    while names and not names[-1]:
        names.pop()
    return names
