"""The door to PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from office import database
from office.database import Database


def test_a_connection_that_died_while_it_was_idle_is_replaced(
    records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL was started anew: whoever comes next does not notice."""
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.0)

    async def story() -> None:
        records, other = Database(records_url, pool_size=1), Database(records_url, pooled=False)
        async with records.transaction() as session:
            before = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with other.transaction() as session:
            await session.execute(text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": before})
        async with records.transaction() as session:
            after = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        assert after != before
        await records.close()

    asyncio.run(story())
