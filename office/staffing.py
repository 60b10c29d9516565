"""Leavers and absences: every open step has somebody who can act and was written to.

A county's files are read at a start, so a start is when a change of people is noticed; a day of leaving and the first
day of an absence come while everything runs, so it is looked at again every minute. Each step moves in a transaction of
its own; cut short, it is begun again, and what was done is found done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import and_, false, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from office import contacts, log, outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.locks import AdvisoryLock
from office.one_at_a_time import alone, pause
from office.people import People, Recipient
from office.requests import recuse, redraw, write_to
from office.roster import people_in
from office.tables import Absence, Barred, CaseRow, Contact, Event, Letter, PassedOn, Proceeding, Request
from rules.steps import step
from rules.vocabulary import MAY_ARRIVE, OPEN_STATES, Happening, LetterState

logger = logging.getLogger("jieli.staffing")

BATCH = 200
LISTED = 100
EVERY = 60.0
"""Machine seconds between two looks."""


@dataclass
class Settled:
    """What was done: steps that went to somebody else, offices with nobody left, lists written, what failed."""

    passed_on: int = 0
    recused: int = 0
    lists: int = 0
    new_contacts: int = 0
    set_aside: list[int] = field(default_factory=list)


async def settle(bureau: Bureau) -> Settled:
    """Find every open step that nobody can act on, and give it to somebody; ask new contacts to confirm."""
    done = Settled()
    # So that a leaver's steps come into one list.
    async with alone(bureau, AdvisoryLock.STAFFING):
        await _pass_on_what_is_stranded(bureau, done)
        done.lists = await _tell_what_was_passed_on(bureau)
        if bureau.settings.confirms_contacts:
            done.new_contacts = await contacts.meet_contacts(bureau)
            await contacts.tell_of_unconfirmed(bureau)
    return done


async def _pass_on_what_is_stranded(bureau: Bureau, done: Settled) -> None:
    last = 0
    while True:
        async with bureau.database.transaction() as session:
            found = await _stranded(session, await people_in(session, bureau, None), last)
        for request_id in found:
            try:
                await _one(bureau, request_id, done)
            except Exception as fault:  # one case's fault must not strand the others
                done.set_aside.append(request_id)
                logger.error("request %s set aside: %s", request_id, type(fault).__name__)
        if len(found) < BATCH:
            return
        last = found[-1]


async def run_staffing(bureau: Bureau, stop: asyncio.Event, every: float = EVERY) -> None:
    """Look until stopped."""
    while not stop.is_set():
        try:
            await settle(bureau)
        except Exception as fault:  # PostgreSQL may be away for a while
            logger.error("open steps could not be looked at and are again: %s", type(fault).__name__)
        await pause(stop, every)


async def _stranded(session: AsyncSession, people: People, after: int) -> Sequence[int]:
    """Open steps whose owner has left, or which were written to nobody who is there; in one question for all of them."""
    present = [pair for key in people.county.offices for pair in _present(people, key)]
    gone = or_(
        Request.owner.is_not(None) & tuple_(Request.office, Request.owner).not_in(_may_act(people)),
        *(
            and_(Request.office == office, Request.owner == absent, _not_written_to([(office, instead)]))
            for office, absent, instead in _stand_ins(people)
        ),
        # Where nobody at all is there, the office must say so to the coordinator.
        (Request.owner.is_(None) & _not_written_to(present)) if present else false(),
    )
    statement = (
        select(Request.id)
        .where(Request.state.in_(OPEN_STATES), gone, Request.id > after)
        .order_by(Request.id)
        .limit(BATCH)
    )
    return (await session.execute(statement)).scalars().all()


def _present(people: People, office: str) -> list[tuple[str, str]]:
    entry = people.county.office(office)
    here = [one.key for one in entry.officers if people.serves(one) and not people.is_away(one.key)]
    return [(office, key) for key in {*here, *(one.key for one in people.contacts(office))}]


def _may_act(people: People) -> list[tuple[str, str]]:
    pairs = []
    for key, office in people.county.offices.items():
        pairs += [(key, one.key) for one in office.officers if people.serves(one)]
        pairs += [(key, instead) for where, _, instead in _stand_ins(people) if where == key]
    return pairs


def _stand_ins(people: People) -> list[tuple[str, str, str]]:
    found = []
    for away in people.absences:
        officer, instead = people.county.officer(away.officer), people.stand_in_of(away.officer)
        if officer is not None and people.serves(officer) and instead is not None:
            found.append((officer.office, officer.key, instead.key))
    return found


def _not_written_to(pairs: list[tuple[str, str]]) -> Any:
    barred = (
        select(Barred.id)
        .join(Proceeding, Proceeding.case_id == Barred.case_id)
        .where(
            Proceeding.id == Request.proceeding_id,
            Barred.officer == Letter.to_officer,
            Barred.lifted_at.is_(None),
        )
        .exists()
    )
    written = (
        select(Letter.id)
        .where(
            Letter.request_id == Request.id,
            Letter.acts,
            Letter.state.in_(MAY_ARRIVE),
            tuple_(Letter.to_office, Letter.to_officer).in_(pairs),
            ~barred,
        )
        .exists()
    )
    return ~written


async def _one(bureau: Bureau, request_id: int, done: Settled) -> None:
    """One step, locked and looked at again with the eyes of its case: it may have been answered since."""
    async with bureau.database.transaction() as session:
        row = (
            await session.execute(
                select(Request, CaseRow)
                .join(Proceeding, Proceeding.id == Request.proceeding_id)
                .join(CaseRow, CaseRow.id == Proceeding.case_id)
                .where(Request.id == request_id, Request.state.in_(OPEN_STATES))
                .with_for_update(of=Request, skip_locked=True)
            )
        ).one_or_none()
        if row is None:
            return
        request, case = row
        people = await people_in(session, bureau, case.id)
        if not people.contacts(request.office):
            if not await _recused_already(session, request):
                await recuse(session, bureau, case, request)
                done.recused += 1
            return
        leaver = await _leaver(session, people, request)
        written = await _write(session, bureau, case, request, people, leaver)
        if written:
            await redraw(session, request.proceeding_id)
    # Only now is it kept.
    done.passed_on += written


async def _recused_already(session: AsyncSession, request: Request) -> bool:
    statement = (
        select(Event.id).where(Event.request_id == request.id, Event.event == Happening.OFFICE_RECUSED.value).limit(1)
    )
    return (await session.execute(statement)).first() is not None


async def _leaver(session: AsyncSession, people: People, request: Request) -> str:
    """Who had the step and may not act on it any more; "" where nobody had it, or who had it is only away."""
    if request.owner is not None:
        return "" if people.may_act(request.owner, request.office) else request.owner
    rows = await session.execute(
        select(Letter.to_officer)
        .where(Letter.request_id == request.id, Letter.acts, Letter.state == LetterState.HANDED_OVER.value)
        .order_by(Letter.id.desc())
    )
    return next((key for key in rows.scalars() if not people.may_act(key, request.office)), "")


async def _write(
    session: AsyncSession, bureau: Bureau, case: CaseRow, request: Request, people: People, leaver: str
) -> bool:
    """Fresh letters to whoever has the step now, and a row for the coordinator's list where somebody has left."""
    holders = people.takes_over(request.office) if leaver else people.holders(request.office, request.owner)
    if leaver and request.owner == leaver:
        # What one had in hand one has in hand again, so that reminders find them.
        request.owner = holders[0].key if len(holders) == 1 else None
    because = await _occasion(session, bureau, request, holders, leaver)
    # Under the plain key where it is free: the post gives the leaver's own unsent letter to the next one under it too.
    written = [
        await write_to(session, bureau, case, request, one.key)
        or await write_to(session, bureau, case, request, one.key, because(one))
        for one in holders
    ]
    if leaver and any(written):
        names = ",".join(one.key for one in holders)
        session.add(PassedOn(request_id=request.id, officer=leaver, to_officers=names, at=bureau.clock.now()))
    if any(written):
        log.write(
            session, Happening.REQUEST_PASSED_ON, at=bureau.clock.now(), case_id=case.id, request=request,
            detail=f"原经办：{leaver}" if leaver else "",
        )  # fmt: skip
    return any(written)


async def _occasion(
    session: AsyncSession, bureau: Bureau, request: Request, holders: Sequence[Recipient], leaver: str
) -> Any:
    """What makes this letter another one than those before: how often the step was passed on, or which absence."""
    times = len((await session.execute(select(PassedOn.id).where(PassedOn.request_id == request.id))).scalars().all())
    away = {one.stands_for for one in holders if one.stands_for}
    rows = await session.execute(
        select(Absence.officer, Absence.id).where(
            Absence.officer.in_(away), Absence.ended_at.is_(None), Absence.ends_at > bureau.clock.now()
        )
    )
    absences = {row.officer: row.id for row in rows.all()}
    return lambda one: (
        f"absence/{absences[one.stands_for]}" if one.stands_for in absences and not leaver else f"passed/{times + 1}"
    )


async def _tell_what_was_passed_on(bureau: Bureau) -> int:
    """One list for each leaver to each coordinator: what moved, and to whom. Gives how many letters were put."""
    put = 0
    async with bureau.database.transaction() as session:
        rows = (
            await session.execute(
                select(PassedOn, Request, CaseRow)
                .join(Request, Request.id == PassedOn.request_id)
                .join(Proceeding, Proceeding.id == Request.proceeding_id)
                .join(CaseRow, CaseRow.id == Proceeding.case_id)
                .where(PassedOn.listed_at.is_(None))
                .order_by(PassedOn.officer, PassedOn.id)
                .with_for_update(of=PassedOn, skip_locked=True)
            )
        ).all()
        if not rows:
            return 0
        county_people = await people_in(session, bureau, None)
        by_case = {case.id: await people_in(session, bureau, case.id) for _, _, case in rows}
        for officer, group in groupby(rows, key=lambda row: row[0].officer):
            moved = list(group)
            name = await _name(session, bureau, officer)
            for one in county_people.contacts("coordinator"):
                # A coordinator who is barred from a case learns nothing of it from a list either.
                theirs = [row for row in moved if not by_case[row[2].id].is_barred(one.officer)]
                if not theirs:
                    continue
                put += await outbox.put(
                    session, bureau, key=f"steps_passed_on/{moved[0][0].id}/{one.key}",
                    kind=LetterKind.STEPS_PASSED_ON.value, case=(None, ""), to_office=one.office, to_officer=one.key,
                    facts={
                        "case_number": "", "officer": name, "more": max(0, len(theirs) - LISTED),
                        "at": bureau.clock.now().isoformat(),
                        "steps": [_line(bureau, *row) for row in theirs[:LISTED]],
                    },
                )  # fmt: skip
        await session.execute(
            update(PassedOn).where(PassedOn.id.in_([row[0].id for row in rows])).values(listed_at=bureau.clock.now())
        )
    return put


async def _name(session: AsyncSession, bureau: Bureau, key: str) -> str:
    officer = bureau.county.officer(key)
    if officer is not None:
        return officer.name
    statement = select(Contact.name).where(Contact.officer == key).order_by(Contact.id.desc()).limit(1)
    return (await session.execute(statement)).scalar_one_or_none() or key


def _line(bureau: Bureau, moved: PassedOn, request: Request, case: CaseRow) -> dict[str, str]:
    keys = [key for key in moved.to_officers.split(",") if key]
    names = [bureau.county.officer(key) for key in keys]
    return {
        "case_number": case.number,
        "step_label": step(request.step).label,
        "office_name": bureau.county.office(request.office).name,
        "to": "、".join(one.name for one in names if one is not None),
        "due": request.due.isoformat(),
    }
