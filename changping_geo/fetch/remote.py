"""A file on a server, read in parts: only the blocks that a reader asks for are downloaded."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import TYPE_CHECKING

from changping_geo.fetch.asks import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from changping_geo.fetch import Ask
    from changping_geo.fetch.client import Client

BLOCK = 1 << 16
# Blocks kept in memory, and blocks asked for at once.
KEPT, RUN = 2048, 256


class RemoteFile:
    """A file behind range requests.

    Parameters
    ----------
    client : Client
        Sends the requests.
    ask : callable
        ``ask(first, last)`` gives the request for a span of bytes.
    check : callable
        Looks at the first bytes.
    block : int
        What is asked for at least. [bytes]

    Attributes
    ----------
    size : int
        Length of the file. [bytes]
    """

    def __init__(
        self,
        client: Client,
        ask: Callable[[int, int], Ask],
        check: Callable[[bytes], None] | None = None,
        block: int = BLOCK,
    ) -> None:
        self.client, self.ask, self.block = client, ask, block
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        first = client.read(ask(0, block - 1))
        if check is not None:
            check(first.body)
        self._tag = first.headers.get("etag", "")
        total = first.headers.get("content-range", "").rpartition("/")[2]
        if not total.isdigit():
            raise FetchError(f"{ask(0, 0).url}: the server does not tell the length of the file")
        self.size = int(total)
        self._blocks[0] = first.body

    def open(self) -> io.BufferedIOBase:
        """Return a reader at the start of the file; readers share what was downloaded."""
        return _Reader(self)

    def read(self, start: int, count: int) -> bytes:
        """Return bytes from a place on, fewer at the end of the file."""
        end = min(start + count, self.size)
        if start >= end:
            return b""
        first, last = start // self.block, (end - 1) // self.block
        pieces: list[bytes] = []
        for begin in range(first, last + 1, RUN):
            run = range(begin, min(begin + RUN, last + 1))
            self._get(run)
            pieces += [self._blocks[i] for i in run]
        while len(self._blocks) > KEPT:
            self._blocks.popitem(last=False)
        return b"".join(pieces)[start - first * self.block : end - first * self.block]

    def _get(self, run: range) -> None:
        """Ask once for each stretch of blocks that are not there."""
        missing = [i for i in run if i not in self._blocks]
        while missing:
            stretch = 1
            while stretch < len(missing) and missing[stretch] == missing[0] + stretch:
                stretch += 1
            start = missing[0] * self.block
            end = min((missing[0] + stretch) * self.block, self.size)
            answer = self.client.read(self.ask(start, end - 1))
            if len(answer.body) != end - start or answer.headers.get("etag", "") != self._tag:
                raise FetchError(f"{self.ask(0, 0).url}: the file changed while it was read; fetch again")
            for i in range(stretch):
                self._blocks[missing[i]] = answer.body[i * self.block : (i + 1) * self.block]
            missing = missing[stretch:]
        for i in run:
            self._blocks.move_to_end(i)


class _Reader(io.BufferedIOBase):
    """A place in a remote file."""

    def __init__(self, remote: RemoteFile) -> None:
        self._remote = remote
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + (0, self._at, self._remote.size)[whence]
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._remote.size if size is None or size < 0 else size
        data = self._remote.read(self._at, wanted)
        self._at += len(data)
        return data
