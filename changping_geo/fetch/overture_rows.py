"""Rows of Overture Maps in the canonical columns of the layers."""

from __future__ import annotations

from typing import Any

from changping_geo.fetch import words

Row = dict[str, Any]
CATEGORIES = {
    "charging_stations": ("ev_charging_station", "electric_vehicle_charging_station"),
    "fuel_stations": ("gas_station", "fuel_station"),
}
USES = {
    "agricultural": "other",
    "civic": "public",
    "commercial": "commercial",
    "education": "education",
    "entertainment": "commercial",
    "industrial": "industrial",
    "medical": "health",
    "military": "public",
    "religious": "public",
    "residential": "housing",
    "service": "transport",
    "transportation": "transport",
}


def roof_rows(rows: list[Row]) -> tuple[list[Row], list[int]]:
    """Return the rows of rooftops, and the positions of the buildings that they come from."""
    made, keep = [], []
    for i, row in enumerate(rows):
        kind = str(row.get("class") or "")
        if row.get("is_underground") or kind in words.NO_BUILDING:
            continue
        use = words.use(kind)
        floors = row.get("num_floors")
        tags = {"roof:shape": str(row.get("roof_shape") or ""), "roof:material": str(row.get("roof_material") or "")}
        made.append(
            {
                "roof_id": row["id"],
                "use": use if use != "other" else USES.get(str(row.get("subtype")), "other"),
                "height_m": words.within(row.get("height"), 1.8, 350.0),
                "floors": int(floors) if floors and 1 <= floors <= 100 else None,  # noqa: PLR2004 - the contract's
                "roof_type": words.roof(tags),
                "name": name_of(row),
            }
        )
        keep.append(i)
    return made, keep


def place_rows(rows: list[Row], layer: str) -> tuple[list[Row], list[int]]:
    """Return the rows of a layer of stations, and the positions of the places that they come from."""
    made, keep = [], []
    for i, row in enumerate(rows):
        kinds = {str(row.get("basic_category")), str((row.get("categories") or {}).get("primary"))}
        if not kinds & set(CATEGORIES[layer]) or str(row.get("operating_status") or "open") != "open":
            continue
        brand = ((row.get("brand") or {}).get("names") or {}).get("primary")
        facts = {"brand": brand} if layer == "fuel_stations" else {"status": "operating", "operator": brand}
        made.append({"station_id": row["id"], "name": name_of(row), **facts})
        keep.append(i)
    return made, keep


def town_names(rows: list[Row]) -> dict[str, list[Any]]:
    """Return the names of divisions, and tags as the towns' maker reads them: the subtype stands for the level."""
    tags = [
        {"admin_level": str(r.get("subtype")), "name": name_of(r) or str(r["id"]), "name:en": _common(r).get("en", "")}
        for r in rows
    ]
    return {"name": [r["id"] for r in rows], "tags": tags}


def name_of(row: Row) -> str | None:
    """Return the Chinese name, or the first one."""
    chinese = _common(row).get("zh")
    name = chinese or (row.get("names") or {}).get("primary")
    return str(name) if name else None


def _common(row: Row) -> dict[str, str]:
    found = (row.get("names") or {}).get("common") or {}
    return dict(found)
