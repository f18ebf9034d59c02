"""From irradiance to alternating current: Faiman's temperature and the PVWatts chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter
from changping_geo.solar import plane

Floats = NDArray[np.float64]

PVWATTS = "PVWatts Version 5 Manual, Dobos 2014, doi:10.2172/1158421"

LOSSES = (
    ("soiling", 2.0, 10.0, "积灰", "Soiling"),
    ("shading", 3.0, 40.0, "遮挡(计算几何遮挡时置零)", "Shading (set to 0 where shading is computed)"),
    ("snow", 0.0, 20.0, "积雪", "Snow"),
    ("mismatch", 2.0, 5.0, "组件失配", "Mismatch"),
    ("wiring", 2.0, 5.0, "线损", "Wiring"),
    ("connections", 0.5, 3.0, "接头", "Connections"),
    ("lid", 1.5, 5.0, "光致衰减", "Light-induced degradation"),
    ("nameplate_rating", 1.0, 5.0, "铭牌偏差", "Nameplate rating"),
    ("age", 0.0, 25.0, "老化", "Age"),
    ("availability", 3.0, 20.0, "停机", "Availability"),
)

CARDS = Cards(
    Parameter(
        "temperature_coefficient",
        -0.0035,
        "1/K",
        -0.005,
        -0.002,
        "planning range, unverified: current crystalline cells -0.0035 to -0.003",
        verified=False,
        title_zh="功率温度系数",
        title_en="Temperature coefficient of power",
    ),
    Parameter(
        "faiman_u0.open",
        25.0,
        "W/(m2 K)",
        15.0,
        35.0,
        "Faiman 2008, doi:10.1002/pip.813; default of pvlib.temperature.faiman",
        verified=True,
        title_zh="散热系数 u0(架空支架)",
        title_en="Heat loss u0, open rack",
    ),
    Parameter(
        "faiman_u0.close",
        20.0,
        "W/(m2 K)",
        10.0,
        30.0,
        "planning range, unverified: modules close to the roof; about 3 % less yield than on an open rack",
        verified=False,
        title_zh="散热系数 u0(贴屋面)",
        title_en="Heat loss u0, close to the roof",
    ),
    Parameter(
        "faiman_u1.open",
        6.84,
        "W s/(m3 K)",
        0.0,
        12.0,
        "Faiman 2008, doi:10.1002/pip.813; default of pvlib.temperature.faiman",
        verified=True,
        title_zh="风冷系数 u1(架空支架)",
        title_en="Wind term u1, open rack",
    ),
    Parameter(
        "faiman_u1.close",
        3.2,
        "W s/(m3 K)",
        0.0,
        12.0,
        "planning range, unverified: modules close to the roof; about 3 % less yield than on an open rack",
        verified=False,
        title_zh="风冷系数 u1(贴屋面)",
        title_en="Wind term u1, close to the roof",
    ),
    (
        Parameter(
            f"losses.{name}",
            value,
            "%",
            0.0,
            high,
            PVWATTS,
            verified=True,
            title_zh=f"损失: {zh}",
            title_en=f"Loss: {en}",
        )
        for name, value, high, zh, en in LOSSES
    ),
    Parameter(
        "inverter_efficiency",
        0.96,
        "1",
        0.90,
        0.99,
        PVWATTS,
        verified=True,
        title_zh="逆变器标称效率",
        title_en="Nominal inverter efficiency",
    ),
    Parameter(
        "dc_ac_ratio",
        1.2,
        "1",
        0.8,
        1.8,
        "planning range, unverified: module power over inverter AC power; default of today's PVWatts from memory",
        verified=False,
        title_zh="容配比",
        title_en="Module to inverter power ratio",
    ),
)

#: Irradiance and cell temperature of standard test conditions. [W/m2, degC]
STC_W_M2, STC_C = 1000.0, 25.0
#: Efficiency of the inverter on which the PVWatts curve was measured, and the curve. [1]
INVERTER_REFERENCE = 0.9637
INVERTER_CURVE = (-0.0162, -0.0059, 0.9858)


@dataclass(frozen=True, slots=True)
class Chain:
    """What turns irradiance into alternating current, per kW of modules.

    Attributes
    ----------
    temperature_coefficient : float
        Change of power with cell temperature. [1/K]
    u0, u1 : float
        Heat loss of the module, constant and with wind. [W/(m2 K), W s/(m3 K)]
    loss : float
        System losses between module and inverter. [%]
    inverter_efficiency : float
        Nominal. [1]
    dc_ac_ratio : float
        Module power over inverter AC power. [1]
    iam_a_r : float
        Angular loss coefficient. [1]
    albedo : float
        Ground albedo. [1]
    """

    temperature_coefficient: float
    u0: float
    u1: float
    loss: float
    inverter_efficiency: float
    dc_ac_ratio: float
    iam_a_r: float
    albedo: float


def default_chain(mounting: str = "open") -> Chain:
    """Return the chain of the default cards.

    Parameters
    ----------
    mounting : str
        ``open`` rack, or ``close`` to the roof.
    """
    return Chain(
        temperature_coefficient=CARDS["temperature_coefficient"],
        u0=CARDS["faiman_u0"][mounting],
        u1=CARDS["faiman_u1"][mounting],
        loss=pvwatts_losses(**CARDS["losses"]),
        inverter_efficiency=CARDS["inverter_efficiency"],
        dc_ac_ratio=CARDS["dc_ac_ratio"],
        iam_a_r=plane.CARDS["iam_a_r"],
        albedo=plane.CARDS["albedo"],
    )


def faiman(poa: Floats, temp_air: Floats, wind_speed: Floats, u0: float, u1: float) -> Floats:
    """Return the cell temperature after Faiman.

    Parameters
    ----------
    poa : ndarray
        Irradiance on the plane, before angular losses. [W/m2]
    temp_air : ndarray
        Air temperature. [degC]
    wind_speed : ndarray
        Wind speed. [m/s]
    u0, u1 : float
        Heat loss, constant and with wind. [W/(m2 K), W s/(m3 K)]

    Returns
    -------
    ndarray
        Cell temperature. [degC]

    References
    ----------
    Faiman 2008, doi:10.1002/pip.813
    """
    return temp_air + poa / (u0 + u1 * wind_speed)


def pvwatts_dc(effective: Floats, temp_cell: Floats, pdc0: float, temperature_coefficient: float) -> Floats:
    """Return the direct-current power of modules.

    Parameters
    ----------
    effective : ndarray
        Irradiance that enters the module. [W/m2]
    temp_cell : ndarray
        Cell temperature. [degC]
    pdc0 : float
        Module power at standard test conditions. [any power]
    temperature_coefficient : float
        Change of power with cell temperature. [1/K]

    Returns
    -------
    ndarray
        Power. [unit of pdc0]

    References
    ----------
    Dobos 2014, doi:10.2172/1158421
    """
    return effective / STC_W_M2 * pdc0 * (1.0 + temperature_coefficient * (temp_cell - STC_C))


def pvwatts_losses(**losses: float) -> float:
    """Return independent losses as one.

    Parameters
    ----------
    **losses : float
        Each loss by name. [%]

    Returns
    -------
    float
        1 - product of what each leaves. [%]

    References
    ----------
    Dobos 2014, doi:10.2172/1158421
    """
    left = 1.0
    for loss in losses.values():
        left *= 1.0 - loss / 100.0
    return (1.0 - left) * 100.0


def pvwatts_inverter(pdc: Floats, pdc0: float, efficiency: float) -> Floats:
    """Return the alternating-current power of the PVWatts inverter.

    Parameters
    ----------
    pdc : ndarray
        Power at the inverter's input. [unit of pdc0]
    pdc0 : float
        Input at which the inverter gives its rated power. [any power]
    efficiency : float
        Nominal efficiency. [1]

    Returns
    -------
    ndarray
        Between zero and the rated power. [unit of pdc0]

    References
    ----------
    Dobos 2014, doi:10.2172/1158421
    """
    a, b, c = INVERTER_CURVE
    part = pdc / pdc0
    # efficiency times input, multiplied out, so that no division fails at zero input
    out: Floats = np.clip(efficiency / INVERTER_REFERENCE * pdc0 * ((a * part + c) * part + b), 0.0, efficiency * pdc0)
    return out
