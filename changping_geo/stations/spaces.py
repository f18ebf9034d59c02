"""Charging spaces at parking: how many a lot should have by its kind, and how many it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.stations.demand import check_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

_DRAFT = "draft of the municipal parking standard (January 2025) as told by the press; the standard itself was not read"
_KINDS = {
    "residential": (0.37, "居住区配建", "residential"),
    "office": (0.25, "办公配建", "office"),
    "commercial": (0.20, "商业配建", "commercial"),
    "public": (0.20, "公共停车场", "public"),
    "park_and_ride": (0.20, "驻车换乘", "park and ride"),
    "scenic": (0.20, "景区", "scenic area"),
}
CARDS = Cards(
    (
        Parameter(f"charging_space_share.{kind}", share, "1", 0.0, 1.0, _DRAFT,
                  verified=False, title_zh=f"充电车位配建比例({zh})", title_en=f"Share of charging spaces, {en}")
        for kind, (share, zh, en) in _KINDS.items()
    ),
    Parameter("plug_at_lot_m", 150.0, "m", 10.0, 1000.0, "planning range, unverified: a station so near serves the lot",
              verified=False, title_zh="充电站归属停车场距离", title_en="A station belongs to the nearest lot within"),
)  # fmt: skip


def required_spaces(spaces: pd.Series, kind: pd.Series, share: Mapping[str, float]) -> pd.Series:
    """Return how many charging spaces each lot should have, rounded up.

    Parameters
    ----------
    spaces : Series
        Spaces of each lot, shape (n,).
    kind : Series
        Its kind, shape (n,); a lot of unknown kind is asked for none.
    share : mapping
        Share by kind. [1]

    Returns
    -------
    Series
        Shape (n,).
    """
    held = check_weights(spaces.to_frame("spaces"), len(spaces))["spaces"]
    asked = np.array([share.get(word, 0.0) for word in kind], dtype=np.float64)
    need = np.ceil(np.round(held.to_numpy() * asked, 9)).astype(np.int64)
    return pd.Series(need, spaces.index, name="required")


def plugs_at_lots(
    lot_xy: ArrayLike, station_xy: ArrayLike, plugs: ArrayLike, *, within_m: float = CARDS["plug_at_lot_m"]
) -> tuple[pd.Series, float]:
    """Give each station's plugs to its nearest lot, once; return them by lot, and how many belong to none.

    Parameters
    ----------
    lot_xy, station_xy : array_like
        Places, shapes (n, 2) and (s, 2). [m]
    plugs : array_like
        Plugs of each station, shape (s,).
    within_m : float
        A station farther away belongs to no lot. [m]

    Returns
    -------
    tuple of Series and float
        Plugs by lot, shape (n,), and the plugs left over: together all there are.

    Raises
    ------
    ColumnError
        If plugs are missing or negative.
    """
    lots, stations = (np.asarray(a, dtype=np.float64).reshape(-1, 2) for a in (lot_xy, station_xy))
    count = np.asarray(plugs, dtype=np.float64)
    if count.shape != (len(stations),) or not (np.isfinite(count).all() and (count >= 0).all()):
        raise ColumnError(f"plugs must be {len(stations)} numbers of 0 or more, one per station")
    if not len(lots):
        return pd.Series(np.empty(0), name="plugs"), float(count.sum())
    far, lot = cKDTree(lots).query(stations)
    near = np.asarray(far) <= within_m
    mine = np.bincount(np.asarray(lot)[near], weights=count[near], minlength=len(lots))
    return pd.Series(mine, name="plugs"), float(count[~near].sum())


def spaces_by_kind(
    spaces: pd.Series, kind: pd.Series, plugs: ArrayLike, share: Mapping[str, float] = CARDS["charging_space_share"]
) -> pd.DataFrame:
    """Hold the plugs at lots against what the lots should have.

    Parameters
    ----------
    spaces, kind : Series
        Spaces and kind of each lot, shape (n,).
    plugs : array_like
        Plugs at each lot, shape (n,).
    share : mapping
        Share of charging spaces by kind. [1]

    Returns
    -------
    DataFrame
        By ``kind``: ``lots``, ``spaces``, ``required``, ``plugs``, ``ratio`` (plugs per space) [1], ``target`` [1],
        ``shortfall`` (Σ over lots of what each lacks: a surplus here does not help there) and ``lots_short``.
    """
    need = required_spaces(spaces, kind, share)
    have = np.asarray(plugs, dtype=np.float64)
    lack = np.maximum(need.to_numpy() - have, 0.0)
    frame = pd.DataFrame({
        "kind": kind.to_numpy(dtype=object), "lots": 1, "spaces": spaces.to_numpy(dtype=np.float64),
        "required": need.to_numpy(), "plugs": have, "shortfall": lack, "lots_short": (lack > 0).astype(np.int64),
    })  # fmt: skip
    out = frame.groupby("kind", sort=True, dropna=False).sum()
    out.insert(4, "ratio", out["plugs"] / out["spaces"].where(out["spaces"] > 0))
    out.insert(5, "target", [share.get(name, np.nan) for name in out.index])
    return out
