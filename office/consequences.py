"""What follows from an answer: a decline or a question puts a clock on the coordinator; the coordinator's decision moves the step.

What follows from a silence that has reached the joint meeting: the coordinator decides whether it goes to the
procuratorate, whose recommendation the silent office answers in writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from office import log, outbox
from office.bureau import Bureau
from office.deadlines import deadlines_now, tell_of_missing_years
from office.requests import ask, facts_of, next_round, redraw, reschedule
from office.roster import people_in
from office.tables import AnswerRow, CaseRow, Letter, Request
from rules import steps
from rules.answers import Answer
from rules.steps import Step
from rules.steps import step as step_of
from rules.vocabulary import MAY_ARRIVE, AnswerKind, Happening, Office, RequestState


async def follow(session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, answer: AnswerRow) -> None:
    """Do what the answer brings with it, in the answer's own transaction."""
    put = partial(_ask_about, session, bureau, request, case, urgent=request.urgent)
    match AnswerKind(answer.kind):
        case AnswerKind.DECLINED:
            await put(steps.REROUTE, "coordinator")
        case AnswerKind.MORE_FACTS:
            await put(steps.SUPPLY_FACTS, "coordinator", subject=answer.reference)
        case AnswerKind.EXTENSION:
            await put(steps.DECIDE_EXTENSION, "coordinator")
        case AnswerKind.DONE if request.concerns is not None:
            await _decided(session, bureau, request, case, answer)
        case _:
            pass


async def seek_supervision(session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow) -> None:
    """A step's silence has reached the joint meeting: the coordinator is asked, once, whether it goes to the procuratorate.

    未成年人保护法 105, 114; 民发〔2019〕62号 四(二). Never for a step of coordination, and not for the procuratorate's own
    silence. The request is locked by the caller, so nobody else asks at the same time.
    """
    if await still_to_seek(session, bureau, [request]):
        asked = steps.SEEK_PROCURATORIAL_SUPERVISION
        await _ask_about(session, bureau, request, case, asked, "coordinator", urgent=request.urgent)


async def still_to_seek(session: AsyncSession, bureau: Bureau, requests: Sequence[Request]) -> set[int]:
    """Of steps that the joint meeting is told of, the ids of those about which the coordinator is still to be asked."""
    may = {
        request.id
        for request in requests
        if step_of(request.step).mechanism is not None
        and bureau.county.office(request.office).kind is not Office.PROCURATORATE
    }
    if not may:
        return set()
    asked = select(Request.concerns).where(
        Request.concerns.in_(may), Request.step == steps.SEEK_PROCURATORIAL_SUPERVISION.key
    )
    return may - set((await session.execute(asked)).scalars())


async def _decided(session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, answer: AnswerRow) -> None:
    concerned = (
        await session.execute(select(Request).where(Request.id == request.concerns).with_for_update())
    ).scalar_one()
    if request.step == steps.REROUTE.key:
        await _reroute(session, bureau, concerned, case, Office(answer.payload["office"]))
    elif request.step == steps.SUPPLY_FACTS.key:
        concerned.version += 1
        log.write(session, Happening.FACTS_SUPPLIED, at=bureau.clock.now(), case_id=case.id, request=concerned)
        await tell_owner(session, bureau, concerned, case, "question_answered", {}, key=answer.reference)
    elif request.step == steps.DECIDE_EXTENSION.key:
        await _extend(session, bureau, concerned, case, answer)
    elif request.step == steps.SEEK_PROCURATORIAL_SUPERVISION.key:
        if answer.payload["seek"] and concerned.ended_at is None:
            await _ask_about(session, bureau, concerned, case, steps.PROCURATORIAL_RECOMMENDATION, "procuratorate")
    elif request.step == steps.PROCURATORIAL_RECOMMENDATION.key and answer.payload["issued"]:
        # Owed even by an office that has meanwhile done the step (未成年人保护法 114).
        await _ask_about(session, bureau, concerned, case, steps.REPLY_TO_RECOMMENDATION, concerned.office)
    await redraw(session, concerned.proceeding_id)


async def _ask_about(
    session: AsyncSession,
    bureau: Bureau,
    concerned: Request,
    case: CaseRow,
    asked: Step[Answer],
    office: str,
    *,
    subject: str = "",
    urgent: bool = False,
) -> None:
    """Put a question about a step to an office, in that step's own proceeding."""
    await ask(
        session, bureau, case, concerned.proceeding_id, asked, bureau.county.office(office),
        subject=subject or str(concerned.id), concerns=concerned.id, urgent=urgent,
        about=f"{bureau.county.office(concerned.office).short}·{step_of(concerned.step).label}",
    )  # fmt: skip


async def _reroute(session: AsyncSession, bureau: Bureau, declined: Request, case: CaseRow, kind: Office) -> None:
    office = bureau.county.office_for(kind, case.township, case.village)
    fresh = await next_round(session, bureau, case, declined, office)
    if fresh.office != declined.office:
        facts = facts_of(bureau, case, declined) | {"moved_to": office.name}
        await _tell_all(session, bureau, declined, case, "moved", facts)


async def _tell_all(
    session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, kind: str, facts: dict[str, object]
) -> None:
    """One letter to each officer who was asked and not stopped before the letter left."""
    rows = await session.execute(
        select(Letter.to_officer)
        .where(
            Letter.request_id == request.id,
            Letter.kind == "asked",
            Letter.state.in_(MAY_ARRIVE),
        )
        .distinct()
    )
    for officer in rows.scalars():
        await outbox.put(
            session, bureau, key=f"{kind}/{request.id}/{officer}", kind=kind, case=(case.id, case.number),
            to_office=request.office, to_officer=officer, request=request, facts=facts,
        )  # fmt: skip


async def tell_owner(
    session: AsyncSession,
    bureau: Bureau,
    request: Request,
    case: CaseRow,
    kind: str,
    more: dict[str, object],
    *,
    key: str,
) -> None:
    """A letter with a link to whoever has the step in hand. `more` are the facts that this kind says beside the step's."""
    holders = (await people_in(session, bureau, case.id)).holders(request.office, request.owner)
    for officer in holders[:1]:
        await outbox.put(
            session, bureau, key=f"{kind}/{request.id}/{key}", kind=kind, case=(case.id, case.number),
            to_office=request.office, to_officer=officer.key, request=request, acts=True,
            facts=facts_of(bureau, case, request) | more,
        )  # fmt: skip


async def _extend(session: AsyncSession, bureau: Bureau, concerned: Request, case: CaseRow, answer: AnswerRow) -> None:
    granted = bool(answer.payload["granted"])
    now = bureau.clock.now()
    if granted and concerned.ended_at is None:
        # One extension, no longer than the limit itself, counted from the former deadline.
        concerned.extensions += 1
        found = deadlines_now(concerned, bureau.county.calendar)
        concerned.due, concerned.provisional = found.due, found.provisional
        concerned.version += 1
        await reschedule(session, bureau, concerned)
        await tell_of_missing_years(session, bureau, case, concerned, found.missing_years)
    happening = Happening.EXTENSION_GRANTED if granted else Happening.EXTENSION_REFUSED
    log.write(session, happening, at=now, case_id=case.id, request=concerned)
    if concerned.ended_at is None:
        await tell_owner(
            session, bureau, concerned, case, "extension_decided", {"granted": granted}, key=answer.reference
        )


async def withdraw(session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow) -> None:
    """A step is no longer needed: its office and all who were told of its silence hear so, its ladder ends.

    The request is locked by the caller.
    """
    if request.ended_at is not None:
        return
    request.state = RequestState.WITHDRAWN.value
    request.ended_at = bureau.clock.now()
    request.next_climb_at = None
    log.write(session, Happening.REQUEST_WITHDRAWN, at=request.ended_at, case_id=case.id, request=request)
    await _tell_all(session, bureau, request, case, "moved", facts_of(bureau, case, request) | {"moved_to": ""})
    await close_with_all_who_were_told(session, bureau, request, case)
    await withdraw_asides(session, bureau, request, case)


async def withdraw_asides(session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow) -> None:
    """A step has ended: what the coordinator was still to decide about it is decided by that, and climbs no further.

    One that the coordinator is deciding at this very moment is passed over. What lies with the procuratorate already is
    left to it.
    """
    asides = await session.execute(
        select(Request)
        .where(
            Request.concerns == request.id,
            Request.step.in_(
                [steps.SUPPLY_FACTS.key, steps.DECIDE_EXTENSION.key, steps.SEEK_PROCURATORIAL_SUPERVISION.key]
            ),
            Request.ended_at.is_(None),
        )
        .with_for_update(skip_locked=True)
    )
    for aside in asides.scalars():
        await withdraw(session, bureau, aside, case)


async def close_with_all_who_were_told(
    session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, *, besides: str = ""
) -> None:
    """Everyone above the office who was told of its silence gets one closing notice.

    A letter that waits may leave at the very moment of the answer: its recipient gets the notice as well, and the post
    lets that go stale if the letter never left. `besides` is who ended it: they know, and have a confirmation.
    """
    told = (
        await session.execute(
            select(Letter.to_office, Letter.to_officer)
            .where(
                Letter.request_id == request.id,
                Letter.kind == "escalation",
                Letter.to_officer != besides,
                Letter.state.in_(MAY_ARRIVE),
            )
            .distinct()
        )
    ).all()
    facts = facts_of(bureau, case, request) | {
        "state_label": RequestState(request.state).label,
        "ended_at": bureau.clock.now().isoformat(),
    }
    for office, officer in told:
        await outbox.put(
            session,
            bureau,
            key=f"closing_notice/{request.id}/{officer}",
            kind="closing_notice",
            case=(case.id, case.number),
            to_office=office,
            to_officer=officer,
            request=request,
            facts=facts,
        )
