"""评估帮扶, told as stories."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from office.attempt import waiting_words
from office.refusals import Refused
from office.schemes import decision_limit
from office.sheets import case_sheet
from office.tables import CaseRow
from office.views import explain_case
from rules.answers import Service
from rules.outlook import OUTLOOK
from rules.scheme_stages import entitlement_of
from rules.vocabulary import Happening, Mechanism, ReporterKind, ReportReason
from tests.story import Story

pytestmark = pytest.mark.anyio

ASSESSMENT = Mechanism.ASSESSMENT_AND_ASSISTANCE
HELPERS = ("school_help", "clinic_help", "village_help")


async def a_file_is_opened(story: Story) -> None:
    """A find of poverty, told to the village; the township opens the child's file."""
    await story.report(reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY)
    await story.answer("help_apply")
    await story.answer("open_case_file", file_number="DA-1")


async def assessed(story: Story, result: str = "needs_help", *, doubtful: bool = False, services: bool = False) -> None:
    """The township's conclusion, with all who help it."""
    await a_file_is_opened(story)
    for helper in HELPERS:
        await story.answer(helper)
    await story.answer("investigate", result=result, guardian_doubtful=doubtful, services_needed=services)


async def matched(story: Story, by_hand: list[str], **facts: object) -> None:
    """The township matches by hand; the facts it does not know are asked once more, and stay unknown."""
    await story.answer("match_entitlements", entitlements=by_hand, **facts)
    await story.answer("complete_facts")


async def in_visits(story: Story) -> None:
    """Nothing is granted and no services are needed: the village visits."""
    await assessed(story)
    await matched(story, [])


async def test_a_file_comes_first_and_then_all_look_into_the_family_together(story: Story) -> None:
    """C1, C2: the township investigates; school, clinic and village are asked in the same instant."""
    await story.report(reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY)
    assert await story.waiting() == {"help_apply", "open_case_file"}
    await story.answer("open_case_file", file_number="DA-1")
    assert await story.waiting() == {"help_apply", "investigate", *HELPERS}
    offices = {r.step: r.office for r in await story.requests(open_only=True)}
    assert offices["investigate"] == "qingshi_township"
    assert [offices[helper] for helper in HELPERS] == ["education", "health", "liuhe_village"]


async def test_whoever_asks_is_told_what_comes_next(story: Story) -> None:
    """`jieli explain` and the case sheet say what follows each open step."""
    await assessed(story)
    (waiting,) = (await explain_case(story.bureau, story.case))["waiting"]
    expected = OUTLOOK["match_entitlements"]
    assert waiting["next"] == {"done": expected.done, "otherwise": expected.otherwise}
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow).where(CaseRow.number == story.case))).scalar_one()
        sheet = await case_sheet(session, story.bureau, case)
    assert expected.done in sheet


async def test_entitlements_wait_for_all_who_help(story: Story) -> None:
    """C2 → C3: the township's conclusion alone does not go on while a helper is silent."""
    await a_file_is_opened(story)
    await story.answer("investigate", result="needs_help", guardian_doubtful=False)
    await story.answer("school_help")
    await story.answer("clinic_help")
    assert await story.waiting() == {"village_help"}
    await story.answer("village_help")
    assert await story.waiting() == {"match_entitlements"}


async def test_danger_goes_back_to_emergency_and_waits_for_no_helper(story: Story) -> None:
    """C2 → B1: the police go while school, clinic and village have not answered."""
    await a_file_is_opened(story)
    await story.answer("investigate", result="danger", guardian_doubtful=False)
    assert {"dispatch", "stop_and_secure", *HELPERS} <= await story.waiting()
    for helper in HELPERS:
        await story.answer(helper)
    assert await story.live() == {"emergency_handling"}
    assert await story.outcome(ASSESSMENT) == "handed_on"


@pytest.mark.parametrize(
    ("result", "capability", "guardianship"),
    [
        ("serious_guardian_harm", None, True),
        ("needs_help", "incapable", True),
        ("needs_help", "capable_with_help", False),
        ("needs_help", "capable", False),
    ],
)
async def test_a_guardian_who_harms_or_cannot_guard_is_guardianships_matter(
    story: Story, result: str, capability: str | None, guardianship: bool
) -> None:
    """C2b → D1; the assessment goes on beside it."""
    await assessed(story, result, doubtful=capability is not None)
    if capability is not None:
        assert await story.live() == {"assessment_and_assistance"}
        await story.answer("guardianship_capability_assessment", capability=capability)
    assert ("guardianship_intervention" in await story.live()) is guardianship
    assert "match_entitlements" in await story.waiting()


async def test_no_need_closes_at_once(story: Story) -> None:
    """C2 no_need: the case closes once, on that ground, and nobody is asked to match what nobody needs."""
    await assessed(story, "no_need")
    assert "match_entitlements" not in {request.step for request in await story.requests()}
    assert await story.outcome(ASSESSMENT) == "no_need"
    assert await story.live() == set()
    assert len(await story.happened(Happening.CASE_CLOSED)) == 1


ORPHAN_AT_SCHOOL: dict[str, object] = {
    "birth": "2012-06-01",
    "father_state": "dead",
    "father_since": "2015-03-01",
    "mother_state": "imprisoned",
    "mother_since": "2021-01-01",
    "mother_term_months": 120,
    "mother_no_other_state": True,
    "schooling_stage": "compulsory",
}


async def test_the_rules_find_what_the_facts_entitle_to_and_a_person_may_add(story: Story) -> None:
    """C3: 一方死亡、另一方服刑五年以上 is asked for once although two rules find it; what was ticked by hand comes beside it."""
    await assessed(story)
    await matched(story, ["E09"], **ORPHAN_AT_SCHOOL)
    asked = {entitlement_of(subject) for subject in await open_stages(story)}
    assert {"E05", "E19", "E20", "E30", "E36", "E09"} <= asked
    assert not asked & {"N1", "E08", "N3", "N5"}


async def test_facts_nobody_knew_are_asked_for_once_by_part_of_the_form_alone(story: Story) -> None:
    """C3: the letter says which part of the form is open, and never what is known of a parent."""
    await assessed(story)
    await story.answer("match_entitlements", **{k: v for k, v in ORPHAN_AT_SCHOOL.items() if k != "mother_term_months"})
    asked = await story.request("complete_facts")
    assert "母亲" in asked.about
    assert "服刑" not in asked.about
    await story.answer("complete_facts", mother_term_months=120)
    assert "E05/1" in {r.subject for r in await story.requests(open_only=True)}
    assert len([r for r in await story.requests() if r.step == "complete_facts"]) == 1


async def test_facts_are_judged_on_the_day_they_were_given(story: Story) -> None:
    """A late wake changes nothing: the child was seventeen when the township answered."""
    await assessed(story)
    day = story.clock.now().date()
    coming_of_age = day + timedelta(days=1)
    birth = coming_of_age.replace(year=coming_of_age.year - 18)
    await story.answer("match_entitlements", birth=birth.isoformat(), father_state="dead", mother_state="dead")
    await story.answer_only("complete_facts")
    story.clock.move(timedelta(days=30))
    await story.run()
    assert "E01/1" in {r.subject for r in await story.requests(open_only=True)}


async def test_facts_that_exclude_each_other_leave_what_a_person_found(story: Story) -> None:
    """A birth after the day of the answer decides nothing; the township is asked for the date, and its own finds go on."""
    await assessed(story)
    await story.answer("match_entitlements", birth="2190-01-01", entitlements=["E19"])
    assert (await story.request("complete_facts")).about == "尚缺：出生日期"
    await story.answer("complete_facts")
    assert [r.subject for r in await story.requests(open_only=True)] == ["E19"]


async def open_stages(story: Story) -> dict[str, str]:
    """Which step each application waits for, by its subject."""
    steps = ("scheme_check", "public_notice", "scheme_decision", "enrol_and_pay")
    return {r.subject: r.step for r in await story.requests(open_only=True) if r.step in steps}


async def test_each_entitlement_is_asked_of_its_own_office_in_parallel(story: Story) -> None:
    """C4: no scheme waits for another, and each begins with its own first office and that office's limit."""
    await assessed(story)
    await matched(story, ["N1", "E09", "E19", "E45", "E17"])
    asked = {r.subject: r for r in await story.requests(open_only=True)}
    assert {subject: (r.step, r.office) for subject, r in asked.items()} == {
        "N1/1": ("scheme_check", "qingshi_township"),
        "E09/1": ("scheme_check", "qingshi_township"),
        "E19": ("scheme_decision", "education"),
        "E45": ("scheme_decision", "disabled_persons_federation"),
        "E17": ("scheme_decision", "healthcare_security"),
    }
    assert len({r.asked_at for r in asked.values()}) == 1
    today = story.clock.now().date()
    for subject, request in asked.items():
        own = decision_limit(story.bureau.county, request.step, subject, today)
        assert own is not None
        assert request.terms["answer"]["limit"] == str(own.limit)
    # 民发〔2019〕62号 二: 15 working days for the township; 最低生活保障审核确认办法 15: 3 to begin the survey.
    assert asked["N1/1"].terms["answer"]["limit"] == "15 working_days"
    assert asked["E09/1"].terms["answer"]["limit"] == "3 working_days"


async def test_a_scheme_goes_from_office_to_office_with_a_publication_where_the_law_wants_it(story: Story) -> None:
    """C4: 低保 is checked by township and county, published for seven days, then decided; each stage has its own clock."""
    await assessed(story)
    await matched(story, ["E09"])
    await story.answer("scheme_check", subject="E09/1", meets=True)
    await story.answer("scheme_check", subject="E09/2", meets=True)
    assert await open_stages(story) == {"E09": "public_notice"}
    await story.answer("public_notice", objection=False)
    await story.answer("scheme_decision", granted=True)
    await story.answer("enrol_and_pay")
    went = [
        (r.step, r.subject, r.office, r.terms["answer"]["limit"])
        for r in await story.requests()
        if r.subject.startswith("E09")
    ]
    assert went[:4] == [
        ("scheme_check", "E09/1", "qingshi_township", "3 working_days"),
        ("scheme_check", "E09/2", "civil_affairs", "3 working_days"),
        ("public_notice", "E09", "qingshi_township", "7 days"),
        ("scheme_decision", "E09", "civil_affairs", "10 working_days"),
    ]


async def test_a_child_without_support_is_never_published(story: Story) -> None:
    """民发〔2019〕62号 二: 不宜设置公示环节."""
    await assessed(story)
    await matched(story, ["N1"])
    await story.answer("scheme_check", subject="N1/1", meets=True)
    assert await open_stages(story) == {"N1": "scheme_decision"}


async def test_a_failed_check_goes_to_the_office_that_decides_and_is_not_published(story: Story) -> None:
    """C4: the township gives an opinion; only the county refuses, in writing and with reasons."""
    await assessed(story)
    await matched(story, ["E09"])
    await story.answer("scheme_check", subject="E09/1", meets=False)
    assert await open_stages(story) == {"E09": "scheme_decision"}
    with pytest.raises(Refused, match="理由"):
        await story.answer("scheme_decision", granted=False, reasons=" ")
    await story.answer("scheme_decision", granted=False, reasons="家庭收入超过标准")
    told = await story.request("tell_refusal")
    assert (told.office, told.terms["answer"]["limit"]) == ("civil_affairs", "3 working_days")
    await story.answer("tell_refusal")
    assert await story.waiting() == {"follow_up_visit"}


async def test_a_refusal_stops_none_of_the_others_and_only_grants_are_paid(story: Story) -> None:
    """C4, C5: each is enrolled as soon as it is granted; the visits begin when all have ended."""
    await assessed(story)
    await matched(story, ["E45", "E19", "E17"])
    await story.answer("scheme_decision", subject="E19", granted=False, reasons="不符合条件")
    # No text gives a number for telling a refusal of 教育救助: the county's own.
    assert (await story.request("tell_refusal")).terms["answer"]["limit"] == "5 working_days"
    await story.answer("tell_refusal")
    await story.answer("scheme_decision", subject="E45", granted=True)
    assert await open_stages(story) == {"E45": "enrol_and_pay", "E17": "scheme_decision"}
    await story.answer("enrol_and_pay", subject="E45")
    await story.answer("scheme_decision", subject="E17", granted=True)
    assert "follow_up_visit" not in await story.waiting()
    await story.answer("enrol_and_pay", subject="E17")
    assert await story.waiting() == {"follow_up_visit"}


async def test_services_are_arranged_before_the_visits_when_they_are_needed(story: Story) -> None:
    """C6, then C7."""
    await assessed(story, services=True)
    await matched(story, [])
    assert await story.waiting() == {"arrange_services"}
    await story.answer("arrange_services")
    assert await story.waiting() == {"follow_up_visit"}


async def test_each_service_is_asked_of_the_office_whose_duty_it_is(story: Story) -> None:
    """C6: all at the same time; 结对 is asked of each body by itself, and legal aid has seven days (法律援助法 43)."""
    await assessed(story, services=True)
    await matched(story, [])
    await story.answer("arrange_services", services=[service.value for service in Service])
    asked = await story.requests(open_only=True)
    assert {r.office for r in asked if r.step == "pairing_help"} == {"womens_federation", "youth_league", "trade_union"}
    assert len(asked) == len(Service)
    assert len({r.asked_at for r in asked}) == 1
    assert next(r for r in asked if r.step == "legal_aid").terms["answer"]["limit"] == "7 days"
    for request in asked:
        await story.answer(request.step, subject=request.subject)
    assert (await story.request("assign_lawyer")).terms["answer"]["limit"] == "3 days"
    await story.answer("assign_lawyer")
    assert (await story.request("lawyer_meets_child")).terms["answer"]["limit"] == "5 working_days"
    await story.answer("lawyer_meets_child")
    assert await story.waiting() == {"follow_up_visit"}


async def test_a_change_is_assessed_again_and_only_what_was_not_granted_is_applied_for_anew(story: Story) -> None:
    """C7 → C2, C3: what goes on being paid is not asked for twice; what was refused may be."""
    await assessed(story)
    await matched(story, ["E17", "E19"])
    await story.answer("scheme_decision", subject="E17", granted=True)
    await story.answer("enrol_and_pay", subject="E17")
    await story.answer("scheme_decision", subject="E19", granted=False, reasons="不符合条件")
    await story.answer("tell_refusal")
    await story.answer("follow_up_visit", finding="changed")
    assert await story.waiting() == {"investigate"}
    await story.answer("investigate", result="needs_help", guardian_doubtful=False, services_needed=False)
    await matched(story, ["E17", "E19"])
    assert await open_stages(story) == {"E19@1": "scheme_decision"}
    await story.answer("scheme_decision", subject="E19@1", granted=True)
    await story.answer("enrol_and_pay", subject="E19@1")
    assert await story.waiting() == {"follow_up_visit"}


@pytest.mark.parametrize(
    ("result", "opens"),
    [("danger", "emergency_handling"), ("serious_guardian_harm", "guardianship_intervention")],
)
async def test_a_change_that_proves_grave_hands_the_case_on(story: Story, result: str, opens: str) -> None:
    """C7 → C2 → B1 or D1."""
    await in_visits(story)
    await story.answer("follow_up_visit", finding="changed")
    await story.answer("investigate", result=result, guardian_doubtful=False)
    assert await story.live() == {opens}


async def test_visits_are_repeated_until_stable_and_civil_affairs_agrees(story: Story) -> None:
    """C7, C8: a change asks for another visit, a refused review for another; each has its own number and clocks."""
    await in_visits(story)
    await story.answer("follow_up_visit", finding="changed")
    await story.answer("investigate", result="no_need", guardian_doubtful=False)
    await story.answer("follow_up_visit", finding="stable")
    await story.answer("closing_review", may_close=False)
    assert await story.waiting() == {"follow_up_visit"}
    await story.answer("follow_up_visit", finding="stable")
    assert await story.waiting() == {"closing_review"}
    await story.answer("closing_review", may_close=True)
    visits = [r.subject for r in await story.requests() if r.step == "follow_up_visit"]
    reviews = [r.subject for r in await story.requests() if r.step == "closing_review"]
    assert (visits, reviews) == (["1", "2", "3"], ["2", "3"])
    assert await story.outcome(ASSESSMENT) == "risk_removed"
    assert await story.live() == set()


@pytest.mark.parametrize(
    ("finding", "opens"), [("danger", "emergency_handling"), ("guardian_harm", "guardianship_intervention")]
)
async def test_a_visit_that_finds_danger_or_harm_hands_the_case_on(story: Story, finding: str, opens: str) -> None:
    """C7 → B1 or D1: the assessment ends and the other mechanism has the case."""
    await in_visits(story)
    await story.answer("follow_up_visit", finding=finding)
    assert await story.live() == {opens}
    assert await story.outcome(ASSESSMENT) == "handed_on"
    assert not await story.happened(Happening.CASE_CLOSED)


async def test_harm_that_returns_after_an_intervention_is_never_dropped(story: Story) -> None:
    """1F: a guardian dealt with once who harms again begins at emergency again, although the same assessment goes on."""
    await assessed(story, "serious_guardian_harm")
    await matched(story, [])
    await story.answer("open_intervention", cause="neglect", severity="minor")
    await story.answer("admonish", improved=True)
    assert await story.live() == {"assessment_and_assistance"}
    await story.answer("follow_up_visit", finding="guardian_harm")
    assert await story.live() == {"emergency_handling"}


async def test_no_letter_and_no_page_of_prefect_names_what_happened_to_the_parents(story: Story) -> None:
    """An entitlement's full name tells that a parent is dead, ill or in prison: only its heading leaves the records."""
    await assessed(story)
    await matched(story, ["E04", "E05", "E44"])
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        sheet = await case_sheet(session, story.bureau, case)
        name, message = await waiting_words(
            session, story.bureau, (await story.request("scheme_decision")).proceeding_id
        )
    letters = "".join(str(letter.facts) for letter in await story.letters())
    for word in ("艾滋病", "服刑", "死亡", "孤儿", "E04", "E05"):
        assert word not in letters + sheet + name + message
    assert "基本生活保障·办件" in letters
    assert "基本生活保障·办件" in sheet + message


@pytest.mark.parametrize(("key", "again"), [("E09", False), ("E08", True)])
async def test_an_objection_is_looked_into_and_then_decided(story: Story, key: str, again: bool) -> None:
    """特困人员认定办法 15 publishes the new opinion again; 最低生活保障审核确认办法 19 does not."""
    await assessed(story)
    await matched(story, [key])
    while "scheme_check" in await story.waiting():
        await story.answer("scheme_check", meets=True)
    await story.answer("public_notice", objection=True)
    assert await story.waiting() == {"scheme_recheck"}
    await story.answer("scheme_recheck", meets=True)
    assert await story.waiting() == {"public_notice" if again else "scheme_decision"}


async def test_what_fails_after_an_objection_goes_to_the_decision(story: Story) -> None:
    """Only the office that decides refuses, and tells it in writing."""
    await assessed(story)
    await matched(story, ["E08"])
    await story.answer("scheme_check", meets=True)
    await story.answer("public_notice", objection=True)
    await story.answer("scheme_recheck", meets=False)
    assert await story.waiting() == {"scheme_decision"}


async def test_no_stage_of_subsistence_ends_later_than_the_whole(story: Story) -> None:
    """最低生活保障审核确认办法 22: 30 working days since the first stage, whatever the last stage would have by itself."""
    await assessed(story)
    await matched(story, ["E09"])
    await story.fast_forward(days=40)
    await story.answer("scheme_check", subject="E09/1", meets=True)
    await story.answer("scheme_check", subject="E09/2", meets=True)
    await story.answer("public_notice", objection=False)
    decision, first = await story.request("scheme_decision"), await story.request("scheme_check", "E09/1")
    assert decision.terms["answer"]["whole"]["since"] == first.asked_at.isoformat()
    assert decision.due - decision.asked_at < timedelta(days=10)
