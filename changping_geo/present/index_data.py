"""What the door of a run folder tells of data and parameters: status, what is made up, set aside or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.model import Status
from changping_geo.present.text import plain
from changping_geo.present.webmap import both

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from changping_geo.model import Analysis, Layer, Run

Pair = tuple[str, str]

# Reasons and notes of a layer that are listed; the tables hold them all. [lines]
_MOST_REASONS, _MOST_NOTES = 3, 4


def layers_below(run: Run, analysis: Analysis) -> list[str]:
    """Return the layers that an analysis rests on, directly or through other analyses, and that were opened."""
    names = dict.fromkeys(analysis.layers)
    for other in analysis.analyses:
        if other in run.analyses:
            names |= dict.fromkeys(layers_below(run, run.analyses[other]))
    return [name for name in names if name in run.layers]


def status_table(run: Run, analyses: Sequence[Analysis]) -> str:
    """Return one row per analysis: its status, which of its layers are made up or rebuilt, its parameters."""
    titles = (
        ("分析", "Analysis"),
        ("数据状态", "Status"),
        ("合成示例数据", "Synthetic layers"),
        ("重建数据", "Reconstructed layers"),
        ("参数", "Parameters"),
    )
    rows = []
    for analysis in analyses:
        below = layers_below(run, analysis)
        counts = (
            len(analysis.settings),
            sum(1 for s in analysis.settings if s.chosen),
            sum(1 for s in analysis.settings if not s.card.verified),
        )
        told = (
            f"{counts[0]} 个；改动 {counts[1]} 个；未核实 {counts[2]} 个",
            f"{counts[0]}; changed {counts[1]}; unverified {counts[2]}",
        )
        cells = (
            both(analysis.title_zh, analysis.title_en),
            _chip(analysis.status),
            _titles(run, below, Status.SYNTHETIC),
            _titles(run, below, Status.RECONSTRUCTED),
            both(*told),
        )
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return _words(titles, rows) if rows else ""


def layer_table(run: Run) -> str:
    """Return one row per layer: status, source, and what became of its rows."""
    titles = (
        ("图层", "Layer"),
        ("数据状态", "Status"),
        ("来源", "Source"),
        ("使用", "Used"),
        ("修复", "Repaired"),
        ("搁置", "Set aside"),
    )
    rows = []
    for name, layer in run.layers.items():
        made = "; ".join(layer.source[k] for k in ("origin", "path", "provider", "licence") if layer.source.get(k))
        counts = (layer.ledger.used, layer.ledger.n_repaired, layer.ledger.n_set_aside)
        rows.append(
            f"<tr><td>{both(*run.titles.get(name, (name, name)))}</td>"
            f"<td>{_chip(layer.status)}</td><td>{plain(made)}</td>"
            + "".join(f'<td class="number">{count:,}</td>' for count in counts)
            + "</tr>"
        )
    return f"<h3>{both('数据图层', 'Data layers')}</h3>{_words(titles, rows)}" if rows else ""


def notices(run: Run, analyses: Sequence[Analysis]) -> str:
    """Return what a reader should know before using the numbers: rows set aside or mended, notes, open questions."""
    items = [_item(run, name, _lost(layer)) for name, layer in run.layers.items()]
    notes = [_item(run, name, _notes(layer)) for name, layer in run.layers.items()]
    unverified = sum(1 for a in analyses for s in a.settings if not s.card.verified)
    if unverified:
        every = sum(len(a.settings) for a in analyses)
        zh = f"{every} 个参数中有 {unverified} 个取自尚未核实的规划范围，见 tables/parameters.csv。"
        en = f"{unverified} of {every} parameters are planning ranges not yet verified; see tables/parameters.csv."
        items.append(f"<li><b>{both('参数', 'Parameters')}</b><ul><li>{both(zh, en)}</li></ul></li>")
    html = f'<ul class="notices">{"".join(items)}</ul>' if any(items) else ""
    if any(notes):
        summary = both("数据读取说明", "Notes from reading the data")
        html += f'<details><summary>{summary}</summary><ul class="notices quiet">{"".join(notes)}</ul></details>'
    return html


def _item(run: Run, name: str, lines: Sequence[str]) -> str:
    listed = "".join(f"<li>{line}</li>" for line in lines)
    return f"<li><b>{both(*run.titles.get(name, (name, name)))}</b><ul>{listed}</ul></li>" if lines else ""


def _lost(layer: Layer) -> list[str]:
    ledger, lines = layer.ledger, []
    if ledger.n_set_aside:
        zh = f"读入 {ledger.read:,} 行，搁置 {ledger.n_set_aside:,} 行："
        en = f"{ledger.n_set_aside:,} of {ledger.read:,} rows set aside: "
        lines.append(both(zh, en) + plain(_reasons(ledger.set_aside)))
    if ledger.n_repaired:
        zh, en = f"修复 {ledger.n_repaired:,} 行：", f"{ledger.n_repaired:,} rows repaired: "
        lines.append(both(zh, en) + plain(_reasons(ledger.repaired)))
    return lines


def _notes(layer: Layer) -> list[str]:
    notes = [plain(note) for note in layer.ledger.notes[:_MOST_NOTES]]
    more = len(layer.ledger.notes) - len(notes)
    if more > 0:
        notes.append(both(f"另有 {more} 条说明，见 tables/layers.csv", f"{more} more notes in tables/layers.csv"))
    return notes


def _reasons(counter: Counter[str]) -> str:
    listed = [f"{reason} ({count:,})" for reason, count in counter.most_common(_MOST_REASONS)]
    return "; ".join([*listed, *(["…"] if len(counter) > _MOST_REASONS else [])])


def changed_parameters(analyses: Sequence[Analysis]) -> str:
    """Return the parameters that a reader of the standard values would not expect."""
    titles = (
        ("参数", "Parameter"),
        ("分析", "Analysis"),
        ("本次取值", "Value used"),
        ("默认值", "Standard value"),
        ("范围", "Range"),
        ("默认值来源", "Source of the standard value"),
    )
    rows = []
    for analysis in analyses:
        for setting in analysis.settings:
            card = setting.card
            if not setting.chosen or setting.value == card.value:
                continue
            unit = "" if card.unit == "1" else f" {card.unit}"
            span = f"{card.low} – {card.high}{unit}" if card.low is not None and card.high is not None else "–"
            cells = (
                both(card.title_zh, card.title_en) + f" <small>{plain(card.name)}</small>",
                both(analysis.title_zh, analysis.title_en),
                f"<b>{plain(setting.value)}{plain(unit)}</b>",
                plain(card.value) + plain(unit),
                plain(span),
                plain(card.source),
            )
            rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return _words(titles, rows) if rows else ""


def _chip(status: Status) -> str:
    return f'<span class="status {status.word}">{both(status.label_zh, status.label_en)}</span>'


def _titles(run: Run, names: Sequence[str], status: Status) -> str:
    pairs = [run.titles.get(name, (name, name)) for name in names if run.layers[name].status is status]
    return both("、".join(zh for zh, _ in pairs), ", ".join(en for _, en in pairs)) if pairs else "–"


def _words(titles: Sequence[Pair], rows: Sequence[str]) -> str:
    numbers = {"Used", "Repaired", "Set aside"}
    kinds = ['class="number"' if en in numbers else "" for _, en in titles]
    head = "".join(f'<th scope="col" {k}>{both(*title)}</th>' for k, title in zip(kinds, titles, strict=True))
    return (
        f'<div class="sheet" tabindex="0"><table class="words"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
