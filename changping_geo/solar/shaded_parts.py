"""The planes of roofs with what terrain and buildings leave of their yield."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.model import ParameterError
from changping_geo.solar.parts import CLOSE
from changping_geo.solar.shading import plane_shade, shaded_or_flat
from changping_geo.solar.table import look_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import xarray as xr

    from changping_geo.solar.parts import Part


def shade_parts(
    parts: Sequence[Part],
    shade: pd.DataFrame,
    diffuse: Mapping[str, xr.DataArray],
    *,
    flat_loss: float,
    least_kwh_kw: float,
) -> list[Part]:
    """Take what the horizons of roofs take from the yield of their planes.

    Parameters
    ----------
    parts : sequence of Part
        From `parts.lay_parts`, with tables whose chain has no shading loss (`shading.loss_without_shading`).
    shade : DataFrame
        One row per roof, from `shading.rows_of`, n rows. [1]
    diffuse : mapping of str to DataArray
        `shading.diffuse_share` of the chain of each mounting. [1]
    flat_loss : float
        Shading loss of roofs whose shading is not known, ``losses.shading``. [%]
    least_kwh_kw : float
        A plane of a roof that is not flat is sunny from this yield a year up: ``min_plane_yield`` of the best
        orientation's without shading. [kWh/kW]

    Returns
    -------
    list of Part
        With shaded ``monthly``, and ``sunny`` judged by it.

    Raises
    ------
    ParameterError
        If a mounting has no table of diffuse shares.
    """
    lacking = sorted({part.mounting for part in parts} - set(diffuse))
    if lacking:
        raise ParameterError(f"no diffuse shares for the mounting {', '.join(lacking)}")
    out = []
    for part in parts:
        scattered = part.monthly * look_up(diffuse[part.mounting], part.tilt, part.azimuth)
        of_plane = plane_shade(shade.iloc[part.rows], part.tilt, part.azimuth)
        left = shaded_or_flat(part.monthly, np.minimum(scattered, part.monthly), of_plane, flat_loss)
        enough = left.sum(axis=1) >= (least_kwh_kw if part.mounting == CLOSE else 0.0)
        out.append(part._replace(monthly=left, sunny=part.sunny & enough))
    return out
