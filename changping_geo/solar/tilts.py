"""How steep roofs are when nobody measured them: a slope for each kind and period, and how roofs spread about it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter
from changping_geo.solar.roof import FLAT, METAL

Floats = NDArray[np.float64]

PRIOR = "planning range, unverified: slope of {}; roofs spread about it by slope_spread_deg"
SPREAD = "planning range, unverified: standard deviation of the slope among roofs of one kind"

CARDS = Cards(
    (
        Parameter(
            f"roof_slope_deg.{kind}",
            value,
            "degrees",
            low,
            high,
            PRIOR.format(what),
            verified=False,
            title_zh=f"屋面坡度: {zh}",
            title_en=f"Slope: {en}",
        )
        for kind, value, low, high, what, zh, en in (
            (
                "old_house",
                30.0,
                15.0,
                60.0,
                "tiled village roofs of the older period",
                "早期农宅",
                "older village houses",
            ),
            (
                "new_house",
                25.0,
                10.0,
                60.0,
                "tiled village roofs of the later period",
                "近期农宅",
                "later village houses",
            ),
            ("gable", 27.0, 10.0, 60.0, "pitched roofs of other buildings", "其他坡屋顶", "other pitched roofs"),
            ("shed_metal", 6.0, 1.0, 20.0, "profiled metal sheet", "金属屋面", "metal roofs"),
        )
    ),
    (
        Parameter(
            f"slope_spread_deg.{kind}",
            value,
            "degrees",
            0.0,
            high,
            SPREAD,
            verified=False,
            title_zh=f"坡度离散(标准差): {zh}",
            title_en=f"Spread of the slope: {en}",
        )
        for kind, value, high, zh, en in (
            ("gable", 5.0, 10.0, "坡屋顶", "pitched roofs"),
            ("shed_metal", 2.0, 4.0, "金属屋面", "metal roofs"),
        )
    ),
    Parameter(
        "old_house_before",
        1990,
        "1",
        1900,
        2030,
        "planning assumption, unverified: village houses built before count as older; of unknown year as later",
        verified=False,
        title_zh="早期农宅的年份界限",
        title_en="Year before which a village house counts as older",
    ),
)

#: Three points with the mean, spread and kurtosis of a normal distribution: places in standard deviations, weights. [1]
POINTS = (-np.sqrt(3.0), 0.0, np.sqrt(3.0))
CHANCES = (1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0)
#: Bounds that hold the outer points to a roof. [degrees]
LEAST, MOST = 0.5, 75.0


def slopes(
    roof_type: NDArray[np.object_],
    use: NDArray[np.object_],
    built_year: Floats,
    *,
    roof_slope_deg: dict[str, float],
    slope_spread_deg: dict[str, float],
    old_house_before: float,
) -> Floats:
    """Return three slopes of each roof, to be weighed by `CHANCES`.

    Parameters
    ----------
    roof_type, use : ndarray of str
        Kind of roof and of building, shape (n,).
    built_year : ndarray
        NaN where unknown, shape (n,). [1]
    roof_slope_deg, slope_spread_deg : dict of str to float
        Prior and its spread, as the cards name them. [degrees]
    old_house_before : float
        Village houses built before this year are older ones. [1]

    Returns
    -------
    ndarray
        Shape (3, n); 0 on flat roofs. [degrees]

    References
    ----------
    Three-point Gauss-Hermite quadrature: Abramowitz & Stegun 1964, table 25.10
    """
    metal = roof_type == METAL
    house = use == "rural_house"
    middle = np.select(
        [metal, house & (built_year < old_house_before), house],
        [roof_slope_deg[kind] for kind in ("shed_metal", "old_house", "new_house")],
        roof_slope_deg["gable"],
    )
    spread = np.where(metal, slope_spread_deg["shed_metal"], slope_spread_deg["gable"])
    out = np.clip(middle + np.asarray(POINTS)[:, None] * spread, LEAST, MOST)
    return np.where(roof_type == FLAT, 0.0, out)
