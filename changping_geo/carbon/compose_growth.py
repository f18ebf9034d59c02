"""The stands carried forward: with and without plans, drawn, and turned into carbon and sinks by town."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.carbon.account import Growing, Projection, growing_draws
from changping_geo.carbon.growth import Curves, fill_ages
from changping_geo.carbon.planting import Harvest, Planting
from changping_geo.carbon.projection import project
from changping_geo.carbon.sink import LandDefinition, Survey, carbon_of_growth, decompose, rate_sink, stock_difference
from changping_geo.carbon.units import M2_PER_HA, co2_of
from changping_geo.errors import ColumnError, ParameterError
from changping_geo.geo.assign import DISTRICT, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from changping_geo.carbon.fusion import Fused
    from changping_geo.carbon.growth import Ages

Floats = NDArray[np.float64]
Events = list[Planting | Harvest]

#: Crowns that make a stand, for the definition of the land; the survey's own rule is what counts. [1]
STAND = "stands of the survey"


@dataclass(frozen=True)
class Outlook:
    """Stands over years.

    Attributes
    ----------
    baseline, years : int and tuple of int
        Year of the stock, and the years asked for.
    parts : DataFrame
        Stands with a volume, cut at the towns' borders, ready for `project`.
    ages : Ages
        Those of `parts`, with what was assumed.
    curves : Curves
        Growth curves.
    events : list of Planting or Harvest
        Plans.
    planned, bare, drawn : Projection
        The central run with plans and without, and the draws with plans.
    coefficients : DataFrame
        By town and species: ``fixed_t_c_ha``, carbon that belongs to the stocked area [t C/ha], and ``slope_t_c_m3``,
        carbon per volume, with ``biomass_t_m3`` and ``fraction`` that it is the product of. [t C/m3, t/m3, 1]
    """

    baseline: int
    years: tuple[int, ...]
    parts: pd.DataFrame
    ages: Ages
    curves: Curves
    events: Events
    planned: Projection
    bare: Projection
    drawn: Projection
    coefficients: pd.DataFrame


def baseline_of(forest: pd.DataFrame, chosen: int) -> int:
    """Return the year of the stock: the chosen one, or the latest survey of the stands.

    Raises
    ------
    ParameterError
        If no stand tells its year of survey and none is chosen.
    """
    if chosen:
        return chosen
    years = forest["survey_year"].dropna() if "survey_year" in forest else pd.Series(dtype=float)
    if not len(years):
        raise ParameterError(
            "forest: no stand has a survey_year, so the year of the stock is unknown; deliver it, or set baseline_year"
        )
    return int(years.max())


def plans_of(planting: Mapping[str, Any], harvest: Mapping[str, Any], survival: float, forest_ha: pd.Series) -> Events:
    """Return the plans that the parameters tell; an amount of zero is no plan.

    Parameters
    ----------
    planting : mapping
        ``amount``, ``unit``, ``species``, ``year``, ``town`` (empty: all towns by their area of stands).
    harvest : mapping
        ``amount``, ``unit``, ``species``, ``year``, ``town``, ``min_age_a``, ``after``; empty words mean all.
    survival : float
        Share of planted land that carries forest later. [1]
    forest_ha : Series
        Area of stands by town code. [ha]

    Returns
    -------
    list of Planting or Harvest
    """
    out: Events = []
    if planting["amount"] > 0:
        town = str(planting["town"])
        shares = {town: 1.0} if town else {str(code): float(area) for code, area in forest_ha.items() if area > 0}
        out.append(
            Planting(
                int(planting["year"]), float(planting["amount"]), str(planting["unit"]), str(planting["species"]),
                shares, survival,
            )
        )  # fmt: skip
    if harvest["amount"] > 0:
        species, town = str(harvest["species"]), str(harvest["town"])
        out.append(
            Harvest(
                int(harvest["year"]),
                float(harvest["amount"]),
                str(harvest["unit"]),
                species=(species,) if species else (),
                towns=(town,) if town else (),
                min_age_a=float(harvest["min_age_a"]),
                after=str(harvest["after"]),
            )
        )
    return out


def look_ahead(
    forest: gpd.GeoDataFrame, parts: pd.DataFrame, fused: Fused, curves: Curves, *, baseline: int,
    years: Sequence[int], events: Events, towns: Sequence[str], growing: Growing, drawn: Growing,
) -> Outlook:  # fmt: skip
    """Carry the stands forward, with plans, without, and draw by draw.

    Parameters
    ----------
    forest : GeoDataFrame
        Stands.
    parts : DataFrame
        Of `stands.parts_in_towns`.
    fused : Fused
        The stock, for the carbon of a volume.
    curves : Curves
        Growth curves.
    baseline, years
        Year of the stock, and those asked for.
    events : list
        Plans.
    towns : sequence of str
        Codes that plans may name.
    growing, drawn : Growing
        Central run, and draws.

    Raises
    ------
    GeoError
        As in `changping_geo.carbon.projection.project`.
    """
    if "age_a" not in forest:
        raise ColumnError("forest: the column age_a is missing, so nothing can grow; deliver the ages of the stands")
    ages = fill_ages(forest["species"], forest["age_a"], forest.area / M2_PER_HA)
    surveyed = forest["survey_year"] if "survey_year" in forest else pd.Series(np.nan, index=forest.index)
    row = parts["row"].to_numpy(int)
    table = pd.DataFrame(
        {
            "row": row,
            "town_code": parts["town_code"].to_numpy(dtype=object),
            "species": forest["species"].to_numpy(dtype=object)[row],
            "age_a": ages.central[row],
            "volume_m3_ha": forest["volume_m3_ha"].to_numpy(float)[row],
            "area_ha": parts["area_ha"].to_numpy(float),
            "survey_year": surveyed.fillna(baseline).to_numpy(float)[row],
        }
    )
    table = table[table["volume_m3_ha"].notna()].reset_index(drop=True)
    asked = tuple(sorted({*years}))
    planned, bare, spread = (
        project(table, curves, how, baseline=baseline, years=asked, events=plans, towns=towns)
        for how, plans in ((growing, events), (growing, []), (drawn, events))
    )
    held = _coefficients(table, fused, planned.groups)
    return Outlook(baseline, asked, table, ages, curves, events, planned, bare, spread, held)


def draws_of(
    count: int, seed: int, cards: Any, *, site_factor_max: float, growth_factor: float, beyond_limit_share: float,
    volume_sd: float,
) -> Growing:  # fmt: skip
    """Return draws of growth over the ranges of the cards, around the values chosen."""
    return growing_draws(
        count, seed, site_factor_max=site_factor_max,
        growth_factor=(cards.low("growth_factor"), growth_factor, cards.high("growth_factor")),
        beyond_limit_share=(cards.low("beyond_limit_share"), beyond_limit_share, cards.high("beyond_limit_share")),
        volume_sd=volume_sd,
    )  # fmt: skip


def _coefficients(parts: pd.DataFrame, fused: Fused, groups: pd.DataFrame) -> pd.DataFrame:
    """Return carbon of trees as a line of the volume, by town and species; of the species where a town has none."""
    density = fused.densities[fused.chosen].iloc[parts["row"].to_numpy(int)]
    trees = (density["above"] + density["below"]).to_numpy(float)
    share = density["slope_share"].to_numpy(float)
    area = parts["area_ha"].to_numpy(float)
    each = parts[["town_code", "species"]].assign(
        area=area, volume=area * parts["volume_m3_ha"], fixed=area * trees * (1 - share), slope=area * trees * share
    )
    chosen = fused.sets[fused.chosen]
    sums = each.groupby(["town_code", "species"]).sum()
    wide = each.drop(columns="town_code").groupby("species").sum()
    mean = float(each["volume"].sum() / each["area"].sum()) if len(each) and each["area"].sum() > 0 else 1.0
    out = []
    for town, word in groups[["town_code", "species"]].itertuples(index=False):
        fraction = chosen.carbon_fraction[chosen.groups_of(np.array([word], dtype=object))[0]]
        here = sums.loc[(town, word)] if (town, word) in sums.index else None
        held = here if here is not None and here["volume"] > 0 else wide.loc[word] if word in wide.index else None
        if held is not None and held["volume"] > 0:
            slope = held["slope"] / held["volume"]
        else:
            biomass, part = chosen.biomass(np.array([word], dtype=object), np.array([max(mean, 1.0)]))
            slope = float(biomass[0] * part[0] / max(mean, 1.0)) * fraction
        fixed = 0.0 if here is None or here["area"] <= 0 else here["fixed"] / here["area"]
        out.append((town, word, fixed, slope, slope / fraction, fraction))
    columns = ["town_code", "species", "fixed_t_c_ha", "slope_t_c_m3", "biomass_t_m3", "fraction"]
    return pd.DataFrame(out, columns=columns).set_index(["town_code", "species"])


def trees_of(outlook: Outlook, run: Projection, year: int) -> pd.DataFrame:
    """Return area and carbon of living trees by town and species in a year.

    New land holds the carbon of its volume alone: the fixed part belongs to closed canopies.

    Returns
    -------
    DataFrame
        Indexed by town and species: ``area_ha`` [ha], ``carbon_t`` [t C].
    """
    at = run.years.index(year)
    index = pd.MultiIndex.from_frame(run.groups)
    held = outlook.coefficients.reindex(index)
    area, volume = (run.arrays[name][:, at, 0] for name in ("area_ha", "volume_m3"))
    stocked = np.minimum(area, run.arrays["area_ha"][:, 0, 0])
    carbon = held["fixed_t_c_ha"].to_numpy() * stocked + held["slope_t_c_m3"].to_numpy() * volume
    return pd.DataFrame({"area_ha": area, "carbon_t": carbon}, index=index)


def survey_of(outlook: Outlook, run: Projection, year: int, parameter_set: str, boundary: str) -> Survey:
    """Return the trees of a year with the land that they stand on, all of one definition."""
    definition = LandDefinition(STAND, 0.0, boundary, ("above", "below"), parameter_set)
    return Survey(year, definition, trees_of(outlook, run, year))


def sinks(
    outlook: Outlook, groups: pd.DataFrame, rates: pd.DataFrame, codes: Sequence[str], parameter_set: str
) -> pd.DataFrame:
    """Return the yearly sink of trees by town, by stock difference to the first year asked for and by rates of age.

    Parameters
    ----------
    outlook : Outlook
        The stands over years.
    groups, rates : DataFrame
        As in `sink.rate_sink`.
    codes : sequence of str
        Town codes.
    parameter_set : str
        Its name.

    Returns
    -------
    DataFrame
        By town, ``outside`` and ``district``: ``sink_stock_t_co2_a``, its P10 and P90, ``sink_rate_t_co2_a`` [t
        CO2/a], ``change_t_c`` = ``land_t_c`` + ``growth_t_c`` [t C], ``uncovered_ha`` [ha].
    """
    first = next(year for year in outlook.years if year > outlook.baseline)
    old, new = (survey_of(outlook, outlook.planned, y, parameter_set, "towns") for y in (outlook.baseline, first))
    found = stock_difference(old, new).join(decompose(old, new)[["land_t_c", "growth_t_c"]])
    by_rate = rate_sink(
        outlook.parts["area_ha"], outlook.parts["species"].astype(str), outlook.parts["age_a"], groups, rates
    ).assign(area=outlook.parts["area_ha"])
    by_rate["uncovered_ha"] = by_rate["area"].where(~by_rate["covered"], 0.0)
    of_towns = by_rate.groupby(outlook.parts["town_code"])[["sink_t_co2_a", "uncovered_ha"]].sum()
    sums = found.groupby(level="town_code").sum()
    low, high = _drawn_sink(outlook, first, codes)
    out = closed(sums[["change_t_c", "land_t_c", "growth_t_c"]], codes)
    out.insert(0, "sink_stock_t_co2_a", closed(sums[["sink_t_co2_a"]], codes)["sink_t_co2_a"])
    out.insert(1, "sink_stock_p10_t_co2_a", low)
    out.insert(2, "sink_stock_p90_t_co2_a", high)
    rest = closed(of_towns, codes)
    return out.assign(sink_rate_t_co2_a=rest["sink_t_co2_a"], uncovered_ha=rest["uncovered_ha"])


def _drawn_sink(outlook: Outlook, year: int, codes: Sequence[str]) -> tuple[Floats, Floats]:
    """Return P10 and P90 of the sink by town, over the draws of growth and survey. [t CO2/a]"""
    run = outlook.drawn
    volume = run.arrays["volume_m3"]
    change = volume[:, run.years.index(year)] - volume[:, 0]
    held = outlook.coefficients.reindex(pd.MultiIndex.from_frame(run.groups))
    carbon = carbon_of_growth(change, held["biomass_t_m3"].to_numpy()[:, None], held["fraction"].to_numpy()[:, None])
    rows = pd.Index([*codes, OUTSIDE]).get_indexer(pd.Index(run.groups["town_code"]))
    sums = np.zeros((len(codes) + 2, carbon.shape[1]))
    np.add.at(sums, rows, co2_of(carbon) / (year - outlook.baseline))
    sums[-1] = sums[:-1].sum(axis=0)
    low, high = np.percentile(sums, [10.0, 90.0], axis=1)
    return low, high


def stand_sinks(forest: gpd.GeoDataFrame, outlook: Outlook, growing: Growing) -> pd.Series:
    """Return the yearly sink of each stand without plans, missing where it has no volume. [t CO2/a]"""
    first = next(year for year in outlook.years if year > outlook.baseline)
    table = outlook.parts.assign(town_code=outlook.parts["row"].astype(str))
    run = project(table, outlook.curves, growing, baseline=outlook.baseline, years=[first])
    change = run.arrays["volume_m3"][:, 1, 0] - run.arrays["volume_m3"][:, 0, 0]
    wide = outlook.coefficients.groupby(level="species")["slope_t_c_m3"].mean()
    carbon = change * run.groups["species"].map(wide).to_numpy(float)
    sums = pd.Series(co2_of(carbon) / (first - outlook.baseline)).groupby(run.groups["town_code"].astype(int)).sum()
    return pd.Series(sums.reindex(range(len(forest))).to_numpy(), index=forest.index)


def volumes(outlook: Outlook, codes: Sequence[str]) -> dict[int, pd.Series]:
    """Return the volume by town, outside and district, by year. [m3]"""
    run = outlook.planned
    return {
        year: closed(
            pd.DataFrame({"v": run.arrays["volume_m3"][:, at, 0]}).groupby(run.groups["town_code"]).sum(), codes
        )["v"]
        for at, year in enumerate(run.years)
    }


def closed(table: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Return sums of towns with every town, outside and the district."""
    out = table.reindex([*codes, OUTSIDE], fill_value=0.0).astype(float)
    out.loc[DISTRICT] = out.sum(axis=0)
    return out.rename_axis("town_code")
