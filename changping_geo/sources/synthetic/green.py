"""Parks where people live and there is room, and the green between buildings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage
from scipy.spatial import cKDTree

from changping_geo.sources.synthetic._facets import smooth_polygons
from changping_geo.sources.synthetic._raster import Cells, optional, spline_noise, target

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Floats = NDArray[np.floating[Any]]

CELLS, CELL_RANGE = 1_500_000, (20.0, 40.0)  # for the search of places for parks [m]
GREEN_CELLS, GREEN_RANGE = 3_500_000, (10.0, 30.0)  # for the green between buildings [m]
NEAR_HOMES = 700.0  # people go that far to a park [m]
FRINGE = 450.0  # parks may lie that far outside the built-up area [m]
FROM_BUILDINGS = 10.0  # parks keep that distance [m]
CLEARANCE = {True: 25.0, False: 5.0}  # how much buildings, or quarters, in its place speak against a park [1]
OVERDRAW = 1.5  # drawn larger than wanted, by what is later cut away for quarters and other parks [1]
LEAST_PARK = 800.0  # [m2]
PER_PERSON, PER_PERSON_SHARE = 14.0, 0.94  # without a plan [m2/person]; with one, that share of its figure [1]
MOST_PARK = 0.30  # of the built-up area [1]
COVERAGE, COVERAGE_SHARE = 42.0, 0.95  # without a plan [%]; with one, that share of its figure [1]
GREEN_FACET, LEAST_GREEN = 9000.0, 300.0  # mean and least area of a piece of green [m2]
YEARS = (1985, 2023)


class ParkKind(NamedTuple):
    """How a kind of park is spread.

    Attributes
    ----------
    share : float
        Of all park area. [1]
    area, spread : float
        Median area [m2] and spread of its logarithm. [1]
    crowd : float
        Power of population density with which places are drawn. [1]
    words : tuple of str
        For its name.
    among_buildings : bool
        Whether it lies between buildings, or beside the quarters.
    """

    share: float
    area: float
    spread: float
    crowd: float
    words: tuple[str, ...]
    among_buildings: bool = False


# Area classes follow the usual classification of parks: comprehensive above 10 ha, community 1 to 10 ha, gardens below;
# gardens stand where most people live.
PARKS: dict[str, ParkKind] = {
    "comprehensive": ParkKind(0.42, 42e4, 0.45, 0.5, ("公园", "城市公园", "滨河公园")),
    "special": ParkKind(0.20, 22e4, 0.5, 0.3, ("湿地公园", "体育公园", "文化公园", "森林公园")),
    "community": ParkKind(0.30, 4.5e4, 0.5, 0.8, ("社区公园", "休闲公园")),
    "garden": ParkKind(0.08, 0.6e4, 0.5, 1.0, ("游园", "口袋公园", "小微绿地"), among_buildings=True),
}
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
    """Make parks: large ones at the edge of towns, gardens among the homes.

    Parameters
    ----------
    ctx : Context
        With the layers ``district``, ``towns``, ``built_up``, ``population``, and, where there are, ``rooftops``,
        ``forest`` and ``plan_targets``.

    Returns
    -------
    GeoDataFrame
        Polygons that do not overlap: ``park_id``, ``name``, ``kind``, ``open_year``.
    """
    outline = shapely.union_all(ctx.layer("district").geometry.to_numpy())
    built, people = ctx.layer("built_up"), ctx.layer("population")
    wanted = target(ctx, "park_green_per_person")
    per_person = PER_PERSON if wanted is None else PER_PERSON_SHARE * wanted
    total = min(per_person * float(people["persons"].sum()), MOST_PARK * float(built.area.sum()))
    size = float(np.clip((outline.area / CELLS) ** 0.5, *CELL_RANGE))
    cells = Cells.over(outline.bounds, size)
    crowd = _crowd(cells, people)
    woods = optional(ctx, "forest")
    wooded = np.empty(0, dtype=object) if woods is None else woods.geometry.to_numpy()
    quarters = built.geometry.to_numpy()
    allowed = _allowed(cells, outline, built, wooded)
    beside = _Obstacles(np.r_[quarters, wooded], np.where(allowed, cells.burn((g, 1) for g in quarters), np.nan))
    between = _roofs(ctx, cells, allowed)
    rng = ctx.rng("parks")
    shapes: list[shapely.Polygon] = []
    kinds: list[str] = []
    for kind, how in PARKS.items():
        obstacles = between if how.among_buildings else beside
        drawn = _draw(rng, cells, how, total * how.share, obstacles.covered, crowd)
        pieces = _fit(drawn, obstacles, outline.buffer(-5.0), shapes)
        shapes += pieces
        kinds += [kind] * len(pieces)
    frame = gpd.GeoDataFrame({"kind": pd.Series(kinds, dtype="str")}, geometry=shapes, crs=ctx.frame.crs)
    frame["park_id"] = [f"G{number:04d}" for number in range(1, len(frame) + 1)]
    frame["name"] = _names(rng, frame, ctx.layer("towns"))
    frame["open_year"] = rng.triangular(YEARS[0], YEARS[1] - 4, YEARS[1], len(frame)).astype(int)
    return frame[["park_id", "name", "kind", "open_year", "geometry"]]


class _Obstacles:
    """What parks keep clear of, and the share of each cell that it covers, NaN where no park may lie. [1]"""

    def __init__(self, polygons: NDArray[np.object_], covered: Floats) -> None:
        self.tree = shapely.STRtree(polygons)
        self.covered = covered

    def around(self, shape: shapely.Polygon) -> NDArray[np.object_]:
        """Return the obstacles in a shape, widened by the distance that parks keep."""
        near = self.tree.geometries[self.tree.query(shape, "intersects")]
        return np.asarray(shapely.buffer(near, FROM_BUILDINGS, quad_segs=1), dtype=object)


def _allowed(
    cells: Cells, outline: shapely.Geometry, built: gpd.GeoDataFrame, wooded: NDArray[np.object_]
) -> NDArray[np.bool_]:
    """Return the cells in and around the towns' built-up area, without woods."""
    urban = built[built["kind"] != "village"] if (built["kind"] != "village").any() else built
    near = cells.burn((g, 1) for g in shapely.buffer(urban.geometry.to_numpy(), FRINGE, quad_segs=2)) > 0
    near &= cells.burn([(outline.buffer(-2 * cells.size), 1)]) > 0
    near &= cells.burn((g, 1) for g in wooded) == 0
    return near


def _roofs(ctx: Context, cells: Cells, allowed: NDArray[np.bool_]) -> _Obstacles:
    rooftops = optional(ctx, "rooftops")
    roofs = np.empty(0, dtype=object) if rooftops is None else rooftops.geometry.to_numpy()
    covered = np.zeros(cells.shape, dtype=np.float32)
    west, south, east, north = shapely.bounds(roofs).reshape(-1, 4).T
    np.add.at(covered, cells.at((west + east) / 2, (south + north) / 2), shapely.area(roofs) / cells.size**2)
    return _Obstacles(roofs, np.where(allowed, covered, np.nan))


def _crowd(cells: Cells, people: gpd.GeoDataFrame) -> Floats:
    """Return the people around each cell, 1 where there are most. [1]"""
    persons = np.zeros(cells.shape, dtype=np.float32)
    x, y = people.geometry.x.to_numpy(), people.geometry.y.to_numpy()
    np.add.at(persons, cells.at(x, y), people["persons"].to_numpy(float))
    crowd = ndimage.gaussian_filter(persons, NEAR_HOMES / cells.size, truncate=3)
    return np.asarray(crowd / max(float(crowd.max()), 1e-9))


def _draw(
    rng: np.random.Generator, cells: Cells, how: ParkKind, total: float, covered: Floats, crowd: Floats
) -> list[shapely.Polygon]:
    """Return blobs of about `total` area, most likely where few buildings stand and many people live. [m]"""
    radius = (how.area / np.pi) ** 0.5
    built_share = ndimage.uniform_filter(np.nan_to_num(covered), max(1, round(2 * radius / cells.size)))
    chance = np.where(
        np.isnan(covered), 0.0, crowd**how.crowd * np.exp(-CLEARANCE[how.among_buildings] * built_share)
    ).ravel()
    if not chance.sum() > 0:
        return []
    count = max(1, round(OVERDRAW * total / (how.area * np.exp(how.spread**2 / 2))))
    count = min(count, int((chance > 0).sum()))
    rows, columns = np.divmod(rng.choice(chance.size, count, replace=False, p=chance / chance.sum()), cells.shape[1])
    areas = how.area * np.exp(how.spread * rng.standard_normal(count))
    areas *= min(1.0, OVERDRAW * total / areas.sum())
    return [
        _blob(rng, cells.x[column], cells.y[row], area) for row, column, area in zip(rows, columns, areas, strict=True)
    ]


def _blob(rng: np.random.Generator, x: float, y: float, area: float) -> shapely.Polygon:
    """Return a rounded, somewhat rectangular shape, turned at random by little, as streets would bound it."""
    angle = np.linspace(0, 2 * np.pi, 33)[:-1]
    # A superellipse with slow waves; the exponent leads from a disc to a rectangle.
    long, power = rng.uniform(1.0, 2.2), rng.uniform(2.5, 6.0)
    radius = (np.abs(np.cos(angle) / long**0.5) ** power + np.abs(np.sin(angle) * long**0.5) ** power) ** (-1 / power)
    for wave in (2, 3, 5):
        radius = radius * (1 + 0.09 * rng.standard_normal() * np.cos(wave * angle + rng.uniform(0, 2 * np.pi)))
    turn = 0.15 * rng.standard_normal() + rng.integers(2) * np.pi / 2
    ring = np.column_stack([radius * np.cos(angle + turn), radius * np.sin(angle + turn)])
    blob = shapely.Polygon(ring)
    return shapely.Polygon(ring * (area / blob.area) ** 0.5 + (x, y))


def _fit(
    drawn: list[shapely.Polygon], obstacles: _Obstacles, inside: shapely.Geometry, there: list[shapely.Polygon]
) -> list[shapely.Polygon]:
    """Return the shapes without buildings, without other parks and inside the outline; the largest piece of each."""
    kept = shapely.STRtree([*there, *drawn])
    placed: dict[int, shapely.Polygon] = dict(enumerate(there))
    shapely.prepare(inside)
    for number, shape in enumerate(drawn, len(there)):
        others = [placed[i] for i in kept.query(shape) if i in placed]
        left = shapely.difference(shape, shapely.union_all([*obstacles.around(shape), *shapely.buffer(others, 3.0)]))
        if not inside.contains(shape):
            left = shapely.intersection(left, inside)
        # Opening by 5 m takes away the tongues between buildings.
        parts = shapely.get_parts(left.buffer(-5.0, quad_segs=2).buffer(4.5, quad_segs=2))
        if len(parts):
            largest = parts[np.argmax(shapely.area(parts))]
            if largest.area >= LEAST_PARK:
                placed[number] = largest
    return list(placed.values())[len(there) :]


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
        ``plan_targets``.

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
