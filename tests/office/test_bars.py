"""A barred person is never recipient, stand-in or viewer: not by a letter, a link, a telephone call or a reading."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from office import disclosure, links
from office.answering import Given
from office.bars import bar, lift
from office.links import LinkStatus
from office.phone import answer_by_phone
from office.post import Post
from office.refusals import Refused
from office.staffing import settle
from office.tables import Barred, CaseRow, Event, Letter, Request
from rules.answers import Acceptance
from rules.vocabulary import AnswerKind, BarReason, Happening, LetterState
from tests.office.letter_desk import ScriptedMailer, without
from tests.office.test_staffing import county_is, take_three
from tests.story import Story

pytestmark = pytest.mark.anyio

POLICE = ("ps_zhou", "ps_xia", "ps_zhiban", "ps_lei")


async def shut_out(story: Story, *who: str, reason: BarReason = BarReason.ALLEGED_PERPETRATOR) -> None:
    """Bar them from the story's case."""
    for one in who:
        await bar(story.bureau, case=story.case, who=one, reason=reason, set_by="coordinator")


async def test_a_barred_officers_link_is_dead_says_nothing_and_acts_on_nothing(story: Story) -> None:
    """A page of its own, also after the step was answered; the answer is refused without a reason."""
    await story.report()
    hers, his = await story.link("police_accept", "ps_zhou"), await story.link("police_accept", "ps_xia")
    await shut_out(story, "ps_zhou")
    assert (await hers.look()).status is LinkStatus.NOT_YOURS
    with pytest.raises(Refused) as refusal:
        await hers.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))
    assert refusal.value.sentence == "这件事不能由您办理。"
    assert not await story.answers()
    assert (await his.look()).status is LinkStatus.OPEN
    await his.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))
    assert (await hers.look()).status is LinkStatus.NOT_YOURS
    with pytest.raises(Refused, match="不能由您办理"):
        await hers.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))


async def test_a_barred_person_acts_through_no_colleagues_link(story: Story) -> None:
    """A forwarded letter and one's own name."""
    await story.report()
    his = await story.link("police_accept", "ps_xia")
    await shut_out(story, "ps_zhou")
    with pytest.raises(Refused, match="不能由您办理"):
        await his.say(AnswerKind.RECEIVED, typed_name="周立言")
    await his.say(AnswerKind.RECEIVED, typed_name="夏安宁")


@pytest.mark.parametrize("said_by", ["ps_zhou", "周立言", "周 立言"])
async def test_a_barred_person_answers_by_no_telephone(story: Story, said_by: str) -> None:
    """Under the key or the name."""
    await story.report()
    await shut_out(story, "ps_zhou")
    with pytest.raises(Refused, match="应当回避本案"):
        await story.answer("police_accept", said_by=said_by, own_jurisdiction=True)
    await story.answer("police_accept", said_by="ps_xia", own_jurisdiction=True)


async def test_a_barred_person_reads_nothing(story: Story) -> None:
    """No code is sent, and one that was sent before opens nothing."""
    await story.report()
    await story.deliver()
    hers = await story.link("police_accept", "ps_zhou")
    await disclosure.send_code(story.bureau, hers.token, typed_name="周立言", code=hers.code)
    (letter,) = await story.letters("disclosure_code")
    async with story.database.transaction() as session:
        code = await disclosure.code_in(session, story.bureau, letter)
    await shut_out(story, "ps_zhou")
    with pytest.raises(Refused, match="不能由您办理"):
        await disclosure.read_particulars(story.bureau, hers.token, typed_name="周立言", one_time_code=code)
    with pytest.raises(Refused, match="不能由您办理"):
        await disclosure.send_code(story.bureau, hers.token, typed_name="周立言", code=hers.code)
    assert not await story.happened(Happening.PARTICULARS_READ)


async def test_a_barred_person_reads_nothing_through_a_colleagues_letter(story: Story) -> None:
    """A forwarded letter and one's own name: no code is sent, and a colleague's code opens nothing."""
    await story.report()
    await story.deliver()
    his = await story.link("police_accept", "ps_xia")
    await shut_out(story, "ps_zhou")
    with pytest.raises(Refused, match="不能由您办理"):
        await disclosure.send_code(story.bureau, his.token, typed_name="周立言", code=his.code)
    await disclosure.send_code(story.bureau, his.token, typed_name="夏安宁", code=his.code)
    (letter,) = await story.letters("disclosure_code")
    async with story.database.transaction() as session:
        code = await disclosure.code_in(session, story.bureau, letter)
    with pytest.raises(Refused, match="不能由您办理"):
        await disclosure.read_particulars(story.bureau, his.token, typed_name="周立言", one_time_code=code)
    await disclosure.read_particulars(story.bureau, his.token, typed_name="夏安宁", one_time_code=code)


async def test_a_one_time_code_that_has_not_left_goes_to_nobody_else(story: Story) -> None:
    """Barred while the code waited: it leaves for nobody."""
    await story.report()
    await story.deliver()
    hers = await story.link("police_accept", "ps_zhou")
    await disclosure.send_code(story.bureau, hers.token, typed_name="周立言", code=hers.code)
    await shut_out(story, "ps_zhou")
    mailer = ScriptedMailer()
    await Post(story.bureau, mailer).send_due()
    assert [row.state for row in await story.letters("disclosure_code")] == ["failed"]
    assert not [to for to, message in mailer.taken if "查阅码" in message["Subject"]]


async def test_an_escalation_that_has_not_left_skips_the_barred_head_and_the_silent_officers(story: Story) -> None:
    """The head is barred while the letter waits: the next level is told, not those who keep silent."""
    await story.report()
    await story.deliver()
    await story.fast_forward(minutes=30)
    assert [row.to_officer for row in await story.letters("escalation")] == ["ps_lei"]
    await shut_out(story, "ps_lei")
    mailer = ScriptedMailer()
    await Post(story.bureau, mailer).send_due()
    told = {row.to_officer: row.state for row in await story.letters("escalation")}
    assert told == {"ps_lei": "failed", "xt_wen": "handed_over"}
    assert not [to for to, _ in mailer.taken if to == "ps.lei@anhe.example"]


async def test_a_barred_coordinator_types_no_answer_and_re_routes_nothing(story: Story) -> None:
    """By key or name, and by their own link."""
    await story.report()
    await story.deliver()
    await shut_out(story, *POLICE)
    await story.run()
    await shut_out(story, "xt_wen")
    for typist in ("xt_wen", "闻小舟"):
        with pytest.raises(Refused, match="录入人应当回避"):
            await answer_by_phone(
                story.bureau, case=story.case, step_key="reroute", kind=AnswerKind.DONE, said_by="xt_lin",
                entered_by=typist, payload={"office": "justice"},
            )  # fmt: skip
    hers = await story.link("reroute", "xt_wen")
    assert (await hers.look()).status is LinkStatus.NOT_YOURS
    await story.answer("reroute", said_by="xt_lin", office="justice")
    assert (await story.request("police_accept")).office == "justice"


async def test_nobody_is_asked_to_call_a_barred_coordinator(story: Story) -> None:
    """Letters and pages of the case name another coordinator, or who stands above."""
    await story.report()
    mailer = ScriptedMailer()
    await shut_out(story, "xt_wen")
    await Post(story.bureau, mailer).send_due()
    texts = [str(message.get_body(("plain",)).get_content()) for _, message in mailer.taken]  # type: ignore[union-attr]
    assert texts
    assert not [text for text in texts if "闻小舟" in text]
    assert "林知秋" in texts[0]
    link = await story.link("police_accept", "ps_zhou")
    assert [name for name, _ in (await link.look()).desk] == ["林知秋"]
    await shut_out(story, "xt_lin")
    assert [name for name, _ in (await link.look()).desk] == ["廖致和"]


async def test_a_list_of_a_leavers_steps_leaves_out_what_its_recipient_was_barred_from_meanwhile(story: Story) -> None:
    """Barred between the writing and the leaving of the list."""
    cases = await take_three(story)
    county_is(story, without(story.bureau.county, "ps_zhou"))
    await settle(story.bureau)
    story.case = cases[1]
    await shut_out(story, "xt_wen")
    mailer = ScriptedMailer()
    await Post(story.bureau, mailer).send_due()
    (told,) = [m for to, m in mailer.taken if "离岗转办" in m["Subject"] and to == "xt.wen@anhe.example"]
    text = str(told.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert [number for number in cases if number in text] == [cases[0], cases[2]]
    assert "2项" in told["Subject"]


async def test_a_letter_that_has_not_left_goes_to_the_next_contact(story: Story) -> None:
    """Nothing at all leaves for a barred person, and the coordinator who barred them is not told that they did."""
    await story.report()
    await shut_out(story, "ps_zhou", "ps_xia")
    mailer = ScriptedMailer()
    await Post(story.bureau, mailer).send_due()
    to = [recipient for recipient, _ in mailer.taken]
    assert "ps.zhiban@anhe.example" in to
    assert not {"ps.zhou@anhe.example", "ps.xia@anhe.example"} & set(to)
    assert not await story.letters("recipient_missing")
    assert (await (await story.link("police_accept", "ps_zhiban")).look()).status is LinkStatus.OPEN


@pytest.mark.parametrize("state", [state for state in LetterState if state.may_arrive])
async def test_a_colleague_whose_letter_may_arrive_gets_no_second_one(story: Story, state: LetterState) -> None:
    """Also where a ceiling holds the letter up, or nobody knows whether it arrived."""
    await story.report()
    async with story.database.transaction() as session:
        await session.execute(update(Letter).values(state=state.value))
    await shut_out(story, "ps_zhou")
    asked = (await story.request("police_accept")).id
    assert [x.to_officer for x in await story.letters("asked", request_id=asked)].count("ps_xia") == 1


async def test_the_owners_step_goes_on_when_the_owner_is_barred(story: Story) -> None:
    """Owner cleared, colleagues written to anew; the log names nobody."""
    await story.report()
    await story.deliver()
    await (await story.link("police_accept", "ps_zhou")).say(AnswerKind.RECEIVED)
    await shut_out(story, "ps_zhou")
    request = await story.request("police_accept")
    assert request.owner is None
    fresh = (await story.letters("asked", request_id=request.id))[-1]
    assert (fresh.to_officer, fresh.state) == ("ps_xia", "pending")
    (event,) = await story.happened(Happening.PERSON_BARRED)
    assert (event.detail, event.office) == ("", "")


async def test_an_office_with_nobody_left_gives_the_step_back_to_the_coordinator(story: Story) -> None:
    """As if declined: the coordinator's own clock starts, and another office gets the step."""
    await story.report()
    await story.deliver()
    await shut_out(story, *POLICE)
    assert (await story.request("police_accept")).state == "declined"
    assert len(await story.happened(Happening.OFFICE_RECUSED)) == 1
    await story.run()
    assert "reroute" in await story.waiting()
    await story.answer("reroute", office="justice")
    moved = await story.request("police_accept")
    assert (moved.office, moved.state) == ("justice", "asked")


async def test_a_step_put_to_an_office_with_nobody_left_comes_back_at_once(story: Story) -> None:
    """Also where the bar stood before the step."""
    await story.report()
    await shut_out(story, "ps_zhou", "ps_xia", "ps_zhiban")
    await story.answer("police_accept", said_by="ps_lei", own_jurisdiction=True)
    assert (await story.request("triage")).state == "asked"
    assert [row.to_officer for row in await story.letters("asked", request_id=(await story.request("triage")).id)] == [
        "ps_lei"
    ]
    await shut_out(story, "ps_lei")
    await story.run()
    assert "reroute" in await story.waiting()
    await story.answer("reroute", office="public_security")
    # The same office again has nobody still, and nobody of it is written to.
    assert "reroute" in await story.waiting()
    again = await story.request("triage")
    assert not await story.letters("asked", request_id=again.id)


async def test_escalation_passes_over_a_barred_head(story: Story) -> None:
    """The head has no part in the case: the next level is told."""
    await story.report()
    await shut_out(story, "ps_lei")
    await story.fast_forward(minutes=30)
    (told, *_) = await story.letters("escalation")
    assert told.to_officer == "xt_wen"


async def test_nothing_of_the_case_is_sent_to_a_barred_colleague(story: Story) -> None:
    """No "taken by" note, no closing notice: no mails, no counts."""
    await story.report()
    await story.deliver()
    await shut_out(story, "ps_zhou")
    await (await story.link("police_accept", "ps_xia")).say(
        AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True)
    )  # fmt: skip
    await story.run()
    mailer = ScriptedMailer()
    await Post(story.bureau, mailer).send_due()
    assert not [to for to, _ in mailer.taken if to == "ps.zhou@anhe.example"]


async def test_barring_twice_is_once_and_lifting_ends_it(story: Story) -> None:
    """By key or by name; what is unknown is refused in one sentence."""
    await story.report()
    first = await bar(story.bureau, case=story.case, who="某 某", reason=BarReason.RELATIVE, set_by="coordinator")
    again = await bar(story.bureau, case=story.case, who="某某", reason=BarReason.OTHER, set_by="coordinator")
    assert (first.again, again.again, again.reason) == (False, True, BarReason.RELATIVE)
    async with story.database.transaction() as session:
        (row,) = (await session.execute(select(Barred))).scalars()
    assert (row.officer, row.name) == ("", "某某")
    with pytest.raises(Refused, match="没有案号"):
        await bar(story.bureau, case="AH-2026-9999", who="ps_zhou", reason=BarReason.OTHER, set_by="coordinator")
    await shut_out(story, "ps_zhou")
    hers = await story.link("police_accept", "ps_zhou")
    assert (await hers.look()).status is LinkStatus.NOT_YOURS
    assert await lift(story.bureau, case=story.case, who="ps_zhou", lifted_by="coordinator")
    assert not await lift(story.bureau, case=story.case, who="ps_zhou", lifted_by="coordinator")
    assert (await hers.look()).status is LinkStatus.OPEN


class SlowMailer(ScriptedMailer):
    """Holds the first letter until told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.holding, self.go_on = asyncio.Event(), asyncio.Event()

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """The server is slow with a letter to the one who is about to be barred."""
        if recipient == "ps.zhou@anhe.example":
            self.holding.set()
            await self.go_on.wait()
        await super().send(message, recipient)


async def test_a_bar_while_the_letter_is_being_handed_over_kills_its_link(story: Story) -> None:
    """What is on its way cannot be called back; when it arrives its link is dead."""
    await story.report()
    mailer = SlowMailer()
    sending = asyncio.create_task(Post(story.bureau, mailer).send_due())
    await asyncio.wait_for(mailer.holding.wait(), 10)
    await shut_out(story, "ps_zhou")
    mailer.go_on.set()
    await asyncio.wait_for(sending, 20)
    arrived = [message for to, message in mailer.taken if to == "ps.zhou@anhe.example"]
    assert len(arrived) == 1
    hers = await story.link("police_accept", "ps_zhou")
    assert hers.token in str(arrived[0].get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert (await hers.look()).status is LinkStatus.NOT_YOURS
    assert (await (await story.link("police_accept", "ps_xia")).look()).status is LinkStatus.OPEN


async def test_an_answer_under_way_is_kept_whole_or_refused_whole(story: Story) -> None:
    """The answer holds the step: the bar waits for it. Then the bar stands: the next answer is refused."""
    await story.report()
    hers = await story.link("police_accept", "ps_zhou")
    async with story.database.transaction() as session:
        await session.execute(select(Request.id).where(Request.step == "police_accept").with_for_update())
        barring = asyncio.create_task(shut_out(story, "ps_zhou"))
        await asyncio.sleep(0.5)
        assert not barring.done()
        assert (await hers.look()).status is LinkStatus.OPEN
    await asyncio.wait_for(barring, 10)
    assert (await hers.look()).status is LinkStatus.NOT_YOURS


async def test_bar_and_answer_at_the_same_moment_never_leave_an_answer_after_the_bar(story: Story) -> None:
    """Twelve times at once: each answer was kept before the bar, or not at all."""
    for _ in range(12):
        await story.report()
        hers = await story.link("police_accept", "ps_zhou")

        async def answer(link: object = hers) -> Given | Refused:
            try:
                return await link.say(AnswerKind.DONE, payload=Acceptance(own_jurisdiction=True))  # type: ignore[attr-defined, no-any-return]
            except Refused as refusal:
                return refusal

        outcome, _ = await asyncio.gather(answer(), shut_out(story, "ps_zhou"))
        events = [e for e in await _events(story) if e in (Happening.REQUEST_DONE.value, Happening.PERSON_BARRED.value)]
        if isinstance(outcome, Given):
            assert events == [Happening.REQUEST_DONE.value, Happening.PERSON_BARRED.value]
        else:
            assert events == [Happening.PERSON_BARRED.value]
        assert (await links.open_link(story.bureau, hers.token)).status is LinkStatus.NOT_YOURS


async def _events(story: Story) -> list[str]:
    """What the log of the story's case says, in order."""
    async with story.database.transaction() as session:
        statement = select(Event.event).join(CaseRow, CaseRow.id == Event.case_id).where(CaseRow.number == story.case)
        return list((await session.execute(statement.order_by(Event.id))).scalars())
