"""Reckons anew which rungs silence should have reached, from the steps, the terms they keep and the rungs that are there.

Nothing here is the clock's: whatever the clock believes of a step (`next_climb_at`) is not read.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Text, any_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import County
from config.steps import StepTerms
from office.tables import CaseRow, Proceeding, Request, Rung
from rules.holds import Hold, running
from rules.ladder import Climb, Clock, Ladder, Reached, next_climb
from rules.vocabulary import OPEN_STATES, Level, RequestState
from rules.workdays import OfficeHours

AT_MOST = 10_000
"""Open steps reckoned in one look, those with the nearest deadlines first; the look says when there are more."""
AT_ONCE = 25
PAUSE_SECONDS = 0.02
"""So many are reckoned at once, some milliseconds' work, and so long they are paused for."""


@dataclass
class Audit:
    """What came of it. `missing` and `unreadable` are case numbers, one for each step; `late_by` is how long the oldest
    missing rung has been missing."""

    open: int = 0
    read: int = 0
    overdue: int = 0
    oldest: datetime | None = None
    missing: list[str] = field(default_factory=list)
    late_by: timedelta = timedelta(0)
    unreadable: list[str] = field(default_factory=list)
    used_up: list[str] = field(default_factory=list)


async def audit(session: AsyncSession, county: County, now: datetime, grace: timedelta) -> Audit:
    """Every open step against its rungs. A rung is missing when it fell due more than `grace` ago."""
    nearest = func.least(Request.acknowledge_by, Request.due)
    late = or_(Request.due <= now, (Request.state == RequestState.ASKED.value) & (Request.acknowledge_by <= now))
    counted = (
        await session.execute(
            select(
                func.count(),
                func.count().filter(late),
                func.min(nearest).filter(late, Request.state == RequestState.ASKED.value),
                func.min(Request.due).filter(late, Request.state != RequestState.ASKED.value),
            ).where(Request.state.in_(OPEN_STATES))
        )
    ).one()
    found = Audit(open=counted[0], overdue=counted[1], oldest=min(filter(None, counted[2:]), default=None))
    requests = (
        await session.execute(
            select(
                Request.id, Request.state, Request.office, Request.urgent, Request.asked_at, Request.acknowledge_by,
                Request.due, func.md5(cast(Request.terms, Text)).label("terms"), Request.holds, CaseRow.number,
            )
            .join(Proceeding, Proceeding.id == Request.proceeding_id)
            .join(CaseRow, CaseRow.id == Proceeding.case_id)
            .where(Request.state.in_(OPEN_STATES))
            .order_by(nearest, Request.id)
            .limit(AT_MOST)
        )
    ).all()  # fmt: skip
    # Thousands of steps keep the same few versions of terms: each is read once.
    one_of = {row.terms: row.id for row in requests}
    kept = await session.execute(select(Request.id, Request.terms).where(Request.id.in_(one_of.values())))
    by_request = {row.id: row.terms for row in kept.all()}
    terms = {key: _read(by_request[number]) for key, number in one_of.items()}
    rungs: dict[int, list[Any]] = defaultdict(list)
    reached = await session.execute(
        select(Rung.request_id, Rung.clock, Rung.level, Rung.repeat, Rung.reached_at).where(
            Rung.request_id == any_(literal([row.id for row in requests], ARRAY(BigInteger)))
        )
    )
    for row in reached.all():
        rungs[int(row.request_id)].append(row)
    found.read = len(requests)
    for start in range(0, len(requests), AT_ONCE):
        _reckon(found, requests[start : start + AT_ONCE], terms, rungs, county, now, grace)
        # The pages of the same process come between; beside a thread they would wait for Python's lock at every step.
        await asyncio.sleep(PAUSE_SECONDS)
    return found


def _read(kept: Any) -> StepTerms | None:
    try:
        return StepTerms.from_json(kept)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def _reckon(
    found: Audit,
    requests: Sequence[Any],
    terms_of: Mapping[str, StepTerms | None],
    rungs: dict[int, list[Any]],
    county: County,
    now: datetime,
    grace: timedelta,
) -> None:
    for request in requests:
        terms, office = terms_of[request.terms], county.offices.get(request.office)
        if terms is None or office is None:
            found.unreadable.append(request.number)
            continue
        hours = None if request.urgent else office.hours
        reached = rungs[request.id]
        climbs = []
        for clock, ladder, deadline in _clocks(request, terms):
            climb = _next(clock, ladder, deadline, request, reached, county, hours, now)
            if climb is not None:
                climbs.append(climb)
        due = [climb.at for climb in climbs if climb.at <= now - grace]
        if due or _gaps(terms, reached):
            found.missing.append(request.number)
            found.late_by = max([found.late_by, *(now - at for at in due)])
        if not climbs and request.due <= now:
            found.used_up.append(request.number)


def _clocks(request: Any, terms: StepTerms) -> list[tuple[Clock, Ladder, datetime]]:
    clocks = [(Clock.ANSWER, terms.answer_ladder, request.due)]
    if request.state == RequestState.ASKED.value:
        clocks.append((Clock.ACKNOWLEDGE, terms.acknowledge_ladder, request.acknowledge_by))
    return clocks


def _next(
    clock: Clock,
    ladder: Ladder,
    deadline: datetime,
    request: Any,
    rungs: Sequence[Any],
    county: County,
    hours: OfficeHours | None,
    now: datetime,
) -> Climb | None:
    reached = [Reached(Level(row.level), row.repeat, row.reached_at) for row in rungs if row.clock == clock.value]
    told_above = any(row.level != Level.REMINDER.value for row in rungs)
    if clock is Clock.ANSWER and told_above:
        # A silence that somebody above has heard of is not followed by a reminder.
        reached.append(Reached(Level.REMINDER, 0, request.asked_at))
    climb = next_climb(
        clock, ladder, reached, asked_at=request.asked_at, deadline=deadline, calendar=county.calendar, hours=hours,
        now=now,
    )  # fmt: skip
    if climb is not None and clock is Clock.ANSWER and climb.level is Level.REMINDER:
        # Nobody is reminded of a step while its clock stands still.
        held = running([Hold.from_json(one) for one in request.holds], climb.at)
        return climb if held is None else replace(climb, at=held.until)
    return climb


def _gaps(terms: StepTerms, rungs: Sequence[Any]) -> bool:
    """Whether a rung is missing below one that was reached: ladders leave none out."""
    for clock, ladder in ((Clock.ANSWER, terms.answer_ladder), (Clock.ACKNOWLEDGE, terms.acknowledge_ladder)):
        order = [(rung.level.value, 0) for rung in ladder.rungs]
        order += [(ladder.rungs[-1].level.value, repeat) for repeat in range(1, ladder.repeat_at_most + 1)]
        there = {(row.level, row.repeat) for row in rungs if row.clock == clock.value}
        highest = max((place for place, rung in enumerate(order) if rung in there), default=0)
        if any(rung not in there for rung in order[:highest]):
            return True
    return False
