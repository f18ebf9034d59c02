"""What a layer is: the contract written in ``layers/<name>.toml``, parsed strictly."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from changping_geo.model import SpecError, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GEOMETRIES = ("polygon", "line", "point", "table", "raster", "climate")
TYPES = ("text", "int", "float", "bool")
DATUMS = ("cgcs2000", "wgs84", "gcj02", "bd09")
FORMATS = ("gpkg", "geojson", "shp", "fgb", "parquet", "gdb", "kml", "csv", "xlsx", "tif")
TIME_LABELS = ("start", "mid", "end", "instant")
BEYOND = ("refuse", "no_obstacle")
TOPOLOGIES = ("tiles_district", "within_district", "any")
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a layer.

    Attributes
    ----------
    name : str
        The canonical name; a unit closes it (``height_m``).
    type : str
        ``text``, ``int``, ``float`` or ``bool``.
    unit : str
        Unit of the values, empty for words.
    required : bool
        The column must be there, and a row without a value is set aside.
    range : tuple of float, optional
        Lowest and highest accepted value; rows outside are set aside. [unit]
    values : dict of str to (str, str)
        Accepted words with their Chinese and English labels.
    title_zh, title_en : str
        Headings.
    short : str
        A name of at most ten ASCII characters, for shapefiles.
    """

    name: str
    type: str
    title_zh: str
    title_en: str
    unit: str = ""
    required: bool = False
    range: tuple[float, float] | None = None
    values: dict[str, tuple[str, str]] = field(default_factory=dict)
    short: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One place where a layer's data may come from: a file in the workspace, or a provider.

    Attributes
    ----------
    id : str
        A short name, unique in its layer.
    status : Status
        How far the data may be trusted.
    path : str
        File below the workspace; empty for a provider. ``rooftops.*`` is the one file of that name, in any format.
    provider : str
        ``module.function`` below ``changping_geo.sources``; empty for a file.
    format : str
        One of `FORMATS`; by default the file's suffix decides.
    layer : str
        The layer inside a GeoPackage or FileGDB.
    sheet : str
        The sheet of a workbook.
    crs : str
        Declared coordinate system, for files that carry none.
    datum : str
        One of `DATUMS`.
    encoding : str
        Declared text encoding, for shapefiles and CSV.
    lon, lat : str
        Columns with coordinates, for tables.
    rename : dict of str to str
        Column of the file to canonical column.
    values : dict of str to dict
        Per canonical column: word in the file to accepted word.
    scale : dict of str to float
        Per canonical column: what the file's numbers are multiplied with to have the column's unit.
    fill : dict of str to str
        Per canonical column: the value of every row where the file has no such column.
    key_from : tuple of str
        Columns of the file whose words together make the layer's key; ``#`` is the number of the row.
    header : tuple of int
        For a table or workbook: first and last row with headings, counted from 1; by default the first one.
    axes : str
        ``yx`` when the file's shapes have northing or latitude first.
    time_label : str
        For a climate: one of `TIME_LABELS`, what a time says of its interval; by default as the format has it.
    utc_offset_h : float, optional
        For a climate: time of the file minus UTC; by default as the file says. [h]
    bias : dict of str to float
        For a climate: what its irradiance has too much, ``w_m2`` of the mean over all hours [W/m2], or ``factor`` [1].
    beyond : str
        For a raster of heights: one of `BEYOND`, what stands where it has no value beyond the district; by default
        such cells are refused where heights are needed.
    licence, origin : str
        Terms and maker.
    """

    id: str
    status: Status
    path: str = ""
    provider: str = ""
    format: str = ""
    layer: str = ""
    sheet: str = ""
    crs: str = ""
    datum: str = "cgcs2000"
    encoding: str = ""
    lon: str = ""
    lat: str = ""
    rename: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)
    fill: dict[str, str] = field(default_factory=dict)
    key_from: tuple[str, ...] = ()
    header: tuple[int, ...] = ()
    axes: str = ""
    time_label: str = ""
    utc_offset_h: float | None = None
    bias: dict[str, float] = field(default_factory=dict)
    beyond: str = ""
    licence: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer's contract.

    Attributes
    ----------
    name, title_zh, title_en, about : str
        Name (the file's stem), headings, and one sentence.
    geometry : str
        One of `GEOMETRIES`.
    key : str
        The column whose values are unique; empty when rows need no name.
    columns : dict of str to Column
        By canonical name; for a raster the one column describes the cells.
    sources : tuple of Source
        In order of preference; the first available one wins.
    topology : str
        One of `TOPOLOGIES`.
    overlap : bool
        Whether polygons of the layer may overlap each other.
    max_rows : int
        A source with more rows is refused before it is read. [rows]
    max_set_aside : float
        Share of rows set aside above which the layer is refused. [1]
    file : str
        The TOML, for messages.
    """

    name: str
    title_zh: str
    title_en: str
    geometry: str
    columns: dict[str, Column]
    sources: tuple[Source, ...]
    about: str = ""
    key: str = ""
    topology: str = "within_district"
    overlap: bool = True
    max_rows: int = 5_000_000
    max_set_aside: float = 0.2
    file: str = ""


def read_spec(path: Path) -> LayerSpec:
    """Read ``layers/<name>.toml``.

    Raises
    ------
    SpecError
        For TOML that does not parse, unknown or missing keys, and words outside their lists; all faults at once.
    """
    raw = read_toml(path)
    raw.pop("frame", None)
    faults: list[str] = []
    name = path.stem
    if not NAME.fullmatch(name):
        faults.append(f"a layer's name has lower-case letters, digits and underscores only, not {name!r}")
    _known(raw, LayerSpec, "the layer", faults, extra=("columns", "sources"), less=("name", "file"))
    _one_of(raw.get("geometry"), GEOMETRIES, "geometry", faults)
    _one_of(raw.get("topology", "any"), TOPOLOGIES, "topology", faults)
    columns = {key: _column(key, value, faults) for key, value in raw.get("columns", {}).items()}
    sources = tuple(_source(i, value, faults) for i, value in enumerate(raw.get("sources", []), 1))
    for source in sources:
        _adaptations(source, columns, str(raw.get("key", "")), faults)
    key = raw.get("key", "")
    if key and key not in columns:
        faults.append(f"key {key!r} is not among the columns: {', '.join(columns)}")
    if not sources:
        faults.append("no [[sources]]: say where the data may come from")
    if faults:
        raise SpecError(f"{path}:\n" + "\n".join(f"  - {fault}" for fault in faults))
    rest = {k: v for k, v in raw.items() if k not in ("columns", "sources")}
    return LayerSpec(name=name, columns=columns, sources=sources, file=str(path), **rest)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file of the workspace.

    Raises
    ------
    SpecError
        If it is missing, not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SpecError(f"{path} is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} does not parse: {error}") from error


def _known(
    raw: Mapping[str, Any],
    cls: type,
    what: str,
    faults: list[str],
    *,
    extra: tuple[str, ...] = (),
    less: tuple[str, ...] = (),
) -> None:
    known = sorted(({f.name for f in fields(cls)} | set(extra)) - set(less))
    listed = ", ".join(known)
    faults.extend(f"{what} has the unknown entry {key!r}; known are: {listed}" for key in raw if key not in known)
    needed = {"LayerSpec": ("title_zh", "title_en", "geometry"), "Column": ("type", "title_zh", "title_en")}
    faults.extend(f"{what} lacks {key!r}" for key in needed.get(cls.__name__, ("id", "status")) if key not in raw)


def _one_of(value: object, words: tuple[str, ...], what: str, faults: list[str]) -> None:
    if value not in words:
        faults.append(f"{what} = {value!r} is unknown; use one of: {', '.join(words)}")


def _column(name: str, raw: Mapping[str, Any], faults: list[str]) -> Column:
    what = f"column {name!r}"
    before = len(faults)
    if not NAME.fullmatch(name):
        faults.append(f"{what}: lower-case letters, digits and underscores only")
    _known(raw, Column, what, faults, less=("name",))
    _one_of(raw.get("type"), TYPES, f"{what}: type", faults)
    kept = dict(raw)
    if "range" in kept:
        low_high = kept["range"]
        if len(low_high) != 2 or low_high[0] > low_high[1]:  # noqa: PLR2004 - a pair
            faults.append(f"{what}: range must be [low, high]")
        kept["range"] = tuple(low_high)
    kept["values"] = {str(word): tuple(labels) for word, labels in raw.get("values", {}).items()}
    if any(len(labels) != 2 for labels in kept["values"].values()):  # noqa: PLR2004 - Chinese and English
        faults.append(f"{what}: every accepted word needs a Chinese and an English label")
    if len(faults) > before:
        return Column(name, "text", "", "")
    return Column(name=name, **kept)


def _source(number: int, raw: Mapping[str, Any], faults: list[str]) -> Source:
    what = f"source {raw.get('id', number)!r}"
    before = len(faults)
    _known(raw, Source, what, faults)
    kept = dict(raw)
    if bool(raw.get("path")) == bool(raw.get("provider")):
        faults.append(f"{what}: give either 'path' or 'provider'")
    if "format" in raw:
        _one_of(raw["format"], FORMATS, f"{what}: format", faults)
    if "datum" in raw:
        _one_of(raw["datum"], DATUMS, f"{what}: datum", faults)
    if "beyond" in raw:
        _one_of(raw["beyond"], BEYOND, f"{what}: beyond", faults)
    if "axes" in raw:
        _one_of(raw["axes"], ("xy", "yx"), f"{what}: axes", faults)
    kept |= {name: tuple(raw[name]) for name in ("key_from", "header") if name in raw}
    if "time_label" in raw:
        _one_of(raw["time_label"], TIME_LABELS, f"{what}: time_label", faults)
    try:
        kept["status"] = Status.parse(str(raw.get("status", "")))
    except SpecError as error:
        faults.append(f"{what}: {error}")
    if len(faults) > before:
        return Source(id=str(number), status=Status.SYNTHETIC)
    return Source(**kept)


def _adaptations(source: Source, columns: Mapping[str, Column], key: str, faults: list[str]) -> None:
    """Check what a source says of its units, fillings, key and headings."""
    what = f"source {source.id!r}"
    for name, factor in source.scale.items():
        if name not in columns or columns[name].type not in ("int", "float"):
            faults.append(f"{what}: scale names {name!r}, which is no column with numbers")
        if not isinstance(factor, (int, float)) or not 0.0 < factor < float("inf"):
            faults.append(f"{what}: scale of {name!r} must be a number above 0, not {factor!r}")
    faults.extend(f"{what}: fill names the unknown column {name!r}" for name in source.fill if name not in columns)
    if source.key_from and not key:
        faults.append(f"{what}: key_from is of no use, as the layer has no key")
    band = source.header
    if band and (len(band) != 2 or not all(isinstance(n, int) for n in band) or not 1 <= band[0] <= band[1]):  # noqa: PLR2004 - a pair
        faults.append(f"{what}: header must be [first row, last row], counted from 1")
