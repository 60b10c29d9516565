"""Brings the records' schema up to date, step by step, under a lock so that two starts do not meet."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from office.locks import AdvisoryLock

SCRIPTS = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AdvisoryLock.MIGRATION})
    command.upgrade(alembic_config(connection), "head")


def revisions() -> frozenset[str]:
    """Every version of the schema that this release knows how to bring up to date."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions())


async def upgrade_async(url: str) -> None:
    """Bring the schema of that database (postgresql+asyncpg://…) up to date."""
    engine = create_async_engine(url, hide_parameters=True)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def upgrade(url: str) -> None:
    """The same, for a caller without an event loop."""
    asyncio.run(upgrade_async(url))


def context_options() -> dict[str, Any]:
    """What `env.py` tells Alembic about our tables."""
    from office.tables import Base

    return {"target_metadata": Base.metadata, "compare_type": True}
