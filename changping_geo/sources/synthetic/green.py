"""Parks where people live and there is room, and the green between buildings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage
from scipy.spatial import cKDTree

from changping_geo.sources.synthetic._facets import smooth_polygons
from changping_geo.sources.synthetic._park_places import LEAST_PARK, PARKS, place_parks
from changping_geo.sources.synthetic._raster import Cells, optional, spline_noise, target
from changping_geo.sources.synthetic.built_up import quarters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context

GREEN_CELLS, GREEN_RANGE = 3_500_000, (10.0, 30.0)  # for the green between buildings [m]
COVERAGE, COVERAGE_SHARE = 42.0, 0.95  # without a plan [%]; with one, that share of its figure [1]
GREEN_FACET, LEAST_GREEN = 9000.0, 300.0  # mean and least area of a piece of green [m2]
YEARS = (1985, 2023)


# By the use of the nearest building: the kind of green around it, and how much of the open ground is green.
AROUND: dict[str, tuple[str, float]] = {
    "housing": ("estate", 0.80),
    "rural_house": ("estate", 0.45),
    "industrial": ("campus", 0.55),
    "commercial": ("square", 0.50),
    "public": ("campus", 0.75),
    "education": ("campus", 0.85),
    "health": ("campus", 0.70),
    "transport": ("street", 0.50),
    "other": ("estate", 0.60),
}
CANOPY = {"estate": 0.55, "street": 0.60, "campus": 0.50, "protection": 0.72, "square": 0.28}
CANOPY_SPREAD = 0.12
VERGE = 40.0  # beside main roads [m]
MAIN_ROADS = ("motorway", "trunk", "primary", "secondary")


def parks(ctx: Context) -> gpd.GeoDataFrame:
    """Make parks: large ones at the edge of towns, gardens among the homes, all inside the synthetic built-up area.

    Parameters
    ----------
    ctx : Context
        With the layers ``district``, ``towns``, ``rooftops``, ``population``, and, where there are, ``forest`` and
        ``target_table``.

    Returns
    -------
    GeoDataFrame
        Polygons that do not overlap: ``park_id``, ``name``, ``kind``, ``open_year``.
    """
    places, kinds = place_parks(ctx, quarters(ctx))
    shapes, kept = _without_woods(places, optional(ctx, "forest"))
    rng = ctx.rng("parks", "facts")
    frame = gpd.GeoDataFrame(
        {"kind": pd.Series([kinds[i] for i in kept], dtype="str")}, geometry=shapes, crs=ctx.frame.crs
    )
    frame["park_id"] = [f"G{number:04d}" for number in range(1, len(frame) + 1)]
    frame["name"] = _names(rng, frame, ctx.layer("towns"))
    frame["open_year"] = rng.triangular(YEARS[0], YEARS[1] - 4, YEARS[1], len(frame)).astype(int)
    return frame[["park_id", "name", "kind", "open_year", "geometry"]]


def _without_woods(
    places: list[shapely.Polygon], woods: gpd.GeoDataFrame | None
) -> tuple[list[shapely.Polygon], list[int]]:
    """Return the largest piece of each place that no stand of a delivered forest holds, and which places are left."""
    if woods is None or not places:
        return places, list(range(len(places)))
    shapes = woods.geometry.to_numpy()
    place, stand = shapely.STRtree(shapes).query(places, predicate="intersects")
    out, kept = [], []
    for number, shape in enumerate(places):
        near = shapes[stand[place == number]]
        parts = shapely.get_parts(shapely.difference(shape, shapely.union_all(near)) if near.size else shape)
        largest = parts[np.argmax(shapely.area(parts))] if len(parts) else None
        if largest is not None and largest.area >= LEAST_PARK:
            out.append(largest)
            kept.append(number)
    return out, kept


def _names(rng: np.random.Generator, frame: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> list[str]:
    """Return the town's name, the word for the kind, and a number, as in 沙河镇社区公园3."""
    rows = shapely.STRtree(towns.geometry.to_numpy()).query_nearest(
        shapely.point_on_surface(frame.geometry.to_numpy()), all_matches=False
    )[1]
    stems = [
        f"{towns['name_zh'].iloc[row]}{rng.choice(PARKS[kind].words)}"
        for row, kind in zip(rows, frame["kind"], strict=True)
    ]
    numbers = pd.Series(stems, dtype="str").groupby(stems).cumcount() + 1
    return [f"{stem}{number}" for stem, number in zip(stems, numbers, strict=True)]


def urban_green(ctx: Context) -> gpd.GeoDataFrame:
    """Make the green of the built-up area outside parks: as much as brings coverage near the plan's figure.

    Parameters
    ----------
    ctx : Context
        With the layers ``district``, ``built_up``, ``parks``, and, where there are, ``rooftops``, ``roads`` and
        ``target_table``.

    Returns
    -------
    GeoDataFrame
        Polygons clear of buildings and parks: ``green_id``, ``kind``, ``canopy_cover`` [1].
    """
    built = ctx.layer("built_up")
    size = float(np.clip((shapely.box(*built.total_bounds).area / GREEN_CELLS) ** 0.5, *GREEN_RANGE))
    cells = Cells.over(built.total_bounds, size)
    town = cells.burn((g, 1) for g in built.geometry) > 0
    roads, rooftops = optional(ctx, "roads"), optional(ctx, "rooftops")
    park = cells.burn((g, 1) for g in ctx.layer("parks").geometry) > 0
    edge = town & ~ndimage.binary_erosion(town, iterations=max(1, round(40.0 / size)))
    verge = np.zeros(cells.shape, dtype=bool)
    inner = shapely.union_all(ctx.layer("district").geometry.to_numpy()).buffer(-1.5 * size)
    free = town & ~park & (cells.burn([(inner, 1)]) > 0)
    if roads is not None and len(roads):
        main = cells.under_lines(roads.geometry.to_numpy()[roads["class"].isin(MAIN_ROADS)])
        verge = ndimage.binary_dilation(main, iterations=max(1, round(VERGE / size)))
        free &= ~main
    if rooftops is not None and len(rooftops):
        free &= ~cells.under_many(rooftops.geometry.to_numpy())
    # Slivers between walls and kerbs are no green areas.
    free &= ndimage.uniform_filter(free.astype(np.float32), 3) > 0.4  # noqa: PLR2004 - four of nine cells
    wanted = target(ctx, "urban_green_coverage")
    coverage = (COVERAGE if wanted is None else COVERAGE_SHARE * wanted) / 100
    missing = coverage * town.sum() - (park & town).sum()
    rng = ctx.rng("urban_green")
    facets, kinds = _pieces(rng, cells, free, edge, verge, rooftops, missing)
    polygons, numbers = smooth_polygons(facets, cells, LEAST_GREEN)
    kind = kinds[numbers - 1]
    mean = np.array([CANOPY[word] for word in kind])
    canopy = np.clip(mean + CANOPY_SPREAD * rng.standard_normal(len(mean)), 0.05, 0.95)
    return gpd.GeoDataFrame(
        {
            "green_id": pd.Series([f"U{number:05d}" for number in range(1, len(kind) + 1)], dtype="str"),
            "kind": pd.Series(kind, dtype="str"),
            "canopy_cover": np.round(canopy, 2),
        },
        geometry=list(polygons),
        crs=ctx.frame.crs,
    )


def _pieces(
    rng: np.random.Generator,
    cells: Cells,
    free: NDArray[np.bool_],
    edge: NDArray[np.bool_],
    verge: NDArray[np.bool_],
    rooftops: gpd.GeoDataFrame | None,
    missing: float,
) -> tuple[NDArray[np.int32], NDArray[np.object_]]:
    """Return the piece of green of each cell, 0 for none, and each piece's kind; `missing` cells in all."""
    rows, columns = np.nonzero(free)
    facets = np.zeros(cells.shape, dtype=np.int32)
    if not rows.size:
        return facets, np.empty(0, dtype=object)
    place = np.column_stack([cells.x[columns], cells.y[rows]])
    seeds = rng.choice(rows.size, max(1, round(rows.size * cells.size**2 / GREEN_FACET)), replace=False)
    nearest = cKDTree(place[seeds]).query(place)[1]
    kind = np.full(len(seeds), "estate", dtype=object)
    lush = np.full(len(seeds), 0.6)
    if rooftops is not None and len(rooftops):
        west, south, east, north = shapely.bounds(rooftops.geometry.to_numpy()).T
        at = cKDTree(np.column_stack([west + east, south + north]) / 2).query(place[seeds])[1]
        words = rooftops["use"].astype(str).to_numpy()[at]
        kind = np.array([AROUND.get(word, AROUND["other"])[0] for word in words], dtype=object)
        lush = np.array([AROUND.get(word, AROUND["other"])[1] for word in words])
    at_edge, at_road = (mask[rows, columns][seeds] for mask in (edge, verge))
    kind[at_edge], lush[at_edge] = "protection", 0.65
    kind[at_road], lush[at_road] = "street", 0.8
    size = np.bincount(nearest, minlength=len(seeds))
    patch = spline_noise(rng, cells, 900.0)[rows[seeds], columns[seeds]]
    order = np.argsort(-(np.log(lush) + 0.35 * patch + 0.35 * rng.standard_normal(len(seeds))), kind="stable")
    taken = np.zeros(len(seeds), dtype=bool)
    taken[order[np.cumsum(size[order]) <= missing]] = True
    facets[rows, columns] = np.where(taken[nearest], nearest + 1, 0)
    return facets, kind
