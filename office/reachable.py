"""Before anything starts: is each port free, and is what others run for us there? One clear sentence when not."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from config.settings import Settings
from office.data_folder import StartFault

PATIENCE = 10.0  # seconds to wait for somebody else's server


def asyncpg_url(url: str) -> str:
    """The same PostgreSQL address, for SQLAlchemy's asyncpg dialect."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+asyncpg://{rest}" if scheme in ("postgres", "postgresql") else url


def require_free_port(host: str, port: int, purpose: str, setting: str) -> None:
    """Raise a StartFault that names the port and the setting if somebody already listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do, so TIME_WAIT is no obstacle
        try:
            trial.bind((host, port))
        except OSError as fault:
            raise StartFault(
                f"{purpose}无法使用 {host} 的端口 {port}（{fault.strerror}）；"
                f"请停掉占用它的程序，或用 {setting} 另选端口。"
                f" (Port {port} cannot be used: stop whoever has it, or choose another with {setting}.)"
            ) from fault


def require_database(url: str, setting: str) -> None:
    """Raise a StartFault that names the setting if the PostgreSQL at `url` does not let us in.

    The password is never part of the sentence.
    """
    import asyncpg
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    async def knock() -> tuple[int, int]:
        connection = await asyncpg.connect(**_asyncpg_arguments(make_url(url)), timeout=PATIENCE)
        try:
            version = connection.get_server_version()
            return version.major, version.minor
        finally:
            await connection.close()

    try:
        version = _run(knock())
    except (OSError, asyncpg.PostgresError, TimeoutError, ArgumentError, ValueError) as fault:
        raise StartFault(
            f"连不上 {setting} 所指的 PostgreSQL（{_reason(fault)}）；请检查地址、账号与数据库是否已建立。"
            f" (Cannot connect to the PostgreSQL of {setting}.)"
        ) from None  # the cause may carry the address with its password
    if version < (14, 9):
        raise StartFault(
            f"{setting} 所指的 PostgreSQL 是 {version[0]}.{version[1]} 版，至少需要 14.9。 (PostgreSQL 14.9 or newer is needed.)"
        )


def opens_here_only(url: str) -> bool:
    """Whether an address names this machine, its own network card or nobody, so that others cannot open it."""
    host = (urlsplit(url).hostname or "").lower()
    with suppress(ValueError):
        number = ip_address(host)
        return number.is_loopback or number.is_unspecified or number.is_link_local
    return host in ("", "localhost") or host.endswith(".localhost")


def require_public_address(settings: Settings) -> None:
    """Raise a StartFault if letters that leave this machine would carry an address nobody else can open, or plain http."""
    address = settings.public_url or ""
    if opens_here_only(address) or urlsplit(address).scheme != "https":
        raise StartFault(
            "信件要送出本机，请把 JIELI_PUBLIC_URL 设为各单位能打开的 https 地址，例如 https://jieli.anhe.example。"
            " (Letters leave this machine: JIELI_PUBLIC_URL must be an https address that others can open.)"
        )


def require_smtp(settings: Settings) -> None:
    """Raise a StartFault if the mail server does not answer, offers no valid TLS, or refuses our login or sender."""
    from office.mailer import check

    patient = settings.model_copy(update={"smtp_timeout": min(PATIENCE, settings.smtp_timeout)})
    sentence = _run(check(patient))
    if sentence:
        raise StartFault(f"{sentence} (The mail server cannot be used: check the JIELI_SMTP_… settings.)")


def require_mailbox(settings: Settings) -> None:
    """Raise a StartFault if the mailbox or folder of returned mail, where one is set, cannot be opened."""
    from office.returned.sources import SourceAway, sources_of

    async def knock() -> None:
        for source in sources_of(settings):
            try:
                await source.open()
            finally:
                await source.close()

    try:
        _run(knock())
    except SourceAway as fault:
        raise StartFault(f"{fault} (Returned mail cannot be read: check the JIELI_IMAP_… settings.)") from None


def require_prefect(api_url: str, auth: str | None) -> None:
    """Raise a StartFault if the Prefect server at `api_url` does not answer or refuses our login."""
    import httpx

    login = httpx.BasicAuth(*auth.split(":", 1)) if auth and ":" in auth else None
    try:
        answer = httpx.get(f"{api_url.rstrip('/')}/admin/version", auth=login, timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise StartFault(
            f"连不上 Prefect 服务 {api_url}（{_reason(fault)}）；请检查 JIELI_PREFECT_API_URL（以 /api 结尾）。"
            " (Cannot reach the Prefect server: check JIELI_PREFECT_API_URL.)"
        ) from None
    if answer.status_code == 401:
        raise StartFault(
            f"Prefect 服务 {api_url} 不接受登录；请检查 JIELI_PREFECT_AUTH（用户:密码）。"
            " (The Prefect server refuses the login: check JIELI_PREFECT_AUTH.)"
        )
    if answer.status_code != 200:
        raise StartFault(
            f"{api_url} 不像 Prefect 的接口（HTTP {answer.status_code}）；"
            "请检查 JIELI_PREFECT_API_URL（以 /api 结尾）。"
            " (This does not look like a Prefect API: check JIELI_PREFECT_API_URL.)"
        )


def listens(host: str, port: int) -> bool:
    """Whether somebody takes connections at this address."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def _asyncpg_arguments(url: Any) -> dict[str, Any]:
    given = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    query = {name: value for name, value in url.query.items() if name in ("host", "port", "ssl")}
    return {k: v for k, v in (given | query).items() if v is not None} | {"database": url.database}


def _reason(fault: BaseException) -> str:
    if isinstance(fault, TimeoutError):
        return f"{PATIENCE:.0f} 秒内无应答"
    return (str(fault).splitlines() or [type(fault).__name__])[0] or type(fault).__name__


def _run(work: Any) -> Any:
    """Run a coroutine to its end, whether or not our caller is inside an event loop."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()
