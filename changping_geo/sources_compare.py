"""Two sources of one layer side by side: what changes before a planner switches from one to the other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo import content
from changping_geo.geo.assign import assign_to_towns, totals_by_town
from changping_geo.model import Layer, MissingError, SpecError
from changping_geo.publish import Draft
from changping_geo.screen import table
from changping_geo.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from changping_geo.layers.spec import LayerSpec

#: Points and middles of lines within this distance are taken for the same thing. [m]
NEAR_M = 30.0
#: A polygon has its like in the other source when as much of its area is covered by it. [1]
COVERED = 0.3
SIZES = {"polygon": ("area_m2", "面积", "Area", "m2"), "line": ("length_m", "长度", "Length", "m")}
MOST_MEANS = 3


@dataclass(frozen=True, slots=True)
class SourcePair:
    """Two sources of a layer and what differs.

    Attributes
    ----------
    spec : LayerSpec
        The layer.
    a, b : Layer
        As the workspace uses it now, and the other one.
    ids : (str, str)
        Their ids.
    towns : GeoDataFrame
        The towns.
    by_town : DataFrame
        A row per town, then ``outside`` and ``district``: per measure the columns ``…_a``, ``…_b``, ``…_difference``.
    measures : tuple of (name, zh, en, unit)
        What is compared.
    alone : (ndarray, ndarray)
        Rows of each source without their like in the other.
    shared : (float, float)
        Share of each source's area (of polygons) or rows (of others) that the other has too. [1]
    """

    spec: LayerSpec
    a: Layer
    b: Layer
    ids: tuple[str, str]
    towns: gpd.GeoDataFrame
    by_town: pd.DataFrame
    measures: tuple[tuple[str, str, str, str], ...]
    alone: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    shared: tuple[float, float]


def compare_sources(ws: Workspace, layer: str, other: str = "") -> SourcePair:
    """Compare the source that a workspace uses with another one.

    Parameters
    ----------
    ws : Workspace
        The workspace.
    layer : str
        A layer with shapes.
    other : str
        Id of the other source; by default the next one that has data.

    Raises
    ------
    SpecError
        If the layer has no shapes, or no other source.
    """
    spec = ws.spec(layer)
    if spec.geometry not in ("polygon", "line", "point"):
        raise SpecError(f"layer {layer!r} is of geometry {spec.geometry!r}; layers with shapes can be compared")
    first = ws.source(layer).id
    second = other or _next(ws, spec, first)
    if second == first:
        raise SpecError(f"layer {layer!r} uses source {first!r} already; name another one with --with")
    a, b = ws.layer(layer), ws.choosing({**ws.chosen, layer: second}).layer(layer)
    towns = ws.layer("towns").data
    sides = [_measured(spec, one.data) for one in (a, b)]
    means = [n for n in sides[0][1] if n in sides[1][1]][:MOST_MEANS]
    frames = [_by_town(one.data, totals, means, towns) for one, (totals, _) in zip((a, b), sides, strict=True)]
    measures = [("count", "数量", "Count", "")]
    measures += [SIZES[spec.geometry]] if spec.geometry in SIZES else []
    measures += [(n, spec.columns[n].title_zh, spec.columns[n].title_en, spec.columns[n].unit) for n in means]
    out = frames[0][["town_name", "name_en"]].copy()
    for name, *_ in measures:
        out[f"{name}_a"], out[f"{name}_b"] = frames[0][name], frames[1][name]
        out[f"{name}_difference"] = frames[1][name] - frames[0][name]
    alone, shared = _likes(spec, a.data, b.data)
    return SourcePair(spec, a, b, (first, second), towns, out, tuple(measures), alone, shared)


def _next(ws: Workspace, spec: LayerSpec, first: str) -> str:
    for source in spec.sources:
        if source.id == first:
            continue
        try:
            ws.choosing({**ws.chosen, spec.name: source.id}).source(spec.name)
        except MissingError:
            continue
        return source.id
    raise SpecError(f"layer {spec.name!r} has no other source with data than {first!r}; import or fetch one")


def _measured(spec: LayerSpec, data: gpd.GeoDataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return what adds up, and the columns with numbers of which a mean says something."""
    totals = pd.DataFrame({"count": np.ones(len(data))}, index=data.index)
    if spec.geometry == "polygon":
        totals["area_m2"] = data.geometry.area
    elif spec.geometry == "line":
        totals["length_m"] = data.geometry.length
    numbers = [
        c.name
        for c in spec.columns.values()
        if c.type in ("int", "float") and c.unit and c.name in data and data[c.name].notna().any()
    ]
    return totals, numbers


def _by_town(data: gpd.GeoDataFrame, totals: pd.DataFrame, means: list[str], towns: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return totals and means by town, with ``outside`` and ``district``."""
    code = assign_to_towns(data, towns)
    parts = totals.copy()
    for name in means:
        values = data[name].astype(np.float64)
        parts[f"{name} sum"], parts[f"{name} n"] = values.fillna(0.0), values.notna().astype(np.float64)
    out = totals_by_town(parts, code, towns)
    for name in means:
        known = out[f"{name} n"].to_numpy()
        out[name] = np.where(known > 0, out[f"{name} sum"] / np.maximum(known, 1.0), np.nan)
    return out


def _likes(
    spec: LayerSpec, a: gpd.GeoDataFrame, b: gpd.GeoDataFrame
) -> tuple[tuple[NDArray[np.bool_], NDArray[np.bool_]], tuple[float, float]]:
    """Return which rows of each source stand alone, and the share of each that the other has too."""
    one, two = (np.asarray(data.geometry.array, dtype=object) for data in (a, b))
    if spec.geometry == "polygon":
        covered = _covered(one, two), _covered(two, one)
        areas = shapely.area(one), shapely.area(two)
        alone = tuple(c < COVERED * s for c, s in zip(covered, areas, strict=True))
        shared = tuple(float(c.sum() / max(s.sum(), 1e-9)) for c, s in zip(covered, areas, strict=True))
    else:
        near = _near(one, two), _near(two, one)
        alone = tuple(~n for n in near)
        shared = tuple(float(n.mean()) if n.size else 0.0 for n in near)
    return (alone[0], alone[1]), (shared[0], shared[1])


def _covered(shapes: NDArray[np.object_], others: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the area of each shape that others cover, at most its own. [m2]"""
    rows, found = shapely.STRtree(others).query(shapes, predicate="intersects")
    areas = shapely.area(shapely.intersection(shapes[rows], others[found]))
    covered = np.bincount(rows, weights=areas, minlength=len(shapes)).astype(np.float64)
    return np.minimum(covered, np.asarray(shapely.area(shapes), dtype=np.float64))


def _near(shapes: NDArray[np.object_], others: NDArray[np.object_]) -> NDArray[np.bool_]:
    middles = shapely.line_interpolate_point(shapes, 0.5, normalized=True) if _lines(shapes) else shapes
    rows, _ = shapely.STRtree(others).query(middles, predicate="dwithin", distance=NEAR_M)
    out = np.zeros(len(shapes), dtype=bool)
    out[rows] = True
    return out


def _lines(shapes: NDArray[np.object_]) -> bool:
    return bool(len(shapes)) and bool((shapely.get_dimensions(shapes) == 1).any())


def publish_sources(root: Path, layer: str, other: str = "", language: str = "zh") -> str:
    """Compare two sources, write the folder ``results/compare-layers-<layer>-<a>-<b>-<key>/``, return the table.

    Returns
    -------
    str
        The table for the screen, and the folder.

    Raises
    ------
    GeoError
        If the layer cannot be compared or read.
    """
    from changping_geo.present.sourcespage import write_sources  # noqa: PLC0415 - heavy

    found = compare_sources(Workspace(root), layer, other)
    key = hashlib.sha256("\n".join((content.run_key(root, (), {}), layer, *found.ids)).encode()).hexdigest()[:12]
    name = f"compare-layers-{layer}-{found.ids[0]}-{found.ids[1]}-{key}"
    folder = root / "results"
    if not (folder / name / "compare.html").is_file():
        with Draft(folder, name) as draft:
            write_sources(found, draft.path)
            draft.publish()
    return f"{screen(found, language)}\n\n{folder / name}"


def screen(found: SourcePair, language: str) -> str:
    """Return the comparison as a table in columns, with a line per source above it."""
    zh = language == "zh"
    lines = []
    for i, one in enumerate((found.a, found.b)):
        status = one.status.label_zh if zh else one.status.label_en
        where = one.source.get("path") or one.source.get("provider", "")
        alone, share = int(found.alone[i].sum()), found.shared[i]
        told = (
            f"另一来源也有 {share:.0%}，仅此来源有 {alone:,}"
            if zh
            else f"{share:.0%} of it in the other too, {alone:,} only here"
        )
        lines.append(f"{'AB'[i]} {found.ids[i]} ({status}, {where}): {told}")
    head = ["镇街" if zh else "town"]
    for _, title_zh, title_en, unit in found.measures:
        head += [f"{title_zh if zh else title_en}{f' {unit}' if unit else ''} A", "B", "B−A"]
    rows = []
    for _, row in found.by_town.iterrows():
        cells = [str(row["town_name" if zh else "name_en"] or row["town_name"])]
        for name, *_ in found.measures:
            cells += [number(row[f"{name}_{side}"]) for side in ("a", "b", "difference")]
        rows.append(cells)
    return "\n".join([*lines, "", table(head, rows, [False] + [True] * (len(head) - 1))])


def number(value: float) -> str:
    """Return a number for a table: a dash where there is none."""
    if not np.isfinite(value):
        return "–"
    whole = abs(value) >= 100 or value == round(value)  # noqa: PLR2004 - figures shown
    return f"{value:,.0f}" if whole else f"{value:,.2f}"
