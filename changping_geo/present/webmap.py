"""An interactive map in one file that needs no network: built by Folium, its scripts and styles inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import folium

from changping_geo.present.mapdata import headline, map_status, page_data, status_note
from changping_geo.present.offline import (
    Verbatim,
    asset,
    marker_icons,
    page_html,
    script_element,
    security_policy,
    style_element,
    take_offline,
)
from changping_geo.present.text import embed_json, plain, title_text

if TYPE_CHECKING:
    from pathlib import Path

    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec


def write_map(run: Run, spec: MapSpec, path: Path) -> None:
    """Write a map page.

    Nothing in the page asks for anything outside, except tiles of a base map that a reader chooses. Every text of the
    page is either made plain or set as text by the page's own script; no text passes through a template.

    Parameters
    ----------
    run : Run
        A finished run.
    spec : MapSpec
        What the page shows.
    path : Path
        The file to write.

    Raises
    ------
    SpecError
        If the map names what the run does not have.
    """
    page, packed = page_data(run, spec)
    south_west, north_east = page["bounds"]
    centre = [(a + b) / 2 for a, b in zip(south_west, north_east, strict=True)]
    page_map = folium.Map(centre, tiles=None, zoom_start=10, zoom_control=False, font_size="13px")
    figure = take_offline(page_map)
    index = 0 if spec.language == "zh" else 1
    figure.title = title_text(page["title"][index])
    hosts = tuple(host for base in page["bases"] for host in base["hosts"])
    figure.header.add_child(Verbatim(security_policy(hosts)), name="policy", index=1)
    for name in ("common.css", "map.css"):
        figure.header.add_child(Verbatim(style_element(asset(name))), name=name)
    for name in ("roofs.js", "gcj.js", "words.js", "filter.js", "map.js"):
        figure.header.add_child(Verbatim(script_element(asset(name))), name=name)
    figure.header.add_child(Verbatim(marker_icons()), name="icons")
    figure.html.add_child(Verbatim(_head(run, spec)), name="head")
    figure.html.add_child(Verbatim(_data("page-data", embed_json(page))), name="page-data")
    if packed is not None:
        figure.html.add_child(Verbatim(_data("roof-data", embed_json(packed))), name="roof-data")
    figure.script.add_child(Verbatim(f"PlanMap.start({page_map.get_name()});"), name="start")
    path.write_text(page_html(figure), encoding="utf-8", newline="\n")


def both(zh: object, en: object) -> str:
    """Return a text in both languages; the page's style shows one of them."""
    if str(zh) == str(en):
        return plain(zh)
    return f'<span class="zh" lang="zh">{plain(zh)}</span><span class="en" lang="en">{plain(en)}</span>'


def language_button() -> str:
    """Return the button that changes the page's language."""
    return (
        '<button type="button" class="language" id="language" aria-label="切换语言 Switch language">'
        '<span class="zh">English</span><span class="en">中文</span></button>'
    )


def _data(name: str, json: str) -> str:
    return f'<script type="application/json" id="{name}">{json}</script>'


def _head(run: Run, spec: MapSpec) -> str:
    status = map_status(run, spec)
    figures = "".join(
        f"<div><dt>{both(*label)}</dt><dd>{both(*value)}"
        + (f'<small class="zh">{plain(value[1])}</small>' if value[0] != value[1] else "")
        + "</dd></div>"
        for label, value in headline(run, spec)
    )
    return (
        '<header id="head"><div class="top"><div>'
        f'<p class="kicker">{both(run.frame.title_zh, run.frame.title_en)}</p>'
        f"<h1>{both(spec.title_zh, spec.title_en)}</h1></div>{language_button()}</div>"
        f'<p class="about">{both(spec.about_zh, spec.about_en)}</p>'
        f'<div class="banner {status.word}" role="note">{both(*status_note(run, spec))}</div>'
        f"<dl>{figures}</dl></header>"
        '<aside id="panel" aria-label="图例与图层 Legend and layers"></aside>'
        '<button type="button" id="panel-toggle" aria-expanded="false" aria-controls="panel">'
        f"{both('图例与图层', 'Legend and layers')}</button>"
        f"<noscript><p>{both('此地图需要启用 JavaScript。', 'This map needs JavaScript.')}</p></noscript>"
    )
