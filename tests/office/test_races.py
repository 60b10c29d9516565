"""Two of everything, hundreds of rounds on real PostgreSQL: whatever meets, everything happens once.

Each round makes something due and lets two (or more) of those who do it go for it at the same moment. None holds the
advisory lock of its kind: what keeps them apart is the rows themselves.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import StateType
from sqlalchemy import func, select, update

from office.answering import Given
from office.attempt import Attempt, LeaseLost, new_holder
from office.clock import Clock
from office.courier import Courier
from office.port import Case
from office.post import Post
from office.proceedings import Proceedings, RunState
from office.refusals import Refused
from office.requests import news
from office.tables import AnswerRow, Letter, Proceeding, Request, Rung
from rules.answers import Acceptance
from rules.vocabulary import AnswerKind, Mechanism
from tests.office.letter_desk import Desk, Play, ScriptedMailer
from tests.story import Story

pytestmark = pytest.mark.anyio

ROUNDS = 200


async def test_two_clocks_reach_each_rung_once(story: Story) -> None:
    """Two hundred times the same two steps fall due, with their ladders' next rungs."""
    await story.report(danger_now=True)
    clocks = [Clock(story.bureau) for _ in range(2)]
    climbed = 0
    for number in range(ROUNDS):
        async with story.database.transaction() as session:
            # The same rung may not be reached again: each round forgets the ones before.
            await session.execute(Rung.__table__.delete())
            await session.execute(Letter.__table__.delete().where(Letter.kind.in_(["reminder", "escalation"])))
            open_ones = Request.state.in_(["asked", "acknowledged"])
            past = story.clock.now().replace(year=2026, month=3, day=1)
            await session.execute(
                update(Request).where(open_ones).values(next_climb_at=past, acknowledge_by=past, due=past)
            )
        turns = await asyncio.gather(*(clock.turn() for clock in clocks))
        assert [turn.set_aside for turn in turns] == [[], []]
        async with story.database.transaction() as session:
            rungs = (await session.execute(select(Rung.request_id, Rung.clock, Rung.level, Rung.repeat))).all()
            told = Counter((await session.execute(select(Letter.key).where(Letter.level.is_not(None)))).scalars())
        assert len(set(rungs)) == len(rungs) == sum(turn.climbed for turn in turns) > 0, f"round {number}"
        assert set(told.values()) == {1}
        climbed += len(rungs)
    assert climbed >= 2 * ROUNDS


def test_three_posts_send_each_letter_once(play: Play) -> None:
    """Two hundred times a few letters, and three posts that look at the same moment."""

    async def story(desk: Desk) -> None:
        high = {f"mail_ceiling_{of}": 10_000 for of in ("case", "recipient", "hour")}
        desk.bureau = replace(desk.bureau, settings=desk.bureau.settings.model_copy(update=high))
        mailer = ScriptedMailer()
        posts = [Post(desk.bureau, mailer) for _ in range(3)]
        put = 0
        for number in range(ROUNDS):
            few = 1 + number % 4
            for one in range(few):
                await desk.receipt(put + one)
            put += few
            sent = await asyncio.gather(*(post.send_due() for post in posts))
            assert sum(sent) == few, f"round {number}"
        copies = Counter(message["Message-ID"] for _, message in mailer.taken)
        assert len(copies) == put
        assert set(copies.values()) == {1}

    play(story)


class Waking:
    """A Prefect server that takes every resume, and counts them."""

    def __init__(self) -> None:
        self.resumed: Counter[UUID] = Counter()

    async def resume(self, run: UUID) -> bool:
        """Taken after a moment, as over a wire."""
        self.resumed[run] += 1
        await asyncio.sleep(0.001)
        return True

    async def state(self, _run: UUID) -> RunState:
        """Paused, for whoever asks."""
        return RunState(StateType.PAUSED, "待办", datetime.now(UTC))


async def test_two_couriers_wake_each_sleeper_once(story: Story) -> None:
    """Two hundred times news arrives, from two senders at once, and two workers' couriers go for it."""
    await story.report(danger_now=True)
    prefect = Waking()
    couriers = [Courier(story.bureau, cast(Proceedings, prefect)) for _ in range(2)]
    async with story.database.transaction() as session:
        sleepers = list((await session.execute(select(Proceeding.id).where(Proceeding.closed_at.is_(None)))).scalars())
        for number in sleepers:
            its = update(Proceeding).where(Proceeding.id == number)
            await session.execute(its.values(flow_run_id=uuid4(), asleep=True, woken_at=None))

    async def send(number: int) -> None:
        async with story.database.transaction() as session:
            await news(session, number)

    for number in range(ROUNDS):
        await asyncio.gather(*(send(sleeper) for sleeper in sleepers for _ in range(2)))
        await asyncio.gather(*(courier._carry_wakes() for courier in couriers))
        assert set(prefect.resumed.values()) == {number + 1}, f"round {number}"
        async with story.database.transaction() as session:
            # The attempt that was woken has taken its news and sleeps again.
            rested: dict[str, Any] = {"woken_at": None, "resume_holder": None, "resume_until": None}
            await session.execute(update(Proceeding).values(**rested))
    assert len(prefect.resumed) == len(sleepers) == 2


async def test_two_executors_of_one_run_have_one_lease(story: Story) -> None:
    """Two hundred times two attempts begin at once: one gets the case, the other leaves it alone."""
    await story.report()

    async def nothing(*_: str) -> None:
        raise AssertionError

    async def begin() -> tuple[Attempt, Case] | None:
        attempt = Attempt(story.bureau, new_holder(), None, nothing)
        try:
            return attempt, await attempt.case(story.case, Mechanism.MANDATORY_REPORT)
        except LeaseLost:
            return None

    for number in range(ROUNDS):
        begun = [one for one in await asyncio.gather(begin(), begin()) if one is not None]
        assert len(begun) == 1, f"round {number}"
        await begun[0][0].let_go()


async def test_two_officers_who_answer_at_once_make_one_decision(story: Story) -> None:
    """Fifty cases, each answered by both contacts of the police at the same moment."""
    for number in range(ROUNDS // 4):
        await story.report()
        await story.deliver()
        openers = [await story.link("police_accept", officer) for officer in ("ps_zhou", "ps_xia")]
        said = await asyncio.gather(
            *(one.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True)) for one in openers),
            return_exceptions=True,
        )
        assert all(isinstance(one, Given | Refused) for one in said), said
        assert sum(isinstance(one, Given) and not one.again for one in said) == 1, f"round {number}: {said}"
    async with story.database.transaction() as session:
        decided = select(func.count()).select_from(AnswerRow).where(AnswerRow.kind == AnswerKind.DONE.value)
        assert (await session.execute(decided)).scalar_one() == ROUNDS // 4
