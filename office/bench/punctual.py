"""How late a letter is: from the instant at which a step falls due until the mail server has its letter.

Clock and post run in this process as in a worker, the mail catcher in one of its own. First a few steps fall due each
second, then about half as many as one post can send.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import func, select, text, update

from office.bench import Unmeasured
from office.bench.figures import percentile
from office.bench.surroundings import UNLIMITED_MAIL, free_ports
from office.bureau import Bureau
from office.clock import run_clock
from office.mailer import SmtpMailer
from office.parts import LOOPBACK
from office.post import Post
from office.reachable import listens
from office.tables import Letter, Rung
from rules.vocabulary import LetterState

SPREAD = 20.0
"""Machine seconds over which the steps fall due."""
IDLE, BUSY = 100, 500
"""How many fall due in that time."""
AFTERWARDS = 20.0
"""Machine seconds within which the last letter must have left."""

FALL_DUE = """UPDATE request SET acknowledge_by = s.falls_due, next_climb_at = s.falls_due
   FROM (SELECT id, CAST(:begin AS timestamptz)
             + CAST(:spread AS interval) * (CAST(row_number() OVER (ORDER BY id) AS float) / CAST(:count AS int)) AS falls_due
         FROM request WHERE subject = '' AND level IS NULL AND id % :every = 0 ORDER BY id LIMIT CAST(:count AS int)) s
   WHERE request.id = s.id"""
"""So many steps fall due from `begin` on, one after another over `spread`."""


async def punctuality(bureau: Bureau, every: int, progress: Progress) -> dict[str, float]:
    """Seconds from due to handed over: the median and the 99th percentile, idle and busy. Of the open steps, each
    `every`th by its id may fall due. Raises `Unmeasured`."""
    (port,) = free_ports(1)
    settings = bureau.settings.model_copy(update=UNLIMITED_MAIL | {"catcher_port": port})
    sending = replace(bureau, settings=settings)
    # What was put before is not what is measured.
    async with bureau.database.transaction() as session:
        on_the_way = Letter.state == LetterState.PENDING.value
        await session.execute(update(Letter).where(on_the_way).values(state=LetterState.STALE.value))
    with _catcher(settings.data_dir, port):
        await _listening(port)
        idle = await _late(sending, IDLE, every, progress)
        busy = await _late(sending, BUSY, every, progress)
    return {
        "punctuality_p50_s": percentile(idle, 0.5), "punctuality_p99_s": percentile(idle, 0.99),
        "punctuality_busy_p50_s": percentile(busy, 0.5), "punctuality_busy_p99_s": percentile(busy, 0.99),
    }  # fmt: skip


@contextmanager
def _catcher(folder: Path, port: int) -> Iterator[None]:
    environment = os.environ | {"JIELI_DATA_DIR": str(folder), "JIELI_CATCHER_PORT": str(port)}
    catcher = subprocess.Popen([sys.executable, "-m", "office.catcher"], env=environment)
    try:
        yield
    finally:
        catcher.terminate()
        catcher.wait(30)


async def _listening(port: int) -> None:
    for _ in range(300):
        if await asyncio.to_thread(listens, LOOPBACK, port):
            return
        await asyncio.sleep(0.1)
    raise Unmeasured("收信箱没有启动。")


async def _late(bureau: Bureau, count: int, every: int, progress: Progress) -> list[float]:
    bar = progress.add_task(f"逐项到期，每秒{count / SPREAD:g}项", total=1)
    begin = bureau.clock.now() + timedelta(seconds=1)
    given = {"begin": begin, "spread": timedelta(seconds=SPREAD), "count": count, "every": every}
    async with bureau.database.transaction() as session:
        await session.execute(text(FALL_DUE), given)
    stop, mailer = asyncio.Event(), SmtpMailer(bureau.settings)
    running = [
        asyncio.create_task(run_clock(bureau, stop)),
        asyncio.create_task(Post(bureau, mailer).run(stop)),
    ]
    try:
        await asyncio.sleep(SPREAD + 2)
        for _ in range(int(AFTERWARDS)):
            late = await _handed_over(bureau, begin)
            if len(late) >= count:
                break
            await asyncio.sleep(1)
    finally:
        stop.set()
        await asyncio.gather(*running)
        await mailer.close()
    if len(late) != count:
        raise Unmeasured(f"应升级并告知{count}项，{AFTERWARDS:.0f}秒后送出{len(late)}项。")
    progress.advance(bar)
    return late


async def _handed_over(bureau: Bureau, begin: object) -> list[float]:
    """For each rung due since, how many seconds later its first letter had been handed over."""
    late = (
        select(func.extract("epoch", func.min(Letter.handed_over_at) - Rung.due_at))
        .join(Letter, Letter.request_id == Rung.request_id)
        .where(Rung.due_at > begin, Letter.key.like("rung/%"), Letter.handed_over_at.is_not(None))
        .group_by(Rung.id)
    )
    async with bureau.database.transaction() as session:
        return [float(seconds) for seconds in (await session.execute(late)).scalars()]
