"""Harvest and planting: what is planned, in which unit, and where; areas are converted openly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from changping_geo.carbon.units import M2_PER_HA
from changping_geo.model import Cards, Parameter, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A mu is two thousand thirds of a square metre: 15 mu make a hectare. [m2/mu]
M2_PER_MU = 10_000.0 / 15.0
AREA_UNITS = {"mu": M2_PER_MU / M2_PER_HA, "ha": 1.0, "m2": 1.0 / M2_PER_HA, "km2": 100.0}
VOLUME = "m3"
#: What becomes of land that is felled: it grows again, lies bare, or leaves the forest.
AFTER = ("regrow", "bare", "leave")

CARDS = Cards(
    Parameter(
        "planting_survival", 0.85, "1", 0.6, 0.98, "planning range, unverified", verified=False,
        title_zh="造林保存率", title_en="Share of planted area that survives",
    ),
)  # fmt: skip


def area_ha(amount: float, unit: str) -> float:
    """Return an area in hectares.

    Parameters
    ----------
    amount : float
        Area. [unit]
    unit : str
        ``mu`` (亩), ``ha``, ``m2`` or ``km2``.

    Returns
    -------
    float
        Area. [ha]

    Raises
    ------
    ParameterError
        If the unit is unknown.

    Examples
    --------
    >>> round(area_ha(1500.0, "mu"), 9)
    100.0
    """
    if unit not in AREA_UNITS:
        raise ParameterError(f"unknown unit of area {unit!r}; use one of: {', '.join(AREA_UNITS)}")
    return amount * AREA_UNITS[unit]


@dataclass(frozen=True, slots=True)
class Planting:
    """An area planted in one year.

    Attributes
    ----------
    year : int
        Year whose end sees the trees in the ground.
    amount : float
        Area. [unit]
    unit : str
        One of `AREA_UNITS`.
    species : str
        A species of the growth table.
    towns : dict of str to float
        Share of the area by town; shares are brought to one. [1]
    survival : float
        Share of the area that carries forest later. [1]
    age_a : float
        Age of the plants. [a]
    """

    year: int
    amount: float
    unit: str
    species: str
    towns: Mapping[str, float]
    survival: float
    age_a: float = 0.0

    def by_town(self) -> dict[str, float]:
        """Return the area that survives, by town. [ha]"""
        whole = sum(self.towns.values())
        planted = area_ha(self.amount, self.unit) * self.survival
        return {town: planted * share / whole for town, share in self.towns.items()}


@dataclass(frozen=True, slots=True)
class Harvest:
    """Wood taken, or land felled, in one year; from all eligible stands in like proportion.

    Attributes
    ----------
    year : int
        Year at whose end the wood is gone.
    amount : float
        Volume thinned, or area felled. [unit]
    unit : str
        ``m3``, or one of `AREA_UNITS`.
    species, towns : tuple of str
        Where from; empty means everywhere.
    min_age_a : float
        Younger stands are spared. [a]
    after : str
        For an area: ``regrow``, ``bare``, or ``leave`` for land that is forest no more.
    """

    year: int
    amount: float
    unit: str
    species: tuple[str, ...] = ()
    towns: tuple[str, ...] = ()
    min_age_a: float = 0.0
    after: str = "regrow"


def check_events(
    events: Sequence[Planting | Harvest], *, baseline: int, species: Sequence[str], towns: Sequence[str]
) -> None:
    """Refuse plans that cannot be carried out.

    Parameters
    ----------
    events : sequence of Planting or Harvest
        The plans.
    baseline : int
        Year of the stock they start from.
    species, towns : sequence of str
        What is known.

    Raises
    ------
    ParameterError
        For years not after the baseline, amounts or shares out of bounds, unknown units, species or towns; all at once.
    """
    faults: list[str] = []
    for number, event in enumerate(events, 1):
        what = f"{type(event).__name__.lower()} {number} ({event.year})"
        faults += [f"{what}: {fault}" for fault in _faults(event, baseline, set(species), set(towns))]
    if faults:
        raise ParameterError("\n".join(faults))


def _faults(event: Planting | Harvest, baseline: int, species: set[str], towns: set[str]) -> list[str]:
    faults = []
    if event.year <= baseline:
        faults.append(f"the year is not after the baseline {baseline}; give a later year")
    if not 0 <= event.amount < float("inf"):
        faults.append(f"the amount is {event.amount}; give a number of 0 or more")
    units = list(AREA_UNITS) if isinstance(event, Planting) else [VOLUME, *AREA_UNITS]
    if event.unit not in units:
        faults.append(f"unknown unit {event.unit!r}; use one of: {', '.join(units)}")
    named = {event.species} if isinstance(event, Planting) else set(event.species)
    if named - species:
        faults.append(f"no growth curve for {', '.join(sorted(named - species))}; use: {', '.join(sorted(species))}")
    if set(event.towns) - towns:
        faults.append(f"unknown towns {', '.join(sorted(set(event.towns) - towns))}; use a code of the layer towns")
    if isinstance(event, Harvest):
        if event.after not in AFTER:
            faults.append(f"after = {event.after!r} is unknown; use one of: {', '.join(AFTER)}")
        return faults
    if not 0 <= event.survival <= 1:
        faults.append(f"the survival share is {event.survival}; give a share between 0 and 1")
    if not event.towns or min(event.towns.values()) < 0 or not sum(event.towns.values()) > 0:
        faults.append("name the towns where it is planted, with shares that are not negative and not all 0")
    return faults


def plan_table(events: Sequence[Planting | Harvest]) -> pd.DataFrame:
    """Spell out plans as given and as converted.

    Parameters
    ----------
    events : sequence of Planting or Harvest
        The plans.

    Returns
    -------
    DataFrame
        ``year``, ``kind``, ``species``, ``amount`` [unit], ``unit``, ``area_ha`` [ha] (missing for a volume),
        ``surviving_ha`` [ha] (missing for a harvest), ``after``.
    """
    rows = []
    for event in events:
        size = area_ha(event.amount, event.unit) if event.unit in AREA_UNITS else float("nan")
        if isinstance(event, Planting):
            rows.append(
                (event.year, "planting", event.species, event.amount, event.unit, size, size * event.survival, "")
            )
        else:
            kinds = ", ".join(event.species)
            after = "thinned" if event.unit == VOLUME else event.after
            rows.append((event.year, "harvest", kinds, event.amount, event.unit, size, float("nan"), after))
    columns = ["year", "kind", "species", "amount", "unit", "area_ha", "surviving_ha", "after"]
    return pd.DataFrame(rows, columns=columns).sort_values("year", kind="stable", ignore_index=True)
