"""What one attempt need not ask the records twice: a step that was put to an office stays put, an answer stays given.

A proceeding begins again from its first line at every wake, and asks for all that is behind it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from office.tables import AnswerRow, Request
from rules.vocabulary import AnswerKind

Final = tuple[dict[str, Any], datetime]
"""A final answer and its instant."""


class Settled:
    """The steps of one proceeding that were put, and their final answers, as far as they have been seen.

    What is not in it may have come since, and is looked for in the records.
    """

    def __init__(self) -> None:
        """Nothing has been seen yet."""
        self._answers: dict[tuple[str, str], Final] = {}
        self._asked: set[tuple[str, str]] = set()

    @classmethod
    async def seen(cls, session: AsyncSession, proceeding: int) -> Settled:
        """All there is of the proceeding at this moment."""
        found = cls()
        statement = (
            select(Request.step, Request.subject, AnswerRow.payload, AnswerRow.answered_at)
            .outerjoin(AnswerRow, and_(AnswerRow.request_id == Request.id, AnswerRow.kind == AnswerKind.DONE.value))
            .where(Request.proceeding_id == proceeding)
        )
        for step, subject, payload, at in (await session.execute(statement)).all():
            found._asked.add((step, subject))
            if at is not None:
                found._answers[step, subject] = payload, at
        return found

    def is_asked(self, step: str, subject: str) -> bool:
        """Whether the step was seen put to an office."""
        return (step, subject) in self._asked

    def answer(self, step: str, subject: str) -> Final | None:
        """The final answer that was seen."""
        return self._answers.get((step, subject))

    def keep(self, step: str, subject: str, answer: Final) -> Final:
        """Remember a final answer that has just been read."""
        self._asked.add((step, subject))
        self._answers[step, subject] = answer
        return answer
