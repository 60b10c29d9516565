"""What goes wrong: a plan drawn from the seed, and the hands that carry it out on real parts.

Two lanes run beside each other: in one the machine suffers (kills, freezes), in the other the world does (mail server,
time, people in Prefect's pages).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.states import Cancelled
from prefect.types._datetime import now as prefect_now
from sqlalchemy import select

from office import parts
from office.bureau import Bureau
from office.children import Children
from office.supervisor import Supervisor
from office.tables import CountyClock, Proceeding
from office.timekeeping import ScaledClock, set_clock
from tests.chaos.history import Stretch, Trouble, plain_address
from tests.chaos.mailbox import FAULTS, Mailbox

SECOND = "worker2"
WORKERS = ("worker", SECOND)
EXPECTED = ("postgres", "prefect", "portal", "worker")
USUAL_WEATHER = dict.fromkeys(FAULTS, 0.02)
"""Of a hundred letters two meet each fault, also without a storm."""
RECOVERY = timedelta(seconds=5)
"""Machine time after a part is back in which nothing is asked of the clock."""

MACHINE: list[tuple[int, str]] = [
    (6, "kill_worker"),
    (2, "stop_worker"),
    (5, "freeze_worker"),
    (3, "kill_portal"),
    (4, "kill_postgres"),
    (4, "end_connections"),
    (3, "kill_backend"),
    (1, "kill_both_workers"),
    (1, "freeze_worker_for_long"),
    (1, "kill_prefect"),
    (1, "power_cut"),
]
WORLD: list[tuple[int, str]] = [
    (4, "mail_storm"),
    (2, "mail_down"),
    (3, "jump_minutes"),
    (3, "jump_hours"),
    (2, "jump_days"),
    (1, "cancel_run"),
    (1, "delete_run"),
    (1, "suspend_run"),
]
"""How often each happens, beside the others of its lane."""
HEAVY = ("kill_both_workers", "freeze_worker_for_long", "kill_prefect", "power_cut")
"""What takes a slow machine half a minute and more to recover from: not at the very beginning, or no case gets anywhere."""


REST, REST_AFTER = 25.0, 5
"""Seconds of rest after so many mishaps."""


@dataclass(frozen=True)
class Mishap:
    """One thing that goes wrong: when, in seconds after the beginning, for how long, and how much of it."""

    at: float
    kind: str
    seconds: float
    draw: float


def plan(seed: int, seconds: float, lane: list[tuple[int, str]], every: tuple[float, float]) -> list[Mishap]:
    """The mishaps of a lane, one after the other. Each kind comes once before any comes by chance, and now and then
    there is a rest, in which what was to be done must be done."""
    draws = random.Random(f"{seed}/{lane[0][1]}")  # noqa: S311 - a campaign that can be repeated
    kinds = [kind for _, kind in lane]
    draws.shuffle(kinds)
    heavy = [kind for kind in kinds if kind in HEAVY]
    # Taken from the end: the light ones first, the heavy ones among those that follow.
    kinds = [kind for kind in kinds if kind not in HEAVY]
    for kind in heavy:
        kinds.insert(draws.randrange(len(kinds) // 2 + 1), kind)
    found: list[Mishap] = []
    at = draws.uniform(*every)
    while at < seconds:
        kind = kinds.pop() if kinds else draws.choices([one[1] for one in lane], [one[0] for one in lane])[0]
        found.append(Mishap(at, kind, draws.uniform(0.5, 6), draws.random()))
        at += draws.uniform(*every) + (REST if len(found) % REST_AFTER == 0 else 0.0)
    return found


class Machine:
    """The parts, with a second worker beside those of `jieli up`, and a record of everything done to them."""

    def __init__(self, supervisor: Supervisor, folder: Path) -> None:
        """`folder` is the second worker's own."""
        self.supervisor = supervisor
        folder.mkdir(mode=0o700)
        self._second = Children(folder)
        (part,) = (one for one in parts.table(supervisor.settings, own_prefect=True) if one.name == "worker")
        self._part = replace(part, name=SECOND)
        self.troubles: list[Trouble] = []
        self.deaths: list[str] = []
        self.happened: Counter[str] = Counter()

    def start_second(self) -> None:
        """Start the second worker and wait until it works."""
        self._second.start(self._part, self.supervisor.environment)
        while not self._second.is_ready(SECOND):
            time.sleep(0.05)

    def close(self) -> None:
        """Stop the second worker."""
        if SECOND in self._second.names:
            self._second.stop(SECOND)

    @property
    def pids(self) -> dict[str, int]:
        """Everything that runs."""
        return self.supervisor.pids | self._second.pids

    def mourn(self) -> list[str]:
        """Parts that have ended by themselves, which none may: each is written down with its last words and started again."""
        gone = [name for name in (*EXPECTED, SECOND) if name not in self.pids]
        for name in gone:
            words = (self._second if name == SECOND else self.supervisor._running()).obituary(name)
            self.deaths.append(f"{name}: {words}")
            self.restart(name)
        return gone

    def kill(self, name: str) -> None:
        """`kill -9`."""
        if name == SECOND:
            self._second.kill(name)
        elif name in self.supervisor.pids:
            self.supervisor.kill(name)

    def restart(self, name: str) -> None:
        """Start it again, and wait until it works."""
        if name == SECOND:
            self.close()
            self.start_second()
        else:
            self.supervisor.restart(name)

    def note(self, kind: str, since: datetime, *, stops_clock: bool) -> None:
        """Remember a trouble that is over."""
        self.happened[kind] += 1
        self.troubles.append(Trouble(kind, since, datetime.now(UTC) + RECOVERY, stops_clock))


class Mishaps:
    """Carries out the plan."""

    def __init__(self, machine: Machine, bureau: Bureau, mailbox: Mailbox, prefect: PrefectClient, seed: int) -> None:
        """The bureau's clock is the campaign's own."""
        self.machine, self.bureau, self.mailbox, self.prefect = machine, bureau, mailbox, prefect
        self._draws = random.Random(f"{seed}/hands")  # noqa: S311
        self.stretches: list[Stretch] = []
        self.faults: list[str] = []
        self.machine_lane: list[Mishap] = []
        self.database_is_there = asyncio.Event()
        self.database_is_there.set()

    async def run(self, lane: list[Mishap], told: Callable[[str], None], stop: asyncio.Event) -> None:
        """One after the other, each at its time or as soon as the one before it is over."""
        began = time.monotonic()
        for mishap in lane:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, began + mishap.at - time.monotonic()))
            if stop.is_set():
                return
            told(mishap.kind)
            if lane is self.machine_lane:
                await asyncio.to_thread(self.machine.mourn)
            await getattr(self, f"_{mishap.kind}")(mishap)

    # --- the machine -------------------------------------------------------------------------------------------------

    async def _outage(self, kind: str, names: tuple[str, ...], seconds: float, *, stops_clock: bool = True) -> None:
        since = datetime.now(UTC)
        if "postgres" in names:
            self.database_is_there.clear()
        for name in names:
            await asyncio.to_thread(self.machine.kill, name)
        await asyncio.sleep(seconds)
        for name in reversed(names):
            await asyncio.to_thread(self.machine.restart, name)
            if name == "postgres":
                self.database_is_there.set()
        self.machine.note(kind, since, stops_clock=stops_clock)

    def _one_of_the_workers(self, mishap: Mishap) -> str:
        return WORKERS[int(mishap.draw * len(WORKERS))]

    async def _kill_worker(self, mishap: Mishap) -> None:
        await self._outage(mishap.kind, (self._one_of_the_workers(mishap),), mishap.seconds)

    async def _kill_both_workers(self, mishap: Mishap) -> None:
        await self._outage(mishap.kind, WORKERS, mishap.seconds * 2)

    async def _stop_worker(self, mishap: Mishap) -> None:
        since = datetime.now(UTC)
        await asyncio.to_thread(self.machine.restart, self._one_of_the_workers(mishap))
        self.machine.note(mishap.kind, since, stops_clock=True)

    async def _freeze_worker(self, mishap: Mishap) -> None:
        since = datetime.now(UTC)
        pid = self.machine.pids[self._one_of_the_workers(mishap)]
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(mishap.seconds * 2)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.machine.note(mishap.kind, since, stops_clock=True)

    async def _freeze_worker_for_long(self, mishap: Mishap) -> None:
        """Longer than a post holds its letters."""
        await self._freeze_worker(replace(mishap, seconds=17 + mishap.seconds))

    async def _kill_portal(self, mishap: Mishap) -> None:
        await self._outage(mishap.kind, ("portal",), mishap.seconds, stops_clock=False)

    async def _kill_prefect(self, mishap: Mishap) -> None:
        await self._outage(mishap.kind, ("prefect",), mishap.seconds, stops_clock=False)

    async def _kill_postgres(self, mishap: Mishap) -> None:
        await self._outage(mishap.kind, ("postgres",), mishap.seconds)

    async def _power_cut(self, mishap: Mishap) -> None:
        await self._outage(mishap.kind, (*WORKERS, "portal", "prefect", "postgres"), mishap.seconds)

    async def _end_connections(self, mishap: Mishap) -> None:
        since = datetime.now(UTC)
        url = self.machine.supervisor.settings.database_url
        assert url is not None
        connection = await asyncpg.connect(plain_address(url.get_secret_value()))
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        finally:
            await connection.close()
        self.machine.note(mishap.kind, since, stops_clock=True)

    async def _kill_backend(self, mishap: Mishap) -> None:
        """One of PostgreSQL's own processes dies, and PostgreSQL begins anew with all of them."""
        since = datetime.now(UTC)
        url = self.machine.supervisor.settings.database_url
        assert url is not None
        connection = await asyncpg.connect(plain_address(url.get_secret_value()))
        try:
            found = await connection.fetch(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        finally:
            await connection.close()
        if found:
            self.database_is_there.clear()
            os.kill(found[int(mishap.draw * len(found))][0], signal.SIGKILL)
            await self._until_the_database_answers(url.get_secret_value())
            self.database_is_there.set()
        self.machine.note(mishap.kind, since, stops_clock=True)

    async def _until_the_database_answers(self, url: str) -> None:
        for _ in range(120):
            await asyncio.sleep(0.25)
            try:
                connection = await asyncpg.connect(plain_address(url), timeout=2)
            except (OSError, TimeoutError, asyncpg.PostgresError):
                continue
            await connection.close()
            return
        raise AssertionError("PostgreSQL did not come back by itself")

    # --- the world ---------------------------------------------------------------------------------------------------

    async def _mail_storm(self, mishap: Mishap) -> None:
        since = datetime.now(UTC)
        chosen = self._draws.sample(FAULTS, 3)
        self.mailbox.weather = {fault: self._draws.uniform(0.1, 0.5) for fault in chosen}
        await asyncio.sleep(mishap.seconds * 2)
        self.mailbox.weather = dict(USUAL_WEATHER)
        self.machine.note(mishap.kind, since, stops_clock=False)

    async def _mail_down(self, mishap: Mishap) -> None:
        since = datetime.now(UTC)
        await asyncio.to_thread(self.mailbox.down)
        await asyncio.sleep(mishap.seconds * 2)
        await asyncio.to_thread(self.mailbox.up)
        self.machine.note(mishap.kind, since, stops_clock=False)

    async def _jump_minutes(self, mishap: Mishap) -> None:
        await self._jump(mishap, timedelta(minutes=10 + 110 * mishap.draw))

    async def _jump_hours(self, mishap: Mishap) -> None:
        await self._jump(mishap, timedelta(hours=3 + 13 * mishap.draw))

    async def _jump_days(self, mishap: Mishap) -> None:
        await self._jump(mishap, timedelta(days=1 + 3 * mishap.draw))

    async def _jump(self, mishap: Mishap, length: timedelta) -> None:
        for _ in range(20):
            await self.database_is_there.wait()
            try:
                await self.move_clock(length=length)
            except Exception:  # PostgreSQL was killed at this very moment
                await asyncio.sleep(0.5)
            else:
                self.machine.happened[mishap.kind] += 1
                return

    async def move_clock(self, *, length: timedelta = timedelta(0), scale: float | None = None) -> None:
        """Let county time jump, or pass at another pace. Every process follows within a moment."""
        clock = self.bureau.clock
        assert isinstance(clock, ScaledClock)
        try:
            await set_clock(self.bureau.database, scale=scale or clock.scale, at=clock.now() + length)
        finally:
            await self.note_clock()

    async def note_clock(self) -> None:
        """Read where the clock stands now, and remember it as a new stretch of county time."""
        async with self.bureau.database.transaction() as session:
            row = (await session.execute(select(CountyClock))).scalar_one()
        found = Stretch(row.machine_anchor, row.county_anchor, row.scale)
        if found not in self.stretches:
            self.stretches.append(found)
        clock = self.bureau.clock
        assert isinstance(clock, ScaledClock)
        await clock.refresh(self.bureau.database)

    async def _cancel_run(self, mishap: Mishap) -> None:
        await self._meddle(
            mishap, lambda run: self.prefect.set_flow_run_state(run, Cancelled(message="误点"), force=True)
        )

    async def _delete_run(self, mishap: Mishap) -> None:
        await self._meddle(mishap, self.prefect.delete_flow_run)

    async def _suspend_run(self, mishap: Mishap) -> None:
        details = StateDetails(
            pause_timeout=prefect_now("UTC") + timedelta(seconds=300), pause_reschedule=True, pause_key="by-hand"
        )
        suspended: State[Any] = State(type=StateType.PAUSED, name="Suspended", state_details=details)
        await self._meddle(mishap, lambda run: self.prefect.set_flow_run_state(run, suspended, force=True))

    async def _meddle(self, mishap: Mishap, act: Callable[[Any], Any]) -> None:
        """Some runs of live cases, asleep or not."""
        try:
            async with self.bureau.database.transaction() as session:
                live = select(Proceeding.flow_run_id).where(
                    Proceeding.closed_at.is_(None), Proceeding.flow_run_id.is_not(None)
                )
                runs = list((await session.execute(live.order_by(Proceeding.id))).scalars())
            for run in self._draws.sample(runs, min(3, len(runs))):
                await act(run)
        except Exception as fault:  # Prefect or PostgreSQL is away: the person tries again another day
            self.faults.append(f"{mishap.kind}: {type(fault).__name__}")
        else:
            self.machine.happened[mishap.kind] += 1
