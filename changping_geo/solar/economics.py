"""What rooftop photovoltaics cost, and what they save over their life."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter, ParameterError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

TOOLS = "planning range, unverified: defaults of published planning tools for China"
CARDS = Cards(
    Parameter(
        "money.capex_cny_w",
        3.0,
        "CNY/W",
        1.5,
        6.0,
        "planning range, unverified: turn-key roof systems 2.8 to 3.2 CNY/W, prices of about 2024, no reinforcement",
        verified=False,
        title_zh="单位投资",
        title_en="Investment per module power",
    ),
    Parameter(
        "money.om_share",
        0.01,
        "1/a",
        0.0,
        0.05,
        TOOLS,
        verified=False,
        title_zh="年运维费率(占投资)",
        title_en="Yearly operation and maintenance, share of the investment",
    ),
    Parameter(
        "money.discount_rate",
        0.06,
        "1/a",
        0.0,
        0.15,
        TOOLS + "; 3 to 8 % are in use",
        verified=False,
        title_zh="折现率",
        title_en="Discount rate",
    ),
    Parameter(
        "money.lifetime_a",
        25,
        "a",
        10,
        40,
        "GB 55015-2021: life of modules above 25 a",
        verified=True,
        title_zh="寿命",
        title_en="Lifetime",
    ),
    Parameter(
        "degradation.first_year",
        0.02,
        "1",
        0.0,
        0.05,
        "planning range, unverified; GB 55015-2021 allows 0.03 (mono), 0.025 (poly), 0.05 (thin film). Light-induced "
        "degradation in losses.lid is part of it and not taken twice",
        verified=False,
        title_zh="首年衰减",
        title_en="Loss of power in the first year",
    ),
    Parameter(
        "degradation.annual",
        0.0055,
        "1/a",
        0.0,
        0.02,
        "planning range, unverified; GB 55015-2021 allows 0.007",
        verified=False,
        title_zh="此后年衰减",
        title_en="Loss of power in each later year",
    ),
    Parameter(
        "tariff_cny_kwh",
        0.0,
        "CNY/kWh",
        0.0,
        3.0,
        "what a kilowatt-hour earns or saves: an input of the user, with its date; 0 means that none is given",
        verified=True,
        title_zh="电价(0=未给出)",
        title_en="Tariff (0: none given)",
    ),
    Parameter(
        "tariff_date",
        "",
        "word",
        None,
        None,
        "day, month or year of the tariff, as 2025-06-01, 2025-06 or 2025",
        verified=True,
        title_zh="电价日期",
        title_en="Date of the tariff",
    ),
    Parameter(
        "emission_factor_year",
        2023,
        "1",
        1990,
        2100,
        "a year of the layer emission_factors; factors are never extrapolated",
        verified=True,
        title_zh="电力排放因子年份",
        title_en="Year of the emission factor",
    ),
    Parameter(
        "emission_factor_kind",
        "average",
        "word",
        None,
        None,
        "the column kind of the layer emission_factors; rows without it are average",
        verified=True,
        title_zh="排放因子类型(平均/边际)",
        title_en="Kind of the emission factor",
        choices=("average", "marginal"),
    ),
)
_DATE = re.compile(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def remaining_power(lifetime_a: int, first_year: float, annual: float, lid_percent: float = 0.0) -> Floats:
    """Return the power of modules in each year of their life, as a share of what the yield of new ones holds.

    Parameters
    ----------
    lifetime_a : int
        Years. [a]
    first_year, annual : float
        Loss in the first year, which holds for all of it, and in each later year, compounded. [1, 1/a]
    lid_percent : float
        Light-induced degradation that the yield holds already. [%]

    Returns
    -------
    ndarray
        Shape (lifetime_a,), at most 1. [1]

    References
    ----------
    GB 55015-2021, General code for energy efficiency and renewable energy application in buildings (limits)
    """
    start = min(1.0, (1.0 - first_year) / (1.0 - lid_percent / 100.0))
    out: Floats = start * (1.0 - annual) ** np.arange(int(lifetime_a), dtype=np.float64)
    return out


def annuity(rate: float, years: int) -> float:
    """Return what one unit at the end of each year is worth today. [a]

    Parameters
    ----------
    rate : float
        Discount rate. [1/a]
    years : int
        Years. [a]
    """
    return float(((1.0 + rate) ** -np.arange(1.0, years + 1.0)).sum())


def levelised_cost(
    invest: float | Floats, yearly_cost: float | Floats, first_energy: float | Floats, remaining: Floats, rate: float
) -> Floats:
    """Return the levelised cost of electricity: cost over energy, both discounted, years 1 to n.

    Parameters
    ----------
    invest : float or ndarray
        Investment in year 0, shape (n,). [CNY]
    yearly_cost : float or ndarray
        Operation and maintenance, shape (n,). [CNY/a]
    first_energy : float or ndarray
        Energy of new modules, shape (n,). [kWh/a]
    remaining : ndarray
        Share of that energy in each year, shape (years,). [1]
    rate : float
        Discount rate. [1/a]

    Returns
    -------
    ndarray
        Missing where there is no energy, shape (n,). [CNY/kWh]
    """
    years = np.arange(1.0, remaining.size + 1.0)
    worth = float((remaining * (1.0 + rate) ** -years).sum())
    cost = np.asarray(invest + np.multiply(yearly_cost, annuity(rate, remaining.size)), dtype=np.float64)
    energy = np.asarray(first_energy, dtype=np.float64) * worth
    cost, energy = np.broadcast_arrays(cost, energy)
    out: Floats = np.divide(cost, energy, out=np.full(energy.shape, np.nan), where=energy > 0)
    return out


def simple_payback(
    invest: float | Floats, yearly_cost: float | Floats, energy: float | Floats, tariff: float
) -> Floats:
    """Return investment over yearly earnings of new modules; missing without a tariff, and where nothing is earned.

    Parameters
    ----------
    invest, yearly_cost : float or ndarray
        Shape (n,). [CNY, CNY/a]
    energy : float or ndarray
        Shape (n,). [kWh/a]
    tariff : float
        0 when none is given. [CNY/kWh]

    Returns
    -------
    ndarray
        Shape (n,). [a]
    """
    earned = np.asarray(np.multiply(energy, tariff) - yearly_cost, dtype=np.float64)
    cost, earned = np.broadcast_arrays(np.asarray(invest, dtype=np.float64), earned)
    good = (earned > 0) & (tariff > 0)
    out: Floats = np.divide(cost, earned, out=np.full(earned.shape, np.nan), where=good)
    return out


def check_tariff(tariff_cny_kwh: float, tariff_date: str) -> bool:
    """Return whether a tariff is given; a tariff needs a date, and a date a tariff.

    Raises
    ------
    ParameterError
        If one stands without the other, or the date is none.
    """
    if not tariff_cny_kwh and not tariff_date:
        return False
    if not tariff_cny_kwh or not tariff_date:
        raise ParameterError("tariff_cny_kwh and tariff_date belong together: give both, or neither")
    if not _DATE.fullmatch(tariff_date):
        raise ParameterError(f"tariff_date = {tariff_date!r} is no date; write 2025-06-01, 2025-06 or 2025")
    return True


def tariff_text(tariff_cny_kwh: float, tariff_date: str) -> str:
    """Return a tariff as people write it; nothing when none is given."""
    return f"{tariff_cny_kwh:g} CNY/kWh, {tariff_date}" if tariff_cny_kwh else ""


def grid_factor(factors: pd.DataFrame, region: str, year: int, kind: str = "average") -> pd.DataFrame:
    """Return the one row of the factor that was asked for, with its document.

    Parameters
    ----------
    factors : DataFrame
        ``year``, ``region``, ``kg_co2_per_kwh``, ``document``, and ``kind`` where it is known.
    region, year, kind : str, int, str
        Which factor.

    Raises
    ------
    ParameterError
        If there is none, or more than one: factors are neither extrapolated nor made up. The message lists all.
    """
    kinds = factors["kind"].fillna("average") if "kind" in factors else factors["region"].map(lambda _: "average")
    rows = factors[(factors["region"] == region) & (factors["year"] == year) & (kinds == kind)]
    if len(rows) != 1:
        triples = zip(factors["region"], factors["year"], kinds, strict=True)
        known = ", ".join(sorted({f"{r} {y}" + ("" if k == "average" else f" ({k})") for r, y, k in triples}))
        what = "" if kind == "average" else f" of the kind {kind!r}"
        hint = " Deliver a row with kind = marginal in emission_factors." if kind == "marginal" else ""
        raise ParameterError(
            f"{len(rows)} emission factors for {region!r} {year}{what}, one is needed; set emission_factor_region and "
            f"emission_factor_year to one of: {known}.{hint}"
        )
    return rows.reset_index(drop=True)
