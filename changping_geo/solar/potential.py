"""The geographic and technical rungs of every roof, with the ends of what nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.model import ColumnError
from changping_geo.solar.parts import monthly_products, sum_parts, usable_areas
from changping_geo.solar.usable import USES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from changping_geo.model import Cards
    from changping_geo.solar.parts import Part

Floats = NDArray[np.float64]

ENDS = ("_low", "", "_high")
MONTHLY = [f"pv_energy_mwh_m{month:02d}" for month in range(1, 13)]


class Shares(NamedTuple):
    """What is lost to obstacles, and what can be used of the rest: low, central and high end of the result.

    Attributes
    ----------
    obstacles : ndarray
        Of the area inside the setback, falling, shape (3, n). [1]
    usable : ndarray
        Of what obstacles leave, rising, shape (3, n). [1]
    """

    obstacles: Floats
    usable: Floats

    @property
    def left(self) -> Floats:
        """What can be used of the area inside the setback, shape (3, n). [1]"""
        return (1.0 - self.obstacles) * self.usable


def roof_kinds(rooftops: pd.DataFrame, typical_roof: Mapping[str, str]) -> pd.DataFrame:
    """Return what is known of each roof, and what is taken where it is not.

    Parameters
    ----------
    rooftops : DataFrame
        ``use``; ``roof_type``, ``owner`` and ``built_year`` where they are known.
    typical_roof : mapping of str to str
        Roof type by use, where a roof's own is missing.

    Returns
    -------
    DataFrame
        ``use``, ``owner``, ``built_year``, ``roof_type``, whether it was ``assumed``, and ``key``: use and roof type.

    Raises
    ------
    ColumnError
        If a use is missing or unknown.
    """
    if "use" not in rooftops:
        raise ColumnError("the rooftops lack the column 'use'")
    use = rooftops["use"].astype(object)
    unknown = use[~use.isin(list(USES))]
    if len(unknown):
        words = ", ".join(sorted({repr(word) for word in unknown})[:5])
        raise ColumnError(f"{len(unknown)} rooftops have no known use ({words}); use one of: {', '.join(USES)}")

    def optional(name: str) -> pd.Series:
        return rooftops.get(name, pd.Series(None, index=rooftops.index, dtype=object))

    given = optional("roof_type").astype(object)
    assumed = given.isna()
    roof_type = given.where(~assumed, use.map(dict(typical_roof)))
    return pd.DataFrame(
        {
            "use": use,
            "owner": optional("owner").astype(object),
            "built_year": pd.to_numeric(optional("built_year")).astype(np.float64),
            "roof_type": roof_type,
            "assumed": assumed,
            "key": (use + "_" + roof_type).astype("category"),
        }
    )


def technical(
    parts: Sequence[Part], index: pd.Index, cover: Floats, density_w_m2: float, shares: Shares, least_m2: float
) -> tuple[pd.DataFrame, list[Floats]]:
    """Return area, capacity and energy of every roof, and the capacity of each of its planes.

    Parameters
    ----------
    parts : sequence of Part
        From `parts.lay_parts`.
    index : Index
        Of the roofs, shape (n,).
    cover : ndarray
        Module area over usable area, shape (n,). [1]
    density_w_m2 : float
        Module power per module area. [W/m2]
    shares : Shares
        Obstacles and usable shares.
    least_m2 : float
        A plane with less usable area is not used. [m2]

    Returns
    -------
    tuple
        DataFrame with ``n_roofs``, ``roof_area_m2``, ``module_area_m2``, ``usable_area_m2``, ``pv_capacity_kw`` and
        ``pv_energy_mwh_a`` with their ends, and the energy of each month; and per part the capacity, shape (m,). [kW]
    """
    n, kw_m2 = len(index), cover * density_w_m2 / 1000.0
    out = pd.DataFrame({"n_roofs": np.ones(n)}, index)
    out["roof_area_m2"] = sum_parts(parts, [part.chance * part.area for part in parts], n)
    power: list[Floats] = []
    for end, left in zip(ENDS, shares.left, strict=True):
        areas = usable_areas(parts, left, least_m2)
        out[f"usable_area_m2{end}"] = sum_parts(parts, areas, n)
        out[f"pv_capacity_kw{end}"] = out[f"usable_area_m2{end}"] * kw_m2
        yearly = [area * part.monthly.sum(axis=1) for part, area in zip(parts, areas, strict=True)]
        out[f"pv_energy_mwh_a{end}"] = sum_parts(parts, yearly, n) * kw_m2 / 1000.0
        if not end:
            out["module_area_m2"] = out["usable_area_m2"] * cover
            out[MONTHLY] = monthly_products(parts, areas, n) * (kw_m2 / 1000.0)[:, None]
            power = [area * kw_m2[part.rows] for part, area in zip(parts, areas, strict=True)]
    return out, power


def with_yield(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the specific yield; missing where there is no capacity.

    Parameters
    ----------
    frame : DataFrame
        ``pv_capacity_kw`` [kW] and ``pv_energy_mwh_a`` [MWh/a].
    """
    capacity = frame["pv_capacity_kw"].where(frame["pv_capacity_kw"] > 0)
    return frame.assign(specific_yield_kwh_kw_a=1000.0 * frame["pv_energy_mwh_a"] / capacity)


def share_ends(cards: Cards, group: str, chosen: Mapping[str, float], key: pd.Series) -> Floats:
    """Return the low end, the chosen value and the high end of a group of cards for each roof.

    Parameters
    ----------
    cards : Cards
        The analysis's cards.
    group : str
        Name of the group.
    chosen : mapping of str to float
        Values in place of the defaults. [the cards' unit]
    key : Series
        Which card counts for each roof, shape (n,).

    Returns
    -------
    ndarray
        Shape (3, n). [the cards' unit]
    """
    ends = (cards.low(group), cards.merged(group, chosen), cards.high(group))
    return np.stack([key.astype("category").map(values).to_numpy(dtype=np.float64) for values in ends])
