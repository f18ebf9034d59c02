"""Published series: yearly rates, a test for breaks before anything is extrapolated.

References
----------
Chow, G. C. (1960). Tests of equality between sets of coefficients in two linear regressions. Econometrica 28(3),
591-605. doi:10.2307/1910133
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from changping_geo.model import Cards, ColumnError, DataError, Parameter, ParameterError

Floats = NDArray[np.float64]

CARDS = Cards(
    Parameter(
        "break_alpha", 0.05, "1", 0.001, 0.2, "usual level of a test", verified=False,
        title_zh="断点检验显著性水平", title_en="Level of the test for breaks",
    ),
    Parameter(
        "growth_rate_max", 0.05, "1/a", 0.005, 0.2, "planning range, unverified", verified=False,
        title_zh="蓄积自然增长率上限", title_en="Largest yearly growth that forests alone can have",
    ),
    Parameter(
        "on_break", "warn", "word", None, None, "a choice of the planner", verified=True,
        title_zh="发现断点时", title_en="When the series has a break", choices=("refuse", "warn"),
    ),
)  # fmt: skip

#: Coefficients of a line, and points that a segment needs.
LINE = 2


@dataclass(frozen=True)
class BreakTest:
    """Whether a series is one trend.

    Attributes
    ----------
    found : bool
        Whether any sign of a break was found.
    year : int, optional
        The last year before the break of the Chow test, or else before the first other sign.
    p_value : float
        Of the Chow test at the best split, corrected for the number of splits; missing when not testable. [1]
    testable : bool
        Whether there are points enough for the Chow test.
    intervals : DataFrame
        ``year_from``, ``year_to``, ``rate`` [1/a], ``too_fast``, ``basis_changes``.
    reasons : tuple of str
        What was found, in words.
    """

    found: bool
    year: int | None
    p_value: float
    testable: bool
    intervals: pd.DataFrame
    reasons: tuple[str, ...]


def compound_rate(old: float, new: float, years: float) -> float:
    """Return the yearly rate of equal growth, ``(new / old)^(1 / years) - 1``.

    Parameters
    ----------
    old, new : float
        Two stocks. [any unit]
    years : float
        Time between them. [a]

    Returns
    -------
    float
        Rate. [1/a]

    Raises
    ------
    ParameterError
        If a stock is not positive, or time runs backwards.
    """
    _check_pair(old, new, years)
    return float((new / old) ** (1 / years) - 1)


def pressler_rate(old: float, new: float, years: float) -> float:
    """Return Pressler's yearly rate, ``2 (V2 - V1) / ((V2 + V1) n)``.

    Parameters
    ----------
    old, new : float
        Two stocks. [any unit]
    years : float
        Time between them. [a]

    Returns
    -------
    float
        Rate. [1/a]

    Raises
    ------
    ParameterError
        If a stock is not positive, or time runs backwards.
    """
    _check_pair(old, new, years)
    return 2 * (new - old) / ((new + old) * years)


def by_rate(value: Floats | float, rate: Floats | float, years: float) -> Floats | float:
    """Return a stock after years of equal growth, ``V (1 + p)^n``.

    Parameters
    ----------
    value : float or ndarray
        Stock. [any unit]
    rate : float or ndarray
        Growth. [1/a]
    years : float
        Time that passes. [a]

    Returns
    -------
    float or ndarray
        Stock. [unit of the value]

    Raises
    ------
    ParameterError
        If the rate is negative, or time runs backwards.
    """
    if not (np.asarray(rate) >= 0).all():
        raise ParameterError(f"a growth rate of {rate} shrinks the stock; tell losses as harvest, with a year")
    if years < 0:
        raise ParameterError(f"the year lies {-years} years before the baseline; ask for a later one")
    return value * (1 + rate) ** years


def chow_test(year: Floats, value: Floats, last: float) -> tuple[float, float]:
    """Test whether one exponential trend holds on both sides of a year.

    Parameters
    ----------
    year, value : ndarray, shape (n,)
        Years [a] and positive values [any unit].
    last : float
        Last year of the first segment. [a]

    Returns
    -------
    tuple of float
        F with (2, n - 4) degrees of freedom, and its p-value; missing with fewer than 5 points or 2 on a side. [1]
    """
    first = year <= last
    free = len(year) - 2 * LINE
    if free < 1 or min(first.sum(), (~first).sum()) < LINE:
        return float("nan"), float("nan")
    logs = np.log(value)
    whole = _residual(year, logs)
    parts = _residual(year[first], logs[first]) + _residual(year[~first], logs[~first])
    tiny = np.finfo(float).eps * max(float(((logs - logs.mean()) ** 2).sum()), 1.0)
    if whole <= tiny:
        return 0.0, 1.0
    f = ((whole - parts) / LINE) / (max(parts, tiny) / free)
    return float(f), float(stats.f.sf(f, LINE, free))


def break_test(series: pd.DataFrame, *, alpha: float, rate_max: float) -> BreakTest:
    """Look for a break: by Chow's test at every split, by growth too fast for trees, and by a change of basis.

    Parameters
    ----------
    series : DataFrame
        ``year``, ``volume_m3`` [m3], and ``basis`` where it is known.
    alpha : float
        Level of the test; the p-value is multiplied by the number of splits tried (Bonferroni). [1]
    rate_max : float
        Largest yearly growth without a change of basis. [1/a]

    Returns
    -------
    BreakTest
        With fewer than 5 points only rates and bases speak.

    Raises
    ------
    ColumnError
        If years repeat, values are not positive, or fewer than two points are left.
    """
    ordered = _checked(series)
    year, value = ordered["year"].to_numpy(dtype=float), ordered["volume_m3"].to_numpy(dtype=float)
    basis = ordered["basis"].fillna("") if "basis" in ordered else pd.Series("", index=ordered.index)
    rates = (value[1:] / value[:-1]) ** (1 / np.diff(year)) - 1
    intervals = pd.DataFrame(
        {
            "year_from": year[:-1].astype(int),
            "year_to": year[1:].astype(int),
            "rate": rates,
            "too_fast": rates > rate_max,
            "basis_changes": (basis.to_numpy()[1:] != basis.to_numpy()[:-1]),
        }
    )
    tested = {last: chow_test(year, value, last) for last in year[LINE - 1 : -LINE]}
    tested = {last: result for last, result in tested.items() if np.isfinite(result[0])}
    p, best = float("nan"), None
    if tested:
        best = max(tested, key=lambda last: tested[last][0])
        p = min(tested[best][1] * len(tested), 1.0)
    return _verdict(intervals, p, best, alpha, rate_max)


def extrapolate(
    series: pd.DataFrame, years: list[int], *, alpha: float, rate_max: float, on_break: str
) -> pd.DataFrame:
    """Carry a series forward at its mean rate, once it has been tested for breaks.

    Parameters
    ----------
    series : DataFrame
        ``year``, ``volume_m3`` [m3], and ``basis`` where it is known.
    years : list of int
        Years asked for, none before the last of the series.
    alpha, rate_max : float
        As in `break_test`. [1], [1/a]
    on_break : str
        ``refuse``, or ``warn``: every row then says that it rests on a broken series.

    Returns
    -------
    DataFrame
        ``year``, ``volume_m3``, ``low_m3`` and ``high_m3`` by the slowest and fastest interval [m3], ``rate`` [1/a],
        ``warning``.

    Raises
    ------
    DataError
        If a break is found and `on_break` refuses.
    ParameterError
        If a year lies before the last of the series, or the series shrinks.
    """
    found = break_test(series, alpha=alpha, rate_max=rate_max)
    told = "; ".join(found.reasons) if found.found else ""
    if found.found and on_break == "refuse":
        raise DataError(f"the series is not one trend ({told}); project from stands, or cut it to one basis")
    ordered = _checked(series)
    first, last = ordered.iloc[0], ordered.iloc[-1]
    rate = compound_rate(first["volume_m3"], last["volume_m3"], last["year"] - first["year"])
    rates = {"volume_m3": rate, "low_m3": found.intervals["rate"].min(), "high_m3": found.intervals["rate"].max()}
    out = pd.DataFrame({"year": years})
    for name, each in rates.items():
        steps = [by_rate(float(last["volume_m3"]), float(each), year - int(last["year"])) for year in years]
        out[name] = np.array(steps, dtype=float)
    return out.assign(rate=rate, warning=told)


def _verdict(intervals: pd.DataFrame, p: float, best: float | None, alpha: float, rate_max: float) -> BreakTest:
    reasons, years = [], []
    if np.isfinite(p) and best is not None and p < alpha:
        reasons.append(f"the trend changes after {best:.0f} (Chow test, p = {p:.3g})")
        years.append(int(best))
    spans = [f"{a} to {b}" for a, b in zip(intervals["year_from"], intervals["year_to"], strict=True)]
    for at, span in enumerate(spans):
        rate = float(intervals["rate"].iloc[at])
        if intervals["too_fast"].iloc[at]:
            reasons.append(f"{span}: {rate:.1%} per year, more than the {rate_max:.1%} of growth alone")
        if intervals["basis_changes"].iloc[at]:
            reasons.append(f"{span}: the basis of the survey changes")
        if intervals["too_fast"].iloc[at] or intervals["basis_changes"].iloc[at]:
            years.append(int(intervals["year_from"].iloc[at]))
    if not np.isfinite(p):
        reasons.append("too few points for the Chow test: it takes 5")
    return BreakTest(bool(years), years[0] if years else None, p, bool(np.isfinite(p)), intervals, tuple(reasons))


def _residual(year: Floats, logs: Floats) -> float:
    centred = year - year.mean()
    slope = (centred @ logs) / (centred @ centred)
    return float(((logs - logs.mean() - slope * centred) ** 2).sum())


def _checked(series: pd.DataFrame) -> pd.DataFrame:
    faults = [f"the column {name!r} is missing" for name in ("year", "volume_m3") if name not in series]
    if not faults:
        bad = series.index[~(series["volume_m3"] > 0)]
        faults += [f"row {row}: the volume is not positive" for row in bad]
        faults += [f"the year {year} is there twice" for year in series["year"][series["year"].duplicated()]]
        faults += ["fewer than two points are no series"] * (len(series) < LINE)
    if faults:
        raise ColumnError("forest_series: " + "; ".join(faults) + "; mend the table")
    return series.sort_values("year", ignore_index=True)


def _check_pair(old: float, new: float, years: float) -> None:
    if not (old > 0 and new > 0):
        raise ParameterError(f"a rate needs positive stocks, not {old} and {new}")
    if not years > 0:
        raise ParameterError(f"{years} years between two stocks give no rate; order them by year")
