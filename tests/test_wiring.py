"""The signature is the wiring: names of layers and analyses by place, parameters by keyword."""

from __future__ import annotations

import pytest

from changping_geo import wiring
from changping_geo.model import AnalysisError, ParameterError, SpecError

ANALYSIS = '''"""Counts {name}.

More words.
"""
from changping_geo.model import Cards, Output, Parameter, Result

TITLE = ("计数", "Count")
PARAMETERS = Cards(
    Parameter("weight.a", 0.5, "1", 0.0, 1.0, "made up", False, "权重", "weight"),
    Parameter("weight.b", 0.5, "1", 0.0, 1.0, "made up", False, "权重", "weight"),
)
OUTPUTS = (Output("n", "count", "数量", "number", "rows"),)


def compute({takes}*, weight=PARAMETERS["weight"]):
    return Result(None)
'''


@pytest.fixture
def room(tmp_path, monkeypatch):
    """An otherwise empty workspace, without the standard analyses."""
    monkeypatch.setattr(wiring.content, "standard_root", lambda: tmp_path / "nowhere")
    (tmp_path / "analyses").mkdir()

    def add(name, takes=""):
        text = ANALYSIS.replace("{name}", name).replace("{takes}", takes)
        (tmp_path / "analyses" / f"{name}.py").write_text(text, encoding="utf-8")
        return tmp_path

    return add


def test_an_analysis_is_read_from_its_signature(room):
    module = wiring.read_modules(room("trees", "towns, forest, "))["trees"]
    assert module.needs == ("towns", "forest")
    assert module.about == "Counts trees."
    assert list(module.cards) == ["weight"]


def test_analyses_run_after_what_they_need(room):
    room("c", "b, towns, ")
    room("a", "towns, ")
    modules = wiring.read_modules(room("b", "a, "))
    assert [m.name for m in wiring.order(modules, ["towns"], ["c"])] == ["a", "b", "c"]
    assert [m.name for m in wiring.order(modules, ["towns"], ["b"])] == ["a", "b"]


def test_unknown_names_list_the_known_ones(room):
    modules = wiring.read_modules(room("a", "twons, "))
    with pytest.raises(AnalysisError, match=r"twons.*layers are roofs, towns; analyses are a"):
        wiring.order(modules, ["towns", "roofs"], ["a"])
    with pytest.raises(AnalysisError, match="unknown analysis 'aa'; known are: a"):
        wiring.order(modules, ["towns"], ["aa"])


def test_a_circle_is_told(room):
    room("a", "b, ")
    modules = wiring.read_modules(room("b", "a, "))
    with pytest.raises(AnalysisError, match="a → b → a"):
        wiring.order(modules, [], ["a"])


def test_cards_and_signature_must_agree(room):
    root = room("a")
    path = root / "analyses" / "a.py"
    path.write_text(path.read_text(encoding="utf-8").replace("*, weight=", "*, wieght="), encoding="utf-8")
    with pytest.raises(AnalysisError, match=r"without a card \['wieght'\], never used \['weight'\]"):
        wiring.read_modules(root)


def test_every_broken_analysis_is_named(room):
    root = room("a")
    (root / "analyses" / "b.py").write_text("import nothing_of_that_name", encoding="utf-8")
    (root / "analyses" / "c.py").write_text("x = 1", encoding="utf-8")
    with pytest.raises(AnalysisError) as told:
        wiring.read_modules(root)
    assert "b.py does not load" in str(told.value)
    assert "c.py" in str(told.value)


def test_settings_reach_their_analysis_and_are_marked_as_chosen(room):
    modules = wiring.read_modules(room("a"))
    arguments, used = wiring.settings_by_analysis(modules, {"a.weight.b": "0.75"})
    assert arguments["a"] == {"weight": {"a": 0.5, "b": 0.75}}
    assert [(s.card.name, s.value, s.chosen) for s in used["a"]] == [("weight.a", 0.5, False), ("weight.b", 0.75, True)]


@pytest.mark.parametrize("name", ["b.weight.a", "weight", "a.weight.c", "a"])
def test_settings_of_unknown_name_are_refused(room, name):
    with pytest.raises(ParameterError, match=r"known are|analyses are"):
        wiring.settings_by_analysis(wiring.read_modules(room("a")), {name: "0.5"})


def test_a_scenario_is_flat_inside(tmp_path):
    path = tmp_path / "more.toml"
    path.write_text('title_en = "More"\n[a]\nyears = 3\n[a.weight]\nb = 0.9\n', encoding="utf-8")
    assert wiring.read_scenario(path) == {"a.years": 3, "a.weight.b": 0.9}


def test_a_scenario_value_outside_a_table_is_refused(tmp_path):
    path = tmp_path / "more.toml"
    path.write_text("weight = 0.9\n", encoding="utf-8")
    with pytest.raises(SpecError, match="weight must stand in a table"):
        wiring.read_scenario(path)


def test_a_layer_and_an_analysis_cannot_share_a_name(room):
    modules = wiring.read_modules(room("trees", "towns, "))
    with pytest.raises(AnalysisError, match="trees: a layer and an analysis have one name"):
        wiring.order(modules, ["towns", "trees"], ["trees"])
