"""The loop over planes and hours in plain scalars, written to be compiled; `kernel` does so.

It restates `plane` and `pv` for one plane and one hour; the tests hold the two against each other to 1e-10.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def loop(
    normal: NDArray[np.float64], diffuse: NDArray[np.float64], hours: NDArray[np.float64], month: NDArray[np.int64],
    chain: tuple[float, ...], out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Add up the monthly yield of each plane.

    Parameters
    ----------
    normal : ndarray
        Plane normals to east, north and up, shape (n, 3). [1]
    diffuse : ndarray
        Per plane: view of the sky, view of the ground times albedo, and what the module admits of each, shape
        (n, 4). [1]
    hours : ndarray
        Per hour: sun to east, north and up [1]; irradiance per cosine of incidence, isotropic sky and ground
        [W/m2]; cell warming per irradiance [K m2/W]; air temperature [degC]; shape (h, 8).
    month : ndarray
        Month of each hour from 0, rising, shape (h,).
    chain : tuple of float
        1 / a_r, 1 / (1 - exp(-1 / a_r)), inverter load per W/m2, temperature coefficient, the inverter's power
        at full load [kW] per kW of modules, its rated power [kW], the curve's three
        coefficients, and the cell temperature of standard test conditions [degC].
    out : ndarray
        Takes the yield, shape (n, 12). [kWh/kW]
    """
    inv_ar, iam_scale, load_factor, gamma, eff, rated, c2, c0, c1, stc_c = chain
    for i in range(normal.shape[0]):
        east, north, up = normal[i, 0], normal[i, 1], normal[i, 2]
        sky_view, ground_view, sky_iam, ground_iam = diffuse[i, 0], diffuse[i, 1], diffuse[i, 2], diffuse[i, 3]
        if math.isnan(up + east + north):
            for m in range(12):
                out[i, m] = math.nan
            continue
        for j in range(hours.shape[0]):
            sky = hours[j, 4] * sky_view
            ground = hours[j, 5] * ground_view
            total = sky + ground
            entered = sky * sky_iam + ground * ground_iam
            cosine = east * hours[j, 0] + north * hours[j, 1] + up * hours[j, 2]
            if cosine > 0.0:
                direct = hours[j, 3] * cosine
                total += direct
                entered += direct * ((1.0 - math.exp(-cosine * inv_ar)) * iam_scale)
            warm = hours[j, 7] + total * hours[j, 6] - stc_c
            part = entered * load_factor * (1.0 + gamma * warm)
            power = eff * ((c2 * part + c1) * part + c0)
            if power > 0.0:
                out[i, month[j]] += min(power, rated)
