"""The worker: attempts of flow runs inside one warm process, and beside them the courier, the clock and the post.

A process for each attempt costs seconds of imports; a thread with a loop of its own costs milliseconds. The server
holds every state, so an attempt that paused, aborted or failed has ended well for the worker: status 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import threading
from typing import Any

import anyio
import anyio.abc
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow_async
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from config.county import CountyFault
from config.settings import settings
from office import port
from office.attempt import Attempt, LeaseLost, new_holder
from office.bureau import Bureau
from office.clock import run_clock
from office.courier import Courier
from office.database import WAKE, Database
from office.leash import announce_ready
from office.listening import listening
from office.mailer import SmtpMailer
from office.opening import NotReady, open_bureau
from office.post import Post
from office.proceedings import WORK_POOL, Proceedings, load_flow, pause
from office.timekeeping import ScaledClock

logger = logging.getLogger("jieli.worker")

ATTEMPT_SECONDS = 120
"""Machine seconds after which an attempt is given up; it normally lasts well under one."""
DRAIN_SECONDS = 25
"""Machine seconds for which a stopping worker lets its attempts come to their next sleep."""


class JieliWorker(BaseWorker[BaseJobConfiguration, BaseVariables, BaseWorkerResult]):
    """Runs attempts in this process, a thread and an event loop for each, at most `limit` at a time."""

    type = WORK_POOL
    job_configuration = BaseJobConfiguration
    _description = "Runs Jieli's proceedings inside one warm process."

    def __init__(self, bureau: Bureau, prefect: Proceedings, **options: Any) -> None:
        """`bureau` must serve any loop: its database opens a connection for each transaction."""
        super().__init__(**options)
        self.bureau = bureau
        self.prefect = prefect
        self.underway: set[str] = set()
        self.closing = threading.Event()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,  # noqa: ARG002 - there is no infrastructure to configure
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> BaseWorkerResult:
        """One attempt, to its next sleep or its end."""
        if task_status is not None:
            # Truthy, or the limit's slot is given back while the attempt still runs (BaseWorker).
            task_status.started(1)
        self.underway.add(str(flow_run.id))
        try:
            await anyio.to_thread.run_sync(self._in_thread, flow_run, abandon_on_cancel=True)
        finally:
            self.underway.discard(str(flow_run.id))
        return BaseWorkerResult(identifier=str(flow_run.id), status_code=0)

    def _in_thread(self, flow_run: FlowRun) -> None:
        asyncio.run(self._attempt(flow_run))

    async def _attempt(self, flow_run: FlowRun) -> None:
        """Run the flow until it pauses or ends. `Pause` and `Abort` are no faults: the server has the state."""
        key = self.prefect.keys.get(flow_run.deployment_id) if flow_run.deployment_id else None
        if key is None:
            logger.error("run %s belongs to no deployment of this worker", flow_run.id)
            return
        attempt = Attempt(self.bureau, new_holder(), flow_run.id, lambda *words: pause(flow_run.id, *words))
        token = port.current.set(attempt)
        try:
            await asyncio.wait_for(
                run_flow_async(flow=load_flow(key), flow_run=flow_run, parameters=flow_run.parameters),
                ATTEMPT_SECONDS,
            )
        except (Pause, Abort, LeaseLost):
            pass
        except Exception as fault:
            # The text of a fault may quote what an officer wrote: only its kind is said.
            logger.error("run %s ended with %s", flow_run.id, type(fault).__name__)
        finally:
            port.current.reset(token)
            await attempt.let_go()


async def _serve(bureau: Bureau, stop: asyncio.Event) -> None:
    """Everything the worker process does, until stopped."""
    attempts = Database(bureau.database.url, pooled=False)
    async with Proceedings() as prefect:
        await prefect.deploy()
        worker = JieliWorker(
            Bureau(attempts, bureau.county, bureau.clock, bureau.settings, bureau.secret),
            prefect,
            work_pool_name=WORK_POOL,
            limit=bureau.settings.worker_limit,
            create_pool_if_not_found=False,
        )
        helpers = [
            asyncio.create_task(run_clock(bureau, stop)),
            asyncio.create_task(Post(bureau, SmtpMailer(bureau.settings)).run(stop)),
            asyncio.create_task(_courier(bureau, prefect, worker, stop)),
        ]
        if isinstance(bureau.clock, ScaledClock):
            helpers.append(asyncio.create_task(bureau.clock.follow(bureau.database)))
        polling = asyncio.create_task(worker.start(printer=lambda *_: announce_ready()))
        stopped = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({polling, stopped, *helpers[:3]}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await _drain(worker, polling)
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        for task in done - {stopped}:
            if task.exception() is not None:
                raise RuntimeError("a part of the worker ended") from task.exception()
    await attempts.close()


async def _drain(worker: JieliWorker, polling: asyncio.Task[None]) -> None:
    """Take no more runs; let those that run come to their next sleep."""
    for _ in range(DRAIN_SECONDS * 10):
        if not worker.underway:
            break
        await asyncio.sleep(0.1)
    polling.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await polling


async def _courier(bureau: Bureau, prefect: Proceedings, worker: JieliWorker, stop: asyncio.Event) -> None:
    """Turn at every notice, at least once a second. A Prefect server that is away is tried again."""
    courier = Courier(bureau, prefect)
    async with listening(bureau.database.url, [WAKE]) as ear:
        while not stop.is_set():
            try:
                if await courier.turn() and not stop.is_set():
                    await worker.get_and_submit_flow_runs()
            except Exception as fault:
                logger.error("the courier could not turn: %s", type(fault).__name__)
                await asyncio.sleep(1)
            await ear.wait(1.0)


async def main() -> int:
    """Run the worker process until SIGTERM or SIGINT. Gives the exit code."""
    try:
        bureau = await open_bureau(settings())
    except (NotReady, CountyFault) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stop.set)
    try:
        await _serve(bureau, stop)
    finally:
        await bureau.database.close()
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.exit(asyncio.run(main()))
