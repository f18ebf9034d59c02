"""What the horizon takes away from each roof, as the mean over the cells of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import ParameterError
from changping_geo.solar.horizon import HOLE
from changping_geo.solar.sky import BeamTable, beam_loss, sky_view_tilted

Floats = NDArray[np.float64]
Halves = NDArray[np.uint8]

#: Cells that are looked up at once. [1]
BLOCK = 200_000


class RoofSums(NamedTuple):
    """What the horizons of roofs take away, in sums that add up over tiles.

    Attributes
    ----------
    pixels : ndarray
        Cells of each roof, shape (r,). [1]
    lost, beam : ndarray
        Beam lost, and beam without horizon, summed over the cells, shape (r, periods). [kWh/m2]
    sky : ndarray
        Sky-view factor summed over the cells, shape (r,). [1]
    """

    pixels: Floats
    lost: Floats
    beam: Floats
    sky: Floats

    def plus(self, other: RoofSums) -> RoofSums:
        """Return the sums of both."""
        return RoofSums(*(a + b for a, b in zip(self, other, strict=True)))

    def means(self) -> RoofShade:
        """Return each roof's means; NaN where it has no cell, or no beam falls on it."""
        with np.errstate(invalid="ignore", divide="ignore"):
            lost = self.lost / self.pixels[:, None]
            share = self.lost / self.beam
            year = self.lost.sum(axis=1) / self.beam.sum(axis=1)
            return RoofShade(self.pixels, lost, share, year, self.sky / self.pixels)


class RoofShade(NamedTuple):
    """What the horizon takes away from each roof.

    Attributes
    ----------
    pixels : ndarray
        Cells, shape (r,). [1]
    lost : ndarray
        Mean beam lost, shape (r, periods). [kWh/m2]
    share : ndarray
        Part of the beam that is lost, shape (r, periods). [1]
    annual_share : ndarray
        Part of all periods' beam that is lost, shape (r,). [1]
    sky_view : ndarray
        Mean sky-view factor of the plane, shape (r,). [1]
    """

    pixels: Floats
    lost: Floats
    share: Floats
    annual_share: Floats
    sky_view: Floats


def horizons_of_roofs(
    roof: NDArray[np.int64], half_degrees: Halves, tables: list[BeamTable], table_of_roof: NDArray[np.int64]
) -> RoofSums:
    """Sum what horizons take away over the cells of each roof.

    Parameters
    ----------
    roof : ndarray
        Roof of each cell from 0; cells with a negative number, or without a horizon, are left out. Shape (p,).
    half_degrees : ndarray
        Horizons of the cells, shape (p, sectors). [0.5 degrees]
    tables : list of BeamTable
        One for each kind of plane, with the same sectors and periods.
    table_of_roof : ndarray
        Which of them each roof takes, shape (r,).

    Returns
    -------
    RoofSums
        Sums over the cells; those of several tiles add up, and their `means` are the roofs'.

    Raises
    ------
    ParameterError
        If there are more roofs among the cells than in `table_of_roof`, or tables that do not exist are asked for.
    """
    count = table_of_roof.size
    if roof.size and int(roof.max()) >= count:
        raise ParameterError(f"cells belong to roof {int(roof.max())}, but only {count} roofs were given")
    if count and not 0 <= int(table_of_roof.min()) <= int(table_of_roof.max()) < len(tables):
        raise ParameterError(f"roofs ask for tables outside the {len(tables)} given")
    periods = tables[0].total.size if tables else 0
    sums = RoofSums(np.zeros(count), np.zeros((count, periods)), np.zeros((count, periods)), np.zeros(count))
    cells = np.flatnonzero((roof >= 0) & (half_degrees != HOLE).all(axis=1))
    kinds = table_of_roof[roof[cells]]
    for kind in np.unique(kinds):
        chosen = cells[kinds == kind]
        for at in range(0, chosen.size, BLOCK):
            _add(sums, roof, half_degrees, tables[kind], chosen[at : at + BLOCK])
    return sums


def _add(
    sums: RoofSums, roof: NDArray[np.int64], half_degrees: Halves, table: BeamTable, cells: NDArray[np.int64]
) -> None:
    owner, seen = roof[cells], half_degrees[cells]
    count = sums.pixels.size
    number = np.bincount(owner, minlength=count)
    lost = beam_loss(seen, table)
    view = sky_view_tilted(seen, np.asarray(table.tilt), np.asarray(table.plane_azimuth))
    sums.pixels[...] += number
    sums.beam[...] += number[:, None] * table.total
    sums.sky[...] += np.bincount(owner, view, count)
    for period in range(table.total.size):
        sums.lost[:, period] += np.bincount(owner, lost[:, period], count)
