"""Carbon sink between surveys, and by rates of age. Sign: uptake from the air is positive, a loss is negative.

References
----------
IPCC (2006, refined 2019). Guidelines for National Greenhouse Gas Inventories, vol. 4, ch. 2, eq. 2.5
(stock-difference).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.carbon.units import co2_of
from changping_geo.model import ColumnError, DataError, ParameterError

Floats = NDArray[np.float64]

#: A square millimetre: less is the noise of an overlay, and has no density. [ha]
LEAST_AREA = 1e-10


@dataclass(frozen=True, slots=True)
class LandDefinition:
    """What counts as the land of a stock; two stocks are compared only when all of it agrees.

    Attributes
    ----------
    land : str
        Which land counts, as ``arbor`` or ``arbor and shrub``.
    crown_threshold : float
        Least crown cover of forest. [1]
    boundary : str
        Which borders, as the name and year of the layer.
    pools : tuple of str
        Which pools are counted.
    parameter_set : str
        Set that turned volume into carbon.
    """

    land: str
    crown_threshold: float
    boundary: str
    pools: tuple[str, ...]
    parameter_set: str

    def differences(self, other: LandDefinition) -> list[str]:
        """Say in which points two definitions differ."""
        pairs = [(f.name, getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return [f"{name}: {mine!r} and {theirs!r}" for name, mine, theirs in pairs if mine != theirs]


@dataclass(frozen=True, slots=True)
class Survey:
    """A stock with the year and the land definition that it belongs to.

    Attributes
    ----------
    year : int
        Year of the survey.
    definition : LandDefinition
        What was counted.
    stock : DataFrame
        Indexed by place, or by place and stratum: ``area_ha`` [ha] and ``carbon_t`` [t C].
    """

    year: int
    definition: LandDefinition
    stock: pd.DataFrame


def stock_difference(old: Survey, new: Survey) -> pd.DataFrame:
    """Return the yearly sink from two stocks on the same land definition.

    Parameters
    ----------
    old, new : Survey
        In order of time.

    Returns
    -------
    DataFrame
        On the union of both indices: ``change_t_c`` [t C], ``sink_t_c_a`` [t C/a], ``sink_t_co2_a`` [t CO2/a].

    Raises
    ------
    DataError
        If the definitions differ; `decompose` tells land, definition and growth apart.
    ParameterError
        If the new survey is not later than the old one.
    ColumnError
        If a stock lacks a column or a value.
    """
    span = _span(old, new)
    differences = old.definition.differences(new.definition)
    if differences:
        raise DataError(
            f"the stocks of {old.year} and {new.year} rest on different definitions ({'; '.join(differences)}), so "
            "their difference is no sink; bring both to one definition, or take them apart by decompose()"
        )
    before, after = _aligned(old, new)
    change = after["carbon_t"] - before["carbon_t"]
    return _as_sink(change.rename("change_t_c"), span)


def decompose(old: Survey, new: Survey, restated: Survey | None = None) -> pd.DataFrame:
    """Split a change of stock into land, growth and, where the new survey is restated, definition.

    Land change is valued at the old density, ``ΔA c_old``; growth is the change of density on the new land,
    ``A_new Δc``. Where a place had no land before, all is land
    change.

    Parameters
    ----------
    old, new : Survey
        In order of time; definitions may differ.
    restated : Survey, optional
        The new survey counted by the old definition.

    Returns
    -------
    DataFrame
        ``change_t_c`` = ``land_t_c`` + ``growth_t_c`` + ``definition_t_c`` [t C], ``sink_t_c_a`` of growth and land
        [t C/a], ``sink_t_co2_a`` [t CO2/a]. ``attrs["definition"]`` says whether a change of definition is told apart,
        still hidden in the parts, or none.

    Raises
    ------
    DataError
        If `restated` is not of the old definition and the new year.
    ParameterError
        If the new survey is not later than the old one.
    ColumnError
        If a stock lacks a column or a value.
    """
    span = _span(old, new)
    same = not old.definition.differences(new.definition)
    if restated is not None and (restated.year != new.year or old.definition.differences(restated.definition)):
        raise DataError(
            f"the restated stock must be of {new.year} and of the old definition; recount the new survey by it"
        )
    before, after = _aligned(old, restated or new)
    density = _density(before)
    change = after["carbon_t"] - before["carbon_t"]
    land = (after["area_ha"] - before["area_ha"]) * density
    land = land.where(np.isfinite(density), change)
    out = pd.DataFrame({"land_t_c": land, "growth_t_c": change - land})
    out["definition_t_c"] = 0.0
    if restated is not None:
        then, now = _aligned(restated, new)
        moved = now["carbon_t"] - then["carbon_t"]
        index = out.index.union(moved.index, sort=False)
        out = out.reindex(index, fill_value=0.0)
        out["definition_t_c"] = moved.reindex(index, fill_value=0.0)
    out.insert(0, "change_t_c", out.sum(axis=1))
    real = (out["land_t_c"] + out["growth_t_c"]) / span
    out["sink_t_c_a"], out["sink_t_co2_a"] = real, co2_of(real)
    out.attrs["definition"] = "none" if same else "told apart" if restated is not None else "hidden in land and growth"
    return out


def carbon_of_growth(volume_m3: Floats, slope_t_m3: Floats, carbon_fraction: Floats | float) -> Floats:
    """Return the carbon of grown, planted or harvested volume, ``a ΔV CF``.

    Of the line ``B = a V + b`` only the slope counts: b belongs to land that is stocked already, and cancels. For
    planted land, which has yet to reach closed canopy, this is a lower bound.

    Parameters
    ----------
    volume_m3 : ndarray
        Volume that is added, or taken. [m3]
    slope_t_m3 : ndarray
        Slope a of the species' set. [t/m3]
    carbon_fraction : ndarray or float
        Carbon in dry matter. [1]

    Returns
    -------
    ndarray
        Carbon; positive where volume is added. [t C]
    """
    out: Floats = np.asarray(volume_m3 * slope_t_m3 * carbon_fraction, dtype=np.float64)
    return out


def rate_sink(
    area_ha: pd.Series, species: pd.Series, age_a: pd.Series, groups: pd.DataFrame, rates: pd.DataFrame
) -> pd.DataFrame:
    """Return the sink of stands by a table of yearly rates by age.

    Parameters
    ----------
    area_ha, species, age_a : Series, shape (n,)
        Area [ha], species, and age [a].
    groups : DataFrame
        ``species`` and ``rate_group``.
    rates : DataFrame
        ``rate_group``, ``age_from_a`` and ``age_to_a`` [a], ``rate_t_c_ha_a`` [t C/(ha a)].

    Returns
    -------
    DataFrame
        On the stands' index: ``sink_t_c_a`` [t C/a], ``sink_t_co2_a`` [t CO2/a], ``covered``: False where the table
        has no rate for the age; such stands count as 0, and ``attrs["uncovered_ha"]`` tells their area.

    Raises
    ------
    ColumnError
        If a species has no group, or the table a negative or missing rate.
    """
    unknown = sorted(set(species.astype(str)) - set(groups["species"]))
    bad = rates[~(rates["rate_t_c_ha_a"] >= 0)]
    faults = [f"growth_species: no rate group for {name!r}; add it" for name in unknown]
    faults += [f"growth_rates, row {row}: the rate is negative or missing; mend it" for row in bad.index]
    if faults:
        raise ColumnError("\n".join(faults))
    group = species.map(dict(zip(groups["species"], groups["rate_group"], strict=True)))
    rate = pd.Series(np.nan, index=area_ha.index)
    for name, start, end, value in rates[["rate_group", "age_from_a", "age_to_a", "rate_t_c_ha_a"]].to_numpy():
        rate[(group == name) & (age_a >= start) & (age_a < end)] = float(value)
    sink = area_ha * rate.fillna(0.0)
    out = pd.DataFrame({"sink_t_c_a": sink, "sink_t_co2_a": co2_of(sink), "covered": rate.notna()})
    out.attrs["uncovered_ha"] = float(area_ha[rate.isna()].sum())
    return out


def _span(old: Survey, new: Survey) -> int:
    if new.year <= old.year:
        raise ParameterError(f"the year {new.year} is not after the baseline {old.year}; give the surveys in order")
    return new.year - old.year


def _aligned(old: Survey, new: Survey) -> tuple[pd.DataFrame, pd.DataFrame]:
    faults = []
    for survey in (old, new):
        lacking = [name for name in ("area_ha", "carbon_t") if name not in survey.stock]
        faults += [f"the stock of {survey.year} lacks {name}" for name in lacking]
        if lacking:
            continue
        numbers = survey.stock[["area_ha", "carbon_t"]]
        values = numbers.to_numpy(dtype=float)
        bad = ~(np.isfinite(values) & (values >= 0)).all(axis=1)
        faults += [f"the stock of {survey.year} has no usable value at {place!r}" for place in survey.stock.index[bad]]
        twice = survey.stock.index[survey.stock.index.duplicated()]
        faults += [f"the stock of {survey.year} holds {place!r} twice" for place in twice]
    if faults:
        raise ColumnError("; ".join(faults))
    index = old.stock.index.union(new.stock.index, sort=False)
    before, after = (s.stock[["area_ha", "carbon_t"]].reindex(index, fill_value=0.0) for s in (old, new))
    return before, after


def _density(stock: pd.DataFrame) -> Floats:
    """Return carbon per area, missing where there is no land to speak of. [t C/ha]"""
    carbon, area = stock["carbon_t"].to_numpy(), stock["area_ha"].to_numpy()
    out: Floats = np.divide(carbon, area, out=np.full(len(stock), np.nan), where=area > LEAST_AREA)
    return out


def _as_sink(change: pd.Series, span: int) -> pd.DataFrame:
    sink = change / span
    return pd.DataFrame({"change_t_c": change, "sink_t_c_a": sink, "sink_t_co2_a": co2_of(sink)})
