"""Further tables of a rooftop estimate: by programme, by use, step by step, plane by plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.solar.parts import sum_parts
from changping_geo.solar.programmes import PROGRAMMES, with_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from changping_geo.solar.parts import Part
    from changping_geo.solar.potential import Shares
    from changping_geo.solar.purse import Purse

Floats = NDArray[np.float64]

OUTSIDE, DISTRICT = "outside", "district"
BY_PROGRAMME = (
    "n_roofs",
    "roof_area_m2",
    "usable_area_m2",
    "pv_capacity_kw_low",
    "pv_capacity_kw",
    "pv_capacity_kw_high",
    "pv_energy_mwh_a_low",
    "pv_energy_mwh_a",
    "pv_energy_mwh_a_high",
    "specific_yield_kwh_kw_a",
    "policy_capacity_kw",
    "co2_avoided_t_a",
    "investment_cny",
    "lcoe_cny_kwh",
)


def by_town_programme(
    out: pd.DataFrame, town_code: pd.Series, programme: NDArray[np.object_], town_names: pd.Series, purse: Purse
) -> pd.DataFrame:
    """Add roofs up by town and programme; every town has every programme, the district and ``outside`` too.

    Parameters
    ----------
    out : DataFrame
        Quantities that add up, one row per roof.
    town_code : Series
        On the same index, missing outside all towns.
    programme : ndarray of str
        Shape (n,).
    town_names : Series
        By town code, in the order of the rows, ``outside`` and ``district`` last.
    purse : Purse
        For the ratios.
    """
    columns = [name for name in BY_PROGRAMME if name in out]
    sums = out[columns].groupby([town_code.fillna(OUTSIDE).to_numpy(dtype=object), programme]).sum()
    every = pd.MultiIndex.from_product([list(town_names.index[:-1]), list(PROGRAMMES)])
    sums = sums.reindex(every, fill_value=0.0)
    whole = sums.groupby(level=1, sort=False).sum().reindex(list(PROGRAMMES))
    whole.index = pd.MultiIndex.from_product([[DISTRICT], list(PROGRAMMES)])
    table = pd.concat([sums, whole])
    table.index.names = ["town_code", "programme"]
    table = purse.priced(table)[list(BY_PROGRAMME)].reset_index()
    table.insert(1, "town_name", table["town_code"].map(town_names))
    table = with_labels(table)
    table.attrs = {"title_zh": "分镇街分阳光行动", "title_en": "by town and programme"}
    return table


def by_use(out: pd.DataFrame, roofs: pd.DataFrame, names: Sequence[str], purse: Purse) -> pd.DataFrame:
    """Add roofs up by use and roof type.

    Parameters
    ----------
    out : DataFrame
        Quantities that add up, one row per roof.
    roofs : DataFrame
        ``use`` and ``roof_type`` on the same index.
    names : sequence of str
        Columns to show, as far as there are.
    purse : Purse
        For the ratios.
    """
    sums = purse.priced(out.groupby([roofs["use"], roofs["roof_type"]]).sum())
    return sums[[name for name in names if name in sums]].reset_index()


def area_steps(parts: Sequence[Part], shares: Shares, roofs: pd.DataFrame, usable: pd.Series) -> pd.DataFrame:
    """Return how roof area becomes usable area, step by step, by use and roof type.

    Parameters
    ----------
    parts : sequence of Part
        From `parts.lay_parts`.
    shares : Shares
        Obstacles and usable shares.
    roofs : DataFrame
        ``use`` and ``roof_type``.
    usable : Series
        Usable area, which leaves small planes out, on the same index. [m2]

    Returns
    -------
    DataFrame
        ``roof_area_m2``, ``sunny_m2``, ``inside_setback_m2``, ``clear_m2``, ``fit_m2``, ``usable_area_m2`` and
        ``net_share``: the last over the sunny area.
    """
    n = len(roofs)
    inside = sum_parts(parts, [part.offered for part in parts], n)
    steps = pd.DataFrame(
        {
            "roof_area_m2": sum_parts(parts, [part.chance * part.area for part in parts], n),
            "sunny_m2": sum_parts(parts, [part.chance * part.area * part.sunny for part in parts], n),
            "inside_setback_m2": inside,
            "clear_m2": inside * (1.0 - shares.obstacles[1]),
            "fit_m2": inside * shares.left[1],
            "usable_area_m2": usable.to_numpy(),
        },
        roofs.index,
    )
    table = steps.groupby([roofs["use"], roofs["roof_type"]]).sum().reset_index()
    sunny = table["sunny_m2"].where(table["sunny_m2"] > 0)
    table["net_share"] = table["usable_area_m2"] / sunny
    table.attrs = {"title_zh": "屋面面积逐步扣减", "title_en": "from roof area to usable area"}
    return table


def plane_columns(parts: Sequence[Part], power: Sequence[Floats], index: pd.Index) -> pd.DataFrame:
    """Return tilt, and azimuth, capacity and yield of both planes of each roof; missing where there is no plane.

    Parameters
    ----------
    parts : sequence of Part
        From `parts.lay_parts`.
    power : sequence of ndarray
        Capacity of each part, shape (m,). [kW]
    index : Index
        Of the roofs.
    """
    n = len(index)
    tilt = sum_parts(parts, [part.chance * part.tilt for part in parts], n, side=0)
    out = pd.DataFrame({"module_tilt_deg": tilt}, index)
    for side, name in ((0, ""), (1, "_2")):
        azimuth = np.full(n, np.nan)
        for part in parts:
            if part.side == side:
                azimuth[part.rows] = part.azimuth
        kw = np.where(np.isnan(azimuth), np.nan, sum_parts(parts, power, n, side=side))
        yearly = [part.chance * part.monthly.sum(axis=1) for part in parts]
        total = sum_parts(parts, yearly, n, side=side)
        out[f"module_azimuth{name}_deg"] = azimuth
        out[f"plane{name or '_1'}_capacity_kw"] = kw
        out[f"plane{name or '_1'}_yield_kwh_kw_a"] = np.where(np.isnan(azimuth), np.nan, total)
    return out


def assumed_types(roofs: pd.DataFrame) -> pd.DataFrame:
    """Count the roofs whose type was not known, by use and assumed type.

    Parameters
    ----------
    roofs : DataFrame
        From `potential.roof_kinds`.
    """
    rows = roofs[roofs["assumed"]]
    return rows.groupby(["use", "roof_type"]).size().rename("n_roofs").reset_index()
