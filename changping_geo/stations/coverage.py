"""Coverage: which share of people, area, parking or flow has a station within reach, and how evenly.

Every share is weighted, and the weight is named: a percentage of demand points says nothing. Demand without a station
in reach stays in every sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.geo.assign import DISTRICT, OUTSIDE, totals_by_town
from changping_geo.model import Cards, ColumnError, Parameter, ParameterError
from changping_geo.stations.demand import check_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from changping_geo.stations.access import Access

    Floats = NDArray[np.float64]

_AIMS = "aims of the municipal plans for public charging"
CARDS = Cards(
    Parameter("charging_radius_m.district", 3000.0, "m", 100.0, 20_000.0, _AIMS + ", not read at the source",
              verified=False, title_zh="充电服务半径", title_en="Charging radius"),
    Parameter("charging_radius_m.core", 900.0, "m", 100.0, 20_000.0, _AIMS + ": below 0.9 km in core and sub-centre",
              verified=False, title_zh="充电服务半径(核心区)", title_en="Charging radius, core"),
    Parameter("map_radius_m.near", 1000.0, "m", 100.0, 20_000.0, "steps of the map, a user's choice",
              verified=True, title_zh="图示半径(近)", title_en="Radius on the map, near"),
    Parameter("map_radius_m.far", 5000.0, "m", 100.0, 50_000.0, "steps of the map, a user's choice",
              verified=True, title_zh="图示半径(远)", title_en="Radius on the map, far"),
    Parameter("map_minutes.near", 5.0, "min", 1.0, 120.0, "steps of the map, a user's choice",
              verified=True, title_zh="图示时间(近)", title_en="Time on the map, near"),
    Parameter("map_minutes.middle", 10.0, "min", 1.0, 120.0, "steps of the map, a user's choice",
              verified=True, title_zh="图示时间(中)", title_en="Time on the map, middle"),
    Parameter("map_minutes.far", 15.0, "min", 1.0, 120.0, "steps of the map, a user's choice",
              verified=True, title_zh="图示时间(远)", title_en="Time on the map, far"),
)  # fmt: skip


def shares(cost: ArrayLike, weights: pd.DataFrame, thresholds: ArrayLike) -> pd.DataFrame:
    """Add up what lies within each threshold of its nearest station.

    Parameters
    ----------
    cost : array_like
        Cost to the nearest station, infinite where none is reached, shape (n,). [m or min]
    weights : DataFrame
        One column per kind of demand, its unit in the name, shape (n, k).
    thresholds : array_like
        Largest costs, themselves within. [as `cost`]

    Returns
    -------
    DataFrame
        ``measure``, ``threshold``, ``covered``, ``total``, and ``share`` [1], missing where there is no demand at all.
    """
    far, numbers = _cost(cost), check_weights(weights, len(np.asarray(cost)))
    rows = []
    for threshold in np.asarray(thresholds, dtype=np.float64).reshape(-1):
        held = far <= threshold
        for name, weight in zip(numbers, numbers.to_numpy().T, strict=True):
            inside, total = float(weight[held].sum()), float(weight.sum())
            rows.append((name, float(threshold), inside, total, inside / total if total > 0 else np.nan))
    return pd.DataFrame(rows, columns=["measure", "threshold", "covered", "total", "share"])


def shares_by_town(
    cost: ArrayLike, weights: pd.DataFrame, town_code: pd.Series, towns: pd.DataFrame, threshold: float
) -> pd.DataFrame:
    """Add up by town what lies within a threshold of its nearest station.

    Parameters
    ----------
    cost : array_like
        Cost to the nearest station, infinite where none is reached, shape (n,). [m or min]
    weights : DataFrame
        One column per kind of demand, shape (n, k).
    town_code : Series
        The town of each row, on the index of `weights`; missing outside all towns.
    towns : DataFrame
        ``town_code``, ``name_zh``, and ``name_en`` where there is one.
    threshold : float
        Largest cost, itself within. [as `cost`]

    Returns
    -------
    DataFrame
        Indexed by ``town_code``, then ``outside`` and ``district``; ``town_name``, ``name_en``, and per kind its total
        under its own name, ``<kind>_covered``, and ``<kind>_share`` [1], missing where there is no demand.
    """
    held = _cost(cost) <= threshold
    numbers = check_weights(weights, len(held))
    inside = numbers.mul(held.astype(np.float64), axis=0).add_suffix("_covered")
    out = totals_by_town(pd.concat([numbers, inside], axis=1), town_code, towns)
    for name in numbers:
        out[f"{name}_share"] = out[f"{name}_covered"] / out[name].where(out[name] > 0)
    return out


def worst_town(by_town: pd.DataFrame, measure: str) -> pd.Series:
    """Return the row of the town with the least share, of equals the first; only towns with demand are compared.

    Parameters
    ----------
    by_town : DataFrame
        As `shares_by_town` gives it.
    measure : str
        The kind of demand.

    Returns
    -------
    Series
        The town's row, its code as name.

    Raises
    ------
    ColumnError
        If no town has demand of that kind.
    """
    column = f"{measure}_share"
    if column not in by_town:
        raise ColumnError(f"the table of towns holds no {column!r}; it has: {', '.join(map(str, by_town.columns))}")
    only = by_town.drop(index=[code for code in (OUTSIDE, DISTRICT) if code in by_town.index])
    only = only[only[column].notna()]
    if only.empty:
        raise ColumnError(f"no town has any {measure}; check the demand layer and the assignment to towns")
    worst: pd.Series = only.iloc[int(only[column].to_numpy(dtype=np.float64).argmin())]
    return worst


def gini(values: ArrayLike, weights: ArrayLike) -> float:
    """Return the weighted Gini coefficient: 0 where all have the same, towards 1 where one has everything.

    Parameters
    ----------
    values : array_like
        What each unit has: cost, accessibility, share; 0 or more, shape (n,). [any unit]
    weights : array_like
        How many share that value, shape (n,).

    Returns
    -------
    float
        Missing where nobody is counted or all values are 0. [1]

    Raises
    ------
    ColumnError
        If a value or weight is missing, infinite or negative.

    References
    ----------
    Lerman, Yitzhaki, 1989. Improving the accuracy of estimates of Gini coefficients. doi:10.1016/0304-4076(89)90074-2
    """
    x, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if not (np.isfinite(x).all() and np.isfinite(w).all() and (x >= 0).all() and (w >= 0).all()):
        raise ColumnError("a Gini coefficient needs finite values and weights of 0 or more; leave out who is unreached")
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    whole, mass = float(w.sum()), float((w * x).sum())
    if whole <= 0 or mass <= 0:
        return float("nan")
    rank = (np.cumsum(w) - 0.5 * w) / whole
    return float(2.0 * (w * x * rank).sum() / mass - 1.0)


def gains(access: Access, weight: ArrayLike, covered: ArrayLike) -> Floats:
    """Return how much more each station would cover: where one more helps most.

    Parameters
    ----------
    access : Access
        Pairs within the radius asked for.
    weight : array_like
        Demand, shape (n_demand,).
    covered : array_like of bool
        What is covered already, shape (n_demand,).

    Returns
    -------
    ndarray
        Demand newly covered by each station alone, shape (n_stations,). [as `weight`]
    """
    open_ = np.where(np.asarray(covered, dtype=bool), 0.0, _weight(weight, access.n_demand))
    gain: Floats = np.bincount(access.station, weights=open_[access.demand], minlength=access.n_stations).astype(float)
    return gain


def adding_order(
    access: Access, weight: ArrayLike, *, count: int, covered: ArrayLike | None = None
) -> NDArray[np.intp]:
    """Put stations in the order in which each next one covers most anew; of equals the first.

    It is a picture of how fast coverage saturates, not a plan: a set chosen at once can be better.

    Parameters
    ----------
    access : Access
        Pairs within the radius asked for.
    weight : array_like
        Demand, shape (n_demand,).
    count : int
        Stations wanted; fewer come where no other covers anything.
    covered : array_like of bool, optional
        What is covered beforehand, shape (n_demand,).

    Returns
    -------
    ndarray
        Stations, shape (k,).
    """
    table = access.matrix().tocsr()
    left = _weight(weight, access.n_demand).copy()
    if covered is not None:
        left[np.asarray(covered, dtype=bool)] = 0.0
    gain = np.bincount(access.station, weights=left[access.demand], minlength=access.n_stations)
    chosen: list[int] = []
    while len(chosen) < count and gain.size and gain.max() > 0:
        best = int(gain.argmax())
        chosen.append(best)
        row = access.demand[access.first[best] : access.first[best + 1]]
        fresh = row[left[row] > 0]
        sub = table[fresh]
        gain -= np.bincount(sub.indices, weights=np.repeat(left[fresh], np.diff(sub.indptr)), minlength=gain.size)
        gain[best] = 0.0
        left[fresh] = 0.0
        gain[gain < ROUNDING * float(left.sum())] = 0.0
    return np.array(chosen, dtype=np.intp)


#: What is left of a gain by subtraction alone. [1]
ROUNDING = 1e-12


def coverage_curve(
    access: Access, weight: ArrayLike, order: Sequence[int] | NDArray[np.intp], town_code: pd.Series | None = None
) -> pd.DataFrame:
    """Say how coverage grows with stations taken in an order: N stations, share, and the worst town's share.

    Parameters
    ----------
    access : Access
        Pairs within the radius asked for.
    weight : array_like
        Demand, shape (n_demand,).
    order : array_like of int
        Stations as they are added: existing ones by year, or `adding_order`.
    town_code : Series, optional
        Town of each row of demand; missing outside all towns.

    Returns
    -------
    DataFrame
        ``stations`` (0 … N), ``station`` added, ``covered``, ``share`` [1], ``worst_town`` and ``worst_share`` [1].

    Raises
    ------
    ParameterError
        If a station stands in the order twice.
    """
    number = np.asarray(order, dtype=np.intp)
    if np.unique(number).size != number.size:
        raise ParameterError("a station stands in the order twice; name each once")
    w = _weight(weight, access.n_demand)
    table = access.of_stations(number)
    when = np.full(access.n_demand, number.size + 1)
    np.minimum.at(when, table.demand, table.station + 1)
    steps = np.bincount(when, weights=w, minlength=number.size + 2)[: number.size + 1].cumsum()
    total = float(w.sum())
    out = pd.DataFrame({"stations": np.arange(number.size + 1), "station": np.r_[-1, number], "covered": steps})
    out["share"] = steps / total if total > 0 else np.nan
    if town_code is not None:
        codes = np.asarray(town_code.astype(object).where(town_code.notna(), OUTSIDE), dtype=object)
        name, of = np.unique(codes.astype(str), return_inverse=True)
        grid = np.zeros((len(name), number.size + 2))
        np.add.at(grid, (of, when), w)
        whole = grid.sum(axis=1)
        keep = (whole > 0) & (name != OUTSIDE)
        part = grid[keep, :-1].cumsum(axis=1) / whole[keep, None]
        out["worst_town"] = name[keep][part.argmin(axis=0)] if keep.any() else None
        out["worst_share"] = part.min(axis=0) if keep.any() else np.nan
    return out


def _cost(cost: ArrayLike) -> Floats:
    far = np.asarray(cost, dtype=np.float64)
    if np.isnan(far).any() or (far < 0).any():
        raise ColumnError("costs to the nearest station are missing or negative; give infinity where none is reached")
    return far


def _weight(weight: ArrayLike, n: int) -> Floats:
    return check_weights(pd.DataFrame({"demand": np.asarray(weight)}), n)["demand"].to_numpy()
