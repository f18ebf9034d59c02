"""The counting itself: loops in plain scalars, compiled by numba on first need, and numpy that gives the same."""

from __future__ import annotations

import math
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from changping_geo.geo.zonal_spans import Spans

ENGINES = ("auto", "numba", "numpy")
#: Cells that the numpy engine looks up at once. [cells]
CHUNK = 1 << 20
#: Below this the compiler takes longer to wake than numpy to count. [cells]
FEW = 1 << 24
#: Columns of a table of values.
CELLS, AREA, TOTAL, OVER_AREA, LEAST, MOST, EMPTY, EMPTY_AREA, WEIGHT, WEIGHTED = range(10)


def count_loop(
    block: NDArray[Any], column: NDArray[np.int64], zone: NDArray[np.int64], row: NDArray[np.int64],
    start: NDArray[np.int64], stop: NDArray[np.int64], share: NDArray[np.float64], size: NDArray[np.float64],
    cells: NDArray[np.float64], area: NDArray[np.float64],
) -> None:  # fmt: skip
    """Add the cells of spans to the table of zones and classes.

    Parameters
    ----------
    block : ndarray
        Keys from 0, shape (rows, columns).
    column : ndarray
        The table's column of each key.
    zone, row, start, stop, share : ndarray
        Spans, rows and columns from the block's corner.
    size : ndarray
        Area of a cell of each row, shape (rows,). [m2]
    cells, area : ndarray
        Take cells and their area, shape (zones, classes). [1], [m2]
    """
    found = np.zeros((4, cells.shape[1]), dtype=np.int64)
    few = max(16, 4 * cells.shape[1])
    for i in range(zone.size):
        z, r, w = zone[i], row[i], share[i]
        a, b = start[i], stop[i]
        if b - a < few:  # a short run is not worth a table of its own
            for c in range(a, b):
                k = column[block[r, c]]
                cells[z, k] += w
                area[z, k] += w * size[r]
            continue
        # Four tables in turn, so that equal neighbours need not wait for each other.
        c = a
        while c + 4 <= b:
            found[0, column[block[r, c]]] += 1
            found[1, column[block[r, c + 1]]] += 1
            found[2, column[block[r, c + 2]]] += 1
            found[3, column[block[r, c + 3]]] += 1
            c += 4
        while c < b:
            found[0, column[block[r, c]]] += 1
            c += 1
        for k in range(found.shape[1]):
            n = found[0, k] + found[1, k] + found[2, k] + found[3, k]
            if n:
                cells[z, k] += w * n
                area[z, k] += w * n * size[r]
                found[0, k] = found[1, k] = found[2, k] = found[3, k] = 0


def amount_loop(
    block: NDArray[Any], weight: NDArray[Any], zone: NDArray[np.int64], row: NDArray[np.int64],
    start: NDArray[np.int64], stop: NDArray[np.int64], share: NDArray[np.float64], size: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Add the values of spans to the table of zones.

    Parameters
    ----------
    block : ndarray of float
        Values, NaN where there is none, shape (rows, columns).
    weight : ndarray of float
        Weights on the same cells, or an array of shape (0, 0).
    zone, row, start, stop, share, size
        As in `count_loop`.
    out : ndarray
        Shape (zones, 10): `CELLS` and so on.
    """
    weigh = weight.size > 0
    for i in range(zone.size):
        z, r = zone[i], row[i]
        n, total, by_weight, weights = 0, 0.0, 0.0, 0.0
        least, most = math.inf, -math.inf
        for c in range(start[i], stop[i]):
            v = float(block[r, c])
            if v != v:  # noqa: PLR0124 - NaN
                continue
            if weigh:
                u = float(weight[r, c])
                if u != u:  # noqa: PLR0124 - NaN
                    continue
                weights += u
                by_weight += u * v
            n += 1
            total += v
            least = min(least, v)
            most = max(most, v)
        w, at = share[i], size[r]
        none = stop[i] - start[i] - n
        out[z, 0] += w * n
        out[z, 1] += w * n * at
        out[z, 2] += w * total
        out[z, 3] += w * total * at
        out[z, 4] = min(out[z, 4], least)
        out[z, 5] = max(out[z, 5], most)
        out[z, 6] += w * none
        out[z, 7] += w * none * at
        out[z, 8] += w * weights
        out[z, 9] += w * by_weight


def see_loop(block: NDArray[Any], seen: NDArray[np.bool_]) -> None:
    """Mark the keys, from 0, that occur in a block."""
    for r in range(block.shape[0]):
        for c in range(block.shape[1]):
            seen[block[r, c]] = True


def see_numpy(block: NDArray[Any], seen: NDArray[np.bool_]) -> None:
    """Do what `see_loop` does without a compiler."""
    seen[block] = True


def count_numpy(
    block: NDArray[Any], column: NDArray[np.int64], zone: NDArray[np.int64], row: NDArray[np.int64],
    start: NDArray[np.int64], stop: NDArray[np.int64], share: NDArray[np.float64], size: NDArray[np.float64],
    cells: NDArray[np.float64], area: NDArray[np.float64],
) -> None:  # fmt: skip
    """Do what `count_loop` does without a compiler."""
    flat, (zones, classes) = block.ravel(), cells.shape
    for part in _chunks(start, stop):
        span, at = _cells(row[part], start[part], stop[part], block.shape[1])
        key = zone[part][span] * classes + column[flat[at]]
        for table, w in ((cells, share[part]), (area, share[part] * size[row[part]])):
            np.add(table, np.bincount(key, w[span], minlength=zones * classes).reshape(zones, classes), out=table)


def amount_numpy(
    block: NDArray[Any], weight: NDArray[Any], zone: NDArray[np.int64], row: NDArray[np.int64],
    start: NDArray[np.int64], stop: NDArray[np.int64], share: NDArray[np.float64], size: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Do what `amount_loop` does without a compiler."""
    flat, weights = block.ravel(), weight.ravel()
    for part in _chunks(start, stop):
        span, at = _cells(row[part], start[part], stop[part], block.shape[1])
        v, z = flat[at].astype(np.float64), zone[part][span]
        w = share[part][span]
        a = w * size[row[part]][span]
        u = weights[at].astype(np.float64) if weights.size else np.zeros(v.size)
        good = np.isfinite(v) | np.isinf(v)
        good &= ~np.isnan(u)
        n = len(out)
        for where, what in ((EMPTY, w), (EMPTY_AREA, a)):
            out[:, where] += np.bincount(z[~good], weights=what[~good], minlength=n)
        v, z, w, a, u = v[good], z[good], w[good], a[good], u[good]
        pairs = [(CELLS, w), (AREA, a), (TOTAL, w * v), (OVER_AREA, a * v)]
        pairs += [(WEIGHT, w * u), (WEIGHTED, w * u * v)] if weights.size else []
        for where, what in pairs:
            out[:, where] += np.bincount(z, weights=what, minlength=n)
        np.minimum.at(out[:, LEAST], z, v)
        np.maximum.at(out[:, MOST], z, v)


def _chunks(start: NDArray[np.int64], stop: NDArray[np.int64]) -> list[slice]:
    """Cut spans into slices of some `CHUNK` cells."""
    if not start.size:
        return []
    which = np.cumsum(stop - start) // CHUNK
    first = np.flatnonzero(np.diff(which, prepend=which[0] - 1)).tolist()
    return [slice(a, b) for a, b in zip(first, [*first[1:], start.size], strict=True)]


def _cells(
    row: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return of every cell of the spans whose it is, and its place in the flat block."""
    length = stop - start
    span = np.repeat(np.arange(length.size), length)
    shift = row * width + start - (np.cumsum(length) - length)
    return span, np.arange(span.size) + shift[span]


class Kernel:
    """The two ways of counting, compiled or not.

    Parameters
    ----------
    engine : str
        ``numba``, ``numpy``, or ``auto``: numba where it is installed and there is much to count.
    cells : float
        How much there is to count. [cells]

    Raises
    ------
    ParameterError
        If the engine is unknown or not installed.
    """

    def __init__(self, engine: str = "auto", cells: float = np.inf) -> None:
        if engine not in ENGINES:
            raise ParameterError(f"engine {engine!r} is unknown; use one of: {', '.join(ENGINES)}")
        plain = engine == "numpy" or (engine == "auto" and cells < FEW)
        compiled = None if plain else _compiled()
        if compiled is None and engine == "numba":
            raise ParameterError("numba is not installed; use the engine 'numpy'")
        self.see: Callable[..., None]
        self._count: Callable[..., None]
        self._amount: Callable[..., None]
        self.see, self._count, self._amount = compiled or (see_numpy, count_numpy, amount_numpy)

    def count(
        self, block: NDArray[Any], column: NDArray[np.int64], spans: Spans, corner: tuple[int, int],
        size: NDArray[np.float64], cells: NDArray[np.float64], area: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Add the cells of a block whose upper left cell is `corner` to the tables; see `count_loop`."""
        self._count(np.ascontiguousarray(block), column, *_shifted(spans, corner), size, cells, area)

    def amount(
        self, block: NDArray[Any], weight: NDArray[Any], spans: Spans, corner: tuple[int, int],
        size: NDArray[np.float64], out: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Add the values of a block whose upper left cell is `corner` to the table; see `amount_loop`."""
        self._amount(np.ascontiguousarray(block), np.ascontiguousarray(weight), *_shifted(spans, corner), size, out)


def _shifted(spans: Spans, corner: tuple[int, int]) -> tuple[NDArray[Any], ...]:
    r, c = corner
    return spans.zone, spans.row - r, spans.start - c, spans.stop - c, spans.share


@cache
def _compiled() -> tuple[Callable[..., None], ...] | None:
    """Compile the loops; None where numba is not installed."""
    try:
        numba: Any = import_module("numba")
    except ImportError:
        return None
    loops = (see_loop, count_loop, amount_loop)
    try:
        return tuple(numba.njit(nogil=True, cache=True)(loop) for loop in loops)
    except RuntimeError:  # numba finds no folder that it may write its cache to: compile for this process alone
        return tuple(numba.njit(nogil=True)(loop) for loop in loops)
