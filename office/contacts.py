"""A new contact confirms their address by a letter: until then letters still go there, and "unconfirmed" shows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import Officer
from office import log, outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.people import People
from office.refusals import Refused, UnknownLink
from office.roster import people_in
from office.tables import AbsenceForm, Contact, Letter
from office.tokens import ABSENCE, CONTACT, Minted, clean_token, code_of, hash_of, refusal_of_code, token_of
from rules.vocabulary import ContactState, Happening

LIVES = timedelta(days=365)
"""How long an address can be confirmed by its letter; until then nothing depends on it."""
LISTED = 100


@dataclass(frozen=True)
class OpenedContact:
    """What stands behind the link of such a letter. `current` is false where the county's file has another address now."""

    token: str
    name: str
    office_name: str
    confirmed_at: datetime | None
    current: bool


async def mint(session: AsyncSession, bureau: Bureau, letter: Letter) -> Minted:
    """The link of a letter about its recipient and no step: the same whenever the letter is composed."""
    if letter.kind == LetterKind.ABSENCE_FORM.value:
        form = (await session.execute(select(AbsenceForm).where(AbsenceForm.letter_id == letter.id))).scalar_one()
        token = token_of(bureau, form.nonce, ABSENCE)
        return Minted(f"{bureau.settings.portal_url}/away/{token}", code_of(bureau, form.nonce), form.expires_at)
    row = (await session.execute(select(Contact).where(Contact.letter_id == letter.id))).scalar_one()
    token = token_of(bureau, row.nonce, CONTACT)
    return Minted(f"{bureau.settings.portal_url}/c/{token}", code_of(bureau, row.nonce), row.seen_at + LIVES)


async def meet_contacts(bureau: Bureau) -> int:
    """Write down every address not seen before, and ask its officer to confirm it. Gives how many were new.

    One address, one transaction: cut short, it is begun again and asks nobody twice.
    """
    async with bureau.database.transaction() as session:
        known = {(row[0], row[1]) for row in (await session.execute(select(Contact.officer, Contact.address))).all()}
        people = await people_in(session, bureau, None)
    new = 0
    for office in bureau.county.offices.values():
        for officer in office.officers:
            if officer.email and people.serves(officer) and (officer.key, officer.email) not in known:
                new += await _meet(bureau, officer)
    return new


async def _meet(bureau: Bureau, officer: Officer) -> int:
    now, nonce = bureau.clock.now(), secrets.token_urlsafe(24)
    async with bureau.database.transaction() as session:
        statement = (
            insert(Contact)
            .values(
                officer=officer.key, name=officer.name, address=officer.email, state=ContactState.UNCONFIRMED.value,
                seen_at=now, nonce=nonce, token_hash=hash_of(token_of(bureau, nonce, CONTACT)), wrong_codes=0,
                confirmed_by="",
            )
            .on_conflict_do_nothing(index_elements=["officer", "address"])
            .returning(Contact.id)
        )  # fmt: skip
        number = (await session.execute(statement)).scalar_one_or_none()
        if number is None:
            return 0
        key = f"address_check/{number}"
        await outbox.put(
            session, bureau, key=key, kind=LetterKind.ADDRESS_CHECK.value, case=(None, ""), to_office=officer.office,
            to_officer=officer.key, acts=True,
            facts={
                "case_number": "", "office_name": bureau.county.office(officer.office).name, "seen_at": now.isoformat(),
            },
        )  # fmt: skip
        row = (await session.execute(select(Contact).where(Contact.id == number))).scalar_one()
        row.letter_id = (await session.execute(select(Letter.id).where(Letter.key == key))).scalar_one()
    return 1


async def open_contact(bureau: Bureau, raw: str) -> OpenedContact:
    """What an officer sees behind the link. Reads only; raises `UnknownLink`."""
    async with bureau.database.transaction() as session:
        row = await _find(session, raw)
        current = await _is_current(session, bureau, row)
    officer = bureau.county.officer(row.officer)
    office = None if officer is None else bureau.county.offices.get(officer.office)
    return OpenedContact(
        token=clean_token(raw),
        name=row.name,
        office_name="" if office is None else office.name,
        confirmed_at=row.confirmed_at,
        current=current,
    )


async def confirm(bureau: Bureau, raw: str, *, typed_name: str, code: str) -> OpenedContact:
    """The officer confirms: a name and the code in the letter, which no mail scanner types. Twice is once.

    Raises `Refused`, `UnknownLink`.
    """
    if not typed_name.strip():
        raise Refused("请填写您的姓名。", "typed_name")
    async with bureau.database.transaction() as session:
        row = await _find(session, raw, lock=True)
        fault = await refusal_of_code(session, bureau, row, code)
        if not fault and (await _is_current(session, bureau, row)) and row.state != ContactState.CONFIRMED.value:
            row.state, row.confirmed_at = ContactState.CONFIRMED.value, bureau.clock.now()
            row.confirmed_by = typed_name.strip()[:80]
            log.write(session, Happening.CONTACT_CONFIRMED, at=row.confirmed_at, case_id=None, detail=row.officer)
    # Only here is a wrong code kept as counted.
    if fault:
        raise Refused(fault, "code")
    return await open_contact(bureau, raw)


async def _is_current(session: AsyncSession, bureau: Bureau, row: Contact) -> bool:
    return _stands(await people_in(session, bureau, None), row) and bureau.clock.now() < row.seen_at + LIVES


def _stands(people: People, row: Contact) -> bool:
    """Whether the officer is there and the county's file still has this address."""
    officer = people.county.officer(row.officer)
    return officer is not None and officer.email == row.address and people.serves(officer)


async def _find(session: AsyncSession, raw: str, *, lock: bool = False) -> Contact:
    statement = select(Contact).where(Contact.token_hash == hash_of(clean_token(raw)))
    row = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if row is None:
        raise UnknownLink
    return row


async def tell_of_unconfirmed(bureau: Bureau) -> int:
    """One letter to each coordinator on the addresses that nobody has confirmed in time, each told of once."""
    now = bureau.clock.now()
    async with bureau.database.transaction() as session:
        rows = (
            (
                await session.execute(
                    select(Contact)
                    .where(
                        Contact.state == ContactState.UNCONFIRMED.value,
                        Contact.told_at.is_(None),
                        Contact.seen_at <= now - timedelta(days=bureau.settings.contact_days),
                    )
                    .order_by(Contact.id)
                    .with_for_update(skip_locked=True)
                )
            )
            .scalars()
            .all()
        )
        listed = []
        people = await people_in(session, bureau, None)
        for row in rows:
            row.told_at = now
            officer = bureau.county.officer(row.officer)
            if officer is not None and _stands(people, row):
                office = bureau.county.office(officer.office).name
                listed.append({"office_name": office, "officer": officer.name, "seen_at": row.seen_at.isoformat()})
        if not listed:
            return 0
        for one in people.contacts("coordinator"):
            await outbox.put(
                session, bureau, key=f"contacts_unconfirmed/{rows[0].id}/{one.key}",
                kind=LetterKind.CONTACTS_UNCONFIRMED.value, case=(None, ""), to_office=one.office, to_officer=one.key,
                facts={
                    "case_number": "", "contacts": listed[:LISTED], "more": max(0, len(listed) - LISTED),
                    "days": bureau.settings.contact_days,
                },
            )  # fmt: skip
    return len(listed)
