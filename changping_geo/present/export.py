"""The GIS hand-off: the bundle that every run folder has, and any layer in any format when it is asked for."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pyproj import CRS

from changping_geo.model import CrsError, ResultError
from changping_geo.present.bundle import LIST, write_list
from changping_geo.present.cog import warped, write_cog
from changping_geo.present.dxf import write_dxf
from changping_geo.present.fieldnotes import note_rows, write_notes
from changping_geo.present.gislayers import MANY_ROWS
from changping_geo.present.gpkg import write_layers
from changping_geo.present.kml import write_kml
from changping_geo.present.layerfiles import write_flatgeobuf, write_gdb, write_geojson, write_geoparquet
from changping_geo.present.qgz import write_qgz, write_qlr
from changping_geo.present.shapefiles import write_shapefiles
from changping_geo.present.style import qml
from changping_geo.present.targetcrs import WGS84, target_crs, to_target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from changping_geo.present.bundle import Bundle
    from changping_geo.present.gislayers import GisLayer

log = logging.getLogger(__name__)

FORMATS = ("gpkg", "gdb", "shp", "geojson", "parquet", "fgb", "kml", "dxf", "cog")
# The bundle draws no larger layers for CAD and Google Earth. [rows]
DRAWN_ROWS = 2_000
# Formats that are longitude and latitude in WGS84 by their standard.
GEOGRAPHIC = ("geojson", "kml")
_PER_LAYER: dict[str, Callable[[GisLayer, Path], None]] = {
    "geojson": write_geojson,
    "parquet": write_geoparquet,
    "fgb": write_flatgeobuf,
}


def write_bundle(bundle: Bundle, folder: Path) -> None:
    """Write the hand-off of a run.

    The GeoPackage, the file geodatabase and GeoParquet hold every layer; shapefiles those of at most `MANY_ROWS` rows,
    DXF and KML those of at most `DRAWN_ROWS`, as larger ones are slow to write and slower to open. `export` writes any.

    Parameters
    ----------
    bundle : Bundle
        What the run hands over.
    folder : Path
        An empty folder.

    Raises
    ------
    ResultError
        If a file does not hold what was to be written.
    """
    name = bundle.name
    small = [layer for layer in bundle.layers if len(layer.data) <= MANY_ROWS]
    drawn = [layer for layer in small if len(layer.data) <= DRAWN_ROWS]
    _timed(f"{name}.gpkg", lambda: write_layers(bundle.layers, bundle.about, folder / f"{name}.gpkg"))
    for raster in bundle.rasters:
        write_cog(raster, folder / f"{raster.name}.tif")
    write_qgz(bundle, folder / f"{name}.qgz")
    write_qlr(bundle, folder / f"{name}.qlr")
    write_list(bundle, folder / LIST)
    _timed(f"{name}.gdb", lambda: write_gdb(bundle.layers, folder / f"{name}.gdb"))
    (folder / "parquet").mkdir()
    _timed("parquet", lambda: _each(bundle.layers, folder / "parquet", "parquet"))
    if small:
        _timed("shp", lambda: write_shapefiles(small, folder / "shp"))
    if drawn:
        _timed(f"{name}.dxf", lambda: write_dxf(drawn, folder / f"{name}.dxf", _title(bundle)))
        _timed(f"{name}.kml", lambda: write_kml(drawn, folder / f"{name}.kml", _title(bundle)))


def export(bundle: Bundle, form: str, folder: Path, *, crs: str = "", encoding: str = "utf-8") -> list[Path]:
    """Write layers or rasters in one format.

    Parameters
    ----------
    bundle : Bundle
        What is wanted, and no more.
    form : str
        One of `FORMATS`.
    folder : Path
        An empty folder.
    crs : str
        Authority code or path of a WKT file; empty keeps the layers' own.
    encoding : str
        Of shapefiles: ``utf-8`` or ``gbk``.

    Returns
    -------
    list of Path
        What lies in the folder now.

    Raises
    ------
    CrsError
        If no known way leads to the CRS, or the format has another one by its standard.
    ResultError
        If there is nothing to write, or a file does not hold what was to be written.
    """
    if not (bundle.rasters if form == "cog" else bundle.layers):
        raise ResultError(
            f"this run made no {'raster' if form == 'cog' else 'vector layer'}; nothing to write as {form}"
        )
    if form == "cog":
        for raster in bundle.rasters:
            target = target_crs(crs, raster.data.attrs["crs"]) if crs else None
            chosen = warped(raster, target.to_wkt()) if target else raster
            write_cog(chosen, folder / f"{raster.name}.tif")
    else:
        _vectors(replace(bundle, layers=_reprojected(bundle.layers, form, crs)), form, folder, encoding)
    return sorted(folder.iterdir())


def _vectors(bundle: Bundle, form: str, folder: Path, encoding: str) -> None:
    path, layers = folder / f"{bundle.name}.{form}", bundle.layers
    if form == "gpkg":
        write_layers(layers, bundle.about, path)
        write_qlr(bundle, folder / f"{bundle.name}.qlr")
    elif form == "gdb":
        write_gdb(layers, path)
    elif form == "shp":
        write_shapefiles(layers, folder, encoding)
    elif form == "kml":
        write_kml(layers, path, _title(bundle))
    elif form == "dxf":
        write_dxf(layers, path, _title(bundle))
    else:
        _each(layers, folder, form)


def _each(layers: Sequence[GisLayer], folder: Path, form: str) -> None:
    for layer in layers:
        path = folder / f"{layer.name}.{form}"
        _PER_LAYER[form](layer, path)
        path.with_suffix(".qml").write_text(qml(next(iter(layer.styles.values()))), encoding="utf-8", newline="\n")
    write_notes(note_rows(layers, {}, {}), folder)


def _reprojected(layers: Sequence[GisLayer], form: str, crs: str) -> tuple[GisLayer, ...]:
    if not crs:
        return tuple(layers)
    target = target_crs(crs, str(layers[0].data.crs))
    if form in GEOGRAPHIC and target != CRS(WGS84):
        raise CrsError(
            f"{form} is longitude and latitude in WGS84 by its standard; leave --crs out, or take another format"
        )
    return tuple(replace(layer, data=to_target(layer.data, target)) for layer in layers)


def _title(bundle: Bundle) -> str:
    return f"{bundle.about.get('district_zh', bundle.name)}碳达峰空间分析（{bundle.status.label_zh}）"


def _timed(what: str, work: Callable[[], None]) -> None:
    began = time.perf_counter()
    work()
    log.info("wrote gis/%s in %.1f s", what, time.perf_counter() - began)
