"""Zonal counts and sums: one pass over a raster of any size, in strips, reading only what zones touch.

Count once, multiply later: the table of zones and classes is the core; densities, scenarios and draws are small
products with it. All zones of one call are counted by one rule, so that zones that tile add up to their union.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from changping_geo.errors import ColumnError, CrsError, ParameterError
from changping_geo.geo.zonal_codes import Code, Codes
from changping_geo.geo.zonal_kernel import (
    AREA,
    CELLS,
    EMPTY,
    EMPTY_AREA,
    LEAST,
    MOST,
    OVER_AREA,
    TOTAL,
    WEIGHT,
    WEIGHTED,
    Kernel,
)
from changping_geo.geo.zonal_nodata import nothing_of, refuse_nodata_class
from changping_geo.geo.zonal_raster import as_blocks, plane_of, refuse_other_grid, refuse_stretched
from changping_geo.geo.zonal_windows import read_ahead, windows_of
from changping_geo.geo.zonal_zones import outlines

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.geo.zonal_nodata import Nothing
    from changping_geo.geo.zonal_raster import Blocks, Plane
    from changping_geo.geo.zonal_zones import Outlines

    AnyRaster = Blocks | xr.DataArray
    Empty = NDArray[np.bool_] | None

#: Smaller zones are counted by exact shares of cells: by centres of 10 m cells they are off by up to 0.4 %. [m2]
EXACT_BELOW_M2 = 5e6
#: Cells that are held of each raster at once. [cells]
BLOCK_CELLS = 1 << 22
VALUE_COLUMNS = ("cells", "area_m2", "sum", "sum_over_area", "min", "max", "nodata_cells", "nodata_m2")


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Cells and areas by zone and class.

    Attributes
    ----------
    zones : Index
        Of the zones, n of them.
    codes : tuple of tuple
        One code per raster, None where that raster has no value; k of them, in rising order, None last.
    cells : ndarray, shape (n, k)
        Whole by the centre rule, with shares of cells by the exact one. [1]
    area_m2 : ndarray, shape (n, k)
        [m2]
    exact : bool
        Whether exact shares of cells were taken.
    beyond : Series, shape (n,)
        Share of each zone that lies off the raster. [1]
    """

    zones: pd.Index
    codes: tuple[Code, ...]
    cells: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    exact: bool
    beyond: pd.Series

    def frame(self, what: str = "area_m2") -> pd.DataFrame:
        """Return the table of cells that have a value in every raster.

        Parameters
        ----------
        what : str
            ``area_m2`` or ``cells``. [m2] or [1]

        Returns
        -------
        DataFrame, shape (n, k)
            Columns are codes, or a MultiIndex of codes for several rasters.
        """
        full = [i for i, code in enumerate(self.codes) if None not in code]
        codes = [self.codes[i] for i in full]
        several = len(self.codes[0]) > 1 if self.codes else False
        columns = (
            pd.MultiIndex.from_tuples(codes) if several and codes else pd.Index([c[0] for c in codes], name="class")
        )
        return pd.DataFrame(self._of(what)[:, full], index=self.zones, columns=columns)

    def missing(self, what: str = "area_m2") -> pd.Series:
        """Return what has no value in one raster or more, by zone; `what` as in `frame`."""
        gaps = [i for i, code in enumerate(self.codes) if None in code]
        return pd.Series(self._of(what)[:, gaps].sum(axis=1), index=self.zones, name=f"nodata_{what}")

    def _of(self, what: str) -> NDArray[np.float64]:
        if what not in {"area_m2", "cells"}:
            raise ParameterError(f"a class table has no {what!r}; ask for 'area_m2' or 'cells'")
        return self.cells if what == "cells" else self.area_m2


def class_table(
    rasters: AnyRaster | Sequence[AnyRaster],
    zones: gpd.GeoDataFrame,
    *,
    classes: Collection[int] | None = None,
    nodata: Sequence[float] | None = None,
    exact_below_m2: float = EXACT_BELOW_M2,
    block_cells: int = BLOCK_CELLS,
    engine: str = "auto",
) -> ClassTable:
    """Count the cells of each class, or of each combination of classes, in each zone.

    Parameters
    ----------
    rasters : Blocks or DataArray, or a sequence of them
        Class codes; several must lie upon each other.
    zones : GeoDataFrame
        Polygons in any CRS, shape (n,); they may overlap, and each is then counted whole.
    classes : collection of int, optional
        The legal codes of every raster.
    nodata : sequence of float, optional
        Values that mean nothing, beside the raster's own; an empty one says that every cell has a value.
    exact_below_m2 : float
        If any zone is smaller, all are counted by exact shares of cells, otherwise by the cells' centres; 0 and inf
        force a rule. [m2]
    block_cells : int
        Cells that are held of each raster at once; the result does not depend on it. [cells]
    engine : str
        ``numba``, ``numpy``, or ``auto``.

    Returns
    -------
    ClassTable

    Raises
    ------
    CrsError, SourceError
        If a raster has no CRS, no plain grid or another grid than the first, or its cells are of unequal size.
    ColumnError
        If codes are unknown, a class is also nodata, or nothing says what nodata is.
    GeometryError
        If a zone is no valid polygon.
    """
    readers = _readers(rasters)
    plane, edges = _prepared(readers, zones)
    nothing = [nothing_of(r, nodata) for r in readers]
    for n in nothing:
        if not n.known and classes is None:
            raise ColumnError(_NO_NODATA + ", or list the classes")
        refuse_nodata_class(n, sorted(classes or ()))
    kernel, exact = Kernel(engine, _cells_of(plane, edges)), bool(edges.area_m2.min() < exact_below_m2)
    codes = Codes(kernel.see)
    cells, area = np.zeros((2, len(zones), 0))
    windows = windows_of(readers[0], plane, edges, exact=exact, block_cells=block_cells)
    for window, spans, (blocks, masks) in read_ahead(readers, nothing, windows):
        key, column = codes.keys(blocks, nothing, masks)
        grow = ((0, 0), (0, len(codes.columns) - cells.shape[1]))
        if grow[1][1]:
            cells, area = np.pad(cells, grow), np.pad(area, grow)
        (r0, r1), (c0, _) = window
        kernel.count(key, column, spans, (r0, c0), plane.row_areas(r0, r1), cells, area)
    found = [code for code, i in codes.columns.items() if cells[:, i].any()]
    found.sort(key=lambda code: [(v is None, v or 0) for v in code])
    order = [codes.columns[code] for code in found]
    table = ClassTable(
        zones.index, tuple(found), cells[:, order], area[:, order], exact, pd.Series(edges.beyond, index=zones.index)
    )
    _refuse_unknown(table, classes)
    return table


def value_table(
    raster: AnyRaster,
    zones: gpd.GeoDataFrame,
    *,
    weights: AnyRaster | None = None,
    nodata: Sequence[float] | None = None,
    exact_below_m2: float = EXACT_BELOW_M2,
    block_cells: int = BLOCK_CELLS,
    engine: str = "auto",
) -> pd.DataFrame:
    """Add up the values of a raster in each zone.

    Parameters
    ----------
    raster : Blocks or DataArray
        Amounts; a file's scale and offset are applied.
    zones, nodata, exact_below_m2, block_cells, engine
        As in `class_table`.
    weights : Blocks or DataArray, optional
        Weights on the same grid; cells count only where both have a value.

    Returns
    -------
    DataFrame, shape (n, 10 or 12)
        On the index of `zones`: ``cells`` [1] and ``area_m2`` [m2] with a value; ``sum`` of value times share of cell
        [unit of the values]; ``sum_over_area`` of value times area [unit times m2]; ``mean`` over area; ``min`` and
        ``max`` of all cells touched; ``nodata_cells`` [1], ``nodata_m2`` [m2]; ``beyond``, the share off the raster
        [1]; with weights ``weight_sum`` and ``weighted_mean``. Means, least and most are NaN where no cell has a value.

    Raises
    ------
    CrsError, SourceError, GeometryError
        As in `class_table`.
    ColumnError
        If nothing says what nodata is, or a value is infinite.
    """
    readers = [as_blocks(r) for r in ([raster] if weights is None else [raster, weights])]
    plane, edges = _prepared(readers, zones)
    nothing = [nothing_of(r, nodata) for r in readers]
    if not all(n.known for n in nothing):
        raise ColumnError(_NO_NODATA)
    kernel, exact = Kernel(engine, _cells_of(plane, edges)), bool(edges.area_m2.min() < exact_below_m2)
    out = np.zeros((len(zones), 10))
    out[:, LEAST], out[:, MOST] = np.inf, -np.inf
    windows = windows_of(readers[0], plane, edges, exact=exact, block_cells=block_cells)
    for window, spans, (blocks, masks) in read_ahead(readers, nothing, windows):
        clean = [_clean(*of_one) for of_one in zip(readers, nothing, blocks, masks, strict=True)]
        weight = clean[1] if weights is not None else np.zeros((0, 0), dtype=clean[0].dtype)
        (r0, r1), (c0, _) = window
        kernel.amount(clean[0], weight, spans, (r0, c0), plane.row_areas(r0, r1), out)
    return _value_frame(out, zones.index, edges, weighted=weights is not None)


_NO_NODATA = (
    "nothing says which value means 'nothing here' (nodata), and 0 or -9999 would pass as a value; set it in the file, "
    "pass nodata=[…], or nodata=[] if every cell has a value"
)


def _readers(rasters: AnyRaster | Sequence[AnyRaster]) -> list[Blocks]:
    several = cast("Sequence[AnyRaster]", rasters if isinstance(rasters, list | tuple) else [rasters])
    return [as_blocks(r) for r in several]


def _prepared(readers: list[Blocks], zones: gpd.GeoDataFrame) -> tuple[Plane, Outlines]:
    if not readers:
        raise ParameterError("no raster to count; give one at least")
    planes = [plane_of(r, "the raster" if len(readers) == 1 else f"raster {i + 1}") for i, r in enumerate(readers)]
    for other in planes[1:]:
        refuse_other_grid(planes[0], other)
    edges = outlines(zones, planes[0])
    if (edges.beyond >= 1.0).all():
        raise CrsError("no zone lies on the raster; check the CRS of both, and that they are of one place")
    rows, columns = planes[0].shape
    y = np.clip([edges.y0.min(), edges.y1.max()], 0, rows)
    x = np.clip([min(edges.x0.min(), edges.x1.min()), max(edges.x0.max(), edges.x1.max())], 0, columns)
    gx, gy = np.meshgrid(np.linspace(x[0], x[1], 3), np.linspace(y[0], y[1], 3))
    refuse_stretched(planes[0], *planes[0].from_cells(gx.ravel(), gy.ravel()))
    return planes[0], edges


def _cells_of(plane: Plane, edges: Outlines) -> float:
    """Return about how many cells the zones have. [cells]"""
    middle = plane.shape[0] // 2
    return float(edges.area_m2.sum() / max(plane.row_areas(middle, middle + 1)[0], 1e-300))


def _clean(reader: Blocks, nothing: Nothing, block: NDArray[Any], mask: Empty) -> NDArray[np.floating[Any]]:
    """Return a block as floats with NaN where it has no value, its scale and offset applied."""
    empty = nothing.cells(block, mask)
    out = block if block.dtype in {np.dtype("f4"), np.dtype("f8")} else block.astype(np.float64)
    scale, offset = getattr(reader, "scales", (1.0,))[0], getattr(reader, "offsets", (0.0,))[0]
    if (scale, offset) != (1.0, 0.0):
        out = out.astype(np.float64) * scale + offset
    if empty is not None and empty.any():
        out = np.where(empty, out.dtype.type(np.nan), out)
    return out


def _value_frame(out: NDArray[np.float64], index: pd.Index, edges: Outlines, *, weighted: bool) -> pd.DataFrame:
    if not np.isfinite(out[:, TOTAL]).all():
        bad = ", ".join(map(str, index[~np.isfinite(out[:, TOTAL])][:5].tolist()))
        raise ColumnError(f"the raster holds infinite values in the zones {bad}; declare them as nodata")
    none = out[:, CELLS] <= 0.0
    places = (CELLS, AREA, TOTAL, OVER_AREA, LEAST, MOST, EMPTY, EMPTY_AREA)
    frame = pd.DataFrame(out[:, places], index=index, columns=list(VALUE_COLUMNS))
    frame.loc[none, ["min", "max"]] = np.nan
    frame.insert(4, "mean", np.divide(out[:, OVER_AREA], out[:, AREA], out=np.full(len(out), np.nan), where=~none))
    frame["beyond"] = edges.beyond
    if weighted:
        frame["weight_sum"] = out[:, WEIGHT]
        known = out[:, WEIGHT] != 0.0
        frame["weighted_mean"] = np.divide(out[:, WEIGHTED], out[:, WEIGHT], out=np.full(len(out), np.nan), where=known)
    return frame


def _refuse_unknown(table: ClassTable, classes: Collection[int] | None) -> None:
    if classes is None:
        return
    known, faults = set(classes), []
    for i in range(len(table.codes[0]) if table.codes else 0):
        counts: dict[int, float] = {}
        for code, cells in zip(table.codes, table.cells.sum(axis=0), strict=True):
            if (value := code[i]) is not None and value not in known:
                counts[value] = counts.get(value, 0.0) + float(cells)
        words = ", ".join(f"{value} ({n:,.10g} cells)" for value, n in sorted(counts.items()))
        if words:
            faults.append(f"raster {i + 1}: {words}" if len(table.codes[0]) > 1 else words)
    if faults:
        legal = ", ".join(map(str, sorted(known)))
        raise ColumnError(
            f"unknown class codes: {'; '.join(faults)}; legal are {legal}. Add them, or declare them nodata"
        )
