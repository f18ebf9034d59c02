"""Terrain: the real but coarse altitude grid that pvlib carries, with mountains and valleys made up in between."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pyproj
from scipy import ndimage
from scipy.interpolate import make_interp_spline
from scipy.sparse.csgraph import dijkstra

from changping_geo.model import CrsError
from changping_geo.sources.synthetic._raster import Cells, grid_graph, spline_noise

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Floats = NDArray[np.floating[Any]]
    Ints = NDArray[np.int64]

CELL = 30.0  # [m]
MARGIN = 3000.0  # beyond the outline, so that horizons and slopes do not end at the border [m]
NODATA = -9999.0
# pvlib codes heights in one byte: height = 28 * code - 450. [m]
CODE_STEP, CODE_ZERO = 28.0, -450.0
HALO = 4  # cells of the coarse grid around the area, for the cubic spline and the local base level
COARSE_EVERY = 4  # valleys are grown on every fourth cell (120 m), the rest is smoothed and roughened in between
# Ground that rises less than this over the lowest ground around is plain; the edge of the mountains winds about it. [m]
PLAIN_RISE, PLAIN_RISE_SPREAD = 90.0, 25.0
EDGE_WAVES = (6000.0, 2200.0)  # [m]
# Rivers look for their way round high ground (cost doubles with this rise) and by chance. [m], [1], [m]
DETOUR_RISE, WAY_NOISE, WAY_WAVES = 150.0, 0.4, (700.0, 1800.0, 5000.0)
# Slope of a river falls with its catchment to this power; catchments below the least are hillsides. [1], [m2]
CONCAVITY, LEAST_CATCHMENT = 0.5, 2e5
EVEN_OUT = 3500.0  # over this distance the mean height is that of the real coarse grid [m]
CREST_BLUR = 1.1  # in coarse cells; weathering rounds the crests
ROUGH_WAVES, ROUGH_SHARE = (900.0, 450.0, 220.0, 110.0), 0.03  # gullies [m], their height as share of wave [1]
PLAIN_WAVE, PLAIN_HEIGHT = 2500.0, 0.8  # gentle swells of the plain [m]


def terrain(ctx: Context) -> xr.DataArray:
    """Make the ground height over the outline's bounds and a margin.

    Parameters
    ----------
    ctx : Context
        With the layer ``district``.

    Returns
    -------
    DataArray, dims (y, x), float32
        Ground height, ``elevation_m``; attributes ``crs``, ``transform``, ``nodata``. [m]

    Raises
    ------
    CrsError
        If the district does not lie within the latitudes and longitudes of the altitude grid.

    References
    ----------
    .. [1] Whipple, K. X., Tucker, G. E. (1999). Dynamics of the stream-power river incision model. Journal of
           Geophysical Research 104(B8), 17661-17674. doi:10.1029/1999JB900120
    """
    cells = Cells.over(ctx.layer("district").total_bounds, CELL, MARGIN)
    coarse = Cells(
        cells.west - 1.5 * CELL,
        cells.north + 1.5 * CELL,
        CELL * COARSE_EVERY,
        (-(-cells.shape[0] // COARSE_EVERY) + 1, -(-cells.shape[1] // COARSE_EVERY) + 1),
    )
    base, floor = _base(coarse, ctx.frame.crs)
    mountains = _mountains(ctx.rng("terrain", "rivers"), coarse, base, floor)
    rng = ctx.rng("terrain", "detail")
    at = [np.arange(count) / COARSE_EVERY for count in cells.shape]
    rise = _between(mountains, at)
    height = _between(np.minimum(base, floor + PLAIN_RISE), at) + rise
    rough = np.clip(rise / np.float32(80.0), 0, 1)
    for wave in ROUGH_WAVES:
        height += np.float32(ROUGH_SHARE * wave / 2) * rough * spline_noise(rng, cells, wave)
    height += np.float32(PLAIN_HEIGHT) * spline_noise(rng, cells, PLAIN_WAVE)
    return cells.raster(height, "elevation_m", ctx.frame.crs, NODATA)


def _between(grid: Floats, at: list[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Return a coarse grid at the fractional rows and columns `at`, by cubic splines along one axis after the other."""
    for axis in (0, 1):
        spline = make_interp_spline(np.arange(grid.shape[axis]), grid, k=3, axis=axis)
        grid = spline(at[axis]).astype(np.float32)
    return np.maximum(grid, np.float32(grid.min()))


def _mountains(rng: np.random.Generator, coarse: Cells, base: Floats, floor: Floats) -> Floats:
    """Return the rise of mountains over the plain: heights of rivers in balance, with crests in between. [m]

    Rivers are shortest ways to the plain over ground of random resistance; along a river the slope falls with the
    catchment (a stream-power profile), and the whole is scaled so that its local mean is the coarse grid's.
    """
    plain = np.minimum(base, floor + PLAIN_RISE)
    rise = base - plain
    edge = sum(spline_noise(rng, coarse, wave) for wave in EDGE_WAVES)
    low = base - floor < PLAIN_RISE + PLAIN_RISE_SPREAD * edge
    rim = np.ones(coarse.shape, dtype=bool)
    rim[1:-1, 1:-1] = False
    outlets = low | (rim & (base <= np.median(base[rim])))
    chance = rng.standard_normal(coarse.shape) + sum(spline_noise(rng, coarse, wave) for wave in WAY_WAVES)
    resistance = np.exp(WAY_NOISE * chance) * (1 + rise / DETOUR_RISE)
    tree, length = _drainage(resistance, outlets, coarse.size)
    above = _profile(tree, length, coarse.size**2).reshape(coarse.shape)
    above = ndimage.gaussian_filter(above, CREST_BLUR)
    above[low] = np.minimum(above[low], 0.0)
    even = EVEN_OUT / coarse.size
    mean_above = ndimage.gaussian_filter(above, even)
    scale = ndimage.gaussian_filter(rise, even) / np.maximum(mean_above, 1e-3 * max(above.max(), 1.0))
    return np.asarray(above * scale, dtype=np.float64)


def _drainage(resistance: Floats, outlets: NDArray[np.bool_], size: float) -> tuple[Ints, Floats]:
    """Return the cell into which each cell drains, itself for an outlet, and the way there. [m]"""
    number = np.arange(resistance.size)
    graph = grid_graph(resistance, size)
    _, before, _ = dijkstra(
        graph, directed=False, indices=np.flatnonzero(outlets), return_predecessors=True, min_only=True
    )
    tree = np.where(before < 0, number, before)
    columns = resistance.shape[1]
    dr, dc = np.subtract(np.divmod(tree, columns), np.divmod(number, columns))
    return tree, np.hypot(dr, dc) * size


def _profile(tree: Ints, length: Floats, cell_area: float) -> Floats:
    """Return each cell's height over its outlet, up to a factor: the way there, weighed by catchment^-concavity."""
    depth = np.zeros(tree.size, dtype=np.int64)
    ahead = tree.copy()
    while True:
        moving = ahead != tree[ahead]
        depth += moving
        if not moving.any():
            break
        ahead = tree[ahead]
    depth += tree != np.arange(tree.size)
    order = np.argsort(depth, kind="stable")
    levels = np.split(order, np.flatnonzero(np.diff(depth[order])) + 1)
    catchment = np.full(tree.size, cell_area)
    for level in reversed(levels[1:]):
        np.add.at(catchment, tree[level], catchment[level])
    climb = length * np.maximum(catchment, LEAST_CATCHMENT) ** -CONCAVITY
    height = np.zeros(tree.size)
    for level in levels[1:]:
        height[level] = height[tree[level]] + climb[level]
    return height


def _base(cells: Cells, crs: str) -> tuple[Floats, Floats]:
    """Return the smooth ground height and the local base level, the lowest smooth ground around. [m]"""
    x, y = np.meshgrid(cells.x, cells.y)
    target = pyproj.CRS.from_user_input(crs)
    longitude, latitude = pyproj.Transformer.from_crs(target, target.geodetic_crs, always_xy=True).transform(x, y)
    if not (np.all(np.abs(latitude) < 85) and np.all(np.abs(longitude) < 175)):  # noqa: PLR2004 - room for the halo
        raise CrsError(
            f"terrain: the outline in {crs} does not lie on the altitude grid (85 S to 85 N, 175 W to 175 E); "
            "check the CRS in district.toml, or deliver data_raw/terrain.tif"
        )
    coarse, row, column = _altitude_grid(latitude, longitude)
    floor = ndimage.gaussian_filter(ndimage.minimum_filter(coarse, size=5), 1.0)
    # A light blur takes away the steps of 28 m in which the grid is coded.
    smooth = ndimage.gaussian_filter(coarse, 0.55)
    base, level = (ndimage.map_coordinates(grid, [row, column], order=3, mode="nearest") for grid in (smooth, floor))
    return base, np.minimum(level, base)


def _altitude_grid(
    latitude: NDArray[np.float64], longitude: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return a window of the altitude grid [m] and the fractional rows and columns of points in it."""
    with (
        resources.as_file(resources.files("pvlib") / "data" / "Altitude.h5") as path,
        h5py.File(path, "r") as file,
    ):
        grid = file["Altitude"]
        rows, columns = grid.shape
        row = (90.0 - latitude) / 180.0 * rows - 0.5
        column = (longitude + 180.0) / 360.0 * columns - 0.5
        top, left = int(row.min()) - HALO, int(column.min()) - HALO
        bottom, right = int(row.max()) + HALO + 2, int(column.max()) + HALO + 2
        codes = grid[max(top, 0) : bottom, max(left, 0) : right]
    return CODE_ZERO + CODE_STEP * codes.astype(np.float64), row - max(top, 0), column - max(left, 0)
