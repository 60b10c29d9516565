"""When letters do not leave, that is said without a letter; and what comes back from an old backup sends nothing by itself."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from office.cli import app
from office.post import Post, watch
from office.tables import Event, Letter, PostSeen
from tests.office.letter_desk import Desk, Play, ScriptedMailer


async def age(desk: Desk, minutes: float) -> None:
    """Let every letter have been put so many minutes earlier."""
    async with desk.bureau.database.transaction() as session:
        await session.execute(update(Letter).values(waits_since=Letter.waits_since - timedelta(minutes=minutes)))


async def served(desk: Desk, days_ago: float) -> None:
    """Let a post have served these records last so many days ago."""
    async with desk.bureau.database.transaction() as session:
        await watch.seen(session, desk.bureau, confirmed=True)
        await session.execute(update(PostSeen).values(seen_at=func.clock_timestamp() - timedelta(days=days_ago)))


async def looked(desk: Desk) -> None:
    """One look of the post at itself."""
    async with desk.bureau.database.transaction() as session:
        await watch.look(session, desk.bureau)


async def lateness(desk: Desk) -> list[str]:
    """What the log says of letters that wait."""
    async with desk.bureau.database.transaction() as session:
        rows = await session.execute(select(Event.detail).where(Event.event == "letter_late"))
        return list(rows.scalars())


def test_a_letter_that_waits_for_too_long_is_said_on_its_case_once(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    """After thirty minutes and not before; the machine's log repeats it for as long as it is so, and names nobody."""

    async def story(desk: Desk) -> None:
        await desk.put(officer="ps_zhou")
        await age(desk, 29)
        await looked(desk)
        assert await lateness(desk) == []
        await age(desk, 6)
        for _ in range(3):
            await looked(desk)
        assert await lateness(desk) == ["交办：已等候35分钟，请查看邮件服务器。"]
        assert [record.getMessage() for record in caplog.records] == [
            "1 letters have waited for more than 30 minutes"
        ] * 3
        caplog.clear()
        await Post(desk.bureau, ScriptedMailer()).send_due()
        await looked(desk)
        assert caplog.records == []

    play(story)


def test_a_running_post_looks_at_itself(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the only letter hangs at the mail server."""
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.05)

    async def story(desk: Desk) -> None:
        await desk.put()
        await age(desk, 31)
        stop, mailer = asyncio.Event(), _Hanging()
        running = asyncio.create_task(Post(desk.bureau, mailer).run(stop))
        await asyncio.wait_for(mailer.began.wait(), 5)
        for _ in range(100):
            await asyncio.sleep(0.02)
            if await lateness(desk):
                break
        mailer.ended.set()
        stop.set()
        await running
        assert len(await lateness(desk)) == 1

    play(story)


class _Hanging(ScriptedMailer):
    """Does not answer until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.ended = asyncio.Event(), asyncio.Event()

    async def send(self, message: object, recipient: str) -> None:  # type: ignore[override]  # noqa: ARG002
        """Hang."""
        self.began.set()
        await self.ended.wait()


def test_after_three_days_of_rest_the_letters_leave_by_themselves(play: Play) -> None:
    """A long weekend with the machine off is no backup."""

    async def story(desk: Desk) -> None:
        await desk.put()
        await served(desk, days_ago=3)
        assert await Post(desk.bureau, ScriptedMailer()).send_due() == 1

    play(story)


def test_no_letter_leaves_records_of_a_month_ago_before_a_person_confirms(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    """However often the post is started; what has become untrue meanwhile is not sent even then."""

    async def story(desk: Desk) -> None:
        await desk.put()
        other = await desk.beside(2)
        await other.put()
        await served(desk, days_ago=31)
        mailer = ScriptedMailer()
        for _ in range(2):
            stop = asyncio.Event()
            running = asyncio.create_task(Post(desk.bureau, mailer).run(stop))
            await asyncio.sleep(0.3)
            stop.set()
            await running
            await looked(desk)
        assert await Post(desk.bureau, mailer).send_due() == 0
        assert mailer.taken == []
        assert {letter.state for letter in await desk.letters()} == {"pending"}
        assert "no letter leaves" in caplog.text
        await other.change(state="done", ended_at=desk.bureau.clock.now())
        async with desk.bureau.database.transaction() as session:
            await watch.seen(session, desk.bureau, confirmed=True)
        assert await Post(desk.bureau, mailer).send_due() == 1
        assert [letter.state for letter in await desk.letters()] == ["handed_over", "stale"]

    play(story)


def test_the_command_says_what_waits_and_takes_the_word_of_a_person(
    play: Play, records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 1 while letters rest or are late, so that a watchman's script can ask it, and with 0 otherwise."""
    monkeypatch.setenv("JIELI_DATABASE_URL", records_url)
    monkeypatch.setenv("JIELI_SECRET_KEY", "a key of the tests that is long enough")

    async def story(desk: Desk) -> None:
        async def asked(*words: str) -> tuple[int, str]:
            result = await asyncio.to_thread(CliRunner().invoke, app, ["post", *words])
            return result.exit_code, result.stdout

        assert await asked() == (0, "没有待发的信件。\n")
        await desk.put()
        await served(desk, days_ago=31)
        code, told = await asked()
        assert code == 1
        assert "jieli post --release" in told
        code, told = await asked("--release", "--json")
        assert code == 0
        assert json.loads(told) | {"oldest": ""} == {
            "states": {"pending": 1}, "oldest": "", "late": 0, "resting": False,
        }  # fmt: skip
        await age(desk, 90)
        code, told = await asked()
        assert code == 1
        assert "有1封等候过久，请检查邮件服务器。" in told

    play(story)
