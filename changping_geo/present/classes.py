"""Legend classes: round numbers and calm, colour-blind-safe colours, the same in every map, project and workbook."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.model import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

KINDS = ("quantile-rounded", "jenks", "equal", "geometric")

# Sequential ramps after ColorBrewer 2.0 (Harrower & Brewer 2003, doi:10.1179/000870403235002042), light to dark:
# lightness falls evenly, so they read the same to colour-blind eyes and in a grey print.
PALETTES: dict[str, tuple[str, ...]] = {
    "amber": ("#fff3cf", "#fee3a0", "#fec965", "#fba637", "#ec7f1a", "#c95a0a", "#8f3a06"),
    "blue": ("#eaf1f9", "#cfe0f1", "#a6cbe6", "#72addb", "#458dc9", "#216bb0", "#0b458a"),
    "green": ("#edf7e6", "#d2ebc7", "#abd9a0", "#7bc37c", "#45a55d", "#1d7f41", "#005627"),
    "teal": ("#e9f5f2", "#cbe8e3", "#9fd4d0", "#6bb8bd", "#3d97a5", "#1f7287", "#0e4c63"),
    "purple": ("#f3eff7", "#dfdbeb", "#c2c0de", "#a19ccb", "#8075b6", "#674f9f", "#48277f"),
    "grey": ("#f5f5f3", "#e2e2df", "#c9c9c6", "#a9a9a6", "#848483", "#5f5f60", "#3b3b3d"),
}
# How finely a break may be rounded, in units of its leading digit; the coarsest that stays near the break is taken.
_ROUNDING = (0.5, 0.1, 0.05, 0.01, 0.005, 0.001, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12)
# How far rounding may move a break, as a share of the way to the next one. [1]
_ROUNDING_REACH = 0.15
# Classes of equal ratio run between these quantiles; what lies beyond falls in the end classes. [1]
_GEOMETRIC_SPAN = (0.05, 0.995)
# A sample of this size stands for longer columns when natural breaks are sought (the search is quadratic). [values]
_JENKS_SAMPLE = 2000


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a legend.

    Attributes
    ----------
    edges : tuple of float
        Round numbers, one more than classes; class ``i`` holds ``edges[i] <= value < edges[i + 1]``; the first class
        is open below and the last above, so that no value falls out. [the column's unit]
    colours : tuple of str
        ``#rrggbb`` per class.
    labels_zh, labels_en : tuple of str
        One per class, in the scaled unit of that language.
    """

    edges: tuple[float, ...]
    colours: tuple[str, ...]
    labels_zh: tuple[str, ...]
    labels_en: tuple[str, ...]

    def index(self, values: ArrayLike) -> NDArray[np.int64]:
        """Return the class of each value.

        Parameters
        ----------
        values : array, shape (n,)
            Any finite or missing numbers. [the column's unit]

        Returns
        -------
        array of int, shape (n,)
            Class from 0; -1 where the value is missing. [1]
        """
        numbers = np.asarray(values, dtype=float)
        found = np.searchsorted(np.asarray(self.edges[1:-1]), numbers, side="right").astype(np.int64)
        return np.where(np.isfinite(numbers), found, -1)


def classify(
    values: ArrayLike,
    n: int = 5,
    kind: str = "quantile-rounded",
    *,
    palette: str = "amber",
    scale_zh: float = 1.0,
    scale_en: float = 1.0,
) -> Classes:
    """Make legend classes with round edges.

    Parameters
    ----------
    values : array, shape (n,)
        The column; missing values are left out. [the column's unit]
    n : int
        Classes wished for; fewer when there are fewer different values. [classes]
    kind : str
        ``quantile-rounded`` (as many rows in each), ``jenks`` (natural breaks), ``equal`` (equal steps) or
        ``geometric`` (equal ratios between the positive values, for many small and few large ones).
    palette : str
        One of `PALETTES`.
    scale_zh, scale_en : float
        What the labels' numbers are multiplied with, so that kilowatts read as 万千瓦 or MW. [1]

    Returns
    -------
    Classes

    Raises
    ------
    SpecError
        If kind or palette are unknown, or `n` is not 1 to 9.
    """
    faults = []
    if kind not in KINDS:
        faults.append(f"kind of classes {kind!r} is unknown; use one of: {', '.join(KINDS)}")
    if palette not in PALETTES:
        faults.append(f"palette {palette!r} is unknown; use one of: {', '.join(PALETTES)}")
    if not 1 <= n <= 9:  # noqa: PLR2004 - more cannot be told apart
        faults.append(f"{n} classes: use 1 to 9")
    if faults:
        raise SpecError("\n".join(faults))
    numbers = np.asarray(values, dtype=float)
    numbers = np.sort(numbers[np.isfinite(numbers)])
    if numbers.size == 0:
        return Classes((0.0, 1.0), colours(1, palette), ("无数据",), ("no data",))
    edges = _edges(numbers, n, kind)
    return Classes(
        edges, colours(len(edges) - 1, palette), range_labels(edges, scale_zh), range_labels(edges, scale_en)
    )


def colours(n: int, palette: str) -> tuple[str, ...]:
    """Return `n` colours of a palette, light to dark."""
    ramp = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in PALETTES[palette]], dtype=float)
    where = np.linspace(0, len(ramp) - 1, n) if n > 1 else np.array([len(ramp) / 2])
    mixed = np.stack([np.interp(where, np.arange(len(ramp)), channel) for channel in ramp.T], axis=1)
    return tuple("#" + "".join(f"{round(float(x)):02x}" for x in row) for row in mixed)


def range_labels(edges: Sequence[float], scale: float = 1.0) -> tuple[str, ...]:
    """Return ``< a``, ``a – b``, ``≥ b`` for the classes between `edges`."""
    inner = [number_label(edge * scale) for edge in edges[1:-1]]
    if not inner:
        return (f"{number_label(edges[0] * scale)} – {number_label(edges[-1] * scale)}",)
    middle = [f"{low} – {high}" for low, high in pairwise(inner)]
    return (f"< {inner[0]}", *middle, f"≥ {inner[-1]}")


def number_label(value: float) -> str:
    """Return a round number as people write it: ``12,500``, ``0.25``."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _edges(numbers: NDArray[np.float64], n: int, kind: str) -> tuple[float, ...]:
    low, high = float(numbers[0]), float(numbers[-1])
    different = np.unique(numbers)
    n = min(n, different.size)
    breaks = np.unique(_breaks(numbers, different, n, kind)) if n > 1 else np.array([])
    inner = [edge for edge in _rounded(low, breaks.tolist(), high) if low < edge <= high]
    bottom = _round_to(low, _ROUNDING[0], down=True)
    top = -_round_to(-high, _ROUNDING[0], down=True)
    if inner:
        return (min(bottom, low), *inner, max(top, high)) if inner[-1] >= top else (bottom, *inner, top)
    return (bottom, top) if bottom < top else (bottom, bottom + max(abs(bottom), 1.0))


def _rounded(low: float, breaks: list[float], high: float) -> list[float]:
    ends = [low, *breaks, high]
    rounded = []
    for before, here, after in zip(ends[:-2], breaks, ends[2:], strict=True):
        gaps = [gap for gap in (here - before, after - here) if gap > 0]
        reach = _ROUNDING_REACH * min(gaps, default=0.0)
        near = (_round_to(here, share) for share in _ROUNDING)
        rounded.append(next((edge for edge in near if abs(edge - here) <= reach), here))
    return sorted(set(rounded))


def _breaks(numbers: NDArray[np.float64], different: NDArray[np.float64], n: int, kind: str) -> NDArray[np.float64]:
    if kind == "equal":
        return np.linspace(numbers[0], numbers[-1], n + 1)[1:-1]
    positive = numbers[numbers > 0]
    if kind == "geometric" and positive.size > n:
        low, high = np.quantile(positive, _GEOMETRIC_SPAN)
        return np.geomspace(low, high, n + 1)[1:-1]
    if kind == "jenks" and different.size > n:
        import mapclassify  # noqa: PLC0415 - takes seconds to import, and few legends ask for natural breaks

        every = np.linspace(0, numbers.size - 1, min(numbers.size, _JENKS_SAMPLE)).astype(int)
        bins = mapclassify.FisherJenks(numbers[every], k=n).bins
        after = np.searchsorted(numbers, bins[:-1], side="right")
        found: NDArray[np.float64] = numbers[np.minimum(after, numbers.size - 1)]
        return found
    if different.size == n:
        return np.asarray(different[1:])
    quantiles: NDArray[np.float64] = np.quantile(numbers, np.linspace(0, 1, n + 1)[1:-1])
    return quantiles


def _round_to(value: float, share: float, *, down: bool = False) -> float:
    if value == 0 or not isfinite(value):
        return 0.0
    step = share * 10.0 ** floor(log10(abs(value)))
    if step == 0:  # a number so small that its step is none
        return value
    count = floor(value / step + 1e-9) if down else round(value / step)
    return float(f"{count * step:.12g}")
