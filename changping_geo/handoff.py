"""What ``changping-geo export`` does: layers of a published run in another format, whole or not at all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from changping_geo.model import ResultError, SpecError
from changping_geo.present.bundle import read_bundle
from changping_geo.present.export import export
from changping_geo.publish import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

LATEST = "latest"
FOLDER = "exports"
MAX_NAME = 120


def hand_off(
    results: Path,
    form: str,
    layers: Sequence[str] = (),
    *,
    crs: str = "",
    encoding: str = "utf-8",
    run: str = LATEST,
    to: Path | None = None,
) -> Path:
    """Write layers or rasters of a published run in one format; nothing is computed again.

    Parameters
    ----------
    results : Path
        The folder of run folders.
    form : str
        One of `changping_geo.present.export.FORMATS`.
    layers : sequence of str
        Which ones; nothing means all.
    crs : str
        Authority code or path of a WKT file; empty keeps the layers' own.
    encoding : str
        Of shapefiles: ``utf-8`` or ``gbk``.
    run : str
        The run's key, or ``latest``.
    to : Path, optional
        The folder to be made; by default one in ``results/exports``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    GeoError
        If the run, a layer or the CRS is unknown, or the folder is there already.
    """
    if encoding != "utf-8" and form != "shp":
        raise SpecError(f"--encoding is for shapefiles; {form} is UTF-8 (or has no texts)")
    source = find_run(results, run)
    target = (to or results / FOLDER / _name(source.name, form, layers, crs, encoding)).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ResultError(f"{target} is there already; remove it, or name another folder with --to")
    bundle = read_bundle(source, layers, rasters=form == "cog")
    names = [layer.name for layer in bundle.layers] + [raster.name for raster in bundle.rasters]
    log.info("exporting %s of run %s as %s", ", ".join(names), source.name, form)
    with Draft(target.parent, target.name) as draft:
        export(bundle, form, draft.path, crs=crs, encoding=encoding)
        if target.is_dir():
            target.rmdir()
        return draft.publish()


def find_run(results: Path, run: str) -> Path:
    """Return a published run folder.

    Parameters
    ----------
    results : Path
        The folder of run folders.
    run : str
        A key, or ``latest`` for the one published last.

    Raises
    ------
    ResultError
        If there is none.
    """
    found = sorted(results.glob("*/provenance.json"), key=lambda path: (path.stat().st_mtime_ns, path.parent.name))
    if not found:
        raise ResultError(f"{results} holds no published run; compute one with `changping-geo run`")
    known = {path.parent.name: path.parent for path in found}
    if run == LATEST:
        return found[-1].parent
    if run not in known:
        raise ResultError(f"{results} holds no run {run!r}; known are: {', '.join(known)}, or {LATEST!r}")
    return known[run]


def _name(key: str, form: str, layers: Sequence[str], crs: str, encoding: str) -> str:
    """Return a name that tells what was asked for."""
    place = "".join(c if c.isalnum() else "_" for c in crs.rsplit("/", 1)[-1])
    parts = [key, form, *layers, place, encoding if form == "shp" else ""]
    return "_".join(part for part in parts if part)[:MAX_NAME]
