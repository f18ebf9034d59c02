"""The controls of a map page in a real browser without network: search, measuring, links, paper, time."""

from __future__ import annotations

import base64
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

from changping_geo.present.mapspec import read_mapspec
from changping_geo.present.page_time import town_series
from changping_geo.present.webmap import write_map

HERE = Path(__file__).parent
LAYER = "PlanMap.app.layers.sites"
READY = "window.PlanMap && PlanMap.app && PlanMap.app.idle()"
SPEC = """
title_zh = "屋顶光伏潜力"
title_en = "Rooftop PV potential"
analysis = "rooftop_pv"
[towns]
column = "pv_energy_mwh_a"
[[layers]]
layer = "sites"
draw = "points"
column = "kind"
time = "ports"
search = ["name", "site_id"]
[layers.colours]
fast = "#0077bb"
slow = "#ee7733"
"""
MONTHS = [f"pv_energy_mwh_m{month:02d}" for month in range(1, 13)]


def _browser_module():
    spec = importlib.util.spec_from_file_location("chromium_of_tests", HERE / "test_browser.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _with_months(run):
    result = run.results["rooftop_pv"]
    year = result.by_town["pv_energy_mwh_a"]
    shares = (1 + np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, 12))) / 12
    months = pd.DataFrame({name: year * share for name, share in zip(MONTHS, shares, strict=True)}, index=year.index)
    return replace(run, results={"rooftop_pv": replace(result, tables={"monthly_by_town": months})})


@pytest.fixture(scope="module")
def run(make_rich_run):
    return _with_months(make_rich_run())


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "page.toml"
    path.write_text(SPEC, encoding="utf-8")
    return read_mapspec(path)


@pytest.fixture(scope="module")
def opened(run, spec, tmp_path_factory):
    """A map with every control, opened once; tests leave it as they found it."""
    tools = _browser_module()
    if tools.CHROMIUM is None:
        pytest.skip("no Chromium found on this machine")
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_map(run, spec, path)
    with tools.browsing() as browser:
        browser.open(path)
        browser.wait(READY)
        yield browser
        assert browser.complaints() == []
        assert browser.requests() == []


@pytest.fixture
def page(opened):
    yield opened
    opened.js("PlanMap.app.map.closePopup();PlanMap.app.measure.stop();PlanMap.app.language('zh');PlanMap.app.fit();0")


def press(page, key, code=0, text=""):
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "",
                  windowsVirtualKeyCode=code)  # fmt: skip


def ask(page, text):
    page.js(f"(function(s){{s.focus();s.value={text!r};s.oninput();return 0}})(document.getElementById('search'))")
    page.wait(f"PlanMap.app.search.done === {text.lower()!r}")
    return page.js("PlanMap.app.search.found.map(function(one){return one.label[0]})")


def test_search_finds_a_part_of_a_chinese_name_and_the_keyboard_opens_it(page):
    assert ask(page, "东庄") == ["东庄镇"]
    assert page.js("document.getElementById('search').getAttribute('aria-expanded')") == "true"
    press(page, "Enter", 13, "\r")
    assert "东庄镇" in page.js("document.querySelector('.card h2').textContent")
    assert page.js("document.getElementById('found').hidden")


def test_search_finds_english_names_whatever_their_case_and_rows_by_their_columns(page):
    assert ask(page, "XISHAN") == ["西山街道"]
    found = ask(page, "充电站")
    assert found == ["充电站甲"]
    press(page, "ArrowDown", 40)
    press(page, "Enter", 13, "\r")
    assert page.js("document.querySelector('.card h2').textContent") == "充电站甲"
    assert page.js("PlanMap.app.map.getZoom()") >= 15


def test_search_tells_when_there_is_nothing_and_escape_closes_it(page):
    assert ask(page, "qqqq") == []
    assert "没有找到" in page.js("document.getElementById('found').textContent")
    press(page, "Escape", 27)
    assert page.js("document.getElementById('found').hidden")


def test_what_search_shows_of_a_hostile_name_is_text(page, hostile):
    assert any(hostile in label for label in ask(page, "hyperlink"))
    assert page.js("document.querySelectorAll('#found img').length") == 0


def test_distances_and_areas_are_those_of_the_ellipsoid(page):
    geod = Geod(ellps="WGS84")
    corners = [(115.9, 40.0), (116.4, 40.05), (116.3, 40.4), (116.0, 40.3)]
    written = "[" + ",".join(f"L.latLng({lat},{lng})" for lng, lat in corners) + "]"
    area, perimeter = geod.polygon_area_perimeter(*zip(*corners, strict=True))
    assert page.js(f"Measure.area({written})") == pytest.approx(abs(area), rel=1e-5)
    assert page.js(f"Measure.length({written},true)") == pytest.approx(perimeter, rel=1e-9)
    far = geod.inv(-0.1, 51.5, 116.4, 39.9)[2]
    assert page.js("Measure.distance(L.latLng(51.5,-0.1),L.latLng(39.9,116.4))") == pytest.approx(far, abs=0.001)
    assert page.js("Measure.distance(L.latLng(40,116),L.latLng(40,116))") == 0


def test_areas_are_told_in_square_metres_mu_hectares_and_square_kilometres(page):
    assert page.js("Measure.areas(2e6)") == [
        ["2,000,000 平方米", "2,000,000 m²"], ["3,000 亩", "3,000 mu"],
        ["200 公顷", "200 ha"], ["2.00 平方公里", "2.00 km²"],
    ]  # fmt: skip
    assert page.js("Measure.metres(512.34)") == ["512.3 米", "512.3 m"]
    assert page.js("Measure.metres(12345.6)") == ["12.346 公里", "12.346 km"]


def test_a_line_is_measured_by_clicks_and_escape_cancels_it(page):
    page.js("document.getElementById('tool-line').click()")
    for x, y in ((600, 300), (800, 400)):
        page.click(x, y)
    assert page.js("PlanMap.app.measure.points.length") == 2
    assert "公里" in page.js("document.getElementById('tool-told').innerText")
    assert page.js("document.querySelector('.card')") is None
    page.js("PlanMap.app.language('en')")
    assert " km" in page.js("document.getElementById('tool-told').innerText")
    press(page, "Escape", 27)
    assert page.js("PlanMap.app.measure.mode") == ""
    assert page.js("document.getElementById('tool-told').textContent") == ""


def test_an_area_can_be_measured_with_the_keyboard_alone(page):
    page.js("document.getElementById('tool-area').click()")
    for step in ("[0,0]", "[120,0]", "[0,120]"):
        page.js(f"PlanMap.app.map.panBy({step},{{animate:false}});0")
        press(page, " ", 32, " ")
    press(page, "Enter", 13, "\r")
    assert page.js("PlanMap.app.measure.points.length") == 3
    assert page.js("PlanMap.app.measure.live") is False
    assert "亩" in page.js("document.getElementById('tool-told').innerText")


def test_a_link_leads_back_to_the_same_view_and_language(page):
    page.js("location.hash = '#13.5/39.76000/116.81000/en'")
    page.wait("document.documentElement.lang === 'en'")
    assert page.js("[PlanMap.app.map.getZoom(), PlanMap.app.map.getCenter().lat]") == [
        13.5,
        pytest.approx(39.76, abs=1e-4),
    ]
    page.js("PlanMap.app.map.setView([39.75, 116.80], 12, {animate: false}); 0")
    page.wait("location.hash === '#12/39.75000/116.80000/en'")
    page.js("location.hash = '#rubbish'")
    assert page.js("PlanMap.app.map.getZoom()") == 12


def test_the_coordinates_of_the_pointer_are_told(page):
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=683, y=384)
    text = page.js("document.getElementById('coordinates').textContent")
    where = page.js("(function(p){return [p.lng,p.lat]})(PlanMap.app.map.containerPointToLatLng([683,384]))")
    assert text.startswith(f"{where[0]:.5f}°E  {where[1]:.5f}°N")
    assert "CGCS2000" in text


@pytest.mark.parametrize(("size", "points"), [("A4", (841.9, 595.3)), ("A3", (1190.6, 841.9))])
def test_paper_is_one_landscape_page_with_title_legend_scale_and_sources(page, size, points):
    before = page.js("[PlanMap.app.map.getZoom(), PlanMap.app.map.getCenter().lat]")
    page.js(f"PlanMap.app.sheet.paper({size!r}); PlanMap.app.sheet.lay(); 0")
    text = page.js("document.getElementById('sheet').innerText")
    for part in ("屋顶光伏潜力", "图例", "比例尺约 1 :", "数据来源", "打印日期", "用途：内部", "演示用图"):
        assert part in text
    assert page.js("getComputedStyle(document.getElementById('panel')).display") == "none"
    pdf = base64.b64decode(page.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1
    box = pdf[pdf.index(b"/MediaBox") :].split(b"[", 1)[1].split(b"]", 1)[0].split()
    assert [float(x) for x in box[2:]] == pytest.approx(points, abs=1)
    page.js("PlanMap.app.sheet.lift(); 0")
    assert page.js("[PlanMap.app.map.getZoom(), PlanMap.app.map.getCenter().lat]") == pytest.approx(before, abs=1e-3)


def test_months_share_their_classes_and_the_slider_recolours_the_towns(page, run, spec):
    series = town_series(run, spec)
    table = run.results["rooftop_pv"].tables["monthly_by_town"]
    codes = run.layers["towns"].data["town_code"]
    edges = series["legend"]["edges"][1:-1]
    assert series["classes"][6] == [int(np.searchsorted(edges, v, side="right")) for v in table.loc[codes, MONTHS[6]]]
    assert series["steps"][6] == ("7月", "July")
    page.js("PlanMap.app.sliders[0].show(6); 0")
    fills = page.js(
        "Array.from(document.querySelectorAll('path.town')).map(function(p){return p.getAttribute('fill')})"
    )
    assert sorted(fills) == sorted(series["legend"]["colours"][at] for at in series["classes"][6])
    assert "7月" in page.js("document.querySelector('.legend-towns').innerText")
    assert page.js("PlanMap.app.sliders[0].input.getAttribute('aria-valuetext')") == "7月"
    page.js("PlanMap.app.sliders[0].play(); 0")
    assert page.js("PlanMap.app.sliders[0].at") == 7
    page.js("PlanMap.app.sliders[0].stop(); PlanMap.app.sliders[0].show(-1); 0")
    assert "7月" not in page.js("document.querySelector('.legend-towns').innerText")


def test_rows_of_a_phase_are_shown_up_to_it_or_alone(page):
    left = f"{LAYER}.mask ? {LAYER}.left : {LAYER}.count"
    box = "document.querySelectorAll('.more details')[1].querySelector('input[type=checkbox]')"
    page.js("PlanMap.app.sliders[1].show(1); 0")
    assert page.js(left) == 2
    page.js(f"(function(b){{b.checked=false;b.onchange();return 0}})({box})")
    assert page.js(left) == 1
    page.js(f"(function(b){{b.checked=true;b.onchange();return 0}})({box})")
    page.js("PlanMap.app.sliders[1].show(-1); 0")
    assert page.js(left) == 3


def test_years_called_after_each_other_are_steps_in_order(make_rich_run, spec):
    run = make_rich_run()
    result = run.results["rooftop_pv"]
    energy = result.by_town["pv_energy_mwh_a"]
    table = result.by_town.assign(heat_2030=energy * 2, heat_2025=energy, heat_2030_low=0.0)
    grown = replace(run, results={"rooftop_pv": replace(result, by_town=table)})
    series = town_series(grown, replace(spec, towns=replace(spec.towns, column="heat_2025")))
    assert series["steps"] == [("2025年", "2025"), ("2030年", "2030")]
    assert all(late >= early for early, late in zip(*series["classes"], strict=True))


def test_a_map_without_months_has_no_series(make_rich_run, spec):
    assert town_series(make_rich_run(), spec) is None


def test_the_phone_has_every_tool_within_its_width(opened, run, spec, tmp_path):
    write_map(run, spec, tmp_path / "page.html")
    opened.open(tmp_path / "page.html", 360, 740, mobile=True)
    opened.wait(READY)
    assert opened.js("document.documentElement.scrollWidth") <= 360
    rights = opened.js(
        "Array.from(document.querySelectorAll('.tool')).map(function(b){return b.getBoundingClientRect().right})"
    )
    assert len(rights) == 4
    assert max(rights) <= 352
    assert opened.js(
        "Array.from(document.querySelectorAll('.tool,#search')).every(function(b){return b.getAttribute('aria-label')})"
    )
