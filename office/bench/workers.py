"""`workers`: the same sleepers woken with one worker and with two, of the same work pool, against the same Prefect server.

Each wake must bring about one attempt, whichever worker makes it: Prefect's own history of every run is read in the end.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from rich.progress import Progress

from config.settings import Settings
from office.bench import Unmeasured
from office.bench.sleepers import Sleepers
from office.bench.surroundings import end, measured_within
from office.leash import READY_FILE
from office.opening import open_bureau
from office.supervisor import Supervisor

SLEEPERS = 24
WARMING = 8
ROUNDS = 2
"""Rounds with one worker, and as many with two; the better of each counts."""
PATIENCE = 60.0
"""Machine seconds for the second worker's start."""
LONGEST = 300.0

LABELS = {
    "one_worker_attempts_per_s": "一个办理进程：每秒唤醒并再次等待的次数",
    "two_workers_attempts_per_s": "两个办理进程：同样的次数",
    "ratio": "后者与前者之比",
    "second_worker_share": "两个办理进程时，第二个所用处理器时间占两者的比例",
    "once": "每次唤醒恰好推进一次的办理所占比例（应为1）",
    "sleepers": "同时唤醒的办理数",
    "limit": "每个办理进程同时进行的上限",
}


def measure(settings: Settings, progress: Progress) -> dict[str, float]:
    """The figures of `LABELS`. Raises `Unmeasured`, `StartFault`."""
    return measured_within(LONGEST, lambda supervisor: _measure(supervisor, progress), settings, progress)


async def _measure(supervisor: Supervisor, progress: Progress) -> dict[str, float]:
    bureau = await open_bureau(supervisor.settings)
    try:
        sleepers = Sleepers(bureau, progress)
        ids = list(await sleepers.put_to_sleep(SLEEPERS))
        await sleepers.round("热身", ids, sleepers.wake)
        one = await _best(sleepers, ids, "一个办理进程")
        first = psutil.Process(supervisor.pids["worker"])
        with _second_worker(supervisor) as (second, ready):
            await _until_ready(second, ready)
            await sleepers.round("热身", ids[:WARMING], sleepers.wake)
            before = [_spent(first), _spent(second)]
            two = await _best(sleepers, ids, "两个办理进程")
            spent = [_spent(first) - before[0], _spent(second) - before[1]]
        once = await _once(sleepers, ids)
    finally:
        await bureau.database.close()
    return {
        "one_worker_attempts_per_s": one,
        "two_workers_attempts_per_s": two,
        "ratio": two / one,
        "second_worker_share": spent[1] / sum(spent),
        "once": once,
        "sleepers": SLEEPERS,
        "limit": supervisor.settings.worker_limit,
    }


async def _best(sleepers: Sleepers, ids: Sequence[int], what: str) -> float:
    rates = []
    for _ in range(ROUNDS):
        await sleepers.quiet()
        rates.append(len(ids) / await sleepers.round(what, ids, sleepers.wake))
    return max(rates)


@contextmanager
def _second_worker(supervisor: Supervisor) -> Iterator[tuple[psutil.Process, Path]]:
    """Another worker beside the first, with the same settings; and the file by which it says that it works."""
    folder = Path(supervisor.settings.data_dir)
    ready = folder / "work" / "second-worker.ready"
    with (folder / "logs" / "second-worker.log").open("wb") as told:
        program = subprocess.Popen(
            [sys.executable, "-m", "office.worker"],
            env=supervisor.environment | {READY_FILE: str(ready)},
            cwd=Path(__file__).parents[2],
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    worker = psutil.Process(program.pid)
    try:
        yield worker, ready
    finally:
        end(worker, 40)


async def _until_ready(worker: psutil.Process, ready: Path) -> None:
    end_of_patience = time.monotonic() + PATIENCE
    while not os.path.exists(ready):  # noqa: ASYNC240, PTH110 - one look at our own folder
        if time.monotonic() > end_of_patience or not worker.is_running():
            raise Unmeasured("第二个办理进程没有启动。")
        await asyncio.sleep(0.1)


def _spent(worker: psutil.Process) -> float:
    times = worker.cpu_times()
    return float(times.user + times.system)


async def _once(sleepers: Sleepers, ids: Sequence[int]) -> float:
    """The share of proceedings whose run has begun exactly as often as it has been woken: it was put to sleep once."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType

    waits = await sleepers.waits(ids)
    right = 0
    async with get_client() as client:
        for proceeding, sleeps in waits.items():
            (run,) = await sleepers.runs([proceeding])
            states = await client.read_flow_run_states(run)
            right += sum(state.type is StateType.RUNNING for state in states) == sleeps - 1
    return right / len(ids)
