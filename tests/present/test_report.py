"""The report of a run: the same content as a page and as a document, plain whatever the data say."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from docx import Document

from changping_geo.model import AnalysisError, ResultError
from changping_geo.plan.scoreboard import COLUMNS
from changping_geo.present.mapspec import MapSpec, Towns
from changping_geo.present.report import published_report, write_report
from changping_geo.present.report_chart_kinds import Series, line_chart, nice_ticks, ranked_bars, stacked_columns
from changping_geo.present.report_charts import table_charts, town_ranking
from changping_geo.present.report_content import report_of
from changping_geo.present.report_draw import Box, Word, png, svg
from changping_geo.present.report_draw import Path as Line
from changping_geo.present.report_html import html_of
from changping_geo.present.report_targets import quantity, scoreboard_of
from changping_geo.present.report_town import sheet_of, town_code
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --proxy-server=127.0.0.1:9"
)
NASTY = '<b>{{7*7}}</b>&amp;"${x}`=cmd|\x07\r\nHYPERLINK'


def board(rows: int = 27) -> pd.DataFrame:
    """A scoreboard by hand: the first target is met, the second one behind, the others unknown."""
    numbers = ("target", "year", "value", "low", "high", "value_year", "gap", "probability")
    table = pd.DataFrame({column: [np.nan if column in numbers else ""] * rows for column in COLUMNS})
    table["id"] = [f"target_{i}" for i in range(rows)]
    table["title_zh"] = [f"目标{i:02d}号" for i in range(rows)]
    table["title_en"] = [f"target no. {i:02d}" for i in range(rows)]
    table["operator"], table["unit"], table["target"], table["year"] = ">=", "m2", 100_000.0, 2025.0
    table["status"], table["scope"], table["indicator"] = "no_data", "district", table["id"]
    table.loc[0, ["value", "gap"]] = 120_000.0, -20_000.0
    table.loc[0, "status"] = "met"
    table.loc[1, ["value", "low", "high", "gap", "value_year"]] = 40_000.0, 30_000.0, 50_000.0, 60_000.0, 2024.0
    table.loc[1, ["status", "data_status", "towns_zh"]] = "behind", "synthetic", "东庄镇、南河镇"
    return table


@pytest.fixture
def planned_run(build_run):
    """A run whose analysis has a scoreboard, too."""
    run = build_run()
    run.results["rooftop_pv"].tables["plan_targets"] = board()
    return run


def spec() -> MapSpec:
    return MapSpec("rooftop_pv", "光伏图", "PV map", "rooftop_pv", Towns("pv_energy_mwh_a"))


def words_of(document: Path) -> str:
    whole = Document(str(document))
    cells = [cell.text for table in whole.tables for row in table.rows for cell in row.cells]
    return "\n".join([p.text for p in whole.paragraphs] + cells)


def test_every_target_stands_in_the_page_and_in_the_document(planned_run, tmp_path):
    page, document = write_report(planned_run, [spec()], tmp_path)
    html, words = page.read_text(encoding="utf-8"), words_of(document)
    for number in range(27):
        assert f"目标{number:02d}号" in html
        assert f"target no. {number:02d}" in html
        assert f"目标{number:02d}号" in words
    assert scoreboard_of(planned_run) is not None


def test_the_first_page_counts_the_targets_and_names_the_largest_gap(planned_run):
    blocks = report_of(planned_run).pages[0].blocks
    tiles = next(b for b in blocks if b.kind == "figures" and b.look == "tiles")
    assert [figure.value[0] for figure in tiles.figures] == ["1", "0", "1", "25"]
    gaps = next(b for b in blocks if b.kind == "table")
    assert [cell.text[0] for cell in gaps.rows[0]] == ["目标01号", "≥ 10 万平方米", "4 万平方米", "6 万平方米", "落后"]


def test_findings_are_told_in_planners_and_in_engineers_units(small_run):
    table = small_run.results["rooftop_pv"].by_town
    table.loc["district", "pv_capacity_kw"] = 123_456.0
    figures = [f for b in report_of(small_run).pages[0].blocks if b.kind == "figures" for f in b.figures]
    capacity = next(f for f in figures if f.label[1] == "Capacity")
    assert capacity.value[0] == "12.3 万千瓦"
    assert capacity.note[0] == "123 MW"
    assert capacity.value[1] == "123 MW"


def test_the_page_of_an_analysis_has_map_chart_table_method_changes_and_data(small_run):
    page = next(p for p in report_of(small_run, [spec()]).pages if p.name == "rooftop_pv")
    kinds = [block.kind for block in page.blocks]
    assert kinds[:3] == ["text", "figures", "beside"]
    assert [part.kind for part in page.blocks[2].blocks] == ["picture", "chart"]
    titles = [block.title[1] for block in page.blocks if block.kind == "table"]
    assert titles == ["Results by town", "Formulas", "Parameters changed", "Data status and issues"]
    towns = next(block for block in page.blocks if block.kind == "table")
    assert [row[0].text[0] for row in towns.rows] == ["东庄镇", "西山街道", "南河镇", "北岭镇", "全区"]
    issues = next(block for block in page.blocks if block.kind == "table" and block.title[1].startswith("Data"))
    assert "no geometry (1)" in issues.rows[1][2].note[0]


def test_the_same_run_gives_the_same_page_byte_by_byte(build_run, tmp_path):
    pages = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        pages.append(write_report(build_run(), [spec()], tmp_path / name)[0].read_bytes())
    assert pages[0] == pages[1]
    assert b"@media print" in pages[0]
    assert b"@page { size: A4" in pages[0]
    assert b"Content-Security-Policy" in pages[0]
    outside = re.findall(rb'(?:src|href|url\()\s*=?\s*["\']?(https?:)', pages[0])
    assert outside == []


def nasty_run(build_run):
    run = build_run()
    by_town = run.results["rooftop_pv"].by_town
    by_town.loc["901", ["town_name", "name_en"]] = NASTY
    run.titles["rooftops"] = (NASTY, NASTY)
    table = board(3)
    table.loc[0, ["title_zh", "title_en"]] = NASTY
    run.results["rooftop_pv"].tables["plan_targets"] = table
    return run


def test_text_from_data_is_text_in_the_page_and_no_field_in_the_document(build_run, tmp_path):
    page, document = write_report(nasty_run(build_run), [spec()], tmp_path)
    html = page.read_text(encoding="utf-8")
    assert "<b>{{" not in html
    assert "{{7*7}}" not in html
    told = writable(NASTY).replace("\r\n", "\n")
    assert words_of(document).count(told) >= 3
    fields = re.findall(r"<w:instrText[^>]*>([^<]*)", Document(str(document)).sections[0].footer._element.xml)
    assert fields == ["PAGE"]
    assert "instrText" not in Document(str(document)).element.xml


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_shows_exactly_the_text_of_the_data(build_run, tmp_path):
    page, _ = write_report(nasty_run(build_run), [spec()], tmp_path)
    probe = tmp_path / "probe.html"
    check = (
        "<script>var w=" + repr(writable(NASTY)) + ";document.title=[].filter.call(document.querySelectorAll("
        "'td,svg text'),function(c){return c.textContent===w}).length+' '+document.querySelectorAll('b b,td b').length"
        "</script></body>"
    )
    probe.write_text(page.read_text(encoding="utf-8").replace("</body>", check), encoding="utf-8", newline="\n")
    command = [CHROMIUM, *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", probe.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    count = int(re.search(r"<title>(\d+) ", dom)[1])
    assert count >= 3


def test_the_document_has_headings_for_contents_and_chinese_fonts(planned_run, tmp_path):
    _, document = write_report(planned_run, [spec()], tmp_path)
    whole = Document(str(document))
    first = [p.text for p in whole.paragraphs if p.style.name == "Heading 1"]
    assert first == ["主要结论", "规划目标对照", "屋顶光伏", "数据与台账"]
    for name in ("Normal", "Heading 1", "Heading 2", "Title"):
        assert 'w:eastAsia="' in whole.styles[name].element.xml
    assert len(whole.inline_shapes) >= 3


def test_a_table_may_ask_for_its_chart_and_a_wrong_wish_is_told(small_run, caplog):
    result, analysis = small_run.results["rooftop_pv"], small_run.analyses["rooftop_pv"]
    kinds = pd.DataFrame({"kind": ["甲", "乙", "丙"], "pv_energy_mwh_a": [3.0, 1.0, 2.0]})
    kinds.attrs["chart"] = {"kind": "bar", "x": "kind", "y": ["pv_energy_mwh_a"], "sort": True, "title_zh": "分类"}
    result.tables["kinds"] = kinds
    result.tables["wrong"] = kinds.copy()
    result.tables["wrong"].attrs = {"chart": {"kind": "bar", "x": "gone", "y": ["pv_energy_mwh_a"]}}
    charts = table_charts(small_run, analysis)
    assert charts[0].title[0] == "分类"
    shown = [shape.text[0] for shape in charts[0].drawing.shapes if isinstance(shape, Word)]
    assert [text for text in shown if text in "甲乙丙"] == ["甲", "丙", "乙"]
    assert "wrong is left out: lacks gone" in caplog.text
    assert [chart.title[0] for chart in charts[1:]] == ["逐月"]


def test_bars_are_as_long_as_their_numbers():
    drawing = ranked_bars([("甲", "a"), ("乙", "b")], [Series(("量", "v"), np.array([4.0, 1.0]))], "MW")
    boxes = [shape for shape in drawing.shapes if isinstance(shape, Box)]
    assert boxes[0].width == pytest.approx(4 * boxes[1].width)
    marked = ranked_bars([("甲", "a"), ("乙", "b")], [Series(("量", "v"), np.array([4.0, 1.0]))], "MW", marked=1)
    colours = [shape.colour for shape in marked.shapes if isinstance(shape, Box)]
    assert colours[0] != colours[1]


def test_stacked_columns_stand_on_each_other():
    series = [Series(("甲", "a"), np.array([1.0, 2.0])), Series(("乙", "b"), np.array([3.0, np.nan]))]
    drawing = stacked_columns([("1", "1"), ("2", "2")], series, "t")
    keys, boxes = 2, [shape for shape in drawing.shapes if isinstance(shape, Box)]
    low, high = boxes[keys], boxes[keys + 2]
    assert high.y + high.height == pytest.approx(low.y)
    assert high.height == pytest.approx(3 * low.height)


def test_a_missing_value_leaves_a_gap_in_a_line_and_ticks_are_round():
    drawing = line_chart(np.array([2022.0, 2025.0, 2030.0]), [Series(("a", "a"), np.array([1.0, np.nan, 3.0]))], "m3")
    lines = [shape for shape in drawing.shapes if isinstance(shape, Line) and shape.dots]
    assert [len(line.points) for line in lines] == [2]
    assert nice_ticks(0.0, 87.0) == [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    assert nice_ticks(5.0, 5.0)[0] <= 5.0


def test_a_chart_is_text_in_svg_and_a_picture_for_documents(small_run):
    chart = town_ranking(small_run, small_run.analyses["rooftop_pv"])
    drawn = svg(chart.drawing, chart.title)
    assert "<text" in drawn
    assert 'class="zh" lang="zh">东庄镇<' in drawn
    assert 'class="en" lang="en">Dongzhuang<' in drawn
    assert png(chart.drawing, "zh").startswith(b"\x89PNG")


def test_a_plan_is_quoted_with_all_its_digits_and_a_value_with_three():
    assert quantity(3_512_200, "m2", whole=True) == ("351.22 万平方米", "3.5122 km²")
    assert quantity(53_997.006, "m3") == ("5.40 万立方米", "53,997 m³")
    assert quantity(None, "m2") == ("–", "–")
    assert quantity(1, "yes/no") == ("是", "yes")


def test_the_sheet_of_a_town_tells_value_share_rank_and_targets(planned_run):
    code = town_code(planned_run, "Dongzhuang")
    assert code == town_code(planned_run, "东庄镇") == "901"
    table = planned_run.results["rooftop_pv"].by_town
    page = sheet_of(planned_run, code).pages[0]
    tables = [block for block in page.blocks if block.kind == "table"]
    assert tables[0].rows[0][0].text[0] == "目标01号"
    capacity = next(row for row in tables[1].rows if row[0].text[1] == "Capacity")
    share = table.loc["901", "pv_capacity_kw"] / table.loc["district", "pv_capacity_kw"]
    rank = int((table["pv_capacity_kw"].iloc[:4] > table.loc["901", "pv_capacity_kw"]).sum()) + 1
    assert capacity[3].text[0] == f"{share:.1%}"
    assert capacity[4].text[0] == f"{rank} / 4"
    specific = next(row for row in tables[1].rows if row[0].text[1] == "Specific yield")
    assert specific[3].text[0] == "–"


def test_an_unknown_town_is_told_with_the_known_ones(small_run):
    with pytest.raises(AnalysisError, match=r"unknown town '无'; known are: 东庄镇 \(Dongzhuang\), "):
        town_code(small_run, "无")


def test_a_run_without_a_report_is_told(tmp_path, small_run):
    with pytest.raises(ResultError, match=r"lacks report\.html, report\.docx"):
        published_report(tmp_path)
    write_report(small_run, [], tmp_path)
    copies = published_report(tmp_path, tmp_path / "there")
    assert [path.name for path in copies] == ["report.html", "report.docx"]
    assert copies[0].read_bytes() == (tmp_path / "report.html").read_bytes()


def test_both_languages_start_as_asked(small_run):
    report = report_of(small_run)
    assert '<html lang="zh"' in html_of(report)
    assert '<html lang="en"' in html_of(report, "en")
