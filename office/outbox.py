"""The outbox: a letter is a row of the transaction that makes it necessary, and is sent from here afterwards.

A post claims letters for some seconds of machine time; the claim's number fences it, so that a post that was
overtaken cannot write over its successor. A letter keeps its Message-ID however often it is tried.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, bindparam, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.bureau import Bureau
from office.claims import (
    GATHERED,
    THIS_HELD,
    Claim,
    claim,
    claimed_letter,
    claimed_with_step,
    give_back,
    hold,
    machine_time_in,
)
from office.database import POST, tell
from office.letter_facts import check_facts
from office.letter_kinds import LetterKind
from office.second_look import ABOUT_AN_OPEN_STEP, Outlook, look_again, stale_because
from office.tables import Event, Letter, Request
from rules.vocabulary import Happening, LetterState, Level

__all__ = [
    "ABOUT_AN_OPEN_STEP", "GATHERED", "Claim", "Content", "LetterKind", "Outlook", "checked", "claim",
    "claimed_letter", "claimed_with_step", "give_back", "hold", "look_again", "put", "put_many", "row_of",
    "stale_because",
]  # fmt: skip


async def put(
    session: AsyncSession,
    bureau: Bureau,
    *,
    key: str,
    kind: str,
    case: tuple[int | None, str],
    to_office: str,
    to_officer: str,
    facts: Mapping[str, Any],
    request: Request | None = None,
    level: Level | None = None,
    acts: bool = False,
) -> bool:
    """Put a letter into the outbox, within the caller's transaction; True when it is new under its key.

    `case` is the case's id and number, (None, "") for a letter of no case. Raises ValueError for facts that the kind
    does not allow, for facts of another case, and for a digest, which is made of letters and is none itself.
    """
    row = row_of(
        bureau, key=key, content=checked(kind, facts, case[1]), case_id=case[0], to_office=to_office,
        to_officer=to_officer, request=request, level=level, acts=acts,
    )  # fmt: skip
    row["message_id"] = new_message_id(bureau)
    new = (await session.execute(_PUT, row)).scalar_one_or_none() is not None
    if new:
        await tell(session, POST)
    return new


_ID_BYTES = 16
"""Of a Message-ID: as many as nobody guesses and no two share."""


async def put_to_another(
    session: AsyncSession, bureau: Bureau, letter: Letter, request: Request | None, office: str, officer: str
) -> bool:
    """Put the same letter to another officer, under the key that their own copy of it has. True when it is new."""
    return await put(
        session, bureau, key=key_for(letter.key, letter.to_officer, officer), kind=letter.kind,
        case=(letter.case_id, str(letter.facts["case_number"])), to_office=office, to_officer=officer,
        facts=letter.facts, request=request, level=None if letter.level is None else Level(letter.level),
        acts=letter.acts,
    )  # fmt: skip


def key_for(key: str, officer: str, instead: str) -> str:
    """The key of a letter that goes to another officer: the one this officer's own copy of it has, where there is one."""
    parts = key.split("/")
    named = [instead if part == officer else part for part in parts]
    return "/".join(named if officer in parts else [*parts, instead])


@dataclass(frozen=True)
class Content:
    """What one or several letters say: facts that were checked, as they are kept."""

    kind: LetterKind
    facts: Mapping[str, Any]


def checked(kind: str, facts: Mapping[str, Any], case_number: str) -> Content:
    """The content of a letter about to be put. Raises ValueError as `put` does."""
    if LetterKind(kind) is LetterKind.DIGEST:
        raise ValueError("a digest is made by the post, of letters that were put")
    found = check_facts(kind, facts)
    if found.case_number != case_number:
        raise ValueError(f"a letter of case {case_number} carries the facts of another case")
    return Content(LetterKind(kind), found.model_dump(mode="json"))


def row_of(
    bureau: Bureau,
    *,
    key: str,
    content: Content,
    case_id: int | None,
    to_office: str,
    to_officer: str,
    request: Request | None = None,
    level: Level | None = None,
    acts: bool = False,
) -> dict[str, Any]:
    """A letter as a row that is still to be put, without its Message-ID."""
    return {
        "key": key,
        "kind": content.kind.value,
        "case_id": case_id,
        "request_id": None if request is None else request.id,
        "request_version": None if request is None else request.version,
        "level": None if level is None else level.value,
        "to_office": to_office,
        "to_officer": to_officer,
        "acts": acts,
        "facts": content.facts,
        "state": LetterState.PENDING.value,
        "attempts": 0,
        "put_at": bureau.clock.now(),
    }


# Built once: to build it takes longer than to send it. What it returns lets SQLAlchemy send many rows in one statement.
_PUT = (
    insert(Letter.__table__)  # type: ignore[arg-type]
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(Letter.__table__.c.id)
)


async def put_many(session: AsyncSession, bureau: Bureau, rows: Sequence[dict[str, Any]]) -> None:
    """Put many letters as `put` puts one; the posts are told once."""
    if rows:
        # One draw for all: each is a word with the operating system.
        drawn, size = secrets.token_hex(_ID_BYTES * len(rows)), 2 * _ID_BYTES
        domain = mail_domain(bureau)
        ids = (f"<{drawn[at : at + size]}@{domain}>" for at in range(0, len(drawn), size))
        await session.execute(_PUT, [row | {"message_id": new} for row, new in zip(rows, ids, strict=True)])
        await tell(session, POST)


def mail_domain(bureau: Bureau) -> str:
    """The domain of the sender's address."""
    return bureau.settings.mail_from.rpartition("@")[2]


def new_message_id(bureau: Bureau) -> str:
    """A fresh Message-ID that says nothing but the sender's domain."""
    return f"<{secrets.token_hex(_ID_BYTES)}@{mail_domain(bureau)}>"


def _handing_over() -> Executable:
    """One statement for what happens to almost every letter: its state and its row of the log."""
    given = (
        update(Letter)
        .where(*THIS_HELD)
        .values(state=LetterState.HANDED_OVER.value, handed_over_at=bindparam("now"), address=bindparam("to"), fault="")
        .returning(Letter.case_id, Letter.request_id, Letter.to_office, Letter.level)
        .cte("given")
    )
    row: dict[str, Any] = {
        "at": bindparam("now", type_=Event.at.type),
        "event": literal(Happening.LETTER_HANDED_OVER.value),
        "case_id": given.c.case_id,
        "proceeding_id": Request.proceeding_id,
        "request_id": Request.id,
        "step": func.coalesce(Request.step, ""),
        "subject": func.coalesce(Request.subject, ""),
        "office": given.c.to_office,
        "level": func.coalesce(given.c.level, ""),
        "detail": bindparam("told", type_=Event.detail.type),
    }
    told = select(*row.values()).select_from(given.outerjoin(Request, Request.id == given.c.request_id))
    return insert(Event.__table__).from_select(list(row), told).returning(Event.id)  # type: ignore[arg-type]


# Built once: to build it takes longer than to send it to PostgreSQL.
_HANDING_OVER = _handing_over()


async def mark_handed_over(session: AsyncSession, bureau: Bureau, held: Claim, address: str) -> bool:
    """The mail server has taken the letter for that address. False when the claim was lost: nothing is written."""
    given = {
        "letter": held.letter_id, "attempt": held.attempt, "now": bureau.clock.now(), "to": address,
        "told": LetterKind(held.kind).label,
    }  # fmt: skip
    return (await session.execute(_HANDING_OVER, given)).scalar_one_or_none() is not None


async def mark_failed(
    session: AsyncSession,
    bureau: Bureau,
    held: Claim,
    fault: str,
    *,
    as_what: Happening = Happening.LETTER_FAILED,
) -> bool:
    """The letter will not leave any more. `fault` is one sentence without a name or address; False as above."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    letter.state = LetterState.FAILED.value
    letter.fault = fault
    await _log(session, bureau, letter, as_what, fault)
    return True


async def mark_stale(session: AsyncSession, bureau: Bureau, held: Claim, reason: str) -> bool:
    """The letter has become untrue and is not sent (again). False when the claim was lost.

    One that may have been received stays uncertain: nobody can say that it was not sent.
    """
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    if letter.unknown_results:
        letter.state = LetterState.UNCERTAIN.value
        letter.unknown_results = max(letter.unknown_results, bureau.settings.mail_uncertain_tries)
    else:
        letter.state = LetterState.STALE.value
    letter.fault = reason
    await _log(session, bureau, letter, Happening.LETTER_STALE, reason)
    return True


async def mark_uncertain(
    session: AsyncSession, bureau: Bureau, held: Claim, address: str, fault: str, wait_seconds: float
) -> bool:
    """The mail server may have taken the letter. It is tried again under the same Message-ID after so many machine
    seconds, a bounded number of times, and never counts as handed over without a word of the server."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    if not letter.unknown_results:
        await _log(session, bureau, letter, Happening.LETTER_UNCERTAIN, fault)
    letter.state = LetterState.UNCERTAIN.value
    letter.unknown_results += 1
    letter.address = address
    letter.fault = fault
    letter.next_try = machine_time_in(wait_seconds)
    return True


async def give_up_uncertain(session: AsyncSession, bureau: Bureau, held: Claim, fault: str) -> bool:
    """The letter was sent as often as it may be, and still nobody knows: it stays uncertain. False as above."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    letter.state = LetterState.UNCERTAIN.value
    letter.unknown_results = max(letter.unknown_results, bureau.settings.mail_uncertain_tries)
    letter.fault = fault
    await _log(session, bureau, letter, Happening.LETTER_UNCERTAIN, fault)
    return True


async def mark_retry(
    session: AsyncSession, held: Claim, fault: str, wait_seconds: float, *, refused: bool = False
) -> bool:
    """The letter was surely not taken and is tried again after so many machine seconds; `refused` counts against its
    address. A try is no act and has no log row; `fault` shows it."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    letter.refusals += refused
    if letter.unknown_results:
        letter.state = LetterState.UNCERTAIN.value
    else:
        letter.state = LetterState.PENDING.value
        letter.carried_by = None
    letter.fault = fault
    letter.next_try = machine_time_in(wait_seconds)
    return True


async def mark_held(session: AsyncSession, held: Claim, fault: str, wait_seconds: float) -> bool:
    """The letter waits because a ceiling is reached; it is looked at again after so many machine seconds."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    letter.state = LetterState.UNCERTAIN.value if letter.unknown_results else LetterState.HELD.value
    letter.fault = fault
    letter.next_try = machine_time_in(wait_seconds)
    return True


async def _log(session: AsyncSession, bureau: Bureau, letter: Letter, event: Happening, reason: str = "") -> None:
    request = None if letter.request_id is None else await session.get_one(Request, letter.request_id)
    label = LetterKind(letter.kind).label
    log.write(
        session,
        event,
        at=bureau.clock.now(),
        case_id=letter.case_id,
        request=request,
        office=letter.to_office,
        level=None if letter.level is None else Level(letter.level),
        detail=f"{label}：{reason}" if reason else label,
    )
