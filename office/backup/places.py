"""Where the databases of an installation are, whether `jieli up` runs or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from office.backup.archive import PREFECT, RECORDS, BackupFault
from office.data_folder import StartFault, private_folder
from office.embedded import EmbeddedPostgres
from office.installation import hold, is_held
from office.parts import open_secret
from office.reachable import asyncpg_url

UNFINISHED = "restore.unfinished"
"""A file in the data folder while a restore is under way; `jieli up` does not start beside it."""


@dataclass(frozen=True)
class Databases:
    """The addresses of the records and of Prefect's database; None where somebody else looks after Prefect."""

    records: str
    prefect: str | None
    own: EmbeddedPostgres | None

    @property
    def urls(self) -> dict[str, str]:
        """Each database that is ours to copy, by name."""
        return {RECORDS: self.records} | ({PREFECT: self.prefect} if self.prefect else {})


def folder_of(settings: Settings) -> Path:
    """The data folder, or the demonstration's: the one that runs, or that `JIELI_DEMO` names."""
    folder = settings.data_dir.expanduser().absolute()
    demo = folder / "demo"
    return demo if settings.demo or (not is_held(folder) and is_held(demo)) else folder


def embedded_or_given(settings: Settings, server: EmbeddedPostgres | None) -> Databases:
    """The addresses that are set, and the embedded server's for the others."""
    given = open_secret(settings.database_url), open_secret(settings.prefect_database_url)
    records = asyncpg_url(given[0]) if given[0] else None
    prefect = asyncpg_url(given[1]) if given[1] else None
    if server is not None:
        records = records or server.url("jieli")
        prefect = prefect or (server.url("prefect") if settings.prefect_api_url is None else None)
    if records is None:
        raise BackupFault("没有数据库地址：请设置 JIELI_DATABASE_URL，或者使用内置数据库。")
    return Databases(records, prefect, server)


def needs_own_server(settings: Settings) -> bool:
    """Whether one of the databases is the embedded one."""
    return settings.database_url is None or (settings.prefect_api_url is None and settings.prefect_database_url is None)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Databases]:
    """The databases as they stand. Beside an `up` that runs, they are its; else the embedded server is started for the
    time of the block. Raises StartFault, BackupFault."""
    folder = folder_of(settings)
    if not needs_own_server(settings):
        yield embedded_or_given(settings, None)
        return
    if not (folder / "postgres").exists():
        raise BackupFault(f"{folder} 里没有数据；请用 JIELI_DATA_DIR 指明数据文件夹，或者设置 JIELI_DATABASE_URL。")
    server = EmbeddedPostgres(folder)
    if is_held(folder):
        yield embedded_or_given(settings, server)
        return
    with resting(folder):
        await asyncio.to_thread(server.start)
        try:
            yield embedded_or_given(settings, server)
        finally:
            await asyncio.to_thread(server.stop)


@contextmanager
def resting(folder: Path) -> Iterator[None]:
    """Keep `jieli up` from starting on the folder as long as the block lasts. Raises StartFault when it runs."""
    lock = hold(private_folder(folder))
    try:
        yield
    finally:
        lock.close()


def require_whole(folder: Path) -> None:
    """Raise a StartFault when a restore into this folder was begun and not ended."""
    if (folder / UNFINISHED).exists():
        raise StartFault(
            f"{folder} 的恢复没有完成；请重新运行 jieli restore，完成后再启动。"
            " (A restore into this folder has not ended: run `jieli restore` again.)"
        )
