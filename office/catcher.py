"""The built-in mail catcher: takes every letter and delivers none, so that a demonstration needs no mail server.

Each letter is one file in `<data_dir>/letters/`, named by its arrival, the envelope's recipients in a header of ours.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import secrets
import signal
import time
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import Header, decode_header, make_header
from email.message import EmailMessage
from email.parser import HeaderParser
from functools import lru_cache, partial
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

from aiosmtpd.smtp import SMTP, Envelope, Session

from config.settings import settings

SIZE_LIMIT = 10_000_000  # bytes a letter may have
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_RECIPIENTS = "X-RcptTo"
_SENDER = "X-MailFrom"
_ADDRESS = re.compile(r"https?://[^\s<>\"'（）【】《》“”，。；、]+")


@dataclass(frozen=True)
class CaughtLetter:
    """One letter as its reader would see it.

    `to` holds the envelope's recipients, not what the letter claims; `links` are in order of appearance, each once;
    `received_at` is in Asia/Shanghai.
    """

    id: str
    to: str
    subject: str
    text: str
    html: str
    links: list[str]
    message_id: str
    received_at: datetime


def letters_folder(data_dir: Path) -> Path:
    """The folder of caught letters (mode 700), made if missing."""
    folder = data_dir / "letters"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def read_letters(data_dir: Path) -> list[CaughtLetter]:
    """Every caught letter, newest last."""
    folder = data_dir / "letters"
    return [_read(path) for path in sorted(folder.glob("*.eml"))] if folder.is_dir() else []


class Catcher:
    """What aiosmtpd asks at the end of each letter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = max((int(path.name.split("-")[0]) for path in folder.glob("*.eml")), default=0)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        """Store the letter and answer as a mail server would; the name aiosmtpd looks for."""
        # Names sort by arrival even if the machine's clock is set back.
        self._last = max(time.time_ns(), self._last + 1)
        content = envelope.original_content or b""
        ours = f"{_RECIPIENTS}: {_header(', '.join(envelope.rcpt_tos))}\r\n{_SENDER}: {_header(envelope.mail_from)}\r\n"
        name = f"{self._last:020d}-{secrets.token_hex(4)}"
        draft = self._folder / f".{name}.draft"
        draft.write_bytes(ours.encode() + content)
        draft.chmod(0o600)
        draft.rename(self._folder / f"{name}.eml")
        return "250 caught, not delivered"


async def catch(data_dir: Path, host: str, port: int) -> asyncio.Server:
    """Start catching; the server returned already listens.

    Raises:
        OSError: the port is taken.
    """
    catcher = Catcher(letters_folder(data_dir))
    session = partial(
        SMTP, catcher, enable_SMTPUTF8=True, data_size_limit=SIZE_LIMIT, hostname="catcher.example", timeout=60
    )
    return await asyncio.get_running_loop().create_server(session, host, port)


@lru_cache(maxsize=4096)
def _read(path: Path) -> CaughtLetter:
    raw = path.read_bytes()
    # A letter sent with SMTPUTF8 carries its headers as plain UTF-8, which the parser of bytes does not decode.
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0].decode("utf-8", errors="replace")
    headers = HeaderParser(policy=policy.default).parsestr(head)
    body = message_from_bytes(raw, policy=policy.default)
    text, html = _part(body, "plain"), _part(body, "html")
    return CaughtLetter(
        id=path.stem,
        to=str(make_header(decode_header(str(headers[_RECIPIENTS])))),
        subject=str(headers["Subject"] or ""),
        text=text,
        html=html,
        links=list(dict.fromkeys(itertools.chain(_ADDRESS.findall(text), _hrefs(html)))),
        message_id=str(headers["Message-ID"] or ""),
        received_at=datetime.fromtimestamp(int(path.name.split("-")[0]) / 1e9, _SHANGHAI),
    )


def _part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body(preferencelist=(kind,))
    payload = None if found is None else found.get_payload(decode=True)
    if found is None or not isinstance(payload, bytes):
        return ""
    charset = found.get_content_charset("utf-8")
    try:
        # ASCII is also what is said by letters that say nothing, or the wrong thing; UTF-8 holds all of it.
        shown = payload.decode("utf-8" if charset == "us-ascii" else charset)
    except (LookupError, UnicodeError):  # a character set nobody knows, or another than claimed
        shown = payload.decode("utf-8", errors="replace")
    return shown.replace("\r\n", "\n")


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _hrefs(html: str) -> list[str]:
    anchors = _Anchors()
    anchors.feed(html)
    return [address for address in anchors.found if address.startswith(("http://", "https://"))]


def _header(value: str | None) -> str:
    value = " ".join((value or "").split())
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=10_000).encode()


async def _until_told_to_stop() -> None:
    os.umask(0o077)
    chosen = settings()
    server = await catch(chosen.data_dir.expanduser().absolute(), "127.0.0.1", chosen.catcher_port)
    told = asyncio.Event()
    for message in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(message, told.set)
    await told.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_until_told_to_stop())
