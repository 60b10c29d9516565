"""What only one may do at a time, of any number of processes: an advisory lock of PostgreSQL says who."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from office.bureau import Bureau

FROZEN_SECONDS = 60
"""Machine seconds without a word from its holder after which PostgreSQL takes the lock away: a process that was frozen,
with its machine or alone, must not keep the others from turning."""


async def turn_alone(
    bureau: Bureau,
    lock: int,
    turn: Callable[[], Awaitable[object]],
    stop: asyncio.Event,
    *,
    every: float,
    complain: Callable[[Exception], None],
) -> None:
    """Turn until stopped, with `every` machine seconds between two turns, as long as nobody else holds that lock.

    A fault is given to `complain` and turning goes on: PostgreSQL may be away for a while.
    """
    key = {"key": lock}
    while not stop.is_set():
        try:
            async with bureau.database.engine.connect() as connection:
                held = (await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key)).scalar_one()
                await connection.commit()
                try:
                    if held:
                        await connection.execute(text(f"SET idle_session_timeout = '{FROZEN_SECONDS * 1000:.0f}ms'"))
                        await connection.commit()
                    while held and not stop.is_set():
                        await _turn_heard(connection, turn)
                        await pause(stop, every)
                finally:
                    # Also after a fault of the turn's own, or the pool would keep a connection that has the lock.
                    if held and not connection.closed and not connection.invalidated:
                        await connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
                        await connection.execute(text("RESET idle_session_timeout"))
                        await connection.commit()
        except Exception as fault:
            complain(fault)
        await pause(stop, every)


async def _turn_heard(connection: AsyncConnection, turn: Callable[[], Awaitable[object]]) -> None:
    """One turn, during which the holder of the lock is heard of however long it takes.

    The lock lives as long as its connection: a broken one shows here, and another takes over.
    """
    turning = asyncio.ensure_future(turn())
    try:
        done: set[asyncio.Future[object]] = set()
        while not done:
            done, _ = await asyncio.wait({turning}, timeout=FROZEN_SECONDS / 4)
            await connection.execute(text("SELECT 1"))
            await connection.commit()
        turning.result()
    finally:
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)


@contextlib.asynccontextmanager
async def alone(bureau: Bureau, lock: int) -> AsyncIterator[None]:
    """One after the other: whoever comes while that lock is held waits until it is let go."""
    key = {"key": lock}
    async with bureau.database.engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
        await connection.commit()
        try:
            yield
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
            await connection.commit()


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many machine seconds; less when stopped."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
