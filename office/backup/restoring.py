"""`jieli restore`: an archive becomes an installation again, on an empty machine.

Nothing that is there is written over. A restore that is broken off is said by a mark in the data folder, and begins anew.
Letters rest afterwards until a person lets them leave, and no number given since the backup is given a second time.
"""

from __future__ import annotations

import asyncio
import filecmp
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import exists, func, select, table, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from office.backup.archive import (
    KEYS_SUFFIX,
    PREFECT,
    RECORDS,
    BackupFault,
    Manifest,
    fingerprint,
    unpack,
    write_private,
)
from office.backup.contents import cut, require_same, tables_of
from office.backup.places import UNFINISHED, Databases, embedded_or_given, folder_of, needs_own_server, resting
from office.backup.programs import load
from office.data_folder import LINK_KEY, private_folder
from office.database import Database
from office.embedded import DATABASES, EmbeddedPostgres
from office.migrate import revisions, upgrade_async
from office.tables import CaseRow, PostSeen, Proceeding, Series

NUMBERS_A_DAY = 100
"""Case numbers left out for each day since the backup: those given on those days stand in letters, and are not given to
another child. Technical: far more than a county files."""


@dataclass(frozen=True)
class Restored:
    """What came back: the archive's manifest, cases still open, the county's folder, and whether letters rest."""

    manifest: Manifest
    open_cases: int
    open_proceedings: int
    county: Path
    letters_rest: bool


async def restore(
    settings: Settings, archive: Path, keys: Path | None, progress: Progress, *, without_keys: bool, letters_leave: bool
) -> Restored:
    """Bring an archive back into empty databases, read it back, and bring its tables up to date.

    `keys` is the file of the key (None: the one beside the archive, or `JIELI_SECRET_KEY`); `without_keys` goes on without
    it: links in letters of before open nothing then. `letters_leave` says that nothing has been sent since the backup.

    Raises:
        BackupFault: the archive, the key or the place is not fit; what was there is untouched.
        StartFault: `jieli up` runs there, or the embedded server cannot be started.
    """
    private_folder(settings.data_dir)
    folder = private_folder(folder_of(settings))
    with tempfile.TemporaryDirectory(prefix="restore-", dir=folder) as draft_folder, resting(folder):
        draft = Path(draft_folder)
        bar = progress.add_task("核对备份", total=1)
        manifest = await asyncio.to_thread(unpack, archive, draft)
        if manifest.revision not in revisions():
            raise BackupFault(
                f"这份备份的数据表（{manifest.revision}）比这一版接力新；请先安装制作它的版本或更新的版本。"
            )
        key = None if without_keys else _key_of(settings, archive, keys, manifest)
        kept = folder / "secrets" / LINK_KEY
        if key is not None and settings.secret_key is None and kept.exists() and kept.read_text().strip() != key:
            raise BackupFault(f"{kept} 是另一套数据的密钥；请用 JIELI_DATA_DIR 另指一个空文件夹再恢复。")
        progress.advance(bar)
        cases, proceedings = await _fill(settings, folder, manifest, draft, progress, letters_leave=letters_leave)
        if key is not None and settings.secret_key is None and not kept.exists():
            kept.parent.mkdir(mode=0o700, exist_ok=True)
            write_private(kept, key.encode())
        county = _bring_county(settings, folder, draft / "county", manifest)
        (folder / UNFINISHED).unlink(missing_ok=True)
    return Restored(manifest, cases, proceedings, county, letters_rest=not letters_leave)


def _key_of(settings: Settings, archive: Path, keys: Path | None, manifest: Manifest) -> str:
    if settings.secret_key is not None:
        place, key = "JIELI_SECRET_KEY", settings.secret_key.get_secret_value()
    else:
        path = keys or archive.with_suffix(KEYS_SUFFIX)
        place = str(path)
        try:
            key = str(json.loads(path.read_text())["link_key"])
        except FileNotFoundError:
            raise BackupFault(
                f"找不到密钥文件 {path}；请用 --keys 指明。密钥确已丢失的，加上 --without-keys：已发信件里的链接将全部失效。"
            ) from None
        except (OSError, ValueError, KeyError, TypeError):
            raise BackupFault(f"{path} 不是 jieli backup 写出的密钥文件；请用 --keys 指明正确的文件。") from None
    if fingerprint(key) != manifest.key:
        raise BackupFault(f"{place} 不是这份备份的密钥；请用 --keys 指明与备份同时写出的密钥文件。")
    return key


async def _fill(
    settings: Settings, folder: Path, manifest: Manifest, draft: Path, progress: Progress, *, letters_leave: bool
) -> tuple[int, int]:
    """Load, read back, bring up to date. Gives how many cases and proceedings are open."""
    async with _empty(settings, folder) as databases:
        wanted = {name: url for name, url in sorted(databases.urls.items()) if name in manifest.databases}
        bar = progress.add_task("恢复数据", total=len(wanted) + 1)
        for name, url in wanted.items():
            await load(url, draft / f"{name}.dump")
            await require_same(url, manifest.databases[name])
            progress.advance(bar)
        await upgrade_async(databases.records)
        still_open = await _make_safe(databases.records, manifest, letters_leave=letters_leave)
        progress.advance(bar)
        return still_open


@asynccontextmanager
async def _empty(settings: Settings, folder: Path) -> AsyncIterator[Databases]:
    """The databases, empty and ours to fill; what a broken restore left in the embedded ones is removed."""
    server = EmbeddedPostgres(folder) if needs_own_server(settings) else None
    mark = folder / UNFINISHED
    given = {RECORDS: settings.database_url, PREFECT: settings.prefect_database_url}
    embedded = {name: own for name, own in zip(given, DATABASES, strict=True) if given[name] is None}
    async with AsyncExitStack() as stack:
        if server is not None:
            stack.push_async_callback(asyncio.to_thread, server.stop)
            await asyncio.to_thread(server.start)
        databases = embedded_or_given(settings, server)
        for name, url in databases.urls.items():
            await _require_empty(url, name, untouched=not mark.exists(), embedded=name in embedded)
        mark.touch(mode=0o600)
        if server is not None:
            for own in embedded.values():
                await asyncio.to_thread(server.drop_database, own)
            await asyncio.to_thread(server.start)
        yield databases


_HOLDS_SOMETHING = {RECORDS: "case", PREFECT: "flow_run"}


async def _require_empty(url: str, name: str, *, untouched: bool, embedded: bool) -> None:
    """Raise a BackupFault if something would be lost. Tables in which nothing has been written are nothing."""
    try:
        async with cut(url) as connection:
            tables = await tables_of(connection)
            kept = _HOLDS_SOMETHING[name]
            some = select(exists().select_from(table(kept, schema="public")))
            used = kept in tables and (await connection.execute(some)).scalar_one()
    except (OSError, SQLAlchemyError) as fault:
        raise BackupFault(f"要恢复到的数据库没有应答（{type(fault).__name__}）；请检查地址和账号。") from fault
    if embedded and untouched and used:
        raise BackupFault("这里已经有数据，没有覆盖；请用 JIELI_DATA_DIR 另指一个空文件夹，核对无误后再替换。")
    if not embedded and tables:
        what = "JIELI_DATABASE_URL" if name == RECORDS else "JIELI_PREFECT_DATABASE_URL"
        raise BackupFault(f"{what} 所指的数据库不是空的，没有覆盖；请新建一个空数据库再恢复。")


async def _make_safe(url: str, manifest: Manifest, *, letters_leave: bool) -> tuple[int, int]:
    """Leave out the numbers that may have been given since, and let the letters rest. Gives what is open."""
    days = 1 + max(0, (datetime.now(UTC) - manifest.made_at).days)
    gap = NUMBERS_A_DAY * days
    database = Database(url, pooled=False)
    try:
        async with database.transaction() as session:
            await session.execute(update(Series).values(last=Series.last + gap))
            # A row's number is part of the keys under which Prefect knows runs, and of what an administrator wrote down.
            names = await session.execute(
                text("SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE schemaname = 'public'")
            )
            for name in names.scalars().all():
                await session.execute(text("SELECT setval(CAST(:name AS regclass), nextval(CAST(:name AS regclass)) + :gap)"),
                                      {"name": name, "gap": gap * 10})  # fmt: skip
            post = {
                "seen_at": func.clock_timestamp(),
                "restored_from": None if letters_leave else manifest.made_at,
                "next_question_at": None,
            }
            await session.execute(
                insert(PostSeen).values(id=1, **post).on_conflict_do_update(index_elements=["id"], set_=post)
            )
            open_rows = select(
                select(func.count()).select_from(CaseRow).where(CaseRow.closed_at.is_(None)).scalar_subquery(),
                select(func.count()).select_from(Proceeding).where(Proceeding.closed_at.is_(None)).scalar_subquery(),
            )
            cases, proceedings = (await session.execute(open_rows)).one()
            return cases, proceedings
    finally:
        await database.close()


def _bring_county(settings: Settings, folder: Path, found: Path, manifest: Manifest) -> Path:
    """The county's files: to where the settings want them, or into the data folder when other files are there."""
    wanted = settings.county.expanduser().absolute()
    names = sorted(path.name for path in found.iterdir())
    if wanted.is_dir() and filecmp.cmpfiles(found, wanted, names, shallow=False)[0] == names:
        return wanted
    if wanted.exists():
        wanted = folder / f"county-{manifest.made_at:%Y%m%dT%H%M%SZ}"
    shutil.copytree(found, wanted, dirs_exist_ok=True)
    return wanted
