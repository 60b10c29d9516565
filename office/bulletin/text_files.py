"""The tables as CSV, for whoever has no spreadsheet of today: with a BOM, so that Chinese stays Chinese, and no formula."""

from __future__ import annotations

import csv
from io import StringIO

from office.bulletin.tables import Cell, Share, Table
from office.bulletin.text import guarded


def text_file(table: Table) -> bytes:
    """The file's bytes: UTF-8 with BOM, one line for each row."""
    kept = StringIO(newline="")
    writer = csv.writer(kept)
    writer.writerow([guarded(heading) for heading in table.headings])
    writer.writerows([_written(cell) for cell in row] for row in table.rows)
    return kept.getvalue().encode("utf-8-sig")


def _written(cell: Cell) -> str | int | float:
    if isinstance(cell, Share):
        return round(cell.value, 4)
    return guarded(cell) if isinstance(cell, str) else cell
