"""Hours of towns: they add up to the table's months, and a season is cut at its days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

from changping_geo.model import ParameterError, ResultError
from changping_geo.solar.parts import footprint_shapes, lay_parts, sum_parts, usable_areas
from changping_geo.solar.profile import (
    hourly_profiles,
    in_season,
    node_capacity,
    scaled_to_months,
    town_columns,
    winter_share,
)
from changping_geo.solar.pv import default_chain
from changping_geo.solar.table import corners, look_up, yield_table


@pytest.fixture(scope="module")
def chains():
    return {how: default_chain(how) for how in ("open", "close")}


@pytest.fixture(scope="module")
def tables(hours, chains):
    return {how: yield_table(hours, chain) for how, chain in chains.items()}


@pytest.fixture(scope="module")
def laid(tables):
    shapes = np.array([shapely.box(0, 0, 30, 12), shapely.box(0, 0, 9, 31), shapely.box(0, 0, 40, 20)], dtype=object)
    kinds = np.array(["flat", "gable", "shed_metal"], dtype=object)
    slope = np.array([[0.0, 20.0, 4.0], [0.0, 27.0, 6.0], [0.0, 34.0, 8.0]])
    setback = np.array([1.0, 0.3, 0.5])
    rule = {"row_tilt_deg": 10.0, "min_plane_yield": 0.7}
    return lay_parts(footprint_shapes(shapes, kinds), slope, setback, tables, 40.0, **rule)


@pytest.fixture(scope="module")
def profiles(laid, year, hours, chains, tables):
    power = [0.2 * area for area in usable_areas(laid, np.ones(3), 0.0)]
    capacity = node_capacity(laid, power, np.array([0, 0, 2]), 3, tables["open"])
    return power, hourly_profiles(year, hours, chains, capacity, tables["open"], ["a", "b", "outside"])


def test_hours_add_up_to_the_months_of_the_table(laid, profiles):
    power, found = profiles
    products = [kw[:, None] * part.monthly for part, kw in zip(laid, power, strict=True)]
    by_roof = sum_parts(laid, products, 3)
    by_month = found["pv_power_kw"].groupby("month").sum().transpose("town_code", "month").to_numpy()
    np.testing.assert_allclose(by_month[0], by_roof[:2].sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(by_month[2], by_roof[2], rtol=1e-9)
    assert by_month[1].max() == 0.0
    assert found.sizes == {"town_code": 3, "time": 8760}


def test_season_and_peak_of_towns_and_of_all(profiles):
    _, found = profiles
    table = town_columns(found, pd.Index(["a", "b", "outside", "district"]), first="11-15", last="03-15")
    power = found["pv_power_kw"].to_numpy()
    assert table["peak_power_kw"].tolist() == pytest.approx([*power.max(axis=1), power.sum(axis=0).max()])
    assert np.isnan(table.loc["b", "winter_share"])
    assert 0.15 < table.loc["district", "winter_share"] < 121 / 365
    whole = xr.Dataset({"pv_power_kw": found["pv_power_kw"]})
    assert winter_share(whole, "01-01", "12-31")[0] == pytest.approx(1.0)


def test_months_may_be_given_from_elsewhere(profiles):
    _, found = profiles
    sums = found["pv_power_kw"].groupby("month").sum().transpose("town_code", "month").to_numpy()
    wanted = sums * np.linspace(0.8, 1.0, 12)
    scaled = scaled_to_months(found, wanted)["pv_power_kw"]
    np.testing.assert_allclose(scaled.groupby("month").sum().transpose("town_code", "month"), wanted, rtol=1e-12)
    with pytest.raises(ResultError, match="12 months of towns have energy but no hour"):
        scaled_to_months(found, np.ones((3, 12)))


def test_a_season_has_both_its_days_and_goes_over_the_new_year():
    year = pd.date_range("2023-01-01", periods=8760, freq="h")
    assert in_season(year, "11-15", "03-15").sum() == 121 * 24
    assert in_season(year, "06-01", "06-01").sum() == 24
    for word in ("15 November", "13-01", "02-30", "1-1-1"):
        with pytest.raises(ParameterError, match="no day"):
            in_season(year, word, "03-15")


def test_corners_weigh_as_the_look_up_does(tables):
    table = tables["open"]
    tilt, azimuth = np.array([0.0, 12.3, 90.0]), np.array([359.0, 181.0, 7.5])
    node, weight = corners(table, tilt, azimuth)
    assert weight.sum(axis=0).tolist() == pytest.approx([1, 1, 1])
    flat = table.to_numpy().reshape(-1, 12)
    np.testing.assert_allclose((flat[node] * weight[:, :, None]).sum(axis=0), look_up(table, tilt, azimuth), rtol=1e-12)
