"""Databases with our schema and nothing in them, used again by one test after another: a copy costs fifty times as much."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from office.embedded import EmbeddedPostgres
from office.tables import Base

_TABLES = [f'"{table.name}"' for table in reversed(Base.metadata.sorted_tables)]
# Sessions of clients only: the server's own autovacuum is nobody's to end, gives way by itself, and comes at any time.
_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# The log lets nobody take a row away, and refuses here as well until its triggers are off.
_EMPTY = "; ".join(
    [
        "ALTER TABLE event DISABLE TRIGGER USER",
        *(f"DELETE FROM {name}" for name in _TABLES),  # noqa: S608 - names of our own tables
        "ALTER TABLE event ENABLE TRIGGER USER",
    ]
)
_SEQUENCES = "SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
_SHAPE = """
SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute), (SELECT count(*) FROM pg_constraint),
       (SELECT count(*) FROM pg_proc), (SELECT string_agg(tgname || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger)
"""


class EmptiedDatabases:
    """Copies of one pattern; one that a test has changed in its shape is not used again."""

    def __init__(self, server: EmbeddedPostgres, pattern: str) -> None:
        """`pattern` holds the schema, and nobody is connected to it."""
        self.server = server
        self.pattern = pattern
        self._free: list[tuple[str, tuple[object, ...]]] = []
        self._numbers = itertools.count(1)

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of an empty database, for one test alone."""
        if self._free:
            name, shape = self._free.pop()
        else:
            name = f"test_{os.getpid()}_{next(self._numbers)}"
            self.server.create_database(name, template=self.pattern)
            shape = asyncio.run(_shape(self.server.url(name)))
        yield self.server.url(name)
        if asyncio.run(_emptied(self.server.url(name))) == shape:
            self._free.append((name, shape))
        else:
            self.server.drop_database(name)


async def _shape(url: str) -> tuple[object, ...]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return tuple(await connection.fetchrow(_SHAPE))
    finally:
        await connection.close()


async def _emptied(url: str) -> tuple[object, ...]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(_OTHERS)
        await connection.execute(_EMPTY)
        names = [row[0] for row in await connection.fetch(_SEQUENCES)]
        for name in names:
            await connection.execute(f"ALTER SEQUENCE {name} RESTART")
        return tuple(await connection.fetchrow(_SHAPE))
    finally:
        await connection.close()
