"""The auditor's own reckoning of limits and ladders, from the terms that are kept with each step.

Written from the decisions (7, 9, 17) and the law's rules on counting (民法典 200-203), beside and not after the program's
own: what both get wrong in different ways shows as a finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.chaos.history import History, Hours, Request

ZONE = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)
_FIXED_DAYS = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
REMINDER = "reminder"
LONGEST_STRETCH = 32
"""A repeat's wait grows to no more than so many times the first (rules/ladder.py, a technical bound)."""


class Days:
    """Which days offices work."""

    def __init__(self, history: History) -> None:
        """The calendar is the one by which the records say that deadlines were reckoned."""
        self._off, self._working = history.days_off, history.working_days

    def works(self, day: date) -> bool:
        """Whether it is a working day, 调休 included."""
        if day in self._working:
            return True
        if day in self._off or (day.month, day.day) in _FIXED_DAYS:
            return False
        return day.weekday() < 5

    def nth(self, day: date, count: int) -> date:
        """The working day so many working days after (or, below zero, before) that day."""
        step = _DAY if count > 0 else -_DAY
        for _ in range(abs(count)):
            day += step
            while not self.works(day):
                day += step
        return day

    def opening(self, at: datetime, hours: Hours | None) -> datetime:
        """The first moment from then on at which the office is open."""
        at = at.astimezone(ZONE)
        if hours is None:
            return at
        closed_for_today = hours.closes != time(0) and at.time() >= hours.closes
        if not self.works(at.date()) or closed_for_today:
            return datetime.combine(self.nth(at.date(), 1), hours.opens, ZONE)
        return max(at, datetime.combine(at.date(), hours.opens, ZONE))

    def shifted(self, at: datetime, written: str, sign: int = 1) -> datetime:
        """So long after (or before) an instant: the hour stays, and 24:00 belongs to the day that ends."""
        amount, unit = _read(written)
        at = at.astimezone(ZONE)
        if unit in ("minutes", "hours"):
            return at + sign * timedelta(**{unit: amount})
        at_midnight = at.time() == time(0)
        day = at.date() - _DAY if at_midnight else at.date()
        if unit == "working_days":
            day = self.nth(day, sign * amount)
        elif unit == "days":
            day += sign * timedelta(days=amount)
        else:
            raise ValueError(f"no ladder is counted in {unit}")
        return datetime.combine(day + _DAY if at_midnight else day, at.time(), ZONE)

    def limit(self, since: datetime, terms: Mapping[str, Any]) -> datetime:
        """When a limit that runs since then is over."""
        amount, unit = _read(terms["limit"])
        since = since.astimezone(ZONE)
        if unit in ("minutes", "hours"):
            return since + timedelta(**{unit: amount})
        if unit == "working_days":
            day = self.nth(since.date(), amount)
        else:
            day = _corresponding(since.date(), amount, unit)
            while terms["end_rolls"] and not self.works(day):
                day += _DAY
        return datetime.combine(day + _DAY, time(0), ZONE)


def _read(written: str) -> tuple[int, str]:
    amount, unit = written.split()
    return int(amount), unit


def _corresponding(day: date, amount: int, unit: str) -> date:
    if unit == "days":
        return day + timedelta(days=amount)
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "years" else 1)
    for last in (day.day, 30, 29, 28):
        try:
            return date(months // 12, months % 12 + 1, last)
        except ValueError:
            continue
    raise ValueError(f"{amount} {unit} after {day}")


@dataclass(frozen=True)
class Due:
    """The next rung of a clock, and when."""

    level: str
    repeat: int
    at: datetime


@dataclass(frozen=True)
class Deadlines:
    """Both deadlines of a step, after so many extensions."""

    acknowledge_by: datetime
    due: datetime


def deadlines(request: Request, days: Days, extensions: int) -> Deadlines | None:
    """What the deadlines must be; None for a step whose clock stood still or which is a stage of a longer decision."""
    answer = request.terms["answer"]
    if request.holds or answer.get("whole"):
        return None
    due = days.limit(request.reckoned_from or request.asked_at, answer)
    for _ in range(extensions):
        by_the_clock = answer["limit"].split()[1] in ("minutes", "hours")
        due = days.limit(due if by_the_clock else due - timedelta(microseconds=1), answer)
    acknowledge = days.limit(request.asked_at, request.terms["acknowledge"])
    return Deadlines(acknowledge if due <= request.asked_at else min(acknowledge, due), due)


class LadderOf:
    """One clock's ladder of one step."""

    def __init__(self, request: Request, clock: str, days: Days, hours: Hours | None) -> None:
        """`hours` are those of the office that was asked; an urgent step asks nobody for them."""
        self.kept = request.terms[f"{clock}_ladder"]
        self.days, self.hours = days, None if request.urgent else hours
        self.asked_at = request.asked_at
        self.places = [(rung["level"], 0) for rung in self.kept["rungs"]]
        last = self.kept["rungs"][-1]["level"]
        self.places += [(last, repeat) for repeat in range(1, self.kept["repeat_at_most"] + 1)]

    def reminder(self, deadline: datetime) -> datetime | None:
        """When the office itself is reminded; None where that would not be before the deadline and after the asking."""
        before = self.kept["reminder_before"]
        if before is None:
            return None
        at = self.days.opening(self.days.shifted(deadline, before, -1), self.hours)
        return at if self.asked_at < at < deadline else None

    def after(self, place: int, reached_at: datetime | None, deadline: datetime) -> Due | None:
        """The rung of that place, counted from the one below really reached; None when the ladder is used up."""
        if place >= len(self.places):
            return None
        level, repeat = self.places[place]
        start = deadline if reached_at is None else max(reached_at, deadline)
        if repeat:
            amount, unit = _read(self.kept["repeat_every"])
            wait: str | None = f"{amount * min(self.kept['thinning'] ** (repeat - 1), LONGEST_STRETCH)} {unit}"
        else:
            wait = self.kept["rungs"][place]["after"]
        return Due(
            level, repeat, self.days.opening(start if wait is None else self.days.shifted(start, wait), self.hours)
        )
