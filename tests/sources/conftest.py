"""A made-up district of ten by eight kilometres with four towns, and a context that makes its layers on demand."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from changping_geo.model import Frame, SourceError
from changping_geo.sources import Context, provider

CRS = "EPSG:32650"
MADE_EACH_TIME = (
    "forest",
    "land_cover",
    "parks",
    "urban_green",
    "parking",
    "depots",
    "charging_stations",
    "fuel_stations",
    "hydrogen_stations",
    "heat_pump_projects",
)
WEST, SOUTH, WIDTH, HEIGHT = 420_000.0, 4_455_000.0, 10_000.0, 8_000.0


def outline_frame(polygon: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name_zh": ["测试区"]}, geometry=[polygon], crs=CRS)


def table_of(
    centres: list[tuple[float, float]], shares: list[float], area_m2: float, azimuth: float = 0.0
) -> pd.DataFrame:
    """A town table: centres in metres from the south-west corner, shares of the district's area, round extents."""
    x, y = np.array(centres).T
    lon, lat = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(WEST + x, SOUTH + y)
    area = np.array(shares) * area_m2
    n = len(centres)
    return pd.DataFrame(
        {
            "town_code": [f"T{i + 1}" for i in range(n)],
            "name_zh": [f"{'甲乙丙丁戊己'[i]}镇" for i in range(n)],
            "name_en": [f"Town {i + 1}" for i in range(n)],
            "kind": "town",
            "area_km2": area / 1e6,
            "population_2020": pd.array([10_000 * (i + 1) for i in range(n)], dtype="Int64"),
            "centroid_lon": lon,
            "centroid_lat": lat,
            "semi_major_m": 1.3 * np.sqrt(area / np.pi),
            "semi_minor_m": 0.8 * np.sqrt(area / np.pi),
            "major_azimuth_deg": azimuth,
            "seat_lon": lon,
            "seat_lat": lat,
            "villages_and_communities": 5,
        }
    )


class Layers:
    """Layers given, and the rest from the providers; a name in neither is missing, as in a bare workspace."""

    def __init__(self, given: dict[str, object], made: dict[str, str], seed: int = 7) -> None:
        self.layers, self.made = dict(given), made
        self.context = Context(Frame("test", "测试区", "Test", CRS, 8.0, seed), self.layer)

    def layer(self, name: str):
        if name not in self.layers:
            if name not in self.made:
                raise SourceError(f"{name}: no source")
            self.layers[name] = provider(self.made[name])(self.context)
        return self.layers[name]

    def seeded(self, seed: int) -> Layers:
        other = Layers(self.layers, self.made)
        other.context = Context(replace(self.context.frame, seed=seed), other.layer)
        return other


def _quarters() -> gpd.GeoDataFrame:
    shapes = [
        shapely.box(WEST + 5500, SOUTH + 800, WEST + 8500, SOUTH + 3000),
        shapely.box(WEST + 2000, SOUTH + 1500, WEST + 2700, SOUTH + 2100),
        shapely.box(WEST + 6000, SOUTH + 3600, WEST + 7200, SOUTH + 4400),
    ]
    kinds = ["urban", "village", "industrial"]
    return gpd.GeoDataFrame({"built_id": ["B1", "B2", "B3"], "kind": kinds}, geometry=shapes, crs=CRS)


def _houses(quarters: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    uses = {
        "urban": ["housing", "housing", "housing", "commercial", "public", "education", "health"],
        "village": ["rural_house"],
        "industrial": ["industrial", "industrial", "transport"],
    }
    parts = []
    for kind, shape in zip(quarters["kind"], quarters.geometry, strict=True):
        x0, y0, x1, y1 = shape.bounds
        x, y = (a.ravel() for a in np.meshgrid(np.arange(x0 + 10, x1 - 60, 100), np.arange(y0 + 10, y1 - 20, 60)))
        use = np.resize(np.array(uses[kind], dtype=object), x.size)
        floors = np.where(use == "housing", 11, np.where(use == "commercial", 8, 3))
        parts.append(
            gpd.GeoDataFrame({"use": use, "floors": floors}, geometry=shapely.box(x, y, x + 45, y + 14), crs=CRS)
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def shared_district() -> Layers:
    """The district with quarters, houses, roads and people given; terrain and what follows is made."""
    polygon = shapely.box(WEST, SOUTH, WEST + WIDTH, SOUTH + HEIGHT)
    table = table_of([(2500, 2000), (7500, 2000), (2500, 6000), (7500, 6000)], [0.25] * 4, polygon.area)
    quarters = _quarters()
    houses = _houses(quarters)
    people = gpd.GeoDataFrame(
        {"point_id": [f"P{i}" for i in range(0, len(houses), 10)], "persons": 900.0},
        geometry=houses.geometry.centroid.to_numpy()[::10],
        crs=CRS,
    )
    mid_x, mid_y = WEST + WIDTH / 2, SOUTH + HEIGHT / 2
    roads = gpd.GeoDataFrame(
        {"class": ["motorway", "primary", "secondary"]},
        geometry=[
            shapely.LineString([(WEST, SOUTH + 400), (WEST + WIDTH, SOUTH + 500)]),
            shapely.LineString([(WEST, mid_y), (WEST + WIDTH, mid_y)]),
            shapely.LineString([(mid_x, SOUTH), (mid_x, SOUTH + HEIGHT)]),
        ],
        crs=CRS,
    )
    given = {
        "district": outline_frame(polygon),
        "town_table": table,
        "built_up": quarters,
        "rooftops": houses,
        "population": people,
        "roads": roads,
    }
    made = {"towns": "reconstruct.towns"} | {name: f"synthetic.{name}" for name in ("terrain", *MADE_EACH_TIME)}
    return Layers(given, made)


@pytest.fixture
def district(shared_district) -> Layers:
    """The district, to be changed at will: towns and terrain are made once for all tests, the rest when asked for."""
    for name in ("towns", "terrain"):
        shared_district.layer(name)
    kept = {name: layer for name, layer in shared_district.layers.items() if name not in MADE_EACH_TIME}
    return Layers(kept, shared_district.made)


@pytest.fixture
def made_district(shared_district) -> Layers:
    """The district whose layers are made once for all tests; not to be changed."""
    return shared_district


@pytest.fixture
def build():
    """Build `Layers`, an outline layer and a town table for a district of one's own."""
    return Layers, outline_frame, table_of


@pytest.fixture
def corner() -> tuple[float, float]:
    """South-west corner of the made-up district. [m]"""
    return WEST, SOUTH
