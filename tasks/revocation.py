"""file_for_revocation · court_judges: the guardian's standing is taken away by a court (D7-D9)."""

from __future__ import annotations

from office.port import current
from rules.answers import Answer, InterimMeasure, Judgment, RevocationFiling
from rules.case import Asked, Case
from rules.steps import (
    COURT_TRIAL,
    COURT_TRIAL_EXTENDED,
    FILE_REVOCATION,
    INTERIM_CARE,
    INTERIM_MEASURES,
    JUDGMENT,
    RECOMMEND_REVOCATION,
    SUGGEST_REVOCATION,
)
from rules.vocabulary import Office
from tasks.asking import ask, first_reply_of, release, reply_so_far, reply_to

MAY_FILE = {
    "妇联": Office.WOMENS_FEDERATION,
    "村(居)委会": Office.VILLAGE_COMMITTEE,
    "残联": Office.DISABLED_PERSONS_FEDERATION,
    "学校": Office.EDUCATION,
}
"""Who may file before civil affairs must, and has a link (民法典 36(2)). Relatives, and hospitals, are reached by these."""


async def file_for_revocation(case: Case) -> None:
    """D7  Whoever may file is asked; the first that has filed releases the others.

    As soon as one of them has not filed, civil affairs must (民法典 36(3)), and the procuratorate is asked to recommend
    it in writing (法发〔2014〕24号 30); civil affairs does not wait for that, and the others may still come first.
    """
    if await current.get().is_asked(case.proceeding, COURT_TRIAL.key, ""):
        return
    asked: list[Asked[Answer]] = []
    refused = False
    for subject, office in MAY_FILE.items():
        suggested = await ask(case, SUGGEST_REVOCATION, of=office, subject=subject)
        said = await reply_so_far(suggested)
        refused = refused or (said is not None and not said.filed)
        asked.append(suggested)
    if refused:
        asked.append(await ask(case, FILE_REVOCATION))
        await ask(case, RECOMMEND_REVOCATION)
    await first_reply_of(*asked, settles=lambda said: not isinstance(said, RevocationFiling) or said.filed)
    await release(Asked(case, RECOMMEND_REVOCATION))


async def court_judges(case: Case) -> Judgment:
    """D8, D9  The court tries (30 days, more with its president's leave) and judges.

    Meanwhile it says who looks after the child; neither trial nor judgment waits for that.
    """
    trial, interim = await ask(case, COURT_TRIAL), Asked(case, INTERIM_MEASURES)
    if await reply_so_far(trial) is None:
        await ask(case, INTERIM_MEASURES)
    measures = await reply_so_far(interim)
    if measures is not None and measures.measure is not InterimMeasure.AS_BEFORE:
        await ask(case, INTERIM_CARE)
    if (await reply_to(trial)).extended:
        await reply_to(await ask(case, COURT_TRIAL_EXTENDED))
    judgment = await reply_to(await ask(case, JUDGMENT))
    await release(interim)
    return judgment
