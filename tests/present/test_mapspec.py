from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from changping_geo.model import SpecError
from changping_geo.present.map_parts import delivered, of_run
from changping_geo.present.mapspec import Coloured, read_mapspec, shown_column
from changping_geo.present.webmap import write_map

MAPS = Path(__file__).parents[2] / "maps"
GOOD = """
title_zh = "图"
title_en = "Map"
analysis = "rooftop_pv"
[towns]
column = "pv_energy_mwh_a"
popup = ["pv_capacity_kw"]
"""
LAYER = """
[groups]
data = ["数据", "Data"]
[[layers]]
layer = "rooftops"
draw = "packed"
group = "data"
column = "kw"
"""


def _write(tmp_path, text, name="page.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_short_map_has_sensible_defaults(tmp_path):
    spec = read_mapspec(_write(tmp_path, GOOD))
    assert (spec.name, spec.language, spec.base_maps[0]) == ("page", "zh", "plain")
    assert spec.towns.popup == ("pv_capacity_kw",)
    assert spec.layers == ()


def test_layers_come_in_the_order_in_which_they_are_written(tmp_path):
    more = LAYER + '[[layers]]\nlayer = "stations"\ndraw = "points"\ncolour = "#123456"\n'
    spec = read_mapspec(_write(tmp_path, GOOD + more))
    assert [drawn.key for drawn in spec.layers] == ["rooftops", "stations"]
    assert spec.groups == {"data": ("数据", "Data")}


def test_pages_tell_others_how_a_layer_is_coloured(tmp_path):
    spec = read_mapspec(_write(tmp_path, GOOD + LAYER.replace('"kw"', '"kw"\npalette = "blue"')))
    assert shown_column(spec, "rooftops") == Coloured("kw", "rooftops", "blue")
    assert shown_column(spec, "towns") == Coloured("pv_energy_mwh_a")
    assert shown_column(spec, "roads") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('draw = "packed"', 'draw = "svg"', "draw: 'svg' is unknown; use: packed, shapes, points, raster"),
        ('draw = "packed"', "", r"\[\[layers\]\] 1 lacks 'draw'"),
        ('group = "data"', 'group = "date"', r"group 'date' is not in \[groups\]; there are: data"),
        ('column = "kw"', "", "a column, or one colour"),
        ('column = "kw"', 'colour = "red"', "'red' is no colour; write it as #rrggbb"),
        ('column = "kw"', 'column = "kw"\ncolour = "#123456"', "column and colour exclude each other"),
        ('column = "kw"', 'column = "kw"\nmin_zoom = 15\nmax_zoom = 9', "must rise within 0 to 22"),
        ('column = "kw"', 'column = "kw"\nopacity = 2.0', "opacity = 2.0; use 0 to 1"),
        ('column = "kw"', 'column = "kw"\nradius_px = -1', "radius_px = -1; it cannot be negative"),
        ('column = "kw"', 'column = "kw"\ngrid = "max"', "grid: 'max' is unknown; use: sum, mean"),
        ('column = "kw"', 'colour = "#123456"\ngrid_m = 500', "grid_m needs grid_column"),
        ('column = "kw"', 'column = "kw"\nsize = "kw"', 'size is for draw = "points"'),
        ('draw = "packed"', 'draw = "raster"', "a raster has no column"),
        ('column = "kw"', 'column = "kw"\n[[layers]]\nlayer = "rooftops"\ndraw = "packed"\ncolumn = "b"', "is taken"),
        ('data = ["数据", "Data"]', 'data = ["数据"]', "must be a Chinese and an English title"),
        ('column = "kw"', 'column = "kw"\ncolours = {a = 1}', "colours must be a table of texts"),
    ],
)
def test_faults_of_a_layer_are_told_by_name(tmp_path, old, new, message):
    with pytest.raises(SpecError, match=message):
        read_mapspec(_write(tmp_path, GOOD + LAYER.replace(old, new)))


def test_an_empty_page_is_refused(tmp_path):
    with pytest.raises(SpecError, match="the map shows nothing"):
        read_mapspec(_write(tmp_path, GOOD.partition("[towns]")[0]))


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
        (
            'analysis = "rooftop_pv"',
            'analysis = "rooftop_pv"\nuse = "secret"',
            "use: 'secret' is unknown; use: internal, public",
        ),
        ('analysis = "rooftop_pv"', 'analysis = "rooftop_pv"\nground = ["moon"]', "ground: 'moon' is unknown"),
        ('analysis = "rooftop_pv"', 'analysis = "rooftop_pv"\nlayers = 3', "'layers' must be tables"),
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


OPTIONAL = """
[groups]
pv = ["光伏", "PV"]
heat = ["供热", "Heat"]
[[layers]]
layer = "rooftops"
draw = "packed"
group = "pv"
column = "pv_capacity_kw"
[[layers]]
layer = "parcels"
draw = "shapes"
group = "heat"
when = ["heat_pumps"]
column = "heat_mwh_a"
[[layers]]
layer = "sites"
draw = "points"
group = "pv"
when = ["rooftop_pv"]
optional = true
colour = "#123456"
"""


def test_a_layer_of_an_analysis_that_did_not_run_is_left_out_with_its_group(tmp_path, small_run):
    spec = read_mapspec(_write(tmp_path, GOOD + OPTIONAL))
    fitted = of_run(small_run, spec)
    assert [drawn.key for drawn in fitted.layers] == ["rooftops", "sites"]
    assert list(fitted.groups) == ["pv"]
    assert fitted.analyses == ("rooftop_pv",)
    more = replace(small_run, results={**small_run.results, "heat_pumps": small_run.results["rooftop_pv"]})
    assert of_run(more, spec).analyses == ("rooftop_pv", "heat_pumps")
    assert of_run(more, spec).layers == spec.layers


def test_an_optional_layer_is_left_out_where_nobody_made_it(tmp_path, small_run, rich_run):
    spec = of_run(small_run, read_mapspec(_write(tmp_path, GOOD + OPTIONAL)))
    assert [drawn.key for drawn in delivered(small_run, spec).layers] == ["rooftops"]
    assert [drawn.key for drawn in delivered(rich_run, spec).layers] == ["rooftops", "sites"]


def test_a_page_is_written_without_what_the_run_lacks(tmp_path, small_run):
    write_map(small_run, read_mapspec(_write(tmp_path, GOOD + OPTIONAL)), tmp_path / "a.html")
    assert "heat_mwh_a" not in (tmp_path / "a.html").read_text(encoding="utf-8")
