"""Demand in cells: people and built-up area on a square grid, with nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo.model import Cards, ColumnError, Parameter, ParameterError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CARDS = Cards(
    Parameter("demand_cell_m", 500.0, "m", 50.0, 5000.0, "planning range, unverified: 500 m in the country, 200 m in "
              "towns", verified=False, title_zh="需求网格边长", title_en="Side of a demand cell"),
)  # fmt: skip


def check_weights(weights: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return weights as numbers.

    Parameters
    ----------
    weights : DataFrame
        One column per kind of demand, shape (n, k).
    n : int
        Rows of demand.

    Returns
    -------
    DataFrame
        The same in float64.

    Raises
    ------
    ColumnError
        If there are too few or too many rows, or a weight is missing, infinite or negative; all at once.
    """
    if len(weights) != n:
        raise ColumnError(f"{len(weights)} rows of weights for {n} of demand; give one row each")
    if not len(weights.columns):
        raise ColumnError("no weight is given; name what counts: persons, square metres, spaces, vehicles")
    numbers = weights.astype(np.float64)
    values, faults = numbers.to_numpy(), []
    for name, column in zip(numbers, values.T, strict=True):
        bad, negative = np.flatnonzero(~np.isfinite(column)), np.flatnonzero(column < 0)
        if bad.size:
            faults.append(f"{name} is missing or infinite in {bad.size} rows (first: {bad[0]})")
        if negative.size:
            faults.append(f"{name} is negative in {negative.size} rows (first: {negative[0]}, {column[negative[0]]:g})")
    if faults:
        raise ColumnError("demand weights: " + "; ".join(faults) + ". Correct the layer, or give 0 for no demand")
    return numbers


def points_to_cells(xy: ArrayLike, weights: pd.DataFrame, cell_m: float) -> pd.DataFrame:
    """Add up points by cell; the cell stands at the middle of its own weight in the first column.

    Parameters
    ----------
    xy : array_like
        Points, shape (n, 2). [m]
    weights : DataFrame
        What is added up, shape (n, k).
    cell_m : float
        Side of a cell. [m]

    Returns
    -------
    DataFrame
        ``x``, ``y`` [m], ``column``, ``row`` of the cell, and the sums, by row and column.

    Raises
    ------
    ParameterError
        If a cell has no size.
    """
    if not cell_m > 0:
        raise ParameterError(f"cells of {cell_m} m hold nothing; give a positive side")
    at, numbers = np.asarray(xy, dtype=np.float64).reshape(-1, 2), check_weights(weights, len(np.asarray(xy)))
    frame = numbers.assign(column=np.floor(at[:, 0] / cell_m), row=np.floor(at[:, 1] / cell_m))
    lead = numbers.iloc[:, 0].to_numpy()
    frame["x"], frame["y"], frame["lead"] = at[:, 0] * lead, at[:, 1] * lead, lead
    cells = frame.groupby(["row", "column"], sort=True, as_index=False).sum()
    for name, index in (("x", "column"), ("y", "row")):
        middle = (cells[index] + 0.5) * cell_m
        cells[name] = (cells[name] / cells["lead"].where(cells["lead"] > 0)).fillna(middle)
    return cells[["x", "y", "column", "row", *numbers]].astype({"column": int, "row": int})


def area_to_cells(shapes: ArrayLike, cell_m: float) -> pd.DataFrame:
    """Cut areas by cells.

    Parameters
    ----------
    shapes : array_like
        Polygons that do not overlap, shape (n,).
    cell_m : float
        Side of a cell. [m]

    Returns
    -------
    DataFrame
        Centre of the area in each cell ``x``, ``y`` [m], ``column``, ``row``, and ``area_m2`` [m2].

    Raises
    ------
    ParameterError
        If a cell has no size.
    """
    if not cell_m > 0:
        raise ParameterError(f"cells of {cell_m} m hold nothing; give a positive side")
    areas = np.asarray(shapes, dtype=object)
    areas = areas[shapely.area(areas) > 0]
    cells, of = _cells_of(areas, cell_m)
    cut = shapely.intersection(areas[of], shapely.box(*(cells.T * cell_m), *((cells + 1).T * cell_m)))
    area = shapely.area(cut)
    held = area > 0
    middle = shapely.centroid(cut[held])
    weight = pd.DataFrame({"area_m2": area[held], "column": cells[held, 0], "row": cells[held, 1]})
    weight["x"], weight["y"] = shapely.get_x(middle) * area[held], shapely.get_y(middle) * area[held]
    out = weight.groupby(["row", "column"], sort=True, as_index=False).sum()
    out[["x", "y"]] = out[["x", "y"]].div(out["area_m2"], axis=0)
    return out[["x", "y", "column", "row", "area_m2"]].astype({"column": int, "row": int})


def _cells_of(areas: NDArray[np.object_], cell_m: float) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Every cell that the box of an area touches, and whose."""
    low = np.floor(shapely.bounds(areas)[:, :2] / cell_m).astype(np.int64)
    high = np.floor(shapely.bounds(areas)[:, 2:] / cell_m).astype(np.int64)
    wide, tall = (high - low + 1).T
    many = wide * tall
    of = np.repeat(np.arange(len(areas)), many)
    at = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    cells = np.column_stack([low[of, 0] + at % wide[of], low[of, 1] + at // wide[of]])
    return cells, of
