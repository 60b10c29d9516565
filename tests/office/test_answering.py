"""An office's answer: one decision for each step version, however many hands press the button."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import select, text

from config.county import County
from office.answering import Given
from office.attempt import LeaseLost
from office.bureau import Bureau
from office.links import MOST_WRONG_CODES, LinkStatus, open_link
from office.phone import answer_by_phone
from office.proving import resend
from office.refusals import Refused, UnknownLink
from office.requests import news, terms_of
from office.tables import AnswerRow, Proceeding, Request
from rules.answers import Acceptance, CaseFiling, Done
from rules.steps import TRIAGE
from rules.vocabulary import AnswerKind, ClosingGround, Happening, Mechanism
from tests.story import Story, StoryAttempt

pytestmark = pytest.mark.anyio

ACCEPTED = Acceptance(own_jurisdiction=True)
DONE, RECEIVED, DECLINED = AnswerKind.DONE, AnswerKind.RECEIVED, AnswerKind.DECLINED
MORE_FACTS, EXTENSION = AnswerKind.MORE_FACTS, AnswerKind.EXTENSION


async def outcome_of(answer: Awaitable[Given]) -> Given | Refused:
    """The answer taken, or the refusal."""
    try:
        return await answer
    except Refused as refusal:
        return refusal


async def ordinary(story: Story) -> None:
    """A step that may be put off and has a county's own limit: whether to open a criminal case."""
    await story.report(reporter_name="", reporter_contact="")
    await story.answer("file_with_supervisor")
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="crime", child_still_needs_help=False)


async def statutory(story: Story) -> None:
    """A step whose limit is the law's: a public order case, 30 days."""
    await story.report(reporter_name="", reporter_contact="")
    await story.answer("file_with_supervisor")
    await story.answer("police_accept", own_jurisdiction=True)
    await story.answer("triage", outcome="public_order", child_still_needs_help=False)


# --- one decision -----------------------------------------------------------------------------------


async def test_ten_parallel_posts_of_one_link_are_one_decision(story: Story) -> None:
    """Ten forms sent in the same instant: one answer is written, and all ten get its reference."""
    await story.report()
    link = await story.link("police_accept")
    given = await asyncio.gather(*(link.say(DONE, version=1, payload=ACCEPTED) for _ in range(10)))
    assert len({one.reference for one in given}) == 1
    assert sorted(one.again for one in given) == [False] + [True] * 9
    assert len(await story.answers()) == 1
    assert len(await story.happened(Happening.REQUEST_DONE)) == 1
    assert len(await story.letters("confirmation")) == 1


async def test_ten_officers_and_decisions_at_once_make_one_decision(story: Story) -> None:
    """Two officers' links and the coordinator's phone, done and declined mixed: one stands, the others are told whose."""
    await story.report()
    hers, his = await story.link("police_accept", "ps_zhou"), await story.link("police_accept", "ps_xia")
    answers = [hers.say(DONE, version=1, payload=ACCEPTED), his.say(DONE, version=1, payload=ACCEPTED)]
    answers += [
        hers.say(DECLINED, version=1, words="不属管辖", instead="justice"),
        his.say(DECLINED, version=1, words="不属管辖", instead="justice"),
        story.say_only(DONE, "police_accept", said_by="ps_zhiban", payload={"own_jurisdiction": True}),
    ]
    outcomes = await asyncio.gather(*(outcome_of(answer) for answer in answers))
    taken = [one for one in outcomes if isinstance(one, Given)]
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert len({one.reference for one in taken}) == 1
    assert all("已由安和县公安局" in one.sentence for one in refused)
    decisions = [row for row in await story.answers() if row.kind in ("done", "declined")]
    assert len(decisions) == 1


async def test_a_double_click_gives_the_same_reference(story: Story) -> None:
    """The second press of any button finds the first one's answer, and nothing is done twice."""
    await ordinary(story)
    link = await story.link("file_criminal_case")
    cases: list[tuple[AnswerKind, dict[str, Any]]] = [
        (RECEIVED, {}),
        (MORE_FACTS, {"words": "请补充伤情照片"}),
        (EXTENSION, {"words": "正在鉴定"}),
        (DONE, {"payload": CaseFiling(filed=True)}),
    ]
    for kind, more in cases:
        first = await link.say(kind, **more)
        second = await link.say(kind, **more)
        assert (second.reference, second.again, first.again) == (first.reference, True, False), kind
    kinds = [row.kind for row in await story.answers()][-4:]
    assert kinds == ["received", "more_facts", "extension", "done"]


async def test_a_second_question_is_another_question(story: Story) -> None:
    """Only the same words are a second click; a new question gets its own reference and its own clock."""
    await ordinary(story)
    link = await story.link("file_criminal_case")
    first = await link.say(MORE_FACTS, words="请补充伤情照片")
    second = await link.say(MORE_FACTS, words="请补充住址")
    assert first.reference != second.reference
    assert [r.subject for r in await story.requests() if r.step == "supply_facts"] == [
        first.reference,
        second.reference,
    ]


async def test_a_second_officer_is_told_who_has_decided(story: Story) -> None:
    """“已由…”: whose answer stands, when, under which reference."""
    await story.report()
    hers, his = await story.link("police_accept", "ps_zhou"), await story.link("police_accept", "ps_xia")
    given = await hers.say(DONE, payload=ACCEPTED)
    for kind, more in (
        (DONE, {"payload": ACCEPTED}),
        (RECEIVED, {}),
        (DECLINED, {"words": "不", "instead": "justice"}),
    ):
        with pytest.raises(
            Refused, match=f"该事项已由安和县公安局周立言于2026年03月02日 09:00办结，编号{given.reference}"
        ):
            await his.say(kind, **more)


async def test_a_colleague_may_finish_what_another_has_taken(story: Story) -> None:
    """签收 makes an owner and tells the others; it shuts nobody out."""
    await story.report()
    hers, his = await story.link("police_accept", "ps_zhou"), await story.link("police_accept", "ps_xia")
    await hers.say(RECEIVED)
    told = await story.letters("taken_by")
    assert [(x.to_officer, x.facts["taken_by"]) for x in told] == [("ps_xia", "周立言")]
    with pytest.raises(Refused, match=r"已由安和县公安局周立言于.*签收"):
        await his.say(RECEIVED)
    assert not (await his.say(DONE, payload=ACCEPTED)).again
    request = await story.request("police_accept")
    assert (request.owner, request.state) == ("ps_zhou", "done")


async def test_a_weaker_answer_never_undoes_a_decision(story: Story) -> None:
    """签收 that arrives after 办结 changes nothing."""
    await story.report()
    link = await story.link("police_accept")
    await link.say(DONE, payload=ACCEPTED)
    with pytest.raises(Refused, match="已由"):
        await link.say(RECEIVED)
    assert (await story.request("police_accept")).state == "done"


# --- declined ---------------------------------------------------------------------------------------


async def test_a_declined_step_waits_for_the_coordinator_and_goes_to_another_office(story: Story) -> None:
    """退回: a clock starts on the coordinator; the new office gets a new round, and the flow sees one final answer."""
    await ordinary(story)
    await story.deliver()
    await story.say(DECLINED, "file_criminal_case", words="不属本局职责", instead="procuratorate")
    reroute = await story.request("reroute")
    assert reroute.office == "coordinator"
    assert reroute.due - reroute.asked_at == timedelta(hours=4)
    former = await story.request("file_criminal_case")
    await story.answer("reroute", office="procuratorate")
    fresh = await story.request("file_criminal_case")
    assert (fresh.round, fresh.office, fresh.state) == (2, "procuratorate", "asked")
    assert [event.office for event in await story.happened(Happening.REQUEST_REROUTED)] == ["procuratorate"]
    moved = await story.letters("moved", request_id=former.id)
    assert {x.to_officer for x in moved} == {"ps_zhou", "ps_xia"}
    assert {x.facts["moved_to"] for x in moved} == {"安和县人民检察院"}
    await story.answer("file_criminal_case", filed=True)
    assert await story.outcome(Mechanism.MANDATORY_REPORT) == "handed_on"


async def test_a_statutory_clock_runs_through_a_change_of_hands_and_the_countys_own_starts_anew(story: Story) -> None:
    """The law's 30 days began with the first office; the county's 7 days are the new office's."""
    await statutory(story)
    first = await story.request("public_order_case")
    await story.fast_forward(days=5)
    await story.say(DECLINED, "public_order_case", words="管辖有误", instead="justice")
    await story.answer("reroute", office="justice")
    assert (await story.request("public_order_case")).due == first.due

    await ordinary(story)
    own = await story.request("file_criminal_case")
    await story.fast_forward(days=5)
    await story.say(DECLINED, "file_criminal_case", words="管辖有误", instead="justice")
    await story.answer("reroute", office="justice")
    fresh = await story.request("file_criminal_case")
    assert fresh.due > own.due
    assert terms_of(fresh) == terms_of(own)


async def test_a_step_sent_back_to_the_same_office_is_reopened(story: Story) -> None:
    """The coordinator may find that the office was right to be asked: 重新交办, a new round, no letter of moving."""
    await ordinary(story)
    await story.deliver()
    link = await story.link("file_criminal_case")
    await link.say(DECLINED, words="不属本局职责", instead="justice")
    await story.run()
    await story.answer("reroute", office="public_security")
    fresh = await story.request("file_criminal_case")
    assert (fresh.round, fresh.office) == (2, "public_security")
    assert len(await story.happened(Happening.REQUEST_REOPENED)) == 1
    assert not await story.letters("moved")
    with pytest.raises(Refused, match=r"已由.*退回"):
        await link.say(DONE, version=1, payload=CaseFiling(filed=True))


async def test_a_decline_names_a_reason_and_another_office(story: Story) -> None:
    """A bare 退回 is refused with the field it lacks; the coordinator's own steps cannot be declined."""
    await story.report()
    link = await story.link("police_accept")
    for more, field in (
        ({"words": "", "instead": "justice"}, "words"),
        ({"words": "不属", "instead": "别处"}, "instead"),
    ):
        with pytest.raises(Refused) as refusal:
            await link.say(DECLINED, **more)
        assert refusal.value.field == field
    await link.say(DECLINED, words="不属管辖", instead="justice")
    await story.run()
    with pytest.raises(Refused, match="协调事项不能退回"):
        await story.say(DECLINED, "reroute", words="不管", instead="justice")


# --- more facts and extension -----------------------------------------------------------------------


async def test_facts_supplied_change_the_page_and_an_old_form_is_refused(story: Story) -> None:
    """补充材料: the question and its answer stand behind the link; a form opened before must be looked at again."""
    await ordinary(story)
    link = await story.link("file_criminal_case")
    await link.say(MORE_FACTS, words="请补充伤情照片")
    assert [(x.question, x.facts) for x in (await link.look()).exchanges] == [("请补充伤情照片", "")]
    before = (await link.look()).version
    await story.answer("supply_facts", facts="照片已送达案管室")
    seen = await link.look()
    assert seen.status is LinkStatus.CHANGED
    assert seen.version == before + 1
    assert [(x.question, x.facts) for x in seen.exchanges] == [("请补充伤情照片", "照片已送达案管室")]
    with pytest.raises(Refused, match="情况有变"):
        await link.say(DONE, version=before, payload=CaseFiling(filed=True))
    letters = await story.letters("question_answered")
    assert [x.to_officer for x in letters] == ["ps_zhou"]
    assert "照片" not in str(letters[0].facts)
    assert not (await link.say(DONE, payload=CaseFiling(filed=True))).again


async def test_one_extension_is_granted_and_counts_from_the_former_deadline(story: Story) -> None:
    """延期: asked before expiry, granted once, no longer than the limit itself; the ladder waits for the new deadline."""
    await ordinary(story)
    former = await story.request("file_criminal_case")
    link = await story.link("file_criminal_case")
    await link.say(EXTENSION, words="正在鉴定")
    assert (await link.look()).extension == "pending"
    await story.answer("decide_extension", granted=True)
    request = await story.request("file_criminal_case")
    assert request.due - former.due == timedelta(days=7)
    assert request.extended
    assert request.next_climb_at is not None
    assert request.next_climb_at > former.due - timedelta(days=7)
    assert (await link.look()).extension == "granted"
    with pytest.raises(Refused, match="不能延期"):
        await link.say(EXTENSION, words="还要鉴定")
    assert len(await story.happened(Happening.EXTENSION_GRANTED)) == 1


async def test_an_extension_granted_late_holds_the_next_rung_back(story: Story) -> None:
    """The head was told at the old deadline; the coordinator hears only when the new one has passed."""
    await ordinary(story)
    former = await story.request("file_criminal_case")
    await story.say(RECEIVED, "file_criminal_case")
    story.clock.move_to(former.due - timedelta(hours=1))
    await story.say(EXTENSION, "file_criminal_case", words="正在鉴定")
    await story.move_to(former.due + timedelta(hours=10))
    assert "office_head" in {rung.level for rung in await story.rungs("file_criminal_case")}
    await story.answer("decide_extension", granted=True)
    request = await story.request("file_criminal_case")
    await story.move_to(request.due - timedelta(minutes=1))
    assert "coordinator" not in {r.level for r in await story.rungs("file_criminal_case") if r.clock == "answer"}


async def test_a_refused_extension_leaves_the_deadline_and_is_not_asked_again(story: Story) -> None:
    """不同意延期: the officer is told; the deadline stands."""
    await ordinary(story)
    former = await story.request("file_criminal_case")
    await story.say(EXTENSION, "file_criminal_case", words="正在鉴定")
    await story.answer("decide_extension", granted=False)
    request = await story.request("file_criminal_case")
    assert (request.due, request.extended, request.version) == (former.due, False, former.version)
    assert [x.facts["granted"] for x in await story.letters("extension_decided")] == [False]
    with pytest.raises(Refused, match="不能延期"):
        await story.say(EXTENSION, "file_criminal_case", words="再申请")


async def test_no_extension_of_an_emergency_nor_after_expiry(story: Story) -> None:
    """A child in danger waits for nobody; and what has expired cannot be put off."""
    await story.report()
    with pytest.raises(Refused, match="紧急事项"):
        await story.say(EXTENSION, "police_accept", words="忙")
    await ordinary(story)
    story.clock.move_to((await story.request("file_criminal_case")).due)
    with pytest.raises(Refused, match="已经到期"):
        await story.say(EXTENSION, "file_criminal_case", words="忙")


async def test_a_step_that_is_done_takes_back_what_the_coordinator_was_to_decide(story: Story) -> None:
    """An office that asked for an extension and then finished leaves no open decision behind that would climb."""
    await ordinary(story)
    await story.say(EXTENSION, "file_criminal_case", words="正在鉴定")
    await story.say(MORE_FACTS, "file_criminal_case", words="请补充")
    await story.answer("file_criminal_case", filed=True)
    assert {(r.step, r.state) for r in await story.requests() if r.office == "coordinator"} == {
        ("decide_extension", "withdrawn"),
        ("supply_facts", "withdrawn"),
    }
    assert await story.outcome(Mechanism.MANDATORY_REPORT) == "handed_on"


# --- who may answer, and through what ---------------------------------------------------------------


async def test_guessing_wears_a_link_out_and_a_fresh_one_reaches_the_officer_by_itself(story: Story) -> None:
    """Wrong codes never stop the right one until the link is worn out; then its officer has a letter with another link,
    whoever guesses gets nothing more, and the log says so once."""
    await story.report()
    link = await story.link("police_accept")
    wrong = "000000" if link.code != "000000" else "000001"
    for _ in range(MOST_WRONG_CODES - 1):
        with pytest.raises(Refused, match="验证码不正确"):
            await link.say(DONE, code=wrong, payload=ACCEPTED)
    assert not (await link.say(RECEIVED)).again
    letters = len(await story.letters("asked", to_officer="ps_zhou"))
    for _ in range(MOST_WRONG_CODES):
        with pytest.raises(Refused, match="验证码不正确"):
            await link.say(DONE, code=wrong, payload=ACCEPTED)
    for code in (wrong, link.code):
        with pytest.raises(Refused, match="已停用"):
            await link.say(DONE, code=code, payload=ACCEPTED)
    assert (await link.look()).status is LinkStatus.WORN
    assert len(await story.letters("asked", to_officer="ps_zhou")) == letters + 1
    assert len(await story.happened(Happening.LINK_WORN)) == 1
    fresh = await story.link("police_accept")
    assert (fresh.token, fresh.code) != (link.token, link.code)
    assert not (await fresh.say(DONE, payload=ACCEPTED)).again


async def test_a_code_is_forgiven_its_blanks_and_full_width_digits(story: Story) -> None:
    """People copy codes by hand from a phone."""
    await story.report()
    link = await story.link("police_accept")
    wide = "".join(chr(ord("０") + int(digit)) for digit in link.code)
    assert not (await link.say(RECEIVED, code=f" {wide[:3]} {wide[3:]} ")).again


async def test_no_name_no_answer(story: Story) -> None:
    """A robot can press a button; it types no name."""
    await story.report()
    with pytest.raises(Refused) as refusal:
        await (await story.link("police_accept")).say(RECEIVED, typed_name="  ")
    assert refusal.value.field == "typed_name"


async def test_an_answer_by_phone_equals_one_by_link_and_names_both_people(story: Story) -> None:
    """Same state, same log, same clocks; the record says who said it and who typed it."""
    await story.report()
    await (await story.link("police_accept")).say(
        DONE, payload=Acceptance(own_jurisdiction=True, acceptance_number="1")
    )
    await story.run()
    by_link = await story.request("police_accept")
    await story.report()
    await story.answer("police_accept", said_by="ps_zhou", own_jurisdiction=True, acceptance_number="1")
    by_phone = await story.request("police_accept")
    for name in ("state", "office", "owner", "next_climb_at", "level", "version"):
        assert getattr(by_link, name) == getattr(by_phone, name), name
    link_row, phone_row = await story.answers()
    assert link_row.payload == phone_row.payload
    assert (link_row.channel, link_row.officer, link_row.entered_by) == ("link", "ps_zhou", "经办人")
    assert (phone_row.channel, phone_row.officer, phone_row.entered_by) == ("phone", "ps_zhou", "coordinator")
    with pytest.raises(Refused, match="请写明答复人和录入人"):
        await answer_by_phone(
            story.bureau, case=story.case, step_key="triage", kind=RECEIVED, said_by="ps_zhou", entered_by=" "
        )


async def test_a_phone_answer_of_the_wrong_shape_names_the_field(story: Story) -> None:
    """One sentence, with the question as officers read it."""
    await story.report()
    with pytest.raises(Refused, match="是否属于本单位管辖（own_jurisdiction）"):
        await story.answer("police_accept", own_jurisdiction="也许")
    with pytest.raises(Refused, match="没有交办过“dispatch”"):
        await answer_by_phone(
            story.bureau, case=story.case, step_key="dispatch", kind=RECEIVED, said_by="ps_zhou", entered_by="x"
        )


def without(county: County, officer: str) -> County:
    """The county after that person has left."""
    offices = {
        key: replace(office, officers=tuple(one for one in office.officers if one.key != officer))
        for key, office in county.offices.items()
    }
    return replace(county, offices=MappingProxyType(offices))


async def test_an_officer_who_has_left_the_office_is_refused(story: Story) -> None:
    """The right to act is judged at the moment of acting: an old letter is no badge."""
    await story.report()
    link = await story.link("police_accept", "ps_zhou")
    now = story.bureau
    story.bureau = Bureau(now.database, without(now.county, "ps_zhou"), now.clock, now.settings, now.secret)
    assert (await link.look()).status is LinkStatus.MOVED
    with pytest.raises(Refused, match="不能再通过此链接办理"):
        await link.say(DONE, payload=ACCEPTED)
    assert not await story.answers()


async def test_an_expired_link_is_sent_again_to_the_registered_address_once_an_hour(story: Story) -> None:
    """EXPIRED gives a fresh letter; a link that still works, or a step that is done, gives none."""
    await story.report()
    link = await story.link("police_accept")
    await resend(story.bureau, link.token, typed_name="经办人", code=link.code)
    assert len(await story.letters("asked", to_officer="ps_zhou")) == 1
    story.clock.move(timedelta(days=15))
    for _ in range(3):
        await resend(story.bureau, link.token, typed_name="经办人", code=link.code)
    assert len(await story.letters("asked", to_officer="ps_zhou")) == 2
    fresh = await story.link("police_accept")
    assert fresh.token != link.token
    assert not (await fresh.say(DONE, payload=ACCEPTED)).again


# --- the wake ---------------------------------------------------------------------------------------


async def woken(story: Story) -> Proceeding:
    """The report's proceeding."""
    async with story.database.transaction() as session:
        return (
            await session.execute(select(Proceeding).where(Proceeding.mechanism == Mechanism.MANDATORY_REPORT.value))
        ).scalar_one()


async def test_parallel_answers_set_the_wake_once_and_none_is_lost(story: Story) -> None:
    """Of any number of senders one sets the token for each wait; the next attempt reads every answer."""
    await story.report()
    asleep = await woken(story)
    assert (asleep.asleep, asleep.woken_at) == (True, None)
    await asyncio.gather(
        story.answer_only("police_accept", own_jurisdiction=True), story.answer_only("file_with_supervisor")
    )
    after = await woken(story)
    assert after.woken_at is not None
    assert after.news == asleep.news + 2
    token = after.woken_at
    async with story.database.transaction() as session:
        await news(session, after.id)
    assert (await woken(story)).woken_at == token, "the token is set once for each wait"
    await story.run()
    assert await story.waiting() == {"triage"}
    assert (await woken(story)).woken_at is None


async def test_news_between_reading_and_sleeping_keeps_the_attempt_awake(story: Story) -> None:
    """An answer that arrives while an attempt is on its way to sleep is not slept through."""
    await story.report()
    attempt = StoryAttempt(story.bureau)
    case = await attempt.case(story.case, Mechanism.MANDATORY_REPORT)
    assert await attempt.answer(case.proceeding, "police_accept", "") is None
    await story.answer_only("police_accept", own_jurisdiction=True)
    await attempt.sleep()
    assert not (await woken(story)).asleep, "it looked again instead of sleeping"
    assert await attempt.answer(case.proceeding, "police_accept", "") is not None
    with pytest.raises(BaseException) as end:  # noqa: PT011 - the story's own way of ending an attempt
        await attempt.sleep()
    assert type(end.value).__name__ == "Asleep"
    await attempt.let_go()


async def test_a_second_attempt_on_one_proceeding_is_turned_away_and_changes_nothing(story: Story) -> None:
    """The lease: two executors of one run, and only the first acts."""
    await story.report()
    first, second = StoryAttempt(story.bureau), StoryAttempt(story.bureau)
    case = await first.case(story.case, Mechanism.MANDATORY_REPORT)
    held = await woken(story)
    with pytest.raises(LeaseLost):
        await second.case(story.case, Mechanism.MANDATORY_REPORT)
    await second.let_go()
    after = await woken(story)
    assert (after.lease_holder, after.news, after.wait_number) == (first.holder, held.news, held.wait_number)
    await first.ask(case, TRIAGE, TRIAGE.office, "")
    assert "triage" in await story.waiting()


async def test_a_lost_lease_stops_every_later_act(story: Story) -> None:
    """An executor that was overtaken finds out at its next act, whichever it is, and nothing of it is kept."""
    await story.report()
    slow = StoryAttempt(story.bureau)
    case = await slow.case(story.case, Mechanism.MANDATORY_REPORT)
    async with story.database.transaction() as session:
        await session.execute(text("UPDATE proceeding SET lease_until = clock_timestamp() - interval '1 second'"))
    await StoryAttempt(story.bureau).case(story.case, Mechanism.MANDATORY_REPORT)
    requests, letters = len(await story.requests()), len(await story.letters())
    acts = [
        lambda: slow.ask(case, TRIAGE, TRIAGE.office, ""),
        lambda: slow.inform(case, TRIAGE.office, "通报"),
        lambda: slow.withdraw("police_accept", ""),
        lambda: slow.hand_over(Mechanism.EMERGENCY_HANDLING),
        lambda: slow.take_leave(ClosingGround.HANDED_ON),
        lambda: slow.close(ClosingGround.HANDED_ON),
        slow.sleep,
    ]
    for act in acts:
        with pytest.raises(LeaseLost):
            await act()
    assert (len(await story.requests()), len(await story.letters())) == (requests, letters)
    assert await story.live() == {"mandatory_report"}


async def test_an_answer_and_a_withdrawal_at_the_same_time_wait_for_each_other(story: Story) -> None:
    """Whichever comes first stands; neither fails, for locks are taken in one order."""
    for _ in range(5):
        await story.report()
        attempt = StoryAttempt(story.bureau)
        case = await attempt.case(story.case, Mechanism.MANDATORY_REPORT)
        outcomes = await asyncio.gather(
            attempt.withdraw("file_with_supervisor", ""), outcome_of(story.answer_only("file_with_supervisor"))
        )
        await attempt.let_go()
        state = (await story.request("file_with_supervisor")).state
        assert state == ("withdrawn" if isinstance(outcomes[1], Refused) else "done")
        assert case.number == story.case


async def test_an_unknown_link_opens_nothing(story: Story) -> None:
    """A token that no letter carries."""
    with pytest.raises(UnknownLink):
        await open_link(story.bureau, "no-such-token")
    with pytest.raises(UnknownLink):
        await resend(story.bureau, "", typed_name="经办人", code="000000")


async def test_an_answer_names_no_more_than_its_request(story: Story) -> None:
    """The row carries the office that was asked, the reference a person can read aloud."""
    await story.report()
    given = await (await story.link("file_with_supervisor")).say(DONE, payload=Done())
    async with story.database.transaction() as session:
        row, request = (
            await session.execute(select(AnswerRow, Request).join(Request, Request.id == AnswerRow.request_id))
        ).one()
    assert (row.office, row.reference, given.case) == (request.office, given.reference, story.case)
    assert given.reference.startswith("HF-260302-")
