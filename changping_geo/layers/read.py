"""Read one source as it stands: known format, whole file, right text, renamed columns. What it is worth comes later."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from pyproj import CRS
from pyproj.exceptions import CRSError

from changping_geo.layers.adapt import fill_columns, make_key, scale_columns, swap_axes
from changping_geo.layers.columns import texts_of
from changping_geo.layers.drivers import DRIVERS, check_content, format_of, lock_drivers
from changping_geo.layers.encoding import shapefile_encoding
from changping_geo.layers.faults import plain
from changping_geo.layers.grids import read_grid
from changping_geo.layers.shapefile import check_shapefile
from changping_geo.layers.shapes import name_of
from changping_geo.layers.tables import read_csv, read_xlsx
from changping_geo.model import ColumnError, CrsError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from changping_geo.layers.spec import LayerSpec, Source

Table: TypeAlias = gpd.GeoDataFrame | pd.DataFrame
# Names under which tables usually hold coordinates, when the layer's TOML names none.
COORDINATES = (("lon", "lat"), ("longitude", "latitude"), ("lng", "lat"), ("经度", "纬度"))
# What a table's coordinates are in, unless declared. Those of a Chinese web map are converted afterwards.
CRS_OF_DATUM = {"cgcs2000": "EPSG:4490", "wgs84": "EPSG:4326", "gcj02": "EPSG:4326", "bd09": "EPSG:4326"}
WARNINGS_KEPT = 5


def read_source(spec: LayerSpec, source: Source, path: Path, root: Path) -> Table | xr.DataArray:
    """Read a file, after it was seen to be what it says.

    Parameters
    ----------
    spec : LayerSpec
        The layer's contract; its ``max_rows`` is checked before reading.
    source : Source
        Format, layer, encoding, CRS, renames and words.
    path : Path
        The file, already found to lie in the workspace.
    root : Path
        The workspace, outside of which nothing is read.

    Returns
    -------
    GeoDataFrame, DataFrame or DataArray
        Canonical column names, values as in the file but for mapped words; ``attrs`` holds ``notes`` and ``encoding``.

    Raises
    ------
    SourceError, CrsError, ColumnError
        If the file is of another kind, damaged, too large, or does not fit its declaration.
    """
    fmt = format_of(source)
    if not path.resolve().is_relative_to(root.resolve()):
        raise SourceError(f"{path} lies outside the workspace")
    check_content(path, fmt)
    if (fmt == "tif") != (spec.geometry == "raster"):
        raise SourceError(f"{path}: a {fmt} file cannot serve a layer of geometry {spec.geometry!r}")
    if fmt == "tif":
        return read_grid(spec, source, path)
    if fmt in ("csv", "xlsx"):
        table = (read_csv if fmt == "csv" else read_xlsx)(path, source, spec.max_rows)
        raw: Table = table if spec.geometry == "table" else _points(table, source, path)
    else:
        raw = _read_parquet(spec, path) if fmt == "parquet" else _read_vector(spec, source, path, fmt)
        raw = _flat(raw) if spec.geometry == "table" else _with_crs(raw, source, path, fmt)
    if not len(raw):
        raise SourceError(f"{path}: the file holds no rows; deliver it again, or take it away")
    notes, encoding = raw.attrs.setdefault("notes", []), raw.attrs.get("encoding", "")
    raw = make_key(swap_axes(raw, source), spec, source, path)
    raw = scale_columns(_mapped(_renamed(raw, source, path), source), source)
    raw = fill_columns(raw, source)
    raw.attrs = {"notes": raw.attrs.get("notes", notes), "encoding": encoding}
    return raw


def _read_vector(spec: LayerSpec, source: Source, path: Path, fmt: str) -> Table:
    lock_drivers()
    encoding, notes = None, []
    counted = -1
    if fmt == "shp":
        counted = check_shapefile(path, crs_declared=bool(source.crs))
        guess = shapefile_encoding(path, source.encoding)
        encoding = guess.name
        notes.append(f"text read as {guess.name} ({guess.how})")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            layer = _layer(path, source)
            info = pyogrio.read_info(path, layer=layer, encoding=encoding, force_feature_count=True)
            _check_info(spec, path, fmt, info)
            raw: Table = pyogrio.read_dataframe(
                path, layer=layer, encoding=encoding, on_invalid="warn", use_arrow=False
            )
        except (DataSourceError, DataLayerError, FieldError, UnicodeError, ValueError, shapely.GEOSException) as error:
            raise SourceError(f"{path}: the file is damaged or cannot be read ({error}); deliver it again") from error
        except CRSError as error:
            raise CrsError(f"{path}: the coordinate system does not parse ({error}); write crs = … instead") from error
    expected = counted if counted >= 0 else int(info["features"])
    if expected != len(raw):
        raise SourceError(f"{path}: {len(raw)} of {expected} rows can be read: the file is cut; deliver it again")
    told = dict.fromkeys(str(w.message) for w in caught if not issubclass(w.category, DeprecationWarning))
    notes += [f"the reader warns: {plain(text)}" for text in list(told)[:WARNINGS_KEPT]]
    if fmt == "kml":
        # The reader adds columns of its own, such as id; the one that an entry renames comes first.
        raw = raw.drop(columns=[name for name in source.rename.values() if name in raw.columns])
    raw.attrs = {"notes": notes, "encoding": encoding or ""}
    return raw


def _layer(path: Path, source: Source) -> str:
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    listed = ", ".join(plain(name) for name in names[:20])
    if source.layer:
        if source.layer not in names:
            raise SourceError(f"{path}: there is no layer {source.layer!r}; there are: {listed}")
        return source.layer
    if len(names) != 1:
        raise SourceError(f"{path}: {len(names)} layers ({listed}); name one with layer = … in its [[sources]]")
    return names[0]


def _check_info(spec: LayerSpec, path: Path, fmt: str, info: dict[str, Any]) -> None:
    if info["driver"] not in DRIVERS[fmt]:
        raise SourceError(f"{path}: the content is {info['driver']}, not {fmt}")
    if info["features"] > spec.max_rows:
        raise SourceError(
            f"{path}: {info['features']:,} rows are more than {spec.max_rows:,}; raise max_rows in its TOML if meant"
        )


def _read_parquet(spec: LayerSpec, path: Path) -> Table:
    try:
        with pq.ParquetFile(path) as file:
            rows, metadata = file.metadata.num_rows, file.schema_arrow.metadata or {}
        if rows > spec.max_rows:
            raise SourceError(f"{path}: {rows:,} rows are more than {spec.max_rows:,}; raise max_rows if that is meant")
        # A coordinate that is no number is set aside later, with its row.
        with np.errstate(invalid="ignore"):
            raw: Table = gpd.read_parquet(path) if b"geo" in metadata else pd.read_parquet(path)
    except (pa.ArrowException, CRSError, OSError, ValueError, KeyError, TypeError, shapely.GEOSException) as error:
        raise SourceError(f"{path}: the file is damaged or no GeoParquet ({error}); deliver it again") from error
    raw = raw.reset_index(drop=True)
    raw.attrs = {}
    return raw


def _flat(raw: Table) -> pd.DataFrame:
    """Leave the shapes off."""
    attrs = raw.attrs
    shapes = [name for name in raw.columns if raw[name].dtype == "geometry"]
    flat = pd.DataFrame(raw.drop(columns=shapes))
    flat.attrs = attrs
    return flat


def _with_crs(raw: Table, source: Source, path: Path, fmt: str) -> Table:
    """Give a layer the declared CRS where its file has none; refuse when both speak and disagree."""
    if not source.crs or not isinstance(raw, gpd.GeoDataFrame):
        return raw
    declared = _declared(source, path)
    # GeoJSON and KML carry no CRS; the reader fills in WGS84.
    if raw.crs is None or fmt in ("geojson", "kml"):
        return raw.set_crs(declared, allow_override=True)
    if raw.crs != declared and name_of(raw.crs) != name_of(declared):
        raise CrsError(
            f"{path}: the file says {name_of(raw.crs)}, its [[sources]] entry says {name_of(declared)}; "
            "take the wrong one out"
        )
    return raw


def _declared(source: Source, path: Path) -> CRS:
    try:
        return CRS(source.crs)
    except CRSError as error:
        raise CrsError(f"{path}: the declared crs {source.crs!r} does not parse: {error}") from error


def _points(table: pd.DataFrame, source: Source, path: Path) -> gpd.GeoDataFrame:
    pair = (source.lon, source.lat)
    if not any(pair):
        pair = next((p for p in COORDINATES if set(p) <= set(table.columns)), ("", ""))
    if not all(pair) or not set(pair) <= set(table.columns):
        raise ColumnError(
            f"{path}: the columns with coordinates are not found; name them with lon = … and lat = … in its "
            f"[[sources]]; there are: {', '.join(plain(c) for c in table.columns[:40])}"
        )
    lon, lat = (pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float) for name in pair)
    shapes = shapely.points(lon, lat)
    shapes[pd.isna(lon) | pd.isna(lat)] = None
    crs = _declared(source, path) if source.crs else CRS(CRS_OF_DATUM[source.datum])
    points = gpd.GeoDataFrame(table, geometry=shapes, crs=crs)
    points.attrs = table.attrs
    return points


def _renamed(raw: Table, source: Source, path: Path) -> Table:
    names = {str(name) for name in raw.columns}
    faults: list[str] = []
    for old, new in source.rename.items():
        if old in names and new in names - set(source.rename):
            faults.append(f"column {plain(new)} is there already, beside {plain(old)}")
        elif old not in names and new not in names:
            listed = ", ".join(plain(n) for n in sorted(names)[:40])
            faults.append(f"there is neither {plain(old)} nor {plain(new)}; there are: {listed}")
    if faults:
        raise ColumnError(f"{path}: rename in its [[sources]] does not fit:\n" + "\n".join(f"  - {f}" for f in faults))
    used = {old: new for old, new in source.rename.items() if old in names}
    if used:
        raw.attrs.setdefault("notes", []).append(
            "columns renamed: " + ", ".join(f"{plain(o)} → {n}" for o, n in used.items())
        )
    return raw.rename(columns=used)


def _mapped(raw: Table, source: Source) -> Table:
    """Put the accepted word for each word of the file that its entry maps."""
    for name, words in dict(source.values).items():
        if name in raw.columns:
            texts = pd.Series(texts_of(raw[name]), index=raw.index, dtype=object)
            raw[name] = texts.map(lambda text, words=words: words.get(text, text)).astype("str")
    return raw
