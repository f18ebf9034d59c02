"""The files of a run folder, grouped by what they are for, with what opens them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from changping_geo.present.headings import table_title
from changping_geo.present.text import plain
from changping_geo.present.webmap import both

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from changping_geo.model import Run

Pair = tuple[str, str]

_GROUPS: dict[str, Pair] = {
    "read": ("报告与工作簿", "Report and workbook"),
    "maps": ("地图", "Maps"),
    "gis": ("地理数据（全部图层）", "GIS data (all layers)"),
    "single": ("地理数据（单个图层）", "GIS data (single layers)"),
    "tables": ("表格", "Tables"),
    "grids": ("时间序列与网格", "Time series and grids"),
    "account": ("计算依据", "Account"),
}
_FOLDED = {"single", "tables"}
# What a file is and what opens it, by suffix.
_KINDS: dict[str, tuple[Pair, Pair]] = {
    ".html": (("网页，无需网络", "page, needs no network"), ("浏览器", "web browser")),
    ".pdf": (("可打印文件", "for printing"), ("PDF 阅读器、浏览器", "PDF reader, web browser")),
    ".docx": (("报告", "report"), ("Word、WPS", "Word, WPS")),
    ".xlsx": (("工作簿", "workbook"), ("Excel、WPS", "Excel, WPS")),
    ".png": (("图片", "picture"), ("任意看图软件", "any viewer")),
    ".svg": (("矢量图", "drawing"), ("浏览器、Word", "web browser, Word")),
    ".gpkg": (
        ("全部图层，含样式", "all layers, with styles"),
        ("QGIS、ArcGIS Pro、超图", "QGIS, ArcGIS Pro, SuperMap"),
    ),
    ".gdb": (("文件地理数据库", "file geodatabase"), ("ArcGIS、超图、QGIS", "ArcGIS, SuperMap, QGIS")),
    ".qgz": (("QGIS 工程，含 A3 版面", "QGIS project with A3 sheets"), ("QGIS", "QGIS")),
    ".qlr": (("QGIS 图层定义", "QGIS layer definition"), ("QGIS", "QGIS")),
    ".shp": (("Shapefile，字段见“字段说明”", "shapefile; fields in 字段说明"), ("任意 GIS 软件", "any GIS software")),
    ".parquet": (("GeoParquet", "GeoParquet"), ("QGIS、GeoPandas、DuckDB", "QGIS, GeoPandas, DuckDB")),
    ".geojson": (("GeoJSON", "GeoJSON"), ("任意 GIS 软件", "any GIS software")),
    ".fgb": (("FlatGeobuf", "FlatGeobuf"), ("QGIS", "QGIS")),
    ".kml": (("镇街与站点", "towns and sites"), ("奥维、谷歌地球", "Ovital, Google Earth")),
    ".dxf": (("CAD 图形", "CAD drawing"), ("AutoCAD、中望 CAD", "AutoCAD, ZWCAD")),
    ".tif": (("栅格", "raster"), ("QGIS、ArcGIS、超图", "QGIS, ArcGIS, SuperMap")),
    ".csv": (("表格", "table"), ("Excel、WPS", "Excel, WPS")),
    ".nc": (("NetCDF", "NetCDF"), ("QGIS、xarray", "QGIS, xarray")),
    ".json": (("来源、参数与校验值", "sources, parameters, checksums"), ("文本编辑器", "text editor")),
}
_HEADS = (("文件", "File"), ("内容", "Content"), ("打开方式", "Opens in"), ("大小", "Size"))
_OTHER: tuple[Pair, Pair] = (("文件", "file"), ("–", "–"))
_TABLES: dict[str, Pair] = {
    "parameters.csv": ("全部参数", "all parameters"),
    "layers.csv": ("数据图层与台账", "data layers and their ledgers"),
    "columns.csv": ("指标说明", "what the outputs mean"),
}
_ACCOUNT: dict[str, Pair] = {
    "set_aside.gpkg": ("搁置的数据行及原因", "rows set aside, with reasons"),
    "provenance.json": ("来源、参数与校验值", "sources, parameters, checksums"),
    "gis/layers.json": ("图层清单", "list of layers"),
}


def file_groups(run: Run, folder: Path, files: Sequence[str]) -> str:
    """Return links to every file, by use.

    Parameters
    ----------
    run : Run
        The run, for the titles of layers and tables.
    folder : Path
        The run folder.
    files : sequence of str
        Paths in the folder, with ``/``.
    """
    groups: dict[str, list[str]] = {name: [] for name in _GROUPS}
    for path in files:
        groups[_group(path)].append(path)
    titles = _titles(run)
    return "".join(_files(folder, name, paths, titles) for name, paths in groups.items() if paths)


def href(path: str) -> str:
    """Return a link that stays within the folder: a scheme such as ``javascript:`` cannot be written."""
    return plain("./" + quote(path, errors="replace"))


def _group(path: str) -> str:
    if path in _ACCOUNT or path.endswith(".json"):
        return "account"
    top, _, rest = path.partition("/")
    if top == "gis":
        return "single" if "/" in rest or rest.endswith(".tif") else "gis"
    return top if rest and top in {"maps", "tables", "grids"} else "read"


def _titles(run: Run) -> dict[str, Pair]:
    """Return what files hold, by name: layers by stem, tables by file name."""
    titles: dict[str, Pair] = {**run.titles, **_TABLES}
    for name, result in run.results.items():
        analysis = run.analyses[name]
        titles |= {made: (m.title_zh, m.title_en) for made, m in result.made.items()}
        titles |= {grid: (g.title_zh, g.title_en) for grid, g in result.rasters.items()}
        titles[f"{name}_by_town.csv"] = f"{analysis.title_zh}：各镇街", f"{analysis.title_en} by town"
        for key, table in result.tables.items():
            zh, en = table_title(key, table)
            stem = name if key == name else f"{name}_{key}"
            titles[f"{stem}.csv"] = f"{analysis.title_zh}：{zh}", f"{analysis.title_en}: {en}"
    return titles


def _files(folder: Path, group: str, paths: Sequence[str], titles: dict[str, Pair]) -> str:
    rows = []
    for path in paths:
        base = path.rsplit("/", 1)[-1]
        stem, dot, suffix = base.rpartition(".")
        kind, opener = _KINDS.get(dot + suffix.lower(), _OTHER)
        what = _ACCOUNT.get(path) or titles.get(base) or titles.get(stem)
        told = both(*what) + f" <small>{both(*kind)}</small>" if what else both(*kind)
        if group == "tables" and what:
            told = both(*what)
        rows.append(
            f'<tr><td><a href="{href(path)}">{plain(path)}</a></td><td>{told}</td><td>{both(*opener)}</td>'
            f'<td class="number">{_size(folder / path)}</td></tr>'
        )
    head = "".join(f'<th scope="col">{both(*t)}</th>' for t in _HEADS[:-1])
    head += f'<th scope="col" class="number">{both(*_HEADS[-1])}</th>'
    count = f"<small>{len(paths)}</small>"
    return (
        f"<details{'' if group in _FOLDED else ' open'}><summary>{both(*_GROUPS[group])} {count}</summary>"
        f'<div class="sheet"><table class="words files"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _size(path: Path) -> str:
    if path.is_dir():
        count = sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
    elif path.is_file():
        count = path.stat().st_size
    else:
        return "–"
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):,.1f} kB"  # noqa: PLR2004 - a megabyte
