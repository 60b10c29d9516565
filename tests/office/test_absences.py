"""Stand-ins for a period: set by the officer or the coordinator, without loops, overlaps or conflicts of interest."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from office.absences import end_absence, set_absence
from office.bars import bar
from office.links import LinkStatus
from office.locks import AdvisoryLock
from office.post import Post
from office.refusals import Refused
from office.requests import ask
from office.staffing import settle
from office.tables import Absence, CaseRow
from office.timekeeping import COUNTY_ZONE
from rules.answers import Acceptance
from rules.steps import HANDOVER_GIVEN, HANDOVER_TAKEN
from rules.vocabulary import AnswerKind, BarReason, Happening
from tests.office.letter_desk import ScriptedMailer
from tests.story import Story

pytestmark = pytest.mark.anyio


def day(number: int) -> datetime:
    """Midnight at the beginning of a day of March 2026; the stories begin on the 2nd."""
    return datetime(2026, 3, number, tzinfo=COUNTY_ZONE)


async def send_away(
    story: Story, officer: str, stand_in: str, first: int = 2, last: int = 8, by: str = "coordinator"
) -> Absence:
    """An absence of whole days."""
    return await set_absence(
        story.bureau, officer=officer, begins=day(first), ends=day(last), stand_in=stand_in, set_by=by
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"officer": "nobody"}, "不在本县名册上"),
        ({"stand_in": "nobody"}, "不在本县名册上"),
        ({"stand_in": "ps_zhou"}, "不能是离岗人员本人"),
        ({"last": 2}, "离岗结束须晚于开始"),
        ({"first": 1}, "已经过去"),
        ({"by": "ps_xia"}, "只能由本人或者协调员登记"),
        ({"by": "ps_zhou", "stand_in": "qs_hong"}, "跨单位代理须由协调员登记"),
        # Who asks for more time would grant it.
        ({"officer": "xt_wen", "stand_in": "ps_zhou"}, "不能由被督办单位的周立言代理"),
        ({"officer": "ld_liao", "stand_in": "ps_lei"}, "不能由被督办单位的雷正宇代理"),
    ],
)
async def test_a_bad_absence_is_refused_in_one_sentence(story: Story, more: dict[str, Any], says: str) -> None:
    """Nothing is written."""
    fields: dict[str, Any] = {"officer": "ps_zhou", "stand_in": "ps_xia"} | more
    with pytest.raises(Refused, match=says):
        await send_away(story, **fields)
    assert await end_absence(story.bureau, officer="ps_zhou", ended_by="coordinator") == 0


async def test_overlapping_periods_of_one_officer_are_refused_and_following_ones_are_not(story: Story) -> None:
    """The sentence names the period that stands."""
    await send_away(story, "ps_zhou", "ps_xia", 3, 6)
    with pytest.raises(Refused, match="2026-03-03 00:00至2026-03-06 00:00已登记离岗"):
        await send_away(story, "ps_zhou", "ps_lei", 5, 8)
    await send_away(story, "ps_zhou", "ps_lei", 6, 8)
    assert await end_absence(story.bureau, officer="ps_zhou", ended_by="ps_zhou") == 2
    await send_away(story, "ps_zhou", "ps_lei", 5, 8)


async def test_a_loop_is_refused_however_long_and_a_chain_is_not(story: Story) -> None:
    """A for B and B for C stand; C for A would leave nobody."""
    await send_away(story, "ps_zhou", "ps_xia")
    with pytest.raises(Refused, match="成了循环"):
        await send_away(story, "ps_xia", "ps_zhou")
    await send_away(story, "ps_xia", "ps_lei")
    with pytest.raises(Refused, match="成了循环"):
        await send_away(story, "ps_lei", "ps_zhou")
    # At another time there is no loop.
    await send_away(story, "ps_lei", "ps_zhou", 9, 12)


async def test_a_stand_in_who_is_barred_from_a_case_at_hand_is_refused_without_saying_why(story: Story) -> None:
    """No conflict of interest, and no hint at the case."""
    await story.report()
    await bar(story.bureau, case=story.case, who="ps_lei", reason=BarReason.RELATIVE, set_by="coordinator")
    with pytest.raises(Refused) as refusal:
        await send_away(story, "ps_zhou", "ps_lei")
    assert "请另选代理人" in refusal.value.sentence
    assert story.case not in refusal.value.sentence
    await send_away(story, "ps_zhou", "ps_xia")


async def test_letters_go_to_the_stand_in_and_the_owners_reminders_too(story: Story) -> None:
    """People are looked up when a letter is put: the absent officer gets none."""
    await send_away(story, "ps_zhou", "ps_lei")
    await story.report()
    request = await story.request("police_accept")
    assert sorted(row.to_officer for row in await story.letters("asked", request_id=request.id)) == ["ps_lei", "ps_xia"]
    assert [event.detail for event in await story.happened(Happening.ABSENCE_SET)] == [
        "ps_zhou→ps_lei 2026-03-02 00:00—2026-03-08 00:00；登记人：coordinator"
    ]


async def test_a_letter_that_has_not_left_goes_to_the_stand_in_named_meanwhile(story: Story) -> None:
    """People are resolved when the letter leaves; the letter set aside says why, and nobody gets it twice."""
    await story.report()
    await send_away(story, "ps_zhou", "ps_xia")
    mailer = ScriptedMailer()
    post = Post(story.bureau, mailer)
    # What goes to another instead is put while the others leave, and may be for the post's next look.
    await post.send_due()
    await post.send_due()
    request = await story.request("police_accept")
    told = {row.to_officer: row.state for row in await story.letters("asked", request_id=request.id)}
    assert told == {"ps_zhou": "stale", "ps_xia": "handed_over"}
    asked = [to for to, message in mailer.taken if "离岗代理" not in message["Subject"]]
    assert asked.count("ps.xia@anhe.example") == 1
    assert "ps.zhou@anhe.example" not in asked


async def test_the_stand_in_gets_what_the_owner_had_in_hand_and_both_may_act(story: Story) -> None:
    """The absent officer's link shows who stands in; what they do is recorded as done while away."""
    await story.report()
    await story.deliver()
    hers = await story.link("police_accept", "ps_zhou")
    await hers.say(AnswerKind.RECEIVED)
    await send_away(story, "ps_zhou", "qs_hong")
    assert (await settle(story.bureau)).passed_on == 1
    assert (await settle(story.bureau)).passed_on == 0
    seen = await hers.look()
    assert (seen.status, seen.stand_in) == (LinkStatus.OPEN, "洪定山")
    his = await story.link("police_accept", "qs_hong")
    seen = await his.look()
    assert (seen.status, seen.stands_for) == (LinkStatus.OPEN, "周立言")
    await his.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))
    assert (await story.happened(Happening.REQUEST_DONE))[0].detail == "代理：ps_zhou"


async def test_what_the_absent_officer_does_is_recorded_as_such(story: Story) -> None:
    """Allowed, and written down."""
    await story.report()
    hers = await story.link("police_accept", "ps_zhou")
    await send_away(story, "ps_zhou", "ps_xia")
    await hers.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))
    assert (await story.happened(Happening.REQUEST_DONE))[0].detail == "离岗期间本人办理"


async def test_a_stand_in_of_another_office_loses_the_right_with_the_period(story: Story) -> None:
    """MOVED, and refused at the moment of acting."""
    await send_away(story, "ps_zhou", "qs_hong", 2, 4)
    await story.report()
    his = await story.link("police_accept", "qs_hong")
    story.clock.move_to(day(4) - timedelta(seconds=1))
    assert (await his.look()).status is LinkStatus.OPEN
    story.clock.move_to(day(4))
    assert (await his.look()).status is LinkStatus.MOVED
    with pytest.raises(Refused, match="不能再通过此链接办理"):
        await his.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))


async def test_ending_an_absence_takes_effect_at_once(story: Story) -> None:
    """The next letter goes to the officer again."""
    await send_away(story, "ps_zhou", "qs_hong")
    await end_absence(story.bureau, officer="ps_zhou", ended_by="ps_zhou")
    await story.report()
    request = await story.request("police_accept")
    assert sorted(row.to_officer for row in await story.letters("asked", request_id=request.id)) == [
        "ps_xia",
        "ps_zhou",
    ]


async def test_two_who_name_each_other_at_the_same_moment_make_no_loop(story: Story) -> None:
    """On the real PostgreSQL, eight times: one stands, the other is refused."""
    for number in range(8):
        first = 2 + 3 * number
        both = await asyncio.gather(
            send_away(story, "ps_zhou", "ps_xia", first, first + 2),
            send_away(story, "ps_xia", "ps_zhou", first, first + 2),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in both) == ["Absence", "Refused"]
        refusal = next(one for one in both if isinstance(one, Refused))
        assert "成了循环" in refusal.sentence


async def test_the_same_absence_again_is_one_absence(story: Story) -> None:
    """Whoever presses twice is told of it once."""
    rows = await asyncio.gather(*(send_away(story, "ps_zhou", "ps_xia") for _ in range(5)))
    assert len({row.id for row in rows}) == 1
    assert sorted(row.to_officer for row in await story.letters("standing_in")) == ["ps_xia", "ps_zhou"]


async def test_who_reported_a_case_at_hand_is_refused_as_stand_in(story: Story) -> None:
    """Nobody accepts their own referral for somebody else; the sentence names no case."""
    await story.report(reporter_name="洪 定山")
    with pytest.raises(Refused) as refusal:
        await send_away(story, "ps_zhou", "qs_hong")
    assert "请另选代理人" in refusal.value.sentence
    assert story.case not in refusal.value.sentence


async def test_a_stand_in_gets_nothing_of_a_case_they_report_later(story: Story) -> None:
    """Named before the report: that case passes them over, the others do not."""
    await send_away(story, "ps_zhou", "qs_hong")
    await story.report(reporter_name="洪定山")
    request = await story.request("police_accept")
    assert [row.to_officer for row in await story.letters("asked", request_id=request.id)] == ["ps_xia"]
    await story.report()
    request = await story.request("police_accept")
    asked = await story.letters("asked", request_id=request.id)
    assert sorted(row.to_officer for row in asked) == ["ps_xia", "qs_hong"]


async def test_a_stand_ins_letter_that_has_not_left_goes_to_who_came_back(story: Story) -> None:
    """The period ended while the mail server was away: nobody is told that somebody has left."""
    await send_away(story, "ps_zhou", "qs_hong", 2, 4)
    await story.report()
    story.clock.move_to(day(4))
    post = Post(story.bureau, ScriptedMailer())
    await post.send_due()
    await post.send_due()
    request = await story.request("police_accept")
    told = {row.to_officer: row.state for row in await story.letters("asked", request_id=request.id)}
    assert told == {"ps_zhou": "handed_over", "ps_xia": "handed_over", "qs_hong": "stale"}
    assert not await story.letters("recipient_missing")


async def test_one_person_confirms_no_handover_for_both_sides(story: Story) -> None:
    """The police and the protection center sign one paper (晋政发〔2017〕46号 三(四)); a stand-in for both signs once."""
    await send_away(story, "ps_zhou", "qs_hong")
    await send_away(story, "jz_shu", "qs_hong")
    await story.report()
    given = await story.request("police_accept")
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        for step, office in ((HANDOVER_GIVEN, "public_security"), (HANDOVER_TAKEN, "minor_protection_center")):
            await ask(session, story.bureau, case, given.proceeding_id, step, story.bureau.county.office(office))
    await story.answer_only("handover_given", said_by="qs_hong", document_number="1")
    with pytest.raises(Refused, match="须由另一人确认"):
        await story.answer_only("handover_taken", said_by="qs_hong", document_number="1")
    await story.answer_only("handover_taken", document_number="1")


async def test_an_absence_is_set_while_everything_else_that_only_one_does_is_under_way(story: Story) -> None:
    """A clock, a reader of returned mail and the rest hold their locks as long as they live; nobody waits for them here."""
    async with story.database.engine.connect() as connection:
        for lock in AdvisoryLock:
            if lock is not AdvisoryLock.ABSENCES:
                await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": lock})
        await connection.commit()
        set_away = await asyncio.wait_for(send_away(story, "ps_zhou", "ps_xia"), 5)
        await connection.execute(text("SELECT pg_advisory_unlock_all()"))
        await connection.commit()
    assert set_away.stand_in == "ps_xia"
