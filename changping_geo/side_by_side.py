"""A comparison, published whole: ``results/compare-<a>-<b>-<key>/``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from changping_geo import content
from changping_geo.compare import compare, scenario
from changping_geo.model import SpecError
from changping_geo.publish import Draft
from changping_geo.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def publish_compare(root: Path, a: str, b: str, names: Iterable[str] = (), results: Path | None = None) -> Path:
    """Compute and publish the comparison of two scenarios, or return the one that is there.

    Parameters
    ----------
    root : Path
        The workspace.
    a, b : str
        Scenarios: a name in ``scenarios/``, a TOML file, or ``default``.
    names : iterable of str
        Analyses; nothing means all.
    results : Path, optional
        Folder of run folders; by default ``results`` in the workspace.

    Returns
    -------
    Path
        The published folder.

    Raises
    ------
    GeoError
        Whatever a planner can mend: unknown scenarios or parameters, scenarios that choose or give the same.
    """
    if not (root / "layers" / "district.toml").is_file():
        raise SpecError(f"{root} is no workspace: layers/district.toml is missing")
    wanted = tuple(names)
    first, second = scenario(root, a), scenario(root, b)
    keys = [content.run_key(root, wanted, one.settings) for one in (first, second)]
    key = hashlib.sha256("\n".join((*keys, first.name, second.name)).encode()).hexdigest()[:12]
    name = f"compare-{first.name}-{second.name}-{key}"
    folder = results or root / "results"
    if (folder / name / "compare.html").is_file():
        return folder / name
    found = compare(Workspace(root), a, b, wanted)
    from changping_geo.present.comparepage import write_compare  # noqa: PLC0415 - heavy

    with Draft(folder, name) as draft:
        write_compare(found, draft.path)
        return draft.publish()
