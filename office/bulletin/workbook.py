"""The workbook (xlsx): one sheet for each table, text as text and numbers as numbers. The one door to openpyxl."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from office.bulletin.tables import Cell, Share, Table
from office.bulletin.text import is_formula

_FONT = "宋体"
_EDGE = Side(style="thin", color="FF808080")
_BORDER = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FIRST_ROW = 3


def workbook(title: str, tables: Iterable[Table]) -> bytes:
    """The file's bytes. `title` is its document title."""
    book = Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = title, "接力"
    for table in tables:
        _sheet(book, table)
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def _sheet(book: Workbook, table: Table) -> None:
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", "", table.title)[:31])
    _put(sheet.cell(1, 1), table.title)
    sheet.cell(1, 1).font = Font(name=_FONT, size=14, bold=True)
    for column, heading in enumerate(table.headings, start=1):
        cell = sheet.cell(_FIRST_ROW - 1, column)
        _put(cell, heading)
        cell.font, cell.border = Font(name=_FONT, bold=True), _BORDER
        cell.fill = PatternFill("solid", fgColor="FFEDEDED")
        cell.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
    for number, row in enumerate(table.rows, start=_FIRST_ROW):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            _put(cell, value)
            cell.font, cell.border = Font(name=_FONT), _BORDER
            cell.alignment = Alignment(wrap_text=True, vertical="center")
    for number, note in enumerate(table.notes, start=_FIRST_ROW + len(table.rows) + 1):
        _put(sheet.cell(number, 1), note)
    sheet.freeze_panes = sheet.cell(_FIRST_ROW, 2)
    for column in range(len(table.headings)):
        letter = get_column_letter(column + 1)
        longest = max((len(str(row[column])) for row in table.rows), default=0)
        sheet.column_dimensions[letter].width = min(44, max(10, 2.1 * longest))
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"1:{_FIRST_ROW - 1}"


def _put(cell: SheetCell, value: Cell) -> None:
    if isinstance(value, str):
        text = _UNWRITABLE.sub("", value)
        cell.value = text
        # openpyxl takes "=…" for a formula; what a person wrote is never one.
        cell.data_type = "s"
        cell.number_format = "@"
        cell.quotePrefix = is_formula(text)
    elif isinstance(value, Share):
        cell.value, cell.number_format = value.value, "0.0%"
    else:
        cell.value, cell.number_format = value, "0" if isinstance(value, int) else "0.0"
