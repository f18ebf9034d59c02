"""OpenStreetMap's elements, gathered from several answers or a file, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from changping_geo.fetch.rings import area_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

Place = tuple[float, float]
Tags = dict[str, str]
# A closed way with one of these is an area; others may be a road that comes back to its start.
FACTS_OF_AREAS = ("building", "landuse", "leisure", "amenity", "natural", "boundary")
RING = 4


class Member(NamedTuple):
    """A member of a relation: kind of element, id, role."""

    kind: str
    ref: int
    role: str


class Item(NamedTuple):
    """An element that was selected: its name as ``w123``, its tags and its shape. [degrees]"""

    name: str
    tags: Tags
    shape: BaseGeometry


@dataclass(slots=True)
class Elements:
    """Nodes, ways and relations by id.

    Attributes
    ----------
    places : dict of int to (float, float)
        Longitude and latitude of nodes. [degrees]
    points : dict of int to dict
        Tags of nodes that have any.
    ways : dict of int to tuple of int
        Nodes of ways, in order.
    way_tags, relation_tags : dict of int to dict
        Tags.
    members : dict of int to list of Member
        Of relations.
    """

    places: dict[int, Place] = field(default_factory=dict)
    points: dict[int, Tags] = field(default_factory=dict)
    ways: dict[int, tuple[int, ...]] = field(default_factory=dict)
    way_tags: dict[int, Tags] = field(default_factory=dict)
    members: dict[int, list[Member]] = field(default_factory=dict)
    relation_tags: dict[int, Tags] = field(default_factory=dict)

    def add(self, elements: Iterable[Mapping[str, Any]]) -> None:
        """Add the elements of an answer of the Overpass API; one that is there already stays, and gains tags."""
        for element in elements:
            kind, ref = element.get("type"), int(element.get("id", 0))
            tags = {str(k): str(v) for k, v in element.get("tags", {}).items()}
            if kind == "node" and "lat" in element:
                self.places[ref] = (float(element["lon"]), float(element["lat"]))
                if tags:
                    self.points[ref] = tags
            elif kind == "way":
                self._add_way(ref, element)
                self.way_tags[ref] = tags or self.way_tags.get(ref, {})
            elif kind == "relation":
                if "members" in element:
                    self._add_members(ref, element["members"])
                self.relation_tags[ref] = tags or self.relation_tags.get(ref, {})

    def _add_way(self, ref: int, element: Mapping[str, Any]) -> None:
        nodes = tuple(int(n) for n in element.get("nodes", ()))
        corners = element.get("geometry") or ()
        if corners and not nodes:
            nodes = tuple(_made_up(corner) for corner in corners)
        for node, corner in zip(nodes, corners, strict=False):
            if corner:
                self.places.setdefault(node, (float(corner["lon"]), float(corner["lat"])))
        if len(nodes) >= len(self.ways.get(ref, ())):
            self.ways[ref] = nodes

    def _add_members(self, ref: int, members: Iterable[Mapping[str, Any]]) -> None:
        found = []
        for member in members:
            kind, other = str(member.get("type")), int(member.get("ref", 0))
            found.append(Member(kind, other, str(member.get("role", ""))))
            if kind == "way" and member.get("geometry") and other not in self.ways:
                self._add_way(other, {"geometry": member["geometry"]})
        self.members[ref] = found

    def line(self, way: int) -> list[Place]:
        """Return the corners of a way that are known. [degrees]"""
        return [self.places[n] for n in self.ways.get(way, ()) if n in self.places]

    def shapes(self) -> Iterator[Item]:
        """Yield every tagged element that has a shape: points, lines, areas; in the order of their ids."""
        for ref, tags in sorted(self.points.items()):
            if ref in self.places:
                yield Item(f"n{ref}", tags, shapely.Point(self.places[ref]))
        for ref, tags in sorted(self.way_tags.items()):
            corners = self.line(ref)
            if not tags or len(corners) < 2 or len(corners) != len(self.ways[ref]):  # noqa: PLR2004 - a line has two
                continue
            closed = len(corners) >= RING and self.ways[ref][0] == self.ways[ref][-1]
            area = closed and any(key in tags for key in FACTS_OF_AREAS)
            yield Item(f"w{ref}", tags, shapely.Polygon(corners) if area else shapely.LineString(corners))
        for ref, tags in sorted(self.relation_tags.items()):
            shape = self.relation(ref) if tags.get("type") in ("multipolygon", "boundary") else None
            if shape is not None:
                yield Item(f"r{ref}", tags, shape)

    def relation(self, ref: int) -> BaseGeometry | None:
        """Return the area that a relation's ways enclose; nothing when a way is missing or the rings stay open."""
        sides: dict[str, list[tuple[int, ...]]] = {"outer": [], "inner": []}
        for member in self.members.get(ref, ()):
            if member.kind == "way":
                nodes = self.ways.get(member.ref, ())
                if not nodes or any(n not in self.places for n in nodes):
                    return None
                sides["inner" if member.role == "inner" else "outer"].append(nodes)
        return area_of(sides["outer"], sides["inner"], self.places)


def _made_up(corner: Mapping[str, Any] | None) -> int:
    """Return an id, below zero, for a corner that came without one: equal places have equal ids."""
    if not corner:
        return 0
    lon, lat = (int(np.rint(float(corner[key]) * 1e7)) for key in ("lon", "lat"))
    return -((lon + 1_800_000_000) * 4_000_000_000 + lat + 900_000_000) - 1
