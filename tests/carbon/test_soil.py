"""Soil: depth belongs to every figure, and a change of use settles in twenty years."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from changping_geo.carbon import soil
from changping_geo.carbon.soil import Depth, SoilCarbon
from changping_geo.errors import ColumnError, ParameterError, ResultError

RAW = Path(__file__).parents[2] / "data_raw" / "methods"
TOP = Depth(0, 30)


@cache
def table(name):
    return pd.read_csv(RAW / f"carbon_{name}.csv")


def test_one_depth_adds_up_and_two_do_not():
    both = SoilCarbon(np.array([24.0]), TOP) + SoilCarbon(np.array([6.0]), TOP)
    assert both.amount.tolist() == [30.0]
    assert (both - both).amount.tolist() == [0.0]
    with pytest.raises(ResultError, match="0-30 cm and of 0-100 cm cannot be added"):
        both + SoilCarbon(np.array([50.0]), Depth(0, 100))


def test_a_figure_without_a_depth_is_refused():
    for pair in ((np.nan, np.nan), (30, 30), (-1, 20)):
        with pytest.raises(ParameterError, match="needs the depth"):
            Depth(*pair)


def test_a_change_settles_in_twenty_years():
    years = np.array([0.0, 5.0, 10.0, 20.0, 50.0])
    found = soil.after_change(SoilCarbon(np.array(38.0), TOP), 0.8, years)
    assert found.amount == pytest.approx([38.0, 36.1, 34.2, 30.4, 30.4])
    assert found.depth == TOP
    with pytest.raises(ParameterError, match="0 or more"):
        soil.after_change(SoilCarbon(np.array(38.0), TOP), 0.8, -1.0)


def test_profile_of_two_horizons():
    found = soil.profile(np.array([0.02, 0.01]), np.array([1.2, 1.4]), np.array([10.0, 20.0]), np.array([0.0, 0.5]))
    assert float(found.amount) == pytest.approx(100 * (0.02 * 1.2 * 10 + 0.01 * 1.4 * 20 * 0.5))
    assert found.depth == TOP


def test_the_climate_zone_decides_the_reference():
    assert float(soil.reference(table("soil"), "ipcc2019", "warm_temperate_dry").amount) == 24
    assert float(soil.reference(table("soil"), "ipcc2019", "cool_temperate_dry").amount) == 43
    with pytest.raises(ParameterError, match="known are"):
        soil.reference(table("soil"), "beijing", "any")


def test_factors_depend_on_moisture():
    factors = table("soil_factors")
    assert soil.factor_of(factors, "native", "cropland", "dry") == 0.80
    assert soil.factor_of(factors, "native", "cropland", "moist") == 0.69
    assert soil.factor_of(factors, "cropland", "wetland", "dry") == pytest.approx(1 / 0.71)
    with pytest.raises(ParameterError, match="0 factors"):
        soil.factor_of(factors, "wetland", "cropland", "dry")


def test_soil_of_a_town_by_use():
    areas = pd.DataFrame(
        {"town_code": "a", "tier": ["stands", "land_cover", "land_cover", "none"], "kind": ["pine", "40", "80", ""],
         "area_ha": [10.0, 20.0, 5.0, 1.0]}
    )  # fmt: skip
    native = soil.reference(table("soil"), "ipcc2019", "warm_temperate_dry")
    found = soil.soil_stock(areas, table("soil_use"), table("soil_factors"), native, "dry", 0.4)
    assert dict(zip(found.rows["kind"], found.rows["t_c"], strict=True)) == pytest.approx(
        {"native": 240.0, "cropland": 384.0}
    )
    with pytest.raises(ColumnError, match="class codes 70"):
        soil.soil_stock(
            areas.replace({"kind": {"40": "70"}}), table("soil_use"), table("soil_factors"), native, "dry", 0.4
        )
