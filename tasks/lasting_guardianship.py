"""review_temporary_guardianship · guard_until_it_ends: how long civil affairs is guardian (D4, D13, D16)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from rules.answers import Designated, GuardianshipReview, GuardianshipState
from rules.case import Asked, Case
from rules.steps import (
    GUARDIANSHIP_END,
    LONG_TERM_GUARDIANSHIP,
    SETTLE_NEW_GUARDIAN,
    TEMPORARY_GUARDIANSHIP,
    TEMPORARY_GUARDIANSHIP_REVIEW,
)
from rules.vocabulary import ClosingGround, Office
from tasks.adoption import Placing, place_for_adoption
from tasks.asking import ask, day_of_reply_to, inform, reply_to
from tasks.designation import designate_guardian
from tasks.opening import ask_in_time

ENDS: Mapping[GuardianshipState, ClosingGround] = MappingProxyType(
    {
        GuardianshipState.FULL_CAPACITY: ClosingGround.TURNED_18,
        GuardianshipState.ADOPTED: ClosingGround.ADOPTED,
        GuardianshipState.WARD_DIED: ClosingGround.DIED,
        GuardianshipState.BY_COURT: ClosingGround.NEW_GUARDIAN_SETTLED,
    }
)
"""D16: what each end of civil affairs' guardianship means for the case (民法典 39)."""


async def review_temporary_guardianship(case: Case) -> None:
    """D4  Whether the child is still to wait is asked when the county's time is over, and again after as long."""
    since, number = await day_of_reply_to(Asked(case, TEMPORARY_GUARDIANSHIP)), 1
    while True:
        asked = await ask_in_time(case, TEMPORARY_GUARDIANSHIP_REVIEW, since, subject=str(number))
        if not (await reply_to(asked)).goes_on:
            await inform(case, Office.MINOR_PROTECTION_CENTER, "临时监护经复核不再继续，请尽快会商作出结论")
        since, number = await day_of_reply_to(asked), number + 1


async def guard_until_it_ends(
    case: Case, since: date, *, revoked_on: date | None, at_once: bool = False
) -> ClosingGround:
    """D13, D16  Placing for adoption; then, year by year, whether the guardianship goes on, until it ends.

    `revoked_on` is given where a parent may still be restored; `at_once`, where the guardianship is said to have ended.
    A child who still needs a guardian gets one (D14).
    """
    placing, number = Placing.LOOK_AT_ONCE, 0
    if not at_once:
        placing = await place_for_adoption(case, revoked_on=revoked_on)
    while placing is not Placing.ADOPTED:
        number += 1
        asked = await _next_review(case, since, number, at_once=placing is Placing.LOOK_AT_ONCE)
        review, since = await reply_to(asked), await day_of_reply_to(asked)
        placing = Placing.REMAINS
        if review.state is GuardianshipState.ADOPTABLE:
            placing = await place_for_adoption(case, str(number))
        elif _needs_a_guardian(review):
            if await _new_guardian(case, str(number)):
                return ClosingGround.NEW_GUARDIAN_SETTLED
        elif review.state is not GuardianshipState.GOES_ON:
            return ENDS[review.state]
    return ClosingGround.ADOPTED


async def _next_review(case: Case, since: date, number: int, *, at_once: bool) -> Asked[GuardianshipReview]:
    if at_once:
        return await ask(case, GUARDIANSHIP_END, subject=str(number))
    return await ask_in_time(case, GUARDIANSHIP_END, since, subject=str(number))


def _needs_a_guardian(review: GuardianshipReview) -> bool:
    return review.state is GuardianshipState.GUARDIAN_INCAPABLE_OR_DEAD or (
        review.state is GuardianshipState.BY_COURT and review.still_needs_guardian
    )


async def _new_guardian(case: Case, again: str) -> bool:
    """D14, D10  True when someone else than civil affairs is guardian now."""
    if await designate_guardian(case, again) is Designated.CIVIL_AFFAIRS:
        await reply_to(await ask(case, LONG_TERM_GUARDIANSHIP, subject=again))
        return False
    await reply_to(await ask(case, SETTLE_NEW_GUARDIAN, subject=again))
    return True
