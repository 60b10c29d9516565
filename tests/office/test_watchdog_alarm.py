"""When nothing is escalated any more, the watchdog says so by a letter of its own: once, again in an hour, and when it is over."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from office import heartbeat
from office.cli import app
from office.data_folder import StartFault
from office.mailer import FinalFault, TemporaryFault
from office.post.watch import seen as post_seen
from office.tables import ClockSeen, Letter, PostSeen
from office.timekeeping import COUNTY_ZONE
from office.watchdog import Check, Health, Watch
from tests.office.letter_desk import ScriptedMailer
from tests.story import Story

MARKERS = ("甲乙丙丁", "戊己庚辛", "壬癸子丑", "0000-1234567")


class Mailer(ScriptedMailer):
    """The same, dismissed after each time."""

    async def close(self) -> None:
        """Nothing was opened."""

    def __call__(self) -> Mailer:
        """It is made anew each time, and is always this one."""
        return self


class Hours:
    """Machine seconds as the test sets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def watching(story: Story, mailer: Mailer, *, minutes: float = 10) -> Watch:
    """A portal's watchdog that has been there for so many minutes."""
    hours = Hours()
    watch = Watch(story.bureau, mailer, hours)
    hours.now = minutes * 60
    return watch


async def silent_for(story: Story, **time: float) -> None:
    """Let the clock have turned last so long ago."""
    await heartbeat.beat(story.bureau)
    async with story.database.transaction() as session:
        await session.execute(update(ClockSeen).values(seen_at=func.clock_timestamp() - timedelta(**time)))


async def an_hour_later(story: Story) -> None:
    """Let what was sent have been sent an hour earlier."""
    hour = timedelta(hours=1)
    async with story.database.transaction() as session:
        values = {"next_alarm_at": ClockSeen.next_alarm_at - hour, "next_clear_at": ClockSeen.next_clear_at - hour}
        await session.execute(update(ClockSeen).values(**values))


def words(message: EmailMessage) -> str:
    """The text part."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(message["Subject"]) + "\n" + str(body.get_content())


pytestmark = pytest.mark.anyio


async def test_two_portals_that_race_send_one_letter(story: Story) -> None:
    """On real PostgreSQL, several times over; to every coordinator, past the outbox (F45, F46)."""
    coordinators = story.bureau.county.office("coordinator").contacts
    mailer = Mailer()
    portals = [watching(story, mailer) for _ in range(4)]
    await silent_for(story, minutes=6)
    for _ in range(3):
        await asyncio.gather(*(portal.turn() for portal in portals))
    assert sorted(to for to, _ in mailer.taken) == sorted(one.email for one in coordinators)
    assert await story.letters() == []
    told = words(mailer.taken[0][1])
    assert "系统没有督办" in told
    assert "重新运行 jieli up" in told
    assert "电话" in told


async def test_a_clock_that_turns_and_one_silent_for_four_minutes_are_not_told_of(story: Story) -> None:
    """Nor one that is silent since the weekend while the portal has only just come up."""
    mailer = Mailer()
    await heartbeat.beat(story.bureau)
    await watching(story, mailer).turn()
    await silent_for(story, minutes=4)
    await watching(story, mailer).turn()
    await silent_for(story, days=2)
    await watching(story, mailer, minutes=4).turn()
    assert mailer.taken == []
    await watching(story, mailer, minutes=5.1).turn()
    assert mailer.taken


async def test_it_is_told_again_after_an_hour_and_once_when_it_is_over(story: Story) -> None:
    """The letter says since when; the last one says until when, and a second silence begins anew."""
    mailer = Mailer()
    portals = [watching(story, mailer) for _ in range(2)]

    async def letters(minutes: float | None) -> list[str]:
        mailer.taken.clear()
        if minutes is None:
            await heartbeat.beat(story.bureau)
        else:
            await silent_for(story, minutes=minutes)
        await asyncio.gather(*(portal.turn() for portal in portals))
        return [words(message) for to, message in mailer.taken if to == mailer.taken[0][0]]

    assert len(await letters(6)) == 1
    assert len(await letters(50)) == 0
    await an_hour_later(story)
    assert len(await letters(66)) == 1
    (over,) = await letters(None)
    assert "系统恢复督办" in over
    assert "中断自" in over
    assert await letters(None) == []
    assert len(await letters(6)) == 1


async def test_a_letter_that_was_not_taken_is_tried_again_and_a_refused_one_is_not(story: Story) -> None:
    """A mail server that is away for some minutes costs minutes."""
    contacts = len(story.bureau.county.office("coordinator").contacts)
    mailer = Mailer([TemporaryFault("稍后再试。", server_away=True)] * contacts)
    watch = watching(story, mailer)
    await silent_for(story, minutes=6)
    await watch.turn()
    await watch.turn()
    assert mailer.taken == []
    async with story.database.transaction() as session:
        again = (await session.execute(select(ClockSeen.next_alarm_at - func.clock_timestamp()))).scalar_one()
        assert again < timedelta(minutes=4)
        await session.execute(update(ClockSeen).values(next_alarm_at=func.clock_timestamp()))
    mailer.script = [FinalFault("拒收。")] * contacts
    await watch.turn()
    async with story.database.transaction() as session:
        again = (await session.execute(select(ClockSeen.next_alarm_at - func.clock_timestamp()))).scalar_one()
    assert again > timedelta(minutes=50)


async def test_a_clock_that_has_never_turned_is_waited_for_and_then_told_of(story: Story) -> None:
    """A worker that never came up is a silent clock too."""
    mailer = Mailer()
    watch = watching(story, mailer)
    await watch.turn()
    assert (watch.state(Check.CLOCK), mailer.taken) == (Health.OK, [])
    async with story.database.transaction() as session:
        await session.execute(update(ClockSeen).values(seen_at=ClockSeen.seen_at - timedelta(minutes=6)))
    await watch.turn()
    assert mailer.taken


async def test_records_that_are_away_are_told_of_too(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """After five minutes, once an hour, and when they are back; nothing can be asked of them meanwhile."""
    mailer, hours = Mailer(), Hours()
    watch = Watch(story.bureau, mailer, hours)
    await heartbeat.beat(story.bureau)
    told = []
    with monkeypatch.context() as patched:

        def away() -> Any:
            raise OSError

        patched.setattr(story.database, "transaction", away)
        for minutes in (0, 4, 6, 30, 64, 67):
            hours.now = minutes * 60
            await watch.turn()
            told.append(len(mailer.taken))
    each = told[2]
    assert each >= 1
    assert told == [0, 0, each, each, each, 2 * each]
    assert "数据库" in words(mailer.taken[0][1])
    await watch.turn()
    await watch.turn()
    assert len(mailer.taken) == 3 * each
    assert "恢复督办" in words(mailer.taken[-1][1])


async def test_the_letter_says_nothing_of_any_case(story: Story) -> None:
    """Whatever waits in the records."""
    await story.report(
        danger_now=True, narrative=MARKERS[0], child_description=MARKERS[1], reporter_name=MARKERS[2],
        reporter_contact=MARKERS[3],
    )  # fmt: skip
    mailer = Mailer()
    await silent_for(story, minutes=6)
    story.clock.move(timedelta(days=2))
    await watching(story, mailer).turn()
    whole = "".join(
        str(part.get_content()) for _, message in mailer.taken for part in message.walk() if not part.is_multipart()
    )
    coordinators = {one.key for one in story.bureau.county.office("coordinator").officers}
    others = [o.name for e in story.bureau.county.offices.values() for o in e.officers if o.key not in coordinators]
    assert "督办" in whole
    assert not [word for word in (*MARKERS, story.case, *others) if word in whole]


async def test_a_faulty_look_does_not_end_the_watch(
    story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault is logged by its kind alone, and the next look is made."""
    monkeypatch.setattr("office.watchdog.watch.EVERY_SECONDS", 0.01)
    watch = Watch(story.bureau, Mailer())
    looks = 0

    async def turn() -> None:
        nonlocal looks
        looks += 1
        raise ValueError(MARKERS[0])

    monkeypatch.setattr(watch, "turn", turn)
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(0.2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert looks >= 2
    assert "the watchdog could not look: ValueError" in caplog.text
    assert MARKERS[0] not in caplog.text


# --- jieli doctor ---


@pytest.fixture
def doctor(records_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command on the test's records; exit code and what it said."""
    monkeypatch.setenv("JIELI_DATABASE_URL", records_url)
    monkeypatch.setenv("JIELI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JIELI_DEMO", "true")

    async def run(*options: str) -> tuple[int, str]:
        outcome = await asyncio.to_thread(CliRunner().invoke, app, ["doctor", *options])
        if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
            raise outcome.exception
        return outcome.exit_code, outcome.stdout

    return run


async def test_the_doctor_says_each_check_with_its_mend(story: Story, doctor: Any) -> None:
    """0 while nothing is bad, 1 when something is; the case is named to whoever mends it."""
    await heartbeat.beat(story.bureau)
    code, said = await doctor("--json")
    assert code == 0
    assert [one["check"] for one in json.loads(said)] == [check.value for check in Check]
    await story.report()
    async with story.database.transaction() as session:
        await session.execute(update(Letter).values(waits_since=Letter.waits_since - timedelta(hours=1)))
        await session.execute(update(ClockSeen).values(seen_at=ClockSeen.seen_at - timedelta(minutes=7)))
    code, said = await doctor()
    assert code == 1
    assert "异常　督办时钟：时钟已有7分钟没有运行" in said
    assert "怎么办：" in said
    assert story.case in said
    assert "正常　数据库" in said


async def test_the_doctor_says_that_the_records_are_away(doctor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the address or password of the database."""
    monkeypatch.setenv("JIELI_DATABASE_URL", "postgresql+asyncpg://jieli:geheim@127.0.0.1:9/none")
    code, said = await doctor()
    assert code == 1
    assert said.startswith("异常　数据库：数据库没有答复")
    assert "geheim" not in said


async def test_the_doctor_says_that_nothing_runs(doctor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of every other command."""
    monkeypatch.delenv("JIELI_DATABASE_URL")
    with pytest.raises(StartFault, match="没有运行中的接力"):
        await doctor()


async def test_coordinators_are_asked_once_a_day_whether_letters_that_rest_may_leave(story: Story) -> None:
    """By a letter past the outbox, of however many portals; a person's word ends it, and a later restore asks anew."""
    mailer = Mailer()
    portals = [watching(story, mailer) for _ in range(3)]
    made_at = datetime(2026, 3, 1, 2, 0, tzinfo=COUNTY_ZONE)
    await story.report(danger_now=True)
    waiting = len([letter for letter in await story.letters() if letter.state == "pending"])

    async def restored() -> None:
        async with story.database.transaction() as session:
            await post_seen(session, story.bureau, confirmed=True)
            await session.execute(update(PostSeen).values(restored_from=made_at))

    async def asked() -> list[str]:
        mailer.taken.clear()
        await heartbeat.beat(story.bureau)
        await asyncio.gather(*(portal.turn() for portal in portals))
        return [words(message) for to, message in mailer.taken if to == mailer.taken[0][0]]

    assert await asked() == []
    await restored()
    (question,) = await asked()
    assert "2026年3月1日" in question
    assert f"待发信件：{waiting}封" in question
    assert "jieli post --release" in question
    assert await asked() == []
    async with story.database.transaction() as session:
        await session.execute(update(PostSeen).values(next_question_at=PostSeen.next_question_at - timedelta(days=1)))
    assert len(await asked()) == 1
    async with story.database.transaction() as session:
        await post_seen(session, story.bureau, confirmed=True)
    assert await asked() == []
    await restored()
    assert len(await asked()) == 1
