"""From a delivered file to a proposal: the best layer, the runner-up, its source entry, and what would be set aside."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from changping_geo.intake import raster
from changping_geo.intake.fit import Fit, fit
from changping_geo.intake.look import Part, format_at, look
from changping_geo.intake.place import Ground, Place, find_datum, locate
from changping_geo.intake.unpack import unpack
from changping_geo.layers.columns import numbers_of
from changping_geo.layers.faults import plain
from changping_geo.layers.load import load_source
from changping_geo.layers.spec import FORMATS
from changping_geo.model import CrsError, GeoError, SourceError, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from changping_geo.layers.spec import LayerSpec, Source
    from changping_geo.model import Layer
    from changping_geo.workspace import Workspace

# A layer is proposed with as many points, and when the next one has so many fewer.
ENOUGH, AHEAD = 2.0, 0.5
SHOWN = 3


@dataclass(slots=True)
class Proposal:
    """What is proposed, to be shown and confirmed.

    Attributes
    ----------
    layer : str
        The layer.
    source : Source
        Its source entry; path relative to `root`.
    root : Path
        Where the file lies now: as delivered, or unpacked for looking at it.
    found : Fit
        Columns, words and units.
    notes : list of str
        What was recognised, in order: file, text, coordinate system, datum, layer.
    preview : Layer
        The file held to the layer's contract.
    clipped : bool
        Whether `root` holds a cut of a large raster, to be kept beside the original.
    packed : bool
        Whether the file came in an archive.
    """

    layer: str
    source: Source
    root: Path
    found: Fit
    notes: list[str] = field(default_factory=list)
    preview: Layer | None = None
    clipped: bool = False
    packed: bool = False


def propose(ws: Workspace, file: Path, asked: str, inner: str, status: str, draft: Path) -> Proposal:
    """Recognise a delivered file.

    Parameters
    ----------
    ws : Workspace
        Layers, district, towns and roads.
    file : Path
        A file, the folder of a geodatabase, or a zip archive.
    asked : str
        The layer that it is for; empty to find out.
    inner : str
        The layer, sheet or member of the file; empty to find out.
    status : str
        ``official``, ``open``, …; empty for ``official``, or ``open`` for what a web map exported.
    draft : Path
        An empty folder for what is unpacked or cut.

    Raises
    ------
    GeoError
        When the file cannot be read, or fits nothing; the message names the best candidates and what is missing.
    """
    if asked:
        ws.spec(asked)
    packed = file.suffix.lower() == ".zip"
    parts, faults = _open(file, draft / "unpacked", packed=packed)
    if inner:
        parts = [p for p in parts if inner in (p.source.layer, p.source.sheet, p.path.name, p.path.stem)] or _no_inner(
            file, inner, parts
        )
    if not parts:
        told = "".join(f"\n  - {fault}" for fault in faults)
        raise SourceError(f"{file}: nothing in it can be read{told}")
    fits = _rank(ws, parts, asked)
    best, notes = _choose(file, fits, asked)
    made = _raster(ws, best, draft) if best.part.kind == "raster" else _table(ws, best)
    made.packed = packed
    made.notes = [*best.part.notes, *made.notes, *notes, *best.notes]
    web = made.source.datum in ("gcj02", "bd09")
    made.source = replace(made.source, status=Status.parse(status or ("open" if web else "official")))
    district = None if made.layer == "district" or ws.spec(made.layer).geometry == "table" else ws.district
    made.preview = load_source(ws.spec(made.layer), made.source, ws.frame, district, made.root)
    return made


def _open(file: Path, folder: Path, *, packed: bool) -> tuple[list[Part], list[str]]:
    if not file.exists():
        raise SourceError(f"{file}: there is no such file")
    if packed:
        members = unpack(file, folder)
        roots = sorted({p for p in folder.rglob("*") if p.suffix.lower() == ".gdb" and p.is_dir()})
        files = [m for m in members if format_at(m) and not any(m.is_relative_to(r) for r in roots)] + roots
        return look(folder, files, file.stem)
    if not format_at(file):
        raise SourceError(
            f"{file}: files of this kind are never opened; deliver one of: {', '.join(FORMATS)}, or a zip of them"
        )
    return look(file.resolve().parent, [file.resolve()], file.stem)


def _no_inner(file: Path, inner: str, parts: Sequence[Part]) -> list[Part]:
    listed = ", ".join(plain(p.source.layer or p.source.sheet or p.path.name) for p in parts)
    raise SourceError(f"{file}: there is nothing called {inner!r} in it; there are: {listed}")


def _rank(ws: Workspace, parts: Iterable[Part], asked: str) -> list[Fit]:
    """Return every part taken for every layer that it could serve, best first."""
    specs = [ws.spec(asked)] if asked else [s for s in ws.specs.values() if _may_be_found(s)]
    fits: list[Fit] = []
    for part in parts:
        if part.kind == "raster":
            window, _ = raster.window_of(part.path, part.crs, ws.district, ws.frame.crs)
            values = raster.sample(part.path, window)
            fits += [Fit(part, s, raster.score(part, s, values)) for s in specs if s.geometry == "raster"]
        else:
            fits += [found for spec in specs if (found := fit(part, spec)) is not None]
    return sorted(fits, key=lambda f: -f.score)


def _may_be_found(spec: LayerSpec) -> bool:
    """Whether a file could be meant for a layer: not the outline, and no table of a method."""
    paths = [source.path for source in spec.sources if source.path]
    methods = bool(paths) and all(path.startswith("data_raw/methods/") for path in paths)
    return spec.name != "district" and spec.geometry != "climate" and not methods


def _choose(file: Path, fits: list[Fit], asked: str) -> tuple[Fit, list[str]]:
    """Return the best fit, and what is to be told of the others."""
    if not fits:
        what = f"layer {asked!r}" if asked else "any layer"
        raise SourceError(f"{file}: its geometry cannot serve {what}; name another with --as LAYER")
    sound = [f for f in fits if not f.missing and (asked or f.score >= ENOUGH)]
    if not sound:
        told = "".join(f"\n  - {_told(f)}" for f in fits[:SHOWN])
        what = f"does not fit layer {asked!r}" if asked else "fits no layer"
        raise SourceError(
            f"{file} {what}. The best candidates:{told}\nRename columns in the file, or write the [[sources]] by hand"
        )
    best = sound[0]
    notes = [f"layer: {best.spec.name} ({best.score:.1f} points)"]
    others = [f for f in sound[1:] if f.part is best.part]
    if others:
        notes[0] += f"; next {others[0].spec.name} ({others[0].score:.1f})"
        if best.score - others[0].score < AHEAD and not asked:
            raise SourceError(
                f"{file}: it could be {best.spec.name} or {others[0].spec.name} "
                f"({best.score:.1f} and {others[0].score:.1f} points); say which with --as LAYER"
            )
    rivals = [f for f in sound if f.part is not best.part and f.spec is best.spec and best.score - f.score < AHEAD]
    if rivals:
        names = ", ".join(
            plain(f.part.source.layer or f.part.source.sheet or f.part.path.name) for f in [best, *rivals]
        )
        raise SourceError(f"{file}: several of its parts could be {best.spec.name}: {names}; name one with --layer")
    beside = {id(f.part): f for f in reversed(sound) if f.part is not best.part}
    notes += [
        f"also in the file: {f.part.label}, perhaps {f.spec.name}; import it with --layer" for f in beside.values()
    ]
    return best, notes


def _told(found: Fit) -> str:
    have = ", ".join(f"{plain(m.heading)} → {m.column}" for m in found.matches) or "no column"
    lack = f"; missing: {', '.join(found.missing)}" if found.missing else ""
    return f"{found.spec.name} ({found.score:.1f} points): {have}{lack}"


def _raster(ws: Workspace, best: Fit, draft: Path) -> Proposal:
    part, district = best.part, ws.district
    window, shape = raster.window_of(part.path, part.crs, district, ws.frame.crs)
    known = CRS(part.crs)
    code = ":".join(known.to_authority(min_confidence=90) or ()) or known.to_wkt()
    source = replace(part.source, crs=code if known.is_geographic else "")
    notes = [f"{shape[0]:,} × {shape[1]:,} cells in {code if len(code) < SHOWN * 10 else known.name}"]
    if not raster.is_large(window, shape):
        return Proposal(best.spec.name, source, part.root, best, notes)
    name = f"{part.path.stem}_district.tif"
    raster.clip(part.path, window, draft / name)
    notes.append(
        f"cut to the district: {int(window.height):,} × {int(window.width):,} cells; the original is kept beside"
    )
    return Proposal(best.spec.name, replace(source, path=name), draft, best, notes, clipped=True)


def _table(ws: Workspace, best: Fit) -> Proposal:
    part, spec = best.part, best.spec
    source = replace(
        part.source,
        rename={m.heading: m.column for m in best.matches if m.heading != m.column},
        values={m.column: m.words for m in best.matches if m.words},
        scale={m.column: m.factor for m in best.matches if m.factor != 1.0},
        fill=best.fill,
        key_from=best.key_from,
    )
    if spec.geometry == "table":
        return Proposal(spec.name, source, part.root, best)
    if spec.name == "district":
        return Proposal(spec.name, replace(source, datum="cgcs2000"), part.root, best)
    xy = coordinates_of(best)
    ground = ground_of(ws, spec.name)
    place = locate(xy, part, ground)
    if place.share < 0.5:  # noqa: PLR2004 - as place.FITS
        raise CrsError(f"{part.path}: {'; '.join(place.notes)}")
    source, notes = _placed(source, best, place, xy, ground)
    return Proposal(spec.name, source, part.root, best, notes)


def _placed(source: Source, best: Fit, place: Place, xy: Any, ground: Ground) -> tuple[Source, list[str]]:
    """Put coordinate system, axes and datum into the entry."""
    notes, part = list(place.notes), best.part
    lon, lat = (best.lat, best.lon) if place.axes and best.lon else (best.lon, best.lat)
    source = replace(source, crs=place.crs, lon=lon, lat=lat, axes="" if best.lon else place.axes)
    geographic = gpd.GeoSeries([], crs=place.crs or part.crs).crs.is_geographic
    if geographic:
        degrees = xy[:, ::-1] if place.axes else xy
        ok = np.isfinite(degrees).all(axis=1)
        rows = part if part.frame is None else replace(part, frame=part.frame[ok])
        datum, how = find_datum(degrees[ok], rows, [lon, lat] if lon else [], best.spec.name, ground)
        notes.append(f"datum {datum}{': ' if how else ', as nothing speaks against it'}{'; '.join(how)}")
        source = replace(source, datum=datum)
        if datum in ("gcj02", "bd09") and source.crs:
            source = replace(source, crs="EPSG:4326")
    return source, notes


def coordinates_of(found: Fit) -> Any:
    """Return a point per row as the file has it, shape (n, 2)."""
    frame = found.part.frame
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = np.array(frame.geometry.array, dtype=object)
        bounds = shapely.bounds(shapes)
        return np.column_stack([bounds[:, [0, 2]].mean(axis=1), bounds[:, [1, 3]].mean(axis=1)])
    if frame is None:
        return np.empty((0, 2))
    return np.column_stack([numbers_of(frame[found.lon]), numbers_of(frame[found.lat])])


def ground_of(ws: Workspace, layer: str) -> Ground:
    """Return district, towns and roads of the workspace, the latter as far as they are no examples."""

    def firm(name: str) -> Any:
        try:
            if name == layer or not ws.has(name) or ws.source(name).status > Status.OPEN:
                return None
            return ws.layer(name).data
        except GeoError:
            return None

    return Ground(ws.district, ws.frame.crs, firm("towns"), firm("roads"))
