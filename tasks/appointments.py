"""until · reply_before · note_in_file · noted · keep: days that must come before a mechanism goes on, or after it has ended."""

from __future__ import annotations

from datetime import date

from office.port import current
from rules.case import Asked, Case, Noted
from rules.steps import A
from rules.vocabulary import AppointmentKind
from tasks.asking import day_of_reply_to, reply_so_far, rest, together


async def until(case: Case, day: date, key: str) -> None:  # noqa: ARG001 - reads like the other verbs
    """Rest until that day has begun in the county's time. The day of the first call for a key stays.

    `key` names the waiting time in this proceeding. The engine is told that a day is waited for, never which.
    """
    port = current.get()
    while not await port.has_come(key, day):
        await rest()


async def reply_before(asked: Asked[A], day: date, key: str) -> A | None:
    """The office's answer, if it comes before that day begins; None once the day has come without one.

    A later answer changes nothing any more, so every attempt goes the same way. `key` as in `until`.
    """
    (reply,) = await together(lambda: _reply_or_day(asked, day, key))
    return reply


async def _reply_or_day(asked: Asked[A], day: date, key: str) -> A | None:
    reply = await reply_so_far(asked)
    if reply is None:
        await until(asked.case, day, key)
        return None
    return reply if await day_of_reply_to(asked) < day else None


async def note_in_file(case: Case, kind: AppointmentKind, subject: str, day: date) -> None:  # noqa: ARG001
    """Note a day in the child's file. It outlives this proceeding and, when no assessment is live, begins one."""
    await current.get().note_in_file(kind, subject, day)


async def noted(case: Case) -> tuple[Noted, ...]:
    """The noted days that have come and were given to this proceeding: the same at every attempt, and later ones."""
    return await current.get().noted(case.proceeding)


async def keep(case: Case, day: Noted) -> None:  # noqa: ARG001 - reads like the other verbs
    """A noted day has been dealt with. What a proceeding leaves undone when it closes, goes back to the file."""
    await current.get().keep(day)
