"""Rooftop yields of one generated set of roofs: this package's engines against pvlib, SAM and atlite per building.

Run: python benchmarks/rooftop_pv.py [number of roofs]. Slow peers take a part of the roofs; their time is scaled up
and said so. Ratios are of processor time, which other work on the machine disturbs less. NREL-PySAM and atlite are run
where they are installed; they are other models, so their deviation is one of physics, the others' one of arithmetic.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from pvlib import iam, inverter, irradiance, pvsystem, temperature
from pvlib.location import Location
from pvlib.modelchain import ModelChain
from pvlib.pvsystem import Array, FixedMount, PVSystem

sys.path.insert(0, str(Path(__file__).parents[1]))

from changping_geo.solar.climate import hourly_year
from changping_geo.solar.draws import Range
from changping_geo.solar.kernel import daylight, monthly_yield
from changping_geo.solar.pv import default_chain
from changping_geo.solar.ranking import ranking_stability
from changping_geo.solar.table import look_up, yield_table
from changping_geo.solar.uncertainty import uncertainty_by_town

LATITUDE, LONGITUDE = 40.0, 116.0
#: How many roofs the slow peers take.
PLAIN, FUNCTIONS, CHAINS, SAM, ATLITE = 20_000, 1000, 20, 20, 50
TOWNS, DRAWS = 22, 1000


def roofs(n):
    """Tilts and azimuths of a settlement: two thirds flat with rows near south, one third pitched in any direction."""
    rng = np.random.default_rng(20)
    flat = rng.random(n) < 2 / 3
    tilt = np.where(flat, 10.0, rng.uniform(5.0, 45.0, n))
    azimuth = np.where(flat, 180.0 + rng.uniform(-45.0, 45.0, n), rng.uniform(0.0, 360.0, n))
    return tilt, azimuth


def typical_year():
    here = Path(__file__).parents[1] / "data_raw" / "climate_monthly.csv"
    names = {f"changping_{name}": name for name in ("temp_air_c", "wind_m_s", "diurnal_range_k")}
    return hourly_year(pd.read_csv(here).rename(columns=names), LATITUDE, LONGITUDE)


def resident_mb():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


class Watch:
    """Seconds by the clock and of processor time, and the highest resident memory that a sampling thread saw."""

    def __enter__(self):
        self.peak, self.stop = resident_mb(), threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        self.start, self.cpu = time.perf_counter(), time.process_time()
        return self

    def look(self):
        while not self.stop.wait(0.01):
            self.peak = max(self.peak, resident_mb())

    def __exit__(self, *_):
        self.seconds, self.cpu = time.perf_counter() - self.start, time.process_time() - self.cpu
        self.stop.set()
        self.thread.join()


def by_functions(hours, tilt, azimuth, chain):
    """pvlib's functions, one building at a time, sun position and daylight shared."""
    v, month = hours
    out = np.empty((tilt.size, 12))
    for i, (b, a) in enumerate(zip(tilt, azimuth, strict=True)):
        sun = (v["zenith"], v["azimuth"])
        sky = irradiance.haydavies(b, a, v["dhi"], v["dni"], v["dni_extra"], *sun, return_components=True)
        aoi = irradiance.aoi(b, a, *sun)
        direct = v["dni"] * np.maximum(np.cos(np.radians(aoi)), 0.0) + sky["poa_circumsolar"]
        ground = irradiance.get_ground_diffuse(b, v["ghi"], chain.albedo)
        diffuse = iam.martin_ruiz_diffuse(b, chain.iam_a_r)
        entered = direct * iam.martin_ruiz(aoi, chain.iam_a_r)
        entered += sky["poa_isotropic"] * diffuse["sky"] + ground * diffuse["ground"]
        poa = direct + sky["poa_isotropic"] + ground
        cell = temperature.faiman(poa, v["temp_air"], v["wind_speed"], chain.u0, chain.u1)
        dc = pvsystem.pvwatts_dc(entered, cell, 1.0, chain.temperature_coefficient) * (1.0 - chain.loss / 100.0)
        ac = inverter.pvwatts(dc, 1.0 / (chain.dc_ac_ratio * chain.inverter_efficiency), chain.inverter_efficiency)
        out[i] = np.bincount(month, weights=ac, minlength=12)
    return out


def by_model_chain(year, tilt, azimuth, chain):
    """pvlib's ModelChain, one building at a time, as its tutorial shows it; it has no angular loss of diffuse light."""
    weather = year[["ghi", "dhi", "dni", "temp_air", "wind_speed"]].to_dataframe().drop(columns="month")
    weather.index = (weather.index + pd.Timedelta(minutes=30)).tz_localize("UTC")
    site, out = Location(LATITUDE, LONGITUDE), np.empty((tilt.size, 12))
    for i, (b, a) in enumerate(zip(tilt, azimuth, strict=True)):
        array = Array(
            FixedMount(b, a),
            albedo=chain.albedo,
            module_parameters={"pdc0": 1.0, "gamma_pdc": chain.temperature_coefficient, "a_r": chain.iam_a_r},
            temperature_model_parameters={"u0": chain.u0, "u1": chain.u1},
        )
        limit = 1.0 / (chain.dc_ac_ratio * chain.inverter_efficiency)
        system = PVSystem([array], inverter_parameters={"pdc0": limit, "eta_inv_nom": chain.inverter_efficiency})
        model = ModelChain(
            system, site, transposition_model="haydavies", aoi_model="martin_ruiz", spectral_model="no_loss",
            temperature_model="faiman", dc_model="pvwatts", ac_model="pvwatts", losses_model="pvwatts",
        )  # fmt: skip
        model.run_model(weather)
        out[i] = np.bincount(year["month"].to_numpy() - 1, weights=model.results.ac.fillna(0.0), minlength=12)
    return out


def by_sam(year, tilt, azimuth, chain):
    """SAM's PVWatts 8 on an open rack, one building at a time; the weather is handed over once per building."""
    sam, zone, out = import_module("PySAM.Pvwattsv8"), round(LONGITUDE / 15), np.empty((tilt.size, 12))
    local = year.indexes["time"] + pd.Timedelta(hours=zone)
    columns = {"dn": "dni", "df": "dhi", "gh": "ghi", "tdry": "temp_air", "wspd": "wind_speed"}
    weather = {short: year[name].to_numpy().tolist() for short, name in columns.items()}
    weather |= {name: list(getattr(local, name)) for name in ("year", "month", "day", "hour")}
    weather |= {"minute": [30] * len(local), "lat": LATITUDE, "lon": LONGITUDE, "tz": zone, "elev": 50.0}
    for i, (b, a) in enumerate(zip(tilt, azimuth, strict=True)):
        model = sam.new()
        model.SolarResource.solar_resource_data = weather
        model.SolarResource.use_wf_albedo = 0
        model.SolarResource.albedo = [chain.albedo] * 12
        model.SystemDesign.assign(
            {"system_capacity": 1.0, "module_type": 0, "array_type": 0, "dc_ac_ratio": chain.dc_ac_ratio, "gcr": 0.01,
             "inv_eff": 100.0 * chain.inverter_efficiency, "losses": chain.loss, "tilt": b, "azimuth": a}
        )  # fmt: skip
        model.execute()
        out[i] = model.Outputs.ac_monthly
    return out


def by_atlite(year, tilt, azimuth):
    """atlite's conversion on one cell whose sun is already known, one orientation at a time; times its usual 0.9."""
    convert, resource_ = import_module("atlite.convert"), import_module("atlite.resource")
    orient = import_module("atlite.pv.orientation").get_orientation
    panel = resource_.get_solarpanelconfig("CSi")
    ground = year["ghi"] * 0.0 + 0.2
    cell = xr.Dataset(
        {
            "influx_direct": year["ghi"] - year["dhi"],
            "influx_diffuse": year["dhi"],
            "influx_toa": year["dni_extra"] * np.maximum(year["cosz"], 0.0),
            "albedo": ground,
            "temperature": year["temp_air"] + 273.15,
            "solar_azimuth": np.radians(year["azimuth"]),
            "solar_altitude": np.pi / 2 - np.radians(year["zenith"]),
        }
    ).drop_vars("month")
    cell = cell.expand_dims(y=[LATITUDE], x=[LONGITUDE]).transpose("time", "y", "x")
    cell = cell.assign_coords(lat=("y", [LATITUDE]), lon=("x", [LONGITUDE]))
    month, out = year["month"].to_numpy() - 1, np.empty((tilt.size, 12))
    for i, (b, a) in enumerate(zip(tilt, azimuth, strict=True)):
        orientation = orient({"slope": float(b), "azimuth": float(a)})
        power = convert.convert_pv(cell, panel, orientation, None).to_numpy().ravel()
        out[i] = np.bincount(month, np.nan_to_num(power), 12)
    return out


def uncertain(n):
    """Percentiles and places of the towns, from roofs to tables."""
    rng = np.random.default_rng(21)
    codes = np.array([f"town {i:02d}" for i in range(TOWNS)])
    towns = pd.DataFrame({"town_code": codes, "name_zh": codes})
    kw = rng.lognormal(3.0, 1.0, n)
    ranges = {f"class {i:02d}": Range(0.3, 0.5, 0.7) for i in range(27)}
    roofs_of_towns = pd.DataFrame(
        {"town_code": rng.choice(codes, n), "roof_class": rng.choice(list(ranges), n), "pv_capacity_kw": kw,
         "pv_energy_mwh_a": 1.1 * kw, "co2_avoided_t_a": 0.6 * kw}
    )  # fmt: skip
    with Watch() as watch:
        uncertainty_by_town(roofs_of_towns, ranges, towns, draws=DRAWS)
        ranking_stability(roofs_of_towns, ranges, towns, draws=DRAWS)
    print(f"\nuncertainty and ranking, {DRAWS} draws, {n} roofs: {watch.seconds:.2f} s, CPU {watch.cpu:.2f} s")


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    warnings.simplefilter("ignore")  # pvlib's own, on newer pandas
    tilt, azimuth = roofs(n)
    year, chain = typical_year(), default_chain()
    hours = daylight(year)
    with Watch() as first:
        monthly_yield(hours, tilt[:1], azimuth[:1], chain, engine="numba")
    lit = hours.month.size
    print(f"{n} roofs, {lit} hours of light; {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    print(f"first call of the compiled engine {first.seconds:.2f} s\n")
    by_functions(hours, tilt[:2], azimuth[:2], chain)
    runs = {
        "ours, table": (n, lambda b, a: look_up(yield_table(hours, chain, engine="numba"), b, a)),
        "ours, exact": (n, lambda b, a: monthly_yield(hours, b, a, chain, engine="numba")),
        "ours, table, numpy": (n, lambda b, a: look_up(yield_table(hours, chain, engine="numpy"), b, a)),
        "ours, exact, numpy": (min(n, PLAIN), lambda b, a: monthly_yield(hours, b, a, chain, engine="numpy")),
        "pvlib functions": (min(n, FUNCTIONS), lambda b, a: by_functions(hours, b, a, chain)),
        "pvlib ModelChain": (min(n, CHAINS), lambda b, a: by_model_chain(year, b, a, chain)),
    }
    if find_spec("PySAM"):
        by_sam(year, tilt[:1], azimuth[:1], chain)
        runs["SAM PVWatts 8"] = (min(n, SAM), lambda b, a: by_sam(year, b, a, chain))
    if find_spec("atlite"):
        by_atlite(year, tilt[:1], azimuth[:1])
        runs["atlite"] = (min(n, ATLITE), lambda b, a: by_atlite(year, b, a))
    found, cpu = measure(runs, tilt, azimuth)
    exact = found["ours, exact"]
    print(f"\nexact: {1e9 * cpu['ours, exact'] / n / lit:.1f} ns of processor time per roof and hour")
    print(f"{'':20}{'largest deviation':>18}{'CPU over exact':>16}{'CPU over table':>16}")
    for name, other in found.items():
        off = np.abs(other.sum(axis=1) / exact[: len(other)].sum(axis=1) - 1.0).max()
        print(f"{name:20}{off:18.1e}{cpu[name] / cpu['ours, exact']:16.1f}{cpu[name] / cpu['ours, table']:16.1f}")
    uncertain(n)
    print(f"peak of the whole process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def measure(runs, tilt, azimuth):
    """Run each engine on its part of the roofs; return its yields, and its seconds of processor for all roofs."""
    found, cpu = {}, {}
    print(f"{'':20}{'roofs run':>10}{'s':>9}{'CPU s':>9}{'s for all':>11}{'CPU s for all':>15}{'peak MB':>9}")
    for name, (part, run) in runs.items():
        with Watch() as watch:
            found[name] = run(tilt[:part], azimuth[:part])
        scale = tilt.size / part
        cpu[name] = watch.cpu * scale
        times = f"{watch.seconds:9.2f}{watch.cpu:9.2f}{watch.seconds * scale:11.2f}{cpu[name]:15.2f}"
        print(f"{name:20}{part:10d}{times}{watch.peak:9.0f}{'' if scale == 1 else '  scaled'}", flush=True)
    return found, cpu


if __name__ == "__main__":
    main()
