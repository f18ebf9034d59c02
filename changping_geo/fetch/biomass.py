"""ESA CCI Biomass: dry biomass above ground in cells of about 100 m, in tiles of ten degrees.

References
----------
.. [1] Santoro, M., Cartus, O. (2025). ESA Biomass Climate Change Initiative: global datasets of forest above-ground
       biomass, v6.0. NERC EDS Centre for Environmental Data Analysis.
.. [2] Santoro, M., et al. (2021). The global forest above-ground biomass pool for 2010 estimated from high-resolution
       satellite observations. Earth System Science Data 13, 3927-3950. doi:10.5194/essd-13-3927-2021
"""

from __future__ import annotations

from changping_geo.fetch import Fetched, Job, Offer, Provider, Request
from changping_geo.fetch.tiles import Target, corners, signed, warp_tiles

HOST = "dap.ceda.ac.uk"
FOLDER = "/neodc/esacci/biomass/data/agb/maps/v6.0/geotiff"
YEAR, VERSION = "2022", "fv6.0"
STEP, NODATA = 10, -9999.0


def urls(job: Job) -> list[str]:
    """Return the addresses of the tiles, which are called after their north-west corner."""
    return [
        f"https://{HOST}{FOLDER}/{YEAR}/{signed(lat + STEP, 'NS', 2)}{signed(lon, 'EW', 3)}"
        f"_ESACCI-BIOMASS-L4-AGB-MERGED-100m-{YEAR}-{VERSION}.tif"
        for lat, lon in corners(job.area.box(), STEP)
    ]


def requests(job: Job) -> list[Request]:
    """Return the requests."""
    found = urls(job)
    size = int(OFFER.megabytes(job.area) * 1e6 / len(found))
    return [Request("GET", url, size, "parts of the file") for url in found]


def fetch(job: Job) -> Fetched:
    """Read the biomass over the district, on the grid of its land cover; a cell has the value of the coarse one."""
    cover = job.ws.layer("land_cover").data
    grid = Target(tuple(cover.attrs["transform"][:6]), cover.shape[0], cover.shape[1], cover.attrs["crs"])
    cells, absent = warp_tiles(job, urls(job), grid, NODATA, "float32")
    notes = ["cells of about 100 m, laid on the grid of the land cover: no finer than that"]
    if absent:
        notes.append(f"tiles that are not there, which is sea: {len(absent)}")
    return Fetched(cells, " ".join(urls(job)), YEAR, f"ESA CCI Biomass v6.0, {YEAR}", notes)


OFFER = Offer("biomass above ground, about 100 m, on the grid of the land cover", 2.0, 2.0)
PROVIDER = Provider(
    "cci_biomass",
    "ESA CCI Biomass",
    "free and open with attribution, ESA Climate Change Initiative (terms of the CCI Biomass product)",
    (HOST,),
    {"biomass": OFFER},
    requests,
    fetch,
)
