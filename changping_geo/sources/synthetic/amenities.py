"""Blocks that hold no flats: shops, schools, offices, hospitals, depots and parks of a town."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.sources.synthetic.footprints import (
    STOREY_OFFICE,
    STOREY_SCHOOL,
    STOREY_SHOP,
    Boxes,
    boxes,
    inner,
    joined,
    rows_of,
    some,
)
from changping_geo.sources.synthetic.settlement import URBAN

if TYPE_CHECKING:
    from numpy.typing import NDArray


def malls(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build a shopping centre with offices behind, or a market hall."""
    width, high = inner(URBAN)
    big = boxes(
        block,
        -width * 0.12,
        -high * 0.2,
        width * 0.70,
        high * 0.48,
        "commercial",
        3 + np.floor(3 * trait[:, 0]),
        storey=STOREY_SHOP,
        title="mall",
        cut=(24.0, 16.0),
    )
    at, x, _, true, _ = rows_of(block, (width, 34.0), 38.0, 30.0, 14.0, 99.0)
    tall = np.floor(6 + 14 * trait[at, 1] * rng.random(len(at)))
    office = boxes(
        block[at],
        x,
        high / 2 - 17.0,
        np.minimum(true, 44.0),
        26.0 + 6 * trait[at, 2],
        "commercial",
        tall,
        storey=STOREY_OFFICE,
    )
    return joined([big, office.take(some(rng.random(len(at)), 0.75))])


def schools(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build teaching wings to the north, a gymnasium, and a playing field to the south."""
    width, high = inner(URBAN)
    floors = 3 + np.floor(3 * trait[:, 0])
    wing = boxes(
        block,
        -width * 0.2,
        high / 2 - 20.0,
        width * 0.55,
        36.0,
        "education",
        floors,
        storey=STOREY_SCHOOL,
        cut=(width * 0.55 - 15.0, 22.0),
        title="school",
    )
    second = boxes(block, width * 0.26, high / 2 - 10.0, width * 0.26, 15.0, "education", floors, storey=STOREY_SCHOOL)
    gym = boxes(block, width * 0.33, -high * 0.1, 34.0, 26.0, "education", 1, storey=11.0, roof="shed_metal")
    return joined([wing, second, gym.take(some(rng.random(len(block)), 0.8))])


def civic(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build a public office with a service hall and a court in front."""
    _, high = inner(URBAN)
    main = boxes(
        block,
        0.0,
        high * 0.22,
        78.0,
        20.0,
        "public",
        4 + np.floor(5 * trait[:, 0]),
        storey=STOREY_OFFICE,
        title="government",
    )
    hall = boxes(block, -48.0, -high * 0.2, 24.0, 46.0, "public", 3, storey=STOREY_OFFICE)
    east = boxes(block, 48.0, -high * 0.2, 24.0, 46.0, "public", 2, storey=4.5)
    return joined([main, hall, east.take(some(rng.random(len(block)), 0.7))])


def hospitals(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build a ward block, an out-patient building and a service wing."""
    _, high = inner(URBAN)
    ward = boxes(
        block,
        0.0,
        high * 0.28,
        86.0,
        20.0,
        "health",
        6 + np.floor(7 * trait[:, 0]),
        storey=STOREY_OFFICE,
        title="hospital",
    )
    out = boxes(block, -22.0, -high * 0.16, 64.0, 36.0, "health", 4, storey=STOREY_OFFICE, cut=(24.0, 14.0))
    side = boxes(block, 50.0, -high * 0.16, 28.0, 18.0, "health", 2, storey=4.0)
    return joined([ward, out, side.take(some(rng.random(len(block)), 0.8))])


def depots(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Build a bus depot or utility yard: long halls and a control building."""
    _, high = inner(URBAN)
    hall = boxes(
        block,
        -20.0,
        high * 0.2,
        84.0 + 16 * trait[:, 0],
        30.0,
        "transport",
        1,
        storey=8.0,
        roof="shed_metal",
        title="depot",
    )
    office = boxes(block, 40.0, -high * 0.25, 30.0, 14.0, "transport", 3, storey=3.6)
    return joined([hall, office.take(some(rng.random(len(block)), 0.9))])


def parks(block: NDArray[np.intp], trait: NDArray[np.float64], rng: np.random.Generator) -> Boxes:
    """Put a pavilion in some parks."""
    spot = boxes(
        block, 60.0 * (trait[:, 0] - 0.5), 60.0 * (trait[:, 1] - 0.5), 14.0, 9.0, "public", 1, storey=4.0, roof="gable"
    )
    return spot.take(some(rng.random(len(block)), 0.35))
