"""Units of carbon, converted here and nowhere else."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Mass of CO2 over the mass of the carbon in it: molar masses 44 and 12 g/mol, as IPCC rounds them. [t CO2/t C]
CO2_PER_C = 44.0 / 12.0
#: Square metres of a hectare. [m2/ha]
M2_PER_HA = 10_000.0

Amount = TypeVar("Amount", float, NDArray[np.float64], pd.Series, pd.DataFrame)


def co2_of(carbon: Amount) -> Amount:
    """Return the CO2 that holds an amount of carbon.

    Parameters
    ----------
    carbon : float, ndarray, Series or DataFrame
        Carbon. [t C]

    Returns
    -------
    float, ndarray, Series or DataFrame
        CO2. [t CO2]

    Examples
    --------
    >>> co2_of(12.0)
    44.0
    """
    out: Amount = carbon * CO2_PER_C
    return out
