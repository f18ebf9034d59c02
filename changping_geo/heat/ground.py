"""What a borehole may take from the ground: G.POT, the field's own cooling, and what summer gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.errors import ParameterError
from changping_geo.heat.planning import planned
from changping_geo.model import Cards, Parameter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GB50366 = "GB 50366-2005 (2009 edition)"
CARDS = Cards(
    planned("conductivity_w_mk", 1.85, "W/(m K)", 1.0, 4.0, "岩土导热系数", "Thermal conductivity of the ground",
            "1.5 to 2.2 in plains; a response test tells it"),
    planned("capacity_mj_m3k", 2.25, "MJ/(m3 K)", 1.5, 3.5, "岩土体积热容", "Heat capacity of the ground",
            "G.POT tools take 2 to 2.5"),
    Parameter("gradient_k_m", 0.0235, "K/m", 0.01, 0.05,
              "0.018 to 0.029 in the North China Plain (Energies 2022, 15:7375; abstract); the middle of it",
              verified=True, title_zh="地温梯度", title_en="Geothermal gradient"),
    planned("bore.depth_m", 120.0, "m", 20.0, 200.0, "钻孔深度", "Depth of a borehole", f"{GB50366} 4.3.8: over 20 m"),
    Parameter("bore.radius_m", 0.075, "m", 0.055, 0.15, f"{GB50366} 4.3.8: at least 0.11 m wide; G.POT takes 0.075",
              verified=True, title_zh="钻孔半径", title_en="Radius of a borehole"),
    planned("bore.resistance_mk_w", 0.1, "m K/W", 0.03, 0.25, "钻孔热阻", "Thermal resistance of a borehole",
            "G.POT takes 0.1"),
    Parameter("bore.spacing_m", 5.0, "m", 3.0, 10.0, f"{GB50366} 4.3.8: 3 to 6 m",
              verified=True, title_zh="钻孔间距", title_en="Spacing of boreholes"),
    Parameter("least_fluid_c", 4.0, "degC", -5.0, 8.0, f"{GB50366} 4.3.5A: above 4 degC without antifreeze",
              verified=True, title_zh="最低循环液温度", title_en="Lowest fluid temperature"),
    Parameter("field_life_a", 50, "a", 10, 100, "G.POT tools take 50 a; 25 to 50 a are asked of the balance",
              verified=True, title_zh="地埋管场寿命", title_en="Years that the field must last"),
    planned("balance_ratio", 0.6, "1", 0.0, 1.0, "夏季回灌比例", "Heat given back in summer over heat taken in winter",
            f"{GB50366} 4.3.2 asks for about 1; housing without cooling gives little back"),
    Parameter("drift_method", "line_source", "word", None, None,
              "line_source: finite line sources with equal loads, part of this package, on the safe side; "
              "pygfunction: equal wall temperatures, an extra to be installed",
              verified=True, title_zh="长期热干扰算法", title_en="How the field's cooling is computed",
              choices=("line_source", "pygfunction")),
)  # fmt: skip


def shonder_beck_resistance(bore_radius_m: float, pipe_radius_m: float, n_pipes: int, grout_w_mk: float) -> float:
    """Return the thermal resistance of a grouted borehole. [m K/W]

    Parameters
    ----------
    bore_radius_m, pipe_radius_m : float
        Radii of the bore, and outside of a pipe. [m]
    n_pipes : int
        Pipes in the bore: 2 for a single U, 4 for a double one. [count]
    grout_w_mk : float
        Conductivity of the grout. [W/(m K)]

    References
    ----------
    Shonder & Beck 1999, ASHRAE Transactions 105(2)
    """
    return float(np.log(bore_radius_m / (pipe_radius_m * np.sqrt(n_pipes))) / (2 * np.pi * grout_w_mk))


def gpot_response(
    season_days: float, life_a: float, radius_m: float, conductivity_w_mk: float, capacity_mj_m3k: float
) -> float:
    """Return G.POT's largest normalised cooling of the ground at the bore's wall. [1]

    Parameters
    ----------
    season_days : float
        Days with load in a year. [d]
    life_a : float
        Simulated years. [a]
    radius_m : float
        Radius of the bore. [m]
    conductivity_w_mk, capacity_mj_m3k : float
        Of the ground. [W/(m K), MJ/(m3 K)]

    Raises
    ------
    ParameterError
        If the season is not inside a year, or the life is shorter than a season.

    References
    ----------
    Casasso & Sethi 2016, doi:10.1016/j.energy.2016.03.091
    """
    share = season_days / 365.0
    if not 0 < share <= 1 or life_a < share:
        raise ParameterError(f"a season of {season_days:g} days in a life of {life_a:g} years cannot be")
    diffusivity = conductivity_w_mk / (capacity_mj_m3k * 1e6)
    season_s = season_days * 86400.0
    u_s = radius_m**2 / (4 * diffusivity * life_a * 365.0 * 86400.0)
    u_c = radius_m**2 / (4 * diffusivity * season_s)
    out = -0.619 * share * np.log(u_s) + (0.532 * share - 0.962) * np.log(u_c) - 0.455 * share - 1.619
    return float(out)


def gpot_power(
    drop_k: float, season_days: float, depth_m: float, resistance_mk_w: float, conductivity_w_mk: float, response: float
) -> float:
    """Return the heat that a single bore may take, averaged over the year. [W]

    Parameters
    ----------
    drop_k : float
        Undisturbed ground minus lowest fluid temperature. [K]
    season_days, depth_m, resistance_mk_w, conductivity_w_mk : float
        Season, bore, ground. [d, m, m K/W, W/(m K)]
    response : float
        From `gpot_response`. [1]
    """
    share = season_days / 365.0
    below = response + 4 * np.pi * conductivity_w_mk * resistance_mk_w
    return float(8 * drop_k * conductivity_w_mk * depth_m * share / below)


def field_power(
    drop_k: float,
    season_days: float,
    depth_m: float,
    resistance_mk_w: float,
    conductivity_w_mk: float,
    responses: tuple[float, float],
    crowding: Floats,
    balance_ratio: float,
) -> Floats:
    """Return the heat that each bore of a field may take, averaged over the year, so that the last year still holds.

    The cooling of a bore is that of its season, which comes back every year, and that of what summer does not give
    back, which piles up for itself and from the neighbours: with the yearly mean P of a bore,
    ΔT λ L = P [(b G₁ + (1 - b) G_n + 4πλR)/(8t') + (1 - b) Δg/(2π)].

    Parameters
    ----------
    drop_k, season_days, depth_m, resistance_mk_w, conductivity_w_mk
        As in `gpot_power`.
    responses : tuple of float
        `gpot_response` of one year and of the field's life. [1]
    crowding : ndarray
        g-function of the field less that of a single bore, at the end of its life, shape (n,). [1]
    balance_ratio : float
        Heat given back in summer over heat taken in winter. [1]

    Returns
    -------
    ndarray
        Shape (n,). [W]
    """
    share, open_ = season_days / 365.0, 1.0 - balance_ratio
    own = balance_ratio * responses[0] + open_ * responses[1] + 4 * np.pi * conductivity_w_mk * resistance_mk_w
    below = own / (8 * share) + open_ * np.maximum(crowding, 0.0) / (2 * np.pi)
    out: Floats = drop_k * conductivity_w_mk * depth_m / below
    return out
