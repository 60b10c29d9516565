"""What a mail changes in the records: one transaction for each mail, once under the digest of its content.

A letter counts as come back when a report names its Message-ID and says that delivery has failed for good. Its address
is marked only when the report names that address: where an officer's mail is passed on elsewhere and fails there, the
letter goes to the next contact, and the address is not blamed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import addresses, log, outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind, UndeliveredReason
from office.requests import redraw
from office.returned.reading import Claim, ReadMail
from office.standing_in import ABOUT_THE_POST, pass_on
from office.tables import CaseRow, Letter, Request, ReturnedMail
from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import BounceReason, Happening, LetterState, Level, MailSort

NOTHING_MORE_TO_TELL = (LetterState.FAILED.value, LetterState.STALE.value, LetterState.BOUNCED.value)
"""A letter that never left, or is known to have come back."""


@dataclass
class _Found:
    """What the records make of a mail."""

    sort: MailSort
    letter: Letter | None = None
    case_id: int | None = None


def digest(raw: bytes) -> str:
    """The key of a mail: the same content has the same key, wherever it lies."""
    return hashlib.sha256(raw).hexdigest()


async def known(session: AsyncSession, key: str) -> MailSort | None:
    """What a mail was found to be when it was read before; None for a new one."""
    sort = (await session.execute(select(ReturnedMail.sort).where(ReturnedMail.key == key))).scalar_one_or_none()
    return None if sort is None else MailSort(sort)


async def take_in(
    session: AsyncSession, bureau: Bureau, mail: ReadMail | None, key: str, mailbox: str, number: int | None
) -> MailSort:
    """Write down what a mail means, within the caller's transaction; None stands for one that cannot be read.

    A mail that was read before changes nothing.
    """
    statement = (
        insert(ReturnedMail)
        .values(key=key, sort=MailSort.FAULTY.value, mailbox=mailbox, number=number)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(ReturnedMail)
    )
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        return await known(session, key) or MailSort.FAULTY
    found = _Found(MailSort.FAULTY) if mail is None else await _meaning(session, bureau, mail)
    row.sort = found.sort.value
    row.letter_id = None if found.letter is None else found.letter.id
    row.case_id = found.case_id
    await session.flush()
    if found.case_id is not None and found.sort is MailSort.REPLY:
        await _tell_of_reply(session, bureau, found)
    return found.sort


async def _meaning(session: AsyncSession, bureau: Bureau, mail: ReadMail) -> _Found:
    letters = await _letters(session, mail)
    if mail.sort in (MailSort.BOUNCED, MailSort.DELAYED) and letters:
        return await _reported(session, bureau, mail, letters)
    if mail.sort is MailSort.AUTOMATIC:
        first = letters[0] if letters else None
        return _Found(MailSort.AUTOMATIC, first, None if first is None else first.case_id)
    # A report that names no letter of ours changes nothing; where it names a case, a person should look at it.
    if letters:
        return _Found(MailSort.REPLY, letters[0], letters[0].case_id)
    statement = select(CaseRow.id).where(CaseRow.number.in_(mail.cases)).order_by(CaseRow.id).limit(1)
    case_id = (await session.execute(statement)).scalar_one_or_none() if mail.cases else None
    return _Found(MailSort.FOREIGN if case_id is None else MailSort.REPLY, None, case_id)


async def _letters(session: AsyncSession, mail: ReadMail) -> list[Letter]:
    """The letters under the Message-IDs that a mail names, locked; of a digest all that it carried."""
    if not mail.message_ids:
        return []
    named = or_(Letter.message_id.in_(mail.message_ids), Letter.carried_by.in_(mail.message_ids))
    statement = select(Letter).where(named).order_by(Letter.id).with_for_update()
    return list((await session.execute(statement)).scalars())


async def _reported(session: AsyncSession, bureau: Bureau, mail: ReadMail, letters: list[Letter]) -> _Found:
    found = _Found(MailSort.FOREIGN)
    to_one = len({(letter.to_office, letter.to_officer) for letter in letters}) == 1
    for letter in letters:
        address = addresses.written(letter.address or _address_now(bureau, letter))
        named = mail.about(address)
        # A mail has one recipient: where the report names letters to several, only those count whose recipient it names.
        claim = named or (mail.gravest if to_one else None)
        if claim is None or claim.outcome == "other" or letter.attempts == 0:
            continue
        if claim.outcome == "failed":
            await _bounce(session, bureau, letter, claim, address if named is not None else "")
            found = _Found(MailSort.BOUNCED, letter, letter.case_id)
        elif found.sort is not MailSort.BOUNCED:
            await _delay(session, bureau, letter)
            found = _Found(MailSort.DELAYED, letter, letter.case_id)
    return found


def _address_now(bureau: Bureau, letter: Letter) -> str:
    """For a letter of which it is not known that it left: where it would have gone."""
    officer = bureau.county.officer(letter.to_officer)
    return "" if officer is None else officer.email


async def _bounce(session: AsyncSession, bureau: Bureau, letter: Letter, claim: Claim, address: str) -> None:
    """The letter has come back. Told once: a letter that is known to have come back, or never left, stays as it is."""
    if letter.state in NOTHING_MORE_TO_TELL:
        return
    reason = BounceReason.of_status(claim.status)
    request = await _request(session, letter)
    letter.state = LetterState.BOUNCED.value
    letter.fault = f"{reason.label}（{claim.status}）。" if claim.status else f"{reason.label}。"
    log.write(
        session, Happening.LETTER_BOUNCED, at=bureau.clock.now(), case_id=letter.case_id, request=request,
        office=letter.to_office, level=None if letter.level is None else Level(letter.level),
        detail=f"{LetterKind(letter.kind).label}：{letter.fault}",
    )  # fmt: skip
    newly = bool(address) and await addresses.mark(session, bureau, letter, address, reason, claim.status)
    await session.flush()
    await pass_on(session, bureau, letter, request, UndeliveredReason.BOUNCED, tell_always=newly or not address)
    if request is not None:
        await redraw(session, request.proceeding_id)


async def _delay(session: AsyncSession, bureau: Bureau, letter: Letter) -> None:
    """Noted once for each letter; nothing else is done, because the mail systems go on trying."""
    before = select(ReturnedMail.id).where(
        ReturnedMail.letter_id == letter.id, ReturnedMail.sort == MailSort.DELAYED.value
    )
    noted = (await session.execute(before.limit(1))).scalar_one_or_none() is not None
    if noted or letter.state in NOTHING_MORE_TO_TELL:
        return
    log.write(
        session, Happening.LETTER_DELAYED, at=bureau.clock.now(), case_id=letter.case_id,
        request=await _request(session, letter), office=letter.to_office, detail=LetterKind(letter.kind).label,
    )  # fmt: skip


async def _request(session: AsyncSession, letter: Letter) -> Request | None:
    if letter.request_id is None:
        return None
    return (await session.execute(select(Request).where(Request.id == letter.request_id))).scalar_one()


async def _tell_of_reply(session: AsyncSession, bureau: Bureau, found: _Found) -> None:
    """One note to the coordinators for a case and day. A reply to such a note is counted and not told again."""
    if found.letter is not None and found.letter.kind in ABOUT_THE_POST:
        return
    case = (await session.execute(select(CaseRow).where(CaseRow.id == found.case_id))).scalar_one()
    counted = select(func.count()).where(
        ReturnedMail.case_id == case.id, ReturnedMail.sort == MailSort.REPLY.value
    )  # fmt: skip
    now = bureau.clock.now()
    facts = {"case_number": case.number, "received": (await session.execute(counted)).scalar_one(), "at": now}
    told = False
    for officer in bureau.county.officer_at_level(Level.COORDINATOR, found.letter.to_office if found.letter else ""):
        told |= await outbox.put(
            session, bureau, key=f"mail_received/{case.id}/{now.astimezone(COUNTY_ZONE):%Y-%m-%d}/{officer.key}",
            kind=LetterKind.MAIL_RECEIVED.value, case=(case.id, case.number), to_office=officer.office,
            to_officer=officer.key, facts=facts,
        )  # fmt: skip
    if told:
        log.write(session, Happening.MAIL_RECEIVED, at=now, case_id=case.id)
