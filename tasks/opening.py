"""ask_in_time · look_at_entitlements_again: what the law lets begin only later, and what a new fact begins anew."""

from __future__ import annotations

from datetime import date
from typing import Any

from office.port import current
from rules.case import Asked, Case
from rules.steps import A, Step
from rules.vocabulary import AppointmentKind, NewFact
from tasks.appointments import note_in_file, until
from tasks.asking import ask


def opens_on(step: Step[Any], since: date) -> date:
    """The day on which a step's turn comes: the day after the county's `opens_after` has run out."""
    return current.get().opens_on(step, since)


async def ask_in_time(case: Case, step: Step[A], since: date, *, subject: str = "") -> Asked[A]:
    """Put a step to its office when its turn has come: the county's `opens_after`, counted from `since`."""
    if not await current.get().is_asked(case.proceeding, step.key, subject):
        await until(case, opens_on(step, since), step, subject)
    return await ask(case, step, subject=subject)


async def look_at_entitlements_again(case: Case, fact: NewFact, on: date) -> None:
    """Legal-basis 1E, guardianship → schemes: a fact that decides entitlements has come about on that day.

    Whoever assesses the child now, or is begun for it, matches the entitlements again (C3).
    """
    await note_in_file(case, AppointmentKind.FACT, fact.value, on)
