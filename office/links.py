"""A link is one purpose for one recipient for one step version. Looking at it changes nothing.

The token is made from a random nonce and the installation's key and kept as a hash only: the database alone opens no
link, and a letter that must be sent again carries the same link under the same Message-ID.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import contacts
from office.bureau import Bureau
from office.deadlines import holds_of
from office.letter_kinds import LetterKind
from office.people import People, plain_name
from office.refusals import UnknownLink
from office.requests import subject_label, terms_of
from office.roster import people_of
from office.tables import AnswerRow, CaseRow, Letter, Link, Proceeding, Request
from office.tokens import (
    CODE_DIGITS,
    TOKEN_LETTERS,
    Minted,
    clean_token,
    code_of,
    hash_of,
    is_code,
    older_token_of,
    token_of,
)
from rules.answers import Answer
from rules.holds import Hold, running
from rules.steps import Step, step
from rules.vocabulary import AnswerKind, Channel, Labelled, Level, RequestState

__all__ = ["CODE_DIGITS", "TOKEN_LETTERS", "Minted", "clean_token"]

MOST_WRONG_CODES = 50
"""Wrong codes after which a link opens nothing more: of a million codes too few to guess at."""


class LinkStatus(Labelled):
    """What an officer who opens a link finds."""

    OPEN = "open", "待办"
    ANSWERED = "answered", "已答复"
    EXPIRED = "expired", "链接已过期"
    WITHDRAWN = "withdrawn", "已撤回"
    MOVED = "moved", "已改由其他单位承办"
    WORN = "worn", "链接已停用"
    CHANGED = "changed", "来信后情况有变"
    NOT_YOURS = "not_yours", "不能由您办理"
    UNKNOWN = "unknown", "链接无效"


@dataclass(frozen=True)
class Decided:
    """An answer as a page may show it: who, when, through what."""

    kind: AnswerKind
    by: str
    office: str
    at: datetime
    reference: str
    channel: Channel


@dataclass(frozen=True)
class Exchange:
    """A question of the office and the coordinator's answer, "" while there is none."""

    question: str
    facts: str
    at: datetime


@dataclass(frozen=True)
class OpenedLink:
    """What stands behind a link at this moment."""

    status: LinkStatus
    token: str
    link_id: int
    version: int
    case: str
    step: Step  # type: ignore[type-arg]
    subject: str
    subject_label: str
    office_name: str
    officer_name: str
    state: RequestState
    asked_at: datetime
    acknowledge_by: datetime
    due: datetime
    expires_at: datetime
    urgent: bool
    basis: str
    decided: Decided | None
    acknowledged: Decided | None
    exchanges: tuple[Exchange, ...]
    extension: str
    may_extend: bool
    moved_to: str = ""
    words_wait: bool = False
    stand_in: str = ""
    stands_for: str = ""
    shared: bool = False
    desk: tuple[tuple[str, str], ...] = ()
    held: Hold | None = None

    def without_words(self) -> OpenedLink:
        """The same, without what people wrote: that may be about the child and is shown against a one-time code only
        (`office.disclosure`). `words_wait` says that there is something to read."""
        return replace(self, exchanges=(), words_wait=bool(self.exchanges))


def code_is_right(bureau: Bureau, link: Link, typed: str) -> bool:
    """Whether the typed code is the one printed in the link's letter. Blanks and full-width digits are forgiven."""
    return is_code(bureau, link.nonce, typed)


# Built once: to build it takes longer than to send it to PostgreSQL.
_MINTING = (
    insert(Link.__table__)  # type: ignore[arg-type]
    .on_conflict_do_nothing(index_elements=["letter_id"])
    .returning(Link.nonce, Link.token_hash, Link.expires_at)
)


async def mint(session: AsyncSession, bureau: Bureau, letter: Letter) -> Minted:
    """The link of that letter: made once, the same whenever the letter is composed again.

    Raises ValueError for a letter that concerns no step.
    """
    if letter.kind in (LetterKind.ADDRESS_CHECK.value, LetterKind.ABSENCE_FORM.value):
        return await contacts.mint(session, bureau, letter)
    if letter.request_id is None:
        raise ValueError(f"letter {letter.id} concerns no step and carries no link")
    request = await session.get_one(Request, letter.request_id)
    nonce, now = secrets.token_urlsafe(24), bureau.clock.now()
    fresh = {
        "letter_id": letter.id, "request_id": request.id, "request_version": request.version,
        "office": letter.to_office, "officer": letter.to_officer, "nonce": nonce,
        "token_hash": hash_of(token_of(bureau, nonce)), "made_at": now,
        "expires_at": now + timedelta(days=bureau.settings.link_days), "wrong_codes": 0,
    }  # fmt: skip
    link = (await session.execute(_MINTING, fresh)).one_or_none()
    if link is None:
        made = select(Link.nonce, Link.token_hash, Link.expires_at).where(Link.letter_id == letter.id)
        link = (await session.execute(made)).one()
    # Letters of the first release carry a token of another alphabet.
    older = older_token_of(bureau, link.nonce)
    token = older if link.token_hash == hash_of(older) else token_of(bureau, link.nonce)
    return Minted(f"{bureau.settings.portal_url}/r/{token}", code_of(bureau, link.nonce), link.expires_at)


_FINDING = (
    select(Link, Request, CaseRow)
    .join(Request, Request.id == Link.request_id)
    .join(Proceeding, Proceeding.id == Request.proceeding_id)
    .join(CaseRow, CaseRow.id == Proceeding.case_id)
    .where(Link.token_hash == bindparam("hash"))
)
_FINDING_LOCKED = _FINDING.with_for_update(of=(Request, Link))
_NEWEST = (
    select(Request)
    .where(
        Request.proceeding_id == bindparam("proceeding"),
        Request.step == bindparam("step"),
        Request.subject == bindparam("subject"),
    )
    .order_by(Request.round.desc())
    .limit(1)
)
_ASIDES = select(Request).where(Request.concerns == bindparam("request")).order_by(Request.id)
_ANSWERS = select(AnswerRow).where(AnswerRow.request_id == bindparam("request")).order_by(AnswerRow.id)


async def find(session: AsyncSession, raw: str, *, lock: bool = False) -> tuple[Link, Request, CaseRow]:
    """The link, its request and case. Raises `UnknownLink`. `lock` holds the request until the transaction ends."""
    found = await session.execute(_FINDING_LOCKED if lock else _FINDING, {"hash": hash_of(clean_token(raw))})
    row = found.one_or_none()
    if row is None:
        raise UnknownLink
    return row[0], row[1], row[2]


async def newest_round(session: AsyncSession, request: Request) -> Request:
    """The latest round of the same step."""
    given = {"proceeding": request.proceeding_id, "step": request.step, "subject": request.subject}
    return (await session.execute(_NEWEST, given)).scalar_one()


async def answers_to(session: AsyncSession, request: Request) -> Sequence[AnswerRow]:
    """Every answer to a step, oldest first."""
    return (await session.execute(_ANSWERS, {"request": request.id})).scalars().all()


async def status_of(
    session: AsyncSession,
    bureau: Bureau,
    link: Link,
    request: Request,
    people: People | None = None,
    newest: Request | None = None,
) -> LinkStatus:
    """What the link is worth now. The right to act is judged at the moment of acting.

    `people` are those of the step's case and `newest` its latest round, where the caller has read them in this
    transaction.
    """
    people = people or await people_of(session, bureau, request)
    officer = bureau.county.officer(link.officer)
    if officer is not None and people.is_barred(officer):
        # Before anything else: who is barred learns nothing, not even whether it was answered.
        return LinkStatus.NOT_YOURS
    newest = newest or await newest_round(session, request)
    if newest.id != request.id and newest.office != request.office:
        return LinkStatus.MOVED
    if request.state == RequestState.WITHDRAWN.value:
        return LinkStatus.WITHDRAWN
    if not RequestState(request.state).is_open:
        return LinkStatus.ANSWERED
    if link.wrong_codes >= MOST_WRONG_CODES:
        return LinkStatus.WORN
    if bureau.clock.now() >= link.expires_at:
        return LinkStatus.EXPIRED
    if not people.may_act(link.officer, request.office):
        return LinkStatus.MOVED
    return LinkStatus.CHANGED if link.request_version < request.version else LinkStatus.OPEN


def is_another_barred(people: People, key: str, typed_name: str) -> bool:
    """Whether the name typed is that of somebody barred from the case, and not the link's own officer's."""
    officer = people.county.officer(key)
    its_own = officer is not None and not officer.shared and plain_name(officer.name) == plain_name(typed_name)
    return people.is_barred_name(typed_name) and not its_own


def through_shared(bureau: Bureau, key: str) -> bool:
    """Whether that key is a mailbox several people share."""
    officer = bureau.county.officer(key)
    return officer is not None and officer.shared


def _decided(bureau: Bureau, row: AnswerRow) -> Decided:
    return Decided(
        AnswerKind(row.kind),
        f"{row.typed_name}（经共用邮箱）" if through_shared(bureau, row.officer) else row.typed_name,
        bureau.county.office(row.office).name,
        row.answered_at,
        row.reference,
        Channel(row.channel),
    )


async def open_link(bureau: Bureau, raw: str) -> OpenedLink:
    """What an officer sees behind a link. Reads only; raises `UnknownLink`."""
    async with bureau.database.transaction() as session:
        link, request, case = await find(session, raw)
        people = await people_of(session, bureau, request)
        newest = await newest_round(session, request)
        status = await status_of(session, bureau, link, request, people, newest)
        answers = await answers_to(session, request)
        asides = (await session.execute(_ASIDES, {"request": request.id})).scalars().all()
        replies = await _replies(session, asides)
        cause = await _cause(session, request)
    asked: Step[Answer] = step(request.step)
    questions = [row for row in answers if row.kind == AnswerKind.MORE_FACTS.value]
    supplies = [a for a in asides if a.step == "supply_facts"]
    exchanges = tuple(
        Exchange(
            question.words,
            str(replies[supply.id].payload.get("facts", "")) if supply.id in replies else "",
            question.answered_at,
        )
        for question, supply in zip(questions, supplies, strict=False)
    )
    if cause is not None:
        exchanges = (Exchange(cause.words, "", cause.answered_at),)
    extension = ""
    for aside in asides:
        if aside.step == "decide_extension":
            reply = replies.get(aside.id)
            extension = "pending" if reply is None else ("granted" if reply.payload.get("granted") else "refused")
    office = bureau.county.office(request.office)
    officer = bureau.county.officer(link.officer)
    away = people.stand_in_of(link.officer) if people.is_away(link.officer) else None
    absent = bureau.county.officer(people.stands_for(link.officer, request.office))
    decisions = [r for r in answers if r.kind in (AnswerKind.DONE.value, AnswerKind.DECLINED.value)]
    receipts = [r for r in answers if r.kind == AnswerKind.RECEIVED.value]
    return OpenedLink(
        status=status,
        token=clean_token(raw),
        link_id=link.id,
        version=request.version,
        case=case.number,
        step=asked,
        subject=request.subject,
        subject_label=subject_label(request),
        office_name=office.name,
        officer_name="" if officer is None else officer.name,
        state=RequestState(request.state),
        asked_at=request.asked_at,
        acknowledge_by=request.acknowledge_by,
        due=request.due,
        expires_at=link.expires_at,
        urgent=request.urgent,
        basis=terms_of(request).answer.basis,
        decided=_decided(bureau, decisions[0]) if decisions else None,
        acknowledged=_decided(bureau, receipts[0]) if receipts else None,
        exchanges=exchanges,
        extension=extension,
        may_extend=may_extend(bureau, request, extension),
        moved_to=bureau.county.office(newest.office).name if newest.office != request.office else "",
        stand_in="" if away is None else away.name,
        stands_for="" if absent is None else absent.name,
        shared=officer is not None and officer.shared,
        held=running(holds_of(request), bureau.clock.now()),
        desk=tuple(
            (one.officer.name, one.officer.phone)
            for one in people.at_level(Level.COORDINATOR, request.office)
            if one.officer.phone
        ),
    )


async def _replies(session: AsyncSession, asides: Sequence[Request]) -> dict[int, AnswerRow]:
    """The coordinator's decisions on what was put to them about a step, by the request that put it."""
    if not asides:
        return {}
    decided = select(AnswerRow).where(
        AnswerRow.request_id.in_([aside.id for aside in asides]), AnswerRow.kind == AnswerKind.DONE.value
    )
    return {row.request_id: row for row in (await session.execute(decided)).scalars()}


CAUSES = {
    "reroute": AnswerKind.DECLINED,
    "supply_facts": AnswerKind.MORE_FACTS,
    "decide_extension": AnswerKind.EXTENSION,
}
"""Which answer of an office puts which step to the coordinator."""


async def _cause(session: AsyncSession, request: Request) -> AnswerRow | None:
    """The office's answer that put this step to the coordinator; None for any other step."""
    if request.concerns is None or request.step not in CAUSES:
        return None
    statement = select(AnswerRow).where(
        AnswerRow.request_id == request.concerns, AnswerRow.kind == CAUSES[request.step].value
    )
    if request.step == "supply_facts":
        statement = statement.where(AnswerRow.reference == request.subject)
    return (await session.execute(statement.order_by(AnswerRow.id.desc()).limit(1))).scalar_one_or_none()


def may_extend(bureau: Bureau, request: Request, extension: str) -> bool:
    """One bounded extension, asked before expiry; never of an emergency step, never of the coordinator's own.

    A limit that runs on through a change of hands brings its extension with it: the next office has none left.
    """
    asked = step(request.step)
    unused = extension == "" and not request.extended
    return unused and asked.mechanism is not None and not request.urgent and bureau.clock.now() < request.due
