"""Hourly weather on a grid: NetCDF of ERA5, ERA5-Land, CMFD, or with plain names; cut to the district while reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from changping_geo.layers.climate_formats import Raw
from changping_geo.layers.faults import plain
from changping_geo.model import ColumnError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Box = tuple[float, float, float, float]

# Name in the file to (variable, where its interval stands); ``bhi`` is direct irradiance on the horizontal plane.
NAMES = {
    "ssrd": ("ghi", "end"),
    "fdir": ("bhi", "end"),
    "t2m": ("temp_air", ""),
    "u10": ("u10", ""),
    "v10": ("v10", ""),
    "si10": ("wind_speed", ""),
    "srad": ("ghi", "mid"),
    "temp": ("temp_air", ""),
    "wind": ("wind_speed", ""),
    "ghi": ("ghi", ""),
    "dhi": ("dhi", ""),
    "dni": ("dni", ""),
    "temp_air": ("temp_air", ""),
    "wind_speed": ("wind_speed", ""),
}
MAKERS = {"ssrd": "ERA5", "srad": "CMFD"}
TIMES, LATS, LONS = ("time", "valid_time"), ("lat", "latitude"), ("lon", "longitude")
WATT = ("W m-2", "W m**-2", "W/m2", "W/m^2")
JOULE = ("J m-2", "J m**-2", "J/m2", "J/m^2")
SPEED = ("m s-1", "m s**-1", "m/s")
# Joules of one hour cannot be more; those summed since midnight can. [J/m2]
MOST_JOULES_H = 3600.0 * 1500.0
# A district has few cells; more means that the file was not cut. [cells]
MAX_CELLS = 64
HDF5, CLASSIC = b"\x89HDF\r\n\x1a\n", b"CDF"


def read_netcdf(path: Path, box: Box | None, max_steps: int) -> Raw:
    """Read the cells in and around a box.

    Parameters
    ----------
    path : Path
        NetCDF of either kind.
    box : tuple of float, optional
        West, south, east, north. [degrees]
    max_steps : int
        More time steps are refused before reading. [1]

    Raises
    ------
    SourceError
        If it is damaged, too large, or has dimensions beyond time and place.
    ColumnError
        If variables or units are not known.
    """
    with path.open("rb") as file:
        head = file.read(8)
    try:
        if head.startswith(CLASSIC):
            with xr.open_dataset(path, engine="scipy", decode_cf=False) as opened:
                raw = _cut(path, opened, box, max_steps).load()
        elif head == HDF5:
            raw = _hdf5(path, box, max_steps)
        else:
            raise SourceError(f"{path}: the content is not NetCDF; it begins with {head!r}. Deliver it again")
        return _series(path, xr.decode_cf(raw, decode_timedelta=False))
    except (OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError) as error:
        raise SourceError(f"{path}: the NetCDF is damaged or of another kind ({plain(error)})") from error


def _known(path: Path, names: list[str]) -> dict[str, str]:
    """Return the names of time, latitude, longitude and known variables."""
    found = {}
    for axis, words in (("time", TIMES), ("lat", LATS), ("lon", LONS)):
        found[axis] = next((w for w in words if w in names), "")
    variables = [n for n in NAMES if n in names]
    if not all(found.values()) or not variables:
        raise ColumnError(
            f"{path}: time, lat, lon and known variables ({', '.join(NAMES)}) are needed; there are: "
            f"{', '.join(plain(n) for n in names[:20])}"
        )
    return {**found, **{n: n for n in variables}}


def _window(values: NDArray[np.float64], low: float, high: float) -> slice:
    """Return the cells from one before `low` to one after `high`."""
    step = float(np.abs(np.diff(values)).max()) if values.size > 1 else 1.0
    near = np.flatnonzero((values >= low - step) & (values <= high + step))
    return slice(int(near[0]), int(near[-1]) + 1) if near.size else slice(0, 0)


def _slices(path: Path, lat: Any, lon: Any, steps: int, box: Box | None, max_steps: int) -> dict[str, slice]:
    if steps > max_steps:
        raise SourceError(f"{path}: {steps:,} time steps are more than {max_steps:,}; raise max_rows if that is meant")
    lat, lon = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (lat, lon))
    lon = (lon + 180.0) % 360.0 - 180.0
    west, south, east, north = box or (-180.0, -90.0, 180.0, 90.0)
    out = {"lat": _window(lat, south, north), "lon": _window(lon, west, east)}
    n = len(lat[out["lat"]]) * len(lon[out["lon"]])
    if n == 0:
        extent = f"{lon.min():g} to {lon.max():g} E, {lat.min():g} to {lat.max():g} N"
        raise SourceError(f"{path}: no cell lies at the district; the file covers {extent}")
    if n > MAX_CELLS:
        raise SourceError(f"{path}: {n} cells are more than {MAX_CELLS}; cut the file to the district")
    return out


def _cut(path: Path, opened: xr.Dataset, box: Box | None, max_steps: int) -> xr.Dataset:
    names = _known(path, [str(n) for n in opened.variables])
    where = _slices(path, opened[names["lat"]], opened[names["lon"]], opened[names["time"]].size, box, max_steps)
    index = {names[axis]: part for axis, part in where.items() if names[axis] in opened.dims}
    keep = opened[[n for n in names.values() if n in opened.variables]].isel(index)
    return keep.rename({names[axis]: axis for axis in ("time", "lat", "lon") if names[axis] != axis})


def _hdf5(path: Path, box: Box | None, max_steps: int) -> xr.Dataset:
    with h5py.File(path, "r") as file:
        # A link may lead to another file; only what lies in this one is looked at.
        held = [n for n in file if isinstance(file.get(n, getlink=True), h5py.HardLink)]
        held = [n for n in held if isinstance(file[n], h5py.Dataset) and not (file[n].is_virtual or file[n].external)]
        names = _known(path, held)
        axes = {names[axis]: axis for axis in ("time", "lat", "lon")}
        where = _slices(path, file[names["lat"]][()], file[names["lon"]][()], file[names["time"]].size, box, max_steps)
        out = {}
        for name in names.values():
            data = file[name]
            scales = [d[0].name.rpartition("/")[2] if len(d) else "" for d in data.dims]
            dims = (name,) if not any(scales) and data.ndim == 1 else tuple(scales)
            dims = tuple(axes.get(d, d) for d in dims)
            cells = data[tuple(where.get(d, slice(None)) for d in dims)]
            out[axes.get(name, name)] = xr.Variable(dims, cells, _attributes(data))
    return xr.Dataset(out)


def _attributes(data: h5py.Dataset) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name in ("units", "calendar", "scale_factor", "add_offset", "_FillValue", "missing_value"):
        if name in data.attrs:
            value = data.attrs[name]
            value = value.flat[0] if isinstance(value, np.ndarray) and value.size else value
            out[name] = value.decode() if isinstance(value, bytes) else value
    return out


def _series(path: Path, grid: xr.Dataset) -> Raw:
    further = {n: s for n, s in grid.sizes.items() if n not in ("time", "lat", "lon")}
    if any(size > 1 for size in further.values()):
        raise SourceError(f"{path}: there are further dimensions {plain(further)}; deliver one member, one version")
    grid = grid.isel(dict.fromkeys(further, 0))
    stamps = pd.DatetimeIndex(grid["time"].to_numpy())
    lat, lon = np.atleast_1d(grid["lat"].to_numpy()), (np.atleast_1d(grid["lon"].to_numpy()) + 180.0) % 360.0 - 180.0
    grid = grid.expand_dims([d for d in ("lat", "lon") if d not in grid.dims])
    names = [n for n in NAMES if n in grid.data_vars]
    values, notes, faults = {}, list[str](), list[str]()
    for name in names:
        cells = grid[name].transpose("time", "lat", "lon").to_numpy().astype(np.float64).reshape(len(stamps), -1)
        try:
            values[NAMES[name][0]] = _in_unit(name, cells, str(grid[name].attrs.get("units", "")), stamps, notes)
        except ColumnError as error:
            faults.append(str(error))
    if faults:
        raise ColumnError(f"{path}: {'; '.join(faults)}")
    if {"u10", "v10"} <= set(values):
        values["wind_speed"] = np.hypot(values["u10"], values["v10"])
    if {"ghi", "bhi"} <= set(values):
        values["dhi"] = np.maximum(values["ghi"] - values["bhi"], 0.0)
    label = next((NAMES[n][1] for n in names if NAMES[n][1]), "")
    maker = next((MAKERS[n] for n in names if n in MAKERS), "NetCDF")
    place = np.meshgrid(lat, lon, indexing="ij")
    kept = {n: v for n, v in values.items() if n not in ("u10", "v10", "bhi")}
    raw = Raw(maker, stamps, kept, label, 0.0 if label else None, place[0].ravel(), place[1].ravel())
    raw.notes += notes
    return raw


def _in_unit(
    name: str, cells: NDArray[np.float64], unit: str, stamps: pd.DatetimeIndex, notes: list[str]
) -> NDArray[np.float64]:
    """Bring a variable to W/m2, degC or m/s."""
    variable = NAMES[name][0]
    if variable in ("ghi", "bhi", "dhi", "dni") and unit in JOULE:
        return _watts(name, cells, stamps, notes)
    if variable == "temp_air" and unit in ("K", "kelvin", "Kelvin"):
        return cells - 273.15
    accepted = {"temp_air": ("C", "degC", "degree_Celsius"), "wind_speed": SPEED, "u10": SPEED, "v10": SPEED}
    if unit in accepted.get(variable, WATT):
        return cells
    raise ColumnError(f"{name} has the unknown unit {plain(unit)}; give W m-2 or J m-2, K or degC, m s-1")


def _watts(name: str, cells: NDArray[np.float64], stamps: pd.DatetimeIndex, notes: list[str]) -> NDArray[np.float64]:
    """Bring sums of joules to means; those that grow from midnight to midnight are undone first."""
    step = float(np.median(np.diff(stamps.to_numpy()) / np.timedelta64(1, "s")))
    if np.nanmax(cells) > MOST_JOULES_H * step / 3600.0:
        first = np.asarray(stamps.hour * 3600 + stamps.minute * 60) == round(step)
        cells = np.where(first[:, None], cells, np.diff(cells, axis=0, prepend=np.full((1, cells.shape[1]), np.nan)))
        notes.append(f"{name} grows from midnight to midnight UTC; taken apart into steps")
        # What packing rounds off a sum shows as a small negative step.
        cells = np.where((cells < 0) & (cells > -0.001 * MOST_JOULES_H), 0.0, cells)
    return cells / step
