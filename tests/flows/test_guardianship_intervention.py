"""监护干预, told as stories."""

from __future__ import annotations

import pytest

from rules.vocabulary import Happening, Mechanism, ReporterKind, ReportReason
from tests.story import Story

pytestmark = pytest.mark.anyio

GUARDIANSHIP = Mechanism.GUARDIANSHIP_INTERVENTION


async def opened(story: Story, severity: str, **more: object) -> None:
    """An assessment has found serious harm by the guardian; civil affairs says how far to go."""
    await story.report(reporter_kind=ReporterKind.VILLAGE_COMMITTEE, reason=ReportReason.POVERTY_OR_DISABILITY)
    await story.answer("help_apply")
    await story.answer("open_case_file", file_number="DA-1")
    for helper in ("school_help", "clinic_help", "village_help"):
        await story.answer(helper)
    await story.answer("investigate", result="serious_guardian_harm", guardian_doubtful=False, services_needed=False)
    assert "open_intervention" in await story.waiting()
    await story.answer("open_intervention", cause="neglect", severity=severity, **more)


async def in_conference(story: Story) -> None:
    """A child under temporary guardianship, whose guardian has been assessed."""
    await opened(story, "unattended")
    await story.answer("temporary_guardianship", place="minor_protection_center")
    await story.answer("assess_guardian", capability="incapable")


async def before_the_court(story: Story) -> None:
    """The conference wants revocation and the women's federation has filed."""
    await in_conference(story)
    await story.answer("case_conference", outcome="revoke")
    await story.answer("suggest_revocation", subject="妇联", filed=True)


async def asked(story: Story) -> set[str]:
    """The open steps of this mechanism alone."""
    return await story.waiting() - {"match_entitlements", "follow_up_visit"}


async def ended(story: Story, ground: str) -> None:
    """Guardianship has closed on that ground, and assessment has the case."""
    assert await story.outcome(GUARDIANSHIP) == ground
    assert await story.live() == {"assessment_and_assistance"}
    assert "监护干预→评估帮扶" in {event.detail for event in await story.happened(Happening.HANDED_OVER)}


async def test_a_minor_failing_is_admonished_and_ends_when_the_guardian_mends(story: Story) -> None:
    """D2: the village admonishes; the police are not asked."""
    await opened(story, "minor")
    assert (await story.request("admonish")).office == "liuhe_village"
    await story.answer("admonish", improved=True)
    await ended(story, "risk_removed")
    assert "discipline" not in {r.step for r in await story.requests()}


@pytest.mark.parametrize("severity", ["minor", "serious"])
@pytest.mark.parametrize("mends", [True, False])
async def test_a_serious_or_unmended_failing_is_disciplined(story: Story, severity: str, mends: bool) -> None:
    """D3: the police discipline; a guardian who still does not mend loses the child for the time being."""
    await opened(story, severity)
    if severity == "minor":
        await story.answer("admonish", improved=False)
    assert await asked(story) == {"discipline"}
    await story.answer("discipline", improved=mends)
    if mends:
        await ended(story, "risk_removed")
    else:
        assert await asked(story) == {"temporary_guardianship"}


async def test_an_unattended_child_is_guarded_at_once(story: Story) -> None:
    """D4: no admonition or discipline is waited for where nobody guards the child."""
    await opened(story, "unattended")
    assert await asked(story) == {"temporary_guardianship"}
    assert not {"admonish", "discipline"} & {r.step for r in await story.requests()}


@pytest.mark.parametrize("found", [True, False])
async def test_a_guardian_nobody_finds_leads_to_long_term_guardianship(story: Story, found: bool) -> None:
    """D4a: found, the guardian is assessed; not found, civil affairs guards the child for good."""
    await opened(story, "unattended", guardian_untraced=True)
    await story.answer("temporary_guardianship", place="child_welfare_institution")
    trace = await story.request("trace_guardian")
    assert (trace.office, trace.terms["answer"]["limit"]) == ("public_security", "6 months")
    await story.answer("trace_guardian", found=found)
    if found:
        assert await asked(story) == {"assess_guardian"}
    else:
        await story.answer("long_term_guardianship")
        await ended(story, "new_guardian_settled")


async def test_the_conference_is_held_again_until_it_concludes(story: Story) -> None:
    """D6: to go on with temporary guardianship is no end; each conference has its own number and clocks."""
    await in_conference(story)
    await story.answer("case_conference", outcome="extend")
    await story.answer("case_conference", outcome="extend")
    await story.answer("case_conference", outcome="relative_care")
    assert [r.subject for r in await story.requests() if r.step == "case_conference"] == ["1", "2", "3"]
    await story.answer("kinship_handover")
    await ended(story, "new_guardian_settled")


async def test_a_safe_child_goes_home_and_is_visited_until_stable(story: Story) -> None:
    """D6, 1F: written handover, then visits; only a stable one ends them."""
    await in_conference(story)
    await story.answer("case_conference", outcome="safe")
    await story.answer("return_child")
    await story.answer("return_follow_up", finding="changed")
    assert await asked(story) == {"return_follow_up"}
    await story.answer("return_follow_up", finding="stable")
    await ended(story, "returned_and_stable")


@pytest.mark.parametrize("finding", ["danger", "guardian_harm"])
async def test_harm_after_the_return_begins_again_at_emergency(story: Story, finding: str) -> None:
    """1F: the mechanism hands on; the case is not closed."""
    await in_conference(story)
    await story.answer("case_conference", outcome="safe")
    await story.answer("return_child")
    await story.answer("return_follow_up", finding=finding)
    assert await story.live() == {"assessment_and_assistance", "emergency_handling"}
    assert await story.outcome(GUARDIANSHIP) == "handed_on"


@pytest.mark.parametrize(("first", "other"), [("妇联", "村(居)委会"), ("村(居)委会", "妇联")])
async def test_the_first_applicants_reply_releases_the_other(story: Story, first: str, other: str) -> None:
    """D7: who may apply is asked at once; the first to reply decides, and the other is told that nothing is owed."""
    await in_conference(story)
    await story.answer("case_conference", outcome="revoke")
    offices = {r.subject: r.office for r in await story.requests(open_only=True) if r.step == "suggest_revocation"}
    assert offices == {"妇联": "womens_federation", "村(居)委会": "liuhe_village"}
    await story.deliver()
    await story.answer("suggest_revocation", subject=first, filed=True)
    released = await story.request("suggest_revocation", other)
    assert released.state == "withdrawn"
    assert released.next_climb_at is None
    letters = await story.letters("moved", request_id=released.id)
    assert {letter.to_office for letter in letters} == {offices[other]}
    assert [letter.facts["moved_to"] for letter in letters] == [""]
    assert len(await story.happened(Happening.REQUEST_WITHDRAWN)) == 1
    assert await asked(story) == {"court_trial"}


async def test_civil_affairs_must_file_when_nobody_does(story: Story) -> None:
    """D7, 民法典 36(3): the court waits for civil affairs, not for anybody's pleasure."""
    await in_conference(story)
    await story.answer("case_conference", outcome="revoke")
    await story.answer("suggest_revocation", subject="妇联", filed=False)
    assert await asked(story) == {"file_revocation"}
    assert (await story.request("file_revocation")).office == "civil_affairs"
    await story.answer("file_revocation")
    assert await asked(story) == {"court_trial"}


@pytest.mark.parametrize(
    ("result", "settles"), [("revoked", "long_term_guardianship"), ("revoked_other_guardian", "settle_new_guardian")]
)
async def test_a_revocation_settles_a_new_guardian_and_the_parents_go_on_paying(
    story: Story, result: str, settles: str
) -> None:
    """D8-D11: trial, judgment, new guardian; assessment has the case before the support claim is settled."""
    await before_the_court(story)
    trial = await story.request("court_trial")
    assert (trial.office, trial.terms["answer"]["limit"]) == ("court", "30 days")
    await story.answer("court_trial", docket_number="（2026）民特1号")
    await story.answer("judgment", result=result)
    assert await asked(story) == {settles}
    await story.answer(settles)
    assert await asked(story) == {"support_claim"}
    await story.answer("support_claim")
    await ended(story, "new_guardian_settled")


async def test_a_refused_revocation_returns_the_child_under_visits(story: Story) -> None:
    """D9 not_revoked: the child goes home, and the village watches."""
    await before_the_court(story)
    await story.answer("court_trial")
    await story.answer("judgment", result="not_revoked")
    await story.answer("return_child")
    await story.answer("return_follow_up", finding="stable")
    await ended(story, "returned_and_stable")
    assert not {"support_claim", "settle_new_guardian", "long_term_guardianship"} & {
        r.step for r in await story.requests()
    }
