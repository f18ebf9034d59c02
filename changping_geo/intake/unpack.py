"""A delivered archive, unpacked without trust: no path leads out, nothing swells, GBK names are readable."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from changping_geo.layers.faults import plain
from changping_geo.model import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MEMBERS = 20_000
# An archive may unpack to as much. [bytes]
MAX_UNPACKED = 8 * 1024**3
# Above this size, a member that swells by more than this factor is a trap. [bytes, 1]
TRUSTED, MAX_RATIO = 64 * 1024**2, 400
CHUNK = 1 << 20
UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
SKIPPED = ("__MACOSX", ".DS_Store", "Thumbs.db")
FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*]')


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack a zip archive into an empty folder.

    Parameters
    ----------
    archive : Path
        The archive.
    folder : Path
        Where to; made if needed.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    SourceError
        If the archive is damaged, encrypted, too large, or a member would leave the folder.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            members = [m for m in file.infolist() if not m.is_dir()]
            names = _names(archive, members)
            folder.mkdir(parents=True, exist_ok=True)
            left = MAX_UNPACKED
            for member, name in zip(members, names, strict=True):
                if name is None:
                    continue
                target = folder.joinpath(*name.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                left = _write(file, member, target, left, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise SourceError(
            f"{archive}: the archive is damaged or cannot be unpacked ({error}); deliver it again"
        ) from error
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _names(archive: Path, members: Iterable[zipfile.ZipInfo]) -> list[PurePosixPath | None]:
    """Return where each member goes; all that is wrong is told before anything is written."""
    members = list(members)
    if len(members) > MAX_MEMBERS:
        raise SourceError(f"{archive}: {len(members):,} members are more than {MAX_MEMBERS:,}; never opened")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED:
        raise SourceError(f"{archive}: it unpacks to {total / 1e9:.1f} GB, more than is accepted; never opened")
    out: list[PurePosixPath | None] = []
    seen: set[str] = set()
    for member in members:
        name = member_name(member)
        path = PurePosixPath(name.replace("\\", "/"))
        told = f"{archive}: the member {plain(name)}"
        if any(part in SKIPPED or part.startswith("._") for part in path.parts):
            out.append(None)
            continue
        if path.is_absolute() or ".." in path.parts or FORBIDDEN.search(name) or not path.parts:
            raise SourceError(f"{told} would leave the folder or has a name that no file may have; never opened")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise SourceError(f"{told} is a link; never opened")
        if member.flag_bits & ENCRYPTED_FLAG:
            raise SourceError(f"{told} is encrypted; deliver the archive without a password")
        if member.file_size > TRUSTED and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise SourceError(f"{told} swells by more than {MAX_RATIO} times; never opened")
        if str(path).lower() in seen:
            raise SourceError(f"{told} is there twice; deliver the archive again")
        seen.add(str(path).lower())
        out.append(path)
    return out


def member_name(member: zipfile.ZipInfo) -> str:
    """Return a member's name; one that is not marked as UTF-8 is read as GBK, as Chinese archivers write it."""
    if member.flag_bits & UTF8_FLAG or member.filename.isascii():
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _write(file: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int, archive: Path) -> int:
    """Write one member, counting its bytes: what the directory says of its size is not trusted."""
    with file.open(member) as source, target.open("xb") as out:
        while block := source.read(CHUNK):
            left -= len(block)
            if left < 0:
                raise SourceError(f"{archive}: it unpacks to more than its directory says; never opened")
            out.write(block)
    return left
