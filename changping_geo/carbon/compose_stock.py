"""The fused stock as tables, values of stands and greens, and a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.carbon import rasters, soil, stock, tiers, uncertainty, urban
from changping_geo.carbon.compose_words import CARBON_FROM, HEADINGS, named, spoken, titled
from changping_geo.carbon.fusion import unverified
from changping_geo.carbon.pools import POOLS
from changping_geo.carbon.roots import RootRatios
from changping_geo.carbon.units import M2_PER_HA, co2_of
from changping_geo.geo.assign import DISTRICT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import xarray as xr

    from changping_geo.carbon.fusion import Fused, Tables
    from changping_geo.carbon.stock import Stock

Floats = NDArray[np.float64]

PARTS = ("above", "below", "dead_wood", "litter")


def soil_of(
    fused: Fused, table: pd.DataFrame, uses: pd.DataFrame, factors: pd.DataFrame, *, name: str, climate: str,
    moisture: str, spread: float,
) -> tuple[Stock, soil.Depth]:  # fmt: skip
    """Return the soil carbon under the fused land cover, and the depth that it is of."""
    native = soil.reference(table, name, climate)
    return soil.soil_stock(fused.stock.areas, uses, factors, native, moisture, spread), native.depth


def soil_table(
    fused: Fused, table: pd.DataFrame, uses: pd.DataFrame, factors: pd.DataFrame, moisture: str, chosen: tuple[str, str]
) -> pd.DataFrame:
    """Return the district's soil carbon under every reference stock, each with its depth; they are not added up.

    Returns
    -------
    DataFrame
        ``set``, ``climate``, ``depth``, ``t_c`` [t C], ``t_co2`` [t CO2], ``chosen``.
    """
    known = table[table["use"] == "reference"]
    rows = []
    for name, climate in known[["set", "climate"]].itertuples(index=False):
        found, depth = soil_of(fused, table, uses, factors, name=name, climate=climate, moisture=moisture, spread=0.0)
        carbon = float(found.rows["t_c"].sum())
        rows.append((name, climate, str(depth), carbon, co2_of(carbon), (name, climate) == chosen))
    columns = ["set", "climate", "depth", "t_c", "t_co2", "chosen"]
    return titled(pd.DataFrame(rows, columns=columns), "土壤有机碳", "Soil organic carbon")


def town_columns(fused: Fused, ground: Stock, drawn: Floats, codes: Sequence[str]) -> pd.DataFrame:
    """Return area by tier, stock by pool, intervals and the spread between sets, by town.

    Parameters
    ----------
    fused : Fused
        The stock of plants.
    ground : Stock
        That of soil.
    drawn : ndarray, shape (towns + 2, draws)
        Of `uncertainty.drawn_towns`. [t C]
    codes : sequence of str
        Town codes.

    Returns
    -------
    DataFrame
        By town, ``outside`` and ``district``. [ha, 1, t C, t CO2]
    """
    areas = stock.tier_areas(fused.stock.areas, codes)
    pools = stock.by_town(pd.concat([fused.stock.rows, ground.rows], ignore_index=True), codes)
    sets = stock.spread_between(fused.stocks, codes, fused.chosen)
    ends = uncertainty.intervals(drawn, codes)
    whole = areas[[f"{tier}_ha" for tier in tiers.TIERS]].sum(axis=1)
    out = areas.join(pools[list(POOLS)].add_suffix("_t_c"))
    return out.assign(
        plants_t_c=pools["plants"],
        plants_t_co2=pools["plants_co2"],
        soil_t_co2=co2_of(pools["soil"]),
        plants_t_c_ha=pools["plants"] / whole.where(whole > 0.0),
        plants_p10_t_c=ends["plants_p10"],
        plants_p90_t_c=ends["plants_p90"],
        sets_low_t_c=sets["low_t_c"],
        sets_high_t_c=sets["high_t_c"],
    )


def pool_table(by_town: pd.DataFrame, depth: soil.Depth) -> pd.DataFrame:
    """Return the district's stock by pool, the soil with its depth."""
    district = by_town.loc[DISTRICT]
    carbon = np.array([district[f"{pool}_t_c"] for pool in POOLS], dtype=float)
    deep = [str(depth) if pool == "soil" else "" for pool in POOLS]
    table = pd.DataFrame({"pool": list(POOLS), "depth": deep, "t_c": carbon, "t_co2": co2_of(carbon)})
    return titled(spoken(table, "pool", POOLS), "分碳库储量", "Stock by pool")


def tier_table(fused: Fused) -> pd.DataFrame:
    """Return area, carbon of plants and density by tier."""
    area = fused.stock.areas.groupby("tier")["area_ha"].sum().reindex(list(tiers.TIERS), fill_value=0.0)
    carbon = fused.stock.rows.groupby("tier")["t_c"].sum().reindex(area.index, fill_value=0.0)
    table = pd.DataFrame({"area_ha": area, "area_share": area / area.sum(), "plants_t_c": carbon})
    table["t_c_ha"] = carbon / area.where(area > 0.0)
    return titled(spoken(table.rename_axis("tier").reset_index(), "tier", tiers.TIERS), "分数据层级", "By tier")


def species_table(forest: gpd.GeoDataFrame, fused: Fused) -> pd.DataFrame:
    """Return area, volume and carbon of the stands in use by species, whole stands whatever their town."""
    density = fused.densities[fused.chosen]
    area = forest.area / M2_PER_HA
    held = fused.used.to_numpy()
    each = pd.DataFrame(
        {
            "species": forest["species"].astype(object),
            "area_ha": area,
            "volume_m3": area * forest["volume_m3_ha"].fillna(0.0),
            **{f"{part}_t_c": area * density[part] for part in PARTS},
        }
    )[held]
    table = each.groupby("species").sum().sort_values("area_ha", ascending=False)
    table["volume_m3_ha"] = table["volume_m3"] / table["area_ha"]
    table["t_c_ha"] = table[[f"{part}_t_c" for part in PARTS]].sum(axis=1) / table["area_ha"]
    return titled(table.reset_index(), "分树种", "By species")


def set_table(fused: Fused, towns: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the plants' carbon of every parameter set by town, and the spread between them."""
    codes = [str(code) for code in towns["town_code"]]
    table = named(stock.spread_between(fused.stocks, codes, fused.chosen), towns)
    table = titled(table, "参数集之间的差异", "Spread between sets")
    extra = {f"{name}_t_c": (f"植物碳({name})", f"Carbon of plants ({name})", "t C") for name in fused.stocks}
    table.attrs["headings"] = {**table.attrs["headings"], **extra}
    return table


def doubt_table(drawn: Floats, by_town: pd.DataFrame, towns: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return P10, P50 and P90 by town, and how surely each holds its rank."""
    codes = [str(code) for code in towns["town_code"]]
    central = by_town.loc[codes, "plants_t_c"].to_numpy(float)
    table = uncertainty.intervals(drawn, codes).join(uncertainty.rank_stability(drawn, central, codes))
    return titled(named(table, towns), "不确定性与名次", "Uncertainty and ranks")


def unverified_rows(
    fused: Fused, tables: Tables, species: pd.Series, *, density_set: str, references: pd.DataFrame,
    soil_use: tuple[str, str], growth_species: pd.DataFrame,
) -> pd.DataFrame:  # fmt: skip
    """Return every row in use that was not read in its source: of sets, densities, soil and growth.

    Parameters
    ----------
    fused, tables
        The stock, and the tables that it rests on.
    species : Series
        Of the stands.
    density_set : str
        The set of land-cover densities in use.
    references : DataFrame
        Reference stocks of soil, of which `soil_use` names set and climate zone.
    soil_use : tuple of str
        Set and climate zone in use.
    growth_species : DataFrame
        ``species``, ``curve``, ``source``, ``verified``.

    Returns
    -------
    DataFrame
        ``set``, ``row``, ``why``.
    """
    present = set(fused.cover.areas.loc[fused.cover.areas["tier"] == "land_cover", "kind"])
    density = tables.density
    density = density[(density["set"] == density_set) & density["class_code"].astype(str).isin(present)]
    ground = references[(references["set"] == soil_use[0]) & (references["climate"] == soil_use[1])]
    grown = growth_species[growth_species["species"].isin(set(species.dropna()))]
    more = [
        *((density_set, f"class {r.class_code}", r.citation) for r in density[~density["verified"]].itertuples()),
        *((r.set, f"soil, {r.climate}", r.citation) for r in ground[~ground["verified"]].itertuples()),
        *(("growth", f"{r.species} → {r.curve}", r.source) for r in grown[~grown["verified"]].itertuples()),
    ]
    table = pd.concat(
        [unverified(fused, tables, species), pd.DataFrame(more, columns=["set", "row", "why"])], ignore_index=True
    )
    return titled(table, "未核验的参数", "Parameters not read in their source")


def stand_values(forest: gpd.GeoDataFrame, fused: Fused, town_code: pd.Series, sink: pd.Series) -> pd.DataFrame:
    """Return what a map tells of each stand.

    Parameters
    ----------
    forest : GeoDataFrame, shape (n,)
        The stands.
    fused : Fused
        The stock.
    town_code, sink : Series, shape (n,)
        Town, and yearly sink. [t CO2/a]

    Returns
    -------
    DataFrame, shape (n,)
        On the index of the stands; no carbon where none could be told.
    """
    density = fused.densities[fused.chosen]
    area = forest.area / M2_PER_HA
    whole = density[list(PARTS)].sum(axis=1, min_count=1)
    out = pd.DataFrame(
        {
            "town_code": town_code,
            "stand_area_ha": area,
            "carbon_from": density["how"],
            "group_used": density["group"],
            "stand_t_c_ha": whole,
            "stand_t_c": whole * area,
            "stand_t_co2": co2_of(whole * area),
            "stand_sink_t_co2_a": sink,
        },
        index=forest.index,
    )
    return _described(out, {"carbon_from": CARBON_FROM})


def green_values(
    fused: Fused, town_code: pd.Series, figures: tuple[float, float], missing_canopy: float
) -> pd.DataFrame:
    """Return what a map tells of each green: carbon on the ground that no stand holds, and gross uptake.

    Parameters
    ----------
    fused : Fused
        The stock.
    town_code : Series
        Town of each green.
    figures : tuple of float
        Storage [t C/ha] and gross uptake [t C/(ha a)] per area of crowns.
    missing_canopy : float
        Crowns where they are not known. [1]

    Returns
    -------
    DataFrame
        On the index of the greens.
    """
    area = fused.green.area / M2_PER_HA
    cover = urban.canopy_of(fused.green, missing_canopy)
    storage, uptake = figures
    out = pd.DataFrame(
        {
            "town_code": town_code,
            "green_area_ha": area,
            "green_t_c_ha": cover * storage,
            "green_t_c": area * cover * storage,
            "green_uptake_t_co2_a": co2_of(area * cover * uptake),
        },
        index=fused.green.index,
    )
    return _described(out, {})


def carbon_grid(
    fused: Fused, forest: gpd.GeoDataFrame, land_cover: xr.DataArray, biomass: xr.DataArray | None, tables: Tables,
    root_set: str, green: pd.DataFrame,
) -> xr.DataArray:  # fmt: skip
    """Return the carbon of plants per hectare on the grid of the land cover, each cell by the best tier.

    Returns
    -------
    DataArray, shape (rows, columns)
        NaN where nothing is known. [t C/ha]
    """
    held = forest[fused.used]
    density = fused.densities[fused.chosen].loc[fused.used, list(PARTS)].sum(axis=1).to_numpy(float)
    some = ~fused.green.is_empty.to_numpy()
    shapes = {
        "stands": (held, density),
        "urban_green": (fused.green[some], green["green_t_c_ha"].to_numpy(float)[some]),
    }
    cells = None if biomass is None else _carbon_of_biomass(fused, land_cover, biomass, tables, root_set)
    return tiers.density_grid(land_cover, fused.land_density, shapes, cells)


def _carbon_of_biomass(
    fused: Fused, land_cover: xr.DataArray, biomass: xr.DataArray, tables: Tables, root_set: str
) -> Floats:
    trees = fused.land_density.index[fused.land_density["tree_cover"]]
    used = ~rasters.empty_cells(biomass) & np.isin(land_cover.to_numpy(), trees)
    agb = np.where(used, biomass.to_numpy(), 0.0).astype(float)
    fraction = float(tables.factors.set_index("name")["value"]["carbon_fraction"])
    out: Floats = np.full(agb.shape, np.nan)
    out[used] = agb[used] * (1.0 + RootRatios(tables.roots, root_set).of_cells("broadleaf", agb[used])) * fraction
    return out


def _described(out: pd.DataFrame, words: Mapping[str, Mapping[str, tuple[str, str]]]) -> pd.DataFrame:
    out.attrs = {"words": dict(words), "headings": {n: HEADINGS[n] for n in map(str, out.columns) if n in HEADINGS}}
    return out
