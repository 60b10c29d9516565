"""The worker: attempts of flow runs inside one warm process, and beside them the courier, the clock and the post.

A process for each attempt costs seconds of imports; a warm seat (`office.seats`) costs milliseconds. The server
holds every state, so an attempt that paused, aborted or failed has ended well for the worker: status 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

import anyio.abc
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow_async
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from config.county import CountyFault
from config.settings import settings
from office import port
from office.attempt import Attempt, new_holder
from office.bureau import Bureau
from office.clock import run_clock
from office.courier import Courier
from office.database import WAKE
from office.engine_client import claimed
from office.leash import announce_ready
from office.listening import listening
from office.mailer import SmtpMailer
from office.opening import PATIENCE, NotReady, open_bureau
from office.post import Post
from office.proceedings import ROUND_FLOW, WORK_POOL, Proceedings, attempt_flow, pause
from office.recalendar import recompute_open_deadlines
from office.returned.turning import run_returned
from office.sealing import run_sealing
from office.seats import Seats
from office.staffing import run_staffing
from office.tables import EscalationRound, Proceeding
from office.timekeeping import ScaledClock

logger = logging.getLogger("jieli.worker")

ATTEMPT_SECONDS = 120
"""Machine seconds after which an attempt is given up; it normally lasts well under one."""
DRAIN_SECONDS = 15
"""Machine seconds for which a stopping worker lets its attempts come to their next sleep; less than it is given to stop."""
LEFT_TO_OTHERS = timedelta(seconds=1.5)
"""Machine time for which a run is left to the worker whose courier has put it on its way."""
PREFECT_WAIT = 2.0
"""Machine seconds before a Prefect server that is away is tried again."""


class NothingToConfigure(BaseJobConfiguration):
    """Attempts are made in this process: deployment and flow are not read for an infrastructure that is not there."""

    @classmethod
    async def resolve_for_flow_run(cls, flow_run: FlowRun, **_: Any) -> Self:  # noqa: ARG003 - Prefect's signature
        """The same for every run."""
        return cls()


class JieliWorker(BaseWorker[NothingToConfigure, BaseVariables, BaseWorkerResult]):
    """Makes attempts in this process, each in a seat with an event loop of its own, at most `limit` at a time."""

    type = WORK_POOL
    job_configuration = NothingToConfigure
    _description = "Runs Jieli's proceedings inside one warm process."

    def __init__(self, seats: Seats, prefect: Proceedings, **options: Any) -> None:
        """`seats` outlive the worker."""
        super().__init__(**options)
        self.seats = seats
        self.prefect = prefect
        self._vacancy = asyncio.Event()
        self._closing = False
        self._polls = 0

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Take what is due, unless this worker is closing."""
        if self._closing:
            return []
        self._polls += 1
        try:
            return await super().get_and_submit_flow_runs()
        finally:
            self._polls -= 1

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """What waits: first what this process's own courier has put on its way. What another's has is left to that worker for a
        moment, or each would claim in vain what the other has claimed already."""
        found = await super()._get_scheduled_flow_runs()
        left_alone = datetime.now(UTC) - LEFT_TO_OTHERS
        own = [one for one in found if one.flow_run.id in self.prefect.woken]
        old = [
            one
            for one in found
            if one.flow_run.id not in self.prefect.woken
            and (one.flow_run.next_scheduled_start_time or left_alone) <= left_alone
        ]
        return own + old

    async def drain(self) -> None:
        """Take no more runs; let those that were taken come to their next sleep, for a bounded time."""
        self._closing = True
        for _ in range(DRAIN_SECONDS * 10):
            # A slot is taken before a run is claimed and given back when its attempt has ended.
            if self._polls == 0 and (self._limiter is None or self._limiter.borrowed_tokens == 0):
                return
            await asyncio.sleep(0.1)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: NothingToConfigure,  # noqa: ARG002 - there is no infrastructure to configure
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> BaseWorkerResult:
        """One attempt, to its next sleep or its end."""
        if task_status is not None:
            # Truthy, or the limit's slot is given back while the attempt still runs (BaseWorker).
            task_status.started(1)
        try:
            await self.seats.do(lambda bureau: self._attempt(bureau, flow_run))
        finally:
            if self._limiter is not None and self._limiter.available_tokens == 0:
                # The house was full, and others may be waiting; the slot is given back before the loop's next turn.
                asyncio.get_running_loop().call_soon(self._vacancy.set)
        return BaseWorkerResult(identifier=str(flow_run.id), status_code=0)

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """Claim a run and make its attempt.

        Prefect's own way reads the deployment first and writes a process number afterwards. Whether a run is ours the
        attempt says itself; and a run without a number is cancelled at once when somebody cancels it, while one with the
        number of a process that has long gone on to other cases would wait for that process to end.
        """
        try:
            if self._runs_task_group is not None and await self._propose_pending_state(flow_run):
                await self._runs_task_group.start(self._submit_run_and_capture_errors, flow_run)
            else:
                self._release_limit_slot(flow_run.id)
        finally:
            self._submitting_flow_run_ids.discard(flow_run.id)
            if self._cancelling_observer is not None:
                self._cancelling_observer.remove_in_flight_flow_run_id(flow_run.id)

    def _emit_flow_run_submitted_event(self, configuration: NothingToConfigure) -> None:  # type: ignore[override]
        """No events of ours beside those of the run's states, which tell the same. (Without this: two for each attempt.)"""

    async def _propose_submitting_state(self, flow_run: FlowRun) -> None:
        """No state between the claim and the attempt: nothing is submitted anywhere. (Without this: a call more.)"""

    async def _give_worker_labels_to_flow_run(self, flow_run_id: UUID) -> None:
        """No labels: which process woke a case says nothing of the case. (Without this: a call more.)"""

    async def fill_vacancies(self) -> None:
        """Look for waiting runs as soon as an attempt ends in a full house; Prefect's own poll may be a second away."""
        while True:
            await self._vacancy.wait()
            self._vacancy.clear()
            try:
                await self.get_and_submit_flow_runs()
            except Exception as fault:
                logger.warning("a vacancy waits for the next poll: %s", type(fault).__name__)

    async def _attempt(self, bureau: Bureau, flow_run: FlowRun) -> None:
        """Run the flow until it pauses or ends. `Pause` and `Abort` are no faults: the server has the state."""
        key = self.prefect.keys.get(flow_run.deployment_id) if flow_run.deployment_id else None
        if key is None:
            # Its deployment was deleted and made anew: what it is the records know.
            key = await _flow_of(bureau, flow_run.id)
        if key is None:
            logger.error("run %s belongs to no deployment of this worker", flow_run.id)
            return
        # Without a deployment's id the engine leaves out its watch for a suspension from outside, which opens a socket
        # and two clients for every attempt. An attempt is over in a moment, and a suspended run refuses our own pause.
        unwatched = flow_run.model_copy(update={"deployment_id": None})
        self.prefect.woken.discard(flow_run.id)
        attempt = Attempt(bureau, new_holder(), flow_run.id, lambda *words: pause(flow_run.id, *words))
        token = port.current.set(attempt)
        claimed(flow_run)
        try:
            await asyncio.wait_for(
                run_flow_async(flow=attempt_flow(key), flow_run=unwatched, parameters=flow_run.parameters),
                ATTEMPT_SECONDS,
            )
        except (Pause, Abort):
            pass
        except Exception as fault:
            # The text of a fault may quote what an officer wrote: only its kind is said.
            logger.error("run %s ended with %s", flow_run.id, type(fault).__name__)
        finally:
            port.current.reset(token)
            await attempt.let_go()


async def _flow_of(bureau: Bureau, run: UUID) -> str | None:
    """The flow that a run of ours belongs to, by the records; None for a run of nobody's."""
    async with bureau.database.transaction() as session:
        mechanism = select(Proceeding.mechanism).where(Proceeding.flow_run_id == run)
        found: str | None = (await session.execute(mechanism)).scalar_one_or_none()
        if found is not None:
            return found
        rounds = select(EscalationRound.id).where(EscalationRound.flow_run_id == run)
        return None if (await session.execute(rounds)).scalar_one_or_none() is None else ROUND_FLOW


async def _follow_the_calendar(bureau: Bureau, stop: asyncio.Event) -> None:
    """Reckon open deadlines anew where the county's calendar has changed, before anything climbs by the old ones."""
    while not stop.is_set():
        try:
            await recompute_open_deadlines(bureau)
        except (OSError, SQLAlchemyError) as fault:
            logger.error("deadlines could not be reckoned and are tried again: %s", type(fault).__name__)
            await asyncio.sleep(1)
        else:
            return


async def _serve(bureau: Bureau, stop: asyncio.Event) -> None:
    """Everything the worker process does, until stopped. Ladders and letters do not need Prefect, and do not wait for it."""
    await _follow_the_calendar(bureau, stop)
    parts = [
        asyncio.create_task(run_clock(bureau, stop)),
        asyncio.create_task(Post(bureau, SmtpMailer(bureau.settings)).run(stop)),
        asyncio.create_task(_proceed(bureau, stop)),
        asyncio.create_task(run_returned(bureau, stop)),
        asyncio.create_task(run_staffing(bureau, stop)),
        asyncio.create_task(run_sealing(bureau, stop)),
    ]
    following = asyncio.create_task(_follow(bureau))
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait({parts[2]}, timeout=DRAIN_SECONDS + 2)
    for task in (stopped, following, *parts):
        task.cancel()
    await asyncio.gather(stopped, following, *parts, return_exceptions=True)
    for task in done - {stopped}:
        if task.exception() is not None:
            raise RuntimeError("a part of the worker ended") from task.exception()


async def _follow(bureau: Bureau) -> None:
    if isinstance(bureau.clock, ScaledClock):
        await bureau.clock.follow(bureau.database)


async def _proceed(bureau: Bureau, stop: asyncio.Event) -> None:
    """Carry proceedings on. Prefect's own polling gives up when its server is away for half a minute: it begins again."""
    seats = Seats(bureau)
    while not stop.is_set():
        try:
            await _proceed_while_prefect_is_there(bureau, seats, stop)
        except Exception as fault:
            logger.error("the Prefect server cannot be used now: %s", type(fault).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PREFECT_WAIT)
    await asyncio.to_thread(seats.close, 1.0)


async def _proceed_while_prefect_is_there(bureau: Bureau, seats: Seats, stop: asyncio.Event) -> None:
    async with Proceedings() as prefect:
        await prefect.deploy()
        worker = JieliWorker(
            seats,
            prefect,
            work_pool_name=WORK_POOL,
            limit=bureau.settings.worker_limit,
            create_pool_if_not_found=False,
        )
        polling = asyncio.create_task(worker.start(printer=lambda *_: announce_ready()))
        courier = asyncio.create_task(_courier(bureau, prefect, worker, stop))
        filling = asyncio.create_task(worker.fill_vacancies())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({polling, courier, stopped}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if not polling.done():
                await worker.drain()
        finally:
            for task in (polling, courier, filling, stopped):
                task.cancel()
            ends = await asyncio.gather(polling, courier, filling, stopped, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end


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
            await ear.wait(0.05 if courier.more_to_show else 1.0)


async def main() -> int:
    """Run the worker process until SIGTERM or SIGINT. Gives the exit code."""
    try:
        bureau = await open_bureau(settings(), patience=PATIENCE)
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
