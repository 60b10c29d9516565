"""What a database holds, table by table, so that a copy can be compared with what was copied."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import ColumnClause, func, literal_column, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from office.backup.archive import BackupFault, TableContents

# However the server or the role is set up, a row reads the same.
_SPOKEN = (
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
)


@asynccontextmanager
async def cut(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection that sees the database as it is at this instant, as long as the block lasts."""
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="REPEATABLE READ", hide_parameters=True)
    try:
        async with engine.connect() as connection:
            for sentence in _SPOKEN:
                await connection.execute(text(sentence))
            # What is seen is settled by the first question, and not by the settings before it.
            await connection.execute(text("SELECT 1"))
            yield connection
    finally:
        await engine.dispose()


async def snapshot_of(connection: AsyncConnection) -> str:
    """The name under which pg_dump sees what this connection sees."""
    return str((await connection.execute(text("SELECT pg_export_snapshot()"))).scalar_one())


async def tables_of(connection: AsyncConnection) -> list[str]:
    """The tables of a database."""
    found = await connection.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    )
    return [str(name) for name in found.scalars()]


async def contents_of(connection: AsyncConnection) -> dict[str, TableContents]:
    """Rows and digest of every table."""
    return {name: await _contents(connection, name) for name in await tables_of(connection)}


_DIGEST: ColumnClause[str] = literal_column(
    "coalesce(sum(('x' || substr(md5(one::text), 1, 15))::bit(60)::bigint::numeric), 0)::text"
)


async def _contents(connection: AsyncConnection, name: str) -> TableContents:
    one = table(name, schema="public").alias("one")
    row = (await connection.execute(select(func.count(), _DIGEST).select_from(one))).one()
    return TableContents(rows=row[0], digest=row[1])


async def require_same(url: str, held: Mapping[str, TableContents]) -> None:
    """Raise a BackupFault unless the database holds exactly that."""
    async with cut(url) as connection:
        found = await contents_of(connection)
    wrong = sorted(name for name in found.keys() | held.keys() if found.get(name) != held.get(name))
    if wrong:
        raise BackupFault(f"读回的数据与原数据不同（{'、'.join(wrong)}），这份备份不能用；请重做一次。")
