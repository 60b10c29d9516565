"""Welfare services, E43–E50 (晋政发〔2017〕46号 三(五))."""

from __future__ import annotations

from rules.entitlements.case import Case, Numbers, Rule
from rules.entitlements.facts import DisabilityKind
from rules.entitlements.living import both_parents_dead_or_not_found
from rules.entitlements.truth import Check, every, no, unknown, yes

# A multiple disability joins two kinds or more, and all but 精神 are on the list; so it is always covered.
_REHABILITATED_KINDS = frozenset(DisabilityKind) - {DisabilityKind.MENTAL}


def _tomorrow_plan_in_institution(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), both_parents_dead_or_not_found(case), case.in_institution)


def _tomorrow_plan_in_community(case: Case, numbers: Numbers) -> Check:
    orphan = both_parents_dead_or_not_found(case)
    return every(case.age(numbers), orphan, case.disabled(), case.in_community)


def _rehabilitation(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), _disabled_in_listed_kind(case))


def _disabled_in_listed_kind(case: Case) -> Check:
    found = case.facts.disabilities
    if found is None:
        return unknown("disabilities")
    by_the_day = [one for one in found if not one.since or one.since <= case.on]
    listed = [one for one in by_the_day if one.kind in _REHABILITATED_KINDS]
    if listed:
        return yes(f"儿童有{listed[0].kind.label}残疾")
    return no("没有视力、听力、言语、智力、肢体残疾或孤独症")


def _early_intervention(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), case.disabled())


def _rehabilitation_where_offered(case: Case, numbers: Numbers) -> Check:
    offered = yes("本县已开办此项救助") if numbers["offered"] else no("本县未开办此项救助（有条件的地区可以开办）")
    return every(offered, case.age(numbers), case.disabled())


def _services_of_the_institution(case: Case, numbers: Numbers) -> Check:
    needed = case.flag("needs.care_or_training", "需要替代照料、养育辅导或康复训练", "不需要替代照料等服务")
    return every(case.age(numbers), case.disabled(), case.in_community, needed)


def _cerebral_palsy(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), case.flag("health.cerebral_palsy", "儿童脑瘫", "儿童不是脑瘫"))


def _served_first(case: Case, numbers: Numbers) -> Check:
    needed = case.flag("needs.rehabilitation", "需要基本公共服务内的康复服务", "不需要基本公共服务内的康复服务")
    return every(case.age(numbers), case.disabled(), needed)


WELFARE = (
    Rule("E43", _tomorrow_plan_in_institution, ("age_below",)),
    Rule("E44", _tomorrow_plan_in_community, ("age_below",)),
    Rule("E45", _rehabilitation, ("age_below",)),
    Rule("E46", _early_intervention, ("age_below",)),
    Rule("E47", _rehabilitation_where_offered, ("age_below", "offered")),
    Rule("E48", _services_of_the_institution, ("age_below",)),
    Rule("E49", _cerebral_palsy, ("age_below",)),
    Rule("E50", _served_first, ("age_below",)),
)
