"""Whatever runs wild, only so many letters leave in an hour; the others wait, are not lost, and a person is called."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import func, select

from config.county import County
from config.settings import Settings
from office.mailer import UncertainFault
from office.post import Post
from office.tables import Sending
from tests.conftest import FixedClock
from tests.office.letter_desk import Desk, ScriptedMailer, open_desk

ZHOU, XIA, COORDINATOR = "ps.zhou@anhe.example", "ps.xia@anhe.example", "xt.wen@anhe.example"
LOW = {"mail_ceiling_case": 5, "mail_ceiling_recipient": 100, "mail_ceiling_hour": 100, "mail_ceiling_urgent": 2}
Play = Callable[..., None]


@pytest.fixture
def play(records_url: str, county: County, clock: FixedClock, installation: Settings) -> Play:
    """Run a story at a desk with low ceilings; keywords are settings."""

    def run(story: Callable[[Desk, FixedClock], Awaitable[None]], **settings: Any) -> None:
        async def at_desk() -> None:
            chosen = installation.model_copy(update=LOW | settings)
            async with open_desk(records_url, county, clock, chosen) as desk:
                await story(desk, clock)

        asyncio.run(at_desk())

    return run


async def receipts(desk: Desk, count: int, officer: str = "ps_zhou", *, start: int = 0, urgent: bool = False) -> None:
    """So many letters that stay true."""
    for number in range(start, start + count):
        await desk.receipt(number, officer, urgent=urgent)


async def states(desk: Desk, kind: str = "confirmation") -> dict[str, int]:
    """How many letters of the kind are in which state."""
    found: dict[str, int] = {}
    for letter in await desk.letters():
        if letter.kind == kind:
            found[letter.state] = found.get(letter.state, 0) + 1
    return found


class _Loop(ScriptedMailer):
    """A machinery gone wild: every letter that leaves puts another one about the same case."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.next = 1000

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Take it, and cause the next."""
        await super().send(message, recipient)
        if recipient == ZHOU:
            self.next += 1
            await receipts(self.desk, 1, start=self.next)


def test_a_runaway_loop_ends_at_the_ceiling_and_the_others_go_on(play: Play) -> None:
    """Five letters and no more; another case's letters and an emergency of the same case leave; one call for help."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        await receipts(desk, 1)
        mailer = _Loop(desk)
        post = Post(desk.bureau, mailer)
        for _ in range(30):
            await post.send_due()
            await desk.hurry()
        taken = [recipient for recipient, _ in mailer.taken]
        assert taken.count(ZHOU) == 5
        assert taken.count(COORDINATOR) == 1
        assert await states(desk) == {"handed_over": 5, "held": 1}
        elsewhere = await desk.beside(2, case=7)
        await elsewhere.put(officer="ps_xia")
        await desk.put(officer="ps_zhou")
        assert await post.send_due() == 2
        assert {recipient for recipient, _ in mailer.taken[6:]} == {XIA, ZHOU}
        assert [row[0] for row in await desk.happenings()].count("ceiling_reached") == 1
        call = next(message for recipient, message in mailer.taken if recipient == COORDINATOR)
        assert "信件达到上限" in str(call["Subject"])

    play(story)


def test_held_letters_are_not_lost_and_leave_when_the_hour_has_passed(play: Play) -> None:
    """They are looked at again: what is still true leaves, within the next hour's ceiling."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        await receipts(desk, 8)
        mailer = ScriptedMailer()
        post = Post(desk.bureau, mailer)
        await post.send_due()
        assert await states(desk) == {"handed_over": 5, "held": 3}
        await desk.hurry()
        await post.send_due()
        assert await states(desk) == {"handed_over": 5, "held": 3}
        clock.move(timedelta(minutes=61))
        await desk.hurry()
        await post.send_due()
        assert await states(desk) == {"handed_over": 8}
        assert len({m["Message-ID"] for _, m in mailer.taken}) == len(mailer.taken) == 9

    play(story)


@pytest.mark.parametrize(
    ("ceiling", "branch"), [("mail_ceiling_case", "case"), ("mail_ceiling_recipient", "recipient"), ("mail_ceiling_hour", "hour")]
)  # fmt: skip
def test_each_ceiling_holds_and_says_which_it_is(play: Play, ceiling: str, branch: str) -> None:
    """Per case, per recipient, and for the whole installation."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        await receipts(desk, 6)
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        assert await states(desk) == {"handed_over": 3, "held": 3}
        (call,) = [letter for letter in await desk.letters() if letter.kind == "ceiling_reached"]
        assert (call.facts["branch"], call.facts["ceiling"], call.state) == (branch, 3, "handed_over")

    play(story, **{ceiling: 3})


def test_a_recipients_ceiling_leaves_the_colleague_alone(play: Play) -> None:
    """Only that person's letters wait."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        await receipts(desk, 4)
        await receipts(desk, 2, "ps_xia", start=50)
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        taken = [recipient for recipient, _ in mailer.taken]
        assert (taken.count(ZHOU), taken.count(XIA)) == (2, 2)

    play(story, mail_ceiling_case=100, mail_ceiling_recipient=2)


def test_emergencies_have_a_higher_ceiling_of_their_own(play: Play) -> None:
    """Ordinary letters use nothing of it up; it is a ceiling all the same."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        await receipts(desk, 7)
        mailer = ScriptedMailer()
        post = Post(desk.bureau, mailer)
        await post.send_due()
        await receipts(desk, 13, start=100, urgent=True)
        await post.send_due()
        letters = await desk.letters()
        urgent = [letter.state for letter in letters if letter.facts.get("urgent") and letter.kind == "confirmation"]
        assert (urgent.count("handed_over"), urgent.count("held")) == (10, 3)

    play(story)


def test_a_person_is_called_once_an_hour(play: Play) -> None:
    """However often a ceiling is met and on whichever branch; after an hour, again."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        mailer = ScriptedMailer()
        post = Post(desk.bureau, mailer)
        for round_ in range(3):
            await receipts(desk, 8, start=100 * round_)
            elsewhere = await desk.beside(2 + round_, case=7 + round_)
            await receipts(elsewhere, 8, start=1000 + 100 * round_)
            for _ in range(4):
                await post.send_due()
                await desk.hurry()
        assert [recipient for recipient, _ in mailer.taken].count(COORDINATOR) == 1
        clock.move(timedelta(minutes=61))
        await desk.hurry()
        await post.send_due()
        assert [recipient for recipient, _ in mailer.taken].count(COORDINATOR) == 2

    play(story)


def test_the_call_for_help_is_bounded_itself(play: Play) -> None:
    """A call that is never confirmed is given a few times and no more."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        await receipts(desk, 8)
        mailer = _Unsure()
        post = Post(desk.bureau, mailer)
        for _ in range(40):
            await post.send_due()
            await desk.hurry()
        assert [recipient for recipient, _ in mailer.taken].count(COORDINATOR) <= 10

    play(story, mail_uncertain_tries=20)


class _Unsure(ScriptedMailer):
    """Takes every letter to the coordinator and never says so."""

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Take it."""
        await super().send(message, recipient)
        if recipient == COORDINATOR:
            raise UncertainFault("是否送达不明")


def test_a_fault_after_each_sending_sends_no_storm(play: Play) -> None:
    """Every sending is counted before it happens, so that what cannot be written afterwards is bounded too."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        await receipts(desk, 3)
        mailer = ScriptedMailer()
        for _ in range(20):
            post = Post(desk.bureau, mailer)
            post._handed_over = _fails  # type: ignore[method-assign,assignment]
            await post.send_due()
            await desk.hurry()
        assert [recipient for recipient, _ in mailer.taken].count(ZHOU) == 5
        async with desk.bureau.database.transaction() as session:
            counted = select(func.count()).select_from(Sending).where(Sending.counted)
            assert (await session.execute(counted)).scalar_one() >= 5

    play(story)


async def _fails(*_: object) -> None:
    raise ConnectionError


def test_several_posts_together_stay_below_the_ceiling(play: Play) -> None:
    """Counting and admitting is one act, whoever does it."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        for number, officer in enumerate(["ps_zhou", "ps_xia"] * 10):
            await desk.receipt(number, officer, urgent=False)
        mailer = ScriptedMailer()
        await asyncio.gather(*(Post(desk.bureau, mailer).send_due() for _ in range(5)))
        taken = [recipient for recipient, _ in mailer.taken]
        assert taken.count(ZHOU) + taken.count(XIA) == 5

    play(story)


def test_digests_to_several_people_stay_below_the_ceiling_of_their_case(play: Play) -> None:
    """Each counts for every step in it, however many leave at the same moment."""

    async def story(desk: Desk, clock: FixedClock) -> None:
        steps = [await desk.beside(number) for number in range(30)]
        for number, step in enumerate(steps):
            await step.put(officer=("ps_zhou", "ps_xia")[number % 2])
        mailer = ScriptedMailer()
        await asyncio.gather(*(Post(desk.bureau, mailer).send_due() for _ in range(3)))
        assert await states(desk, "asked") == {"handed_over": 25, "held": 5}
        assert len([one for one, _ in mailer.taken if one != COORDINATOR]) == 2

    play(story, mail_ceiling_case=25)
