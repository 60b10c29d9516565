"""A noted day has come: whoever rests for it is woken, or the child's file is opened again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from office import handover, log
from office.bureau import Bureau
from office.requests import news
from office.tables import Appointment, CaseRow
from rules.vocabulary import AppointmentKind, Happening, Mechanism


async def ring(session: AsyncSession, bureau: Bureau, appointment_id: int) -> bool:
    """The day has come: wake who rests for it, or give it to the assessment of the child. Once, whoever else rings.

    With no live assessment a new one begins, and a closed case is open again (动态管理: 民发〔2019〕62号 二(四),
    最低生活保障审核确认办法 31).
    """
    case_id = select(Appointment.case_id).where(Appointment.id == appointment_id).scalar_subquery()
    case = (
        await session.execute(select(CaseRow).where(CaseRow.id == case_id).with_for_update(key_share=True))
    ).scalar_one()
    row = (
        await session.execute(
            select(Appointment)
            .where(Appointment.id == appointment_id, Appointment.came_at.is_(None), Appointment.struck_at.is_(None))
            .with_for_update(skip_locked=True)
        )
    ).scalar_one_or_none()
    if row is None:
        return False
    now = bureau.clock.now()
    row.came_at = now
    if row.kind == AppointmentKind.WAIT.value and row.proceeding_id is not None:
        await news(session, row.proceeding_id)
        return True
    if case.closed_at is not None:
        case.closed_at, case.closing_ground = None, None
        log.write(session, Happening.CASE_REOPENED, at=now, case_id=case.id)
    taker = await handover.open_proceeding(session, bureau, case, Mechanism.ASSESSMENT_AND_ASSISTANCE, from_file=True)
    row.proceeding_id = taker.id
    log.write(session, Happening.APPOINTMENT_CAME, at=now, case_id=case.id, proceeding_id=taker.id)
    await session.flush()
    await news(session, taker.id)
    return True
