"""Places where a charging station may stand, with room for how many plugs, and why others may not.

Candidates come from parking, parks, depots, fuel stations, motorway service areas and places that a plan names; each
kind has a rule of room. A candidate that fails stays in the table with its reason: a planner may know better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.stations.eligibility import FAIL, PASS, SURVEY
from changping_geo.stations.snap import points_xy

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from changping_geo.stations.snap import AccessPoints

    Floats = NDArray[np.float64]

_RANGE = "planning range, unverified"
_DRAFT_2016 = "draft rules of 2016 as told by the press; the rules themselves were not read"
CARDS = Cards(
    Parameter("least_plugs", 4, "1", 1, 200, _RANGE + ": smaller places are no site",
              verified=False, title_zh="场址最少充电枪", title_en="Plugs that a site must have room for"),
    Parameter("site_plugs.fuel_station", 4, "1", 0, 100, _DRAFT_2016, verified=False,
              title_zh="加油站充电枪", title_en="Plugs at a fuel station"),
    Parameter("site_plugs.service_area", 5, "1", 0, 500, _DRAFT_2016, verified=False,
              title_zh="高速服务区充电枪", title_en="Plugs at a motorway service area"),
    Parameter("site_plugs.rail_microcentre", 20, "1", 0, 500, _RANGE, verified=False,
              title_zh="轨道微中心充电枪", title_en="Plugs at a rail micro-centre"),
    Parameter("most_plugs", 60, "1", 1, 1000, _RANGE + ": what one connection to the grid carries", verified=False,
              title_zh="单场址最多充电枪", title_en="Most plugs of one site"),
    Parameter("park_spaces_per_ha", 5.0, "1/ha", 0.0, 100.0, _RANGE, verified=False,
              title_zh="公园每公顷停车位", title_en="Parking spaces per hectare of a park"),
    Parameter("plugs_per_depot_vehicle", 0.25, "1", 0.0, 2.0, _RANGE, verified=False,
              title_zh="场站每车充电枪", title_en="Plugs per vehicle of a depot"),
    Parameter("fuel_site_m2", 1500.0, "m2", 0.0, 50_000.0, _RANGE + ": room beside the pumps", verified=False,
              title_zh="加油站最小占地", title_en="Least site of a fuel station"),
    Parameter("apart_from_existing_m", 200.0, "m", 0.0, 5000.0, _RANGE, verified=False,
              title_zh="与现有站最小间距", title_en="Least distance to a station that counts"),
    Parameter("same_site_m", 50.0, "m", 0.0, 1000.0, _RANGE + ": places so near are one site", verified=False,
              title_zh="同一场址距离", title_en="Places so near are one site"),
    Parameter("pv_within_m", 150.0, "m", 10.0, 2000.0, _RANGE, verified=False,
              title_zh="光储充屋顶距离", title_en="Roofs that serve a site lie within"),
    Parameter("pv_least_share", 0.3, "1", 0.0, 10.0, _RANGE, verified=False,
              title_zh="光储充最低光伏占比", title_en="Least share of PV in the energy of a site"),
    Parameter("plug_kw", 60.0, "kW", 3.0, 1000.0, _RANGE, verified=False,
              title_zh="单枪功率", title_en="Power of a plug"),
    Parameter("plug_hours_a", 900.0, "h/a", 0.0, 8760.0, _RANGE + ": a tenth of the year at full power", verified=False,
              title_zh="单枪年满载小时", title_en="Full-load hours of a plug"),
)  # fmt: skip

#: Kinds of parking that are open to all.
OPEN_LOTS = ("public", "park_and_ride", "commercial", "scenic")
#: Kinds of depots that may share their plugs.
SHARING_DEPOTS = ("bus", "sanitation")
MICROCENTRE = "rail_microcentre"
SOURCES = {
    "parking": ("公共停车场", "public parking"),
    "commerce": ("商业配建停车场", "commerce"),
    "park": ("公园", "park"),
    "fuel_station": ("加油站", "fuel station"),
    "service_area": ("高速服务区", "motorway service area"),
    "depot": ("公交环卫场站", "bus or sanitation depot"),
    "rail_microcentre": ("轨道微中心", "rail micro-centre"),
}
REASONS = {
    "": ("", ""),
    "few_spaces": ("可容充电枪不足", "room for too few plugs"),
    "small_site": ("占地不足或不详", "site too small or unknown"),
    "station_near": ("现有站过近", "a station is too near"),
    "same_site": ("与另一候选同址", "one site with another candidate"),
    "off_network": ("距路网过远", "too far from the road network"),
    "place_unsure": ("位置为示意,需踏勘", "position approximate, needs a survey"),
}


def candidate_places(
    parking: gpd.GeoDataFrame,
    parks: gpd.GeoDataFrame | None,
    fuel: gpd.GeoDataFrame | None,
    depots: gpd.GeoDataFrame | None,
    plan_places: gpd.GeoDataFrame | None,
    *,
    space_share: Mapping[str, float],
    site_plugs: Mapping[str, float],
    park_spaces_per_ha: float,
    plugs_per_vehicle: float,
    fuel_site_m2: float,
) -> pd.DataFrame:
    """Gather the places and the room that each has, from layers that share a metric CRS.

    Parameters
    ----------
    parking : GeoDataFrame
        ``parking_id``, ``kind``, ``spaces``.
    parks, fuel, depots, plan_places : GeoDataFrame, optional
        Further layers; None where there is none.
    space_share : mapping
        Share of charging spaces by kind of parking; parks take that of ``public``. [1]
    site_plugs : mapping
        Plugs at ``fuel_station``, ``service_area``, ``rail_microcentre``.
    park_spaces_per_ha : float
        Parking spaces by area of a park. [1/ha]
    plugs_per_vehicle : float
        Plugs per vehicle of a depot. [1]
    fuel_site_m2 : float
        Least site of a fuel station. [m2]

    Returns
    -------
    DataFrame
        ``site_id``, ``source`` (a word of `SOURCES`), ``name``, ``room_plugs``, ``x``, ``y`` [m], ``verdict``,
        ``reason``; parking of kinds that are not open to all is left out.

    Raises
    ------
    ColumnError
        If there is no place at all.
    """
    lots = parking[parking["kind"].isin(OPEN_LOTS)] if "kind" in parking else parking
    share = lots["kind"].map(space_share).fillna(0.0) if "kind" in lots else space_share["public"]
    commerce = (lots["kind"] == "commercial").to_numpy() if "kind" in lots else np.zeros(len(lots), bool)
    parts = [_part("parking", lots, "parking_id", lots["spaces"] * share)]
    parts[0].loc[commerce, "source"] = "commerce"
    if parks is not None:
        parts.append(_part("park", parks, "park_id", parks.area / 1e4 * park_spaces_per_ha * space_share["public"]))
    if fuel is not None:
        stations = _part("fuel_station", fuel, "station_id", site_plugs["fuel_station"])
        area = fuel["site_area_m2"] if "site_area_m2" in fuel else pd.Series(np.nan, fuel.index)
        small = ~(area >= fuel_site_m2).to_numpy()
        stations.loc[small, ["verdict", "reason"]] = FAIL, "small_site"
        parts.append(stations)
    if depots is not None:
        shared = depots[depots["kind"].isin(SHARING_DEPOTS)]
        rest = depots[depots["kind"] == "service_area"]
        parts.append(_part("depot", shared, "depot_id", shared["vehicles"].fillna(0) * plugs_per_vehicle))
        parts.append(_part("service_area", rest, "depot_id", site_plugs["service_area"]))
    if plan_places is not None:
        rail = plan_places[plan_places["theme"] == MICROCENTRE]
        centres = _part("rail_microcentre", rail, "id", site_plugs["rail_microcentre"])
        centres["verdict"], centres["reason"] = SURVEY, "place_unsure"
        parts.append(centres)
    out = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    if not len(out):
        raise ColumnError("no place for charging: deliver parking, parks, fuel stations or depots")
    return out


def screened(
    places: pd.DataFrame, points: AccessPoints, existing_xy: Floats, *, least_plugs: int, most_plugs: int,
    apart_m: float, same_m: float,
) -> pd.DataFrame:  # fmt: skip
    """Judge the places; of places that are one site the one with most room stays.

    A place whose position is approximate is not measured against stations and other places: it asks for a survey.

    Parameters
    ----------
    places : DataFrame
        Of `candidate_places`.
    points : AccessPoints
        Where they enter the roads.
    existing_xy : ndarray
        Stations that count, shape (s, 2). [m]
    least_plugs, most_plugs : int
        Room that a site must have; and what is never passed.
    apart_m : float
        Least straight distance to a station that counts. [m]
    same_m : float
        Places so near are one site. [m]

    Returns
    -------
    DataFrame
        `places` with ``room_plugs`` cut to the most, ``station_m`` (straight distance to the nearest station that
        counts) [m], ``verdict`` and ``reason``.
    """
    out = places.copy()
    xy = out[["x", "y"]].to_numpy()
    out["room_plugs"] = np.minimum(np.floor(out["room_plugs"] + 1e-9), most_plugs)
    out["station_m"] = np.round(cKDTree(existing_xy).query(xy)[0], 3) if len(existing_xy) else np.inf
    sure = (out["reason"] != "place_unsure").to_numpy()
    for word, bad in (
        ("off_network", ~points.on),
        ("few_spaces", (out["room_plugs"] < least_plugs).to_numpy()),
        ("station_near", sure & (out["station_m"] < apart_m).to_numpy()),
    ):
        fresh = bad & (out["verdict"] != FAIL).to_numpy()
        out.loc[fresh, ["verdict", "reason"]] = FAIL, word
    open_ = np.flatnonzero(sure & (out["verdict"] != FAIL).to_numpy())
    order = open_[np.argsort(-out["room_plugs"].to_numpy()[open_], kind="stable")]
    twin = _twins(xy[order], same_m)
    out.loc[order[twin], ["verdict", "reason"]] = FAIL, "same_site"
    return out


def _twins(xy: Floats, within_m: float) -> NDArray[np.bool_]:
    """Tell which places lie within a distance of an earlier one that stays, shape (n,)."""
    gone = np.zeros(len(xy), bool)
    if within_m <= 0 or not len(xy):
        return gone
    pairs = cKDTree(xy).query_pairs(within_m, output_type="ndarray").reshape(-1, 2)
    for first, later in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
        gone[later] |= not gone[first]
    return gone


def pv_nearby(
    xy: Floats, roof_xy: Floats, energy_mwh_a: Floats, room_plugs: Floats, *, within_m: float, least_share: float,
    plug_kw: float, plug_hours_a: float,
) -> pd.DataFrame:  # fmt: skip
    """Hold the energy of roofs nearby against what a site will need.

    Every site counts the same roofs for itself: neighbours compete for them.

    Parameters
    ----------
    xy, roof_xy : ndarray
        Sites and middles of roofs, shapes (n, 2) and (r, 2). [m]
    energy_mwh_a : ndarray
        Energy of each roof, shape (r,). [MWh/a]
    room_plugs : ndarray
        Plugs of each site, shape (n,).
    within_m : float
        Roofs that serve a site lie within. [m]
    least_share : float
        Share of the site's energy from which it is a site of photovoltaics, storage and charging. [1]
    plug_kw, plug_hours_a : float
        Power of a plug [kW], its full-load hours [h/a].

    Returns
    -------
    DataFrame
        ``pv_mwh_a``, ``needed_mwh_a`` [MWh/a], ``pv_share`` [1], ``pv_storage`` (``yes``, ``no``).
    """
    known = np.isfinite(roof_xy).all(axis=1) & (energy_mwh_a > 0)
    energy = np.zeros(len(xy))
    if known.any() and len(xy):
        mine = energy_mwh_a[known]
        near = cKDTree(roof_xy[known]).query_ball_point(xy, within_m)
        energy = np.array([mine[rows].sum() for rows in near])
    need = room_plugs * plug_kw * plug_hours_a / 1000.0
    share = np.divide(energy, need, out=np.full(len(xy), np.nan), where=need > 0)
    return pd.DataFrame({
        "pv_mwh_a": energy, "needed_mwh_a": need, "pv_share": share,
        "pv_storage": np.where(share >= least_share, "yes", "no"),
    })  # fmt: skip


def _part(source: str, frame: gpd.GeoDataFrame, key: str, plugs: pd.Series | float) -> pd.DataFrame:
    xy = points_xy(np.asarray(frame.geometry.array, dtype=object))
    ids = frame[key].astype(str).to_numpy(dtype=object)
    name = next((frame[c] for c in ("name", "name_zh") if c in frame), pd.Series(ids, frame.index))
    room = np.broadcast_to(np.asarray(plugs, dtype=np.float64), len(frame))
    return pd.DataFrame({
        "site_id": [f"{source}:{word}" for word in ids], "source": source,
        "name": name.fillna("").astype(str).to_numpy(dtype=object), "room_plugs": room, "x": xy[:, 0], "y": xy[:, 1],
        "verdict": PASS, "reason": "",
    })  # fmt: skip
