"""match · apply_for_entitlements: each entitlement found is asked of its own office, in parallel, and paid when granted."""

from __future__ import annotations

from office.port import current
from rules.case import Case
from rules.entitlement_facts_form import missing_words
from rules.matching import missing_of, to_apply_for
from rules.steps import COMPLETE_FACTS, ENROL_AND_PAY, MATCH_ENTITLEMENTS, SCHEME_DECISION
from tasks.asking import ask, day_of_reply_to, replies_to, reply_to


async def match(case: Case) -> tuple[str, ...]:
    """C3: the ids to apply for, by the law in force on the day of the township's answer.

    Where a rule cannot be decided for want of a fact, the township is asked once more; what stays unknown refuses
    nothing. Facts that exclude each other leave what was found by hand.
    """
    port = current.get()
    asked = await ask(case, MATCH_ENTITLEMENTS)
    found = await reply_to(asked)
    decision = port.judge(found, None, await day_of_reply_to(asked))
    missing = ("birth",) if decision is None else missing_of(decision)
    if missing:
        again = await ask(case, COMPLETE_FACTS, about=f"尚缺：{missing_words(missing)}"[:120])
        more = await reply_to(again)
        decision = port.judge(found, more, await day_of_reply_to(again)) or decision
    by_hand = found.entitlements
    return tuple(key.value for key in by_hand) if decision is None else to_apply_for(decision, by_hand)


async def apply_for_entitlements(case: Case) -> list[str]:
    """C3-C5: match, decide and enrol. Gives the ids of what was granted.

    A refusal is given in writing with its reasons by the deciding office; the others go on.
    """
    port = current.get()
    keys = await match(case)
    decisions = [await ask(case, SCHEME_DECISION, of=await port.deciding_office(key), subject=key) for key in keys]
    answers = await replies_to(*decisions)
    granted = [key for key, answer in zip(keys, answers, strict=True) if answer.granted]
    await replies_to(*[await ask(case, ENROL_AND_PAY, subject=key) for key in granted])
    return granted
