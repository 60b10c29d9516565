"""The bulletin's files: an official document, a workbook, text files and a chart, with nothing of a child in them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

from config.county import County
from config.settings import Settings
from office.bulletin.chart import Bar, bars
from office.bulletin.issuing import Bulletin, bulletin, lay_into
from office.bulletin.tables import Share, Table, how_late
from office.bulletin.text import guarded, is_formula
from office.bulletin.text_files import text_file
from office.bulletin.workbook import workbook
from office.refusals import Refused
from office.timekeeping import COUNTY_ZONE
from tests.conftest import FixedClock
from tests.emptied import EmptiedDatabases
from tests.office.played_months import MARKS, play
from tests.story import Story

DANGEROUS = ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1"]


@dataclass(frozen=True)
class Played:
    """A bulletin, and what the offices had said in the months it is about."""

    bulletin: Bulletin
    said: str


@pytest.fixture(scope="module")
def april(emptied: EmptiedDatabases, county: County, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The bulletin of April 2026, after two months have been played; it is read only."""

    async def played(url: str) -> Played:
        installation = Settings(data_dir=tmp_path_factory.mktemp("april"), demo=True, mail_digest_seconds=0.0)
        story = Story(url, county, FixedClock(datetime(2026, 3, 2, 9, tzinfo=COUNTY_ZONE)), installation)
        try:
            await play(story)
            said = "".join(f"{row.payload}{row.words}" for row in await story.answers())
            return Played(await bulletin(story.bureau, None), said)
        finally:
            await story.database.close()

    with emptied.one() as url:
        return asyncio.run(played(url))


@pytest.fixture
def made(april: Played) -> Bulletin:
    """The bulletin alone."""
    return april.bulletin


def everything_in(name: str, contents: bytes) -> Iterator[bytes]:
    """A file's bytes, and those of what is packed in it."""
    yield contents
    if name.endswith((".docx", ".xlsx")):
        with zipfile.ZipFile(io.BytesIO(contents)) as packed:
            for part in packed.namelist():
                yield part.encode()
                yield packed.read(part)


def test_no_file_names_a_child_tells_a_story_or_gives_a_reporter_away(april: Played) -> None:
    """Marks planted in every personal field are looked for in the bytes of all files, unpacked too."""
    made = april.bulletin
    assert MARKS[4] in april.said, "the marks are in the records"
    for name, contents in made.files.items():
        for part in everything_in(name, contents):
            text = part.decode("utf-8", "ignore")
            assert not [mark for mark in (*MARKS, "暗号") if mark in text], name
            assert mark_free(part), name


def mark_free(part: bytes) -> bool:
    """Not written as character references either."""
    return "".join(f"&#{ord(sign)};" for sign in "暗号").encode() not in part


def test_the_files_bear_the_months_name(made: Bulletin) -> None:
    """Document, workbook, chart, and a text file for each table."""
    assert {"通报-2026-04.docx", "通报-2026-04.xlsx", "通报-2026-04-各单位按时率.svg"} < set(made.files)
    assert len([name for name in made.files if name.endswith(".csv")]) == 7


def test_cases_are_named_in_the_joint_meetings_own_files_alone(made: Bulletin) -> None:
    """A case's number beside a village would tell every unit in which village there is a case."""
    own = {"问责清单-2026-04.docx", "问责清单-2026-04.xlsx"}
    named = {
        name
        for name, contents in made.files.items()
        if any(b"AH-2026-0" in part for part in everything_in(name, contents))
    }
    assert named == own
    texts = [line.text for line in Document(io.BytesIO(made.files["问责清单-2026-04.docx"])).paragraphs]
    assert any("不得转发" in text and "应当回避的人员不得查阅" in text for text in texts)
    assert any(
        "问责清单另送联席会议组成人员" in line.text
        for line in Document(io.BytesIO(made.files["通报-2026-04.docx"])).paragraphs
    )


def test_the_document_is_set_as_an_official_one(made: Bulletin) -> None:
    """GB/T 9704-2012: margins, red head, number left open, title, headings, attachments, day."""
    opened = Document(io.BytesIO(made.files["通报-2026-04.docx"]))
    first = opened.sections[0]
    margins = (first.top_margin, first.bottom_margin, first.left_margin, first.right_margin)
    assert [round(one.mm) for one in margins if one is not None] == [37, 35, 28, 26]
    assert first.page_width is not None
    assert round(first.page_width.mm) == 210
    lines = [line for line in opened.paragraphs if line.text]
    texts = [line.text for line in lines]
    assert texts[0] == "安和县困境儿童保障工作联席会议"
    assert str(lines[0].runs[0].font.color.rgb) == "E60012"
    assert "【发文字号由印发单位填写】〔2026〕" in texts[1]
    assert "w:pBdr" in lines[1]._p.xml
    assert texts[2] == "关于2026年4月困境儿童保障工作办理情况的通报"
    assert lines[2].runs[0].font.size is not None
    assert (lines[2].runs[0].font.size.pt, font_of(lines[2].runs[0])) == (22, "方正小标宋简体")
    headings = [line for line in lines if line.style is not None and line.style.name == "Heading 1"]
    assert [h.text[0] for h in headings[:5]] == list("一二三四五")
    assert {font_of(h.runs[0]) for h in headings[:5]} == {"黑体"}
    body = next(line for line in lines if line.text.startswith("根据晋政发〔2017〕46号七（一）"))
    assert body.runs[0].font.size is not None
    assert (body.runs[0].font.size.pt, font_of(body.runs[0])) == (16, "仿宋_GB2312")
    assert body.paragraph_format.first_line_indent is not None
    assert body.paragraph_format.first_line_indent.pt == 32
    assert "2026年5月3日" in texts
    assert [f"附件{n}" for n in range(1, 8)] == [text for text in texts if re.fullmatch(r"附件\d", text)]
    assert len(opened.tables) >= 7
    assert all("w:tblHeader" in table._tbl.xml for table in opened.tables)
    footer = opened.sections[0].footer.paragraphs[0]
    assert "PAGE" in footer._p.xml
    assert "—" in footer.text


def font_of(run: object) -> str | None:
    """The font of its Chinese letters."""
    fonts = run._element.rPr.rFonts  # type: ignore[attr-defined]
    found: str | None = fonts.get(qn("w:eastAsia"))
    return found


def test_the_workbooks_cells_have_their_kinds_and_no_formula(made: Bulletin) -> None:
    """Numbers can be reckoned with; text is text; nothing is a formula."""
    book = load_workbook(io.BytesIO(made.files["通报-2026-04.xlsx"]))
    assert len(book.sheetnames) == 7
    offices = book["各单位办理情况"]
    assert offices["A2"].value == "单位"
    row = next(r for r in offices.iter_rows(min_row=3) if r[0].value == "安和县公安局")
    assert [cell.data_type for cell in row[:12]] == ["s"] + ["n"] * 11
    assert row[12].number_format == "0.0%"
    assert 0 <= row[12].value <= 1
    kinds = {cell.data_type for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None}
    assert kinds == {"s", "n"}


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_looks_like_a_formula_stays_text(text: str) -> None:
    """F157: a cell that begins with a sign of reckoning runs in the reader's spreadsheet, unless it is written as text."""
    assert is_formula(text)
    table = Table("t", "表", ("甲", text), ((text, 1, 0.5, Share(0.25)),))
    sheet = load_workbook(io.BytesIO(workbook("表", [table])))["表"]
    cell = sheet["A3"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert str(cell.value).strip() == text.strip()
    written = text_file(table)
    assert written.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert rows[1] == [f"'{text}", "1", "0.5", "0.25"]
    assert rows[0][1] == f"'{text}"


def test_plain_text_and_long_numbers_stay_as_they_are() -> None:
    """F156: what is text is never read as a number."""
    number = "110101199003070000"
    assert guarded(number) == number
    sheet = load_workbook(io.BytesIO(workbook("表", [Table("t", "表", ("甲",), ((number,),))])))["表"]
    assert (sheet["A3"].value, sheet["A3"].data_type, sheet["A3"].number_format) == (number, "s", "@")


def test_the_chart_scales_and_is_told_in_words(made: Bulletin) -> None:
    """viewBox, Chinese fonts, title and description; worst first."""
    picture = ET.fromstring(made.files["通报-2026-04-各单位按时率.svg"])  # noqa: S314 - written here
    space = "{http://www.w3.org/2000/svg}"
    assert picture.get("viewBox", "").startswith("0 0 900 ")
    assert "Noto Sans CJK SC" in picture.get("font-family", "")
    assert (picture.findtext(f"{space}title"), picture.get("role")) == ("2026年4月各单位按时率", "img")
    assert "安和县公安局" in (picture.findtext(f"{space}desc") or "")


def test_a_name_in_a_chart_is_no_markup() -> None:
    """And a long one is cut."""
    drawn = bars("甲<乙>", "丙&丁", [Bar("局" * 30, 1.5, "<b>"), Bar("院", 0, "0%")], "注")
    assert "<b>" not in drawn
    assert "局" * 16 + "…" in drawn
    assert ET.fromstring(drawn) is not None  # noqa: S314 - written here


def test_nothing_is_written_over(made: Bulletin, tmp_path: Path) -> None:
    """An officer may have filled in the number by hand."""
    paths = lay_into(made, tmp_path / "五月")
    assert len(paths) == len(made.files)
    paths[0].write_text("改过")
    with pytest.raises(Refused, match="已有"):
        lay_into(made, tmp_path / "五月")
    assert paths[0].read_text() == "改过"
    (tmp_path / "文件").write_text("")
    with pytest.raises(Refused, match="写不进文件夹"):
        lay_into(made, tmp_path / "文件")


def test_a_delay_is_said_in_days_and_hours() -> None:
    """As an officer says it."""
    said = [
        how_late(timedelta(**by)) for by in ({"days": 3, "hours": 5}, {"days": 2}, {"hours": 4}, {"minutes": 9}, {})
    ]
    assert said == ["3天5小时", "2天", "4小时", "不足1小时", "未逾期"]


def test_programs_are_given_what_is_printed(made: Bulletin) -> None:
    """Every table of the attachments, and small numbers withheld from programs too."""
    assert set(made.contents["tables"]) == {
        "county", "offices", "mechanisms", "steps", "townships", "cases", "reports", "accountability"
    }  # fmt: skip
    closed = made.contents["tables"]["cases"]["rows"][0]
    assert closed[0] == "全县"
    assert not [cell for cell in closed[1:] if isinstance(cell, int) and 0 < cell < 5]
    assert "＜5" in json.dumps(made.contents, ensure_ascii=False)
