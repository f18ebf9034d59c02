"""The sunshine programmes of a plan: each roof belongs to exactly one, by its owner where that decides, else by use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.solar.usable import USES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PROGRAMMES = {
    "parks": ("阳光园区", "sunshine parks"),
    "homes": ("阳光惠民", "sunshine homes"),
    "infrastructure": ("阳光基础设施", "sunshine infrastructure"),
    "villages": ("阳光乡村", "sunshine villages"),
    "commerce": ("阳光商业", "sunshine commerce"),
    "public_bodies": ("阳光公共机构", "sunshine public bodies"),
}
OWNERS = {
    "government": ("党政机关", "party and government"),
    "public": ("公共建筑", "public body"),
    "business": ("工商业", "industry and business"),
    "rural": ("农村居民", "rural household"),
    "urban": ("城镇居民", "urban household"),
}
BY_USE = "by_use"
BY_OWNER_DEFAULT = {"government": "public_bodies", "rural": "villages", "urban": "homes"}
BY_USE_DEFAULT = {
    "rural_house": "villages",
    "housing": "homes",
    "industrial": "parks",
    "commercial": "commerce",
    "public": "public_bodies",
    "education": "public_bodies",
    "health": "public_bodies",
    "transport": "infrastructure",
    "other": "commerce",
}
RULE = "our own reading of the plan's six programmes, which it names but does not delimit"

CARDS = Cards(
    (
        Parameter(
            f"programme_by_use.{use}",
            programme,
            "word",
            None,
            None,
            RULE,
            verified=False,
            title_zh=f"所属阳光行动(按用途): {USES[use][0]}",
            title_en=f"Programme by use: {USES[use][1]}",
            choices=tuple(PROGRAMMES),
        )
        for use, programme in BY_USE_DEFAULT.items()
    ),
    (
        Parameter(
            f"programme_by_owner.{owner}",
            BY_OWNER_DEFAULT.get(owner, BY_USE),
            "word",
            None,
            None,
            RULE + "; the owner goes before the use",
            verified=False,
            title_zh=f"所属阳光行动(按权属, 优先): {zh}",
            title_en=f"Programme by owner, first: {en}",
            choices=(BY_USE, *PROGRAMMES),
        )
        for owner, (zh, en) in OWNERS.items()
    ),
)


def programme_of(
    use: pd.Series, owner: pd.Series, by_use: dict[str, str], by_owner: dict[str, str]
) -> NDArray[np.object_]:
    """Return the programme of each roof.

    Parameters
    ----------
    use, owner : Series of str
        Of each roof, shape (n,); an owner may be missing.
    by_use, by_owner : dict of str to str
        The rules; an owner's rule ``by_use`` leaves it to the use.

    Returns
    -------
    ndarray of str
        A key of `PROGRAMMES`, shape (n,).

    Raises
    ------
    ColumnError
        If a use or an owner has no rule.
    """
    uses, owners = use.astype("category"), owner.astype("category")
    strange = [f"use {word!r}" for word in uses.cat.categories if word not in by_use]
    strange += [f"owner {word!r}" for word in owners.cat.categories if word not in by_owner]
    strange += ["a missing use"] if use.isna().any() else []
    if strange:
        raise ColumnError(f"no programme for {', '.join(strange[:8])}; known are: {', '.join([*by_use, *by_owner])}")
    by_code = np.array([by_use[word] for word in uses.cat.categories], dtype=object)
    # a missing owner has the code -1, which finds the last entry
    own_code = np.array([*(by_owner[word] for word in owners.cat.categories), BY_USE], dtype=object)
    fall_back, own = by_code[uses.cat.codes], own_code[owners.cat.codes]
    out: NDArray[np.object_] = np.where(own == BY_USE, fall_back, own)
    return out


def with_labels(table: pd.DataFrame) -> pd.DataFrame:
    """Add the Chinese and English name of the column ``programme`` behind it."""
    at = list(table.columns).index("programme") + 1
    out = table.copy()
    out.insert(at, "programme_zh", [PROGRAMMES[word][0] for word in table["programme"]])
    out.insert(at + 1, "programme_en", [PROGRAMMES[word][1] for word in table["programme"]])
    return out
