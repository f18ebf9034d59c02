"""A town of three roofs whose figures a reader can compute, and the rules that hold for any town."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import affinity, box

from changping_geo.cli import main
from changping_geo.geo.assign import centre_lonlat
from changping_geo.model import ColumnError, ParameterError
from changping_geo.solar.climate import hourly_year
from changping_geo.solar.kernel import daylight, monthly_yield
from changping_geo.solar.monthly import with_terms
from changping_geo.solar.pv import default_chain, pvwatts_losses
from changping_geo.solar.roof import row_cover
from changping_geo.solar.shade_classes import COLUMNS, SKY
from changping_geo.workspace import Workspace

PATH = Path(__file__).parents[2] / "analyses" / "rooftop_pv.py"
CRS = "EPSG:32650"
X, Y = 500_000.0, 4_428_000.0


@pytest.fixture(scope="module")
def analysis():
    spec = spec_from_file_location("rooftop_pv_under_test", PATH)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def at(x, y, width, depth):
    return box(X + x, Y + y, X + x + width, Y + y + depth)


@pytest.fixture(scope="module")
def towns():
    return gpd.GeoDataFrame(
        {"town_code": ["001", "002"], "name_zh": ["甲镇", "乙镇"], "name_en": ["A", "B"]},
        geometry=[at(0, 0, 500, 1000), at(500, 0, 500, 1000)],
        crs=CRS,
    )


@pytest.fixture(scope="module")
def roofs():
    """A block of flats and a farmhouse in town A, a shed that lies outside all towns."""
    return gpd.GeoDataFrame(
        {"roof_id": list("abc"), "use": ["housing", "rural_house", "industrial"], "roof_type": ["flat", "gable", None]},
        geometry=[at(100, 100, 50, 20), at(200, 200, 20, 5), at(2000, 0, 60, 30)],
        crs=CRS,
        index=pd.Index([11, 5, 8]),
    )


@pytest.fixture(scope="module")
def climate():
    columns = {
        "ghi_kwh_m2": [69, 82, 118, 155, 171, 166, 154, 142, 122, 94, 65, 56],
        "dhi_kwh_m2": [29, 34, 51, 58, 71, 78, 80, 77, 57, 46, 34, 27],
        "dni_kwh_m2": [97, 98, 113, 141, 135, 118, 99, 89, 100, 88, 72, 76],
        "temp_air_c": [-2, 1, 8, 15, 22, 25, 27, 27, 21, 14, 5, 0],
        "diurnal_range_k": [10] * 12,
        "wind_m_s": [2] * 12,
    }
    return pd.DataFrame({"month": range(1, 13), **columns})


@pytest.fixture(scope="module")
def factors():
    rows = [
        (2022, "Beijing", 0.6, "document 1"),
        (2023, "Beijing", 0.5, "document 2"),
        (2023, "China", 0.7, "document 2"),
    ]
    return pd.DataFrame(rows, columns=["year", "region", "kg_co2_per_kwh", "document"])


@pytest.fixture(scope="module")
def inputs(towns, roofs, climate, factors):
    return towns, roofs, climate, factors


@pytest.fixture(scope="module")
def found(analysis, inputs):
    """The three roofs with every parameter at its default."""
    return analysis.compute(*inputs)


def test_three_roofs_computed_by_hand(analysis, inputs):
    exact = {"gable": 0.0, "shed_metal": 0.0}
    steep = analysis.compute(
        *inputs, roof_slope_deg={"new_house": 60.0}, slope_spread_deg=exact, monthly_terms="steady"
    )
    roofs = steep.features["rooftops"]
    lon, lat = centre_lonlat(inputs[0])
    cover = row_cover(10.0, lat, 0.9)
    assert cover == pytest.approx(0.66, abs=0.01)
    # flats: 50 m by 20 m, flat; 48 m by 18 m inside a metre, 20 % obstacles, 55 % usable; rows at 10 degrees
    # farmhouse: 100 m2 under 60 degrees is two planes of 20 m by 5 m, of the south one 19.4 m by 4.4 m inside 0.3 m;
    # obstacles take 8 %, of the rest 75 % are usable, flush
    # shed: metal assumed, 60 m by 30 m at 6 degrees, both planes, half a metre, 8 % obstacles, 85 % usable, flush
    slant = 15.0 / np.cos(np.radians(6.0))
    inside = np.array([48.0 * 18.0, 19.4 * 4.4, 2 * 59.0 * (slant - 1.0)])
    assert roofs["roof_area_m2"].tolist() == pytest.approx([1000.0, 200.0, 2 * 60.0 * slant])
    usable = inside * [0.8 * 0.55, 0.92 * 0.75, 0.92 * 0.85]
    assert roofs["usable_area_m2"].tolist() == pytest.approx(usable.tolist())
    low, high = [0.65 * 0.40, 0.80 * 0.60, 0.85 * 0.65], [0.90 * 0.70, 0.98 * 0.95, 0.98 * 0.95]
    assert roofs["usable_area_m2_low"].tolist() == pytest.approx((inside * low).tolist())
    assert roofs["usable_area_m2_high"].tolist() == pytest.approx((inside * high).tolist())
    capacity = (usable * [cover, 0.9, 0.9] * 0.215).tolist()
    assert roofs["pv_capacity_kw"].tolist() == pytest.approx(capacity)
    hours = daylight(hourly_year(inputs[2], lat, lon))
    south = np.array([180.0])
    flats = monthly_yield(hours, np.array([10.0]), south, default_chain("open")).sum()
    house = monthly_yield(hours, np.array([60.0]), south, default_chain("close")).sum()
    both = monthly_yield(hours, np.array([6.0, 6.0]), np.array([0.0, 180.0]), default_chain("close")).sum(axis=1)
    yields = [flats, house, both.mean()]
    assert roofs["specific_yield_kwh_kw_a"].tolist() == pytest.approx(yields, rel=2e-3)
    assert roofs["pv_energy_mwh_a"].iloc[0] == pytest.approx(capacity[0] * flats / 1000.0, rel=1e-9)
    assert roofs["co2_avoided_t_a"].tolist() == pytest.approx((0.5 * roofs["pv_energy_mwh_a"]).tolist())
    assert roofs["town_code"].fillna("-").tolist() == ["001", "001", "-"]
    assert roofs.index.tolist() == [11, 5, 8]
    # both planes of each roof are told, the north plane of the farmhouse with nothing on it
    assert roofs["module_azimuth_2_deg"].fillna(-1).tolist() == [-1, 0, 0]
    assert roofs["plane_1_capacity_kw"].tolist() == pytest.approx([capacity[0], capacity[1], capacity[2] / 2])
    assert roofs["plane_2_capacity_kw"].fillna(-1).tolist() == pytest.approx([-1, 0, capacity[2] / 2])
    assert roofs["plane_2_yield_kwh_kw_a"].iloc[2] == pytest.approx(both[0], rel=2e-3)
    by_town = steep.by_town
    assert by_town.index.tolist() == ["001", "002", "outside", "district"]
    assert by_town["pv_capacity_kw"].tolist() == pytest.approx(
        [capacity[0] + capacity[1], 0.0, capacity[2], sum(capacity)]
    )
    assert by_town["n_roofs"].tolist() == [2, 0, 1, 3]
    # 3 CNY/W over 25 years at 6 %; 2 % go in the first year, of which 1.5 % are in the losses already
    year = np.arange(1.0, 26.0)
    energy = (0.98 / 0.985 * 0.9945 ** (year - 1) * 1.06**-year).sum() * roofs["specific_yield_kwh_kw_a"]
    assert roofs["lcoe_cny_kwh"].tolist() == pytest.approx((3000 * (1 + 0.01 * (1.06**-year).sum()) / energy).tolist())
    assert by_town["investment_cny"].iloc[-1] == pytest.approx(3000 * sum(capacity))


def test_a_slope_that_nobody_measured_is_averaged_over(analysis, inputs):
    """The yield of a farmhouse is the mean of three slopes, by their chances and by what lies on each."""
    spread = {"gable": 5.0, "shed_metal": 0.0}
    rule = {"roof_slope_deg": {"new_house": 27.0}, "setback_m": {"gable": 0.0}}
    mean = analysis.compute(*inputs, slope_spread_deg=spread, **rule).features["rooftops"].iloc[1]
    alone = []
    for slope in 27.0 + 5.0 * np.sqrt(3.0) * np.array([-1, 0, 1]):
        rule["roof_slope_deg"] = {"new_house": float(slope)}
        exact = analysis.compute(*inputs, slope_spread_deg={"gable": 0.0}, **rule)
        alone.append(exact.features["rooftops"].iloc[1])
    chance = np.array([1, 4, 1]) / 6
    for name in ("roof_area_m2", "usable_area_m2", "pv_capacity_kw", "pv_energy_mwh_a"):
        assert mean[name] == pytest.approx(chance @ [one[name] for one in alone])
    assert mean["module_tilt_deg"] == pytest.approx(27.0)


WINTER = {"m12": 12.0, "m01": 30.0, "m02": 10.0}
SPRING = {"m03": 12.0, "m04": 15.0}


def test_dust_snow_and_white_ground_by_month_reach_every_figure_as_the_exact_kernel_sees_them(analysis, inputs):
    chosen = {"snow_by_month": WINTER, "soiling_by_month": SPRING, "albedo_by_month": {"m01": 0.7}}
    found = analysis.compute(*inputs, **chosen, slope_spread_deg={"gable": 0.0, "shed_metal": 0.0})
    lon, lat = centre_lonlat(inputs[0])
    whole = {name: {**analysis.PARAMETERS[name], **months} for name, months in chosen.items()}
    year, losses = with_terms(hourly_year(inputs[2], lat, lon), analysis.PARAMETERS["losses"], **whole)
    chain = replace(default_chain("open"), loss=pvwatts_losses(**losses))
    flats = monthly_yield(daylight(year), np.array([10.0]), np.array([180.0]), chain)[0]
    roof = found.features["rooftops"].iloc[0]
    months = [name for name in roof.index if name.startswith("pv_energy_mwh_m")]
    energy = 1000.0 * roof[months].to_numpy(float) / roof["pv_capacity_kw"]
    assert energy == pytest.approx(flats, rel=5e-3)
    assert found.by_town["winter_share"]["district"] < analysis.compute(*inputs).by_town["winter_share"]["district"]
    hourly = found.datasets["hourly_by_town"]["pv_power_kw"]
    summed = hourly.groupby("month").sum().transpose("town_code", "month").to_numpy() / 1000.0
    monthly = found.tables["monthly_by_town"].loc[hourly["town_code"].to_numpy(), months]
    np.testing.assert_allclose(summed, monthly, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(monthly.sum(axis=1), found.by_town["pv_energy_mwh_a"].iloc[:-1], rtol=1e-9)


def test_dust_is_counted_once(analysis, inputs):
    """The two percent of every month are the two percent of the year."""
    dust = dict.fromkeys(analysis.PARAMETERS["soiling_by_month"], 2.0)
    none = dict.fromkeys(dust, 0.0)
    by_month = analysis.compute(*inputs, soiling_by_month=dust, snow_by_month=none).by_town
    steady = analysis.compute(*inputs, monthly_terms="steady").by_town
    pd.testing.assert_frame_equal(by_month, steady, rtol=1e-10)


def test_a_steady_loss_is_not_left_unused_in_silence(analysis, inputs):
    with pytest.raises(ParameterError, match=r"losses\.soiling: chosen, but monthly_terms = monthly leaves it unused"):
        analysis.compute(*inputs, losses={"soiling": 4.0})
    paid = analysis.compute(*inputs, losses={"soiling": 4.0}, monthly_terms="steady")
    assert paid.by_town["pv_energy_mwh_a"]["district"] > 0


def test_the_climate_is_told_by_month_and_closes(found, climate):
    table = found.tables["climate_by_month"]
    assert table["month"].tolist() == list(range(1, 13))
    assert table["ghi_kwh_m2"].tolist() == pytest.approx(climate["ghi_kwh_m2"].tolist())
    off = table[["ghi_off_pct", "dhi_off_pct", "dni_off_pct", "temp_air_off_k"]]
    assert off.abs().max(axis=None) < 1e-6
    assert table["dust_and_snow_pct"].iloc[0] == pytest.approx(100 * (1 - 0.975 * 0.99))
    assert set(table.attrs["headings"]) == set(table) - {"month"}


def test_the_climate_by_hours_has_nothing_to_close_with(analysis, towns, roofs, climate, factors):
    lon, lat = centre_lonlat(towns)
    hours = hourly_year(climate, lat, lon)[["ghi", "dhi", "dni", "temp_air", "wind_speed"]].drop_vars("month")
    table = analysis.compute(towns, roofs, hours, factors, monthly_terms="steady").tables["climate_by_month"]
    assert not [name for name in table if "_off_" in name]
    assert table["ghi_kwh_m2"].tolist() == pytest.approx(climate["ghi_kwh_m2"].tolist(), rel=0.01)
    assert table["albedo"].tolist() == [0.2] * 12
    assert table["dust_and_snow_pct"].tolist() == [0.0] * 12


def test_rules_of_programmes_in_a_scenario_toml_move_roofs_and_keep_every_sum(workspace, tmp_path):
    """The example of the method page, run as a planner would."""
    page = (PATH.parents[1] / "docs" / "methods" / "rooftop_pv.md").read_text(encoding="utf-8")
    example = page.split("```toml", 1)[1].split("```", 1)[0]
    assert "[rooftop_pv.programme_by_use]" in example
    scenario = tmp_path / "programmes.toml"
    scenario.write_text(example, encoding="utf-8")
    assert main(["run", "rooftop_pv", *places(workspace, tmp_path / "ours"), "--scenario", str(scenario)]) == 0
    (path,) = (tmp_path / "ours").glob("*/tables/*by_town_programme*.csv")
    ours = of_district(pd.read_csv(path, encoding="utf-8-sig"))
    usual = of_district(Workspace(workspace).run("rooftop_pv").tables["by_town_programme"])
    assert ours["n_roofs"].sum() == usual["n_roofs"].sum() == 9
    assert ours["pv_energy_mwh_a"].sum() == pytest.approx(usual["pv_energy_mwh_a"].sum())
    assert ours.loc["parks", "n_roofs"] != usual.loc["parks", "n_roofs"]


def test_a_programme_that_is_none_is_refused_before_anything_is_computed(workspace, tmp_path, capsys):
    scenario = tmp_path / "programmes.toml"
    scenario.write_text('[rooftop_pv.programme_by_use]\nindustrial = "moon"\n', encoding="utf-8")
    assert main(["run", "rooftop_pv", *places(workspace, tmp_path / "none"), "--scenario", str(scenario)]) == 2
    assert "programme_by_use.industrial = 'moon' is unknown; use one of: parks, homes" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def places(workspace, results):
    return ["--workspace", str(workspace), "--results", str(results)]


def of_district(table):
    return table[table["town_code"] == "district"].set_index("programme")


def test_the_columns_are_the_outputs(analysis, found):
    names = [output.name for output in analysis.OUTPUTS]
    assert found.by_town.columns.tolist() == ["town_name", "name_en", *names]
    assert len(names) <= 30
    assert set(names) - set(analysis.OF_TOWNS) <= set(found.features["rooftops"].columns)
    assert set(analysis.HEADLINE) <= set(names)
    shorts = [output.short for output in analysis.OUTPUTS]
    assert len(set(shorts)) == len(shorts)
    assert all(0 < len(short) <= 10 and short.isascii() for short in shorts)


def test_parts_months_and_the_district_close(analysis, found):
    roofs, by_town = found.features["rooftops"], found.by_town
    for output in analysis.OUTPUTS:
        if output.extensive:
            if output.name in roofs:
                assert roofs[output.name].sum() == pytest.approx(by_town.loc["district", output.name], rel=1e-9)
            parts = by_town[output.name].drop("district").sum()
            assert parts == pytest.approx(by_town.loc["district", output.name], rel=1e-9)
    monthly = found.tables["monthly_by_town"]
    months = monthly[[c for c in monthly if c.startswith("pv_energy_mwh_m")]]
    assert months.shape[1] == 12
    np.testing.assert_allclose(months.sum(axis=1), by_town["pv_energy_mwh_a"], rtol=1e-9)
    assert found.tables["by_use"]["pv_energy_mwh_a"].sum() == pytest.approx(by_town["pv_energy_mwh_a"].iloc[-1])


def test_low_and_high_enclose_the_value(found):
    district = found.by_town.loc["district"]
    for name in ("usable_area_m2", "pv_capacity_kw", "pv_energy_mwh_a"):
        assert district[f"{name}_low"] < district[name] < district[f"{name}_high"]


def test_a_town_without_roofs_has_zeros_and_no_yield(found):
    town = found.by_town.loc["002"]
    assert town["pv_energy_mwh_a"] == 0
    assert np.isnan(town["specific_yield_kwh_kw_a"])


def test_no_roofs_at_all(analysis, towns, roofs, climate, factors):
    empty = analysis.compute(towns, roofs.iloc[:0], climate, factors)
    assert empty.by_town["pv_energy_mwh_a"].tolist() == [0.0] * 4


def test_a_group_may_be_given_in_part(analysis, inputs, found):
    chosen = analysis.compute(*inputs, usable_share={"housing_flat": 0.5}, losses={"shading": 0.0}).features["rooftops"]
    assert chosen["usable_area_m2"].iloc[0] == pytest.approx(48 * 18 * 0.8 * 0.5)
    ratio = chosen["specific_yield_kwh_kw_a"] / found.features["rooftops"]["specific_yield_kwh_kw_a"]
    assert ratio.to_numpy() == pytest.approx(1 / 0.97, rel=5e-3)
    with pytest.raises(ParameterError, match=r"usable_share\.castle"):
        analysis.compute(*inputs, usable_share={"castle": 0.5})


def test_roofs_of_unknown_type_are_counted_not_hidden(analysis, found, towns, roofs, climate, factors):
    assert found.tables["assumed_roof_types"].to_dict("records") == [
        {"use": "industrial", "roof_type": "shed_metal", "n_roofs": 1}
    ]
    without = analysis.compute(
        towns, roofs.drop(columns="roof_type"), climate, factors, typical_roof={"industrial": "flat"}
    )
    assert without.tables["assumed_roof_types"]["n_roofs"].sum() == 3
    assert without.features["rooftops"]["roof_type_used"].tolist() == ["flat", "gable", "flat"]


def test_the_factor_is_named_with_its_document_and_never_extrapolated(analysis, inputs):
    national = analysis.compute(*inputs, emission_factor_region="China")
    row = national.tables["emission_factor"].iloc[0]
    assert (row["region"], row["year"], row["document"]) == ("China", 2023, "document 2")
    assert row["co2_avoided_t_a"] == pytest.approx(0.7 * national.by_town["pv_energy_mwh_a"].iloc[-1])
    with pytest.raises(ParameterError, match=r"0 emission factors for 'Beijing' 2030.*Beijing 2022"):
        analysis.compute(*inputs, emission_factor_year=2030)


def test_unknown_words_and_missing_columns_are_refused(analysis, towns, roofs, climate, factors):
    with pytest.raises(ColumnError, match="no known use"):
        analysis.compute(towns, roofs.assign(use="castle"), climate, factors)
    with pytest.raises(ColumnError, match="unknown roof types 'dome'"):
        analysis.compute(towns, roofs.assign(roof_type="dome"), climate, factors)
    with pytest.raises(ColumnError, match="lack the column 'use'"):
        analysis.compute(towns, roofs.drop(columns="use"), climate, factors)


def test_roofs_too_small_to_use_count_as_roofs_only(analysis, towns, roofs, climate, factors):
    # 6 m by 6 m, 4 m by 4 m inside the metre: 7.04 m2 usable is below 10 m2, 16 × 0.9 × 0.7 is above
    hut = roofs.iloc[[0]].set_geometry([at(10, 10, 6, 6)], crs=CRS)
    district = analysis.compute(towns, hut, climate, factors).by_town.loc["district"]
    found = district[["roof_area_m2", "usable_area_m2", "usable_area_m2_high"]].astype(float).tolist()
    assert found == pytest.approx([36.0, 0.0, 16 * 0.9 * 0.7])


def test_each_plane_needs_its_own_least_area(analysis, towns, roofs, climate, factors):
    """A low metal roof of 6 m by 4 m: neither plane carries 10 m2, though both together do."""
    shed = roofs.iloc[[2]].set_geometry([at(10, 10, 6, 4)], crs=CRS)
    free = {"setback_m": {"shed_metal": 0.0}, "obstacle_share": {"shed_metal": 0.05}}
    assert analysis.compute(towns, shed, climate, factors, **free).by_town.loc["district", "usable_area_m2"] == 0
    free["min_usable_area_m2"] = 5.0
    assert analysis.compute(towns, shed, climate, factors, **free).by_town.loc["district", "usable_area_m2"] > 19


def test_north_planes_of_steep_roofs_stay_empty_and_east_and_west_do_not(analysis, towns, roofs, climate, factors):
    house = roofs.iloc[[1]]  # 20 m by 5 m
    turned = house.set_geometry([affinity.rotate(house.geometry.iloc[0], 90)], crs=CRS)
    south = analysis.compute(towns, house, climate, factors).by_town.loc["district"]
    east_west = analysis.compute(towns, turned, climate, factors).by_town.loc["district"]
    assert east_west["usable_area_m2"] == pytest.approx(2 * south["usable_area_m2"])
    assert east_west["specific_yield_kwh_kw_a"] < south["specific_yield_kwh_kw_a"]


def test_policy_asks_for_a_share_of_all_roof_area_by_owner(analysis, towns, roofs, climate, factors):
    owned = roofs.assign(owner=["urban", "rural", "business"])
    found = analysis.compute(towns, owned, climate, factors)
    values, area = found.features["rooftops"], found.features["rooftops"]["roof_area_m2"]
    expected = [0.0, 0.2 * area.iloc[1] * 0.9 * 0.215, 0.3 * area.iloc[2] * 0.9 * 0.215]
    assert values["policy_capacity_kw"].tolist() == pytest.approx(expected)
    table = found.tables["policy_by_owner"].set_index("owner")
    assert table.loc["urban", "note_en"] == "the notice has no ratio for urban households"
    ratio = values["policy_energy_mwh_a"].iloc[2] / values["policy_capacity_kw"].iloc[2]
    assert ratio == pytest.approx(values["pv_energy_mwh_a"].iloc[2] / values["pv_capacity_kw"].iloc[2])


def test_rungs_of_which_nothing_is_known_are_missing_and_said_so(analysis, inputs, found):
    rungs = ["economic_capacity_kw", "economic_energy_mwh_a", "pv_installed_kw", "remaining_capacity_kw", "payback_a"]
    assert found.by_town[rungs].isna().all(axis=None)
    notes = found.tables["ladder"].set_index("rung")["note_en"]
    assert notes["economic"] == "no tariff given, not computed"
    assert "no installed capacity known" in notes["existing"]
    paid = analysis.compute(*inputs, tariff_cny_kwh=0.26, tariff_date="2025-06")
    values = paid.features["rooftops"]
    pays = values["lcoe_cny_kwh"] <= 0.26
    assert 0 < pays.sum() < len(values)
    total = paid.by_town.loc["district", "economic_capacity_kw"]
    assert total == pytest.approx(values.loc[pays, "pv_capacity_kw"].sum())
    assert paid.by_town.loc["district", "payback_a"] > 10
    assert paid.tables["ladder"].set_index("rung").loc["economic", "note_zh"] == "0.26 CNY/kWh, 2025-06"
    with pytest.raises(ParameterError, match="belong together"):
        analysis.compute(*inputs, tariff_cny_kwh=0.4)


def test_what_is_installed_is_subtracted_roof_by_roof(analysis, towns, roofs, climate, factors):
    installed = roofs.assign(pv_installed_kw=[10.0, 500.0, np.nan])
    found = analysis.compute(towns, installed, climate, factors)
    values, district = found.features["rooftops"], found.by_town.loc["district"]
    kw = values["pv_capacity_kw"].tolist()
    assert values["remaining_capacity_kw"].tolist() == pytest.approx([kw[0] - 10.0, 0.0, kw[2]])
    assert district["pv_installed_kw"] == 510.0
    assert district["remaining_capacity_kw"] == pytest.approx(kw[0] - 10.0 + kw[2])
    pd.testing.assert_series_equal(found.by_town["pv_capacity_kw"].astype(float), found.by_town["pv_capacity_kw"])


def test_programmes_take_every_roof_once(found):
    table = found.tables["by_town_programme"]
    assert len(table) == 4 * 6
    whole = table[table["town_code"] == "district"].set_index("programme")
    assert whole["n_roofs"].to_dict() == {
        "parks": 1, "homes": 1, "infrastructure": 0, "villages": 1, "commerce": 0, "public_bodies": 0,
    }  # fmt: skip
    sums = table.groupby("town_code")[["pv_capacity_kw", "pv_energy_mwh_a", "co2_avoided_t_a"]].sum()
    for name in sums:
        assert sums[name].to_dict() == pytest.approx(found.by_town[name].to_dict(), rel=1e-9)


def test_hours_months_and_year_are_one_sum(found):
    hourly = found.datasets["hourly_by_town"]["pv_power_kw"]
    codes = hourly["town_code"].to_numpy().tolist()
    assert codes == ["001", "002", "outside"]
    np.testing.assert_allclose(hourly.sum("time") / 1000.0, found.by_town.loc[codes, "pv_energy_mwh_a"], rtol=1e-9)
    months = hourly.groupby("month").sum().transpose("town_code", "month").to_numpy() / 1000.0
    monthly = found.tables["monthly_by_town"].loc[codes].drop(columns=["town_name", "name_en"])
    np.testing.assert_allclose(months, monthly, rtol=1e-9, atol=1e-12)
    district = found.by_town.loc["district"]
    assert district["peak_power_kw"] == pytest.approx(float(hourly.sum("town_code").max()))
    assert district["peak_power_kw"] < district["pv_capacity_kw"]


def test_how_roof_area_becomes_usable_area(found):
    steps = found.tables["roof_area_steps"]
    names = ["roof_area_m2", "sunny_m2", "inside_setback_m2", "clear_m2", "fit_m2", "usable_area_m2"]
    falling = steps[names].to_numpy()
    assert (np.diff(falling, axis=1) <= 1e-9).all()
    assert falling[:, -1].sum() == pytest.approx(found.by_town.loc["district", "usable_area_m2"])


def test_the_marginal_factor_is_not_made_up(analysis, inputs, towns, roofs, climate, factors):
    with pytest.raises(ParameterError, match="marginal"):
        analysis.compute(*inputs, emission_factor_kind="marginal")
    both = pd.concat([factors.assign(kind=None), factors.iloc[[1]].assign(kind="marginal", kg_co2_per_kwh=0.8)])
    found = analysis.compute(towns, roofs, climate, both, emission_factor_kind="marginal").by_town.loc["district"]
    assert found["co2_avoided_t_a"] == pytest.approx(0.8 * found["pv_energy_mwh_a"])


def test_the_order_of_rooftops_decides_nothing(analysis, found, towns, roofs, climate, factors):
    here = found
    there = analysis.compute(towns, roofs.iloc[::-1], climate, factors)
    pd.testing.assert_frame_equal(here.by_town, there.by_town, rtol=1e-12)
    pd.testing.assert_frame_equal(
        here.features["rooftops"], there.features["rooftops"].loc[roofs.index], check_exact=False, rtol=1e-12
    )


def open_sky(roofs):
    """The layer roof_shading of roofs that nothing stands before."""
    table = pd.DataFrame(0.0, index=range(len(roofs)), columns=list(COLUMNS))
    table[[name for name in COLUMNS if name.startswith(SKY)]] = 1.0
    return table.assign(roof_id=roofs["roof_id"].to_numpy(), cells=9)


def test_computed_shade_under_an_open_sky_gives_back_the_flat_loss(analysis, found, towns, roofs, climate, factors):
    seen = analysis.compute(towns, roofs, climate, factors, lambda: open_sky(roofs), shading_method="geometric")
    kept = (1 - 0.03) * found.by_town["pv_energy_mwh_a"].rdiv(seen.by_town["pv_energy_mwh_a"])
    np.testing.assert_allclose(kept.dropna(), 1.0, rtol=2e-3)  # the inverter is a little better at more load
    row = seen.tables["shading"].iloc[0]
    assert (row["shading_method"], row["n_roofs_flat_loss"]) == ("geometric", 0)


def test_a_roof_that_sees_no_beam_and_half_the_sky_yields_less_and_hours_still_close(
    analysis, found, towns, roofs, climate, factors
):
    shade = open_sky(roofs)
    for name in COLUMNS:
        if name.startswith("loss"):
            shade[name] = 1.0
        elif name.startswith(SKY):
            shade[name] = 0.5
    seen = analysis.compute(towns, roofs, climate, factors, lambda: shade, shading_method="geometric")
    assert seen.by_town.loc["district", "pv_energy_mwh_a"] < 0.35 * found.by_town.loc["district", "pv_energy_mwh_a"]
    hourly = seen.datasets["hourly_by_town"]["pv_power_kw"]
    codes = hourly["town_code"].to_numpy().tolist()
    np.testing.assert_allclose(hourly.sum("time") / 1000.0, seen.by_town.loc[codes, "pv_energy_mwh_a"], rtol=1e-9)


def test_the_expensive_layer_is_not_made_for_a_flat_loss(analysis, towns, roofs, climate, factors):
    def never():
        raise AssertionError("made")

    table = analysis.compute(towns, roofs, climate, factors, never).tables["shading"]
    assert table["shading_method"].tolist() == ["flat"]
    low, central, high = table[
        ["pv_energy_mwh_a_most_shade", "pv_energy_mwh_a", "pv_energy_mwh_a_least_shade"]
    ].to_numpy()[0]
    assert low < central < high


def test_doubts_stand_around_the_estimate_and_draws_add_up(found):
    table = found.tables["uncertainty_by_town"]
    energy = table[[f"pv_energy_mwh_a_{p}" for p in ("p10", "p50", "p90")]].loc[["001", "district"]].to_numpy()
    assert (np.diff(energy, axis=1) > 0).all()
    central = found.by_town.loc["district", "pv_energy_mwh_a"]
    assert table.loc["district", "pv_energy_mwh_a_p10"] < central < table.loc["district", "pv_energy_mwh_a_p90"]
    assert set(found.tables["ranking_stability"].index) == {"001", "002"}
    agreed = found.tables["ranking_agreement"].iloc[0]
    assert agreed["kendall_tau_p10"] == agreed["same_order_share"] == 1.0  # one town has no roofs at all
