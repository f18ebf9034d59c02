"""Irradiance on a tilted plane, and what of it enters the module.

Azimuth: north = 0, clockwise. Tilt: from the horizontal. All functions broadcast.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter
from changping_geo.solar.sun import LOWEST_COSZ

CARDS = Cards(
    Parameter(
        "albedo",
        0.2,
        "1",
        0.05,
        0.9,
        "0.2 is the common default of PV tools (0.2 to 0.3 in atlite and gsee); fresh snow reaches 0.9",
        verified=True,
        title_zh="地面反射率",
        title_en="Ground albedo",
    ),
    Parameter(
        "iam_a_r",
        0.16,
        "1",
        0.08,
        0.25,
        "Martin & Ruiz 2001, doi:10.1016/S0927-0248(00)00408-6; default of pvlib.iam.martin_ruiz",
        verified=True,
        title_zh="角度损失系数 a_r",
        title_en="Angular loss coefficient a_r",
    ),
)

Floats = NDArray[np.float64]

#: First coefficient of the diffuse angular loss, IEC 61853-3 (its exact value is 4/(3 pi)). [1]
DIFFUSE_C1 = 0.4244
#: Planes flatter than this are taken as this flat where a formula divides by the tilt. [rad]
FLATTEST = 1e-8


class PlaneIrradiance(NamedTuple):
    """Irradiance on a plane by its origin. [W/m2]

    Attributes
    ----------
    direct : ndarray
        Sun and circumsolar sky, from the sun's direction. [W/m2]
    sky : ndarray
        Isotropic sky. [W/m2]
    ground : ndarray
        Reflected from the ground. [W/m2]
    """

    direct: Floats
    sky: Floats
    ground: Floats

    @property
    def total(self) -> Floats:
        """Plane-of-array irradiance. [W/m2]"""
        return self.direct + self.sky + self.ground


def cos_incidence(zenith: Floats, azimuth: Floats, tilt: Floats, plane_azimuth: Floats) -> Floats:
    """Return the cosine of the angle between sun and plane normal.

    Parameters
    ----------
    zenith, azimuth : ndarray
        The sun. [degrees]
    tilt, plane_azimuth : ndarray
        The plane. [degrees]

    Returns
    -------
    ndarray
        Negative when the sun stands behind the plane. [1]
    """
    z, b, sun, facing = np.radians(zenith), np.radians(tilt), np.radians(azimuth), np.radians(plane_azimuth)
    # as the product of two unit vectors, so that many planes under many suns cost products only
    east = np.sin(z) * np.sin(sun) * (np.sin(b) * np.sin(facing))
    north = np.sin(z) * np.cos(sun) * (np.sin(b) * np.cos(facing))
    out: Floats = east + north + np.cos(z) * np.cos(b)
    return out


def hay_davies(
    cos_aoi: Floats,
    cosz: Floats,
    tilt: Floats,
    *,
    ghi: Floats,
    dhi: Floats,
    dni: Floats,
    dni_extra: Floats,
    albedo: float | Floats = CARDS["albedo"],
) -> PlaneIrradiance:
    """Transpose irradiance to a plane with the model of Hay and Davies.

    Parameters
    ----------
    cos_aoi : ndarray
        Cosine of the angle of incidence. [1]
    cosz : ndarray
        Cosine of the sun's zenith angle. [1]
    tilt : ndarray
        The plane's tilt. [degrees]
    ghi, dhi, dni, dni_extra : ndarray
        Global and diffuse horizontal, direct normal and extraterrestrial normal irradiance. [W/m2]
    albedo : float or ndarray
        Ground albedo. [1]

    Returns
    -------
    PlaneIrradiance
        By origin; on a horizontal plane the total is `ghi`. [W/m2]

    References
    ----------
    Hay & Davies 1980, Proc. First Canadian Solar Radiation Data Workshop, pp. 59-72;
    Loutzenhiser et al. 2007, doi:10.1016/j.solener.2006.03.009
    """
    facing = np.maximum(cos_aoi, 0.0)
    anisotropy = dni / dni_extra
    circumsolar = dhi * anisotropy * facing / np.maximum(cosz, LOWEST_COSZ)
    cosb = np.cos(np.radians(tilt))
    return PlaneIrradiance(
        direct=dni * facing + circumsolar,
        sky=dhi * (1.0 - anisotropy) * (0.5 * (1.0 + cosb)),
        ground=ghi * albedo * (0.5 * (1.0 - cosb)),
    )


def iam_beam(cos_aoi: Floats, a_r: float = CARDS["iam_a_r"]) -> Floats:
    """Return the share of direct light that is not lost to its angle, after Martin and Ruiz.

    Parameters
    ----------
    cos_aoi : ndarray
        Cosine of the angle of incidence. [1]
    a_r : float
        Angular loss coefficient. [1]

    Returns
    -------
    ndarray
        Zero when the sun stands behind the plane. [1]

    References
    ----------
    Martin & Ruiz 2001, doi:10.1016/S0927-0248(00)00408-6
    """
    out: Floats = np.expm1(-np.maximum(cos_aoi, 0.0) / a_r) / np.expm1(-1.0 / a_r)
    return out


def iam_diffuse(tilt: Floats, a_r: float = CARDS["iam_a_r"]) -> tuple[Floats, Floats]:
    """Return the shares of sky and ground light that are not lost to their angles.

    Parameters
    ----------
    tilt : ndarray
        The plane's tilt, 0 to 90. [degrees]
    a_r : float
        Angular loss coefficient. [1]

    Returns
    -------
    tuple of ndarray
        For the isotropic sky and for the ground. [1]

    References
    ----------
    Martin & Ruiz 2001 and corrigendum 2013, doi:10.1016/j.solmat.2012.11.002; IEC 61853-3:2018, 7.2
    """
    b = np.maximum(np.radians(np.asarray(tilt, dtype=np.float64)), FLATTEST)
    c2 = 0.5 * a_r - 0.154
    sinb, cosb = np.sin(b), np.cos(b)
    sky = sinb + (np.pi - b - sinb) / (1.0 + cosb)
    # 1 - cos b loses all its digits on flat planes; twice the squared sine of half the angle does not
    ground = sinb + (b - sinb) / (2.0 * np.sin(0.5 * b) ** 2)

    def passed(term: Floats) -> Floats:
        out: Floats = -np.expm1(-(DIFFUSE_C1 + c2 * term) * term / a_r)
        return out

    return passed(sky), passed(ground)
