"""From a source to a canonical layer: read, bring to WGS84, hold to the contract."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from changping_geo.layers.contract import Table, hold
from changping_geo.layers.datum import to_wgs84
from changping_geo.layers.drivers import safe_path
from changping_geo.layers.read import read_source
from changping_geo.layers.register import sha256_of
from changping_geo.model import CrsError, Layer, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from changping_geo.layers.spec import LayerSpec, Source
    from changping_geo.model import Frame


def load_source(spec: LayerSpec, source: Source, frame: Frame, district: BaseGeometry | None, root: Path) -> Layer:
    """Read a file of the workspace as a canonical layer.

    Parameters
    ----------
    spec : LayerSpec
        The contract.
    source : Source
        The entry of ``[[sources]]`` that gives the file.
    frame : Frame
        Gives the metric CRS.
    district : Polygon or MultiPolygon, optional
        The outline; nothing when the layer is the outline itself. [m]
    root : Path
        The workspace.

    Raises
    ------
    DataError
        If the file cannot be read or breaks the contract.
    """
    path = safe_path(root, source.path)
    where = f"{source.path} (layer {spec.name!r})"
    if spec.geometry == "climate":
        from changping_geo.layers.climate import climate_kind, hold_climate  # noqa: PLC0415 - heavy

        if climate_kind(path, source):
            weather: Any
            weather, ledger = hold_climate(spec, source, path, frame, district, where)
            return Layer(spec.name, weather, source.status, _card(source, "", sha256_of(path)), ledger)
        spec, district = replace(spec, geometry="table"), None
    raw = read_source(spec, source, path, root)
    encoding = "" if isinstance(raw, xr.DataArray) else str(raw.attrs.get("encoding", ""))
    raw = undo_datum(raw, source.datum, where)
    data, ledger, set_aside = hold(spec, raw, frame, district, where)
    if source.beyond:
        data.attrs["beyond"] = source.beyond
    return Layer(spec.name, data, source.status, _card(source, encoding, sha256_of(path)), ledger, set_aside)


def hold_provided(
    spec: LayerSpec,
    source: Source,
    raw: Table | xr.DataArray,
    frame: Frame,
    district: BaseGeometry | None,
    rests_on: Mapping[str, Status] | None = None,
) -> Layer:
    """Hold what a provider made to the same contract as a file.

    Parameters
    ----------
    spec : LayerSpec
        The contract.
    source : Source
        The entry of ``[[sources]]`` that names the provider.
    raw : GeoDataFrame, DataFrame or DataArray
        What it made.
    frame : Frame
        Gives the metric CRS.
    district : Polygon or MultiPolygon, optional
        The outline. [m]
    rests_on : mapping of str to Status, optional
        The layers that the provider asked for; the weakest of them and of the source is the layer's status.

    Raises
    ------
    DataError
        If it breaks the contract.
    """
    data, ledger, set_aside = hold(spec, raw, frame, district, f"{source.provider} (layer {spec.name!r})")
    below = rests_on or {}
    status = Status.weakest((source.status, *below.values()))
    card = _card(source, "", "") | {"status": status.word, "rests_on": ", ".join(below)}
    return Layer(spec.name, data, status, card, ledger, set_aside)


def undo_datum(raw: Table | xr.DataArray, datum: str, where: str) -> Table | xr.DataArray:
    """Bring shapes from GCJ-02 or BD-09 to WGS84; others stay as they are.

    Raises
    ------
    CrsError
        For a raster, whose cells cannot be moved one by one, and for shapes without CRS.
    """
    if datum not in ("gcj02", "bd09"):
        return raw
    if isinstance(raw, xr.DataArray):
        raise CrsError(f"{where}: a raster in {datum} is not converted; georeference it to CGCS2000 or WGS84")
    if not isinstance(raw, gpd.GeoDataFrame):
        return raw
    if raw.crs is None:
        raise CrsError(f'{where}: a source in {datum} needs a crs; write crs = "EPSG:4326" in its [[sources]]')
    attrs = raw.attrs
    lonlat = raw if raw.crs.is_geographic else raw.to_crs(raw.crs.geodetic_crs)
    shapes = np.array(lonlat.geometry.array, dtype=object)
    moved = shapely.transform(shapes, lambda lon, lat: to_wgs84(lon, lat, datum), interleaved=False)
    out = lonlat.set_geometry(gpd.GeoSeries(moved, index=raw.index, crs="EPSG:4326"))
    out.attrs = {**attrs, "notes": [*attrs.get("notes", []), f"coordinates converted from {datum} to WGS84"]}
    return out


def _card(source: Source, encoding: str, digest: str) -> dict[str, str]:
    return {
        "id": source.id,
        "path": source.path,
        "provider": source.provider,
        "status": source.status.word,
        "licence": source.licence,
        "origin": source.origin,
        "datum": source.datum,
        "encoding": encoding,
        "sha256": digest,
    }
