"""What a workspace holds: its layers with source, status and rows, and its parameter cards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from changping_geo.explain import parameter_range
from changping_geo.layers.register import accept as accept_file
from changping_geo.model import AnalysisError, DataError, GeoError, MissingError, SourceError
from changping_geo.screen import table
from changping_geo.wiring import read_modules
from changping_geo.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = {
    "zh": ("图层", "名称", "数据状态", "来源", "读入", "使用", "修复", "搁置", "说明"),
    "en": ("layer", "title", "status", "source", "read", "used", "repaired", "set aside", "notes"),
}
RIGHT = [False] * 4 + [True] * 4 + [False]


def overview(root: Path, language: str) -> str:
    """Return every layer of a workspace with its source, status and rows.

    A layer without data is listed with the place where a file may be put, a refused one with its faults.
    """
    ws = Workspace(root)
    rows = []
    for name, spec in ws.specs.items():
        try:
            rows.append(_row(ws, name, language))
        except GeoError as error:
            title = spec.title_zh if language == "zh" else spec.title_en
            rows.append([name, title, "✗", "", "", "", "", "", str(error)])
    return table(HEAD[language], rows, RIGHT)


def _row(ws: Workspace, name: str, language: str, *, named: bool = False) -> list[str]:
    spec = ws.spec(name)
    title = spec.title_zh if language == "zh" else spec.title_en
    try:
        if not named and ws.waits(name):
            note = "首次使用时计算, 需数分钟" if language == "zh" else "made on first need, which takes minutes"
            return [name, title, "…", ws.source(name).provider, "", "", "", "", note]
        layer = ws.layer(name)
    except MissingError as error:
        return [name, title, "—", "—", "", "", "", "", str(error)]
    ledger = layer.ledger
    counts = [str(n) for n in (ledger.read, ledger.used, ledger.n_repaired, ledger.n_set_aside)]
    status = layer.status.label_zh if language == "zh" else layer.status.label_en
    where = layer.source.get("path") or layer.source.get("provider", "")
    return [name, title, status, where, *counts, "; ".join(ledger.notes)]


def check(root: Path, names: Iterable[str], language: str) -> str:
    """Hold layers to their contracts, without computing anything.

    Parameters
    ----------
    root : Path
        The workspace.
    names : iterable of str
        Layers; nothing means all that have data.
    language : str
        ``zh`` or ``en``.

    Raises
    ------
    DataError
        If any layer is refused; every refused layer is told.
    """
    ws = Workspace(root)
    asked = tuple(names)
    faults: list[str] = []
    rows: list[list[str]] = []
    for name in asked or ws.specs:
        try:
            rows.append(_row(ws, name, language, named=bool(asked)))
            if asked:
                ws.layer(name)
        except GeoError as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise DataError("\n".join(faults))
    return table(HEAD[language], rows, RIGHT)


def accept(root: Path, files: Iterable[str]) -> str:
    """Acknowledge that registered files changed; return a line for each.

    Raises
    ------
    SourceError
        If no file is named, or one is missing.
    """
    asked = tuple(files)
    if not asked:
        raise SourceError("name the files that changed: changping-geo layers accept FILE…")
    return "\n".join(accept_file(root.resolve(), Path(file)) for file in asked)


def parameters(root: Path, analysis: str | None, language: str) -> str:
    """Return all parameter cards, or those of one analysis.

    Raises
    ------
    AnalysisError
        If the analysis is unknown.
    """
    modules = read_modules(root.resolve())
    if analysis is not None and analysis not in modules:
        raise AnalysisError(f"unknown analysis {analysis!r}; known are: {', '.join(modules)}")
    head = ("parameter", "", "value", "range", "unit", "read", "source")
    rows = [
        [
            f"{name}.{card.name}",
            card.title_zh if language == "zh" else card.title_en,
            str(card.value),
            ", ".join(card.choices) or parameter_range(card.low, card.high),
            card.unit,
            "✓" if card.verified else "?",
            card.source,
        ]
        for name, module in modules.items()
        if analysis in (None, name)
        for card in module.cards.cards.values()
    ]
    return table(head, rows)
