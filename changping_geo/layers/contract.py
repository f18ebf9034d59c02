"""A layer held to its contract: every row used, repaired or set aside, and all faults told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import CRS

from changping_geo.layers import shapes as shp
from changping_geo.layers.columns import hold_columns
from changping_geo.layers.faults import Faults, Verdicts
from changping_geo.layers.grids import hold_grid
from changping_geo.layers.shift import shift_like_gcj02
from changping_geo.layers.topology import hold_topology
from changping_geo.model import CrsError, DataError, GeometryError, Ledger

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from changping_geo.layers.spec import LayerSpec
    from changping_geo.model import Frame

Table: TypeAlias = gpd.GeoDataFrame | pd.DataFrame


def hold(
    spec: LayerSpec, raw: Table | xr.DataArray, frame: Frame, district: BaseGeometry | None, where: str
) -> tuple[Table | xr.DataArray, Ledger, Table | None]:
    """Hold what was read, or what a provider made, to the contract of its layer.

    Parameters
    ----------
    spec : LayerSpec
        The contract.
    raw : GeoDataFrame, DataFrame or DataArray
        Rows or cells in any known CRS; ``attrs["notes"]`` goes to the ledger.
    frame : Frame
        Gives the metric CRS.
    district : Polygon or MultiPolygon, optional
        The outline; nothing when the layer is the outline itself. [m]
    where : str
        File and layer, for messages.

    Returns
    -------
    data : GeoDataFrame, DataFrame or DataArray
        Rows that are used, in the order of the source, with the contract's columns, indexed from 0. A raster stays in
        its CRS.
    ledger : Ledger
        What became of the rows: read = used + repaired + set aside.
    set_aside : GeoDataFrame, DataFrame or None
        The other rows as they were read, with their ``row`` in the source, counted from 1, and the ``reason``.

    Raises
    ------
    DataError
        Everything that is wrong with the layer, at once.
    """
    if isinstance(raw, xr.DataArray):
        if spec.geometry != "raster":
            raise GeometryError(f"{where}: a raster cannot serve a layer of geometry {spec.geometry!r}")
        return (*hold_grid(spec, raw, frame, district, where), None)
    if spec.geometry == "raster":
        raise GeometryError(f"{where}: a table cannot serve a layer of geometry 'raster'; deliver a GeoTIFF")
    faults, ledger, verdicts = Faults(where), Ledger(spec.name), Verdicts(len(raw))
    ledger.notes += raw.attrs.get("notes", [])
    placed = None if spec.geometry == "table" else _hold_shapes(spec, raw, frame, district, verdicts, faults, ledger)
    table = hold_columns(spec, raw, verdicts, faults, ledger)
    if placed is not None:
        rows = np.flatnonzero(verdicts.kept)
        if spec.topology == "tiles_district" or not faults:
            hold_topology(spec, placed[rows], rows, district, faults, ledger)
        if spec.topology != "within_district":
            _register(placed[rows], district, frame, faults, ledger)
    verdicts.close(ledger)
    _hold_share(spec, ledger, faults)
    faults.raise_any()
    kept = verdicts.kept
    data: Table = table[kept].reset_index(drop=True)
    if placed is not None:
        data = gpd.GeoDataFrame(data, geometry=placed[kept], crs=frame.crs)
    return data, ledger, _set_aside(raw, placed, verdicts, frame)


def _hold_shapes(
    spec: LayerSpec,
    raw: Table,
    frame: Frame,
    district: BaseGeometry | None,
    verdicts: Verdicts,
    faults: Faults,
    ledger: Ledger,
) -> NDArray[np.object_] | None:
    """Return shapes in the metric CRS, one per row of the source, or nothing when there is no way to have them."""
    if not isinstance(raw, gpd.GeoDataFrame) or raw._geometry_column_name not in raw.columns:  # noqa: SLF001 - no public test
        faults.add(
            GeometryError, "the source holds no shapes; deliver them, or name the columns lon and lat of a table"
        )
        return None
    given: NDArray[np.object_] = np.array(raw.geometry.array, dtype=object)
    way = shp.hold_crs(raw.crs, frame.crs, faults)
    if shapely.has_z(given).any():
        ledger.notes.append("heights of the shapes are not used")
        given = shapely.force_2d(given)
    shp.check_rows(spec, given, verdicts)
    if spec.geometry == "point":
        several = shapely.get_type_id(given) > 0
        given[several & verdicts.kept] = shapely.get_geometry(given[several & verdicts.kept], 0)
    if way is None:
        return None
    placed = shp.project(given, way, verdicts)
    if not shp.check_extent(placed, given, CRS(raw.crs), way, district, verdicts, faults):
        return None
    shp.unplaced(placed, verdicts)
    placed = shp.repair(spec, placed, verdicts, ledger)
    if district is not None and spec.topology != "any":
        kept = np.flatnonzero(verdicts.kept)
        if spec.topology == "within_district":
            # Points beyond the border tell of a shift only before they are set aside.
            _register(placed[kept], district, frame, faults, ledger)
        shapely.prepare(district)
        away = np.zeros(len(placed), dtype=bool)
        away[kept] = ~shapely.intersects(district, placed[kept])
        verdicts.set_aside(away, "outside the district")
    return placed


def _register(
    placed: NDArray[np.object_], district: BaseGeometry | None, frame: Frame, faults: Faults, ledger: Ledger
) -> None:
    if district is None or any("GCJ-02" in note for note in ledger.notes):
        return
    shift = shift_like_gcj02(placed, district, frame.crs)
    if shift is None:
        return
    ledger.notes.append(shift.text())
    if faults:
        faults.add(CrsError, shift.text())


def _hold_share(spec: LayerSpec, ledger: Ledger, faults: Faults) -> None:
    if ledger.n_set_aside <= spec.max_set_aside * ledger.read:
        return
    reasons = "; ".join(f"{reason} ({count})" for reason, count in ledger.set_aside.most_common())
    told = "".join(f"\n    {note}" for note in ledger.notes)
    faults.add(
        DataError,
        f"{ledger.n_set_aside} of {ledger.read} rows would be set aside, more than the accepted share of "
        f"{spec.max_set_aside:.0%}: {reasons}. Mend the file, or raise max_set_aside in the layer's TOML{told}",
    )


def _set_aside(raw: Table, placed: NDArray[np.object_] | None, verdicts: Verdicts, frame: Frame) -> Table | None:
    away = ~verdicts.kept
    if not away.any():
        return None
    shapes = [raw._geometry_column_name] if isinstance(raw, gpd.GeoDataFrame) else []  # noqa: SLF001 - may be unset
    table: Any = pd.DataFrame(raw.drop(columns=[c for c in shapes if c in raw.columns]))[away].reset_index(drop=True)
    table = table.rename(columns={name: f"source_{name}" for name in ("row", "reason", "geometry")})
    table.insert(0, "row", np.flatnonzero(away) + 1)
    table.insert(1, "reason", verdicts.reason[away].astype(str))
    table.attrs = {}
    if placed is None:
        return pd.DataFrame(table)
    left = placed[away]
    # A shape without a finite place cannot be written to a file; the row itself is kept.
    left[~np.isfinite(shapely.bounds(left)).all(axis=1)] = None
    return gpd.GeoDataFrame(table, geometry=left, crs=frame.crs)
