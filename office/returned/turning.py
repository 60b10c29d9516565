"""The loop that reads returned mail, a bounded number at a turn. Any number may run; one holds the advisory lock.

Logs count mails and name faults by their kind: no address, no subject, no word of a mail.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from sqlalchemy import func, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from office.bureau import Bureau
from office.locks import AdvisoryLock
from office.one_at_a_time import turn_alone
from office.returned.reading import ReadMail, read_mail
from office.returned.sources import Place, Source, SourceAway, sources_of
from office.returned.taking_in import digest, known, take_in
from office.tables import ReturnedMail
from rules.vocabulary import MailSort

logger = logging.getLogger("jieli.returned")

LIMIT = 50
"""Mails read from one source at one turn."""
EVERY = 30.0
"""Machine seconds between two turns."""


class Reader:
    """One reader of one source."""

    def __init__(self, bureau: Bureau, source: Source) -> None:
        """Nothing is opened yet."""
        self.bureau = bureau
        self.source = source
        self._away = False
        self._said: set[str] = set()

    async def turn(self, stop: asyncio.Event | None = None) -> Counter[MailSort]:
        """Read what is new. A source that is away is logged once, and read when it is back."""
        try:
            found = await self._turn(stop)
        except SourceAway as fault:
            if not self._away:
                logger.error("%s", fault)
            self._away = True
            return Counter()
        if self._away:
            logger.info("returned mail can be read again")
        self._away = False
        if found:
            logger.info("returned mail: %s", ", ".join(f"{sort.value} {n}" for sort, n in sorted(found.items())))
        return found

    async def _turn(self, stop: asyncio.Event | None) -> Counter[MailSort]:
        counted: Counter[MailSort] = Counter()
        try:
            mailbox = await self.source.open()
            for place in await self.source.waiting(await self._last_read(mailbox), LIMIT):
                if stop is not None and stop.is_set():
                    break
                raw = await self.source.content(place)
                if raw is None:
                    self._say_once(f"unopened/{place.name}", "a returned mail cannot be opened and is left where it is")
                    continue
                counted[await self._one(mailbox, place, raw)] += 1
            await self._settle_what_is_left(mailbox)
        finally:
            await self.source.close()
        return counted

    async def _last_read(self, mailbox: str) -> int | None:
        """The last UID of the mailbox that the records have; none for a folder, and for a mailbox never read."""
        async with self.bureau.database.transaction() as session:
            return (
                await session.execute(select(func.max(ReturnedMail.number)).where(ReturnedMail.mailbox == mailbox))
            ).scalar_one_or_none()

    async def _settle_what_is_left(self, mailbox: str) -> None:
        """Mark what the records have and the mailbox does not show: a crash or a refusal came between."""
        async with self.bureau.database.transaction() as session:
            left = (
                select(ReturnedMail.key, ReturnedMail.number, ReturnedMail.sort)
                .where(ReturnedMail.mailbox == mailbox, ReturnedMail.number.is_not(None), ~ReturnedMail.settled)
                .limit(LIMIT)
            )
            rows = (await session.execute(left)).all()
        for key, number, sort in rows:
            if not await self._settle(Place(number), key, MailSort(sort)):
                break

    async def _one(self, mailbox: str, place: Place, raw: bytes) -> MailSort:
        key = digest(raw)
        async with self.bureau.database.transaction() as session:
            sort = await known(session, key)
        if sort is None:
            sort = await self._keep(await _read(raw), key, mailbox, place)
        elif place.number is not None:
            await self._move_on(mailbox, place, key)
        await self._settle(place, key, sort)
        return sort

    async def _keep(self, mail: ReadMail | None, key: str, mailbox: str, place: Place) -> MailSort:
        if mail is not None:
            try:
                async with self.bureau.database.transaction() as session:
                    return await take_in(session, self.bureau, mail, key, mailbox, place.number)
            except (OSError, SQLAlchemyError) as fault:
                # The records may be away: the mail is found again at the next turn. Only what they refuse is set aside.
                if not isinstance(fault, (IntegrityError, DataError)):
                    raise
                logger.error("a returned mail is refused by the records: %s", type(fault).__name__)
            except Exception as fault:  # one mail's fault must not stop all the others
                logger.error("a returned mail cannot be taken in: %s", type(fault).__name__)
        async with self.bureau.database.transaction() as session:
            return await take_in(session, self.bureau, None, key, mailbox, place.number)

    async def _move_on(self, mailbox: str, place: Place, key: str) -> None:
        """A mail that lies in the mailbox a second time, or under a new UID, is not looked at again."""
        async with self.bureau.database.transaction() as session:
            await session.execute(
                update(ReturnedMail)
                .where(
                    ReturnedMail.key == key,
                    (ReturnedMail.mailbox != mailbox) | (func.coalesce(ReturnedMail.number, 0) < place.number),
                )
                .values(mailbox=mailbox, number=place.number, settled=False)
            )

    async def _settle(self, place: Place, key: str, sort: MailSort) -> bool:
        """Mark or move it; a mailbox that takes no marks does not keep its mails from being read."""
        try:
            await self.source.settle(place, sort)
        except SourceAway:
            self._say_once("unsettled", "returned mail cannot be marked or moved in its mailbox")
            return False
        async with self.bureau.database.transaction() as session:
            await session.execute(update(ReturnedMail).where(ReturnedMail.key == key).values(settled=True))
        return True

    def _say_once(self, what: str, sentence: str) -> None:
        if what not in self._said:
            self._said.add(what)
            logger.warning("%s", sentence)


async def _read(raw: bytes) -> ReadMail | None:
    try:
        return await asyncio.to_thread(read_mail, raw)
    except Exception as fault:  # whatever strangers send: it is set aside, and a person may look at it
        logger.warning("a returned mail cannot be read and is set aside: %s", type(fault).__name__)
        return None


async def run_returned(bureau: Bureau, stop: asyncio.Event, every: float = EVERY) -> None:
    """Read until stopped; without a source in the settings there is nothing to do but wait."""
    readers = [Reader(bureau, source) for source in sources_of(bureau.settings)]
    if not readers:
        await stop.wait()
        return

    async def turn() -> None:
        for reader in readers:
            try:
                await reader.turn(stop)
            except Exception as fault:  # one source's fault must not silence the other
                logger.error("returned mail could not be read: %s", type(fault).__name__)

    def complain(fault: Exception) -> None:
        logger.error("the reader of returned mail could not turn: %s", type(fault).__name__)

    await turn_alone(bureau, AdvisoryLock.RETURNED_MAIL, turn, stop, every=every, complain=complain)
