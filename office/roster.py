"""Reads who is away, who is barred and who reported, so that `office.people` can say who acts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Executable, String, bindparam, cast, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from office.bureau import Bureau
from office.people import Away, Bar, People, plain_name
from office.tables import Absence, Barred, Proceeding, Report, Request

_AWAY, _BARRED, _REPORTED = "away", "barred", "reported"


def _asking(case: ColumnElement[Any]) -> Executable:
    """One question for all three, because every letter and every answer asks it."""
    away = select(literal(_AWAY), null(), Absence.officer, Absence.stand_in, Absence.begins_at, Absence.ends_at).where(
        Absence.ended_at.is_(None), Absence.begins_at <= bindparam("now"), Absence.ends_at > bindparam("now")
    )
    barred = select(
        literal(_BARRED), cast(Barred.case_id, String), Barred.officer, Barred.name, null(), null()
    ).where(Barred.case_id == case, Barred.lifted_at.is_(None))  # fmt: skip
    reported = select(
        literal(_REPORTED), null(), null(), Report.reporter_name, null(), null()
    ).where(Report.case_id == case, Report.reporter_name != "")  # fmt: skip
    return union_all(away, barred, reported)


# Built once: to build them takes longer than to send them to PostgreSQL.
_OF_CASE = _asking(bindparam("case", type_=BigInteger))
_OF_STEP = _asking(select(Proceeding.case_id).where(Proceeding.id == bindparam("proceeding")).scalar_subquery())


async def people_in(session: AsyncSession, bureau: Bureau, case_id: int | None) -> People:
    """The county's people as that case sees them now; none: as no case sees them, with nobody barred."""
    return await _people(session, bureau, _OF_CASE, case=case_id)


async def people_of(session: AsyncSession, bureau: Bureau, request: Request) -> People:
    """The same for the case of a step."""
    return await _people(session, bureau, _OF_STEP, proceeding=request.proceeding_id)


async def _people(session: AsyncSession, bureau: Bureau, asking: Executable, **of: Any) -> People:
    now = bureau.clock.now()
    absences, bars, reporters = [], [], set()
    for what, case_id, officer, other, begins, ends in (await session.execute(asking, {"now": now} | of)).all():
        if what == _AWAY:
            absences.append(Away(officer, other, begins, ends))
        elif what == _BARRED:
            bars.append(Bar(int(case_id), officer, other))
        else:
            reporters.add(plain_name(other))
    return People(bureau.county, now, tuple(absences), tuple(bars), frozenset(reporters))
