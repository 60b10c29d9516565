"""Stories need a county, a clock and an empty database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from config.county import County
from config.settings import Settings
from tests.conftest import FixedClock
from tests.story import Story


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, as in service."""
    return "asyncio"


@pytest.fixture
async def story(records_url: str, county: County, clock: FixedClock, installation: Settings) -> AsyncIterator[Story]:
    """A story on an empty database."""
    told = Story(records_url, county, clock, installation)
    yield told
    await told.database.close()
