"""What a source entry says of its file: units, axes, a key of several columns, and values that hold for every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.layers.columns import numbers_of, texts_of
from changping_geo.layers.faults import plain
from changping_geo.model import ColumnError

if TYPE_CHECKING:
    from pathlib import Path

    from changping_geo.layers.spec import LayerSpec, Source

Table: TypeAlias = gpd.GeoDataFrame | pd.DataFrame
#: Stands in ``key_from`` for the number of the row.
ROW = "#"


def swap_axes(raw: Table, source: Source) -> Table:
    """Exchange the axes of shapes that have northing or latitude first."""
    if source.axes != "yx" or not isinstance(raw, gpd.GeoDataFrame):
        return raw
    shapes = np.array(raw.geometry.array, dtype=object)
    out = raw.set_geometry(gpd.GeoSeries(_turned(shapes), index=raw.index, crs=raw.crs))
    out.attrs = raw.attrs
    out.attrs.setdefault("notes", []).append("axes exchanged: the file has northing or latitude first")
    return out


def _turned(shapes: np.ndarray) -> np.ndarray:
    turned: np.ndarray = shapely.transform(shapely.force_2d(shapes), lambda xy: xy[:, ::-1])
    return turned


def make_key(raw: Table, spec: LayerSpec, source: Source, path: Path) -> Table:
    """Join the words of several columns to the layer's key.

    Raises
    ------
    ColumnError
        If a column is missing, or the key is there already.
    """
    if not source.key_from:
        return raw
    absent = [name for name in source.key_from if name != ROW and name not in raw.columns]
    if absent:
        listed = ", ".join(plain(n) for n in absent)
        raise ColumnError(f"{path}: key_from in its [[sources]] names columns that are not there: {listed}")
    if spec.key in raw.columns:
        raise ColumnError(f"{path}: the column {spec.key!r} is there already; take key_from out of its [[sources]]")
    parts = [
        np.array([str(i + 1) for i in range(len(raw))], dtype=object) if name == ROW else texts_of(raw[name])
        for name in source.key_from
    ]
    raw[spec.key] = pd.Series(
        [None if any(p is None for p in row) else "-".join(row) for row in zip(*parts, strict=True)],
        index=raw.index,
        dtype="str",
    )
    told = " + ".join("row number" if n == ROW else plain(n) for n in source.key_from)
    raw.attrs.setdefault("notes", []).append(f"{spec.key} made of: {told}")
    return raw


def scale_columns(raw: Table, source: Source) -> Table:
    """Bring numbers to the unit of their column; text that is no number stays, to be set aside with its row."""
    for name, factor in source.scale.items():
        if name not in raw.columns:
            continue
        numbers = numbers_of(raw[name])
        texts = texts_of(raw[name])
        known = ~np.isnan(numbers)
        # What a unit like one third of a hectare leaves behind the twelfth figure is no measurement.
        scaled = [float(f"{v:.12g}") if k else t for v, k, t in zip(numbers * factor, known, texts, strict=True)]
        whole = bool(known.all() or all(t is None for t in texts[~known]))
        raw[name] = pd.Series(
            [np.nan if v is None else v for v in scaled] if whole else scaled,
            index=raw.index,
            dtype=np.float64 if whole else object,
        )
        raw.attrs.setdefault("notes", []).append(f"{name}: the file's numbers multiplied by {factor:.12g}")
    return raw


def fill_columns(raw: Table, source: Source) -> Table:
    """Give every row the value that holds for the whole file, where the file has no such column."""
    for name, value in source.fill.items():
        if name not in raw.columns:
            raw[name] = pd.Series([value] * len(raw), index=raw.index, dtype="str")
            raw.attrs.setdefault("notes", []).append(
                f"{name} is {plain(value)} for every row, as its source entry says"
            )
    return raw
