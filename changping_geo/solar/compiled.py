"""The loop over planes and hours in plain scalars, written to be compiled; `kernel` does so.

It restates `plane` and `pv` for one plane and one hour; the tests hold the two against each other to 1e-10. The
innermost loop has neither branch nor call, so that the compiler lays several hours into one vector instruction:
what depends on the hour alone is worked out beforehand, the months come one after the other so that their hours stay in
the fastest cache, and the exponential of the angular loss is a polynomial.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Coefficients 1/n! of the exponential's series, from the third on. [1]
P3, P4, P5, P6, P7, P8, P9 = 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880
#: Below this angular loss coefficient the series leaves 1e-10 of the exponential. [1]
SMALLEST_A_R = 0.05
#: What a compiler may assume: that sums may be taken in any order and products fused with them. Missing values stay.
FASTMATH = ("reassoc", "contract")


def loop(
    normal: NDArray[np.float64], diffuse: NDArray[np.float64], hours: NDArray[np.float64], first: NDArray[np.int64],
    chain: tuple[float, ...], out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Add up the monthly yield of each plane.

    Parameters
    ----------
    normal : ndarray
        Plane normals to east, north and up, shape (n, 3). [1]
    diffuse : ndarray
        Per plane: view of the sky, view of the ground, and the same two times what the module admits of each,
        shape (n, 4). [1]
    hours : ndarray
        Per hour: sun to east, north and up [1]; irradiance per cosine of incidence, of the isotropic sky and the ground
        [W/m2]; inverter load per irradiance that enters, at no warming by the sun [m2/W], and its change with
        irradiance on the plane [m4/W2]; shape (8, h), months in turn.
    first : ndarray
        Where each month begins in the hours, and where the last ends, shape (13,).
    chain : tuple of float
        1 / a_r, 1 / (1 - exp(-1 / a_r)), the inverter's power at full load [kW] per kW of modules, its rated power
        [kW], the curve's three coefficients. `SMALLEST_A_R` or more.
    out : ndarray
        Takes the yield, shape (n, 12). [kWh/kW]
    """
    inv_ar, iam_scale, eff, rated, c2, c0, c1 = chain
    # exp(-c / a_r) = exp(-1 / (2 a_r)) exp(u)^32 with |u| <= 1 / (64 a_r), where the series to the ninth power holds
    mid = inv_ar / 64.0
    tail = math.exp(-0.5 * inv_ar)
    for m in range(12):
        span = slice(first[m], first[m + 1])
        east, north, up = hours[0, span], hours[1, span], hours[2, span]
        beam, isotropic, ground = hours[3, span], hours[4, span], hours[5, span]
        cold, warming = hours[6, span], hours[7, span]
        for i in range(normal.shape[0]):
            to_east, to_north, to_up = normal[i, 0], normal[i, 1], normal[i, 2]
            sky_view, ground_view, sky_in, ground_in = diffuse[i, 0], diffuse[i, 1], diffuse[i, 2], diffuse[i, 3]
            energy = 0.0
            for j in range(east.size):
                cosine = max(to_east * east[j] + to_north * north[j] + to_up * up[j], 0.0)
                u = mid - 2.0 * mid * cosine
                e = P5 + u * (P6 + u * (P7 + u * (P8 + u * P9)))
                e = 1.0 + u * (1.0 + u * (0.5 + u * (P3 + u * (P4 + u * e))))
                e2 = e * e
                e4 = e2 * e2
                e8 = e4 * e4
                e16 = e8 * e8
                direct = beam[j] * cosine
                total = direct + isotropic[j] * sky_view + ground[j] * ground_view
                entered = (
                    direct * ((1.0 - e16 * e16 * tail) * iam_scale) + isotropic[j] * sky_in + ground[j] * ground_in
                )
                part = entered * (cold[j] + warming[j] * total)
                energy += min(max(eff * ((c2 * part + c1) * part + c0), 0.0), rated)
            # a comparison hides a missing angle, so it is asked for
            out[i, m] = math.nan if math.isnan(to_east + to_north + to_up) else energy
