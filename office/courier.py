"""Carries wakes, starts and what has changed from our records to Prefect.

The portal and the command line only write records; this loop, in the worker process, does what Prefect must be told.
Any number of couriers may run: each proceeding is claimed for some seconds by a compare-and-set before Prefect is
called, so that one wake is carried out by one of them, and a claim whose courier died runs out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from prefect.client.schemas.objects import StateType
from sqlalchemy import Row, and_, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.attempt import new_holder, waiting_words
from office.bureau import Bureau
from office.proceedings import ROUND_FLOW, Proceedings, RunState
from office.sheets import case_sheet, tags_of
from office.stuck import tell_stuck
from office.tables import CaseRow, EscalationRound, Proceeding
from rules.vocabulary import Happening, Mechanism

K = TypeVar("K")
V = TypeVar("V")

logger = logging.getLogger("jieli.courier")

CLAIM_SECONDS = 20
"""Machine seconds for which a courier may hold a proceeding while it calls Prefect."""
PICK_UP_SECONDS = 30
"""Machine seconds within which a worker should have begun a run that was woken or started."""
LONGEST_PATIENCE = 900
"""Machine seconds between two attempts to put the same proceeding back on its way, at most."""
BATCH = 50
SHOWN_AT_A_TURN = 6
"""A child's next step never waits behind a long list of sheets to be laid."""
REMEMBERED = 500
"""Cases of which the courier knows what Prefect shows; of others it is shown again, once too often."""
AHEAD = 1
"""Runs that were woken and wait for a worker, at most, for each attempt that may be made at the same time."""

FREE = or_(Proceeding.resume_until.is_(None), Proceeding.resume_until < func.clock_timestamp())
NO_LEASE = or_(Proceeding.lease_holder.is_(None), Proceeding.lease_until < func.clock_timestamp())


def _in(seconds: int) -> Any:
    return text(f"clock_timestamp() + interval '{int(seconds)} seconds'")


def _remember(known: dict[K, V], key: K, value: V) -> None:
    """Keep what was shown last of the cases that changed last: a case that only waits holds no memory here."""
    known.pop(key, None)
    known[key] = value
    while len(known) > REMEMBERED:
        del known[next(iter(known))]


class Courier:
    """One courier. `turn` does everything that is to be done now; `nudge` is called when a worker should look for runs."""

    def __init__(self, bureau: Bureau, prefect: Proceedings) -> None:
        """`prefect` is open and has deployed."""
        self.bureau = bureau
        self.prefect = prefect
        self.name = new_holder()
        self._swept_at = datetime.min.replace(tzinfo=UTC)
        self._sweep_after = 0
        self._laid: dict[str, int] = {}
        self.more_to_show = False
        self._tagged: dict[UUID, list[str]] = {}
        self._orphaned: dict[int, datetime] = {}

    async def turn(self) -> bool:
        """One turn; True when something was started or woken, so that the worker should poll at once."""
        moved = await self._start_new()
        moved |= await self._carry_wakes()
        moved |= await self._start_rounds()
        await self._show_changes()
        await self._sweep()
        return moved

    async def _claim(self, *conditions: Any, limit: int = BATCH) -> Sequence[Row[Any]]:
        """Take up to `limit` proceedings for ourselves; nobody else's and none that an attempt is working on."""
        chosen = (
            select(Proceeding.id)
            .where(Proceeding.closed_at.is_(None), FREE, NO_LEASE, *conditions)
            .order_by(Proceeding.woken_at.asc().nulls_last(), Proceeding.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(Proceeding)
            .where(Proceeding.id.in_(chosen.scalar_subquery()))
            .values(resume_holder=self.name, resume_until=_in(CLAIM_SECONDS))
            .returning(Proceeding.id, Proceeding.case_id, Proceeding.mechanism, Proceeding.flow_run_id,
                       Proceeding.wait_number, Proceeding.wait_name, Proceeding.serial, Proceeding.mends)
        )  # fmt: skip
        async with self.bureau.database.transaction() as session:
            return (await session.execute(statement)).all()

    async def _release(self, proceeding: int, *, again_in: int | None = None, **values: Any) -> None:
        """Give a claim back, or keep others off for some seconds. An attempt that has begun meanwhile is left alone."""
        async with self.bureau.database.transaction() as session:
            await self._release_within(session, proceeding, again_in=again_in, **values)

    async def _release_within(
        self, session: AsyncSession, proceeding: int, *, again_in: int | None = None, **values: Any
    ) -> None:
        until = None if again_in is None else _in(again_in)
        holder = None if again_in is None else self.name
        await session.execute(
            update(Proceeding)
            .where(Proceeding.id == proceeding, Proceeding.resume_holder == self.name)
            .values(resume_holder=holder, resume_until=until, **values)
        )

    async def _start_new(self) -> bool:
        """Create a run for each proceeding that has none: once, by the proceeding's own key."""
        started = False
        for row in await self._claim(Proceeding.flow_run_id.is_(None)):
            async with self.bureau.database.transaction() as session:
                case = (await session.execute(select(CaseRow).where(CaseRow.id == row.case_id))).scalar_one()
                tags = await tags_of(session, self.bureau, case, row.id)
            mechanism = Mechanism(row.mechanism)
            run = await self.prefect.start(
                mechanism.value,
                f"jieli-{self.bureau.county.code}-{row.id}-{row.wait_number}",
                f"{case.number} {mechanism.label}",
                {"case_number": case.number, "serial": row.serial},
                tags,
            )
            await self._release(row.id, again_in=PICK_UP_SECONDS, flow_run_id=run)
            started = True
        return started

    async def _carry_wakes(self) -> bool:
        """Resume every run that was woken. A wake whose run had not yet paused is carried out a moment later."""
        rows = await self._claim(
            Proceeding.asleep.is_(True),
            Proceeding.woken_at.is_not(None),
            Proceeding.flow_run_id.is_not(None),
            limit=await self._room(),
        )
        outcomes = await asyncio.gather(*(self._wake(row) for row in rows))
        return any(outcomes)

    async def _room(self) -> int:
        """How many more to wake now: each poll of the worker carries every run that waits for it."""
        underway = (
            select(func.count())
            .select_from(Proceeding)
            .where(
                Proceeding.resume_holder == self.name,
                Proceeding.resume_until > func.clock_timestamp(),
                Proceeding.asleep.is_(True),
                Proceeding.woken_at.is_not(None),
                Proceeding.closed_at.is_(None),
            )
        )
        async with self.bureau.database.transaction() as session:
            return max(0, AHEAD * self.bureau.settings.worker_limit - (await session.execute(underway)).scalar_one())

    async def _wake(self, row: Row[Any]) -> bool:
        for wait in (0.0, 0.2, 0.5, 1.0):
            await asyncio.sleep(wait)
            if await self.prefect.resume(row.flow_run_id):
                await self._release(row.id, again_in=PICK_UP_SECONDS)
                return True
            state = await self.prefect.state(row.flow_run_id)
            if state is None or state.type is not StateType.RUNNING:
                return await self._mend(row, state)
        return await self._mend(row, await self.prefect.state(row.flow_run_id))

    async def _mend(self, row: Row[Any], state: RunState | None) -> bool:
        """Put one proceeding back on its way. We hold its claim, and nobody holds its lease."""
        if state is None:
            # The run was deleted.
            return await self._begin_anew(row, "运行记录已不存在，重新启动")
        if await self.prefect.is_orphan(state):
            await self.prefect.put_away(row.flow_run_id)
            return await self._begin_anew(row, "运行所属的部署已被删除，重新启动")
        age = (datetime.now(UTC) - state.since).total_seconds()
        if state.type is StateType.SCHEDULED:
            await self._release(row.id, again_in=PICK_UP_SECONDS)
            return True
        # Whoever was running then is known to be dead, so nothing is waited for.
        orphaned_at = self._orphaned.pop(row.id, datetime.min.replace(tzinfo=UTC))
        orphan = state.type is StateType.RUNNING and state.since < orphaned_at
        unsettled = state.type in (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
        if unsettled and age < PICK_UP_SECONDS and not orphan:
            await self._release(row.id, again_in=3)
            return False
        if state.type is StateType.PAUSED and await self.prefect.resume(row.flow_run_id):
            await self._release(row.id, again_in=PICK_UP_SECONDS)
            return True
        accepted = await self.prefect.reschedule(row.flow_run_id)
        await self._note(row, f"运行状态为{state.name}，第{row.mends + 1}次重新排入", times=row.mends + 1)
        # A proceeding that fails again and again is tried less and less often, and the coordinator sees why.
        patience = min(PICK_UP_SECONDS * 2**row.mends, LONGEST_PATIENCE)
        await self._release(row.id, again_in=patience if accepted else 5, mends=Proceeding.mends + 1)
        return accepted

    async def _begin_anew(self, row: Row[Any], why: str) -> bool:
        """Forget the run; a new one is started under a new key, so that nothing is on its way yet."""
        await self._note(row, why)
        await self._release(row.id, flow_run_id=None, wait_number=Proceeding.wait_number + 1, asleep=False)
        return False

    async def _note(self, row: Row[Any], detail: str, *, times: int = 0) -> None:
        async with self.bureau.database.transaction() as session:
            log.write(
                session, Happening.PROCEEDING_REPAIRED, at=self.bureau.clock.now(), case_id=row.case_id,
                proceeding_id=row.id, detail=detail,
            )  # fmt: skip
            await tell_stuck(session, self.bureau, row.id, times)

    async def _start_rounds(self) -> bool:
        """One run of `escalation_round` for each turn of the clock in which something climbed."""
        async with self.bureau.database.transaction() as session:
            rounds = (
                (
                    await session.execute(
                        select(EscalationRound.id).where(EscalationRound.flow_run_id.is_(None)).order_by(EscalationRound.id)
                        .limit(BATCH)
                    )
                )
                .scalars()
                .all()
            )  # fmt: skip
        for number in rounds:
            run = await self.prefect.start(
                ROUND_FLOW, f"jieli-{self.bureau.county.code}-round-{number}", f"督办 第{number}轮",
                {"round_number": number}, ["督办"],
            )  # fmt: skip
            async with self.bureau.database.transaction() as session:
                await session.execute(
                    update(EscalationRound).where(EscalationRound.id == number).values(flow_run_id=run)
                )
        return bool(rounds)

    async def _show_changes(self) -> None:
        """Bring what Prefect shows up to date: state name and message, tags, case sheet."""
        async with self.bureau.database.transaction() as session:
            stale = (
                await session.execute(
                    select(Proceeding.id, Proceeding.closed_at)
                    .where(
                        Proceeding.shown < Proceeding.display,
                        Proceeding.flow_run_id.is_not(None),
                        # What is being worked on, or about to be, changes again in a moment.
                        or_(
                            Proceeding.closed_at.is_not(None),
                            and_(Proceeding.asleep.is_(True), Proceeding.woken_at.is_(None), FREE, NO_LEASE),
                        ),
                    )
                    .order_by(Proceeding.id)
                    .limit(SHOWN_AT_A_TURN)
                )
            ).all()
        self.more_to_show = len(stale) == SHOWN_AT_A_TURN
        for proceeding, closed_at in stale:
            await self._show(proceeding, closed=closed_at is not None)

    async def _show(self, proceeding: int, *, closed: bool) -> None:
        claimed = None
        if not closed:
            # Renaming and resuming exclude each other: both need the claim, and a woken run is not renamed.
            rows = await self._claim(
                Proceeding.id == proceeding, Proceeding.asleep.is_(True), Proceeding.woken_at.is_(None)
            )
            if not rows:
                return
            claimed = rows[0]
        async with self.bureau.database.transaction() as session:
            row, case = (
                await session.execute(
                    select(Proceeding, CaseRow)
                    .join(CaseRow, CaseRow.id == Proceeding.case_id)
                    .where(Proceeding.id == proceeding)
                )
            ).one()
            version, run = row.display, row.flow_run_id
            name, message = await waiting_words(session, self.bureau, proceeding)
            tags = await tags_of(session, self.bureau, case, proceeding)
            sheet = await case_sheet(session, self.bureau, case)
        assert run is not None  # noqa: S101 - chosen by the query
        if claimed is not None and (name, message) != (row.wait_name, row.wait_message):
            state = await self.prefect.state(run)
            if state is not None and state.type is StateType.PAUSED:
                key = f"wait-{claimed.wait_number}-{version}"
                await self.prefect.rename(run, key, name, message)
        with contextlib.suppress(Exception):
            if self._tagged.get(run) != tags:
                await self.prefect.label(run, tags)
                _remember(self._tagged, run, tags)
            if self._laid.get(case.number) != hash(sheet):
                await self.prefect.sheet(run, f"case-{case.number.lower()}", sheet, f"{case.number} 案卷概览")
                _remember(self._laid, case.number, hash(sheet))
        async with self.bureau.database.transaction() as session:
            await session.execute(
                update(Proceeding).where(Proceeding.id == proceeding, Proceeding.shown < version).values(shown=version)
            )
            if claimed is not None:
                await self._release_within(session, proceeding, wait_name=name, wait_message=message)

    async def _sweep(self) -> None:
        """Find runs that nobody is working on: dead attempts, runs cancelled or crashed or deleted behind our back."""
        await self._free_leases_of_the_dead()
        for row in await self._claim(Proceeding.asleep.is_(False), Proceeding.flow_run_id.is_not(None)):
            await self._mend(row, await self.prefect.state(row.flow_run_id))
        if datetime.now(UTC) - self._swept_at < timedelta(seconds=15):
            return
        self._swept_at = datetime.now(UTC)
        await self._sweep_sleepers()

    async def _sweep_sleepers(self) -> None:
        """Sleeping proceedings whose run is not paused; some hundreds at a turn, all of them in turn."""
        async with self.bureau.database.transaction() as session:
            sleeping = (
                await session.execute(
                    select(Proceeding.id, Proceeding.flow_run_id, Proceeding.wait_name)
                    .where(
                        Proceeding.id > self._sweep_after,
                        Proceeding.closed_at.is_(None),
                        Proceeding.asleep.is_(True),
                        Proceeding.woken_at.is_(None),
                        Proceeding.flow_run_id.is_not(None),
                        FREE,
                        NO_LEASE,
                    )
                    .order_by(Proceeding.id)
                    .limit(200)
                )
            ).all()
        self._sweep_after = sleeping[-1].id if len(sleeping) == 200 else 0
        states: dict[UUID, RunState] = await self.prefect.states([row.flow_run_id for row in sleeping])
        for row in sleeping:
            state = states.get(row.flow_run_id)
            if state is not None and state.type is StateType.PAUSED:
                if state.name != row.wait_name:
                    await self._show_anew(row.id)
                continue
            for claimed in await self._claim(
                Proceeding.id == row.id, Proceeding.asleep.is_(True), Proceeding.woken_at.is_(None)
            ):
                await self._mend(claimed, await self.prefect.state(claimed.flow_run_id))

    async def _show_anew(self, proceeding: int) -> None:
        """Somebody paused the run by hand, with a time limit of Prefect's: our own pause is put over it."""
        async with self.bureau.database.transaction() as session:
            await session.execute(
                update(Proceeding)
                .where(Proceeding.id == proceeding, Proceeding.asleep.is_(True), Proceeding.woken_at.is_(None))
                .values(display=Proceeding.display + 1, wait_name="")
            )

    async def _free_leases_of_the_dead(self) -> None:
        """Leases whose process on this machine has ended need not run out."""
        here = f"{socket.gethostname()[:30]}:"
        async with self.bureau.database.transaction() as session:
            holders = (
                (
                    await session.execute(
                        select(Proceeding.lease_holder)
                        .where(Proceeding.lease_holder.like(f"{here}%"), Proceeding.closed_at.is_(None))
                        .distinct()
                    )
                )
                .scalars()
                .all()
            )
            dead = [holder for holder in holders if holder and not _alive(int(holder.removeprefix(here).split(":")[0]))]
            if dead:
                freed = await session.execute(
                    update(Proceeding)
                    .where(Proceeding.lease_holder.in_(dead))
                    .values(lease_holder=None, lease_until=None)
                    .returning(Proceeding.id)
                )
                self._orphaned.update(dict.fromkeys(freed.scalars(), datetime.now(UTC)))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
