"""The database of a test has never been used, as far as the test can see."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from config.county import County
from config.settings import Settings
from tests.conftest import FixedClock
from tests.emptied import EmptiedDatabases
from tests.story import Story


def ask(url: str, statement: str) -> Any:
    """One statement, in a session of its own."""

    async def once() -> Any:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(once())


def test_a_database_used_again_is_empty_counts_from_one_and_keeps_its_log(
    emptied: EmptiedDatabases, county: County, clock: FixedClock, installation: Settings
) -> None:
    """Rows and numbers of the test before are gone; the log refuses a deletion as before."""

    async def report(url: str) -> None:
        story = Story(url, county, clock, installation)
        await story.report()
        await story.database.close()

    urls = []
    for _ in range(2):
        with emptied.one() as url:
            urls.append(url)
            assert ask(url, 'SELECT count(*) FROM "case"') == ask(url, "SELECT count(*) FROM event") == 0
            asyncio.run(report(url))
            assert ask(url, 'SELECT id FROM "case"') == 1
            with pytest.raises(asyncpg.RaiseError):
                ask(url, "DELETE FROM event")
    assert urls[0] == urls[1]


def test_a_database_whose_shape_was_changed_is_not_used_again(emptied: EmptiedDatabases) -> None:
    """A constraint that a test leaves behind disturbs no other test."""
    with emptied.one() as first:
        ask(first, "ALTER TABLE event ADD CONSTRAINT nothing_more CHECK (false) NOT VALID")
    with emptied.one() as second:
        assert second != first


def test_whoever_is_still_connected_is_thrown_out(emptied: EmptiedDatabases) -> None:
    """A session left open by a test holds no lock in the next."""
    loop = asyncio.new_event_loop()
    with emptied.one() as url:
        left_open = loop.run_until_complete(asyncpg.connect(url.replace("+asyncpg", "")))
        loop.run_until_complete(left_open.execute("BEGIN; LOCK TABLE event"))
    assert ask(url, "SELECT count(*) FROM event") == 0
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        loop.run_until_complete(left_open.fetchval("SELECT 1"))
    loop.close()
