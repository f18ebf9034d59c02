"""Open data for a workspace's outline, downloaded politely into ``data_raw/open/``.

A provider is one module that ends with ``PROVIDER = Provider(…)``: what it gives for which layer, under which terms,
which requests that takes, and a function that asks and brings the answer to the canonical columns of the layer. It asks
through the `Job` only, so that every request is held to the provider's hosts, limits and manners.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from changping_geo.fetch.asks import Ask, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from changping_geo.fetch.area import Area
    from changping_geo.fetch.client import Client
    from changping_geo.layers.spec import LayerSpec
    from changping_geo.workspace import Workspace

__all__ = ["Ask", "Fetched", "Job", "Offer", "Provider", "Request"]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a provider gives for one layer.

    Attributes
    ----------
    gives : str
        In a few words.
    fixed_mb : float
        Downloaded whatever the district's size, roughly. [MB]
    mb_per_1000_km2 : float
        Downloaded for a thousand square kilometres, roughly. [MB]
    """

    gives: str
    fixed_mb: float = 0.0
    mb_per_1000_km2: float = 0.0

    def megabytes(self, area: Area) -> float:
        """Return a rough size of the download. [MB]"""
        return self.fixed_mb + self.mb_per_1000_km2 * area.km2 / 1000.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a provider brought.

    Attributes
    ----------
    data : GeoDataFrame, DataArray or bytes
        Canonical columns in any known CRS; a raster in the metric CRS; or the answer itself, for a climate.
    query : str
        What was asked, so that it can be asked again.
    date : str
        Of the data where the service tells it, else of the download.
    origin : str
        Maker and service.
    notes : list of str
        What a planner should know.
    """

    data: Any
    query: str
    date: str
    origin: str
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Provider:
    """A maker of open data.

    Attributes
    ----------
    id : str
        A short name.
    title, licence : str
        Of the data.
    hosts : tuple of str
        The only ones that are ever asked.
    offers : mapping of str to Offer
        By layer.
    requests : callable
        ``(job) -> list of Request``: what would be asked.
    fetch : callable
        ``(job) -> Fetched``.
    gap_s : float
        Least time between two requests to one host. [s]
    """

    id: str
    title: str
    licence: str
    hosts: tuple[str, ...]
    offers: Mapping[str, Offer]
    requests: Callable[[Job], list[Request]]
    fetch: Callable[[Job], Fetched]
    gap_s: float = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """One layer to be fetched from one provider.

    Attributes
    ----------
    spec : LayerSpec
        The layer's contract.
    provider : Provider
        Who is asked.
    area : Area
        The district.
    client : Client
        Sends the requests.
    cache : Path
        For answers and parts, so that a broken fetch goes on where it ended.
    ws : Workspace
        The workspace, for layers that the new one must fit to.
    today : str
        The date of the fetch.
    file : Path, optional
        A file to be read instead of a service.
    """

    spec: LayerSpec
    provider: Provider
    area: Area
    client: Client
    cache: Path
    ws: Workspace
    today: str
    file: Path | None = None

    def ask(self, url: str, **more: Any) -> Ask:
        """Return a request held to the provider's hosts and pace."""
        return Ask(url, self.provider.hosts, gap_s=self.provider.gap_s, **more)

    def part(self, url: str, first: int, last: int) -> Ask:
        """Return the request for a span of bytes of a file."""
        return self.ask(url, span=(first, last))

    def kept(self, ask: Ask) -> bytes:
        """Return the answer to a request, from the cache if it was given today."""
        path = self.cache / self.provider.id / f"{self.today}-{ask.key}"
        if path.is_file():
            return path.read_bytes()
        body = self.client.read(ask).body
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}")
        draft.write_bytes(body)
        draft.replace(path)
        return body
