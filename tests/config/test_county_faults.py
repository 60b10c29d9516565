"""A broken sample of each kind of fault: the check names the file, the line, and what to mend."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from config.county import CountyFault, check_county, load_county
from config.entitlements import load_entitlements
from config.faults import Fault
from config.settings import EXAMPLE_COUNTY
from rules.entitlements.parameters import EntitlementParameters
from rules.ladder import share_of


@dataclass(frozen=True)
class Broken:
    """One thing changed in the example county, and the fault it must give."""

    what: str
    file: str
    change: str
    to: str
    at: str
    says: str
    fault_in: str = ""
    more: bool = False


def _samples() -> list[Broken]:
    tables = sorted((Path(__file__).parent / "broken_counties").glob("*.yaml"))
    return [Broken(**case) for table in tables for case in YAML(typ="safe").load(table)]


def line_of(path: Path, text: str) -> int:
    """The line on which `text` begins."""
    return path.read_text(encoding="utf-8").split(text)[0].count("\n") + 1


@pytest.fixture(autouse=True)
def entitlements_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sample here touches the entitlements, whose reading is the slowest; their own tests break them."""
    monkeypatch.setattr("config.county.load_entitlements", lambda _folder, _faults, *_: _entitlements())


@lru_cache(maxsize=1)
def _entitlements() -> EntitlementParameters:
    return load_entitlements(EXAMPLE_COUNTY, [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example county, to be broken."""
    return Path(shutil.copytree(EXAMPLE_COUNTY, tmp_path / "county"))


def change(path: Path, old: str, new: str) -> None:
    """Change the first occurrence of one thing, which must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("sample", _samples(), ids=lambda sample: sample.what)
def test_each_fault_names_its_file_its_line_and_its_mend(folder: Path, sample: Broken) -> None:
    """An administrator is sent to the very line, in Chinese."""
    change(folder / sample.file, sample.change, sample.to)
    place = folder / (sample.fault_in or sample.file)
    faults = check_county(folder)
    found = [fault for fault in faults if fault.file == place and fault.line == line_of(place, sample.at)]
    assert any(sample.says in fault.reason for fault in found), "\n".join(map(str, faults))
    if not sample.more:
        assert len(faults) == 1, "\n".join(map(str, faults))


@pytest.mark.parametrize("name", ["county.yaml", "offices.yaml", "ladders.yaml", "steps.yaml"])
def test_a_missing_or_empty_file_is_one_fault(folder: Path, name: str) -> None:
    """A file that is not there is named once, and does not drown the reader in what follows from it."""
    (folder / name).unlink()
    assert [(fault.file.name, fault.line) for fault in check_county(folder)] == [(name, 1)]
    (folder / name).write_text("# 空\n", encoding="utf-8")
    faults = check_county(folder)
    assert [fault.file.name for fault in faults] == [name]
    assert "是空的" in faults[0].reason


def test_a_file_in_another_encoding_is_one_fault(folder: Path) -> None:
    """An old editor's GBK is said to be that, not a riddle."""
    (folder / "county.yaml").write_bytes("name: 安和县\n".encode("gbk"))
    assert [fault.reason for fault in check_county(folder)] == ["文件不是 UTF-8 编码的 YAML 文本；请另存为 UTF-8"]


@pytest.mark.parametrize("name", ["county.yaml", "offices.yaml", "ladders.yaml", "steps.yaml"])
@given(
    position=st.integers(0, 10_000), slip=st.sampled_from(["{", "[", "- ", "\t", "&x *x", "? ", "key: ", "'", "\x07"])
)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_slip_of_the_keyboard_ends_the_check(folder: Path, name: str, position: int, slip: str) -> None:
    """Whatever is typed into a file, the check comes back with places in that folder instead of a traceback."""
    text = (EXAMPLE_COUNTY / name).read_text(encoding="utf-8")
    position %= len(text)
    (folder / name).write_text(text[:position] + slip + text[position:], encoding="utf-8")
    for fault in check_county(folder):
        assert fault.file.parent == folder
        assert fault.line >= 1
        assert fault.reason


def test_an_office_that_only_an_entitlement_needs_is_missed(folder: Path) -> None:
    """Health insurance is asked by no step, but decides on medical assistance."""
    text = (folder / "offices.yaml").read_text(encoding="utf-8")
    start, end = text.index("  healthcare_security:\n"), text.index("  human_resources:\n")
    (folder / "offices.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    faults = check_county(folder)
    assert len(faults) == 1
    assert "缺少医保（kind: healthcare_security）" in faults[0].reason


def test_every_fault_is_told_at_once_and_in_order(folder: Path) -> None:
    """Three slips in three files are three faults of one check, by file and line."""
    change(folder / "county.yaml", "code: AH", "code: ah")
    change(folder / "ladders.yaml", "after: 15 minutes", "after: soon")
    change(folder / "offices.yaml", "jy.yan@anhe.example", "jy.yan")
    change(folder / "offices.yaml", "post: duty", "post: night")
    with pytest.raises(CountyFault) as caught:
        load_county(folder)
    assert [fault.file.name for fault in caught.value.faults] == [
        "county.yaml",
        "ladders.yaml",
        "offices.yaml",
        "offices.yaml",
    ]
    lines = [fault.line for fault in caught.value.faults[2:]]
    assert lines == sorted(lines)
    assert str(caught.value).count("\n") == 3


def _set_reminder(folder: Path, limit: str, reminder: str) -> list[Fault]:
    """Give the filing of a criminal case, an ordinary step, that limit and a ladder with that reminder."""
    change(folder / "ladders.yaml", "ladders:\n", _LADDER.format(reminder=reminder))
    filing = "高检发〔2020〕9号第八条：没有规定立案审查的数字}"
    change(
        folder / "steps.yaml",
        f"limit: 7 days, provenance: no_statutory_number, basis: {filing}",
        f"limit: {limit}, provenance: no_statutory_number, basis: {filing}\n    ladders: {{answer: sample}}",
    )
    return check_county(folder)


_LADDER = """ladders:
  sample:
    reminder_before: {reminder}
    rungs:
      - {{level: office_head}}
    repeat: {{every: 1 days, at_most: 1}}
"""


@pytest.mark.parametrize(
    ("limit", "reminder", "fits"),
    [
        ("2 days", "24 hours", True),
        ("48 hours", "5 working_days", False),
        ("3 days", "4 days", False),
        ("5 working_days", "1 working_days", True),
        ("5 working_days", "7 days", False),
        ("1 months", "10 working_days", True),
        ("1 months", "31 days", False),
    ],
)
def test_a_reminder_is_compared_with_its_limit_through_the_calendar(
    folder: Path, limit: str, reminder: str, fits: bool
) -> None:
    """Bare numbers of different units say nothing: 24 hours fit into two days, five working days not into 48 hours."""
    faults = [fault for fault in _set_reminder(folder, limit, reminder) if "容不下" in fault.reason]
    assert [fault.file.name for fault in faults] == ([] if fits else ["steps.yaml"])
    if not fits:
        assert f"办理时限 {limit} 容不下提前 {reminder} 的提醒" in faults[0].reason
        assert (
            f"ladders.yaml 第 {line_of(folder / 'ladders.yaml', 'reminder_before: ' + reminder)} 行" in faults[0].reason
        )


def test_a_reminder_may_be_a_share_of_each_steps_own_limit(folder: Path) -> None:
    """A fifth of ten working days is two, of three months eighteen days: one ladder serves both."""
    change(folder / "ladders.yaml", "    reminder_before: 1 working_days\n", "    reminder_before: 20%\n")
    assert check_county(folder) == []
    county = load_county(folder)
    ladders = {
        key: versions[-1]
        for key, versions in county.steps.items()
        if versions[-1].answer_ladder.key == "ordinary_answer"
    }
    assert len(ladders) > 10
    for terms in ladders.values():
        assert terms.answer_ladder.reminder_before == share_of(terms.answer.limit, 20)
    assert len({terms.answer_ladder.reminder_before for terms in ladders.values()}) > 1


@pytest.mark.parametrize("written", ["0%", "100%", "-5%", "一半%", "12.5%"])
def test_a_share_that_is_none_is_a_fault_in_its_line(folder: Path, written: str) -> None:
    """More than nothing, less than everything, in whole per cent."""
    change(folder / "ladders.yaml", "    reminder_before: 8 hours\n", f"    reminder_before: {written}\n")
    found = [fault for fault in check_county(folder) if "提前的比例" in fault.reason]
    assert [fault.line for fault in found] == [line_of(folder / "ladders.yaml", f"reminder_before: {written}")]
