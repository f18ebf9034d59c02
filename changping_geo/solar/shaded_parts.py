"""The planes of roofs with what terrain and buildings leave of their yield."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.model import ParameterError
from changping_geo.solar import pv
from changping_geo.solar.parts import CLOSE
from changping_geo.solar.shading import CARDS, loss_range, plane_shade, rows_of, shaded_or_flat
from changping_geo.solar.table import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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


def shade_of(method: str, layer: Callable[[], pd.DataFrame] | None, rooftops: pd.DataFrame) -> pd.DataFrame | None:
    """Return the shading of each roof when the method asks for it; nothing for a flat loss.

    Parameters
    ----------
    method : str
        ``flat`` or ``geometric``.
    layer : callable or None
        Gives the layer ``roof_shading``.
    rooftops : DataFrame
        Roofs with ``roof_id``, n rows.

    Returns
    -------
    DataFrame or None
        n rows on the index of `rooftops`. [1]

    Raises
    ------
    ParameterError
        If the method is unknown, or geometric without a layer.
    """
    CARDS.cards["shading_method"].checked(method)
    if method == "flat":
        return None
    if layer is None:
        raise ParameterError("shading_method = geometric needs the layer roof_shading; hand it over as a function")
    return rows_of(layer(), rooftops["roof_id"])


def shading_table(
    shade: pd.DataFrame | None, losses: Mapping[str, float], shading_range: Mapping[str, float], district: pd.Series
) -> pd.DataFrame:
    """Tell how shade was treated, and what it may do to the district's energy where it was not computed.

    Parameters
    ----------
    shade : DataFrame or None
        From `shade_of`.
    losses : mapping of str to float
        Each loss by name. [%]
    shading_range : mapping of str to float
        ``low``, ``central``, ``high`` of a flat loss. [%]
    district : Series
        ``n_roofs`` and ``pv_energy_mwh_a`` of the whole district. [count, MWh/a]

    Returns
    -------
    DataFrame
        One row with ``shading_method``, ``n_roofs``, ``n_roofs_flat_loss``, and the district's energy
        ``pv_energy_mwh_a``, ``_least_shade``, ``_most_shade``: missing when shade is computed. [MWh/a]
    """
    energy = float(district["pv_energy_mwh_a"])
    row: dict[str, object] = {"shading_method": "flat" if shade is None else "geometric"}
    row["n_roofs"] = int(district["n_roofs"])
    row["n_roofs_flat_loss"] = row["n_roofs"] if shade is None else int((~(shade["cells"] > 0)).sum())
    row["pv_energy_mwh_a"] = energy
    kept = 1.0 - pv.pvwatts_losses(**losses) / 100.0
    ends = loss_range(losses, shading_range)
    for name, end in (("least_shade", "low"), ("most_shade", "high")):
        row[f"pv_energy_mwh_a_{name}"] = energy * (1.0 - ends[end] / 100.0) / kept if shade is None else float("nan")
    table = pd.DataFrame([row])
    table.attrs = {"title_zh": "遮挡处理方式及其影响", "title_en": "how shade was treated, and its effect"}
    return table
