"""Rooftop yields of one generated set of roofs: this package's engines against pvlib called per building.

Run: python benchmarks/rooftop_pv.py [number of roofs]. Slow peers take a part of the
roofs; their time is scaled up and said so. Ratios are of processor time, which other work on the machine
disturbs less.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from pvlib import iam, inverter, irradiance, pvsystem, temperature
from pvlib.location import Location
from pvlib.modelchain import ModelChain
from pvlib.pvsystem import Array, FixedMount, PVSystem

sys.path.insert(0, str(Path(__file__).parents[1]))

from changping_geo.solar.climate import hourly_year
from changping_geo.solar.kernel import daylight, monthly_yield
from changping_geo.solar.pv import default_chain
from changping_geo.solar.table import look_up, yield_table

LATITUDE, LONGITUDE = 40.0, 116.0
FUNCTIONS, CHAINS = 1000, 20


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


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    warnings.simplefilter("ignore")  # pvlib's own, on newer pandas
    tilt, azimuth = roofs(n)
    year, chain = typical_year(), default_chain()
    hours = daylight(year)
    with Watch() as first:
        monthly_yield(hours, tilt[:1], azimuth[:1], chain, engine="numba")
    print(f"{n} roofs, {hours.month.size} hours of light; first call of the compiled engine {first.seconds:.2f} s\n")
    by_functions(hours, tilt[:2], azimuth[:2], chain)
    runs = {
        "this, table + look-up": (n, lambda b, a: look_up(yield_table(hours, chain), b, a)),
        "this, exact, compiled": (n, lambda b, a: monthly_yield(hours, b, a, chain, engine="numba")),
        "this, exact, numpy": (min(n, 20_000), lambda b, a: monthly_yield(hours, b, a, chain, engine="numpy")),
        "pvlib functions": (min(n, FUNCTIONS), lambda b, a: by_functions(hours, b, a, chain)),
        "pvlib ModelChain": (min(n, CHAINS), lambda b, a: by_model_chain(year, b, a, chain)),
    }
    found, seconds = {}, {}
    print(f"{'engine':24}{'roofs run':>10}{'s':>9}{'CPU s':>9}{'CPU s for all':>15}{'peak MB':>9}")
    for name, (part, run) in runs.items():
        with Watch() as watch:
            found[name] = run(tilt[:part], azimuth[:part])
        seconds[name] = watch.cpu * n / part
        scaled = "" if part == n else "  scaled"
        print(f"{name:24}{part:10d}{watch.seconds:9.2f}{watch.cpu:9.2f}{seconds[name]:15.2f}{watch.peak:9.0f}{scaled}")
    exact = found["this, exact, compiled"]
    print(f"\n{'against the compiled exact engine':38}{'largest deviation, annual':>27}{'its CPU / ours':>17}")
    for name, other in found.items():
        off = np.abs(other.sum(axis=1) / exact[: len(other)].sum(axis=1) - 1.0).max()
        print(f"{name:38}{off:26.2e} {seconds[name] / seconds['this, exact, compiled']:16.1f}")
    print(f"\npvlib functions over table: {seconds['pvlib functions'] / seconds['this, table + look-up']:.0f}")
    print(f"peak of the whole process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
