"""The post: what is true is sent once, what is untrue is not, and no letter stops another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from config.county import County
from office.links import mint
from office.mailer import FinalFault, TemporaryFault, UncertainFault
from office.outbox import key_for
from office.post import LETTER_WAITS, Post, wait_of
from office.standing_in import stand_in
from office.tables import Letter
from rules.vocabulary import Level
from tests.office.letter_desk import Desk, Play, ScriptedMailer, without, without_address


def moved_to(desk: Desk, county: County) -> None:
    """Let the county's file have changed."""
    desk.bureau = replace(desk.bureau, county=county)


def test_a_letter_is_sent_once_with_its_link(play: Play) -> None:
    """The officer gets link and code; a second look finds nothing; the log says that it left."""

    async def story(desk: Desk) -> None:
        await desk.put()
        mailer = ScriptedMailer()
        post = Post(desk.bureau, mailer)
        assert await post.send_due() == 1
        assert await post.send_due() == 0
        ((recipient, message),) = mailer.taken
        assert recipient == "ps.zhou@anhe.example"
        (link,) = await desk.links()
        body = message.get_body(("plain",))
        assert body is not None
        assert "/r/" in body.get_content()
        (letter,) = await desk.letters()
        assert (letter.state, letter.address) == ("handed_over", recipient)
        assert message["Message-ID"] == letter.message_id
        assert link.officer == "ps_zhou"
        assert await desk.happenings() == [("letter_handed_over", "public_security", "")]

    play(story)


@pytest.mark.parametrize(
    ("level", "which", "change"),
    [
        (Level.REMINDER, "acknowledge", {"state": "acknowledged"}),
        (Level.LEADER, "acknowledge", {"state": "acknowledged"}),
        (Level.REMINDER, "answer", {"state": "done"}),
        (Level.REMINDER, "answer", {"version": 2}),
        (Level.COORDINATOR, "answer", {"state": "withdrawn"}),
    ],
)
def test_a_letter_that_became_untrue_while_it_waited_does_not_leave(
    play: Play, level: Level, which: str, change: dict[str, object]
) -> None:
    """Answered, taken, withdrawn or changed meanwhile: no letter, no link, and the log says so."""

    async def story(desk: Desk) -> None:
        await desk.rung(level, clock=which)
        if change.get("state") in ("done", "withdrawn"):
            change["ended_at"] = desk.bureau.clock.now()
        await desk.change(**change)
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 0
        assert mailer.taken == []
        assert await desk.links() == []
        (letter,) = await desk.letters()
        assert letter.state == "stale"
        assert [row[0] for row in await desk.happenings()] == ["letter_stale"]

    play(story)


def test_after_an_outage_one_letter_tells_a_person_the_latest(play: Play) -> None:
    """Reminders that piled up are merged into the last one, which counts them."""

    async def story(desk: Desk) -> None:
        for repeat in range(5):
            await desk.rung(Level.JOINT_MEETING, repeat=repeat)
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 1
        body = mailer.taken[0][1].get_body(("plain",))
        assert body is not None
        assert "本级已是第5次告知" in body.get_content()
        assert [letter.state for letter in await desk.letters()] == ["stale"] * 4 + ["handed_over"]

    play(story)


def test_a_temporary_fault_is_tried_again_later_and_later(play: Play) -> None:
    """Thirty seconds, then one, two, five, fifteen minutes; the same Message-ID and the same link each time."""

    async def story(desk: Desk) -> None:
        await desk.put(facts={"urgent": False})
        waits = []
        tries = len(LETTER_WAITS) + 1
        mailer = ScriptedMailer([TemporaryFault("稍后再试")] * tries)
        post = Post(desk.bureau, mailer)
        for _ in range(tries):
            assert await post.send_due() == 0
            async with desk.bureau.database.transaction() as session:
                wait = (await session.execute(select(Letter.next_try - func.clock_timestamp()))).scalar_one()
            waits.append(round(wait / timedelta(seconds=10)) * 10)
            (letter,) = await desk.letters()
            assert (letter.state, letter.fault) == ("pending", "稍后再试")
            await desk.hurry()
        assert waits == [30, 60, 120, 300, 900, 900]
        assert await post.send_due() == 1
        assert len(await desk.links()) == 1
        assert [row[0] for row in await desk.happenings()] == ["letter_handed_over"]

    play(story)


def test_an_uncertain_letter_is_sent_again_under_the_same_identity(play: Play) -> None:
    """The mail server may have taken it: Message-ID, address and code of both are the same."""

    async def story(desk: Desk) -> None:
        await desk.put()
        mailer = _Dropping()
        post = Post(desk.bureau, mailer)
        assert await post.send_due() == 0
        (letter,) = await desk.letters()
        assert (letter.state, letter.handed_over_at) == ("uncertain", None)
        await desk.hurry()
        assert await post.send_due() == 1
        first, second = (message for _, message in mailer.taken)
        assert first["Message-ID"] == second["Message-ID"]
        assert (
            first.as_bytes().split(b"\r\n\r\n")[0].splitlines()[:6]
            == second.as_bytes().split(b"\r\n\r\n")[0].splitlines()[:6]
        )
        assert _text(first) == _text(second)

    play(story)


class _Dropping(ScriptedMailer):
    """Takes the first letter and breaks the connection before saying so."""

    async def send(self, message: object, recipient: str) -> None:  # type: ignore[override]
        self.taken.append((recipient, message))  # type: ignore[arg-type]
        if len(self.taken) == 1:
            raise UncertainFault("是否送达不明")


def _text(message: object) -> str:
    return str(message.get_body(("plain",)).get_content())  # type: ignore[attr-defined]


def test_a_refused_letter_fails_visibly_and_goes_to_the_next_contact(play: Play) -> None:
    """5xx: failed, in the log; a colleague gets it with a link of their own; the coordinator is told, once."""

    async def story(desk: Desk) -> None:
        await desk.put()
        mailer = ScriptedMailer([FinalFault("邮件服务器拒收（550）。")])
        assert await Post(desk.bureau, mailer).send_due() == 2
        assert sorted(recipient for recipient, _ in mailer.taken) == ["ps.xia@anhe.example", "xt.wen@anhe.example"]
        first, *others = await desk.letters()
        assert (first.state, first.fault) == ("failed", "邮件服务器拒收（550）。")
        assert {letter.kind for letter in others} == {"asked", "recipient_missing"}
        assert (await desk.happenings())[0][0] == "letter_failed"
        assert sorted(link.officer for link in await desk.links()) == ["ps_xia", "ps_zhou"]

    play(story)


@pytest.mark.parametrize("change", [without, without_address])
def test_an_officer_who_has_left_or_has_no_address_is_replaced(
    play: Play, county: County, change: Callable[[County, str], County]
) -> None:
    """The next contact of the office gets the letter, the coordinator is told, the log says that somebody was missing."""

    async def story(desk: Desk) -> None:
        await desk.put(officer="ps_zhou")
        moved_to(desk, change(county, "ps_zhou"))
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 2
        assert sorted(recipient for recipient, _ in mailer.taken) == ["ps.xia@anhe.example", "xt.wen@anhe.example"]
        notice = next(text for recipient, m in mailer.taken if recipient.startswith("xt") and (text := _text(m)))
        assert "已改发安和县公安局夏安宁" in notice
        assert [row[0] for row in await desk.happenings()].count("recipient_missing") == 1
        assert (await desk.letters())[0].state == "failed"

    play(story)


def test_a_colleague_who_has_the_letter_already_does_not_get_it_twice(play: Play, county: County) -> None:
    """Both contacts were written to; one left: the other keeps the one letter."""

    async def story(desk: Desk) -> None:
        await desk.put(officer="ps_zhou")
        await desk.put(officer="ps_xia")
        moved_to(desk, without(county, "ps_zhou"))
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        assert sorted(recipient for recipient, _ in mailer.taken) == ["ps.xia@anhe.example", "xt.wen@anhe.example"]

    play(story)


def test_a_missing_leader_is_replaced_by_the_level_above(county: County) -> None:
    """A copy climbs, a letter that acts stays in its office."""
    lone = county
    for officer in county.office("leader").officers[1:]:
        lone = without(lone, officer.key)
    leader = lone.office("leader").officers[0].key
    copy = Letter(kind="escalation", to_office="leader", to_officer=leader, level="leader", acts=False)
    found = stand_in(without(lone, leader), copy)
    assert found is not None
    assert found.office == "joint_meeting"
    emptied = county
    for officer in county.office("public_security").officers:
        emptied = without_address(emptied, officer.key)
    acting = Letter(kind="asked", to_office="public_security", to_officer="ps_zhou", level=None, acts=True)
    assert stand_in(emptied, acting) is None


def test_nobody_left_in_the_office_is_told_to_the_coordinator_once(play: Play, county: County) -> None:
    """No stand-in: the letter fails and the coordinator is asked to telephone."""

    async def story(desk: Desk) -> None:
        await desk.put(officer="ps_zhou")
        emptied = county
        for officer in county.office("public_security").officers:
            emptied = without_address(emptied, officer.key)
        moved_to(desk, emptied)
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 1
        assert "请立即电话联系该单位" in _text(mailer.taken[0][1])
        assert [letter.state for letter in await desk.letters()] == ["failed", "handed_over"]

    play(story)


def test_notices_of_missing_recipients_do_not_breed(play: Play) -> None:
    """When every letter is refused, the post comes to an end."""

    async def story(desk: Desk) -> None:
        await desk.put()
        mailer = ScriptedMailer([FinalFault("邮件服务器拒收（550）。")] * 500)
        assert await Post(desk.bureau, mailer).send_due() == 0
        letters = await desk.letters()
        # Each of the office's people once, and of each loss a note to each who stands above, once.
        assert len(letters) < 40
        assert {letter.state for letter in letters} == {"failed"}

    play(story)


def test_one_bad_letter_does_not_stop_the_others(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    """A letter that cannot be written is failed and told; the others leave; logs name no person."""

    async def story(desk: Desk) -> None:
        await desk.put(key="bad")
        await desk.put(key="good", officer="ps_xia")
        async with desk.bureau.database.transaction() as session:
            bad = (await session.execute(select(Letter).where(Letter.key == "bad"))).scalar_one()
            bad.facts = {"case_number": "AH-2026-0001"}
        mailer = ScriptedMailer()
        with caplog.at_level(logging.DEBUG, logger="jieli"):
            await Post(desk.bureau, mailer).send_due()
        assert {recipient for recipient, _ in mailer.taken} == {"ps.xia@anhe.example", "xt.wen@anhe.example"}
        assert (await desk.letters())[0].state == "failed"
        assert "anhe.example" not in caplog.text
        assert "周立言" not in caplog.text

    play(story)


def test_a_fault_of_ours_puts_the_letter_aside_and_not_away(play: Play) -> None:
    """When the link cannot be made, the letter waits and the next one leaves."""

    async def story(desk: Desk) -> None:
        await desk.put(key="first")
        await desk.put(key="second", officer="ps_xia")

        async def failing(session: object, bureau: object, letter: Letter) -> object:
            if letter.key == "first":
                raise RuntimeError
            return await mint(session, bureau, letter)  # type: ignore[arg-type]

        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer, failing).send_due() == 1  # type: ignore[arg-type]
        assert [letter.state for letter in await desk.letters()] == ["pending", "handed_over"]

    play(story)


def test_while_the_mail_server_is_away_the_letters_wait_without_losing_tries(play: Play) -> None:
    """The first letter finds the server away; the others are given back untried, and all leave when it is back."""

    async def story(desk: Desk) -> None:
        for number in range(5):
            await desk.receipt(number)
        mailer = ScriptedMailer([TemporaryFault("连接不上", server_away=True)])
        post = Post(desk.bureau, mailer)
        assert await post.send_due() == 0
        letters = await desk.letters()
        assert [letter.state for letter in letters] == ["pending"] * 5
        assert sorted(letter.attempts for letter in letters) == [0, 0, 0, 0, 1]
        await desk.hurry()
        assert await post.send_due() == 5

    play(story)


def test_two_posts_send_a_hundred_letters_once_each(play: Play) -> None:
    """Any number of posts may serve one outbox."""

    async def story(desk: Desk) -> None:
        for number in range(100):
            await desk.receipt(number)
        mailer = ScriptedMailer()
        sent = await asyncio.gather(*(Post(desk.bureau, mailer).send_due() for _ in range(2)))
        assert sum(sent) == 100
        assert len({message["Message-ID"] for _, message in mailer.taken}) == len(mailer.taken) == 100

    play(story)


def test_a_running_post_hears_of_a_letter_and_stops_when_told(play: Play) -> None:
    """The notice makes it leave at once; stop ends the post; a letter under way at a cancel is finished."""

    async def story(desk: Desk) -> None:
        mailer = _Slow()
        stop = asyncio.Event()
        task = asyncio.create_task(Post(desk.bureau, mailer).run(stop))
        await asyncio.sleep(0.3)
        await desk.put()
        await asyncio.wait_for(mailer.began.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (letter,) = await desk.letters()
        assert letter.state == "handed_over"
        second = asyncio.create_task(Post(desk.bureau, mailer).run(stop))
        stop.set()
        await asyncio.wait_for(second, 5)

    play(story)


class _Slow(ScriptedMailer):
    """Takes a little while."""

    def __init__(self) -> None:
        super().__init__()
        self.began = asyncio.Event()

    async def send(self, message: object, recipient: str) -> None:  # type: ignore[override]
        self.began.set()
        await asyncio.sleep(0.5)
        self.taken.append((recipient, message))  # type: ignore[arg-type]


def test_waits_grow_and_are_capped() -> None:
    """The last wait repeats."""
    assert [wait_of((1.0, 2.0, 3.0), tries) for tries in (1, 2, 3, 4, 50)] == [1.0, 2.0, 3.0, 3.0, 3.0]


def test_a_stand_ins_letter_has_the_key_of_their_own_copy() -> None:
    """So that it is put once, whoever puts it first."""
    assert key_for("asked/7/ps_zhou", "ps_zhou", "ps_xia") == "asked/7/ps_xia"
    assert key_for("asked/7/ps_zhou/again/2026030209", "ps_zhou", "ps_xia") == "asked/7/ps_xia/again/2026030209"
    assert key_for("confirmation/HF-1", "ps_zhou", "ps_xia") == "confirmation/HF-1/ps_xia"
