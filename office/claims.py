"""Letters held by a post: taken from the outbox for some seconds of machine time, held on to, given back.

A claim's number fences it, so that a post that was overtaken cannot write over its successor.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, bindparam, exists, func, not_, or_, select, text, tuple_, update
from sqlalchemy import case as sql_case
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from office.addresses import written
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.locks import AdvisoryLock
from office.tables import AddressMark, Letter, Request
from rules.vocabulary import LetterState

CLAIM_SECONDS = 10
"""Machine seconds after which PostgreSQL ends the claim of a post that was frozen in the middle of it."""
GATHERED = (LetterKind.ASKED, LetterKind.REMINDER, LetterKind.ESCALATION)
"""Kinds that wait for company: several of them to one person make one letter. Emergencies never do."""
COMPANY_AT_MOST = 100


@dataclass(frozen=True)
class Claim:
    """A letter held by a post; `attempt` is the number of the try and fences the claim.

    `digest` is the same for letters to one person that may leave, or were given before, as one; "" for one that
    leaves alone.
    """

    letter_id: int
    attempt: int
    kind: str = field(default="", compare=False)
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


def may_still_leave(bureau: Bureau) -> ColumnElement[bool]:
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
    due = [may_still_leave(bureau), Letter.next_try <= func.clock_timestamp()]
    wanted = list(due)
    if urgent_only:
        wanted.append(_URGENT)
    elif busy:
        wanted.append(or_(_URGENT, Letter.to_officer.not_in(sorted(busy))))
    if not await _may_gather(session):
        wanted.append(not_(_GATHERED))
    elif settle_seconds:
        wanted.append(or_(not_(_GATHERED), Letter.attempts > 0, Letter.next_try <= machine_time_in(-settle_seconds)))
    rows = await _take(session, wanted, limit, holder_seconds)
    groups = {_group_of(row) for row in rows if _may_have_company(row)}
    carriers = {row.carried_by for row in rows if row.carried_by not in (None, row.message_id)}
    company = []
    if groups:
        fresh = and_(*due, _GATHERED, Letter.carried_by.is_(None))
        company.append(and_(fresh, tuple_(*_GROUP).in_(sorted(groups))))
    if carriers:
        # Claimed together before; their holds ran out within the same moment.
        again = and_(may_still_leave(bureau), Letter.next_try <= machine_time_in(1.0))
        company.append(and_(again, Letter.carried_by.in_(sorted(carriers))))
    if company:
        rows += await _take(session, [or_(*company)], COMPANY_AT_MOST, holder_seconds)
    rows.sort(key=lambda row: (row.urgent is not True, row.id))
    return [Claim(row.id, row.attempts, row.kind, row.to_officer, row.urgent is True, _digest_of(row)) for row in rows]


async def _may_gather(session: AsyncSession) -> bool:
    found: bool = (
        await session.execute(
            text(
                "SELECT pg_try_advisory_xact_lock(:key) "
                "FROM set_config('idle_in_transaction_session_timeout', :patience, true)"
            ),
            {"key": AdvisoryLock.CLAIMING, "patience": f"{CLAIM_SECONDS}s"},
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
            next_try=machine_time_in(holder_seconds),
            unknown_results=Letter.unknown_results + sql_case((given_already, 1), else_=0),
        )
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return list((await session.execute(statement)).all())


def machine_time_in(seconds: float) -> Any:
    return func.clock_timestamp() + timedelta(seconds=seconds)


_WAITING_STATE = sql_case((Letter.unknown_results > 0, LetterState.UNCERTAIN.value), else_=LetterState.PENDING.value)


def _are_held(claims: Sequence[Claim]) -> tuple[ColumnElement[bool], ...]:
    held = tuple_(Letter.id, Letter.attempts).in_([(one.letter_id, one.attempt) for one in claims])
    return held, Letter.state == LetterState.SENDING.value


async def hold(session: AsyncSession, claims: Sequence[Claim], holder_seconds: float) -> None:
    """Hold claimed letters for longer; a claim that was lost stays lost."""
    await session.execute(
        update(Letter)
        .where(*_are_held(claims))
        .values(next_try=machine_time_in(holder_seconds))
        .execution_options(synchronize_session=False)
    )


async def give_back(session: AsyncSession, claims: Sequence[Claim], wait_seconds: float) -> None:
    """Put claimed letters that were not tried back among the waiting, for after so many machine seconds."""
    await session.execute(
        update(Letter)
        .where(*_are_held(claims))
        .values(state=_WAITING_STATE, attempts=Letter.attempts - 1, next_try=machine_time_in(wait_seconds))
        .execution_options(synchronize_session=False)
    )


def _is_held(held: Claim) -> tuple[ColumnElement[bool], ...]:
    return Letter.id == held.letter_id, Letter.attempts == held.attempt, Letter.state == LetterState.SENDING.value


async def claimed_letter(session: AsyncSession, held: Claim) -> Letter | None:
    """The letter of a claim, locked until the transaction ends; None when the claim was lost."""
    statement = select(Letter).where(*_is_held(held)).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


THIS_HELD = (
    Letter.id == bindparam("letter"),
    Letter.attempts == bindparam("attempt"),
    Letter.state == LetterState.SENDING.value,
)


def _with_step() -> Executable:
    later = aliased(Letter)
    followed = exists().where(
        later.case_id == Letter.case_id,
        later.request_id.is_not_distinct_from(Letter.request_id),
        later.to_officer == Letter.to_officer,
        later.id > Letter.id,
    )
    marked = exists().where(AddressMark.address == bindparam("address"), AddressMark.cleared_at.is_(None))
    return (
        select(Letter, Request, followed, marked)
        .outerjoin(Request, Request.id == Letter.request_id)
        .where(*THIS_HELD)
        .with_for_update(of=Letter)
    )


# Built once: to build it takes longer than to send it to PostgreSQL.
_WITH_STEP = _with_step()


@dataclass(frozen=True)
class Found:
    """A claimed letter with its step, which is not locked; whether the person has a later letter about the step; and
    whether letters come back from the address."""

    letter: Letter
    request: Request | None
    followed: bool
    marked: bool


async def claimed_with_step(session: AsyncSession, held: Claim, address: str) -> Found | None:
    """The same with all that is asked of it before it leaves, in one statement."""
    given = {"letter": held.letter_id, "attempt": held.attempt, "address": written(address)}
    row = (await session.execute(_WITH_STEP, given)).one_or_none()
    return None if row is None else Found(*row)
