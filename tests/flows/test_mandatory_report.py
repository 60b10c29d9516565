"""强制报告, told as stories."""

from __future__ import annotations

import pytest

from rules.vocabulary import Happening, Mechanism, ReporterKind, ReportReason
from tests.story import Story

pytestmark = pytest.mark.anyio


async def test_a_report_is_put_to_the_police_and_to_the_reporters_supervisor_at_once(story: Story) -> None:
    """A teacher's report asks the police to accept it and the education office to file it (A3, A5)."""
    receipt = await story.report()
    assert receipt.receipt.startswith("BG-2026-")
    assert await story.waiting() == {"police_accept", "file_with_supervisor"}
    assert (await story.request("file_with_supervisor")).office == "education"
    assert {letter.to_office for letter in await story.letters("asked")} == {"public_security", "education"}


async def test_danger_now_opens_emergency_handling_before_the_police_have_accepted(story: Story) -> None:
    """Ongoing danger goes to emergency handling at once (A2 → B1)."""
    await story.report(danger_now=True)
    assert await story.live() == {"mandatory_report", "emergency_handling"}
    assert "dispatch" in await story.waiting()


async def test_poverty_without_danger_never_reaches_the_police(story: Story) -> None:
    """A find of poverty goes to the village and to assessment, not to the police (A9)."""
    await story.report(reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY)
    assert await story.waiting() == {"help_apply", "open_case_file"}
    await story.answer("help_apply")
    assert await story.live() == {"assessment_and_assistance"}
    assert not [letter for letter in await story.letters() if letter.to_office == "public_security"]


async def test_a_matter_of_another_place_is_transferred_and_the_child_is_assessed_here(story: Story) -> None:
    """A6: transfer within 24 hours; the county still looks after the child."""
    await story.report()
    await story.answer("file_with_supervisor")
    await story.answer("police_accept", own_jurisdiction=False)
    assert await story.waiting() == {"transfer_jurisdiction"}
    request = await story.request("transfer_jurisdiction")
    assert (request.due - request.asked_at).total_seconds() == 24 * 3600
    await story.answer("transfer_jurisdiction")
    assert await story.outcome(Mechanism.MANDATORY_REPORT) == "moved_jurisdiction"
    assert await story.live() == {"assessment_and_assistance"}


@pytest.mark.parametrize(
    ("outcome", "still_needs_help", "opens", "asks"),
    [
        ("emergency", True, {"emergency_handling"}, set()),
        ("crime", True, {"assessment_and_assistance"}, {"file_criminal_case"}),
        ("crime", False, set(), {"file_criminal_case"}),
        ("public_order", True, {"assessment_and_assistance"}, {"public_order_case"}),
        ("not_police", True, {"assessment_and_assistance"}, set()),
        ("unfounded", True, set(), set()),
    ],
)
async def test_triage_routes_the_case(
    story: Story, outcome: str, still_needs_help: bool, opens: set[str], asks: set[str]
) -> None:
    """A7: each conclusion opens what follows from it, and a named reporter is always answered."""
    await story.report()
    await story.answer("file_with_supervisor")
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome=outcome, child_still_needs_help=still_needs_help)
    assert await story.live() - {"mandatory_report"} == opens
    own = {
        r.step for r in await story.requests(open_only=True) if r.step in ("file_criminal_case", "public_order_case")
    }
    assert own == asks
    if outcome == "crime":
        await story.answer("file_criminal_case", filed=True)
    elif outcome == "public_order":
        await story.answer("public_order_case")
    await story.answer("feedback_reporter")
    assert await story.outcome(Mechanism.MANDATORY_REPORT) == ("unfounded" if outcome == "unfounded" else "handed_on")


async def test_a_refusal_to_open_a_criminal_case_goes_to_the_procuratorate(story: Story) -> None:
    """A10: it asks for the reasons (7 days), weighs them, and gives notice to file (15 days)."""
    await story.report(reporter_name="", reporter_contact="")
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="crime", failed_duty_to_report=True)
    await story.answer("file_criminal_case", filed=False)
    assert (await story.request("case_supervision")).office == "procuratorate"
    await story.answer("case_supervision", must_file=True)
    explain = await story.request("explain_not_filing")
    assert (explain.office, (explain.due - explain.asked_at).days) == ("public_security", 7)
    await story.answer("explain_not_filing", reasons="证据不足")
    await story.answer("supervision_decision", must_file=True)
    file = await story.request("file_on_notice")
    assert (file.office, (file.due - file.asked_at).days) == ("public_security", 15)
    await story.answer("file_on_notice", filed=True)
    await story.answer("failure_to_report")
    assert "feedback_before_prosecution" not in {r.step for r in await story.requests()}, "nobody gave a name"
    assert "mandatory_report" in await story.live(), "the supervisor's filing is still open"
    await story.answer("file_with_supervisor")
    assert "mandatory_report" not in await story.live()


async def test_an_anonymous_report_asks_for_no_feedback(story: Story) -> None:
    """A8 is owed to those who gave a name."""
    await story.report(reporter_name="", reporter_contact="", reporter_kind=ReporterKind.CITIZEN)
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="unfounded")
    assert await story.waiting() == set()
    assert len(await story.happened(Happening.CASE_CLOSED)) == 1


async def test_the_same_form_files_one_report(story: Story) -> None:
    """One form key is one report, however often it is posted."""
    first = await story.report(form_key="the-same-form")
    again = await story.report(form_key="the-same-form")
    assert (again.receipt, again.case, again.again) == (first.receipt, first.case, True)
    assert len(await story.happened(Happening.CASE_OPENED)) == 1


@pytest.mark.parametrize("said", [("case_supervision",), ("case_supervision", "supervision_decision")])
async def test_supervision_ends_where_the_procuratorate_finds_no_fault(story: Story, said: tuple[str, ...]) -> None:
    """A10: it may agree at once, or when it has read the reasons; the police are told to file nothing."""
    await story.report(reporter_name="", reporter_contact="")
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="crime")
    await story.answer("file_criminal_case", filed=False)
    await story.answer("case_supervision", must_file=len(said) > 1)
    if len(said) > 1:
        await story.answer("explain_not_filing", reasons="没有犯罪事实")
        await story.answer("supervision_decision", must_file=False)
    assert "file_on_notice" not in {r.step for r in await story.requests()}
    await story.answer("file_with_supervisor")
    assert "mandatory_report" not in await story.live()


@pytest.mark.parametrize(("serious", "issued"), [(False, False), (True, False), (True, True)])
async def test_a_unit_that_did_not_report_is_called_to_account(story: Story, serious: bool, issued: bool) -> None:
    """A11: a recommendation is answered by the office above the unit within one month (未成年人保护法 114)."""
    await story.report(reporter_name="", reporter_contact="", reporter_kind=ReporterKind.CITIZEN)
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="unfounded", failed_duty_to_report=True)
    await story.answer("failure_to_report", serious=serious, office="education")
    if serious:
        await story.answer("recommendation_on_failure", issued=issued, document_number="检建1号" if issued else "")
    if issued:
        reply = await story.request("reply_on_failure")
        assert reply.office == "education"
        assert 28 <= (reply.due - reply.asked_at).days <= 33
        await story.answer("reply_on_failure", document_number="复函1号")
    assert len(await story.happened(Happening.CASE_CLOSED)) == 1
