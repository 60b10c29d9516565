"""应急处置 — emergency handling.

Basis: 晋政发〔2017〕46号 四 (应急处置机制) and 三(四); 国发〔2016〕13号 四(二); 反家庭暴力法; 山西省家庭暴力预防和处置办法. Steps B1-B11.
"""

from prefect import flow

from rules.answers import Measure, PlaceAfterVillage, PlacementResult, Scene, Situation
from rules.case import Asked, Case
from rules.steps import (
    APPLY_PROTECTION_ORDER,
    DISPATCH,
    FIRST_MEASURES,
    MEDICAL_FIRST,
    PLACEMENT_EXTENSION,
    REMOVE_FROM_GUARDIAN,
    STOP_AND_SECURE,
    TEMPORARY_PLACEMENT,
    VILLAGE_EMERGENCY_CARE,
    WARNED_FAMILY_RECORD,
    WARNED_FAMILY_REVISIT,
    WARNED_FAMILY_VISIT,
    WARNING_DECISION,
)
from rules.vocabulary import ClosingGround, Mechanism, Office
from tasks.asking import ask, inform, reply_to, together
from tasks.cases import close, hand_over, open_case, take_leave
from tasks.custody import tell_of_custody
from tasks.handing import written_handover
from tasks.protecting import keep_order, order_made, ruling_on
from tasks.searching import begin_search, search_for_family
from tasks.visiting import act_on, visit_until_quiet


@flow(name="应急处置", flow_run_name="{case_number} 应急处置", retries=0, persist_result=False)
async def emergency_handling(case_number: str, serial: int = 1) -> str:
    """A child may be in danger now. Make the child safe first; ask why afterwards."""
    case = await open_case(case_number, Mechanism.EMERGENCY_HANDLING, serial)

    # B1  The police go to the child; civil affairs is told at once. B2, B4  The child is made safe; what was found is said.
    await inform(case, Office.CIVIL_AFFAIRS, "应急处置已启动")
    dispatched = await ask(case, DISPATCH)
    scene = await ask(case, STOP_AND_SECURE)
    await reply_to(dispatched)
    found = await reply_to(scene)

    # B3  An injured or ill child sees a doctor before anything else.
    if found.child_needs_doctor:
        await reply_to(await ask(case, MEDICAL_FIRST))

    # B4a-B4m  The first measure for this child's situation. B4i, B4j  A guardian in custody: the family must hear of it.
    measure = await ask(case, FIRST_MEASURES[found.situation])
    await tell_of_custody(case, found)

    # B5-B8, B9, B10  Place, warning and protection order go side by side: the court's hours do not wait for the shelter's days.
    removed, warned, *_ = await together(
        lambda: place_child(case, found, measure),
        lambda: warn_abuser(case, found),
        lambda: protect_by_order(case, found),
        lambda: begin_search(case, found, measure),
    )

    # C1  An assessment always follows.
    await hand_over(case, Mechanism.ASSESSMENT_AND_ASSISTANCE)

    # D1  Removed, unsettled, or not mended after education by the police: guardianship intervention.
    if removed or not (await reply_to(measure)).child_settled or found.guardian_failed_after_education:
        await hand_over(case, Mechanism.GUARDIANSHIP_INTERVENTION)

    # 1F, B10, B4h, B4l  What is watched for months: the warned family, the order while it holds, the search for a family.
    await take_leave(case, ClosingGround.HANDED_ON)
    await together(
        lambda: watch_warned_family(case, warned),
        lambda: watch_ninety_days(case, warned),
        lambda: watch_order(case, found),
        lambda: search_for_family(case, found, measure),
    )
    return await close(case, ClosingGround.HANDED_ON)


async def place_child(case: Case, found: Scene, measure: Asked[Measure]) -> bool:
    """B5-B8  True when the child does not go home in the end: village care ≤24 h, shelter ≤10 d, or civil affairs as guardian.

    B11  The township is always told, as soon as the first measure has been taken. A child who cannot stay at home is
    taken out, handed over in writing by both sides, and given a place.
    """
    await reply_to(measure)
    await inform(case, Office.TOWNSHIP, "应急处置情况通报")
    if not found.child_must_leave_home:
        return False
    await reply_to(await ask(case, REMOVE_FROM_GUARDIAN))
    await written_handover(case)
    if (await reply_to(await ask(case, VILLAGE_EMERGENCY_CARE))).then is PlaceAfterVillage.HOME:
        return False
    placement = await reply_to(await ask(case, TEMPORARY_PLACEMENT))
    if placement.result is PlacementResult.EXTENDED:
        placement = await reply_to(await ask(case, PLACEMENT_EXTENSION))
    return placement.result is not PlacementResult.RETURNED


async def warn_abuser(case: Case, found: Scene) -> bool:
    """B9  Family violence: the police decide on a warning (72 h). True when it was issued; visits follow then."""
    if found.situation is not Situation.DOMESTIC_VIOLENCE:
        return False
    issued = (await reply_to(await ask(case, WARNING_DECISION))).issued
    if issued:
        await ask(case, WARNED_FAMILY_VISIT)
        await ask(case, WARNED_FAMILY_RECORD)
    return issued


async def protect_by_order(case: Case, found: Scene) -> bool:
    """B10  Application, ruling (72 h, urgent 24 h), service and the police's check on the abuser. True when granted."""
    if not found.protection_order_needed:
        return False
    await reply_to(await ask(case, APPLY_PROTECTION_ORDER))
    granted = (await reply_to(await ruling_on(case, found))).granted
    if granted:
        await order_made(case)
    return granted


async def watch_warned_family(case: Case, warned: bool) -> None:
    """1F  The police visit until three visits in a row were quiet; harm that goes on is the guardian's failure."""
    if warned:
        await act_on(case, await visit_until_quiet(case, WARNED_FAMILY_VISIT, WARNED_FAMILY_REVISIT))


async def watch_ninety_days(case: Case, warned: bool) -> None:
    """1F  In Shanxi the village visits within 90 days of the warning and keeps the record."""
    if warned:
        await act_on(case, await ask(case, WARNED_FAMILY_RECORD))


async def watch_order(case: Case, found: Scene) -> None:
    """B10  Reconsideration of a refusal; visits, extension and the last report of an order."""
    if found.protection_order_needed:
        await keep_order(case, await ruling_on(case, found))
