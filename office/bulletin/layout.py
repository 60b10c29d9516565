"""How an official document of the Party and government organs is set: 《党政机关公文格式》GB/T 9704-2012. The one door to
python-docx.

Page A4 with margins 37, 35, 28 and 26 mm (5.2); body 仿宋 3号 (16 pt), 22 lines of 28 characters (5.2.2, 5.2.3); title
小标宋 2号 (22 pt); headings 黑体, then 楷体 (7.3.3); page numbers 宋体 4号 between dashes, outside (7.5). A machine without
these fonts shows the ones it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

SONG, TITLE, BODY, HEADING, SECOND = "宋体", "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"
SIZE_2, SIZE_3, SIZE_4 = 22.0, 16.0, 14.0
"""Chinese type sizes 2号, 3号 and 4号, in points."""
_TOP, _BOTTOM, _LEFT, _RIGHT = 37, 35, 28, 26
_LINE = 28.9
"""Points from line to line: 22 lines on the 225 mm that the margins leave."""
_RED = RGBColor(0xE6, 0x00, 0x12)
_LEFT_ALIGN, _CENTER, _RIGHT_ALIGN = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT


class OfficialDocument:
    """A document that is written from its red head to its last attachment."""

    def __init__(self, title: str) -> None:
        """`title` is also the file's own title."""
        self._document: Any = Document()
        properties = self._document.core_properties
        properties.title, properties.author, properties.comments = title, "接力", ""
        self._document.settings.odd_and_even_pages_header_footer = True
        normal = self._document.styles["Normal"]
        normal.font.size = Pt(SIZE_3)
        _set_font(normal, BODY)
        for level in (1, 2):
            style = self._document.styles[f"Heading {level}"]
            style.font.size, style.font.bold = Pt(SIZE_3), False
            style.font.color.rgb = RGBColor(0, 0, 0)
            _set_font(style, HEADING if level == 1 else SECOND)
        _set_page(self._document.sections[0])
        _number_pages(self._document.sections[0])

    def head(self, issuer: str, number: str) -> None:
        """The issuing organ in red, the document's number, and the red line below."""
        mark = self._line(issuer, TITLE, size=_mark_size(issuer), align=_CENTER)
        mark.runs[0].font.color.rgb = _RED
        mark.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
        mark.paragraph_format.space_before, mark.paragraph_format.space_after = Pt(36), Pt(_LINE)
        line = self._line(number, BODY, align=_CENTER)
        _red_line(line)

    def title(self, text: str) -> None:
        """The title, two lines below the red one."""
        self._line("", BODY)
        line = self._line(text, TITLE, size=SIZE_2, align=_CENTER)
        line.paragraph_format.line_spacing = Pt(36)
        self._line("", BODY)

    def addressed(self, text: str) -> None:
        """Whom it is for, flush left."""
        self._line(text, BODY)

    def heading(self, text: str, level: int = 1) -> None:
        """一、 in 黑体; （一） in 楷体."""
        line = self._document.add_heading("", level)
        _run(line, text, HEADING if level == 1 else SECOND, SIZE_3)
        _set_line(line, indent=2)

    def paragraph(self, text: str) -> None:
        """Body text, two characters in."""
        self._line(text, BODY, indent=2)

    def attachments(self, titles: Sequence[str]) -> None:
        """附件说明, below the text: 附件：1.…"""
        self._line("", BODY)
        for number, title in enumerate(titles, start=1):
            self._line(f"{'附件：' if number == 1 else '　　　'}{number}. {title}", BODY, indent=2)

    def signed(self, issuer: str, day: str) -> None:
        """Who issues it, and the day (成文日期), four characters from the right edge."""
        self._line("", BODY)
        for text in (issuer, day):
            line = self._line(text, BODY, align=_RIGHT_ALIGN)
            line.paragraph_format.right_indent = Pt(4 * SIZE_3)

    def attachment(self, number: int, title: str, *, wide: bool) -> None:
        """Begin an attachment on a page of its own; a wide one lies on its side."""
        section = self._document.add_section(WD_SECTION.NEW_PAGE)
        _set_page(section, wide=wide)
        self._line(f"附件{number}", HEADING)
        line = self._document.add_heading("", 1)
        _run(line, title, TITLE, SIZE_2)
        _set_line(line, align=_CENTER)
        line.paragraph_format.line_spacing = Pt(36)

    def table(
        self, headings: Sequence[str], rows: Sequence[Sequence[str]], *, width: float, first: float = 2.0
    ) -> None:
        """A table as wide as `width` millimetres, whose headings stand again on every page. A column of words is `first`
        times as wide as one of numbers."""
        made = self._document.add_table(rows=1, cols=len(headings), style="Table Grid")
        made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        words = [any(not _is_number(row[n]) for row in rows) for n in range(len(headings))]
        parts = [first if word else 1.0 for word in words]
        for row in (headings, *rows):
            cells = made.rows[0].cells if row is headings else made.add_row().cells
            for cell, text, part, word in zip(cells, row, parts, words, strict=True):
                cell.width = Mm(width * part / sum(parts))
                line = cell.paragraphs[0]
                _run(line, text, HEADING if row is headings else SONG, 9.0)
                line.alignment = _CENTER if row is headings or not word else _LEFT_ALIGN
                line.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
        _repeat_first_row(made)

    def note(self, text: str) -> None:
        """Small print below a table."""
        line = self._line(text, SONG, size=9.0)
        line.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE

    def saved(self) -> bytes:
        """The file's bytes."""
        kept = BytesIO()
        self._document.save(kept)
        return kept.getvalue()

    def _line(self, text: str, font: str, *, size: float = SIZE_3, align: Any = _LEFT_ALIGN, indent: int = 0) -> Any:
        line = self._document.add_paragraph()
        if text:
            _run(line, text, font, size)
        _set_line(line, align=align, indent=indent)
        return line


def table_width(*, wide: bool) -> float:
    """Millimetres between the margins."""
    return (297 - _TOP - _BOTTOM) if wide else (210 - _LEFT - _RIGHT)


def _mark_size(issuer: str) -> float:
    """No size is prescribed (7.2.4): the name fits one line, and is never larger than that of a superior organ would be."""
    return max(SIZE_2, min(46.0, 440.0 / max(1, len(issuer))))


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in "＜※—"


def _set_line(line: Any, *, align: Any = _LEFT_ALIGN, indent: int = 0) -> None:
    line.alignment = align
    form = line.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(_LINE)
    form.space_before = form.space_after = Pt(0)
    form.first_line_indent = Pt(indent * SIZE_3)


def _run(line: Any, text: str, font: str, size: float) -> Any:
    run = line.add_run(text)
    run.font.size = Pt(size)
    _set_font(run, font)
    return run


def _set_font(styled: Any, font: str) -> None:
    """For Chinese and for Latin letters alike: Word chooses by script and would keep its own for one of them."""
    styled.font.name = font
    fonts = styled.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), font)
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(theme), None)


def _set_page(section: Any, *, wide: bool = False) -> None:
    size, margins = (210, 297), (_TOP, _RIGHT, _BOTTOM, _LEFT)
    if wide:
        # A page on its side keeps its binding edge: the page is turned, and its margins with it.
        size, margins = (297, 210), (_LEFT, _TOP, _RIGHT, _BOTTOM)
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (Mm(one) for one in size)
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = (Mm(one) for one in margins)
    # The number stands 7 mm below the text.
    section.footer_distance = Mm(max(10, margins[2] - 12))


def _number_pages(section: Any) -> None:
    for footer, align in ((section.footer, _RIGHT_ALIGN), (section.even_page_footer, _LEFT_ALIGN)):
        footer.is_linked_to_previous = False
        line = footer.paragraphs[0]
        line.alignment = align
        line.paragraph_format.right_indent = line.paragraph_format.left_indent = Pt(SIZE_4)
        _run(line, "— ", SONG, SIZE_4)
        _page_field(_run(line, "", SONG, SIZE_4))
        _run(line, " —", SONG, SIZE_4)


def _page_field(run: Any) -> None:
    for kind in ("begin", "", "end"):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = "PAGE"
        run._r.append(part)


def _red_line(line: Any) -> None:
    borders = OxmlElement("w:pBdr")
    bottom = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "16"), ("space", "4"), ("color", str(_RED))):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    properties = line._p.get_or_add_pPr()
    # The schema wants the parts of a paragraph's properties in their order; borders come before spacing.
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")


def _repeat_first_row(table: Any) -> None:
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(mark)
