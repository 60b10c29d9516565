"""`memory`: what a case that waits costs: memory of our processes, rows and bytes of both databases, time of Prefect's server.

First cases are filed as everybody files them: what the databases have grown by is divided by their number. Then cases are
put to sleep that no attempt of this worker has touched, until there are as many as wanted or the time is over: what
the processes hold for a case that waits. At last 10 000 more runs that wait are written into Prefect's own tables, as copies
of one that waits: through its interface they would take longer than all the rest.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import psutil
from rich.progress import Progress
from sqlalchemy import text

from config.settings import Settings
from office.bench.sleepers import Sleepers
from office.bench.surroundings import UNLIMITED_MAIL, measured_within
from office.database import Database
from office.opening import open_bureau
from office.parts import open_secret
from office.supervisor import Supervisor

FILED = 48
WAITING = 800
SECONDS = 60.0
"""Machine seconds for which cases are filed, and again put to sleep, at most."""
WAITING_RUNS = 10_000
SETTLING = 3.0
"""Machine seconds until Prefect's server has written down its last events."""
IDLE = 20.0
"""Machine seconds for which Prefect's server is watched while nothing happens, twice."""
LONGEST = 225.0
"""Machine seconds for the whole measurement, once everything has started."""
OURS = ("worker", "portal")

LABELS = {
    "waiting_before": "已在等待的案件数",
    "waiting_after": "立案之后等待的案件数",
    "worker_bytes_per_waiting": "办理进程：每多一个等待中的案件，内存增加（字节）",
    "portal_bytes_per_waiting": "门户：同样（字节）",
    "records_rows_per_case": "业务库：每个立案后等待的案件的行数",
    "records_bytes_per_case": "业务库：每个立案后等待的案件的字节数（含索引）",
    "prefect_rows_per_case": "Prefect 库：每个立案后等待的案件的行数",
    "prefect_bytes_per_case": "Prefect 库：每个立案后等待的案件的字节数（含索引）",
    "waiting_runs": "直接写入 Prefect 库的等待中的运行数",
    "prefect_cpu_s_per_min_before": "写入之前 Prefect 服务空闲时每分钟占用的处理器时间（秒）",
    "prefect_cpu_s_per_min": "写入之后（秒）",
}

TABLES = """SELECT format('%I.%I', schemaname, relname) AS name, pg_total_relation_size(relid) AS bytes
       FROM pg_stat_user_tables"""
COPIED = (
    """INSERT INTO flow_run SELECT x.* FROM flow_run r, generate_series(1, CAST(:count AS int)) n,
           LATERAL jsonb_populate_record(r, jsonb_build_object(
               'id', gen_random_uuid(), 'name', 'bench-' || n, 'idempotency_key', 'bench-' || n, 'state_id', NULL)) x
       WHERE r.id = CAST(:run AS uuid)""",
    """INSERT INTO flow_run_state SELECT x.* FROM flow_run o JOIN flow_run_state s ON s.id = o.state_id, flow_run r,
           LATERAL jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'flow_run_id', r.id)) x
       WHERE o.id = CAST(:run AS uuid) AND r.idempotency_key LIKE 'bench-%'""",
    """UPDATE flow_run r SET state_id = s.id FROM flow_run_state s
       WHERE s.flow_run_id = r.id AND r.idempotency_key LIKE 'bench-%'""",
)
"""Runs that wait, all of them one's likeness."""


@dataclass(frozen=True)
class Held:
    """What is held at one moment: bytes of memory by process; rows and bytes of each database."""

    memory: dict[str, int]
    records: tuple[int, int]
    prefect: tuple[int, int]


def measure(settings: Settings, progress: Progress) -> dict[str, float]:
    """The figures of `LABELS`. Raises `Unmeasured`, `StartFault`."""
    return measured_within(
        LONGEST, lambda supervisor: _measure(supervisor, progress), settings, progress, **UNLIMITED_MAIL
    )


async def _measure(supervisor: Supervisor, progress: Progress) -> dict[str, float]:
    bureau = await open_bureau(supervisor.settings)
    prefect = Database(open_secret(supervisor.settings.prefect_database_url) or "")
    try:
        sleepers = Sleepers(bureau, progress)
        empty = await _held(supervisor, bureau.database, prefect)
        filed = await sleepers.file_within(FILED, SECONDS, "立案")
        await sleepers.quiet(SETTLING)
        before = await _held(supervisor, bureau.database, prefect)
        more = await sleepers.put_to_sleep(WAITING, SECONDS)
        await sleepers.quiet(SETTLING)
        after = await _held(supervisor, bureau.database, prefect)
        run = (await sleepers.runs(filed[:1]))[0]
        idle = await _idle(supervisor, progress, "Prefect 服务空闲")
        bar = progress.add_task(f"写入 {WAITING_RUNS} 个等待中的运行", total=len(COPIED))
        for statement in COPIED:
            async with prefect.transaction() as session:
                given = {"count": WAITING_RUNS, "run": str(run)}
                await session.execute(text(statement), {k: v for k, v in given.items() if f":{k}" in statement})
            progress.advance(bar)
        # What the copying has left to do is not what waiting costs.
        async with prefect.engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
        full = await _idle(supervisor, progress, f"Prefect 服务空闲，{WAITING_RUNS} 个运行等待")
    finally:
        await prefect.close()
        await bureau.database.close()
    count = len(more)
    figures: dict[str, float] = {"waiting_before": len(filed), "waiting_after": len(filed) + count}
    for part in OURS:
        figures[f"{part}_bytes_per_waiting"] = (after.memory[part] - before.memory[part]) / count
    for name, then, now in (("records", empty.records, before.records), ("prefect", empty.prefect, before.prefect)):
        figures[f"{name}_rows_per_case"] = (now[0] - then[0]) / len(filed)
        figures[f"{name}_bytes_per_case"] = (now[1] - then[1]) / len(filed)
    return figures | {
        "waiting_runs": WAITING_RUNS, "prefect_cpu_s_per_min_before": idle, "prefect_cpu_s_per_min": full,
    }  # fmt: skip


async def _held(supervisor: Supervisor, records: Database, prefect: Database) -> Held:
    memory = {part: psutil.Process(supervisor.pids[part]).memory_info().rss for part in OURS}
    return Held(memory, await _size(records), await _size(prefect))


async def _size(database: Database) -> tuple[int, int]:
    """Rows and bytes of all tables, with their indexes."""
    async with database.transaction() as session:
        tables = (await session.execute(text(TABLES))).all()
        rows = 0
        for table in tables:
            rows += (await session.execute(text(f"SELECT count(*) FROM {table.name}"))).scalar_one()  # noqa: S608
        return rows, sum(table.bytes for table in tables)


async def _idle(supervisor: Supervisor, progress: Progress, what: str) -> float:
    """Processor seconds of Prefect's server in each minute, with the worker asking once a second as always."""
    bar = progress.add_task(what, total=int(IDLE))
    server = psutil.Process(supervisor.pids["prefect"])
    before, begun = _spent(server), time.monotonic()
    for _ in range(int(IDLE)):
        await asyncio.sleep(1)
        progress.advance(bar)
    return (_spent(server) - before) * 60 / (time.monotonic() - begun)


def _spent(server: psutil.Process) -> float:
    """Processor seconds of a program and all it has started."""
    spent = 0.0
    for one in (server, *server.children(recursive=True)):
        times = one.cpu_times()
        spent += times.user + times.system
    return spent
