"""One attempt of a proceeding: from a wake to the next sleep or the end.

The attempt takes a lease on its proceeding; every act is a transaction of its own that renews the lease, so that a
second executor of the same run is fenced off. No transaction is open while Prefect is called.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

from prefect.exceptions import Abort
from sqlalchemy import func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from office import appointments, handover
from office.bureau import Bureau
from office.consequences import withdraw
from office.county_numbers import CountyNumbers
from office.database import WAKE, tell
from office.requests import ask
from office.schemes import answer_limit, said_of_schemes
from office.settled import Settled
from office.sheets import round_sheet
from office.tables import AnswerRow, CaseRow, Event, Proceeding, Request
from rules.answers import Answer
from rules.case import Case, Noted
from rules.standing import Standing, standing
from rules.steps import Step
from rules.vocabulary import (
    AnswerKind,
    AppointmentKind,
    ClosingGround,
    Happening,
    Mechanism,
    Office,
    RequestState,
    Urgency,
)

LEASE_SECONDS = 45
"""Machine seconds that a lease lasts without an act; longer than any call to Prefect may take."""

LEASE = text(f"clock_timestamp() + interval '{LEASE_SECONDS} seconds'")


class LeaseLost(Abort):
    """Another executor holds this proceeding, or it has closed: this attempt must stop and change nothing.

    It is one of Prefect's aborts, so that the engine leaves the run's state to whoever holds it.
    """


def new_holder() -> str:
    """A name for one executor: machine, process and a random part."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"


Pause = Callable[[str, str, str], Awaitable[None]]
"""Ends the attempt by pausing its flow run: pause key, state name, message. Raises; never returns."""


class Attempt(CountyNumbers):
    """The port of a running attempt (`office.port.Port`)."""

    def __init__(self, bureau: Bureau, holder: str, flow_run_id: Any | None, pause: Pause) -> None:
        """`flow_run_id` is None in a story, which has no engine; `pause` ends the attempt."""
        self.bureau = bureau
        self.holder = holder
        self.flow_run_id = flow_run_id
        self._pause = pause
        self.seen = 0
        self.proceeding: int | None = None
        self._case: Case | None = None
        self._noted: set[tuple[str, str, date]] | None = None
        self._settled = Settled()

    async def case(self, number: str, mechanism: Mechanism, serial: int = 1) -> Case:
        """Take the lease, once, and say what the flow may know. Raises `LeaseLost`."""
        if self._case is not None:
            return self._case
        async with self.bureau.database.transaction() as session:
            row = (await session.execute(select(CaseRow).where(CaseRow.number == number))).scalar_one_or_none()
            if row is None:
                raise LeaseLost(f"no case {number}")
            claim = (
                update(Proceeding)
                .where(
                    Proceeding.case_id == row.id,
                    Proceeding.mechanism == mechanism.value,
                    Proceeding.serial == serial,
                    Proceeding.closed_at.is_(None),
                    or_(
                        Proceeding.lease_holder.is_(None),
                        Proceeding.lease_holder == self.holder,
                        Proceeding.lease_until < func.clock_timestamp(),
                    ),
                )
                .values(
                    lease_holder=self.holder,
                    lease_until=LEASE,
                    asleep=False,
                    woken_at=None,
                    resume_holder=None,
                    resume_until=None,
                )
                .returning(Proceeding.id, Proceeding.news, Proceeding.flow_run_id, Proceeding.from_file)
            )
            taken = (await session.execute(claim)).one_or_none()
            if taken is None:
                raise LeaseLost(f"{number} {mechanism.value} is held by another executor, or closed")
            if self.flow_run_id is not None and taken.flow_run_id not in (None, self.flow_run_id):
                raise LeaseLost(f"{number} {mechanism.value} belongs to another flow run")
            if self.flow_run_id is not None and taken.flow_run_id is None:
                await session.execute(
                    update(Proceeding).where(Proceeding.id == taken.id).values(flow_run_id=self.flow_run_id)
                )
            self.seen = taken.news
            self.proceeding = taken.id
            self._settled = await Settled.seen(session, taken.id)
        self._case = Case(
            number=row.number,
            proceeding=taken.id,
            mechanism=mechanism,
            township=row.township,
            village=row.village,
            urgency=Urgency(row.urgency),
            danger_now=row.danger_now,
            named_reporter=row.named_reporter,
            poverty_only=row.poverty_only,
            supervisor=row.supervisor,
            from_file=taken.from_file,
        )
        return self._case

    @asynccontextmanager
    async def _act(
        self, *, case_first: bool = False, request_first: tuple[str, str] | None = None
    ) -> AsyncIterator[tuple[AsyncSession, CaseRow, Proceeding]]:
        """A fenced unit of work: the proceeding is locked and the lease is ours, or nothing happens.

        Locks are taken in one order everywhere, case, request, proceeding, or an act and an officer's answer could
        wait for each other. An act that needs the case's lock says so, and one that ends a request names its step and
        subject.
        """
        async with self.bureau.database.transaction() as session:
            if case_first:
                case_id = select(Proceeding.case_id).where(Proceeding.id == self.proceeding).scalar_subquery()
                await session.execute(select(CaseRow.id).where(CaseRow.id == case_id).with_for_update(key_share=True))
            if request_first is not None and self.proceeding is not None:
                await _latest(session, self.proceeding, *request_first, lock=True)
            row = (
                await session.execute(
                    select(Proceeding, CaseRow)
                    .join(CaseRow, CaseRow.id == Proceeding.case_id)
                    .where(
                        Proceeding.id == self.proceeding,
                        Proceeding.lease_holder == self.holder,
                        Proceeding.closed_at.is_(None),
                    )
                    .with_for_update(of=Proceeding, key_share=True)
                )
            ).one_or_none()
            if row is None:
                raise LeaseLost("the lease on this proceeding was lost")
            await session.execute(
                update(Proceeding)
                .where(Proceeding.id == self.proceeding)
                .values(lease_until=LEASE)
                .execution_options(synchronize_session=False)
            )
            yield session, row[1], row[0]

    async def is_asked(self, proceeding: int, step: str, subject: str) -> bool:
        """Whether the step has been put to an office."""
        if proceeding == self.proceeding and self._settled.is_asked(step, subject):
            return True
        async with self.bureau.database.transaction() as session:
            return await _latest(session, proceeding, step, subject) is not None

    async def ask(self, case: Case, step: Step[Answer], office: Office, subject: str, about: str = "") -> None:
        """Put the step to the office of that case; an entitlement brings its own office and limit."""
        entry = self.bureau.county.office_for(office, case.township, case.village)
        async with self._act() as (session, row, proceeding):
            limit = await answer_limit(
                session, self.bureau.county, proceeding.id, step, subject, self.bureau.clock.now()
            )
            await ask(
                session, self.bureau, row, proceeding.id, step, entry,
                subject=subject, about=about, answer_limit=limit,
            )  # fmt: skip

    async def answer(self, proceeding: int, step: str, subject: str) -> tuple[dict[str, Any], datetime] | None:
        """The final answer of the step's latest round."""
        if proceeding == self.proceeding and (known := self._settled.answer(step, subject)) is not None:
            return known
        async with self.bureau.database.transaction() as session:
            request = await _latest(session, proceeding, step, subject)
            if request is None or request.state != RequestState.DONE.value:
                return None
            row = (
                await session.execute(
                    select(AnswerRow).where(AnswerRow.request_id == request.id, AnswerRow.kind == AnswerKind.DONE.value)
                )
            ).scalar_one()
            if proceeding != self.proceeding:
                return row.payload, row.answered_at
            return self._settled.keep(step, subject, (row.payload, row.answered_at))

    async def is_open(self, proceeding: int, step: str, subject: str) -> bool:
        """Whether an office still owes an answer to the step."""
        async with self.bureau.database.transaction() as session:
            request = await _latest(session, proceeding, step, subject)
            return request is not None and request.ended_at is None

    async def withdraw(self, step: str, subject: str) -> None:
        """Take an open step back."""
        async with self._act(request_first=(step, subject)) as (session, row, proceeding):
            request = await _latest(session, proceeding.id, step, subject, lock=True)
            if request is not None:
                await withdraw(session, self.bureau, request, row)

    async def is_informed(self, proceeding: int, matter: str, office: str) -> bool:
        """Whether the log says that the office was told."""
        async with self.bureau.database.transaction() as session:
            statement = select(Event.id).where(
                Event.proceeding_id == proceeding,
                Event.event == Happening.OFFICE_INFORMED.value,
                Event.office == office,
                Event.detail == matter,
            )
            return (await session.execute(statement.limit(1))).scalar_one_or_none() is not None

    async def inform(self, case: Case, office: Office, matter: str) -> None:
        """Tell an office something it need not answer."""
        async with self._act() as (session, row, proceeding):
            await handover.inform(session, self.bureau, row, proceeding, self.office_key(case, office), matter)

    async def is_handed_over(self, proceeding: int, to: Mechanism, occasion: str = "") -> bool:
        """Whether the case was passed on to that mechanism, on that occasion."""
        async with self.bureau.database.transaction() as session:
            return await handover.handed_over(session, proceeding, to, occasion)

    async def hand_over(self, to: Mechanism, occasion: str = "") -> None:
        """Pass the case on to that mechanism."""
        async with self._act(case_first=True) as (session, row, proceeding):
            await handover.hand_over(session, self.bureau, row, proceeding, to, occasion)

    async def take_leave(self, ground: ClosingGround) -> None:
        """Write down the ground: from now on a hand-over to this mechanism starts it anew."""
        async with self._act() as (_, _, proceeding):
            proceeding.outcome = ground.value

    async def wait_for(self, key: str, day: date) -> tuple[date, bool]:
        """The day that the proceeding rests for, as it was first written down, and whether it has begun."""
        async with self._act() as (session, _, proceeding):
            return await appointments.wait_for(session, self.bureau, proceeding, key, day)

    async def wait_no_more(self, key: str) -> None:
        """Cross that day out."""
        async with self._act() as (session, _, proceeding):
            await appointments.wait_no_more(session, self.bureau, proceeding, key)

    async def note_in_file(self, kind: AppointmentKind, subject: str, day: date) -> None:
        """Note a day in the child's file. What stands there is read once: a flow notes the same at every attempt."""
        if self._noted is None:
            async with self.bureau.database.transaction() as session:
                self._noted = await appointments.in_file(session, self.proceeding)
        if (kind.value, subject, day) in self._noted:
            return
        async with self._act() as (session, row, _):
            await appointments.note(session, self.bureau, row, kind, subject, day)
        self._noted.add((kind.value, subject, day))

    async def noted(self, proceeding: int) -> tuple[Noted, ...]:
        """The noted days that were given to this proceeding."""
        async with self.bureau.database.transaction() as session:
            return await appointments.given_to(session, proceeding)

    async def keep(self, noted: Noted) -> None:
        """Say that a noted day has been dealt with."""
        async with self._act() as (session, _, proceeding):
            await appointments.keep(session, self.bureau, proceeding.id, noted)

    def _given_anew(self, proceeding: Proceeding) -> bool:
        """Whether another mechanism has handed the child over to what this attempt took for a matter of the file."""
        return self._case is not None and self._case.from_file and not proceeding.from_file

    async def close(self, ground: ClosingGround) -> bool:
        """Close the proceeding and let the lease go; False while a step of it is open."""
        async with self._act(case_first=True) as (session, row, proceeding):
            if self._given_anew(proceeding):
                return False
            closed = await handover.close_proceeding(session, self.bureau, row, proceeding, ground)
            if closed:
                proceeding.lease_holder = None
                proceeding.lease_until = None
            return closed

    async def sleep(self) -> None:
        """Go to sleep unless news has come; the sleep and its number are in our records before Prefect hears of it."""
        async with self._act() as (session, _, proceeding):
            if proceeding.news != self.seen:
                self.seen = proceeding.news
                return
            name, message = await waiting_words(session, self.bureau, proceeding.id)
            proceeding.asleep = True
            proceeding.mends = 0
            # An attempt that began with the file alone may not end what was given to it meanwhile.
            proceeding.woken_at = func.clock_timestamp() if self._given_anew(proceeding) else None
            proceeding.wait_number += 1
            proceeding.wait_name = name
            proceeding.wait_message = message
            number = proceeding.wait_number
        await self._pause(f"wait-{number}", name, message)

    async def let_go(self) -> None:
        """Give the lease back; a wake that came meanwhile can be carried out at once."""
        if self.proceeding is None:
            return
        async with self.bureau.database.transaction() as session:
            await session.execute(
                update(Proceeding)
                .where(Proceeding.id == self.proceeding, Proceeding.lease_holder == self.holder)
                .values(lease_holder=None, lease_until=None)
            )
            await tell(session, WAKE)

    async def round_sheet(self, number: int) -> str:
        """What climbed in one turn of the clock, as Markdown."""
        async with self.bureau.database.transaction() as session:
            return await round_sheet(session, self.bureau, number)

    async def perform(self, task: Any, name: str, *arguments: Any) -> None:
        """Do an act as one Prefect task run of that name."""
        await task.with_options(task_run_name=name)(*arguments)

    async def standing(self, at: datetime | None = None, *, besides: str | None = None) -> Standing:
        """What the child has been granted, and what is being decided, as it stood at an instant."""
        async with self.bureau.database.transaction() as session:
            return standing(await said_of_schemes(session, self.proceeding), self.proceeding, at, besides=besides)


async def _latest(
    session: AsyncSession, proceeding: int, step: str, subject: str, *, lock: bool = False
) -> Request | None:
    statement = (
        select(Request)
        .where(Request.proceeding_id == proceeding, Request.step == step, Request.subject == subject)
        .order_by(Request.round.desc())
        .limit(1)
    )
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def waiting_words(session: AsyncSession, bureau: Bureau, proceeding: int) -> tuple[str, str]:
    """The run's state name and message while it waits: 待办, 逾期 or 督办, and the office that is waited for; 候期 for a day.

    The names are a small fixed vocabulary, because Prefect lists every name it has seen. The message says step,
    deadline and level for every open step.
    """
    rows = await handover.open_requests(session, proceeding)
    waiting = [row for row in rows if row.state in ("asked", "acknowledged")]
    if not rows:
        return "候期", "等待规定的日期"
    if not waiting:
        return "待办·协调员", "等待协调员决定"
    now = bureau.clock.now()
    heights = {"": 0, "reminder": 0, "office_head": 1, "coordinator": 2, "leader": 3, "joint_meeting": 4}
    foremost = min(waiting, key=lambda r: (-heights[r.level or ""], r.due))
    height = heights[foremost.level or ""]
    overdue = height >= 1 or now >= foremost.due
    word = "督办" if height >= 3 else ("逾期" if overdue else "待办")
    return f"{word}·{bureau.county.office(foremost.office).kind.label}", "；".join(
        describe(bureau, row) for row in sorted(waiting, key=lambda r: r.due)[:8]
    )


def describe(bureau: Bureau, request: Request) -> str:
    """One open step in one line: office, step, deadline, level. Nothing of the child."""
    from office.requests import subject_label
    from rules.steps import step as step_of
    from rules.vocabulary import Level
    from rules.wording import short_deadline

    subject = subject_label(request)
    level = f"，已升级至{Level(request.level).label}" if request.level else ""
    return (
        f"{bureau.county.office(request.office).short}·{step_of(request.step).label}{f'（{subject}）' if subject else ''}"
        f"，{RequestState(request.state).label}，办理时限{short_deadline(request.due)}{level}"
    )
