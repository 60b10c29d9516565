"""An office's answer, and all that follows from it, in one transaction.

Answers: received 签收, done 办结, declined 退回, more facts 补充材料, extension 延期. One decision for each step version;
a stronger answer is never undone by a late weaker one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from office import links, log, outbox
from office.bureau import Bureau
from office.consequences import close_with_all_who_were_told, follow, withdraw_asides
from office.numbers import readable_code
from office.people import People
from office.proving import named, plainly_right, prove
from office.refusals import Refused
from office.requests import facts_of, news, redraw, reschedule
from office.roster import people_in
from office.tables import AnswerRow, CaseRow, Link, Request
from rules.answers import Answer
from rules.steps import (
    HANDOVER_GIVEN,
    HANDOVER_TAKEN,
    HANDOVER_WITNESSED,
    KINSHIP_HANDOVER,
    RETURN_CHILD,
    Step,
    step,
)
from rules.vocabulary import AnswerKind, Channel, Happening, Office, RequestState

HAPPENING_OF = {
    AnswerKind.RECEIVED: Happening.REQUEST_ACKNOWLEDGED,
    AnswerKind.DONE: Happening.REQUEST_DONE,
    AnswerKind.DECLINED: Happening.REQUEST_DECLINED,
    AnswerKind.MORE_FACTS: Happening.FACTS_REQUESTED,
    AnswerKind.EXTENSION: Happening.EXTENSION_REQUESTED,
}


@dataclass(frozen=True)
class Given:
    """An answer taken, or found taken already (`again`)."""

    kind: AnswerKind
    reference: str
    case: str
    step: Step  # type: ignore[type-arg]
    office_name: str
    at: datetime
    again: bool


TWO_SIDES = (
    {HANDOVER_GIVEN.key, HANDOVER_TAKEN.key},
    {RETURN_CHILD.key, HANDOVER_WITNESSED.key},
    {KINSHIP_HANDOVER.key, HANDOVER_WITNESSED.key},
)
"""Steps that confirm one paper (晋政发〔2017〕46号 三(四)): two people do, also where one stands in for the other."""


@dataclass(frozen=True)
class Speech:
    """What is being answered, by whom, through what."""

    kind: AnswerKind
    payload: dict[str, Any]
    words: str
    instead: str
    channel: Channel
    officer: str
    typed_name: str
    entered_by: str = ""
    link_id: int | None = None
    note: str = ""


async def answer_by_link(
    bureau: Bureau,
    token: str,
    *,
    version: int,
    typed_name: str,
    code: str,
    kind: AnswerKind,
    payload: Answer | None = None,
    words: str = "",
    instead: str = "",
) -> Given:
    """An officer answers through the link in a letter.

    A robot can open a link and press its buttons; it cannot type the officer's name and the code printed in the letter.
    Raises `Refused`, `UnknownLink`.
    """
    name = named(typed_name)
    known = False
    while True:
        async with bureau.database.transaction() as session:
            link, request, case = await links.find(session, token, lock=True)
            if known or plainly_right(bureau, link, code):
                return await _answer(
                    session, bureau, link, request, case, name,
                    version=version, kind=kind, payload=payload, words=words, instead=instead,
                )  # fmt: skip
        # Whatever follows, a wrong code is counted, and the right one after wrong ones ends their count.
        await prove(bureau, token, typed_name=name, code=code)
        known = True


async def _answer(
    session: AsyncSession,
    bureau: Bureau,
    link: Link,
    request: Request,
    case: CaseRow,
    name: str,
    *,
    version: int,
    kind: AnswerKind,
    payload: Answer | None,
    words: str,
    instead: str,
) -> Given:
    """The answer of whoever has proved to hold the letter; link and request are locked. Raises `Refused`."""
    # The request is locked: whoever is barred from here on waits until this answer is kept, or was before it.
    people = await people_in(session, bureau, case.id)
    status = await links.status_of(session, bureau, link, request, people)
    officer = bureau.county.officer(link.officer)
    if status is links.LinkStatus.NOT_YOURS or links.is_another_barred(people, link.officer, name):
        raise Refused("这件事不能由您办理。")
    again = await same_again(session, bureau, request, case, kind, link.officer, words)
    if again is not None:
        return again
    if status not in (links.LinkStatus.OPEN, links.LinkStatus.CHANGED):
        raise Refused(f"{status.label}，不能再通过此链接办理。")
    if version != request.version:
        raise Refused("打开页面之后情况有变，请核对最新内容后重新提交。", "version")
    speech = Speech(
        kind,
        {} if payload is None else payload.model_dump(mode="json"),
        words.strip(),
        instead,
        Channel.LINK,
        link.officer,
        name if officer is None or officer.shared else officer.name,
        entered_by=name,
        link_id=link.id,
        note=_note(people, link.officer, request.office),
    )
    return await take(session, bureau, request, case, speech, people)


def _note(people: People, key: str, office: str) -> str:
    """What the log adds about who answered."""
    officer = people.county.officer(key)
    if officer is not None and officer.shared:
        return "经共用邮箱"
    if people.is_away(key):
        return "离岗期间本人办理"
    absent = people.stands_for(key, office)
    return f"代理：{absent}" if absent else ""


async def same_again(
    session: AsyncSession,
    bureau: Bureau,
    request: Request,
    case: CaseRow,
    kind: AnswerKind,
    officer: str,
    words: str,
) -> Given | None:
    """The answer given already, when the same officer gives the same again; a refusal when it comes too late.

    Whatever an office says first is its receipt too: a later 签收 by a colleague would make a second owner.
    """
    if request.state == RequestState.WITHDRAWN.value:
        raise Refused("该事项已经撤回，无需办理。")
    rows = await links.answers_to(session, request)
    decided = next((r for r in rows if r.kind in (AnswerKind.DONE.value, AnswerKind.DECLINED.value)), None)
    standing = decided or (rows[0] if rows and kind is AnswerKind.RECEIVED else None)
    if standing is None and kind in (AnswerKind.MORE_FACTS, AnswerKind.EXTENSION):
        standing = await _asked_already(session, request, rows, kind, officer, words.strip())
    if standing is None:
        return None
    asked = step(request.step)
    name = bureau.county.office(standing.office).name
    what = kind if decided is None else AnswerKind(standing.kind)
    if what is kind and standing.officer == officer:
        return Given(kind, standing.reference, case.number, asked, name, standing.answered_at, again=True)
    moment = standing.answered_at.astimezone(bureau.clock.now().tzinfo)
    raise Refused(
        f"该事项已由{name}{standing.typed_name}于{moment:%Y年%m月%d日 %H:%M}{what.label}，编号{standing.reference}。"
    )


async def _asked_already(
    session: AsyncSession, request: Request, rows: Sequence[AnswerRow], kind: AnswerKind, officer: str, words: str
) -> AnswerRow | None:
    """The same question of the same officer, while the coordinator has not yet decided it: a second press of the button."""
    same = [r for r in rows if (r.kind, r.officer, r.words) == (kind.value, officer, words)]
    if not same:
        return None
    subject = same[-1].reference if kind is AnswerKind.MORE_FACTS else str(request.id)
    waiting = await session.execute(
        select(Request.id).where(Request.concerns == request.id, Request.subject == subject, Request.ended_at.is_(None))
    )
    return None if waiting.first() is None else same[-1]


async def take(
    session: AsyncSession,
    bureau: Bureau,
    request: Request,
    case: CaseRow,
    speech: Speech,
    people: People | None = None,
) -> Given:
    """Write an answer down and do what follows from it. The request is locked by the caller; raises `Refused`.

    `people` are those of the case, where the caller has read them in this transaction.
    """
    now = bureau.clock.now()
    asked = step(request.step)
    _refuse_what_cannot_be(bureau, request, asked, speech)
    await _refuse_second_extension(session, bureau, request, speech)
    await _refuse_both_sides(session, bureau, request, speech)
    row = AnswerRow(
        request_id=request.id,
        reference=f"HF-{now:%y%m%d}-{readable_code(6)}",
        kind=speech.kind.value,
        channel=speech.channel.value,
        office=request.office,
        officer=speech.officer,
        typed_name=speech.typed_name,
        entered_by=speech.entered_by,
        payload=speech.payload,
        words=speech.words,
        instead=speech.instead,
        link_id=speech.link_id,
        answered_at=now,
    )
    session.add(row)
    if request.acknowledged_at is None:
        request.acknowledged_at = now
        giver = bureau.county.officer(speech.officer)
        request.owner = giver.key if giver is not None and giver.office == request.office else None
        if request.state == RequestState.ASKED.value:
            request.state = RequestState.ACKNOWLEDGED.value
        people = people or await people_in(session, bureau, case.id)
        await _tell_colleagues(session, bureau, request, case, people, speech.officer)
    if speech.kind is AnswerKind.DONE:
        request.state = RequestState.DONE.value
    elif speech.kind is AnswerKind.DECLINED:
        request.state = RequestState.DECLINED.value
    if not RequestState(request.state).is_open:
        request.ended_at = now
        request.next_climb_at = None
        await close_with_all_who_were_told(session, bureau, request, case, besides=speech.officer)
        await withdraw_asides(session, bureau, request, case)
    else:
        await reschedule(session, bureau, request)
    log.write(session, HAPPENING_OF[speech.kind], at=now, case_id=case.id, request=request, detail=speech.note)
    await _confirm(session, bureau, request, case, row)
    await session.flush()
    await follow(session, bureau, request, case, row)
    if RequestState(request.state).is_open:
        await redraw(session, request.proceeding_id)
    else:
        await news(session, request.proceeding_id)
    name = bureau.county.office(request.office).name
    return Given(speech.kind, row.reference, case.number, asked, name, now, again=False)


def _refuse_what_cannot_be(
    bureau: Bureau,
    request: Request,
    asked: Step,  # type: ignore[type-arg]
    speech: Speech,
) -> None:
    if not RequestState(request.state).is_open:
        raise Refused("该事项已经办结。")
    if asked.mechanism is None and speech.kind not in (AnswerKind.RECEIVED, AnswerKind.DONE):
        raise Refused("协调事项不能退回，请作出决定。")
    if speech.kind in (AnswerKind.DECLINED, AnswerKind.MORE_FACTS, AnswerKind.EXTENSION) and not speech.words:
        raise Refused("请写明理由或需要补充的内容。", "words")
    if speech.kind is AnswerKind.DECLINED and speech.instead not in set(Office):
        raise Refused("请选择应当由哪个单位承办。", "instead")
    named = speech.payload.get("office") if speech.kind is AnswerKind.DONE else None
    if named is not None and Office(named) not in {o.kind for o in bureau.county.offices.values()}:
        raise Refused("县里没有配置该单位，请选择其他承办单位。", "office")


async def _refuse_second_extension(session: AsyncSession, bureau: Bureau, request: Request, speech: Speech) -> None:
    if speech.kind is not AnswerKind.EXTENSION:
        return
    earlier = (
        await session.execute(
            select(func.count())
            .select_from(Request)
            .where(Request.concerns == request.id, Request.step == "decide_extension")
        )
    ).scalar_one()
    if not links.may_extend(bureau, request, "asked" if earlier else ""):
        raise Refused("该事项不能延期：紧急事项、已经到期或已经申请过延期的不再延期。")


async def _refuse_both_sides(session: AsyncSession, bureau: Bureau, request: Request, speech: Speech) -> None:
    others = {key for sides in TWO_SIDES if request.step in sides for key in sides} - {request.step}
    if not others or speech.kind is not AnswerKind.DONE or bureau.county.officer(speech.officer) is None:
        return
    theirs = (
        select(AnswerRow.id)
        .join(Request, Request.id == AnswerRow.request_id)
        .where(Request.proceeding_id == request.proceeding_id, Request.step.in_(others))
        .where(Request.subject == request.subject, AnswerRow.officer == speech.officer)
        .where(AnswerRow.kind == AnswerKind.DONE.value)
        .limit(1)
    )
    if (await session.execute(theirs)).first() is not None:
        raise Refused("交接的另一方已经由您确认，本方须由另一人确认。")


async def _tell_colleagues(
    session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, people: People, owner: str
) -> None:
    """Exactly one owner: the others in the office who got the letter are told that it is taken."""
    owner_officer = bureau.county.officer(owner)
    facts = facts_of(bureau, case, request) | {
        "taken_by": "" if owner_officer is None else owner_officer.name,
        "taken_at": bureau.clock.now().isoformat(),
    }
    for officer in people.contacts(request.office):
        if officer.key == owner:
            continue
        await outbox.put(
            session,
            bureau,
            key=f"taken_by/{request.id}/{officer.key}",
            kind="taken_by",
            case=(case.id, case.number),
            to_office=request.office,
            to_officer=officer.key,
            request=request,
            facts=facts,
        )


async def _confirm(session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, row: AnswerRow) -> None:
    """One confirmation letter for each answer, to the officer whose answer it is.

    An answer given by phone by someone who is in no list is confirmed to whoever has the step in hand, or would have:
    an office hears what was written down in its name.
    """
    county = bureau.county
    giver = county.officer(row.officer) or county.officer(request.owner or "")
    contacts = county.office(request.office).contacts
    if giver is None and not contacts:
        return
    to = contacts[0] if giver is None else giver
    said_by = county.officer(row.officer)
    by_phone = row.channel == Channel.PHONE.value
    entered_by = county.officer(row.entered_by) if by_phone else None
    await outbox.put(
        session,
        bureau,
        key=f"confirmation/{row.reference}",
        kind="confirmation",
        case=(case.id, case.number),
        to_office=to.office,
        to_officer=to.key,
        request=request,
        facts=facts_of(bureau, case, request)
        | {
            "kind_label": AnswerKind(row.kind).label,
            "reference": row.reference,
            "answered_at": row.answered_at.isoformat(),
            "channel_label": Channel(row.channel).label,
            "answered_by": "" if said_by is None else said_by.name,
            "entered_by": "" if entered_by is None else entered_by.name,
        },
    )
