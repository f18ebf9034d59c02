"""The GeoPackage in real QGIS: colours, classes, labels and headings are there without a click."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from changping_geo.present.gislayers import gis_layers
from changping_geo.present.gpkg import write_gpkg

PYTHON = "/usr/bin/python3"
LOOK = Path(__file__).with_name("qgis_look.py")


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
