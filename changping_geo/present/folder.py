"""A run folder, written whole: tables, GIS files, maps, workbook, account, and the page that leads to them."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from changping_geo import content
from changping_geo.present.gpkg import write_gpkg, write_set_aside
from changping_geo.present.index import write_index
from changping_geo.present.mapspec import read_mapspec
from changping_geo.present.netcdf import write_datasets
from changping_geo.present.tables import write_tables
from changping_geo.present.webmap import write_map
from changping_geo.present.workbook import write_workbook
from changping_geo.provenance import write_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec

log = logging.getLogger(__name__)


def write_folder(run: Run, root: Path, folder: Path) -> None:
    """Write everything that a run hands over.

    Parameters
    ----------
    run : Run
        A finished run.
    root : Path
        The workspace, for its ``maps/``.
    folder : Path
        An empty folder.

    Raises
    ------
    SpecError
        If a map's TOML is wrong; it is found before anything is written.
    ResultError
        If a file written does not hold what was to be written.
    """
    name = run.frame.name
    specs = map_specs(run, root)
    for part in ("tables", "gis", "maps"):
        (folder / part).mkdir()
    with _step("tables"):
        write_tables(run, folder)
    with _step("grids"):
        write_datasets(run, folder)
    with _step(f"gis/{name}.gpkg"):
        write_gpkg(run, folder / "gis" / f"{name}.gpkg", specs)
        write_set_aside(run, folder / "set_aside.gpkg")
    for spec in specs:
        with _step(f"maps/{spec.name}.html"):
            write_map(run, spec, folder / "maps" / f"{spec.name}.html")
    with _step(f"{name}.xlsx"):
        write_workbook(run, folder / f"{name}.xlsx")
    write_account(run, folder / "provenance.json")
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    write_index(run, folder, files, specs)


def map_specs(run: Run, root: Path) -> list[MapSpec]:
    """Return the maps of a workspace whose analysis is part of the run; the one called after it leads."""
    specs = [read_mapspec(path) for path in content.room(root, "maps", ".toml").values()]
    return sorted((s for s in specs if s.analysis in run.analyses), key=lambda s: (s.name != s.analysis, s.name))


@contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    log.info("wrote %s in %.1f s", what, time.perf_counter() - began)
