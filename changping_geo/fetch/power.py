"""NASA POWER: hours of several years for the middle of the district, asked for year by year.

References
----------
.. [1] NASA Langley Research Center, POWER project, https://power.larc.nasa.gov
"""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlencode

from changping_geo.fetch import Fetched, Job, Offer, Provider, Request
from changping_geo.fetch.asks import FetchError
from changping_geo.fetch.checks import is_power
from changping_geo.layers.climate_formats import POWER

log = logging.getLogger(__name__)
HOST = "power.larc.nasa.gov"
YEARS = 5
# The latest months are not final: the last year asked for is this long past. [a]
BEHIND = 2
MOST = 64 * 1024**2


def urls(job: Job) -> list[str]:
    """Return the addresses, one for each year."""
    lon, lat = job.area.centre()
    last = int(job.today[:4]) - BEHIND
    common = {
        "parameters": ",".join(POWER),
        "community": "RE",
        "longitude": lon,
        "latitude": lat,
        "format": "JSON",
        "time-standard": "UTC",
    }
    spans = [{"start": f"{year}0101", "end": f"{year}1231"} for year in range(last - YEARS + 1, last + 1)]
    return [f"https://{HOST}/api/temporal/hourly/point?{urlencode(common | span)}" for span in spans]


def requests(job: Job) -> list[Request]:
    """Return the requests."""
    return [Request("GET", url, int(OFFER.fixed_mb * 1e6 / YEARS)) for url in urls(job)]


def fetch(job: Job) -> Fetched:
    """Ask for every year, and put the hours into one document of the same format."""
    whole: dict[str, Any] = {}
    for number, url in enumerate(urls(job), 1):
        part = json.loads(job.kept(job.ask(url, check=is_power, most=MOST)))
        if not whole:
            whole = part
        elif part["parameters"] != whole["parameters"]:
            raise FetchError(f"{url}: the units are not those of the year before; fetch again later")
        else:
            for name, hours in part["properties"]["parameter"].items():
                whole["properties"]["parameter"][name] |= hours
        log.info("%s: year %d of %d", job.spec.name, number, YEARS)
    first, last = (url.partition("start=")[2][:4] for url in (urls(job)[0], urls(job)[-1]))
    whole["header"] |= {"start": f"{first}0101", "end": f"{last}1231"}
    body = json.dumps(whole, ensure_ascii=False).encode()
    return Fetched(body, " ".join(urls(job)), last, f"NASA POWER, hours of {first} to {last}")


OFFER = Offer(f"hours of {YEARS} years: radiation, temperature, wind", 8.0)
PROVIDER = Provider(
    "power",
    "NASA POWER",
    "free with attribution, NASA Langley Research Center POWER project",
    (HOST,),
    {"solar_climate": OFFER},
    requests,
    fetch,
    gap_s=2.0,
)
