"""Of any number of processes one turns, and none that is frozen keeps the others from it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from office import one_at_a_time
from office.database import Database
from office.one_at_a_time import turn_alone
from tests.flows.conftest import anyio_backend, story
from tests.story import Story

__all__ = ["anyio_backend", "story"]

pytestmark = pytest.mark.anyio

LOCK = 46_0001


async def test_a_frozen_holder_loses_the_lock(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGSTOP, a machine that was put to sleep: its connection stays, and yet another takes over. Thawed, it notices."""
    monkeypatch.setattr(one_at_a_time, "FROZEN_SECONDS", 0.5)
    held, thawed = threading.Event(), threading.Event()
    complaints: list[Exception] = []

    def frozen_process() -> None:
        async def serve() -> None:
            database, stop = Database(story.database.url), asyncio.Event()

            async def freeze() -> None:
                held.set()
                thawed.wait(30)
                stop.set()

            bureau = replace(story.bureau, database=database)
            await turn_alone(bureau, LOCK, freeze, stop, every=0.05, complain=complaints.append)
            await database.close()

        asyncio.run(serve())

    process = threading.Thread(target=frozen_process)
    process.start()
    try:
        assert await asyncio.to_thread(held.wait, 10)
        stop = asyncio.Event()

        async def turn() -> None:
            stop.set()

        await asyncio.wait_for(turn_alone(story.bureau, LOCK, turn, stop, every=0.05, complain=complaints.append), 15)
        assert complaints == []
    finally:
        thawed.set()
        await asyncio.to_thread(process.join, 15)
    assert len(complaints) == 1


async def test_a_long_turn_keeps_the_lock(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn may last for longer than a frozen process is waited for."""
    monkeypatch.setattr(one_at_a_time, "FROZEN_SECONDS", 0.5)
    stop, complaints = asyncio.Event(), list[Exception]()
    turns = 0

    async def turn() -> None:
        nonlocal turns
        turns += 1
        await asyncio.sleep(1.5)
        stop.set()

    await asyncio.wait_for(turn_alone(story.bureau, LOCK, turn, stop, every=0.05, complain=complaints.append), 15)
    assert (turns, complaints) == (1, [])


async def test_a_turn_that_fails_is_told_and_turning_goes_on(story: Story) -> None:
    """The fault is the turn's own; afterwards no connection of the pool has kept the lock."""
    stop, complaints = asyncio.Event(), list[Exception]()

    async def turn() -> None:
        if complaints:
            stop.set()
        else:
            raise LookupError("once")

    await asyncio.wait_for(turn_alone(story.bureau, LOCK, turn, stop, every=0.05, complain=complaints.append), 15)
    assert [type(one) for one in complaints] == [LookupError]
    other = Database(story.database.url)
    async with other.transaction() as session:
        taken = await session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK})
        assert taken.scalar_one()
    await other.close()
