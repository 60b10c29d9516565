"""Whom a report accuses has no part in the case from its first moment, and what was written of them is read by nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from office.absences import set_absence
from office.bars import bars_in
from office.refusals import Refused
from office.tables import Event, Letter, Report
from rules.vocabulary import BarReason, Happening
from tests.story import Story

pytestmark = pytest.mark.anyio


async def barred(story: Story, case: str) -> set[str]:
    """Who has no part in the case."""
    return {one.who for one in await bars_in(story.bureau, case)}


@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("周立言", {"ps_zhou"}),
        ("派出所的周 立言", {"ps_zhou"}),
        ("周立言（民警）和夏安宁", {"ps_zhou", "ps_xia"}),
        ("父亲", set()),
        ("继父、邻居", set()),
        ("周某", set()),
        ("", set()),
    ],
)
async def test_an_officer_who_is_named_is_barred_and_a_relation_bars_nobody(
    story: Story, written: str, who: set[str]
) -> None:
    """Before any mechanism has run, for the reason that it is; the coordinator sees from which report."""
    receipt = await story.file_only(alleged_perpetrator=written)
    assert await barred(story, receipt.case) == who
    for one in await bars_in(story.bureau, receipt.case):
        assert (one.reason, one.set_by) == (BarReason.ALLEGED_PERPETRATOR, receipt.receipt)
    assert len(await story.happened(Happening.PERSON_BARRED)) == len(who)


async def test_the_same_form_sent_twice_bars_once(story: Story) -> None:
    """The second press finds the first report."""
    for _ in range(2):
        receipt = await story.file_only(form_key="one-and-the-same", alleged_perpetrator="周立言")
    assert await barred(story, receipt.case) == {"ps_zhou"}
    assert len(await story.happened(Happening.PERSON_BARRED)) == 1


async def test_the_officer_named_gets_no_letter_however_long_all_keep_silent(story: Story) -> None:
    """Neither the first letter nor a reminder nor, as head of the office, a rung of the ladder (F134)."""
    await story.report(danger_now=True, alleged_perpetrator="公安局的周立言，局长雷正宇也知道")
    for _ in range(6):
        await story.fast_forward(hours=8)
    written_to = {letter.to_officer for letter in await story.letters()}
    assert written_to & {"ps_xia", "ps_zhiban"}
    assert not written_to & {"ps_zhou", "ps_lei"}


async def test_the_officer_named_stands_in_for_nobody_and_answers_by_no_telephone(story: Story) -> None:
    """A colleague's absence gives them nothing, and their own word is not taken."""
    now = story.clock.now()
    await set_absence(
        story.bureau, officer="ps_xia", begins=now, ends=now + timedelta(days=5), stand_in="ps_zhou", set_by="ps_xia"
    )
    await story.report(alleged_perpetrator="周立言")
    assert not {letter.to_officer for letter in await story.letters("asked")} & {"ps_zhou"}
    with pytest.raises(Refused, match="应当回避本案"):
        await story.answer("police_accept", said_by="周立言", own_jurisdiction=True)


async def test_what_was_written_is_in_the_report_and_in_no_letter_and_no_log_row(story: Story) -> None:
    """Personal, as the narrative is."""
    await story.report(danger_now=True, alleged_perpetrator="标记夏安宁")
    await story.fast_forward(days=2)
    async with story.database.transaction() as session:
        letters = (await session.execute(select(Letter))).scalars().all()
        events = (await session.execute(select(Event))).scalars().all()
        report = (await session.execute(select(Report))).scalar_one()
    said = str([(one.facts, one.to_officer) for one in letters])
    said += str([(one.detail, one.office, one.subject) for one in events])
    assert letters
    assert "标记" not in said
    assert "ps_xia" not in said
    assert report.alleged_perpetrator == "标记夏安宁"
