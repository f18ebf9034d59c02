"""The register of delivered files, ``data_raw/SOURCES.toml``: origin, licence, date, datum, status, and sha256."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from changping_geo.layers.spec import read_toml
from changping_geo.model import SourceError, SpecError

if TYPE_CHECKING:
    from pathlib import Path

REGISTER = "data_raw/SOURCES.toml"
CHUNK = 1 << 20
SHOWN = 12
HEX = re.compile(r"[0-9a-f]{64}")
HASH_LINE = re.compile(r"(?m)^(\s*sha256\s*=\s*)(\"[^\"\n]*\"|'[^'\n]*')")
TABLE_LINE = re.compile(r"(?m)^[ \t]*\[\[\s*file\s*\]\]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one delivered file.

    Attributes
    ----------
    path : str
        Below the workspace, with forward slashes.
    title, origin, licence, date, datum, status : str
        As its card says.
    sha256 : str
        What it must hash to; of a shapefile or a geodatabase, the hash over all its parts.
    query : str
        Of a fetched file, what was asked for.
    """

    path: str
    title: str = ""
    origin: str = ""
    licence: str = ""
    date: str = ""
    datum: str = ""
    sha256: str = ""
    status: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """The register of a workspace.

    Attributes
    ----------
    root : Path
        The workspace.
    entries : dict of str to Entry
        By path.
    """

    root: Path
    entries: dict[str, Entry]

    @classmethod
    def read(cls, root: Path) -> Register:
        """Read the register; a workspace without one has an empty register.

        Raises
        ------
        SpecError
            If it does not parse or an entry is wrong; all faults at once.
        """
        file = root / REGISTER
        if not file.exists():
            return cls(root, {})
        faults: list[str] = []
        entries: dict[str, Entry] = {}
        raw = read_toml(file)
        tables = raw.get("file", [])
        if set(raw) - {"file"} or not isinstance(tables, list):
            faults.append("only [[file]] tables belong here")
            tables = []
        for number, table in enumerate(tables, 1):
            entry = _entry(number, table, faults)
            if entry.path in entries:
                faults.append(f"{entry.path!r} is listed twice")
            entries[entry.path] = entry
        if faults:
            raise SpecError(f"{file}:\n" + "\n".join(f"  - {fault}" for fault in faults))
        return cls(root, entries)

    def verify(self, path: Path) -> None:
        """Check that a file is still the one that was registered. A file that is not listed passes.

        Raises
        ------
        SourceError
            If a listed file is missing or changed.
        """
        name = _name(self.root, path)
        entry = self.entries.get(name)
        if entry is None or not entry.sha256:
            return
        if not (self.root / name).exists():
            raise SourceError(f"{name}: the file is listed in {REGISTER} but missing; deliver it again")
        found = sha256_of(self.root / name)
        if found != entry.sha256:
            raise SourceError(
                f"{name}: the file changed since it was registered (sha256 {entry.sha256[:SHOWN]}… then, "
                f"{found[:SHOWN]}… now); if that is meant: changping-geo layers accept {name}"
            )


def accept(root: Path, path: Path) -> str:
    """Acknowledge a delivered file: write its sha256 into the register, or list it with plain defaults.

    Only the line of the sha256 changes; order and comments stay. The register is replaced whole.

    Parameters
    ----------
    root : Path
        The workspace.
    path : Path
        The file, relative to the workspace or absolute.

    Returns
    -------
    str
        A sentence on what was done.

    Raises
    ------
    SourceError
        If the file is missing or lies outside the workspace.
    SpecError
        If the register is wrong.
    """
    register = Register.read(root)
    name = _name(root, path)
    if not (root / name).exists():
        raise SourceError(f"{name}: there is no such file in the workspace")
    found, file = sha256_of(root / name), root / REGISTER
    entry = register.entries.get(name)
    if entry is not None and entry.sha256 == found:
        return f"{name}: unchanged ({found[:SHOWN]}…)"
    text = file.read_bytes().decode("utf-8") if file.exists() else ""
    if entry is None:
        replace_whole(file, f"{text.rstrip()}\n\n{_new_entry(name, found)}".lstrip())
        return f"{name}: listed ({found[:SHOWN]}…); fill in title, origin, licence, date and status in {REGISTER}"
    number = list(register.entries).index(name)
    changed = _with_hash(text, number, found)
    if tomllib.loads(changed)["file"][number].get("sha256") != found:
        raise SpecError(
            f"{file}: the entry of {name} is written in a way that is not edited; set its sha256 to {found}"
        )
    replace_whole(file, changed)
    return f"{name}: accepted ({entry.sha256[:SHOWN] or 'none'}… → {found[:SHOWN]}…)"


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file; of a shapefile or a folder, over the names and contents of all its parts.

    Parameters
    ----------
    path : Path
        A file, a ``.shp``, or a ``.gdb`` folder.
    """
    if path.is_dir():
        parts = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix != ".lock")
    elif path.suffix.lower() == ".shp":
        kinds = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
        parts = sorted(p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() in kinds)
    else:
        return _file_sha256(path)
    lines = [f"{_file_sha256(p)}  {p.relative_to(path if path.is_dir() else path.parent).as_posix()}\n" for p in parts]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _name(root: Path, path: Path) -> str:
    base = root.resolve()
    full = (base / path).resolve()
    if not full.is_relative_to(base):
        raise SourceError(f"{path} lies outside the workspace {root}")
    return full.relative_to(base).as_posix()


def _entry(number: int, table: Any, faults: list[str]) -> Entry:
    known = [f.name for f in fields(Entry)]
    if not isinstance(table, dict) or not isinstance(table.get("path"), str):
        faults.append(f"[[file]] {number} lacks 'path'")
        return Entry("")
    what = f"[[file]] {table['path']!r}"
    faults.extend(f"{what} has the unknown entry {k!r}; known are: {', '.join(known)}" for k in table if k not in known)
    values = {key: str(value) for key, value in table.items() if key in known}
    if values.get("sha256") and not HEX.fullmatch(values["sha256"]):
        faults.append(f"{what}: sha256 must be 64 hexadecimal digits")
    return Entry(**values)


def _new_entry(name: str, digest: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'[[file]]\npath = "{quoted}"\ntitle = ""\norigin = "not stated"\nlicence = "not stated"\ndate = ""\n'
        f'datum = "cgcs2000"\nsha256 = "{digest}"\nstatus = "open"\n'
    )


def _with_hash(text: str, number: int, digest: str) -> str:
    """Return the register's text with the sha256 of its table `number`, counted from 0, written anew."""
    starts = [match.start() for match in TABLE_LINE.finditer(text)]
    if number >= len(starts):
        return text
    start = starts[number]
    end = starts[number + 1] if number + 1 < len(starts) else len(text)
    table = text[start:end]
    if HASH_LINE.search(table):
        table = HASH_LINE.sub(lambda match: f'{match.group(1)}"{digest}"', table, count=1)
    else:
        head, _, rest = table.partition("\n")
        table = f'{head}\nsha256 = "{digest}"\n{rest}'
    return text[:start] + table + text[end:]


def replace_whole(file: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{os.getpid()}-{file.name}")
    try:
        draft.write_bytes(text.encode("utf-8"))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
