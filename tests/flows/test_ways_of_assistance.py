"""救助保障 from the first matching to the end of the last grant, told as the ways of `ways_of_assistance.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlalchemy import select

from office.sheets import case_sheet
from office.tables import Appointment, CaseRow, Proceeding
from office.views import show_case
from rules.vocabulary import Happening, Mechanism, ReporterKind, ReportReason
from tests.story import Story

pytestmark = pytest.mark.anyio

HELPERS = ("school_help", "clinic_help", "village_help")
DAYS_LATER = "days_later"


@dataclass(frozen=True)
class WayOfAssistance:
    """One way as the table tells it; see the head of the file."""

    way: str
    matched: dict[str, Any]
    answers: list[Any]
    grounds: list[str]
    noted: list[str]
    services: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def steps(self) -> list[tuple[str, Any]]:
        """Each line as its word and what is said with it."""
        return [(line, {}) if isinstance(line, str) else next(iter(line.items())) for line in self.answers]


@lru_cache(maxsize=1)
def ways_of_assistance() -> tuple[WayOfAssistance, ...]:
    """Every way, in the order of the file."""
    rows = YAML(typ="safe").load(Path(__file__).with_name("ways_of_assistance.yaml"))
    return tuple(WayOfAssistance(**row) for row in rows)


async def matched(story: Story, services: list[str] | None = None, **facts: Any) -> None:
    """A find of poverty; the township has looked into the family and matched what it knows."""
    await story.report(reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY)
    await story.answer("help_apply")
    await story.answer("open_case_file", file_number="DA-1")
    for helper in HELPERS:
        await story.answer(helper)
    needed = {"result": "needs_help", "guardian_doubtful": False, "services_needed": bool(services)}
    await story.answer("investigate", **needed)
    await story.answer("match_entitlements", **facts)
    if "complete_facts" in await story.waiting():
        await story.answer("complete_facts")
    if services:
        await story.answer("arrange_services", services=services)


async def grounds(story: Story) -> list[str]:
    """On what each assessment of the case has closed."""
    async with story.database.transaction() as session:
        rows = await session.execute(
            select(Proceeding.outcome)
            .where(Proceeding.mechanism == Mechanism.ASSESSMENT_AND_ASSISTANCE.value, Proceeding.closed_at.is_not(None))
            .order_by(Proceeding.id)
        )
        return [str(outcome) for outcome in rows.scalars()]


async def noted_days(story: Story) -> list[str]:
    """What still stands in the child's file: kind, entitlement, day."""
    async with story.database.transaction() as session:
        rows = await session.execute(
            select(Appointment)
            .where(Appointment.came_at.is_(None), Appointment.struck_at.is_(None), Appointment.kind != "wait")
            .order_by(Appointment.on, Appointment.id)
        )
        return [f"{row.kind} {row.subject or '-'} {row.on.isoformat()}" for row in rows.scalars()]


@pytest.mark.parametrize("way", ways_of_assistance(), ids=lambda way: way.way)
async def test_assistance_goes_its_way(story: Story, way: WayOfAssistance) -> None:
    """Each answer is asked for when its turn comes; what is noted comes on its day; the end is that of the table."""
    await matched(story, way.services, **way.matched)
    for step, said in way.steps():
        if step == DAYS_LATER:
            await story.fast_forward(days=said)
        else:
            await story.answer(step, **said)
    assert await grounds(story) == way.grounds
    assert await noted_days(story) == way.noted
    assert await story.waiting() == set(way.waiting)


async def day_of_the_file(story: Story) -> Story:
    """A disabled child of two; everything found is decided, and the family is visited."""
    child = {
        "birth": "2024-03-03",
        "child_disabled": True,
        "child_disability": "hearing",
        "child_disability_grade": "2",
    }
    await matched(story, **child)
    for _ in range(4):
        for request in [r for r in await story.requests(open_only=True) if r.step != "follow_up_visit"]:
            said = {"scheme_check": {"meets": True}, "scheme_decision": {"granted": True}}.get(request.step, {})
            await story.answer(request.step, subject=request.subject, **said)
    return story


async def test_a_near_miss_is_noted_and_matched_again_on_its_day_once(story: Story) -> None:
    """3至5周岁残疾儿童入园 is asked for on the third birthday; several entitlements of one day are matched together."""
    await day_of_the_file(story)
    noted = await noted_days(story)
    assert {"age E24 2027-03-03", "age E28 2027-03-03", "age E22 2030-03-03", "coming_of_age - 2042-03-03"} <= set(
        noted
    )
    await story.fast_forward(days=366)
    await story.answer("due_check", result="match_again")
    again = [r for r in await story.requests() if r.step == "match_entitlements"]
    assert [(r.subject, r.about) for r in again] == [("", ""), ("f1", "到期核对后")]
    facts = {
        "birth": "2024-03-03",
        "child_disabled": True,
        "child_disability": "hearing",
        "child_disability_grade": "2",
    }
    await story.answer("match_entitlements", **facts)
    await story.answer("complete_facts")
    asked = {r.subject for r in await story.requests(open_only=True)} - {"1"}
    assert asked == {"E24@f1"}


async def test_a_closed_case_opens_again_for_a_near_miss_and_asks_nothing_else(story: Story) -> None:
    """The new proceeding looks at what the file brings up: no file is opened, nobody visits."""
    await day_of_the_file(story)
    await story.answer("follow_up_visit", finding="stable")
    await story.answer("closing_review", may_close=True)
    assert await story.live() == set()
    await story.fast_forward(days=366)
    assert await story.live() == {"assessment_and_assistance"}
    assert await story.waiting() == {"due_check"}
    await story.answer("due_check", result="match_again")
    await story.answer("match_entitlements")
    await story.answer("complete_facts")
    assert await grounds(story) == ["risk_removed", "reviewed"]
    assert len(await story.happened(Happening.CASE_CLOSED)) == 2


async def test_no_letter_and_no_page_of_prefect_tells_a_birthday(story: Story) -> None:
    """The days of the file stand in the records and in `jieli show`, and nowhere else."""
    await day_of_the_file(story)
    # Some days late, or the day of the asking would be the birthday itself.
    await story.fast_forward(days=370)
    await story.answer("due_check", result="match_again")
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        sheet = await case_sheet(session, story.bureau, case)
    told = sheet + "".join(str(letter.facts) for letter in await story.letters())
    log = "".join([f"{event.subject}{event.detail}" for kind in Happening for event in await story.happened(kind)])
    for word in ("2024-03-03", "2027-03-03", "2042", "3月3日", "周岁", "到龄"):
        assert word not in told
        assert word not in log
    shown = await show_case(story.bureau, story.case)
    assert any(one["on"] == "2042-03-03" for one in shown["noted"])


async def test_danger_waits_for_no_review_and_the_review_is_not_lost(story: Story) -> None:
    """C7 → B1 while a review is open: the police go at once, and the review comes again with the child."""
    await matched(story, entitlements=["E09"])
    for subject in ("E09/1", "E09/2"):
        await story.answer("scheme_check", subject=subject, meets=True)
    await story.answer("public_notice", objection=False)
    await story.answer("scheme_decision", granted=True, income_unstable=True)
    await story.answer("enrol_and_pay")
    await story.fast_forward(days=184)
    assert await story.waiting() == {"follow_up_visit", "due_check"}
    await story.answer("follow_up_visit", finding="danger")
    assert {"dispatch", "stop_and_secure", "due_check"} <= await story.waiting()
    await story.answer("dispatch", child_found=True)
    await story.answer(
        "stop_and_secure",
        situation="accident",
        child_in_danger=False,
        child_needs_doctor=False,
        child_must_leave_home=False,
    )
    await story.answer("secure_evidence", child_settled=True)
    await story.fast_forward(minutes=1)
    assert "open_case_file" in await story.waiting()
    await story.answer("open_case_file", file_number="DA-1")
    for helper in HELPERS:
        await story.answer(helper)
    await story.answer("investigate", result="needs_help", guardian_doubtful=False, services_needed=False)
    await story.answer("match_entitlements", entitlements=["E09"])
    await story.answer("complete_facts")
    reviews = [r.subject for r in await story.requests(open_only=True) if r.step == "due_check"]
    # What goes on being paid is not applied for anew; its review is asked again in the new assessment.
    assert "1" in reviews
    assert "scheme_check" not in await story.waiting()


async def test_a_child_who_comes_back_while_the_file_is_dealt_with_is_looked_at_as_a_whole(story: Story) -> None:
    """1E: a hand-over to a proceeding that only dealt with the file begins the assessment at its first line."""
    await matched(story, entitlements=["E09"])
    for subject in ("E09/1", "E09/2"):
        await story.answer("scheme_check", subject=subject, meets=True)
    await story.answer("public_notice", objection=False)
    await story.answer("scheme_decision", granted=True)
    await story.answer("enrol_and_pay")
    await story.answer("follow_up_visit", finding="guardian_harm")
    assert await story.live() == {"guardianship_intervention"}
    await story.fast_forward(days=365)
    assert await story.live() == {"guardianship_intervention", "assessment_and_assistance"}
    assert "open_case_file" not in await story.waiting()
    await story.answer("open_intervention", cause="neglect", severity="minor")
    await story.answer("admonish", improved=True)
    assert {"open_case_file", "due_check"} <= await story.waiting()


async def test_no_stage_ends_later_than_the_law_gives_for_all_of_them(story: Story) -> None:
    """最低生活保障审核确认办法 22: thirty working days from acceptance, forty-five with an extension; both are in the basis."""
    await matched(story, entitlements=["E09"])
    first = await story.request("scheme_check")
    assert first.terms["answer"]["whole"]["limit"] == "30 working_days"
    assert "全部环节自受理起30个工作日内办结，同意延期的45个工作日" in first.terms["answer"]["basis"]
    await story.answer("scheme_check", subject="E09/1", meets=True)
    await story.answer("scheme_check", subject="E09/2", meets=True)
    await story.fast_forward(days=40)
    await story.answer("public_notice", objection=False)
    decision = await story.request("scheme_decision")
    assert decision.terms["answer"]["limit"] == "10 working_days"
    # 30 working days from 2 March 2026 are over at the end of 14 April, across 清明节; 10 from 11 April would be the 24th.
    assert decision.due.astimezone(story.clock.now().tzinfo).isoformat() == "2026-04-15T00:00:00+08:00"


async def test_payment_says_from_which_month(story: Story) -> None:
    """民发〔2019〕62号 二(三): from the month after the decision; the letter names it beside the heading."""
    await matched(story, entitlements=["N1"])
    await story.answer("scheme_check", meets=True)
    await story.answer("scheme_decision", granted=True)
    paid = await story.request("enrol_and_pay")
    assert paid.about == "自2026年4月起发放"
    (letter, *_) = await story.letters("asked", request_id=paid.id)
    assert letter.facts["subject_label"] == f"困境儿童保障·办件{paid.id}，自2026年4月起发放"
