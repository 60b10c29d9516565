"""people · away · back · bar · unbar · bars, for people and for programs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.county import County
from config.settings import Settings
from office.cli import app
from office.cli.output import Fault
from office.cli.people import read_moment
from tests.conftest import FixedClock
from tests.story import Story

Run = Any


@pytest.fixture
def run(records_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the test's records; gives its JSON, or the fault."""
    monkeypatch.setenv("JIELI_DATABASE_URL", records_url)
    monkeypatch.setenv("JIELI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JIELI_DEMO", "true")

    def command(*words: str, as_json: bool = True) -> Any:
        outcome = CliRunner().invoke(app, [*words, *(["--json"] if as_json else [])])
        if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
            return outcome.exception
        assert outcome.exit_code == 0, outcome.output
        return json.loads(outcome.output) if as_json else outcome.output

    return command


@pytest.fixture
def case(records_url: str, county: County, clock: FixedClock, installation: Settings) -> str:
    """A case with one step at the police."""

    async def filed() -> str:
        story = Story(records_url, county, clock, installation)
        try:
            await story.report()
            return story.case
        finally:
            await story.database.close()

    return asyncio.run(filed())


def test_people_lists_every_office_with_its_people_and_how_they_stand(run: Run) -> None:
    """For programs: office, key, post, states, absences, and who acts now."""
    listed = run("people")
    police = next(one for one in listed if one["office"] == "public_security")
    assert police["acting"] == ["ps_zhou", "ps_xia"]
    assert {row["key"]: row["states"] for row in police["officers"]}["ps_lei"] == ["not_asked"]
    assert "周立言" in run("people", "--office", "public_security", as_json=False)
    assert isinstance(run("people", "--office", "nowhere"), Fault)


def test_away_and_back(run: Run) -> None:
    """The last day counts; a fault is one sentence."""
    period = ("--from", "2096-05-01", "--to", "2096-05-07")
    told = run("away", "ps_zhou", *period, "--stand-in", "ps_xia")
    assert told == {
        "officer": "ps_zhou", "stand_in": "ps_xia", "from": "2096-05-01T00:00:00+08:00",
        "to": "2096-05-08T00:00:00+08:00", "set_by": "coordinator",
    }  # fmt: skip
    again = run("away", "ps_zhou", *period, "--stand-in", "ps_lei")
    assert "重叠" in str(again)
    police = run("people", "--office", "public_security")[0]
    (absence,) = next(row for row in police["officers"] if row["key"] == "ps_zhou")["absences"]
    assert absence["stand_in"] == "ps_xia"
    assert run("back", "ps_zhou") == {"officer": "ps_zhou", "ended": 1}
    assert "没有登记离岗" in str(run("back", "ps_zhou"))


def test_an_end_and_a_stand_in_are_required() -> None:
    """Wrong usage is exit code 2."""
    for words in (["--from", "2096-05-01", "--stand-in", "ps_xia"], ["--from", "2096-05-01", "--to", "2096-05-07"]):
        assert CliRunner().invoke(app, ["away", "ps_zhou", *words]).exit_code == 2


@pytest.mark.parametrize("written", ["2096-13-01", "明天", ""])
def test_a_day_that_is_none_is_told(written: str) -> None:
    """One sentence with an example."""
    with pytest.raises(Fault, match="应写作 2026-05-01"):
        read_moment(written)


def test_bar_and_unbar(run: Run, case: str) -> None:
    """What went to others, what nobody is left for, and the way back."""
    told = run("bar", case, "ps_zhou", "--because", "relative")
    assert (told["who"], told["reason"], told["again"]) == ("ps_zhou", "relative", False)
    assert run("bar", case, "ps_zhou", "--because", "other")["again"] is True
    for key in ("ps_xia", "ps_zhiban"):
        run("bar", case, key, "--because", "other")
    last = run("bar", case, "ps_lei", "--because", "alleged_perpetrator")
    assert last["recused"] == ["police_accept"]
    listed = run("bars", case)
    assert [one["who"] for one in listed] == ["ps_zhou", "ps_xia", "ps_zhiban", "ps_lei"]
    assert (listed[0]["name"], listed[0]["reason"]) == ("周立言", "relative")
    assert "周立言：当事人的近亲属" in run("bars", case, as_json=False)
    assert run("unbar", case, "ps_zhou") == {"case": case, "who": "ps_zhou", "lifted": True}
    assert "没有登记回避" in str(run("unbar", case, "ps_zhou"))
    assert "没有案号" in str(run("bar", "AH-2026-9999", "ps_zhou", "--because", "other"))
