"""Which files may be opened, and with what: paths inside the workspace, a few formats known by their content.

A reader of many formats chooses by content, not by suffix: a text called ``roofs.geojson`` may be a virtual data set
that names other files, addresses or commands. So a file is looked at here before any reader sees it, and all readers
but the few that are needed are taken out of the process.
"""

from __future__ import annotations

import re
import sqlite3
from functools import cache
from typing import TYPE_CHECKING

import pyogrio
from pyogrio import _ogr
from pyproj import network

from changping_geo.layers.spec import FORMATS
from changping_geo.model import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from changping_geo.layers.spec import Source

# Format to the GDAL vector drivers that may open it; the other formats are not read through GDAL's vector part.
DRIVERS = {
    "gpkg": ("GPKG",),
    "geojson": ("GeoJSON",),
    "shp": ("ESRI Shapefile",),
    "fgb": ("FlatGeobuf",),
    "gdb": ("OpenFileGDB",),
    "kml": ("LIBKML", "KML"),
}
# How a file of each format begins.
MAGIC = {
    "gpkg": (b"SQLite format 3\x00",),
    "shp": (b"\x00\x00\x27\x0a",),
    "fgb": (b"fgb\x03fgb",),
    "parquet": (b"PAR1",),
    "xlsx": (b"PK\x03\x04",),
    "tif": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
}
SUFFIXES = {"json": "geojson", "tiff": "tif", "geoparquet": "parquet", "xlsm": "xlsx"}
TEXTS = ("geojson", "kml", "csv")
HEAD = 65_536
MAX_BYTES = 4 * 1024**3
MAX_TEXT_BYTES = 1024**3
# Documents that send a reader to other files, addresses or commands.
DISGUISES = (
    "<ogrvrtdatasource",
    "<vrtdataset",
    "gdal_streamed_alg",
    "<!doctype",
    "<!entity",
    "<gdal_wms",
    "<networklink",
)


@cache
def lock_drivers() -> tuple[str, ...]:
    """Take every GDAL vector driver but those of `DRIVERS` out of this process, and the network with them.

    Returns
    -------
    tuple of str
        The drivers that are left.

    Raises
    ------
    SourceError
        If this build does not let go of the others.
    """
    allowed = {name for names in DRIVERS.values() for name in names}
    others = [name for name in pyogrio.list_drivers() if name not in allowed]
    pyogrio.set_gdal_config_options(
        {
            "GDAL_SKIP": ",".join(others),
            "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
            "OGR_SQLITE_LOAD_EXTENSIONS": "",
        }
    )
    # Registering again is when the list of skipped drivers is looked at; those already there are taken out.
    _ogr._register_drivers()  # noqa: SLF001 - no public way once pyogrio is imported
    left = tuple(sorted(pyogrio.list_drivers()))
    if not set(left) <= allowed:
        raise SourceError(f"this build of GDAL keeps readers that must not be open: {sorted(set(left) - allowed)}")
    network.set_network_enabled(active=False)  # type: ignore[attr-defined] # documented, but not re-exported
    return left


def format_of(source: Source) -> str:
    """Return the format of a source: as declared, or by the suffix of its path.

    Raises
    ------
    SourceError
        If it is of no kind that may be opened.
    """
    suffix = source.path.rpartition(".")[2].lower()
    found = source.format or SUFFIXES.get(suffix, suffix)
    if found not in FORMATS:
        raise SourceError(
            f"{source.path}: files of this kind are never opened; deliver one of: {', '.join(FORMATS)} "
            "(an archive is to be unpacked first)"
        )
    return found


def safe_path(root: Path, text: str) -> Path:
    """Return the file of a source, if it lies below the workspace.

    Parameters
    ----------
    root : Path
        The workspace.
    text : str
        The path as the layer's TOML gives it, relative to the workspace.

    Raises
    ------
    SourceError
        For an address, a prefix such as ``GPKG:``, a ``/vsi`` path, a path that leaves the workspace (also by a link),
        and a file that is not there.
    """
    remedy = "give a path below the workspace, such as data_raw/towns.gpkg"
    forbidden = "\x00" in text or "?" in text or "|" in text or text.lower().lstrip("/\\").startswith("vsi")
    # A drive letter of Windows is an absolute path, refused with the others.
    if forbidden or re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", text):
        raise SourceError(f"{text!r} is an address or a connection, not a file of the workspace; {remedy}")
    base = root.resolve()
    try:
        path = (base / text).resolve()
    except (OSError, RuntimeError) as error:
        raise SourceError(f"{text!r} cannot be followed: {error}") from error
    if not path.is_relative_to(base) or path == base:
        raise SourceError(f"{text!r} leads out of the workspace; {remedy}")
    if not path.exists():
        raise SourceError(f"{text!r} is missing in the workspace; deliver it or take its [[sources]] entry out")
    parts = [*path.parent.glob(f"{_escaped(path.stem)}.*")] if path.suffix.lower() == ".shp" else []
    parts += [*path.rglob("*")] if path.is_dir() else []
    strays = [part.name for part in parts if not part.resolve().is_relative_to(base)]
    if strays:
        raise SourceError(f"{text!r}: its parts {strays} are links out of the workspace; {remedy}")
    return path


def check_content(path: Path, fmt: str) -> None:
    """Check that a file is what its format says, before any reader opens it.

    Parameters
    ----------
    path : Path
        A file, or a folder for ``gdb``.
    fmt : str
        One of `FORMATS`.

    Raises
    ------
    SourceError
        If it is empty, too large, or of another kind.
    """
    if fmt == "gdb":
        if not (path.is_dir() and (path / "a00000001.gdbtable").is_file()):
            raise SourceError(f"{path}: this is no file geodatabase (a folder that holds a00000001.gdbtable)")
        return
    if not path.is_file():
        raise SourceError(f"{path}: this is no plain file")
    size, most = path.stat().st_size, MAX_TEXT_BYTES if fmt in TEXTS else MAX_BYTES
    if size > most:
        raise SourceError(f"{path}: {size / 1e6:.0f} MB are more than the {most / 1e6:.0f} MB that a {fmt} may have")
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise SourceError(f"{path}: the file is empty; deliver it again")
    if fmt in MAGIC:
        if not head.startswith(MAGIC[fmt]):
            raise SourceError(f"{path}: the content is not {fmt}; it begins with {head[:16]!r}. Deliver it again")
    else:
        _check_text(path, fmt, head)
    if fmt == "gpkg":
        _check_geopackage(path)


def _escaped(stem: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", stem)


def _check_text(path: Path, fmt: str, head: bytes) -> None:
    text = head.decode("utf-8-sig", errors="replace").lstrip().lower()
    if fmt != "csv":
        found = [mark for mark in DISGUISES if mark in text]
        if found:
            raise SourceError(f"{path}: this {fmt} holds {found[0]!r}, which sends a reader elsewhere; never opened")
    if fmt == "geojson" and not (text.startswith("{") and '"type"' in text):
        raise SourceError(f'{path}: the content is not GeoJSON (an object with a "type")')
    if fmt == "kml" and not (text.startswith("<") and "<kml" in text):
        raise SourceError(f"{path}: the content is not KML")
    if fmt == "csv" and b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(f"{path}: the content is no text table; it holds zero bytes")


def _check_geopackage(path: Path) -> None:
    """Refuse damaged databases, and views or virtual tables that could run functions while they are read."""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
            quick = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise SourceError(f"{path}: the GeoPackage is damaged ({error}); deliver it again") from error
    if not quick or quick[0] != "ok":
        raise SourceError(f"{path}: the GeoPackage is damaged ({quick[0] if quick else 'no answer'}); deliver it again")
    if "gpkg_contents" not in {name for _, name, _ in rows}:
        raise SourceError(f"{path}: a database without gpkg_contents is no GeoPackage")
    virtual = [
        name
        for kind, name, sql in rows
        if kind == "view" or ("virtual table" in str(sql).lower() and "using rtree" not in str(sql).lower())
    ]
    if virtual:
        raise SourceError(f"{path}: the views or virtual tables {virtual[:5]} are never opened; save them as tables")
