"""How firm the order of the towns is under the draws of `uncertainty`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.solar.uncertainty import CARDS, LEVELS, town_draws

if TYPE_CHECKING:
    from changping_geo.solar.uncertainty import Ranges

Floats = NDArray[np.float64]

TOP = (3, 5)


def ranking_stability(
    features: pd.DataFrame, ranges: Ranges, towns: pd.DataFrame, *,
    quantity: str = "pv_energy_mwh_a", draws: int = CARDS["uncertainty_draws"], seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Return how often each town holds which place.

    What counts for every roof alike multiplies every town alike and moves no place; the usable shares do.

    Parameters
    ----------
    features, ranges, towns, draws, seed
        As in `uncertainty.town_draws`.
    quantity : str
        What the towns are ordered by, the greatest first.

    Returns
    -------
    DataFrame
        Indexed by ``town_code``, in the order of the central figures: ``town_name``, ``name_en``; ``rank_central``,
        ``rank_mean``, ``rank_p10``, ``rank_p90``; and of the draws the shares ``same_rank_share`` with the central
        place, ``top3_share``, ``top5_share``. Equal towns share the better place. [1]

    Raises
    ------
    GeoError
        As in `uncertainty.town_draws`.
    """
    totals, drawn = town_draws(features, ranges, towns, shared={}, draws=draws, seed=seed, quantities=(quantity,))
    central = _places(totals[quantity].to_numpy()[:-2, None])[:, 0]
    places = _places(drawn[quantity][:-2])
    out = totals[["town_name", "name_en"]].iloc[:-2].copy()
    out["rank_central"] = central.astype(np.int64)
    out["rank_mean"] = places.mean(axis=1)
    for level in ("p10", "p90"):
        out[f"rank_{level}"] = np.percentile(places, LEVELS[level], axis=1, method="inverted_cdf").astype(np.int64)
    out["same_rank_share"] = (places == central[:, None]).mean(axis=1)
    for top in TOP:
        out[f"top{top}_share"] = (places <= top).mean(axis=1)
    return out.sort_values("rank_central", kind="stable")


def ranking_agreement(
    features: pd.DataFrame, ranges: Ranges, towns: pd.DataFrame, *,
    quantity: str = "pv_energy_mwh_a", draws: int = CARDS["uncertainty_draws"], seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Return how alike the order of each draw and the central order are.

    Parameters
    ----------
    features, ranges, towns, quantity, draws, seed
        As in `ranking_stability`.

    Returns
    -------
    DataFrame
        One row: ``kendall_tau_p10``, ``_p50``, ``_p90`` (tau-b) and ``same_order_share``; missing where fewer than two
        towns differ. [1]

    Raises
    ------
    GeoError
        As in `uncertainty.town_draws`.

    References
    ----------
    Kendall 1945, doi:10.1093/biomet/33.3.239
    """
    totals, drawn = town_draws(features, ranges, towns, shared={}, draws=draws, seed=seed, quantities=(quantity,))
    central, values = totals[quantity].to_numpy()[:-2], drawn[quantity][:-2]
    first, second = np.triu_indices(len(central), 1)
    before = np.sign(central[first] - central[second])
    after = np.sign(values[first] - values[second])
    pairs = np.sqrt((before != 0).sum() * (after != 0).sum(axis=0))
    tau = np.divide(before @ after, pairs, out=np.full(draws, np.nan), where=pairs > 0)
    found = dict(zip(LEVELS, np.percentile(tau, list(LEVELS.values())), strict=True))
    row = {f"kendall_tau_{level}": value for level, value in found.items()}
    return pd.DataFrame([{**row, "same_order_share": (after == before[:, None]).all(axis=0).mean()}])


def _places(values: Floats) -> Floats:
    """Order each column, the greatest first; equals share the better place. [1]"""
    return np.stack([1.0 + (values > row).sum(axis=0) for row in values]) if len(values) else values
