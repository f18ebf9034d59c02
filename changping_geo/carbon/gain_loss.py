"""Yearly gains and losses of biomass carbon, as the IPCC guidelines have them. Uptake less losses is the sink.

References
----------
IPCC (2006, refined 2019). Guidelines for National Greenhouse Gas Inventories, vol. 4, ch. 2: eq. 2.7 (gain-loss),
2.9, 2.12, 2.13 and 2.14.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import ParameterError

Floats = NDArray[np.float64]


class GainLoss(NamedTuple):
    """Yearly gains and losses of biomass carbon; losses stand as positive numbers.

    Attributes
    ----------
    gain, harvest, fuelwood, disturbance : float or ndarray
        Growth, and wood taken or lost. [t C/a]
    """

    gain: Floats | float
    harvest: Floats | float = 0.0
    fuelwood: Floats | float = 0.0
    disturbance: Floats | float = 0.0

    @property
    def net(self) -> Floats | float:
        """Uptake less losses. [t C/a]"""
        return self.gain - self.harvest - self.fuelwood - self.disturbance


def biomass_gain(
    area_ha: Floats | float, growth_t_ha_a: Floats | float, root_ratio: float, carbon_fraction: float
) -> Floats | float:
    """Return the growth of biomass carbon, ``A G_w (1 + R) CF``.

    Parameters
    ----------
    area_ha : float or ndarray
        Area. [ha]
    growth_t_ha_a : float or ndarray
        Growth of dry biomass above ground. [t/(ha a)]
    root_ratio, carbon_fraction : float
        Below over above ground, and carbon in dry matter. [1]

    Returns
    -------
    float or ndarray
        Uptake. [t C/a]

    Raises
    ------
    ParameterError
        If an argument is negative.
    """
    _refuse_negative(area_ha=area_ha, growth_t_ha_a=growth_t_ha_a, root_ratio=root_ratio)
    return area_ha * growth_t_ha_a * (1 + root_ratio) * carbon_fraction


def removal_loss(
    volume_m3_a: Floats | float, bcef_r: float, root_ratio: float, carbon_fraction: float
) -> Floats | float:
    """Return the carbon lost with wood taken, trees felled whole: ``H BCEF_R (1 + R) CF``.

    Parameters
    ----------
    volume_m3_a : float or ndarray
        Wood taken, timber or fuelwood. [m3/a]
    bcef_r : float
        Biomass above ground per volume of removals. [t/m3]
    root_ratio, carbon_fraction : float
        Below over above ground, and carbon in dry matter. [1]

    Returns
    -------
    float or ndarray
        Loss. [t C/a]

    Raises
    ------
    ParameterError
        If an argument is negative.
    """
    _refuse_negative(volume_m3_a=volume_m3_a, bcef_r=bcef_r, root_ratio=root_ratio)
    return volume_m3_a * bcef_r * (1 + root_ratio) * carbon_fraction


def disturbance_loss(
    area_ha_a: Floats | float,
    biomass_t_ha: Floats | float,
    root_ratio: float,
    carbon_fraction: float,
    fraction: Floats | float,
) -> Floats | float:
    """Return the carbon lost to fire, pests or storm, ``A_d B_w (1 + R) CF fd``.

    Parameters
    ----------
    area_ha_a : float or ndarray
        Area disturbed. [ha/a]
    biomass_t_ha : float or ndarray
        Dry biomass above ground. [t/ha]
    root_ratio, carbon_fraction : float
        Below over above ground, and carbon in dry matter. [1]
    fraction : float or ndarray
        Share of the biomass lost. [1]

    Returns
    -------
    float or ndarray
        Loss. [t C/a]

    Raises
    ------
    ParameterError
        If an argument is negative.
    """
    _refuse_negative(area_ha_a=area_ha_a, biomass_t_ha=biomass_t_ha, root_ratio=root_ratio, fraction=fraction)
    return area_ha_a * biomass_t_ha * (1 + root_ratio) * carbon_fraction * fraction


def _refuse_negative(**values: Floats | float) -> None:
    bad = [name for name, value in values.items() if not (np.asarray(value) >= 0).all()]
    if bad:
        raise ParameterError(f"{', '.join(bad)}: negative or missing; give gains and losses as positive numbers")
