"""评估帮扶 — assessment and assistance.

Basis: 晋政发〔2017〕46号 三, 四 (评估帮扶机制), 五; 国发〔2016〕13号 四(三); 国发〔2016〕36号. Steps C1-C8 and 1F.
"""

from typing import Any

from prefect import flow

from rules.answers import AssessmentResult, Capability, VisitFinding
from rules.case import Asked, Case
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
from tasks.asking import ask, replies_to, reply_to, together
from tasks.cases import close, hand_over, open_case, take_leave
from tasks.entitlements import apply_for_entitlements
from tasks.following import end_entitlements, follow_the_file, the_file_ends
from tasks.services import arrange_services
from tasks.visiting import child_is_gone, visit_until_settled


@flow(name="评估帮扶", flow_run_name="{case_number} 评估帮扶", retries=0, persist_result=False)
async def assessment_and_assistance(case_number: str, serial: int = 1) -> str:
    """What does this child need, and who gives it? Then visit until it holds."""
    case = await open_case(case_number, Mechanism.ASSESSMENT_AND_ASSISTANCE, serial)

    # 1F  A day noted in the file has opened it again: what it brings up is dealt with, and nothing else.
    if case.from_file:
        return await close(case, await follow_the_file(case))

    # 1F  Else such days come beside the assessment, and wait for none of its answers.
    file_ground, ground = await together(lambda: follow_the_file(case), lambda: assess(case))
    return await close(case, ground if ground.is_final or not file_ground.is_final else file_ground)


async def assess(case: Case) -> ClosingGround:
    """C1-C8: from the child's file to the last visit. Gives the ground on which the assessment closes."""
    # C1  One child, one file. C2  The township looks into the family; school, clinic and village help.
    await reply_to(await ask(case, OPEN_CASE_FILE))
    investigation = await ask(case, INVESTIGATE)
    helpers = [await ask(case, SCHOOL_HELP), await ask(case, CLINIC_HELP), await ask(case, VILLAGE_HELP)]
    assessed = await reply_to(investigation)

    # Danger found in the survey goes back to emergency handling, and does not wait for the helpers.
    if assessed.result is AssessmentResult.DANGER:
        return await hand_on(case, Mechanism.EMERGENCY_HANDLING, investigation)
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
        return ClosingGround.NO_NEED
    await apply_for_entitlements(case)

    # C6  Services for child and family, each from the office whose duty it is.
    if assessed.services_needed:
        await arrange_services(case)

    # C7, C8  The village visits until things are stable.
    return await visits(case, harmed=harmed)


async def visits(case: Case, *, harmed: bool) -> ClosingGround:
    """C7, C8: until civil affairs agrees to close. A change is looked into again; danger, harm and death end the visits."""
    visited = await visit_until_settled(
        case,
        FOLLOW_UP_VISIT,
        review=CLOSING_REVIEW,
        changed=lambda number: look_again(case, number),
        over=lambda: the_file_ends(case),
    )
    if visited.finding is VisitFinding.DANGER:
        return await hand_on(case, Mechanism.EMERGENCY_HANDLING, visited.last)
    # Harm after the guardian had been dealt with already begins at emergency again, like harm after a return home.
    if visited.finding is VisitFinding.GUARDIAN_HARM:
        back_to = Mechanism.EMERGENCY_HANDLING if harmed else Mechanism.GUARDIANSHIP_INTERVENTION
        return await hand_on(case, back_to, visited.last)
    gone = child_is_gone(visited)
    if gone is None:
        return visited.ground
    await end_entitlements(case, visited.last, visited.finding.value)
    return gone


async def look_again(case: Case, number: str) -> VisitFinding | None:
    """C7 → C2, C3, C6: what has changed is assessed; danger or harm is given back, new help is applied for."""
    assessed = await reply_to(await ask(case, INVESTIGATE, subject=number, about="走访发现情况有变"))
    if assessed.result is AssessmentResult.DANGER:
        return VisitFinding.DANGER
    if assessed.result is AssessmentResult.SERIOUS_GUARDIAN_HARM:
        return VisitFinding.GUARDIAN_HARM
    if assessed.ask_helpers_again:
        await replies_to(*[await ask(case, step, subject=number) for step in (SCHOOL_HELP, CLINIC_HELP, VILLAGE_HELP)])
    if assessed.result is AssessmentResult.NEEDS_HELP:
        await apply_for_entitlements(case, number)
        if assessed.services_needed:
            await arrange_services(case, number)
    return None


async def hand_on(case: Case, mechanism: Mechanism, because: Asked[Any]) -> ClosingGround:
    """Legal-basis 1E, assessment → emergency, assessment → guardianship: the case comes back here, to a new assessment.

    What the file has brought up until then is finished here.
    """
    await hand_over(case, mechanism, because=because)
    await take_leave(case, ClosingGround.HANDED_ON)
    return ClosingGround.HANDED_ON
