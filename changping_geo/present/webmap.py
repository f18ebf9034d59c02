"""An interactive map in one file that needs no network: built by Folium, its scripts and styles inside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import folium

from changping_geo.model import SpecError
from changping_geo.present.map_parts import delivered, of_run
from changping_geo.present.map_sources import credit, map_status, status_note
from changping_geo.present.map_words import USES, one_of
from changping_geo.present.mapdata import headline, page_data
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


# Styles and scripts of a page, in the order in which they stand in it; what comes after map.js are further controls.
STYLES = ("common.css", "map.css", "controls.css")
SCRIPTS = (
    "words.js",
    "packed.js",
    "tiles.js",
    "gcj.js",
    "ground.js",
    "raster.js",
    "layers.js",
    "towns.js",
    "filter.js",
    "panel.js",
    "map.js",
)
CONTROLS: tuple[str, ...] = ("tools.js", "search.js", "measure.js", "scale.js", "print.js", "time.js")


def write_map(run: Run, spec: MapSpec, path: Path, use: str | None = None) -> None:
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
    use : str, optional
        ``internal`` or ``public``, in place of what the spec says. A page for the public shows aggregates only: towns,
        and squares of 500 m at the finest.

    Raises
    ------
    SpecError
        If the map names what the run does not have, or lacks what a page for the public must carry.
    """
    if use is not None:
        faults: list[str] = []
        one_of(use, USES, "use", faults)
        if faults:
            raise SpecError(faults[0])
        spec = replace(spec, use=use)
    spec = delivered(run, of_run(run, spec)) if set(spec.analyses) <= set(run.results) else spec
    gathered = page_data(run, spec)
    page = gathered.data
    south_west, north_east = page["bounds"]
    centre = [(a + b) / 2 for a, b in zip(south_west, north_east, strict=True)]
    page_map = folium.Map(centre, tiles=None, zoom_start=10, zoom_control=False, font_size="13px", fade_animation=False)
    figure = take_offline(page_map)
    index = 0 if spec.language == "zh" else 1
    figure.title = title_text(page["title"][index])
    hosts = tuple(host for base in page["bases"] for host in base["hosts"])
    figure.header.add_child(Verbatim(security_policy(hosts)), name="policy", index=1)
    for name in STYLES:
        figure.header.add_child(Verbatim(style_element(asset(name))), name=name)
    for name in (*SCRIPTS, *CONTROLS):
        figure.header.add_child(Verbatim(script_element(asset(name))), name=name)
    figure.header.add_child(Verbatim(marker_icons()), name="icons")
    figure.html.add_child(Verbatim(_head(run, spec)), name="head", index=0)
    figure.html.add_child(Verbatim(_data("page-data", embed_json(page))), name="page-data")
    for name, packed in gathered.blobs.items():
        figure.html.add_child(Verbatim(_data(name, embed_json(packed))), name=name)
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
    foot = "".join(f"<span>{both(*line)}</span>" for line in credit(run, spec))
    return (
        '<header id="head"><div class="top"><div>'
        f'<p class="kicker">{both(run.frame.title_zh, run.frame.title_en)}</p>'
        f"<h1>{both(spec.title_zh, spec.title_en)}</h1></div>{language_button()}</div>"
        f'<p class="about">{both(spec.about_zh, spec.about_en)}</p>'
        f'<div class="banner {status.word}" role="note">{both(*status_note(run, spec))}</div>'
        f"<dl>{figures}</dl></header>"
        '<button type="button" id="panel-toggle" aria-expanded="false" aria-controls="panel">'
        f"{both('图例与图层', 'Legend and layers')}</button>"
        '<aside id="panel" aria-label="图例与图层 Legend and layers"></aside>'
        f'<footer id="credit">{foot}</footer><p id="said" role="status"></p>'
        f"<noscript><p>{both('此地图需要启用 JavaScript。', 'This map needs JavaScript.')}</p></noscript>"
    )
