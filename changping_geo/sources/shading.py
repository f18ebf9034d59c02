"""The shading of roofs by terrain and buildings, from the layers of a workspace, tile by tile."""

from __future__ import annotations

import logging
import os
import time
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from changping_geo.geo.assign import centre_lonlat
from changping_geo.solar.building_heights import CARDS as HEIGHTS
from changping_geo.solar.building_heights import Heights, building_heights
from changping_geo.solar.dsm import CARDS as DSM
from changping_geo.solar.dsm import Blocks, blocks
from changping_geo.solar.horizon import FAR, compiled, together
from changping_geo.solar.horizon_tiles import Tile, far_horizons, survey, tiles
from changping_geo.solar.scanlines import DIRECTIONS, directions
from changping_geo.solar.shade_classes import ShadeTable, Sums, roof_table, shade_table, sums_of_cells, sun_steps
from changping_geo.solar.surface import Surface, surface
from changping_geo.solar.weather import site_year

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.sources import Context

#: Further folders of the package on which the result rests.
CODE = ("solar", "geo")
SLOW = True
#: Layers on which it rests.
LAYERS = ("rooftops", "terrain", "solar_climate", "towns")

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
        Cell of the surface model. [m]
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
    """Compute what terrain and buildings take from each roof's sky and sun.

    Parameters
    ----------
    ctx : Context
        Layers ``rooftops``, ``terrain``, ``solar_climate``, ``towns``.

    Returns
    -------
    DataFrame
        One row per roof: ``roof_id``, ``cells``, and the columns of `shade_classes.roof_table`.

    Raises
    ------
    GeoError
        If the terrain has holes or degrees, heights are impossible, or no roof lies on the terrain.
    """
    return shading_of(ctx.layer, ctx.cache, Effort())


def shading_of(layer: Any, cache: Path | None, effort: Effort) -> pd.DataFrame:
    """Compute the shading of the roofs of some layers, as `roof_shading` does.

    Parameters
    ----------
    layer : callable
        Gives the layers.
    cache : Path, optional
        Folder for finished tiles, under a key of everything that they rest on; without it all is done anew.
    effort : Effort
        How finely.

    Returns
    -------
    DataFrame
        As `roof_shading`.
    """
    rooftops: gpd.GeoDataFrame = layer("rooftops")
    heights = _heights(rooftops)
    ground = layer("terrain")
    crs = str(ground.attrs["crs"])
    terrain = _terrain(ground, crs)
    shapes = np.asarray(rooftops.geometry.array, dtype=object)
    model = blocks(
        shapes,
        heights.height,
        terrain,
        crs,
        reach_m=effort.reach_m,
        cell_m=effort.cell_m,
        cells_per_roof=effort.cells_per_roof,
    )
    longitude, latitude = centre_lonlat(layer("towns"))
    table = shade_table(
        *sun_steps(site_year(layer("solar_climate"), latitude, longitude), latitude, longitude),
        sectors=effort.azimuths,
    )
    out = roof_table(len(rooftops), _all_tiles(model, table, cache, effort), table)
    out.insert(0, "roof_id", rooftops["roof_id"].astype(object).to_numpy())
    out.attrs["notes"] = _notes(model, heights, out)
    for note in out.attrs["notes"]:
        log.info("roof shading: %s", note)
    return out


def _heights(rooftops: gpd.GeoDataFrame) -> Heights:
    def column(name: str) -> NDArray[np.float64]:
        if name not in rooftops:
            return np.full(len(rooftops), np.nan)
        found: NDArray[np.float64] = pd.to_numeric(rooftops[name]).to_numpy(dtype=np.float64, na_value=np.nan)
        return found

    return building_heights(column("height_m"), column("floors"))


def _terrain(raster: xr.DataArray, crs: str) -> Surface:
    cells = raster.to_numpy().astype(np.float32)
    empty = raster.attrs.get("nodata")
    if empty is not None and not np.isnan(empty):
        cells = np.where(cells == np.float32(empty), np.float32(np.nan), cells)
    return surface(cells, raster.attrs["transform"], crs)


def _notes(model: Blocks, heights: Heights, found: pd.DataFrame) -> list[str]:
    outside, bare = int(model.outside.sum()), int((found["cells"] == 0).sum())
    told = (
        (heights.from_floors, "roofs have their height from storeys"),
        (heights.assumed, f"roofs have no known height and were taken as {HEIGHTS['unknown_height_m']:g} m high"),
        (outside, "roofs lie outside the terrain and have no shading"),
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
    halo = int(np.ceil(effort.reach_m / effort.cell_m))
    store = TileStore(model, table, _far(model, azimuths, halo * effort.cell_m), cache)
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
