"""The table of answers (answers.yaml): what becomes of each answer, by what the step has heard before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlalchemy import select

from config.county import County
from config.settings import Settings
from office import outbox
from office import requests as asking
from office.answering import Given
from office.consequences import withdraw
from office.links import LinkStatus
from office.phone import answer_by_phone
from office.refusals import Refused
from office.tables import CaseRow, Letter, Proceeding, Request
from rules.answers import CaseFiling
from rules.steps import STEPS
from rules.vocabulary import AnswerKind, Happening, Level
from tests.conftest import FixedClock
from tests.office.letter_desk import open_desk, without
from tests.office.test_answering import ordinary, statutory
from tests.story import Opener, Story

pytestmark = pytest.mark.anyio

TABLE: dict[str, Any] = YAML(typ="safe").load(Path(__file__).with_name("answers.yaml"))
STEP, OWN, COLLEAGUE = "file_criminal_case", "ps_zhou", "ps_xia"
WORDS = "请补充或者延期"
MORE: dict[AnswerKind, dict[str, Any]] = {
    AnswerKind.RECEIVED: {},
    AnswerKind.DONE: {"payload": {"filed": True}},
    AnswerKind.DECLINED: {"words": WORDS, "instead": "procuratorate"},
    AnswerKind.MORE_FACTS: {"words": WORDS},
    AnswerKind.EXTENSION: {"words": WORDS},
}
OWN_STEPS = {"reroute", "supply_facts", "decide_extension"}


@dataclass(frozen=True)
class Scene:
    """A step that has heard something, the links of its first letters, and the earlier answer's reference."""

    story: Story
    subject: str
    links: dict[str, Opener]
    reference: str = ""

    async def say(self, channel: str, officer: str, kind: AnswerKind) -> Given:
        """One answer, through the link of the first letter or by phone."""
        more = dict(MORE[kind])
        if channel == "link":
            payload = more.pop("payload", None)
            return await self.links[officer].say(
                kind, **more, **({} if payload is None else {"payload": CaseFiling(**payload)})
            )
        return await answer_by_phone(
            self.story.bureau, case=self.story.case, step_key=STEP, kind=kind, said_by=officer,
            entered_by="coordinator", subject=self.subject, **more,
        )  # fmt: skip

    async def request(self) -> Request:
        """The step as it stands."""
        return await self.story.request(STEP, self.subject)


async def earlier(story: Story, standing: str, subject: str = "") -> list[Given]:
    """What the step has heard before, all of it said by one officer."""
    said: list[Given] = []

    async def say(kind: AnswerKind) -> None:
        said.append(await story.say_only(kind, STEP, subject=subject, said_by=OWN, **MORE[kind]))

    async def decide(own_step: str, **payload: Any) -> None:
        await story.answer_only(own_step, subject=(await story.request(own_step)).subject, **payload)

    match standing:
        case "overdue":
            story.clock.move_to((await story.request(STEP, subject)).due)
        case "received" | "withdrawn" | "received_then_done":
            await say(AnswerKind.RECEIVED)
        case "question":
            await say(AnswerKind.MORE_FACTS)
        case "extension_asked" | "extended":
            await say(AnswerKind.EXTENSION)
    if standing in ("done", "received_then_done"):
        await say(AnswerKind.DONE)
    if standing == "extended":
        await decide("decide_extension", granted=True)
    if standing == "declined" or standing.startswith(("moved", "reopened")):
        await say(AnswerKind.DECLINED)
    if standing.startswith("moved"):
        await decide("reroute", office="procuratorate")
    if standing.startswith("reopened"):
        await decide("reroute", office="public_security")
    if standing == "withdrawn":
        async with story.database.transaction() as session:
            case = (await session.execute(select(CaseRow).where(CaseRow.number == story.case))).scalar_one()
            request = (
                await session.execute(
                    select(Request).where(Request.id == (await story.request(STEP, subject)).id).with_for_update()
                )
            ).scalar_one()
            await withdraw(session, story.bureau, request, case)
    return said


async def scene(story: Story, standing: str) -> Scene:
    """One more step of the case, which stands so; its subject tells it from the others."""
    if not story.case:
        await story.report()
    subject = str(len(await story.requests()))
    async with story.database.transaction() as session:
        case, proceeding = (
            await session.execute(select(CaseRow, Proceeding).join(Proceeding, Proceeding.case_id == CaseRow.id))
        ).one()
        office = story.bureau.county.office("public_security")
        await asking.ask(session, story.bureau, case, proceeding.id, STEPS[STEP], office, subject=subject)
    links = {officer: await story.link(STEP, officer, subject=subject) for officer in (OWN, COLLEAGUE)}
    said = await earlier(story, standing, subject)
    return Scene(story, subject, links, said[-1].reference if said else "")


def rows(standing: str, who: str, *, taken: bool) -> list[tuple[AnswerKind, str]]:
    """The table's row, in two halves: the answers that are taken, and those that change nothing."""
    expected: dict[str, str] = TABLE["standing"][standing][who]
    assert list(expected) == [kind.value for kind in AnswerKind], standing
    return [(AnswerKind(kind), what) for kind, what in expected.items() if (what == "taken") is taken]


CASES = [
    pytest.param(standing, channel, id=f"{standing}-{channel}")
    for standing, row in TABLE["standing"].items()
    for channel in ([row["channel"]] if "channel" in row else ["link", "phone"])
]


@pytest.mark.parametrize(("standing", "channel"), CASES)
async def test_an_answer_that_comes_too_late_changes_nothing(story: Story, standing: str, channel: str) -> None:
    """The same answer again finds its reference; any other is refused with what stands, and leaves no trace."""
    at = await scene(story, standing)
    before = [(row.id, row.kind) for row in await story.answers()]
    stands = [(one.id, one.state, one.due, one.owner, one.version) for one in await story.requests()]
    for who, officer in (("own", OWN), ("colleague", COLLEAGUE)):
        for kind, what in rows(standing, who, taken=False):
            if what == "again":
                given = await at.say(channel, officer, kind)
                first = [
                    row for row in await story.answers() if row.officer == OWN and row.reference == given.reference
                ]
                assert given.again, (who, kind)
                assert given.kind is kind
                assert first, (who, kind)
                continue
            with pytest.raises(Refused, match=what.strip("「」")):
                await at.say(channel, officer, kind)
    assert [(row.id, row.kind) for row in await story.answers()] == before
    assert [(one.id, one.state, one.due, one.owner, one.version) for one in await story.requests()] == stands


@pytest.mark.parametrize(("standing", "channel"), CASES)
async def test_an_answer_that_is_taken_has_its_own_state_clocks_and_letters(
    story: Story, standing: str, channel: str
) -> None:
    """Each of the five in each standing where it is taken: state, the coordinator's new clock, one confirmation."""
    for who, officer in (("own", OWN), ("colleague", COLLEAGUE)):
        for kind, _ in rows(standing, who, taken=True):
            at = await scene(story, standing)
            before = await at.request()
            owed = {one.id for one in await story.requests(open_only=True) if one.step in OWN_STEPS}
            given = await at.say(channel, officer, kind)
            assert not given.again
            assert given.reference != at.reference
            await stands_as_the_table_says(story, before, kind, officer, owed)
            confirmed = [
                one for one in await story.letters("confirmation") if one.facts["reference"] == given.reference
            ]
            assert [(one.to_officer, one.facts["kind_label"]) for one in confirmed] == [(officer, kind.label)]


async def stands_as_the_table_says(
    story: Story, before: Request, kind: AnswerKind, officer: str, owed: set[int]
) -> None:
    """State, owner and clocks after an answer was taken."""
    expected = TABLE["consequences"][kind.value]
    async with story.database.transaction() as session:
        after = (await session.execute(select(Request).where(Request.id == before.id))).scalar_one()
    assert after.state == expected["state"]
    assert after.due == before.due, "no answer moves a deadline: the coordinator's decision may"
    assert after.owner == (before.owner or officer), "whoever answers first owns it, and nobody after"
    assert (after.next_climb_at is None) is (after.ended_at is not None)
    asked_of_the_coordinator = [
        one for one in await story.requests(open_only=True) if one.step in OWN_STEPS and one.id not in owed
    ]
    assert [one.step for one in asked_of_the_coordinator] == expected["coordinator"]
    for one in asked_of_the_coordinator:
        assert one.office == "coordinator"
        assert one.concerns == before.id
        assert one.next_climb_at is not None, "the coordinator's own silence climbs"
        assert one.acknowledge_by > story.clock.now()
    if after.ended_at is not None:
        left = [one for one in await story.requests(open_only=True) if one.id in owed and one.concerns == before.id]
        assert not left, "what the coordinator was still to decide about it is withdrawn"


async def test_a_question_makes_an_owner_and_a_colleague_makes_no_second_one(story: Story) -> None:
    """Whatever an office says first is its receipt: one owner, one “taken by” note, and no second 签收 in the log."""
    await ordinary(story)
    mine, theirs = await story.link(STEP, OWN), await story.link(STEP, COLLEAGUE)
    await mine.say(AnswerKind.MORE_FACTS, words=WORDS)
    with pytest.raises(Refused, match=r"已由安和县公安局周立言于.*签收"):
        await theirs.say(AnswerKind.RECEIVED)
    assert (await mine.say(AnswerKind.RECEIVED)).again
    assert (await story.request(STEP)).owner == OWN
    assert [x.to_officer for x in await story.letters("taken_by", request_id=(await story.request(STEP)).id)] == [
        COLLEAGUE
    ]


async def test_a_statutory_limit_takes_its_one_extension_along_to_the_next_office(story: Story) -> None:
    """One bounded extension: where the law's clock runs on, the next office has none left, and its page offers none."""
    await statutory(story)
    await story.say(AnswerKind.EXTENSION, "public_order_case", words=WORDS)
    await story.answer("decide_extension", granted=True)
    await story.say(AnswerKind.DECLINED, "public_order_case", words=WORDS, instead="justice")
    await story.answer("reroute", office="justice")
    assert not (await (await story.link("public_order_case")).look()).may_extend
    with pytest.raises(Refused, match="不能延期"):
        await story.say(AnswerKind.EXTENSION, "public_order_case", words="再延")


# --- by phone ---------------------------------------------------------------------------------------


async def test_an_officer_named_on_the_phone_is_found_in_the_offices_own_list(story: Story) -> None:
    """By key or by name: the same person, the owner, with one “taken by” note to the colleague."""
    await ordinary(story)
    await story.say_only(AnswerKind.RECEIVED, STEP, said_by=" 周立言 ")
    request = await story.request(STEP)
    assert request.owner == OWN
    assert (await (await story.link(STEP, OWN)).say(AnswerKind.RECEIVED)).again
    assert [one.to_officer for one in await story.letters("taken_by", request_id=request.id)] == [COLLEAGUE]


async def test_an_officer_of_another_office_cannot_answer_for_this_one(story: Story) -> None:
    """By phone as by link: the right to act is the office's that was asked."""
    await ordinary(story)
    other = story.bureau.county.office("procuratorate").contacts[0]
    with pytest.raises(Refused, match=f"{other.name}不在承办单位（安和县公安局）的名册上"):
        await story.say_only(AnswerKind.RECEIVED, STEP, said_by=other.key)


async def test_an_answer_by_somebody_in_no_list_is_confirmed_to_the_office(story: Story) -> None:
    """The office hears what was written down in its name; a name that was only typed travels in no letter."""
    await ordinary(story)
    given = await story.say_only(AnswerKind.RECEIVED, STEP, said_by="来电人某某")
    row = next(one for one in await story.answers() if one.reference == given.reference)
    assert (row.officer, row.typed_name, row.entered_by) == ("来电人某某", "来电人某某", "coordinator")
    letter = next(one for one in await story.letters("confirmation") if one.facts["reference"] == given.reference)
    assert (letter.to_officer, letter.to_office) == (OWN, "public_security")
    assert (letter.facts["channel_label"], letter.facts["answered_by"], letter.facts["entered_by"]) == ("电话", "", "")
    assert "来电人" not in str(letter.facts)
    assert (await story.request(STEP)).owner is None


async def test_a_confirmation_of_a_phone_answer_names_who_said_it_and_who_typed_it(story: Story) -> None:
    """Both from the county's list."""
    await ordinary(story)
    clerk = story.bureau.county.office("coordinator").contacts[0]
    given = await answer_by_phone(
        story.bureau, case=story.case, step_key=STEP, kind=AnswerKind.RECEIVED, said_by=OWN, entered_by=clerk.key
    )
    letter = next(one for one in await story.letters("confirmation") if one.facts["reference"] == given.reference)
    assert (letter.facts["answered_by"], letter.facts["entered_by"]) == ("周立言", clerk.name)


# --- who still hears of it --------------------------------------------------------------------------


async def test_a_reminder_that_waits_does_not_leave_for_a_colleague_once_the_step_is_taken(
    records_url: str, county: County, clock: FixedClock, installation: Settings
) -> None:
    """Only the owner's reminder leaves; one put later, because the owner cannot be reached, leaves too."""
    async with open_desk(records_url, county, clock, installation) as desk:
        for officer in (OWN, COLLEAGUE):
            await desk.rung(Level.REMINDER, officer)
        clock.move(timedelta(minutes=1))
        await desk.change(owner=OWN, acknowledged_at=clock.now(), state="acknowledged")
        clock.move(timedelta(minutes=1))
        await desk.rung(Level.REMINDER, COLLEAGUE, repeat=1)
        reasons = []
        async with desk.bureau.database.transaction() as session:
            for letter in (await session.execute(select(Letter).order_by(Letter.id))).scalars():
                seen, _ = await outbox.look_again(session, letter)
                reasons.append(outbox.stale_because(seen))
    assert reasons == ["", "事项已由同事签收", ""]


async def test_a_withdrawn_step_is_called_back_from_those_who_were_told_and_no_others(story: Story) -> None:
    """撤回: whoever got the letter gets one word that it is over; a letter that had not left is not sent at all."""
    await ordinary(story)
    await story.deliver()
    request = await story.request(STEP)
    await earlier(story, "withdrawn")
    moved = await story.letters("moved", request_id=request.id)
    assert {(one.to_officer, one.facts["moved_to"]) for one in moved} == {(OWN, ""), (COLLEAGUE, "")}
    assert len(await story.happened(Happening.REQUEST_WITHDRAWN)) == 1
    await ordinary(story)
    request = await story.request(STEP)
    await earlier(story, "withdrawn")
    await story.deliver()
    for kind in ("asked", "moved"):
        assert {one.state for one in await story.letters(kind, request_id=request.id)} == {"stale"}


async def test_a_step_is_withdrawn_although_everybody_who_was_asked_has_left(story: Story) -> None:
    """Calling back depends on nobody's being there; the old links say that it was called back (F104)."""
    await ordinary(story)
    await story.deliver()
    request = await story.request(STEP)
    old = await story.link(STEP, OWN)
    for officer in (OWN, COLLEAGUE):
        story.bureau = replace(story.bureau, county=without(story.bureau.county, officer))
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow).where(CaseRow.number == story.case))).scalar_one()
        row = (await session.execute(select(Request).where(Request.id == request.id).with_for_update())).scalar_one()
        await withdraw(session, story.bureau, row, case)
    assert (await story.request(STEP)).state == "withdrawn"
    assert len(await story.happened(Happening.REQUEST_WITHDRAWN)) == 1
    assert (await old.look()).status is LinkStatus.WITHDRAWN
