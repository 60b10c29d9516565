"""The page on which an officer writes an absence down. No account: a letter to the registered address leads there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import Officer
from office import outbox
from office.absences import absences_to_come, end_absence_in, set_absence_in
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.people import People, plain_name
from office.refusals import Refused, UnknownLink
from office.roster import people_in
from office.tables import AbsenceForm, Letter
from office.timekeeping import COUNTY_ZONE
from office.tokens import ABSENCE, clean_token, hash_of, refusal_of_code, token_of

LIVES = timedelta(days=3)
"""How long the way to the page is open. Another one can be asked for at any time."""


@dataclass(frozen=True)
class Period:
    """An absence as its officer sees it: the last day counts."""

    first: date
    last: date
    stand_in: str


@dataclass(frozen=True)
class OpenedForm:
    """What stands behind the link: `colleagues` by key and name, and the absences that run or are to come."""

    token: str
    officer: str
    name: str
    office_name: str
    current: bool
    colleagues: tuple[tuple[str, str], ...]
    absences: tuple[Period, ...]


async def ask(bureau: Bureau, address: str) -> None:
    """Send the way to the page to that address where it is an officer's own, at most once an hour of county time.

    Nothing tells whether the address is known.
    """
    wanted = address.strip().casefold()
    async with bureau.database.transaction() as session:
        people = await people_in(session, bureau, None)
        for office in bureau.county.offices.values():
            for officer in office.officers:
                if wanted and officer.email.casefold() == wanted and people.serves(officer) and not officer.shared:
                    await _send(session, bureau, officer, office.name)


async def _send(session: AsyncSession, bureau: Bureau, officer: Officer, office_name: str) -> None:
    now, nonce = bureau.clock.now(), secrets.token_urlsafe(24)
    key = f"absence_form/{officer.key}/{now:%Y%m%d%H}"
    new = await outbox.put(
        session, bureau, key=key, kind=LetterKind.ABSENCE_FORM.value, case=(None, ""), to_office=officer.office,
        to_officer=officer.key, acts=True,
        facts={"case_number": "", "office_name": office_name, "asked_for_at": now.isoformat()},
    )  # fmt: skip
    if new:
        letter = (await session.execute(select(Letter.id).where(Letter.key == key))).scalar_one()
        session.add(
            AbsenceForm(
                officer=officer.key, address=officer.email, nonce=nonce, letter_id=letter, made_at=now,
                token_hash=hash_of(token_of(bureau, nonce, ABSENCE)), expires_at=now + LIVES, wrong_codes=0,
            )
        )  # fmt: skip


async def open_form(bureau: Bureau, raw: str) -> OpenedForm:
    """What the officer sees. Reads only; raises `UnknownLink`."""
    async with bureau.database.transaction() as session:
        row = await _find(session, raw)
        people = await people_in(session, bureau, None)
        absences = await absences_to_come(session, bureau)
    officer = bureau.county.officer(row.officer)
    office = None if officer is None else bureau.county.office(officer.office)
    current = _is_current(bureau, people, row)
    return OpenedForm(
        token=clean_token(raw),
        officer=row.officer,
        name="" if officer is None else officer.name,
        office_name="" if office is None else office.name,
        current=current,
        colleagues=tuple(
            (one.key, one.name)
            for one in (office.officers if office is not None and current else ())
            if one.key != row.officer and people.serves(one) and not one.shared
        ),
        absences=tuple(
            Period(
                _day(one.begins_at),
                _day(one.ends_at - timedelta(microseconds=1)),
                bureau.county.name_of_officer(one.stand_in),
            )
            for one in absences
            if current and one.officer == row.officer
        ),
    )


async def give(
    bureau: Bureau, raw: str, *, typed_name: str, code: str, first: date, last: date, stand_in: str
) -> OpenedForm:
    """The officer writes an absence down, from the first day to the end of the last. Twice is once.

    The right to do so is judged in the same transaction. Raises `Refused`, `UnknownLink`.
    """
    await _prove(bureau, raw, typed_name, code)
    async with bureau.database.transaction() as session:
        row = await _entitled(session, bureau, raw, typed_name)
        await set_absence_in(
            session, bureau, officer=row.officer, begins=_midnight(first), ends=_midnight(last + timedelta(days=1)),
            stand_in=stand_in, set_by=row.officer,
        )  # fmt: skip
    return await open_form(bureau, raw)


async def come_back(bureau: Bureau, raw: str, *, typed_name: str, code: str) -> OpenedForm:
    """The officer is back, or does not go. Twice is once. Raises `Refused`, `UnknownLink`."""
    await _prove(bureau, raw, typed_name, code)
    async with bureau.database.transaction() as session:
        row = await _entitled(session, bureau, raw, typed_name)
        await end_absence_in(session, bureau, officer=row.officer, ended_by=row.officer)
    return await open_form(bureau, raw)


async def _prove(bureau: Bureau, raw: str, typed_name: str, code: str) -> None:
    """A wrong code is counted in a transaction of its own, whatever follows."""
    if not typed_name.strip():
        raise Refused("请填写您的姓名。", "typed_name")
    async with bureau.database.transaction() as session:
        fault = await refusal_of_code(session, bureau, await _find(session, raw, lock=True), code)
    if fault:
        raise Refused(fault, "code")


async def _entitled(session: AsyncSession, bureau: Bureau, raw: str, typed_name: str) -> AbsenceForm:
    row = await _find(session, raw, lock=True)
    officer = bureau.county.officer(row.officer)
    if officer is None or not _is_current(bureau, await people_in(session, bureau, None), row):
        raise Refused("这个链接已失效，请重新申请。")
    if plain_name(typed_name) != plain_name(officer.name):
        raise Refused("离岗代理由本人登记，请填写您登记的姓名；替他人登记的，请联系协调员。", "typed_name")
    return row


def _is_current(bureau: Bureau, people: People, row: AbsenceForm) -> bool:
    officer = bureau.county.officer(row.officer)
    there = officer is not None and officer.email == row.address and people.serves(officer)
    return there and bureau.clock.now() < row.expires_at


async def _find(session: AsyncSession, raw: str, *, lock: bool = False) -> AbsenceForm:
    statement = select(AbsenceForm).where(AbsenceForm.token_hash == hash_of(clean_token(raw)))
    row = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if row is None:
        raise UnknownLink
    return row


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), COUNTY_ZONE)


def _day(at: datetime) -> date:
    return at.astimezone(COUNTY_ZONE).date()
