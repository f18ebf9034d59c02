"""What another model of the sky would say: Perez and the isotropic sky beside Hay and Davies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.solar.kernel import daylight
from changping_geo.solar.plane import CARDS, PlaneIrradiance, cos_incidence, hay_davies
from changping_geo.solar.sun import relative_airmass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

Floats = NDArray[np.float64]

#: Lower bounds of the classes of clearness, from overcast to clear; the first class has none. [1]
CLEARNESS = (1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2)
#: F11, F12, F13, F21, F22, F23 of each class, Perez et al. 1990, table 6 (all sites). [1]
COEFFICIENTS = (
    (-0.008, 0.588, -0.062, -0.060, 0.072, -0.022),
    (0.130, 0.683, -0.151, -0.019, 0.066, -0.029),
    (0.330, 0.487, -0.221, 0.055, -0.064, -0.026),
    (0.568, 0.187, -0.295, 0.109, -0.152, -0.014),
    (0.873, -0.392, -0.362, 0.226, -0.462, 0.001),
    (1.132, -1.237, -0.412, 0.288, -0.823, 0.056),
    (1.060, -1.600, -0.359, 0.264, -1.127, 0.131),
    (0.678, -0.327, -0.250, 0.156, -1.377, 0.251),
)
#: Weight of the zenith's third power in the clearness. [1/rad3]
KAPPA = 1.041
#: Cosine of 85 degrees, below which the ratio to the horizontal is held. [1]
PEREZ_LOWEST_COSZ = float(np.cos(np.radians(85.0)))
FACING = (("N", 0.0), ("E", 90.0), ("S", 180.0), ("W", 270.0))


def perez(
    cos_aoi: Floats, zenith: Floats, tilt: Floats, *, ghi: Floats, dhi: Floats, dni: Floats, dni_extra: Floats,
    albedo: float | Floats = CARDS["albedo"],
) -> PlaneIrradiance:  # fmt: skip
    """Transpose irradiance to a plane with the model of Perez and others.

    Parameters
    ----------
    cos_aoi : ndarray
        Cosine of the angle of incidence. [1]
    zenith : ndarray
        The refracted sun. [degrees]
    tilt : ndarray
        The plane's tilt. [degrees]
    ghi, dhi, dni, dni_extra : ndarray
        Global and diffuse horizontal, direct normal and extraterrestrial normal irradiance. [W/m2]
    albedo : float or ndarray
        Ground albedo. [1]

    Returns
    -------
    PlaneIrradiance
        By origin, the brighter horizon under ``sky``; no diffuse light while the sun is down. [W/m2]

    References
    ----------
    Perez et al. 1990, doi:10.1016/0038-092X(90)90055-H; air mass: Kasten & Young 1989, doi:10.1364/AO.28.004735
    """
    z, b = np.radians(zenith), np.radians(tilt)
    facing = np.maximum(cos_aoi, 0.0)
    light = np.where(np.asarray(zenith) < 90.0, dhi, 0.0)  # noqa: PLR2004 - the horizon
    bright = light * relative_airmass(np.minimum(zenith, 90.0)) / dni_extra
    # without diffuse light there is nothing to lay on the plane, so its class does not matter
    ratio = np.divide(dni, light, out=np.zeros(np.broadcast(dni, light).shape), where=light > 0)
    clear = 1.0 + ratio / (1.0 + KAPPA * z**3)
    f = np.asarray(COEFFICIENTS)[np.digitize(clear, CLEARNESS)]
    f1 = np.maximum(f[..., 0] + f[..., 1] * bright + f[..., 2] * z, 0.0)
    f2 = f[..., 3] + f[..., 4] * bright + f[..., 5] * z
    circumsolar = light * f1 * facing / np.maximum(np.cos(z), PEREZ_LOWEST_COSZ)
    diffuse = np.maximum(circumsolar + light * (0.5 * (1.0 - f1) * (1.0 + np.cos(b)) + f2 * np.sin(b)), 0.0)
    return PlaneIrradiance(dni * facing + circumsolar, diffuse - circumsolar, ghi * albedo * (0.5 * (1.0 - np.cos(b))))


def isotropic(
    cos_aoi: Floats, tilt: Floats, *, ghi: Floats, dhi: Floats, dni: Floats, albedo: float | Floats = CARDS["albedo"]
) -> PlaneIrradiance:
    """Transpose irradiance to a plane as if the sky were equally bright.

    Parameters
    ----------
    cos_aoi : ndarray
        Cosine of the angle of incidence. [1]
    tilt : ndarray
        The plane's tilt. [degrees]
    ghi, dhi, dni : ndarray
        Global and diffuse horizontal and direct normal irradiance. [W/m2]
    albedo : float or ndarray
        Ground albedo. [1]

    Returns
    -------
    PlaneIrradiance
        By origin. [W/m2]

    References
    ----------
    Liu & Jordan 1963, Solar Energy 7(2):53-74
    """
    cosb = np.cos(np.radians(tilt))
    ground = ghi * albedo * (0.5 * (1.0 - cosb))
    return PlaneIrradiance(dni * np.maximum(cos_aoi, 0.0), dhi * (0.5 * (1.0 + cosb)), ground)


def transposition_sensitivity(
    year: xr.Dataset,
    tilts: Sequence[float] = (10.0, 30.0),
    azimuths: Sequence[tuple[str, float]] = FACING,
    *,
    albedo: float | Floats = CARDS["albedo"],
) -> pd.DataFrame:
    """Return what three models of the sky make of the same year.

    Parameters
    ----------
    year : Dataset
        As `climate.hourly_year` gives it; its ``albedo``, if any, stands in place of `albedo`.
    tilts : sequence of float
        Tilts. [degrees]
    azimuths : sequence of (str, float)
        Name and azimuth of each direction. [degrees]
    albedo : float or ndarray
        Ground albedo, one or twelve. [1]

    Returns
    -------
    DataFrame
        One row per tilt and direction: ``tilt_deg``, ``azimuth_deg``, ``facing``; annual irradiation on the plane
        ``isotropic_kwh_m2``, ``hay_davies_kwh_m2``, ``perez_kwh_m2`` [kWh/m2]; the first and the last against the
        second, ``isotropic_pct``, ``perez_pct``. [%]

    Raises
    ------
    ColumnError
        If a variable of the year is missing or has gaps.
    """
    v, month = daylight(year)
    given: Floats = np.broadcast_to(np.asarray(albedo, np.float64), 12)[month]
    ground = v.get("albedo", given)
    light = {name: v[name] for name in ("ghi", "dhi", "dni")}
    extra = {"dni_extra": v["dni_extra"], "albedo": ground}
    rows = []
    for tilt in tilts:
        b = np.asarray(tilt, np.float64)
        for facing, azimuth in azimuths:
            aoi = cos_incidence(v["zenith"], v["azimuth"], b, np.asarray(azimuth, np.float64))
            sums = [
                float(model.total.sum()) / 1000.0
                for model in (
                    isotropic(aoi, b, **light, albedo=ground),
                    hay_davies(aoi, v["cosz"], b, **light, **extra),
                    perez(aoi, v["zenith"], b, **light, **extra),
                )
            ]
            off = [100.0 * (sums[k] / sums[1] - 1.0) for k in (0, 2)]
            rows.append((tilt, azimuth, facing, *sums, *off))
    names = ["tilt_deg", "azimuth_deg", "facing", *(f"{m}_kwh_m2" for m in ("isotropic", "hay_davies", "perez"))]
    table = pd.DataFrame(rows, columns=[*names, "isotropic_pct", "perez_pct"])
    table.attrs = {"title_zh": "天空模型比较", "title_en": "models of the sky compared"}
    return table
