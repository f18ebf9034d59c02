"""Values in time or on a grid, as NetCDF files that xarray, QGIS, R and Matlab open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from changping_geo.model import Analysis, Run

FOLDER = "grids"
CONVENTIONS = "CF-1.8"


def write_datasets(run: Run, folder: Path) -> list[Path]:
    """Write every dataset of a run as ``grids/<analysis>_<name>.nc``.

    Values are single precision; time keeps its instants; title, district, status of the data and content key stand in
    the attributes. The format is NetCDF 3 with 64-bit offsets, which needs no further library to read.

    Parameters
    ----------
    run : Run
        The finished run.
    folder : Path
        The run folder; ``grids`` is made where there is something to write.

    Returns
    -------
    list of Path
        The files.
    """
    files: list[Path] = []
    for name, result in run.results.items():
        for title, dataset in result.datasets.items():
            path = folder / FOLDER / f"{name}_{title}.nc"
            path.parent.mkdir(parents=True, exist_ok=True)
            _ready(dataset, run, run.analyses[name]).to_netcdf(path, format="NETCDF3_64BIT", engine="scipy")
            files.append(path)
    return files


def _ready(dataset: xr.Dataset, run: Run, analysis: Analysis) -> xr.Dataset:
    """Return a dataset with single-precision values and the attributes of the run."""
    single = {name: values.astype(np.float32) for name, values in dataset.items() if values.dtype == np.float64}
    out = dataset.assign({name: values.assign_attrs(dataset[name].attrs) for name, values in single.items()})
    return out.assign_attrs(
        {
            "title": analysis.title_en,
            **dataset.attrs,
            "Conventions": CONVENTIONS,
            "district": run.frame.title_en,
            "data_status": analysis.status.word,
            "content_key": run.key,
        }
    )
