"""The workbook of a run: readable, inert, and with the numbers as computed."""

from __future__ import annotations

import dataclasses
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from changping_geo.model import Result, ResultError, Status
from changping_geo.present.sheets import number_format, text_width
from changping_geo.present.workbook import write_workbook


@pytest.fixture
def opened(small_run, tmp_path):
    path = tmp_path / "testland.xlsx"
    write_workbook(small_run, path)
    return openpyxl.load_workbook(path)


def texts(sheet):
    return [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]


def every_cell(book):
    return (cell for sheet in book for row in sheet.iter_rows() for cell in row)


def test_sheets_are_named_in_chinese(opened):
    assert opened.sheetnames == [
        "说明",
        "屋顶光伏",
        "屋顶光伏·逐月",
        "建筑屋顶前1000",
        "参数",
        "列说明",
        "数据来源",
        "数据问题",
    ]


def test_the_cover_warns_of_synthetic_data_first(opened):
    cover = opened["说明"]
    assert cover["A1"].value == "测试区规划测算结果"
    assert "合成示例数据" in cover["A2"].value
    assert "decide nothing" in cover["B2"].value
    links = [cell.hyperlink.location for row in cover.iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in opened.sheetnames[1:]]


def test_official_data_need_no_colour(small_run, tmp_path):
    analysis = dataclasses.replace(small_run.analyses["rooftop_pv"], status=Status.OFFICIAL)
    write_workbook(dataclasses.replace(small_run, analyses={"rooftop_pv": analysis}), tmp_path / "o.xlsx")
    cover = openpyxl.load_workbook(tmp_path / "o.xlsx")["说明"]
    assert "正式" in cover["A2"].value
    assert cover["A2"].fill.fill_type is None


def test_towns_stand_in_units_of_planning_and_as_computed(opened, small_run):
    sheet = opened["屋顶光伏"]
    heads = {(sheet.cell(5, c).value, sheet.cell(7, c).value): c for c in range(1, sheet.max_column + 1)}
    shown, raw = heads["年发电量", "万千瓦时/年"], heads["年发电量", "MWh/a"]
    want = small_run.results["rooftop_pv"].by_town["pv_energy_mwh_a"].tolist()
    assert [sheet.cell(row, raw).value for row in range(8, 14)] == pytest.approx(want, rel=1e-15)
    assert [sheet.cell(row, shown).value for row in range(8, 14)] == pytest.approx([v / 10 for v in want], rel=1e-15)
    assert sheet.cell(13, 1).value == "全区"
    assert sheet.cell(13, 1).font.b
    assert not sheet.cell(8, 1).font.b
    assert sheet.freeze_panes == "B8"


def test_towns_are_ranked_and_drawn(opened, small_run):
    sheet = opened["屋顶光伏"]
    rows = texts(sheet)
    start = next(i for i, row in enumerate(rows) if row and str(row[0]).startswith("按年发电量排名"))
    by_town = small_run.results["rooftop_pv"].by_town.iloc[:4].sort_values("pv_energy_mwh_a", ascending=False)
    assert [row[0] for row in rows[start + 4 : start + 8]] == by_town["town_name"].tolist()
    assert sum(row[2] for row in rows[start + 4 : start + 8]) == pytest.approx(1)
    assert len(sheet._charts) == 1


def test_text_is_never_a_formula_and_stays_the_same(opened, hostile):
    kinds = {cell.data_type for cell in every_cell(opened)}
    assert "f" not in kinds
    found = [cell for cell in every_cell(opened) if cell.value == hostile]
    assert {cell.parent.title for cell in found} == {"建筑屋顶前1000", "数据来源", "数据问题"}
    assert {cell.data_type for cell in found} == {"s"}


def test_best_roofs_come_first_in_words_of_the_reader(opened, small_run):
    sheet = opened["建筑屋顶前1000"]
    rows = [row for row in sheet.iter_rows(min_row=8, values_only=True) if row[0]]
    energy = small_run.results["rooftop_pv"].features["rooftops"]["pv_energy_mwh_a"]
    assert [row[-1] for row in rows] == pytest.approx(sorted(energy, reverse=True), rel=1e-15)
    assert {row[1] for row in rows} == {"住宅", "工业"}


def test_chosen_parameters_stand_out(opened):
    sheet = opened["参数"]
    first, second = sheet.iter_rows(min_row=7, max_row=8)
    assert [cell.value for cell in first[:6]] == [
        "屋顶光伏",
        "工业屋顶可用比例",
        "Usable share, industry",
        "usable_share.industrial",
        0.7,
        0.6,
    ]
    assert first[4].fill.fgColor.rgb != second[4].fill.fgColor.rgb


def test_issues_name_their_reason_and_count(opened, hostile):
    rows = [row for row in opened["数据问题"].iter_rows(min_row=7, values_only=True) if row[0]]
    assert rows == [
        ("建筑屋顶", "修正", "ring closed", 1),
        ("建筑屋顶", "未采用", hostile, 1),
        ("建筑屋顶", "未采用", "no geometry", 1),
        ("建筑屋顶", "提示", "GBK guessed", None),
    ]


def test_odd_values_become_blank_or_text(small_run, tmp_path):
    table = pd.DataFrame(
        {"x": [np.nan, np.inf, 1.5], "t": ["a\x00\x0bb", "y" * 40_000, "https://x.org"], "b": [True, False, None]}
    )
    result = Result(small_run.results["rooftop_pv"].by_town, {}, {"a/b:c*?[" + "长" * 40: table, "A/b:c": table})
    write_workbook(dataclasses.replace(small_run, results={"rooftop_pv": result}), tmp_path / "w.xlsx")
    book = openpyxl.load_workbook(tmp_path / "w.xlsx")
    sheet = book.worksheets[2]
    assert len(sheet.title) <= 31
    rows = list(sheet.iter_rows(min_row=7, values_only=True))
    assert rows[0] == (None, "a\ufffd\ufffdb", "是")
    assert rows[1][0] is None
    assert len(rows[1][1]) == 32_767
    assert rows[2] == (1.5, "https://x.org", None)
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)


def test_sheets_of_the_same_name_stay_apart(small_run, tmp_path):
    table = pd.DataFrame({"x": [1]})
    result = Result(small_run.results["rooftop_pv"].by_town, {}, {"q?": table, "Q*": table})
    write_workbook(dataclasses.replace(small_run, results={"rooftop_pv": result}), tmp_path / "w.xlsx")
    assert openpyxl.load_workbook(tmp_path / "w.xlsx").sheetnames[2:4] == ["屋顶光伏·q·", "屋顶光伏·Q· 2"]


def test_the_same_run_gives_the_same_file(build_run, tmp_path):
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook(build_run(), tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_it_prints_on_a_page_with_its_heads_repeated(small_run, tmp_path):
    write_workbook(small_run, tmp_path / "w.xlsx")
    with zipfile.ZipFile(tmp_path / "w.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
        book = archive.read("xl/workbook.xml").decode()
    assert 'orientation="landscape"' in sheet
    assert 'fitToPage="1"' in sheet
    assert "_xlnm.Print_Titles" in book


def test_a_folder_that_cannot_be_written_is_told(small_run, tmp_path):
    with pytest.raises(ResultError, match="could not be written"):
        write_workbook(small_run, tmp_path / "missing" / "w.xlsx")


def test_a_chinese_character_is_two_wide():
    assert text_width("年 MWh") == 6


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1234.0, 5000.0], "#,##0"), ([12.0], "#,##0.0"), ([0.031], "#,##0.0000"), ([0.0], "#,##0")],
)
def test_a_column_shows_about_three_digits(values, expected):
    assert number_format(values) == expected


def test_only_headline_columns_are_printed_and_all_stand_beside_them_as_computed(small_run, tmp_path):
    analysis = small_run.analyses["rooftop_pv"]
    headline = (analysis.outputs[1].name,)
    run = dataclasses.replace(small_run, analyses={"rooftop_pv": dataclasses.replace(analysis, headline=headline)})
    write_workbook(run, tmp_path / "book.xlsx")
    write_workbook(small_run, tmp_path / "whole.xlsx")
    few = openpyxl.load_workbook(tmp_path / "book.xlsx")[analysis.title_zh]
    many = openpyxl.load_workbook(tmp_path / "whole.xlsx")[analysis.title_zh]
    numbers = len([o for o in analysis.outputs if o.name in run.results["rooftop_pv"].by_town])
    ends = sum(f"{headline[0]}{end}" in run.results["rooftop_pv"].by_town for end in ("", "_low", "_high"))
    assert many.max_column - few.max_column == numbers - ends
