"""`jieli demo` keeps its contract with whoever scripts against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

from office.demo import MUST_HAPPEN
from rules.steps import STEPS
from rules.vocabulary import Happening, Level, Mechanism
from tests.acceptance.stack import JIELI, environment_with_free_ports

PATIENCE = 300
"""Machine seconds for the whole demonstration on a busy machine; it takes about a hundred."""


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    """What the command printed; it exited with 0."""
    finished = subprocess.run(
        [sys.executable, "-c", JIELI, "demo", "--fast", "--json"],
        env=os.environ | environment_with_free_ports(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_the_demonstration_says_at_last_that_it_succeeded(told: list[dict[str, Any]]) -> None:
    """The last line, and only the last, is `demo_finished`, with `ok` true and the seconds it took."""
    assert told[-1]["event"] == "demo_finished"
    assert told[-1]["ok"] is True
    assert 0 < told[-1]["seconds"] < PATIENCE
    assert "demo_finished" not in {line["event"] for line in told[:-1]}


def test_every_line_names_event_case_mechanism_step_office_level_and_instant(told: list[dict[str, Any]]) -> None:
    """Every line is an object with the keys of the contract, its words from the closed lists."""
    cases = {line["case"] for line in told[:-1]}
    assert len(cases) == 1
    for line in told[:-1]:
        assert {"event", "case", "mechanism", "step", "office", "level", "at"} <= set(line)
        assert line["event"] in set(Happening)
        assert line["mechanism"] is None or line["mechanism"] in set(Mechanism)
        assert line["step"] == "" or line["step"] in STEPS
        assert line["level"] == "" or line["level"] in set(Level)
        assert datetime.fromisoformat(line["at"]).utcoffset() == timedelta(hours=8)


def test_everything_promised_happened(told: list[dict[str, Any]]) -> None:
    """Each event of the promise is among the lines; the case is opened first and closed once."""
    for event, step, level in MUST_HAPPEN:
        assert any(
            line["event"] == event and step in ("", line["step"]) and level in ("", line["level"]) for line in told[:-1]
        ), (event, step, level)
    events = [line["event"] for line in told]
    assert events[0] == "report_filed"
    assert events.count("case_opened") == events.count("case_closed") == 1
    assert "ceiling_reached" not in events, "the story is no storm"
    assert {line["mechanism"] for line in told if line["event"] == "proceeding_closed"} == set(Mechanism)
