"""Everything in one file and back again: nothing is missing, nothing that is there is written over, half a restore is none."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import stat
import tarfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result
from pydantic import SecretStr
from rich.progress import Progress
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from typer.testing import CliRunner

from config.county import County, load_county
from config.settings import EXAMPLE_COUNTY, Settings
from office import backup as backups
from office.backup import BackupFault, archive, making, restoring
from office.backup.contents import contents_of, cut
from office.backup.places import UNFINISHED, require_whole
from office.cli import app
from office.data_folder import StartFault
from office.database import Database
from office.embedded import EmbeddedPostgres
from office.installation import hold
from office.numbers import next_in_series
from office.tables import Event, Letter, PostSeen, Series
from office.timekeeping import COUNTY_ZONE
from tests.conftest import FixedClock
from tests.emptied import EmptiedDatabases
from tests.office.letter_desk import open_desk


@pytest.fixture
def empty_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The address of a database without a table."""
    postgres.create_database("brought_back")
    yield postgres.url("brought_back")
    postgres.drop_database("brought_back")


@pytest.fixture(scope="module")
def source_url(emptied: EmptiedDatabases, county: County) -> Iterator[str]:
    """The address of records with a case and its letter."""

    async def one_letter(url: str) -> None:
        clock = FixedClock(datetime(2026, 3, 2, 9, 0, tzinfo=COUNTY_ZONE))
        async with open_desk(url, county, clock, Settings(demo=True)) as desk:
            await desk.put()
            async with desk.bureau.database.transaction() as session:
                assert await next_in_series(session, "case", 2026) == 1

    with emptied.one() as url:
        asyncio.run(one_letter(url))
        yield url


@pytest.fixture
def source(source_url: str, tmp_path: Path) -> Settings:
    """An installation whose Prefect somebody else looks after."""
    return settings_of(source_url, tmp_path / "source")


@pytest.fixture(scope="module")
def kept(source_url: str, tmp_path_factory: pytest.TempPathFactory) -> backups.Made:
    """A backup of it, with a key of its own."""
    folder = tmp_path_factory.mktemp("backup")
    return made(settings_of(source_url, folder / "source"), folder / "kept", folder / "elsewhere")


@pytest.fixture
def tar(kept: backups.Made, tmp_path: Path) -> Path:
    """A copy of the archive, alone in its folder."""
    return Path(shutil.copy(kept.archive, tmp_path))


@pytest.fixture
def there(empty_url: str, tmp_path: Path) -> Settings:
    """Another machine's settings: an empty database, a folder that is not there yet."""
    return settings_of(empty_url, tmp_path / "new")


def settings_of(url: str, folder: Path) -> Settings:
    """Records at that address, secrets in that folder; Prefect is somebody else's."""
    return Settings(data_dir=folder, database_url=SecretStr(url), prefect_api_url="http://127.0.0.1:9/api")


def address(settings: Settings) -> str:
    """Where the records are."""
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


def made(settings: Settings, target: Path, keys_to: Path | None = None) -> backups.Made:
    """A backup."""
    return asyncio.run(backups.make(settings, target, keys_to, Progress(disable=True)))


def restored(
    settings: Settings, of: Path, keys: Path | None = None, *, without_keys: bool = False, letters_leave: bool = False
) -> backups.Restored:
    """A restore."""
    progress = Progress(disable=True)
    return asyncio.run(
        backups.restore(settings, of, keys, progress, without_keys=without_keys, letters_leave=letters_leave)
    )


def ask(url: str, statement: object) -> object:
    """One value of a database."""

    async def asked() -> object:
        database = Database(url, pooled=False)
        async with database.transaction() as session:
            return (await session.execute(statement)).scalar_one()  # type: ignore[call-overload]

    return asyncio.run(asked())


def everything(url: str) -> dict[str, archive.TableContents]:
    """What a database holds."""

    async def asked() -> dict[str, archive.TableContents]:
        async with cut(url) as connection:
            return await contents_of(connection)

    return asyncio.run(asked())


def test_a_backup_holds_every_row_and_brings_it_back(
    source: Settings, there: Settings, kept: backups.Made, tmp_path: Path
) -> None:
    """Every table is the same afterwards, but for the numbers left out and the mark that letters rest."""
    was = everything(address(source))
    assert kept.manifest.databases["records"] == was
    assert kept.manifest.rows > 5
    found = restored(there, kept.archive, kept.keys)
    now = everything(address(there))
    assert {name for name in was if now[name] != was[name]} == {"series", "post_seen"}
    assert found.open_cases == 1
    assert found.letters_rest
    assert not (tmp_path / "new" / UNFINISHED).exists()


def test_only_we_can_read_what_is_written(kept: backups.Made) -> None:
    """Archive and key are mode 600, the key is not in the archive, and nothing else stays in the folder."""
    assert kept.keys is not None
    assert kept.keys == kept.archive.parent.parent / "elsewhere" / f"{kept.archive.stem}.keys"
    for path in (kept.archive, kept.keys):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(kept.archive.parent.iterdir()) == [kept.archive]
    key = json.loads(kept.keys.read_text())["link_key"]
    assert key.encode() not in kept.archive.read_bytes()


def test_numbers_given_since_the_backup_are_not_given_to_another_child(
    source: Settings, there: Settings, kept: backups.Made
) -> None:
    """A case number stands in letters; a hundred are left out for each day, and ids of rows as well."""
    highest = ask(address(source), select(func.max(Letter.id)))
    restored(there, kept.archive, kept.keys)
    assert ask(address(there), select(func.max(Series.last)).where(Series.name == "case")) == 101
    following = ask(address(there), text("SELECT nextval(pg_get_serial_sequence('letter', 'id'))"))
    assert int(str(following)) > int(str(highest)) + 999


@pytest.mark.parametrize(("letters_leave", "rest"), [(False, True), (True, False)])
def test_letters_rest_after_a_restore_unless_nothing_was_sent_since(
    there: Settings, kept: backups.Made, letters_leave: bool, rest: bool
) -> None:
    """What has left since the backup would leave again."""
    found = restored(there, kept.archive, kept.keys, letters_leave=letters_leave)
    assert found.letters_rest is rest
    come_from = ask(address(there), select(PostSeen.restored_from))
    assert come_from == (kept.manifest.made_at if rest else None)


def test_nothing_that_is_there_is_written_over(source: Settings, kept: backups.Made, tmp_path: Path) -> None:
    """A database that holds a table is refused, and is afterwards what it was."""
    was = everything(address(source))
    with pytest.raises(BackupFault, match="不是空的，没有覆盖"):
        restored(settings_of(address(source), tmp_path / "new"), kept.archive, kept.keys)
    assert everything(address(source)) == was
    assert not (tmp_path / "new" / UNFINISHED).exists()


def test_a_folder_on_which_jieli_runs_is_refused(there: Settings, kept: backups.Made) -> None:
    """Its process is named."""
    there.data_dir.mkdir(mode=0o700)
    lock = hold(there.data_dir)
    with pytest.raises(StartFault, match="已由另一个 jieli up 使用"):
        restored(there, kept.archive, kept.keys)
    lock.close()


def test_the_wrong_key_is_refused_and_none_only_knowingly(there: Settings, kept: backups.Made, tar: Path) -> None:
    """Without its key no link of before opens: that is never found out later."""
    with pytest.raises(BackupFault, match=r"找不到密钥文件.*--without-keys"):
        restored(there, tar)
    wrong = tar.with_name("wrong.keys")
    wrong.write_text('{"link_key": "another"}')
    with pytest.raises(BackupFault, match="不是这份备份的密钥"):
        restored(there, tar, wrong)
    wrong.write_text("no json")
    with pytest.raises(BackupFault, match="不是 jieli backup 写出的密钥文件"):
        restored(there, tar, wrong)
    other = there.model_copy(update={"secret_key": SecretStr("the environment's")})
    with pytest.raises(BackupFault, match="JIELI_SECRET_KEY 不是这份备份的密钥"):
        restored(other, tar)
    assert not (there.data_dir / "secrets").exists()
    assert everything(address(there)) == {}
    restored(there, tar, kept.keys)
    assert kept.keys is not None
    brought = (there.data_dir / "secrets" / "link-key").read_text()
    assert brought == json.loads(kept.keys.read_text())["link_key"]


def test_a_lost_key_is_done_without_knowingly(there: Settings, tar: Path) -> None:
    """The cases come back all the same; the next start makes a key."""
    assert restored(there, tar, without_keys=True).open_cases == 1
    assert not (there.data_dir / "secrets" / "link-key").exists()


def flipped(path: Path) -> None:
    """One byte in the middle becomes another."""
    whole = bytearray(path.read_bytes())
    at = whole.index(b"PGDMP") + 4000
    whole[at] ^= 0xFF
    path.write_bytes(whole)


def with_stranger(path: Path) -> None:
    """A member that leads out of the folder."""
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo("../outside.dump")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))


def of_later_format(path: Path) -> None:
    """Made by a release to come."""
    with tarfile.open(path, "w") as tar:
        told = b'{"format": 99}'
        info = tarfile.TarInfo("manifest.json")
        info.size = len(told)
        tar.addfile(info, io.BytesIO(told))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (flipped, "已损坏：records.dump与制作备份时不同"),
        (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "不是完整的备份文件"),
        (lambda path: path.write_bytes(b""), "不是完整的备份文件"),
        (lambda path: path.write_text("a letter\n" * 200), "不是完整的备份文件"),
        (with_stranger, "有不认识的内容“../outside.dump”"),
        (of_later_format, "请用制作它的版本恢复"),
        (lambda path: path.unlink(), "找不到备份文件"),
    ],
)
def test_an_archive_that_is_not_whole_is_refused_before_anything_is_touched(
    there: Settings, kept: backups.Made, tar: Path, harm: Callable[[Path], None], told: str
) -> None:
    """Damaged, cut short, not ours, of a later release, or gone: one sentence, and an empty database stays empty."""
    harm(tar)
    with pytest.raises(BackupFault, match=told):
        restored(there, tar, kept.keys)
    assert everything(address(there)) == {}


def test_tables_of_a_later_release_are_refused(
    there: Settings, kept: backups.Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This release would not know what to do with them."""
    monkeypatch.setattr(restoring, "revisions", lambda: frozenset({"0001"}))
    with pytest.raises(BackupFault, match="比这一版接力新"):
        restored(there, kept.archive, kept.keys)


def test_a_backup_that_reads_back_differently_is_no_backup(
    source: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is not in the dump is found by reading it back, and no file stays behind."""
    honest = making.contents_of

    async def one_more(connection: AsyncConnection) -> dict[str, archive.TableContents]:
        found = await honest(connection)
        return found | {"event": found["event"].model_copy(update={"rows": found["event"].rows + 1})}

    calls = iter([one_more, honest])

    def first_more(connection: AsyncConnection) -> Awaitable[dict[str, archive.TableContents]]:
        return next(calls)(connection)

    monkeypatch.setattr(making, "contents_of", first_more)
    with pytest.raises(BackupFault, match=r"读回的数据与原数据不同（event）"):
        made(source, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_restore_that_was_broken_off_keeps_jieli_from_starting(tmp_path: Path) -> None:
    """Half a restore would look like an office in which nothing is to be done."""
    require_whole(tmp_path)
    (tmp_path / UNFINISHED).touch()
    with pytest.raises(StartFault, match="请重新运行 jieli restore"):
        require_whole(tmp_path)


def test_a_restore_that_is_broken_off_is_ended_by_the_same_command(
    there: Settings, kept: backups.Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark stays, the database is empty, and the second time nothing is missing."""

    async def broken(*_: object) -> None:
        raise BackupFault("broken off")

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "load", broken)
        with pytest.raises(BackupFault, match="broken off"):
            restored(there, kept.archive, kept.keys)
    with pytest.raises(StartFault):
        require_whole(there.data_dir)
    assert everything(address(there)) == {}
    assert restored(there, kept.archive, kept.keys).open_cases == 1
    require_whole(there.data_dir)


def test_the_county_files_come_back_and_others_are_not_written_over(
    there: Settings, kept: backups.Made, tmp_path: Path
) -> None:
    """Where the settings want them; beside the data when other files are there."""
    (tmp_path / "county").mkdir()
    (tmp_path / "county" / "offices.yaml").write_text("mine: true\n")
    target = there.model_copy(update={"county": tmp_path / "county"})
    found = restored(target, kept.archive, kept.keys)
    assert found.county.parent == there.data_dir
    assert (found.county / "offices.yaml").read_bytes() == (EXAMPLE_COUNTY / "offices.yaml").read_bytes()
    assert (tmp_path / "county" / "offices.yaml").read_text() == "mine: true\n"


def test_county_files_that_are_gone_come_back_to_their_place(
    there: Settings, kept: backups.Made, tmp_path: Path
) -> None:
    """On a bare machine there is nothing to compare them with."""
    found = restored(there.model_copy(update={"county": tmp_path / "county"}), kept.archive, kept.keys)
    assert found.county == tmp_path / "county"
    assert load_county(found.county).code == load_county(EXAMPLE_COUNTY).code


def commanded(settings: Settings, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    """The command, with these settings in its environment."""
    told = {
        "DATA_DIR": settings.data_dir,
        "DATABASE_URL": address(settings),
        "PREFECT_API_URL": settings.prefect_api_url,
    }
    for name, value in told.items():
        monkeypatch.setenv(f"JIELI_{name}", str(value))
    return CliRunner().invoke(app, list(words))


def test_the_commands_say_what_to_do_next(
    source: Settings, there: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file is, that the key belongs elsewhere, what is open, and that letters rest."""
    told = commanded(source, monkeypatch, "backup", str(tmp_path / "kept"), "--json")
    assert told.exit_code == 0, told.output
    record = json.loads(told.stdout)
    assert set(record) == {"archive", "keys", "made_at", "bytes", "rows", "databases"}
    plain = commanded(there, monkeypatch, "restore", record["archive"])
    assert plain.exit_code == 0, plain.output
    assert "未办结案件1件" in plain.stdout
    assert "jieli post --release" in plain.stdout


def test_a_demonstration_comes_back_into_folders_that_only_we_can_enter(there: Settings, kept: backups.Made) -> None:
    """Its data is a folder within the data folder, which may not be there either."""
    restored(there.model_copy(update={"demo": True}), kept.archive, kept.keys)
    for folder in (there.data_dir, there.data_dir / "demo"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_cut_sees_the_instant_at_which_it_was_made(source: Settings) -> None:
    """What is written before the first question is put is not in it: two databases are cut one right after the other."""

    async def later() -> int:
        database = Database(address(source), pooled=False)
        async with cut(address(source)) as connection:
            async with database.transaction() as session:
                await session.execute(text("INSERT INTO event (event, at, detail) SELECT event, at, 'cut' FROM event"))
            return (await contents_of(connection))["event"].rows

    before = ask(address(source), select(func.count()).select_from(Event))
    assert asyncio.run(later()) == before


def test_a_backup_is_of_one_instant(source: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written while it is being copied is not in it, in no table."""
    url = address(source)
    count = ask(url, select(func.count()).select_from(Event))
    honest = making.dump

    async def busy(of: str, snapshot: str, target: Path) -> None:
        database = Database(url, pooled=False)
        async with database.transaction() as session:
            await session.execute(text("INSERT INTO event (event, at, detail) SELECT event, at, 'later' FROM event"))
        await honest(of, snapshot, target)

    monkeypatch.setattr(making, "dump", busy)
    done = made(source, tmp_path / "kept")
    assert done.manifest.databases["records"]["event"].rows == count
    assert ask(url, select(func.count()).select_from(Event)) == 2 * int(str(count))
