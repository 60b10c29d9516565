"""Many silent steps climb in one transaction, and each as it would by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from office import clock as clock_module
from office import outbox
from office.absences import set_absence
from office.bars import bar
from office.bureau import Bureau
from office.climbing import Climbed, climb
from office.clock import Clock
from office.requests import ask, facts_of, next_climb_of
from office.roster import people_in
from office.tables import CaseRow, EscalationRound, Event, Letter, Proceeding, Request, Rung
from rules.steps import STEPS
from rules.vocabulary import BarReason, Happening, Level, RequestState
from tests.story import Story

pytestmark = pytest.mark.anyio

ASKED = (
    "dispatch", "stop_and_secure", "medical_first", "file_criminal_case", "file_with_supervisor", "help_apply",
    "open_intervention", "suggest_revocation",
)  # fmt: skip


async def several_cases(story: Story, count: int = 4) -> None:
    """Cases with steps of several offices each. The police's head is away, an officer has reported one case, and the
    stand-in is barred from another."""
    reporters = ["夏安宁", *(f"报告人{number}" for number in range(1, count))]
    for name in reporters:
        receipt = await story.file_only(reporter_name=name)
        story.case = receipt.case
    async with story.database.transaction() as session:
        rows = await session.execute(select(Proceeding, CaseRow).join(CaseRow, CaseRow.id == Proceeding.case_id))
        for proceeding, case in rows.all():
            for key in ASKED:
                office = story.bureau.county.office_for(STEPS[key].office, case.township, case.village)
                await ask(session, story.bureau, case, proceeding.id, STEPS[key], office)
    await set_absence(
        story.bureau, officer="ps_lei", begins=story.clock.now(), ends=story.clock.now() + timedelta(days=90),
        stand_in="ps_zhiban", set_by="coordinator",
    )  # fmt: skip
    await bar(story.bureau, case=story.case, who="ps_lei", reason=BarReason.RELATIVE, set_by="coordinator")


async def due(story: Story) -> set[int]:
    """The ids of what is due."""
    async with story.database.transaction() as session:
        found = await session.execute(select(Request.id).where(Request.next_climb_at <= story.clock.now()))
        return set(found.scalars())


async def rungs(story: Story) -> list[tuple[Any, ...]]:
    """Every rung reached: request, clock, level, repeat, when it was due."""
    async with story.database.transaction() as session:
        return await _rungs(session)


async def _rungs(session: AsyncSession) -> list[tuple[Any, ...]]:
    columns = (Rung.request_id, Rung.clock, Rung.level, Rung.repeat, Rung.due_at, Rung.reached_at)
    return sorted(tuple(row) for row in await session.execute(select(*columns)))


async def _written(session: AsyncSession) -> dict[str, Any]:
    """What climbing writes: letters by key, rungs, log rows, and how the steps stand."""
    letters = {}
    for letter in (await session.execute(select(Letter).where(Letter.key.like("rung/%")))).scalars():
        letters[letter.key] = (
            letter.kind, letter.case_id, letter.request_id, letter.request_version, letter.level, letter.to_office,
            letter.to_officer, letter.acts, letter.facts, letter.state, letter.put_at, letter.attempts,
        )  # fmt: skip
    columns = (
        Event.at, Event.case_id, Event.proceeding_id, Event.request_id, Event.step, Event.subject, Event.office,
        Event.level, Event.detail,
    )  # fmt: skip
    events = await session.execute(select(*columns).where(Event.event == Happening.RUNG_REACHED.value))
    steps = await session.execute(
        select(Request.id, Request.level, Request.next_climb_at).where(Request.ended_at.is_(None))
    )
    return {
        "letters": letters, "rungs": await _rungs(session), "events": sorted(map(str, events.all())),
        "steps": sorted(map(str, steps.all())),
    }  # fmt: skip


async def one_by_one(story: Story) -> dict[str, Any]:
    """What is due, climbed request by request and letter by letter with the outbox's own `put`; and not kept."""
    async with AsyncSession(story.database.engine) as session:
        for number in sorted(await due(story)):
            request = await session.get_one(Request, number)
            proceeding = await session.get_one(Proceeding, request.proceeding_id)
            await _climb_plainly(session, story.bureau, request, await session.get_one(CaseRow, proceeding.case_id))
        await session.flush()
        return await _written(session)


async def _climb_plainly(session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow) -> None:
    now = bureau.clock.now()
    before = select(Rung).where(Rung.request_id == request.id).order_by(Rung.reached_at, Rung.id)
    reached = list((await session.execute(before)).scalars())
    while (climb := next_climb_of(bureau, request, reached)) is not None and climb.at <= now:
        facts = facts_of(bureau, case, request) | {
            "clock": climb.clock.value, "clock_label": climb.clock.label,
            "deadline": request.acknowledge_by if climb.clock.value == "acknowledge" else request.due,
            "level": climb.level.value, "level_label": climb.level.label, "repeat": climb.repeat,
            "state_label": RequestState(request.state).label, "now": now,
        }  # fmt: skip
        people = await people_in(session, bureau, case.id)
        told = people.at_level(climb.level, request.office)
        if climb.level is Level.REMINDER:
            told = people.holders(request.office, request.owner) or told
        else:
            above = [rung for rung in reached if rung.level != "reminder"]
            facts["told"] = [{"level_label": Level(rung.level).label, "at": rung.reached_at} for rung in above]
        for one in told:
            await outbox.put(
                session, bureau, key=f"rung/{request.id}/{climb.clock.value}/{climb.level.value}/{climb.repeat}/{one.key}",
                kind="reminder" if climb.level is Level.REMINDER else "escalation", case=(case.id, case.number),
                to_office=one.office, to_officer=one.key, request=request, level=climb.level,
                acts=climb.level is Level.REMINDER, facts=facts,
            )  # fmt: skip
        rung = Rung(
            request_id=request.id, clock=climb.clock.value, level=climb.level.value, repeat=climb.repeat,
            due_at=climb.at, reached_at=now,
        )  # fmt: skip
        session.add(rung)
        session.add(
            Event(
                at=now, event=Happening.RUNG_REACHED.value, case_id=case.id, proceeding_id=request.proceeding_id,
                request_id=request.id, step=request.step, subject=request.subject, office=request.office,
                level=climb.level.value,
            )
        )  # fmt: skip
        await session.flush()
        await session.refresh(rung)
        reached.append(rung)
        heights = [climb.level.height, Level(request.level).height if request.level else 0]
        request.level = list(Level)[max(heights)].value
    request.next_climb_at = None if climb is None else climb.at


async def test_a_batch_writes_what_climbing_one_by_one_writes(story: Story) -> None:
    """The same rungs, log rows and letters, to the same people, on every level: with the head away, with the head
    barred, and where an officer has reported the case."""
    await several_cases(story)
    levels = set()
    for hours in (0.1, 0.4, 1, 4, 24, 24, 24 * 7, 24 * 7, 24 * 14):
        story.clock.move(timedelta(hours=hours))
        expected = await one_by_one(story)
        asked = await due(story)
        turn = await story.ticker.turn()
        assert (turn.due, turn.set_aside) == (len(asked), [])
        async with story.database.transaction() as session:
            found = await _written(session)
        # A step that the joint meeting is told of brings a question to the coordinator, which the comparison leaves out.
        seen = {line.split(",")[0] for line in expected["steps"]}
        found["steps"] = [line for line in found["steps"] if line.split(",")[0] in seen]
        assert found == expected
        levels |= {rung[2] for rung in found["rungs"]}
    assert levels == {level.value for level in Level}
    heads = await story.letters("escalation", level="office_head", to_office="public_security")
    async with story.database.transaction() as session:
        barred = (await session.execute(select(CaseRow.id).where(CaseRow.number == story.case))).scalar_one()
    # In the case from which the head is barred, nobody stands in for them.
    assert {letter.to_officer for letter in heads} == {"ps_zhiban"}
    assert barred not in {letter.case_id for letter in heads}


async def test_one_bad_request_of_a_batch_is_set_aside_and_all_the_others_climb(story: Story) -> None:
    """Nobody can read its terms; what could be read of the batch is one round."""
    await several_cases(story)
    story.clock.move(timedelta(hours=3))
    waiting = await due(story)
    bad = sorted(waiting)[len(waiting) // 2]
    async with story.database.transaction() as session:
        await session.execute(update(Request).where(Request.id == bad).values(terms={}))
    turn = await story.ticker.turn()
    assert turn.set_aside == [bad]
    assert {rung[0] for rung in await rungs(story)} == waiting - {bad}
    assert await due(story) == {bad}
    async with story.database.transaction() as session:
        assert (await session.execute(select(func.count()).select_from(EscalationRound))).scalar_one() == 1


async def test_a_batch_that_postgresql_refuses_climbs_one_by_one(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it was kept: each rung is reached once, and the one that was refused is tried again."""
    await several_cases(story)
    story.clock.move(timedelta(hours=3))
    waiting = await due(story)
    bad = max(waiting)

    async def refused(session: AsyncSession, bureau: Bureau, ids: Collection[int], *rest: Any, **more: Any) -> Climbed:
        climbed = await climb(session, bureau, ids, *rest, **more)
        if bad in ids:
            await session.execute(text("SELECT 1 / 0"))
        return climbed

    monkeypatch.setattr(clock_module, "climb", refused)
    turn = await story.ticker.turn()
    assert turn.set_aside == [bad]
    reached = await rungs(story)
    assert {rung[0] for rung in reached} == waiting - {bad}
    assert turn.climbed == len(reached)
    monkeypatch.undo()
    assert (await story.ticker.turn()).set_aside == []
    assert {rung[0] for rung in await rungs(story)} == waiting


async def test_a_step_answered_between_finding_and_climbing_gets_no_rung(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found due is looked at again when it is locked."""
    await several_cases(story)
    story.clock.move(timedelta(hours=3))
    waiting = await due(story)
    answered = (await story.request("dispatch")).id
    assert answered in waiting
    find = Clock._due

    async def find_and_answer(
        self: Clock, now: datetime, after: tuple[datetime, int] | None
    ) -> list[tuple[datetime, int]]:
        found = await find(self, now, after)
        async with story.database.transaction() as session:
            await session.execute(
                update(Request)
                .where(Request.id == answered)
                .values(state=RequestState.DONE.value, ended_at=now, next_climb_at=None)
            )
        return found

    monkeypatch.setattr(Clock, "_due", find_and_answer)
    turn = await story.ticker.turn()
    assert (turn.due, turn.set_aside) == (len(waiting), [])
    assert {rung[0] for rung in await rungs(story)} == waiting - {answered}
    assert not [letter for letter in await story.letters("escalation") if letter.request_id == answered]


async def test_a_step_that_is_being_answered_is_left_to_the_next_turn(story: Story) -> None:
    """Its row is locked: the turn passes over it and does not wait."""
    await several_cases(story)
    story.clock.move(timedelta(hours=3))
    waiting = await due(story)
    in_hand = (await story.request("dispatch")).id
    async with story.database.transaction() as session:
        await session.execute(select(Request).where(Request.id == in_hand).with_for_update())
        turn = await asyncio.wait_for(story.ticker.turn(), 30)
    assert turn.set_aside == []
    assert {rung[0] for rung in await rungs(story)} == waiting - {in_hand}
    await story.ticker.turn()
    assert {rung[0] for rung in await rungs(story)} == waiting


@pytest.mark.parametrize("batch", [500, 7])
async def test_two_clocks_on_a_batch_reach_each_rung_once(
    story: Story, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Also without the advisory lock: nothing is reached twice, nothing is left, nothing is set aside."""
    monkeypatch.setattr(clock_module, "BATCH", batch)
    await several_cases(story)
    story.clock.move(timedelta(hours=3))
    waiting = await due(story)
    turns = await asyncio.gather(*(Clock(story.bureau).turn() for _ in range(2)))
    assert [turn.set_aside for turn in turns] == [[], []]
    reached = await rungs(story)
    assert {rung[0] for rung in reached} == waiting
    assert sum(turn.climbed for turn in turns) == len(reached) == len({rung[:4] for rung in reached})
    assert not await due(story)


async def test_a_busy_proceeding_keeps_only_its_own_steps_waiting(story: Story) -> None:
    """Who holds a proceeding may want another one of the batch: the batch never waits for it."""
    await several_cases(story)
    story.clock.move(timedelta(hours=3))
    waiting = await due(story)
    busy = (await story.request("dispatch")).proceeding_id
    async with story.database.transaction() as session:
        theirs = set((await session.execute(select(Request.id).where(Request.proceeding_id == busy))).scalars())
    async with story.database.transaction() as session:
        await session.execute(select(Proceeding).where(Proceeding.id == busy).with_for_update(key_share=True))
        turning = asyncio.create_task(story.ticker.turn())
        for _ in range(200):
            if {rung[0] for rung in await rungs(story)} == waiting - theirs:
                break
            await asyncio.sleep(0.05)
        assert {rung[0] for rung in await rungs(story)} == waiting - theirs
    turn = await asyncio.wait_for(turning, 30)
    assert turn.set_aside == []
    assert {rung[0] for rung in await rungs(story)} == waiting
