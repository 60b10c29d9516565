"""ask_until · visit_until_settled: one step put again and again until its answer settles the matter."""

from __future__ import annotations

from collections.abc import Callable

from rules.answers import ClosingReview, Visit, VisitFinding
from rules.case import Case
from rules.steps import A, Step
from tasks.asking import ask, reply_to


async def ask_until(case: Case, step: Step[A], settled: Callable[[A], bool]) -> A:
    """Put the step to its office, once after another, until an answer settles it. Each asking has its own clocks."""
    number = 1
    while True:
        answer = await reply_to(await ask(case, step, subject=str(number)))
        if settled(answer):
            return answer
        number += 1


async def visit_until_settled(case: Case, step: Step[Visit], *, review: Step[ClosingReview] | None = None) -> Visit:
    """Visits until the child is stable, or until one finds danger or harm (legal-basis 1F).

    With a `review`, a stable finding ends the visits only when civil affairs agrees (C8).
    """
    number = 1
    while True:
        visit = await reply_to(await ask(case, step, subject=str(number)))
        if visit.finding in (VisitFinding.DANGER, VisitFinding.GUARDIAN_HARM):
            return visit
        stable = visit.finding is VisitFinding.STABLE
        if stable and review is not None:
            stable = (await reply_to(await ask(case, review, subject=str(number)))).may_close
        if stable:
            return visit
        number += 1
