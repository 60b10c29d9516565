"""The clock: finds what is due, and lets it climb its ladders (`office.climbing`), many at a time.

Deadlines are rows with an index; there is no look-back window, so a step that was due while everything was down, or
before it was entered, is found like any other. Any number of clocks may run; one holds the advisory lock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Integer, bindparam, select, tuple_

from office import appointments
from office.bureau import Bureau
from office.climbing import climb
from office.heartbeat import beating
from office.locks import AdvisoryLock
from office.one_at_a_time import turn_alone
from office.ringing import ring
from office.tables import Request
from office.unresolved import give_list

logger = logging.getLogger("jieli.clock")

BATCH = 500
"""So many are found, and climb, at a time."""
LIST_PATIENCE = timedelta(minutes=10)
"""County time between two looks whether a list of unresolved steps is to be given."""

_NOW, _AT = bindparam("now", type_=Request.next_climb_at.type), bindparam("at", type_=Request.next_climb_at.type)
# Built once: nearly every turn finds nothing, and to build them takes longer than that.
_DUE = (
    select(Request.next_climb_at, Request.id)
    .where(Request.next_climb_at <= _NOW)
    .order_by(Request.next_climb_at, Request.id)
    .limit(bindparam("limit", type_=Integer))
)
_DUE_AFTER = _DUE.where(tuple_(Request.next_climb_at, Request.id) > tuple_(_AT, bindparam("id", type_=BigInteger)))


@dataclass
class Turn:
    """What one turn of the clock did: requests found due, rungs reached, noted days rung, the row of its round where
    something climbed, what was set aside as it failed."""

    due: int = 0
    climbed: int = 0
    rung: int = 0
    round_id: int | None = None
    days_set_aside: list[int] = field(default_factory=list)
    set_aside: list[int] = field(default_factory=list)


class Clock:
    """One clock."""

    def __init__(self, bureau: Bureau) -> None:
        """Reads the county's time from the bureau."""
        self.bureau = bureau
        self._list_again_at = datetime.min.replace(tzinfo=UTC)

    async def turn(self) -> Turn:
        """Climb every rung that is due now. One bad request never stops the others: it is set aside and tried again."""
        turn = Turn()
        await self._ring_days(turn)
        now = self.bureau.clock.now()
        await self._list(now)
        found: list[tuple[datetime, int]] = []
        while True:
            # What was looked at once in this turn, and could not be had or failed, is looked at again in the next.
            found = await self._due(now, found[-1] if found else None)
            turn.due += len(found)
            await self._climb([request_id for _, request_id in found], now, turn)
            if len(found) < BATCH:
                return turn

    async def _list(self, now: datetime) -> None:
        """Give the joint meeting what no ladder climbs for any more, where it is time for it."""
        if now < self._list_again_at:
            return
        try:
            await give_list(self.bureau, now)
        except Exception as fault:  # whatever is wrong with the list, the ladders are climbed
            logger.error("the list of unresolved steps was not given: %s", type(fault).__name__)
        self._list_again_at = now + LIST_PATIENCE

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

    async def _due(self, now: datetime, after: tuple[datetime, int] | None) -> list[tuple[datetime, int]]:
        """The next batch of what is due: when, and the request's id. Longest due first."""
        given: dict[str, object] = {"now": now, "limit": BATCH}
        if after is not None:
            given |= {"at": after[0], "id": after[1]}
        async with self.bureau.database.transaction() as session:
            found = await session.execute(_DUE if after is None else _DUE_AFTER, given)
            return [(at, number) for at, number in found if at is not None]

    async def _climb(self, found: list[int], now: datetime, turn: Turn) -> None:
        """All of them in one transaction; one by one those that cannot climb with the others, and all if that fails."""
        alone: Sequence[int] = ()
        try:
            if found:
                alone = await self._climbed(found, now, turn)
        except Exception as fault:
            logger.warning("%s requests climb one by one: %s", len(found), type(fault).__name__)
            alone = found
        for request_id in alone:
            try:
                await self._climbed([request_id], now, turn, alone=True)
            except Exception as fault:  # one case's fault must not silence all the others
                turn.set_aside.append(request_id)
                logger.error("request %s set aside: %s", request_id, type(fault).__name__)

    async def _climbed(self, ids: list[int], now: datetime, turn: Turn, *, alone: bool = False) -> tuple[int, ...]:
        async with self.bureau.database.transaction() as session:
            climbed = await climb(session, self.bureau, ids, now, turn.round_id, alone=alone)
        # Only now is the round's row kept.
        turn.climbed, turn.round_id = turn.climbed + climbed.rungs, climbed.round_id
        return climbed.left


async def run_clock(bureau: Bureau, stop: asyncio.Event, every: float = 1.0) -> None:
    """Turn until stopped. The holder of the advisory lock turns; the others stand by to take over."""

    def complain(fault: Exception) -> None:
        logger.error("the clock could not turn: %s", type(fault).__name__)

    turn = beating(bureau, Clock(bureau).turn)
    await turn_alone(bureau, AdvisoryLock.CLOCK, turn, stop, every=every, complain=complain)
