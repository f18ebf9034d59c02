"""Layers made up from a seed, plausible for the workspace, at its true size.

Every provider depends on the seed, the district's outline, the table of towns and other layers only; nothing in here
belongs to one district. A provider is loaded on first use, so that naming one does not import them all.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

PROVIDERS: dict[str, str] = {
    "terrain": "terrain",
    "forest": "forest",
    "land_cover": "land_cover",
    "land_cover_before": "land_cover",
    "parks": "green",
    "urban_green": "green",
    "charging_stations": "stations",
    "hydrogen_stations": "stations",
    "fuel_stations": "stations",
    "parking": "stations",
    "depots": "depots",
    "heat_pump_projects": "heat",
    "rooftops": "rooftops",
    "roads": "roads",
    "population": "population",
    "built_up": "built_up",
}


class _Package(ModuleType):
    """Type of this package: a submodule does not hide the provider of the same name."""

    def __getattr__(self, name: str) -> Any:
        if name not in PROVIDERS:
            raise AttributeError(
                f"module {self.__name__!r} has no provider {name!r}; known are: {', '.join(PROVIDERS)}"
            )
        return getattr(import_module(f"{self.__name__}.{PROVIDERS[name]}"), name)

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in PROVIDERS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
