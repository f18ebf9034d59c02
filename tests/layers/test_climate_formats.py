"""One year, written in every maker's format as its maker writes it, is the same year when it is read."""

from __future__ import annotations

import json
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from changping_geo.layers.climate import climate_kind, read_climate
from changping_geo.layers.load import load_source
from changping_geo.layers.spec import Source, read_spec
from changping_geo.model import ColumnError, CrsError, DataError, SourceError, SpecError, Status
from changping_geo.solar.climate import hourly_year
from changping_geo.solar.sun import sun_position
from changping_geo.solar.weather import closure, site_year
from changping_geo.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

LAT, LON = 32.55, 114.0
NAMES = ["ghi", "dhi", "dni", "temp_air", "wind_speed"]


def table():
    columns = {
        "ghi_kwh_m2": [75, 85, 115, 140, 155, 150, 150, 140, 115, 100, 80, 70],
        "dhi_kwh_m2": [40, 45, 60, 70, 78, 80, 80, 72, 60, 50, 42, 38],
        "dni_kwh_m2": [78, 78, 90, 105, 110, 98, 98, 98, 85, 88, 80, 76],
        "temp_air_c": [2, 4, 9, 16, 21, 25, 28, 27, 22, 17, 10, 4],
        "diurnal_range_k": [9] * 12,
        "wind_m_s": [2.5] * 12,
    }
    return pd.DataFrame({"month": range(1, 13), **columns}).astype(dict.fromkeys(columns, float))


@pytest.fixture(scope="module")
def year():
    return hourly_year(table(), LAT, LON)


@pytest.fixture(scope="module")
def utc(year):
    """The same typical year from 1 January, 00:00 UTC: its last hours stand in front in `year`."""
    frame = year[NAMES].to_dataframe()[NAMES]
    late = frame.index.year < 2023
    frame.index = frame.index.where(~late, frame.index + pd.Timedelta(days=365))
    return frame.sort_index()


# ---- the formats, as their makers write them


def epw(frame, path, lon=LON, tz=8):
    """Local standard time, hours 1 to 24 named by their end; every month of another year."""
    local = frame.copy()
    local.index += pd.Timedelta(hours=tz)
    local.index = pd.DatetimeIndex([t.replace(year=2023) for t in local.index])
    head = [
        f"LOCATION,Shishan,HA,CHN,CSWD,999999,{LAT},{lon},{tz},52.0",
        "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,made up",
        "COMMENTS 2,",
        "DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31",
    ]
    rows = []
    for r in local.sort_index().itertuples():
        t = r.Index
        cells = [
            1990 + t.month,
            t.month,
            t.day,
            t.hour + 1,
            60,
            "C9C9",
            f"{r.temp_air:.3f}",
            1.0,
            50,
            101000,
            0,
            0,
            300,
        ]
        cells += [f"{r.ghi:.3f}", f"{r.dni:.3f}", f"{r.dhi:.3f}", 0, 0, 0, 0, 180, f"{r.wind_speed:.2f}"]
        rows.append(",".join(map(str, [*cells, 5, 5, 9999, 99999, 9, 999999999, 15, 0.1, 0, 88, 0.2, 0, 0])))
    path.write_text("\r\n".join([*head, *rows]) + "\r\n")


def pvgis_rows(frame):
    return [
        {
            "time(UTC)": f"{2004 + r.Index.month % 3}{r.Index:%m%d:%H}00", "T2m": round(r.temp_air, 2), "RH": 60.0,
            "G(h)": round(r.ghi, 2), "Gb(n)": round(r.dni, 2), "Gd(h)": round(r.dhi, 2), "IR(h)": 300.0,
            "WS10m": round(r.wind_speed, 2), "WD10m": 90, "SP": 100000,
        }
        for r in frame.itertuples()
    ]  # fmt: skip


def tmy_json(frame, path, offset=0.5):
    months = [{"month": m, "year": 2004 + m % 3} for m in range(1, 13)]
    place = {"latitude": LAT, "longitude": LON, "elevation": 52.0, "irradiance_time_offset": offset}
    whole = {
        "inputs": {"location": place, "meteo_data": {"radiation_db": "PVGIS-ERA5"}},
        "outputs": {"months_selected": months, "tmy_hourly": pvgis_rows(frame)},
        "meta": {"inputs": {"location": {}}, "outputs": {}},
    }
    path.write_text(json.dumps(whole))


def tmy_csv(frame, path, offset=0.5):
    rows = pvgis_rows(frame)
    head = [f"Latitude (decimal degrees): {LAT}", f"Longitude (decimal degrees): {LON}", "Elevation (m): 52.0"]
    head += [f"Irradiance Time Offset (h): {offset}"] if offset is not None else []
    head += ["month,year", *(f"{m},{2004 + m % 3}" for m in range(1, 13)), ",".join(rows[0])]
    body = [",".join(map(str, row.values())) for row in rows]
    foot = ["", "T2m: 2-m air temperature (degree Celsius)", "PVGIS (c) European Union, 2001-2026"]
    path.write_text("\r\n".join([*head, *body, *foot]), newline="")


def hourly_rows(frame, minute):
    cosz = sun_position(frame.index, LAT, LON)["cosz"].to_numpy()
    beam = frame["dni"].to_numpy() * np.maximum(cosz, 0)
    return [
        {
            "time": f"{r.Index:%Y%m%d:%H}{minute:02d}", "Gb(i)": round(b, 3), "Gd(i)": round(r.dhi, 3), "Gr(i)": 0.0,
            "H_sun": 0.0, "T2m": round(r.temp_air, 2), "WS10m": round(r.wind_speed, 2), "Int": 0.0,
        }
        for r, b in zip(frame.itertuples(), beam, strict=True)
    ]  # fmt: skip


def hourly_json(frame, path, minute=30, slope=0):
    whole = {
        "inputs": {
            "location": {"latitude": LAT, "longitude": LON, "elevation": 52.0},
            "mounting_system": {"fixed": {"slope": {"value": slope, "optimal": False}, "azimuth": {"value": 0}}},
        },
        "outputs": {"hourly": hourly_rows(frame, minute)},
        "meta": {"inputs": {"location": {}}, "outputs": {}},
    }
    path.write_text(json.dumps(whole))


def hourly_csv(frame, path, slope=0):
    rows = hourly_rows(frame, 30)
    head = [f"Latitude (decimal degrees):\t{LAT}", f"Longitude (decimal degrees):\t{LON}", "Elevation (m):\t52"]
    head += ["Radiation database:\tPVGIS-ERA5", "", "", f"Slope: {slope} deg. ", "Azimuth: 0 deg. ", ",".join(rows[0])]
    body = [",".join(map(str, row.values())) for row in rows]
    path.write_text("\n".join([*head, *body, "", "Gb(i): Beam irradiance (W/m2)", "PVGIS (c) European Union"]) + "\n")


POWER = {
    "ALLSKY_SFC_SW_DWN": "ghi", "ALLSKY_SFC_SW_DIFF": "dhi", "ALLSKY_SFC_SW_DNI": "dni", "T2M": "temp_air",
    "WS10M": "wind_speed",
}  # fmt: skip
POWER_UNITS = dict(zip(POWER, ["Wh/m^2"] * 3 + ["C", "m/s"], strict=True))


def power_json(frame, path, standard="UTC", unit="Wh/m^2", factor=1.0):
    moved = frame.copy()
    moved.index += pd.Timedelta(hours=8 if standard == "LST" else 0)
    series = {n: {f"{t:%Y%m%d%H}": round(v, 3) for t, v in moved[c].items()} for n, c in POWER.items()}
    for name in list(POWER)[:3]:
        series[name] = {t: v * factor for t, v in series[name].items()}
    units = POWER_UNITS | dict.fromkeys(list(POWER)[:3], unit)
    whole = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [LON, LAT, 52.0]},
        "properties": {"parameter": series},
        "header": {"title": "NASA/POWER Source Native Resolution Hourly Data", "fill_value": -999.0} |
        ({"time_standard": standard} if standard else {}),
        "messages": [], "parameters": {n: {"units": u, "longname": n} for n, u in units.items()},
    }  # fmt: skip
    path.write_text(json.dumps(whole))


def power_csv(frame, path):
    local = frame.copy()
    local.index += pd.Timedelta(hours=8)
    head = ["-BEGIN HEADER-", "NASA/POWER Source Native Resolution Hourly Data "]
    head += [f"Dates (month/day/year): {local.index[0]:%m/%d/%Y} through {local.index[-1]:%m/%d/%Y} in LST"]
    head += [f"Location: latitude  {LAT}   longitude {LON} "]
    head += ["elevation from MERRA-2: Average for 0.5 x 0.625 degree lat/lon region = 52.0 meters"]
    head += ["The value for missing source data that cannot be computed or is outside of the range: -999 "]
    head += ["parameter(s): ", *(f"{n}     SYN1deg {n} ({u}) " for n, u in POWER_UNITS.items()), "-END HEADER-"]
    out = pd.DataFrame(
        {"YEAR": local.index.year, "MO": local.index.month, "DY": local.index.day, "HR": local.index.hour}
    )
    for name, column in POWER.items():
        out[name] = local[column].round(3).to_numpy()
    path.write_text("\n".join(head) + "\n" + out.to_csv(index=False))


def era5_arrays(frame):
    """Joules of the hour that ends, K; the first hour of the year is named 01:00."""
    cosz = np.maximum(sun_position(frame.index, LAT, LON)["cosz"].to_numpy(), 0)
    ssrd = 3600 * frame["ghi"].to_numpy()
    fdir = 3600 * frame["dni"].to_numpy() * cosz
    return ssrd, fdir, frame["temp_air"].to_numpy() + 273.15, frame["wind_speed"].to_numpy()


def era5_hdf5(frame, path):
    ssrd, fdir, kelvin, wind = era5_arrays(frame)
    lat, lon = [33.0, 32.75, 32.5, 10.0], [113.75, 114.0, 114.25, 170.0]
    seconds = (frame.index + pd.Timedelta(hours=1) - pd.Timestamp("1970-01-01")) // pd.Timedelta(seconds=1)
    with h5py.File(path, "w") as file:
        for name, values in (("valid_time", seconds.to_numpy()), ("latitude", lat), ("longitude", lon)):
            file[name] = values
            file[name].make_scale(name)
        file["valid_time"].attrs["units"] = "seconds since 1970-01-01"
        file["valid_time"].attrs["calendar"] = "proleptic_gregorian"
        units = {"ssrd": "J m**-2", "fdir": "J m**-2", "t2m": "K", "u10": "m s**-1", "v10": "m s**-1"}
        for (name, unit), values in zip(units.items(), (ssrd, fdir, kelvin, wind * 0.6, wind * 0.8), strict=True):
            file[name] = np.broadcast_to(values[:, None, None], (len(values), 4, 4)).astype("float32")
            file[name].attrs["units"] = np.bytes_(unit)
            for axis, scale in enumerate(("valid_time", "latitude", "longitude")):
                file[name].dims[axis].attach_scale(file[scale])


def era5_classic(frame, path, names=("ssrd", "fdir"), accumulated=False):
    ssrd, fdir, kelvin, wind = era5_arrays(frame)
    stamps = frame.index + pd.Timedelta(hours=1)
    if accumulated:
        day = frame.index.normalize()
        ssrd, fdir = (pd.Series(v).groupby(day).cumsum().to_numpy() for v in (ssrd, fdir))
    out = xr.Dataset(coords={"time": stamps, "latitude": [32.5], "longitude": [114.0]})
    for name, values, unit in (
        ("ssrd", ssrd, "J m**-2"), ("fdir", fdir, "J m**-2"), ("t2m", kelvin, "K"), ("si10", wind, "m s**-1"),
    ):  # fmt: skip
        if name in (*names, "t2m", "si10"):
            out[name] = (("time", "latitude", "longitude"), values[:, None, None], {"units": unit})
    out.to_netcdf(path, engine="scipy")


def cmfd(frame, path):
    """Means over three hours around the stamp, UTC."""
    sub = frame[["ghi", "temp_air", "wind_speed"]].iloc[np.repeat(np.arange(len(frame)), 2)]
    sub = sub.iloc[np.arange(-3, len(sub) - 3) % len(sub)]  # half hours from 22:30 of the day before
    mean = sub.groupby(np.arange(len(sub)) // 6).mean()
    mean.index = pd.date_range(frame.index[0], periods=len(mean), freq="3h")
    out = xr.Dataset(coords={"time": mean.index, "lat": [32.55], "lon": [113.95, 114.05]})
    for name, column, unit, plus in (
        ("srad", "ghi", "W m-2", 0),
        ("temp", "temp_air", "K", 273.15),
        ("wind", "wind_speed", "m s-1", 0),
    ):
        values = mean[column].to_numpy() + plus
        out[name] = (("time", "lat", "lon"), np.repeat(values[:, None, None], 2, axis=2), {"units": unit})
    out.to_netcdf(path, engine="scipy")


def plain_csv(frame, path):
    local = frame.copy()
    local.index += pd.Timedelta(hours=9)  # ends of hours, local time
    local.rename_axis("time").round(4).to_csv(path)


WRITERS = {
    "year.epw": epw,
    "tmy.json": tmy_json,
    "tmy.csv": tmy_csv,
    "hourly.json": hourly_json,
    "hourly.csv": hourly_csv,
    "power.json": power_json,
    "power.csv": power_csv,
    "era5_four.nc": era5_hdf5,
    "era5_classic.nc": era5_classic,
    "plain.csv": plain_csv,
}


# ---- the tests


@pytest.fixture
def climate(kit, checkout):
    """Load data_raw/<name> as the climate layer of a made-up district around the site."""
    spec = read_spec(checkout / "layers" / "solar_climate.toml")
    declared = {"plain.csv": {"time_label": "end", "utc_offset_h": 8.0}}

    def load(name, **source):
        entry = Source(id="hourly", status=Status.OPEN, path=f"data_raw/{name}", **declared.get(name, {}))
        return load_source(spec, replace(entry, **source), kit.frame, kit.district, kit.root)

    load.file = kit.file
    return load


@pytest.mark.parametrize("name", WRITERS)
def test_the_year_is_the_same_from_every_format(climate, name, utc, year):
    WRITERS[name](utc, climate.file(name))
    layer = climate(name)
    assert layer.status is Status.OPEN
    # a file of the typical year in UTC is cut at another place than the year; the seam costs nothing
    assert layer.ledger.read % 8760 == 0
    assert layer.ledger.used == layer.ledger.read
    again = site_year(layer.data, LAT, LON)
    assert again.sizes["time"] == 8760
    assert again["time"].to_numpy()[0] == year["time"].to_numpy()[0]
    tolerance = {"ghi": 0.005, "dhi": 0.005, "dni": 0.03}
    for variable, share in tolerance.items():
        total = float(year[variable].sum())
        assert float(np.abs(again[variable] - year[variable]).sum()) < share * total, variable
    assert float(np.abs(again["temp_air"] - year["temp_air"]).max()) < 0.01
    assert float(np.abs(again["wind_speed"] - year["wind_speed"]).max()) < 0.01
    back = closure(again, table())
    assert float(back[["ghi", "dhi"]].abs().max().max()) < 0.005
    assert float(np.abs(again["ghi"] - again["dhi"] - again["dni"] * again["cosz"].clip(0)).max()) < 1e-9


def test_each_format_tells_its_clock(climate, utc):
    told = {"year.epw": ("EPW", "end", 8.0), "tmy.json": ("PVGIS TMY", "instant", 0.0)}
    told |= {"power.csv": ("NASA POWER", "start", 8.0), "era5_classic.nc": ("ERA5", "end", 0.0)}
    for name, expected in told.items():
        WRITERS[name](utc, climate.file(name))
        attrs = climate(name).data.attrs
        assert (attrs["format"], attrs["label"], attrs["utc_offset_h"]) == expected
    assert climate("year.epw").data.attrs["elevation_m"] == 52.0
    assert climate("year.epw").data.attrs["typical"] == 1


def test_cells_around_the_district_are_read_and_no_others(climate, utc):
    era5_hdf5(utc, climate.file("e.nc"))
    data = climate("e.nc").data
    assert data.sizes["cell"] == 9
    assert float(data["lon"].max()) == 114.25


def test_sums_since_midnight_are_taken_apart(climate, utc):
    era5_classic(utc, climate.file("hourly.nc"))
    era5_classic(utc, climate.file("land.nc"), accumulated=True)
    one, two = climate("hourly.nc"), climate("land.nc")
    assert any("midnight to midnight" in note for note in two.ledger.notes)
    np.testing.assert_allclose(two.data["ghi"], one.data["ghi"], atol=0.01)


def test_three_hours_are_drawn_out_with_the_sun(climate, utc, year):
    cmfd(utc, climate.file("c.nc"))
    layer = climate("c.nc")
    assert any("steps of 3 hours" in note for note in layer.ledger.notes)
    assert not any("minutes" in note for note in layer.ledger.notes)
    again = site_year(layer.data, LAT, LON)
    assert float(again["ghi"].sum()) == pytest.approx(float(year["ghi"].sum()), rel=0.005)


def test_satellite_samples_keep_the_minute_at_which_they_were_taken(climate, year):
    """Ten past the hour: the sun is looked at then, and the balance closes."""
    start = pd.date_range("2023-01-01", periods=8760, freq="h")
    at = sun_position(start, LAT, LON, inside=1 / 6)
    cosz = np.maximum(at["cosz"].to_numpy(), 0)
    dni = np.where(cosz > 0.05, 700.0, 0.0)
    frame = pd.DataFrame({"dni": dni, "dhi": 150 * cosz, "temp_air": 15.0, "wind_speed": 2.0}, index=start)
    frame["ghi"] = frame["dhi"] + dni * cosz
    tmy_json(frame, climate.file("t.json"), offset=1 / 6)
    layer = climate("t.json")
    assert float(layer.data["inside"].max()) == pytest.approx(1 / 6, abs=1e-3)
    assert not any("minutes" in note for note in layer.ledger.notes)
    assert site_year(layer.data, LAT, LON).attrs["open"] < 0.002
    tmy_json(frame, climate.file("t.json"), offset=0.67)
    notes = climate("t.json").ledger.notes
    assert any("30 minutes after the sun" in note for note in notes)
    assert any("DHI + DNI cos z differ by" in note for note in notes)


def test_a_clock_half_an_hour_off_is_told_and_a_wrong_zone_is_refused(climate, utc):
    epw(utc, climate.file("y.epw"))
    assert any("30 minutes" in note for note in climate("y.epw", time_label="mid").ledger.notes)
    with pytest.raises(ColumnError, match=r"60 minutes after the sun.*utc_offset_h|falls at night"):
        climate("y.epw", time_label="end", utc_offset_h=7.0)
    with pytest.raises(ColumnError, match=r"falls at night.*utc_offset_h"):
        climate("y.epw", utc_offset_h=0.0)


def test_declared_bias_is_taken_out_and_told(climate, utc):
    epw(utc, climate.file("y.epw"))
    layer = climate("y.epw", bias={"w_m2": 7.5})
    assert float(layer.data["ghi"].mean()) == pytest.approx(utc["ghi"].mean() - 7.5, abs=0.01)
    assert layer.data.attrs["bias_w_m2"] == 7.5
    assert any("bias" in note for note in layer.ledger.notes)
    with pytest.raises(ColumnError, match="unknown entries watts"):
        climate("y.epw", bias={"watts": 7.5})


def test_gaps_are_filled_and_counted_or_refused(climate, utc):
    gappy = utc.copy()
    gappy.iloc[3000:3002] = np.nan
    gappy.loc[gappy.index[4000], "ghi"] = np.nan
    power_json(gappy.fillna(-999.0), climate.file("p.json"))
    layer = climate("p.json")
    assert layer.ledger.repaired["filled from its neighbours"] in (2, 3)  # one of them may be a night
    assert any(note.startswith("filled: ") for note in layer.ledger.notes)
    assert np.isfinite(layer.data["ghi"]).all()
    gappy.iloc[3000:3030] = np.nan
    power_json(gappy.fillna(-999.0), climate.file("p.json"))
    with pytest.raises(ColumnError, match=r"1 gaps of more than 3 h: 2023-05-06.*\(30 h\)"):
        climate("p.json")


@pytest.mark.parametrize(
    ("name", "change", "kind", "said"),
    [
        ("a.epw", lambda t: t.replace("LOCATION", "PLACE", 1), SourceError, "not EPW"),
        ("a.epw", lambda t: t.replace("DATA PERIODS", "DATA", 1), SourceError, "eight lines"),
        ("a.epw", lambda t: t[: len(t) // 2], ColumnError, "whole year"),
        ("a.epw", lambda t: t.replace(f",{LAT},", ",12.0,", 1), CrsError, "km from the district"),
        ("a.json", lambda t: t.replace("tmy_hourly", "tmy"), SourceError, "damaged or cut"),
        ("a.json", lambda _: '{"a": 1}', SourceError, "neither of PVGIS"),
        ("a.json", lambda t: t[:100_000], SourceError, "damaged or cut"),
        ("a.csv", lambda t: t[: len(t) // 2], SourceError, "of 8,760 hours"),
    ],
)
def test_damaged_files_are_told(climate, utc, name, change, kind, said):
    {"a.epw": epw, "a.json": tmy_json, "a.csv": tmy_csv}[name](utc, climate.file(name))
    text = climate.file(name).read_text()
    climate.file(name).write_text(change(text))
    with pytest.raises(kind, match=said):
        site_year(climate(name).data, LAT, LON)


def test_what_a_file_does_not_tell_is_asked_for(climate, utc):
    power_json(utc, climate.file("p.json"), standard="")
    with pytest.raises(SourceError, match="write utc_offset_h"):
        climate("p.json")
    assert climate("p.json", utc_offset_h=0.0).ledger.read == 8760
    plain_csv(utc, climate.file("hours.csv"))
    with pytest.raises(SourceError, match=r"write time_label .* and utc_offset_h"):
        climate("hours.csv")
    with pytest.raises(ColumnError, match="time, ghi"):
        climate("hours.csv", rename={"ghi": "a", "dhi": "b", "dni": "c"}, time_label="end", utc_offset_h=8.0)


def test_units_are_converted_or_refused(climate, utc):
    power_json(utc, climate.file("p.json"), unit="MJ/hr", factor=0.0036)
    assert float(climate("p.json").data["ghi"].sum()) == pytest.approx(utc["ghi"].sum(), rel=1e-4)
    power_json(utc, climate.file("p.json"), unit="BTU", factor=0.0036)
    with pytest.raises(ColumnError, match=r"ALLSKY_SFC_SW_DWN in 'BTU'"):
        climate("p.json")
    plain_csv(utc.assign(ghi=utc["ghi"] * 3600)[["ghi", "temp_air", "wind_speed"]], climate.file("plain.csv"))
    with pytest.raises(ColumnError, match="looks like J/m2 per hour"):
        climate("plain.csv")


def test_a_tilted_series_of_pvgis_is_refused(climate, utc):
    hourly_json(utc, climate.file("h.json"), slope=35)
    hourly_csv(utc, climate.file("h.csv"), slope=35)
    for name in ("h.json", "h.csv"):
        with pytest.raises(SourceError, match="slope '35'"):
            climate(name)


def test_netcdf_of_elsewhere_of_other_variables_and_of_other_files_is_refused(climate, utc, tmp_path):
    era5_classic(utc, climate.file("e.nc"))
    with xr.open_dataset(climate.file("e.nc"), engine="scipy") as opened:
        good = opened.load()
    far, odd = good.assign_coords(longitude=[20.0]), good.rename(ssrd="light", fdir="beam", t2m="a", si10="b")
    unit = good.copy()
    unit["ssrd"].attrs["units"] = "W h"
    for name, data, said in (
        ("far", far, "no cell lies"),
        ("odd", odd, "known variables"),
        ("unit", unit, "unknown unit 'W h'"),
    ):
        data.to_netcdf(climate.file(f"{name}.nc"), engine="scipy")
        with pytest.raises(DataError, match=said):
            climate(f"{name}.nc")
    climate.file("text.nc").write_text("not NetCDF")
    with pytest.raises(SourceError, match="not NetCDF"):
        climate("text.nc")
    era5_hdf5(utc, climate.file("linked.nc"))
    with h5py.File(climate.file("linked.nc"), "a") as file:
        del file["ssrd"], file["fdir"]
        file["ssrd"] = h5py.ExternalLink(str(tmp_path / "elsewhere.nc"), "/ssrd")
    with pytest.raises(ColumnError, match="lacks ghi"):
        climate("linked.nc", time_label="end", utc_offset_h=0.0)


def test_a_table_of_months_stays_a_table(climate):
    table().to_csv(climate.file("climate.csv"), index=False)
    assert climate_kind(climate.file("climate.csv"), Source(id="a", status=Status.OPEN, path="x")) == ""
    data = climate("climate.csv").data
    assert isinstance(data, pd.DataFrame)
    assert len(data) == 12
    with pytest.raises(SourceError, match="no series of hours"):
        read_climate(climate.file("climate.csv"), Source(id="a", status=Status.OPEN, path="x"), 100)


def test_hours_that_were_delivered_stand_in_front_of_the_months(workspace):
    assert Workspace(workspace).source("solar_climate").path == "data_raw/climate_monthly.csv"
    for name in ("climate.epw", "climate.tif"):
        (workspace / "data_raw" / name).write_text("")
    assert Workspace(workspace).source("solar_climate").path == "data_raw/climate.epw"
    (workspace / "data_raw" / "climate.nc").write_text("")
    with pytest.raises(SourceError, match="several files offer themselves"):
        Workspace(workspace).source("solar_climate")


def test_words_of_the_entry_are_held(tmp_path, checkout):
    text = (checkout / "layers" / "solar_climate.toml").read_text(encoding="utf-8")
    path = tmp_path / "solar_climate.toml"
    path.write_text(text.replace('id = "hourly"', 'id = "hourly"\ntime_label = "END"'), encoding="utf-8")
    with pytest.raises(SpecError, match="time_label = 'END'"):
        read_spec(path)
