"""Layers that maps show though no analysis read them: opened for the maps, once."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from changping_geo.model import MissingError
from changping_geo.present.folder import map_specs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from changping_geo.model import Layer, Run
    from changping_geo.present.mapspec import MapSpec
    from changping_geo.workspace import Workspace

log = logging.getLogger(__name__)


def with_ground(ws: Workspace, run: Run) -> Run:
    """Return a run that also holds what its maps show beside what its analyses read.

    A layer of the base map that nobody has delivered is left out of the base map.

    Parameters
    ----------
    ws : Workspace
        The workspace.
    run : Run
        A finished run.

    Raises
    ------
    DataError
        If a source is damaged or breaks its contract.
    """
    ground: dict[str, Layer] = {}
    for name in wanted(run, map_specs(run, ws.root)):
        if name not in ws.specs:
            continue
        try:
            ground[name] = ws.layer(name)
        except MissingError as error:
            log.info("the maps do without %s: %s", name, error)
    titles = {n: (ws.specs[n].title_zh, ws.specs[n].title_en) for n in ground}
    columns = {n: dict(ws.specs[n].columns) for n in ground}
    return replace(run, ground=ground, titles={**run.titles, **titles}, columns={**run.columns, **columns})


def wanted(run: Run, specs: Sequence[MapSpec]) -> list[str]:
    """Return the layers that pages name and the run has not read or made."""
    names: dict[str, None] = {}
    for spec in specs:
        made = {n for title in spec.analyses for n in (*run.results[title].made, *run.results[title].rasters)}
        named = (*spec.ground, *(drawn.layer for drawn in spec.layers))
        names |= dict.fromkeys(name for name in named if name not in run.layers and name not in made)
    return list(names)
