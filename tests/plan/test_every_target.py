"""Each of the plan's 27 targets, with a value made up for it and the answer worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from changping_geo.plan.indicators import Indicator, indicator_tables, read_indicators
from changping_geo.plan.scoreboard import scoreboard

PLAN = Path(__file__).parents[2] / "data_raw" / "plan_targets.csv"
# id: value of 2025, what the plan asks for, what is missing to it, status; assessed in 2025
BY_HAND = {
    "renewable_share_2025": (20.7, 25.7, 5.0, "behind"),
    "energy_intensity_2025": (15.0, 14.0, -1.0, "met"),
    "carbon_intensity_2025": (21.0, 21.0, 0.0, "met"),
    "fsc_heat_pump_area_2025": (1_000_000.0, 4_000_000.0, 3_000_000.0, "behind"),
    "fsc_new_area_renewable_share_2025": (25.0, 20.0, -5.0, "met"),
    "cement_capacity_cut_2025": (1.0, 1.0, 0.0, "met"),
    "green_factories_2025": (17.0, 20.0, 3.0, "behind"),
    "smart_retrofits_2025": (52.0, 50.0, -2.0, "met"),
    "new_housing_two_star_2025": (100.0, 100.0, 0.0, "met"),
    "new_public_two_star_2025": (90.0, 100.0, 10.0, "behind"),
    "fsc_gov_three_star_2025": (100.0, 100.0, 0.0, "met"),
    "fsc_three_star_2025": (40.0, 50.0, 10.0, "behind"),
    "prefab_share_2025": (56.5, 55.0, -1.5, "met"),
    "public_retrofit_area_2025": (450_000.0, 900_000.0, 450_000.0, "behind"),
    "waste_utilisation_2025": (80.5, 80.0, -0.5, "met"),
    "waste_utilisation_2030": (79.0, 80.0, 1.0, "behind"),
    "forest_stock_2025": (1_700_000.0, 1_800_000.0, 100_000.0, "behind"),
    "urban_green_coverage_2025": (49.5, 49.0, -0.5, "met"),
    "park_green_per_person_2025": (16.76, 17.76, 1.0, "behind"),
    "new_geothermal_heat_pump_area_2025": (3_512_200.0, 3_512_200.0, 0.0, "met"),
    "smart_grid_coverage": (95.0, 100.0, 5.0, "behind"),
    "hydrogen_stations_2025": (4.0, 10.0, 6.0, "behind"),
    "frugal_government_bodies_2025": (80.0, 80.0, 0.0, "met"),
    "green_schools_2025": (60.0, 70.0, 10.0, "behind"),
    "education_energy_2025": (11.0, 10.0, -1.0, "met"),
    "health_energy_2025": (7.0, 8.0, 1.0, "behind"),
    "other_public_energy_2025": (7.0, 7.0, 0.0, "met"),
}
NAMES = ["id", "year", "value", "low", "high", "unit", "data_status", "source"]


@pytest.fixture
def plan():
    return pd.read_csv(PLAN, encoding="utf-8-sig").astype({"year": "Int64", "baseline_year": "Int64"})


@pytest.fixture
def reported(plan):
    units = dict(zip(plan["id"], plan["unit"], strict=True))
    rows = [(i, 2025, v, np.nan, np.nan, units[i], "official", "made up") for i, (v, *_) in BY_HAND.items()]
    return pd.DataFrame(rows, columns=NAMES)


def nothing_computed():
    return read_indicators({})[0].assign(data_status="")


def test_every_target_of_the_plan_has_the_gap_and_status_worked_out_by_hand(plan, reported):
    board = scoreboard(plan, nothing_computed(), reported, assessment_year=2025, forecast_year=2030).set_index("id")
    assert list(board.index) == list(BY_HAND)
    for name, (value, target, gap, status) in BY_HAND.items():
        row = board.loc[name]
        assert (row["value"], row["target"]) == (value, target), name
        assert row["gap"] == pytest.approx(gap), name
        assert row["status"] == status, name
        assert row["data_status"] == "official", name


def test_every_target_without_a_report_and_without_a_computation_has_no_data(plan, reported):
    board = scoreboard(plan, nothing_computed(), reported.iloc[:0], assessment_year=2025, forecast_year=2030)
    assert len(board) == 27
    assert set(board["status"]) == {"no_data"}
    assert board["gap"].isna().all()


def test_what_analyses_compute_finds_its_row_by_indicator_and_scope(plan, reported):
    told = [
        Indicator("forest_stock_volume", 1_850_000.0, "m3", 2025, "", ""),
        Indicator("urban_green_coverage", 48.0, "%", 2025, "", "", scope="built-up area"),
        Indicator("park_green_per_person", 18.0, "m2/person", 2025, "", "", scope="built-up area"),
        Indicator("new_heat_pump_heated_area", 5_000_000.0, "m2", 2025, "", "", scope="Future Science City"),
        Indicator("new_ground_heat_pump_heated_area", 3_000_000.0, "m2", 2025, "", ""),
        Indicator("hydrogen_stations", 11.0, "count", 2025, "", ""),
    ]
    known, _ = read_indicators({"made_up": indicator_tables(told)})
    board = scoreboard(plan, known.assign(data_status="open"), reported, assessment_year=2025, forecast_year=2030)
    computed = board[board["told_by"] == "made_up"].set_index("id")
    assert computed["status"].to_dict() == {
        "fsc_heat_pump_area_2025": "met",
        "forest_stock_2025": "met",
        "urban_green_coverage_2025": "behind",
        "park_green_per_person_2025": "met",
        "new_geothermal_heat_pump_area_2025": "behind",
        "hydrogen_stations_2025": "met",
    }
    assert computed.loc["forest_stock_2025", "reported_value"] == 1_700_000.0
