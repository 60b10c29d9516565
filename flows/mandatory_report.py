"""强制报告 — mandatory report.

Basis: 晋政发〔2017〕46号 四 (强制报告机制); 国发〔2016〕13号 四(一); 高检发〔2020〕9号; 未成年人保护法 11. Steps A1-A11.
"""

from prefect import flow

from rules.answers import Triage, TriageOutcome
from rules.case import Case
from rules.steps import (
    CASE_SUPERVISION,
    EXPLAIN_NOT_FILING,
    FAILURE_TO_REPORT,
    FEEDBACK_BEFORE_PROSECUTION,
    FEEDBACK_REPORTER,
    FILE_CRIMINAL_CASE,
    FILE_ON_NOTICE,
    FILE_WITH_SUPERVISOR,
    HELP_APPLY,
    POLICE_ACCEPT,
    PUBLIC_ORDER_CASE,
    RECOMMENDATION_ON_FAILURE,
    REPLY_ON_FAILURE,
    SUPERVISION_DECISION,
    TRANSFER_JURISDICTION,
    TRIAGE,
)
from rules.vocabulary import ClosingGround, Mechanism, Office
from tasks.asking import ask, reply_to, together
from tasks.cases import close, hand_over, open_case


@flow(name="强制报告", flow_run_name="{case_number} 强制报告", retries=0, persist_result=False)
async def mandatory_report(case_number: str, serial: int = 1) -> str:
    """Somebody has seen a child in danger or in need. Nobody may send the report away."""
    case = await open_case(case_number, Mechanism.MANDATORY_REPORT, serial)

    # A9  Only poverty or disability, and no danger: help with applying, not a police matter.
    if case.poverty_only:
        await ask(case, HELP_APPLY)
        await hand_over(case, Mechanism.ASSESSMENT_AND_ASSISTANCE)
        return await close(case, ClosingGround.HANDED_ON)

    # A2  The danger goes on: the emergency begins at once, the papers follow.
    if case.danger_now:
        await hand_over(case, Mechanism.EMERGENCY_HANDLING)

    # A3  The office above the reporter's unit files the report.
    if case.reporter_has_supervisor:
        await ask(case, FILE_WITH_SUPERVISOR, of=Office(case.supervisor))

    # A5  The police accept at once. A6  Another place's matter is passed on; the child is looked after here.
    acceptance = await reply_to(await ask(case, POLICE_ACCEPT))
    if not acceptance.own_jurisdiction:
        await reply_to(await ask(case, TRANSFER_JURISDICTION))
        await hand_over(case, Mechanism.ASSESSMENT_AND_ASSISTANCE)
        return await close(case, ClosingGround.MOVED_JURISDICTION)

    # A7  The police say what it is; a child in danger does not wait for the rest.
    triage = await reply_to(await ask(case, TRIAGE))
    if triage.outcome is TriageOutcome.EMERGENCY:
        await hand_over(case, Mechanism.EMERGENCY_HANDLING)
    elif triage.child_still_needs_help and triage.outcome is not TriageOutcome.UNFOUNDED:
        await hand_over(case, Mechanism.ASSESSMENT_AND_ASSISTANCE)

    # A7, A8, A10  The offence, and what the reporter hears of it. A11  The unit that should have reported and did not.
    await together(lambda: pursue_offence(case, triage), lambda: call_to_account(case, triage))

    unfounded = triage.outcome is TriageOutcome.UNFOUNDED
    return await close(case, ClosingGround.UNFOUNDED if unfounded else ClosingGround.HANDED_ON)


async def pursue_offence(case: Case, triage: Triage) -> None:
    """A7, A8: a criminal or public-order case; whoever gave a name hears of it, and again before prosecution."""
    filed = False
    if triage.outcome is TriageOutcome.CRIME:
        filed = (await reply_to(await ask(case, FILE_CRIMINAL_CASE))).filed
    elif triage.outcome is TriageOutcome.PUBLIC_ORDER:
        await ask(case, PUBLIC_ORDER_CASE)
    if case.named_reporter:
        await ask(case, FEEDBACK_REPORTER)
    if triage.outcome is TriageOutcome.CRIME and not filed and await filed_after_supervision(case):
        filed = True
        if case.named_reporter:
            await ask(case, FEEDBACK_REPORTER, subject="监督立案")
    if filed and case.named_reporter:
        await ask(case, FEEDBACK_BEFORE_PROSECUTION)


async def filed_after_supervision(case: Case) -> bool:
    """A10  The procuratorate asks why no case was filed (7 d), weighs the reasons, and gives notice to file (15 d)."""
    if not (await reply_to(await ask(case, CASE_SUPERVISION))).must_file:
        return False
    await reply_to(await ask(case, EXPLAIN_NOT_FILING))
    if not (await reply_to(await ask(case, SUPERVISION_DECISION))).must_file:
        return False
    return (await reply_to(await ask(case, FILE_ON_NOTICE))).filed


async def call_to_account(case: Case, triage: Triage) -> None:
    """A11  Civil affairs acts; where it is serious, the procuratorate recommends and the unit's supervisor replies (1 month)."""
    if not triage.failed_duty_to_report:
        return
    handled = await reply_to(await ask(case, FAILURE_TO_REPORT))
    if handled.serious and (await reply_to(await ask(case, RECOMMENDATION_ON_FAILURE))).issued:
        await ask(case, REPLY_ON_FAILURE, of=handled.office)
