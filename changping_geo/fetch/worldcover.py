"""ESA WorldCover: land cover in cells of 10 m, in tiles of three degrees.

References
----------
.. [1] Zanaga, D., et al. (2022). ESA WorldCover 10 m 2021 v200. doi:10.5281/zenodo.7254221
.. [2] Zanaga, D., et al. (2021). ESA WorldCover 10 m 2020 v100. doi:10.5281/zenodo.5571936
"""

from __future__ import annotations

from changping_geo.fetch import Fetched, Job, Offer, Provider, Request
from changping_geo.fetch.tiles import corners, signed, target, warp_tiles

HOST = "esa-worldcover.s3.eu-central-1.amazonaws.com"
EDITIONS = {"land_cover": ("v200", "2021"), "land_cover_before": ("v100", "2020")}
STEP, CELL_M = 3, 10.0
# Classes that the layer does not have, and what they are nearest to: moss and lichen, snow and ice, mangroves.
NEAREST = {100: 30, 70: 60, 95: 90}


def urls(job: Job) -> list[str]:
    """Return the addresses of the tiles."""
    version, year = EDITIONS[job.spec.name]
    return [
        f"https://{HOST}/{version}/{year}/map/ESA_WorldCover_10m_{year}_{version}_"
        f"{signed(lat, 'NS', 2)}{signed(lon, 'EW', 3)}_Map.tif"
        for lat, lon in corners(job.area.box(), STEP)
    ]


def requests(job: Job) -> list[Request]:
    """Return the requests."""
    found = urls(job)
    size = int(OFFER.megabytes(job.area) * 1e6 / len(found))
    return [Request("GET", url, size, "parts of the file") for url in found]


def fetch(job: Job) -> Fetched:
    """Read the classes over the district."""
    version, year = EDITIONS[job.spec.name]
    cells, absent = warp_tiles(job, urls(job), target(job, CELL_M), 0, "uint8")
    notes = [f"tiles that are not there, which is sea: {len(absent)}"] if absent else []
    for code, other in NEAREST.items():
        count = int((cells == code).sum())
        if count:
            cells = cells.where(cells != code, other).astype("uint8")
            notes.append(f"{count:,} cells of class {code} are taken as {other}")
    if job.spec.name == "land_cover_before":
        notes.append(
            "the editions of 2020 and 2021 were made by different algorithms: a difference between them is not "
            "only change on the ground"
        )
    return Fetched(cells, " ".join(urls(job)), year, f"ESA WorldCover {year} {version}", notes)


OFFER = Offer("land-cover classes, 10 m", 1.0, 3.0)
PROVIDER = Provider(
    "worldcover",
    "ESA WorldCover",
    "CC BY 4.0, (c) ESA WorldCover project, contains modified Copernicus Sentinel data",
    (HOST,),
    dict.fromkeys(EDITIONS, OFFER),
    requests,
    fetch,
)
