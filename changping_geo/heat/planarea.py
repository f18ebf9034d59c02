"""New heated area against a plan: the whole district, and the areas that the plan names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo.heat.planning import planned
from changping_geo.heat.projects import STATUS, counts_as_new, number
from changping_geo.heat.pump import AIR, KINDS
from changping_geo.model import Cards

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

DISTRICT_CODE, AREA_CODE = "new_ground_heat_pump_heated_area", "new_heat_pump_heated_area"
POLYGON, CIRCLE, UNKNOWN = "polygon", "circle", "unknown"
BOUNDARIES = {
    POLYGON: ("交付的范围", "delivered polygon"),
    CIRCLE: ("以规划地点为圆心的圆", "circle about the plan's point"),
    UNKNOWN: ("范围未知", "extent unknown"),
}
CARDS = Cards(
    planned("key_area_radius_m", 3000.0, "m", 300.0, 15000.0, "重点区域半径(无范围面时)",
            "Radius of a key area whose polygon nobody delivered",
            "the plan gives no extent; deliver the layer key_areas instead"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyArea:
    """An area that a plan names.

    Attributes
    ----------
    name : str
        As the plan's table of targets writes it.
    shape : Polygon or None
        In the metric CRS.
    boundary : str
        ``polygon``, ``circle`` or ``unknown``.
    """

    name: str
    shape: shapely.Geometry | None
    boundary: str


def key_area(name: str, areas: gpd.GeoDataFrame | None, places: gpd.GeoDataFrame | None, radius_m: float) -> KeyArea:
    """Return the extent of a named area: its polygon when delivered, else a circle about the plan's point.

    Parameters
    ----------
    name : str
        Chinese or English name.
    areas, places : GeoDataFrame, optional
        Polygons and points with ``name_zh`` and ``name_en``, in one metric CRS.
    radius_m : float
        Radius of the circle. [m]
    """
    for frame, boundary in ((areas, POLYGON), (places, CIRCLE)):
        if frame is None:
            continue
        names = [c for c in ("name_zh", "name_en") if c in frame]
        rows = frame[np.logical_or.reduce([frame[c].astype(str) == name for c in names])]
        if len(rows):
            shape = shapely.union_all(np.asarray(rows.geometry.array, dtype=object))
            return KeyArea(name, shape if boundary == POLYGON else shape.buffer(radius_m), boundary)
    return KeyArea(name, None, UNKNOWN)


def named_areas(
    targets: pd.DataFrame | None, areas: gpd.GeoDataFrame | None, places: gpd.GeoDataFrame | None, radius_m: float
) -> dict[str, KeyArea]:
    """Return the extent of every scope of a plan's heat-pump targets that is not the whole district.

    Parameters
    ----------
    targets : DataFrame, optional
        ``indicator``, ``scope``.
    areas, places, radius_m
        As in `key_area`.
    """
    if targets is None:
        return {}
    scopes = targets.loc[targets["indicator"].isin([DISTRICT_CODE, AREA_CODE]), "scope"].dropna().astype(str)
    return {name: key_area(name, areas, places, radius_m) for name in scopes.unique() if name != "district"}


def in_area(projects: gpd.GeoDataFrame, area: KeyArea, pilots: set[str]) -> NDArray[np.bool_]:
    """Return which projects have the larger part of their site in an area, or are among its named pilots.

    Parameters
    ----------
    projects : GeoDataFrame
        Sites, and ``name``.
    area : KeyArea
        The area.
    pilots : set of str
        Names of projects that the plan counts to the area wherever they lie.

    Returns
    -------
    ndarray of bool
        Shape (n,).
    """
    named = (
        projects["name"].astype(str).isin(pilots).to_numpy() if "name" in projects else np.zeros(len(projects), bool)
    )
    if area.shape is None:
        return named
    sites = np.asarray(projects.geometry.array, dtype=object)
    mostly: NDArray[np.bool_] = shapely.area(shapely.intersection(sites, area.shape)) > 0.5 * shapely.area(sites)
    return named | mostly


def area_by_year_kind(projects: pd.DataFrame) -> pd.DataFrame:
    """Return heated area by year, kind and status; projects without a year stand in rows of their own."""
    rows = pd.DataFrame(
        {
            "year": number(projects, "year"),
            "kind": projects["kind"].astype(str),
            "status": projects["status"].astype(str),
            "heated_area_m2": number(projects, "heated_area_m2"),
        }
    )
    groups = rows.groupby(["year", "kind", "status"], dropna=False)["heated_area_m2"]
    out = groups.agg(n_projects="count", heated_area_m2="sum").reset_index()
    for position, (column, words) in enumerate((("kind", KINDS), ("status", STATUS))):
        for place, language in enumerate(("zh", "en")):
            out.insert(
                3 + 2 * position + place,
                f"{column}_{language}",
                out[column].map({k: v[place] for k, v in words.items()}),
            )
    out["year"] = out["year"].astype("Int64")
    out.attrs = {
        "title_zh": "分年分类热泵供热面积", "title_en": "heated area by year, kind and status",
        "headings": {"year": ("年份", "Year"), "n_projects": ("项目数", "Projects", "count"),
                     "kind_zh": ("类型", "Kind (Chinese)"), "kind_en": ("类型(英文)", "Kind"),
                     "status_zh": ("状态", "Status (Chinese)"), "status_en": ("状态(英文)", "Status"),
                     "heated_area_m2": ("供热面积", "Heated area", "m2")},
    }  # fmt: skip
    return out


def plan_row(
    projects: gpd.GeoDataFrame,
    town_code: pd.Series,
    target: pd.Series,
    inside: NDArray[np.bool_],
    boundary: str,
    years: tuple[int, int],
) -> dict[str, object]:
    """Return one target beside what is new, what has no year, and what is on its way.

    Parameters
    ----------
    projects : GeoDataFrame
        The projects.
    town_code : Series
        Town of each, missing outside all.
    target : Series
        Row of the plan's table.
    inside : ndarray of bool
        Which projects lie in the target's scope, shape (n,).
    boundary : str
        A word of `BOUNDARIES`; empty for the whole district.
    years : tuple of int
        First and last year of what counts.
    """
    with_air = target["indicator"] == AREA_CODE
    kind_ok = (with_air | (projects["kind"] != AIR)).to_numpy(dtype=bool) & inside & town_code.notna().to_numpy()
    area, status = number(projects, "heated_area_m2").to_numpy(), projects["status"].astype(str).to_numpy()
    undated = number(projects, "year").isna().to_numpy()
    new = counts_as_new(projects, town_code, *years, with_air=with_air) & inside
    value = float(area[new].sum())
    return {
        "indicator": target["indicator"],
        "scope": target["scope"],
        "boundary_zh": BOUNDARIES.get(boundary, ("全区", ""))[0],
        "boundary_en": BOUNDARIES.get(boundary, ("", "whole district"))[1],
        "first_year": years[0],
        "last_year": years[1],
        "target_m2": float(target["target"]),
        "new_area_m2": value,
        "gap_m2": float(target["target"]) - value,
        "operating_without_year_m2": float(area[kind_ok & undated & (status == "operating")].sum()),
        "building_m2": float(area[kind_ok & (status == "building")].sum()),
        "planned_m2": float(area[kind_ok & (status == "planned")].sum()),
        "n_projects": int(new.sum()),
    }
