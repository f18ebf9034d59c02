"""What a projection takes and gives: how stands grow, draw by draw, and the account of their volumes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.geo.assign import DISTRICT
from changping_geo.model import ParameterError

Floats = NDArray[np.float64]

#: What a period adds to the volume (+) or takes from it (-), beside what stood before.
FLOWS = {"growth_m3": 1.0, "planting_m3": 1.0, "harvest_m3": -1.0, "land_change_m3": -1.0}


@dataclass(frozen=True)
class Growing:
    """How stands grow; arrays give one value per draw.

    Attributes
    ----------
    site_factor_max : float
        Largest site factor. [1]
    growth_factor : ndarray, shape (d,)
        Growth over that of the curves. [1]
    beyond_limit_share : ndarray, shape (d,)
        Share of growth counted above the curves' age limit. [1]
    volume_factor : ndarray, shape (d,) or (n, d)
        Volume over the surveyed one: the survey's error. [1]
    """

    site_factor_max: float
    growth_factor: Floats
    beyond_limit_share: Floats
    volume_factor: Floats

    @classmethod
    def central(cls, site_factor_max: float, growth_factor: float, beyond_limit_share: float) -> Growing:
        """Return the run of central values: one draw, volumes as surveyed."""
        one = np.ones(1)
        return cls(site_factor_max, one * growth_factor, one * beyond_limit_share, one)


@dataclass(frozen=True)
class Projection:
    """Volumes of groups of stands over years.

    Attributes
    ----------
    groups : DataFrame, shape (g,)
        ``town_code`` (`OUTSIDE` for none) and ``species``.
    years : tuple of int, length y
        The baseline first.
    arrays : dict of str to ndarray
        ``area_ha`` [ha], ``volume_m3`` [m3], and the flows since the year before: ``growth_m3``, ``planting_m3``,
        ``harvest_m3``, ``land_change_m3`` [m3], shape (g, y, d). Harvest and land change are what is lost.
    notes : DataFrame
        ``what`` and ``stands``, ``area_ha``: what was capped, held or extrapolated.
    """

    groups: pd.DataFrame
    years: tuple[int, ...]
    arrays: dict[str, Floats]
    notes: pd.DataFrame

    def draws(self, column: str, year: int, town_code: str | None = None) -> Floats:
        """Return a quantity of the district or a town, shape (d,). [unit of the column]"""
        rows = slice(None) if town_code is None else (self.groups["town_code"] == town_code).to_numpy()
        out: Floats = self.arrays[column][rows, self.years.index(year)].sum(axis=0)
        return out

    def by(self, *keys: str, draw: int = 0) -> pd.DataFrame:
        """Return one draw, summed by keys of the groups and year; with ``town_code``, closed by the district.

        Returns
        -------
        DataFrame
            Keys, ``year``, and the columns of `arrays`. [ha, m3]
        """
        parts = []
        for at, year in enumerate(self.years):
            values = pd.DataFrame({name: array[:, at, draw] for name, array in self.arrays.items()})
            parts.append(pd.concat([self.groups[list(keys)], values], axis=1).assign(year=year))
        whole = pd.concat(parts, ignore_index=True)
        if "town_code" in keys:
            whole = pd.concat([whole, whole.assign(town_code=DISTRICT)], ignore_index=True)
        return whole.groupby([*keys, "year"], sort=False).sum().reset_index()


def growing_draws(
    count: int,
    seed: int,
    *,
    site_factor_max: float,
    growth_factor: tuple[float, float, float],
    beyond_limit_share: tuple[float, float, float],
    volume_sd: float,
) -> Growing:
    """Draw how stands grow: figures common to all stands, so errors do not average out over stands or towns.

    Parameters
    ----------
    count, seed : int
        Draws, and the seed that makes them the same again.
    site_factor_max : float
        Largest site factor. [1]
    growth_factor, beyond_limit_share : tuple of float
        Low, central and high of a triangular range. [1]
    volume_sd : float
        Relative standard deviation of the surveyed volume of the whole; no volume falls below 0. [1]

    Returns
    -------
    Growing
        With `count` draws.

    Raises
    ------
    ParameterError
        If a range does not rise.
    """
    rng = np.random.default_rng(seed)
    growth, beyond = (_triangular(rng, ends, count) for ends in (growth_factor, beyond_limit_share))
    volume = np.maximum(1.0 + volume_sd * rng.standard_normal(count), 0.0)
    return Growing(site_factor_max, growth, beyond, volume)


def _triangular(rng: np.random.Generator, ends: tuple[float, float, float], count: int) -> Floats:
    low, central, high = ends
    if not low <= central <= high:
        raise ParameterError(f"a range must rise from low over central to high, not {low}, {central}, {high}")
    return rng.triangular(low, central, high, count) if low < high else np.full(count, central)
