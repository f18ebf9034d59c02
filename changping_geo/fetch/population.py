"""GHS-POP: residents in cells of 100 m, in zipped tiles of a thousand kilometres.

References
----------
.. [1] Schiavina, M., Freire, S., Carioli, A., MacManus, K. (2023). GHS-POP R2023A. European Commission, Joint Research
       Centre. doi:10.2905/2FF68A52-5B5B-4A22-8F40-C41DA8332CFE
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.windows import Window, from_bounds

from changping_geo.fetch import Fetched, Job, Offer, Provider, Request
from changping_geo.fetch.area import STEP_M, way
from changping_geo.fetch.asks import FetchError
from changping_geo.fetch.checks import is_zip
from changping_geo.layers.grids import ALONE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HOST = "jeodpp.jrc.ec.europa.eu"
FOLDER = "/ftp/jrc-opendata/GHSL/GHS_POP_GLOBE_R2023A/GHS_POP_E2020_GLOBE_R2023A_54009_100/V1-0/tiles"
NAME = "GHS_POP_E2020_GLOBE_R2023A_54009_100_V1_0_R{row}_C{column}"
YEAR, CRS = "2020", "ESRI:54009"
# The net of tiles, in the metres of its CRS: north-west corner and size.
WEST, NORTH, SIZE = -18_041_000.0, 9_000_000.0, 1_000_000.0
MOST_UNPACKED = 2 * 1024**3
CHUNK = 1 << 20


def _bounds(job: Job) -> tuple[float, float, float, float]:
    xy = shapely.get_coordinates(shapely.segmentize(job.area.outline, STEP_M))
    x, y = (np.asarray(v) for v in way(job.area.crs, CRS).transform(*xy.T))
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def names(job: Job) -> list[str]:
    """Return the names of the tiles."""
    west, south, east, north = _bounds(job)
    rows = range(int((NORTH - north) // SIZE) + 1, int((NORTH - south) // SIZE) + 2)
    columns = range(int((west - WEST) // SIZE) + 1, int((east - WEST) // SIZE) + 2)
    return [NAME.format(row=row, column=column) for row in rows for column in columns]


def requests(job: Job) -> list[Request]:
    """Return the requests."""
    return [Request("GET", f"https://{HOST}{FOLDER}/{name}.zip", int(OFFER.fixed_mb * 1e6)) for name in names(job)]


def fetch(job: Job) -> Fetched:
    """Download the tiles, and return the middle of each inhabited cell with its residents."""
    found = []
    for name in names(job):
        packed = job.cache / job.provider.id / f"{name}.zip"
        job.client.download(job.ask(f"https://{HOST}{FOLDER}/{name}.zip", check=is_zip), packed)
        found.append(_cells(_unpacked(packed, name), job))
    points = pd.concat(found, ignore_index=True)
    x, y = way(CRS, job.area.crs).transform(points.pop("x").to_numpy(), points.pop("y").to_numpy())
    data = job.area.within(gpd.GeoDataFrame(points, geometry=gpd.points_from_xy(x, y), crs=job.area.crs))
    if data.empty:
        raise FetchError("GHS-POP has no residents here")
    asked = " ".join(f"https://{HOST}{FOLDER}/{name}.zip" for name in names(job))
    notes = [f"{data['persons'].sum():,.0f} persons; a model that spreads census figures over built-up land"]
    return Fetched(data, asked, YEAR, "GHS-POP R2023A, epoch 2020, Joint Research Centre", notes)


def _unpacked(packed: Path, name: str) -> Path:
    """Take the one raster that is wanted out of a tile's archive."""
    path = packed.with_name(f"{name}.tif")
    draft = packed.with_name(f".{name}.tif")
    try:
        with zipfile.ZipFile(packed) as archive:
            member = next((m for m in archive.infolist() if m.filename.rpartition("/")[2] == f"{name}.tif"), None)
            if member is None or member.file_size > MOST_UNPACKED:
                raise FetchError(f"{packed.name}: it does not hold {name}.tif in a size that is taken")
            size = 0
            with archive.open(member) as source, draft.open("wb") as sink:
                while block := source.read(CHUNK):
                    size += len(block)
                    if size > MOST_UNPACKED:
                        raise FetchError(f"{packed.name}: {name}.tif is larger than its archive says; not taken")
                    sink.write(block)
        draft.replace(path)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        packed.unlink(missing_ok=True)
        raise FetchError(f"{packed.name}: the archive is damaged ({error}); fetch again") from error
    finally:
        draft.unlink(missing_ok=True)
    return path


def _cells(path: Path, job: Job) -> pd.DataFrame:
    """Return the inhabited cells over the district's bounds: number, residents, middle."""
    try:
        with rasterio.Env(**ALONE), rasterio.open(path, driver="GTiff") as file:
            window = from_bounds(*_bounds(job), transform=file.transform).round_offsets().round_lengths()
            cut = window.intersection(Window(0, 0, file.width, file.height))
            persons: NDArray[np.float64] = file.read(1, window=cut).astype(np.float64)
            place = file.window_transform(cut)
    except RasterioError as error:
        raise FetchError(f"{path.name}: the raster does not lie over the district ({error})") from error
    rows, columns = np.nonzero(np.isfinite(persons) & (persons > 0.0))
    x, y = place.c + place.a * (columns + 0.5), place.f + place.e * (rows + 0.5)
    number = [f"{int(e)}_{int(n)}" for e, n in zip(np.floor(x), np.floor(y), strict=True)]
    return pd.DataFrame({"point_id": number, "persons": np.round(persons[rows, columns], 3), "x": x, "y": y})


OFFER = Offer("residents, cells of 100 m, 2020", 30.0)
PROVIDER = Provider(
    "ghs_pop",
    "GHS-POP R2023A",
    "CC BY 4.0, (c) European Union",
    (HOST,),
    {"population": OFFER},
    requests,
    fetch,
    gap_s=1.0,
)
