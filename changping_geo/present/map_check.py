"""A page's spec held to the run that it shows: everything that is named must be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from changping_geo.model import SpecError
from changping_geo.present.map_rows import drawable, only_rows, raster_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from changping_geo.model import Run
    from changping_geo.present.map_rows import Rows
    from changping_geo.present.mapspec import Drawn, MapSpec

_KIND_OF_DRAW = {
    "points": ("Point",),
    "shapes": ("Polygon", "LineString"),
    "packed": ("Polygon", "LineString", "Point"),
}
# More than this many single pictures make a page slow; canvas tiles carry any number. [rows]
MOST_SHAPES = 5000


def check(run: Run, spec: MapSpec) -> None:
    """Hold a map to the run that it shows.

    Raises
    ------
    SpecError
        If it names analyses, layers, columns, tables or words that are not there, or lacks what a page for the public
        must carry; all faults at once.
    """
    absent = [name for name in spec.analyses if name not in run.results]
    if absent:
        has = ", ".join(run.results)
        raise SpecError(
            f"{spec.file or spec.name}: analysis {', '.join(map(repr, absent))} is not in the run; it has: {has}"
        )
    known = run.results[spec.analysis].by_town.columns
    faults = _unknown(spec.headline, known, "headline")
    if spec.towns is not None:
        faults += _unknown((spec.towns.column, *spec.towns.popup), known, "[towns]")
    for number, drawn in enumerate(spec.layers, 1):
        faults += _layer(run, spec, drawn, f"[[layers]] {number} ({drawn.key})")
    faults += _public(run, spec)
    if faults:
        raise SpecError(f"{spec.file or spec.name}:\n" + "\n".join(f"  - {fault}" for fault in faults))


def _public(run: Run, spec: MapSpec) -> list[str]:
    """Return what a page for the public lacks."""
    if spec.use != "public":
        return []
    needed = {
        "map_approval_number": '审图号, such as "京S(2024)000号"',
        "boundary_source": "whose boundaries are shown",
    }
    return [
        f"a page for the public needs {name} ({what}): add it to the map, or to [frame] of layers/district.toml"
        for name, what in needed.items()
        if not (getattr(spec, name) or getattr(run.frame, name))
    ]


def _layer(run: Run, spec: MapSpec, drawn: Drawn, where: str) -> list[str]:
    if drawn.draw == "raster":
        grid = raster_of(run, spec, drawn.layer)
        return [_absent(run, spec, drawn.layer, where, "raster")] if grid is None else _codes(drawn, where)
    rows = rows_of(run, spec, drawn.layer)
    if rows is None:
        return [_absent(run, spec, drawn.layer, where, "layer with shapes")]
    columns = [str(column) for column in rows.data.columns if column != rows.data.geometry.name]
    faults = _unknown(drawn.columns, columns, where)
    kinds = sorted({str(kind).removeprefix("Multi") for kind in rows.data.geom_type.dropna().unique()})
    if not set(kinds) <= set(_KIND_OF_DRAW[drawn.draw]) or len(kinds) > 1:
        faults.append(f"{where}: draw = {drawn.draw!r} does not fit shapes of {', '.join(kinds)}")
    if drawn.only:
        _, fault = only_rows(run, spec, drawn, rows)
        faults += [f"{where}: {fault}"] if fault else []
    elif drawn.draw != "packed" and len(rows.data) > MOST_SHAPES:
        faults.append(f'{where}: {len(rows.data):,} rows are too many to be drawn one by one; use draw = "packed"')
    return faults or _kinds(drawn, rows, where)


def _kinds(drawn: Drawn, rows: Rows, where: str) -> list[str]:
    """Return columns whose values do not fit what is asked of them."""
    faults = []
    if drawn.colours:
        found = sorted(set(rows.data[drawn.column].dropna().astype(str)) | set(rows.words.get(drawn.column, {})))
        extra = sorted(set(drawn.colours) - set(found))
        faults += [
            f"{where}: colours: {word!r} is no word of {drawn.column}; words: {', '.join(found)}" for word in extra
        ]
    numbers = {"column": "" if drawn.colours else drawn.column, "size": drawn.size}
    if drawn.grid_m:
        numbers["grid_column"] = drawn.grid_column or drawn.column
    for entry, column in numbers.items():
        if column and not _numeric(rows.data[column]):
            words = sorted(set(rows.data[column].dropna().astype(str)))[:12]
            remedy = f"; give [layers.colours] a colour per word: {', '.join(words)}" if entry == "column" else ""
            faults.append(f"{where}: {entry} = {column!r} holds no numbers{remedy}")
    return faults


def _numeric(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values)) and not pd.api.types.is_bool_dtype(values)


def _codes(drawn: Drawn, where: str) -> list[str]:
    wrong = [code for code in drawn.colours if not code.lstrip("-").isdigit()]
    return [f"{where}: colours: {code!r} is no whole number, and codes of a raster are" for code in wrong]


def _absent(run: Run, spec: MapSpec, name: str, where: str, kind: str) -> str:
    return f"{where}: {name!r} is no {kind} of the run; it has: {', '.join(drawable(run, spec))}"


def _unknown(names: Iterable[str], known: Any, where: str) -> list[str]:
    listed = ", ".join(map(str, known))
    return [f"{where}: unknown column {name!r}; known are: {listed}" for name in names if name not in known]
