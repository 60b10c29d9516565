"""restorable_since · restoration: a parent whose standing was revoked may ask the court to have it back (D12)."""

from __future__ import annotations

from datetime import date
from enum import Enum, auto

from rules.answers import Plea, RestorationBar
from rules.case import Asked, Case
from rules.steps import JUDGMENT, RESTORATION_PLEA, RESTORE_GUARDIANSHIP
from rules.vocabulary import NewFact
from tasks.asking import ask, day_of_reply_to, reply_so_far, reply_to
from tasks.opening import ask_in_time, look_at_entitlements_again


class Restoration(Enum):
    """What has come of the parent's standing."""

    RESTORED = auto()
    """The parent is guardian again."""
    REVOKED = auto()
    """Nobody asked, or the court refused."""
    MOOT = auto()
    """There is no guardianship any more that could be restored."""


async def restorable_since(case: Case, told: date | None = None) -> date | None:
    """The day from which the time for a plea runs; None where nothing was revoked, or nothing can be restored.

    Never after an intentional crime against the child (民法典 38). `told` is the day on which the judgment took effect,
    where civil affairs named it.
    """
    judged = Asked(case, JUDGMENT)
    judgment = await reply_so_far(judged)
    if judgment is None:
        return told
    if judgment.restoration_barred is not RestorationBar.NONE:
        return None
    return told or await day_of_reply_to(judged)


async def restoration(case: Case, revoked_on: date) -> Restoration:
    """D12  From three months after the revocation on: has the parent pleaded, and what does the court say? (民法典 38)."""
    plea = (await reply_to(await ask_in_time(case, RESTORATION_PLEA, revoked_on))).plea
    if plea is not Plea.PLEADED:
        return Restoration.MOOT if plea is Plea.GUARDIANSHIP_ENDED else Restoration.REVOKED
    decided = await ask(case, RESTORE_GUARDIANSHIP)
    if not (await reply_to(decided)).restored:
        return Restoration.REVOKED
    await look_at_entitlements_again(case, NewFact.GUARDIANSHIP_RESTORED, await day_of_reply_to(decided))
    return Restoration.RESTORED
