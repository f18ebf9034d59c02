"""Trips from origins to destinations as demand: a station serves a trip if the way round by it is short enough.

The table has the same form as that of places (rows are trips, costs are detours), so coverage and siting need no second
kernel. Every row is a trip of its own: two rows between the same ends are both kept. One-way streets are driven as they
run.

References
----------
Hodgson, 1990. A flow-capturing location-allocation model. doi:10.1111/j.1538-4632.1990.tb00210.x
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.stations.access import Access
from changping_geo.stations.routing import STEPS, reach, refuse_limit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from changping_geo.stations.graph import Network
    from changping_geo.stations.routing import Found
    from changping_geo.stations.snap import AccessPoints

    Floats = NDArray[np.float64]

CARDS = Cards(
    Parameter("max_detour_m", 3000.0, "m", 10.0, 50_000.0, "planning range, unverified",
              verified=False, title_zh="允许绕行距离", title_en="Longest detour to a station"),
    Parameter("trip_decay_m", 10_000.0, "m", 500.0, 100_000.0, "planning range, unverified",
              verified=False, title_zh="出行距离衰减尺度", title_en="Distance over which trips thin out"),
)  # fmt: skip


def way_table(network: Network, origins: AccessPoints, destinations: AccessPoints, unit: str = "m") -> Floats:
    """Return the cost of every way from origins to destinations; infinite where there is none.

    Parameters
    ----------
    network : Network
        The network.
    origins, destinations : AccessPoints
        Points snapped to it; few enough for a full table.
    unit : str
        ``m`` or ``min``.

    Returns
    -------
    ndarray
        Shape (n_origins, n_destinations). [`unit`]
    """
    return _full(reach(network, origins, destinations, np.inf, unit, reverse=False), len(destinations))


def detours(
    network: Network,
    places: AccessPoints,
    trips: pd.DataFrame,
    stations: AccessPoints,
    *,
    max_detour: float = CARDS["max_detour_m"],
    unit: str = "m",
) -> Access:
    """Find which trips pass each station with a short enough detour.

    Parameters
    ----------
    network : Network
        The network.
    places : AccessPoints
        Ends of trips, snapped to it.
    trips : DataFrame
        ``origin`` and ``destination``: rows of `places`, one row per trip, shape (q,).
    stations : AccessPoints
        Stations or candidates, snapped to it.
    max_detour : float
        Longest detour, itself within. [`unit`]
    unit : str
        ``m`` or ``min``.

    Returns
    -------
    Access
        Trips by stations; the cost is the detour. A trip that cannot be driven at all has no station.

    Raises
    ------
    ColumnError
        If a trip names an end that there is not.
    """
    refuse_limit(max_detour, unit)
    start, goal = _ends(trips, len(places))
    direct = way_table(network, places, places, unit)[start, goal]
    longest = float(direct[np.isfinite(direct)].max(initial=0.0)) + max_detour
    to_station = _ways(network, stations, places, longest, unit, reverse=True)
    onward = _ways(network, stations, places, longest, unit, reverse=False)
    # the access way of the station is driven both in and out: leaving a road is part of the detour
    first, rows, costs = [0], [], []
    steps = STEPS[unit]
    for there, back in zip(to_station, onward, strict=True):
        with np.errstate(invalid="ignore"):
            extra = np.rint((there[start] + back[goal] - direct) * steps) / steps
        near = np.flatnonzero(np.isfinite(direct) & (extra <= max_detour))
        rows.append(near.astype(np.int32))
        costs.append(np.maximum(extra[near], 0.0))
        first.append(first[-1] + near.size)
    return Access(
        len(trips), np.array(first, np.int64), np.concatenate([*rows, np.empty(0, np.int32)]),
        np.concatenate([*costs, np.empty(0)]), float(max_detour), unit, "detour",
    )  # fmt: skip


def gravity_trips(
    ways: ArrayLike, production: ArrayLike, attraction: ArrayLike, *, decay: float = CARDS["trip_decay_m"]
) -> pd.DataFrame:
    """Spread the trips of each origin over destinations, near and attractive ones first.

    A reconstruction for want of counts: every origin's trips are given out whole, in proportion to
    attraction × exp(-way / decay). Trips within one place are left out.

    Parameters
    ----------
    ways : array_like
        Cost from each place to each, shape (n, n). [m or min]
    production, attraction : array_like
        Trips that leave, and weight as a goal, shape (n,).
    decay : float
        Cost over which trips thin out by e. [as `ways`]

    Returns
    -------
    DataFrame
        ``origin``, ``destination``, ``trips``, ``way`` of all pairs with trips; ``attrs["lost"]`` is the production of
        origins from which no goal can be reached.

    Raises
    ------
    ColumnError
        If production or attraction is missing or negative.
    """
    cost = np.asarray(ways, dtype=np.float64)
    leave, draw = np.asarray(production, dtype=np.float64), np.asarray(attraction, dtype=np.float64)
    for what, values in (("production", leave), ("attraction", draw)):
        if values.shape != (len(cost),) or not (np.isfinite(values).all() and (values >= 0).all()):
            raise ColumnError(f"{what} of trips must be {len(cost)} numbers of 0 or more")
    met = _others(cost)
    least = np.min(cost, axis=1, keepdims=True, initial=np.inf, where=met)
    pull = draw * np.exp(-np.subtract(cost, least, out=np.zeros_like(cost), where=met) / decay) * met
    whole = pull.sum(axis=1)
    trips = np.divide(leave[:, None] * pull, whole[:, None], out=np.zeros_like(pull), where=whole[:, None] > 0)
    origin, destination = np.nonzero(trips)
    out = pd.DataFrame({"origin": origin, "destination": destination, "trips": trips[origin, destination],
                        "way": cost[origin, destination]})  # fmt: skip
    out.attrs["lost"] = float(leave[whole <= 0].sum())
    return out


def _others(cost: Floats) -> NDArray[np.bool_]:
    """Pairs of different places with a way between them."""
    met: NDArray[np.bool_] = np.isfinite(cost) & ~np.eye(len(cost), dtype=bool)
    return met


def _ways(
    network: Network, stations: AccessPoints, places: AccessPoints, limit: float, unit: str, *, reverse: bool
) -> Floats:
    """Cost between every station and place, searched from whichever are fewer."""
    if len(stations) <= len(places):
        return _full(reach(network, stations, places, limit, unit, reverse=reverse), len(places))
    return _full(reach(network, places, stations, limit, unit, reverse=not reverse), len(stations)).T


def _full(found: Found, n: int) -> Floats:
    source = np.repeat(np.arange(len(found.first) - 1), np.diff(found.first))
    out = np.full((len(found.first) - 1, n), np.inf)
    out[source, found.goal] = found.cost
    return out


def _ends(trips: pd.DataFrame, n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    lack = [name for name in ("origin", "destination") if name not in trips]
    if lack:
        raise ColumnError(f"trips lack the columns {', '.join(lack)}")
    start, goal = (trips[name].to_numpy(dtype=np.intp) for name in ("origin", "destination"))
    bad = np.flatnonzero((start < 0) | (start >= n) | (goal < 0) | (goal >= n))
    if bad.size:
        raise ColumnError(
            f"{bad.size} trips name ends that there are not (first row {bad[0]}); ends are rows 0…{n - 1}"
        )
    return start, goal
