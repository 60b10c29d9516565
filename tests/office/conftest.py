"""The story's fixtures serve the records' tests too; a desk of letters is this folder's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from config.county import County
from config.settings import Settings
from tests.conftest import FixedClock
from tests.flows.conftest import anyio_backend, story
from tests.office.letter_desk import Desk, Play, open_desk

__all__ = ["anyio_backend", "play", "story"]


@pytest.fixture
def play(records_url: str, county: County, clock: FixedClock, installation: Settings) -> Play:
    """Run a story at a desk."""

    def run(story: Callable[[Desk], Awaitable[None]]) -> None:
        async def at_desk() -> None:
            async with open_desk(records_url, county, clock, installation) as desk:
                await story(desk)

        asyncio.run(at_desk())

    return run
