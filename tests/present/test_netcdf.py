"""Datasets of a run, written and read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from changping_geo.present.netcdf import write_datasets


@pytest.fixture
def hourly():
    time = pd.date_range("2022-12-31T16:00", periods=8760, freq="h")
    power = np.linspace(0.0, 1.0, 2 * 8760).reshape(2, 8760)
    out = xr.Dataset(
        {"pv_power_kw": (("town_code", "time"), power, {"units": "kW"})},
        coords={"town_code": np.array(["甲901", "outside"], dtype=object), "time": time},
    )
    return out.assign_coords(month=("time", np.ones(8760, dtype=np.int64)))


def test_what_is_written_reads_back(small_run, hourly, tmp_path):
    name = next(iter(small_run.results))
    results = {name: replace(small_run.results[name], datasets={"hourly_by_town": hourly})}
    files = write_datasets(replace(small_run, results=results), tmp_path)
    assert [f.relative_to(tmp_path).as_posix() for f in files] == [f"grids/{name}_hourly_by_town.nc"]
    with xr.open_dataset(files[0], engine="scipy") as there:
        assert there["pv_power_kw"].dtype == np.float32
        np.testing.assert_allclose(there["pv_power_kw"], hourly["pv_power_kw"], rtol=1e-6)
        assert there["pv_power_kw"].attrs["units"] == "kW"
        assert list(there["town_code"].to_numpy().astype(str)) == ["甲901", "outside"]
        assert (there["time"].to_numpy() == hourly["time"].to_numpy()).all()
        assert there.attrs["data_status"] == small_run.analyses[name].status.word
        assert there.attrs["content_key"] == small_run.key
    assert hourly["pv_power_kw"].dtype == np.float64


def test_a_run_without_datasets_has_no_folder(small_run, tmp_path):
    assert write_datasets(small_run, tmp_path) == []
    assert not (tmp_path / "grids").exists()
