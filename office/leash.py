"""Children on a leash: a process that starts others here takes them along when it dies, even by `kill -9`.

Linux sends a chosen signal to a child whose parent *thread* ends (`PR_SET_PDEATHSIG`). Two consequences shape this
module: children are started from one thread that lives as long as the process, and the request is made by a tiny
program between fork and exec, because Python code in a forked child of a threaded process may deadlock.
On other systems the child starts without a leash; whoever started it must clear up at the next start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

READY_FILE = "JIELI_READY_FILE"
"""Environment variable: the file a child touches once it does its work."""

_PR_SET_PDEATHSIG = 1
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="leash")


def spawn(
    argv: Sequence[str | Path],
    *,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    farewell: signal.Signals = signal.SIGTERM,
    account: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, so that a Ctrl-C in the terminal reaches only us.

    `farewell` is the signal it gets when we die. `account` is the (user, group) it runs as; only root may give one.
    Standard output and error go to `output`, standard input is empty.
    """
    user, group = account or (-1, -1)
    leashed = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(farewell)), str(user), str(group)]
    return _starter.submit(
        subprocess.Popen,
        [*leashed, *map(str, argv)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(os.environ if environment is None else environment),
        cwd=folder,
        start_new_session=True,
    ).result()


def announce_ready() -> None:
    """Tell whoever started this process that it now does its work; nothing happens if nobody asked to be told."""
    if asked := os.environ.get(READY_FILE):
        Path(asked).touch(mode=0o600)


def _become(argv: list[str]) -> None:
    """Between fork and exec: change the user, ask for the signal, and turn into the program wanted."""
    parent, farewell, user, group = (int(word) for word in argv[:4])
    program = argv[4:]
    import ctypes  # while we are still root: the other user may be unable to read Python's own library

    c_library = ctypes.CDLL(None)
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if sys.platform == "linux":
        c_library.prctl(_PR_SET_PDEATHSIG, farewell, 0, 0, 0)  # after setuid, which clears it
        if os.getppid() != parent:  # it died before we could ask
            sys.exit(1)
    os.umask(0o077)
    os.execvp(program[0], program)  # noqa: S606 - replacing ourselves is the purpose


if __name__ == "__main__":
    _become(sys.argv[1:])
