"""The page's own base map: district, relief, green, water and main roads in a few hundred kilobytes, without tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.features import geometry_mask
from rasterio.features import shapes as outlines
from rasterio.transform import from_bounds

from changping_geo.present.map_packed import pack
from changping_geo.present.map_raster import MERCATOR, png, warp
from changping_geo.present.map_rows import layer_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec

# Codes of land cover (ESA WorldCover) that the base map shows, and the least patch that is kept. [m2]
_WATER, _WETLAND, _TREES = 80, 90, 10
_LEAST_M2 = {_WATER: 4_000.0, _WETLAND: 10_000.0, _TREES: 200_000.0}
# Land cover is gathered to cells of about this side before its patches are outlined. [m]
_PATCH_M = {_WATER: 10.0, _WETLAND: 20.0, _TREES: 50.0}
_TOLERANCE_M = {_WATER: 9.0, _WETLAND: 18.0, _TREES: 45.0}
_GREEN_LEAST_M2, _GREEN_TOLERANCE_M, _ROAD_TOLERANCE_M = 6_000.0, 6.0, 8.0
_RELIEF_PX, _RELIEF_STEPS = 1200, 12
# Light from the north-west, as maps have it; slopes are raised so that hills read at the scale of a district.
_SUN_AZIMUTH, _SUN_HEIGHT, _RAISE = 315.0, 45.0, 1.6
_DARKEST, _LIGHTEST = 84, 60
# Style of a set: fill, line, width in px at zoom 10 and at zoom 16, first zoom.
_STYLES: dict[str, dict[str, Any]] = {
    "district": {"fill": "#f8f7f3"},
    "trees": {"fill": "#e9eee1"},
    "green": {"fill": "#dce8d0", "min_zoom": 12},
    "wetland": {"fill": "#dfe9e6", "min_zoom": 11},
    "water": {"fill": "#c3d7e3"},
    "tertiary": {"line": "#ffffff", "casing": "#dcd8cf", "width": (0.4, 4.0), "min_zoom": 13},
    "secondary": {"line": "#ffffff", "casing": "#d6d1c6", "width": (0.6, 6.0), "min_zoom": 12},
    "primary": {"line": "#fffdf8", "casing": "#cfc8b9", "width": (0.9, 8.0), "min_zoom": 10},
    "trunk": {"line": "#fbf3e0", "casing": "#c9bda2", "width": (1.2, 9.0), "min_zoom": 9},
    "motorway": {"line": "#f7e8c8", "casing": "#c2b08a", "width": (1.4, 10.0), "min_zoom": 8},
}


def ground(run: Run, spec: MapSpec, outline: shapely.Geometry) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the base map of a page.

    Parameters
    ----------
    run : Run
        The run with the layers that its maps asked for.
    spec : MapSpec
        The page; ``ground`` names the layers.
    outline : Geometry
        The district in the workspace's metric CRS. [m]

    Returns
    -------
    tuple
        The card (``sets``: style and name of each, ``relief``: picture and bounds or None), and the packed sets.
    """
    crs = run.frame.crs
    sets: dict[str, gpd.GeoSeries] = {"district": gpd.GeoSeries([outline.simplify(_GREEN_TOLERANCE_M)], crs=crs)}
    cover = layer_of(run, "land_cover") if "land_cover" in spec.ground else None
    if cover is not None:
        for name, code in (("trees", _TREES), ("wetland", _WETLAND), ("water", _WATER)):
            sets[name] = patches(cover.data, code)
    green = [
        layer.data for n in ("parks", "urban_green") if n in spec.ground and (layer := layer_of(run, n)) is not None
    ]
    if green:
        sets["green"] = _large([frame.geometry for frame in green if isinstance(frame, gpd.GeoDataFrame)])
    roads = layer_of(run, "roads") if "roads" in spec.ground else None
    if roads is not None and isinstance(roads.data, gpd.GeoDataFrame):
        sets |= _roads(roads.data)
    relief = layer_of(run, "terrain") if "terrain" in spec.ground else None
    named = [name for name in _STYLES if name in sets and len(sets[name])]
    return {
        "sets": [{"name": name, **_STYLES[name]} for name in named],
        "relief": None if relief is None else _relief(relief.data, outline, crs),
    }, [pack(sets[name], {}) for name in named]


def patches(cover: Any, code: int) -> gpd.GeoSeries:
    """Return the patches of one land-cover class, simplified; specks are left out.

    Parameters
    ----------
    cover : DataArray, shape (rows, columns)
        Codes of land cover.
    code : int
        The class. [1]
    """
    transform = Affine(*cover.attrs["transform"][:6])
    step = max(1, round(_PATCH_M[code] / abs(transform.a)))
    here = np.asarray(cover.values) == code
    rows, columns = (size // step * step for size in here.shape)
    share = here[:rows, :columns].reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    found = outlines((share >= 0.5).astype(np.uint8), mask=share >= 0.5, transform=transform * Affine.scale(step))  # noqa: PLR2004 - more than half
    series = gpd.GeoSeries([shapely.geometry.shape(shape) for shape, _ in found], crs=cover.attrs["crs"])
    series = series[series.area >= _LEAST_M2[code]].simplify(_TOLERANCE_M[code])
    return gpd.GeoSeries(series[~series.is_empty].reset_index(drop=True))


def _large(parts: list[gpd.GeoSeries]) -> gpd.GeoSeries:
    kept = [series[series.area >= _GREEN_LEAST_M2].simplify(_GREEN_TOLERANCE_M) for series in parts]
    shapes = np.concatenate([series.to_numpy() for series in kept])
    return gpd.GeoSeries(shapes[~shapely.is_empty(shapes)], crs=parts[0].crs)


def _roads(roads: gpd.GeoDataFrame) -> dict[str, gpd.GeoSeries]:
    """Return main roads by class, joined end to end before they are simplified."""
    by_class: dict[str, gpd.GeoSeries] = {}
    classes: pd.Series = roads["class"].astype(str)
    for name in ("motorway", "trunk", "primary", "secondary", "tertiary"):
        lines = roads.geometry[(classes == name).to_numpy()]
        if len(lines):
            joined = shapely.get_parts(
                shapely.line_merge(shapely.multilinestrings(shapely.get_parts(lines.to_numpy())))
            )
            by_class[name] = gpd.GeoSeries(shapely.simplify(joined, _ROAD_TOLERANCE_M), crs=roads.crs)
    return by_class


def _relief(terrain: Any, outline: shapely.Geometry, crs: str) -> dict[str, Any] | None:
    """Return relief as black and white veils: shade darkens, light brightens, flat ground stays as it is."""
    west, south, east, north = outline.bounds
    margin = 0.02 * max(east - west, north - south)
    near = terrain.sel(x=slice(west - margin, east + margin), y=slice(north + margin, south - margin))
    if terrain.attrs["crs"] != crs or min(near.shape, default=0) < 3:  # noqa: PLR2004 - a slope needs neighbours
        near = terrain
    near = near.copy()
    cell = float(abs(terrain.attrs["transform"][0]))
    near.attrs = dict(terrain.attrs)
    near.attrs["transform"] = (cell, 0.0, float(near.x[0]) - cell / 2, 0.0, -cell, float(near.y[0]) + cell / 2)
    warped = warp(near, _RELIEF_PX, classes=False)
    (bottom, _), (top, _) = warped.bounds
    ground_m = 111_320.0 * (top - bottom) / warped.cells.shape[0]
    light = hillshade(warped.cells, ground_m)
    (west, east), (south, north) = Transformer.from_crs("EPSG:4326", MERCATOR, always_xy=True).transform(
        [warped.bounds[0][1], warped.bounds[1][1]], [bottom, top]
    )
    inside = geometry_mask(
        gpd.GeoSeries([outline], crs=crs).to_crs(MERCATOR),
        light.shape,
        from_bounds(west, south, east, north, light.shape[1], light.shape[0]),
        invert=True,
    )
    light = np.where(inside, light, 0.0)
    return {"picture": _veil(light), "bounds": warped.bounds}


def hillshade(height: NDArray[np.float64], cell: float) -> NDArray[np.float64]:
    """Return how much brighter or darker than flat ground each cell is.

    Parameters
    ----------
    height : array, shape (rows, columns)
        Height above sea level, north at the top; NaN where unknown. [m]
    cell : float
        Side of a cell on the ground. [m]

    Returns
    -------
    array, shape (rows, columns)
        From -1 (in the dark) over 0 (as flat ground) to about 0.4; 0 where unknown. [1]

    References
    ----------
    B. K. P. Horn, Hill shading and the reflectance map, Proc. IEEE 69 (1981), 14-47,
    https://doi.org/10.1109/PROC.1981.11918
    """
    known = np.isfinite(height)
    filled = np.where(known, height, np.nanmean(height) if known.any() else 0.0)
    down, right = np.gradient(filled * _RAISE, cell)
    azimuth, high = np.radians(_SUN_AZIMUTH), np.radians(_SUN_HEIGHT)
    towards = -right * np.sin(azimuth) + down * np.cos(azimuth)
    light = (towards * np.cos(high) + np.sin(high)) / np.sqrt(1 + right**2 + down**2)
    edge = ~known
    edge[1:] |= ~known[:-1]
    edge[:-1] |= ~known[1:]
    edge[:, 1:] |= ~known[:, :-1]
    edge[:, :-1] |= ~known[:, 1:]
    return np.where(edge, 0.0, np.clip(light, 0.0, None) / np.sin(high) - 1.0)


def _veil(light: NDArray[np.float64]) -> str:
    half = _RELIEF_STEPS // 2
    level = np.clip(np.rint(light * half * np.where(light < 0, 1.2, 2.5)), -half, half - 1).astype(np.int64) + half
    palette = [
        (60, 62, 70, round(_DARKEST * (half - n) / half))
        if n < half
        else (255, 255, 252, round(_LIGHTEST * (n - half) / half))
        for n in range(_RELIEF_STEPS)
    ]
    return png(level.astype(np.uint8), palette)
