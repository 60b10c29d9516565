"""Holds over time: the clock stands still, nobody is reminded, what was left is left afterwards, and the log knows it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from office.holds import hold, holds_now, resume
from office.links import LinkStatus
from office.refusals import Refused
from office.sheets import case_sheet
from office.tables import CaseRow
from office.views import explain_case
from rules.holds import HoldReason
from rules.steps import STEPS
from rules.vocabulary import AnswerKind, Happening, Mechanism
from rules.workdays import SHANGHAI
from tests.flows.test_silence import put, some_answer
from tests.story import Story

pytestmark = pytest.mark.anyio

STEP = "investigate"
"""Ten working days, the county's own number; asked of the township on Monday 2 March 2026, due at the end of the 16th."""


def day(month: int, number: int) -> datetime:
    """The first instant of a day of 2026."""
    return datetime(2026, month, number, tzinfo=SHANGHAI)


async def held(story: Story, until: datetime, step: str = STEP, **more: Any) -> dict[str, Any]:
    """The coordinator lets the step's clock stand still."""
    return await hold(
        story.bureau, case=story.case, step_key=step, until=until, reason=HoldReason.OTHER_COUNTY, by="xt_wen", **more
    )


async def begin(story: Story) -> None:
    """The step is asked and acknowledged."""
    await put(story, [STEPS[STEP]], Mechanism.ASSESSMENT_AND_ASSISTANCE)
    assert (await story.request(STEP)).due == day(3, 17)
    await story.say_only(AnswerKind.RECEIVED, STEP)


async def test_what_was_left_is_left_after_the_hold_and_the_office_hears_of_it(story: Story) -> None:
    """Held from Monday until the end of Friday: four whole working days more; letter, log and link say so."""
    await begin(story)
    found = await held(story, day(3, 7))
    request = await story.request(STEP)
    assert request.due == day(3, 21)
    assert datetime.fromisoformat(found["due"]) == request.due
    (letter,) = await story.letters("held")
    assert (letter.facts["held"], letter.facts["reason_label"], letter.acts) == (True, "等待外地协查", True)
    (row,) = await story.happened(Happening.REQUEST_HELD)
    assert "等待外地协查" in row.detail
    assert [datetime.fromisoformat(one["held_until"]) for one in await holds_now(story.bureau)] == [day(3, 7)]
    (waiting,) = (w for w in (await explain_case(story.bureau, story.case))["waiting"] if w["step"] == STEP)
    assert waiting["held"]["reason_label"] == "等待外地协查"
    # An answer ends the step whether or not its clock runs.
    assert (await (await story.link(STEP, kind="held")).look()).status is LinkStatus.OPEN


async def test_whoever_looks_at_the_step_sees_that_it_is_held(story: Story) -> None:
    """The page behind the link and the case sheet say until when and why, and no longer once the hold is over."""
    await begin(story)
    await held(story, day(3, 12))
    opened = await (await story.link(STEP, kind="held")).look()
    assert opened.held is not None
    assert (opened.held.until, opened.held.reason) == (day(3, 12), HoldReason.OTHER_COUNTY)

    async def sheet() -> str:
        async with story.database.transaction() as session:
            case = (await session.execute(select(CaseRow))).scalar_one()
            return await case_sheet(session, story.bureau, case)

    assert f"暂停计时至03-11 24:00：{HoldReason.OTHER_COUNTY.label}" in await sheet()
    await story.move_to(day(3, 12))
    assert (await (await story.link(STEP, kind="held")).look()).held is None
    assert "暂停计时至" not in await sheet()


async def test_while_it_is_held_nobody_is_reminded_and_nobody_climbs(story: Story) -> None:
    """The reminder of a deadline soon after the hold waits for the hold's end."""
    await begin(story)
    await story.move_to(day(3, 13) + timedelta(hours=9))
    await held(story, day(3, 31))
    for number in range(14, 31):
        await story.move_to(day(3, number) + timedelta(hours=10))
    assert await story.rungs(STEP) == []
    due = (await story.request(STEP)).due
    await story.move_to(due + timedelta(hours=12))
    assert [rung.level for rung in await story.rungs(STEP)] == ["office_head"]
    assert await holds_now(story.bureau) == []


async def test_resumed_early_it_counts_on_from_that_moment(story: Story) -> None:
    """Held until the 31st, resumed on Wednesday morning: one whole day (Tuesday) was held."""
    await begin(story)
    await held(story, day(3, 31))
    await story.move_to(day(3, 4) + timedelta(hours=9))
    await resume(story.bureau, case=story.case, step_key=STEP, by="xt_wen")
    request = await story.request(STEP)
    assert request.due == day(3, 18)
    assert [letter.facts["held"] for letter in await story.letters("held")] == [True, False]
    assert await holds_now(story.bureau) == []
    with pytest.raises(Refused, match="没有在暂停计时"):
        await resume(story.bureau, case=story.case, step_key=STEP, by="xt_wen")


async def test_said_twice_it_is_held_once(story: Story) -> None:
    """The same end and reason again change nothing; another end wants the clock to run first."""
    await begin(story)
    await held(story, day(3, 7))
    assert (await held(story, day(3, 7)))["again"] is True
    assert len((await story.request(STEP)).holds) == 1
    with pytest.raises(Refused, match="已经暂停计时"):
        await held(story, day(3, 9))


async def test_a_hold_outlives_a_change_of_hands(story: Story) -> None:
    """Field report F112: held for ten days, returned on the third, it goes on until the tenth at the new office."""
    await begin(story)
    await held(story, day(3, 12))
    await story.move_to(day(3, 4) + timedelta(hours=9))
    await story.say_only(AnswerKind.DECLINED, STEP, words="不在本镇。", instead="village_committee")
    await story.answer_only("reroute", office="village_committee")
    request = await story.request(STEP)
    assert request.round == 2
    assert [datetime.fromisoformat(one["until"]) for one in request.holds] == [day(3, 12)]
    # Ten working days from Wednesday the 4th end on the 18th; Thursday the 5th to Wednesday the 11th are five held days.
    assert request.due == day(3, 26)


async def test_who_may_hold_what_is_decided_by_rule(story: Story) -> None:
    """Not an emergency, not what is not acknowledged, not what is overdue, not by anybody but a coordinator."""
    await put(story, [STEPS[STEP], STEPS["dispatch"]], Mechanism.EMERGENCY_HANDLING)
    with pytest.raises(Refused, match="尚未签收"):
        await held(story, day(3, 7))
    await story.say_only(AnswerKind.RECEIVED, "dispatch")
    with pytest.raises(Refused, match="紧急事项不能暂停计时"):
        await held(story, day(3, 7), "dispatch")
    await story.say_only(AnswerKind.RECEIVED, STEP)
    for until in (day(3, 1), day(9, 1)):
        with pytest.raises(Refused, match="截止日期"):
            await held(story, until)
    with pytest.raises(Refused, match="由协调员决定"):
        await hold(
            story.bureau, case=story.case, step_key=STEP, until=day(3, 7), reason=HoldReason.PAPERS, by="ps_zhou"
        )
    await story.move_to(day(3, 17))
    with pytest.raises(Refused, match="已经逾期"):
        await held(story, day(3, 20))
    await story.answer_only(STEP, subject="沉默", **some_answer(STEPS[STEP]))
    with pytest.raises(Refused, match="已经办结"):
        await held(story, day(3, 20))
