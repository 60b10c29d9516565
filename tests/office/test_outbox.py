"""The outbox: one fact, one recipient, one letter; and a letter that has become untrue does not leave."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config.county import County
from config.settings import Settings
from office import outbox
from office.letter_kinds import LetterKind
from office.outbox import Claim, Outlook, stale_because
from office.tables import Letter
from office.timekeeping import COUNTY_ZONE
from rules.ladder import Clock
from rules.vocabulary import Happening, Level, RequestState
from tests.conftest import FixedClock
from tests.office.letter_desk import Desk, open_desk

DUE = datetime(2026, 3, 2, 11, 0, tzinfo=COUNTY_ZONE)
OPEN = Outlook(
    kind=LetterKind.ASKED, acts=True, clock=None, version_then=1, version_now=1, deadline_then=None,
    deadline_now=None, state=RequestState.ASKED, newer_waits=False,
)  # fmt: skip
RUNG = replace(OPEN, clock=Clock.ANSWER, deadline_then=DUE, deadline_now=DUE)
REMINDER = replace(RUNG, kind=LetterKind.REMINDER)
ESCALATION = replace(RUNG, kind=LetterKind.ESCALATION, acts=False)
TAKEN = RequestState.ACKNOWLEDGED
ENDED = [RequestState.DONE, RequestState.DECLINED, RequestState.WITHDRAWN]

STANDING = [
    ("asked, still open", OPEN, True),
    ("asked, taken meanwhile: the link is still needed", replace(OPEN, state=TAKEN), True),
    *((f"asked, {state.value}", replace(OPEN, state=state), False) for state in ENDED),
    ("asked, the step has changed since", replace(OPEN, version_now=2), False),
    ("reminder of the answer, taken meanwhile", replace(REMINDER, state=TAKEN), True),
    ("reminder to acknowledge, taken meanwhile", replace(REMINDER, clock=Clock.ACKNOWLEDGE, state=TAKEN), False),
    ("reminder to acknowledge, still open", replace(REMINDER, clock=Clock.ACKNOWLEDGE), True),
    ("reminder, the step has changed since", replace(REMINDER, version_now=2), False),
    ("reminder, a later one waits", replace(REMINDER, newer_waits=True), False),
    ("escalation, still open", ESCALATION, True),
    ("escalation of the acknowledgement, taken meanwhile", replace(ESCALATION, clock=Clock.ACKNOWLEDGE, state=TAKEN), False),
    ("escalation, done meanwhile", replace(ESCALATION, state=RequestState.DONE), False),
    ("escalation, facts supplied meanwhile: the office is still silent", replace(ESCALATION, version_now=2), True),
    ("escalation, deadline extended", replace(ESCALATION, version_now=2, deadline_now=DUE + timedelta(days=1)), False),
    ("escalation, the same person has a later one", replace(ESCALATION, newer_waits=True), False),
    ("facts supplied, done meanwhile", replace(OPEN, kind=LetterKind.QUESTION_ANSWERED, state=RequestState.DONE), False),
    ("extension decided, withdrawn meanwhile", replace(OPEN, kind=LetterKind.EXTENSION_DECIDED, state=RequestState.WITHDRAWN), False),
    *(
        (f"{kind.value} tells what has happened", replace(OPEN, kind=kind, acts=False, state=state, version_now=7), True)
        for kind in LetterKind
        if kind not in outbox.ABOUT_AN_OPEN_STEP
        for state in RequestState
    ),
    ("informed, about no step", replace(OPEN, kind=LetterKind.INFORMED, acts=False, state=None), True),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "leaves"), [case[1:] for case in STANDING], ids=[case[0] for case in STANDING])
def test_a_letter_leaves_only_while_it_is_true(seen: Outlook, leaves: bool) -> None:
    """The decision taken when one looks again before sending, case by case."""
    assert (stale_because(seen) == "") is leaves


class Test:
    """With real records."""

    @pytest.fixture(autouse=True)
    def _surroundings(self, records_url: str, county: County, clock: FixedClock, installation: Settings) -> None:
        self.parts = (records_url, county, clock, installation)

    def play(self, story: object) -> None:
        """Run a story at a desk."""

        async def run() -> None:
            async with open_desk(*self.parts) as desk:
                await story(desk)  # type: ignore[operator]

        asyncio.run(run())

    def test_a_letter_is_put_once_under_its_key(self) -> None:
        """Asked twice for one letter, the outbox keeps one; its Message-ID says nothing of case or person."""

        async def story(desk: Desk) -> None:
            assert await desk.put() is True
            assert await desk.put() is False
            (letter,) = await desk.letters()
            assert letter.state == "pending"
            assert letter.put_at == desk.bureau.clock.now()
            assert letter.message_id.endswith("@anhe.example>")
            assert "AH-" not in letter.message_id
            assert letter.request_version == 1

        self.play(story)

    def test_a_transaction_that_fails_puts_no_letter(self) -> None:
        """Fact, log row and letters are one transaction."""

        async def story(desk: Desk) -> None:
            async def fail() -> None:
                async with desk.bureau.database.transaction() as session:
                    await outbox.put(
                        session, desk.bureau, key="k", kind="informed", case=(desk.case.id, desk.case.number),
                        to_office="civil_affairs", to_officer="mz_luo",
                        facts={
                            "case_number": desk.case.number, "mechanism_label": "应急处置", "office_name": "民政局",
                            "matter": "通报", "at": desk.bureau.clock.now(),
                        },
                    )  # fmt: skip
                    raise ConnectionError

            with pytest.raises(ConnectionError):
                await fail()
            assert await desk.letters() == []

        self.play(story)

    def test_a_letter_with_the_facts_of_another_case_is_refused(self) -> None:
        """Case numbers are not mixed up."""

        async def story(desk: Desk) -> None:
            with pytest.raises(ValueError, match="another case"):
                await desk.put(facts={"case_number": "AH-2026-0002"})

        self.play(story)

    def test_two_posts_share_the_letters_and_none_is_claimed_twice(self) -> None:
        """A hundred letters and five posts: each letter is held once."""

        async def story(desk: Desk) -> None:
            for number in range(100):
                await desk.put(key=f"k/{number}")

            async def claim() -> list[Claim]:
                async with desk.bureau.database.transaction() as session:
                    return await outbox.claim(session, desk.bureau, 7, 60)

            found: list[Claim] = []
            while batches := [batch for batch in await asyncio.gather(*(claim() for _ in range(5))) if batch]:
                assert all(len(batch) <= 7 for batch in batches)
                found += [one for batch in batches for one in batch]
            assert len(found) == len({one.letter_id for one in found}) == 100

        self.play(story)

    def test_a_killed_posts_letters_are_claimed_again_and_it_cannot_write_over_its_successor(self) -> None:
        """The hold runs out; the same Message-ID is tried again; the late first post writes nothing."""

        async def story(desk: Desk) -> None:
            await desk.put()
            database = desk.bureau.database
            async with database.transaction() as session:
                (first,) = await outbox.claim(session, desk.bureau, 10, 0.0)
            async with database.transaction() as session:
                (second,) = await outbox.claim(session, desk.bureau, 10, 60)
            assert second == Claim(first.letter_id, 2)
            async with database.transaction() as session:
                assert await outbox.mark_failed(session, desk.bureau, first, "迟到") is False
                assert await outbox.mark_retry(session, first, "迟到", 1) is False
                assert await outbox.mark_stale(session, desk.bureau, first, "迟到") is False
                await outbox.give_back(session, [first], 0)
                await outbox.hold(session, [first], 0)
            async with database.transaction() as session:
                assert await outbox.mark_handed_over(session, desk.bureau, second, "someone@anhe.example") is True
            async with database.transaction() as session:
                assert await outbox.mark_handed_over(session, desk.bureau, first, "x@anhe.example") is False
            (letter,) = await desk.letters()
            assert (letter.state, letter.address, letter.attempts) == ("handed_over", "someone@anhe.example", 2)
            assert letter.handed_over_at == desk.bureau.clock.now()
            assert await desk.happenings() == [("letter_handed_over", "public_security", "")]

        self.play(story)

    def test_emergencies_leave_first(self) -> None:
        """An ordinary letter that has waited longer lets the emergency pass."""

        async def story(desk: Desk) -> None:
            await desk.put(key="ordinary", facts={"urgent": False})
            await desk.put(key="urgent")
            async with desk.bureau.database.transaction() as session:
                (first,) = await outbox.claim(session, desk.bureau, 1, 60)
            async with desk.bureau.database.transaction() as session:
                letter = (await session.execute(select(Letter).where(Letter.id == first.letter_id))).scalar_one()
            assert letter.key == "urgent"

        self.play(story)

    def test_what_becomes_of_a_letter_is_in_the_log_with_its_level(self) -> None:
        """State and log row are one transaction, and say the level and the office written to."""

        async def story(desk: Desk) -> None:
            await desk.rung(Level.LEADER)
            async with desk.bureau.database.transaction() as session:
                (held,) = await outbox.claim(session, desk.bureau, 1, 60)
                await outbox.mark_failed(session, desk.bureau, held, "邮件服务器拒收（550）。")
            (letter,) = await desk.letters()
            assert (letter.state, letter.fault) == ("failed", "邮件服务器拒收（550）。")
            assert await desk.happenings() == [(Happening.LETTER_FAILED.value, "leader", "leader")]

        self.play(story)
