"""follow_the_file · end_entitlements · the_file_ends: what stands in a child's file comes on its day and is dealt with (1F, C8)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import date, datetime, time
from typing import Any

from office.port import current
from rules.answers import DueCheck, DueResult, VisitFinding
from rules.case import Asked, Case, Noted
from rules.scheme_stages import REPEAT, subject_of
from rules.steps import (
    ADJUST_PAYMENT,
    DUE_CHECK,
    END_ENTITLEMENT,
    ENDING_DECISION,
    ENDING_NOTICE,
    FOLLOW_UP_VISIT,
)
from rules.vocabulary import AppointmentKind, ClosingGround
from rules.workdays import SHANGHAI
from tasks.appointments import keep, noted
from tasks.asking import ask, day_of_reply_to, moment_of_reply_to, reply_to, reply_unless, together
from tasks.entitlements import apply_for_entitlements, note_review

AFTER_CHECK = "到期核对后"
"""What letters say of a matching that a noted day has brought about; a birthday is told by nothing."""


async def follow_the_file(case: Case) -> ClosingGround:
    """Deal with every noted day that was given to this proceeding; ends when nothing of it is open.

    What is not due stays in the file. Gives the ground that was found: the child has come of age, the last entitlement
    has ended, or all was looked into and goes on.
    """
    while True:
        came = await noted(case)
        found = await together(*(_way(case, came, number) for number in range(1, len(came) + 1)))
        if len(await noted(case)) == len(came):
            break
    if ClosingGround.TURNED_18 in found:
        return ClosingGround.TURNED_18
    if ClosingGround.ENTITLEMENT_ENDED in found and not (await current.get().standing()).granted:
        return ClosingGround.ENTITLEMENT_ENDED
    return ClosingGround.REVIEWED


def _way(case: Case, came: Sequence[Noted], number: int) -> Callable[[], Coroutine[Any, Any, ClosingGround | None]]:
    return lambda: _deal_with(case, came, number)


async def _deal_with(case: Case, came: Sequence[Noted], number: int) -> ClosingGround | None:
    one = came[number - 1]
    ground: ClosingGround | None = None
    match one.kind:
        case AppointmentKind.REVIEW:
            ground = await _review(case, one, number)
        case AppointmentKind.COMING_OF_AGE:
            ground = await _come_of_age(case, number)
        case AppointmentKind.AGE if _first_of_its_day(came, number):
            await _match_again(case, came, number)
        case AppointmentKind.FACT if _first_of_its_day(came, number):
            ground = await _look_at_all_again(case, one, number)
        case _:
            pass
    await keep(case, one)
    return ground


def _first_of_its_day(came: Sequence[Noted], number: int) -> bool:
    """One matching serves every entitlement for which the child comes of age on that day."""
    one = came[number - 1]
    return not any(other.kind is one.kind and other.on == one.on for other in came[: number - 1])


async def _match_again(case: Case, came: Sequence[Noted], number: int) -> None:
    """C3 once more, unless the same day was the eighteenth birthday and ends the file."""
    on = came[number - 1].on
    for place, other in enumerate(came, start=1):
        if other.kind is AppointmentKind.COMING_OF_AGE and other.on == on:
            turned = await reply_to(await _asked_to_check(case, place))
            if turned.result is DueResult.CONTINUES:
                await apply_for_entitlements(case, _tag(number), AFTER_CHECK)
            return
    checked = await reply_unless(await _asked_to_check(case, number), lambda: the_file_ends(case))
    if checked is not None and checked.result is DueResult.MATCH_AGAIN:
        await apply_for_entitlements(case, _tag(number), AFTER_CHECK)


async def _look_at_all_again(case: Case, one: Noted, number: int) -> ClosingGround | None:
    """A court has changed what entitlements rest on: all that is granted is checked out of turn, and matched again."""
    ended = await together(*(_check_of(case, key, number) for key in await _granted_before(one)))
    await apply_for_entitlements(case, _tag(number), AppointmentKind.FACT.label)
    return next((ground for ground in ended if ground is not None), None)


def _check_of(case: Case, key: str, number: int) -> Callable[[], Coroutine[Any, Any, ClosingGround | None]]:
    async def check() -> ClosingGround | None:
        asked = await ask(case, DUE_CHECK, subject=subject_of(key, _tag(number)))
        return await _settle(case, asked, key, number, since=None)

    return check


async def _granted_before(one: Noted) -> tuple[str, ...]:
    return (await current.get().standing(datetime.combine(one.on, time(), SHANGHAI))).granted


async def _review(case: Case, one: Noted, number: int) -> ClosingGround | None:
    """1F: the township looks whether the conditions still hold; what no longer does is ended (民发〔2019〕62号 二(四))."""
    if one.subject not in await _granted_before(one):
        return None
    return await _settle(case, await _asked_to_check(case, number), one.subject, number, since=one.on)


async def _settle(
    case: Case, asked: Asked[DueCheck], key: str, number: int, *, since: date | None
) -> ClosingGround | None:
    """What follows from the township's check of one grant. The next review is noted on its day, reckoned from `since`."""
    checked = await reply_unless(asked, lambda: the_file_ends(case))
    if checked is None:
        return None
    day, subject = await day_of_reply_to(asked), subject_of(key, _tag(number))
    if checked.result is DueResult.ENDED and await _end(case, key, subject, day):
        return ClosingGround.ENTITLEMENT_ENDED
    if since is not None:
        await note_review(case, key, since=since, after=day, unstable=checked.income_unstable)
    if checked.result is DueResult.AMOUNT_CHANGES:
        decides = current.get().scheme_stages(key, day)[-1].office
        await reply_to(await ask(case, ADJUST_PAYMENT, of=decides, subject=subject))
    if checked.result is DueResult.MATCH_AGAIN and since is not None:
        await apply_for_entitlements(case, _tag(number), AFTER_CHECK)
    return None


async def _end(case: Case, key: str, subject: str, on: date) -> bool:
    """C8 终止: published first where the law wants it; an objection is decided, and the ending published again.

    False when the objection was found right and the entitlement goes on (特困人员认定办法 26).
    """
    port = current.get()
    decides, scheme = port.scheme_stages(key, on)[-1].office, port.scheme_on(key, on)
    number = 1
    while scheme is not None and scheme.ending is not None:
        again = subject if number == 1 else f"{subject}{REPEAT}{number}"
        if not (await reply_to(await ask(case, ENDING_NOTICE, of=decides, subject=again))).objection:
            break
        if not (
            await reply_to(await ask(case, ENDING_DECISION, of=decides, subject=f"{subject}{REPEAT}{number}"))
        ).ends:
            return False
        number += 1
    await reply_to(await ask(case, END_ENTITLEMENT, of=decides, subject=subject))
    return True


async def end_entitlements(case: Case, asked: Asked[Any], tag: str) -> None:
    """及时终止 all that is granted, because of the answer to `asked`: the child has died, moved away or come of age."""
    at = await moment_of_reply_to(asked)
    granted = (await current.get().standing(at, besides=tag)).granted
    day = at.astimezone(SHANGHAI).date()
    await together(*(_ending(case, key, subject_of(key, tag), day) for key in granted))


def _ending(case: Case, key: str, subject: str, day: date) -> Callable[[], Coroutine[Any, Any, bool]]:
    return lambda: _end(case, key, subject, day)


async def _come_of_age(case: Case, number: int) -> ClosingGround | None:
    """The eighteenth birthday: the file ends, but for 特困 and orphans at school (特困人员认定办法 24; 国办发〔2010〕54号 二(三))."""
    asked = await _asked_to_check(case, number)
    turned = await reply_to(asked)
    if turned.result is DueResult.ENDED:
        await end_entitlements(case, asked, _tag(number))
        return ClosingGround.TURNED_18
    if turned.result is DueResult.MATCH_AGAIN:
        await apply_for_entitlements(case, _tag(number), AFTER_CHECK)
    return None


async def _asked_to_check(case: Case, number: int) -> Asked[DueCheck]:
    return await ask(case, DUE_CHECK, subject=str(number))


def _tag(number: int) -> str:
    """Tells what the file asks apart from what a visit asks; the day itself is in no subject."""
    return f"f{number}"


async def the_file_ends(case: Case) -> bool:
    """Whether the county looks after this child no more: a visit says so, or the child has come of age."""
    port = current.get()
    for place, one in enumerate(await noted(case), start=1):
        found = await port.answer(case.proceeding, DUE_CHECK.key, str(place))
        of_age = one.kind is AppointmentKind.COMING_OF_AGE
        if of_age and found is not None and found[0]["result"] == DueResult.ENDED:
            return True
    number = 1
    while (found := await port.answer(case.proceeding, FOLLOW_UP_VISIT.key, str(number))) is not None:
        if found[0]["finding"] in (VisitFinding.DIED, VisitFinding.MOVED):
            return True
        number += 1
    return False
