"""The month's figures, counted from the records: duties by office, step and township; cases; reports; delays.

What is counted, so that anybody can count it again from the rows:

- A *duty* is one row of `request`: a step put to one office, for one round. One that comes to another office after it was
  declined is a duty of either office.
- *Carried over*: asked before the month and not ended before it. *Asked*: asked within it. *Done on time* and *late*: ended
  within it as done, before its deadline or not. The deadline is the row's own `due`, in which granted extensions and holds
  are counted already; a deadline ends at 24:00, so that the instant itself is too late (《民法典》第二百零三条).
- *Open*, *overdue* and *on hold* are as of the month's end, or as of now in the month that runs. A duty that is open is
  overdue by the deadline it has today: an extension granted after the month's end is counted as granted.
- carried over + asked = done on time + done late + declined + withdrawn + open.

The rate on time is done on time / (done on time + done late + declined after the deadline + open and overdue): an office
that never answers must not stand at a hundred per cent, nor one that keeps a step past its deadline and declines it then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from office.bulletin.months import Month
from office.tables import CaseRow, Event, Proceeding, Report, Request
from rules.holds import Hold
from rules.steps import step
from rules.vocabulary import Happening, RequestState

LEAST_FOR_A_MEDIAN = 3
"""Fewer times than this have no middle worth printing. A technical bound, no rule of any text."""


def middle_of(times: Iterable[timedelta]) -> timedelta:
    """The median; IndexError of none."""
    ordered = sorted(times)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


@dataclass(frozen=True)
class Duty:
    """What is counted of one row of `request`."""

    id: int
    step: str
    office: str
    township: str
    state: str
    asked_at: datetime
    due: datetime
    ended_at: datetime | None
    holds: tuple[Hold, ...]
    rerouted: bool

    def is_open(self, at: datetime) -> bool:
        """Whether it was asked and not ended just before that instant."""
        return self.asked_at < at and (self.ended_at is None or self.ended_at >= at)

    @property
    def worked(self) -> timedelta:
        """From the asking to the end, without the time its clock stood still; zero for one that is open."""
        if self.ended_at is None:
            return timedelta(0)
        still = sum(
            (max(timedelta(0), min(h.until, self.ended_at) - max(h.since, self.asked_at)) for h in self.holds),
            timedelta(0),
        )
        return self.ended_at - self.asked_at - still


@dataclass
class Tally:
    """The figures of some duties; see the module's text for each."""

    carried: int = 0
    asked: int = 0
    rerouted: int = 0
    on_time: int = 0
    late: int = 0
    declined: int = 0
    declined_late: int = 0
    withdrawn: int = 0
    open: int = 0
    overdue: int = 0
    held: int = 0
    times: list[timedelta] = field(default_factory=list)

    @property
    def measured(self) -> int:
        """Of how many duties the rate on time is taken."""
        return self.on_time + self.late + self.declined_late + self.overdue

    @property
    def rate(self) -> float | None:
        """The share done on time, from 0 to 1; None where nothing was due."""
        return self.on_time / self.measured if self.measured else None

    @property
    def middle(self) -> timedelta | None:
        """The median time from asking to done; None where too few were done for it to say something."""
        return middle_of(self.times) if len(self.times) >= LEAST_FOR_A_MEDIAN else None

    @property
    def longest(self) -> timedelta | None:
        """The longest of these times; None where the median is None."""
        return max(self.times) if len(self.times) >= LEAST_FOR_A_MEDIAN else None

    def count(self, duty: Duty, month: Month, as_of: datetime) -> None:
        """Count one duty."""
        before = duty.asked_at < month.start
        self.carried += before and duty.is_open(month.start)
        self.asked += month.start <= duty.asked_at < as_of
        self.rerouted += month.start <= duty.asked_at < as_of and duty.rerouted
        if duty.is_open(as_of):
            self.open += 1
            self.overdue += duty.due <= as_of
            self.held += any(hold.runs(as_of) for hold in duty.holds)
            return
        if duty.ended_at is None or not month.start <= duty.ended_at < as_of:
            return
        in_time = duty.ended_at < duty.due
        match RequestState(duty.state):
            case RequestState.DONE:
                self.on_time += in_time
                self.late += not in_time
                self.times.append(duty.worked)
            case RequestState.DECLINED:
                self.declined += 1
                self.declined_late += not in_time
            case _:
                self.withdrawn += 1


@dataclass(frozen=True)
class Delay:
    """How long something took: how many times were measured, their median and the longest; None for none."""

    number: int
    middle: timedelta | None
    longest: timedelta | None

    @classmethod
    def of(cls, times: Iterable[timedelta]) -> Delay:
        """Of these times."""
        all_ = list(times)
        return cls(len(all_), middle_of(all_) if all_ else None, max(all_, default=None))


@dataclass(frozen=True)
class Cases:
    """Cases of some township, or of the county: open at the month's start and end, new, opened again, closed by the
    label of the ground."""

    open_before: int
    new: int
    reopened: int
    closed: Mapping[str, int]
    open_after: int


@dataclass(frozen=True)
class Figures:
    """One month's figures. `as_of` is the month's end, or the present within the month that runs."""

    month: Month
    as_of: datetime
    county: Tally
    offices: Mapping[str, Tally]
    steps: Mapping[str, Tally]
    mechanisms: Mapping[str, Tally]
    townships: Mapping[str, Tally]
    cases: Cases
    cases_of: Mapping[str, Cases]
    reports: Mapping[str, int]
    to_report: Delay
    to_receipt: Delay

    @property
    def is_empty(self) -> bool:
        """Whether the records hold nothing at all of this month."""
        tally, cases = self.county, self.cases
        nothing = tally.carried + tally.asked + cases.open_before + cases.new + cases.reopened
        return not nothing and not sum(self.reports.values())


async def figures(session: AsyncSession, month: Month, now: datetime) -> Figures:
    """Count a month that has begun."""
    as_of = min(month.end, now)
    duties = await _duties(session, month, as_of)
    cases, cases_of = await _cases(session, month, as_of)
    reports, to_report, to_receipt = await _reports(session, month, as_of)
    return Figures(
        month=month, as_of=as_of, cases=cases, cases_of=cases_of, reports=reports, to_report=to_report,
        to_receipt=to_receipt, **tallies(duties, month, as_of),
    )  # fmt: skip


def tallies(duties: Iterable[Duty], month: Month, as_of: datetime) -> dict[str, Any]:
    """The same duties, counted by each of the bulletin's headings."""
    county = Tally()
    by: dict[str, dict[str, Tally]] = {
        name: defaultdict(Tally) for name in ("offices", "steps", "mechanisms", "townships")
    }
    for duty in duties:
        mechanism = step(duty.step).mechanism
        keys = (duty.office, duty.step, mechanism.value if mechanism else "", duty.township)
        for tally in (county, *(by[name][key] for name, key in zip(by, keys, strict=True))):
            tally.count(duty, month, as_of)
    return {"county": county, **{name: dict(found) for name, found in by.items()}}


async def _duties(session: AsyncSession, month: Month, as_of: datetime) -> list[Duty]:
    rerouted = select(Event.request_id).where(Event.event == Happening.REQUEST_REROUTED.value)
    rows = await session.execute(
        select(
            Request.id, Request.step, Request.office, CaseRow.township, Request.state, Request.asked_at, Request.due,
            Request.ended_at, Request.holds, Request.id.in_(rerouted).label("taken_over"),
        )
        .join(Proceeding, Proceeding.id == Request.proceeding_id)
        .join(CaseRow, CaseRow.id == Proceeding.case_id)
        .where(Request.asked_at < as_of, or_(Request.ended_at.is_(None), Request.ended_at >= month.start))
        .order_by(Request.id)
    )  # fmt: skip
    return [
        Duty(
            id=row.id, step=row.step, office=row.office, township=row.township, state=row.state, asked_at=row.asked_at,
            due=row.due, ended_at=row.ended_at, holds=tuple(Hold.from_json(one) for one in row.holds),
            rerouted=row.taken_over,
        )
        for row in rows
    ]  # fmt: skip


async def _cases(session: AsyncSession, month: Month, as_of: datetime) -> tuple[Cases, dict[str, Cases]]:
    """Read from the log and not from the case's row, which keeps the last closing only: a case may be opened again."""
    kinds = (Happening.CASE_CLOSED.value, Happening.CASE_REOPENED.value)
    rows = await session.execute(
        select(CaseRow.id, CaseRow.township, CaseRow.opened_at, Event.event, Event.at, Event.detail)
        .outerjoin(Event, and_(Event.case_id == CaseRow.id, Event.event.in_(kinds), Event.at < as_of))
        .where(CaseRow.opened_at < as_of)
        .order_by(CaseRow.id, Event.at, Event.id)
    )
    turns: dict[tuple[int, str, datetime], list[tuple[str, datetime, str]]] = defaultdict(list)
    for case, township, opened_at, event, at, detail in rows:
        turns[case, township, opened_at].extend([(event, at, detail)] if event else [])
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    closed: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (_, township, opened_at), happened in turns.items():
        for place in ("", township):
            count = found[place]
            count[0] += _stands_open(opened_at, happened, month.start)
            count[1] += opened_at >= month.start
            count[3] += _stands_open(opened_at, happened, as_of)
            for event, at, detail in happened:
                if at >= month.start and event == Happening.CASE_CLOSED.value:
                    closed[place][detail] += 1
                elif at >= month.start:
                    count[2] += 1
    made = {place: Cases(c[0], c[1], c[2], dict(closed[place]), c[3]) for place, c in found.items()}
    return made.pop("", Cases(0, 0, 0, {}, 0)), made


def _stands_open(opened_at: datetime, happened: list[tuple[str, datetime, str]], at: datetime) -> bool:
    last = [event for event, when, _ in happened if when < at]
    return opened_at < at and (not last or last[-1] != Happening.CASE_CLOSED.value)


async def _reports(session: AsyncSession, month: Month, as_of: datetime) -> tuple[dict[str, int], Delay, Delay]:
    """Reports filed in the month by kind of reporter; from finding to filing, where the finding was told; from filing to
    the first receipt that any office gave in the case."""
    first = (
        select(Proceeding.case_id, func.min(Request.acknowledged_at).label("at"))
        .join(Request, Request.proceeding_id == Proceeding.id)
        .group_by(Proceeding.case_id)
        .subquery()
    )
    rows = (
        await session.execute(
            select(Report.reporter_kind, Report.found_at, Report.filed_at, first.c.at)
            .outerjoin(first, first.c.case_id == Report.case_id)
            .where(Report.filed_at >= month.start, Report.filed_at < as_of)
        )
    ).all()
    kinds: dict[str, int] = defaultdict(int)
    for kind, *_ in rows:
        kinds[kind] += 1
    to_report = Delay.of(filed - found for _, found, filed, _ in rows if found is not None)
    to_receipt = Delay.of(at - filed for _, _, filed, at in rows if at is not None and filed <= at < as_of)
    return dict(kinds), to_report, to_receipt
