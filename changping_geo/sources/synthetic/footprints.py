"""Footprints as boxes in a block's own axes, and how they become polygons."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from changping_geo.sources.synthetic.settlement import CAMPUS, GRID, INDUSTRY, URBAN, VILLAGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any] | float | int | str


# Setback of buildings from the street's edge. [m]
SETBACK = {URBAN: 7.0, VILLAGE: 0.5, INDUSTRY: 8.0, CAMPUS: 8.0}
STOREY_HOME, STOREY_RURAL, STOREY_SCHOOL, STOREY_SHOP, STOREY_OFFICE = 2.9, 3.2, 3.8, 4.8, 3.9


def some(trait: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Return which of evenly spread traits belong to a share of all."""
    return trait < share


def inner(kind: int) -> tuple[float, float]:
    """Return width and depth of the ground that may be built on in a block. [m]"""
    pitch_x, pitch_y, street = GRID[kind]
    return pitch_x - street - 2 * SETBACK[kind], pitch_y - street - 2 * SETBACK[kind]


@dataclass(frozen=True, slots=True)
class Boxes:
    """Buildings, each a rectangle with a corner cut out if it is L-shaped.

    Attributes
    ----------
    block : ndarray of int, shape (n,)
        Row of the block. [1]
    x, y : ndarray, shape (n,)
        Middle in the block's axes. [m]
    w, d : ndarray, shape (n,)
        Width and depth. [m]
    cut_w, cut_d : ndarray, shape (n,)
        Corner cut out on the south side, to the east if `cut_w` is positive, to the west if negative; 0 for none. [m]
    turn : ndarray, shape (n,)
        Rotation against the block, counter-clockwise. [rad]
    use, roof : ndarray of str, shape (n,)
        Words of the layer ``rooftops``.
    floors : ndarray, shape (n,)
        Storeys. [count]
    storey : ndarray, shape (n,)
        Height of a storey. [m]
    age : ndarray, shape (n,)
        Years older than the block's other buildings. [a]
    title : ndarray of str, shape (n,)
        What kind of notable building it is; empty for others.
    """

    block: NDArray[Any]
    x: NDArray[Any]
    y: NDArray[Any]
    w: NDArray[Any]
    d: NDArray[Any]
    cut_w: NDArray[Any]
    cut_d: NDArray[Any]
    turn: NDArray[Any]
    use: NDArray[Any]
    roof: NDArray[Any]
    floors: NDArray[Any]
    storey: NDArray[Any]
    age: NDArray[Any]
    title: NDArray[Any]

    def __len__(self) -> int:
        return len(self.block)

    def take(self, rows: NDArray[Any]) -> Boxes:
        """Return some of the buildings."""
        return Boxes(*(getattr(self, f.name)[rows] for f in fields(self)))

    @property
    def area(self) -> NDArray[np.float64]:
        """Footprint area, shape (n,). [m2]"""
        out: NDArray[np.float64] = self.w * self.d - np.abs(self.cut_w) * self.cut_d
        return out


def boxes(
    block: NDArray[Any],
    x: Numbers,
    y: Numbers,
    w: Numbers,
    d: Numbers,
    use: Numbers,
    floors: Numbers,
    *,
    storey: Numbers = 3.0,
    roof: Numbers = "flat",
    cut: tuple[Numbers, Numbers] = (0.0, 0.0),
    turn: Numbers = 0.0,
    age: Numbers = 0.0,
    title: Numbers = "",
) -> Boxes:
    """Make boxes; a single value stands for all. Units as in `Boxes`."""
    n = len(block)
    parts = [x, y, w, d, *cut, turn, use, roof, floors, storey, age, title]
    return Boxes(block, *(np.broadcast_to(np.asarray(part), (n,)) for part in parts))


def joined(parts: list[Boxes]) -> Boxes:
    """Put several sets of boxes into one."""
    return Boxes(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Boxes)))


def rows_of(
    block: NDArray[np.intp],
    size: tuple[Numbers, Numbers],
    length: Numbers,
    depth: Numbers,
    gap: Numbers,
    pitch: Numbers,
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Fill areas with rows of equal slots, from the north edge southwards.

    Parameters
    ----------
    block : ndarray of int, shape (n,)
        Row of the block. [1]
    size : tuple
        Width and depth of the area, around the block's middle. [m]
    length, depth, gap : float or ndarray, shape (n,)
        Wanted slot length, slot depth, gap between slots of a row. [m]
    pitch : float or ndarray, shape (n,)
        Least distance from row to row. [m]

    Returns
    -------
    at : ndarray of int, shape (m,)
        Position in `block`. [1]
    x, y, length : ndarray, shape (m,)
        Middle of the slots and their true length. [m]
    row : ndarray of int, shape (m,)
        0 for the northernmost row. [1]
    """
    n = len(block)
    width, high, length, depth, gap, pitch = (
        np.broadcast_to(np.asarray(a, dtype=np.float64), (n,)) for a in (*size, length, depth, gap, pitch)
    )
    nx = np.maximum(np.round((width + gap) / (length + gap)), 1)
    ny = np.maximum(np.floor((high - depth) / pitch) + 1, 1)
    true = (width + gap) / nx - gap
    step = np.where(ny > 1, (high - depth) / np.maximum(ny - 1, 1), 0.0)
    cols, lines = np.arange(int(nx.max(initial=0))), np.arange(int(ny.max(initial=0)))
    at, line, col = np.nonzero((lines[None, :, None] < ny[:, None, None]) & (cols[None, None, :] < nx[:, None, None]))
    x = -width[at] / 2 + true[at] / 2 + col * (true[at] + gap[at])
    y = np.where(ny[at] > 1, high[at] / 2 - depth[at] / 2 - line * step[at], 0.0)
    return at, x, y, true[at], line


def polygons(found: Boxes, middle: NDArray[np.float64], turn: NDArray[np.float64]) -> NDArray[Any]:
    """Return the footprints in the metric CRS.

    Parameters
    ----------
    found : Boxes
        Buildings.
    middle : ndarray, shape (blocks, 2)
        Middle of every block. [m]
    turn : ndarray, shape (blocks,)
        Rotation of every block, counter-clockwise. [rad]

    Returns
    -------
    ndarray of Polygon, shape (n,)
        Footprints, to the centimetre.
    """
    w, d = found.w / 2, found.d / 2
    cut_w, cut_d, east = np.abs(found.cut_w), found.cut_d, found.cut_w >= 0
    px = np.stack([-w, w - cut_w, w - cut_w, w, w, -w], axis=1)
    py = np.stack([-d, -d, -d + cut_d, -d + cut_d, d, d], axis=1)
    px = np.where(east[:, None], px, -px)
    cos, sin = np.cos(found.turn)[:, None], np.sin(found.turn)[:, None]
    lx, ly = found.x[:, None] + cos * px - sin * py, found.y[:, None] + sin * px + cos * py
    cos, sin = np.cos(turn[found.block])[:, None], np.sin(turn[found.block])[:, None]
    wx, wy = middle[found.block, :1] + cos * lx - sin * ly, middle[found.block, 1:] + sin * lx + cos * ly
    points = np.round(np.stack([wx, wy], axis=2), 2)
    out = np.empty(len(found), dtype=object)
    whole = cut_w * cut_d == 0
    for pick, corners in ((whole, [0, 1, 4, 5]), (~whole, [0, 1, 2, 3, 4, 5])):
        ring = points[pick][:, [*corners, corners[0]]]
        out[pick] = shapely.polygons(shapely.linearrings(ring))
    return np.asarray(shapely.normalize(out))
