"""A link is one purpose for one recipient for one step version; looking at it changes nothing."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from office import links
from office.bureau import Bureau
from office.consequences import withdraw
from office.links import LinkStatus, clean_token
from office.refusals import UnknownLink
from office.requests import put_request, terms_of
from office.tables import CaseRow, Link, Request
from rules.answers import Acceptance
from rules.steps import STEPS
from rules.vocabulary import AnswerKind
from tests.story import Opener, Story

pytestmark = pytest.mark.anyio

TOKENS = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=links.TOKEN_LETTERS, max_size=links.TOKEN_LETTERS)
OLDER = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=27, max_size=27)


async def status(link: Opener) -> LinkStatus:
    """What an officer finds behind the link now."""
    return (await link.look()).status


async def test_a_link_is_open_and_then_answered(story: Story) -> None:
    """OPEN until the step is done, then ANSWERED for every officer who got a letter."""
    await story.report()
    hers, his = await story.link("police_accept", "ps_zhou"), await story.link("police_accept", "ps_xia")
    assert (await status(hers), await status(his)) == (LinkStatus.OPEN, LinkStatus.OPEN)
    await hers.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))
    assert (await status(hers), await status(his)) == (LinkStatus.ANSWERED, LinkStatus.ANSWERED)
    seen = await his.look()
    assert seen.decided is not None
    assert (seen.decided.by, seen.decided.office) == ("周立言", "安和县公安局")


async def test_a_link_expires(story: Story) -> None:
    """After its natural days it opens no form; the step itself stays open."""
    await story.report()
    link = await story.link("police_accept")
    story.clock.move(timedelta(days=story.bureau.settings.link_days) - timedelta(seconds=1))
    assert await status(link) is LinkStatus.OPEN
    story.clock.move(timedelta(seconds=1))
    assert await status(link) is LinkStatus.EXPIRED
    assert (await story.request("police_accept")).state == "asked"


async def test_a_link_dies_when_its_step_is_withdrawn(story: Story) -> None:
    """WITHDRAWN, for good."""
    await story.report()
    link = await story.link("file_with_supervisor")
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        request = (
            await session.execute(select(Request).where(Request.step == "file_with_supervisor").with_for_update())
        ).scalar_one()
        await withdraw(session, story.bureau, request, case)
    assert await status(link) is LinkStatus.WITHDRAWN


async def test_a_link_dies_when_its_step_moves_to_another_office(story: Story) -> None:
    """MOVED for the old office from the moment the coordinator decides; the new office's own link is open."""
    await story.report()
    old = await story.link("police_accept")
    await old.say(AnswerKind.DECLINED, words="不属管辖", instead="justice")
    assert await status(old) is LinkStatus.ANSWERED
    await story.run()
    await story.answer("reroute", office="justice")
    assert await status(old) is LinkStatus.MOVED
    assert await status(await story.link("police_accept")) is LinkStatus.OPEN


async def test_a_letter_older_than_the_latest_facts_says_so(story: Story) -> None:
    """CHANGED: the page shows the present version; the letter's text is older."""
    await story.report(reporter_name="", reporter_contact="")
    link = await story.link("police_accept")
    await link.say(AnswerKind.MORE_FACTS, words="请补充地址")
    await story.run()
    await story.answer("supply_facts", facts="见附件")
    assert await status(link) is LinkStatus.CHANGED
    fresh = await story.link("police_accept", kind="question_answered")
    assert await status(fresh) is LinkStatus.OPEN


async def test_nobody_guesses_a_link(story: Story) -> None:
    """UNKNOWN: another token, another installation's key, and the hash itself open nothing."""
    await story.report()
    link = await story.link("police_accept")
    async with story.database.transaction() as session:
        kept = (await session.execute(select(Link))).scalar_one()
    assert link.token not in (kept.nonce, kept.token_hash)
    for guess in ("A" * 27, kept.nonce, kept.token_hash, "", link.token[:-1]):
        with pytest.raises(UnknownLink):
            await links.open_link(story.bureau, guess)
    elsewhere = Bureau(story.database, story.bureau.county, story.clock, story.bureau.settings, b"another key")
    letter = (await story.letters("asked", to_officer="ps_zhou"))[0]
    async with story.database.transaction() as session:
        minted = await links.mint(session, elsewhere, letter)
    with pytest.raises(UnknownLink):
        await links.open_link(story.bureau, minted.url.rsplit("/", 1)[1])


async def test_a_letter_carries_the_same_link_however_often_it_is_composed(story: Story) -> None:
    """One letter, one link, one code; another officer's letter has another."""
    await story.report()
    first, again = await story.link("police_accept"), await story.link("police_accept")
    other = await story.link("police_accept", "ps_xia")
    assert (first.token, first.code) == (again.token, again.code)
    assert other.token != first.token
    assert len(first.token) == links.TOKEN_LETTERS
    assert len(base64.b32decode(first.token.upper())) * 8 >= 128
    assert first.code.isdigit()
    assert len(first.code) == links.CODE_DIGITS


async def test_a_letter_about_no_step_carries_no_link(story: Story) -> None:
    """A notice needs no answer."""
    await story.report(danger_now=True)
    notice = (await story.letters("informed"))[0]
    async with story.database.transaction() as session:
        with pytest.raises(ValueError, match="carries no link"):
            await links.mint(session, story.bureau, notice)


async def test_looking_changes_nothing(story: Story) -> None:
    """GET and HEAD of scanners, ten times: no log row, no answer, no version."""
    await story.report()
    link = await story.link("police_accept")
    before = await story.request("police_accept")
    for _ in range(10):
        await link.look()
    after = await story.request("police_accept")
    assert (after.version, after.state, after.acknowledged_at) == (before.version, before.state, None)
    assert not await story.answers()


async def test_a_link_to_a_step_past_due_still_takes_an_answer(story: Story) -> None:
    """Late is better than never: the deadline ends no link."""
    await story.report()
    link = await story.link("police_accept")
    await story.fast_forward(days=2)
    assert await status(link) is LinkStatus.OPEN
    seen = await link.look()
    assert seen.due < story.clock.now()
    assert not seen.may_extend


@given(TOKENS | OLDER)
def test_a_token_survives_what_mail_programs_do_to_it(token: str) -> None:
    """%-encoding, folding, trailing punctuation, the next parameter behind &amp;, and marks around it."""
    broken = f"{token[:10]}=\r\n{token[10:]}"
    mangled = [
        quote(token), quote(f"{token}。"), f"{token}.", f"{token}）", f"{token}>", f"{token}&amp;utm=1", f"{token}&utm=1",
        f"{token}&#13;", f" {token} ", f"{token[:9]}\r\n {token[9:]}", broken, f"{token}%20", f"<{token}>", f"“{token}”",
        f"{token}?utm_source=mail", f"{token}/",
    ]  # fmt: skip
    for seen in mangled:
        assert clean_token(seen) == token, seen


@given(TOKENS, st.data())
def test_a_token_survives_what_happens_to_its_letters(token: str, data: st.DataObject) -> None:
    """Any of its letters percent-encoded (twice, three times), in capitals, full-width, parted by something invisible, and
    whatever words a program takes along with it."""
    place = data.draw(st.integers(0, len(token) - 1))
    before, letter, after = token[:place], token[place], token[place + 1 :]
    mangled = [
        f"{before}%{ord(letter):02X}{after}", f"{before}%25{ord(letter):02x}{after}",
        f"{before}%2525{ord(letter):02x}{after}", "".join(f"%{ord(one):02x}" for one in token), token.upper(),
        token.title(), f"{before}{chr(ord(letter) + 0xFEE0)}{after}", f"{before}&#{ord(letter)};{after}",
        *(f"{before}{unseen}{letter}{after}" for unseen in ("\u200b", "\u00ad", "\ufeff", "\u2060", "\t", "\0", "=\n")),
        f"{before}%0D%0A%20{letter}{after}", f"{before}= {letter}{after}",
        *(f"{token}{mark}" for mark in "。，）」”>&;.,!?'\"’、；：】》…·)]}*_-|"),
        f"{token}请点击办理", f"{token} Next line", f"{token}-and_more", f"（{token}）", f"*{token}*",
    ]  # fmt: skip
    for seen in mangled:
        assert clean_token(seen) == token, seen


async def test_links_of_the_first_release_still_open(story: Story) -> None:
    """A letter sent before an upgrade keeps its link, and the letter sent again prints the same one."""
    await story.report()
    link = await story.link("police_accept")
    async with story.database.transaction() as session:
        kept = (await session.execute(select(Link))).scalar_one()
        signed = story.bureau.sign("link", kept.nonce)[:20]
        older = base64.urlsafe_b64encode(signed).decode().rstrip("=")
        kept.token_hash = hashlib.sha256(older.encode()).hexdigest()
    assert (await story.link("police_accept")).token == older
    assert (await links.open_link(story.bureau, f"{older}。")).status is LinkStatus.OPEN
    with pytest.raises(UnknownLink):
        await link.look()


def test_a_token_that_is_none_is_empty() -> None:
    """Nothing readable is no token, and no fault."""
    assert [clean_token(raw) for raw in ("", "  ", "。", "%E3%80%82", "\0")] == [""] * 5


async def test_a_round_has_links_of_its_own(story: Story) -> None:
    """A reopened step's old letters say that they were answered; only the new round's letters act."""
    await story.report()
    old = await story.link("police_accept")
    await old.say(AnswerKind.DECLINED, words="不属管辖", instead="justice")
    await story.run()
    await story.answer("reroute", office="public_security")
    assert await status(old) is LinkStatus.ANSWERED
    fresh = await story.link("police_accept")
    assert fresh.token != old.token
    assert await status(fresh) is LinkStatus.OPEN


async def test_terms_are_kept_with_the_step_and_people_are_looked_up(story: Story) -> None:
    """A county's change of limits reaches the next step, not one that has begun."""
    await story.report()
    request = await story.request("police_accept")
    kept = terms_of(request)
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        again = await put_request(
            session, story.bureau, case, request.proceeding_id, STEPS["police_accept"],
            story.bureau.county.office("public_security"),
            replace(kept, answer=replace(kept.answer, basis="新的条款")), subject="", number=1,
        )  # fmt: skip
    assert again.id == request.id
    assert terms_of(await story.request("police_accept")) == kept
