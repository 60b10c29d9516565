"""The county's calendar: the library's notices, the county's overlays, and every fault with its line."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from config.faults import Fault
from config.settings import EXAMPLE_COUNTY
from config.workdays import load_calendar
from rules.workdays import Calendar, DayKind

NOTICES = Path(__file__).parents[1] / "rules" / "workdays" / "arrangements.yaml"


def _load(folder: Path, **files: str) -> tuple[Calendar, list[tuple[str, int, str]]]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    faults: list[Fault] = []
    calendar = load_calendar(folder, faults)
    return calendar, [(fault.file.name, fault.line, fault.reason) for fault in faults]


def test_the_example_county_has_no_fault() -> None:
    """The example overlay is empty and in force."""
    faults: list[Fault] = []
    calendar = load_calendar(EXAMPLE_COUNTY, faults)
    assert faults == []
    assert calendar.last_published_year >= 2026


def test_the_library_agrees_with_the_notices_copied_by_hand(tmp_path: Path) -> None:
    """Each day of 2019 to 2026 is off or working as the notice says (F66)."""
    years: list[dict[str, Any]] = YAML(typ="safe").load(NOTICES.read_text(encoding="utf-8"))
    off = {
        first + timedelta(days=n)
        for year in years
        for _, first, last in year["off"]
        for n in range((last - first).days + 1)
    }
    working = {day for year in years for day in year["working"]}
    calendar, _ = _load(tmp_path)
    wrong = []
    for number in range((date(2026, 12, 28) - date(2018, 12, 29)).days + 1):
        day = date(2018, 12, 29) + timedelta(days=number)
        expected = day in working or (day.weekday() < 5 and day not in off)
        if calendar.is_working_day(day) is not expected:
            wrong.append(day)
    assert wrong == []


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 10, 1), "国庆节放假（国办发明电〔2025〕7号）"),
        (date(2026, 10, 7), "国庆节调休放假（国办发明电〔2025〕7号）"),
        (date(2026, 2, 14), "春节调休上班（国办发明电〔2025〕7号）"),
        (date(2026, 4, 6), "清明节放假（国办发明电〔2025〕7号）"),
        (date(2025, 10, 6), "中秋节放假（国办发明电〔2024〕12号）"),
        (date(2018, 12, 31), "元旦调休放假（国办发明电〔2018〕15号）"),
        (date(2019, 5, 5), "劳动节调休上班（国办发明电〔2019〕3号）"),
        (date(2020, 2, 1), "春节放假（国办发明电〔2020〕1号）"),
        (date(2010, 10, 1), "国庆节放假（国务院办公厅2010年节假日安排通知）"),
    ],
)
def test_each_day_names_its_festival_and_its_notice(tmp_path: Path, day: date, why: str) -> None:
    """A notice's number is given where it is known, its title where not; 31 December goes by next year's notice."""
    assert _load(tmp_path)[0].rule(day).why == why


def test_the_county_overrules_the_library(tmp_path: Path) -> None:
    """A day off and a make-up day of the county win, with the county's notice as reason (F79)."""
    calendar, faults = _load(
        tmp_path,
        workdays_2026="""\
notice: 安和政办发〔2026〕3号
days_off:
  - {date: 2026-02-14, why: 抗雪停工}
  - {date: 2026-03-02, why: 抗雪停工, notice: 安和政办发〔2026〕4号}
working_days:
  - date: 2026-02-23
    why: 抗雪上班
""",
    )
    assert faults == []
    assert calendar.rule(date(2026, 2, 14)).why == "抗雪停工（安和政办发〔2026〕3号）"
    assert calendar.rule(date(2026, 3, 2)).why == "抗雪停工（安和政办发〔2026〕4号）"
    assert calendar.rule(date(2026, 2, 23)).kind is DayKind.MAKE_UP_WORKING_DAY


def test_an_overlay_can_publish_a_year_the_library_lacks(tmp_path: Path) -> None:
    """With `publishes_year` a new notice is in force without a new release; without it the year stays open."""
    unknown = _load(tmp_path)[0].last_published_year + 1
    text = f"notice: 某号\ndays_off:\n  - {{date: {unknown}-01-04, why: 元旦放假}}\n"
    waiting, _ = _load(tmp_path, **{f"workdays_{unknown}": text})
    assert waiting.awaits_notice_of(date(unknown, 1, 4)) == unknown
    assert not waiting.is_working_day(date(unknown, 1, 4))
    calendar, faults = _load(tmp_path, **{f"workdays_{unknown}": text + "publishes_year: true\n"})
    assert faults == []
    assert calendar.last_published_year == unknown
    assert calendar.awaits_notice_of(date(unknown, 6, 1)) is None
    assert calendar.awaits_notice_of(date(unknown - 1, 12, 31)) is None


def test_every_fault_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    """Good entries still count; each bad one is one fault that names the mend."""
    calendar, faults = _load(
        tmp_path,
        workdays_2026="""\
holiday: yes
days_off:
  - {date: 2026-03-02, why: 停工}
  - {date: 2026-02-30, why: 停工}
  - {date: 2026/03/03, why: 停工}
  - {date: 2025-12-31, why: 停工}
  - {date: 2026-03-02, why: 停工}
  - {date: 2026-03-04}
  - {why: 停工}
  - {date: 2026-03-05, why: 停工, colour: red}
  - 2026-03-06
  - {date: 2026-03-09, why: 7}
working_days:
  - {date: 2026-03-02, why: 上班}
publishes_year: perhaps
""",
    )
    assert [(line, reason) for _, line, reason in sorted(faults)] == [
        (1, "不认识的项“holiday”；这里可写：notice、publishes_year、days_off、working_days"),
        (1, "缺少 notice；请写通知文号，如 notice: 国办发明电〔2025〕7号"),
        (4, "日期“2026-02-30”不存在或写法不对；应写作 2026-01-02"),
        (5, "日期“2026/03/03”不存在或写法不对；应写作 2026-01-02"),
        (6, "日期 2025-12-31 不在 2026 年内；请写入 workdays_2025.yaml"),
        (7, "2026-03-02 重复（另见第 3 行）；请只留一处"),
        (8, "缺少 why；请写事由，如 why: 国庆节放假"),
        (9, "缺少 date；请写日期，如 date: 2026-01-02"),
        (10, "不认识的项“colour”；这里可写：date、why、notice"),
        (11, "“2026-03-06”写法不对；每项应为 {date: 2026-01-02, why: 元旦放假}"),
        (12, "why 应为文字，现为“7”"),
        (14, "2026-03-02 既列为放假又列为上班（另见第 3 行）；请只留一处"),
        (15, "publishes_year 只能写 true 或 false，现为“perhaps”"),
    ]
    assert not calendar.is_working_day(date(2026, 3, 2))


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("notice: 某号\nnotice: 另号\n", 2, "不是合格的 YAML"),
        ("notice: 某号\ndays_off: [\n", 3, "不是合格的 YAML"),
        ("- 2026-01-02\n", 1, "文件应含"),
        ("", 1, "文件应含"),
        ("notice: 某号\ndays_off: 2026-01-02\n", 2, "days_off 应为列表"),
        ("notice: 某号\npublishes_year: true\n", 2, "没有列出 2026 年的放假日"),
        ("notice: \x07\n", 1, "不是 UTF-8 编码的 YAML 文本"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path, text: str, line: int, reason: str) -> None:
    """Nothing an overlay contains stops the calendar from loading."""
    calendar, faults = _load(tmp_path, workdays_2026=text)
    assert [(name, at) for name, at, _ in faults] == [("workdays_2026.yaml", line)]
    assert reason in faults[0][2]
    assert calendar.last_published_year >= 2026


def test_an_entry_merged_from_an_anchor_is_read(tmp_path: Path) -> None:
    """YAML's merge key is allowed, and its faults still have a line."""
    text = (
        "notice: 某号\ndays_off:\n  - &a {date: 2026-03-02, why: 停工}\n  - {<<: *a, date: 2026-03-03}\n  - {<<: *a}\n"
    )
    calendar, faults = _load(tmp_path, workdays_2026=text)
    assert not calendar.is_working_day(date(2026, 3, 3))
    assert [(line, reason[:10]) for _, line, reason in faults] == [(5, "2026-03-02")]


def test_a_file_in_another_encoding_is_one_fault(tmp_path: Path) -> None:
    """A file saved as GBK by an office program is told to be UTF-8."""
    (tmp_path / "workdays_2026.yaml").write_bytes("notice: 国办发明电".encode("gbk"))
    assert [(line, reason) for _, line, reason in _load(tmp_path)[1]] == [
        (1, "文件不是 UTF-8 编码的 YAML 文本；请另存为 UTF-8")
    ]


def test_a_misnamed_overlay_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    """A file meant as an overlay but named otherwise is a fault."""
    (tmp_path / "workdays_2026.yml").write_text("notice: 某号\n", encoding="utf-8")
    assert len(_load(tmp_path, workdays_26="notice: 某号\n")[1]) == 2


def test_a_fault_reads_as_file_line_and_reason() -> None:
    """Editors jump to this form."""
    assert str(Fault(Path("county/workdays_2026.yaml"), 7, "日期重复")) == "county/workdays_2026.yaml:7: 日期重复"
