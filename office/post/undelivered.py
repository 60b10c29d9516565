"""A letter does not reach its officer: that is written down, the next one gets it, and the coordinator is told, once."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from office import outbox
from office.bureau import Bureau
from office.letter_kinds import UndeliveredReason
from office.outbox import Claim
from office.standing_in import pass_on
from office.tables import Letter, Request
from rules.vocabulary import Happening

_NOBODY = (UndeliveredReason.LEFT, UndeliveredReason.NO_ADDRESS, UndeliveredReason.MARKED)


async def undelivered(
    session: AsyncSession,
    bureau: Bureau,
    held: Claim,
    letter: Letter,
    request: Request | None,
    reason: UndeliveredReason,
    sentence: str = "",
) -> None:
    """Write down that the claimed letter does not reach its officer, and do what follows.

    One that may have arrived stays uncertain; the next contact gets it all the same, because a letter too many does
    less harm than a child forgotten. `sentence` says more than the reason, without a name or address.
    """
    fault = sentence or f"{reason.label}。"
    if reason is UndeliveredReason.UNCERTAIN:
        await outbox.give_up_uncertain(session, bureau, held, fault)
    else:
        as_what = Happening.RECIPIENT_MISSING if reason in _NOBODY else Happening.LETTER_FAILED
        await outbox.mark_failed(session, bureau, held, fault, as_what=as_what)
    # Of a marked address the coordinator was told when the mark was set; a letter that nobody gets is told each time.
    told_before = reason is UndeliveredReason.MARKED
    await pass_on(session, bureau, letter, request, reason, tell_always=not told_before)
