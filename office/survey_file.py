"""The sheet of a survey as a file: what villages fill in, read row by row as they wrote it, and an empty one to fill in.

A row that cannot be read whole keeps its faults beside its values, so that the others are not lost with it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from office.plain_text import harmless
from office.refusals import Refused

SHEET = "排查表"
"""The template's sheet. A CSV file has no name of its own inside, and counts as this one whatever it is called."""

NOTES = "填写说明"

MOST_ROWS = 20_000
MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
ROWS_ABOVE_THE_HEADINGS = 10
"""Titles that people put above the headings."""

MOST_LINES = MOST_ROWS + ROWS_ABOVE_THE_HEADINGS + 1
"""One more than may be, so that too many are seen."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, whether it must be filled in, the words to choose from, and a note for who fills it in."""

    heading: str
    required: bool = False
    choices: tuple[str, ...] = ()
    note: str = ""
    width: int = 16


@dataclass(frozen=True)
class Row:
    """A row as it was filled in: values by heading, "" where nothing was; `line` is the number at the sheet's left."""

    sheet: str
    line: int
    values: dict[str, str]
    faults: list[str] = field(default_factory=list)


def plain_heading(text: str) -> str:
    """A heading as it is compared: brackets of either width, without blanks and stars."""
    return re.sub(r"[\s*]", "", unicodedata.normalize("NFKC", text))


def read_rows(path: Path, columns: Sequence[Column]) -> list[Row]:
    """Every row that is not empty. Raises `Refused` for a file that cannot be read as such a sheet."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise Refused(f"{path} 超过{MOST_BYTES // 1024 // 1024}MB，请分成几个文件导入。")
        match path.suffix.lower():
            case ".xlsx":
                sheets = _workbook(path)
            case ".csv":
                sheets = [(SHEET, _comma_separated(path))]
            case _:
                raise Refused(f"{path} 不是 .xlsx 或者 .csv 文件；其他格式请先在表格软件里另存为 .xlsx。")
    except OSError as fault:
        raise Refused(f"读不到文件 {path}：{fault.strerror or '请核对'}。") from fault
    found = [row for name, lines in sheets for row in _rows_of(name, lines, columns)]
    if not found:
        raise Refused(f"{path} 里没有填写任何一行。")
    if len(found) > MOST_ROWS:
        raise Refused(f"{path} 超过{MOST_ROWS}行，请分成几个文件导入。")
    return found


Line = list[tuple[str, str]]
"""The cells of a line: the text, and what is wrong with the cell, "" for nothing."""


def _workbook(path: Path) -> list[tuple[str, list[Line]]]:
    try:
        return list(_sheets_of(path))
    except (Refused, OSError):
        raise
    except Exception as fault:  # a broken file breaks its reader in many ways
        raise Refused(
            f"{path} 打不开：可能设了密码，或者不是真正的 xlsx 文件；请在表格软件里去掉密码，另存为 .xlsx。"
        ) from fault


def _sheets_of(path: Path) -> Iterator[tuple[str, list[Line]]]:
    with zipfile.ZipFile(path) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
            raise Refused(f"{path} 展开后太大，请分成几个文件导入。")
    book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    try:
        for sheet in book.worksheets:
            if sheet.title == NOTES:
                continue
            sheet.reset_dimensions()  # some programs write a wrong size, and rows would be missing
            rows = enumerate(sheet.iter_rows(), start=1)
            lines = [[_cell(cell) for cell in cells] for number, cells in rows if number <= MOST_LINES]
            while lines and not any(text for text, _ in lines[-1]):
                lines.pop()
            if lines:
                yield sheet.title, lines
    finally:
        book.close()


def _cell(cell: Any) -> tuple[str, str]:
    if cell.data_type == "f":
        return str(cell.value), "是公式，请改成内容本身（复制后选择性粘贴为“值”）"
    if cell.data_type == "e":
        return str(cell.value), f"是错误值 {cell.value}，请改成内容本身"
    return _text(cell.value), ""


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case datetime():
            return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return harmless(str(value).replace("\r\n", "\n").replace("\r", "\n")).strip()


def _comma_separated(path: Path) -> list[Line]:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Refused(f"{path} 不是 UTF-8 或者 GB18030 编码的文本，请在表格软件里另存为 .xlsx。")
    first = text.split("\n", 1)[0]
    between = max(",;\t", key=first.count)
    try:
        return [
            [(_text(one), _guarded(one)) for one in line]
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
        ]
    except csv.Error as fault:
        raise Refused(
            f"{path} 不是完整的 CSV 文件（引号不成对，或者一格太长），请在表格软件里另存为 .xlsx。"
        ) from fault


def _guarded(text: str) -> str:
    return "是公式，请改成内容本身" if text.lstrip().startswith("=") else ""


def _rows_of(sheet: str, lines: list[Line], columns: Sequence[Column]) -> Iterator[Row]:
    known = {plain_heading(column.heading): column for column in columns}
    needed = [column.heading for column in columns if column.required]
    start = _headings_at(lines, {plain_heading(heading) for heading in needed})
    if start is None:
        raise Refused(
            f"“{sheet}”里没有找到表头。表头要写在一行里，必须有：{'、'.join(needed)}；"
            "空白表可以用 jieli import --template 生成。"
        )
    headings = [plain_heading(text) for text, _ in lines[start]]
    strange = [text for text, _ in lines[start] if text and plain_heading(text) not in known]
    if strange:
        raise Refused(
            f"“{sheet}”第{start + 1}行有不认识的栏：{'、'.join(strange)}。请删去或者改名；"
            f"可以用的栏：{'、'.join(column.heading for column in columns)}。"
        )
    twice = {text for text in headings if text and headings.count(text) > 1}
    if twice:
        raise Refused(f"“{sheet}”第{start + 1}行有重复的栏：{'、'.join(sorted(twice))}，请只留一栏。")
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        if any(text for text, _ in line):
            yield _row(sheet, number, line, headings, columns)


def _row(sheet: str, number: int, line: Line, headings: list[str], columns: Sequence[Column]) -> Row:
    cells = dict(zip(headings, line, strict=False))
    values = {column.heading: cells.get(plain_heading(column.heading), ("", ""))[0] for column in columns}
    faults = [
        f"“{column.heading}”{fault}。"
        for column in columns
        if (fault := cells.get(plain_heading(column.heading), ("", ""))[1])
    ]
    beyond = [text for text, _ in line[len(headings) :] if text]
    beyond += [text for heading, (text, _) in zip(headings, line, strict=False) if text and not heading]
    if beyond:
        faults.append("“表头”以外的格子里有内容，请移到有表头的栏里，或者删去。")
    return Row(sheet, number, values, faults)


def _headings_at(lines: list[Line], needed: set[str]) -> int | None:
    for number, line in enumerate(lines[:ROWS_ABOVE_THE_HEADINGS]):
        if needed <= {plain_heading(text) for text, _ in line}:
            return number
    return None


def write_template(path: Path, columns: Sequence[Column], notes: Iterable[str]) -> None:
    """An empty sheet with its headings, the words to choose from, and how to fill it in on a second sheet.

    Every cell is text: a number of eighteen digits stays whole, and a day stays as it was written.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(SHEET)
    told = book.create_sheet(NOTES)
    lists = 3
    for number, column in enumerate(columns, start=1):
        letter = get_column_letter(number)
        cell = sheet.cell(1, number, column.heading + ("*" if column.required else ""))
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[letter].width = column.width
        sheet.column_dimensions[letter].number_format = "@"
        for line in range(2, 502):
            sheet.cell(line, number).number_format = "@"
        told.append([column.heading, "必填" if column.required else "可不填", column.note])
        if column.choices:
            lists += 1
            at = get_column_letter(lists)
            for line, word in enumerate(column.choices, start=1):
                told[f"{at}{line}"] = word
            listed = DataValidation("list", formula1=f"'{NOTES}'!${at}$1:${at}${len(column.choices)}", allow_blank=True)
            sheet.add_data_validation(listed)
            listed.add(f"{letter}2:{letter}{MOST_ROWS}")
    for note in notes:
        told.append([note])
    sheet.freeze_panes = "A2"
    book.save(path)
