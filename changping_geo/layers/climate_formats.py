"""Hourly weather in the text formats of its makers: EPW, PVGIS, NASA POWER, and a plain table."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.layers.faults import plain
from changping_geo.model import ColumnError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from changping_geo.layers.spec import Source

VARIABLES = ("ghi", "dhi", "dni", "temp_air", "wind_speed")
# What stands for "no value" in an EPW; larger values too. The format's description gives them.
EPW_MISSING = {"ghi": 9999.0, "dhi": 9999.0, "dni": 9999.0, "temp_air": 99.9, "wind_speed": 999.0}
POWER = {
    "ALLSKY_SFC_SW_DWN": "ghi",
    "ALLSKY_SFC_SW_DIFF": "dhi",
    "ALLSKY_SFC_SW_DNI": "dni",
    "T2M": "temp_air",
    "WS10M": "wind_speed",
}
# Units of NASA POWER, and what brings an hourly value to W/m2, degC or m/s.
POWER_UNITS = {
    "Wh/m^2": 1.0,
    "W/m^2": 1.0,
    "Wh m-2": 1.0,
    "W m-2": 1.0,
    "kW-hr/m^2": 1000.0,
    "MJ/hr": 1e6 / 3600.0,
    "MJ/m^2/hr": 1e6 / 3600.0,
    "C": 1.0,
    "m/s": 1.0,
}
POWER_HEAD, POWER_END = "-BEGIN HEADER-", "-END HEADER-"
PVGIS_HEAD = "Latitude (decimal degrees)"
BROKEN = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)
EDGE = 8192
# Every TMY of PVGIS has as many hours.
TMY_ROWS = 8760


@dataclass(slots=True)
class Raw:
    """A series as its file holds it.

    Attributes
    ----------
    format : str
        The format's name.
    stamps : DatetimeIndex
        Times as written, without zone, shape (t,).
    series : dict of str to ndarray
        Of `VARIABLES`, those that are there, shape (t,) or (t, c); missing values are not numbers. [W/m2, degC, m/s]
    label : str
        What a stamp says of its interval: ``start``, ``mid``, ``end``, ``instant``; empty when the file does not tell.
    utc_offset_h : float, optional
        Time of the stamps minus UTC. [h]
    latitude, longitude : ndarray, optional
        Of the site or of each cell, shape (c,). [degrees]
    elevation_m : float
        Of the site; missing when the file does not tell. [m]
    sample_h : float
        For instants: the time of the sun minus the stamp. [h]
    notes : list of str
        What a planner should know.
    """

    format: str
    stamps: pd.DatetimeIndex
    series: dict[str, NDArray[np.float64]]
    label: str
    utc_offset_h: float | None
    latitude: NDArray[np.float64] | None = None
    longitude: NDArray[np.float64] | None = None
    elevation_m: float = float("nan")
    sample_h: float = 0.0
    notes: list[str] = field(default_factory=list)


def text_format(path: Path, data: bytes) -> str:
    """Return ``epw``, ``pvgis_tmy``, ``pvgis_hourly``, ``power``, ``plain``, or nothing for a table of months.

    Raises
    ------
    SourceError
        If a JSON or EPW is of another kind.
    """
    suffix, head = path.suffix.lower(), data[:EDGE].decode("utf-8-sig", errors="replace").lstrip()
    if suffix == ".epw":
        if not head.startswith("LOCATION,"):
            raise SourceError(f"{path}: the content is not EPW; its first line begins with LOCATION")
        return "epw"
    if suffix == ".json":
        if '"outputs"' in head or '"inputs"' in head:
            return "pvgis_tmy" if b'"tmy_hourly"' in data else "pvgis_hourly"
        if b'"properties"' in data and b'"parameter"' in data:
            return "power"
        raise SourceError(f"{path}: this JSON is neither of PVGIS (hourly or TMY) nor of NASA POWER (hourly)")
    if head.startswith(POWER_HEAD):
        return "power"
    if head.startswith(PVGIS_HEAD):
        return "pvgis_tmy" if "time(UTC)" in head else "pvgis_hourly"
    return ""


def read_text(path: Path, data: bytes, kind: str, source: Source) -> Raw:
    """Read a series in one of the text formats.

    Raises
    ------
    SourceError
        If it is damaged.
    ColumnError
        If a unit or a column is not known.
    """
    readers: dict[str, Callable[[Path, bytes], Raw]] = {
        "epw": _epw,
        "pvgis_tmy": _pvgis_tmy,
        "pvgis_hourly": _pvgis_hourly,
        "power": _power_json if path.suffix.lower() == ".json" else _power_csv,
        "plain": lambda p, d: _plain(p, d, source),
    }
    try:
        return readers[kind](path, data)
    except BROKEN as error:
        raise SourceError(f"{path}: this {kind} file is damaged or cut ({plain(error)}); deliver it again") from error


def _numbers(frame: pd.DataFrame, names: dict[str, str]) -> dict[str, NDArray[np.float64]]:
    """Return the columns that are there as numbers; other words are missing values."""
    return {
        new: pd.to_numeric(frame[old], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        for old, new in names.items()
        if old in frame
    }


def _one(value: Any) -> NDArray[np.float64]:
    return np.array([float(value)])


def _epw(path: Path, data: bytes) -> Raw:
    text = data.decode("utf-8-sig", errors="replace")
    lines = text.splitlines()
    if len(lines) < 9 or not lines[7].upper().startswith("DATA PERIODS"):  # noqa: PLR2004 - eight lines of heading
        raise SourceError(f"{path}: an EPW has eight lines of heading, the last one DATA PERIODS; deliver it again")
    frame, meta = import_module("pvlib.iotools").read_epw(io.StringIO(text))
    values = _numbers(frame, {name: name for name in VARIABLES})
    for name, missing in EPW_MISSING.items():
        values[name] = np.where(values[name] >= missing, np.nan, values[name])
    # The reader names hours by their start; the file by their end.
    stamps = frame.index.tz_localize(None) + pd.Timedelta(hours=1)
    lat, lon = _one(meta["latitude"]), _one(meta["longitude"])
    return Raw("EPW", stamps, values, "end", meta["TZ"], lat, lon, meta["altitude"])


def _pvgis_tmy(path: Path, data: bytes) -> Raw:
    fmt = path.suffix.lower().removeprefix(".")
    rows = len(re.findall(rb"^\d{8}:\d{4}(?:,[^,\r\n]+){9}\r?$", data, re.MULTILINE)) if fmt == "csv" else TMY_ROWS
    if rows != TMY_ROWS:
        raise SourceError(f"{path}: {rows:,} of {TMY_ROWS:,} hours can be read: the file is cut; deliver it again")
    file = io.StringIO(data.decode("utf-8-sig")) if fmt == "json" else io.BytesIO(data.removeprefix(b"\xef\xbb\xbf"))
    frame, meta = import_module("pvlib.iotools").read_pvgis_tmy(file, pvgis_format=fmt)
    inputs = meta["inputs"]
    place = inputs.get("location", inputs)
    sample = place.get("irradiance_time_offset", place.get("irradiance time offset"))
    chosen = sorted({int(m["year"]) for m in meta["months_selected"]})
    raw = _pvgis("PVGIS TMY", frame, {n: n for n in VARIABLES}, place, sample or 0.0)
    raw.notes.append(f"months picked by PVGIS from {chosen[0]} to {chosen[-1]}")
    if sample is None:
        raw.notes.append("the file does not tell when in the hour irradiance was sampled; taken at the stamp")
    return raw


def _pvgis_hourly(path: Path, data: bytes) -> Raw:
    fmt = path.suffix.lower().removeprefix(".")
    text = data.decode("utf-8-sig")
    frame, meta = import_module("pvlib.iotools").read_pvgis_hourly(io.StringIO(text, newline=None), pvgis_format=fmt)
    inputs = meta["inputs"]
    place = inputs.get("location", inputs)
    fixed = inputs.get("mounting_system", {}).get("fixed", {})
    slope = fixed.get("slope", {}).get("value") if fixed else re.sub(r"[^0-9.].*", "", str(inputs.get("Slope", "")))
    if slope in (None, "") or float(slope) != 0.0:
        raise SourceError(
            f"{path}: irradiance is that of a plane of slope {plain(slope)}; order it again with slope 0 "
            "and the components of radiation"
        )
    parts = ["poa_direct", "poa_sky_diffuse", "poa_ground_diffuse"]
    if set(parts) <= set(frame):
        frame = frame.assign(ghi=frame[parts].sum(axis=1, skipna=False), dhi=frame["poa_sky_diffuse"])
    else:
        frame = frame.rename(columns={"poa_global": "ghi"})
    names = {name: name for name in VARIABLES}
    raw = _pvgis("PVGIS hourly", frame, names, place, place.get("irradiance_time_offset") or 0.0)
    drawn = int((frame["Int"] > 0).sum()) if "Int" in frame else 0
    if drawn:
        raw.notes.append(f"PVGIS has interpolated {drawn} hours")
    return raw


def _pvgis(name: str, frame: pd.DataFrame, names: dict[str, str], place: dict[str, Any], sample: float) -> Raw:
    stamps = pd.DatetimeIndex(frame.index).tz_localize(None)
    lat, lon = _one(place["latitude"]), _one(place["longitude"])
    elevation = float(place.get("elevation", np.nan))
    return Raw(name, stamps, _numbers(frame, names), "instant", 0.0, lat, lon, elevation, float(sample))


def _power_json(path: Path, data: bytes) -> Raw:
    whole = json.loads(data.decode("utf-8-sig"))
    header = whole["header"]
    frame = pd.DataFrame(whole["properties"]["parameter"]).replace(header["fill_value"], np.nan)
    lengths = {len(str(stamp)) for stamp in frame.index}
    if lengths != {10}:
        raise SourceError(f"{path}: this is not the hourly product of NASA POWER (stamps as 2023010100)")
    stamps = pd.DatetimeIndex(pd.to_datetime(frame.index, format="%Y%m%d%H"))
    units = {name: str(card["units"]) for name, card in whole["parameters"].items()}
    lon, lat, *height = whole["geometry"]["coordinates"]
    return _power(path, frame, stamps, units, str(header.get("time_standard", "")), lat, lon, *height[:1])


def _power_csv(path: Path, data: bytes) -> Raw:
    head, _, body = data.decode("utf-8-sig").replace("\r\n", "\n").partition(POWER_END)
    frame = pd.read_csv(io.StringIO(body.strip()))
    if not {"YEAR", "MO", "DY", "HR"} <= set(frame):
        raise SourceError(f"{path}: this is not the hourly product of NASA POWER (columns YEAR, MO, DY, HR)")
    fill = re.search(r"missing.*: *(-?[\d.]+)\s*$", head, re.MULTILINE)
    frame = frame.replace(float(fill.group(1)) if fill else -999.0, np.nan)
    days = frame[["YEAR", "MO", "DY", "HR"]].set_axis(["year", "month", "day", "hour"], axis=1)
    stamps = pd.DatetimeIndex(pd.to_datetime(days))
    place = re.search(r"latitude\s+(-?[\d.]+)\s+longitude\s+(-?[\d.]+)", head, re.IGNORECASE)
    zone = re.search(r" in (LST|UTC)\s*$", head, re.MULTILINE)
    if place is None:
        raise SourceError(f"{path}: the heading does not tell latitude and longitude; deliver the file whole")
    height = re.search(r"region = (-?[\d.]+) meters", head)
    units = dict(re.findall(r"^(\w+) .*\(([^()]+)\)\s*$", head, re.MULTILINE))
    standard = zone.group(1) if zone else ""
    lat, lon = float(place.group(1)), float(place.group(2))
    return _power(path, frame, stamps, units, standard, lat, lon, float(height.group(1)) if height else float("nan"))


def _power(
    path: Path,
    frame: pd.DataFrame,
    stamps: pd.DatetimeIndex,
    units: dict[str, str],
    standard: str,
    lat: float,
    lon: float,
    elevation: float = float("nan"),
) -> Raw:
    names = POWER if "WS10M" in frame else {**POWER, "WS2M": "wind_speed"}
    names = {old: new for old, new in names.items() if old in frame}
    unknown = [f"{n} in {plain(units.get(n, '?'))}" for n in names if units.get(n, "").strip() not in POWER_UNITS]
    if unknown:
        raise ColumnError(f"{path}: units are not known: {', '.join(unknown)}; known are: {', '.join(POWER_UNITS)}")
    values = _numbers(frame, names)
    for old, new in names.items():
        values[new] = values[new] * POWER_UNITS[units[old].strip()]
    # LST is the solar time of the site's hour zone, whatever the clock of the country says.
    offset = {"UTC": 0.0, "LST": float(round(float(lon) / 15.0))}.get(standard.upper())
    notes = [] if "WS10M" in frame or "WS2M" not in frame else ["wind is that at 2 m"]
    return Raw("NASA POWER", stamps, values, "start", offset, _one(lat), _one(lon), float(elevation), notes=notes)


def _plain(path: Path, data: bytes, source: Source) -> Raw:
    from changping_geo.layers.tables import read_csv  # noqa: PLC0415 - Excel's reader comes with it

    frame = read_csv(path, source, data.count(b"\n")).rename(columns=source.rename)
    if "time" not in frame or not {"ghi", "dhi", "dni"} & set(frame):
        raise ColumnError(
            f"{path}: a table of hours has the columns time, ghi (or dhi and dni) [W/m2], temp_air [degC] and "
            f"wind_speed [m/s]; there are: {', '.join(plain(c) for c in frame.columns[:20])}; name them with rename"
        )
    times = pd.to_datetime(
        frame["time"], errors="coerce", utc=bool(frame["time"].str.contains(r"[Zz]|[+]\d\d:?\d\d$").all())
    )
    bad = np.flatnonzero(times.isna().to_numpy())
    if bad.size:
        raise ColumnError(f"{path}: {bad.size} times are not read, first in row {bad[0] + 1}; write 2023-01-01 00:00")
    stamps = pd.DatetimeIndex(times)
    offset = 0.0 if stamps.tz is not None else None
    stamps = stamps.tz_localize(None) if stamps.tz is not None else stamps
    return Raw("table of hours", stamps, _numbers(frame, {n: n for n in VARIABLES}), "", offset)
