"""Steps that no ladder climbs for any more: everybody has been told, and nobody has answered.

晋政发〔2017〕46号 七(一) has the joint meeting supervise and hold to account; it can do so only for what it sees. So these
steps stay on a list, which the joint meeting is given again and again until each is answered, re-routed or withdrawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from office import log, outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.locks import AdvisoryLock
from office.people import People, Recipient
from office.roster import people_in_each
from office.tables import CaseRow, Event, Proceeding, Request, Rung, UnresolvedList
from rules.steps import step
from rules.vocabulary import OPEN_STATES, Happening, Level
from rules.workdays import after

IN_A_LETTER = 50

_USED_UP = and_(Request.state.in_(OPEN_STATES), Request.next_climb_at.is_(None))
_SOME = select(exists().where(_USED_UP))
_LAST = select(func.max(UnresolvedList.at))
_LISTED = exists().where(Event.request_id == Request.id, Event.event == Happening.REQUEST_LISTED.value)
_TOLD_AT = select(func.max(Rung.reached_at)).where(Rung.request_id == Request.id).scalar_subquery()
_ALL = (
    select(Request, CaseRow, func.coalesce(_TOLD_AT, Request.due), _LISTED)
    .join(Proceeding, Proceeding.id == Request.proceeding_id)
    .join(CaseRow, CaseRow.id == Proceeding.case_id)
    .where(_USED_UP)
    .order_by(Request.due, Request.id)
)


@dataclass(frozen=True)
class Unresolved:
    """A step whose ladder is used up: when everybody had been told, and whether it has stood on a list before."""

    request: Request
    case: CaseRow
    told_at: datetime
    listed: bool


async def unresolved(session: AsyncSession) -> list[Unresolved]:
    """Every such step, longest overdue first."""
    return [Unresolved(*row) for row in (await session.execute(_ALL)).all()]


async def give_list(bureau: Bureau, now: datetime) -> int:
    """Give the joint meeting the list, when there is one and it is time: the first at once, the next after the county's
    interval, each within the joint meeting's hours. Gives how many steps stand on it; 0 where none was given."""
    async with bureau.database.transaction() as session:
        if not (await session.execute(_SOME)).scalar_one() or not await _is_time(session, bureau, now):
            return 0
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AdvisoryLock.UNRESOLVED})
        # Another clock may have given it while this one waited.
        if not await _is_time(session, bureau, now):
            return 0
        steps = await unresolved(session)
        made = UnresolvedList(at=now, steps=len(steps))
        session.add(made)
        await session.flush()
        for one in steps:
            if not one.listed:
                log.write(session, Happening.REQUEST_LISTED, at=now, case_id=one.case.id, request=one.request)
        told = await people_in_each(session, bureau, {one.case.id for one in steps})
        lists: dict[Recipient, list[Unresolved]] = defaultdict(list)
        for one in steps:
            for officer in _readers(told[one.case.id], one.request.office):
                lists[officer].append(one)
        for officer, its in lists.items():
            await _write(session, bureau, made, officer, its)
        return len(steps)


def _readers(people: People, office: str) -> Sequence[Recipient]:
    """Who is given a step's line: the joint meeting but for those barred from the case; where nobody of it is left, the
    next below. Silence must still reach someone."""
    levels = (Level.JOINT_MEETING, Level.LEADER, Level.COORDINATOR)
    return next((found for level in levels if (found := people.at_level(level, office))), ())


async def _is_time(session: AsyncSession, bureau: Bureau, now: datetime) -> bool:
    last = (await session.execute(_LAST)).scalar_one()
    meeting = bureau.county.offices.get(Level.JOINT_MEETING.value)
    due = now if last is None else after(last, bureau.county.list_every, bureau.county.calendar)
    return due <= now and (meeting is None or bureau.county.calendar.next_opening(now, meeting.hours) <= now)


async def _write(
    session: AsyncSession, bureau: Bureau, made: UnresolvedList, officer: Recipient, steps: Sequence[Unresolved]
) -> None:
    next_at = after(made.at, bureau.county.list_every, bureau.county.calendar)
    await outbox.put(
        session, bureau, key=f"unresolved/{made.id}/{officer.key}", kind=LetterKind.UNRESOLVED.value, case=(None, ""),
        to_office=officer.office, to_officer=officer.key, level=Level.JOINT_MEETING,
        facts={
            "case_number": "",
            "steps": [
                {
                    "case_number": one.case.number, "step_label": step(one.request.step).label,
                    "office_name": bureau.county.name_of_office(one.request.office), "due": one.request.due.isoformat(),
                    "told_at": one.told_at.isoformat(), "new": not one.listed,
                }
                for one in steps[:IN_A_LETTER]
            ],
            "more": max(0, len(steps) - IN_A_LETTER),
            "at": made.at.isoformat(),
            "next_at": next_at.isoformat(),
        },
    )  # fmt: skip
