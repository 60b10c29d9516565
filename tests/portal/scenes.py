"""A story and a browser before the portal of the same bureau."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from config.county import County
from config.settings import Settings
from office.portal.app import create_app
from tests.conftest import FixedClock
from tests.story import Story

Scene = Callable[[Story, httpx.AsyncClient], Awaitable[None]]
Play = Callable[[Scene], None]


def player(
    records_url: str, county: County, clock: FixedClock, installation: Settings, *, faults_are_pages: bool = False
) -> Play:
    """Plays a scene. A fault within the portal ends it, or is answered with the page that an officer would see."""

    def run(scene: Scene) -> None:
        async def whole() -> None:
            story = Story(records_url, county, clock, installation)
            transport = httpx.ASGITransport(app=create_app(story.bureau), raise_app_exceptions=not faults_are_pages)
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as browser:
                    await scene(story, browser)
            finally:
                await story.database.close()

        asyncio.run(whole())

    return run
