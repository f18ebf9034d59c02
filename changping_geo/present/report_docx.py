"""A report as a Word document: headings for a table of contents, page numbers, Chinese fonts named for Chinese text."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from changping_geo.present.report_docx_table import table_element
from changping_geo.present.report_draw import png
from changping_geo.present.report_parts import (
    Beside,
    Chart,
    Figures,
    Heading,
    Picture,
    Report,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from changping_geo.present.report_parts import Block, Pair

_LATIN, _HEADS, _BODY = "Arial", "黑体", "宋体"
_TEXT_MM = 178.0
_INK = {
    **dict.fromkeys(("synthetic", "reconstructed", "behind"), RGBColor(0x7A, 0x43, 0x06)),
    **dict.fromkeys(("official", "open", "met"), RGBColor(0x20, 0x5C, 0x36)),
    "on_track": RGBColor(0x17, 0x4D, 0x74),
}
_SOFT = RGBColor(0x6D, 0x6A, 0x63)
_SIZES = {"Normal": 10.5, "Title": 20.0, "Heading 1": 15.0, "Heading 2": 11.5, "Heading 3": 10.5}


def write_docx(report: Report, path: Path, language: str = "zh") -> None:
    """Write a report.

    Parameters
    ----------
    report : Report
        The report.
    path : Path
        The file, ``.docx``.
    language : str
        ``zh`` or ``en``; a document has one language.
    """
    _Writer(language).write(report, path)


class _Writer:
    """A document in one language."""

    def __init__(self, language: str) -> None:
        self._at = 0 if language == "zh" else 1
        self._language = language
        self._document: Any = Document()

    def write(self, report: Report, path: Path) -> None:
        self._set_up(report)
        self._document.add_paragraph(self._say(report.kicker)).runs[0].font.color.rgb = _SOFT
        self._document.add_paragraph(self._say(report.title), style="Title")
        for number, page in enumerate(report.pages):
            heading = self._document.add_heading(self._say(page.title), 1)
            heading.paragraph_format.page_break_before = number > 0
            if self._say(page.status):
                self._small(f"{self._say(('数据状态', 'Data status'))}: {self._say(page.status)}", _INK.get(page.mark))
            for block in page.blocks:
                self._block(block)
        self._small(self._say(report.foot))
        self._document.save(path)

    def _say(self, text: Pair) -> str:
        """Return a text on lines that a document knows; what reads like a field stays text, as no field is made."""
        return text[self._at].replace("\r\n", "\n").replace("\r", "\n")

    def _set_up(self, report: Report) -> None:
        document = self._document
        section = document.sections[0]
        section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(16)
        section.top_margin, section.bottom_margin = Mm(16), Mm(17)
        for name, size in _SIZES.items():
            style = document.styles[name]
            style.font.size = Pt(size)
            style.font.color.rgb = RGBColor(0x1D, 0x5B, 0x87) if name.startswith("Heading") else RGBColor(0, 0, 0)
            _fonts(style, _BODY if name == "Normal" else _HEADS)
        document.styles["Normal"].paragraph_format.space_after = Pt(3)
        document.styles["Heading 2"].paragraph_format.space_before = Pt(8)
        footer = section.footer.paragraphs[0]
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _page_number(footer)
        core = document.core_properties
        core.title, core.author, core.comments = self._say(report.title)[:255], "changping-geo", ""
        core.created = core.modified = datetime(2000, 1, 1, tzinfo=UTC)
        core.language = "zh-CN" if self._language == "zh" else "en"

    def _block(self, block: Block) -> None:
        if isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Figures):
            self._figures(block)
        elif isinstance(block, Beside):
            self._beside(block)
        elif isinstance(block, Picture | Chart):
            self._image(self._document.add_paragraph(), block, _TEXT_MM * 0.75)
        elif isinstance(block, Heading):
            self._document.add_heading(self._say(block.text), 2)
        elif block.look == "about":
            self._document.add_paragraph(self._say(block.text))
        elif block.look == "small":
            self._small(self._say(block.text))
        else:
            run = self._document.add_paragraph().add_run(self._say(block.text))
            run.bold, run.font.color.rgb = True, _INK.get(block.look)

    def _small(self, text: str, colour: RGBColor | None = None) -> None:
        run = self._document.add_paragraph().add_run(text)
        run.font.size, run.font.color.rgb = Pt(8.5), colour or _SOFT

    def _figures(self, block: Figures) -> None:
        if any(block.title):
            self._document.add_heading(self._say(block.title), 2)
        if not block.figures:
            return
        table = self._grid(1, len(block.figures), [1 / len(block.figures)] * len(block.figures))
        for cell, figure in zip(table.rows[0].cells, block.figures, strict=True):
            paragraph = cell.paragraphs[0]
            _run(paragraph, self._say(figure.label), 8, _SOFT)
            paragraph = cell.add_paragraph()
            _run(paragraph, self._say(figure.value), 12.5, _INK.get(figure.mark)).bold = True
            if self._say(figure.note):
                _run(cell.add_paragraph(), self._say(figure.note), 8, _SOFT)
        if self._say(block.note):
            self._small(self._say(block.note))

    def _beside(self, block: Beside) -> None:
        count = len(block.blocks)
        table = self._grid(1, count, [1 / count] * count)
        for cell, part in zip(table.rows[0].cells, block.blocks, strict=True):
            self._image(cell.paragraphs[0], part, _TEXT_MM / count - 5 if count > 1 else 120.0, cell)

    def _image(self, paragraph: Any, part: Picture | Chart, width_mm: float, home: Any = None) -> None:
        home = home or self._document
        _run(paragraph, self._say(part.title), 9.5).bold = True
        data = part.png if isinstance(part, Picture) else png(part.drawing, self._language)
        image = home.add_paragraph().add_run().add_picture(io.BytesIO(data), width=Mm(width_mm))
        image._inline.docPr.set("descr", self._say(part.title))  # noqa: SLF001 - python-docx has no other way
        if isinstance(part, Picture) and part.colours:
            key = home.add_paragraph()
            if self._say(part.unit):
                _run(key, f"{self._say(part.unit)}  ", 8, _SOFT)
            for colour, label in zip(part.colours, part.labels, strict=True):
                _run(key, "■ ", 9, RGBColor.from_string(colour.removeprefix("#").upper()))
                _run(key, f"{self._say(label)}   ", 8)

    def _grid(self, rows: int, columns: int, widths: Sequence[float]) -> Any:
        table = self._document.add_table(rows, columns)
        table.autofit = False
        for column, share in zip(table.columns, widths, strict=True):
            column.width = Mm(_TEXT_MM * share)
        for row in table.rows:
            for cell, share in zip(row.cells, widths, strict=True):
                cell.width = Mm(_TEXT_MM * share)
        return table

    def _table(self, block: Table) -> None:
        if self._say(block.title):
            self._document.add_heading(self._say(block.title), 2)
        self._document._body._body._insert_tbl(table_element(block, self._say, _TEXT_MM))  # noqa: SLF001 - as above
        self._document.add_paragraph().paragraph_format.space_after = Pt(0)


def _run(paragraph: Any, text: str, size: float, colour: RGBColor | None = None) -> Any:
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    if colour is not None:
        run.font.color.rgb = colour
    return run


def _fonts(style: Any, chinese: str) -> None:
    """Name the fonts of a style; those of its theme would go first."""
    properties = style.element.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for kind, name in (("ascii", _LATIN), ("hAnsi", _LATIN), ("cs", _LATIN), ("eastAsia", chinese)):
        fonts.set(qn(f"w:{kind}"), name)


def _page_number(paragraph: Any) -> None:
    """Write the number of the page, the only field of a document."""
    run = paragraph.add_run()
    run.font.size = Pt(9)
    instruction = _element("w:instrText")
    instruction.set(qn("xml:space"), "preserve")
    instruction.text = "PAGE"
    for part in (_element("w:fldChar", fldCharType="begin"), instruction, _element("w:fldChar", fldCharType="end")):
        run._r.append(part)  # noqa: SLF001 - python-docx has no other way to a field


def _element(name: str, **attributes: str) -> Any:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element
