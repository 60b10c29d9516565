"""The watchdog: what should have happened is reckoned anew, and what is wrong is said with figures and without names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from config.county import County
from config.settings import Settings
from office import heartbeat
from office.clock import run_clock
from office.database import Database
from office.tables import Appointment, CaseRow, ClockSeen, Letter, PostSeen, Proceeding, Request, Rung
from office.timekeeping import COUNTY_ZONE
from office.watchdog import Check, Finding, Health, audit, look, surroundings
from office.watchdog.metrics import FIGURES, exposition
from rules.limits import Limit, Unit
from rules.vocabulary import AnswerKind
from rules.workdays import Calendar, before
from tests.story import Story

pytestmark = pytest.mark.anyio

MARKERS = ("甲乙丙丁", "戊己庚辛", "壬癸子丑", "0000-1234567")


async def found(story: Story, check: Check, **more: Any) -> Finding:
    """What the watchdog says of one thing now."""
    return next(one for one in await look(story.bureau, story.clock.now(), **more) if one.check is check)


async def change(story: Story, statement: Any) -> None:
    """Plant a fault in the records."""
    async with story.database.transaction() as session:
        await session.execute(statement)


async def case_in_danger(story: Story) -> None:
    """A case with emergency steps, and its personal words."""
    await story.report(
        danger_now=True, narrative=MARKERS[0], child_description=MARKERS[1], reporter_name=MARKERS[2],
        reporter_contact=MARKERS[3],
    )  # fmt: skip


async def test_everything_is_well_where_nothing_has_happened(story: Story) -> None:
    """Each check says one sentence, and only the clock has not been seen yet."""
    await case_in_danger(story)
    await heartbeat.beat(story.bureau)
    findings = await look(story.bureau, story.clock.now())
    assert [one.check for one in findings] == list(Check)
    assert {one.state for one in findings} == {Health.OK}, [one for one in findings if one.state is not Health.OK]
    assert all(one.sentence.endswith("。") for one in findings)


async def test_a_clock_that_climbs_leaves_nothing_to_find(story: Story) -> None:
    """Through a night, a weekend and the whole ladder, the auditor reckons what the clock has done."""
    await case_in_danger(story)
    for hours in (1, 3, 20, 60, 200, 400):
        await story.fast_forward(hours=hours)
        assert (await found(story, Check.RUNGS)).state is Health.OK, hours
        assert (await found(story, Check.UNTOLD)).state is Health.OK, hours


async def test_a_clock_that_stands_still_is_found_by_its_missing_rungs(story: Story) -> None:
    """Not in the first five minutes after a rung falls due, and then with how many and since when (F45)."""
    await case_in_danger(story)
    request = await story.request("dispatch")
    story.clock.move_to(request.acknowledge_by + timedelta(minutes=4))
    before = (await found(story, Check.RUNGS)).figures["missing_rungs"]
    story.clock.move(timedelta(minutes=2))
    missing = await found(story, Check.RUNGS)
    assert missing.state is Health.BAD
    assert missing.figures["missing_rungs"] > before
    assert "应当提醒或者升级而没有记录" in missing.sentence
    assert missing.cases == (story.case,)
    await story.ticker.turn()
    assert (await found(story, Check.RUNGS)).state is Health.OK


async def test_a_rung_taken_away_is_found_though_the_clock_believes_it_done(story: Story) -> None:
    """The highest one, and one below it; the clock's own note of the next climb is not believed."""
    await case_in_danger(story)
    await story.fast_forward(hours=30)
    rungs = await story.rungs("dispatch")
    above = [rung for rung in rungs if rung.level != "reminder"]
    assert len(above) >= 2
    for rung in (above[-1], above[0]):
        values = {column.name: getattr(rung, column.name) for column in Rung.__table__.columns}
        await change(story, delete(Rung).where(Rung.id == rung.id))
        assert (await found(story, Check.RUNGS)).figures["missing_rungs"] == 1
        await change(story, Rung.__table__.insert().values(**values))  # type: ignore[attr-defined]
    assert (await found(story, Check.RUNGS)).state is Health.OK


async def test_a_next_climb_moved_away_is_found(story: Story) -> None:
    """A step that the clock will never look at again is missed by somebody else (F45)."""
    await case_in_danger(story)
    await change(story, update(Request).values(next_climb_at=None))
    await story.fast_forward(hours=30)
    assert not await story.rungs("dispatch")
    assert (await found(story, Check.RUNGS)).state is Health.BAD


async def test_nobody_misses_a_reminder_of_a_step_whose_clock_stands_still(story: Story) -> None:
    """While the hold runs; a reminder that is still not there when it has ended is missed like any other."""
    await story.report()
    async with story.database.transaction() as session:
        now = story.clock.now()
        ended = {"state": "withdrawn", "ended_at": now, "next_climb_at": None}
        await session.execute(update(Request).where(Request.step != "police_accept").values(**ended))
        mine = update(Request).where(Request.step == "police_accept")
        await session.execute(mine.values(state="acknowledged", acknowledged_at=now, due=now + timedelta(days=1)))
    request = await story.request("police_accept")
    reminder = before(request.due, Limit(2, Unit.HOURS), story.bureau.county.calendar)
    start, end = reminder - timedelta(hours=1), reminder + timedelta(hours=1)
    hold = {"since": start.isoformat(), "until": end.isoformat(), "reason": "papers"}
    terms = request.terms | {"answer_ladder": request.terms["answer_ladder"] | {"reminder_before": "2 hours"}}
    await change(story, update(Request).values(holds=[hold], terms=terms, urgent=True))
    story.clock.move_to(reminder + timedelta(minutes=30))
    assert (await found(story, Check.RUNGS)).state is Health.OK
    story.clock.move_to(end + timedelta(minutes=6))
    assert (await found(story, Check.RUNGS)).figures["missing_rungs"] == 1
    await change(story, update(Request).values(holds=[]))
    assert (await found(story, Check.RUNGS)).figures["missing_rungs"] == 1


async def test_a_step_whose_terms_nobody_can_read_is_found_before_it_is_due(story: Story) -> None:
    """The clock would set it aside each time."""
    await case_in_danger(story)
    request = await story.request("dispatch")
    await change(story, update(Request).where(Request.id == request.id).values(terms={}))
    unreadable = await found(story, Check.RUNGS)
    assert (unreadable.state, unreadable.figures["unreadable_requests"]) == (Health.BAD, 1)
    await change(story, update(Request).where(Request.id == request.id).values(terms=request.terms, office="nobody"))
    assert (await found(story, Check.RUNGS)).figures["unreadable_requests"] == 1


async def test_a_rung_without_a_letter_is_found(story: Story) -> None:
    """A rung is reached when somebody is told."""
    await case_in_danger(story)
    await story.fast_forward(hours=2)
    assert (await found(story, Check.UNTOLD)).state is Health.OK
    rung = (await story.rungs("dispatch"))[-1]
    await change(story, delete(Letter).where(Letter.key.like(f"rung/{rung.request_id}/{rung.clock}/{rung.level}/%")))
    untold = await found(story, Check.UNTOLD)
    assert (untold.state, untold.figures["rungs_without_letter"]) == (Health.BAD, 1)


async def test_overdue_steps_are_counted_and_used_up_ladders_are_bad(story: Story) -> None:
    """While the ladder climbs a coordinator sees it; when nobody is left to be told, that is said."""
    await story.report()
    assert (await found(story, Check.OVERDUE)).state is Health.OK
    request = await story.request("police_accept")
    await story.move_to(request.acknowledge_by)
    await story.fast_forward(hours=1)
    overdue = await found(story, Check.OVERDUE)
    assert overdue.state is Health.WARN
    assert overdue.figures["overdue_requests"] >= 1
    assert overdue.figures["oldest_overdue_seconds"] >= 3600
    for _ in range(60):
        await story.fast_forward(days=20)
    assert (await found(story, Check.OVERDUE)).state is Health.BAD
    assert "不再自动告知任何人" in (await found(story, Check.OVERDUE)).sentence


async def test_a_noted_day_that_nobody_rang_is_found(story: Story) -> None:
    """From five minutes after midnight on, and not when it has come, was struck, or lies ahead."""
    await case_in_danger(story)
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow.id))).scalar_one()
        today = story.clock.now().date()
        session.add_all(
            Appointment(case_id=case, kind="review", subject=str(number), on=day, noted_at=story.clock.now(), **more)
            for number, (day, more) in enumerate(
                [
                    (today + timedelta(days=1), {}),
                    (today + timedelta(days=1), {"came_at": story.clock.now()}),
                    (today + timedelta(days=1), {"struck_at": story.clock.now()}),
                    (today + timedelta(days=90), {}),
                ]
            )
        )
    midnight = datetime.combine(today + timedelta(days=1), datetime.min.time(), COUNTY_ZONE)
    story.clock.move_to(midnight + timedelta(minutes=4))
    assert (await found(story, Check.DAYS)).state is Health.OK
    story.clock.move_to(midnight + timedelta(minutes=6))
    missed = await found(story, Check.DAYS)
    assert (missed.state, missed.figures["missed_days"]) == (Health.BAD, 1)
    await story.ticker.turn()
    assert (await found(story, Check.DAYS)).state is Health.OK


async def test_more_open_steps_than_one_look_reckons_are_said(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left out in silence."""
    await case_in_danger(story)
    monkeypatch.setattr(audit, "AT_MOST", 1)
    assert "本次核对期限最近的1件" in (await found(story, Check.RUNGS)).sentence


async def test_a_case_without_a_live_proceeding_is_found(story: Story) -> None:
    """Nobody would ever hear of it again."""
    await case_in_danger(story)
    assert (await found(story, Check.CASES)).state is Health.OK
    await change(story, update(Proceeding).values(closed_at=story.clock.now(), outcome="risk_removed"))
    lost = await found(story, Check.CASES)
    assert (lost.state, lost.cases) == (Health.BAD, (story.case,))


@pytest.mark.parametrize("planted", ["woken", "unstarted", "orphaned", "mended"])
async def test_a_proceeding_that_nobody_takes_up_is_found(story: Story, planted: str) -> None:
    """Woken and not taken, never started, left by an attempt that died, or begun again and again."""
    await case_in_danger(story)
    await change(story, update(Proceeding).values(flow_run_id=func.gen_random_uuid()))
    assert (await found(story, Check.PROCEEDINGS)).state is Health.OK
    long_ago = datetime.now(UTC) - timedelta(minutes=6)
    values: dict[str, Any] = {
        "woken": {"woken_at": long_ago},
        "unstarted": {"flow_run_id": None, "opened_at": story.clock.now() - timedelta(minutes=6)},
        "orphaned": {"asleep": False, "lease_holder": "x", "lease_until": long_ago},
        "mended": {"mends": 5},
    }[planted]
    first = select(func.min(Proceeding.id)).scalar_subquery()
    await change(story, update(Proceeding).where(Proceeding.id == first).values(**values))
    stuck = await found(story, Check.PROCEEDINGS)
    assert (stuck.state, stuck.figures["stuck_proceedings"]) == (Health.BAD, 1)


async def test_letters_that_wait_for_too_long_and_held_ones_are_found(story: Story) -> None:
    """Half an hour is too long; a held letter has been told of, and is a warning."""
    await case_in_danger(story)
    waiting = await found(story, Check.LETTERS)
    assert waiting.state is Health.OK
    assert waiting.figures["letters_waiting"] >= 1
    await change(story, update(Letter).values(waits_since=Letter.waits_since - timedelta(minutes=31)))
    late = await found(story, Check.LETTERS)
    assert late.state is Health.BAD
    assert late.figures["letters_oldest_seconds"] > 1800
    await change(story, update(Letter).values(state="held"))
    assert (await found(story, Check.LETTERS)).state is Health.WARN


async def test_letters_that_rest_after_a_restore_are_found_at_once(story: Story) -> None:
    """Nobody has to wait for them to be late."""
    await case_in_danger(story)
    await change(story, insert(PostSeen).values(id=1, seen_at=func.clock_timestamp(), restored_from=story.clock.now()))
    resting = await found(story, Check.LETTERS)
    assert resting.state is Health.BAD
    assert "信件全部停发" in resting.sentence
    assert "jieli post --release" in resting.mend
    assert resting.figures["letters_resting"] == 1


async def test_a_lost_letter_that_nobody_got_instead_is_found(story: Story) -> None:
    """While a colleague has the step there is nothing to do; an answered step needs no letter."""
    await story.report()
    request = await story.request("police_accept")
    asked = [letter for letter in await story.letters("asked") if letter.request_id == request.id]
    assert len(asked) >= 2
    await change(story, update(Letter).where(Letter.id == asked[0].id).values(state="bounced"))
    assert (await found(story, Check.LOST)).state is Health.OK
    await change(story, update(Letter).where(Letter.request_id == request.id).values(state="failed"))
    lost = await found(story, Check.LOST)
    assert lost.state is Health.BAD
    await story.say(AnswerKind.DONE, "police_accept", payload={"own_jurisdiction": True, "acceptance_number": "1"})
    assert (await found(story, Check.LOST)).state is Health.OK


async def test_the_clocks_silence_is_found_after_five_minutes(story: Story) -> None:
    """By the machine's time; who has only begun to watch waits five minutes before complaining."""
    assert (await found(story, Check.CLOCK)).state is Health.WARN
    assert (await found(story, Check.CLOCK, watched_for=timedelta(0))).state is Health.OK
    await heartbeat.beat(story.bureau)
    assert (await found(story, Check.CLOCK)).state is Health.OK
    await change(story, update(ClockSeen).values(seen_at=func.clock_timestamp() - timedelta(minutes=6)))
    silent = await found(story, Check.CLOCK)
    assert (silent.state, silent.sentence) == (Health.BAD, "时钟已有6分钟没有运行：到期的事项不提醒，也不升级。")
    assert (await found(story, Check.CLOCK, watched_for=timedelta(minutes=4))).state is Health.OK
    assert (await found(story, Check.CLOCK, watched_for=timedelta(minutes=7))).state is Health.BAD


async def test_a_running_clock_beats_and_one_that_fails_does_not(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that raises at every turn is as good as silent."""

    async def seen() -> bool:
        async with story.database.transaction() as session:
            return (await session.execute(select(ClockSeen.seen_at))).scalar_one_or_none() is not None

    async def run(until: Callable[[], Awaitable[bool]]) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(run_clock(story.bureau, stop, every=0.01))
        for _ in range(100):
            await asyncio.sleep(0.02)
            if await until():
                break
        stop.set()
        await running

    async def broken(*_: object) -> None:
        raise RuntimeError

    async def thrice() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    left = 10
    with monkeypatch.context() as patched:
        patched.setattr("office.clock.Clock.turn", broken)
        await run(thrice)
    assert not await seen()
    await run(seen)
    assert await seen()


async def test_the_end_of_the_calendar_comes_into_sight(county: County) -> None:
    """Two months before a warning, in December a fault, and in a year without any arrangement."""
    until = replace(county, calendar=Calendar({}, {}, {2026}))

    def state(day: date) -> Health:
        return surroundings.calendar(until, datetime(day.year, day.month, day.day, 9, tzinfo=COUNTY_ZONE)).state

    assert state(date(2026, 10, 1)) is Health.OK
    assert state(date(2026, 11, 15)) is Health.WARN
    assert state(date(2026, 12, 1)) is Health.BAD
    assert state(date(2027, 1, 1)) is Health.BAD
    empty = replace(county, calendar=Calendar({}, {}, set()))
    assert surroundings.calendar(empty, datetime(2026, 3, 2, 9, tzinfo=COUNTY_ZONE)).state is Health.BAD


async def test_a_level_without_anybody_is_found(county: County) -> None:
    """Nobody there now at a level is bad; an office without a head is a warning; who leaves tomorrow is still there."""
    now = datetime(2026, 3, 2, 9, tzinfo=COUNTY_ZONE)

    def leaving(office: str, left: date) -> County:
        entry = county.office(office)
        officers = tuple(replace(one, left=left) for one in entry.officers)
        return replace(county, offices=MappingProxyType({**county.offices, office: replace(entry, officers=officers)}))

    assert surroundings.levels(county, now).state is Health.OK
    assert surroundings.levels(leaving("leader", now.date()), now).state is Health.BAD
    assert surroundings.levels(leaving("leader", now.date() + timedelta(days=1)), now).state is Health.OK
    assert surroundings.levels(leaving("public_security", now.date()), now).state is Health.WARN


async def test_the_mail_server_is_asked_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where letters leave the machine, and not each time; why it does not answer stands in the mend."""
    asked = 0

    async def check(_: Settings) -> str:
        nonlocal asked
        asked += 1
        return "邮件服务器连接不上。"

    monkeypatch.setattr(surroundings, "check_server", check)
    assert (await surroundings.MailServer(Settings(demo=True)).finding()).state is Health.OK
    assert asked == 0
    server = surroundings.MailServer(Settings(smtp_host="mail.anhe.example", public_url="https://anhe.example"))
    findings = [await server.finding() for _ in range(3)]
    assert asked == 1
    assert {(one.state, one.mend) for one in findings} == {(Health.BAD, "邮件服务器连接不上。")}


async def test_records_that_are_away_are_said_and_the_rest_is_still_looked_at(story: Story) -> None:
    """No stack, no address of the database."""
    bureau = replace(story.bureau, database=Database("postgresql+asyncpg://127.0.0.1:9/none"))
    findings = {one.check: one for one in await look(bureau, story.clock.now())}
    assert set(findings) == {Check.RECORDS, Check.MAIL, Check.CALENDAR, Check.LEVELS}
    assert findings[Check.RECORDS].state is Health.BAD


async def test_no_sentence_holds_a_name_an_address_or_a_case(story: Story) -> None:
    """Whatever is planted and whatever is wrong: figures only."""
    await case_in_danger(story)
    await change(story, update(Letter).values(state="failed"))
    await change(story, text("UPDATE proceeding SET mends = 9"))
    story.clock.move(timedelta(days=3))
    findings = await look(story.bureau, story.clock.now())
    said = "".join(one.sentence + one.mend for one in findings)
    officers = [one for office in story.bureau.county.offices.values() for one in office.officers]
    personal = {*MARKERS, story.case, *(one.name for one in officers), *(one.email for one in officers)}
    assert len([one for one in findings if one.state is Health.BAD]) >= 3
    assert not [word for word in personal if word in said]
    async with story.database.transaction() as session:
        assert (await session.execute(select(func.count()).select_from(CaseRow))).scalar_one() == 1


async def test_every_figure_of_every_check_has_its_gauge(story: Story) -> None:
    """A figure without one made an accident of the whole page of figures."""
    await case_in_danger(story)
    findings = await look(story.bureau, story.clock.now())
    assert {name for one in findings for name in one.figures} <= set(FIGURES)
    assert b"jieli_letters_resting 0.0" in exposition(findings, 1.0)
