"""ask_until · visit_until_settled · visit_until_quiet: one step put again and again until its answer settles the matter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rules.answers import ClosingReview, Visit, VisitFinding
from rules.case import Asked, Case
from rules.steps import A, Step
from rules.vocabulary import ClosingGround, Mechanism, Office
from tasks.asking import ask, inform, reply_to, reply_unless
from tasks.cases import hand_over


def found_harm(visit: Visit | Visited) -> bool:
    """Whether a visit, or the last of several, found danger or harm by the guardian."""
    return visit.finding in (VisitFinding.DANGER, VisitFinding.GUARDIAN_HARM)


def child_is_gone(visit: Visit | Visited) -> ClosingGround | None:
    """Why there is nobody left to visit here: the child has died, or moved to another county. None while there is."""
    return {
        VisitFinding.DIED: ClosingGround.DIED,
        VisitFinding.MOVED: ClosingGround.MOVED_JURISDICTION,
    }.get(visit.finding)


async def tell_when_gone(case: Case, visit: Visit | Visited) -> ClosingGround | None:
    """The township hears of it when a visit of this mechanism finds that; why stands in the record, not in the notice."""
    gone = child_is_gone(visit)
    if gone is not None:
        await inform(case, Office.TOWNSHIP, "走访发现儿童不再由本县走访，请核实并办理后续事项")
    return gone


async def act_on(case: Case, asked: Asked[Visit]) -> ClosingGround | None:
    """1F: harm that a watch finds is the guardian's failure, each time anew. Gives why there is nobody left to visit."""
    visit = await reply_to(asked)
    if found_harm(visit):
        await hand_over(case, Mechanism.GUARDIANSHIP_INTERVENTION, because=asked)
    return await tell_when_gone(case, visit)


async def ask_until(case: Case, step: Step[A], settled: Callable[[A], bool]) -> A:
    """Put the step to its office, once after another, until an answer settles it. Each asking has its own clocks."""
    number = 1
    while True:
        answer = await reply_to(await ask(case, step, subject=str(number)))
        if settled(answer):
            return answer
        number += 1


ENDS_VISITS = (VisitFinding.DANGER, VisitFinding.GUARDIAN_HARM, VisitFinding.DIED, VisitFinding.MOVED)
"""Findings after which this mechanism visits no more: another takes over, or nobody is left to visit."""


@dataclass(frozen=True)
class Visited:
    """How the visits ended: the last finding, the ground that civil affairs agreed to, and the visit that ended them."""

    finding: VisitFinding
    ground: ClosingGround
    last: Asked[Visit]


async def visit_until_settled(
    case: Case,
    step: Step[Visit],
    *,
    review: Step[ClosingReview] | None = None,
    changed: Callable[[str], Awaitable[VisitFinding | None]] | None = None,
    over: Callable[[], Awaitable[bool]] | None = None,
) -> Visited:
    """Visits until the child is stable, or until one finds danger or harm, death or a move (legal-basis 1F).

    With a `review`, a stable finding ends the visits only when civil affairs agrees (C8). `changed` is what follows a
    change, by the number of the visit that found it (C7); a finding it gives ends the visits. `over` says that visits
    have become pointless meanwhile; the one that is open is taken back.
    """
    number = 1
    while True:
        asked = await ask(case, step, subject=str(number))
        visit = await reply_unless(asked, over or _never)
        if visit is None:
            return Visited(VisitFinding.STABLE, ClosingGround.RISK_REMOVED, asked)
        if visit.finding in ENDS_VISITS:
            return Visited(visit.finding, ClosingGround.RISK_REMOVED, asked)
        if visit.finding is VisitFinding.CHANGED and changed is not None:
            graver = await changed(str(number))
            if graver is not None:
                return Visited(graver, ClosingGround.RISK_REMOVED, asked)
        if visit.finding is VisitFinding.STABLE and review is None:
            return Visited(visit.finding, ClosingGround.RISK_REMOVED, asked)
        if visit.finding is VisitFinding.STABLE and review is not None:
            agreed = await reply_to(await ask(case, review, subject=str(number)))
            if agreed.may_close:
                return Visited(visit.finding, agreed.ground.ground, asked)
        number += 1


async def _never() -> bool:
    return False


QUIET_VISITS = 3
"""Visits in a row without violence after which a warned family is visited no more (公通字〔2024〕34号 12)."""


async def visit_until_quiet(case: Case, first: Step[Visit], later: Step[Visit]) -> Asked[Visit]:
    """The first visit soon, the later ones at their interval, until so many in a row were stable, or one finds harm.

    Gives the last of them.
    """
    quiet, number = 0, 1
    while True:
        asked = await ask(case, first) if number == 1 else await ask(case, later, subject=str(number))
        visit = await reply_to(asked)
        if visit.finding in ENDS_VISITS:
            return asked
        quiet = quiet + 1 if visit.finding is VisitFinding.STABLE else 0
        if quiet == QUIET_VISITS:
            return asked
        number += 1
