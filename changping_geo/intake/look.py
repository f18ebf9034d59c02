"""What a delivered file holds: its parts, each read once through the house's own guarded readers."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import rasterio
import shapely
from pyogrio.errors import DataSourceError
from rasterio.errors import RasterioError

from changping_geo.layers.columns import numbers_of
from changping_geo.layers.drivers import SUFFIXES, check_content, lock_drivers
from changping_geo.layers.encoding import text_encoding
from changping_geo.layers.faults import plain
from changping_geo.layers.grids import ALONE
from changping_geo.layers.read import read_source
from changping_geo.layers.shapefile import part
from changping_geo.layers.spec import FORMATS, LayerSpec, Source
from changping_geo.layers.tables import DELIMITERS, join_headings
from changping_geo.model import DataError, SourceError, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

#: Stands in for the unknown CRS of a shapefile while it is looked at.
UNKNOWN = "EPSG:4490"
FIRST_ROWS = 40
DEEPEST_BAND = 4
MOST_ROWS = 5_000_000
MOST_PARTS = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One thing inside a delivered file that could serve a layer.

    Attributes
    ----------
    source : Source
        How it is read; path relative to `root`.
    root : Path
        The folder that holds the file.
    kind : str
        ``point``, ``line``, ``polygon``, ``table`` or ``raster``.
    frame : GeoDataFrame, DataFrame or None
        Its rows; nothing for a raster.
    crs : str
        Its coordinate system as WKT or code, empty when the file names none.
    words : str
        Names of file, layer, sheet and titles above the table, for signs of a layer.
    notes : list of str
        What was recognised.
    """

    source: Source
    root: Path
    kind: str
    frame: pd.DataFrame | None
    crs: str
    words: str
    notes: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.root / self.source.path

    @property
    def label(self) -> str:
        """File, and layer or sheet."""
        inner = self.source.layer or self.source.sheet
        return f"{self.source.path}{f' › {inner}' if inner else ''}"


def format_at(path: Path) -> str:
    """Return the format that a path's suffix means, or nothing."""
    suffix = path.suffix.lower().lstrip(".")
    found = SUFFIXES.get(suffix, suffix)
    return found if found in FORMATS else ""


def look(root: Path, files: Sequence[Path], name: str) -> tuple[list[Part], list[str]]:
    """Open what may be opened.

    Parameters
    ----------
    root : Path
        The folder that holds all of them.
    files : sequence of Path
        Files, or folders of a geodatabase.
    name : str
        What was delivered is called.

    Returns
    -------
    list of Part, list of str
        What could serve a layer, and why the rest cannot be read.
    """
    parts: list[Part] = []
    faults: list[str] = []
    for file in files:
        fmt = format_at(file)
        source = Source(id="imported", status=Status.OFFICIAL, path=file.relative_to(root).as_posix(), format=fmt)
        try:
            for one in _inner(file, fmt, source)[:MOST_PARTS]:
                try:
                    parts.append(_part(root, one, fmt, name))
                except DataError as error:
                    faults.append(str(error))
        except DataError as error:
            faults.append(str(error))
    return parts, faults


def _inner(file: Path, fmt: str, source: Source) -> list[Source]:
    """Return one source per layer or sheet."""
    check_content(file, fmt)
    if fmt == "xlsx":
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (OSError, ValueError, KeyError, SyntaxError, EOFError) as error:
            raise SourceError(f"{file}: the workbook is damaged ({error}); deliver it again") from error
        names = list(book.sheetnames)
        book.close()
        return [replace(source, sheet=sheet if len(names) > 1 else "") for sheet in names]
    if fmt in ("csv", "tif", "parquet", "shp", "geojson"):
        return [source]
    lock_drivers()
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(file)]
    except (DataSourceError, ValueError, OSError) as error:
        raise SourceError(f"{file}: the file is damaged or cannot be read ({error}); deliver it again") from error
    return [replace(source, layer=layer if len(layers) > 1 else "") for layer in layers]


def _part(root: Path, source: Source, fmt: str, name: str) -> Part:
    words = f"{name} {source.path} {source.layer} {source.sheet}"
    path = root / source.path
    if fmt == "tif":
        return Part(source, root, "raster", None, _raster_crs(path), words, [])
    notes: list[str] = []
    if fmt in ("csv", "xlsx"):
        band, above = _band(path, source, fmt)
        words += f" {above}"
        if band != (1, 1):
            source = replace(source, header=band)
            notes.append(f"headings in rows {band[0]} to {band[1]}, data from row {band[1] + 1}")
    spec = LayerSpec("x", "", "", "table" if fmt in ("csv", "xlsx") else "polygon", {}, (), max_rows=MOST_ROWS)
    nameless = fmt == "shp" and part(path, ".prj") is None
    raw: Any = read_source(spec, replace(source, crs=UNKNOWN) if nameless else source, path, root)
    notes += [note for note in raw.attrs.get("notes", []) if note.startswith("text read as")]
    if not isinstance(raw, gpd.GeoDataFrame):
        return Part(source, root, "table", raw, "", words, notes)
    crs = "" if nameless or raw.crs is None else raw.crs.to_wkt()
    return Part(source, root, _kind(raw), raw, crs, words, notes)


def _kind(raw: gpd.GeoDataFrame) -> str:
    shapes = np.array(raw.geometry.array, dtype=object)
    dimensions = shapely.get_dimensions(shapes[~shapely.is_missing(shapes)])
    dimensions = dimensions[dimensions >= 0]
    if not dimensions.size:
        return "table"
    return ("point", "line", "polygon")[int(np.bincount(dimensions, minlength=3).argmax())]


def _raster_crs(path: Path) -> str:
    try:
        with rasterio.Env(**ALONE), rasterio.open(path, driver="GTiff") as file:
            return str(file.crs.to_wkt()) if file.crs else ""
    except (RasterioError, OSError, ValueError) as error:
        raise SourceError(f"{path}: the raster is damaged ({error}); deliver it again") from error


def _band(path: Path, source: Source, fmt: str) -> tuple[tuple[int, int], str]:
    """Return first and last row of the headings, and the texts above them."""
    rows = (_first_csv if fmt == "csv" else _first_xlsx)(path, source)
    texts = [["" if cell is None else str(cell).strip() for cell in row] for row in rows]
    filled = [sum(bool(cell) for cell in row) for row in texts]
    width = max(filled, default=0)
    if not width:
        raise SourceError(
            f"{path}: the sheet {plain(source.sheet)} has no rows" if source.sheet else f"{path}: no rows"
        )
    first_data = next((i for i, row in enumerate(texts) if _holds_numbers(row, width)), 0)
    full = next(i for i, n in enumerate(filled) if n > width // 2)
    if first_data <= full:
        first_data = full + 1
    start = full
    # Rows of merged headings above the full one belong to it; titles and notes do not.
    while start > 0 and first_data - start < DEEPEST_BAND and _is_heading(texts[start - 1]):
        start -= 1
    above = " ".join(cell for row in texts[:start] for cell in row if cell)
    names = join_headings(texts[start:first_data])
    if len(set(names)) != len(names):
        return (full + 1, full + 1), above
    return (start + 1, first_data), above


def _holds_numbers(row: list[str], width: int) -> bool:
    if sum(bool(cell) for cell in row) * 3 < width:
        return False
    import pandas as pd  # noqa: PLC0415 - only here at run time

    return bool(np.isfinite(numbers_of(pd.Series(row, dtype="str"))).any())


def _is_heading(row: list[str]) -> bool:
    given = [cell for cell in row if cell]
    return len(given) > 1 and not any("：" in cell or ":" in cell for cell in given)


def _first_csv(path: Path, source: Source) -> list[list[str]]:
    data = path.read_bytes()
    text = data.decode(text_encoding(path, data, source.encoding).name)
    lines = text.split("\n", FIRST_ROWS)[:FIRST_ROWS]
    delimiter = max(DELIMITERS, key=lines[0].count)
    try:
        return list(csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SourceError(f"{path}: the table is damaged: {error}; deliver it again") from error


def _first_xlsx(path: Path, source: Source) -> list[tuple[Any, ...]]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book[source.sheet or book.sheetnames[0]]
            return list(sheet.iter_rows(values_only=True, max_row=FIRST_ROWS))
        finally:
            book.close()
    except (OSError, ValueError, KeyError, TypeError, SyntaxError, EOFError) as error:
        raise SourceError(f"{path}: the workbook is damaged ({error}); deliver it again") from error
