"""Blocks: each place of the plan grows on its own street grid, kept clear of its neighbours and of motorways."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from changping_geo.sources.synthetic.corridors import corridors
from changping_geo.sources.synthetic.settlement import (
    CAMPUS,
    FLOOR_A_LOT,
    GRID,
    INDUSTRY,
    LOTS_A_BLOCK,
    URBAN,
    VILLAGE,
    patches,
    towns,
)
from changping_geo.sources.synthetic.siting import ground

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context
    from changping_geo.sources.synthetic.settlement import Patches
    from changping_geo.sources.synthetic.siting import Ground

# What a block holds.
COURTYARD, CENTRE, WORKSHOP, SLAB, MID, TOWER, MALL, SCHOOL, CIVIC, HOSPITAL, DEPOT, PARK, FACTORY, COLLEGE = range(14)
# Residential floor area that a block of flats is planned to hold [m2/block]; the fit afterwards is exact.
CAPACITY = {SLAB: 40000.0, MID: 58000.0, TOWER: 86000.0}
# Shares of compounds with a block that holds no flats; only a park takes the whole compound.
OTHER_SHARES = {MALL: 0.13, SCHOOL: 0.22, CIVIC: 0.05, HOSPITAL: 0.035, DEPOT: 0.05, PARK: 0.07}
# The first compounds of a seat, from the middle outwards.
SEAT_ORDER = (CIVIC, MALL, SCHOOL, PARK, HOSPITAL)
STEEP = {URBAN: 0.15, VILLAGE: 0.22, INDUSTRY: 0.08, CAMPUS: 0.10}
CLEAR_OF_MOTORWAY = 38.0
SURPLUS = 1.12
REACH = {URBAN: 4.0, VILLAGE: 2.6, INDUSTRY: 2.6, CAMPUS: 2.6}


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks between streets, in the order in which a place fills them.

    Attributes
    ----------
    patch, town, kind : ndarray of int, shape (n,)
        Row of the place, row of the town, kind of the place. [1]
    i, j : ndarray of int, shape (n,)
        Column and row in the place's grid. [1]
    xy : ndarray, shape (n, 2)
        Middle. [m]
    turn : ndarray, shape (n,)
        Rotation of the grid, counter-clockwise. [rad]
    use : ndarray of int, shape (n,)
        What the block holds. [1]
    rank : ndarray, shape (n,)
        0 in the middle of the place, 1 at its fringe. [1]
    compound : ndarray of int, shape (n,)
        Blocks of the same compound were built together. [1]
    """

    patch: NDArray[np.intp]
    town: NDArray[np.intp]
    kind: NDArray[np.intp]
    i: NDArray[np.intp]
    j: NDArray[np.intp]
    xy: NDArray[np.float64]
    turn: NDArray[np.float64]
    use: NDArray[np.intp]
    rank: NDArray[np.float64]
    compound: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.patch)

    def take(self, rows: NDArray[Any]) -> Blocks:
        """Return some of the blocks."""
        return Blocks(*(getattr(self, f.name)[rows] for f in fields(self)))


def corner(places: Patches, patch: NDArray[np.intp], i: NDArray[Any], j: NDArray[Any]) -> NDArray[np.float64]:
    """Return street crossings of a place's grid: the same (place, i, j) always gives the same numbers.

    Parameters
    ----------
    places : Patches
        The places.
    patch, i, j : ndarray, shape (n,)
        Row of the place, column and row in its grid; halves are allowed. [1]

    Returns
    -------
    ndarray, shape (n, 2)
        Points. [m]
    """
    pitch = np.array([GRID[k][:2] for k in range(len(GRID))])[places.kind[patch]]
    x, y = np.asarray(i) * pitch[:, 0], np.asarray(j) * pitch[:, 1]
    cos, sin = np.cos(places.turn[patch]), np.sin(places.turn[patch])
    out: NDArray[np.float64] = places.xy[patch] + np.column_stack([cos * x - sin * y, sin * x + cos * y])
    return out


@lru_cache(maxsize=2)
def blocks(ctx: Context) -> Blocks:
    """Return the blocks of all places of a workspace."""
    every, places, land = towns(ctx), patches(ctx), ground(ctx)
    lines = [shapely.linestrings(line) for _, line in corridors(ctx)]
    strip = shapely.buffer(shapely.multilinestrings(lines), CLEAR_OF_MOTORWAY) if lines else shapely.Polygon()
    shapes = shapely.difference(every.shape, strip)
    shapely.prepare(shapes)
    parts = [_of_patch(ctx, places, p, shapes[places.town[p]], land) for p in range(len(places.town))]
    full = [part for part in parts if len(part[0])]
    if not full:
        empty = np.empty(0, np.intp)
        return Blocks(empty, empty, empty, empty, empty, np.empty((0, 2)), np.empty(0), empty, np.empty(0), empty)
    patch, i, j, use, rank, compound = (np.concatenate(column) for column in zip(*full, strict=True))
    xy = corner(places, patch, i + 0.5, j + 0.5)
    _, compound = np.unique(np.column_stack([patch, compound]), axis=0, return_inverse=True)
    return Blocks(
        patch, places.town[patch], places.kind[patch], i, j, xy, places.turn[patch], use, rank, compound.ravel()
    )


def _of_patch(ctx: Context, places: Patches, p: int, shape: Any, land: Ground) -> tuple[NDArray[Any], ...]:
    """Blocks of one place: place, i, j, use, rank, compound, from the middle outwards."""
    kind = int(places.kind[p])
    width, depth, _ = GRID[kind]
    rng = ctx.rng("blocks", *np.round(places.xy[p]))
    reach = REACH[kind] * places.radius[p] + 2 * width
    ni, nj = int(reach / width) + 1, int(reach / depth) + 1
    i, j = (a.ravel() for a in np.meshgrid(np.arange(-ni, ni), np.arange(-nj, nj), indexing="ij"))
    row = np.full(len(i), p)
    square = np.stack([corner(places, row, i + di, j + dj) for di, dj in ((0, 0), (1, 0), (1, 1), (0, 1))], axis=1)
    middle = square.mean(axis=1)
    score = _score(land, middle - places.xy[p], middle, float(places.radius[p]), kind, rng)
    keep = np.flatnonzero(_own_ground(places, p, square) & (land.slope[land.pixel(middle)] < STEEP[kind]))
    keep = keep[shapely.contains_properly(shape, shapely.polygons(square[keep]))]
    keep = keep[np.argsort(score[keep], kind="stable")]
    i, j = i[keep], j[keep]
    use, compound = _uses(places, p, i, j, rng)
    n = len(use)
    return row[:n], i[:n], j[:n], use, np.arange(n) / max(n, 1), compound


def _own_ground(places: Patches, p: int, square: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether all corners lie in the place's own power cell; cells are convex, so blocks of two never overlap."""
    near = places.town == places.town[p]
    near &= np.hypot(*(places.xy - places.xy[p]).T) < 6 * (places.radius + places.radius[p]) + 2000.0
    own = ((square - places.xy[p]) ** 2).sum(axis=2) - places.radius[p] ** 2
    ok = np.ones(len(square), dtype=bool)
    for other in np.flatnonzero(near):
        if other != p:
            ok &= (own <= ((square - places.xy[other]) ** 2).sum(axis=2) - places.radius[other] ** 2).all(axis=1)
    return ok


def _score(
    land: Ground,
    offset: NDArray[np.float64],
    middle: NDArray[np.float64],
    radius: float,
    kind: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """How late a place grows to a spot: distance with lobes, more on slopes, some chance. [m]"""
    far, towards = np.hypot(*offset.T), np.arctan2(offset[:, 1], offset[:, 0])
    turn2, turn3 = rng.uniform(0, 2 * np.pi, 2)
    lobes = 1 + 0.18 * np.cos(2 * towards - turn2) + 0.10 * np.cos(3 * towards - turn3)
    steep = land.slope[land.pixel(middle)]
    chance = 0.10 if kind == VILLAGE else 0.18
    out: NDArray[np.float64] = far * lobes * (1 + 9 * steep) + chance * radius * rng.random(len(far))
    return out


def _uses(
    places: Patches, p: int, i: NDArray[np.intp], j: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Say what each block holds, and its compound; as many blocks as the place wants."""
    kind, wanted = int(places.kind[p]), float(places.wanted[p])
    if kind == URBAN:
        return _urban_uses(i, j, wanted, rng)
    if kind == VILLAGE:
        n = 1 + int(np.ceil(SURPLUS * wanted / (LOTS_A_BLOCK * FLOOR_A_LOT)))
        use = np.full(min(n, len(i)), COURTYARD)
        use[rng.random(len(use)) < 0.04] = WORKSHOP  # noqa: PLR2004
        use[:1] = CENTRE
        return use, np.zeros(len(use), np.intp)
    n = min(int(wanted), len(i))
    return np.full(n, FACTORY if kind == INDUSTRY else COLLEGE), np.arange(n) if kind == INDUSTRY else np.zeros(
        n, np.intp
    )


def _urban_uses(
    i: NDArray[np.intp], j: NDArray[np.intp], wanted: float, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Share out a town's blocks by compound: the civic middle, then flats, schools, shops and parks."""
    size = 1 if wanted < 12 * CAPACITY[SLAB] else 2
    _, compound = np.unique(np.column_stack([i // size, j // size]), axis=0, return_inverse=True)
    compound = compound.ravel()
    n = int(compound.max(initial=-1)) + 1
    order = np.full(n, np.inf)
    np.minimum.at(order, compound, np.arange(len(i), dtype=np.float64))
    draw, taste = rng.random(n), rng.random(n)
    other = np.searchsorted(np.cumsum(list(OTHER_SHARES.values())), draw, side="right")
    names = np.array([*OTHER_SHARES, -1])[other]
    names[np.argsort(order)[: len(SEAT_ORDER)]] = SEAT_ORDER[:n]
    lead = np.arange(len(i)) == order[compound]
    names_of = np.where(lead | (names[compound] == PARK), names[compound], -1)
    homes = names_of < 0
    towers = 0.12
    while True:
        q = order[compound] / max(len(i), 1)
        kinds = np.where(
            taste[compound] < towers * (1.4 - 0.8 * q),
            TOWER,
            np.where(taste[compound] < 0.25 + 1.5 * towers, MID, SLAB),
        )
        use = np.where(homes, kinds, names_of)
        held = np.cumsum(np.where(homes, np.array([CAPACITY.get(u, 0.0) for u in range(14)])[use], 0.0))
        if not len(held) or held[-1] >= SURPLUS * wanted or towers > 1:
            break
        towers += 0.08
    last = int(np.searchsorted(held, SURPLUS * wanted)) + 1
    last = max(last, min(len(i), len(SEAT_ORDER) * size * size))
    return use[:last], compound[:last]
