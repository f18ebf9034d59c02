"""Volume by age classes: areas move up a class as time passes, and carry their volume with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.model import ColumnError, ParameterError

if TYPE_CHECKING:
    from changping_geo.carbon.growth import Curves

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AgeClasses:
    """Area and volume by group and age class.

    Attributes
    ----------
    groups : MultiIndex, length g
        ``town_code`` and ``curve``.
    width_a : float
        Width of a class; the last is open. [a]
    area_ha, volume_m3 : ndarray, shape (g, c)
        Area [ha] and volume [m3].
    factor : ndarray, shape (g,)
        Growth of a group over that of its curve. [1]
    """

    groups: pd.MultiIndex
    width_a: float
    area_ha: Floats
    volume_m3: Floats
    factor: Floats


def age_classes(stands: pd.DataFrame, curves: Curves, width_a: float, oldest_a: float, most: float) -> AgeClasses:
    """Sum stands by town, curve and age class.

    Parameters
    ----------
    stands : DataFrame
        ``town_code``, ``species``, ``age_a`` [a], ``volume_m3_ha`` [m3/ha], ``area_ha`` [ha]; none missing.
    curves : Curves
        Growth curves.
    width_a : float
        Width of a class. [a]
    oldest_a : float
        Age at which the open class begins. [a]
    most : float
        Largest site factor. [1]

    Returns
    -------
    AgeClasses
        Sums to the stands' area and volume.

    Raises
    ------
    ParameterError
        If the classes have no width, or no class lies below the open one.
    ColumnError
        If a species has no curve, or a value is missing.
    """
    if not 0 < width_a <= oldest_a:
        raise ParameterError(f"age classes of {width_a} a up to {oldest_a} a make no sense; give a width below the age")
    wanted = ["town_code", "age_a", "volume_m3_ha", "area_ha"]
    gaps = stands[wanted].isna().sum()
    if gaps.any():
        told = ", ".join(f"{name}: {count} stands" for name, count in gaps.items() if count)
        raise ColumnError(f"{curves.layer}: values are missing ({told}); fill or leave them out first")
    keys = pd.MultiIndex.from_arrays(
        [stands["town_code"], curves.of_species(stands["species"])], names=["town_code", "curve"]
    )
    groups = keys.drop_duplicates()
    count = int(np.ceil(oldest_a / width_a)) + 1
    row = groups.get_indexer(keys)
    column = np.minimum(stands["age_a"].to_numpy(dtype=float) // width_a, count - 1).astype(np.int64)
    area, volume = np.zeros((2, len(groups), count))
    hectares = stands["area_ha"].to_numpy(dtype=float)
    np.add.at(area, (row, column), hectares)
    np.add.at(volume, (row, column), hectares * stands["volume_m3_ha"].to_numpy(dtype=float))
    expected = (area * _of_classes(curves, groups, count, width_a)).sum(axis=1)
    held = np.asarray(groups.get_level_values("curve") == "none")
    raw = np.divide(volume.sum(axis=1), expected, out=np.ones(len(groups)), where=expected > 0)
    return AgeClasses(groups, width_a, area, volume, np.where(held, 0.0, np.minimum(raw, most)))


def advance(state: AgeClasses, curves: Curves, years: float, beyond_limit_share: float) -> AgeClasses:
    """Let time pass: whole class widths at once, the rest as the share of each class that moves up.

    Parameters
    ----------
    state : AgeClasses
        Where it starts.
    curves : Curves
        Growth curves.
    years : float
        Time that passes. [a]
    beyond_limit_share : float
        Share of growth counted above the curves' age limit. [1]

    Returns
    -------
    AgeClasses
        Of the same area; the open class keeps its volume.

    Raises
    ------
    ParameterError
        If time runs backwards.
    """
    if years < 0:
        raise ParameterError(f"{years} years would run backwards; ask for a year after the survey")
    count = state.area_ha.shape[1]
    curve = state.groups.get_level_values("curve").to_numpy(dtype=object)
    ages = (np.arange(count) + 0.5) * state.width_a
    grid = np.broadcast_to(ages, (len(curve), count))
    step = curves.increment(curve, grid[:, :-1], grid[:, 1:])
    rise = state.factor[:, None] * (step.within + beyond_limit_share * step.beyond)
    area, volume = state.area_ha, state.volume_m3
    whole, rest = divmod(years, state.width_a)
    for share in [1.0] * int(whole) + [rest / state.width_a] * (rest > 0):
        moved_area, moved = share * area[:, :-1], share * volume[:, :-1]
        area, volume = area.copy(), volume.copy()
        area[:, :-1] -= moved_area
        area[:, 1:] += moved_area
        volume[:, :-1] -= moved
        volume[:, 1:] += moved + moved_area * rise
    return AgeClasses(state.groups, state.width_a, area, volume, state.factor)


def class_table(state: AgeClasses) -> pd.DataFrame:
    """Return a state as rows.

    Returns
    -------
    DataFrame
        ``town_code``, ``curve``, ``age_from_a``, ``age_to_a`` (missing for the open class) [a], ``area_ha`` [ha],
        ``volume_m3`` [m3].
    """
    count = state.area_ha.shape[1]
    start = np.arange(count) * state.width_a
    out = state.groups.to_frame(index=False)
    out = out.loc[out.index.repeat(count)].reset_index(drop=True)
    out["age_from_a"] = np.tile(start, len(state.groups))
    out["age_to_a"] = np.tile([*start[1:], np.nan], len(state.groups))
    return out.assign(area_ha=state.area_ha.ravel(), volume_m3=state.volume_m3.ravel())


def _of_classes(curves: Curves, groups: pd.MultiIndex, count: int, width_a: float) -> Floats:
    curve = groups.get_level_values("curve").to_numpy(dtype=object)
    return curves.volume(curve, np.broadcast_to((np.arange(count) + 0.5) * width_a, (len(groups), count)))
