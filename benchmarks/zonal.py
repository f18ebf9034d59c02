"""Class tables and sums by zone of one generated 10 m raster: this package against rasterstats, exactextract and xvec.

Run: python benchmarks/zonal.py [rounds] [--small]. Every tool runs in a process of its own on the same files, round by
round in turn, so that ratios hold when the machine's speed drifts; seconds are medians, without imports and without
reading the zones, peak memory is that of the whole process. Each tool is given its best settings: GDAL decodes on all
processors and holds 64 MB of blocks, exactextract and xvec are run in both strategies where they can, rasterstats by
categories. exactextract and xvec count shares of cells, rasterstats centres; so ours is shown by either rule.
InVEST's carbon model (3.20.2) took 44 s for the same land cover without any zones [published in its comparison of this
raster's size, not run here], pygeoprocessing 12.9 s and 40.4 s; they need GDAL's headers to be built.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin
from shapely import MultiPoint, box

sys.path.insert(0, str(Path(__file__).parents[1]))

from changping_geo.geo.zonal import class_table, value_table
from changping_geo.layers.rasters import read_raster

CRS = "EPSG:4548"
CELL, WEST, NORTH = 10.0, 430_000.0, 4_500_000.0
ROWS, COLUMNS = 7000, 14_000
CLASSES = 11
#: Seconds of the study of tools at this raster's size, for those that are not run here.
PUBLISHED = {"InVEST carbon, no zones": 44.0, "pygeoprocessing, 22": 12.9, "pygeoprocessing, 2000": 40.4}


def make_rasters(folder, rows, columns):
    """Land cover of patches some 300 m wide, and biomass with a texture in every cell."""
    rng = np.random.default_rng(5)
    rough = rng.normal(size=(CLASSES, rows // 30 + 2, columns // 30 + 2)).astype(np.float32)
    place = {"driver": "GTiff", "height": rows, "width": columns, "count": 1, "crs": CRS, "tiled": True,
             "transform": from_origin(WEST, NORTH, CELL, CELL), "blockxsize": 512, "blockysize": 512,
             "compress": "deflate"}  # fmt: skip
    cover = rasterio.open(folder / "cover.tif", "w", dtype="uint8", nodata=0, **place)
    biomass = rasterio.open(folder / "biomass.tif", "w", dtype="float32", nodata=-9999, predictor=3, **place)
    with cover, biomass:
        for top in range(0, rows, 512):
            y = np.arange(top, min(top + 512, rows))
            best = _smooth(rough, y, np.arange(columns)).argmax(axis=0).astype(np.uint8) + 1
            values = best * 11 + rng.normal(0, 2, best.shape).astype(np.float32)
            window = ((top, top + len(y)), (0, columns))
            cover.write(best, 1, window=window)
            biomass.write(values.astype(np.float32), 1, window=window)


def _smooth(rough, y, x):
    i, j = y // 30, x // 30
    v, u = ((y % 30) / 30).astype(np.float32)[:, None], ((x % 30) / 30).astype(np.float32)[None, :]
    upper = rough[:, i][:, :, j] * (1 - u) + rough[:, i][:, :, j + 1] * u
    lower = rough[:, i + 1][:, :, j] * (1 - u) + rough[:, i + 1][:, :, j + 1] * u
    return upper * (1 - v) + lower * v


def make_zones(folder, n, vertices, rows, columns):
    """Zones that tile the raster exactly, with winding borders that neighbours share corner by corner."""
    rng = np.random.default_rng(n)
    width, height = columns * CELL, rows * CELL
    extent = box(WEST, NORTH - height, WEST + width, NORTH)
    points = MultiPoint(rng.uniform((WEST, NORTH - height), (WEST + width, NORTH), (n, 2)))
    cells = shapely.intersection(np.array(shapely.voronoi_polygons(points, extend_to=extent).geoms), extent)
    lines = shapely.union_all(shapely.boundary(cells))
    lines = shapely.segmentize(lines, 2 * lines.length / vertices)
    size = (width * height / n) ** 0.5

    def wind(xy):
        x, y = (xy[:, 0] - WEST) / width, (NORTH - xy[:, 1]) / height
        calm = np.minimum(np.minimum(x, 1 - x) * width, np.minimum(y, 1 - y) * height)
        calm = np.clip(calm / size, 0, 1)
        out = xy.copy()
        for wave, phase in ((0.9, 0.3), (0.23, 1.1), (0.07, 2.0)):
            out[:, 0] += calm * size * wave * 0.03 * np.sin(2 * np.pi * xy[:, 1] / (size * wave) + phase)
            out[:, 1] += calm * size * wave * 0.03 * np.sin(2 * np.pi * xy[:, 0] / (size * wave) - phase)
        return out

    zones = gpd.GeoDataFrame(
        geometry=list(shapely.polygonize(shapely.get_parts(shapely.transform(lines, wind))).geoms), crs=CRS
    )
    zones.to_parquet(folder / f"zones_{n}.parquet")
    corners = int(shapely.get_num_coordinates(zones.geometry.array).sum())
    print(
        f"{len(zones)} zones with {corners:,} corners, {zones.area.sum() / extent.area - 1:+.1e} of the raster's area"
    )


def ours(zones, path, what, exact):
    rule = {"exact_below_m2": np.inf if exact else 0.0, "engine": "numba"}
    with rasterio.open(path) as file:
        if what == "classes":
            return class_table(file, zones, **rule).frame("cells").to_numpy()
        return value_table(file, zones, **rule)["sum"].to_numpy()


def by_rasterstats(zones, path, what):
    zonal_stats = import_module("rasterstats").zonal_stats
    if what == "classes":
        found = zonal_stats(zones, path, categorical=True)
        return np.array([[row.get(k, 0) for k in range(1, CLASSES + 1)] for row in found], dtype=float)
    return np.array([row["sum"] for row in zonal_stats(zones, path, stats=["sum"])])


def by_exactextract(zones, path, what, strategy):
    exact_extract = import_module("exactextract").exact_extract
    ops = ["unique", "frac", "count"] if what == "classes" else ["sum"]
    got = exact_extract(path, zones, ops, strategy=strategy, output="pandas")
    return _fractions(got["unique"], got["frac"], got["count"]) if what == "classes" else got["sum"].to_numpy()


def _fractions(unique, share, count):
    out = np.zeros((len(count), CLASSES))
    for i, (u, f, n) in enumerate(zip(unique, share, count, strict=True)):
        out[i, np.asarray(u, dtype=int) - 1] = np.asarray(f) * n
    return out


def by_xvec(zones, path, what, strategy):
    import_module("xvec")  # its accessor
    held = read_raster(Path(path))
    held = held.astype("float32") if what == "sums" else held
    ops = ["unique", "frac", "count"] if what == "classes" else ["sum"]
    got = held.drop_attrs().xvec.zonal_stats(
        zones.geometry, "x", "y", stats=ops, method="exactextract", strategy=strategy
    )
    if what == "sums":
        return np.asarray(got.to_numpy(), dtype=float).ravel()
    return _fractions(*(got.sel(zonal_statistics=op).to_numpy().ravel() for op in ops))


TOOLS = {
    "ours, centres": lambda z, p, w: ours(z, p, w, exact=False),
    "ours, shares": lambda z, p, w: ours(z, p, w, exact=True),
    "rasterstats": by_rasterstats,
    "exactextract, by feature": lambda z, p, w: by_exactextract(z, p, w, "feature-sequential"),
    "exactextract, by raster": lambda z, p, w: by_exactextract(z, p, w, "raster-sequential"),
    "xvec, by feature": lambda z, p, w: by_xvec(z, p, w, "feature-sequential"),
    "xvec, by raster": lambda z, p, w: by_xvec(z, p, w, "raster-sequential"),
}
NEEDS = {"rasterstats": ("rasterstats",), "exactextract": ("exactextract",), "xvec": ("xvec", "rioxarray")}


def child(folder, tool, what, n):
    """Run one tool once; print seconds and peak memory, and leave its table behind."""
    zones = gpd.read_parquet(folder / f"zones_{n}.parquet")
    path = str(folder / ("cover.tif" if what == "classes" else "biomass.tif"))
    warm_up(tool, zones.iloc[:1], path, what)
    before = time.perf_counter()
    found = TOOLS[tool](zones, path, what)
    seconds = time.perf_counter() - before
    np.save(folder / f"{tool}_{what}_{n}.npy", found)
    held = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]  # not inherited, unlike ru_maxrss
    print(json.dumps([seconds, int(held) / 1024]))


def warm_up(tool, zone, path, what):
    """Let every tool import what it imports late, on one small zone."""
    small = zone.set_geometry(zone.representative_point().buffer(50.0))
    if not tool.startswith("xvec"):
        TOOLS[tool](small, path, what)
    else:
        import_module("xvec")
        import_module("exactextract")


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("rounds", nargs="?", type=int, default=3)
    words.add_argument("--small", action="store_true", help="a tenth of the raster in each direction")
    words.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.child:
        folder, tool, what, n = asked.child
        child(Path(folder), tool, what, int(n))
        return
    rows, columns = (ROWS // 10, COLUMNS // 10) if asked.small else (ROWS, COLUMNS)
    for tool in TOOLS:
        if lacking(tool):
            print(f"{tool}: not run, {', '.join(lacking(tool))} not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_rasters(folder, rows, columns)
        for n, vertices in ((22, 38_000), (2000, 364_000)):
            make_zones(folder, n, vertices, rows, columns)
        print(f"{rows} × {columns} cells; {os.cpu_count()} processors; medians of {asked.rounds} rounds\n")
        for what in ("classes", "sums"):
            for n in (22, 2000):
                compare(folder, what, n, asked.rounds)
    print("\nof a study of this size, not run here: " + "; ".join(f"{k} {v:g} s" for k, v in PUBLISHED.items()))


def lacking(tool):
    """Packages that a tool needs and that are not installed."""
    return [p for p in NEEDS.get(tool.split(",")[0], ()) if not find_spec(p)]


def compare(folder, what, n, rounds):
    tools = [t for t in TOOLS if not lacking(t)]
    seconds, peak = {t: [] for t in tools}, {}
    for _ in range(rounds):
        for tool in list(tools):
            got = run_child(folder, tool, what, n)
            if isinstance(got, str):
                tools.remove(tool)
                print(f"{tool}: {got}")
                continue
            seconds[tool].append(got[0])
            peak[tool] = max(peak.get(tool, 0.0), got[1])
    best = {rule: np.load(folder / f"ours, {rule}_{what}_{n}.npy") for rule in ("centres", "shares")}
    scale = np.abs(best["shares"]).max()
    heads = f"{'s':>8}{'peak MB':>9}{'over centres':>20}{'over shares':>19}{'deviation':>11}"
    print(f"{f'{what}, {n} zones':26}{heads}")
    for tool in tools:
        found = np.load(folder / f"{tool}_{what}_{n}.npy")
        mine = best["centres" if tool in {"rasterstats", "ours, centres"} else "shares"]
        ratios = [median(a / b for a, b in zip(seconds[tool], seconds[f"ours, {r}"], strict=True)) for r in best]
        off = np.abs(found - mine).max() / scale
        print(
            f"{tool:26}{median(seconds[tool]):8.2f}{peak[tool]:9.0f}{ratios[0]:20.1f}{ratios[1]:19.1f}{off:11.1e}",
            flush=True,
        )
    print(flush=True)


def run_child(folder, tool, what, n):
    order = [sys.executable, __file__, "--child", str(folder), tool, what, str(n)]
    settings = os.environ | {"GDAL_NUM_THREADS": "ALL_CPUS", "GDAL_CACHEMAX": "64"}
    done = subprocess.run(order, capture_output=True, text=True, check=False, env=settings)
    if done.returncode:
        return "does not run here: " + (done.stderr.strip().splitlines() or ["no word"])[-1][:150]
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
