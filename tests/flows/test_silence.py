"""Silence is the ladder's business: whoever does not answer is climbed over, step by step, and everybody hears the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from sqlalchemy import select, text, update

from config.county import County, StepTerms
from office import requests as asking
from office.clock import Clock as Ticker
from office.clock import Turn
from office.consequences import withdraw
from office.handover import open_proceeding
from office.requests import terms_of
from office.tables import CaseRow, Letter, Request, Rung
from office.views import list_cases
from rules.answers import Answer
from rules.ladder import Clock, Ladder
from rules.steps import FIRST_MEASURES, STEPS, Step
from rules.vocabulary import AnswerKind, Happening, Labelled, Level, Mechanism, RequestState
from rules.workdays import before
from tests.flows.test_months_after_emergency import MONTHS_AFTER
from tests.flows.test_procuratorate import AFTER_SILENCE
from tests.flows.test_ways_of_assistance import DAYS_LATER, ways_of_assistance
from tests.flows.ways import PASS, ways
from tests.story import Story

pytestmark = pytest.mark.anyio

OWN_STEPS = {"decline": "reroute", "question": "supply_facts", "extension": "decide_extension"}
"""The coordinator's own steps, and what an office does to bring them about."""


def some_answer(step: Step[Answer]) -> dict[str, Any]:
    """An answer of the step's own shape: yes to every question, the first of every list."""
    said: dict[str, Any] = {}
    for name, field in step.answer.model_fields.items():
        kind = field.annotation
        # A default that is checked may be refused together with the other answers.
        if not field.is_required() and not field.validate_default:
            continue
        kind = next((arm for arm in get_args(kind) if arm is not type(None)), kind)
        if isinstance(kind, type) and issubclass(kind, Labelled):
            said[name] = next(iter(kind)).value
        elif kind is date:
            said[name] = "2026-03-02"
        else:
            said[name] = True if kind is bool else "甲"
    try:
        step.answer.model_validate(said)
    except ValidationError:  # a yes wants its number, or a no its reasons
        said |= {name: "甲" for name, field in step.answer.model_fields.items() if field.annotation is str}
    return said


def expected(ladder: Ladder) -> list[tuple[str, int]]:
    """Every rung of a ladder in order, with the repeats of the last one up to the cap."""
    reminder = [] if ladder.reminder_before is None else [(Level.REMINDER.value, 0)]
    levels = [(rung.level.value, 0) for rung in ladder.rungs]
    return reminder + levels + [(levels[-1][0], n) for n in range(1, ladder.repeat_at_most + 1)]


async def put(story: Story, steps: list[Step[Answer]], mechanism: Mechanism) -> None:
    """Every one of the steps, put to its office on an open proceeding of a fresh case."""
    await story.report()
    for waiting in await story.requests(open_only=True):
        await story.answer_only(waiting.step, **some_answer(STEPS[waiting.step]))
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        proceeding = await open_proceeding(session, story.bureau, case, mechanism)
        for step in steps:
            office = story.bureau.county.office_for(step.office, case.township, case.village)
            await asking.ask(session, story.bureau, case, proceeding.id, step, office, subject="沉默")


async def wait(story: Story, **by: float) -> Turn:
    """Time passes and the clock turns; no mechanism goes on, so that only the step under trial climbs."""
    return await story.move_to(story.clock.now() + timedelta(**by))


async def fall_silent(story: Story) -> int:
    """Move the clock from one climb to the next until nothing climbs any more. Gives how often it turned."""
    for turns in range(2000):
        async with story.database.transaction() as session:
            next_at = (
                await session.execute(
                    select(Request.next_climb_at)
                    .where(Request.next_climb_at.is_not(None))
                    .order_by(Request.next_climb_at)
                    .limit(1)
                )
            ).scalar_one_or_none()
        if next_at is None:
            return turns
        turn = await story.move_to(max(next_at, story.clock.now()))
        assert turn.climbed > 0
        assert not turn.set_aside
    raise AssertionError("the ladder never ends")


def test_every_step_is_asked_by_some_story() -> None:
    """No step stands in the list that no way of the four mechanisms ever asks.

    The ways are played in `test_handoffs`, the first measures in `test_emergency_handling`, what takes months in
    `test_months_after_emergency`, the coordinator's own steps in `test_answering`, what follows a silence that nobody
    ended in `test_procuratorate`.
    """
    played = {step for way in ways() for step, _ in way.answers} - {PASS}
    played |= {step for assisted in ways_of_assistance() for step, _ in assisted.steps() if step != DAYS_LATER}
    measures = {step.key for step in FIRST_MEASURES.values()}
    assert set(STEPS) == played | measures | set(OWN_STEPS.values()) | MONTHS_AFTER | AFTER_SILENCE


GROUPS = [
    pytest.param(mechanism, steps[start : start + 9], id=f"{mechanism.value}-{steps[start].key}")
    for mechanism in Mechanism
    for steps in [[step for step in STEPS.values() if step.mechanism is mechanism]]
    for start in range(0, len(steps), 9)
]


def repeating_once(county: County, on: date) -> County:
    """The county with ladders that repeat once, but for the first step of each pair of ladders.

    Every pair is so climbed to its own cap by one step, and every step climbs all its rungs.
    """
    firsts: dict[tuple[str, str], str] = {}
    for key in STEPS:
        terms = county.terms(key, on)
        firsts.setdefault((terms.acknowledge_ladder.key, terms.answer_ladder.key), key)

    def once(terms: StepTerms) -> StepTerms:
        return replace(
            terms,
            acknowledge_ladder=replace(terms.acknowledge_ladder, repeat_at_most=1),
            answer_ladder=replace(terms.answer_ladder, repeat_at_most=1),
        )

    whole = set(firsts.values())
    steps = {key: kept if key in whole else tuple(map(once, kept)) for key, kept in county.steps.items()}
    return replace(county, steps=steps)


@pytest.mark.parametrize(("mechanism", "steps"), GROUPS)
async def test_every_silent_step_climbs_its_whole_ladder(
    story: Story, mechanism: Mechanism, steps: list[Step[Answer]]
) -> None:
    """Reminder, head, coordinator, leader, joint meeting once each, then repeats to the cap; it stays on the record."""
    story.bureau = replace(story.bureau, county=repeating_once(story.bureau.county, story.clock.now().date()))
    story.ticker = Ticker(story.bureau)
    await put(story, steps, mechanism)
    await fall_silent(story)
    for step in steps:
        await climbed_as_its_terms_say(story, step.key, "沉默")
    async with story.database.transaction() as session:
        quiet = (await session.execute(select(Request.state).where(Request.subject == "沉默"))).scalars().all()
    assert set(quiet) == {"asked"}, "an unanswered step is never given up"
    (listed,) = await list_cases(story.bureau, overdue=True)
    assert {entry["step"] for entry in listed["waiting_for"] if entry["overdue"]} >= {step.key for step in steps}
    assert (await wait(story, days=365)).climbed == 0
    await story.deliver()
    await everyone_told_hears_the_end(story, steps)


async def climbed_as_its_terms_say(story: Story, key: str, subject: str) -> None:
    """The rungs of both clocks are those of the kept terms, each with its log row and its letters."""
    request = await story.request(key, subject)
    terms: StepTerms = terms_of(request)
    async with story.database.transaction() as session:
        rungs = (
            (
                await session.execute(
                    select(Rung).where(Rung.request_id == request.id).order_by(Rung.reached_at, Rung.id)
                )
            )
            .scalars()
            .all()
        )
        letters = (await session.execute(select(Letter).where(Letter.request_id == request.id))).scalars().all()
    for clock, ladder in ((Clock.ACKNOWLEDGE, terms.acknowledge_ladder), (Clock.ANSWER, terms.answer_ladder)):
        reached = [(rung.level, rung.repeat) for rung in rungs if rung.clock == clock.value]
        # Whose silence has been told to someone above is not reminded of the answer any more.
        above = min(rung.reached_at for rung in rungs if rung.level != Level.REMINDER.value)
        overtaken = clock is Clock.ANSWER and above <= reminder_instant(story, request, ladder)
        rest = [rung for rung in expected(ladder) if not (overtaken and rung[0] == Level.REMINDER.value)]
        assert reached == rest, f"{key} {clock.value}"
        for level, repeat in reached:
            told = [
                x.to_officer for x in letters if x.key.startswith(f"rung/{request.id}/{clock.value}/{level}/{repeat}/")
            ]
            people = story.bureau.county.officer_at_level(Level(level), request.office)
            assert sorted(told) == sorted(officer.key for officer in people), f"{key} {level}"
            assert told
    logged = Counter(e.level for e in await story.happened(Happening.RUNG_REACHED) if e.request_id == request.id)
    assert logged == Counter(rung.level for rung in rungs)
    assert request.level == Level.JOINT_MEETING.value
    assert request.next_climb_at is None


def reminder_instant(story: Story, request: Request, ladder: Ladder) -> datetime:
    """When the office would be reminded; the deadline itself where the ladder has no reminder."""
    if ladder.reminder_before is None:
        return request.due
    calendar = story.bureau.county.calendar
    at = before(request.due, ladder.reminder_before, calendar)
    return at if request.urgent else calendar.next_opening(at, story.bureau.county.office(request.office).hours)


async def everyone_told_hears_the_end(story: Story, steps: list[Step[Answer]]) -> None:
    """An answer ends the ladder; whoever above the office was told of the silence gets one closing notice."""
    for step in steps:
        request = await story.request(step.key, "沉默")
        told = {x.to_officer for x in await story.letters("escalation", request_id=request.id, state="handed_over")}
        assert told, step.key
        await story.answer_only(step.key, subject="沉默", **some_answer(step))
        notices = Counter(x.to_officer for x in await story.letters("closing_notice", request_id=request.id))
        assert notices == Counter(told), step.key
        ended = await story.request(step.key, "沉默")
        assert (ended.state, ended.next_climb_at) == ("done", None)
    assert (await wait(story, days=365)).climbed == 0


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        (AnswerKind.DECLINED, "reroute"),
        (AnswerKind.MORE_FACTS, "supply_facts"),
        (AnswerKind.EXTENSION, "decide_extension"),
    ],
)
async def test_the_coordinators_own_silence_climbs_to_the_leader(story: Story, kind: AnswerKind, own: str) -> None:
    """K1-K3: nobody is exempt; the coordinator's head, then the leader and the joint meeting hear of it."""
    await put(story, [STEPS["file_criminal_case"]], Mechanism.MANDATORY_REPORT)
    more = {"instead": "justice"} if kind is AnswerKind.DECLINED else {}
    await story.say_only(kind, "file_criminal_case", words="理由", **more)
    request = await story.request(own)
    assert request.office == "coordinator"
    await fall_silent(story)
    await climbed_as_its_terms_say(story, own, request.subject)
    assert {"leader", "joint_meeting"} <= {rung.level for rung in await story.rungs(own)}


async def test_acknowledging_stops_one_clock_and_not_the_other(story: Story) -> None:
    """签收 ends the acknowledge clock at once; the answer clock climbs on."""
    await put(story, [STEPS["dispatch"]], Mechanism.EMERGENCY_HANDLING)
    await wait(story, minutes=6)
    assert [(rung.clock, rung.level) for rung in await story.rungs("dispatch")] == [("acknowledge", "reminder")]
    so_far = len(await story.rungs("dispatch"))
    await story.say_only(AnswerKind.RECEIVED, "dispatch")
    await fall_silent(story)
    later = (await story.rungs("dispatch"))[so_far:]
    assert {rung.clock for rung in later} == {"answer"}
    terms = terms_of(await story.request("dispatch"))
    assert [(rung.level, rung.repeat) for rung in later] == expected(terms.answer_ladder)


async def test_a_reminder_goes_to_the_owner_and_a_head_is_told_at_the_deadline(story: Story) -> None:
    """Exactly one owner: after 签收 the reminder is hers alone; the escalation copy carries no link that acts."""
    await put(story, [STEPS["dispatch"]], Mechanism.EMERGENCY_HANDLING)
    await story.say_only(AnswerKind.RECEIVED, "dispatch", said_by="ps_xia")
    await wait(story, minutes=30)
    reminders = await story.letters("reminder")
    assert [(x.to_officer, x.acts) for x in reminders] == [("ps_xia", True)]
    await wait(story, minutes=30)
    escalations = await story.letters("escalation")
    assert [(x.to_officer, x.acts, x.level) for x in escalations] == [("ps_lei", False, "office_head")]


async def test_a_head_who_was_told_and_then_answers_gets_no_notice_of_it(story: Story) -> None:
    """Who ends a silence knows of it, and has a confirmation; the coordinator, who was told too, gets the notice."""
    await put(story, [STEPS["dispatch"]], Mechanism.EMERGENCY_HANDLING)
    for _ in range(20):
        await wait(story, minutes=30)
        if await story.letters("escalation", level="coordinator"):
            break
    await story.deliver()
    told = {letter.to_officer for letter in await story.letters("escalation")}
    assert "ps_lei" in told
    await story.answer_only("dispatch", subject="沉默", said_by="ps_lei", **some_answer(STEPS["dispatch"]))
    assert {letter.to_officer for letter in await story.letters("closing_notice")} == told - {"ps_lei"} != set()
    dispatched = (await story.request("dispatch", "沉默")).id
    assert {letter.to_officer for letter in await story.letters("confirmation", request_id=dispatched)} == {"ps_lei"}


async def test_a_clock_that_was_down_for_three_days_climbs_each_rung_once(story: Story) -> None:
    """After an outage the deadline is long past: no late reminder, the head on both clocks, and a second turn finds nothing."""
    await put(story, [STEPS["dispatch"], STEPS["file_criminal_case"]], Mechanism.EMERGENCY_HANDLING)
    turn = await wait(story, days=3)
    assert [(r.clock, r.level) for r in await story.rungs("dispatch")] == [
        ("acknowledge", "office_head"),
        ("answer", "office_head"),
    ]
    assert turn.climbed >= 2
    again = await story.ticker.turn()
    assert (again.due, again.climbed) == (0, 0)
    await fall_silent(story)
    rungs = await story.rungs("dispatch")
    assert len({(r.clock, r.level, r.repeat) for r in rungs}) == len(rungs)
    assert "joint_meeting" in {r.level for r in rungs}


async def test_two_clocks_turning_at_once_reach_each_rung_once(story: Story) -> None:
    """Even without the advisory lock the row's uniqueness holds."""
    await put(story, [STEPS["dispatch"], STEPS["stop_and_secure"]], Mechanism.EMERGENCY_HANDLING)
    story.clock.move(timedelta(hours=3))
    turns = await asyncio.gather(*(Ticker(story.bureau).turn() for _ in range(4)))
    assert not [turn for turn in turns if turn.set_aside]
    rungs = await story.rungs("dispatch") + await story.rungs("stop_and_secure")
    assert sum(turn.climbed for turn in turns) == len(rungs) == 4


async def test_a_step_that_is_past_due_when_it_is_asked_climbs_at_once(story: Story) -> None:
    """A statutory deadline that ran out before the step was re-routed is legal, and nobody waits for it again."""
    await put(story, [], Mechanism.EMERGENCY_HANDLING)
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        proceeding = await open_proceeding(session, story.bureau, case, Mechanism.EMERGENCY_HANDLING)
        county = story.bureau.county
        await asking.put_request(
            session, story.bureau, case, proceeding.id, STEPS["protection_order"], county.office("court"),
            county.terms("protection_order", story.clock.now().date()),
            subject="", number=2, reckoned_from=story.clock.now() - timedelta(hours=73),
        )  # fmt: skip
    turn = await story.ticker.turn()
    assert turn.climbed == 1
    assert [(r.clock, r.level) for r in await story.rungs("protection_order")] == [("answer", "office_head")]


@pytest.mark.parametrize("fault", ["'{}'::jsonb", "jsonb_set(terms, '{answer_ladder,rungs}', '[]')"])
async def test_one_bad_request_never_stops_the_others(story: Story, fault: str) -> None:
    """A row nobody can read is set aside and tried again; the others climb, and it climbs when it is mended."""
    await put(story, [STEPS["dispatch"], STEPS["stop_and_secure"]], Mechanism.EMERGENCY_HANDLING)
    broken = await story.request("dispatch")
    async with story.database.transaction() as session:
        await session.execute(
            text(f"UPDATE request SET terms = {fault} WHERE id = :id"), {"id": broken.id}  # noqa: S608
        )  # fmt: skip
    turn = await wait(story, hours=3)
    assert turn.set_aside == [broken.id]
    assert [r.clock for r in await story.rungs("stop_and_secure")] == ["acknowledge", "answer"]
    async with story.database.transaction() as session:
        await session.execute(update(Request).where(Request.id == broken.id).values(terms=broken.terms))
    assert (await story.ticker.turn()).set_aside == []
    assert {r.level for r in await story.rungs("dispatch")} >= {"office_head"}


async def test_a_withdrawn_step_tells_all_who_had_heard_of_its_silence(story: Story) -> None:
    """D7: an applicant that is released after the coordinator was told: the coordinator hears the end too."""
    await put(story, [STEPS["suggest_revocation"]], Mechanism.GUARDIANSHIP_INTERVENTION)
    await wait(story, days=20)
    await wait(story, days=20)
    await story.deliver()
    told = {x.to_officer for x in await story.letters("escalation", state="handed_over")}
    assert told
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        request = (
            await session.execute(select(Request).where(Request.step == "suggest_revocation").with_for_update())
        ).scalar_one()
        await withdraw(session, story.bureau, request, case)
    assert {x.to_officer for x in await story.letters("closing_notice")} == told
    assert (await story.request("suggest_revocation")).state == RequestState.WITHDRAWN.value
