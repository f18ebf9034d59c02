"""One command: what is there, what would be asked, and layers that are whole, registered, and never in the way."""

from __future__ import annotations

import json
import re
import tomllib

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from changping_geo import cli
from changping_geo.fetch import engine
from changping_geo.fetch.client import Client
from changping_geo.fetch.entries import put_entry
from changping_geo.layers.register import REGISTER, Entry, Register, sha256_of
from changping_geo.model import SourceError, SpecError, Status
from changping_geo.workspace import Workspace

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
MANY = ["towns", "roads", "rooftops", "land_cover", "terrain", "population"]


@pytest.mark.usefixtures("overpass", "rasters")
def test_a_third_of_the_answers_may_fail_and_the_result_is_the_same(bare, service, client, clock, tmp_path):
    engine.fetch(bare, MANY, client=client)
    right = {p.name: p.rename(tmp_path / p.name) for p in (bare / "data_raw" / "open").iterdir()}
    (bare / REGISTER).unlink()
    cache = bare / ".cache"
    cache.rename(tmp_path / "first-cache")
    calm = len(clock.waits)
    service.failing = 0.3
    asked = len(service.log)
    engine.fetch(bare, MANY, client=client)
    assert len(clock.waits) - calm > 0.2 * (len(service.log) - asked)
    assert {p.name for p in (bare / "data_raw" / "open").iterdir()} == set(right)
    for name, path in right.items():
        again = bare / "data_raw" / "open" / name
        if path.suffix == ".gpkg":
            one, other = gpd.read_file(path), gpd.read_file(again)
            assert one.drop(columns="geometry").equals(other.drop(columns="geometry"))
            assert shapely.equals_exact(one.geometry, other.geometry, 0.0).all()
        else:
            with rasterio.open(path) as a, rasterio.open(again) as b:
                assert np.array_equal(a.read(), b.read())
    assert not list(cache.rglob("draft-*"))


def test_what_was_answered_today_is_not_asked_again(bare, overpass, client):
    engine.fetch(bare, ["fuel_stations"], client=client)
    before = sum(method == "POST" for method, *_ in overpass.log)
    engine.fetch(bare, ["fuel_stations", "hydrogen_stations"], client=client)
    assert sum(method == "POST" for method, *_ in overpass.log) == before


def test_a_fetched_layer_is_open_registered_and_verified(bare, overpass, client):
    (bare / REGISTER).write_text('# kept\n[[file]]\npath = "data_raw/district_outline.geojson" # this too\n')
    engine.fetch(bare, ["fuel_stations"], client=client)
    layer = Workspace(bare).layer("fuel_stations")
    assert layer.status is Status.OPEN
    text = (bare / REGISTER).read_text(encoding="utf-8")
    assert text.startswith('# kept\n[[file]]\npath = "data_raw/district_outline.geojson" # this too\n')
    entry = Register.read(bare).entries["data_raw/open/fuel_stations.gpkg"]
    assert entry.sha256 == sha256_of(bare / entry.path)
    assert 'nwr["amenity"' not in entry.query
    assert 'node["amenity"~"^(fuel)$"]' in entry.query
    assert entry.licence.startswith("ODbL")
    assert (entry.date, entry.status) == ("2026-03-01", "open")


def test_fetching_again_replaces_file_and_entry(bare, overpass, osm, client):
    engine.fetch(bare, ["fuel_stations", "parks"], client=client)
    first = Register.read(bare).entries["data_raw/open/fuel_stations.gpkg"]
    for path in (bare / ".cache" / "fetch" / "osm").iterdir():
        path.unlink()
    osm.box(99, 3000, 3000, 40, {"amenity": "fuel"})
    engine.fetch(bare, ["fuel_stations"], client=client)
    entries = Register.read(bare).entries
    assert len(entries) == 2
    assert entries["data_raw/open/fuel_stations.gpkg"].sha256 != first.sha256
    assert len(Workspace(bare).layer("fuel_stations").data) == 3


def test_delivered_data_stand_in_front_and_are_never_touched(bare, overpass, client):
    delivered = bare / "data_raw" / "fuel_stations.geojson"
    delivered.write_text('{"type": "FeatureCollection", "features": []}')
    told = engine.fetch(bare, ["fuel_stations"], client=client)
    assert "data_raw/fuel_stations.geojson stands in front" in told
    assert Workspace(bare).source("fuel_stations").path == "data_raw/fuel_stations.geojson"
    assert delivered.read_text() == '{"type": "FeatureCollection", "features": []}'


def test_what_somebody_put_or_changed_by_hand_is_not_overwritten(bare, overpass, client):
    engine.fetch(bare, ["fuel_stations"], client=client)
    path = bare / "data_raw" / "open" / "fuel_stations.gpkg"
    path.write_bytes(path.read_bytes() + b"x")
    before = path.read_bytes()
    with pytest.raises(SourceError, match=r"by hand and is not overwritten; move it away"):
        engine.fetch(bare, ["fuel_stations"], client=client)
    path.unlink()
    other = path.with_suffix(".geojson")
    other.write_text("mine")
    with pytest.raises(SourceError, match=r"fuel_stations.geojson was put"):
        engine.fetch(bare, ["fuel_stations"], client=client)
    assert other.read_text() == "mine"
    assert before.endswith(b"x")


def test_a_layer_that_fails_does_not_take_the_others_along(bare, overpass, service, client):
    with pytest.raises(
        SourceError, match=r"1 of 2 layers could not be fetched(.|\n)*terrain: there are no tiles"
    ) as told:
        engine.fetch(bare, ["terrain", "fuel_stations"], client=client)
    assert "data_raw/open/fuel_stations.gpkg: 2 of 2 used" in str(told.value)
    assert [p.name for p in (bare / "data_raw" / "open").iterdir()] == ["fuel_stations.gpkg"]


def test_all_means_all_that_is_not_delivered(bare, overpass, osm, client, tmp_path):
    osm.write(tmp_path / "a.osm.pbf")
    (bare / "data_raw" / "parks.geojson").write_text("{}")
    told = engine.fetch(bare, [], file=tmp_path / "a.osm.pbf", client=client)
    assert "parks: data_raw/parks.geojson stands in front and is not touched; nothing is fetched" in told
    assert told.count("data_raw/open/") == 9
    assert not overpass.log


def test_a_list_says_who_gives_what_for_how_much(bare, capsys):
    assert cli.main(["fetch", "--list", "--language", "en", "--workspace", str(bare)]) == 0
    told = capsys.readouterr().out
    for words in ("ODbL 1.0", "CC BY 4.0", "data_raw/open/roads.gpkg", "overture", "MB", "--from FILE.osm.pbf"):
        assert words in told
    assert cli.main(["fetch", "--list", "--workspace", str(bare)]) == 0
    assert "建筑屋顶" in capsys.readouterr().out


def test_a_dry_run_shows_the_requests_and_makes_none(bare, capsys, monkeypatch):
    monkeypatch.setattr(Client, "read", None)
    monkeypatch.setattr(Client, "reach", None)
    assert cli.main(["fetch", "--all", "--dry-run", "--workspace", str(bare)]) == 0
    told = capsys.readouterr().out
    for words in (
        "POST  https://overpass-api.de/api/interpreter",
        'way["highway"',
        "ESA_WorldCover_10m_2021_v200_N39E120_Map.tif",
        "Copernicus_DSM_COG_10_N40_00_E120_00_DEM.tif",
        "N50E120_ESACCI-BIOMASS",
        "_R5_C29.zip",
        "https://re.jrc.ec.europa.eu/api/v5_3/tmy?lat=40.2294&lon=120.0587",
    ):
        assert words in told


def test_offline_is_said_at_once_with_the_places_for_files(bare, capsys, monkeypatch):
    monkeypatch.setattr(engine, "Client", lambda: Client(route=lambda _: "http://127.0.0.1:9/"))
    assert cli.main(["fetch", "roads", "land_cover", "--workspace", str(bare)]) == 2
    told = capsys.readouterr().err
    for words in (
        "no connection to overpass-api.de",
        "data_raw/open/roads.gpkg",
        "data_raw/open/land_cover.tif",
        "--from",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fetch"], "name layers"),
        (["fetch", "moon"], "unknown layer 'moon'"),
        (["fetch", "forest"], "nobody gives the layer 'forest'"),
        (["fetch", "roads", "--by", "overture"], "these do: osm"),
        (["fetch", "terrain", "--from", "x.osm.pbf"], "nobody gives|these do|open data are fetched"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(bare, capsys, words, said):
    assert cli.main([*words, "--workspace", str(bare)]) == 2
    assert re.search(said, capsys.readouterr().err)


def test_hostile_text_cannot_break_out_of_the_register(tmp_path):
    (tmp_path / "data_raw").mkdir()
    hostile = 'a"]\n[[file]]\npath = "data_raw/evil"\x00\\'
    put_entry(tmp_path, Entry("data_raw/open/a.gpkg", title=hostile, query=hostile, sha256="0" * 64))
    tables = tomllib.loads((tmp_path / REGISTER).read_text(encoding="utf-8"))["file"]
    assert [t["path"] for t in tables] == ["data_raw/open/a.gpkg"]
    assert tables[0]["title"] == hostile.replace("\n", " ").replace("\x00", " ")


def test_comments_between_entries_stay_when_one_is_replaced(tmp_path):
    (tmp_path / "data_raw").mkdir()
    first, last = '# top\n\n[[file]]\npath = "a"\n\n', '\n# of the last one\n[[file]]\npath = "z"\n'
    put_entry(tmp_path, Entry("m", title="old"))
    middle = (tmp_path / REGISTER).read_text(encoding="utf-8")
    (tmp_path / REGISTER).write_text(first + middle + last, encoding="utf-8")
    put_entry(tmp_path, Entry("m", title="new"))
    text = (tmp_path / REGISTER).read_text(encoding="utf-8")
    assert text == first + middle.replace('"old"', '"new"') + last


def test_a_register_written_in_another_way_is_not_edited(tmp_path):
    (tmp_path / "data_raw").mkdir()
    (tmp_path / REGISTER).write_text('file = [{ path = "m" }]\n')
    with pytest.raises(SpecError, match="by hand"):
        put_entry(tmp_path, Entry("m", title="new"))
    assert json.dumps((tmp_path / REGISTER).read_text()) == json.dumps('file = [{ path = "m" }]\n')
