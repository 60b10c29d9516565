"""On the real records: looking at whatever can be reached changes nothing, robots get nowhere, and one press decides once."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from config.county import County
from config.settings import Settings
from office import answering, consequences, links, outbox, proving
from office.letters import compose
from office.tables import Base
from rules.vocabulary import AnswerKind, Happening, RequestState
from tests.conftest import FixedClock
from tests.office.test_letters import ABOUT_PEOPLE, ACTING, FACTS, part
from tests.portal.scenes import Play, player
from tests.portal.test_real_records import link_of
from tests.story import Story


@pytest.fixture
def play(records_url: str, county: County, clock: FixedClock, installation: Settings) -> Play:
    """Plays a scene before the portal."""
    return player(records_url, county, clock, installation, faults_are_pages=True)


async def image(story: Story) -> dict[str, Any]:
    """The whole database: every row of every table, and where each sequence stands."""
    async with story.database.transaction() as session:
        found: dict[str, Any] = {}
        for table in Base.metadata.sorted_tables:
            every = text(f'SELECT to_jsonb(t)::text FROM "{table.name}" t ORDER BY 1')  # noqa: S608 - our own names
            rows = await session.execute(every)
            found[table.name] = list(rows.scalars())
        rows = await session.execute(text("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"))
        found["sequences"] = [tuple(row) for row in rows]
        return found


async def several_links(story: Story) -> dict[str, tuple[str, dict[str, Any]]]:
    """A link in each state: open, answered, withdrawn, moved, changed, expired."""
    await story.report()
    found = {}
    await story.answer("police_accept", own_jurisdiction=True, acceptance_number="1")
    found["answered"] = await link_of(story, "police_accept")
    await story.report(reporter_name="", reporter_contact="")
    found["moved"] = await link_of(story, "police_accept")
    await story.say(AnswerKind.DECLINED, "police_accept", words="不属管辖", instead="justice")
    await story.answer("reroute", office="justice")
    changed = await link_of(story, "police_accept")
    await story.say(AnswerKind.MORE_FACTS, "police_accept", words="请补充地址")
    await story.answer("supply_facts", facts="见附件")
    found["changed"] = changed
    await story.report(reporter_name="", reporter_contact="")
    found["open"] = await link_of(story, "police_accept")
    found["withdrawn"] = await link_of(story, "file_with_supervisor")
    async with story.database.transaction() as session:
        row, request, case = await links.find(session, found["withdrawn"][0].removeprefix("/r/"), lock=True)
        await consequences.withdraw(session, story.bureau, request, case)
        assert row.expires_at > story.clock.now()
    return found


def addresses_in(html: str) -> set[str]:
    """Whatever a robot finds to follow: links, forms, style sheets, frames."""
    found = re.findall(r'(?:href|action|src)="([^"]+)"', html)
    return {unescape(one).split("#")[0] for one in found if one.startswith("/")}


SHOWN = {
    "answered": "已由安和县公安局",
    "moved": "已改由",
    "changed": "来信之后情况有变",
    "open": "请选择怎么办理",
    "withdrawn": "这件事已撤回",
}


def test_following_every_link_and_form_by_get_and_head_changes_nothing(play: Play) -> None:
    """From every page and from links in every state: the whole database is the same before and after, no session is
    begun, and nothing on a page acts by itself (F1, F2, F10, F17)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        found = await several_links(story)
        begin = {page for page, _ in found.values()}
        begin |= {f"{page}/{end}" for page in begin for end in ("details", "details/read", "resend", "done", "x")}
        begin |= {"/", "/report", "/query", "/dev/mail", "/dev/mail.json", "/healthz", "/robots.txt", "/api/reports"}
        for later in (timedelta(0), timedelta(days=story.bureau.settings.link_days)):
            story.clock.move(later)
            before = await image(story)
            waiting, seen = set(begin), set()
            while waiting:
                path = waiting.pop()
                seen.add(path)
                for method in ("HEAD", "GET"):
                    answer = await browser.request(method, path)
                    assert answer.status_code < 500, path
                    assert "set-cookie" not in answer.headers
                    assert "refresh" not in answer.headers
                html = answer.text if "html" in answer.headers.get("content-type", "") else ""
                assert "<script" not in html
                assert "http-equiv" not in html
                if "location" in answer.headers:
                    waiting |= {answer.headers["location"]} - seen
                waiting |= addresses_in(html) - seen
            assert {page for page, _ in found.values()} <= seen
            assert await image(story) == before
            if not later:
                for state, (page, _) in found.items():
                    assert SHOWN[state] in (await browser.get(page)).text, state

    play(scene)


def test_a_robot_that_presses_every_button_changes_nothing(play: Play) -> None:
    """Every form of every link, empty and with rubbish in each field: refused, and nothing but the count of wrong codes
    has moved (F1, F5, F10)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        found = await several_links(story)
        for later in (timedelta(0), timedelta(days=story.bureau.settings.link_days)):
            story.clock.move(later)
            before = await image(story)
            for page, _ in found.values():
                html = (await browser.get(page)).text
                forms = re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', html, flags=re.DOTALL)
                targets = {action: set(re.findall(r'name="([^"]+)"', inside)) for action, inside in forms}
                ends = (*(kind.value for kind in AnswerKind), "details", "details/read", "resend")
                for action in {*targets, *(f"{page}/{end}" for end in ends)}:
                    rubbish = dict.fromkeys(targets.get(action, {"typed_name", "version"}), "1") | {"version": "1"}
                    for fields in ({}, rubbish, rubbish | {"code": "x", "one_time_code": "x", "reread": "yes"}):
                        answer = await browser.post(action, data=fields)
                        assert answer.status_code in (200, 409, 422, 429), action
                        assert "HF-" not in answer.text or "已由" in answer.text
            after = await image(story)
            counted = re.compile(r'"wrong_codes": \d+')
            for kept in (before, after):
                kept["link"] = [counted.sub("", row) for row in kept["link"]]
            assert after == before

    play(scene)


@pytest.mark.parametrize("kind", ["received", "done", "more_facts"])
def test_ten_presses_at_once_make_one_answer_and_one_letter_of_confirmation(play: Play, kind: str) -> None:
    """Through the portal on PostgreSQL, all at the same moment: each press is shown the same reference (F6, F56)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        fields = who | {"own_jurisdiction": "yes", "words": "请补充地址"}
        answers = await asyncio.gather(*(browser.post(f"{page}/{kind}", data=fields) for _ in range(10)))
        assert {answer.status_code for answer in answers} == {200}
        rows = await story.answers()
        assert [row.kind for row in rows] == [kind]
        assert all(rows[0].reference in answer.text for answer in answers)
        assert len(await story.letters("confirmation")) == 1
        assert len(await story.happened(answering.HAPPENING_OF[AnswerKind(kind)])) == 1

    play(scene)


def test_contrary_presses_at_once_make_one_decision(play: Play) -> None:
    """Done and declined from the same letter at the same moment: one stands, the other page shows it (F5)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        no = who | {"reason": "other", "words": "不属管辖", "instead": "justice"}
        yes = who | {"own_jurisdiction": "yes"}
        presses = [browser.post(f"{page}/{kind}", data=d) for kind, d in (("done", yes), ("declined", no)) * 3]
        answers = await asyncio.gather(*presses)
        assert sorted({answer.status_code for answer in answers}) == [200, 409]
        rows = await story.answers()
        assert len(rows) == 1
        assert all(rows[0].reference in answer.text for answer in answers)

    play(scene)


def test_an_accident_while_deciding_spends_nothing(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database fails once in the middle of an answer: 500, nothing is written, the link works as before (F192, F160)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        fields = who | {"own_jurisdiction": "yes"}
        before = await image(story)

        async def away(*_: object) -> None:
            raise OperationalError("x", {}, Exception("the connection is gone"))

        with monkeypatch.context() as broken:
            broken.setattr(answering, "follow", away)
            failed = await browser.post(f"{page}/done", data=fields)
        assert failed.status_code == 500
        assert "系统暂时出了问题" in failed.text
        after = await image(story)
        assert {name: rows for name, rows in after.items() if name != "sequences"} == {
            name: rows for name, rows in before.items() if name != "sequences"
        }
        assert (await browser.post(f"{page}/done", data=fields)).status_code == 200
        assert (await story.request("police_accept")).state == RequestState.DONE

    play(scene)


def test_the_printed_end_of_a_link_is_the_enforced_one(play: Play) -> None:
    """To the second: what the letter and the page print is when the link stops (F14)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        letter = (
            await story.letters("asked", to_officer=story.bureau.county.office("public_security").contacts[0].key)
        )[0]
        async with story.database.transaction() as session:
            printed = (await links.mint(session, story.bureau, letter)).expires_at
        story.clock.move_to(printed - timedelta(seconds=1))
        assert "请选择怎么办理" in (await browser.get(page)).text
        story.clock.move_to(printed)
        assert "这个链接已过期" in (await browser.get(page)).text
        assert (await browser.post(f"{page}/received", data=who)).status_code == 409
        assert await story.answers() == []

    play(scene)


def test_an_answer_by_phone_makes_the_links_page_a_record_to_read(play: Play) -> None:
    """It says who, when and that it came by phone, and offers nothing to press (F4)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        given = await story.answer("police_accept", own_jurisdiction=True, acceptance_number="1")
        shown = await browser.get(page)
        assert shown.status_code == 200
        assert given.reference in shown.text
        assert "电话" in shown.text
        assert "<form" not in shown.text
        assert (await browser.post(f"{page}/declined", data=who)).status_code == 422

    play(scene)


def test_a_worn_out_link_says_where_the_fresh_one_went(play: Play) -> None:
    """After too many wrong codes: a page of its own, nothing to press, the fresh letter in the outbox."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        token, wrong = page.removeprefix("/r/"), "0" * 6 if who["code"] != "0" * 6 else "1" * 6
        for _ in range(links.MOST_WRONG_CODES):
            with pytest.raises(answering.Refused):
                await proving.prove(story.bureau, token, typed_name="x", code=wrong)
        shown = await browser.get(page)
        assert "这个链接已停用" in shown.text
        assert "<form" not in shown.text
        assert (await browser.post(f"{page}/received", data=who)).status_code == 409
        assert len(await story.happened(Happening.LINK_WORN)) == 1
        fresh, typed = await link_of(story, "police_accept")
        assert fresh != page
        assert (await browser.post(f"{fresh}/received", data=typed)).status_code == 200

    play(scene)


def test_a_link_carries_its_officer_and_nothing_visible_changes_who_acts(play: Play) -> None:
    """Two officers have two links; whatever is added to the address or the form, the record names the link's officer and
    that it came by link (F7, F20)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        letter = (await story.letters("asked"))[-1]
        fields = who | {"own_jurisdiction": "yes", "officer": "ps_xia", "office": "justice", "typed_name": "外人"}
        assert (await browser.post(f"{page}/done?officer=ps_xia&office=justice", data=fields)).status_code == 200
        row = (await story.answers())[0]
        assert letter.to_office
        assert (row.office, row.channel, row.entered_by) == ("public_security", "link", "外人")
        officer = story.bureau.county.officer(row.officer)
        assert officer is not None
        assert row.typed_name == officer.name
        shown = re.sub(r"<[^>]+>", "", (await browser.get(page)).text)
        assert f"通过发给{officer.name}的邮件链接" in shown

    play(scene)


def test_the_link_printed_in_every_kind_of_letter_opens_its_own_step(play: Play) -> None:
    """As the officer does it: the address and the code are read out of the letter's text, and both are right (F187)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        (wanted, other) = await story.requests(open_only=True)
        officer = story.bureau.county.office(wanted.office).contacts[0]
        number = (next(event.case_id for event in await story.happened(Happening.CASE_OPENED)), story.case)
        for kind in sorted(ACTING - ABOUT_PEOPLE):
            async with story.database.transaction() as session:
                await outbox.put(
                    session, story.bureau, key=f"{kind}/crawl", kind=kind, case=number,
                    to_office=wanted.office, to_officer=officer.key, request=wanted, acts=True,
                    facts=FACTS[kind] | {"case_number": story.case},
                )  # fmt: skip
            letter = (await story.letters(kind, to_officer=officer.key))[-1]
            async with story.database.transaction() as session:
                minted = await links.mint(session, story.bureau, letter)
            body = part(compose(story.bureau, letter, officer, minted), "plain")
            (address,) = re.findall(rf"^{re.escape(story.bureau.settings.portal_url)}(/r/\S+)$", body, re.MULTILINE)
            (code,) = re.findall(r"^(\d{6})$", body, re.MULTILINE)
            shown = (await browser.get(address)).text
            assert links.step(wanted.step).label in shown, kind
            assert links.step(other.step).label not in shown, kind
            given = await browser.post(
                f"{address}/received", data={"typed_name": officer.name, "code": code, "version": str(wanted.version)}
            )
            assert given.status_code == 200, kind
        assert [(row.request_id, row.kind) for row in await story.answers()] == [(wanted.id, "received")]

    play(scene)
