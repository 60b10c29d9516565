"""The later national law beside the seed's, N1–N11."""

from __future__ import annotations

from rules.entitlements.case import Case, Numbers, Rule
from rules.entitlements.facts import Stage
from rules.entitlements.living import both_parents_dead_or_not_found, meets_extreme_poverty, shocked
from rules.entitlements.parents import ParentOnTheDay, parents_of
from rules.entitlements.standing import in_difficulty, in_orphan_scheme, is_de_facto_unsupported
from rules.entitlements.truth import Check, either, every, negated, no, yes


def _cannot_support(parent: ParentOnTheDay, numbers: Numbers) -> Check:
    """重残、重病、服刑、强制隔离戒毒、其他限制人身自由、失联 (民发〔2019〕62号 一)."""
    term = numbers["term_months"]
    return either(
        parent.severely_disabled(numbers["severe_grade"], numbers["mental_grade"]),
        parent.ill(),
        parent.imprisoned(term),
        parent.in_detox(term),
        parent.restrained(term),
        parent.out_of_contact(numbers["out_of_contact_months"]),
    )


def _gone(parent: ParentOnTheDay) -> Check:
    return either(parent.dead(), parent.missing())


def _pair(case: Case, cannot: list[Check]) -> Check:
    """Both parents in one of the states; or one dead or missing and the other in one of them."""
    father, mother = parents_of(case)
    return either(
        every(cannot[0], either(cannot[1], _gone(mother))),
        every(cannot[1], _gone(father)),
        otherwise="父母双方不同时具有所列情形",
    )


def _de_facto_unsupported(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), _pair(case, [_cannot_support(parent, numbers) for parent in parents_of(case)]))


def _added(parent: ParentOnTheDay) -> Check:
    """被撤销监护资格、被遣送（驱逐）出境 (民发〔2020〕125号)."""
    return either(parent.revoked(), parent.deported())


def _de_facto_unsupported_wider(case: Case, numbers: Numbers) -> Check:
    parents = parents_of(case)
    added = [_added(parent) for parent in parents]
    wider = [either(_cannot_support(parent, numbers), extra) for parent, extra in zip(parents, added, strict=True)]
    return every(
        case.age(numbers),
        either(*added, otherwise="父母均未被撤销监护资格或被遣送（驱逐）出境"),
        _pair(case, wider),
    )


def on_top_up(case: Case) -> Check:
    """The child already draws 低保, 特困 or 困难残疾人生活补贴, so the allowance only fills the difference."""
    return either(
        case.on_subsistence,
        case.in_extreme_poverty,
        case.flag("schemes.disability_living_subsidy", "已领取困难残疾人生活补贴", "未领取困难残疾人生活补贴"),
    )


def _how_it_is_paid(case: Case, _: Numbers) -> Check:
    already = on_top_up(case)
    if already.holds is None:
        return every(is_de_facto_unsupported(case), already)
    mode = "已享受其他保障，补差发放" if already.holds else "未享受低保、特困、困难残疾人生活补贴，全额发放"
    return every(is_de_facto_unsupported(case), yes(mode))


def _what_may_run_together(case: Case, _: Numbers) -> Check:
    return every(is_de_facto_unsupported(case), case.disabled())


def _choice_of_scheme(case: Case, _: Numbers) -> Check:
    child_scheme = either(
        in_orphan_scheme(case), is_de_facto_unsupported(case), otherwise="不符合孤儿或事实无人抚养儿童保障条件"
    )
    poverty = either(case.judge("E08"), case.judge("N6"), otherwise="不符合特困供养条件")
    return every(child_scheme, poverty)


def _extreme_poverty_to_18(case: Case, numbers: Numbers) -> Check:
    return either(
        every(case.age(numbers), meets_extreme_poverty(case)),
        _continues_at_school(case, numbers),
        otherwise="不符合特困供养的年龄或条件",
    )


def _continues_at_school(case: Case, numbers: Numbers) -> Check:
    if not numbers.get("continues_at_school"):
        return no("认定日尚无“满18周岁仍在校就读可以继续供养”的规定")
    school = case.at_stage(Stage.COMPULSORY, Stage.SENIOR_HIGH, Stage.SECONDARY_VOCATIONAL)
    return every(case.in_extreme_poverty, school)


def _grown_orphan_at_school(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), both_parents_dead_or_not_found(case), case.at_school)


def _schooling_of_de_facto(case: Case, _: Numbers) -> Check:
    return every(is_de_facto_unsupported(case), case.at_school)


def _basic_needs(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), in_difficulty(case))


def _taught_at_home(case: Case, numbers: Numbers) -> Check:
    unable = negated(case.flag("schooling.able_to_attend", "", ""), met="不能到学校就读", failed="能够到学校就读")
    return every(case.disabled(), case.of_compulsory_age(numbers), unable)


def _relief_where_it_happens(case: Case, numbers: Numbers) -> Check:
    here = case.flag("shock.here", "急难发生在本县", "急难不发生在本县，应向急难发生地申请")
    unrelieved = negated(
        case.flag("shock.other_relief", "", ""), met="暂时没有其他生活救助", failed="已得到其他生活救助保障"
    )
    return every(case.age(numbers), shocked(case), here, unrelieved)


_DE_FACTO_NUMBERS = ("age_below", "term_months", "out_of_contact_months", "severe_grade", "mental_grade")

NATIONAL = (
    Rule("N1", _de_facto_unsupported, _DE_FACTO_NUMBERS),
    Rule("N2", _de_facto_unsupported_wider, _DE_FACTO_NUMBERS),
    Rule("N3", _how_it_is_paid),
    Rule("N4", _what_may_run_together),
    Rule("N5", _choice_of_scheme),
    Rule("N6", _extreme_poverty_to_18, ("age_below",), ("continues_at_school",)),
    Rule("N7", _grown_orphan_at_school, ("age_from",)),
    Rule("N8", _schooling_of_de_facto),
    Rule("N9", _basic_needs, ("age_below",)),
    Rule("N10", _taught_at_home, ("age_from", "age_below")),
    Rule("N11", _relief_where_it_happens, ("age_below",)),
)
