"""A mail server that misbehaves as its script says, at every stage of a letter."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

from config.settings import Settings

STAGES = ("greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "content")
"""In order; "data" is the command, "content" the answer to the letter itself."""


@dataclass
class BadServer:
    """`script` holds for each stage what happens the next times; nothing left in it: all is well.

    An entry is an answer ("451 later"), "drop" (the connection breaks), "hang" (no answer), or "drip" (the right answer,
    a byte now and then). `for_one` is the same for a single recipient and does not run out.
    """

    script: dict[str, list[str]] = field(default_factory=dict)
    for_one: dict[tuple[str, str], str] = field(default_factory=dict)
    greylists: bool = False
    places: int = 100
    """Connections at the same time; one more is turned away with 421."""
    port: int = 0
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    seen_before: set[str] = field(default_factory=set)
    sessions: list[SMTP] = field(default_factory=list)

    @property
    def recipients(self) -> list[str]:
        """Whose letters were taken, in order."""
        return [recipient for recipient, _, _ in self.taken]

    @property
    def message_ids(self) -> list[str]:
        """The Message-IDs of the letters taken, in order."""
        return [message_id for _, message_id, _ in self.taken]

    def fault(self, stage: str, recipient: str = "") -> str:
        """What goes wrong now; "" when nothing does."""
        if (stage, recipient) in self.for_one:
            return self.for_one[stage, recipient]
        if stage == "rcpt" and self.greylists and recipient not in self.seen_before:
            self.seen_before.add(recipient)
            return "451 4.7.1 greylisted, come back later"
        waiting = self.script.get(stage)
        return waiting.pop(0) if waiting else ""

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002
        """The end of the letter. One that is then dropped or left hanging was taken all the same."""
        fault = self.fault("content", envelope.rcpt_tos[0])
        if fault in ("", "drop", "hang", "drip"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            self.taken.append((envelope.rcpt_tos[0], str(message["Message-ID"]), envelope.content))
        if fault == "drip":
            await _drip(server)
        return "250 OK" if fault in ("", "drip") else await _misbehave(server, fault)


class _Stubborn(SMTP):
    """aiosmtpd, asked before each command whether it should misbehave."""

    def __init__(self, bad: BadServer, **options: Any) -> None:
        super().__init__(bad, hostname="mail.anhe.example", timeout=60, **options)
        self.bad = bad

    async def _handle_client(self) -> None:
        self.bad.connections += 1
        self.bad.open_now += 1
        self.bad.most_open = max(self.bad.most_open, self.bad.open_now)
        try:
            fault = "421 4.7.0 too many connections" if self.bad.open_now > self.bad.places else ""
            fault = fault or self.bad.fault("greeting")
            if fault and fault != "drip":
                await self.push(await _misbehave(self, fault))
                self.transport.close()
                return
            await super()._handle_client()
        finally:
            self.bad.open_now -= 1

    async def _unless(self, stage: str, go_on: Any, arg: Any, recipient: str = "") -> Any:
        fault = self.bad.fault(stage, recipient)
        if fault == "drip":
            await _drip(self)
        elif fault:
            await self.push(await _misbehave(self, fault))
            return None
        return await go_on(arg)

    async def smtp_EHLO(self, hostname: str) -> Any:  # noqa: N802
        return await self._unless("ehlo", super().smtp_EHLO, hostname)

    async def smtp_STARTTLS(self, arg: str) -> Any:  # noqa: N802
        return await self._unless("starttls", super().smtp_STARTTLS, arg)

    async def smtp_AUTH(self, arg: str) -> Any:  # noqa: N802
        return await self._unless("auth", super().smtp_AUTH, arg)

    async def smtp_MAIL(self, arg: str | None) -> Any:  # noqa: N802
        return await self._unless("mail", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> Any:  # noqa: N802
        recipient = (arg or "").partition("<")[2].partition(">")[0]
        return await self._unless("rcpt", super().smtp_RCPT, arg, recipient)

    async def smtp_DATA(self, arg: str) -> Any:  # noqa: N802
        return await self._unless("data", super().smtp_DATA, arg)


async def _misbehave(server: SMTP, fault: str) -> str:
    if fault == "drop":
        server.transport.abort()
        await asyncio.sleep(0.2)
    if fault == "hang":
        await asyncio.sleep(30)
    return fault


async def _drip(server: SMTP) -> None:
    """Lines of an answer that does not come to its end, a few bytes at a time, for longer than anybody should wait."""
    for _ in range(100):
        server.transport.write(b"250-a moment\r\n"[:7])
        await asyncio.sleep(0.1)


def _authenticator(server: Any, session: Any, envelope: Any, mechanism: str, words: Any) -> AuthResult:
    return AuthResult(success=words.password == b"right", handled=False)


@asynccontextmanager
async def misbehaving(
    encrypted: ssl.SSLContext | None = None, *, logs_in: bool = False, **script: Any
) -> AsyncIterator[BadServer]:
    """A bad server on a free port; keywords are stages, or fields of `BadServer`."""
    fields = {
        name: script.pop(name) for name in list(script) if name not in (*STAGES, "tls_context", "require_starttls")
    }
    bad = BadServer(script={stage: list(script.pop(stage)) for stage in list(script) if stage in STAGES}, **fields)
    options: dict[str, Any] = script
    if logs_in:
        options |= {"authenticator": _authenticator, "auth_required": True, "auth_require_tls": False}

    def session() -> SMTP:
        made = _Stubborn(bad, **options)
        bad.sessions.append(made)
        return made

    async with listening_on(session, bad.sessions, encrypted) as bad.port:
        yield bad


@asynccontextmanager
async def listening_on(
    session: Callable[[], SMTP], sessions: Sequence[SMTP], encrypted: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve on a free port of this machine, with one of those sessions for each connection; all end with the block."""
    listening = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=encrypted)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for one in sessions:
            if one.transport is not None:
                one.transport.abort()
            task = one._handler_coroutine
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task


def settings_of(bad: BadServer, base: Settings | None = None, **more: Any) -> Settings:
    """Settings of that server, with times scaled down."""
    values: dict[str, Any] = {
        "smtp_host": "127.0.0.1", "smtp_port": bad.port, "smtp_tls": "none", "smtp_timeout": 0.4,
        "smtp_letter_timeout": 0.8, "mail_digest_seconds": 0.0,
    }  # fmt: skip
    return Settings(**(values | more)) if base is None else base.model_copy(update=values | more)
