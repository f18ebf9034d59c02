"""A run folder, written whole: tables, GIS files, maps, workbook, account, and the page that leads to them."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from changping_geo import content
from changping_geo.present.bundle import bundle_of
from changping_geo.present.export import write_bundle
from changping_geo.present.gpkg import write_set_aside
from changping_geo.present.index import write_index
from changping_geo.present.map_parts import delivered, of_run
from changping_geo.present.mappdf import write_map_pdfs
from changping_geo.present.mapspec import read_mapspec
from changping_geo.present.netcdf import write_datasets
from changping_geo.present.report import write_report
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

PARTS = (".shx", ".dbf", ".prj", ".cpg", ".qml", ".sld", ".xml")


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
    specs = [delivered(run, spec) for spec in map_specs(run, root)]
    for part in ("tables", "gis", "maps"):
        (folder / part).mkdir()
    with _step("tables"):
        write_tables(run, folder)
    with _step("grids"):
        write_datasets(run, folder)
    with _step("gis"):
        write_bundle(bundle_of(run, specs), folder / "gis")
        write_set_aside(run, folder / "set_aside.gpkg")
    for spec in specs:
        with _step(f"maps/{spec.name}.html"):
            write_map(run, spec, folder / "maps" / f"{spec.name}.html")
    with _step("maps/*.pdf"):
        write_map_pdfs(run, specs, folder / "maps")
    with _step(f"{name}.xlsx"):
        write_workbook(run, folder / f"{name}.xlsx")
    with _step("report.html, report.docx"):
        write_report(run, specs, folder)
    write_account(run, folder / "provenance.json")
    write_index(run, folder, shown_files(folder), specs)


def shown_files(folder: Path) -> list[Path]:
    """Return the files of a run folder that a reader opens: not the parts of a shapefile or a geodatabase."""
    files = (path for path in folder.rglob("*") if path.is_file())
    whole = {next((p for p in path.parents if p.suffix == ".gdb"), path) for path in files}
    return sorted(path for path in whole if path.suffix not in PARTS)


def map_specs(run: Run, root: Path) -> list[MapSpec]:
    """Return the maps of a workspace whose analyses are all part of the run; the one called after one leads."""
    specs = [read_mapspec(path) for path in content.room(root, "maps", ".toml").values()]
    return sorted(
        (of_run(run, s) for s in specs if set(s.analyses) <= set(run.analyses)),
        key=lambda s: (s.name != s.analysis, s.name),
    )


@contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    log.info("wrote %s in %.1f s", what, time.perf_counter() - began)
