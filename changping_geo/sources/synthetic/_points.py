"""Points of infrastructure: where they stand, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from changping_geo.sources.synthetic._raster import optional

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

INSIDE, MOST_SHIFT = 150.0, 5000.0  # a place is moved at least so far inside its town, and at most so far in all [m]


class PlanPlace(NamedTuple):
    """A place that the plan names: Chinese name, theme, its role in both languages, and where it lies."""

    name: str
    theme: str
    role: str
    point: shapely.Point


def town_names(towns: gpd.GeoDataFrame, xy: Floats) -> NDArray[np.object_]:
    """Return the Chinese name of the town of each point, the nearest town's for a point in none."""
    if not len(xy):
        return np.empty(0, dtype=object)
    rows = shapely.STRtree(towns.geometry.to_numpy()).query_nearest(shapely.points(xy), all_matches=False)[1]
    return np.asarray(towns["name_zh"].to_numpy(dtype=object)[rows])


def numbered(stems: Sequence[str]) -> list[str]:
    """Return stems with a running number each, as in 城关镇停车场2."""
    series = pd.Series(list(stems), dtype="str")
    return [f"{stem}{number}" for stem, number in zip(series, series.groupby(series).cumcount() + 1, strict=True)]


def ids(letter: str, count: int) -> pd.Series[str]:
    """Return ids as in P0001."""
    return pd.Series([f"{letter}{number:04d}" for number in range(1, count + 1)], dtype="str")


def spaced(xy: Floats, order: Ints, count: int, apart: float) -> Ints:
    """Return up to `count` rows, taken in `order`, that keep a distance from each other.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Candidates. [m]
    order : ndarray of int
        Rows, the best first.
    count : int
        How many.
    apart : float
        Least distance. [m]
    """
    tree = cKDTree(xy)
    barred = np.zeros(len(xy), dtype=bool)
    chosen: list[int] = []
    for row in order:
        if len(chosen) >= count:
            break
        if not barred[row]:
            chosen.append(int(row))
            barred[tree.query_ball_point(xy[row], apart)] = True
    return np.array(chosen, dtype=np.int64)


def by_chance(rng: np.random.Generator, weight: Floats) -> Ints:
    """Return rows in random order, heavier ones likely first; rows without weight are left out."""
    rows = np.flatnonzero(weight > 0)
    keys = np.log(weight[rows]) + rng.gumbel(size=rows.size)
    return np.asarray(rows[np.argsort(-keys, kind="stable")])


def spread(rng: np.random.Generator, median: Floats | float, sigma: float, size: int) -> Floats:
    """Return lognormal numbers around a median."""
    return np.asarray(median * np.exp(sigma * rng.standard_normal(size)))


def along(rng: np.random.Generator, lines: NDArray[np.object_], weight: Floats, step: float, beside: float) -> Floats:
    """Return points beside lines, shape (n, 2), in random order: the heavier and longer a line, the more and earlier.

    Parameters
    ----------
    rng : Generator
        Chance.
    lines : ndarray of LineString
        [m]
    weight : ndarray
        Of each line. [1]
    step : float
        One candidate per so much length. [m]
    beside : float
        Distance from the line. [m]
    """
    if not len(lines):
        return np.empty((0, 2))
    count = np.maximum(1, np.round(shapely.length(lines) / step).astype(np.int64))
    which = np.repeat(np.arange(len(lines)), count)
    share = rng.random(which.size)
    line = lines[which]
    at = shapely.get_coordinates(shapely.line_interpolate_point(line, share, normalized=True))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, np.minimum(share + 1e-3, 1), normalized=True))
    back = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(share - 1e-3, 0), normalized=True))
    along_line = ahead - back
    length = np.maximum(np.hypot(*along_line.T), 1e-9)
    across = np.column_stack([-along_line[:, 1], along_line[:, 0]]) / length[:, None]
    side = np.where(rng.random(which.size) < 0.5, -beside, beside)  # noqa: PLR2004 - either side
    points = at + across * side[:, None]
    return np.asarray(points[by_chance(rng, weight[which])], dtype=np.float64)


def plan_places(ctx: Context, themes: Sequence[str]) -> list[PlanPlace]:
    """Return the plan's places of some themes that lie in the district; none without a plan.

    Positions of places are approximate. One whose remark on the position names a town is moved into that town, one a
    little outside the outline is moved inside, by the shortest way.
    """
    table = optional(ctx, "plan_places")
    if table is None:
        return []
    towns = ctx.layer("towns")
    outline = shapely.union_all(ctx.layer("district").geometry.to_numpy())
    shapes = dict(zip(towns["name_zh"].astype(str), towns.geometry, strict=True))
    out = []
    for row in table[table["theme"].isin(list(themes))].itertuples():
        remark = str(getattr(row, "position", ""))
        home = next((shape for name, shape in shapes.items() if name in remark), outline)
        point = row.geometry
        if not home.contains(point):
            inner = home.buffer(-INSIDE) or home
            point = shapely.get_point(shapely.shortest_line(point, inner), 1)
            if row.geometry.distance(point) > MOST_SHIFT:
                continue
        role = f"{row.plan_role_zh} {getattr(row, 'plan_role_en', '')}"
        out.append(PlanPlace(str(row.name_zh), str(row.theme), role, point))
    return out
