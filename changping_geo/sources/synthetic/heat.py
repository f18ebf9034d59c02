"""Heat-pump projects: those that the plan's places name, and made-up ones at buildings that suit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import affinity

from changping_geo.sources.synthetic._points import by_chance, ids, numbered, plan_places, spaced, spread, town_names

if TYPE_CHECKING:
    from changping_geo.sources import Context


class Kind(NamedTuple):
    """A kind of heat pump.

    Attributes
    ----------
    share : float
        Of made-up projects. [1]
    low, high : float
        Range of the design COP of the heating system. [1]
    words : str
        A pattern that tells this kind in a plan's words.
    name : str
        Chinese word for the project's name.
    """

    share: float
    low: float
    high: float
    words: str
    name: str


# First match wins: waste heat and sewage before the ground, since coupled schemes name several.
KINDS: dict[str, Kind] = {
    "waste_heat": Kind(0.07, 4.5, 6.0, r"余热|waste heat", "余热供暖项目"),
    "sewage": Kind(0.10, 4.0, 5.0, r"污水|再生水|sewage|reclaimed", "再生水源热泵项目"),
    "deep_geothermal": Kind(0.10, 4.5, 5.5, r"深层地热|中深层|deep geothermal", "中深层地热供暖项目"),
    "air": Kind(0.28, 2.4, 3.2, r"空气源|air source", "空气源热泵项目"),
    "shallow_ground": Kind(0.45, 3.6, 4.6, r"地源|浅层|ground", "地源热泵项目"),
}
THEMES = {"heat_pump_project": "operating", "heat_pump_pilot": "planned", "geothermal": "planned"}
NAMED_AREA = 320_000.0  # median heated area of a named place whose area is not told [m2]
FLOOR_RATIO = 1.6  # heated area per site area of a new quarter [1]
AREA_PER_BOREHOLE = (110.0, 180.0)  # heated area that a borehole of 100 to 150 m serves [m2]
FLOOR_AREA_A_PROJECT = 2.4e6  # one made-up project per so much floor area of these uses [m2]
SUITED = {"education": 2.0, "public": 1.6, "health": 1.6, "commercial": 1.0, "housing": 0.5}
LEAST_PROJECT, MOST_PROJECT = 4000.0, 180_000.0  # heated area [m2]
REACH = (40.0, 180.0)  # buildings within this distance share a project [m]
APART = 900.0  # [m]
STATUS = {"operating": 0.72, "building": 0.14, "planned": 0.12, "closed": 0.02}
YEARS = {"operating": (2008, 2024), "closed": (2005, 2016), "building": (2024, 2026), "planned": (2025, 2028)}


def heat_pump_projects(ctx: Context) -> gpd.GeoDataFrame:
    """Make heat-pump projects as sites.

    A named place's role tells kind, heated area and boreholes, as in ``地源热泵2230孔、328500平方米``; where the plan
    names none, all projects are made up.

    Parameters
    ----------
    ctx : Context
        With the layers ``district``, ``towns``, ``rooftops``, and, where there is one, ``plan_places``.

    Returns
    -------
    GeoDataFrame
        Polygons: ``project_id``, ``name``, ``kind``, ``status``, ``year`` (none where not known), ``heated_area_m2``
        [m2], ``boreholes`` [count] (shallow ground source only), ``design_cop`` [1].
    """
    rng = ctx.rng("heat_pump_projects")
    outline = shapely.union_all(ctx.layer("district").geometry.to_numpy())
    named, made = _named(rng, ctx, outline), _made_up(rng, ctx, outline)
    projects = pd.concat([part for part in (named, made) if len(part)] or [named], ignore_index=True)
    kinds = [KINDS[kind] for kind in projects["kind"]]
    cop = rng.uniform([kind.low for kind in kinds], [kind.high for kind in kinds]) if kinds else np.empty(0)
    return gpd.GeoDataFrame(
        {
            "project_id": ids("HP", len(projects)),
            "name": projects["name"].astype("str"),
            "kind": projects["kind"].astype("str"),
            "status": projects["status"].astype("str"),
            "year": projects["year"].astype("Int64"),
            "heated_area_m2": projects["heated_area_m2"].astype(float),
            "boreholes": projects["boreholes"].astype("Int64"),
            "design_cop": np.round(cop, 2),
        },
        geometry=list(projects["site"]),
        crs=ctx.frame.crs,
    )


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = ["name", "kind", "status", "year", "heated_area_m2", "boreholes", "site"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _named(rng: np.random.Generator, ctx: Context, outline: shapely.Geometry) -> pd.DataFrame:
    """Return the projects that the plan's places name."""
    rows: list[dict[str, object]] = []
    for place in plan_places(ctx, list(THEMES)):
        role = place.role
        area = re.search(r"([\d,.]+)\s*(?:平方米|㎡|m2)", role)
        boreholes = re.search(r"([\d,]+)\s*(?:孔|boreholes)", role)
        heated = _number(area[1]) if area else float(np.round(spread(rng, NAMED_AREA, 0.4, 1)[0], -3))
        rows.append(
            {
                "name": place.name,
                "kind": next((kind for kind, how in KINDS.items() if re.search(how.words, role)), "shallow_ground"),
                "status": THEMES[place.theme],
                "year": None,
                "heated_area_m2": heated,
                "boreholes": int(_number(boreholes[1])) if boreholes else None,
                "site": _site(rng, place.point, heated, outline),
            }
        )
    return _table(rows)


def _number(text: str) -> float:
    return float(text.replace(",", "").rstrip("."))


def _site(rng: np.random.Generator, point: shapely.Point, heated: float, outline: shapely.Geometry) -> shapely.Geometry:
    """Return a quarter of streets around a point, of the size that the heated area asks for."""
    side, long = (heated / FLOOR_RATIO) ** 0.5, rng.uniform(0.8, 1.25)
    half = np.array([side * long, side / long]) / 2
    box = shapely.box(point.x - half[0], point.y - half[1], point.x + half[0], point.y + half[1])
    turned = affinity.rotate(box, rng.uniform(-10, 10))
    return _largest(shapely.intersection(turned, outline))


def _largest(geometry: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(geometry)
    return parts[np.argmax(shapely.area(parts))]


def _made_up(rng: np.random.Generator, ctx: Context, outline: shapely.Geometry) -> pd.DataFrame:
    """Return projects around buildings: the site is the ground of the buildings that share the plant."""
    roofs = ctx.layer("rooftops")
    weight = roofs["use"].astype(str).map(SUITED).fillna(0.0).to_numpy(float)
    suited = np.flatnonzero(weight > 0)
    geometry = roofs.geometry.to_numpy()[suited]
    floor_area = shapely.area(geometry) * roofs["floors"].fillna(1).to_numpy(float)[suited]
    use = roofs["use"].astype(str).to_numpy()[suited]
    west, south, east, north = shapely.bounds(geometry).reshape(-1, 4).T
    middle = np.column_stack([west + east, south + north]) / 2
    count = round(float(floor_area.sum()) / FLOOR_AREA_A_PROJECT)
    order = by_chance(rng, weight[suited] * floor_area)
    tree = shapely.STRtree(geometry)
    shares = np.array([kind.share for kind in KINDS.values()])
    rows: list[dict[str, object]] = []
    chosen = spaced(middle, order, count, APART) if len(suited) else suited
    towns = town_names(ctx.layer("towns"), middle[chosen])
    for row, town in zip(chosen, towns, strict=True):
        reach = rng.uniform(*REACH)
        near = tree.query(shapely.Point(middle[row]), "dwithin", distance=reach)
        near = near[use[near] == use[row]]
        heated = float(np.clip(floor_area[near].sum(), LEAST_PROJECT, MOST_PROJECT))
        kind = str(rng.choice(list(KINDS), p=shares / shares.sum()))
        status = str(rng.choice(list(STATUS), p=list(STATUS.values())))
        bores = int(heated / rng.uniform(*AREA_PER_BOREHOLE)) if kind == "shallow_ground" else None
        ground = shapely.convex_hull(shapely.union_all(geometry[near])).buffer(15.0, join_style="mitre")
        rows.append(
            {
                "name": f"{town}{KINDS[kind].name}",
                "kind": kind,
                "status": status,
                "year": int(rng.integers(*YEARS[status])),
                "heated_area_m2": round(heated, -1),
                "boreholes": bores,
                "site": _largest(shapely.intersection(ground, outline)),
            }
        )
    table = _table(rows)
    table["name"] = numbered(table["name"].tolist())
    return table
