"""What a case is about is shown to the officer who must act, once for each code, and every time is logged."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from config.county import County
from office import disclosure, links, outbox
from office.disclosure import CODES_A_DAY, WRONG_TRIES, Particulars, Reporter
from office.post import Post
from office.refusals import Refused
from office.tables import Disclosure, Letter, Request
from rules.vocabulary import AnswerKind, Happening, Mechanism
from tests.office.letter_desk import ScriptedMailer
from tests.story import Opener, Story

pytestmark = pytest.mark.anyio

MARKED = {
    "narrative": "标记甲",
    "child_description": "标记乙",
    "place_detail": "标记丙",
    "alleged_perpetrator": "标记己",
    "reporter_name": "标记丁",
    "reporter_contact": "标记戊",
}


async def ask_code(opener: Opener, **more: Any) -> None:
    """The officer asks for a one-time code, with name and printed code unless `more` says otherwise."""
    fields = {"typed_name": "经办人", "code": opener.code} | more
    await disclosure.send_code(opener.story.bureau, opener.token, **fields)


async def codes(story: Story) -> list[str]:
    """The codes in all letters of that kind, oldest first, as the post would write them."""
    found = []
    for letter in await story.letters("disclosure_code"):
        async with story.database.transaction() as session:
            found.append(await disclosure.code_in(session, story.bureau, letter))
    return found


async def read(opener: Opener, code: str, typed_name: str = "经办人") -> Particulars:
    """The officer types the one-time code."""
    return await disclosure.read_particulars(
        opener.story.bureau, opener.token, typed_name=typed_name, one_time_code=code
    )


async def ask_and_read(opener: Opener) -> Particulars:
    """Both, one after the other."""
    await ask_code(opener)
    return await read(opener, (await codes(opener.story))[-1])


async def later(story: Story, minutes: float) -> None:
    """Let machine time pass for every code: PostgreSQL's own clock cannot be moved, so the rows are."""
    async with story.database.transaction() as session:
        await session.execute(
            text(
                "UPDATE disclosure SET made_at = made_at - CAST(:by AS interval), "
                "expires_at = expires_at - CAST(:by AS interval)"
            ),
            {"by": timedelta(minutes=minutes)},
        )


def wrong(code: str) -> str:
    """A code of the right shape that is not this one."""
    return ("2" if code[0] != "2" else "3") + code[1:]


async def reads(story: Story) -> int:
    """How many readings the log holds."""
    return len(await story.happened(Happening.PARTICULARS_READ))


async def test_an_officer_reads_what_was_reported(story: Story) -> None:
    """Reason, danger, times, narrative, child and place; neither name nor contact of the reporter."""
    await story.report(**MARKED)
    found = await ask_and_read(await story.link("police_accept"))
    (report,) = found.reports
    assert (report.narrative, report.child, report.whereabouts) == ("标记甲", "标记乙", "标记丙")
    assert report.accused == "标记己"
    assert (report.reason, report.danger, report.found_at) == ("疑似遭受家庭暴力", False, None)
    assert report.filed_at == story.clock.now()
    assert report.reporter is None
    assert "标记丁" not in repr(found)
    assert "标记戊" not in repr(found)
    township = next(iter(story.bureau.county.townships.values()))
    assert found.area == township.name + next(iter(township.villages.values())).name


async def test_the_code_goes_to_the_registered_officer_and_letter_and_log_say_nothing(story: Story) -> None:
    """One letter without a link, two log rows that name step, office and officer; nothing of the report anywhere."""
    await story.report(**MARKED)
    opener = await story.link("police_accept")
    await ask_and_read(opener)
    (letter,) = await story.letters("disclosure_code")
    assert (letter.to_office, letter.to_officer, letter.acts) == ("public_security", "ps_zhou", False)
    rows = [*await story.happened(Happening.DISCLOSURE_CODE_SENT), *await story.happened(Happening.PARTICULARS_READ)]
    assert [(row.event, row.step, row.office, row.detail) for row in rows] == [
        ("disclosure_code_sent", "police_accept", "public_security", "ps_zhou"),
        ("particulars_read", "police_accept", "public_security", "ps_zhou"),
    ]
    (code,) = await codes(story)
    async with story.database.transaction() as session:
        for table in ("event", "letter", "disclosure", "link", "request", "proceeding"):
            kept = (await session.execute(text(f"SELECT t::text FROM {table} t"))).scalars().all()  # noqa: S608
            assert [row for row in kept if "标记" in row or code in row] == [], table


async def test_the_post_prints_the_code_that_reads(story: Story) -> None:
    """The letter that leaves carries the code and no address to click; composed again it carries the same."""
    await story.report()
    opener = await story.link("police_accept")
    await story.deliver()
    await ask_code(opener)
    mailer = ScriptedMailer()
    assert await Post(story.bureau, mailer).send_due() == 1
    ((recipient, message),) = mailer.taken
    body = message.get_body(("plain",))
    assert body is not None
    (code,) = await codes(story)
    lines = body.get_content().splitlines()
    assert code in lines
    assert not any("/r/" in line or "http" in line for line in lines)
    assert code not in message["Subject"]
    officer = story.bureau.county.officer("ps_zhou")
    assert officer is not None
    assert recipient == officer.email
    assert (await read(opener, code)).reports


@pytest.mark.parametrize(
    "dress", [str.lower, lambda c: f" {c[:4]}-{c[4:]} ", lambda c: "".join(chr(ord(x) + 0xFEE0) for x in c)]
)
async def test_a_code_is_forgiven_its_dress(story: Story, dress: Any) -> None:
    """Lower case, blanks, full-width letters: people copy by hand."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_code(opener)
    assert (await read(opener, dress((await codes(story))[-1]))).reports


@pytest.mark.parametrize(
    ("proof", "field"), [({"typed_name": " "}, "typed_name"), ({"code": ""}, "code"), ({"code": "x"}, "code")]
)
async def test_a_code_is_sent_against_the_proof_of_an_answer_only(
    story: Story, proof: dict[str, str], field: str
) -> None:
    """Name and printed code: a robot with the link alone moves nothing."""
    await story.report()
    opener = await story.link("police_accept")
    with pytest.raises(Refused) as refusal:
        await ask_code(opener, **proof)
    assert refusal.value.field == field
    assert await story.letters("disclosure_code") == []
    with pytest.raises(Refused, match="还没有申请过查阅码"):
        await read(opener, opener.code)
    assert await story.happened(Happening.DISCLOSURE_CODE_SENT) == []


async def test_a_code_reads_once(story: Story) -> None:
    """A second use is refused; a fresh code reads again."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_and_read(opener)
    (code,) = await codes(story)
    with pytest.raises(Refused, match="已经用过"):
        await read(opener, code)
    with pytest.raises(Refused, match="2分钟后再申请"):
        await ask_code(opener)
    await later(story, 2)
    await ask_and_read(opener)
    assert await reads(story) == 2


async def test_ten_parallel_reads_make_one(story: Story) -> None:
    """Ten browsers with the same code: one page is shown, one row is logged."""
    await story.report(**MARKED)
    opener = await story.link("police_accept")
    await ask_code(opener)
    (code,) = await codes(story)
    outcomes = await asyncio.gather(*(read(opener, code) for _ in range(10)), return_exceptions=True)
    assert [type(one) for one in outcomes].count(Particulars) == 1
    assert [type(one) for one in outcomes].count(Refused) == 9
    assert await reads(story) == 1


async def test_a_code_lives_fifteen_minutes_of_machine_time(story: Story) -> None:
    """County time may stand still or run: it is the machine's minutes that count."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_code(opener)
    (code,) = await codes(story)
    story.clock.move(timedelta(hours=1))
    await later(story, 14)
    await read(opener, code)
    await ask_code(opener)
    (_, second) = await codes(story)
    await later(story, 15)
    with pytest.raises(Refused, match="已过期"):
        await read(opener, second)
    assert await reads(story) == 1


async def test_five_wrong_tries_kill_a_code_and_no_more(story: Story) -> None:
    """The right code comes too late after the fifth; a fresh one works."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_code(opener)
    (code,) = await codes(story)
    for _ in range(WRONG_TRIES - 1):
        with pytest.raises(Refused, match="查阅码不正确") as refusal:
            await read(opener, wrong(code))
        assert refusal.value.field == "one_time_code"
    with pytest.raises(Refused, match="已经作废"):
        await read(opener, wrong(code))
    with pytest.raises(Refused, match="已经作废"):
        await read(opener, code)
    assert await reads(story) == 0
    await later(story, 3)
    assert (await ask_and_read(opener)).reports


async def test_fresh_codes_are_two_minutes_apart_and_five_a_day(story: Story) -> None:
    """A second press while one is on its way sends nothing; the sixth of a day is refused; a day later there is one again."""
    await story.report()
    opener = await story.link("police_accept")
    await asyncio.gather(*(ask_code(opener) for _ in range(4)))
    assert len(await codes(story)) == 1
    for _ in range(CODES_A_DAY - 1):
        await later(story, 2.1)
        await ask_code(opener)
    await later(story, 2.1)
    with pytest.raises(Refused, match="一天最多发5次"):
        await ask_code(opener)
    assert len(await codes(story)) == len(await story.happened(Happening.DISCLOSURE_CODE_SENT)) == CODES_A_DAY
    await later(story, 24 * 60)
    await ask_code(opener)
    assert len(await codes(story)) == CODES_A_DAY + 1


async def test_only_the_newest_code_reads(story: Story) -> None:
    """Whoever asked again uses the later letter; the earlier one, if it still waits, does not leave."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_code(opener)
    await later(story, 3)
    await ask_code(opener)
    first, second = await codes(story)
    with pytest.raises(Refused, match="最新一封"):
        await read(opener, first)
    await story.deliver()
    assert [letter.state for letter in await story.letters("disclosure_code")] == ["stale", "handed_over"]
    assert (await read(opener, second)).reports


@pytest.mark.parametrize("over", ["expired", "answered"])
async def test_a_code_that_is_worth_nothing_any_more_does_not_leave(story: Story, over: str) -> None:
    """A mail server that was away for a quarter of an hour, or a step answered meanwhile."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_code(opener)
    if over == "expired":
        await later(story, 16)
    else:
        await story.answer_only("police_accept", own_jurisdiction=True)
    await story.deliver()
    assert [letter.state for letter in await story.letters("disclosure_code")] == ["stale"]


async def test_another_links_code_reads_nothing(story: Story) -> None:
    """A code belongs to one link: not to a colleague's, not to another step's."""
    await story.report()
    mine, other = await story.link("police_accept"), await story.link("file_with_supervisor")
    colleague = await story.link("police_accept", story.bureau.county.office("public_security").contacts[1].key)
    await ask_code(mine)
    await ask_code(colleague)
    first, second = await codes(story)
    for opener, code in ((mine, second), (colleague, first)):
        with pytest.raises(Refused, match="查阅码不正确"):
            await read(opener, code)
    with pytest.raises(Refused, match="不需要查阅案情"):
        await read(other, first)
    assert await reads(story) == 0


def without(county: County, officer: str) -> County:
    """The county after that person has left."""
    offices = {
        key: replace(office, officers=tuple(one for one in office.officers if one.key != officer))
        for key, office in county.offices.items()
    }
    return replace(county, offices=MappingProxyType(offices))


async def test_an_officer_who_has_left_gets_no_code_and_reads_nothing(story: Story) -> None:
    """The right to read is judged at the moment of reading, also between the two letters."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_code(opener)
    (code,) = await codes(story)
    story.bureau = replace(story.bureau, county=without(story.bureau.county, "ps_zhou"))
    with pytest.raises(Refused, match="不能再通过此链接查阅案情"):
        await read(opener, code)
    with pytest.raises(Refused, match="不能再通过此链接查阅案情"):
        await ask_code(opener)
    assert len(await codes(story)) == 1
    assert await reads(story) == 0


async def test_a_code_that_cannot_reach_its_officer_goes_to_no_other(story: Story) -> None:
    """Other letters find a stand-in; this one is for the registered address alone, and the coordinator is told."""
    await story.report()
    opener = await story.link("police_accept")
    await story.deliver()
    await ask_code(opener)
    story.bureau = replace(story.bureau, county=without(story.bureau.county, "ps_zhou"))
    await Post(story.bureau, ScriptedMailer()).send_due()
    (letter,) = await story.letters("disclosure_code")
    assert (letter.to_officer, letter.state) == ("ps_zhou", "failed")
    assert len(await story.letters("recipient_missing")) >= 1


@pytest.mark.parametrize("end", ["done", "declined", "expired"])
async def test_a_link_that_no_longer_acts_shows_nothing(story: Story, end: str) -> None:
    """Done, handed to another office, or expired: what the officer needed to know is no longer needed."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_code(opener)
    (code,) = await codes(story)
    match end:
        case "done":
            await story.answer_only("police_accept", own_jurisdiction=True)
        case "declined":
            await story.say_only(AnswerKind.DECLINED, "police_accept", words="回避", instead="coordinator")
        case _:
            story.clock.move(timedelta(days=15))
    for act in (read(opener, code), ask_code(opener)):
        with pytest.raises(Refused, match="不能再通过此链接查阅案情"):
            await act
    assert await reads(story) == 0


async def feedback(story: Story, **more: Any) -> None:
    """The police took the report, found nothing, and must tell the named reporter."""
    await story.report(**(MARKED | more))
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="unfounded", child_still_needs_help=False)


async def test_the_police_who_must_give_feedback_know_the_reporter(story: Story) -> None:
    """高检发〔2020〕9号 10: name and contact, in this step alone."""
    await feedback(story)
    found = await ask_and_read(await story.link("feedback_reporter"))
    assert found.reports[0].reporter == Reporter("标记丁", "标记戊")


async def test_the_feedback_step_in_another_offices_hands_names_nobody(story: Story) -> None:
    """13: whoever the step was moved to, only the police may know who reported."""
    await feedback(story)
    await story.say(AnswerKind.DECLINED, "feedback_reporter", words="不归我们", instead="civil_affairs")
    await story.answer("reroute", office="civil_affairs")
    request = await story.request("feedback_reporter")
    assert request.office == "civil_affairs"
    found = await ask_and_read(await story.link("feedback_reporter"))
    assert found.reports[0].narrative == "标记甲"
    assert found.reports[0].reporter is None


async def test_no_other_step_and_no_coordinator_ever_learns_who_reported(story: Story) -> None:
    """Every step that is asked while a case runs, and the coordinator's own."""
    await story.report(**(MARKED | {"danger_now": True}))
    await story.say(AnswerKind.MORE_FACTS, "police_accept", words="在哪所学校？")
    steps = [request for request in await story.requests(open_only=True) if request.step != "file_with_supervisor"]
    assert {"supply_facts", "police_accept"} < {request.step for request in steps}
    for request in steps:
        found = await ask_and_read(await story.link(request.step, subject=request.subject))
        assert found.reports[0].narrative == "标记甲", request.step
        assert "标记丁" not in repr(found)
        assert "标记戊" not in repr(found)


async def test_a_step_that_only_files_reads_exchanges_but_no_report(story: Story) -> None:
    """报告备案: nothing to read, until the coordinator has answered a question; then only that answer."""
    await story.report(**MARKED)
    opener = await story.link("file_with_supervisor")
    with pytest.raises(Refused, match="不需要查阅案情"):
        await ask_code(opener)
    await story.say(AnswerKind.MORE_FACTS, "file_with_supervisor", words="哪个单位？")
    found = await ask_and_read(opener)
    assert (found.reports, found.area) == ((), "")
    assert [one.question for one in found.exchanges] == ["哪个单位？"]
    assert "标记" not in repr(found)


async def test_an_office_reads_what_the_coordinator_supplied(story: Story) -> None:
    """Question and answer stand beside the report."""
    await story.report()
    await story.say(AnswerKind.MORE_FACTS, "police_accept", words="在哪所学校？")
    await story.answer("supply_facts", facts="柳河小学")
    found = await ask_and_read(await story.link("police_accept"))
    assert [(one.question, one.facts) for one in found.exchanges] == [("在哪所学校？", "柳河小学")]


async def test_a_letter_of_an_earlier_version_still_reads(story: Story) -> None:
    """Only the answer needs the newest page; what the case is about has not changed."""
    await story.report()
    opener = await story.link("police_accept")
    async with story.database.transaction() as session:
        request = (await session.execute(select(Request).where(Request.step == "police_accept"))).scalar_one()
        request.version += 1
    assert (await opener.look()).status is links.LinkStatus.CHANGED
    assert (await ask_and_read(opener)).reports


@pytest.mark.parametrize("event", ["particulars_read", "disclosure_code_sent"])
async def test_what_cannot_be_logged_is_not_shown(story: Story, event: str) -> None:
    """The log refuses the row: nothing is shown, no code leaves, and the code is not spent."""
    await story.report(**MARKED)
    opener = await story.link("police_accept")
    refuse = text(f"ALTER TABLE event ADD CONSTRAINT full_disk CHECK (event <> '{event}') NOT VALID")
    if event == "disclosure_code_sent":
        async with story.database.transaction() as session:
            await session.execute(refuse)
        with pytest.raises(IntegrityError):
            await ask_code(opener)
        assert await story.letters("disclosure_code") == []
        return
    await ask_code(opener)
    (code,) = await codes(story)
    async with story.database.transaction() as session:
        await session.execute(refuse)
    with pytest.raises(IntegrityError):
        await read(opener, code)
    async with story.database.transaction() as session:
        await session.execute(text("ALTER TABLE event DROP CONSTRAINT full_disk"))
    assert (await read(opener, code)).reports


async def test_reading_changes_nothing_of_the_case(story: Story) -> None:
    """No clock, no state, no wake: to read is not to acknowledge."""
    await story.report()
    before = await story.request("police_accept")
    await ask_and_read(await story.link("police_accept"))
    after = await story.request("police_accept")
    for name in ("state", "version", "acknowledged_at", "owner", "next_climb_at", "level"):
        assert getattr(before, name) == getattr(after, name), name
    assert await story.answers() == []
    assert await story.live() == {Mechanism.MANDATORY_REPORT.value}


async def test_no_other_letter_carries_a_one_time_code(story: Story) -> None:
    """A letter of another kind has none, and the code depends on the installation's key."""
    await story.report()
    opener = await story.link("police_accept")
    await ask_code(opener)
    (letter,) = await story.letters("disclosure_code")
    async with story.database.transaction() as session:
        other = (await session.execute(select(Letter).where(Letter.kind == "asked").limit(1))).scalar_one()
        with pytest.raises(ValueError, match="carries no one-time code"):
            await disclosure.code_in(session, story.bureau, other)
        mine = await disclosure.code_in(session, story.bureau, letter)
        stranger = replace(story.bureau, secret=b"another key")
        assert mine != await disclosure.code_in(session, stranger, letter)
        row = (await session.execute(select(Disclosure))).scalar_one()
        assert mine not in row.nonce
    assert outbox.LetterKind.DISCLOSURE_CODE in outbox.ABOUT_AN_OPEN_STEP
