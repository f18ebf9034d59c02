"""Soil organic carbon: every figure with its depth, and stock-change factors over twenty years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from changping_geo.carbon.stock import COLUMNS, Stock, same
from changping_geo.errors import ColumnError, ParameterError, ResultError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Floats = NDArray[np.float64]

#: Years over which a change of use settles. [a]
SETTLED_YEARS = 20.0
ANY = "any"
NATIVE = "native"


@dataclass(frozen=True)
class Depth:
    """The layer of soil that a figure is of.

    Attributes
    ----------
    upper, lower : float
        Below the surface. [cm]
    """

    upper: float
    lower: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.upper < self.lower:
            raise ParameterError(
                f"a depth of {self.upper} to {self.lower} cm is none; a figure of soil needs the depth that it is of"
            )

    def __str__(self) -> str:
        return f"{self.upper:g}-{self.lower:g} cm"


@dataclass(frozen=True)
class SoilCarbon:
    """Soil carbon with its depth; amounts of one depth only add up.

    Attributes
    ----------
    amount : ndarray
        [t C/ha, or t C]
    depth : Depth
        [cm]
    """

    amount: Floats
    depth: Depth

    def __add__(self, other: SoilCarbon) -> SoilCarbon:
        if self.depth != other.depth:
            raise ResultError(
                f"soil carbon of {self.depth} and of {other.depth} cannot be added; bring both to one depth first"
            )
        return SoilCarbon(self.amount + other.amount, self.depth)

    def __sub__(self, other: SoilCarbon) -> SoilCarbon:
        return self + SoilCarbon(-other.amount, other.depth)


def profile(organic: Floats, bulk_density: Floats, thickness_cm: Floats, stones: Floats) -> SoilCarbon:
    """Return carbon of a profile whose horizons lie without gaps from the surface.

    Parameters
    ----------
    organic : ndarray, shape (horizons,)
        Organic carbon of the fine earth. [1, mass over mass]
    bulk_density : ndarray, shape (horizons,)
        Of the fine earth. [g/cm3]
    thickness_cm : ndarray, shape (horizons,)
        [cm]
    stones : ndarray, shape (horizons,)
        Share of the volume. [1]

    Returns
    -------
    SoilCarbon
        [t C/ha]
    """
    # 1 g/cm3 over 1 cm of one hectare weighs 100 t.
    total = 100.0 * np.sum(organic * bulk_density * thickness_cm * (1.0 - stones))
    return SoilCarbon(np.asarray(total), Depth(0.0, float(np.sum(thickness_cm))))


def after_change(before: SoilCarbon, factor: Floats | float, years: Floats | float) -> SoilCarbon:
    """Return soil carbon some years after a change of use.

    ``SOC_t = SOC_0 - (SOC_0 - SOC_0 F) / 20 * min(t, 20)``

    Parameters
    ----------
    before : SoilCarbon
        [t C/ha]
    factor : ndarray or float
        Stock after over before, once settled. [1]
    years : ndarray or float
        Since the change. [a]

    Returns
    -------
    SoilCarbon
        Of the same depth. [t C/ha]

    Raises
    ------
    ParameterError
        If a factor or a time is negative or missing.

    References
    ----------
    IPCC 2006 Guidelines, vol. 4, equation 2.25
    """
    if not (np.all(np.asarray(factor) >= 0.0) and np.all(np.asarray(years) >= 0.0)):
        raise ParameterError("a stock-change factor and the years since the change must be 0 or more")
    elapsed = np.minimum(years, SETTLED_YEARS) / SETTLED_YEARS
    return SoilCarbon(before.amount * (1.0 - (1.0 - np.asarray(factor)) * elapsed), before.depth)


def reference(table: pd.DataFrame, name: str, climate: str) -> SoilCarbon:
    """Return the reference stock of native land.

    Parameters
    ----------
    table : DataFrame
        ``set``, ``climate``, ``depth_from_cm``, ``depth_to_cm``, ``soc_t_c_ha``, ``use``. [cm, t C/ha]
    name, climate : str
        Set, as ``ipcc2019``, and climate zone, as ``warm_temperate_dry``.

    Returns
    -------
    SoilCarbon
        [t C/ha]

    Raises
    ------
    ParameterError
        If there is not one such row, or it has no depth.
    """
    known = table[table["use"] == "reference"]
    rows = known[(known["set"] == name) & (known["climate"] == climate)]
    if len(rows) != 1:
        pairs = sorted(set(zip(known["set"], known["climate"], strict=True)))
        raise ParameterError(
            f"soil: {len(rows)} reference stocks of {name!r} in {climate!r}; known are: "
            f"{', '.join(' '.join(pair) for pair in pairs)}"
        )
    row = rows.iloc[0]
    return SoilCarbon(np.asarray(float(row["soc_t_c_ha"])), Depth(row["depth_from_cm"], row["depth_to_cm"]))


def factor_of(table: pd.DataFrame, before: str, after: str, moisture: str) -> float:
    """Return the stock-change factor of a change of use.

    Parameters
    ----------
    table : DataFrame
        ``from_use``, ``to_use``, ``moisture`` (``dry``, ``moist`` or ``any``), ``factor``. [1]
    before, after : str
        Uses, as ``native`` and ``cropland``.
    moisture : str
        ``dry`` or ``moist``.

    Returns
    -------
    float
        [1]

    Raises
    ------
    ParameterError
        If there is not one such row.
    """
    rows = table[(table["from_use"] == before) & (table["to_use"] == after) & table["moisture"].isin([moisture, ANY])]
    if len(rows) != 1:
        raise ParameterError(
            f"soil: {len(rows)} factors from {before!r} to {after!r} in {moisture!r} land; the table must have one"
        )
    return float(rows["factor"].iloc[0])


def soil_stock(
    areas: pd.DataFrame, uses: pd.DataFrame, factors: pd.DataFrame, native: SoilCarbon, moisture: str, spread: float
) -> Stock:
    """Return the soil carbon of land, by town and use.

    Land of stands, urban green and the biomass raster counts as native; land cover takes the use of its class, settled
    for more than twenty years. Classes that the table does not count (water, wetland) hold nothing here.

    Parameters
    ----------
    areas : DataFrame
        Of `stock.Stock`: ``town_code``, ``tier``, ``kind``, ``area_ha``. [ha]
    uses : DataFrame
        ``class_code``, ``soil_use``, ``counted``.
    factors : DataFrame
        Of `factor_of`.
    native : SoilCarbon
        Of native land. [t C/ha]
    moisture : str
        ``dry`` or ``moist``.
    spread : float
        Relative standard deviation of the reference stock. [1]

    Returns
    -------
    Stock
        Rows of the pool ``soil``, of the depth of `native`; no areas, since they are counted already. [t C]

    Raises
    ------
    ColumnError
        If a class has no use.
    """
    land = areas[areas["tier"] != "none"]
    by_code: Mapping[str, str] = {
        str(code): (use if counted else "")
        for code, use, counted in uses[["class_code", "soil_use", "counted"]].itertuples(index=False)
    }
    covered = land["tier"] == "land_cover"
    strange = sorted(set(land.loc[covered, "kind"]) - set(by_code))
    if strange:
        raise ColumnError(f"soil: class codes {', '.join(strange)} have no use of soil; add them to the table")
    use = land["kind"].where(covered).map(by_code).where(covered, NATIVE)
    kept = land.assign(use=use)[use != ""]
    factor = {word: factor_of(factors, NATIVE, word, moisture) for word in kept["use"].unique()}
    carbon = kept["area_ha"] * kept["use"].map(factor) * float(native.amount)
    rows = kept.assign(pool="soil", t_c=carbon, kind=kept["use"], factors=same(("soil",), kept))
    return Stock(rows[list(COLUMNS)].reset_index(drop=True), areas.iloc[:0], {"soil": spread})
