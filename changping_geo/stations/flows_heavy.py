"""Trips of heavy vehicles by purpose: counted where somebody counted, else reconstructed from depots.

Purposes are those of plans for hydrogen vehicles: buses, sanitation, city logistics, trunk freight, cold chain, coach,
tourism. A depot sends its vehicles so many times a day to goals of its purpose: depots, motorway entries, the middle
of where people live in each town. Near goals and large ones draw more. What is reconstructed is marked so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.stations.flows import gravity_trips

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from changping_geo.stations.graph import Network

    Floats = NDArray[np.float64]

_RANGE = "planning range, unverified"


@dataclass(frozen=True, slots=True)
class Purpose:
    """Who drives where.

    Attributes
    ----------
    zh, en : str
        Labels.
    origins, goals : tuple of str
        Kinds of places.
    trips : float
        Trips per vehicle. [1/d]
    """

    zh: str
    en: str
    origins: tuple[str, ...]
    goals: tuple[str, ...]
    trips: float


ENTRY, TOWN = "motorway_entry", "town"
PURPOSES = {
    "bus": Purpose("公交", "buses", ("bus",), ("bus", "coach", TOWN), 8.0),
    "sanitation": Purpose("环卫", "sanitation", ("sanitation",), ("sanitation", TOWN), 4.0),
    "city_logistics": Purpose("城市物流", "city logistics", ("logistics",), ("logistics", TOWN), 2.0),
    "trunk_freight": Purpose("干线货运", "trunk freight", ("logistics", "service_area"), (ENTRY,), 1.0),
    "cold_chain": Purpose("冷链", "cold chain", ("cold_chain",), ("cold_chain", "logistics", ENTRY, TOWN), 3.0),
    "coach": Purpose("长途客运", "coaches", ("coach",), ("coach", "tourism", ENTRY), 2.0),
    "tourism": Purpose("旅游客运", "tourism", ("tourism",), ("tourism", "coach", ENTRY), 2.0),
}
CARDS = Cards(
    (
        Parameter(f"trips_per_vehicle_d.{word}", p.trips, "1/d", 0.1, 30.0, _RANGE + ", until counts are given",
                  verified=False, title_zh=f"单车日出行次数({p.zh})", title_en=f"Trips per vehicle and day, {p.en}")
        for word, p in PURPOSES.items()
    ),
    Parameter("entry_spacing_m", 4000.0, "m", 500.0, 20_000.0, _RANGE + ": nearer junctions of a motorway are "
              "one entry", verified=False, title_zh="高速出入口最小间距", title_en="Motorway entries apart by"),
)  # fmt: skip

RECONSTRUCTED, COUNTED = "reconstructed", "counted"
HOW = {RECONSTRUCTED: ("重建", "reconstructed"), COUNTED: ("调查", "counted")}
_MOTORWAY, _FEEDERS = "motorway", ("trunk", "primary", "secondary")


def motorway_entries(network: Network, road_class: ArrayLike, spacing_m: float) -> Floats:
    """Return where one may enter a motorway from a larger road, no two nearer than a spacing, shape (n, 2). [m]

    Parameters
    ----------
    network : Network
        The network.
    road_class : array_like of str
        Class of each row of the road layer, shape (r,).
    spacing_m : float
        Least distance between entries; of those nearer, the first from the west stays. [m]
    """
    kind = np.asarray(road_class, dtype=object)[network.road]
    at = [np.zeros(len(network.xy), bool) for _ in range(2)]
    for flags, edges in zip(at, (kind == _MOTORWAY, np.isin(kind, _FEEDERS)), strict=True):
        flags[network.start[edges]] = True
        flags[network.end[edges]] = True
    xy = network.xy[at[0] & at[1]]
    xy = xy[np.lexsort((xy[:, 1], xy[:, 0]))]
    kept: list[int] = []
    for i in range(len(xy)):
        if not kept or np.hypot(*(xy[kept] - xy[i]).T).min() >= spacing_m:
            kept.append(i)
    return xy[kept]


def trip_places(depots: pd.DataFrame, entries: Floats, people: pd.DataFrame) -> pd.DataFrame:
    """Gather the ends of trips.

    Parameters
    ----------
    depots : DataFrame
        ``id``, ``x``, ``y`` [m], ``kind``, ``vehicles``.
    entries : ndarray
        Motorway entries, shape (k, 2). [m]
    people : DataFrame
        ``x``, ``y`` [m], ``persons``, ``town_code``; missing outside all towns.

    Returns
    -------
    DataFrame
        ``id``, ``kind``, ``x``, ``y`` [m], ``weight`` (vehicles, persons, or 1 for an entry), shape (n,).
    """
    some = people[people["town_code"].notna() & (people["persons"] > 0)]
    mass = some.assign(x=some["x"] * some["persons"], y=some["y"] * some["persons"])
    middle = mass.groupby("town_code", as_index=False)[["x", "y", "persons"]].sum()
    towns = pd.DataFrame({"id": middle["town_code"], "kind": TOWN, "x": middle["x"] / middle["persons"],
                          "y": middle["y"] / middle["persons"], "weight": middle["persons"]})  # fmt: skip
    gates = pd.DataFrame({"id": [f"E{k + 1}" for k in range(len(entries))], "kind": ENTRY, "x": entries[:, 0],
                          "y": entries[:, 1], "weight": 1.0})  # fmt: skip
    yards = depots.rename(columns={"vehicles": "weight"})[["id", "kind", "x", "y", "weight"]]
    return pd.concat([part for part in (yards, gates, towns) if len(part)], ignore_index=True)


def reconstructed_trips(
    places: pd.DataFrame, ways: ArrayLike, trips_per_vehicle: Mapping[str, float], decay_m: float
) -> pd.DataFrame:
    """Spread the trips of depots over the goals of each purpose.

    Parameters
    ----------
    places : DataFrame
        As `trip_places` gives it, shape (n,).
    ways : array_like
        Distance from each place to each, shape (n, n). [m]
    trips_per_vehicle : mapping
        By purpose. [1/d]
    decay_m : float
        Distance over which trips thin out by e. [m]

    Returns
    -------
    DataFrame
        ``purpose``, ``origin``, ``destination`` (rows of `places`), ``trips_d`` [1/d], ``way_m`` [m];
        ``attrs["lost"]`` is what could go nowhere. [1/d]
    """
    kind, weight = places["kind"], places["weight"].to_numpy(dtype=np.float64)
    whole = places.groupby("kind")["weight"].transform("sum").to_numpy(dtype=np.float64)
    share = np.divide(weight, whole, out=np.zeros(len(places)), where=whole > 0)
    parts, lost = [], 0.0
    for word, purpose in PURPOSES.items():
        leave = np.where(kind.isin(purpose.origins), weight, 0.0) * trips_per_vehicle[word]
        draw = np.where(kind.isin(purpose.goals), share, 0.0)  # every kind of goal draws alike
        found = gravity_trips(ways, leave, draw, decay=decay_m)
        lost += found.attrs["lost"]
        parts.append(found.rename(columns={"trips": "trips_d", "way": "way_m"}).assign(purpose=word))
    out = pd.concat(parts, ignore_index=True)[["purpose", "origin", "destination", "trips_d", "way_m"]]
    out.attrs["lost"] = lost
    return out


def counted_trips(counts: pd.DataFrame, places: pd.DataFrame, ways: ArrayLike) -> pd.DataFrame:
    """Return counted trips in the form of reconstructed ones.

    Parameters
    ----------
    counts : DataFrame
        ``origin_id``, ``destination_id``, ``trips_d`` [1/d], and ``purpose`` where it is told.
    places : DataFrame
        As `trip_places` gives it.
    ways : array_like
        Distance from each place to each, shape (n, n). [m]

    Raises
    ------
    ColumnError
        If an end is no place, told with the known ids.
    """
    number = pd.Series(np.arange(len(places)), index=places["id"].astype(str))
    ends = {name: counts[f"{name}_id"].astype(str).map(number) for name in ("origin", "destination")}
    strange = sorted({str(v) for n, e in ends.items() for v in counts.loc[e.isna(), f"{n}_id"]})
    if strange:
        raise ColumnError(
            f"heavy_trips names ends that are no places: {', '.join(map(repr, strange[:5]))}; use depot_id of depots, "
            f"town codes, or motorway entries E1…E{int((places['kind'] == ENTRY).sum())}"
        )
    out = pd.DataFrame({name: e.to_numpy(dtype=np.intp) for name, e in ends.items()})
    told = counts["purpose"].fillna("city_logistics") if "purpose" in counts else "city_logistics"
    out.insert(0, "purpose", np.asarray(told) if isinstance(told, pd.Series) else told)
    out["trips_d"] = counts["trips_d"].to_numpy(dtype=np.float64)
    out["way_m"] = np.asarray(ways, dtype=np.float64)[out["origin"], out["destination"]]
    out.attrs["lost"] = float(out.loc[~np.isfinite(out["way_m"]), "trips_d"].sum())
    return out
