"""Layers that a provider makes, made on first need and kept in ``.cache/``.

Beside each kept layer stands what it was made from: every layer that the provider asked for, with the identity of its
data. It is taken again as long as all of these still are what they were, so that a change makes anew only what rests
on it, and scenarios with different sources live beside each other.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from changping_geo import content
from changping_geo.model import AnalysisError, MissingError
from changping_geo.sources import Context, provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from changping_geo.layers.spec import LayerSpec, Source
    from changping_geo.workspace import Workspace

log = logging.getLogger(__name__)
#: Versions of one layer that are kept: a few scenarios beside each other. [files]
KEPT = 4
#: Identity of a layer that nobody delivered.
ABSENT = "absent"
LIBRARIES = ("numpy", "scipy", "shapely", "geopandas", "pyproj", "pvlib", "h5py", "rasterio", "numba")


class Provided(NamedTuple):
    """What a provider made.

    Attributes
    ----------
    raw : GeoDataFrame, DataFrame or DataArray
        The layer, not yet held to its contract.
    rests_on : tuple of str
        The layers that the provider asked for, directly, in alphabetical order.
    """

    raw: Any
    rests_on: tuple[str, ...]


def provided(ws: Workspace, spec: LayerSpec, source: Source) -> Provided:
    """Return what a provider gives for a layer: from the cache, or made now and kept."""
    kept = _kept(ws, spec, source)
    if kept is not None:
        return Provided(_read(kept), _present(_account(kept)))
    log.info("make %s (%s, once)", spec.name, source.provider)
    began = time.perf_counter()
    asked: set[str] = set()

    def layer(name: str) -> Any:
        asked.add(name)
        return ws.layer(name).data

    def has(name: str) -> bool:
        asked.add(name)
        return ws.has(name)

    stem = f"{spec.name}-{_base(ws, spec, source)}"
    unfinished = ws.root / ".cache" / f"{stem}-{_everything(ws)}"
    raw = provider(source.provider)(Context(ws.frame, layer, unfinished, has))
    known: dict[str, str] = {}
    inputs = {name: identity(ws, name, known) for name in sorted(asked)}
    path = ws.root / ".cache" / f"{stem}-{content.digest(inputs.items())[:8]}{_suffix(spec)}"
    _whole(path, lambda draft: _write(raw, draft))
    _whole(path.with_suffix(".json"), lambda draft: draft.write_text(json.dumps(inputs), encoding="utf-8"))
    _sweep(path, spec.name, stem)
    log.info("made %s in %.1f s", spec.name, time.perf_counter() - began)
    return Provided(raw, _present(inputs))


def _present(inputs: Mapping[str, str]) -> tuple[str, ...]:
    """Return the layers that were there; one that was looked for in vain is kept in the account alone."""
    return tuple(name for name, what in inputs.items() if what != ABSENT)


def waits(ws: Workspace, spec: LayerSpec, source: Source) -> bool:
    """Return whether a layer is still to be made by a provider whose module says that it is ``SLOW``."""
    return bool(getattr(_module(source), "SLOW", False)) and _kept(ws, spec, source) is None


def identity(ws: Workspace, name: str, known: dict[str, str] | None = None) -> str:
    """Return what a layer's data are, as one word: of a delivered file its digest, of a made layer where it is kept.

    Parameters
    ----------
    ws : Workspace
        The workspace.
    name : str
        The layer.
    known : dict of str to str, optional
        Identities found so far, by layer; it is added to.
    """
    known = {} if known is None else known
    if name not in known:
        known[name] = _identity(ws, name, known)
    return known[name]


def _identity(ws: Workspace, name: str, known: dict[str, str]) -> str:
    try:
        spec, source = ws.spec(name), ws.source(name)
    except (AnalysisError, MissingError):  # no such layer any more, or nobody delivered it
        return ABSENT
    if source.path:
        return content.digest([("spec", _spec_digest(spec)), ("source", source.id), ("file", _file(ws, source.path))])
    kept = _kept(ws, spec, source, known)
    return kept.stem if kept is not None else "unmade"


def _kept(ws: Workspace, spec: LayerSpec, source: Source, known: dict[str, str] | None = None) -> Path | None:
    """Return the kept file whose inputs still are what they were."""
    known = {} if known is None else known
    stem = f"{spec.name}-{_base(ws, spec, source)}"
    for account in sorted((ws.root / ".cache").glob(f"{stem}-{'?' * 8}.json")):
        path = account.with_suffix(_suffix(spec))
        if path.is_file() and all(identity(ws, name, known) == was for name, was in _account(path).items()):
            return path
    return None


def _account(path: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return found


def _sweep(path: Path, name: str, stem: str) -> None:
    """Remove unfinished work, what other code or another contract made, and all but the latest few of this one."""
    kept = sorted(path.parent.glob(f"{stem}-{'?' * 8}.json"), key=lambda p: p.stat().st_mtime)[-KEPT:]
    stems = {p.stem for p in kept}
    for old in path.parent.glob(f"{name}-{'?' * 16}*"):
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
        elif old.stem not in stems:
            old.unlink(missing_ok=True)


def _base(ws: Workspace, spec: LayerSpec, source: Source) -> str:
    """Return the digest of a maker: its code, the libraries, the layer's contract and the frame."""
    versions = _versions()
    parts = [("provider", source.provider), ("spec", _spec_digest(spec)), ("frame", repr(ws.frame))]
    parts += [(name, versions.get(name, "")) for name in LIBRARIES]
    folders = ("sources", "layers", *getattr(_module(source), "CODE", ()))
    return content.digest([*parts, *((folder, _code(folder)) for folder in folders)])[:16]


def _everything(ws: Workspace) -> str:
    """Return the digest of all that unfinished work could rest on: every contract, file and chosen source."""
    specs = content.room(ws.root, "layers", ".toml")
    parts = [(f"spec {name}", content.file_digest(path)) for name, path in specs.items()]
    parts += [(p.relative_to(ws.root).as_posix(), content.file_digest(p)) for p in content.data_files(ws.root)]
    parts += [(f"chosen {name}", chosen) for name, chosen in ws.chosen.items()]
    return content.digest(parts)[:8]


def _spec_digest(spec: LayerSpec) -> str:
    return content.file_digest(Path(spec.file))


def _file(ws: Workspace, path: str) -> str:
    from changping_geo.layers.register import sha256_of  # noqa: PLC0415 - heavy

    return sha256_of(content.home_of(ws.root, path) / path)


@cache
def _versions() -> dict[str, str]:
    return content.libraries()


@cache
def _code(folder: str) -> str:
    """Return the digest of a folder of the package; code that runs does not change."""
    files = content.code_files(content.PACKAGE / folder)
    return content.digest((p.relative_to(content.PACKAGE).as_posix(), content.file_digest(p)) for p in files)


def _module(source: Source) -> ModuleType:
    return sys.modules[provider(source.provider).__module__]


def _suffix(spec: LayerSpec) -> str:
    return ".tif" if spec.geometry == "raster" else ".parquet"


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write(raw: Any, path: Path) -> None:
    if path.suffix == ".parquet":
        raw.to_parquet(path)
        return
    from changping_geo.layers.rasters import write_raster  # noqa: PLC0415 - heavy

    write_raster(raw, path)


def _read(path: Path) -> Any:
    if path.suffix == ".tif":
        from changping_geo.layers.rasters import read_raster  # noqa: PLC0415 - heavy

        return read_raster(path)
    import geopandas as gpd  # noqa: PLC0415 - heavy
    import pandas as pd  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    if b"geo" in (pq.read_schema(path).metadata or {}):
        return gpd.read_parquet(path)
    return pd.read_parquet(path)
