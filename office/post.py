"""The post: takes letters from the outbox, looks again, and gives them to the mail server, one by one.

A letter is sent outside any transaction, and what became of it is written afterwards. Logs name a letter by its
number, kind and case, never a person or an address.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage

from sqlalchemy.ext.asyncio import AsyncSession

from config.county import Officer
from office import disclosure, links, outbox
from office.addresses import is_marked
from office.bureau import Bureau
from office.database import POST
from office.letter_facts import LetterKind, UndeliveredReason
from office.letters import compose
from office.links import Minted
from office.listening import listening
from office.mailer import FinalFault, Mailer, TemporaryFault, UncertainFault
from office.one_at_a_time import pause
from office.outbox import Claim
from office.readdressing import who_gets
from office.roster import people_in
from office.standing_in import key_for, pass_on, stand_in
from office.tables import Letter, Request
from rules.vocabulary import Happening

__all__ = ["Post", "key_for", "stand_in", "wait_of"]

logger = logging.getLogger("jieli.post")

Mint = Callable[[AsyncSession, Bureau, Letter], Awaitable[Minted]]

BATCH = 20
HOLD_SECONDS = 30.0
"""Machine seconds a letter is held; a living post renews its hold, a killed one's letters are free again after it."""
LETTER_WAITS = (30.0, 60.0, 120.0, 300.0, 900.0)
"""Machine seconds before the second, third … try of a letter; the last one repeats."""
SERVER_WAITS = (2.0, 5.0, 15.0, 30.0, 60.0)
"""Machine seconds before the mail server is tried again while it takes nothing at all."""


def wait_of(waits: Sequence[float], tries: int) -> float:
    """The wait after so many tries, at least one."""
    return waits[min(tries, len(waits)) - 1]


@dataclass(frozen=True)
class _Ready:
    """A letter that is still true, with whom it goes to, and the county as it is shown in it."""

    bureau: Bureau
    letter: Letter
    officer: Officer
    minted: Minted | None
    one_time_code: str


class Post:
    """One post. Any number may serve one outbox, in as many processes; each needs a mailer of its own."""

    def __init__(self, bureau: Bureau, mailer: Mailer, mint: Mint = links.mint) -> None:
        """`mint` gives the link of a letter that acts: the same for the same letter."""
        self.bureau = bureau
        self.mailer = mailer
        self._mint = mint
        self._server_faults = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Send until stopped: at every notice, and at least once a second."""
        async with listening(self.bureau.database.url, [POST]) as ear:
            while not stop.is_set():
                try:
                    await self.send_due(stop)
                except Exception as fault:  # PostgreSQL may be away for a while; the post goes on when it is back
                    logger.error("the post could not look into the outbox: %s", type(fault).__name__)
                    await pause(stop, 1.0)
                if self._server_faults:
                    await pause(stop, wait_of(SERVER_WAITS, self._server_faults))
                else:
                    await ear.wait(1.0)

    async def send_due(self, stop: asyncio.Event | None = None) -> int:
        """Send every letter whose time has come; gives how many were handed over. Ends early when the server is away."""
        sent = 0
        while stop is None or not stop.is_set():
            async with self.bureau.database.transaction() as session:
                claims = await outbox.claim(session, self.bureau, BATCH, HOLD_SECONDS)
            if not claims:
                break
            handed, away = await self._send_batch(claims, stop)
            sent += handed
            if away:
                break
        return sent

    async def _send_batch(self, claims: list[Claim], stop: asyncio.Event | None) -> tuple[int, bool]:
        keeper = asyncio.create_task(self._keep_hold(claims))
        sent, position, away = 0, 0, False
        try:
            while position < len(claims) and not away and not (stop is not None and stop.is_set()):
                # Counted before it is tried: a letter under way when the post is cancelled is not given back.
                position += 1
                handed, away = await _to_the_end(self._one(claims[position - 1]))
                sent += handed
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
            rest = claims[position:]
            if rest:
                wait = wait_of(SERVER_WAITS, self._server_faults) if away else 0.0
                async with self.bureau.database.transaction() as session:
                    await outbox.give_back(session, rest, wait)
        return sent, away

    async def _keep_hold(self, claims: list[Claim]) -> None:
        while True:
            await asyncio.sleep(HOLD_SECONDS / 3)
            with contextlib.suppress(Exception):
                async with self.bureau.database.transaction() as session:
                    await outbox.hold(session, claims, HOLD_SECONDS)

    async def _one(self, held: Claim) -> tuple[bool, bool]:
        """One letter, whatever happens to it. Gives whether it was handed over, and whether the server is away."""
        try:
            async with self.bureau.database.transaction() as session:
                ready = await self._prepare(session, held)
            if ready is None:
                return False, False
            return await self._give(held, ready)
        except Exception as fault:  # one letter's fault must not silence all the others
            logger.error("letter %s set aside: %s", held.letter_id, type(fault).__name__)
            with contextlib.suppress(Exception):
                async with self.bureau.database.transaction() as session:
                    await outbox.mark_retry(
                        session, held, "系统内部故障，稍后再试。", wait_of(LETTER_WAITS, held.attempt)
                    )
            return False, False

    async def _prepare(self, session: AsyncSession, held: Claim) -> _Ready | None:
        letter = await outbox.claimed_letter(session, held)
        if letter is None:
            return None
        seen, request = await outbox.look_again(session, letter)
        reason = outbox.stale_because(seen)
        if reason:
            await outbox.mark_stale(session, self.bureau, held, reason)
            return None
        people = await people_in(session, self.bureau, letter.case_id)
        officer = await who_gets(session, self.bureau, people, held, letter, request)
        if isinstance(officer, UndeliveredReason):
            await self._undelivered(session, held, letter, request, officer)
            return None
        if officer is None:
            return None
        if not officer.email:
            await self._undelivered(session, held, letter, request, UndeliveredReason.NO_ADDRESS)
            return None
        if await is_marked(session, officer.email):
            await self._undelivered(session, held, letter, request, UndeliveredReason.MARKED)
            return None
        minted = await self._mint(session, self.bureau, letter) if letter.acts else None
        coded = letter.kind == LetterKind.DISCLOSURE_CODE.value
        one_time_code = await disclosure.code_in(session, self.bureau, letter) if coded else ""
        return _Ready(replace(self.bureau, county=people.as_seen()), letter, officer, minted, one_time_code)

    async def _give(self, held: Claim, ready: _Ready) -> tuple[bool, bool]:
        letter = ready.letter
        try:
            message: EmailMessage = compose(ready.bureau, letter, ready.officer, ready.minted, ready.one_time_code)
            message.as_bytes()
        except Exception as fault:
            logger.error("letter %s (%s) cannot be written: %s", letter.id, letter.kind, type(fault).__name__)
            await self._refused(held, UndeliveredReason.UNWRITABLE, "")
            return False, False
        try:
            await self.mailer.send(message, ready.officer.email)
        except FinalFault as fault:
            self._server_faults = 0
            self._tell(letter, str(fault))
            await self._refused(held, UndeliveredReason.REFUSED, str(fault))
            return False, False
        except UncertainFault as fault:
            self._tell(letter, str(fault))
            await self._again(held, str(fault), wait_of(LETTER_WAITS, held.attempt))
            return False, False
        except TemporaryFault as fault:
            self._tell(letter, str(fault))
            self._server_faults = self._server_faults + 1 if fault.server_away else 0
            wait = (
                wait_of(SERVER_WAITS, self._server_faults) if fault.server_away else wait_of(LETTER_WAITS, held.attempt)
            )
            await self._again(held, str(fault), wait)
            return False, fault.server_away
        self._server_faults = 0
        return await self._handed_over(held, ready.officer.email), False

    async def _handed_over(self, held: Claim, address: str) -> bool:
        """Write down that the letter has left; a database that is away for a moment must not make it leave twice."""
        for wait in (0.2, 1.0, 5.0):
            try:
                async with self.bureau.database.transaction() as session:
                    return await outbox.mark_handed_over(session, self.bureau, held, address)
            except Exception as fault:
                logger.error("letter %s has left but this is not written: %s", held.letter_id, type(fault).__name__)
                await asyncio.sleep(wait)
        # Its hold runs out, and it is sent again under the same Message-ID.
        return False

    async def _again(self, held: Claim, sentence: str, wait: float) -> None:
        async with self.bureau.database.transaction() as session:
            await outbox.mark_retry(session, held, sentence, wait)

    async def _refused(self, held: Claim, reason: UndeliveredReason, sentence: str) -> None:
        async with self.bureau.database.transaction() as session:
            letter = await outbox.claimed_letter(session, held)
            if letter is not None:
                _, request = await outbox.look_again(session, letter)
                await self._undelivered(session, held, letter, request, reason, sentence)

    async def _undelivered(
        self,
        session: AsyncSession,
        held: Claim,
        letter: Letter,
        request: Request | None,
        reason: UndeliveredReason,
        sentence: str = "",
    ) -> None:
        """The letter does not reach its officer: the next one gets it, and the coordinator is told, once."""
        person_is_missing = reason in (
            UndeliveredReason.LEFT, UndeliveredReason.NO_ADDRESS, UndeliveredReason.MARKED
        )  # fmt: skip
        await outbox.mark_failed(
            session, self.bureau, held, sentence or f"{reason.label}。",
            as_what=Happening.RECIPIENT_MISSING if person_is_missing else Happening.LETTER_FAILED,
        )  # fmt: skip
        # Of a marked address the coordinator was told when the mark was set; a letter that nobody gets is told each time.
        told_before = reason is UndeliveredReason.MARKED
        await pass_on(session, self.bureau, letter, request, reason, tell_always=not told_before)

    def _tell(self, letter: Letter, sentence: str) -> None:
        logger.warning(
            "letter %s (%s) of %s: %s", letter.id, letter.kind, letter.facts["case_number"] or "no case", sentence
        )


async def _to_the_end(work: Awaitable[tuple[bool, bool]]) -> tuple[bool, bool]:
    """A letter under way is finished even when the post is cancelled, or it would be sent a second time."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=HOLD_SECONDS)
        raise
