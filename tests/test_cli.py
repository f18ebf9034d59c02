"""What a person types, on the made-up district: answers, messages, exit codes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tomllib

import pytest

from changping_geo.cli import main
from changping_geo.screen import number, table, width


def run(workspace, *arguments):
    verb, *rest = arguments
    return main([verb, "--workspace", str(workspace), *rest])


@pytest.fixture
def folder(workspace, capsys):
    """A published run of the made-up district."""
    assert run(workspace, "run", "rooftop_pv", "--quiet") == 0
    return workspace / "results" / capsys.readouterr().out.splitlines()[-1].rsplit(os.sep, 1)[-1]


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_folder_holds_what_the_contract_names(folder):
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert names >= {
        "index.html",
        "provenance.json",
        "shishan.xlsx",
        "gis/shishan.gpkg",
        "maps/rooftop_pv.html",
        "set_aside.gpkg",
        "tables/rooftop_pv_by_town.csv",
    }


def test_the_table_has_a_row_per_town_then_outside_and_district(folder):
    table_ = rows(folder / "tables" / "rooftop_pv_by_town.csv")
    assert [r["town_code"][-6:] for r in table_[:4]] == ["001000", "002000", "003000", "004000"]
    assert [r["town_code"] for r in table_[4:]] == ["outside", "district"]
    assert table_[0]["town_name"] == "西南镇"
    assert {r["data_status"] for r in table_} == {"official"} or {r["data_status"] for r in table_} == {"open"}
    assert (folder / "tables" / "rooftop_pv_by_town.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_nothing_changed_means_nothing_to_do(workspace, folder, capsys):
    before = (folder / "provenance.json").stat().st_mtime_ns
    assert run(workspace, "run", "rooftop_pv") == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == str(folder)
    assert "compute" not in told.err
    assert (folder / "provenance.json").stat().st_mtime_ns == before


def test_an_unchanged_run_answers_without_heavy_libraries(workspace, folder):
    code = (
        "import sys; from changping_geo.cli import main; "
        f"code = main(['run', 'rooftop_pv', '--workspace', {str(workspace)!r}, '--quiet']); "
        "heavy = {'geopandas', 'numba', 'folium', 'pandas', 'numpy'} & set(sys.modules); sys.exit(code or bool(heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
    assert folder.is_dir()


def test_a_chosen_parameter_is_marked_and_published_beside_the_default(workspace, folder, capsys):
    setting = "rooftop_pv.emission_factor_year=2022"
    assert run(workspace, "run", "rooftop_pv", "--set", setting, "--quiet") == 0
    other = workspace / "results" / capsys.readouterr().out.splitlines()[-1].rsplit(os.sep, 1)[-1]
    assert other != folder
    parameters = json.loads((other / "provenance.json").read_text(encoding="utf-8"))["analyses"]["rooftop_pv"][
        "parameters"
    ]
    assert parameters["emission_factor_year"]["chosen"] is True
    assert parameters["emission_factor_year"]["value"] == 2022
    assert sum(p["chosen"] for p in parameters.values()) == 1


def test_explain_tells_value_formula_parameters_and_layers(workspace, folder, capsys):
    assert run(workspace, "explain", "rooftop_pv.pv_energy_mwh_a", "--town", "西南镇", "--quiet") == 0
    told = capsys.readouterr().out
    value = next(r for r in rows(folder / "tables" / "rooftop_pv_by_town.csv") if r["town_name"] == "西南镇")[
        "pv_energy_mwh_a"
    ]
    for piece in (value, "MWh/a", "rooftops 建筑屋顶", "read 10 = used 9", "set aside 1", "emission_factor_year"):
        assert piece in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "rooftop_pv.pv_enrgy"), "known are: rooftop_pv."),
        (("explain", "rooftop_pv.pv_energy_mwh_a", "--town", "上海"), "known are: 西南镇"),
        (("run", "rooftop"), "unknown analysis 'rooftop'"),
        (("run", "--set", "rooftop_pv.emission_factor_year"), "write NAME=VALUE"),
        (("run", "--set", "rooftop_pv.no_such=1"), "unknown parameter 'no_such'"),
        (("parameters", "pv"), "rooftop_pv"),
        (("layers", "check", "rofotops"), "unknown layer 'rofotops'"),
        (("layers", "accept"), "name the files"),
    ],
)
def test_mistakes_get_one_clear_message_and_exit_code_2(workspace, capsys, arguments, said):
    verb, *rest = arguments
    assert run(workspace, verb, *rest, "--quiet") == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert not list((workspace / "results").glob("*")) or "explain" in arguments


def test_a_published_layer_is_exported_without_a_new_computation(workspace, folder, capsys, tmp_path):
    wanted = ("--format", "shp", "--encoding", "gbk", "--crs", "EPSG:4525", "--layer", "towns")
    assert run(workspace, "export", *wanted, "--run", folder.name) == 0
    told = capsys.readouterr()
    target = workspace / "results" / "exports" / f"{folder.name}_shp_towns_EPSG_4525_gbk"
    assert told.out.splitlines() == [str(target)]
    assert "compute" not in told.err
    names = {path.name for path in target.iterdir()}
    assert names >= {"towns.shp", "towns.dbf", "towns.shx", "towns.prj", "towns.cpg", "towns.qml", "字段说明.csv"}
    assert "西南镇".encode("gbk") in (target / "towns.dbf").read_bytes()
    assert run(workspace, "export", *wanted) == 2
    assert "is there already" in capsys.readouterr().err
    assert run(workspace, "export", "--format", "parquet", "--to", str(tmp_path / "my-own folder"), "--quiet") == 0
    assert (tmp_path / "my-own folder" / "rooftops.parquet").is_file()


def test_an_export_that_cannot_be_made_leaves_nothing(workspace, folder, capsys):
    mistakes = {
        ("--format", "gpkg", "--layer", "roofs"): "known are: towns",
        ("--format", "gpkg", "--run", "0000"): "holds no run '0000'; known are:",
        ("--format", "gpkg", "--crs", "EPSG:2437"): "no published transformation",
        ("--format", "gpkg", "--crs", "EPSG:1"): "no coordinate system",
        ("--format", "geojson", "--encoding", "gbk"): "--encoding is for shapefiles",
        ("--format", "cog"): "this run made no raster",
    }
    for arguments, said in mistakes.items():
        assert run(workspace, "export", *arguments, "--quiet") == 2
        told = capsys.readouterr().err
        assert said in told
        assert "Traceback" not in told
    assert [path.name for path in (workspace / "results").iterdir() if path != folder] in ([], ["exports"])
    assert not list((workspace / "results" / "exports").glob("*"))


def test_an_export_before_any_run_says_what_to_do(workspace, capsys):
    assert run(workspace, "export", "--format", "gpkg") == 2
    assert "changping-geo run" in capsys.readouterr().err


def test_a_folder_that_is_no_workspace_is_told(tmp_path, capsys):
    assert run(tmp_path, "run") == 2
    assert "changping-geo new DIR" in capsys.readouterr().err


def test_layers_lists_every_layer_with_its_rows(workspace, capsys):
    assert run(workspace, "layers", "--language", "en", "--quiet") == 0
    told = capsys.readouterr().out
    line = next(line for line in told.splitlines() if line.startswith("rooftops "))
    assert line.split("data_raw/rooftops.geojson")[1].split()[:4] == ["10", "9", "0", "1"]
    assert "official data" in line


def test_check_tells_every_broken_layer(workspace, capsys):
    (workspace / "data_raw" / "towns.geojson").write_text("{", encoding="utf-8")
    (workspace / "data_raw" / "climate_monthly.csv").write_text("month\n1\n", encoding="utf-8")
    assert run(workspace, "layers", "check", "towns", "solar_climate", "--quiet") == 2
    told = capsys.readouterr().err
    assert "towns.geojson" in told
    assert "climate_monthly.csv" in told


def test_a_registered_file_that_changed_stops_the_run_until_accepted(workspace, capsys):
    towns = workspace / "data_raw" / "towns.geojson"
    assert run(workspace, "layers", "accept", str(towns)) == 0
    towns.write_text(towns.read_text(encoding="utf-8").replace("西南镇", "新西南镇"), encoding="utf-8")
    capsys.readouterr()
    assert run(workspace, "run", "rooftop_pv", "--quiet") == 2
    assert "layers accept" in capsys.readouterr().err
    assert run(workspace, "layers", "accept", str(towns)) == 0
    assert run(workspace, "run", "rooftop_pv", "--quiet") == 0
    assert "新西南镇" in capsys.readouterr().out


def test_two_files_for_one_layer_are_told(workspace, capsys):
    (workspace / "data_raw" / "rooftops.gpkg").write_bytes(b"")
    assert run(workspace, "layers", "check", "rooftops", "--quiet") == 2
    assert "keep one of them" in capsys.readouterr().err


def test_new_makes_a_workspace_that_says_what_to_fill(tmp_path, capsys):
    folder = tmp_path / "Xi Shan"
    assert main(["new", str(folder)]) == 0
    frame = tomllib.loads((folder / "layers" / "district.toml").read_text(encoding="utf-8"))["frame"]
    assert frame["name"] == "xi_shan"
    assert "rooftops" in (folder / "README.md").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["new", str(folder)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert run(folder, "run", "--quiet") == 2
    assert "crs = '' is no coordinate system" in capsys.readouterr().err
    frame_file = folder / "layers" / "district.toml"
    text = frame_file.read_text(encoding="utf-8")
    frame_file.write_text(text.replace('crs = ""', 'crs = "EPSG:4549"'), encoding="utf-8")
    assert run(folder, "run", "--quiet") == 2
    assert "has no data: put a file at" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("crs", "said"),
    [("EPSG:99999", "no coordinate system"), ("EPSG:4326", "true metres"), ("EPSG:3857", "true metres")],
)
def test_a_frame_that_cannot_measure_is_refused(workspace, capsys, crs, said):
    file = workspace / "layers" / "district.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("EPSG:4549", crs), encoding="utf-8")
    assert run(workspace, "run", "rooftop_pv", "--quiet") == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_parameters_shows_value_range_unit_and_source(workspace, capsys):
    assert run(workspace, "parameters", "rooftop_pv", "--language", "en") == 0
    told = capsys.readouterr().out
    assert "rooftop_pv.emission_factor_year" in told
    assert "source" in told.splitlines()[0]


def test_columns_line_up_with_chinese_text():
    lines = table(["镇街", "n"], [["沙河镇", "1"], ["a", "12"]], [False, True]).splitlines()
    assert {width(line) for line in lines} == {10}


def test_control_characters_of_data_do_not_reach_the_terminal():
    assert "\x1b" not in table(["a"], [["\x1b[31mred"]])


@pytest.mark.parametrize(
    ("raw", "shown"), [("1234567.8", "1,234,568"), ("123.45", "123.5"), ("1.234", "1.23"), ("12", "12")]
)
def test_numbers_are_rounded_on_the_screen_only(raw, shown):
    assert number(raw) == shown
