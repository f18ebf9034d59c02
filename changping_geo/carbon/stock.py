"""The stock as one long table: carbon by town, tier, kind and pool, each row with the unsure factors it rests on.

Every amount is linear in its factors (line of the group, carbon fraction, volume, root ratio, ...), so rows are added
up by town and group first, and draws are laid on the sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.carbon.pools import BY_AGE, DEAD, LIVING, POOLS
from changping_geo.carbon.sets import Basis
from changping_geo.carbon.units import co2_of
from changping_geo.errors import ParameterError, ResultError
from changping_geo.geo.assign import DISTRICT, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from changping_geo.carbon.sets import ParameterSet
    from changping_geo.carbon.tiers import Cover

Floats = NDArray[np.float64]

COLUMNS = ("town_code", "tier", "kind", "pool", "t_c", "factors")


class Stock(NamedTuple):
    """Carbon of one tier or of several.

    Attributes
    ----------
    rows : DataFrame
        ``town_code``, ``tier``, ``kind`` (species, class code or use), ``pool``, ``t_c`` [t C] and ``factors``, a tuple
        of the names of what the amount is a product of.
    areas : DataFrame
        ``town_code``, ``tier``, ``kind``, ``area_ha``. [ha]
    spreads : dict of str to float
        Relative standard deviation of each factor. [1]
    """

    rows: pd.DataFrame
    areas: pd.DataFrame
    spreads: dict[str, float]


def together(*stocks: Stock) -> Stock:
    """Return several stocks as one.

    Raises
    ------
    ResultError
        If two give one factor different spreads.
    """
    spreads: dict[str, float] = {}
    for stock in stocks:
        torn = [name for name, value in stock.spreads.items() if spreads.get(name, value) != value]
        if torn:
            raise ResultError(f"factors with two spreads: {', '.join(torn)}; give each its own name")
        spreads |= stock.spreads
    return Stock(
        pd.concat([s.rows for s in stocks if len(s.rows)], ignore_index=True),
        pd.concat([s.areas for s in stocks if len(s.areas)], ignore_index=True),
        spreads,
    )


def stand_stock(
    stands: pd.DataFrame,
    parts: pd.DataFrame,
    density: pd.DataFrame,
    chosen: ParameterSet,
    doubt: Mapping[str, float],
) -> Stock:
    """Return the stock of stands by town and species.

    Parameters
    ----------
    stands : DataFrame, shape (n,)
        ``species``.
    parts : DataFrame, shape (m,)
        Of `stands.parts_in_towns`.
    density : DataFrame, shape (n,)
        Of `pools.stand_density`; rows without a value hold nothing and have no area. [t C/ha]
    chosen : ParameterSet
        That of `density`.
    doubt : mapping
        Relative standard deviations: ``line`` (or ``expansion``, for factors), ``carbon_fraction``, ``volume_survey``,
        ``volume_stand``, ``root_ratio``, ``dead``; where the set's table has its own, that counts. [1]

    Returns
    -------
    Stock
    """
    head, spread = ("line", doubt["line"]) if chosen.basis is Basis.TOTAL else ("expansion", doubt["expansion"])
    row = parts["row"].to_numpy(int)
    held = np.isfinite(density["above"].to_numpy(float))[row]
    per_part = density.iloc[row[held]].reset_index(drop=True)
    by_age = (per_part["how"] == BY_AGE).to_numpy()
    keys = pd.DataFrame(
        {
            "town_code": parts["town_code"].to_numpy(dtype=object)[held],
            "kind": stands["species"].astype(object).to_numpy(dtype=object)[row[held]],
            "head": np.where(by_age, BY_AGE, head) + ":" + per_part["group"].astype(str).to_numpy(dtype=object),
        }
    )
    area = parts["area_ha"].to_numpy(float)[held]
    share = per_part["slope_share"].to_numpy(float)
    blocks = []
    for pool in (*LIVING, *DEAD):
        carbon = area * per_part[pool].to_numpy(float)
        for part, values in (("slope", carbon * share), ("intercept", carbon * (1.0 - share))):
            sums = keys.assign(t_c=values).groupby(["town_code", "kind", "head"], as_index=False).sum()
            blocks.append(sums[sums["t_c"] != 0.0].assign(pool=pool, part=part))
    rows = pd.concat(blocks, ignore_index=True)
    names = [_factors(*row) for row in rows[["town_code", "kind", "head", "pool", "part"]].to_numpy(dtype=object)]
    rows["factors"] = pd.Series(names, rows.index, dtype=object)
    used = set(keys["head"])
    spreads = {f"{head}:{g}": s for g, s in chosen.spread(spread).items() if f"{head}:{g}" in used}
    spreads |= {f"{BY_AGE}:{g}": float(s) for g, s in per_part[by_age].groupby("group")["sd_rel"].max().items()}
    spreads |= _of_single_stands(keys, area * per_part["above"].to_numpy(float) * share, doubt["volume_stand"])
    spreads |= {"carbon_fraction": doubt["carbon_fraction"], "volume": doubt["volume_survey"], "dead": doubt["dead"]}
    spreads["roots"] = doubt["root_ratio"] if chosen.roots is None else chosen.roots.spread(doubt["root_ratio"])
    areas = keys[["town_code", "kind"]].assign(area_ha=area).groupby(["town_code", "kind"], as_index=False).sum()
    return Stock(rows.assign(tier="stands")[list(COLUMNS)], _areas(areas, "stands"), spreads)


def _of_single_stands(keys: pd.DataFrame, volume: Floats, spread: float) -> dict[str, float]:
    """Errors of single stands cancel: the sum of a town and species has the root of their summed squares."""
    sums = keys[["town_code", "kind"]].assign(x=volume, y=volume**2).groupby(["town_code", "kind"]).sum()
    sums = sums[sums["x"] > 0.0]
    relative = spread * np.sqrt(sums["y"]) / sums["x"]
    return {f"stands:{town}:{kind}": float(value) for (town, kind), value in zip(sums.index, relative, strict=True)}


def _factors(town: str, kind: str, head: str, pool: str, part: str) -> tuple[str, ...]:
    last = ("dead",) if pool in DEAD else ("carbon_fraction",)
    roots = ("roots",) if pool == "below" and not head.startswith("line:") else ()
    grown = ("volume", f"stands:{town}:{kind}") if part == "slope" else ()
    return (head, *grown, *roots, *last)


def cover_stock(cover: Cover, density: pd.DataFrame, doubt: Mapping[str, float]) -> Stock:
    """Return the stock of land cover and of the biomass raster.

    Parameters
    ----------
    cover : Cover
        Of `tiers.cover_of`.
    density : DataFrame
        Of `tiers.density_table`. [t C/ha]
    doubt : mapping
        Relative standard deviations: ``density``, ``raster``, ``dead``; where the table has its own, that counts. [1]

    Returns
    -------
    Stock
    """
    spreads = {"raster": doubt["raster"], "dead": doubt["dead"]}
    blocks = []
    land = cover.areas[cover.areas["tier"] == "land_cover"]
    codes = land["kind"].astype(int)
    for pool in ("above", "below", "dead_wood"):
        carbon = land["area_ha"].to_numpy() * density[pool].reindex(codes).to_numpy()
        block = land[["town_code", "tier", "kind"]].assign(pool=pool, t_c=carbon)
        last = ("dead",) if pool in DEAD else ()
        names = [(f"density:{kind}", *last) for kind in block["kind"]]
        blocks.append(block.assign(factors=pd.Series(names, block.index, dtype=object)))
    for code in codes.unique():
        given = density.loc[code, "sd_rel"]
        spreads[f"density:{code}"] = float(doubt["density"] if pd.isna(given) else given)
    for pool in LIVING if len(cover.biomass) else ():
        block = cover.biomass[["town_code"]].assign(tier="raster", kind="tree_cover", pool=pool)
        blocks.append(block.assign(t_c=cover.biomass[pool], factors=same(("raster",), block)))
    rows = pd.concat(blocks, ignore_index=True)
    return Stock(rows.loc[rows["t_c"] != 0.0, list(COLUMNS)].reset_index(drop=True), cover.areas, spreads)


def by_town(rows: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Return carbon by town and pool.

    Parameters
    ----------
    rows : DataFrame
        Of `Stock`.
    codes : sequence of str
        Town codes, in the order wanted.

    Returns
    -------
    DataFrame
        Indexed by ``town_code``, then ``outside`` and ``district``: one column per pool and their sum without the soil
        ``plants`` [t C] with ``plants_co2`` [t CO2]. Soil stands apart: its depth belongs to it.

    Raises
    ------
    ResultError
        If a code is unknown.
    """
    table = rows.pivot_table(index="town_code", columns="pool", values="t_c", aggfunc="sum", fill_value=0.0)
    table = _closed(table.reindex(columns=list(POOLS), fill_value=0.0), codes)
    table["plants"] = table.drop(columns="soil").sum(axis=1)
    return table.assign(plants_co2=co2_of(table["plants"])).rename_axis(columns=None)


def tier_areas(areas: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Return area and share of area of each tier by town.

    Parameters
    ----------
    areas : DataFrame
        Of `Stock`. [ha]
    codes : sequence of str
        Town codes, in the order wanted.

    Returns
    -------
    DataFrame
        Indexed by ``town_code``, then ``outside`` and ``district``: ``<tier>_ha`` [ha] and ``<tier>_share`` [1].
    """
    tiers = ["stands", "urban_green", "raster", "land_cover", "none"]
    table = areas.pivot_table(index="town_code", columns="tier", values="area_ha", aggfunc="sum", fill_value=0.0)
    table = _closed(table.reindex(columns=tiers, fill_value=0.0), codes).rename_axis(columns=None)
    whole = table.sum(axis=1)
    share = table.div(whole.where(whole > 0.0), axis=0)
    return table.add_suffix("_ha").join(share.add_suffix("_share"))


def spread_between(stocks: Mapping[str, Stock], codes: Sequence[str], default: str) -> pd.DataFrame:
    """Return the plants' carbon of every parameter set by town, and how far the sets lie apart.

    Parameters
    ----------
    stocks : mapping of str to Stock
        By parameter set.
    codes : sequence of str
        Town codes.
    default : str
        The set that the others are measured against.

    Returns
    -------
    DataFrame
        Indexed as `by_town`: per set ``<set>_t_c``; ``low_t_c``, ``high_t_c`` [t C], and ``low_rel``, ``high_rel``,
        the ends over the default less one. [1]

    Raises
    ------
    ParameterError
        If the default is not among the sets.
    """
    if default not in stocks:
        raise ParameterError(f"the default set {default!r} is not among: {', '.join(stocks)}")
    table = pd.DataFrame({f"{name}_t_c": by_town(stock.rows, codes)["plants"] for name, stock in stocks.items()})
    low, high, base = table.min(axis=1), table.max(axis=1), table[f"{default}_t_c"]
    held = base.where(base != 0.0)
    return table.assign(low_t_c=low, high_t_c=high, low_rel=low / held - 1.0, high_rel=high / held - 1.0)


def same(factors: tuple[str, ...], rows: pd.DataFrame) -> pd.Series:
    """Return a column that gives all rows the same factors."""
    return pd.Series([factors] * len(rows), rows.index, dtype=object)


def _areas(areas: pd.DataFrame, tier: str) -> pd.DataFrame:
    return areas.assign(tier=tier)[["town_code", "tier", "kind", "area_ha"]]


def _closed(table: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    strange = sorted(set(table.index) - {*codes, OUTSIDE})
    if strange:
        raise ResultError(
            f"carbon in towns that are not known: {', '.join(map(str, strange[:5]))}; cut the stands again"
        )
    out = table.reindex([*codes, OUTSIDE], fill_value=0.0).astype(float)
    out.loc[DISTRICT] = out.sum(axis=0)
    return out.rename_axis("town_code")
