"""Text is text: ten thousand hostile strings in every place; none runs or is evaluated, each reads back as it was."""

from __future__ import annotations

import csv
import html
import importlib.util
import json
import re
import zipfile
from collections import Counter
from dataclasses import replace
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree as ET

import ezdxf
import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from branca.element import Template

from changping_geo.layers.spec import Column
from changping_geo.model import Layer, Ledger, Made, Parameter, Setting, Status
from changping_geo.present.bundle import bundle_of
from changping_geo.present.dxf import label_text, write_dxf
from changping_geo.present.gislayers import gis_layers
from changping_geo.present.gpkg import write_layers
from changping_geo.present.index import write_index
from changping_geo.present.kml import write_kml
from changping_geo.present.layerfiles import write_geojson
from changping_geo.present.layout import literal
from changping_geo.present.mapspec import Drawn, MapSpec, Towns
from changping_geo.present.qgz import write_qgz
from changping_geo.present.style import Style, qml, sld, word_rules
from changping_geo.present.tables import restore_text, write_tables
from changping_geo.present.text import embed_json, plain, title_text, writable
from changping_geo.present.webmap import write_map
from changping_geo.present.workbook import write_workbook

COUNT = 10_000
PIECES = {
    "html": ("<script>ran=1</script>", "<img src=x onerror=ran=1>", "</script>", "</title>", "<!--", "<b>", "&lt;"),
    "attributes": ("'", '"', "' onmouseover=ran=1 x='", '"><iframe srcdoc=x>', "`", "javascript:ran=1", "&#60;"),
    "scripts": ("${ran=1}", "`+(ran=1)+`", "\\u003cb", "\\", "*/ran=1/*", "//", "\u2028", "\u2029", "__proto__"),
    "templates": ("{{7*7}}", "{% raw %}", "{% endraw %}", "{#", "#}", "{{", "}}", "{%", "%}", "# for", "##", "#{x}"),
    "drawings": ("<svg onload=ran=1>", "<svg><script href=data:,ran=1 />", "<use href=#x>", "<math><mi>"),
    "styles": ("</style>", "expression(ran=1)", "url(//x)", "@import 'x';", ";}*{display:none}", "/*"),
    "formulas": ("=1+1", '=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "＝1", "\t=1", "_x0041_", "'=1", "{=1}"),
    "projects": ("[% 1 + 1 %]", "[%", "%]", "%%d", "\\U+4E2D", "\\M+1", "$id", '"name"', "@layer_name"),
    "direction": ("\u202e", "\u202d", "\u2066", "\u2069", "\u200f", "\u200b", "\ufeff", "e\u0301"),
    "controls": ("\x00", "\x01", "\x0b", "\x1b[31m", "\x7f", "\x85", "\x9f", "\ufffe", "\r", "\n", "\t", "\r\n"),
    "surrogates": ("\ud800", "\udfff", "\udc00\ud800"),
    "words": ("沙河镇", "昌平区", "㐀", "𠮷", "🚗", "👩‍👩‍👧", "kWh", "a b", " ", "0", "NaN", "null", "true"),
}  # fmt: skip


def corpus(count: int) -> list[str]:
    """Return different strings: every piece alone, a few very long ones, then chance mixtures of one to six pieces."""
    chance = np.random.default_rng(20)
    pieces = list(chain.from_iterable(PIECES.values()))
    found = dict.fromkeys([*pieces, "长" * 20_000, "<b>" * 5_000, "{{" * 3_000, "=1" * 2_000])
    while len(found) < count:
        some = "".join(pieces[i] for i in chance.integers(0, len(pieces), chance.integers(1, 7)))
        found[some + ("", str(len(found)))[chance.integers(0, 2)]] = None
    return list(found)


TEXTS = corpus(COUNT)
SHOWN = [writable(text) for text in TEXTS]
# Files hold no lone surrogates.
IN_FILES = [re.sub("[\ud800-\udfff]", "\ufffd", text) for text in TEXTS]


def as_they_are(texts: list[str]) -> pd.Series:
    """A column that also holds what is no text in UTF-8."""
    return pd.Series(texts, dtype=object)


def one_line_end(text: str) -> str:
    """What an XML reader makes of line ends within an element."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.fixture(scope="module")
def texts_as_sites(make_rich_run):
    """A run whose analysis made one site for every string, and names words and tables after them."""
    run = make_rich_run()
    result = run.results["rooftop_pv"]
    point = result.made["sites"].data.geometry.iloc[0]
    rows = {"site_id": [f"s{i}" for i in range(COUNT)], "name": as_they_are(TEXTS)}
    data = gpd.GeoDataFrame(rows, geometry=[point] * COUNT, crs=run.frame.crs)
    headings = {"site_id": ("站址编号", "Site id"), "name": (TEXTS[0], TEXTS[1])}
    made = {"sites": Made(TEXTS[2], TEXTS[3], data, headings, {}, "site_id")}
    tables = {"words": pd.DataFrame({"text": as_they_are(TEXTS)})}
    return replace(run, results={"rooftop_pv": replace(result, made=made, tables=tables, rasters={})})


def test_the_corpus_is_large_and_holds_every_kind_of_attack():
    assert len(set(TEXTS)) == COUNT
    assert all(sum(piece in text for text in TEXTS) > 20 for pieces in PIECES.values() for piece in pieces[:2])


def test_plain_text_reads_back_and_no_template_evaluates_it():
    written = [plain(text) for text in TEXTS]
    assert [html.unescape(text) for text in written] == SHOWN
    whole = "|".join(written)
    assert not re.search(r"[<>\"'`{}$%\\]", whole)
    assert Template(whole, keep_trailing_newline=True).render() == whole


def test_titles_stand_on_one_line_and_read_back():
    for text in TEXTS:
        assert html.unescape(title_text(text)) == writable(" ".join(text.split()))


def test_embedded_json_reads_back_and_holds_nothing_active():
    code = embed_json({"texts": TEXTS, "keys": dict.fromkeys(TEXTS[:500], 1)})
    assert json.loads(code)["texts"] == SHOWN
    assert not re.search("[<>&`$%#']|{{|}}}}", code)
    assert Template(code).render() == code


def test_tables_hold_text_that_no_spreadsheet_takes_for_a_formula(texts_as_sites, tmp_path):
    write_tables(texts_as_sites, tmp_path)
    with (tmp_path / "tables" / "rooftop_pv_words.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = [row[0] for row in csv.reader(stream)][1:]
    assert [restore_text(cell) for cell in cells] == SHOWN
    assert not [cell for cell in cells if re.match(r"\s*[=+\-@＝]", cell)]


def test_the_workbook_holds_no_formula_and_the_same_text(texts_as_sites, tmp_path):
    write_workbook(texts_as_sites, tmp_path / "w.xlsx")
    book = openpyxl.load_workbook(tmp_path / "w.xlsx", read_only=True)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert not [cell.coordinate for cell in cells if getattr(cell, "hyperlink", None)]
    found = Counter(one_line_end(cell.value.replace("_x000D_", "\r")) for cell in cells if isinstance(cell.value, str))
    book.close()
    assert not Counter(map(one_line_end, SHOWN)) - found


def test_gis_files_hold_the_same_text(texts_as_sites, tmp_path):
    layers = [layer for layer in gis_layers(texts_as_sites) if layer.name == "sites"]
    write_layers(layers, {"title": TEXTS[0]}, tmp_path / "a.gpkg")
    assert pyogrio.read_dataframe(tmp_path / "a.gpkg", layer="sites")["name"].tolist() == SHOWN
    write_geojson(layers[0], tmp_path / "a.geojson")
    features = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))["features"]
    assert [feature["properties"]["name"] for feature in features] == SHOWN
    write_kml(layers, tmp_path / "a.kml", TEXTS[0])
    space = {"k": "http://www.opengis.net/kml/2.2"}
    marks = ET.parse(tmp_path / "a.kml").findall(".//k:Placemark/k:name", space)  # noqa: S314 - written above
    assert [mark.text for mark in marks] == [one_line_end(text) for text in SHOWN]


def test_a_drawing_holds_the_same_text_without_control_codes(texts_as_sites, tmp_path):
    layer = next(layer for layer in gis_layers(texts_as_sites) if layer.name == "sites")
    few = replace(layer, data=layer.data.iloc[:2500])
    write_dxf([few], tmp_path / "a.dxf", TEXTS[0])
    texts = [entity.dxf.text for entity in ezdxf.readfile(tmp_path / "a.dxf").modelspace().query("TEXT")]
    assert texts == [label_text(text) for text in TEXTS[:2500]]
    codes = re.compile(r"%%|\\U\+|\\M\+")
    for shown, written in zip(SHOWN, map(label_text, TEXTS), strict=True):
        assert not codes.search(written)
        bare = written.replace("\u200b", "")
        assert bare == " ".join(shown.split()).replace("\u200b", "")[: len(bare)]


def test_styles_and_projects_hold_the_same_text_and_nothing_to_evaluate(texts_as_sites, tmp_path):
    different = list(dict.fromkeys(SHOWN))
    rules = word_rules(dict(zip(different, different, strict=True)))
    style = Style("point", rules, "name", aliases={f"c{i}": text for i, text in enumerate(TEXTS)})
    expected = [text.replace("[%", "[ %") for text in different]
    root = ET.fromstring(qml(style))  # noqa: S314 - written above
    assert [entry.get("label") for entry in root.iter("category")] == expected
    assert [entry.get("value") for entry in root.iter("category")] == different
    assert [entry.get("name") for entry in root.iter("alias")] == [text.replace("[%", "[ %") for text in SHOWN]
    titles = ET.fromstring(sld(style, "sites")).iter("{http://www.opengis.net/sld}Title")  # noqa: S314 - written above
    assert [title.text for title in titles] == [one_line_end(text) for text in expected]
    bundle, few = bundle_of(texts_as_sites), replace(style, rules=rules[:500])
    layers = tuple(replace(la, styles={TEXTS[4]: few}) if la.name == "sites" else la for la in bundle.layers)
    write_qgz(replace(bundle, layers=layers), tmp_path / "a.qgz")
    with zipfile.ZipFile(tmp_path / "a.qgz") as files:
        text = next(files.read(name) for name in files.namelist() if name.endswith(".qgs"))
    project = ET.fromstring(text)  # noqa: S314 - written above
    labels = {entry.get("label") for entry in project.iter("category")}
    assert labels >= set(expected[:500])


def test_labels_of_sheets_evaluate_nothing():
    opened = re.compile(r"\[%(?!'\[%'%\])")
    for text, shown in zip(TEXTS, SHOWN, strict=True):
        written = literal(text)
        assert written.replace("[%'[%'%]", "[%") == shown
        assert not opened.search(written.replace("[%'[%'%]", ""))


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def browser():
    house = _load("test_browser")
    if house.CHROMIUM is None:
        pytest.skip("no Chromium found on this machine")
    with house.browsing() as open_browser:
        yield open_browser


def _unequal(browser, read: str, expected: list[str]) -> list[object]:
    """Return places where the texts of a page differ from those expected; `read` is JavaScript for a list."""
    return browser.js(
        f"(function(){{var got={read}, want={json.dumps(expected)}, bad=[];"
        "if(got.length!==want.length){bad.push([got.length,want.length]);}"
        "for(var i=0;i<want.length&&bad.length<5;i++){if(got[i]!==want[i]){bad.push([i,got[i],want[i]]);}}"
        "return bad})()"
    )


def _quiet(browser) -> None:
    assert browser.js("typeof ran") == "undefined"
    assert browser.js("document.querySelectorAll('iframe,object,embed,math,use,b>script,span>*:not(span)').length") == 0
    assert browser.complaints() == []
    assert browser.requests() == []


def _many(build_run, layers):
    """A run with a roof and a word for every string, so many layers, and titles, notes and cards made of them."""
    run = build_run(COUNT)
    roofs = run.layers["rooftops"].data.assign(name=as_they_are(IN_FILES), use=as_they_are(IN_FILES))
    names = {name: f"layer_{i}" for i, name in enumerate(TEXTS[:layers])}
    extra = {
        key: Layer(key, roofs.iloc[:0], Status.OPEN, {"origin": text, "licence": text}, Ledger(key, notes=[text]))
        for text, key in names.items()
    }
    layers = {**run.layers, "rooftops": replace(run.layers["rooftops"], data=roofs), **extra}
    titles = {**run.titles, **{key: (text + "甲", text) for text, key in names.items()}}
    cards = {**run.columns["rooftops"], "use": Column("use", "text", TEXTS[5], TEXTS[6])}
    settings = tuple(
        Setting(Parameter(text, 1.0, text, 0.0, 9.0, text, False, text, text), 2.0, chosen=True) for text in TEXTS[:300]
    )
    about = {"layers": ("towns", "rooftops", *extra), "settings": settings, "title_zh": TEXTS[7], "title_en": TEXTS[8]}
    analysis = replace(run.analyses["rooftop_pv"], **about)
    tables = {f"t{i}": pd.DataFrame({"text": as_they_are(TEXTS[i * 40 : i * 40 + 40])}) for i in range(5)}
    result = replace(run.results["rooftop_pv"], tables=tables)
    return replace(
        run,
        layers=layers,
        titles=titles,
        columns={**run.columns, "rooftops": cards},
        analyses={"rooftop_pv": analysis},
        results={"rooftop_pv": result},
    )


def test_every_place_of_a_map_shows_the_same_text_and_runs_none(browser, build_run, tmp_path):
    run = _many(build_run, 2000)
    colours = dict.fromkeys(IN_FILES, "#123456")
    drawn = Drawn("rooftops", "packed", label_zh=TEXTS[9], label_en=TEXTS[10], group="g", column="use")
    drawn = replace(drawn, colours=colours, popup=("use", "name"), search=("name",), title="name")
    spec = MapSpec("page", TEXTS[11], TEXTS[12], "rooftop_pv", Towns("pv_energy_mwh_a"), (drawn,))
    spec = replace(spec, groups={"g": (TEXTS[13], TEXTS[14])}, about_zh=TEXTS[15], about_en=TEXTS[16])
    write_map(run, spec, tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    browser.wait("window.PlanMap && PlanMap.app && PlanMap.app.ready", 30)
    texts = "Array.prototype.map.call({}, function(n){{return n.textContent}})"
    # the legend, the sources, and a pop-up with a row for every feature, as it came out of the packed columns
    words = [writable(word) for word in colours]
    assert not _unequal(browser, texts.format("document.querySelectorAll('.legend-rows li')"), words)
    sources = [f"{text}（开放数据）: {text}, {text}" for text in SHOWN[:2000]]
    listed = browser.js(texts.format("document.querySelectorAll('.source .zh')"))
    assert not [line for line in sources if line.replace("（", "甲（", 1) not in set(listed)][:3]
    browser.js(
        "(function(){var app=PlanMap.app, layer=app.layers.rooftops, rows=[], i;"
        "for(i=0;i<layer.count;i++){rows.push([layer.columns.use.at(i), layer.columns.name.at(i), true]);}"
        "app.popup(app.map.getCenter(), rows[0][0], rows[0][1], rows, rows[1][0]);"
        "window.named=rows.map(function(r,i){return layer.label(i)[0]});return 0})()"
    )
    for read in (
        texts.format("document.querySelectorAll('.card dt')"),
        texts.format("document.querySelectorAll('.card dd')"),
        "named",
    ):
        assert not _unequal(browser, f"{read}.sort()", sorted(SHOWN, key=_utf16))
    assert browser.js("document.querySelector('#head h1 .zh').textContent") == SHOWN[11]
    assert browser.js("document.querySelector('#head .about .en').textContent") == SHOWN[16]
    _quiet(browser)


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


def test_the_door_shows_the_same_text_and_runs_none(browser, build_run, tmp_path):
    run = _many(build_run, COUNT)
    names = {re.sub("[/\x00\ud800-\udfff]", "", text)[:40] for text in TEXTS[:500]}
    write_index(run, tmp_path, [Path("tables") / f"{name}.csv" for name in sorted(names)])
    browser.open(tmp_path / "index.html")
    texts = "Array.prototype.map.call(document.querySelectorAll({!r}), function(n){{return n.textContent}})"
    rows = "#data table:last-of-type tbody tr td:nth-child({})"
    titles = browser.js(texts.format(rows.format(1) + " .zh"))
    assert titles[-COUNT:] == [text + "甲" for text in SHOWN]
    assert browser.js(texts.format(rows.format(3)))[-COUNT:] == [f"{text}; {text}" for text in SHOWN]
    assert not _unequal(browser, texts.format("#attention .quiet li li") + ".slice(-10000)", SHOWN)
    assert not _unequal(browser, texts.format("#changed tbody td:first-child small"), SHOWN[:300])
    assert not _unequal(browser, texts.format("#towns .more td.text"), SHOWN[:200])
    links = browser.js("Array.prototype.map.call(document.links, function(a){return a.protocol}).join()")
    assert set(links.split(",")) == {"file:"}
    _quiet(browser)
