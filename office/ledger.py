"""The ledger of letters: for each case and person what was planned, what left, what came back, what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from office import addresses
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.tables import AnswerRow, Letter
from office.timekeeping import iso
from office.views import read_case
from rules.vocabulary import AnswerKind, LetterState

PLANNED = (LetterState.PENDING.value, LetterState.HELD.value, LetterState.SENDING.value)
"""States of a letter that has not left yet."""
NEVER_TRIED = (*PLANNED, LetterState.STALE.value)


async def ledger(bureau: Bureau, number: str) -> dict[str, Any]:
    """Everybody to whom a letter about the case was ever put, in the order of their first one.

    `notified` of a person says that the latest letter that was tried left and has not come back. Raises
    `office.views.NoSuchCase`.
    """
    async with bureau.database.transaction() as session:
        read = await read_case(session, number)
        statement = (
            select(AnswerRow)
            .where(AnswerRow.request_id.in_([request.id for request in read.requests]))
            .order_by(AnswerRow.answered_at, AnswerRow.id)
        )
        answers = (await session.execute(statement)).scalars().all()
        marked = await addresses.of_case(session, bureau, read.case.id)
    steps = {request.id: request.step for request in read.requests}
    people = list(dict.fromkeys((letter.to_office, letter.to_officer) for letter in read.letters))
    return {
        "case": read.case.number,
        "people": [
            _person(
                bureau, office, officer, steps,
                [one for one in read.letters if (one.to_office, one.to_officer) == (office, officer)],
                [one for one in answers if one.officer == officer],
            )
            for office, officer in people
        ],
        "marked_addresses": marked,
    }  # fmt: skip


def _person(
    bureau: Bureau,
    office: str,
    officer: str,
    steps: dict[int, str],
    letters: Sequence[Letter],
    answers: Sequence[AnswerRow],
) -> dict[str, Any]:
    states = [letter.state for letter in letters]
    tried = [letter for letter in letters if letter.state not in NEVER_TRIED]
    others = [state.value for state in LetterState if state.value not in PLANNED]
    return {
        "officer": officer,
        "name": bureau.county.name_of_officer(officer),
        "office": office,
        "office_name": bureau.county.name_of_office(office),
        "notified": bool(tried) and tried[-1].notified,
        "planned": sum(state in PLANNED for state in states),
        **{state: states.count(state) for state in others},
        "answered": len(answers),
        "letters": [
            {
                "kind": letter.kind,
                "label": LetterKind(letter.kind).label,
                "step": steps.get(letter.request_id or 0),
                "level": letter.level,
                "state": letter.state,
                "notified": letter.notified,
                "put_at": iso(letter.put_at),
                "handed_over_at": iso(letter.handed_over_at),
                "attempts": letter.attempts,
                "fault": letter.fault,
                "message_id": letter.message_id,
            }
            for letter in letters
        ],
        "answers": [
            {
                "step": steps[answer.request_id],
                "kind": answer.kind,
                "label": AnswerKind(answer.kind).label,
                "at": iso(answer.answered_at),
                "channel": answer.channel,
            }
            for answer in answers
        ],
    }
