"""OpenStreetMap from a file on disk, such as a regional extract: the same layers, no request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import osmium
from osmium import filter as osm_filter
from osmium import osm

from changping_geo.fetch import Fetched, Job, Provider, Request
from changping_geo.fetch.asks import FetchError
from changping_geo.fetch.osm import Elements, Member
from changping_geo.fetch.osm_layers import RULES, Rule
from changping_geo.fetch.overpass import OFFERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from changping_geo.fetch.area import Box

SUFFIXES = (".osm.pbf", ".osm", ".osm.bz2")


def requests(job: Job) -> list[Request]:
    """Return nothing to be asked: a file is read."""
    return [Request("READ", str(job.file), job.file.stat().st_size if job.file and job.file.is_file() else None)]


def fetch(job: Job) -> Fetched:
    """Read what a layer needs from the file and make its rows."""
    if job.file is None:
        raise FetchError("name a file with --from FILE.osm.pbf")
    rule, notes = RULES[job.spec.name], list[str]()
    elements, date = read(job.file, rule, job.area.box())
    data = rule.rows(job, elements, notes)
    words = "; ".join(f"{key} in {'|'.join(known) or '*'}" for key, known in rule.select)
    return Fetched(
        data, f"{job.file.name}: {words}", date or job.today, "OpenStreetMap contributors, from a file", notes
    )


def read(path: Path, rule: Rule, box: Box) -> tuple[Elements, str]:
    """Read the elements of a rule that touch a box, and all that they consist of.

    Parameters
    ----------
    path : Path
        ``.osm.pbf``, ``.osm`` or ``.osm.bz2``.
    rule : Rule
        What is wanted.
    box : tuple of float
        West, south, east, north. [degrees]

    Returns
    -------
    Elements, str
        And the date of the file, where it tells one.

    Raises
    ------
    FetchError
        If it is missing, of another kind or damaged.
    """
    if not path.is_file() or not path.name.endswith(SUFFIXES):
        raise FetchError(f"{path}: give a file that ends with {', '.join(SUFFIXES)}")
    found = Elements()
    try:
        _relations(path, rule, found)
        _ways(path, rule, found)
        _nodes(path, rule, found)
        with osmium.io.Reader(str(path)) as reader:
            stamp = reader.header().get("osmosis_replication_timestamp")
    except (RuntimeError, ValueError) as error:
        raise FetchError(f"{path}: the file is damaged or no OpenStreetMap file ({error})") from error
    _cut(found, box)
    return found, str(stamp)[:10]


def _wanted(path: Path, rule: Rule, kind: Any) -> Iterator[Any]:
    keys = [key for key, _ in rule.select]
    yield from osmium.FileProcessor(str(path), kind).with_filter(osm_filter.KeyFilter(*keys))


def _named(path: Path, kind: Any, wanted: set[int]) -> Iterator[Any]:
    yield from osmium.FileProcessor(str(path), kind).with_filter(osm_filter.IdFilter(wanted))


def _relations(path: Path, rule: Rule, found: Elements) -> None:
    if "r" not in rule.kinds:
        return
    for relation in _wanted(path, rule, osm.RELATION):
        tags = {tag.k: tag.v for tag in relation.tags}
        if rule.wants(tags):
            found.relation_tags[relation.id] = tags
            kinds = {"n": "node", "w": "way", "r": "relation"}
            found.members[relation.id] = [Member(kinds[m.type], m.ref, m.role) for m in relation.members]


def _ways(path: Path, rule: Rule, found: Elements) -> None:
    if "w" in rule.kinds:
        for way in _wanted(path, rule, osm.WAY):
            tags = {tag.k: tag.v for tag in way.tags}
            if rule.wants(tags):
                found.ways[way.id] = tuple(node.ref for node in way.nodes)
                found.way_tags[way.id] = tags
    needed = {m.ref for members in found.members.values() for m in members if m.kind == "way"} - set(found.ways)
    if needed:
        for way in _named(path, osm.WAY, needed):
            found.ways[way.id] = tuple(node.ref for node in way.nodes)


def _nodes(path: Path, rule: Rule, found: Elements) -> None:
    if "n" in rule.kinds:
        for node in _wanted(path, rule, osm.NODE):
            tags = {tag.k: tag.v for tag in node.tags}
            if rule.wants(tags) and node.location.valid():
                found.points[node.id] = tags
                found.places[node.id] = (node.location.lon, node.location.lat)
    needed = {node for nodes in found.ways.values() for node in nodes} - set(found.places)
    if needed:
        for node in _named(path, osm.NODE, needed):
            if node.location.valid():
                found.places[node.id] = (node.location.lon, node.location.lat)


def _cut(found: Elements, box: Box) -> None:
    """Leave out what has no corner in the box; relations stay, their ways with them."""
    west, south, east, north = box
    held = {m.ref for members in found.members.values() for m in members if m.kind == "way"}

    def inside(node: int) -> bool:
        lon, lat = found.places.get(node, (200.0, 200.0))
        return west <= lon <= east and south <= lat <= north

    for ref in [r for r, nodes in found.ways.items() if r not in held and not any(map(inside, nodes))]:
        del found.ways[ref]
        found.way_tags.pop(ref, None)
    for ref in [r for r in found.points if not inside(r)]:
        del found.points[ref]


PROVIDER = Provider(
    "osm_file",
    "OpenStreetMap, from a file",
    "ODbL 1.0, (c) OpenStreetMap contributors",
    (),
    OFFERS,
    requests,
    fetch,
)
