"""Horizons over a raster too large to hold, tile by tile, and of the mountains beyond it.

A tile is computed with a halo of cells around it. Its lines are those of the whole raster, so with a halo that
reaches every obstacle the tiles hold the whole raster's horizons to the last bit; a smaller halo can only lower them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import GeometryError, ParameterError
from changping_geo.solar.horizon import FAR, NEAR, Look, Sight, horizons, in_half_degrees
from changping_geo.solar.surface import Surface, surface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Floats = NDArray[np.float64]

METHODS = ("bilinear", "nearest")


@dataclass(frozen=True, slots=True)
class Raster:
    """Where a large raster of heights lies.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns. [cells]
    transform : tuple of float
        As in `surface.surface`. [m]
    crs : str
        Coordinate system.
    holes : str
        As in `surface.surface`.
    """

    shape: tuple[int, int]
    transform: tuple[float, ...]
    crs: str
    holes: str = "refuse"


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a raster.

    Attributes
    ----------
    rows, cols : slice
        Its place. [cells]
    """

    rows: slice
    cols: slice

    @property
    def name(self) -> str:
        """A name that tells the place, fit for a file."""
        return f"r{self.rows.start:06d}_c{self.cols.start:06d}"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns. [cells]"""
        return self.rows.stop - self.rows.start, self.cols.stop - self.cols.start


class Store(Protocol):
    """Keeps finished tiles, so that a survey can be taken up where it was left.

    The caller decides where, and under a key that changes with heights and settings.
    """

    def has(self, tile: Tile) -> bool:
        """Return whether the tile was put here before."""

    def put(self, tile: Tile, found: NDArray[np.uint8]) -> None:
        """Keep the horizons of a tile, whole or not at all."""


class Progress(NamedTuple):
    """How far a survey has come.

    Attributes
    ----------
    done, of : int
        Tiles. [1]
    tile : Tile
        The last one.
    fresh : bool
        Whether it was computed now, not found in the store.
    """

    done: int
    of: int
    tile: Tile
    fresh: bool


def tiles(shape: tuple[int, int], size: int) -> list[Tile]:
    """Cut a raster into tiles of at most `size` rows and columns.

    Raises
    ------
    ParameterError
        If the size is not positive.
    """
    if size < 1:
        raise ParameterError(f"a tile must have at least one row and column, not {size}")
    rows, cols = ([slice(at, min(at + size, n)) for at in range(0, n, size)] for n in shape)
    return [Tile(row, col) for row in rows for col in cols]


def survey(
    read: Callable[[slice, slice], NDArray[Any]],
    raster: Raster,
    azimuths: Floats,
    store: Store,
    *,
    size: int = 2000,
    halo: int = 250,
    wanted: Callable[[Tile], NDArray[np.bool_]] | None = None,
    sight: Sight = NEAR,
    engine: str = "auto",
    threads: int | None = None,
) -> Iterator[Progress]:
    """Compute the horizons of a large raster, tile by tile.

    Parameters
    ----------
    read : callable
        Gives the heights of some rows and columns of the raster. [m]
    raster : Raster
        Where it lies.
    azimuths : ndarray
        Where to look, north = 0, clockwise, shape (n,). [degrees]
    store : Store
        Takes each tile's horizons in half degrees, shape (n, rows, columns); with `wanted`, (p, n) in the order of
        the wanted cells, row by row.
    size, halo : int
        Rows and columns of a tile; how far around it obstacles are looked for. [cells]
    wanted : callable, optional
        Tells of a tile which cells are wanted, of its shape; a tile without any is not read.
    sight, engine, threads
        As in `horizon.horizons`.

    Yields
    ------
    Progress
        After each tile.

    Raises
    ------
    ParameterError
        If size or halo are no numbers of cells.
    """
    if halo < 0:
        raise ParameterError(f"a halo cannot be negative: {halo} cells")
    parts = tiles(raster.shape, size)
    for done, tile in enumerate(parts, 1):
        fresh = not store.has(tile)
        if fresh:
            mask = None if wanted is None else wanted(tile)
            if mask is not None and not mask.any():
                store.put(tile, np.empty((0, len(azimuths)), np.uint8))
            else:
                part, mask = _part(tile, mask)
                ground, place = _with_halo(read, raster, part, halo)
                at = _cells(part.shape, mask, place)
                found = horizons(ground, azimuths, sight=sight, at=at, engine=engine, threads=threads, core=place)
                store.put(tile, found)
        yield Progress(done, len(parts), tile, fresh)


def far_horizons(
    ground: Surface,
    azimuths: Floats,
    x: Floats,
    y: Floats,
    *,
    sight: Sight = FAR,
    method: str = "bilinear",
    engine: str = "auto",
) -> NDArray[np.uint8]:
    """Return the horizon of a coarse raster as seen from points.

    The points stand on the coarse raster's ground: a roof 20 m above it sees a ridge at 5 km 0.2 degrees lower.

    Parameters
    ----------
    ground : Surface
        Terrain, reaching as far around the points as mountains matter.
    azimuths : ndarray
        Where to look, north = 0, clockwise, shape (n,). [degrees]
    x, y : ndarray
        Points, shape (p,). [m]
    sight : Sight
        What can be seen. Give its `nearest_m` the reach of the fine raster.
    method : str
        ``bilinear`` between the middles of four cells, or ``nearest``.
    engine : str
        As in `horizon.horizons`.

    Returns
    -------
    ndarray
        Shape (p, n). [0.5 degrees]

    Raises
    ------
    ParameterError
        If the method is unknown.
    GeometryError
        If points lie outside the raster or in its holes.
    """
    if method not in METHODS:
        raise ParameterError(f"method {method!r} is unknown; use one of: {', '.join(METHODS)}")
    row, col = (y - ground.y0) / ground.north, (x - ground.x0) / ground.east
    rows, cols = ground.heights.shape
    outside = int((~((np.abs(row - (rows - 1) / 2) <= rows / 2) & (np.abs(col - (cols - 1) / 2) <= cols / 2))).sum())
    if outside:
        raise GeometryError(f"{outside} of {x.size} points lie outside the far-field raster; widen the raster")
    look = Look(ground, sight, np.float32, engine)
    core = (0, rows, 0, cols)
    views = [_sample(look.towards(float(azimuth), core), row, col, method) for azimuth in azimuths]
    found = np.stack(views, axis=1) if views else np.empty((x.size, 0))
    unknown = int(np.isnan(found).any(axis=1).sum())
    if unknown:
        raise GeometryError(f"{unknown} of {x.size} points lie in or beside holes of the far-field raster; fill them")
    return in_half_degrees(found)


def _part(tile: Tile, mask: NDArray[np.bool_] | None) -> tuple[Tile, NDArray[np.bool_] | None]:
    """Return the part of a tile around its wanted cells, and which they are in it."""
    if mask is None or mask.shape != tile.shape:
        return tile, mask
    (top, bottom), (left, right) = (
        (int(n[0]), int(n[-1]) + 1) for n in (np.flatnonzero(mask.any(axis=a)) for a in (1, 0))
    )
    rows = slice(tile.rows.start + top, tile.rows.start + bottom)
    cols = slice(tile.cols.start + left, tile.cols.start + right)
    return Tile(rows, cols), mask[top:bottom, left:right]


def _with_halo(
    read: Callable[[slice, slice], NDArray[Any]], raster: Raster, tile: Tile, halo: int
) -> tuple[Surface, tuple[int, int, int, int]]:
    """Return a tile's heights with its halo, and its place among them."""
    top, left = max(0, tile.rows.start - halo), max(0, tile.cols.start - halo)
    rows = slice(top, min(raster.shape[0], tile.rows.stop + halo))
    cols = slice(left, min(raster.shape[1], tile.cols.stop + halo))
    a, b, c, d, e, f = raster.transform[:6]
    heights = read(rows, cols)
    wide = (rows.stop - top, cols.stop - left)
    if heights.shape != wide:
        raise GeometryError(f"rows {top}:{rows.stop}, columns {left}:{cols.stop} were read as {heights.shape}")
    ground = surface(heights, (a, b, c + a * left, d, e, f + e * top), raster.crs, holes=raster.holes)
    anchor = ((raster.shape[0] - 1) / 2 - top, (raster.shape[1] - 1) / 2 - left)
    first, start = tile.rows.start - top, tile.cols.start - left
    place = (first, first + tile.shape[0], start, start + tile.shape[1])
    return replace(ground, anchor=anchor), place


def _cells(
    shape: tuple[int, int], mask: NDArray[np.bool_] | None, place: tuple[int, int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    if mask is None:
        return None
    if mask.shape != shape:
        raise GeometryError(f"the mask of wanted cells has the shape {mask.shape}, the tile {shape}")
    row, col = np.nonzero(mask)
    return row + place[0], col + place[2]


def _sample(view: NDArray[np.float32], row: Floats, col: Floats, method: str) -> Floats:
    rows, cols = view.shape
    r, c = np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)
    if method == "nearest":
        near: Floats = view[np.floor(r + 0.5).astype(int), np.floor(c + 0.5).astype(int)].astype(np.float64)
        return near
    r0, c0 = np.floor(r).astype(int), np.floor(c).astype(int)
    r1, c1 = np.minimum(r0 + 1, rows - 1), np.minimum(c0 + 1, cols - 1)
    down, right = r - r0, c - c0
    upper = view[r0, c0] * (1 - right) + view[r0, c1] * right
    lower = view[r1, c0] * (1 - right) + view[r1, c1] * right
    out: Floats = upper * (1 - down) + lower * down
    return out
