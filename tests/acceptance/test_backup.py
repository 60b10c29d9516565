"""The machine is lost; on an empty one everything goes on from last night's backup."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from office.catcher import CaughtLetter
from office.demo import Forms
from office.embedded import EmbeddedPostgres
from tests.acceptance.stack import JIELI, SHORT_STORY, Opened, Stack, wait_until


def jieli(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, on a demonstration's data folder."""
    return subprocess.run(
        [sys.executable, "-c", JIELI, *words],
        env=os.environ | {"JIELI_DATA_DIR": str(folder), "JIELI_DEMO": "true"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass
class After:
    """A new machine, and what is known of the old one: a case with its letter, another filed after the backup."""

    new: Stack
    folder: Path
    case: str
    letter: CaughtLetter
    filed_since: str
    archive: Path
    told: str


@pytest.fixture(scope="module")
def after(stack: Stack) -> Iterator[After]:
    """Backed up while everything runs, restored elsewhere, started."""
    case = stack.report()
    stack.asked(case, "police_accept")
    letter = stack.letter(case, "police_accept")
    stack.at_rest(case)
    with tempfile.TemporaryDirectory(prefix="jieli-restored-") as place:
        kept, folder = Path(place) / "kept", Path(place) / "data"
        backed_up = jieli(stack.settings.data_dir.parent, "backup", str(kept), "--json")
        assert backed_up.returncode == 0, backed_up.stderr
        archive = Path(json.loads(backed_up.stdout)["archive"])
        filed_since = stack.report()
        restored = jieli(folder, "restore", str(archive))
        assert restored.returncode == 0, restored.stderr
        try:
            new = Stack(folder)
            try:
                yield After(new, folder, case, letter, filed_since, archive, restored.stdout)
            finally:
                new.close()
        finally:
            EmbeddedPostgres(folder / "demo").destroy()


def test_letters_of_before_open_and_are_answered_on_the_new_machine(after: After) -> None:
    """The link in the old letter works, its code too; the flow goes on; nothing leaves before a person has said so."""
    path = httpx.URL(after.letter.links[0]).path
    page = after.new.web.get(path)
    assert page.status_code == httpx.codes.OK
    opened = Opened(after.letter, Forms(page.text))
    taken = after.new.send(opened, "done", **SHORT_STORY["police_accept"])
    assert taken.status_code == httpx.codes.OK
    after.new.asked(after.case, "triage")
    after.new.at_rest(after.case)
    # But for the question whether they may leave, which goes past the outbox.
    assert [one for one in after.new.letters() if "信件停发" not in one.subject] == []
    resting = jieli(after.folder, "post")
    assert resting.returncode == 1
    assert "jieli post --release" in resting.stdout
    assert "信件全部停发" in jieli(after.folder, "doctor").stdout
    assert jieli(after.folder, "post", "--release").returncode == 0
    assert after.new.letter(after.case, "triage").links
    after.new.play([after.case])


def test_a_number_given_after_the_backup_is_not_given_again(after: After) -> None:
    """It stands in letters about another child."""
    assert after.case in after.told or "未办结案件" in after.told
    again = after.new.report()
    serial = int(again.rsplit("-", 1)[1])
    assert serial > int(after.filed_since.rsplit("-", 1)[1])
    after.new.asked(again, "police_accept")


def test_a_second_restore_writes_nothing_over(after: After) -> None:
    """Neither beside a running installation nor into its data."""
    refused = jieli(after.folder, "restore", str(after.archive))
    assert refused.returncode == 1
    assert "已由另一个 jieli up 使用" in refused.stderr


def test_what_prefect_shows_comes_back_too(after: After) -> None:
    """The same flow runs, under the same ids, with their histories."""
    wait_until("the run is there", lambda: after.new.run(after.case) is not None, 30)
    run = after.new.run(after.case)
    assert run is not None
    state = after.new.run_state(run)
    assert state is not None
    found = after.new.prefect_rows("SELECT count(*) FROM flow_run_state WHERE flow_run_id = $1", run)
    assert found[0][0] > 2
    assert re.fullmatch(r"\S+", state.name or "")
