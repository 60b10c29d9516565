"""Stories of guardianship intervention: how each of them begins, and how it ends."""

from __future__ import annotations

from sqlalchemy import select

from office.tables import Appointment
from rules.vocabulary import AppointmentKind, Happening, Mechanism, ReporterKind, ReportReason
from tests.story import Story

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
    ground = {"ground": "refusal_or_neglect_unattended"} if severity == "unattended" else {}
    await story.answer("open_intervention", **({"cause": "neglect", "severity": severity} | ground | more))


async def in_conference(story: Story) -> None:
    """A child under temporary guardianship, whose guardian has been assessed."""
    await opened(story, "unattended")
    await story.answer("temporary_guardianship", place="minor_protection_center")
    await story.answer("assess_guardian", capability="incapable")


async def before_the_court(story: Story) -> None:
    """The conference wants revocation and the women's federation has filed."""
    await in_conference(story)
    await story.answer("case_conference", outcome="revoke")
    await story.answer("suggest_revocation", subject="妇联", filed=True, ground="refusal_six_months")


async def revoked(story: Story, **more: object) -> None:
    """The court has revoked the guardian's standing, and civil affairs is guardian."""
    await before_the_court(story)
    await story.answer("court_trial")
    await story.answer("judgment", result="revoked", **more)
    today = story.clock.now().date().isoformat()
    await story.answer("long_term_guardianship", ground="court_revoked_and_designated", revoked_on=today)
    await story.answer("support_claim")


async def unfound(story: Story, **more: object) -> None:
    """Nobody has found the guardian, and civil affairs is guardian."""
    await opened(story, "unattended", guardian_untraced=True, **more)
    await story.answer("temporary_guardianship", place="child_welfare_institution")
    await story.answer("trace_guardian", found=False)
    await story.answer("long_term_guardianship", ground="guardians_not_found")


async def handed(story: Story, step: str) -> None:
    """Both sides of a handing over name the same paper."""
    await story.answer(step, document_number="JJ-9")
    await story.answer("handover_witnessed", document_number="JJ-9")


async def asked(story: Story) -> set[str]:
    """The open steps of this mechanism alone."""
    return await story.waiting() - {"match_entitlements", "follow_up_visit"}


async def ended(story: Story, ground: str) -> None:
    """Guardianship has closed on that ground, and assessment has the case."""
    assert await story.outcome(GUARDIANSHIP) == ground
    assert await story.live() == {"assessment_and_assistance"}
    assert "监护干预→评估帮扶" in {event.detail for event in await story.happened(Happening.HANDED_OVER)}


async def goes_on(story: Story, ground: str) -> None:
    """Guardianship has taken its leave on that ground, and waits for what the law lets come later."""
    assert await story.outcome(GUARDIANSHIP) == ground
    assert await story.live() == {"assessment_and_assistance", "guardianship_intervention"}


async def facts(story: Story) -> list[str]:
    """The facts for which entitlements are looked at again, in their order."""
    async with story.database.transaction() as session:
        rows = await session.execute(
            select(Appointment.subject).where(Appointment.kind == AppointmentKind.FACT.value).order_by(Appointment.id)
        )
        return list(rows.scalars())
