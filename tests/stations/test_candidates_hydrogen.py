"""Candidates of a made-up village: areas, kinds and capacities that a reader can compute."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr

from changping_geo.model import ColumnError
from changping_geo.stations.candidates_hydrogen import CARDS, hydrogen_candidates, slope_deg

CRS = "EPSG:32650"
CHOSEN = {name: CARDS[name] for name in CARDS}


def points(xy, **columns):
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(p) for p in xy], crs=CRS)


@pytest.fixture(name="village")
def _village():
    fuel = points([(0, 0), (5000, 0)], station_id=["1", "2"], name=["甲", None], site_area_m2=[3000.0, None])
    depots = points(
        [(1000, 0), (2000, 0), (10, 0)], depot_id=["1", "2", "3"], kind=["bus"] * 3, vehicles=[100, None, 80]
    )
    parking = points([(3000, 0), (4000, 0), (6000, 0)], parking_id=["1", "2", "3"], kind=["public", "office", "public"],
                     spaces=[300, 900, 20])  # fmt: skip
    stations = points([(2010, 0)], station_id=["H"])
    return fuel, depots, parking, stations


def test_area_gives_kind_and_capacity(village):
    found, _ = hydrogen_candidates(*village, CHOSEN)
    told = found.set_index("candidate_id")
    assert list(told.index) == ["F-1", "F-2", "D-1", "P-1"]
    assert told["kind"].to_dict() == {"F-1": "oil_hydrogen", "F-2": "oil_hydrogen", "D-1": "stand_alone",
                                      "P-1": "stand_alone"}  # fmt: skip
    assert told["use_area_m2"].to_dict() == pytest.approx({"F-1": 1200, "F-2": 1000, "D-1": 3000, "P-1": 2700})
    assert told["capacity_kg_d"]["F-1"] == pytest.approx(1200 * 0.353)
    assert told["capacity_kg_d"]["D-1"] == 1000.0
    assert told["area_told"].to_dict() == {"F-1": True, "F-2": False, "D-1": False, "P-1": False}


def test_what_is_no_candidate_is_counted_with_its_reason(village):
    _, gone = hydrogen_candidates(*village, CHOSEN)
    assert set(gone.itertuples(index=False, name=None)) == {
        ("depot", "has_station", 1), ("depot", "one_place", 1), ("parking", "kind_of_parking", 1),
        ("parking", "small_parking", 1),
    }  # fmt: skip


def test_small_yards_become_skid_mounted_stations(village):
    fuel, depots, parking, stations = village
    small = depots.iloc[:1].assign(vehicles=30)
    found, _ = hydrogen_candidates(fuel, small, parking, stations, CHOSEN)
    assert found.set_index("candidate_id")["kind"]["D-1"] == "skid"


def plane(degrees, cell=10.0):
    x = np.arange(6) * cell
    heights = np.tile(x * np.tan(np.radians(degrees)), (6, 1))
    return xr.DataArray(heights, dims=("y", "x"), attrs={"transform": (cell, 0, 0, 0, -cell, 60), "nodata": -9999.0})


@pytest.mark.parametrize("degrees", [0.0, 5.0, 30.0])
def test_the_slope_of_a_plane_is_its_own(degrees):
    assert slope_deg(plane(degrees), [[25.0, 25.0]]) == pytest.approx([degrees])


def test_beyond_the_raster_no_slope_is_told():
    assert np.isnan(slope_deg(plane(5.0), [[-100.0, 25.0], [1.0, 25.0]])).all()


def test_a_turned_raster_is_refused():
    turned = plane(5.0)
    turned.attrs["transform"] = (10.0, 1.0, 0, 0, -10.0, 60)
    with pytest.raises(ColumnError, match="turned"):
        slope_deg(turned, [[25.0, 25.0]])
