"""All tiers in one call: stands, urban green, biomass raster and land cover, under every parameter set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.carbon import pools, stands, stock, tiers, urban
from changping_geo.carbon.roots import RootRatios
from changping_geo.carbon.sets import ParameterSet, groups_of_scheme, parameter_sets
from changping_geo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import xarray as xr

    from changping_geo.carbon.stock import Stock


@dataclass(frozen=True)
class Tables:
    """The parameter tables, as the layers ``carbon_*`` hold them."""

    volume: pd.DataFrame
    bcef: pd.DataFrame
    roots: pd.DataFrame
    species: pd.DataFrame
    factors: pd.DataFrame
    age: pd.DataFrame
    density: pd.DataFrame
    urban: pd.DataFrame


@dataclass(frozen=True)
class Choice:
    """Which sets are used, and how unsure they are; the cards of `stock_cards`.

    Attributes
    ----------
    volume_set, root_set, density_set, urban_set : str
        Names of sets.
    raster_root_ratio, missing_canopy : float
        [1]
    doubt : mapping of str to float
        Relative standard deviations. [1]
    """

    volume_set: str
    root_set: str
    density_set: str
    urban_set: str
    raster_root_ratio: float
    missing_canopy: float
    doubt: Mapping[str, float]


@dataclass(frozen=True)
class Fused:
    """The stock of plants of all tiers.

    Attributes
    ----------
    stocks : dict of str to Stock
        By parameter set, all tiers together; every set has the same areas.
    chosen : str
        The set in use.
    densities : dict of str to DataFrame
        Carbon per hectare of each stand by set, on the index of the stands. [t C/ha]
    sets : dict of str to ParameterSet
        The sets themselves.
    used : Series of bool
        Stands from which carbon could be told; the land of the others is left to the lower tiers.
    green : GeoDataFrame
        Urban green, clear of stands and of each other.
    cover : Cover
        Land cover and biomass on what is left.
    land_density : DataFrame
        Carbon per hectare of the classes. [t C/ha]
    """

    stocks: dict[str, Stock]
    chosen: str
    densities: dict[str, pd.DataFrame]
    sets: dict[str, ParameterSet]
    used: pd.Series
    green: gpd.GeoDataFrame
    cover: tiers.Cover
    land_density: pd.DataFrame

    @property
    def stock(self) -> Stock:
        """The stock under the set in use."""
        return self.stocks[self.chosen]


def fuse(
    towns: gpd.GeoDataFrame,
    forest: gpd.GeoDataFrame,
    urban_green: gpd.GeoDataFrame,
    land_cover: xr.DataArray,
    tables: Tables,
    choice: Choice,
    biomass: xr.DataArray | None = None,
) -> Fused:
    """Return the stock of plants by town, each place counted once by the best tier that knows it.

    Parameters
    ----------
    towns : GeoDataFrame
        ``town_code`` and polygons in the metric CRS.
    forest : GeoDataFrame
        Stands: ``species``, ``volume_m3_ha`` [m3/ha]; ``age_a`` [a] and ``origin`` where there are.
    urban_green : GeoDataFrame
        ``canopy_cover`` [1] and ``kind``.
    land_cover : DataArray
        Class codes.
    tables : Tables
        The parameter tables.
    choice : Choice
        The sets in use.
    biomass : DataArray, optional
        Dry biomass above ground, on the grid of the land cover; its roots are those of broadleaf. [t/ha]

    Returns
    -------
    Fused

    Raises
    ------
    GeoError
        If stands, rasters or tables do not hold what the method needs.
    """
    roots = RootRatios(tables.roots, choice.root_set)
    sets = parameter_sets(tables.volume, tables.bcef, tables.species, roots)
    if choice.volume_set not in sets:
        raise ParameterError(f"unknown parameter set {choice.volume_set!r}; known are: {', '.join(sets)}")
    factors = pools.factors_of(tables.factors)
    stands.check_stands(forest, list(sets[choice.volume_set].groups))
    densities = {name: _densities(forest, found, roots, tables, factors) for name, found in sets.items()}
    used = densities[choice.volume_set]["above"].notna()
    held = forest[used]
    green = tiers.without(urban_green, held)
    land = tiers.density_table(tables.density, choice.density_set, choice.raster_root_ratio)
    cover = tiers.cover_of(
        tiers.rest_of(towns, held, green), land_cover, land, biomass, roots, carbon_fraction=factors["carbon_fraction"]
    )
    storage, _ = urban.urban_figures(tables.urban, choice.urban_set)
    doubt = choice.doubt
    others = (
        urban.urban_stock(
            green, stands.parts_in_towns(green, towns), storage, doubt["urban_trees"], choice.missing_canopy
        ),
        stock.cover_stock(cover, land, doubt),
    )
    parts = stands.parts_in_towns(forest, towns)
    stocks = {
        name: stock.together(stock.stand_stock(forest, parts, densities[name], found, doubt), *others)
        for name, found in sets.items()
    }
    return Fused(stocks, choice.volume_set, densities, sets, used, green, cover, land)


def _densities(
    forest: pd.DataFrame, chosen: ParameterSet, roots: RootRatios, tables: Tables, factors: Mapping[str, float]
) -> pd.DataFrame:
    """Return carbon per hectare by volume, or by age where no volume is known."""
    kinds = groups_of_scheme(tables.species, "roots")
    density = pools.stand_density(forest, chosen, roots, kinds, factors)
    bare = density["above"].isna()
    if bare.any() and "age_a" in forest:
        ages = groups_of_scheme(tables.species, "age")
        filled = pools.density_by_age(forest[bare], tables.age, ages, roots, kinds, factors)
        density.loc[bare, filled.columns] = filled
    return density


def unverified(fused: Fused, tables: Tables, species: pd.Series) -> pd.DataFrame:
    """Return the rows in use that were not read in their source, and the species that borrow a group.

    Parameters
    ----------
    fused : Fused
        The stock.
    tables : Tables
        The parameter tables.
    species : Series
        Species of the stands.

    Returns
    -------
    DataFrame
        ``table``, ``set``, ``row``, ``why``.
    """
    present = set(species.dropna())
    rows = []
    for name, found in fused.sets.items():
        used = {found.groups[word] for word in present if word in found.groups}
        rows += [(name, group, "not read in its source") for group in found.unverified if group in used]
    borrowed = tables.species[(tables.species["match"] == "stand_in") & tables.species["species"].isin(present)]
    schemes = [*fused.sets, "roots"]
    rows += [
        (scheme, f"{word} → {group}", str(reason))
        for scheme, word, group, reason in borrowed[["scheme", "species", "group", "reason"]].to_numpy(dtype=object)
        if scheme in schemes
    ]
    return pd.DataFrame(np.array(rows, dtype=object).reshape(-1, 3), columns=["set", "row", "why"])
