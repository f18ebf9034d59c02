"""The sparse table of who reaches what: (demand, station, cost), on which every question of coverage is algebra.

Rows are demand (people, roofs, parking lots, flows), columns are stations or candidates, and a cost is kept for every
pair within the limit: radius sweeps, decay and medians come free. A threshold includes its own value. Demand without
any station in reach keeps its row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csc_array, csr_array
from scipy.spatial import cKDTree

from changping_geo.model import ParameterError
from changping_geo.stations.routing import (
    DIRECTIONS,
    FROM_STATION,
    ROUND_TRIP,
    STEPS,
    TO_STATION,
    nearest,
    reach,
    refuse_limit,
)
from changping_geo.stations.snap import refuse_lonlat

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from changping_geo.stations.graph import Network
    from changping_geo.stations.routing import Found
    from changping_geo.stations.snap import AccessPoints

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int32]

#: Relative difference below which a straight distance cannot be told from the cost it is compared to. [1]
ZERO = 1e-9


@dataclass(frozen=True, slots=True)
class Access:
    """Pairs of demand and station within a limit, station by station.

    Attributes
    ----------
    n_demand : int
        Rows of demand, reached or not.
    first : ndarray
        Where each station's pairs begin, shape (s + 1,).
    demand : ndarray
        Row of demand of each pair, rising within a station, shape (k,).
    cost : ndarray
        Cost of each pair, in whole steps of `changping_geo.stations.routing.STEPS`, shape (k,). [`unit`]
    limit : float
        Largest cost kept. [`unit`]
    unit : str
        ``m`` or ``min``.
    direction : str
        Which way was driven; ``straight`` for straight lines.
    """

    n_demand: int
    first: NDArray[np.int64]
    demand: Ints
    cost: Floats
    limit: float
    unit: str
    direction: str

    @property
    def n_stations(self) -> int:
        """Columns."""
        return len(self.first) - 1

    @property
    def station(self) -> Ints:
        """Station of each pair, shape (k,)."""
        return np.repeat(np.arange(self.n_stations, dtype=np.int32), np.diff(self.first))

    def within(self, radius: float) -> Access:
        """Return the pairs within a smaller radius. [`unit`]

        Raises
        ------
        ParameterError
            If the radius is beyond the limit up to which pairs are known.
        """
        if radius > self.limit:
            raise ParameterError(
                f"costs are known up to {self.limit:g} {self.unit} only, {radius:g} is asked for; raise the limit"
            )
        keep = self.cost <= radius
        first = np.concatenate([[0], np.cumsum(keep)])[self.first]
        return replace(self, first=first, demand=self.demand[keep], cost=self.cost[keep], limit=float(radius))

    def of_stations(self, chosen: ArrayLike) -> Access:
        """Return the columns of some stations, by mask or by number, in that order."""
        wanted = np.asarray(chosen)
        number = np.flatnonzero(wanted) if wanted.dtype == bool else wanted.astype(np.intp)
        many = self.first[number + 1] - self.first[number]
        first = np.concatenate([[0], np.cumsum(many)])
        at = np.repeat(self.first[number] - first[:-1], many) + np.arange(first[-1])
        return replace(self, first=first, demand=self.demand[at], cost=self.cost[at])

    def beside(self, other: Access) -> Access:
        """Return both tables' stations over the same demand, the other's behind.

        Raises
        ------
        ParameterError
            If the two differ in demand, unit or direction.
        """
        same = (self.n_demand, self.unit, self.direction) == (other.n_demand, other.unit, other.direction)
        if not same:
            raise ParameterError("two tables of access differ in demand, unit or direction; make both alike")
        both = (self, other) if self.limit == other.limit else tuple(
            table.within(min(self.limit, other.limit)) for table in (self, other)
        )  # fmt: skip
        return Access(
            self.n_demand, np.concatenate([both[0].first, both[1].first[1:] + both[0].first[-1]]),
            np.concatenate([b.demand for b in both]), np.concatenate([b.cost for b in both]),
            both[0].limit, self.unit, self.direction,
        )  # fmt: skip

    def nearest(self) -> tuple[Floats, Ints]:
        """Return cost and station of the nearest station of each row; infinite and -1 beyond the limit.

        Returns
        -------
        tuple of ndarray
            Cost [`unit`] and station, of equals the first, shape (n_demand,).
        """
        cost, station = np.full(self.n_demand, np.inf), np.full(self.n_demand, -1, np.int32)
        order = np.lexsort((self.station, self.cost, self.demand))
        row = self.demand[order]
        head = np.r_[True, row[1:] != row[:-1]] if len(row) else np.empty(0, bool)
        cost[row[head]] = self.cost[order[head]]
        station[row[head]] = self.station[order[head]]
        return cost, station

    def reached(self, radius: float | None = None) -> Flags:
        """Return which rows have a station within a radius (the limit if none is given). [`unit`]"""
        table = self if radius is None else self.within(radius)
        out = np.zeros(self.n_demand, bool)
        out[table.demand] = True
        return out

    def matrix(self) -> csc_array:
        """Return ones where a station is in reach, shape (n_demand, n_stations)."""
        ones = np.ones(len(self.demand), np.int8)
        return csc_array((ones, self.demand, self.first), shape=(self.n_demand, self.n_stations))

    def costs(self) -> csr_array:
        """Return the cost of every pair, a cost of 0 stored as well, shape (n_demand, n_stations). [`unit`]"""
        table = csc_array((self.cost, self.demand, self.first), shape=(self.n_demand, self.n_stations))
        return csr_array(table.tocsr())

    def pairs(self) -> pd.DataFrame:
        """Return ``demand``, ``station`` and ``cost`` of every pair. [`unit`]"""
        return pd.DataFrame({"demand": self.demand, "station": self.station, "cost": self.cost})


def network_access(
    network: Network,
    demand: AccessPoints,
    stations: AccessPoints,
    *,
    limit: float,
    unit: str = "m",
    direction: str = TO_STATION,
) -> Access:
    """Find which stations every demand reaches by road, the access ways at both ends included.

    Parameters
    ----------
    network : Network
        The network.
    demand, stations : AccessPoints
        Points snapped to it; what is set aside reaches nothing and is reached by nothing.
    limit : float
        Largest cost kept. [`unit`]
    unit : str
        ``m`` for distance, ``min`` for time.
    direction : str
        One of `changping_geo.stations.routing.DIRECTIONS`; with one-way streets they differ.

    Returns
    -------
    Access

    Raises
    ------
    ParameterError
        If the limit, unit or direction cannot be meant.
    """
    refuse_limit(limit, unit)
    if direction not in DIRECTIONS:
        raise ParameterError(f"direction {direction!r} is unknown; use one of: {', '.join(DIRECTIONS)}")
    if direction != ROUND_TRIP:
        found = reach(network, stations, demand, limit, unit, reverse=direction == TO_STATION)
        return _sorted(found, len(demand), limit, unit, direction)
    there, back = (
        _sorted(reach(network, stations, demand, 2 * limit, unit, reverse=way), len(demand), limit, unit, direction)
        for way in (True, False)
    )
    return _mean(there, back)


def straight_access(demand_xy: ArrayLike, station_xy: ArrayLike, *, limit: float) -> Access:
    """Find which stations lie within a straight distance: what circles on a map say.

    Parameters
    ----------
    demand_xy, station_xy : array_like
        Places, shapes (n, 2) and (s, 2). [m]
    limit : float
        Radius. [m]

    Returns
    -------
    Access

    Raises
    ------
    CrsError
        If all places look like degrees.
    """
    refuse_limit(limit, "m")
    rows, columns = (np.asarray(a, dtype=np.float64).reshape(-1, 2) for a in (demand_xy, station_xy))
    refuse_lonlat(np.concatenate([rows, columns]), limit)
    known, there = (np.flatnonzero(np.isfinite(a).all(axis=1)) for a in (rows, columns))
    if not (known.size and there.size):
        return Access(len(rows), np.zeros(len(columns) + 1, np.int64), np.empty(0, np.int32), np.empty(0), limit,
                      "m", "straight")  # fmt: skip
    reach_m = min(limit + 1.0, 1e9)
    pairs = cKDTree(columns[there]).sparse_distance_matrix(cKDTree(rows[known]), reach_m, output_type="ndarray")
    cost = np.rint(pairs["v"] * STEPS["m"]) / STEPS["m"]
    near = cost <= limit
    station, row, cost = there[pairs["i"][near]], known[pairs["j"][near]], cost[near]
    order = np.lexsort((row, station))
    first = np.concatenate([[0], np.cumsum(np.bincount(station, minlength=len(columns)))])
    return Access(len(rows), first, row[order].astype(np.int32), cost[order], float(limit), "m", "straight")


def nearest_by_road(
    network: Network, demand: AccessPoints, stations: AccessPoints, *, unit: str = "m", direction: str = TO_STATION
) -> tuple[Floats, Ints]:
    """Find the nearest station of every demand, however far.

    Parameters
    ----------
    network, demand, stations
        As in `network_access`.
    unit : str
        ``m`` or ``min``.
    direction : str
        ``to_station`` or ``from_station``.

    Returns
    -------
    tuple of ndarray
        Cost [`unit`], infinite where no station can be reached, and station, -1 for none, shape (n,).

    Raises
    ------
    ParameterError
        If the direction is neither of the two.
    """
    if direction not in {TO_STATION, FROM_STATION}:
        raise ParameterError(f"the nearest station is sought {TO_STATION} or {FROM_STATION}, not {direction!r}")
    return nearest(network, stations, demand, unit, reverse=direction == TO_STATION)


def straight_beside_road(
    by_road: Access, straight: Access, weights: pd.DataFrame, thresholds: ArrayLike
) -> pd.DataFrame:
    """Compare what circles promise with what roads hold.

    Parameters
    ----------
    by_road, straight : Access
        The same demand and stations by road [m] and by straight line.
    weights : DataFrame
        One column per kind of demand, shape (n_demand, k).
    thresholds : array_like
        Radii. [m]

    Returns
    -------
    DataFrame
        ``measure``, ``threshold``, ``share_road``, ``share_straight``, and their ``ratio`` straight over road. [1]
    """
    rows = []
    for radius in np.asarray(thresholds, dtype=np.float64):
        road, line = by_road.reached(radius), straight.reached(radius)
        for name in weights:
            weight = weights[name].to_numpy(dtype=np.float64)
            total = weight.sum()
            a, b = (float(weight[hit].sum() / total) if total > 0 else np.nan for hit in (road, line))
            rows.append((name, radius, a, b, b / a if a > 0 else np.nan))
    return pd.DataFrame(rows, columns=["measure", "threshold", "share_road", "share_straight", "ratio"])


def circuity(by_road: Access, straight: Access) -> Floats:
    """Return road over straight distance of every pair that both tables hold, shape (k,). [1]"""
    _, a, b = np.intersect1d(_keys(by_road), _keys(straight), return_indices=True)
    line = straight.cost[b]
    far = line > ZERO
    out: Floats = by_road.cost[a][far] / line[far]
    return out


def _sorted(found: Found, n: int, limit: float, unit: str, direction: str) -> Access:
    station = np.repeat(np.arange(len(found.first) - 1), np.diff(found.first))
    order = np.lexsort((found.goal, station))
    return Access(n, found.first, found.goal[order], found.cost[order], float(limit), unit, direction)


def _keys(table: Access) -> NDArray[np.int64]:
    return table.station.astype(np.int64) * table.n_demand + table.demand


def _mean(there: Access, back: Access) -> Access:
    """Half of there and back, within the limit."""
    key, a, b = np.intersect1d(_keys(there), _keys(back), return_indices=True)
    steps = STEPS[there.unit]
    cost = np.rint((there.cost[a] + back.cost[b]) * 0.5 * steps) / steps
    near = cost <= there.limit
    station, row = np.divmod(key[near], max(there.n_demand, 1))
    first = np.concatenate([[0], np.cumsum(np.bincount(station, minlength=there.n_stations))])
    return replace(there, first=first, demand=row.astype(np.int32), cost=cost[near])
