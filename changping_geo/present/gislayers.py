"""The layers of a run as GIS software gets them: results joined, headings and styles at hand.

Every format is written from the same `GisLayer`, so that names, headings, classes and colours agree.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.model import ResultError, Status
from changping_geo.present.classes import classify
from changping_geo.present.headings import Heading, heading, main_output, readable, word_labels
from changping_geo.present.mapspec import Coloured, shown_column
from changping_geo.present.style import CATEGORY_COLOURS, PLAIN_COLOURS, Rule, Style, class_rules, word_rules
from changping_geo.present.tables import LEADING
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from changping_geo.model import Analysis, Run
    from changping_geo.present.mapspec import MapSpec

log = logging.getLogger(__name__)

SHARED = ""
BASE = "基础图层"
TOWNS = "towns"
TOWN_KEY = "town_code"
TOWN_LABEL = "name_zh"
TOWN_OPACITY = 0.65  # buildings of any class stand out from the town below
# A layer that carries no results is left to its own source above this size. [rows]
MAX_PLAIN_ROWS = 500_000
# A larger layer is drawn with hair lines, and from this scale on only.
MANY_ROWS = 20_000
MANY_ROWS_SCALE = 100_000
# Columns by which what an analysis made is labelled, up to so many rows.
LABELS = ("name_zh", "name", "label")
MAX_LABELLED = 500
_RESERVED = {"fid", "geom", "ogc_fid"}
_KINDS = {"Point": "point", "MultiPoint": "point", "LineString": "line", "MultiLineString": "line"}
_KINDS |= {"Polygon": "polygon", "MultiPolygon": "polygon"}


@dataclass(frozen=True, slots=True)
class GisLayer:
    """One layer ready to be written.

    Attributes
    ----------
    name : str
        The layer's name.
    title_zh, title_en : str
        Headings.
    data : GeoDataFrame
        The rows, results joined; polygons and lines are multi-part throughout.
    headings : dict of str to Heading
        What each column is called.
    words : dict of str to dict
        Per column of words: word to Chinese label.
    styles : dict of str to Style
        By title; the first one is the default.
    status : Status
        The weakest status of what the layer holds.
    shorts : dict of str to str
        Names of at most ten ASCII characters that cards give to columns.
    group : str
        Whose layer it is: the Chinese title of the analysis that made it; `SHARED` where several put results on it,
        each with a style of its own; `BASE` for what carries no results.
    """

    name: str
    title_zh: str
    title_en: str
    data: gpd.GeoDataFrame
    headings: Mapping[str, Heading]
    words: Mapping[str, Mapping[str, str]]
    styles: Mapping[str, Style]
    status: Status
    shorts: Mapping[str, str] = field(default_factory=dict)
    group: str = BASE


def gis_layers(run: Run, specs: Sequence[MapSpec] = ()) -> list[GisLayer]:
    """Return the layers of a run: towns, layers with results, other vector layers that it read, and what it made.

    Parameters
    ----------
    run : Run
        The finished run.
    specs : sequence of MapSpec
        The pages of the workspace: a layer gets the column, classes and colours that it has there.

    Raises
    ------
    ResultError
        If results do not fit the rows of their layer.
    """
    carriers = dict.fromkeys(name for result in run.results.values() for name in result.features)
    order = dict.fromkeys([TOWNS, *carriers, *run.layers])
    chosen = []
    for name in order:
        layer = run.layers.get(name)
        if layer is None or not isinstance(layer.data, gpd.GeoDataFrame):
            if name in carriers:
                raise ResultError(f"results were given for {name!r}, which is no vector layer of this run")
            continue
        if name != TOWNS and name not in carriers and len(layer.data) > MAX_PLAIN_ROWS:
            log.info("%s has %d rows and no results; it is left out of the GIS files", name, len(layer.data))
            continue
        chosen.append(_gis_layer(run, name, specs))
    made = [(analysis, name) for analysis, result in run.results.items() for name in result.made]
    return [*chosen, *(_made_layer(run, analysis, name, i) for i, (analysis, name) in enumerate(made))]


def clean_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that any vector format can hold: clean text, distinct names, one kind per column.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame, shape (n, m)
        Any rows.
    """
    out = frame.copy(deep=False)
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    taken = set(_RESERVED)
    names: dict[Any, str] = {}
    for column in out.columns:
        if column == geometry:
            continue
        name = writable(column)
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        names[column] = name
        if out[column].dtype.kind not in "biufM":
            out[column] = _clean_column(out[column])
    out = out.rename(columns=names)
    return out.reset_index(drop=True)


def multipart(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer whose polygons and lines are all multi-part, so that its geometry type is one."""
    shapes = frame.geometry.to_numpy(dtype=object, copy=True)
    kinds = shapely.get_type_id(shapes)
    changed = False
    makers = {
        shapely.GeometryType.LINESTRING: shapely.multilinestrings,
        shapely.GeometryType.POLYGON: shapely.multipolygons,
    }
    if (kinds == shapely.GeometryType.MULTIPOINT).any():
        makers[shapely.GeometryType.POINT] = shapely.multipoints
    for kind, make in makers.items():
        single = np.flatnonzero(kinds == kind)
        if len(single):
            shapes[single] = make(shapes[single], indices=np.arange(len(single)))
            changed = True
    if not changed:
        return frame
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _clean_column(column: pd.Series[Any]) -> pd.Series[Any]:
    present = column.notna().to_numpy()
    texts = [value if isinstance(value, str) else str(value) for value in column[present].astype(object).tolist()]
    joined = "\n".join(texts)
    clean = writable(joined) == joined
    if clean and isinstance(column.dtype, pd.StringDtype):
        return column
    out = np.full(len(column), None, dtype=object)
    out[present] = texts if clean else [writable(text) for text in texts]
    return pd.Series(out, index=column.index, dtype=object)


def _gis_layer(run: Run, name: str, specs: Sequence[MapSpec]) -> GisLayer:
    source = run.layers[name]
    data, owners = _joined(run, name)
    status = Status.weakest([source.status, *(run.analyses[a].status for a in owners.values())])
    if owners:
        data["data_status"] = status.word
    data = multipart(gpd.GeoDataFrame(clean_frame(data), geometry=data.geometry.name, crs=source.data.crs))
    columns = [str(c) for c in data.columns if c != data.geometry.name]
    headings = {c: _heading(run, name, c, owners.get(c, "")) for c in columns}
    words = {column: labels for column, labels in word_labels(run, name).items() if column in columns}
    title_zh, title_en = run.titles.get(name, (name, name))
    styles = _styles(run, _base_style(run, name, data, headings, words), name, data, owners, specs)
    shorts = {c: _short(run, name, c, owners.get(c, "")) for c in columns}
    group = SHARED if styles.keys() & {run.analyses[a].title_zh for a in owners.values()} else BASE
    return GisLayer(name, title_zh, title_en, data, headings, words, styles, status, shorts, group)


def _made_layer(run: Run, analysis: str, name: str, place: int) -> GisLayer:
    """Return a layer that an analysis made, coloured by its first column of words, else by what it amounts to."""
    made, card = run.results[analysis].made[name], run.analyses[analysis]
    frame = made.data.assign(data_status=card.status.word)
    data = multipart(gpd.GeoDataFrame(clean_frame(frame), geometry=frame.geometry.name, crs=made.data.crs))
    columns = [str(c) for c in data.columns if c != data.geometry.name]
    headings = {c: _heading(run, name, c, analysis) for c in columns}
    words = {c: {w: zh for w, (zh, _) in labels.items()} for c, labels in made.words.items() if c in columns}
    base = _look(made.title_zh, data, headings, words)
    base = replace(
        base,
        rules=(Rule(made.title_zh, CATEGORY_COLOURS[place % len(CATEGORY_COLOURS)]),),
        label=next((c for c in LABELS if c in columns and len(data) <= MAX_LABELLED), ""),
    )
    worded = next((c for c, labels in words.items() if len(labels) > 1), "")
    main = main_output(card, columns)
    style = replace(base, rules=word_rules(words[worded]), column=worded) if worded else base
    if not worded and main:
        style = _graduated(base, card, data, Coloured(main, name)) or base
    shorts = {c: _short(run, name, c, analysis) for c in columns}
    styles = {card.title_zh: style}
    return GisLayer(
        name, made.title_zh, made.title_en, data, headings, words, styles, card.status, shorts, card.title_zh
    )


def _short(run: Run, layer: str, column: str, owner: str) -> str:
    card = run.columns.get(layer, {}).get(column)
    outputs = run.analyses[owner].outputs if owner else ()
    return card.short if card else next((o.short for o in outputs if o.name == column), "")


def _joined(run: Run, name: str) -> tuple[gpd.GeoDataFrame, dict[str, str]]:
    """Return a layer with every result joined, and the analysis that each new column came from."""
    data: gpd.GeoDataFrame = run.layers[name].data.copy(deep=False)
    owners: dict[str, str] = {}
    for title in run.results:
        for values in _results_on(run, name, title):
            for column in values:
                new = f"{title}_{column}" if column in data.columns else str(column)
                data[new] = values[column].to_numpy()
                owners[new] = title
    return data, owners


def _results_on(run: Run, name: str, analysis: str) -> Iterable[pd.DataFrame]:
    data: gpd.GeoDataFrame = run.layers[name].data
    result = run.results[analysis]
    if name == TOWNS:
        table = result.by_town.drop(columns=[*LEADING, "data_status"], errors="ignore")
        missing = sorted(set(data[TOWN_KEY]) - set(table.index))
        if missing:
            raise ResultError(f"{analysis}: no results for the towns {', '.join(missing[:10])}")
        yield table.loc[list(data[TOWN_KEY])]
    if name in result.features:
        values = result.features[name]
        if not values.index.is_unique or not values.index.isin(data.index).all():
            raise ResultError(f"{analysis}: its results for {name!r} have rows that the layer does not have")
        yield values.reindex(data.index)


def _heading(run: Run, layer: str, column: str, owner: str) -> Heading:
    found = heading(run, column, analysis=owner, layer=layer)
    prefix = f"{owner}_"
    if found.zh == column and owner and column.startswith(prefix):
        inner = heading(run, column.removeprefix(prefix), analysis=owner)
        analysis = run.analyses[owner]
        title_zh, title_en = f"{inner.zh}（{analysis.title_zh}）", f"{inner.en} ({analysis.title_en})"
        return Heading(column, title_zh, title_en, inner.unit, inner.formula)
    return found


def _base_style(
    run: Run,
    name: str,
    data: gpd.GeoDataFrame,
    headings: Mapping[str, Heading],
    words: Mapping[str, Mapping[str, str]],
) -> Style:
    style = _look(run.titles.get(name, (name, name))[0], data, headings, words)
    if name != TOWNS:
        return style
    return replace(style, label=TOWN_LABEL if TOWN_LABEL in data else "", opacity=TOWN_OPACITY)


def _look(
    title: str, data: gpd.GeoDataFrame, headings: Mapping[str, Heading], words: Mapping[str, Mapping[str, str]]
) -> Style:
    kinds = [_KINDS[kind] for kind in data.geometry.geom_type.dropna().unique() if kind in _KINDS]
    geometry = kinds[0] if kinds else "polygon"
    return Style(
        geometry=geometry,
        rules=(Rule(title, PLAIN_COLOURS[geometry]),),
        aliases={column: heading.label_zh for column, heading in headings.items()},
        words=words,
        outline_mm=0.2 if len(data) <= MANY_ROWS else 0.06,
        min_scale=MANY_ROWS_SCALE if len(data) > MANY_ROWS else 0,
    )


def _styles(
    run: Run,
    base: Style,
    name: str,
    data: gpd.GeoDataFrame,
    owners: Mapping[str, str],
    specs: Sequence[MapSpec],
) -> dict[str, Style]:
    styles: dict[str, Style] = {}
    for title in dict.fromkeys(owners.values()):
        analysis = run.analyses[title]
        columns = [column for column, owner in owners.items() if owner == title]
        coloured = _coloured(analysis, name, columns, specs)
        graduated = _graduated(base, analysis, data, coloured) if coloured else None
        if graduated:
            styles[analysis.title_zh] = graduated
    if not styles:
        column = next((c for c, labels in base.words.items() if len(labels) > 1), "")
        rules = word_rules(base.words[column]) if column else base.rules
        styles[base.rules[0].label] = replace(base, rules=rules, column=column)
    return styles


def _coloured(analysis: Analysis, layer: str, columns: Sequence[str], specs: Sequence[MapSpec]) -> Coloured | None:
    for spec in specs:
        shown = shown_column(spec, layer)
        if spec.analysis == analysis.name and shown and shown.column in columns:
            return shown
    column = main_output(analysis, columns)
    return Coloured(column, layer) if column else None


def _graduated(base: Style, analysis: Analysis, data: gpd.GeoDataFrame, coloured: Coloured) -> Style | None:
    unit = next((o.unit for o in analysis.outputs if o.name == coloured.column), "")
    values = np.asarray(data[coloured.column], dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    word, factor = readable(unit, float(np.median(np.abs(values))))
    classes = classify(values, coloured.classes, coloured.kind, palette=coloured.palette, scale_zh=factor)
    ends = (float(values.min()), float(values.max()))
    return replace(base, rules=class_rules(classes, word), column=coloured.column, ends=ends)
