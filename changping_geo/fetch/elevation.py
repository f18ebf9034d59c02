"""Copernicus GLO-30: heights in cells of one second of arc, in tiles of one degree.

It is a model of the surface: over towns and woods it lies metres above the ground.

References
----------
.. [1] Copernicus DEM, doi:10.5270/ESA-c5d3d65
"""

from __future__ import annotations

from rasterio.enums import Resampling

from changping_geo.fetch import Fetched, Job, Offer, Provider, Request
from changping_geo.fetch.tiles import corners, signed, target, warp_tiles

HOST = "copernicus-dem-30m.s3.amazonaws.com"
# The ground around the district throws shade into it. [m]
CELL_M, MARGIN_M = 30.0, 3000.0
NODATA = -9999.0


def urls(job: Job) -> list[str]:
    """Return the addresses of the tiles."""
    names = [
        f"Copernicus_DSM_COG_10_{signed(lat, 'NS', 2)}_00_{signed(lon, 'EW', 3)}_00_DEM"
        for lat, lon in corners(job.area.box(MARGIN_M), 1)
    ]
    return [f"https://{HOST}/{name}/{name}.tif" for name in names]


def requests(job: Job) -> list[Request]:
    """Return the requests."""
    found = urls(job)
    size = int(OFFER.megabytes(job.area) * 1e6 / len(found))
    return [Request("GET", url, size, "parts of the file") for url in found]


def fetch(job: Job) -> Fetched:
    """Read the heights over the district and a margin."""
    grid = target(job, CELL_M, MARGIN_M)
    cells, absent = warp_tiles(job, urls(job), grid, NODATA, "float32", Resampling.bilinear)
    notes = ["a model of the surface: over buildings and trees it lies above the ground"]
    if absent:
        notes.append(f"tiles that are not there, which is sea: {len(absent)}")
    return Fetched(cells, " ".join(urls(job)), "2021", "Copernicus DEM GLO-30", notes)


OFFER = Offer("heights of the surface, 30 m, 3 km beyond the outline", 2.0, 12.0)
PROVIDER = Provider(
    "glo30",
    "Copernicus DEM GLO-30",
    "free of charge, (c) DLR e.V. 2010-2014 and (c) Airbus Defence and Space GmbH 2014-2018, provided under COPERNICUS "
    "by the European Union and ESA; all rights reserved",
    (HOST,),
    {"terrain": OFFER},
    requests,
    fetch,
)
