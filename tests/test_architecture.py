"""Does it still hang together? What import-linter cannot say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from config.county import County
from office.letter_kinds import LetterKind
from office.locks import AdvisoryLock
from office.portal.forms import fields_of
from office.proceedings import ENTRYPOINTS, load_flow
from rules import steps
from rules.steps import FIRST_MEASURES, STEPS
from rules.vocabulary import Mechanism

ROOT = Path(__file__).parent.parent
PACKAGES = ("flows", "tasks", "office", "config", "rules")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

DOORS = {
    "prefect.client.orchestration": {"office/proceedings.py", "office/engine_client.py"},
    "sqlalchemy": {"office"},
    "jinja2": {"office/letters.py", "office/sheets.py", "office/portal"},
    "fastapi": {"office/portal"},
    "docx": {"office/bulletin/layout.py"},
    "openpyxl": {"office/bulletin/workbook.py", "office/survey_file.py"},
    "dbos": {"office/bench/beside_dbos.py"},
    "icalendar": {"office/calendar_file.py"},
    "imapclient": {"office/returned"},
    "prometheus_client": {"office/watchdog/metrics.py"},
    "ruamel": {"config"},
    "segno": {"office/posters.py"},
    "smtplib": set(),
}
"""Who may import what: one door for each library."""


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_its_door(library: str) -> None:
    """A library is imported behind its door and nowhere else."""
    through = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if any(name == library or name.startswith(f"{library}.") for name in imports(path))
    }
    strangers = {name for name in through if not any(name.startswith(door) for door in DOORS[library])}
    if library == "prefect.client.orchestration":
        strangers -= {name for name in through if name.startswith("office/bench")}
    assert strangers == set()


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_each_mechanism_is_a_flow_of_at_most_sixty_lines(mechanism: Mechanism) -> None:
    """An officer can follow a mechanism: its function fits a screen and a half, without loops, tries or dates."""
    assert load_flow(mechanism.value).name == mechanism.label
    tree = ast.parse((ROOT / "flows" / f"{mechanism.value}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.For | ast.While | ast.Try), f"{mechanism.value}:{node.lineno}"
        if isinstance(node, ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 60, node.name


def test_every_deployment_has_its_flow() -> None:
    """The module paths stored on the deployments lead to flows that keep nothing and are never tried again by Prefect."""
    for key in ENTRYPOINTS:
        flow = load_flow(key)
        assert not flow.retries
        assert flow.persist_result is False


@pytest.mark.parametrize("key", sorted(STEPS))
def test_every_step_has_limit_office_and_form(key: str, county: County) -> None:
    """One name ties a step together: the constant, the county's limits, the office, the form."""
    asked = STEPS[key]
    assert county.steps[key]
    assert any(office.kind is asked.office for office in county.offices.values())
    assert fields_of(asked.answer)
    assert asked.label
    assert asked.instruction.endswith(("。", "！"))


def test_every_step_of_a_mechanism_is_asked_by_its_flow() -> None:
    """A step that no flow asks is dead law."""
    text = "".join(
        p.read_text(encoding="utf-8") for p in [*(ROOT / "flows").glob("*.py"), *(ROOT / "tasks").glob("*.py")]
    )
    constants = {
        name: value.key for name, value in vars(steps).items() if isinstance(value, steps.Step) and value.mechanism
    }
    first = {measure.key for measure in FIRST_MEASURES.values()}
    unasked = {key for name, key in constants.items() if not re.search(rf"\b{name}\b", text)} - first
    assert len(constants) >= 60
    assert unasked == set()


@pytest.mark.parametrize("kind", list(LetterKind))
def test_every_letter_is_three_small_files(kind: LetterKind) -> None:
    """subject.txt, body.txt, body.html."""
    folder = ROOT / "templates" / "letters" / kind.value
    assert {path.name for path in folder.iterdir()} == {"subject.txt", "body.txt", "body.html"}


def test_files_can_be_held_in_mind() -> None:
    """Past about 400 lines a file wants a part with its own name."""
    long = {
        str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 430
    }
    assert {name for name in long if "/migrations/" not in name} == set()


def test_every_advisory_lock_has_its_own_number_in_one_place() -> None:
    """Two that shared a number waited for each other: nobody could register an absence while returned mail was read."""
    taking = {path for path in SOURCES if "pg_advisory" in path.read_text(encoding="utf-8")}
    assert len(taking) > 3
    numbered = re.compile(r"= 46_20|_lock\(\d|\"key\": \d|alone\(bureau, \d", re.M)
    for path in SOURCES:
        assert path.name == "locks.py" or not numbered.search(path.read_text(encoding="utf-8")), path
    assert len({lock.value for lock in AdvisoryLock}) == len(AdvisoryLock.__members__)


def test_the_repository_names_no_registry_and_no_machine() -> None:
    """No address of a package registry, no home folder, nothing unfinished."""
    words = re.compile(r"/root/|/home/[a-z]|simple/|files\.python|TODO|FIXME|import smtplib")  # the words looked for
    for path in SOURCES:
        assert not words.search(path.read_text(encoding="utf-8")), path
