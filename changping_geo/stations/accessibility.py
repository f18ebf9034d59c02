"""Floating catchments: how much supply a person has, when everybody in reach shares it.

A station divides its supply among all who reach it; a place adds up what it gets from all stations in reach. Nearer
counts more by a weight per band. Places that reach nothing have 0 and stay in the table: they are the gaps. Whatever
supply has anybody in reach is given out whole, Σ accessibility × people = Σ supply.

References
----------
Luo, Wang, 2003. Measures of spatial accessibility to health care in a GIS environment. doi:10.1068/b29120
Luo, Qi, 2009. An enhanced two-step floating catchment area (E2SFCA) method. doi:10.1016/j.healthplace.2009.06.002
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.model import Cards, ColumnError, Parameter, ParameterError
from changping_geo.stations.demand import check_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from changping_geo.stations.access import Access

    Floats = NDArray[np.float64]

_DECAY = "slow decay of the enhanced method, from memory of the literature; fast decay is 1, 0.42, 0.09"
CARDS = Cards(
    (
        Parameter(f"catchment_minutes.{name}", value, "min", 1.0, 120.0, "three bands, from memory of the literature",
                  verified=False, title_zh=f"可达性时间圈({zh})", title_en=f"Catchment band, {name}")
        for name, value, zh in (("near", 10.0, "近"), ("middle", 20.0, "中"), ("far", 30.0, "远"))
    ),
    (
        Parameter(f"catchment_weight.{name}", value, "1", 0.0, 1.0, _DECAY,
                  verified=False, title_zh=f"可达性权重({zh})", title_en=f"Weight of the band, {name}")
        for name, value, zh in (("near", 1.0, "近"), ("middle", 0.68, "中"), ("far", 0.22, "远"))
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Catchment:
    """Shared supply.

    Attributes
    ----------
    per_person : ndarray
        Supply per unit of demand at each place, 0 where none is in reach, shape (n_demand,). [supply / demand]
    ratio : ndarray
        Supply of each station per weighted demand in its reach, 0 where there is none, shape (n_stations,).
    idle : ndarray
        Supply of stations that nobody reaches, shape (n_stations,). [supply]
    """

    per_person: Floats
    ratio: Floats
    idle: Floats


def e2sfca(
    access: Access, demand: ArrayLike, supply: ArrayLike, bands: ArrayLike, weights: ArrayLike | None = None
) -> Catchment:
    """Share the supply of stations among all who reach them.

    Parameters
    ----------
    access : Access
        Pairs up to the last band at least.
    demand : array_like
        People or vehicles, shape (n_demand,).
    supply : array_like
        Plugs, kW or kg/d, shape (n_stations,).
    bands : array_like
        Largest cost of each band, itself within, rising, shape (b,). [the access's unit]
    weights : array_like, optional
        Weight of each band, falling; 1 for one band is the plain two-step method, shape (b,). [1]

    Returns
    -------
    Catchment

    Raises
    ------
    ColumnError
        If demand or supply is missing or negative.
    ParameterError
        If bands do not rise, or weights are no falling shares, one per band.
    """
    edge = np.asarray(bands, dtype=np.float64).reshape(-1)
    share = np.ones(edge.size) if weights is None else np.asarray(weights, dtype=np.float64).reshape(-1)
    _refuse(edge, share)
    people = check_weights(pd.DataFrame({"demand": np.asarray(demand)}), access.n_demand)["demand"].to_numpy()
    stock = np.asarray(supply, dtype=np.float64)
    if stock.shape != (access.n_stations,) or not (np.isfinite(stock).all() and (stock >= 0).all()):
        raise ColumnError(f"supply must be {access.n_stations} numbers of 0 or more, one per station")
    table = access.within(float(edge[-1]))
    row, station = table.demand, table.station
    weight = share[np.searchsorted(edge, table.cost, side="left")]
    load = np.bincount(station, weights=weight * people[row], minlength=stock.size)
    ratio = np.divide(stock, load, out=np.zeros_like(stock), where=load > 0)
    per_person = np.bincount(row, weights=weight * ratio[station], minlength=access.n_demand).astype(np.float64)
    return Catchment(per_person, ratio, np.where(load > 0, 0.0, stock))


def _refuse(edge: Floats, share: Floats) -> None:
    faults = []
    if not edge.size or not (np.diff(edge, prepend=0.0) > 0).all():
        faults.append("bands must be above 0 and rise")
    if share.shape != edge.shape or not ((share >= 0) & (share <= 1)).all() or (np.diff(share) > 0).any():
        faults.append("weights must be shares that do not rise, one per band")
    if faults:
        raise ParameterError("catchments: " + "; ".join(faults))
