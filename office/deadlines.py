"""The two deadlines of a step, reckoned from what its row keeps: the same way when it is asked, extended and reckoned anew.

The acknowledge clock runs from the asking of the round. The answer clock runs from there too, unless a statutory one
runs on through a change of hands; each extension granted adds the limit once, counted from the deadline before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import LimitTerms, StepTerms
from office import outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.roster import people_in
from office.tables import CaseRow, Letter, Request
from rules.holds import Hold, put_off
from rules.limits import Unit
from rules.steps import step
from rules.workdays import Calendar, Reckoning, reckon


@dataclass(frozen=True)
class Deadlines:
    """Both deadlines, and the years whose notice may still move them."""

    acknowledge_by: datetime
    due: datetime
    missing_years: tuple[int, ...]

    @property
    def provisional(self) -> bool:
        """Whether a notice not yet published may move a deadline."""
        return bool(self.missing_years)


def deadlines_of(
    terms: StepTerms,
    calendar: Calendar,
    *,
    asked_at: datetime,
    reckoned_from: datetime | None = None,
    extensions: int = 0,
    holds: Iterable[Hold] = (),
) -> Deadlines:
    """The deadlines of a step asked at `asked_at`, whose answer's clock runs since `reckoned_from` where that is given,
    and stood still for the `holds`, in the order of their beginning."""
    chain = [_reckon(reckoned_from or asked_at, terms.answer, calendar)]
    for _ in range(extensions):
        # A deadline at 24:00 belongs to the day that ends, or the extension would be a day too long.
        by_the_clock = terms.answer.limit.unit in (Unit.HOURS, Unit.MINUTES)
        start = chain[-1].due if by_the_clock else chain[-1].due - timedelta(microseconds=1)
        chain.append(_reckon(start, terms.answer, calendar))
    for hold in holds:
        later = put_off(chain[-1].due, hold, terms.answer.limit, calendar, end_rolls=terms.answer.end_rolls)
        if later is not None:
            chain.append(later)
    due = chain[-1].due
    acknowledge = _reckon(asked_at, terms.acknowledge, calendar)
    missing = {year for reckoning in chain for year in _missing_years(reckoning, terms.answer, calendar)}
    whole = terms.answer.whole
    if whole is not None:
        # The law's time for all stages together: the last of them may not end later (最低生活保障审核确认办法 22).
        together = replace(terms.answer, limit=whole.special if extensions and whole.special else whole.limit)
        end = _reckon(whole.since, together, calendar)
        due = min(due, end.due)
        missing |= _missing_years(end, together, calendar)
    missing |= _missing_years(acknowledge, terms.acknowledge, calendar)
    # An answer that was due before the asking leaves the office its time to acknowledge.
    acknowledge_by = acknowledge.due if due <= asked_at else min(acknowledge.due, due)
    return Deadlines(acknowledge_by, due, tuple(sorted(missing)))


def deadlines_now(request: Request, calendar: Calendar) -> Deadlines:
    """What a request's deadlines are by that calendar. A clock that was stopped by the acknowledgement keeps its deadline."""
    found = deadlines_of(
        StepTerms.from_json(request.terms),
        calendar,
        asked_at=request.asked_at,
        reckoned_from=request.reckoned_from,
        extensions=request.extensions,
        holds=holds_of(request),
    )
    if request.acknowledged_at is None:
        return found
    return Deadlines(request.acknowledge_by, found.due, found.missing_years)


def holds_of(request: Request) -> tuple[Hold, ...]:
    """The times for which the answer's clock stands or stood still."""
    return tuple(Hold.from_json(kept) for kept in request.holds)


def _reckon(start: datetime, terms: LimitTerms, calendar: Calendar) -> Reckoning:
    return reckon(start, terms.limit, calendar, end_rolls=terms.end_rolls)


def _missing_years(reckoning: Reckoning, terms: LimitTerms, calendar: Calendar) -> set[int]:
    """The years whose notice the end still waits for: of every day of a limit in working days, else of the end alone."""
    if not reckoning.provisional:
        return set()
    days = [day.date for day in reckoning.days[1:]]
    if terms.limit.unit is not Unit.WORKING_DAYS:
        days = days[-1:]
        # The days off over which the end was put forward.
        for day in reversed(reckoning.days[1:-1]):
            if day.counts:
                break
            days.append(day.date)
    return {year for day in days if (year := calendar.awaits_notice_of(day)) is not None}


async def tell_of_missing_years(
    session: AsyncSession, bureau: Bureau, case: CaseRow, request: Request, years: tuple[int, ...]
) -> None:
    """The coordinator hears once of each year whose notice is missing; the letter names the first step concerned."""
    keys = {
        f"calendar_missing/{year}/{officer.key}": (year, officer)
        for year in years
        for officer in (await people_in(session, bureau, case.id)).contacts("coordinator")
    }
    if not keys:
        return
    # Looked up first: of many steps asked at once only the first waits for the row of another's letter.
    told = set((await session.execute(select(Letter.key).where(Letter.key.in_(keys)))).scalars())
    for key, (year, officer) in keys.items():
        if key in told:
            continue
        facts = {
            "case_number": case.number,
            "year": year,
            "step_label": step(request.step).label,
            "office_name": bureau.county.office(request.office).name,
            "due": request.due.isoformat(),
            "at": bureau.clock.now().isoformat(),
        }
        await outbox.put(
            session, bureau, key=key, kind=LetterKind.CALENDAR_MISSING.value, case=(case.id, case.number),
            to_office=officer.office, to_officer=officer.key, request=request, facts=facts,
        )  # fmt: skip
