"""What the columns of a run are called, and the units in which planners read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.present.units import ladder, step_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import ArrayLike

    from changping_geo.model import Analysis, Run

STANDARD: dict[str, tuple[str, ...]] = {
    "town_code": ("镇街代码", "Town code"),
    "town_name": ("镇街", "Town"),
    "name_zh": ("名称", "Name (Chinese)"),
    "name_en": ("英文名称", "Name (English)"),
    "data_status": ("数据状态", "Data status"),
    "reason": ("原因", "Reason"),
    "month": ("月份", "Month"),
    "year": ("年份", "Year"),
    "roof_type_used": ("采用的屋顶形式", "Roof type used"),
    "module_tilt_deg": ("组件倾角", "Module tilt", "°"),
    "module_azimuth_deg": ("组件方位角", "Module azimuth", "°"),
    "module_azimuth_2_deg": ("另一坡面方位角", "Azimuth of the other plane", "°"),
    "plane_1_capacity_kw": ("坡面一装机", "Capacity of the first plane", "kW"),
    "plane_2_capacity_kw": ("坡面二装机", "Capacity of the other plane", "kW"),
    "plane_1_yield_kwh_kw_a": ("坡面一单位产出", "Yield of the first plane", "kWh/(kW a)"),
    "plane_2_yield_kwh_kw_a": ("坡面二单位产出", "Yield of the other plane", "kWh/(kW a)"),
    "programme": ("阳光行动", "Programme"),
    "programme_zh": ("阳光行动名称", "Programme (Chinese)"),
    "programme_en": ("阳光行动(英文)", "Programme (English)"),
    "rank": ("序号", "Rank"),
    "rank_energy": ("发电量名次", "Rank by energy"),
    "rank_specific_yield": ("单位产出名次", "Rank by specific yield"),
    "rank_in_programme": ("行动内名次", "Rank in the programme"),
    "public_owner": ("公共产权", "Public owner"),
    "lon": ("经度", "Longitude", "°"),
    "lat": ("纬度", "Latitude", "°"),
    "rung": ("阶梯代号", "Rung"),
    "rung_zh": ("阶梯", "Rung (Chinese)"),
    "rung_area_m2": ("面积", "Area", "m2"),
    "rung_capacity_kw": ("装机", "Capacity", "kW"),
    "rung_energy_mwh_a": ("年发电量", "Energy", "MWh/a"),
    "note_zh": ("说明", "Note (Chinese)"),
    "note_en": ("说明(英文)", "Note (English)"),
    "policy_share": ("整县推进比例", "Whole-county ratio"),
    "sunny_m2": ("日照达标面积", "Area with enough sun", "m2"),
    "inside_setback_m2": ("退距以内面积", "Area inside the setback", "m2"),
    "clear_m2": ("扣除障碍后面积", "Area clear of obstacles", "m2"),
    "fit_m2": ("适装面积", "Area fit to carry modules", "m2"),
    "net_share": ("净可用比例", "Net share"),
    "layout": ("布置方式", "Layout"),
    "row_tilt_deg": ("倾角", "Tilt", "°"),
    "row_distance_ratio": ("行距比 D/L", "Row distance D/L"),
    "ground_cover": ("覆盖率", "Ground cover"),
    "power_w_m2": ("单位屋面装机", "Power per roof area", "W/m2"),
    "yield_kwh_kw_a": ("单位装机年发电量", "Specific yield", "kWh/(kW a)"),
    "energy_kwh_m2_a": ("单位屋面年发电量", "Energy per roof area", "kWh/(m2 a)"),
    "best_per_kw": ("每千瓦最优", "Best per kW"),
    "best_rows_per_m2": ("支架每平方米最优", "Best rows per m2"),
    "best_per_m2": ("每平方米最优", "Best per m2"),
    "layout_used": ("本次采用", "Used here"),
}

# Further tables of analyses; another name stands for itself, and ``attrs["title_zh"]``, ``attrs["title_en"]`` go first.
TABLES = {
    "monthly": ("逐月", "by month"),
    "monthly_by_town": ("分镇街逐月", "by town and month"),
    "by_use": ("分用途", "by use"),
    "by_year": ("分年", "by year"),
    "emission_factor": ("排放因子", "emission factor"),
    "assumed_roof_types": ("推定的屋顶形式", "assumed roof types"),
}
_BARE_UNITS = ("", "1", "count")

_MONTH = re.compile(r".+_m(0[1-9]|1[0-2])")

# Units of what a map is coloured by, most telling first.
MAIN_UNITS = ("MWh/a", "kWh/a", "GWh/a", "t CO2/a", "t C", "t CO2")


@dataclass(frozen=True, slots=True)
class Heading:
    """What a column is called.

    Attributes
    ----------
    name : str
        The column's name in files.
    zh, en : str
        What readers see.
    unit : str
        Unit of the values, empty for words.
    formula : str
        How the values are made, empty for what was delivered.
    """

    name: str
    zh: str
    en: str
    unit: str = ""
    formula: str = ""

    @property
    def label_zh(self) -> str:
        """The Chinese heading, its unit in brackets."""
        return f"{self.zh} [{self.unit}]" if self.unit not in _BARE_UNITS else self.zh

    @property
    def label_en(self) -> str:
        """The English heading, its unit in brackets."""
        return f"{self.en} [{self.unit}]" if self.unit not in _BARE_UNITS else self.en


def heading(run: Run, column: str, *, analysis: str = "", layer: str = "") -> Heading:
    """Return what a column is called; an unknown one is called by its own name.

    Parameters
    ----------
    run : Run
        The run that the column belongs to.
    column : str
        The column.
    analysis : str
        The analysis whose outputs are looked at first; all others follow, then the layers that they took.
    layer : str
        The layer whose columns are looked at before the outputs.
    """
    if column in run.columns.get(layer, {}):
        card = run.columns[layer][column]
        return Heading(column, card.title_zh, card.title_en, card.unit)
    words = _given(run, column, analysis, layer) or STANDARD.get(column)
    if words:
        return Heading(column, *words)
    analyses = [run.analyses[name] for name in sorted(run.analyses, key=lambda other: other != analysis)]
    for output in (output for a in analyses for output in a.outputs):
        if output.name == column:
            return Heading(column, output.label_zh, output.label_en, output.unit, output.formula)
        if _MONTH.fullmatch(column) and output.name == f"{column[:-4]}_a":
            month, unit = int(column[-2:]), output.unit.removesuffix("/a")
            return Heading(column, f"{output.label_zh.removeprefix('年')}{month}月", f"{output.label_en} {month}", unit)
    for name in dict.fromkeys(name for a in analyses for name in a.layers):
        if column in run.columns.get(name, {}):
            return heading(run, column, layer=name)
    return Heading(column, column, column)


def _given(run: Run, column: str, analysis: str, layer: str) -> tuple[str, ...]:
    """Return the heading that an analysis gives with its frames: first the one asked for, then all others."""
    for name in sorted(run.results, key=lambda other: other != analysis):
        result = run.results[name]
        made = [result.made[layer]] if layer in result.made else list(result.made.values())
        frames = (*result.features.values(), *result.tables.values())
        for headings in (*(m.headings for m in made), *(frame.attrs.get("headings", {}) for frame in frames)):
            if column in headings:
                return tuple(headings[column])
    return ()


def table_title(name: str, table: pd.DataFrame) -> tuple[str, str]:
    """Return the Chinese and English title of a further table of an analysis."""
    zh, en = TABLES.get(name, (name, name))
    return str(table.attrs.get("title_zh", zh)), str(table.attrs.get("title_en", en))


def word_labels(run: Run, layer: str) -> dict[str, dict[str, str]]:
    """Return the columns of a layer that hold words, with the Chinese label of each word."""
    cards = {name: card.values for name, card in run.columns.get(layer, {}).items()}  # noqa: PD011 - a card, no frame
    return {name: {word: zh for word, (zh, _) in words.items()} for name, words in cards.items() if words}


def readable(unit: str, values: ArrayLike) -> tuple[str, float]:
    """Return the Chinese unit in which planners read a column, and the factor to it.

    Parameters
    ----------
    unit : str
        The column's unit.
    values : array, shape (n,)
        The column; its largest value decides. [unit]

    Examples
    --------
    >>> readable("MWh/a", [120_000.0, 400.0])
    ('亿千瓦时/年', 1e-05)
    """
    numbers = np.abs(np.asarray(values, dtype=float))
    largest = float(np.max(numbers, where=np.isfinite(numbers), initial=0.0))
    size, word = step_for(largest, ladder(unit)[0])
    return word, 1 / size


def is_range_end(column: str) -> bool:
    """Tell whether a column is the low or high end of a range."""
    return bool(re.search(r"_(low|high|p\d+)(_|$)", column))


def main_output(analysis: Analysis, columns: Iterable[str]) -> str | None:
    """Return the output by which a map of an analysis is coloured, among the `columns` at hand.

    That is the first one whose unit stands first in `MAIN_UNITS`, else the first extensive one. A low or high end of a
    range is taken only when there is nothing else.
    """
    at_hand = set(columns)
    outputs = [o for o in analysis.outputs if o.name in at_hand]
    outputs = [o for o in outputs if not is_range_end(o.name)] or outputs
    for unit in MAIN_UNITS:
        for output in outputs:
            if output.unit == unit:
                return output.name
    return next((o.name for o in outputs if o.extensive), outputs[0].name if outputs else None)
