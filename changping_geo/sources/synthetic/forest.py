"""Forest stands: slopes and plain plantations cut into facets, with species by height and aspect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage
from scipy.spatial import cKDTree

from changping_geo.sources.synthetic._facets import merge_scraps, smooth_polygons
from changping_geo.sources.synthetic._raster import Cells, optional, spline_noise, target

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Floats = NDArray[np.floating[Any]]
    Ints = NDArray[np.int64]

# A workspace of a thousand square kilometres is mapped in 50 m cells; a small one finer, a large one coarser. [m]
CELLS, CELL_RANGE = 500_000, (30.0, 120.0)
SLOPE_WINDOW = 150.0  # slopes are those of hillsides, not of single gullies [m]
STEEP = 0.085  # tangent of the slope above which land in the mountains is wooded rather than farmed [1]
GAPS = 0.35  # scatter of that limit: clearings, screes, terraces [1]
PLAIN_SHARE = 0.07  # share of the flat open land that is planted (shelter belts, plantations, orchards) [1]
PATCH_WAVE = 1400.0  # size of patches [m]
STAND_AREA = 16e4  # mean area of a stand; a survey's sub-compartments have 5 to 30 ha [m2]
LEAST_STAND = 0.75e4  # smaller scraps join a neighbour [m2]
ASPECT_WEIGHT = 450.0  # slopes facing opposite ways are as far apart as this distance: ridges part stands [m]
SURVEY_YEAR = 2022
STOCK_INDICATOR, STOCK_SHARE = "forest_stock_volume", 0.97  # near the plan's figure, short of it
MAX_VOLUME = 400.0  # [m3/ha]


class Species(NamedTuple):
    """Where a species stands and how it grows.

    Attributes
    ----------
    share : float
        Weight among the species that suit a place. [1]
    height, spread : float
        Altitude at which it is commonest, and how far it strays. [m]
    shade : float
        Preference for north slopes, negative for south slopes. [1]
    steep : float
        Preference for steep ground, negative for flat ground. [1]
    natural : float
        Share of natural stands. [1]
    age : float
        Median age. [a]
    volume, rate : float
        Asymptote [m3/ha] and rate [1/a] of the growth curve V = volume * (1 - exp(-rate * age))^2.
    """

    share: float
    height: float
    spread: float
    shade: float
    steep: float
    natural: float
    age: float
    volume: float
    rate: float


# Warm-temperate north China: arborvitae and locust on dry low south slopes, pine above, oak and mixed wood on shady
# slopes, birch and larch near the tops, poplar in the plain, orchards on the foothills. Plausible, not measured.
SPECIES: dict[str, Species] = {
    "platycladus": Species(1.3, 250, 330, -0.7, 0.6, 0.15, 42, 70, 0.020),
    "pine": Species(1.0, 500, 380, 0.3, 0.5, 0.15, 40, 115, 0.026),
    "larch": Species(0.5, 1150, 240, 0.6, 0.3, 0.05, 35, 170, 0.035),
    "oak": Species(1.4, 700, 350, 0.7, 0.7, 0.92, 44, 90, 0.024),
    "birch": Species(0.7, 1150, 260, 0.9, 0.4, 0.95, 40, 100, 0.030),
    "poplar": Species(0.8, 20, 160, 0.0, -1.8, 0.05, 22, 190, 0.060),
    "locust": Species(0.6, 220, 260, -0.5, 0.2, 0.10, 30, 85, 0.045),
    "broadleaf": Species(0.8, 420, 420, 0.3, 0.3, 0.80, 38, 85, 0.028),
    "mixed": Species(0.5, 560, 320, 0.5, 0.4, 0.35, 42, 110, 0.026),
    "orchard": Species(0.5, 130, 160, -0.4, -0.8, 0.0, 18, 22, 0.080),
}
AGE_SPREAD = 0.40  # of the natural logarithm of age [1]
VOLUME_SPREAD = 0.28  # of the natural logarithm of volume between like stands: site and treatment [1]


def forest(ctx: Context) -> gpd.GeoDataFrame:
    """Make forest stands over the slopes and in patches of the plain, clear of the built-up area.

    Where the workspace has a plan with a target of stock, the volumes are scaled so that their sum is a little short
    of it; else they follow the growth curves.

    Parameters
    ----------
    ctx : Context
        With the layers ``district``, ``terrain``, and, where there are, ``built_up`` and ``target_table``.

    Returns
    -------
    GeoDataFrame
        Stands that do not overlap: ``stand_id``, ``species``, ``origin``, ``age_a`` [a], ``volume_m3_ha`` [m3/ha],
        ``canopy_cover`` [1], ``survey_year``.
    """
    outline = shapely.union_all(ctx.layer("district").geometry.to_numpy())
    size = float(np.clip((outline.area / CELLS) ** 0.5, *CELL_RANGE))
    cells = Cells.over(outline.bounds, size)
    ground = _Ground(ctx.layer("terrain"), cells)
    rng = ctx.rng("forest")
    wooded = _wooded(rng, cells, ground, _open_land(ctx, outline, cells))
    stands = _facets(rng, cells, ground, wooded)
    polygons, rows = smooth_polygons(stands, cells, LEAST_STAND / 2)
    polygons = _inside(polygons, outline.buffer(-0.5))
    if not rows.size:
        return _frame(polygons, np.empty(0, dtype=object), {}, ctx.frame.crs)
    height, slope, northness = (ndimage.mean(values, stands, rows) for values in ground.per_stand())
    kinds = _species(rng, height, slope, northness)
    columns = _growth(rng, kinds)
    area = shapely.area(polygons) / 1e4
    columns["volume_m3_ha"] = _to_target(columns["volume_m3_ha"], area, target(ctx, STOCK_INDICATOR))
    return _frame(polygons, np.array(list(SPECIES), dtype=object)[kinds], columns, ctx.frame.crs)


class _Ground:
    """Height, slope and aspect at cells of another size."""

    def __init__(self, terrain: xr.DataArray, cells: Cells) -> None:
        source = Cells.of(terrain)
        column, row = source.at(cells.x, cells.north)[1], source.at(cells.west, cells.y)[0]
        height = np.asarray(terrain.to_numpy(), dtype=np.float32)[np.ix_(row, column)]
        self.height = ndimage.gaussian_filter(height, SLOPE_WINDOW / cells.size / 2)
        down, right = np.gradient(self.height, cells.size)
        self.slope = np.hypot(down, right)
        flat = np.maximum(self.slope, 1e-6)
        # A slope faces where it falls: north when the height falls towards the north, that is with a falling row.
        self.north, self.east = down / flat, -right / flat

    def per_stand(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        return self.height, self.slope, self.north * np.minimum(self.slope / np.float32(0.1), 1)


def _open_land(ctx: Context, outline: shapely.Geometry, cells: Cells) -> NDArray[np.bool_]:
    """Return the cells of the outline outside the built-up area."""
    land = cells.burn([(outline, 1)]) > 0
    built = optional(ctx, "built_up")
    if built is not None and len(built):
        land &= ~ndimage.binary_dilation(cells.burn(((g, 1) for g in built.geometry), touched=True) > 0)
    return land


def _inside(polygons: NDArray[np.object_], outline: shapely.Geometry) -> NDArray[np.object_]:
    """Return polygons cut at the outline, the largest part of each."""
    shapely.prepare(outline)
    for row in np.flatnonzero(~shapely.contains(outline, polygons)):
        parts = shapely.get_parts(shapely.intersection(polygons[row], outline))
        polygons[row] = parts[np.argmax(shapely.area(parts))]
    return polygons


def _wooded(rng: np.random.Generator, cells: Cells, ground: _Ground, land: NDArray[np.bool_]) -> NDArray[np.bool_]:
    patch = spline_noise(rng, cells, PATCH_WAVE) + 0.6 * spline_noise(rng, cells, PATCH_WAVE / 4)
    slopes = land & (ground.slope > STEEP * np.exp(GAPS * patch))
    plain = land & (ground.slope < STEEP / 2)
    if plain.any():
        slopes |= plain & (patch > np.quantile(patch[plain], 1 - PLAIN_SHARE))
    tidy = ndimage.median_filter(slopes.astype(np.uint8), 5) > 0
    return np.asarray(tidy & land)


def _facets(rng: np.random.Generator, cells: Cells, ground: _Ground, wooded: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return each cell's stand, 0 where there is none: the nearest of random seeds in place and aspect."""
    rows, columns = np.nonzero(wooded)
    stands = np.zeros(cells.shape, dtype=np.int32)
    if not rows.size:
        return stands
    count = max(1, round(rows.size * cells.size**2 / STAND_AREA))
    tilt = np.minimum(ground.slope / np.float32(STEEP), 1) * np.float32(ASPECT_WEIGHT / 2)
    place = np.column_stack(
        [cells.x[columns], cells.y[rows], (ground.north * tilt)[rows, columns], (ground.east * tilt)[rows, columns]]
    )
    seeds = place[rng.choice(rows.size, count, replace=False)]
    stands[rows, columns] = cKDTree(seeds).query(place)[1] + 1
    return merge_scraps(stands, max(1, round(LEAST_STAND / cells.size**2)))


def _species(rng: np.random.Generator, height: Floats, slope: Floats, northness: Floats) -> Ints:
    """Return the row of `SPECIES` that each stand gets, drawn by how well it suits the place."""
    traits = np.array(list(SPECIES.values())).T[:, :, None]
    share, best, spread, shade, steep = traits[:5]
    fit = np.log(share) - ((height - best) / spread) ** 2 + shade * northness + steep * np.clip(slope / 0.15 - 1, -1, 1)
    return np.asarray(np.argmax(fit + 0.8 * rng.gumbel(size=fit.shape), axis=0))


def _growth(rng: np.random.Generator, kinds: Ints) -> dict[str, NDArray[np.generic]]:
    """Return origin, age, volume and canopy of stands."""
    natural, median, volume, rate = np.array(list(SPECIES.values())).T[5:][:, kinds]
    wild = rng.random(kinds.size) < natural
    age = np.clip(median * np.where(wild, 1.15, 0.95) * np.exp(AGE_SPREAD * rng.standard_normal(kinds.size)), 4, 180)
    site = np.exp(VOLUME_SPREAD * rng.standard_normal(kinds.size))
    grown = 1 - np.exp(-rate * age)
    canopy = np.clip(0.25 + 0.5 * grown + 0.25 * (site - 1) + 0.07 * rng.standard_normal(kinds.size), 0.2, 0.95)
    return {
        "origin": np.where(wild, "natural", "planted").astype(object),
        "age_a": np.round(age),
        "volume_m3_ha": volume * grown**2 * site,
        "canopy_cover": np.round(canopy, 2),
    }


def _to_target(volume: NDArray[np.generic], area: Floats, wanted: float | None) -> Floats:
    """Return volumes [m3/ha] that add up to `STOCK_SHARE` of what is wanted, as far as `MAX_VOLUME` lets them."""
    out = np.asarray(volume, dtype=np.float64)
    if wanted is not None:
        for _ in range(5):
            out = np.minimum(out * STOCK_SHARE * wanted / (out @ area), MAX_VOLUME)
    return np.round(out, 2)


def _frame(
    polygons: NDArray[np.object_], species: NDArray[np.object_], columns: dict[str, NDArray[np.generic]], crs: str
) -> gpd.GeoDataFrame:
    count = len(polygons)
    empty = {"origin": object, "age_a": float, "volume_m3_ha": float, "canopy_cover": float}
    data = pd.DataFrame(
        {
            "stand_id": pd.Series([f"F{number:05d}" for number in range(1, count + 1)], dtype="str"),
            "species": pd.Series(species, dtype="str"),
            **{name: pd.Series(columns.get(name, np.empty(0, dtype=kind))) for name, kind in empty.items()},
            "survey_year": np.full(count, SURVEY_YEAR),
        }
    )
    return gpd.GeoDataFrame(data, geometry=list(polygons), crs=crs)
