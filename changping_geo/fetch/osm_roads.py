"""A routable road network from OpenStreetMap's ways: cut where they meet, with class, direction and speed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from changping_geo.fetch import words
from changping_geo.fetch.area import WGS84
from changping_geo.fetch.asks import FetchError

if TYPE_CHECKING:
    from changping_geo.fetch import Job
    from changping_geo.fetch.osm import Elements

MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
CLASSES = {
    **{name: name for name in MAIN},
    **{f"{name}_link": name for name in MAIN},
    **dict.fromkeys(("residential", "unclassified", "living_street", "road"), "residential"),
}
CLOSED = ("no", "private", "agricultural", "forestry")


def roads(job: Job, elements: Elements, notes: list[str]) -> gpd.GeoDataFrame:
    """Return the roads that cars may use, one row for each stretch between two meetings.

    Parameters
    ----------
    job : Job
        With the district.
    elements : Elements
        Ways with their nodes.
    notes : list of str
        Receives what is left out.

    Returns
    -------
    GeoDataFrame
        The columns of the layer, and ``bridge``, ``tunnel``, ``access``. Ways that share a node meet there; a bridge
        shares none with what passes below.
    """
    used = {ref: tags for ref, tags in sorted(elements.way_tags.items()) if tags.get("highway") in CLASSES}
    opened = {ref: tags for ref, tags in used.items() if not _closed(tags)}
    if len(opened) < len(used):
        notes.append(f"{len(used) - len(opened)} ways are left out: areas, or closed to cars")
    meetings = Counter(node for ref in opened for node in elements.ways[ref])
    rows: list[dict[str, Any]] = []
    shapes = []
    for ref, tags in opened.items():
        for number, nodes in enumerate(_stretches(elements.ways[ref], meetings, elements)):
            rows.append({"road_id": f"w{ref}-{number}", **_facts(tags)})
            shapes.append(shapely.LineString([elements.places[n] for n in nodes]))
    if not rows:
        raise FetchError("OpenStreetMap has no roads here")
    return job.area.within(gpd.GeoDataFrame(rows, geometry=shapes, crs=WGS84))


def _closed(tags: words.Tags) -> bool:
    barred = tags.get("motor_vehicle") or tags.get("motorcar") or tags.get("vehicle") or tags.get("access")
    return barred in CLOSED or tags.get("area") == "yes"


def _facts(tags: words.Tags) -> dict[str, Any]:
    return {
        "class": CLASSES[tags["highway"]],
        "speed_km_h": words.speed(tags),
        "oneway": words.direction(tags),
        "lanes": words.whole(tags.get("lanes"), 1, 16),
        "name": words.name(tags),
        "bridge": tags.get("bridge", "no") != "no",
        "tunnel": tags.get("tunnel", "no") != "no",
        "access": tags.get("access"),
    }


def _stretches(nodes: tuple[int, ...], meetings: Counter[int], elements: Elements) -> list[list[int]]:
    """Cut a way where it meets others or itself; a node without a place ends a stretch."""
    out: list[list[int]] = []
    stretch: list[int] = []
    for node in nodes:
        if node not in elements.places:
            out, stretch = [*out, stretch], []
            continue
        if not stretch or stretch[-1] != node:
            stretch.append(node)
        if meetings[node] > 1 and len(stretch) > 1:
            out, stretch = [*out, stretch], [node]
    return [s for s in [*out, stretch] if len(s) > 1]
