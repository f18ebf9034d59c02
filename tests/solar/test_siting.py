"""The list of the best roofs."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from changping_geo.solar.siting import best_roofs


@pytest.fixture
def roofs():
    shapes = [box(500_000 + 100 * i, 4_428_000, 500_050 + 100 * i, 4_428_020) for i in range(4)]
    frame = {"roof_id": list("abcd"), "use": "industrial", "owner": ["business", "public", "government", "business"]}
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:32650", index=[9, 8, 7, 6])


@pytest.fixture
def features(roofs):
    values = {
        "town_code": "001",
        "programme": ["parks", "public_bodies", "public_bodies", "parks"],
        "pv_capacity_kw": [100.0, 90.0, 60.0, 20.0],
        "pv_energy_mwh_a": [110.0, 95.0, 70.0, 25.0],
    }
    frame = pd.DataFrame(values, roofs.index)
    return frame.assign(specific_yield_kwh_kw_a=1000 * frame.pv_energy_mwh_a / frame.pv_capacity_kw, lcoe_cny_kwh=0.25)


def listed(roofs, features, **chosen):
    choice = {"count": 10, "min_kw": 50.0, "first": "any"} | chosen
    return best_roofs(roofs, features, pd.Series({"001": "甲镇"}), **choice)


def test_most_energy_first_small_roofs_left_out(roofs, features):
    table = listed(roofs, features)
    assert table["roof_id"].tolist() == ["a", "b", "c"]
    assert table["rank_specific_yield"].tolist() == [2, 3, 1]
    assert table["rank_in_programme"].tolist() == [1, 1, 2]
    assert table["town_name"].tolist() == ["甲镇"] * 3
    assert table["lon"].tolist() == [round(v, 5) for v in table["lon"]]
    assert table.loc[0, ["lon", "lat"]].tolist() == pytest.approx([117.0003, 40.0014], abs=2e-3)


def test_public_bodies_first_when_asked(roofs, features):
    table = listed(roofs, features, first="public", count=2)
    assert table[["rank", "roof_id", "rank_energy"]].to_numpy().tolist() == [[1, "b", 2], [2, "c", 3]]


def test_no_roof_is_large_enough(roofs, features):
    assert listed(roofs, features, min_kw=1000.0).empty
