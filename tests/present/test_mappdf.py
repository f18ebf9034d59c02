"""Maps on paper without a browser: one A3 page whose text is text, with the classes of the page."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from changping_geo.errors import SpecError
from changping_geo.present import mappdf, pdffont
from changping_geo.present.mapdata import page_data
from changping_geo.present.mappdf import round_scale, write_map_pdf, write_map_pdfs
from changping_geo.present.mapspec import read_mapspec
from changping_geo.present.pdffont import PrintFont
from changping_geo.present.pdflayers import classes_of

SPEC = """
title_zh = "屋顶光伏潜力"
title_en = "Rooftop PV $potential$"
about_zh = "说明"
analysis = "rooftop_pv"
[towns]
column = "pv_energy_mwh_a"
[[layers]]
layer = "carbon_density"
draw = "raster"
palette = "green"
[[layers]]
layer = "rooftops"
draw = "packed"
column = "pv_capacity_kw"
[[layers]]
layer = "sites"
draw = "points"
column = "kind"
size = "ports"
[layers.colours]
fast = "#0077bb"
slow = "#ee7733"
"""
ON = date(2026, 3, 4)


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "page.toml"
    path.write_text(SPEC, encoding="utf-8")
    return read_mapspec(path)


def words(path):
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext found on this machine")
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout


def test_a_sheet_is_one_a3_page_that_is_the_same_each_time(rich_run, spec, tmp_path):
    first, again = tmp_path / "a.pdf", tmp_path / "b.pdf"
    for path in (first, again):
        write_map_pdf(rich_run, spec, path, on=ON)
    data = first.read_bytes()
    assert data == again.read_bytes()
    assert len(re.findall(rb"/Type /Page\b", data)) == 1
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", data)
    assert [float(x) for x in box.groups()] == pytest.approx([1190.55, 841.89], abs=0.1)


def test_the_text_of_a_sheet_is_text_in_chinese(rich_run, spec, tmp_path):
    if not pdffont.print_font().chinese:
        pytest.skip("no font with Chinese letters found on this machine")
    write_map_pdf(rich_run, spec, tmp_path / "a.pdf", on=ON)
    text = words(tmp_path / "a.pdf")
    for part in ("测试区屋顶光伏潜力", "$potential$", "图例", "推荐站址", "碳密度", "快充", "数据来源", "2026-03-04",
                 "用途：内部", "演示用图", "东庄镇", "1 : "):  # fmt: skip
        assert part in text


def test_without_a_chinese_font_labels_are_english_and_that_is_told(rich_run, spec, tmp_path, monkeypatch, caplog):
    pdffont.print_font.cache_clear()
    monkeypatch.setattr(pdffont, "FAMILIES", ("No Such Family",))
    with caplog.at_level(logging.WARNING):
        assert pdffont.print_font() == PrintFont(("DejaVu Sans",), chinese=False, kind=42)
    assert "no font with Chinese letters" in caplog.text
    write_map_pdf(rich_run, spec, tmp_path / "a.pdf", on=ON)
    pdffont.print_font.cache_clear()
    text = words(tmp_path / "a.pdf")
    assert "Legend" in text
    assert "Dongzhuang" in text
    assert "For demonstration only" in text
    assert not re.search("[\u4e00-\u9fff]", text)


def test_classes_on_paper_are_those_of_the_page(rich_run, spec):
    page = page_data(rich_run, spec).data
    values = rich_run.results["rooftop_pv"].by_town["pv_energy_mwh_a"].iloc[:4]
    shown = [town["properties"]["class"] for town in page["towns"]["features"]["features"]]
    assert classes_of(values, page["towns"]["legend"]).tolist() == shown
    assert (
        classes_of(values * np.nan, page["layers"][1]["legend"]).tolist()
        == [len(page["layers"][1]["legend"]["colours"]) - 1] * 4
    )


def test_a_hostile_name_is_neither_formula_nor_fault(rich_run, spec, tmp_path, hostile):
    layers = dict(rich_run.layers)
    towns = layers["towns"]
    named = towns.data.assign(name_zh=["$x^2$", r"\frac{1}{2}", "\x00\x07\ufffe", hostile])
    layers["towns"] = replace(towns, data=named)
    write_map_pdf(replace(rich_run, layers=layers), spec, tmp_path / "a.pdf", on=ON)
    assert "$x^2$" in words(tmp_path / "a.pdf")


def test_a_sheet_for_the_public_needs_its_approval_number_and_shows_no_single_rows(rich_run, spec, tmp_path):
    with pytest.raises(SpecError, match="审图号"):
        write_map_pdf(rich_run, spec, tmp_path / "a.pdf", "public")
    public = replace(spec, map_approval_number="京S(2024)000号", boundary_source="test office")
    write_map_pdf(rich_run, public, tmp_path / "a.pdf", "public", on=ON)
    text = words(tmp_path / "a.pdf")
    assert "京S(2024)000号" in text
    assert "快充" not in text


def test_all_maps_of_a_run_are_written_and_share_their_base_map(rich_run, spec, tmp_path, monkeypatch):
    made = []
    whole = mappdf.paper_ground
    monkeypatch.setattr(mappdf, "paper_ground", lambda *given: made.append(1) or whole(*given))
    files = write_map_pdfs(rich_run, [spec, replace(spec, name="other")], tmp_path, ON)
    assert [path.name for path in files] == ["page.pdf", "other.pdf"]
    assert all(path.read_bytes().startswith(b"%PDF") for path in files)
    assert len(made) == 1


@pytest.mark.parametrize(("least", "number"), [(187_000, 200_000), (200_000, 200_000), (101, 125), (8_100, 10_000)])
def test_scales_are_the_next_round_number(least, number):
    assert round_scale(least) == number
