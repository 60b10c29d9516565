"""An officer writes an absence down on a page: asked for by address, reached by letter, done with a name and a code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select

from office.absence_forms import LIVES
from office.clock import Clock as Ticker
from office.links import mint
from office.portal.app import create_app
from office.post import Post
from office.tables import Absence, AbsenceForm
from rules.vocabulary import Happening
from tests.office.letter_desk import ScriptedMailer
from tests.office.test_people import changed
from tests.story import Story

pytestmark = pytest.mark.anyio

ADDRESS = "ps.zhou@anhe.example"
PERIOD = {"first": "2026-03-03", "last": "2026-03-06", "stand_in": "ps_xia"}


@dataclass
class Desk:
    """The portal before an officer who has asked for the page."""

    story: Story
    browser: httpx.AsyncClient

    async def way(self) -> tuple[str, str]:
        """Ask for the page; the path and the code in the letter."""
        assert (await self.browser.post("/away", data={"address": ADDRESS})).status_code == 200
        letter = (await self.story.letters("absence_form", to_officer="ps_zhou"))[-1]
        async with self.story.database.transaction() as session:
            minted = await mint(session, self.story.bureau, letter)
        return minted.url.removeprefix(self.story.bureau.settings.portal_url), minted.code

    async def absences(self) -> list[tuple[str, str, bool]]:
        """Who is away, who stands in, and whether it was ended."""
        async with self.story.database.transaction() as session:
            rows = (await session.execute(select(Absence).order_by(Absence.id))).scalars()
            return [(row.officer, row.stand_in, row.ended_at is not None) for row in rows]


@pytest.fixture
async def desk(story: Story) -> AsyncIterator[Desk]:
    """A portal on the story's records."""
    transport = httpx.ASGITransport(app=create_app(story.bureau))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as browser:
        yield Desk(story, browser)


async def test_the_way_to_the_page_goes_to_the_registered_address_alone(desk: Desk) -> None:
    """The answer is the same for every address; one letter an hour; nothing for a stranger or a leaver."""
    pages = []
    for address in (ADDRESS, " PS.Zhou@anhe.example ", "stranger@elsewhere.example"):
        pages.append((await desk.browser.post("/away", data={"address": address})).text)
    assert len(set(pages)) == 1
    (letter,) = await desk.story.letters("absence_form")
    assert letter.to_officer == "ps_zhou"
    assert (await desk.browser.post("/away", data={"address": " "})).status_code == 422
    mailer = ScriptedMailer()
    await Post(desk.story.bureau, mailer).send_due()
    ((to, message),) = mailer.taken
    assert to == ADDRESS
    path, code = await desk.way()
    text = str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert path in text
    assert code in text


async def test_looking_writes_nothing_and_a_bare_press_of_the_button_neither(desk: Desk) -> None:
    """A scanner opens the link, follows it with HEAD and presses both buttons."""
    path, _ = await desk.way()
    for _ in range(3):
        seen = await desk.browser.get(path)
        assert (seen.status_code, (await desk.browser.head(path)).status_code) == (200, 200)
        assert "set-cookie" not in seen.headers
    assert (await desk.browser.post(path)).status_code == 422
    assert (await desk.browser.post(f"{path}/back")).status_code == 422
    assert not await desk.absences()
    assert (await desk.browser.get("/away/" + "A" * 27)).status_code == 404
    assert (await desk.browser.post("/away/" + "A" * 27)).status_code == 404


async def test_the_officer_names_a_colleague_and_both_hear_of_it(desk: Desk) -> None:
    """Colleagues of the own office alone are offered; who stands in knows it before the first letter comes."""
    path, code = await desk.way()
    page = (await desk.browser.get(path)).text
    for name, offered in (("夏安宁", True), ("雷正宇", True), ("洪定山", False), ('value="ps_zhou"', False)):
        assert (name in page) is offered
    done = await desk.browser.post(path, data=PERIOD | {"typed_name": "周立言", "code": code})
    assert (done.status_code, "已经登记" in done.text, "2026年3月6日" in done.text) == (200, True, True)
    assert await desk.absences() == [("ps_zhou", "ps_xia", False)]
    (event,) = await desk.story.happened(Happening.ABSENCE_SET)
    assert event.detail == "ps_zhou→ps_xia 2026-03-03 00:00—2026-03-07 00:00；登记人：ps_zhou"
    told = await desk.story.letters("standing_in")
    assert sorted(row.to_officer for row in told) == ["ps_xia", "ps_zhou"]
    back = await desk.browser.post(f"{path}/back", data={"typed_name": "周立言", "code": code})
    assert (back.status_code, "离岗代理已经结束" in back.text) == (200, True)
    assert await desk.absences() == [("ps_zhou", "ps_xia", True)]
    assert len(await desk.story.letters("standing_in")) == 4


@pytest.mark.parametrize(
    ("more", "status", "says"),
    [
        ({"code": "x"}, 422, "验证码不正确"),
        ({"typed_name": ""}, 422, "请填写“您的姓名”"),
        ({"typed_name": "夏安宁"}, 422, "由本人登记"),
        ({"first": "明天"}, 422, "例如 2026-05-01"),
        ({"first": "2026-02-30"}, 422, "例如 2026-05-01"),
        ({"first": "", "last": ""}, 422, "请填写“从哪天起”"),
        ({"last": "2026-03-02"}, 409, "离岗结束须晚于开始"),
        ({"first": "2026-03-01"}, 409, "已经过去"),
        ({"stand_in": "qs_hong"}, 422, "请选择"),
        ({"stand_in": "ps_zhou"}, 422, "请选择"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    desk: Desk, more: dict[str, str], status: int, says: str
) -> None:
    """Nothing is written."""
    path, code = await desk.way()
    form = PERIOD | {"typed_name": "周立言", "code": code} | more
    answer = await desk.browser.post(path, data=form)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert form["last"] in answer.text
    assert not await desk.absences()


async def test_days_are_taken_as_people_write_them(desk: Desk) -> None:
    """An old phone has no calendar."""
    path, code = await desk.way()
    form = PERIOD | {"first": "2026年3月3日", "last": "2026/3/6", "typed_name": "周 立言", "code": code}
    assert (await desk.browser.post(path, data=form)).status_code == 200
    assert await desk.absences() == [("ps_zhou", "ps_xia", False)]


async def test_ten_posts_at_once_make_one_absence(desk: Desk) -> None:
    """A double click is one absence and two letters."""
    path, code = await desk.way()
    form = PERIOD | {"typed_name": "周立言", "code": code}
    answers = await asyncio.gather(*(desk.browser.post(path, data=form) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert await desk.absences() == [("ps_zhou", "ps_xia", False)]
    assert len(await desk.story.letters("standing_in")) == 2


async def test_the_right_is_judged_at_the_moment_of_acting(desk: Desk) -> None:
    """Expired at the printed moment; gone with the address."""
    path, code = await desk.way()
    form = PERIOD | {"first": "2026-03-10", "last": "2026-03-12", "typed_name": "周立言", "code": code}
    desk.story.clock.move(LIVES - timedelta(seconds=1))
    assert "登记离岗" in (await desk.browser.get(path)).text
    desk.story.clock.move(timedelta(seconds=1))
    for answer in (await desk.browser.get(path), await desk.browser.post(path, data=form)):
        assert "这个链接已失效" in answer.text
        assert "夏安宁" not in answer.text
    fresh, code = await desk.way()
    assert fresh != path
    county = changed(desk.story.bureau.county, "ps_zhou", email="new.zhou@anhe.example")
    desk.story.bureau = replace(desk.story.bureau, county=county)
    desk.story.ticker = Ticker(desk.story.bureau)
    transport = httpx.ASGITransport(app=create_app(desk.story.bureau))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as browser:
        assert "这个链接已失效" in (await browser.get(fresh)).text
        await browser.post(fresh, data=form | {"code": code})
    assert not await desk.absences()


async def test_wrong_codes_rest_the_link_and_lock_nobody_out(desk: Desk) -> None:
    """After five the link rests, also for the right code; another letter can be asked for at once in the next hour."""
    path, code = await desk.way()
    form = PERIOD | {"typed_name": "周立言"}
    for _ in range(5):
        await desk.browser.post(path, data=form | {"code": "x"})
    assert "5分钟后再试" in (await desk.browser.post(path, data=form | {"code": code})).text
    desk.story.clock.move(timedelta(hours=1))
    fresh, code = await desk.way()
    assert (await desk.browser.post(fresh, data=form | {"code": code})).status_code == 200
    async with desk.story.database.transaction() as session:
        tokens = (await session.execute(select(AbsenceForm.token_hash))).scalars().all()
        assert (await session.execute(select(func.count()).select_from(Absence))).scalar_one() == 1
    # What is kept of a link is no link.
    assert fresh.rsplit("/", 1)[1] not in tokens
