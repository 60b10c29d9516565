"""The clock's heartbeat: a row that says when it last turned, for whoever watches over it from another process."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from office.bureau import Bureau
from office.tables import ClockSeen

BEAT_SECONDS = 10.0
"""Machine seconds between two beats, at least: a clock turns every second, and a row need not be written each time."""


def beating(bureau: Bureau, turn: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """The same turn, followed by a beat. A turn that fails has none: a clock that only fails is as good as silent."""
    last = float("-inf")

    async def turn_and_beat() -> object:
        nonlocal last
        result = await turn()
        if time.monotonic() - last >= BEAT_SECONDS:
            await beat(bureau)
            last = time.monotonic()
        return result

    return turn_and_beat


async def beat(bureau: Bureau) -> None:
    """A clock has turned now."""
    now = {"seen_at": func.clock_timestamp()}
    statement = insert(ClockSeen).values(id=1, **now).on_conflict_do_update(index_elements=["id"], set_=now)
    async with bureau.database.transaction() as session:
        await session.execute(statement)
