"""How much of each road lies within reach of a station, exactly, without cutting a road.

With costs d_u and d_v at the ends of a two-way edge that itself costs c, the part within R is
``min(c, max(0, R - d_u) + max(0, R - d_v))``: what reach is left at each end eats into the edge until the two meet. A
one-way edge is eaten from one end only. An edge on which a station stands is also eaten from there, and the parts are
united.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from shapely import ops

from changping_geo.model import ParameterError
from changping_geo.stations.routing import FROM_STATION, TO_STATION, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.graph import Network
    from changping_geo.stations.snap import AccessPoints

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RoadReach:
    """What is needed to say which part of every edge is within any radius.

    Attributes
    ----------
    network : Network
        The network.
    stations : AccessPoints
        The stations.
    at_node : ndarray
        Cost between each node and its nearest station, shape (n,). [`unit`]
    unit, direction : str
        ``m`` or ``min``; ``to_station`` or ``from_station``.
    """

    network: Network
    stations: AccessPoints
    at_node: Floats
    unit: str
    direction: str


def road_reach(network: Network, stations: AccessPoints, *, unit: str = "m", direction: str = TO_STATION) -> RoadReach:
    """Measure the network from its stations.

    Parameters
    ----------
    network : Network
        The network.
    stations : AccessPoints
        Stations snapped to it.
    unit : str
        ``m`` or ``min``.
    direction : str
        ``to_station`` (who may drive there) or ``from_station``.

    Returns
    -------
    RoadReach

    Raises
    ------
    ParameterError
        If the direction is neither of the two.
    """
    if direction not in {TO_STATION, FROM_STATION}:
        raise ParameterError(f"roads are covered {TO_STATION} or {FROM_STATION}, not {direction!r}")
    at_node, _ = nearest(network, stations, None, unit, reverse=direction == TO_STATION)
    return RoadReach(network, stations, at_node, unit, direction)


def edge_share(from_start: Floats, from_end: Floats, whole: Floats, radius: float) -> Floats:
    """Return the share of an edge within a radius, given the costs that may eat into it from its ends.

    Parameters
    ----------
    from_start, from_end : ndarray
        Cost at either end; infinite where traffic rules forbid to eat in from there, shape (m,). [any unit]
    whole : ndarray
        Cost of the edge, shape (m,). [same unit]
    radius : float
        Largest cost. [same unit]

    Returns
    -------
    ndarray
        Shape (m,). [1]

    Examples
    --------
    >>> edge_share(np.array([2.0]), np.array([9.0]), np.array([10.0]), 5.0)
    array([0.3])
    """
    left = np.maximum(0.0, radius - from_start) + np.maximum(0.0, radius - from_end)
    share: Floats = np.minimum(whole, left) / whole
    return share


def covered_share(reach: RoadReach, radius: float) -> Floats:
    """Return the share of each edge within a radius of a station, shape (m,). [1]

    Parameters
    ----------
    reach : RoadReach
        The measured network.
    radius : float
        Largest cost, itself within. [the reach's unit]
    """
    share = edge_share(*_at_ends(reach), reach.network.cost(reach.unit), radius)
    held = _intervals(reach, radius)
    edge, begin, end = _united(*held)
    on_station = np.unique(reach.stations.edge[reach.stations.on])
    share[on_station] = 0.0
    np.add.at(share, edge, np.where(np.isin(edge, on_station), end - begin, 0.0))
    return np.minimum(share, 1.0)


def covered_parts(reach: RoadReach, radius: float, *, beyond: float = 0.0) -> NDArray[np.object_]:
    """Return the parts of edges within a radius, as lines.

    Parameters
    ----------
    reach : RoadReach
        The measured network.
    radius : float
        Largest cost. [the reach's unit]
    beyond : float
        Edges that are whole within this smaller radius are left out. [the reach's unit]

    Returns
    -------
    ndarray
        Lines, whole edges as they are, shape (k,).
    """
    edge, begin, end = _united(*_intervals(reach, radius))
    if beyond > 0:
        known, low, high = _united(*_intervals(reach, beyond))
        fresh = ~np.isin(edge, known[(low <= 0) & (high >= 1)])
        edge, begin, end = edge[fresh], begin[fresh], end[fresh]
    line = reach.network.line[edge]
    whole = (begin <= 0) & (end >= 1)
    out = line.copy()
    for k in np.flatnonzero(~whole):
        out[k] = ops.substring(line[k], begin[k], end[k], normalized=True)
    parts: NDArray[np.object_] = out[shapely.length(out) > 0]
    return parts


def covered_length(reach: RoadReach, radius: float, labels: pd.Series) -> pd.DataFrame:
    """Add up road length within a radius by a label of the roads: class or town.

    Parameters
    ----------
    reach : RoadReach
        The measured network.
    radius : float
        Largest cost. [the reach's unit]
    labels : Series
        One per row of the road layer, shape (r,).

    Returns
    -------
    DataFrame
        By label ``length_m``, ``covered_m`` [m] and ``share`` [1]; closed and cut-off roads count as not covered.
    """
    network = reach.network
    frame = pd.DataFrame({
        "label": labels.to_numpy(dtype=object)[network.road],
        "length_m": network.length_m,
        "covered_m": network.length_m * covered_share(reach, radius),
    })  # fmt: skip
    out = frame.groupby("label", sort=True, dropna=False).sum()
    return out.assign(share=out["covered_m"] / out["length_m"])


def _at_ends(reach: RoadReach) -> tuple[Floats, Floats]:
    """Cost at either end of each edge, infinite where one may not eat in from there."""
    network = reach.network
    from_start, from_end = network.forward, network.backward
    if reach.direction == TO_STATION:
        from_start, from_end = from_end, from_start
    return (
        np.where(from_start, reach.at_node[network.start], np.inf),
        np.where(from_end, reach.at_node[network.end], np.inf),
    )


def _intervals(reach: RoadReach, radius: float) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Parts of edges as shares of their length, which may overlap: edge, begin, end."""
    network, cost = reach.network, reach.network.cost(reach.unit)
    at_start, at_end = _at_ends(reach)
    a, b = np.flatnonzero(at_start < radius), np.flatnonzero(at_end < radius)
    s = reach.stations
    here = np.flatnonzero(s.on & (s.leg(reach.unit) < radius))
    edge = s.edge[here]
    left = (radius - s.leg(reach.unit)[here]) / cost[edge]
    at = s.along_m[here] / network.length_m[edge]
    ahead, behind = network.forward[edge], network.backward[edge]
    if reach.direction == TO_STATION:
        ahead, behind = behind, ahead
    low, high = np.where(behind, at - left, at), np.where(ahead, at + left, at)
    return (
        np.concatenate([a, b, edge.astype(np.intp)]),
        np.maximum(np.concatenate([np.zeros(a.size), 1 - (radius - at_end[b]) / cost[b], low]), 0.0),
        np.minimum(np.concatenate([(radius - at_start[a]) / cost[a], np.ones(b.size), high]), 1.0),
    )


def _united(edge: NDArray[np.intp], begin: Floats, end: Floats) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Unite overlapping parts of the same edge."""
    if not edge.size:
        return edge, begin, end
    order = np.lexsort((begin, edge))
    edge, begin, end = edge[order], begin[order], end[order]
    # edges lie two apart, so that a running maximum of ends never runs over from one to the next
    place = 2.0 * np.cumsum(np.r_[0, edge[1:] != edge[:-1]])
    so_far = np.maximum.accumulate(end + place)
    fresh = np.r_[True, begin[1:] + place[1:] > so_far[:-1]]
    group = np.cumsum(fresh) - 1
    last = np.zeros(group[-1] + 1)
    np.maximum.at(last, group, end)
    return edge[fresh], begin[fresh], last
