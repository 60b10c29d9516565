"""监护干预 — guardianship intervention.

Basis: 晋政发〔2017〕46号 三(四), 四 (监护干预机制); 国发〔2016〕13号 四(四); 民法典 31, 36, 38; 未成年人保护法 92-96, 118. Steps D1-D16.
"""

from prefect import flow

from rules.answers import ConferenceOutcome, JudgmentResult, Severity, VisitFinding
from rules.case import Case
from rules.steps import (
    ADMONISH,
    ASSESS_GUARDIAN,
    CASE_CONFERENCE,
    COURT_TRIAL,
    DISCIPLINE,
    FILE_REVOCATION,
    JUDGMENT,
    KINSHIP_HANDOVER,
    LONG_TERM_GUARDIANSHIP,
    OPEN_INTERVENTION,
    RETURN_CHILD,
    RETURN_FOLLOW_UP,
    SETTLE_NEW_GUARDIAN,
    SUGGEST_REVOCATION,
    SUPPORT_CLAIM,
    TEMPORARY_GUARDIANSHIP,
    TRACE_GUARDIAN,
)
from rules.vocabulary import ClosingGround, Mechanism, Office
from tasks.asking import ask, first_reply_of, reply_to
from tasks.cases import close, hand_over, open_case
from tasks.visiting import ask_until, visit_until_settled


@flow(name="监护干预", flow_run_name="{case_number} 监护干预", retries=0, persist_result=False)
async def guardianship_intervention(case_number: str) -> str:
    """The guardian fails or harms the child. Mend the guardian; else guard the child; else find a new guardian."""
    case = await open_case(case_number, Mechanism.GUARDIANSHIP_INTERVENTION)

    # D1  Why, and how far to go.
    opened = await reply_to(await ask(case, OPEN_INTERVENTION))

    # D2  Not serious: the village admonishes. D3  Serious, or not mended: the police discipline.
    if opened.severity is Severity.MINOR and (await reply_to(await ask(case, ADMONISH))).improved:
        return await back_to_assessment(case, ClosingGround.RISK_REMOVED)
    if opened.severity is not Severity.UNATTENDED and (await reply_to(await ask(case, DISCIPLINE))).improved:
        return await back_to_assessment(case, ClosingGround.RISK_REMOVED)

    # D4  Civil affairs is guardian for the time being. D4a  A guardian who cannot be found is searched for.
    await reply_to(await ask(case, TEMPORARY_GUARDIANSHIP))
    if opened.guardian_untraced and not (await reply_to(await ask(case, TRACE_GUARDIAN))).found:
        await reply_to(await ask(case, LONG_TERM_GUARDIANSHIP))
        return await back_to_assessment(case, ClosingGround.NEW_GUARDIAN_SETTLED)

    # D5, D6  The guardian is assessed; all who know the child confer.
    await reply_to(await ask(case, ASSESS_GUARDIAN))
    conference = await ask_until(case, CASE_CONFERENCE, lambda said: said.outcome is not ConferenceOutcome.EXTEND)
    if conference.outcome is ConferenceOutcome.SAFE:
        return await return_home(case)
    if conference.outcome is ConferenceOutcome.RELATIVE_CARE:
        await reply_to(await ask(case, KINSHIP_HANDOVER))
        return await back_to_assessment(case, ClosingGround.NEW_GUARDIAN_SETTLED)

    # D7  Whoever may apply is asked; when nobody does, civil affairs must. D8, D9  The court tries and judges.
    await apply_for_revocation(case)
    await reply_to(await ask(case, COURT_TRIAL))
    judgment = await reply_to(await ask(case, JUDGMENT))
    if judgment.result is JudgmentResult.NOT_REVOKED:
        return await return_home(case)

    # D10, D11  A new guardian, and the parents go on paying.
    civil_affairs_guards = judgment.result is JudgmentResult.REVOKED
    await reply_to(await ask(case, LONG_TERM_GUARDIANSHIP if civil_affairs_guards else SETTLE_NEW_GUARDIAN))
    await ask(case, SUPPORT_CLAIM)
    return await back_to_assessment(case, ClosingGround.NEW_GUARDIAN_SETTLED)


async def apply_for_revocation(case: Case) -> None:
    """D7  The first body with the right to apply to answer decides it; when it has not filed, civil affairs must (民法典 36(3))."""
    federation = await ask(case, SUGGEST_REVOCATION, of=Office.WOMENS_FEDERATION, subject="妇联")
    village = await ask(case, SUGGEST_REVOCATION, of=Office.VILLAGE_COMMITTEE, subject="村(居)委会")
    _, suggestion = await first_reply_of(federation, village)
    if not suggestion.filed:
        await reply_to(await ask(case, FILE_REVOCATION))


async def return_home(case: Case) -> str:
    """D6  The guardian fetches the child, with a written handover; 1F the village visits, and harm that returns begins again."""
    await reply_to(await ask(case, RETURN_CHILD))
    visit = await visit_until_settled(case, RETURN_FOLLOW_UP)
    if visit.finding in (VisitFinding.DANGER, VisitFinding.GUARDIAN_HARM):
        await hand_over(case, Mechanism.EMERGENCY_HANDLING)
        return await close(case, ClosingGround.HANDED_ON)
    return await back_to_assessment(case, ClosingGround.RETURNED_AND_STABLE)


async def back_to_assessment(case: Case, ground: ClosingGround) -> str:
    """Legal-basis 1E, guardianship → assessment: entitlements and visits follow every outcome."""
    await hand_over(case, Mechanism.ASSESSMENT_AND_ASSISTANCE)
    return await close(case, ground)
