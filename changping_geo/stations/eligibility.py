"""May a station stand there? Distances of a rules table, held at the best spot of each site, become a verdict.

A site is a disc of its area about a point, and its equipment may stand anywhere in it: the spot that keeps the rules
best decides. A rule that was read in its standard can fail a site; a rule that was not can only ask for a survey.
Shapes of buildings and roads are outlines on a map, the standards measure to equipment: this is a screening, no permit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo.model import Cards, ColumnError, Parameter, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Shapes = NDArray[np.object_]

_RANGE = "planning range, unverified"
_GRADES = "GB 50516-2010 (2021), not read at the source"
_CLASSES = "named after the classes of GB 50156-2021 App. B, which counts size, too; by use alone it is unverified"
CLASSES = ("important_public", "class_1", "class_2", "class_3", "none")
_USES = {
    "education": ("important_public", "教育", "education"),
    "health": ("important_public", "医疗", "health"),
    "public": ("important_public", "公共服务", "public"),
    "commercial": ("class_1", "商业", "commercial"),
    "housing": ("class_2", "住宅", "housing"),
    "rural_house": ("class_3", "农宅", "rural houses"),
    "industrial": ("class_3", "工业", "industry"),
    "transport": ("class_3", "交通", "transport"),
    "other": ("class_3", "其他", "other"),
    "depot": ("class_3", "场站", "depots"),
}
CARDS = Cards(
    (
        Parameter(f"neighbour_class.{use}", word, "word", None, None, _CLASSES, verified=False,
                  title_zh=f"保护对象类别({zh})", title_en=f"Class of neighbour, {en}", choices=CLASSES)
        for use, (word, zh, en) in _USES.items()
    ),
    (
        Parameter(f"grade_limit_kg.{grade}", kg, "kg", 100.0, 50_000.0, _GRADES, verified=False,
                  title_zh=f"{zh}级站储氢上限", title_en=f"Largest storage of grade {grade}")
        for grade, kg, zh in (("III", 3000.0, "三"), ("II", 5000.0, "二"), ("I", 8000.0, "一"))
    ),
    Parameter("storage_days", 1.0, "d", 0.2, 5.0, _RANGE, verified=False,
              title_zh="储氢天数", title_en="Storage in days of capacity"),
    Parameter("survey_margin_m", 5.0, "m", 0.0, 50.0, _RANGE + ": how well outlines and points are placed",
              verified=False, title_zh="间距测量余量", title_en="Margin below which a survey is needed"),
    Parameter("max_site_slope_deg", 10.0, "deg", 1.0, 45.0, "planning range, unverified; the planner's own limit",
              verified=False, title_zh="站址最大坡度", title_en="Steepest ground of a site"),
)  # fmt: skip

PASS, SURVEY, FAIL = "screen_pass", "needs_survey", "fail"
VERDICTS = {
    PASS: ("初筛通过", "screening passed"),
    SURVEY: ("需现场核测", "survey needed"),
    FAIL: ("不通过", "failed"),
}
READ, UNREAD, OWN = "verified", "unverified", "screening"
#: What a verdict rests on.
BASES = {
    READ: ("已核验条款", "clauses read in the standard"),
    UNREAD: ("未核验条款", "clauses not read in the standard"),
    OWN: ("规划筛选条件", "the planner's own conditions"),
}
#: Equipment whose distances decide: what stores hydrogen; the rest of the plant may stand nearer.
STORED = ("gas_storage", "any")
COLUMNS = (
    *("rule_id", "standard", "clause", "equipment", "grade", "neighbour"),
    *("distance_m", "measured_from", "verified"),
)
#: Radii over the site's own, and spots on each.
RINGS = ((0.45, 8), (0.9, 12))
_WHOLE = "site"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a rule protects, or keeps away from.

    Attributes
    ----------
    shape : ndarray
        Points, lines or polygons, shape (n,).
    half_width_m : ndarray
        What lies beside each shape and belongs to it: half a road, the radius of a yard, shape (n,). [m]
    own : bool
        Whether a shape that holds a site's point is the site's own and no neighbour of it.
    """

    shape: Shapes
    half_width_m: Floats = field(default_factory=lambda: np.zeros(0))
    own: bool = True


def grade_of(capacity_kg_d: Floats, storage_days: float, limits_kg: Mapping[str, float]) -> Shapes:
    """Return the grade of each station by what it stores, shape (n,).

    Parameters
    ----------
    capacity_kg_d : ndarray
        Shape (n,). [kg/d]
    storage_days : float
        Days of capacity in store. [d]
    limits_kg : mapping
        Largest storage of each grade. [kg]

    Raises
    ------
    ParameterError
        If the limits do not rise from grade III to I, or a station is beyond the largest.
    """
    order = sorted(limits_kg, key=lambda name: limits_kg[name])
    if order != ["III", "II", "I"]:
        raise ParameterError(f"storage limits must rise from grade III over II to I, not {', '.join(order)}")
    stored = np.asarray(capacity_kg_d, dtype=np.float64) * storage_days
    at = np.searchsorted([limits_kg[name] for name in order], stored)
    if (at >= len(order)).any():
        raise ParameterError(
            f"{int((at >= len(order)).sum())} stations store more than {limits_kg['I']:g} kg, the largest grade: "
            "lower the capacity or the days of storage"
        )
    return np.asarray(order, dtype=object)[at]


def rules_for(rules: pd.DataFrame, grade: str) -> pd.DataFrame:
    """Return the rules that decide for a grade.

    Raises
    ------
    ColumnError
        If a column is missing, or a distance is missing or negative.
    """
    lack = [name for name in COLUMNS if name not in rules]
    if lack:
        raise ColumnError(f"the safety distances lack the columns {', '.join(lack)}")
    bad = rules.loc[~(rules["distance_m"] >= 0), "rule_id"]
    if len(bad):
        raise ColumnError(f"safety distances must be 0 or more, not so in {', '.join(map(str, bad[:5]))}")
    mine = rules["equipment"].isin(STORED) & rules["grade"].isin(["any", grade])
    return rules[mine].reset_index(drop=True)


def screen(
    sites: pd.DataFrame, neighbours: Mapping[str, Neighbours], rules: pd.DataFrame, *, margin_m: float
) -> pd.DataFrame:
    """Hold every site against the rules of its grade.

    Parameters
    ----------
    sites : DataFrame
        ``x``, ``y`` and ``radius_m`` [m], ``grade``; shape (n,).
    neighbours : mapping
        What is known, by the word of the rules; a rule whose neighbour is unknown cannot be held.
    rules : DataFrame
        The whole table, shape (r,).
    margin_m : float
        Room beyond a distance below which a survey is needed. [m]

    Returns
    -------
    DataFrame
        On the index of `sites`: ``verdict``, ``basis``; of the rule that binds ``rule_id``, ``standard``, ``clause``,
        ``neighbour`` (empty where nothing is near), ``required_m``, ``distance_m`` at the best spot, ``shortfall_m``
        [m]; and ``broken``, the ids of all rules broken there.
    """
    known = {word: group for word, group in neighbours.items() if len(group.shape)}
    parts = [
        _screen_grade(sites[sites["grade"] == grade], known, rules_for(rules, str(grade)), margin_m)
        for grade in sites["grade"].unique()
    ]
    return pd.concat(parts).reindex(sites.index) if parts else _table(sites.index)


def _table(index: pd.Index) -> pd.DataFrame:
    words = dict.fromkeys(("verdict", "basis", "rule_id", "standard", "clause", "neighbour", "broken"), "")
    numbers = {"required_m": np.nan, "distance_m": np.nan, "shortfall_m": 0.0}
    return pd.DataFrame({**words, **numbers}, index=index).astype(dict.fromkeys(words, object))


def _screen_grade(
    sites: pd.DataFrame, neighbours: Mapping[str, Neighbours], rules: pd.DataFrame, margin_m: float
) -> pd.DataFrame:
    out = _table(sites.index)
    held = rules[rules["neighbour"].isin(list(neighbours))].reset_index(drop=True)
    out["verdict"], out["basis"] = PASS, UNREAD if (~held["verified"].astype(bool)).any() else READ
    if held.empty or sites.empty:
        return out
    slack, distance = _slack(sites, neighbours, held, margin_m)
    read = held["verified"].to_numpy(dtype=bool)
    sure = slack[:, :, read].min(axis=2) if read.any() else np.full(slack.shape[:2], np.inf)
    whole = slack.min(axis=2)
    row = np.arange(len(sites))
    # a spot that keeps what was read comes first, then one that keeps all; of equals the first
    fails = sure.max(axis=1) < 0
    kept = np.where(sure >= 0, whole, -np.inf)
    spot = np.where(fails, sure.argmax(axis=1), kept.argmax(axis=1))
    here, far = slack[row, spot], distance[row, spot]
    at = np.where(fails, np.where(read, here, np.inf).argmin(axis=1), here.argmin(axis=1))
    least = here[row, at]
    near = np.isfinite(least)
    out["verdict"] = np.where(fails, FAIL, np.where(least < margin_m, SURVEY, PASS))
    bound = held.iloc[at]
    for name in ("rule_id", "standard", "clause", "neighbour"):
        out[name] = np.where(near, bound[name].to_numpy(dtype=object), "")
    decided = near & (out["verdict"] != PASS).to_numpy()
    out["basis"] = np.where(decided, np.where(read[at], READ, UNREAD), out["basis"])
    out["required_m"] = np.where(near, bound["distance_m"].to_numpy(dtype=np.float64), np.nan)
    out["distance_m"] = np.where(near, far[row, at], np.nan)
    out["shortfall_m"] = np.where(near, np.maximum(-least, 0.0), 0.0)
    ids = held["rule_id"].to_numpy(dtype=object)
    out["broken"] = [" ".join(map(str, ids[line < 0])) for line in here]
    return out


def _slack(
    sites: pd.DataFrame, neighbours: Mapping[str, Neighbours], rules: pd.DataFrame, margin_m: float
) -> tuple[Floats, Floats]:
    """Room beyond each rule's distance and the distance itself at each spot, shapes (n, spots, rules). [m]"""
    xy, radius = sites[["x", "y"]].to_numpy(dtype=np.float64), sites["radius_m"].to_numpy(dtype=np.float64)
    spots = _spots(xy, radius)
    distance = np.full((*spots.shape[:2], len(rules)), np.inf)
    for word, group in neighbours.items():
        mine = np.flatnonzero((rules["neighbour"] == word).to_numpy())
        if not mine.size:
            continue
        most = float(rules["distance_m"].iloc[mine].max())
        near = _nearest(xy, radius, spots, group, most + margin_m)
        for k in mine:
            of_site = rules["measured_from"].iloc[k] == _WHOLE  # the first spot is the site's middle
            distance[:, :, k] = near[:, :1] - radius[:, None] if of_site else near
    return distance - rules["distance_m"].to_numpy(dtype=np.float64), distance


def _nearest(xy: Floats, radius: Floats, spots: Floats, group: Neighbours, most: float) -> Floats:
    """Distance from each spot to the nearest neighbour, infinite beyond all that matters, shape (n, spots). [m]"""
    out = np.full(spots.shape[:2], np.inf)
    width = group.half_width_m if group.half_width_m.size else np.zeros(len(group.shape))
    points = shapely.points(xy)
    reach = radius + most + float(width.max(initial=0.0)) + 1.0
    site, shape = shapely.STRtree(group.shape).query(points, predicate="dwithin", distance=reach)
    if group.own:
        away = shapely.distance(points[site], group.shape[shape]) - width[shape] > 0
        site, shape = site[away], shape[away]
    many = spots.shape[1]
    far = shapely.distance(shapely.points(spots[site]), group.shape[shape][:, None]) - width[shape][:, None]
    np.minimum.at(out, (np.repeat(site, many), np.tile(np.arange(many), site.size)), np.maximum(far, 0.0).ravel())
    return out


def _spots(xy: Floats, radius: Floats) -> Floats:
    """Places within each site where equipment may stand, the middle first, shape (n, spots, 2). [m]"""
    rings = [np.zeros((1, 2))]
    for share, count in RINGS:
        angle = 2.0 * np.pi * np.arange(count) / count
        rings.append(share * np.column_stack([np.cos(angle), np.sin(angle)]))
    out: Floats = xy[:, None, :] + radius[:, None, None] * np.concatenate(rings)
    return out


def exclude(verdicts: pd.DataFrame, reasons: Mapping[str, Bools]) -> pd.DataFrame:
    """Fail the sites that the planner's own conditions rule out: zones, slope, too little ground, no road.

    Parameters
    ----------
    verdicts : DataFrame
        As `screen` gives it, shape (n,).
    reasons : mapping
        Which sites each condition rules out, the weightiest first, shape (n,) each.

    Returns
    -------
    DataFrame
        The same with ``reason``: the condition, else the neighbour of the rule that binds; empty for a plain pass.
    """
    reason = np.where(verdicts["verdict"] == PASS, "", verdicts["neighbour"]).astype(object)
    own = np.zeros(len(verdicts), bool)
    for word, out in reversed(list(reasons.items())):
        reason[out] = word
        own |= np.asarray(out, dtype=bool)
    told = verdicts.assign(reason=reason)
    told.loc[own, ["verdict", "basis", "rule_id", "standard", "clause"]] = [FAIL, OWN, "", "", ""]
    told.loc[own, ["required_m", "distance_m", "shortfall_m"]] = np.nan
    return told


def inside(xy: Floats, zones: Shapes) -> Bools:
    """Tell which points lie in a zone, its border included, shape (n,)."""
    out = np.zeros(len(xy), bool)
    out[shapely.STRtree(zones).query(shapely.points(xy), predicate="intersects")[0]] = True
    return out


def by_rule(verdicts: pd.DataFrame, rules: pd.DataFrame, neighbours: Mapping[str, Neighbours]) -> pd.DataFrame:
    """Count by rule how many sites it broke, bound and failed, and say which rules could not be held.

    Returns
    -------
    DataFrame
        The rules with ``held`` (a layer tells such neighbours, and the rule is about what is stored), ``broken``,
        ``binds``, ``fails`` and ``surveys``. [count]
    """
    broken = verdicts["broken"].str.split().explode()
    out = rules.copy()
    known = [word for word, group in neighbours.items() if len(group.shape)]
    out["held"] = out["neighbour"].isin(known) & out["equipment"].isin(STORED)
    counts = {
        "broken": broken.value_counts(),
        "binds": verdicts["rule_id"].value_counts(),
        "fails": verdicts.loc[verdicts["verdict"] == FAIL, "rule_id"].value_counts(),
        "surveys": verdicts.loc[verdicts["verdict"] == SURVEY, "rule_id"].value_counts(),
    }
    for name, count in counts.items():
        out[name] = out["rule_id"].map(count).fillna(0).astype(int)
    return out
