"""The windows of a raster that zones touch, read one ahead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.errors import SourceError
from changping_geo.geo.zonal_spans import centre_spans, exact_spans, strips_of_edges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from changping_geo.geo.zonal_nodata import Nothing
    from changping_geo.geo.zonal_raster import Blocks, Plane, Window
    from changping_geo.geo.zonal_spans import Spans
    from changping_geo.geo.zonal_zones import Outlines

    Empty = NDArray[np.bool_] | None

#: Blocks of a raster that does not say how it is stored. [cells]
PLAIN_BLOCK = (512, 512)


def read_ahead(
    readers: list[Blocks], nothing: list[Nothing], windows: Iterator[tuple[Window, Spans]]
) -> Iterator[tuple[Window, Spans, tuple[list[NDArray[Any]], list[Empty]]]]:
    """Yield windows with their spans, and the cells and masks of every raster; the next one is read meanwhile.

    Raises
    ------
    SourceError
        If a raster cannot be read.
    """

    def read(window: Window) -> tuple[list[NDArray[Any]], list[Empty]]:
        try:
            blocks = [np.asarray(r.read(1, window=window)) for r in readers]
            return blocks, [n.masked(r, window) for r, n in zip(readers, nothing, strict=True)]
        except OSError as error:
            (r0, r1), _ = window
            raise SourceError(f"rows {r0} to {r1} cannot be read ({error}); deliver the raster again") from error

    with ThreadPoolExecutor(1) as pool:
        now = None
        for window, spans in windows:
            following = window, spans, pool.submit(read, window)
            if now is not None:
                yield now[0], now[1], now[2].result()
            now = following
        if now is not None:
            yield now[0], now[1], now[2].result()


def windows_of(
    reader: Blocks, plane: Plane, edges: Outlines, *, exact: bool, block_cells: int
) -> Iterator[tuple[Window, Spans]]:
    """Yield the windows that zones touch, along the raster's own blocks, and the spans within each.

    Parameters
    ----------
    reader : Blocks
        Its ``block_shapes`` count, if it has them.
    plane : Plane
        Of the raster.
    edges : Outlines
        Of the zones.
    exact : bool
        Whether shares of cells are wanted, not centres.
    block_cells : int
        Largest window. [cells]
    """
    rows, columns = plane.shape
    high, wide = (
        min(b, n) for b, n in zip(getattr(reader, "block_shapes", [PLAIN_BLOCK])[0], plane.shape, strict=True)
    )
    reach = np.clip([min(edges.x0.min(), edges.x1.min()), max(edges.x0.max(), edges.x1.max())], 0, columns)
    fit = max(block_cells // max(int(reach[1] - reach[0]), wide), 1)
    cut = high if high * wide <= block_cells else max(block_cells // wide, 1)
    height = fit // high * high if fit >= high else cut
    most = max(block_cells // height // wide, 1) * wide
    rule = exact_spans if exact else centre_spans
    for top, end, pick in strips_of_edges(edges, (rows, columns), height):
        spans = rule(edges, pick, (top, end), columns)
        for c0, c1 in _runs(spans, wide, most, columns):
            part = spans.within(c0, c1)
            first, last = int(part.row.min()), int(part.row.max()) + 1
            yield ((first, last), (int(part.start.min()), int(part.stop.max()))), part


def _runs(spans: Spans, wide: int, most: int, columns: int) -> Iterator[tuple[int, int]]:
    """Yield the runs of columns, a whole number of blocks, that spans touch."""
    blocks = -(-columns // wide)
    opened = np.bincount(spans.start // wide, minlength=blocks + 1)
    closed = np.bincount((spans.stop - 1) // wide + 1, minlength=blocks + 1)
    touched = np.cumsum(opened - closed)[:blocks] > 0
    border = np.flatnonzero(np.diff(touched, prepend=False, append=False)) * wide
    for c0, c1 in border.reshape(-1, 2).tolist():
        for at in range(c0, c1, most):
            yield at, min(at + most, c1, columns)
