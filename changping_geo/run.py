"""Which analyses, in which order, computed once, published whole."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from changping_geo import content
from changping_geo.layers.spec import NAME
from changping_geo.model import Result, ResultError, Run, Status
from changping_geo.publish import Draft
from changping_geo.sources.cache import identity
from changping_geo.wiring import Module, describe, order, read_modules, settings_by_analysis, split_settings
from changping_geo.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from changping_geo.model import Analysis, Layer, Value

log = logging.getLogger(__name__)
CLOSURE = 1e-9
EXTRA_COLUMNS = ("town_name", "name_en")
LAST_ROWS = ["outside", "district"]


class Kept(NamedTuple):
    """A result, and the layers that its analysis opened on the way."""

    result: Result
    opened: set[str]


def compute(
    ws: Workspace,
    names: Iterable[str],
    settings: Mapping[str, Value],
    key: str = "",
    kept: dict[str, Kept] | None = None,
) -> Run:
    """Run the analyses asked for, and those that they need, each once.

    Parameters
    ----------
    ws : Workspace
        The workspace.
    names : iterable of str
        Analyses; nothing means all.
    settings : mapping of str to value
        Chosen parameters, ``analysis.parameter`` to value, and chosen sources, ``layers.name`` to the id of a source.
    key : str
        Content key, for `Run.key`.
    kept : dict of str to Kept, optional
        Results of earlier runs by what they rest on; they are taken again, and new ones are added.

    Returns
    -------
    Run

    Raises
    ------
    GeoError
        Whatever a planner can mend.
    """
    modules = read_modules(ws.root)
    parameters, chosen = split_settings(settings)
    ws = ws.choosing({**ws.chosen, **chosen})
    arguments, used = settings_by_analysis(modules, parameters)
    kept = {} if kept is None else kept
    todo = order(modules, ws.specs, names)
    results: dict[str, Result] = {}
    analyses: dict[str, Analysis] = {}
    absent = {n for m in todo for n in m.optional if not ws.has(n)}
    at_once = dict.fromkeys(n for m in todo for n in m.needs if n not in modules and n not in m.lazy)
    layers = {n: ws.layer(n) for n in at_once if n not in absent}
    marks: dict[str, str] = {}
    identities: dict[str, str] = {}
    for number, module in enumerate(todo, 1):
        rests_on = [marks[n] if n in modules else identity(ws, n, identities) for n in module.needs]
        marks[module.name] = mark = repr((module.name, rests_on, sorted(arguments[module.name].items())))
        if mark not in kept:
            log.info("compute %s (%d of %d)", module.name, number, len(todo))
            began = time.perf_counter()
            opened: set[str] = set()
            given = [results[n] if n in modules else _given(ws, module, n, layers, opened) for n in module.needs]
            kept[mark] = Kept(module.compute(*given, **arguments[module.name]), opened)
            log.info("computed %s in %.1f s", module.name, time.perf_counter() - began)
        result, opened = kept[mark]
        layers |= {n: ws.layer(n) for n in opened if n not in layers}
        unopened = (set(module.lazy) - opened) | (absent & set(module.optional))
        used_here = [n for n in module.needs if n not in unopened]
        check(module, result, {n: len(layers[n].data) for n in used_here if n in layers})
        check_made(module.name, result, [*ws.specs, *(n for r in results.values() for n in (*r.made, *r.rasters))])
        below = [analyses[n].status if n in modules else layers[n].status for n in used_here]
        result.status = Status.weakest(below)
        results[module.name] = result
        analyses[module.name] = describe(module, modules, used[module.name], result.status, unopened)
    return Run(
        frame=ws.frame,
        key=key,
        layers=layers,
        titles={n: (ws.specs[n].title_zh, ws.specs[n].title_en) for n in layers},
        columns={n: dict(ws.specs[n].columns) for n in layers},
        analyses=analyses,
        results=results,
    )


def _given(ws: Workspace, module: Module, name: str, layers: dict[str, Layer], opened: set[str]) -> Any:
    """Return a layer as an analysis gets it: its data, a function that opens it, or None where it is absent."""
    if name in module.lazy:
        return _later(ws, name, layers, opened)
    return layers[name].data if name in layers else None


def _later(ws: Workspace, name: str, layers: dict[str, Layer], opened: set[str]) -> Callable[[], Any]:
    """Return a function that opens a layer when it is called, and notes it."""

    def give() -> Any:
        layers[name] = ws.layer(name)
        opened.add(name)
        return layers[name].data

    return give


def check(module: Module, result: Result, rows: Mapping[str, int]) -> None:
    """Hold a result to its output cards, to the towns, and to conservation.

    Parameters
    ----------
    module : Module
        The analysis.
    result : Result
        What it handed back.
    rows : mapping of str to int
        Rows of each layer that it took. [rows]

    Raises
    ------
    ResultError
        If a column is missing or unknown, a row is missing, or the towns do not add up to the district.
    """
    table = result.by_town
    names = [output.name for output in module.outputs]
    faults = [f"the output {n!r} is not in the table" for n in names if n not in table.columns]
    faults += [f"the column {c!r} has no output card" for c in table.columns if c not in (*names, *EXTRA_COLUMNS)]
    if list(table.index[-2:]) != LAST_ROWS or not table.index.is_unique:
        faults.append("the rows must be the towns, each once, then 'outside' and 'district'")
    faults += [] if faults else _open_sums(module, result)
    faults += [
        f"values for the layer {layer!r} have {len(frame)} rows, the layer has {rows[layer]}"
        for layer, frame in result.features.items()
        if layer in rows and len(frame) != rows[layer]
    ]
    if faults:
        raise ResultError(f"{module.name}: " + "; ".join(faults) + "; nothing is published")


def _open_sums(module: Module, result: Result) -> list[str]:
    faults = []
    for output in module.outputs:
        if not output.extensive:
            continue
        values = result.by_town[output.name].to_numpy(dtype="float64")
        parts, whole = values[:-1], values[-1]
        scale = max(float(np.abs(parts).sum()), abs(whole), 1e-300)
        if not abs(parts.sum() - whole) <= CLOSURE * scale:
            faults.append(f"{output.name}: towns and outside add up to {parts.sum()!r}, the district says {whole!r}")
    return faults


def check_made(analysis: str, result: Result, taken: Iterable[str]) -> None:
    """Hold the layers and rasters that an analysis made to names of their own and to one kind of shape.

    Parameters
    ----------
    analysis : str
        The analysis.
    result : Result
        What it handed back.
    taken : iterable of str
        Names of the workspace's layers, and of what other analyses made.

    Raises
    ------
    ResultError
        If a name is taken or cannot name a file, rows are not numbered from 0, or kinds of shapes are mixed.
    """
    used = set(taken)
    faults = []
    for name in (*result.made, *result.rasters):
        if not NAME.fullmatch(name) or name in used:
            faults.append(f"{name!r} is no free name for a layer; use lower-case letters, digits and underscores")
        used.add(name)
    for name, made in result.made.items():
        kinds = {str(kind).removeprefix("Multi") for kind in made.data.geom_type.dropna().unique()}
        if len(kinds) > 1:
            faults.append(f"the layer {name!r} mixes {', '.join(sorted(kinds))}")
        if not made.data.index.equals(pd.RangeIndex(len(made.data))):
            faults.append(f"the rows of the layer {name!r} are not numbered from 0")
        if made.key and not made.data[made.key].is_unique:
            faults.append(f"the layer {name!r} has rows with the same {made.key}")
    if faults:
        raise ResultError(f"{analysis}: " + "; ".join(faults) + "; nothing is published")


def is_published(folder: Path) -> bool:
    """Return whether a run folder is there and whole.

    Raises
    ------
    ResultError
        If the folder is there but somebody took files out of it.
    """
    if not folder.is_dir():
        return False
    if not (folder / "provenance.json").is_file():
        raise ResultError(f"{folder} is not whole any more (provenance.json is gone); remove the folder and run again")
    return True


def publish(root: Path, names: tuple[str, ...], settings: Mapping[str, Value], results: Path | None) -> Path:
    """Compute and publish a whole run folder, or return the one that is there.

    Parameters
    ----------
    root : Path
        The workspace.
    names : tuple of str
        Analyses; nothing means all.
    settings : mapping of str to value
        Chosen parameters.
    results : Path, optional
        Folder of run folders; by default ``results`` in the workspace.

    Returns
    -------
    Path
        ``results/<key>``, whole.
    """
    key = content.run_key(root, names, settings)
    folder = results or root / "results"
    if is_published(folder / key):
        return folder / key
    from changping_geo.present.folder import write_folder  # noqa: PLC0415 - heavy
    from changping_geo.present.map_open import with_ground  # noqa: PLC0415 - heavy

    ws = Workspace(root)
    run = with_ground(ws, compute(ws, names, settings, key))
    with Draft(folder, key) as draft:
        write_folder(run, root, draft.path)
        return draft.publish()
