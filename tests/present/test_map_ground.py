from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from changping_geo.layers.rasters import as_dataarray
from changping_geo.model import Layer, Ledger, MissingError, Status
from changping_geo.present.map_ground import ground
from changping_geo.present.map_open import wanted, with_ground
from changping_geo.present.map_sources import sources, status_note
from changping_geo.present.mapspec import Drawn, MapSpec, Towns
from changping_geo.present.text import embed_json

SPEC = MapSpec("page", "图", "Map", "rooftop_pv", towns=Towns("pv_energy_mwh_a"), base_maps=("plain",))
CRS = "EPSG:4547"


def _layer(name, data):
    return Layer(name, data, Status.SYNTHETIC, {"origin": "made"}, Ledger(name, 1))


@pytest.fixture
def grounded(small_run):
    """A run with a lake, a park, a motorway with a lane, and a hill below its towns."""
    place = (50.0, 0.0, 480_000.0, 0.0, -50.0, 4_410_000.0)
    cover = np.full((200, 200), 40, dtype=np.uint8)
    cover[20:60, 20:60] = 80
    rows, columns = np.mgrid[0:200, 0:200]
    height = 400 * np.exp(-((rows - 120) ** 2 + (columns - 120) ** 2) / 900).astype(np.float32)
    park = gpd.GeoDataFrame({"park_id": ["p"]}, geometry=[shapely.box(481_000, 4_401_000, 481_500, 4_401_500)], crs=CRS)
    lines = [
        shapely.LineString([(480_100, 4_402_000), (484_000, 4_402_010)]),
        shapely.LineString([(484_000, 4_402_010), (489_000, 4_402_000)]),
        shapely.LineString([(481_000, 4_403_000), (481_100, 4_403_000)]),
    ]
    roads = gpd.GeoDataFrame({"class": ["motorway", "motorway", "residential"]}, geometry=lines, crs=CRS)
    layers = {
        "land_cover": _layer("land_cover", as_dataarray(cover, place, CRS, 0)),
        "terrain": _layer("terrain", as_dataarray(height, place, CRS, -9999.0)),
        "parks": _layer("parks", park),
        "roads": _layer("roads", roads),
    }
    return replace(small_run, ground=layers)


def test_the_base_map_draws_water_green_main_roads_and_relief(grounded):
    outline = grounded.layers["towns"].data.union_all()
    card, packed = ground(grounded, SPEC, outline)
    sets = dict(zip([one["name"] for one in card["sets"]], packed, strict=True))
    assert {name: one["n"] for name, one in sets.items()} == {"district": 1, "green": 1, "water": 1, "motorway": 1}
    assert sets["motorway"]["shape"] == "line"
    (south, west), (north, east) = card["relief"]["bounds"]
    at = gpd.GeoSeries([outline], crs=CRS).to_crs("EPSG:4326").total_bounds
    assert (west, south, east, north) == pytest.approx(at, abs=0.02)
    assert len(embed_json([card, packed])) < 300_000


def test_a_base_map_without_layers_is_the_district_alone(small_run):
    card, packed = ground(small_run, SPEC, small_run.layers["towns"].data.union_all())
    assert [one["name"] for one in card["sets"]] == ["district"]
    assert card["relief"] is None
    assert len(packed) == 1


def test_the_base_map_is_among_the_sources_and_in_the_banner(grounded):
    titled = replace(grounded, titles={**grounded.titles, "roads": ("道路", "Roads")})
    assert ("道路（合成示例数据）: made", "Roads (synthetic demonstration data): made") in sources(titled, SPEC)
    assert status_note(titled, SPEC)[0].endswith("底图含合成示例数据。")
    assert "道路" not in status_note(titled, SPEC)[0]


def test_pages_want_what_they_name_and_no_analysis_read(rich_run):
    layers = (Drawn("sites", "points", colour="#111111"), Drawn("rooftops", "packed", colour="#111111"))
    more = replace(SPEC, ground=("roads",), layers=(*layers, Drawn("depots", "points", colour="#111111")))
    assert wanted(rich_run, [more]) == ["roads", "depots"]


class _Workspace:
    def __init__(self, root, specs):
        self.root, self.specs = root, specs

    def layer(self, name):
        if name == "terrain":
            raise MissingError("nobody delivered it")
        return _layer(name, None)


def test_what_nobody_delivered_is_left_out_of_the_base_map(small_run, tmp_path):
    (tmp_path / "maps").mkdir()
    text = 'title_zh = "图"\ntitle_en = "M"\nanalysis = "rooftop_pv"\n[towns]\ncolumn = "pv_energy_mwh_a"\n'
    for name in ("rooftop_pv", "best_roofs"):
        (tmp_path / "maps" / f"{name}.toml").write_text(text, encoding="utf-8")
    card = type("Spec", (), {"title_zh": "甲", "title_en": "A", "columns": {}})()
    run = with_ground(_Workspace(tmp_path, {"terrain": card, "roads": card}), small_run)
    assert list(run.ground) == ["roads"]
    assert run.titles["roads"] == ("甲", "A")
    assert list(run.layers) == list(small_run.layers)
