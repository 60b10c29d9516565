"""All entitlements of one child on one day: pure, the same for the same facts, day and parameters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from rules.entitlements.ages import reaches_age
from rules.entitlements.case import Case
from rules.entitlements.facts import Facts
from rules.entitlements.finding import Decision, Finding, FoundNumber, FoundStage, Outcome
from rules.entitlements.labels import fact_label
from rules.entitlements.order import ORDER, RULES, choices, cross_notes
from rules.entitlements.parameters import EntitlementParameters, RuleText
from rules.entitlements.truth import Check

_OUTCOMES = {True: Outcome.ENTITLED, False: Outcome.NOT_ENTITLED, None: Outcome.CANNOT_SAY}


class ImpossibleFactsError(ValueError):
    """The facts cannot all be true on the day; `sentences` names each in Chinese."""

    def __init__(self, sentences: list[str]) -> None:
        self.sentences = sentences
        super().__init__(" ".join(sentences))


def decide(facts: Facts, on: date, parameters: EntitlementParameters) -> Decision:
    """What the child is entitled to on a day, by the law in force that day.

    A state that begins after the day has not happened yet; the decision's notes name it.
    Raises ImpossibleFactsError for facts that cannot all be true on that day.
    """
    sentences = impossibilities(facts, on)
    if sentences:
        raise ImpossibleFactsError(sentences)
    case = Case(facts, on, parameters, RULES)
    chosen, notes = choices(case), cross_notes(case)
    findings = [
        _finding(case, rule_id, case.judge(rule_id), notes.get(rule_id, ()), chosen.get(rule_id, ()))
        for rule_id in ORDER
    ]

    def of(outcome: Outcome) -> tuple[Finding, ...]:
        return tuple(finding for finding in findings if finding.outcome is outcome)

    later = tuple(f"{path}（{day}）晚于认定日{on}，按认定日尚未发生处理" for path, day in _dates(facts) if day > on)
    return Decision(on, of(Outcome.ENTITLED), of(Outcome.NOT_ENTITLED), of(Outcome.CANNOT_SAY), later)


def impossibilities(facts: Facts, on: date) -> list[str]:
    """Chinese sentences, one for each set of facts that cannot be true together on a day."""
    sentences = []
    if facts.birth and facts.birth > on:
        sentences.append(f"birth：出生日期 {facts.birth} 晚于认定日 {on}，请核对。")
    for key in ("father", "mother", "guardian"):
        for name in ("imprisoned", "compulsory_detox", "restrained", "detained"):
            state = getattr(getattr(facts, key), name, None)
            if state and state.holds and state.until and state.until < on:
                sentences.append(
                    f"{key}.{name}：写明认定日仍在执行，但届满日 {state.until} 早于认定日 {on}，请改正其一。"
                )
    for key in ("father", "mother"):
        parent = getattr(facts, key)
        if parent and parent.supports and facts.recognised_by_county:
            sentences.append(f"{key}.supports 与 recognised_by_county 矛盾：正在履行抚养的，不能认定为事实上无人抚养。")
    household, schemes = facts.household, facts.schemes
    in_poverty = household and household.extreme_poverty and household.extreme_poverty.holds
    in_orphan_scheme = schemes and schemes.orphan_allowance and schemes.orphan_allowance.holds
    if in_poverty and in_orphan_scheme:
        sentences.append("household.extreme_poverty 与 schemes.orphan_allowance 矛盾：特困供养与孤儿保障不能同时享受。")
    return sentences


def _dates(facts: Facts) -> Iterator[tuple[str, date]]:
    """Every stated date on which something began."""

    def walk(value: Any, path: str) -> Iterator[tuple[str, date]]:
        if isinstance(value, date) and not path.endswith(".until"):
            yield path, value
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, list | tuple):
            for index, inner in enumerate(value):
                yield from walk(inner, f"{path}[{index}]")

    return walk(facts.model_dump(exclude_none=True), "")


def _finding(
    case: Case, rule_id: str, check: Check, cross: tuple[str, ...], choice_between: tuple[str, ...]
) -> Finding:
    parameters, on = case.parameters, case.on
    text = parameters.rules[rule_id]
    start = parameters.start_of(text)
    # A rule judged before its first day still says who will decide once it is in force.
    judged_on = max(on, start)
    handling = parameters.current(text.handling, judged_on)
    scheme = parameters.schemes[handling.scheme]
    version = parameters.current(scheme.versions, judged_on)
    amount = parameters.latest(scheme.amounts, on)
    source = parameters.sources[text.source]
    reasons = check.reasons
    if check.holds is None:
        reasons = (*reasons, f"尚缺：{'、'.join(fact_label(path) for path in check.missing)}")
    return Finding(
        id=rule_id,
        name=text.name,
        outcome=_OUTCOMES[check.holds],
        office=handling.office,
        together_with=handling.together_with,
        scheme=handling.scheme,
        scheme_name=scheme.name,
        source=source.title,
        clause=text.clause,
        effective_from=start,
        effective_from_provenance=source.effective_from_provenance,
        provenance=source.provenance,
        stages=tuple(
            FoundStage(
                stage.office,
                str(stage.limit) if stage.limit else None,
                stage.counts_from,
                stage.provenance,
                stage.basis,
                stage.total,
            )
            for stage in version.stages
        ),
        public_notice=version.public_notice,
        yuan_per_month=amount.yuan_per_month if amount else None,
        amount_basis=_basis(parameters.sources[amount.source].title, amount.clause) if amount else None,
        numbers=_numbers(case, text),
        reasons=reasons,
        missing=check.missing,
        notes=(*(note.text for note in parameters.in_force(text.notes, on)), *cross),
        choice_between=choice_between,
        **_ages(case, rule_id),
    )


def _numbers(case: Case, text: RuleText) -> tuple[FoundNumber, ...]:
    parameters = case.parameters
    found = []
    for name, versions in text.numbers.items():
        number = parameters.latest(versions, case.on)
        if number is not None:
            basis = _basis(parameters.sources[number.source].title, number.clause)
            found.append(FoundNumber(name, number.value, number.unit, parameters.provenance_of(number), basis))
    return tuple(found)


def _ages(case: Case, rule_id: str) -> dict[str, date]:
    birth, numbers = case.facts.birth, case.numbers(rule_id)
    if birth is None:
        return {}
    lowest, below = numbers.get("age_from"), numbers.get("age_below")
    ages = {}
    if lowest is not None and reaches_age(birth, lowest) > case.on:
        ages["comes_of_age_on"] = reaches_age(birth, lowest)
    if below is not None:
        ages["ages_out_on"] = reaches_age(birth, below)
    return ages


def _basis(title: str, clause: str) -> str:
    return f"{title} {clause}".strip()
