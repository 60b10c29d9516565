"""One connection to the mail server, and what its answers mean."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from typing import NoReturn

import aiosmtplib

from config.settings import Settings
from office.mailer.faults import FinalFault, TemporaryFault, UncertainFault

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 20.0
"""Machine seconds after which an unused connection is no longer trusted."""
_SERVICE_ENDS = 421
_ABOUT_OUR_LOGIN = (530, 534, 535, 538)
_NO_TLS = "的加密连接没有建立（服务器不支持加密，或者证书不受信任），请核对 JIELI_SMTP_TLS、JIELI_SMTP_HOST 和 JIELI_SMTP_PORT。"


class Line:
    """A connection that takes one letter after another, until something goes wrong with it."""

    def __init__(self, settings: Settings, client: aiosmtplib.SMTP) -> None:
        """`client` is connected and logged in."""
        self._settings = settings
        self._client = client
        self._used = time.monotonic()
        self._given = False

    @classmethod
    async def opened(cls, settings: Settings) -> Line:
        """A fresh connection, logged in. Raises TemporaryFault: no letter can leave."""
        try:
            return cls(settings, await _connected(settings))
        except (aiosmtplib.SMTPException, OSError) as fault:
            raise TemporaryFault(_why_not_connected(settings, fault), server_away=True) from fault

    @property
    def trusted(self) -> bool:
        """False when it has been idle for so long that the server may have forgotten it."""
        return self._client.is_connected and time.monotonic() - self._used <= IDLE_SECONDS

    async def give(self, recipient: str, content: bytes, *, kept: bool) -> None:
        """Give one letter for one recipient. Raises TemporaryFault, FinalFault, UncertainFault.

        `kept` says that the connection is not fresh. The time for the whole letter is bounded.
        """
        self._given = False
        try:
            async with asyncio.timeout(self._settings.smtp_letter_timeout):
                await self._sender(kept)
                await self._recipient(recipient)
                await self._content(content)
        except TimeoutError as fault:
            if self._given:
                raise UncertainFault("信件交出后服务器迟迟没有答复，是否送达不明。") from fault
            raise TemporaryFault("邮件服务器答复过慢，稍后再试。", slow=True) from fault
        self._used = time.monotonic()

    async def _sender(self, kept: bool) -> None:
        try:
            await self._client.mail(self._settings.mail_from, encoding="ascii")
        except aiosmtplib.SMTPResponseException as fault:
            if fault.code in _ABOUT_OUR_LOGIN or fault.code == _SERVICE_ENDS:
                _refused(fault)
            raise TemporaryFault(_sender_refused(fault.code), server_away=True) from fault
        except (aiosmtplib.SMTPException, OSError) as fault:
            if kept:
                raise Forgotten from fault
            raise TemporaryFault(_unreachable(self._settings), server_away=True) from fault

    async def _recipient(self, recipient: str) -> None:
        try:
            await self._client.rcpt(recipient, encoding="ascii")
        except aiosmtplib.SMTPResponseException as fault:
            _refused(fault)
        except (aiosmtplib.SMTPException, OSError) as fault:
            # The server was there a moment ago: what it fell silent over is this recipient.
            slow = isinstance(fault, aiosmtplib.SMTPTimeoutError)
            raise TemporaryFault("邮件服务器在核对收件人时没有答复，稍后再试。", slow=slow) from fault

    async def _content(self, content: bytes) -> None:
        self._given = True
        try:
            await self._client.data(content)
        except aiosmtplib.SMTPResponseException as fault:
            _refused(fault)
        except (aiosmtplib.SMTPException, OSError) as fault:
            raise UncertainFault("信件交出后连接中断，是否送达不明。") from fault

    async def leave(self) -> None:
        """Take leave of the server."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await self._client.quit(timeout=2)
        self.drop()

    def drop(self) -> None:
        """Break the connection: after a fault nobody knows what the other side expects next."""
        self._client.close()


class Forgotten(Exception):  # noqa: N818 - it is an answer, not an accident
    """The server has closed a kept connection meanwhile; only a fresh one tells whether it is away."""


def _refused(fault: aiosmtplib.SMTPResponseException) -> NoReturn:
    """4xx is for now, 5xx for good, unless it is our own login or connection that is refused and not the letter."""
    sentence = f"邮件服务器不受理本系统的信件（{fault.code}）。"
    if fault.code in _ABOUT_OUR_LOGIN or "relay" in fault.message.lower():
        raise TemporaryFault(sentence, server_away=True) from fault
    if fault.code == _SERVICE_ENDS:
        # Said to a recipient, it may be meant for this one only; the next connection tells whether it is.
        about_one = isinstance(fault, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
        raise TemporaryFault(sentence, server_away=not about_one, slow=about_one) from fault
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
        async with asyncio.timeout(settings.smtp_letter_timeout):
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
    except (aiosmtplib.SMTPException, OSError) as fault:
        return _why_not_connected(settings, fault)
    finally:
        if client is not None:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=2)
            client.close()
    return ""


def _why_not_connected(settings: Settings, fault: Exception) -> str:
    if isinstance(fault, aiosmtplib.SMTPAuthenticationError):
        return _login_refused(fault.code)
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return (
            f"{_place(settings)}答复异常（{fault.code}），请核对 JIELI_SMTP_HOST、JIELI_SMTP_PORT 和 JIELI_SMTP_TLS。"
        )
    # The library says so in words only.
    causes = (fault, fault.__cause__, fault.__context__)
    if any(isinstance(cause, ssl.SSLError) for cause in causes) or "STARTTLS" in str(fault):
        return f"{_place(settings)}{_NO_TLS}"
    return _unreachable(settings)


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
