"""PVGIS 5.3: a typical year of hours for the middle of the district.

References
----------
.. [1] PVGIS, Joint Research Centre, https://joint-research-centre.ec.europa.eu/photovoltaic-geographical-information-system-pvgis_en
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

from changping_geo.fetch import Fetched, Job, Offer, Provider, Request
from changping_geo.fetch.checks import is_pvgis

HOST = "re.jrc.ec.europa.eu"
MOST = 64 * 1024**2


def url(job: Job) -> str:
    """Return the address of the typical year."""
    lon, lat = job.area.centre()
    return f"https://{HOST}/api/v5_3/tmy?{urlencode({'lat': lat, 'lon': lon, 'outputformat': 'json'})}"


def requests(job: Job) -> list[Request]:
    """Return the request."""
    return [Request("GET", url(job), int(OFFER.fixed_mb * 1e6))]


def fetch(job: Job) -> Fetched:
    """Ask for the typical year; the answer is kept as it is."""
    body = job.kept(job.ask(url(job), check=is_pvgis, most=MOST))
    meteo = json.loads(body)["inputs"].get("meteo_data", {})
    base, last = meteo.get("radiation_db", "?"), meteo.get("year_max", "")
    notes = [f"radiation from {base}, years {meteo.get('year_min', '?')} to {last or '?'}"]
    return Fetched(body, url(job), str(last) or job.today, f"PVGIS 5.3, typical year, {base}", notes)


OFFER = Offer("a typical year of hours: radiation, temperature, wind", 1.5)
PROVIDER = Provider(
    "pvgis",
    "PVGIS 5.3",
    "free with attribution, (c) European Union, PVGIS",
    (HOST,),
    {"solar_climate": OFFER},
    requests,
    fetch,
    gap_s=1.0,
)
