"""What stands in a block: courtyards, slabs, towers, sheds, campuses, shops, each in its usual pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.sources.synthetic import lattice as plan
from changping_geo.sources.synthetic.amenities import civic, depots, hospitals, malls, parks, schools
from changping_geo.sources.synthetic.footprints import (
    STOREY_HOME,
    STOREY_OFFICE,
    STOREY_RURAL,
    STOREY_SCHOOL,
    Boxes,
    boxes,
    inner,
    joined,
    rows_of,
    some,
)
from changping_geo.sources.synthetic.settlement import CAMPUS, INDUSTRY, URBAN, VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Template = Callable[[NDArray[np.intp], NDArray[np.float64], np.random.Generator], Boxes]

# Rows of flats stand apart by their height times this, so that winter sun reaches the ground floor.
SUN_RATIO = 1.6
# A wing is at least so deep [m]; up to so many floors flats have no lift. [count]
LEAST_WING, WALK_UP = 3.0, 6


def courtyards(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Lay two rows of lots: a main house along the north side of each, often with a wing on one side of the yard."""
    width, depth = inner(VILLAGE)
    at, x, y, lot, _ = rows_of(block, (width, depth), 13.5 + 3.0 * trait[:, 0], depth / 2 - 0.3, 0.0, depth / 2)
    n, lot_d = len(at), depth / 2 - 0.6
    keep = ~some(rng.random(n), 0.05)
    house_w, house_d = lot - rng.uniform(0.8, 1.8, n), rng.uniform(6.6, 8.6, n)
    wing_w, wing_d = rng.uniform(3.4, 4.6, n), rng.uniform(0.45, 0.9, n) * (lot_d - house_d - 1.5)
    side = np.where(some(rng.random(n), 0.5), 1.0, -1.0)
    style = rng.random(n)
    angular = some(style, 0.34)
    two = rng.random(n) < 0.10 + 0.50 * trait[at, 1]
    floors = np.where(two, 2, 1)
    roof = np.where(rng.random(n) < np.where(two, 0.45, 0.85), "gable", "flat")
    d = np.where(angular, house_d + wing_d, house_d)
    cut = (np.where(angular, -side * (house_w - wing_w), 0.0), np.where(angular, wing_d, 0.0))
    top = y + lot_d / 2
    age = rng.integers(-14, 15, n)
    main = boxes(
        block[at], x, top - d / 2, house_w, d, "rural_house", floors, storey=STOREY_RURAL, roof=roof, cut=cut, age=age
    )
    wing_x = x + side * (house_w - wing_w) / 2
    wing_y = top - house_d - rng.uniform(0.5, 0.9, n) - wing_d / 2
    wing = boxes(
        block[at],
        wing_x,
        wing_y,
        wing_w,
        wing_d,
        "rural_house",
        1,
        storey=2.8,
        roof=np.where(roof == "gable", "gable", "flat"),
        age=age,
    )
    return joined([main.take(keep), wing.take(keep & (~some(style, 0.70)) & (wing_d > LEAST_WING))])


def centre(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build the middle of a village: committee, clinic, nursery school, shop, and a square to the south."""
    _, depth = inner(VILLAGE)
    north = depth / 2
    n = len(block)
    parts = [
        boxes(block, -38.0, north - 6.0, 26.0, 11.0, "public", 2, storey=3.4, title="committee"),
        boxes(block, -12.0, north - 5.0, 14.0, 9.0, "health", 1, storey=3.4, roof="gable", title="clinic"),
        boxes(block, 17.0, north - 7.0, 30.0, 12.0, "education", 2, storey=3.4, title="nursery"),
        boxes(block, 45.0, north - 7.0, 15.0, 13.0, "commercial", 1, storey=4.0, title=""),
    ]
    small = some(trait[:, 0], 0.4)
    parts[2] = parts[2].take(~small)
    parts.append(
        boxes(block, 40.0, -north + 4.0, 7.0, 5.0, "other", 1, storey=3.0, roof="gable").take(some(rng.random(n), 0.5))
    )
    return joined(parts)


def workshops(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build yards at a village's edge: small sheds and stores."""
    at, x, y, length, _ = rows_of(block, inner(VILLAGE), 24.0 + 16.0 * trait[:, 0], 12.0, 4.0, 18.0)
    n = len(at)
    use = np.where(some(rng.random(n), 0.6), "industrial", "other")
    roof = np.where(use == "industrial", "shed_metal", "gable")
    return boxes(
        block[at], x, y, length, rng.uniform(8.0, 12.0, n), use, 1, storey=rng.uniform(3.8, 5.5, n), roof=roof
    ).take(some(rng.random(n), 0.85))


def _flats(
    block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator, shape: tuple[Any, Any, Any, Any]
) -> Boxes:
    """Build flats in rows; shops along the south street of some compounds, a transformer house in each block."""
    length, depth, floors, gap = shape
    width, high = inner(URBAN)
    shops = some(trait[:, 3], 0.4)
    room = high - np.where(shops, 24.0, 0.0)
    pitch = depth + np.minimum(floors * STOREY_HOME * SUN_RATIO - 4.0, 58.0)
    at, x, y, true, row = rows_of(block, (width - 4.0, room), length, depth, gap, pitch)
    y = y + (high - room[at]) / 2
    n = len(at)
    tall = np.maximum(floors[at] + np.where(row == 0, 0, -rng.integers(0, 2, n)), 2) if np.ndim(floors) else floors
    tower = true < 1.6 * depth[at]
    wide = np.where(tower, np.minimum(true, 30.0), true)
    cut_w = np.where(tower & (some(trait[at, 2], 0.6)), 0.28 * wide * np.where(some(trait[at, 1], 0.5), 1, -1), 0.0)
    cut = (cut_w, np.where(cut_w == 0, 0.0, 0.3 * depth[at]))
    shift = np.where(row % 2 == 1, 1.0, -1.0) * np.where(tower, np.minimum((true - wide) / 2, 8.0), 0.0)
    roof = np.where((floors[at] <= WALK_UP) & (some(trait[at, 2], 0.35)), "gable", "flat")
    turn = np.radians(6.0 * (trait[at, 4] - 0.5))
    homes = boxes(
        block[at], x + shift, y, wide, depth[at], "housing", tall, storey=STOREY_HOME, roof=roof, cut=cut, turn=turn
    )
    k = np.flatnonzero(shops)
    at2, x2, _, true2, _ = rows_of(block[k], (width, 10.0), 62.0, 10.0, 12.0, 99.0)
    front = boxes(
        block[k][at2],
        x2,
        -high / 2 + 5.5,
        true2,
        rng.uniform(8.0, 10.5, len(at2)),
        "commercial",
        1 + (some(rng.random(len(at2)), 0.55)),
        storey=4.2,
    )
    spot = boxes(block, width / 2 - 3.0, high / 2 + 1.5, 7.5, 5.0, "transport", 1, storey=3.6)
    return joined([homes.take(~some(rng.random(n), 0.06)), front, spot.take(some(rng.random(len(block)), 0.6))])


def slabs(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build walk-up slabs of five or six floors, facing south."""
    floors = np.where(some(trait[:, 0], 0.25), 5, 6)
    return _flats(block, trait, rng, (44.0 + 26.0 * trait[:, 1], 11.5 + 1.5 * trait[:, 2], floors, 9.0))


def mids(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build slabs of nine to twelve floors with lifts."""
    floors = 9 + np.floor(4 * trait[:, 0])
    return _flats(block, trait, rng, (40.0 + 22.0 * trait[:, 1], 13.5 + 2.0 * trait[:, 2], floors, 14.0))


def towers(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build point towers of 16 to 30 floors in staggered rows."""
    floors = 16 + np.floor(13 * trait[:, 0])
    return _flats(block, trait, rng, (30.0 + 8.0 * trait[:, 1], 22.0 + 4.0 * trait[:, 2], floors, 18.0))


def factories(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build sheds side by side, an office at the gate."""
    width, high = inner(INDUSTRY)
    depth = np.minimum(24.0 + 28.0 * trait[:, 0], 44.0)
    at, x, y, length, _ = rows_of(block, (width, high - 24.0), 46.0 + 60.0 * trait[:, 1], depth, 12.0, depth + 12.0)
    n = len(at)
    metal = some(rng.random(n), 0.82)
    floors = np.where(metal, 1, rng.integers(2, 5, n))
    deep = np.minimum(depth[at] * rng.uniform(0.85, 1.0, n), high - 24.0)
    cut_w = np.where(some(rng.random(n), 0.12), length * 0.35, 0.0)
    shed = boxes(
        block[at],
        x,
        y + 12.0,
        length * rng.uniform(0.9, 1.0, n),
        deep,
        "industrial",
        floors,
        storey=np.where(metal, rng.uniform(7.5, 12.0, n), 5.0),
        roof=np.where(metal, "shed_metal", "flat"),
        cut=(cut_w, np.where(cut_w > 0, deep * 0.4, 0.0)),
        title="factory",
    )
    gate = boxes(
        block,
        -width * 0.3 + 60 * trait[:, 3],
        -high / 2 + 7.0,
        42.0,
        13.0,
        "industrial",
        3 + np.floor(3 * trait[:, 2]),
        storey=STOREY_OFFICE,
    )
    rest = boxes(block, -width * 0.3 + 60 * trait[:, 3] + 56.0, -high / 2 + 5.0, 12.0, 7.0, "other", 1, storey=3.4)
    return joined(
        [
            shed.take(~some(rng.random(n), 0.12)),
            gate.take(some(rng.random(len(block)), 0.75)),
            rest.take(some(rng.random(len(block)), 0.5)),
        ]
    )


def colleges(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build teaching and dormitory wings around lawns, a hall or a stadium here and there."""
    width, high = inner(CAMPUS)
    field = some(trait[:, 5], 0.14)
    k = np.flatnonzero(~field)
    at, x, y, length, row = rows_of(block[k], (width, high), 52.0 + 20.0 * trait[k, 5], 34.0, 20.0, 48.0)
    n = len(at)
    angular = some(rng.random(n), 0.45)
    d = np.where(angular, 34.0, rng.uniform(15.0, 19.0, n))
    cut = (
        np.where(angular, (length - 16.0) * np.where(some(rng.random(n), 0.5), 1, -1), 0.0),
        np.where(angular, 18.0, 0.0),
    )
    floors = np.where(row == 0, rng.integers(5, 9, n), rng.integers(4, 7, n))
    hall = boxes(block[k][at], x, y, length, d, "education", floors, storey=STOREY_SCHOOL, cut=cut, title="college")
    k = np.flatnonzero(field)
    gym = boxes(block[k], -width * 0.25, high * 0.22, 62.0, 46.0, "education", 1, storey=14.0, roof="shed_metal")
    return joined([hall.take(~some(rng.random(n), 0.2)), gym])


TEMPLATES: dict[int, Template] = {
    plan.COURTYARD: courtyards,
    plan.CENTRE: centre,
    plan.WORKSHOP: workshops,
    plan.SLAB: slabs,
    plan.MID: mids,
    plan.TOWER: towers,
    plan.MALL: malls,
    plan.SCHOOL: schools,
    plan.CIVIC: civic,
    plan.HOSPITAL: hospitals,
    plan.DEPOT: depots,
    plan.PARK: parks,
    plan.FACTORY: factories,
    plan.COLLEGE: colleges,
}
