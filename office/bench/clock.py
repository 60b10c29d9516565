"""`clock`: how long a turn of the clock takes when 10 000 of 100 000 open steps are due at once, and when none is.

A PostgreSQL of its own and the clock in this process; nothing else runs. A turn with nothing due is measured with
100 000 ended steps in the records and with 1 000 000: it must cost the same. At last clock and post run as in a worker
while single steps fall due, and what is measured is how late their letters are handed over (`office.bench.punctual`).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, replace
from datetime import timedelta

from pydantic import SecretStr
from rich.progress import Progress
from sqlalchemy import func, select, update

from config.settings import Settings
from office.bench import Unmeasured
from office.bench.figures import percentile
from office.bench.filling import COPIES, Origin, fill, opened
from office.bench.punctual import FALL_DUE, punctuality
from office.bench.surroundings import plain_settings, records_alone
from office.bureau import Bureau
from office.clock import Clock
from office.database import Database
from office.embedded import EmbeddedPostgres
from office.migrate import upgrade_async
from office.opening import open_bureau
from office.tables import Letter, Request

OPEN = 100_000
DUE = 10_000
CLOSED = 10
"""Ended steps for each open one; a tenth of them at first."""
FEWER = "jieli_fewer"
TICKS = 200

LABELS = {
    "open": "未办结的事项数",
    "due": "其中同时到期的事项数",
    "letters": "因此写入待发箱的信件数",
    "round_s": "记录全部到期升级并写入信件所用的时间（秒）",
    "idle_tick_ms_100k": "没有到期事项时时钟走一轮，库中已办结十万项，中位数（毫秒）",
    "idle_tick_ms_1m": "同上，库中已办结一百万项（毫秒）",
    "idle_ratio": "后者与前者之比",
    "punctuality_p50_s": "从到期到信件送出，每秒五项到期，中位数（秒）",
    "punctuality_p99_s": "同上，第99百分位（秒）",
    "punctuality_busy_p50_s": "从到期到信件送出，每秒二十五项到期，中位数（秒）",
    "punctuality_busy_p99_s": "同上，第99百分位（秒）",
}

REPORTS = """INSERT INTO report SELECT x.* FROM report r, "case" k,
       LATERAL jsonb_populate_record(r, jsonb_build_object(
           'id', r.id + k.id - r.case_id, 'case_id', k.id, 'receipt', 'bench-' || k.id, 'form_key', 'bench/' || k.id)) x
   WHERE r.case_id = :case AND k.id <> :case"""
ENDED = """INSERT INTO request (proceeding_id, step, subject, round, about, office, state, version, terms, asked_at,
       acknowledge_by, due, provisional, urgent, ended_at, extensions)
   SELECT proceeding_id, step, n::text, round, about, office, 'done', version, terms, asked_at,
       acknowledge_by, due, provisional, urgent, asked_at, extensions
   FROM request, generate_series(CAST(:first AS int), CAST(:last AS int)) n WHERE subject = ''"""


def measure(settings: Settings, progress: Progress) -> dict[str, float]:
    """The figures of `LABELS`. Raises `Unmeasured`, `office.data_folder.StartFault`."""
    with records_alone(progress) as server:
        own = plain_settings(
            {
                "data_dir": server.data_dir, "county": settings.county, "demo": True,
                "database_url": SecretStr(server.url("jieli")),
            }
        )  # fmt: skip
        return asyncio.run(_measure(own, server, progress))


async def _measure(own: Settings, server: EmbeddedPostgres, progress: Progress) -> dict[str, float]:
    assert own.database_url is not None  # noqa: S101 - it was given above
    await upgrade_async(own.database_url.get_secret_value())
    bureau = await open_bureau(own)
    try:
        origin = await _asked_today(bureau)
        given = asdict(origin) | {"count": OPEN}
        bar = progress.add_task("写入事项", total=len(COPIES) + 3)

        def advance() -> None:
            progress.advance(bar)

        await fill(bureau, (*COPIES, REPORTS), given, advance)
        await fill(bureau, (ENDED,), {"first": 1, "last": CLOSED // 10}, advance)
        await bureau.database.close()
        server.create_database(FEWER, template="jieli")
        await fill(bureau, (ENDED,), {"first": CLOSED // 10 + 1, "last": CLOSED}, advance)
        fewer = replace(bureau, database=Database(server.url(FEWER)))
        try:
            few, many = await _idle(fewer, bureau, progress)
        finally:
            await fewer.database.close()
        figures = await _round(bureau, progress)
        late = await punctuality(bureau, OPEN // DUE - 1, progress)
    finally:
        await bureau.database.close()
    return figures | {"idle_tick_ms_100k": few, "idle_tick_ms_1m": many, "idle_ratio": many / few} | late


async def _asked_today(bureau: Bureau) -> Origin:
    """The case that is copied; its step is not due before tomorrow, and at night as well as by day."""
    origin = await opened(bureau)
    tomorrow = bureau.clock.now() + timedelta(days=1)
    async with bureau.database.transaction() as session:
        await session.execute(
            update(Request)
            .where(Request.id == origin.request)
            .values(acknowledge_by=tomorrow, next_climb_at=tomorrow, due=tomorrow + timedelta(days=1), urgent=True)
        )
    return origin


async def _idle(fewer: Bureau, bureau: Bureau, progress: Progress) -> tuple[float, float]:
    """Milliseconds of a turn in which nothing is due, with fewer steps in the records and with more: turn by turn, so that
    whatever else the machine does meets both alike."""
    bar = progress.add_task("时钟空转", total=TICKS)
    clocks = Clock(fewer), Clock(bureau)
    times: tuple[list[float], list[float]] = [], []
    for _ in range(TICKS):
        for clock, taken in zip(clocks, times, strict=True):
            begun = time.monotonic()
            turn = await clock.turn()
            taken.append((time.monotonic() - begun) * 1000)
            if turn.due:
                raise Unmeasured(f"本不应有到期事项，却有{turn.due}项。")
        progress.advance(bar)
    return percentile(times[0], 0.5), percentile(times[1], 0.5)


async def _round(bureau: Bureau, progress: Progress) -> dict[str, float]:
    """One turn in which many steps are due at once."""
    bar = progress.add_task(f"升级 {DUE} 项", total=1)
    before = await _letters(bureau)
    begin = bureau.clock.now() - timedelta(minutes=1)
    given = {"begin": begin, "spread": timedelta(0), "count": DUE, "every": OPEN // DUE}
    await fill(bureau, (FALL_DUE,), given, lambda: None)
    begun = time.monotonic()
    turn = await Clock(bureau).turn()
    seconds = time.monotonic() - begun
    if (turn.due, turn.climbed) != (DUE, DUE):
        raise Unmeasured(f"应升级{DUE}项，实际到期{turn.due}项，升级{turn.climbed}项。")
    progress.advance(bar)
    return {"open": OPEN, "due": DUE, "letters": await _letters(bureau) - before, "round_s": seconds}


async def _letters(bureau: Bureau) -> int:
    async with bureau.database.transaction() as session:
        return (await session.execute(select(func.count()).select_from(Letter))).scalar_one()
