"""A run folder is written as a draft and published by one rename: it is whole, or it is not there."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import time
from typing import TYPE_CHECKING

from changping_geo.model import ResultError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

PREFIX = ".draft-"
STALE_S = 24 * 3600


class Draft:
    """A private folder beside the published ones.

    Parameters
    ----------
    results : Path
        The folder of run folders; made when missing.
    key : str
        The name under which the draft is published.
    """

    def __init__(self, results: Path, key: str) -> None:
        self.results = results
        self.key = key
        self.path = results / f"{PREFIX}{key}-{_host()}-{os.getpid()}-{secrets.token_hex(4)}"

    def __enter__(self) -> Self:
        """Make the draft folder, after sweeping those that killed runs left."""
        try:
            self.results.mkdir(parents=True, exist_ok=True)
            sweep(self.results)
            self.path.mkdir()
        except OSError as error:
            raise ResultError(
                f"cannot write to {self.results}: {error}; choose another folder with --results"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the draft unless it was published."""
        shutil.rmtree(self.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise ResultError(f"could not finish writing to {self.results}: {error}; nothing is published") from error

    def publish(self) -> Path:
        """Rename the draft; when another run was faster with the same key, keep that one.

        Returns
        -------
        Path
            The published folder.
        """
        target = self.results / self.key
        for path in self.path.rglob("*"):
            if path.is_file():
                _to_disk(path)
        try:
            self.path.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        return target


def sweep(results: Path) -> None:
    """Remove drafts whose process on this machine is gone, and those of other machines older than a day."""
    for path in results.glob(f"{PREFIX}*"):
        host, pid = path.name.rsplit("-", 3)[1:3]
        try:
            old = time.time() - path.stat().st_mtime > STALE_S
        except FileNotFoundError:
            continue
        if (host == _host() and not _alive(int(pid))) or (host != _host() and old):
            shutil.rmtree(path, ignore_errors=True)


def _host() -> str:
    return "".join(c for c in socket.gethostname() if c.isalnum()) or "host"


def _alive(pid: int) -> bool:
    if os.name == "nt":
        return pid == os.getpid()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
