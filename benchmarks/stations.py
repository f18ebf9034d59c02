"""Siting of stations: ours against spopt with its solvers on the same points, and what can be proven at which size.

Run: python benchmarks/stations.py [plans|peers|pmed|all] [--rounds N] [--pmed FOLDER]. Every case runs in a process of
its own; seconds are whole times (model building included, imports and making of the points not), medians of the rounds;
memory is the peak of the process above what it held before the case. spopt is run as its guide shows (dense table of
costs, PuLP) with HiGHS and with CBC, and the faster is the peer. pmed1–40 are OR-Library's files (an edge given twice
keeps its last cost); their folder is given by --pmed or the variable ORLIB_PMED, and without it that part is left out.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).parents[1]))

from changping_geo.stations.problem import Problem, stored_pairs
from changping_geo.stations.siting import frontier, solve

#: Rows, candidates, new sites, side of the square [m]: the points lie in clusters, the radius is 2 km.
CASES = {"1,000 x 200, p=20": (1_000, 200, 20, 31_000.0), "5,000 x 500, p=20": (5_000, 500, 20, 31_000.0),
         "20,000 x 2,000, p=10": (20_000, 2_000, 10, 25_000.0), "20,000 x 2,000, p=50": (20_000, 2_000, 50, 25_000.0),
         "100,000 x 5,000, p=50": (100_000, 5_000, 50, 25_000.0)}  # fmt: skip
RADIUS = 2_000.0
P_MEDIAN = [5819, 4093, 4250, 3034, 1355, 7824, 5631, 4445, 2734, 1255, 7696, 6634, 4374, 2968, 1729, 8162, 6999, 4809,
            2845, 1789, 9138, 8579, 4619, 2961, 1828, 9917, 8307, 4498, 3033, 1989, 10086, 9297, 4700, 3013, 10400,
            9934, 5057, 11060, 9423, 5128]  # fmt: skip
P_CENTER = [127, 98, 93, 74, 48, 84, 64, 55, 37, 20, 59, 51, 36, 26, 18, 47, 39, 28, 18, 13, 40, 38, 22, 15, 11, 38, 32,
            18, 13, 9, 30, 29, 15, 11, 30, 27, 15, 29, 23, 13]  # fmt: skip


def clustered(rows, candidates, side, seed=1):
    """Points of people and of candidates in some 60 clusters, and whole-number weights."""
    rng = np.random.default_rng(seed)
    centre, spread = rng.uniform(0, side, (60, 2)), rng.uniform(500, 3_000, 60)

    def points(count):
        of = rng.integers(0, 60, count)
        return centre[of] + rng.normal(size=(count, 2)) * spread[of, None]

    return points(rows), points(candidates), rng.integers(1, 200, rows).astype(float)


def near(rows, candidates, radius):
    """Sparse table of straight costs up to the radius."""
    pairs = cKDTree(rows).sparse_distance_matrix(cKDTree(candidates), radius, output_type="coo_matrix")
    return sparse.csr_array(pairs.tocsr())


def hydrogen_plan():
    """5,400 cells of 500 m in 22 towns, 120 fuel stations, 3 of them with hydrogen; 4 phases to 13 stations."""
    rng = np.random.default_rng(3)
    x, y = np.meshgrid(np.arange(72) * 500.0, np.arange(75) * 500.0)
    cells = np.stack([x.ravel(), y.ravel()], axis=1)
    centre = rng.uniform((4_000, 4_000), (32_000, 33_000), (22, 2))
    apart, town = cKDTree(centre).query(cells)
    weights = np.floor(400 * np.exp(-apart / 2_500.0) * rng.gamma(1.0, 1.0, len(cells)))
    of = rng.integers(0, 22, 120)
    stations = np.clip(centre[of] + rng.normal(size=(120, 2)) * 2_500, 0, (36_000, 37_500))
    pairs = cKDTree(stations).query_pairs(700.0, output_type="ndarray")
    return Problem(goal="cover_most", weights=weights, costs=near(cells, stations, 5_000.0), radius=5_000.0,
                   existing=[0, 40, 80], conflicts=pairs, towns=town, phases=(2, 4, 7, 10), exactly=True)  # fmt: skip


def measured(make, run):
    """Run a case; seconds and memory above what was held before."""
    what = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    answer = run(what)
    return {"seconds": time.perf_counter() - began,
            "mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, **answer}  # fmt: skip


def told(answer, whole):
    return {"value": answer.value / whole, "gap": answer.gap, "said": answer.said[1], "method": answer.method}


def warmed():
    """Compile the loops before the clock starts: they are kept on disk after the first run ever."""
    rows, candidates, weights = clustered(50, 10, 5_000.0)
    costs = near(rows, candidates, RADIUS)
    solve(Problem(goal="cover_most", weights=weights, costs=costs, radius=RADIUS, new_sites=2))
    solve(Problem(goal="mean_cost", weights=weights, costs=costs, new_sites=2, unserved_cost=9_000.0))


def ours(case):
    rows, candidates, sites, side = CASES[case]
    warmed()

    def run(points):
        costs = near(points[0], points[1], RADIUS)
        asked = Problem(goal="cover_most", weights=points[2], costs=costs, radius=RADIUS, new_sites=sites)
        return told(solve(asked, seconds=60.0), points[2].sum())

    return measured(lambda: clustered(rows, candidates, side), run)


def peer(case, solver):
    """spopt's MCLP with a dense table of straight costs, as its guide shows."""
    import warnings  # noqa: PLC0415 - for this process alone

    warnings.simplefilter("ignore")
    locate, pulp = importlib.import_module("spopt.locate"), importlib.import_module("pulp")
    from scipy.spatial.distance import cdist  # noqa: PLC0415 - not ours

    rows, candidates, sites, side = CASES[case]
    engine = pulp.HiGHS(msg=False) if solver == "HiGHS" else pulp.PULP_CBC_CMD(msg=False)

    def run(points):
        model = locate.MCLP.from_cost_matrix(cdist(points[0], points[1]), points[2], RADIUS, p_facilities=sites)
        model = model.solve(engine)
        return {"value": float(model.problem.objective.value()) / points[2].sum(), "gap": float("nan"),
                "said": pulp.LpSolution[model.problem.sol_status], "method": f"spopt, {solver}"}  # fmt: skip

    return measured(lambda: clustered(rows, candidates, side), run)


def plan(kind):
    warmed()
    asked = hydrogen_plan()
    if kind == "shares":
        asked = asked.with_(town_share=0.7)
    if kind == "fairest":
        asked = asked.with_(fairest=True)

    def run(what):
        answer = solve(what)
        return {**told(answer, what.weights.sum() * len(what.steps)), "worst": float(np.nanmin(answer.town_after)),
                "sites": [len(sites) for sites in answer.phases], "pairs": len(what.conflicts)}  # fmt: skip

    return measured(lambda: asked, run)


def numbers():
    """How many stations for how much: the frontier of the hydrogen plan in one period."""
    warmed()
    asked = hydrogen_plan().with_(phases=None, new_sites=1, exactly=False)

    def run(what):
        table = frontier(what, 12)
        share = solve(what.with_(goal="cover_share", share=0.8, new_sites=None))
        return {"value": float(table["per_weight"].iloc[-1]), "gap": float(table["gap"].max()), "said": share.said[1],
                "method": f"0..12 sites; {share.value:.0f} new ones for 80 %"}  # fmt: skip

    return measured(lambda: asked, run)


def orlib(folder, number):
    """Table of shortest ways and the number of sites of one of OR-Library's files."""
    words = (Path(folder) / f"pmed{number}.txt").read_text().split()
    count, edges, sites = (int(word) for word in words[:3])
    table = np.full((count, count), np.inf)
    for a, b, cost in np.array(words[3 : 3 + 3 * edges], dtype=float).reshape(-1, 3):
        table[int(a) - 1, int(b) - 1] = table[int(b) - 1, int(a) - 1] = cost
    return shortest_path(table, directed=False), sites


def pmed(folder, number):
    warmed()

    def run(given):
        costs = stored_pairs(given[0])
        out = {}
        for goal in ("mean_cost", "worst_cost"):
            answer = solve(Problem(goal=goal, weights=np.ones(len(given[0])), costs=costs, new_sites=given[1]))
            out[goal] = (answer.value, answer.bound, answer.seconds, answer.said[1])
        return {**out, "size": (len(given[0]), given[1])}

    return measured(lambda: orlib(folder, number), run)


def apart(*words, timeout=3_600):
    """Run one case in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--one", json.dumps(words)], capture_output=True, text=True,
                          timeout=timeout, check=False)  # fmt: skip
    if done.returncode:
        print(done.stderr[-2000:])
        return None
    return json.loads(done.stdout.splitlines()[-1])


def line(name, got):
    best = got[0]
    print(f"{name:<46}{best['value']:>9.2%}  gap {best['gap']:>7.2%}  {median(g['seconds'] for g in got):>8.2f} s"
          f"  {max(g['mb'] for g in got):>7.0f} MB  {best['said']}; {best['method']}", flush=True)  # fmt: skip


def show_plans(rounds):
    for kind in ("plain", "shares", "fairest"):
        got = [apart("plan", kind) for _ in range(rounds)]
        line(f"hydrogen plan, 4 phases, spacing, {kind}", got)
        print(f"    new sites by phase {got[0]['sites']}, {got[0]['pairs']} colliding pairs, "
              f"worst town {got[0]['worst']:.1%}", flush=True)  # fmt: skip
    line("hydrogen plan, how many for how much", [apart("numbers")])
    for case in list(CASES)[2:]:
        line(case, [apart("ours", case) for _ in range(rounds)])


def show_peers(rounds):
    for case in list(CASES)[:2]:
        mine = [apart("ours", case) for _ in range(rounds)]
        line(f"{case}: ours", mine)
        theirs = {solver: [apart("peer", case, solver) for _ in range(rounds)] for solver in ("HiGHS", "CBC")}
        for solver, got in theirs.items():
            line(f"{case}: spopt, {solver}", got)
        seconds = {solver: median(g["seconds"] for g in got) for solver, got in theirs.items()}
        solver = min(seconds, key=seconds.get)
        ratio = seconds[solver] / median(g["seconds"] for g in mine)
        memory = max(g["mb"] for g in theirs[solver]) / max(1.0, *(g["mb"] for g in mine))
        print(f"    spopt with {solver} takes {ratio:.0f} x our time, {memory:.0f} x our memory", flush=True)


def show_pmed(folder):
    if folder is None or not Path(folder).is_dir():
        print("pmed1–40: give their folder by --pmed or ORLIB_PMED")
        return
    seconds = proven = right = 0
    for number in range(1, 41):
        got = apart("pmed", folder, number)
        text = f"pmed{number:<3} n={got['size'][0]:<4} p={got['size'][1]:<4}"
        for goal, best in (("mean_cost", P_MEDIAN[number - 1]), ("worst_cost", P_CENTER[number - 1])):
            value, bound, took, said = got[goal]
            text += f" | {goal} {value:>7.0f} of {best:>6}, gap {abs(value - bound) / value:.3%}, {took:6.2f} s, {said}"
            right += value == best
            proven += said == "proven optimal"
            seconds += took
        print(text, flush=True)
    print(f"pmed1–40: {right} of 80 values are the published ones, {proven} proven, {seconds:.0f} s together")


def main():
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("what", nargs="?", default="all", choices=["all", "plans", "peers", "pmed"])
    reader.add_argument("--rounds", type=int, default=3)
    reader.add_argument("--pmed", default=os.environ.get("ORLIB_PMED"))
    reader.add_argument("--one", help=argparse.SUPPRESS)
    given = reader.parse_args()
    if given.one:
        name, *words = json.loads(given.one)
        print(json.dumps({"plan": plan, "numbers": numbers, "ours": ours, "peer": peer, "pmed": pmed}[name](*words)))
        return
    if given.what in ("all", "plans"):
        show_plans(given.rounds)
    if given.what in ("all", "peers"):
        show_peers(given.rounds)
    if given.what in ("all", "pmed"):
        show_pmed(given.pmed)


if __name__ == "__main__":
    main()
