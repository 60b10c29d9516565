"""What is no fault but departs from the law's own numbers: a warning with file, line and what to do."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from config.county import check_county, county_warnings
from config.settings import EXAMPLE_COUNTY
from office.cli import app


@dataclass(frozen=True)
class Departure:
    """One thing changed in the example county's steps, and what the check must say; "" for nothing at all."""

    what: str
    change: str
    to: str
    says: str


CASES = [Departure(**case) for case in YAML(typ="safe").load(Path(__file__).parent / "departures.yaml")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example county."""
    return Path(shutil.copytree(EXAMPLE_COUNTY, tmp_path / "county"))


def depart(folder: Path, case: Departure) -> int:
    """Make the change, which must be possible; gives its line."""
    path = folder / "steps.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(case.change) == 1, case.what
    path.write_text(text.replace(case.change, case.to), encoding="utf-8")
    return text.split(case.change)[0].count("\n") + case.change.split("limit:")[0].count("\n") + 1


def test_the_example_county_departs_from_no_verified_number() -> None:
    """What is delivered is clean."""
    assert county_warnings(EXAMPLE_COUNTY) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_each_departure_is_a_warning_and_no_fault(folder: Path, case: Departure) -> None:
    """The county can be loaded; the administrator is sent to the very line."""
    line = depart(folder, case)
    assert check_county(folder) == []
    warnings = county_warnings(folder)
    assert len(warnings) == (1 if case.says else 0), "\n".join(map(str, warnings))
    for warning in warnings:
        assert (warning.file, warning.line) == (folder / "steps.yaml", line)
        assert case.says in warning.reason


def test_the_command_reminds_and_succeeds_when_there_are_only_warnings(folder: Path) -> None:
    """`jieli check`: 提醒 on stderr, exit code 0; with a fault too, both are told and the exit code is 1."""
    line = depart(folder, CASES[0])
    shown = CliRunner().invoke(app, ["check", "--county", str(folder)])
    assert shown.exit_code == 0, shown.output
    assert f"提醒：{folder / 'steps.yaml'}:{line}: " in shown.stderr
    assert "没有错误" in shown.stdout
    told = json.loads(CliRunner().invoke(app, ["check", "--county", str(folder), "--json"]).stdout)
    assert told["faults"] == []
    assert [(one["file"], one["line"]) for one in told["warnings"]] == [(str(folder / "steps.yaml"), line)]
    (folder / "county.yaml").write_text("name: 安和县\n", encoding="utf-8")
    broken = CliRunner().invoke(app, ["check", "--county", str(folder)])
    assert broken.exit_code == 1
    assert "提醒：" in broken.stderr
    assert "county.yaml" in broken.stderr
