"""应急处置, told as stories."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.answers import Situation
from rules.steps import FIRST_MEASURES
from rules.vocabulary import Happening, Mechanism
from tests.story import Story

pytestmark = pytest.mark.anyio


async def on_the_scene(story: Story, situation: Situation = Situation.OTHER_HARM, **found: bool) -> None:
    """A report of present danger, and the police's account of what they found; nothing needed but what is `found`."""
    await story.report(danger_now=True)
    await story.answer("dispatch", child_found=True)
    facts = {"child_in_danger": True, "child_needs_doctor": False, "child_must_leave_home": False} | found
    await story.answer("stop_and_secure", situation=situation.value, **facts)


async def taken_to_shelter(story: Story) -> None:
    """A child taken out and handed over by both sides, who waits for a place after the village's care."""
    await on_the_scene(story, child_must_leave_home=True)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("remove_from_guardian")
    await story.answer("handover_given", document_number="JJ-1")
    await story.answer("handover_taken", document_number="JJ-1")
    await story.answer("village_emergency_care", then="shelter")


@pytest.mark.parametrize("situation", list(Situation), ids=lambda s: s.value)
async def test_every_situation_leads_to_its_first_measure(story: Story, situation: Situation) -> None:
    """B4a-B4m: what was found decides what is done first, and which office does it."""
    await on_the_scene(story, situation)
    measure = FIRST_MEASURES[situation]
    others = {step.key for step in FIRST_MEASURES.values()} - {measure.key}
    assert measure.key in await story.waiting()
    assert not others & await story.waiting()
    entry = story.bureau.county.office((await story.request(measure.key)).office)
    assert entry.kind is measure.office


def test_every_situation_has_a_first_measure() -> None:
    """No situation that the police can name is left without a measure."""
    assert set(FIRST_MEASURES) == set(Situation)


async def test_civil_affairs_is_told_at_once_and_the_police_are_asked_both_questions(story: Story) -> None:
    """B1: the notice leaves with the emergency's first requests; danger needs no acceptance first."""
    await story.report(danger_now=True)
    assert {"dispatch", "stop_and_secure"} <= await story.waiting()
    notices = await story.letters("informed")
    assert {letter.to_office for letter in notices} == {"civil_affairs"}


async def test_an_injured_child_sees_a_doctor_before_anything_else(story: Story) -> None:
    """B3: no measure, warning or removal is asked before the doctor has answered."""
    await on_the_scene(
        story, Situation.DOMESTIC_VIOLENCE,
        child_needs_doctor=True, child_must_leave_home=True, protection_order_needed=True,
    )  # fmt: skip
    later = {"secure_evidence", "warning_decision", "apply_protection_order", "remove_from_guardian"}
    assert "medical_first" in await story.waiting()
    assert not later & {request.step for request in await story.requests()}
    await story.answer("medical_first")
    assert {"secure_evidence", "warning_decision", "apply_protection_order"} <= await story.waiting()


@pytest.mark.parametrize(
    ("first", "second"), [("handover_given", "handover_taken"), ("handover_taken", "handover_given")]
)
async def test_a_removed_child_is_handed_over_in_writing_by_both_sides(story: Story, first: str, second: str) -> None:
    """B5, B6: one side's confirmation alone does not go on, whichever side it is."""
    await on_the_scene(story, child_must_leave_home=True)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("remove_from_guardian")
    assert (await story.request("handover_given")).office == "public_security"
    assert (await story.request("handover_taken")).office == "minor_protection_center"
    await story.answer(first, document_number="JJ-1")
    assert second in await story.waiting()
    assert "village_emergency_care" not in await story.waiting()
    await story.answer(second, document_number="JJ-1")
    assert "village_emergency_care" in await story.waiting()


async def test_village_care_lasts_24_hours_and_a_shelter_10_days_at_most(story: Story) -> None:
    """B8: the limits of 山西省家庭暴力预防和处置办法 19 and 20; the shelter's last day stays on a day off."""
    await taken_to_shelter(story)
    care = await story.request("village_emergency_care")
    assert care.due - care.asked_at == timedelta(hours=24)
    place = await story.request("temporary_placement")
    # Asked on 2 March: the tenth day is Thursday 12 March, and ends at 24:00.
    assert place.due.astimezone(story.clock.now().tzinfo).isoformat() == "2026-03-13T00:00:00+08:00"


async def test_a_child_safe_at_home_after_village_care_needs_no_guardian(story: Story) -> None:
    """B8: home after the village's care is no removal; assessment follows all the same."""
    await on_the_scene(story, child_must_leave_home=True)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("remove_from_guardian")
    await story.answer("handover_given", document_number="JJ-1")
    await story.answer("handover_taken", document_number="JJ-1")
    await story.answer("village_emergency_care", then="home")
    assert await story.live() == {"mandatory_report", "assessment_and_assistance"}


@pytest.mark.parametrize(
    ("results", "guardianship"),
    [
        (["returned"], False),
        (["temporary_guardianship"], True),
        (["extended", "returned"], False),
        (["extended", "temporary_guardianship"], True),
    ],
    ids=["home", "guardianship", "extended, then home", "extended, then guardianship"],
)
async def test_a_placement_ends_at_home_or_in_temporary_guardianship(
    story: Story, results: list[str], guardianship: bool
) -> None:
    """B8: return, approved extension, or civil affairs as guardian, which opens guardianship intervention."""
    await taken_to_shelter(story)
    for step, result in zip(["temporary_placement", "placement_extension"], results, strict=False):
        await story.answer(step, result=result)
    opened = {"guardianship_intervention"} if guardianship else set()
    assert await story.live() == {"mandatory_report", "assessment_and_assistance"} | opened
    assert await story.outcome(Mechanism.EMERGENCY_HANDLING) == "handed_on"


async def test_the_warning_and_the_order_do_not_wait_for_the_shelter(story: Story) -> None:
    """B9, B10 run beside B5-B8: the court is asked while the child is still being placed."""
    await on_the_scene(
        story, Situation.DOMESTIC_VIOLENCE, child_must_leave_home=True, protection_order_needed=True
    )  # fmt: skip
    warning = await story.request("warning_decision")
    assert warning.due - warning.asked_at == timedelta(hours=72)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("apply_protection_order")
    assert {"protection_order", "warning_decision", "remove_from_guardian"} <= await story.waiting()


@pytest.mark.parametrize(
    ("urgent", "step", "hours"), [(False, "protection_order", 72), (True, "urgent_protection_order", 24)]
)
async def test_the_court_rules_within_its_own_hours_and_the_police_check_within_24(
    story: Story, urgent: bool, step: str, hours: int
) -> None:
    """B10: 反家庭暴力法 28 gives 72 hours, 24 when urgent; hours run through nights and holidays."""
    await on_the_scene(story, protection_order_needed=True, urgent_protection_order=urgent)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("apply_protection_order")
    order = await story.request(step)
    assert order.office == "court"
    assert order.due - order.asked_at == timedelta(hours=hours)
    assert not {"protection_order", "urgent_protection_order"} - {step} & await story.waiting()
    await story.answer(step, granted=True)
    for step_of_the_order, office in (("check_abuser", "public_security"), ("serve_order", "court")):
        asked = await story.request(step_of_the_order)
        assert (asked.office, asked.due - asked.asked_at) == (office, timedelta(hours=24))


async def test_a_refused_order_asks_the_police_for_no_check(story: Story) -> None:
    """B10: nothing is to be kept where nothing was ordered."""
    await on_the_scene(story, protection_order_needed=True)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("apply_protection_order")
    await story.answer("protection_order", granted=False)
    await story.answer("decide_reconsideration", applied=False)
    assert not {"check_abuser", "serve_order", "reconsideration"} & {r.step for r in await story.requests()}
    assert await story.outcome(Mechanism.EMERGENCY_HANDLING) == "handed_on"


@pytest.mark.parametrize(("issued", "finding", "guardianship"), [
    (False, None, False), (True, "stable", False), (True, "guardian_harm", True), (True, "danger", True),
])  # fmt: skip
async def test_a_warned_family_is_visited_and_harm_that_goes_on_is_handed_on(
    story: Story, issued: bool, finding: str | None, guardianship: bool
) -> None:
    """B9, 1F: the first visit is due within 7 days of the warning; what it finds is not lost."""
    await on_the_scene(story, Situation.DOMESTIC_VIOLENCE)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("warning_decision", issued=issued)
    assert "assessment_and_assistance" in await story.live(), "assessment does not wait for the visit"
    assert ("warned_family_visit" in await story.waiting()) is issued
    if finding is not None:
        visit = await story.request("warned_family_visit")
        assert timedelta(days=7) < visit.due - visit.asked_at < timedelta(days=8)
        await story.answer("warned_family_visit", finding=finding)
    if finding == "stable":
        for _ in range(2):
            await story.answer("warned_family_revisit", finding="stable")
    assert ("guardianship_intervention" in await story.live()) is guardianship
    assert ("emergency_handling" in await story.live()) is issued, "the record of ninety days is still owed"
    if issued:
        await story.answer("warned_family_record", finding="stable")
    assert "emergency_handling" not in await story.live()


async def test_a_warned_family_is_visited_until_three_visits_in_a_row_were_quiet(story: Story) -> None:
    """1F: every three months after the first visit; a visit that finds a change begins the count anew."""
    await on_the_scene(story, Situation.DOMESTIC_VIOLENCE)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("warning_decision", issued=True)
    await story.answer("warned_family_visit", finding="stable")
    later = await story.request("warned_family_revisit")
    assert timedelta(days=89) < later.due - later.asked_at < timedelta(days=94)
    for finding in ("changed", "stable", "stable"):
        await story.answer("warned_family_revisit", finding=finding)
        assert "warned_family_revisit" in await story.waiting()
    await story.answer("warned_family_revisit", finding="stable")
    visits = [r.subject for r in await story.requests() if r.step == "warned_family_revisit"]
    assert visits == ["2", "3", "4", "5"]
    await story.answer("warned_family_record", finding="stable")
    assert "emergency_handling" not in await story.live()


async def test_the_township_is_told_as_soon_as_the_first_measure_is_taken(story: Story) -> None:
    """B11: one notice to the township, and not only after days in a shelter."""
    await on_the_scene(story, child_must_leave_home=True)
    assert not [letter for letter in await story.letters("informed") if letter.to_office == "qingshi_township"]
    await story.answer("secure_evidence", child_settled=True)
    told = [letter for letter in await story.letters("informed") if letter.to_office == "qingshi_township"]
    assert [letter.facts["matter"] for letter in told] == ["应急处置情况通报"]
    assert len(await story.happened(Happening.OFFICE_INFORMED)) == 2


@pytest.mark.parametrize(
    ("settled", "failed", "opens"),
    [
        (True, False, {"assessment_and_assistance"}),
        (False, False, {"assessment_and_assistance", "guardianship_intervention"}),
        (True, True, {"assessment_and_assistance", "guardianship_intervention"}),
    ],
    ids=["settled", "unsettled", "guardian failed after education"],
)
async def test_assessment_always_follows_and_guardianship_where_the_guardian_fails(
    story: Story, settled: bool, failed: bool, opens: set[str]
) -> None:
    """C1, D1: 晋政发〔2017〕46号 三(四), the guardian who does not mend after education by the police."""
    await on_the_scene(story, guardian_failed_after_education=failed)
    await story.answer("secure_evidence", child_settled=settled)
    assert await story.live() == {"mandatory_report"} | opens


async def test_an_assessment_that_is_live_already_is_joined(story: Story) -> None:
    """A crime with a child in need opens assessment from the report; the emergency joins it."""
    await story.report(danger_now=True)
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="crime")
    assert "assessment_and_assistance" in await story.live()
    await story.answer("dispatch", child_found=True)
    await story.answer(
        "stop_and_secure", situation="accident",
        child_in_danger=False, child_needs_doctor=False, child_must_leave_home=False,
    )  # fmt: skip
    await story.answer("secure_evidence", child_settled=True)
    handed = [event.detail for event in await story.happened(Happening.HANDED_OVER)]
    assert handed == ["强制报告→应急处置", "强制报告→评估帮扶", "应急处置→评估帮扶"]
    assert [r.step for r in await story.requests()].count("open_case_file") == 1


async def test_two_different_papers_are_no_handover(story: Story) -> None:
    """B6: when the two sides name different documents, both are asked again until they name the same."""
    await on_the_scene(story, child_must_leave_home=True)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("remove_from_guardian")
    await story.answer("handover_given", document_number="交接甲")
    await story.answer("handover_taken", document_number="交接乙")
    assert {"handover_given", "handover_taken"} <= await story.waiting()
    assert "village_emergency_care" not in await story.waiting()
    await story.answer("handover_given", subject="2", document_number=" 交接甲 ")
    await story.answer("handover_taken", subject="2", document_number="交接甲")
    assert "village_emergency_care" in await story.waiting()
