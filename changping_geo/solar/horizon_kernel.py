"""The horizon sweep and the beam look-up in loops, compiled by numba; imported on first need only.

Going along a line from its far end, the cells that can still be seen over all nearer ones form a convex chain, held
as a stack. A new cell takes off the top whatever it hides, sees the remaining top as its horizon, and goes on top:
each cell is put on once and taken off at most once, so a line costs its length whatever the range of sight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

F = TypeVar("F", bound="Callable[..., Any]")

#: Height and slope of the empty sky at the bottom of the stack: seen by all, hidden by none.
SKY_HEIGHT = np.float32(-1e30)
SKY_SLOPE = np.float32(-1e38)
ZERO = np.float32(0.0)
ONE = np.float32(1.0)


def _compiled(function: F) -> F:
    try:
        out: Any = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba finds no folder that it may write its cache to: compile for this process alone
        out = njit(nogil=True)(function)
    return cast("F", out)


@_compiled
def along(z: NDArray[np.float32], n: int, bend: float, stack: NDArray[np.float32], slope: NDArray[np.float32]) -> None:
    """Find the horizon of each cell of a line, the far end first.

    Parameters
    ----------
    z : ndarray
        Heights, at least n of them. [steps]
    n : int
        Cells of the line. [1]
    bend : float
        Fall of the ground below the tangent plane at one step's distance. [steps]
    stack : ndarray
        Room for n + 1 rows of height, place and slope, shape (n + 1, 3).
    slope : ndarray
        Takes the tangent of the horizon's elevation plus 2 bend i, at least 2 bend i. [1]
    """
    top = 0
    height, place, seen = SKY_HEIGHT, -ONE, SKY_SLOPE
    for i in range(n):
        here, at = z[i], np.float32(i)
        rise, run = height - here, at - place
        while rise <= seen * run:
            top -= 1
            u = np.uint64(top)
            height, place, seen = stack[u, 0], stack[u, 1], stack[u, 2]
            rise, run = height - here, at - place
        u = np.uint64(top)
        stack[u, 0], stack[u, 1], stack[u, 2] = height, place, seen
        top += 1
        height, place, seen = here, at, max(rise / run, np.float32(2.0 * bend * i))
        slope[i] = seen


@_compiled
def beyond(
    z: NDArray[np.float32], n: int, bend: float, nearest: int, stack: NDArray[np.float32], slope: NDArray[np.float32]
) -> None:
    """Find the horizon of each cell as `along` does, from cells at least `nearest` steps away."""
    top = 0
    stack[0, 0], stack[0, 1], stack[0, 2] = SKY_HEIGHT, -ONE, SKY_SLOPE
    for i in range(n):
        if i >= nearest:
            j = i - nearest
            here, at = z[j], np.float32(j)
            while stack[top, 0] - here <= stack[top, 2] * (at - stack[top, 1]):
                top -= 1
            seen = max((stack[top, 0] - here) / (at - stack[top, 1]), np.float32(2.0 * bend * j))
            top += 1
            stack[top, 0], stack[top, 1], stack[top, 2] = here, at, seen
        here, at, t = z[i], np.float32(i), top
        while stack[t, 0] - here <= stack[t, 2] * (at - stack[t, 1]):
            t -= 1
        slope[i] = max((stack[t, 0] - here) / (at - stack[t, 1]), np.float32(2.0 * bend * i))


@_compiled
def rounded(
    slope: NDArray[np.float32], n: int, bounds: NDArray[np.float32], buckets: NDArray[np.uint8], out: NDArray[np.uint8]
) -> None:
    """Round the first n tangents to half degrees, without an arc tangent; `bounds`, `buckets` as in `sweep`."""
    count = np.float32(buckets.size - 1)
    for i in range(n):
        t = max(slope[i], ZERO)
        low = np.uint64(buckets[np.uint64(np.int32(t / (t + ONE) * count))])
        out[i] = np.uint8(low) + np.uint8(t >= bounds[low])


@_compiled
def core_part(
    line: int, start: int, way: int, n: int, offset: NDArray[np.int64], core: tuple[int, int, int, int]
) -> tuple[int, int]:
    """Return from where and until where a line runs in the core, counted from its far end."""
    low, high = 0, n
    while low < high:
        c = start + way * low
        if core[0] <= line + offset[c] < core[1] and core[2] <= c < core[3]:
            break
        low += 1
    while high > low:
        c = start + way * (high - 1)
        if core[0] <= line + offset[c] < core[1] and core[2] <= c < core[3]:
            break
        high -= 1
    return low, high


@_compiled
def bent(values: NDArray[np.float32], n: int, bend: float, power: int) -> None:
    """Lower each of n values by bend i^2 (power 2) or 2 bend i (power 1)."""
    if bend > 0.0:
        for i in range(n):
            values[i] -= np.float32(bend * i * i if power > 1 else 2.0 * bend * i)


@_compiled
def sweep(
    heights: NDArray[np.float32], offset: NDArray[np.int64], lowest: int, first: NDArray[np.int64],
    last: NDArray[np.int64], forward: bool, spacing: float, bend: float, nearest: int,  # noqa: FBT001 - compiled
    bounds: NDArray[np.float32], buckets: NDArray[np.uint8], core: tuple[int, int, int, int], out: NDArray[Any],
) -> None:  # fmt: skip
    """Find the horizon of every cell of a core in one direction.

    Parameters
    ----------
    heights : ndarray
        Heights, holes far below all others, shape (rows, cols). [m]
    offset, lowest, first, last, forward, spacing : ndarray, int, bool, float
        As in `scanlines.ScanLines`.
    bend : float
        Fall of the ground below the tangent plane at one step's distance. [steps]
    nearest : int
        Obstacles nearer than this are not seen; 1 for all. [steps]
    bounds : ndarray
        Least tangent of each half degree from the first on, infinity last; empty if slopes are wanted. [1]
    buckets : ndarray
        Half degrees at the lower end of each bucket of t / (1 + t), t being the tangent.
    core : tuple of int
        Rows and columns that are wanted: first row, end row, first column, end column. [cells]
    out : ndarray
        Takes half degrees or tangents, of the core's shape.
    """
    cols, wide = heights.shape[1], out.shape[1]
    z, slope, seen = np.empty(cols, np.float32), np.empty(cols, np.float32), np.empty(cols, out.dtype)
    stack = np.empty((cols + 1, 3), np.float32)
    flat, flat_out = heights.ravel(), out.ravel()
    scale = np.float32(1.0 / spacing)
    for j in range(first.size):
        k, n = lowest + j, last[j] - first[j]
        start, way = (last[j] - 1, -1) if forward else (first[j], 1)
        for i in range(n):
            c = start + way * i
            z[i] = flat[np.uint64((k + offset[np.uint64(c)]) * cols + c)] * scale
        bent(z, n, bend, 2)
        if nearest <= 1:
            along(z, n, bend, stack, slope)
        else:
            beyond(z, n, bend, nearest, stack, slope)
        bent(slope, n, bend, 1)
        if bounds.size:
            rounded(slope, n, bounds, buckets, seen)
        else:
            seen[:n] = slope[:n].astype(seen.dtype)
        low, high = core_part(k, start, way, n, offset, core)
        shift = (k - core[0]) * wide - core[2]
        for i in range(low, high):
            c = start + way * i
            flat_out[np.uint64(offset[np.uint64(c)] * wide + c + shift)] = seen[i]


@_compiled
def lost(half_degrees: NDArray[np.uint8], table: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Add up what each horizon takes: table[sector, half degrees, period] into out[pixel, period]."""
    for p in range(half_degrees.shape[0]):
        for s in range(half_degrees.shape[1]):
            q = half_degrees[p, s]
            for m in range(table.shape[2]):
                out[p, m] += table[s, q, m]
