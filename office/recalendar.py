"""When the working calendar has changed, the deadlines of open steps are reckoned anew, and the log says why.

The State Council publishes each year's arrangement in the autumn before, and has changed one at a few days' notice
(2020: the Spring Festival was prolonged). A county's files and the library are read at a start, so a start is when a
change is noticed. Ended steps are never touched: what was late stays late.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import log, outbox
from office.bureau import Bureau
from office.deadlines import Deadlines, deadlines_now, tell_of_missing_years
from office.letter_kinds import LetterKind
from office.locks import AdvisoryLock
from office.one_at_a_time import alone
from office.requests import climb_instant, facts_of, redraw
from office.roster import people_in
from office.tables import CalendarState, CaseRow, Letter, Proceeding, Request, Rung
from rules.vocabulary import OPEN_STATES, Happening, LetterState
from rules.wording import short_deadline
from rules.workdays import SHANGHAI, Calendar

logger = logging.getLogger("jieli.recalendar")

BATCH = 200
_NAMED = 3
_LONGEST_REASON = 380
"""Characters; a letter's line holds 400."""


@dataclass
class Recomputed:
    """What was done: whether the calendar had changed, how many steps moved, and which were set aside because they failed."""

    changed: bool = False
    looked_at: int = 0
    earlier: int = 0
    later: int = 0
    settled: int = 0
    set_aside: list[int] = field(default_factory=list)


async def recompute_open_deadlines(bureau: Bureau) -> Recomputed:
    """Reckon every open step's deadlines by the calendar as it is now, if it is another than last time.

    A step whose deadline moves gets a new version, a log row with both instants and the notice, and, where it moved
    earlier, a letter, in one transaction of its own. Done again, it finds nothing to do; cut short, it is begun again
    at the next start. One bad step never stops the others: it is set aside, and looked at again at the next start.
    """
    done = Recomputed()
    async with alone(bureau, AdvisoryLock.CALENDAR):
        before = await _calendar_before(bureau)
        if before is not None and fingerprint(before) == fingerprint(bureau.county.calendar):
            return done
        done.changed = True
        await _recompute(bureau, before, done)
        if not done.set_aside:
            await _keep_calendar(bureau)
    if done.looked_at:
        logger.info(
            "the calendar has changed: of %s open steps %s moved earlier, %s later, %s set aside",
            done.looked_at, done.earlier, done.later, len(done.set_aside),
        )  # fmt: skip
    return done


def fingerprint(calendar: Calendar) -> str:
    """A name for what a calendar says: two calendars of one fingerprint give the same deadlines."""
    told = (
        sorted(day.isoformat() for day in calendar.days_off),
        sorted(day.isoformat() for day in calendar.working_days),
        sorted(calendar.published_years),
    )
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


async def _calendar_before(bureau: Bureau) -> Calendar | None:
    async with bureau.database.transaction() as session:
        row = (await session.execute(select(CalendarState))).scalar_one_or_none()
    if row is None:
        return None
    off, working = (
        {date.fromisoformat(day): why for day, why in row.days[kind].items()} for kind in ("days_off", "working_days")
    )
    return Calendar(off, working, frozenset(row.days["published_years"]))


async def _keep_calendar(bureau: Bureau) -> None:
    calendar = bureau.county.calendar
    values = {
        "fingerprint": fingerprint(calendar),
        "last_published_year": calendar.last_published_year,
        "days": {
            "days_off": {day.isoformat(): why for day, why in sorted(calendar.days_off.items())},
            "working_days": {day.isoformat(): why for day, why in sorted(calendar.working_days.items())},
            "published_years": sorted(calendar.published_years),
        },
        "reckoned_at": bureau.clock.now(),
    }
    async with bureau.database.transaction() as session:
        await session.execute(
            insert(CalendarState).values(id=1, **values).on_conflict_do_update(index_elements=["id"], set_=values)
        )


async def _recompute(bureau: Bureau, before: Calendar | None, done: Recomputed) -> None:
    """Every open step, by number, in batches; only those that differ are locked and written."""
    last = 0
    while True:
        async with bureau.database.transaction() as session:
            requests = await _rows(
                session, select(Request).where(Request.state.in_(OPEN_STATES), Request.id > last).order_by(Request.id).limit(BATCH)
            )  # fmt: skip
            rungs = await _rows(session, select(Rung).where(Rung.request_id.in_([one.id for one in requests])))
        for request in requests:
            done.looked_at += 1
            try:
                if _differs(bureau, request, [rung for rung in rungs if rung.request_id == request.id]):
                    await _one(bureau, request.id, before, done)
            except Exception as fault:  # one case's fault must not keep the others on an old calendar
                done.set_aside.append(request.id)
                logger.error("request %s set aside: %s", request.id, type(fault).__name__)
        if len(requests) < BATCH:
            return
        last = requests[-1].id


async def _rows(session: AsyncSession, statement: Any) -> Sequence[Any]:
    found: Sequence[Any] = (await session.execute(statement)).scalars().all()
    return found


def _differs(bureau: Bureau, request: Request, rungs: Sequence[Rung]) -> bool:
    found = deadlines_now(request, bureau.county.calendar)
    if (found.acknowledge_by, found.due, found.provisional) != (
        request.acknowledge_by,
        request.due,
        request.provisional,
    ):
        return True
    # The rungs of a ladder are counted in working days too.
    return climb_instant(bureau, request, rungs) != request.next_climb_at


async def _one(bureau: Bureau, request_id: int, before: Calendar | None, done: Recomputed) -> None:
    """One step, locked and looked at again: it may have been answered since the batch was read."""
    async with bureau.database.transaction() as session:
        row = (
            await session.execute(
                select(Request, CaseRow)
                .join(Proceeding, Proceeding.id == Request.proceeding_id)
                .join(CaseRow, CaseRow.id == Proceeding.case_id)
                .where(Request.id == request_id, Request.state.in_(OPEN_STATES))
                .with_for_update(of=Request)
            )
        ).one_or_none()
        if row is None:
            return
        request, case = row
        found = deadlines_now(request, bureau.county.calendar)
        former = Deadlines(request.acknowledge_by, request.due, ())
        moved = (found.acknowledge_by, found.due) != (former.acknowledge_by, former.due)
        settled = request.provisional and not found.provisional
        became_provisional = found.provisional and not request.provisional
        request.acknowledge_by, request.due = found.acknowledge_by, found.due
        request.provisional = found.provisional
        rungs = await _rows(session, select(Rung).where(Rung.request_id == request.id))
        request.next_climb_at = climb_instant(bureau, request, rungs)
        if not (moved or settled or became_provisional):
            return
        because = _because(bureau.county.calendar, before, request, former)
        log.write(
            session, Happening.DEADLINE_RECKONED_ANEW, at=bureau.clock.now(), case_id=case.id, request=request,
            detail=_told(request, former, because),
        )  # fmt: skip
        earlier = found.due < former.due or found.acknowledge_by < former.acknowledge_by
        if moved:
            request.version += 1
            told = await _tell_earlier(session, bureau, request, case, former, because) if earlier else set()
            await _renew_unsent(session, bureau, request, case, told)
        await tell_of_missing_years(session, bureau, case, request, found.missing_years)
        await redraw(session, request.proceeding_id)
    # Only now is it kept.
    done.earlier += moved and earlier
    done.later += moved and not earlier
    done.settled += settled


async def _tell_earlier(
    session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, former: Deadlines, because: str
) -> set[str]:
    """A letter with a link to whoever has the step in hand, and to every contact while nobody has. Gives who is told."""
    holders = (await people_in(session, bureau, case.id)).holders(request.office, request.owner)
    people = [one.key for one in holders]
    facts = facts_of(bureau, case, request) | {
        "former_acknowledge_by": former.acknowledge_by.isoformat(),
        "former_due": former.due.isoformat(),
        "because": because,
    }
    for officer in people:
        await outbox.put(
            session, bureau, key=f"deadline_moved/{request.id}/{request.version}/{officer}",
            kind=LetterKind.DEADLINE_MOVED.value, case=(case.id, case.number), to_office=request.office,
            to_officer=officer, request=request, acts=True, facts=facts,
        )  # fmt: skip
    return set(people)


async def _renew_unsent(session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, told: set[str]) -> None:
    """Letters with the former deadline that have not left are stale now: whoever has no newer one gets them anew."""
    waiting = await _rows(
        session,
        select(Letter)
        .where(
            Letter.request_id == request.id,
            Letter.acts,
            Letter.state.in_(
                [state.value for state in (
                    LetterState.PENDING, LetterState.SENDING, LetterState.HELD, LetterState.UNCERTAIN,
                )]
            ),
            Letter.request_version < request.version,
            Letter.kind.in_(
                [kind.value for kind in (
                    LetterKind.ASKED, LetterKind.QUESTION_ANSWERED, LetterKind.EXTENSION_DECIDED,
                    LetterKind.HELD, LetterKind.DEADLINE_MOVED,
                )]
            ),
        )
        .order_by(Letter.id),
    )  # fmt: skip
    for letter in waiting:
        kept = letter.kind in (
            LetterKind.QUESTION_ANSWERED.value, LetterKind.EXTENSION_DECIDED.value, LetterKind.HELD.value
        )  # fmt: skip
        if letter.to_officer in told and not kept:
            continue
        kind = letter.kind if kept else LetterKind.ASKED.value
        # What such a letter says beside the step's own facts stays as it was.
        more = letter.facts if kept else {}
        await outbox.put(
            session, bureau, key=f"{kind}/{request.id}/{letter.to_officer}/v{request.version}", kind=kind,
            case=(case.id, case.number), to_office=letter.to_office, to_officer=letter.to_officer, request=request,
            acts=True, facts={**more, **facts_of(bureau, case, request)},
        )  # fmt: skip


def _told(request: Request, former: Deadlines, because: str) -> str:
    """Old and new deadlines, and the notice: "办理时限由10-08 24:00改为10-09 24:00；原因：…"."""
    changes = [
        f"{clock}由{short_deadline(old, request.asked_at)}改为{short_deadline(new, request.asked_at)}"
        for clock, old, new in (
            ("签收时限", former.acknowledge_by, request.acknowledge_by),
            ("办理时限", former.due, request.due),
        )
        if old != new
    ]
    provisional = "暂定" if request.provisional else "不再暂定"
    return f"{'，'.join(changes) or f'时限不变，{provisional}'}；原因：{because}"


def _because(calendar: Calendar, before: Calendar | None, request: Request, former: Deadlines) -> str:
    """The days that count differently now between the start and the later end, with their notice."""
    if before is None:
        return "工作日历已更新"
    first = (request.reckoned_from or request.asked_at).astimezone(SHANGHAI).date()
    last = max(former.due, former.acknowledge_by, request.due, request.acknowledge_by).astimezone(SHANGHAI).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    changed = [day for day in days if calendar.rule(day).counts != before.rule(day).counts]
    published = sorted({*calendar.published_years} - {*before.published_years})
    reasons = [f"{year}年节假日安排已公布" for year in published if first.year <= year <= last.year + 1]
    reasons += [f"{day.year}年{day.month}月{day.day}日{_plain(calendar.rule(day).why)}" for day in changed[:_NAMED]]
    if len(changed) > _NAMED:
        reasons.append(f"等{len(changed)}天")
    return "；".join(reasons)[:_LONGEST_REASON] or "工作日历已更新"


def _plain(why: str) -> str:
    """A county's reason as one line without control characters, as letters demand."""
    return " ".join("".join(c if c.isprintable() else " " for c in why).split())
