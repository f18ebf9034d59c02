"""Two sources of a layer on one map: towns by difference, the shapes of both, what only one of them has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from changping_geo.model import Status
from changping_geo.present.diverging import diverging
from changping_geo.present.offline import asset, script, script_element, security_policy, style, style_element
from changping_geo.present.text import embed_json, plain, title_text
from changping_geo.present.webmap import both, language_button

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from changping_geo.sources_compare import SourcePair

#: A page draws no more shapes of a source than this; those that stand alone come first.
MOST_SHAPES = 4_000
COLOURS = ("#1d5b87", "#0b7a4b")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_sources(found: SourcePair, folder: Path) -> None:
    """Write ``by_town.csv``, ``summary.csv`` and ``compare.html`` (one file, no network).

    Parameters
    ----------
    found : SourcePair
        Two sources and their differences.
    folder : Path
        An empty folder.
    """
    plain_cells(found.by_town.reset_index()).to_csv(folder / "by_town.csv", index=False, encoding="utf-8-sig")
    plain_cells(summary(found)).to_csv(folder / "summary.csv", index=False, encoding="utf-8-sig")
    (folder / "compare.html").write_text(_page(found), encoding="utf-8", newline="\n")


def plain_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Put a mark before texts that a spreadsheet would take for a formula."""
    out = table.copy()
    for name in out.columns:
        if not np.issubdtype(np.asarray(out[name]).dtype, np.number):
            out[name] = [f"'{v}" if str(v).startswith(FORMULA) else v for v in out[name]]
    return out


def summary(found: SourcePair) -> pd.DataFrame:
    """Return a row per source: id, status, file, rows, and what only it has."""
    import pandas as pd  # noqa: PLC0415 - only here at run time

    return pd.DataFrame(
        [
            {
                "side": "AB"[i],
                "source": found.ids[i],
                "status": one.status.word,
                "path": one.source.get("path") or one.source.get("provider", ""),
                "rows": len(one.data),
                "only_here": int(found.alone[i].sum()),
                "shared_percent": 100.0 * found.shared[i],
            }
            for i, one in enumerate((found.a, found.b))
        ]
    )


def _lonlat(shapes: gpd.GeoSeries) -> list[dict[str, Any]]:
    kept = shapely.transform(shapes.to_crs("EPSG:4326").to_numpy(), lambda xy: np.round(xy, 6))
    return [dict(shapely.geometry.mapping(shape)) for shape in kept]


def _drawn(data: gpd.GeoDataFrame, alone: NDArray[np.bool_]) -> tuple[list[dict[str, Any]], int]:
    """Return the shapes that are drawn, those that stand alone first and marked, and how many are not."""
    order = np.concatenate([np.flatnonzero(alone), np.flatnonzero(~alone)])
    kept = order[:MOST_SHAPES]
    shapes = _lonlat(gpd.GeoSeries(data.geometry.iloc[kept]))
    features = [
        {"type": "Feature", "properties": {"alone": bool(alone[i])}, "geometry": shape}
        for i, shape in zip(kept, shapes, strict=True)
    ]
    return features, len(order) - len(kept)


def _data(found: SourcePair) -> dict[str, Any]:
    name, _, _, unit = found.measures[min(1, len(found.measures) - 1)]
    codes = found.towns["town_code"].astype(str)
    rows = found.by_town.loc[codes]
    legend, classes = diverging(rows[f"{name}_difference"].to_numpy(dtype=np.float64), unit or "count")
    towns = [
        {
            "type": "Feature",
            "properties": {
                "name": [str(row["town_name"]), str(row["name_en"] or row["town_name"])],
                "colour": legend["colours"][int(step)],
                "values": [_shown(row[f"{name}_{side}"]) for side in ("a", "b", "difference")],
            },
            "geometry": shape,
        }
        for (_, row), step, shape in zip(rows.iterrows(), classes, _lonlat(found.towns.geometry), strict=True)
    ]
    sides = [_drawn(one.data, alone) for one, alone in zip((found.a, found.b), found.alone, strict=True)]
    west, south, east, north = (float(v) for v in found.towns.to_crs("EPSG:4326").total_bounds)
    return {
        "bounds": [[south, west], [north, east]],
        "towns": towns,
        "legend": {"colours": legend["colours"], "labels": legend["labels"], "unit": legend["unit"]},
        "sides": [
            {"name": [f"来源 {s} {i}", f"Source {s} {i}"], "colour": c, "features": f, "left": n}
            for s, i, c, (f, n) in zip("AB", found.ids, COLOURS, sides, strict=True)
        ],
        "title": [f"{found.spec.title_zh}：来源对比", f"{found.spec.title_en}: sources compared"],
    }


def _shown(value: float) -> str:
    from changping_geo.sources_compare import number  # noqa: PLC0415 - would be a circle

    return number(float(value))


def _page(found: SourcePair) -> str:
    """Return the page; every text of it is made plain, or set as text by the page's script."""
    data = _data(found)
    status = Status.weakest((found.a.status, found.b.status))
    note = ("较弱来源：" + status.label_zh, "Weaker source: " + status.label_en)
    heads = f"<th>{both('镇街', 'Town')}</th>" + "".join(
        f"<th>{both(f'{zh} {side} {unit}'.strip(), f'{en} {side} {unit}'.strip())}</th>"
        for _, zh, en, unit in found.measures
        for side in ("A", "B", "B−A")
    )
    rows = "".join(
        f"<tr{' class=whole' if code == 'district' else ''}><td>{both(row['town_name'], row['name_en'])}</td>"
        + "".join(
            f"<td>{plain(_shown(row[f'{name}_{side}']))}</td>"
            for name, *_ in found.measures
            for side in ("a", "b", "difference")
        )
        + "</tr>"
        for code, row in found.by_town.iterrows()
    )
    sources = "".join(
        f"<tr><td>{plain(row['side'])}</td><td>{plain(row['source'])}</td><td>{plain(row['path'])}</td>"
        f"<td>{both(one.status.label_zh, one.status.label_en)}</td><td>{row['rows']:,}</td>"
        f"<td>{row['shared_percent']:.0f} %</td><td>{row['only_here']:,}</td></tr>"
        for (_, row), one in zip(summary(found).iterrows(), (found.a, found.b), strict=True)
    )
    source_heads = "".join(
        f"<th>{both(zh, en)}</th>"
        for zh, en in (("", ""), ("来源", "Source"), ("文件", "File"), ("状态", "Status"), ("行数", "Rows"),
                       ("另一来源也有", "In the other too"), ("仅此来源有", "Only here"))
    )  # fmt: skip
    _, title_zh, title_en, _ = found.measures[min(1, len(found.measures) - 1)]
    styles = style("leaflet_css") + style_element(asset("common.css")) + style_element(asset("compare.css"))
    return (
        '<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8">'
        f'{security_policy()}<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title_text(data['title'][0])}</title>{styles}{script('leaflet')}</head><body><main>"
        f'<header class="top"><h1>{both(*data["title"])}</h1>{language_button()}</header>'
        f'<div class="banner {status.word}" role="note">{both(*note)}</div>'
        f'<div class="sheet"><table><thead><tr>{source_heads}</tr></thead><tbody>{sources}</tbody></table></div>'
        f"<h2>{both(f'各镇街{title_zh}之差（B−A）', f'{title_en} by town, B − A')}</h2>"
        '<figure class="pane"><div class="map" id="map"></div><ul class="legend" id="legend"></ul></figure>'
        f"<h2>{both('各镇街', 'By town')}</h2>"
        f'<div class="sheet" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        '<p class="about"><a href="by_town.csv">by_town.csv</a> · <a href="summary.csv">summary.csv</a></p></main>'
        f'<script type="application/json" id="sources-data">{embed_json(data)}</script>'
        f"{script_element(asset('words.js'))}{script_element(asset('sources.js'))}</body></html>\n"
    )
