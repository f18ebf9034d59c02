"""Faults of a layer, told at once; and what becomes of each of its rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.model import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.model import Ledger

LONGEST_WORD = 60
ROWS_SHOWN = 5


def plain(value: object) -> str:
    """Return a word from data for a message: quoted, short, without control characters."""
    text = str(value)
    return repr(text if len(text) <= LONGEST_WORD else text[: LONGEST_WORD - 1] + "…")


def rows_text(mask: NDArray[np.bool_]) -> str:
    """Name the first rows of a mask, counted from 1."""
    rows = np.flatnonzero(mask)
    more = ", …" if rows.size > ROWS_SHOWN else ""
    return ("row " if rows.size == 1 else "rows ") + ", ".join(str(r + 1) for r in rows[:ROWS_SHOWN]) + more


class Faults:
    """Everything that is wrong with one layer.

    Attributes
    ----------
    where : str
        File and layer, for the message.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._found: list[tuple[type[DataError], str]] = []

    def add(self, kind: type[DataError], text: str) -> None:
        """Note one fault."""
        self._found.append((kind, text))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_any(self) -> None:
        """Tell all faults.

        Raises
        ------
        DataError
            If there is any; of the kind they share, or plain when they are of several kinds.
        """
        if not self._found:
            return
        kinds = {kind for kind, _ in self._found}
        kind = kinds.pop() if len(kinds) == 1 else DataError
        raise kind(f"{self.where}:\n" + "\n".join(f"  - {text}" for _, text in self._found))


class Verdicts:
    """What becomes of each row: used, repaired or set aside, for one reason.

    Attributes
    ----------
    reason, mended : ndarray of object, shape (n,)
        Why a row is set aside, and how it was repaired; empty for neither.
    """

    def __init__(self, n: int) -> None:
        self.reason: NDArray[np.object_] = np.full(n, "", dtype=object)
        self.mended: NDArray[np.object_] = np.full(n, "", dtype=object)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Rows that are not set aside so far."""
        return np.asarray(self.reason == "", dtype=np.bool_)

    def set_aside(self, mask: NDArray[np.bool_], reason: str) -> None:
        """Set rows aside, unless an earlier reason stands."""
        self.reason[mask & (self.reason == "")] = reason

    def repair(self, mask: NDArray[np.bool_], how: str) -> None:
        """Count rows as repaired, unless they were before."""
        self.mended[mask & (self.mended == "")] = how

    def close(self, ledger: Ledger) -> None:
        """Write the counts, and where the rows are, into the ledger."""
        kept = self.kept
        ledger.read = int(kept.size)
        ledger.set_aside = Counter(str(r) for r in self.reason[~kept])
        ledger.repaired = Counter(str(r) for r in self.mended[kept & (self.mended != "")])
        for reason in ledger.set_aside:
            ledger.notes.append(f"set aside, {reason}: {rows_text(self.reason == reason)}")
