"""A shapefile is several files: all there, all whole, and counting the same rows."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from changping_geo.layers.encoding import Dbf
from changping_geo.model import CrsError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = 100
RECORD = 8


def check_shapefile(path: Path, *, crs_declared: bool) -> int:
    """Check the parts of a shapefile against each other.

    Parameters
    ----------
    path : Path
        The ``.shp``.
    crs_declared : bool
        Whether the layer's TOML gives the CRS, so that the ``.prj`` may be missing.

    Returns
    -------
    int
        Rows by the index. [rows]

    Raises
    ------
    SourceError
        If a part is missing or cut, or if the parts count different rows.
    CrsError
        If the ``.prj`` is missing and no CRS is declared.
    """
    absent = [suffix for suffix in (".shx", ".dbf") if part(path, suffix) is None]
    if absent:
        raise SourceError(f"{path}: its parts {', '.join(absent)} are missing; deliver all files of the shapefile")
    if part(path, ".prj") is None and not crs_declared:
        raise CrsError(f'{path}: its part .prj is missing; deliver it, or write crs = "EPSG:…" in its [[sources]]')
    index = (part(path, ".shx") or path).read_bytes()
    dbf = Dbf.read(path)
    if len(index) < HEADER or path.stat().st_size < HEADER:
        raise SourceError(f"{path}: the file is cut; deliver it again")
    rows = (len(index) - HEADER) // RECORD
    faults = _faults(path, index, dbf, rows)
    if faults:
        raise SourceError(f"{path}: the shapefile is damaged ({'; '.join(faults)}); deliver it again")
    return rows


def _faults(path: Path, index: bytes, dbf: Dbf, rows: int) -> list[str]:
    size = path.stat().st_size
    faults: list[str] = []
    if _said(index) != len(index):
        faults.append(f".shx has {len(index)} bytes, its header says {_said(index)}")
    with path.open("rb") as file:
        head = file.read(HEADER)
    if _said(head) != size:
        faults.append(f".shp has {size} bytes, its header says {_said(head)}")
    if rows:
        offset, length = struct.unpack(">ii", index[HEADER + RECORD * (rows - 1) : HEADER + RECORD * rows])
        if 2 * (offset + length) + RECORD > size:
            faults.append(".shx points beyond the end of .shp")
    if not dbf.complete:
        faults.append(".dbf is shorter than its header says")
    if dbf.rows != rows:
        faults.append(f".shx counts {rows} rows, .dbf {dbf.rows}")
    return faults


def part(path: Path, suffix: str) -> Path | None:
    """Return the part of a shapefile with this suffix, in small or capital letters."""
    return next((p for s in (suffix, suffix.upper()) if (p := path.with_suffix(s)).is_file()), None)


def _said(head: bytes) -> int:
    """Return the length that a header gives. [bytes]"""
    return 2 * int(struct.unpack(">i", head[24:28])[0])
