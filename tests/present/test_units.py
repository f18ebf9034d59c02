from __future__ import annotations

import pytest

from changping_geo.present.units import shown


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (123_456, "kW", "12.3 万千瓦", "123 MW"),
        (4_617, "kW", "4,617 千瓦", "4.62 MW"),
        (254_800, "MWh/a", "2.55 亿千瓦时/年", "255 GWh/a"),
        (7.6, "MWh/a", "7,600 千瓦时/年", "7.60 MWh/a"),
        (145_000, "t CO2/a", "14.5 万吨/年", "145 kt/a"),
        (24_300, "m2", "2.43 万平方米", "2.43 ha"),
        (0.345, "1", "34.5%", "34.5%"),
        (12, "count", "12", "12"),
        (3.14159, "furlong", "3.14 furlong", "3.14 furlong"),
        (float("nan"), "kW", "–", "–"),
    ],
)
def test_numbers_are_written_as_planners_read_them(value, unit, zh, en):
    assert shown(value, unit) == (zh, en)
