"""The data layers of a page: a card with legend, pop-up and filters for each, and its rows packed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.model import SpecError
from changping_geo.present.classes import Classes, classify
from changping_geo.present.headings import heading
from changping_geo.present.map_grid import MIN_PUBLIC_M, squares
from changping_geo.present.map_packed import Shown, pack
from changping_geo.present.map_rows import only_rows, rows_of
from changping_geo.present.mapspec import Coloured
from changping_geo.present.units import ladder, step_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from changping_geo.model import Run
    from changping_geo.present.headings import Heading
    from changping_geo.present.map_rows import Rows
    from changping_geo.present.mapspec import Drawn, MapSpec

Pair = tuple[str, str]

NO_DATA = "#cfccc4"
# Decimals that a packed number keeps, by unit; one where nothing is said. [digits]
_DIGITS = {"": 0, "m2": 0, "count": 0, "persons": 0, "1": 3}
# Rows listed alone are drawn at least this wide, so that they are found on the map of the district. [px]
_FOUND_PX, _LEAST_PX = 7.0, 1.5
_OTHER: Pair = ("其他", "other")
_MISSING: Pair = ("无数据", "no data")
_COUNT = "rows"


def layer_card(
    run: Run, spec: MapSpec, drawn: Drawn
) -> tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any] | None]:
    """Return a layer's card, its rows and its squares, packed; on a public page the squares alone.

    Parameters
    ----------
    run : Run
        The run.
    spec : MapSpec
        The page.
    drawn : Drawn
        A layer with rows; `changping_geo.present.map_check.check` was passed.

    Returns
    -------
    tuple of dict
        Card, packed rows or None, packed squares or None.

    Raises
    ------
    SpecError
        If the run does not have the layer, or it has shapes of several kinds.
    """
    rows = rows_of(run, spec, drawn.layer)
    if rows is None:
        raise SpecError(f"{spec.file or spec.name}: layer {drawn.layer!r} is not in the run")
    if drawn.only:
        data, _ = only_rows(run, spec, drawn, rows)
        rows = type(rows)(data, rows.title, rows.words, rows.names, rows.owners, rows.status)
    card = {
        "name": drawn.key,
        "draw": drawn.draw,
        "title": titled(drawn, rows.title),
        "group": drawn.group,
        "show": drawn.show,
        "opacity": drawn.opacity,
        "min_zoom": drawn.min_zoom,
        "max_zoom": drawn.max_zoom,
        "status": note(rows),
        "squares": None,
        "legend": None,
    }
    packed_squares = None
    if drawn.grid_m:
        card["squares"], packed_squares = _squares(run, spec, drawn, rows)
    if spec.use == "public":
        return card, None, packed_squares
    more, columns = _columns(run, spec, drawn, rows)
    return card | more, pack(rows.data.geometry, columns), packed_squares


def titled(drawn: Drawn, title: Pair) -> Pair:
    """Return the title that a layer has on the page."""
    return drawn.label_zh or title[0], drawn.label_en or drawn.label_zh or title[1]


def note(rows: Rows) -> Pair | None:
    """Return the line that a pop-up ends with when its numbers rest on made-up or rebuilt data."""
    weak = rows.status.word in {"synthetic", "reconstructed"}
    return (f"依据：{rows.status.label_zh}", f"Based on {rows.status.label_en}") if weak else None


def legend_of(card: Heading, coloured: Coloured, values: NDArray[np.float64]) -> tuple[Classes, dict[str, Any]]:
    """Return classes with round edges in the column's unit, and the legend in the unit of each language."""
    known = np.asarray(values, dtype=float)
    typical = float(np.nanmedian(np.abs(known))) if np.isfinite(known).any() else 0.0
    (size_zh, word_zh), (size_en, word_en) = (step_for(typical, steps) for steps in ladder(card.unit))
    classes = classify(
        known, coloured.classes, coloured.kind, palette=coloured.palette, scale_zh=1 / size_zh, scale_en=1 / size_en
    )
    gaps = not np.isfinite(known).all()
    return classes, {
        "kind": "classes",
        "title": (card.zh, card.en),
        "unit": (f"单位：{word_zh}" if word_zh else "", f"Unit: {word_en}" if word_en else ""),
        "edges": classes.edges,
        "colours": [*classes.colours, *([NO_DATA] if gaps else [])],
        "labels": (
            [*classes.labels_zh, *([_MISSING[0]] if gaps else [])],
            [*classes.labels_en, *([_MISSING[1]] if gaps else [])],
        ),
    }


def _columns(run: Run, spec: MapSpec, drawn: Drawn, rows: Rows) -> tuple[dict[str, Any], dict[str, Shown]]:
    """Return what the card says of its columns, and the columns to be packed."""
    names = tuple(dict.fromkeys(([drawn.title] if drawn.title else []) + list(rows.names)))
    columns: dict[str, Shown] = {}
    facts: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys((*names, *(["town_code"] if "town_code" in rows.data else []), *_packed_columns(drawn))):
        values, card = rows.data[name], _heading(run, spec, drawn.layer, name, rows)
        whole = pd.api.types.is_integer_dtype(values)
        columns[name] = Shown(values, 0 if whole else _DIGITS.get(card.unit, 1), dict(rows.words.get(name, {})) or None)
        facts[name] = {"column": name, "label": (card.zh, card.en), "ladder": ladder(card.unit)}
        facts[name] |= {"whole": not card.unit, "digits": columns[name].digits}
    return {
        "names": names,
        "rows": [facts[name] for name in drawn.popup],
        "search": list(drawn.search),
        "facts": {name: facts[name] for name in drawn.search},
        "time": _time(rows, drawn, facts),
        "column": drawn.column,
        "size": _size(rows, drawn),
        "radius_px": drawn.radius_px,
        "width_px": drawn.width_px,
        "least_px": drawn.least_px or (_FOUND_PX if drawn.only else _LEAST_PX),
        "legend": _legend(run, spec, drawn, rows),
        "filters": [{**facts[n], **filter_choices(rows.data[n], rows.words.get(n))} for n in drawn.filters],
        "filters_open": bool(drawn.only),
    }, columns


def _packed_columns(drawn: Drawn) -> list[str]:
    """Return the columns that the page needs row by row; the squares have theirs."""
    single = (drawn.column, drawn.time, drawn.size)
    return [name for name in (*drawn.popup, *drawn.filters, *drawn.search, *single) if name]


def _heading(run: Run, spec: MapSpec, layer: str, column: str, rows: Rows) -> Heading:
    own = column not in rows.owners
    return heading(run, column, analysis=rows.owners.get(column, spec.analysis), layer=layer if own else "")


def _legend(run: Run, spec: MapSpec, drawn: Drawn, rows: Rows) -> dict[str, Any]:
    title = titled(drawn, rows.title)
    if drawn.colour:
        return {
            "kind": "one",
            "title": title,
            "unit": ("", ""),
            "colours": [drawn.colour],
            "labels": ([title[0]], [title[1]]),
        }
    card = _heading(run, spec, drawn.layer, drawn.column, rows)
    if drawn.colours:
        values = rows.data[drawn.column].dropna().astype(str)
        labels = rows.words.get(drawn.column, {})
        pairs = [labels.get(word, (word, word)) for word in drawn.colours]
        colours, words = list(drawn.colours.values()), list(drawn.colours)
        if not values.isin(words).all() or rows.data[drawn.column].isna().any():
            colours, pairs = [*colours, NO_DATA], [*pairs, _OTHER]
        return {
            "kind": "words",
            "title": (card.zh, card.en),
            "unit": ("", ""),
            "words": words,
            "colours": colours,
            "labels": ([zh for zh, _ in pairs], [en for _, en in pairs]),
        }
    return legend_of(card, _coloured(drawn), rows.data[drawn.column].to_numpy(dtype=float))[1]


def _coloured(drawn: Drawn) -> Coloured:
    return Coloured(drawn.column, drawn.layer, drawn.palette, drawn.kind, drawn.classes)


def _time(rows: Rows, drawn: Drawn, facts: Mapping[str, Any]) -> dict[str, Any] | None:
    if not drawn.time:
        return None
    known = sorted(rows.data[drawn.time].dropna().unique())
    labels = rows.words.get(drawn.time, {})
    numbers = pd.api.types.is_numeric_dtype(rows.data[drawn.time])
    texts = [f"{value:g}" if numbers else str(value) for value in known]
    values = [
        {"value": float(value) if numbers else text, "text": labels.get(text, (text, text))}
        for value, text in zip(known, texts, strict=True)
    ]
    return {"column": drawn.time, "label": facts[drawn.time]["label"], "values": values}


def _size(rows: Rows, drawn: Drawn) -> dict[str, Any] | None:
    """Return the column that a point's area grows with, and the value that has the full radius."""
    if not drawn.size:
        return None
    values = rows.data[drawn.size].to_numpy(dtype=float)
    most = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    return {"column": drawn.size, "most": most if most > 0 else 1.0}


def filter_choices(values: pd.Series, words: Mapping[str, Pair] | None) -> dict[str, Any]:
    """Return what a column can be narrowed by: rising round least values, or its words with both labels."""
    if words or not pd.api.types.is_numeric_dtype(values):
        known = [str(word) for word in sorted(values.dropna().astype(str).unique())]
        return {"words": [(word, (words or {}).get(word, (word, word))) for word in known]}
    return {"steps": list(classify(values.to_numpy(dtype=float), 9, "geometric").edges[1:-1])}


def _squares(run: Run, spec: MapSpec, drawn: Drawn, rows: Rows) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return card and packed squares that stand for the shapes while they are too small to be seen."""
    column = drawn.grid_column or drawn.column
    card = _heading(run, spec, drawn.layer, column, rows)
    outputs = [o for a in spec.analyses for o in run.analyses[a].outputs if o.name == column]
    how = drawn.grid or ("sum" if outputs and outputs[0].extensive else "mean")
    public = spec.use == "public"
    side = max(drawn.grid_m, MIN_PUBLIC_M) if public else drawn.grid_m
    cells = squares(rows.data.geometry, rows.data[column].to_numpy(dtype=float), side, how)
    value = f"{column}_{how}"
    _, legend = legend_of(card, _coloured(drawn), cells["value"].to_numpy())
    what_zh, what_en = ("合计", "total") if how == "sum" else ("平均", "mean")
    legend["unit"] = tuple(
        f"{unit}{stop}{square}" if unit else square
        for unit, stop, square in zip(
            legend["unit"],
            ("，", ", "),
            (f"每 {side:g} m 网格{what_zh}", f"{what_en} of {side:g} m squares"),
            strict=True,
        )
    )
    title = titled(drawn, rows.title)
    about = {
        "column": value,
        "side_m": side,
        "title": (f"{side:g} m 网格：{title[0]}", f"{side:g} m square: {title[1]}"),
        "legend": legend,
        "min_zoom": drawn.grid_zoom,
        "max_zoom": drawn.max_zoom if public else drawn.min_zoom - 1,
        "rows": [
            {
                "column": value,
                "label": (f"{card.zh}（{what_zh}）", f"{card.en} ({what_en})"),
                "ladder": ladder(card.unit),
                "whole": False,
                "digits": 1,
            },
            {"column": _COUNT, "label": ("数量", "Number"), "ladder": ladder("count"), "whole": True, "digits": 0},
        ],
    }
    words = {value: Shown(cells["value"], 1), _COUNT: Shown(cells["count"], 0)}
    return about, pack(cells.geometry, words)
