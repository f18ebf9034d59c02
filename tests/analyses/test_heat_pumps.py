"""Two towns, three buildings, two projects and a park, whose figures a reader can compute."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from changping_geo.errors import ColumnError, ParameterError
from changping_geo.geo.assign import centre_lonlat
from changping_geo.model import Result
from changping_geo.solar.climate import hourly_year

PATH = Path(__file__).parents[2] / "analyses" / "heat_pumps.py"
CRS = "EPSG:32650"
X, Y = 500_000.0, 4_428_000.0
MONTHS = [f"pv_energy_mwh_m{month:02d}" for month in range(1, 13)]


@pytest.fixture(scope="module")
def analysis():
    spec = spec_from_file_location("heat_pumps_under_test", PATH)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def at(x, y, width, depth):
    return box(X + x, Y + y, X + x + width, Y + y + depth)


def frame(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


@pytest.fixture(scope="module")
def inputs():
    """Flats inside a ground-source project, flats beside a park in town A, a farmhouse in town B; air source in B."""
    towns = frame(
        [at(0, 0, 500, 1000), at(500, 0, 500, 1000)],
        town_code=["001", "002"], name_zh=["甲镇", "乙镇"], name_en=["A", "B"],
    )  # fmt: skip
    roofs = frame(
        [at(100, 100, 50, 20), at(110, 330, 50, 20), at(900, 900, 10, 10)],
        roof_id=list("abc"), use=["housing", "housing", "rural_house"],
        floors=[5, 10, 1], built_year=[1990, 2010, 1980],
    )  # fmt: skip
    projects = frame(
        [at(90, 90, 80, 50), at(600, 600, 50, 50)],
        project_id=["p", "q"], name=["甲一期", "乙村"], kind=["shallow_ground", "air"], status=["operating"] * 2,
        year=[2022, 2024], heated_area_m2=[5000.0, 2000.0], boreholes=[40, None], design_cop=[4.0, 2.8],
    )  # fmt: skip
    climate = pd.DataFrame({"month": range(1, 13), "temp_air_c": 0.0, "diurnal_range_k": 0.0})
    rows = [(2023, "Beijing", 0.5, "document"), (2023, "North China", 0.64, "document")]
    factors = pd.DataFrame(rows, columns=["year", "region", "kg_co2_per_kwh", "document"])
    sources = pd.DataFrame(
        {"heat_source": ["gas_boiler", "coal_boiler"], "kg_co2_per_mj_fuel": [0.05, 0.1], "efficiency": [0.9, 0.6]}
    )
    columns = ["use", "built_from", "built_to", "peak_w_m2_low", "peak_w_m2", "peak_w_m2_high", "heated_share"]
    loads = [("housing", 1300, 2004, 50, 60, 70, 1.0), ("housing", 2005, 2100, 40, 40, 50, 1.0)]
    intensity = pd.DataFrame([*loads, ("rural_house", 1300, 2100, 50, 80, 100, 0.5)], columns=columns)
    pv = pd.DataFrame(1.0, roofs.index, MONTHS).assign(town_code=["001", "001", "002"])
    return towns, roofs, projects, climate, factors, sources, intensity, Result(pd.DataFrame(), {"rooftops": pv})


@pytest.fixture(scope="module")
def layers():
    parks = frame([at(200, 300, 60, 60)], park_id=["G1"])
    places = frame([Point(X + 100, Y + 100)], name_zh=["甲城"], name_en=["Key"], theme=["key_area"])
    rows = [
        ("new_ground_heat_pump_heated_area", "district", 10_000.0, "m2", 2025),
        ("new_heat_pump_heated_area", "Key", 6000.0, "m2", 2025),
    ]
    targets = pd.DataFrame(rows, columns=["indicator", "scope", "target", "unit", "year"])
    return {"parks": parks, "plan_places": places, "target_table": targets}


SETTINGS = {"project_heat_kwh_m2": 80.0, "key_area_radius_m": 300.0}


@pytest.fixture(scope="module")
def result(analysis, inputs, layers):
    return analysis.compute(*inputs, **layers, **SETTINGS)


def test_projects_by_hand(result):
    town = result.by_town
    assert town["project_area_m2"].tolist() == [5000.0, 2000.0, 0.0, 7000.0]
    assert town["project_heat_mwh_a"].tolist() == pytest.approx([400.0, 160.0, 0.0, 560.0])
    assert town.loc["001", "project_electricity_mwh_a"] == pytest.approx(400 / (4.0 * 0.7))
    assert town.loc["001", "project_electricity_mwh_a_high"] == pytest.approx(400 / (4.0 * 0.55))
    assert town.loc["002", "project_spf"] == pytest.approx(2.8 * 0.875)
    gas = 0.05 * 3.6 / 0.9
    assert town.loc["001", "project_co2_saved_gas_t_a"] == pytest.approx(400 * gas - 0.5 * 400 / 2.8)
    assert town.loc["002", "project_co2_saved_gas_t_a"] < 0.0  # air source at 2.45 stays below break-even at 2.5
    assert town.loc["002", "project_co2_saved_coal_t_a"] == pytest.approx(160 * 0.6 - 0.5 * 160 / 2.45)
    assert town["heat_cost_cny_kwh"].isna().all()


def test_new_area_and_the_plan(result):
    assert result.by_town["new_area_m2"].tolist() == [5000.0, 0.0, 0.0, 5000.0]
    plan = result.tables["plan_areas"]
    assert plan["new_area_m2"].tolist() == [5000.0, 5000.0]
    assert plan["gap_m2"].tolist() == [5000.0, 1000.0]
    told = result.tables["indicators"].set_index("scope")
    assert told.loc["district", "value"] == 5000.0
    assert result.tables["indicators_by_town"]["town_code"].tolist() == ["001", "001"]


def test_demand_by_hand(result):
    town, hours = result.by_town, 24 * 121 * 18 / 25.6
    assert town["heat_peak_kw"].tolist() == pytest.approx([300.0 + 400.0, 4.0, 0.0, 704.0])
    assert town["heat_demand_mwh_a"].tolist() == pytest.approx(np.array([700.0, 4.0, 0.0, 704.0]) * hours / 1000)
    assert town.loc["001", "open_demand_mwh_a"] == pytest.approx(400.0 * hours / 1000)


def test_the_park_holds_its_lattice_and_covers_the_flats_beside_it(result):
    """Inside 202 to 258 m stand 11 lines, inside 302 to 358 m too; 60 % of 121 places are 72 bores."""
    lots = result.made["heat_parcels"].data
    assert lots["n_bores"].tolist() == [72]
    assert lots["open_m2"].tolist() == [121 * 25.0]
    town = result.by_town
    assert town["n_bores"].tolist() == [72.0, 0.0, 0.0, 72.0]
    potential = lots["potential_mwh_a"][0]
    assert town.loc["001", "ground_covered_mwh_a"] == pytest.approx(
        min(potential, town.loc["001", "open_demand_mwh_a"])
    )
    spf = result.tables["kinds"].set_index("kind").loc["shallow_ground", "spf"]
    assert potential == pytest.approx(lots["ground_heat_mwh_a"][0] * spf / (spf - 1))
    assert town.loc["002", "ground_covered_mwh_a"] == 0.0


def test_the_saving_can_be_none_and_break_even_is_shown(result):
    table = result.tables["break_even"]
    assert table["break_even_spf_gas_boiler"].tolist() == pytest.approx([2.5, 3.2])
    shown = result.features["heat_pump_projects"]
    assert shown["saving_gas"].tolist() == ["depends", "depends"]
    assert shown["spf_low"].tolist() == pytest.approx([2.2, 2.1])


def test_pv_of_the_projects_roof_stands_beside_their_electricity(result):
    table = result.tables["pv_beside_heat"]
    ours = table[table["scope_en"] == "roofs inside operating projects"].set_index("period")
    assert ours.loc["year", "pv_mwh"] == pytest.approx(12.0)
    assert ours.loc["season", "pv_mwh"] == pytest.approx(5.0)
    assert ours.loc["year", "heat_pump_electricity_mwh"] == pytest.approx(400 / 2.8 + 160 / 2.45)
    assert ours.loc["7", "heat_pump_electricity_mwh"] == 0.0


def test_the_order_of_rows_changes_nothing(analysis, inputs, layers, result):
    towns, roofs, projects, *rest, pv = inputs
    turned = Result(pd.DataFrame(), {"rooftops": pv.features["rooftops"].iloc[::-1]})
    again = analysis.compute(towns, roofs.iloc[::-1], projects.iloc[::-1], *rest, turned, **layers, **SETTINGS)
    numbers = result.by_town.drop(columns=["town_name", "name_en"])
    assert np.allclose(again.by_town[numbers.columns], numbers, rtol=1e-12, equal_nan=True)


def test_without_any_optional_layer_there_are_projects_and_demand(analysis, inputs, result):
    bare = analysis.compute(*inputs, **SETTINGS)
    assert bare.by_town["n_bores"].sum() == 0.0
    assert bare.by_town["project_heat_mwh_a"].equals(result.by_town["project_heat_mwh_a"])
    assert bare.tables["indicators"].empty
    assert "heat_fields" not in bare.made


def test_a_protected_zone_shuts_the_park(analysis, inputs, layers):
    zone = frame([at(250, 350, 5, 5)], zone_id=["W"])
    shut = analysis.compute(*inputs, **layers, water_protection=zone, **SETTINGS)
    assert shut.made["heat_parcels"].data["excluded"].tolist() == ["water_protection"]
    assert shut.by_town["ground_potential_mwh_a"].sum() == 0.0


def test_a_dated_price_gives_a_cost_of_heat(analysis, inputs, layers, result):
    paid = analysis.compute(*inputs, **layers, electricity_cny_kwh=0.6, electricity_date="2025-06", **SETTINGS)
    money = 5000 * 315.0
    annuity = (1 - 1.05**-20) / 0.05
    by_hand = (money / annuity + 0.02 * money + 400_000 / 2.8 * 0.6) / 400_000
    assert paid.by_town.loc["001", "heat_cost_cny_kwh"] == pytest.approx(by_hand)
    with pytest.raises(ParameterError, match="belong together"):
        analysis.compute(*inputs, electricity_cny_kwh=0.6)


def test_a_dirtier_grid_turns_the_saving_round(analysis, inputs, layers):
    north = analysis.compute(*inputs, **layers, emission_factor_region="North China", **SETTINGS)
    assert north.by_town.loc["001", "project_co2_saved_gas_t_a"] < 0.0


def test_projects_that_cannot_be_stop_the_run(analysis, inputs):
    towns, roofs, projects, *rest = inputs
    wrong = projects.assign(heated_area_m2=[0.5, 2000.0])
    with pytest.raises(ColumnError, match="万m²"):
        analysis.compute(towns, roofs, wrong, *rest)


def test_every_output_is_there_and_towns_add_up(analysis, result):
    town = result.by_town
    assert list(town.columns) == ["town_name", "name_en", *(o.name for o in analysis.OUTPUTS)]
    for output in analysis.OUTPUTS:
        if output.extensive:
            assert town[output.name].iloc[:-1].sum() == pytest.approx(town[output.name].iloc[-1], rel=1e-9)


def test_a_district_without_projects_has_its_demand(analysis, inputs, layers, result):
    towns, roofs, projects, *rest = inputs
    none = analysis.compute(towns, roofs, projects.iloc[:0], *rest, **layers, **SETTINGS)
    assert none.by_town["n_projects"].sum() == 0.0
    assert none.by_town["heat_demand_mwh_a"].equals(result.by_town["heat_demand_mwh_a"])


def test_hours_of_weather_serve_as_well_as_months(analysis, inputs, layers, result):
    """A year of hours at 0 degC gives the demand of months at 0 degC."""
    towns, roofs, projects, climate, *rest = inputs
    light = {
        "ghi_kwh_m2": [69, 82, 118, 155, 171, 166, 154, 142, 122, 94, 65, 56],
        "dhi_kwh_m2": [29, 34, 51, 58, 71, 78, 80, 77, 57, 46, 34, 27],
        "dni_kwh_m2": [97, 98, 113, 141, 135, 118, 99, 89, 100, 88, 72, 76],
        "wind_m_s": 2.0,
    }
    hours = hourly_year(climate.assign(**light), *centre_lonlat(towns)[::-1])
    names = ["ghi", "dhi", "dni", "temp_air", "wind_speed"]
    found = analysis.compute(towns, roofs, projects, hours[names], *rest, **layers, **SETTINGS)
    assert found.by_town["heat_demand_mwh_a"].tolist() == pytest.approx(result.by_town["heat_demand_mwh_a"].tolist())
