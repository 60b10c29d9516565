"""Do the READMEs still tell the truth? Settings, commands, steps, paths and rows of the law are compared with the code."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import typer.main

from config.settings import Settings
from office.cli import app
from office.proceedings import ENTRYPOINTS
from rules.steps import STEPS
from rules.vocabulary import Mechanism

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
PAGES = [*(ROOT / name for name in (*READMES, "CHANGELOG.md")), *sorted((ROOT / "docs").rglob("*.md"))]
ROWS = (
    [f"A{n}" for n in range(1, 12)]
    + [f"B{n}" for n in range(1, 12)]
    + [f"B4{letter}" for letter in "abcdefghijklm"]
    + [*(f"C{n}" for n in range(1, 9)), "C2b"]
    + [*(f"D{n}" for n in range(1, 17)), "D4a"]
)
"""The rows of the four mechanisms, as the steps' codes name them."""


def words(name: str) -> str:
    """A page's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def first_cells(text: str) -> set[str]:
    """What stands in code in the first column of any table."""
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.M))


@pytest.mark.parametrize("name", READMES)
def test_every_setting_is_explained_and_no_other(name: str) -> None:
    """An administrator finds every variable, and none that does nothing."""
    known = {f"JIELI_{field.upper()}" for field in Settings.model_fields}
    assert {cell for cell in first_cells(words(name)) if cell.startswith("JIELI_")} == known
    assert set(re.findall(r"JIELI_[A-Z_]*[A-Z]", words(name))) <= known


@pytest.mark.parametrize("name", READMES)
def test_the_defaults_shown_are_the_defaults(name: str) -> None:
    """A number or address in the settings table is the one the code uses."""
    rows = dict(re.findall(r"^\| `JIELI_([A-Z_]+)` \| ([^|]+) \|", words(name), re.M))
    for field, described in Settings.model_fields.items():
        if isinstance(described.default, int | float) and not isinstance(described.default, bool):
            assert float(rows[field.upper()]) == described.default, field
    assert rows["HOST"] == Settings.model_fields["host"].default
    assert rows["MAIL_FROM"] == Settings.model_fields["mail_from"].default


@pytest.mark.parametrize("name", READMES)
def test_every_command_is_explained_with_its_own_options(name: str) -> None:
    """The table of commands holds each command once, none that is gone, and no option a command does not have."""
    registered = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    rows = {cell.split()[1]: cell for cell in re.findall(r"^\| `(jieli [^`]+)` \|", words(name), re.M)}
    assert set(rows) == set(registered)
    for command, cell in rows.items():
        options = {option for parameter in registered[command].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", cell)) <= options, command


@pytest.mark.parametrize("name", READMES)
def test_every_mechanism_has_its_file_and_its_number_of_steps(name: str) -> None:
    """The counts are those of `rules/steps/`."""
    counted = Counter(step.mechanism for step in STEPS.values())
    rows = re.findall(r"^\| ([^|]+?) \| `((?:flows|office)/\w+\.py)` \| (\d+) \| ([^|]+) \|$", words(name), re.M)
    found = {label.split()[0].split("（")[0]: (path, int(number), shown) for label, path, number, shown in rows}
    labels = {step.label for step in STEPS.values()}
    for mechanism in Mechanism:
        path, number, _ = found.pop(mechanism.label)
        assert path == f"{ENTRYPOINTS[mechanism.value][0].replace('.', '/')}.py"
        assert number == counted[mechanism], mechanism
    assert [number for _, number, _ in found.values()] == [counted[None]]
    assert {step for *_, shown in rows for step in re.split("[,、] ?", shown)} <= labels
    assert re.search(rf"\b{len(STEPS)}\b", words(name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_is_named_exists(page: Path) -> None:
    """No page leads nowhere: links, and names of files and folders of the repository."""
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    tops = "flows|tasks|office|config|rules|templates|tests|docs"
    for named in re.findall(rf"`((?:{tops})/[^`<> ]*)`", text):
        assert (ROOT / named.partition("::")[0]).exists(), named


@pytest.mark.parametrize("name", READMES)
def test_the_two_first_commands_open_the_page(name: str) -> None:
    """Whoever opens the page sees at once what to type, and the Makefile has it."""
    opening = words(name).split("##", 1)[0]
    targets = set(re.findall(r"^([a-z]+):", words("Makefile"), re.M))
    assert re.search(r"^make demo .*\nmake test ", opening, re.M)
    assert set(re.findall(r"^make ([a-z]+)", words(name), re.M)) <= targets


def test_every_row_of_the_law_is_a_step_or_is_said_to_be_missing() -> None:
    """Nothing of the four mechanisms is left out in silence."""
    codes = {step.code for step in STEPS.values()}
    listed = set(re.findall(r"\b[A-D]\d+[a-m]?\b", words("docs/decisions/0011-rows-of-the-law-that-are-not-steps.md")))
    assert [row for row in ROWS if row not in codes | listed] == []


def test_every_decision_is_listed_and_has_its_three_parts() -> None:
    """Context, decision, consequences; numbered without a gap, and found from the list."""
    listing = words("docs/decisions/README.md")
    for number, page in enumerate(DECISIONS, start=1):
        text = page.read_text(encoding="utf-8")
        assert page.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, re.M) == ["Context", "Decision", "Consequences"]
        assert f"{number}. [{text.splitlines()[0].removeprefix(f'# {number}. ')}]({page.name})" in listing


def test_the_newest_version_is_in_the_changelog() -> None:
    """The changelog knows the version that is installed."""
    version = re.search(r'^version = "([^"]+)"', words("pyproject.toml"), re.M)
    assert version is not None
    assert re.search(rf"^## \[{re.escape(version.group(1))}\] - \d{{4}}-\d\d-\d\d$", words("CHANGELOG.md"), re.M)
