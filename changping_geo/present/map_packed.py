"""Many shapes in one page: Hilbert-sorted, integer-delta coordinates and typed columns, packed as base64 text.

The page's script (``assets/packed.js``) draws them. Coordinates are whole millionths of a degree (about 0.1 m); the
shapes are otherwise exact, holes and parts included.

Every stream of whole numbers is written in the shortest of three ways, named by its first character:

``v``  groups of three bits, low ones first, each in half a byte whose high bit says that more follow;
``r``  runs: value, times less one, value, times less one …, written as ``v``;
``b``  a fixed number of bits each, which two decimal digits before a colon tell.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from changping_geo.model import SpecError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

_LONLAT = "EPSG:4326"
_SHAPES = {"Polygon": "polygon", "LineString": "line", "Point": "point"}
# Whole units per degree; half a unit is 0.06 m on the ground, below any footprint's accuracy.
_PER_DEGREE = 1_000_000
# Wider numbers would need more than the 32 bits that a page's shifts have, less seven for the start in a byte. [bits]
_WIDEST = 24
_SERIAL = re.compile(r"(.*?)(\d{1,15})")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a column is packed and shown.

    Attributes
    ----------
    data : Series
        One value per row: numbers, truth values or text.
    digits : int
        Decimals that are kept of a number. [digits]
    words : dict of str to (str, str)
        Chinese and English label of a word.
    """

    data: pd.Series
    digits: int = 1
    words: dict[str, tuple[str, str]] | None = None


def pack(geometry: gpd.GeoSeries, columns: dict[str, Shown]) -> dict[str, Any]:
    """Pack shapes of one kind and their columns for the page.

    Parameters
    ----------
    geometry : GeoSeries
        Polygons, lines or points, single or multi-part, in any coordinate system. Rows without a shape are left out.
    columns : dict of str to Shown
        Columns by name, on the same index.

    Returns
    -------
    dict
        Made of text, numbers and lists, for `changping_geo.present.text.embed_json`: ``n``, ``shape`` (``polygon``,
        ``line`` or ``point``), ``rings`` and ``points`` and ``xy`` (streams) and ``columns``.

    Raises
    ------
    SpecError
        If the shapes are of several kinds.
    """
    lonlat = geometry.to_crs(_LONLAT)
    lonlat = lonlat[~(lonlat.is_empty | lonlat.isna())]
    lonlat = lonlat.iloc[_along_hilbert(lonlat)]
    shape = _shape(lonlat)
    parts_per_row, points_per_part, xy = _flat(lonlat, closed=shape == "polygon")
    return {
        "n": len(lonlat),
        "shape": shape,
        "rings": stream(parts_per_row),
        "points": stream(points_per_part),
        "xy": stream(_zigzag(_steps(xy, points_per_part, quads=shape == "polygon")).ravel()),
        "columns": {name: _column(shown, lonlat.index) for name, shown in columns.items()},
    }


def _along_hilbert(lonlat: gpd.GeoSeries) -> NDArray[np.int64]:
    west, south, east, north = lonlat.total_bounds
    if not (west < east and south < north):
        return np.arange(len(lonlat))
    order: NDArray[np.int64] = lonlat.hilbert_distance().to_numpy().argsort(kind="stable")
    return order


def _shape(lonlat: gpd.GeoSeries) -> str:
    kinds = sorted({str(kind).removeprefix("Multi") for kind in lonlat.geom_type.unique()})
    if len(kinds) > 1 or not set(kinds) <= set(_SHAPES):
        raise SpecError(
            f"a layer of {', '.join(kinds)} cannot be drawn: use polygons, lines or points, one kind in a layer"
        )
    return _SHAPES[kinds[0]] if kinds else "polygon"


def _flat(lonlat: gpd.GeoSeries, *, closed: bool) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return parts per row, points per part and whole coordinates; a ring's closing point is left out."""
    parts, row_of_part = shapely.get_parts(lonlat.to_numpy(), return_index=True)
    if closed:
        parts = shapely.orient_polygons(parts)  # shapes that overlap then do not cut holes into each other
        parts, part_of_ring = shapely.get_rings(parts, return_index=True)
        row_of_part = row_of_part[part_of_ring]
    coords, part_of_point = shapely.get_coordinates(parts, return_index=True)
    points_per_part = np.bincount(part_of_point, minlength=len(parts))
    whole = np.rint(coords * _PER_DEGREE).astype(np.int64)
    if closed:
        whole = np.delete(whole, np.cumsum(points_per_part) - 1, axis=0)
        points_per_part = points_per_part - 1
    return np.bincount(row_of_part, minlength=len(lonlat)), points_per_part, whole


def _steps(xy: NDArray[np.int64], points_per_part: NDArray[np.int64], *, quads: bool) -> NDArray[np.int64]:
    """Return what is added to a guess of each point.

    The guess is the point before or, for the last corner of a quadrangle, the corner of a parallelogram.
    """
    steps = np.diff(xy, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    if not quads:
        return steps
    four = points_per_part == 4  # noqa: PLR2004 - corners
    last = np.cumsum(points_per_part)[four] - 1
    steps[last] = xy[last] - (xy[last - 1] + xy[last - 3] - xy[last - 2])
    return steps


def _column(shown: Shown, index: pd.Index) -> dict[str, Any]:
    values = shown.data.reindex(index)
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return _numbers(values.to_numpy(dtype=float, na_value=np.nan), shown.digits)
    return _serial(values) or _words(values, shown.words or {})


def _numbers(values: NDArray[np.float64], digits: int) -> dict[str, Any]:
    """Pack numbers as whole steps above the lowest; 0 stands for a missing one."""
    known = np.isfinite(values)
    steps = np.rint(np.where(known, values, 0.0) * 10.0**digits).astype(np.int64)
    low = int(steps[known].min()) if known.any() else 0
    return {"kind": "number", "digits": digits, "low": low, "data": stream(np.where(known, steps - low + 1, 0))}


def _serial(values: pd.Series) -> dict[str, Any] | None:
    """Pack names like ``R000123`` as differences of their numbers, when all share prefix and width."""
    if not values.is_unique:
        return None
    texts = values.astype(object).where(values.notna(), "").astype(str)
    found = [_SERIAL.fullmatch(text) for text in texts]
    heads = {match and (match[1], len(match[2])) for match in found}
    if len(heads) != 1 or None in heads:
        return None
    numbers = np.array([int(match[2]) for match in found if match], dtype=np.int64)
    prefix, width = next(head for head in heads if head)
    steps = stream(_zigzag(np.diff(numbers, prepend=np.int64(0))))
    direct = stream(numbers)
    best = {"data": direct} if len(direct) <= len(steps) else {"data": steps, "steps": True}
    return {"kind": "serial", "prefix": prefix, "width": width, **best}


def _words(values: pd.Series, labels: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """Pack words as numbers from 1; where words have labels, ``keys`` holds the words themselves."""
    codes, words = pd.factorize(values)
    pairs = [labels.get(str(word), (str(word), str(word))) for word in words]
    table = [zh if zh == en else [zh, en] for zh, en in pairs]
    keys = {"keys": [str(word) for word in words]} if labels else {}
    return {"kind": "word", "words": table, **keys, "data": stream(np.asarray(codes, dtype=np.int64) + 1)}


def _zigzag(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Map 0, -1, 1, -2 … to 0, 1, 2, 3 …: small differences of either sign become small numbers."""
    return (values << 1) ^ (values >> 63)


def stream(values: NDArray[np.int64]) -> str:
    """Write whole numbers from 0 as text, in the shortest of the three ways.

    Parameters
    ----------
    values : array of int, shape (n,)
        Numbers from 0 to 2**53. [1]

    Returns
    -------
    str
        ``v``, ``r`` or ``b`` and base64.
    """
    numbers = np.asarray(values, dtype=np.int64)
    ways = ["v" + _text(_halfbytes(numbers))]
    if numbers.size:
        starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
        if starts.size * 2 < numbers.size:
            lengths = np.diff(starts, append=numbers.size)
            ways.append("r" + _text(_halfbytes(np.stack([numbers[starts], lengths - 1], axis=1).ravel())))
        width = max(1, int(numbers.max()).bit_length())
        if width <= _WIDEST:
            bits = (numbers[:, None] >> np.arange(width)) & 1
            packed = np.packbits(bits.astype(np.uint8).ravel(), bitorder="little")
            ways.append(f"b{width:02d}:{numbers.size}:{_text(packed)}")
    return min(ways, key=len)


def _halfbytes(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    size = np.ones(values.shape, dtype=np.int64)
    for bits in range(3, 54, 3):
        size += values >> bits > 0
    start = np.cumsum(size) - size
    halves = np.zeros(int(size.sum()) + 1 & ~1, dtype=np.uint8)
    for group in range(int(size.max(initial=0))):
        here = size > group
        low = (values[here] >> (3 * group)) & 7
        halves[start[here] + group] = low | ((size[here] > group + 1) << 3)
    if int(size.sum()) % 2:
        halves[-1] = 8  # an open group at the end is no number
    return np.asarray(halves[::2] | (halves[1::2] << 4), dtype=np.uint8)


def _text(data: NDArray[np.uint8]) -> str:
    return base64.b64encode(data.tobytes()).decode("ascii")
