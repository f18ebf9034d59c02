"""What a data layer of a page is made of: rows with every column at hand, from the workspace or from an analysis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from changping_geo.made import Grid
from changping_geo.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from changping_geo.model import Layer, Run
    from changping_geo.present.mapspec import Drawn, MapSpec

Pair = tuple[str, str]

_YES: dict[str, Pair] = {"True": ("是", "yes"), "False": ("否", "no")}
_NAMES = ("name", "name_zh", "town_name")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a layer, with the values that analyses gave to them.

    Attributes
    ----------
    data : GeoDataFrame, shape (n, m)
        Shapes and columns.
    title : (str, str)
        The layer's title.
    words : dict of str to dict
        Per column of words: word to both labels.
    names : tuple of str
        Columns that may name a row, the best one first.
    owners : dict of str to str
        Per column that an analysis gave: the analysis.
    status : Status
        How far the layer may be trusted.
    """

    data: gpd.GeoDataFrame
    title: Pair
    words: Mapping[str, Mapping[str, Pair]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    status: Status = Status.OFFICIAL


def layer_of(run: Run, name: str) -> Layer | None:
    """Return a layer of the workspace: one that the analyses read, or one that was opened for the maps."""
    return run.layers.get(name) or run.ground.get(name)


def rows_of(run: Run, spec: MapSpec, name: str) -> Rows | None:
    """Return the rows of a layer with shapes; None if the run has no such layer."""
    layer = layer_of(run, name)
    if layer is not None:
        return _of_workspace(run, spec, name, layer) if isinstance(layer.data, gpd.GeoDataFrame) else None
    for title in spec.analyses:
        made = run.results[title].made.get(name)
        if made is not None:
            own = tuple(str(c) for c in made.data.columns if c != made.data.geometry.name)
            words = {**_yes_no(made.data), **made.words, **_town_words(run)}
            status = run.analyses[title].status
            names = _names(own, made.key)
            return Rows(made.data, (made.title_zh, made.title_en), words, names, dict.fromkeys(own, title), status)
    return None


def raster_of(run: Run, spec: MapSpec, name: str) -> Grid | None:
    """Return a raster that an analysis made, or a raster layer of the workspace; None if there is none."""
    layer = layer_of(run, name)
    if layer is not None and hasattr(layer.data, "dims") and {"crs", "transform"} <= set(layer.data.attrs):
        card = next(iter(run.columns.get(name, {}).values()), None)
        raster: Any = layer.data
        return Grid(*run.titles.get(name, (name, name)), str(card.unit) if card is not None else "", raster)
    for title in spec.analyses:
        if name in run.results[title].rasters:
            return run.results[title].rasters[name]
    return None


def drawable(run: Run, spec: MapSpec) -> list[str]:
    """Return the names of everything that a page of these analyses can draw."""
    own = [
        name
        for name, layer in {**run.ground, **run.layers}.items()
        if hasattr(layer.data, "geometry") or hasattr(layer.data, "dims")
    ]
    for title in spec.analyses:
        own += [*run.results[title].made, *run.results[title].rasters]
    return own


def only_rows(run: Run, spec: MapSpec, drawn: Drawn, rows: Rows) -> tuple[gpd.GeoDataFrame, str]:
    """Return the rows of a layer that stand in a table of the analyses, and what is wrong, if anything."""
    tables = {name: table for title in spec.analyses for name, table in run.results[title].tables.items()}
    table = tables.get(drawn.only)
    if table is None:
        return rows.data, f"only = {drawn.only!r} is no table; tables: {', '.join(tables)}"
    shared = [name for name in rows.names if name in table and name.endswith("_id")]
    if not shared:
        return rows.data, f"only = {drawn.only!r} has no column that names rows of the layer: {', '.join(rows.names)}"
    return rows.data[rows.data[shared[0]].isin(table[shared[0]])], ""


def town_names(towns: gpd.GeoDataFrame) -> list[Pair]:
    """Return the Chinese and English name of each town; the Chinese one where there is no other."""
    zh = towns["name_zh"].astype(str)
    en = towns["name_en"] if "name_en" in towns else pd.Series(index=towns.index, dtype=object)
    return [(a, b if isinstance(b, str) and b else a) for a, b in zip(zh, en, strict=True)]


def _of_workspace(run: Run, spec: MapSpec, name: str, layer: Layer) -> Rows:
    data = gpd.GeoDataFrame(layer.data).copy(deep=False)
    own = tuple(str(c) for c in data.columns if c != data.geometry.name)
    cards = run.columns.get(name, {})
    words: dict[str, Mapping[str, Pair]] = {c: card.values for c, card in cards.items() if card.values}  # noqa: PD011 - a card, no frame
    owners: dict[str, str] = {}
    more: dict[str, pd.Series] = {}
    for title in spec.analyses:
        for values in _given(run, title, name, data):
            words |= values.attrs.get("words", {})
            for column in values.columns.difference([*data.columns, *owners], sort=False):
                more[column] = values[column]
                owners[str(column)] = title
    if more:
        data = data.join(pd.DataFrame(more, index=data.index))
    statuses = [layer.status, *(run.analyses[title].status for title in set(owners.values()))]
    words = {**_yes_no(data), **words, **_town_words(run)}
    return Rows(data, run.titles.get(name, (name, name)), words, _names(own), owners, Status.weakest(statuses))


def _given(run: Run, analysis: str, layer: str, data: gpd.GeoDataFrame) -> list[pd.DataFrame]:
    result = run.results[analysis]
    given = [result.features[layer].reindex(data.index)] if layer in result.features else []
    if layer == "towns":
        table = result.by_town.reindex(data["town_code"].astype(str))
        given.append(table.set_axis(data.index, axis=0))
    for frame in given:
        frame.attrs = result.features[layer].attrs if layer in result.features else {}
    return given


def _names(own: tuple[str, ...], key: str = "") -> tuple[str, ...]:
    keys = [key] if key else [column for column in own if column.endswith("_id")][:1]
    return tuple(column for column in (*_NAMES, *keys) if column in own)


def _yes_no(data: pd.DataFrame) -> dict[str, Mapping[str, Pair]]:
    return {str(column): _YES for column in data.columns if pd.api.types.is_bool_dtype(data[column].dtype)}


def _town_words(run: Run) -> dict[str, Mapping[str, Pair]]:
    towns: Any = run.layers["towns"].data if "towns" in run.layers else None
    if towns is None:
        return {}
    return {"town_code": dict(zip(towns["town_code"].astype(str), town_names(towns), strict=True))}
