"""The GeoPackage of a run: results joined, headings and styles inside, whole or not at all."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from changping_geo.model import Layer, Ledger, Output, ResultError, Status
from changping_geo.present import gpkg
from changping_geo.present.classes import Classes, classify
from changping_geo.present.gislayers import clean_frame, gis_layers
from changping_geo.present.mapspec import Drawn, MapSpec, Towns
from changping_geo.present.style import Style, class_rules, qml, sld


@pytest.fixture
def written(small_run, tmp_path):
    path = tmp_path / "testland.gpkg"
    gpkg.write_gpkg(small_run, path)
    return path


def query(path, sql):
    with closing(sqlite3.connect(path)) as base:
        return base.execute(sql).fetchall()


def test_towns_and_roofs_carry_their_results(small_run, written):
    towns = gpd.read_file(written, layer="towns")
    by_town = small_run.results["rooftop_pv"].by_town
    assert towns["name_zh"].tolist() == ["东庄镇", "西山街道", "南河镇", "北岭镇"]
    assert towns["pv_energy_mwh_a"].tolist() == by_town["pv_energy_mwh_a"].iloc[:4].tolist()
    assert set(towns["data_status"]) == {"synthetic"}
    roofs = gpd.read_file(written, layer="rooftops")
    assert (
        roofs["pv_energy_mwh_a"].tolist()
        == small_run.results["rooftop_pv"].features["rooftops"]["pv_energy_mwh_a"].tolist()
    )
    assert roofs.crs == small_run.frame.crs


def test_shapes_come_back_the_same(small_run, written):
    back = gpd.read_file(written, layer="rooftops").geometry
    assert back.geom_equals(small_run.layers["rooftops"].data.geometry).all()


def test_hostile_text_stays_text(written, hostile):
    assert gpd.read_file(written, layer="rooftops")["name"].iloc[3] == hostile


def test_it_is_version_1_2_with_chinese_titles(written):
    assert query(written, "PRAGMA user_version") == [(10200,)]
    titles = dict(query(written, "SELECT table_name, identifier FROM gpkg_contents"))
    assert titles == {"towns": "镇街", "rooftops": "建筑屋顶", "layer_styles": "layer_styles"}
    assert query(written, "PRAGMA foreign_key_check") == []


def test_columns_have_chinese_headings_and_their_formula(written):
    row = query(
        written,
        "SELECT name, description FROM gpkg_data_columns"
        " WHERE table_name = 'towns' AND column_name = 'pv_energy_mwh_a'",
    )
    assert row == [("年发电量 [MWh/a]", "Annual energy [MWh/a]; pv_capacity_kw × yield / 1000")]
    words = query(written, "SELECT value, description FROM gpkg_data_column_constraints")
    assert words == [("housing", "住宅"), ("industrial", "工业")]


def test_metadata_tells_status_and_key(written):
    info = pyogrio.read_info(written, layer="towns")
    assert info["dataset_metadata"]["data_status"] == "synthetic"
    assert info["dataset_metadata"]["key"] == "0123456789abcdef"
    assert info["layer_metadata"]["title_zh"] == "镇街"


def test_every_layer_has_one_default_style_that_parses(written):
    rows = query(written, "SELECT f_table_name, f_geometry_column, styleQML, styleSLD, useAsDefault FROM layer_styles")
    assert [(row[0], row[1], row[4]) for row in rows] == [("towns", "geom", 1), ("rooftops", "geom", 1)]
    for _, _, qgis, other, _ in rows:
        ET.fromstring(other)  # noqa: S314 - written above
        root = ET.fromstring(qgis.split("\n", 1)[1])  # noqa: S314 - written above
        assert root.find("renderer-v2").get("attr") == "pv_energy_mwh_a"
    assert query(written, "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'") == [("attributes",)]


def test_the_same_run_gives_the_same_bytes(build_run, tmp_path):
    gpkg.write_gpkg(build_run(), tmp_path / "a.gpkg")
    gpkg.write_gpkg(build_run(), tmp_path / "b.gpkg")
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_a_lost_row_is_found(small_run, written):
    frames = {layer.name: layer.data for layer in gis_layers(small_run)}
    with closing(sqlite3.connect(written)) as base, base:
        base.execute("CREATE TABLE kept AS SELECT * FROM rooftops WHERE fid > 1")
        base.execute("DROP TABLE rooftops")
        base.execute("ALTER TABLE kept RENAME TO rooftops")
        base.execute("DROP TABLE rtree_towns_geom")
    with pytest.raises(ResultError, match=r"(?s)towns: no spatial index.*rooftops: 49 rows instead of 50"):
        gpkg._verify(written, frames)


def test_a_folder_that_cannot_be_written_is_told(small_run, tmp_path):
    with pytest.raises(ResultError, match="could not be written"):
        gpkg.write_gpkg(small_run, tmp_path / "missing" / "x.gpkg")


def test_results_on_unknown_rows_are_refused(small_run):
    small_run.results["rooftop_pv"].features["rooftops"].index += 10_000
    with pytest.raises(ResultError, match="rows that the layer does not have"):
        gis_layers(small_run)


def test_a_town_without_result_is_refused(small_run):
    result = small_run.results["rooftop_pv"]
    result.by_town = result.by_town.drop("902")
    with pytest.raises(ResultError, match="no results for the towns 902"):
        gis_layers(small_run)


def test_two_analyses_with_the_same_column_stay_apart(small_run):
    first = small_run.analyses["rooftop_pv"]
    second = dataclasses.replace(first, name="again", title_zh="复算", title_en="Again")
    run = dataclasses.replace(
        small_run,
        analyses={"rooftop_pv": first, "again": second},
        results={"rooftop_pv": small_run.results["rooftop_pv"], "again": small_run.results["rooftop_pv"]},
    )
    towns = gis_layers(run)[0]
    assert towns.headings["again_pv_energy_mwh_a"].zh == "年发电量（复算）"
    assert towns.data["again_pv_energy_mwh_a"].tolist() == towns.data["pv_energy_mwh_a"].tolist()


def test_other_layers_come_along_coloured_by_their_words(small_run):
    lines = gpd.GeoDataFrame(
        {"class": ["major", "minor"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])] * 2, crs=small_run.frame.crs
    )
    card = dataclasses.replace(
        small_run.columns["rooftops"]["use"],
        name="class",
        values={"major": ("主路", "major"), "minor": ("支路", "minor")},
    )
    small_run.layers["roads"] = Layer("roads", lines, Status.OPEN, {}, Ledger("roads", 2))
    small_run.columns["roads"] = {"class": card}
    small_run.layers["climate"] = Layer("climate", pd.DataFrame({"m": [1]}), Status.OPEN, {}, Ledger("climate", 1))
    roads = gis_layers(small_run)[-1]
    (style,) = roads.styles.values()
    assert (roads.name, style.geometry, style.column) == ("roads", "line", "class")
    assert [(rule.word, rule.label) for rule in style.rules] == [("major", "主路"), ("minor", "支路")]
    assert "data_status" not in roads.data


def test_set_aside_rows_keep_their_reason(small_run, tmp_path, hostile):
    path = tmp_path / "set_aside.gpkg"
    assert gpkg.write_set_aside(small_run, path)
    rows = gpd.read_file(path, layer="rooftops")
    assert rows["reason"].tolist() == ["no geometry", hostile]
    assert rows.geometry.isna().tolist() == [True, False]


def test_set_aside_rows_may_be_of_any_kind(small_run, tmp_path):
    mixed = gpd.GeoDataFrame(
        {"Fid": [1, 2, 3], "value": [1, "x\x00y", None], "reason": ["a", "b", "c"]},
        geometry=[shapely.Point(0, 0), shapely.LineString([(0, 0), (np.inf, 1)]), shapely.Polygon()],
    )
    table = pd.DataFrame({"名称": ["甲"], "reason": ["d"]})
    for name, frame in (("rooftops", mixed), ("towns", table)):
        small_run.layers[name] = dataclasses.replace(small_run.layers[name], set_aside=frame)
    gpkg.write_set_aside(small_run, tmp_path / "s.gpkg")
    assert query(tmp_path / "s.gpkg", "SELECT Fid_, value, reason FROM rooftops") == [
        (1, "1", "a"),
        (2, "x\ufffdy", "b"),
        (3, None, "c"),
    ]
    assert query(tmp_path / "s.gpkg", "SELECT 名称 FROM towns") == [("甲",)]


def test_without_set_aside_rows_nothing_is_written(small_run, tmp_path):
    small_run.layers["rooftops"] = dataclasses.replace(small_run.layers["rooftops"], set_aside=None)
    assert not gpkg.write_set_aside(small_run, tmp_path / "s.gpkg")
    assert not (tmp_path / "s.gpkg").exists()


def test_names_that_differ_in_case_only_stay_apart():
    frame = clean_frame(pd.DataFrame([[1, 2, 3]], columns=["Name", "name", "geom"]))
    assert list(frame.columns) == ["Name", "name_", "geom_"]


def test_classes_hold_their_lower_edge():
    classes = Classes((0.0, 10.0, 20.0), ("#000000", "#ffffff"), ("< 10", "≥ 10"), ("< 10", "≥ 10"))
    style = Style("polygon", class_rules(classes, "吨"), "x", (0.5, 17.0))
    ranges = ET.fromstring(qml(style).split("\n", 1)[1]).findall(".//range")  # noqa: S314 - written above
    assert [(float(r.get("lower")), float(r.get("upper"))) for r in ranges] == [
        (0.5, np.nextafter(10, 0)),
        (10.0, 17.0),
    ]
    assert [r.get("label") for r in ranges] == ["< 10 吨", "≥ 10 吨"]
    assert "<ogc:PropertyIsLessThan><ogc:PropertyName>x</ogc:PropertyName><ogc:Literal>10.0</ogc:Literal>" in sld(
        style, "l"
    )


def test_hostile_labels_cannot_leave_their_attribute(hostile):
    style = Style("point", class_rules(classify([1.0, 2.0])), "x", label="name", aliases={"x": hostile + "\x00"})
    root = ET.fromstring(qml(style).split("\n", 1)[1])  # noqa: S314 - written above
    assert root.find(".//alias").get("name") == hostile + "\ufffd"
    assert root.find(".//text-style").get("allowHtml") == "0"


def test_an_output_without_numbers_colours_nothing(small_run):
    small_run.results["rooftop_pv"].features["rooftops"]["pv_energy_mwh_a"] = np.nan
    (style,) = gis_layers(small_run)[1].styles.values()
    assert style.column == "use"


def test_a_page_of_the_workspace_decides_column_and_classes(small_run):
    spec = MapSpec(
        "page",
        "页",
        "page",
        "rooftop_pv",
        towns=Towns("pv_capacity_kw", classes=2, palette="blue"),
        layers=(Drawn("rooftops", "packed", column="roof_area_m2", classes=3),),
    )
    towns, roofs = (layer.styles["屋顶光伏"] for layer in gis_layers(small_run, [spec]))
    capacity = small_run.results["rooftop_pv"].by_town["pv_capacity_kw"].iloc[:4]
    assert [rule.colour for rule in towns.rules] == list(classify(capacity, 2, palette="blue").colours)
    assert (towns.column, roofs.column, len(roofs.rules)) == ("pv_capacity_kw", "roof_area_m2", 3)


def test_a_range_end_is_no_main_output(small_run):
    first = small_run.analyses["rooftop_pv"]
    low = Output("pv_energy_low_mwh_a", "MWh/a", "低", "low", "")
    analysis = dataclasses.replace(first, outputs=(low, *first.outputs))
    run = dataclasses.replace(small_run, analyses={"rooftop_pv": analysis})
    run.results["rooftop_pv"].by_town["pv_energy_low_mwh_a"] = 1.0
    (style,) = gis_layers(run)[0].styles.values()
    assert style.column == "pv_energy_mwh_a"
