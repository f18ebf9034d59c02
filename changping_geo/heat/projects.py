"""Projects as they were delivered: what cannot be, what a planner should look at, and what counts as new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo.errors import ColumnError
from changping_geo.heat.pump import AIR, KINDS
from changping_geo.model import Cards, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

STATUS = {
    "operating": ("运营", "operating"),
    "building": ("在建", "under construction"),
    "planned": ("规划", "planned"),
    "closed": ("停用", "closed"),
}
#: Heated area below which a borehole, or a m² of floor inside the site, cannot belong to the project. [m2], [1]
LEAST_PER_BORE, LEAST_PER_FLOOR = 1.0, 0.001
#: Heated area per borehole outside which a project is looked at twice. [m2]
USUAL_PER_BORE = (20.0, 600.0)
COMMON = 0.5  # share of the smaller site above which two sites of one kind are told as overlapping [1]
#: Share of both sites above which two projects of one kind and area are the same. [1]
SAME = 0.99
ISSUES = {
    "no_year": ("没有年份：不计入新增", "no year: not counted as new"),
    "no_design_cop": ("没有设计能效：用回归式", "no design COP: the regression was taken"),
    "outside": ("在各镇街之外：不计入规划指标", "outside all towns: not counted towards the plan"),
    "overlap": ("与同类项目场地重叠", "its site overlaps another project of the same kind"),
    "odd_bores": ("单孔供热面积异常", "heated area per borehole is unusual"),
    "late": ("计划年份已过，状态未更新", "its year is past and it is still not operating"),
}
CARDS = Cards(
    Parameter("as_of_year", 2025, "1", 2000, 2100,
              "last year whose projects can have been built; later years of operating projects are refused",
              verified=True, title_zh="统计截止年", title_en="Year up to which projects count"),
    Parameter("new_from_year", 2021, "1", 1990, 2100,
              "first year of the period over which the plan counts new areas, taken as the 14th five-year period",
              verified=False, title_zh="新增起算年", title_en="First year of what counts as new"),
)  # fmt: skip


def check_projects(projects: gpd.GeoDataFrame, as_of_year: int, floor_area_m2: NDArray[np.float64]) -> None:
    """Refuse projects of which a figure cannot be right; all faults at once.

    Parameters
    ----------
    projects : GeoDataFrame
        ``project_id``, ``kind``, ``status``, ``heated_area_m2`` [m2], and as far as known ``name``, ``year``,
        ``boreholes``; sites in a metric CRS.
    as_of_year : int
        Last year that can be history.
    floor_area_m2 : ndarray
        Floor area of the buildings inside each site, shape (n,). [m2]

    Raises
    ------
    ColumnError
        For missing columns, kinds, states or areas, areas in 10,000 m², operating projects of the future, and projects
        that stand there twice.
    """
    lacking = [c for c in ("project_id", "kind", "status", "heated_area_m2") if c not in projects]
    if lacking:
        raise ColumnError(f"heat_pump_projects lacks the columns {', '.join(lacking)}")
    name = labels(projects)
    faults = _word_faults(projects, name, "kind", KINDS) + _word_faults(projects, name, "status", STATUS)
    area = number(projects, "heated_area_m2")
    faults += _told(~(area > 0), name, "have no heated area; fill heated_area_m2")
    per_bore, floor = area / number(projects, "boreholes").where(lambda n: n > 0), pd.Series(floor_area_m2, area.index)
    small = (per_bore < LEAST_PER_BORE) | (area < LEAST_PER_FLOOR * floor)
    faults += _told(
        small & (area > 0), name,
        "have a heated area far too small for their boreholes or buildings: it looks like 万m² (10,000 m²); "
        "write heated_area_m2 in square metres",
    )  # fmt: skip
    future = (projects["status"] == "operating") & (number(projects, "year") > as_of_year)
    faults += _told(future, name, f"are operating but dated after {as_of_year}; correct year or status")
    faults += _told(_twice(projects, area), name, "stand there twice (same id, or same kind, area and site); keep one")
    if faults:
        raise ColumnError("heat_pump_projects:\n" + "\n".join(f"  - {fault}" for fault in faults))


def labels(projects: pd.DataFrame) -> pd.Series:
    """Return what a project is called in messages: its id, and its name where it has one."""
    ids = projects["project_id"].astype(str)
    if "name" not in projects:
        return ids
    return ids.where(projects["name"].isna(), ids + " " + projects["name"].astype(str))


def number(projects: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as floats; missing where it, or a value, is not there."""
    if column not in projects:
        return pd.Series(np.nan, projects.index)
    return pd.to_numeric(projects[column], errors="coerce").astype(float)


def _word_faults(projects: pd.DataFrame, name: pd.Series, column: str, words: Iterable[str]) -> list[str]:
    bad = ~projects[column].isin(list(words))
    return _told(bad, name, f"have no known {column}; use one of {', '.join(words)}")


def _told(bad: pd.Series, name: pd.Series, what: str) -> list[str]:
    rows = name[bad.to_numpy()]
    if rows.empty:
        return []
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""  # noqa: PLR2004 - names shown
    return [f"{len(rows)} projects ({', '.join(rows.iloc[:5])}{more}) {what}"]


def _pairs(projects: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return pairs of overlapping projects of one kind, and what they share, over both sites, shape (m, 2)."""
    shapes = np.asarray(projects.geometry.array, dtype=object)
    one, other = shapely.STRtree(shapes).query(shapes, "intersects")
    kind = projects["kind"].astype(str).to_numpy()
    keep = (one < other) & (kind[one] == kind[other])
    one, other = one[keep], other[keep]
    common = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    area = np.maximum(shapely.area(shapes), 1e-9)
    return one, other, np.column_stack([common / area[one], common / area[other]])


def _twice(projects: gpd.GeoDataFrame, area: pd.Series) -> pd.Series:
    out = projects["project_id"].duplicated(keep=False).to_numpy(copy=True)
    one, other, share = _pairs(projects)
    heated = area.to_numpy()
    same = (share.min(axis=1) > SAME) & (heated[one] == heated[other])
    out[one[same]] = out[other[same]] = True
    return pd.Series(out, projects.index)


def project_issues(projects: gpd.GeoDataFrame, town_code: pd.Series, as_of_year: int) -> pd.DataFrame:
    """Return what a planner should look at, one row per project and matter.

    Parameters
    ----------
    projects : GeoDataFrame
        Checked by `check_projects`.
    town_code : Series
        Town of each project, missing outside all, on the same index.
    as_of_year : int
        Last year that can be history.

    Returns
    -------
    DataFrame
        ``project``, ``issue``, ``issue_zh``, ``issue_en``.
    """
    year, area, bores = (number(projects, c) for c in ("year", "heated_area_m2", "boreholes"))
    open_ = projects["status"].isin(["building", "planned"])
    one, other, share = _pairs(projects)
    overlapping = np.zeros(len(projects), dtype=bool)
    near = share.max(axis=1) > COMMON
    overlapping[one[near]] = overlapping[other[near]] = True
    per_bore = area / bores.where(bores > 0)
    found = {
        "no_year": year.isna(),
        "no_design_cop": number(projects, "design_cop").isna(),
        "outside": town_code.isna(),
        "overlap": pd.Series(overlapping, projects.index),
        "odd_bores": (per_bore < USUAL_PER_BORE[0]) | (per_bore > USUAL_PER_BORE[1]),
        "late": open_ & (year <= as_of_year),
    }
    name = labels(projects)
    rows = [(project, issue, *ISSUES[issue]) for issue, bad in found.items() for project in name[bad.to_numpy()]]
    out = pd.DataFrame(rows, columns=["project", "issue", "issue_zh", "issue_en"])
    out.attrs = {
        "title_zh": "需核对的项目", "title_en": "projects to be looked at",
        "headings": {"project": ("项目", "Project"), "issue": ("代号", "Code"), "issue_zh": ("问题", "Issue (Chinese)"),
                     "issue_en": ("问题(英文)", "Issue")},
    }  # fmt: skip
    return out


def counts_as_new(
    projects: pd.DataFrame, town_code: pd.Series, first: int, last: int, *, with_air: bool
) -> NDArray[np.bool_]:
    """Return which projects count as new: operating, inside the district, dated inside the period.

    Parameters
    ----------
    projects : DataFrame
        ``kind``, ``status``, ``year``.
    town_code : Series
        Town of each project, missing outside all.
    first, last : int
        First and last year of the period.
    with_air : bool
        Whether air source counts.

    Returns
    -------
    ndarray of bool
        Shape (n,).
    """
    year = number(projects, "year")
    new = (projects["status"] == "operating") & year.between(first, last) & town_code.notna()
    return (new & (with_air | (projects["kind"] != AIR))).to_numpy(dtype=bool)
