"""A table of a Word document, written as a whole: cell by cell through the library takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

if TYPE_CHECKING:
    from collections.abc import Callable

    from changping_geo.present.report_parts import Cell, Pair, Table

_TWIPS_PER_MM = 1440 / 25.4
_HEAD_FILL, _SUM_FILL, _LINE, _SOFT = "F1EEE6", "F6F3EC", "C9C3B5", "6D6A63"
_HALF_POINTS, _NOTE_HALF_POINTS = 17, 15
_INK = {
    **dict.fromkeys(("synthetic", "reconstructed", "behind"), "7A4306"),
    **dict.fromkeys(("official", "open", "met"), "205C36"),
    "on_track": "174D74",
}


def table_element(table: Table, say: Callable[[Pair], str], width_mm: float) -> Any:
    """Return the element of a table: its head is repeated on every page, and no row is torn apart.

    Parameters
    ----------
    table : Table
        The table.
    say : callable
        Returns a text in the language of the document.
    width_mm : float
        Width of the table. [mm]
    """
    shares = table.widths or (1 / len(table.heads),) * len(table.heads)
    widths = [round(share * width_mm * _TWIPS_PER_MM) for share in shares]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{_LINE}"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    heads = "".join(
        _cell(width, _runs(say(head), bold=True), number=number, fill=_HEAD_FILL)
        for width, head, number in zip(widths, table.heads, table.numbers, strict=True)
    )
    rows = [f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{heads}</w:tr>"]
    first_sum = len(table.rows) - table.last
    for place, row in enumerate(table.rows):
        fill = _SUM_FILL if place >= first_sum else ""
        cells = "".join(
            _cell(width, _content(cell, say), number=number, fill=fill)
            for width, cell, number in zip(widths, row, table.numbers, strict=True)
        )
        rows.append(f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>")
    return parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblBorders>{sides}</w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _cell(width: int, runs: str, *, number: bool, fill: str) -> str:
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    side = '<w:jc w:val="right"/>' if number else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}</w:tcPr>'
        f'<w:p><w:pPr><w:spacing w:after="0"/>{side}</w:pPr>{runs}</w:p></w:tc>'
    )


def _content(cell: Cell, say: Callable[[Pair], str]) -> str:
    runs = _runs(say(cell.text), bold=bool(cell.mark), colour=_INK.get(cell.mark, ""))
    note = say(cell.note)
    return runs + ("<w:r><w:br/></w:r>" + _runs(note, _NOTE_HALF_POINTS, colour=_SOFT) if note else "")


def _runs(text: str, size: int = _HALF_POINTS, *, bold: bool = False, colour: str = "") -> str:
    look = "<w:b/>" if bold else ""
    look += f'<w:color w:val="{colour}"/>' if colour else ""
    look += f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/>'
    lines = [
        "<w:tab/>".join(f'<w:t xml:space="preserve">{escape(part)}</w:t>' for part in line.split("\t"))
        for line in text.split("\n")
    ]
    return f"<w:r><w:rPr>{look}</w:rPr>{'<w:br/>'.join(lines)}</w:r>"
