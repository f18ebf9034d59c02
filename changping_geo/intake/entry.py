"""A source entry as text, put into a layer's TOML before the others, which stay as they stand with their comments."""

from __future__ import annotations

import json
import os
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from changping_geo.layers.spec import Source, read_spec
from changping_geo.model import SpecError, Status

if TYPE_CHECKING:
    from pathlib import Path

SOURCES_LINE = re.compile(r"(?m)^[ \t]*\[\[\s*sources\s*\]\]")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
IMPORTED = re.compile(r'(?m)^id = "imported')
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def quoted(text: str) -> str:
    """Return a text as a TOML string of one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def written(source: Source) -> str:
    """Return a source as a ``[[sources]]`` table."""
    lines = ["[[sources]]"]
    for field in fields(Source):
        value = getattr(source, field.name)
        if value in ("", None, (), {}) or (field.name == "datum" and value == "cgcs2000"):
            continue
        lines.append(f"{field.name} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, Status):
        return quoted(value.word)
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items())
        return "{ " + inner + " }"
    if isinstance(value, (int, float)):
        return repr(value)
    return quoted(str(value))


def _key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else quoted(name)


def with_entry(text: str, source: Source, comment: str) -> str:
    """Return a layer's TOML with one more source in front of the others.

    An earlier imported entry of the same file is taken out.

    Raises
    ------
    SpecError
        If the text has no ``[[sources]]`` that could be found.
    """
    starts = [match.start() for match in SOURCES_LINE.finditer(text)]
    if not starts:
        raise SpecError("the layer's TOML writes its sources in a way that is not edited; add the entry by hand")
    blocks = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    path = f"path = {quoted(source.path)}"
    rest = "".join(_comments_after(b) if path in b.splitlines() and IMPORTED.search(b) else b for b in blocks)
    note = "".join(f"# {CONTROL.sub(' ', line)}\n" for line in comment.splitlines())
    head = text[: starts[0]].removesuffix(note)
    # Comments that stand directly above the first source belong to it.
    above = re.search(r"(?:^[ \t]*#[^\n]*\n)+\Z", head, re.MULTILINE)
    cut = above.start() if above else len(head)
    return f"{head[:cut]}{note}{written(source)}\n{head[cut:]}{rest}"


def _comments_after(block: str) -> str:
    """Return the comments at the end of a block, which belong to the next one."""
    lines = block.splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    return "".join(lines[last + 1 :]).lstrip("\n")


def check(file: Path, text: str, source: Source) -> None:
    """Check that a text is a contract whose first source is the new one.

    Raises
    ------
    SpecError
        If it is not.
    """
    draft = file.with_name(f"{file.stem}.toml")
    folder = file.parent / f".{os.getpid()}-check"
    folder.mkdir(parents=True)
    trial = folder / draft.name
    try:
        trial.write_text(text, encoding="utf-8")
        first = read_spec(trial).sources[0]
    finally:
        trial.unlink(missing_ok=True)
        folder.rmdir()
    if first != source:
        raise SpecError(
            f"{file}: it is written in a way that is not edited; add this entry by hand:\n{written(source)}"
        )
