"""What the pages say about people: who is barred learns nothing, who is away sees the stand-in, a mailbox is no person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from office import disclosure
from office.absences import set_absence
from office.bars import bar
from office.clock import Clock as Ticker
from office.letters import written_parts
from office.links import mint
from office.portal.app import create_app
from office.refusals import Refused
from office.sheets import case_sheet
from office.staffing import settle
from office.tables import CaseRow
from rules.answers import Acceptance
from rules.steps import STEPS
from rules.vocabulary import AnswerKind, BarReason, Happening
from tests.office.test_people import changed
from tests.story import Story

pytestmark = pytest.mark.anyio


@pytest.fixture
async def browser(story: Story) -> AsyncIterator[httpx.AsyncClient]:
    """A browser before the portal of the story."""
    transport = httpx.ASGITransport(app=create_app(story.bureau))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as client:
        yield client


@pytest.mark.parametrize("reason", list(BarReason))
async def test_the_page_of_a_barred_officer_names_no_case_no_step_and_no_reason(
    story: Story, browser: httpx.AsyncClient, reason: BarReason
) -> None:
    """On GET and on POST."""
    await story.report()
    link = await story.link("police_accept", "ps_zhou")
    await bar(story.bureau, case=story.case, who="ps_zhou", reason=reason, set_by="coordinator")
    version = (await link.look()).version
    form = {"typed_name": "周立言", "code": link.code, "version": str(version), "own_jurisdiction": "yes"}
    seen = await browser.get(f"/r/{link.token}")
    sent = await browser.post(f"/r/{link.token}/done", data=form)
    asked = await browser.post(f"/r/{link.token}/details", data=form)
    for answer in (seen, sent, asked):
        assert "这件事不能由您办理" in answer.text
        for word in (story.case, STEPS["police_accept"].label, reason.label, "回避", "期限"):
            assert word not in answer.text
    assert seen.status_code == 200
    assert not await story.answers()


async def test_the_page_says_who_stands_in_and_for_whom(story: Story, browser: httpx.AsyncClient) -> None:
    """Both may act, and both are told."""
    await set_absence(
        story.bureau, officer="ps_zhou", begins=story.clock.now(), ends=story.clock.now() + timedelta(days=3),
        stand_in="ps_lei", set_by="ps_zhou",
    )  # fmt: skip
    await story.report()
    his = await story.link("police_accept", "ps_lei")
    assert "您代理周立言办理这件事" in (await browser.get(f"/r/{his.token}")).text


async def test_through_a_shared_mailbox_whoever_answers_gives_their_own_name(story: Story) -> None:
    """The record names the person and the mailbox; the case itself is not read through it; nobody is comrade mailbox."""
    county = changed(story.bureau.county, "ps_zhou", shared=True, name="值班信箱")
    story.bureau = replace(story.bureau, county=county)
    story.ticker = Ticker(story.bureau)
    await story.report()
    link = await story.link("police_accept", "ps_zhou")
    seen = await link.look()
    assert seen.shared
    assert not disclosure.may_show(seen)
    with pytest.raises(Refused, match="不经共用邮箱查阅"):
        await disclosure.send_code(story.bureau, link.token, typed_name="某警官", code=link.code)
    (letter,) = await story.letters("asked", to_officer="ps_zhou")
    officer = county.officer("ps_zhou")
    assert officer is not None
    async with story.database.transaction() as session:
        minted = await mint(session, story.bureau, letter)
    text = written_parts(story.bureau, letter, officer, minted)[1]
    assert text.startswith("值班信箱：")
    assert "同志" not in text.splitlines()[0]
    await link.say(AnswerKind.DONE, typed_name="某警官", payload=Acceptance(own_jurisdiction=True))
    (answer,) = await story.answers()
    assert (answer.officer, answer.typed_name) == ("ps_zhou", "某警官")
    (event,) = await story.happened(Happening.REQUEST_DONE)
    assert event.detail == "经共用邮箱"
    decided = (await link.look()).decided
    assert decided is not None
    assert decided.by == "某警官（经共用邮箱）"


async def test_no_name_and_no_bar_stands_in_what_prefect_shows(story: Story) -> None:
    """Leave, stand-in, bar and answer: the case sheet names neither an officer nor who was barred or why."""
    await story.report()
    await set_absence(
        story.bureau, officer="ps_zhou", begins=story.clock.now(), ends=story.clock.now() + timedelta(days=3),
        stand_in="ps_lei", set_by="coordinator",
    )  # fmt: skip
    await bar(story.bureau, case=story.case, who="ps_xia", reason=BarReason.RELATIVE, set_by="coordinator")
    await bar(story.bureau, case=story.case, who="标记己", reason=BarReason.OTHER, set_by="coordinator")
    await settle(story.bureau)
    await story.answer("police_accept", said_by="ps_lei", own_jurisdiction=True)
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        sheet = await case_sheet(session, story.bureau, case)
    assert story.case in sheet
    for word in ("周立言", "夏安宁", "雷正宇", "标记己", "ps_xia", BarReason.RELATIVE.label):
        assert word not in sheet
