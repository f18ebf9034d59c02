"""One request and its answer, and what may go wrong with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from changping_geo.model import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_BYTES = 512 * 1024**2


class FetchError(SourceError):
    """Open data could not be fetched."""


class StatusError(FetchError):
    """A server refused a request for good."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class OfflineError(FetchError):
    """No host can be reached."""


class AgainError(Exception):
    """A try failed that may succeed later."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Request:
    """What would be asked, for people.

    Attributes
    ----------
    method, url : str
        As sent.
    size : int, optional
        Expected length of the answer, roughly. [bytes]
    note : str
        What is not in the address.
    """

    method: str
    url: str
    size: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes
    ----------
    url : str
        Where; https.
    hosts : tuple of str
        Where it may lead, redirects included.
    check : callable
        Looks at the whole body, and raises `DamagedError` when it is not what was asked for.
    form : dict, optional
        Sent with POST.
    span : (int, int), optional
        First and last byte wanted. [bytes]
    most : int
        A longer answer is refused. [bytes]
    tries : int
        How often it is asked before giving up.
    gap_s : float
        Least time since the last request to the host. [s]
    """

    url: str
    hosts: tuple[str, ...]
    check: Callable[[bytes], None] | None = None
    form: Mapping[str, str] | None = None
    span: tuple[int, int] | None = None
    most: int = MOST_BYTES
    tries: int = 6
    gap_s: float = 0.1

    @property
    def key(self) -> str:
        """A name for the answer in a cache."""
        return hashlib.sha256(f"{self.url}\n{sorted((self.form or {}).items())}\n{self.span}".encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: body and headers."""

    body: bytes
    headers: Mapping[str, str]
