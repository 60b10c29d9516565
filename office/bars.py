"""A person who has no part in a case: never recipient, stand-in or viewer, from the moment the coordinator says so.

Letters that have not left go to somebody else; links stop at the moment of acting; a letter that is being handed over at
this very moment cannot be called back, but its link is dead when it arrives.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.bureau import Bureau
from office.consequences import close_with_all_who_were_told, withdraw_asides
from office.people import People, plain_name
from office.refusals import Refused
from office.requests import recuse, redraw, write_to
from office.roster import people_in
from office.tables import Barred, CaseRow, Letter, Proceeding, Request
from rules.vocabulary import MAY_ARRIVE, OPEN_STATES, BarReason, Happening, RequestState

_TRIES = 50
_LOCK_TAKEN = "55P03"


@dataclass(frozen=True)
class Barring:
    """What a bar has done: the steps that went to somebody else, and those whose office has nobody left."""

    case: str
    who: str
    reason: BarReason
    again: bool
    passed_on: tuple[str, ...]
    recused: tuple[str, ...]


async def bar(bureau: Bureau, *, case: str, who: str, reason: BarReason, set_by: str) -> Barring:
    """Bar a person from a case, by county key or by name. Doing it twice bars once.

    Their open steps go to the office's next contact; where none is left the step comes back to the coordinator. Raises
    `Refused` for an unknown case, an empty name, and where an answer kept the case busy for ten seconds.
    """
    if not who.strip() or not plain_name(who):
        raise Refused("请写明谁应当回避：人员代号，或者姓名。")
    for _ in range(_TRIES):
        try:
            async with bureau.database.transaction() as session:
                # Less than PostgreSQL's own wait for a deadlock: an answer under way is waited for, and never broken off.
                await session.execute(text("SET LOCAL lock_timeout = '200ms'"))
                return await _bar(session, bureau, case, who.strip(), reason, set_by)
        except DBAPIError as fault:
            if getattr(fault.orig, "sqlstate", "") != _LOCK_TAKEN:
                raise
            await asyncio.sleep(0.02)
    raise Refused("案件正在办理中，回避没有登记成功，请再试一次。")


async def _bar(session: AsyncSession, bureau: Bureau, number: str, who: str, reason: BarReason, set_by: str) -> Barring:
    case = await _case(session, number)
    requests = (
        (
            await session.execute(
                select(Request)
                .join(Proceeding, Proceeding.id == Request.proceeding_id)
                .where(Proceeding.case_id == case.id, Request.state.in_(OPEN_STATES))
                .order_by(Request.id)
                .with_for_update(of=Request)
            )
        )
        .scalars()
        .all()
    )
    # After the steps: whoever is just now putting a step in this case has kept it before we look on.
    await session.execute(select(CaseRow.id).where(CaseRow.id == case.id).with_for_update())
    key, name = _known_as(bureau, who)
    live = await _live(session, case, key, name)
    if live is not None:
        return Barring(number, who, BarReason(live.reason), True, (), ())
    row = Barred(
        case_id=case.id, officer=key, name=name, reason=reason.value, set_by=set_by, at=bureau.clock.now()
    )  # fmt: skip
    session.add(row)
    # The log of a case is read by offices: it says that somebody was barred, and not who or why.
    log.write(session, Happening.PERSON_BARRED, at=row.at, case_id=case.id)
    await session.flush()
    after = await people_in(session, bureau, case.id)
    passed, recused = [], []
    for request in requests:
        if not RequestState(request.state).is_open:
            continue  # what was still to be decided about a step that has just come back
        if not after.contacts(request.office):
            await recuse(session, bureau, case, request)
            if not RequestState(request.state).is_open:
                await close_with_all_who_were_told(session, bureau, request, case)
                await withdraw_asides(session, bureau, request, case)
            recused.append(request.step)
        elif await _pass_on(session, bureau, case, request, after, row.id):
            passed.append(request.step)
    return Barring(number, who, reason, False, tuple(passed), tuple(recused))


async def bar_accused(session: AsyncSession, bureau: Bureau, case: CaseRow, accused: str, *, set_by: str) -> None:
    """Bar every officer of the county whose name stands in `accused`, which a reporter wrote: names, relations, both.

    A namesake is barred with them until the coordinator lifts it: to wait for who is meant would be to write to them.
    """
    written = plain_name(accused)
    names = {
        plain_name(officer.name): officer.name
        for office in bureau.county.offices.values()
        for officer in office.officers
        # A mailbox that several share is barred with each of its readers, and its own name is nobody's.
        if not officer.shared
    }
    for plain, name in names.items():
        if len(plain) > 1 and plain in written:
            await _bar(session, bureau, case.number, name, BarReason.ALLEGED_PERPETRATOR, set_by)


async def _pass_on(
    session: AsyncSession, bureau: Bureau, case: CaseRow, request: Request, after: People, bar_id: int
) -> bool:
    """Give a step that a barred person had to somebody else. True where somebody new is written to."""
    lost = request.owner is not None and not after.may_act(request.owner, request.office)
    if lost:
        request.owner = None
    elif request.owner is not None or await _somebody_has_it(session, request, after):
        return False
    for one in after.contacts(request.office):
        # Under the plain key where it is free: the post gives an unsent letter to the next one under it too.
        if not await write_to(session, bureau, case, request, one.key):
            await write_to(session, bureau, case, request, one.key, f"bar/{bar_id}")
    log.write(session, Happening.REQUEST_PASSED_ON, at=bureau.clock.now(), case_id=case.id, request=request)
    await redraw(session, request.proceeding_id)
    return True


async def _somebody_has_it(session: AsyncSession, request: Request, people: People) -> bool:
    """Whether a letter about the step has gone, or is going, to somebody who may act on it."""
    rows = await session.execute(
        select(Letter.to_officer).where(Letter.request_id == request.id, Letter.acts, Letter.state.in_(MAY_ARRIVE))
    )
    return any(people.may_act(key, request.office) for key in rows.scalars())


async def lift(bureau: Bureau, *, case: str, who: str, lifted_by: str) -> bool:
    """Lift a bar; what went to others stays with them. False when there was none. Raises `Refused`."""
    async with bureau.database.transaction() as session:
        row = await _case(session, case)
        key, name = _known_as(bureau, who)
        live = await _live(session, row, key, name)
        if live is None:
            # An officer who has left the county's file since is still barred under the key.
            live = await _live(session, row, who.strip(), "")
        if live is None:
            return False
        live.lifted_at, live.lifted_by = bureau.clock.now(), lifted_by
        log.write(session, Happening.BAR_LIFTED, at=live.lifted_at, case_id=row.id)
    return True


@dataclass(frozen=True)
class StandingBar:
    """A bar as the coordinator sees it: `who` is the county key or, where there is none, the name."""

    who: str
    name: str
    reason: BarReason
    set_by: str
    at: datetime


async def bars_in(bureau: Bureau, case: str) -> list[StandingBar]:
    """Who has no part in a case now, for the coordinator alone. Raises `Refused` for an unknown case."""
    async with bureau.database.transaction() as session:
        row = await _case(session, case)
        statement = select(Barred).where(Barred.case_id == row.id, Barred.lifted_at.is_(None)).order_by(Barred.id)
        found = (await session.execute(statement)).scalars().all()
    officers = [bureau.county.officer(one.officer) for one in found]
    return [
        StandingBar(
            one.officer or one.name, one.name or (officer.name if officer else ""), BarReason(one.reason), one.set_by,
            one.at,
        )
        for one, officer in zip(found, officers, strict=True)
    ]  # fmt: skip


def _known_as(bureau: Bureau, who: str) -> tuple[str, str]:
    """The key of the one officer who has that key or name; else no key, and the name."""
    officers = [one for office in bureau.county.offices.values() for one in office.officers]
    found = [one for one in officers if one.key == who.strip()] or [
        one for one in officers if plain_name(one.name) == plain_name(who)
    ]
    return (found[0].key, "") if len(found) == 1 else ("", plain_name(who))


async def _case(session: AsyncSession, number: str) -> CaseRow:
    case = (await session.execute(select(CaseRow).where(CaseRow.number == number))).scalar_one_or_none()
    if case is None:
        raise Refused(f"没有案号为 {number} 的案件。可用 jieli cases 查看全部案件。")
    return case


async def _live(session: AsyncSession, case: CaseRow, key: str, name: str) -> Barred | None:
    statement: Any = select(Barred).where(
        Barred.case_id == case.id, Barred.officer == key, Barred.name == name, Barred.lifted_at.is_(None)
    )
    found: Barred | None = (await session.execute(statement)).scalar_one_or_none()
    return found
