"""Every hand-off among the four mechanisms (legal-basis 1E), walked in both directions, and what holds at each."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from flows.assessment_and_assistance import assessment_and_assistance
from office import handover
from office.attempt import LeaseLost
from office.refusals import Refused
from office.tables import Appointment, CaseRow, Proceeding, Request
from office.views import explain_case
from rules.vocabulary import AppointmentKind, ClosingGround, Happening, Mechanism, ReporterKind, ReportReason
from tests.flows.ways import PASS, Way, ways
from tests.story import Story, StoryAttempt

pytestmark = pytest.mark.anyio

REPORT, EMERGENCY = Mechanism.MANDATORY_REPORT, Mechanism.EMERGENCY_HANDLING
ASSESSMENT, GUARDIANSHIP = Mechanism.ASSESSMENT_AND_ASSISTANCE, Mechanism.GUARDIANSHIP_INTERVENTION

HAND_OFFS = {
    (REPORT, EMERGENCY),
    (REPORT, ASSESSMENT),
    (EMERGENCY, ASSESSMENT),
    (EMERGENCY, GUARDIANSHIP),
    (ASSESSMENT, EMERGENCY),
    (ASSESSMENT, GUARDIANSHIP),
    (GUARDIANSHIP, ASSESSMENT),
    (GUARDIANSHIP, EMERGENCY),
}
"""Legal-basis 1E, and 1F for harm that returns after a return home."""


@pytest.mark.parametrize("way", ways(), ids=lambda way: way.name)
async def test_the_case_goes_its_way(story: Story, way: Way) -> None:
    """Each answer is asked for when its turn comes; the hand-offs and what is live in the end are those of the table."""
    await story.report(**way.report)
    await somebody_is_responsible(story)
    for step, payload in way.answers:
        if step == PASS:
            await story.fast_forward(**payload)
        else:
            await story.answer(step, **payload)
        await somebody_is_responsible(story)
    assert tuple(event.detail for event in await story.happened(Happening.HANDED_OVER)) == way.handed
    assert await story.live() == way.live
    assert len(await story.happened(Happening.CASE_CLOSED)) == (0 if way.live else 1)


async def somebody_is_responsible(story: Story) -> None:
    """Every live proceeding of the case is an office's that must answer, or sleeps until a day that is noted (F190)."""
    async with story.database.transaction() as session:
        live = select(Proceeding.id).where(Proceeding.closed_at.is_(None))
        owed = select(Request.proceeding_id, Request.office).where(Request.ended_at.is_(None))
        noted = select(Appointment.proceeding_id).where(
            Appointment.kind == AppointmentKind.WAIT.value,
            Appointment.came_at.is_(None),
            Appointment.struck_at.is_(None),
        )
        offices = {row.proceeding_id: row.office for row in await session.execute(owed)}
        assert set((await session.execute(live)).scalars()) <= {*offices, *(await session.execute(noted)).scalars()}
    assert set(offices.values()) <= set(story.bureau.county.offices)


def test_the_ways_walk_every_hand_off() -> None:
    """No hand-off of the law stands untried in the table."""
    walked = {detail for way in ways() for detail in way.handed}
    assert walked == {f"{giver.label}→{taker.label}" for giver, taker in HAND_OFFS}


async def test_a_mechanism_started_twenty_times_is_live_once(story: Story) -> None:
    """However often a start is triggered, one after the other: one proceeding, one log row."""
    await story.report()
    ids = set()
    for _ in range(20):
        async with story.database.transaction() as session:
            case = (await session.execute(select(CaseRow))).scalar_one()
            ids.add((await handover.open_proceeding(session, story.bureau, case, EMERGENCY)).id)
    assert len(ids) == 1
    opened = [event.detail for event in await story.happened(Happening.PROCEEDING_OPENED)]
    assert opened == ["强制报告", "应急处置"]


async def test_ten_starts_at_the_same_time_make_one_proceeding(story: Story) -> None:
    """Ten transactions at once on a real PostgreSQL: nobody fails, and all get the same proceeding."""
    await story.report()

    async def start() -> int:
        async with story.database.transaction() as session:
            case = (await session.execute(select(CaseRow))).scalar_one()
            return (await handover.open_proceeding(session, story.bureau, case, EMERGENCY)).id

    ids = await asyncio.gather(*(start() for _ in range(10)))
    assert len(set(ids)) == 1
    assert len(await story.happened(Happening.PROCEEDING_OPENED)) == 2


async def test_two_mechanisms_hand_over_to_a_third_at_the_same_time(story: Story) -> None:
    """Each giver's hand-over is kept, the taker is one, and officers' answers meanwhile are all taken: no deadlock."""
    await story.report()
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="crime")
    report, assessment = StoryAttempt(story.bureau), StoryAttempt(story.bureau)
    await report.case(story.case, REPORT)
    await assessment.case(story.case, ASSESSMENT)
    waiting = [step for step in sorted(await story.waiting()) if step not in ("open_case_file", "file_criminal_case")]
    answers = [story.answer_only(step) for step in waiting]
    answers += [
        story.answer_only("open_case_file", file_number="DA-1"),
        story.answer_only("file_criminal_case", filed=True),
    ]
    await asyncio.gather(
        report.hand_over(EMERGENCY), assessment.hand_over(EMERGENCY), report.hand_over(GUARDIANSHIP),
        assessment.hand_over(GUARDIANSHIP), *answers,
    )  # fmt: skip
    await report.let_go()
    await assessment.let_go()
    handed = [event.detail for event in await story.happened(Happening.HANDED_OVER)]
    assert sorted(handed[1:]) == ["强制报告→应急处置", "强制报告→监护干预", "评估帮扶→应急处置", "评估帮扶→监护干预"]
    async with story.database.transaction() as session:
        counted = await session.execute(select(Proceeding.mechanism, func.count()).group_by(Proceeding.mechanism))
        assert {tuple(row) for row in counted} == {(mechanism.value, 1) for mechanism in Mechanism}


async def test_the_last_two_proceedings_closing_at_once_close_the_case_once(story: Story) -> None:
    """Whoever closes last closes the case; two at the same instant do not both, and not neither."""
    await story.report()
    for step in ("file_with_supervisor", "police_accept"):
        await story.answer_only(step, **({"own_jurisdiction": True} if step == "police_accept" else {}))
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        await handover.open_proceeding(session, story.bureau, case, GUARDIANSHIP)
    attempts = [StoryAttempt(story.bureau), StoryAttempt(story.bureau)]
    await attempts[0].case(story.case, REPORT)
    await attempts[1].case(story.case, GUARDIANSHIP)
    assert await asyncio.gather(*(attempt.close(ClosingGround.RISK_REMOVED) for attempt in attempts)) == [True, True]
    assert len(await story.happened(Happening.CASE_CLOSED)) == 1
    assert len(await story.letters("proceeding_closed")) == len(story.bureau.county.office("coordinator").contacts)


async def test_the_case_stays_open_while_one_mechanism_lives(story: Story) -> None:
    """The report's closing is not the case's."""
    await story.report(reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY)
    await story.answer("help_apply")
    assert await story.outcome(REPORT) == "handed_on"
    assert not await story.happened(Happening.CASE_CLOSED)


async def test_a_child_sent_back_to_assessment_is_assessed_anew_though_helpers_of_the_first_are_silent(
    story: Story,
) -> None:
    """The old assessment has taken its leave and only waits for answers: it is not joined, and goes on beside the new one."""
    await story.report(reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY)
    await story.answer("help_apply")
    await story.answer("open_case_file", file_number="DA-1")
    await story.answer("investigate", result="danger", guardian_doubtful=False)
    await story.answer("dispatch", child_found=True)
    await story.answer(
        "stop_and_secure", situation="accident",
        child_in_danger=False, child_needs_doctor=False, child_must_leave_home=False,
    )  # fmt: skip
    await story.answer("secure_evidence", child_settled=True)
    assert await story.live() == {"assessment_and_assistance"}
    assert {"open_case_file", "school_help", "clinic_help", "village_help"} == await story.waiting()
    await story.answer("open_case_file", file_number="DA-1")
    former, anew = [r.id for r in await story.requests(open_only=True) if r.step == "school_help"]
    with pytest.raises(Refused, match=f"用 --request 指明办件号：{former}、{anew}。"):
        await story.answer("school_help")
    await story.answer("school_help", number=former)
    assert [r.id for r in await story.requests(open_only=True) if r.step == "school_help"] == [anew]
    await story.answer("clinic_help", number=min(r.id for r in await story.requests() if r.step == "clinic_help"))
    await story.answer("village_help", number=min(r.id for r in await story.requests() if r.step == "village_help"))
    closed = [event.detail for event in await story.happened(Happening.PROCEEDING_CLOSED)]
    assert closed.count("评估帮扶：移交其他机制") == 1
    assert await story.outcome(ASSESSMENT) is None


async def test_danger_found_while_an_emergency_only_waits_for_its_last_visit_is_a_new_emergency(story: Story) -> None:
    """The police are sent again at once, and the warned family is still watched: the next visit comes in its time."""
    await story.report(danger_now=True)
    await story.answer("dispatch", child_found=True)
    await story.answer(
        "stop_and_secure", situation="domestic_violence",
        child_in_danger=False, child_needs_doctor=False, child_must_leave_home=False,
    )  # fmt: skip
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("warning_decision", issued=True)
    await story.answer("open_case_file", file_number="DA-1")
    await story.answer("investigate", result="danger", guardian_doubtful=False)
    assert {"dispatch", "stop_and_secure", "warned_family_visit"} <= await story.waiting()
    await story.answer("warned_family_visit", finding="stable")
    assert {"dispatch", "warned_family_revisit"} <= await story.waiting()
    explained = await explain_case(story.bureau, story.case)
    names = [one["label"] for one in explained["mechanisms"]]
    assert names.count("应急处置（后续跟踪）") == 1
    assert names.count("应急处置（第2次）") == 1


async def test_a_closed_proceeding_refuses_every_later_act(story: Story) -> None:
    """An attempt that outlived its proceeding changes nothing."""
    await story.report(reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY)
    attempt = StoryAttempt(story.bureau)
    await attempt.case(story.case, REPORT)
    await story.answer_only("help_apply")
    assert await attempt.close(ClosingGround.HANDED_ON)
    before = len(await story.requests())
    with pytest.raises(LeaseLost):
        await attempt.hand_over(EMERGENCY)
    with pytest.raises(LeaseLost):
        await attempt.close(ClosingGround.HANDED_ON)
    assert len(await story.requests()) == before
    assert await story.live() == {"assessment_and_assistance"}


def test_a_flow_never_retries_and_keeps_no_result() -> None:
    """Our records are the only memory of a proceeding."""
    assert assessment_and_assistance.retries == 0
    assert assessment_and_assistance.persist_result is False
