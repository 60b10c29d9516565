"""The door to pg_dump and pg_restore, which come with the embedded PostgreSQL and speak to every server up to its version."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from office.backup.archive import BackupFault
from office.embedded_places import wheel_programs

_SSL = {"true": "require", "1": "require", "false": "disable", "0": "disable"}


async def dump(url: str, snapshot: str, target: Path) -> None:
    """Write what the snapshot sees into a file of PostgreSQL's custom format. Raises BackupFault."""
    await _run("pg_dump", url, "--format=custom", f"--snapshot={snapshot}", f"--file={target}", "--no-password")


async def load(url: str, source: Path) -> None:
    """Put a dump into an empty database, whole or not at all. Raises BackupFault."""
    await _run(
        "pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--no-password",
        f"--dbname={make_url(url).database}", str(source),
    )  # fmt: skip


async def _run(program: str, url: str, *words: str) -> None:
    child = await asyncio.create_subprocess_exec(
        str(wheel_programs() / program),
        *words,
        env=_environment(make_url(url)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, told = await child.communicate()
    except BaseException:
        # Whoever asked has gone: what was begun for them ends too.
        if child.returncode is None:
            child.kill()
            await child.wait()
        raise
    if child.returncode != 0:
        raise BackupFault(f"{program} 没有完成：{_why(told.decode(errors='replace'))}")


def _why(told: str) -> str:
    """The first fault in plain words. What stands in a row of a table is never repeated: it may be a child's name."""
    faults = [line for line in told.splitlines() if re.search(r"(error|fatal):", line, re.IGNORECASE)]
    sentence = faults[0] if faults else "没有说明原因"
    return re.sub(r"\s*(DETAIL|CONTEXT|COPY|Command was)\b.*", "", sentence)[:300]


def _environment(url: URL) -> dict[str, str]:
    """Where and as whom: in the environment, because the arguments of a program can be read by everybody."""

    def asked(name: str) -> str | None:
        found = url.query.get(name)
        return found if isinstance(found, str) else None

    ssl = asked("ssl") or asked("sslmode")
    known = {
        "PGHOST": url.host or asked("host"),
        "PGPORT": str(url.port) if url.port else asked("port"),
        "PGUSER": url.username,
        "PGPASSWORD": None if url.password is None else str(url.password),
        "PGDATABASE": url.database,
        "PGSSLMODE": _SSL.get(ssl, ssl) if ssl else None,
    }
    base = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", "HOME": os.environ.get("HOME", "/")}
    return base | {name: value for name, value in known.items() if value}
