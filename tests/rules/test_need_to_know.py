"""Who may read what a case is about, and who may know the reporter: a table that a jurist can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from rules.need_to_know import may_know_reporter, may_read_particulars
from rules.steps import STEPS
from rules.vocabulary import Mechanism, Office

TABLE: list[dict[str, Any]] = YAML(typ="safe").load(
    (Path(__file__).parent / "need_to_know.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row["step"]))
def test_a_step_reads_what_the_table_gives_it(row: dict[str, Any]) -> None:
    """Each row says why."""
    asked = STEPS[row["step"]]
    assert (may_read_particulars(asked), may_know_reporter(asked)) == (row["particulars"], row["reporter"])
    assert row["why"].endswith("。")


def test_every_other_step_reads_the_particulars_and_never_the_reporter() -> None:
    """What is not in the table is the rule."""
    listed = {row["step"] for row in TABLE}
    others = [asked for key, asked in STEPS.items() if key not in listed]
    assert len(others) > 50
    assert all(may_read_particulars(asked) and not may_know_reporter(asked) for asked in others)


def test_only_the_police_of_the_mandatory_report_know_the_reporter() -> None:
    """The two feedbacks, of one mechanism, of one office; and they read the particulars too."""
    knowing = [asked for asked in STEPS.values() if may_know_reporter(asked)]
    assert [asked.code for asked in knowing] == ["A8", "A8"]
    for asked in knowing:
        assert (asked.mechanism, asked.office) == (Mechanism.MANDATORY_REPORT, Office.PUBLIC_SECURITY)
        assert may_read_particulars(asked)
