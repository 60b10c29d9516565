"""`wake`: how fast sleepers are woken, do their attempt and sleep again.

In one run against one Prefect server: our worker, Prefect's process worker doing the same attempt, and the bare calls
that any attempt must make (the floor). Then, with nothing else to do, from an officer's answer to the next letter.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
from rich.progress import Progress
from sqlalchemy import func, select, update

from config.settings import Settings
from office.bench import Unmeasured
from office.bench.figures import percentile
from office.bench.surroundings import everything
from office.bureau import Bureau
from office.demo import Forms
from office.intake import Filing, file_report
from office.opening import open_bureau
from office.requests import news
from office.supervisor import Supervisor
from office.tables import CaseRow, Letter, Proceeding, Request
from rules.steps import POLICE_ACCEPT, TRIAGE
from rules.vocabulary import LetterState, ReporterKind, ReportReason

SLEEPERS = 32
WARMING = 4
ANSWERS = 10
FRESH = 4
CYCLES = 32
PATIENCE = 120.0
"""Machine seconds after which one part of the measurement is given up."""
LONGEST = 210.0
"""Machine seconds for the whole measurement, once everything has started."""
POOL = "bench-process"

LABELS = {
    "attempts_per_s": "本系统办理进程：每秒唤醒并再次等待的次数",
    "process_worker_attempts_per_s": "Prefect 自带 process worker：同样的次数",
    "ratio": "两者之比",
    "api_floor_per_s": "只调用 Prefect 接口（恢复、认领、运行、暂停）：每秒循环次数",
    "api_floor_share": "办理进程占接口极限的比例",
    "answer_to_letter_p50_s": "从提交答复到下一封信送出，中位数（秒）",
    "answer_to_letter_p99_s": "从提交答复到下一封信送出，第99百分位（秒）",
    "answer_to_letter_samples": "测量的答复数",
    "sleepers": "同时唤醒的办理数",
    "limit": "同时进行的上限",
}


def measure(settings: Settings, progress: Progress) -> dict[str, float]:
    """The figures of `LABELS`. Raises `Unmeasured`, `StartFault`."""
    bar = progress.add_task("启动全部部件", total=None)
    with everything(settings) as supervisor:
        progress.update(bar, total=1, completed=1)
        try:
            return asyncio.run(asyncio.wait_for(_Wake(supervisor, progress).measure(), LONGEST))
        except TimeoutError:
            raise Unmeasured(f"{LONGEST:.0f}秒内没有测完，机器可能另有繁重的工作。") from None
        except httpx.HTTPError as fault:
            raise Unmeasured(f"门户或 Prefect 没有应答（{type(fault).__name__}）。") from fault


class _Wake:
    def __init__(self, supervisor: Supervisor, progress: Progress) -> None:
        self.supervisor = supervisor
        self.settings = supervisor.settings
        self.limit = supervisor.settings.worker_limit
        self.progress = progress
        self.bureau: Bureau

    async def measure(self) -> dict[str, float]:
        self.bureau = await open_bureau(self.settings)
        try:
            cases = await self._file(SLEEPERS + ANSWERS)
            ids = list(cases)
            await self._round("热身", ids[:WARMING], self._wake)
            await self._quiet()
            ours = SLEEPERS / await self._round("唤醒：本系统办理进程", ids[:SLEEPERS], self._wake)
            await self._quiet()
            waits = await self._answers({number: cases[number] for number in ids[SLEEPERS:]})
            await self._stop_worker()
            floor = await self._floor(await self._runs(ids[FRESH:SLEEPERS]))
            theirs = FRESH / await self._fresh(ids[:FRESH], cases)
        finally:
            await self.bureau.database.close()
        return {
            "attempts_per_s": ours,
            "process_worker_attempts_per_s": theirs,
            "ratio": ours / theirs,
            "api_floor_per_s": floor,
            "api_floor_share": ours / floor,
            "answer_to_letter_p50_s": percentile(waits, 0.5),
            "answer_to_letter_p99_s": percentile(waits, 0.99),
            "answer_to_letter_samples": len(waits),
            "sleepers": SLEEPERS,
            "limit": self.limit,
        }

    # --- the records ---------------------------------------------------------------------------------------------

    async def _file(self, count: int) -> dict[int, str]:
        """File reports that wait for the police; proceeding by case number, once each sleeps."""
        township = next(iter(self.bureau.county.townships))
        numbers = []
        for index in range(count):
            filing = Filing(
                form_key=f"bench-{index:06d}",
                reporter_kind=ReporterKind.CITIZEN,
                reason=ReportReason.UNNATURAL_INJURY,
                danger_now=False,
                township=township,
                narrative="基准测试",
            )
            numbers.append((await file_report(self.bureau, filing)).case)
        async with self.bureau.database.transaction() as session:
            rows = await session.execute(
                select(Proceeding.id, CaseRow.number)
                .join(CaseRow, CaseRow.id == Proceeding.case_id)
                .where(CaseRow.number.in_(numbers))
                .order_by(Proceeding.id)
            )
            cases = {row.id: row.number for row in rows}
        await self._until_asleep("立案", dict.fromkeys(cases, 0))
        return cases

    async def _waits(self, ids: Sequence[int]) -> dict[int, int]:
        """The wait numbers of those that sleep, whose attempt has ended."""
        async with self.bureau.database.transaction() as session:
            rows = await session.execute(
                select(Proceeding.id, Proceeding.wait_number).where(
                    Proceeding.id.in_(ids), Proceeding.asleep.is_(True), Proceeding.lease_holder.is_(None)
                )
            )
            return {row.id: row.wait_number for row in rows}

    async def _until_asleep(self, what: str, before: Mapping[int, int], patience: float = PATIENCE) -> None:
        bar = self.progress.add_task(what, total=len(before))
        end = time.monotonic() + patience
        while True:
            now = await self._waits(list(before))
            done = sum(now.get(number, 0) > wait for number, wait in before.items())
            self.progress.update(bar, completed=done)
            if done == len(before):
                return
            if time.monotonic() > end:
                raise Unmeasured(f"“{what}”在{patience:.0f}秒内没有完成：{done}/{len(before)}。")
            await asyncio.sleep(0.1)

    async def _round(self, what: str, ids: Sequence[int], wake: Callable[[Sequence[int]], Awaitable[None]]) -> float:
        """Machine seconds from one wake of all to the last one's next sleep."""
        before = await self._waits(ids)
        begun = time.monotonic()
        await wake(ids)
        await self._until_asleep(what, before)
        return time.monotonic() - begun

    async def _wake(self, ids: Sequence[int]) -> None:
        """News for all of them, in one transaction, as an answer brings it."""
        async with self.bureau.database.transaction() as session:
            for number in ids:
                await news(session, number)

    async def _quiet(self) -> None:
        """Until no letter waits and Prefect shows everything."""
        await self._until(
            "letters have left",
            select(func.count()).select_from(Letter).where(
                Letter.state.in_([LetterState.PENDING.value, LetterState.SENDING.value])
            ),
            0,
        )  # fmt: skip
        await self._until(
            "Prefect shows all",
            select(func.count()).select_from(Proceeding).where(Proceeding.shown < Proceeding.display),
            0,
        )
        await asyncio.sleep(1)

    async def _until(self, what: str, question: Any, wanted: int, every: float = 0.2) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            async with self.bureau.database.transaction() as session:
                if (await session.execute(question)).scalar_one() == wanted:
                    return
            await asyncio.sleep(every)
        raise Unmeasured(f"{PATIENCE:.0f}秒内没有等到：{what}。")

    async def _runs(self, ids: Sequence[int]) -> list[UUID]:
        async with self.bureau.database.transaction() as session:
            rows = await session.execute(select(Proceeding.flow_run_id).where(Proceeding.id.in_(ids)))
            return [run for run in rows.scalars() if run is not None]

    # --- from an answer to the next letter -----------------------------------------------------------------------

    async def _answers(self, cases: Mapping[int, str]) -> list[float]:
        """Seconds from posting the police's answer in the portal to the handing over of the next step's letter."""
        bar = self.progress.add_task("从答复到下一封信", total=len(cases))
        waits = []
        async with httpx.AsyncClient(base_url=self.settings.portal_url, timeout=30, trust_env=False) as web:
            letters = (await web.get("/dev/mail.json")).json()
            for proceeding, number in cases.items():
                letter = next(
                    one
                    for one in letters
                    if number in one["subject"] and POLICE_ACCEPT.label in one["subject"] and one["links"]
                )
                waits.append(await self._answer(web, letter, proceeding))
                self.progress.advance(bar)
                await self._quiet()
        return waits

    async def _answer(self, web: httpx.AsyncClient, letter: Mapping[str, Any], proceeding: int) -> float:
        page = await web.get(httpx.URL(letter["links"][0]).path)
        form = Forms(page.text).ending("/done")
        code = re.search(r"验证码：\s*([0-9]{6})", letter["text"])
        if form is None or code is None:
            raise Unmeasured("信里的链接打不开答复表单。")
        fields = form.fields | {
            "typed_name": letter["text"].split("同志", 1)[0].strip(),
            "code": code.group(1),
            "acceptance_number": "受2026-001",
            "own_jurisdiction": "yes",
        }
        begun = time.monotonic()
        answer = await web.post(form.action, data=fields)
        if answer.status_code != httpx.codes.OK:
            raise Unmeasured(f"答复没有被接受（{answer.status_code}）。")
        gone = (
            select(func.least(func.count(), 1))
            .select_from(Letter)
            .join(Request, Request.id == Letter.request_id)
            .where(
                Request.proceeding_id == proceeding,
                Request.step == TRIAGE.key,
                Letter.kind == "asked",
                Letter.state == LetterState.HANDED_OVER.value,
            )
        )
        await self._until("the next letter", gone, 1, every=0.02)
        return time.monotonic() - begun

    # --- what is compared ----------------------------------------------------------------------------------------

    async def _stop_worker(self) -> None:
        """Nothing of ours runs beside what is compared."""
        await asyncio.to_thread(_end, psutil.Process(self.supervisor.pids["worker"]), 40)

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
                await self._wake(chosen)
                await asyncio.gather(*(client.resume_flow_run(run) for run in await self._runs(chosen)))

            worker = await asyncio.to_thread(self._start_fresh_worker)
            try:
                await self._round("热身：Prefect 的 process worker", ids, begin)
                return await self._round("唤醒：Prefect 的 process worker", ids, resume)
            finally:
                await asyncio.to_thread(_end, psutil.Process(worker.pid), 10)

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


def _end(program: psutil.Process, patience: float) -> None:
    """Stop a program we started and what it has started, by their numbers."""
    try:
        family = [program, *program.children(recursive=True)]
        os.kill(program.pid, signal.SIGTERM)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
    _, alive = psutil.wait_procs(family, timeout=patience)
    for one in alive:
        one.kill()
