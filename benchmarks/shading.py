"""Shading of every roof of the workspace: seconds, memory, tiles, nanoseconds per cell and direction, in one run.

Usage: python benchmarks/shading.py [cell in m] [directions]

Layers are opened before the clock starts. Tiles are kept in a temporary folder, as a run would, and nothing is taken
from an earlier run. The share of time that other programs took shows in the gap between wall and processor time.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from changping_geo.solar.horizon import horizons
from changping_geo.solar.horizon_tiles import survey
from changping_geo.solar.scanlines import directions
from changping_geo.solar.surface import surface
from changping_geo.sources import shading
from changping_geo.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from changping_geo.solar.horizon_tiles import Progress

LAYERS = ("rooftops", "terrain", "towns", "solar_climate")


class Counted:
    """Counts the cells that a survey reads, and the tiles that hold roofs."""

    def __init__(self, survey: Callable[..., Iterator[Progress]]) -> None:
        self.survey, self.cells, self.tiles = survey, 0, 0

    def __call__(self, read: Callable[[slice, slice], Any], *args: Any, **how: Any) -> Iterator[Progress]:
        def counted(rows: slice, cols: slice) -> Any:
            found = read(rows, cols)
            self.cells, self.tiles = self.cells + found.size, self.tiles + 1
            return found

        return self.survey(counted, *args, **how)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cell = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 72
    horizons(surface(np.zeros((9, 9)), (1, 0, 0, 0, -1, 0), "EPSG:32650"), directions(8))
    ws = Workspace(Path(__file__).parent.parent)
    layers = {name: ws.layer(name).data for name in LAYERS}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counter = Counted(survey)
    wall, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        effort = shading.Effort(cell_m=cell, azimuths=count)
        with patch.object(shading, "survey", counter):
            found = shading.shading_of(layers.__getitem__, Path(folder), effort)
        disk = sum(p.stat().st_size for p in Path(folder).iterdir()) / 1e6
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    looked, size = int(found["cells"].sum()), counter.cells / 1e6
    print(
        f"{len(found)} roofs, {looked} cells of {cell:g} m looked at, {count} directions, {os.cpu_count()} processors"
    )
    print(f"{wall:.0f} s wall, {cpu:.0f} s of processor time; load of the machine now {os.getloadavg()[0]:.1f}")
    print(f"{counter.tiles} tiles with roofs, {size:.0f} million cells read with halos, {disk:.0f} MB kept")
    print(f"{cpu / size / count * 1e3:.1f} ns of processor time per cell read and direction, all work included")
    print(f"memory: {before:.0f} MB with the layers open, {after:.0f} MB at most")
    shade = found[["sky_view", "loss_t00", "loss_t30_a180", "loss_m06", "loss_m12"]]
    print(shade.describe(percentiles=[0.5, 0.9, 0.99]).to_string(float_format="{:.4f}".format))
    print(f"roofs without shading: {int((found['cells'] == 0).sum())}")


if __name__ == "__main__":
    main()
