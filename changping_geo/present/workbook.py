"""The workbook of a run: results per town, and everything needed to defend them, for people who work in Excel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xlsxwriter.exceptions

from changping_geo.model import ResultError, Status
from changping_geo.present.gislayers import TOWN_KEY, TOWN_LABEL, TOWNS
from changping_geo.present.headings import heading, is_range_end, main_output, table_title, word_labels
from changping_geo.present.sheets import WARN_FILL, WHOLE_UNITS, Book, Head, number_format
from changping_geo.present.tables import index_as_columns, layer_rows, output_rows, parameter_rows
from changping_geo.present.townsheet import write_town_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from changping_geo.model import Analysis, Run

CREATED = datetime(2000, 1, 1, tzinfo=UTC)  # a constant: the same results give the same file
TOP_ROWS = 1000
MAX_TABLE_ROWS = 10_000
_COVER_WIDTHS = (84.0, 96.0)
WARNINGS = {
    Status.SYNTHETIC: (
        "结果建立在合成示例数据之上，只用于演示方法，不能作为决策依据。",
        "The results rest on synthetic demonstration data: they show the method and decide nothing.",
    ),
    Status.RECONSTRUCTED: (
        "部分数据（如镇街界线）由统计数字重建，不是测绘成果；引用前请换成正式数据。",
        "Some data, such as town borders, were reconstructed from statistics; replace them before quoting.",
    ),
    Status.OPEN: (
        "结果建立在公开数据之上，未经主管部门核对。",
        "The results rest on open data, not checked by the authority.",
    ),
    Status.OFFICIAL: ("结果建立在正式提供的数据之上。", "The results rest on officially delivered data."),
}
_READING = (
    ("分析表左侧为规划常用单位，右侧为计算所得原始数值；屏幕上四舍五入，单元格内保留全部位数。",
     "Units of planning stand left, numbers as computed right; cells hold every digit, only the screen rounds."),
    ("“区外”是不在任何镇街内的部分；“全区”等于各镇街与区外之和（比率除外）。",
     "'outside' lies in no town; 'district' is the sum of all towns and outside, ratios excepted."),
    ("空白表示没有数值。每列的公式见“列说明”，每个参数的取值与出处见“参数”。",
     "A blank has no value. Formulas are listed under 列说明, parameters with their sources under 参数."),
    ("底色为浅黄的参数不是默认值。", "Parameters on yellow differ from their defaults."),
)  # fmt: skip


def write_workbook(run: Run, path: Path) -> None:
    """Write the workbook of a run; a file already there is replaced.

    Parameters
    ----------
    run : Run
        The finished run.
    path : Path
        The file, ``.xlsx``.

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    book = Book(path, f"{run.frame.title_zh} {run.frame.plan_zh}".strip(), CREATED)
    cover = book.sheet("说明")
    for name, analysis in run.analyses.items():
        if name not in run.results:
            continue
        write_town_sheet(book, run, name)
        for title, table in run.results[name].tables.items():
            _write_table(book, run, analysis, title, table)
        _write_top_rows(book, run, analysis)
    _write_parameters(book, run)
    _write_outputs(book, run)
    _write_layers(book, run)
    _write_issues(book, run)
    _write_cover(book, run, cover)
    try:
        book.close()
    except (OSError, xlsxwriter.exceptions.XlsxFileError) as error:
        raise ResultError(f"{path} could not be written: {error}; check free space and permissions") from error


def _write_cover(book: Book, run: Run, sheet: Any) -> None:
    frame, status = run.frame, run.status
    row = 0

    def line(left: str, right: str = "", **look: object) -> None:
        nonlocal row
        for column, text in enumerate((left, right)):
            book.put(sheet, row, column, text, book.style(text_wrap=True, indent=1, **look))
        book.fit_row(sheet, row, (left, right), _COVER_WIDTHS, 1.7 if "font_size" in look else 1.0)
        row += 1

    for i, width in enumerate(_COVER_WIDTHS):
        sheet.set_column(i, i, width)
    line(f"{frame.title_zh}规划测算结果", f"{frame.title_en}: results of the planning toolkit", bold=True, font_size=16)
    zh, en = WARNINGS[status]
    fill = {"bg_color": WARN_FILL, "bold": True} if status != Status.OFFICIAL else {}
    line(f"数据状态：{status.label_zh}。{zh}", f"Data status: {status.label_en}. {en}", **fill)
    line("")
    line(f"规划：{frame.plan_zh}", f"Plan: {frame.plan_en}")
    line(f"内容标识：{run.key}", "Content key: the same key means the same data, parameters and program.")
    line("")
    line("分析", "Analyses", bold=True)
    for analysis in run.analyses.values():
        line(f"{analysis.title_zh}（{analysis.status.label_zh}）", f"{analysis.title_en}: {analysis.about}")
    line("")
    line("如何阅读", "How to read", bold=True)
    for pair in _READING:
        line(*pair)
    line("")
    line("工作表", "Sheets", bold=True)
    for name in book.names[1:]:
        sheet.write_url(
            row,
            0,
            "internal:'" + name.replace("'", "''") + "'!A1",
            book.style(font_color="#216bb0", underline=1, indent=1),
            name,
        )
        row += 1


def _status_line(status: Status) -> str:
    return f"数据状态：{status.label_zh}（{status.label_en}）"


def _write_table(book: Book, run: Run, analysis: Analysis, name: str, table: pd.DataFrame) -> None:
    frame = _in_words(run, index_as_columns(table), analysis.layers)
    zh, en = table_title(name, table)
    note = ""
    if frame.empty:
        note = "；无记录（no rows）"
    elif len(frame) > MAX_TABLE_ROWS:
        note = f"；只列前 {MAX_TABLE_ROWS} 行，全部见 tables/{analysis.name}_{name}.csv"
    sheet = book.sheet(f"{analysis.title_zh}·{zh}")
    title = f"{analysis.title_zh}：{zh}"
    book.titles(sheet, title, f"{analysis.title_en}: {en}", _status_line(analysis.status) + note)
    heads = [_head(run, str(column), frame[column], analysis=analysis.name) for column in frame]
    book.table(sheet, heads, _rows(frame.head(MAX_TABLE_ROWS)))


def _write_top_rows(book: Book, run: Run, analysis: Analysis) -> None:
    for layer, values in run.results[analysis.name].features.items():
        main = main_output(analysis, values.columns)
        if main is None or layer not in run.layers or not isinstance(run.layers[layer].data, pd.DataFrame):
            continue
        best = values[values[main].notna()].nlargest(TOP_ROWS, main)
        frame = _in_words(run, pd.concat([_own(run, layer, best), _results(analysis, best)], axis=1), [layer])
        title = run.titles.get(layer, (layer, layer))
        what = heading(run, main, analysis=analysis.name)
        sheet = book.sheet(f"{title[0]}前{TOP_ROWS}")
        book.titles(
            sheet,
            f"{title[0]}：{what.zh}最大的 {len(frame)} 个",
            f"{title[1]}: the {len(frame)} with the most {what.en}",
            f"{_status_line(analysis.status)}；全部见 gis/{run.frame.name}.gpkg",
        )
        heads = [_head(run, str(c), frame[c], analysis=analysis.name, layer=layer) for c in frame]
        book.table(sheet, heads, _rows(frame))


def _frame(run: Run, layer: str) -> pd.DataFrame:
    data: Any = run.layers[layer].data
    return pd.DataFrame(data)


def _own(run: Run, layer: str, best: pd.DataFrame) -> pd.DataFrame:
    """Return a layer's own columns for the best rows, and the names of their towns."""
    data = _frame(run, layer)
    own = data.loc[best.index, [c for c in run.columns.get(layer, {}) if c in data]].copy()
    codes = best.get(TOWN_KEY, own.get(TOWN_KEY))
    if codes is not None and TOWNS in run.layers and TOWN_LABEL in run.layers[TOWNS].data:
        towns = _frame(run, TOWNS)
        names = dict(zip(towns[TOWN_KEY].astype(str), towns[TOWN_LABEL].astype(str), strict=True))
        own["town_name"] = [names.get(str(code), "") for code in codes]
    return own


def _results(analysis: Analysis, best: pd.DataFrame) -> pd.DataFrame:
    """Return the outputs of the best rows, without the ends of ranges."""
    return best[[o.name for o in analysis.outputs if o.name in best and not is_range_end(o.name)]]


def _in_words(run: Run, frame: pd.DataFrame, layers: Iterable[str]) -> pd.DataFrame:
    """Return a frame whose words are those that people read."""
    out = frame.copy()
    for layer in layers:
        for column, labels in word_labels(run, layer).items():
            if column in out:
                out[column] = out[column].map(labels).fillna(out[column])
    return out


def _head(run: Run, column: str, values: pd.Series[Any], *, analysis: str = "", layer: str = "") -> Head:
    title = heading(run, column, analysis=analysis, layer=layer)
    number, width = "", None
    if pd.api.types.is_numeric_dtype(values) and "year" not in column:
        whole = pd.api.types.is_integer_dtype(values) or title.unit in WHOLE_UNITS
        number, width = "#,##0" if whole else number_format(values.to_numpy(dtype=float, na_value=np.nan)), 14.0
    return Head(title.zh, title.en if title.en != column else "", title.unit, width, number)


def _rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    columns = [frame.iloc[:, i].astype(object).tolist() for i in range(frame.shape[1])]
    return list(zip(*columns, strict=True))


def _write_parameters(book: Book, run: Run) -> None:
    heads = (
        ("分析", "Analysis", 15), ("参数", "Parameter", 26), ("英文名", "Title", 28), ("名称", "Name", 30),
        ("取值", "Value", 11), ("默认值", "Default", 11), ("单位", "Unit", 11),
        ("下限", "Low", 14), ("上限", "High", 10), ("选用", "Chosen", 9), ("出处已核", "Source read", 12),
        ("来源", "Source", 56),
    )  # fmt: skip
    rows, marked = [], []
    for i, row in enumerate(parameter_rows(run)):
        analysis, name, zh, en, value, default, unit, low, high, chosen, verified, source, choices = row
        if chosen:
            marked.append(i)
        low = choices or low
        title = run.analyses[str(analysis)].title_zh
        rows.append(
            (title, zh, en, name, value, default, unit, low, high, "自定" if chosen else "默认", verified, source)
        )
    sheet = book.sheet("参数")
    book.titles(
        sheet, "参数", "Parameters with range and source", "浅黄底色：不是默认值（yellow: chosen for this run）"
    )
    book.table(sheet, [Head(zh, en, "", width) for zh, en, width in heads], rows, frozen=2, marked=marked)


def _write_outputs(book: Book, run: Run) -> None:
    heads = (
        ("分析", "Analysis", 16), ("名称", "Title", 26), ("英文名", "English title", 32), ("列名", "Column", 32),
        ("单位", "Unit", 16), ("公式", "Formula", 80), ("可加总", "Adds up", 10), ("数据状态", "Data status", 18),
    )  # fmt: skip
    rows = [
        (run.analyses[str(a)].title_zh, zh, en, name, unit, formula, adds, Status.parse(str(status)).label_zh)
        for a, name, unit, zh, en, formula, adds, status in output_rows(run)
    ]
    sheet = book.sheet("列说明")
    book.titles(sheet, "列说明", "Columns of the results, with unit and formula", "")
    book.table(sheet, [Head(zh, en, "", width) for zh, en, width in heads], rows, frozen=2)


def _write_layers(book: Book, run: Run) -> None:
    heads = (
        ("图层", "Layer", 18), ("英文名", "Title", 24), ("数据状态", "Data status", 16), ("来源", "Source", 15),
        ("文件或程序", "File or provider", 30), ("出处", "Origin", 42), ("许可", "Licence", 15),
        ("坐标基准", "Datum", 11), ("读入行", "Read", 11), ("直接采用", "Used as is", 12), ("修正", "Repaired", 11),
        ("未采用", "Set aside", 11), ("校验值", "SHA-256", 36),
    )  # fmt: skip
    rows = []
    for row in layer_rows(run):
        _, zh, en, source, where, origin, licence, datum, sha256, status, *counts = row
        label = Status.parse(str(status)).label_zh
        rows.append((zh, en, label, source, where, origin, licence, datum, *counts[:4], sha256))
    sheet = book.sheet("数据来源")
    book.titles(
        sheet, "数据来源", "Data sources", "读入行 = 直接采用 + 修正 + 未采用（read = used + repaired + set aside）"
    )
    numbers = {"Read", "Used as is", "Repaired", "Set aside"}
    book.table(sheet, [Head(zh, en, "", w, "#,##0" if en in numbers else "") for zh, en, w in heads], rows)


def _write_issues(book: Book, run: Run) -> None:
    rows: list[Sequence[object]] = []
    for name, layer in run.layers.items():
        title = run.titles.get(name, (name, name))[0]
        rows += [(title, "修正", reason, count) for reason, count in sorted(layer.ledger.repaired.items())]
        rows += [(title, "未采用", reason, count) for reason, count in sorted(layer.ledger.set_aside.items())]
        rows += [(title, "提示", note, np.nan) for note in layer.ledger.notes]
    sheet = book.sheet("数据问题")
    kept = "未采用的记录见 set_aside.gpkg（rows set aside are kept there）" if rows else "没有发现问题（none found）"
    book.titles(sheet, "数据问题", "Data issues: repaired, set aside, notes", kept)
    heads = [
        Head("图层", "Layer", "", 22),
        Head("处理", "Kind", "", 12),
        Head("原因", "Reason", "", 100),
        Head("行数", "Rows", "", 12, "#,##0"),
    ]
    book.table(sheet, heads, rows)
