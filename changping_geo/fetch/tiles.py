"""Tiles of world-wide rasters: only the window over the district is read, and warped to one metric grid."""

from __future__ import annotations

import io
import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window, from_bounds

from changping_geo.fetch.asks import FetchError, StatusError
from changping_geo.fetch.checks import is_tiff
from changping_geo.fetch.remote import RemoteFile
from changping_geo.layers.grids import ALONE
from changping_geo.layers.rasters import as_dataarray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.fetch import Job

log = logging.getLogger(__name__)
# A window with more cells is no district's. [cells]
MOST_CELLS = 400_000_000
# Cells read around the window, so that its edge can be interpolated. [cells]
AROUND = 2
MISSING = 404


class Target(NamedTuple):
    """A grid to fill: coefficients of its place, rows, columns, CRS."""

    transform: tuple[float, ...]
    rows: int
    columns: int
    crs: str

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north. [unit of the CRS]"""
        a, _, c, _, e, f = self.transform
        return c, f + e * self.rows, c + a * self.columns, f


def target(job: Job, cell_m: float, margin_m: float = 0.0) -> Target:
    """Return the grid over the district and a margin, its corners on multiples of the cell size. [m]"""
    west, south, east, north = job.area.outline.bounds
    left, top = np.floor((west - margin_m) / cell_m) * cell_m, np.ceil((north + margin_m) / cell_m) * cell_m
    columns = int(np.ceil((east + margin_m - left) / cell_m))
    rows = int(np.ceil((top - (south - margin_m)) / cell_m))
    return Target((cell_m, 0.0, float(left), 0.0, -cell_m, float(top)), rows, columns, job.area.crs)


def warp_tiles(
    job: Job,
    urls: list[str],
    grid: Target,
    nodata: float,
    dtype: str,
    resampling: Resampling = Resampling.nearest,
) -> tuple[xr.DataArray, list[str]]:
    """Read the windows of tiles that lie over a grid, and warp them onto it.

    Parameters
    ----------
    job : Job
        Sends the requests.
    urls : list of str
        GeoTIFFs of one band; one that is not there is sea, by the rule of such collections.
    grid : Target
        The grid.
    nodata : float
        What stands where no tile has a value.
    dtype : str
        Of the cells.
    resampling : Resampling
        Nearest keeps classes; bilinear keeps slopes.

    Returns
    -------
    DataArray, shape (rows, columns)
        On the grid.
    list of str
        The addresses of tiles that are not there.
    """
    cells: NDArray[Any] = np.full((grid.rows, grid.columns), nodata, dtype=dtype)
    absent = []
    for url in urls:
        before = job.client.received
        try:
            remote = RemoteFile(job.client, partial(job.part, url), is_tiff)
        except StatusError as error:
            if error.status != MISSING:
                raise
            absent.append(url)
            continue
        with opened(remote, url) as file:
            values, place = _window(file, grid, url)
            reproject(
                values,
                cells,
                src_transform=place,
                src_crs=file.crs,
                src_nodata=file.nodata,
                dst_transform=Affine(*grid.transform),
                dst_crs=CRS.from_user_input(grid.crs),
                dst_nodata=nodata,
                init_dest_nodata=False,
                resampling=resampling,
            )
        got = job.client.received - before
        log.info("%s: %.1f of %.1f MB read of %s", job.spec.name, got / 1e6, remote.size / 1e6, url.rpartition("/")[2])
    if len(absent) == len(urls):
        raise FetchError(f"there are no tiles over the district: {', '.join(absent)}")
    return as_dataarray(cells, grid.transform, grid.crs, nodata, job.spec.name), absent


@contextmanager
def opened(remote: RemoteFile, name: str) -> Iterator[rasterio.DatasetReader]:
    """Open a remote GeoTIFF; what goes wrong while it is read comes out as it was.

    Raises
    ------
    FetchError
        If the file is damaged, or the server fails.
    """
    failed: list[FetchError] = []
    opener: Callable[..., io.BufferedIOBase] = lambda *_, **__: _Watched(remote, failed)  # noqa: E731 - one line
    try:
        with rasterio.Env(**ALONE), rasterio.open("tile.tif", driver="GTiff", opener=opener) as file:
            yield file
    except (RasterioError, OSError, ValueError) as error:
        raise (failed[0] if failed else FetchError(f"{name}: the raster is damaged ({error}); fetch again")) from error
    if failed:
        raise failed[0]


class _Watched(io.BufferedIOBase):
    """A reader that remembers why it failed: the library below it only sees that bytes are missing."""

    def __init__(self, remote: RemoteFile, failed: list[FetchError]) -> None:
        self._file = remote.open()
        self._failed = failed

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return self._file.read(size)
        except FetchError as error:
            self._failed.append(error)
            return b""


def _window(file: rasterio.DatasetReader, grid: Target, url: str) -> tuple[NDArray[Any], Affine]:
    """Read the cells of a tile that lie over a grid."""
    if file.count != 1 or file.crs is None:
        raise FetchError(f"{url}: a raster of one band with a coordinate system was expected")
    box = transform_bounds(CRS.from_user_input(grid.crs), file.crs, *grid.bounds, densify_pts=51)
    window = from_bounds(*box, transform=file.transform).round_offsets().round_lengths()
    around = Window(
        window.col_off - AROUND, window.row_off - AROUND, window.width + 2 * AROUND, window.height + 2 * AROUND
    )
    try:
        cut = around.intersection(Window(0, 0, file.width, file.height))
    except rasterio.errors.WindowError:
        raise FetchError(f"{url}: the tile does not lie where its name says; nothing is taken from it") from None
    if cut.width * cut.height > MOST_CELLS:
        raise FetchError(f"{url}: {cut.width} × {cut.height} cells are too many for a district")
    return file.read(1, window=cut), file.window_transform(cut)


def corners(box: tuple[float, float, float, float], step: int) -> list[tuple[int, int]]:
    """Return the south-west corners (latitude, longitude) of the tiles of a net that touch a box. [degrees]"""
    west, south, east, north = (int(np.floor(v / step)) * step for v in box)
    return [(lat, lon) for lat in range(south, north + 1, step) for lon in range(west, east + 1, step)]


def signed(value: int, letters: str, digits: int) -> str:
    """Return a coordinate as names of tiles have it: a letter for its side, and digits."""
    return f"{letters[value < 0]}{abs(value):0{digits}d}"
