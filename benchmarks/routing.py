"""Bounded shortest ways on a made-up network of a district's size: ours against scipy, networkx and igraph, in one run.

Usage: python benchmarks/routing.py [nodes per side]

Every tool gets the same arcs (parallel ones reduced to the shortest beforehand, or scipy would add them up) in a
process of its own: processor seconds, medians of three where a run is short, memory above what the loaded graph takes,
and the largest difference from our distances, which are rounded to the millimetre. igraph knows no cutoff and is run on
50 sources only. pandana has no build that installs beside the locked libraries, so it is not run.
"""

from __future__ import annotations

import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from changping_geo.stations import routing
from changping_geo.stations.access import network_access
from changping_geo.stations.graph import build_network
from changping_geo.stations.snap import snap

REACH_M, SPACING_M = 3000.0, 127.0
#: Sources of each task; the nearest of 500 is asked for all nodes.
TASKS = (50, 500, 5000)
SAMPLE = 50
PEERS = ("ours", "scipy", "networkx", "igraph")


def city(side: int):
    """A jittered lattice with gaps, one-way streets and some parallel roads."""
    rng = np.random.default_rng(1)
    xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) * SPACING_M
    xy = np.add((xy + rng.uniform(-30, 30, xy.shape)).round(2), (400_000, 4_400_000))
    node = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate([
        np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()]),
        np.column_stack([node[:-1].ravel(), node[1:].ravel()]),
    ])  # fmt: skip
    pairs = pairs[rng.random(len(pairs)) > 0.3]
    pairs = np.concatenate([pairs, pairs[rng.random(len(pairs)) < 0.01]])
    lines = shapely.linestrings(xy[pairs])
    way = rng.choice(["both", "forward"], len(pairs), p=[0.9, 0.1])
    frame = gpd.GeoDataFrame({"class": "residential", "oneway": way}, geometry=lines, crs="EPSG:32650")
    return build_network(frame)


def timed(function, repeats=3):
    seconds, value = [], None
    for _ in range(repeats):
        began = time.process_time()
        value = function()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds), value


class Ours:
    def __init__(self, first, to, cost):
        self.arcs = routing.Arcs(first, to, cost)
        self.within(np.array([0]))
        self.nearest(np.array([0]))

    def within(self, sources):
        seeds = np.arange(len(sources) + 1), sources.astype(np.int32), np.zeros(len(sources))
        found = routing.search(self.arcs, *seeds, REACH_M, 1000.0)
        return np.repeat(np.arange(len(sources)), np.diff(found.first)), found.goal, found.cost

    def nearest(self, sources):
        seeds = sources.astype(np.int32), np.zeros(len(sources)), np.arange(len(sources), dtype=np.int32)
        return routing.search_nearest(self.arcs, *seeds, self.arcs.first.size - 1, np.inf, 1000.0)[0]


class Scipy:
    def __init__(self, first, to, cost):
        n = len(first) - 1
        self.graph = csr_array((cost, to.astype(np.int32), first.astype(np.int32)), shape=(n, n))

    def within(self, sources):
        out = []
        for begin in range(0, len(sources), 64):
            dense = dijkstra(self.graph, indices=sources[begin : begin + 64], limit=REACH_M)
            row, node = np.nonzero(np.isfinite(dense))
            out.append(((row + begin).astype(np.int32), node.astype(np.int32), dense[row, node]))
        return tuple(np.concatenate(part) for part in zip(*out, strict=True))

    def nearest(self, sources):
        return dijkstra(self.graph, indices=sources, min_only=True)


class Networkx:
    def __init__(self, first, to, cost):
        self.nx = importlib.import_module("networkx")
        self.graph = self.nx.DiGraph()
        tail = np.repeat(np.arange(len(first) - 1), np.diff(first))
        self.graph.add_nodes_from(range(len(first) - 1))
        self.graph.add_weighted_edges_from(zip(tail.tolist(), to.tolist(), cost.tolist(), strict=True))

    def within(self, sources):
        out = []
        for k, source in enumerate(sources.tolist()):
            found = self.nx.single_source_dijkstra_path_length(self.graph, source, cutoff=REACH_M)
            node = np.fromiter(found.keys(), np.int32, len(found))
            out.append((np.full(len(found), k, np.int32), node, np.fromiter(found.values(), float, len(found))))
        return tuple(np.concatenate(part) for part in zip(*out, strict=True))

    def nearest(self, sources):
        found = self.nx.multi_source_dijkstra_path_length(self.graph, set(sources.tolist()))
        out = np.full(len(self.graph), np.inf)
        out[list(found)] = list(found.values())
        return out


class Igraph:
    def __init__(self, first, to, cost):
        self.ig = importlib.import_module("igraph")
        self.n, self.cost = len(first) - 1, cost
        self.edges = np.column_stack([np.repeat(np.arange(self.n), np.diff(first)), to])
        self.graph = self.ig.Graph(n=self.n, edges=self.edges, directed=True)

    def within(self, sources):
        dense = np.array(self.graph.distances(sources.tolist(), weights=self.cost.tolist()))
        row, node = np.nonzero(dense <= REACH_M)
        return row, node, dense[row, node]

    def nearest(self, sources):
        joined = np.vstack((self.edges, np.column_stack([np.full(len(sources), self.n), sources])))
        graph = self.ig.Graph(n=self.n + 1, edges=joined, directed=True)
        return np.array(graph.distances([self.n], weights=[*self.cost.tolist(), *[0.0] * len(sources)])[0][:-1])


def child(name: str, folder: Path) -> None:
    held = np.load(folder / "arcs.npz")
    sources = held["sources"]
    began = time.process_time()
    tool = globals()[name.capitalize()](held["first"], held["to"], held["cost"])
    told = {"build": time.process_time() - began}
    told["nearest"], nearest = timed(lambda: tool.nearest(sources[:500]))
    _, sample = timed(lambda: tool.within(sources[:SAMPLE]), 1)
    np.savez(folder / f"{name}.npz", nearest=nearest, **dict(zip(("source", "node", "cost"), sample, strict=True)))
    for count in TASKS if name != "igraph" else TASKS[:1]:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted anew from here
        base = resident("VmRSS")
        told[str(count)], found = timed(
            lambda count=count: tool.within(sources[:count]), 3 if count < max(TASKS) else 1
        )
        told[f"{count} pairs"] = len(found[0])
        told[f"{count} MB"] = (resident("VmHWM") - base) / 1024
        del found
    print(json.dumps(told))


def resident(what: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith(what)).split()[1])


def deviation(folder: Path, name: str) -> float:
    """Largest difference from ours over all nodes and all pairs of the sample; infinite where the pairs differ."""
    both = [np.load(folder / f"{tool}.npz") for tool in ("ours", name)]
    order = [np.lexsort((d["node"], d["source"])) for d in both]
    keys = [d["source"][k].astype(np.int64) << 32 | d["node"][k] for d, k in zip(both, order, strict=True)]
    costs = [d["cost"][k] for d, k in zip(both, order, strict=True)]
    common, a, b = np.intersect1d(*keys, return_indices=True)
    for key, cost in zip(keys, costs, strict=True):
        # a pair within a millimetre of the limit may be on either side of it
        if (np.abs(cost[~np.isin(key, common)] - REACH_M) > 1e-3).any():
            return float("inf")
    ours, theirs = (d["nearest"] for d in both)
    met = np.isfinite(ours)
    if (met != np.isfinite(theirs)).any():
        return float("inf")
    return max(float(np.abs(ours[met] - theirs[met]).max()), float(np.abs(costs[0][a] - costs[1][b]).max()))


def whole_way(net) -> None:
    """Demand and stations on edges, as an analysis asks for them."""
    rng = np.random.default_rng(3)
    low, high = net.xy.min(axis=0), net.xy.max(axis=0)
    demand, stations = rng.uniform(low, high, (20_000, 2)), rng.uniform(low, high, (500, 2))
    seconds, points = timed(lambda: (snap(demand, net), snap(stations, net)), 1)
    table, access = timed(lambda: network_access(net, *points, limit=REACH_M))
    print("\n20,000 places x 500 stations on edges, within 3 km:")
    print(f"snapped in {seconds:.2f} s, {len(access.demand):,} pairs in {table:.2f} s")


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 326
    seconds, net = timed(lambda: city(side), 1)
    arcs = routing.lay_arcs(net, "m")
    n = len(net.xy)
    print(
        f"{n:,} nodes, {arcs.to.size:,} arcs, made in {seconds:.1f} s; main part {net.notes['main_share']:.1%} of roads"
    )
    print("pandana: not installable here, not run\n")
    sources = np.random.default_rng(2).permutation(n)[: max(TASKS)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        np.savez(folder / "arcs.npz", first=arcs.first, to=arcs.to, cost=arcs.cost, sources=sources)
        told = {}
        for name in PEERS:
            command = [sys.executable, __file__, "--child", name, str(folder)]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            told[name] = json.loads(run.stdout)
        compare(told, {name: deviation(folder, name) for name in PEERS})
    whole_way(net)


def compare(told: dict, off: dict) -> None:
    heads = ["build", "nearest of 500", *(f"3 km, {s:,}" for s in TASKS), "MB above", "with sources", "largest diff. m"]
    print("CPU s     " + "".join(f"{head:>16}" for head in heads))
    for name, row in told.items():
        figures = [row["build"], row["nearest"], *(row.get(str(s)) for s in TASKS)]
        last = max(s for s in TASKS if str(s) in row)
        cells = [f"{f:.3f}" if f is not None else "-" for f in figures]
        cells += [f"{row[f'{last} MB']:.0f}", f"{last:,}", f"{off[name]:.4f}"]
        print(f"{name:<10}" + "".join(f"{cell:>16}" for cell in cells))
    most = f"{max(TASKS)} pairs"
    print(f"\npairs found: {told['ours'][most]:,} (ours), {told['networkx'][most]:,} (networkx)")
    for name in PEERS[1:]:
        ratios = {s: told[name][str(s)] / told["ours"][str(s)] for s in TASKS if str(s) in told[name]}
        shown = ", ".join(f"{s:,} sources {ratio:.1f}" for s, ratio in ratios.items())
        print(f"{name} over ours: nearest {told[name]['nearest'] / told['ours']['nearest']:.1f}, {shown}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
