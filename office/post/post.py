"""Sends what is due: several letters at the same time, each in its own time.

Letters to one officer leave one after the other, in a lane; lanes do not wait for each other, and emergencies have
lanes of their own and a connection that no ordinary letter takes. A letter is sent outside any transaction, and what
became of it is written afterwards. Logs name a letter by its number, kind and case, never a person or an address.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from office import links, outbox
from office.bureau import Bureau
from office.database import POST
from office.letter_kinds import UndeliveredReason
from office.listening import Ear, listening
from office.mailer import FinalFault, Mailer, TemporaryFault, UncertainFault
from office.one_at_a_time import pause
from office.outbox import Claim
from office.post import watch
from office.post.ceilings import is_urgent
from office.post.digest import Bundle, Page, bundles
from office.post.preparing import Mint, Ready, prepare
from office.post.undelivered import undelivered
from office.tables import Request

logger = logging.getLogger("jieli.post")

BATCH = 20
LANES = 40
"""Lanes of ordinary letters at the same time; with so many, only emergencies are taken from the outbox."""
ENOUGH = 2
"""Lanes for each connection with which the outbox is not looked into without a notice."""
HOLD_SECONDS = 30.0
"""Machine seconds a letter is held; a living post renews its hold, a killed one's letters are free again after it."""
LETTER_WAITS = (30.0, 60.0, 120.0, 300.0, 900.0)
"""Machine seconds before the second, third … try of a letter; the last one repeats."""
SERVER_WAITS = (2.0, 5.0, 15.0, 30.0, 60.0)
"""Machine seconds before the mail server is tried again while it takes nothing at all."""
LANE_WAITS = {False: 30.0, True: 5.0}
"""Machine seconds before the other letters of a lane are tried, after one that the server let hang; for emergencies less."""
LONGEST_LOOK = 1.0
"""Machine seconds after which the outbox is looked into without any notice."""

Lane = asyncio.Task[None]


def wait_of(waits: Sequence[float], tries: int) -> float:
    """The wait after so many tries, at least one."""
    return waits[min(tries, len(waits)) - 1]


class Post:
    """One post. Any number may serve one outbox, in as many processes; each needs a mailer of its own."""

    def __init__(self, bureau: Bureau, mailer: Mailer, mint: Mint = links.mint) -> None:
        """`mint` gives the link of a letter that acts: the same for the same letter."""
        self.bureau = bureau
        self.mailer = mailer
        self._mint = mint
        self._lanes: dict[Lane, tuple[str, bool, list[Bundle]]] = {}
        self._ordinary = asyncio.Semaphore(max(1, bureau.settings.smtp_connections - 1))
        self._enough = ENOUGH * bureau.settings.smtp_connections
        self._gone: dict[int, str] = {}
        self._server_faults = 0
        self._away = False
        self._stopping = False
        self._sent = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Send until stopped: at every notice, and at least once a second."""
        async with listening(self.bureau.database.url, [POST]) as ear, self._holding(), self._watching():
            while not stop.is_set():
                taken = 0
                if not self._away:
                    try:
                        taken = await self._turn()
                    except Exception as fault:  # PostgreSQL may be away for a while; the post goes on when it is back
                        logger.error("the post could not look into the outbox: %s", type(fault).__name__)
                        await pause(stop, 1.0)
                elif not self._lanes:
                    await pause(stop, wait_of(SERVER_WAITS, max(1, self._server_faults)))
                    self._away = False
                    continue
                if taken < BATCH:
                    await self._until_something_happens(ear, stop)

    async def send_due(self, stop: asyncio.Event | None = None) -> int:
        """Send every letter whose time has come; gives how many were handed over. Ends early when the server is away."""
        before, self._away = self._sent, False
        async with self._holding():
            while stop is None or not stop.is_set():
                taken = 0 if self._away else await self._turn()
                if self._lanes:
                    await self._until_lanes_end()
                elif not taken:
                    break
        return self._sent - before

    async def _until_something_happens(self, ear: Ear, stop: asyncio.Event) -> None:
        settle = self.bureau.settings.mail_digest_seconds
        look = asyncio.ensure_future(ear.wait(min(LONGEST_LOOK, settle) or LONGEST_LOOK))
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await self._until_lanes_end(look, stopped)
        finally:
            for one in (look, stopped):
                one.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await one

    async def _until_lanes_end(self, *others: asyncio.Future[Any]) -> None:
        """Until a lane has ended and the connections may soon have nothing to do, or one of the others is done."""
        while True:
            await asyncio.wait({*others, *self._lanes}, return_when=asyncio.FIRST_COMPLETED)
            if len(self._lanes) < self._enough or any(one.done() for one in others):
                return

    # --- lanes ---------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _holding(self) -> AsyncIterator[None]:
        """While letters are under way their holds are renewed; at the end, and when the post is cancelled, those under
        way are finished, or they would be sent a second time."""
        self._stopping = False
        keeper = asyncio.create_task(self._keep_hold())
        try:
            yield
        finally:
            self._stopping = True
            if self._lanes:
                await asyncio.wait(self._lanes, timeout=HOLD_SECONDS)
            for task in (*self._lanes, keeper):
                task.cancel()
            await asyncio.gather(*self._lanes, keeper, return_exceptions=True)

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            try:
                async with self.bureau.database.transaction() as session:
                    await watch.look(session, self.bureau)
            except Exception as fault:  # PostgreSQL may be away for a while
                logger.error("the post could not look at itself: %s", type(fault).__name__)
            await asyncio.sleep(watch.WATCH_SECONDS)

    async def _keep_hold(self) -> None:
        while True:
            await asyncio.sleep(HOLD_SECONDS / 3)
            claims = [one for _, _, queue in self._lanes.values() for bundle in queue for one in bundle]
            if claims:
                with contextlib.suppress(Exception):
                    async with self.bureau.database.transaction() as session:
                        await outbox.hold(session, claims, HOLD_SECONDS)

    async def _turn(self) -> int:
        """Take letters from the outbox and start a lane for each officer; gives how many letters were taken."""
        chosen = self.bureau.settings
        busy = {officer for officer, urgent, _ in self._lanes.values() if not urgent}
        async with self.bureau.database.transaction() as session:
            if await watch.rests(session, self.bureau):
                return 0
            claims = await outbox.claim(
                session, self.bureau, BATCH, HOLD_SECONDS, settle_seconds=chosen.mail_digest_seconds, busy=busy,
                urgent_only=len(busy) >= LANES,
            )  # fmt: skip
        queues: dict[tuple[str, bool], list[Bundle]] = {}
        for bundle in bundles(claims, chosen.mail_digest_at_most):
            queues.setdefault((bundle[0].officer, bundle[0].urgent), []).append(bundle)
        for (officer, urgent), queue in queues.items():
            lane = asyncio.create_task(self._lane(queue, urgent))
            self._lanes[lane] = (officer, urgent, queue)
            lane.add_done_callback(self._lane_ended)
        return len(claims)

    def _lane_ended(self, lane: Lane) -> None:
        self._lanes.pop(lane, None)
        if not lane.cancelled() and (fault := lane.exception()) is not None:
            logger.error("a lane of the post ended: %s", type(fault).__name__)

    async def _lane(self, queue: list[Bundle], urgent: bool) -> None:
        """One officer's letters, one after the other; what could not be tried is given back."""
        wait = 0.0
        while queue and not wait and not self._away and not self._stopping:
            async with contextlib.nullcontext() if urgent else self._ordinary:
                if self._away or self._stopping:
                    break
                if await self._one(queue[0]):
                    wait = LANE_WAITS[urgent]
                # Only now: a letter under way is held.
                queue.pop(0)
        if queue:
            if self._away:
                wait = wait_of(SERVER_WAITS, max(1, self._server_faults))
            async with self.bureau.database.transaction() as session:
                await outbox.give_back(session, [one for bundle in queue for one in bundle], wait)

    # --- a letter, or several in one mail ------------------------------------------------------------------------

    async def _one(self, bundle: Bundle) -> bool:
        """One mail, whatever happens to it. True when the server let it hang, so that the next had better wait."""
        bundle = await self._without_gone(bundle)
        if not bundle:
            return False
        try:
            async with self.bureau.database.transaction() as session:
                ready = await prepare(session, self.bureau, bundle, self._mint)
        except Exception as fault:  # one letter's fault must not silence all the others
            if len(bundle) > 1:
                return await self._each_alone(bundle)
            logger.error("letter %s set aside: %s", bundle[0].letter_id, type(fault).__name__)
            with contextlib.suppress(Exception):
                async with self.bureau.database.transaction() as session:
                    await outbox.mark_retry(
                        session, bundle[0], "系统内部故障，稍后再试。", wait_of(LETTER_WAITS, bundle[0].attempt)
                    )
            return False
        try:
            return ready is not None and await self._give(ready)
        except Exception as fault:
            # What became of it could not be written: its hold runs out, and that counts as an unknown result.
            logger.error("letter %s is left to its hold: %s", bundle[0].letter_id, type(fault).__name__)
            return False

    async def _each_alone(self, bundle: Iterable[Claim]) -> bool:
        return any([await self._one((held,)) for held in bundle])

    async def _give(self, ready: Ready) -> bool:
        try:
            message = ready.written()
        except Exception as fault:
            logger.error("%s cannot be written: %s", ready.name, type(fault).__name__)
            if len(ready.pages) > 1:
                return await self._each_alone(ready.claims)
            await self._undelivered(ready, UndeliveredReason.UNWRITABLE)
            return False
        address = ready.officer.email
        try:
            await self.mailer.send(message, address)
        except FinalFault as fault:
            self._server_faults = 0
            logger.warning("%s: %s", ready.name, fault)
            await self._undelivered(ready, UndeliveredReason.REFUSED, str(fault))
        except TemporaryFault as fault:
            logger.warning("%s: %s", ready.name, fault)
            await self._later(ready, fault)
            return fault.slow
        except UncertainFault as fault:
            logger.warning("%s: %s", ready.name, fault)
            await self._uncertain(ready, address, str(fault))
            return True
        except Exception as fault:
            logger.error("%s: the mailer failed: %s", ready.name, type(fault).__name__)
            await self._uncertain(ready, address, "系统内部故障，是否送达不明。")
        else:
            self._server_faults = 0
            await self._handed_over(ready.claims, address)
        return False

    async def _later(self, ready: Ready, fault: TemporaryFault) -> None:
        """Not taken this time. Refusals of a letter are counted and come to an end; a server that is away is no letter's
        fault and is waited for without end."""
        wait = wait_of(LETTER_WAITS, ready.pages[0].held.attempt)
        if fault.server_away:
            if not self._away:
                self._away = True
                self._server_faults += 1
            wait = wait_of(SERVER_WAITS, self._server_faults)
        else:
            self._server_faults = 0
        chosen = self.bureau.settings
        async with self.bureau.database.transaction() as session:
            for page in ready.pages:
                tries = chosen.mail_urgent_tries if is_urgent(page.letter) else chosen.mail_tries
                if not fault.server_away and page.letter.refusals + 1 >= tries:
                    await self._does_not_arrive(session, page, UndeliveredReason.GIVEN_UP, str(fault))
                else:
                    await outbox.mark_retry(session, page.held, str(fault), wait, refused=not fault.server_away)

    async def _uncertain(self, ready: Ready, address: str, sentence: str) -> None:
        wait = wait_of(LETTER_WAITS, ready.pages[0].held.attempt)
        async with self.bureau.database.transaction() as session:
            for page in ready.pages:
                if page.letter.unknown_results + 1 >= self.bureau.settings.mail_uncertain_tries:
                    await self._does_not_arrive(session, page, UndeliveredReason.UNCERTAIN, sentence)
                else:
                    await outbox.mark_uncertain(session, self.bureau, page.held, address, sentence, wait)

    async def _handed_over(self, claims: Bundle, address: str) -> None:
        """Write down that the letter has left; a database that is away for a moment must not make it leave twice."""
        for wait in (0.2, 1.0, 5.0):
            try:
                await self._write_handed_over(claims, address)
            except Exception as fault:
                logger.error(
                    "letter %s has left but this is not written: %s", claims[0].letter_id, type(fault).__name__
                )
                await asyncio.sleep(wait)
            else:
                return
        # Its hold runs out; this post remembers that it has left, and another sends it again under the same Message-ID.
        self._gone |= {one.letter_id: address for one in claims}

    async def _write_handed_over(self, claims: Bundle, address: str) -> None:
        async with self.bureau.database.transaction() as session:
            written = [await outbox.mark_handed_over(session, self.bureau, one, address) for one in claims]
        self._sent += sum(written)

    async def _without_gone(self, bundle: Bundle) -> Bundle:
        """The bundle without letters that have left already, which was not written down."""
        for one in bundle:
            if one.letter_id in self._gone:
                await self._write_handed_over((one,), self._gone[one.letter_id])
                del self._gone[one.letter_id]
                bundle = tuple(other for other in bundle if other is not one)
        return bundle

    async def _undelivered(self, ready: Ready, reason: UndeliveredReason, sentence: str = "") -> None:
        async with self.bureau.database.transaction() as session:
            for page in ready.pages:
                await self._does_not_arrive(session, page, reason, sentence)

    async def _does_not_arrive(
        self, session: AsyncSession, page: Page, reason: UndeliveredReason, sentence: str
    ) -> None:
        letter = await outbox.claimed_letter(session, page.held)
        if letter is None:
            return
        request = None if letter.request_id is None else await session.get(Request, letter.request_id)
        await undelivered(session, self.bureau, page.held, letter, request, reason, sentence)
