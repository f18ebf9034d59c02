import geopandas as gpd
import numpy as np
import pytest
import shapely

from changping_geo.model import ColumnError, CrsError, GeometryError, ParameterError
from changping_geo.stations.graph import build_network
from changping_geo.stations.snap import places, points_xy, refuse_duplicates, refuse_far, same_place, snap

CRS = "EPSG:32650"
X0, Y0 = 400_000.0, 4_400_000.0


def network(*lines, **columns):
    shapes = [shapely.LineString([(X0 + x, Y0 + y) for x, y in line]) for line in lines]
    columns = {"class": "residential", "speed_km_h": 30.0, "oneway": "both"} | columns
    return build_network(
        gpd.GeoDataFrame(columns, index=range(len(shapes)), geometry=shapes, crs=CRS), min_main_share=0
    )


STREET = network([(0, 0), (1000, 0)])


def at(*points):
    return np.add(points, (X0, Y0))


def test_a_point_enters_at_its_foot_and_pays_the_detour():
    point = snap(at((300, 100)), STREET, detour=1.3, speed_km_h=15)
    assert (point.edge[0], point.along_m[0], point.straight_m[0]) == (0, 300, 100)
    assert point.leg_m[0] == pytest.approx(130)
    assert point.minutes[0] == pytest.approx(0.52)


def test_what_lies_too_far_off_is_set_aside_with_reason_and_distance_and_never_at_zero():
    points = snap(at((300, 100), (300, 1200), (np.nan, 0)), STREET, max_access_m=1000)
    assert points.on.tolist() == [True, False, False]
    ledger = points.ledger()
    assert ledger["row"].tolist() == [1, 2]
    assert ledger["reason"].tolist() == ["off_network", "no_place"]
    assert ledger["distance_m"].tolist() == [1200, np.inf]
    assert np.isinf(points.leg("m")[1:]).all()


def test_the_longest_access_may_differ_by_point():
    points = snap(at((0, 400), (0, 400)), STREET, max_access_m=[300, 1000])
    assert points.on.tolist() == [False, True]


def test_a_point_is_moved_from_an_island_to_the_main_part_and_that_is_told():
    net = network([(0, 0), (1000, 0)], [(300, 100), (310, 100)])
    points = snap(at((300, 99), (300, 1)), net)
    assert points.edge.tolist() == [0, 0]
    assert points.moved.tolist() == [True, False]


def test_roads_that_may_not_be_entered_are_passed_over():
    net = network([(0, 0), (1000, 0)], [(0, 0), (1000, 300)])
    assert snap(at((500, 10)), net, usable=[False, True]).edge.tolist() == [1]
    with pytest.raises(GeometryError, match="no road may be entered"):
        snap(at((500, 10)), net, usable=[False, False])


def test_a_station_in_the_river_is_refused_by_name_and_distance():
    stations = snap(at((0, 10), (500, 2500)), STREET)
    with pytest.raises(GeometryError, match=r"1 stations .*\(S2 \(2500 m\)\): correct their coordinates"):
        refuse_far(stations, ["S1", "S2"], "stations")
    refuse_far(snap(at((0, 10)), STREET), ["S1"], "stations")


def test_points_in_degrees_are_refused():
    with pytest.raises(CrsError, match="look like degrees"):
        snap([[116.2, 40.2]], STREET)
    with pytest.raises(CrsError, match="in another CRS"):
        snap([[20_400_000.0, 4_400_000.0]], STREET)
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(116.2, 40.2)], crs=4326)
    with pytest.raises(CrsError, match="in degrees"):
        places(frame, STREET, "stations")
    with pytest.raises(CrsError, match="bring both to one CRS"):
        places(gpd.GeoDataFrame(geometry=[shapely.Point(X0, Y0)], crs="EPSG:32651"), STREET, "stations")


def test_polygons_stand_at_their_centroid_and_empty_shapes_nowhere():
    xy = points_xy(np.array([shapely.box(0, 0, 2, 4), shapely.Point(), None], dtype=object))
    assert xy[0].tolist() == [1, 2]
    assert np.isnan(xy[1:]).all()
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(X0, Y0)], crs=CRS)
    assert places(frame, STREET, "stations").tolist() == [[X0, Y0]]


def test_duplicates_by_name_or_place_are_refused_with_the_remedy():
    with pytest.raises(ColumnError, match=r"A are given twice; 1 stand within 1 m .*B = A.*sum of its plugs"):
        refuse_duplicates(["A", "B", "A"], at((0, 0), (0.5, 0), (100, 0)), "stations")
    refuse_duplicates(["A", "B"], at((0, 0), (50, 0)), "stations")


def test_same_place_names_the_first_of_each_chain():
    assert same_place(at((0, 0), (90, 0), (0.6, 0), (1.2, 0), (np.nan, 0))).tolist() == [0, 1, 0, 0, 4]


def test_a_negative_longest_access_is_refused():
    with pytest.raises(ParameterError, match="above 0"):
        snap(at((0, 0)), STREET, max_access_m=-1)
