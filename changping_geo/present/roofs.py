"""Many polygons in one page: Hilbert-sorted, integer-delta coordinates and typed columns, packed as base64 text.

The page's script (``assets/roofs.js``) draws them on canvas tiles. Coordinates are whole millionths of a degree
(about 0.1 m); the shapes are otherwise exact, holes and parts included.

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

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

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
        One value per roof: numbers, or text.
    digits : int
        Decimals that are kept of a number. [digits]
    words : dict of str to (str, str)
        Chinese and English label of a word.
    """

    data: pd.Series
    digits: int = 1
    words: dict[str, tuple[str, str]] | None = None


def pack(geometry: gpd.GeoSeries, columns: dict[str, Shown]) -> dict[str, Any]:
    """Pack polygons and their columns for the page.

    Parameters
    ----------
    geometry : GeoSeries
        Polygons and multipolygons in any coordinate system.
    columns : dict of str to Shown
        Columns by name, on the same index.

    Returns
    -------
    dict
        Made of text, numbers and lists, for `changping_geo.present.text.embed_json`: ``n``, ``rings``, ``points``,
        ``xy`` (streams) and ``columns``.
    """
    lonlat = geometry.to_crs("EPSG:4326")
    lonlat = lonlat[~(lonlat.is_empty | lonlat.isna())]
    order = lonlat.hilbert_distance().to_numpy().argsort(kind="stable") if len(lonlat) else np.array([], dtype=int)
    lonlat = lonlat.iloc[order]
    rings_per_roof, points_per_ring, xy = _flat(lonlat)
    return {
        "n": len(lonlat),
        "rings": stream(rings_per_roof),
        "points": stream(points_per_ring),
        "xy": stream(_zigzag(_steps(xy, points_per_ring)).ravel()),
        "columns": {name: _column(shown, lonlat.index) for name, shown in columns.items()},
    }


def _flat(lonlat: gpd.GeoSeries) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return rings per roof, points per ring and whole coordinates; a ring's closing point is left out."""
    parts, roof_of_part = shapely.get_parts(lonlat.to_numpy(), return_index=True)
    parts = shapely.orient_polygons(parts)  # roofs that overlap then do not cut holes into each other
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    roof_of_ring = roof_of_part[part_of_ring]
    coords, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    points_per_ring = np.bincount(ring_of_point, minlength=len(rings))
    closing = np.cumsum(points_per_ring) - 1
    whole = np.delete(np.rint(coords * _PER_DEGREE).astype(np.int64), closing, axis=0)
    return np.bincount(roof_of_ring, minlength=len(lonlat)), points_per_ring - 1, whole


def _steps(xy: NDArray[np.int64], points_per_ring: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what is added to a guess of each point.

    The guess is the point before or, for the last corner of a quadrangle, the corner of a parallelogram.
    """
    steps = np.diff(xy, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    quads = points_per_ring == 4  # noqa: PLR2004 - corners
    last = np.cumsum(points_per_ring)[quads] - 1
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
    codes, words = pd.factorize(values)
    pairs = [labels.get(str(word), (str(word), str(word))) for word in words]
    table = [zh if zh == en else [zh, en] for zh, en in pairs]
    return {"kind": "word", "words": table, "data": stream(np.asarray(codes, dtype=np.int64) + 1)}


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
