"""Does `docs/field-reports.md` still tell the truth? Every test that it names is there, and every report is accounted for."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "field-reports.md"
ROWS = re.findall(r"^\| F(\d+) \| (.+?) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
PARTS = (range(1, 133), range(154, 193))
"""The numbers of the parts that the page is about; the others are confidentiality and children."""


@cache
def checks_of(path: Path) -> dict[str, str]:
    """The tests of a file with their docstrings, without running it."""
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )
    return {function.name: ast.get_docstring(function) or "" for function in functions}


def named(cell: str) -> list[tuple[str, str]]:
    """File and test of each name in a cell."""
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cell)


@pytest.mark.parametrize(("number", "cell"), [(number, cell) for number, _, cell in ROWS], ids=[row[0] for row in ROWS])
def test_every_report_has_its_test_or_says_why_not(number: str, cell: str) -> None:
    """A test that was renamed or taken away is missed here, and no row is left without an answer."""
    missing = [name for file, name in named(cell) if not (ROOT / file).exists() or name not in checks_of(ROOT / file)]
    assert missing == [], f"F{number}"
    assert named(cell) or "Cannot happen: " in cell or "**open**: " in cell, f"F{number}"
    assert len(named(cell)) == cell.count("::"), f"F{number} names something in another form"


def test_reports_are_listed_once_and_in_order() -> None:
    """Whoever looks for a number finds it."""
    numbers = [int(number) for number, *_ in ROWS]
    assert numbers == sorted(set(numbers))
    assert all(any(number in part for part in PARTS) for number in numbers)


def test_every_report_that_a_test_claims_to_hold_is_on_the_page() -> None:
    """The docstrings and the page speak of the same reports."""
    listed = {int(number) for number, *_ in ROWS}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, docstring in checks_of(path).items():
            claimed = {int(number) for number in re.findall(r"\bF(\d{1,3})\b", docstring)}
            unknown = {number for number in claimed if any(number in part for part in PARTS)} - listed
            assert unknown == set(), f"{path.name}::{name}"
