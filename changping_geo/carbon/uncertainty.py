"""How far stocks may lie from their central figures: shared factors drawn together, and laid on sums.

What a group of species has in common (its line, its root ratio) is drawn once for all its stands in all towns, so its
error does not cancel; only the errors of single stands' volumes do. Factors are lognormal with mean one. The groups of
one family (``line:``, ``expansion:``, ``density:``) are correlated, since they come from one body of plots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from changping_geo.draws import even_draws
from changping_geo.errors import ParameterError, ResultError
from changping_geo.geo.assign import DISTRICT, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from changping_geo.carbon.stock import Stock

Floats = NDArray[np.float64]

#: Families whose members are correlated; a member's name is ``family:member``.
CORRELATED = ("line", "expansion", "density")
#: Ten, fifty and ninety of a hundred draws lie below. [%]
LEVELS = {"p10": 10.0, "p50": 50.0, "p90": 90.0}
LEAST_DRAWS = 10


def draw_factors(spreads: Mapping[str, float], correlation: float, draws: int, seed: int) -> dict[str, Floats]:
    """Draw every factor.

    A factor's draws depend on its name, its family's name and the seed alone, so neither other factors nor their order
    move them.

    Parameters
    ----------
    spreads : mapping of str to float
        Relative standard deviation by factor. [1]
    correlation : float
        Between the logarithms of two factors of one family of `CORRELATED`. [1]
    draws, seed : int
        Number of draws, and the seed of all of them. [1]

    Returns
    -------
    dict of str to ndarray, shape (draws,)
        Lognormal with mean 1. [1]

    Raises
    ------
    ParameterError
        If a spread is negative or missing, the correlation outside 0 to 1, or there are too few draws.
    """
    faults = [f"{name}: spread {sd}" for name, sd in spreads.items() if not (np.isfinite(sd) and sd >= 0.0)]
    if not 0.0 <= correlation <= 1.0:
        faults.append(f"correlation {correlation} outside 0 to 1")
    if draws < LEAST_DRAWS or seed < 0:
        faults.append(f"{draws} draws with seed {seed}; take {LEAST_DRAWS} or more, and a seed of 0 or more")
    if faults:
        raise ParameterError("uncertainty: " + "; ".join(faults))
    out = {}
    for name, sd in spreads.items():
        own = _normal(name, draws, seed)
        family = name.partition(":")[0]
        if family in CORRELATED:
            own = np.sqrt(correlation) * _normal(f"family {family}", draws, seed) + np.sqrt(1.0 - correlation) * own
        log_sd = _log_sd(sd)
        out[name] = np.exp(log_sd * own - log_sd**2 / 2.0)
    return out


def drawn_towns(
    stock: Stock, codes: Sequence[str], *, correlation: float, draws: int, seed: int, pools: Sequence[str] | None = None
) -> Floats:
    """Draw the carbon of every town.

    Parameters
    ----------
    stock : Stock
        Rows with their factors, and the factors' spreads.
    codes : sequence of str
        Town codes.
    correlation, draws, seed
        As in `draw_factors`.
    pools : sequence of str, optional
        Pools to add up; all but the soil when not given.

    Returns
    -------
    ndarray, shape (towns + 2, draws)
        Towns in order, then outside and district. [t C]

    Raises
    ------
    ResultError
        If a row rests on a factor without a spread, or on an unknown town.
    """
    town, carbon, factors = _summed(stock, codes, pools)
    drawn = draw_factors(stock.spreads, correlation, draws, seed)
    out = np.zeros((len(codes) + 2, draws))
    for at, amount, names in zip(town, carbon, factors, strict=True):
        product = np.full(draws, amount)
        for name in names:
            product *= drawn[name]
        out[at] += product
    out[-1] = out[:-1].sum(axis=0)
    return out


def intervals(drawn: Floats, codes: Sequence[str], name: str = "plants") -> pd.DataFrame:
    """Return P10, P50 and P90 by town.

    Parameters
    ----------
    drawn : ndarray, shape (towns + 2, draws)
        Of `drawn_towns`. [t C]
    codes : sequence of str
        Town codes.
    name : str
        What the columns are called after.

    Returns
    -------
    DataFrame
        Indexed by ``town_code``, then ``outside`` and ``district``: ``<name>_p10``, ``_p50``, ``_p90``. [t C]
    """
    values = np.percentile(drawn, list(LEVELS.values()), axis=1).T
    index = pd.Index([*codes, OUTSIDE, DISTRICT], name="town_code")
    return pd.DataFrame(values, index=index, columns=[f"{name}_{level}" for level in LEVELS])


def rank_stability(drawn: Floats, central: Floats, codes: Sequence[str]) -> pd.DataFrame:
    """Return how surely each town holds its rank.

    Parameters
    ----------
    drawn : ndarray, shape (towns + 2, draws)
        Of `drawn_towns`, or divided by areas.
    central : ndarray, shape (towns,)
        The central figures that the ranks are of. [unit of drawn]
    codes : sequence of str
        Town codes.

    Returns
    -------
    DataFrame
        Indexed by ``town_code``: ``rank`` (1 is the greatest), ``rank_p10``, ``rank_p90`` and ``rank_kept``, the share
        of draws that give the same rank. [1]
    """
    count = len(codes)
    rank = _ranks(np.asarray(central, dtype=float)[:, None])[:, 0]
    ranks = _ranks(drawn[:count])
    low, high = np.percentile(ranks, [10.0, 90.0], axis=1, method="nearest")
    kept = (ranks == rank[:, None]).mean(axis=1)
    columns = {"rank": rank, "rank_p10": low, "rank_p90": high, "rank_kept": kept}
    return pd.DataFrame(columns, index=pd.Index(codes, name="town_code"))


def variance_of(
    stock: Stock, codes: Sequence[str], *, correlation: float, pools: Sequence[str] | None = None
) -> Floats:
    """Return the exact variance of each town's carbon under the same factors, to check draws against.

    Parameters
    ----------
    stock, codes, correlation, pools
        As in `drawn_towns`.

    Returns
    -------
    ndarray, shape (towns + 2,)
        Towns in order, then outside and district. [t2 C]

    Raises
    ------
    ResultError
        As in `drawn_towns`.
    """
    town, carbon, factors = _summed(stock, codes, pools)
    names = sorted({name for row in factors for name in row})
    at = {name: i for i, name in enumerate(names)}
    held = np.zeros((len(factors), len(names)))
    for row, words in enumerate(factors):
        for word in words:
            held[row, at[word]] += 1.0
    log_sd = np.array([_log_sd(stock.spreads[name]) for name in names])
    family = np.array([name.partition(":")[0] for name in names])
    joint = np.where((family[:, None] == family) & np.isin(family, CORRELATED), correlation, 0.0)
    np.fill_diagonal(joint, 1.0)
    cover = np.outer(log_sd, log_sd) * joint
    # Rows of one factor twice would not have mean one; no row has that.
    excess = np.exp(held @ cover @ held.T) - 1.0
    weights = np.zeros((len(codes) + 2, len(carbon)))
    weights[town, np.arange(len(carbon))] = carbon
    weights[-1] = carbon
    out: Floats = np.einsum("ti,ij,tj->t", weights, excess, weights)
    return out


def _summed(
    stock: Stock, codes: Sequence[str], pools: Sequence[str] | None
) -> tuple[NDArray[np.int64], Floats, list[tuple[str, ...]]]:
    """Add up the rows of one town that rest on the same factors."""
    rows = stock.rows
    rows = rows[rows["pool"] != "soil"] if pools is None else rows[rows["pool"].isin(list(pools))]
    bare = sorted({name for words in rows["factors"] for name in words} - set(stock.spreads))
    sums = rows.groupby(["town_code", "factors"], as_index=False, sort=True)["t_c"].sum()
    town = pd.Index([*codes, OUTSIDE]).get_indexer(pd.Index(sums["town_code"]))
    if bare or (town < 0).any():
        told = [f"factors without a spread: {', '.join(bare)}"] if bare else []
        told += ["rows of unknown towns"] if (town < 0).any() else []
        raise ResultError("uncertainty: " + "; ".join(told))
    return np.asarray(town), sums["t_c"].to_numpy(float), list(sums["factors"])


def _normal(name: str, draws: int, seed: int) -> Floats:
    """Return even normal draws in an order of their own."""
    share = even_draws(name, draws, seed)
    return np.asarray(norm.ppf(share), dtype=np.float64)


def _log_sd(spread: float) -> float:
    return float(np.sqrt(np.log1p(spread**2)))


def _ranks(values: Floats) -> Floats:
    return np.asarray(rankdata(-values, method="min", axis=0), dtype=float)
