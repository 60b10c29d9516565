"""The door to PostgreSQL: one engine, one unit of work."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Pool, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

WAKE = "jieli_wake"
"""Channel told when a proceeding has news, is new, or shows something stale."""
POST = "jieli_post"
"""Channel told when a letter was put into the outbox."""

_TELLING = text("SELECT pg_notify(:channel, '')")

IDLE_SECONDS = 0.2
"""Machine seconds after which a connection is asked whether it still lives, before it is used again. SQLAlchemy's own
question comes before every use, and is three rounds of words: more than a letter or an answer says by itself."""


class Database:
    """One PostgreSQL database of records.

    asyncpg's connections belong to the event loop that opened them, so a pooled database serves one loop only;
    with `pooled=False` each transaction opens and closes its own connection and any loop may use it.
    """

    def __init__(self, url: str, *, pooled: bool = True, pool_size: int = 10) -> None:
        """`url` is postgresql+asyncpg://… ; nothing is opened yet."""
        self.url = url
        pool: type[Pool] = AsyncAdaptedQueuePool if pooled else NullPool
        sizes = {"pool_size": pool_size, "max_overflow": 10} if pooled else {}
        # Parameters of a statement may be personal: they must not reach an exception's text, and so a log.
        self.engine: AsyncEngine = create_async_engine(url, poolclass=pool, hide_parameters=True, **sizes)
        if pooled:
            self._ask_idle_connections()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: everything in the block is kept when it ends, and nothing when it fails."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def close(self) -> None:
        """Let the connections go."""
        await self.engine.dispose()

    def _ask_idle_connections(self) -> None:
        dialect = self.engine.dialect

        def given_back(connection: Any, record: Any) -> None:  # noqa: ARG001 - the pool's own names
            record.info["used"] = time.monotonic()

        def taken(connection: Any, record: Any, proxy: Any) -> None:  # noqa: ARG001
            if time.monotonic() - record.info.get("used", time.monotonic()) < IDLE_SECONDS:
                return
            try:
                dialect.do_ping(connection)
            except (dialect.dbapi.Error, DBAPIError, OSError) as gone:  # type: ignore[union-attr]
                # The pool opens another one.
                raise DisconnectionError from gone

        event.listen(self.engine.sync_engine, "checkin", given_back)
        event.listen(self.engine.sync_engine, "checkout", taken)


async def tell(session: AsyncSession, channel: str) -> None:
    """Wake whoever listens on the channel, once this transaction is kept.

    PostgreSQL tells the same thing once for each transaction; a session of ours is one transaction (`transaction`).
    """
    told: set[str] = session.info.setdefault("told", set())
    if channel not in told:
        await session.execute(_TELLING, {"channel": channel})
        told.add(channel)
