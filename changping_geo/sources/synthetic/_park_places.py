"""Where parks would lie: beside the quarters and among the homes, so that the built-up area can include them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from scipy import ndimage

from changping_geo.sources.synthetic._raster import Cells, optional, target

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Floats = NDArray[np.floating[Any]]

CELLS, CELL_RANGE = 1_500_000, (20.0, 40.0)  # for the search of places for parks [m]
NEAR_HOMES = 700.0  # people go that far to a park [m]
FRINGE = 250.0  # middles of parks may lie that far outside the quarters [m]
FROM_BUILDINGS = 10.0  # parks keep that distance [m]
CLEARANCE = {True: 25.0, False: 5.0}  # how much buildings, or quarters, in its place speak against a park [1]
OVERDRAW = 1.5  # drawn larger than wanted, by what is later cut away for quarters and other parks [1]
LEAST_PARK = 800.0  # [m2]
PER_PERSON, PER_PERSON_SHARE = 14.0, 0.94  # without a plan [m2/person]; with one, that share of its figure [1]
MOST_PARK = 0.30  # of the quarters [1]


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


def place_parks(ctx: Context, quarters: gpd.GeoDataFrame) -> tuple[list[shapely.Polygon], list[str]]:
    """Return the places of parks and the kind of each; the same whoever asks.

    Parameters
    ----------
    ctx : Context
        With the layers ``district`` and ``population``, and, where there are, ``rooftops`` and ``target_table``.
    quarters : GeoDataFrame
        The ground of buildings, with ``kind``.

    Returns
    -------
    tuple of list
        Polygons that do not overlap, clear of the quarters, or of the roofs within them; words of `PARKS`.
    """
    outline = shapely.union_all(ctx.layer("district").geometry.to_numpy())
    people = ctx.layer("population")
    wanted = target(ctx, "park_green_per_person")
    per_person = PER_PERSON if wanted is None else PER_PERSON_SHARE * wanted
    total = min(per_person * float(people["persons"].sum()), MOST_PARK * float(quarters.area.sum()))
    size = float(np.clip((outline.area / CELLS) ** 0.5, *CELL_RANGE))
    cells = Cells.over(outline.bounds, size)
    crowd = _crowd(cells, people)
    ground = quarters.geometry.to_numpy()
    allowed = _allowed(cells, outline, quarters)
    beside = _Obstacles(ground, np.where(allowed, cells.burn((g, 1) for g in ground), np.nan))
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
    return shapes, kinds


class _Obstacles:
    """What parks keep clear of, and the share of each cell that it covers, NaN where no park may lie. [1]"""

    def __init__(self, polygons: NDArray[np.object_], covered: Floats) -> None:
        self.tree = shapely.STRtree(polygons)
        self.covered = covered

    def around(self, shape: shapely.Polygon) -> NDArray[np.object_]:
        """Return the obstacles in a shape, widened by the distance that parks keep."""
        near = self.tree.geometries[self.tree.query(shape, "intersects")]
        return np.asarray(shapely.buffer(near, FROM_BUILDINGS, quad_segs=1), dtype=object)


def _allowed(cells: Cells, outline: shapely.Geometry, built: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return the cells in and around the quarters of towns."""
    urban = built[built["kind"] != "village"] if (built["kind"] != "village").any() else built
    near = cells.burn((g, 1) for g in shapely.buffer(urban.geometry.to_numpy(), FRINGE, quad_segs=2)) > 0
    near &= cells.burn([(outline.buffer(-2 * cells.size), 1)]) > 0
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
