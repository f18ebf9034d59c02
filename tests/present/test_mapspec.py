from __future__ import annotations

from pathlib import Path

import pytest

from changping_geo.model import SpecError
from changping_geo.present.mapspec import read_mapspec

MAPS = Path(__file__).parents[2] / "maps"
GOOD = """
title_zh = "图"
title_en = "Map"
analysis = "rooftop_pv"
[towns]
column = "pv_energy_mwh_a"
popup = ["pv_capacity_kw"]
"""


def _write(tmp_path, text, name="page.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_short_map_has_sensible_defaults(tmp_path):
    spec = read_mapspec(_write(tmp_path, GOOD))
    assert (spec.name, spec.language, spec.base_maps[0]) == ("page", "zh", "plain")
    assert spec.towns.popup == ("pv_capacity_kw",)
    assert spec.roofs is None


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.toml")), ids=lambda p: p.stem)
def test_the_maps_of_the_project_are_well_formed(path):
    assert read_mapspec(path).title_zh


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title_en = "Map"', 'titel_en = "Map"', "unknown entry 'titel_en'"),
        ('title_en = "Map"', "", "lacks 'title_en'"),
        ("popup =", "popups =", r"\[towns\] has the unknown entry 'popups'; known are: column"),
        ('popup = ["pv_capacity_kw"]', 'popup = "pv_capacity_kw"', "popup must be a list of words"),
        ('popup = ["pv_capacity_kw"]', "classes = 12", "use 1 to 9"),
        ('popup = ["pv_capacity_kw"]', "classes = true", "classes must be a whole number"),
        ('popup = ["pv_capacity_kw"]', 'palette = "rainbow"', "'rainbow' is unknown; use: amber"),
        ('analysis = "rooftop_pv"', 'analysis = "rooftop_pv"\nlanguage = "fr"', "'fr' is unknown; use: zh, en"),
        ('analysis = "rooftop_pv"', 'analysis = "rooftop_pv"\nbase_maps = ["google"]', "'google' is unknown"),
        ('analysis = "rooftop_pv"', 'analysis = "rooftop_pv"\nroofs = 3', "'roofs' must be a table"),
    ],
)
def test_typos_are_refused_by_name(tmp_path, old, new, message):
    with pytest.raises(SpecError, match=message):
        read_mapspec(_write(tmp_path, GOOD.replace(old, new)))


def test_all_faults_are_told_at_once(tmp_path):
    text = GOOD.replace("title_zh", "titel").replace("column", "colum")
    with pytest.raises(SpecError) as told:
        read_mapspec(_write(tmp_path, text, "Bad-Name.toml"))
    assert all(word in str(told.value) for word in ("'titel'", "'title_zh'", "'colum'", "'column'", "Bad-Name"))
