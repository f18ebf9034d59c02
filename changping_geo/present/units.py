"""Numbers as planners read them: 万千瓦 and 亿千瓦时 beside MW and GWh. Rounding happens here, on the screen, only."""

from __future__ import annotations

import math

Step = tuple[float, str]
Ladder = tuple[tuple[Step, ...], tuple[Step, ...]]

# Per unit: (size of the shown unit in the column's unit, its word), largest first; Chinese, then English.
_CO2: Ladder = (((1e4, "万吨"), (1.0, "吨")), ((1e6, "Mt"), (1e3, "kt"), (1.0, "t")))
_CO2_A: Ladder = (((1e4, "万吨/年"), (1.0, "吨/年")), ((1e6, "Mt/a"), (1e3, "kt/a"), (1.0, "t/a")))
LADDERS: dict[str, Ladder] = {
    "kW": (((1e4, "万千瓦"), (1.0, "千瓦")), ((1e6, "GW"), (1e3, "MW"), (1.0, "kW"))),
    "MW": (((10.0, "万千瓦"), (1e-3, "千瓦")), ((1e3, "GW"), (1.0, "MW"))),
    "kWh": (((1e8, "亿千瓦时"), (1e4, "万千瓦时"), (1.0, "千瓦时")), ((1e6, "GWh"), (1e3, "MWh"), (1.0, "kWh"))),
    "MWh": (((1e5, "亿千瓦时"), (10.0, "万千瓦时"), (1e-3, "千瓦时")), ((1e3, "GWh"), (1.0, "MWh"))),
    "MWh/a": (
        ((1e5, "亿千瓦时/年"), (10.0, "万千瓦时/年"), (1e-3, "千瓦时/年")),
        ((1e3, "GWh/a"), (1.0, "MWh/a")),
    ),
    "kWh/a": (
        ((1e8, "亿千瓦时/年"), (1e4, "万千瓦时/年"), (1.0, "千瓦时/年")),
        ((1e6, "GWh/a"), (1e3, "MWh/a"), (1.0, "kWh/a")),
    ),
    "m2": (((1e4, "万平方米"), (1.0, "平方米")), ((1e6, "km²"), (1e4, "ha"), (1.0, "m²"))),
    "km2": (((1.0, "平方公里"),), ((1.0, "km²"),)),
    "t": _CO2,
    "t CO2": _CO2,
    "t CO2/a": _CO2_A,
    "t/a": _CO2_A,
    "kWh/kW": (((1.0, "千瓦时/千瓦"),), ((1.0, "kWh/kW"),)),
    "kWh/(kW a)": (((1.0, "千瓦时/千瓦"),), ((1.0, "kWh/kW"),)),
    "t C": (((1e4, "万吨碳"), (1.0, "吨碳")), ((1e6, "Mt C"), (1e3, "kt C"), (1.0, "t C"))),
    "m3": (((1e4, "万立方米"), (1.0, "立方米")), ((1e6, "million m³"), (1.0, "m³"))),
    "ha": (((1.0, "公顷"),), ((1.0, "ha"),)),
    "m2/person": (((1.0, "平方米/人"),), ((1.0, "m²/person"),)),
    "count": (((1.0, ""),), ((1.0, ""),)),
    "persons": (((1e4, "万人"), (1.0, "人")), ((1.0, "people"),)),
    "m": (((1.0, "米"),), ((1.0, "m"),)),
    "CNY": (((1e8, "亿元"), (1e4, "万元"), (1.0, "元")), ((1e6, "M CNY"), (1.0, "CNY"))),
    "1": (((0.01, "%"),), ((0.01, "%"),)),
}
_SAME = {
    "tCO2": "t CO2",
    "tCO2/a": "t CO2/a",
    "tCO₂/a": "t CO2/a",
    "t CO₂/a": "t CO2/a",
    "m²": "m2",
    "kWh/kW/a": "kWh/(kW a)",
    "kWh/(kW·a)": "kWh/(kW a)",
    "kWh/kWa": "kWh/(kW a)",
    "years": "a",
}


def ladder(unit: str) -> Ladder:
    """Return the steps of a unit; a unit that is not in the table has itself as its only step."""
    known = LADDERS.get(_SAME.get(unit, unit))
    return known or (((1.0, unit),), ((1.0, unit),))


def shown(value: float, unit: str) -> tuple[str, str]:
    """Write a number with its unit, for Chinese and for English readers.

    Parameters
    ----------
    value : float
        Any number. [unit]
    unit : str
        The column's unit, as on its card.

    Returns
    -------
    tuple of str
        Chinese and English text; ``–`` for a missing value.

    Examples
    --------
    >>> shown(123456.0, "kW")
    ('12.3 万千瓦', '123 MW')
    """
    if not math.isfinite(value):
        return "–", "–"
    zh, en = (step_for(value, steps) for steps in ladder(unit))
    whole = unit in {"count", "persons"}
    return _written(value, zh, whole=whole), _written(value, en, whole=whole)


def step_for(value: float, steps: tuple[Step, ...]) -> Step:
    """Return the largest step that does not make `value` less than one; the smallest when none fits."""
    return next((step for step in steps if abs(value) >= step[0]), steps[-1])


def number(value: float) -> str:
    """Write a number with about three significant digits: ``12,346``, ``12.3``, ``1.23``."""
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2  # noqa: PLR2004 - where rounding adds a digit
    return f"{value:,.{digits}f}"


def _written(value: float, step: Step, *, whole: bool) -> str:
    size, word = step
    scaled = value / size
    text = f"{scaled:,.0f}" if whole and size == 1 else number(scaled)
    return f"{text}{'' if word in ('', '%') else ' '}{word}"
