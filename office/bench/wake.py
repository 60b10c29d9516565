"""`wake`: how fast sleepers are woken, do their attempt and sleep again.

In one run against one Prefect server: our worker, Prefect's process worker doing the same attempt, and the bare calls
that any attempt must make (the floor).
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import psutil
from rich.progress import Progress
from sqlalchemy import update

from config.settings import Settings
from office.bench import Unmeasured
from office.bench.sleepers import Sleepers
from office.bench.surroundings import end, measured_within
from office.bureau import Bureau
from office.opening import open_bureau
from office.supervisor import Supervisor
from office.tables import Proceeding

SLEEPERS = 32
WARMING = 4
FRESH = 4
CYCLES = 32
LONGEST = 210.0
"""Machine seconds for the whole measurement, once everything has started."""
POOL = "bench-process"

LABELS = {
    "attempts_per_s": "本系统办理进程：每秒唤醒并再次等待的次数",
    "process_worker_attempts_per_s": "Prefect 自带 process worker：同样的次数",
    "ratio": "两者之比",
    "api_floor_per_s": "只调用 Prefect 接口（恢复、认领、运行、暂停）：每秒循环次数",
    "api_floor_share": "办理进程占接口极限的比例",
    "sleepers": "同时唤醒的办理数",
    "limit": "同时进行的上限",
}


def measure(settings: Settings, progress: Progress) -> dict[str, float]:
    """The figures of `LABELS`. Raises `Unmeasured`, `StartFault`."""
    return measured_within(LONGEST, lambda supervisor: _Wake(supervisor, progress).measure(), settings, progress)


class _Wake:
    def __init__(self, supervisor: Supervisor, progress: Progress) -> None:
        self.supervisor = supervisor
        self.settings = supervisor.settings
        self.limit = supervisor.settings.worker_limit
        self.progress = progress
        self.bureau: Bureau
        self.sleepers: Sleepers

    async def measure(self) -> dict[str, float]:
        self.bureau = await open_bureau(self.settings)
        try:
            sleepers = self.sleepers = Sleepers(self.bureau, self.progress)
            cases = await sleepers.file(SLEEPERS)
            ids = list(cases)
            await sleepers.round("热身", ids[:WARMING], sleepers.wake)
            await sleepers.quiet()
            ours = SLEEPERS / await sleepers.round("唤醒：本系统办理进程", ids, sleepers.wake)
            await sleepers.quiet()
            await self._stop_worker()
            floor = await self._floor(await sleepers.runs(ids[FRESH:]))
            theirs = FRESH / await self._fresh(ids[:FRESH], cases)
        finally:
            await self.bureau.database.close()
        return {
            "attempts_per_s": ours,
            "process_worker_attempts_per_s": theirs,
            "ratio": ours / theirs,
            "api_floor_per_s": floor,
            "api_floor_share": ours / floor,
            "sleepers": SLEEPERS,
            "limit": self.limit,
        }

    # --- what is compared ----------------------------------------------------------------------------------------

    async def _stop_worker(self) -> None:
        """Nothing of ours runs beside what is compared."""
        await asyncio.to_thread(end, psutil.Process(self.supervisor.pids["worker"]), 40)

    async def _floor(self, runs: Sequence[UUID]) -> float:
        """Bare cycles a second: resume, claim, run, pause; as many at a time as the worker's limit."""
        from prefect.client.orchestration import get_client
        from prefect.states import Pending, Running

        from office.proceedings import paused

        bar = self.progress.add_task("接口极限", total=CYCLES)
        turns = iter(range(CYCLES))

        async def cycles(mine: Sequence[UUID]) -> None:
            async with get_client() as client:
                for turn in turns:
                    run = mine[turn % len(mine)]
                    answers = [
                        await client.resume_flow_run(run),
                        await client.set_flow_run_state(run, Pending()),
                        await client.set_flow_run_state(run, Running()),
                        await client.set_flow_run_state(run, paused(f"floor-{turn}", "待办·公安", "基准测试")),
                    ]
                    if any(answer.status.value != "ACCEPT" for answer in answers):
                        raise Unmeasured(f"Prefect 没有接受状态：{[answer.status.value for answer in answers]}。")
                    self.progress.advance(bar)

        begun = time.monotonic()
        await asyncio.gather(*(cycles(runs[part :: self.limit]) for part in range(self.limit)))
        return CYCLES / (time.monotonic() - begun)

    async def _fresh(self, ids: Sequence[int], cases: Mapping[int, str]) -> float:
        """Seconds that Prefect's process worker needs for the same attempts, once it is warm."""
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.actions import WorkPoolCreate
        from prefect.states import Scheduled
        from prefect.workers.process import ProcessWorker

        from office.bench.fresh_attempt import ENTRYPOINT, fresh_attempt

        async with get_client() as client:
            await client.create_work_pool(
                WorkPoolCreate(
                    name=POOL, type="process", base_job_template=ProcessWorker.get_default_base_job_template()
                )
            )
            deployment = await client.create_deployment(
                await client.create_flow(fresh_attempt),
                name="bench",
                work_pool_name=POOL,
                entrypoint=ENTRYPOINT,
                parameter_openapi_schema=fresh_attempt.parameters.model_dump(),
            )

            async def begin(chosen: Sequence[int]) -> None:
                for number in chosen:
                    run = await client.create_flow_run_from_deployment(
                        deployment, parameters={"case_number": cases[number]}, state=Scheduled()
                    )
                    async with self.bureau.database.transaction() as session:
                        await session.execute(
                            update(Proceeding).where(Proceeding.id == number).values(flow_run_id=run.id)
                        )

            async def resume(chosen: Sequence[int]) -> None:
                await self.sleepers.wake(chosen)
                await asyncio.gather(*(client.resume_flow_run(run) for run in await self.sleepers.runs(chosen)))

            worker = await asyncio.to_thread(self._start_fresh_worker)
            try:
                await self.sleepers.round("热身：Prefect 的 process worker", ids, begin)
                return await self.sleepers.round("唤醒：Prefect 的 process worker", ids, resume)
            finally:
                await asyncio.to_thread(end, psutil.Process(worker.pid), 10)

    def _start_fresh_worker(self) -> subprocess.Popen[bytes]:
        """Prefect's own worker, with the settings and the limit of ours."""
        words = ("-m", "prefect", "worker", "start", "--type", "process", "--pool", POOL, "--limit", str(self.limit))
        with (Path(self.settings.data_dir) / "logs" / "process-worker.log").open("wb") as told:
            return subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, *words],
                env=self.supervisor.environment,
                cwd=self.settings.data_dir,
                stdout=told,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
