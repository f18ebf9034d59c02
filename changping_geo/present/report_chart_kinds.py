"""The three kinds of chart of a report, as drawings: ranked bars, stacked columns and lines."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.present.classes import number_label
from changping_geo.present.report_draw import Box, Drawing, Path, Shape, Word
from changping_geo.present.sheets import text_width
from changping_geo.present.units import ladder, number, step_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Pair = tuple[str, str]

# Colours that stay apart for colour-blind eyes and in a grey print, after Okabe & Ito (2008).
COLOURS = ("#1d5b87", "#d98a1f", "#3f8f6b", "#a8577e", "#6d6a63", "#57a5cf", "#b8a63a", "#8f3a06")
MAIN, FAINT, MARKED = "#2f7fb5", "#c9d6de", "#d9690f"
WIDTH = 520.0
_INK, _SOFT, _GRID = "#2b2a27", "#6d6a63", "#e3dfd6"
_ROW, _BAR, _SIZE = 17.0, 11.0, 11.0
_LETTER = 5.7  # width of half a Chinese letter at that size
_PLOT = 190.0
_TICKS = 5
_BAR_SHARE = 0.68
_MOST_LABEL = 30  # half letters; what is longer is cut


@dataclass(frozen=True, slots=True)
class Series:
    """Values along an axis.

    Attributes
    ----------
    label : (str, str)
        What the legend says.
    numbers : array, shape (n,)
        Missing values leave a gap. [unit of the chart]
    """

    label: Pair
    numbers: NDArray[np.float64]


def ranked_bars(labels: Sequence[Pair], series: Sequence[Series], unit: str, marked: int = -1) -> Drawing:
    """Return horizontal bars in the order given, each with its number.

    Parameters
    ----------
    labels : sequence of (str, str)
        One per bar, or per group of bars.
    series : sequence of Series
        One bar each in a group; missing values have none.
    unit : str
        Unit of all values.
    marked : int
        The group that is told apart; -1 for none.
    """
    table = np.array([each.numbers for each in series], dtype=float)
    steps = _steps(table, unit)
    texts = [[_written(value, steps) for value in row] for row in table]
    names = [(_cut(zh), _cut(en)) for zh, en in labels]
    left = 8 + _LETTER * max((text_width(text) for both in names for text in both), default=0)
    right = 10 + _LETTER * max((text_width(text) for row in texts for both in row for text in both), default=0)
    sizes = np.nan_to_num(table)
    low, high = min(0.0, float(sizes.min(initial=0))), max(0.0, float(sizes.max(initial=0)))
    scale = (WIDTH - left - right) / ((high - low) or 1.0)
    zero = left - low * scale
    keys = _placed([each.label for each in series]) if len(series) > 1 else []
    shapes: list[Shape] = [*_keys(keys, [each.label for each in series]), *_unit(steps, left, 9 + 17.0 * len(keys))]
    group = _ROW if len(series) == 1 else 6 + _BAR * len(series)
    top = 18 + 17.0 * len(keys)
    for place, label in enumerate(names):
        middle = top + group * (place + 0.5)
        shapes.append(Word(left - 6, middle, label, "end", _SIZE, _INK if place == marked else "#4c483f"))
        for part in range(len(series)):
            value, y = float(sizes[part, place]), middle + _BAR * (part - (len(series) - 1) / 2)
            plain_colour = MAIN if len(series) == 1 else COLOURS[part % len(COLOURS)]
            colour = plain_colour if marked < 0 else MARKED if place == marked else FAINT
            reach = abs(value) * scale
            shapes.append(Box(zero if value >= 0 else zero - reach, y - _BAR / 2, reach, _BAR - 1, colour))
            shapes.append(Word(zero + max(value, 0.0) * scale + 5, y, texts[part][place], "start", _SIZE - 0.5, _INK))
    return Drawing(WIDTH, top + len(names) * group + 2, tuple(shapes))


def _written(value: float, steps: tuple[tuple[float, str], tuple[float, str]]) -> Pair:
    (zh, _), (en, _) = steps
    return (number(value / zh), number(value / en)) if isfinite(value) else ("–", "–")


def _keys(rows: Sequence[Sequence[tuple[int, float]]], labels: Sequence[Pair]) -> list[Shape]:
    """Return the keys of a legend."""
    shapes: list[Shape] = []
    for row, keys in enumerate(rows):
        for place, x in keys:
            shapes.append(Box(x, 4 + 17.0 * row, 10, 10, COLOURS[place % len(COLOURS)]))
            shapes.append(Word(x + 14, 9 + 17.0 * row, labels[place], "start", _SIZE, _INK))
    return shapes


def stacked_columns(labels: Sequence[Pair], series: Sequence[Series], unit: str) -> Drawing:
    """Return columns over an axis, the series on top of each other.

    Parameters
    ----------
    labels : sequence of (str, str)
        One per column.
    series : sequence of Series
        From the bottom up; values below zero stand below it.
    unit : str
        Unit of all values.
    """
    table = np.nan_to_num(np.array([each.numbers for each in series], dtype=float))
    up, down = np.where(table > 0, table, 0.0), np.where(table < 0, table, 0.0)
    ticks = nice_ticks(float(down.sum(axis=0).min(initial=0)), float(up.sum(axis=0).max(initial=0)))
    frame = _Frame.around(ticks, unit, series if len(series) > 1 else ())
    shapes = frame.furniture()
    each = (WIDTH - frame.left) / max(len(labels), 1)
    for part, (ups, downs) in enumerate(zip(up, down, strict=True)):
        colour = MAIN if len(series) == 1 else COLOURS[part % len(COLOURS)]
        tops, bottoms = up[: part + 1].sum(axis=0), down[: part + 1].sum(axis=0)
        for i in range(len(labels)):
            x = frame.left + each * (i + (1 - _BAR_SHARE) / 2)
            for value, edge in ((ups[i], tops[i]), (downs[i], bottoms[i] - downs[i])):
                if value:
                    y, below = frame.y(edge), frame.y(edge - abs(value))
                    shapes.append(Box(x, y, each * _BAR_SHARE, below - y, colour))
    shapes += _along([frame.left + each * (i + 0.5) for i in range(len(labels))], labels, frame, each)
    return Drawing(WIDTH, frame.bottom + 22, tuple(shapes))


def line_chart(x: NDArray[np.float64], series: Sequence[Series], unit: str) -> Drawing:
    """Return lines over numbers such as years or distances.

    Parameters
    ----------
    x : array, shape (n,)
        Where the values stand, ascending.
    series : sequence of Series
        One line each.
    unit : str
        Unit of all values.
    """
    table = np.array([each.numbers for each in series], dtype=float)
    known = table[np.isfinite(table)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    near_zero = low > 0 and high - low > 0.4 * high
    ticks = nice_ticks(0.0 if near_zero or low == high else low, high)
    frame = _Frame.around(ticks, unit, series if len(series) > 1 else ())
    shapes = frame.furniture()
    first, span = float(x[0]), float(x[-1] - x[0]) or 1.0
    across = [frame.left + 14 + (WIDTH - frame.left - 28) * (float(at) - first) / span for at in x]
    for place, row in enumerate(table):
        colour = MAIN if len(series) == 1 else COLOURS[place % len(COLOURS)]
        points = [(at, frame.y(float(v))) for at, v in zip(across, row, strict=True) if isfinite(v)]
        if points:
            shapes.append(Path(tuple(points), colour, 2.0, 2.6 if len(points) <= 20 else 0.0))  # noqa: PLR2004 - dots
    whole = np.all(np.abs(x - np.round(x)) < 1e-9)  # noqa: PLR2004 - rounding
    words = [f"{value:.0f}" if whole else number_label(float(value)) for value in x]
    shapes += _along(across, [(word, word) for word in words], frame, (WIDTH - frame.left) / max(len(x), 1))
    return Drawing(WIDTH, frame.bottom + 22, tuple(shapes))


def nice_ticks(low: float, high: float) -> list[float]:
    """Return round numbers from below `low` to above `high`, about five of them.

    Examples
    --------
    >>> nice_ticks(0.0, 87.0)
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    if not (isfinite(low) and isfinite(high)) or high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / _TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The axes of a chart with a vertical scale."""

    ticks: list[float]
    steps: tuple[tuple[float, str], tuple[float, str]]
    legend: tuple[Pair, ...]
    left: float
    top: float

    @classmethod
    def around(cls, ticks: list[float], unit: str, series: Sequence[Series]) -> _Frame:
        steps = _steps(np.array(ticks), unit)
        written = [number_label(tick / size) for tick in ticks for size, _ in steps]
        legend = tuple(each.label for each in series)
        rows = len(_placed(legend)) if legend else 0
        return cls(ticks, steps, legend, 12 + _LETTER * max(map(text_width, written)), 30.0 + 17 * rows)

    @property
    def bottom(self) -> float:
        return self.top + _PLOT

    def y(self, value: float) -> float:
        return self.bottom - _PLOT * (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])

    def furniture(self) -> list[Shape]:
        shapes: list[Shape] = [*_unit(self.steps, 0.0, self.top - 19)]
        shapes += _keys(_placed(self.legend) if self.legend else [], self.legend)
        for tick in self.ticks:
            (size_zh, _), (size_en, _) = self.steps
            text = number_label(tick / size_zh), number_label(tick / size_en)
            colour = _SOFT if tick == 0 else _GRID
            shapes.append(Path(((self.left, self.y(tick)), (WIDTH, self.y(tick))), colour, 0.8))
            shapes.append(Word(self.left - 6, self.y(tick), text, "end", _SIZE, _SOFT))
        return shapes


def _placed(legend: Sequence[Pair]) -> list[list[tuple[int, float]]]:
    """Return the keys of a legend in rows: place in the legend and where it begins."""
    rows: list[list[tuple[int, float]]] = [[]]
    x = 0.0
    for place, texts in enumerate(legend):
        width = 30 + _LETTER * max(map(text_width, texts))
        if x + width > WIDTH and rows[-1]:
            rows.append([])
            x = 0.0
        rows[-1].append((place, x))
        x += width
    return rows


def _along(across: Sequence[float], labels: Sequence[Pair], frame: _Frame, room: float) -> list[Shape]:
    """Return the labels below an axis; where they would touch, only every n-th one."""
    longest = max((text_width(text) for pair in labels for text in pair), default=1)
    every = max(1, ceil((_LETTER * longest + 6) / room)) if room else 1
    y = frame.bottom + 13
    return [Word(at, y, labels[i], "middle", _SIZE, _SOFT) for i, at in enumerate(across) if i % every == 0]


def _unit(steps: tuple[tuple[float, str], tuple[float, str]], x: float, y: float = 9.0) -> list[Shape]:
    (_, zh), (_, en) = steps
    return [Word(x, y, (zh, en), "start", _SIZE, _SOFT)] if zh or en else []


def _steps(values: NDArray[np.float64], unit: str) -> tuple[tuple[float, str], tuple[float, str]]:
    sizes = np.abs(values[np.isfinite(values)])
    zh, en = ladder(unit)
    largest = float(sizes.max(initial=0.0))
    return step_for(largest, zh), step_for(largest, en)


def _cut(text: str) -> str:
    while text_width(text) > _MOST_LABEL:
        text = text[:-2] + "…"
    return text
