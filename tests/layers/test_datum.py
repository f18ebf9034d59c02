from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from changping_geo.layers.datum import from_wgs84, to_wgs84
from changping_geo.layers.shift import shift_like_gcj02
from changping_geo.model import CrsError

METRE = 1.0 / 111_000.0
LON, LAT = st.floats(73.5, 135.0), st.floats(3.9, 53.5)


def by_the_formula(lon, lat):
    """GCJ-02 written out with one sine per term, as it is found in descriptions."""
    x, y, s, pi = lon - 105.0, lat - 35.0, math.sin, math.pi
    both = (20 * s(6 * x * pi) + 20 * s(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + both
    north += (20 * s(y * pi) + 40 * s(y / 3 * pi)) * 2 / 3 + (160 * s(y / 12 * pi) + 320 * s(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + both
    east += (20 * s(x * pi) + 40 * s(x / 3 * pi)) * 2 / 3 + (150 * s(x / 12 * pi) + 300 * s(x / 30 * pi)) * 2 / 3
    a, ee, phi = 6378245.0, 0.00669342162296594323, math.radians(lat)
    w = 1 - ee * s(phi) ** 2
    meridian, parallel = a * (1 - ee) / (w * math.sqrt(w)), a / math.sqrt(w) * math.cos(phi)
    return lon + math.degrees(east / parallel), lat + math.degrees(north / meridian)


@given(LON, LAT)
def test_forward_is_the_formula(lon, lat):
    assert from_wgs84(lon, lat, "gcj02") == pytest.approx(by_the_formula(lon, lat), abs=1e-12)


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "wgs84", "cgcs2000"])
@given(st.lists(st.tuples(LON, LAT), min_size=1, max_size=50))
def test_round_trip_closes_to_a_millimetre(datum, points):
    lon, lat = np.array(points).T
    for there, back in ((from_wgs84, to_wgs84), (to_wgs84, from_wgs84)):
        x, y = back(*there(lon, lat, datum), datum)
        assert np.hypot((x - lon) * np.cos(np.radians(lat)), y - lat).max() < 0.001 * METRE


def test_bd09_lies_where_baidu_says():
    # 116.404, 39.915 taken as GCJ-02 is 116.41037, 39.92134 in BD-09.
    lon, lat = to_wgs84(116.404, 39.915, "gcj02")
    assert from_wgs84(lon, lat, "bd09") == pytest.approx((116.41036949, 39.92133699), abs=1e-7)


def test_a_point_does_not_depend_on_its_neighbours():
    lon, lat = np.random.default_rng(1).uniform([[73.5], [4.0]], [[135.0], [53.0]], (2, 70_000))
    whole = np.array(to_wgs84(lon, lat, "bd09"))
    assert (whole[:, ::7] == np.array(to_wgs84(lon[::7], lat[::7], "bd09"))).all()


def test_points_outside_china_and_missing_ones_stay():
    lon, lat = to_wgs84([2.35, np.nan], [48.85, 30.0], "gcj02")
    assert lon[0] == 2.35
    assert lat[0] == 48.85
    assert np.isnan(lon[1])


def test_unknown_datum_is_refused():
    with pytest.raises(CrsError, match="cgcs2000, wgs84, gcj02, bd09"):
        to_wgs84(1.0, 1.0, "beijing54")


def moved(shapes, crs, datum, way=from_wgs84):
    frame = gpd.GeoSeries(shapes, crs=crs).to_crs("EPSG:4326")
    there = shapely.transform(frame.to_numpy(), lambda x, y: way(x, y, datum), interleaved=False)
    return gpd.GeoSeries(there, crs="EPSG:4326").to_crs(crs).to_numpy()


def towns(district):
    x0, y0, x1, y1 = district.bounds
    xm, ym = (x0 + x1) / 2, (y0 + y1) / 2
    return np.array([shapely.box(a, b, c, d) for a, c in ((x0, xm), (xm, x1)) for b, d in ((y0, ym), (ym, y1))])


def test_offset_comes_from_the_formula_at_the_district(kit):
    shift = shift_like_gcj02(moved(towns(kit.district), kit.frame.crs, "gcj02"), kit.district, kit.frame.crs)
    lon, lat = gpd.GeoSeries([kit.district.centroid], crs=kit.frame.crs).to_crs(4326).get_coordinates().to_numpy()[0]
    azimuth, _, length = Geod(ellps="WGS84").inv(lon, lat, *from_wgs84(lon, lat, "gcj02"))
    assert shift.offset_m == pytest.approx(length, abs=1.0)
    assert shift.azimuth_deg == pytest.approx(azimuth % 360, abs=0.5)
    assert shift.measured_m == pytest.approx(length, abs=20.0)
    assert shift.after < 0.01 * shift.before
    assert 'datum = "gcj02"' in shift.text()


def test_shift_is_found_in_degrees_too(kit):
    lonlat = [gpd.GeoSeries(s, crs=kit.frame.crs).to_crs(4326) for s in ([kit.district], towns(kit.district))]
    shifted = moved(lonlat[1].to_numpy(), "EPSG:4326", "gcj02")
    assert shift_like_gcj02(shifted, lonlat[0].iloc[0], "EPSG:4326") is not None
    assert shift_like_gcj02(lonlat[1].to_numpy(), lonlat[0].iloc[0], "EPSG:4326") is None


def test_rightly_placed_towns_show_no_shift(kit):
    assert shift_like_gcj02(towns(kit.district), kit.district, kit.frame.crs) is None


def test_another_shift_is_not_taken_for_gcj02(kit):
    away = shapely.transform(towns(kit.district), lambda xy: xy + np.array([-300.0, 400.0]))
    assert shift_like_gcj02(away, kit.district, kit.frame.crs) is None


def test_shift_undone_by_mistake_is_told(kit):
    wrong = moved(towns(kit.district), kit.frame.crs, "gcj02", to_wgs84)
    shift = shift_like_gcj02(wrong, kit.district, kit.frame.crs)
    assert shift.undone
    assert 'datum = "wgs84"' in shift.text()


def scattered(kit, inset):
    x0, y0, x1, y1 = kit.district.bounds
    xy = np.random.default_rng(3).uniform([x0 + inset, y0 + inset], [x1 - inset, y1 - inset], (2000, 2))
    return shapely.points(xy)


def test_points_near_the_border_tell_of_a_shift(kit):
    points = scattered(kit, 0.0)
    shift = shift_like_gcj02(moved(points, kit.frame.crs, "gcj02"), kit.district, kit.frame.crs)
    assert shift.before > 50
    assert shift.after == 0
    assert shift_like_gcj02(points, kit.district, kit.frame.crs) is None


def test_points_far_from_the_border_say_nothing(kit):
    assert shift_like_gcj02(moved(scattered(kit, 2000.0), kit.frame.crs, "gcj02"), kit.district, kit.frame.crs) is None


def test_an_empty_layer_says_nothing(kit):
    assert shift_like_gcj02(np.array([None, shapely.Point()], dtype=object), kit.district, kit.frame.crs) is None
