"""The month's figures are those of the records: counted again here, row by row, in another way."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import select

from office.bulletin.accountability import accountability
from office.bulletin.figures import Duty, Figures, Tally, figures
from office.bulletin.issuing import bulletin
from office.bulletin.months import Month
from office.refusals import Refused
from office.tables import CaseRow, Event, Proceeding, Report, Request, Rung
from rules.holds import Hold, HoldReason
from rules.steps import DISPATCH, STEPS, STOP_AND_SECURE
from rules.vocabulary import Happening, Level
from tests.flows.test_unresolved import all_told, next_morning
from tests.office.played_months import MAY, play
from tests.office.test_people_commands import Run, case, run
from tests.story import Story

__all__ = ["case", "run"]
pytestmark = pytest.mark.anyio

MARCH, APRIL = Month(2026, 3), Month(2026, 4)


async def rows_of(story: Story) -> list[tuple[Request, CaseRow]]:
    """Every duty there is, with its case."""
    async with story.database.transaction() as session:
        statement = select(Request, CaseRow).join(Proceeding, Proceeding.id == Request.proceeding_id).join(CaseRow)
        return [(request, case) for request, case in await session.execute(statement)]


async def counted(story: Story, month: Month, now: datetime = MAY) -> Figures:
    """The figures under trial."""
    async with story.database.transaction() as session:
        return await figures(session, month, now)


def again(rows: list[Request], start: datetime, end: datetime, rerouted: set[int]) -> dict[str, Any]:
    """The same figures, each by a sentence of its own."""
    ended = [r for r in rows if r.ended_at is not None and start <= r.ended_at < end]
    open_ = [r for r in rows if r.asked_at < end and not (r.ended_at is not None and r.ended_at < end)]
    done = [r for r in ended if r.state == "done"]
    times = [r.ended_at - r.asked_at - stood_still(r) for r in done if r.ended_at]
    return {
        "carried": len([r for r in rows if r.asked_at < start and (r.ended_at is None or r.ended_at >= start)]),
        "asked": len([r for r in rows if start <= r.asked_at < end]),
        "rerouted": len([r for r in rows if start <= r.asked_at < end and r.id in rerouted]),
        "on_time": len([r for r in done if r.ended_at and r.ended_at < r.due]),
        "late": len([r for r in done if r.ended_at and r.ended_at >= r.due]),
        "declined": len([r for r in ended if r.state == "declined"]),
        "declined_late": len([r for r in ended if r.state == "declined" and r.ended_at and r.ended_at >= r.due]),
        "withdrawn": len([r for r in ended if r.state == "withdrawn"]),
        "open": len(open_),
        "overdue": len([r for r in open_ if r.due <= end]),
        "held": len([r for r in open_ if any(since <= end < until for since, until in spans(r))]),
        "middle": median(times) if len(times) >= 3 else None,
        "longest": max(times) if len(times) >= 3 else None,
    }


def spans(request: Request) -> list[tuple[datetime, datetime]]:
    """When its clock stood still."""
    return [(datetime.fromisoformat(h["since"]), datetime.fromisoformat(h["until"])) for h in request.holds]


def stood_still(request: Request) -> timedelta:
    """How long its clock stood still before it ended."""
    assert request.ended_at is not None
    return sum(
        (min(until, request.ended_at) - since for since, until in spans(request) if since < request.ended_at),
        timedelta(0),
    )


def as_counted(tally: Tally) -> dict[str, Any]:
    """A tally as the recount writes it."""
    names = (
        "carried", "asked", "rerouted", "on_time", "late", "declined", "declined_late", "withdrawn", "open", "overdue",
        "held", "middle", "longest",
    )  # fmt: skip
    return {name: getattr(tally, name) for name in names}


async def test_every_number_of_duties_is_found_again_by_a_recount(story: Story) -> None:
    """Two played months: county, office, step, mechanism and township, each number from the rows."""
    await play(story)
    pairs = await rows_of(story)
    rerouted = {event.request_id for event in await story.happened(Happening.REQUEST_REROUTED) if event.request_id}
    sorts: dict[str, Any] = {
        "offices": lambda one: one[0].office,
        "steps": lambda one: one[0].step,
        "mechanisms": lambda one: STEPS[one[0].step].mechanism or "",
        "townships": lambda one: one[1].township,
    }
    for month in (MARCH, APRIL):
        found = await counted(story, month)
        start, end = month.start, month.end
        assert as_counted(found.county) == again([r for r, _ in pairs], start, end, rerouted)
        for name, key in sorts.items():
            tallies: dict[str, Tally] = getattr(found, name)
            assert tallies
            for one, tally in tallies.items():
                rows = [pair[0] for pair in pairs if key(pair) == one]
                assert as_counted(tally) == again(rows, start, end, rerouted), (month, name, one)
            assert sum(tally.asked for tally in tallies.values()) == found.county.asked
    tally = found.county
    assert (
        min(tally.carried, tally.on_time, tally.late, tally.declined, tally.overdue, tally.held, tally.rerouted) > 0
    ), "a month of all sorts"
    ends = tally.on_time + tally.late + tally.declined + tally.withdrawn + tally.open
    assert tally.carried + tally.asked == ends
    assert tally.carried == (await counted(story, MARCH)).county.open


async def test_cases_and_reports_are_found_again_by_a_recount(story: Story) -> None:
    """New, closed by ground, open at the end, by township; reports by kind of reporter."""
    await play(story)
    found = await counted(story, APRIL)
    async with story.database.transaction() as session:
        cases = list((await session.execute(select(CaseRow))).scalars())
        reports = list((await session.execute(select(Report))).scalars())
        closings = list(
            (await session.execute(select(Event).where(Event.event == Happening.CASE_CLOSED.value))).scalars()
        )
    in_april = [c for c in cases if APRIL.start <= c.opened_at < APRIL.end]
    assert found.cases.new == len(in_april) == sum(c.new for c in found.cases_of.values())
    assert found.cases.open_after == len([c for c in cases if c.closed_at is None or c.closed_at >= APRIL.end])
    assert found.cases.closed == dict(Counter(e.detail for e in closings if APRIL.start <= e.at < APRIL.end))
    assert found.cases.closed
    balance = found.cases.open_before + found.cases.new + found.cases.reopened
    assert balance == sum(found.cases.closed.values()) + found.cases.open_after
    for township, its in found.cases_of.items():
        assert its.new == len([c for c in in_april if c.township == township])
    assert found.reports == Counter(r.reporter_kind for r in reports if APRIL.start <= r.filed_at < APRIL.end)
    assert (found.to_report.number, found.to_receipt.number > 0) == (0, True)


async def test_the_deadline_itself_is_too_late_and_an_office_that_never_answers_is_not_punctual(story: Story) -> None:
    """A limit ends at 24:00 of its last day; silence counts against the rate."""
    await story.report()
    (first, *_) = await story.requests(open_only=True)
    story.clock.move_to(first.due)
    found = await counted(story, Month.of(first.due), first.due + timedelta(hours=1))
    assert found.offices[first.office].overdue >= 1
    assert found.offices[first.office].rate == 0
    await story.answer_only(first.step, **({"own_jurisdiction": True} if first.step == "police_accept" else {}))
    found = await counted(story, Month.of(first.due), first.due + timedelta(hours=1))
    assert (found.steps[first.step].late, found.steps[first.step].on_time) == (1, 0)


async def test_a_past_month_stays_as_it_was(story: Story) -> None:
    """What is answered after the month's end was open at its end, however late one counts."""
    await story.report()
    then = await counted(story, MARCH, datetime(2026, 4, 1, 8, tzinfo=MAY.tzinfo))
    story.clock.move_to(datetime(2026, 4, 2, 8, tzinfo=MAY.tzinfo))
    await story.answer_only("police_accept", own_jurisdiction=True)
    now = await counted(story, MARCH)
    assert as_counted(then.county) == as_counted(now.county)
    assert now.county.overdue > 0


def test_time_on_hold_is_no_working_time() -> None:
    """Ten days of which three were waited."""
    asked = MARCH.start
    still = Hold(asked + timedelta(days=2), asked + timedelta(days=5), HoldReason.PAPERS)
    duty = Duty(1, "x", "y", "z", "done", asked, asked, asked + timedelta(days=10), (still,), False)
    assert duty.worked == timedelta(days=7)


async def test_the_joint_meetings_list_names_step_office_deadline_and_who_was_told(story: Story) -> None:
    """Everything from the record; "told" is not said of a letter that did not leave; the month of the answer is the last."""
    await all_told(story)
    await next_morning(story)
    now = story.clock.now() + timedelta(minutes=1)
    month = Month.of(now)
    async with story.database.transaction() as session:
        found = await accountability(session, month, now)
        rungs = list((await session.execute(select(Rung))).scalars())
    used_up = [one for one in found if one.listed]
    assert {one.step for one in used_up} == {DISPATCH.key, STOP_AND_SECURE.key}
    for one in used_up:
        request = await story.request(one.step)
        assert (one.case, one.request, one.office, one.due) == (story.case, request.id, request.office, request.due)
        assert one.late == now - request.due
        mine = [r for r in rungs if r.request_id == request.id]
        assert {told.level.value for told in one.told} == {r.level for r in mine}
        assert [told.level for told in one.told] == sorted((t.level for t in one.told), key=lambda level: level.height)
        for told in one.told:
            assert told.first == min(r.reached_at for r in mine if r.level == told.level.value)
            assert not told.letter_left
        assert Level.JOINT_MEETING in {told.level for told in one.told}
    assert found == sorted(found, key=lambda one: one.due)


@pytest.mark.parametrize("written", ["2026-13", "2026-3", "26-03", "三月", "", "2026-03-01", "0000-01"])
async def test_a_month_that_is_none_is_told_in_one_sentence(story: Story, written: str) -> None:
    """With the form that is right."""
    with pytest.raises(Refused, match="应写作 2026-03"):
        await bulletin(story.bureau, written)


async def test_a_month_to_come_is_refused_and_the_running_one_says_until_when(story: Story) -> None:
    """Nothing is told of a month that has not begun."""
    with pytest.raises(Refused, match="还没有到"):
        await bulletin(story.bureau, "2026-04")
    await story.report()
    made = await bulletin(story.bureau, "2026-03")
    assert made.contents["as_of"] == "2026-03-02T09:00:00+08:00"


def test_months_follow_each_other() -> None:
    """Over the end of a year, and in the county's own time."""
    assert Month(2026, 12).after == Month(2027, 1)
    assert Month(2026, 1).before == Month(2025, 12)
    assert (MARCH.before, MARCH.after) == (Month(2026, 2), APRIL)
    assert Month.of(datetime.fromisoformat("2026-02-28T16:00:00+00:00")) == MARCH
    assert MARCH.end == APRIL.start


def test_the_command_writes_files_and_writes_nothing_over(run: Run, case: str, tmp_path: Path) -> None:
    """For people the files, for programs an object; a second time is refused."""
    folder = tmp_path / "通报"
    told = run("bulletin", "--month", "2026-03", "--to", str(folder))
    assert (told["month"], told["empty"]) == ("2026-03", False)
    assert sorted(told["files"]) == sorted(str(path) for path in folder.iterdir())
    assert {Path(name).suffix for name in told["files"]} == {".docx", ".xlsx", ".svg", ".csv"}
    assert "已有" in str(run("bulletin", "--month", "2026-03", "--to", str(folder)))
    said = run("bulletin", "--month", "2026-03", "--to", str(tmp_path / "又一份"), as_json=False)
    assert "通报-2026-03.docx" in said
    assert "发文字号" in said


def test_a_month_of_nothing_says_so_and_a_wrong_or_future_one_is_refused(run: Run, tmp_path: Path) -> None:
    """Plainly, and no empty files."""
    empty = run("bulletin", "--month", "2020-01", "--to", str(tmp_path / "out"))
    assert (empty["empty"], empty["files"]) == (True, [])
    assert "没有任何记录" in run("bulletin", "--month", "2020-01", as_json=False)
    assert not (tmp_path / "out").exists()
    assert "应写作 2026-03" in str(run("bulletin", "--month", "2020/01"))
    assert "还没有到" in str(run("bulletin", "--month", "2199-01"))
