"""A changed calendar moves the deadlines of open steps, says why, and writes when one comes earlier."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from config.county import load_county
from config.settings import EXAMPLE_COUNTY
from office import requests as asking
from office.clock import Clock as Ticker
from office.holds import hold
from office.links import LinkStatus
from office.recalendar import fingerprint, recompute_open_deadlines
from office.requests import climb_instant
from office.sheets import case_sheet
from office.tables import CalendarState, CaseRow, Event, Proceeding, Request
from office.timekeeping import COUNTY_ZONE
from office.views import explain_case
from rules.holds import HoldReason
from rules.steps import STEPS
from rules.vocabulary import AnswerKind, Happening, Office
from rules.workdays import Calendar
from tests.story import Story

pytestmark = pytest.mark.anyio

NOTICE = "（国办发明电〔2026〕9号）"
THURSDAY, SATURDAY = date(2026, 3, 5), date(2026, 3, 7)


def at_close(year: int, month: int, day: int) -> datetime:
    """24:00 of that day."""
    return datetime(year, month, day, tzinfo=COUNTY_ZONE) + timedelta(days=1)


async def ask(story: Story, *keys: str) -> None:
    """Put those steps to their offices, on a case of their own that no flow moves."""
    if not story.case:
        story.case = (await story.file_only()).case
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow).where(CaseRow.number == story.case))).scalar_one()
        proceeding = (await session.execute(select(Proceeding).where(Proceeding.case_id == case.id))).scalars().first()
        assert proceeding is not None
        for key in keys:
            office = story.bureau.county.office_for(STEPS[key].office, case.township, case.village)
            await asking.ask(session, story.bureau, case, proceeding.id, STEPS[key], office)


def change(
    story: Story, *, off: Sequence[date] = (), working: Sequence[date] = (), published: Sequence[int] = ()
) -> None:
    """The county's files now say so; whoever starts next has read them."""
    known = story.bureau.county.calendar
    days_off = {day: why for day, why in known.days_off.items() if day not in working}
    working_days = {day: why for day, why in known.working_days.items() if day not in off}
    calendar = Calendar(
        days_off | dict.fromkeys(off, f"临时放假{NOTICE}"),
        working_days | dict.fromkeys(working, f"调休上班{NOTICE}"),
        {*known.published_years, *published},
    )
    take(story, replace(story.bureau.county, calendar=calendar))


def take(story: Story, county: object) -> None:
    """Start anew with that county."""
    story.bureau = replace(story.bureau, county=county)  # type: ignore[arg-type]
    story.ticker = Ticker(story.bureau)


async def details(story: Story) -> list[str]:
    """What the log says of deadlines that were reckoned anew."""
    return [event.detail for event in await story.happened(Happening.DEADLINE_RECKONED_ANEW)]


async def test_a_changed_overlay_moves_open_deadlines_later_and_the_log_names_the_notice(
    story: Story, tmp_path: Path
) -> None:
    """F174: a changed notice is loaded with cases open; a day off is put in, and the limit in working days ends later."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "match_entitlements", "file_criminal_case")
    before = await story.request("match_entitlements")
    assert before.due == at_close(2026, 3, 5)
    folder = Path(shutil.copytree(EXAMPLE_COUNTY, tmp_path / "county"))
    (folder / "workdays_2026.yaml").write_text(
        "notice: 国办发明电〔2026〕9号\ndays_off:\n  - {date: 2026-03-05, why: 临时放假}\n", encoding="utf-8"
    )
    take(story, load_county(folder))
    done = await recompute_open_deadlines(story.bureau)
    assert (done.changed, done.looked_at, done.earlier, done.later, done.set_aside) == (True, 2, 0, 1, [])
    after = await story.request("match_entitlements")
    assert (after.due, after.acknowledge_by) == (at_close(2026, 3, 6), before.acknowledge_by)
    assert after.version == before.version + 1
    assert await details(story) == [
        "办理时限由03-05 24:00改为03-06 24:00；原因：2026年3月5日临时放假（国办发明电〔2026〕9号）"
    ]
    assert await story.letters("deadline_moved") == []
    explained = await explain_case(story.bureau, story.case)
    anew = {waiting["step"]: waiting["reckoned_anew"] for waiting in explained["waiting"]}
    assert [one["detail"] for one in anew["match_entitlements"]] == await details(story)
    assert anew["file_criminal_case"] == []
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        assert (await details(story))[0] in await case_sheet(session, story.bureau, case)


async def test_a_deadline_that_moves_earlier_is_written_to_the_office_with_a_link(story: Story) -> None:
    """A make-up working day is put in: every contact gets old and new deadline, and may answer from that letter."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "file_criminal_case", "investigate")
    await story.deliver()
    before = await story.request("investigate")
    old = await story.link("investigate")
    change(story, working=[SATURDAY])
    done = await recompute_open_deadlines(story.bureau)
    assert (done.earlier, done.later) == (1, 0)
    after = await story.request("investigate")
    assert (before.due, after.due) == (at_close(2026, 3, 16), at_close(2026, 3, 13))
    letters = await story.letters("deadline_moved")
    assert [x.to_officer for x in letters] == [c.key for c in story.bureau.county.office(after.office).contacts]
    facts = letters[0].facts
    assert letters[0].acts
    assert datetime.fromisoformat(facts["former_due"]) == before.due
    assert datetime.fromisoformat(facts["due"]) == after.due
    assert facts["because"] == "2026年3月7日调休上班（国办发明电〔2026〕9号）"
    assert await story.deliver() == len(letters)
    assert (await old.look()).status is LinkStatus.CHANGED
    fresh = await story.link("investigate", kind="deadline_moved")
    assert ((await fresh.look()).status, (await fresh.look()).due) == (LinkStatus.OPEN, after.due)


async def test_the_letter_goes_to_whoever_has_the_step_in_hand(story: Story) -> None:
    """Once an officer has taken the step, the colleagues are not bothered; the stopped clock keeps its deadline."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "file_criminal_case")
    contacts = story.bureau.county.office("public_security").contacts
    await story.say_only(AnswerKind.RECEIVED, "file_criminal_case", said_by=contacts[-1].key)
    before = await story.request("file_criminal_case")
    change(story, off=[date(2026, 3, 3), date(2026, 3, 9), date(2026, 3, 10)])
    await recompute_open_deadlines(story.bureau)
    later = await story.request("file_criminal_case")
    assert (later.due, later.acknowledge_by) == (at_close(2026, 3, 11), before.acknowledge_by)
    change(story, working=[date(2026, 3, 10)])
    assert (await recompute_open_deadlines(story.bureau)).earlier == 1
    assert [x.to_officer for x in await story.letters("deadline_moved")] == [contacts[-1].key]


async def test_a_step_whose_deadline_stays_is_left_alone(story: Story) -> None:
    """No version, no log row, no letter: its links stay as good as they were."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "file_criminal_case", "trace_guardian")
    before = {row.step: (row.due, row.version) for row in await story.requests()}
    letters = len(await story.letters())
    change(story, off=[THURSDAY])
    done = await recompute_open_deadlines(story.bureau)
    assert (done.changed, done.earlier, done.later, done.settled) == (True, 0, 0, 0)
    assert {row.step: (row.due, row.version) for row in await story.requests()} == before
    assert await details(story) == []
    assert len(await story.letters()) == letters


async def test_an_ended_step_is_never_touched(story: Story) -> None:
    """What was answered in time or late stays so."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "match_entitlements", "help_apply")
    await story.answer_only("help_apply")
    change(story, off=[THURSDAY])
    assert (await recompute_open_deadlines(story.bureau)).looked_at == 1
    assert (await story.request("help_apply")).due == at_close(2026, 3, 9)
    assert [event.step for event in await story.happened(Happening.DEADLINE_RECKONED_ANEW)] == ["match_entitlements"]


async def test_twice_is_once_and_of_two_workers_one_does_it(story: Story) -> None:
    """A second start finds the calendar known; workers that start together wait for each other."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "investigate")
    change(story, working=[SATURDAY])
    both = await asyncio.gather(*[recompute_open_deadlines(story.bureau) for _ in range(2)])
    assert sorted(done.changed for done in both) == [False, True]
    assert not (await recompute_open_deadlines(story.bureau)).changed
    assert len(await details(story)) == 1
    request = await story.request("investigate")
    assert request.version == 2
    contacts = story.bureau.county.office(request.office).contacts
    assert len(await story.letters("deadline_moved")) == len(contacts)
    async with story.database.transaction() as session:
        kept = (await session.execute(select(CalendarState))).scalar_one()
    assert (kept.fingerprint, kept.last_published_year) == (fingerprint(story.bureau.county.calendar), 2026)


async def test_a_recomputation_that_was_cut_short_is_begun_again_and_repeats_nothing(story: Story) -> None:
    """Killed before the calendar was kept: the steps that had moved are found moved."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "investigate")
    change(story, working=[SATURDAY])
    await recompute_open_deadlines(story.bureau)
    async with story.database.transaction() as session:
        await session.execute(text("UPDATE calendar_state SET fingerprint = ''"))
        await session.execute(text("UPDATE calendar_state SET days = jsonb_set(days, '{working_days}', '{}')"))
    done = await recompute_open_deadlines(story.bureau)
    assert (done.changed, done.earlier, done.later) == (True, 0, 0)
    assert len(await details(story)) == 1


async def test_one_bad_step_never_keeps_the_others_on_the_old_calendar(story: Story) -> None:
    """It is set aside, and looked at again at the next start."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "investigate", "match_entitlements")
    bad = await story.request("investigate")
    async with story.database.transaction() as session:
        await session.execute(text("UPDATE request SET terms = '{}' WHERE id = :id"), {"id": bad.id})
    change(story, off=[THURSDAY])
    done = await recompute_open_deadlines(story.bureau)
    assert (done.later, done.set_aside) == (1, [bad.id])
    async with story.database.transaction() as session:
        row = (await session.execute(select(Request).where(Request.id == bad.id))).scalar_one()
        row.terms = bad.terms
    done = await recompute_open_deadlines(story.bureau)
    assert (done.changed, done.later, done.set_aside) == (True, 1, [])
    assert (await story.request("investigate")).due == at_close(2026, 3, 17)


async def test_the_ladder_waits_for_the_new_deadline(story: Story) -> None:
    """Nobody above is told of a silence that is none any more; the index that the clock reads agrees with the ladder."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "match_entitlements")
    change(story, off=[THURSDAY])
    await recompute_open_deadlines(story.bureau)
    request = await story.request("match_entitlements")
    assert request.next_climb_at == climb_instant(story.bureau, request, [])
    await story.move_to(at_close(2026, 3, 3))
    await story.say_only(AnswerKind.RECEIVED, "match_entitlements")
    await story.move_to(at_close(2026, 3, 6) - timedelta(minutes=1))
    assert {r.level for r in await story.rungs("match_entitlements") if r.clock == "answer"} <= {"reminder"}


async def test_an_extended_deadline_is_reckoned_from_its_true_basis(story: Story) -> None:
    """The extension counts from the deadline before it, wherever the calendar puts that."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "file_criminal_case")
    await story.say_only(AnswerKind.EXTENSION, "file_criminal_case", words="正在鉴定")
    await story.answer_only("decide_extension", granted=True)
    request = await story.request("file_criminal_case")
    assert (request.due, request.extensions, request.extended) == (at_close(2026, 3, 16), 1, True)
    change(story, off=[THURSDAY])
    assert (await recompute_open_deadlines(story.bureau)).later == 0
    change(story, off=[date(2026, 3, 9)])
    await recompute_open_deadlines(story.bureau)
    assert (await story.request("file_criminal_case")).due == at_close(2026, 3, 17)


async def test_a_statutory_clock_that_ran_on_is_reckoned_from_the_first_round(story: Story) -> None:
    """A change of hands on the third day does not start the three days anew, whenever the calendar changes."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "feedback_reporter")
    story.clock.move(timedelta(days=2))
    await story.say_only(AnswerKind.DECLINED, "feedback_reporter", words="不属本局", instead=Office.JUSTICE)
    await story.answer_only("reroute", office="justice")
    second = await story.request("feedback_reporter")
    assert (second.round, second.due) == (2, at_close(2026, 3, 5))
    change(story, off=[THURSDAY])
    await recompute_open_deadlines(story.bureau)
    moved = await story.request("feedback_reporter")
    assert moved.due == at_close(2026, 3, 6)
    assert moved.acknowledge_by <= moved.due


async def test_a_letter_that_had_not_left_is_written_anew(story: Story) -> None:
    """The mail server was away: the letter with the former deadline is stale, and the office gets one with the new."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "match_entitlements")
    request = await story.request("match_entitlements")
    change(story, off=[THURSDAY])
    await recompute_open_deadlines(story.bureau)
    await story.deliver()
    asked = await story.letters("asked", request_id=request.id)
    contacts = len(story.bureau.county.office(request.office).contacts)
    assert [x.state for x in asked] == ["stale"] * contacts + ["handed_over"] * contacts
    assert {x.facts["due"] for x in asked[contacts:]} == {"2026-03-07T00:00:00+08:00"}


async def test_a_letter_about_a_hold_that_had_not_left_keeps_what_it_says(story: Story) -> None:
    """With the new deadline, and with the hold's own end and reason; the hold itself is not lost."""
    await recompute_open_deadlines(story.bureau)
    await ask(story, "match_entitlements")
    await story.say_only(AnswerKind.RECEIVED, "match_entitlements")
    until = at_close(2026, 3, 4)
    await hold(
        story.bureau, case=story.case, step_key="match_entitlements", until=until, reason=HoldReason.PAPERS, by="xt_wen"
    )
    before = await story.request("match_entitlements")
    change(story, off=[before.due.astimezone(COUNTY_ZONE).date() - timedelta(days=1)])
    done = await recompute_open_deadlines(story.bureau)
    assert (done.later, done.set_aside) == (1, [])
    request = await story.request("match_entitlements")
    assert request.due > before.due
    newest = (await story.letters("held", request_id=request.id))[-1]
    assert datetime.fromisoformat(newest.facts["due"]) == request.due
    assert datetime.fromisoformat(newest.facts["until"]) == until
    assert newest.facts["reason_label"] == HoldReason.PAPERS.label


async def test_the_coordinator_hears_once_of_a_year_not_yet_published(story: Story) -> None:
    """F77: the deadline is provisional, never a crash; the letter names the year and comes once, however many steps."""
    story.clock.move_to(datetime(2026, 12, 21, 9, tzinfo=COUNTY_ZONE))
    await recompute_open_deadlines(story.bureau)
    await ask(story, "investigate", "assess_guardian", "match_entitlements")
    provisional = {row.step: row.provisional for row in await story.requests() if row.step != "police_accept"}
    assert provisional == {"investigate": True, "assess_guardian": True, "match_entitlements": False}
    letters = await story.letters("calendar_missing")
    coordinators = story.bureau.county.office("coordinator").contacts
    assert [(x.to_officer, x.facts["year"]) for x in letters] == [(one.key, 2027) for one in coordinators]
    assert letters[0].facts["step_label"] == STEPS["investigate"].label
    assert not letters[0].acts


async def test_the_notice_of_a_year_settles_what_was_provisional(story: Story) -> None:
    """The data arrives: what stays is said to stay, what moves earlier is written, and nothing is provisional."""
    story.clock.move_to(datetime(2026, 12, 21, 9, tzinfo=COUNTY_ZONE))
    await recompute_open_deadlines(story.bureau)
    await ask(story, "investigate", "assess_guardian")
    change(story, off=[date(2027, 1, day) for day in (1, 2, 3)], working=[date(2027, 1, 9)], published=[2027])
    done = await recompute_open_deadlines(story.bureau)
    assert (done.settled, done.earlier, done.later) == (2, 1, 0)
    stays, moves = await story.request("investigate"), await story.request("assess_guardian")
    assert (stays.due, stays.provisional, stays.version) == (at_close(2027, 1, 5), False, 1)
    assert (moves.due, moves.provisional, moves.version) == (at_close(2027, 1, 11), False, 2)
    assert await details(story) == [
        "时限不变，不再暂定；原因：2027年节假日安排已公布",
        "办理时限由2027-01-12 24:00改为2027-01-11 24:00；原因：2027年节假日安排已公布；"
        "2027年1月9日调休上班（国办发明电〔2026〕9号）",
    ]
    assert {x.request_id for x in await story.letters("deadline_moved")} == {moves.id}
    async with story.database.transaction() as session:
        shown = (await session.execute(select(Event).where(Event.event == "deadline_reckoned_anew"))).scalars().all()
    assert {event.office for event in shown} == {stays.office, moves.office}


async def test_an_extension_into_an_unpublished_year_is_provisional_too(story: Story) -> None:
    """A deadline that was sure is not, once it is put off into the next year; the coordinator hears of it."""
    story.clock.move_to(datetime(2026, 12, 18, 9, tzinfo=COUNTY_ZONE))
    await ask(story, "file_criminal_case")
    assert not (await story.request("file_criminal_case")).provisional
    await story.say_only(AnswerKind.EXTENSION, "file_criminal_case", words="正在鉴定")
    await story.answer_only("decide_extension", granted=True)
    request = await story.request("file_criminal_case")
    assert (request.due, request.provisional) == (at_close(2027, 1, 4), True)
    assert {x.facts["year"] for x in await story.letters("calendar_missing")} == {2027}


def test_a_calendar_s_fingerprint_is_of_its_days_and_not_of_its_words() -> None:
    """Another wording of the same day moves no deadline; another day or year is another calendar."""
    plain = Calendar({THURSDAY: "放假"}, {}, {2026})
    assert fingerprint(plain) == fingerprint(Calendar({THURSDAY: "别的话"}, {}, {2026}))
    others = [Calendar({}, {THURSDAY: ""}, {2026}), Calendar({}, {}, {2026}), Calendar({THURSDAY: ""}, {}, {2027})]
    assert len({fingerprint(one) for one in (plain, *others)}) == 4
