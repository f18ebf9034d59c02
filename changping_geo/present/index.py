"""The door of a run folder: findings in numbers, a table by town that sorts, and links to every file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from changping_geo.model import Status
from changping_geo.present.headings import heading
from changping_geo.present.offline import asset, script_element, security_policy, style_element
from changping_geo.present.text import plain, title_text
from changping_geo.present.units import Step, ladder, number, shown, step_for
from changping_geo.present.webmap import both, language_button

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path, PurePath

    from changping_geo.model import Analysis, Output, Run
    from changping_geo.present.mapspec import MapSpec

_LAST_ROWS = ("outside", "district")
# Findings shown as figures where an analysis names no headline. [cards]
_MOST_CARDS = 8
# What a file is, by suffix.
_KINDS = {
    ".html": ("网页，可离线打开", "page, opens without network"),
    ".gpkg": ("地理数据，QGIS、ArcGIS、超图可读", "GIS data for QGIS, ArcGIS, SuperMap"),
    ".gdb": ("文件地理数据库，ArcGIS、超图可读", "file geodatabase for ArcGIS, SuperMap"),
    ".qgz": ("QGIS 工程，含 A3 版面", "QGIS project with A3 sheets"),
    ".qlr": ("QGIS 图层定义", "QGIS layer definition"),
    ".shp": ("Shapefile，字段见“字段说明”", "shapefile; fields in 字段说明"),
    ".parquet": ("GeoParquet 数据", "GeoParquet data"),
    ".kml": ("KML，谷歌地球、奥维可读", "KML for Google Earth, Ovital"),
    ".dxf": ("CAD 图形", "CAD drawing"),
    ".tif": ("栅格，GeoTIFF", "raster, GeoTIFF"),
    ".csv": ("表格，Excel 可读", "table, opens in Excel"),
    ".xlsx": ("工作簿", "workbook"),
    ".nc": ("逐时曲线，NetCDF", "hourly profiles, NetCDF"),
    ".json": ("计算依据与校验值", "account of sources and checksums"),
}


def write_index(run: Run, folder: Path, files: Iterable[PurePath], specs: Sequence[MapSpec] = ()) -> None:
    """Write ``index.html`` of a run folder.

    Parameters
    ----------
    run : Run
        A finished run.
    folder : Path
        The run folder.
    files : iterable of Path
        The files to link to, in or relative to `folder`.
    specs : sequence of MapSpec
        The maps, for their titles.
    """
    relative = sorted({_inside(folder, path) for path in files} - {"index.html"})
    title_zh, title_en = f"{run.frame.title_zh}碳达峰空间分析", f"{run.frame.title_en}: carbon-peak analyses"
    plan = both(run.frame.plan_zh, run.frame.plan_en)
    parts = [
        f'<div class="top"><div><p class="kicker">{plan}</p><h1>{both(title_zh, title_en)}</h1></div>',
        f"{language_button()}</div>",
        _banner(run),
        _maps(run, [path for path in relative if path.startswith("maps/") and path.endswith(".html")], specs),
        *(_analysis(run, analysis) for analysis in run.analyses.values() if analysis.name in run.results),
        _layers(run),
        _files(folder, relative),
        f"<footer>{both('运行编号', 'Run key')} {plain(run.key)}</footer>",
    ]
    titles = f'data-title-zh="{title_text(title_zh)}" data-title-en="{title_text(title_en)}"'
    html = (
        f'<!DOCTYPE html>\n<html lang="zh" {titles}>\n<head><meta charset="utf-8">{security_policy()}'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title_text(title_zh)}</title>{style_element(asset('common.css') + asset('index.css'))}</head>\n"
        f"<body><main>{''.join(parts)}</main>{script_element(asset('index.js'))}</body></html>\n"
    )
    (folder / "index.html").write_text(html, encoding="utf-8", newline="\n")


def _inside(folder: Path, path: PurePath) -> str:
    return (path.relative_to(folder) if path.is_absolute() or path.is_relative_to(folder) else path).as_posix()


def _banner(run: Run) -> str:
    status = run.status
    if status <= Status.OPEN:
        zh, en = f"数据状态：{status.label_zh}", f"Data status: {status.label_en}"
    elif status is Status.SYNTHETIC:
        zh = "演示结果，不可用于决策：部分数据为合成示例数据，见下方“数据图层”。"
        en = "For demonstration only, not for decisions: some layers are synthetic; see “Data layers” below."
    else:
        zh = "请谨慎使用：部分数据为重建数据，见下方“数据图层”。"
        en = "Use with care: some layers are reconstructed; see “Data layers” below."
    return f'<div class="banner {status.word}" role="note">{both(zh, en)}</div>'


def _maps(run: Run, pages: list[str], specs: Sequence[MapSpec]) -> str:
    """Return links to the maps: those called after an analysis first, in the order in which these ran."""
    if not pages:
        return ""
    titles = {a.name: (a.title_zh, a.title_en) for a in run.analyses.values()}
    first = list(titles)
    titles |= {spec.name: (spec.title_zh, spec.title_en) for spec in specs}
    stems = {page.rsplit("/", 1)[-1].removesuffix(".html"): page for page in pages}
    links = []
    for stem in sorted(stems, key=lambda s: (first.index(s) if s in first else len(first), s)):
        page, name = stems[stem], both(*titles[stem]) if stem in titles else plain(stem)
        links.append(f'<a href="{_href(page)}">{name}</a>')
    return f'<h2>{both("地图", "Maps")}</h2><nav class="maps">{"".join(links)}</nav>'


def _analysis(run: Run, analysis: Analysis) -> str:
    table = run.results[analysis.name].by_town
    outputs = [o for o in analysis.outputs if o.name in table and pd.api.types.is_numeric_dtype(table[o.name])]
    outputs = [o for o in outputs if not _is_end(o.name, table)]
    outputs = [o for o in outputs if o.name in analysis.headline] or outputs
    status = f"{analysis.status.label_zh}", f"{analysis.status.label_en}"
    cards = "".join(
        _card((o.label_zh, o.label_en), shown(_number(table[o.name].get("district")), o.unit), _span(table, o))
        for o in outputs[:_MOST_CARDS]
    )
    return (
        f"<section><h2>{both(analysis.title_zh, analysis.title_en)}</h2>"
        f'<p class="about">{both("数据状态：" + status[0], "Data status: " + status[1])}</p>'
        f'<dl class="cards">{cards}</dl>{_by_town(run, analysis, table, [o.name for o in outputs])}</section>'
    )


def _is_end(name: str, table: pd.DataFrame) -> bool:
    """Whether a column is the low or high end of another one: it is shown beside that, not by itself."""
    return any(name.endswith(end) and name.removesuffix(end) in table for end in ("_low", "_high"))


def _span(table: pd.DataFrame, output: Output) -> tuple[str, str] | None:
    """Return the range of a district figure, where the analysis gives one."""
    names = [output.name + end for end in ("_low", "_high")]
    if not all(name in table for name in names):
        return None
    low, high = (shown(_number(table[name].get("district")), output.unit) for name in names)
    return f"范围 {low[0]} – {high[0]}", f"range {low[1]} – {high[1]}"


def _card(label: tuple[str, str], value: tuple[str, str], span: tuple[str, str] | None) -> str:
    small = f'<small class="zh">{plain(value[1])}</small>' if value[0] != value[1] else ""
    small += f"<small>{both(*span)}</small>" if span else ""
    return f"<div><dt>{both(*label)}</dt><dd>{both(*value)}{small}</dd></div>"


def _by_town(run: Run, analysis: Analysis, table: pd.DataFrame, columns: list[str]) -> str:
    """Return the table by town; each column in one unit, so that numbers can be compared."""
    towns = [code for code in table.index if code not in _LAST_ROWS]
    heads = [f"<th><button type='button'>{both('镇街', 'Town')}</button></th>"]
    steps: dict[str, list[Step]] = {}
    for name in columns:
        card = heading(run, name, analysis=analysis.name)
        sizes = table.loc[towns, name].astype(float).abs()
        typical = float(sizes.median()) if len(sizes) and sizes.notna().any() else 0.0
        steps[name] = [step_for(typical, every) for every in ladder(card.unit)]
        unit = f"<small>{both(*(word for _, word in steps[name]))}</small>"
        heads.append(f"<th><button type='button'>{both(card.zh, card.en)}{unit}</button></th>")

    def row(code: Any) -> str:
        cells = [f"<td>{_town_name(run, code, table)}</td>"]
        for name in columns:
            value = _number(table[name].get(code))
            (size_zh, _), (size_en, _) = steps[name]
            known = value == value  # noqa: PLR0124 - not for NaN
            texts = (number(value / size_zh), number(value / size_en)) if known else ("–", "–")
            cells.append(f'<td data-value="{value!r}">{both(*texts)}</td>' if known else '<td data-value="">–</td>')
        return f"<tr>{''.join(cells)}</tr>"

    foot = "".join(row(code) for code in _LAST_ROWS if code in table.index)
    return (
        f"<h3>{both('各镇街结果（点击表头排序）', 'By town (click a heading to sort)')}</h3>"
        f'<div class="sheet" tabindex="0"><table class="sortable"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(row(code) for code in towns)}</tbody><tfoot>{foot}</tfoot></table></div>"
    )


def _town_name(run: Run, code: Any, table: pd.DataFrame) -> str:
    if code in _LAST_ROWS:
        return both(*{"outside": ("区外", "Outside"), "district": ("全区", "District")}[code])
    zh = str(table["town_name"].get(code, code)) if "town_name" in table else str(code)
    layer = run.layers.get("towns")
    if layer is not None and isinstance(layer.data, pd.DataFrame) and "name_en" in layer.data:
        names = layer.data.loc[layer.data["town_code"].astype(str) == str(code), "name_en"]
        if len(names) and isinstance(names.iloc[0], str):
            return both(zh, names.iloc[0])
    return plain(zh)


def _layers(run: Run) -> str:
    titles = (
        ("图层", "Layer"),
        ("数据状态", "Status"),
        ("来源", "Source"),
        ("使用", "Used"),
        ("修复", "Repaired"),
        ("搁置", "Set aside"),
    )
    rows = []
    for name, layer in run.layers.items():
        made = "; ".join(layer.source[k] for k in ("origin", "path", "provider", "licence") if layer.source.get(k))
        counts = (layer.ledger.used, layer.ledger.n_repaired, layer.ledger.n_set_aside)
        rows.append(
            f"<tr><td>{both(*run.titles.get(name, (name, name)))}</td>"
            f"<td>{both(layer.status.label_zh, layer.status.label_en)}</td><td>{plain(made)}</td>"
            + "".join(f'<td class="number">{count:,}</td>' for count in counts)
            + "</tr>"
        )
    head = "".join(f"<th>{both(*title)}</th>" for title in titles)
    return (
        f'<h2>{both("数据图层", "Data layers")}</h2><div class="sheet" tabindex="0"><table class="words">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _files(folder: Path, files: list[str]) -> str:
    rows = []
    for path in files:
        kind = _KINDS.get("." + path.rsplit(".", 1)[-1], ("文件", "file"))
        found = folder / path
        size = _size(found.stat().st_size) if found.is_file() else "–"
        rows.append(
            f'<tr><td><a href="{_href(path)}">{plain(path)}</a></td><td>{both(*kind)}</td>'
            f'<td class="number">{size}</td></tr>'
        )
    head = "".join(f"<th>{both(*t)}</th>" for t in (("文件", "File"), ("内容", "Kind"), ("大小", "Size")))
    return (
        f'<h2>{both("全部文件", "All files")}</h2><div class="sheet"><table class="words">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _href(path: str) -> str:
    """Return a link that stays within the folder: a scheme such as ``javascript:`` cannot be written."""
    return plain("./" + quote(path))


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):,.1f} kB"  # noqa: PLR2004 - a megabyte


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
