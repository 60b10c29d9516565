"""Where returned mail lies: a mailbox read over IMAP, or a folder into which others drop .eml files.

A mail is marked or moved only after the records have it; what was left in between is put right at the next turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from config.settings import Settings
from rules.vocabulary import MailSort

MOST_BYTES = 1 << 20
"""A report stands at a mail's beginning; of a larger mail no more than this is read."""
PATIENCE = 10.0
"""Machine seconds for one answer of the mailbox's server."""
FIRST_DAYS = 30
"""A mailbox never read before is read from so many days back."""
QUIET_SECONDS = 2.0
"""A file that changed less than so many machine seconds ago may still be being written."""
SEEN_BY_US = (MailSort.BOUNCED, MailSort.DELAYED, MailSort.AUTOMATIC)
"""Marked as read in the mailbox; what a person wrote stays unread, for a person to find."""


@dataclass(frozen=True)
class Place:
    """Where one mail lies: its UID in a mailbox, or its name in a folder."""

    number: int | None
    name: str = ""


class SourceAway(Exception):  # noqa: N818 - it may be back at the next turn
    """The mailbox or folder cannot be read now: one Chinese sentence without an address."""


class Source(Protocol):
    """A place from which mail is read."""

    async def open(self) -> str:
        """Open it; gives the mailbox's name in the records. Raises `SourceAway`."""
        ...

    async def waiting(self, after: int | None, limit: int) -> list[Place]:
        """At most `limit` mails, in their order; of a mailbox, those with a UID above `after`."""
        ...

    async def content(self, place: Place) -> bytes | None:
        """The mail, or its first `MOST_BYTES`; None when it is gone or cannot be opened."""
        ...

    async def settle(self, place: Place, sort: MailSort) -> None:
        """Mark or move a mail that the records have."""
        ...

    async def close(self) -> None:
        """Let it go."""
        ...


class DropFolder:
    """A folder of .eml files: what was read goes to `done`, what cannot be read to `faulty`."""

    def __init__(self, folder: Path, quiet_seconds: float = QUIET_SECONDS) -> None:
        """Nothing is touched yet."""
        self.folder = folder
        self._quiet = quiet_seconds

    async def open(self) -> str:
        """Make the two folders within it."""
        try:
            for name in ("done", "faulty"):
                (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as fault:
            raise SourceAway(f"退信文件夹不可用（{fault.strerror}）。") from None
        return "folder"

    async def waiting(self, after: int | None, limit: int) -> list[Place]:  # noqa: ARG002 - a folder has no numbers
        """Files that have lain still, by name."""
        return await asyncio.to_thread(self._waiting, limit)

    def _waiting(self, limit: int) -> list[Place]:
        settled = time.time() - self._quiet
        found: list[str] = []
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if not entry.name.lower().endswith(".eml") or not entry.is_file(follow_symlinks=False):
                        continue
                    if entry.stat(follow_symlinks=False).st_mtime <= settled:
                        found.append(entry.name)
        except OSError as fault:
            raise SourceAway(f"退信文件夹不可用（{fault.strerror}）。") from None
        return [Place(None, name) for name in sorted(found)[:limit]]

    async def content(self, place: Place) -> bytes | None:
        """The file's beginning."""
        return await asyncio.to_thread(self._content, place)

    def _content(self, place: Place) -> bytes | None:
        try:
            with (self.folder / place.name).open("rb") as file:
                return file.read(MOST_BYTES)
        except OSError:
            return None

    async def settle(self, place: Place, sort: MailSort) -> None:
        """Move the file; one of the same name that is there already is kept."""
        await asyncio.to_thread(self._settle, place, sort)

    def _settle(self, place: Place, sort: MailSort) -> None:
        below = self.folder / ("faulty" if sort is MailSort.FAULTY else "done")
        target = below / place.name
        for number in range(2, 1000):
            if not target.exists():
                break
            target = below / f"{Path(place.name).stem}.{number}.eml"
        try:
            (self.folder / place.name).replace(target)
        except FileNotFoundError:
            return
        except OSError as fault:
            raise SourceAway(f"退信文件夹里的文件移动不了（{fault.strerror}）。") from None

    async def close(self) -> None:
        """Nothing is kept open."""


class Mailbox:
    """A mailbox read over IMAP. Mails are found by their UID and not by their flags: people read this mailbox too."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is opened yet."""
        self.settings = settings
        self._client: Any = None

    async def open(self) -> str:
        """Log in and choose the folder; gives a digest of the mailbox with its UIDVALIDITY."""
        return await asyncio.to_thread(self._open)

    def _open(self) -> str:
        import imapclient
        from imapclient.exceptions import IMAPClientError, LoginError

        s = self.settings
        try:
            context = ssl.create_default_context()
            client = imapclient.IMAPClient(
                s.imap_host, s.imap_port, ssl=s.imap_tls == "tls", ssl_context=context, timeout=PATIENCE
            )
            self._client = client
            if s.imap_tls == "starttls":
                client.starttls(context)
            password = s.imap_password.get_secret_value() if s.imap_password else ""
            client.login(s.imap_user or "", password)
            if client.has_capability("ID"):
                # Some large Chinese providers refuse every folder to a program that has not said its name.
                client.id_({"name": "jieli"})
            chosen = client.select_folder(s.imap_folder)
        except LoginError:
            raise SourceAway("退信信箱不接受登录，请检查 JIELI_IMAP_USER 和 JIELI_IMAP_PASSWORD。") from None
        except IMAPClientError as fault:
            raise SourceAway(f"退信信箱的文件夹打不开（{type(fault).__name__}），请检查 JIELI_IMAP_FOLDER。") from None
        except (OSError, ValueError) as fault:
            raise SourceAway(
                f"连不上退信信箱（{type(fault).__name__}），请检查 JIELI_IMAP_HOST、JIELI_IMAP_PORT 和 JIELI_IMAP_TLS。"
            ) from None
        named = "\0".join((s.imap_host or "", s.imap_user or "", s.imap_folder))
        return f"imap/{hashlib.sha256(named.encode()).hexdigest()[:24]}/{chosen.get(b'UIDVALIDITY', 0)}"

    async def waiting(self, after: int | None, limit: int) -> list[Place]:
        """New mails since the last one read; of a mailbox never read, those of the last days."""
        found: list[Place] = await self._ask(self._waiting, after, limit)
        return found

    def _waiting(self, after: int | None, limit: int) -> list[Place]:
        if after is None:
            since = (datetime.now(UTC) - timedelta(days=FIRST_DAYS)).date()
            found = self._client.search(["SINCE", since])
        else:
            found = self._client.search(["UID", f"{after + 1}:*"])
        # "n:*" names the last mail even when its UID is below n (RFC 9051, 9).
        return [Place(int(uid)) for uid in sorted(found) if after is None or uid > after][:limit]

    async def content(self, place: Place) -> bytes | None:
        """The mail's beginning, without touching its flags."""
        raw: bytes | None = await self._ask(self._content, place)
        return raw

    def _content(self, place: Place) -> bytes | None:
        found = self._client.fetch([place.number], [f"BODY.PEEK[]<0.{MOST_BYTES}>"])
        answer = found.get(place.number, {})
        return next((bytes(value or b"") for key, value in answer.items() if key.startswith(b"BODY[]")), None)

    async def settle(self, place: Place, sort: MailSort) -> None:
        """What a machine wrote is marked as read; what cannot be read is flagged; a person's mail stays as it is."""
        await self._ask(self._settle, place, sort)

    def _settle(self, place: Place, sort: MailSort) -> None:
        if sort in SEEN_BY_US:
            self._client.add_flags([place.number], [b"\\Seen"], silent=True)
        elif sort is MailSort.FAULTY:
            self._client.add_flags([place.number], [b"\\Flagged"], silent=True)

    async def _ask(self, work: Any, *words: Any) -> Any:
        from imapclient.exceptions import IMAPClientError

        try:
            return await asyncio.to_thread(work, *words)
        except (IMAPClientError, OSError) as fault:
            raise SourceAway(f"退信信箱没有应答（{type(fault).__name__}）。") from None

    async def close(self) -> None:
        """Log out; a server that does not answer is left."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(client.logout)


def sources_of(settings: Settings) -> list[Source]:
    """The places that the settings name."""
    found: list[Source] = []
    if settings.imap_host:
        found.append(Mailbox(settings))
    if settings.bounce_folder is not None:
        found.append(DropFolder(settings.bounce_folder))
    return found
