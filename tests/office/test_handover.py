"""A mechanism opens, tells, hands over and closes: each once."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from sqlalchemy import select

from office import handover
from office.tables import Appointment, CaseRow, Handover, Proceeding
from rules.vocabulary import AnswerKind, ClosingGround, Happening, Mechanism, Office
from tests.story import Story, StoryAttempt

pytestmark = pytest.mark.anyio

REPORT, EMERGENCY = Mechanism.MANDATORY_REPORT, Mechanism.EMERGENCY_HANDLING
GUARDIANSHIP = Mechanism.GUARDIANSHIP_INTERVENTION


async def proceedings(story: Story, mechanism: Mechanism) -> list[Proceeding]:
    """Every proceeding of that mechanism, oldest first."""
    async with story.database.transaction() as session:
        rows = await session.execute(
            select(Proceeding).where(Proceeding.mechanism == mechanism.value).order_by(Proceeding.serial)
        )
        return list(rows.scalars())


async def test_handing_over_twice_hands_over_once(story: Story) -> None:
    """One row, one log row, one proceeding; and the taker has news each time a giver joins it."""
    await story.report()
    attempt = StoryAttempt(story.bureau)
    case = await attempt.case(story.case, REPORT)
    for _ in range(3):
        await attempt.hand_over(EMERGENCY)
    assert await attempt.is_handed_over(case.proceeding, EMERGENCY)
    assert not await attempt.is_handed_over(case.proceeding, Mechanism.GUARDIANSHIP_INTERVENTION)
    await attempt.let_go()
    async with story.database.transaction() as session:
        assert len((await session.execute(select(Handover))).scalars().all()) == 1
    (taker,) = await proceedings(story, EMERGENCY)
    assert taker.news == 1


async def test_a_notice_is_given_once_to_each_contact(story: Story) -> None:
    """One matter, one office, one proceeding: one notice, however often it is told, also at the same time."""
    await story.report()
    attempt = StoryAttempt(story.bureau)
    case = await attempt.case(story.case, REPORT)
    await asyncio.gather(*(attempt.inform(case, Office.CIVIL_AFFAIRS, "情况通报") for _ in range(5)))
    await attempt.let_go()
    contacts = story.bureau.county.office("civil_affairs").contacts
    assert [x.to_officer for x in await story.letters("informed")] == [officer.key for officer in contacts]
    assert len(await story.happened(Happening.OFFICE_INFORMED)) == 1
    assert await attempt.is_informed(case.proceeding, "情况通报", "civil_affairs")


async def test_a_proceeding_with_an_open_step_does_not_close(story: Story) -> None:
    """Also a step that was declined and not yet re-routed is owed."""
    await story.report()
    await story.answer_only("file_with_supervisor")
    await story.say_only(AnswerKind.DECLINED, "police_accept", words="不属", instead="justice")
    attempt = StoryAttempt(story.bureau)
    await attempt.case(story.case, REPORT)
    assert not await attempt.close(ClosingGround.UNFOUNDED)
    await story.answer_only("reroute", office="justice")
    assert not await attempt.close(ClosingGround.UNFOUNDED)
    await story.answer_only("police_accept", own_jurisdiction=True)
    assert await attempt.close(ClosingGround.UNFOUNDED)


async def test_a_mechanism_that_comes_again_has_the_next_number(story: Story) -> None:
    """A closed proceeding is history; the next one of the same mechanism is its own."""
    await story.report(danger_now=True)
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        live = (await session.execute(select(Proceeding).where(Proceeding.mechanism == EMERGENCY.value))).scalar_one()
        live.closed_at = story.clock.now()
        live.outcome = ClosingGround.HANDED_ON.value
        await session.flush()
        fresh = await handover.open_proceeding(session, story.bureau, case, EMERGENCY)
        assert fresh.serial == 2
        assert (fresh.asleep, fresh.flow_run_id, fresh.wait_number) == (False, None, 0)


async def test_one_that_has_taken_its_leave_goes_on_beside_the_one_that_begins_anew(story: Story) -> None:
    """It keeps its run, what it is owed and the days it waits for; the new one has a number and a run of its own."""
    await story.report(danger_now=True)
    attempt = StoryAttempt(story.bureau)
    await attempt.case(story.case, EMERGENCY)
    await attempt.wait_for("order_follow_up/1-1", date(2026, 5, 1))
    await attempt.take_leave(ClosingGround.HANDED_ON)
    await attempt.let_go()
    report = StoryAttempt(story.bureau)
    await report.case(story.case, REPORT)
    await report.hand_over(EMERGENCY, "triage/")
    await report.let_go()
    former, fresh = await proceedings(story, EMERGENCY)
    assert (former.closed_at, former.outcome, fresh.outcome, fresh.serial) == (None, "handed_on", None, 2)
    owed = [(r.step, r.subject, r.proceeding_id) for r in await story.requests(open_only=True) if r.step == "dispatch"]
    assert owed == [("dispatch", "", former.id)]
    async with story.database.transaction() as session:
        assert [row.struck_at for row in (await session.execute(select(Appointment))).scalars()] == [None]
    second = StoryAttempt(story.bureau)
    assert (await second.case(story.case, EMERGENCY, 2)).proceeding == fresh.id


async def test_on_another_occasion_a_case_is_passed_on_again(story: Story) -> None:
    """Months after the first time a visit finds harm anew: guardianship that has closed meanwhile begins once more."""
    await story.report(danger_now=True)
    attempt = StoryAttempt(story.bureau)
    case = await attempt.case(story.case, EMERGENCY)
    await attempt.hand_over(GUARDIANSHIP)
    (first,) = await proceedings(story, GUARDIANSHIP)
    async with story.database.transaction() as session:
        row = (await session.execute(select(CaseRow))).scalar_one()
        first_live = await session.get(Proceeding, first.id)
        assert first_live is not None
        assert await handover.close_proceeding(session, story.bureau, row, first_live, ClosingGround.RISK_REMOVED)
    await attempt.hand_over(GUARDIANSHIP)
    assert len(await proceedings(story, GUARDIANSHIP)) == 1
    assert not await attempt.is_handed_over(case.proceeding, GUARDIANSHIP, "warned_family_revisit/2")
    for _ in range(2):
        await attempt.hand_over(GUARDIANSHIP, "warned_family_revisit/2")
    assert [one.closed_at is None for one in await proceedings(story, GUARDIANSHIP)] == [False, True]
    assert await attempt.is_handed_over(case.proceeding, GUARDIANSHIP, "warned_family_revisit/2")
    await attempt.let_go()
