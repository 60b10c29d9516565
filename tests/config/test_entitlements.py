"""A county's entitlements file: read whole, or refused with every fault and its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.entitlements import FILE_NAME, load_entitlements
from config.faults import Fault
from config.settings import EXAMPLE_COUNTY
from rules.limits import Provenance

EXAMPLE = (EXAMPLE_COUNTY / FILE_NAME).read_text(encoding="utf-8")


def _faults_after(tmp_path: Path, old: str, new: str) -> tuple[list[Fault], int]:
    """The faults of the example file with its first `old` replaced, and the line of the change."""
    assert old in EXAMPLE
    (tmp_path / FILE_NAME).write_text(EXAMPLE.replace(old, new, 1), encoding="utf-8")
    faults: list[Fault] = []
    load_entitlements(tmp_path, faults)
    return faults, EXAMPLE[: EXAMPLE.index(old)].count("\n") + 1


def test_the_example_county_has_no_fault() -> None:
    """What is shipped can be used as it is."""
    faults: list[Fault] = []
    parameters = load_entitlements(EXAMPLE_COUNTY, faults)
    assert faults == []
    assert len(parameters.rules) == 61


def test_a_county_setting_is_never_passed_off_as_law() -> None:
    """Every number, amount and limit that names the county as its source is marked as having no statutory number."""
    parameters = load_entitlements(EXAMPLE_COUNTY, [])
    numbers = [n for rule in parameters.rules.values() for versions in rule.numbers.values() for n in versions]
    amounts = [amount for scheme in parameters.schemes.values() for amount in scheme.amounts]
    own = [entry for entry in (*numbers, *amounts) if entry.source == "COUNTY"]
    assert own
    assert {parameters.provenance_of(entry) for entry in own} == {Provenance.NO_STATUTORY_NUMBER}
    assert all(amount.source == "COUNTY" for amount in amounts)


def test_a_limit_the_law_does_not_give_says_so() -> None:
    """A stage whose basis names the county's own setting is marked so, and none of the verified ones does."""
    parameters = load_entitlements(EXAMPLE_COUNTY, [])
    for scheme in parameters.schemes.values():
        for version in scheme.versions:
            for stage in version.stages:
                assert ("本县设定" in stage.basis) == (stage.provenance is Provenance.NO_STATUTORY_NUMBER)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("public_notice: forbidden", "publicity: forbidden", "不认识这一项"),
        (
            "office: civil_affairs, with: [township], scheme: orphan}",
            "office: civil, scheme: orphan}",
            "不在可选值之内",
        ),
        ("{source: SX46, clause: 三(一)“未满18周岁”, value", "{clause: 三(一)“未满18周岁”, value", "缺少这一项"),
        ("{source: SX46, clause: 三(一)“未满18周岁”, value", "{source: SX64, value", "出处“SX64”没有列在"),
        ("limit: 15 working_days", "limit: 15 workdays", "workdays"),
        ("value: 60, unit: months", "value: 五年, unit: months", "“五年”写法不对"),
        ("value: 60, unit: months", "value: -60, unit: months", "不能小于零"),
        ("value: 60, unit: months", "value: true, unit: months", "unit 为 flag"),
        ("effective_from: 2020-01-01", "effective_from: 2020-02-30", "在日历上不存在"),
        ("provenance: page_excerpt", "provenance: certain", "不在可选值之内"),
        ("sentence_months:", "sentence_month:", "sentence_month"),
        ("scheme: disability_subsidies", "scheme: subsidies", "保障项目“subsidies”没有列在"),
        ("  N11:", "  N12:", "没有编号为“N12”的规则"),
        ("office: township, limit: 15 working_days", "office: township, limit: null", "标为已核对却没有写期限"),
        ("name: 孤儿基本生活保障", 'name: ""', "不能为空"),
        ("public_notice: required", "public_notice: forbidden", "请删去该阶段"),
        ("public_notice: forbidden", "public_notice: required", "没有写明 notice: true"),
    ],
)
def test_a_fault_names_its_line_and_how_to_mend_it(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """Each slip of the pen is found where it was made, in one Chinese sentence."""
    faults, line = _faults_after(tmp_path, old, new)
    said = [fault for fault in faults if reason in fault.reason]
    assert said, faults
    assert all(fault.file == tmp_path / FILE_NAME for fault in faults)
    assert min(abs(fault.line - line) for fault in said) <= 1, (said, line)


def test_a_rule_left_out_is_missed_by_name(tmp_path: Path) -> None:
    """A file without N11 does not pass for complete."""
    faults, _ = _faults_after(tmp_path, "  N11:", "  N12:")
    assert any("缺少规则 N11" in fault.reason for fault in faults)


def test_all_faults_are_found_at_once(tmp_path: Path) -> None:
    """Two unknown keys give two faults."""
    text = EXAMPLE.replace("public_notice: forbidden", "publicity: forbidden", 1).replace("    name: 医疗救助\n", "", 1)
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    faults: list[Fault] = []
    load_entitlements(tmp_path, faults)
    assert any("publicity" in fault.reason for fault in faults)
    assert any(fault.reason.startswith("schemes.medical_assistance.name：缺少") for fault in faults)


def test_a_rule_needs_its_numbers_from_its_first_day(tmp_path: Path) -> None:
    """A number that begins after its rule would leave a gap in which nobody could decide."""
    faults, _ = _faults_after(tmp_path, "value: 60, unit: months", "from: 2018-01-01, value: 60, unit: months")
    assert any("那天还没有数目" in fault.reason for fault in faults)


def test_two_versions_from_one_day_are_refused(tmp_path: Path) -> None:
    """Nobody could say which of them holds."""
    faults, _ = _faults_after(
        tmp_path,
        "value: 60, unit: months}]",
        "value: 60, unit: months}, {source: SX46, value: 48, unit: months}]",
    )
    assert any("有两条都从 2017-09-20 起算" in fault.reason for fault in faults)


def test_a_later_version_takes_over_on_its_day(tmp_path: Path) -> None:
    """The old number stays for old days."""
    (tmp_path / FILE_NAME).write_text(
        EXAMPLE.replace(
            "value: 60, unit: months}]",
            "value: 60, unit: months}, {source: COUNTY, from: 2025-01-01, value: 36, unit: months}]",
            1,
        ),
        encoding="utf-8",
    )
    faults: list[Fault] = []
    parameters = load_entitlements(tmp_path, faults)
    assert faults == []
    versions = parameters.rules["E05"].numbers["sentence_months"]
    day = parameters.start_of(versions[1])
    assert parameters.current(versions, day).value == 36
    assert parameters.current(versions, day.replace(year=2024)).value == 60


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "缺少 entitlements.yaml"),
        ("", "sources、schemes、rules"),
        ("sources: [", "YAML 格式不对"),
        ("rules: {}\nrules: {}\n", "写了两次"),
        ("- 1\n", "sources、schemes、rules"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path, text: str | None, reason: str) -> None:
    """No traceback reaches the county's administrator."""
    if text is not None:
        (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    faults: list[Fault] = []
    load_entitlements(tmp_path, faults)
    assert len(faults) == 1
    assert reason in faults[0].reason
    assert faults[0].line >= 1


def test_a_file_in_another_encoding_is_one_fault(tmp_path: Path) -> None:
    """A file saved as GBK is refused with the way to mend it."""
    (tmp_path / FILE_NAME).write_bytes(EXAMPLE.encode("gb18030"))
    faults: list[Fault] = []
    load_entitlements(tmp_path, faults)
    assert ["UTF-8" in fault.reason for fault in faults] == [True]
