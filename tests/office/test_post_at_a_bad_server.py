"""The post in front of a mail server that misbehaves: no letter is lost, none is claimed, and none holds up another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from config.county import County
from config.settings import Settings
from office.consequences import close_with_all_who_were_told
from office.mailer import SmtpMailer, TemporaryFault, UncertainFault
from office.post import Post
from office.tables import Request
from rules.vocabulary import Level
from tests.conftest import FixedClock
from tests.office.bad_server import BadServer, misbehaving, settings_of
from tests.office.letter_desk import Desk, ScriptedMailer, open_desk

ZHOU, XIA = "ps.zhou@anhe.example", "ps.xia@anhe.example"
Story = Callable[[Desk, BadServer], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture
def play(records_url: str, county: County, clock: FixedClock, installation: Settings) -> Play:
    """Run a story at a desk whose letters go to a bad server; keywords are the server's script and the settings."""

    def run(story: Story, *, settings: dict[str, object] | None = None, **script: object) -> None:
        async def at_desk() -> None:
            async with misbehaving(**script) as server:
                chosen = settings_of(server, installation, **(settings or {}))
                async with open_desk(records_url, county, clock, chosen) as desk:
                    await story(desk, server)

        asyncio.run(at_desk())

    return run


def post_of(desk: Desk) -> Post:
    """A post with a real mailer."""
    return Post(desk.bureau, SmtpMailer(desk.bureau.settings))


def states(desk_letters: list[object]) -> list[str]:
    """The states of letters, in the order of putting."""
    return [letter.state for letter in desk_letters]  # type: ignore[attr-defined]


def test_a_greylisting_server_gets_the_letter_a_second_time(play: Play) -> None:
    """The first try of each recipient is put off; nothing is said to have failed; both letters leave later."""

    async def story(desk: Desk, server: BadServer) -> None:
        await desk.receipt(1, "ps_zhou")
        await desk.receipt(2, "ps_xia")
        post = post_of(desk)
        assert await post.send_due() == 0
        assert states(await desk.letters()) == ["pending", "pending"]
        await desk.hurry()
        assert await post.send_due() == 2
        assert sorted(server.recipients) == [XIA, ZHOU]

    play(story, greylists=True)


def test_421_in_the_middle_of_a_batch_gives_the_rest_back_untried(play: Play) -> None:
    """Two have left; the third finds the service closing; the others lose no try, and all leave when it is back."""

    async def story(desk: Desk, server: BadServer) -> None:
        for number in range(6):
            await desk.receipt(number)
        post = post_of(desk)
        assert await post.send_due() == 2
        letters = await desk.letters()
        assert states(letters) == ["handed_over"] * 2 + ["pending"] * 4
        assert [letter.attempts for letter in letters] == [1, 1, 1, 0, 0, 0]
        await desk.hurry()
        assert await post.send_due() == 4
        assert len(set(server.message_ids)) == len(server.message_ids) == 6

    play(story, mail=["", "", "421 4.3.2 shutting down"])


@pytest.mark.parametrize("fault", ["550 5.1.1 no such mailbox", "450 4.2.1 busy", "421 4.7.0 not you", "hang", "drop"])
def test_a_recipient_that_fails_holds_up_nobody_else(play: Play, fault: str) -> None:
    """Letters to colleagues leave, whatever the server makes of one of them, and nobody waits for longer than that one."""

    async def story(desk: Desk, server: BadServer) -> None:
        for number in range(4):
            await desk.receipt(number, "ps_zhou")
            await desk.receipt(10 + number, "ps_xia")
        post = post_of(desk)
        begun = time.monotonic()
        for _ in range(3):
            await post.send_due()
            await desk.hurry()
        assert time.monotonic() - begun < 12
        assert server.recipients.count(XIA) >= 4
        assert ZHOU not in server.recipients

    play(story, for_one={("rcpt", ZHOU): fault})


def test_after_a_letter_that_hung_the_others_of_its_lane_wait_untried(play: Play) -> None:
    """Not every letter to a dead mailbox takes a connection for its whole time."""

    async def story(desk: Desk, server: BadServer) -> None:
        for number in range(6):
            await desk.receipt(number, "ps_zhou")
        await post_of(desk).send_due()
        assert sorted(letter.attempts for letter in await desk.letters()) == [0, 0, 0, 0, 0, 1]

    play(story, for_one={("rcpt", ZHOU): "hang"})


def test_an_emergency_leaves_while_ordinary_letters_hang(play: Play) -> None:
    """Every connection that ordinary letters may have is taken by one that hangs; the emergency has one of its own."""

    async def story(desk: Desk, server: BadServer) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(post_of(desk).run(stop))
        await desk.receipt(1, "ps_zhou", urgent=False)
        await desk.receipt(2, "xt_wen", office="coordinator", urgent=False)
        await asyncio.sleep(0.8)
        begun = time.monotonic()
        await desk.put(officer="ps_xia")
        while XIA not in server.recipients:
            await asyncio.sleep(0.02)
            assert time.monotonic() - begun < 1.5
        stop.set()
        await running

    hangs = {("rcpt", address): "hang" for address in (ZHOU, "xt.wen@anhe.example")}
    patient = {"smtp_connections": 3, "smtp_timeout": 2.5, "smtp_letter_timeout": 2.5}
    play(story, settings=patient, for_one=hangs)


def test_a_letter_taken_and_not_confirmed_stays_uncertain_until_the_server_says_so(play: Play) -> None:
    """Accepted, then dropped: one Message-ID, state and log say that nobody knows; a word of the server settles it."""

    async def story(desk: Desk, server: BadServer) -> None:
        await desk.put()
        post = post_of(desk)
        assert await post.send_due() == 0
        (letter,) = await desk.letters()
        assert (letter.state, letter.handed_over_at, letter.unknown_results) == ("uncertain", None, 1)
        assert await desk.happenings() == [("letter_uncertain", "public_security", "")]
        await desk.hurry()
        assert await post.send_due() == 1
        assert len(server.message_ids) == 2
        assert len(set(server.message_ids)) == 1
        assert states(await desk.letters()) == ["handed_over"]

    play(story, content=["drop"])


def test_a_letter_never_confirmed_is_given_a_bounded_number_of_times_and_the_coordinator_hears(play: Play) -> None:
    """Three times; it stays uncertain and is never claimed; the colleague gets it too, the coordinator is told why."""

    async def story(desk: Desk, server: BadServer) -> None:
        await desk.put(officer="ps_zhou")
        post = post_of(desk)
        for _ in range(6):
            await post.send_due()
            await desk.hurry()
        assert server.recipients.count(ZHOU) == 3
        first, *others = await desk.letters()
        assert (first.state, first.handed_over_at) == ("uncertain", None)
        assert {(one.kind, one.to_officer, one.state) for one in others} == {
            ("asked", "ps_xia", "handed_over"),
            ("recipient_missing", "xt_wen", "handed_over"),
        }
        notice = next(one for one in others if one.kind == "recipient_missing")
        assert notice.facts["reason_label"] == "邮件服务器收信后未确认，是否送达不明"
        assert [one[0] for one in await desk.happenings()].count("letter_handed_over") == 2

    play(story, for_one={("content", ZHOU): "drop"})


@pytest.mark.parametrize(("urgent", "tries"), [(True, 2), (False, 4)])
def test_temporary_refusals_come_to_an_end_and_the_next_contact_gets_the_letter(
    play: Play, urgent: bool, tries: int
) -> None:
    """After the installation's own number of tries, fewer for an emergency; the others are not counted against it."""

    async def story(desk: Desk, server: BadServer) -> None:
        await desk.put(officer="ps_zhou", facts={"urgent": urgent})
        post = post_of(desk)
        for _ in range(6):
            await post.send_due()
            await desk.hurry()
        first, *others = await desk.letters()
        assert (first.state, first.attempts) == ("failed", tries)
        assert {(one.kind, one.to_officer) for one in others} == {("asked", "ps_xia"), ("recipient_missing", "xt_wen")}
        assert "多次暂不受理" in next(o for o in others if o.kind == "recipient_missing").facts["reason_label"]
        assert ZHOU not in server.recipients

    play(
        story, settings={"mail_tries": 4, "mail_urgent_tries": 2}, for_one={("rcpt", ZHOU): "450 4.2.1 busy"}
    )  # fmt: skip


def test_a_server_that_is_away_wears_no_letter_out(play: Play) -> None:
    """Forty tries while it is away: the letter waits and no contact is written to instead."""

    async def story(desk: Desk, server: BadServer) -> None:
        await desk.put()
        post = Post(desk.bureau, ScriptedMailer([TemporaryFault("连接不上", server_away=True)] * 40))
        for _ in range(40):
            assert await post.send_due() == 0
            await desk.hurry()
        assert states(await desk.letters()) == ["pending"]
        assert await post.send_due() == 1

    play(story)


def test_an_uncertain_letter_that_becomes_untrue_is_not_called_unsent(play: Play) -> None:
    """It may have been read: it stays uncertain, is not sent again, and the closing notice follows it."""

    async def story(desk: Desk, server: BadServer) -> None:
        await desk.put()
        post = Post(desk.bureau, ScriptedMailer([UncertainFault("是否送达不明")]))
        await post.send_due()
        await desk.change(state="done", ended_at=desk.bureau.clock.now())
        await desk.hurry()
        assert await post.send_due() == 0
        assert states(await desk.letters()) == ["uncertain"]
        await desk.hurry()
        assert await post.send_due() == 0

    play(story)


def test_a_letter_in_the_hands_of_a_killed_post_counts_as_unknown(play: Play) -> None:
    """Killed between the sending and the writing: the same Message-ID again, a bounded number of times."""

    async def story(desk: Desk, server: BadServer) -> None:
        await desk.put()
        mailer = ScriptedMailer()
        for _ in range(6):
            post = Post(desk.bureau, mailer)
            post._write_handed_over = _killed  # type: ignore[method-assign]
            work = asyncio.create_task(post.send_due())
            taken = len(mailer.taken)
            for _ in range(50):
                await asyncio.sleep(0.02)
                if len(mailer.taken) > taken:
                    break
            for lane in list(post._lanes):
                lane.cancel()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await desk.hurry()
        assert [recipient for recipient, _ in mailer.taken].count(ZHOU) == 3
        assert len({m["Message-ID"] for recipient, m in mailer.taken if recipient == ZHOU}) == 1

    play(story)


async def _killed(*_: object) -> None:
    await asyncio.sleep(30)


def test_a_database_that_is_away_when_a_letter_has_left_makes_it_leave_once(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has left is remembered by the post, and written down later."""

    async def story(desk: Desk, server: BadServer) -> None:
        await desk.put()
        post = post_of(desk)
        write, tries = post._write_handed_over, iter(range(3))

        async def failing(*words: object) -> None:
            if next(tries, None) is not None:
                raise ConnectionError
            await write(*words)  # type: ignore[arg-type]

        post._write_handed_over = failing  # type: ignore[method-assign,assignment]
        monkeypatch.setattr(asyncio, "sleep", _short(asyncio.sleep))
        await post.send_due()
        await desk.hurry()
        assert await post.send_due() == 1
        assert len(server.taken) == 1
        assert states(await desk.letters()) == ["handed_over"]

    play(story)


def _short(sleep: Callable[[float], Awaitable[None]]) -> Callable[[float], Awaitable[None]]:
    async def shortened(seconds: float) -> None:
        await sleep(min(seconds, 0.01))

    return shortened


def test_a_closing_notice_waits_for_the_letter_it_closes(play: Play) -> None:
    """While the escalation is on its way nobody can tell; once it has arrived, the notice follows."""

    async def story(desk: Desk, server: BadServer) -> None:
        leader = desk.bureau.county.officer_at_level(Level.LEADER, desk.request.office)[0]
        facts = {"state_label": "已办结", "ended_at": desk.bureau.clock.now().isoformat()}
        await desk.rung(Level.LEADER, leader.key)
        await desk.state_of("sending", holds=True)
        await desk.put("closing_notice", leader.key, office=leader.office, facts=facts)
        post = post_of(desk)
        assert await post.send_due() == 0
        assert states(await desk.letters()) == ["sending", "pending"]
        await desk.state_of("handed_over")
        await desk.hurry()
        assert await post.send_due() == 1

    play(story)


def test_a_letter_that_leaves_while_the_answer_is_being_written_is_closed_too(play: Play) -> None:
    """The answer saw it waiting, the post saw the step open: whoever got the escalation gets its closing notice."""

    async def story(desk: Desk, server: BadServer) -> None:
        leader = desk.bureau.county.officer_at_level(Level.LEADER, desk.request.office)[0]
        await desk.rung(Level.LEADER, leader.key)
        post = post_of(desk)
        async with desk.bureau.database.transaction() as session:
            request = await session.get_one(Request, desk.request.id, with_for_update=True)
            await close_with_all_who_were_told(session, desk.bureau, request, desk.case)
            sending = asyncio.create_task(post.send_due())
            for _ in range(500):
                await asyncio.sleep(0.01)
                if server.taken:
                    break
            request.state, request.ended_at = "done", desk.bureau.clock.now()
        await sending
        await desk.hurry()
        await post.send_due()
        assert [(one.kind, one.state) for one in await desk.letters()] == [
            ("escalation", "handed_over"),
            ("closing_notice", "handed_over"),
        ]

    play(story)


def test_who_was_to_be_told_and_was_not_hears_nothing(play: Play) -> None:
    """The step ends while the escalation waits for a mail server that is away: neither it nor its closing notice leaves."""

    async def story(desk: Desk, server: BadServer) -> None:
        leader = desk.bureau.county.officer_at_level(Level.LEADER, desk.request.office)[0]
        await desk.rung(Level.LEADER, leader.key)
        async with desk.bureau.database.transaction() as session:
            request = await session.get_one(Request, desk.request.id, with_for_update=True)
            request.state, request.ended_at = "done", desk.bureau.clock.now()
            await close_with_all_who_were_told(session, desk.bureau, request, desk.case)
        assert await post_of(desk).send_due() == 0
        assert states(await desk.letters()) == ["stale", "stale"]
        assert server.taken == []

    play(story)
