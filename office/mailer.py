"""The door to the mail server. A letter is taken, refused for good, or tried again; nobody guesses."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from email.message import EmailMessage
from typing import NoReturn, Protocol

import aiosmtplib

from config.settings import Settings

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 20.0
"""Machine seconds after which an unused connection is no longer trusted."""
_SERVICE_ENDS = 421
_MAILBOX = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
"""Visible ASCII without angle brackets: nothing in it can end the address on the command line."""
_ABOUT_OUR_LOGIN = (530, 534, 535, 538)


class TemporaryFault(Exception):  # noqa: N818 - it is an answer, not an accident
    """The letter was not taken this time. `server_away` says that no other letter would be taken either."""

    def __init__(self, sentence: str, *, server_away: bool = False) -> None:
        """`sentence` is Chinese, without a name or address."""
        super().__init__(sentence)
        self.server_away = server_away


class FinalFault(Exception):  # noqa: N818
    """The letter was refused for good."""


class UncertainFault(Exception):  # noqa: N818
    """The connection broke after the letter was given: it may have been taken. The same Message-ID tells them apart."""


class Mailer(Protocol):
    """Whoever takes letters."""

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Give one letter for one recipient. Raises TemporaryFault, FinalFault, UncertainFault."""
        ...


class SmtpMailer:
    """Sends by SMTP over one connection, kept from letter to letter and opened again after a fault.

    It serves one event loop. With no mail server in the settings, it gives letters to this machine's catcher.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing is opened yet."""
        self.settings = settings
        self._client: aiosmtplib.SMTP | None = None
        self._used = 0.0
        self._turn = asyncio.Lock()

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Give one letter for one recipient, whoever its headers name."""
        if not _MAILBOX.fullmatch(recipient):
            raise FinalFault("收件地址不能用于邮件。")
        content = message.as_bytes()
        async with self._turn:
            try:
                client = await self._envelope(recipient)
                await self._content(client, content)
            except BaseException:
                # After a fault nobody knows what the other side expects next.
                self._drop()
                raise
            self._used = time.monotonic()

    async def close(self) -> None:
        """Take leave of the server."""
        async with self._turn:
            client, self._client = self._client, None
            if client is not None:
                with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit(timeout=2)
                client.close()

    async def _envelope(self, recipient: str) -> aiosmtplib.SMTP:
        if self._client is not None and time.monotonic() - self._used > IDLE_SECONDS:
            self._drop()
        kept = self._client is not None
        try:
            return await self._address(recipient)
        except TemporaryFault as fault:
            # The server may have closed a kept connection meanwhile; only a fresh one tells whether it is away.
            if not (kept and fault.server_away):
                raise
        self._drop()
        return await self._address(recipient)

    async def _address(self, recipient: str) -> aiosmtplib.SMTP:
        client = self._client
        try:
            if client is None:
                client = self._client = await _connected(self.settings)
            await client.mail(self.settings.mail_from, encoding="ascii")
            await client.rcpt(recipient, encoding="ascii")
        except aiosmtplib.SMTPSenderRefused as fault:
            raise TemporaryFault(_sender_refused(fault.code), server_away=True) from fault
        except aiosmtplib.SMTPAuthenticationError as fault:
            raise TemporaryFault(_login_refused(fault.code), server_away=True) from fault
        except aiosmtplib.SMTPConnectResponseError as fault:
            raise TemporaryFault(f"邮件服务器暂不受理（{fault.code}）。", server_away=True) from fault
        except aiosmtplib.SMTPResponseException as fault:
            _refused(fault)
        except (aiosmtplib.SMTPException, OSError) as fault:
            raise TemporaryFault(_unreachable(self.settings), server_away=True) from fault
        return client

    async def _content(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        try:
            await client.data(content)
        except aiosmtplib.SMTPResponseException as fault:
            _refused(fault)
        except (aiosmtplib.SMTPException, OSError) as fault:
            raise UncertainFault("信件交出后连接中断，是否送达不明。") from fault

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _refused(fault: aiosmtplib.SMTPResponseException) -> NoReturn:
    """4xx is for now, 5xx for good, unless it is our own login or connection that is refused and not the letter."""
    about_us = fault.code in _ABOUT_OUR_LOGIN or fault.code == _SERVICE_ENDS or "relay" in fault.message.lower()
    if about_us:
        raise TemporaryFault(f"邮件服务器不受理本系统的信件（{fault.code}）。", server_away=True) from fault
    if fault.code >= 500:
        raise FinalFault(f"邮件服务器拒收（{fault.code}）。") from fault
    raise TemporaryFault(f"邮件服务器要求稍后再试（{fault.code}）。") from fault


async def _connected(settings: Settings) -> aiosmtplib.SMTP:
    host = settings.smtp_host or LOOPBACK
    port = settings.smtp_port if settings.smtp_host else settings.catcher_port
    tls = settings.smtp_tls if settings.smtp_host else "none"
    client = aiosmtplib.SMTP(
        hostname=host,
        port=port,
        use_tls=tls == "tls",
        start_tls=tls == "starttls",
        timeout=settings.smtp_timeout,
        local_hostname=settings.mail_from.rpartition("@")[2],
    )
    try:
        await client.connect()
        if settings.smtp_user:
            password = "" if settings.smtp_password is None else settings.smtp_password.get_secret_value()
            await client.login(settings.smtp_user, password)
        else:
            await client.ehlo()
    except BaseException:
        client.close()
        raise
    return client


async def check(settings: Settings) -> str:
    """Why no letter can leave, in one Chinese sentence with its mend; "" when the server takes our login and sender."""
    client = None
    try:
        client = await _connected(settings)
        await client.mail(settings.mail_from, encoding="ascii")
        await client.rset()
    except aiosmtplib.SMTPSenderRefused as fault:
        return _sender_refused(fault.code)
    except aiosmtplib.SMTPAuthenticationError as fault:
        return _login_refused(fault.code)
    except aiosmtplib.SMTPResponseException as fault:
        return (
            f"{_place(settings)}答复异常（{fault.code}），请核对 JIELI_SMTP_HOST、JIELI_SMTP_PORT 和 JIELI_SMTP_TLS。"
        )
    except (aiosmtplib.SMTPException, OSError):
        return _unreachable(settings)
    finally:
        if client is not None:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=2)
            client.close()
    return ""


def _place(settings: Settings) -> str:
    if settings.smtp_host is None:
        return f"本机收信箱（端口 {settings.catcher_port}）"
    return f"邮件服务器 {settings.smtp_host}:{settings.smtp_port}（{settings.smtp_tls}）"


def _unreachable(settings: Settings) -> str:
    return f"{_place(settings)}连接不上，请核对 JIELI_SMTP_HOST、JIELI_SMTP_PORT 和 JIELI_SMTP_TLS，并检查网络。"


def _login_refused(code: int) -> str:
    return f"邮件服务器拒绝登录（{code}），请核对 JIELI_SMTP_USER 和 JIELI_SMTP_PASSWORD（有的邮箱须填授权码）。"


def _sender_refused(code: int) -> str:
    return f"邮件服务器不接受发件人（{code}），请将 JIELI_MAIL_FROM 改为登录的邮箱。"
