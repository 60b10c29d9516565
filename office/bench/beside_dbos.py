"""DBOS Transact doing the loop that a proceeding does: ask, wait for an answer or a deadline, ask again.

A program of its own, because DBOS is no part of the product: it reads {"database", "workflows"} from its standard input
and writes {"answers_per_s", "bytes_per_waiting"} to its standard output. Its workflows are asynchronous ones, the
lightest it has, and their answers are sent from within the same process: no page, no letter, nothing is checked.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import psutil
from dbos import DBOS, SetWorkflowID
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

DEADLINE = 30 * 24 * 3600.0
"""Seconds until a silent office is written to again."""
SENDERS = 16
PATIENCE = 120.0
WARMING = 20


@dataclass
class Asked:
    """How many times each workflow has asked, as its own database says it in the end."""

    engine: AsyncEngine
    count: dict[str, int] = field(default_factory=dict)

    async def ask(self, name: str, number: int) -> None:
        """Put the question down, once for each name and number."""
        async with self.engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO asked (name, number) VALUES (:name, :number) ON CONFLICT DO NOTHING"),
                {"name": name, "number": number},
            )
        self.count[name] = number

    async def until(self, names: list[str], number: int) -> None:
        """Until all of them have asked so often. Raises TimeoutError."""
        end = time.monotonic() + PATIENCE
        while any(self.count.get(name, 0) < number for name in names):
            if time.monotonic() > end:
                raise TimeoutError
            await asyncio.sleep(0.01)


async def _table(connection: AsyncConnection) -> None:
    await connection.execute(text("CREATE TABLE asked (name text, number int, PRIMARY KEY (name, number))"))


async def measure(database: str, workflows: int) -> dict[str, float]:
    """Answers a second, and bytes for each workflow that waits."""
    plain = database.replace("+asyncpg", "")
    engine = create_async_engine(database, pool_size=10)
    async with engine.begin() as connection:
        await _table(connection)
    asked = Asked(engine)
    config: Any = {"name": "beside", "system_database_url": plain, "log_level": "ERROR"}
    DBOS(config=config)

    async def once(name: str, number: int) -> None:
        await asked.ask(name, number)

    ask: Any = DBOS.step(name="ask")(once)

    async def proceeding(name: str) -> None:
        number = 0
        while True:
            number += 1
            await ask(name, number)
            await DBOS.recv_async("answer", timeout_seconds=DEADLINE)

    flow: Any = DBOS.workflow(name="proceeding")(proceeding)
    DBOS.launch()
    await _begin(flow, asked, [f"warming-{number}" for number in range(WARMING)])
    names = [f"waiting-{number}" for number in range(workflows)]
    before = psutil.Process().memory_info().rss
    await _begin(flow, asked, names)
    held = (psutil.Process().memory_info().rss - before) / workflows
    begun = time.monotonic()
    left = iter(names)
    await asyncio.gather(*(_answer(left) for _ in range(SENDERS)), asked.until(names, 2))
    return {"answers_per_s": workflows / (time.monotonic() - begun), "bytes_per_waiting": held}


async def _begin(flow: Any, asked: Asked, names: list[str]) -> None:
    for name in names:
        with SetWorkflowID(name):
            await DBOS.start_workflow_async(flow, name)
    await asked.until(names, 1)


async def _answer(left: Any) -> None:
    for name in left:
        await DBOS.send_async(name, "done", "answer")


async def _main() -> None:
    given = json.load(sys.stdin)
    sys.stdout.write(json.dumps(await measure(given["database"], given["workflows"])) + "\n")
    sys.stdout.flush()
    # Every workflow waits for its next answer, which nobody will send: the database is thrown away with them.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(_main())
