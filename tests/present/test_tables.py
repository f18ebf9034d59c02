"""Tables as CSV: whole numbers, inert text, one row per town."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.model import Result
from changping_geo.present.headings import heading, main_output, readable
from changping_geo.present.tables import cell, plain_text, restore_text, write_tables


def read_rows(path):
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def test_the_town_table_has_towns_then_outside_and_district(small_run, tmp_path):
    write_tables(small_run, tmp_path)
    rows = read_rows(tmp_path / "tables" / "rooftop_pv_by_town.csv")
    outputs = [o.name for o in small_run.analyses["rooftop_pv"].outputs]
    assert rows[0] == ["town_code", "town_name", "name_en", *outputs, "data_status"]
    assert [row[0] for row in rows[1:]] == ["901", "902", "903", "904", "outside", "district"]
    assert rows[1][1:3] == ["东庄镇", "Dongzhuang"]
    assert {row[-1] for row in rows[1:]} == {"synthetic"}


def test_values_come_back_unrounded(small_run, tmp_path):
    write_tables(small_run, tmp_path)
    header, *rows = read_rows(tmp_path / "tables" / "rooftop_pv_by_town.csv")
    energy = [float(row[header.index("pv_energy_mwh_a")]) for row in rows]
    assert energy == small_run.results["rooftop_pv"].by_town["pv_energy_mwh_a"].tolist()


def test_every_table_is_written_and_named(small_run, tmp_path):
    names = [path.name for path in write_tables(small_run, tmp_path / "new")]
    assert names == [
        "rooftop_pv_by_town.csv",
        "rooftop_pv_monthly.csv",
        "parameters.csv",
        "layers.csv",
        "columns.csv",
    ]


def test_excel_knows_the_encoding_and_the_line_ends(small_run, tmp_path):
    raw = [path.read_bytes() for path in write_tables(small_run, tmp_path)]
    assert all(data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n") for data in raw)


def test_the_same_run_gives_the_same_bytes(build_run, tmp_path):
    first = write_tables(build_run(), tmp_path / "a")
    second = write_tables(build_run(), tmp_path / "b")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_layers_tell_what_became_of_their_rows(small_run, tmp_path, hostile):
    write_tables(small_run, tmp_path)
    rows = read_rows(tmp_path / "tables" / "layers.csv")
    roofs = dict(zip(rows[0], rows[2], strict=True))
    assert (roofs["rows_read"], roofs["rows_used"], roofs["rows_repaired"], roofs["rows_set_aside"]) == (
        "53",
        "50",
        "1",
        "2",
    )
    assert roofs["data_status"] == "synthetic"
    assert restore_text(roofs["origin"]) == hostile
    assert roofs["origin"].startswith("'=")


def test_parameters_tell_chosen_from_default(small_run, tmp_path):
    write_tables(small_run, tmp_path)
    rows = read_rows(tmp_path / "tables" / "parameters.csv")
    first = dict(zip(rows[0], rows[1], strict=True))
    assert (first["value"], first["default"], first["chosen"], first["verified"]) == ("0.7", "0.6", "true", "false")


def test_a_missing_value_is_an_empty_field(small_run, tmp_path):
    table = pd.DataFrame({"a": [np.nan, 1.5], "b": pd.array([None, 2], dtype="Int64"), "c": [None, "x"]})
    result = Result(small_run.results["rooftop_pv"].by_town, {}, {"gaps": table})
    run = dataclasses.replace(small_run, results={"rooftop_pv": result})
    write_tables(run, tmp_path)
    assert read_rows(tmp_path / "tables" / "rooftop_pv_gaps.csv")[1:] == [
        ["", "", "", "synthetic"],
        ["1.5", "2", "x", "synthetic"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1+1", "'=1", "'quoted"])
def test_text_that_looks_like_a_formula_gets_an_apostrophe(text):
    assert plain_text(text) == "'" + text


@pytest.mark.parametrize("text", ["沙河镇", "a=b", "1-2", "", "5+"])
def test_other_text_stays_as_it_is(text):
    assert plain_text(text) == text


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Cn"))))
def test_plain_text_can_be_restored(text):
    plain = plain_text(text)
    assert restore_text(plain) == text
    assert not plain.lstrip().startswith(("=", "+", "-", "@"))


def test_a_negative_number_is_no_text():
    assert cell(-1.25) == "-1.25"
    assert cell(np.int64(-3)) == "-3"
    assert cell("-1.25") == "'-1.25"


def test_headings_come_from_cards(small_run):
    assert heading(small_run, "pv_energy_mwh_a").label_zh == "年发电量 [MWh/a]"
    assert heading(small_run, "use", layer="rooftops").zh == "用途"
    assert heading(small_run, "no_such_column").en == "no_such_column"


def test_planners_read_ten_thousands():
    assert readable("kW", [25_000.0]) == ("万千瓦", pytest.approx(1e-4))
    assert readable("MWh/a", [250_000.0, np.inf, np.nan]) == ("亿千瓦时/年", pytest.approx(1e-5))
    assert readable("stones", [1.0]) == ("stones", 1.0)


def test_a_map_is_coloured_by_energy(small_run):
    analysis = small_run.analyses["rooftop_pv"]
    assert main_output(analysis, ["roof_area_m2", "pv_energy_mwh_a"]) == "pv_energy_mwh_a"
    assert main_output(analysis, ["roof_area_m2", "pv_capacity_kw"]) == "roof_area_m2"
    assert main_output(analysis, ["something"]) is None
