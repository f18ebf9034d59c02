"""A second run of a workspace computes only what rests on something that changed."""

from __future__ import annotations

import shutil

import pytest

from changping_geo import content
from changping_geo.run import compute
from changping_geo.workspace import Workspace

COUNT = '''"""Counts."""

import pandas as pd

from changping_geo.model import Cards, Output, Parameter, Result

TITLE = ("计数", "count")
PARAMETERS = Cards(
    Parameter("weight", 1.0, "1", 0.0, 9.0, source="a test", verified=True, title_zh="权重", title_en="weight"),
)
OUTPUTS = (Output("n", "count", "数量", "number", "rows"),)


def compute({needs}, *, weight=PARAMETERS["weight"]):
    n = {how}
    towns = pd.Index(["outside", "district"], name="town_code")
    return Result(by_town=pd.DataFrame({{"town_name": "", "name_en": "", "n": [n * weight] * 2}}, towns))
'''


@pytest.fixture
def ws(workspace, monkeypatch):
    """The made-up district with two analyses: one counts rooftops, one rests on it and on the towns."""
    room = content.room

    def own(root, name, suffix):
        found = room(root, name, suffix)
        return {k: v for k, v in found.items() if name != "analyses" or root in v.parents}

    monkeypatch.setattr(content, "room", own)
    folder = workspace / "analyses"
    folder.mkdir(exist_ok=True)
    (folder / "first.py").write_text(COUNT.format(needs="rooftops", how="len(rooftops)"), encoding="utf-8")
    how = "float(first.by_town['n'].iloc[-1])"
    (folder / "second.py").write_text(COUNT.format(needs="first, towns", how=how), encoding="utf-8")
    twin = (content.standard_root() / "layers" / "rooftops.toml").read_text(encoding="utf-8")
    twin += '\n[[sources]]\nid = "later"\npath = "data_raw/later.geojson"\nstatus = "open"\n'
    (workspace / "layers" / "rooftops.toml").write_text(twin, encoding="utf-8")
    shutil.copy(workspace / "data_raw" / "rooftops.geojson", workspace / "data_raw" / "later.geojson")
    return Workspace(workspace)


@pytest.mark.parametrize(
    ("changed", "computed_again"),
    [
        ({}, 0),
        ({"second.weight": 2}, 1),
        ({"first.weight": 2}, 2),
        ({"layers.rooftops": "later"}, 2),
    ],
)
def test_only_what_rests_on_the_change_is_computed_again(ws, changed, computed_again):
    kept = {}
    compute(ws, (), {}, kept=kept)
    assert len(kept) == 2
    compute(ws, (), changed, kept=kept)
    assert len(kept) == 2 + computed_again


def test_a_result_taken_again_is_the_one_that_would_be_computed(ws):
    kept = {}
    compute(ws, (), {}, kept=kept)
    taken = compute(ws, (), {"second.weight": 2}, kept=kept)
    fresh = compute(ws, (), {"second.weight": 2})
    for name in ("first", "second"):
        assert taken.results[name].by_town.equals(fresh.results[name].by_town)
    assert taken.results["second"].by_town["n"].iloc[-1] == 2 * len(taken.layers["rooftops"].data)


def test_a_chosen_source_is_told_with_its_status(ws):
    run = compute(ws, ["first"], {"layers.rooftops": "later"})
    assert run.layers["rooftops"].source["path"] == "data_raw/later.geojson"
    assert run.analyses["first"].status.word == "open"
