"""Stand volumes carried forward: growth, harvest and planting year by year, every cubic metre accounted for.

All draws of unsure figures are carried at once, as columns: one column is the central run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from changping_geo.carbon.account import FLOWS, Growing, Projection
from changping_geo.carbon.planting import VOLUME, Harvest, Planting, area_ha, check_events
from changping_geo.geo.assign import OUTSIDE
from changping_geo.model import ColumnError, ParameterError, ResultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from changping_geo.carbon.growth import Curves

Floats = NDArray[np.float64]
Words = NDArray[np.object_]

NEEDED = ("town_code", "species", "age_a", "volume_m3_ha", "area_ha", "survey_year")
#: Relative gap between a stock and its account above which nothing is given out. [1]
CLOSURE = 1e-9


def project(
    stands: pd.DataFrame,
    curves: Curves,
    growing: Growing,
    *,
    baseline: int,
    years: Sequence[int],
    events: Sequence[Planting | Harvest] = (),
    towns: Sequence[str] = (),
) -> Projection:
    """Carry stands forward from their surveys.

    Growth of a year comes before its harvest and planting. Stands surveyed before the baseline are grown up to it.

    Parameters
    ----------
    stands : DataFrame
        ``town_code`` (missing outside), ``species``, ``age_a`` [a], ``volume_m3_ha`` [m3/ha], ``area_ha`` [ha] and
        ``survey_year``, shape (n,).
    curves : Curves
        Growth curves and the species that follow them.
    growing : Growing
        Draws of how they grow, d of them.
    baseline : int
        Year of the stock that all starts from.
    years : sequence of int
        Years asked for, none before the baseline.
    events : sequence of Planting or Harvest
        Plans.
    towns : sequence of str
        Towns that plans may name, beside those of the stands.

    Returns
    -------
    Projection
        With the baseline as its first year.

    Raises
    ------
    ColumnError
        If stands lack columns or values, or a species has no curve.
    ParameterError
        If a year lies before the baseline, a survey after it, or a plan cannot be carried out.
    ResultError
        If the account does not close.
    """
    _check_stands(stands, curves, baseline, years)
    known = [*dict.fromkeys([*towns, *stands["town_code"].dropna()])]
    check_events(events, baseline=baseline, species=list(curves.curve_of), towns=known)
    told = _Told(curves, growing.site_factor_max)
    run = _Run(stands, curves, growing, told)
    run.grow_to_baseline(stands["survey_year"].to_numpy(dtype=float), baseline)
    asked = sorted({baseline, *years})
    stops = sorted({*asked, *(e.year for e in events if e.year <= asked[-1])})
    now = baseline
    for year in stops:
        run.grow(float(year - now))
        for event in events:
            if event.year == year:
                run.apply(event)
        if year in asked:
            run.close(year)
        now = year
    return run.result(tuple(asked))


class _Told:
    """What was capped, held or extrapolated at the survey."""

    def __init__(self, curves: Curves, most: float) -> None:
        self.curves, self.most = curves, most
        self.rows: list[tuple[str, int, float]] = []

    def add(self, what: str, where: NDArray[np.bool_], area: Floats) -> None:
        self.rows.append((what, int(where.sum()), float(area[where].sum())))


class _Run:
    """The state of a run: one row per stand or planted area, one column per draw."""

    def __init__(self, stands: pd.DataFrame, curves: Curves, growing: Growing, told: _Told) -> None:
        self.curves, self.growing, self.told = curves, growing, told
        self.draws = growing.growth_factor.size
        self.town = (
            stands["town_code"].astype(object).where(stands["town_code"].notna(), OUTSIDE).to_numpy(dtype=object)
        )
        self.species = stands["species"].to_numpy(dtype=object)
        self.curve = curves.of_species(self.species)
        self.age = stands["age_a"].to_numpy(dtype=float)
        area = stands["area_ha"].to_numpy(dtype=float)
        self.area = np.repeat(area[:, None], self.draws, axis=1)
        surveyed = stands["volume_m3_ha"].to_numpy(dtype=float)
        self.volume = surveyed[:, None] * np.broadcast_to(growing.volume_factor, self.area.shape)
        self.factor = curves.site_factor(self.curve, self.age[:, None], self.volume, growing.site_factor_max)
        self.planted = np.zeros(len(self.age), dtype=bool)
        self.flow = {name: np.zeros_like(self.area) for name in FLOWS}
        self.before = self.volume * self.area
        self.stages: list[dict[str, Floats]] = []
        self.keys: list[tuple[Words, Words]] = []
        self._tell(surveyed, area)

    def _tell(self, surveyed: Floats, area: Floats) -> None:
        plain = self.curves.volume(self.curve, self.age)
        held = np.asarray(self.curve == "none")
        self.told.add("volume held: the species has no curve", held, area)
        capped = ~held & (surveyed > self.told.most * plain)
        self.told.add(f"site factor held at {self.told.most:g}", capped, area)
        self.told.add("no volume above the curve's start: no growth", ~held & (surveyed == 0) & (plain > 0), area)
        self.told.add("older than the curve's age limit", self.curves.beyond_limit(self.curve, self.age), area)

    def grow(self, span: float | Floats) -> None:
        """Let all stands grow by years, shape () or (n,)."""
        later = self.age + span
        step = self.curves.increment(self.curve, self.age, later)
        share = self.growing.beyond_limit_share[None, :]
        rise = self.growing.growth_factor * self.factor * (step.within[:, None] + share * step.beyond[:, None])
        self.volume = self.volume + rise
        gained = rise * self.area
        self.flow["growth_m3"] += np.where(self.planted[:, None], 0.0, gained)
        self.flow["planting_m3"] += np.where(self.planted[:, None], gained, 0.0)
        self.age = later

    def grow_to_baseline(self, surveyed: Floats, baseline: int) -> None:
        """Bring stands of older surveys up; what they gain stands as growth of the baseline."""
        self.told.add("surveyed before the baseline and grown up to it", surveyed < baseline, self.area[:, 0])
        self.grow(baseline - surveyed)

    def apply(self, event: Planting | Harvest) -> None:
        """Carry out a plan."""
        if isinstance(event, Planting):
            for town, area in event.by_town().items():
                one = np.full((1, self.draws), 1.0)
                self._append(
                    town=[town], species=[event.species], age=[event.age_a], area=one * area, factor=one, planted=[True]
                )
            return
        eligible = self.age >= event.min_age_a
        if event.species:
            eligible &= np.isin(self.species, np.array(event.species, dtype=object))
        if event.towns:
            eligible &= np.isin(self.town, np.array(event.towns, dtype=object))
        (self._thin if event.unit == VOLUME else self._fell)(event, eligible)

    def _thin(self, event: Harvest, eligible: NDArray[np.bool_]) -> None:
        standing = np.where(eligible[:, None], self.volume * self.area, 0.0)
        share = _share(event, event.amount, standing.sum(axis=0), "m3")
        self.flow["harvest_m3"] += standing * share
        left = np.where(eligible[:, None], 1.0 - share, 1.0)
        # What is left grows in proportion: thinned crowns do not grow as if nothing had been taken.
        self.volume, self.factor = self.volume * left, self.factor * left

    def _fell(self, event: Harvest, eligible: NDArray[np.bool_]) -> None:
        open_ = np.where(eligible[:, None], self.area, 0.0)
        share = _share(event, area_ha(event.amount, event.unit), open_.sum(axis=0), "ha")
        felled = open_ * share
        lost = "land_change_m3" if event.after == "leave" else "harvest_m3"
        self.flow[lost] += felled * self.volume
        self.area = self.area - felled
        if event.after == "leave":
            return
        rows = np.flatnonzero(eligible)
        grows = 1.0 if event.after == "regrow" else 0.0
        self._append(
            town=self.town[rows], species=self.species[rows], age=np.zeros(rows.size), area=felled[rows],
            factor=self.factor[rows] * grows, planted=self.planted[rows],
        )  # fmt: skip

    def _append(
        self,
        *,
        town: Sequence[str] | Words,
        species: Sequence[str] | Words,
        age: Sequence[float] | Floats,
        area: Floats,
        factor: Floats,
        planted: Sequence[bool] | NDArray[np.bool_],
    ) -> None:
        none = np.zeros_like(area)
        self.town = np.concatenate([self.town, np.asarray(town, dtype=object)])
        self.species = np.concatenate([self.species, np.asarray(species, dtype=object)])
        self.curve = self.curves.of_species(self.species)
        self.age = np.concatenate([self.age, np.asarray(age, dtype=float)])
        self.area, self.factor = np.concatenate([self.area, area]), np.concatenate([self.factor, factor])
        # Plants that are not seedlings bring the volume of their age with them, as planting.
        start = self.curves.volume(self.curve[-len(area) :], np.asarray(age, dtype=float)[:, None]) * factor
        self.volume = np.concatenate([self.volume, start])
        self.before = np.concatenate([self.before, none])
        self.planted = np.concatenate([self.planted, np.asarray(planted, dtype=bool)])
        for name in FLOWS:
            added = start * area if name == "planting_m3" else none
            self.flow[name] = np.concatenate([self.flow[name], added])

    def close(self, year: int) -> None:
        """Close the account of a year."""
        stock = self.volume * self.area
        account = self.before + sum(sign * self.flow[name] for name, sign in FLOWS.items())
        gap, scale = np.abs(stock.sum(axis=0) - account.sum(axis=0)), np.abs(stock).sum(axis=0) + 1.0
        if (gap > CLOSURE * scale).any():
            raise ResultError(f"the volume of {year} differs from its account by {gap.max():g} m3")
        self.stages.append({"area_ha": self.area, "volume_m3": stock, **self.flow})
        self.keys.append((self.town, self.species))
        self.before, self.flow = stock, {name: np.zeros_like(stock) for name in FLOWS}

    def result(self, years: tuple[int, ...]) -> Projection:
        """Sum rows to groups of town and species."""
        groups = pd.DataFrame({"town_code": self.town, "species": self.species}).drop_duplicates(ignore_index=True)
        index = pd.MultiIndex.from_frame(groups)
        arrays = {}
        for name in self.stages[0]:
            array = np.zeros((len(groups), len(years), self.draws))
            for at, (stage, key) in enumerate(zip(self.stages, self.keys, strict=True)):
                row = index.get_indexer(pd.MultiIndex.from_arrays(list(key)))
                ones = (np.ones(len(row)), (row, np.arange(len(row))))
                array[:, at] = np.asarray(sparse.csr_array(ones, shape=(len(groups), len(row))) @ stage[name])
            arrays[name] = array
        notes = pd.DataFrame(self.told.rows, columns=["what", "stands", "area_ha"])
        return Projection(groups, years, arrays, notes[notes["stands"] > 0].reset_index(drop=True))


def _share(event: Harvest, wanted: float, there: Floats, unit: str) -> Floats:
    if (wanted > there).any():
        raise ParameterError(
            f"the harvest of {event.year} asks for {wanted:g} {unit}, but {there.min():g} {unit} are eligible; "
            "lower it, or widen its species, towns or ages"
        )
    out: Floats = np.divide(wanted, there, out=np.zeros_like(there), where=there > 0)
    return out


def _check_stands(stands: pd.DataFrame, curves: Curves, baseline: int, years: Sequence[int]) -> None:
    lacking = [name for name in NEEDED if name not in stands]
    if lacking:
        raise ColumnError(f"{curves.layer}: columns {', '.join(lacking)} are missing; growth needs them")
    faults = []
    for name in ("age_a", "volume_m3_ha", "area_ha", "survey_year"):
        values = stands[name].to_numpy(dtype=float, na_value=np.nan)
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            rows = ", ".join(map(str, stands.index[bad][:5]))
            remedy = "fill them by fill_ages" if name == "age_a" else "mend the layer"
            faults.append(f"{curves.layer}: {bad.sum()} stands have no usable {name} (rows {rows}); {remedy}")
    if faults:
        raise ColumnError("\n".join(faults))
    late = (stands["survey_year"] > baseline).sum()
    if late:
        raise ParameterError(f"{curves.layer}: {late} stands were surveyed after the baseline {baseline}; raise it")
    early = sorted(year for year in years if year < baseline)
    if early:
        raise ParameterError(
            f"years {', '.join(map(str, early))} lie before the baseline {baseline}; growth only runs forward"
        )
