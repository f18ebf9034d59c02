"""Layers in formats that need no more than rows: file geodatabase, GeoParquet, FlatGeobuf, GeoJSON.

References
----------
GeoParquet 1.1.0; FlatGeobuf 3; RFC 7946, The GeoJSON Format (longitude and latitude in WGS84).
"""

from __future__ import annotations

import shutil
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyogrio
import pyogrio.errors

from changping_geo.model import ResultError
from changping_geo.present.fieldnotes import note_frame
from changping_geo.present.targetcrs import WGS84
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from changping_geo.present.gislayers import GisLayer

# About a centimetre; RFC 7946 advises no more than seven digits.
GEOJSON_DIGITS = 7
NOTES = "field_notes"
_FAULTS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.FieldError,
    pyogrio.errors.GeometryError,
)


def write_gdb(layers: Sequence[GisLayer], path: Path) -> None:
    """Write a file geodatabase for ArcGIS and SuperMap, with Chinese layer titles and a table of headings.

    Parameters
    ----------
    layers : sequence of GisLayer
        The layers.
    path : Path
        The ``.gdb`` folder; one that is there is replaced.

    Raises
    ------
    ResultError
        If it cannot be written or does not hold every row.
    """
    with told(path):
        if path.exists():
            shutil.rmtree(path)
        for layer in layers:
            options = {"layer_options": {"LAYER_ALIAS": writable(layer.title_zh)}}
            _write(narrow(layer.data, wide=np.float64), path, layer.name, "OpenFileGDB", options)
        notes = note_frame(layers)
        _write(notes, path, NOTES, "OpenFileGDB", {"layer_options": {"LAYER_ALIAS": "字段说明"}})
        check_rows(path, {**{layer.name: len(layer.data) for layer in layers}, NOTES: len(notes)})


def write_geoparquet(layer: GisLayer, path: Path) -> None:
    """Write a layer as GeoParquet 1.1 with the bounding box of every row."""
    with told(path):
        layer.data.to_parquet(path, compression="zstd", write_covering_bbox=True, schema_version="1.1.0", index=False)


def write_flatgeobuf(layer: GisLayer, path: Path) -> None:
    """Write a layer as FlatGeobuf with a spatial index."""
    texts = {"TITLE": writable(layer.title_zh), "DESCRIPTION": writable(f"{layer.title_en}; {layer.status.label_en}")}
    if layer.data.geometry.isna().any():
        texts["SPATIAL_INDEX"] = "NO"  # it takes no row without a shape
    with told(path):
        _write(layer.data, path, layer.name, "FlatGeobuf", {"layer_options": texts})
        check_rows(path, {layer.name: len(layer.data)})


def write_geojson(layer: GisLayer, path: Path) -> None:
    """Write a layer as GeoJSON in WGS84."""
    data = layer.data.to_crs(WGS84)
    options = {"layer_options": {"RFC7946": "YES", "COORDINATE_PRECISION": GEOJSON_DIGITS, "ID_GENERATE": "YES"}}
    with told(path):
        _write(data, path, layer.name, "GeoJSON", options)


def narrow(data: gpd.GeoDataFrame, wide: type[np.generic] = np.int64) -> gpd.GeoDataFrame:
    """Return rows whose whole numbers take 32 bits where they fit: older software reads no longer ones.

    Whole numbers with gaps become decimal ones, which every format can leave out.

    Parameters
    ----------
    data : GeoDataFrame, shape (n, m)
        Rows.
    wide : type
        What larger numbers become.
    """
    changed: dict[str, Any] = {}
    limits = np.iinfo(np.int32)
    for column in data.columns:
        values = data[column]
        if values.dtype.kind in "biu" and values.isna().any():
            changed[column] = values.astype(np.float64)
        elif values.dtype.kind == "b":
            changed[column] = values.astype(np.int16)
        elif values.dtype.kind in "iu":
            fits = not len(values) or limits.min <= values.min() <= values.max() <= limits.max
            changed[column] = values.astype(np.int32 if fits else wide)
    return data.assign(**changed)


def geometry_type(data: gpd.GeoDataFrame) -> str:
    """Return the one kind of shape of a layer, in the words of its standards; polygons where there are none."""
    kinds = sorted({str(kind) for kind in data.geometry.geom_type.dropna()}) or ["MultiPolygon"]
    return kinds[0] if len(kinds) == 1 else "Unknown"


def check_rows(path: Path, rows: dict[str, int]) -> None:
    """Read a file back as far as its rows.

    Raises
    ------
    ResultError
        If a layer is missing or has other rows than were written.
    """
    found = {str(name) for name in pyogrio.list_layers(path)[:, 0]}
    faults = [f"{name} is missing" for name in rows if name not in found]
    for name in (name for name in rows if name in found):
        count = pyogrio.read_info(path, layer=name, force_feature_count=True)["features"]
        if count != rows[name]:
            faults.append(f"{name}: {count} rows instead of {rows[name]}")
    if faults:
        raise ResultError(f"{path} does not hold what was written: {'; '.join(faults)}; nothing is published")


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn the faults of writers into one message."""
    try:
        yield
    except (*_FAULTS, OSError) as error:
        raise ResultError(f"{path} could not be written: {error}; check free space and permissions") from error


def _write(data: pd.DataFrame, path: Path, name: str, driver: str, options: dict[str, Any]) -> None:
    geometry = {"geometry_type": geometry_type(data)} if isinstance(data, gpd.GeoDataFrame) else {}
    with warnings.catch_warnings():
        # said of shapes with many holes: rings are sorted while writing, which takes time and changes nothing
        warnings.filterwarnings("ignore", "organizePolygons", RuntimeWarning)
        pyogrio.write_dataframe(data, path, layer=name, driver=driver, use_arrow=True, **geometry, **options)
