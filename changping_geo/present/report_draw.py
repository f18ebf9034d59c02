"""A small drawing of bars, lines and words: as SVG with both languages in it, or as a picture in one of them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from changping_geo.present.pdffont import print_font
from changping_geo.present.text import plain

Pair = tuple[str, str]
Point = tuple[float, float]

_PER_UNIT = 2  # dots of a picture per unit of a drawing
_COLOURS = 64
_MIDDLE = 0.36  # from the middle of a letter to its base line, in sizes
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


@dataclass(frozen=True, slots=True)
class Box:
    """A filled box, from its upper left corner. [units of the drawing]"""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points [units of the drawing], with dots at them where `dots` has a radius."""

    points: tuple[Point, ...]
    colour: str
    width: float = 1.0
    dots: float = 0.0


@dataclass(frozen=True, slots=True)
class Word:
    """A text whose middle is at height `y`; `anchor` is ``start``, ``middle`` or ``end``. [units of the drawing]"""

    x: float
    y: float
    text: Pair
    anchor: str = "start"
    size: float = 11.0
    colour: str = "#4c483f"


Shape: TypeAlias = Box | Path | Word


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing.

    Attributes
    ----------
    width, height : float
        Its size. [units]
    shapes : tuple of Shape
        What is drawn, the lowest first.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]


def svg(drawing: Drawing, title: Pair) -> str:
    """Return an SVG element; its texts stay text, and a page's style shows one language.

    Parameters
    ----------
    drawing : Drawing
        What is drawn.
    title : (str, str)
        What is read aloud in its place.
    """
    inside = "".join(chain.from_iterable(_element(shape) for shape in drawing.shapes))
    label = plain(title[0] if title[0] == title[1] else f"{title[0]} {title[1]}")
    return (
        f'<svg viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" role="img" aria-label="{label}" '
        f'xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    )


def _element(shape: Shape) -> list[str]:
    if isinstance(shape, Box):
        place = f'x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}"'
        return [f'<rect {place} fill="{plain(shape.colour)}"/>']
    if isinstance(shape, Path):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
        colour = plain(shape.colour)
        line = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{_n(shape.width)}"/>'
        dots = shape.points if shape.dots else ()
        return [line, *(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(shape.dots)}" fill="{colour}"/>' for x, y in dots)]
    place = f'x="{_n(shape.x)}" y="{_n(shape.y + _MIDDLE * shape.size)}" font-size="{_n(shape.size)}"'
    look = f'{place} text-anchor="{plain(shape.anchor)}" fill="{plain(shape.colour)}"'
    if shape.text[0] == shape.text[1]:
        return [f"<text {look}>{plain(shape.text[0])}</text>"]
    return [
        f'<text {look} class="{lang}" lang="{lang}">{plain(text)}</text>'
        for lang, text in zip(("zh", "en"), shape.text, strict=True)
    ]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def png(drawing: Drawing, language: str) -> bytes:
    """Return a picture of a drawing.

    Parameters
    ----------
    drawing : Drawing
        What is drawn.
    language : str
        ``zh`` or ``en``; where the system has no Chinese font, it is English.
    """
    size = round(drawing.width * _PER_UNIT), round(drawing.height * _PER_UNIT)
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        _draw(pen, shape, language)
    out = io.BytesIO()
    image.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()


def _draw(pen: ImageDraw.ImageDraw, shape: Shape, language: str) -> None:
    k = _PER_UNIT
    if isinstance(shape, Box):
        if shape.width > 0 and shape.height > 0:
            corner = (shape.x + shape.width) * k - 1, (shape.y + shape.height) * k - 1
            first = min(shape.x * k, corner[0]), min(shape.y * k, corner[1])
            pen.rectangle((*first, *corner), fill=shape.colour)
    elif isinstance(shape, Path):
        points = [(x * k, y * k) for x, y in shape.points]
        pen.line(points, fill=shape.colour, width=max(1, round(shape.width * k)), joint="curve")
        radius = shape.dots * k
        for x, y in points if radius else []:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shape.colour)
    else:
        text = print_font().text(*shape.text) if language == "zh" else shape.text[1]
        place = shape.x * k, (shape.y + _MIDDLE * shape.size) * k
        line = " ".join(text.split())
        pen.text(place, line, fill=shape.colour, font=_font(round(shape.size * k)), anchor=_ANCHORS[shape.anchor])


@cache
def _font(size: int) -> Any:
    from matplotlib import font_manager  # noqa: PLC0415 - slow to import

    family = print_font().families[0]
    entries = font_manager.fontManager.ttflist
    # the plain cut, of a file that may hold several
    entry = next(e for e in entries if e.name == family and e.weight == 400 and e.style == "normal")  # noqa: PLR2004
    return ImageFont.truetype(entry.fname, size, index=getattr(entry, "index", 0) or 0)
