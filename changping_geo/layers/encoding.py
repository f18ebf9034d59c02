"""Which encoding a text has: declared, written beside it, or judged from its bytes."""

from __future__ import annotations

import codecs
import struct
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from changping_geo.model import SourceError

if TYPE_CHECKING:
    from pathlib import Path

# Language byte of a DBF to encoding; one that says Latin (0x01, 0x03, 0x57) is written by default and proves nothing.
LANGUAGE_BYTES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "cp950", 0x78: "cp950", 0x13: "cp932", 0x7B: "cp932"}
CHINESE = ("utf-8", "gb18030")
WESTERN = ("iso8859-1", "cp1252", "latin-1", "ascii", "cp437", "cp850", "iso8859-15")
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
SAMPLE = 4_000_000
# As many different letters beyond ASCII that decode as UTF-8 prove that it is.
CONVINCING = 6


@dataclass(frozen=True, slots=True)
class Guess:
    """An encoding and how it is known.

    Attributes
    ----------
    name : str
        Python's name of the encoding.
    how : str
        In words, for the ledger.
    """

    name: str
    how: str


def shapefile_encoding(path: Path, declared: str = "") -> Guess:
    """Find the encoding of a shapefile's texts.

    Tried in turn: the declared one, the ``.cpg``, the language byte, and whether UTF-8 or GB18030 gives better Chinese.

    Parameters
    ----------
    path : Path
        The ``.shp`` or ``.dbf``.
    declared : str
        Encoding from the layer's TOML; empty when none is given.

    Raises
    ------
    SourceError
        If the declared encoding is unknown or does not fit, or if none fits.
    """
    dbf = Dbf.read(path)
    if declared:
        name = _codec(declared)
        if not name:
            raise SourceError(f"{path}: unknown encoding {declared!r}; try utf-8 or gb18030")
        if not dbf.fits(name):
            best = next((e for e in CHINESE if dbf.fits(e)), "another")
            raise SourceError(f'{path}: the texts are not {declared}; write encoding = "{best}" in its [[sources]]')
        return Guess(name, "declared")
    tried: list[str] = []
    for said, how in ((_cpg(path), "from the .cpg"), (LANGUAGE_BYTES.get(dbf.language, ""), "from the language byte")):
        name = _codec(said)
        if name and name not in WESTERN:
            if dbf.fits(name):
                return Guess(name, how)
            tried.append(f"{name} {how} does not fit")
    judged = judge(dbf.texts)
    if not judged:
        raise SourceError(
            f"{path}: the texts are neither UTF-8 nor GB18030{'; ' if tried else ''}{'; '.join(tried)}; "
            'write encoding = "…" in its [[sources]]'
        )
    return Guess(judged, "; ".join([*tried, "judged from the bytes, please confirm" if dbf.beyond_ascii else "ASCII"]))


def text_encoding(path: Path, data: bytes, declared: str = "") -> Guess:
    """Find the encoding of a text table.

    Raises
    ------
    SourceError
        If the declared encoding is unknown or does not fit, or if none fits.
    """
    if declared:
        name = _codec(declared)
        if not name or not _decodes(data, name):
            raise SourceError(f"{path}: the text is not {declared}; try utf-8 or gb18030 in its [[sources]]")
        return Guess("utf-8-sig" if name == "utf-8" else name, "declared")
    for mark, name in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            if not _decodes(data, name):
                raise SourceError(f"{path}: the byte-order mark says {name}, but the text is not; deliver it again")
            return Guess(name, "from the byte-order mark")
    name = judge([data])
    if not name:
        raise SourceError(f'{path}: the text is neither UTF-8 nor GB18030; write encoding = "…" in its [[sources]]')
    return Guess(name, "ASCII" if data.isascii() else "judged from the bytes")


def judge(texts: list[bytes]) -> str:
    """Choose between UTF-8 and GB18030 by which gives more known Chinese characters.

    Returns
    -------
    str
        The encoding, or nothing when neither decodes.
    """
    if all(text.isascii() for text in texts):
        return "utf-8"
    scores = {name: _score(texts, name) for name in CHINESE}
    best = max(CHINESE, key=lambda name: scores[name])
    if scores[best] < 0.0:
        return ""
    # A Chinese character of two bytes passes for UTF-8 in less than one case of five; several that do are no chance.
    valid = {c for text in texts for c in (_decode(text, "utf-8") or "") if ord(c) > 127}  # noqa: PLR2004 - ASCII
    return "utf-8" if scores["utf-8"] >= 0.0 and len(valid) >= CONVINCING else best


@cache
def _common() -> frozenset[str]:
    """Return the 3,755 characters of the first level of GB 2312, and Chinese punctuation."""
    rows = bytes(b for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF) for b in (high, low))
    return frozenset(rows.decode("gb2312", errors="ignore")) | frozenset("（）、，。：；“”《》－·～")


def _score(texts: list[bytes], name: str) -> float:
    known = seen = 0
    for text in texts:
        decoded = _decode(text, name)
        if decoded is None:
            return -1.0
        beyond = [c for c in decoded if ord(c) > 127]  # noqa: PLR2004 - ASCII ends there
        seen += len(beyond)
        known += sum(c in _common() for c in beyond)
    return known / seen if seen else 0.0


def _decode(text: bytes, name: str) -> str | None:
    """Decode one text; a character cut at the end of its field is left off."""
    for cut in range(4):
        try:
            return text[: len(text) - cut].decode(name)
        except UnicodeDecodeError as error:
            if error.start < len(text) - 4:
                return None
    return None


def _decodes(text: bytes, name: str) -> bool:
    try:
        text.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _codec(name: str) -> str:
    name = name.strip().lower()
    name = {"936": "gb18030", "65001": "utf-8", "ansi 936": "gb18030", "oem": ""}.get(name, name)
    try:
        found = codecs.lookup(name).name if name else ""
    except LookupError:
        return ""
    # GB18030 holds all of GBK and GB 2312.
    return "gb18030" if found in {"gbk", "gb2312", "cp936"} else found


def _cpg(path: Path) -> str:
    for suffix in (".cpg", ".CPG"):
        beside = path.with_suffix(suffix)
        if beside.is_file():
            return beside.read_bytes()[:64].decode("ascii", errors="ignore").strip("\x00 \r\n\t")
    return ""


@dataclass(frozen=True, slots=True)
class Dbf:
    """What the header of a DBF says, and its texts as bytes.

    Attributes
    ----------
    rows : int
        Rows by the header. [rows]
    language : int
        The language byte.
    complete : bool
        Whether the file is as long as the header says.
    texts : list of bytes
        Column names and the distinct values of text columns, of the first `SAMPLE` bytes.
    """

    rows: int
    language: int
    complete: bool
    texts: list[bytes]

    @property
    def beyond_ascii(self) -> bool:
        """Whether any text has bytes beyond ASCII."""
        return any(not text.isascii() for text in self.texts)

    def fits(self, name: str) -> bool:
        """Whether every text decodes."""
        return all(_decode(text, name) is not None for text in self.texts)

    @classmethod
    def read(cls, path: Path) -> Dbf:
        """Read the ``.dbf`` beside a ``.shp``.

        Raises
        ------
        SourceError
            If its header is damaged.
        """
        path = next((p for s in (".dbf", ".DBF") if (p := path.with_suffix(s)).is_file()), path)
        with path.open("rb") as file:
            head = file.read(32)
            if len(head) < 32:  # noqa: PLR2004 - the fixed header
                raise SourceError(f"{path}: the table is damaged: its header is cut; deliver it again")
            rows, header, width = struct.unpack("<IHH", head[4:12])
            fields = file.read(max(header - 32, 0))
            if len(fields) != header - 32 or not width:
                raise SourceError(f"{path}: the table is damaged: its header is cut; deliver it again")
            body = file.read(min(SAMPLE // width + 1, rows) * width)
        names, spans, start = [], [], 1
        for at in range(0, len(fields) - 31, 32):
            field = fields[at : at + 32]
            if field[0] == 0x0D:  # noqa: PLR2004 - end of the list
                break
            names.append(field[:11].split(b"\x00")[0])
            if field[11:12] == b"C":
                spans.append((start, start + field[16] + 256 * field[17]))
            start += field[16] if field[11:12] != b"C" else field[16] + 256 * field[17]
        cells = {body[r + a : r + b].rstrip(b" \x00") for r in range(0, len(body), width) for a, b in spans}
        complete = path.stat().st_size >= header + rows * width
        return cls(rows, head[29], complete, [*names, *sorted(cells - {b""})])
