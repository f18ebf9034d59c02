"""Which cells belong to which zone, as spans along rows: by the cell's centre, or by the exact share of its area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from changping_geo.geo.zonal_zones import Outlines

#: Shares of a cell below this are the noise of the arithmetic. [1]
NOISE = 1e-12


class Spans(NamedTuple):
    """Runs of cells with one share, in the order of zones, rows and columns.

    Attributes
    ----------
    zone, row, start, stop : ndarray of int64, shape (k,)
        Zone from 0; row of the raster; first column and the one after the last.
    share : ndarray, shape (k,)
        Share of each cell's area that lies in the zone. [1]
    """

    zone: NDArray[np.int64]
    row: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    share: NDArray[np.float64]

    def within(self, first: int, end: int) -> Spans:
        """Return what lies in the columns from `first` to before `end`."""
        if not self.zone.size or (self.start.min() >= first and self.stop.max() <= end):
            return self
        hit = (self.start < end) & (self.stop > first)
        start, stop = np.maximum(self.start[hit], first), np.minimum(self.stop[hit], end)
        return Spans(self.zone[hit], self.row[hit], start, stop, self.share[hit])


def strips_of_edges(
    edges: Outlines, shape: tuple[int, int], height: int
) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
    """Yield the strips of rows that edges run through: first row, end, and which edges.

    Parameters
    ----------
    edges : Outlines
        Of all zones.
    shape : tuple of int
        Rows and columns of the raster.
    height : int
        Rows of a strip; the last one may have fewer. [rows]
    """
    rows = shape[0]
    first = np.clip(np.floor(edges.y0), -1, rows).astype(np.int64)
    last = np.clip(np.ceil(edges.y1), -1, rows).astype(np.int64)
    order = np.argsort(first, kind="stable")
    order = order[(last[order] > 0) & (first[order] < rows)]
    starts = first[order]
    active, taken, top = np.zeros(0, dtype=np.int64), 0, 0
    while active.size or taken < order.size:
        if not active.size:
            top = max(top, int(starts[taken]) // height * height)
        end = min(top + height, rows)
        until = int(np.searchsorted(starts, end))
        active = np.concatenate([active[last[active] > top], order[taken:until]])
        taken = until
        if active.size and top < end:
            yield top, end, active
        if end >= rows:
            return
        active = active[last[active] > end]
        top = end


def centre_spans(edges: Outlines, pick: NDArray[np.int64], rows: tuple[int, int], columns: int) -> Spans:
    """Return the cells whose centres lie in zones, each with share 1.

    A centre on a left or upper side belongs to the zone, one on a right or lower side does not, so that zones that
    tile share out every cell once.

    Parameters
    ----------
    edges : Outlines
        Of all zones.
    pick : ndarray of int
        Which edges run through the strip.
    rows : tuple of int
        First row of the strip, and its end.
    columns : int
        Width of the raster. [cells]
    """
    top, end = rows
    x0, y0, x1, y1 = edges.x0[pick], edges.y0[pick], edges.x1[pick], edges.y1[pick]
    first = np.clip(np.ceil(y0 - 0.5), top, end).astype(np.int64)
    last = np.clip(np.ceil(y1 - 0.5), top, end).astype(np.int64)
    edge, row = _spread(first, last)
    slope = (x1 - x0) / (y1 - y0)
    x = x0[edge] + (row + 0.5 - y0[edge]) * slope[edge]
    column = np.clip(np.ceil(x - 0.5), 0, columns).astype(np.int64)
    key = ((edges.zone[pick][edge] * (end - top)) + (row - top)) * (columns + 1) + column
    key.sort()
    where, start = np.divmod(key[0::2], columns + 1)
    stop = key[1::2] - where * (columns + 1)
    some = stop > start
    zone, row = np.divmod(where[some], end - top)
    return Spans(zone, row + top, start[some], stop[some], np.ones(zone.size))


def exact_spans(edges: Outlines, pick: NDArray[np.int64], rows: tuple[int, int], columns: int) -> Spans:
    """Return the cells that zones cover, with the share of each cell's area.

    Each edge adds to its row what lies to its right, positive on one side of the zone and negative on the other; the
    running sum along the row is the share. Both neighbours of an edge work out the same numbers, so the shares of
    zones that tile add up to one.

    Parameters
    ----------
    edges, pick, rows, columns
        As in `centre_spans`.
    """
    top, end = rows
    line_of, left, right, height = _row_pieces(edges, pick, top, end)
    place, cover, part = _cell_pieces(line_of, left, right, height, columns)
    order = np.argsort(place, kind="stable")
    place = place[order]
    new = np.flatnonzero(np.diff(place, prepend=-1))
    if not new.size:
        none = np.zeros(0, dtype=np.int64)
        return Spans(none, none, none, none, np.zeros(0))
    place = place[new]
    cover, part = np.add.reduceat(cover[order], new), np.add.reduceat(part[order], new)
    line, column = np.divmod(place, columns + 1)
    opens = np.diff(line, prepend=-1) != 0
    total = np.cumsum(cover)
    before_line = np.where(opens, total - cover, 0.0)[np.maximum.accumulate(np.where(opens, np.arange(line.size), 0))]
    after = total - before_line
    before = after - cover
    following = np.append(np.where(opens[1:], columns, column[1:]), columns)
    at_cell = np.column_stack([column, column + 1])
    share = np.column_stack([before + part, after]).ravel()
    start = np.column_stack([column, column + 1]).ravel()
    stop = np.column_stack([at_cell[:, 1], following]).ravel()
    share[np.abs(share - 1.0) < NOISE] = 1.0
    some = (stop > start) & (share > NOISE) & (start < columns)
    zone, row = np.divmod(np.repeat(line, 2)[some], end - top)
    return Spans(zone, row + top, start[some], stop[some], np.minimum(share[some], 1.0))


def _spread(first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for every whole number from `first` to before `last` whose it is, and the number."""
    count = np.maximum(last - first, 0)
    owner = np.repeat(np.arange(count.size), count)
    begin = np.cumsum(count) - count
    return owner, np.arange(owner.size) - (begin - first)[owner]


def _row_pieces(edges: Outlines, pick: NDArray[np.int64], top: int, end: int) -> tuple[NDArray[Any], ...]:
    """Cut edges at the rows' borders: line (zone and row), left and right end [cells], signed height [rows]."""
    x0, y0, x1, y1 = edges.x0[pick], edges.y0[pick], edges.x1[pick], edges.y1[pick]
    first = np.clip(np.floor(y0), top, end).astype(np.int64)
    last = np.clip(np.ceil(y1), top, end).astype(np.int64)
    edge, row = _spread(first, last)
    ex, ey, slope = x0[edge], y0[edge], ((x1 - x0) / (y1 - y0))[edge]
    upper, lower = np.maximum(ey, row), np.minimum(y1[edge], row + 1.0)
    low, high = np.minimum(x0, x1)[edge], np.maximum(x0, x1)[edge]
    xa = np.clip(ex + (upper - ey) * slope, low, high)
    xb = np.clip(ex + (lower - ey) * slope, low, high)
    height = ((lower - row) - (upper - row)) * edges.sign[pick][edge]
    line = edges.zone[pick][edge] * (end - top) + (row - top)
    return line, np.minimum(xa, xb), np.maximum(xa, xb), height


def _cell_pieces(
    line: NDArray[np.int64], left: NDArray[np.float64], right: NDArray[np.float64], height: NDArray[np.float64],
    columns: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Cut pieces at the columns' borders: place, what all cells to the right gain, what the cell itself gains."""
    width = right - left
    level = width > 0.0
    per_column = np.divide(height, width, out=np.zeros_like(height), where=level)
    # What lies left of the raster bounds it from its first column on; what lies right of it bounds nothing.
    off = np.where(level, np.clip(-left, 0.0, width) * per_column, np.where(left < 0.0, height, 0.0))
    gone = off != 0.0
    start, stop = np.clip(left, 0.0, columns), np.clip(right, 0.0, columns)
    live = (left < columns) & (right >= 0.0) & (level | (left >= 0.0)) & ((stop > start) | ~level)
    first = np.floor(start[live]).astype(np.int64)
    last = np.maximum(np.ceil(stop[live]).astype(np.int64), first + 1)
    piece, column = _spread(first, last)
    at = np.flatnonzero(live)[piece]
    a, b = np.maximum(start[at], column), np.minimum(stop[at], column + 1.0)
    cover = np.where(level[at], (b - a) * per_column[at], height[at])
    part = cover * (1.0 - (0.5 * ((a - column) + (b - column))))
    place = np.concatenate([line[gone] * (columns + 1), line[at] * (columns + 1) + column])
    return place, np.concatenate([off[gone], cover]), np.concatenate([off[gone], part])
