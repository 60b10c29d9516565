"""The watchdog at work: a loop in the portal's process, so that it lives when the worker does not."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from office.bureau import Bureau
from office.watchdog.alarm import AGAIN_AFTER, Alarm, Mailer
from office.watchdog.findings import Check, Finding, Health
from office.watchdog.looking import look
from office.watchdog.records import SILENT_AFTER
from office.watchdog.surroundings import MailServer

logger = logging.getLogger("jieli.watchdog")

EVERY_SECONDS = 30.0
"""Machine seconds between two looks."""
TURN_SECONDS = 150.0
"""Machine seconds within which a look and its letters must be done."""


class Watch:
    """Looks now and then, keeps what it saw last, and tells when the clock is silent or the records are away."""

    def __init__(
        self, bureau: Bureau, mailer: Callable[[], Mailer] | None = None, tick: Callable[[], float] = time.monotonic
    ) -> None:
        """`tick` gives machine seconds; nothing is looked at yet."""
        self._bureau = bureau
        self._alarm = Alarm(bureau, mailer)
        self._mail = MailServer(bureau.settings)
        self._tick = tick
        self._since = tick()
        self._expected = False
        self._away_since: tuple[float, datetime] | None = None
        self._away_told: float | None = None
        self._looked: float | None = None
        self.findings: tuple[Finding, ...] = ()

    @property
    def age(self) -> float | None:
        """Machine seconds since the last look was finished; none: there was none yet."""
        return None if self._looked is None else self._tick() - self._looked

    def state(self, check: Check) -> Health | None:
        """How a check stood at the last look; none where it was not looked at."""
        return next((one.state for one in self.findings if one.check is check), None)

    def _figure(self, check: Check, name: str) -> float:
        return next((one.figures.get(name, 0) for one in self.findings if one.check is check), 0)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                async with asyncio.timeout(TURN_SECONDS):
                    await self.turn()
            except Exception as fault:  # whatever happens to one look, the next one is made
                logger.error("the watchdog could not look: %s", type(fault).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def turn(self) -> None:
        """One look, and what follows from it."""
        watched_for = timedelta(seconds=self._tick() - self._since)
        found = await look(self._bureau, self._bureau.clock.now(), watched_for=watched_for, mail=self._mail)
        self.findings, self._looked = tuple(found), self._tick()
        if self.state(Check.RECORDS) is Health.BAD:
            await self._records_away()
            return
        await self._records_there()
        if not self._expected:
            await self._alarm.expect_a_clock()
            self._expected = True
        if self._figure(Check.LETTERS, "letters_resting"):
            await self._alarm.ask_for_release()
        if self.state(Check.CLOCK) is Health.BAD:
            await self._alarm.silent()
        else:
            await self._alarm.turning()

    async def _records_away(self) -> None:
        """Without records nobody can agree who tells: each portal does, once an hour."""
        now = self._tick()
        # The clock cannot turn without them either, and gets its time when they are there again.
        self._since = now
        if self._away_since is None:
            self._away_since = (now, datetime.now(UTC))
        began, since = self._away_since
        long_enough = now - began > SILENT_AFTER.total_seconds()
        told_lately = self._away_told is not None and now - self._away_told < AGAIN_AFTER.total_seconds()
        if long_enough and not told_lately and await self._alarm.tell(since, over=False, records=True):
            self._away_told = now

    async def _records_there(self) -> None:
        if self._away_since is None:
            return
        _, since = self._away_since
        if self._away_told is None or await self._alarm.tell(since, over=True, records=True):
            self._away_since = self._away_told = None
