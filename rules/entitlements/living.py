"""Basic living, E01–E12 (晋政发〔2017〕46号 三(一))."""

from __future__ import annotations

from rules.entitlements.case import Case, Numbers, Rule
from rules.entitlements.facts import ShockKind
from rules.entitlements.labels import HUMAN_DECISION
from rules.entitlements.parents import ParentOnTheDay, one_and_the_other, parents_of, span
from rules.entitlements.truth import Check, either, every, negated, no, unknown, yes


def both_parents_dead_or_not_found(case: Case) -> Check:
    """孤儿: each parent dead, or not to be found."""
    return every(*(either(parent.dead(), parent.cannot_be_found()) for parent in parents_of(case)))


def _orphan(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), both_parents_dead_or_not_found(case))


def _one_dead_other_missing(case: Case, numbers: Numbers) -> Check:
    pair = one_and_the_other(case, ParentOnTheDay.dead, ParentOnTheDay.missing, "一方死亡、另一方失踪")
    return every(case.age(numbers), pair)


def _one_dead_other_disabled(case: Case, numbers: Numbers) -> Check:
    what = "一方死亡、另一方患有精神或智障等残疾"
    return every(case.age(numbers), one_and_the_other(case, ParentOnTheDay.dead, ParentOnTheDay.disabled, what))


def _one_dead_other_unable_through_aids(case: Case, numbers: Numbers) -> Check:
    what = "一方死亡、另一方因艾滋病感染失去劳动能力"
    unable = ParentOnTheDay.lost_work_capacity_through_aids
    return every(case.age(numbers), one_and_the_other(case, ParentOnTheDay.dead, unable, what))


def _one_dead_other_imprisoned(case: Case, numbers: Numbers) -> Check:
    months = numbers["sentence_months"]
    what = f"一方死亡、另一方{span(months)}以上在押服刑"
    pair = one_and_the_other(case, ParentOnTheDay.dead, lambda parent: parent.imprisoned(months), what)
    return every(case.age(numbers), pair)


def _one_dead_other_left_home(case: Case, numbers: Numbers) -> Check:
    months = numbers["away_months"]
    what = f"一方死亡、另一方离家出走{span(months)}以上"
    pair = one_and_the_other(case, ParentOnTheDay.dead, lambda parent: parent.left_home(months), what)
    return every(case.age(numbers), pair)


def _recognised_as_unsupported(case: Case, numbers: Numbers) -> Check:
    """The open list "等事实上无人抚养": a person decides, except where a parent is known to support the child."""
    recognised = case.facts.recognised_by_county
    decided = (
        unknown(HUMAN_DECISION)
        if recognised is None
        else yes("县级民政已认定为事实上无人抚养")
        if recognised
        else no("县级民政未认定为事实上无人抚养")
    )
    supported = [no(f"{parent.label}在履行监护抚养责任") for parent in parents_of(case) if _supports(case, parent)]
    return every(case.age(numbers), decided, *supported)


def _supports(case: Case, parent: ParentOnTheDay) -> bool:
    return bool(case.value(f"{parent.key}.supports"))


def meets_extreme_poverty(case: Case) -> Check:
    """特困: outside the orphan scheme, no livelihood, and no supporter able to give it.

    Where the child is already enrolled, a condition nobody stated is taken as met; one known to fail still refuses.
    A child under the age of the rule counts as without work capacity (特困人员认定办法 5).
    """
    return every(
        _absent(case, "schemes.orphan_allowance", "没有纳入孤儿基本生活保障", "已纳入孤儿基本生活保障"),
        _absent(case, "household.child_has_livelihood", "儿童本人没有生活来源", "儿童本人有生活来源"),
        _absent(case, "household.supporter_able", "没有法定抚养人或其无抚养能力", "法定抚养人有抚养能力"),
    )


def _absent(case: Case, path: str, met: str, failed: str) -> Check:
    if case.value(path) is None and case.in_extreme_poverty.holds:
        return case.in_extreme_poverty
    return negated(case.flag(path, "", ""), met=met, failed=failed)


def _extreme_poverty(case: Case, numbers: Numbers) -> Check:
    return every(case.age(numbers), meets_extreme_poverty(case))


def _subsistence(case: Case, numbers: Numbers) -> Check:
    meets = either(
        case.on_subsistence,
        case.flag("household.meets_subsistence", "符合最低生活保障条件", "不符合最低生活保障条件"),
        otherwise="家庭不符合最低生活保障条件",
    )
    supporter = case.flag("household.supporter_able", "法定抚养人有抚养能力", "法定抚养人没有抚养能力，应先看特困供养")
    return every(case.age(numbers), supporter, meets)


def shocked(case: Case) -> Check:
    """A sudden event, accident, grave illness or other hardship has happened by the day."""
    shock = case.facts.shock
    if shock is not None and shock.date and shock.date > case.on:
        return no(f"突发困难发生于{shock.date}，认定日尚未发生")
    kinds = frozenset(ShockKind) - {ShockKind.NONE}
    label = shock.kind.label if shock and shock.kind else ""
    return case.is_one_of("shock.kind", kinds, f"遭遇{label}", "没有遭遇突发事件、意外伤害、重大疾病或其他特殊困难")


def _temporary_relief(case: Case, numbers: Numbers) -> Check:
    unrelieved = negated(
        case.flag("shock.other_relief", "", ""), met="暂时没有其他生活救助", failed="已得到其他生活救助保障"
    )
    return every(case.age(numbers), shocked(case), unrelieved)


def _disability_living_subsidy(case: Case, numbers: Numbers) -> Check:
    confirmed = case.flag(
        "schemes.meets_living_subsidy", "已确认符合困难残疾人生活补贴条件", "经确认不符合困难残疾人生活补贴条件"
    )
    already = case.flag("schemes.disability_living_subsidy", "已领取困难残疾人生活补贴", "未领取困难残疾人生活补贴")
    meets = either(already, confirmed, case.on_subsistence, otherwise="不符合困难残疾人生活补贴条件")
    return every(case.age(numbers), case.disabled(), meets)


def _severe_disability_care_subsidy(case: Case, numbers: Numbers) -> Check:
    confirmed = case.flag(
        "schemes.meets_care_subsidy", "已确认符合重度残疾人护理补贴条件", "未确认符合重度残疾人护理补贴条件"
    )
    needs = case.flag("needs.long_term_care", "需要长期照护", "不需要长期照护")
    meets = either(
        confirmed,
        every(case.severely_disabled(numbers["severe_grade"]), needs),
        otherwise="不符合重度残疾人护理补贴条件",
    )
    return every(case.age(numbers), case.disabled(), meets)


LIVING = (
    Rule("E01", _orphan, ("age_below",)),
    Rule("E02", _one_dead_other_missing, ("age_below",)),
    Rule("E03", _one_dead_other_disabled, ("age_below",)),
    Rule("E04", _one_dead_other_unable_through_aids, ("age_below",)),
    Rule("E05", _one_dead_other_imprisoned, ("age_below", "sentence_months")),
    Rule("E06", _one_dead_other_left_home, ("age_below", "away_months")),
    Rule("E07", _recognised_as_unsupported, ("age_below",)),
    Rule("E08", _extreme_poverty, ("age_below",)),
    Rule("E09", _subsistence, ("age_below",)),
    Rule("E10", _temporary_relief, ("age_below",)),
    Rule("E11", _disability_living_subsidy, ("age_below",)),
    Rule("E12", _severe_disability_care_subsidy, ("age_below", "severe_grade")),
)
