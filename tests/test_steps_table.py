"""`jieli steps` and the county's YAML say the same, so that neither can drift."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from config.settings import EXAMPLE_COUNTY
from office.cli import app
from office.timekeeping import COUNTY_ZONE
from rules.ladder import Clock
from rules.steps import STEPS


@pytest.fixture(scope="module")
def printed() -> list[dict[str, Any]]:
    """What the command prints, read back."""
    shown = CliRunner().invoke(app, ["steps", "--json", "--county", str(EXAMPLE_COUNTY)])
    assert shown.exit_code == 0, shown.output
    rows: list[dict[str, Any]] = json.loads(shown.stdout)
    return rows


def _yaml(name: str) -> Any:
    return YAML(typ="safe").load(EXAMPLE_COUNTY / name)


def _in_force(versions: list[dict[str, Any]], on: date) -> dict[str, Any]:
    return [version for version in versions if version["effective_from"] <= on][-1]


def test_every_step_is_printed_once_in_the_order_of_the_document(printed: list[dict[str, Any]]) -> None:
    """No step is missing, in the code, in the YAML or on the screen."""
    keys = [row["key"] for row in printed]
    assert keys == list(STEPS)
    assert set(keys) == set(_yaml("steps.yaml"))


def test_limit_unit_provenance_basis_and_ladder_are_the_yaml_s_own(printed: list[dict[str, Any]]) -> None:
    """Both clocks of every step, compared with the file as it is written and not as it was loaded."""
    written, defaults = _yaml("steps.yaml"), _yaml("ladders.yaml")["defaults"]
    today = datetime.now(COUNTY_ZONE).date()
    for row in printed:
        step, version = STEPS[row["key"]], _in_force(written[row["key"]], today)
        assert row["effective_from"] == version["effective_from"].isoformat()
        assert (row["label"], row["code"], row["office"]) == (step.label, step.code, step.office.value)
        for clock in Clock:
            terms, shown = version[clock.value], row[clock.value]
            ladder = version.get("ladders", {}).get(clock.value, defaults[step.urgency.value][clock.value])
            assert (shown["limit"], shown["unit"]) == (terms["limit"], terms["limit"].split()[1]), row["key"]
            assert (shown["provenance"], shown["basis"]) == (terms["provenance"], terms["basis"]), row["key"]
            assert (shown["ladder"], shown["end_rolls"]) == (ladder, terms.get("end_rolls", True)), row["key"]
        answer = row["answer"]
        assert {name: row[name] for name in answer} == answer


def test_the_ladder_that_is_printed_is_the_yaml_s_own(printed: list[dict[str, Any]]) -> None:
    """The levels of every named ladder, in order."""
    ladders = _yaml("ladders.yaml")["ladders"]
    for row in printed:
        for clock in Clock:
            shown = row[clock.value]
            assert shown["levels"] == [rung["level"] for rung in ladders[shown["ladder"]]["rungs"]], row["key"]


def test_a_number_of_the_county_s_own_is_plainly_said_to_be_that(printed: list[dict[str, Any]]) -> None:
    """Whoever reads the table sees which numbers no law gives."""
    for row in printed:
        if row["provenance"] == "no_statutory_number":
            assert row["provenance_label"] == "法规没有规定具体时限，由县里设定"
