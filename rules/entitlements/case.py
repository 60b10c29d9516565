"""The facts of one child on one day, as the rules ask about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from rules.entitlements.ages import age_on
from rules.entitlements.facts import Disability, DisabilityKind, Facts, Lasting, Living, Stage, Term
from rules.entitlements.parameters import EntitlementParameters
from rules.entitlements.truth import Check, either, no, unknown, yes

MENTAL_KINDS = frozenset({DisabilityKind.INTELLECTUAL, DisabilityKind.MENTAL, DisabilityKind.AUTISM})
"""智力、精神 (民发〔2019〕62号 一); a certificate calls 孤独症 a 精神 disability."""

INSTITUTIONS = frozenset({Living.WELFARE_INSTITUTION, Living.PROTECTION_CENTER})


@dataclass(frozen=True)
class Numbers:
    """One rule's numbers on one day."""

    values: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        return self.values[name]

    def get(self, name: str) -> int | None:
        """The number, None where the rule has none of that name on that day."""
        return self.values.get(name)


RuleCheck = Callable[["Case", Numbers], Check]


@dataclass(frozen=True)
class Rule:
    """A rule's id, its condition, and the names of the numbers that the county's file must give it."""

    id: str
    check: RuleCheck
    numbers: tuple[str, ...] = ()
    optional_numbers: tuple[str, ...] = ()


@dataclass
class Case:
    """Facts, day and parameters together. Each rule is judged once and remembered."""

    facts: Facts
    on: date
    parameters: EntitlementParameters
    rules: Mapping[str, Rule]
    _judged: dict[str, Check] = field(default_factory=dict)

    # Rules.

    def judge(self, rule_id: str) -> Check:
        """The outcome of a rule; before it takes effect, it is not met."""
        if rule_id not in self._judged:
            text, rule = self.parameters.rules[rule_id], self.rules[rule_id]
            start = self.parameters.start_of(text)
            if self.on < start:
                title = self.parameters.sources[text.source].title
                self._judged[rule_id] = no(f"{title}自{start}起施行，认定日{self.on}尚未施行")
            else:
                self._judged[rule_id] = rule.check(self, self.numbers(rule_id))
        return self._judged[rule_id]

    def numbers(self, rule_id: str) -> Numbers:
        """The numbers of a rule in force on the day."""
        named = self.parameters.rules[rule_id].numbers
        found = {name: self.parameters.latest(versions, self.on) for name, versions in named.items()}
        return Numbers({name: int(number.value) for name, number in found.items() if number is not None})

    # Single facts.

    def value(self, path: str) -> Any:
        """The fact at a path, None if it or anything above it is unknown."""
        found: Any = self.facts
        for part in path.split("."):
            if found is None:
                return None
            found = getattr(found, part)
        return found

    def flag(self, path: str, met: str, failed: str) -> Check:
        """A fact that is true, false or unknown: a plain one, a lasting state or a state with a term."""
        value = self.value(path)
        if isinstance(value, Lasting):
            return self._lasting(value, met, failed)
        if isinstance(value, Term):
            return self._term(path, value, met, failed)
        if value is None:
            return unknown(path)
        return yes(met) if value else no(failed)

    def _lasting(self, state: Lasting, met: str, failed: str) -> Check:
        if not state.holds:
            return no(failed)
        if state.since and state.since > self.on:
            return no(f"{failed}（{state.since}起，认定日尚未发生）")
        return yes(f"{met}（{state.since}起）" if state.since else met)

    def _term(self, path: str, state: Term, met: str, failed: str) -> Check:
        if state.holds is False:
            return no(failed)
        if state.since and state.since > self.on:
            return no(f"{failed}（{state.since}起，认定日尚未开始）")
        if state.holds or state.indefinite:
            return yes(met)
        if state.end is None:
            return unknown(f"{path}.holds")
        return yes(f"{met}（至{state.end}）") if self.on <= state.end else no(f"{failed}（已于{state.end}届满）")

    def is_one_of(self, path: str, wanted: Iterable[Any], met: str, failed: str) -> Check:
        """A fact that is one of several values."""
        value = self.value(path)
        if value is None:
            return unknown(path)
        return yes(met) if value in frozenset(wanted) else no(failed)

    # Age.

    def age(self, numbers: Numbers) -> Check:
        """The child's age against `age_from` (reached) and `age_below` (not yet reached) of a rule."""
        lowest, below = numbers.get("age_from"), numbers.get("age_below")
        wanted = "、".join(
            ([f"满{lowest}周岁"] if lowest is not None else []) + ([f"未满{below}周岁"] if below is not None else [])
        )
        if self.facts.birth is None:
            return unknown("birth")
        age = age_on(self.facts.birth, self.on)
        stated = f"{self.facts.birth}出生，认定日{age}周岁"
        if (lowest is not None and age < lowest) or (below is not None and age >= below):
            return no(f"{stated}，不符合“{wanted}”")
        return yes(f"{stated}，符合“{wanted}”")

    # Disability.

    def disabled(self) -> Check:
        """The child has a certified disability of any kind."""
        return self.any_disability(self.facts.disabilities, "disabilities", "儿童")

    def severely_disabled(self, severe_grade: int) -> Check:
        """The child's disability is of a grade up to `severe_grade` (1 is the gravest)."""
        return self.severe_disability(self.facts.disabilities, "disabilities", "儿童", severe_grade)

    def any_disability(self, found: tuple[Disability, ...] | None, path: str, who: str) -> Check:
        """Any disability assessed by the day."""
        if found is None:
            return unknown(path)
        assessed = [one for one in found if not one.since or one.since <= self.on]
        if assessed:
            return yes(f"{who}有{'、'.join(one.kind.label for one in assessed)}残疾")
        return no(f"{who}没有残疾" if not found else f"{who}的残疾在认定日尚未评定")

    def severe_disability(
        self, found: tuple[Disability, ...] | None, path: str, who: str, severe_grade: int, mental_grade: int = 0
    ) -> Check:
        """A disability up to `severe_grade`, or a mental or intellectual one up to `mental_grade`."""
        if found is None:
            return unknown(path)
        mental = f"或智力、精神残疾{mental_grade}级以内" if mental_grade else ""
        otherwise = f"{who}没有重度残疾（{severe_grade}级以内{mental}）"
        checks = [
            _severe(one, f"{path}[{index}]", who, severe_grade, mental_grade)
            for index, one in enumerate(found)
            if not one.since or one.since <= self.on
        ]
        return either(*checks, otherwise=otherwise)

    # Standing.

    @cached_property
    def in_institution(self) -> Check:
        """The child lives in a welfare or protection institution."""
        return self.is_one_of("living", INSTITUTIONS, "在社会福利、救助保护机构内养育", "不在社会福利机构内")

    @cached_property
    def in_community(self) -> Check:
        """The child lives outside institutions (社会散居)."""
        return self.is_one_of("living", frozenset(Living) - INSTITUTIONS, "社会散居", "在机构内养育，不是社会散居")

    @cached_property
    def at_school(self) -> Check:
        """The child is at a school or kindergarten."""
        return self.is_one_of("schooling.stage", frozenset(Stage) - {Stage.NONE}, "在学", "未就读")

    def at_stage(self, *stages: Stage) -> Check:
        """The child's schooling is at one of the stages."""
        wanted = "、".join(stage.label for stage in stages)
        return self.is_one_of("schooling.stage", stages, f"就学阶段为{wanted}", f"就学阶段不是{wanted}")

    def of_compulsory_age(self, numbers: Numbers) -> Check:
        """In compulsory schooling, or of the age for it."""
        return either(self.at_stage(Stage.COMPULSORY), self.age(numbers), otherwise="不在义务教育阶段或学龄")

    @cached_property
    def on_subsistence(self) -> Check:
        """The family receives 最低生活保障."""
        return self.flag("household.subsistence", "家庭享受最低生活保障", "家庭未享受最低生活保障")

    @cached_property
    def in_extreme_poverty(self) -> Check:
        """The child receives 特困人员救助供养."""
        return self.flag("household.extreme_poverty", "已纳入特困人员救助供养", "未纳入特困人员救助供养")

    @cached_property
    def registered_poor(self) -> Check:
        """The family is on the register of the poor (建档立卡)."""
        return self.flag("household.registered_poor", "家庭建档立卡", "家庭不是建档立卡户")

    @cached_property
    def of_poor_family(self) -> Check:
        """The family is poor, by any of the ways in which that is established."""
        return either(
            self.flag("household.poor", "家庭经济困难", "未认定家庭经济困难"),
            self.on_subsistence,
            self.in_extreme_poverty,
            self.registered_poor,
            otherwise="家庭不属于经济困难",
        )


def _severe(one: Disability, path: str, who: str, severe_grade: int, mental_grade: int) -> Check:
    grade, kind = one.grade, one.kind
    # Which kinds a multiple disability joins is not stated: at a lesser grade, a mental one may be among them.
    limit = max(severe_grade, mental_grade) if kind in MENTAL_KINDS else severe_grade
    shown = f"{who}{kind.label}残疾{grade}级" if grade else f"{who}{kind.label}残疾"
    if grade is None:
        return yes(shown) if limit >= 4 else unknown(f"{path}.grade")
    if grade <= limit:
        return yes(shown)
    if kind is DisabilityKind.MULTIPLE and grade <= mental_grade:
        return unknown(f"{path}.kind")
    return no(shown)
