"""The heating season and the heat of buildings, by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from shapely import box

from changping_geo.errors import ColumnError, ParameterError
from changping_geo.heat.demand import building_demand, demand_cells, floor_area, peak_intensity
from changping_geo.heat.season import heating_season, hours_from_months, hours_of_year

CRS = "EPSG:32650"
MEANS = [-2.0, 1, 8, 15, 22, 25, 27, 27, 21, 14, 5, 0]


@pytest.fixture
def monthly():
    return pd.DataFrame({"month": range(1, 13), "temp_air_c": MEANS, "diurnal_range_k": 10.0})


@pytest.fixture
def intensity():
    rows = [
        ("housing", 1300, 2004, 50, 60, 70, 1.0),
        ("housing", 2005, 2100, 40, 42, 45, 1.0),
        ("industrial", 1300, 2100, 50, 60, 80, 0.5),
    ]
    columns = ["use", "built_from", "built_to", "peak_w_m2_low", "peak_w_m2", "peak_w_m2_high", "heated_share"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def roofs():
    return gpd.GeoDataFrame(
        {
            "use": ["housing", "housing", "industrial"],
            "built_year": [1990, 2010, None],
            "floors": [5, None, None],
            "height_m": [None, 9.2, None],
        },
        geometry=[box(10, 10, 30, 20), box(110, 10, 120, 20), box(10, 60, 30, 80)],
        crs=CRS,
        index=[7, 3, 5],
    )  # fmt: skip


def test_hours_keep_the_mean_of_every_month_and_bend_between_them(monthly):
    hours = hours_from_months(monthly)
    assert np.allclose(hours.groupby(hours.index.month).mean(), MEANS, atol=1e-9)
    november = hours[hours.index.month == 11]
    assert november.iloc[:240].mean() > november.iloc[-240:].mean() + 3.0


def test_a_climate_without_a_month_or_a_column_is_refused(monthly):
    with pytest.raises(ColumnError, match="each month"):
        hours_from_months(monthly.iloc[1:])
    with pytest.raises(ColumnError, match="diurnal_range_k"):
        hours_from_months(monthly.drop(columns="diurnal_range_k"))


def test_a_season_of_constant_cold_by_hand():
    hours = pd.Series(0.0, pd.date_range("2023-01-01", periods=8760, freq="h"))
    season = heating_season(hours, "11-15", "03-15", 15.0)
    assert season.days == 121
    assert season.mean_c == 0.0
    assert season.hdd18 == pytest.approx(18 * 365)
    assert season.load_share(18.0, -7.6) == pytest.approx(18 / 25.6)
    assert season.by_month()[0] == pytest.approx(31 / 121)
    assert season.by_month().sum() == pytest.approx(1.0)


def test_a_season_without_cold_and_a_warm_design_day_are_refused(monthly):
    with pytest.raises(ParameterError, match="no hour"):
        heating_season(hours_from_months(monthly), "07-01", "07-31", 10.0)
    season = heating_season(hours_from_months(monthly), "11-15", "03-15", 15.0)
    with pytest.raises(ParameterError, match="design_outdoor_c"):
        season.load_share(18.0, 20.0)


def test_hours_in_universal_time_become_local():
    air = xr.DataArray([1.0, 2.0], dims="time", coords={"time": pd.date_range("2020-12-31 23:00", periods=2, freq="h")})
    assert hours_of_year(air, 8).index[0] == pd.Timestamp("2021-01-01 07:00")


def test_floor_area_takes_floors_then_height_then_one(roofs):
    assert floor_area(roofs).tolist() == [1000.0, 300.0, 400.0]


def test_heat_of_three_buildings_by_hand(roofs, intensity):
    hours = pd.Series(0.0, pd.date_range("2023-01-01", periods=8760, freq="h"))
    season = heating_season(hours, "11-15", "03-15", 15.0)
    found = building_demand(roofs, intensity, season, 18.0, -7.6)
    assert found["heat_peak_kw"].tolist() == pytest.approx([60.0, 12.6, 12.0])
    full_load_h = 24 * 121 * 18 / 25.6
    assert found["heat_demand_mwh_a"].tolist() == pytest.approx(np.array([60.0, 12.6, 12.0]) * full_load_h / 1000)
    assert found.loc[5, "heat_demand_mwh_a_high"] == pytest.approx(400 * 40 * full_load_h / 1e6)


def test_a_building_without_a_year_takes_the_oldest_period(roofs, intensity):
    found = peak_intensity(roofs.assign(built_year=np.nan), intensity)
    assert found["central"].tolist() == [60.0, 60.0, 30.0]
    assert set(found["period"]) == {"assumed"}


def test_a_use_without_an_intensity_and_overlapping_periods_are_refused(roofs, intensity):
    twice = pd.concat([intensity, intensity.iloc[2:]])
    with pytest.raises(ColumnError, match="industrial of 1300: 2 rows"):
        peak_intensity(roofs, twice)
    with pytest.raises(ColumnError, match="industrial"):
        peak_intensity(roofs, intensity[intensity["use"] == "housing"])


def test_cells_do_not_hang_on_what_else_is_given(roofs):
    demand = pd.DataFrame({"heat": [1.0, 2.0, 4.0]}, roofs.index)
    cells, cell = demand_cells(roofs, demand, 100.0)
    assert cells[["x", "y", "heat", "n_buildings"]].to_numpy().tolist() == [[50, 50, 5, 2], [150, 50, 2, 1]]
    assert cell.tolist() == [0, 1, 0]
    alone, _ = demand_cells(roofs.iloc[[1]], demand.iloc[[1]], 100.0)
    assert alone.iloc[0].tolist() == cells.iloc[1].tolist()
