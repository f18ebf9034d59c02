"""Change of land cover between two years: what became what, in which town, and where.

Method (docs/methods/carbon.md, section 9): cells of both years are counted together, town by town, in one pass; gains
and losses are of cells with a value in both years. The carbon of plants that the change stands for is the matrix of
changes times the difference of the classes' densities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.carbon.change import change_raster, count_change, on_one_grid
from changping_geo.carbon.change_patches import largest_patches
from changping_geo.carbon.compose_change import class_table, patch_values, town_columns, transition_table
from changping_geo.carbon.compose_words import named
from changping_geo.carbon.tiers import density_table
from changping_geo.model import Cards, Grid, Made, Output, Parameter, ParameterError, Result

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr

TITLE = ("土地覆盖变化", "Change of land cover")

#: Codes of ESA WorldCover (product user manual 2.0, 2022) with the words of the layer land_cover.
CLASSES = {
    10: ("林地", "tree cover"),
    20: ("灌木", "shrubland"),
    30: ("草地", "grassland"),
    40: ("耕地", "cropland"),
    50: ("建成区", "built-up"),
    60: ("裸地", "bare or sparse"),
    80: ("水体", "permanent water"),
    90: ("湿地", "herbaceous wetland"),
}
TREES, CROPS, BUILT = 10, 40, 50

_LAYERS = "set it with the layers that are delivered"
PARAMETERS = Cards(
    Parameter("year_before", 2015, "a", 1900, 2200, _LAYERS, verified=False,
              title_zh="早期土地覆盖年份", title_en="Year of the earlier land cover"),
    Parameter("year_after", 2022, "a", 1900, 2200, _LAYERS, verified=False,
              title_zh="现状土地覆盖年份", title_en="Year of the later land cover"),
    Parameter("allow_warp", value=False, unit="1", low=None, high=None, verified=True,
              source="two grids are refused unless the planner allows it",
              title_zh="允许重采样到同一网格", title_en="Bring the later raster to the earlier one's grid"),
    Parameter("patches", 200, "1", 1, 5000, "what a map can show one by one", verified=True,
              title_zh="变化图斑数量", title_en="Patches of change"),
    Parameter("density_set", "beijing", "word", None, None, "a set of the layer carbon_density", verified=False,
              title_zh="土地覆盖碳密度参数集", title_en="Set of land-cover densities"),
    Parameter("raster_root_ratio", 0.26, "1", 0.0, 1.0, "WRI carbon-budget v1.4.3, default root ratio", verified=True,
              title_zh="土地覆盖根茎比", title_en="Root ratio that parts densities of whole trees"),
)  # fmt: skip

OUTPUTS = tuple(
    Output(name, unit, zh, en, formula, extensive, short)
    for name, unit, zh, en, formula, extensive, short in (
        ("changed_ha", "ha", "变化面积", "Area that changed", "cells of another class in the later year",
         True, "changed"),
        ("unchanged_ha", "ha", "未变化面积", "Area unchanged", "cells of the same class in both years", True, "same"),
        ("unknown_ha", "ha", "缺数据面积", "Area without data", "cells without a value in one year or both", True,
         "unknown"),
        ("changed_share", "1", "变化面积占比", "Share that changed", "changed_ha / (changed_ha + unchanged_ha)", False,
         "chg_share"),
        ("tree_gain_ha", "ha", "林地增加", "Gain of trees", "cells that became tree cover", True, "tree_gain"),
        ("tree_loss_ha", "ha", "林地减少", "Loss of trees", "cells that were tree cover", True, "tree_loss"),
        ("tree_net_ha", "ha", "林地净变化", "Net change of trees", "tree_gain_ha - tree_loss_ha", True, "tree_net"),
        ("crop_net_ha", "ha", "耕地净变化", "Net change of crops", "gain less loss of cropland", True, "crop_net"),
        ("built_net_ha", "ha", "建成区净变化", "Net change of built-up land", "gain less loss of built-up land", True,
         "built_net"),
        ("cover_change_t_c", "t C", "土地覆盖变化引起的植物碳变化", "Carbon of plants by change of land cover",
         "Σ area of each change × (density after - density before) of density_set", True, "change_tc"),
        ("cover_change_t_c_a", "t C/a", "年均植物碳变化", "Yearly change of the carbon of plants",
         "cover_change_t_c / (year_after - year_before)", True, "chg_tc_a"),
    )
)  # fmt: skip
HEADLINE = ("changed_ha", "changed_share", "tree_net_ha", "crop_net_ha", "built_net_ha", "cover_change_t_c")


def compute(
    towns: gpd.GeoDataFrame,
    land_cover: xr.DataArray,
    land_cover_before: xr.DataArray,
    carbon_density: pd.DataFrame,
    *,
    year_before: int = PARAMETERS["year_before"],
    year_after: int = PARAMETERS["year_after"],
    allow_warp: bool = PARAMETERS["allow_warp"],
    patches: int = PARAMETERS["patches"],
    density_set: str = PARAMETERS["density_set"],
    raster_root_ratio: float = PARAMETERS["raster_root_ratio"],
) -> Result:
    """Count the change of every town, and show where it was.

    Raises
    ------
    GeoError
        If the years are in the wrong order, the rasters hold unknown codes or lie on different grids.
    """
    if year_after <= year_before:
        raise ParameterError(f"year_after {year_after} is not after year_before {year_before}; give the years in order")
    # 1. One grid, one count of pairs of classes by town
    later, notes = on_one_grid(land_cover_before, land_cover, warp=allow_warp)
    change = count_change(land_cover_before, later, towns, CLASSES, notes=notes)
    # 2. What it means for the carbon of plants
    density = density_table(carbon_density, density_set, raster_root_ratio)
    by_town = town_columns(
        change, towns, density, years=year_after - year_before, trees=TREES, crops=CROPS, built=BUILT
    )
    # 3. Where it was
    cells, legend = change_raster(land_cover_before, later, CLASSES)
    where = patch_values(largest_patches(land_cover_before, later, CLASSES, n=patches), towns, CLASSES)
    return Result(
        by_town=named(by_town[[output.name for output in OUTPUTS]], towns),
        tables={
            "transitions": transition_table(change, CLASSES),
            "classes_by_town": class_table(change, CLASSES),
        },
        made={"land_change_patches": Made("变化图斑", "Patches of change", **where)},
        rasters={"land_cover_change": Grid("土地覆盖变化图", "Map of change", "", cells, legend)},
    )
