"""A town of three roofs whose figures a reader can compute, and the rules that hold for any town."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import affinity, box

from changping_geo.geo.assign import centre_lonlat
from changping_geo.model import ColumnError, ParameterError
from changping_geo.solar.climate import hourly_year
from changping_geo.solar.kernel import daylight, monthly_yield
from changping_geo.solar.pv import default_chain
from changping_geo.solar.roof import row_cover

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
    steep = analysis.compute(*inputs, gable_tilt_deg=60.0)
    roofs = steep.features["rooftops"]
    lon, lat = centre_lonlat(inputs[0])
    cover = row_cover(10.0, lat, 0.9)
    assert cover == pytest.approx(0.66, abs=0.01)
    # flats: 1000 m2 flat, 35 % usable, rows at 10 degrees
    # farmhouse: 100 m2 under 60 degrees is 200 m2 of roof, of which the south half, 55 % usable, flush
    # shed: metal assumed, 1800 m2 at 6 degrees, both planes, 70 % usable, flush
    shed = 1800.0 / np.cos(np.radians(6.0))
    assert roofs["roof_area_m2"].tolist() == pytest.approx([1000.0, 200.0, shed])
    assert roofs["usable_area_m2"].tolist() == pytest.approx([350.0, 55.0, 0.7 * shed])
    assert roofs["usable_area_m2_low"].tolist() == pytest.approx([200.0, 40.0, 0.5 * shed])
    assert roofs["usable_area_m2_high"].tolist() == pytest.approx([500.0, 75.0, 0.85 * shed])
    capacity = [350.0 * cover * 0.215, 55.0 * 0.9 * 0.215, 0.7 * shed * 0.9 * 0.215]
    assert roofs["pv_capacity_kw"].tolist() == pytest.approx(capacity)
    hours = daylight(hourly_year(inputs[2], lat, lon))
    south = np.array([180.0])
    flats = monthly_yield(hours, np.array([10.0]), south, default_chain("open")).sum()
    house = monthly_yield(hours, np.array([60.0]), south, default_chain("close")).sum()
    both = monthly_yield(hours, np.array([6.0, 6.0]), np.array([0.0, 180.0]), default_chain("close")).sum() / 2
    assert roofs["specific_yield_kwh_kw_a"].tolist() == pytest.approx([flats, house, both], rel=2e-3)
    assert roofs["pv_energy_mwh_a"].iloc[0] == pytest.approx(capacity[0] * flats / 1000.0, rel=1e-9)
    assert roofs["co2_avoided_t_a"].tolist() == pytest.approx((0.5 * roofs["pv_energy_mwh_a"]).tolist())
    assert roofs["town_code"].fillna("-").tolist() == ["001", "001", "-"]
    assert roofs.index.tolist() == [11, 5, 8]
    by_town = steep.by_town
    assert by_town.index.tolist() == ["001", "002", "outside", "district"]
    assert by_town["pv_capacity_kw"].tolist() == pytest.approx(
        [capacity[0] + capacity[1], 0.0, capacity[2], sum(capacity)]
    )
    assert by_town["n_roofs"].tolist() == [2, 0, 1, 3]


def test_the_columns_are_the_outputs(analysis, found):
    names = [output.name for output in analysis.OUTPUTS]
    assert found.by_town.columns.tolist() == ["town_name", "name_en", *names]
    assert set(names) - {"n_roofs"} <= set(found.features["rooftops"].columns)
    assert set(analysis.HEADLINE) <= set(names)
    shorts = [output.short for output in analysis.OUTPUTS]
    assert len(set(shorts)) == len(shorts)
    assert all(0 < len(short) <= 10 and short.isascii() for short in shorts)


def test_parts_months_and_the_district_close(analysis, found):
    roofs, by_town = found.features["rooftops"], found.by_town
    for output in analysis.OUTPUTS:
        if output.extensive and output.name != "n_roofs":
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
    assert chosen["usable_area_m2"].iloc[0] == pytest.approx(500.0)
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
    hut = roofs.iloc[[0]].set_geometry([at(10, 10, 5, 5)], crs=CRS)  # 25 m2, 35 % usable: below 10 m2; 50 %: above
    district = analysis.compute(towns, hut, climate, factors).by_town.loc["district"]
    assert (district["roof_area_m2"], district["usable_area_m2"], district["usable_area_m2_high"]) == (25.0, 0.0, 12.5)


def test_north_planes_of_steep_roofs_stay_empty_and_east_and_west_do_not(analysis, towns, roofs, climate, factors):
    house = roofs.iloc[[1]]
    turned = house.set_geometry([affinity.rotate(house.geometry.iloc[0], 90)], crs=CRS)
    south = analysis.compute(towns, house, climate, factors).by_town.loc["district"]
    east_west = analysis.compute(towns, turned, climate, factors).by_town.loc["district"]
    assert east_west["usable_area_m2"] == pytest.approx(2 * south["usable_area_m2"])
    assert east_west["specific_yield_kwh_kw_a"] < south["specific_yield_kwh_kw_a"]


def test_the_order_of_rooftops_decides_nothing(analysis, found, towns, roofs, climate, factors):
    here = found
    there = analysis.compute(towns, roofs.iloc[::-1], climate, factors)
    pd.testing.assert_frame_equal(here.by_town, there.by_town, rtol=1e-12)
    pd.testing.assert_frame_equal(
        here.features["rooftops"], there.features["rooftops"].loc[roofs.index], check_exact=False, rtol=1e-12
    )
