"""OpenStreetMap, by the Overpass API and from a file, becomes layers that their contracts accept."""

from __future__ import annotations

import json

import geopandas as gpd
import pytest
import shapely

from changping_geo.fetch import engine, words
from changping_geo.fetch import overpass as overpass_code
from changping_geo.fetch.asks import FetchError
from changping_geo.fetch.osm import Elements
from changping_geo.fetch.osm_towns import tile
from changping_geo.fetch.rings import rings
from changping_geo.model import Status
from changping_geo.workspace import Workspace

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def fetched(bare, overpass, client):
    """Fetch one layer and give its rows as the workspace reads them."""

    def get(name, **more):
        engine.fetch(bare, [name], client=client, **more)
        ws = Workspace(bare)
        layer = ws.layer(name)
        assert layer.status is Status.OPEN
        return layer.data.set_index(ws.spec(name).key)

    return get


def raw(bare, name):
    return gpd.read_file(bare / "data_raw" / "open" / f"{name}.gpkg")


def test_towns_tile_the_outline_with_holes_and_split_borders(fetched, bare, caplog):
    caplog.set_level("INFO", "changping_geo")
    towns = fetched("towns")
    assert towns["name_zh"].tolist() == ["西镇", "东街道", "岛镇"]
    assert towns.index.tolist() == ["r1", "130999002", "r3"]
    assert towns["kind"].tolist() == ["town", "subdistrict", "town"]
    # to 0.1 m2 per metre of border: places in OpenStreetMap have seven decimals of a degree
    assert towns.geometry.area.tolist() == pytest.approx([49e6, 50e6, 1e6], abs=500)
    assert towns.geometry.area.sum() == pytest.approx(100e6, abs=1.0)
    assert "gaps 0.200 km2" in caplog.text
    assert "overlaps 0.000 km2" in caplog.text
    assert "relations 5" in caplog.text


def test_towns_that_leave_half_of_the_district_out_are_refused(osm, fetched):
    osm.elements = [e for e in osm.elements if e["id"] != 2 or e["type"] != "relation"]
    with pytest.raises(Exception, match=r"fill 50% of the district only"):
        fetched("towns")


def test_overlapping_towns_are_told_and_the_overlap_counts_once(osm, fetched, caplog):
    caplog.set_level("INFO", "changping_geo")
    west = next(e for e in osm.elements if e["type"] == "relation" and e["id"] == 1)
    west["members"] = west["members"][:3]
    towns = fetched("towns")
    assert towns.geometry.area.tolist() == pytest.approx([49e6, 50e6, 1e6], abs=500)
    assert "overlaps 1.000 km2" in caplog.text


def test_a_gap_between_two_towns_is_shared_by_nearness():
    outline = shapely.box(0, 0, 21_000, 1000)
    shapes = tile(shapely.box([0, 11_000], [0, 0], [10_000, 21_000], [1000, 1000]), outline, [])
    with_half = pytest.approx([10.5e6, 10.5e6], rel=0.001)
    assert sorted(shapely.area(shapes)) == with_half
    assert shapely.union_all(shapes).symmetric_difference(outline).area == pytest.approx(0.0, abs=1e-3)
    assert shapely.intersection(*shapes).area == pytest.approx(0.0, abs=1e-6)


def test_roads_are_cut_where_they_meet_and_nowhere_else(fetched, bare):
    roads = fetched("roads")
    assert roads.index.tolist() == ["w10-0", "w10-1", "w11-0", "w12-0", "w13-0"]
    assert roads["class"].tolist() == ["primary", "primary", "residential", "motorway", "tertiary"]
    assert roads["oneway"].tolist() == ["both", "both", "backward", "forward", "forward"]
    assert roads["speed_km_h"].tolist()[:3] == pytest.approx([60.0, 60.0, 32.18688])
    meeting = {tuple(roads.geometry[name].coords[end]) for name, end in (("w10-0", -1), ("w10-1", 0), ("w11-0", 0))}
    assert len(meeting) == 1
    assert raw(bare, "roads").set_index("road_id")["bridge"].tolist() == [False, False, False, True, False]


def test_an_element_in_several_tiles_is_there_once(fetched, monkeypatch, bare, overpass):
    monkeypatch.setitem(overpass_code.TILE_KM2, "roads", 12.0)
    many = fetched("roads")
    asked = [form for method, _, _, form in overpass.log if method == "POST"]
    assert len(asked) == 9
    assert many.index.is_unique
    assert len(many) == 5


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("charging_stations", {"plugs_fast": [2], "plugs_slow": [4], "power_kw": [128.0], "kind": ["public"]}),
        ("fuel_stations", {"brand": ["中国石化", None]}),
        ("hydrogen_stations", {"kind": ["oil_hydrogen"], "status": ["operating"]}),
        ("parking", {"spaces": [120, 120], "kind": ["park_and_ride", None]}),
        ("parks", {"kind": [None], "name": ["大公园"]}),
        ("urban_green", {"kind": [None]}),
        ("built_up", {"kind": ["village", "industrial"]}),
    ],
)
def test_tags_become_the_words_of_the_contract(fetched, layer, expected):
    rows = fetched(layer)
    for column, values in expected.items():
        assert rows[column].astype(object).where(rows[column].notna(), None).tolist() == values


def test_a_park_in_a_park_counts_once(fetched):
    parks = fetched("parks")
    assert parks.geometry.area.sum() == pytest.approx(400.0**2, rel=1e-4)


def test_roofs_have_courtyards_heights_and_uses(fetched):
    roofs = fetched("rooftops")
    assert roofs.index.tolist() == ["w33", "w34", "r40"]
    assert roofs["use"].tolist() == ["other", "industrial", "education"]
    assert roofs.geometry.area.tolist() == pytest.approx([400.0, 400.0, 100.0**2 - 40.0**2], rel=1e-3)
    assert roofs["height_m"].tolist()[0] == 12.5
    assert roofs["height_m"].isna().tolist() == [False, True, True]
    assert roofs["floors"].tolist()[2] == 3
    assert roofs["roof_type"].tolist()[1:] == ["shed_metal", "gable"]
    assert roofs["built_year"].tolist()[0] == 1998


def test_a_file_gives_the_same_as_the_service(bare, osm, overpass, client, tmp_path):
    names, path = list(overpass_code.OFFERS), tmp_path / "district.osm.pbf"
    osm.write(path)
    engine.fetch(bare, names, client=client)
    by_service = {name: raw(bare, name) for name in names}
    engine.fetch(bare, names, file=path, client=client)
    for name in names:
        again, before = raw(bare, name), by_service[name]
        assert again.drop(columns="geometry").equals(before.drop(columns="geometry")), name
        assert shapely.equals_exact(again.geometry, before.geometry, 1e-6).all(), name


def test_a_damaged_file_is_told(bare, client, tmp_path):
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(Exception, match="damaged or no OpenStreetMap file"):
        engine.fetch(bare, ["roads"], file=path, client=client)


def test_the_next_server_is_asked_when_one_fails(fetched, overpass):
    overpass.fail("overpass-api.de/api", *[(504, b"")] * 3)
    assert len(fetched("fuel_stations")) == 2
    asked = [path.partition("/")[0] for method, path, _, _ in overpass.log if method == "POST"]
    assert asked == ["overpass-api.de"] * 3 + ["overpass.private.coffee"]


def test_a_tile_that_is_too_heavy_is_asked_for_in_four(fetched, overpass, osm):
    heavy = json.dumps({"elements": [], "remark": 'runtime error: Query timed out in "query" at line 1'}).encode()
    overpass.fail("overpass-api.de/api", (200, heavy))
    assert len(fetched("fuel_stations")) == 2
    assert sum(method == "POST" for method, *_ in overpass.log) == 5


def test_geometry_given_with_the_elements_is_as_good_as_nodes():
    square = [{"lat": y, "lon": x} for x, y in [(0, 0), (1, 0), (1, 1)]]
    rest = [{"lat": y, "lon": x} for x, y in [(0, 0), (0, 1), (1, 1)]]
    members = [{"type": "way", "ref": 1, "role": "outer", "geometry": square}]
    members += [{"type": "way", "ref": 2, "role": "outer", "geometry": rest}]
    elements = Elements()
    tags = {"type": "multipolygon", "building": "yes"}
    elements.add([{"type": "relation", "id": 7, "members": members, "tags": tags}])
    (item,) = elements.shapes()
    assert (item.name, item.shape.area) == ("r7", 1.0)


@pytest.mark.parametrize(
    ("ways", "closed"),
    [
        ([(1, 2, 3, 1)], 1),
        ([(1, 2), (3, 2), (3, 1)], 1),
        ([(1, 2, 3), (3, 1), (3, 1)], 1),
        ([(1, 2, 3, 1), (4, 5, 6, 4)], 2),
        ([(1, 2, 3)], 0),
        ([(1, 2, 1)], 0),
    ],
)
def test_ways_are_joined_to_rings(ways, closed):
    found = rings(ways)
    assert len(found) == closed
    assert all(ring[0] == ring[-1] for ring in found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60", 60.0),
        ("60 km/h", 60.0),
        ("40 mph", 64.37376),
        ("CN:urban", None),
        ("none", None),
        (None, None),
        ("900", None),
    ],
)
def test_speeds_are_read_or_left_empty(text, value):
    found = words.speed({"maxspeed": text} if text else {})
    assert found == (pytest.approx(value) if value else None)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"oneway": "yes"}, "forward"),
        ({"oneway": "-1"}, "backward"),
        ({"oneway": "no", "highway": "motorway"}, "both"),
        ({"highway": "motorway"}, "forward"),
        ({"highway": "motorway_link"}, "both"),
        ({"junction": "roundabout"}, "forward"),
        ({"oneway": "reversible"}, "both"),
        ({"oneway": "yes", "oneway:motor_vehicle": "no"}, "both"),
    ],
)
def test_directions_are_stated_or_implied(tags, expected):
    assert words.direction(tags) == expected


def test_nothing_mapped_is_said_plainly(fetched, osm):
    osm.elements = []
    with pytest.raises(Exception, match="OpenStreetMap has no roads here"):
        fetched("roads")
    assert issubclass(FetchError, Exception)
