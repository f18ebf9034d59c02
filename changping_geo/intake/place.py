"""Where a delivered file lies: its coordinate system by extent, its datum by signs and by registration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from changping_geo.intake.words import bare, tables
from changping_geo.layers.columns import texts_of
from changping_geo.layers.datum import to_wgs84
from changping_geo.layers.shapes import REACH, name_of
from changping_geo.layers.shift import shift_like_gcj02

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from changping_geo.intake.look import Part

# A candidate fits when this share of the points lies in reach of the district.
FITS = 0.5
SAMPLE = 5_000
WGS84 = "EPSG:4326"
# Roads tell of a datum when one brings the points this much nearer than the others, and there are as many points.
NEARER, FEWEST = 0.5, 8
# Towns tell of a datum when as much more of the points lies in the town that they name.
MORE_IN_TOWN = 0.05


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part lies.

    Attributes
    ----------
    crs : str
        What is to be declared; empty when the file says it itself.
    axes : str
        ``yx`` when the axes are exchanged.
    datum : str
        ``cgcs2000``, ``wgs84``, ``gcj02`` or ``bd09``.
    share : float
        Share of the points in reach of the district. [1]
    notes : tuple of str
        How it is known.
    """

    crs: str
    axes: str
    datum: str
    share: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the workspace knows of the ground.

    Attributes
    ----------
    district : Polygon or MultiPolygon
        The outline. [m]
    crs : str
        The metric CRS.
    towns : GeoDataFrame or None
        Towns with ``name_zh``, when they may be trusted.
    roads : GeoDataFrame or None
        Roads, when they may be trusted.
    """

    district: BaseGeometry
    crs: str
    towns: gpd.GeoDataFrame | None = None
    roads: gpd.GeoDataFrame | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    crs: str
    axes: str
    how: str
    share: float


def locate(xy: NDArray[np.float64], part: Part, ground: Ground) -> Place:
    """Find the coordinate system of points by where they would lie.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Coordinates as the file has them.
    part : Part
        Names its CRS, if the file does.
    ground : Ground
        District and metric CRS.

    Returns
    -------
    Place
        With ``share`` 0 when nothing fits; ``notes`` then tell what was tried.
    """
    xy = xy[np.isfinite(xy).all(axis=1)][:: max(1, len(xy) // SAMPLE)]
    if not len(xy):
        return Place("", "", "cgcs2000", 0.0, ("the file holds no coordinates",))
    if part.crs:
        known = CRS(part.crs)
        share = _share(xy, known, ground)
        turned = _share(xy[:, ::-1], known, ground)
        axes = "yx" if turned > share + FITS else ""
        told = f"coordinate system of the file: {name_of(known)}"
        if axes:
            return Place("", axes, "cgcs2000", turned, (f"{told}, with its axes exchanged",))
        if share >= FITS:
            return Place("", "", "cgcs2000", share, (told,))
        others = _candidates(xy, ground)
        mend = f"; its coordinates fit {others[0].crs} ({others[0].how}): mend its .prj" if others else ""
        return Place("", "", "cgcs2000", share, (f"{told}, but {share:.0%} of it lies in reach of the district{mend}",))
    found = _candidates(xy, ground)
    if not found:
        low, high = xy.min(axis=0), xy.max(axis=0)
        extent = f"{low[0]:.6g}, {low[1]:.6g}, {high[0]:.6g}, {high[1]:.6g}"
        told = f"extent (west, south, east, north) {extent} fits no coordinate system that is known here"
        return Place("", "", "cgcs2000", 0.0, (f"{told}; name it with crs = … in a [[sources]] entry",))
    best = found[0]
    runner = next((c for c in found[1:] if not _same(c, best, xy)), None)
    told = f"no coordinate system in the file; by its extent {best.crs} ({best.how}), {best.share:.0%} in reach"
    beside = f"; next {runner.crs} ({runner.how}) {runner.share:.0%}" if runner else ""
    return Place(best.crs, best.axes, "cgcs2000", best.share, (f"{told}{beside}",))


def _candidates(xy: NDArray[np.float64], ground: Ground) -> list[_Candidate]:
    words = tables()["crs"]
    tried: list[tuple[str, str]] = []
    if np.abs(xy).max() <= 360.0:  # noqa: PLR2004 - degrees of a circle
        tried.append((words["geographic"], "longitude and latitude"))
    else:
        tried.append((ground.crs, "the workspace's own"))
        tried += [(f"EPSG:{code}", how) for first, last, how in words["zones"] for code in range(first, last + 1)]
    out: list[_Candidate] = []
    middle = ground.district.centroid
    lon, lat = _way(ground.crs, WGS84).transform(middle.x, middle.y)
    for code, how in tried:
        try:
            crs = CRS(code)
        except CRSError:
            continue
        if not _near(crs, lon, lat):
            continue
        # A Chinese zone names its northing first; what counts here is the order of the numbers in the file.
        out += [
            _Candidate(code, axes, how + (", axes exchanged" if axes else ""), share)
            for axes, points in (("", xy), ("yx", xy[:, ::-1]))
            if (share := _share(points, crs, ground)) >= FITS
        ]
    order = {candidate: i for i, candidate in enumerate(out)}
    return sorted(out, key=lambda c: (-round(c.share, 2), order[c]))


@lru_cache(maxsize=64)
def _way(one: CRS | str, other: CRS | str) -> Transformer:
    """Return a transformer; to look one up takes a tenth of a second."""
    return Transformer.from_crs(one, other, always_xy=True)


def _near(crs: CRS, lon: float, lat: float) -> bool:
    """Whether a place lies in a CRS's area of use, or a zone beside it; a way to each would take long to look up."""
    area = crs.area_of_use
    if area is None:
        return True
    more = 0.5 * (area.east - area.west)
    return bool(area.west - more <= lon <= area.east + more and area.south <= lat <= area.north)


def _share(xy: NDArray[np.float64], crs: CRS, ground: Ground) -> float:
    """Return the share of points in reach of the district, those inside counting a little more. [1]"""
    x, y = _way(crs, ground.crs).transform(xy[:, 0], xy[:, 1])
    x, y = np.asarray(x), np.asarray(y)
    west, south, east, north = ground.district.bounds
    more = REACH * max(east - west, north - south)
    with np.errstate(invalid="ignore"):
        near = (x >= west - more) & (x <= east + more) & (y >= south - more) & (y <= north + more)
    if not near.any():
        return 0.0
    inside = shapely.contains_xy(ground.district, np.where(near, x, west - more), np.where(near, y, south - more))
    return float(0.9 * near.mean() + 0.1 * inside.mean())


def _same(one: _Candidate, other: _Candidate, xy: NDArray[np.float64]) -> bool:
    """Whether two candidates put the points at the same place, such as a 3° and a 6° zone of one meridian."""
    a, b = (np.column_stack(_way(c.crs, WGS84).transform(*(xy[:, ::-1] if c.axes else xy)[:1].T)) for c in (one, other))
    return bool(np.abs(a - b).max() < 1e-5)  # noqa: PLR2004 - a metre


def signs(words: str, names: list[str]) -> str:
    """Return the datum that names of file and columns tell of, or nothing."""
    table = tables()["datum"]
    text = f"{words} {' '.join(names)}".lower()
    for datum in ("bd09", "gcj02", "wgs84"):
        if any(word in text for word in table[datum]):
            return datum
    small = {name.strip().lower() for name in names}
    for datum in ("gcj02", "bd09"):
        if len(small & set(table[f"{datum}_columns"])) >= 2:  # noqa: PLR2004 - two of them are no chance
            return datum
    return ""


def find_datum(
    lonlat: NDArray[np.float64], part: Part, names: list[str], layer: str, ground: Ground
) -> tuple[str, list[str]]:
    """Find the datum of points in degrees.

    Parameters
    ----------
    lonlat : ndarray, shape (n, 2)
        Longitude and latitude as the file has them. [deg]
    part : Part
        Names of file and columns, and town names among its rows.
    names : list of str
        The columns with the coordinates.
    layer : str
        The layer that the points are for; some stand beside roads.
    ground : Ground
        District, towns and roads.

    Returns
    -------
    str, list of str
        The datum, and how it is known.
    """
    columns = [str(c) for c in (part.frame.columns if part.frame is not None else [])]
    # The coordinates' own headings say most: one file may hold several pairs.
    hint = signs("", names) or signs(part.words, columns)
    up = _way(WGS84, ground.crs).transform
    ways = {
        datum: np.column_stack(up(*to_wgs84(lonlat[:, 0], lonlat[:, 1], datum))) for datum in ("wgs84", "gcj02", "bd09")
    }
    notes = [f"signs of {hint} in the names of file or columns"] if hint else []
    found = ""
    beside = layer in tables()["datum"]["beside_roads"]
    for answer, told in (_by_town(ways, part, ground), _by_roads(ways, ground) if beside else ("", "")):
        notes += [told] if told else []
        found = found or answer
    outline, told = _by_outline(ways, ground)
    notes += [told] if told else []
    if hint and found and hint != found:
        notes.append(f"the names say {hint}, the places {found}: the places are believed; please confirm")
    return (found or hint or outline or "cgcs2000"), notes


def _by_town(ways: dict[str, NDArray[np.float64]], part: Part, ground: Ground) -> tuple[str, str]:
    """Ask how many points lie in the town that their row names."""
    if ground.towns is None or part.frame is None:
        return "", ""
    known = set(map(bare, tables()["coordinates"]["town"]))
    column = next((c for c in part.frame.columns if bare(c) in known), None)
    if column is None:
        return "", ""
    named = np.array([t or "" for t in texts_of(part.frame[column])], dtype=object)
    shares = dict.fromkeys(ways, 0.0)
    judged = np.isin(named, ground.towns["name_zh"].to_numpy(dtype=object))
    if judged.sum() < FEWEST:
        return "", ""
    for datum, xy in ways.items():
        hit = np.zeros(len(xy), dtype=bool)
        for name, shape in zip(ground.towns["name_zh"], ground.towns.geometry, strict=True):
            rows = named == name
            hit[rows] = shapely.contains_xy(shape, *xy[rows].T)
        shares[datum] = float(hit[judged].mean())
    told = "points in the town that they name: " + ", ".join(f"{d} {s:.0%}" for d, s in shares.items())
    ranked = sorted(shares, key=lambda d: -shares[d])
    return (ranked[0] if shares[ranked[0]] - shares[ranked[1]] >= MORE_IN_TOWN else ""), told


def _by_roads(ways: dict[str, NDArray[np.float64]], ground: Ground) -> tuple[str, str]:
    """Ask how near points lie to roads, for what stands beside them."""
    if ground.roads is None or not len(ground.roads):
        return "", ""
    if len(next(iter(ways.values()))) < FEWEST:
        return "", ""
    tree = shapely.STRtree(ground.roads.geometry.to_numpy())
    median = {}
    for datum, xy in ways.items():
        points = shapely.points(xy)
        nearest = tree.nearest(points)
        median[datum] = float(np.median(shapely.distance(points, tree.geometries[nearest])))
    told = "median distance to a road: " + ", ".join(f"{d} {m:.0f} m" for d, m in median.items())
    ranked = sorted(median, key=lambda d: median[d])
    return (ranked[0] if median[ranked[0]] < NEARER * median[ranked[1]] else ""), told


def _by_outline(ways: dict[str, NDArray[np.float64]], ground: Ground) -> tuple[str, str]:
    """Ask whether the points leave the outline as a shifted layer does."""
    shift = shift_like_gcj02(shapely.points(ways["wgs84"]), ground.district, ground.crs)
    if shift is None or shift.undone:
        return "", ""
    outside = {d: int((~shapely.contains_xy(ground.district, *xy.T)).sum()) for d, xy in ways.items()}
    best = "bd09" if outside["bd09"] < NEARER * outside["gcj02"] else "gcj02"
    return best, (
        f"registration against the outline: {shift.before:,.0f} points outside become {outside[best]:,} when "
        f"{best} is undone (the GCJ-02 offset is {shift.offset_m:.0f} m here)"
    )
