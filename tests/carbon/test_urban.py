"""Urban trees: by crowns, never by the area of the green."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from changping_geo.carbon import urban
from changping_geo.errors import ColumnError, ParameterError

RAW = Path(__file__).parents[2] / "data_raw" / "methods"


def green(**columns):
    shapes = [box(0, 0, 100, 100), box(200, 0, 300, 100)]
    return gpd.GeoDataFrame(
        pd.DataFrame({"kind": "street", **columns}, index=[0, 1]), geometry=shapes, crs="EPSG:32650"
    )


def test_carbon_follows_the_crowns():
    table = pd.read_csv(RAW / "carbon_urban.csv")
    storage, uptake = urban.urban_figures(table, "nowak2013")
    assert (storage, uptake) == (76.9, 2.8)
    parts = pd.DataFrame({"row": [0, 1], "town_code": ["a", "a"], "area_ha": [1.0, 1.0]})
    found = urban.urban_stock(green(canopy_cover=[0.5, np.nan]), parts, storage, 0.5, 0.25)
    assert found.rows["t_c"].tolist() == pytest.approx([76.9 * 0.75])
    assert found.areas["area_ha"].tolist() == [2.0]


def test_figures_of_another_area_are_refused():
    with pytest.raises(ParameterError, match="per hectare of urban_area, not of crowns"):
        urban.urban_figures(pd.read_csv(RAW / "carbon_urban.csv"), "beijing2002")
    with pytest.raises(ParameterError, match="unknown set 'x'"):
        urban.urban_figures(pd.read_csv(RAW / "carbon_urban.csv"), "x")


def test_percent_is_told():
    with pytest.raises(ColumnError, match=r"1 rows \(2\); percent"):
        urban.canopy_of(green(canopy_cover=[0.4, 40.0]), 0.4)
    assert urban.canopy_of(green(), 0.4).tolist() == [0.4, 0.4]
