"""How a command typed in another terminal finds the `jieli up` that runs: its resolved settings, left in a file.

The file holds secrets; it is mode 600 in the data folder, beside the secrets themselves, and goes when `up` stops.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from config.settings import Settings
from office.data_folder import StartFault, new_private_file

_LOCK = "up.lock"
_RECORD = "environment.json"


def hold(data_dir: Path) -> IO[str]:
    """Take the data folder for one `up`; the lock goes with the process that holds it, however it ends.

    Raises:
        StartFault: another `up` has it; the sentence names its process.
    """
    file = (data_dir / _LOCK).open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise StartFault(
            f"{data_dir} 已由另一个 jieli up 使用（进程 {holder}）；请先停止它，或用 JIELI_DATA_DIR 另指一处。"
            f" (Another `jieli up`, process {holder}, uses this data folder.)"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def leave_word(data_dir: Path, environment: Mapping[str, str]) -> None:
    """Record the environment of the running parts, without what was merely inherited."""
    ours = {name: value for name, value in environment.items() if name.startswith(("JIELI_", "PREFECT_", "DO_NOT"))}
    draft = data_dir / f".{_RECORD}"
    draft.unlink(missing_ok=True)
    with new_private_file(draft) as file:
        file.write(json.dumps(ours).encode())
    draft.replace(data_dir / _RECORD)


def take_word_back(data_dir: Path) -> None:
    """Remove the record: nothing runs any more."""
    (data_dir / _RECORD).unlink(missing_ok=True)


def running_environment(settings: Settings) -> dict[str, str]:
    """The `JIELI_…` and `PREFECT_…` variables of the `up` that runs on this data folder, or of its demonstration.

    `os.environ.update` it before the first import of Prefect, and read `Settings()` anew.

    Raises:
        StartFault: nothing runs there.
    """
    data_dir = settings.data_dir.expanduser().absolute()
    for folder in (data_dir, data_dir / "demo"):
        if (folder / _RECORD).exists() and is_held(folder):
            found: dict[str, str] = json.loads((folder / _RECORD).read_text())
            return found
    raise StartFault(
        f"{data_dir} 上没有运行中的接力；请先运行 jieli up，或用 JIELI_DATA_DIR 指明数据文件夹。"
        " (Nothing runs on this data folder: start `jieli up` first, or set JIELI_DATA_DIR.)"
    )


def is_held(folder: Path) -> bool:
    """Whether an `up` runs on this data folder."""
    if not (folder / _LOCK).exists():
        return False
    with (folder / _LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
