"""A new contact confirms the address by a letter; looking at the link confirms nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from office import contacts
from office.directory import directory
from office.links import mint
from office.portal.app import create_app
from office.post import Post
from office.refusals import Refused
from office.staffing import settle
from office.tables import Contact
from office.tokens import Minted
from rules.vocabulary import Happening
from tests.office.letter_desk import ScriptedMailer, without
from tests.office.test_people import changed
from tests.story import Story

pytestmark = pytest.mark.anyio


@pytest.fixture
def asking(story: Story) -> Story:
    """A county in service, which asks its contacts."""
    chosen = story.bureau.settings.model_copy(update={"confirm_contacts": True})
    story.bureau = replace(story.bureau, settings=chosen)
    return story


async def minted_for(story: Story, officer: str) -> Minted:
    """The link in that officer's letter."""
    letter = (await story.letters("address_check", to_officer=officer))[-1]
    async with story.database.transaction() as session:
        return await mint(session, story.bureau, letter)


async def row_of(story: Story, officer: str) -> Contact:
    """The latest address of that officer."""
    async with story.database.transaction() as session:
        statement = select(Contact).where(Contact.officer == officer).order_by(Contact.id.desc()).limit(1)
        return (await session.execute(statement)).scalar_one()


async def states(story: Story, office: str = "public_security") -> dict[str, list[str]]:
    """How an office's people stand."""
    (one,) = [entry for entry in await directory(story.bureau) if entry["office"] == office]
    return {row["key"]: row["states"] for row in one["officers"]}


async def test_a_demonstration_asks_nobody(story: Story) -> None:
    """Its letters are those of the story; JIELI_CONFIRM_CONTACTS says otherwise where wanted."""
    assert (await settle(story.bureau)).new_contacts == 0
    assert not await story.letters("address_check")
    assert (await states(story))["ps_zhou"] == ["not_asked"]


async def test_every_contact_is_asked_once_and_stands_unconfirmed_until_then(asking: Story) -> None:
    """Two workers at once, and every minute again."""
    people = [o for office in asking.bureau.county.offices.values() for o in office.officers]
    await asyncio.gather(settle(asking.bureau), settle(asking.bureau))
    await settle(asking.bureau)
    letters = await asking.letters("address_check")
    assert sorted(row.to_officer for row in letters) == sorted(one.key for one in people)
    assert {row.case_id for row in letters} == {None}
    assert (await states(asking))["ps_zhou"] == ["unconfirmed"]


async def test_looking_confirms_nothing_and_the_form_does(asking: Story) -> None:
    """GET and HEAD five times by a scanner, a bare press of the button, a wrong code; then the officer."""
    await settle(asking.bureau)
    minted = await minted_for(asking, "ps_zhou")
    path = minted.url.removeprefix(asking.bureau.settings.portal_url)
    transport = httpx.ASGITransport(app=create_app(asking.bureau))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as browser:
        for _ in range(5):
            seen, head = await browser.get(path), await browser.head(path)
            assert (seen.status_code, head.status_code) == (200, 200)
            assert "set-cookie" not in seen.headers
            assert "确认邮箱" in seen.text
        assert (await browser.post(path)).status_code == 422
        wrong = await browser.post(
            path, data={"typed_name": "周立言", "code": "000000" if minted.code != "000000" else "1"}
        )
        assert (wrong.status_code, "验证码不正确" in wrong.text) == (422, True)
        assert (await row_of(asking, "ps_zhou")).state == "unconfirmed"
        for _ in range(2):
            right = await browser.post(path, data={"typed_name": "周立言", "code": minted.code})
            assert (right.status_code, "邮箱已确认" in right.text) == (200, True)
        assert (await browser.get("/c/" + "A" * 27)).status_code == 404
    row = await row_of(asking, "ps_zhou")
    assert (row.state, row.confirmed_by, row.confirmed_at) == ("confirmed", "周立言", asking.clock.now())
    assert len(await asking.happened(Happening.CONTACT_CONFIRMED)) == 1
    assert (await states(asking))["ps_zhou"] == ["confirmed"]


async def test_ten_presses_at_once_confirm_once(asking: Story) -> None:
    """One log row, one moment."""
    await settle(asking.bureau)
    minted = await minted_for(asking, "ps_zhou")
    token = minted.url.rsplit("/", 1)[1]
    every = await asyncio.gather(
        *(contacts.confirm(asking.bureau, token, typed_name="周立言", code=minted.code) for _ in range(10))
    )
    assert {one.confirmed_at for one in every} == {asking.clock.now()}
    assert len(await asking.happened(Happening.CONTACT_CONFIRMED)) == 1


async def test_wrong_codes_are_limited_without_locking_the_officer_out_for_good(asking: Story) -> None:
    """After five the link rests, also for the right code."""
    await settle(asking.bureau)
    minted = await minted_for(asking, "ps_zhou")
    token = minted.url.rsplit("/", 1)[1]
    for _ in range(5):
        with pytest.raises(Refused, match="验证码不正确"):
            await contacts.confirm(asking.bureau, token, typed_name="周立言", code="x")
    with pytest.raises(Refused, match="5分钟后再试"):
        await contacts.confirm(asking.bureau, token, typed_name="周立言", code=minted.code)


async def test_the_letter_leaves_with_its_link_and_to_nobody_else(asking: Story) -> None:
    """Only what stands in the letter confirms; an address that is gone passes its letter on to nobody."""
    await settle(asking.bureau)
    county = without(asking.bureau.county, "ps_xia")
    asking.bureau = replace(asking.bureau, county=county)
    mailer = ScriptedMailer()
    await Post(asking.bureau, mailer).send_due()
    (message,) = [m for to, m in mailer.taken if to == "ps.zhou@anhe.example"]
    assert (await minted_for(asking, "ps_zhou")).url in str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert message["In-Reply-To"] is None
    assert len([m for to, m in mailer.taken if to == "ps.zhiban@anhe.example"]) == 1


async def test_unconfirmed_contacts_still_get_letters(asking: Story) -> None:
    """A child must not wait for somebody's button."""
    await settle(asking.bureau)
    await asking.report()
    assert {row.to_officer for row in await asking.letters("asked")} >= {"ps_zhou", "ps_xia"}


async def test_a_new_address_is_asked_anew_and_the_old_link_confirms_nothing(asking: Story) -> None:
    """The confirmation is of the address and not of the person."""
    await settle(asking.bureau)
    old = await minted_for(asking, "ps_zhou")
    asking.bureau = replace(
        asking.bureau, county=changed(asking.bureau.county, "ps_zhou", email="new.zhou@anhe.example")
    )
    assert (await settle(asking.bureau)).new_contacts == 1
    opened = await contacts.confirm(asking.bureau, old.url.rsplit("/", 1)[1], typed_name="周立言", code=old.code)
    assert (opened.current, opened.confirmed_at) == (False, None)
    assert (await states(asking))["ps_zhou"] == ["unconfirmed"]


async def test_the_coordinator_hears_once_of_those_who_did_not_confirm_in_time(asking: Story) -> None:
    """One letter after the county's number of days; who confirmed or left is not in it."""
    await settle(asking.bureau)
    minted = await minted_for(asking, "ps_zhou")
    await contacts.confirm(asking.bureau, minted.url.rsplit("/", 1)[1], typed_name="周立言", code=minted.code)
    asking.clock.move(timedelta(days=asking.bureau.settings.contact_days) - timedelta(seconds=1))
    await settle(asking.bureau)
    assert not await asking.letters("contacts_unconfirmed")
    asking.clock.move(timedelta(seconds=1))
    await settle(asking.bureau)
    await settle(asking.bureau)
    (told,) = await asking.letters("contacts_unconfirmed")
    names = {line["officer"] for line in told.facts["contacts"]}
    assert "夏安宁" in names
    assert "周立言" not in names
