"""What people call things, from the package's tables: headings, words of value lists, units."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from changping_geo.layers.spec import Column

BRACKETS = re.compile(r"[(（\[【〔{]([^()（）\[\]【】〔〕{}]*)[)）\]】〕}]")
NOISE = re.compile(r"[\s_\-—·.:：、,，*#/\\]+")
# How well a heading speaks for a column.
EXACT, LAST, INSIDE, CUT = 1.0, 0.9, 0.6, 0.75
SHORTEST_INSIDE, SHORTEST_CUT, SHORTEST_ASCII_UNIT = 2, 3, 3


@cache
def tables() -> dict[str, Any]:
    """Return the package's tables of words."""
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


def bare(text: object) -> str:
    """Return a heading or word for comparing: small letters, without unit in brackets, blanks and marks."""
    flat = unicodedata.normalize("NFKC", str(text)).lower()
    return NOISE.sub("", BRACKETS.sub("", flat))


def synonyms(layer: str, column: Column) -> list[str]:
    """Return what a column may be called, its own name and titles first."""
    words = tables()["columns"]
    own = [column.name, column.short, column.title_zh, column.title_en]
    own += words.get(layer, {}).get(column.name, []) + words["*"].get(column.name, [])
    return [w for w in dict.fromkeys(bare(text) for text in own) if w]


def likeness(heading: str, layer: str, column: Column) -> float:
    """Return how well a heading speaks for a column.

    Parameters
    ----------
    heading : str
        As the file has it; parts of merged headings are joined with ``/``.
    layer : str
        The layer's name.
    column : Column
        A column of its contract.

    Returns
    -------
    float
        0 for not at all, 1 for a name or synonym of the column. [1]
    """
    if heading == column.name:
        return 1.1
    known = synonyms(layer, column)
    whole, last = bare(heading), bare(heading.rpartition("/")[2])
    if whole in known:
        # A name of the layer's own table says more than one that any layer has.
        return EXACT
    if last in known:
        return LAST
    # Field names of a DBF are cut after ten bytes.
    if len(whole) >= SHORTEST_CUT and not whole.isascii() and any(word.startswith(whole) for word in known):
        return CUT
    inside = [w for w in known if len(w) > SHORTEST_INSIDE - w.isascii() * -2 and w in whole]
    return INSIDE if inside else 0.0


def word_of(text: str, layer: str, column: Column) -> str:
    """Return the accepted word for a word of a file, or nothing."""
    flat = bare(text)
    if text in column.values:
        return text
    for word, labels in column.values.items():
        if flat in {bare(word), *map(bare, labels)}:
            return word
    lists = tables()["values"]
    known = lists.get("*", {}).get(column.name, {}) | lists.get(layer, {}).get(column.name, {})
    for word, others in known.items():
        if word in column.values and flat in map(bare_word, others):
            return str(word)
    for word, others in known.items():
        if word in column.values and any(_starred(flat, pattern) for pattern in others if "*" in pattern):
            return str(word)
    return ""


def bare_word(text: str) -> str:
    """Return a word of a list for comparing; a pattern compares with nothing."""
    return "\x00" if "*" in text else bare(text)


def _starred(flat: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), flat) is not None


def unit_of(heading: str, column: Column) -> tuple[float, str]:
    """Return the factor that a heading's unit asks for, and its word.

    Returns
    -------
    float, str
        1 and nothing when the heading names no unit; 0 and the word when its unit is not known.
    """
    known: dict[str, float] = tables()["units"].get(column.unit, {})
    flat = unicodedata.normalize("NFKC", heading).lower()
    given = [part.strip() for part in BRACKETS.findall(flat)]
    plain_known = {unicodedata.normalize("NFKC", w).lower(): (w, f) for w, f in known.items()}
    for part in given:
        if part in plain_known:
            return plain_known[part][1], plain_known[part][0]
        inside = [w for w in plain_known if w in part and (len(w) >= SHORTEST_INSIDE)]
        if inside:
            best = max(inside, key=len)
            return plain_known[best][1], plain_known[best][0]
    rest = BRACKETS.sub("", flat)
    for word in sorted(plain_known, key=len, reverse=True):
        parted = rest.endswith((f"_{word}", f"/{word}"))
        named = len(word) >= SHORTEST_INSIDE and not word.isascii() and word in rest
        if parted or named:
            return plain_known[word][1], plain_known[word][0]
    strange = [part for part in given if any(part in map(str.lower, units) for units in tables()["units"].values())]
    return (0.0, strange[0]) if strange and known else (1.0, "")
