import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame

from changping_geo.model import ColumnError, CrsError, GeometryError, ParameterError
from changping_geo.stations.graph import build_network, refuse_degrees
from changping_geo.stations.routing import lay_arcs

CRS = "EPSG:32650"
X0, Y0 = 400_000.0, 4_400_000.0


def roads(*lines, crs=CRS, **columns):
    shapes = [shapely.LineString([(X0 + x, Y0 + y) for x, y in line]) for line in lines]
    columns = {"class": "residential", "speed_km_h": 30.0, "oneway": "both"} | columns
    return GeoDataFrame(columns, index=range(len(shapes)), geometry=shapes, crs=crs)


def test_lines_that_meet_share_a_node():
    net = build_network(roads([(0, 0), (100, 0)], [(100, 0), (100, 50)]))
    assert len(net.xy) == 3
    assert net.length_m.tolist() == [100, 50]
    assert net.minutes.tolist() == pytest.approx([0.2, 0.1])  # 30 km/h is 500 m/min
    assert net.main.all()


def test_line_ends_within_the_tolerance_are_one_node_and_farther_ones_are_two():
    gap = roads([(0, 0), (100, 0)], [(100.05, 0), (200, 0)])
    assert len(build_network(gap).xy) == 3
    assert len(build_network(gap, join_m=0.01, min_main_share=0).xy) == 4


def test_speed_comes_from_the_road_then_from_its_class_and_the_peak_slows_both():
    two = roads([(0, 0), (1000, 0)], [(1000, 0), (2000, 0)], speed_km_h=[60.0, np.nan], **{"class": "primary"})
    free = build_network(two)
    assert free.minutes.tolist() == pytest.approx([1.0, 1.2])
    assert free.notes["speeds_by_class"] == 1
    assert build_network(two, peak_factor=0.5).minutes.tolist() == pytest.approx([2.0, 2.4])
    assert build_network(two, peak_factor={"primary": 0.5}).minutes.tolist() == pytest.approx([2.0, 2.4])


def test_parallel_roads_are_taken_by_the_shortest_and_never_added_up():
    arcs = lay_arcs(build_network(roads([(0, 0), (100, 0)], [(0, 0), (50, 48.9898), (100, 0)])), "m")
    assert arcs.to.tolist() == [1, 0]
    assert arcs.cost.tolist() == [100, 100]


def test_a_one_way_street_has_one_arc_in_its_own_direction():
    ring = [(0, 0), (100, 0)], [(100, 0), (100, 100)], [(0, 0), (100, 100)]
    net = build_network(roads(*ring, oneway=["forward", "forward", "backward"]))
    assert net.main.all()
    arcs = lay_arcs(net, "m")
    back = lay_arcs(net, "m", reverse=True)
    assert arcs.to.tolist() == [1, 2, 0]
    assert back.to.tolist() == [2, 0, 1]


def test_a_closed_road_stays_in_the_length_and_leaves_the_graph():
    net = build_network(roads([(0, 0), (100, 0)], [(100, 0), (150, 0)]), closed=[False, True])
    assert net.notes["length_m"] == 150
    assert net.notes["usable_length_m"] == 100
    assert net.main.tolist() == [True, False]
    assert lay_arcs(net, "m").to.size == 2


def test_a_road_that_leads_out_but_not_back_is_not_of_the_main_part():
    net = build_network(roads([(0, 0), (100, 0)], [(100, 0), (150, 0)], oneway=["both", "forward"]))
    assert net.main.tolist() == [True, False]
    assert net.notes["components"] == 1
    assert net.notes["main_share"] == pytest.approx(2 / 3)


def test_rows_that_are_no_line_or_no_longer_than_the_tolerance_are_set_aside_with_their_reason():
    frame = roads([(0, 0), (100, 0)], [(100, 0), (100.05, 0)], [(5, 5), (6, 6)])
    frame.loc[2, "geometry"] = None
    net = build_network(frame)
    assert dict(zip(net.set_aside["road"], net.set_aside["reason"], strict=True)) == {2: "no_line", 1: "collapsed"}


def test_a_layer_that_falls_to_pieces_is_refused_with_the_likely_missing_junctions():
    apart = [[(200.0 * k, 0), (200.0 * k + 100, 0)] for k in range(4)]
    with pytest.raises(GeometryError, match=r"holds 25%.*4 pieces.*split lines where they meet"):
        build_network(roads(*apart))
    tee = roads([(0, 0), (100, 0)], [(50, 0.2), (50, 100)])
    with pytest.raises(GeometryError, match="1 dead ends within 1 m of another road"):
        build_network(tee, min_main_share=0.9)


@pytest.mark.parametrize("speed", [0.0, -5.0])
def test_a_speed_of_zero_is_refused_with_the_rows_and_the_remedy(speed):
    with pytest.raises(ColumnError, match=r"in 1 roads \(rows 1\): leave it empty .* or mark the road as closed"):
        build_network(roads([(0, 0), (9, 0)], [(9, 0), (20, 0)], speed_km_h=[30.0, speed]))


def test_a_missing_speed_of_an_unknown_class_is_refused_with_the_known_classes():
    with pytest.raises(ColumnError, match=r"1 roads tell neither .*'goat_path'.*motorway"):
        build_network(roads([(0, 0), (9, 0)], speed_km_h=np.nan, **{"class": "goat_path"}))


def test_all_faults_of_the_speeds_are_told_at_once():
    with pytest.raises(ColumnError, match=r"zero or negative.*neither a speed"):
        build_network(roads([(0, 0), (9, 0)], [(9, 0), (20, 0)], speed_km_h=[0, np.nan], **{"class": "x"}))


def test_other_bad_input_is_refused():
    line = [(0, 0), (9, 0)]
    with pytest.raises(ColumnError, match="'reversible'"):
        build_network(roads(line, oneway="reversible"))
    with pytest.raises(ColumnError, match="2 values for 1 roads"):
        build_network(roads(line), closed=[True, False])
    with pytest.raises(CrsError, match="no CRS"):
        build_network(roads(line, crs=None))
    with pytest.raises(CrsError, match="in degrees"):
        build_network(roads(line).to_crs(4326))
    with pytest.raises(GeometryError, match="none of 1 roads is a line"):
        build_network(roads(line).set_geometry([shapely.Point(X0, Y0)], crs=CRS))
    with pytest.raises(ColumnError, match="peak_factor"):
        build_network(roads(line), peak_factor=0.0)
    with pytest.raises(ParameterError, match="'km'"):
        build_network(roads(line)).cost("km")


def test_degrees_that_call_themselves_metres_are_found_out():
    frame = GeoDataFrame(geometry=[shapely.LineString([(116.21, 40.2), (116.3, 40.3)])], crs=CRS)
    with pytest.raises(CrsError, match="look like degrees"):
        refuse_degrees(frame, "roads")
