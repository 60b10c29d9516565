"""1F: what is noted in a child's file comes on its day, is asked under one neutral name, and is dealt with."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from office import disclosure
from office.appointments import note
from office.tables import Appointment, CaseRow
from rules.vocabulary import AppointmentKind, Mechanism
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


async def what_is_due(story: Story) -> str:
    """What the township reads of the check against a one-time code."""
    opener = await story.link("due_check")
    await disclosure.send_code(story.bureau, opener.token, typed_name="经办人", code=opener.code)
    letter = (await story.letters("disclosure_code"))[-1]
    async with story.database.transaction() as session:
        code = await disclosure.code_in(session, story.bureau, letter)
    read = await disclosure.read_particulars(story.bureau, opener.token, typed_name="经办人", one_time_code=code)
    return read.entitlement


async def test_what_is_due_is_read_against_a_one_time_code(story: Story) -> None:
    """A review names its entitlement; the letter does not."""
    await granted_and_closed(story, "E09")
    await the_day_comes(story, (await in_file(story))[0][2])
    assert await what_is_due(story) == "定期复核：最低生活保障"


async def test_every_entitlement_of_one_day_is_named_together(story: Story) -> None:
    """A disabled child who turns three: one check, and all for which that is the age."""
    await assessed(story)
    child = {"birth": "2023-03-04", "child_disabled": True, "child_disability": "visual", "migrant": True}
    await story.answer("match_entitlements", **child)
    await story.answer("complete_facts")
    for _ in range(3):
        for request in [r for r in await story.requests(open_only=True) if r.step != "follow_up_visit"]:
            said = {"scheme_check": {"meets": True}, "scheme_decision": {"granted": True}}.get(request.step, {})
            await story.answer(request.step, subject=request.subject, **said)
    await the_day_comes(story, date(2026, 3, 4))
    assert len([r for r in await story.requests() if r.step == "due_check"]) == 1
    assert await what_is_due(story) == "到龄核对：3至5周岁残疾儿童入园、随迁子女普惠性学前教育"


@pytest.mark.parametrize("result", ["ended", "continues"])
async def test_a_judgment_has_what_is_granted_checked_out_of_turn_and_matched_again(story: Story, result: str) -> None:
    """民发〔2019〕62号 二(四): a restored guardian may end an allowance; the yearly review keeps its day."""
    await granted_and_closed(story, "E09")
    day = story.clock.now().date() + timedelta(days=30)
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        await note(session, story.bureau, case, AppointmentKind.FACT, "guardianship_restored", day)
    await the_day_comes(story, day)
    assert await story.waiting() == {"due_check"}
    assert await what_is_due(story) == "新情况核对：最低生活保障"
    await story.answer("due_check", result=result)
    if result == "ended":
        await story.answer("end_entitlement")
    await story.answer("match_entitlements")
    await story.answer("complete_facts")
    assert await story.outcome(ASSESSMENT) == ("entitlement_ended" if result == "ended" else "reviewed")
    assert await in_file(story) == [("review", "E09", date(2027, 3, 2))]


async def test_a_review_of_what_has_ended_meanwhile_asks_nobody(story: Story) -> None:
    """The file is opened by its day, finds nothing granted any more, and closes at once."""
    await granted_and_closed(story, "E09")
    day = story.clock.now().date() + timedelta(days=30)
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        await note(session, story.bureau, case, AppointmentKind.FACT, "guardianship_restored", day)
    await the_day_comes(story, day)
    await story.answer("due_check", result="ended")
    await story.answer("end_entitlement")
    await story.answer("match_entitlements")
    await story.answer("complete_facts")
    asked = len(await story.requests())
    await the_day_comes(story, date(2027, 3, 2))
    assert len(await story.requests()) == asked
    assert await story.live() == set()
