"""How high buildings are, completed where it is not known, and held to be metres."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, ColumnError, Parameter

CARDS = Cards(
    Parameter(
        "storey_height_m",
        3.0,
        "m",
        2.6,
        5.0,
        "planning range, unverified: height of a storey where a building's height is not known",
        verified=False,
        title_zh="层高(无建筑高度时)",
        title_en="Storey height where heights are unknown",
    ),
    Parameter(
        "unknown_height_m",
        6.0,
        "m",
        3.0,
        20.0,
        "planning range, unverified: height of a building of which neither height nor storeys are known",
        verified=False,
        title_zh="缺省建筑高度",
        title_en="Height of buildings of unknown height",
    ),
)

Floats = NDArray[np.float64]

#: No building is higher; half of a district's are not as high as the second: such heights are in other units. [m]
HIGHEST_BUILDING_M, HIGHEST_MEDIAN_M = 900.0, 150.0


class Heights(NamedTuple):
    """Heights of buildings over the ground.

    Attributes
    ----------
    height : ndarray
        Shape (n,). [m]
    from_floors, assumed : int
        How many were taken from storeys, and how many from the default.
    """

    height: Floats
    from_floors: int
    assumed: int


def building_heights(
    height_m: Floats,
    floors: Floats | None = None,
    *,
    storey_height_m: float = CARDS["storey_height_m"],
    unknown_height_m: float = CARDS["unknown_height_m"],
) -> Heights:
    """Complete the heights of buildings.

    Parameters
    ----------
    height_m : ndarray
        Over the ground, NaN where unknown, shape (n,). [m]
    floors : ndarray, optional
        Storeys, NaN where unknown, shape (n,). [count]
    storey_height_m, unknown_height_m : float
        Height of a storey; of a building of which nothing is known. [m]

    Returns
    -------
    Heights
        None is missing.

    Raises
    ------
    ColumnError
        If heights are not positive, or are in other units than metres.
    """
    given = np.asarray(height_m, np.float64)
    known = np.isfinite(given)
    faults = []
    if (given[known] <= 0).any():
        faults.append(f"{int((given[known] <= 0).sum())} are not above zero; leave unknown heights empty")
    high = int((given[known] > HIGHEST_BUILDING_M).sum())
    middle = float(np.median(given[known])) if known.any() else 0.0
    if high or middle > HIGHEST_MEDIAN_M:
        faults.append(
            f"their median is {middle:g} and {high} exceed {HIGHEST_BUILDING_M:g} m: are they in centimetres, or above "
            "sea level? Give metres above the ground"
        )
    if faults:
        raise ColumnError(f"building heights ({int(known.sum())} of {given.size} given): " + "; ".join(faults))
    storeys = np.full(given.size, np.nan) if floors is None else np.asarray(floors, np.float64)
    counted = ~known & (storeys > 0)
    height = np.where(known, given, np.where(counted, storeys * storey_height_m, unknown_height_m))
    return Heights(height, int(counted.sum()), int((~known & ~counted).sum()))
