"""Tags of OpenStreetMap as numbers and accepted words; what is not understood stays empty, never guessed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Tags = dict[str, str]
NUMBER = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*([a-zA-Z'/]*)\s*$")
YEAR = re.compile(r"^~?(\d{4})(?:-\d\d){0,2}$")
METRES = {"": 1.0, "m": 1.0, "ft": 0.3048, "'": 0.3048}
KM_H = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344}
KW = {"kw": 1.0, "w": 0.001, "mw": 1000.0}
FAST = ("chademo", "type2_combo", "type1_combo", "gb_dc", "tesla_supercharger")
SLOW = ("type2", "type2_cable", "type1", "gb_ac", "schuko", "tesla_destination", "tesla_standard")
HYDROGEN = ("fuel:h2", "fuel:h35", "fuel:h70", "fuel:lh2", "fuel:hydrogen")
USES = {
    "rural_house": ("farm", "farmhouse"),
    "housing": (
        *("apartments", "residential", "house", "detached", "semidetached_house"),
        *("terrace", "dormitory", "bungalow"),
    ),
    "industrial": ("industrial", "warehouse", "factory", "manufacture", "storage_tank", "hangar"),
    "commercial": ("commercial", "retail", "office", "supermarket", "hotel", "kiosk", "shop", "mall"),
    "public": ("public", "government", "civic", "fire_station", "museum", "library", "sports_hall", "stadium"),
    "education": ("school", "university", "college", "kindergarten"),
    "health": ("hospital", "clinic"),
    "transport": (
        *("train_station", "transportation", "parking", "garage", "garages"),
        *("service", "toll_booth", "substation"),
    ),
}
NO_BUILDING = {"no", "construction", "proposed", "ruins", "collapsed", "roof", "greenhouse", "tent", "demolished"}
ROOFS = {
    "flat": ("flat",),
    "gable": ("gabled", "hipped", "half-hipped", "half_hipped", "gambrel", "mansard", "saltbox", "pyramidal"),
}
METAL = ("metal", "metal_sheet", "tin", "steel", "zinc")


def number(text: str | None, units: Mapping[str, float]) -> float | None:
    """Return a number with a unit, as ``12``, ``12 m`` or ``40'``; nothing when it is something else."""
    found = NUMBER.match(text or "")
    factor = units.get(found.group(2).lower()) if found else None
    return float(found.group(1).replace(",", ".")) * factor if found and factor is not None else None


def within(value: float | None, low: float, high: float) -> float | None:
    """Return a value inside a range, nothing for another one."""
    return value if value is not None and low <= value <= high else None


def whole(text: str | None, low: int, high: int) -> int | None:
    """Return a count inside a range."""
    value = within(number(text, {"": 1.0}), low, high)
    return int(value) if value is not None and value.is_integer() else None


def year(tags: Tags) -> int | None:
    """Return the year in which something was opened or built."""
    found = YEAR.match(tags.get("start_date", ""))
    return int(found.group(1)) if found and 1900 <= int(found.group(1)) <= 2100 else None  # noqa: PLR2004 - the contract's


def name(tags: Tags) -> str | None:
    """Return the Chinese name, or the plain one."""
    return tags.get("name:zh") or tags.get("name")


def speed(tags: Tags) -> float | None:
    """Return the speed limit. [km/h]"""
    return within(number(tags.get("maxspeed"), KM_H), 5.0, 130.0)


def direction(tags: Tags) -> str:
    """Return ``both``, ``forward`` or ``backward``: stated, or implied by roundabouts and motorways."""
    stated = tags.get("oneway:motor_vehicle") or tags.get("oneway:vehicle") or tags.get("oneway", "")
    if stated in ("-1", "reverse"):
        return "backward"
    if stated in ("yes", "true", "1"):
        return "forward"
    if stated in ("no", "false", "0", "reversible", "alternating"):
        return "both"
    round_about = tags.get("junction") in ("roundabout", "circular")
    return "forward" if round_about or tags.get("highway") == "motorway" else "both"


def plugs(tags: Tags, kinds: Iterable[str]) -> int | None:
    """Return how many plugs of some kinds there are; nothing when none is counted."""
    counts = [whole(tags.get(f"socket:{kind}"), 0, 500) for kind in kinds]
    return sum(c for c in counts if c is not None) if any(c is not None for c in counts) else None


def power_kw(tags: Tags) -> float | None:
    """Return the power of all plugs, where each kind tells count and output. [kW]"""
    total = 0.0
    for kind in (*FAST, *SLOW):
        count = whole(tags.get(f"socket:{kind}"), 0, 500)
        if not count:
            continue
        each = number(tags.get(f"socket:{kind}:output"), KW)
        if each is None:
            return None
        total += count * each
    return total or None


def use(word: str) -> str:
    """Return the use of a building from the word of its tag; ``other`` when the word tells nothing."""
    return next((use for use, words in USES.items() if word in words), "other")


def roof(tags: Tags) -> str | None:
    """Return the form of a roof."""
    if tags.get("roof:material") in METAL:
        return "shed_metal"
    shape = tags.get("roof:shape", "")
    return next((form for form, words in ROOFS.items() if shape in words), None)


def hydrogen(tags: Tags) -> bool:
    """Return whether a fuel station has hydrogen."""
    return any(key.lower() in HYDROGEN and value == "yes" for key, value in tags.items())
