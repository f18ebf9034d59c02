"""Which heat pump suits where: ground where parcels reach, wells on geothermal fields, air in the mountains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.heat.planning import planned
from changping_geo.heat.pump import staffell_cop
from changping_geo.model import Cards, Parameter

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.heat.season import Season

    Floats = NDArray[np.float64]

ADVICE = {
    "existing": ("已有热泵项目", "served by a project"),
    "shallow_ground": ("浅层地源", "shallow ground source"),
    "deep_geothermal": ("中深层地热", "deep geothermal"),
    "air_mountain": ("空气源(山区)", "air source, mountains"),
    "air": ("空气源或其他", "air source or other"),
}
CARDS = Cards(
    planned("mountain_m", 200.0, "m", 50.0, 3000.0, "山区高程下限", "Height above which a place counts as mountain",
            "the plain's edge differs from district to district"),
    planned("lapse_k_km", 6.0, "K/km", 3.0, 9.8, "气温直减率", "Fall of air temperature with height",
            "6.5 in the standard atmosphere, less in winter"),
    planned("site_elevation_m", 50.0, "m", 0.0, 4000.0, "气候资料所在高程", "Height that the climate stands for"),
    planned("geothermal_radius_m", 4000.0, "m", 500.0, 20000.0, "地热田半径(无范围面时)",
            "Radius of a geothermal field whose polygon nobody delivered"),
    Parameter("ground_share", 0.5, "1", 0.05, 1.0,
              "share of a cell's heat that parcels must cover for ground source to be named first; own choice",
              verified=False, title_zh="推荐地源的最低覆盖率", title_en="Coverage from which ground source is named"),
)  # fmt: skip
FIELD_BASIS = {
    "polygon": ("交付的范围", "delivered polygon"),
    "circle": ("以近似点为圆心的圆", "circle about an approximate point"),
}


def fields_of(
    delivered: gpd.GeoDataFrame | None, places: gpd.GeoDataFrame | None, radius_m: float, crs: object
) -> gpd.GeoDataFrame:
    """Return geothermal fields: polygons when delivered, else circles about the places that a plan names.

    Parameters
    ----------
    delivered : GeoDataFrame, optional
        ``name``, and ``depth_class`` where it is known.
    places : GeoDataFrame, optional
        Points with ``name_zh``, ``theme``.
    radius_m : float
        Radius of a circle. [m]
    crs : CRS
        Of the result.

    Returns
    -------
    GeoDataFrame
        ``name``, ``depth_class``, ``basis``; numbered from 0.
    """
    if delivered is not None and len(delivered):
        depth = delivered["depth_class"] if "depth_class" in delivered else pd.Series("", delivered.index)
        name = delivered["name"] if "name" in delivered else delivered["field_id"]
        columns = {"name": name.astype(str).to_numpy(), "depth_class": depth.fillna("unknown").to_numpy()}
        return gpd.GeoDataFrame(columns | {"basis": "polygon"}, geometry=delivered.geometry.to_numpy(), crs=crs)
    points = places[places["theme"] == "geothermal"] if places is not None else None
    names = [] if points is None else points["name_zh"].astype(str).tolist()
    shapes = [] if points is None else list(points.geometry.buffer(radius_m))
    columns = {"name": pd.Series(names, dtype="str"), "depth_class": "unknown", "basis": "circle"}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def elevation_and_slope(terrain: xr.DataArray | None, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return height and slope of the terrain at points; missing where it is not known.

    Parameters
    ----------
    terrain : DataArray, optional
        Heights with ``transform`` and ``nodata``, shape (rows, columns). [m]
    x, y : ndarray
        Points in its CRS, shape (n,). [m]

    Returns
    -------
    ndarray
        Height, shape (n,). [m]
    ndarray
        Slope, from the differences to the neighbours, shape (n,). [degree]
    """
    if terrain is None:
        return np.full(len(x), np.nan), np.full(len(x), np.nan)
    a, _, c, _, e, f = terrain.attrs["transform"][:6]
    cells = terrain.to_numpy()
    column, row = np.floor((np.asarray(x) - c) / a).astype(int), np.floor((np.asarray(y) - f) / e).astype(int)
    rows, columns = cells.shape

    def height(line: NDArray[np.int64], place: NDArray[np.int64]) -> Floats:
        inside = (line >= 0) & (line < rows) & (place >= 0) & (place < columns)
        out = np.full(len(line), np.nan)
        out[inside] = cells[line[inside], place[inside]]
        nodata = terrain.attrs.get("nodata")
        return out if nodata is None else np.where(out == nodata, np.nan, out)

    east = (height(row, column + 1) - height(row, column - 1)) / (2 * a)
    north = (height(row + 1, column) - height(row - 1, column)) / (2 * e)
    return height(row, column), np.degrees(np.arctan(np.hypot(east, north)))


def air_spf(
    season: Season, supply_c: float, field_factor: float, height_m: Floats, site_m: float, lapse_k_km: float
) -> Floats:
    """Return the seasonal performance of air source at heights, colder than the climate's site by the lapse rate.

    Parameters
    ----------
    season : Season
        Hours and weights at the site.
    supply_c : float
        Heating water. [degC]
    field_factor : float
        Measured over rated. [1]
    height_m : ndarray
        Heights, missing where not known: they are taken as the site's, shape (n,). [m]
    site_m : float
        Height of the climate. [m]
    lapse_k_km : float
        Fall of temperature with height. [K/km]

    Returns
    -------
    ndarray
        Shape (n,). [1]
    """
    above = np.nan_to_num(np.asarray(height_m, dtype=np.float64) - site_m, nan=0.0)
    steps = np.linspace(min(0.0, above.min(initial=0.0)), max(1.0, above.max(initial=0.0)), 24)
    colder = steps[:, None] * lapse_k_km / 1000.0
    cop = staffell_cop(supply_c - (season.outdoor[None, :] - colder), source="air")
    spf = 1.0 / (season.weight / cop).sum(axis=1)
    out: Floats = np.maximum(np.interp(above, steps, spf) * field_factor, 1.0)
    return out


def advise(
    cells: gpd.GeoDataFrame, fields: gpd.GeoDataFrame, *, ground_share: float, mountain_m: float
) -> NDArray[np.object_]:
    """Return what to look at first in each cell, a word of `ADVICE`.

    Parameters
    ----------
    cells : GeoDataFrame
        ``heat_demand_mwh_a``, ``open_demand_mwh_a`` (not yet in a project), ``covered_mwh_a`` [MWh/a],
        ``elevation_m`` [m].
    fields : GeoDataFrame
        Geothermal fields.
    ground_share : float
        Share of the open demand that parcels must cover. [1]
    mountain_m : float
        Height of the mountains' foot. [m]
    """
    shapes = np.asarray(cells.geometry.array, dtype=object)
    on_field = np.zeros(len(cells), dtype=bool)
    if len(fields):
        tree = shapely.STRtree(shapely.centroid(shapes))
        on_field[tree.query(np.asarray(fields.geometry.array, dtype=object), "intersects")[1]] = True
    open_ = cells["open_demand_mwh_a"].to_numpy()
    ground = (cells["covered_mwh_a"].to_numpy() >= ground_share * open_) & (open_ > 0)
    high = cells["elevation_m"].to_numpy() > mountain_m
    cases = [open_ <= 0, ground, on_field, high]
    return np.select(cases, ["existing", "shallow_ground", "deep_geothermal", "air_mountain"], "air").astype(object)
