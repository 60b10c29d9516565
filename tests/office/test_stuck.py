"""A proceeding that fails again and again: the courier tries less and less often, and the coordinator hears of it once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import StateType
from sqlalchemy import func, select, text, update

from office.courier import CLAIM_SECONDS, Courier
from office.proceedings import Proceedings, RunState
from office.stuck import TOLD_AFTER
from office.tables import Proceeding
from rules.vocabulary import Happening
from tests.story import Story

pytestmark = pytest.mark.anyio


class Failing:
    """A Prefect server whose runs fail at once, however often they are put back."""

    def __init__(self) -> None:
        self.put_back = 0

    async def state(self, _run: UUID) -> RunState:
        """Always failed."""
        return RunState(StateType.FAILED, "Failed", datetime.now(UTC) - timedelta(minutes=5))

    async def is_orphan(self, _state: RunState) -> bool:
        """Its deployment is there."""
        return False

    async def reschedule(self, _run: UUID) -> bool:
        """Taken, and nothing comes of it."""
        self.put_back += 1
        return True

    async def states(self, _runs: list[UUID]) -> dict[UUID, RunState]:
        """Of sleepers nobody asks here."""
        return {}


async def fail(story: Story, prefect: Failing, times: int) -> None:
    """The one proceeding is found failed so many times, each time after the courier's patience has passed."""
    courier = Courier(story.bureau, cast(Proceedings, prefect))
    for _ in range(times):
        async with story.database.transaction() as session:
            await session.execute(update(Proceeding).values(resume_until=None, resume_holder=None))
        await courier._sweep()


async def awake(story: Story) -> None:
    """An attempt has begun and died."""
    await story.report(danger_now=True)
    async with story.database.transaction() as session:
        live = Proceeding.closed_at.is_(None)
        first = (await session.execute(select(func.min(Proceeding.id)).where(live))).scalar_one()
        await session.execute(update(Proceeding).where(live).values(asleep=True, woken_at=None))
        began = {"asleep": False, "flow_run_id": uuid4()}
        await session.execute(update(Proceeding).where(Proceeding.id == first).values(**began))


async def patience(story: Story) -> float:
    """Seconds until the proceeding may be put back again."""
    async with story.database.transaction() as session:
        statement = select(func.max(func.extract("epoch", Proceeding.resume_until - func.clock_timestamp())))
        return float((await session.execute(statement)).scalar_one())


async def test_the_coordinator_is_told_once_after_several_times_and_can_see_why(story: Story) -> None:
    """No letter for a worker that was merely started again; then one to each coordinator; the reason is on the case."""
    await awake(story)
    prefect = Failing()
    await fail(story, prefect, TOLD_AFTER - 1)
    assert await story.letters("proceeding_stuck") == []
    await fail(story, prefect, 3)
    told = await story.letters("proceeding_stuck")
    coordinators = {one.key for one in story.bureau.county.office("coordinator").contacts}
    assert {letter.to_officer for letter in told} == coordinators
    assert len(told) == len(coordinators)
    assert all(letter.facts["times"] == TOLD_AFTER and letter.facts["urgent"] for letter in told)
    repaired = await story.happened(Happening.PROCEEDING_REPAIRED)
    assert len(repaired) == prefect.put_back == TOLD_AFTER + 2
    assert "运行状态为Failed" in repaired[-1].detail


async def test_it_is_tried_less_and_less_often(story: Story) -> None:
    """A quarter of an hour at most; never given up."""
    await awake(story)
    prefect = Failing()
    waits = []
    for _ in range(8):
        await fail(story, prefect, 1)
        waits.append(round(await patience(story)))
    assert waits == sorted(waits)
    assert CLAIM_SECONDS < waits[0] <= 30
    assert 890 < waits[-1] <= 900


async def test_coming_to_rest_ends_the_stretch_and_another_is_told_anew(story: Story) -> None:
    """The count begins again with each rest."""
    await awake(story)
    prefect = Failing()
    await fail(story, prefect, TOLD_AFTER)
    first = len(await story.letters("proceeding_stuck"))
    assert first
    async with story.database.transaction() as session:
        await session.execute(update(Proceeding).values(mends=0, wait_number=Proceeding.wait_number + 1))
    await fail(story, prefect, TOLD_AFTER)
    assert len(await story.letters("proceeding_stuck")) == 2 * first


async def test_the_letter_names_nobody(story: Story) -> None:
    """Case, mechanism, times, instant."""
    await awake(story)
    await fail(story, Failing(), TOLD_AFTER)
    facts: dict[str, Any] = (await story.letters("proceeding_stuck"))[0].facts
    assert set(facts) == {"case_number", "mechanism_label", "times", "urgent", "at"}
    async with story.database.transaction() as session:
        assert (
            await session.execute(text("SELECT count(*) FROM event WHERE detail LIKE '%Traceback%'"))
        ).scalar_one() == 0
