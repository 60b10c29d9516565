"""Seats: warm threads in which attempts are made, one at a time in each.

Prefect's engine blocks its loop for moments, so each attempt has a loop of its own. Opening one anew for every attempt
would also open a Prefect client (certificates, CSRF token) and database connections anew, which costs more than the
attempt itself; a seat keeps its loop, its client and its connections from one attempt to the next.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from prefect.context import SyncClientContext
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from office.bureau import Bureau
from office.database import Database
from office.engine_client import EngineContext

Work = Callable[[Bureau], Coroutine[Any, Any, None]]
"""An attempt: it is given the bureau of its seat, whose connections belong to the seat's loop."""


class Seat:
    """One thread, one event loop, one Prefect client, one small pool of connections."""

    def __init__(self, bureau: Bureau) -> None:
        """`bureau` is the process's own; only its database is replaced."""
        self._bureau = bureau
        self._jobs: asyncio.Queue[tuple[Work, Future[None]] | None] = asyncio.Queue()
        self._loop = asyncio.new_event_loop()
        self._ended = False
        self._thread = threading.Thread(target=self._live, name="seat", daemon=True)
        self._thread.start()

    @property
    def usable(self) -> bool:
        """False once the seat has ended, as when Prefect was away when it opened its client."""
        return not self._ended and self._thread.is_alive()

    def do(self, work: Work) -> Future[None]:
        """Make an attempt here, after any that is under way. The future tells its end."""
        done: Future[None] = Future()
        self._loop.call_soon_threadsafe(self._jobs.put_nowait, (work, done))
        return done

    def leave(self, patience: float) -> None:
        """End the seat after what is under way, waiting at most so many machine seconds."""
        if self.usable:
            self._loop.call_soon_threadsafe(self._jobs.put_nowait, None)
            self._thread.join(patience)

    def _live(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._work())

    async def _work(self) -> None:
        database = Database(self._bureau.database.url, pool_size=2)
        try:
            # No automation watches heartbeats, and each would be a thread and an event.
            with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}), SyncClientContext.get_or_create():
                async with EngineContext():
                    while (job := await self._jobs.get()) is not None:
                        await _carry_out(job, replace(self._bureau, database=database))
        except Exception as fault:
            # Before anybody hears of it, or the next attempt would be given to a seat that is going.
            self._ended = True
            while not self._jobs.empty():
                if (left := self._jobs.get_nowait()) is not None:
                    left[1].set_exception(fault)
        finally:
            await database.close()


async def _carry_out(job: tuple[Work, Future[None]], bureau: Bureau) -> None:
    """Do one piece of work in a context of its own; whatever it raises is its caller's."""
    work, done = job
    if not done.set_running_or_notify_cancel():
        return
    try:
        await asyncio.create_task(work(bureau))
    except BaseException as fault:
        done.set_exception(fault)
    else:
        done.set_result(None)


class Seats:
    """As many seats as attempts are made at the same time; the worker's limit bounds them."""

    def __init__(self, bureau: Bureau) -> None:
        """No seat is taken yet."""
        self._bureau = bureau
        self._free: list[Seat] = []

    async def do(self, work: Work) -> None:
        """Make an attempt in a free seat. When the caller is cancelled, the attempt goes on in its seat."""
        seat = self._free.pop() if self._free else Seat(self._bureau)
        if not seat.usable:
            seat = Seat(self._bureau)
        done = seat.do(work)
        done.add_done_callback(lambda _: self._free.append(seat))
        await asyncio.wrap_future(done)

    def close(self, patience: float) -> None:
        """End the free seats; one that still works ends with the process."""
        while self._free:
            self._free.pop().leave(patience)
