"""`jieli backup`: both databases as they are at one instant, with the county's files, read back before it counts."""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from config.county import load_county
from config.settings import Settings
from office.backup.archive import (
    FORMAT,
    KEYS_SUFFIX,
    RECORDS,
    BackupFault,
    Manifest,
    TableContents,
    digest_of,
    fingerprint,
    name_at,
    pack,
    unpack,
    write_private,
)
from office.backup.contents import contents_of, cut, require_same, snapshot_of, tables_of
from office.backup.places import Databases, folder_of, opened
from office.backup.programs import dump, load
from office.embedded import EmbeddedPostgres
from office.opening import link_key


@dataclass(frozen=True)
class Made:
    """A backup that was read back: the archive, the file of its key (None: the key is in the environment), what it holds."""

    archive: Path
    keys: Path | None
    manifest: Manifest
    bytes: int


async def make(settings: Settings, target: Path, keys_to: Path | None, progress: Progress) -> Made:
    """Make an archive in the folder `target`, and the file of the key in `keys_to` (None: beside it).

    The instant of the cut is the archive's `made_at`. What was written is restored into a database of its own and compared
    with the cut table by table; only then does the archive get its name.

    Raises:
        BackupFault: something cannot be copied, kept or read back; nothing is left behind.
        StartFault: the embedded server cannot be started.
        CountyFault: the county's files have faults.
    """
    county = load_county(settings.county)
    target, keys_to = _folder(target), _folder(keys_to or target)
    key = link_key(settings.model_copy(update={"data_dir": folder_of(settings)})).decode()
    with tempfile.TemporaryDirectory(prefix=".jieli-backup-", dir=target) as draft_folder:
        draft = Path(draft_folder)
        async with opened(settings) as databases:
            manifest, members = await _copy(databases, settings.county, county.code, key, draft, progress)
        packed = draft / "archive"
        await asyncio.to_thread(pack, packed, manifest, members)
        await _read_back(packed, draft, progress)
        archive = target / f"{name_at(manifest.made_at)}.tar"
        keys = None if settings.secret_key is not None else keys_to / f"{archive.stem}{KEYS_SUFFIX}"
        _keep(packed, archive, keys, key)
    return Made(archive, keys, manifest, archive.stat().st_size)


def _folder(path: Path) -> Path:
    path = path.expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise BackupFault(f"建不了文件夹 {path}：{fault.strerror}；请另选一处。") from fault
    return path


async def _copy(
    databases: Databases, folder: Path, code: str, key: str, draft: Path, progress: Progress
) -> tuple[Manifest, dict[str, Path]]:
    """Dump every database from one cut, and take along the files of the county of that code, which stand in `folder`."""
    bar = progress.add_task("导出数据", total=2 * len(databases.urls))
    held: dict[str, dict[str, TableContents]] = {}
    try:
        async with AsyncExitStack() as cuts:
            # The cuts are made one right after the other, before anything is copied.
            seen = {name: await cuts.enter_async_context(cut(url)) for name, url in databases.urls.items()}
            made_at = datetime.now(UTC)
            revision = await _revision(seen[RECORDS])
            for name, connection in seen.items():
                await dump(databases.urls[name], await snapshot_of(connection), draft / f"{name}.dump")
                progress.advance(bar)
                held[name] = await contents_of(connection)
                progress.advance(bar)
    except (OSError, SQLAlchemyError) as fault:
        raise BackupFault(f"数据库没有应答（{type(fault).__name__}）；请运行 jieli doctor 查看。") from fault
    members = {f"{name}.dump": draft / f"{name}.dump" for name in held}
    members |= {f"county/{path.name}": path for path in _files_of(folder)}
    files = {name: digest_of(path) for name, path in members.items()}
    manifest = Manifest(
        format=FORMAT, made_at=made_at, version=version("jieli"), revision=revision, county=code, key=fingerprint(key),
        databases=held, files=files,
    )  # fmt: skip
    return manifest, members


def _files_of(county: Path) -> list[Path]:
    return sorted(county.glob("*.y*ml"))


async def _revision(records: AsyncConnection) -> str:
    if "alembic_version" not in await tables_of(records):
        raise BackupFault("数据库里还没有数据表；请先运行一次 jieli up。")
    return str((await records.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())


async def _read_back(packed: Path, draft: Path, progress: Progress) -> None:
    """Restore what was written on a server of its own, and compare. Raises BackupFault."""
    with tempfile.TemporaryDirectory(prefix="jieli-read-back-") as folder:
        read = draft / "read"
        read.mkdir()
        manifest = await asyncio.to_thread(unpack, packed, read)
        bar = progress.add_task("读回核对", total=len(manifest.databases))
        server = EmbeddedPostgres(Path(folder) / "server", durable=False)
        try:
            await asyncio.to_thread(server.start)
            for name, held in manifest.databases.items():
                url = server.url("jieli" if name == RECORDS else "prefect")
                await load(url, read / f"{name}.dump")
                await require_same(url, held)
                progress.advance(bar)
        finally:
            await asyncio.to_thread(server.destroy)


def _keep(packed: Path, archive: Path, keys: Path | None, key: str) -> None:
    """Give the archive its name, and write the key beside it. Both, or neither."""
    if archive.exists():
        raise BackupFault(f"{archive} 已存在，没有覆盖；请过一秒再试。")
    try:
        if keys is not None:
            write_private(keys, json.dumps({"link_key": key}).encode())
        packed.rename(archive)
    except FileExistsError:
        raise BackupFault(f"{keys} 已存在，没有覆盖；请过一秒再试。") from None
    except OSError as fault:
        if keys is not None:
            keys.unlink(missing_ok=True)
        raise BackupFault(f"写不了 {archive}：{fault.strerror}。") from fault
