"""The database of a test has never been used, as far as the test can see."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
import pytest

from config.county import County
from config.settings import Settings
from office.embedded import EmbeddedPostgres
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


def test_a_server_that_tidies_up_all_the_time_is_no_hindrance(
    postgres: EmbeddedPostgres, emptied: EmptiedDatabases
) -> None:
    """Autovacuum, which no role of ours may end, works in a database while it is emptied."""
    for setting in (
        "autovacuum_naptime = '1s'",
        "autovacuum_vacuum_cost_delay = 20",
        "autovacuum_vacuum_cost_limit = 1",
    ):
        postgres._psql(f"ALTER SYSTEM SET {setting};")
    postgres._psql("SELECT pg_reload_conf();")
    try:
        with emptied.one() as url:
            ask(
                url,
                "CREATE TABLE swept WITH (autovacuum_vacuum_threshold = 1) AS SELECT generate_series(1, 300000) AS n",
            )
            ask(url, "DELETE FROM swept RETURNING n")
            # What is not a client's shows no user to a role without rights.
            sweeping = "SELECT count(*) FROM pg_stat_activity WHERE usename IS NULL AND datname = current_database()"
            for _ in range(150):
                if ask(url, sweeping):
                    break
                time.sleep(0.1)
            else:
                raise AssertionError("autovacuum never came")
    finally:
        postgres._psql("ALTER SYSTEM RESET ALL;")
        postgres._psql("SELECT pg_reload_conf();")


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
