"""What is left of a roof plane inside a strip along its edges that stays free."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Corners of a plane, each of which the strips of its two edges cover twice. [count]
CORNERS = 4
#: A plane whose outline is shorter than this many setbacks has nothing inside. [1]
VANISHES = 8


def inner_area(area: Floats, outline: Floats, setback: Floats) -> Floats:
    """Return the area left when a strip along the edges is taken off: A - P s + 4 s^2.

    The formula is exact for rectangles and for every outline of right angles (each corner that points inwards adds
    one that points outwards) as long as no part of the shape is narrower than two setbacks; for others it is near.

    Parameters
    ----------
    area : ndarray
        Area of the plane, A, shape (n,). [m2]
    outline : ndarray
        Length of its outline, P, shape (n,). [m]
    setback : ndarray
        Width of the strip, s, shape (n,). [m]

    Returns
    -------
    ndarray
        Between 0 and the area, shape (n,). [m2]
    """
    left = np.clip(area - outline * setback + CORNERS * setback**2, 0.0, area)
    out: Floats = np.where(outline <= VANISHES * setback, 0.0, left)
    # with no setback a plane stays whole, even one without an outline
    return np.where(setback > 0, out, area)


def inner_share(
    area: Floats, outline: Floats, along: Floats, across: Floats, slope: Floats, setback: Floats, planes: int
) -> Floats:
    """Return the share of a roof that lies inside the setback from all edges of its planes.

    Parameters
    ----------
    area, outline : ndarray
        Of the footprint, shape (n,). [m2, m]
    along, across : ndarray
        Sides of the footprint's rectangle along the ridge and across it, shape (n,). [m, m]
    slope : ndarray
        Of the planes, shape (n,). [degrees]
    setback : ndarray
        Width of the strip, shape (n,). [m]
    planes : int
        One, or two alike on either side of a ridge, which is an edge of both. [count]

    Returns
    -------
    ndarray
        Shape (n,). [1]
    """
    stretch = 1.0 / np.cos(np.radians(slope))
    edges = outline + 2.0 * across * (stretch - 1.0)
    if planes > 1:
        edges = edges + 2.0 * along
    whole = area * stretch / planes
    out: Floats = inner_area(whole, edges / planes, setback) / np.where(whole > 0, whole, 1.0)
    return out
