"""How sure an estimate is: percentiles by town, and how firmly the towns keep their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.solar.draws import Range
from changping_geo.solar.ranking import ranking_agreement, ranking_stability
from changping_geo.solar.uncertainty import uncertainty_by_town
from changping_geo.solar.usable import TYPES, USES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

AGREEMENT = {
    "kendall_tau_p10": ("肯德尔 τ-b(P10)", "Kendall's tau-b (P10)", "1"),
    "kendall_tau_p50": ("肯德尔 τ-b(P50)", "Kendall's tau-b (P50)", "1"),
    "kendall_tau_p90": ("肯德尔 τ-b(P90)", "Kendall's tau-b (P90)", "1"),
    "same_order_share": ("排名完全相同的比例", "Share of draws in the same order", "1"),
}


def doubts_by_town(
    features: pd.DataFrame,
    roof_class: pd.Series,
    usable: Mapping[str, Range],
    obstacles: Mapping[str, Range],
    towns: pd.DataFrame,
    shared: Mapping[str, Range],
    draws: int,
) -> dict[str, pd.DataFrame]:
    """Draw what nobody knows: shares once per class of roofs, obstacles once per roof type, the rest once for all.

    Parameters
    ----------
    features : DataFrame
        ``town_code``, capacity, energy and CO2 of each roof, n rows. [kW, MWh/a, t CO2/a]
    roof_class : Series
        Use and roof type of each, n rows.
    usable : mapping of str to Range
        Usable share by roof class. [1]
    obstacles : mapping of str to Range
        Share taken by obstacles, by roof type. [1]
    towns : DataFrame
        The towns.
    shared : mapping of str to Range
        From `uncertainty.shared_ranges`.
    draws : int
        Number of draws. [count]

    Returns
    -------
    dict of str to DataFrame
        ``uncertainty_by_town``, ``ranking_stability`` and ``ranking_agreement``.
    """
    roofs = features.assign(roof_class=roof_class)
    clear = {kind: Range(1 - b.high, 1 - b.central, 1 - b.low) for kind, b in obstacles.items()}
    pairs = [(f"{use}_{kind}", kind) for use in USES for kind in TYPES]
    ranges = {key: {f"usable_share.{key}": usable[key], f"clear.{kind}": clear[kind]} for key, kind in pairs}
    percentiles = uncertainty_by_town(roofs, ranges, towns, shared=shared, draws=draws)
    ranking = ranking_stability(roofs, ranges, towns, draws=draws)
    agreement = ranking_agreement(roofs, ranges, towns, draws=draws)
    percentiles.attrs = {"title_zh": "不确定性区间(P10/P50/P90)", "title_en": "uncertainty (P10, P50, P90)"}
    ranking.attrs = {"title_zh": "镇街排名稳定性", "title_en": "stability of the towns' ranking"}
    agreement.attrs = {"title_zh": "镇街排名一致性", "title_en": "agreement of rankings", "headings": AGREEMENT}
    return {"uncertainty_by_town": percentiles, "ranking_stability": ranking, "ranking_agreement": agreement}
