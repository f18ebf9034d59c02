"""Twelve figures in, 8760 hours out, and the twelve figures come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import ColumnError
from changping_geo.solar.climate import ClimateError, hourly_year
from changping_geo.solar.kernel import daylight


def test_the_months_close(year, monthly):
    back = year.drop_vars("time").groupby("month").sum() / 1000.0
    for name in ("ghi", "dhi", "dni"):
        np.testing.assert_allclose(back[name], monthly[f"{name}_kwh_m2"], rtol=1e-6)
    mean = year.drop_vars("time").groupby("month").mean()
    np.testing.assert_allclose(mean["temp_air"], monthly["temp_air_c"], atol=1e-6)
    np.testing.assert_allclose(mean["wind_speed"], monthly["wind_m_s"], rtol=1e-12)


def test_every_hour_keeps_the_balance_and_stays_below_the_sun_above_the_air(year):
    np.testing.assert_allclose(year["ghi"], year["dhi"] + year["dni"] * year["cosz"], atol=1e-9)
    assert float(year["ghi"].min()) == 0
    assert bool((year["dni"] <= year["dni_extra"]).all())
    assert bool((year["ghi"].where(year["zenith"] > 90, 0) == 0).all())


def test_the_day_swings_by_the_range_given(year, monthly):
    of_month = year["temp_air"].drop_vars("time").groupby("month")
    np.testing.assert_allclose(of_month.max() - of_month.min(), monthly["diurnal_range_k"], rtol=0.02)


def test_stamps_are_utc_and_days_begin_at_the_sites_midnight(year):
    assert str(year["time"].to_numpy()[0]).startswith("2022-12-31T16:00")  # 116 degrees east: eight hours ahead
    assert year.sizes["time"] == 8760
    noon = year["time"].to_numpy()[int(np.argmax(year["cosz"].to_numpy()))]
    assert str(noon)[11:13] in {"03", "04"}


@settings(max_examples=8)
@given(
    clearness=st.floats(0.35, 0.7),
    diffuse=st.floats(0.3, 0.6),
    tilted=st.floats(0.15, 0.7),
    latitude=st.floats(-50, 50),
    longitude=st.floats(-180, 180),
)
def test_what_can_be_closed_is_closed_anywhere(monthly, clearness, diffuse, tilted, latitude, longitude):
    """Sums built from a sky that is possible at the site come back to 1e-6."""
    sun = hourly_year(monthly.assign(ghi_kwh_m2=0.0, dhi_kwh_m2=0.0, dni_kwh_m2=0.0), latitude, longitude)
    sun = sun.assign(weight=np.exp(-tilted / sun["cosz"].where(sun["cosz"] > 0.02)).fillna(0.0))
    of_month = sun.assign(beam=sun["weight"] * sun["cosz"]).drop_vars("time").groupby("month").sum() / 1000.0
    strength = clearness * 1360.0
    made = monthly.assign(dni_kwh_m2=of_month["weight"].to_numpy() * strength)
    beam = of_month["beam"].to_numpy() * strength
    made = made.assign(dhi_kwh_m2=beam * diffuse, ghi_kwh_m2=beam * (1.0 + diffuse))
    year = hourly_year(made, latitude, longitude).drop_vars("time").groupby("month").sum() / 1000.0
    for name in ("ghi", "dhi", "dni"):
        np.testing.assert_allclose(year[name], made[f"{name}_kwh_m2"], rtol=1e-6)


def test_months_that_cannot_be_are_named(monthly):
    wrong = monthly.copy()
    wrong.loc[0, "dhi_kwh_m2"] = 80.0  # more than GHI
    wrong.loc[5, "dni_kwh_m2"] = 400.0  # too low a sun
    wrong.loc[11, "dni_kwh_m2"] = 31.0  # a sun higher than in June
    with pytest.raises(ClimateError) as error:
        hourly_year(wrong, 40.0, 116.0)
    for month in (1, 6, 12):
        assert f"month {month}:" in str(error.value)


def test_a_sun_stronger_than_above_the_air_is_refused(monthly):
    with pytest.raises(ClimateError, match="more than the sun gives"):
        hourly_year(
            monthly.assign(**{n: monthly[n] * 5 for n in ("ghi_kwh_m2", "dhi_kwh_m2", "dni_kwh_m2")}), 40.0, 116.0
        )


def test_a_month_without_direct_sun_is_possible(monthly):
    dull = monthly.assign(dni_kwh_m2=0.0, dhi_kwh_m2=monthly["ghi_kwh_m2"])
    assert float(hourly_year(dull, 40.0, 116.0)["dni"].max()) == 0


def test_faulty_tables_are_told_at_once(monthly):
    with pytest.raises(ColumnError, match="lacks the columns wind_m_s"):
        hourly_year(monthly.drop(columns="wind_m_s"), 40.0, 116.0)
    faulty = monthly.assign(month=[1, *range(1, 12)], wind_m_s=-1.0)
    faulty.loc[3, "ghi_kwh_m2"] = np.nan
    with pytest.raises(ColumnError, match=r"months must be 1 to 12.*ghi_kwh_m2 is missing.*negative values in wind"):
        hourly_year(faulty, 40.0, 116.0)


def test_gaps_in_hours_are_an_error_never_a_zero(year):
    with pytest.raises(ColumnError, match=r"ghi \(1 hours\)"):
        daylight(year.assign(ghi=year["ghi"].where(year["ghi"] < year["ghi"].max())))
    with pytest.raises(ColumnError, match="lacks wind_speed"):
        daylight(year.drop_vars("wind_speed"))
