"""Indicators of a plan that are areas: urban green coverage, and park green per person.

Coverage counts what the vegetation covers on the ground once: footprints of all sources are united before they are
measured. People are counted where the built-up area is: a point of settlement counts whole where it lies inside, a
cell of a grid by the share of its area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from changping_geo.carbon.footprints import check_polygons, pieces_by_place, union_by_place
from changping_geo.geo.assign import DISTRICT, assign_to_towns
from changping_geo.model import ColumnError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

Floats = NDArray[np.float64]


def green_coverage(
    sources: Mapping[str, gpd.GeoDataFrame],
    built_up: gpd.GeoDataFrame,
    towns: gpd.GeoDataFrame,
    goal: float | None = None,
) -> pd.DataFrame:
    """Return the share of the built-up area that green covers.

    Parameters
    ----------
    sources : mapping of str to GeoDataFrame
        Green footprints by source; where sources overlap, the one named first owns the ground. They may overlap
        within themselves.
    built_up : GeoDataFrame
        The built-up area; pieces may overlap.
    towns : GeoDataFrame
        With ``town_code``.
    goal : float, optional
        Target of the coverage; adds the green that lacks. [1]

    Returns
    -------
    DataFrame
        By town, ``outside`` and ``district``: ``built_up_m2``, ``green_m2`` (the union), ``own_<source>_m2`` (adding
        up to the union), ``gross_<source>_m2`` (all of the source, overlaps with others too) [m2], ``coverage`` and
        ``overlap_share`` of the summed sources [1], missing where nothing is built up; ``lacking_m2`` [m2] with a goal.

    Raises
    ------
    CrsError, GeometryError, ColumnError
        If layers differ in CRS, shapes are invalid or no polygons, or towns lack codes.
    ResultError
        If towns overlap, so that they do not add up to the built-up area.
    """
    check_polygons({"built_up": built_up, "towns": towns, **sources})
    places = pieces_by_place(built_up, towns)
    out = pd.DataFrame(index=pd.Index([*places, DISTRICT], name="town_code", dtype="str"))
    out["built_up_m2"] = _closed({code: shape.area for code, shape in places.items()})
    united = dict.fromkeys(places, shapely.Polygon())
    gross = {}
    for name, frame in sources.items():
        mine = union_by_place(frame, places)
        gross[name] = _closed({code: shape.area for code, shape in mine.items()})
        grown = {
            code: united[code] if mine[code].is_empty else shapely.union(united[code], mine[code]) for code in places
        }
        out[f"own_{name}_m2"] = _closed({code: grown[code].area - united[code].area for code in places})
        united = grown
    out.insert(1, "green_m2", _closed({code: shape.area for code, shape in united.items()}))
    for name, area in gross.items():
        out[f"gross_{name}_m2"] = area
    out["coverage"] = _ratio(out["green_m2"], out["built_up_m2"])
    summed = sum(gross.values(), np.zeros(len(out)))
    out["overlap_share"] = 1.0 - _ratio(out["green_m2"], pd.Series(summed, index=out.index))
    if goal is not None:
        out["lacking_m2"] = (goal * out["built_up_m2"] - out["green_m2"]).clip(lower=0.0)
    return out


def park_green_per_person(
    parks: gpd.GeoDataFrame,
    built_up: gpd.GeoDataFrame,
    towns: gpd.GeoDataFrame,
    population: gpd.GeoDataFrame,
    goal: float | None = None,
) -> pd.DataFrame:
    """Return park green in the built-up area per person who lives in it, numerator and denominator apart.

    Parameters
    ----------
    parks, built_up : GeoDataFrame
        Polygons; overlaps count once.
    towns : GeoDataFrame
        With ``town_code``.
    population : GeoDataFrame
        ``persons`` at points, which count whole where they lie inside or on the rim, or in cells, which count by the
        share of their area.
    goal : float, optional
        Target per person; adds the park area that lacks. [m2/person]

    Returns
    -------
    DataFrame
        By town, ``outside`` and ``district``: ``built_up_m2`` [m2], ``park_m2`` inside the built-up area, the
        numerator [m2], ``persons`` inside it, the denominator [persons], ``park_all_m2`` and ``persons_all`` wherever
        they are [m2, persons], ``park_m2_per_person`` [m2/person], missing where nobody lives; ``lacking_m2`` [m2]
        with a goal. A built-up area that is drawn around its parks shows as a numerator far below ``park_all_m2``.
        ``attrs["share_method"]`` says how people were counted.

    Raises
    ------
    CrsError, GeometryError, ColumnError
        If layers differ in CRS, shapes are invalid or of the wrong kind, towns lack codes, or ``persons`` is missing
        or negative.
    ResultError
        If towns overlap.
    """
    check_polygons({"built_up": built_up, "towns": towns, "parks": parks})
    places = pieces_by_place(built_up, towns)
    park = {code: shape.area for code, shape in union_by_place(parks, places).items()}
    anywhere = {code: shape.area for code, shape in pieces_by_place(parks, towns).items()}
    inside, everyone, method = _people(population, places, towns)
    out = pd.DataFrame(
        {
            "built_up_m2": _closed({code: shape.area for code, shape in places.items()}),
            "park_m2": _closed(park),
            "persons": _closed(inside),
            "park_all_m2": _closed(anywhere),
            "persons_all": _closed(everyone),
        }
    )
    out.index = pd.Index([*places, DISTRICT], name="town_code", dtype="str")
    out["park_m2_per_person"] = _ratio(out["park_m2"], out["persons"])
    if goal is not None:
        out["lacking_m2"] = (goal * out["persons"] - out["park_m2"]).clip(lower=0.0)
    out.attrs["share_method"] = method
    return out


def _people(
    population: gpd.GeoDataFrame, places: Mapping[str, shapely.Geometry], towns: gpd.GeoDataFrame
) -> tuple[dict[str, float], dict[str, float], str]:
    """Return people inside the built-up area and all people by place, and how they were counted."""
    if "persons" not in population:
        raise ColumnError("population: the column 'persons' is missing")
    persons = population["persons"].to_numpy(dtype=float, na_value=np.nan)
    bad = ~(persons >= 0)
    if bad.any():
        rows = ", ".join(map(str, population.index[bad][:5]))
        raise ColumnError(f"population: {bad.sum()} rows have no usable 'persons' (rows {rows}); mend them")
    shapes = np.asarray(population.geometry.array, dtype=object)
    kinds = set(shapely.get_dimensions(shapes[~shapely.is_empty(shapes)]).tolist())
    town = assign_to_towns(population, towns).to_numpy(dtype=object)
    own = {code: (pd.isna(town) if at == len(places) - 1 else town == code) for at, code in enumerate(places)}
    everyone = {code: float(persons[rows].sum()) for code, rows in own.items()}
    if kinds <= {0}:
        inside = {}
        for code, shape in places.items():
            shapely.prepare(shape)
            here = np.flatnonzero(own[code])
            inside[code] = float(persons[here[shapely.intersects(shape, shapes[here])]].sum())
        return inside, everyone, "points: whole where inside the built-up area"
    if kinds != {2}:
        raise ColumnError("population: give either points or cells, not both, and no lines")
    check_polygons({"population": population, "towns": towns})
    density = persons / shapely.area(shapes)
    inside = {}
    tree = shapely.STRtree(shapes)
    for code, shape in places.items():
        shapely.prepare(shape)
        cut = tree.query(shape, predicate="intersects")
        inside[code] = float((density[cut] * shapely.area(shapely.intersection(shapes[cut], shape))).sum())
    return inside, everyone, "cells: by the share of their area inside the built-up area"


def _closed(values: Mapping[str, float]) -> Floats:
    plain = np.array(list(values.values()), dtype=float) + 0.0  # no minus before a zero
    return np.append(plain, plain.sum())


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (part / whole.where(whole > 0)).astype(float)
