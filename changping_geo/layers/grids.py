"""GeoTIFFs: read without any file beside them, and held to their contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from rasterio.errors import RasterioError

from changping_geo.layers.faults import Faults
from changping_geo.layers.rasters import as_dataarray
from changping_geo.layers.shapes import hold_crs, name_of
from changping_geo.model import ColumnError, CrsError, Ledger, SourceError

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from changping_geo.layers.spec import Column, LayerSpec, Source
    from changping_geo.model import Frame

# A raster with more cells is refused before it is read. [cells]
MAX_CELLS = 500_000_000
# Values that are used for "nothing here" where none is declared.
FILLS = (0.0, -9999.0, -32768.0, 255.0, 65535.0)
# No file beside the raster is looked for, and none of another format is followed.
ALONE = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO", "GDAL_GEOREF_SOURCES": "INTERNAL"}


def read_grid(spec: LayerSpec, source: Source, path: Path) -> xr.DataArray:
    """Read a GeoTIFF of one band.

    Returns
    -------
    DataArray, shape (rows, columns)
        North up, with ``crs``, ``transform`` and ``nodata`` as attributes; ``faults`` lists what its contract refuses.

    Raises
    ------
    SourceError
        If it is damaged, too large, has several bands, or is no plain grid.
    """
    try:
        with rasterio.Env(**ALONE), rasterio.open(path, driver="GTiff") as file:
            _check_header(file, path)
            cells = file.read(1)
            wkt = file.crs.to_wkt() if file.crs else ""
            transform, nodata = file.transform, file.nodata
            scale, offset = file.scales[0], file.offsets[0]
    except (RasterioError, OSError, ValueError) as error:
        raise SourceError(f"{path}: the raster is damaged ({error}); deliver it again") from error
    notes: list[str] = []
    if (scale, offset) != (1.0, 0.0):
        empty = np.zeros(cells.shape, dtype=bool) if nodata is None else cells == nodata
        cells = np.where(empty, np.float32(np.nan), cells.astype(np.float32) * np.float32(scale) + np.float32(offset))
        nodata = float("nan")
        notes.append(f"scale {scale:g} and offset {offset:g} of the file applied")
    if transform.e > 0.0:
        cells = cells[::-1]
        transform = transform * transform.translation(0, cells.shape[0]) * transform.scale(1, -1)
    crs, faults = _crs_of(wkt, source, path)
    if nodata is None and not _complete(spec, cells):
        faults.append(
            "no value for 'nothing here' (nodata) is declared, and 0 would pass as a value; set it in the file"
        )
    grid = as_dataarray(np.ascontiguousarray(cells), tuple(transform)[:6], crs, nodata, spec.name)
    grid.attrs |= {"notes": notes, "faults": faults}
    return grid


def _check_header(file: rasterio.DatasetReader, path: Path) -> None:
    if file.width * file.height > MAX_CELLS:
        raise SourceError(
            f"{path}: {file.width} × {file.height} cells are more than {MAX_CELLS:,}; cut it to the district"
        )
    if file.count != 1:
        raise SourceError(f"{path}: {file.count} bands instead of one; deliver the one that the layer means")
    if np.dtype(file.dtypes[0]).kind not in "iuf":
        raise SourceError(
            f"{path}: cells are of type {file.dtypes[0]}, no plain numbers; deliver whole numbers or floats"
        )
    t = file.transform
    if t.is_identity or t.b != 0.0 or t.d != 0.0 or t.a <= 0.0:
        raise SourceError(
            f"{path}: the grid has no place on the ground or is turned; deliver it georeferenced, north up"
        )


def _crs_of(wkt: str, source: Source, path: Path) -> tuple[str, list[str]]:
    """Return the CRS of a raster as code or WKT, and what is wrong with it."""
    try:
        declared = CRS(source.crs) if source.crs else None
        found = CRS.from_wkt(wkt) if wkt else declared
    except CRSError as error:
        raise CrsError(f"{path}: the coordinate system does not parse: {error}") from error
    if found is None:
        return "", []
    if wkt and declared is not None and found != declared and name_of(found) != name_of(declared):
        return "", [
            f"the file says {name_of(found)}, its [[sources]] entry {name_of(declared)}; take the wrong one out"
        ]
    authority = found.to_authority(min_confidence=90)
    text = ":".join(authority) if authority else found.to_wkt()
    if found.is_geographic and declared is None:
        return text, ["a grid in degrees is accepted only when its [[sources]] entry says so with crs = …"]
    return text, []


def _complete(spec: LayerSpec, cells: NDArray[Any]) -> bool:
    """Whether a grid without nodata shows by itself where it has no value."""
    if cells.dtype.kind == "f" and np.isnan(cells).any():
        return True
    column = next(iter(spec.columns.values()), None)
    if column is None:
        return False
    if column.values:
        return True
    return column.range is not None and not any(column.range[0] <= fill <= column.range[1] for fill in FILLS)


def hold_grid(
    spec: LayerSpec, raw: xr.DataArray, frame: Frame, district: BaseGeometry | None, where: str
) -> tuple[xr.DataArray, Ledger]:
    """Hold a raster to its contract: CRS, place, values.

    Returns
    -------
    DataArray, Ledger
        The raster in its own CRS, and a ledger that counts cells.

    Raises
    ------
    DataError
        All faults at once.
    """
    faults, ledger = Faults(where), Ledger(spec.name, read=int(raw.size))
    ledger.notes += raw.attrs.get("notes", [])
    for fault in raw.attrs.get("faults", []):
        faults.add(CrsError if "nodata" not in fault else ColumnError, fault)
    crs = str(raw.attrs.get("crs") or "")
    way = None
    if not (faults and not crs):
        try:
            way = hold_crs(CRS(crs) if crs else None, frame.crs, faults)
        except CRSError as error:
            faults.add(CrsError, f"the coordinate system {crs!r} does not parse: {error}")
    if way is not None and district is not None:
        _hold_place(raw, way, district, faults, ledger)
    _hold_cells(spec, raw, faults, ledger)
    faults.raise_any()
    out = raw.copy(deep=False)
    out.attrs = {"crs": crs, "transform": raw.attrs["transform"], "nodata": raw.attrs.get("nodata")}
    out.name = spec.name
    return out, ledger


def _hold_place(raw: xr.DataArray, way: Transformer, district: BaseGeometry, faults: Faults, ledger: Ledger) -> None:
    a, _, c, _, e, f = raw.attrs["transform"]
    rows, columns = raw.shape
    corners = shapely.segmentize(
        shapely.box(c, f + e * rows, c + a * columns, f), max(abs(a * columns), abs(e * rows)) / 20
    )
    ground = shapely.transform(corners, way.transform, interleaved=False)
    if not np.isfinite(shapely.get_coordinates(ground)).all() or not ground.intersects(district):
        extent = f"{c:.6g}, {f + e * rows:.6g}, {c + a * columns:.6g}, {f:.6g}"
        faults.add(CrsError, f"nothing of the raster lies in the district: extent {extent}; check its crs and the file")
        return
    share = ground.intersection(district).area / district.area
    if share < 1.0 - 1e-9:
        ledger.notes.append(f"the raster covers {share:.1%} of the district")


def _hold_cells(spec: LayerSpec, raw: xr.DataArray, faults: Faults, ledger: Ledger) -> None:
    cells, nodata = raw.to_numpy(), raw.attrs.get("nodata")
    empty = np.zeros(cells.shape, dtype=bool)
    if cells.dtype.kind == "f":
        empty |= np.isnan(cells)
    if nodata is not None and not np.isnan(nodata):
        empty |= cells == nodata
    if empty.all():
        faults.add(ColumnError, "no cell has a value")
        return
    ledger.notes.append(f"cells without a value: {int(empty.sum()):,} of {cells.size:,}")
    for column in spec.columns.values():
        bad = ~empty & ~_accepted(column, cells)
        if bad.any():
            words = ", ".join(f"{v:g}" for v in np.unique(cells[bad])[:5].tolist())
            known = (
                ", ".join(dict(column.values)) or f"{column.range[0]:g}…{column.range[1]:g}"
                if column.range
                else "finite"
            )
            faults.add(
                ColumnError,
                f"{column.name}: {int(bad.sum()):,} of {cells.size:,} cells are not accepted ({words}); accepted are: "
                f"{known}. Declare them as nodata in the file, or mend it",
            )


def _accepted(column: Column, cells: NDArray[Any]) -> NDArray[np.bool_]:
    good: NDArray[np.bool_] = np.isfinite(cells)
    if column.range is not None:
        good &= (cells >= column.range[0]) & (cells <= column.range[1])
    if words := column.values:
        good &= np.isin(cells, [float(word) for word in words])
    return good
