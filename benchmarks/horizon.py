"""Horizons of a synthetic town: seconds, nanoseconds per cell and direction, memory, against other ways, in one run.

Usage: python benchmarks/horizon.py [cells per side]

Peers are run on the same heights in as many directions as patience allows and scaled; the table says so. The ray march
is written here as plainly and as fast as we can: compiled, nearest cell, steps of one cell, 300 m. Figures are of
one thread's processor time unless they say wall.
"""

from __future__ import annotations

import importlib
import os
import resource
import sys
import time

import numpy as np
from numba import njit

from changping_geo.solar.horizon import HALF, Look, Sight, horizons
from changping_geo.solar.scanlines import directions, heading
from changping_geo.solar.sky import beam_loss, beam_table, sky_view
from changping_geo.solar.surface import Surface, surface

CRS = "EPSG:32650"
REACH_M = 300
#: The district asked for: rows and columns at 2 m, directions, processors. A tile's halo in cells.
DISTRICT, CORES, TILE, HALO = (22_500, 20_000), 2, 2000, 250


def town(size: int, noise: float) -> Surface:
    """Blocks of 22 to 34 m every 40 m, 6 to 60 m high, on gently sloping ground, with measuring noise. [m]"""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:size, 0:size]
    z = (30 + 0.01 * x + 5 * np.sin(y / 300)).astype(np.float32)
    for row in range(0, size - 39, 40):
        for col in range(0, size - 39, 40):
            height = rng.choice([6, 12, 18, 36, 60], p=[0.3, 0.3, 0.2, 0.15, 0.05])
            deep, wide, down, right = *rng.integers(22, 34, 2), *rng.integers(0, 6, 2)
            block = (slice(row + down, row + down + deep), slice(col + right, col + right + wide))
            z[block] = z[row + down, col + right] + height
    return surface(z + rng.normal(0, noise, z.shape), (1, 0, 0, 0, -1, 0), CRS)


@njit(nogil=True)
def march(heights, east, north, reach, out):
    rows, cols = heights.shape
    for r in range(rows):
        for c in range(cols):
            best = 0.0
            for step in range(1, reach + 1):
                i, j = int(np.floor(r - step * north + 0.5)), int(np.floor(c + step * east + 0.5))
                if i < 0 or j < 0 or i >= rows or j >= cols:
                    break
                best = max(best, (heights[i, j] - heights[r, c]) / step)
            out[r, c] = np.degrees(np.arctan(best))


def timed(function, *args, clock=time.thread_time):
    began = clock()
    found = function(*args)
    return clock() - began, found


def sweep_all(ground: Surface, azimuths: np.ndarray, sight: Sight) -> float:
    rows, cols = ground.heights.shape
    look = Look(ground, sight, np.uint8)
    return sum(timed(look.towards, float(a), (0, rows, 0, cols))[0] for a in azimuths)


def peers(ground: Surface) -> None:
    azimuth = 30.0
    size = ground.heights.size
    look = Look(ground, Sight(), np.float32)
    ours, swept = timed(look.towards, azimuth, (0, *ground.heights.shape[:1], 0, ground.heights.shape[1]))
    part = Surface(np.ascontiguousarray(ground.heights[:500]), *ground.cell, ground.y0, ground.x0, ground.anchor)
    out = np.empty(part.heights.shape)
    march(part.heights[:2, :2], 0.5, 0.8, 2, out[:2, :2])
    seconds, _ = timed(march, ground.heights[:500], *heading(azimuth), REACH_M, out)
    seconds *= size / out.size
    gap = np.abs(out[REACH_M:] - swept[REACH_M:500])
    print(
        f"ray march, {REACH_M} m, compiled: {seconds:.2f} s a direction (500 rows, scaled), {seconds / ours:.0f} times "
        f"ours; mean difference {gap.mean():.2f}, 95 in 100 within {np.quantile(gap, 0.95):.1f} degrees"
    )
    try:
        topocalc = importlib.import_module("topocalc.horizon")
    except ImportError:
        print("topocalc: not installed, left out")
        return
    for azimuth in (90.0, 30.0):
        theirs, cosine = timed(topocalc.horizon, 180.0 - azimuth, ground.heights.astype(np.float64), 1.0)
        ours, swept = timed(look.towards, azimuth, (0, *ground.heights.shape[:1], 0, ground.heights.shape[1]))
        gap = np.abs(90.0 - np.degrees(np.arccos(np.clip(cosine, -1, 1))) - swept)
        print(
            f"topocalc at {azimuth:g} degrees: {theirs:.2f} s, {theirs / ours:.0f} times ours; difference mean "
            f"{gap.mean():.3f}, 99 in 100 within {np.quantile(gap, 0.99):.2f}, at most {gap.max():.2f} degrees"
        )


def look_up(found: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    steps = 105_120 // 2
    sun = (rng.uniform(0.1, 70, steps), rng.uniform(90, 270, steps), rng.uniform(0, 0.08, steps))
    made, table = timed(beam_table, *sun, rng.integers(0, 12, steps))
    cells = np.ascontiguousarray(found.reshape(len(found), -1)[:, :200_000].T)
    beam_loss(cells[:10], table)
    print(
        f"beam table of {steps} sun positions: {made:.3f} s; looked up for {len(cells)} cells x {len(found)} sectors: "
        f"monthly {timed(beam_loss, cells, table)[0]:.3f} s, annual {timed(beam_loss, cells, table.annual())[0]:.3f} "
        f"s, sky view {timed(sky_view, cells)[0]:.3f} s"
    )


def district() -> None:
    wide = TILE + 2 * HALO
    ground = town(wide, 0.1)
    core = (HALO, HALO + TILE, HALO, HALO + TILE)
    rows, cols = np.nonzero(ground.heights[HALO:-HALO, HALO:-HALO] > 40)
    at = (rows[::10] + HALO, cols[::10] + HALO)  # a tenth of this dense town's roof cells: 8 in 100 of the ground
    seconds, _ = timed(lambda: horizons(ground, directions(72), at=at, core=core), clock=time.process_time)
    number = DISTRICT[0] * DISTRICT[1] / TILE**2
    minutes = number * seconds / 60
    print(
        f"a tile of {TILE} cells with a halo of {HALO}, 72 directions, {at[0].size} roof cells kept: {seconds:.1f} "
        f"s of processor time; extrapolated, not run, to {DISTRICT[0]} x {DISTRICT[1]} cells ({number:.1f} tiles, none "
        f"left out): {minutes:.1f} min of one processor, {minutes / CORES:.1f} min on {CORES} "
        f"if they share it evenly; every cell's horizons would be {DISTRICT[0] * DISTRICT[1] * 72 / 1e9:.0f} GB"
    )


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    small = town(80, 0.0)
    for units in ("half_degrees", "degrees"):
        horizons(small, directions(8), units=units)
    print(f"{size} x {size} cells of 1 m; {os.cpu_count()} processors")
    for noise in (0.0, 0.1):
        ground = town(size, noise)
        for count in (36, 72):
            seconds = sweep_all(ground, directions(count), Sight())
            each = seconds / ground.heights.size / count
            print(f"noise {noise:g} m, {count} directions: {seconds:.2f} s, {each * 1e9:.1f} ns per cell and direction")
    smooth = sweep_all(ground, directions(72), Sight(curved=True, smooth=True))
    print(f"noise 0.1 m, 72 directions, curved earth, heights between cells: {smooth:.2f} s")
    wall, found = timed(horizons, ground, directions(72), clock=time.perf_counter)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"72 directions, all processors, kept as {found.nbytes / 1e6:.0f} MB: {wall:.2f} s wall, peak {peak:.0f} MB")
    print(f"mean horizon {found.mean() * HALF:.1f} degrees")
    district()
    look_up(found)
    peers(ground)


if __name__ == "__main__":
    main()
