"""The clock: finds what is due, climbs ladders, and puts the letters into the outbox.

Deadlines are rows with an index; there is no look-back window, so a step that was due while everything was down, or
before it was entered, is found like any other. Any number of clocks may run; one holds the advisory lock.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import appointments, log, outbox
from office.bureau import Bureau
from office.consequences import seek_supervision
from office.heartbeat import beating
from office.one_at_a_time import turn_alone
from office.requests import facts_of, next_climb_of, redraw
from office.ringing import ring
from office.roster import people_in
from office.tables import CaseRow, EscalationRound, Proceeding, Request, Rung
from rules.ladder import Climb
from rules.vocabulary import Happening, Level, RequestState

logger = logging.getLogger("jieli.clock")

CLOCK_LOCK = 46_2017
"""Key of the advisory lock that one clock holds."""
BATCH = 200


@dataclass
class Turn:
    """What one turn of the clock did: requests found due, rungs reached, noted days rung, what was set aside as it failed."""

    due: int = 0
    climbed: int = 0
    rung: int = 0
    days_set_aside: list[int] = field(default_factory=list)
    set_aside: list[int] = field(default_factory=list)


class Clock:
    """One clock."""

    def __init__(self, bureau: Bureau) -> None:
        """Reads the county's time from the bureau."""
        self.bureau = bureau

    async def turn(self) -> Turn:
        """Climb every rung that is due now. One bad request never stops the others: it is set aside and tried again."""
        turn = Turn()
        await self._ring_days(turn)
        now = self.bureau.clock.now()
        round_id: int | None = None
        while True:
            async with self.bureau.database.transaction() as session:
                due = (
                    (
                        await session.execute(
                            select(Request.id)
                            .where(Request.next_climb_at <= now, Request.id.not_in(turn.set_aside))
                            .order_by(Request.next_climb_at, Request.id)
                            .limit(BATCH)
                        )
                    )
                    .scalars()
                    .all()
                )
            for request_id in due:
                turn.due += 1
                try:
                    async with self.bureau.database.transaction() as session:
                        climbed, opened = await self._climb(session, request_id, now, round_id)
                    # Only now is the round's row kept.
                    turn.climbed, round_id = turn.climbed + climbed, opened
                except Exception as fault:  # one case's fault must not silence all the others
                    turn.set_aside.append(request_id)
                    logger.error("request %s set aside: %s", request_id, type(fault).__name__)
            if len(due) < BATCH:
                return turn

    async def _ring_days(self, turn: Turn) -> None:
        """Every noted day that has come; one that fails is set aside until the next turn."""
        while True:
            async with self.bureau.database.transaction() as session:
                found = await appointments.due(session, self.bureau, turn.days_set_aside, BATCH)
            for number in found:
                try:
                    async with self.bureau.database.transaction() as session:
                        turn.rung += await ring(session, self.bureau, number)
                except Exception as fault:  # as below
                    turn.days_set_aside.append(number)
                    logger.error("noted day %s set aside: %s", number, type(fault).__name__)
            if len(found) < BATCH:
                return

    async def _climb(
        self, session: AsyncSession, request_id: int, now: datetime, round_id: int | None
    ) -> tuple[int, int | None]:
        """Reach every rung of one request that is due: after an outage both clocks may have run out."""
        row = (
            await session.execute(
                select(Request, CaseRow)
                .join(Proceeding, Proceeding.id == Request.proceeding_id)
                .join(CaseRow, CaseRow.id == Proceeding.case_id)
                .where(Request.id == request_id, Request.next_climb_at <= now)
                .with_for_update(of=Request, skip_locked=True)
            )
        ).one_or_none()
        if row is None:
            return 0, round_id
        request, case = row
        rungs = list((await session.execute(select(Rung).where(Rung.request_id == request.id))).scalars())
        climbed = 0
        while (climb := next_climb_of(self.bureau, request, rungs)) is not None and climb.at <= now:
            if round_id is None:
                round_row = EscalationRound(at=now)
                session.add(round_row)
                await session.flush()
                round_id = round_row.id
            reached = await self._reach(session, request, case, climb, now, round_id)
            if reached is None:
                raise RuntimeError(f"request {request.id} reached a rung that its rows do not show")
            rungs.append(reached)
            climbed += 1
        request.next_climb_at = None if climb is None else climb.at
        if climbed:
            await redraw(session, request.proceeding_id)
        return climbed, round_id

    async def _reach(
        self, session: AsyncSession, request: Request, case: CaseRow, climb: Climb, now: datetime, round_id: int
    ) -> Rung | None:
        """One rung: its row, its log row, its letters. The row's uniqueness makes it fire once."""
        statement = (
            insert(Rung)
            .values(
                request_id=request.id, clock=climb.clock.value, level=climb.level.value, repeat=climb.repeat,
                due_at=climb.at, reached_at=now, round_id=round_id,
            )
            .on_conflict_do_nothing(index_elements=["request_id", "clock", "level", "repeat"])
            .returning(Rung)
        )  # fmt: skip
        rung = (await session.execute(statement)).scalar_one_or_none()
        if rung is None:
            return None
        highest = max(climb.level.height, Level(request.level).height if request.level else 0)
        request.level = list(Level)[highest].value
        log.write(session, Happening.RUNG_REACHED, at=now, case_id=case.id, request=request, level=climb.level)
        told = await self._told_before(session, request)
        reminder = climb.level is Level.REMINDER
        facts = facts_of(self.bureau, case, request) | {
            "clock": climb.clock.value,
            "clock_label": climb.clock.label,
            "deadline": (request.acknowledge_by if climb.clock.value == "acknowledge" else request.due).isoformat(),
            "level": climb.level.value,
            "level_label": climb.level.label,
            "repeat": climb.repeat,
            "state_label": RequestState(request.state).label,
            "now": now.isoformat(),
        }
        if not reminder:
            facts["told"] = told
        people = await people_in(session, self.bureau, case.id)
        told_now = people.at_level(climb.level, request.office)
        for officer in people.holders(request.office, request.owner) or told_now if reminder else told_now:
            await outbox.put(
                session, self.bureau,
                key=f"rung/{request.id}/{climb.clock.value}/{climb.level.value}/{climb.repeat}/{officer.key}",
                kind="reminder" if reminder else "escalation", case=(case.id, case.number), to_office=officer.office,
                to_officer=officer.key, request=request, level=climb.level, acts=reminder, facts=facts,
            )  # fmt: skip
        if climb.level is Level.JOINT_MEETING:
            await seek_supervision(session, self.bureau, request, case)
        return rung

    async def _told_before(self, session: AsyncSession, request: Request) -> list[dict[str, str]]:
        """The lower levels that were told, and when: a higher letter names them."""
        rows = (
            await session.execute(select(Rung).where(Rung.request_id == request.id).order_by(Rung.reached_at, Rung.id))
        ).scalars()
        return [
            {"level_label": Level(row.level).label, "at": row.reached_at.isoformat()}
            for row in rows
            if row.level != Level.REMINDER.value
        ][:-1]


async def run_clock(bureau: Bureau, stop: asyncio.Event, every: float = 1.0) -> None:
    """Turn until stopped. The holder of the advisory lock turns; the others stand by to take over."""

    def complain(fault: Exception) -> None:
        logger.error("the clock could not turn: %s", type(fault).__name__)

    turn = beating(bureau, Clock(bureau).turn)
    await turn_alone(bureau, CLOCK_LOCK, turn, stop, every=every, complain=complain)
