"""What a map page carries: towns with classes and pop-up rows, packed buildings, legends, base maps, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.model import SpecError, Status
from changping_geo.present.basemaps import bases
from changping_geo.present.classes import Classes, classify
from changping_geo.present.headings import heading
from changping_geo.present.roofs import Shown, pack
from changping_geo.present.units import ladder, shown, step_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from changping_geo.model import Layer, Run
    from changping_geo.present.mapspec import Coloured, MapSpec

Pair = tuple[str, str]

ROOF_KEY = "roof_id"
_NAMES: dict[str, Pair] = {
    "outline": ("区界", "District outline"),
    "towns": ("镇街分级", "Towns by class"),
    "labels": ("镇街名称", "Town names"),
    "roofs": ("单栋建筑", "Single buildings"),
}
# Decimals that a packed number keeps, by unit; one where nothing is said. [digits]
_DIGITS = {"": 0, "m2": 0, "count": 0, "persons": 0, "1": 3}


def page_data(run: Run, spec: MapSpec) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Gather what the page of a map carries.

    Returns
    -------
    tuple of dict
        The page, and the packed buildings; both for `changping_geo.present.text.embed_json`.

    Raises
    ------
    SpecError
        If the map names an analysis, a layer or columns that the run does not have; all faults at once.
    """
    check(run, spec)
    towns = shapes_of(run, "towns").reset_index(drop=True)
    roofs = spec.roofs if spec.roofs is not None and "roofs" in spec.order else None
    page = {
        "language": spec.language,
        "title": [f"{run.frame.title_zh}{spec.title_zh}", f"{spec.title_en} – {run.frame.title_en}"],
        "order": list(spec.order),
        "names": {**_NAMES, "towns": run.titles.get("towns", _NAMES["towns"])},
        "bounds": _bounds(towns),
        "outline": _outline(run, towns),
        "towns": _towns(run, spec, towns),
        "bases": bases(spec.base_maps),
        "sources": sources(run, spec),
        "status": {"note": short_note(run, spec)},
        "words": {
            "layers": {"text": ("图层", "Layers"), "open": True},
            "bases": {"text": ("底图", "Base map"), "open": False},
            "sources": {"text": ("数据来源", "Data sources"), "open": False},
        },
    }
    if roofs is None:
        return page, None
    card, packed = _roofs(run, spec, roofs, towns)
    return {**page, "roofs": card}, packed


def check(run: Run, spec: MapSpec) -> None:
    """Hold a map to the run that it shows.

    Raises
    ------
    SpecError
        If it names an analysis, a layer or columns that are not there; all faults at once.
    """
    if spec.analysis not in run.results:
        raise SpecError(f"{spec.file}: analysis {spec.analysis!r} is not in the run; it has: {', '.join(run.results)}")
    result = run.results[spec.analysis]
    faults = _unknown(spec.headline, result.by_town.columns, "headline")
    wanted = [("towns", spec.towns), *([("roofs", spec.roofs)] if spec.roofs else [])]
    for table, coloured in wanted:
        if coloured.layer not in run.layers or not isinstance(run.layers[coloured.layer].data, gpd.GeoDataFrame):
            faults.append(f"[{table}]: layer {coloured.layer!r} is not in the run; it has: {', '.join(run.layers)}")
            continue
        if table == "towns":
            columns = list(result.by_town.columns)
        else:
            own = shapes_of(run, coloured.layer).columns.drop("geometry", errors="ignore")
            columns = [*own, *result.features.get(coloured.layer, pd.DataFrame()).columns]
        faults += _unknown((coloured.column, *coloured.popup, *coloured.filters), columns, f"[{table}]")
        if coloured.only and ROOF_KEY not in result.tables.get(coloured.only, ()):
            faults.append(
                f"[{table}]: only = {coloured.only!r} is no table with {ROOF_KEY}; tables: {', '.join(result.tables)}"
            )
    if faults:
        raise SpecError(f"{spec.file or spec.name}:\n" + "\n".join(f"  - {fault}" for fault in faults))


def shapes_of(run: Run, layer: str) -> gpd.GeoDataFrame:
    """Return a layer's shapes and columns.

    Raises
    ------
    SpecError
        If it has no shapes.
    """
    data = run.layers[layer].data
    if not isinstance(data, gpd.GeoDataFrame):
        raise SpecError(f"layer {layer!r} has no shapes and cannot be drawn")
    return data


def _unknown(names: tuple[str, ...], known: Any, where: str) -> list[str]:
    listed = ", ".join(map(str, known))
    return [f"{where}: unknown column {name!r}; known are: {listed}" for name in names if name not in known]


def shown_layers(run: Run, spec: MapSpec) -> list[str]:
    """Return the layers that a map rests on: those of its analysis, its own, and the towns."""
    names = [spec.towns.layer, *([spec.roofs.layer] if spec.roofs else []), *run.analyses[spec.analysis].layers]
    return [name for name in dict.fromkeys(names) if name in run.layers]


def map_status(run: Run, spec: MapSpec) -> Status:
    """Return the weakest status of what a map shows."""
    layers = (run.layers[name].status for name in shown_layers(run, spec))
    return Status.weakest([run.analyses[spec.analysis].status, *layers])


def status_note(run: Run, spec: MapSpec) -> Pair:
    """Return the banner: what the map rests on, layer by layer, when it is not all official or open."""
    status = map_status(run, spec)
    by_status: dict[Status, list[str]] = {}
    for name in shown_layers(run, spec):
        by_status.setdefault(run.layers[name].status, []).append(name)
    zh, en = [], []
    for kind in (Status.SYNTHETIC, Status.RECONSTRUCTED):
        titles = [run.titles.get(name, (name, name)) for name in by_status.get(kind, [])]
        if titles:
            zh.append(f"{kind.label_zh}：{'、'.join(t[0] for t in titles)}")
            en.append(f"{kind.label_en}: {', '.join(t[1] for t in titles)}")
    if status <= Status.OPEN:
        return f"数据状态：{status.label_zh}", f"Data status: {status.label_en}"
    detail_zh, detail_en = "；".join(zh) or status.label_zh, "; ".join(en) or status.label_en
    detail_en = detail_en[:1].upper() + detail_en[1:]
    if status is Status.SYNTHETIC:
        return f"演示用图，不可用于决策。{detail_zh}。", f"For demonstration only, not for decisions. {detail_en}."
    return f"请谨慎使用。{detail_zh}。", f"Use with care. {detail_en}."


def short_note(run: Run, spec: MapSpec) -> Pair | None:
    """Return the line that a pop-up ends with when its numbers rest on made-up or rebuilt data."""
    status = map_status(run, spec)
    return None if status <= Status.OPEN else (f"依据：{status.label_zh}", f"Based on {status.label_en}")


def sources(run: Run, spec: MapSpec) -> list[Pair]:
    """Return one line per layer: title, status, maker and terms."""
    lines = []
    for name in shown_layers(run, spec):
        layer: Layer = run.layers[name]
        zh, en = run.titles.get(name, (name, name))
        made = ", ".join(layer.source[key] for key in ("origin", "licence") if layer.source.get(key))
        tail = f": {made}" if made else ""
        lines.append((f"{zh}（{layer.status.label_zh}）{tail}", f"{en} ({layer.status.label_en}){tail}"))
    return lines


def headline(run: Run, spec: MapSpec) -> list[tuple[Pair, Pair]]:
    """Return label and written value of each figure under the title, for the whole district."""
    table = run.results[spec.analysis].by_town
    rows = []
    for column in spec.headline:
        card = heading(run, column, analysis=spec.analysis)
        rows.append(((card.zh, card.en), shown(float(table[column].loc["district"]), card.unit)))
    return rows


def _bounds(towns: gpd.GeoDataFrame) -> list[list[float]]:
    west, south, east, north = (float(x) for x in towns.to_crs("EPSG:4326").total_bounds)
    return [[south, west], [north, east]]


def _outline(run: Run, towns: gpd.GeoDataFrame) -> dict[str, Any]:
    if "district" in run.layers:
        shape = shapes_of(run, "district").to_crs("EPSG:4326").geometry.union_all()
    else:
        shape = towns.to_crs("EPSG:4326").geometry.union_all()
    return dict(shapely.geometry.mapping(_rounded(shape)))


def _rounded(shape: shapely.Geometry) -> shapely.Geometry:
    """Keep a millionth of a degree, point by point, so that shared edges stay shared."""
    return shapely.transform(shape, lambda coords: np.round(coords, 6))


def _towns(run: Run, spec: MapSpec, towns: gpd.GeoDataFrame) -> dict[str, Any]:
    table, coloured = run.results[spec.analysis].by_town, spec.towns
    codes = towns["town_code"].astype(str)
    column = table[coloured.column].astype(float).set_axis(table.index.astype(str)).reindex(codes)
    classes, legend = _legend(run, spec, coloured, column.to_numpy())
    cards = {name: heading(run, name, analysis=spec.analysis) for name in (*coloured.popup, coloured.column)}
    values = table.set_axis(table.index.astype(str)).reindex(codes)
    centres = shapely.get_point(shapely.maximum_inscribed_circle(towns.geometry.to_numpy()), 0)
    points = gpd.GeoSeries(centres, crs=towns.crs).to_crs("EPSG:4326")
    shapes = [_rounded(shape) for shape in towns.to_crs("EPSG:4326").geometry]
    features, index = [], classes.index(column.to_numpy())
    for i, names in enumerate(town_names(towns)):
        row = values.iloc[i]
        value = float(column.iloc[i])
        properties = {
            "name": names,
            "class": int(index[i]),
            "value": value,
            "shown": shown(value, cards[coloured.column].unit),
            "at": [round(points.iloc[i].y, 6), round(points.iloc[i].x, 6)],
            "rows": [_cell(row[name], cards[name].unit) for name in coloured.popup],
        }
        features.append({"type": "Feature", "geometry": shapely.geometry.mapping(shapes[i]), "properties": properties})
    card = cards[coloured.column]
    return {
        "kicker": run.titles.get("towns", _NAMES["towns"]),
        "labels": [(cards[name].zh, cards[name].en) for name in coloured.popup],
        "legend": legend,
        "features": {"type": "FeatureCollection", "features": features},
        "ranking": {"text": (f"排名：{card.zh}", f"Ranking: {card.en}"), "open": False},
    }


def town_names(towns: gpd.GeoDataFrame) -> list[Pair]:
    """Return the Chinese and English name of each town; the Chinese one where there is no other."""
    zh = towns["name_zh"].astype(str)
    en = towns["name_en"] if "name_en" in towns else pd.Series(index=towns.index, dtype=object)
    return [(a, b if isinstance(b, str) and b else a) for a, b in zip(zh, en, strict=True)]


def _cell(value: Any, unit: str) -> Pair:
    if isinstance(value, str):
        return value, value
    return shown(float(value), unit)


def _legend(run: Run, spec: MapSpec, coloured: Coloured, values: Any) -> tuple[Classes, dict[str, Any]]:
    """Return classes with round edges in the column's unit, and the legend in the unit of each language."""
    card = heading(run, coloured.column, analysis=spec.analysis, layer=coloured.layer)
    known = np.asarray(values, dtype=float)
    typical = float(np.nanmedian(np.abs(known))) if np.isfinite(known).any() else 0.0
    (size_zh, word_zh), (size_en, word_en) = (step_for(typical, steps) for steps in ladder(card.unit))
    classes = classify(
        known,
        coloured.classes,
        coloured.kind,
        palette=coloured.palette,
        scale_zh=1 / size_zh,
        scale_en=1 / size_en,
    )
    return classes, {
        "title": (card.zh, card.en),
        "unit": (f"单位：{word_zh}" if word_zh else "", f"Unit: {word_en}" if word_en else ""),
        "edges": classes.edges,
        "colours": classes.colours,
        "labels": (classes.labels_zh, classes.labels_en),
    }


def filter_choices(values: pd.Series, words: Mapping[str, Pair] | None) -> dict[str, Any]:
    """Return what a column can be narrowed by: rising round least values, or its words with both labels."""
    if words or not pd.api.types.is_numeric_dtype(values):
        known = [str(word) for word in sorted(values.dropna().astype(str).unique())]
        return {"words": [(words or {}).get(word, (word, word)) for word in known]}
    return {"steps": list(classify(values.to_numpy(dtype=float), 9, "geometric").edges[1:-1])}


def _roofs(
    run: Run, spec: MapSpec, coloured: Coloured, towns: gpd.GeoDataFrame
) -> tuple[dict[str, Any], dict[str, Any]]:
    data = shapes_of(run, coloured.layer)
    results = run.results[spec.analysis].features.get(coloured.layer, pd.DataFrame(index=data.index))
    if coloured.only:
        data = data[data[ROOF_KEY].isin(run.results[spec.analysis].tables[coloured.only][ROOF_KEY])]
        results = results.loc[data.index]
    words = {name: card.values for name, card in run.columns.get(coloured.layer, {}).items()}  # noqa: PD011 - a card, no frame
    words |= results.attrs.get("words", {})
    words["town_code"] = dict(zip(towns["town_code"].astype(str), town_names(towns), strict=True))
    titles = [name for name in ("name", "roof_id", "town_code") if name in data or name in results]
    columns: dict[str, Shown] = {}
    rows: list[dict[str, Any]] = []
    filters: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys((*titles, *coloured.popup, *coloured.filters, coloured.column)):
        values = results[name] if name in results else data[name]
        card = heading(run, name, analysis=spec.analysis, layer=coloured.layer)
        whole = pd.api.types.is_integer_dtype(values)
        columns[name] = Shown(values, 0 if whole else _DIGITS.get(card.unit, 1), words.get(name))
        row = {"column": name, "label": (card.zh, card.en), "ladder": ladder(card.unit), "whole": not card.unit}
        row["digits"] = columns[name].digits
        if name in coloured.popup:
            rows.append(row)
        if name in coloured.filters:
            filters[name] = {**row, **filter_choices(values, words.get(name))}
    values = results[coloured.column] if coloured.column in results else data[coloured.column]
    _, legend = _legend(run, spec, coloured, values.to_numpy(dtype=float))
    title_zh, title_en = run.titles.get(coloured.layer, _NAMES["roofs"])
    about = {
        "column": coloured.column,
        "min_zoom": coloured.min_zoom,
        "title": (title_zh, title_en),
        "key": ROOF_KEY,
        "least_px": 7.0 if coloured.only else 1.5,
        "filters": {
            "title": {"text": ("筛选", "Filter"), "open": bool(coloured.only)},
            "count": ("符合条件的建筑", "buildings that match"),
            "columns": [filters[name] for name in coloured.filters],
        },
        "rows": rows,
        "legend": legend,
        "status": {"note": short_note(run, spec)},
        "hint": (f"放大地图可查看单栋{title_zh}。", f"Zoom in to see single {title_en.lower()}."),
    }
    return about, pack(data.geometry, columns)
