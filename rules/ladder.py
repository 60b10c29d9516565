"""Who is told when an office stays silent, and when.

No text gives a ladder of overdue days (legal-basis 1G): 晋政发〔2017〕46号 七(一) only orders supervision (督导检查),
notices (通报) and accountability. The ladder is the county's setting; this file only says how one is climbed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.limits import Limit, Unit
from rules.vocabulary import Labelled, Level
from rules.workdays import Calendar, OfficeHours, after, before

LONGEST_STRETCH = 32
"""However many repeats, no wait grows beyond this many times the first: silence must still reach someone."""


def share_of(limit: Limit, percent: int) -> Limit:
    """So many per cent of a limit, in a unit that keeps to the limit's own calendar: hours and days in minutes and hours,
    which run on; working days in whole working days, one at least; months and years in natural days."""
    match limit.unit:
        case Unit.MINUTES | Unit.HOURS:
            minutes = limit.amount * (60 if limit.unit is Unit.HOURS else 1)
            return Limit(max(1, minutes * percent // 100), Unit.MINUTES)
        case Unit.DAYS:
            return Limit(max(1, limit.amount * 24 * percent // 100), Unit.HOURS)
        case Unit.WORKING_DAYS:
            return Limit(max(1, limit.amount * percent // 100), Unit.WORKING_DAYS)
        case Unit.MONTHS | Unit.YEARS:
            days = limit.amount * (30 if limit.unit is Unit.MONTHS else 365)
            return Limit(max(1, days * percent // 100), Unit.DAYS)


class Clock(Labelled):
    """A step has two clocks: acknowledge by, and answer by."""

    ACKNOWLEDGE = "acknowledge", "签收时限"
    ANSWER = "answer", "办理时限"


@dataclass(frozen=True)
class Rung:
    """One level above silence. `after` counts from the rung below really reached; None means at the deadline itself."""

    level: Level
    after: Limit | None


@dataclass(frozen=True)
class Ladder:
    """One clock's rungs.

    `reminder_before` is how long before the deadline the office itself is reminded. The last rung repeats every
    `repeat_every`, each wait longer than the one before by the factor `thinning`, at most `repeat_at_most` times;
    then the step stays on the unresolved list.
    """

    key: str
    reminder_before: Limit | None
    rungs: tuple[Rung, ...]
    repeat_every: Limit
    repeat_at_most: int
    thinning: int = 1


@dataclass(frozen=True)
class Reached:
    """A rung that was reached: level, which repeat of it (0 the first time), and when."""

    level: Level
    repeat: int
    at: datetime


@dataclass(frozen=True)
class Climb:
    """The next rung of a clock and the instant it falls due."""

    clock: Clock
    level: Level
    repeat: int
    at: datetime


def _later(start: datetime, wait: Limit | None, calendar: Calendar, hours: OfficeHours | None) -> datetime:
    instant = start if wait is None else after(start, wait, calendar)
    return instant if hours is None else calendar.next_opening(instant, hours)


def next_climb(
    clock: Clock,
    ladder: Ladder,
    reached: Sequence[Reached],
    *,
    asked_at: datetime,
    deadline: datetime,
    calendar: Calendar,
    hours: OfficeHours | None = None,
    now: datetime | None = None,
) -> Climb | None:
    """The rung that comes next on this clock, or None when the ladder is used up.

    `reached` are this clock's rungs so far, in any order. `hours` are the receiving office's hours, None for an
    emergency step, whose letters never wait. A reminder that would fall before the asking, or that has been
    overtaken by a higher rung or (when `now` is given) by the deadline itself, is passed over. A deadline that was put
    off after a rung had been reached holds the next rung back: it counts from the new deadline.
    """
    levels = [rung.level for rung in ladder.rungs]
    above = [r for r in reached if r.level in levels]
    reminded = any(r.level is Level.REMINDER for r in reached)
    if not above and not reminded and ladder.reminder_before is not None:
        at = before(deadline, ladder.reminder_before, calendar)
        if hours is not None:
            at = calendar.next_opening(at, hours)
        if asked_at < at < deadline and (now is None or now < deadline):
            return Climb(clock, Level.REMINDER, 0, at)
    if not above:
        first = ladder.rungs[0]
        return Climb(clock, first.level, 0, _later(deadline, first.after, calendar, hours))
    last = max(above, key=lambda r: (levels.index(r.level), r.repeat))
    position = levels.index(last.level)
    start = max(last.at, deadline)
    if position + 1 < len(ladder.rungs):
        rung = ladder.rungs[position + 1]
        return Climb(clock, rung.level, 0, _later(start, rung.after, calendar, hours))
    if last.repeat >= ladder.repeat_at_most:
        return None
    wait = ladder.repeat_every
    stretched = Limit(wait.amount * min(ladder.thinning**last.repeat, LONGEST_STRETCH), wait.unit)
    return Climb(clock, last.level, last.repeat + 1, _later(start, stretched, calendar, hours))
