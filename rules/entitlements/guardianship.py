"""Guardianship, E36–E42 (晋政发〔2017〕46号 三(四))."""

from __future__ import annotations

from rules.entitlements.case import Case, Numbers, Rule
from rules.entitlements.parents import parents_of
from rules.entitlements.standing import in_orphan_scheme
from rules.entitlements.truth import Check, either, every, negated


def _placement(case: Case, numbers: Numbers) -> Check:
    unsupported = either(
        in_orphan_scheme(case),
        case.flag("guardian.no_guardian_or_support", "事实上无人监护、抚养", "有人监护、抚养"),
        otherwise="不属于孤儿或事实上无人监护、抚养",
    )
    return every(case.age(numbers), unsupported)


def _no_other_guardian(case: Case) -> Check:
    return negated(case.flag("guardian.other_guardian", "", ""), met="没有其他监护人", failed="有其他有能力的监护人")


def _parents_incapable(case: Case, numbers: Numbers) -> Check:
    incapable = [parent.without_capacity() for parent in parents_of(case)]
    return every(case.age(numbers), *incapable, _no_other_guardian(case))


def _court_named_civil_affairs(case: Case, numbers: Numbers) -> Check:
    named = case.flag(
        "guardian.court_named_civil_affairs", "人民法院指定民政部门担任监护人", "人民法院未指定民政部门担任监护人"
    )
    return every(case.age(numbers), named)


def _refused_after_education(case: Case, numbers: Numbers) -> Check:
    refuses = case.flag("guardian.refuses_duty", "父母不履行监护、抚养职责", "父母履行监护、抚养职责")
    uncorrected = negated(
        case.flag("guardian.corrected_after_police_education", "", ""),
        met="经公安机关教育不改",
        failed="经公安机关教育已改正",
    )
    return every(case.age(numbers), refuses, uncorrected)


def _guardian_detained(case: Case, numbers: Numbers) -> Check:
    parents = [parent.restrained() for parent in parents_of(case)]
    other = case.flag("guardian.detained", "监护人被拘留等限制人身自由", "其他监护人未被限制人身自由")
    return every(case.age(numbers), either(*parents, other, otherwise="没有监护人被拘留等限制人身自由"))


def _guardian_imprisoned(case: Case, numbers: Numbers) -> Check:
    held = [check for parent in parents_of(case) for check in (parent.imprisoned(), parent.in_detox())]
    held.append(case.flag("guardian.imprisoned", "监护人在押服刑", "其他监护人不在押服刑"))
    held.append(case.flag("guardian.compulsory_detox", "监护人被强制隔离戒毒", "其他监护人未被强制隔离戒毒"))
    any_held = either(*held, otherwise="没有监护人服刑或被强制隔离戒毒")
    return every(case.age(numbers), any_held, _no_other_guardian(case))


def _adopted(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), case.flag("adopted", "已被依法收养", "未被收养"))


GUARDIANSHIP = (
    Rule("E36", _placement, ("age_below",)),
    Rule("E37", _parents_incapable, ("age_below",)),
    Rule("E38", _court_named_civil_affairs, ("age_below",)),
    Rule("E39", _refused_after_education, ("age_below",)),
    Rule("E40", _guardian_detained, ("age_below",)),
    Rule("E41", _guardian_imprisoned, ("age_below",)),
    Rule("E42", _adopted, ("age_below",)),
)
