"""Access points: where people, roofs and stations enter the road network, and who is too far from any road.

A point enters at the foot on its nearest usable edge; the edge is split in thought only, so that any number of points
on one edge keep their exact places and the network stays as it is. What lies too far off is set aside with reason and
distance: it gets no distance of zero, and no station.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from changping_geo.model import Cards, ColumnError, CrsError, GeometryError, Parameter, ParameterError
from changping_geo.stations.graph import refuse_degrees

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from changping_geo.stations.graph import Network

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int32]

_RANGE = "planning range, unverified"
CARDS = Cards(
    Parameter("access_detour", 1.3, "1", 1.0, 3.0, _RANGE,
              verified=False, title_zh="接驳绕行系数", title_en="Access way over straight line"),
    Parameter("max_access_m.built_up", 300.0, "m", 1.0, 5000.0, _RANGE,
              verified=False, title_zh="建成区最大接驳距离", title_en="Longest access, built-up"),
    Parameter("max_access_m.rural", 1000.0, "m", 1.0, 10000.0, _RANGE,
              verified=False, title_zh="乡村最大接驳距离", title_en="Longest access, rural"),
    Parameter("access_speed_km_h", 15.0, "km/h", 1.0, 50.0, _RANGE + ": the free-flow speed of service ways",
              verified=False, title_zh="接驳车速", title_en="Speed on the access way"),
)  # fmt: skip

OFF_NETWORK = "off_network"
NO_PLACE = "no_place"
REASONS = {
    OFF_NETWORK: ("距路网过远", "too far from the road network"),
    NO_PLACE: ("无位置", "no place given"),
}
#: A foot nearer to an edge's end is at the node. [m]
AT_NODE = 1e-3
#: When all points are so far from the roads, they are in another CRS. [m]
ELSEWHERE = 100_000.0
#: Two stations nearer than this are one place told twice. [m]
SAME_PLACE = 1.0


@dataclass(frozen=True, slots=True)
class AccessPoints:
    """Where points enter the network.

    Attributes
    ----------
    xy : ndarray
        The points, shape (n, 2). [m]
    edge : ndarray
        Edge of entry, -1 where a point is set aside, shape (n,).
    along_m : ndarray
        Way from the edge's start to the foot, shape (n,). [m]
    straight_m : ndarray
        Straight distance to the foot on the nearest usable edge, infinite where there is none, shape (n,). [m]
    leg_m : ndarray
        Length of the access way, shape (n,). [m]
    minutes : ndarray
        Time on the access way, shape (n,). [min]
    reason : ndarray
        Why a point is set aside (`REASONS`), empty where it is not, shape (n,).
    moved : ndarray
        Whether a nearer edge was passed over since it does not hang together with the main part, shape (n,).
    """

    xy: Floats
    edge: Ints
    along_m: Floats
    straight_m: Floats
    leg_m: Floats
    minutes: Floats
    reason: NDArray[np.object_]
    moved: Flags

    def __len__(self) -> int:
        return len(self.edge)

    @property
    def on(self) -> Flags:
        """Whether a point is on the network, shape (n,)."""
        return self.edge >= 0

    def leg(self, unit: str) -> Floats:
        """Return what the access way costs, shape (n,). [`unit`: m or min]"""
        return self.leg_m if unit == "m" else self.minutes

    def ledger(self) -> pd.DataFrame:
        """Return the points set aside: ``row``, ``reason``, ``distance_m`` to the nearest usable road."""
        row = np.flatnonzero(~self.on)
        return pd.DataFrame({"row": row, "reason": self.reason[row], "distance_m": self.straight_m[row]})


def places(frame: gpd.GeoDataFrame, network: Network, what: str) -> Floats:
    """Return where the rows of a layer are: points as they are, other shapes by their centroid, shape (n, 2). [m]

    Raises
    ------
    CrsError
        If the CRS is unknown, geographic, or not the network's.
    """
    refuse_degrees(frame, what)
    if frame.crs != network.crs:
        raise CrsError(f"the {what} are in {frame.crs.to_string()}, the roads are not; bring both to one CRS")
    return points_xy(np.asarray(frame.geometry.array, dtype=object))


def points_xy(shapes: NDArray[np.object_]) -> Floats:
    """Return the coordinates of points or of centroids, missing for what is empty, shape (n, 2). [m]"""
    middle = shapely.centroid(shapes)
    middle = np.where(shapely.is_empty(middle), None, middle)
    return np.column_stack([shapely.get_x(middle), shapely.get_y(middle)])


def snap(
    xy: ArrayLike,
    network: Network,
    *,
    max_access_m: ArrayLike = CARDS["max_access_m"]["rural"],
    detour: float = CARDS["access_detour"],
    speed_km_h: float = CARDS["access_speed_km_h"],
    usable: ArrayLike | None = None,
) -> AccessPoints:
    """Find where points enter the network.

    Parameters
    ----------
    xy : array_like
        Points, shape (n, 2). [m]
    network : Network
        Only edges of its main part are entered.
    max_access_m : array_like
        Longest straight distance to the edge, one for all or one per point. [m]
    detour : float
        Access way over straight distance. [1]
    speed_km_h : float
        Speed on the access way. [km/h]
    usable : array_like of bool, optional
        Edges that may be entered, shape (m,): no houses on motorways.

    Returns
    -------
    AccessPoints
        One row per point, in their order.

    Raises
    ------
    ParameterError
        If a factor or speed is not positive.
    CrsError
        If all points lie far from the roads: degrees, or another CRS.
    GeometryError
        If no edge may be entered.
    """
    at = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    if not (detour >= 1 and speed_km_h > 0 and np.all(np.asarray(max_access_m) > 0)):
        raise ParameterError("access needs a detour factor of 1 or more, and a speed and a longest way above 0")
    known = np.isfinite(at).all(axis=1)
    _refuse_elsewhere(at[known], network)
    open_ = network.main if usable is None else network.main & np.asarray(usable, dtype=bool)
    edges = np.flatnonzero(open_)
    if not edges.size:
        raise GeometryError("no road may be entered; check which classes are usable, and closures")
    points = shapely.points(at[known])
    edge, straight, along = np.full(len(at), -1, np.int32), np.full(len(at), np.inf), np.zeros(len(at))
    near = _nearest(points, network.line[edges])
    straight[known] = shapely.distance(points, network.line[edges[near]])
    edge[known] = edges[near]
    along[known] = shapely.line_locate_point(network.line[edge[known]], points)
    moved = np.zeros(len(at), bool)
    islands = np.flatnonzero(~network.main & (network.forward | network.backward))
    if islands.size and len(points):
        moved[known] = shapely.distance(points, network.line[islands[_nearest(points, network.line[islands])]]) < (
            straight[known] - AT_NODE
        )
    length = network.length_m[edge]
    along = np.where(along < AT_NODE, 0.0, np.where(along > length - AT_NODE, length, along))
    far = straight > np.asarray(max_access_m, dtype=np.float64)
    reason = np.where(known, np.where(far, OFF_NETWORK, ""), NO_PLACE).astype(object)
    edge[far] = -1
    leg = np.where(far, np.inf, straight * detour)
    return AccessPoints(at, edge, along, straight, leg, leg * 0.06 / speed_km_h, reason, moved & ~far)


def _nearest(points: NDArray[np.object_], lines: NDArray[np.object_]) -> NDArray[np.intp]:
    """Row of the nearest line of each point; of equals the first."""
    if not len(points):
        return np.empty(0, np.intp)
    point, line = shapely.STRtree(lines).query_nearest(points, all_matches=True)
    order = np.lexsort((line, point))
    point, line = point[order], line[order]
    out: NDArray[np.intp] = line[np.r_[True, point[1:] != point[:-1]]]
    return out


def _refuse_elsewhere(xy: Floats, network: Network) -> None:
    low, high = network.xy.min(axis=0) - ELSEWHERE, network.xy.max(axis=0) + ELSEWHERE
    if len(xy) and ((xy < low) | (xy > high)).any(axis=1).all():
        kind = "look like degrees" if np.abs(xy).max() <= 180 else "are in another CRS"  # noqa: PLR2004 - degrees
        raise CrsError(
            f"all points lie over {ELSEWHERE / 1000:g} km from the roads, so they {kind} "
            f"({xy[0, 0]:.4f}, {xy[0, 1]:.4f}); reproject them to the metric CRS of the roads first"
        )


def refuse_lonlat(xy: Floats, radius_m: float) -> None:
    """Refuse places in degrees where a radius in metres would reach all of them.

    Parameters
    ----------
    xy : ndarray
        Places, shape (n, 2). [m]
    radius_m : float
        Radius. [m]

    Raises
    ------
    CrsError
        If all places differ by less than 10 and lie within the range of degrees.
    """
    known = xy[np.isfinite(xy).all(axis=1)]
    if len(known) and radius_m > 360 and (np.abs(known) <= (180, 90)).all():  # noqa: PLR2004 - degrees
        spread = np.ptp(known, axis=0).max()
        if 0 < spread < 10:  # noqa: PLR2004 - degrees
            raise CrsError(
                f"the places look like degrees ({known[0, 0]:.4f}, {known[0, 1]:.4f}), and a radius of {radius_m:g} m "
                "would reach all of them; reproject them to the metric CRS first"
            )


def refuse_far(points: AccessPoints, ids: ArrayLike, what: str) -> None:
    """Refuse stations that cannot be reached by road.

    Raises
    ------
    GeometryError
        If a point is set aside; all are named with their distance.
    """
    off = np.flatnonzero(~points.on)
    if off.size:
        name = np.asarray(ids, dtype=object)
        told = ", ".join(f"{name[i]} ({points.straight_m[i]:.0f} m)" for i in off[:10])
        raise GeometryError(
            f"{off.size} {what} lie too far from any road ({told}{', …' if off.size > 10 else ''}): "  # noqa: PLR2004
            "correct their coordinates or datum, add the missing road, or raise max_access_m"
        )


def refuse_duplicates(ids: ArrayLike, xy: ArrayLike, what: str, *, within_m: float = SAME_PLACE) -> None:
    """Refuse stations given twice: they would count twice as supply and as sites.

    Parameters
    ----------
    ids : array_like
        Names, shape (n,).
    xy : array_like
        Places, shape (n, 2). [m]
    what : str
        What they are, for the message.
    within_m : float
        Two places nearer than this are one. [m]

    Raises
    ------
    ColumnError
        If a name or a place is there twice.
    """
    name, at = pd.Series(np.asarray(ids, dtype=object)), np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    faults = []
    if (twice := name.duplicated()).any():
        faults.append(f"the ids {', '.join(map(str, name[twice].unique()[:5]))} are given twice")
    place = same_place(at, within_m=within_m)
    again = np.flatnonzero(pd.Series(place).duplicated(keep="first"))
    if again.size:
        told = ", ".join(f"{name[i]} = {name[place[i]]}" for i in again[:5])
        faults.append(f"{again.size} stand within {within_m:g} m of another ({told})")
    if faults:
        raise ColumnError(f"{what}: {'; '.join(faults)}. Merge each into one row with the sum of its plugs or capacity")


def same_place(xy: ArrayLike, *, within_m: float = SAME_PLACE) -> NDArray[np.int64]:
    """Return for each point the row of the first point at its place, shape (n,).

    Parameters
    ----------
    xy : array_like
        Points, shape (n, 2). [m]
    within_m : float
        Points nearer than this are one place. [m]
    """
    at = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    first = np.arange(len(at))
    known = np.flatnonzero(np.isfinite(at).all(axis=1))
    if known.size:
        pairs = known[cKDTree(at[known]).query_pairs(within_m, output_type="ndarray").reshape(-1, 2)]
        np.minimum.at(first, pairs.max(axis=1), pairs.min(axis=1))
        while (first[first] != first).any():
            first = first[first]
    return first
