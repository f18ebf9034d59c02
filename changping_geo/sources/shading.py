"""The shading of roofs by terrain, buildings and trees, from the layers of a workspace, tile by tile.

A delivered surface model (the layer ``dsm``) shows what stands around a roof; without one, buildings are put as blocks
on the terrain.
"""

from __future__ import annotations

import logging
import os
import time
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from changping_geo.geo.assign import centre_lonlat
from changping_geo.model import CrsError
from changping_geo.solar.building_heights import CARDS as HEIGHTS
from changping_geo.solar.building_heights import Heights, building_heights
from changping_geo.solar.dsm import CARDS as DSM
from changping_geo.solar.dsm import Blocks, blocks
from changping_geo.solar.edges import Ground, ground_within, near_edge
from changping_geo.solar.horizon import FAR, compiled, together
from changping_geo.solar.horizon_tiles import Tile, far_horizons, survey, tiles
from changping_geo.solar.scanlines import DIRECTIONS, directions
from changping_geo.solar.scanned import Scanned, roof_rise, scanned
from changping_geo.solar.shade_classes import ShadeTable, Sums, roof_table, shade_table, sums_of_cells, sun_steps
from changping_geo.solar.surface import HOLES, refuse_degrees
from changping_geo.solar.weather import site_year

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from changping_geo.sources import Context

#: Further folders of the package on which the result rests.
CODE = ("solar", "geo")
SLOW = True
#: Layers on which it rests, and the one that it takes where it was delivered.
LAYERS = ("rooftops", "terrain", "solar_climate", "towns")
SURFACE = "dsm"

log = logging.getLogger(__name__)

#: Rows and columns of a tile, small enough that little is done twice after a break. [cells]
TILE = 1000
#: How far buildings are looked for; beyond it terrain alone counts. 500 m is where 22 m of height make 2.5 degrees. [m]
NEAR_REACH_M = 500.0


class Effort(NamedTuple):
    """How finely the horizons are looked for.

    Attributes
    ----------
    cell_m : float
        Cell of the surface model, unless one was delivered. [m]
    cells_per_roof : int
        About how many cells of a roof are looked at. [count]
    azimuths : int
        Directions. [1]
    reach_m : float
        How far buildings are looked for. [m]
    tile : int
        Rows and columns of a tile. [cells]
    """

    cell_m: float = DSM["dsm_cell_m"]
    cells_per_roof: int = DSM["cells_per_roof"]
    azimuths: int = DIRECTIONS
    reach_m: float = NEAR_REACH_M
    tile: int = TILE


def roof_shading(ctx: Context) -> pd.DataFrame:
    """Compute what terrain, buildings and trees take from each roof's sky and sun.

    Parameters
    ----------
    ctx : Context
        Layers ``rooftops``, ``terrain``, ``solar_climate``, ``towns``, and ``dsm`` where it was delivered.

    Returns
    -------
    DataFrame
        One row per roof: ``roof_id``, ``cells``, and the columns of `shade_classes.roof_table`.

    Raises
    ------
    GeoError
        If a raster has degrees, or holes that are not declared, heights are impossible, or no roof lies on it.
    """
    return shading_of(ctx.layer, ctx.cache, Effort(), measured=ctx.has(SURFACE))


def shading_of(layer: Any, cache: Path | None, effort: Effort, *, measured: bool = False) -> pd.DataFrame:
    """Compute the shading of the roofs of some layers, as `roof_shading` does.

    Parameters
    ----------
    layer : callable
        Gives the layers.
    cache : Path, optional
        Folder for finished tiles, under a key of everything that they rest on; without it all is done anew.
    effort : Effort
        How finely.
    measured : bool
        Take the layer ``dsm``.

    Returns
    -------
    DataFrame
        As `roof_shading`.
    """
    rooftops: gpd.GeoDataFrame = layer("rooftops")
    model, notes = (_on_surface if measured else _on_terrain)(layer, rooftops, effort)
    longitude, latitude = centre_lonlat(layer("towns"))
    table = shade_table(
        *sun_steps(site_year(layer("solar_climate"), latitude, longitude), latitude, longitude),
        sectors=effort.azimuths,
    )
    out = roof_table(len(rooftops), _all_tiles(model, table, cache, effort), table)
    out.insert(0, "roof_id", rooftops["roof_id"].astype(object).to_numpy())
    out.attrs["notes"] = [*notes, *_notes(model, out)]
    for note in out.attrs["notes"]:
        log.info("roof shading: %s", note)
    return out


def _on_terrain(layer: Any, rooftops: gpd.GeoDataFrame, effort: Effort) -> tuple[Blocks, list[str]]:
    """Put buildings as blocks on the terrain."""
    heights = _heights(rooftops)
    raster = layer("terrain")
    crs = _metric(raster)
    shapes, district = _placed(rooftops, crs), _outline(layer, crs)
    ground = _ground("terrain", raster, crs, district)
    model = blocks(
        shapes,
        heights.height,
        ground.surface,
        crs,
        reach_m=effort.reach_m,
        cell_m=effort.cell_m,
        cells_per_roof=effort.cells_per_roof,
    )
    told = (
        (heights.from_floors, "roofs have their height from storeys"),
        (heights.assumed, f"roofs have no known height and were taken as {HEIGHTS['unknown_height_m']:g} m high"),
    )
    notes = [f"{number} of {len(rooftops)} {what}" for number, what in told if number]
    return model, [*notes, *_open_sides({"terrain": ground}, shapes, district, effort)]


def _on_surface(layer: Any, rooftops: gpd.GeoDataFrame, effort: Effort) -> tuple[Blocks, list[str]]:
    """Take the delivered surface model around the roofs, and the terrain beyond its reach."""
    fine, coarse = layer(SURFACE), layer("terrain")
    crs = _metric(fine)
    if CRS(crs) != CRS(_metric(coarse)):
        raise CrsError(
            f"the surface model (dsm) is in {CRS(crs).name}, the terrain in {CRS(coarse.attrs['crs']).name}; warp one "
            "to the other's CRS, so that both are seen from the same points"
        )
    shapes, district = _placed(rooftops, crs), _outline(layer, crs)
    near, far = _ground(SURFACE, fine, crs, district), _ground("terrain", coarse, crs, district)
    model = scanned(shapes, near.surface, far.surface, crs, cells_per_roof=effort.cells_per_roof)
    rise = f"the delivered surface model was taken: roofs stand {roof_rise(model):.1f} m above what lies beside them"
    return model, [f"{rise} in the median", *_open_sides({SURFACE: near, "terrain": far}, shapes, district, effort)]


def _heights(rooftops: gpd.GeoDataFrame) -> Heights:
    def column(name: str) -> NDArray[np.float64]:
        if name not in rooftops:
            return np.full(len(rooftops), np.nan)
        found: NDArray[np.float64] = pd.to_numeric(rooftops[name]).to_numpy(dtype=np.float64, na_value=np.nan)
        return found

    return building_heights(column("height_m"), column("floors"))


def _metric(raster: xr.DataArray) -> str:
    crs = str(raster.attrs["crs"])
    refuse_degrees(crs)
    return crs


def _placed(frame: gpd.GeoDataFrame, crs: str) -> NDArray[np.object_]:
    """Return shapes in the CRS of a raster."""
    moved = frame if frame.crs is None or CRS(frame.crs) == CRS(crs) else frame.to_crs(crs)
    return np.asarray(moved.geometry.array, dtype=object)


def _outline(layer: Any, crs: str) -> BaseGeometry:
    whole: BaseGeometry = shapely.union_all(_placed(layer("towns"), crs))
    return whole


def _ground(name: str, raster: xr.DataArray, crs: str, district: BaseGeometry) -> Ground:
    cells = raster.to_numpy().astype(np.float32)
    empty = raster.attrs.get("nodata")
    if empty is not None and not np.isnan(empty):
        cells[cells == np.float32(empty)] = np.nan
    beyond = str(raster.attrs.get("beyond") or HOLES[0])
    return ground_within(
        cells, raster.attrs["transform"], crs, district, name=name, beyond=beyond, smooth=name != SURFACE
    )


def _open_sides(
    grounds: dict[str, Ground], shapes: NDArray[np.object_], district: BaseGeometry, effort: Effort
) -> list[str]:
    """Tell what follows from cells beyond the district in which nothing is taken to stand."""
    notes = []
    for name, ground in grounds.items():
        if ground.missing:
            near = near_edge(district, shapes, effort.reach_m)
            notes.append(
                f"{name}: {ground.share:.1%} of its cells, all beyond the district, have no height and nothing stands "
                f"there (beyond = no_obstacle); shade from outside is missing, so yields are rather too high, above "
                f"all of the {near} of {len(shapes)} roofs within {effort.reach_m:g} m of the outline"
            )
    return notes


def _notes(model: Blocks, found: pd.DataFrame) -> list[str]:
    outside, bare = int(model.outside.sum()), int((found["cells"] == 0).sum())
    where = "surface model" if isinstance(model, Scanned) else "terrain"
    told = (
        (outside, f"roofs lie outside the {where} and have no shading"),
        (bare - outside, "roofs have no cell of their own (too small, or under others) and have no shading"),
    )
    return [f"{number} of {len(found)} {what}" for number, what in told if number]


class TileStore:
    """Keeps the sums of each tile's roofs as a file, whole or not at all.

    Parameters
    ----------
    model : Blocks
        Ground and buildings.
    table : ShadeTable
        Of the planes.
    far : ndarray
        Horizons of the far terrain at each roof, shape (n, azimuths). [0.5 degrees]
    folder : Path or None
        Where; in memory when there is none.
    """

    def __init__(self, model: Blocks, table: ShadeTable, far: NDArray[np.uint8], folder: Path | None) -> None:
        self.model, self.table, self.far, self.folder = model, table, far, folder
        self.kept: dict[str, Sums] = {}
        self._roofs: dict[str, NDArray[np.int64]] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def wanted(self, tile: Tile) -> NDArray[np.bool_]:
        """Return which cells of a tile are to be looked at."""
        found = self.model.roofs(tile.rows, tile.cols)
        self._roofs[tile.name] = found[found >= 0]
        return found >= 0

    def has(self, tile: Tile) -> bool:
        """Return whether a tile is finished."""
        if self.folder is None:
            return tile.name in self.kept
        path = self.folder / f"{tile.name}.npz"
        return path.is_file() and zipfile.is_zipfile(path)  # a file cut short by a crash of the machine is none

    def put(self, tile: Tile, found: NDArray[np.uint8]) -> None:
        """Keep what a tile's horizons take from its roofs, each together with its far horizon."""
        roof = self._roofs.pop(tile.name)
        sums = sums_of_cells(roof, together(found, self.far[roof]), self.table)
        if self.folder is None:
            self.kept[tile.name] = sums
            return
        path = self.folder / f"{tile.name}.npz"
        draft = self.folder / f".{os.getpid()}-{path.name}"
        try:
            np.savez(draft, **sums._asdict())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def get(self, tile: Tile) -> Sums:
        """Return the sums of a finished tile."""
        if self.folder is None:
            return self.kept[tile.name]
        with np.load(self.folder / f"{tile.name}.npz", allow_pickle=False) as file:
            return Sums(*(file[name] for name in Sums._fields))


def _all_tiles(model: Blocks, table: ShadeTable, cache: Path | None, effort: Effort) -> Iterator[Sums]:
    """Look from all roofs, tile by tile, and give each tile's sums in order."""
    azimuths = directions(effort.azimuths)
    cell = min(abs(model.raster.transform[0]), abs(model.raster.transform[4]))
    halo = int(np.ceil(effort.reach_m / cell))
    store = TileStore(model, table, _far(model, azimuths, halo * cell), cache)
    built = {t.name for t in tiles(model.raster.shape, effort.tile) if model.holds_roof(t.rows, t.cols)}
    done, fresh, began = 0, 0, time.perf_counter()
    steps = survey(model.heights, model.raster, azimuths, store, size=effort.tile, halo=halo, wanted=store.wanted)
    for step in steps:
        if step.tile.name in built:
            done, fresh = done + 1, fresh + step.fresh
            if step.fresh:
                left = (time.perf_counter() - began) / fresh * (len(built) - done) / 60.0
                log.info("roof shading: tile %d of %d, %.0f min left", done, len(built), left)
        yield store.get(step.tile)


def _far(model: Blocks, azimuths: NDArray[np.float64], reach_m: float) -> NDArray[np.uint8]:
    """Return the horizon of the terrain beyond the reach of the tiles, on the curved earth, at each roof."""
    if compiled() is None:
        log.warning("numba is not installed: the horizons of a district take days; install it")
    log.info("roof shading: far terrain")
    out = np.zeros((model.outside.size, azimuths.size), np.uint8)
    on = ~model.outside
    out[on] = far_horizons(model.terrain, azimuths, model.x[on], model.y[on], sight=FAR._replace(nearest_m=reach_m))
    return out
