"""Tables of a report: results by town, what was changed, data and their ledgers, how numbers are made."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.content import METHODS
from changping_geo.model import Status
from changping_geo.present.headings import heading
from changping_geo.present.index_data import layers_below
from changping_geo.present.index_tables import outputs_shown, value_of
from changping_geo.present.report_charts import town_labels
from changping_geo.present.report_parts import Cell, Figure, Table, pair
from changping_geo.present.units import Step, ladder, number, shown, step_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from changping_geo.model import Analysis, Layer, Output, Run

Pair = tuple[str, str]

_MOST_COLUMNS, _MOST_REASONS, _MOST_NOTES = 7, 3, 2
_LAST = {"outside": ("区外", "Outside"), "district": ("全区", "District")}


def figure_of(table: pd.DataFrame, output: Output) -> Figure:
    """Return what the whole district comes to, with the unit of engineers beside that of planners, and the range."""
    value = value_of(table, output.name)
    zh, en = shown(value, output.unit)
    notes = [(en, "")] if en != zh else []
    span = range_of(table, output, "district")
    notes += [(f"范围 {span[0]}", f"range {span[1]}")] if span else []
    note = " · ".join(a for a, _ in notes if a), " · ".join(b for _, b in notes if b)
    return Figure(pair(output.label_zh, output.label_en), pair(zh, en), pair(*note))


def range_of(table: pd.DataFrame, output: Output, row: str) -> Pair | None:
    """Return the range of a value in the unit of the value, where the analysis gives one."""
    names, value = [output.name + end for end in ("_low", "_high")], value_of(table, output.name, row)
    if not all(name in table for name in names) or not isfinite(value):
        return None
    ends = [value_of(table, name, row) for name in names]
    texts = []
    for steps in ladder(output.unit):
        size, word = step_for(value, steps)
        texts.append(f"{number(ends[0] / size)} – {number(ends[1] / size)} {word}".rstrip())
    return texts[0], texts[1]


def town_table(run: Run, analysis: Analysis) -> Table | None:
    """Return the results by town, each column in one unit, so that numbers can be compared; None if there are none."""
    table = run.results[analysis.name].by_town
    names = [output.name for output in outputs_shown(analysis, table)][:_MOST_COLUMNS]
    if not names:
        return None
    towns = table[~table.index.isin(_LAST)]
    cards = [heading(run, name, analysis=analysis.name) for name in names]
    steps = [_steps(towns[name], card.unit) for name, card in zip(names, cards, strict=True)]
    heads = [pair("镇街", "Town")]
    for card, ((_, zh), (_, en)) in zip(cards, steps, strict=True):
        heads.append(pair(f"{card.zh}\n{zh}" if zh else card.zh, f"{card.en}\n{en}" if en else card.en))

    def row(code: Any, name: Pair, mark: str = "") -> tuple[Cell, ...]:
        cells = (_number(value_of(table, column, code), each, mark) for column, each in zip(names, steps, strict=True))
        return (Cell(name, mark), *cells)

    rows = [row(code, name) for code, name in zip(towns.index, town_labels(run, towns), strict=True)]
    last = [code for code in _LAST if code in table.index]
    if "outside" in last and not table.loc["outside", names].fillna(0).astype(bool).any():
        last.remove("outside")
    rows += [row(code, pair(*_LAST[code]), "strong") for code in last]
    widths = (0.16, *([0.84 / len(names)] * len(names)))
    numbers = (False, *([True] * len(names)))
    return Table(tuple(heads), tuple(rows), numbers, widths, len(last), pair("各镇街结果", "Results by town"))


def _steps(values: pd.Series, unit: str) -> list[Step]:
    sizes = np.abs(values.to_numpy(dtype=float, na_value=np.nan))
    sizes = sizes[np.isfinite(sizes)]
    typical = float(np.median(sizes)) if sizes.size else 0.0
    return [step_for(typical, every) for every in ladder(unit)]


def _number(value: float, steps: Sequence[Step], mark: str) -> Cell:
    if not isfinite(value):
        return Cell(pair("–"), mark)
    (zh, _), (en, _) = steps
    return Cell(pair(number(value / zh), number(value / en)), mark)


def formula_table(analysis: Analysis, table: pd.DataFrame) -> Table | None:
    """Return how the main outputs are made, in the names of parameters, layers and other outputs."""
    rows = [
        (Cell(pair(o.label_zh, o.label_en)), Cell(pair("" if o.unit == "1" else o.unit)), Cell(pair(o.formula)))
        for o in outputs_shown(analysis, table)[:_MOST_COLUMNS]
        if o.formula
    ]
    heads = pair("指标", "Output"), pair("单位", "Unit"), pair("算法", "How it is made")
    return Table(heads, tuple(rows), (False,) * 3, (0.24, 0.14, 0.62), title=pair("算法", "Formulas")) if rows else None


def changed_table(analysis: Analysis) -> Table | None:
    """Return the parameters that a reader of the standard values would not expect; None if there are none."""
    rows = []
    for setting in analysis.settings:
        card = setting.card
        if not setting.chosen or setting.value == card.value:
            continue
        unit = "" if card.unit in ("1", "word") else f" {card.unit}"
        span = f"{card.low} – {card.high}{unit}" if card.low is not None and card.high is not None else "–"
        rows.append(
            (
                Cell(pair(card.title_zh, card.title_en), note=pair(card.name)),
                Cell(pair(f"{setting.value}{unit}"), "strong"),
                Cell(pair(f"{card.value}{unit}")),
                Cell(pair(span)),
                Cell(pair(card.source)),
            )
        )
    heads = (
        *(pair("参数", "Parameter"), pair("本次取值", "Value used"), pair("默认值", "Standard value")),
        *(pair("范围", "Range"), pair("默认值来源", "Source of the standard value")),
    )
    title = pair("改动的参数", "Parameters changed")
    return Table(heads, tuple(rows), (False,) * 5, (0.26, 0.14, 0.14, 0.16, 0.3), title=title) if rows else None


def parameter_note(analysis: Analysis) -> Pair:
    """Return how many parameters there are, how many were changed, and how many are not verified."""
    every = len(analysis.settings)
    changed = sum(1 for s in analysis.settings if s.chosen and s.value != s.card.value)
    doubt = sum(1 for s in analysis.settings if not s.card.verified)
    return pair(
        f"参数 {every} 个：改动 {changed} 个，{doubt} 个为尚未核实的规划范围；逐项见 tables/parameters.csv。",
        f"{every} parameters: {changed} changed, {doubt} planning ranges not yet verified; see tables/parameters.csv.",
    )


def layer_table(run: Run, analysis: Analysis | None = None) -> Table | None:
    """Return status, source and ledger of the layers that an analysis rests on, or of all layers."""
    names = layers_below(run, analysis) if analysis is not None else list(run.layers)
    found = {name: run.layers[name] for name in names if name in run.layers}
    methods = [n for n, layer in found.items() if layer.source.get("path", "").startswith(f"{METHODS}/")]
    methods = methods if analysis is not None else []
    rows = [_layer(run, name, layer) for name, layer in found.items() if name not in methods]
    if methods:
        rows.append(_methods([run.titles.get(name, (name, name)) for name in methods], [found[n] for n in methods]))
    heads = (
        *(pair("图层", "Layer"), pair("数据状态", "Status"), pair("来源", "Source")),
        *(pair("使用", "Used"), pair("修复", "Repaired"), pair("搁置", "Set aside")),
    )
    widths = 0.22, 0.13, 0.38, 0.09, 0.09, 0.09
    title = pair("数据状态与问题", "Data status and issues")
    return Table(heads, tuple(rows), (False,) * 3 + (True,) * 3, widths, title=title) if rows else None


def _methods(titles: Sequence[Pair], layers: Sequence[Layer]) -> tuple[Cell, ...]:
    """Return one row for all tables of methods: the pages of data tell each."""
    counts = ([layer.ledger.used for layer in layers], [layer.ledger.n_repaired for layer in layers])
    aside = [layer.ledger.n_set_aside for layer in layers]
    named = pair("、".join(zh for zh, _ in titles), ", ".join(en for _, en in titles))
    return (
        Cell(pair(f"方法参数表 {len(layers)} 张", f"{len(layers)} tables of methods")),
        status_cell(Status.weakest(layer.status for layer in layers)),
        Cell(named),
        *(Cell(pair(f"{sum(each):,}")) for each in (*counts, aside)),
    )


def _layer(run: Run, name: str, layer: Layer) -> tuple[Cell, ...]:
    told = dict.fromkeys(layer.source.get(key, "") for key in ("origin", "path", "provider", "licence"))
    ledger = layer.ledger
    reasons = [
        f"{reason} ({count:,})"
        for counter in (ledger.set_aside, ledger.repaired)
        for reason, count in counter.most_common(_MOST_REASONS)
    ]
    issues = "; ".join((*reasons, *ledger.notes[:_MOST_NOTES]))
    return (
        Cell(pair(*run.titles.get(name, (name, name)))),
        status_cell(layer.status),
        Cell(pair("; ".join(text for text in told if text)), note=pair(issues)),
        *(Cell(pair(f"{count:,}")) for count in (ledger.used, ledger.n_repaired, ledger.n_set_aside)),
    )


def status_cell(status: Status) -> Cell:
    """Return the label of a data status, in its colour."""
    return Cell(pair(status.label_zh, status.label_en), status.word)


def banner(status: Status) -> Pair:
    """Return what a reader must know of the weakest data before using any number."""
    if status is Status.SYNTHETIC:
        return pair(
            "演示结果，不可用于决策：部分数据为合成示例数据，见“数据状态与问题”。",
            "For demonstration only, not for decisions: some layers are synthetic; see “Data status and issues”.",
        )
    if status is Status.RECONSTRUCTED:
        return pair(
            "请谨慎使用：部分数据为重建数据，见“数据状态与问题”。",
            "Use with care: some layers are reconstructed; see “Data status and issues”.",
        )
    return pair(f"数据状态：{status.label_zh}", f"Data status: {status.label_en}")
