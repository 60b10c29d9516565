"""Is a letter still true? What is looked at again at the moment a letter is about to leave.

Days may lie between the putting and the sending of a letter. One that has become untrue does not leave, and of several
that tell one person the same, the latest does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from office.letter_kinds import LetterKind
from office.tables import Disclosure, Letter, Request
from rules.ladder import Clock
from rules.vocabulary import MAY_ARRIVE, LetterState, RequestState

PERHAPS_RECEIVED = (LetterState.HANDED_OVER.value, LetterState.UNCERTAIN.value)


@dataclass(frozen=True)
class Outlook:
    """What is seen when one looks again before sending: the letter then, its step now.

    `told_before` says whether the person was really handed the letter that this one follows upon; None while that
    letter is on its way, so that nobody can tell yet.
    """

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
    told_before: bool | None = True


ABOUT_AN_OPEN_STEP = (
    LetterKind.ASKED,
    LetterKind.REMINDER,
    LetterKind.ESCALATION,
    LetterKind.QUESTION_ANSWERED,
    LetterKind.EXTENSION_DECIDED,
    LetterKind.HELD,
    LetterKind.DISCLOSURE_CODE,
    LetterKind.DEADLINE_MOVED,
)
"""Kinds that are untrue once the step has ended; the others tell what has happened, and stay true."""

FOLLOWS = {
    LetterKind.CLOSING_NOTICE: (LetterKind.ESCALATION,),
    LetterKind.MOVED: (
        LetterKind.ASKED,
        LetterKind.REMINDER,
        LetterKind.QUESTION_ANSWERED,
        LetterKind.EXTENSION_DECIDED,
        LetterKind.HELD,
        LetterKind.DEADLINE_MOVED,
    ),
}
"""Kinds that mean nothing to a person who was never handed one of the letters they follow upon."""

RUNGS = (LetterKind.REMINDER, LetterKind.ESCALATION)
OVERTAKEN_BY = {
    LetterKind.ASKED: (LetterKind.ASKED, LetterKind.MOVED),
    LetterKind.REMINDER: RUNGS,
    LetterKind.ESCALATION: RUNGS,
    LetterKind.TAKEN_BY: (LetterKind.TAKEN_BY, LetterKind.MOVED),
    LetterKind.INFORMED: (LetterKind.INFORMED,),
    LetterKind.RECIPIENT_MISSING: (LetterKind.RECIPIENT_MISSING,),
}
"""Kinds that say nothing any more once the same person has a later letter of these kinds about the same thing."""

SAME_THING = {
    LetterKind.INFORMED: ("mechanism_label", "office_name", "matter"),
    LetterKind.RECIPIENT_MISSING: ("office_name", "officer", "reason_label", "letter_label"),
}
"""Facts that must agree, besides the step, for two letters to be about the same thing."""


def stale_because(seen: Outlook) -> str:
    """Why a letter is no longer true, in Chinese; "" while it is."""
    if seen.told_before is False:
        return "收件人未曾收到前一封信，无须告知"
    faults: tuple[tuple[bool, str], ...] = ()
    if seen.kind in ABOUT_AN_OPEN_STEP and seen.state is not None:
        faults = (
            (not seen.state.is_open, f"事项{seen.state.label}"),
            (seen.acts and seen.version_then != seen.version_now, "事项内容已有变化，另有新信"),
            (seen.clock is Clock.ACKNOWLEDGE and seen.state is RequestState.ACKNOWLEDGED, "事项已签收"),
            (seen.deadline_then != seen.deadline_now, "时限已经变更"),
            (seen.colleague_took, "事项已由同事签收"),
            (seen.code_is_over, "查阅码已失效"),
        )
    return next((reason for untrue, reason in (*faults, (seen.newer_waits, "已有更新的同类信件")) if untrue), "")


async def look_again(session: AsyncSession, letter: Letter, *, followed: bool = True) -> tuple[Outlook, Request | None]:
    """The letter's step as it stands at this moment. `followed` is False where it is known that the person has no later
    letter about the step."""
    kind = LetterKind(letter.kind)
    request = None
    if letter.request_id is not None:
        request = await session.get_one(Request, letter.request_id)
    clock = Clock(letter.facts["clock"]) if "clock" in letter.facts else None
    then = now = None
    if request is not None and clock is not None:
        then = datetime.fromisoformat(letter.facts["deadline"])
        now = request.acknowledge_by if clock is Clock.ACKNOWLEDGE else request.due
    return Outlook(
        kind=kind,
        acts=letter.acts,
        clock=clock,
        version_then=letter.request_version,
        version_now=None if request is None else request.version,
        deadline_then=then,
        deadline_now=now,
        state=None if request is None else RequestState(request.state),
        newer_waits=followed and kind in OVERTAKEN_BY and await _newer_exists(session, letter, kind, clock),
        code_is_over=kind is LetterKind.DISCLOSURE_CODE and await _code_is_over(session, letter),
        colleague_took=kind is LetterKind.REMINDER and request is not None and _colleague_took(letter, request),
        told_before=await _told_before(session, letter, kind) if kind in FOLLOWS else True,
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


async def _newer_exists(session: AsyncSession, letter: Letter, kind: LetterKind, clock: Clock | None) -> bool:
    """Whether the same person has a later letter about the same thing: after an outage one letter tells the latest."""
    statement = select(Letter.id).where(
        Letter.case_id == letter.case_id,
        Letter.request_id.is_not_distinct_from(letter.request_id),
        Letter.to_officer == letter.to_officer,
        Letter.id > letter.id,
        Letter.kind.in_(_values(OVERTAKEN_BY[kind])),
        Letter.state.in_(MAY_ARRIVE),
        *_same_facts(letter, SAME_THING.get(kind, ())),
    )
    if clock is not None:
        statement = statement.where(Letter.facts["clock"].as_string() == clock.value)
    return (await session.execute(statement.limit(1))).scalar_one_or_none() is not None


async def _told_before(session: AsyncSession, letter: Letter, kind: LetterKind) -> bool | None:
    """Whether this person was handed a letter that this one follows upon; None while one of them is under way."""
    statement = select(Letter.state).where(
        Letter.request_id == letter.request_id,
        Letter.to_officer == letter.to_officer,
        Letter.kind.in_(_values(FOLLOWS[kind])),
    )
    states = set((await session.execute(statement)).scalars())
    if states & set(PERHAPS_RECEIVED):
        return True
    return None if LetterState.SENDING.value in states else False


def _values(kinds: Iterable[LetterKind]) -> list[str]:
    return [kind.value for kind in kinds]


def _same_facts(letter: Letter, names: Iterable[str]) -> list[ColumnElement[Any]]:
    return [Letter.facts[name].as_string() == str(letter.facts[name]) for name in names]
