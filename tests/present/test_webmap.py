from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.model import SpecError, Status
from changping_geo.present.map_packed import Shown, pack, stream
from changping_geo.present.map_sources import sources, status_note
from changping_geo.present.mapdata import page_data
from changping_geo.present.mapspec import Drawn, MapSpec, Towns
from changping_geo.present.webmap import write_map

SPEC = MapSpec(
    "page",
    "屋顶光伏潜力",
    "Rooftop PV potential",
    "rooftop_pv",
    Towns("pv_energy_mwh_a", popup=("pv_capacity_kw", "pv_energy_mwh_a")),
    (Drawn("rooftops", "packed", column="pv_capacity_kw", popup=("use", "height_m"), search=("roof_id",), grid_m=250),),
    headline=("pv_energy_mwh_a",),
)


def unstream(text):
    """Read a stream the slow and simple way."""
    if text[0] == "b":
        head, count, data = text.split(":")
        bits = "".join(f"{byte:08b}"[::-1] for byte in base64.b64decode(data))
        width = int(head[1:])
        return [int(bits[i * width : (i + 1) * width][::-1], 2) for i in range(int(count))]
    numbers, value, scale = [], 0, 1
    for byte in base64.b64decode(text[1:]):
        for half in (byte & 15, byte >> 4):
            value += (half & 7) * scale
            scale *= 8
            if half < 8:
                numbers.append(value)
                value, scale = 0, 1
    if text[0] == "v":
        return numbers
    return [v for v, more in zip(numbers[::2], numbers[1::2], strict=True) for _ in range(more + 1)]


@given(
    st.lists(st.integers(0, 2**52), max_size=40)
    | st.lists(st.integers(0, 40), max_size=80)
    | st.lists(st.sampled_from([0, 1]), max_size=300).map(sorted)
)
def test_streams_read_back(numbers):
    assert unstream(stream(np.array(numbers, dtype=np.int64))) == numbers


def test_a_constant_column_costs_next_to_nothing():
    assert len(stream(np.ones(100_000, dtype=np.int64))) < 12


def test_shapes_are_packed_with_holes_and_parts():
    court = shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 3), (3, 3), (3, 1)]])
    pair = shapely.MultiPolygon([shapely.box(6, 0, 7, 1), shapely.box(8, 0, 9, 1)])
    packed = pack(gpd.GeoSeries([court, pair, None], crs="EPSG:4326"), {})
    assert packed["n"] == 2
    assert sorted(unstream(packed["rings"])) == [2, 2]
    assert unstream(packed["points"]) == [4, 4, 4, 4]
    assert len(unstream(packed["xy"])) == 2 * 16


def test_columns_keep_values_gaps_and_names():
    index = pd.RangeIndex(3)
    boxes = gpd.GeoSeries([shapely.box(i, 0, i + 0.5, 0.5) for i in index], crs="EPSG:4326", index=index)
    columns = {
        "kw": Shown(pd.Series([1.26, np.nan, -3.0], index=index), 1),
        "use": Shown(pd.Series(["a", None, "b"], index=index), words={"a": ("甲", "A")}),
        "id": Shown(pd.Series(["R007", "R003", "R120"], index=index)),
    }
    packed = pack(boxes, columns)["columns"]
    low = packed["kw"]["low"]
    assert sorted((code - 1 + low) / 10 if code else None or -99 for code in unstream(packed["kw"]["data"])) == [
        -99,
        -3,
        1.3,
    ]
    assert packed["use"]["words"] == [["甲", "A"], "b"]
    assert sorted(unstream(packed["use"]["data"])) == [0, 1, 2]
    assert (packed["id"]["kind"], packed["id"]["prefix"], packed["id"]["width"]) == ("serial", "R", 3)


def test_the_page_says_what_its_numbers_rest_on(small_run):
    zh, en = status_note(small_run, SPEC)
    assert zh == "演示用图，不可用于决策。合成示例数据：建筑屋顶；重建数据：镇街。"
    assert en.startswith("For demonstration only, not for decisions. Synthetic demonstration data: Rooftops")
    assert len(sources(small_run, SPEC)) == 2


def test_an_official_map_says_so_quietly(small_run):
    layers = {name: replace(layer, status=Status.OFFICIAL) for name, layer in small_run.layers.items()}
    analyses = {name: replace(a, status=Status.OFFICIAL) for name, a in small_run.analyses.items()}
    run = replace(small_run, layers=layers, analyses=analyses)
    assert status_note(run, SPEC) == ("数据状态：官方数据", "Data status: official data")
    assert page_data(run, SPEC).data["status"]["note"] is None


def test_towns_carry_class_value_and_rows_in_both_languages(small_run):
    page = page_data(small_run, SPEC)
    towns = page.data["towns"]["features"]["features"]
    assert next(t["properties"]["name"] for t in towns) == ("东庄镇", "Dongzhuang")
    assert towns[0]["properties"]["rows"][1][1].endswith("GWh/a")
    assert page.blobs["layer-0"]["n"] == 50


def test_columns_that_the_run_lacks_are_refused_all_at_once(small_run):
    spec = replace(SPEC, towns=Towns("energy"), layers=(Drawn("rooftops", "packed", column="kw", popup=("usage",)),))
    with pytest.raises(SpecError, match=r"'energy'[\s\S]*'kw'[\s\S]*'usage'"):
        page_data(small_run, spec)
    with pytest.raises(SpecError, match="'carbon' is not in the run; it has: rooftop_pv"):
        page_data(small_run, replace(SPEC, analysis="carbon"))


def test_tianditu_is_offered_only_with_a_key(small_run, monkeypatch):
    monkeypatch.delenv("TIANDITU_KEY", raising=False)
    names = [base["name"][1] for base in page_data(small_run, SPEC).data["bases"]]
    assert names == ["Plain (offline)", "AMap (shift corrected)", "OpenStreetMap"]
    monkeypatch.setenv("TIANDITU_KEY", "0123456789abcdef")
    base = page_data(small_run, SPEC).data["bases"][1]
    assert len(base["tiles"]) == 2
    assert all("tk=0123456789abcdef" in url for url in base["tiles"])
    monkeypatch.setenv("TIANDITU_KEY", '"><script>')
    with pytest.raises(SpecError, match="TIANDITU_KEY"):
        page_data(small_run, SPEC)


def test_the_policy_names_only_hosts_of_chosen_base_maps(small_run, tmp_path, monkeypatch):
    monkeypatch.delenv("TIANDITU_KEY", raising=False)
    write_map(small_run, replace(SPEC, base_maps=("plain",)), tmp_path / "a.html")
    html = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "img-src data: blob:;" in html
    assert not re.search(r"https://(?!leafletjs|www\.w3\.org|www\.openstreetmap)[a-z]", html.split('id="page-data"')[1])


def test_page_data_in_the_file_is_json_and_holds_no_markup(small_run, tmp_path, hostile):
    write_map(small_run, SPEC, tmp_path / "a.html")
    html = (tmp_path / "a.html").read_text(encoding="utf-8")
    text = re.search(r'id="page-data">(.*?)</script>', html, re.DOTALL)[1]
    assert hostile not in html
    assert any(hostile in source[0] for source in json.loads(text)["sources"])


def test_a_run_without_roofs_has_a_map_of_towns(small_run, tmp_path):
    write_map(small_run, replace(SPEC, layers=()), tmp_path / "a.html")
    assert 'id="layer-0"' not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_a_layer_may_be_coloured_by_words_and_names_those_that_have_no_colour(small_run):
    drawn = Drawn("rooftops", "shapes", column="use", colours={"housing": "#112233"}, label_zh="用途", label_en="Use")
    legend = page_data(small_run, replace(SPEC, layers=(drawn,))).data["layers"][0]["legend"]
    assert legend["labels"] == (["住宅", "其他"], ["housing", "other"])
    assert legend["colours"][0] == "#112233"


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        (Drawn("roads", "shapes", colour="#111111"), "'roads' is no layer with shapes of the run; it has: "),
        (Drawn("rooftops", "raster"), "'rooftops' is no raster of the run"),
        (Drawn("rooftops", "points", colour="#111111"), "'points' does not fit shapes of Polygon"),
        (Drawn("rooftops", "packed", column="use"), "holds no numbers; give .* a colour per word: housing, industrial"),
        (Drawn("rooftops", "packed", column="use", colours={"shed": "#111111"}), "'shed' is no word of use"),
        (Drawn("rooftops", "packed", colour="#111111", time="phase"), "unknown column 'phase'"),
        (Drawn("rooftops", "packed", colour="#111111", only="best"), "only = 'best' is no table; tables: monthly"),
        (Drawn("rooftops", "packed", colour="#111111", only="monthly"), "has no column that names rows"),
    ],
)
def test_what_a_layer_names_must_be_in_the_run(small_run, drawn, message):
    with pytest.raises(SpecError, match=message):
        page_data(small_run, replace(SPEC, layers=(drawn,)))


def test_an_analysis_that_a_map_needs_must_be_in_the_run(small_run):
    with pytest.raises(SpecError, match="'carbon' is not in the run"):
        page_data(small_run, replace(SPEC, needs=("carbon",)))


PUBLIC = replace(SPEC, use="public", map_approval_number="京S(2024)000号", boundary_source="自然资源部门")


def test_a_page_for_the_public_shows_no_single_building(small_run, tmp_path):
    write_map(small_run, PUBLIC, tmp_path / "a.html")
    html = (tmp_path / "a.html").read_text(encoding="utf-8")
    page = json.loads(re.search(r'id="page-data">(.*?)</script>', html, re.DOTALL)[1])
    assert 'id="layer-0"' not in html
    assert '"roof_id"' not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert page["layers"][0]["squares"]["side_m"] == 500
    assert page["layers"][0]["squares"]["max_zoom"] == 22
    assert [base["name"][1] for base in page["bases"]] == ["Plain (offline)"]
    assert "京S(2024)000号" in page["credit"][1][0]
    assert "自然资源部门" in html


def test_a_page_for_the_public_needs_an_approval_number_and_whose_boundaries_it_shows(small_run, tmp_path):
    with pytest.raises(SpecError, match=r"map_approval_number[\s\S]*district.toml[\s\S]*boundary_source"):
        write_map(small_run, SPEC, tmp_path / "a.html", use="public")
    with pytest.raises(SpecError, match="'secret' is unknown; use: internal, public"):
        write_map(small_run, SPEC, tmp_path / "a.html", use="secret")
    frame = replace(small_run.frame, map_approval_number="京S(2024)000号", boundary_source="x")
    write_map(replace(small_run, frame=frame), SPEC, tmp_path / "a.html", use="public")
    assert not (tmp_path / "a.html").read_text(encoding="utf-8").count('id="layer-0"')


def test_lines_and_points_are_packed_as_they_are():
    lines = pack(gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1), (2, 0)])], crs="EPSG:4326"), {})
    assert (lines["shape"], unstream(lines["rings"]), unstream(lines["points"])) == ("line", [1], [3])
    assert unstream(lines["xy"]) == [0, 0, 2_000_000, 2_000_000, 2_000_000, 1_999_999]
    points = pack(gpd.GeoSeries.from_xy([1.0, 1.0], [2.0, 2.0], crs="EPSG:4326"), {})
    assert (points["shape"], unstream(points["points"])) == ("point", [1, 1])
    with pytest.raises(SpecError, match="LineString, Point cannot be drawn"):
        pack(gpd.GeoSeries([shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])], crs="EPSG:4326"), {})
