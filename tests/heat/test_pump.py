"""Heat pumps by published values, and savings that change sign exactly at break-even."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.errors import ColumnError, ParameterError
from changping_geo.heat.cost import cost_of_heat
from changping_geo.heat.estimate import Factors, project_values, pv_beside, saving_word, shares_by_month
from changping_geo.heat.pump import (
    break_even_spf,
    co2_saved,
    heat_factors,
    performance,
    seasonal_cop,
    staffell_cop,
)
from changping_geo.heat.season import Season


def cold(outdoor):
    hours = np.asarray(outdoor, dtype=float)
    return Season(np.ones(len(hours), dtype=int), hours, np.full(len(hours), 1 / len(hours)), 121.0, 0.0, 13.0, 2700.0)


@pytest.mark.parametrize(
    ("source", "at", "water", "cop"),
    [
        ("air", -7.6, 45, 2.19), ("air", -7.6, 55, 1.70), ("air", 0, 45, 2.64), ("air", 7, 35, 3.92),
        ("ground", 10, 45, 4.42), ("ground", 5, 45, 3.94), ("ground", 5, 55, 3.10), ("ground", 10, 35, 5.48),
    ],
)  # fmt: skip
def test_staffell_by_its_values(source, at, water, cop):
    assert float(staffell_cop(water - at, source=source)) == pytest.approx(cop, abs=0.006)


def test_the_regression_is_not_used_below_15_kelvin_nor_beyond_its_minimum():
    assert staffell_cop(3.0, source="ground") == staffell_cop(15.0, source="ground")
    assert staffell_cop(300.0, source="air") == pytest.approx(staffell_cop(0.121 / 0.00126, source="air"))


def test_seasonal_performance_is_heat_over_electricity_not_a_mean_of_cops():
    performance_, months = seasonal_cop(cold([0.0, -10.0]), "air", 14.0, 45.0, 5.0, {})
    warm, icy = staffell_cop(45.0, source="air"), staffell_cop(55.0, source="air")
    assert performance_ == pytest.approx(2 / (1 / warm + 1 / icy))
    assert months.sum() == pytest.approx(1.0)


def test_wells_take_the_temperature_they_are_told():
    found, _ = seasonal_cop(cold([0.0]), "sewage", 14.0, 45.0, 5.0, {"sewage": 15.0})
    assert found == pytest.approx(float(staffell_cop(35.0, source="ground")))


def test_break_even_against_a_gas_boiler_is_that_of_the_dated_factors():
    gas = heat_factors(
        pd.DataFrame({"heat_source": ["gas_boiler"], "kg_co2_per_mj_fuel": [0.05554], "efficiency": [0.9]}),
        ("gas_boiler",),
    )
    assert gas["gas_boiler"] == pytest.approx(0.2222, abs=5e-5)
    assert break_even_spf(0.5554, gas["gas_boiler"]) == pytest.approx(2.50, abs=0.005)
    assert break_even_spf(0.6361, gas["gas_boiler"]) == pytest.approx(2.86, abs=0.005)


@given(st.floats(0.05, 1.2), st.floats(0.1, 0.6), st.floats(1.0, 1e6))
def test_the_saving_changes_sign_exactly_at_break_even(grid, gas, heat):
    even = break_even_spf(grid, gas)
    assert co2_saved(np.array([heat]), even, grid, gas)[0] == 0.0
    assert co2_saved(np.array([heat]), even * (1 + 1e-9), grid, gas)[0] > 0.0
    assert co2_saved(np.array([heat]), even * (1 - 1e-9), grid, gas)[0] < 0.0


def test_the_tool_can_say_no_saving():
    words = saving_word(np.array([2.6, 2.0, 1.5]), np.array([3.5, 3.0, 2.5]), 2.5)
    assert words.tolist() == ["saves", "depends", "no_saving"]


def test_a_boiler_must_stand_in_the_table_once():
    table = pd.DataFrame({"heat_source": ["gas_boiler"] * 2, "kg_co2_per_mj_fuel": [0.05] * 2, "efficiency": [0.9] * 2})
    with pytest.raises(ColumnError, match="gas_boiler: 2 rows, coal_boiler: 0 rows"):
        heat_factors(table, ("gas_boiler", "coal_boiler"))


@pytest.fixture
def three():
    return pd.DataFrame(
        {"kind": ["shallow_ground", "air", "air"], "design_cop": [4.0, None, 2.0], "heated_area_m2": [1e4, 2e4, 1e3]}
    )


FIELD = {"shallow_ground": (0.5, 0.7, 0.9), "air": (0.75, 0.8, 1.0)}


def test_a_design_cop_is_never_taken_without_a_field_factor(three):
    found = performance(three, {"shallow_ground": 4.4, "air": 2.6}, FIELD, "design")
    assert found["cop_basis"].tolist() == ["design", "regression", "design"]
    assert found["spf"].tolist() == pytest.approx([2.8, 2.08, 1.6])
    assert found["spf_low"].tolist() == pytest.approx([2.0, 1.95, 1.5])
    fitted = performance(three, {"shallow_ground": 4.4, "air": 2.6}, FIELD, "regression")
    assert fitted["cop_rated"].tolist() == [4.4, 2.6, 2.6]
    with pytest.raises(ParameterError, match="unknown"):
        performance(three, {"shallow_ground": 4.4, "air": 2.6}, FIELD, "brochure")


def test_heat_electricity_co2_and_cost_of_a_project_by_hand(three):
    spf = performance(three, {"shallow_ground": 4.4, "air": 2.6}, FIELD, "design")
    factors = Factors(0.5, 0.2, 0.5, {"shallow_ground": 300.0, "air": 200.0}, 0.02, 0.0, 20, 0.6)
    found = project_values(three, spf, 80.0, factors).iloc[0]
    assert found["heat_mwh_a"] == pytest.approx(800.0)
    assert found["electricity_mwh_a"] == pytest.approx(800 / 2.8)
    assert found["electricity_mwh_a_high"] == pytest.approx(400.0)
    assert found["co2_saved_gas_t_a"] == pytest.approx(160 - 0.5 * 800 / 2.8)
    assert found["co2_saved_gas_t_a_low"] == pytest.approx(160 - 200)
    assert found["co2_saved_coal_t_a"] == pytest.approx(400 - 0.5 * 800 / 2.8)
    assert found["saving_gas"] == "depends"
    yearly = 3e6 / 20 + 0.02 * 3e6 + 800e3 / 2.8 * 0.6
    assert found["heat_cost_cny_kwh"] == pytest.approx(yearly / 800e3)


def test_without_a_price_there_is_no_cost(three):
    spf = performance(three, {"shallow_ground": 4.4, "air": 2.6}, FIELD, "design")
    factors = Factors(0.5, 0.2, 0.5, {"shallow_ground": 300.0, "air": 200.0}, 0.02, 0.05, 20, 0.0)
    assert project_values(three, spf, 80.0, factors)["heat_cost_cny_kwh"].isna().all()


def test_cost_of_heat_as_hotmaps_has_it():
    invest, upkeep, heat = np.array([7_473_340.0]), 4_918.0, np.array([6_962_999.0])
    assert cost_of_heat(invest, 0.0, heat, np.array([upkeep]), 27, 0.03)[0] == pytest.approx(
        0.05926970484809364, rel=1e-12
    )


def test_electricity_by_month_keeps_its_sum_and_its_kinds(three):
    shares = {"air": np.eye(12)[0], "shallow_ground": np.full(12, 1 / 12)}
    found = shares_by_month(three, pd.Series([12.0, 3.0, 4.0]), shares)
    assert found.tolist() == pytest.approx([8.0] + [1.0] * 11)


def test_pv_of_summer_does_not_heat_in_winter():
    pv, power = np.full(12, 10.0), np.zeros(12)
    power[0], power[1] = 25.0, 5.0
    table = pv_beside(pv, power, power > 0, ("区", "district")).set_index("period")
    assert table.loc["year", "met_in_month_mwh"] == 15.0
    assert table.loc["season", "pv_over_electricity"] == pytest.approx(20 / 30)
    assert table.loc["season", "share_of_year_pv"] == pytest.approx(1 / 6)
    assert np.isnan(table.loc["7", "pv_over_electricity"])
