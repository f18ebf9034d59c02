"""A confirmed proposal, put into the workspace whole or not at all: files, register, source entry."""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from changping_geo.fetch.entries import put_entry
from changping_geo.intake.entry import check, with_entry
from changping_geo.intake.look import format_at
from changping_geo.layers.register import REGISTER, Entry, replace_whole, sha256_of
from changping_geo.model import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from changping_geo.intake.propose import Proposal
    from changping_geo.layers.spec import Source
    from changping_geo.workspace import Workspace

ROOM = "data_raw"
UNFIT = re.compile(r'[\x00-\x1f<>:"|?*\\/]')
SHAPEFILE = {".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".xml"}


def settle(ws: Workspace, file: Path, made: Proposal, origin: str) -> Path:
    """Copy the delivered file, register it, and write the layer's source entry.

    Parameters
    ----------
    ws : Workspace
        Where to.
    file : Path
        What was delivered.
    made : Proposal
        The confirmed proposal.
    origin : str
        Who made the file, for register and entry.

    Returns
    -------
    Path
        The layer's TOML.

    Raises
    ------
    GeoError
        If another file of that name is there, or a TOML cannot be edited; the workspace is then as before.
    """
    copies, _ = _plan(ws.root, file, made)
    toml = ws.root / "layers" / f"{made.layer}.toml"
    base = Path(ws.spec(made.layer).file)
    source = final_source(ws, file, made, origin)
    text = with_entry(base.read_bytes().decode("utf-8"), source, f"From {file.name}; the first one is used.")
    with ExitStack() as undo:
        for origin_path, target in copies:
            _copy(origin_path, target, undo)
        _keep_text(ws.root / REGISTER, undo)
        for entry in _entries(ws.root, made, source, copies):
            put_entry(ws.root, entry)
        _keep_text(toml, undo)
        toml.parent.mkdir(parents=True, exist_ok=True)
        check(toml, text, source)
        replace_whole(toml, text)
        undo.pop_all()
    return toml


def final_source(ws: Workspace, file: Path, made: Proposal, origin: str) -> Source:
    """Return the entry as it will be written: id, path below the workspace, maker."""
    _, path = _plan(ws.root, file, made)
    known = {s.id for s in ws.spec(made.layer).sources if s.path != path}
    name = next(n for n in ("imported", *(f"imported_{i}" for i in range(2, 1000))) if n not in known)
    fmt = "" if format_at(Path(path)) == made.source.format else made.source.format
    licence = made.source.licence or "not stated"
    return replace(made.source, id=name, path=path, format=fmt, origin=origin, licence=licence)


def _plan(root: Path, file: Path, made: Proposal) -> tuple[list[tuple[Path, Path]], str]:
    """Return what is copied where, and the path of the source entry."""
    room = root / ROOM
    if made.packed:
        folder = room / _clean(file.stem)
        pairs = [(made.root.parent / "unpacked" if made.clipped else made.root, folder)]
        inside = f"{ROOM}/{folder.name}/{made.source.path}"
        if made.clipped:
            pairs = [(made.root / "unpacked", folder), (made.root / made.source.path, room / made.source.path)]
            inside = f"{ROOM}/{made.source.path}"
        return pairs, inside
    file = file.resolve()
    if file.is_relative_to(room.resolve()) and not made.clipped:
        return [], file.relative_to(root.resolve()).as_posix()
    target = room / _clean(file.name)
    pairs = [] if file.is_relative_to(room.resolve()) else [(file, target)]
    if file.suffix.lower() == ".shp":
        parts = [p for p in sorted(file.parent.iterdir()) if p.stem == file.stem and p.suffix.lower() in SHAPEFILE]
        pairs = [(p, target.with_suffix(p.suffix)) for p in parts]
    if made.clipped:
        pairs.append((made.root / made.source.path, room / _clean(made.source.path)))
        return pairs, f"{ROOM}/{_clean(made.source.path)}"
    return pairs, f"{ROOM}/{target.name}"


def _clean(name: str) -> str:
    kept = UNFIT.sub("_", name).strip(". ")
    return kept or "delivered"


def _copy(source: Path, target: Path, undo: ExitStack) -> None:
    """Copy a file or folder under a hidden name, then rename it; one of the same content stays."""
    if target.exists():
        if sha256_of(source) == sha256_of(target):
            return
        raise SourceError(
            f"{target} is there already, with other content; rename the delivered file, or take the old one away"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".importing-{target.name}")
    undo.callback(_away, draft)
    _away(draft)
    if source.is_dir():
        shutil.copytree(source, draft, symlinks=False)
    else:
        shutil.copyfile(source, draft)
    undo.callback(_away, target)
    draft.rename(target)


def _away(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _keep_text(file: Path, undo: ExitStack) -> None:
    """Put a text file back as it is now, when something goes wrong later."""
    before = file.read_bytes().decode("utf-8") if file.exists() else None
    if before is None:
        undo.callback(file.unlink, missing_ok=True)
    else:
        undo.callback(replace_whole, file, before)


def _entries(root: Path, made: Proposal, source: Source, copies: Iterable[tuple[Path, Path]]) -> list[Entry]:
    today = datetime.now(tz=UTC).date().isoformat()
    common = {
        "title": made.layer,
        "origin": source.origin,
        "licence": source.licence,
        "date": today,
        "datum": source.datum,
        "status": source.status.word,
    }
    out = [Entry(path=source.path, sha256=sha256_of(root / source.path), **common)]
    if made.clipped:
        out += [
            Entry(path=target.relative_to(root).as_posix(), sha256=sha256_of(target), **common)
            for _, target in copies
            if target.is_file() and target.relative_to(root).as_posix() != source.path
        ]
        out[0] = replace(out[0], title=f"{made.layer}, cut to the district")
    return out
