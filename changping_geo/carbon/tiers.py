"""Three tiers, one result: stands, then urban green, then a biomass raster, then land cover; each place counts once.

Shapes take their exact area, and what they leave of a town is what rasters may fill: a cell that a stand covers in part
counts for the rest of it only. So the areas of the tiers add up to the town.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from changping_geo.carbon import rasters
from changping_geo.carbon.sets import Basis
from changping_geo.carbon.units import M2_PER_HA
from changping_geo.errors import ColumnError, CrsError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from changping_geo.carbon.roots import RootRatios

Floats = NDArray[np.float64]

TIERS = {
    "stands": ("小班", "stands"),
    "urban_green": ("城市绿地", "urban green"),
    "raster": ("生物量栅格", "biomass raster"),
    "land_cover": ("土地覆盖", "land cover"),
    "none": ("无数据", "no data"),
}


class Cover(NamedTuple):
    """What the rasters say of the land that shapes leave.

    Attributes
    ----------
    areas : DataFrame
        ``town_code``, ``tier`` (``raster``, ``land_cover``, ``none``), ``kind`` (class code as text), ``area_ha`` [ha].
    biomass : DataFrame
        Per town ``town_code``, ``area_ha`` [ha], ``above`` and ``below`` [t C], ``agb_t`` [t]; no row without a raster.
    """

    areas: pd.DataFrame
    biomass: pd.DataFrame


def density_table(table: pd.DataFrame, name: str, root_ratio: float) -> pd.DataFrame:
    """Return the carbon densities of one set by class, above and below ground apart.

    Parameters
    ----------
    table : DataFrame
        ``set``, ``class_code``, ``tree_cover``, ``basis``, ``above_t_c_ha``, ``below_t_c_ha``, ``dead_t_c_ha``,
        ``sd_rel``. Under the basis ``total`` the column ``above_t_c_ha`` holds whole plants. [t C/ha]
    name : str
        The set.
    root_ratio : float
        Parts whole plants into above and below; it adds nothing. [1]

    Returns
    -------
    DataFrame
        Indexed by class code: ``above``, ``below``, ``dead_wood`` [t C/ha], ``tree_cover``, ``sd_rel`` [1].

    Raises
    ------
    ParameterError
        If the set is unknown.
    ColumnError
        If a value is missing or a code is given twice, or whole plants are given roots as well.
    """
    rows = table[table["set"] == name]
    if not len(rows):
        raise ParameterError(f"density: unknown set {name!r}; known are: {', '.join(sorted(set(table['set'])))}")
    whole = np.array([Basis.parse(str(word)) is Basis.TOTAL for word in rows["basis"]])
    above, below, dead = (rows[f"{pool}_t_c_ha"].to_numpy(float) for pool in ("above", "below", "dead"))
    codes = rows["class_code"].to_numpy(int)
    faults = [f"{codes[i]}: whole plants with a value below ground" for i in np.flatnonzero(whole & (below > 0))]
    for values, column, needed in (
        (above, "above_t_c_ha", np.ones(len(rows), dtype=bool)),
        (below, "below_t_c_ha", ~whole),
        (dead, "dead_t_c_ha", np.ones(len(rows), dtype=bool)),
    ):
        faults += [f"{codes[i]}: {column} is missing" for i in np.flatnonzero(needed & np.isnan(values))]
    faults += [f"{code}: given twice" for code in np.unique(codes[pd.Series(codes).duplicated().to_numpy()])]
    if faults:
        raise ColumnError(f"density set {name!r}: class " + "; class ".join(faults) + "; mend the table")
    up = np.where(whole, above / (1.0 + root_ratio), above)
    columns = {
        "above": up,
        "below": np.where(whole, above - up, below),
        "dead_wood": dead,
        "tree_cover": rows["tree_cover"].to_numpy(bool),
        "sd_rel": rows["sd_rel"].to_numpy(float) if "sd_rel" in rows else np.full(len(rows), np.nan),
    }
    return pd.DataFrame(columns, index=pd.Index(codes, name="class_code"))


def without(shapes: gpd.GeoDataFrame, taken: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return shapes cut clear of what is taken, and of the shapes before them; a place counts once.

    Parameters
    ----------
    shapes, taken : GeoDataFrame
        Polygons in one metric CRS.

    Returns
    -------
    GeoDataFrame
        The rows of `shapes`, some of them with smaller or empty shapes.

    Raises
    ------
    CrsError
        If the two CRS differ.
    """
    if shapes.crs != taken.crs:
        raise CrsError("shapes and what is taken are in different CRS; bring both to the metric one")
    own = np.array(shapes.geometry.array, dtype=object)
    before = np.asarray(taken.geometry.array, dtype=object)
    all_ = np.concatenate([before, own])
    later, earlier = shapely.STRtree(all_).query(own, predicate="intersects")
    first = earlier < later + len(before)
    later, earlier = later[first], earlier[first]
    real = ~shapely.touches(own[later], all_[earlier])
    for row in np.unique(later[real]):
        own[row] = _polygons(shapely.difference(own[row], shapely.union_all(all_[earlier[real & (later == row)]])))
    return shapes.set_geometry(gpd.GeoSeries(own, index=shapes.index, crs=shapes.crs))


def rest_of(towns: gpd.GeoDataFrame, *taken: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return what shapes leave of the towns: ``town_code`` and polygons, empty where nothing is left."""
    shapes = np.concatenate([np.asarray(frame.geometry.array, dtype=object) for frame in taken])
    areas = np.asarray(towns.geometry.array, dtype=object)
    town, shape = shapely.STRtree(shapes).query(areas, predicate="intersects")
    left = [
        _polygons(shapely.difference(areas[i], shapely.union_all(shapes[shape[town == i]]))) for i in range(len(areas))
    ]
    codes = towns["town_code"].astype("str").to_numpy(dtype=object)
    return gpd.GeoDataFrame({"town_code": codes}, geometry=left, crs=towns.crs)


def cover_of(
    rest: gpd.GeoDataFrame,
    land_cover: xr.DataArray,
    density: pd.DataFrame,
    biomass: xr.DataArray | None = None,
    roots: RootRatios | None = None,
    root_group: str = "broadleaf",
    carbon_fraction: float | None = None,
) -> Cover:
    """Measure land cover and biomass on what is left of the towns.

    Cells of tree cover with a biomass take it; all others take the density of their class.

    Parameters
    ----------
    rest : GeoDataFrame
        Of `rest_of`.
    land_cover : DataArray, shape (rows, columns)
        Class codes.
    density : DataFrame
        Of `density_table`: the known codes, and which of them are tree cover.
    biomass : DataArray, shape (rows, columns), optional
        Dry biomass above ground, on the grid of `land_cover`. [t/ha]
    roots, root_group : RootRatios, str
        Roots of the biomass raster; needed with it.
    carbon_fraction : float
        Of the biomass raster; needed with it. [1]

    Returns
    -------
    Cover

    Raises
    ------
    CrsError, ColumnError, ParameterError
        If a raster has no CRS, nodata or common grid, a class has no density, a biomass is negative, or roots lack.
    """
    rasters.check_raster(land_cover, "land_cover")
    empty = rasters.empty_cells(land_cover)
    codes = rest["town_code"].to_numpy(dtype=object)
    held = pd.DataFrame(columns=["town_code", "area_ha", "above", "below", "agb_t"])
    areas = []
    if biomass is not None:
        if roots is None or carbon_fraction is None:
            raise ParameterError("a raster of biomass above ground needs root ratios and a carbon fraction")
        trees = density.index[density["tree_cover"]].to_numpy()
        used, cells = _usable(biomass, land_cover, empty, trees)
        ratio = np.zeros(cells.shape)
        ratio[used] = roots.of_cells(root_group, cells[used])
        up = rasters.amounts(land_cover, cells, rest, ~used)
        down = rasters.amounts(land_cover, cells * ratio, rest, ~used)
        carbon = {"above": up["amount"] * carbon_fraction, "below": down["amount"] * carbon_fraction}
        held = pd.DataFrame({"town_code": codes, "area_ha": up["area_ha"], **carbon, "agb_t": up["amount"]})
        areas.append(held[["town_code", "area_ha"]].assign(tier="raster", kind="tree_cover"))
        empty = empty | used
    table = rasters.class_areas(land_cover, rest, empty)
    _refuse_codes(table, density)
    long = table.set_axis(codes, axis=0).rename_axis("town_code").reset_index()
    long = long.melt(id_vars="town_code", var_name="kind", value_name="area_ha")
    areas.append(long.assign(tier="land_cover", kind=long["kind"].astype(str)))
    known = pd.concat(areas, ignore_index=True)
    gap = rest.area.to_numpy() / M2_PER_HA - known.groupby("town_code")["area_ha"].sum().reindex(codes).fillna(0.0)
    none = pd.DataFrame({"town_code": codes, "area_ha": np.maximum(gap.to_numpy(), 0.0), "tier": "none", "kind": ""})
    out = pd.concat([known, none], ignore_index=True)[["town_code", "tier", "kind", "area_ha"]]
    return Cover(out[out["area_ha"] > 0.0].reset_index(drop=True), held)


def biomass_of_height(height: Floats, factor: float, power: float) -> Floats:
    """Return biomass above ground from canopy height by a power law that was fitted for the place.

    No law for the temperate zone is trusted here, so both coefficients must be given, and the result is indicative.

    Parameters
    ----------
    height : ndarray
        Canopy height. [m]
    factor, power : float
        ``factor * height ^ power``. [t/ha, 1]

    Returns
    -------
    ndarray
        [t/ha]
    """
    out: Floats = factor * np.maximum(height, 0.0) ** power
    return out


def density_grid(
    land_cover: xr.DataArray,
    density: pd.DataFrame,
    shapes: Mapping[str, tuple[gpd.GeoDataFrame, Floats]],
    raster: Floats | None = None,
) -> xr.DataArray:
    """Return carbon per hectare on the grid of the land cover, for a map.

    Parameters
    ----------
    land_cover : DataArray, shape (rows, columns)
        Class codes.
    density : DataFrame
        Of `density_table`.
    shapes : mapping of str to (GeoDataFrame, ndarray)
        Shapes and their carbon per hectare, best tier first; by the centre of cells. [t C/ha]
    raster : ndarray, shape (rows, columns), optional
        Carbon of cells that a raster knows better than the land cover, NaN elsewhere. [t C/ha]

    Returns
    -------
    DataArray, shape (rows, columns)
        float32, NaN where nothing is known. [t C/ha]
    """
    rasters.check_raster(land_cover, "land_cover")
    cells, empty = land_cover.to_numpy(), rasters.empty_cells(land_cover)
    unique, at = np.unique(cells[~empty], return_inverse=True)
    _refuse_codes(pd.DataFrame(1.0, index=[0], columns=unique.astype(int)), density)
    whole = density[["above", "below", "dead_wood"]].sum(axis=1).reindex(unique.astype(int)).to_numpy()
    out = np.full(cells.shape, np.nan, dtype=np.float32)
    out[~empty] = whole[at]
    if raster is not None:
        np.copyto(out, raster, where=np.isfinite(raster), casting="same_kind")
    for frame, values in reversed(list(shapes.values())):
        known = np.isfinite(values)
        pairs = list(zip(frame.to_crs(land_cover.attrs["crs"]).geometry[known], values[known], strict=True))
        if pairs:
            rasterize(pairs, out=out, transform=rasters.transform_of(land_cover))
    grid = land_cover.copy(data=out)
    grid.attrs = {**land_cover.attrs, "nodata": float("nan")}
    return grid


def _usable(
    biomass: xr.DataArray, land_cover: xr.DataArray, empty: NDArray[np.bool_], trees: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], Floats]:
    """Return the cells that take the biomass raster, and the biomass, 0 elsewhere. [t/ha]"""
    rasters.check_raster(biomass, "biomass")
    rasters.check_aligned(biomass, land_cover, ("biomass", "land_cover"))
    used = ~empty & ~rasters.empty_cells(biomass) & np.isin(land_cover.to_numpy(), trees)
    cells: Floats = np.where(used, biomass.to_numpy(), 0.0).astype(np.float64)
    if (cells < 0.0).any():
        raise ColumnError(
            f"biomass: {(cells < 0.0).sum()} cells are negative (least {cells.min():g} t/ha); declare them as nodata"
        )
    return used, cells


def _refuse_codes(areas: pd.DataFrame, density: pd.DataFrame) -> None:
    strange = [str(code) for code in areas.columns if areas[code].sum() > 0 and code not in density.index]
    if strange:
        raise ColumnError(
            f"land_cover: class codes {', '.join(strange)} have no density; known are: "
            f"{', '.join(map(str, density.index))}. Add them to the table, or declare them as nodata in the raster"
        )


def _polygons(shape: shapely.Geometry) -> shapely.Geometry:
    """Drop lines and points that an overlay leaves."""
    if shape.geom_type != "GeometryCollection":
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])  # noqa: PLR2004 - polygons
