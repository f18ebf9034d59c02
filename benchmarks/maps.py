"""Map pages in one file: how long they take to write, how large they are, and how they move in a browser.

Run: python benchmarks/maps.py [numbers of roofs]. Chromium runs without a network and without a graphics card. Figures
are of one run on one machine; the last column is the memory of the page's own process. Each variant is a function of
its own that writes a page, and words in which a browser asks the page to move. Peers are taken at their best: one
canvas for all shapes, coordinates cut to six decimals, no legend, and their outside scripts inside the page like ours.
A variant is not asked for more roofs than it can bear (``most``); below each row stands how many times as much as ours
it takes. Page builders of map tiles (PMTiles with protomaps-leaflet) are left out: no Python package brings the script;
how long GDAL takes for such tiles, and how large they are, is told.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

sys.path.insert(0, str(Path(__file__).parents[1]))

from changping_geo.layers.spec import Column
from changping_geo.model import Analysis, Frame, Layer, Ledger, Output, Result, Run, Status
from changping_geo.present.classes import classify
from changping_geo.present.mapspec import Drawn, MapSpec, Towns
from changping_geo.present.offline import page_html, take_offline
from changping_geo.present.webmap import write_map

HERE = Path(__file__).parents[1]
CRS = "EPSG:4548"
CENTRE = (40.05, 116.45)
TIMES = 7
HEADS = ("write s", "MB", "seen s", "whole s", "pan z11", "pan z15", "zoom 14", "zoom 15", "RSS MB")
WORDS = ["a", "b", "c", "d"]


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


browsing = _load(HERE / "tests" / "present" / "test_browser.py").browsing


def roofs(n):
    """Rectangles and L-shapes in rows, in settlements of several hundred, over 60 km by 36 km."""
    rng = np.random.default_rng(11)
    places = rng.uniform((430_000, 4_430_000), (490_000, 4_466_000), (max(1, n // 700), 2))
    at = places[rng.integers(0, len(places), n)] + np.round(rng.normal(0, 260, (n, 2)) / 14) * 14
    wide, deep = rng.uniform(7, 22, n), rng.uniform(6, 12, n)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    notch = np.array([[0, 0], [1, 0], [1, 0.6], [0.5, 0.6], [0.5, 1], [0, 1]])
    size = np.stack([wide, deep], axis=1)
    bent = rng.random(n) < 0.3
    shapes = np.empty(n, dtype=object)
    for kind, where in ((corners, ~bent), (notch, bent)):
        shapes[where] = shapely.polygons(at[where][:, None, :] + kind[None] * size[where][:, None, :])
    frame = gpd.GeoDataFrame({"roof_id": [f"R{i:07d}" for i in range(n)]}, geometry=shapes, crs=CRS)
    return frame.assign(floors=rng.integers(1, 30, n), use=rng.choice(WORDS, n), kw=np.round(frame.area * 0.18, 1))


def run_of(frame):
    """A finished run of those roofs in twenty-two towns."""
    west, south, east, north = 430_000, 4_430_000, 490_000, 4_466_000
    xs, ys = np.linspace(west, east, 12), np.linspace(south, north, 3)
    boxes = [shapely.box(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(2) for i in range(11)]
    codes = [f"{i:03d}" for i in range(22)]
    towns = gpd.GeoDataFrame({"town_code": codes, "name_zh": codes, "name_en": codes}, geometry=boxes, crs=CRS)
    column = np.clip(((frame.centroid.x - west) / (east - west) * 11).astype(int), 0, 10)
    features = pd.DataFrame({"kw": frame["kw"], "mwh": frame["kw"] * 1.2}, index=frame.index)
    features["town_code"] = [codes[c] for c in column]
    by_town = features.groupby("town_code")[["kw", "mwh"]].sum().reindex(codes, fill_value=0.0)
    by_town.loc["outside"] = 0.0
    by_town.loc["district"] = by_town.sum()
    outputs = tuple(Output(n, u, n, n, "") for n, u in (("kw", "kW"), ("mwh", "MWh/a")))
    cards = {n: Column(n, "text", n, n) for n in ("roof_id", "use")}
    layers = {
        n: Layer(n, data, Status.OPEN, {}, Ledger(n, len(data)))
        for n, data in (("towns", towns), ("roofs", frame.drop(columns="kw")))
    }
    analysis = Analysis("pv", "光伏", "PV", "", tuple(layers), (), outputs, (), Status.OPEN)
    titles = {n: (n, n) for n in layers}
    frame_ = Frame("bench", "测区", "Bench", CRS, 8.0)
    return Run(
        frame_, "0", layers, titles, {"roofs": cards}, {"pv": analysis}, {"pv": Result(by_town, {"roofs": features})}
    )


@dataclass
class Variant:
    """A page, and what a browser is told: when it stands, and when it is drawn; ``{map}`` is its Leaflet map."""

    write: object
    up: str
    idle: str
    most: int = 10_000_000


def ours(frame, path):
    """This package: packed columns on canvas tiles, squares below zoom 14, filters and pop-ups."""
    spec = MapSpec(
        "bench",
        "测",
        "Bench",
        "pv",
        towns=Towns("mwh"),
        layers=(
            Drawn(
                "roofs",
                "packed",
                column="kw",
                kind="geometric",
                popup=("use", "floors", "kw", "mwh"),
                filters=("kw", "use"),
                min_zoom=14,
                grid_m=500,
                grid_column="mwh",
            ),
        ),
    )
    write_map(run_of(frame), spec, path)
    return "PlanMap.app.map"


def _folium_map():
    return folium.Map([40.2, 116.2], zoom_start=10, tiles=None, prefer_canvas=True, zoom_control=False)


def _written(page, path):
    path.write_text(page_html(take_offline(page)), encoding="utf-8")
    return page.get_name()


def _lonlat(frame):
    """Rows as a peer gets them: longitude and latitude to six decimals, and a class for the colour."""
    classes = classify(frame["kw"], 6, "geometric")
    rows = frame.to_crs("EPSG:4326")
    rows = rows.set_geometry(shapely.transform(rows.geometry.to_numpy(), lambda xy: np.round(xy, 6)), crs="EPSG:4326")
    return rows.assign(place=classes.index(frame["kw"])), list(classes.colours)


def folium_python(frame, path):
    """folium.GeoJson with a style function in Python and a tooltip, canvas."""
    rows, colours = _lonlat(frame)
    page = _folium_map()
    folium.GeoJson(
        rows,
        style_function=lambda row: {"fillColor": colours[row["properties"]["place"]], "weight": 0, "fillOpacity": 0.9},
        tooltip=folium.GeoJsonTooltip(["use", "floors", "kw"]),
    ).add_to(page)
    return _written(page, path)


def folium_javascript(frame, path):
    """folium.GeoJson with one style function in JavaScript and a tooltip, canvas."""
    rows, colours = _lonlat(frame)
    page = _folium_map()
    code = f"function(row){{return {{fillColor: {colours!r}[row.properties.place], weight: 0, fillOpacity: 0.9}}}}"
    tooltip = folium.GeoJsonTooltip(["use", "floors", "kw"])
    folium.GeoJson(rows, style=folium.JsCode(code), tooltip=tooltip).add_to(page)
    return _written(page, path)


def explore(frame, path):
    """GeoDataFrame.explore, canvas."""
    rows, _ = _lonlat(frame)
    told = ["use", "floors", "kw"]
    page = rows.explore("kw", k=6, scheme="quantiles", tooltip=told, legend=False, m=_folium_map())
    return _written(page, path)


_DRAWN = "typeof {map} !== 'undefined' && Object.keys({map}._layers).length > 1000"
VARIANTS = {
    "ours": Variant(ours, "window.PlanMap && PlanMap.app && document.querySelector('path.town')", "PlanMap.app.idle()"),
    "folium, JavaScript style": Variant(folium_javascript, _DRAWN, "true", 300_000),
    "folium, Python style": Variant(folium_python, _DRAWN, "true", 50_000),
    "explore()": Variant(explore, _DRAWN, "true", 50_000),
}

#: Until two frames were shown, and for zooms until every tile is drawn.
_FRAMES = "new Promise(function(r){requestAnimationFrame(function(){requestAnimationFrame(r)})})"


def moved(browser, leaflet, idle, what, settle):
    """Milliseconds until a move is seen; with `settle`, until everything is drawn."""
    idle = idle if settle else "true"
    return browser.js(
        f"(function(){{var m={leaflet},t=performance.now();{what};return new Promise(function(r){{(function w(){{"
        f"{_FRAMES}.then(function(){{if({idle}){{r(performance.now()-t)}}else{{w()}}}})}})()}})}})()"
    )


def renderer_mb(browser):
    """Resident memory of the page's process: the largest renderer below the browser."""
    parents, sizes = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = dict(x.split(":", 1) for x in (folder / "status").read_text().splitlines() if ":" in x)
            parents[int(folder.name)] = int(lines["PPid"])
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                sizes[int(folder.name)] = int(lines["VmRSS"].split()[0]) / 1024
        except (OSError, KeyError):
            continue

    def below(pid):
        while pid in parents:
            pid = parents[pid]
            if pid == browser.pid:
                return True
        return False

    return max((size for pid, size in sizes.items() if below(pid)), default=float("nan"))


def measure(variant, frame, path):
    """The figures of a page, in the order of `HEADS`; medians and, for moves, the worst."""
    variant.write(frame.iloc[:50], path)  # what is imported late is imported now
    began = time.perf_counter()
    leaflet = variant.write(frame, path)
    wrote = time.perf_counter() - began
    up, idle = variant.up.replace("{map}", leaflet), variant.idle.replace("{map}", leaflet)
    with browsing() as browser:
        screen = {"width": 1366, "height": 768, "deviceScaleFactor": 1, "mobile": False}
        browser.call("Emulation.setDeviceMetricsOverride", **screen)
        began = time.perf_counter()
        browser.call("Page.navigate", url=path.as_uri())
        browser.wait(
            f"(() => {{ try {{ return {up} }} catch {{ return false }} }})()", 900
        )  # scripts may not be read yet
        browser.js(_FRAMES)
        seen = time.perf_counter() - began
        browser.wait(idle, 900)
        whole = time.perf_counter() - began
        lat, lng = CENTRE
        pan, far, near, street = [], [], [], []
        for i in range(TIMES):
            at = f"[{lat + 0.01 * i},{lng + 0.01 * i}]"
            aside = "m.panBy([200,0],{animate:false})"
            moved(browser, leaflet, idle, f"m.setView({at},11,{{animate:false}})", settle=True)
            pan.append(moved(browser, leaflet, idle, aside, settle=False))
            far.append(moved(browser, leaflet, idle, f"m.setView({at},14,{{animate:false}})", settle=True))
            near.append(moved(browser, leaflet, idle, f"m.setView({at},15,{{animate:false}})", settle=True))
            street.append(moved(browser, leaflet, idle, aside, settle=False))
        memory = renderer_mb(browser)
    moves = [(statistics.median(x), max(x)) for x in (pan, street, far, near)]
    return [wrote, path.stat().st_size / 1e6, seen, whole, *moves, memory]


def row(name, figures):
    cells = [f"{x[0]:6.0f}/{x[1]:<5.0f}" if isinstance(x, tuple) else f"{x:7.2f}" for x in figures[:-1]]
    print(f"{name:28} {' '.join(cells)} {figures[-1]:7.0f}", flush=True)


def ratios(figures, ours_):
    pairs = [(x[0], y[0]) if isinstance(x, tuple) else (x, y) for x, y in zip(figures, ours_, strict=True)]
    widths = [7, 7, 7, 7, 12, 12, 12, 12, 7]
    cells = [f"{f'×{x / y:.1f}':>{w}}" for (x, y), w in zip(pairs, widths, strict=True)]
    print(f"{'':28} {' '.join(cells)}", flush=True)


def tiles(frame, path):
    """Seconds and megabytes of vector tiles that GDAL writes, zooms 12 to 14."""
    rows, _ = _lonlat(frame)
    began = time.perf_counter()
    pyogrio.write_dataframe(
        rows[["kw", "place", "geometry"]], path, driver="PMTiles", dataset_options={"MINZOOM": 12, "MAXZOOM": 14}
    )
    print(
        f"PMTiles by GDAL, z12–14      {time.perf_counter() - began:7.2f} {path.stat().st_size / 1e6:7.2f}  (no page)"
    )


def main(counts):
    for n in counts:
        frame = roofs(n)
        print(f"\n{n:,} roofs; milliseconds as median/worst of {TIMES}")
        print("{:28} {:>7} {:>7} {:>7} {:>7} {:>12} {:>12} {:>12} {:>12} {:>7}".format("", *HEADS))
        first = None
        with tempfile.TemporaryDirectory() as folder:
            for number, (name, variant) in enumerate(VARIANTS.items()):
                if n > variant.most:
                    print(f"{name:28} cut off above {variant.most:,} roofs", flush=True)
                    continue
                figures = measure(variant, frame, Path(folder) / f"{number}.html")
                row(name, figures)
                if first is None:
                    first = figures
                else:
                    ratios(figures, first)
            tiles(frame, Path(folder) / "roofs.pmtiles")


if __name__ == "__main__":
    main([int(x) for x in sys.argv[1:]] or [10_000, 50_000, 300_000])
