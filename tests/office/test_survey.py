"""A survey's sheet is filed row by row, never twice, and every fault is named with its line and its mend."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select
from typer.testing import CliRunner

from config.county import County
from office import intake
from office.bars import bars_in
from office.cli import app
from office.refusals import Refused
from office.survey import HOW_TO, Outcome, columns_of, import_rows
from office.survey_file import NOTES, SHEET, read_rows, write_template
from office.tables import CaseRow, Report
from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import Mechanism, ReporterKind, ReportReason
from tests.story import Story

pytestmark = pytest.mark.anyio


def line(name: str, **more: str) -> dict[str, str]:
    """One child, living alone, reported by its village."""
    values = {
        "编号": "", "儿童姓名": name, "性别": "男", "出生年月": "2018-03", "乡镇(街道)": "青石镇", "村(居)": "柳河村",
        "报告事由": ReportReason.ALONE_LIVING.label, "此刻是否有危险": "没有", "发现时间": "2026-03-01 09:00", "发现的情况": "一人在家",
        "儿童情况": "", "儿童现在何处": "", "被指伤害儿童的人": "", "报告人身份": ReporterKind.VILLAGE_COMMITTEE.label, "报告人姓名": "",
        "报告人联系方式": "",
    }  # fmt: skip
    return values | more


def as_xlsx(path: Path, rows: list[dict[str, Any]], sheet: str = SHEET) -> Path:
    """A workbook with these rows below the headings."""
    book = Workbook()
    page = book.worksheets[0]
    page.title = sheet
    page.append(list(rows[0]))
    for row in rows:
        page.append(list(row.values()))
    book.save(path)
    return path


def as_csv(path: Path, rows: list[dict[str, str]], encoding: str) -> Path:
    """The same as a spreadsheet program saves it."""
    written = io.StringIO(newline="")
    out = csv.DictWriter(written, list(rows[0]))
    out.writeheader()
    out.writerows(rows)
    path.write_bytes(written.getvalue().encode(encoding))
    return path


async def taken(story: Story, path: Path, **more: Any) -> Outcome:
    """Import the file."""
    return await import_rows(story.bureau, read_rows(path, columns_of(story.bureau.county)), **more)


async def kept(story: Story) -> int:
    """How many reports are in the records."""
    async with story.database.transaction() as session:
        return (await session.execute(select(func.count()).select_from(Report))).scalar_one()


def told(outcome: Outcome) -> list[tuple[int, str]]:
    """Line and sentences of what was not filed."""
    return [(one.row.line, "".join(one.sentences)) for one in outcome.faulty]


async def test_a_hundred_rows_with_three_faults_and_two_doubles_imported_twice(story: Story, tmp_path: Path) -> None:
    """95 are filed the first time and none the second; the five are listed both times, by their lines (F152)."""
    rows = [line(f"儿童{number}") for number in range(98)]
    rows[10]["报告事由"] = "不知道"
    rows[20]["发现的情况"] = ""
    rows[30]["村(居)"] = "东岭村"
    rows += [line("儿童1"), line("儿童2")]
    file = as_xlsx(tmp_path / "s.xlsx", rows)
    first = await taken(story, file)
    assert len(first.filed) == 95
    assert [number for number, _ in told(first)] == [12, 22, 32, 100, 101]
    assert "第3行是同一名儿童" in told(first)[3][1]
    second = await taken(story, file)
    assert {one.receipt.again for one in second.filed} == {True}
    assert [one.receipt.receipt for one in second.filed] == [one.receipt.receipt for one in first.filed]
    assert told(second) == told(first)
    assert await kept(story) == 95


async def test_a_row_becomes_the_report_it_says(story: Story, tmp_path: Path) -> None:
    """Words become keys, times are Beijing's, and who is accused is barred as on the form."""
    row = line("小名甲", 编号="7", 被指伤害儿童的人="周立言", 报告人姓名="甲", 报告人联系方式="0000")
    outcome = await taken(story, as_xlsx(tmp_path / "s.xlsx", [row]))
    async with story.database.transaction() as session:
        report, case = (await session.execute(select(Report, CaseRow).join(CaseRow))).one()
    assert (case.township, case.village, case.danger_now) == ("qingshi", "liuhe", False)
    assert (report.reporter_kind, report.reason) == ("village_committee", "alone_living")
    assert report.found_at == datetime(2026, 3, 1, 9, tzinfo=COUNTY_ZONE)
    assert report.child_description == "编号：7；儿童姓名：小名甲；性别：男；出生年月：2018-03"
    assert [one.who for one in await bars_in(story.bureau, outcome.filed[0].receipt.case)] == ["ps_zhou"]


async def test_a_child_in_need_only_goes_to_the_assessment(story: Story, tmp_path: Path) -> None:
    """The reason decides, as on the form."""
    poor = ReportReason.POVERTY_OR_DISABILITY.label
    outcome = await taken(story, as_xlsx(tmp_path / "s.xlsx", [line("甲", 报告事由=poor)]))
    story.case = outcome.filed[0].receipt.case
    await story.run()
    assert Mechanism.ASSESSMENT_AND_ASSISTANCE.value in await story.live()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
async def test_a_csv_file_as_it_is_saved_in_china_is_the_same_survey(
    story: Story, tmp_path: Path, encoding: str
) -> None:
    """Rare characters and line ends inside a cell too; the workbook it was saved from files nothing more."""
    rows = [line("㐂𠮷", 发现的情况="一人在家，\n“没有人”管"), line("乙")]
    await taken(story, as_xlsx(tmp_path / "s.xlsx", rows))
    outcome = await taken(story, as_csv(tmp_path / "renamed.csv", rows, encoding))
    assert told(outcome) == []
    assert await kept(story) == 2


async def test_a_trial_files_nothing(story: Story, tmp_path: Path) -> None:
    """It says what would be filed and what not."""
    outcome = await taken(story, as_xlsx(tmp_path / "s.xlsx", [line("甲"), line("")]), trial=True)
    assert (outcome.good, outcome.filed) == (1, [])
    assert told(outcome) == [(3, "请填写“儿童姓名”。")]
    assert await kept(story) == 0


async def test_what_was_filed_before_the_power_went_stays_and_the_rest_follows(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the second row: two are in the records, and the next import files the others."""
    file = as_xlsx(tmp_path / "s.xlsx", [line(name) for name in "甲乙丙丁"])
    real, calls = intake.file_report, []

    async def killed(*given: Any) -> Any:
        calls.append(given)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return await real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(intake, "file_report", killed)
        with pytest.raises(KeyboardInterrupt):
            await taken(story, file)
    assert await kept(story) == 2
    outcome = await taken(story, file)
    assert [one.receipt.again for one in outcome.filed] == [True, True, False, False]


async def test_other_words_about_the_same_child_are_not_taken_for_filed(story: Story, tmp_path: Path) -> None:
    """The row is listed with what to do, and the earlier report stays as it is."""
    await taken(story, as_xlsx(tmp_path / "s.xlsx", [line("甲")]))
    outcome = await taken(story, as_xlsx(tmp_path / "t.xlsx", [line("甲", 发现的情况="又受伤了")]))
    assert "换一个编号" in told(outcome)[0][1]
    again = await taken(story, as_xlsx(tmp_path / "u.xlsx", [line("甲", 发现的情况="又受伤了", 编号="2")]))
    assert len(again.filed) == 1
    other_sheet = await taken(story, as_xlsx(tmp_path / "v.xlsx", [line("甲")], sheet="2027年春季排查"))
    assert [one.receipt.again for one in other_sheet.filed] == [False]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"乡镇(街道)": "别处"}, "“乡镇(街道)”里的“别处”不在可选范围，请填：青石镇、白杨乡"),
        ({"乡镇(街道)": ""}, "请填写“乡镇(街道)”。"),
        ({"此刻是否有危险": "可能"}, "“此刻是否有危险”请填：有、没有或者说不准。"),
        ({"发现时间": "昨天"}, "“发现时间”看不明白"),
        ({"发现时间": "2030-01-01"}, "发现时间晚于现在"),
        ({"发现的情况": "字" * 5001}, "“发现的情况”最多5000个字"),
        ({"儿童情况": "字" * 1000}, "“儿童情况”最多1000个字"),
        ({"报告人身份": "路人"}, "“报告人身份”里的“路人”不在可选范围"),
        ({"发现的情况": "=A1"}, "“发现的情况”是公式"),
        ({"村(居)": "#REF!"}, "“村(居)”"),
    ],
)
async def test_a_faulty_row_names_its_column_and_its_mend(
    story: Story, tmp_path: Path, more: dict[str, str], sentence: str
) -> None:
    """One sentence for each fault, and no other row suffers."""
    outcome = await taken(story, as_xlsx(tmp_path / "s.xlsx", [line("甲", **more), line("乙")]), trial=True)
    assert outcome.good == 1
    assert len(outcome.faulty) == len(outcome.faulty[0].sentences) == 1
    assert outcome.faulty[0].row.line == 2
    assert sentence in outcome.faulty[0].sentences[0]


def test_days_and_numbers_that_the_program_made_of_what_was_typed_are_read_back(county: County, tmp_path: Path) -> None:
    """A telephone number is no fraction, a day is a day."""
    typed = line("甲") | {"报告人联系方式": 13800000000, "发现时间": datetime(2026, 3, 1, 9, 30), "编号": 3.0}  # noqa: DTZ001
    (row,) = read_rows(as_xlsx(tmp_path / "s.xlsx", [typed]), columns_of(county))
    assert row.values["报告人联系方式"] == "13800000000"
    assert row.values["发现时间"] == "2026-03-01 09:30"
    assert row.values["编号"] == "3"


def test_a_title_above_the_headings_and_blank_lines_do_no_harm(county: County, tmp_path: Path) -> None:
    """Lines keep the numbers that the reader of the sheet sees; brackets may be wide."""
    book = Workbook()
    page = book.worksheets[0]
    page.title = "春季"
    page.append(["青石镇排查表"])
    page.append([])
    page.append([heading.replace("(", "（").replace(")", "）") + "*" for heading in line("甲")])
    page.append([])
    page.append(list(line("甲").values()))
    book.save(tmp_path / "s.xlsx")
    (row,) = read_rows(tmp_path / "s.xlsx", columns_of(county))
    assert (row.sheet, row.line, row.values["乡镇(街道)"]) == ("春季", 5, "青石镇")


def test_the_template_can_be_filled_in_and_imported(county: County, tmp_path: Path) -> None:
    """Its headings are the columns, its lists are the county's words, and it holds no row yet."""
    file = tmp_path / "template.xlsx"
    write_template(file, columns_of(county), HOW_TO)
    with pytest.raises(Refused, match="没有填写任何一行"):
        read_rows(file, columns_of(county))
    book = load_workbook(file)
    assert book.sheetnames == [SHEET, NOTES]
    for number, value in enumerate(line("甲").values(), start=1):
        book[SHEET].cell(2, number, value)
    book.save(file)
    (row,) = read_rows(file, columns_of(county))
    assert (row.faults, row.values) == ([], line("甲"))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("s.xls", b"x", "另存为 .xlsx"),
        ("s.xlsx", b"not a zip", "打不开"),
        ("s.csv", b"\xff\xff\xff", "不是 UTF-8 或者 GB18030"),
        ("s.csv", "姓名,年龄\n甲,3\n".encode(), "没有找到表头"),
        ("s.csv", (",".join([*line("甲"), "备注"]) + "\n甲").encode(), "不认识的栏：备注"),
        ("s.csv", (",".join([*line("甲"), "编号"]) + "\n甲").encode(), "重复的栏：编号"),
        ("s.csv", (",".join(line("甲")) + '\n"甲').encode(), "引号不成对"),
        ("missing.csv", None, "读不到文件"),
    ],
)
def test_a_file_that_is_no_such_sheet_is_refused_in_one_sentence(
    county: County, tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    """Nothing of it is filed, and the sentence says what to do."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused, match=sentence):
        read_rows(tmp_path / name, columns_of(county))


def test_the_command_writes_a_template_and_never_over_a_filled_one(tmp_path: Path) -> None:
    """A village's work is not lost to a second press."""
    file = tmp_path / "survey.xlsx"
    assert CliRunner().invoke(app, ["import", "--template", str(file)]).exit_code == 0
    assert file.exists()
    again = CliRunner().invoke(app, ["import", "--template", str(file)])
    assert again.exit_code == 1
    assert "不覆盖" in str(again.exception)
    assert CliRunner().invoke(app, ["import"]).exit_code == 2


def test_the_command_files_the_good_rows_names_the_others_and_ends_with_one(
    records_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For people line by line, for programs as JSON; a trial first files nothing."""
    for name, value in {"DATABASE_URL": records_url, "DATA_DIR": str(tmp_path), "DEMO": "true"}.items():
        monkeypatch.setenv(f"JIELI_{name}", value)
    rows = [line(name, 发现时间="") for name in ("甲", "乙", "")]
    file = str(as_xlsx(tmp_path / "s.xlsx", rows))
    trial = CliRunner().invoke(app, ["import", file, "--dry-run", "--json"])
    first = CliRunner().invoke(app, ["import", file, "--json"])
    second = CliRunner().invoke(app, ["import", file])
    assert [one.exit_code for one in (trial, first, second)] == [1, 1, 1]
    assert [(json.loads(one.stdout)["good"], len(json.loads(one.stdout)["filed"])) for one in (trial, first)] == [
        (2, 0), (2, 2),
    ]  # fmt: skip
    assert json.loads(first.stdout)["faulty"] == [{"sheet": SHEET, "line": 4, "faults": ["请填写“儿童姓名”。"]}]
    assert "先前已经提交过2行，有错误没有提交1行" in second.stdout
    assert f"“{SHEET}”第4行：请填写“儿童姓名”。" in second.stderr
