"""Reads a county's `entitlements.yaml`: the dated numbers, offices and limits of `rules.entitlements`.

Every fault of the file is collected with its line, so that the county sees all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from config.faults import Fault
from config.scheme_statutory import forbidden_notices, scheme_warnings
from rules.entitlement_keys import EntitlementKey
from rules.entitlements.faults import fault_sentence, path_of
from rules.entitlements.order import RULES
from rules.entitlements.parameters import EntitlementParameters, RuleText, Scheme, SchemeVersion, Sourced
from rules.limits import Provenance
from rules.reviews import UNITS
from rules.workdays import Calendar

FILE_NAME = "entitlements.yaml"

_EMPTY = EntitlementParameters(sources={}, schemes={}, rules={})
_Path = tuple[int | str, ...]


class _DatesAsWritten(RoundTripConstructor):
    """Leaves dates as text, so that 2026-02-30 is a fault with a line and not the end of the reading."""


_DatesAsWritten.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


def load_entitlements(
    county_dir: Path, faults: list[Fault], warnings: list[Fault] | None = None, calendar: Calendar | None = None
) -> EntitlementParameters:
    """The entitlement parameters of a county. Faults are appended to `faults`, never raised.

    `warnings` takes what is no fault but departs from the law's own numbers, reckoned through `calendar`. After a fault the parameters are not fit for `decide`: a file that cannot be read as a whole gives empty ones.
    """
    path = county_dir / FILE_NAME
    root = _read(path, faults)
    if root is None:
        return _EMPTY
    try:
        parameters = EntitlementParameters.model_validate(_plain(root))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            place = detail["loc"]
            faults.append(Fault(path, _line(root, place), f"{path_of(place)}：{fault_sentence(detail)}"))
        return _EMPTY
    found = list(_cross_faults(parameters))
    faults.extend(Fault(path, _line(root, place), f"{path_of(place)}：{reason}") for place, reason in found)
    if warnings is not None and calendar is not None and not found:
        departures = scheme_warnings(parameters, calendar)
        warnings.extend(Fault(path, _line(root, place), reason) for place, reason in departures)
    return parameters


def _read(path: Path, faults: list[Fault]) -> CommentedMap | None:
    try:
        root = _loaded(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append(Fault(path, 1, f"缺少 {FILE_NAME}，请从示例县复制一份再改"))
        return None
    except (OSError, UnicodeDecodeError):
        faults.append(Fault(path, 1, "读不出来；请确认文件可读，并以 UTF-8 保存"))
        return None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        duplicate = "duplicate key" in str(error.problem)
        reason = "同一个键写了两次，请删去一个" if duplicate else "YAML 格式不对，请检查缩进、冒号、括号和引号"
        faults.append(Fault(path, mark.line + 1 if mark else 1, reason))
        return None
    except YAMLError:
        faults.append(Fault(path, 1, "YAML 格式不对，请检查缩进、冒号、括号和引号"))
        return None
    if not isinstance(root, CommentedMap):
        faults.append(Fault(path, 1, "应写有 sources、schemes、rules 三部分"))
        return None
    return root


@lru_cache(maxsize=4)
def _loaded(text: str) -> Any:
    # Loading is most of the cost of reading the file; what is loaded is only ever read.
    yaml = YAML(typ="rt")
    yaml.Constructor = _DatesAsWritten
    return yaml.load(text)


def _plain(value: Any) -> Any:
    """YAML nodes as ordinary values, so that pydantic judges what was written and not how it was read."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def _line(root: CommentedMap, place: _Path) -> int:
    """The line of the innermost part of `place` that the file has, counted from 1."""
    node: Any = root
    line = 1
    for part in place:
        if isinstance(node, CommentedMap):
            key = next((key for key in node if str(key) == str(part)), None)
            if key is None:
                break
            line, node = node.lc.key(key)[0] + 1, node[key]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line, node = node.lc.item(part)[0] + 1, node[part]
        else:
            break
    return line


def _cross_faults(parameters: EntitlementParameters) -> Iterator[tuple[_Path, str]]:
    unknown_sources = list(_unknown_sources(parameters))
    yield from unknown_sources
    yield from _rule_ids(parameters)
    for key, scheme in parameters.schemes.items():
        yield from _limits_without_number(key, scheme)
        yield from _notices(key, scheme)
        yield from _reviews(key, scheme)
        yield from _totals(key, scheme)
    if unknown_sources:
        return  # Dates come from the sources; without these nothing below can be judged.
    yield from forbidden_notices(parameters)
    for place, entries in _dated_lists(parameters):
        yield from _same_day(parameters, place, entries)
    for section, rule_id, text in _texts(parameters):
        yield from _office_from_the_first_day(parameters, (section, rule_id), text)
        if section == "rules" and rule_id in RULES:
            yield from _numbers_of_the_rule(parameters, rule_id, text)


def _texts(parameters: EntitlementParameters) -> Iterator[tuple[str, str, RuleText]]:
    """Every entitlement with its section of the file and its id."""
    for section in ("rules", "by_hand"):
        for rule_id, text in getattr(parameters, section).items():
            yield section, rule_id, text


def _dated_lists(parameters: EntitlementParameters) -> Iterator[tuple[_Path, Sequence[Sourced]]]:
    for key, scheme in parameters.schemes.items():
        yield ("schemes", key, "versions"), scheme.versions
        yield ("schemes", key, "amounts"), scheme.amounts
    for section, rule_id, text in _texts(parameters):
        yield (section, rule_id, "handling"), text.handling
        for name, versions in text.numbers.items():
            yield (section, rule_id, "numbers", name), versions


def _unknown_sources(parameters: EntitlementParameters) -> Iterator[tuple[_Path, str]]:
    def refuse(place: _Path, source: str) -> Iterator[tuple[_Path, str]]:
        if source not in parameters.sources:
            yield (*place, "source"), f"出处“{source}”没有列在 sources 里，请补上或改正"

    for place, entries in _dated_lists(parameters):
        for index, entry in enumerate(entries):
            yield from refuse((*place, index), entry.source)
    for section, rule_id, text in _texts(parameters):
        yield from refuse((section, rule_id), text.source)
        for index, note in enumerate(text.notes):
            yield from refuse((section, rule_id, "notes", index), note.source)


def _notices(key: str, scheme: Scheme) -> Iterator[tuple[_Path, str]]:
    """公示 stands among the stages exactly where it is required."""
    for index, version in enumerate(scheme.versions):
        place: _Path = ("schemes", key, "versions", index, "public_notice")
        published = any(stage.notice for stage in version.stages)
        if published and version.public_notice != "required":
            yield place, "没有要求公示，stages 里却有 notice: true；请删去该阶段，或改为 required"
        if not published and version.public_notice == "required":
            yield place, "要求公示，stages 里却没有写明 notice: true 的阶段"


def _rule_ids(parameters: EntitlementParameters) -> Iterator[tuple[_Path, str]]:
    for rule_id in parameters.rules:
        if rule_id not in RULES:
            yield ("rules", rule_id), f"没有编号为“{rule_id}”的规则，请删去或改正编号"
    for rule_id in RULES:
        if rule_id not in parameters.rules:
            yield ("rules",), f"缺少规则 {rule_id}，请从示例县补上"
    by_hand = [key.value for key in EntitlementKey if key.by_hand_only]
    for rule_id in parameters.by_hand:
        if rule_id not in by_hand:
            yield ("by_hand", rule_id), f"没有编号为“{rule_id}”的人工认定项目，可写：{'、'.join(by_hand)}"
    for rule_id in by_hand:
        if rule_id not in parameters.by_hand:
            yield ("by_hand",), f"缺少人工认定项目 {rule_id}，请从示例县补上"


def _reviews(key: str, scheme: Scheme) -> Iterator[tuple[_Path, str]]:
    """An interval is in months or years: only these have a matching day."""
    for index, version in enumerate(scheme.versions):
        intervals = (
            {} if version.review is None else {"every": version.review.every, "unstable": version.review.unstable}
        )
        for name, interval in intervals.items():
            if interval is not None and interval.unit not in UNITS:
                yield (
                    ("schemes", key, "versions", index, "review", name),
                    f"复核间隔“{interval}”应以 months 或 years 计",
                )


def _totals(key: str, scheme: Scheme) -> Iterator[tuple[_Path, str]]:
    """The longer time of an extension belongs to the time for all stages together."""
    for index, version in enumerate(scheme.versions):
        for number, stage in enumerate(version.stages):
            if stage.special is not None and not stage.total:
                place = ("schemes", key, "versions", index, "stages", number, "special")
                yield place, "special 是延期以后的全部期限，只写在 total: true 的一条里"


def _limits_without_number(key: str, scheme: Scheme) -> Iterator[tuple[_Path, str]]:
    for version_index, version in enumerate(scheme.versions):
        for index, stage in enumerate(version.stages):
            place = ("schemes", key, "versions", version_index, "stages", index)
            if stage.limit is None and stage.provenance.value.startswith("verified"):
                yield (*place, "limit"), "标为已核对却没有写期限；法律没有规定的，由县里设定并标 no_statutory_number"
            if version.source == "COUNTY" and stage.provenance is not Provenance.NO_STATUTORY_NUMBER:
                yield (*place, "provenance"), "县里设定的期限应标 no_statutory_number"


def _same_day(
    parameters: EntitlementParameters, place: _Path, entries: Sequence[Sourced]
) -> Iterator[tuple[_Path, str]]:
    seen: set[date] = set()
    for index, entry in enumerate(entries):
        start = parameters.start_of(entry)
        if start in seen:
            yield (*place, index), f"有两条都从 {start} 起算，请只留一条，或写明 from"
        seen.add(start)


def _office_from_the_first_day(
    parameters: EntitlementParameters, where: _Path, text: RuleText
) -> Iterator[tuple[_Path, str]]:
    start = parameters.start_of(text)
    place = (*where, "handling")
    if parameters.latest(text.handling, start) is None:
        yield place, f"规则自 {start} 起施行，但那天还没有承办单位，请写一条从那天起的"
    for index, handling in enumerate(text.handling):
        scheme = parameters.schemes.get(handling.scheme)
        if scheme is None:
            yield (*place, index, "scheme"), f"保障项目“{handling.scheme}”没有列在 schemes 里，请补上或改正"
            continue
        version: SchemeVersion | None = parameters.latest(scheme.versions, max(start, parameters.start_of(handling)))
        if version is None:
            yield (*place, index, "scheme"), f"保障项目“{handling.scheme}”那天还没有办理期限，请补一个更早的版本"


def _numbers_of_the_rule(
    parameters: EntitlementParameters, rule_id: str, text: RuleText
) -> Iterator[tuple[_Path, str]]:
    rule, start = RULES[rule_id], parameters.start_of(text)
    place = ("rules", rule_id, "numbers")
    for name in rule.numbers:
        versions = text.numbers.get(name)
        if versions is None:
            yield place, f"缺少数目 {name}，请补上并写明出处"
        elif parameters.latest(versions, start) is None:
            yield (*place, name), f"规则自 {start} 起施行，但那天还没有数目，请写一条从那天起的"
    for name, versions in text.numbers.items():
        if name not in rule.numbers and name not in rule.optional_numbers:
            yield (*place, name), f"规则 {rule_id} 不用数目“{name}”，请删去或改正"
        for index, number in enumerate(versions):
            if isinstance(number.value, bool) != (number.unit == "flag"):
                yield (*place, name, index, "value"), "unit 为 flag 的写 true 或 false，其余写整数"
            elif number.value < 0:
                yield (*place, name, index, "value"), "数目不能小于零"
