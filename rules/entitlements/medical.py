"""Basic medical care, E13–E18 (晋政发〔2017〕46号 三(二))."""

from __future__ import annotations

from rules.entitlements.case import Case, Numbers, Rule
from rules.entitlements.standing import in_difficulty
from rules.entitlements.truth import Check, either, every


def _premium_of_subsistence_family(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), case.on_subsistence)


def _premium_of_severely_disabled(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), case.severely_disabled(numbers["severe_grade"]))


def _premium_in_full(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), case.in_extreme_poverty)


def _settled_by_the_hospital(case: Case, numbers: Numbers) -> Check:
    grave = either(
        case.flag("health.serious_illness", "儿童患重病", "儿童未患重病"),
        case.severely_disabled(numbers["severe_grade"]),
        otherwise="不是重病、重残儿童",
    )
    designated = case.flag("health.treated_in_designated_hospital", "在定点医疗机构就医", "不在定点医疗机构就医")
    pooled = case.flag("health.treated_in_pooling_area", "在本市统筹区域内就医", "不在本市统筹区域内就医")
    return every(case.age(numbers), case.of_poor_family, grave, designated, pooled)


def _medical_assistance(case: Case, numbers: Numbers) -> Check:
    listed = either(
        case.on_subsistence,
        case.in_extreme_poverty,
        case.flag("health.meets_medical_assistance", "属于规定的医疗救助对象", "不属于规定的其他医疗救助对象"),
        otherwise="不符合医疗救助条件",
    )
    return every(case.age(numbers), in_difficulty(case), listed)


def _rehabilitation_insured(case: Case, numbers: Numbers) -> Check:
    listed = case.flag("health.rehab_item_listed", "医疗康复项目已列入报销范围", "医疗康复项目未列入报销范围")
    return every(case.age(numbers), case.disabled(), listed)


MEDICAL = (
    Rule("E13", _premium_of_subsistence_family, ("age_below",)),
    Rule("E14", _premium_of_severely_disabled, ("age_below", "severe_grade")),
    Rule("E15", _premium_in_full, ("age_below",)),
    Rule("E16", _settled_by_the_hospital, ("age_below", "severe_grade")),
    Rule("E17", _medical_assistance, ("age_below",)),
    Rule("E18", _rehabilitation_insured, ("age_below",)),
)
