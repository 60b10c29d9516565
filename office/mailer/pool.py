"""Several connections to the mail server, so that one slow letter does not hold up the others."""

from __future__ import annotations

import asyncio
import re
from email.message import EmailMessage
from typing import Protocol

from config.settings import Settings
from office.mailer.faults import FinalFault, TemporaryFault
from office.mailer.line import Forgotten, Line

_MAILBOX = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
"""Visible ASCII without angle brackets: nothing in it can end the address on the command line."""


REST_SECONDS = 60.0
"""Machine seconds before a connection too many for the server is tried again."""


class Mailer(Protocol):
    """Whoever takes letters; several at the same time."""

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Give one letter for one recipient. Raises TemporaryFault, FinalFault, UncertainFault."""
        ...


class SmtpMailer:
    """Sends by SMTP over at most `smtp_connections` connections, kept from letter to letter, opened anew after a fault.

    A server that takes fewer at the same time gets fewer, for a while: the next may be a busy hour. It serves one event
    loop. With no mail server in the settings, it gives letters to this machine's catcher.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing is opened yet."""
        self.settings = settings
        self._free: list[Line] = []
        self._in_use = 0
        self._places = asyncio.Semaphore(settings.smtp_connections)

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Give one letter for one recipient, whoever its headers name."""
        if not _MAILBOX.fullmatch(recipient):
            raise FinalFault("收件地址不能用于邮件。")
        try:
            content = message.as_bytes()
        except (ValueError, LookupError) as fault:
            raise FinalFault("信件内容无法编码。") from fault
        line, kept = await self._take()
        try:
            try:
                await line.give(recipient, content, kept=kept)
            except Forgotten:
                line.drop()
                line = await Line.opened(self.settings)
                await line.give(recipient, content, kept=False)
        except BaseException:
            line.drop()
            raise
        else:
            self._free.append(line)
        finally:
            self._in_use -= 1
            self._places.release()

    async def close(self) -> None:
        """Take leave of the server on every connection that is free."""
        while self._free:
            await self._free.pop().leave()

    async def _take(self) -> tuple[Line, bool]:
        """A connection and whether it is a kept one; the caller gives its place back."""
        while True:
            await self._places.acquire()
            while self._free:
                line = self._free.pop()
                if line.trusted:
                    self._in_use += 1
                    return line, True
                line.drop()
            try:
                line = await Line.opened(self.settings)
            except TemporaryFault:
                if self._in_use:
                    # Others are connected at this moment: the server takes no more of us at the same time. The one in
                    # use gives its own place back, so that this waits for no longer than a letter takes.
                    asyncio.get_running_loop().call_later(REST_SECONDS, self._places.release)
                    continue
                self._places.release()
                raise
            except BaseException:
                self._places.release()
                raise
            self._in_use += 1
            return line, False
