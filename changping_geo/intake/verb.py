"""``changping-geo import FILE``: recognise, show, ask, settle."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from changping_geo.intake.entry import written
from changping_geo.intake.propose import propose
from changping_geo.intake.settle import final_source, settle
from changping_geo.layers.columns import texts_of
from changping_geo.layers.faults import plain
from changping_geo.model import SourceError
from changping_geo.screen import table
from changping_geo.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from changping_geo.intake.propose import Proposal
    from changping_geo.layers.spec import Source

WORDS_SHOWN, EXAMPLES, NOTES_SHOWN = 12, 3, 20
HEADS = {
    "zh": ("文件中的列", "图层的列", "含义", "单位", "依据", "例"),
    "en": ("column of the file", "column of the layer", "meaning", "unit", "why", "examples"),
}
TITLES = {
    "zh": ("识别", "列对应", "词语对应", "按图层要求检查", "将写入的来源"),
    "en": ("recognised", "columns", "words", "held to the layer's contract", "the entry to be written"),
}


def import_file(
    root: Path,
    file: Path,
    layer: str = "",
    *,
    inner: str = "",
    status: str = "",
    origin: str = "",
    language: str = "zh",
    show: Callable[[str], None],
    confirm: Callable[[], bool],
) -> str:
    """Recognise a delivered file, show what is proposed, and write it on confirmation.

    Parameters
    ----------
    root : Path
        The workspace.
    file : Path
        A file, the folder of a geodatabase, or a zip archive.
    layer : str
        The layer that it is for; empty to find out.
    inner : str
        The layer, sheet or member of the file; empty to find out.
    status : str
        How far it may be trusted; empty for ``official``, or ``open`` for what a web map exported.
    origin : str
        Who made it.
    language : str
        ``zh`` or ``en``.
    show : callable
        Receives the proposal as text.
    confirm : callable
        Returns whether to go on.

    Returns
    -------
    str
        What was done.

    Raises
    ------
    GeoError
        When nothing fits, or the file breaks the layer's contract; nothing is then written.
    """
    ws = Workspace(root)
    with tempfile.TemporaryDirectory(prefix="changping-geo-") as folder:
        made = propose(ws, file, layer, inner, status, Path(folder))
        maker = origin or f"delivered as {file.name}"
        show(report(ws, made, final_source(ws, file, made, maker), language))
        if not confirm():
            raise SourceError("not confirmed; nothing was written. In scripts, say --yes")
        toml = settle(ws, file, made, maker)
    ledger = made.preview.ledger if made.preview else None
    counts = f"{ledger.used} / {ledger.read}" if ledger else ""
    return f"{made.layer}: {counts} ← {file.name}; {toml.relative_to(ws.root).as_posix()}, data_raw/SOURCES.toml"


def report(ws: Workspace, made: Proposal, source: Source, language: str) -> str:
    """Return the proposal as text: recognised, columns, words, contract, entry."""
    titles = TITLES[language]
    out = [f"{titles[0]}:", *(f"  - {note}" for note in made.notes)]
    rows = _columns(ws, made, language)
    if rows:
        out += ["", f"{titles[1]}:", table(HEADS[language], rows)]
    words = [
        f"  {m.column}: "
        + ", ".join(f"{plain(w)} → {a}" for w, a in list(m.words.items())[:WORDS_SHOWN])
        + (f"; ?: {', '.join(map(plain, m.unknown[:WORDS_SHOWN]))}" if m.unknown else "")
        for m in made.found.matches
        if m.words or m.unknown
    ]
    if words:
        out += ["", f"{titles[2]}:", *words]
    if made.preview is not None:
        ledger = made.preview.ledger
        zh = language == "zh"
        counts = (
            f"读入 {ledger.read}, 使用 {ledger.used}, 修复 {ledger.n_repaired}, 搁置 {ledger.n_set_aside}"
            if zh
            else f"read {ledger.read}, used {ledger.used}, repaired {ledger.n_repaired}, set aside {ledger.n_set_aside}"
        )
        out += ["", f"{titles[3]}: {counts}", *(f"  - {note}" for note in ledger.notes[:NOTES_SHOWN])]
    return "\n".join([*out, "", f"{titles[4]} (layers/{made.layer}.toml):", written(source)])


def _columns(ws: Workspace, made: Proposal, language: str) -> list[list[str]]:
    spec, frame = ws.spec(made.layer), made.found.part.frame
    rows = []
    for match in made.found.matches:
        column = spec.columns[match.column]
        texts = [t for t in texts_of(frame[match.heading]) if t is not None] if frame is not None else []
        examples = ", ".join(plain(t) for t in list(dict.fromkeys(texts))[:EXAMPLES])
        title = column.title_zh if language == "zh" else column.title_en
        rows.append([plain(match.heading), match.column, title, column.unit, match.how, examples])
    for name, value in made.found.fill.items():
        title = spec.columns[name].title_zh if language == "zh" else spec.columns[name].title_en
        rows.append(["—", name, title, "", "assumed", value])
    if made.found.key_from:
        joined = " + ".join(plain(n) for n in made.found.key_from)
        rows.append([joined, spec.key, spec.columns[spec.key].title_zh, "", "key", ""])
    return rows
