"""Entries of fetched files in the register of sources: one is added or replaced, all else stays as it stands."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING

from changping_geo.layers.register import REGISTER, TABLE_LINE, Entry, Register, replace_whole
from changping_geo.model import SpecError

if TYPE_CHECKING:
    from pathlib import Path

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def put_entry(root: Path, entry: Entry) -> None:
    """Add an entry, or replace the one of the same path; other entries and comments are not touched.

    Parameters
    ----------
    root : Path
        The workspace.
    entry : Entry
        The new one.

    Raises
    ------
    SpecError
        If the register is wrong, or written in a way that is not edited.
    """
    register, file = Register.read(root), root / REGISTER
    text = file.read_bytes().decode("utf-8") if file.exists() else ""
    written = "[[file]]\n" + "".join(f"{f.name} = {_quoted(getattr(entry, f.name))}\n" for f in fields(Entry))
    if entry.path in register.entries:
        number = list(register.entries).index(entry.path)
        starts = [match.start() for match in TABLE_LINE.finditer(text)]
        start = starts[number] if number < len(starts) else len(text)
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        tail = _tail(text[start:end])
        changed = text[:start] + written + tail + text[end:]
    else:
        changed = f"{text.rstrip()}\n\n{written}".lstrip()
    try:
        tables = tomllib.loads(changed).get("file", [])
    except tomllib.TOMLDecodeError:
        tables = []
    others = [table for table in tables if table.get("path") != entry.path]
    if len(tables) != len(others) + 1 or {t["path"] for t in others} != set(register.entries) - {entry.path}:
        raise SpecError(
            f"{file}: the entry of {entry.path} is written in a way that is not edited; take it out by hand"
        )
    replace_whole(file, changed)


def _tail(table: str) -> str:
    """Return the blank lines and comments at the end of a table, which belong to the next one."""
    lines = table.splitlines(keepends=True)
    last = max((i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), default=0)
    return "".join(lines[last + 1 :])


def _quoted(text: str) -> str:
    """Return a text as a TOML string of one line."""
    return json.dumps(CONTROL.sub(" ", text).replace("\n", " "), ensure_ascii=False)
