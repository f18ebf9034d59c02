"""Two scenarios side by side: what differs, and that only what differs is computed."""

from __future__ import annotations

import pytest

from changping_geo.compare import changed_outputs, compare, scenario
from changping_geo.errors import ParameterError, SpecError
from changping_geo.workspace import Workspace

DENSER = """title_zh = "高密度组件"
title_en = "denser modules"

[rooftop_pv]
module_density_w_m2 = 220
"""


@pytest.fixture
def ws(workspace):
    (workspace / "scenarios").mkdir()
    (workspace / "scenarios" / "denser.toml").write_text(DENSER, encoding="utf-8")
    return Workspace(workspace)


def values(found, output, town):
    table = found.table[(found.table["output"] == output) & (found.table["town_code"] == town)]
    return table.iloc[0]


def test_a_tenth_more_power_per_area_is_a_tenth_more_energy_in_every_town(ws):
    found = compare(ws, "default", "denser", ["rooftop_pv"])
    default = next(s.value for s in found.run_a.analyses["rooftop_pv"].settings if s.card.name == "module_density_w_m2")
    for town in found.run_a.results["rooftop_pv"].by_town.index:
        row = values(found, "pv_energy_mwh_a", town)
        assert row["difference"] == pytest.approx(row["value_a"] * (220 / default - 1))
    assert values(found, "pv_energy_mwh_a", "district")["change_percent"] == pytest.approx(100 * (220 / default - 1))


def test_what_does_not_depend_on_the_choice_does_not_differ(ws):
    found = compare(ws, "default", "denser", ["rooftop_pv"])
    assert values(found, "usable_area_m2", "district")["difference"] == 0
    changed = changed_outputs(found.table)
    assert ("rooftop_pv", "pv_capacity_kw") in changed
    assert ("rooftop_pv", "usable_area_m2") not in changed


def test_the_other_way_round_the_differences_change_their_sign(ws):
    one, back = compare(ws, "default", "denser", ["rooftop_pv"]), compare(ws, "denser", "default", ["rooftop_pv"])
    assert one.table["difference"].fillna(0).eq(-back.table["difference"].fillna(0)).all()


def test_the_choices_that_differ_are_named(ws):
    found = compare(ws, "default", "denser", ["rooftop_pv"])
    assert found.chosen.to_dict("records") == [
        {"name": "rooftop_pv.module_density_w_m2", "value_a": "default", "value_b": 220}
    ]
    assert (found.b.title_zh, found.b.title_en) == ("高密度组件", "denser modules")


def test_a_scenario_that_is_not_there_is_told_with_those_that_are(ws):
    with pytest.raises(SpecError, match=r"no scenario 'denzer': .*known are: default, denser"):
        scenario(ws.root, "denzer")


def test_two_equal_scenarios_are_refused(ws):
    with pytest.raises(SpecError, match="nothing to compare"):
        compare(ws, "denser", str(ws.root / "scenarios" / "denser.toml"))


def test_a_scenario_with_an_unknown_parameter_is_refused(ws):
    (ws.root / "scenarios" / "odd.toml").write_text("[rooftop_pv]\nmodul_density = 1\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="modul_density"):
        compare(ws, "default", "odd", ["rooftop_pv"])


def test_without_names_only_what_the_choices_touch_is_compared(ws):
    found = compare(ws, "default", "denser")
    assert list(found.run_a.analyses) == ["rooftop_pv"]
    assert set(found.table["analysis"]) == {"rooftop_pv"}


def test_an_unknown_parameter_is_refused_without_names_too(ws):
    (ws.root / "scenarios" / "odd.toml").write_text("[rooftop]\ndensity = 1\n", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"rooftop\.density"):
        compare(ws, "default", "odd")


def test_a_layer_that_no_analysis_takes_makes_no_difference(ws):
    (ws.root / "layers" / "nobody.toml").write_text(
        'title_zh = "无"\ntitle_en = "nobody"\ngeometry = "table"\n[columns.id]\ntype = "text"\n'
        'title_zh = "号"\ntitle_en = "id"\n[[sources]]\nid = "x"\npath = "data_raw/x.csv"\nstatus = "open"\n',
        encoding="utf-8",
    )
    (ws.root / "scenarios" / "land.toml").write_text('[layers]\nnobody = "x"\n', encoding="utf-8")
    with pytest.raises(SpecError, match="no analysis takes nobody"):
        compare(Workspace(ws.root), "default", "land")
