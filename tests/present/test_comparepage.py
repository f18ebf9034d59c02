"""Two scenarios on one page: the same classes, a difference around zero, tables, and text that stays text."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from changping_geo.compare import Comparison, Scenario, changed_outputs, difference_table
from changping_geo.errors import SpecError
from changping_geo.present.comparepage import compare_data, write_compare
from changping_geo.present.diverging import diverging

HERE = Path(__file__).parent


def pair(run, factors, title="高密度"):
    """Compare a run with itself, the energy of each town multiplied by a factor."""
    result = run.results["rooftop_pv"]
    table = result.by_town.copy()
    table["pv_energy_mwh_a"] *= [*factors, 1.0, 1.0]
    table.loc["district", "pv_energy_mwh_a"] = table["pv_energy_mwh_a"].iloc[:-1].sum()
    other = replace(run, results={"rooftop_pv": replace(result, by_town=table)})
    chosen = pd.DataFrame([("rooftop_pv.module", "default", title)], columns=["name", "value_a", "value_b"])
    one, two = Scenario("default", "默认参数", "defaults", "", {}), Scenario("dense", title, title + "!", "", {})
    return Comparison(one, two, run, other, difference_table(run, other), chosen)


def test_both_runs_have_the_same_classes_and_zero_stands_in_the_middle(small_run):
    found = pair(small_run, (1.2, 1.0, 0.9, 0.5))
    (output,) = compare_data(found, changed_outputs(found.table))["outputs"]
    same = output["values"]["a"][1] == output["values"]["b"][1]
    assert same
    assert output["classes"]["a"][1] == output["classes"]["b"][1]
    middle = len(output["change"]["colours"]) // 2
    kinds = output["classes"]["difference"]
    assert kinds[0] > middle
    assert kinds[1] == middle
    assert kinds[3] <= kinds[2] < middle
    assert output["rows"][0]["percent"] == "+20.0%"
    assert output["rows"][3]["percent"] == "−50.0%"


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([-4.0, 0.0, 4.0], [0, 1, 2]),
        ([0.0, 0.0], [1, 1]),
        ([1.0, 1e-12], [2, 1]),
        ([np.nan, 1.0], [3, 2]),
        ([-1.0, -10.0, 100.0, 0.0], [2, 1, 6, 3]),
    ],
)
def test_a_difference_falls_in_the_class_of_its_sign_and_size(values, classes):
    legend, found = diverging(values, "m")
    assert found.tolist() == classes
    count = len(legend["colours"])
    assert all(len(labels) == count for labels in legend["labels"])
    assert max(found) < count


def test_the_folder_has_page_tables_and_workbook(small_run, tmp_path):
    found = pair(small_run, (1.2, 1.0, 0.9, 0.5), title="=1+1")
    write_compare(found, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "chosen.csv", "compare.html", "differences.csv", "differences.xlsx",
    ]  # fmt: skip
    back = pd.read_csv(tmp_path / "differences.csv", dtype={"town_code": str})
    assert back["difference"].sum() == pytest.approx(found.table["difference"].sum())
    assert len(back) == len(found.table)
    assert pd.read_csv(tmp_path / "chosen.csv")["value_b"].tolist() == ["'=1+1"]
    book = openpyxl.load_workbook(tmp_path / "differences.xlsx")
    assert book.sheetnames == ["全区差异", "分镇街差异", "方案取值"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    texts = {cell.value for cell in cells}
    assert {"方案甲", "Scenario A", "年发电量", "Annual energy", "=1+1"} <= texts
    assert "可用屋顶面积" not in texts


def test_runs_that_give_the_same_are_refused(small_run, tmp_path):
    with pytest.raises(SpecError, match="same numbers everywhere"):
        write_compare(pair(small_run, (1.0, 1.0, 1.0, 1.0)), tmp_path)


def test_the_maps_move_together_and_every_text_is_text_in_both_languages(small_run, tmp_path, hostile):
    spec = importlib.util.spec_from_file_location("chromium_of_comparison", HERE / "test_browser.py")
    tools = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tools)
    if tools.CHROMIUM is None:
        pytest.skip("no Chromium found on this machine")
    write_compare(pair(small_run, (1.2, 1.0, 0.9, 0.5), title=hostile), tmp_path)
    with tools.browsing() as browser:
        browser.open(tmp_path / "compare.html")
        browser.wait("Boolean(window.Compared)")
        assert browser.js("document.querySelector('h1 .zh').textContent") == f"测试区：默认参数 与 {hostile}"
        assert browser.js("document.querySelectorAll('path.leaflet-interactive').length") == 12
        browser.js("Compared.maps[0].setView([39.76,116.82],13,{animate:false}); 0")
        assert browser.js("Compared.maps.map(function(m){return m.getZoom()})") == [13, 13, 13]
        rows = "Array.from(document.querySelectorAll('#rows tr')).map(function(r){return r.cells[0].innerText})"
        assert browser.js(rows)[-2:] == ["区外", "全区"]
        browser.js("document.querySelectorAll('#differences th button')[3].click(); 0")
        assert browser.js(rows)[0] == "东庄镇"
        browser.js("document.getElementById('language').click(); 0")
        assert browser.js(rows)[0] == "Dongzhuang"
        assert browser.js("document.getElementById('output').selectedOptions[0].textContent") == "Annual energy"
        assert browser.js("document.querySelectorAll('img').length") == 0
        browser.open(tmp_path / "compare.html", 360, 740, mobile=True)
        assert browser.js("document.documentElement.scrollWidth") <= 360
        assert browser.complaints() == []
        assert browser.requests() == []
