"""Stands: what is wrong with them told at once, and their parts in towns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.stats import spearmanr

from changping_geo.carbon.units import M2_PER_HA
from changping_geo.errors import ColumnError, CrsError, GeoError, GeometryError
from changping_geo.geo.assign import CLOSURE, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Collection

    import geopandas as gpd

Floats = NDArray[np.float64]

#: Volume above which no stand of the temperate zone is believed. [m3/ha]
MAX_VOLUME = 600.0
#: Stands needed before a distribution says anything. [stands]
ENOUGH = 20
#: Rank correlation and slope (log volume over log area) from which volumes look like those of whole stands. [1]
LOOKS_WHOLE, SLOPE_WHOLE = 0.5, 0.5
#: Two stands overlap when they share more than this area and this share of the smaller. [m2, 1]
OVERLAP_M2, OVERLAP_SHARE = 1.0, 1e-3
SHOWN = 5
NEEDED = ("species", "volume_m3_ha")


def check_stands(stands: gpd.GeoDataFrame, species: Collection[str], where: str = "forest") -> None:
    """Refuse stands from which no stock can be told.

    Parameters
    ----------
    stands : GeoDataFrame, shape (n,)
        Polygons in a metric CRS: ``species``, ``volume_m3_ha`` [m3/ha], and ``stand_id`` if there is one.
    species : collection of str
        The words that the parameter sets know.
    where : str
        File or layer, for messages.

    Raises
    ------
    CrsError
        If the CRS is unknown or in degrees.
    ColumnError
        If columns are missing, species unknown or missing, volumes negative, above `MAX_VOLUME`, or of whole stands.
    GeometryError
        If stands overlap. Where there are faults of several kinds, a `ColumnError` tells them all.
    """
    if stands.crs is None or stands.crs.is_geographic:
        told = "have no CRS; declare it" if stands.crs is None else "are in degrees; bring them to the metric CRS"
        raise CrsError(f"{where}: the stands {told} in the layer's source")
    missing = [name for name in NEEDED if name not in stands]
    if missing:
        raise ColumnError(f"{where}: the columns {', '.join(missing)} are missing; deliver or rename them")
    columns = [*_species(stands, species), *_volumes(stands)]
    shapes = overlaps(stands)
    faults = [*columns, *shapes]
    if faults:
        error: type[GeoError] = ColumnError if columns else GeometryError
        raise error(f"{where}:\n" + "\n".join(f"  - {fault}" for fault in faults))


def _species(stands: pd.DataFrame, species: Collection[str]) -> list[str]:
    words = stands["species"]
    faults = []
    bare = words.isna() | (words.astype("str").str.strip() == "")
    if bare.any():
        faults.append(f"species: missing in {bare.sum()} stands ({_rows(stands, bare)}); give each its main species")
    strange = ~bare & ~words.isin(list(species))
    if strange.any():
        told = ", ".join(repr(str(word)[:40]) for word in sorted(set(words[strange].astype(str)))[:SHOWN])
        faults.append(
            f"species: unknown words {told} in {strange.sum()} stands ({_rows(stands, strange)}); known are: "
            f"{', '.join(species)}. Translate them under values of the layer's source"
        )
    return faults


def _volumes(stands: gpd.GeoDataFrame) -> list[str]:
    volume = stands["volume_m3_ha"].to_numpy(float)
    area = stands.area.to_numpy() / M2_PER_HA
    faults = []
    for bad, told in (
        (volume < 0.0, "negative"),
        (volume > MAX_VOLUME, f"above {MAX_VOLUME:g} m3/ha, more than any stand holds"),
        (np.isinf(volume), "infinite"),
    ):
        if bad.any():
            faults.append(f"volume_m3_ha: {told} in {bad.sum()} stands ({_rows(stands, bad)}); mend them in the file")
    if whole := per_stand_not_per_hectare(volume, area):
        faults.append(whole)
    return faults


def per_stand_not_per_hectare(volume: Floats, area_ha: Floats) -> str:
    """Tell whether volumes look like those of whole stands, though they should be per hectare.

    Volumes of whole stands grow with area, about in proportion, and divided by it they scatter less; or most of them
    are more than a hectare can hold.

    Parameters
    ----------
    volume : ndarray, shape (n,)
        As delivered. [m3/ha, or m3]
    area_ha : ndarray, shape (n,)
        Areas. [ha]

    Returns
    -------
    str
        What is wrong and what to do; empty where nothing is.
    """
    good = np.isfinite(volume) & (volume > 0.0) & (area_ha > 0.0)
    if good.sum() < ENOUGH:
        return ""
    volume, area_ha = volume[good], area_ha[good]
    median = float(np.median(volume))
    remedy = "if it is m3 of the whole stand, divide it by the area in hectares"
    if median > MAX_VOLUME:
        return f"volume_m3_ha: the median is {median:.0f}, more than a hectare holds ({MAX_VOLUME:g}); {remedy}"
    y, x = np.log(volume), np.log(area_ha)
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return ""
    rank = float(spearmanr(x, y).statistic)
    slope = float(np.polyfit(x, y, 1)[0])
    if rank >= LOOKS_WHOLE and slope >= SLOPE_WHOLE and np.std(y - x) < np.std(y):
        return (
            f"volume_m3_ha: it grows with the area of the stands (rank correlation {rank:.2f}), and divided by area it "
            f"scatters less; {remedy}"
        )
    return ""


def overlaps(stands: gpd.GeoDataFrame) -> list[str]:
    """Return a sentence on stands that overlap, or nothing.

    Parameters
    ----------
    stands : GeoDataFrame
        Polygons in a metric CRS.

    Returns
    -------
    list of str
    """
    shapes = np.asarray(stands.geometry.array, dtype=object)
    invalid = ~shapely.is_valid(shapes)
    if invalid.any():
        return [f"invalid shapes in {invalid.sum()} stands ({_rows(stands, invalid)}); repair them"]
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, two = pairs[:, pairs[0] < pairs[1]]
    edge = shapely.touches(shapes[one], shapes[two])
    one, two = one[~edge], two[~edge]
    common = shapely.area(shapely.intersection(shapes[one], shapes[two]))
    smaller = np.minimum(shapely.area(shapes[one]), shapely.area(shapes[two]))
    bad = (common > OVERLAP_M2) & (common > OVERLAP_SHARE * smaller)
    if not bad.any():
        return []
    names = _names(stands)
    told = ", ".join(f"{names[i]} with {names[j]}" for i, j in zip(one[bad][:SHOWN], two[bad][:SHOWN], strict=True))
    hectares = common[bad].sum() / M2_PER_HA
    return [f"{bad.sum()} pairs of stands overlap ({told}), {hectares:.2f} ha in all; their wood would count twice"]


def parts_in_towns(stands: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> pd.DataFrame:
    """Cut stands at the borders of towns; area is neither lost nor made.

    Parameters
    ----------
    stands : GeoDataFrame, shape (n,)
        Polygons.
    towns : GeoDataFrame
        ``town_code`` and polygons in the same metric CRS, which do not overlap.

    Returns
    -------
    DataFrame, shape (m,)
        Per part ``row`` (position of its stand), ``town_code`` (``outside`` for what lies in no town) and ``area_ha``.
        [ha]

    Raises
    ------
    CrsError
        If the two CRS differ.
    GeometryError
        If a stand lies in more towns than its area has room for: towns overlap.
    """
    if stands.crs != towns.crs:
        raise CrsError("stands and towns are in different CRS; bring both to the metric one")
    shapes, areas = (np.asarray(frame.geometry.array, dtype=object) for frame in (stands, towns))
    shapely.prepare(areas)
    whole = shapely.area(shapes)
    tree = shapely.STRtree(shapes)
    town, row = tree.query(areas, predicate="intersects")
    inside = shapely.covers(areas[town], shapes[row])
    size = np.where(inside, whole[row], 0.0)
    cut = ~inside
    size[cut] = shapely.area(shapely.intersection(shapes[row[cut]], areas[town[cut]]))
    left = whole - np.bincount(row, weights=size, minlength=len(shapes))
    over = left < -np.maximum(OVERLAP_M2, OVERLAP_SHARE * whole)
    if over.any():
        raise GeometryError(
            f"towns overlap on {over.sum()} stands ({_rows(stands, over)}); mend the towns, or carbon counts twice"
        )
    # What an overlay loses or adds by rounding is shared out, so that the parts give the whole.
    full = left <= CLOSURE * whole
    size *= np.where(full, whole / np.where(full, whole - left, 1.0), 1.0)[row]
    left[full] = 0.0
    codes = np.append(towns["town_code"].astype("str").to_numpy(dtype=object), OUTSIDE)
    out = pd.DataFrame(
        {
            "row": np.concatenate([row, np.arange(len(shapes))]),
            "town_code": codes[np.concatenate([town, np.full(len(shapes), len(areas))])],
            "area_ha": np.concatenate([size, left]) / M2_PER_HA,
        }
    )
    return out[out["area_ha"] > 0.0].sort_values("row", kind="stable").reset_index(drop=True)


def _names(stands: pd.DataFrame) -> list[str]:
    if "stand_id" in stands:
        return [str(name)[:40] for name in stands["stand_id"]]
    return [f"row {number}" for number in range(1, len(stands) + 1)]


def _rows(stands: pd.DataFrame, bad: Any) -> str:
    at = np.flatnonzero(np.asarray(bad, dtype=bool))
    names = _names(stands)
    return ", ".join(names[i] for i in at[:SHOWN]) + (", …" if len(at) > SHOWN else "")
