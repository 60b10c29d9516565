"""What the database itself refuses, whatever the code above it does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from office import log
from office.handover import open_proceeding
from office.tables import AnswerRow, CaseRow, Event, Handover, Letter, Proceeding, Request, Rung
from rules.vocabulary import Happening, Mechanism
from tests.story import Story

pytestmark = pytest.mark.anyio


async def again(story: Story, table: type[Any], **changed: Any) -> None:
    """Insert a copy of the table's first row, with a new id and whatever is `changed`."""
    async with story.database.transaction() as session:
        row = (await session.execute(select(table).order_by(table.id).limit(1))).scalar_one()
        values = {c.key: getattr(row, c.key) for c in table.__table__.columns if c.key != "id"} | changed
        await session.execute(insert(table).values(**values))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE event SET detail = '改过'", "DELETE FROM event", "TRUNCATE event", "TRUNCATE event CASCADE"],
)
async def test_the_log_refuses_every_change(story: Story, statement: str) -> None:
    """Rows are added and never altered, also not by whoever has the database's password."""
    await story.report()
    before = len(await story.happened(Happening.REQUEST_ASKED))
    with pytest.raises(DBAPIError):
        async with story.database.transaction() as session:
            await session.execute(text(statement))
    assert len(await story.happened(Happening.REQUEST_ASKED)) == before > 0


async def test_a_step_has_one_row_for_each_round(story: Story) -> None:
    """(proceeding, step, subject, round) is unique."""
    await story.report()
    with pytest.raises(IntegrityError, match="uq_request"):
        await again(story, Request)
    await again(story, Request, round=2)
    await again(story, Request, subject="另一项")


async def test_a_case_has_one_live_proceeding_of_a_mechanism(story: Story) -> None:
    """A second live one is refused; a closed one leaves room."""
    await story.report()
    with pytest.raises(IntegrityError, match="uq_proceeding"):
        await again(story, Proceeding, serial=2)
    await again(story, Proceeding, serial=2, closed_at=story.clock.now(), outcome="handed_on")


async def test_a_rung_is_reached_once(story: Story) -> None:
    """(request, clock, level, repeat) is unique."""
    await story.report()
    await story.fast_forward(hours=3)
    with pytest.raises(IntegrityError, match="uq_rung"):
        await again(story, Rung)
    await again(story, Rung, repeat=9)


async def test_a_letter_has_one_key_and_one_message_id(story: Story) -> None:
    """One fact, one recipient, one letter."""
    await story.report()
    with pytest.raises(IntegrityError, match="uq_letter_key"):
        await again(story, Letter, message_id="<x@anhe.example>")
    with pytest.raises(IntegrityError, match="uq_letter_message_id"):
        await again(story, Letter, key="another")


async def test_a_step_version_has_one_decision_and_one_receipt(story: Story) -> None:
    """done and declined exclude each other, and a second receipt is refused."""
    await story.report()
    await story.answer_only("police_accept", own_jurisdiction=True)
    for kind in ("done", "declined"):
        with pytest.raises(IntegrityError, match="uq_answer_one_decision"):
            await again(story, AnswerRow, kind=kind, reference="HF-1")
    await again(story, AnswerRow, kind="received", reference="HF-2")
    with pytest.raises(IntegrityError, match="uq_answer_one_receipt"):
        await again(story, AnswerRow, kind="received", reference="HF-3")


async def test_a_case_is_handed_over_once_by_one_giver(story: Story) -> None:
    """(giver, mechanism) is unique."""
    await story.report(danger_now=True)
    with pytest.raises(IntegrityError, match="uq_handover"):
        await again(story, Handover)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("UPDATE request SET state = 'done'", "ck_request_ended"),
        ("UPDATE request SET state = 'done', ended_at = asked_at", "ck_request_no_climb_after_end"),
        ("UPDATE request SET state = 'forgotten', next_climb_at = NULL", "ck_request_state_listed"),
        ("UPDATE proceeding SET mechanism = 'other'", "ck_proceeding_mechanism_listed"),
        ("UPDATE \"case\" SET closing_ground = 'tired'", "ck_case_closing_ground_listed"),
    ],
)
async def test_the_database_keeps_the_closed_lists_and_the_ends(story: Story, change: str, constraint: str) -> None:
    """A state nobody has defined cannot be written, nor a step that has ended and still climbs."""
    await story.report()
    with pytest.raises(IntegrityError, match=constraint):
        async with story.database.transaction() as session:
            await session.execute(text(change))


async def half_an_act(story: Story) -> None:
    """A mechanism is opened and logged, and then the power fails."""
    async with story.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        await open_proceeding(session, story.bureau, case, Mechanism.EMERGENCY_HANDLING)
        log.write(session, Happening.HANDED_OVER, at=story.clock.now(), case_id=case.id)
        await session.flush()
        raise RuntimeError("the power fails")


async def test_what_fails_leaves_nothing_behind(story: Story) -> None:
    """A fact, its log row and its letters are one transaction: all, or none."""
    await story.report()
    before = len(await story.requests()), len(await story.letters()), len(await story.happened(Happening.HANDED_OVER))
    with pytest.raises(RuntimeError, match="the power fails"):
        await half_an_act(story)
    after = len(await story.requests()), len(await story.letters()), len(await story.happened(Happening.HANDED_OVER))
    assert after == before
    assert await story.live() == {"mandatory_report"}


async def test_every_fact_has_its_log_row(story: Story) -> None:
    """No log row, no act: as many askings, endings and rungs in the log as in the tables."""
    await story.report(danger_now=True)
    await story.answer("police_accept", own_jurisdiction=True)
    await story.fast_forward(hours=5)

    async def count(table: type[Any], *where: Any) -> int:
        async with story.database.transaction() as session:
            return int((await session.execute(select(func.count()).select_from(table).where(*where))).scalar_one())

    for happening, facts in (
        (Happening.REQUEST_ASKED, await count(Request)),
        (Happening.REQUEST_DONE, await count(Request, Request.state == "done")),
        (Happening.RUNG_REACHED, await count(Rung)),
        (Happening.PROCEEDING_OPENED, await count(Proceeding)),
        (Happening.HANDED_OVER, await count(Handover)),
    ):
        assert await count(Event, Event.event == happening.value) == facts, happening


async def test_numbers_in_a_series_never_repeat(story: Story) -> None:
    """Ten reports in the same instant: ten cases, ten receipts, ten children."""
    receipts = await asyncio.gather(*(story.file_only() for _ in range(10)))
    assert len({one.case for one in receipts}) == len({one.receipt for one in receipts}) == 10
