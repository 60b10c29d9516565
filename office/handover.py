"""A mechanism opens, hands over to the next and closes. One proceeding at work for each case and mechanism."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import appointments, log, outbox
from office.bureau import Bureau
from office.database import WAKE, tell
from office.requests import news
from office.roster import people_in
from office.tables import CaseRow, Handover, Proceeding, Request
from rules.vocabulary import ClosingGround, Happening, Mechanism


async def open_proceeding(
    session: AsyncSession, bureau: Bureau, case: CaseRow, mechanism: Mechanism, *, from_file: bool = False
) -> Proceeding:
    """Start a mechanism for a case, however often a start is triggered: one at work is joined, never doubled.

    One that has taken its leave looks at the child no more: it goes on with what it watches or is owed, and a new one
    begins beside it. `from_file` says that a day noted in the child's file begins it.
    """
    now = bureau.clock.now()
    await _lock_case(session, case)
    of_this_kind = Proceeding.case_id == case.id, Proceeding.mechanism == mechanism.value
    at_work = (
        await session.execute(
            select(Proceeding).where(*of_this_kind, Proceeding.closed_at.is_(None), Proceeding.outcome.is_(None))
        )
    ).scalar_one_or_none()
    if at_work is not None:
        # One that only deals with what its file brought up begins at its first line when the child is given to it anew.
        at_work.from_file = at_work.from_file and from_file
        return at_work
    serial = (
        await session.execute(select(func.coalesce(func.max(Proceeding.serial), 0)).where(*of_this_kind))
    ).scalar_one()
    statement = (
        insert(Proceeding)
        .values(
            case_id=case.id, mechanism=mechanism.value, serial=serial + 1, opened_at=now, from_file=from_file,
            news=0, asleep=False, wait_number=0, wait_name="", wait_message="", display=1, shown=0,
        )
        .returning(Proceeding)
    )  # fmt: skip
    proceeding = (await session.execute(statement)).scalar_one()
    log.write(
        session,
        Happening.PROCEEDING_OPENED,
        at=now,
        case_id=case.id,
        proceeding_id=proceeding.id,
        detail=mechanism.label,
    )
    await tell(session, WAKE)
    return proceeding


async def _lock_case(session: AsyncSession, case: CaseRow) -> None:
    """The case row is the lock under which serial numbers are given and the last proceeding closes the case.

    It lets the foreign keys of letters and log rows through, or an officer's answer and a closing could wait for each
    other.
    """
    await session.execute(select(CaseRow.id).where(CaseRow.id == case.id).with_for_update(key_share=True))


async def handed_over(session: AsyncSession, giver_id: int, to: Mechanism, occasion: str) -> bool:
    """Whether this proceeding has passed the case on to that mechanism, on that occasion."""
    statement = select(Handover.id).where(
        Handover.giver_id == giver_id, Handover.mechanism == to.value, Handover.occasion == occasion
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def hand_over(
    session: AsyncSession, bureau: Bureau, case: CaseRow, giver: Proceeding, to: Mechanism, occasion: str = ""
) -> None:
    """Pass the case from one mechanism to the next (legal-basis 1E). Doing it twice on one occasion passes it once."""
    await _lock_case(session, case)
    if await handed_over(session, giver.id, to, occasion):
        return
    taker = await open_proceeding(session, bureau, case, to)
    now = bureau.clock.now()
    session.add(Handover(giver_id=giver.id, mechanism=to.value, occasion=occasion, taker_id=taker.id, at=now))
    log.write(
        session,
        Happening.HANDED_OVER,
        at=now,
        case_id=case.id,
        proceeding_id=giver.id,
        detail=f"{Mechanism(giver.mechanism).label}→{to.label}",
    )
    await news(session, taker.id)


async def open_requests(session: AsyncSession, proceeding_id: int) -> Sequence[Request]:
    """The steps of a proceeding that an office still owes an answer to, or that were declined and not yet re-routed."""
    rows = (
        (await session.execute(select(Request).where(Request.proceeding_id == proceeding_id).order_by(Request.id)))
        .scalars()
        .all()
    )
    newest: dict[tuple[str, str], Request] = {}
    for row in rows:
        newest[row.step, row.subject] = row
    return [row for row in newest.values() if row.state in ("asked", "acknowledged", "declined")]


_LOOK_AFTER_THE_CHILD = (Mechanism.ASSESSMENT_AND_ASSISTANCE.value, Mechanism.GUARDIANSHIP_INTERVENTION.value)


async def close_proceeding(
    session: AsyncSession, bureau: Bureau, case: CaseRow, proceeding: Proceeding, ground: ClosingGround
) -> bool:
    """Close a proceeding with its ground; the last live one closes the case. False while a step is still open.

    The ground is written down already then: the proceeding has taken its leave.
    """
    await _lock_case(session, case)
    if proceeding.closed_at is not None:
        return True
    if await open_requests(session, proceeding.id):
        proceeding.outcome = ground.value
        return False
    now = bureau.clock.now()
    proceeding.closed_at = now
    proceeding.outcome = ground.value
    proceeding.display += 1
    await appointments.strike(session, bureau, proceeding_id=proceeding.id)
    await appointments.give_back(session, proceeding.id)
    if ground.ends_the_file and proceeding.mechanism in _LOOK_AFTER_THE_CHILD:
        await appointments.strike(session, bureau, case_id=case.id)
    log.write(
        session,
        Happening.PROCEEDING_CLOSED,
        at=now,
        case_id=case.id,
        proceeding_id=proceeding.id,
        detail=f"{Mechanism(proceeding.mechanism).label}：{ground.label}",
    )
    await session.flush()
    live = (
        await session.execute(
            select(func.count())
            .select_from(Proceeding)
            .where(Proceeding.case_id == case.id, Proceeding.closed_at.is_(None))
        )
    ).scalar_one()
    if live == 0:
        case.closed_at = now
        case.closing_ground = ground.value
        log.write(session, Happening.CASE_CLOSED, at=now, case_id=case.id, detail=ground.label)
        for officer in (await people_in(session, bureau, case.id)).contacts("coordinator"):
            await outbox.put(
                session, bureau, key=f"proceeding_closed/{proceeding.id}/{officer.key}", kind="proceeding_closed",
                case=(case.id, case.number), to_office="coordinator", to_officer=officer.key,
                facts={
                    "case_number": case.number, "mechanism_label": Mechanism(proceeding.mechanism).label,
                    "ground_label": ground.label, "closed_at": now.isoformat(),
                },
            )  # fmt: skip
    await tell(session, WAKE)
    return True


async def inform(
    session: AsyncSession, bureau: Bureau, case: CaseRow, proceeding: Proceeding, office_key: str, matter: str
) -> bool:
    """Tell an office something it need not answer (通报). One matter, one office, one proceeding: one notice."""
    office = bureau.county.office(office_key)
    fresh = False
    for officer in (await people_in(session, bureau, case.id)).contacts(office.key):
        fresh |= await outbox.put(
            session, bureau, key=f"informed/{proceeding.id}/{matter}/{officer.key}", kind="informed",
            case=(case.id, case.number), to_office=office.key, to_officer=officer.key,
            facts={
                "case_number": case.number, "mechanism_label": Mechanism(proceeding.mechanism).label,
                "office_name": office.name, "matter": matter, "at": bureau.clock.now().isoformat(),
            },
        )  # fmt: skip
    if fresh:
        log.write(
            session, Happening.OFFICE_INFORMED, at=bureau.clock.now(), case_id=case.id, proceeding_id=proceeding.id,
            office=office.key, detail=matter,
        )  # fmt: skip
    return fresh
