"""From the shading of roofs to their yield: what is left of the sky's light and of the beam, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.solar import pv
from changping_geo.solar.plane import cos_incidence, hay_davies, iam_beam, iam_diffuse
from changping_geo.solar.shade_classes import AZIMUTHS, COLUMNS, LOSS, MONTHLY, SKY, TILTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from changping_geo.solar.kernel import Daylight
    from changping_geo.solar.pv import Chain

METHODS = ("flat", "geometric")
_WORDS = {"low": ("低", "low"), "central": ("中", "central"), "high": ("高", "high")}

CARDS = Cards(
    Parameter(
        "shading_method",
        "flat",
        "word",
        None,
        None,
        "flat: one loss for all roofs; geometric: horizons of terrain and buildings, and no flat loss",
        verified=True,
        title_zh="遮挡计算方法(flat 统一系数, geometric 几何计算)",
        title_en="Way of shading",
        choices=METHODS,
    ),
    (
        Parameter(
            f"shading_range.{end}",
            value,
            "%",
            0.0,
            40.0,
            source,
            verified=verified,
            title_zh=f"无建筑高度时的遮挡损失({_WORDS[end][0]})",
            title_en=f"Shading loss where it is not computed, {_WORDS[end][1]}",
        )
        for end, value, source, verified in (
            ("low", 1.0, "planning range, unverified: low houses in the open", False),
            ("central", 3.0, pv.PVWATTS, True),
            ("high", 10.0, "planning range, unverified: dense streets of unlike height", False),
        )
    ),
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Spacing of the table of diffuse shares; they change little with the plane. [degrees]
TILT_STEP, AZIMUTH_STEP = 5.0, 15.0


#: Months lose at least in this proportion, so that the year's loss always finds its place. [1]
LEAST_SHAPE = 1e-6


class PlaneShade(NamedTuple):
    """What the horizon leaves and takes, for one plane of each roof.

    Attributes
    ----------
    sky : ndarray
        Share left of an even sky's light, shape (n,). [1]
    loss : ndarray
        Share lost of the year's beam, shape (n,). [1]
    shape : ndarray
        Share lost of the flat plane's beam by month, shape (n, 12). [1]
    """

    sky: Floats
    loss: Floats
    shape: Floats


def plane_shade(shade: pd.DataFrame, tilt: Floats, azimuth: Floats) -> PlaneShade:
    """Interpolate the shading of roofs to their planes: bilinear between the classes; azimuth goes round.

    Parameters
    ----------
    shade : DataFrame
        As `shade_classes.roof_table` gives it, one row per plane, n rows. [1]
    tilt, azimuth : ndarray
        Planes, shape (n,); those steeper than the steepest class take its values. [degrees]

    Returns
    -------
    PlaneShade
        NaN where the shading is not known.

    Raises
    ------
    ColumnError
        If columns are missing, or the numbers of rows differ.
    """
    lacking = [name for name in COLUMNS if name not in shade]
    if lacking:
        raise ColumnError(f"the shading of roofs lacks the columns {', '.join(lacking)}; make or deliver it anew")
    tilts = np.asarray(tilt, np.float64)
    if tilts.shape != (len(shade),):
        raise ColumnError(f"{len(shade)} rows of shading for planes of the shape {tilts.shape}; one row per plane")
    nodes = np.array((0, *TILTS), np.float64)
    held = np.clip(tilts, nodes[0], nodes[-1])
    row = np.clip(np.searchsorted(nodes, held, side="right") - 1, 0, len(nodes) - 2)
    down = (held - nodes[row]) / (nodes[row + 1] - nodes[row])
    turn = np.mod(np.asarray(azimuth, np.float64), 360.0) / (360.0 / len(AZIMUTHS))
    column = np.clip(np.floor(turn), 0, len(AZIMUTHS) - 1).astype(np.int64)
    across = turn - column

    def between(names: tuple[str, ...]) -> Floats:
        values = shade[list(names)].to_numpy(np.float64)
        after = (column + 1) % len(AZIMUTHS)
        upper = _corner(values, row, column) * (1 - across) + _corner(values, row, after) * across
        lower = _corner(values, row + 1, column) * (1 - across) + _corner(values, row + 1, after) * across
        out: Floats = upper * (1 - down) + lower * down
        return out

    return PlaneShade(between(SKY), between(LOSS), shade[list(MONTHLY)].to_numpy(np.float64))


def _corner(values: Floats, row: Ints, column: Ints) -> Floats:
    """Return the class at a tilt and an azimuth; the flat plane has no azimuth."""
    place = np.where(row == 0, 0, 1 + (row - 1) * len(AZIMUTHS) + column)
    out: Floats = values[np.arange(values.shape[0]), place]
    return out


def monthly_loss(loss: Floats, shape: Floats, beam: Floats) -> Floats:
    """Spread the year's loss of beam over the months in the proportions of the flat plane.

    No month loses more than its beam; what is above goes to the others, so that the year's loss is kept.

    Parameters
    ----------
    loss : ndarray
        Of the year, shape (n,). [1]
    shape : ndarray
        Of the flat plane by month, shape (n, 12); where it is nothing at all, all months lose alike. [1]
    beam : ndarray
        Of the plane by month, shape (n, 12). [any energy]

    Returns
    -------
    ndarray
        Share lost by month, shape (n, 12). [1]
    """
    form = np.maximum(np.nan_to_num(shape), LEAST_SHAPE)
    wanted = loss * beam.sum(axis=1)
    full = np.zeros(beam.shape, bool)
    for _ in range(beam.shape[1] + 1):
        left = wanted - np.where(full, beam, 0.0).sum(axis=1)
        weight = np.where(full, 0.0, form * beam).sum(axis=1)
        with np.errstate(over="ignore"):  # where hardly any beam is left, any factor will do
            factor = np.where(weight > 0, left / np.where(weight > 0, weight, 1.0), 0.0)
        more = ~full & (factor[:, None] * form > 1.0)
        if not more.any():
            break
        full |= more
    out: Floats = np.where(full, 1.0, np.clip(factor[:, None] * form, 0.0, 1.0))
    return out


def shaded_yield(total: Floats, diffuse: Floats, shade: PlaneShade) -> Floats:
    """Return the yield that the horizon leaves.

    The diffuse part shrinks with the sky that is seen, the rest, sun and circumsolar sky, with the beam that is lost.
    Modules in the shade are held to be as warm as in the sun, which is on the safe side.

    Parameters
    ----------
    total : ndarray
        Yield without shading, shape (n, 12). [kWh/kW]
    diffuse : ndarray
        Its part from the even sky and the ground, shape (n, 12). [kWh/kW]
    shade : PlaneShade
        Of the planes.

    Returns
    -------
    ndarray
        Never above `total`, which it is where nothing stands in the way; NaN where the shading is not known; shape
        (n, 12). [kWh/kW]

    Raises
    ------
    ColumnError
        If the diffuse part is negative or more than the whole.
    """
    wrong = int(((diffuse < 0) | (diffuse > total * (1 + 1e-9) + 1e-12)).sum())
    if wrong:
        raise ColumnError(f"{wrong} months have a diffuse yield below zero or above the whole; check their order")
    beam = np.maximum(total - diffuse, 0.0)
    lost = monthly_loss(shade.loss, shade.shape, beam)
    left = total - diffuse * (1.0 - shade.sky[:, None]) - beam * lost
    unknown = np.isnan(shade.loss) | np.isnan(shade.sky)
    out: Floats = np.where(unknown[:, None], np.nan, np.clip(left, 0.0, total))
    return out


def diffuse_share(hours: Daylight, chain: Chain) -> xr.DataArray:
    """Compute which part of the light that enters a module comes from the even sky and the ground.

    Parameters
    ----------
    hours : Daylight
        Of one site.
    chain : Chain
        Gives angular losses, and the albedo where the hours have none of their own.

    Returns
    -------
    DataArray
        On ``tilt`` (0 to 90), ``azimuth`` (0 to below 360) and ``month`` (1 to 12), for `table.look_up`; times the
        monthly yield it is the diffuse part. Nothing in months without light. [1]
    """
    tilt, azimuth = np.arange(0.0, 90.0 + TILT_STEP / 2, TILT_STEP), np.arange(0.0, 360.0, AZIMUTH_STEP)
    v, month = hours
    light = {name: v[name] for name in ("ghi", "dhi", "dni", "dni_extra")}
    out = np.zeros((tilt.size, azimuth.size, len(MONTHLY)))
    present, first = np.unique(month, return_index=True)
    for number, slope in enumerate(tilt if present.size else ()):
        b, a = np.full((azimuth.size, 1), slope), azimuth[:, None]
        cos_aoi = cos_incidence(v["zenith"], v["azimuth"], b, a)
        poa = hay_davies(cos_aoi, v["cosz"], b, **light, albedo=v.get("albedo", chain.albedo))
        sky, ground = iam_diffuse(b, chain.iam_a_r)
        even = poa.sky * sky + poa.ground * ground
        whole = even + poa.direct * iam_beam(cos_aoi, chain.iam_a_r)
        sums = [np.add.reduceat(np.broadcast_to(part, whole.shape), first, axis=1) for part in (even, whole)]
        out[number][:, present] = np.clip(sums[0] / np.where(sums[1] > 0, sums[1], 1.0), 0.0, 1.0)
    coords = {"tilt": tilt, "azimuth": azimuth, "month": np.arange(1, len(MONTHLY) + 1)}
    return xr.DataArray(
        out, dims=("tilt", "azimuth", "month"), coords=coords, name="diffuse_share", attrs={"units": "1"}
    )


def rows_of(shade: pd.DataFrame, roof_id: pd.Series) -> pd.DataFrame:
    """Return the shading in the order of some roofs; missing where it is not known.

    Parameters
    ----------
    shade : DataFrame
        The layer ``roof_shading``: ``roof_id`` and the columns of `shade_classes.roof_table`.
    roof_id : Series
        Of the roofs, shape (n,).

    Returns
    -------
    DataFrame
        n rows on the index of `roof_id`. [1]

    Raises
    ------
    ColumnError
        If no roof of the two is the same.
    """
    held = shade.set_index("roof_id").reindex(pd.Index(roof_id))
    if len(roof_id) and not shade["roof_id"].isin(roof_id).any():
        raise ColumnError(
            "no roof_id of the layer roof_shading is one of the rooftops'; it belongs to other rooftops: remove or "
            "replace the delivered file"
        )
    return held.set_axis(roof_id.index, axis=0)


def shaded_or_flat(total: Floats, diffuse: Floats, shade: PlaneShade, flat_loss: float) -> Floats:
    """Return the yield that the horizon leaves, and a flat loss where the horizon is not known.

    Parameters
    ----------
    total, diffuse, shade
        As in `shaded_yield`; `total` without any loss by shading.
    flat_loss : float
        Of roofs of unknown shading, ``losses.shading``. [%]

    Returns
    -------
    ndarray
        Shape (n, 12). [kWh/kW]
    """
    found = shaded_yield(total, diffuse, shade)
    return np.where(np.isnan(found), total * (1.0 - flat_loss / 100.0), found)


def loss_without_shading(losses: Mapping[str, float]) -> float:
    """Return the system losses without the flat shading loss, for use with computed shading. [%]

    Parameters
    ----------
    losses : mapping of str to float
        Each loss by name, all of `pv.LOSSES`. [%]
    """
    return pv.pvwatts_losses(**{**losses, "shading": 0.0})


def loss_range(losses: Mapping[str, float], shading_range: Mapping[str, float]) -> dict[str, float]:
    """Return the system losses for the ends of the range of shading, where it is not computed.

    Parameters
    ----------
    losses : mapping of str to float
        Each loss by name, all of `pv.LOSSES`. [%]
    shading_range : mapping of str to float
        ``low``, ``central``, ``high``: the shading loss. [%]

    Returns
    -------
    dict of str to float
        System losses by end. [%]
    """
    return {end: pv.pvwatts_losses(**{**losses, "shading": loss}) for end, loss in shading_range.items()}
