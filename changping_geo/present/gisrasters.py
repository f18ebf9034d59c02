"""The rasters of a run as GIS software gets them: cells, classes and colours at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.present.classes import classify
from changping_geo.present.style import Rule, class_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from changping_geo.model import Grid, Run, Status

# Legend classes of a raster of amounts. [classes]
CLASSES = 6
# A sample of this size stands for the cells when breaks are sought. [cells]
SAMPLE = 200_000


@dataclass(frozen=True, slots=True)
class GisRaster:
    """One raster ready to be written.

    Attributes
    ----------
    name, title_zh, title_en, unit : str
        Name, headings and the unit of the cells, empty for classes.
    data : DataArray, shape (rows, columns)
        Cells as `changping_geo.layers.rasters.as_dataarray` makes them.
    rules : tuple of Rule
        The legend: one rule per class, its code as `word`; or classes of amounts.
    status : Status
        The status of the analysis that made it.
    group : str
        The Chinese title of that analysis.
    labels_en : dict of str to str
        English label by code, for a raster of classes.
    """

    name: str
    title_zh: str
    title_en: str
    unit: str
    data: xr.DataArray
    rules: tuple[Rule, ...]
    status: Status
    group: str
    labels_en: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_classes(self) -> bool:
        """Whether the cells are codes of classes."""
        return bool(self.rules) and self.rules[0].word is not None


def gis_rasters(run: Run) -> list[GisRaster]:
    """Return the rasters that the analyses of a run made, in their order."""
    return [
        GisRaster(
            name,
            grid.title_zh,
            grid.title_en,
            "" if grid.classes else grid.unit,
            grid.data,
            _rules(grid),
            run.analyses[analysis].status,
            run.analyses[analysis].title_zh,
            {str(code): en for code, (_, en, _) in grid.classes.items()},
        )
        for analysis, result in run.results.items()
        for name, grid in result.rasters.items()
    ]


def _rules(grid: Grid) -> tuple[Rule, ...]:
    if grid.classes:
        return tuple(Rule(zh, colour, word=str(code)) for code, (zh, _, colour) in sorted(grid.classes.items()))
    cells = grid.data.to_numpy()
    cells = cells[valid_cells(grid.data)]
    sample = cells[:: max(1, cells.size // SAMPLE)]
    return class_rules(classify(sample, CLASSES, palette=grid.palette), grid.unit)


def valid_cells(data: xr.DataArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which cells hold a value, of the shape of the raster."""
    cells, nodata = data.to_numpy(), data.attrs["nodata"]
    valid = np.isfinite(cells) if cells.dtype.kind == "f" else np.ones(cells.shape, dtype=bool)
    return valid if nodata is None else valid & (cells != nodata)
