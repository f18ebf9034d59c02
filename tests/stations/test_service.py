import math

import numpy as np
import pandas as pd
import pytest

from changping_geo.model import ParameterError
from changping_geo.stations.service import MEANINGS, equal_circle_radius, service_radius, stations_for_radius


def test_the_district_asks_for_48_stations_at_three_kilometres_and_528_at_nine_hundred_metres():
    assert stations_for_radius(1343.5e6, 3000) == 48
    assert stations_for_radius(1343.5e6, 900) == 528


def test_equal_circles_have_the_base_area():
    assert equal_circle_radius(math.pi * 4e6, 4) == pytest.approx(1000)
    assert stations_for_radius(math.pi * 4e6, 1000) == 4
    assert equal_circle_radius(1e6, 0) == math.inf


def test_the_three_meanings_are_told_by_name_with_their_base():
    table = service_radius(
        4, {"district": math.pi * 4e6, "built_up": math.pi * 1e6}, [1000, 5000, np.inf],
        pd.DataFrame({"persons": [30.0, 10.0, 60.0]}), 3000,
    )  # fmt: skip
    assert set(table["meaning"]) == set(MEANINGS)
    told = table.set_index(["meaning", "base"])["value"]
    assert told["equal_circles", "district"] == pytest.approx(1000)
    assert told["equal_circles", "built_up"] == pytest.approx(500)
    assert told["mean_way", "persons"] == 2000
    assert told["share_within", "persons"] == 0.3
    assert table["unreached"].tolist()[2:] == [60, 60]  # they have no way that could be averaged, and are told


def test_no_area_or_radius_is_refused():
    with pytest.raises(ParameterError, match="positive base area"):
        equal_circle_radius(0, 4)
    with pytest.raises(ParameterError, match="above 0"):
        stations_for_radius(1e6, 0)
