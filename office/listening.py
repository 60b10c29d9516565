"""Hears PostgreSQL's notices, so that a loop acts at once and still looks by itself when a notice is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

logger = logging.getLogger("jieli.listening")


class Ear:
    """`wait` returns at the next notice, or after some seconds without one."""

    def __init__(self) -> None:
        """Heard nothing yet."""
        self._heard = asyncio.Event()

    def hear(self, *_: Any) -> None:
        """A notice came."""
        self._heard.set()

    async def wait(self, at_most: float) -> None:
        """Until a notice, at most so many machine seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), at_most)
        self._heard.clear()


@asynccontextmanager
async def listening(url: str, channels: Sequence[str]) -> AsyncIterator[Ear]:
    """An ear on these channels. A lost connection is opened again; meanwhile the loop's own pace serves."""
    ear = Ear()
    keeper = asyncio.create_task(_keep(url, channels, ear))
    try:
        yield ear
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def _keep(url: str, channels: Sequence[str], ear: Ear) -> None:
    address = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    while True:
        try:
            connection = await asyncpg.connect(address)
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(1)
            continue
        gone = asyncio.Event()
        connection.add_termination_listener(lambda *_, gone=gone: gone.set())
        try:
            for channel in channels:
                await connection.add_listener(channel, ear.hear)
            ear.hear()
            await gone.wait()
        except (OSError, asyncpg.PostgresError):
            logger.warning("the listening connection was lost and is opened again")
        finally:
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)
        await asyncio.sleep(0.5)
