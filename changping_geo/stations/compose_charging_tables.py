"""Coverage of charging as tables, values of features and layers of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from changping_geo.geo.assign import totals_by_town
from changping_geo.made import Made
from changping_geo.model import Cards, Parameter
from changping_geo.stations.compose_charging_words import HEADINGS, MEASURES, ROLES, YES_NO
from changping_geo.stations.coverage import adding_order, coverage_curve
from changping_geo.stations.gaps import gaps
from changping_geo.stations.isochrones import isochrones
from changping_geo.stations.queueing import mean_wait_min, plugs_per_site, wait_probability
from changping_geo.stations.service import MEANINGS, service_radius
from changping_geo.stations.spaces import required_spaces, spaces_by_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from changping_geo.stations.access import Access
    from changping_geo.stations.compose_charging import Reached
    from changping_geo.stations.roads_covered import RoadReach

    Floats = NDArray[np.float64]

_RANGE = "planning range, unverified"
CARDS = Cards(
    Parameter("ev_per_person", 0.09, "1", 0.0, 1.0,
              "aim: 2 million electric vehicles in the city by 2025, some 22 million residents; better: counts",
              verified=False, title_zh="人均电动汽车", title_en="Electric vehicles per person"),
    Parameter("public_charges_per_day", 0.15, "1/d", 0.0, 5.0, _RANGE + ": one public charge a week or so",
              verified=False, title_zh="每车每日公用充电次数", title_en="Public charges per vehicle and day"),
    Parameter("busy_hour_share", 0.10, "1/h", 0.0, 1.0, _RANGE + ": 0.05 to 0.2 of the day's charges",
              verified=False, title_zh="高峰小时占比", title_en="Share of the day in the busy hour"),
    Parameter("gap_rows", 30, "1", 1, 1000, "rows of the table; the layer holds all", verified=True,
              title_zh="缺口表行数", title_en="Rows of the table of gaps"),
)  # fmt: skip


def titled(frame: pd.DataFrame, zh: str, en: str) -> pd.DataFrame:
    """Return a table with its titles and headings."""
    known = {name: HEADINGS[name] for name in frame.columns if name in HEADINGS}
    frame.attrs |= {"title_zh": zh, "title_en": en, "headings": known | frame.attrs.get("headings", {})}
    return frame


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table by measure in their own order, with their words beside them."""
    order = {name: k for k, name in enumerate(MEASURES)}
    frame = frame.sort_values("measure", key=lambda held: held.map(order), kind="stable", ignore_index=True)
    at = list(frame.columns).index("measure") + 1
    for k, word in enumerate(("measure_zh", "measure_en")):
        frame.insert(at + k, word, [MEASURES[name][k] for name in frame["measure"]])
    return frame


def shared(measure: str, unit: str, rows: Mapping[float, tuple[float, float]]) -> pd.DataFrame:
    """Return covered and total amounts by threshold in the form of the table of coverage."""
    lines = [(measure, step, a, b, a / b if b > 0 else np.nan, unit) for step, (a, b) in rows.items()]
    return pd.DataFrame(lines, columns=["measure", "threshold", "covered", "total", "share", "unit"])


def radius_table(
    count: int, bases: Mapping[str, tuple[str, float]], people: Reached, radius: float
) -> pd.DataFrame:  # fmt: skip
    """Tell the average service radius in its three meanings; `bases` are Chinese names and areas. [m2]"""
    held = {name: area for name, (_, area) in bases.items() if area > 0}
    out = service_radius(count, held, people.metres, people.weights, radius)
    out.insert(1, "meaning_zh", [MEANINGS[word][0] for word in out["meaning"]])
    out.insert(2, "meaning_en", [MEANINGS[word][1] for word in out["meaning"]])
    names = {name: zh for name, (zh, _) in bases.items()} | {name: zh for name, (zh, _) in MEASURES.items()}
    out.insert(4, "base_zh", [names[name] for name in out["base"]])
    out["stations"] = count
    return out


def curves(
    access: Access, people: Reached, ids: pd.Series, opened: pd.Series, names: Mapping[str, str]
) -> pd.DataFrame:
    """Say how coverage grows with the stations as they opened, and as they would best have been added.

    Parameters
    ----------
    access : Access
        People by station within the radius.
    people : Reached
        The people.
    ids, opened : Series
        Station ids, and years where known; unknown years come last.
    names : mapping
        Names of towns by code.
    """
    weight = people.weights["persons"].to_numpy()
    by_year = np.argsort(opened.fillna(np.inf).to_numpy(dtype=np.float64), kind="stable")
    parts = []
    for word, order in (("opened", by_year), ("best_next", adding_order(access, weight, count=access.n_stations))):
        curve = coverage_curve(access, weight, order, people.town)
        number = curve["station"].to_numpy()
        station = np.where(number < 0, "", ids.to_numpy(dtype=object)[number])
        parts.append(curve.assign(order=word, station=station, worst_town=curve["worst_town"].map(names)))
    out = pd.concat(parts, ignore_index=True)
    return out[["order", "stations", "station", "covered", "share", "worst_town", "worst_share"]]


def sized(people: Reached, in_reach: Access, plugs: Floats, arrivals_per_person_h: float, minutes: float,
          wait: float) -> pd.DataFrame:  # fmt: skip
    """Size every station for the people to whom it is the nearest.

    Parameters
    ----------
    people : Reached
        The people.
    in_reach : Access
        People by station within the radius.
    plugs : ndarray
        Plugs of each station, counted as fast ones, shape (s,).
    arrivals_per_person_h : float
        Arrivals in the busy hour per person. [1/h]
    minutes : float
        Time at a fast plug. [min]
    wait : float
        Largest share that waits. [1]
    """
    weight, n = people.weights["persons"].to_numpy(dtype=np.float64), in_reach.n_stations
    met = people.nearest >= 0
    nearest = np.bincount(people.nearest[met], weights=weight[met], minlength=n)
    around = np.bincount(in_reach.station, weights=weight[in_reach.demand], minlength=n)
    rate = nearest * arrivals_per_person_h
    need = plugs_per_site(pd.Series(rate), minutes, max_wait_probability=wait)["plugs"].to_numpy(dtype=np.float64)
    servers = np.floor(plugs + 1e-9).astype(int)
    now = [wait_probability(int(c), r * minutes / 60.0) for c, r in zip(servers, rate, strict=True)]
    queue = [mean_wait_min(int(c), float(r), minutes) for c, r in zip(servers, rate, strict=True)]
    return pd.DataFrame({
        "persons_in_reach": around, "persons_nearest": nearest, "arrivals_h": rate, "plugs_equivalent": plugs,
        "plugs_needed_here": need, "plugs_lacking": np.maximum(need - servers, 0.0), "waits_share": now,
        "wait_min": np.where(np.isfinite(queue), queue, np.nan),
    })  # fmt: skip


def reach_layer(reach: RoadReach, roles: Mapping[str, float], width_m: float, *, time: bool) -> Made:
    """Draw what lies within each threshold of a station, the largest first so that the smaller ones lie on top."""
    role = {step: name for name, step in reversed(list(roles.items()))}
    shapes = isochrones(reach, list(role), width_m=width_m).iloc[::-1].reset_index(drop=True)
    shapes.insert(0, "band", [role[step] for step in shapes["threshold"]])
    zh, en = ("充电时间圈", "Reach of charging by time") if time else ("充电服务圈", "Reach of charging by distance")
    return Made(zh, en, shapes, {name: HEADINGS[name] for name in ("band", "threshold", "road_km", "area_km2")},
                {"band": bands(roles, "min" if time else "m")}, "band")  # fmt: skip


def bands(roles: Mapping[str, float], unit: str) -> dict[str, tuple[str, str]]:
    """Return the labels of bands by role: within how much."""
    told = {name: f"{step / 1000:g} km" if unit == "m" else f"{step:g} min" for name, step in roles.items()}
    return {name: (f"{text} 内({ROLES[name]})", f"within {text}") for name, text in told.items()}


def band_of(cost: Floats, roles: Mapping[str, float]) -> NDArray[np.object_]:
    """Return the role of the smallest threshold that holds each cost, ``beyond`` where none does, shape (n,)."""
    names = sorted(roles, key=lambda name: roles[name])
    at = np.searchsorted([roles[name] for name in names], cost, side="left")
    return np.array([*names, "beyond"], dtype=object)[at]


def gap_layer(people: Reached, radius: float, link_m: float, crs: object, names: Mapping[str, str],
              nearest_ids: Sequence[str]) -> Made:  # fmt: skip
    """Rank the gaps and say in which town most of their people live, and which station is theirs."""
    weight = people.weights["persons"].to_numpy(dtype=np.float64)
    found = gaps(people.points.xy, weight, people.metres, radius, crs=crs, link_m=link_m)
    open_ = ~(people.metres <= radius) & (weight > 0)
    places = gpd.GeoDataFrame(
        {"persons": weight[open_], "town": people.town[open_].map(names).fillna("").to_numpy(dtype=object),
         "nearest": np.array([*nearest_ids, ""], dtype=object)[people.nearest[open_]]},
        geometry=gpd.points_from_xy(*people.points.xy[open_].T), crs=crs,
    )  # fmt: skip
    held = gpd.sjoin(places, found[["geometry"]], predicate="within")
    for column, name in (("town", "town_name"), ("nearest", "nearest_station")):
        most = held.groupby(["index_right", column])["persons"].sum().sort_values(kind="stable").reset_index()
        found[name] = most.drop_duplicates("index_right", keep="last").set_index("index_right")[column]
    found["extra_person_km"] = found["extra"] / 1000.0
    frame = found.rename(columns={"demand": "persons", "rank_demand": "rank_persons", "mean_cost": "mean_way_m",
                                  "largest_cost": "largest_way_m"})  # fmt: skip
    columns = ["gap_id", "town_name", "rank_persons", "rank_extra", "persons", "extra_person_km", "unreached", "places",
               "mean_way_m", "largest_way_m", "nearest_station", "geometry"]  # fmt: skip
    frame = gpd.GeoDataFrame(frame[columns].reset_index(drop=True), geometry="geometry", crs=crs)
    return Made("充电服务缺口", "Gaps of charging", frame,
                {name: HEADINGS[name] for name in columns if name in HEADINGS}, {}, "gap_id")  # fmt: skip


def network_table(notes: Mapping[str, float]) -> pd.DataFrame:
    """Return what was found of the network."""
    return pd.DataFrame({"what": list(notes), "value": [float(v) for v in notes.values()]})


def town_table(
    towns: pd.DataFrame, kinds: Mapping[str, Reached], by_kind: Mapping[str, pd.DataFrame], steps: Mapping[str, float],
    more: Sequence[tuple[pd.DataFrame, pd.Series]], per_person: Floats,
) -> pd.DataFrame:  # fmt: skip
    """Put the columns of towns together.

    Parameters
    ----------
    towns : DataFrame
        ``town_code``, ``name_zh``.
    kinds, by_kind : mapping
        Rows by kind, and their shares by town within the radius.
    steps : mapping
        ``near``, ``far`` and ``core`` radius [m], ``time`` [min].
    more : sequence of (DataFrame, Series)
        Further amounts to be added up, each with the towns of its rows.
    per_person : ndarray
        Supply per person at each row of the population. [plugs]
    """
    people = kinds["population"]
    persons = people.weights["persons"].to_numpy(dtype=np.float64)
    way = people.metres
    crowd = pd.DataFrame({
        "persons_near": persons * (way <= steps["near"]), "persons_far": persons * (way <= steps["far"]),
        "persons_in_time": persons * (people.minutes <= steps["time"]),
        "core_persons_covered": people.weights["core_persons"].to_numpy() * (way <= steps["core"]),
        "extra_person_km": persons * np.where(np.isfinite(way), np.maximum(way - steps["district"], 0.0), 0.0) / 1000.0,
        "shared": persons * per_person, "way": persons * np.where(np.isfinite(way), way, 0.0),
        "met": persons * np.isfinite(way),
    }, people.weights.index)  # fmt: skip
    rename = {"built_up_m2_covered": "built_up_covered_m2", "built_up_m2_share": "built_up_share"}
    out = by_kind["population"].drop(columns=["core_persons_covered", "core_persons_share"])
    for table in (by_kind["built_up"].rename(columns=rename), by_kind["parking"], by_kind["rooftops"],
                  totals_by_town(crowd, people.town, towns),
                  *(totals_by_town(values, town, towns) for values, town in more)):  # fmt: skip
        out = out.join(table.drop(columns=["town_name", "name_en"]))
    out["core_persons_share"] = out["core_persons_covered"] / out["core_persons"].where(out["core_persons"] > 0)
    out["road_share"] = out["road_covered_m"] / out["road_m"].where(out["road_m"] > 0)
    out["mean_way_m"] = out["way"] / out["met"].where(out["met"] > 0)
    return out.assign(plugs_per_1000=1000.0 * out["shared"] / out["persons"].where(out["persons"] > 0))


def trip_columns(
    trips: pd.DataFrame, passing: Mapping[str, Access], detour_m: float, town: pd.Series
) -> tuple[pd.DataFrame, pd.Series]:
    """Return trips and those that pass a station, with the town of their origin; `town` is that of each depot."""
    passed = passing["m"].reached(detour_m) if "m" in passing else np.zeros(len(trips), bool)
    frame = pd.DataFrame({"trips": trips["trips"].to_numpy(), "trips_covered": trips["trips"].to_numpy() * passed})
    return frame, town.iloc[trips["origin"].to_numpy(dtype=np.intp)].reset_index(drop=True)


def town_thresholds(
    people: Reached, towns: pd.DataFrame, radii: Sequence[float], minutes: Sequence[float]
) -> pd.DataFrame:
    """Return the share of people by town within every radius and time."""
    cost = [(f"share_{r:g}_m", people.metres <= r, f"{r / 1000:g} km 内", f"within {r / 1000:g} km") for r in radii]
    cost += [(f"share_{t:g}_min", people.minutes <= t, f"{t:g} 分钟内", f"within {t:g} min") for t in minutes]
    persons = people.weights["persons"]
    sums = totals_by_town(
        pd.DataFrame({"persons": persons} | {name: persons * held for name, held, _, _ in cost}), people.town, towns
    )
    for name, *_ in cost:
        sums[name] = sums[name] / sums["persons"].where(sums["persons"] > 0)
    sums.attrs["headings"] = {name: (f"人口占比 {zh}", f"People {en}", "1") for name, _, zh, en in cost}
    return sums


def lot_values(parking: pd.DataFrame, plugs: pd.Series, share: Mapping[str, float]) -> pd.DataFrame:
    """Return what each lot should have, has and lacks of charging spaces."""
    need = required_spaces(parking["spaces"], _kind(parking), share).astype(np.float64)
    have = plugs.to_numpy(dtype=np.float64)
    return pd.DataFrame({"spaces_required": need, "plugs_here": have,
                         "spaces_short": np.maximum(need - have, 0.0)}, parking.index)  # fmt: skip


def kind_table(
    parking: pd.DataFrame, plugs: pd.Series, elsewhere: float, share: Mapping[str, float], words: Mapping[str, str]
) -> pd.DataFrame:
    """Return the ratio of charging spaces by kind of parking; the last row holds plugs that are at no lot."""
    out = spaces_by_kind(parking["spaces"], _kind(parking), plugs, share).reset_index()
    out = out.rename(columns={"ratio": "plugs_per_space"})
    out = pd.concat([out, pd.DataFrame({"kind": ["none"], "plugs": [elsewhere]})], ignore_index=True)
    out.insert(1, "kind_zh", [words.get(word, word) for word in out["kind"].astype(str)])
    return out


def with_words(frame: pd.DataFrame, roles: Mapping[str, float]) -> pd.DataFrame:
    """Return values of a layer with the labels of their words and headings."""
    frame.attrs["headings"] = {name: HEADINGS[name] for name in frame.columns if name in HEADINGS}
    words = {"band": {**bands(roles, "m"), "beyond": ("以外", "beyond")}, "counts": YES_NO}
    frame.attrs["words"] = {name: held for name, held in words.items() if name in frame}
    return frame


def _kind(parking: pd.DataFrame) -> pd.Series:
    if "kind" not in parking:
        return pd.Series("", parking.index)
    return parking["kind"].astype(object).where(parking["kind"].notna(), "")
