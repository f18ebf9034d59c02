"""The door of a run folder: findings in numbers, pictures of the maps, tables that sort, and links to every file."""

from __future__ import annotations

import base64
from math import isfinite
from typing import TYPE_CHECKING

from changping_geo.model import Status
from changping_geo.present.index_data import changed_parameters, layer_table, notices, status_table
from changping_geo.present.index_files import file_groups, href
from changping_geo.present.index_tables import by_town, further_tables, outputs_shown, value_of
from changping_geo.present.offline import asset, script_element, security_policy, style_element
from changping_geo.present.text import plain, title_text
from changping_geo.present.thumbs import HEIGHT_PX, WIDTH_PX, thumbnail
from changping_geo.present.units import ladder, number, shown, step_for
from changping_geo.present.webmap import both, language_button

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path, PurePath

    import pandas as pd

    from changping_geo.model import Analysis, Output, Run
    from changping_geo.present.mapspec import MapSpec

# Findings shown as figures where an analysis names no headline. [figures]
_MOST_FIGURES = 8


def write_index(run: Run, folder: Path, files: Iterable[PurePath], specs: Sequence[MapSpec] = ()) -> None:
    """Write ``index.html`` of a run folder.

    The page is one file; it asks for nothing outside, and every text of it is plain.

    Parameters
    ----------
    run : Run
        A finished run.
    folder : Path
        The run folder.
    files : iterable of Path
        The files to link to, in or relative to `folder`.
    specs : sequence of MapSpec
        The maps, for their titles and pictures.
    """
    relative = sorted({_inside(folder, path) for path in files} - {"index.html"})
    title_zh, title_en = f"{run.frame.title_zh}碳达峰空间分析", f"{run.frame.title_en}: carbon-peak analyses"
    analyses = [analysis for analysis in run.analyses.values() if analysis.name in run.results]
    pages = [path for path in relative if path.startswith("maps/") and path.endswith(".html")]
    sections = (
        ("findings", ("主要结论", "Findings"), _findings(run, analyses, _first_pages(pages, specs))),
        ("maps", ("地图", "Maps"), _maps(run, pages, specs)),
        ("towns", ("各镇街结果", "Results by town"), _towns(run, analyses)),
        ("attention", ("请注意", "Please note"), notices(run, analyses)),
        ("changed", ("改动的参数", "Parameters changed"), changed_parameters(analyses)),
        ("data", ("数据状态", "Data status"), status_table(run, analyses) + layer_table(run)),
        ("files", ("全部文件", "All files"), file_groups(run, folder, relative)),
    )
    filled = [section for section in sections if section[2]]
    jumps = "".join(f'<a href="#{name}">{both(*title)}</a>' for name, title, _ in filled)
    body = "".join(
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{both(*title)}</h2>{html}</section>'
        for name, title, html in filled
    )
    head = (
        f'<header class="top"><div><p class="kicker">{both(run.frame.plan_zh, run.frame.plan_en)}</p>'
        f"<h1>{both(title_zh, title_en)}</h1></div>{language_button()}</header>"
    )
    foot = f"<footer>{both('运行编号', 'Run key')} {plain(run.key)}</footer>"
    titles = f'data-title-zh="{title_text(title_zh)}" data-title-en="{title_text(title_en)}"'
    html = (
        f'<!DOCTYPE html>\n<html lang="zh" {titles}>\n<head><meta charset="utf-8">{security_policy()}'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title_text(title_zh)}</title>{style_element(asset('common.css') + asset('index.css'))}</head>\n"
        f"<body><main>{head}{_banner(run)}"
        f'<nav class="jumps" aria-label="目录 Contents">{jumps}</nav>{body}{foot}</main>'
        f"{script_element(asset('index.js'))}</body></html>\n"
    )
    (folder / "index.html").write_text(html, encoding="utf-8", newline="\n")


def _inside(folder: Path, path: PurePath) -> str:
    return (path.relative_to(folder) if path.is_absolute() or path.is_relative_to(folder) else path).as_posix()


def _banner(run: Run) -> str:
    status = run.status
    if status <= Status.OPEN:
        zh, en = f"数据状态：{status.label_zh}", f"Data status: {status.label_en}"
    elif status is Status.SYNTHETIC:
        zh = "演示结果，不可用于决策：部分数据为合成示例数据，见下方“数据状态”。"
        en = "For demonstration only, not for decisions: some layers are synthetic; see “Data status” below."
    else:
        zh = "请谨慎使用：部分数据为重建数据，见下方“数据状态”。"
        en = "Use with care: some layers are reconstructed; see “Data status” below."
    return f'<div class="banner {status.word}" role="note">{both(zh, en)}</div>'


def _first_pages(pages: Sequence[str], specs: Sequence[MapSpec]) -> dict[str, str]:
    """Return the map to which an analysis leads: the one called after it, else the first one of its results."""
    names = {spec.analysis: spec.name for spec in reversed(specs) if f"maps/{spec.name}.html" in pages}
    found = {analysis: f"maps/{name}.html" for analysis, name in names.items() if name != "overview"}
    return found | {page[5:-5]: page for page in pages}


def _findings(run: Run, analyses: Sequence[Analysis], pages: Mapping[str, str]) -> str:
    """Return a panel of figures for each analysis; in each, what the whole district comes to."""
    panels = []
    for analysis in analyses:
        table = run.results[analysis.name].by_town
        figures = "".join(_figure(table, output) for output in outputs_shown(analysis, table)[:_MOST_FIGURES])
        title, page = both(analysis.title_zh, analysis.title_en), pages.get(analysis.name)
        title = f'<a href="{href(page)}">{title}</a>' if page else title
        status = analysis.status
        panels.append(
            f'<article class="panel"><header><h3>{title}</h3>'
            f'<span class="status {status.word}">{both(status.label_zh, status.label_en)}</span></header>'
            f'<dl class="figures">{figures}</dl></article>'
        )
    return f'<div class="panels">{"".join(panels)}</div>' if panels else ""


def _figure(table: pd.DataFrame, output: Output) -> str:
    value = value_of(table, output.name)
    zh, en = shown(value, output.unit)
    small = f'<small class="zh">{plain(en)}</small>' if zh != en else ""
    span = _span(table, output, value)
    small += f"<small>{both(*span)}</small>" if span else ""
    return f"<div><dt>{both(output.label_zh, output.label_en)}</dt><dd>{both(zh, en)}{small}</dd></div>"


def _span(table: pd.DataFrame, output: Output, value: float) -> tuple[str, str] | None:
    """Return the range of a district figure in the unit of the figure, where the analysis gives one."""
    names = [output.name + end for end in ("_low", "_high")]
    if not all(name in table for name in names) or not isfinite(value):
        return None
    ends = [value_of(table, name) for name in names]
    written = []
    for steps in ladder(output.unit):
        size, word = step_for(value, steps)
        written.append(f"{number(ends[0] / size)} – {number(ends[1] / size)} {word}".rstrip())
    return f"范围 {written[0]}", f"range {written[1]}"


def _maps(run: Run, pages: Sequence[str], specs: Sequence[MapSpec]) -> str:
    """Return a picture of each map: those called after an analysis first, in the order in which these ran."""
    titles = {a.name: (a.title_zh, a.title_en) for a in run.analyses.values()}
    first = ["overview", *titles]
    known = {spec.name: spec for spec in specs}
    titles |= {name: (spec.title_zh, spec.title_en) for name, spec in known.items()}
    stems = {page.rsplit("/", 1)[-1].removesuffix(".html"): page for page in pages}
    links = []
    for stem in sorted(stems, key=lambda s: (first.index(s) if s in first else len(first), s)):
        name = both(*titles[stem]) if stem in titles else plain(stem)
        picture = _picture(run, known[stem]) if stem in known else ""
        links.append(f'<a href="{href(stems[stem])}">{picture}<b>{name}</b></a>')
    return f'<nav class="maps">{"".join(links)}</nav>' if links else ""


def _picture(run: Run, spec: MapSpec) -> str:
    small = thumbnail(run, spec)
    address = "data:image/png;base64," + base64.b64encode(small.png).decode("ascii")
    image = f'<img src="{address}" width="{WIDTH_PX}" height="{HEIGHT_PX}" alt="" loading="lazy">'
    if not small.colours:
        return image
    cells = "".join(f'<i style="background:{plain(colour)}"></i>' for colour in small.colours)
    (first_zh, *_, last_zh), (first_en, *_, last_en) = (
        (labels[0], labels[-1]) if len(labels) > 1 else (labels[0], "") for labels in small.labels
    )
    unit = both(*small.unit) if any(small.unit) else ""
    return (
        f'{image}<span class="key"><span class="what">{both(*small.title)} <small>{unit}</small></span>'
        f'<span class="ramp" aria-hidden="true">{cells}</span>'
        f'<span class="ends"><span>{both(first_zh, first_en)}</span><span>{both(last_zh, last_en)}</span></span></span>'
    )


def _towns(run: Run, analyses: Sequence[Analysis]) -> str:
    """Return the table by town of each analysis, the first one open, and its small further tables."""
    parts = []
    for place, analysis in enumerate(analyses):
        table = by_town(run, analysis)
        if not table:
            continue
        parts.append(
            f"<details{' open' if place == 0 else ''}><summary>{both(analysis.title_zh, analysis.title_en)}</summary>"
            f"{table}{further_tables(run, analysis)}</details>"
        )
    hint = both("点击表头排序。", "Click a heading to sort.")
    return f'<p class="about">{hint}</p>{"".join(parts)}' if parts else ""
