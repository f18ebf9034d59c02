import numpy as np
import pytest
import shapely

from changping_geo.model import ColumnError, ParameterError
from changping_geo.stations.gaps import gap_labels, gaps

CRS = "EPSG:32650"
#: Two uncovered cells side by side, a covered one, and two far ones of which one reaches no station at all.
XY = np.array([[0, 0], [500, 0], [1000, 0], [9000, 0], [9500, 500]], dtype=float)
PEOPLE = np.array([10, 20, 40, 5, 5], dtype=float)
COST = np.array([4000, 3500, 3000, 8000, np.inf])


def test_uncovered_cells_that_touch_are_one_gap():
    assert gap_labels(XY, COST > 3000, 750).tolist() == [0, 0, -1, 1, 1]
    assert gap_labels(XY, COST > 3000, 100).tolist() == [0, 1, -1, 2, 3]


def test_gaps_are_ranked_by_people_and_by_extra_distance_and_the_unreached_come_first():
    table = gaps(XY, PEOPLE, COST, 3000, crs=CRS, link_m=750)
    assert table["gap_id"].tolist() == ["G0001", "G0002"]
    assert table["demand"].tolist() == [30, 10]
    assert table["extra"].tolist() == [10 * 1000 + 20 * 500, 5 * 5000]
    assert table["unreached"].tolist() == [0, 5]
    assert table["rank_demand"].tolist() == [1, 2]
    assert table["rank_extra"].tolist() == [2, 1]
    assert table["mean_cost"].tolist() == pytest.approx([11000 / 3, 8000])
    assert table["largest_cost"].tolist() == [4000, 8000]
    assert table["x"].tolist() == pytest.approx([1000 / 3, 9250])


def test_gaps_and_covered_demand_together_are_all_demand():
    table = gaps(XY, PEOPLE, COST, 3000, crs=CRS)
    assert table["demand"].sum() + PEOPLE[COST <= 3000].sum() == PEOPLE.sum()


def test_shapes_hold_their_places_and_are_valid():
    table = gaps(XY, PEOPLE, COST, 3000, crs=CRS)
    assert table.is_valid.all()
    assert (table.geom_type == "MultiPolygon").all()
    assert table.geometry[0].covers(shapely.MultiPoint(XY[:2]))
    assert not table.geometry[0].covers(shapely.Point(XY[2]))


def test_no_gap_is_an_empty_table_with_its_columns():
    table = gaps(XY, PEOPLE, np.zeros(5), 3000, crs=CRS)
    assert len(table) == 0
    assert {"gap_id", "demand", "geometry"} <= set(table.columns)


def test_places_without_people_are_no_gap():
    assert len(gaps(XY, np.zeros(5), COST, 3000, crs=CRS)) == 0


def test_bad_weights_and_links_are_refused():
    with pytest.raises(ColumnError, match="negative"):
        gaps(XY, -PEOPLE, COST, 3000, crs=CRS)
    with pytest.raises(ParameterError, match="positive"):
        gap_labels(XY, COST > 0, 0)
