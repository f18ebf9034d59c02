"""A layer that waits: it is opened when an analysis calls for it, and counts only then."""

from __future__ import annotations

import pytest

from changping_geo import content, wiring
from changping_geo.model import AnalysisError, Status
from changping_geo.run import compute
from changping_geo.workspace import Workspace

ANALYSIS = '''"""Counts roofs, if asked to."""
import pandas as pd

from changping_geo.model import Cards, Output, Parameter, Result

TITLE = ("计数", "Count")
PARAMETERS = Cards(Parameter("look", 0, "1", 0, 1, "made up", False, "看", "Look"))
OUTPUTS = (Output("n", "count", "数量", "number", "rows"),)
LAZY = ("rooftops",)


def compute(towns, rooftops, *, look=PARAMETERS["look"]):
    number = float(len(rooftops())) if look else 0.0
    rows = [*towns["town_code"], "outside", "district"]
    table = pd.DataFrame({"n": 0.0}, index=rows)
    table.loc[["outside", "district"], "n"] = number
    return Result(table)
'''


@pytest.fixture
def own(workspace, monkeypatch):
    """The made-up district with analyses of its own only."""
    room = content.room

    def without_standard(root, name, suffix):
        found = room(root, name, suffix)
        return {k: v for k, v in found.items() if name != "analyses" or root in v.parents}

    monkeypatch.setattr(content, "room", without_standard)
    (workspace / "analyses").mkdir(exist_ok=True)

    def add(name, text):
        (workspace / "analyses" / f"{name}.py").write_text(text, encoding="utf-8")

    add("count_roofs", ANALYSIS)
    return workspace, add


def weak(root):
    """Let the rooftops be synthetic."""
    text = (content.standard_root() / "layers" / "rooftops.toml").read_text(encoding="utf-8")
    (root / "layers" / "rooftops.toml").write_text(text.replace('"official"', '"synthetic"'), encoding="utf-8")


def test_a_layer_that_nobody_calls_for_is_not_opened_and_not_named(own):
    root, _ = own
    weak(root)
    (root / "data_raw" / "rooftops.geojson").write_text("broken", encoding="utf-8")
    run = compute(Workspace(root), ["count_roofs"], {})
    assert list(run.layers) == ["towns"]
    assert list(run.titles) == list(run.columns) == ["towns"]
    assert run.analyses["count_roofs"].layers == ("towns",)
    assert run.analyses["count_roofs"].status == Status.OFFICIAL


def test_a_layer_that_is_called_for_counts_like_any_other(own):
    root, _ = own
    weak(root)
    run = compute(Workspace(root), ["count_roofs"], {"count_roofs.look": 1})
    assert set(run.layers) == {"towns", "rooftops"}
    assert run.analyses["count_roofs"].layers == ("towns", "rooftops")
    assert run.analyses["count_roofs"].status == Status.SYNTHETIC
    assert run.results["count_roofs"].by_town["n"].iloc[-1] == len(run.layers["rooftops"].data) == 9


def test_what_one_analysis_opens_does_not_weaken_another(own):
    root, add = own
    weak(root)
    add("count_again", ANALYSIS)
    run = compute(Workspace(root), ["count_roofs", "count_again"], {"count_roofs.look": 1})
    assert run.analyses["count_roofs"].status == Status.SYNTHETIC
    assert run.analyses["count_again"].status == Status.OFFICIAL
    assert run.analyses["count_again"].layers == ("towns",)


def test_only_what_compute_takes_by_place_can_wait(own):
    root, add = own
    add("count_roofs", ANALYSIS.replace('("rooftops",)', '("rooftop",)'))
    with pytest.raises(AnalysisError, match="LAZY names rooftop, which"):
        wiring.read_modules(root)


def test_an_analysis_cannot_wait(own):
    root, add = own
    again = ANALYSIS.replace("rooftops", "count_roofs").replace("len(count_roofs())", "0.0")
    add("count_again", again)
    with pytest.raises(AnalysisError, match="only layers can wait"):
        compute(Workspace(root), ["count_again"], {})


def test_an_optional_layer_that_nobody_delivered_is_none_and_is_not_named(own):
    root, _ = own
    optional = (
        ANALYSIS.replace("LAZY", "OPTIONAL")
        .replace("len(rooftops())", "len(rooftops)")
        .replace("if look", "if rooftops is not None")
    )
    (root / "analyses" / "count_roofs.py").write_text(optional, encoding="utf-8")
    spec = (content.standard_root() / "layers" / "rooftops.toml").read_text(encoding="utf-8")
    (root / "layers" / "rooftops.toml").write_text(spec[: spec.rindex("[[sources]]")], encoding="utf-8")
    there = compute(Workspace(root), ["count_roofs"], {})
    assert there.results["count_roofs"].by_town["n"].iloc[-1] == 9
    (root / "data_raw" / "rooftops.geojson").unlink()
    gone = compute(Workspace(root), ["count_roofs"], {})
    assert gone.results["count_roofs"].by_town["n"].iloc[-1] == 0
    assert list(gone.layers) == list(gone.titles) == ["towns"]
    assert gone.analyses["count_roofs"].layers == ("towns",)


def test_a_layer_cannot_both_wait_and_be_optional(own):
    root, add = own
    add("count_roofs", ANALYSIS + 'OPTIONAL = ("rooftops",)\n')
    with pytest.raises(AnalysisError, match="stands in LAZY and in OPTIONAL"):
        wiring.read_modules(root)
