"""A step whose clock stands still for a time: what waits for an outsider does not count against the office.

Neither 晋政发〔2017〕46号 nor the laws it rests on let a time limit stand still, so that only a limit which is the county's
own number may: a number of the law is not the county's to lengthen, and a child in danger waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rules.limits import Limit, Provenance, Unit
from rules.vocabulary import Labelled
from rules.workdays import SHANGHAI, Calendar, Reckoning, reckon

LONGEST = timedelta(days=90)
"""No law says how long (`no_statutory_number`): a longer hold is a slip of the pen, or a case that should be closed."""
_BY_THE_CLOCK = (Unit.HOURS, Unit.MINUTES)


class HoldReason(Labelled):
    """What a step waits for. A closed list, so that nothing about a child is written into it."""

    OTHER_OFFICE = "other_office", "等待其他单位的结果"
    OTHER_COUNTY = "other_county", "等待外地协查"
    EXPERT_OPINION = "expert_opinion", "等待鉴定、检验"
    PAPERS = "papers", "等待补办证件、证明"
    CHILD_AWAY = "child_away", "儿童暂时不在本地"


@dataclass(frozen=True)
class Hold:
    """The clock stands still from `since` until just before `until`; ended early, `until` is when it was ended."""

    since: datetime
    until: datetime
    reason: HoldReason

    def runs(self, at: datetime) -> bool:
        """Whether the clock stands still at that moment."""
        return self.since <= at < self.until

    def as_json(self) -> dict[str, str]:
        """Plain values, to be kept with the step."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat(), "reason": self.reason.value}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Hold:
        """What `as_json` wrote. Raises KeyError or ValueError for anything else."""
        since, until = datetime.fromisoformat(kept["since"]), datetime.fromisoformat(kept["until"])
        return cls(since, until, HoldReason(kept["reason"]))


def why_not(
    *, urgent: bool, coordinates: bool, provenance: Provenance, in_custody: bool, acknowledged: bool, overdue: bool
) -> str:
    """Why a step's clock may not stand still, in Chinese; "" where it may.

    `coordinates` says that it is the coordinator's own step; `provenance` is that of its answer's limit; `in_custody`
    that a child or guardian is held meanwhile, so that the limit does not even wait for the end of a holiday.
    """
    reasons = (
        (urgent, "紧急事项不能暂停计时。"),
        (coordinates, "协调事项不能暂停计时，请作出决定。"),
        (provenance is not Provenance.NO_STATUTORY_NUMBER, "该事项的时限是法规政策规定的，本县不能暂停计时。"),
        (in_custody, "儿童或者监护人正在看护、羁押之中，该事项不能暂停计时。"),
        (not acknowledged, "该事项尚未签收，请先请承办单位签收。"),
        (overdue, "该事项已经逾期，逾期记录不因暂停而消除，不能再暂停计时。"),
    )
    return next((sentence for holds_true, sentence in reasons if holds_true), "")


def put_off(due: datetime, hold: Hold, limit: Limit, calendar: Calendar, *, end_rolls: bool = True) -> Reckoning | None:
    """The deadline after the hold: what was left of the limit is left afterwards, in the limit's own unit.

    A clock of hours stands still by the minute. One of days or working days stands still on whole days alone: the
    night between two working days is none of its time, and a day of which a part could be worked on is counted.
    None where the deadline stays.
    """
    if not hold.since < min(due, hold.until):
        return None
    if limit.unit in _BY_THE_CLOCK:
        return reckon(due, Limit(-((hold.since - hold.until) // timedelta(minutes=1)), Unit.MINUTES), calendar)
    working = limit.unit is Unit.WORKING_DAYS
    first = hold.since.astimezone(SHANGHAI)
    day = first.date() if _midnight(first) else first.date() + timedelta(days=1)
    end = hold.until.astimezone(SHANGHAI).date()
    still = 0
    while day < end:
        still += not working or calendar.is_working_day(day)
        day += timedelta(days=1)
    if not still:
        return None
    # A deadline at 24:00 belongs to the day that ends.
    unit = Unit.WORKING_DAYS if working else Unit.DAYS
    return reckon(due - timedelta(microseconds=1), Limit(still, unit), calendar, end_rolls=end_rolls)


def running(holds: Iterable[Hold], at: datetime) -> Hold | None:
    """The hold that runs at that moment; None for none."""
    return next((hold for hold in holds if hold.runs(at)), None)


def _midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
