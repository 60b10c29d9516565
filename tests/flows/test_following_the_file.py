"""1F: what is noted in a child's file comes on its day, is asked under one neutral name, and is dealt with."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from office.tables import Appointment
from rules.vocabulary import Mechanism
from rules.workdays import SHANGHAI
from tests.flows.test_assessment_and_assistance import assessed, matched
from tests.story import Story

pytestmark = pytest.mark.anyio

ASSESSMENT = Mechanism.ASSESSMENT_AND_ASSISTANCE


async def in_file(story: Story) -> list[tuple[str, str, date]]:
    """What is noted and has not come."""
    async with story.database.transaction() as session:
        rows = await session.execute(
            select(Appointment.kind, Appointment.subject, Appointment.on)
            .where(Appointment.came_at.is_(None), Appointment.struck_at.is_(None))
            .order_by(Appointment.on, Appointment.id)
        )
        return [(kind, subject, on) for kind, subject, on in rows]


async def granted_and_closed(story: Story, key: str, *, unstable: bool = False) -> None:
    """One entitlement is granted and paid, the visits find the child stable, and the case closes."""
    await assessed(story)
    await matched(story, [key])
    checks = [r for r in await story.requests(open_only=True) if r.step == "scheme_check"]
    while checks:
        await story.answer("scheme_check", subject=checks[0].subject, meets=True)
        checks = [r for r in await story.requests(open_only=True) if r.step == "scheme_check"]
    if "public_notice" in await story.waiting():
        await story.answer("public_notice", objection=False)
    await story.answer("scheme_decision", granted=True, income_unstable=unstable)
    await story.answer("enrol_and_pay")
    await story.answer("follow_up_visit", finding="stable")
    await story.answer("closing_review", may_close=True)
    assert await story.live() == set()


async def the_day_comes(story: Story, day: date) -> None:
    """The clock turns on that day until nothing new rings."""
    await story.move_to(datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI))
    await story.fast_forward(minutes=1)


@pytest.mark.parametrize(("unstable", "months"), [(False, 12), (True, 6)])
async def test_a_review_comes_on_its_day_and_notes_the_next(story: Story, unstable: bool, months: int) -> None:
    """最低生活保障审核确认办法 31: yearly, half-yearly where income is unstable; the case closes again until the next."""
    await granted_and_closed(story, "E09", unstable=unstable)
    ((kind, key, day),) = await in_file(story)
    assert (kind, key, day) == ("review", "E09", date(2026 + (2 + months) // 12, (2 + months) % 12 + 1, 2))
    await the_day_comes(story, day)
    assert await story.waiting() == {"due_check"}
    await story.answer("due_check", result="continues", income_unstable=unstable)
    assert await story.outcome(ASSESSMENT) == "reviewed"
    ((_, _, later),) = await in_file(story)
    assert later > day


async def test_a_changed_amount_is_adjusted(story: Story) -> None:
    """最低生活保障审核确认办法 32: 增发、减发."""
    await granted_and_closed(story, "E09")
    await the_day_comes(story, (await in_file(story))[0][2])
    await story.answer("due_check", result="amount_changes")
    assert await story.waiting() == {"adjust_payment"}
    await story.answer("adjust_payment")
    assert await story.outcome(ASSESSMENT) == "reviewed"


@pytest.mark.parametrize("upheld", [True, False])
async def test_the_ending_of_extreme_poverty_is_published_and_an_objection_decided(story: Story, upheld: bool) -> None:
    """特困人员认定办法 26: 7 days of publication, 15 working days for an objection."""
    await granted_and_closed(story, "E08")
    await the_day_comes(story, (await in_file(story))[0][2])
    await story.answer("due_check", result="ended")
    assert (await story.request("ending_notice")).terms["answer"]["limit"] == "7 days"
    await story.answer("ending_notice", objection=True)
    assert (await story.request("ending_decision")).terms["answer"]["limit"] == "15 working_days"
    await story.answer("ending_decision", ends=not upheld)
    if upheld:
        assert await story.outcome(ASSESSMENT) == "reviewed"
        assert [kind for kind, _, _ in await in_file(story)] == ["review"]
        return
    await story.answer("ending_notice", objection=False)
    await story.answer("end_entitlement")
    assert await story.outcome(ASSESSMENT) == "entitlement_ended"


@pytest.mark.parametrize("finding", ["died", "moved"])
async def test_death_and_a_move_end_what_is_granted_and_the_file(story: Story, finding: str) -> None:
    """C8 死亡, 移送管辖: what is granted ends in time, and nothing stays noted."""
    await assessed(story)
    await matched(story, ["E19"])
    await story.answer("scheme_decision", granted=True)
    await story.answer("enrol_and_pay")
    await story.fast_forward(minutes=1)
    await story.answer("follow_up_visit", finding=finding)
    await story.answer("end_entitlement")
    assert await story.outcome(ASSESSMENT) == {"died": "died", "moved": "moved_jurisdiction"}[finding]
    assert await in_file(story) == []


@pytest.mark.parametrize("result", ["ended", "continues", "match_again"])
async def test_a_birthday_is_asked_under_a_neutral_name_and_full_age_ends_the_file(story: Story, result: str) -> None:
    """民法典 17: the letters of that day say 到期核对 and nothing of an age."""
    await assessed(story)
    tomorrow = story.clock.now().date() + timedelta(days=1)
    await story.answer("match_entitlements", birth=tomorrow.replace(year=tomorrow.year - 18).isoformat())
    await story.answer("complete_facts")
    assert ("coming_of_age", "", tomorrow) in await in_file(story)
    before = {letter.id for letter in await story.letters()}
    await the_day_comes(story, tomorrow)
    told = "".join(str(letter.facts) for letter in await story.letters() if letter.id not in before)
    assert "到期核对" in told
    assert not any(word in told for word in ("周岁", "生日", "到龄", "年满"))
    due = await story.request("due_check")
    await story.answer("due_check", subject=due.subject, result=result)
    if result == "ended":
        assert await story.outcome(ASSESSMENT) == "turned_18"
    else:
        assert await story.waiting() == {"follow_up_visit", "match_entitlements"}
