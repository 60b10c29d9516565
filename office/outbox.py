"""The outbox: a letter is a row of the transaction that makes it necessary, and is sent from here afterwards.

A post claims letters for some seconds of machine time; the claim's number fences it, so that a post that was
overtaken cannot write over its successor. A letter keeps its Message-ID however often it is tried.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case as sql_case
from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.bureau import Bureau
from office.database import POST, tell
from office.letter_facts import LetterKind, check_facts
from office.tables import Disclosure, Letter, Request
from rules.ladder import Clock
from rules.vocabulary import Happening, LetterState, Level, RequestState


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

    `case` is the case's id and number, (None, "") for a letter of no case. Raises ValueError for facts that the kind does not allow, and for facts of
    another case.
    """
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
    """A letter held by a post; `attempt` is the number of the try and fences the claim."""

    letter_id: int
    attempt: int


async def claim(session: AsyncSession, bureau: Bureau, limit: int, holder_seconds: float) -> list[Claim]:  # noqa: ARG001
    """At most `limit` letters whose time has come, held for so many machine seconds; emergencies first.

    A letter whose post was killed is found again when the hold has run out.
    """
    due = (
        select(Letter.id)
        .where(
            Letter.state.in_([LetterState.PENDING.value, LetterState.SENDING.value]),
            Letter.next_try <= func.clock_timestamp(),
        )
        .order_by(sql_case((Letter.facts["urgent"].as_boolean(), 0), else_=1), Letter.next_try, Letter.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(Letter)
        # Materialized: as a plain subquery it could be run again by the planner, and lock more than the limit.
        .where(Letter.id.in_(select(due.cte("due_now").prefix_with("MATERIALIZED").c.id)))
        .values(
            state=LetterState.SENDING.value, attempts=Letter.attempts + 1, next_try=_machine_time_in(holder_seconds)
        )
        .returning(Letter.id, Letter.attempts, Letter.facts["urgent"].as_boolean())
        .execution_options(synchronize_session=False)
    )
    rows = (await session.execute(statement)).all()
    return [Claim(row[0], row[1]) for row in sorted(rows, key=lambda row: (row[2] is not True, row[0]))]


def _machine_time_in(seconds: float) -> Any:
    return func.clock_timestamp() + timedelta(seconds=seconds)


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
        .values(state=LetterState.PENDING.value, attempts=Letter.attempts - 1, next_try=_machine_time_in(wait_seconds))
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


@dataclass(frozen=True)
class Outlook:
    """What is seen when one looks again before sending: the letter then, its step now."""

    kind: LetterKind
    acts: bool
    clock: Clock | None
    version_then: int | None
    version_now: int | None
    deadline_then: datetime | None
    deadline_now: datetime | None
    state: RequestState | None
    newer_waits: bool
    code_is_over: bool = False
    colleague_took: bool = False


ABOUT_AN_OPEN_STEP = (
    LetterKind.ASKED,
    LetterKind.REMINDER,
    LetterKind.ESCALATION,
    LetterKind.QUESTION_ANSWERED,
    LetterKind.EXTENSION_DECIDED,
    LetterKind.DISCLOSURE_CODE,
    LetterKind.DEADLINE_MOVED,
)
"""Kinds that are untrue once the step has ended; the others tell what has happened, and stay true."""


def stale_because(seen: Outlook) -> str:
    """Why a letter is no longer true, in Chinese; "" while it is."""
    if seen.kind not in ABOUT_AN_OPEN_STEP or seen.state is None:
        return ""
    faults = (
        (not seen.state.is_open, f"事项{seen.state.label}"),
        (seen.acts and seen.version_then != seen.version_now, "事项内容已有变化，另有新信"),
        (seen.clock is Clock.ACKNOWLEDGE and seen.state is RequestState.ACKNOWLEDGED, "事项已签收"),
        (seen.deadline_then != seen.deadline_now, "时限已经变更"),
        (seen.colleague_took, "事项已由同事签收"),
        (seen.newer_waits, "已有更新的同类信件"),
        (seen.code_is_over, "查阅码已失效"),
    )
    return next((reason for untrue, reason in faults if untrue), "")


async def look_again(session: AsyncSession, letter: Letter) -> tuple[Outlook, Request | None]:
    """The letter's step as it stands at this moment."""
    kind = LetterKind(letter.kind)
    request = None
    if letter.request_id is not None:
        request = (await session.execute(select(Request).where(Request.id == letter.request_id))).scalar_one()
    clock = Clock(letter.facts["clock"]) if "clock" in letter.facts else None
    then = now = None
    newer = False
    if request is not None and clock is not None:
        then = datetime.fromisoformat(letter.facts["deadline"])
        now = request.acknowledge_by if clock is Clock.ACKNOWLEDGE else request.due
        newer = await _newer_exists(session, letter, clock)
    return Outlook(
        kind=kind,
        acts=letter.acts,
        clock=clock,
        version_then=letter.request_version,
        version_now=None if request is None else request.version,
        deadline_then=then,
        deadline_now=now,
        state=None if request is None else RequestState(request.state),
        newer_waits=newer,
        code_is_over=kind is LetterKind.DISCLOSURE_CODE and await _code_is_over(session, letter),
        colleague_took=kind is LetterKind.REMINDER and request is not None and _colleague_took(letter, request),
    ), request


def _colleague_took(letter: Letter, request: Request) -> bool:
    """Whether somebody else has taken the step since this reminder was put.

    One put afterwards to another than the owner is there because the owner cannot be reached.
    """
    if request.owner is None or request.acknowledged_at is None:
        return False
    return request.owner != letter.to_officer and letter.put_at < request.acknowledged_at


async def _code_is_over(session: AsyncSession, letter: Letter) -> bool:
    """Whether the one-time code in the letter has run out, was used, or has been followed by a newer one."""
    statement = select(Disclosure.link_id, Disclosure.id).where(
        Disclosure.letter_id == letter.id,
        Disclosure.used_at.is_(None),
        Disclosure.expires_at > func.clock_timestamp(),
    )
    live = (await session.execute(statement)).one_or_none()
    if live is None:
        return True
    newer = select(Disclosure.id).where(Disclosure.link_id == live[0], Disclosure.id > live[1]).limit(1)
    return (await session.execute(newer)).scalar_one_or_none() is not None


async def _newer_exists(session: AsyncSession, letter: Letter, clock: Clock) -> bool:
    """Whether the same person has a later notice of the same clock: after an outage one letter tells the latest."""
    statement = (
        select(Letter.id)
        .where(
            Letter.request_id == letter.request_id,
            Letter.to_officer == letter.to_officer,
            Letter.id > letter.id,
            Letter.kind.in_([LetterKind.REMINDER.value, LetterKind.ESCALATION.value]),
            Letter.facts["clock"].as_string() == clock.value,
            or_(
                Letter.state.in_([LetterState.PENDING.value, LetterState.SENDING.value]),
                Letter.state == LetterState.HANDED_OVER.value,
            ),
        )
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


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
    """The letter has become untrue and is not sent. False when the claim was lost."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    letter.state = LetterState.STALE.value
    letter.fault = reason
    await _log(session, bureau, letter, Happening.LETTER_STALE, reason)
    return True


async def mark_retry(session: AsyncSession, held: Claim, fault: str, wait_seconds: float) -> bool:
    """The letter is tried again after so many machine seconds. A try is no act and has no log row; `fault` shows it."""
    letter = await claimed_letter(session, held)
    if letter is None:
        return False
    letter.state = LetterState.PENDING.value
    letter.fault = fault
    letter.next_try = _machine_time_in(wait_seconds)
    return True


async def _log(session: AsyncSession, bureau: Bureau, letter: Letter, event: Happening, reason: str = "") -> None:
    """The log row of what became of a letter."""
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
