"""Which charts a report draws: towns ranked by what an analysis finds, months, and tables that ask for a chart.

An analysis asks with ``table.attrs["chart"]``, a dictionary or a list of them: ``kind`` (``bar``, ``stack`` or
``line``), ``x`` (a column), ``y`` (columns of one unit) and ``title_zh``, ``title_en``; if it likes also ``by`` (a
column whose words become one series each), ``where`` (column to value: the rows that are drawn), ``sort``, and ``top``
(rows at most).
Tables that do not ask are drawn where their name and columns are known here.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.present.headings import heading, main_output, table_title, word_labels
from changping_geo.present.report_chart_kinds import Series, line_chart, ranked_bars, stacked_columns
from changping_geo.present.report_parts import Chart, pair
from changping_geo.present.tables import index_as_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from changping_geo.model import Analysis, Run

log = logging.getLogger(__name__)
Pair = tuple[str, str]

_MOST_BARS, _MOST_SERIES, _MOST_CHARTS = 30, 8, 4
_LAST = ("outside", "district")
_MONTH = re.compile(r"(.+)_m(0[1-9]|1[0-2])")
_DISTRICT = {"town_code": "district"}
#: Charts of tables that ask for none, by the table's name.
KNOWN: dict[str, dict[str, Any]] = {
    "ladder": {"kind": "bar", "x": "rung_zh", "y": ["rung_energy_mwh_a"]},
    "by_species": {"kind": "bar", "x": "species", "y": ["volume_m3"], "sort": True},
    "projection": {"kind": "line", "x": "year", "y": ["volume_m3"], "where": _DISTRICT},
    "curve": {"kind": "line", "x": "stations", "y": ["share"], "by": "order"},
    "area_by_year_kind": {"kind": "stack", "x": "year", "y": ["heated_area_m2"], "by": "kind_zh"},
    "classes_by_town": {"kind": "bar", "x": "class_code_zh", "y": ["before_ha", "after_ha"], "where": _DISTRICT},
    "monthly": {"kind": "stack", "x": "month", "y": []},
}
#: Outputs of towns that belong side by side: what is wanted, and what there is.
BESIDE = (("heat_demand_mwh_a", "ground_potential_mwh_a"),)


def town_ranking(run: Run, analysis: Analysis, marked: str = "") -> Chart | None:
    """Return the towns ranked by the main output of an analysis, or by both that belong side by side.

    Parameters
    ----------
    run : Run
        A finished run.
    analysis : Analysis
        One of its analyses.
    marked : str
        Code of a town that is told apart.
    """
    table = run.results[analysis.name].by_town
    numeric = [str(c) for c in table if pd.api.types.is_numeric_dtype(table[c])]
    main = main_output(analysis, [n for n in numeric if n in analysis.headline] or numeric)
    if main is None:
        return None
    names = next((names for names in BESIDE if main in names and set(names) <= set(numeric)), (main,))
    towns = table[~table.index.isin(_LAST)]
    towns = towns[np.isfinite(towns[main].to_numpy(dtype=float))].sort_values(main, ascending=False, kind="stable")
    if len(towns) < 2 or not towns[list(names)].to_numpy(dtype=float).any():  # noqa: PLR2004 - one town has no rank
        return None
    towns = towns.iloc[:_MOST_BARS]
    cards = [heading(run, name, analysis=analysis.name) for name in names]
    series = [Series(pair(c.zh, c.en), towns[c.name].to_numpy(dtype=float)) for c in cards]
    codes = [str(code) for code in towns.index]
    at = codes.index(marked) if marked in codes else -1
    title = pair("、".join(f"{c.zh}" for c in cards) + "：镇街排序", " and ".join(c.en for c in cards) + " by town")
    return Chart(title, ranked_bars(town_labels(run, towns), series, cards[0].unit, at))


def town_labels(run: Run, towns: pd.DataFrame) -> list[Pair]:
    """Return Chinese and English name of the towns of a table by town."""
    zh = towns["town_name"] if "town_name" in towns else pd.Series(towns.index, index=towns.index)
    layer: Any = run.layers["towns"].data if "towns" in run.layers else None
    known = dict(zip(layer["town_code"].astype(str), layer["name_en"], strict=True)) if _has_english(layer) else {}
    own = dict(zip(towns.index.astype(str), towns["name_en"], strict=True)) if "name_en" in towns else {}
    english = {str(code): own.get(str(code)) or known.get(str(code)) for code in towns.index}
    texts = ((str(name), english[str(code)]) for code, name in zip(towns.index, zh, strict=True))
    return [pair(name, en if isinstance(en, str) and en else name) for name, en in texts]


def _has_english(layer: Any) -> bool:
    return layer is not None and "name_en" in layer and "town_code" in layer


def table_charts(run: Run, analysis: Analysis) -> list[Chart]:
    """Return the charts of the further tables of an analysis: first those that it asks for.

    A chart that asks for columns that are not there is told in the log and left out.
    """
    asked: list[Chart | None] = []
    known: list[Chart | None] = []
    for name, table in run.results[analysis.name].tables.items():
        given = table.attrs.get("chart")
        wishes = [given] if isinstance(given, dict) else given or []
        asked += [_chart(run, analysis, name, table, wish) for wish in wishes]
        if not given and name in KNOWN:
            known.append(_chart(run, analysis, name, table, KNOWN[name], told=False))
        if not given:
            known.append(_months(run, analysis, table))
    return [chart for chart in (*asked, *known) if chart is not None][:_MOST_CHARTS]


def _months(run: Run, analysis: Analysis, table: pd.DataFrame) -> Chart | None:
    """Return the twelve months of the whole district of a table by town with columns ``…_m01`` to ``…_m12``."""
    stems = {m[1] for m in map(_MONTH.fullmatch, map(str, table.columns)) if m}
    for stem in sorted(stems):
        columns = [f"{stem}_m{month:02d}" for month in range(1, 13)]
        if not set(columns) <= set(table.columns) or "district" not in table.index:
            continue
        values = table.loc["district", columns].to_numpy(dtype=float)
        year = heading(run, f"{stem}_a", analysis=analysis.name)
        first = heading(run, columns[0], analysis=analysis.name)
        zh, en = (year.zh, year.en) if year.zh != year.name else (first.zh, first.en)
        drawing = stacked_columns(_month_labels(), [Series(pair(zh, en), values)], first.unit or year.unit)
        return Chart(pair(f"{zh.removeprefix('年')}：逐月", f"{en} by month"), drawing)
    return None


def _month_labels() -> list[Pair]:
    short = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return [(f"{month}月", short[month - 1]) for month in range(1, 13)]


def _chart(
    run: Run, analysis: Analysis, name: str, table: pd.DataFrame, spec: Mapping[str, Any], *, told: bool = True
) -> Chart | None:
    frame = index_as_columns(table)
    x, wanted = str(spec.get("x", "")), [str(column) for column in spec.get("y", [])]
    wanted = wanted or _numbers(frame, x)[:1]
    needed = [x, *wanted, *([str(spec["by"])] if spec.get("by") else []), *spec.get("where", {})]
    kind = spec.get("kind")
    lacking = [column for column in needed if column not in frame]
    if lacking or not wanted or kind not in ("bar", "stack", "line"):
        if told:
            what = f"lacks {', '.join(lacking)}" if lacking else f"kind {kind!r} is none of bar, stack, line"
            log.warning("%s: the chart of the table %s is left out: %s", analysis.name, name, what)
        return None
    for column, value in spec.get("where", {}).items():
        frame = frame[frame[column].astype(str) == str(value)]
    cards = [heading(run, column, analysis=analysis.name) for column in wanted]
    cards = [card for card in cards if card.unit == cards[0].unit]
    words = {**_words(run), **table.attrs.get("words", {})}
    labels, series = _series(frame, x, [(c.name, pair(c.zh, c.en)) for c in cards], spec, words)
    if not len(labels) or not any(np.isfinite(each.numbers).any() for each in series):
        return None
    zh, en = table_title(name, table)
    if zh == name and cards[0].zh != cards[0].name:
        zh, en = cards[0].zh, cards[0].en
    title = pair(spec.get("title_zh", zh), spec.get("title_en", en[:1].upper() + en[1:]))
    if kind == "line":
        numbers = pd.to_numeric(pd.Series([str(value) for value in frame[x].drop_duplicates()]), errors="coerce")
        if numbers.isna().any():
            return Chart(title, stacked_columns(labels, series, cards[0].unit))
        return Chart(title, line_chart(np.sort(numbers.to_numpy(dtype=float)), series, cards[0].unit))
    if kind == "stack":
        return Chart(title, stacked_columns(labels, series, cards[0].unit))
    known = np.isfinite(np.array([each.numbers for each in series])).any(axis=0).tolist()
    series = [Series(each.label, each.numbers[known]) for each in series]
    labels = [label for label, there in zip(labels, known, strict=True) if there]
    return Chart(title, ranked_bars(labels, series, cards[0].unit))


def _series(
    frame: pd.DataFrame,
    x: str,
    columns: Sequence[tuple[str, Pair]],
    spec: Mapping[str, Any],
    words: Mapping[str, Mapping[str, Pair]],
) -> tuple[list[Pair], list[Series]]:
    """Return a label per place on the axis, and a series per column or per word of ``by``."""
    first, by = columns[0][0], str(spec.get("by") or "")
    if spec.get("sort"):
        frame = frame.sort_values(first, ascending=False, kind="stable")
    numeric = pd.api.types.is_numeric_dtype(frame[x])
    places = sorted(frame[x].dropna().unique()) if numeric else list(dict.fromkeys(frame[x].dropna()))
    if spec.get("kind") == "bar" or spec.get("top"):
        places = places[: int(spec.get("top", _MOST_BARS))]
    english = _english(frame, x)
    labels = [_label(x, place, words, english) for place in places]
    if not by:
        sums = frame.groupby(x, sort=False)[[name for name, _ in columns]].sum(min_count=1).reindex(places)
        return labels, [Series(label, sums[name].to_numpy(dtype=float)) for name, label in columns[:_MOST_SERIES]]
    grouped = frame.groupby([x, by], sort=False)[first].sum(min_count=1).unstack(by).reindex(places)  # noqa: PD010 - sums
    keys = list(dict.fromkeys(frame[by].dropna()))[:_MOST_SERIES]
    other = _english(frame, by)
    return labels, [Series(_label(by, key, words, other), grouped[key].to_numpy(dtype=float)) for key in keys]


def _numbers(frame: pd.DataFrame, x: str) -> list[str]:
    return [str(c) for c in frame if c != x and pd.api.types.is_numeric_dtype(frame[c])]


def _english(frame: pd.DataFrame, column: str) -> dict[Any, str]:
    twin = f"{column.removesuffix('_zh')}_en"
    return dict(zip(frame[column], frame[twin], strict=True)) if column.endswith("_zh") and twin in frame else {}


def _label(column: str, value: Any, words: Mapping[str, Mapping[str, Pair]], english: Mapping[Any, str]) -> Pair:
    if column == "month" and isinstance(value, int | np.integer) and 1 <= value <= 12:  # noqa: PLR2004 - months
        return _month_labels()[int(value) - 1]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    known = words.get(column, {}).get(str(value))
    return pair(*known) if known else pair(value, english.get(value, value))


def _words(run: Run) -> dict[str, dict[str, Pair]]:
    """Return the labels of every word that layers and analyses have named."""
    found: dict[str, dict[str, Pair]] = {}
    for layer in run.columns:
        cards = {name: card.values for name, card in run.columns[layer].items() if word_labels(run, layer).get(name)}  # noqa: PD011 - a card, no frame
        found |= {name: dict(values) for name, values in cards.items()}
    for result in run.results.values():
        for frame in (*result.features.values(), *result.tables.values()):
            found |= {name: dict(values) for name, values in frame.attrs.get("words", {}).items()}
    return found
