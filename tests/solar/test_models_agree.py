"""The yield of a year against other models of module and system, on the same weather; none is taken for the truth.

South, east and west planes stay within 3 % of the mean of the peers, north planes within 5 %.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pvlib import iam, inverter, irradiance, pvarray, pvsystem, temperature

from changping_geo.solar.kernel import monthly_yield

LATITUDE, LONGITUDE = 40.0, 116.0
TILTS = [10.0, 20.0, 30.0, 35.0]
FACING = {"east": 90.0, "south": 180.0, "west": 270.0, "north": 0.0}
BAND = {"east": 0.03, "south": 0.03, "west": 0.03, "north": 0.05}


def light(hours, tilt, azimuth, albedo=0.2):
    """Irradiance on the plane before and after angular losses, from pvlib's functions. [W/m2]"""
    v, _ = hours
    sun = (v["zenith"], v["azimuth"])
    sky = irradiance.haydavies(tilt, azimuth, v["dhi"], v["dni"], v["dni_extra"], *sun, return_components=True)
    aoi = irradiance.aoi(tilt, azimuth, *sun)
    direct = v["dni"] * np.maximum(np.cos(np.radians(aoi)), 0.0) + sky["poa_circumsolar"]
    ground = irradiance.get_ground_diffuse(tilt, v["ghi"], albedo)
    lost = iam.martin_ruiz_diffuse(tilt, 0.16)
    entered = direct * iam.martin_ruiz(aoi, 0.16) + sky["poa_isotropic"] * lost["sky"] + ground * lost["ground"]
    return direct + sky["poa_isotropic"] + ground, entered


def huld(hours, tilt, azimuth):
    """PVGIS' module: Huld's matrix, Faiman's coefficients of crystalline cells, 14 % of losses. [kWh/kW]"""
    v, _ = hours
    poa, entered = light(hours, tilt, azimuth)
    module = temperature.faiman(poa, v["temp_air"], v["wind_speed"], 26.9, 6.2)
    # the matrix holds a logarithm; light of a hundredth of a watt gives nothing
    power = pvarray.huld(np.maximum(entered, 0.01), module, 1.0, cell_type="csi", k_version="pvgis5")
    return np.nansum(np.maximum(power, 0.0)) * 0.86


def pvwatts(hours, tilt, azimuth):
    """PVWatts as pvlib has it, its coefficients and losses, on an open rack. [kWh/kW]"""
    v, _ = hours
    poa, entered = light(hours, tilt, azimuth)
    cell = temperature.faiman(poa, v["temp_air"], v["wind_speed"])
    dc = pvsystem.pvwatts_dc(entered, cell, 1.0, -0.0035) * (1.0 - pvsystem.pvwatts_losses() / 100.0)
    return inverter.pvwatts(dc, 1.0 / 0.96, 0.96).sum()


def ours(hours, tilt, azimuth, chain, engine="numba"):
    return monthly_yield(hours, np.atleast_1d(tilt), np.atleast_1d(azimuth), chain, engine=engine).sum(axis=1)


@pytest.mark.parametrize("facing", list(FACING))
@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_the_yield_stays_near_the_mean_of_huld_and_pvwatts(hours, chain, facing, engine):
    azimuth = FACING[facing]
    peers = [np.mean([huld(hours, tilt, azimuth), pvwatts(hours, tilt, azimuth)]) for tilt in TILTS]
    found = ours(hours, np.array(TILTS), np.full(len(TILTS), azimuth), chain, engine)
    np.testing.assert_allclose(found, peers, rtol=BAND[facing])


def test_the_peers_differ_among_themselves_by_less_than_a_tenth(hours):
    for azimuth in FACING.values():
        assert huld(hours, 30.0, azimuth) == pytest.approx(pvwatts(hours, 30.0, azimuth), rel=0.1)


def local_year(year):
    """The year as SAM reads it: one value per hour of local standard time, the sun in the middle of the hour."""
    zone = round(LONGITUDE / 15.0)
    local = year.indexes["time"] + pd.Timedelta(hours=zone)
    columns = {"dn": "dni", "df": "dhi", "gh": "ghi", "tdry": "temp_air", "wspd": "wind_speed"}
    stamps = {name: list(getattr(local, name)) for name in ("year", "month", "day", "hour")}
    values = {name: year[ours_].to_numpy().tolist() for name, ours_ in columns.items()}
    site = {"lat": LATITUDE, "lon": LONGITUDE, "tz": zone, "elev": 50.0}
    return {**site, **stamps, "minute": [30] * len(local), **values}


def sam(resource, tilt, azimuth):
    """SAM's PVWatts 8 on an open rack without shading between rows. [kWh/kW]"""
    model = pytest.importorskip("PySAM.Pvwattsv8", reason="NREL-PySAM is not installed").new()
    model.SolarResource.solar_resource_data = resource
    model.SolarResource.use_wf_albedo = 0
    model.SolarResource.albedo = [0.2] * 12
    model.SystemDesign.assign(
        {"system_capacity": 1.0, "module_type": 0, "array_type": 0, "dc_ac_ratio": 1.2, "inv_eff": 96.0,
         "losses": 14.0757, "tilt": tilt, "azimuth": azimuth, "gcr": 0.01}
    )  # fmt: skip
    model.execute()
    return model.Outputs.ac_annual


def test_the_yield_stays_near_the_mean_of_three_models_with_sam(year, hours, chain):
    pytest.importorskip("PySAM.Pvwattsv8", reason="NREL-PySAM is not installed")
    resource = local_year(year)
    for facing, azimuth in FACING.items():
        for tilt in (10.0, 30.0):
            peers = [huld(hours, tilt, azimuth), pvwatts(hours, tilt, azimuth), sam(resource, tilt, azimuth)]
            assert ours(hours, tilt, azimuth, chain)[0] == pytest.approx(np.mean(peers), rel=BAND[facing]), (
                facing,
                tilt,
            )
