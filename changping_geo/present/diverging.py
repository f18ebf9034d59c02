"""Classes of a difference: zero in the middle, as many steps above as below, safe for colour-blind eyes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.present.classes import classify, number_label
from changping_geo.present.map_layers import NO_DATA
from changping_geo.present.units import ladder, step_for

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# ColorBrewer PuOr (Harrower & Brewer 2003, doi:10.1179/000870403235002042): purple less, orange more.
_LESS = ("#542788", "#998ec3", "#d8daeb")
_SAME = "#f7f7f7"
_MORE = ("#fee0b6", "#f1a340", "#b35806")
# Below this share of the largest difference there is none: what is left of adding in another order. [1]
_NOISE = 1e-9


def diverging(difference: ArrayLike, unit: str) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Return the legend of a difference and the class of each value.

    Parameters
    ----------
    difference : array, shape (n,)
        Differences; NaN where there is none. [unit]
    unit : str
        The output's unit, whose ladder gives the unit of the labels.

    Returns
    -------
    legend : dict
        ``edges`` (of the classes above zero), ``colours``, ``labels`` (Chinese, English), ``unit``; the class in the
        middle is no change.
    classes : array of int, shape (n,)
        Class from 0; the last one where there is no value. [1]

    Examples
    --------
    >>> legend, classes = diverging([-4.0, 0.0, 4.0], "m")
    >>> classes.tolist(), legend["labels"][0][len(legend["colours"]) // 2]
    ([0, 1, 2], '0（不变）')
    """
    values = np.asarray(difference, dtype=np.float64)
    sizes = np.abs(values)
    most = float(np.nanmax(sizes)) if np.isfinite(sizes).any() else 0.0
    moved = sizes[np.isfinite(sizes) & (sizes > _NOISE * most)]
    inner = classify(moved, len(_MORE)).edges[1:-1] if moved.size else ()
    step = (np.searchsorted(np.asarray(inner), np.nan_to_num(sizes), side="right") + 1) * np.sign(np.nan_to_num(values))
    step = np.where(sizes > _NOISE * most, step, 0).astype(np.int64)
    steps = len(inner) + 1
    known = np.isfinite(values)
    typical = float(np.median(moved)) if moved.size else 0.0
    (size_zh, word_zh), (size_en, word_en) = (step_for(typical, every) for every in ladder(unit))
    gap = [] if known.all() else [NO_DATA]
    labels_zh, labels_en = _labels(inner, 1 / size_zh, "0（不变）"), _labels(inner, 1 / size_en, "0 (no change)")
    legend = {
        "edges": [0.0, *inner],
        "colours": [*_shades(_LESS[::-1], steps)[::-1], _SAME, *_shades(_MORE, steps), *gap],
        "labels": ([*labels_zh, *(["无数据"] if gap else [])], [*labels_en, *(["no data"] if gap else [])]),
        "unit": (f"单位：{word_zh}" if word_zh else "", f"Unit: {word_en}" if word_en else ""),
    }
    return legend, np.where(known, step + steps, 2 * steps + 1)


def _shades(ramp: tuple[str, ...], steps: int) -> tuple[str, ...]:
    """Return as many colours of a ramp as there are steps, light to dark; a single one is the middle."""
    return ramp[:steps] if steps > 1 else (ramp[1],)


def _labels(inner: tuple[float, ...], scale: float, zero: str) -> list[str]:
    """Return labels from the largest loss over zero to the largest gain."""
    ends = [0.0, *(edge * scale for edge in inner)]
    texts = [number_label(end) for end in ends]
    up = [f"{'+' if i else ''}{low} – +{high}" for i, (low, high) in enumerate(pairwise(texts))]
    up = [*up, f"≥ +{texts[-1]}"]
    down = [f"−{high} – {'−' if i else ''}{low}" for i, (low, high) in enumerate(pairwise(texts))]
    down = [*down, f"≤ −{texts[-1]}"]
    if not inner:
        up, down = ["> 0"], ["< 0"]
    return [*reversed(down), zero, *up]
