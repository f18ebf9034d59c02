"""Which parts of a page a run can show: layers of analyses that did not run are left out, as the page's TOML says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from changping_geo.present.map_rows import raster_of, rows_of

if TYPE_CHECKING:
    from changping_geo.model import Run
    from changping_geo.present.mapspec import Drawn, MapSpec


def of_run(run: Run, spec: MapSpec) -> MapSpec:
    """Return a page without the layers whose analyses (``when``) are not part of the run.

    The page's ``needs`` gains those that are; groups that have become empty are left out.

    Parameters
    ----------
    run : Run
        The run.
    spec : MapSpec
        The page, as its TOML says.
    """
    kept = tuple(drawn for drawn in spec.layers if set(drawn.when) <= set(run.results))
    more = [name for drawn in kept for name in drawn.when if name not in spec.analyses]
    return replace(spec, needs=(*spec.needs, *dict.fromkeys(more)), layers=kept, groups=_groups(spec, kept))


def delivered(run: Run, spec: MapSpec) -> MapSpec:
    """Return a page without its optional layers that are not in the run: nobody has delivered or made them.

    Parameters
    ----------
    run : Run
        The run, with the layers that were opened for its maps.
    spec : MapSpec
        The page, after `of_run`.
    """
    kept = tuple(d for d in spec.layers if not d.optional or _is_there(run, spec, d))
    return replace(spec, layers=kept, groups=_groups(spec, kept))


def _is_there(run: Run, spec: MapSpec, drawn: Drawn) -> bool:
    find = raster_of if drawn.draw == "raster" else rows_of
    return find(run, spec, drawn.layer) is not None


def _groups(spec: MapSpec, kept: tuple[Drawn, ...]) -> dict[str, tuple[str, str]]:
    gone = {drawn.group for drawn in spec.layers} - {drawn.group for drawn in kept}
    return {name: pair for name, pair in spec.groups.items() if name not in gone}
