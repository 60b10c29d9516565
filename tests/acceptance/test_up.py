"""`jieli up` as an administrator meets it: Ctrl-C, a second start, a part that dies."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from office.catcher import CaughtLetter, read_letters
from office.demo import Forms
from office.embedded import EmbeddedPostgres
from tests.acceptance.stack import JIELI, SHORT_STORY, Opened, environment_with_free_ports, wait_until

ROOT = Path(__file__).parent.parent.parent
STOP_SECONDS = 20.0
"""Fifteen, and some grace for a busy machine."""


class Up:
    """One `jieli up` on a data folder."""

    def __init__(self, folder: Path, environment: dict[str, str], output: Path) -> None:
        self.data_dir = folder / "demo"
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", JIELI, "up", "--demo", "--scale", "2"],
                env=os.environ | environment | {"JIELI_DATA_DIR": str(folder)},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.portal = httpx.Client(
            base_url=f"http://127.0.0.1:{environment['JIELI_PORTAL_PORT']}", timeout=30, trust_env=False
        )
        wait_until("everything is ready", lambda: "全部就绪" in self.said or self.process.poll() is not None, 240)
        assert self.process.poll() is None, self.said

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self.output.read_text(encoding="utf-8")

    def part(self, name: str) -> int | None:
        """The number of a part's process."""
        with suppress(FileNotFoundError, json.JSONDecodeError):
            return next(
                (e["pid"] for e in json.loads((self.data_dir / "parts.json").read_text()) if e["name"] == name), None
            )
        return None

    def processes(self) -> list[psutil.Process]:
        """It, and everything it has started."""
        itself = psutil.Process(self.process.pid)
        return [itself, *itself.children(recursive=True)]

    def letters(self, label: str) -> list[CaughtLetter]:
        """Caught letters whose subject names the step."""
        return [one for one in read_letters(self.data_dir) if label in one.subject and one.links]

    def interrupt(self) -> float:
        """Ctrl-C; gives how long it took to end. Fails the test when anything is left."""
        running = self.processes()
        assert len(running) > 6
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0
        took = time.monotonic() - began
        _, left = psutil.wait_procs(running[1:], timeout=2)
        assert left == []
        self.portal.close()
        return took


@contextmanager
def started(folder: Path, environment: dict[str, str], output: Path) -> Iterator[Up]:
    """It ends with the block, whatever the test finds."""
    up = Up(folder, environment, output)
    try:
        yield up
    finally:
        up.portal.close()
        if up.process.poll() is None:
            up.process.terminate()
            up.process.wait(60)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder of this test's own, with the database that belongs to it."""
    with tempfile.TemporaryDirectory(prefix="jieli-acceptance-up-") as made:
        place = Path(made) / "data"
        try:
            yield place
        finally:
            EmbeddedPostgres(place / "demo").destroy()


def release(folder: Path) -> Path:
    """The program as a release of its own, which a test may change."""
    for package in ("flows", "tasks", "rules", "config", "office", "templates"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def change(release: Path) -> None:
    """What the next release brings: the task that puts a step to an office, the flow, and the letter are written anew."""
    for file, was, becomes in (
        ("tasks/asking.py", "    await port.ask(", "    # Written anew.\n    await port.ask("),
        (
            "flows/mandatory_report.py",
            "async def mandatory_report(",
            "async def mandatory_report(  # written anew\n    ",
        ),
        ("templates/letters/asked/body.txt", "{% block detail %}", "{% block detail %}\n本信按新版发出。"),
    ):
        text = (release / file).read_text(encoding="utf-8")
        assert text.count(was) == 1, file
        (release / file).write_text(text.replace(was, becomes), encoding="utf-8")


def test_an_open_case_goes_on_after_a_stop_and_a_start_of_the_next_release(folder: Path, tmp_path: Path) -> None:
    """A case is reported; a part dies, is named and started anew; Ctrl-C stops everything; the next release, whose task,
    flow and letter are others, carries the case on and repeats nothing."""
    program = release(tmp_path / "release")
    environment = environment_with_free_ports() | {"PYTHONPATH": str(program)}
    with started(folder, environment, tmp_path / "first.txt") as up:
        _report(up)
        wait_until("the police are asked", lambda: up.letters("接受报案"), 60)

        catcher = up.part("catcher")
        assert catcher is not None
        os.kill(catcher, signal.SIGKILL)
        wait_until(
            "the dead part is named", lambda: "收信箱已退出" in up.said and "(catcher has ended.)" in up.said, 20
        )
        wait_until("it runs again", lambda: up.part("catcher") not in (None, catcher), 30)

        asked = {one.message_id for one in up.letters("接受报案")}
        assert up.interrupt() < STOP_SECONDS
        assert not (up.data_dir / "environment.json").exists()

    change(program)
    with started(folder, environment, tmp_path / "second.txt") as up:
        letter = up.letters("接受报案")[0]
        opened = Opened(letter, Forms(up.portal.get(httpx.URL(letter.links[0]).path).text))
        fields = {"typed_name": opened.name, "code": opened.code} | SHORT_STORY["police_accept"]
        form = opened.form("done")
        assert up.portal.post(form.action, data=form.fields | fields).is_success
        following = wait_until("the next step is asked", lambda: up.letters("受理分流"), 60)
        assert "本信按新版发出。" in following[0].text
        assert {one.message_id for one in up.letters("接受报案") if "交办】" in one.subject} == asked
        assert len({one.message_id for one in up.letters("接受报案")}) == len(up.letters("接受报案"))
        assert up.interrupt() < STOP_SECONDS
    assert re.findall(r"已退出", (tmp_path / "second.txt").read_text(encoding="utf-8")) == []


def _report(up: Up) -> None:
    page = up.portal.get("/report").text
    form = Forms(page).ending("/report")
    place = re.search(r'<option value="([a-z_]+/[a-z_]+)"', page)
    assert form is not None
    assert place is not None
    fields = {
        "danger_now": "no",
        "reason": "suspected_domestic_violence",
        "reporter_kind": "citizen",
        "narrative": "邻居家传来哭声。",
        "place": place.group(1),
    }
    taken = up.portal.post("/report", data=form.fields | fields)
    assert taken.is_success
    assert "BG-" in taken.text
