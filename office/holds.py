"""The coordinator lets a step's clock stand still, or go on again: which steps may is decided by `rules.holds`.

The holds are kept with the step, with reason and end, and put its deadline off; one that ends by itself needs nobody to
end it. The office that has the step in hand hears of either, with a link of its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.bureau import Bureau
from office.consequences import tell_owner
from office.deadlines import deadlines_now, holds_of, tell_of_missing_years
from office.letter_kinds import LetterKind
from office.phone import latest_request
from office.refusals import Refused
from office.requests import redraw, reschedule, terms_of
from office.roster import people_in
from office.tables import CaseRow, Proceeding, Request
from office.timekeeping import iso
from rules.holds import LONGEST, Hold, HoldReason, running, why_not
from rules.steps import step
from rules.vocabulary import Happening, RequestState
from rules.wording import short_deadline


async def hold(
    bureau: Bureau,
    *,
    case: str,
    step_key: str,
    until: datetime,
    reason: HoldReason,
    by: str,
    subject: str = "",
    number: int | None = None,
) -> dict[str, Any]:
    """Let the answer's clock of an open step stand still until that instant. Raises `Refused`.

    `by` is the county key of who decides it; `subject` or the request's `number` tells several askings apart. Said
    again with the same end and reason, it changes nothing.
    """
    async with bureau.database.transaction() as session:
        request, row = await latest_request(session, case, step_key, subject, number)
        await _refuse_who_may_not(session, bureau, row, by)
        now = bureau.clock.now()
        held = running(holds_of(request), now)
        if held is not None and (held.until, held.reason) == (until, reason):
            return _said(bureau, row, request, held, again=True)
        _refuse_what_cannot_be(request, until, now)
        if held is not None:
            raise Refused(f"该事项已经暂停计时至{short_deadline(held.until)}；需要改的，请先用 jieli resume 恢复计时。")
        fresh = Hold(now, until, reason)
        request.holds = [*request.holds, fresh.as_json()]
        await _written(session, bureau, request, row, Happening.REQUEST_HELD, fresh)
        return _said(bureau, row, request, fresh)


async def resume(
    bureau: Bureau, *, case: str, step_key: str, by: str, subject: str = "", number: int | None = None
) -> dict[str, Any]:
    """Let the clock go on before the hold's end: what was left of the limit is left from now on. Raises `Refused`."""
    async with bureau.database.transaction() as session:
        request, row = await latest_request(session, case, step_key, subject, number)
        await _refuse_who_may_not(session, bureau, row, by)
        now = bureau.clock.now()
        held = running(holds_of(request), now)
        if held is None or not RequestState(request.state).is_open:
            raise Refused("该事项没有在暂停计时。")
        ended = replace(held, until=now)
        request.holds = [*request.holds[:-1], ended.as_json()]
        await _written(session, bureau, request, row, Happening.REQUEST_RESUMED, ended)
        return _said(bureau, row, request, None)


async def holds_now(bureau: Bureau) -> list[dict[str, Any]]:
    """Every open step whose clock stands still, the next to go on first."""
    now = bureau.clock.now()
    statement = (
        select(Request, CaseRow)
        .join(Proceeding, Proceeding.id == Request.proceeding_id)
        .join(CaseRow, CaseRow.id == Proceeding.case_id)
        .where(Request.ended_at.is_(None), Request.holds != [])
    )
    async with bureau.database.transaction() as session:
        rows = (await session.execute(statement)).all()
    found = [(held, request, row) for request, row in rows if (held := running(holds_of(request), now)) is not None]
    found.sort(key=lambda one: (one[0].until, one[1].id))
    return [_said(bureau, row, request, held) for held, request, row in found]


async def _refuse_who_may_not(session: AsyncSession, bureau: Bureau, row: CaseRow, by: str) -> None:
    officer = bureau.county.officer(by)
    coordinators = bureau.county.office("coordinator").officers
    if officer is None or officer not in coordinators:
        raise Refused(
            f"暂停和恢复计时由协调员决定；“{by}”不是协调员的代号，可用 jieli people --office coordinator 查看。"
        )
    people = await people_in(session, bureau, row.id)
    if not people.serves(officer) or people.is_barred(officer):
        raise Refused(f"{officer.name}已经离岗或者应当回避本案，请由其他协调员决定。")


def _refuse_what_cannot_be(request: Request, until: datetime, now: datetime) -> None:
    if not RequestState(request.state).is_open:
        raise Refused("该事项已经办结。")
    limit = terms_of(request).answer
    reason = why_not(
        urgent=request.urgent,
        coordinates=step(request.step).mechanism is None,
        provenance=limit.provenance,
        in_custody=not limit.end_rolls,
        acknowledged=request.state == RequestState.ACKNOWLEDGED.value,
        overdue=now >= request.due,
    )
    if reason:
        raise Refused(reason)
    if not now < until <= now + LONGEST:
        raise Refused(f"暂停的截止日期应当在今天以后、{LONGEST.days}天以内。")


async def _written(
    session: AsyncSession, bureau: Bureau, request: Request, row: CaseRow, what: Happening, hold_: Hold
) -> None:
    """The deadline as it is now, the log row, the letter: one transaction."""
    former = request.due
    found = deadlines_now(request, bureau.county.calendar)
    request.due, request.provisional = found.due, found.provisional
    request.version += 1
    await reschedule(session, bureau, request)
    held = what is Happening.REQUEST_HELD
    told = f"{hold_.reason.label}，至{short_deadline(hold_.until)}" if held else hold_.reason.label
    log.write(session, what, at=bureau.clock.now(), case_id=row.id, request=request, detail=told)
    facts = {"held": held, "until": hold_.until, "reason_label": hold_.reason.label, "former_due": former}
    await tell_owner(session, bureau, request, row, LetterKind.HELD.value, facts, key=str(request.version))
    await tell_of_missing_years(session, bureau, row, request, found.missing_years)
    await redraw(session, request.proceeding_id)


def _said(bureau: Bureau, row: CaseRow, request: Request, held: Hold | None, *, again: bool = False) -> dict[str, Any]:
    asked = step(request.step)
    return {
        "case": row.number, "request": request.id, "step": request.step, "step_label": asked.label,
        "office": request.office, "office_name": bureau.county.office(request.office).name, "due": iso(request.due),
        "held_until": None if held is None else iso(held.until), "reason": None if held is None else held.reason.value,
        "reason_label": None if held is None else held.reason.label, "again": again,
    }  # fmt: skip
