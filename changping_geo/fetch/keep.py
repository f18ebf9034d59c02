"""What was fetched, held to its contract, put into ``data_raw/open/`` whole, and registered."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from changping_geo.fetch.asks import FetchError
from changping_geo.fetch.entries import put_entry
from changping_geo.layers.load import load_source
from changping_geo.layers.rasters import write_raster
from changping_geo.layers.register import Entry, Register, sha256_of

if TYPE_CHECKING:
    from pathlib import Path

    from changping_geo.fetch import Fetched, Job
    from changping_geo.layers.spec import Source
    from changping_geo.model import Ledger

log = logging.getLogger(__name__)
FOLDER = "data_raw/open"
SUFFIX = {"raster": ".tif", "climate": ".json"}
LONGEST_QUERY = 2000


def open_source(job: Job) -> Source:
    """Return the entry of the layer's sources that means fetched data.

    Raises
    ------
    FetchError
        If the layer has none.
    """
    wanted = f"{FOLDER}/{job.spec.name}.*"
    for source in job.spec.sources:
        if source.path == wanted:
            return source
    raise FetchError(f'{job.spec.file}: add a [[sources]] with id = "open" and path = "{wanted}", then fetch again')


def place(job: Job) -> Path:
    """Return where the layer's file lies.

    Raises
    ------
    FetchError
        If something stands there that was not fetched, or that was changed since.
    """
    path = job.ws.root / FOLDER / f"{job.spec.name}{SUFFIX.get(job.spec.geometry, '.gpkg')}"
    entries = Register.read(job.ws.root).entries
    for other in sorted(path.parent.glob(f"{job.spec.name}.*")):
        name = other.relative_to(job.ws.root).as_posix()
        entry = entries.get(name)
        if other != path or entry is None or not entry.query or sha256_of(other) != entry.sha256:
            raise FetchError(f"{name} was put or changed there by hand and is not overwritten; move it away first")
    return path


def keep(job: Job, found: Fetched) -> tuple[str, Ledger]:
    """Write, check and register a layer; the old file stays until the new one is whole and accepted.

    Returns
    -------
    str, Ledger
        The file below the workspace, and what its contract says of it.

    Raises
    ------
    DataError
        If the layer's contract refuses it; nothing is kept then.
    """
    source, path = open_source(job), place(job)
    draft = job.cache / f"draft-{os.getpid()}" / path.name
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(found.data, draft, job.spec.name)
        inside = replace(source, path=draft.relative_to(job.ws.root).as_posix())
        layer = load_source(job.spec, inside, job.ws.frame, job.ws.district, job.ws.root)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        entry = Entry(
            path=path.relative_to(job.ws.root).as_posix(),
            title="; ".join([job.spec.title_en, *found.notes]),
            origin=found.origin,
            licence=job.provider.licence,
            date=found.date,
            datum="wgs84",
            sha256=sha256_of(draft),
            status=source.status.word,
            query=found.query[:LONGEST_QUERY],
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(path)
        put_entry(job.ws.root, entry)
    finally:
        for rest in draft.parent.iterdir():
            rest.unlink()
        draft.parent.rmdir()
    return entry.path, layer.ledger


def _write(data: Any, path: Path, name: str) -> None:
    if isinstance(data, bytes):
        path.write_bytes(data)
    elif path.suffix == ".tif":
        write_raster(data, path)
    else:
        data.to_file(path, driver="GPKG", layer=name)
