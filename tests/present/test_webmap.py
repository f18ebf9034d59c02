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
from changping_geo.present.mapdata import page_data, sources, status_note
from changping_geo.present.mapspec import Coloured, MapSpec
from changping_geo.present.roofs import Shown, pack, stream
from changping_geo.present.webmap import write_map

SPEC = MapSpec(
    "page",
    "屋顶光伏潜力",
    "Rooftop PV potential",
    "rooftop_pv",
    Coloured("pv_energy_mwh_a", popup=("pv_capacity_kw", "pv_energy_mwh_a")),
    Coloured("pv_capacity_kw", layer="rooftops", classes=5, popup=("use", "height_m", "pv_capacity_kw")),
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
    assert page_data(run, SPEC)[0]["status"]["note"] is None


def test_towns_carry_class_value_and_rows_in_both_languages(small_run):
    page, packed = page_data(small_run, SPEC)
    towns = page["towns"]["features"]["features"]
    assert next(t["properties"]["name"] for t in towns) == ("东庄镇", "Dongzhuang")
    assert towns[0]["properties"]["rows"][1][1].endswith("GWh/a")
    assert packed["n"] == 50


def test_columns_that_the_run_lacks_are_refused_all_at_once(small_run):
    spec = replace(SPEC, towns=Coloured("energy"), roofs=Coloured("kw", layer="rooftops", popup=("usage",)))
    with pytest.raises(SpecError, match=r"'energy'[\s\S]*'kw'[\s\S]*'usage'"):
        page_data(small_run, spec)
    with pytest.raises(SpecError, match="'carbon' is not in the run; it has: rooftop_pv"):
        page_data(small_run, replace(SPEC, analysis="carbon"))


def test_tianditu_is_offered_only_with_a_key(small_run, monkeypatch):
    monkeypatch.delenv("TIANDITU_KEY", raising=False)
    names = [base["name"][1] for base in page_data(small_run, SPEC)[0]["bases"]]
    assert names == ["Plain (offline)", "AMap (shift corrected)", "OpenStreetMap"]
    monkeypatch.setenv("TIANDITU_KEY", "0123456789abcdef")
    base = page_data(small_run, SPEC)[0]["bases"][1]
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
    write_map(small_run, replace(SPEC, roofs=None), tmp_path / "a.html")
    assert (
        'id="roof-data"'
        not in (tmp_path / "a.html").read_text(encoding="utf-8").split("PlanMap.start")[0].split("</style>")[-1]
    )
