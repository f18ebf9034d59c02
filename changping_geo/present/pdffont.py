"""A font of the system that has Chinese letters, for prints; none is carried along."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache

log = logging.getLogger(__name__)

# Families with simplified Chinese, the plainest first.
FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Serif CJK SC",
    "SimSun",
)
_FALLBACK = "DejaVu Sans"
_FIRST_WIDE = 0x2E80  # where the letters of East Asia begin
_TRUE_TYPE, _OUTLINES = 42, 3


@dataclass(frozen=True, slots=True)
class PrintFont:
    """The font of a print.

    Attributes
    ----------
    families : tuple of str
        For matplotlib, the first one that has a letter is taken.
    chinese : bool
        Whether Chinese can be written.
    kind : int
        How it goes into a PDF: 42 (TrueType), or 3 for PostScript outlines, which a PDF cannot hold as type 42. Text
        stays text in both.
    """

    families: tuple[str, ...]
    chinese: bool
    kind: int

    def text(self, zh: object, en: object) -> str:
        """Return what can be written: Chinese, or English without letters that no font has."""
        if self.chinese:
            return str(zh)
        return "".join(char if ord(char) < _FIRST_WIDE else "?" for char in str(en))


@cache
def print_font() -> PrintFont:
    """Return the font for prints; where the system has no Chinese one, that is told once in the log."""
    from matplotlib import font_manager  # noqa: PLC0415 - slow to import, and few runs print

    found = {entry.name: entry for entry in reversed(font_manager.fontManager.ttflist) if entry.weight == 400}  # noqa: PLR2004 - regular
    for family in FAMILIES:
        if family in found:
            entry = found[family]
            kind = _OUTLINES if _postscript(entry.fname, getattr(entry, "index", 0) or 0) else _TRUE_TYPE
            return PrintFont((family, _FALLBACK), chinese=True, kind=kind)
    known = ", ".join(FAMILIES)
    log.warning("no font with Chinese letters was found, prints are labelled in English; install one of: %s", known)
    return PrintFont((_FALLBACK,), chinese=False, kind=_TRUE_TYPE)


def _postscript(path: str, index: int) -> bool:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # noqa: PLC0415 - it has no types; as above

    with TTFont(path, fontNumber=index, lazy=True) as font:
        return "CFF " in font or "CFF2" in font
