"""Tables of the door of a run folder: results by town, and the small further tables of analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from changping_geo.present.headings import heading, table_title, word_labels
from changping_geo.present.tables import index_as_columns
from changping_geo.present.units import Step, ladder, number, step_for
from changping_geo.present.webmap import both

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from changping_geo.model import Analysis, Output, Run

Pair = tuple[str, str]

_LAST_ROWS = ("outside", "district")
# A larger table is for Excel. [rows, columns]
_MOST_ROWS, _MOST_COLUMNS = 40, 12
_YES_NO = {True: ("是", "yes"), False: ("否", "no")}


def outputs_shown(analysis: Analysis, table: pd.DataFrame) -> list[Output]:
    """Return the outputs that the door shows: the headline, or every number that is not the end of a range."""
    outputs = [o for o in analysis.outputs if o.name in table and pd.api.types.is_numeric_dtype(table[o.name])]
    outputs = [o for o in outputs if not _is_end(o.name, table)]
    return [o for o in outputs if o.name in analysis.headline] or outputs


def value_of(table: pd.DataFrame, column: str, row: Any = "district") -> float:
    """Return a number of a table by town; NaN where there is none."""
    value = table[column].get(row)
    return float("nan") if value is None or pd.isna(value) else float(value)


def by_town(run: Run, analysis: Analysis) -> str:
    """Return the results by town; each column in one unit, so that numbers can be compared."""
    table = run.results[analysis.name].by_town
    names = [output.name for output in outputs_shown(analysis, table)]
    if not names:
        return ""
    towns = [code for code in table.index if code not in _LAST_ROWS]
    last = [code for code in _LAST_ROWS if code in table.index]
    if "outside" in last and not table.loc["outside", names].fillna(0).astype(bool).any():
        last.remove("outside")
    heads = [_head(("镇街", "Town"))]
    steps: dict[str, list[Step]] = {}
    for name in names:
        card = heading(run, name, analysis=analysis.name)
        steps[name] = _steps(table.loc[towns, name], card.unit)
        heads.append(_head((card.zh, card.en), steps[name], number=True))
    english = _english(run)

    def row(code: Any) -> str:
        cells = (_number(value_of(table, name, code), steps[name]) for name in names)
        return f'<tr><th scope="row">{_town(code, table, english)}</th>{"".join(cells)}</tr>'

    return _sheet(heads, [row(code) for code in towns], [row(code) for code in last])


def further_tables(run: Run, analysis: Analysis) -> str:
    """Return the further tables of an analysis that are small enough to be read on a page, folded away."""
    parts = []
    for name, table in run.results[analysis.name].tables.items():
        frame = index_as_columns(table)
        if not 0 < len(frame) <= _MOST_ROWS:
            continue
        html = _frame(run, analysis, frame, table.attrs.get("words", {}))
        if html:
            zh, en = table_title(name, table)
            parts.append(f"<details><summary>{both(zh, en[:1].upper() + en[1:])}</summary>{html}</details>")
    return f'<div class="more">{"".join(parts)}</div>' if parts else ""


def _frame(run: Run, analysis: Analysis, frame: pd.DataFrame, words: Mapping[str, Mapping[str, Pair]]) -> str:
    columns = [str(column) for column in frame.columns]
    twins = {c for c in columns if c.endswith("_en") and f"{c.removesuffix('_en')}_zh" in columns}
    shown = [c for c in columns if c not in twins and c not in {"data_status", "town_code"}]
    if len(shown) > _MOST_COLUMNS or len(set(columns)) < len(columns):
        return ""
    known = {**_labels(run), **words}
    heads, cells = [], []
    for column in shown:
        card, values = heading(run, column, analysis=analysis.name), frame[column]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            steps = _steps(values, card.unit)
            heads.append(_head((card.zh, card.en), steps, number=True))
            plainly = column in {"year", "month", "rank"} or (not card.unit and pd.api.types.is_integer_dtype(values))
            cells.append([_whole(v) if plainly else _number(float(v), steps) for v in values])
        else:
            other = frame[f"{column.removesuffix('_zh')}_en"] if f"{column.removesuffix('_zh')}_en" in twins else None
            heads.append(_head((card.zh, card.en)))
            cells.append(_texts(values, other, known.get(column, {})))
    return _sheet(heads, [f"<tr>{''.join(row)}</tr>" for row in zip(*cells, strict=True)], [])


def _texts(values: pd.Series, other: pd.Series | None, words: Mapping[str, Pair]) -> list[str]:
    pairs = []
    for place, value in enumerate(values):
        if value is None or pd.isna(value):
            pairs.append(("–", "–"))
        elif isinstance(value, bool | np.bool_):
            pairs.append(_YES_NO[bool(value)])
        else:
            text = str(value)
            pairs.append((text, str(other.iloc[place])) if other is not None else words.get(text, (text, text)))
    return [f'<td class="text">{both(*pair)}</td>' for pair in pairs]


def _labels(run: Run) -> dict[str, dict[str, Pair]]:
    """Return the labels of words of every layer's columns."""
    found: dict[str, dict[str, Pair]] = {}
    for layer, cards in run.columns.items():
        for column in word_labels(run, layer):
            found.setdefault(column, dict(cards[column].values))
    return found


def _is_end(name: str, table: pd.DataFrame) -> bool:
    """Whether a column is the low or high end of another one: it is shown beside that, not by itself."""
    return any(name.endswith(end) and name.removesuffix(end) in table for end in ("_low", "_high"))


def _steps(values: pd.Series, unit: str) -> list[Step]:
    sizes = np.abs(values.to_numpy(dtype=float, na_value=np.nan))
    sizes = sizes[np.isfinite(sizes)]
    typical = float(np.median(sizes)) if sizes.size else 0.0
    return [step_for(typical, every) for every in ladder(unit)]


def _head(title: Pair, steps: Sequence[Step] = (), *, number: bool = False) -> str:
    unit = f"<small>{both(*(word for _, word in steps))}</small>" if steps and any(word for _, word in steps) else ""
    kind = ' class="number"' if number else ""
    return f"<th scope='col'{kind}><button type='button'>{both(*title)}{unit}</button></th>"


def _number(value: float, steps: Sequence[Step]) -> str:
    if not np.isfinite(value):
        return '<td data-value="">–</td>'
    (size_zh, _), (size_en, _) = steps
    return f'<td data-value="{value!r}">{both(number(value / size_zh), number(value / size_en))}</td>'


def _whole(value: Any) -> str:
    return '<td data-value="">–</td>' if pd.isna(value) else f'<td data-value="{int(value)}">{int(value)}</td>'


def _english(run: Run) -> dict[str, str]:
    layer = run.layers.get("towns")
    if layer is None or not isinstance(layer.data, gpd.GeoDataFrame) or "name_en" not in layer.data:
        return {}
    return {
        str(code): name
        for code, name in zip(layer.data["town_code"], layer.data["name_en"], strict=True)
        if isinstance(name, str) and name
    }


def _town(code: Any, table: pd.DataFrame, english: Mapping[str, str]) -> str:
    if code in _LAST_ROWS:
        return both(*{"outside": ("区外", "Outside"), "district": ("全区", "District")}[code])
    zh = str(table["town_name"].get(code, code)) if "town_name" in table else str(code)
    return both(zh, english.get(str(code), zh))


def _sheet(heads: Sequence[str], rows: Sequence[str], foot: Sequence[str]) -> str:
    end = f"<tfoot>{''.join(foot)}</tfoot>" if foot else ""
    return (
        f'<div class="sheet" tabindex="0"><table class="sortable"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody>{end}</table></div>"
    )
