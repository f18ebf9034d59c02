"""Months or years of a map's towns: the figures behind the slider that recolours them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.present.headings import Heading, heading
from changping_geo.present.map_layers import legend_of
from changping_geo.present.map_rows import layer_of
from changping_geo.present.mapspec import shown_column

if TYPE_CHECKING:
    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec

_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_YEARLY = re.compile(r"(?P<stem>.+)_a")
_OF_YEAR = re.compile(r"(?P<stem>.+)_(?P<year>(?:19|20|21)\d\d)")


def town_series(run: Run, spec: MapSpec) -> dict[str, Any] | None:
    """Return the months, or the years, of what a page colours its towns by.

    Months are called after the yearly column: ``pv_energy_mwh_a`` has ``pv_energy_mwh_m01`` to ``_m12``; years after
    each other: ``demand_2025``, ``demand_2030``. They stand among the outputs by town, or in a table of the analysis
    that has a row per town.

    Parameters
    ----------
    run : Run
        The run.
    spec : MapSpec
        The page.

    Returns
    -------
    dict or None
        ``title``, ``all`` and ``steps`` (pairs), ``classes`` (per step: class of each town, -1 where missing), and one
        ``legend`` of all steps; None if the page has no steps to show.
    """
    coloured = shown_column(spec, "towns")
    towns = layer_of(run, "towns")
    if coloured is None or towns is None or not isinstance(towns.data, pd.DataFrame):
        return None
    card = heading(run, coloured.column, analysis=spec.analysis)
    if match := _YEARLY.fullmatch(coloured.column):
        names = [f"{match['stem']}_m{month:02d}" for month in range(1, 13)]
        steps = [(f"{month}月", name) for month, name in enumerate(_MONTHS_EN, 1)]
        title, whole = (f"逐月：{card.zh}", f"By month: {card.en}"), ("全年", "Whole year")
        card = _of_month(card)
    elif match := _OF_YEAR.fullmatch(coloured.column):
        names = _years(run, spec.analysis, match["stem"])
        steps = [(f"{name[-4:]}年", name[-4:]) for name in names]
        title, whole = (f"逐年：{card.zh}", f"By year: {card.en}"), (f"{match['year']}年", match["year"])
    else:
        return None
    table = _table(run, spec.analysis, names) if len(names) > 1 else None
    if table is None:
        return None
    values = table[names].reindex(towns.data["town_code"].astype(str)).to_numpy(dtype=np.float64)
    classes, legend = legend_of(card, coloured, values.ravel())
    found = [[int(kind) for kind in classes.index(column)] for column in values.T]
    return {"title": title, "all": whole, "steps": steps, "classes": found, "legend": legend}


def _of_month(card: Heading) -> Heading:
    """Return the heading of a month, given that of the year."""
    en = card.en.removeprefix("Annual ").removeprefix("annual ")
    return Heading(card.name, card.zh.removeprefix("年"), en[:1].upper() + en[1:], card.unit.removesuffix("/a"))


def _years(run: Run, analysis: str, stem: str) -> list[str]:
    """Return the columns of all years of a quantity, in order."""
    columns = run.results[analysis].by_town.columns
    return sorted(c for c in map(str, columns) if (match := _OF_YEAR.fullmatch(c)) and match["stem"] == stem)


def _table(run: Run, analysis: str, names: list[str]) -> pd.DataFrame | None:
    """Return the table that holds the months of each town, indexed by its code."""
    result = run.results[analysis]
    for table in (result.by_town, *result.tables.values()):
        if not set(names) <= set(table.columns):
            continue
        frame = table.set_index("town_code") if "town_code" in table.columns else table
        frame = frame.set_axis(frame.index.astype(str))
        if frame.index.is_unique and set(frame.index) & set(result.by_town.index.astype(str)):
            return frame
    return None
