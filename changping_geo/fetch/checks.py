"""Whether an answer is what was asked for, before it is kept."""

from __future__ import annotations

import json

TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


class DamagedError(Exception):
    """An answer is cut, or of another kind."""


def is_json(body: bytes) -> None:
    """Accept a whole JSON object."""
    try:
        whole = json.loads(body)
    except ValueError as error:
        raise DamagedError(f"no JSON ({error})") from error
    if not isinstance(whole, dict):
        raise DamagedError("no JSON object")


def is_overpass(body: bytes) -> None:
    """Accept an answer of the Overpass API; a remark on a query that was too heavy is for the asker to judge."""
    is_json(body)
    if not isinstance(json.loads(body).get("elements"), list):
        raise DamagedError("no list of elements")


def is_pvgis(body: bytes) -> None:
    """Accept an answer of PVGIS."""
    is_json(body)
    if not {"inputs", "outputs"} <= set(json.loads(body)):
        raise DamagedError("no inputs and outputs")


def is_power(body: bytes) -> None:
    """Accept an hourly answer of NASA POWER."""
    is_json(body)
    whole = json.loads(body)
    if not {"properties", "parameters", "header"} <= set(whole) or not whole["properties"].get("parameter"):
        raise DamagedError("no hourly parameters")


def is_tiff(head: bytes) -> None:
    """Accept what begins like a TIFF."""
    if not head.startswith(TIFF):
        raise DamagedError(f"no TIFF, it begins with {head[:8]!r}")


def is_parquet(head: bytes) -> None:
    """Accept what begins like a Parquet file."""
    if not head.startswith(b"PAR1"):
        raise DamagedError(f"no Parquet, it begins with {head[:8]!r}")


def is_zip(head: bytes) -> None:
    """Accept what begins like a zip."""
    if not head.startswith(b"PK\x03\x04"):
        raise DamagedError(f"no zip, it begins with {head[:8]!r}")
