"""Features to towns, towns to totals: each feature counted once, and every sum checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from changping_geo.model import ColumnError, CrsError, GeometryError, ResultError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

OUTSIDE = "outside"
DISTRICT = "district"

#: Two shares that differ by less are a tie: the noise of an overlay, not a decision. [1]
TIE = 1e-9
#: Relative gap between parts and whole above which nothing is published. [1]
CLOSURE = 1e-9


def assign_to_towns(features: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> pd.Series:
    """Give each feature the one town that holds its largest share.

    The share is measured by area; of a line by length; of a point by touch. Of towns with equal shares (a point on
    a common border, a polygon cut in halves) the one with the lowest code wins, whatever the order of rows.

    Parameters
    ----------
    features : GeoDataFrame
        Polygons, lines or points, shape (n,); any metric CRS.
    towns : GeoDataFrame
        Polygons with the column ``town_code``, in the same CRS.

    Returns
    -------
    Series
        ``town_code`` on the index of `features`, shape (n,); missing where a feature is empty or lies in no town.

    Raises
    ------
    CrsError
        If the two CRS differ, or one is unknown or geographic.
    ColumnError
        If `towns` lacks ``town_code``, or a code is missing, repeated or reserved.
    GeometryError
        If an invalid shape on a border cannot be cut.
    """
    _refuse_crs(features, towns)
    codes = _codes(towns)
    order = np.argsort(codes, kind="stable")  # towns are tried by rising code, so the first of equals wins
    shapes = np.asarray(features.geometry.array, dtype=object)
    areas = np.asarray(towns.geometry.array, dtype=object)[order]
    shapely.prepare(areas)
    winner = np.full(len(shapes), -1)
    split = _whole(shapes, areas, winner)
    _largest_share(shapes, areas, split, winner)
    named = np.array([*codes[order], None], dtype=object)
    return pd.Series(named[winner], index=features.index, name="town_code", dtype="str")


def _whole(shapes: NDArray[np.object_], areas: NDArray[np.object_], winner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Settle all shapes that lie within one town alone; return the pairs (shape, town) that are left, shape (2, m)."""
    tree = shapely.STRtree(shapes)
    town, shape = tree.query(areas, predicate="intersects")
    touched = np.bincount(shape, minlength=len(shapes))
    alone = touched[shape] == 1
    winner[shape[alone]] = town[alone]
    # A polygon that only touches its single town from outside has no share in it, so those on a border are measured.
    rim = np.zeros(len(shapes), dtype=bool)
    rim[tree.query(shapely.boundary(areas), predicate="intersects")[1]] = True
    open_ = ~alone | rim[shape]
    winner[shape[open_]] = -1
    return np.stack([shape[open_], town[open_]])


def _largest_share(
    shapes: NDArray[np.object_], areas: NDArray[np.object_], pairs: NDArray[np.int64], winner: NDArray[np.int64]
) -> None:
    """Settle the pairs that are left by the size of what each shape and town have in common."""
    shape, town = pairs
    if not shape.size:
        return
    try:
        common = shapely.intersection(shapes[shape], areas[town])
    except shapely.GEOSException as error:
        raise GeometryError(f"shapes on the towns' borders cannot be cut: {error}; repair them first") from error
    dimension = shapely.get_dimensions(shapes[shape])
    size = np.select([dimension == 2, dimension == 1], [shapely.area(common), shapely.length(common)], 1.0)  # noqa: PLR2004 - area, line
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, shape, size)
    won = (size > 0) & (size >= largest[shape] * (1 - TIE))
    shape, town = shape[won], town[won]
    by_code = np.lexsort((town, shape))
    first, at = np.unique(shape[by_code], return_index=True)
    winner[first] = town[by_code][at]


def totals_by_town(values: pd.DataFrame, town_code: pd.Series, towns: pd.DataFrame) -> pd.DataFrame:
    """Add up extensive values by town, and show that nothing was lost.

    Parameters
    ----------
    values : DataFrame
        Extensive quantities, one row per feature. [any unit]
    town_code : Series
        The town of each feature, on the index of `values`; missing outside all towns.
    towns : DataFrame
        ``town_code`` and ``name_zh``, and ``name_en`` where there are English names.

    Returns
    -------
    DataFrame
        Indexed by ``town_code``: one row per town in the order of `towns`, then ``outside`` and ``district``;
        ``town_name``, ``name_en``, and the columns of `values`. [units of `values`]

    Raises
    ------
    ResultError
        If a value is missing, a code is unknown, or towns and outside do not add up to the whole to 1e-9.
    ColumnError
        If `towns` lacks a column, or a code is missing, repeated or reserved.
    """
    codes = _codes(towns)
    if "name_zh" not in towns:
        raise ColumnError("the towns lack the column 'name_zh'; give every town its name")
    numbers = values.to_numpy(dtype=np.float64)
    _refuse_gaps(values, numbers)
    if not values.index.equals(town_code.index):
        raise ResultError("values and town codes stand on different indices; build both from the same features")
    row = pd.Index(codes).get_indexer(pd.Index(town_code.fillna(OUTSIDE)))
    unknown = (row < 0) & town_code.notna().to_numpy()
    if unknown.any():
        names = ", ".join(map(repr, sorted(set(town_code[unknown]))[:5]))
        raise ResultError(f"{unknown.sum()} features carry codes that no town has ({names}); assign them again")
    row[row < 0] = len(codes)
    sums = np.zeros((len(codes) + 2, numbers.shape[1]))
    for column in range(numbers.shape[1]):
        sums[:-1, column] = np.bincount(row, weights=numbers[:, column], minlength=len(codes) + 1)
    sums[-1] = sums[:-1].sum(axis=0)
    _refuse_leak(values.columns, numbers, sums[-1])
    english = list(towns["name_en"]) if "name_en" in towns else list(towns["name_zh"])
    index = pd.Index([*codes, OUTSIDE, DISTRICT], name="town_code", dtype="str")
    out = pd.DataFrame(sums, index=index, columns=values.columns)
    out.insert(0, "town_name", [*towns["name_zh"], "区外", "全区"])
    out.insert(1, "name_en", [*english, "outside the towns", "whole district"])
    return out


def centre_lonlat(towns: gpd.GeoDataFrame) -> tuple[float, float]:
    """Return longitude and latitude of the towns' common centre of area, on WGS84.

    Parameters
    ----------
    towns : GeoDataFrame
        Polygons in a metric CRS.

    Returns
    -------
    tuple of float
        Longitude and latitude. [degrees east, degrees north]

    Raises
    ------
    CrsError
        If the CRS is unknown or geographic.
    GeometryError
        If the towns have no area.
    """
    _refuse_crs(towns, towns)
    shapes = np.asarray(towns.geometry.array, dtype=object)
    weight = shapely.area(shapes)
    if not weight.sum() > 0:
        raise GeometryError("the towns have no area, so the site of the sun is unknown; give them polygons")
    held = weight > 0
    x, y = np.average(shapely.get_coordinates(shapely.centroid(shapes[held])), axis=0, weights=weight[held])
    lon, lat = Transformer.from_crs(towns.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return float(lon), float(lat)


def _refuse_crs(features: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> None:
    for what, crs in (("features", features.crs), ("towns", towns.crs)):
        if crs is None:
            raise CrsError(f"the {what} have no CRS; declare it in the layer's source")
        if crs.is_geographic:
            raise CrsError(f"the {what} are in degrees ({crs.to_string()}); bring them to the metric CRS first")
    if features.crs != towns.crs:
        raise CrsError(
            f"features are in {features.crs.to_string()}, towns in {towns.crs.to_string()}; bring both to one CRS"
        )


def _codes(towns: pd.DataFrame) -> NDArray[np.object_]:
    if "town_code" not in towns:
        raise ColumnError("the towns lack the column 'town_code'")
    codes = towns["town_code"]
    faults = []
    if codes.isna().any():
        faults.append(f"{codes.isna().sum()} towns have no town_code")
    if codes.duplicated().any():
        faults.append(f"town_code given twice: {', '.join(map(str, codes[codes.duplicated()].unique()))}")
    if codes.isin([OUTSIDE, DISTRICT]).any():
        faults.append(f"town_code must not be {OUTSIDE!r} or {DISTRICT!r}: these name the closing rows")
    if faults:
        raise ColumnError("; ".join(faults))
    return codes.astype("str").to_numpy(dtype=object)


def _refuse_gaps(values: pd.DataFrame, numbers: NDArray[np.float64]) -> None:
    bad = (~np.isfinite(numbers)).sum(axis=0)
    if bad.any():
        told = ", ".join(f"{name}: {count} rows" for name, count in zip(values.columns, bad, strict=True) if count)
        raise ResultError(f"values that are missing or infinite cannot be added up ({told})")


def _refuse_leak(columns: pd.Index, numbers: NDArray[np.float64], district: NDArray[np.float64]) -> None:
    whole, scale = numbers.sum(axis=0), np.abs(numbers).sum(axis=0)
    leaks = [
        f"{name}: towns and outside give {total}, the features {direct}"
        for name, total, direct, size in zip(columns, district, whole, scale, strict=True)
        if abs(total - direct) > CLOSURE * size
    ]
    if leaks:
        raise ResultError("sums that must agree do not: " + "; ".join(leaks))
