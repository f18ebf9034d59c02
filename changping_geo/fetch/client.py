"""Requests with manners: a name, a pace, patience with busy servers, and no step beyond the declared hosts."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

import numpy as np
import requests

from changping_geo import __version__
from changping_geo.fetch.asks import AgainError, Answer, Ask, FetchError, OfflineError, StatusError
from changping_geo.fetch.checks import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

log = logging.getLogger(__name__)
Got = TypeVar("Got")
AGENT = f"changping-geo/{__version__} (district planning toolkit; python-requests)"
LOOPBACK = ("127.0.0.1", "localhost")
BUSY = {408, 425, 429, 500, 502, 503, 504}
REDIRECTS = 5
BLOCK = 1 << 16
# The wait before a second try, doubled for each further one, and the longest that is ever waited. [s]
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 120.0
# No answer may take longer, however slowly it drips. [s]
LONGEST_ANSWER_S = 900.0


@dataclass(slots=True)
class Client:
    """Sends requests.

    Attributes
    ----------
    clock, sleep, chance : callable
        Time [s], waiting [s] and random numbers between 0 and 1.
    route : callable
        Turns an address into the one that is contacted; the same by default.
    timeout : (float, float)
        For a connection, and between two pieces of an answer. [s]
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = field(default_factory=lambda: np.random.default_rng().random)
    route: Callable[[str], str] = str
    timeout: tuple[float, float] = (15.0, 90.0)
    received: int = 0
    _session: requests.Session = field(default_factory=requests.Session)
    _last: dict[str, float] = field(default_factory=dict)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def reach(self, hosts: Iterable[str]) -> None:
        """Find out whether anything can be reached, without patience.

        Raises
        ------
        OfflineError
            If no host answers.
        """
        hosts = list(hosts)
        for host in hosts:
            try:
                self._session.head(
                    self.route(f"https://{host}/"),
                    headers={"User-Agent": AGENT},
                    timeout=(5.0, 10.0),
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                log.debug("%s is not reached: %s", host, error)
            else:
                return
        raise OfflineError(f"no connection to {', '.join(hosts)}")

    def read(self, ask: Ask) -> Answer:
        """Return a whole, checked answer.

        Raises
        ------
        FetchError
            If it is refused, or does not come whole within the tries.
        """

        def one() -> Answer:
            headers: dict[str, str] = {}
            body = b"".join(self._stream(ask, {}, headers))
            if ask.check is not None:
                try:
                    ask.check(body)
                except DamagedError as error:
                    raise AgainError(f"the answer is not what was asked for: {error}") from error
            return Answer(body, headers)

        return self._patiently(ask, one)

    def download(self, ask: Ask, path: Path) -> Path:
        """Download into a file, going on where an earlier try ended; the file is there whole or not at all.

        Raises
        ------
        FetchError
            If it is refused, or does not come whole within the tries. What came stays beside it for the next time.
        """
        if path.is_file():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        part, tag = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.tag")

        def one() -> Path:
            have = part.stat().st_size if part.exists() and tag.exists() else 0
            begun = {"Range": f"bytes={have}-", "If-Range": tag.read_text(encoding="ascii")} if have else {}
            headers: dict[str, str] = {}
            file = None
            try:
                for piece in self._stream(ask, begun, headers):
                    if file is None:
                        resumed = have > 0 and headers["status"] == str(int(HTTPStatus.PARTIAL_CONTENT))
                        file = part.open("ab" if resumed else "wb")
                        _note_tag(tag, headers)
                    file.write(piece)
            finally:
                if file is not None:
                    file.close()
            self._check_file(ask, part)
            part.replace(path)
            tag.unlink(missing_ok=True)
            return path

        return self._patiently(ask, one)

    def _check_file(self, ask: Ask, part: Path) -> None:
        try:
            if not part.exists():
                raise DamagedError("it is empty")  # noqa: TRY301 - one way out for all that is wrong
            if ask.check is not None:
                with part.open("rb") as file:
                    ask.check(file.read(BLOCK))
        except DamagedError as error:
            part.unlink(missing_ok=True)
            part.with_name(f"{part.name.removesuffix('.part')}.tag").unlink(missing_ok=True)
            raise AgainError(f"the answer is not what was asked for: {error}") from error

    def _patiently(self, ask: Ask, one: Callable[[], Got]) -> Got:
        reason = ""
        for number in range(ask.tries):
            if number:
                log.info("%s: %s; try %d of %d", urlsplit(ask.url).hostname, reason, number + 1, ask.tries)
            try:
                return one()
            except AgainError as error:
                reason = str(error)
                wait = FIRST_WAIT_S * 2**number * (0.5 + self.chance())
                if number + 1 < ask.tries:
                    self.sleep(min(max(wait, error.wait_s or 0.0), LONGEST_WAIT_S))
        raise FetchError(f"{_short(ask.url)}: {reason} ({ask.tries} tries); try again later")

    def _stream(self, ask: Ask, more: Mapping[str, str], told: dict[str, str]) -> Iterator[bytes]:
        """Yield the pieces of one try; `told` receives its headers before the first."""
        began, size = self.clock(), 0
        try:
            with self._send(ask, more) as response:
                _check_status(ask, response)
                told |= {key.lower(): value for key, value in response.headers.items()}
                told["status"] = str(response.status_code)
                for piece in response.iter_content(BLOCK):
                    size += len(piece)
                    self.received += len(piece)
                    if size > ask.most:
                        raise FetchError(f"{_short(ask.url)}: more than {ask.most / 1e6:,.0f} MB; not taken")
                    if self.clock() - began > LONGEST_ANSWER_S:
                        raise AgainError(f"only {size:,} bytes in {LONGEST_ANSWER_S:.0f} s")
                    yield piece
        except requests.RequestException as error:
            raise AgainError(_plain(error)) from error
        expected = told.get("content-length")
        if expected and expected.isdigit() and "content-encoding" not in told and int(expected) != size:
            raise AgainError(f"{size:,} of {int(expected):,} bytes came")

    def _send(self, ask: Ask, more: Mapping[str, str]) -> requests.Response:
        headers = {"User-Agent": AGENT, **more}
        if ask.span is not None:
            headers |= {"Range": f"bytes={ask.span[0]}-{ask.span[1]}"}
        if "Range" in headers or ask.form is None:
            headers["Accept-Encoding"] = "identity"
        url = ask.url
        for _ in range(REDIRECTS + 1):
            _hold_to_hosts(url, ask.hosts)
            self._take_turn(urlsplit(url).hostname or "", ask.gap_s)
            response = self._session.request(
                "GET" if ask.form is None else "POST",
                self.route(url),
                data=ask.form,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=self.timeout,
            )
            if not response.is_redirect:
                return response
            response.close()
            url = urljoin(url, response.headers["location"])
        raise FetchError(f"{_short(ask.url)}: it leads on more than {REDIRECTS} times; not followed")

    def _take_turn(self, host: str, gap_s: float) -> None:
        wait = self._last.get(host, -np.inf) + gap_s - self.clock()
        if wait > 0.0:
            self.sleep(float(wait))
        self._last[host] = self.clock()


def _note_tag(tag: Path, headers: Mapping[str, str]) -> None:
    """Keep what tells whether a file is still the same; without it a download begins anew."""
    mark = headers.get("etag") or headers.get("last-modified")
    if mark and not mark.startswith("W/"):
        tag.write_text(mark, encoding="ascii", errors="replace")
    else:
        tag.unlink(missing_ok=True)


def _hold_to_hosts(url: str, hosts: tuple[str, ...]) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host not in hosts:
        raise FetchError(f"{_short(url)}: the host is not one of {', '.join(hosts)}; not followed")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        raise FetchError(f"{_short(url)}: only https is asked")


def _check_status(ask: Ask, response: requests.Response) -> None:
    status = response.status_code
    if status in BUSY:
        raise AgainError(f"the server answers {status} {response.reason}", _retry_after(response))
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise StatusError(f"{_short(ask.url)}: the server answers {status} {response.reason}", status)
    if ask.span is not None and status != HTTPStatus.PARTIAL_CONTENT:
        raise FetchError(f"{_short(ask.url)}: the server does not serve parts of a file; download it whole by hand")


def _retry_after(response: requests.Response) -> float | None:
    """Return how long a server asks to wait. [s]"""
    text = response.headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time()) if text else None
    except (ValueError, TypeError):
        return None


def _plain(error: Exception) -> str:
    return {"ConnectTimeout": "no connection in time", "ReadTimeout": "the answer stopped"}.get(
        type(error).__name__, f"the connection broke ({type(error).__name__})"
    )


def _short(url: str) -> str:
    return url if len(url) <= 160 else f"{url[:159]}…"  # noqa: PLR2004 - a line on a screen
