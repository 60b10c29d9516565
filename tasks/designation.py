"""designate_guardian: where it is disputed who is guardian, someone is designated (D14)."""

from __future__ import annotations

from rules.answers import Designated
from rules.case import Case
from rules.steps import DESIGNATION_DISPUTE, DESIGNATION_OBJECTION, DESIGNATION_TRIAL
from tasks.asking import ask, reply_to


async def designate_guardian(case: Case, again: str = "") -> Designated:
    """D14  The village or civil affairs designates; whoever objects within thirty days has the court decide.

    民法典 31; 民法典总则编司法解释 10. `again` is the number of the review that found the child without a guardian.
    """
    designation = await reply_to(await ask(case, DESIGNATION_DISPUTE, subject=again))
    if not (await reply_to(await ask(case, DESIGNATION_OBJECTION, subject=again))).objected:
        return designation.guardian
    return (await reply_to(await ask(case, DESIGNATION_TRIAL, subject=again))).guardian
