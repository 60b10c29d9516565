"""The folder where this machine keeps what is nobody else's business: secrets, logs, letters, the embedded database."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import IO

LOG_LIMIT = 10_000_000  # bytes a log file may reach before its older half goes to `<name>.log.1`


class StartFault(Exception):  # noqa: N818 - what the reader sees is a fault, and is called so
    """Something this machine lacks or forbids; the text is one sentence that says what to do, Chinese first."""


def private_folder(folder: Path) -> Path:
    """Make `folder` (mode 700) and return its absolute path.

    A folder that exists is narrowed only while it is empty: closing a home folder or `/tmp` would harm others.

    Raises:
        StartFault: the folder cannot be made, is not ours, or others may look into it.
    """
    folder = folder.expanduser().absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            if not any(folder.iterdir()) and folder.stat().st_uid == os.geteuid():
                folder.chmod(0o700)
        found = folder.stat()
    except OSError as fault:
        raise StartFault(
            f"无法建立或读取数据文件夹 {folder}：{fault.strerror}；请用 JIELI_DATA_DIR 另指一处。"
            f" (Cannot make or read the data folder; point JIELI_DATA_DIR elsewhere.)"
        ) from fault
    if found.st_uid != os.geteuid():
        raise StartFault(
            f"数据文件夹 {folder} 属于另一用户；请用 JIELI_DATA_DIR 另指一处，或以该用户运行。"
            " (The data folder belongs to another user; set JIELI_DATA_DIR or run as that user.)"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StartFault(
            f"其他用户可进入数据文件夹 {folder}；请运行 chmod 700 {folder}，或用 JIELI_DATA_DIR 另指一处。"
            " (Others may enter the data folder; run chmod 700 on it or set JIELI_DATA_DIR.)"
        )
    return folder


def new_private_file(path: Path) -> IO[bytes]:
    """A file that was not there and that only we can read, open for writing. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


LINK_KEY = "link-key"
"""The name of the secret from which every link and code is made."""


def kept_secret(data_dir: Path, name: str) -> str:
    """The secret `name`, made once (43 random characters) and kept in `<data_dir>/secrets/<name>`, mode 600.

    Two processes asking for the same new secret at once get the same answer.
    """
    folder = data_dir / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{secrets.token_hex(8)}"
        with new_private_file(draft) as file:
            file.write(secrets.token_urlsafe(32).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails when somebody was faster, and then theirs is the secret
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def log_path(data_dir: Path, name: str) -> Path:
    """Where the output of the part `name` is written."""
    return data_dir / "logs" / f"{name}.log"


def open_log(data_dir: Path, name: str) -> IO[bytes]:
    """The log of the part `name`, open for appending (mode 600), bounded first."""
    path = log_path(data_dir, name)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    bound_log(path)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def bound_log(path: Path, limit: int = LOG_LIMIT) -> None:
    """Move what a too long log holds to `<name>.log.1`.

    The writer has the file open, so it is copied and emptied, not renamed; a line written between the two is lost.
    """
    if path.exists() and path.stat().st_size > limit:
        shutil.copyfile(path, older := path.with_name(path.name + ".1"))
        older.chmod(0o600)
        os.truncate(path, 0)


def last_lines(path: Path, count: int = 12) -> list[str]:
    """The last lines of a log, for a person to read when a part has died."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        return file.read().decode(errors="replace").splitlines()[-count:]
