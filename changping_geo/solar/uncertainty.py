"""How far the technical potential of towns and district may lie from its central figure, by correlated sampling.

Light, sky model, losses, ageing, inverters and modules are unsure in the same way for every roof, so one draw counts
for the whole district; the usable share is drawn once for each class of roofs and counts for every roof of it. Drawing
it for each roof apart would let the errors cancel and make the district look certain. Every figure is a product of such
factors, so the roofs are added up by town and class first, and the draws are laid on the sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.draws import even_draws
from changping_geo.geo.assign import totals_by_town
from changping_geo.model import Cards, ColumnError, Parameter, ParameterError
from changping_geo.solar import roof
from changping_geo.solar.draws import Range, ranges_of, triangular

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Ranges = Mapping[str, Range | Mapping[str, Range]]

Floats = NDArray[np.float64]

CARDS = Cards(
    Parameter(
        "uncertainty.irradiation",
        1.0,
        "1",
        0.92,
        1.08,
        "planning range, unverified: 5 to 8 % between irradiation records; satellite records lie 7.5 to 10 W/m2 above "
        "Chinese stations (Remote Sensing 2018, 10:1977), 5 to 6 % of 1400 kWh/m2 a",
        verified=False,
        title_zh="辐照数据偏差系数",
        title_en="Irradiation, true over used",
    ),
    Parameter(
        "uncertainty.interannual",
        1.0,
        "1",
        0.90,
        1.10,
        "planning range, unverified: one year's irradiation against the long mean; a standard deviation of 4 %",
        verified=False,
        title_zh="年际波动系数",
        title_en="One year's irradiation over the long mean",
    ),
    Parameter(
        "uncertainty.sky_model",
        1.0,
        "1",
        0.985,
        1.02,
        "computed: isotropic and Perez against Hay-Davies on rows of 10 degrees (perez.transposition_sensitivity)",
        verified=True,
        title_zh="斜面辐照模型系数",
        title_en="Sky model, other over Hay-Davies",
    ),
    Parameter(
        "uncertainty.system_loss",
        14.0,
        "%",
        10.0,
        20.0,
        "planning range, unverified: lump losses of other tools: Global Solar Atlas 11 %, PVGIS 14 %, RESKit 20 %",
        verified=False,
        title_zh="系统总损失",
        title_en="System losses",
    ),
    Parameter(
        "uncertainty.degradation",
        0.914,
        "1",
        0.893,
        0.942,
        "mean over 25 years: 2 % then 0.55 %/a; limits of GB 55015-2021 (3 %, 0.7 %/a); 1 % then 0.4 %/a; "
        "central and high courses are planning figures, unverified",
        verified=False,
        title_zh="25年平均衰减系数",
        title_en="Mean of 25 years over the first",
    ),
    Parameter(
        "uncertainty.inverter",
        0.96,
        "1",
        0.94,
        0.985,
        "planning range, unverified: 0.96 in PVWatts, today's string inverters above",
        verified=False,
        title_zh="逆变器效率",
        title_en="Inverter efficiency",
    ),
    Parameter(
        "uncertainty_years",
        1,
        "a",
        1,
        50,
        "1: the energy of any one year; more: of a mean of years, whose swing is less by the root of their number",
        verified=True,
        title_zh="评价年数",
        title_en="Years over which the energy is averaged",
    ),
    Parameter(
        "uncertainty_draws",
        1000,
        "1",
        10,
        100_000,
        "computed: with another seed P10 and P90 move by 1.3 % of the distance between them (standard deviation)",
        verified=True,
        title_zh="抽样次数",
        title_en="Draws",
    ),
)

#: What each quantity is moved by, beside the usable share of its class.
ON_CAPACITY = ("module_density",)
ON_ENERGY = (*ON_CAPACITY, "irradiation", "interannual", "sky_model", "system_loss", "degradation", "inverter")
QUANTITIES = {"pv_capacity_kw": ON_CAPACITY, "pv_energy_mwh_a": ON_ENERGY, "co2_avoided_t_a": ON_ENERGY}
#: Ten, fifty and ninety of a hundred draws lie below. [%]
LEVELS = {"p10": 10.0, "p50": 50.0, "p90": 90.0}


def shared_ranges(years: int = CARDS["uncertainty_years"], **chosen: float) -> dict[str, Range]:
    """Return the ranges of what counts for every roof alike, from the cards.

    Parameters
    ----------
    years : int
        Years over which the energy is averaged. [a]
    **chosen : float
        Central values by name in place of the cards' own, as ``module_density=220.0``. [the cards' unit]

    Returns
    -------
    dict of str to Range
        By the names of `ON_ENERGY`. [the cards' unit]

    Raises
    ------
    ParameterError
        If a name is unknown, or there is less than a year.
    """
    density = roof.CARDS.cards["module_density_w_m2"]
    ranges = ranges_of(CARDS, "uncertainty")
    ranges["module_density"] = Range(*(float(x or 0.0) for x in (density.low, density.value, density.high)))
    unknown = [name for name in chosen if name not in ranges]
    if unknown or years < 1:
        raise ParameterError(
            f"uncertainty: {years} years, unknown {', '.join(unknown) or 'nothing'}; known are: {', '.join(ranges)}"
        )
    ranges |= {name: ranges[name]._replace(central=value) for name, value in chosen.items()}
    low, central, high = ranges["interannual"]
    ranges["interannual"] = Range(
        central - (central - low) / years**0.5, central, central + (high - central) / years**0.5
    )
    return ranges


def town_draws(
    features: pd.DataFrame, ranges: Ranges, towns: pd.DataFrame, *,
    shared: Mapping[str, Range] | None = None, draws: int = CARDS["uncertainty_draws"], seed: int = 1,
    quantities: Sequence[str] = tuple(QUANTITIES),
) -> tuple[pd.DataFrame, dict[str, Floats]]:  # fmt: skip
    """Draw the potential of every town.

    Parameters
    ----------
    features : DataFrame
        One row per roof: ``town_code`` (missing outside all towns), ``roof_class``, and the `quantities` at their
        central values. [kW, MWh/a, t CO2/a]
    ranges : mapping of str to Range, or to mapping of str to Range
        Usable share of each class; or what it is a product of, by name, where a name that several classes hold is
        drawn once for all of them. Only the ratio to the central figure counts. [any unit]
    towns : DataFrame
        As in `geo.assign.totals_by_town`.
    shared : mapping of str to Range, optional
        What counts for every roof alike; `shared_ranges` when not given. What is left out stays central.
    draws, seed : int
        Number of draws and the seed of their order. [1]
    quantities : sequence of str
        Of `QUANTITIES`.

    Returns
    -------
    DataFrame, dict of str to ndarray
        Central totals by town, then ``outside`` and ``district``; and by quantity the draws of the same rows, shape
        (towns + 2, draws). In every draw towns and outside add up to the district. [units of the quantities]

    Raises
    ------
    ColumnError
        If columns are missing, or a class has no range.
    ParameterError
        If a range, a name, the number of draws or the seed is out of bounds.
    ResultError
        As in `totals_by_town`.
    """
    names = list(quantities)
    bounds = dict(shared_ranges() if shared is None else shared)
    _refuse(features, ranges, bounds, draws, seed, names)
    totals = totals_by_town(features[names], features["town_code"], towns)
    column, kinds = pd.factorize(features["roof_class"], sort=True)
    row = totals.index[:-2].get_indexer(pd.Index(features["town_code"]))
    row[row < 0] = len(totals) - 2
    share = np.ones((len(kinds), draws))
    for at, kind in enumerate(kinds):
        for name, bound in _parts(kind, ranges[kind]).items():
            share[at] *= _factor(name, bound, draws, seed)
    moved = {name: _factor(name, bound, draws, seed) for name, bound in bounds.items()}
    out = {}
    for name in names:
        cells = np.bincount(row * len(kinds) + column, weights=features[name], minlength=(len(totals) - 1) * len(kinds))
        drawn = np.zeros((len(totals), draws))
        drawn[:-1] = cells.reshape(len(totals) - 1, len(kinds)) @ share
        for source in QUANTITIES[name]:
            drawn *= moved.get(source, 1.0)
        drawn[-1] = drawn[:-1].sum(axis=0)
        out[name] = drawn
    return totals, out


def uncertainty_by_town(
    features: pd.DataFrame, ranges: Ranges, towns: pd.DataFrame, *,
    shared: Mapping[str, Range] | None = None, draws: int = CARDS["uncertainty_draws"], seed: int = 1,
    quantities: Sequence[str] = tuple(QUANTITIES),
) -> pd.DataFrame:  # fmt: skip
    """Return P10, P50 and P90 of the potential of every town and of the district.

    P10 is the value below which ten of a hundred draws lie, P90 the one above which ten lie (financiers often count
    the other way round). Percentiles of towns do not add up to those of the district.

    Parameters
    ----------
    features, ranges, towns, shared, draws, seed, quantities
        As in `town_draws`.

    Returns
    -------
    DataFrame
        Indexed by ``town_code``, then ``outside`` and ``district``: ``town_name``, ``name_en``, and for each quantity
        its ``_p10``, ``_p50``, ``_p90``. [units of the quantities]

    Raises
    ------
    GeoError
        As in `town_draws`.
    """
    totals, drawn = town_draws(features, ranges, towns, shared=shared, draws=draws, seed=seed, quantities=quantities)
    out = totals[["town_name", "name_en"]].copy()
    for name, values in drawn.items():
        for level, found in zip(LEVELS, np.percentile(values, list(LEVELS.values()), axis=1), strict=True):
            out[f"{name}_{level}"] = found
    return out


def _parts(kind: str, given: Range | Mapping[str, Range]) -> Mapping[str, Range]:
    """Return what the usable share of a class is a product of."""
    return {f"roof_class.{kind}": given} if isinstance(given, Range) else given


def _factor(name: str, bounds: Range, draws: int, seed: int) -> Floats:
    """Draw what the central figure is multiplied by."""
    value = triangular(even_draws(name, draws, seed), bounds)
    if name == "system_loss":  # what the loss leaves
        return (100.0 - value) / (100.0 - bounds.central)
    return value / bounds.central


def _refuse(
    features: pd.DataFrame, ranges: Ranges, shared: Mapping[str, Range], draws: int, seed: int,
    names: list[str],
) -> None:  # fmt: skip
    missing = [name for name in ("town_code", "roof_class", *names) if name not in features]
    if missing:
        raise ColumnError(f"uncertainty: the roofs lack the columns {', '.join(missing)}")
    bare = sorted({str(kind) for kind in features["roof_class"].unique() if kind not in ranges})
    if bare:
        raise ColumnError(f"uncertainty: no range for the roof classes {', '.join(map(repr, bare[:5]))}; give one each")
    faults = [f"unknown shared factor {name!r}" for name in shared if name not in ON_ENERGY]
    faults += [f"unknown quantity {name!r}" for name in names if name not in QUANTITIES]
    whole = CARDS.cards["uncertainty_draws"]
    if not (whole.low or 1) <= draws <= (whole.high or np.inf):
        faults.append(f"{draws} draws; take {whole.low} to {whole.high}")
    if seed < 0:
        faults.append(f"seed {seed} is negative")
    parts = [(f"{kind}, {name}", b) for kind in ranges for name, b in _parts(kind, ranges[kind]).items()]
    for name, bounds in [*parts, *shared.items()]:
        if not (np.isfinite(bounds).all() and 0 <= bounds[0] <= bounds[1] <= bounds[2] and bounds[1] > 0):
            faults.append(f"{name}: {tuple(bounds)} is not 0 <= low <= central <= high with a central value above 0")
    if shared.get("system_loss", Range(0, 0, 0))[2] >= 100:  # noqa: PLR2004 - percent: all
        faults.append("system_loss reaches 100 %")
    if faults:
        raise ParameterError("uncertainty:\n" + "\n".join(f"  - {fault}" for fault in faults))
