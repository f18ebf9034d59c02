"""Which places may have a hydrogen station: layers sorted into what rules protect, and a verdict for each candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.model import ParameterError
from changping_geo.stations.eligibility import CLASSES, FAIL, Neighbours, exclude, grade_of, inside, screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_AHEAD = ("operating", "building", "planned")
MAIN_ROADS = ("motorway", "trunk", "primary")
#: Half of a lane. [m]
HALF_LANE = 1.75


def fixed_stations(stations: gpd.GeoDataFrame, status: str) -> gpd.GeoDataFrame:
    """Return the stations that stay: those as far ahead as a status, on a new index."""
    held = stations["status"].isin(_AHEAD[: _AHEAD.index(status) + 1])
    return stations[held].reset_index(drop=True)


def neighbours_of(
    rooftops: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    yards: gpd.GeoDataFrame,
    power_lines: gpd.GeoDataFrame | None,
    classes: Mapping[str, str],
) -> dict[str, Neighbours]:
    """Sort what stands around by the words of the rules.

    Parameters
    ----------
    rooftops : GeoDataFrame
        Footprints with ``use``.
    roads : GeoDataFrame
        Centre lines with ``class``, and ``lanes`` where known.
    yards : GeoDataFrame
        Points of depots with ``site_area_m2``.
    power_lines : GeoDataFrame, optional
        Overhead lines.
    classes : mapping
        Class of neighbour by use.
    """
    kind = np.concatenate([
        rooftops["use"].map(dict(classes)).fillna(CLASSES[-1]).to_numpy(dtype=object),
        np.full(len(yards), classes["depot"], dtype=object),
    ])  # fmt: skip
    shape = np.concatenate([np.asarray(f.geometry.array, dtype=object) for f in (rooftops, yards)])
    half = np.concatenate([np.zeros(len(rooftops)), np.sqrt(yards["site_area_m2"].to_numpy(dtype=np.float64) / np.pi)])
    out = {word: Neighbours(shape[kind == word], half[kind == word]) for word in CLASSES[:-1]}
    main = roads["class"].isin(MAIN_ROADS).to_numpy()
    lanes = roads["lanes"] if "lanes" in roads else pd.Series(np.nan, roads.index)
    wide = HALF_LANE * lanes.fillna(2).to_numpy(dtype=np.float64)
    line = np.asarray(roads.geometry.array, dtype=object)
    out["main_road"] = Neighbours(line[main], wide[main], own=False)
    out["minor_road"] = Neighbours(line[~main], wide[~main], own=False)
    if power_lines is not None:
        out["overhead_line"] = Neighbours(np.asarray(power_lines.geometry.array, dtype=object), own=False)
    return out


def screened(
    candidates: gpd.GeoDataFrame,
    neighbours: Mapping[str, Neighbours],
    rules: pd.DataFrame,
    outside: Mapping[str, Bools],
    chosen: Mapping[str, Any],
) -> gpd.GeoDataFrame:
    """Give each candidate its verdict.

    Parameters
    ----------
    candidates : GeoDataFrame
        As `changping_geo.stations.candidates_hydrogen.hydrogen_candidates` gives them, shape (n,).
    neighbours, rules
        As in `changping_geo.stations.eligibility.screen`.
    outside : mapping
        Which candidates the planner's own conditions rule out, the weightiest first, shape (n,) each.
    chosen : mapping
        Values of the cards of `changping_geo.stations.eligibility`.
    """
    sites = pd.DataFrame({
        "x": candidates.geometry.x, "y": candidates.geometry.y,
        "radius_m": np.sqrt(candidates["site_area_m2"] / np.pi),
        "grade": grade_of(candidates["capacity_kg_d"].to_numpy(), chosen["storage_days"], chosen["grade_limit_kg"]),
    })  # fmt: skip
    told = exclude(screen(sites, neighbours, rules, margin_m=chosen["survey_margin_m"]), outside)
    least = candidates["kind"].map(chosen["least_site_m2"])
    short = (least - candidates["use_area_m2"]).clip(lower=0.0)
    return candidates.join(told).assign(grade=sites["grade"], area_short_m2=short)


def zones_hit(xy: Floats, zones: Mapping[str, gpd.GeoDataFrame | None]) -> dict[str, Bools]:
    """Tell which places lie in which zones; zones that nobody delivered rule nothing out."""
    return {
        word: inside(xy, np.asarray(frame.geometry.array, dtype=object))
        for word, frame in zones.items()
        if frame is not None and len(frame)
    }


def refuse_too_many(asked: int, usable: int, candidates: pd.DataFrame) -> None:
    """Refuse more new stations than there are places for.

    Raises
    ------
    ParameterError
        How many there are, by verdict, and what to do.
    """
    if asked <= usable:
        return
    told = ", ".join(f"{n} {word}" for word, n in candidates["verdict"].value_counts().items())
    raise ParameterError(
        f"{asked} new hydrogen stations are asked for, but only {usable} of {len(candidates)} candidates may be taken "
        f"({told}): lower new_sites_…, take candidates that need a survey (use_needs_survey=true), lower spacing_m or "
        "least_site_m2, or deliver more fuel stations, depots and parking"
    )


def usable(candidates: pd.DataFrame, *, survey: bool) -> Bools:
    """Tell which candidates may be taken, shape (n,)."""
    fit = candidates["verdict"] != FAIL if survey else candidates["verdict"] == "screen_pass"
    out: Bools = fit.to_numpy(dtype=bool)
    return out
