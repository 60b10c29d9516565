"""Basic education, E19–E35 (晋政发〔2017〕46号 三(三))."""

from __future__ import annotations

from rules.entitlements.case import Case, Numbers, Rule
from rules.entitlements.facts import Stage
from rules.entitlements.standing import in_difficulty
from rules.entitlements.truth import Check, either, every, negated


def _education_aid(case: Case, _: Numbers) -> Check:
    return every(in_difficulty(case), case.at_school)


def _two_exemptions_one_subsidy(case: Case, _: Numbers) -> Check:
    return every(in_difficulty(case), case.at_stage(Stage.COMPULSORY))


def _twelve_years_free(case: Case, _: Numbers) -> Check:
    # 高中阶段教育 is ordinary senior high and secondary vocational school together.
    stages = case.at_stage(Stage.COMPULSORY, Stage.SENIOR_HIGH, Stage.SECONDARY_VOCATIONAL)
    return every(case.disabled(), case.of_poor_family, stages)


def _able_in_ordinary_school(case: Case) -> Check:
    return case.flag("schooling.able_ordinary_school", "能够接受普通学校教育", "不能接受普通学校教育")


def _inclusive_class(case: Case, numbers: Numbers) -> Check:
    return every(case.disabled(), case.of_compulsory_age(numbers), _able_in_ordinary_school(case))


def _special_school(case: Case, numbers: Numbers) -> Check:
    unable = negated(
        _able_in_ordinary_school(case), met="不能接受普通学校教育", failed="能够接受普通学校教育，应随班就读"
    )
    return every(case.disabled(), case.of_compulsory_age(numbers), unable)


def _preschool_place(case: Case, numbers: Numbers) -> Check:
    return every(case.disabled(), case.age(numbers))


def _institution_class(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), case.disabled(), case.in_community)


def _migrant(case: Case) -> Check:
    return case.flag("migrant", "是随迁子女", "不是随迁子女")


def _migrant_compulsory(case: Case, numbers: Numbers) -> Check:
    return every(_migrant(case), case.of_compulsory_age(numbers))


def _migrant_vocational(case: Case, _: Numbers) -> Check:
    return every(_migrant(case), case.at_stage(Stage.SECONDARY_VOCATIONAL))


def _migrant_preschool(case: Case, numbers: Numbers) -> Check:
    preschool = either(case.at_stage(Stage.PRESCHOOL), case.age(numbers), otherwise="不在学前阶段或年龄")
    return every(_migrant(case), preschool)


def _migrant_examinations(case: Case, _: Numbers) -> Check:
    finished = case.flag("schooling.finished_compulsory", "已接受完义务教育", "尚未接受完义务教育")
    return every(_migrant(case), finished)


def _kept_in_school(case: Case, numbers: Numbers) -> Check:
    return every(in_difficulty(case), case.of_compulsory_age(numbers))


def _senior_high(case: Case) -> Check:
    return case.at_stage(Stage.SENIOR_HIGH)


def _rural(case: Case) -> Check:
    return case.flag("household.rural", "农村家庭", "不是农村家庭")


def _fees_of_registered_poor(case: Case, _: Numbers) -> Check:
    return every(_senior_high(case), case.of_poor_family)


def _fees_of_poor_disabled(case: Case, _: Numbers) -> Check:
    unregistered = negated(
        case.registered_poor, met="家庭不是建档立卡户", failed="家庭是建档立卡户，适用建档立卡学生的免费规定"
    )
    return every(_senior_high(case), case.disabled(), case.of_poor_family, unregistered)


def _fees_of_rural_subsistence(case: Case, _: Numbers) -> Check:
    return every(_senior_high(case), _rural(case), case.on_subsistence)


def _fees_of_rural_extreme_poverty(case: Case, _: Numbers) -> Check:
    return every(_senior_high(case), _rural(case), case.in_extreme_poverty)


def _fees_at_private_school(case: Case, _: Numbers) -> Check:
    waived = either(*(case.judge(rule) for rule in ("E31", "E32", "E33", "E34")), otherwise="不符合免学杂费条件")
    private = case.is_one_of("schooling.school_kind", ("private",), "就读民办学校", "就读公办学校，直接免除")
    return every(waived, private)


EDUCATION = (
    Rule("E19", _education_aid),
    Rule("E20", _two_exemptions_one_subsidy),
    Rule("E21", _twelve_years_free),
    Rule("E22", _inclusive_class, ("age_from", "age_below")),
    Rule("E23", _special_school, ("age_from", "age_below")),
    Rule("E24", _preschool_place, ("age_from", "age_below")),
    Rule("E25", _institution_class, ("age_below",)),
    Rule("E26", _migrant_compulsory, ("age_from", "age_below")),
    Rule("E27", _migrant_vocational),
    Rule("E28", _migrant_preschool, ("age_from", "age_below")),
    Rule("E29", _migrant_examinations),
    Rule("E30", _kept_in_school, ("age_from", "age_below")),
    Rule("E31", _fees_of_registered_poor),
    Rule("E32", _fees_of_poor_disabled),
    Rule("E33", _fees_of_rural_subsistence),
    Rule("E34", _fees_of_rural_extreme_poverty),
    Rule("E35", _fees_at_private_school),
)
