"""Town borders reconstructed from a table of areas, centroids and extent ellipses.

When nobody delivers town borders, but a table tells each town's area, centroid and ellipse of extent, the borders are
drawn as a generalised balanced power diagram: a point x belongs to the town whose

    f_i(x) = (x − c_i)ᵀ A_i (x − c_i) − w_i

is smallest, c_i being the centroid, A_i the inverse of the second-moment matrix of the ellipse (whose semi-axes are two
standard deviations), and w_i a weight raised or lowered until the cell has the town's area. The result is a schematic
with right areas, sizes and neighbours, not a survey of borders: its status is ``reconstructed``.

References
----------
.. [1] Alpers, A., Brieden, A., Gritzmann, P., Lyckegaard, A., Poulsen, H. F. (2015). Generalized balanced power
       diagrams for 3D representations of polycrystals. Philosophical Magazine 95(9), 1016-1028.
       doi:10.1080/14786435.2015.1015469
.. [2] Kitagawa, J., Mérigot, Q., Thibert, B. (2019). Convergence of a Newton algorithm for semi-discrete optimal
       transport. Journal of the European Mathematical Society 21(9), 2603-2651. doi:10.4171/jems/889
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from changping_geo.model import ColumnError, DataError
from changping_geo.sources._power_cells import Sites, balance, cells

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from changping_geo.sources import Context

LOG = logging.getLogger(__name__)
COLUMNS = ("town_code", "name_zh", "name_en", "kind", "population_2020")
NUMBERS = ("area_km2", "centroid_lon", "centroid_lat", "semi_major_m", "semi_minor_m", "major_azimuth_deg")
AREA_SLACK = 0.05  # a table that misses the outline's area by more is a table of another district
AREA_TOLERANCE = 1e-3  # of each town's area, as promised for the layer
# From the delivered ellipses to equal circles, whose cells are convex: the way out when a cell will not stay whole.
ROUNDINGS = (0.0, 0.3, 0.6, 1.0)


def towns(ctx: Context) -> gpd.GeoDataFrame:
    """Draw the towns of ``town_table`` inside the outline ``district``.

    Parameters
    ----------
    ctx : Context
        With the layers ``district`` (polygon) and ``town_table``.

    Returns
    -------
    GeoDataFrame
        One polygon per row of the table, in its order, tiling the outline; columns `COLUMNS`. ``attrs["area_scale"]``
        is the factor by which the table's areas were multiplied so that they fill the outline. [1]

    Raises
    ------
    DataError
        If the table has faults (all told at once), or no whole cells with its areas can be found.
    """
    table = ctx.layer("town_table").reset_index(drop=True)
    outline = shapely.union_all(ctx.layer("district").geometry.to_numpy())
    centres = _centres(table, ctx.frame.crs)
    _check(table, outline, centres)
    wanted = table["area_km2"].to_numpy(float) * 1e6
    scale = outline.area / wanted.sum()
    LOG.info("the town table's areas are multiplied by %.5f to fill the outline", scale)
    polygons = tile(
        outline,
        centres,
        table["semi_major_m"].to_numpy(float),
        table["semi_minor_m"].to_numpy(float),
        table["major_azimuth_deg"].to_numpy(float),
        wanted * scale,
    )
    out = gpd.GeoDataFrame(
        table.reindex(columns=list(COLUMNS)).assign(
            population_2020=lambda t: t["population_2020"].astype("Int64"),
        ),
        geometry=polygons,
        crs=ctx.frame.crs,
    )
    out.attrs["area_scale"] = float(scale)
    return out


def tile(
    outline: shapely.Geometry,
    centres: NDArray[np.float64],
    semi_major: NDArray[np.float64],
    semi_minor: NDArray[np.float64],
    azimuth: NDArray[np.float64],
    areas: NDArray[np.float64],
) -> NDArray[np.object_]:
    """Cut an outline into one polygon per site.

    Parameters
    ----------
    outline : Polygon or MultiPolygon
        What is cut. [m]
    centres : ndarray, shape (n, 2)
        Centroids, x and y. [m]
    semi_major, semi_minor : ndarray, shape (n,)
        Two standard deviations of the site's extent along and across its axis. [m]
    azimuth : ndarray, shape (n,)
        Of the major axis, clockwise from north. [deg]
    areas : ndarray, shape (n,)
        Area of each polygon; they add up to the outline's. [m2]

    Returns
    -------
    ndarray of Polygon, shape (n,)
        Without gap or overlap, neighbours sharing their vertices.

    Raises
    ------
    DataError
        If the areas cannot be reached to `AREA_TOLERANCE` with whole polygons.
    """
    if len(centres) == 1:
        return np.array([outline], dtype=object)
    worst = np.inf
    for rounding in ROUNDINGS:
        sites = Sites(centres, *_second_moments(semi_major, semi_minor, azimuth, rounding))
        weights = balance(outline, sites, areas)
        if weights is None:
            continue
        polygons, error = cells(outline, sites, weights, areas, AREA_TOLERANCE / 2)
        worst = min(worst, error)
        if error <= AREA_TOLERANCE:
            if rounding:
                LOG.warning("the ellipses were rounded by %.0f %% to keep every town in one piece", 100 * rounding)
            return polygons
    raise DataError(
        f"town_table: no borders found that give every town its area in one piece (best: {worst:.2%} off); "
        "check area_km2, centroid and ellipse of neighbouring towns against each other, or deliver the layer 'towns'"
    )


def _second_moments(
    semi_major: NDArray[np.float64], semi_minor: NDArray[np.float64], azimuth: NDArray[np.float64], rounding: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the entries xx, xy, yy of the inverse second-moment matrices. [1/m2]"""
    mean = np.exp(np.log(semi_major * semi_minor).mean() / 2)
    along = (semi_major / 2) ** (1 - rounding) * (mean / 2) ** rounding
    across = (semi_minor / 2) ** (1 - rounding) * (mean / 2) ** rounding
    east, north = np.sin(np.deg2rad(azimuth)), np.cos(np.deg2rad(azimuth))
    return (
        east**2 / along**2 + north**2 / across**2,
        east * north * (along**-2 - across**-2),
        north**2 / along**2 + east**2 / across**2,
    )


def _centres(table: pd.DataFrame, crs: str) -> NDArray[np.float64]:
    target = pyproj.CRS.from_user_input(crs)
    to_metric = pyproj.Transformer.from_crs(target.geodetic_crs, target, always_xy=True)
    return np.column_stack(
        to_metric.transform(table["centroid_lon"].to_numpy(float), table["centroid_lat"].to_numpy(float))
    )


def _check(table: pd.DataFrame, outline: shapely.Geometry, centres: NDArray[np.float64]) -> None:
    """Refuse a table from which no towns can be drawn; all faults at once."""
    faults: list[str] = []
    if not len(table):
        raise ColumnError("town_table: has no rows; give one row per town, or deliver the layer 'towns'")
    names = table["name_zh"].astype(str).to_numpy()
    numbers = table[list(NUMBERS)].to_numpy(float)
    for bad, what in (
        (~np.isfinite(numbers).all(axis=1), "a figure is missing; fill in area, centroid and ellipse"),
        (table["area_km2"].to_numpy(float) <= 0, "area_km2 is not positive"),
        ((numbers[:, 3:5] <= 0).any(axis=1), "a semi-axis is not positive"),
        (numbers[:, 4] > numbers[:, 3], "semi_minor_m exceeds semi_major_m; swap them and turn the azimuth by 90 deg"),
        (
            ~shapely.dwithin(outline, shapely.points(centres), table["semi_minor_m"].to_numpy(float)),
            "the centroid lies farther outside the outline than semi_minor_m; check longitude and latitude",
        ),
        (
            table.duplicated(["centroid_lon", "centroid_lat"], keep=False).to_numpy(),
            "the same centroid stands twice; give each town its own",
        ),
    ):
        if bad.any():
            rows = ", ".join(f"{row + 1} ({names[row]})" for row in np.flatnonzero(bad))
            faults.append(f"rows {rows}: {what}")
    total = float(np.nansum(table["area_km2"].to_numpy(float)))
    inside = outline.area / 1e6
    if abs(total / inside - 1) > AREA_SLACK:
        faults.append(
            f"the areas add up to {total:.2f} km2, the outline has {inside:.2f} km2 ({total / inside - 1:+.1%}); "
            "give the area of every town of the district, in km2, and the outline of the same district"
        )
    if faults:
        raise ColumnError("town_table:\n" + "\n".join(f"  - {fault}" for fault in faults))
