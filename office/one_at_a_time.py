"""Loops of which any number may run: one holds an advisory lock and turns, the others stand by to take over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

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


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many machine seconds; less when stopped."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
