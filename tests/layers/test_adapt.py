"""What a source entry says of its file: factors, keys, fillings, headings; wrong ones are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from changping_geo.layers.adapt import fill_columns, make_key, scale_columns
from changping_geo.layers.spec import LayerSpec, Source, read_spec
from changping_geo.layers.tables import join_headings
from changping_geo.model import ColumnError, SpecError, Status

SPEC = LayerSpec("x", "", "", "table", {}, (), key="id")


def source(**entry):
    return Source(id="a", status=Status.OFFICIAL, path="data_raw/a.csv", **entry)


def test_numbers_are_multiplied_and_other_texts_stay_to_be_set_aside():
    raw = scale_columns(pd.DataFrame({"a": ["1.5", "about 2", None]}), source(scale={"a": 15.0}))
    assert raw["a"].tolist()[:2] == [22.5, "about 2"]
    assert raw.attrs["notes"] == ["a: the file's numbers multiplied by 15"]
    whole = scale_columns(pd.DataFrame({"a": [3.0, np.nan]}), source(scale={"a": 2000 / 3}))
    assert whole["a"].tolist()[0] == 2000.0


def test_a_key_is_made_of_several_columns_or_of_the_rows_number():
    raw = pd.DataFrame({"b": ["01", "01"], "c": ["1", None]})
    assert make_key(raw.copy(), SPEC, source(key_from=("b", "c")), Path("f"))["id"].tolist()[0] == "01-1"
    assert make_key(raw.copy(), SPEC, source(key_from=("#",)), Path("f"))["id"].tolist() == ["1", "2"]
    with pytest.raises(ColumnError, match="not there"):
        make_key(raw, SPEC, source(key_from=("z",)), Path("f"))


def test_a_filling_serves_only_where_the_column_is_missing():
    raw = fill_columns(pd.DataFrame({"a": ["x"]}), source(fill={"a": "y", "b": "z"}))
    assert raw.loc[0].tolist() == ["x", "z"]


@pytest.mark.parametrize(
    ("band", "names"),
    [
        ([["a", "b"]], ["a", "b"]),
        ([["no", "place", None, "n"], [None, "x", "y", None]], ["no", "place/x", "place/y", "n"]),
        ([["a", None], ["a", None]], ["a"]),
    ],
)
def test_merged_headings_are_joined(band, names):
    assert join_headings(band) == names


@pytest.mark.parametrize(
    "line",
    ["scale = { a = 0.0 }", "scale = { t = 2.0 }", "scale = { z = 2.0 }", "fill = { z = 'x' }", "header = [2, 1]",
     "key_from = ['b']", "axes = 'zx'"],
)  # fmt: skip
def test_an_entry_that_makes_no_sense_is_refused(tmp_path, line):
    column = 'title_zh = ""\ntitle_en = ""\n'
    path = tmp_path / "x.toml"
    path.write_text(
        f'geometry = "table"\n{column}[columns.a]\ntype = "float"\n{column}[columns.t]\ntype = "text"\n{column}'
        f'[[sources]]\nid = "s"\nstatus = "open"\npath = "data_raw/a.csv"\n{line}\n'
    )
    with pytest.raises(SpecError, match="source 's'"):
        read_spec(path)
