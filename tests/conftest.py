"""What the tests share: one PostgreSQL for the session, a database of its own for each test that asks for records."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.county import County, load_county
from config.settings import EXAMPLE_COUNTY, Settings
from office.embedded import EmbeddedPostgres
from office.migrate import upgrade_async
from office.timekeeping import COUNTY_ZONE
from tests.compiled import compile_once
from tests.emptied import EmptiedDatabases

compile_once()


@pytest.fixture(scope="session")
def county() -> County:
    """The example county."""
    return load_county(EXAMPLE_COUNTY)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL of this test session's own."""
    with tempfile.TemporaryDirectory(prefix="jieli-tests-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data", durable=False)
        (Path(folder) / "data").mkdir(mode=0o700)
        server.start()
        try:
            server.create_database("pattern")
            asyncio.run(upgrade_async(server.url("pattern")))
            yield server
        finally:
            server.destroy()


@pytest.fixture(scope="session")
def emptied(postgres: EmbeddedPostgres) -> EmptiedDatabases:
    """Databases with our schema, used again when a test has ended."""
    return EmptiedDatabases(postgres, "pattern")


@pytest.fixture
def records_url(emptied: EmptiedDatabases) -> Iterator[str]:
    """The address of an empty database with our schema."""
    with emptied.one() as url:
        yield url


@pytest.fixture
def installation(tmp_path: Path) -> Settings:
    """Settings of a demonstration that sends nothing anywhere, and whose letters do not wait for company."""
    return Settings(data_dir=tmp_path, demo=True, mail_digest_seconds=0.0)


class FixedClock:
    """The county's time as a story sets it."""

    def __init__(self, at: datetime) -> None:
        """`at` is aware."""
        self._now = at

    def now(self) -> datetime:
        """The story's present."""
        return self._now

    def move(self, by: timedelta) -> None:
        """Forward only."""
        assert by >= timedelta(0)
        self._now += by

    def move_to(self, at: datetime) -> None:
        """Forward only."""
        assert at >= self._now
        self._now = at


@pytest.fixture
def clock() -> FixedClock:
    """Monday 2 March 2026, nine in the morning."""
    return FixedClock(datetime(2026, 3, 2, 9, 0, tzinfo=COUNTY_ZONE))
