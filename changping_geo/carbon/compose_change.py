"""The change of land cover as columns of towns, tables and patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from changping_geo.carbon.compose_growth import closed
from changping_geo.errors import ColumnError
from changping_geo.geo.assign import assign_to_towns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from changping_geo.carbon.change import Change

    Labels = Mapping[int, tuple[str, str]]

_HEADINGS: dict[str, tuple[str, ...]] = {
    "class_before": ("变化前", "Class before"),
    "class_after": ("变化后", "Class after"),
    "class_code": ("类别", "Class"),
    "class_code_zh": ("类别", "Class (Chinese)"),
    "class_code_en": ("类别(英文)", "Class (English)"),
    "class_before_zh": ("变化前", "Class before (Chinese)"),
    "class_before_en": ("变化前(英文)", "Class before (English)"),
    "class_after_zh": ("变化后", "Class after (Chinese)"),
    "class_after_en": ("变化后(英文)", "Class after (English)"),
    "area_ha": ("面积", "Area", "ha"),
    "before_ha": ("变化前面积", "Area before", "ha"),
    "after_ha": ("变化后面积", "Area after", "ha"),
    "kept_ha": ("保持面积", "Area kept", "ha"),
    "gain_ha": ("增加", "Gain", "ha"),
    "loss_ha": ("减少", "Loss", "ha"),
    "net_ha": ("净变化", "Net change", "ha"),
    "patch_ha": ("图斑面积", "Area of the patch", "ha"),
    "cells": ("像元数", "Cells"),
}


def town_columns(
    change: Change, towns: gpd.GeoDataFrame, density: pd.DataFrame, *, years: int, trees: int, crops: int, built: int
) -> pd.DataFrame:
    """Return areas of change and the change of the carbon of plants by town.

    Parameters
    ----------
    change : Change
        The counts.
    towns : GeoDataFrame
        With ``town_code``.
    density : DataFrame
        Of `tiers.density_table`. [t C/ha]
    years : int
        Between the two. [a]
    trees, crops, built : int
        Codes of the classes that have columns of their own.

    Returns
    -------
    DataFrame
        By town, ``outside`` and ``district``; the rasters say nothing outside the towns. [ha, t C, t C/a]

    Raises
    ------
    ColumnError
        If a class has no density.
    """
    matrix = change.matrix
    strange = sorted({*matrix["class_before"], *matrix["class_after"]} - set(density.index))
    if strange:
        raise ColumnError(
            f"class codes {', '.join(map(str, strange))} have no density; add them to the layer carbon_density"
        )
    whole = density[["above", "below", "dead_wood"]].sum(axis=1)
    step = matrix["class_after"].map(whole) - matrix["class_before"].map(whole)
    moved = matrix["class_before"] != matrix["class_after"]
    each = pd.DataFrame(
        {
            "town_code": matrix["town_code"],
            "changed_ha": matrix["area_ha"].where(moved, 0.0),
            "unchanged_ha": matrix["area_ha"].where(~moved, 0.0),
            "cover_change_t_c": matrix["area_ha"] * step,
        }
    )
    sums = each.groupby("town_code").sum()
    sums["unknown_ha"] = change.missing.sum(axis=1).reindex(sums.index)
    for name, code in (("tree", trees), ("crop", crops), ("built", built)):
        of_class = change.classes.xs(code, level="class_code")
        sums[f"{name}_gain_ha"], sums[f"{name}_loss_ha"] = of_class["gain_ha"], of_class["loss_ha"]
        sums[f"{name}_net_ha"] = of_class["net_ha"]
    out = closed(sums, [str(code) for code in towns["town_code"]])
    both = out["changed_ha"] + out["unchanged_ha"]
    return out.assign(
        changed_share=out["changed_ha"] / both.where(both > 0.0), cover_change_t_c_a=out["cover_change_t_c"] / years
    )


def transition_table(change: Change, classes: Labels) -> pd.DataFrame:
    """Return what became what by town, largest first, with the words of the classes."""
    moved = change.matrix[change.matrix["class_before"] != change.matrix["class_after"]]
    table = moved.sort_values(["town_code", "area_ha"], ascending=[True, False]).reset_index(drop=True)
    return _titled(_spoken(table, ("class_before", "class_after"), classes), "土地覆盖转移", "Transitions")


def class_table(change: Change, classes: Labels) -> pd.DataFrame:
    """Return area before and after, gains and losses by town and class."""
    table = _spoken(change.classes.reset_index(), ("class_code",), classes)
    return _titled(table, "分类增减", "Gains and losses by class")


def patch_values(patches: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, classes: Labels) -> dict[str, Any]:
    """Return what a layer of patches is made of: rows, headings and words."""
    data = patches.to_crs(towns.crs).rename(columns={"area_ha": "patch_ha"}).reset_index(drop=True)
    for column in ("class_before", "class_after"):
        data[column] = data[column].astype(int).astype(str)
    data["town_code"] = assign_to_towns(data, towns)
    words = {str(code): labels for code, labels in classes.items()}
    return {
        "data": data,
        "headings": {name: _HEADINGS[name] for name in data.columns if name in _HEADINGS},
        "words": {"class_before": words, "class_after": words},
    }


def _spoken(table: pd.DataFrame, columns: tuple[str, ...], classes: Labels) -> pd.DataFrame:
    out = table.copy()
    for column in columns:
        at = list(out.columns).index(column) + 1
        out.insert(at, f"{column}_zh", [classes[int(code)][0] for code in out[column]])
        out.insert(at + 1, f"{column}_en", [classes[int(code)][1] for code in out[column]])
    return out


def _titled(table: pd.DataFrame, zh: str, en: str) -> pd.DataFrame:
    headings = {name: _HEADINGS[name] for name in map(str, table.columns) if name in _HEADINGS}
    table.attrs = {"title_zh": zh, "title_en": en, "headings": headings}
    return table
