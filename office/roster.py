"""Reads who is away and who is barred, so that `office.people` can say who acts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, cast, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from office.bureau import Bureau
from office.people import Away, Bar, People
from office.tables import Absence, Barred, Proceeding, Request


async def people_in(session: AsyncSession, bureau: Bureau, case_id: int | None) -> People:
    """The county's people as that case sees them now; none: as no case sees them, with nobody barred."""
    return await _people(session, bureau, literal(case_id) if case_id is not None else None)


async def people_of(session: AsyncSession, bureau: Bureau, request: Request) -> People:
    """The same for the case of a step."""
    case = select(Proceeding.case_id).where(Proceeding.id == request.proceeding_id).scalar_subquery()
    return await _people(session, bureau, case)


async def _people(session: AsyncSession, bureau: Bureau, case: ColumnElement[Any] | None) -> People:
    now = bureau.clock.now()
    statement: Any = select(
        null().label("case_id"), Absence.officer, Absence.stand_in, Absence.begins_at, Absence.ends_at
    ).where(Absence.ended_at.is_(None), Absence.begins_at <= now, Absence.ends_at > now)
    if case is not None:
        barred = select(
            cast(Barred.case_id, String), Barred.officer, Barred.name, null(), null()
        ).where(Barred.case_id == case, Barred.lifted_at.is_(None))  # fmt: skip
        statement = union_all(statement, barred)
    absences, bars = [], []
    # One question for both, because every letter and every answer asks it.
    for case_id, officer, other, begins, ends in (await session.execute(statement)).all():
        if case_id is None:
            absences.append(Away(officer, other, begins, ends))
        else:
            bars.append(Bar(int(case_id), officer, other))
    return People(bureau.county, now, tuple(absences), tuple(bars))
