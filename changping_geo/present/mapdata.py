"""What a map page carries: base map, towns with classes and pop-up rows, data layers, legends, sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from changping_geo.model import SpecError
from changping_geo.present.basemaps import bases
from changping_geo.present.headings import heading
from changping_geo.present.map_check import check
from changping_geo.present.map_ground import ground
from changping_geo.present.map_layers import layer_card, legend_of
from changping_geo.present.map_raster import raster_card
from changping_geo.present.map_rows import layer_of, raster_of, town_names
from changping_geo.present.map_sources import credit, short_note, sources
from changping_geo.present.mapspec import shown_column
from changping_geo.present.page_time import town_series
from changping_geo.present.units import shown

if TYPE_CHECKING:
    from changping_geo.model import Run
    from changping_geo.present.map_rows import Pair
    from changping_geo.present.mapspec import MapSpec

_NAMES: dict[str, Pair] = {
    "outline": ("区界", "District outline"),
    "towns": ("镇街分级", "Towns by class"),
    "labels": ("镇街名称", "Town names"),
}
_WORDS: dict[str, Any] = {
    "layers": {"text": ("图层", "Layers"), "open": True},
    "bases": {"text": ("底图", "Base map"), "open": False},
    "sources": {"text": ("数据来源", "Data sources"), "open": False},
    "frame": ("底图与界线", "Boundaries and names"),
    "filter": ("筛选", "Filter"),
    "count": ("符合条件", "match"),
    "opacity": ("不透明度", "Opacity"),
    "near": ("放大地图可见", "zoom in to see"),
    "far": ("缩小地图可见", "zoom out to see"),
}


@dataclass(slots=True)
class Page:
    """A page's data.

    Attributes
    ----------
    data : dict
        Everything but shapes, for `changping_geo.present.text.embed_json`.
    blobs : dict of str to dict
        Packed shapes by the name under which the page asks for them.
    """

    data: dict[str, Any]
    blobs: dict[str, dict[str, Any]] = field(default_factory=dict)


def page_data(run: Run, spec: MapSpec) -> Page:
    """Gather what the page of a map carries.

    Parameters
    ----------
    run : Run
        A finished run.
    spec : MapSpec
        The page.

    Raises
    ------
    SpecError
        If the map names what the run does not have, or lacks what a public page must carry; all faults at once.
    """
    check(run, spec)
    towns = shapes_of(run, "towns").reset_index(drop=True)
    outline = _outline(run, towns)
    card, sets = ground(run, spec, outline)
    page = Page(
        {
            "language": spec.language,
            "use": spec.use,
            "title": [f"{run.frame.title_zh}{spec.title_zh}", f"{spec.title_en} – {run.frame.title_en}"],
            "names": {**_NAMES, "towns": run.titles.get("towns", _NAMES["towns"])},
            "groups": [{"name": name, "title": pair} for name, pair in spec.groups.items()],
            "bounds": _bounds(towns),
            "outline": _geojson(gpd.GeoSeries([outline], crs=run.frame.crs))[0],
            "ground": card,
            "towns": _towns(run, spec, towns),
            "layers": [],
            "series": town_series(run, spec),
            "bases": bases(spec.base_maps, spec.use),
            "sources": sources(run, spec),
            "credit": credit(run, spec),
            "status": {"note": short_note(run, spec)},
            "words": _WORDS,
        },
        {f"ground-{n}": packed for n, packed in enumerate(sets)},
    )
    for number, drawn in enumerate(spec.layers):
        if drawn.draw == "raster":
            grid = raster_of(run, spec, drawn.layer)
            if grid is not None:
                page.data["layers"].append(raster_card(run, spec, drawn, grid))
            continue
        about, rows, cells = layer_card(run, spec, drawn)
        if rows is not None:
            about["blob"] = f"layer-{number}"
            page.blobs[about["blob"]] = rows
        if cells is not None:
            about["squares"]["blob"] = f"squares-{number}"
            page.blobs[about["squares"]["blob"]] = cells
        if rows is not None or cells is not None:
            page.data["layers"].append(about)
    return page


def shapes_of(run: Run, layer: str) -> gpd.GeoDataFrame:
    """Return a layer's shapes and columns.

    Raises
    ------
    SpecError
        If the run does not have it, or it has no shapes.
    """
    found = layer_of(run, layer)
    if found is None or not isinstance(found.data, gpd.GeoDataFrame):
        raise SpecError(f"layer {layer!r} with shapes is not in the run; it has: {', '.join(run.layers)}")
    return found.data


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


def _outline(run: Run, towns: gpd.GeoDataFrame) -> shapely.Geometry:
    shapes = shapes_of(run, "district") if "district" in run.layers else towns
    return shapes.to_crs(run.frame.crs).geometry.union_all()


def _geojson(shapes: gpd.GeoSeries) -> list[dict[str, Any]]:
    """Keep a hundred-thousandth of a degree (1 m), point by point, so that shared edges stay shared."""
    kept = shapely.transform(shapes.to_crs("EPSG:4326").to_numpy(), lambda coords: np.round(coords, 5))
    return [dict(shapely.geometry.mapping(shape)) for shape in kept]


def _towns(run: Run, spec: MapSpec, towns: gpd.GeoDataFrame) -> dict[str, Any]:
    codes = towns["town_code"].astype(str)
    table = run.results[spec.analysis].by_town
    table = table.set_axis(table.index.astype(str))
    card, coloured = spec.towns, shown_column(spec, "towns") if spec.towns is not None else None
    titles: list[dict[str, Any]] = [{"name": name} for name in town_names(towns)]
    page: dict[str, Any] = {"legend": None, "labels": [], "opacity": 0.0, "column": ""}
    page["kicker"] = run.titles.get("towns", _NAMES["towns"])
    if card is not None and coloured is not None:
        main = heading(run, card.column, analysis=spec.analysis)
        values = table[card.column].reindex(codes).to_numpy(dtype=float)
        classes, legend = legend_of(main, coloured, values)
        popup = card.popup or (card.column,)
        cards = [heading(run, name, analysis=spec.analysis) for name in popup]
        page |= {
            "legend": legend,
            "labels": [(one.zh, one.en) for one in cards],
            "opacity": card.opacity,
            "column": card.column,
            "ranking": {"text": (f"排名：{main.zh}", f"Ranking: {main.en}"), "open": False},
        }
        for title, code, value, found in zip(titles, codes, values, classes.index(values), strict=True):
            rows = [_cell(table[one.name].get(code), one.unit) for one in cards]
            title |= {"class": int(found), "value": float(value), "shown": shown(float(value), main.unit), "rows": rows}
    shapes = _geojson(towns.geometry)
    centres = shapely.get_point(shapely.maximum_inscribed_circle(towns.geometry.to_numpy()), 0)
    middle = gpd.GeoSeries(centres, crs=towns.crs).to_crs("EPSG:4326")
    features = []
    for title, shape, point in zip(titles, shapes, middle, strict=True):
        at = {"at": [round(point.y, 5), round(point.x, 5)]}
        features.append({"type": "Feature", "properties": {**title, **at}, "geometry": shape})
    return {**page, "features": {"type": "FeatureCollection", "features": features}}


def _cell(value: Any, unit: str) -> Pair:
    if isinstance(value, str):
        return value, value
    return shown(float("nan") if value is None else float(value), unit)
