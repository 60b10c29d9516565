"""The watchdog's own voice: a letter to the coordinator, given straight to the mail server.

It goes past the outbox, because the post lives in the process that may be what has stopped. Of any number of portals one
sends it: whoever sets the row's next instant, by a compare-and-set. That instant is near at first, so that a portal that
dies while it sends, or a mail server that does not take it, delays the letter by minutes and does not lose it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from config.county import Officer
from office.bureau import Bureau
from office.letter_facts import check_facts
from office.letter_kinds import LetterKind
from office.letters import compose
from office.mailer import FinalFault, SmtpMailer, TemporaryFault, UncertainFault
from office.mailer import Mailer as TakesLetters
from office.tables import ClockSeen, Letter, PostSeen
from office.timekeeping import COUNTY_ZONE
from office.watchdog.records import SILENT_AFTER, resting_since
from rules.vocabulary import LetterState, Level

logger = logging.getLogger("jieli.watchdog")

AGAIN_AFTER = timedelta(hours=1)
ASK_AGAIN_AFTER = timedelta(days=1)
TRY_AGAIN_AFTER = timedelta(minutes=3)
"""Machine time. Longer than it takes to give the letter to a slow server for every coordinator."""


class Mailer(TakesLetters, Protocol):
    """Whoever takes letters, and is dismissed afterwards."""

    async def close(self) -> None:
        """No further letter comes."""
        ...


class Alarm:
    """Tells the coordinators that nothing is escalated, once an hour while it lasts, and once when it is over; asks them,
    once a day, whether letters that rest may leave."""

    def __init__(self, bureau: Bureau, mailer: Callable[[], Mailer] | None = None) -> None:
        """`mailer` makes a fresh connection each time; none: to the mail server of the settings."""
        self._bureau = bureau
        self._mailer = mailer or (lambda: SmtpMailer(bureau.settings))

    async def expect_a_clock(self) -> None:
        """Where no clock has ever turned, one is waited for from now on."""
        fresh = insert(ClockSeen).values(id=1, seen_at=func.clock_timestamp())
        async with self._bureau.database.transaction() as session:
            await session.execute(fresh.on_conflict_do_nothing(index_elements=["id"]))

    async def silent(self) -> bool:
        """The clock is silent: True when this process has told somebody now."""
        now = func.clock_timestamp()
        claim = (
            update(ClockSeen)
            .where(
                ClockSeen.id == 1,
                ClockSeen.seen_at < now - SILENT_AFTER,
                or_(ClockSeen.next_alarm_at.is_(None), ClockSeen.next_alarm_at <= now),
            )
            .values(
                silent_since=func.coalesce(ClockSeen.silent_since, ClockSeen.seen_at),
                next_alarm_at=now + TRY_AGAIN_AFTER,
            )
            .returning(ClockSeen.silent_since)
        )
        async with self._bureau.database.transaction() as session:
            since = (await session.execute(claim)).scalar_one_or_none()
        if since is None or not await self.tell(since, over=False):
            return False
        async with self._bureau.database.transaction() as session:
            await session.execute(
                update(ClockSeen)
                .where(ClockSeen.id == 1, ClockSeen.silent_since == since)
                .values(next_alarm_at=now + AGAIN_AFTER)
            )
        return True

    async def turning(self) -> bool:
        """The clock turns: True when it had been silent and this process has told somebody that it is over."""
        now = func.clock_timestamp()
        over = (
            ClockSeen.id == 1,
            ClockSeen.silent_since.is_not(None),
            ClockSeen.seen_at > ClockSeen.silent_since,
            ClockSeen.seen_at >= now - SILENT_AFTER,
        )
        claim = (
            update(ClockSeen)
            .where(*over, or_(ClockSeen.next_clear_at.is_(None), ClockSeen.next_clear_at <= now))
            .values(next_clear_at=now + TRY_AGAIN_AFTER)
            .returning(ClockSeen.silent_since)
        )
        async with self._bureau.database.transaction() as session:
            # Looked at first: a row that is locked and left as it is would be written all the same, each time.
            if (await session.execute(select(ClockSeen.id).where(*over))).scalar_one_or_none() is None:
                return False
            since = (await session.execute(claim)).scalar_one_or_none()
        if since is None or not await self.tell(since, over=True):
            return False
        async with self._bureau.database.transaction() as session:
            await session.execute(
                update(ClockSeen)
                .where(ClockSeen.id == 1, ClockSeen.silent_since == since)
                .values(silent_since=None, next_alarm_at=None, next_clear_at=None)
            )
        return True

    async def tell(self, since: datetime, *, over: bool, records: bool = False) -> bool:
        """One letter to each coordinator. False when none was taken and a later one may be; faults are logged by kind."""
        facts = {"since": since.isoformat(), "records": records, "over": over}
        return await self._give(LetterKind.CLOCK_SILENT, facts)

    async def ask_for_release(self) -> bool:
        """Letters rest: ask the coordinators, once a day as long as they do. True when this process has asked now."""
        now = func.clock_timestamp()
        claim = (
            update(PostSeen)
            .where(PostSeen.id == 1, or_(PostSeen.next_question_at.is_(None), PostSeen.next_question_at <= now))
            .values(next_question_at=now + TRY_AGAIN_AFTER)
            .returning(PostSeen.id)
        )
        async with self._bureau.database.transaction() as session:
            since = await resting_since(session, self._bureau)
            if since is None or (await session.execute(claim)).scalar_one_or_none() is None:
                return False
            waiting = (
                await session.execute(
                    select(func.count()).select_from(Letter).where(Letter.state == LetterState.PENDING.value)
                )
            ).scalar_one()
        if not await self._give(LetterKind.LETTERS_REST, {"since": since.isoformat(), "waiting": waiting}):
            return False
        async with self._bureau.database.transaction() as session:
            await session.execute(
                update(PostSeen)
                .where(PostSeen.id == 1, PostSeen.next_question_at.is_not(None))
                .values(next_question_at=now + ASK_AGAIN_AFTER)
            )
        return True

    async def _give(self, kind: LetterKind, about: Mapping[str, object]) -> bool:
        at = datetime.now(UTC).astimezone(COUNTY_ZONE)
        facts = {"case_number": "", "at": at.isoformat()} | dict(about)
        done = False
        mailer = self._mailer()
        try:
            for officer in self._coordinators(at):
                letter = self._letter(kind, officer, facts)
                try:
                    await mailer.send(compose(self._bureau, letter, officer), officer.email)
                    done = True
                except TemporaryFault:
                    logger.error("a letter of the watchdog was not taken and is tried again")
                except (FinalFault, UncertainFault) as fault:
                    logger.error("a letter of the watchdog: %s", type(fault).__name__)
                    done = True
        finally:
            with suppress(Exception):
                await mailer.close()
        return done

    def _coordinators(self, at: datetime) -> list[Officer]:
        """Every coordinator with an address who is there; where nobody is, whoever is told at the next level above."""
        for level in Level.COORDINATOR.and_above:
            told = self._bureau.county.officer_at_level(level, Level.COORDINATOR.value)
            there = [one for one in told if one.email and one.serves(at.date())]
            if there:
                return there
        logger.error("nobody is there to be told that nothing is escalated")
        return []

    def _letter(self, kind: LetterKind, officer: Officer, facts: dict[str, object]) -> Letter:
        """A letter that stands in no row: the records may be what is away."""
        domain = self._bureau.settings.mail_from.rpartition("@")[2]
        return Letter(
            id=0, key=f"{kind.value}/{officer.key}", message_id=f"<{secrets.token_hex(16)}@{domain}>", kind=kind.value,
            acts=False,
            to_office=officer.office, to_officer=officer.key, facts=check_facts(kind.value, facts).model_dump(mode="json"),
        )  # fmt: skip
