"""Reads who is away, who is barred and who reported, so that `office.people` can say who acts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, cast, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from office.bureau import Bureau
from office.people import Away, Bar, People, plain_name
from office.tables import Absence, Barred, Proceeding, Report, Request

_AWAY, _BARRED, _REPORTED = "away", "barred", "reported"


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
        literal(_AWAY).label("what"), null().label("case_id"), Absence.officer, Absence.stand_in, Absence.begins_at,
        Absence.ends_at,
    ).where(Absence.ended_at.is_(None), Absence.begins_at <= now, Absence.ends_at > now)  # fmt: skip
    if case is not None:
        barred = select(
            literal(_BARRED), cast(Barred.case_id, String), Barred.officer, Barred.name, null(), null()
        ).where(Barred.case_id == case, Barred.lifted_at.is_(None))  # fmt: skip
        reported = select(
            literal(_REPORTED), null(), null(), Report.reporter_name, null(), null()
        ).where(Report.case_id == case, Report.reporter_name != "")  # fmt: skip
        statement = union_all(statement, barred, reported)
    absences, bars, reporters = [], [], set()
    # One question for all three, because every letter and every answer asks it.
    for what, case_id, officer, other, begins, ends in (await session.execute(statement)).all():
        if what == _AWAY:
            absences.append(Away(officer, other, begins, ends))
        elif what == _BARRED:
            bars.append(Bar(int(case_id), officer, other))
        else:
            reporters.add(plain_name(other))
    return People(bureau.county, now, tuple(absences), tuple(bars), frozenset(reporters))
