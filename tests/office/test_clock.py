"""The clock: what is due is found by its instant, whoever was away and however long."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text, update

from office import clock as clock_module
from office.clock import run_clock
from office.locks import AdvisoryLock
from office.sheets import round_sheet
from office.tables import EscalationRound, Proceeding, Request
from office.views import late
from rules.vocabulary import AnswerKind, Mechanism
from tests.story import Story

pytestmark = pytest.mark.anyio

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def test_nothing_due_is_no_round(story: Story) -> None:
    """A turn in which nothing climbs writes nothing."""
    await story.report()
    turn = await story.ticker.turn()
    assert (turn.due, turn.climbed, turn.set_aside) == (0, 0, [])
    async with story.database.transaction() as session:
        assert not (await session.execute(select(EscalationRound))).scalars().all()


async def test_one_turn_is_one_round_that_lists_what_climbed(story: Story) -> None:
    """Coordinators see the round: case, step, office, level; nothing of the child or the reporter."""
    await story.report(narrative="甲乙丙丁", child_description="戊己庚辛", reporter_name="壬癸子丑")
    turn = await story.fast_forward(minutes=30)
    assert turn.climbed == 1
    async with story.database.transaction() as session:
        (number,) = (await session.execute(select(EscalationRound.id))).scalars()
        sheet = await round_sheet(session, story.bureau, number)
    assert story.case in sheet
    assert "接受报案" in sheet
    assert "单位负责人" in sheet
    assert not any(personal in sheet for personal in ("甲乙丙丁", "戊己庚辛", "壬癸子丑"))


async def test_overdue_begins_at_the_instant(story: Story) -> None:
    """One second before the deadline nothing is late; at the deadline it is."""
    await story.report()
    request = await story.request("police_accept")
    await story.move_to(request.acknowledge_by - timedelta(seconds=1))
    assert not late(story.bureau, await story.request("police_accept"))
    assert "office_head" not in {r.level for r in await story.rungs("police_accept")}
    await story.move_to(request.acknowledge_by)
    assert late(story.bureau, await story.request("police_accept"))
    assert "office_head" in {r.level for r in await story.rungs("police_accept")}


async def test_an_ordinary_step_climbs_in_office_hours_only_and_an_emergency_at_night(story: Story) -> None:
    """Letters about ordinary steps wait for the morning of a working day; a child in danger waits for nobody."""
    story.clock.move_to(datetime(2026, 3, 6, 17, 0, tzinfo=SHANGHAI))
    await story.report(danger_now=True)
    ordinary, emergency = await story.request("file_with_supervisor"), await story.request("dispatch")
    assert ordinary.next_climb_at is not None
    assert emergency.next_climb_at is not None
    climb = ordinary.next_climb_at.astimezone(SHANGHAI)
    assert climb.weekday() < 5
    assert (8, 30) <= (climb.hour, climb.minute) < (18, 0)
    assert emergency.next_climb_at <= emergency.acknowledge_by
    await story.move_to(datetime(2026, 3, 7, 2, 0, tzinfo=SHANGHAI))
    assert {r.level for r in await story.rungs("dispatch")} >= {"office_head"}
    assert not await story.rungs("file_with_supervisor")


async def test_more_than_a_batch_is_climbed_in_one_turn(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch bounds memory, not the turn; a bad row in it is passed over."""
    monkeypatch.setattr(clock_module, "BATCH", 3)
    for _ in range(4):
        await story.report(danger_now=True)
    async with story.database.transaction() as session:
        bad = (
            await session.execute(select(Request.id).where(Request.step == "dispatch").order_by(Request.id).limit(1))
        ).scalar_one()
        await session.execute(update(Request).where(Request.id == bad).values(terms={}))
    story.clock.move(timedelta(hours=2))
    turn = await story.ticker.turn()
    assert turn.set_aside == [bad]
    async with story.database.transaction() as session:
        left = await session.execute(
            select(Request.id).where(Request.next_climb_at <= story.clock.now(), Request.id != bad)
        )
        assert not left.scalars().all()


async def test_a_climb_asks_for_the_run_to_be_shown_anew_and_wakes_no_flow(story: Story) -> None:
    """What the UI shows grows stale; silence is the ladder's business and no flow runs for it."""
    await story.report()
    attempts = story.attempts

    async def display() -> tuple[int, int]:
        async with story.database.transaction() as session:
            row = (
                await session.execute(
                    select(Proceeding).where(Proceeding.mechanism == Mechanism.MANDATORY_REPORT.value)
                )
            ).scalar_one()
            return row.display, row.news

    shown, news = await display()
    await story.fast_forward(minutes=30)
    assert await display() == (shown + 1, news)
    assert story.attempts == attempts


async def test_a_higher_letter_names_the_lower_levels_that_were_told(story: Story) -> None:
    """The coordinator reads when the head was told; the leader reads both."""
    await story.report()
    await story.say(AnswerKind.RECEIVED, "police_accept")
    for _ in range(60):
        await story.fast_forward(minutes=10)
    letters = await story.letters("escalation")
    told = {x.level: [line["level_label"] for line in x.facts["told"]] for x in letters if x.facts["repeat"] == 0}
    assert told["office_head"] == []
    assert told["coordinator"] == ["单位负责人"]
    assert told["leader"] == ["单位负责人", "协调员"]


async def test_one_clock_holds_the_lock_and_another_takes_over(story: Story) -> None:
    """Two clocks run, one turns; when it stops, the lock is free and what is due is still climbed."""
    await story.report()
    story.clock.move(timedelta(minutes=30))
    stop = asyncio.Event()
    async with story.database.engine.connect() as other:
        assert (
            await other.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": AdvisoryLock.CLOCK})
        ).scalar_one()
        running = asyncio.create_task(run_clock(story.bureau, stop, every=0.05))
        await asyncio.sleep(0.3)
        assert not await story.rungs("police_accept"), "another clock holds the lock"
        await other.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": AdvisoryLock.CLOCK})
        await other.commit()
        for _ in range(100):
            if await story.rungs("police_accept"):
                break
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert [r.level for r in await story.rungs("police_accept")] == ["office_head"]
