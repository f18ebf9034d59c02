"""Cards of figures that no source gives: a range for planning, marked as such."""

from __future__ import annotations

from changping_geo.model import Parameter

UNVERIFIED = "planning range, unverified"


def planned(
    name: str, value: float, unit: str, low: float, high: float, title_zh: str, title_en: str, why: str = ""
) -> Parameter:
    """Return the card of a figure that stands on a planning range.

    Parameters
    ----------
    name : str
        The card's name.
    value, low, high : float
        Default, and the ends of the range. [unit]
    unit : str
        Its unit.
    title_zh, title_en : str
        Headings.
    why : str
        What the range rests on, where there is something.
    """
    source = UNVERIFIED + (f": {why}" if why else "")
    return Parameter(name, value, unit, low, high, source, verified=False, title_zh=title_zh, title_en=title_en)
