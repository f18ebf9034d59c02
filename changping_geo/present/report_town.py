"""The sheet of a single town: what every analysis says of it, its share and rank, and the targets that it carries."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.model import AnalysisError, ResultError
from changping_geo.plan.indicators import TOWN_TABLE
from changping_geo.present.index_tables import outputs_shown, value_of
from changping_geo.present.report import STEM, write_pages
from changping_geo.present.report_charts import town_labels, town_ranking
from changping_geo.present.report_content import map_picture
from changping_geo.present.report_parts import Beside, Block, Cell, Heading, Page, Report, Table, Text, pair
from changping_geo.present.report_published import read_run
from changping_geo.present.report_tables import banner, range_of
from changping_geo.present.report_targets import carried_by, scoreboard_of
from changping_geo.present.units import shown

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from changping_geo.model import Analysis, Output, Run

_LAST = ("outside", "district")
_MOST_ROWS = 10
_HEADS = (
    *(pair("指标", "Output"), pair("本镇街", "This town"), pair("全区", "District")),
    *(pair("占全区", "Share"), pair("名次", "Rank")),
)
_WIDTHS = (0.4, 0.22, 0.18, 0.1, 0.1)


def town_sheet(folder: Path, town: str, to: Path | None = None, language: str = "zh") -> list[Path]:
    """Write the sheet of a town from the files of a published run; nothing is computed again.

    Parameters
    ----------
    folder : Path
        A run folder.
    town : str
        Name, English name or code of a town.
    to : Path, optional
        Where the files go, made when it is missing; by default the run folder.
    language : str
        ``zh`` or ``en``: the language of the document, and of the page at start.

    Returns
    -------
    list of Path
        ``report_<code>.html`` and ``report_<code>.docx``.

    Raises
    ------
    AnalysisError
        If the town is unknown; the message lists the known ones.
    ResultError
        If a file of the run is gone, or `to` cannot be written.
    """
    run = read_run(folder)
    code = town_code(run, town)
    stem = f"{STEM}_{re.sub(r'[^A-Za-z0-9-]+', '_', code)}"
    target = to or folder
    try:
        target.mkdir(parents=True, exist_ok=True)
        return write_pages(sheet_of(run, code), target, stem, language)
    except OSError as error:
        raise ResultError(f"cannot write to {target}: {error}; choose another folder with --to") from error


def town_code(run: Run, town: str) -> str:
    """Return the code of a town that is named by its code, its name, or its English name.

    Raises
    ------
    AnalysisError
        If there is none of that name.
    """
    known: dict[str, tuple[str, str]] = {}
    for result in run.results.values():
        towns = _towns(result.by_town)
        known |= dict(zip(map(str, towns.index), town_labels(run, towns), strict=True))
    wanted = town.strip()
    for code, names in known.items():
        if wanted in (code, *names):
            return code
    listed = ", ".join(zh if zh == en else f"{zh} ({en})" for zh, en in known.values())
    raise AnalysisError(f"unknown town {town!r}; known are: {listed}")


def sheet_of(run: Run, code: str) -> Report:
    """Return the sheet of a town.

    Parameters
    ----------
    run : Run
        A run, finished or read back.
    code : str
        The town's code.
    """
    analyses = [a for a in run.analyses.values() if a.name in run.results and code in _codes(run, a)]
    table = _towns(run.results[analyses[0].name].by_town)
    at = list(map(str, table.index)).index(code)
    name = town_labels(run, table)[at]
    blocks: list[Block] = [Text(banner(run.status), run.status.word)]
    first = next((a for a in analyses if town_ranking(run, a) is not None), analyses[0])
    parts = (map_picture(run, first, (), code), town_ranking(run, first, code))
    there = tuple(part for part in parts if part is not None)
    blocks += [Beside(there)] if there else []
    board = scoreboard_of(run)
    if board is not None:
        carried = carried_by(board, name[0], _contributions(run, code))
        missing = Text(pair("计分表中没有由本镇街承担的目标。", "No target of the scoreboard is carried by this town."))
        blocks.append(carried if carried is not None else missing)
    blocks.append(Heading(pair("各项分析结果", "Results of the analyses")))
    blocks += [sheet for a in analyses if (sheet := _values(run, a, code)) is not None]
    frame = run.frame
    return Report(
        pair(f"{name[0]}碳达峰空间分析简报", f"{name[1]}: sheet of the carbon-peak analyses"),
        pair(f"{frame.title_zh} · {frame.plan_zh}".rstrip(" ·"), f"{frame.title_en} · {frame.plan_en}".rstrip(" ·")),
        pair(f"运行编号 {run.key}", f"Run key {run.key}"),
        (Page("town", name, tuple(blocks)),),
    )


def _towns(table: pd.DataFrame) -> pd.DataFrame:
    return table[~table.index.isin(_LAST)]


def _codes(run: Run, analysis: Analysis) -> set[str]:
    return set(map(str, _towns(run.results[analysis.name].by_town).index))


def _contributions(run: Run, code: str) -> list[dict[Any, Any]]:
    found: list[dict[Any, Any]] = []
    for result in run.results.values():
        table = result.tables.get(TOWN_TABLE)
        if table is not None and {"town_code", "indicator", "scope", "value", "unit"} <= set(table):
            found += table[table["town_code"].astype(str) == code].to_dict("records")
    return found


def _values(run: Run, analysis: Analysis, code: str) -> Table | None:
    table = run.results[analysis.name].by_town
    outputs = outputs_shown(analysis, table)[:_MOST_ROWS]
    rows = tuple(_value(table, output, code) for output in outputs)
    label = pair(
        f"{analysis.title_zh}（{analysis.status.label_zh}）", f"{analysis.title_en} ({analysis.status.label_en})"
    )
    return Table(_HEADS, rows, (False, True, True, True, True), _WIDTHS, title=label) if rows else None


def _value(table: pd.DataFrame, output: Output, code: str) -> tuple[Cell, ...]:
    """Return a value, its range, its share of the district where towns add up, and its rank, the largest first."""
    value, whole = value_of(table, output.name, code), value_of(table, output.name)
    zh, en = shown(value, output.unit)
    span = range_of(table, output, code)
    notes = (en if zh != en else "", f"范围 {span[0]}" if span else ""), (f"range {span[1]}" if span else "",)
    note = pair(*(" · ".join(text for text in texts if text) for texts in notes))
    every = _towns(table)[output.name].to_numpy(dtype=float)
    every = every[np.isfinite(every)]
    rank = f"{int((every > value).sum()) + 1} / {len(every)}" if isfinite(value) else "–"
    share = f"{value / whole:.1%}" if output.extensive and isfinite(value) and whole > 0 else "–"
    return (
        Cell(pair(output.label_zh, output.label_en)),
        Cell(pair(zh, en), "strong", note),
        Cell(pair(*shown(whole, output.unit))),
        Cell(pair(share)),
        Cell(pair(rank)),
    )
