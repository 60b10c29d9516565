"""apply_for_entitlements: each entitlement found is asked of its own office, in parallel, and paid when granted."""

from __future__ import annotations

from office.port import current
from rules.case import Case
from rules.steps import ENROL_AND_PAY, MATCH_ENTITLEMENTS, SCHEME_DECISION
from tasks.asking import ask, replies_to, reply_to


async def apply_for_entitlements(case: Case) -> list[str]:
    """C3-C5: match, decide and enrol. Gives the ids of what was granted.

    A refusal is given in writing with its reasons by the deciding office; the others go on.
    """
    port = current.get()
    found = await reply_to(await ask(case, MATCH_ENTITLEMENTS))
    keys = [key.value for key in found.entitlements]
    decisions = [await ask(case, SCHEME_DECISION, of=await port.deciding_office(key), subject=key) for key in keys]
    answers = await replies_to(*decisions)
    granted = [key for key, answer in zip(keys, answers, strict=True) if answer.granted]
    await replies_to(*[await ask(case, ENROL_AND_PAY, subject=key) for key in granted])
    return granted
