"""Several ordinary steps told to one person in one round make one letter; each still acts, fails and is kept by itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.county import County
from config.settings import Settings
from office import links, outbox
from office.links import LinkStatus
from office.mailer import FinalFault, TemporaryFault, UncertainFault
from office.outbox import Claim
from office.post import Post
from office.post.digest import bundles
from office.returned.reading import read_mail
from office.returned.taking_in import take_in
from office.tables import Letter, Sending
from rules.vocabulary import Level, MailSort
from tests.conftest import FixedClock
from tests.office.letter_desk import Desk, ScriptedMailer, open_desk

ZHOU = "ps.zhou@anhe.example"
Play = Callable[..., None]


@pytest.fixture
def play(records_url: str, county: County, clock: FixedClock, installation: Settings) -> Play:
    """Run a story at a desk; keywords are settings."""

    def run(story: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:
        async def at_desk() -> None:
            chosen = installation.model_copy(update=settings)
            async with open_desk(records_url, county, clock, chosen) as desk:
                await story(desk)

        asyncio.run(at_desk())

    return run


async def five(desk: Desk, **more: Any) -> list[Desk]:
    """Five ordinary steps of one office, the third due first, the last of another case."""
    found = []
    for number, minutes in enumerate((50, 40, 10, 20, 30), start=2):
        one = await desk.beside(number, minutes=minutes, case=9 if number == 6 else 1)
        await one.put(**more)
        found.append(one)
    return found


def text(message: EmailMessage) -> str:
    """The text part."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_five_tasks_to_one_office_in_one_tick_make_one_mail_with_five_links(play: Play) -> None:
    """One mail, five different links and codes, each opening its own step; five rows that name the mail."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 5
        ((recipient, message),) = mailer.taken
        assert recipient == ZHOU
        printed = re.findall(r"/r/([A-Za-z0-9_-]+)", text(message))
        codes = re.findall(r"验证码：\s*([0-9]{6})", text(message))
        assert len(set(printed)) == len(set(codes)) == 5
        html = message.get_body(("html",))
        assert html is not None
        assert all(html.get_content().count(token) == 3 for token in printed)
        letters = await desk.letters()
        assert {(one.state, one.carried_by, one.address) for one in letters} == {
            ("handed_over", message["Message-ID"], ZHOU)
        }
        assert len({one.message_id for one in letters}) == 5
        assert message["Message-ID"] not in {one.message_id for one in letters}
        opened = [await links.open_link(desk.bureau, token) for token in printed]
        assert {one.status for one in opened} == {LinkStatus.OPEN}
        assert [one.acknowledge_by for one in opened] == sorted(one.acknowledge_by for one in opened)
        (file,) = message.iter_attachments()
        assert file.get_content_type() == "text/calendar"
        assert len(set(re.findall(r"UID:\S+", file.get_content()))) == 5
        assert [row[0] for row in await desk.happenings()] == ["letter_handed_over"] * 5

    play(story)


def test_the_subject_says_the_earliest_deadline_and_how_many(play: Play) -> None:
    """The deadline of the third step comes first; both cases keep their threads."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        message = mailer.taken[0][1]
        assert str(message["Subject"]) == "【交办】03-02 09:40前签收｜共5件 AH-2026-0001等2案"
        assert str(message["References"]).count(".case@") == 2
        assert message["Auto-Submitted"] == "auto-generated"

    play(story)


def test_an_emergency_is_never_in_a_digest_and_does_not_wait_for_company(play: Play) -> None:
    """While ordinary letters wait for company, the emergency leaves by itself."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        await desk.put(officer="ps_zhou")
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 1
        assert str(mailer.taken[0][1]["Subject"]).startswith("【紧急交办】")
        await desk.hurry()
        assert await Post(desk.bureau, mailer).send_due() == 5
        assert len(mailer.taken) == 2

    play(story, mail_digest_seconds=30.0)


def test_letters_of_different_kinds_levels_and_people_are_kept_apart(play: Play) -> None:
    """A digest is of one kind and level, to one person."""

    async def story(desk: Desk) -> None:
        steps = [await desk.beside(number) for number in range(2, 4)]
        for one in steps:
            await one.put(officer="ps_zhou")
            await one.put(officer="ps_xia")
            for level in (Level.REMINDER, Level.COORDINATOR, Level.LEADER):
                await one.rung(level, key=f"{one.request.id}/{level.value}")
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 10
        assert len(mailer.taken) == 5
        subjects = [str(message["Subject"]) for _, message in mailer.taken]
        assert all("共2件" in subject for subject in subjects)
        copies = [message for _, message in mailer.taken if "逾期" in str(message["Subject"])]
        assert len(copies) == 2
        assert any("单位电话：" in text(message) for message in copies)
        assert all("〔抄告〕" in str(message["Subject"]) and "http" not in text(message) for message in copies)

    play(story)


def test_one_that_has_become_untrue_or_cannot_be_written_does_not_spoil_the_others(play: Play) -> None:
    """Answered meanwhile, broken, withdrawn: those are marked; the two that are left leave together."""

    async def story(desk: Desk) -> None:
        steps = await five(desk, officer="ps_zhou")
        await steps[0].change(state="done", ended_at=desk.bureau.clock.now())
        await steps[1].change(state="withdrawn", ended_at=desk.bureau.clock.now())
        async with desk.bureau.database.transaction() as session:
            broken = (await session.execute(select(Letter).order_by(Letter.id).offset(2).limit(1))).scalar_one()
            broken.facts = {name: value for name, value in broken.facts.items() if name != "basis"}
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        states = [letter.state for letter in await desk.letters()][:5]
        assert states == ["stale", "stale", "failed", "handed_over", "handed_over"]
        digest = next(message for recipient, message in mailer.taken if recipient == ZHOU)
        assert len(re.findall(r"/r/", text(digest))) == 2

    play(story)


@pytest.mark.parametrize("fault", [TemporaryFault("稍后再试"), UncertainFault("是否送达不明")])
def test_a_digest_tried_again_is_the_same_digest(play: Play, fault: Exception) -> None:
    """Nobody joins one that may have arrived: same letters, same Message-ID, same words."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        mailer = _Keeping([fault])
        post = Post(desk.bureau, mailer)
        assert await post.send_due() == 0
        uncertain = isinstance(fault, UncertainFault)
        assert {letter.state for letter in await desk.letters()} == {"uncertain" if uncertain else "pending"}
        late = await desk.beside(8)
        await late.put(officer="ps_zhou")
        await desk.hurry()
        assert await post.send_due() == 6
        first, *others = mailer.tried
        same = [message for message in others if message["Message-ID"] == first["Message-ID"]]
        assert len(same) == uncertain
        assert [text(message) for message in same] == [text(first)] * uncertain
        assert len(others) == (2 if uncertain else 1)

    play(story)


class _Keeping(ScriptedMailer):
    """Remembers what it refused too."""

    def __init__(self, script: list[Exception | None]) -> None:
        super().__init__(script)
        self.tried: list[EmailMessage] = []

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Follow the script."""
        self.tried.append(message)
        await super().send(message, recipient)


def test_a_digest_in_the_hands_of_a_killed_post_is_made_again_of_the_same_letters(play: Play) -> None:
    """Its hold has run out: the next post gives the same digest under the same Message-ID, and nothing joins it."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        dead = _Keeping([RuntimeError()])
        lost = Post(desk.bureau, dead)
        lost._uncertain = _nothing  # type: ignore[method-assign]
        await lost.send_due()
        assert {letter.state for letter in await desk.letters()} == {"sending"}
        await (await desk.beside(8)).put(officer="ps_zhou")
        await desk.hurry()
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 6
        assert dead.tried[0]["Message-ID"] in {message["Message-ID"] for _, message in mailer.taken}
        assert len(mailer.taken) == 2
        assert {letter.unknown_results for letter in (await desk.letters())[:5]} == {1}

    play(story)


async def _nothing(*_: object) -> None:
    """A killed post writes nothing."""


def test_a_digest_that_lost_a_letter_is_another_one(play: Play) -> None:
    """What was answered meanwhile stands in no new mail, and other words have another Message-ID."""

    async def story(desk: Desk) -> None:
        steps = await five(desk, officer="ps_zhou")
        mailer = _Keeping([UncertainFault("是否送达不明")])
        post = Post(desk.bureau, mailer)
        await post.send_due()
        await steps[2].change(state="done", ended_at=desk.bureau.clock.now())
        await desk.hurry()
        assert await post.send_due() == 4
        first, second = mailer.tried
        assert first["Message-ID"] != second["Message-ID"]
        assert len(re.findall("/r/", text(second))) == 4
        assert [letter.state for letter in await desk.letters()].count("uncertain") == 1

    play(story)


def test_a_refused_digest_goes_to_the_next_contact_as_a_digest(play: Play) -> None:
    """Five rows failed; the colleague gets five links of their own in one mail."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        mailer = ScriptedMailer([FinalFault("邮件服务器拒收（550）。")])
        await Post(desk.bureau, mailer).send_due()
        assert [letter.state for letter in await desk.letters()][:5] == ["failed"] * 5
        (digest,) = [message for recipient, message in mailer.taken if recipient == "ps.xia@anhe.example"]
        assert "共5件" in str(digest["Subject"])

    play(story)


def test_a_digest_that_comes_back_goes_to_the_next_contact_and_the_coordinator_is_told_once(play: Play) -> None:
    """All five are said to have bounced, the address is marked, and the colleague gets them in one mail."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        ours = str(mailer.taken[0][1]["Message-ID"]).strip("<>").encode()
        report = (Path(__file__).parent / "returned_mail" / "postfix.eml").read_bytes()
        mail = read_mail(report.replace(b"0123456789abcdef0123456789abcdef@anhe.example", ours))
        async with desk.bureau.database.transaction() as session:
            assert await take_in(session, desk.bureau, mail, "key", "folder", None) is MailSort.BOUNCED
        assert [letter.state for letter in await desk.letters()][:5] == ["bounced"] * 5
        await Post(desk.bureau, mailer).send_due()
        assert sorted(one for one, _ in mailer.taken[1:]) == ["ps.xia@anhe.example", "xt.wen@anhe.example"]

    play(story)


def test_two_posts_do_not_share_a_persons_letters_out(play: Play) -> None:
    """Ten posts at once: one mail to each person."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        for one in [await desk.beside(number) for number in range(20, 24)]:
            await one.put(officer="ps_xia")
        mailer = ScriptedMailer()
        sent = await asyncio.gather(*(Post(desk.bureau, mailer).send_due() for _ in range(5)))
        sent.append(await Post(desk.bureau, mailer).send_due())
        assert sum(sent) == 9
        assert sorted(recipient for recipient, _ in mailer.taken) == ["ps.xia@anhe.example", ZHOU]

    play(story)


def test_an_installation_may_want_each_step_in_its_own_letter(play: Play) -> None:
    """With one step at most in a letter, five tasks are five mails."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 5
        assert len(mailer.taken) == 5
        assert {letter.carried_by == letter.message_id for letter in await desk.letters()} == {True}

    play(story, mail_digest_at_most=1)


def test_a_digest_counts_once_for_its_recipient_and_once_for_each_step(play: Play) -> None:
    """The ceiling of the recipient bounds mails, that of the case letters."""

    async def story(desk: Desk) -> None:
        await five(desk, officer="ps_zhou")
        await Post(desk.bureau, ScriptedMailer()).send_due()
        async with desk.bureau.database.transaction() as session:
            rows = (await session.execute(select(Sending).order_by(Sending.id))).scalars().all()
        assert [row.officer for row in rows] == ["ps_zhou", None, None, None, None]

    play(story)


def test_a_digest_is_no_letter_of_its_own(play: Play) -> None:
    """Nobody can put one into the outbox."""

    async def story(desk: Desk) -> None:
        with pytest.raises(ValueError, match="digest"):
            await desk.put("digest")
        assert await desk.letters() == []
        assert outbox.GATHERED

    play(story)


def test_claims_are_put_together_by_their_digest_in_order_and_up_to_the_limit() -> None:
    """Alone stays alone; the first of each group keeps its place; the limit opens another."""
    claims = [Claim(n, 1, digest=digest) for n, digest in enumerate(["a", "", "a", "b", "", "a", "b"])]
    found = [[one.letter_id for one in bundle] for bundle in bundles(claims, 2)]
    assert found == [[0, 2], [1], [3, 6], [4], [5]]
