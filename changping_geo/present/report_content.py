"""What stands on the pages of a report: findings, scoreboard, a page per analysis, data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.present.headings import main_output
from changping_geo.present.index_tables import outputs_shown, value_of
from changping_geo.present.mapspec import MapSpec, Towns
from changping_geo.present.report_charts import table_charts, town_labels, town_ranking
from changping_geo.present.report_parts import (
    Beside,
    Block,
    Chart,
    Figures,
    Heading,
    Page,
    Picture,
    Report,
    Text,
    pair,
)
from changping_geo.present.report_tables import (
    banner,
    changed_table,
    figure_of,
    formula_table,
    layer_table,
    parameter_note,
    town_table,
)
from changping_geo.present.report_targets import board_table, largest_gaps, scoreboard_of, tiles
from changping_geo.present.thumbs import thumbnail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from changping_geo.model import Analysis, Run

_FINDINGS, _FIGURES = 3, 6
_TIMES = 2
_LEADING = 3
_LAST = ("outside", "district")
_TO_FILL = (
    "“无数据”的目标：请填报 reported_indicators 表或提供相应图层；不作任何假设。",
    "Targets without data: fill in the table reported_indicators, or deliver the layers; nothing is assumed.",
)


def report_of(run: Run, specs: Sequence[MapSpec] = ()) -> Report:
    """Return the report of a run.

    Parameters
    ----------
    run : Run
        A finished run.
    specs : sequence of MapSpec
        The maps of the run; the first one of an analysis is pictured on its page.
    """
    analyses = [analysis for analysis in run.analyses.values() if analysis.name in run.results]
    board = scoreboard_of(run)
    pages = [_findings(run, analyses)]
    if board is not None:
        pages.append(
            Page(
                "scoreboard", pair("规划目标对照", "The plan's targets"), (board_table(board), Text(_TO_FILL, "small"))
            )
        )
    pages += [_analysis(run, analysis, specs) for analysis in analyses]
    layers = layer_table(run)
    if layers is not None:
        pages.append(Page("data", pair("数据与台账", "Data and ledgers"), (layers,)))
    frame = run.frame
    return Report(
        pair(f"{frame.title_zh}碳达峰空间分析报告", f"{frame.title_en}: report of the carbon-peak analyses"),
        pair(frame.plan_zh, frame.plan_en),
        pair(f"运行编号 {run.key}", f"Run key {run.key}"),
        tuple(pages),
    )


def _findings(run: Run, analyses: Sequence[Analysis]) -> Page:
    """Return what is read in a minute."""
    blocks: list[Block] = [Text(banner(run.status), run.status.word)]
    board = scoreboard_of(run)
    if board is not None:
        blocks.append(tiles(board))
        gaps = largest_gaps(board)
        blocks += [gaps] if gaps is not None else []
    # the scoreboard stands above already
    told = [a for a in analyses if all(table is not board for table in run.results[a.name].tables.values())]
    blocks += [_panel(run, analysis) for analysis in told]
    return Page("findings", pair("主要结论", "Findings"), tuple(blocks))


def _panel(run: Run, analysis: Analysis) -> Figures:
    """Return the strongest numbers of an analysis, and the towns that lead."""
    table = run.results[analysis.name].by_town
    outputs = outputs_shown(analysis, table)
    main = main_output(analysis, [output.name for output in outputs])
    outputs = sorted(outputs, key=lambda output: output.name != main)
    figures = tuple(figure_of(table, output) for output in outputs[:_FINDINGS])
    return Figures(
        figures,
        pair(analysis.title_zh, analysis.title_en),
        analysis.status.word,
        pair(analysis.status.label_zh, analysis.status.label_en),
        _leaders(run, analysis, main),
        "panel",
    )


def _leaders(run: Run, analysis: Analysis, main: str | None) -> tuple[str, str]:
    """Return the towns with most of the main output, with their share of the district where towns add up."""
    output = next((o for o in analysis.outputs if o.name == main), None)
    table = run.results[analysis.name].by_town
    if output is None or not output.extensive:
        return pair("")
    towns = table[~table.index.isin(_LAST)].astype({output.name: float})
    towns = towns[towns[output.name] > 0].sort_values(output.name, ascending=False, kind="stable").iloc[:_LEADING]
    whole = value_of(table, output.name)
    if towns.empty or not whole > 0:
        return pair("")
    shares = [f"{value / whole:.0%}" for value in towns[output.name]]
    named = [(zh, en, share) for (zh, en), share in zip(town_labels(run, towns), shares, strict=True)]
    return pair(
        f"{output.label_zh}居前：" + "、".join(f"{zh} {share}" for zh, _, share in named),
        f"Most {output.label_en}: " + ", ".join(f"{en} {share}" for _, en, share in named),
    )


def _analysis(run: Run, analysis: Analysis, specs: Sequence[MapSpec]) -> Page:
    table = run.results[analysis.name].by_town
    figures = tuple(figure_of(table, output) for output in outputs_shown(analysis, table)[:_FIGURES])
    picture, ranking = map_picture(run, analysis, specs), town_ranking(run, analysis)
    charts = table_charts(run, analysis)
    blocks: list[Block | None] = [
        Text(pair(analysis.about)) if analysis.about else None,
        Figures(figures) if figures else None,
        *_two_by_two([p for p in (picture, ranking) if p is not None]),
        *_two_by_two(charts),
        town_table(run, analysis),
        Heading(pair("方法与参数", "Method and parameters")),
        formula_table(analysis, table),
        Text(parameter_note(analysis), "small"),
        changed_table(analysis),
        layer_table(run, analysis),
    ]
    return Page(
        analysis.name,
        pair(analysis.title_zh, analysis.title_en),
        tuple(block for block in blocks if block is not None),
        analysis.status.word,
        pair(analysis.status.label_zh, analysis.status.label_en),
    )


def _two_by_two(parts: Sequence[Picture | Chart]) -> list[Block]:
    return [Beside(tuple(parts[i : i + 2])) for i in range(0, len(parts), 2)]


def map_picture(run: Run, analysis: Analysis, specs: Sequence[MapSpec], marked: str = "") -> Picture | None:
    """Return the picture of the map of an analysis; without a map, its towns by the main output.

    Parameters
    ----------
    run : Run
        A run with towns.
    analysis : Analysis
        One of its analyses.
    specs : sequence of MapSpec
        The maps of the run.
    marked : str
        Code of a town that is outlined.
    """
    if "towns" not in run.layers:
        return None
    table = run.results[analysis.name].by_town
    own = [spec for spec in specs if spec.analysis == analysis.name and spec.name != "overview"]
    spec = next((spec for spec in own if spec.name == analysis.name), own[0] if own else None)
    if spec is None:
        main = main_output(analysis, [output.name for output in outputs_shown(analysis, table)])
        if main is None or not table[main].iloc[:-2].notna().any():
            return None
        spec = MapSpec(analysis.name, analysis.title_zh, analysis.title_en, analysis.name, Towns(main))
    small = thumbnail(run, spec, times=_TIMES, marked=marked)
    title = small.title if any(small.title) else (spec.title_zh, spec.title_en)
    labels = tuple(pair(*both) for both in zip(*small.labels, strict=True))
    return Picture(small.png, pair(*title), pair(*small.unit), small.colours, labels)
