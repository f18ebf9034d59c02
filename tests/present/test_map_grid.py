from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import SpecError
from changping_geo.present.map_grid import squares

CRS = "EPSG:4548"
PLACES = st.lists(st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000), st.floats(0, 1e6)), max_size=30)


def _points(xs, ys):
    return gpd.GeoSeries.from_xy(xs, ys, crs=CRS)


def test_each_shape_counts_in_the_square_of_its_centre():
    cells = squares(_points([10, 20, 600], [10, 20, 10]), [1.0, 2.0, 4.0], 500)
    assert cells["value"].tolist() == [3, 4]
    assert cells["count"].tolist() == [2, 1]
    assert cells.geometry.iloc[1].bounds == (500, 0, 1000, 500)


def test_means_leave_missing_values_out_and_say_so_where_there_are_no_others():
    cells = squares(_points([1, 2, 3, 600], [1, 2, 3, 1]), [1.0, 3.0, np.nan, np.nan], 500, "mean")
    assert cells["value"].iloc[0] == 2
    assert np.isnan(cells["value"].iloc[1])
    assert cells["count"].tolist() == [3, 1]


@given(PLACES, st.sampled_from([250.0, 500.0, 777.0]))
@settings(max_examples=30)
def test_squares_add_up_to_the_whole(places, side):
    xs, ys, values = np.array(places, dtype=float).reshape(-1, 3).T
    cells = squares(_points(xs, ys), values, side)
    assert cells["value"].sum() == pytest.approx(values.sum())
    assert cells["count"].sum() == len(values)
    assert cells.area.to_numpy() == pytest.approx(side**2)


def test_degrees_are_no_metres():
    with pytest.raises(SpecError, match="need a side above zero and a metric CRS"):
        squares(gpd.GeoSeries.from_xy([116.0], [40.0], crs="EPSG:4326"), [1.0], 500)
