"""until · note_in_file · noted · keep: days that must come before a mechanism goes on, or after it has ended."""

from __future__ import annotations

from datetime import date

from office.port import current
from rules.case import Case, Noted
from rules.vocabulary import AppointmentKind
from tasks.asking import rest


async def until(case: Case, day: date, key: str) -> None:  # noqa: ARG001 - reads like the other verbs
    """Rest until that day has begun in the county's time. The day of the first call for a key stays.

    `key` names the waiting time in this proceeding. The engine is told that a day is waited for, never which.
    """
    port = current.get()
    while not await port.has_come(key, day):
        await rest()


async def note_in_file(case: Case, kind: AppointmentKind, subject: str, day: date) -> None:  # noqa: ARG001
    """Note a day in the child's file. It outlives this proceeding and, when no assessment is live, begins one."""
    await current.get().note_in_file(kind, subject, day)


async def noted(case: Case) -> tuple[Noted, ...]:
    """The noted days that have come and were given to this proceeding: the same at every attempt, and later ones."""
    return await current.get().noted(case.proceeding)


async def keep(case: Case, day: Noted) -> None:  # noqa: ARG001 - reads like the other verbs
    """A noted day has been dealt with. What a proceeding leaves undone when it closes, goes back to the file."""
    await current.get().keep(day)
