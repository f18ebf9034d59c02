"""``changping-geo fetch``: list what there is, show the requests, or fetch layer by layer."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from changping_geo.fetch import Job
from changping_geo.fetch.area import Area
from changping_geo.fetch.asks import OfflineError
from changping_geo.fetch.client import Client
from changping_geo.fetch.keep import FOLDER, SUFFIX, keep, open_source, place
from changping_geo.fetch.providers import FROM_FILE, PROVIDERS, choose, layers
from changping_geo.model import AnalysisError, GeoError, SourceError
from changping_geo.screen import table
from changping_geo.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from changping_geo.fetch import Request

log = logging.getLogger(__name__)
HEAD = {
    "zh": ("图层", "名称", "来源", "下载量(约)", "文件", "内容", "许可"),
    "en": ("layer", "title", "provider", "download", "file", "what it gives", "licence"),
}
FROM = {
    "zh": "osm 的图层也可从本地文件读取: --from FILE.osm.pbf; 选用其他来源: --by PROVIDER",
    "en": "layers of osm also come from a file on disk: --from FILE.osm.pbf; another provider: --by PROVIDER",
}
# Layers that are laid on the grid of another one.
FITTED = ("biomass",)
CACHE = ".cache/fetch"


def listing(root: Path, language: str) -> str:
    """Return who gives what for this district, under which licence, how much, and where the file would lie."""
    ws = Workspace(root)
    area, rows = _area(ws), []
    for name in layers():
        spec = ws.specs.get(name)
        if spec is None:
            continue
        title = spec.title_zh if language == "zh" else spec.title_en
        file = f"{FOLDER}/{name}{SUFFIX.get(spec.geometry, '.gpkg')}"
        for provider in PROVIDERS:
            if name in provider.offers:
                offer = provider.offers[name]
                size = f"{offer.megabytes(area):,.1f} MB"
                rows.append([name, title, provider.id, size, file, offer.gives, provider.licence])
    return "\n\n".join([table(HEAD[language], rows, [False] * 3 + [True] + [False] * 3), FROM[language]])


def dry_run(root: Path, names: Sequence[str], provider: str = "", file: Path | None = None) -> str:
    """Return the requests that fetching would make; none is made."""
    ws = Workspace(root)
    lines, total = [], 0
    for name in names or layers():
        job = _job(ws, name, provider, file, Client())
        found = job.provider.requests(job)
        total += sum(request.size or 0 for request in found)
        lines.append(f"{name} ({job.provider.id}): {len(found)}")
        lines += [f"  {_told(request)}" for request in found]
    return "\n".join([*lines, f"≈ {total / 1e6:,.1f} MB"])


def _told(request: Request) -> str:
    size = f"≈ {request.size / 1e6:,.2f} MB" if request.size else ""
    return "  ".join(part for part in (request.method, request.url, size, request.note) if part)


def fetch(
    root: Path,
    names: Sequence[str],
    provider: str = "",
    file: Path | None = None,
    client: Client | None = None,
) -> str:
    """Fetch layers, one after the other; one that fails does not keep the others from being fetched.

    Parameters
    ----------
    root : Path
        The workspace.
    names : sequence of str
        Layers; none means all that are not delivered.
    provider : str
        Another one than the preferred.
    file : Path, optional
        A file of OpenStreetMap to be read instead of a service.
    client : Client, optional
        Sends the requests.

    Returns
    -------
    str
        What was done, a line for each layer.

    Raises
    ------
    GeoError
        If a layer could not be fetched; those that could are kept.
    """
    ws, client = Workspace(root), client or Client()
    wanted = list(names) or [n for n in layers() if n in ws.specs and (file is None or n in FROM_FILE.offers)]
    jobs = [_job(ws, name, provider, file, client) for name in wanted]
    lines, faults, due = [], [], []
    for job in jobs:
        front = _in_front(job)
        if front and not names:
            lines.append(f"{job.spec.name}: {front} stands in front and is not touched; nothing is fetched")
            continue
        open_source(job)
        place(job)
        due.append(job)
    _reach(client, due)
    for number, job in enumerate(due):
        try:
            lines.append(_one(job, anew=number > 0))
        except GeoError as error:
            faults.append(f"{job.spec.name}: {error}")
            log.warning("%s is not fetched: %s", job.spec.name, error)
    if faults:
        told = "\n".join(lines + [f"  - {fault}" for fault in faults])
        raise SourceError(f"{len(faults)} of {len(due)} layers could not be fetched:\n{told}")
    return "\n".join(lines)


def _one(job: Job, *, anew: bool) -> str:
    log.info("fetch %s from %s", job.spec.name, job.provider.title)
    before = job.client.received
    if anew and job.spec.name in FITTED:
        # A layer fetched just before is seen by one that must fit to it.
        job = replace(job, ws=Workspace(job.ws.root))
    found = job.provider.fetch(job)
    for note in found.notes:
        log.info("%s: %s", job.spec.name, note)
    path, ledger = keep(job, found)
    front = _in_front(job)
    behind = f"; {front} stands in front of it" if front else ""
    megabytes = (job.client.received - before) / 1e6
    return f"{path}: {ledger.used:,} of {ledger.read:,} used, {megabytes:.1f} MB, {found.origin} ({found.date}){behind}"


def _job(ws: Workspace, name: str, wanted: str, file: Path | None, client: Client) -> Job:
    if name not in ws.specs:
        raise AnalysisError(f"unknown layer {name!r}; open data are fetched for: {', '.join(layers())}")
    provider = choose(name, wanted, from_file=file is not None)
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return Job(ws.spec(name), provider, _area(ws), client, ws.root / CACHE, ws, today, file.resolve() if file else None)


def _area(ws: Workspace) -> Area:
    return Area(ws.district, ws.frame.crs)


def _in_front(job: Job) -> str:
    """Return the file that is taken before the fetched one."""
    for source in job.spec.sources:
        if source.path.startswith(f"{FOLDER}/"):
            return ""
        if source.path:
            stem = job.ws.root / source.path.removesuffix(".*")
            found = [p for p in sorted(stem.parent.glob(f"{stem.name}.*")) if source.path.endswith(".*")]
            found += [stem] if stem.exists() else []
            if found:
                return found[0].relative_to(job.ws.root).as_posix()
    return ""


def _reach(client: Client, jobs: list[Job]) -> None:
    """Say at once when there is no way out, and where a planner may put files instead."""
    hosts = list(dict.fromkeys(host for job in jobs for host in job.provider.hosts))
    if not hosts:
        return
    try:
        client.reach(hosts)
    except OfflineError as error:
        places = ", ".join(f"{FOLDER}/{j.spec.name}{SUFFIX.get(j.spec.geometry, '.gpkg')}" for j in jobs)
        raise OfflineError(
            f"{error}; nothing was fetched. Without a connection, download where there is one (see --list) and put: "
            f"{places}; layers of OpenStreetMap also come from an extract on disk: --from FILE.osm.pbf"
        ) from error
