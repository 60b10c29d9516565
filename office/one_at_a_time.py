"""What only one may do at a time, of any number of processes: an advisory lock of PostgreSQL says who."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from sqlalchemy import text

from office.bureau import Bureau


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
                while held and not stop.is_set():
                    await turn()
                    # The lock lives as long as its connection: a broken one shows here, and another takes over.
                    await connection.execute(text("SELECT 1"))
                    await connection.commit()
                    await pause(stop, every)
                if held:
                    await connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
                    await connection.commit()
        except Exception as fault:
            complain(fault)
        await pause(stop, every)


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
