"""A step is put to an office: its clocks start, and its letters go into the outbox, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import LimitTerms, OfficeEntry, StepTerms
from office import log, outbox
from office.bureau import Bureau
from office.database import WAKE, tell
from office.deadlines import deadlines_of, holds_of, tell_of_missing_years
from office.numbers import readable_code
from office.roster import people_in
from office.schemes import STEPS_OF_A_SCHEME, public_name
from office.tables import AnswerRow, CaseRow, Proceeding, Request, Rung
from rules.holds import Hold, running
from rules.ladder import Climb, Clock, Reached, next_climb
from rules.limits import Provenance
from rules.steps import REROUTE, Step, step
from rules.vocabulary import AnswerKind, Channel, Happening, Level, Office, RequestState, Urgency


def terms_of(request: Request) -> StepTerms:
    """The limits and ladders in force when the step began."""
    return _terms(json.dumps(request.terms))


@lru_cache(maxsize=1024)
def _terms(kept: str) -> StepTerms:
    """Of many steps asked under the same terms, the clock reads them once."""
    return StepTerms.from_json(json.loads(kept))


async def news(session: AsyncSession, proceeding_id: int) -> None:
    """Tell a proceeding that something has arrived for it.

    The wake's token is set by a compare-and-set: of any number of senders, one sets it for each wait.
    """
    await session.execute(
        update(Proceeding)
        .where(Proceeding.id == proceeding_id)
        .values(
            news=Proceeding.news + 1,
            display=Proceeding.display + 1,
            woken_at=func.coalesce(Proceeding.woken_at, text("CASE WHEN asleep THEN clock_timestamp() END")),
        )
    )
    await tell(session, WAKE)


async def redraw(session: AsyncSession, proceeding_id: int) -> None:
    """Say that what Prefect should show of a proceeding has changed."""
    await session.execute(
        update(Proceeding).where(Proceeding.id == proceeding_id).values(display=Proceeding.display + 1)
    )
    await tell(session, WAKE)


async def ask(
    session: AsyncSession,
    bureau: Bureau,
    case: CaseRow,
    proceeding_id: int,
    asked: Step,  # type: ignore[type-arg]
    office: OfficeEntry,
    *,
    subject: str = "",
    concerns: int | None = None,
    about: str = "",
    answer_limit: LimitTerms | None = None,
    urgent: bool = False,
) -> Request:
    """Put a step to an office. Asked twice under one key (proceeding, step, subject), it is asked once.

    The limits are those in force on the day of the asking. `answer_limit` replaces the step's own, where a scheme has
    one. Nothing is asked that has been asked already: the first request is returned.
    """
    now = bureau.clock.now()
    terms = bureau.county.terms(asked.key, now.date())
    if answer_limit is not None:
        terms = replace(terms, answer=answer_limit)
    return await put_request(
        session,
        bureau,
        case,
        proceeding_id,
        asked,
        office,
        terms,
        subject=subject,
        concerns=concerns,
        about=about,
        number=1,
        urgent=urgent,
    )


async def put_request(
    session: AsyncSession,
    bureau: Bureau,
    case: CaseRow,
    proceeding_id: int,
    asked: Step,  # type: ignore[type-arg]
    office: OfficeEntry,
    terms: StepTerms,
    *,
    subject: str,
    number: int,
    concerns: int | None = None,
    about: str = "",
    reckoned_from: datetime | None = None,
    extensions: int = 0,
    held: Hold | None = None,
    urgent: bool = False,
) -> Request:
    """One round of a step: the row, its log row and its letters.

    A clock that the law keeps running through a change of hands is given as `reckoned_from`, since when it runs, and
    `extensions`, how often the limit was added to it. `held` is a hold of the round before that runs: it goes on.
    """
    now = bureau.clock.now()
    holds = () if held is None else (replace(held, since=now),)
    found = deadlines_of(
        terms, bureau.county.calendar, asked_at=now, reckoned_from=reckoned_from, extensions=extensions, holds=holds
    )
    row = {
        "proceeding_id": proceeding_id,
        "step": asked.key,
        "subject": subject,
        "round": number,
        "concerns": concerns,
        "about": about,
        "office": office.key,
        "state": RequestState.ASKED.value,
        "terms": terms.as_json(),
        "asked_at": now,
        "acknowledge_by": found.acknowledge_by,
        "due": found.due,
        "reckoned_from": reckoned_from,
        "extensions": extensions,
        "holds": [hold.as_json() for hold in holds],
        "provisional": found.provisional,
        "urgent": urgent or asked.urgency is Urgency.EMERGENCY,
    }
    statement = (
        insert(Request)
        .values(**row)
        .on_conflict_do_nothing(index_elements=["proceeding_id", "step", "subject", "round"])
        .returning(Request.id)
    )
    made = (await session.execute(statement)).scalar_one_or_none()
    request = (
        await session.execute(
            select(Request)
            .where(
                Request.proceeding_id == proceeding_id,
                Request.step == asked.key,
                Request.subject == subject,
                Request.round == number,
            )
            .with_for_update()
        )
    ).scalar_one()
    if made is None:
        return request
    request.next_climb_at = climb_instant(bureau, request, [])
    log.write(session, Happening.REQUEST_ASKED, at=now, case_id=case.id, request=request)
    people = await people_in(session, bureau, case.id)
    for officer in people.contacts(office.key):
        await write_to(session, bureau, case, request, officer.key)
    if not people.contacts(office.key):
        await recuse(session, bureau, case, request)
    await tell_of_missing_years(session, bureau, case, request, found.missing_years)
    await redraw(session, proceeding_id)
    return request


async def write_to(
    session: AsyncSession, bureau: Bureau, case: CaseRow, request: Request, officer: str, because: str = ""
) -> bool:
    """A letter with a link to one officer; `because` is the rest of its key where it is not the first. True when new."""
    return await outbox.put(
        session,
        bureau,
        key="/".join(filter(None, ("asked", str(request.id), officer, because))),
        kind="asked",
        case=(case.id, case.number),
        to_office=request.office,
        to_officer=officer,
        request=request,
        acts=True,
        facts=facts_of(bureau, case, request),
    )


async def recuse(session: AsyncSession, bureau: Bureau, case: CaseRow, request: Request) -> None:
    """Nobody of the office can act in this case: the step comes back to the coordinator, as if the office had declined.

    The coordinator then has a clock to name another office, and their own silence climbs like any other. A step of the
    coordinator's own cannot come back: whoever stands above is told. The request is locked by the caller.
    """
    now = bureau.clock.now()
    log.write(session, Happening.OFFICE_RECUSED, at=now, case_id=case.id, request=request)
    asked = step(request.step)
    if asked.mechanism is None:
        for one in (await people_in(session, bureau, case.id)).at_level(Level.COORDINATOR, request.office):
            await outbox.put(
                session, bureau, key=f"recused/{request.id}/{one.key}", kind="recipient_missing",
                case=(case.id, case.number), to_office=one.office, to_officer=one.key, request=request,
                facts={
                    "case_number": case.number, "letter_label": "交办", "step_label": asked.label,
                    "office_name": bureau.county.office(request.office).name,
                    "officer": bureau.county.office(request.office).name, "reason_label": "收件人应当回避本案",
                    "stand_in": "", "urgent": request.urgent, "due": request.due, "at": now,
                },
            )  # fmt: skip
        return
    session.add(
        AnswerRow(
            request_id=request.id, reference=f"HF-{now:%y%m%d}-{readable_code(6)}", kind=AnswerKind.DECLINED.value,
            channel=Channel.RECORDS.value, office=request.office, officer="", typed_name="", payload={},
            words="本单位没有可以承办本案的人员，请改派其他单位。", instead=Office.COORDINATOR.value, answered_at=now,
        )
    )  # fmt: skip
    request.state, request.ended_at, request.next_climb_at = RequestState.DECLINED.value, now, None
    log.write(session, Happening.REQUEST_DECLINED, at=now, case_id=case.id, request=request)
    await session.flush()
    about = f"{bureau.county.office(request.office).short}·{asked.label}"
    await ask(
        session, bureau, case, request.proceeding_id, REROUTE, bureau.county.office("coordinator"),
        subject=str(request.id), concerns=request.id, about=about, urgent=request.urgent,
    )  # fmt: skip
    await news(session, request.proceeding_id)


def subject_label(request: Request) -> str:
    """What an officer reads for a subject: the entitlement's heading, the visit's number, the step that came back."""
    if request.step in STEPS_OF_A_SCHEME and request.subject:
        return "，".join(filter(None, (public_name(request.subject, request.id), request.about)))
    if request.about or not request.subject:
        return request.about
    repeats = (
        "visit", "revisit", "follow_up", "review", "conference", "handover_given", "handover_taken",
        "handover_witnessed", "return_child", "kinship_handover", "guardianship_end",
    )  # fmt: skip
    return f"第{request.subject}次" if request.subject.isdigit() and request.step.endswith(repeats) else ""


def facts_of(bureau: Bureau, case: CaseRow, request: Request) -> dict[str, object]:
    """What any letter about a step may say: number, step, office, deadlines, law. Nothing of the child."""
    return facts_under(bureau, case.number, request, terms_of(request))


def facts_under(bureau: Bureau, case_number: str, request: Request, terms: StepTerms) -> dict[str, object]:
    """The same where the request's terms have been read already."""
    asked = step(request.step)
    return {
        "case_number": case_number,
        "step": asked.key,
        "step_label": asked.label,
        "subject_label": subject_label(request),
        "instruction": asked.instruction,
        "mechanism_label": asked.mechanism.label if asked.mechanism else "协调事项",
        "office_name": bureau.county.office(request.office).name,
        "urgent": request.urgent,
        "asked_at": request.asked_at.isoformat(),
        "acknowledge_by": request.acknowledge_by.isoformat(),
        "due": request.due.isoformat(),
        "provisional": request.provisional,
        "basis": terms.answer.basis,
        "provenance": terms.answer.provenance.value,
    }


@dataclass(frozen=True)
class NewRung:
    """A rung that has been reached and is no row yet."""

    request_id: int
    clock: str
    level: str
    repeat: int
    due_at: datetime
    reached_at: datetime


def next_climb_of(bureau: Bureau, request: Request, rungs: Sequence[Rung | NewRung]) -> Climb | None:
    """The rung that comes next on either clock. The acknowledge clock stops when the office acknowledges."""
    return next_climb_under(bureau, request, rungs, terms_of(request)) if RequestState(request.state).is_open else None


def next_climb_under(
    bureau: Bureau, request: Request, rungs: Sequence[Rung | NewRung], terms: StepTerms
) -> Climb | None:
    """The same where the request is open and its terms have been read already."""
    office = bureau.county.office(request.office)
    hours = None if request.urgent else office.hours
    clocks = {Clock.ANSWER: (terms.answer_ladder, request.due)}
    if request.state == RequestState.ASKED.value:
        clocks[Clock.ACKNOWLEDGE] = (terms.acknowledge_ladder, request.acknowledge_by)
    climbs = []
    for clock, (ladder, deadline) in clocks.items():
        reached = [Reached(Level(r.level), r.repeat, r.reached_at) for r in rungs if r.clock == clock.value]
        if clock is Clock.ANSWER and any(r.level != Level.REMINDER.value for r in rungs):
            # Whoever's silence has been told to someone above is not reminded of the same step any more.
            reached.append(Reached(Level.REMINDER, 0, request.asked_at))
        climb = next_climb(
            clock,
            ladder,
            reached,
            asked_at=request.asked_at,
            deadline=deadline,
            calendar=bureau.county.calendar,
            hours=hours,
            now=bureau.clock.now(),
        )
        if climb is not None and clock is Clock.ANSWER and climb.level is Level.REMINDER:
            # While its clock stands still nobody is reminded of the step.
            held = running(holds_of(request), climb.at)
            climb = climb if held is None else replace(climb, at=held.until)
        if climb is not None:
            climbs.append(climb)
    return min(climbs, key=lambda climb: climb.at, default=None)


def climb_instant(bureau: Bureau, request: Request, rungs: Sequence[Rung]) -> datetime | None:
    """When the clock must look at this request again."""
    climb = next_climb_of(bureau, request, rungs)
    return None if climb is None else climb.at


async def reschedule(session: AsyncSession, bureau: Bureau, request: Request) -> None:
    """Set the next climb anew after the request's state or deadline has changed."""
    rungs = (await session.execute(select(Rung).where(Rung.request_id == request.id))).scalars().all()
    request.next_climb_at = climb_instant(bureau, request, rungs)


async def next_round(
    session: AsyncSession, bureau: Bureau, case: CaseRow, former: Request, office: OfficeEntry
) -> Request:
    """The step goes to an office again after it was declined.

    A statutory clock keeps running through a change of hands; the county's own limit starts anew for the new office.
    """
    terms = terms_of(former)
    statutory = terms.answer.provenance is not Provenance.NO_STATUTORY_NUMBER
    request = await put_request(
        session,
        bureau,
        case,
        former.proceeding_id,
        step(former.step),
        office,
        terms,
        subject=former.subject,
        number=former.round + 1,
        reckoned_from=(former.reckoned_from or former.asked_at) if statutory else None,
        extensions=former.extensions if statutory else 0,
        held=running(holds_of(former), bureau.clock.now()),
    )
    happening = Happening.REQUEST_REOPENED if office.key == former.office else Happening.REQUEST_REROUTED
    log.write(
        session, happening, at=bureau.clock.now(), case_id=case.id, request=request, detail=f"原承办：{former.office}"
    )
    return request
