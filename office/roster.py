"""Reads who is away, who is barred and who reported, so that `office.people` can say who acts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Executable,
    String,
    any_,
    bindparam,
    cast,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from office.bureau import Bureau
from office.people import Away, Bar, People, plain_name
from office.tables import Absence, Barred, Proceeding, Report, Request

_AWAY, _BARRED, _REPORTED = "away", "barred", "reported"


def _asking(concerns: Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]) -> Executable:
    """One question for all three, because every letter and every answer asks it."""
    away = select(literal(_AWAY), null(), Absence.officer, Absence.stand_in, Absence.begins_at, Absence.ends_at).where(
        Absence.ended_at.is_(None), Absence.begins_at <= bindparam("now"), Absence.ends_at > bindparam("now")
    )
    barred = select(
        literal(_BARRED), cast(Barred.case_id, String), Barred.officer, Barred.name, null(), null()
    ).where(concerns(Barred.case_id), Barred.lifted_at.is_(None))  # fmt: skip
    reported = select(
        literal(_REPORTED), cast(Report.case_id, String), null(), Report.reporter_name, null(), null()
    ).where(concerns(Report.case_id), Report.reporter_name != "")  # fmt: skip
    return union_all(away, barred, reported)


# Built once: to build them takes longer than to send them to PostgreSQL.
_OF_CASE = _asking(lambda case: case == bindparam("case", type_=BigInteger))
_OF_CASES = _asking(lambda case: case == any_(bindparam("cases", type_=ARRAY(BigInteger))))
_CASE_OF_STEP = select(Proceeding.case_id).where(Proceeding.id == bindparam("proceeding")).scalar_subquery()
_OF_STEP = _asking(lambda case: case == _CASE_OF_STEP)


async def people_in(session: AsyncSession, bureau: Bureau, case_id: int | None) -> People:
    """The county's people as that case sees them now; none: as no case sees them, with nobody barred."""
    return await _people(session, bureau, _OF_CASE, case=case_id)


async def people_in_each(session: AsyncSession, bureau: Bureau, case_ids: Collection[int]) -> dict[int, People]:
    """The same for each of many cases, in one question. Cases that see everybody alike share their people."""
    now = bureau.clock.now()
    absences, bars, reporters = await _read(session, _OF_CASES, now=now, cases=sorted(case_ids))
    officers = {plain_name(one.name) for office in bureau.county.offices.values() for one in office.officers}
    alike: dict[tuple[tuple[Bar, ...], frozenset[str]], People] = {}
    found = {}
    for case in case_ids:
        # A reporter who is no officer takes part in nothing and changes nothing.
        key = tuple(bars.get(case, ())), frozenset(officers.intersection(reporters.get(case, ())))
        if key not in alike:
            alike[key] = People(bureau.county, now, absences, *key)
        found[case] = alike[key]
    return found


async def people_of(session: AsyncSession, bureau: Bureau, request: Request) -> People:
    """The same for the case of a step."""
    return await _people(session, bureau, _OF_STEP, proceeding=request.proceeding_id)


async def _people(session: AsyncSession, bureau: Bureau, asking: Executable, **of: Any) -> People:
    now = bureau.clock.now()
    absences, bars, reporters = await _read(session, asking, now=now, **of)
    # All of them are of the one case that was asked about.
    barred = tuple(bar for found in bars.values() for bar in found)
    return People(
        bureau.county, now, absences, barred, frozenset(name for found in reporters.values() for name in found)
    )


async def _read(
    session: AsyncSession, asking: Executable, **given: Any
) -> tuple[tuple[Away, ...], dict[int, list[Bar]], dict[int, list[str]]]:
    """Absences; bars and the reporters' plain names by case."""
    absences: list[Away] = []
    bars: dict[int, list[Bar]] = {}
    reporters: dict[int, list[str]] = {}
    for what, case_id, officer, other, begins, ends in (await session.execute(asking, given)).all():
        if what == _AWAY:
            absences.append(Away(officer, other, begins, ends))
        elif what == _BARRED:
            bars.setdefault(int(case_id), []).append(Bar(int(case_id), officer, other))
        else:
            reporters.setdefault(int(case_id), []).append(plain_name(other))
    return tuple(absences), bars, reporters
