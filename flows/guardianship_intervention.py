"""监护干预 — guardianship intervention.

Basis: 晋政发〔2017〕46号 三(四), 四 (监护干预机制); 国发〔2016〕13号 四(四); 民法典 31, 36, 38; 未成年人保护法 92-96, 118. Steps D1-D16.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from prefect import flow

from rules.answers import (
    ConferenceOutcome,
    Designated,
    GuardianshipCause,
    Intervention,
    Judgment,
    JudgmentResult,
    Severity,
)
from rules.case import Asked, Case
from rules.steps import (
    ADMONISH,
    ASSESS_GUARDIAN,
    CASE_CONFERENCE,
    DISCIPLINE,
    HANDOVER_WITNESSED,
    JUDGMENT,
    KINSHIP_HANDOVER,
    LONG_TERM_GUARDIANSHIP,
    OPEN_INTERVENTION,
    RETURN_CHILD,
    RETURN_FOLLOW_UP,
    SETTLE_NEW_GUARDIAN,
    SUPPORT_CLAIM,
    TEMPORARY_GUARDIANSHIP,
    TEMPORARY_GUARDIANSHIP_REVIEW,
    TRACE_GUARDIAN,
)
from rules.vocabulary import ClosingGround, Mechanism, NewFact, Office
from tasks.asking import ask, beside, day_of_reply_to, inform, release_all, reply_so_far, reply_to
from tasks.cases import close, hand_over, open_case, take_leave
from tasks.declaring import STEPS_OF_DECLARATION, offer_declaration
from tasks.designation import designate_guardian
from tasks.following import end_entitlements
from tasks.handing import written_handover
from tasks.lasting_guardianship import guard_until_it_ends, review_temporary_guardianship
from tasks.opening import look_at_entitlements_again
from tasks.restoration import Restoration, restorable_since, restoration
from tasks.revocation import court_judges, file_for_revocation
from tasks.visiting import ask_until, found_harm, tell_when_gone, visit_until_settled

Way = Callable[[Case], Awaitable[ClosingGround]]
"""How the intervention goes on, up to the ground on which it closes."""


@flow(name="监护干预", flow_run_name="{case_number} 监护干预", retries=0, persist_result=False)
async def guardianship_intervention(case_number: str, serial: int = 1) -> str:
    """The guardian fails or harms the child. Mend the guardian; else guard the child; else find a new guardian."""
    case = await open_case(case_number, Mechanism.GUARDIANSHIP_INTERVENTION, serial)

    # D1  Why, and how far to go.
    opened = await reply_to(await ask(case, OPEN_INTERVENTION))

    # D2-D14, D16  The child gets a guardian. D15  A vanished parent may be declared missing: that takes years and holds up nothing.
    ground = await beside(lambda: intervene(case, opened), lambda: vanished_parent(case, opened))

    # From now on only answers are waited for: new harm begins the mechanism anew. The declaration goes on while it matters.
    await take_leave(case, ground)
    if ground.ends_the_file:
        await release_all(case, *STEPS_OF_DECLARATION)
    else:
        await vanished_parent(case, opened)
    return await close(case, ground)


async def intervene(case: Case, opened: Intervention) -> ClosingGround:
    """D2-D14, D16  From the first admonition to a settled guardian."""
    # D14  Nobody fails, but it is disputed who is guardian. D10  Civil affairs is guardian already, and must look after the child anew.
    if opened.severity is Severity.DISPUTED:
        return await settle_dispute(case, opened)
    if opened.severity is Severity.CIVIL_AFFAIRS_GUARDS:
        return await guard_for_good(case)

    # D2  Not serious: the village admonishes. D3  Serious, or not mended: the police discipline.
    if opened.severity is Severity.MINOR and (await reply_to(await ask(case, ADMONISH))).improved:
        return await back_to_assessment(case, ClosingGround.RISK_REMOVED)
    if opened.severity is not Severity.UNATTENDED and (await reply_to(await ask(case, DISCIPLINE))).improved:
        return await back_to_assessment(case, ClosingGround.RISK_REMOVED)

    # D4  Civil affairs is guardian for the time being; how long is reviewed until it is concluded who looks after the child.
    await reply_to(await ask(case, TEMPORARY_GUARDIANSHIP))
    way = await beside(lambda: conclude(case, opened), lambda: review_temporary_guardianship(case))
    await release_all(case, TEMPORARY_GUARDIANSHIP_REVIEW)
    return await way(case)


async def conclude(case: Case, opened: Intervention) -> Way:
    """D4a-D9  The guardian is searched for, assessed, conferred about, and if need be judged."""
    # D4a  A guardian nobody finds within six months: the police give civil affairs what they know (民发〔2019〕62号 四(二)).
    if opened.guardian_untraced and not (await reply_to(await ask(case, TRACE_GUARDIAN))).found:
        await inform(case, Office.CIVIL_AFFAIRS, "监护人经查找没有找到，请向公安机关了解查找情况")
        return guard_for_good

    # D5, D6  The guardian is assessed; all who know the child confer.
    await reply_to(await ask(case, ASSESS_GUARDIAN))
    conference = await ask_until(case, CASE_CONFERENCE, lambda said: said.outcome is not ConferenceOutcome.EXTEND)
    if conference.outcome is ConferenceOutcome.SAFE:
        return return_home
    if conference.outcome is ConferenceOutcome.RELATIVE_CARE:
        return give_to_relative

    # D7  Whoever may apply is asked; when one does not, civil affairs must. D8, D9  The court tries and judges.
    await file_for_revocation(case)
    judgment = await court_judges(case)
    await tell_of_judgment(case, judgment)
    if judgment.result is JudgmentResult.NOT_REVOKED:
        return return_home
    return guard_for_good if judgment.result is JudgmentResult.REVOKED else settle_named_guardian


async def tell_of_judgment(case: Case, judgment: Judgment) -> None:
    """D9  Not revoked: the court's advice is followed up. Revoked: the judgment goes to those who decide entitlements.

    Legal-basis 1E, guardianship → schemes: a parent whose standing is revoked counts as not supporting (民发〔2020〕125号).
    """
    if judgment.result is JudgmentResult.NOT_REVOKED:
        if judgment.judicial_advice:
            await inform(case, Office.CIVIL_AFFAIRS, "人民法院已发出司法建议，请督促落实")
            await inform(case, Office.VILLAGE_COMMITTEE, "人民法院已发出司法建议，请督促落实")
        return
    await inform(case, Office.CIVIL_AFFAIRS, "监护人资格判决抄送，请据以核对救助保障")
    await inform(case, Office.TOWNSHIP, "监护人资格判决抄送，请据以核对救助保障")
    revoked = Asked(case, JUDGMENT)
    await hand_over(case, Mechanism.ASSESSMENT_AND_ASSISTANCE, because=revoked)
    await look_at_entitlements_again(case, NewFact.GUARDIANSHIP_REVOKED, await day_of_reply_to(revoked))


async def return_home(case: Case) -> ClosingGround:
    """D6  The guardian fetches the child, with a written handover; 1F the village visits, and harm that returns begins again."""
    await written_handover(case, RETURN_CHILD, HANDOVER_WITNESSED)
    # School, police and village are told, and keep it secret (legal-basis 5).
    await inform(case, Office.EDUCATION, "儿童已由监护人领回，请予关注并保密")
    await inform(case, Office.PUBLIC_SECURITY, "儿童已由监护人领回，请予关注并保密")
    await inform(case, Office.VILLAGE_COMMITTEE, "儿童已由监护人领回，请予关注并保密")
    visited = await visit_until_settled(case, RETURN_FOLLOW_UP)
    if found_harm(visited):
        await hand_over(case, Mechanism.EMERGENCY_HANDLING, because=visited.last)
        return ClosingGround.HANDED_ON
    gone = await tell_when_gone(case, visited)
    if gone is not None:
        await end_entitlements(case, visited.last, visited.finding.value)
        return gone
    return await back_to_assessment(case, ClosingGround.RETURNED_AND_STABLE, because=visited.last)


async def give_to_relative(case: Case) -> ClosingGround:
    """D6  Another guardian or a relative takes the child over, in writing."""
    await written_handover(case, KINSHIP_HANDOVER, HANDOVER_WITNESSED)
    return await back_to_assessment(case, ClosingGround.NEW_GUARDIAN_SETTLED)


async def settle_dispute(case: Case, opened: Intervention) -> ClosingGround:
    """D14  Who is guardian is designated; a child whom nobody protects meanwhile is guarded by civil affairs (民法典 31(3))."""
    if opened.ground is not None:
        await ask(case, TEMPORARY_GUARDIANSHIP)
    if await designate_guardian(case) is Designated.CIVIL_AFFAIRS:
        return await guard_for_good(case)
    await reply_to(await ask(case, SETTLE_NEW_GUARDIAN))
    return await back_to_assessment(case, ClosingGround.NEW_GUARDIAN_SETTLED)


async def settle_named_guardian(case: Case) -> ClosingGround:
    """D9, D11  The guardian whom the court named takes over, and the parents go on paying. D12  A parent may yet be restored."""
    await reply_to(await ask(case, SETTLE_NEW_GUARDIAN))
    await ask(case, SUPPORT_CLAIM)
    settled = await back_to_assessment(case, ClosingGround.NEW_GUARDIAN_SETTLED)
    await take_leave(case, settled)
    revoked_on = await restorable_since(case)
    if revoked_on is not None and await restoration(case, revoked_on) is Restoration.RESTORED:
        return await return_home(case)
    return settled


async def guard_for_good(case: Case) -> ClosingGround:
    """D10, D11  Civil affairs is guardian. It goes on until the child is restored (D12), adopted (D13), or it ends (D16)."""
    asked = await ask(case, LONG_TERM_GUARDIANSHIP)
    guarded = await reply_to(asked)
    if await reply_so_far(Asked(case, JUDGMENT)) is not None:
        await ask(case, SUPPORT_CLAIM)
    await take_leave(case, await back_to_assessment(case, ClosingGround.NEW_GUARDIAN_SETTLED))

    # D12  The parent's time comes first; D13 whoever may be restored is waited for with adoption. D16  Year by year: does it go on?
    revoked_on = await restorable_since(case, guarded.revoked_on)
    parent = Restoration.REVOKED if revoked_on is None else await restoration(case, revoked_on)
    if parent is Restoration.RESTORED:
        return await return_home(case)
    return await guard_until_it_ends(
        case, await day_of_reply_to(asked), revoked_on=revoked_on, at_once=parent is Restoration.MOOT
    )


async def vanished_parent(case: Case, opened: Intervention) -> None:
    """D15  A parent whom the police did not find, or who was gone from the start."""
    traced = await reply_so_far(Asked(case, TRACE_GUARDIAN))
    gone = opened.cause is GuardianshipCause.ABSENCE and not opened.guardian_untraced
    if gone or (traced is not None and not traced.found):
        await offer_declaration(case)


async def back_to_assessment(case: Case, ground: ClosingGround, *, because: Asked[Any] | None = None) -> ClosingGround:
    """Legal-basis 1E, guardianship → assessment: entitlements and visits follow every outcome."""
    await hand_over(case, Mechanism.ASSESSMENT_AND_ASSISTANCE, because=because)
    return ground
