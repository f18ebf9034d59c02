"""Services on the loopback that answer as the real ones do, and fail as they do."""

from __future__ import annotations

import calendar
import functools
import io
import json
import re
import shutil
import tempfile
import threading
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote_plus

import numpy as np
import osmium
import pandas as pd
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from changping_geo.fetch.client import Client
from changping_geo.fetch.overpass import PATHS, SERVERS
from changping_geo.layers.shapes import _reach
from changping_geo.layers.spec import read_spec
from changping_geo.solar.climate import hourly_year

HOME = Path(__file__).parent.parent / "workspace"


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    cut: int = 0  # bytes that never come, though they were promised
    pause: float = 0.0  # before the last byte [s]


@dataclass
class Service:
    """What the loopback answers: files by address, or functions of (path, form); faults come first."""

    files: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    faults: dict = field(default_factory=dict)  # address -> list of Reply, used up one by one
    failing: float = 0.0
    ranges: bool = True
    served: Counter = field(default_factory=Counter)
    log: list = field(default_factory=list)
    port: int = 0
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    def url(self, url: str) -> str:
        return url.replace("https://", f"http://127.0.0.1:{self.port}/", 1)

    def fail(self, address, *replies):
        """Answer the next requests to an address with these replies: (status, body, and more by name)."""
        made = [Reply(status, body, **more) for status, body, more in ((*r, {})[:3] for r in replies)]
        self.faults.setdefault(address, []).extend(made)

    def reply(self, method, path, headers, form):
        self.log.append((method, path, dict(headers), form))
        whole = self._right(path, headers, form)
        for address, replies in self.faults.items():
            if path.startswith(address) and replies:
                return replies.pop(0)
        if method != "HEAD" and self.chance.random() < self.failing:
            kind = int(self.chance.integers(5))
            if kind == 0:
                return Reply(429, b"slow down", {"Retry-After": "7"})
            if kind == 1:
                return Reply(504, b"<html>gateway</html>")
            if kind == 2:
                return Reply(200 if whole.status == 200 else 503, b"<html>an error page</html>")
            return Reply(whole.status, whole.body, whole.headers, cut=max(1, len(whole.body) // 2))
        return whole

    def _right(self, path, headers, form):
        for address, answer in self.answers.items():
            if path.startswith(address):
                return Reply(200, answer(path, form), {"Content-Type": "application/json"})
        if path not in self.files:
            return Reply(404, b"no such key")
        body, tag = self.files[path], f'"{len(self.files[path])}"'
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", ""))
        if not asked or not self.ranges or headers.get("If-Range", tag) != tag:
            return Reply(200, body, {"ETag": tag})
        first = int(asked[1])
        last = min(int(asked[2] or len(body) - 1), len(body) - 1)
        span = {"ETag": tag, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
        return Reply(206, body[first : last + 1], span)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        form = unquote_plus(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        service = self.server.service
        reply = service.reply(self.command, self.path.removeprefix("/"), self.headers, form)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        body = reply.body[: len(reply.body) - reply.cut] if self.command != "HEAD" else b""
        if reply.pause:
            self.wfile.write(body[:-1])
            self.wfile.flush()
            time.sleep(reply.pause)
            body = body[-1:]
        self.wfile.write(body)
        service.served[self.path.removeprefix("/")] += len(body)
        if reply.cut:
            self.close_connection = True

    do_GET = do_POST = do_HEAD = _answer  # noqa: N815 - the library asks for these names

    def log_message(self, *_):
        pass


class Loopback(ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False

    def handle_error(self, *_):
        """A client that hangs up is no news here."""


@pytest.fixture
def service():
    """A loopback server; a test that uses it is marked with allow_hosts(["127.0.0.1"])."""
    answering = Service()
    server = Loopback(("127.0.0.1", 0), Handler)
    server.service = answering
    answering.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield answering
    server.shutdown()
    server.server_close()
    thread.join()


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self):
        self.now, self.waits = 1000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(service, clock):
    made = Client(clock=clock, sleep=clock.sleep, chance=lambda: 0.5, route=service.url, timeout=(2.0, 2.0))
    yield made
    made.close()


read_once, reaches = functools.cache(read_spec), {}


def reach_once(district, way):
    key = (district, way.source_crs.srs, way.target_crs.srs)
    if key not in reaches:
        reaches[key] = _reach(district, way)
    return reaches[key]


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """The made-up district with nothing but its outline delivered."""
    # the same contracts and the same way between two CRS, for every test
    monkeypatch.setattr("changping_geo.workspace.read_spec", read_once)
    monkeypatch.setattr("changping_geo.layers.shapes._reach", reach_once)
    root = tmp_path / "bare"
    shutil.copytree(HOME / "layers", root / "layers")
    (root / "data_raw").mkdir()
    shutil.copy(HOME / "data_raw" / "district_outline.geojson", root / "data_raw")
    return root


# A piece of OpenStreetMap over the made-up district: three towns (one an enclave in another), roads, and things.

LONLAT = Transformer.from_crs("EPSG:4549", "EPSG:4326", always_xy=True)
WEST, SOUTH = 500_000.0, 4_450_000.0


@dataclass
class Map:
    """Elements as the Overpass API gives them; corners in metres from the district's south-west corner."""

    elements: list = field(default_factory=list)
    corners: dict = field(default_factory=dict)

    def node(self, x, y, tags=None):
        ref = self.corners.setdefault((x, y), 1000 + len(self.corners))
        lon, lat = LONLAT.transform(WEST + x, SOUTH + y)
        known = [e for e in self.elements if e["type"] == "node" and e["id"] == ref]
        if not known:
            self.elements.append({"type": "node", "id": ref, "lat": round(lat, 7), "lon": round(lon, 7)})
            known = self.elements[-1:]
        if tags:
            known[0]["tags"] = tags
        return ref

    def way(self, ref, corners, tags=None):
        nodes = [self.node(*c) for c in corners]
        self.elements.append({"type": "way", "id": ref, "nodes": nodes} | ({"tags": tags} if tags else {}))

    def box(self, ref, x, y, side, tags):
        self.way(ref, [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)], tags)

    def relation(self, ref, members, tags):
        listed = [{"type": "way", "ref": way, "role": role} for way, role in members]
        self.elements.append({"type": "relation", "id": ref, "members": listed, "tags": tags})

    def answer(self, _, form):
        """Answer a query: what is selected and touches the box, with all that it consists of."""
        south, west, north, east = map(float, re.search(r"bbox:([-\d.,]+)", form)[1].split(","))
        rules = re.findall(r'(node|way|relation)\["([^"]+)"(?:~"\^\(([^)]*)\)\$")?\]', form)
        by = {(e["type"], e["id"]): e for e in self.elements}

        def places(e):
            if e["type"] == "node":
                return [e]
            if e["type"] == "way":
                return [by["node", n] for n in e["nodes"]]
            return [p for m in e["members"] for p in places(by["way", m["ref"]])]

        def selected(e):
            tags = e.get("tags", {})
            return any(
                kind == e["type"] and key in tags and (not known or tags[key] in known.split("|"))
                for kind, key, known in rules
            )

        full = [
            e
            for e in self.elements
            if selected(e) and any(south <= p["lat"] <= north and west <= p["lon"] <= east for p in places(e))
        ]
        ways = {m["ref"] for e in full if e["type"] == "relation" for m in e["members"]}
        nodes = {p["id"] for e in full for p in places(e)}
        skel = [{k: v for k, v in by["way", w].items() if k != "tags"} for w in sorted(ways)]
        skel += [{k: v for k, v in by["node", n].items() if k != "tags"} for n in sorted(nodes)]
        stamp = {"timestamp_osm_base": "2026-03-01T00:00:00Z"}
        return json.dumps({"version": 0.6, "osm3s": stamp, "elements": full + skel}).encode()

    def write(self, path):
        with osmium.SimpleWriter(str(path)) as writer:
            for kind, add in (("node", writer.add_node), ("way", writer.add_way), ("relation", writer.add_relation)):
                for e in sorted((e for e in self.elements if e["type"] == kind), key=lambda e: e["id"]):
                    add(_mutable(e))


def _mutable(e):
    common = {"id": e["id"], "version": 1, "tags": e.get("tags", {})}
    if e["type"] == "node":
        return osmium.osm.mutable.Node(**common, location=(e["lon"], e["lat"]))
    if e["type"] == "way":
        return osmium.osm.mutable.Way(**common, nodes=e["nodes"])
    return osmium.osm.mutable.Relation(**common, members=[("w", m["ref"], m["role"]) for m in e["members"]])


def town(name, **more):
    return {"type": "boundary", "boundary": "administrative", "admin_level": "8", "name": name, **more}


@pytest.fixture
def osm():
    """Towns whose borders run 50 m beyond the outline in the west and end 20 m before it in the east."""
    made = Map()
    # the border between west and east, split in two and drawn in opposite directions
    made.way(1, [(5000, -50), (5000, 4000)])
    made.way(2, [(5000, 10050), (5000, 4000)])
    made.way(3, [(5000, 10050), (-50, 10050), (-50, -50), (5000, -50)])
    made.way(4, [(5000, -50), (9980, -50), (9980, 10050), (5000, 10050)])
    made.box(5, 2000, 4000, 1000, None)
    made.way(6, [(9980, -50), (16000, -50), (16000, 10050), (9980, 10050)])
    made.relation(1, [(1, "outer"), (2, "outer"), (3, "outer"), (5, "inner")], town("西镇", **{"name:en": "West Town"}))
    made.relation(2, [(4, "outer"), (2, "outer"), (1, "outer")], town("东街道", ref="130999002"))
    made.relation(3, [(5, "outer")], town("岛镇"))
    made.relation(4, [(4, "outer"), (6, "outer")], town("邻镇"))
    made.relation(5, [(1, "outer")], town("不闭合"))
    # roads: a main road through the district, a side road that meets it, a bridge over it, and others
    main = {"highway": "primary", "maxspeed": "60", "lanes": "4", "name": "主路", "ref": "S1"}
    made.way(10, [(-500, 2000), (2500, 2000), (5000, 2000), (10500, 2000)], main)
    made.way(11, [(5000, 2000), (5000, 8000)], {"highway": "residential", "oneway": "-1", "maxspeed": "20 mph"})
    made.way(12, [(3000, 1000), (3000, 3000)], {"highway": "motorway", "bridge": "yes", "layer": "1"})
    made.box(13, 5000, 8000, 60, {"highway": "tertiary", "junction": "roundabout"})
    made.way(14, [(7000, 7000), (7500, 7000)], {"highway": "residential", "access": "private"})
    made.way(15, [(7000, 7100), (7500, 7100)], {"highway": "footway"})
    made.way(16, [(20000, 2000), (21000, 2000)], {"highway": "primary"})
    # places
    sockets = {
        "socket:chademo": "2",
        "socket:chademo:output": "50 kW",
        "socket:type2": "4",
        "socket:type2:output": "7 kW",
    }
    made.node(6000, 6000, {"amenity": "charging_station", "operator": "国网", "access": "yes", **sockets})
    made.node(6100, 6000, {"amenity": "fuel", "brand": "中国石化", "fuel:octane_92": "yes", "fuel:H70": "yes"})
    made.box(20, 6200, 6000, 50, {"amenity": "fuel", "name": "加油站"})
    made.node(6000, 6300, {"amenity": "parking"})
    made.node(6000, 6400, {"amenity": "parking", "capacity": "120", "park_ride": "yes"})
    made.box(21, 6000, 6500, 60, {"amenity": "parking"})
    made.box(22, 1000, 7000, 400, {"leisure": "park", "name": "大公园"})
    made.box(23, 1100, 7100, 100, {"leisure": "garden"})
    made.box(24, 1000, 8000, 100, {"leisure": "garden", "access": "private"})
    made.box(25, 1000, 500, 300, {"landuse": "residential", "residential": "rural"})
    made.box(26, 8000, 500, 300, {"landuse": "industrial"})
    made.box(27, 8000, 900, 30, {"landuse": "grass"})
    made.box(28, 8500, 900, 30, {"landuse": "farmland"})
    # buildings: one with a courtyard, its outer ring split in two
    made.way(30, [(4000, 500), (4100, 500), (4100, 600)])
    made.way(31, [(4000, 500), (4000, 600), (4100, 600)])
    made.box(32, 4030, 530, 40, None)
    courtyard = {"type": "multipolygon", "building": "school", "building:levels": "3", "roof:shape": "hipped"}
    made.relation(40, [(30, "outer"), (31, "outer"), (32, "inner")], courtyard)
    made.box(33, 4900, 600, 20, {"building": "yes", "height": "12.5 m", "start_date": "1998-05"})
    made.box(34, 4990, 700, 20, {"building": "warehouse", "roof:material": "metal", "height": "9999"})
    made.box(35, 4900, 800, 20, {"building": "construction"})
    return made


@pytest.fixture
def overpass(service, osm):
    for server in SERVERS:
        service.answers[f"{server}{PATHS.get(server, '/api/interpreter')}"] = osm.answer
    return service


# Rasters, GeoParquet and climate files in the formats of their makers.


def world(lon, lat):
    """A smooth height for any place. [m]"""
    return 100.0 + 40.0 * (lon - 120.0) + 30.0 * (lat - 40.0)


@functools.cache
def cog(west, north, size_deg, cells, value, dtype):
    """Return a cloud-optimised GeoTIFF with overviews; `value` gives the cells from longitude and latitude."""
    step = size_deg / cells
    lon = west + step * (np.arange(cells) + 0.5)
    lat = north - step * (np.arange(cells) + 0.5)
    data = value(*np.meshgrid(lon, lat)).astype(dtype)
    made = {"driver": "COG", "width": cells, "height": cells, "count": 1, "crs": "EPSG:4326", "dtype": dtype}
    made |= {"transform": Affine(step, 0, west, 0, -step, north), "blocksize": 128, "compress": "deflate"}
    made |= {"nodata": 0} if dtype == "uint8" else {}
    with tempfile.TemporaryDirectory() as folder:
        with rasterio.open(f"{folder}/a.tif", "w", **made) as file:
            file.write(data, 1)
        return Path(folder, "a.tif").read_bytes()


STEP = 3.0 / 2000


def classes(lon, lat):
    """Land cover that differs from cell to cell, one class that the layer does not have among it."""
    codes = np.array([10, 20, 30, 40, 50, 60, 80, 90, 100], dtype=np.uint8)
    column, row = np.floor((lon - 120.0) / STEP), np.floor((42.0 - lat) / STEP)
    return codes[(np.abs(np.sin(column * 12.9898 + row * 78.233)) * 43_758.5453).astype(int) % 9]


@pytest.fixture
def rasters(service):
    """Tiles as their collections name them, coarser than the real ones."""
    cover = "esa-worldcover.s3.eu-central-1.amazonaws.com/{0}/map/ESA_WorldCover_10m_{1}_N39E120_Map.tif"
    tile = cog(120.0, 42.0, 3.0, 2000, classes, "uint8")
    service.files[cover.format("v200/2021", "2021_v200")] = tile
    service.files[cover.format("v100/2020", "2020_v100")] = tile
    for east in (119, 120):
        name = f"Copernicus_DSM_COG_10_N40_00_E{east}_00_DEM"
        heights = cog(east, 41.0, 1.0, 600, world, "float32")
        service.files[f"copernicus-dem-30m.s3.amazonaws.com/{name}/{name}.tif"] = heights
    folder = "dap.ceda.ac.uk/neodc/esacci/biomass/data/agb/maps/v6.0/geotiff/2022/"
    agb = cog(120.0, 50.0, 10.0, 1000, world, "uint16")
    service.files[f"{folder}N50E120_ESACCI-BIOMASS-L4-AGB-MERGED-100m-2022-fv6.0.tif"] = agb
    name = "GHS_POP_E2020_GLOBE_R2023A_54009_100_V1_0_R5_C29"
    pop = "jeodpp.jrc.ec.europa.eu/ftp/jrc-opendata/GHSL/GHS_POP_GLOBE_R2023A/GHS_POP_E2020_GLOBE_R2023A_54009_100"
    service.files[f"{pop}/V1-0/tiles/{name}.zip"] = people(name)
    service.make_classes, service.make_heights, service.make_cog = classes, world, cog
    return service


@functools.cache
def people(name):
    """Ten persons in every second cell of 100 m around the district."""
    way = Transformer.from_crs("EPSG:4549", "ESRI:54009", always_xy=True)
    x, y = way.transform(WEST, SOUTH)
    left, top = np.floor(x / 100) * 100 - 15_000, np.floor(y / 100) * 100 + 20_000
    cells = np.full((350, 350), -200.0)
    cells[:, ::2] = 10.0
    made = {"driver": "GTiff", "width": 350, "height": 350, "count": 1, "crs": "ESRI:54009", "dtype": "float64"}
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        place = Affine(100, 0, left, 0, -100, top)
        with rasterio.open(f"{folder}/p.tif", "w", nodata=-200.0, transform=place, **made) as file:
            file.write(cells, 1)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("../../evil.txt", "never unpacked")
            archive.write(f"{folder}/p.tif", f"{name}.tif")
    return packed.getvalue()


@functools.cache
def hours():
    """A year of hours at the district, made from months."""
    columns = {
        "ghi_kwh_m2": [75, 85, 115, 140, 155, 150, 150, 140, 115, 100, 80, 70],
        "dhi_kwh_m2": [40, 45, 60, 70, 78, 80, 80, 72, 60, 50, 42, 38],
        "dni_kwh_m2": [78, 78, 90, 105, 110, 98, 98, 98, 85, 88, 80, 76],
        "temp_air_c": [2, 4, 9, 16, 21, 25, 28, 27, 22, 17, 10, 4],
        "diurnal_range_k": [9] * 12,
        "wind_m_s": [2.5] * 12,
    }
    table = pd.DataFrame({"month": range(1, 13), **columns}).astype(dict.fromkeys(columns, float))
    year = hourly_year(table, 40.2294, 120.0587)
    frame = year[["ghi", "dhi", "dni", "temp_air", "wind_speed"]].to_dataframe()
    late = frame.index.year < 2023
    frame.index = frame.index.where(~late, frame.index + pd.Timedelta(days=365))
    return frame.sort_index().round(2)


@functools.cache
def pvgis_json(path, form):
    rows = [
        {
            "time(UTC)": f"{2004 + t.month % 3}{t:%m%d:%H}00", "T2m": r.temp_air, "RH": 60.0, "G(h)": r.ghi,
            "Gb(n)": r.dni, "Gd(h)": r.dhi, "IR(h)": 300.0, "WS10m": r.wind_speed, "WD10m": 90, "SP": 100000,
        }
        for t, r in zip(hours().index, hours().itertuples(), strict=True)
    ]  # fmt: skip
    place = {"latitude": 40.2294, "longitude": 120.0587, "elevation": 52.0, "irradiance_time_offset": 0.5}
    months = [{"month": m, "year": 2004 + m % 3} for m in range(1, 13)]
    meteo = {"radiation_db": "PVGIS-ERA5", "year_min": 2005, "year_max": 2023}
    whole = {
        "inputs": {"location": place, "meteo_data": meteo},
        "outputs": {"months_selected": months, "tmy_hourly": rows},
        "meta": {"inputs": {"location": {}}, "outputs": {}},
    }
    return json.dumps(whole).encode()


POWER = {
    "ALLSKY_SFC_SW_DWN": ("ghi", "Wh/m^2"), "ALLSKY_SFC_SW_DIFF": ("dhi", "Wh/m^2"),
    "ALLSKY_SFC_SW_DNI": ("dni", "Wh/m^2"), "T2M": ("temp_air", "C"), "WS10M": ("wind_speed", "m/s"),
}  # fmt: skip


def power_json(path, form):
    year = int(re.search(r"start=(\d{4})0101", path)[1])
    days = hours().set_axis(pd.date_range(f"{year}-01-01", periods=8760, freq="h"))
    if calendar.isleap(year):
        # 29 February as the day before, and the year goes on from there
        leap = pd.date_range(f"{year}-01-01", periods=8784, freq="h")
        order = np.r_[0:1416, 1392:8760]
        days = hours().iloc[order].set_axis(leap)
    series = {n: {f"{t:%Y%m%d%H}": v for t, v in days[c].items()} for n, (c, _) in POWER.items()}
    whole = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [120.0587, 40.2294, 52.0]},
        "properties": {"parameter": series},
        "header": {"title": "hourly", "fill_value": -999.0, "time_standard": "UTC", "start": f"{year}0101"},
        "messages": [],
        "parameters": {n: {"units": unit, "longname": n} for n, (_, unit) in POWER.items()},
    }
    return json.dumps(whole).encode()


@pytest.fixture
def climate(service):
    service.answers["re.jrc.ec.europa.eu/api/v5_3/tmy"] = pvgis_json
    service.answers["power.larc.nasa.gov/api/temporal/hourly/point"] = power_json
    return service
