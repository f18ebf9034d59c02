"""Columns held to their contract: types, ranges, accepted words, missing values."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.layers.faults import ROWS_SHOWN, Faults, Verdicts, plain
from changping_geo.model import ColumnError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.layers.spec import Column, LayerSpec
    from changping_geo.model import Ledger

TRUE, FALSE = {"true", "1", "yes", "y", "是"}, {"false", "0", "no", "n", "否"}
# Above this, whole numbers have lost digits when they were stored as floating point.
EXACT = 2**53
WORDS_SHOWN = 8


def hold_columns(
    spec: LayerSpec, raw: pd.DataFrame, verdicts: Verdicts, faults: Faults, ledger: Ledger
) -> pd.DataFrame:
    """Bring columns to their canonical names and types, and judge their values.

    Parameters
    ----------
    spec : LayerSpec
        The contract.
    raw : DataFrame, shape (n, …)
        Columns as read, renamed.
    verdicts, faults, ledger
        Receive rows set aside, faults of whole columns, and notes.

    Returns
    -------
    DataFrame, shape (n, columns of the contract)
        Text as ``str``; whole numbers as ``int64`` when complete, else as ``float64`` with NaN; ``bool`` when complete,
        else ``boolean``. Optional columns that the source lacks are there, empty.
    """
    names = [str(c) for c in raw.columns if c != "geometry"]
    out: dict[str, pd.Series[Any]] = {}
    missing = [c.name for c in spec.columns.values() if c.name not in names]
    for column in spec.columns.values():
        if column.name in names:
            out[column.name] = _hold(column, raw[column.name].reset_index(drop=True), verdicts, ledger)
        else:
            out[column.name] = _as_dtype(column, [None] * len(raw))
    needed = [name for name in missing if spec.columns[name].required]
    if needed:
        faults.add(
            ColumnError,
            f"required columns are missing: {', '.join(needed)}; the source has: "
            f"{', '.join(plain(n) for n in names[:40]) or 'none'}. Name them with rename = {{ … }} in its [[sources]]",
        )
    absent = [name for name in missing if name not in needed]
    if absent:
        ledger.notes.append(f"optional columns that the source lacks: {', '.join(absent)}")
    unused = [name for name in names if name not in spec.columns]
    if unused:
        ledger.notes.append(f"columns of the source that are not used: {', '.join(plain(n) for n in unused[:20])}")
    if spec.key and spec.key in names:
        _hold_key(spec.key, out[spec.key], verdicts, faults)
    return pd.DataFrame(out, index=pd.RangeIndex(len(raw)))


def _hold_key(key: str, values: pd.Series[Any], verdicts: Verdicts, faults: Faults) -> None:
    empty = values.isna().to_numpy(dtype=bool)
    verdicts.set_aside(empty, f"{key}: no value")
    twice = values[~empty & values.duplicated(keep=False).to_numpy(dtype=bool)]
    if twice.empty:
        return
    told = [
        f"{plain(value)} (rows {', '.join(str(int(i) + 1) for i in rows.index[:ROWS_SHOWN])})"
        for value, rows in list(twice.groupby(twice, sort=False))[:ROWS_SHOWN]
    ]
    faults.add(
        ColumnError,
        f"{key}: {twice.nunique()} keys stand in more than one row: {', '.join(told)}; give each row a key of its own",
    )


def _hold(column: Column, series: pd.Series[Any], verdicts: Verdicts, ledger: Ledger) -> pd.Series[Any]:
    values, reasons = {"text": _texts, "bool": _bools}.get(column.type, _numbers)(series)
    there = ~pd.isna(values)

    def mark(bad: NDArray[np.bool_], reason: str) -> None:
        reasons[bad & (reasons == "")] = reason

    if column.type == "int":
        mark(there & (values % 1.0 != 0.0), "not a whole number")
    if column.range is not None and column.type in ("int", "float"):
        low, high = column.range
        mark(there & ~((values >= low) & (values <= high)), f"outside {low:g}…{high:g} {column.unit}".rstrip())
    if known := dict(column.values):
        words = _words(values, there)
        unknown = there & ~pd.Series(words).isin(list(known)).to_numpy(dtype=bool)
        _tell_unknown(column, words[unknown & (reasons == "")], ledger)
        mark(unknown, "unknown word")
    if column.required:
        mark(~there, "no value")
    for reason in dict.fromkeys(reasons[reasons != ""]):
        mask = reasons == reason
        verdicts.set_aside(mask, f"{column.name}: {reason}")
        if reason.startswith(("not ", "digits")):
            found = ", ".join(plain(w) for w in list(dict.fromkeys(series[mask].astype(str)))[:ROWS_SHOWN])
            ledger.notes.append(f"{column.name}: {reason}: {found}")
    values[reasons != ""] = None if values.dtype == object else np.nan
    return _as_dtype(column, values)


def _words(values: NDArray[Any], there: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Return values as the words that a contract lists, whole numbers without a point."""
    if values.dtype == object:
        return values
    words = np.full(values.shape, None, dtype=object)
    words[there] = [f"{v:.0f}" if v == v // 1.0 else repr(v) for v in values[there].tolist()]
    return words


def _tell_unknown(column: Column, words: NDArray[np.object_], ledger: Ledger) -> None:
    if not words.size:
        return
    counts = Counter(words.tolist())
    told = ", ".join(f"{plain(word)} ({count})" for word, count in counts.most_common(WORDS_SHOWN))
    labels = dict(column.values)
    known = ", ".join(f"{word} ({zh})" for word, (zh, _) in labels.items())
    example = next(iter(labels))
    ledger.notes.append(
        f"{column.name}: {len(counts)} unknown words: {told}; known are: {known}. Name them in its [[sources]], as "
        f'values.{column.name} = {{ {plain(counts.most_common(1)[0][0])} = "{example}" }}'
    )


def _blank(series: pd.Series[Any]) -> tuple[NDArray[Any], NDArray[np.object_]]:
    return np.full(len(series), None, dtype=object), np.full(len(series), "", dtype=object)


def _texts(series: pd.Series[Any]) -> tuple[NDArray[Any], NDArray[np.object_]]:
    """Return texts; whole numbers become digits, so that a code stays a code."""
    values, reasons = _blank(series)
    if pd.api.types.is_float_dtype(series.dtype):
        lost = series.abs().to_numpy(dtype=np.float64, na_value=np.nan) > EXACT
        reasons[lost] = "digits were lost when the code was stored as a number"
    if isinstance(series.dtype, pd.StringDtype):
        stripped = series.str.strip()
        there = (stripped.str.len().fillna(0) > 0).to_numpy(dtype=bool)
        values[there] = stripped.to_numpy(dtype=object)[there]
        return values, reasons
    for i, value in enumerate(series.array):
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            continue
        if isinstance(value, (float, np.floating)) and float(value).is_integer():
            values[i] = str(int(value))
        else:
            values[i] = str(value).strip() or None
    return values, reasons


def _numbers(series: pd.Series[Any]) -> tuple[NDArray[Any], NDArray[np.object_]]:
    """Return float64; an infinite value, and text that is no number, are refused for their row."""
    _, reasons = _blank(series)
    if pd.api.types.is_numeric_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    else:
        texts, _ = _texts(series)
        values = np.array([_number(text) for text in texts], dtype=np.float64)
        reasons[np.isnan(values) & ~pd.isna(texts)] = "not a number"
    endless = np.isinf(values)
    reasons[endless] = "not a finite number"
    values[endless] = np.nan
    return values, reasons


def _number(text: str | None) -> float:
    """Read one number as people write it: full-width digits, and commas between thousands."""
    if text is None:
        return math.nan
    plain_text = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    whole, _, rest = plain_text.partition(".")
    groups = whole.lstrip("+-").split(",")
    if len(groups) > 1 and len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:]):  # noqa: PLR2004 - thousands
        plain_text = plain_text.replace(",", "")
    try:
        return float(plain_text) if "_" not in rest + whole else math.nan
    except ValueError:
        return math.nan


def _bools(series: pd.Series[Any]) -> tuple[NDArray[Any], NDArray[np.object_]]:
    values, reasons = _blank(series)
    texts, _ = _texts(series)
    for i, text in enumerate(texts):
        if text is not None:
            word = text.lower()
            values[i] = True if word in TRUE else False if word in FALSE else None
            reasons[i] = "" if values[i] is not None else "not true or false"
    return values, reasons


def _as_dtype(column: Column, values: Any) -> pd.Series[Any]:
    """Return a series of the column's type. A list of None makes an empty column."""
    if column.type == "text":
        return pd.Series(values, dtype="str")
    if column.type == "bool":
        found = pd.Series(values, dtype="boolean")
        return found if found.isna().any() else found.astype(bool)
    found = pd.Series(values, dtype=np.float64)
    return found.astype(np.int64) if column.type == "int" and len(found) and not found.isna().any() else found


def texts_of(series: pd.Series[Any]) -> NDArray[Any]:
    """Return the values of a column as stripped texts, None where there is none."""
    return _texts(series)[0]


def numbers_of(series: pd.Series[Any]) -> NDArray[np.float64]:
    """Return the values of a column as finite numbers, NaN where there is none."""
    values: NDArray[np.float64] = _numbers(series)[0]
    return values
