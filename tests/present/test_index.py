"""The door of a run folder: findings, pictures, tables, status, notes, changed parameters, files by use."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from changping_geo.model import Status
from changping_geo.present.index import write_index
from changping_geo.present.mapspec import MapSpec, Towns

SPEC = MapSpec("rooftop_pv", "屋顶光伏图", "Rooftop map", "rooftop_pv", Towns("pv_energy_mwh_a"))
FILES = (
    "testland.xlsx",
    "maps/rooftop_pv.html",
    "gis/testland.gpkg",
    "gis/testland.gdb",
    "gis/shp/rooftops.shp",
    "gis/layers.json",
    "tables/rooftop_pv_by_town.csv",
    "tables/rooftop_pv_monthly.csv",
    "tables/parameters.csv",
    "grids/a.nc",
    "set_aside.gpkg",
    "provenance.json",
)


@pytest.fixture
def door(tmp_path):
    """Return a function that writes the page of a run and gives its HTML."""

    def write(run, files=FILES, specs=(SPEC,)):
        write_index(run, tmp_path, [Path(name) for name in files], specs)
        return (tmp_path / "index.html").read_text(encoding="utf-8")

    return write


def section(html, name):
    return html.split(f'<section id="{name}"')[1].split("</section>")[0]


def bare(html):
    return re.sub(r"<[^>]*>", "|", html)


def test_figures_stand_in_both_unit_systems_with_their_range(small_run, door):
    table = small_run.results["rooftop_pv"].by_town
    table.loc["district", "pv_capacity_kw"] = 2_746_000.0
    table["pv_capacity_kw_low"], table["pv_capacity_kw_high"] = 1_860_000.0, 3_560_000.0
    found = bare(section(door(small_run), "findings"))
    assert "275 万千瓦" in found
    assert "2.75 GW" in found
    assert "范围 186 – 356 万千瓦" in found
    assert "range 1.86 – 3.56 GW" in found


def test_an_analysis_leads_to_the_map_of_its_results(small_run, door):
    other = replace(SPEC, name="sunny")
    assert 'href="./maps/sunny.html"' in section(door(small_run, ("maps/sunny.html",), (other,)), "findings")
    assert "href" not in section(door(small_run, (), (other,)), "findings")


def test_each_map_has_its_picture_and_the_ends_of_its_legend(small_run, door):
    maps = section(door(small_run, (*FILES, "maps/other.html")), "maps")
    assert maps.count("data:image/png;base64,") == 1
    assert "屋顶光伏图" in maps
    assert 'href="./maps/other.html"' in maps
    assert re.search(r"&lt; [\d.,]+|&#60; [\d.,]+", maps)


def test_the_page_asks_for_nothing_outside(small_run, door):
    html = door(small_run)
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html
    assert not re.search(r"""(?:src|href)=["'](?!\./|#|data:image/png)""", html)


def test_what_was_lost_or_guessed_is_told_and_hostile_reasons_stay_text(small_run, door, hostile):
    html = door(small_run)
    told = section(html, "attention")
    assert "读入 53 行，搁置 2 行" in told
    assert "修复 1 行" in told
    assert "GBK guessed" in told
    assert "2 个参数中有 1 个" in bare(told)
    assert hostile not in html


def test_a_changed_parameter_stands_beside_its_standard_value(small_run, door):
    changed = bare(section(door(small_run), "changed"))
    assert "可用" in changed or "工业屋顶可用比例" in changed
    assert "0.7" in changed
    assert "0.6" in changed
    assert "module" not in changed
    settings = tuple(replace(s, value=s.card.value) for s in small_run.analyses["rooftop_pv"].settings)
    run = replace(small_run, analyses={"rooftop_pv": replace(small_run.analyses["rooftop_pv"], settings=settings)})
    assert 'id="changed"' not in door(run)


def test_the_status_of_each_analysis_names_what_is_made_up(small_run, door):
    data = bare(section(door(small_run), "data"))
    assert re.search(r"合成示例数据\|+[^|]*\|*synthetic demonstration data\|+建筑屋顶", data)
    official = {n: replace(layer, status=Status.OFFICIAL) for n, layer in small_run.layers.items()}
    analyses = {n: replace(a, status=Status.OFFICIAL) for n, a in small_run.analyses.items()}
    assert "不可用于决策" not in door(replace(small_run, layers=official, analyses=analyses))


def test_files_are_grouped_by_use_and_say_what_opens_them(small_run, door):
    files = section(door(small_run), "files")
    groups = re.findall(r"<summary>(.*?)</summary>.*?<tbody>(.*?)</tbody>", files, re.DOTALL)
    names = {bare(title).split("|")[1]: re.findall(r'href="\./([^"]*)"', rows) for title, rows in groups}
    assert names["报告与工作簿"] == ["testland.xlsx"]
    assert names["地理数据（全部图层）"] == ["gis/testland.gdb", "gis/testland.gpkg"]
    assert names["地理数据（单个图层）"] == ["gis/shp/rooftops.shp"]
    assert names["计算依据"] == ["gis/layers.json", "provenance.json", "set_aside.gpkg"]
    assert "ArcGIS、超图、QGIS" in files
    assert "屋顶光伏：各镇街" in files
    assert sum(map(len, names.values())) == len(FILES)


def test_small_tables_are_on_the_page_and_large_ones_are_not(small_run, door):
    result = small_run.results["rooftop_pv"]
    result.tables["kinds"] = pd.DataFrame(
        {"name_zh": ["甲"], "name_en": ["A"], "use": ["housing"], "rank": [3], "pv_energy_mwh_a": [120_000.0]}
    )
    result.tables["long"] = pd.DataFrame({"pv_energy_mwh_a": range(100)})
    towns = section(door(small_run), "towns")
    assert towns.count("<table") == 3
    assert '<span class="zh" lang="zh">甲</span><span class="en" lang="en">A</span>' in towns
    assert '<span class="zh" lang="zh">住宅</span>' in towns
    assert '<td data-value="120000.0"><span class="zh" lang="zh">1.20</span>' in towns


def test_outside_has_a_row_only_where_something_lies_outside(small_run, door):
    assert "区外" not in section(door(small_run), "towns")
    small_run.results["rooftop_pv"].by_town.loc["outside", "pv_energy_mwh_a"] = 1.0
    assert "区外" in section(door(small_run), "towns")
