"""Hours of any origin become a year at the site; what no sky can give is told or refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import ColumnError, ParameterError
from changping_geo.solar.kernel import daylight, monthly_yield
from changping_geo.solar.weather import at_point, closure, complete, monthly_sums, remove_bias, site_year
from changping_geo.solar.weather_checks import WeatherError, checked
from changping_geo.solar.weather_clock import shift_minutes

LATITUDE, LONGITUDE = 40.0, 116.0
NAMES = ["ghi", "dhi", "dni", "temp_air", "wind_speed"]


@pytest.fixture
def weather(year):
    """A year of hours as a reader hands it over."""
    return year[NAMES].drop_vars("month").assign_attrs(latitude=LATITUDE, longitude=LONGITUDE)


def years_of(weather, *strength):
    """Whole years one after the other, 2021 first, each as strong as told; none has a 29 February."""
    parts = []
    for number, factor in enumerate(strength):
        part = weather.to_dataframe()[NAMES]
        part[NAMES[:3]] *= factor
        local = part.index + pd.Timedelta(hours=8) + pd.Timedelta(days=365 * (number - 2))
        late = (local.year > 2024) | (local >= "2024-02-29")
        part.index = local.where(~late, local + pd.Timedelta(days=1)) - pd.Timedelta(hours=8)
        parts.append(part)
    return xr.Dataset.from_dataframe(pd.concat(parts).rename_axis("time"))


def test_months_and_hours_lead_to_the_same_year(monthly, weather, year):
    from_hours, from_months = site_year(weather, LATITUDE, LONGITUDE), site_year(monthly, LATITUDE, LONGITUDE)
    assert set(from_hours.variables) == set(from_months.variables)
    for name in year.variables:
        if name != "time":
            np.testing.assert_allclose(from_hours[name], year[name], rtol=1e-9, atol=1e-6, err_msg=name)
    assert (from_hours["time"].to_numpy() == year["time"].to_numpy()).all()


def test_the_months_of_hours_close(weather, monthly):
    assert float(closure(site_year(weather, LATITUDE, LONGITUDE), monthly).abs().max().max()) < 1e-6
    sums = monthly_sums(site_year(weather, LATITUDE, LONGITUDE))
    np.testing.assert_allclose(sums["diurnal_range_k"], monthly["diurnal_range_k"], rtol=0.05)


@pytest.mark.parametrize("left_out", [["dhi"], ["dni"], ["ghi"]])
def test_the_missing_part_follows_from_the_other_two(weather, year, left_out):
    again = complete(checked(weather.drop_vars(left_out), LATITUDE, LONGITUDE)[0], LATITUDE, LONGITUDE)
    for name in ("ghi", "dhi", "dni"):
        high = year["cosz"].to_numpy() > 0.07
        np.testing.assert_allclose(again[name].to_numpy()[high], year[name].to_numpy()[high], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(again["ghi"], year["ghi"], atol=1e-6)


@pytest.mark.parametrize("model", ["erbs", "disc"])
def test_global_irradiance_alone_is_split_and_kept(weather, model):
    again = site_year(weather[["ghi", "temp_air", "wind_speed"]], LATITUDE, LONGITUDE, decomposition=model)
    assert again.attrs["decomposition"] == model
    assert float(again["ghi"].sum()) == pytest.approx(float(weather["ghi"].sum()), rel=1e-4)
    assert 0.3 < float(again["dhi"].sum() / again["ghi"].sum()) < 0.8
    assert bool((again["dni"] <= again["dni_extra"]).all())


def test_erbs_by_hand():
    """Noon of an equinox at the equator: the sun overhead, kt about 0.5, the share by the polynomial of the paper."""
    time = pd.date_range("2023-01-01T00:00", periods=8760, freq="h")
    sun = site_year(
        xr.Dataset(
            {n: ("time", np.full(8760, v)) for n, v in (("temp_air", 20.0), ("wind_speed", 1.0))}
            | {"ghi": ("time", 680.0 * np.maximum(np.sin((np.arange(8760) % 24 - 5.5) / 12 * np.pi), 0))},
            {"time": time},
        ),
        0.0,
        0.0,
    )
    noon = sun.sel(time="2023-03-20T12:00")
    kt = float(noon["ghi"] / noon["dni_extra"] / noon["cosz"])
    share = 0.9511 - 0.1604 * kt + 4.388 * kt**2 - 16.638 * kt**3 + 12.336 * kt**4
    assert float(noon["dhi"] / noon["ghi"]) == pytest.approx(share, abs=0.002)


def test_the_year_nearest_to_the_mean_is_picked_and_scaled_to_it(weather, monthly):
    many = years_of(weather, 0.9, 0.99, 1.14)  # mean 1.01: the second is nearest
    picked = site_year(many, LATITUDE, LONGITUDE)
    assert picked.attrs["picked"].count("2022") == 12
    mean = site_year(many, LATITUDE, LONGITUDE, typical_method="mean")
    for found in (picked, mean):
        np.testing.assert_allclose(closure(found, monthly)["ghi"], 0.01, atol=0.003)


def test_leap_days_are_left_out_and_may_be_missing(weather, year):
    whole = years_of(weather, 1.0, 1.0, 1.0, 1.0, 1.0)  # 2021 to 2025, no 29 February in 2024
    held, account = checked(whole.assign_attrs(utc_offset_h=8.0), LATITUDE, LONGITUDE)
    assert account.notes == ["2024-02-29 is left out by the file"]
    assert held.sizes["time"] == 5 * 8760
    assert site_year(held, LATITUDE, LONGITUDE).sizes["time"] == 8760
    assert site_year(weather, LATITUDE, LONGITUDE, sun_year=2024).sizes["time"] == 8760


@settings(max_examples=15)
@given(minutes=st.integers(-120, 120))
def test_a_shift_of_the_clock_is_found_to_the_minute(year, minutes):
    time = pd.DatetimeIndex(year["time"].to_numpy())
    found = shift_minutes(time, np.full(8760, 0.5 + minutes / 60), year["ghi"].to_numpy(), LATITUDE, LONGITUDE)
    assert found == pytest.approx(minutes, abs=2)


def test_half_an_hour_is_told_and_turns_east_and_west_around(weather, chain):
    ratio = {}
    for inside in (0.0, 0.5, 1.0):
        shifted = weather.assign(inside=("time", np.full(8760, inside)))
        held, account = checked(shifted, LATITUDE, LONGITUDE)
        assert any("30 minutes" in note for note in account.notes) == (inside != 0.5)
        east, west = monthly_yield(
            daylight(site_year(held, LATITUDE, LONGITUDE)), np.array([30.0, 30.0]), np.array([90.0, 270.0]), chain,
            engine="numpy",
        ).sum(axis=1)  # fmt: skip
        ratio[inside] = east / west
    assert ratio[0.5] == pytest.approx(1.0, abs=0.01)
    # Light taken for earlier than it is falls on the east.
    assert ratio[0.0] > 1.02
    assert ratio[1.0] < 0.98


def test_afternoon_clouds_are_no_shift(weather):
    cloudy = weather.copy(deep=True)
    light = cloudy["ghi"].to_numpy()
    hour = pd.DatetimeIndex(cloudy["time"].to_numpy()).hour
    dull = (hour >= 6) & (hour <= 12) & (np.arange(8760) // 24 % 2 == 0)  # every other afternoon
    for name in ("ghi", "dhi", "dni"):
        cloudy[name] = ("time", np.where(dull, 0.4, 1.0) * cloudy[name].to_numpy())
    assert float(light.sum()) > float(cloudy["ghi"].sum())
    assert checked(cloudy, LATITUDE, LONGITUDE)[1].notes == []


def with_values(weather, name, at, value):
    out = weather.copy(deep=True)
    out[name].to_numpy()[at] = value
    return out


LIT, DARK = slice(3996, 3998), slice(4010, 4012)  # 16 June: noon; after midnight


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.drop_vars("temp_air"), "lacks temp_air"),
        (lambda w: w.drop_vars(["ghi", "dni"]), r"lacks ghi \(or dhi and dni\)"),
        (lambda w: with_values(w, "ghi", LIT, -200.0), "ghi is negative, down to -200"),
        (lambda w: w.assign(ghi=w["ghi"] * 3600, dhi=w["dhi"] * 3600), "looks like J/m2 per hour"),
        (lambda w: w.assign(ghi=w["ghi"] * 3.6), "looks like kJ/m2 per hour"),
        (lambda w: w.assign(ghi=w["ghi"] / 1000), "looks like (kW/m2|MJ)"),
        (lambda w: w.assign(ghi=w["ghi"] * 8), "check columns and units"),
        (lambda w: w.assign(temp_air=w["temp_air"] + 273.15), "Kelvin"),
        (lambda w: w.assign(dhi=w["ghi"] * 1.5), "dhi is more than GHI"),
        (lambda w: with_values(w, "temp_air", LIT, 99.9), "temp_air is outside -70 to 60 in 2 hours, such as 99.9"),
        (lambda w: w.assign(time=w["time"] + np.timedelta64(8, "h")), "falls at night"),
        (lambda w: w.assign(time=w["time"] + np.timedelta64(1, "h")), "60 minutes after the sun"),
        (lambda w: with_values(w, "ghi", slice(4000, 4010), np.nan), r"1 gaps of more than 3 h.*\(\d+ h\)"),
        (lambda w: w.isel(time=np.r_[0:4000, 4100:8760]), r"1 gaps of more than 3 h"),
        (lambda w: w.isel(time=np.arange(8760) % 10 != 0), "10% of the hours have gaps"),
        (lambda w: xr.concat([w, w.isel(time=LIT) * 0.5], "time"), "2 hours stand twice with different values"),
        (lambda w: w.isel(time=slice(0, 4000)), "no year has all hours of month 6"),
        (lambda w: w.isel(time=slice(0, 8760, 4)), "steps of 240 minutes"),
        (lambda w: w.isel(time=[0]), "one time only"),
        (lambda w: w.assign(dni=w["dni"] * 0.3), "differ by"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(weather, change, said):
    with pytest.raises(ColumnError, match=said):
        site_year(change(weather), LATITUDE, LONGITUDE)


def test_all_faults_are_told_at_once(weather):
    bad = with_values(with_values(weather, "ghi", LIT, -200.0), "wind_speed", LIT, 500.0)
    with pytest.raises(WeatherError, match=r"(?s)ghi is negative.*wind_speed is outside"):
        checked(bad, LATITUDE, LONGITUDE)


def test_small_faults_are_mended_and_counted(weather):
    odd = with_values(weather, "ghi", DARK, 30.0)
    odd = with_values(odd, "ghi", slice(4035, 4036), -3.0)
    odd = with_values(odd, "dhi", LIT, 2000.0)
    odd = xr.concat([odd, odd.isel(time=slice(100, 103))], "time")
    held, account = checked(odd, LATITUDE, LONGITUDE)
    assert account.repaired == {
        "light at night set to 0": 2,
        "slightly negative irradiance set to 0": 1,
        "dhi above the possible set to its limit": 2,
    }
    assert account.set_aside == {"the same hour again": 3}
    assert held.sizes["time"] == account.hours == 8760


def test_gaps_are_filled_by_clearness(weather):
    hole = with_values(weather, "ghi", LIT, np.nan)
    hole = with_values(with_values(hole, "dni", LIT, np.nan), "temp_air", LIT, np.nan)
    held, account = checked(hole, LATITUDE, LONGITUDE)
    assert account.repaired == {"filled from its neighbours": 2}
    assert account.notes == ["filled: 2 hours in 1 gaps of up to 2 h"]
    for name, near in (("ghi", 0.05), ("dni", 0.1), ("temp_air", 0.05)):
        np.testing.assert_allclose(held[name][LIT], weather[name][LIT], rtol=near)
    with pytest.raises(WeatherError, match="more than 1 h"):
        checked(hole, LATITUDE, LONGITUDE, max_gap_h=1)


def test_quarter_hours_are_averaged(weather):
    quarter = weather.isel(time=np.repeat(np.arange(8760), 4))
    stamps = pd.date_range(weather["time"].to_numpy()[0], periods=4 * 8760, freq="15min")
    quarter = quarter.assign_coords(time=stamps.floor("h"))
    quarter["inside"] = ("time", np.asarray(stamps.minute) / 60 + 0.125)
    held, account = checked(quarter, LATITUDE, LONGITUDE)
    assert account.notes == ["steps of 15 minutes averaged to hours"]
    np.testing.assert_allclose(held["ghi"], weather["ghi"])
    np.testing.assert_allclose(held["inside"], 0.5)


def test_a_known_bias_is_taken_out(weather):
    """7.5 W/m2 of the mean are 65.7 kWh/m2 in a year."""
    less = remove_bias(weather, w_m2=7.5)
    assert float((weather["ghi"] - less["ghi"]).sum()) / 1000 == pytest.approx(65.7)
    assert float(remove_bias(weather, factor=1.05)["dni"].sum() * 1.05) == pytest.approx(float(weather["dni"].sum()))
    assert site_year(less, LATITUDE, LONGITUDE).attrs["bias_w_m2"] == 7.5
    with pytest.raises(ParameterError, match="leave nothing"):
        remove_bias(weather, w_m2=1000.0)


def test_cells_the_nearest_or_four_by_distance(weather):
    cells = xr.concat([weather * f for f in (1.0, 0.9, 0.8)], "cell").assign_coords(
        lon=("cell", [116.0, 116.1, 117.0]), lat=("cell", [40.0, 40.0, 40.0])
    )
    near = at_point(cells, 40.0, 116.06)
    assert (near.attrs["longitude"], "cell" in near.dims) == (116.1, False)
    np.testing.assert_allclose(near["ghi"], 0.9 * weather["ghi"])
    mixed = at_point(cells.isel(cell=[0, 1]), 40.0, 116.05, method="weighted")
    np.testing.assert_allclose(mixed["ghi"], 0.95 * weather["ghi"])
    assert site_year(cells, 40.0, 116.0, cell_method="weighted").sizes["time"] == 8760
    assert at_point(weather, 0.0, 0.0) is weather


@pytest.mark.parametrize("words", [{"decomposition": "x"}, {"typical_method": "x"}, {"cell_method": "x"}])
def test_unknown_words_are_told(weather, words):
    with pytest.raises(ParameterError, match=f"{next(iter(words))} 'x' is unknown"):
        site_year(weather, LATITUDE, LONGITUDE, **words)
