"""强制报告 — mandatory report.

Basis: 晋政发〔2017〕46号 四 (强制报告机制); 国发〔2016〕13号 四(一); 高检发〔2020〕9号; 未成年人保护法 11. Steps A1-A11.
"""

from prefect import flow

from rules.answers import TriageOutcome
from rules.steps import (
    CASE_SUPERVISION,
    FAILURE_TO_REPORT,
    FEEDBACK_REPORTER,
    FILE_CRIMINAL_CASE,
    FILE_WITH_SUPERVISOR,
    HELP_APPLY,
    POLICE_ACCEPT,
    PUBLIC_ORDER_CASE,
    TRANSFER_JURISDICTION,
    TRIAGE,
)
from rules.vocabulary import ClosingGround, Mechanism, Office
from tasks.asking import ask, reply_to
from tasks.cases import close, hand_over, open_case


@flow(name="强制报告", flow_run_name="{case_number} 强制报告", retries=0, persist_result=False)
async def mandatory_report(case_number: str) -> str:
    """Somebody has seen a child in danger or in need. Nobody may send the report away."""
    case = await open_case(case_number, Mechanism.MANDATORY_REPORT)

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

    # A11  A unit that should have reported and did not.
    if triage.failed_duty_to_report:
        await ask(case, FAILURE_TO_REPORT)

    # A7  Criminal or public-order case. A10  The procuratorate looks at a refusal to open one.
    if triage.outcome is TriageOutcome.CRIME:
        filing = await reply_to(await ask(case, FILE_CRIMINAL_CASE))
        if not filing.filed and (await reply_to(await ask(case, CASE_SUPERVISION))).must_file:
            await reply_to(await ask(case, FILE_CRIMINAL_CASE, subject="监督立案"))
    elif triage.outcome is TriageOutcome.PUBLIC_ORDER:
        await ask(case, PUBLIC_ORDER_CASE)

    # A8  Whoever gave a name is told what became of the report.
    if case.named_reporter:
        await ask(case, FEEDBACK_REPORTER)

    unfounded = triage.outcome is TriageOutcome.UNFOUNDED
    return await close(case, ClosingGround.UNFOUNDED if unfounded else ClosingGround.HANDED_ON)
