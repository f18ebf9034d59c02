"""A routable network from road lines: who may drive which way, how long and how fast each edge is, what hangs together.

An edge is one road line as drawn; its ends become nodes. Closed roads stay as edges that nobody may use, so that the
length of the network is the length of the layer. Nothing is merged here: parallel edges are reduced to the cheapest
when arcs are laid (`changping_geo.stations.routing`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from changping_geo.model import Cards, ColumnError, CrsError, GeometryError, Parameter, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int32]

_SPEEDS = {
    "motorway": (90.0, "高速公路", "motorway"),
    "trunk": (65.0, "国道快速路", "trunk"),
    "primary": (50.0, "主干路", "primary"),
    "secondary": (40.0, "次干路", "secondary"),
    "tertiary": (35.0, "支路", "tertiary"),
    "residential": (25.0, "街巷村路", "residential"),
    "service": (15.0, "内部道路", "service"),
}
_RANGE = "planning range, unverified"

CARDS = Cards(
    (
        Parameter(f"road_speed_km_h.{word}", speed, "km/h", 5.0, 130.0, _RANGE + "; used where the road tells none",
                  verified=False, title_zh=f"自由流车速({zh})", title_en=f"Free-flow speed, {en}")
        for word, (speed, zh, en) in _SPEEDS.items()
    ),
    Parameter("peak_factor", 0.6, "1", 0.1, 1.0, _RANGE + ": 0.5 to 0.8 of the free-flow speed; 1 is free flow",
              verified=False, title_zh="高峰车速系数", title_en="Speed at the peak over free flow"),
    Parameter("join_tolerance_m", 0.1, "m", 0.0, 5.0, "line ends closer than this are one junction; a user's choice",
              verified=True, title_zh="路网端点合并容差", title_en="Line ends joined within"),
    Parameter("min_main_share", 0.5, "1", 0.0, 1.0, _RANGE + ": below it the layer is no network",
              verified=False, title_zh="主连通部分最低里程占比",
              title_en="Least share of road length that hangs together"),
)  # fmt: skip

#: Least length of an edge. [m]
SHORTEST = 1e-3
#: A dead end so close to the middle of another road is told as a likely missing junction. [m]
NEAR = 1.0
DIRECTIONS = ("both", "forward", "backward")


@dataclass(frozen=True, slots=True)
class Network:
    """Edges and nodes of a road layer.

    Attributes
    ----------
    crs : object
        The metric CRS of lines and nodes.
    xy : ndarray
        Nodes, shape (n, 2). [m]
    line : ndarray
        Edges as drawn, shape (m,).
    road : ndarray
        Row of the road layer that each edge is, shape (m,).
    start, end : ndarray
        Nodes at both ends, shape (m,).
    length_m : ndarray
        Shape (m,). [m]
    minutes : ndarray
        Driving time at the chosen speeds, shape (m,). [min]
    forward, backward : ndarray
        Whether one may drive as drawn and against it, shape (m,).
    main : ndarray
        Whether both ends lie in the largest part from every place of which every other can be reached, shape (m,).
    notes : dict of str to float
        What was found: counts, lengths and shares, by name.
    set_aside : DataFrame
        Road rows that make no edge: ``road`` and ``reason``.
    """

    crs: object
    xy: Floats
    line: NDArray[np.object_]
    road: NDArray[np.int64]
    start: Ints
    end: Ints
    length_m: Floats
    minutes: Floats
    forward: Flags
    backward: Flags
    main: Flags
    notes: dict[str, float] = field(default_factory=dict)
    set_aside: pd.DataFrame = field(default_factory=pd.DataFrame)

    def cost(self, unit: str) -> Floats:
        """Return what driving an edge costs, shape (m,). [`unit`: m or min]

        Raises
        ------
        ParameterError
            If the unit is neither ``m`` nor ``min``.
        """
        if unit not in {"m", "min"}:
            raise ParameterError(f"cost unit {unit!r} is unknown; use 'm' for distance or 'min' for time")
        return self.length_m if unit == "m" else self.minutes


def build_network(
    roads: gpd.GeoDataFrame,
    *,
    speed_km_h: Mapping[str, float] | None = None,
    peak_factor: float | Mapping[str, float] = 1.0,
    closed: ArrayLike | None = None,
    join_m: float = CARDS["join_tolerance_m"],
    min_main_share: float = CARDS["min_main_share"],
) -> Network:
    """Make a network of road lines that meet end to end.

    Parameters
    ----------
    roads : GeoDataFrame
        Lines in a metric CRS with the columns ``class``, and where known ``speed_km_h`` [km/h] and ``oneway``
        (``both``, ``forward``, ``backward``), shape (r,).
    speed_km_h : mapping, optional
        Speed by class where a road tells none; completes the cards ``road_speed_km_h``. [km/h]
    peak_factor : float or mapping
        Share of that speed that is driven, for all roads or by class. [1]
    closed : array_like of bool, optional
        Roads that nobody may use, shape (r,).
    join_m : float
        Line ends closer than this are one node. [m]
    min_main_share : float
        Share of usable road length that must hang together. [1]

    Returns
    -------
    Network

    Raises
    ------
    CrsError
        If the CRS is unknown or geographic.
    ColumnError
        If a speed is zero, negative or unknown for its class, or a direction is none of the three.
    GeometryError
        If there are no usable lines, or they do not hang together.
    """
    refuse_degrees(roads, "roads")
    line, road, aside = _lines(roads)
    shut = np.zeros(len(roads), bool) if closed is None else np.asarray(closed, dtype=bool)
    if shut.shape != (len(roads),):
        raise ColumnError(f"closures have {shut.size} values for {len(roads)} roads; give one per road")
    speed, filled = _speeds(roads, CARDS.merged("road_speed_km_h", speed_km_h or {}), peak_factor)
    way = _ways(roads)
    length = shapely.length(line)
    xy, start, end = _nodes(line, join_m)
    real = (start != end) | (length > max(2 * join_m, SHORTEST))
    gone = pd.DataFrame({"road": road[~real], "reason": "collapsed"})
    line, road, start, end, length = line[real], road[real], start[real], end[real], length[real]
    forward = (way[road] != "backward") & ~shut[road]
    backward = (way[road] != "forward") & ~shut[road]
    main, notes = _parts(xy, start, end, length, forward, backward)
    notes |= {"closed_edges": float(shut[road].sum()), "speeds_by_class": float(filled)}
    notes |= {"ends_near_a_road": float(_near_ends(xy, line, start, end))}
    if notes["main_share"] < min_main_share:
        raise GeometryError(_torn(notes, min_main_share))
    return Network(
        roads.crs, xy, line, road, start, end, length, length * 0.06 / speed[road], forward, backward, main, notes,
        pd.concat([aside, gone], ignore_index=True),
    )  # fmt: skip


def refuse_degrees(frame: gpd.GeoDataFrame, what: str) -> None:
    """Refuse shapes whose coordinates are no metres.

    Raises
    ------
    CrsError
        If the CRS is unknown or geographic, or all coordinates look like degrees.
    """
    if frame.crs is None:
        raise CrsError(f"the {what} have no CRS; declare it in the layer's source")
    if frame.crs.is_geographic:
        raise CrsError(
            f"the {what} are in degrees ({frame.crs.to_string()}), and a radius is in metres: reproject first"
        )
    box = frame.total_bounds
    if np.isfinite(box).all() and np.abs(box[[0, 2]]).max() <= 180 and np.abs(box[[1, 3]]).max() <= 90:  # noqa: PLR2004
        wide = float(max(box[2] - box[0], box[3] - box[1]))
        if box[0] != int(box[0]) and wide < 10:  # noqa: PLR2004 - a made-up village may well be so small
            raise CrsError(
                f"the {what} are said to be in {frame.crs.to_string()}, but coordinates look like degrees "
                f"({box[0]:.4f}, {box[1]:.4f}); declare the true CRS of the source"
            )


def _lines(roads: gpd.GeoDataFrame) -> tuple[NDArray[np.object_], NDArray[np.int64], pd.DataFrame]:
    shapes = np.asarray(roads.geometry.array, dtype=object)
    dimension = shapely.get_dimensions(shapes)
    good = (dimension == 1) & ~shapely.is_empty(shapes)
    rows = np.flatnonzero(good)
    parts, of = shapely.get_parts(shapely.force_2d(shapes[rows]), return_index=True)
    if not len(parts):
        raise GeometryError(f"none of {len(shapes)} roads is a line; deliver the centre lines of roads")
    aside = pd.DataFrame({"road": np.flatnonzero(~good), "reason": "no_line"})
    return parts, rows[of].astype(np.int64), aside


def _speeds(
    roads: gpd.GeoDataFrame, usual: Mapping[str, float], factor: float | Mapping[str, float]
) -> tuple[Floats, int]:
    """Driven speed of every road, and for how many it came from the class."""
    kind = roads["class"].astype("str").to_numpy(dtype=object) if "class" in roads else np.full(len(roads), "", object)
    by_class = np.array([usual.get(k, np.nan) for k in kind], dtype=np.float64)
    told = np.full(len(roads), np.nan)
    if "speed_km_h" in roads:
        told = pd.to_numeric(roads["speed_km_h"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    share = np.array([factor.get(k, 1.0) for k in kind]) if not isinstance(factor, float | int) else np.float64(factor)
    faults = []
    if (still := np.flatnonzero(told <= 0)).size:
        faults.append(f"speed_km_h is zero or negative in {still.size} roads (rows {_some(still)}): leave it empty to "
                      "take the class's speed, or mark the road as closed")  # fmt: skip
    if (lost := np.flatnonzero(np.isnan(told) & ~(by_class > 0))).size:
        names = ", ".join(sorted({repr(str(kind[i])) for i in lost})[:5])
        faults.append(f"{lost.size} roads tell neither a speed nor a known class ({names}; rows {_some(lost)}): "
                      f"give speed_km_h, or one of the classes {', '.join(usual)}")  # fmt: skip
    if not np.all((share > 0) & (share <= 1)):
        faults.append("peak_factor must lie above 0 and at most at 1")
    if faults:
        raise ColumnError("roads: " + "; ".join(faults))
    return np.where(np.isnan(told), by_class, told) * share, int(np.isnan(told).sum())


def _ways(roads: gpd.GeoDataFrame) -> NDArray[np.object_]:
    if "oneway" not in roads:
        return np.full(len(roads), "both", dtype=object)
    way = np.where(roads["oneway"].isna(), "both", roads["oneway"].astype(object)).astype(object)
    odd = sorted({str(w) for w in way} - set(DIRECTIONS))
    if odd:
        raise ColumnError(f"roads: oneway holds {', '.join(map(repr, odd[:5]))}; use {', '.join(DIRECTIONS)}")
    return way


def _nodes(line: NDArray[np.object_], join_m: float) -> tuple[Floats, Ints, Ints]:
    """Make nodes of the lines' ends; ends within the tolerance are one, in chains if need be."""
    ends = shapely.get_coordinates(np.concatenate([shapely.get_point(line, 0), shapely.get_point(line, -1)]))
    xy, of = np.unique(ends, axis=0, return_inverse=True)
    of = of.reshape(-1)
    pairs = cKDTree(xy).query_pairs(join_m, output_type="ndarray")
    if len(pairs):
        near = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
        _, group = connected_components(near, directed=False)
        _, head = np.unique(group, return_index=True)
        xy, of = xy[head], group.astype(np.int64)[of]
    node = of.astype(np.int32)
    return xy, node[: len(line)], node[len(line) :]


def _parts(
    xy: Floats, start: Ints, end: Ints, length: Floats, forward: Flags, backward: Flags
) -> tuple[Flags, dict[str, float]]:
    """Edges of the main part, and what hangs together."""
    tail = np.concatenate([start[forward], end[backward]])
    head = np.concatenate([end[forward], start[backward]])
    arcs = coo_matrix((np.ones(len(tail)), (tail, head)), shape=(len(xy), len(xy))).tocsr()
    open_ = forward | backward
    weak_count, weak = connected_components(arcs, connection="weak")
    _, strong = connected_components(arcs, connection="strong")
    inner = open_ & (strong[start] == strong[end])
    by_part = np.bincount(strong[start[inner]], weights=length[inner], minlength=1)
    part = int(by_part.argmax())
    main = inner & (strong[start] == part)
    usable = float(length[open_].sum())
    pair = np.stack([np.minimum(start, end), np.maximum(start, end)])
    used = np.unique(weak[start[open_]])
    return main, {
        "nodes": float(len(xy)),
        "edges": float(len(start)),
        "length_m": float(length.sum()),
        "usable_length_m": usable,
        "components": float(used.size or weak_count),
        "main_share": float(length[main].sum()) / usable if usable > 0 else 0.0,
        "main_nodes_share": float(np.mean(strong == part)),
        "parallel_edges": float(len(start) - np.unique(pair, axis=1).shape[1]),
    }


def _near_ends(xy: Floats, line: NDArray[np.object_], start: Ints, end: Ints) -> int:
    """Dead ends that all but touch the middle of another road: junctions that were likely never drawn."""
    degree = np.bincount(np.concatenate([start, end]), minlength=len(xy))
    dead = np.flatnonzero(degree == 1)
    if not dead.size:
        return 0
    point, edge = shapely.STRtree(line).query(shapely.points(xy[dead]), predicate="dwithin", distance=NEAR)
    other = (start[edge] != dead[point]) & (end[edge] != dead[point])
    return int(np.unique(point[other]).size)


def _torn(notes: Mapping[str, float], least: float) -> str:
    return (
        f"the road layer does not hang together: the largest part in which every place reaches every other holds "
        f"{notes['main_share']:.0%} of the usable length, at least {least:.0%} is asked for "
        f"({notes['components']:.0f} pieces, {notes['ends_near_a_road']:.0f} dead ends within {NEAR:g} m of another "
        "road); split lines where they meet, raise join_tolerance_m, and check one-way streets and closures"
    )


def _some(rows: NDArray[np.intp]) -> str:
    return ", ".join(map(str, rows[:5].tolist())) + (", …" if rows.size > 5 else "")  # noqa: PLR2004 - enough to look
