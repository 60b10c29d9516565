"""Any office → 检察 (legal-basis 1E): a silence that has reached the joint meeting may go to the procuratorate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.vocabulary import Level, RequestState
from tests.story import Story

pytestmark = pytest.mark.anyio

SEEK, ISSUE, REPLY = "seek_procuratorial_supervision", "procuratorial_recommendation", "reply_to_recommendation"
AFTER_SILENCE = {SEEK, ISSUE, REPLY}
"""K4, K5, K6."""


async def silent_to_the_top(story: Story) -> None:
    """The police have accepted a report and say nothing more until the joint meeting hears of it."""
    await story.report(reporter_name="", reporter_contact="")
    await story.answer("police_accept", own_jurisdiction=True)
    for _ in range(400):
        await story.fast_forward(hours=2)
        if (await story.request("triage")).level == Level.JOINT_MEETING.value:
            return
    raise AssertionError("the joint meeting never hears of it")


async def asked(story: Story, step: str) -> list[str]:
    """The offices to which the step was put about the silent one."""
    return [r.office for r in await story.requests() if r.step == step and r.about.endswith("受理分流")]


async def test_a_silence_that_reached_the_joint_meeting_is_put_to_the_coordinator_once(story: Story) -> None:
    """However often the joint meeting is told again."""
    await silent_to_the_top(story)
    assert await asked(story, SEEK) == ["coordinator"]
    await story.fast_forward(days=30)
    assert await asked(story, SEEK) == ["coordinator"]
    assert await asked(story, ISSUE) == []


async def test_a_recommendation_is_answered_by_the_silent_office_within_one_month(story: Story) -> None:
    """未成年人保护法 114; the step itself stays owed."""
    await silent_to_the_top(story)
    triage = await story.request("triage")
    await story.answer(SEEK, subject=str(triage.id), seek=True)
    assert await asked(story, ISSUE) == ["procuratorate"]
    await story.answer(ISSUE, subject=str(triage.id), issued=True, document_number="检建1号")
    reply = await story.request(REPLY, str(triage.id))
    assert reply.office == triage.office
    assert timedelta(days=28) < reply.due - reply.asked_at < timedelta(days=35)
    assert RequestState((await story.request("triage")).state).is_open
    await story.answer("triage", outcome="unfounded")
    assert REPLY in await story.waiting(), "owed even by an office that has meanwhile done the step"
    await story.answer(REPLY, subject=str(triage.id), document_number="复函1号")
    assert not AFTER_SILENCE & await story.waiting()


@pytest.mark.parametrize("answers", [((SEEK, {"seek": False}),), ((SEEK, {"seek": True}), (ISSUE, {"issued": False}))])
async def test_no_recommendation_asks_nothing_of_the_office(
    story: Story, answers: tuple[tuple[str, dict[str, bool]], ...]
) -> None:
    """The coordinator or the procuratorate may see no ground for it."""
    await silent_to_the_top(story)
    number = str((await story.request("triage")).id)
    for step, said in answers:
        await story.answer(step, subject=number, **said)
    assert await asked(story, REPLY) == []
    assert not AFTER_SILENCE & {r.step for r in await story.requests(open_only=True) if r.subject == number}


async def test_an_answer_meanwhile_takes_the_question_back(story: Story) -> None:
    """What the coordinator had not decided yet is decided by it, with one closing notice for those who were told."""
    await silent_to_the_top(story)
    number = str((await story.request("triage")).id)
    await story.answer("triage", outcome="unfounded")
    assert (await story.request(SEEK, number)).state == RequestState.WITHDRAWN.value


async def test_the_coordinators_own_silence_is_put_to_no_procuratorate(story: Story) -> None:
    """Steps of coordination climb to leader and joint meeting, and stay there."""
    await silent_to_the_top(story)
    number = (await story.request(SEEK)).id
    await story.fast_forward(days=60)
    assert not [r for r in await story.requests() if r.concerns == number]
