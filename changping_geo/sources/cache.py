"""Layers that a provider makes, made on first need and kept in ``.cache/`` under the digest of all they rest on."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

from changping_geo import content
from changping_geo.sources import Context, provider

if TYPE_CHECKING:
    from pathlib import Path

    from changping_geo.layers.spec import LayerSpec, Source
    from changping_geo.workspace import Workspace

log = logging.getLogger(__name__)
LIBRARIES = ("numpy", "scipy", "shapely", "geopandas", "pyproj", "pvlib", "h5py")


def provided(ws: Workspace, spec: LayerSpec, source: Source) -> Any:
    """Return what a provider gives for a layer: from the cache, or made now and kept."""
    path = ws.root / ".cache" / f"{spec.name}-{_key(ws, spec, source)}{_suffix(spec)}"
    if path.is_file():
        return _read(path)
    log.info("make %s (%s, once)", spec.name, source.provider)
    began = time.perf_counter()
    raw = provider(source.provider)(Context(ws.frame, lambda name: ws.layer(name).data))
    _write(raw, path)
    for old in path.parent.glob(f"{spec.name}-{'?' * 16}{path.suffix}"):
        if old != path:
            old.unlink(missing_ok=True)
    log.info("made %s in %.1f s", spec.name, time.perf_counter() - began)
    return raw


def _key(ws: Workspace, spec: LayerSpec, source: Source) -> str:
    versions = content.libraries()
    parts = [("provider", source.provider), ("layer", spec.name), ("frame", repr(ws.frame))]
    parts += [(name, versions.get(name, "")) for name in LIBRARIES]
    for folder in ("sources", "layers"):
        files = content.code_files(content.PACKAGE / folder)
        parts += [(p.relative_to(content.PACKAGE).as_posix(), content.file_digest(p)) for p in files]
    specs = content.room(ws.root, "layers", ".toml")
    parts += [(f"spec {name}", content.file_digest(path)) for name, path in specs.items()]
    parts += [(p.relative_to(ws.root).as_posix(), content.file_digest(p)) for p in content.data_files(ws.root)]
    return content.digest(parts)[:16]


def _suffix(spec: LayerSpec) -> str:
    return ".tif" if spec.geometry == "raster" else ".parquet"


def _write(raw: Any, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        if path.suffix == ".parquet":
            raw.to_parquet(draft)
        else:
            from changping_geo.layers.rasters import write_raster  # noqa: PLC0415 - heavy

            write_raster(raw, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


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
