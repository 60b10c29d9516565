"""match · apply_for_entitlements: each entitlement found goes its own way through its offices, and is paid when granted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import date, datetime
from typing import Any

from office.port import current
from rules.case import Asked, Case
from rules.entitlement_facts_form import EntitlementFacts, missing_words
from rules.entitlements import Decision
from rules.matching import ages_to_come, comes_of_age, missing_of, to_apply_for
from rules.reviews import first_month_owed, next_review
from rules.scheme_stages import REPEAT, StageAsked, entitlement_of, subject_of
from rules.steps import (
    COMPLETE_FACTS,
    ENROL_AND_PAY,
    MATCH_ENTITLEMENTS,
    PUBLIC_NOTICE,
    SCHEME_CHECK,
    SCHEME_DECISION,
    SCHEME_RECHECK,
    TELL_REFUSAL,
)
from rules.vocabulary import AppointmentKind
from rules.workdays import SHANGHAI
from tasks.appointments import note_in_file
from tasks.asking import ask, day_of_reply_to, moment_of_reply_to, reply_to, together


async def match(case: Case, again: str = "", about: str = "") -> tuple[tuple[str, ...], datetime]:
    """C3: the ids to apply for, by the law in force on the day of the township's answer, and its moment.

    Where a rule cannot be decided for want of a fact, the township is asked once more; what stays unknown refuses
    nothing. Facts that exclude each other leave what was found by hand. The days on which the child comes of age, for
    an entitlement or altogether, are noted in its file.
    """
    port = current.get()
    asked = await ask(case, MATCH_ENTITLEMENTS, subject=again, about=about)
    found, at = await reply_to(asked), await moment_of_reply_to(asked)
    more: EntitlementFacts | None = None
    decision = port.judge(found, None, _day(at))
    missing = ("birth",) if decision is None else missing_of(decision)
    if missing:
        open_parts = await ask(case, COMPLETE_FACTS, subject=again, about=f"尚缺：{missing_words(missing)}"[:120])
        more, at = await reply_to(open_parts), await moment_of_reply_to(open_parts)
        both = port.judge(found, more, _day(at))
        decision, more = (both, more) if both is not None else (decision, None)
    by_hand = found.entitlements
    if decision is None:
        return tuple(key.value for key in by_hand), at
    await _note_ages(case, found, more, decision)
    return to_apply_for(decision, by_hand), at


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


async def _note_ages(case: Case, found: EntitlementFacts, more: EntitlementFacts | None, decision: Decision) -> None:
    port = current.get()
    birthday = comes_of_age(found, more, decision.on)
    if birthday is not None:
        await note_in_file(case, AppointmentKind.COMING_OF_AGE, "", birthday)
    for key, day in ages_to_come(decision, lambda on: port.judge(found, more, on)):
        await note_in_file(case, AppointmentKind.AGE, key, day)


async def apply_for_entitlements(case: Case, again: str = "", about: str = "") -> list[str]:
    """C3-C5: match, check, publish where the law wants it, decide and enrol. Gives the ids of what was granted.

    No entitlement waits for another. `again` tells a later matching apart: the number of the visit that found a change,
    or of the day that came. What was granted before in this case goes on, and what is being decided is not applied for
    a second time.
    """
    keys, at = await match(case, again, about)
    before = (await current.get().standing(at, besides=again)).taken_up
    fresh = [key for key in keys if key not in before]
    granted = await together(*(_way(case, subject_of(key, again), _day(at)) for key in fresh))
    return [key for key, yes in zip(fresh, granted, strict=True) if yes]


def _way(case: Case, subject: str, on: date) -> Callable[[], Coroutine[Any, Any, bool]]:
    return lambda: _decide_and_pay(case, subject, on)


async def _decide_and_pay(case: Case, subject: str, on: date) -> bool:
    """C4, C5: every office of the scheme after the other. A check that fails goes to the decision at once.

    Only the office that decides refuses; the refusal is told in writing and with its reasons, and that ends the way.
    What is granted is paid, and looked into again on its day (1F).
    """
    meets = True
    *before, last = current.get().scheme_stages(subject, on)
    for stage in before:
        if not meets:
            break
        if stage.step.key == PUBLIC_NOTICE.key:
            meets = await _published(case, stage, on)
        else:
            checked = await reply_to(await ask(case, SCHEME_CHECK, of=stage.office, subject=stage.subject))
            meets = checked.meets
    asked = await ask(case, SCHEME_DECISION, of=last.office, subject=last.subject)
    decision, decided = await reply_to(asked), await day_of_reply_to(asked)
    if not decision.granted:
        await reply_to(await ask(case, TELL_REFUSAL, of=last.office, subject=subject))
        return False
    await note_review(case, entitlement_of(subject), since=decided, after=decided, unstable=decision.income_unstable)
    await reply_to(await _ask_to_pay(case, subject, decided))
    return True


async def _published(case: Case, stage: StageAsked, on: date) -> bool:
    """公示: an objection is looked into by the township, whose new opinion is published again where the law says so.

    False when the township no longer finds the conditions met (特困人员认定办法 15; 最低生活保障审核确认办法 19).
    """
    scheme = current.get().scheme_on(stage.subject, on)
    number = 1
    while True:
        subject = stage.subject if number == 1 else f"{stage.subject}{REPEAT}{number}"
        notice = await reply_to(await ask(case, PUBLIC_NOTICE, of=stage.office, subject=subject))
        if not notice.objection:
            return True
        again = await ask(case, SCHEME_RECHECK, of=stage.office, subject=f"{stage.subject}{REPEAT}{number}")
        if not (await reply_to(again)).meets:
            return False
        if scheme is None or scheme.recheck is None or not scheme.recheck.publish_again:
            return True
        number += 1


async def _ask_to_pay(case: Case, subject: str, decided: date) -> Asked[Any]:
    scheme = current.get().scheme_on(subject, decided)
    about = ""
    if scheme is not None and scheme.paid_from_next_month:
        about = "自{}年{}月起发放".format(*first_month_owed(decided))
    return await ask(case, ENROL_AND_PAY, subject=subject, about=about)


async def note_review(case: Case, key: str, *, since: date, after: date, unstable: bool) -> None:
    """1F: when it is next looked into whether the grant goes on is noted in the child's file, where the scheme says so."""
    scheme = current.get().scheme_on(key, after)
    day = None if scheme is None else next_review(scheme.review, since, after=after, unstable=unstable)
    if day is not None:
        await note_in_file(case, AppointmentKind.REVIEW, key, day)
