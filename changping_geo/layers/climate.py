"""The climate layer: hourly weather of any known maker, brought to hours of UTC and held to what the sun allows.

A table of months is no matter of this module: it is a table, held to the columns of its contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Geod, Transformer

from changping_geo.layers.climate_formats import VARIABLES, Raw, read_text, text_format
from changping_geo.layers.climate_netcdf import read_netcdf
from changping_geo.layers.drivers import MAX_BYTES, MAX_TEXT_BYTES
from changping_geo.layers.encoding import text_encoding
from changping_geo.model import ColumnError, CrsError, DataError, Ledger, ParameterError, SourceError
from changping_geo.solar.weather import OPEN_TOLD, complete, remove_bias
from changping_geo.solar.weather_checks import checked

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from changping_geo.layers.spec import LayerSpec, Source
    from changping_geo.model import Frame

Box = tuple[float, float, float, float]

# Where the middle of an interval lies, in steps from its stamp.
LABELS = {"start": 0.5, "mid": 0.0, "end": -0.5, "instant": 0.0}
# A typical year takes its months from different years; here they become months of one, which has no 29 February.
ONE_YEAR = 2001
TYPICAL_ROWS = 8784
TYPICAL_JUMP = pd.Timedelta(days=20)
# Weather of a place farther away is not that of the district. [km]
FARTHEST_KM = 200.0
GEOD = Geod(ellps="GRS80")


def climate_kind(path: Path, source: Source) -> str:
    """Return the kind of a climate file by its content; nothing for a table of months.

    Raises
    ------
    SourceError
        If it is too large or of no known kind.
    """
    suffix, size = path.suffix.lower(), path.stat().st_size
    if size > (MAX_BYTES if suffix == ".nc" else MAX_TEXT_BYTES):
        raise SourceError(f"{path}: {size / 1e6:.0f} MB are too many; cut the file to the district and to 30 years")
    if size == 0:
        raise SourceError(f"{path}: the file is empty; deliver it again")
    if suffix == ".nc":
        return "netcdf"
    data = path.read_bytes()
    kind = text_format(path, data)
    if kind or suffix != ".csv":
        return kind
    first = data.splitlines()[0]
    heading = first.decode(text_encoding(path, data, source.encoding).name).lstrip("\ufeff")
    cells = [cell.strip().strip('"') for cell in heading.replace(";", ",").replace("\t", ",").split(",")]
    return "plain" if "time" in {source.rename.get(cell, cell) for cell in cells} else ""


def read_climate(path: Path, source: Source, max_rows: int, box: Box | None = None) -> xr.Dataset:
    """Read hourly weather of any known format.

    Parameters
    ----------
    path : Path
        EPW, PVGIS, NASA POWER, NetCDF or a table with a column ``time``.
    source : Source
        ``time_label`` and ``utc_offset_h`` stand above what the file says.
    max_rows : int
        Longer series are refused. [1]
    box : tuple of float, optional
        West, south, east, north of the district, for grids. [degrees]

    Returns
    -------
    Dataset
        On ``time`` (start of the hour in which the interval's middle lies, UTC) and, for grids, ``cell`` with ``lon``
        and ``lat``: those of ``ghi``, ``dhi``, ``dni`` [W/m2], ``temp_air`` [degC], ``wind_speed`` [m/s] that the file
        has; ``inside``, where in the hour the middle lies [1]. Attributes: ``format``, ``label``, ``utc_offset_h``,
        ``latitude``, ``longitude``, ``elevation_m``, ``years``, ``typical``, ``notes``.

    Raises
    ------
    SourceError, ColumnError
        If the file is damaged, or does not tell its times.
    """
    kind = climate_kind(path, source)
    if kind == "netcdf":
        raw = read_netcdf(path, box, max_rows)
    elif kind:
        raw = read_text(path, path.read_bytes(), kind, source)
    else:
        raise SourceError(f"{path}: a table of months is no series of hours")
    if not len(raw.stamps):
        raise SourceError(f"{path}: the file holds no hours; deliver it again")
    if len(raw.stamps) > max_rows:
        raise SourceError(
            f"{path}: {len(raw.stamps):,} rows are more than {max_rows:,}; raise max_rows if that is meant"
        )
    label, offset = _clock_of(path, raw, source)
    middle, keep, typical = _one_year(_middle(raw, label), raw)
    middle = middle - pd.Timedelta(hours=offset)
    order = np.argsort(middle.to_numpy(), kind="stable")
    return _dataset(raw, middle[order], keep[order], label, offset, typical=typical)


def hold_climate(
    spec: LayerSpec, source: Source, path: Path, frame: Frame, district: BaseGeometry | None, where: str
) -> tuple[xr.Dataset, Ledger]:
    """Read hourly weather and hold it to what the sun allows.

    Parameters
    ----------
    spec : LayerSpec
        Name and ``max_rows``.
    source : Source
        Times, bias, renames.
    path : Path
        The file.
    frame : Frame
        Gives the metric CRS.
    district : Polygon or MultiPolygon, optional
        The outline, to cut grids and to judge the distance of a site. [m]
    where : str
        File and layer, for messages.

    Returns
    -------
    Dataset, Ledger
        As `read_climate`, with every hour once and no gaps; rows of the ledger are hours, times cells.

    Raises
    ------
    DataError
        Everything that is wrong.
    """
    centre, box = _place(frame, district)
    weather = read_climate(path, source, spec.max_rows, box)
    ledger = Ledger(spec.name, notes=list(weather.attrs.pop("notes")))
    weather = _placed(weather, centre, where, ledger)
    one = "cell" not in weather.dims
    cells = [weather] if one else [weather.isel(cell=i) for i in range(weather.sizes["cell"])]
    done = []
    for cell in cells:
        lat, lon = (
            float(cell.attrs[n]) if one else float(cell[n])
            for n in (("latitude", "longitude") if one else ("lat", "lon"))
        )
        at = "" if one else f", cell {lon:g} E {lat:g} N"
        told = ""
        try:
            held, account = checked(cell, lat, lon)
            told = "".join(f"\n  - {note}" for note in account.notes if "minutes" in note)
            left = float(complete(held, lat, lon).attrs["open"])
            done.append(_without_bias(held, source))
        except (ColumnError, ParameterError) as error:
            raise ColumnError(f"{where}{at}: {error}{told}") from error
        if left > OPEN_TOLD:
            ledger.notes.append(f"GHI and DHI + DNI cos z differ by {left:.1%} of GHI{at}; DHI and DNI are used")
        ledger.read += account.hours + sum(account.set_aside.values())
        ledger.repaired += account.repaired
        ledger.set_aside += account.set_aside
        ledger.notes += [note for note in account.notes if note not in ledger.notes]
    out = done[0] if one else xr.concat(done, "cell").assign_coords(lon=weather["lon"], lat=weather["lat"])
    if source.bias:
        ledger.notes.append(f"declared bias taken out: {', '.join(f'{k} = {v:g}' for k, v in source.bias.items())}")
    if len({"ghi", "dhi", "dni"} & set(out.data_vars)) == 1:
        ledger.notes.append("global irradiance only; direct and diffuse are found by a decomposition model")
    return out, ledger


def _without_bias(weather: xr.Dataset, source: Source) -> xr.Dataset:
    unknown = sorted(set(source.bias) - {"w_m2", "factor"})
    if unknown:
        raise ParameterError(f"bias has the unknown entries {', '.join(unknown)}; known are: w_m2, factor")
    return remove_bias(weather, w_m2=source.bias.get("w_m2", 0.0), factor=source.bias.get("factor", 1.0))


def _clock_of(path: Path, raw: Raw, source: Source) -> tuple[str, float]:
    """Return label and offset, as declared or as the file says."""
    label = source.time_label or raw.label
    offset = raw.utc_offset_h if source.utc_offset_h is None else source.utc_offset_h
    lacking = [
        n for n, v in (("time_label (start, mid, end or instant)", label), ("utc_offset_h", offset)) if v in ("", None)
    ]
    if lacking or offset is None:
        raise SourceError(f"{path}: the file does not tell its times; write {' and '.join(lacking)} in its [[sources]]")
    if label not in LABELS:
        raise SourceError(f"{path}: time_label {label!r} is unknown; use one of: {', '.join(LABELS)}")
    if source.time_label and raw.label and source.time_label != raw.label:
        raw.notes.append(f"time label declared as {label}; {raw.format} has {raw.label}")
    if raw.utc_offset_h is not None and offset != raw.utc_offset_h:
        raw.notes.append(f"UTC offset declared as {offset:g} h; the file says {raw.utc_offset_h:g} h")
    return label, float(offset)


def _middle(raw: Raw, label: str) -> pd.DatetimeIndex:
    """Return the middle of each interval, by the clock of the file."""
    gaps = np.diff(raw.stamps.to_numpy()) / np.timedelta64(1, "m")
    gaps = gaps[(gaps > 0) & (gaps <= TYPICAL_JUMP / pd.Timedelta(minutes=1))]
    step = float(np.round(np.median(gaps))) if gaps.size else 60.0
    sample = raw.sample_h if label == "instant" else 0.0
    stamps = raw.stamps.as_unit("s")
    return stamps + pd.Timedelta(seconds=round(60.0 * step * LABELS[label] + 3600.0 * sample))


def _one_year(middle: pd.DatetimeIndex, raw: Raw) -> tuple[pd.DatetimeIndex, np.ndarray, bool]:
    """Bring months of different years into one; other series stay as they are. Returns the rows kept, too."""
    keep = np.arange(len(middle))
    jumps = pd.Series(middle).diff().iloc[1:]
    mixed = bool(((jumps < pd.Timedelta(0)) | (jumps > TYPICAL_JUMP)).any())
    if len(middle) > TYPICAL_ROWS or not mixed or middle.year.nunique() < 2:  # noqa: PLR2004 - different years
        return middle, keep, False
    years = sorted(set(middle.year))
    leap = np.asarray((middle.month == 2) & (middle.day == 29))  # noqa: PLR2004 - 29 February
    middle, keep = middle[~leap], keep[~leap]
    start = pd.to_datetime({"year": ONE_YEAR, "month": middle.month, "day": middle.day}).to_numpy()
    raw.notes.append(f"a typical year of months from {years[0]} to {years[-1]}")
    if leap.any():
        raw.notes.append(f"29 February left out of the typical year ({int(leap.sum())} hours)")
    return pd.DatetimeIndex(start + (middle - middle.normalize()).to_numpy()).as_unit("s"), keep, True


def _dataset(
    raw: Raw, middle: pd.DatetimeIndex, keep: np.ndarray, label: str, offset: float, *, typical: bool
) -> xr.Dataset:
    hour = middle.floor("h")
    grid = raw.latitude is not None and raw.longitude is not None and raw.format in ("ERA5", "CMFD", "NetCDF")
    out = xr.Dataset(coords={"time": hour.to_numpy()})
    for name in VARIABLES:
        if name in raw.series:
            out[name] = (("time", "cell") if grid else ("time",), raw.series[name][keep])
    out["inside"] = ("time", np.asarray((middle - hour) / pd.Timedelta(hours=1), dtype=np.float64))
    out.attrs = {
        "format": raw.format,
        "label": label,
        "utc_offset_h": offset,
        "typical": int(typical),
        "notes": raw.notes,
    }
    out.attrs["years"] = sorted({int(y) for y in raw.stamps.year})
    if grid:
        out = out.assign_coords(lat=("cell", raw.latitude), lon=("cell", raw.longitude))
        held = np.isfinite(out["ghi" if "ghi" in out else "inside"].to_numpy())
        return out.isel(cell=np.flatnonzero(held.any(axis=0))) if "ghi" in out else out
    if raw.latitude is not None and raw.longitude is not None:
        out.attrs |= {"latitude": float(raw.latitude[0]), "longitude": float(raw.longitude[0])}
    if np.isfinite(raw.elevation_m):
        out.attrs["elevation_m"] = float(raw.elevation_m)
    return out


def _place(frame: Frame, district: BaseGeometry | None) -> tuple[tuple[float, float] | None, Box | None]:
    """Return centre and box of the district in degrees."""
    if district is None:
        return None, None
    way = Transformer.from_crs(frame.crs, "EPSG:4326", always_xy=True)
    centre = way.transform(*district.centroid.coords[0])
    west, south, east, north = way.transform_bounds(*shapely.bounds(district))
    return centre, (west, south, east, north)


def _placed(weather: xr.Dataset, centre: tuple[float, float] | None, where: str, ledger: Ledger) -> xr.Dataset:
    """Give a series without a place that of the district; judge how far away others are."""
    if "cell" in weather.dims:
        if not weather.sizes["cell"]:
            raise DataError(f"{where}: no cell at the district has values")
        ledger.notes.append(f"{weather.sizes['cell']} cells at the district")
        return weather
    if "latitude" not in weather.attrs:
        if centre is None:
            raise DataError(f"{where}: neither the file nor a district tells the place of the weather")
        ledger.notes.append("the file does not tell its place; taken as the district's centre")
        return weather.assign_attrs(longitude=centre[0], latitude=centre[1])
    lat, lon = weather.attrs["latitude"], weather.attrs["longitude"]
    if not (abs(lat) <= 90 and abs(lon) <= 180):  # noqa: PLR2004 - the globe
        raise CrsError(f"{where}: latitude {lat:g}, longitude {lon:g} is no place on the globe; mend the file")
    if centre is not None:
        km = GEOD.inv(lon, lat, *centre)[2] / 1000.0
        if km > FARTHEST_KM:
            raise CrsError(
                f"{where}: its site ({lat:g} N, {lon:g} E) lies {km:.0f} km from the district, more than "
                f"{FARTHEST_KM:g} km; deliver the weather of a nearer place, or check latitude and longitude"
            )
        ledger.notes.append(f"site of the weather: {lat:g} N, {lon:g} E, {km:.0f} km from the district's centre")
    return weather
