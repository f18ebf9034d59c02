"""Change of land cover between two years: what became what, how much, in which town, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from pyproj import Transformer

from changping_geo.carbon.units import M2_PER_HA
from changping_geo.errors import ColumnError, CrsError, ResultError
from changping_geo.geo.assign import CLOSURE
from changping_geo.geo.zonal import class_table
from changping_geo.geo.zonal_nodata import nothing_of
from changping_geo.geo.zonal_raster import as_blocks, plane_of, refuse_other_grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from changping_geo.geo.zonal import ClassTable
    from changping_geo.geo.zonal_raster import Blocks

    Labels = Mapping[int, tuple[str, str]]

#: Kinds of change that get a colour of their own, largest first; the palette of Okabe and Ito 2008.
COLOURS = ("#009e73", "#d55e00", "#0072b2", "#e69f00", "#cc79a7", "#56b4e9", "#f0e442", "#000000")
UNCHANGED, OTHER, NO_DATA = 1, 99, 0
FIXED = {
    UNCHANGED: ("未变化", "unchanged", "#e8e8e8"),
    OTHER: ("其他变化", "other change", "#7f7f7f"),
}
#: Rows that are warped at once. [rows]
STRIP = 256


@dataclass(frozen=True, slots=True)
class Change:
    """Areas by town and by the classes of both years.

    Attributes
    ----------
    matrix : DataFrame
        ``town_code``, ``class_before``, ``class_after``, ``area_ha``: cells with a value in both years. [ha]
    classes : DataFrame
        By ``town_code`` and ``class_code``: ``before_ha``, ``after_ha``, ``kept_ha``, ``gain_ha``, ``loss_ha``,
        ``net_ha``; gains and losses are of cells with a value in both years, so after - before = gain - loss. [ha]
    missing : DataFrame
        By ``town_code``: ``missing_before_ha``, ``missing_after_ha``, ``missing_both_ha``, apart from all others. [ha]
    notes : tuple of str
        What was done to make the years comparable.
    """

    matrix: pd.DataFrame
    classes: pd.DataFrame
    missing: pd.DataFrame
    notes: tuple[str, ...] = field(default=())


def on_one_grid(before: xr.DataArray, after: xr.DataArray, *, warp: bool = False) -> tuple[xr.DataArray, list[str]]:
    """Return the later raster on the grid of the earlier one.

    Parameters
    ----------
    before, after : DataArray, shape (rows, columns)
        Class codes, with ``crs``, ``transform`` and ``nodata``.
    warp : bool
        Whether another grid is brought over by the nearest cell, with a note; it is refused otherwise.

    Raises
    ------
    CrsError
        If the grids differ and are not to be warped, or nothing of one lies on the other.
    ColumnError
        If cells off the later raster cannot be marked because it has no nodata value.
    """
    one, other = plane_of(as_blocks(before), "the earlier raster"), plane_of(as_blocks(after), "the later raster")
    try:
        refuse_other_grid(one, other)
    except CrsError as error:
        if not warp:
            raise CrsError(f"{error}, or allow it with warp=True") from error
        difference = str(error).partition(": ")[2].partition("; warp one")[0]
    else:
        return after, []
    nodata = after.attrs.get("nodata")
    if nodata is None:
        raise ColumnError("the later raster has no nodata value for cells beyond it; set one that is no class")
    way = Transformer.from_crs(one.crs, other.crs, always_xy=True)
    cells, (rows, columns) = after.to_numpy(), one.shape
    out = np.full(one.shape, nodata, dtype=cells.dtype)
    for top in range(0, rows, STRIP):
        j, i = np.meshgrid(np.arange(columns) + 0.5, np.arange(top, min(top + STRIP, rows)) + 0.5)
        x, y = other.to_cells(*way.transform(*one.from_cells(j, i)))
        inside = (x >= 0) & (y >= 0) & (x < other.shape[1]) & (y < other.shape[0])
        out[top : top + STRIP][inside] = cells[y[inside].astype(np.int64), x[inside].astype(np.int64)]
    if (out == nodata).all():
        raise CrsError("nothing of the later raster lies on the earlier one; check the CRS of both")
    warped = xr.DataArray(out, dims=before.dims, coords=before.coords, attrs={**before.attrs, "nodata": nodata})
    return warped, [f"the later raster was brought to the earlier one's grid by the nearest cell ({difference})"]


def count_change(
    before: Blocks | xr.DataArray, after: Blocks | xr.DataArray, towns: gpd.GeoDataFrame, classes: Labels,
    *, nodata: Sequence[float] | None = None, exact_below_m2: float = 0.0, notes: Sequence[str] = (),
) -> Change:  # fmt: skip
    """Count what became what in each town.

    Parameters
    ----------
    before, after : Blocks or DataArray
        Class codes of two years on one grid; see `on_one_grid`.
    towns : GeoDataFrame
        Polygons with ``town_code``.
    classes : dict of int to (str, str)
        Legal codes with Chinese and English label.
    nodata : sequence of float, optional
        Further values that mean nothing.
    exact_below_m2 : float
        As in `changping_geo.geo.zonal.class_table`; by default cells are counted by their centres. [m2]
    notes : sequence of str
        Taken over into the result.

    Returns
    -------
    Change

    Raises
    ------
    CrsError, ColumnError, GeometryError
        As in `changping_geo.geo.zonal.class_table`.
    ResultError
        If the sums by class do not close to 1e-9.
    """
    if "town_code" not in towns:
        raise ColumnError("the towns lack the column 'town_code'; give every town its code")
    codes = sorted(classes)
    zones = towns.set_index("town_code")[[towns.geometry.name]]
    table = class_table([before, after], zones, classes=codes, nodata=nodata, exact_below_m2=exact_below_m2)
    cube, missing = _cube(table, codes)
    change = Change(_matrix(cube, zones.index, codes), _by_class(cube, zones.index, codes), missing, tuple(notes))
    _refuse_leak(change, table)
    return change


def _cube(table: ClassTable, codes: list[int]) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """Return areas by town and both classes, and those without a value in one of the years. [ha]"""
    cube = np.zeros((len(table.zones), len(codes), len(codes)))
    place = {code: i for i, code in enumerate(codes)}
    gaps = np.zeros((len(table.zones), 3))
    for (first, last), area in zip(table.codes, table.area_m2.T / M2_PER_HA, strict=True):
        if first is None or last is None:
            gaps[:, 2 if first == last else int(first is not None)] += area
        else:
            cube[:, place[first], place[last]] += area
    names = ["missing_before_ha", "missing_after_ha", "missing_both_ha"]
    return cube, pd.DataFrame(gaps, index=table.zones, columns=names)


def _matrix(cube: NDArray[np.float64], towns: pd.Index, codes: list[int]) -> pd.DataFrame:
    town, first, last = np.nonzero(cube)
    code = np.array(codes)
    return pd.DataFrame(
        {
            "town_code": towns[town], "class_before": code[first], "class_after": code[last],
            "area_ha": cube[town, first, last],
        }
    )  # fmt: skip


def _by_class(cube: NDArray[np.float64], towns: pd.Index, codes: list[int]) -> pd.DataFrame:
    before, after = cube.sum(axis=2), cube.sum(axis=1)
    kept = np.diagonal(cube, axis1=1, axis2=2)
    moved = cube * (1.0 - np.eye(len(codes)))
    gain, loss = moved.sum(axis=1), moved.sum(axis=2)
    columns = {"before": before, "after": after, "kept": kept, "gain": gain, "loss": loss, "net": gain - loss}
    index = pd.MultiIndex.from_product([towns, codes], names=["town_code", "class_code"])
    return pd.DataFrame({f"{name}_ha": v.ravel() for name, v in columns.items()}, index=index)


def _refuse_leak(change: Change, table: ClassTable) -> None:
    whole = float(table.area_m2.sum()) / M2_PER_HA
    parts = float(change.matrix["area_ha"].sum() + change.missing.to_numpy().sum())
    drift = (change.classes["after_ha"] - change.classes["before_ha"] - change.classes["net_ha"]).abs().max()
    if abs(parts - whole) > CLOSURE * max(whole, 1.0) or drift > CLOSURE * max(whole, 1.0):
        raise ResultError(f"the change of land cover does not add up: {parts:.9g} ha of {whole:.9g} ha")


def change_raster(
    before: xr.DataArray, after: xr.DataArray, classes: Labels, *, nodata: Sequence[float] | None = None
) -> tuple[xr.DataArray, dict[int, tuple[str, str, str]]]:
    """Return a map of what changed: the largest kinds by a code of their own, all others by one.

    Parameters
    ----------
    before, after, classes, nodata
        As in `count_change`, in memory.

    Returns
    -------
    DataArray of uint8, shape (rows, columns)
        1 unchanged, 11, 12, … the kinds of change by falling number of cells, 99 other change, 0 nothing known.
    dict of int to (str, str, str)
        Code to Chinese label, English label and colour.
    """
    pair, changed, known = _pairs(before, after, classes, nodata)
    codes = sorted(classes)
    kinds, counts = np.unique(pair[changed], return_counts=True)
    largest = kinds[np.lexsort((kinds, -counts))][: len(COLOURS)].tolist()
    code_of = np.full(len(codes) ** 2, OTHER, dtype=np.uint8)
    code_of[largest] = np.arange(11, 11 + len(largest))
    out = np.where(changed, code_of[pair], np.uint8(UNCHANGED))
    out[~known] = NO_DATA
    legend = {UNCHANGED: FIXED[UNCHANGED]}
    for i, kind in enumerate(largest):
        first, last = (classes[codes[k]] for k in divmod(kind, len(codes)))
        legend[11 + i] = (f"{first[0]} → {last[0]}", f"{first[1]} → {last[1]}", COLOURS[i])
    if len(kinds) > len(largest):
        legend[OTHER] = FIXED[OTHER]
    attrs = {"crs": before.attrs["crs"], "transform": before.attrs["transform"], "nodata": NO_DATA}
    return xr.DataArray(out, dims=before.dims, coords=before.coords, attrs=attrs), legend


def difference(before: xr.DataArray, after: xr.DataArray, *, nodata: Sequence[float] | None = None) -> xr.DataArray:
    """Return after minus before, NaN where a year has no value: no number stands for nothing, so none is lost.

    Parameters
    ----------
    before, after : DataArray, shape (rows, columns)
        Amounts on one grid.
    nodata : sequence of float, optional
        Further values that mean nothing. [unit of the cells]

    Returns
    -------
    DataArray of float64, shape (rows, columns)
        [unit of the cells]

    Raises
    ------
    CrsError
        If the grids differ.
    """
    _refuse_two_grids(before, after)
    late, early = (_values(raster, nodata) for raster in (after, before))
    attrs = {"crs": before.attrs["crs"], "transform": before.attrs["transform"], "nodata": float("nan")}
    return xr.DataArray(late - early, dims=before.dims, coords=before.coords, attrs=attrs)


def pairs_of_change(
    before: xr.DataArray, after: xr.DataArray, classes: Labels, *, nodata: Sequence[float] | None = None
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return each cell's kind of change, n times the earlier class's place plus the later one's, and where it changed.

    Parameters
    ----------
    before, after, classes, nodata
        As in `change_raster`; places are those of the n codes in rising order.
    """
    pair, changed, _ = _pairs(before, after, classes, nodata)
    return pair, changed


def _pairs(
    before: xr.DataArray, after: xr.DataArray, classes: Labels, nodata: Sequence[float] | None
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
    _refuse_two_grids(before, after)
    codes = np.array(sorted(classes))
    known = np.ones(before.shape, dtype=bool)
    place: list[NDArray[Any]] = []
    for what, raster in (("earlier", before), ("later", after)):
        cells = raster.to_numpy()
        empty = nothing_of(as_blocks(raster), nodata).cells(cells, None)
        some = np.ones(cells.shape, dtype=bool) if empty is None else ~empty
        at = np.minimum(np.searchsorted(codes, cells), len(codes) - 1).astype(np.int32)
        wrong = some & (codes[at] != cells)
        if wrong.any():
            words, counts = np.unique(cells[wrong], return_counts=True)
            told = ", ".join(f"{v:g} ({n:,} cells)" for v, n in zip(words.tolist(), counts.tolist(), strict=True))
            raise ColumnError(f"the {what} raster holds unknown class codes: {told}; add them, or declare them nodata")
        known &= some
        place.append(at)
    pair = place[0] * np.int32(len(codes)) + place[1]
    return pair, known & (place[0] != place[1]), known


def _values(raster: xr.DataArray, nodata: Sequence[float] | None) -> NDArray[np.float64]:
    cells = raster.to_numpy()
    empty = nothing_of(as_blocks(raster), nodata).cells(cells, None)
    out = cells.astype(np.float64)
    return out if empty is None else np.where(empty, np.nan, out)


def _refuse_two_grids(before: xr.DataArray, after: xr.DataArray) -> None:
    refuse_other_grid(plane_of(as_blocks(before)), plane_of(as_blocks(after)))
