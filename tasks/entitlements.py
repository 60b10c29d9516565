"""match · apply_for_entitlements: each entitlement found goes its own way through its offices, and is paid when granted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from office.port import current
from rules.case import Case
from rules.entitlement_facts_form import missing_words
from rules.matching import missing_of, to_apply_for
from rules.scheme_stages import subject_of
from rules.steps import COMPLETE_FACTS, ENROL_AND_PAY, MATCH_ENTITLEMENTS, PUBLIC_NOTICE, SCHEME_CHECK, SCHEME_DECISION
from tasks.asking import ask, day_of_reply_to, reply_to, together


async def match(case: Case, again: str = "") -> tuple[tuple[str, ...], date]:
    """C3: the ids to apply for, by the law in force on the day of the township's answer, and that day.

    Where a rule cannot be decided for want of a fact, the township is asked once more; what stays unknown refuses
    nothing. Facts that exclude each other leave what was found by hand.
    """
    port = current.get()
    asked = await ask(case, MATCH_ENTITLEMENTS, subject=again)
    found, on = await reply_to(asked), await day_of_reply_to(asked)
    decision = port.judge(found, None, on)
    missing = ("birth",) if decision is None else missing_of(decision)
    if missing:
        open_parts = await ask(case, COMPLETE_FACTS, subject=again, about=f"尚缺：{missing_words(missing)}"[:120])
        more, on = await reply_to(open_parts), await day_of_reply_to(open_parts)
        decision = port.judge(found, more, on) or decision
    by_hand = found.entitlements
    return tuple(key.value for key in by_hand) if decision is None else to_apply_for(decision, by_hand), on


async def apply_for_entitlements(case: Case, again: str = "") -> list[str]:
    """C3-C5: match, check, publish where the law wants it, decide and enrol. Gives the ids of what was granted.

    No entitlement waits for another. `again` is the number of the visit that found a change: what was granted before
    goes on and is not applied for anew.
    """
    keys, on = await match(case, again)
    fresh = [key for key in keys if not await _granted_before(case, key, again)]
    granted = await together(*(_way(case, subject_of(key, again), on) for key in fresh))
    return [key for key, yes in zip(fresh, granted, strict=True) if yes]


def _way(case: Case, subject: str, on: date) -> Callable[[], Awaitable[bool]]:
    return lambda: _decide_and_pay(case, subject, on)


async def _decide_and_pay(case: Case, subject: str, on: date) -> bool:
    """C4, C5: every office of the scheme after the other. A check that fails goes to the decision at once.

    Only the office that decides refuses, in writing and with its reasons (民发〔2019〕62号 二); that ends the way.
    """
    meets = True
    *before, last = current.get().scheme_stages(subject, on)
    for stage in before:
        if not meets:
            break
        if stage.step.key == PUBLIC_NOTICE.key:
            await reply_to(await ask(case, PUBLIC_NOTICE, of=stage.office, subject=stage.subject))
        else:
            checked = await reply_to(await ask(case, SCHEME_CHECK, of=stage.office, subject=stage.subject))
            meets = checked.meets
    decision = await reply_to(await ask(case, SCHEME_DECISION, of=last.office, subject=last.subject))
    if decision.granted:
        await reply_to(await ask(case, ENROL_AND_PAY, subject=subject))
    return decision.granted


async def _granted_before(case: Case, key: str, again: str) -> bool:
    """Whether an earlier application of this proceeding for the same entitlement was granted."""
    port = current.get()
    for number in range(int(again or 0)):
        found = await port.answer(case.proceeding, SCHEME_DECISION.key, subject_of(key, str(number or "")))
        if found is not None and found[0]["granted"]:
            return True
    return False
