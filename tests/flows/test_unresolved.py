"""When everybody has been told and nobody has answered, the joint meeting is given the step again and again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from office import bars
from office.clock import Clock as Ticker
from office.tables import Letter, Rung, UnresolvedList
from office.timekeeping import COUNTY_ZONE
from office.unresolved import give_list
from office.views import explain_case
from rules.limits import Limit
from rules.steps import DISPATCH, SEEK_PROCURATORIAL_SUPERVISION, STEPS, STOP_AND_SECURE
from rules.vocabulary import AnswerKind, BarReason, Happening
from tests.flows.test_silence import fall_silent, put, repeating_once, some_answer
from tests.story import Story

pytestmark = pytest.mark.anyio

MEETING = {"lx_kang"}
"""Who takes letters for the joint meeting in the example county."""


async def all_told(story: Story) -> None:
    """Two steps nobody answers, until no ladder climbs any more; the coordinator has put them before the procuratorate."""
    county = repeating_once(story.bureau.county, story.clock.now().date())
    story.bureau = replace(story.bureau, county=county)
    story.ticker = Ticker(story.bureau)
    await put(story, [DISPATCH, STOP_AND_SECURE], DISPATCH.mechanism)
    await fall_silent(story)
    for asked in await story.requests(open_only=True):
        if asked.step == SEEK_PROCURATORIAL_SUPERVISION.key:
            await story.answer_only(asked.step, subject=asked.subject, **some_answer(STEPS[asked.step]))


async def next_morning(story: Story, days: int = 1) -> datetime:
    """Ten o'clock on the first working day so many days on; the clock turns."""
    calendar = story.bureau.county.calendar
    day = calendar.nearest_working_day((story.clock.now() + timedelta(days=days)).date())
    at = datetime.combine(day, time(10), COUNTY_ZONE)
    await story.move_to(at)
    return at


async def lists(story: Story) -> list[Letter]:
    """The letters with lists, oldest first."""
    return await story.letters("unresolved")


async def test_a_step_that_everybody_was_told_of_is_given_to_the_joint_meeting_until_it_is_answered(
    story: Story,
) -> None:
    """The list comes within its hours, again after the county's interval, says what is new, and ends with the answer."""
    await all_told(story)
    last_rung = await max_of(story, Rung.reached_at)
    await next_morning(story)
    first = await lists(story)
    assert {letter.to_officer for letter in first} == MEETING
    (steps,) = {tuple((one["case_number"], one["step_label"], one["new"]) for one in x.facts["steps"]) for x in first}
    assert {label for _, label, _ in steps} == {DISPATCH.label, STOP_AND_SECURE.label}
    assert all(new for _, _, new in steps)
    assert all(letter.request_id is None for letter in first)
    assert all(datetime.fromisoformat(x["told_at"]) <= last_rung for letter in first for x in letter.facts["steps"])
    await next_morning(story)
    assert len(await lists(story)) == len(first), "not every day"
    await next_morning(story, days=9)
    second = (await lists(story))[len(first) :]
    assert {letter.to_officer for letter in second} == MEETING
    assert not any(one["new"] for letter in second for one in letter.facts["steps"])
    await story.answer_only(DISPATCH.key, subject="沉默", **some_answer(DISPATCH))
    await next_morning(story, days=9)
    third = (await lists(story))[len(first) + len(second) :]
    assert {one["step_label"] for letter in third for one in letter.facts["steps"]} == {STOP_AND_SECURE.label}
    await story.answer_only(STOP_AND_SECURE.key, subject="沉默", **some_answer(STOP_AND_SECURE))
    await next_morning(story, days=9)
    assert len(await lists(story)) == 3 * len(MEETING)


async def max_of(story: Story, column: object) -> datetime:
    """The latest of a column of instants."""
    async with story.database.transaction() as session:
        found: datetime = (await session.execute(select(func.max(column)))).scalar_one()
    return found


async def test_the_case_says_once_that_a_step_stands_on_the_list(story: Story) -> None:
    """Its timeline, and its explanation instead of a next level."""
    await all_told(story)
    await next_morning(story)
    await next_morning(story, days=9)
    listed = await story.happened(Happening.REQUEST_LISTED)
    assert sorted(event.step for event in listed) == sorted([DISPATCH.key, STOP_AND_SECURE.key])
    explained = await explain_case(story.bureau, story.case)
    silent = [one for one in explained["waiting"] if one["subject"] == "沉默" or one["step"] == DISPATCH.key]
    assert silent
    assert all(one["used_up"] and one["next_level"] is None for one in silent)


async def test_nothing_is_listed_while_a_ladder_still_climbs(story: Story) -> None:
    """Whoever is still to be told by the ladder is told by the ladder."""
    await put(story, [DISPATCH], DISPATCH.mechanism)
    await next_morning(story)
    await next_morning(story, days=2)
    assert await lists(story) == []


async def test_two_clocks_give_one_list(story: Story) -> None:
    """On real PostgreSQL, several rounds of several clocks at once."""
    await all_told(story)
    await next_morning(story)
    for number in range(2, 8):
        await asyncio.gather(*(give_list(story.bureau, story.clock.now()) for _ in range(4)))
        story.clock.move(timedelta(days=14))
        at = await next_morning(story)
        assert at.hour == 10
        async with story.database.transaction() as session:
            given = (await session.execute(select(func.count()).select_from(UnresolvedList))).scalar_one()
        assert given == number
    assert len(await lists(story)) == 7 * len(MEETING)


async def test_who_is_barred_from_a_case_does_not_see_it_on_the_list(story: Story) -> None:
    """The others do; where the whole joint meeting is barred, the leader is given it: silence must reach someone."""
    await all_told(story)
    await bars.bar(story.bureau, case=story.case, who="lx_kang", reason=BarReason.RELATIVE, set_by="coordinator")
    await next_morning(story)
    assert {letter.to_officer for letter in await lists(story)} == {"lx_shao"}
    await bars.bar(story.bureau, case=story.case, who="lx_shao", reason=BarReason.RELATIVE, set_by="coordinator")
    await next_morning(story, days=9)
    later = (await lists(story))[1:]
    leaders = {officer.key for officer in story.bureau.county.office("leader").contacts}
    assert {letter.to_officer for letter in later} == leaders


async def test_a_re_routed_step_leaves_the_list_and_its_new_office_is_climbed_anew(story: Story) -> None:
    """The decision of the joint meeting: another office, whose ladder begins at its first rung."""
    await all_told(story)
    await next_morning(story)
    request = await story.request(DISPATCH.key, "沉默")
    await story.say_only(
        AnswerKind.DECLINED, DISPATCH.key, subject="沉默", words="不是本单位职责", instead="civil_affairs"
    )
    ended = await story.request(DISPATCH.key, "沉默")
    assert (ended.id, ended.state, ended.next_climb_at) == (request.id, "declined", None)
    await next_morning(story, days=9)
    last = (await lists(story))[-1]
    assert [one["step_label"] for one in last.facts["steps"]] == [STOP_AND_SECURE.label]


async def test_a_list_that_fails_does_not_stop_the_ladders(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given at the next look."""

    async def broken(*_: object) -> int:
        raise RuntimeError

    await put(story, [DISPATCH], DISPATCH.mechanism)
    with monkeypatch.context() as patched:
        patched.setattr("office.clock.give_list", broken)
        assert (await story.fast_forward(hours=3)).climbed > 0


async def test_the_interval_is_the_countys(story: Story) -> None:
    """Two working days where the county says so."""
    await all_told(story)
    story.bureau = replace(story.bureau, county=replace(story.bureau.county, list_every=Limit.parse("2 working_days")))
    story.ticker = Ticker(story.bureau)
    await next_morning(story)
    given = len(await lists(story))
    await next_morning(story, days=5)
    assert len(await lists(story)) == 2 * given
    assert len(await story.happened(Happening.REQUEST_LISTED)) == 2
