"""The GeoPackage in real QGIS: colours, classes, labels and headings are there without a click."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from changping_geo.present.bundle import bundle_of
from changping_geo.present.export import export, write_bundle
from changping_geo.present.gislayers import gis_layers
from changping_geo.present.gpkg import write_gpkg

PYTHON = "/usr/bin/python3"
LOOK = Path(__file__).with_name("qgis_look.py")
PROJECT = Path(__file__).with_name("qgis_project.py")


@pytest.fixture(scope="module")
def qgis_environment(tmp_path_factory):
    home = str(tmp_path_factory.mktemp("home"))
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": home, "XDG_RUNTIME_DIR": home, "PATH": os.environ["PATH"]}
    try:
        found = subprocess.run([PYTHON, "-c", "import qgis.core"], env=environment, capture_output=True, check=False)
    except OSError:
        pytest.skip(f"no {PYTHON} here")
    if found.returncode:
        pytest.skip("the system's Python has no QGIS (Debian: python3-qgis)")
    return environment


@pytest.fixture
def looked(small_run, tmp_path, qgis_environment):
    path, picture = tmp_path / "t.gpkg", tmp_path / "t.png"
    write_gpkg(small_run, path)
    done = subprocess.run(
        [PYTHON, str(LOOK), str(path), str(picture), "towns", "rooftops"],
        env=qgis_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), picture


def test_layers_open_coloured_by_the_classes_of_the_legend(looked, small_run):
    seen, picture = looked
    for layer in gis_layers(small_run):
        (style,) = layer.styles.values()
        told = seen[layer.name]
        assert told["valid"]
        assert (told["renderer"], told["column"], told["crs"]) == ("graduatedSymbol", style.column, small_run.frame.crs)
        assert [label for _, _, label, _ in told["classes"]] == [rule.label for rule in style.rules]
        for value, colour in told["colours"]:
            assert colour == next(rule.colour for rule in style.rules if rule.low <= value < rule.high)
    assert picture.stat().st_size > 5_000


def test_towns_carry_their_chinese_names_and_columns_their_headings(looked):
    seen, _ = looked
    assert seen["towns"]["labels"]
    assert seen["towns"]["label_field"] == "name_zh"
    assert seen["towns"]["aliases"]["pv_energy_mwh_a"] == "年发电量 [MWh/a]"
    assert seen["rooftops"]["widgets"]["use"] == "ValueMap"


@pytest.fixture(scope="module")
def opened(tmp_path_factory, qgis_environment, make_rich_run):
    """A bundle that was moved after it was written, as QGIS sees its project and its layer definition."""
    run = make_rich_run()
    source = run.layers["rooftops"].source
    source["origin"] = f"{source['origin']} [% 1 + 1 %]"
    bundle, written = bundle_of(run), tmp_path_factory.mktemp("written") / "gis"
    written.mkdir()
    write_bundle(bundle, written)
    moved = written.rename(tmp_path_factory.mktemp("moved") / "gis")
    pictures = tmp_path_factory.mktemp("pictures")
    done = subprocess.run(
        [PYTHON, str(PROJECT), str(moved / "testland.qgz"), str(pictures), str(moved / "testland.qlr")],
        env=qgis_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), bundle, pictures, moved


def by_name(layers):
    return {layer["name"]: layer for layer in layers.values()}


def test_the_project_opens_with_groups_themes_and_its_crs(opened):
    seen, _, _, _ = opened
    assert seen["read"]
    assert (seen["title"], seen["crs"], seen["absolute"]) == ("测试区碳达峰空间分析", "EPSG:4547", False)
    shapes = ["推荐站址：类别", "建筑屋顶：年发电量", "镇街：年发电量"]
    assert seen["groups"] == {"屋顶光伏": [*shapes, "土地覆盖", "碳密度"]}
    assert seen["visible"] == shapes
    assert seen["themes"] == ["屋顶光伏", "屋顶光伏 土地覆盖", "屋顶光伏 碳密度"]


@pytest.mark.parametrize("where", ["project", "definition"])
def test_every_layer_is_found_and_coloured_by_the_one_style(opened, where):
    seen, bundle, _, moved = opened
    layers = by_name(seen["layers"] if where == "project" else seen["definition"]["layers"])
    assert len(layers) == 6
    for layer in layers.values():
        assert layer["valid"]
        assert layer["crs"] == "EPSG:4547"
        assert layer["source"].startswith(str(moved))
    for given, title in zip(bundle.layers, ("镇街：年发电量", "建筑屋顶：年发电量", "推荐站址：类别"), strict=True):
        (style,) = given.styles.values()
        assert layers[title]["rows"] == len(given.data)
        assert layers[title]["classes"] == [[rule.label, rule.colour] for rule in style.rules]
    cover, carbon = bundle.rasters
    assert layers["土地覆盖"]["renderer"] == "paletted"
    assert layers["土地覆盖"]["classes"] == [[float(r.word), r.label, r.colour] for r in cover.rules]
    assert layers["碳密度"]["renderer"] == "singlebandpseudocolor"
    assert layers["碳密度"]["classes"] == [[r.label, r.colour] for r in carbon.rules]
    assert layers["镇街：年发电量"]["labels"]


def test_every_theme_has_an_a3_sheet_with_all_that_a_map_needs(opened):
    seen, _, pictures, _ = opened
    assert list(seen["sheets"]) == ["A3 屋顶光伏", "A3 屋顶光伏 土地覆盖", "A3 屋顶光伏 碳密度"]
    for name, sheet in seen["sheets"].items():
        assert sheet["items"] == {"map": 1, "legend": 1, "scalebar": 1, "picture": 1, "label": 5}
        assert sheet["page"] == [420, 297]
        assert sheet["linked"]
        assert sheet["drawn"] == sheet["legend"]
        assert (sheet["scale"], sheet["texts"]["scale"]) == (pytest.approx(50_000), "1 : 50,000")
        assert "演示结果，不可用于决策" in sheet["texts"]["status"]
        assert sheet["texts"]["date"].startswith("制图日期：20")
        assert (sheet["png"], sheet["pdf"]) == (0, 0)
        assert (pictures / f"{name}.png").stat().st_size > 20_000
        assert (pictures / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert seen["sheets"]["A3 屋顶光伏 土地覆盖"]["drawn"] == ["镇街界线", "土地覆盖"]


def test_text_of_sources_is_shown_not_evaluated(opened, hostile):
    seen, _, _, _ = opened
    assert f"{hostile} [% 1 + 1 %]（合成示例数据）" in seen["sheets"]["A3 屋顶光伏"]["texts"]["sources"]


@pytest.mark.parametrize("form", ["gdb", "shp", "geojson", "fgb"])
def test_other_formats_open_in_qgis(rich_run, tmp_path, qgis_environment, form):
    export(bundle_of(rich_run), form, tmp_path, encoding="gbk" if form == "shp" else "utf-8")
    path = tmp_path / ("testland.gdb" if form == "gdb" else f"towns.{form}")
    done = subprocess.run(
        [PYTHON, str(LOOK), str(path), str(tmp_path / "t.png"), "towns"],
        env=qgis_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    towns = json.loads(done.stdout)["towns"]
    assert (towns["valid"], towns["rows"]) == (True, 4)
    assert towns["crs"] == ("EPSG:4326" if form == "geojson" else "EPSG:4547")
    if form != "gdb":  # a geodatabase holds no style
        assert towns["renderer"] == "graduatedSymbol"
        assert None not in [colour for _, colour in towns["colours"]]
        assert towns["aliases"][towns["column"]] == "年发电量 [MWh/a]"
