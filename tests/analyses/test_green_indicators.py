"""Two parks, two greens and two built-up areas whose coverage a reader can compute."""

from __future__ import annotations

import pandas as pd
import pytest

from changping_geo.model import ColumnError

NW, SW, NE = "130999003000", "130999001000", "130999004000"
LAYERS = ("towns", "built_up", "urban_green", "parks", "population", "forest")


@pytest.fixture(scope="module")
def run(load, shishan):
    analysis = load("green_indicators")

    def compute(layers=None, **parameters):
        return analysis.compute(**{name: shishan(name) for name in LAYERS} | (layers or {}), **parameters)

    return compute


def plan(coverage, per_person, year=2025):
    return pd.DataFrame(
        {
            "indicator": ["urban_green_coverage", "park_green_per_person"],
            "operator": ">=",
            "target": [coverage, per_person],
            "unit": ["%", "m2/person"],
            "year": year,
        }
    )


def test_overlaps_count_once_and_only_what_lies_in_the_built_up_area(run):
    town = run().by_town.loc[NW]
    # 6 ha of the first park, half of the second (5 ha), 2 ha of estate of which 1 ha is park already, 1 ha of street
    assert town["built_up_m2"] == pytest.approx(2_000_000)
    assert town["green_m2"] == pytest.approx(130_000)
    assert town["green_coverage_percent"] == pytest.approx(6.5)
    assert town["park_m2"] == pytest.approx(110_000)
    assert town["park_all_m2"] == pytest.approx(160_000)


def test_people_outside_the_built_up_area_are_not_divided_by(run):
    by_town = run().by_town
    assert by_town.loc[NW, "park_m2_per_person"] == pytest.approx(110_000 / 3000)
    assert by_town.loc[SW, "park_m2_per_person"] == 0.0
    assert by_town.loc["district", "park_m2_per_person"] == pytest.approx(110_000 / 4000)
    assert by_town.loc["district", "persons_all"] == 10_000
    assert pd.isna(by_town.loc[NE, "green_coverage_percent"])


def test_the_indicators_carry_the_codes_scope_and_units_of_the_plan(run):
    told = run().tables["indicators"].set_index("indicator")
    assert set(told["scope"]) == {"built-up area"}
    assert told["unit"].to_dict() == {"urban_green_coverage": "%", "park_green_per_person": "m2/person"}
    assert told.loc["urban_green_coverage", "value"] == pytest.approx(100 * 13 / 210)
    assert (told["low"] < told["value"]).all()
    assert (told["value"] < told["high"]).all()


def test_a_target_tells_gap_pace_chance_and_what_is_divided_by_what(run):
    result = run({"target_table": plan(10.0, 20.0)})
    rows = result.tables["targets"].set_index("indicator")
    cover = rows.loc["urban_green_coverage"]
    assert cover["gap"] == pytest.approx(10 - 1300 / 210)
    assert cover["required_per_year"] == pytest.approx(cover["gap"] / 2)
    assert cover["probability"] == 0.0
    assert rows.loc["park_green_per_person", "reached"]
    assert rows.loc["park_green_per_person", "probability"] == 1.0
    assert "people in the built-up area" in rows.loc["park_green_per_person", "denominator"]
    assert result.by_town.loc[NW, "green_lacking_m2"] == pytest.approx(0.1 * 2_000_000 - 130_000)


def test_a_target_of_the_past_is_left_out(run):
    assert len(run({"target_table": plan(10.0, 20.0)}, survey_year=2026).tables["targets"]) == 0


def test_every_piece_of_the_built_up_area_has_its_own_coverage(run):
    pieces = run().features["built_up"]
    assert pieces["piece_coverage_percent"].tolist() == pytest.approx([6.5, 0.0])


def test_woods_inside_count_when_they_are_known(run, shishan):
    forest = shishan("forest")
    forest.loc[0, "geometry"] = shishan("built_up").geometry[1]
    assert run({"forest": forest}).by_town.loc[SW, "green_coverage_percent"] == pytest.approx(100)
    assert run({"forest": None}).by_town.loc[SW, "green_coverage_percent"] == 0.0


def test_negative_people_are_refused(run, shishan):
    people = shishan("population")
    people.loc[1, "persons"] = -1.0
    with pytest.raises(ColumnError, match="no usable 'persons'"):
        run({"population": people})
