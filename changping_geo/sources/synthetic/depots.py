"""Depots of buses, lorries and coaches, placed at buildings of fitting use and along motorways."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.sources.synthetic._points import along, by_chance, ids, numbered, spaced, spread, town_names
from changping_geo.sources.synthetic._raster import optional

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Floats = NDArray[np.float64]

SCENIC_AREA = 2e5  # parks from this area on draw coaches [m2]


class DepotKind(NamedTuple):
    """A kind of depot: inhabitants per depot [persons], median vehicles, building uses where it stands, words."""

    persons: float
    vehicles: float
    uses: tuple[str, ...]
    words: str


DEPOTS: dict[str, DepotKind] = {
    "bus": DepotKind(110_000, 90, ("transport", "housing", "industrial"), "公交场站"),
    "sanitation": DepotKind(100_000, 45, ("transport", "industrial", "public"), "环卫场站"),
    "logistics": DepotKind(120_000, 150, ("industrial",), "物流园"),
    "coach": DepotKind(900_000, 60, ("transport", "commercial"), "客运站"),
    "cold_chain": DepotKind(500_000, 40, ("industrial",), "冷链中心"),
}
DEPOTS_APART = 1500.0  # [m]
SERVICE_AREA_EVERY = 30_000.0  # along motorways [m]


def depots(ctx: Context) -> gpd.GeoDataFrame:
    """Make depots at buildings of fitting use, and service areas along motorways.

    Parameters
    ----------
    ctx : Context
        With the layers ``district``, ``towns``, ``rooftops``, ``population``, and, where there are, ``roads`` and
        ``parks``.

    Returns
    -------
    GeoDataFrame
        Points: ``depot_id``, ``name``, ``kind``, ``vehicles`` [count].
    """
    rng = ctx.rng("depots")
    roofs = ctx.layer("rooftops")
    persons = float(ctx.layer("population")["persons"].sum())
    west, south, east, north = shapely.bounds(roofs.geometry.to_numpy()).T
    middle = np.column_stack([west + east, south + north]) / 2
    use, area = roofs["use"].astype(str), roofs.geometry.area.to_numpy()
    places: list[tuple[str, Floats, float, str]] = []
    for kind, how in DEPOTS.items():
        fit = use.isin(how.uses).to_numpy()
        order = by_chance(rng, np.where(fit, area, 0.0))
        chosen = spaced(middle, order, max(1, round(persons / how.persons)), DEPOTS_APART)
        places.append((kind, middle[chosen], how.vehicles, how.words))
    places += _way_depots(rng, ctx)
    kinds = [kind for kind, xy, _, _ in places for _ in xy]
    xy = np.concatenate([xy for _, xy, _, _ in places])
    median = np.concatenate([np.full(len(xy), vehicles) for _, xy, vehicles, _ in places])
    words = [word for _, xy, _, word in places for _ in xy]
    stems = [f"{town}{word}" for town, word in zip(town_names(ctx.layer("towns"), xy), words, strict=True)]
    return gpd.GeoDataFrame(
        {
            "depot_id": ids("D", len(xy)),
            "name": pd.Series(numbered(stems), dtype="str"),
            "kind": pd.Series(kinds, dtype="str"),
            "vehicles": np.maximum(3, np.round(spread(rng, median, 0.5, len(xy)))).astype(np.int64),
        },
        geometry=shapely.points(xy),
        crs=ctx.frame.crs,
    )


def _way_depots(rng: np.random.Generator, ctx: Context) -> list[tuple[str, Floats, float, str]]:
    """Return service areas of motorways and coach parks of the largest special parks: kind, points, vehicles, words."""
    out: list[tuple[str, Floats, float, str]] = []
    outline = shapely.union_all(ctx.layer("district").geometry.to_numpy())
    roads, parks = optional(ctx, "roads"), optional(ctx, "parks")
    if roads is not None:
        fast = roads.geometry.to_numpy()[(roads["class"] == "motorway").to_numpy()]
        xy = along(rng, fast, np.ones(len(fast)), 300.0, 60.0)
        xy = xy[shapely.contains_xy(outline, xy[:, 0], xy[:, 1])]
        count = round(float(shapely.length(fast).sum()) / SERVICE_AREA_EVERY)
        kept = spaced(xy, np.arange(len(xy)), count, SERVICE_AREA_EVERY / 4) if len(xy) else np.empty(0, np.int64)
        out.append(("service_area", xy[kept], 60.0, "服务区"))
    if parks is not None:
        sights = parks[(parks["kind"] == "special") & (parks.geometry.area >= SCENIC_AREA)].geometry.to_numpy()
        sights = sights[np.argsort(-shapely.area(sights), kind="stable")][:6]
        out.append(("tourism", shapely.get_coordinates(shapely.point_on_surface(sights)), 25.0, "景区客运场站"))
    return out
