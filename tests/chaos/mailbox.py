"""The campaign's own mail server: it delays, refuses, breaks off at every stage, is away for a while, and forgets nothing.

It lives in a thread of the campaign, so that no mishap of the program touches what it has taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.chaos.history import Accepted

FAULTS = (
    "slow",
    "refuse_recipient",
    "refuse_content",
    "busy",
    "drop_at_mail",
    "drop_at_data",
    "drop_before",
    "drop_after",
)
"""What can go wrong with a letter: late answers, 451 to the recipient, 452 to the letter, 421, a connection that breaks at
MAIL, at DATA, before the letter is taken, and after it was taken."""


@dataclass(frozen=True)
class Mail:
    """A mail as it was taken: its text is what the people of the campaign read."""

    accepted: Accepted
    text: str


@dataclass
class Mailbox:
    """One mail server on a port of its own. `weather` is how likely each fault is; the draws come from `seed`."""

    port: int
    seed: int
    weather: dict[str, float] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    _server: asyncio.Server | None = None
    _sessions: set[SMTP] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._draws = random.Random(self.seed)  # noqa: S311 - a campaign that can be repeated
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)
        self._thread.start()

    def draw(self, *faults: str) -> str:
        """Which of these faults happens now; "" for none."""
        for fault in faults:
            if self._draws.random() < self.weather.get(fault, 0.0):
                self.happened[fault] += 1
                return fault
        return ""

    def length(self) -> float:
        """Seconds that a slow answer takes."""
        return self._draws.uniform(0.1, 1.5)

    def up(self) -> None:
        """Listen."""
        self._do(self._up())

    def down(self) -> None:
        """Be away: nobody listens, and every connection is broken."""
        self._do(self._down())

    def close(self) -> None:
        """End for good."""
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _up(self) -> None:
        if self._server is None:
            self._server = await self._loop.create_server(lambda: _Session(self), "127.0.0.1", self.port)

    async def _down(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.abort()
        await asyncio.sleep(0.05)

    def take(self, content: bytes, recipient: str) -> Callable[[bool], None]:
        """Keep a mail; what is returned says whether the sender was told."""
        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(preferencelist=("plain",))
        text = "" if body is None else str(body.get_content())
        accepted = Accepted(str(message["Message-ID"]).strip(), recipient, datetime.now(UTC), confirmed=False)
        place = len(self.mails)
        self.mails.append(Mail(accepted, text))

        def told(confirmed: bool) -> None:
            self.mails[place] = Mail(
                Accepted(accepted.message_id, accepted.recipient, accepted.at, confirmed=confirmed), text
            )

        return told


class _Session(SMTP):
    """aiosmtpd, with the weather asked at every stage."""

    def __init__(self, box: Mailbox) -> None:
        super().__init__(self, hostname="mail.anhe.example", timeout=60)
        self._box = box

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._box._sessions.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._box._sessions.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        with contextlib.suppress(ConnectionError):
            await super()._handle_client()

    async def _slowly(self) -> None:
        if self._box.draw("slow"):
            await asyncio.sleep(self._box.length())

    async def _breaks(self, *faults: str) -> bool:
        """Whether the connection breaks here."""
        if self._box.draw(*faults):
            self.transport.abort()
            await asyncio.sleep(0.05)
            return True
        return False

    async def smtp_MAIL(self, arg: str | None) -> Any:  # noqa: N802
        """The sender."""
        if await self._breaks("drop_at_mail"):
            return
        if self._box.draw("busy"):
            await self.push("421 4.3.2 shutting down for a moment")
            self.transport.close()
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> Any:  # noqa: N802
        """The recipient."""
        await self._slowly()
        if self._box.draw("refuse_recipient"):
            await self.push("451 4.7.1 come back later")
            return
        await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> Any:  # noqa: N802
        """The letter."""
        if await self._breaks("drop_at_data"):
            return
        await super().smtp_DATA(arg)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002
        """The end of the letter."""
        await self._slowly()
        if self._box.draw("refuse_content"):
            return "452 4.3.1 no room for it now"
        if await self._breaks("drop_before"):
            return "451 gone"
        told = self._box.take(envelope.original_content, envelope.rcpt_tos[0])
        if await self._breaks("drop_after"):
            return "250 gone"
        told(not self.transport.is_closing())
        return "250 taken"
