"""Many polygons in one page: Hilbert-sorted, integer-delta coordinates and typed columns, packed as base64 text.

The page's script (``assets/roofs.js``) draws them on canvas tiles. Coordinates are whole millionths of a degree
(about 0.1 m); the shapes are otherwise exact, holes and parts included.
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
_SERIAL = re.compile(r"(.*?)(\d{1,15})")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a column is packed and shown.

    Attributes
    ----------
    values : Series
        One value per roof: numbers, or text.
    digits : int
        Decimals that are kept of a number. [digits]
    words : dict of str to (str, str)
        Chinese and English label of a word.
    """

    values: pd.Series
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
        ``xy`` (base64 of variable-length integers) and ``columns``.
    """
    lonlat = geometry.to_crs("EPSG:4326")
    lonlat = lonlat[~(lonlat.is_empty | lonlat.isna())]
    order = lonlat.hilbert_distance().to_numpy().argsort(kind="stable") if len(lonlat) else np.array([], dtype=int)
    lonlat = lonlat.iloc[order]
    rings_per_roof, points_per_ring, xy = _flat(lonlat)
    return {
        "n": len(lonlat),
        "rings": _text(_varint(rings_per_roof)),
        "points": _text(_varint(points_per_ring)),
        "xy": _text(_varint(_zigzag(np.diff(xy, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel()))),
        "columns": {name: _column(shown, lonlat.index) for name, shown in columns.items()},
    }


def _flat(lonlat: gpd.GeoSeries) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return rings per roof, points per ring and whole coordinates; a ring's closing point is left out."""
    parts, roof_of_part = shapely.get_parts(lonlat.to_numpy(), return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    roof_of_ring = roof_of_part[part_of_ring]
    coords, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    points_per_ring = np.bincount(ring_of_point, minlength=len(rings))
    closing = np.cumsum(points_per_ring) - 1
    whole = np.delete(np.rint(coords * _PER_DEGREE).astype(np.int64), closing, axis=0)
    return np.bincount(roof_of_ring, minlength=len(lonlat)), points_per_ring - 1, whole


def _column(shown: Shown, index: pd.Index) -> dict[str, Any]:
    values = shown.values.reindex(index)
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return _numbers(values.to_numpy(dtype=float, na_value=np.nan), shown.digits)
    return _serial(values) or _words(values, shown.words or {})


def _numbers(values: NDArray[np.float64], digits: int) -> dict[str, Any]:
    """Pack numbers as whole steps above the lowest; 0 stands for a missing one."""
    known = np.isfinite(values)
    steps = np.rint(np.where(known, values, 0.0) * 10.0**digits).astype(np.int64)
    low = int(steps[known].min()) if known.any() else 0
    return {"kind": "number", "digits": digits, "low": low, "data": _text(_varint(np.where(known, steps - low + 1, 0)))}


def _serial(values: pd.Series) -> dict[str, Any] | None:
    """Pack names like ``R000123`` as differences of their numbers, when all share prefix and width."""
    texts = values.astype(object).where(values.notna(), "").astype(str)
    found = [_SERIAL.fullmatch(text) for text in texts]
    heads = {match and (match[1], len(match[2])) for match in found}
    if len(heads) != 1 or None in heads or len(texts.unique()) < len(texts):
        return None
    numbers = np.array([int(match[2]) for match in found if match], dtype=np.int64)
    prefix, width = next(head for head in heads if head)
    steps = np.diff(numbers, prepend=np.int64(0))
    return {"kind": "serial", "prefix": prefix, "width": width, "data": _text(_varint(_zigzag(steps)))}


def _words(values: pd.Series, labels: dict[str, tuple[str, str]]) -> dict[str, Any]:
    codes, words = pd.factorize(values)
    pairs = [labels.get(str(word), (str(word), str(word))) for word in words]
    table = [zh if zh == en else [zh, en] for zh, en in pairs]
    return {"kind": "word", "words": table, "data": _text(_varint(np.asarray(codes, dtype=np.int64) + 1))}


def _zigzag(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Map 0, -1, 1, -2 … to 0, 1, 2, 3 …: small differences of either sign become small numbers."""
    return (values << 1) ^ (values >> 63)


def _varint(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Write numbers from 0 with seven bits a byte, low bits first; the high bit says that more follow."""
    left = np.asarray(values, dtype=np.uint64)
    size = np.ones(left.shape, dtype=np.int64)
    for bits in range(7, 64, 7):
        size += left >> np.uint64(bits) > 0
    start = np.cumsum(size) - size
    out = np.zeros(int(size.sum()), dtype=np.uint8)
    for byte in range(int(size.max(initial=0))):
        here = size > byte
        low = (left[here] >> np.uint64(7 * byte)) & np.uint64(0x7F)
        more = (size[here] > byte + 1).astype(np.uint64) << np.uint64(7)
        out[start[here] + byte] = (low | more).astype(np.uint8)
    return out


def _text(data: NDArray[np.uint8]) -> str:
    return base64.b64encode(data.tobytes()).decode("ascii")
