"""Days that must come: noted once, rung by the clock (`office.ringing`), given to whoever looks at the child.

A proceeding rests until a day (a waiting time of the law), or a day stands in the child's file and outlives the
proceeding: a review of what is paid, an age at which something new may be asked.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office.bureau import Bureau
from office.tables import Appointment, CaseRow, Proceeding
from rules.case import Noted
from rules.vocabulary import AppointmentKind
from rules.workdays import SHANGHAI

# Written out: with a bound value PostgreSQL's generic plan no longer finds the partial index.
_A_WAIT, _IN_THE_FILE = text("kind = 'wait'"), text("kind <> 'wait'")


def today(bureau: Bureau) -> date:
    """The county's day."""
    return bureau.clock.now().astimezone(SHANGHAI).date()


async def wait_for(
    session: AsyncSession, bureau: Bureau, proceeding: Proceeding, key: str, day: date
) -> tuple[date, bool]:
    """The day that the proceeding rests for, and whether it has begun. The first call writes it down, and that day stays."""
    await session.execute(
        insert(Appointment)
        .values(
            case_id=proceeding.case_id, proceeding_id=proceeding.id, kind=AppointmentKind.WAIT.value, subject=key,
            on=day, noted_at=bureau.clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["proceeding_id", "subject"], index_where=_A_WAIT)
    )  # fmt: skip
    wait = (
        await session.execute(
            select(Appointment).where(
                Appointment.proceeding_id == proceeding.id,
                Appointment.kind == AppointmentKind.WAIT.value,
                Appointment.subject == key,
            )
        )
    ).scalar_one()
    if wait.came_at is None and wait.on <= today(bureau):
        wait.came_at = bureau.clock.now()
    return wait.on, wait.came_at is not None


async def wait_no_more(session: AsyncSession, bureau: Bureau, proceeding: Proceeding, key: str) -> None:
    """Cross out a day that the proceeding has no reason any more to rest for."""
    await session.execute(
        update(Appointment)
        .where(
            Appointment.proceeding_id == proceeding.id,
            Appointment.kind == AppointmentKind.WAIT.value,
            Appointment.subject == key,
            Appointment.came_at.is_(None),
            Appointment.struck_at.is_(None),
        )
        .values(struck_at=bureau.clock.now())
    )


async def note(
    session: AsyncSession, bureau: Bureau, case: CaseRow, kind: AppointmentKind, subject: str, day: date
) -> None:
    """Note a day in the child's file. Noted twice, it stands there once."""
    if kind is AppointmentKind.WAIT:
        raise ValueError("a proceeding's own wait does not stand in the file")
    await session.execute(
        insert(Appointment)
        .values(case_id=case.id, kind=kind.value, subject=subject, on=day, noted_at=bureau.clock.now())
        .on_conflict_do_nothing(index_elements=["case_id", "kind", "subject", "on"], index_where=_IN_THE_FILE)
    )


async def in_file(session: AsyncSession, proceeding_id: int | None) -> set[tuple[str, str, date]]:
    """What has ever been noted in the file of this proceeding's child: kind, subject, day."""
    case_id = select(Proceeding.case_id).where(Proceeding.id == proceeding_id).scalar_subquery()
    rows = await session.execute(
        select(Appointment.kind, Appointment.subject, Appointment.on).where(
            Appointment.case_id == case_id, Appointment.kind != AppointmentKind.WAIT.value
        )
    )
    return {(kind, subject, on) for kind, subject, on in rows}


async def given_to(session: AsyncSession, proceeding_id: int) -> tuple[Noted, ...]:
    """What came due and was given to this proceeding, in the order in which it came."""
    rows = await session.execute(
        select(Appointment)
        .where(
            Appointment.proceeding_id == proceeding_id,
            Appointment.kind != AppointmentKind.WAIT.value,
            Appointment.struck_at.is_(None),
        )
        .order_by(Appointment.came_at, Appointment.id)
    )
    return tuple(Noted(AppointmentKind(row.kind), row.subject, row.on) for row in rows.scalars())


async def keep(session: AsyncSession, bureau: Bureau, proceeding_id: int, noted: Noted) -> None:
    """The proceeding has dealt with it."""
    await session.execute(
        update(Appointment)
        .where(
            Appointment.proceeding_id == proceeding_id,
            Appointment.kind == noted.kind.value,
            Appointment.subject == noted.subject,
            Appointment.on == noted.on,
            Appointment.kept_at.is_(None),
        )
        .values(kept_at=bureau.clock.now())
    )


async def due(session: AsyncSession, bureau: Bureau, besides: list[int], limit: int) -> list[int]:
    """The numbers of what has come and nobody was told of yet, oldest day first."""
    rows = await session.execute(
        select(Appointment.id)
        .where(
            Appointment.on <= today(bureau),
            Appointment.came_at.is_(None),
            Appointment.struck_at.is_(None),
            Appointment.id.not_in(besides),
        )
        .order_by(Appointment.on, Appointment.id)
        .limit(limit)
    )
    return list(rows.scalars())


async def give_back(session: AsyncSession, proceeding_id: int) -> None:
    """A proceeding that closes gives back what it has not dealt with; the clock gives it to the next at once."""
    await session.execute(
        update(Appointment)
        .where(
            Appointment.proceeding_id == proceeding_id,
            Appointment.kind != AppointmentKind.WAIT.value,
            Appointment.kept_at.is_(None),
            Appointment.struck_at.is_(None),
        )
        .values(proceeding_id=None, came_at=None)
    )


async def strike(
    session: AsyncSession, bureau: Bureau, *, case_id: int | None = None, proceeding_id: int | None = None
) -> None:
    """Cross out what is still to come: of a child who is looked after no more, or the waits of one proceeding."""
    statement = update(Appointment).where(Appointment.kept_at.is_(None), Appointment.struck_at.is_(None))
    if proceeding_id is None:
        statement = statement.where(Appointment.case_id == case_id, Appointment.kind != AppointmentKind.WAIT.value)
    else:
        statement = statement.where(
            Appointment.proceeding_id == proceeding_id,
            Appointment.kind == AppointmentKind.WAIT.value,
            Appointment.came_at.is_(None),
        )
    await session.execute(statement.values(struck_at=bureau.clock.now()))


async def to_come(session: AsyncSession, case_id: int) -> list[Appointment]:
    """What is noted and has not come, soonest first."""
    rows = await session.execute(
        select(Appointment)
        .where(Appointment.case_id == case_id, Appointment.came_at.is_(None), Appointment.struck_at.is_(None))
        .order_by(Appointment.on, Appointment.id)
    )
    return list(rows.scalars())
