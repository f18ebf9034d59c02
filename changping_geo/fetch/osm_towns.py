"""Towns from OpenStreetMap's boundaries, made to tile the district: overlaps and gaps are told, then closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.fetch import words
from changping_geo.fetch.area import WGS84
from changping_geo.fetch.asks import FetchError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from changping_geo.fetch import Job
    from changping_geo.fetch.osm import Elements

# A town with less of its area in the district is a neighbour's. [1]
MOSTLY = 0.5
# Towns that leave out or share more of the district are not made to tile. [1]
MOST_MENDED = 0.1
# Gaps are shared out by the nearest corner; corners stand this close. [m]
STEP_M = 50.0
KINDS = {"镇": "town", "街道": "subdistrict"}


def towns(job: Job, elements: Elements, notes: list[str]) -> gpd.GeoDataFrame:
    """Return the towns of the level that fills the district best, clipped to it and tiling it.

    Raises
    ------
    FetchError
        If no level has towns here, or they leave out or share too much.
    """
    items = [
        item for item in elements.shapes() if item.tags.get("boundary") == "administrative" and item.name[0] == "r"
    ]
    broken = [ref for ref in elements.relation_tags if elements.relation(ref) is None]
    if broken:
        notes.append(
            f"{len(broken)} boundaries do not close and are left out: relations {', '.join(map(str, broken[:9]))}"
        )
    if not items:
        raise FetchError("OpenStreetMap has no towns here (boundaries of admin_level 8 or 9)")
    frame = gpd.GeoDataFrame(
        {"name": [i.name for i in items], "tags": [i.tags for i in items]}, geometry=[i.shape for i in items], crs=WGS84
    ).to_crs(job.area.crs)
    rows, shapes = pick_level(frame, job.area.outline, notes)
    tiled = tile(shapes, job.area.outline, notes)
    return towns_table(job, rows, tiled, notes)


def pick_level(
    frame: gpd.GeoDataFrame, outline: BaseGeometry, notes: list[str]
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Return the rows of one ``admin_level`` that lie mostly in the district, with their clipped shapes. [m]"""
    shapes = shapely.make_valid(frame.geometry.to_numpy(), method="structure", keep_collapsed=False)
    inside = shapely.intersection(shapes, outline)
    mostly = shapely.area(inside) > MOSTLY * shapely.area(shapes)
    levels = np.array([tags.get("admin_level", "") for tags in frame["tags"]])
    covered = {
        level: float(shapely.union_all(inside[mostly & (levels == level)]).area)
        for level in sorted(set(levels.tolist()))
    }
    best = max(covered, key=lambda level: covered[level])
    share = covered[best] / float(outline.area)
    if share < 1.0 - MOST_MENDED:
        raise FetchError(
            f"the towns of OpenStreetMap fill {share:.0%} of the district only; deliver data_raw/towns.gpkg"
        )
    notes.append(f"towns are the boundaries of admin_level {best}, which fill {share:.2%} of the outline")
    chosen = mostly & (levels == best)
    return frame[chosen].reset_index(drop=True), inside[chosen]


def tile(shapes: NDArray[np.object_], outline: BaseGeometry, notes: list[str]) -> NDArray[np.object_]:
    """Make shapes tile an outline: what two share stays with the smaller, what none has goes to the nearest.

    Parameters
    ----------
    shapes : ndarray of Polygon or MultiPolygon, shape (n,)
        Inside the outline. [m]
    outline : Polygon or MultiPolygon
        What they are to fill. [m]
    notes : list of str
        Receives the area of overlaps and gaps.

    Returns
    -------
    ndarray, shape (n,)
        Without overlaps and gaps. [m]
    """
    out = np.array([_polygons(s) for s in shapes], dtype=object)
    overlap = float(shapely.area(out).sum()) - float(shapely.union_all(out).area)
    order = np.argsort(shapely.area(out), kind="stable")
    for rank, i in enumerate(order[1:], 1):
        out[i] = _polygons(shapely.difference(out[i], shapely.union_all(out[order[:rank]])))
    gaps = shapely.difference(outline, shapely.union_all(out))
    notes.append(
        f"towns against the outline: overlaps {overlap / 1e6:.3f} km2, gaps {gaps.area / 1e6:.3f} km2, "
        "closed by giving each place to the smaller or to the nearest town"
    )
    if max(overlap, float(gaps.area)) > MOST_MENDED * float(outline.area):
        raise FetchError("the towns of OpenStreetMap share or leave out too much of the district; deliver your own")
    extra: list[list[BaseGeometry]] = [[] for _ in out]
    for gap in shapely.get_parts(gaps):
        for town, piece in _share_out(gap, out):
            extra[town].append(piece)
    return np.array(
        [_polygons(shapely.union_all([s, *more])) for s, more in zip(out, extra, strict=True)], dtype=object
    )


def _share_out(gap: BaseGeometry, shapes: NDArray[np.object_]) -> list[tuple[int, BaseGeometry]]:
    """Cut a gap into the parts that are nearest to each town."""
    near = np.flatnonzero(shapely.distance(shapes, gap) < 1.0)
    if near.size == 0:
        near = np.array([int(np.argmin(shapely.distance(shapes, gap)))])
    if near.size == 1:
        return [(int(near[0]), gap)]
    around = gap.buffer(10.0 * STEP_M)
    corners, owners = [], []
    for town in near:
        edge = shapely.segmentize(shapely.intersection(shapes[town].boundary, around), STEP_M)
        points = np.unique(np.round(shapely.get_coordinates(edge), 3), axis=0)
        corners.append(points)
        owners.append(np.full(len(points), town))
    xy, owner = np.concatenate(corners), np.concatenate(owners)
    _, first = np.unique(xy, axis=0, return_index=True)
    xy, owner = xy[first], owner[first]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(xy), extend_to=around))
    nearest = shapely.STRtree(shapely.points(xy)).query_nearest(shapely.point_on_surface(cells), all_matches=False)[1]
    hit = shapely.STRtree(cells).query(gap, predicate="intersects")
    pieces = shapely.intersection(cells[hit], gap)
    return [(int(owner[nearest[cell]]), piece) for cell, piece in zip(hit, pieces, strict=True) if piece.area > 0.0]


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    """Return what has area of a shape."""
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    parts += [p for q in shapely.get_parts(shape) if q.geom_type == "MultiPolygon" for p in shapely.get_parts(q)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def towns_table(job: Job, rows: gpd.GeoDataFrame, shapes: NDArray[np.object_], notes: list[str]) -> gpd.GeoDataFrame:
    """Name the towns; code, kind and census population come from the workspace's table of towns where names agree."""
    table: Any = (
        job.ws.layer("town_table").data if "town_table" in job.ws.specs and job.ws.has("town_table") else pd.DataFrame()
    )
    known = {row["name_zh"]: row for row in table.to_dict("records")} if len(table) else {}
    out: list[dict[str, Any]] = []
    for name, tags in zip(rows["name"], rows["tags"], strict=True):
        title = words.name(tags) or name
        row = known.get(title, {})
        code = row.get("town_code") or tags.get("ref:gb") or tags.get("ref") or name
        kind = row.get("kind") or next((k for end, k in KINDS.items() if title.endswith(end)), None)
        english = row.get("name_en") or tags.get("name:en")
        out.append(
            {
                "town_code": code,
                "name_zh": title,
                "name_en": english,
                "kind": kind,
                "population_2020": row.get("population_2020"),
            }
        )
    strangers = [r["name_zh"] for r in out if r["name_zh"] not in known]
    if strangers and known:
        notes.append(
            f"{len(strangers)} towns are not in the table of towns and have no population: {', '.join(strangers[:9])}"
        )
    return gpd.GeoDataFrame(out, geometry=shapes, crs=job.area.crs)
