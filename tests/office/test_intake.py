"""A report arrives: receipt, case and first mechanism in one transaction, whether Prefect runs or not."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from office.intake import BadFiling, Filing, KeyTaken, Receipt, report_status
from office.tables import CaseRow, Child, Event, Letter, Report
from rules.vocabulary import Happening, ReporterKind, ReportReason
from tests.story import Story

pytestmark = pytest.mark.anyio


async def case_of(story: Story, receipt: Receipt) -> CaseRow:
    """The case behind a receipt."""
    async with story.database.transaction() as session:
        return (await session.execute(select(CaseRow).where(CaseRow.number == receipt.case))).scalar_one()


async def test_a_report_opens_a_case_a_child_and_a_proceeding_at_once(story: Story) -> None:
    """The numbers carry the county's code and the year; the log says it before any mechanism has run."""
    receipt = await story.file_only()
    case = await case_of(story, receipt)
    assert receipt.case == "AH-2026-0001"
    assert (receipt.receipt, len(receipt.query_code), receipt.again) == ("BG-2026-00001", 8, False)
    assert case.opened_at == story.clock.now()
    events = [event for event in Happening if await story.happened(event)]
    assert events == [Happening.REPORT_FILED, Happening.CASE_OPENED, Happening.PROCEEDING_OPENED]


async def test_ten_posts_of_one_form_at_once_file_one_report(story: Story) -> None:
    """A nervous finger or a bad network: one receipt, ten times."""
    receipts = await asyncio.gather(*(story.file_only(form_key="one-and-the-same") for _ in range(10)))
    assert len({(one.receipt, one.query_code, one.case) for one in receipts}) == 1
    assert sorted(one.again for one in receipts) == [False] + [True] * 9
    async with story.database.transaction() as session:
        for table in (Report, CaseRow, Child):
            assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"narrative": "另一个孩子"},
        {"danger_now": None},
        {"reason": ReportReason.ALONE_LIVING},
        {"alleged_perpetrator": "父亲"},
        {"found_at": "2026-03-01T09:00:00+08:00"},
    ],
)
async def test_other_words_under_a_key_that_was_used_are_no_second_press(story: Story, other: dict[str, Any]) -> None:
    """A program whose keys repeat is told; the same words again, late and with blanks around, still are the same."""
    first = await story.file_only(form_key="one-and-the-same", narrative="学生身上有新伤")
    with pytest.raises(KeyTaken):
        await story.file_only(form_key="one-and-the-same", **other)
    again = await story.file_only(form_key="one-and-the-same", narrative=" 学生身上有新伤\n")
    assert (again.receipt, again.again) == (first.receipt, True)


@pytest.mark.parametrize(
    ("reason", "danger_now", "urgency", "danger", "poverty_only"),
    [
        (ReportReason.DOMESTIC_VIOLENCE, True, "emergency", True, False),
        (ReportReason.DOMESTIC_VIOLENCE, None, "emergency", True, False),
        (ReportReason.DOMESTIC_VIOLENCE, False, "ordinary", False, False),
        (ReportReason.POVERTY_OR_DISABILITY, False, "ordinary", False, True),
        (ReportReason.POVERTY_OR_DISABILITY, None, "ordinary", False, True),
        (ReportReason.POVERTY_OR_DISABILITY, True, "emergency", True, False),
    ],
)
async def test_a_report_is_classed_by_danger_and_by_reason(
    story: Story, reason: ReportReason, danger_now: bool | None, urgency: str, danger: bool, poverty_only: bool
) -> None:
    """Unknown danger counts as danger; poverty with danger is the police's matter all the same."""
    case = await case_of(story, await story.file_only(reason=reason, danger_now=danger_now))
    assert (case.urgency, case.danger_now, case.poverty_only) == (urgency, danger, poverty_only)


@pytest.mark.parametrize(
    ("kind", "supervisor"),
    [
        (ReporterKind.SCHOOL, "education"),
        (ReporterKind.MEDICAL, "health"),
        (ReporterKind.VILLAGE_COMMITTEE, "township"),
        (ReporterKind.LODGING, "public_security"),
        (ReporterKind.CITIZEN, ""),
        (ReporterKind.STATE_ORGAN, ""),
    ],
)
async def test_a_reporters_unit_has_its_supervisor(story: Story, kind: ReporterKind, supervisor: str) -> None:
    """高检发〔2020〕9号 5: the office in charge of the reporter's trade, and none where there is no single one."""
    assert (await case_of(story, await story.file_only(reporter_kind=kind))).supervisor == supervisor


@pytest.mark.parametrize(
    ("name", "contact", "named"), [("甲", "0000", True), ("甲", "", False), ("", "0000", False), ("", "", False)]
)
async def test_a_reporter_is_named_only_with_a_way_to_be_reached(
    story: Story, name: str, contact: str, named: bool
) -> None:
    """A8: feedback is owed to whoever can be reached."""
    case = await case_of(story, await story.file_only(reporter_name=name, reporter_contact=contact))
    assert case.named_reporter is named


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"township": "nowhere", "village": ""}, "乡镇\\(街道\\)“nowhere”不在本县.*青石镇（qingshi）"),
        ({"village": "dongling"}, "村\\(居\\)“dongling”不属于青石镇.*柳河村（liuhe）"),
        ({"found_at": "2026-03-02T09:00:01+08:00"}, "发现时间晚于现在"),
    ],
)
async def test_a_report_that_cannot_be_taken_names_place_and_mend(
    story: Story, more: dict[str, Any], sentence: str
) -> None:
    """Nothing is kept of it."""
    with pytest.raises(BadFiling, match=sentence):
        await story.file_only(**more)
    async with story.database.transaction() as session:
        assert not (await session.execute(select(Report))).scalars().all()


async def test_a_village_not_known_is_its_townships_matter(story: Story) -> None:
    """A report without a village is taken, and the village's steps are the township's."""
    await story.report(
        village="", reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY
    )
    assert (await story.request("help_apply")).office == "qingshi_township"


def test_a_filing_needs_a_time_with_its_zone() -> None:
    """A naive instant is refused with the form it should have."""
    fields = {"form_key": "12345678", "reporter_kind": "school", "reason": "alone_living", "township": "qingshi"}
    with pytest.raises(ValidationError, match="须带时区"):
        Filing(**fields, narrative="情况", found_at=datetime(2026, 3, 1))  # noqa: DTZ001
    assert Filing(**fields, narrative="情\0况").narrative == "情况"


async def test_free_text_stays_in_the_report(story: Story) -> None:
    """Markers of the child and the reporter are found in the report's row and in no letter and no log row."""
    marks = {
        "narrative": "标记一", "child_description": "标记二", "place_detail": "标记三", "reporter_name": "标记四",
        "reporter_contact": "标记五", "alleged_perpetrator": "标记六",
    }  # fmt: skip
    await story.report(danger_now=True, **marks)
    await story.fast_forward(days=2)
    async with story.database.transaction() as session:
        letters = (await session.execute(select(Letter))).scalars().all()
        events = (await session.execute(select(Event))).scalars().all()
        report = (await session.execute(select(Report))).scalar_one()
    said = str([letter.facts for letter in letters]) + str([(e.detail, e.office, e.subject) for e in events])
    assert letters
    assert "标记" not in said
    assert all(getattr(report, name) == mark for name, mark in marks.items())


async def test_a_reporter_learns_that_the_report_moves_and_no_more(story: Story) -> None:
    """Both numbers of the receipt open it, any other pair nothing; the lines tell no finding."""
    receipt = await story.report()
    status = await report_status(story.bureau, f" {receipt.receipt.lower()} ", receipt.query_code.lower())
    assert status is not None
    assert [line for _, line in status.lines] == ["报告已收到"]
    story.clock.move(timedelta(hours=1))
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="unfounded")
    await story.answer("feedback_reporter")
    await story.answer("file_with_supervisor")
    status = await report_status(story.bureau, receipt.receipt, receipt.query_code)
    assert status is not None
    assert "已办结" in [line for _, line in status.lines]
    assert await report_status(story.bureau, receipt.receipt, "WRONG234") is None
    assert await report_status(story.bureau, "BG-2026-99999", receipt.query_code) is None
