"""How well a part of a file fits a layer: which column is which, which word means what, in which unit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.intake.words import bare, likeness, tables, unit_of, word_of
from changping_geo.layers.adapt import ROW
from changping_geo.layers.columns import numbers_of, texts_of
from changping_geo.layers.faults import plain

if TYPE_CHECKING:
    import pandas as pd

    from changping_geo.intake.look import Part
    from changping_geo.layers.spec import Column, LayerSpec

# Points of a score: a required column, another one, one that many layers share; signs in names and texts.
REQUIRED, OPTIONAL, SHARED = 2.0, 1.0, 0.4
TITLE, CONTENT, GAP = 2.5, 2.5, 2.0
# Share of a column's texts that must be numbers, or known words, for the column to be taken.
NUMBERS, WORDS = 0.8, 0.34
# A unit is judged by magnitude when less than this share lies in the column's range, and more than that once scaled.
FEW, MOST = 0.5, 0.9
WORDS_JUDGED = 400
EVERYWHERE = {"name", "name_zh", "name_en", "status", "open_year", "year", "unit", "value", "source", "region", "kind"}


@dataclass(slots=True)
class Match:
    """One column of a file taken for one of a layer.

    Attributes
    ----------
    heading, column : str
        In the file, and in the layer.
    how : str
        Why, in words.
    factor : float
        What numbers are multiplied with. [1]
    words : dict of str to str
        Word of the file to accepted word, where they differ.
    unknown : list of str
        Words without an accepted one.
    worth : float
        Likeness times share of values that fit. [1]
    """

    heading: str
    column: str
    how: str = ""
    factor: float = 1.0
    words: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    worth: float = 0.0


@dataclass(slots=True)
class Fit:
    """A part of a file taken for a layer.

    Attributes
    ----------
    part, spec
        What is taken for what.
    score : float
        Points; comparable between layers.
    matches : list of Match
        Columns.
    fill : dict of str to str
        Required columns that the file lacks, and what is assumed.
    key_from : tuple of str
        Columns of the file that make the key.
    lon, lat : str
        Columns with coordinates.
    missing : list of str
        Required columns that nothing gives.
    notes : list of str
        How units and keys are known.
    """

    part: Part
    spec: LayerSpec
    score: float = 0.0
    matches: list[Match] = field(default_factory=list)
    fill: dict[str, str] = field(default_factory=dict)
    key_from: tuple[str, ...] = ()
    lon: str = ""
    lat: str = ""
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fit(part: Part, spec: LayerSpec) -> Fit | None:
    """Take a part of a file for a layer.

    Returns
    -------
    Fit or None
        Nothing when its geometry cannot serve the layer.
    """
    found = Fit(part, spec)
    if part.frame is None or spec.geometry in ("raster", "climate"):
        return None
    if part.kind == "table" and spec.geometry == "point":
        found.lon, found.lat = coordinates(part)
        if not found.lon:
            return None
    elif spec.geometry not in (part.kind, "table"):
        return None
    names = [str(c) for c in part.frame.columns if c != "geometry" and str(c) not in (found.lon, found.lat)]
    found.matches = _assign(part.frame, names, spec)
    _complete(found, names)
    found.score += sum(m.worth * _weight(spec, m.column) for m in found.matches) + _signs(found)
    found.score -= GAP * len(found.missing)
    return found


def coordinates(part: Part) -> tuple[str, str]:
    """Return the columns with longitude and latitude (or easting and northing); nothing when there are none.

    Of several pairs, the one in WGS84 is taken.
    """
    table = tables()["coordinates"]
    frame = part.frame
    if frame is None:
        return "", ""
    sides = []
    for side in ("lon", "lat"):
        order = [bare(word) for word in table[side]]
        names = [str(c) for c in frame.columns if bare(str(c).rpartition("/")[2]) in order]
        names = [n for n in names if np.isfinite(numbers_of(frame[n])).mean() >= NUMBERS]
        sides.append(sorted(names, key=lambda n: ("wgs" not in n.lower(), order.index(bare(n.rpartition("/")[2])))))
    if not all(sides):
        return "", ""
    return sides[0][0], sides[1][0]


def _weight(spec: LayerSpec, name: str) -> float:
    if name in EVERYWHERE or name == spec.key:
        return SHARED
    return REQUIRED if spec.columns[name].required else OPTIONAL


def _assign(frame: pd.DataFrame, names: list[str], spec: LayerSpec) -> list[Match]:
    """Give each column of the layer the heading that speaks best for it; each heading serves once."""
    offers = []
    for order, column in enumerate(spec.columns.values()):
        if column.name == spec.key:
            continue
        for name in names:
            like = likeness(name, spec.name, column)
            if like > 0.0:
                offers.append((like, order, name, column))
    taken: set[str] = set()
    out: dict[str, Match] = {}
    # A column of the file that has a canonical name already cannot be given another.
    for like, _, name, column in sorted(offers, key=lambda offer: (-offer[0], offer[1], names.index(offer[2]))):
        if name in taken or column.name in out or (name in spec.columns and name != column.name):
            continue
        match = _judge(frame[name], name, column, spec.name, like)
        if match is not None:
            taken.add(name)
            out[column.name] = match
    return [out[name] for name in spec.columns if name in out]


def _judge(series: pd.Series[Any], name: str, column: Column, layer: str, like: float) -> Match | None:
    match = Match(name, column.name, "same name" if like > 1.0 else "by name", worth=min(like, 1.0))
    texts = texts_of(series)
    there = texts[[t is not None for t in texts]]
    if not len(there):
        match.worth = 0.0
        return match if like > 1.0 else None
    words = column.values  # noqa: PD011 - a card, no frame
    if words and column.type == "text":
        share = _learn(match, there, layer, column)
        match.worth *= share
        return match if share >= WORDS or like > 1.0 else None
    if column.type in ("int", "float"):
        numbers = numbers_of(series)
        share = float(np.isfinite(numbers).sum() / len(there))
        if share < NUMBERS and like <= 1.0:
            return None
        match.worth *= share
        _measure(match, numbers[np.isfinite(numbers)], column)
    return match


def _learn(match: Match, texts: Any, layer: str, column: Column) -> float:
    """Find the accepted word of each word; return the share of rows that have one. [1]"""
    counts = Counter(texts.tolist())
    known = 0
    for text, count in counts.most_common(WORDS_JUDGED):
        word = word_of(text, layer, column)
        known += count * bool(word)
        if word and word != text:
            match.words[text] = word
        elif not word:
            match.unknown.append(text)
    return known / len(texts)


def _measure(match: Match, numbers: Any, column: Column) -> None:
    """Find the unit: as the heading says, else by magnitude."""
    factor, word = unit_of(match.heading, column)
    if word and not factor:
        match.how += f", unit {plain(word)} is not one of {column.unit}"
        match.worth *= 0.5
        return
    if word:
        match.factor = factor
        if factor != 1.0:
            match.how += f", unit {word} → {column.unit} (× {factor:.6g})"
        return
    if column.range is None or not numbers.size or not column.unit:
        return
    low, high = column.range

    def inside(by: float) -> float:
        return float(((numbers * by >= low) & (numbers * by <= high)).mean())

    if inside(1.0) >= FEW:
        return
    factors = sorted({f for f in tables()["units"].get(column.unit, {}).values() if f != 1.0})
    fitting = [f for f in factors if inside(f) >= MOST]
    if fitting:
        match.factor = _nearest(fitting, numbers, low, high)
        match.how += f", by magnitude × {match.factor:.6g} → {column.unit}: please confirm"


def _nearest(factors: list[float], numbers: Any, low: float, high: float) -> float:
    """Of the factors that fit, the one whose largest number fills the range best."""
    top = float(np.max(numbers))
    below = [f for f in factors if top * f <= high]
    return max(below or factors) if low >= 0.0 and high <= 1.0 else min(factors, key=lambda f: abs(np.log(f)))


def _complete(found: Fit, names: list[str]) -> None:
    """Find the key, assume what may be assumed, and name what is missing."""
    spec, frame = found.spec, found.part.frame
    have = {m.column for m in found.matches}
    if spec.key and spec.key not in have:
        _find_key(found, [n for n in names if n not in {m.heading for m in found.matches}] + names)
        have.add(spec.key)
    assumed = tables()["assumed"].get(spec.name, {})
    for column in spec.columns.values():
        if not column.required or column.name in have:
            continue
        if column.name in assumed and frame is not None and column.name not in frame.columns:
            found.fill[column.name] = assumed[column.name]
            label = column.values.get(assumed[column.name], ("", ""))[0]  # noqa: PD011 - as above
            found.notes.append(
                f"the file has no {column.title_zh} ({column.name}); assumed for every row: {label} "
                f"({assumed[column.name]})"
            )
        else:
            found.missing.append(column.name)


def _find_key(found: Fit, names: list[str]) -> None:
    spec, frame = found.spec, found.part.frame
    if frame is None:
        return
    column = spec.columns[spec.key]
    if spec.key in names:
        found.matches.insert(0, Match(spec.key, spec.key, "same name", worth=1.0))
        return
    used = {m.heading for m in found.matches}
    ranked = sorted(dict.fromkeys(names), key=lambda n: -likeness(n, spec.name, column))
    for name in ranked:
        like = likeness(name, spec.name, column)
        if like > 0.0 and _unique(frame, [name]):
            if name in used:
                found.key_from = (name,)
            else:
                found.matches.insert(0, Match(name, spec.key, "by name, each row its own", worth=like))
            return
    for group in tables()["keys"].get(spec.name, []):
        known = [bare(word) for word in group]
        together = sorted((n for n in dict.fromkeys(names) if bare(n) in known), key=lambda n: known.index(bare(n)))
        if len(together) > 1 and _unique(frame, together):
            found.key_from = tuple(together)
            found.notes.append(f"{spec.key} made of {' + '.join(together)}, which together are unique")
            return
    if column.name.endswith(("town_code",)):
        found.missing.append(spec.key)
        return
    found.key_from = (ROW,)
    found.notes.append(f"no column is unique; {spec.key} is the number of the row")


def _unique(frame: pd.DataFrame, names: list[str]) -> bool:
    rows = list(zip(*(texts_of(frame[name]) for name in names), strict=True))
    return all(all(cell is not None for cell in row) for row in rows) and len(set(rows)) == len(rows)


def _signs(found: Fit) -> float:
    """Return points for the layer's words in the names of the file, and in the names of its rows."""
    table = tables()["signs"].get(found.spec.name, {"title": [], "content": []})
    words = found.part.words.lower()
    points = TITLE if any(sign in words for sign in [*table["title"], found.spec.name]) else 0.0
    name = next((m.heading for m in found.matches if m.column in ("name", "name_zh")), "")
    if name and table["content"] and found.part.frame is not None:
        texts = [t.lower() for t in texts_of(found.part.frame[name]) if t is not None]
        hits = sum(any(sign in text for sign in table["content"]) for text in texts)
        points += CONTENT * hits / max(len(texts), 1)
    return points
