"""What can be read of the cases: lists, timelines, explanations. Numbers, steps, offices, deadlines; nothing of the child."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from office import addresses
from office.appointments import to_come
from office.bureau import Bureau
from office.deadlines import holds_of
from office.requests import next_climb_of, subject_label, terms_of
from office.schemes import scheme_name
from office.tables import Appointment, CaseRow, Event, Letter, Proceeding, Request, ReturnedMail, Rung
from office.timekeeping import iso
from rules.holds import running
from rules.limits import Provenance
from rules.outlook import OUTLOOK
from rules.steps import step
from rules.vocabulary import (
    AppointmentKind,
    ClosingGround,
    Happening,
    LetterState,
    Level,
    MailSort,
    Mechanism,
    NewFact,
    RequestState,
)


class NoSuchCase(Exception):  # noqa: N818 - it is an answer, not an accident
    """There is no case of that number."""

    def __init__(self, number: str) -> None:
        """`number` is what was asked for."""
        super().__init__(f"没有案号为 {number} 的案件。可用 jieli cases 查看全部案件。")


@dataclass(frozen=True)
class Reading:
    """All rows of one case, read in one transaction."""

    case: CaseRow
    proceedings: Sequence[Proceeding]
    requests: Sequence[Request]
    events: Sequence[Event]
    letters: Sequence[Letter]
    rungs: Sequence[Rung]
    noted: Sequence[Appointment]


def _held(bureau: Bureau, request: Request) -> dict[str, str] | None:
    """Until when the step's clock stands still, and why; None where it runs."""
    held = running(holds_of(request), bureau.clock.now())
    return None if held is None else {"until": held.until.isoformat(), "reason_label": held.reason.label}


async def read_case(session: AsyncSession, number: str) -> Reading:
    """Every row of a case. Raises `NoSuchCase`."""
    case = (await session.execute(select(CaseRow).where(CaseRow.number == number))).scalar_one_or_none()
    if case is None:
        raise NoSuchCase(number)

    async def rows(statement: Any) -> Any:
        return (await session.execute(statement)).scalars().all()

    proceedings = await rows(select(Proceeding).where(Proceeding.case_id == case.id).order_by(Proceeding.id))
    ids = [p.id for p in proceedings]
    requests = await rows(select(Request).where(Request.proceeding_id.in_(ids)).order_by(Request.id))
    events = await rows(select(Event).where(Event.case_id == case.id).order_by(Event.id))
    letters = await rows(select(Letter).where(Letter.case_id == case.id).order_by(Letter.id))
    rungs = await rows(select(Rung).where(Rung.request_id.in_([r.id for r in requests])).order_by(Rung.id))
    return Reading(case, proceedings, requests, events, letters, rungs, await to_come(session, case.id))


def _noted(noted: Sequence[Appointment]) -> list[dict[str, str]]:
    """The days that must come, soonest first: of the file, and what a mechanism rests for."""
    return [
        {
            "kind": row.kind, "label": AppointmentKind(row.kind).label, "subject": row.subject,
            "about": _about(AppointmentKind(row.kind), row.subject), "on": row.on.isoformat(),
        }
        for row in noted
    ]  # fmt: skip


def _about(kind: AppointmentKind, subject: str) -> str:
    """What the day brings, in words: the step whose turn comes, the entitlement, the fact."""
    if kind is AppointmentKind.WAIT:
        key, _, number = subject.partition("/")
        return f"届时交办“{step(key).label}”{f'（{number}）' if number else ''}"
    if kind is AppointmentKind.FACT:
        return NewFact(subject).label
    return scheme_name(subject)


def _time_of(proceeding: Proceeding) -> str:
    """The mechanism, the how-manieth time for this child, and whether only something of it goes on."""
    again = "" if proceeding.serial == 1 else f"（第{proceeding.serial}次）"
    return f"{Mechanism(proceeding.mechanism).label}{again}{'' if proceeding.outcome is None else '（后续跟踪）'}"


def late(bureau: Bureau, request: Request) -> bool:
    """Whether an office has let a deadline pass: overdue begins at the instant, not on the day."""
    if not RequestState(request.state).is_open:
        return False
    now = bureau.clock.now()
    return now >= request.due or (request.state == RequestState.ASKED.value and now >= request.acknowledge_by)


async def list_cases(bureau: Bureau, *, overdue: bool = False, everything: bool = True) -> list[dict[str, Any]]:
    """One entry for each case: its mechanisms, what it waits for, whether something is late, the highest level reached."""
    async with bureau.database.transaction() as session:
        statement = select(CaseRow).order_by(CaseRow.id)
        if not everything:
            statement = statement.where(CaseRow.closed_at.is_(None))
        cases = (await session.execute(statement)).scalars().all()
        rows = (
            await session.execute(
                select(Request, Proceeding.case_id)
                .join(Proceeding, Proceeding.id == Request.proceeding_id)
                .where(Request.state.in_(["asked", "acknowledged"]))
                .order_by(Request.due)
            )
        ).all()
        live = (
            await session.execute(
                select(Proceeding.case_id, Proceeding.mechanism).where(Proceeding.closed_at.is_(None))
            )
        ).all()
    entries = []
    for case in cases:
        waiting = [request for request, case_id in rows if case_id == case.id]
        is_late = any(late(bureau, request) for request in waiting)
        if overdue and not is_late:
            continue
        heights = [Level(r.level).height for r in waiting if r.level]
        entries.append(
            {
                "case": case.number,
                "mechanisms": [mechanism for case_id, mechanism in live if case_id == case.id],
                "waiting_for": [
                    {"step": r.step, "subject": r.subject, "office": r.office, "due": iso(r.due), "overdue": late(bureau, r)}
                    for r in waiting
                ],
                "overdue": is_late,
                "level": list(Level)[max(heights)].value if heights else None,
                "urgency": case.urgency,
                "township": case.township,
                "opened_at": iso(case.opened_at),
                "closed_at": iso(case.closed_at),
            }
        )  # fmt: skip
    return entries


async def show_case(bureau: Bureau, number: str) -> dict[str, Any]:
    """A case's timeline: proceedings, requests, events, letters. Raises `NoSuchCase`."""
    async with bureau.database.transaction() as session:
        read = await read_case(session, number)
        received, marked = await _returned(session, bureau, read.case.id)
    return {
        "case": read.case.number,
        "urgency": read.case.urgency,
        "township": read.case.township,
        "opened_at": iso(read.case.opened_at),
        "closed_at": iso(read.case.closed_at),
        "ground": read.case.closing_ground,
        "noted": _noted(read.noted),
        "proceedings": [
            {
                "mechanism": p.mechanism,
                "serial": p.serial,
                "opened_at": iso(p.opened_at),
                "closed_at": iso(p.closed_at),
                "outcome": p.outcome,
                "flow_run": None if p.flow_run_id is None else str(p.flow_run_id),
            }
            for p in read.proceedings
        ],
        "requests": [
            {
                "step": r.step,
                "subject": r.subject,
                "round": r.round,
                "office": r.office,
                "state": r.state,
                "asked_at": iso(r.asked_at),
                "acknowledge_by": iso(r.acknowledge_by),
                "acknowledged_at": iso(r.acknowledged_at),
                "due": iso(r.due),
                "ended_at": iso(r.ended_at),
                "level": r.level,
                "overdue": late(bureau, r),
                "provisional": r.provisional,
                "holds": r.holds,
            }
            for r in read.requests
        ],
        "events": [
            {
                "event": e.event,
                "at": iso(e.at),
                "step": e.step or None,
                "subject": e.subject or None,
                "office": e.office or None,
                "level": e.level or None,
                "detail": e.detail,
            }
            for e in read.events
        ],
        "letters": [
            {
                "kind": letter.kind,
                "to": letter.to_officer,
                "office": letter.to_office,
                "level": letter.level,
                "state": letter.state,
                "put_at": iso(letter.put_at),
                "handed_over_at": iso(letter.handed_over_at),
                "message_id": letter.message_id,
                "fault": letter.fault,
                "notified": letter.notified,
            }
            for letter in read.letters
        ],
        "mail_received": received,
        "marked_addresses": marked,
    }


async def _returned(session: AsyncSession, bureau: Bureau, case_id: int) -> tuple[int, list[dict[str, Any]]]:
    """How many people's mails about the case came to the sender's mailbox, and the marked addresses of its letters."""
    counted = select(func.count()).where(ReturnedMail.case_id == case_id, ReturnedMail.sort == MailSort.REPLY.value)
    return (await session.execute(counted)).scalar_one(), await addresses.of_case(session, bureau, case_id)


PROVENANCE_WORDS = {Provenance.NO_STATUTORY_NUMBER: "法律没有规定数字，由本县设定"}


async def explain_case(bureau: Bureau, number: str) -> dict[str, Any]:
    """Why a case is where it is: who is asked, since when, until when, why that instant, on which article, what comes next."""
    async with bureau.database.transaction() as session:
        read = await read_case(session, number)
        received, marked = await _returned(session, bureau, read.case.id)
    now = bureau.clock.now()
    explained = []
    for request in read.requests:
        if not RequestState(request.state).is_open:
            continue
        terms = terms_of(request)
        asked = step(request.step)
        climb = next_climb_of(bureau, request, [r for r in read.rungs if r.request_id == request.id])
        explained.append(
            {
                "request": request.id,
                "step": request.step,
                "code": asked.code,
                "label": asked.label,
                "subject": subject_label(request),
                "office": bureau.county.office(request.office).name,
                "state": RequestState(request.state).label,
                "since": iso(request.asked_at),
                "acknowledge_by": iso(request.acknowledge_by),
                "due": iso(request.due),
                "overdue": late(bureau, request),
                "limit": terms.answer.limit.label,
                "provenance": terms.answer.provenance.value,
                "provenance_label": PROVENANCE_WORDS.get(terms.answer.provenance, terms.answer.provenance.label),
                "basis": terms.answer.basis,
                "terms_from": terms.effective_from.isoformat(),
                "provisional": request.provisional,
                "held": _held(bureau, request),
                "reckoned_anew": [
                    {"at": iso(e.at), "detail": e.detail}
                    for e in read.events
                    if e.request_id == request.id and e.event == Happening.DEADLINE_RECKONED_ANEW.value
                ],
                "level": request.level,
                "next": {"done": OUTLOOK[request.step].done, "otherwise": OUTLOOK[request.step].otherwise},
                "used_up": climb is None,
                "next_level": None if climb is None else climb.level.value,
                "next_level_label": None if climb is None else climb.level.label,
                "next_level_at": None if climb is None else iso(climb.at),
                "undelivered": [
                    {
                        "letter": letter.kind,
                        "to": letter.to_officer,
                        "office": letter.to_office,
                        "state": letter.state,
                        "fault": letter.fault,
                    }
                    for letter in read.letters
                    if letter.request_id == request.id and LetterState(letter.state).is_lost
                ],
            }
        )
    return {
        "case": read.case.number,
        "now": iso(now),
        "closed": read.case.closed_at is not None,
        "ground": ClosingGround(read.case.closing_ground).label if read.case.closing_ground else None,
        "mechanisms": [
            {
                "mechanism": p.mechanism,
                "label": _time_of(p),
                "since": iso(p.opened_at),
                "taken_leave": p.outcome is not None,
            }
            for p in read.proceedings
            if p.closed_at is None
        ],
        "waiting": explained,
        "mail_received": received,
        "marked_addresses": marked,
        "noted": _noted(read.noted),
        "last": [
            {"at": iso(e.at), "event": e.event, "label": Happening(e.event).label, "step": e.step or None}
            for e in read.events[-5:]
        ],
    }
