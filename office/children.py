"""The processes `jieli up` starts: started, watched and stopped by number, never by name."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from office import leash
from office.data_folder import StartFault, bound_log, last_lines, log_path, open_log

SILENT_START = 8.0  # seconds a part without a ready check must live to count as started


@dataclass(frozen=True)
class Part:
    """One child process.

    `label` is what people read. `ready` says that it does its work; None: it says so itself (`leash.announce_ready`),
    or has lived for `SILENT_START` seconds. `needs` names what must be ready first. `patience` and `stop_after` are
    the seconds until a start is given up, and between asking to stop and killing.
    """

    name: str
    label: str
    argv: tuple[str, ...]
    ready: Callable[[], bool] | None = None
    needs: tuple[str, ...] = ()
    environment: str = "jieli"
    patience: float = 120.0
    stop_after: float = 10.0


@dataclass
class _Child:
    part: Part
    popen: subprocess.Popen[bytes]
    started: float
    ready_file: Path


class Children:
    """The running parts of one data folder, in the order they were started."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._record = data_dir / "parts.json"
        self._children: dict[str, _Child] = {}

    def end_leftovers(self) -> list[str]:
        """End the parts of an earlier start that was killed and whose children still wind down; return their names.

        A part is known by number and moment of birth, so that a number used anew is left alone. Call only with the
        data folder's lock.
        """
        try:
            recorded = json.loads(self._record.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        living = dict(self._living(recorded))
        for found in living.values():
            with suppress(psutil.NoSuchProcess):
                found.terminate()
        _, stubborn = psutil.wait_procs(living.values(), timeout=10)
        for found in stubborn:
            with suppress(psutil.NoSuchProcess):
                found.kill()
        psutil.wait_procs(stubborn, timeout=10)
        self._record.unlink()
        return list(living)

    def start(self, part: Part, environment: Mapping[str, str]) -> None:
        """Start one part; it need not be ready yet."""
        folder = self._data_dir / "work"
        folder.mkdir(mode=0o700, exist_ok=True)
        ready_file = folder / f"{part.name}.ready"
        ready_file.unlink(missing_ok=True)
        with open_log(self._data_dir, part.name) as log:
            popen = leash.spawn(
                part.argv,
                output=log,
                environment=dict(environment) | {leash.READY_FILE: str(ready_file), "PYTHONUNBUFFERED": "1"},
                folder=folder,  # ours and empty: no `.env` or `prefect.toml` of somebody else's is read from it
            )
        self._children[part.name] = _Child(part, popen, time.monotonic(), ready_file)
        self._write_record()

    def is_ready(self, name: str) -> bool:
        """Whether the part does its work.

        Raises:
            StartFault: it has ended, or its patience is over; the sentence carries its last lines.
        """
        child = self._children[name]
        lived = time.monotonic() - child.started
        if child.popen.poll() is not None:
            raise StartFault(self.obituary(name))
        if lived > child.part.patience:
            raise StartFault(
                f"{child.part.label}在 {child.part.patience:.0f} 秒内未能就绪。 ({name} did not become ready in time.)"
                + self._last_words(name)
            )
        if child.part.ready is not None:
            return child.part.ready()
        return child.ready_file.exists() or lived > SILENT_START

    def dead(self) -> str | None:
        """The name of a part that has ended by itself, or None."""
        return next((name for name, child in self._children.items() if child.popen.poll() is not None), None)

    def obituary(self, name: str) -> str:
        """What to tell people about a part that has ended: its label, how it ended, its last log lines."""
        child = self._children[name]
        code = child.popen.returncode
        how = f"信号 {-code}" if code < 0 else f"代码 {code}"
        return f"{child.part.label}已退出（{how}）。 ({name} has ended.)" + self._last_words(name)

    def part(self, name: str) -> Part:
        """The part of that name; KeyError if it was not started."""
        return self._children[name].part

    @property
    def names(self) -> list[str]:
        """The parts started, in that order."""
        return list(self._children)

    @property
    def pids(self) -> dict[str, int]:
        """Process numbers of the parts that run."""
        return {name: child.popen.pid for name, child in self._children.items() if child.popen.poll() is None}

    def kill(self, name: str) -> None:
        """`kill -9`, as a crash would: nothing can be cleaned up by the part itself."""
        child = self._children[name]
        child.popen.kill()
        child.popen.wait(10)

    def stop(self, name: str) -> None:
        """Ask the part to stop, kill it if it does not, and forget it."""
        child = self._children.pop(name)
        if child.popen.poll() is None:
            child.popen.terminate()
            try:
                child.popen.wait(child.part.stop_after)
            except subprocess.TimeoutExpired:
                child.popen.kill()
                child.popen.wait(10)
        child.ready_file.unlink(missing_ok=True)
        self._write_record()

    def bound_logs(self) -> None:
        """Keep every log within its limit."""
        for path in (self._data_dir / "logs").glob("*.log"):
            bound_log(path)

    def _last_words(self, name: str) -> str:
        path = log_path(self._data_dir, name)
        return "".join(f"\n  | {line}" for line in last_lines(path)) + f"\n  日志：{path}"

    def _write_record(self) -> None:
        entries = []
        for child in self._children.values():
            with suppress(psutil.NoSuchProcess):
                born = psutil.Process(child.popen.pid).create_time()
                entries.append({"name": child.part.name, "pid": child.popen.pid, "born": born})
        if not entries:
            self._record.unlink(missing_ok=True)
            return
        draft = self._record.with_suffix(".draft")
        draft.write_text(json.dumps(entries))
        draft.replace(self._record)

    @staticmethod
    def _living(recorded: list[dict[str, object]]) -> Iterator[tuple[str, psutil.Process]]:
        for entry in recorded:
            with suppress(psutil.NoSuchProcess, KeyError, ValueError, TypeError):
                found = psutil.Process(int(str(entry["pid"])))
                if abs(found.create_time() - float(str(entry["born"]))) < 0.5:
                    yield str(entry["name"]), found
