"""OpenStreetMap by the Overpass API: several public servers in turn, in tiles, each element once.

References
----------
.. [1] Overpass API, https://wiki.openstreetmap.org/wiki/Overpass_API; terms: https://www.openstreetmap.org/copyright
"""

from __future__ import annotations

import json
import logging
import math
from typing import TYPE_CHECKING, Any

from changping_geo.fetch import Fetched, Job, Offer, Provider, Request
from changping_geo.fetch.area import Box, split
from changping_geo.fetch.asks import FetchError, StatusError
from changping_geo.fetch.checks import is_overpass
from changping_geo.fetch.osm import Elements
from changping_geo.fetch.osm_layers import RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)
SERVERS = ("overpass-api.de", "overpass.private.coffee", "maps.mail.ru")
PATHS = {"maps.mail.ru": "/osm/tools/overpass/api/interpreter"}
SECONDS, MEMORY = 180, 512 * 1024**2
KINDS = {"n": "node", "w": "way", "r": "relation"}
# Area of one tile by layer. [km2]
TILE_KM2 = {"rooftops": 80.0, "roads": 400.0, "towns": math.inf}
OTHERS_KM2 = 2000.0
# A tile that is too heavy for a server is cut in four, this often.
DEPTH = 3
TRIES = 3


def query(rule: Rule, box: Box) -> str:
    """Return the query for a rule in a box, with all that the elements consist of."""
    west, south, east, north = box
    parts = [
        f'{KINDS[kind]}["{key}"' + (f'~"^({"|".join(known)})$"' if known else "") + "];"
        for kind in rule.kinds
        for key, known in rule.select
    ]
    head = f"[out:json][timeout:{SECONDS}][maxsize:{MEMORY}]"
    return f"{head}[bbox:{south:.6f},{west:.6f},{north:.6f},{east:.6f}];({''.join(parts)});out body qt;>;out skel qt;"


def tiles(job: Job) -> list[Box]:
    """Cut the district's box into tiles that a server can answer."""
    each = TILE_KM2.get(job.spec.name, OTHERS_KM2)
    west, south, east, north = box = job.area.box()
    km2 = (east - west) * math.cos(math.radians((south + north) / 2.0)) * (north - south) * 111.2**2
    across = max(1, math.ceil(math.sqrt(km2 / each)))
    return split(box, across, across)


def requests(job: Job) -> list[Request]:
    """Return the requests, one for each tile."""
    rule, offer = RULES[job.spec.name], OFFERS[job.spec.name]
    boxes = tiles(job)
    size = int(offer.megabytes(job.area) * 1e6 / len(boxes))
    return [Request("POST", _address(SERVERS[0]), size, query(rule, box)) for box in boxes]


def fetch(job: Job) -> Fetched:
    """Ask for every tile, put the elements together, and make the layer's rows."""
    rule, elements, stamps = RULES[job.spec.name], Elements(), set[str]()
    boxes = tiles(job)
    for number, box in enumerate(boxes, 1):
        for answer in _tile(job, rule, box, 0):
            elements.add(answer["elements"])
            stamps.add(str(answer.get("osm3s", {}).get("timestamp_osm_base", "")))
        log.info("%s: tile %d of %d, %d elements", job.spec.name, number, len(boxes), len(elements.places))
    notes: list[str] = []
    data = rule.rows(job, elements, notes)
    date = min(stamps)[:10] or job.today
    asked = query(rule, job.area.box()) + (f" (in {len(boxes)} tiles)" if len(boxes) > 1 else "")
    return Fetched(data, asked, date, "OpenStreetMap contributors, by the Overpass API", notes)


def _address(server: str) -> str:
    return f"https://{server}{PATHS.get(server, '/api/interpreter')}"


def _tile(job: Job, rule: Rule, box: Box, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the answers for a tile; one that was too heavy is asked for in four parts."""
    answer = _answer(job, query(rule, box))
    remark = str(answer.get("remark", ""))
    if "error" not in remark:
        yield answer
        return
    if depth == DEPTH:
        raise FetchError(f"the Overpass servers cannot answer for a tile: {remark[:200]}; use --from FILE.osm.pbf")
    log.info("%s: a tile is too heavy, it is asked for in four parts", job.spec.name)
    for part in split(box, 2, 2):
        yield from _tile(job, rule, part, depth + 1)


def _answer(job: Job, text: str) -> dict[str, Any]:
    """Return the answer of the first server that gives one."""
    failures = []
    for server in SERVERS:
        ask = job.ask(_address(server), form={"data": text}, check=is_overpass, tries=TRIES)
        try:
            found: dict[str, Any] = json.loads(job.kept(ask))
        except StatusError as error:
            failures.append(str(error))
        except FetchError as error:
            failures.append(str(error))
            log.info("%s gives no answer; the next server is asked", server)
        else:
            return found
    raise FetchError("no Overpass server answers:\n" + "\n".join(f"  - {failure}" for failure in failures))


OFFERS = {
    "towns": Offer("boundaries of towns, made to tile the outline", 1.0, 1.0),
    "roads": Offer("roads for cars: class, direction, speed, bridges", 0.0, 15.0),
    "charging_stations": Offer("charging stations with plugs and power where mapped", 0.1, 0.1),
    "fuel_stations": Offer("fuel stations with brand", 0.1, 0.1),
    "hydrogen_stations": Offer("fuel stations tagged with hydrogen", 0.1, 0.1),
    "parking": Offer("parking with spaces, told or from the area", 0.1, 1.0),
    "parks": Offer("parks and gardens", 0.1, 1.0),
    "urban_green": Offer("grass and greens", 0.1, 1.0),
    "built_up": Offer("residential, industrial, commercial land", 0.1, 2.0),
    "rooftops": Offer("buildings, with height and floors where mapped", 0.5, 40.0),
}
PROVIDER = Provider(
    "osm",
    "OpenStreetMap",
    "ODbL 1.0, (c) OpenStreetMap contributors",
    SERVERS,
    OFFERS,
    requests,
    fetch,
    gap_s=1.0,
)
