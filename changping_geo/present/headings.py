"""What the columns of a run are called, and the units in which planners read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from changping_geo.model import Analysis, Run

STANDARD = {
    "town_code": ("统计代码", "Code"),
    "town_name": ("镇街", "Town"),
    "name_zh": ("名称", "Name (Chinese)"),
    "name_en": ("英文名称", "Name (English)"),
    "data_status": ("数据状态", "Data status"),
    "reason": ("原因", "Reason"),
    "month": ("月份", "Month"),
    "year": ("年份", "Year"),
}

# Unit in tables -> unit that planners read, in Chinese and English, and the factor to it.
READABLE = {
    "kW": ("万千瓦", "10 MW", 1e-4),
    "kWp": ("万千瓦", "10 MWp", 1e-4),
    "MW": ("万千瓦", "10 MW", 1e-1),
    "kWh": ("亿千瓦时", "100 GWh", 1e-8),
    "MWh": ("亿千瓦时", "100 GWh", 1e-5),
    "GWh": ("亿千瓦时", "100 GWh", 1e-2),
    "t": ("万吨", "10 kt", 1e-4),
    "t CO2": ("万吨CO₂", "10 kt CO₂", 1e-4),
    "t C": ("万吨碳", "10 kt C", 1e-4),
    "m2": ("万平方米", "ha", 1e-4),
    "m3": ("万立方米", "10⁴ m³", 1e-4),
}

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
        return f"{self.zh} [{self.unit}]" if self.unit not in ("", "1") else self.zh

    @property
    def label_en(self) -> str:
        """The English heading, its unit in brackets."""
        return f"{self.en} [{self.unit}]" if self.unit not in ("", "1") else self.en


def heading(run: Run, column: str, *, analysis: str = "", layer: str = "") -> Heading:
    """Return what a column is called; an unknown one is called by its own name.

    Parameters
    ----------
    run : Run
        The run that the column belongs to.
    column : str
        The column.
    analysis : str
        The analysis whose outputs are looked at first; all others follow.
    layer : str
        The layer whose columns are looked at before the outputs.
    """
    if column in run.columns.get(layer, {}):
        card = run.columns[layer][column]
        return Heading(column, card.title_zh, card.title_en, card.unit)
    if column in STANDARD:
        return Heading(column, *STANDARD[column])
    for name in sorted(run.analyses, key=lambda other: other != analysis):
        for output in run.analyses[name].outputs:
            if output.name == column:
                return Heading(column, output.label_zh, output.label_en, output.unit, output.formula)
    return Heading(column, column, column)


def readable(unit: str) -> tuple[str, str, float] | None:
    """Return the unit that planners read in Chinese and English, and the factor to it; None when it is the same.

    Examples
    --------
    >>> readable("MWh/a")
    ('亿千瓦时/年', '100 GWh/a', 1e-05)
    """
    amount, slash, time = unit.translate({ord("₂"): "2", ord("²"): "2", ord("³"): "3"}).partition("/")
    if amount not in READABLE or (slash and time not in ("a", "yr", "year")):
        return None
    zh, en, factor = READABLE[amount]
    return (f"{zh}/年", f"{en}/a", factor) if slash else (zh, en, factor)


def main_output(analysis: Analysis, columns: Iterable[str]) -> str | None:
    """Return the output by which a map of an analysis is coloured, among the `columns` at hand.

    That is the first one whose unit stands first in `MAIN_UNITS`, else the first extensive one. A low or high end of a
    range is taken only when there is nothing else.
    """
    at_hand = set(columns)
    outputs = [o for o in analysis.outputs if o.name in at_hand]
    outputs = [o for o in outputs if not re.search(r"_(low|high|p\d+)(_|$)", o.name)] or outputs
    for unit in MAIN_UNITS:
        for output in outputs:
            if output.unit == unit:
                return output.name
    return next((o.name for o in outputs if o.extensive), outputs[0].name if outputs else None)
