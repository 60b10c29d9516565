"""until · reply_before · wait_no_more · note_in_file · noted · keep: days that must come before something goes on."""

from __future__ import annotations

from datetime import date
from typing import Any

from office.port import current
from rules.case import Asked, Case, Noted
from rules.steps import A, Step
from rules.vocabulary import AppointmentKind
from tasks.asking import day_of_reply_to, reply_so_far, rest


async def until(case: Case, day: date, turn_of: Step[Any], subject: str = "") -> None:  # noqa: ARG001 - reads like the other verbs
    """Rest until that day has begun in the county's time: then it is the turn of that step. The day first called stays.

    The engine is told that a day is waited for, never which.
    """
    key, port = f"{turn_of.key}/{subject}", current.get()
    while not (await port.wait_for(key, day))[1]:
        await rest()


async def reply_before(asked: Asked[A], day: date, turn_of: Step[Any], subject: str = "") -> A | None:
    """The office's answer, if it comes before the turn of another step; None once that day has come without one.

    A later answer changes nothing any more, so every attempt goes the same way. Day, step and subject as in `until`.
    """
    key, port = f"{turn_of.key}/{subject}", current.get()
    while True:
        stands, has_come = await port.wait_for(key, day)
        reply = await reply_so_far(asked)
        if reply is not None and await day_of_reply_to(asked) < stands:
            return reply
        if has_come:
            return None
        await rest()


async def wait_no_more(case: Case, turn_of: Step[Any], subject: str = "") -> None:  # noqa: ARG001 - reads like the other verbs
    """That step's turn will never come: the day is crossed out."""
    await current.get().wait_no_more(f"{turn_of.key}/{subject}")


async def note_in_file(case: Case, kind: AppointmentKind, subject: str, day: date) -> None:  # noqa: ARG001
    """Note a day in the child's file. It outlives this proceeding and, when no assessment is live, begins one."""
    await current.get().note_in_file(kind, subject, day)


async def noted(case: Case) -> tuple[Noted, ...]:
    """The noted days that have come and were given to this proceeding: the same at every attempt, and later ones."""
    return await current.get().noted(case.proceeding)


async def keep(case: Case, day: Noted) -> None:  # noqa: ARG001 - reads like the other verbs
    """A noted day has been dealt with. What a proceeding leaves undone when it closes, goes back to the file."""
    await current.get().keep(day)
