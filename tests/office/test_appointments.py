"""Days that must come: written down once, rung once, given to whoever looks at the child, and told to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from config.county import County
from config.settings import Settings
from office import appointments
from office.attempt import waiting_words
from office.handover import close_proceeding
from office.ringing import ring
from office.tables import Appointment, CaseRow, Event, Proceeding
from office.timekeeping import COUNTY_ZONE
from office.views import explain_case, show_case
from rules.case import Noted
from rules.vocabulary import AppointmentKind, ClosingGround, Happening, Mechanism
from tests.conftest import FixedClock
from tests.story import Story, StoryAttempt

pytestmark = pytest.mark.anyio

DAY = date(2026, 3, 20)
MIDNIGHT = datetime(2026, 3, 20, tzinfo=COUNTY_ZONE)


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, as in service."""
    return "asyncio"


@pytest.fixture
async def story(records_url: str, county: County, clock: FixedClock, installation: Settings) -> AsyncIterator[Story]:
    """A child assessed for poverty alone: one proceeding, asleep."""
    told = Story(records_url, county, clock, installation)
    await told.report(reason="poverty_or_disability", danger_now=False)
    yield told
    await told.database.close()


async def assessment(story: Story, *, live: bool = True) -> Proceeding:
    """The newest assessment of the case."""
    async with story.database.transaction() as session:
        statement = (
            select(Proceeding)
            .where(Proceeding.mechanism == Mechanism.ASSESSMENT_AND_ASSISTANCE.value)
            .order_by(Proceeding.id.desc())
            .limit(1)
        )
        found = (await session.execute(statement)).scalar_one()
    assert live == (found.closed_at is None)
    return found


async def port_of(story: Story) -> StoryAttempt:
    """An attempt that holds the newest assessment."""
    attempt = StoryAttempt(story.bureau)
    await attempt.case(story.case, Mechanism.ASSESSMENT_AND_ASSISTANCE, (await assessment(story)).serial)
    return attempt


async def closed_with(story: Story, ground: ClosingGround) -> None:
    """The whole case closes, whatever it waited for."""
    async with story.database.transaction() as session:
        live = await session.execute(select(Proceeding).where(Proceeding.closed_at.is_(None)).order_by(Proceeding.id))
        case = (await session.execute(select(CaseRow))).scalar_one()
        for request in await story.requests(open_only=True):
            row_of = await session.get(type(request), request.id)
            assert row_of is not None
            row_of.state, row_of.ended_at, row_of.next_climb_at = "withdrawn", story.clock.now(), None
        await session.flush()
        for row in live.scalars().all():
            assert await close_proceeding(session, story.bureau, case, row, ground)


async def note(story: Story, day: date = DAY, subject: str = "E09") -> None:
    """A review noted in the file."""
    attempt = await port_of(story)
    await attempt.note_in_file(AppointmentKind.REVIEW, subject, day)
    await attempt.let_go()


async def rows(story: Story) -> list[Appointment]:
    """Every noted day."""
    async with story.database.transaction() as session:
        return list((await session.execute(select(Appointment).order_by(Appointment.id))).scalars())


async def test_a_wait_ends_at_the_first_instant_of_its_day(story: Story) -> None:
    """Not a second earlier; the sleeper is woken by the clock's turn at midnight of the county."""
    attempt = await port_of(story)
    assert await attempt.wait_for("adoption_wait", DAY) == (DAY, False)
    await attempt.let_go()
    await story.move_to(MIDNIGHT - timedelta(seconds=1))
    assert (await rows(story))[0].came_at is None
    before = (await assessment(story)).news
    await story.move_to(MIDNIGHT)
    assert (await rows(story))[0].came_at == MIDNIGHT
    assert (await assessment(story)).news == before + 1


async def test_the_day_of_the_first_call_stays(story: Story) -> None:
    """An attempt that reckons again changes nothing; a day that has passed has come at once."""
    attempt = await port_of(story)
    assert await attempt.wait_for("k", DAY) == (DAY, False)
    assert await attempt.wait_for("k", date(2026, 1, 1)) == (DAY, False)
    assert await attempt.wait_for("another", date(2026, 3, 2)) == (date(2026, 3, 2), True)
    assert [row.on for row in await rows(story)] == [DAY, date(2026, 3, 2)]


async def test_a_day_noted_twice_stands_once(story: Story) -> None:
    """The unique key: case, kind, subject, day."""
    await note(story)
    await note(story)
    await note(story, subject="E08")
    assert len(await rows(story)) == 2


async def test_a_live_assessment_is_given_the_day_and_woken(story: Story) -> None:
    """No second proceeding begins."""
    await note(story)
    live = await assessment(story)
    await story.move_to(MIDNIGHT)
    async with story.database.transaction() as session:
        assert await appointments.given_to(session, live.id) == (Noted(AppointmentKind.REVIEW, "E09", DAY),)
    given = await assessment(story)
    assert (given.id, given.news) == (live.id, live.news + 1)


async def test_a_closed_case_is_open_again_on_the_day(story: Story) -> None:
    """A new assessment begins, and knows that the file began it."""
    await note(story)
    await closed_with(story, ClosingGround.RISK_REMOVED)
    former = await assessment(story, live=False)
    await story.move_to(MIDNIGHT)
    begun = await assessment(story)
    assert (begun.serial, begun.from_file) == (former.serial + 1, True)
    assert (await port_of(story))._case.from_file  # type: ignore[union-attr]
    assert [len(await story.happened(what)) for what in (Happening.CASE_REOPENED, Happening.APPOINTMENT_CAME)] == [1, 1]
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
    assert (case.closed_at, case.closing_ground) == (None, None)


async def test_what_was_not_dealt_with_goes_back_to_the_file(story: Story) -> None:
    """A proceeding that closes between the day and the review loses neither; the next turn begins a new one."""
    await note(story)
    await note(story, subject="E08")
    await story.move_to(MIDNIGHT)
    attempt = await port_of(story)
    await attempt.keep(Noted(AppointmentKind.REVIEW, "E08", DAY))
    await attempt.let_go()
    former = await assessment(story)
    await closed_with(story, ClosingGround.RISK_REMOVED)
    await story.ticker.turn()
    begun = await assessment(story)
    assert begun.id != former.id
    async with story.database.transaction() as session:
        assert [noted.subject for noted in await appointments.given_to(session, begun.id)] == ["E09"]


@pytest.mark.parametrize("ground", list(ClosingGround))
async def test_the_file_of_a_child_no_longer_looked_after_is_crossed_out(story: Story, ground: ClosingGround) -> None:
    """Adopted, grown up, dead or moved away: no review begins any more. Every other ground leaves the file alone."""
    await note(story)
    await closed_with(story, ground)
    await story.move_to(MIDNIGHT)
    ended = ground in (
        ClosingGround.ADOPTED, ClosingGround.TURNED_18, ClosingGround.DIED, ClosingGround.MOVED_JURISDICTION
    )  # fmt: skip
    assert ground.ends_the_file is ended
    assert ((await rows(story))[0].struck_at is not None) is ended
    await assessment(story, live=not ended)


async def test_the_waits_of_a_closed_proceeding_wake_nobody(story: Story) -> None:
    """They are crossed out with it."""
    attempt = await port_of(story)
    await attempt.wait_for("k", DAY)
    await attempt.let_go()
    await closed_with(story, ClosingGround.RISK_REMOVED)
    assert (await story.move_to(MIDNIGHT)).rung == 0


@pytest.mark.parametrize("turn", range(5))
async def test_of_several_clocks_one_rings(story: Story, turn: int) -> None:
    """Real transactions race for the same day; one proceeding begins."""
    await note(story, DAY + timedelta(days=turn))
    await closed_with(story, ClosingGround.RISK_REMOVED)
    story.clock.move_to(MIDNIGHT + timedelta(days=turn))
    number = (await rows(story))[0].id

    async def once() -> bool:
        async with story.database.transaction() as session:
            return await ring(session, story.bureau, number)

    assert sorted(await asyncio.gather(*(once() for _ in range(6)))) == [False] * 5 + [True]
    assert (await assessment(story)).serial == 2


async def test_the_engine_is_told_that_a_day_is_waited_for_and_never_which(story: Story) -> None:
    """A day can tell a birthday."""
    attempt = await port_of(story)
    await attempt.wait_for("k", DAY)
    await attempt.let_go()
    for request in await story.requests(open_only=True):
        async with story.database.transaction() as session:
            row = await session.get(type(request), request.id)
            assert row is not None
            row.state, row.ended_at, row.next_climb_at = "withdrawn", story.clock.now(), None
    async with story.database.transaction() as session:
        assert await waiting_words(session, story.bureau, (await assessment(story)).id) == ("候期", "等待规定的日期")
        assert "2026-03-20" not in " ".join((await session.execute(select(Event.detail))).scalars())


async def test_the_coordinator_sees_the_days_that_are_noted(story: Story) -> None:
    """In `show` and `explain`, soonest first; what has come is there no more."""
    await note(story, DAY + timedelta(days=30), subject="E08")
    await note(story)
    expected = [
        {"kind": "review", "label": "定期复核", "subject": "E09", "about": "最低生活保障", "on": "2026-03-20"},
        {"kind": "review", "label": "定期复核", "subject": "E08", "about": "特困人员救助供养", "on": "2026-04-19"},
    ]
    assert (await show_case(story.bureau, story.case))["noted"] == expected
    await story.move_to(MIDNIGHT)
    assert (await explain_case(story.bureau, story.case))["noted"] == expected[1:]


async def test_one_bad_day_does_not_stop_the_round(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is set aside, and tried again at the next turn."""
    await note(story)
    await note(story, subject="E08")
    first = (await rows(story))[0].id

    async def failing(*arguments: object) -> bool:
        if arguments[2] == first:
            raise RuntimeError("broken")
        return await ring(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("office.clock.ring", failing)
    turn = await story.move_to(MIDNIGHT)
    assert (turn.rung, turn.days_set_aside) == (1, [first])
    monkeypatch.undo()
    assert (await story.ticker.turn()).rung == 1
