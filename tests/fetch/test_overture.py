"""Overture Maps: of large GeoParquet files only the row groups and columns of the district are read."""

from __future__ import annotations

import io
import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from changping_geo.fetch import engine
from changping_geo.fetch.asks import Ask, FetchError
from changping_geo.fetch.checks import is_parquet
from changping_geo.fetch.overture import COLUMNS, rows_in
from changping_geo.fetch.remote import RemoteFile
from changping_geo.workspace import Workspace

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
RELEASE = "2026-02-18.0"
STAC, BUCKET = "stac.overturemaps.org/", "overturemaps-us-west-2.s3.us-west-2.amazonaws.com/"
KEY = f"release/{RELEASE}/theme={{0}}/type={{1}}/part-{{2}}.zstd.parquet"
SAMPLES = Path(os.environ.get("GEO_SAMPLES", "/nowhere")) / "overture_parquet"


def parquet(shapes, group=200, **columns):
    """A GeoParquet file as the bucket has them: WKB, a bbox in float32, row groups along the longitude."""
    west, south, east, north = shapely.bounds(shapes).astype(np.float32).T
    box = pa.StructArray.from_arrays(
        [pa.array(v, pa.float32()) for v in (west, east, south, north)], ["xmin", "xmax", "ymin", "ymax"]
    )
    n = len(shapes)
    names = pa.array([{"primary": f"楼{i}", "common": [("zh", f"楼{i}"), ("en", "x" * 40)]} for i in range(n)],
                     pa.struct([("primary", pa.string()), ("common", pa.map_(pa.string(), pa.string()))]))  # fmt: skip
    noise = np.random.default_rng(1).bytes(200 * n)
    data = {"id": pa.array([f"b{i}" for i in range(n)]), "geometry": pa.array(shapely.to_wkb(shapes)), "bbox": box}
    data |= {"names": names, **{k: v if isinstance(v, pa.Array) else pa.array(v) for k, v in columns.items()}}
    # what no layer needs, and most of the file
    data["sources"] = pa.array([noise[i * 200 : i * 200 + 200] for i in range(n)])
    file = io.BytesIO()
    pq.write_table(pa.table(data), file, row_group_size=group, compression="zstd")
    return file.getvalue()


@pytest.fixture
def bucket(service):
    """Two files of buildings, one of them far away; ten thousand squares of 20 m along the parallel."""
    lon = np.sort(np.random.default_rng(3).uniform(118.0, 124.0, 10_000))
    lat = np.full(10_000, 40.23)
    side = 0.0002
    shapes = shapely.box(lon, lat, lon + side, lat + side)
    n = len(shapes)
    floats = np.where(np.arange(n) % 2, 15.0, np.nan)
    facts = {
        "class": ["warehouse", None] * (n // 2),
        "subtype": ["industrial", "residential"] * (n // 2),
        "height": pa.array(floats, from_pandas=True),
        "num_floors": pa.array([5, None] * (n // 2), pa.int32()),
        "roof_shape": ["flat", None] * (n // 2),
    }
    near, far = KEY.format("buildings", "building", "00001"), KEY.format("buildings", "building", "00002")
    service.files[BUCKET + near] = parquet(shapes, **facts)
    service.files[BUCKET + far] = b"PAR1 never read"
    stac(service, "buildings", "building", {near: [118.0, 40.0, 124.0, 41.0], far: [-10.0, 40.0, 10.0, 50.0]})
    service.inside = int(((lon + side >= 120.0) & (lon <= 120.11757)).sum())
    return service


def stac(service, theme, kind, extents):
    def put(path, whole):
        service.files[STAC + path] = json.dumps(whole).encode()

    put("catalog.json", {"type": "Catalog", "latest": RELEASE})
    home = f"{RELEASE}/{theme}/{kind}"
    links = [{"rel": "root", "href": "../../catalog.json"}]
    for i, (key, box) in enumerate(extents.items()):
        links.append({"rel": "item", "href": f"./{i:05d}/{i:05d}.json"})
        href = f"https://{BUCKET}{key}" if i else f"s3://overturemaps-us-west-2/{key}"
        put(f"{home}/{i:05d}/{i:05d}.json", {"bbox": box, "assets": {"aws": {"href": href}}})
    put(f"{home}/collection.json", {"type": "Collection", "links": links})


def test_the_rows_of_the_district_cost_a_small_part_of_the_file(bare, bucket, client):
    engine.fetch(bare, ["rooftops"], "overture", client=client)
    roofs = Workspace(bare).layer("rooftops").data
    assert len(roofs) == bucket.inside
    near, far = (BUCKET + KEY.format("buildings", "building", f"0000{i}") for i in (1, 2))
    whole = len(bucket.files[near])
    assert bucket.served[far] == 0
    assert bucket.served[near] < 0.15 * whole


def test_buildings_have_the_words_of_the_contract(bare, bucket, client):
    engine.fetch(bare, ["rooftops"], "overture", client=client)
    roofs = Workspace(bare).layer("rooftops").data
    even = roofs["roof_id"].str.removeprefix("b").astype(int) % 2 == 0
    assert set(roofs["use"][even]) == {"industrial"}
    assert set(roofs["use"][~even]) == {"housing"}
    assert roofs["height_m"][~even].eq(15.0).all()
    assert roofs["height_m"][even].isna().all()
    assert set(roofs["floors"][even]) == {5}
    assert roofs["name"].str.startswith("楼").all()


def part(url, first, last):
    return Ask(url, ("x.example",), span=(first, last), gap_s=0.0)


@pytest.mark.parametrize(("blocks", "share"), [(1024, 0.05), (65_536, 0.08)])
def test_only_groups_and_columns_that_are_wanted_are_downloaded(service, client, blocks, share):
    lon = np.linspace(100.0, 140.0, 20_000)
    service.files["x.example/a.parquet"] = parquet(shapely.box(lon, 30.0, lon + 0.001, 30.001), group=500)
    remote = RemoteFile(client, partial(part, "https://x.example/a.parquet"), is_parquet, block=blocks)
    found = rows_in(remote, (120.0, 29.0, 120.5, 31.0), ("id", "geometry", "bbox", "not there"))
    expected = int(((np.float32(lon + 0.001) >= 120.0) & (np.float32(lon) <= 120.5)).sum())
    assert found.num_rows == expected
    assert found.column_names == ["id", "geometry", "bbox"]
    assert service.served["x.example/a.parquet"] < share * len(service.files["x.example/a.parquet"])


def test_a_box_without_rows_gives_none(service, client):
    service.files["x.example/a.parquet"] = parquet(shapely.box(*np.ones((4, 5)) * [[1], [1], [2], [2]]))
    remote = RemoteFile(client, partial(part, "https://x.example/a.parquet"), is_parquet)
    assert rows_in(remote, (50.0, 50.0, 51.0, 51.0), COLUMNS["buildings"]).num_rows == 0


def test_places_become_stations_and_closed_ones_do_not(bare, service, client):
    shapes = shapely.points([120.01, 120.02, 120.03, 120.04], [40.2] * 4)
    kinds = ["ev_charging_station", "ev_charging_station", "gas_station", "bakery"]
    categories = pa.array([{"primary": k} for k in kinds])
    key = KEY.format("places", "place", "00000")
    service.files[BUCKET + key] = parquet(
        shapes, categories=categories, operating_status=["open", "permanently_closed", "open", "open"]
    )
    stac(service, "places", "place", {key: [120.0, 40.0, 121.0, 41.0]})
    engine.fetch(bare, ["charging_stations", "fuel_stations"], "overture", client=client)
    ws = Workspace(bare)
    assert ws.layer("charging_stations").data["station_id"].tolist() == ["b0"]
    assert ws.layer("fuel_stations").data["station_id"].tolist() == ["b2"]


def test_divisions_become_towns(bare, service, client):
    shapes = shapely.box([119.9, 120.06, 119.0], [40.1, 40.1, 39.0], [120.06, 120.2, 122.0], [40.4, 40.4, 41.0])
    clipped = shapely.intersection(shapes, shapely.box(119.99, 40.18, 120.13, 40.28))
    clipped[2] = shapes[2]
    key = KEY.format("divisions", "division_area", "00000")
    service.files[BUCKET + key] = parquet(clipped, subtype=["localadmin", "localadmin", "county"])
    stac(service, "divisions", "division_area", {key: [119.0, 39.0, 122.0, 41.0]})
    engine.fetch(bare, ["towns"], "overture", client=client)
    towns = Workspace(bare).layer("towns").data
    assert towns["name_zh"].tolist() == ["楼0", "楼1"]
    assert towns.geometry.area.sum() == pytest.approx(100e6, rel=1e-6)


def test_a_catalogue_that_names_another_bucket_is_not_followed(bare, bucket, client):
    item = f"{STAC}{RELEASE}/buildings/building/00000/00000.json"
    bucket.files[item] = bucket.files[item].replace(b"s3://overturemaps-us-west-2/", b"https://evil.example/")
    with pytest.raises(Exception, match="names no Parquet file"):
        engine.fetch(bare, ["rooftops"], "overture", client=client)
    assert not any(path.startswith("evil") for _, path, _, _ in bucket.log)
    assert issubclass(FetchError, Exception)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no real samples (GEO_SAMPLES)")
def test_real_buildings_are_read(service, client):
    service.files["x.example/a.parquet"] = (SAMPLES / "overture_buildings.parquet").read_bytes()
    remote = RemoteFile(client, partial(part, "https://x.example/a.parquet"), is_parquet)
    everywhere = rows_in(remote, (-180.0, -90.0, 180.0, 90.0), COLUMNS["buildings"])
    assert everywhere.num_rows == 100
    assert rows_in(remote, (7.0, 50.0, 7.5, 50.5), COLUMNS["buildings"]).num_rows == 100
    assert rows_in(remote, (8.0, 50.0, 8.5, 50.5), COLUMNS["buildings"]).num_rows == 0
