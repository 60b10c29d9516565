"""Any office → 检察 (legal-basis 1E): a silence that has reached the joint meeting may go to the procuratorate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from office.refusals import Refused
from rules.vocabulary import AnswerKind, Happening, Level, ReporterKind, RequestState
from tests.story import Story

pytestmark = pytest.mark.anyio

SEEK, ISSUE, REPLY = "seek_procuratorial_supervision", "procuratorial_recommendation", "reply_to_recommendation"
AFTER_SILENCE = {SEEK, ISSUE, REPLY}
"""K4, K5, K6."""


async def silent_to_the_top(story: Story) -> None:
    """The police have accepted a citizen's report and say nothing more until the joint meeting hears of it."""
    await story.report(reporter_name="", reporter_contact="", reporter_kind=ReporterKind.CITIZEN)
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
    assert await asked(story, ISSUE) == []
    assert len(await story.happened(Happening.CASE_CLOSED)) == 1, "nothing is owed any more"


async def test_whoever_heard_of_the_coordinators_silence_hears_that_the_question_is_gone(story: Story) -> None:
    """A question that is taken back ends with a closing notice, like any step."""
    await silent_to_the_top(story)
    question = await story.request(SEEK)
    for _ in range(4):
        await story.fast_forward(days=7)
    await story.deliver()
    told = {x.to_officer for x in await story.letters("escalation", request_id=question.id, state="handed_over")}
    assert told
    await story.answer("triage", outcome="unfounded")
    notices = [x.to_officer for x in await story.letters("closing_notice", request_id=question.id)]
    assert sorted(notices) == sorted(told)


@pytest.mark.parametrize("issued", [True, False])
async def test_a_case_does_not_close_while_the_procuratorate_is_asked(story: Story, issued: bool) -> None:
    """The silent office's late answer ends its step; what lies with the procuratorate goes on to its end."""
    await silent_to_the_top(story)
    number = str((await story.request("triage")).id)
    await story.answer(SEEK, subject=number, seek=True)
    await story.answer("triage", outcome="unfounded")
    assert await story.waiting() == {ISSUE}
    assert not await story.happened(Happening.CASE_CLOSED)
    await story.answer(ISSUE, subject=number, issued=issued, document_number="检建1号" if issued else "")
    if issued:
        assert not await story.happened(Happening.CASE_CLOSED)
        await story.answer(REPLY, subject=number, document_number="复函1号")
    assert len(await story.happened(Happening.CASE_CLOSED)) == 1


async def test_a_step_that_moves_to_another_office_takes_the_question_back(story: Story) -> None:
    """Whoever declines is silent no more; the other office's own silence would be a question of its own."""
    await silent_to_the_top(story)
    first = await story.request("triage")
    await story.say(AnswerKind.DECLINED, "triage", words="不属本局职责", instead="justice")
    assert (await story.request(SEEK, str(first.id))).state == RequestState.WITHDRAWN.value
    await story.answer("reroute", office="justice")
    second = await story.request("triage")
    assert second.id != first.id
    for _ in range(40):
        await story.fast_forward(hours=12)
    assert [r.subject for r in await story.requests() if r.step == SEEK] == [str(first.id), str(second.id)]


async def test_a_recommendation_has_its_number_and_cannot_be_sent_back(story: Story) -> None:
    """One that was issued is named by its number; the silent office may not decline to reply (未成年人保护法 114)."""
    await silent_to_the_top(story)
    number = str((await story.request("triage")).id)
    await story.answer(SEEK, subject=number, seek=True)
    with pytest.raises(Refused, match="文号"):
        await story.answer(ISSUE, subject=number, issued=True)
    await story.answer(ISSUE, subject=number, issued=True, document_number="检建1号")
    with pytest.raises(Refused, match="不能退回"):
        await story.say(AnswerKind.DECLINED, REPLY, subject=number, words="不办", instead="justice")
    link = await story.link(ISSUE, subject=number)
    assert (await link.look()).exchanges == ()


async def test_the_procuratorate_is_not_asked_about_its_own_silence(story: Story) -> None:
    """Nobody supervises himself: it climbs to the joint meeting and stays there."""
    await story.report(reporter_name="", reporter_contact="", reporter_kind=ReporterKind.CITIZEN)
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="crime", child_still_needs_help=False)
    await story.answer("file_criminal_case", filed=False)
    for _ in range(20):
        await story.fast_forward(days=7)
    assert (await story.request("case_supervision")).level == Level.JOINT_MEETING.value
    assert SEEK not in {r.step for r in await story.requests()}


async def test_the_coordinators_own_silence_is_put_to_no_procuratorate(story: Story) -> None:
    """Steps of coordination climb to leader and joint meeting, and stay there."""
    await silent_to_the_top(story)
    number = (await story.request(SEEK)).id
    await story.fast_forward(days=60)
    assert not [r for r in await story.requests() if r.concerns == number]
