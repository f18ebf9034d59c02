"""The rungs beside the technical one: what policy asks for, what pays, and what stands already. Never mixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.solar.programmes import OWNERS

Floats = NDArray[np.float64]

NOTICE = (
    "NEA notice of 2021-06 on whole-county rooftop PV pilots, read in secondary sources: share of total roof area on "
    "which PV can be installed; a threshold for applying, no physical limit"
)
CARDS = Cards(
    Parameter(
        f"policy_share.{owner}",
        value,
        "1",
        0.0,
        1.0,
        NOTICE,
        verified=False,
        title_zh=f"整县推进比例: {OWNERS[owner][0]}",
        title_en=f"Whole-county ratio: {OWNERS[owner][1]}",
    )
    for owner, value in (("government", 0.5), ("public", 0.4), ("business", 0.3), ("rural", 0.2))
)
NO_RATIO = "no ratio"
UNKNOWN = "unknown"
INSTALLED = "pv_installed_kw"
ECONOMIC = ("economic_capacity_kw", "economic_energy_mwh_a")
EXISTING = (INSTALLED, "remaining_capacity_kw", "remaining_energy_mwh_a")


def policy_share_of(owner: pd.Series, shares: dict[str, float]) -> Floats:
    """Return the ratio of each roof; 0 where the notice has none (urban households) or the owner is not known.

    Parameters
    ----------
    owner : Series of str
        Owner class, shape (n,); may be missing.
    shares : dict of str to float
        Ratio by owner class. [1]

    Returns
    -------
    ndarray
        Shape (n,). [1]

    Raises
    ------
    ColumnError
        If an owner class is unknown.
    """
    unknown = sorted(set(owner.dropna()) - set(OWNERS))
    if unknown:
        raise ColumnError(f"unknown owners {', '.join(map(repr, unknown[:5]))}; use: {', '.join(OWNERS)}")
    known = owner.astype(object).map(shares).fillna(0.0)
    return np.asarray(known, dtype=np.float64)


def policy_by_owner(out: pd.DataFrame, owner: pd.Series, shares: dict[str, float]) -> pd.DataFrame:
    """Compare policy and technical capacity by owner class.

    Parameters
    ----------
    out : DataFrame
        ``n_roofs``, ``roof_area_m2``, ``policy_capacity_kw``, ``policy_energy_mwh_a``, ``pv_capacity_kw``, one row
        per roof.
    owner : Series of str
        On the same index.
    shares : dict of str to float
        Ratio by owner class. [1]

    Returns
    -------
    DataFrame
        One row per owner class; ``policy_share`` is missing where there is none, ``note_zh`` and ``note_en`` say so.
    """
    columns = ["n_roofs", "roof_area_m2", "policy_capacity_kw", "policy_energy_mwh_a", "pv_capacity_kw"]
    sums = out[columns].groupby(owner.astype(object).fillna(UNKNOWN)).sum()
    sums = sums.reindex([word for word in (*OWNERS, UNKNOWN) if word in sums.index])
    sums.index.name = "owner"
    table = sums.reset_index()
    known = [shares.get(word) for word in table["owner"]]
    table.insert(1, "policy_share", pd.Series(known, dtype=np.float64))
    notes = {"urban": ("通知未规定城镇居民屋顶比例", "the notice has no ratio for urban households")}
    notes[UNKNOWN] = ("权属未知，不计入", "owner not known, not counted")
    table["note_zh"] = [notes.get(word, ("", ""))[0] for word in table["owner"]]
    table["note_en"] = [notes.get(word, ("", ""))[1] for word in table["owner"]]
    table.attrs = {"title_zh": "整县推进比例", "title_en": "policy ratios by owner class"}
    return table


def with_policy(out: pd.DataFrame, share: Floats, kw_m2: Floats, kwh_kw: Floats) -> pd.DataFrame:
    """Add the policy rung: a share of all roof area, whatever can be used of it.

    Parameters
    ----------
    out : DataFrame
        ``roof_area_m2``, one row per roof. [m2]
    share : ndarray
        From `policy_share_of`, shape (n,). [1]
    kw_m2 : ndarray
        Capacity per covered roof area, shape (n,). [kW/m2]
    kwh_kw : ndarray
        Yield of the roof's sunny planes, shape (n,). [kWh/kW]

    Returns
    -------
    DataFrame
        The frame with ``policy_capacity_kw`` [kW] and ``policy_energy_mwh_a`` [MWh/a].
    """
    capacity = share * out["roof_area_m2"] * kw_m2
    return out.assign(policy_capacity_kw=capacity, policy_energy_mwh_a=capacity * kwh_kw / 1000.0)


def with_rungs(out: pd.DataFrame, pays: pd.Series, rooftops: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Add the economic rung, what is installed already, and what is left after it.

    Parameters
    ----------
    out : DataFrame
        ``pv_capacity_kw`` [kW] and ``pv_energy_mwh_a`` [MWh/a], one row per roof.
    pays : Series of bool
        Whether the roof's electricity costs no more than it earns, on the same index.
    rooftops : DataFrame
        On the same index, with the optional column ``pv_installed_kw`` [kW].

    Returns
    -------
    tuple
        The frame with the columns of `ECONOMIC` and `EXISTING`, and whether anything is known of installed capacity.
        What is left of a roof is never below 0.

    Raises
    ------
    ColumnError
        If an installed capacity is negative.
    """
    given = rooftops[INSTALLED] if INSTALLED in rooftops else pd.Series(np.nan, index=rooftops.index)
    values = given.to_numpy(dtype=np.float64, na_value=np.nan)
    if (values < 0).any():
        raise ColumnError(f"{(values < 0).sum()} rooftops have a negative {INSTALLED}; correct them")
    capacity, energy = out["pv_capacity_kw"], out["pv_energy_mwh_a"]
    left = (capacity - np.nan_to_num(values)).clip(lower=0.0)
    columns = (
        capacity.where(pays, 0.0),
        energy.where(pays, 0.0),
        np.nan_to_num(values),
        left,
        energy * left / capacity.where(capacity > 0, 1.0),
    )
    found = out.assign(**dict(zip((*ECONOMIC, *EXISTING), columns, strict=True)))
    return found, bool(np.isfinite(values).any())


_RUNGS = (
    ("theoretical", "理论", "roof_area_m2", "", "", "全部屋面", "all roof planes"),
    ("geographic", "地理", "usable_area_m2", "", "", "可用屋面", "usable roof"),
    ("technical", "技术", "module_area_m2", "pv_capacity_kw", "pv_energy_mwh_a", "", ""),
    (
        "policy",
        "政策",
        "",
        "policy_capacity_kw",
        "policy_energy_mwh_a",
        "城镇居民无比例",
        "no ratio for urban households",
    ),
    ("economic", "经济", "", "economic_capacity_kw", "economic_energy_mwh_a", "", ""),
    ("existing", "已建", "", INSTALLED, "", "", ""),
    (
        "remaining",
        "剩余",
        "",
        "remaining_capacity_kw",
        "remaining_energy_mwh_a",
        "技术减已建",
        "technical less existing",
    ),
)


def ladder_table(district: pd.Series, *, tariff: str, installed: bool) -> pd.DataFrame:
    """Return the district's rungs, one a row, and why a rung is missing.

    Parameters
    ----------
    district : Series
        The district's outputs by name.
    tariff : str
        The tariff and its date; empty when none is given.
    installed : bool
        Whether installed capacity is known.
    """
    rows = []
    for rung, zh, area, capacity, energy, note_zh, note_en in _RUNGS:
        told = (note_zh, note_en)
        if rung == "economic":
            told = (tariff, tariff) if tariff else ("未给出电价, 不计算", "no tariff given, not computed")
        elif rung in ("existing", "remaining") and not installed:
            told = ("无已建光伏数据", f"no installed capacity known ({INSTALLED} of the rooftops)")
        found = [district[name] if name else np.nan for name in (area, capacity, energy)]
        rows.append((rung, zh, *found, *told))
    table = pd.DataFrame(
        rows, columns=["rung", "rung_zh", "rung_area_m2", "rung_capacity_kw", "rung_energy_mwh_a", "note_zh", "note_en"]
    )
    table.attrs = {"title_zh": "潜力阶梯", "title_en": "ladder of potentials"}
    return table
