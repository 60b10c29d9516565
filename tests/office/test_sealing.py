"""Whoever changes the log is found out: every row stands under a seal, and the seals hold each other."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from office.locks import AdvisoryLock
from office.sealing import AT_ONCE, run_sealing, seal, verify
from office.tables import Event, LogSeal
from tests.story import Story

pytestmark = pytest.mark.anyio


async def written(story: Story) -> int:
    """How many rows the log has."""
    async with story.database.transaction() as session:
        return (await session.execute(select(func.count()).select_from(Event))).scalar_one()


async def behind_its_back(story: Story, *statements: str) -> None:
    """What somebody with the database's own rights could do: the trigger is off."""
    async with story.database.transaction() as session:
        await session.execute(text("ALTER TABLE event DISABLE TRIGGER USER"))
        for statement in statements:
            await session.execute(text(statement))
        await session.execute(text("ALTER TABLE event ENABLE TRIGGER USER"))


async def sealed_twice(story: Story) -> None:
    """Two seals over what two reports have written."""
    for _ in range(2):
        await story.report(danger_now=True)
        assert await seal(story.bureau) > 0


async def test_every_row_stands_under_a_seal_and_an_untouched_log_holds(story: Story) -> None:
    """What is written afterwards is said to be unsealed, and is sealed next time; nothing new is no seal."""
    await sealed_twice(story)
    found = await verify(story.bureau)
    assert (found.seals, found.rows, found.unsealed, found.broken) == (2, await written(story), 0, None)
    assert await seal(story.bureau) == 0
    await story.report()
    found = await verify(story.bureau)
    assert found.broken is None
    assert found.unsealed > 0
    await seal(story.bureau)
    assert (await verify(story.bureau)).unsealed == 0


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        ("UPDATE event SET detail = 'nothing happened' WHERE id = (SELECT min(id) + 1 FROM event)", "被改动过"),
        ("UPDATE event SET at = at - interval '1 hour' WHERE id = (SELECT min(id) + 1 FROM event)", "被改动过"),
        ("UPDATE event SET office = 'education' WHERE office = 'public_security'", "被改动过"),
        ("DELETE FROM event WHERE id = (SELECT min(id) + 1 FROM event)", "条记录，现有"),
        (
            "INSERT INTO event (id, at, event, case_id, step, subject, office, level, detail)"
            " OVERRIDING SYSTEM VALUE SELECT 0 - id, at, event, case_id, step, subject, office, level, detail"
            " FROM event LIMIT 1",
            "条记录，现有",
        ),
        ("DELETE FROM log_seal WHERE id = (SELECT min(id) FROM log_seal)", "前面的封存不见了"),
        ("UPDATE log_seal SET digest = repeat('0', 64) WHERE id = (SELECT min(id) FROM log_seal)", "被改动过"),
        ("UPDATE log_seal SET chain = repeat('0', 64) WHERE id = (SELECT min(id) FROM log_seal)", "对不上"),
    ],
)
async def test_whatever_is_changed_is_found(story: Story, harm: str, why: str) -> None:
    """A row changed, taken away or slipped in; a seal taken away or changed. The first broken seal is named."""
    await sealed_twice(story)
    await behind_its_back(story, harm)
    found = await verify(story.bureau)
    assert found.broken is not None
    assert why in found.broken.why
    assert found.broken.first_event <= found.broken.last_event


async def test_a_chain_made_anew_without_the_key_does_not_hold(story: Story) -> None:
    """Whoever has the database alone can digest, but not seal."""
    await sealed_twice(story)
    await behind_its_back(
        story, "UPDATE event SET detail = 'otherwise' WHERE id = (SELECT min(id) FROM event)", "DELETE FROM log_seal"
    )
    await seal(replace(story.bureau, secret=b"another key"))
    found = await verify(story.bureau)
    assert found.broken is not None
    assert "密钥" in found.broken.why


async def test_nothing_that_is_being_written_while_it_is_sealed_is_left_out(story: Story) -> None:
    """Numbers are given before rows are kept; a row that comes late with a low number stands under a seal all the same."""
    stop = asyncio.Event()

    async def sealing() -> None:
        while not stop.is_set():
            await asyncio.gather(seal(story.bureau), seal(story.bureau), return_exceptions=True)
            await asyncio.sleep(0.005)

    async def writing(number: int) -> None:
        for _ in range(10):
            await story.file_only(form_key=f"sealed-{number:02d}-{_:02d}")

    task = asyncio.create_task(sealing())
    await asyncio.gather(*(writing(number) for number in range(6)))
    stop.set()
    await task
    await seal(story.bureau)
    found = await verify(story.bureau)
    assert (found.rows, found.unsealed, found.broken) == (await written(story), 0, None)
    assert found.seals > 3


async def test_a_long_log_is_sealed_in_parts(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the first start after an upgrade there is much to seal."""
    monkeypatch.setattr("office.sealing.AT_ONCE", 3)
    await story.report(danger_now=True)
    stop = asyncio.Event()
    running = asyncio.create_task(run_sealing(story.bureau, stop, every=0.05))
    for _ in range(200):
        if (await verify(story.bureau)).unsealed == 0:
            break
        await asyncio.sleep(0.05)
    stop.set()
    await running
    async with story.database.transaction() as session:
        assert max((await session.execute(select(LogSeal.rows))).scalars()) == 3
    assert AT_ONCE > 1000
    assert AdvisoryLock.SEALING in set(AdvisoryLock)
