"""One site and its typical year, shared by the solar tests; a continental climate at 40 degrees north."""

from __future__ import annotations

import pandas as pd
import pytest

from changping_geo.solar.climate import hourly_year
from changping_geo.solar.kernel import daylight
from changping_geo.solar.pv import default_chain

LATITUDE, LONGITUDE = 40.0, 116.0


@pytest.fixture(scope="session")
def monthly():
    """Twelve months of irradiation [kWh/m2], temperature [degC], its daily range [K] and wind [m/s]."""
    columns = {
        "ghi_kwh_m2": [69, 82, 118, 155, 171, 166, 154, 142, 122, 94, 65, 56],
        "dhi_kwh_m2": [29, 34, 51, 58, 71, 78, 80, 77, 57, 46, 34, 27],
        "dni_kwh_m2": [97, 98, 113, 141, 135, 118, 99, 89, 100, 88, 72, 76],
        "temp_air_c": [-2, 1, 8, 15, 22, 25, 27, 27, 21, 14, 5, 0],
        "diurnal_range_k": [9, 10, 12, 12, 12, 10, 9, 10, 9, 10, 9, 9],
        "wind_m_s": [2.1, 2.2, 2.0, 2.2, 2.1, 1.7, 1.6, 1.6, 1.4, 1.6, 1.8, 2.1],
    }
    return pd.DataFrame({"month": range(1, 13), **columns}).astype(dict.fromkeys(columns, float))


@pytest.fixture(scope="session")
def year(monthly):
    return hourly_year(monthly, LATITUDE, LONGITUDE)


@pytest.fixture(scope="session")
def hours(year):
    return daylight(year)


@pytest.fixture(scope="session")
def chain():
    return default_chain()
