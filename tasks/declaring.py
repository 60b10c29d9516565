"""offer_declaration: a parent who has vanished may be declared missing or dead (D15)."""

from __future__ import annotations

from datetime import date

from rules.answers import Declaration, DeclarationSought
from rules.case import Case
from rules.steps import (
    ADVISE_DECLARATION,
    APPLY_FOR_DEATH,
    APPLY_FOR_DECLARATION,
    DECLARE_DEAD,
    DECLARE_DEAD_FOR_CERTAIN,
    DECLARE_MISSING,
    PUBLISH_MISSING_NOTICE,
    Step,
)
from rules.vocabulary import NewFact
from tasks.asking import ask, day_of_reply_to, reply_to
from tasks.opening import ask_in_time, look_at_entitlements_again

STEPS_OF_DECLARATION = (
    ADVISE_DECLARATION,
    APPLY_FOR_DECLARATION,
    APPLY_FOR_DEATH,
    PUBLISH_MISSING_NOTICE,
    DECLARE_MISSING,
    DECLARE_DEAD,
    DECLARE_DEAD_FOR_CERTAIN,
)

_JUDGMENTS: dict[DeclarationSought, tuple[Step[Declaration], NewFact]] = {
    DeclarationSought.MISSING: (DECLARE_MISSING, NewFact.DECLARED_MISSING),
    DeclarationSought.DEAD_AFTER_ACCIDENT: (DECLARE_DEAD, NewFact.DECLARED_DEAD),
    DeclarationSought.DEAD_FOR_CERTAIN: (DECLARE_DEAD_FOR_CERTAIN, NewFact.DECLARED_DEAD),
    DeclarationSought.LATER: (DECLARE_DEAD, NewFact.DECLARED_DEAD),
}


async def offer_declaration(case: Case) -> None:
    """D15  Interested persons are told what they may ask of the court, and when; nobody is made to (民法典 40, 46).

    The declaration is a fact for entitlements: assessment looks at them again.
    """
    advised = await ask(case, ADVISE_DECLARATION)
    advice = await reply_to(advised)
    if not advice.intended or advice.gone_since is None:
        return
    # Nobody has been gone since a day that is still to come.
    gone_since = min(advice.gone_since, await day_of_reply_to(advised))
    sought = (await reply_to(await ask_in_time(case, APPLY_FOR_DECLARATION, gone_since))).sought
    if sought is DeclarationSought.NOBODY:
        return
    if sought is DeclarationSought.LATER and not await _death_applied_for(case, gone_since):
        return
    notice = await reply_to(await ask(case, PUBLISH_MISSING_NOTICE))
    step, fact = _JUDGMENTS[sought]
    judged = await ask_in_time(case, step, notice.published_on)
    if (await reply_to(judged)).declared:
        await look_at_entitlements_again(case, fact, await day_of_reply_to(judged))


async def _death_applied_for(case: Case, gone_since: date) -> bool:
    return (await reply_to(await ask_in_time(case, APPLY_FOR_DEATH, gone_since))).applied
