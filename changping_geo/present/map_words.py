"""The words that a map's TOML may use, and what they ask of each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from changping_geo.present.classes import KINDS, PALETTES

if TYPE_CHECKING:
    from changping_geo.present.mapspec import Drawn, MapSpec

BASE_MAPS = ("plain", "tianditu", "amap", "osm")
LANGUAGES = ("zh", "en")
DRAWS = ("packed", "shapes", "points", "raster")
USES = ("internal", "public")
MEANS = ("sum", "mean")
# Layers that the page's own base map knows how to draw, from the bottom up.
GROUND = ("land_cover", "parks", "urban_green", "terrain", "roads")
# What a raster has no use for.
_ROWS_ONLY = (
    "column",
    "colour",
    "popup",
    "filters",
    "search",
    "title",
    "time",
    "size",
    "only",
    "grid_m",
    "grid_column",
)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MOST_CLASSES = 9  # more cannot be told apart
_ZOOMS = (0, 22)


def one_of(word: str, known: tuple[str, ...], what: str, faults: list[str]) -> None:
    """Add a fault if a word is not in its list."""
    if word not in known:
        faults.append(f"{what}: {word!r} is unknown; use: {', '.join(w for w in known if w)}")


def faults_of_page(spec: MapSpec) -> list[str]:
    """Return what is wrong with the words of a page itself."""
    faults: list[str] = []
    for word in spec.base_maps:
        one_of(word, BASE_MAPS, "base_maps", faults)
    for word in spec.ground:
        one_of(word, GROUND, "ground", faults)
    one_of(spec.language, LANGUAGES, "language", faults)
    if not spec.base_maps:
        faults.append("base_maps is empty; 'plain' needs no network")
    if spec.towns is not None:
        faults += _classes(spec.towns.palette, spec.towns.kind, spec.towns.classes, "[towns]")
        faults += _share(spec.towns.opacity, "[towns]")
    return faults


def faults_of_layer(drawn: Drawn, where: str) -> list[str]:
    """Return what is wrong with the words and numbers of a data layer."""
    faults: list[str] = []
    one_of(drawn.draw, DRAWS, f"{where}: draw", faults)
    faults += _classes(drawn.palette, drawn.kind, drawn.classes, where)
    faults += _share(drawn.opacity, where)
    colours = [*drawn.colours.values(), *([drawn.colour] if drawn.colour else [])]
    faults += [
        f"{where}: {colour!r} is no colour; write it as #rrggbb" for colour in colours if not _COLOUR.fullmatch(colour)
    ]
    least, most = _ZOOMS
    if not least <= drawn.min_zoom <= drawn.max_zoom <= most:
        faults.append(
            f"{where}: min_zoom = {drawn.min_zoom} and max_zoom = {drawn.max_zoom} must rise within {least} to {most}"
        )
    faults += [
        f"{where}: {name} = {getattr(drawn, name)}; it cannot be negative"
        for name in ("radius_px", "width_px", "least_px", "grid_m")
        if getattr(drawn, name) < 0
    ]
    if drawn.draw == "raster":
        faults += [f"{where}: a raster has no {name}" for name in _ROWS_ONLY if getattr(drawn, name)]
    else:
        faults += _rows(drawn, where)
    return faults


def _rows(drawn: Drawn, where: str) -> list[str]:
    faults = []
    if not drawn.column and not drawn.colour:
        faults.append(f"{where}: say by what it is coloured: a column, or one colour")
    if drawn.column and drawn.colour:
        faults.append(f"{where}: column and colour exclude each other")
    if drawn.colours and not drawn.column:
        faults.append(f"{where}: colours needs the column whose words it colours")
    if drawn.grid_m and not (drawn.grid_column or (drawn.column and not drawn.colours)):
        faults.append(f"{where}: grid_m needs grid_column, the numbers that the squares tell")
    if drawn.size and drawn.draw != "points":
        faults.append(f'{where}: size is for draw = "points"')
    return faults


def _classes(palette: str, kind: str, classes: int, where: str) -> list[str]:
    faults: list[str] = []
    one_of(palette, tuple(PALETTES), f"{where}: palette", faults)
    one_of(kind, KINDS, f"{where}: kind", faults)
    if not 1 <= classes <= _MOST_CLASSES:
        faults.append(f"{where}: classes = {classes}; use 1 to {_MOST_CLASSES}")
    return faults


def _share(opacity: float, where: str) -> list[str]:
    return [] if 0 <= opacity <= 1 else [f"{where}: opacity = {opacity}; use 0 to 1"]
