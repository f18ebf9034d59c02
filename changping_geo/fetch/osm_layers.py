"""From elements of OpenStreetMap to the canonical columns of each layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from changping_geo.cards import Parameter
from changping_geo.fetch import words
from changping_geo.fetch.area import WGS84
from changping_geo.fetch.asks import FetchError
from changping_geo.fetch.osm_roads import CLASSES, roads
from changping_geo.fetch.osm_towns import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    from changping_geo.fetch import Job
    from changping_geo.fetch.osm import Elements, Item

Row = dict[str, Any]
SPACE = Parameter(
    name="parking_area_m2",
    value=30.0,
    unit="m2",
    low=25.0,
    high=30.0,
    source="GB/T 51149-2016, area of a car's place on the ground; read in secondary sources",
    verified=False,
    title_zh="每车位用地面积",
    title_en="Ground per parking space",
)
VILLAGE = ("rural", "village")


@dataclass(frozen=True, slots=True)
class Rule:
    """What of OpenStreetMap makes a layer.

    Attributes
    ----------
    kinds : str
        ``n``, ``w`` and ``r`` for nodes, ways and relations.
    select : tuple of (str, tuple of str)
        Keys with their words, no word meaning any; one of them is enough.
    rows : callable
        ``(job, elements, notes) -> GeoDataFrame``.
    """

    kinds: str
    select: tuple[tuple[str, tuple[str, ...]], ...]
    rows: Callable[[Job, Elements, list[str]], gpd.GeoDataFrame]

    def wants(self, tags: words.Tags) -> bool:
        """Return whether tags are of the layer."""
        return any(key in tags and (not known or tags[key] in known) for key, known in self.select)


def _frame(rows: list[Row], shapes: list[Any]) -> gpd.GeoDataFrame:
    if not rows:
        raise FetchError("OpenStreetMap has nothing of this layer here")
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=WGS84)


def _each(
    make: Callable[[Item, float], Row | None], *, point: bool = False, disjoint: bool = False
) -> Callable[[Job, Elements, list[str]], gpd.GeoDataFrame]:
    """Return a maker of rows, one for each element; an element and its area go in, a row or nothing comes out. [m2]"""

    def build(job: Job, elements: Elements, notes: list[str]) -> gpd.GeoDataFrame:
        rule, left = RULES[job.spec.name], Counter[str]()
        items = [item for item in elements.shapes() if rule.wants(item.tags)]
        placed = gpd.GeoSeries([item.shape for item in items], crs=WGS84).to_crs(job.area.crs)
        rows, shapes = [], []
        for item, metric in zip(items, placed, strict=True):
            areal = metric.geom_type in ("Polygon", "MultiPolygon")
            row = make(item, float(metric.area)) if areal or point else None
            if row is None:
                left["no area" if not (areal or point) else "without what the layer needs"] += 1
                continue
            rows.append(row)
            shapes.append(metric.point_on_surface() if point and metric.geom_type != "Point" else metric)
        notes += [f"{count} elements are left out: {reason}" for reason, count in left.items()]
        frame = _frame(rows, shapes).set_crs(job.area.crs, allow_override=True)
        frame = job.area.within(frame)
        return _apart(frame, notes) if disjoint else frame

    return build


def _apart(frame: gpd.GeoDataFrame, notes: list[str]) -> gpd.GeoDataFrame:
    """Take from each area what a larger one covers, so that nothing counts twice."""
    order = np.argsort(-frame.geometry.area.to_numpy(), kind="stable")
    shapes = shapely.make_valid(frame.geometry.to_numpy()[order], method="structure", keep_collapsed=False)
    tree = shapely.STRtree(shapes)
    before = float(shapely.area(shapes).sum())
    kept = shapes.copy()
    for i, shape in enumerate(shapes):
        larger = [j for j in tree.query(shape, predicate="intersects") if j < i]
        if larger:
            kept[i] = shapely.difference(shape, shapely.union_all(shapes[larger]))
    lost = before - float(shapely.area(kept).sum())
    if lost > 1.0:
        notes.append(f"{lost / 1e4:,.1f} ha of areas that lie in larger ones are counted once")
    out = frame.iloc[order].set_geometry(gpd.GeoSeries(kept, index=frame.index[order], crs=frame.crs))
    return out[out.geometry.area > 1.0].sort_index().reset_index(drop=True)


def _charging(item: Item, _: float) -> Row | None:
    tags = item.tags
    kind = {"private": "dedicated", "customers": "public", "yes": "public", "public": "public"}.get(
        tags.get("access", "")
    )
    return {
        "station_id": item.name,
        "name": words.name(tags),
        "status": "operating",
        "kind": kind,
        "plugs_fast": words.plugs(tags, words.FAST),
        "plugs_slow": words.plugs(tags, words.SLOW),
        "power_kw": words.power_kw(tags),
        "open_year": words.year(tags),
        "operator": tags.get("operator"),
    }


def _fuel(item: Item, area: float) -> Row | None:
    brand = item.tags.get("brand:zh") or item.tags.get("brand") or item.tags.get("operator")
    return {
        "station_id": item.name,
        "name": words.name(item.tags),
        "brand": brand,
        "site_area_m2": round(area, 1) if area else None,
    }


def _hydrogen(item: Item, _: float) -> Row | None:
    if item.tags.get("amenity") != "fuel" or not words.hydrogen(item.tags):
        return None
    others = any(item.tags.get(key) == "yes" for key in ("fuel:diesel", "fuel:octane_92", "fuel:octane_95"))
    return {
        "station_id": item.name,
        "name": words.name(item.tags),
        "status": "operating",
        "kind": "oil_hydrogen" if others else None,
        "open_year": words.year(item.tags),
    }


def _parking(item: Item, area: float) -> Row | None:
    tags = item.tags
    told = words.whole(tags.get("capacity"), 0, 20000)
    flat = tags.get("parking", "surface") == "surface"
    spaces = told if told is not None else int(area // float(SPACE.value)) if flat and area else None
    kind = "park_and_ride" if tags.get("park_ride", "no") not in ("no", "") else None
    if kind is None and tags.get("access") in ("yes", "public"):
        kind = "public"
    counted = "told" if told is not None else "from area"
    row = {"parking_id": item.name, "name": words.name(tags), "kind": kind, "spaces": spaces, "spaces_from": counted}
    return row if spaces else None


def _park(item: Item, _: float) -> Row | None:
    tags = item.tags
    if tags.get("access") in ("private", "no") or tags.get("garden:type") == "residential":
        return None
    kind = "garden" if tags.get("leisure") == "garden" else None
    return {"park_id": item.name, "name": words.name(tags), "kind": kind, "open_year": words.year(tags)}


def _green(item: Item, _: float) -> Row | None:
    return {"green_id": item.name, "kind": None, "canopy_cover": None}


def _built(item: Item, _: float) -> Row | None:
    tags = item.tags
    if tags["landuse"] == "industrial":
        kind = "industrial"
    else:
        kind = "village" if tags.get("residential") in VILLAGE else "urban"
    return {"built_id": item.name, "kind": kind}


def _roof(item: Item, _: float) -> Row | None:
    tags = item.tags
    if tags["building"] in words.NO_BUILDING or tags.get("location") == "underground":
        return None
    named = tags["building"] if tags["building"] != "yes" else tags.get("amenity", "yes")
    return {
        "roof_id": item.name,
        "use": words.use(named),
        "height_m": words.within(words.number(tags.get("height"), words.METRES), 1.8, 350.0),
        "floors": words.whole(tags.get("building:levels"), 1, 100),
        "roof_type": words.roof(tags),
        "built_year": words.year(tags),
        "name": words.name(tags),
    }


GREEN = ("grass", "village_green", "flowerbed")
BUILT = ("residential", "industrial", "commercial", "retail", "education", "institutional", "railway")
RULES = {
    "towns": Rule("r", (("admin_level", ("8", "9")),), towns),
    "roads": Rule("w", (("highway", tuple(CLASSES)),), roads),
    "charging_stations": Rule("nwr", (("amenity", ("charging_station",)),), _each(_charging, point=True)),
    "fuel_stations": Rule("nwr", (("amenity", ("fuel",)),), _each(_fuel, point=True)),
    "hydrogen_stations": Rule("nwr", (("amenity", ("fuel",)),), _each(_hydrogen, point=True)),
    "parking": Rule("nwr", (("amenity", ("parking",)),), _each(_parking, point=True)),
    "parks": Rule("wr", (("leisure", ("park", "garden")),), _each(_park, disjoint=True)),
    "urban_green": Rule("wr", (("landuse", GREEN),), _each(_green, disjoint=True)),
    "built_up": Rule("wr", (("landuse", BUILT),), _each(_built, disjoint=True)),
    "rooftops": Rule("wr", (("building", ()),), _each(_roof)),
}
