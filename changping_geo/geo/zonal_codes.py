"""Class codes of one or several rasters as keys that a loop can count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from changping_geo.geo.zonal_nodata import Nothing

#: One code per raster; None where that raster has no value.
Code = tuple[int | None, ...]

#: Codes of this many bits are looked up directly, and so are longer ones that span no more. [1]
SHORT = 16
DIRECT = 1 << SHORT
#: Most combinations of codes of several rasters within one block. [1]
COMBINATIONS = 1 << 22


class Codes:
    """The codes found so far and the column of each.

    Parameters
    ----------
    see : callable
        Marks the keys that occur in a block; `changping_geo.geo.zonal_kernel.Kernel.see`.

    Attributes
    ----------
    columns : dict of Code to int
        In the order in which they were met.
    """

    def __init__(self, see: Callable[..., None]) -> None:
        self.columns: dict[Code, int] = {}
        self._see = see

    def keys(
        self, blocks: list[NDArray[Any]], nothing: list[Nothing], empty: list[NDArray[np.bool_] | None]
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return a block of keys, and the column of each key.

        Parameters
        ----------
        blocks : list of ndarray
            The same window of every raster, shape (rows, columns).
        nothing : list of Nothing
            What means nothing in each.
        empty : list of ndarray of bool or None
            What a mask band takes out of each.

        Returns
        -------
        ndarray, ndarray
            Keys from 0, shape (rows, columns); their columns, -1 for keys that do not occur.

        Raises
        ------
        ColumnError
            If a cell holds a fraction or infinity.
        ParameterError
            If the rasters have too many combinations of codes.
        """
        local = [self._local(b, n, e) for b, n, e in zip(blocks, nothing, empty, strict=True)]
        if len(local) == 1:
            key, codes = local[0]
            pairs: dict[int, Code] = {k: (code,) for k, code in codes.items()}
        else:
            key, pairs = self._joint(local)
        column = np.full(max(pairs, default=0) + 1, -1, dtype=np.int64)
        for k, code in pairs.items():
            column[k] = self.columns.setdefault(code, len(self.columns))
        return key, column

    def _local(
        self, block: NDArray[Any], nothing: Nothing, empty: NDArray[np.bool_] | None
    ) -> tuple[NDArray[Any], dict[int, int | None]]:
        """Return keys of one raster, and the code of each that occurs."""
        if block.dtype.kind == "b":
            block = block.view(np.uint8)
        if block.dtype.kind not in "iu":
            return _by_sorting(block, nothing, empty)
        bits = block.dtype.itemsize * 8
        if bits <= SHORT:
            raw, low, wide = block.view(f"u{bits // 8}"), 0, 1 << bits
        else:
            low, high = int(block.min()), int(block.max())
            if high - low >= DIRECT:
                return _by_sorting(block, nothing, empty)
            raw, wide = (block - block.dtype.type(low)).astype(np.uint16), DIRECT
        if empty is not None and empty.any():
            raw = np.where(empty, np.int32(wide), raw.astype(np.int32))
        seen = np.zeros(wide + 1, dtype=bool)
        self._see(np.ascontiguousarray(raw), seen)
        found = np.flatnonzero(seen)
        values = found[found < wide]
        code = values + low if bits > SHORT else values.astype(f"u{bits // 8}").view(block.dtype)
        codes: dict[int, int | None] = {int(k): _code(int(v), nothing) for k, v in zip(values, code, strict=True)}
        if seen[wide]:
            codes[wide] = None
        return raw, codes

    def _joint(self, local: list[tuple[NDArray[Any], dict[int, int | None]]]) -> tuple[NDArray[Any], dict[int, Code]]:
        """Return keys of combinations, and the codes of each that occurs."""
        names = [list(codes.values()) for _, codes in local]
        shape = [max(len(n), 1) for n in names]
        if math.prod(shape) > COMBINATIONS:
            raise ParameterError(
                f"{' × '.join(map(str, shape))} combinations of codes are too many; count fewer rasters"
            )
        key = np.zeros(local[0][0].shape, dtype=np.int32)
        for (raw, codes), size in zip(local, shape, strict=True):
            rank = np.zeros(max(codes, default=0) + 1, dtype=np.int32)
            rank[list(codes)] = np.arange(len(codes))
            key *= size
            key += rank[raw]
        seen = np.zeros(math.prod(shape), dtype=bool)
        self._see(key, seen)
        found = np.flatnonzero(seen)
        places = zip(*np.unravel_index(found, shape), strict=True)
        return key, {
            int(k): tuple(name[i] for name, i in zip(names, at, strict=True))
            for k, at in zip(found, places, strict=True)
        }


def _by_sorting(
    block: NDArray[Any], nothing: Nothing, empty: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], dict[int, int | None]]:
    values, key = np.unique(block, return_inverse=True)
    key = key.reshape(block.shape).astype(np.int32)
    codes: dict[int, int | None] = {}
    for k, value in enumerate(values.tolist()):
        if math.isnan(value) or value in nothing.values:
            codes[k] = None
            continue
        if not math.isfinite(value) or value != int(value):
            raise ColumnError(
                f"a raster of classes holds {value:g} in {int((block == value).sum()):,} cells; codes are whole numbers"
            )
        codes[k] = int(value)
    if empty is not None and empty.any():
        key[empty] = len(values)
        codes[len(values)] = None
    return key, codes


def _code(value: int, nothing: Nothing) -> int | None:
    return None if value in nothing.values else value
