"""Two scenarios side by side: linked maps on the same classes, their difference, and the differences as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from changping_geo.compare import COLUMNS, changed_outputs
from changping_geo.model import SpecError, Status
from changping_geo.present.comparetables import write_differences
from changping_geo.present.diverging import diverging
from changping_geo.present.headings import Heading
from changping_geo.present.map_layers import legend_of
from changping_geo.present.map_rows import town_names
from changping_geo.present.mapdata import shapes_of
from changping_geo.present.mapspec import Coloured
from changping_geo.present.offline import asset, script, script_element, security_policy, style, style_element
from changping_geo.present.text import embed_json, plain, title_text
from changping_geo.present.units import shown
from changping_geo.present.webmap import both, language_button

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from changping_geo.compare import Comparison

Pair = tuple[str, str]

_LAST: tuple[Pair, ...] = (("区外", "Outside"), ("全区", "District"))
_CLASSES = 6
_HEADS: tuple[Pair, ...] = (
    ("镇街", "Town"),
    ("方案甲", "Scenario A"),
    ("方案乙", "Scenario B"),
    ("差值（乙−甲）", "Difference (B − A)"),
    ("变化率", "Change"),
)


def write_compare(comparison: Comparison, folder: Path) -> None:
    """Write what a comparison hands over.

    Parameters
    ----------
    comparison : Comparison
        Two runs and their differences.
    folder : Path
        An empty folder; gets ``compare.html`` (one file, no network), ``differences.csv``, ``differences.xlsx`` and
        ``chosen.csv``.

    Raises
    ------
    SpecError
        If the two scenarios give the same numbers everywhere.
    """
    changed = changed_outputs(comparison.table)
    if not changed:
        raise SpecError(
            f"{comparison.a.name} and {comparison.b.name} give the same numbers everywhere; there is nothing to show"
        )
    data = compare_data(comparison, changed)
    (folder / "compare.html").write_text(_page(comparison, data), encoding="utf-8", newline="\n")
    write_differences(comparison, changed, folder)


def compare_data(comparison: Comparison, changed: list[tuple[str, str]]) -> dict[str, Any]:
    """Return what the page carries.

    Parameters
    ----------
    comparison : Comparison
        Two runs.
    changed : list of (str, str)
        Analysis and output of what is offered.
    """
    run = comparison.run_a
    towns = shapes_of(run, "towns").reset_index(drop=True)
    names = town_names(towns)
    lonlat = towns.to_crs("EPSG:4326").geometry
    west, south, east, north = (float(x) for x in lonlat.total_bounds)
    whole = gpd.GeoSeries([towns.geometry.union_all()], crs=towns.crs).to_crs("EPSG:4326")
    middle = gpd.GeoSeries(
        shapely.get_point(shapely.maximum_inscribed_circle(towns.geometry.to_numpy()), 0), crs=towns.crs
    ).to_crs("EPSG:4326")
    features = [
        {
            "type": "Feature",
            "id": number,
            "properties": {"name": name, "at": [round(point.y, 5), round(point.x, 5)]},
            "geometry": shape,
        }
        for number, (name, point, shape) in enumerate(zip(names, middle, _geojson(lonlat), strict=True))
    ]
    rows = comparison.table.set_index(["analysis", "output"], drop=False).sort_index()
    codes = [*towns["town_code"].astype(str), "outside", "district"]
    return {
        "title": _title(comparison),
        "names": [(f"方案甲 {comparison.a.title_zh}", f"Scenario A {comparison.a.title_en}"),
                  (f"方案乙 {comparison.b.title_zh}", f"Scenario B {comparison.b.title_en}"), _HEADS[3]],
        "bounds": [[south, west], [north, east]],
        "outline": _geojson(whole)[0],
        "towns": {"type": "FeatureCollection", "features": features},
        "last": _LAST,
        "outputs": [_output(comparison, rows.loc[[key]], key[0], codes) for key in changed],
    }  # fmt: skip


def _geojson(shapes: gpd.GeoSeries) -> list[dict[str, Any]]:
    kept = shapely.transform(shapes.to_numpy(), lambda coords: np.round(coords, 5))
    return [dict(shapely.geometry.mapping(shape)) for shape in kept]


def _title(comparison: Comparison) -> Pair:
    frame, a, b = comparison.run_a.frame, comparison.a, comparison.b
    return f"{frame.title_zh}：{a.title_zh} 与 {b.title_zh}", f"{a.title_en} and {b.title_en} – {frame.title_en}"


def _output(comparison: Comparison, rows: pd.DataFrame, analysis: str, codes: list[str]) -> dict[str, Any]:
    """Return one output of all towns: written values, classes of both runs together, classes of the difference."""
    first = rows.iloc[0]
    by_code = rows.assign(town_code=rows["town_code"].astype(str)).set_index("town_code").reindex(codes)
    columns = dict(zip(("a", "b", "difference", "percent"), COLUMNS[-4:], strict=True))
    values: dict[str, NDArray[np.float64]] = {k: by_code[c].to_numpy(dtype=np.float64) for k, c in columns.items()}
    towns = len(codes) - len(_LAST)
    unit = str(first["unit"])
    card = Heading(str(first["output"]), str(first["label_zh"]), str(first["label_en"]), unit)
    same = np.concatenate([values["a"][:towns], values["b"][:towns]])
    classes, legend = legend_of(card, Coloured(card.name, classes=_CLASSES), same)
    change, kinds = diverging(values["difference"][:towns], unit)
    title = comparison.run_a.analyses[analysis]
    return {
        "analysis": (title.title_zh, title.title_en),
        "label": (card.zh, card.en),
        "legend": legend,
        "change": change,
        "classes": {
            "a": classes.index(values["a"][:towns]).tolist(),
            "b": classes.index(values["b"][:towns]).tolist(),
            "difference": kinds.tolist(),
        },
        "values": {name: list(map(float, column)) for name, column in values.items()},
        "rows": [
            {
                "a": shown(float(a), unit),
                "b": shown(float(b), unit),
                "difference": _signed(float(d), unit),
                "percent": "–" if np.isnan(p) else f"{p:+.1f}%".replace("-", "−"),
            }
            for a, b, d, p in zip(*(values[name] for name in columns), strict=True)
        ],
    }


def _signed(value: float, unit: str) -> Pair:
    zh, en = shown(value, unit)
    sign = "+" if value > 0 else ""
    return sign + zh.replace("-", "−"), sign + en.replace("-", "−")


def _status(comparison: Comparison) -> tuple[str, Pair]:
    status = Status.weakest([comparison.run_a.status, comparison.run_b.status])
    zh, en = f"数据状态：{status.label_zh}", f"Data status: {status.label_en}"
    if status is Status.SYNTHETIC:
        zh, en = f"演示用图，不可用于决策。{zh}", f"For demonstration only, not for decisions. {en}"
    return status.word, (zh, en)


def _page(comparison: Comparison, data: dict[str, Any]) -> str:
    """Return the page; every text of it is made plain, or set as text by the page's script."""
    word, note = _status(comparison)
    styles = style("leaflet_css") + style_element(asset("common.css")) + style_element(asset("compare.css"))
    panes = "".join(
        f'<figure class="pane"><figcaption><b>{both(*name)}</b>'
        f'<span class="total" id="total-{side}"></span></figcaption>'
        f'<div class="map" id="map-{side}"></div><ul class="legend" id="legend-{side}"></ul></figure>'
        for side, name in zip(("a", "b", "difference"), data["names"], strict=True)
    )
    heads = "".join(f"<th><button type='button'>{both(*head)}</button></th>" for head in _HEADS)
    chosen = "".join(
        f"<tr><td>{plain(name)}</td><td>{_value(a)}</td><td>{_value(b)}</td></tr>"
        for name, a, b in comparison.chosen.itertuples(index=False)
    )
    choices = (("参数或来源", "Parameter or source"), *_HEADS[1:3])
    chosen_heads = "".join(f"<th>{both(*head)}</th>" for head in choices)
    links = " · ".join(f'<a href="{name}">{name}</a>' for name in ("differences.xlsx", "differences.csv", "chosen.csv"))
    return (
        '<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8">'
        f'{security_policy()}<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title_text(data['title'][0])}</title>{styles}{script('leaflet')}</head><body><main>"
        f'<header class="top"><h1>{both(*data["title"])}</h1>{language_button()}</header>'
        f'<div class="banner {word}" role="note">{both(*note)}</div>'
        f'<div class="choose"><label for="output">{both("指标", "Output")}</label><select id="output"></select>'
        f'<span class="about">{both("两图采用同一分级", "Both maps have the same classes")}</span></div>'
        f'<div class="panes">{panes}</div>'
        f"<h2>{both('各镇街差异（点击表头排序）', 'Differences by town (click a heading to sort)')}</h2>"
        f'<div class="sheet" tabindex="0"><table id="differences"><thead><tr>{heads}</tr></thead>'
        '<tbody id="rows"></tbody></table></div>'
        f'<h2>{both("两方案的取值", "What the scenarios choose")}</h2><div class="sheet"><table class="words">'
        f"<thead><tr>{chosen_heads}</tr></thead><tbody>{chosen}</tbody></table></div>"
        f'<p class="about">{both("文件", "Files")}: {links}</p></main>'
        f'<script type="application/json" id="compare-data">{embed_json(data)}</script>'
        f"{script_element(asset('words.js'))}{script_element(asset('compare.js'))}</body></html>\n"
    )


def _value(value: object) -> str:
    return both("默认", "default") if value == "default" else plain(value)
