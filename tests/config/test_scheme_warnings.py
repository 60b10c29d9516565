"""Where a county's schemes depart from the law's own numbers: told with file, line and what to do."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from config.county import check_county, county_warnings
from config.settings import EXAMPLE_COUNTY


@dataclass(frozen=True)
class Departure:
    """One thing changed in the example county's entitlements. `beside`: what is said stands near, not on the line."""

    what: str
    change: str
    to: str
    says: str
    fault: bool = False
    beside: bool = False
    also: str = ""


CASES = [Departure(**case) for case in YAML(typ="safe").load(Path(__file__).with_name("departures_of_schemes.yaml"))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_each_departure_is_told_at_its_line(tmp_path: Path, case: Departure) -> None:
    """A longer number is a warning, and the county can be loaded; a publication the law forbids is a fault."""
    folder = Path(shutil.copytree(EXAMPLE_COUNTY, tmp_path / "county"))
    path = folder / "entitlements.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(case.change) == 1, case.what
    path.write_text(text.replace(case.change, case.to), encoding="utf-8")
    line = text.split(case.change)[0].count("\n") + 1
    faults, warnings = check_county(folder), county_warnings(folder)
    if case.fault:
        told = [fault for fault in faults if case.says in fault.reason]
        assert told, faults
    else:
        assert faults == []
        told = warnings
        expected = [says for says in (case.says, case.also) if says]
        assert len(told) == len(expected), told
        assert all(any(says in fault.reason for fault in told) for says in expected)
    for fault in told:
        assert fault.file == path
        assert abs(fault.line - line) <= (12 if case.beside else 1 if case.fault else 0), (fault, line)
