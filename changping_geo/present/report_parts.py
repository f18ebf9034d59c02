"""What a report is made of: pages of plain blocks in two languages, the same for a page of HTML and for a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from changping_geo.present.text import writable

if TYPE_CHECKING:
    from changping_geo.present.report_draw import Drawing

Pair = tuple[str, str]


def pair(zh: object, en: object | None = None) -> Pair:
    """Return a text in both languages, without characters that no file can hold."""
    chinese = writable(zh)
    return chinese, chinese if en is None else writable(en)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text : (str, str)
        Chinese and English text.
    mark : str
        How it is shown: a word of a status, ``strong``, or nothing.
    note : (str, str)
        Small print below the text.
    """

    text: Pair
    mark: str = ""
    note: Pair = ("", "")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    Attributes
    ----------
    heads : tuple of (str, str)
        Headings.
    rows : tuple of tuple of Cell
        Cells, as many in each row as there are headings.
    numbers : tuple of bool
        Columns that stand to the right.
    widths : tuple of float
        Shares of the width per column; empty leaves it to the text. [1]
    last : int
        Rows at the end that are sums. [rows]
    title : (str, str)
        Stands above the table.
    """

    heads: tuple[Pair, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[bool, ...]
    widths: tuple[float, ...] = ()
    last: int = 0
    title: Pair = ("", "")
    kind: ClassVar[str] = "table"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph.

    Attributes
    ----------
    text : (str, str)
        Chinese and English text.
    look : str
        ``about``, ``small``, or the word of a data status, which makes it a banner.
    """

    text: Pair
    look: str = "about"
    kind: ClassVar[str] = "text"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands out.

    Attributes
    ----------
    label, value, note : (str, str)
        What it is, the number with its unit, and small print: the other unit, or a range.
    mark : str
        The word of a status, which colours it.
    """

    label: Pair
    value: Pair
    note: Pair = ("", "")
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers in a row, with a title where they belong to something.

    Attributes
    ----------
    figures : tuple of Figure
        The numbers.
    title : (str, str)
        What they belong to.
    mark, status : str and (str, str)
        The word of their data status, and its label.
    note : (str, str)
        A sentence below them.
    look : str
        ``tiles`` for a few large ones, ``panel`` for a box with a title, ``row`` for a line of them.
    """

    figures: tuple[Figure, ...]
    title: Pair = ("", "")
    mark: str = ""
    status: Pair = ("", "")
    note: Pair = ("", "")
    look: str = "row"
    kind: ClassVar[str] = "figures"


@dataclass(frozen=True, slots=True)
class Picture:
    """A map picture.

    Attributes
    ----------
    png : bytes
        The picture.
    title, unit : (str, str)
        What is coloured, and in which unit.
    colours : tuple of str
        ``#rrggbb`` per class.
    labels : tuple of (str, str)
        One per class.
    """

    png: bytes
    title: Pair
    unit: Pair = ("", "")
    colours: tuple[str, ...] = ()
    labels: tuple[Pair, ...] = ()
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing that says one thing.

    Attributes
    ----------
    title : (str, str)
        What it says.
    drawing : Drawing
        The drawing itself.
    """

    title: Pair
    drawing: Drawing
    kind: ClassVar[str] = "chart"


@dataclass(frozen=True, slots=True)
class Beside:
    """Blocks side by side."""

    blocks: tuple[Picture | Chart, ...]
    kind: ClassVar[str] = "beside"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a page."""

    text: Pair
    kind: ClassVar[str] = "heading"


Block: TypeAlias = Table | Text | Figures | Picture | Chart | Beside | Heading


@dataclass(frozen=True, slots=True)
class Page:
    """A page, or several that belong together.

    Attributes
    ----------
    name : str
        ASCII word for links.
    title : (str, str)
        Heading.
    blocks : tuple of Block
        What stands on it.
    mark, status : str and (str, str)
        The word of its data status, and the label.
    """

    name: str
    title: Pair
    blocks: tuple[Block, ...]
    mark: str = ""
    status: Pair = ("", "")


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Attributes
    ----------
    title, kicker, foot : (str, str)
        Title, the line above it, and the line at the end.
    pages : tuple of Page
        Its pages.
    """

    title: Pair
    kicker: Pair
    foot: Pair
    pages: tuple[Page, ...]
