"""All providers, the preferred one of a layer first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.fetch import biomass, elevation, overpass, overture, pbf, population, power, pvgis, worldcover
from changping_geo.model import AnalysisError

if TYPE_CHECKING:
    from changping_geo.fetch import Provider

PROVIDERS: tuple[Provider, ...] = (
    overpass.PROVIDER,
    overture.PROVIDER,
    worldcover.PROVIDER,
    elevation.PROVIDER,
    biomass.PROVIDER,
    population.PROVIDER,
    pvgis.PROVIDER,
    power.PROVIDER,
)
FROM_FILE = pbf.PROVIDER


def layers() -> list[str]:
    """Return the layers that can be fetched; one that others must fit to comes first."""
    names = dict.fromkeys(layer for provider in PROVIDERS for layer in provider.offers)
    return list(names)


def choose(layer: str, wanted: str = "", *, from_file: bool = False) -> Provider:
    """Return the provider of a layer: the file's reader, the wanted one, or the first.

    Raises
    ------
    AnalysisError
        If there is none.
    """
    known = [FROM_FILE] if from_file else list(PROVIDERS)
    for provider in known:
        if layer in provider.offers and wanted in ("", provider.id):
            return provider
    able = [p.id for p in known if layer in p.offers]
    if not able:
        raise AnalysisError(f"nobody gives the layer {layer!r}; open data are fetched for: {', '.join(layers())}")
    raise AnalysisError(f"{wanted!r} does not give the layer {layer!r}; these do: {', '.join(able)}")
