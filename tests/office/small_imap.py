"""A small IMAP server on loopback: as much of RFC 9051 as a client of ours needs, and faults on demand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class SmallImap:
    """One mailbox. `refuse` names commands that are answered NO; `drop_at` the one at which the connection breaks."""

    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    validity: int = 7
    password: str = "correct"
    port: int = 0
    refuse: set[str] = field(default_factory=set)
    drop_at: str = ""
    commands: list[str] = field(default_factory=list)
    named: bool = False

    def add(self, raw: bytes) -> int:
        """A mail arrives."""
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = raw
        self.flags[uid] = set()
        return uid

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(b"* OK small server\r\n")
        try:
            while line := (await reader.readline()).decode("utf-8", "replace").strip():
                tag, _, rest = line.partition(" ")
                name = rest.upper().split(" ")[0]
                if name == "UID":
                    name = "UID " + rest.upper().split(" ")[1]
                self.commands.append(name)
                if name == self.drop_at:
                    break
                if name in self.refuse:
                    writer.write(f"{tag} NO refused\r\n".encode())
                    continue
                writer.write(self._answer(name, rest) + f"{self._end(name, tag, rest)}\r\n".encode())
                await writer.drain()
                if name == "LOGOUT":
                    break
        finally:
            writer.close()

    def _end(self, name: str, tag: str, rest: str) -> str:
        if name == "LOGIN" and f'"{self.password}"' not in rest:
            return f"{tag} NO [AUTHENTICATIONFAILED] wrong"
        if name == "SELECT" and not self.named:
            # As some large providers do: no folder for a program that has not said its name.
            return f"{tag} NO SELECT Unsafe Login"
        return f"{tag} OK done"

    def _answer(self, name: str, rest: str) -> bytes:
        match name:
            case "CAPABILITY":
                return b"* CAPABILITY IMAP4rev1 ID UIDPLUS\r\n"
            case "ID":
                self.named = True
                return b"* ID NIL\r\n"
            case "SELECT":
                return (
                    f"* {len(self.mails)} EXISTS\r\n* FLAGS (\\Seen \\Flagged)\r\n"
                    f"* OK [UIDVALIDITY {self.validity}] valid\r\n"
                ).encode()
            case "UID SEARCH":
                asked = re.search(r"UID (\d+):\*", rest.upper().removeprefix("UID "))
                found = [uid for uid in self.mails if asked is None or uid >= int(asked.group(1))]
                found = found or [max(self.mails)] * bool(self.mails)
                return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()
            case "UID FETCH":
                return self._fetch(rest)
            case "UID STORE":
                uid = int(rest.split(" ")[2])
                self.flags[uid] |= set(re.findall(r"\\\w+", rest))
                return b""
        return b""

    def _fetch(self, rest: str) -> bytes:
        uid = int(rest.split(" ")[2])
        asked = re.search(r"<0\.(\d+)>", rest)
        raw = self.mails.get(uid)
        if raw is None or asked is None:
            return b""
        cut = raw[: int(asked.group(1))]
        return f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(cut)}}}\r\n".encode() + cut + b")\r\n"


@asynccontextmanager
async def small_imap(**given: object) -> AsyncIterator[SmallImap]:
    """A server of that kind, on a free port of loopback."""
    mailbox = SmallImap(**given)  # type: ignore[arg-type]
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0, limit=1 << 20)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
