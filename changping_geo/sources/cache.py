"""Layers that a provider makes, made on first need and kept in ``.cache/`` under the digest of all they rest on."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from changping_geo import content
from changping_geo.sources import Context, provider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from changping_geo.layers.spec import LayerSpec, Source
    from changping_geo.workspace import Workspace

log = logging.getLogger(__name__)
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
    path = _path(ws, spec, source)
    beside, unfinished = path.with_suffix(".json"), path.with_suffix("")
    if path.is_file() and beside.is_file():
        return Provided(_read(path), tuple(json.loads(beside.read_text(encoding="utf-8"))["rests_on"]))
    log.info("make %s (%s, once)", spec.name, source.provider)
    began = time.perf_counter()
    asked: set[str] = set()

    def layer(name: str) -> Any:
        asked.add(name)
        return ws.layer(name).data

    raw = provider(source.provider)(Context(ws.frame, layer, unfinished))
    rests_on = tuple(sorted(asked))
    _whole(beside, lambda draft: draft.write_text(json.dumps({"rests_on": rests_on}), encoding="utf-8"))
    _whole(path, lambda draft: _write(raw, draft))
    _sweep(path, spec.name)
    log.info("made %s in %.1f s", spec.name, time.perf_counter() - began)
    return Provided(raw, rests_on)


def waits(ws: Workspace, spec: LayerSpec, source: Source) -> bool:
    """Return whether a layer is still to be made by a provider whose module says that it is ``SLOW``."""
    return bool(getattr(_module(source), "SLOW", False)) and not _path(ws, spec, source).is_file()


def _path(ws: Workspace, spec: LayerSpec, source: Source) -> Path:
    return ws.root / ".cache" / f"{spec.name}-{_key(ws, spec, source)}{_suffix(spec)}"


def _sweep(path: Path, name: str) -> None:
    """Remove what was kept under older keys, and the unfinished work of this one."""
    for old in path.parent.glob(f"{name}-{'?' * 16}*"):
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
        elif old.stem != path.stem:
            old.unlink(missing_ok=True)


def _key(ws: Workspace, spec: LayerSpec, source: Source) -> str:
    versions = content.libraries()
    parts = [("provider", source.provider), ("layer", spec.name), ("frame", repr(ws.frame))]
    parts += [(name, versions.get(name, "")) for name in LIBRARIES]
    for folder in ("sources", "layers", *getattr(_module(source), "CODE", ())):
        files = content.code_files(content.PACKAGE / folder)
        parts += [(p.relative_to(content.PACKAGE).as_posix(), content.file_digest(p)) for p in files]
    specs = content.room(ws.root, "layers", ".toml")
    parts += [(f"spec {name}", content.file_digest(path)) for name, path in specs.items()]
    parts += [(p.relative_to(ws.root).as_posix(), content.file_digest(p)) for p in content.data_files(ws.root)]
    return content.digest(parts)[:16]


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
