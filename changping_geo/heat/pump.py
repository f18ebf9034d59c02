"""Heat pumps: coefficient of performance, what fields measure of it, electricity, and what is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.errors import ColumnError, ParameterError
from changping_geo.heat.planning import planned
from changping_geo.model import Cards, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from changping_geo.heat.season import Season

    Floats = NDArray[np.float64]

KINDS = {
    "shallow_ground": ("浅层地源", "shallow ground source"),
    "deep_geothermal": ("中深层地热", "deep geothermal"),
    "sewage": ("污水再生水源", "sewage or reclaimed water"),
    "air": ("空气源", "air source"),
    "waste_heat": ("余热", "waste heat"),
}
AIR, GROUND = "air", "shallow_ground"
#: Coefficients of COP = a - b ΔT + c ΔT² for air and ground (Staffell et al. 2012).
STAFFELL = {"air": (6.81, 0.121, 0.000630), "ground": (8.77, 0.150, 0.000734)}
LEAST_LIFT = 15.0  # ΔT below which the regression is not used [K]
_MEASURED = (
    "measured seasons of Chinese projects (ground source 2.36 to 3.25, 27 to 47 % below the regression's 4.42 at "
    "10/45 °C; air source 1.32 to 3.29) over the regression; abstracts of the publications were read"
)
_FIELD = {
    "shallow_ground": (0.55, 0.70, 0.85, _MEASURED),
    "deep_geothermal": (0.55, 0.70, 0.85, "that of ground source, for want of measured seasons"),
    "sewage": (0.55, 0.70, 0.85, "that of ground source, for want of measured seasons"),
    "air": (0.75, 0.875, 1.00, _MEASURED),
    "waste_heat": (0.55, 0.70, 0.85, "that of ground source, for want of measured seasons"),
}
CARDS = Cards(
    (
        planned(
            f"field_factor.{kind}", value, "1", low, high,
            f"实测系数(实际/额定): {KINDS[kind][0]}", f"Field factor, measured over rated: {KINDS[kind][1]}", why,
        )
        for kind, (low, value, high, why) in _FIELD.items()
    ),
    Parameter("cop_basis", "design", "word", None, None,
              "design: the project's design COP, the regression where none is given; regression: always the regression",
              verified=True, title_zh="能效依据", title_en="What the performance starts from",
              choices=("design", "regression")),
    planned("supply_c", 45.0, "degC", 28.0, 65.0, "供水温度", "Temperature of the heating water",
            "35 floor, 45 fan coils, 55 and more radiators"),
    planned("exchange_k", 5.0, "K", 0.0, 10.0, "换热温差", "Temperature lost between source and heat pump",
            "when2heat takes 5 K for ground and water"),
    planned("source_c.sewage", 13.0, "degC", 8.0, 20.0, "污水再生水温度", "Temperature of sewage in winter"),
    planned("source_c.deep_geothermal", 40.0, "degC", 20.0, 90.0, "中深层热源温度", "Temperature of deep wells"),
    planned("source_c.waste_heat", 30.0, "degC", 15.0, 80.0, "余热温度", "Temperature of waste heat"),
)  # fmt: skip


def staffell_cop(lift_k: float | Floats, *, source: str) -> Floats:
    """Return the coefficient of performance of good heat pumps by temperature lift.

    Parameters
    ----------
    lift_k : float or ndarray
        Heating water minus source; at least 15 K is taken, and at most the lift with the lowest COP. [K]
    source : str
        ``air`` or ``ground``.

    References
    ----------
    Staffell, Brett, Brandon & Hawkes 2012, doi:10.1039/C2EE22653G
    """
    a, b, c = STAFFELL[source]
    lift = np.clip(np.asarray(lift_k, dtype=np.float64), LEAST_LIFT, b / (2 * c))
    return a - b * lift + c * lift**2


def seasonal_cop(
    season: Season, kind: str, ground_c: float, supply_c: float, exchange_k: float, source_c: Mapping[str, float]
) -> tuple[float, Floats]:
    """Return the regression's seasonal performance of a kind, weighted by heat, and that of each month.

    Parameters
    ----------
    season : Season
        Hours and weights.
    kind : str
        One of `KINDS`.
    ground_c : float
        Undisturbed ground. [degC]
    supply_c, exchange_k : float
        Heating water; loss between source and pump, not for air. [degC, K]
    source_c : mapping of str to float
        Temperature of the sources that the climate does not tell. [degC]

    Returns
    -------
    float
        Heat over electricity of the season, before any field factor. [1]
    ndarray
        Share of the season's electricity in each month, shape (12,). [1]
    """
    if kind == AIR:
        cop = staffell_cop(supply_c - season.outdoor, source="air")
    else:
        warm = ground_c if kind == GROUND else source_c[kind]
        cop = np.full(season.outdoor.shape, staffell_cop(supply_c - (warm - exchange_k), source="ground"))
    power = season.by_month(1.0 / cop)
    return float(1.0 / power.sum()), power / power.sum()


def kinds_in_season(
    season: Season, ground_c: float, supply_c: float, exchange_k: float, source_c: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, Floats]]:
    """Return `seasonal_cop` of every kind: the performance [1], and the shares of electricity by month [1]."""
    found = {kind: seasonal_cop(season, kind, ground_c, supply_c, exchange_k, source_c) for kind in KINDS}
    return {k: v[0] for k, v in found.items()}, {k: v[1] for k, v in found.items()}


def factor_ends(
    chosen: Mapping[str, float], low: Mapping[str, float], high: Mapping[str, float]
) -> dict[str, tuple[float, float, float]]:
    """Return low, central and high field factor by kind. [1]"""
    return {kind: (low[kind], value, high[kind]) for kind, value in chosen.items()}


def break_even_spf(grid_kg_kwh: float, heat_kg_kwh: float) -> float:
    """Return the seasonal performance at which a heat pump saves no CO2 and adds none. [1]

    Parameters
    ----------
    grid_kg_kwh : float
        CO2 of electricity. [kg/kWh]
    heat_kg_kwh : float
        CO2 of the heat that is replaced. [kg/kWh]
    """
    return grid_kg_kwh / heat_kg_kwh


def co2_saved(heat_mwh: Floats, spf: float | Floats, grid_kg_kwh: float, heat_kg_kwh: float) -> Floats:
    """Return CO2 saved; negative where the pump emits more than what it replaces, 0 exactly at break-even.

    Parameters
    ----------
    heat_mwh : ndarray
        Heat delivered, shape (n,). [MWh/a]
    spf : float or ndarray
        Seasonal performance, shape (n,). [1]
    grid_kg_kwh, heat_kg_kwh : float
        CO2 of electricity and of the heat replaced. [kg/kWh]

    Returns
    -------
    ndarray
        Shape (n,). [t CO2/a]
    """
    even = break_even_spf(grid_kg_kwh, heat_kg_kwh)
    out: Floats = np.asarray(heat_mwh, dtype=np.float64) * heat_kg_kwh * (1.0 - even / np.asarray(spf))
    return out


def heat_factors(heat_sources: pd.DataFrame, names: tuple[str, ...]) -> dict[str, float]:
    """Return CO2 of heat by what makes it.

    Parameters
    ----------
    heat_sources : DataFrame
        ``heat_source``, ``kg_co2_per_mj_fuel`` [kg/MJ], ``efficiency`` [1].
    names : tuple of str
        Which sources are wanted.

    Returns
    -------
    dict of str to float
        Fuel over efficiency. [kg/kWh]

    Raises
    ------
    ColumnError
        If a source does not stand there exactly once.
    """
    counts = heat_sources["heat_source"].value_counts()
    bad = [f"{name}: {counts.get(name, 0)} rows" for name in names if counts.get(name, 0) != 1]
    if bad:
        raise ColumnError(f"heat_sources must have one row for each of {', '.join(names)}; found {', '.join(bad)}")
    rows = heat_sources.set_index("heat_source")
    per_kwh = 3.6 * rows["kg_co2_per_mj_fuel"].astype(float) / rows["efficiency"].astype(float)
    return {name: float(per_kwh[name]) for name in names}


def performance(
    projects: pd.DataFrame,
    regression: Mapping[str, float],
    field_factor: Mapping[str, tuple[float, float, float]],
    basis: str,
) -> pd.DataFrame:
    """Return the seasonal performance of projects as fields would measure it.

    Parameters
    ----------
    projects : DataFrame
        ``kind``, and ``design_cop`` where it is known.
    regression : mapping of str to float
        Seasonal performance by kind, before any field factor. [1]
    field_factor : mapping of str to tuple of float
        By kind low, central and high factor. [1]
    basis : str
        ``design`` or ``regression``.

    Returns
    -------
    DataFrame
        ``cop_basis``, ``cop_rated``, ``spf_low``, ``spf``, ``spf_high`` on the same index. [1]

    Raises
    ------
    ParameterError
        If `basis` is unknown.
    """
    if basis not in {"design", "regression"}:
        raise ParameterError(f"cop_basis = {basis!r} is unknown; use design or regression")
    fitted = projects["kind"].map(dict(regression)).astype(float)
    told = pd.to_numeric(projects["design_cop"]) if "design_cop" in projects else fitted * np.nan
    told = told.astype(float) if basis == "design" else told.astype(float) * np.nan
    rated = told.fillna(fitted)
    factors = np.array([field_factor[kind] for kind in projects["kind"]], dtype=np.float64).reshape(-1, 3)
    spf = np.maximum(rated.to_numpy()[:, None] * factors, 1.0)
    out = pd.DataFrame(spf, projects.index, ["spf_low", "spf", "spf_high"])
    out.insert(0, "cop_basis", np.where(told.notna(), "design", "regression"))
    out.insert(1, "cop_rated", rated)
    return out
