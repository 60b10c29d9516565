"""Leavers: their open steps go on, their links die, the coordinator gets one list; again and again it is done once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from office import staffing
from office.bars import bar
from office.clock import Clock as Ticker
from office.links import LinkStatus
from office.post import Post
from office.refusals import Refused
from office.staffing import settle
from rules.answers import Acceptance
from rules.vocabulary import AnswerKind, BarReason, Happening
from tests.office.letter_desk import ScriptedMailer, without
from tests.office.test_people import changed
from tests.story import Story

pytestmark = pytest.mark.anyio


def county_is(story: Story, county: Any) -> None:
    """The county's files say so from the next start."""
    story.bureau = replace(story.bureau, county=county)
    story.ticker = Ticker(story.bureau)


async def take_three(story: Story) -> list[str]:
    """Three cases whose police step one officer has taken; gives the case numbers."""
    cases = []
    for _ in range(3):
        await story.report()
        await story.deliver()
        await (await story.link("police_accept", "ps_zhou")).say(AnswerKind.RECEIVED)
        cases.append(story.case)
    return cases


async def test_a_leavers_three_steps_go_on_and_the_coordinator_gets_one_list(story: Story) -> None:
    """Owner cleared, a fresh letter with a fresh link, the old link "moved", one letter with three lines."""
    cases = await take_three(story)
    old = await story.link("police_accept", "ps_zhou")
    county_is(story, without(story.bureau.county, "ps_zhou"))
    done = await settle(story.bureau)
    assert (done.passed_on, done.set_aside) == (3, [])
    assert (await story.request("police_accept")).owner == "ps_zhiban"
    assert (await old.look()).status is LinkStatus.MOVED
    with pytest.raises(Refused, match="不能再通过此链接办理"):
        await old.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))
    assert len(await story.letters("asked", to_officer="ps_zhiban")) == 3
    lists = await story.letters("steps_passed_on")
    assert [row.to_officer for row in lists] == ["xt_wen"]
    assert [line["case_number"] for line in lists[0].facts["steps"]] == cases
    assert {line["to"] for line in lists[0].facts["steps"]} == {"石守夜"}
    await (await story.link("police_accept", "ps_zhiban")).say(
        AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True)
    )


async def test_done_again_it_finds_nothing_to_do(story: Story) -> None:
    """Every minute, and by two workers at once: one move, one list."""
    await take_three(story)
    county_is(story, without(story.bureau.county, "ps_zhou"))
    both = await asyncio.gather(settle(story.bureau), settle(story.bureau))
    assert sum(one.passed_on for one in both) == 3
    assert (await settle(story.bureau)).passed_on == 0
    assert len(await story.letters("steps_passed_on")) == 1
    assert len(await story.happened(Happening.REQUEST_PASSED_ON)) == 3


@pytest.mark.parametrize("dies_after", [0, 1, 2, 3])
async def test_a_process_killed_between_two_steps_loses_none_and_moves_none_twice(
    story: Story, monkeypatch: pytest.MonkeyPatch, dies_after: int
) -> None:
    """The next start goes on where it stopped, and the list names all three."""
    await take_three(story)
    county_is(story, without(story.bureau.county, "ps_zhou"))
    whole = staffing._one
    calls = 0

    class Killed(BaseException):
        """kill -9"""

    async def one(*arguments: Any) -> None:
        nonlocal calls
        if calls == dies_after:
            raise Killed
        calls += 1
        await whole(*arguments)

    async def listing(_: Any) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(staffing, "_one", one)
        patch.setattr(staffing, "_tell_what_was_passed_on", listing)
        with pytest.raises(Killed):
            await settle(story.bureau)
    assert not await story.letters("steps_passed_on")
    assert (await settle(story.bureau)).passed_on == 3 - dies_after
    (told,) = await story.letters("steps_passed_on")
    assert len(told.facts["steps"]) == 3
    assert len(await story.letters("asked", to_officer="ps_zhiban")) == 3


async def test_a_day_of_leaving_comes_while_everything_runs(story: Story) -> None:
    """`left: 2026-03-03`: until then the link acts, from then on it does not."""
    await story.report()
    await story.deliver()
    link = await story.link("police_accept", "ps_zhou")
    await link.say(AnswerKind.RECEIVED)
    county_is(story, changed(story.bureau.county, "ps_zhou", left=date(2026, 3, 3)))
    assert (await settle(story.bureau)).passed_on == 0
    assert (await link.look()).status is LinkStatus.OPEN
    await story.fast_forward(hours=15)
    assert (await settle(story.bureau)).passed_on == 1
    assert (await link.look()).status is LinkStatus.MOVED
    with pytest.raises(Refused, match="已经离岗"):
        await story.answer("police_accept", said_by="ps_zhou", own_jurisdiction=True)


async def test_a_step_that_was_only_ever_sent_to_leavers_reaches_somebody(story: Story) -> None:
    """Nobody had taken it; both officers are gone: the duty contact gets it, and the list names it once."""
    await story.report()
    await story.deliver()
    county_is(story, without(without(story.bureau.county, "ps_zhou"), "ps_xia"))
    assert (await settle(story.bureau)).passed_on == 1
    request = await story.request("police_accept")
    assert (await story.letters("asked", request_id=request.id))[-1].to_officer == "ps_zhiban"
    (told,) = await story.letters("steps_passed_on")
    assert len(told.facts["steps"]) == 1


async def test_the_post_and_the_look_at_leavers_write_to_the_next_one_once(story: Story) -> None:
    """A leaver's letter that had not left goes to the next contact under one key, whoever comes first."""
    await story.report()
    county_is(story, without(without(story.bureau.county, "ps_zhou"), "ps_xia"))
    await settle(story.bureau)
    mailer = ScriptedMailer()
    await Post(story.bureau, mailer).send_due()
    assert [to for to, _ in mailer.taken].count("ps.zhiban@anhe.example") == 1


async def test_who_moves_to_another_office_leaves_the_steps_behind(story: Story) -> None:
    """The key is the same, the office another: the step stays with its office."""
    await story.report()
    await story.deliver()
    link = await story.link("police_accept", "ps_zhou")
    await link.say(AnswerKind.RECEIVED)
    county = story.bureau.county
    mover = county.officer("ps_zhou")
    assert mover is not None
    offices = dict(without(county, "ps_zhou").offices)
    court = offices["court"]
    offices["court"] = replace(court, officers=(*court.officers, replace(mover, office="court")))
    county_is(story, replace(county, offices=MappingProxyType(offices)))
    assert (await settle(story.bureau)).passed_on == 1
    assert (await link.look()).status is LinkStatus.MOVED
    assert (await story.request("police_accept")).owner == "ps_zhiban"


async def test_the_reminder_finds_who_took_over_and_nobody_else(story: Story) -> None:
    """One had the step in hand, one has it again."""
    await story.report()
    await story.deliver()
    await (await story.link("police_accept", "ps_zhou")).say(AnswerKind.RECEIVED)
    county_is(story, without(story.bureau.county, "ps_zhou"))
    await settle(story.bureau)
    await story.move_to((await story.request("police_accept")).due - timedelta(minutes=5))
    assert {row.to_officer for row in await story.letters("reminder")} == {"ps_zhiban"}


async def test_nothing_is_moved_where_everybody_is_there(story: Story) -> None:
    """The ordinary minute."""
    await take_three(story)
    done = await settle(story.bureau)
    assert (done.passed_on, done.recused, done.lists) == (0, 0, 0)


async def test_a_step_whose_letters_are_with_a_barred_officer_and_a_leaver_goes_on(story: Story) -> None:
    """Two were asked; one is barred from the case and the other leaves: that the first is there helps nobody."""
    await story.report()
    await story.deliver()
    await bar(story.bureau, case=story.case, who="周立言", reason=BarReason.RELATIVE, set_by="coordinator")
    assert (await settle(story.bureau)).passed_on == 0
    county_is(story, without(story.bureau.county, "ps_xia"))
    assert (await settle(story.bureau)).passed_on == 1
    request = await story.request("police_accept")
    assert (await story.letters("asked", request_id=request.id))[-1].to_officer == "ps_zhiban"
    (told,) = await story.letters("steps_passed_on")
    assert told.facts["steps"][0]["to"] == "石守夜"
