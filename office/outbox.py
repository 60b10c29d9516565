"""The outbox: a letter is a row of the transaction that makes it necessary, and is sent from here afterwards.

A post claims letters for some seconds of machine time; the claim's number fences it, so that a post that was
overtaken cannot write over its successor. A letter keeps its Message-ID however often it is tried.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, text, tuple_, update
from sqlalchemy import case as sql_case
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.bureau import Bureau
from office.database import POST, tell
from office.letter_facts import LetterKind, check_facts
from office.second_look import ABOUT_AN_OPEN_STEP, Outlook, look_again, stale_because
from office.tables import Letter, Request
from rules.vocabulary import Happening, LetterState, Level

__all__ = ["ABOUT_AN_OPEN_STEP", "Claim", "LetterKind", "Outlook", "claim", "look_again", "put", "stale_because"]

CLAIMING = 0x6A696C70  # "jilp": one post at a time gathers ordinary letters, so that two do not share a digest out
CLAIM_SECONDS = 10
"""Machine seconds after which PostgreSQL ends the claim of a post that was frozen in the middle of it."""
GATHERED = (LetterKind.ASKED, LetterKind.REMINDER, LetterKind.ESCALATION)
"""Kinds that wait for company: several of them to one person make one letter. Emergencies never do."""
COMPANY_AT_MOST = 100


async def put(
    session: AsyncSession,
    bureau: Bureau,
    *,
    key: str,
    kind: str,
    case: tuple[int, str],
    to_office: str,
    to_officer: str,
    facts: Mapping[str, Any],
    request: Request | None = None,
    level: Level | None = None,
    acts: bool = False,
) -> bool:
    """Put a letter into the outbox, within the caller's transaction; True when it is new under its key.

    `case` is the case's id and number. Raises ValueError for facts that the kind does not allow, for facts of
    another case, and for a digest, which is made of letters and is none itself.
    """
    if LetterKind(kind) is LetterKind.DIGEST:
        raise ValueError("a digest is made by the post, of letters that were put")
    checked = check_facts(kind, facts)
    if checked.case_number != case[1]:
        raise ValueError(f"a letter of case {case[1]} carries the facts of another case")
    statement = (
        insert(Letter)
        .values(
            key=key,
            message_id=new_message_id(bureau),
            kind=LetterKind(kind).value,
            case_id=case[0],
            request_id=None if request is None else request.id,
            request_version=None if request is None else request.version,
            level=None if level is None else level.value,
            to_office=to_office,
            to_officer=to_officer,
            acts=acts,
            facts=checked.model_dump(mode="json"),
            state=LetterState.PENDING.value,
            attempts=0,
            put_at=bureau.clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Letter.id)
    )
    new = (await session.execute(statement)).scalar_one_or_none() is not None
    if new:
        await tell(session, POST)
    return new


def mail_domain(bureau: Bureau) -> str:
    """The domain of the sender's address."""
    return bureau.settings.mail_from.rpartition("@")[2]


def new_message_id(bureau: Bureau) -> str:
    """A fresh Message-ID that says nothing but the sender's domain."""
    return f"<{secrets.token_hex(16)}@{mail_domain(bureau)}>"


@dataclass(frozen=True)
class Claim:
    """A letter held by a post; `attempt` is the number of the try and fences the claim.

    `digest` is the same for letters to one person that may leave, or were given before, as one; "" for one that
    leaves alone.
    """

    letter_id: int
    attempt: int
    officer: str = field(default="", compare=False)
    urgent: bool = field(default=False, compare=False)
    digest: str = field(default="", compare=False)


_URGENT = Letter.facts["urgent"].as_boolean().is_(True)
_GATHERED = and_(Letter.kind.in_([kind.value for kind in GATHERED]), not_(_URGENT))
_GROUP = (Letter.to_officer, Letter.to_office, Letter.kind, func.coalesce(Letter.level, ""))
_COLUMNS = (
    Letter.id, Letter.attempts, Letter.facts["urgent"].as_boolean().label("urgent"), Letter.to_officer,
    Letter.to_office, Letter.kind, Letter.level, Letter.carried_by, Letter.message_id,
)  # fmt: skip


def _waits(bureau: Bureau) -> ColumnElement[bool]:
    """Letters that may still leave, whoever holds them; of the uncertain ones, those that are not given up."""
    states = (LetterState.PENDING, LetterState.SENDING, LetterState.HELD)
    return or_(
        Letter.state.in_([state.value for state in states]),
        and_(
            Letter.state == LetterState.UNCERTAIN.value,
            Letter.unknown_results < bureau.settings.mail_uncertain_tries,
        ),
    )


async def claim(
    session: AsyncSession,
    bureau: Bureau,
    limit: int,
    holder_seconds: float,
    *,
    settle_seconds: float = 0.0,
    busy: Collection[str] = (),
    urgent_only: bool = False,
) -> list[Claim]:
    """Letters whose time has come, held for so many machine seconds; emergencies first, held ones last.

    At most `limit`, and with them the company of those that make a digest. An ordinary letter that may have company is
    left for `settle_seconds` after it was put. Officers who are `busy` get no ordinary letter now, and with `urgent_only`
    nobody does. A letter whose post was killed is found again when the hold has run out; if it may have been given to the mail server, that counts as
    an unknown result.
    """
    due = [_waits(bureau), Letter.next_try <= func.clock_timestamp()]
    wanted = list(due)
    if urgent_only:
        wanted.append(_URGENT)
    elif busy:
        wanted.append(or_(_URGENT, Letter.to_officer.not_in(sorted(busy))))
    if not await _may_gather(session):
        wanted.append(not_(_GATHERED))
    elif settle_seconds:
        wanted.append(or_(not_(_GATHERED), Letter.attempts > 0, Letter.next_try <= _machine_time_in(-settle_seconds)))
    rows = await _take(session, wanted, limit, holder_seconds)
    groups = {_group_of(row) for row in rows if _may_have_company(row)}
    carriers = {row.carried_by for row in rows if row.carried_by not in (None, row.message_id)}
    company = []
    if groups:
        fresh = and_(*due, _GATHERED, Letter.carried_by.is_(None))
        company.append(and_(fresh, tuple_(*_GROUP).in_(sorted(groups))))
    if carriers:
        # Claimed together before; their holds ran out within the same moment.
        again = and_(_waits(bureau), Letter.next_try <= _machine_time_in(1.0))
        company.append(and_(again, Letter.carried_by.in_(sorted(carriers))))
    if company:
        rows += await _take(session, [or_(*company)], COMPANY_AT_MOST, holder_seconds)
    rows.sort(key=lambda row: (row.urgent is not True, row.id))
    return [Claim(row.id, row.attempts, row.to_officer, row.urgent is True, _digest_of(row)) for row in rows]


async def _may_gather(session: AsyncSession) -> bool:
    found: bool = (
        await session.execute(
            text(
                "SELECT pg_try_advisory_xact_lock(:key) "
                "FROM set_config('idle_in_transaction_session_timeout', :patience, true)"
            ),
            {"key": CLAIMING, "patience": f"{CLAIM_SECONDS}s"},
        )
    ).scalar_one()
    return found


def _may_have_company(row: Any) -> bool:
    return row.carried_by is None and row.urgent is not True and row.kind in [kind.value for kind in GATHERED]


def _group_of(row: Any) -> tuple[str, str, str, str]:
    return row.to_officer, row.to_office, row.kind, row.level or ""


def _digest_of(row: Any) -> str:
    if row.carried_by is not None:
        return "" if row.carried_by == row.message_id else row.carried_by
    return "/".join(_group_of(row)) if _may_have_company(row) else ""


async def _take(
    session: AsyncSession, wanted: Sequence[ColumnElement[bool]], limit: int, holder_seconds: float
) -> list[Any]:
    due = (
        select(Letter.id)
        .where(*wanted)
        .order_by(
            sql_case((_URGENT, 0), else_=1),
            sql_case((Letter.state == LetterState.HELD.value, 1), else_=0),
            Letter.next_try,
            Letter.id,
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    given_already = and_(Letter.state == LetterState.SENDING.value, Letter.carried_by.is_not(None))
    statement = (
        update(Letter)
        # Materialized: as a plain subquery it could be run again by the planner, and lock more than the limit.
        .where(Letter.id.in_(select(due.cte("due_now").prefix_with("MATERIALIZED").c.id)))
        .values(
            state=LetterState.SENDING.value,
            attempts=Letter.attempts + 1,
            next_try=_machine_time_in(holder_seconds),
            unknown_results=Letter.unknown_results + sql_case((given_already, 1), else_=0),
        )
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return list((await session.execute(statement)).all())


def _machine_time_in(seconds: float) -> Any:
    return func.clock_timestamp() + timedelta(seconds=seconds)


_WAITING_STATE = sql_case((Letter.unknown_results > 0, LetterState.UNCERTAIN.value), else_=LetterState.PENDING.value)


async def hold(session: AsyncSession, claims: Sequence[Claim], holder_seconds: float) -> None:
    """Hold claimed letters for longer; a claim that was lost stays lost."""
    await session.execute(
        update(Letter)
        .where(
            tuple_(Letter.id, Letter.attempts).in_([(one.letter_id, one.attempt) for one in claims]),
            Letter.state == LetterState.SENDING.value,
        )
        .values(next_try=_machine_time_in(holder_seconds))
        .execution_options(synchronize_session=False)
    )


async def give_back(session: AsyncSession, claims: Sequence[Claim], wait_seconds: float) -> None:
    """Put claimed letters that were not tried back among the waiting, for after so many machine seconds."""
    await session.execute(
        update(Letter)
        .where(
            tuple_(Letter.id, Letter.attempts).in_([(one.letter_id, one.attempt) for one in claims]),
            Letter.state == LetterState.SENDING.value,
        )
        .values(state=_WAITING_STATE, attempts=Letter.attempts - 1, next_try=_machine_time_in(wait_seconds))
        .execution_options(synchronize_session=False)
    )


async def claimed_letter(session: AsyncSession, held: Claim) -> Letter | None:
    """The letter of a claim, locked until the transaction ends; None when the claim was lost."""
    statement = (
        select(Letter)
        .where(
            Letter.id == held.letter_id,
            Letter.attempts == held.attempt,
            Letter.state == LetterState.SENDING.value,
        )
        .with_for_update()
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def mark_handed_over(session: AsyncSession, bureau: Bureau, held: Claim, address: str) -> bool:
    """The mail server has taken the letter for that address. False when the claim was lost: nothing is written."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    letter.state = LetterState.HANDED_OVER.value
    letter.handed_over_at = bureau.clock.now()
    letter.address = address
    letter.fault = ""
    await _log(session, bureau, letter, Happening.LETTER_HANDED_OVER)
    return True


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
    letter.next_try = _machine_time_in(wait_seconds)
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
    letter.next_try = _machine_time_in(wait_seconds)
    return True


async def mark_held(session: AsyncSession, held: Claim, fault: str, wait_seconds: float) -> bool:
    """The letter waits because a ceiling is reached; it is looked at again after so many machine seconds."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    letter.state = LetterState.UNCERTAIN.value if letter.unknown_results else LetterState.HELD.value
    letter.fault = fault
    letter.next_try = _machine_time_in(wait_seconds)
    return True


async def _log(session: AsyncSession, bureau: Bureau, letter: Letter, event: Happening, reason: str = "") -> None:
    request = None
    if letter.request_id is not None:
        request = (await session.execute(select(Request).where(Request.id == letter.request_id))).scalar_one()
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
