"""place_for_adoption: a child under civil affairs' long-term guardianship may find new parents (D13)."""

from __future__ import annotations

from datetime import date
from enum import Enum, auto

from rules.answers import PlacingPlan
from rules.case import Case
from rules.steps import (
    ADOPTION,
    ADOPTION_INTEGRATION,
    ASSESS_ADOPTION,
    BIRTH_PARENTS_CLAIM,
    REGISTER_ADOPTION,
    SEEK_BIRTH_PARENTS,
)
from tasks.asking import ask, day_of_reply_to, reply_to
from tasks.opening import ask_in_time


class Placing(Enum):
    """What has come of placing the child."""

    ADOPTED = auto()
    """Registered: civil affairs' guardianship ends (未成年人保护法 95)."""
    REMAINS = auto()
    """The child remains in civil affairs' care."""
    LOOK_AT_ONCE = auto()
    """The guardianship has ended, or someone claims the child: how it stands must be looked at now."""


async def place_for_adoption(case: Case, again: str = "", *, revoked_on: date | None = None) -> Placing:
    """D13  Decided, birth parents sought, adopters assessed, lived together, registered.

    `revoked_on` is given where a parent may still be restored: the year after the revocation is waited for.
    `again` is the number of the review that found the child adoptable.
    """
    asked = await (
        ask(case, ADOPTION, subject=again)
        if revoked_on is None
        else ask_in_time(case, ADOPTION, revoked_on, subject=again)
    )
    decision = await reply_to(asked)
    if decision.plan is PlacingPlan.GUARDIANSHIP_ENDED:
        return Placing.LOOK_AT_ONCE
    if decision.plan is PlacingPlan.NOT_NOW:
        return Placing.REMAINS
    if decision.birth_parents_unknown and await _birth_parents_claim(case, again):
        return Placing.LOOK_AT_ONCE
    assessed = await ask(case, ASSESS_ADOPTION, subject=again)
    if not (await reply_to(assessed)).suitable:
        return Placing.REMAINS
    lived = await ask_in_time(case, ADOPTION_INTEGRATION, await day_of_reply_to(assessed), subject=again)
    if not (await reply_to(lived)).integrates:
        return Placing.REMAINS
    registered = (await reply_to(await ask(case, REGISTER_ADOPTION, subject=again))).registered
    return Placing.ADOPTED if registered else Placing.REMAINS


async def _birth_parents_claim(case: Case, again: str) -> bool:
    """The notice runs for sixty days from the day it appeared (中国公民收养子女登记办法 8)."""
    notice = await reply_to(await ask(case, SEEK_BIRTH_PARENTS, subject=again))
    over = await ask_in_time(case, BIRTH_PARENTS_CLAIM, notice.published_on, subject=again)
    return (await reply_to(over)).claimed
