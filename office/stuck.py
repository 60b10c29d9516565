"""A proceeding that fails again and again is told to the coordinator: the machine has tried, and a person must look."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from office import outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.roster import people_in
from office.tables import CaseRow, Proceeding
from rules.vocabulary import Level, Mechanism

TOLD_AFTER = 4
"""Times a proceeding was put back on its way without coming to rest: about four minutes, so that a worker that was merely
started again is not told of."""


async def tell_stuck(session: AsyncSession, bureau: Bureau, proceeding_id: int, times: int) -> None:
    """One letter to each coordinator for each stretch of a proceeding that does not come to rest; none before so many
    times. The statutory clocks run on, and the ladders climb all the same."""
    if times != TOLD_AFTER:
        return
    proceeding, case = (
        await session.execute(
            select(Proceeding, CaseRow)
            .join(CaseRow, CaseRow.id == Proceeding.case_id)
            .where(Proceeding.id == proceeding_id)
        )
    ).one()
    people = await people_in(session, bureau, case.id)
    for officer in people.at_level(Level.COORDINATOR, Level.COORDINATOR.value):
        await outbox.put(
            session, bureau, key=f"stuck/{proceeding.id}/{proceeding.wait_number}/{officer.key}",
            kind=LetterKind.PROCEEDING_STUCK.value, case=(case.id, case.number), to_office=officer.office,
            to_officer=officer.key, level=Level.COORDINATOR,
            facts={
                "case_number": case.number,
                "mechanism_label": Mechanism(proceeding.mechanism).label,
                "times": times,
                "urgent": case.danger_now,
                "at": bureau.clock.now().isoformat(),
            },
        )  # fmt: skip
