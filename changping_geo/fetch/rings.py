"""Areas from the ways around them: ways joined end to end to rings, inner rings cut out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

RING = 4


def area_of(
    outer: Sequence[tuple[int, ...]], inner: Sequence[tuple[int, ...]], places: Mapping[int, tuple[float, float]]
) -> BaseGeometry | None:
    """Return the area inside of outer and outside of inner ways.

    Parameters
    ----------
    outer, inner : sequence of tuple of int
        Nodes of ways, in any order and direction; a ring may be split among several.
    places : mapping of int to (float, float)
        Where the nodes lie. [degrees]

    Returns
    -------
    Polygon, MultiPolygon or None
        Nothing when the outer ways close to no ring.
    """
    around, holes = rings(outer), rings(inner)
    if not around:
        return None
    # An island in a lake in a wood lies in three rings: what is covered an odd number of times is inside.
    shape = shapely.Polygon()
    for ring in around:
        shape = shape.symmetric_difference(_filled(ring, places))
    for ring in holes:
        shape = shape.difference(_filled(ring, places))
    return None if shape.is_empty else shape


def rings(ways: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Join ways end to end; return those that close, and nothing if one stays open.

    Parameters
    ----------
    ways : sequence of tuple of int
        Nodes of ways, in any order and direction.

    Returns
    -------
    list of tuple of int
        Closed rings, first node equal to last.
    """
    unique = {min(way, way[::-1]): way for way in ways}
    closed = [way for way in unique.values() if way[0] == way[-1]]
    open_ways = [list(way) for way in unique.values() if way[0] != way[-1]]
    while open_ways:
        chain = open_ways.pop()
        while chain[0] != chain[-1]:
            found = next((i for i, way in enumerate(open_ways) if chain[-1] in (way[0], way[-1])), None)
            if found is None:
                return []
            way = open_ways.pop(found)
            chain += way[1:] if way[0] == chain[-1] else way[-2::-1]
        closed.append(tuple(chain))
    return [ring for ring in closed if len(ring) >= RING]


def _filled(ring: tuple[int, ...], places: Mapping[int, tuple[float, float]]) -> BaseGeometry:
    polygon = shapely.Polygon([places[node] for node in ring])
    return polygon if polygon.is_valid else shapely.make_valid(polygon, method="structure", keep_collapsed=False)
