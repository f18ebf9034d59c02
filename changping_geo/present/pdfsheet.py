"""The furniture of a printed map: title, status, legend, scale bar, north arrow, sources, date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from changping_geo.model import Status
from changping_geo.present.map_sources import credit, map_status, sources, status_note
from changping_geo.present.sheets import text_width
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from datetime import date

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec
    from changping_geo.present.pdffont import PrintFont

WIDTH_MM, HEIGHT_MM = 420.0, 297.0
_EDGE, _SIDE, _TOP = 12.0, 82.0, 27.0
# The map's frame: from the left, from the bottom, width, height. [mm]
MAP_MM = (_EDGE, _EDGE, WIDTH_MM - 2 * _EDGE - _SIDE - 6, HEIGHT_MM - 2 * _EDGE - _TOP)
_PT_MM = 0.3528
_INK, _SOFT = "#2b2a27", "#6d6a63"
_WARN = ("#fff1d6", "#f0c987", "#7a4306")
_GOOD = ("#e6f3e8", "#b5d9be", "#205c36")
_BAR_STEPS = (1.0, 2.0, 5.0)
_LEAST_PT = 4.6  # of the sources, where there are many
# Height of a legend's head and of each of its entries, at full size. [mm]
_LEGEND_MM, _ENTRY_MM = 16.0, 5.3
_ONE_COLUMN = 0.8  # legends are not made smaller than this share of their size to stand in one column


class Sheet:
    """A sheet of paper; places are millimetres from the left and from the top.

    Parameters
    ----------
    figure : Figure
        Of the paper's size.
    font : PrintFont
        What can be written.
    language : str
        ``zh`` or ``en``: the leading language.
    """

    def __init__(self, figure: Figure, font: PrintFont, language: str) -> None:
        self.figure = figure
        self.font = font
        self.zh = language == "zh" and font.chinese
        self.paper: Axes = figure.add_axes((0, 0, 1, 1))
        self.paper.set(xlim=(0, WIDTH_MM), ylim=(HEIGHT_MM, 0))
        self.paper.axis("off")

    def frame(self) -> Axes:
        """Return the axes of the map."""
        left, bottom, width, height = MAP_MM
        place = (left / WIDTH_MM, bottom / HEIGHT_MM, width / WIDTH_MM, height / HEIGHT_MM)
        ax = self.figure.add_axes(place)
        ax.set(xticks=[], yticks=[], facecolor="#f1f1ed")
        ax.set_autoscale_on(False)
        for spine in ax.spines.values():
            spine.set_visible(False)
        return ax

    def text(self, zh: object, en: object) -> str:
        """Return the text of the leading language, as far as the font has its letters."""
        return writable(zh if self.zh else self.font.text(en, en))

    def write(self, x: float, y: float, text: str, size: float, **look: Any) -> None:
        """Write one line whose top stands at `y`; text is never taken for formulas."""
        given: dict[str, Any] = {"color": _INK, "va": "top", "parse_math": False} | look
        self.paper.text(x, y, " ".join(text.split()), fontsize=size, **given)

    def lines(self, text: str, width: float, size: float) -> list[str]:
        """Break a text into lines. [mm, pt]"""
        room = max(4.0, width / (size * _PT_MM * 0.5))
        found, line = [], ""
        for word in _pieces(" ".join(writable(text).split())):
            if line and text_width(line + word) > room:
                found.append(line.rstrip())
                line = ""
            line += word
        return [*found, line.rstrip()] if line.strip() else found

    def block(self, x: float, y: float, text: str, width: float, size: float, **look: Any) -> float:
        """Write a text in as many lines as it needs and return where the next one starts. [mm]"""
        for line in self.lines(text, width, size):
            self.write(x, y, line, size, **look)
            y += size * _PT_MM * 1.38
        return y

    def furnish(self, run: Run, spec: MapSpec, legends: list[dict[str, Any]], scale: float, on: date) -> None:
        """Write everything around the map."""
        self._head(run, spec)
        left = MAP_MM[0] + MAP_MM[2] + 6
        y = _EDGE + _TOP
        self.write(left, y, self.text("图例", "Legend"), 13)
        y += 7
        foot = self._foot(run, spec, on)
        y = self._legends(left, y, legends, HEIGHT_MM - _EDGE - self._tall(foot, _LEAST_PT) - 30)
        size = next(
            (s for s in (7.0, 6.0, 5.2, _LEAST_PT) if self._tall(foot, s) < HEIGHT_MM - _EDGE - y - 30), _LEAST_PT
        )
        y = HEIGHT_MM - _EDGE - self._tall(foot, size)
        self._scale(left, max(y - 24, 0), scale)
        for text, factor in foot:
            y = self.block(left, y, text, _SIDE, size * factor, color=_INK if factor > 1 else "#4c483f")

    def _head(self, run: Run, spec: MapSpec) -> None:
        frame = run.frame
        english = f"{spec.title_en} – {frame.title_en}"
        self.write(_EDGE, _EDGE - 1, self.text(f"{frame.title_zh}{spec.title_zh}", english), 24)
        under = english if self.zh else spec.about_en
        self.write(_EDGE, _EDGE + 10.5, self.font.text(under, under), 11, color=_SOFT)
        if self.zh:
            self.write(_EDGE, _EDGE + 16.5, spec.about_zh, 9.5, color=_SOFT)
        status = map_status(run, spec)
        fill, line, ink = _WARN if status > Status.OPEN else _GOOD
        note = self.text(*status_note(run, spec))
        width, x = 150.0, WIDTH_MM - _EDGE - 150.0
        tall = 4 + len(self.lines(note, width - 6, 9)) * 9 * _PT_MM * 1.38
        self.paper.add_patch(Rectangle((x, _EDGE), width, tall, facecolor=fill, edgecolor=line, linewidth=0.8))
        self.block(x + 3, _EDGE + 2, note, width - 6, 9, color=ink)

    def _legends(self, x: float, y: float, legends: list[dict[str, Any]], bottom: float) -> float:
        """Write the legends, smaller and in two columns where there are many, and return where they end. [mm]"""
        wanted = sum(_LEGEND_MM + _ENTRY_MM * len(legend["colours"]) for legend in legends) or 1.0
        columns = 1 if (bottom - y) / wanted > _ONE_COLUMN else 2
        share = float(np.clip(columns * (bottom - y) / wanted * (1.0 if columns == 1 else 0.9), 0.45, 1.0))
        width = (_SIDE - 4 * (columns - 1)) / columns
        top = end = y
        for legend in legends:
            tall = share * (_LEGEND_MM + _ENTRY_MM * len(legend["colours"]))
            if columns > 1 and y > top and y + tall > bottom:
                x, y, columns = x + width + 4, top, 1
            y = self._legend(x, y, legend, share, width) + 3 * share
            end = max(end, y)
        return end

    def _legend(self, x: float, y: float, legend: dict[str, Any], share: float, width: float) -> float:
        """Write one legend, as much smaller as there are many, and return where it ends. [mm]"""
        at = 0 if self.zh else 1
        if legend["layer"][0] != legend["title"][0]:
            y = self.block(x, y, self.text(*legend["layer"]), width, 8 * share, color=_SOFT)
        y = self.block(x, y, self.text(*legend["title"]), width, 10.5 * share)
        if legend["unit"][at]:
            y = self.block(x, y, self.text(*legend["unit"]), width, 8 * share, color=_SOFT)
        for colour, zh, en in zip(legend["colours"], *legend["labels"], strict=True):
            box = ((x, y + 0.4 * share), 8 * share, 3.8 * share)
            self.paper.add_patch(Rectangle(*box, facecolor=colour, alpha=legend["opacity"], linewidth=0))
            self.paper.add_patch(Rectangle(*box, fill=False, edgecolor="#8a8172", linewidth=0.4))
            below = self.block(x + 11 * share, y + 0.5 * share, self.text(zh, en), width - 11 * share, 9 * share)
            y = max(below, y + 5.2 * share)
        return y

    def _scale(self, x: float, y: float, scale: float) -> None:
        """Draw north arrow and scale bar, and write the scale's number."""
        self.paper.add_patch(Polygon([(x + 3, y + 12), (x + 6, y), (x + 9, y + 12), (x + 6, y + 9.5)], facecolor=_INK))
        self.write(x + 6, y + 13, self.text("北", "N"), 9, ha="center")
        longest = 48 * scale / 1000
        power = 10.0 ** (len(str(int(longest))) - 1)
        bar = max(step * power for step in _BAR_STEPS if step * power <= longest)
        half, left = bar / scale * 500, x + 20
        for place, colour in ((0, _INK), (1, "white")):
            self.paper.add_patch(
                Rectangle((left + place * half, y + 7), half, 1.8, facecolor=colour, edgecolor=_INK, linewidth=0.6)
            )
        unit, size = ("km", 1000.0) if bar >= 1000 else ("m", 1.0)  # noqa: PLR2004 - a kilometre
        for place, value in ((0, 0.0), (1, bar / 2), (2, bar)):
            label = f"{value / size:g}" + (f" {unit}" if place == 2 else "")  # noqa: PLR2004 - the end
            self.write(left + place * half, y + 9.6, label, 7.5, ha="center")
        self.write(left, y + 1, f"1 : {scale:,.0f}", 11)

    def _foot(self, run: Run, spec: MapSpec, on: date) -> list[tuple[str, float]]:
        lines = [(self.text("数据来源", "Sources"), 1.2)]
        lines += [(self.text(*source), 1.0) for source in sources(run, spec)]
        lines.append((self.text(f"坐标系：{run.frame.crs}", f"Coordinate system: {run.frame.crs}"), 1.0))
        lines.append((self.text(f"制图日期：{on.isoformat()}", f"Date: {on.isoformat()}"), 1.0))
        if run.key:
            lines.append((self.text(f"内容标识：{run.key}", f"Content key: {run.key}"), 1.0))
        return [*lines, *((self.text(*line), 1.2) for line in credit(run, spec))]

    def _tall(self, foot: list[tuple[str, float]], size: float) -> float:
        return sum(len(self.lines(text, _SIDE, size * f)) * size * f * _PT_MM * 1.38 for text, f in foot)


def _pieces(text: str) -> list[str]:
    """Return where a line may break: after a space, and around every wide letter."""
    pieces, word = [], ""
    for char in text:
        if text_width(char) > 1:
            pieces += [word, char] if word else [char]
            word = ""
        else:
            word += char
            if char in " /":
                pieces.append(word)
                word = ""
    return [*pieces, word] if word else pieces
