"""评估帮扶 — assessment and assistance.

Basis: 晋政发〔2017〕46号 三, 四 (评估帮扶机制), 五; 国发〔2016〕13号 四(三); 国发〔2016〕36号. Steps C1-C8 and 1F.
"""

from prefect import flow

from rules.answers import AssessmentResult, Capability, VisitFinding
from rules.case import Case
from rules.steps import (
    CLINIC_HELP,
    CLOSING_REVIEW,
    FOLLOW_UP_VISIT,
    GUARDIANSHIP_CAPABILITY,
    INVESTIGATE,
    OPEN_CASE_FILE,
    SCHOOL_HELP,
    VILLAGE_HELP,
)
from rules.vocabulary import ClosingGround, Mechanism
from tasks.asking import ask, replies_to, reply_to
from tasks.cases import close, hand_over, open_case
from tasks.entitlements import apply_for_entitlements
from tasks.services import arrange_services
from tasks.visiting import visit_until_settled


@flow(name="评估帮扶", flow_run_name="{case_number} 评估帮扶", retries=0, persist_result=False)
async def assessment_and_assistance(case_number: str) -> str:
    """What does this child need, and who gives it? Then visit until it holds."""
    case = await open_case(case_number, Mechanism.ASSESSMENT_AND_ASSISTANCE)

    # C1  One child, one file. C2  The township looks into the family; school, clinic and village help.
    await reply_to(await ask(case, OPEN_CASE_FILE))
    investigation = await ask(case, INVESTIGATE)
    helpers = [await ask(case, SCHOOL_HELP), await ask(case, CLINIC_HELP), await ask(case, VILLAGE_HELP)]
    assessed = await reply_to(investigation)

    # Danger found in the survey goes back to emergency handling, and does not wait for the helpers.
    if assessed.result is AssessmentResult.DANGER:
        return await go_back_to(case, Mechanism.EMERGENCY_HANDLING)
    await replies_to(*helpers)

    # C2b  A doubtful guardian is assessed. D1  Harm that services cannot cure becomes guardianship intervention.
    harmed = assessed.result is AssessmentResult.SERIOUS_GUARDIAN_HARM
    if assessed.guardian_doubtful:
        capability = await reply_to(await ask(case, GUARDIANSHIP_CAPABILITY))
        harmed = harmed or capability.capability is Capability.INCAPABLE
    if harmed:
        await hand_over(case, Mechanism.GUARDIANSHIP_INTERVENTION)

    # C8  Nothing is needed. C3-C5  Each entitlement found is asked of its own office, all at the same time, and paid when granted.
    if assessed.result is AssessmentResult.NO_NEED and not harmed:
        return await close(case, ClosingGround.NO_NEED)
    await apply_for_entitlements(case)

    # C6  Services for child and family, each from the office whose duty it is.
    if assessed.services_needed:
        await arrange_services(case)

    # C7  The village visits until things are stable and C8 civil affairs agrees to close.
    # A change is looked into again (C2, C3).
    visit = await visit_until_settled(
        case, FOLLOW_UP_VISIT, review=CLOSING_REVIEW, changed=lambda number: look_again(case, number)
    )
    if visit.finding is VisitFinding.DANGER:
        return await go_back_to(case, Mechanism.EMERGENCY_HANDLING)
    # Harm after the guardian had been dealt with already begins at emergency again, like harm after a return home.
    if visit.finding is VisitFinding.GUARDIAN_HARM:
        return await go_back_to(case, Mechanism.EMERGENCY_HANDLING if harmed else Mechanism.GUARDIANSHIP_INTERVENTION)
    return await close(case, ClosingGround.RISK_REMOVED)


async def look_again(case: Case, number: str) -> VisitFinding | None:
    """C7 → C2, C3, C6: what has changed is assessed; danger or harm is given back, new help is applied for."""
    assessed = await reply_to(await ask(case, INVESTIGATE, subject=number, about="走访发现情况有变"))
    if assessed.result is AssessmentResult.DANGER:
        return VisitFinding.DANGER
    if assessed.result is AssessmentResult.SERIOUS_GUARDIAN_HARM:
        return VisitFinding.GUARDIAN_HARM
    if assessed.result is AssessmentResult.NEEDS_HELP:
        await apply_for_entitlements(case, number)
        if assessed.services_needed:
            await arrange_services(case, number)
    return None


async def go_back_to(case: Case, mechanism: Mechanism) -> str:
    """Legal-basis 1E, assessment → emergency, assessment → guardianship: the case comes back here afterwards."""
    await hand_over(case, mechanism)
    return await close(case, ClosingGround.HANDED_ON)
