"""The order in which schemes are tried, and what follows when several fit at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rules.entitlements.case import Case
from rules.entitlements.education import EDUCATION
from rules.entitlements.guardianship import GUARDIANSHIP
from rules.entitlements.living import LIVING
from rules.entitlements.medical import MEDICAL
from rules.entitlements.national import NATIONAL, on_top_up
from rules.entitlements.standing import DE_FACTO, ORPHAN_SCHEME
from rules.entitlements.welfare import WELFARE

RULES = MappingProxyType(
    {rule.id: rule for rule in (*LIVING, *MEDICAL, *EDUCATION, *GUARDIANSHIP, *WELFARE, *NATIONAL)}
)
"""Every rule by its id."""

# Orphan and de facto unsupported, then 特困, 低保, 临时救助 (legal-basis, end of section 2); the rest runs beside them.
_BASIC_LIVING = (*ORPHAN_SCHEME, *DE_FACTO, "N3", "N4", "N5", "E08", "N6", "E09", "E10", "N11")
ORDER = (*_BASIC_LIVING, *(rule for rule in RULES if rule not in _BASIC_LIVING))
"""All rule ids, in the order in which a decision lists them."""

_POVERTY = ("E08", "N6")


_Add = Callable[[str, str], None]


def choices(case: Case) -> Mapping[str, tuple[str, ...]]:
    """For each rule that excludes others, the rules of which the child may draw only one.

    特困人员认定办法 9: who meets both and chooses the child's scheme is no longer 特困.
    """
    if not case.judge("N5").holds:
        return {}
    rivals = tuple(rule for rule in (*ORPHAN_SCHEME, *DE_FACTO, *_POVERTY) if case.judge(rule).holds)
    return dict.fromkeys((*rivals, "N5"), rivals)


def cross_notes(case: Case) -> Mapping[str, tuple[str, ...]]:
    """Chinese sentences that a rule's finding carries because of what else was found."""
    notes: dict[str, list[str]] = {}

    def add(rule: str, sentence: str) -> None:
        notes.setdefault(rule, []).append(sentence)

    orphan = [rule for rule in ORPHAN_SCHEME if case.judge(rule).holds]
    de_facto = [rule for rule in DE_FACTO if case.judge(rule).holds]
    for rule in orphan if de_facto else ():
        add(rule, f"同时符合{'、'.join(de_facto)}；两项不重复发放，由县级民政认定适用哪一项")
    for rule in de_facto if orphan else ():
        add(rule, f"同时符合{'、'.join(orphan)}；两项不重复发放，由县级民政认定适用哪一项")
    if orphan and case.judge("E07").holds is None:
        add("E07", f"已符合{'、'.join(orphan)}，可不再另行认定")
    if orphan:
        for rule in _POVERTY:
            add(rule, "先看孤儿保障；没有纳入孤儿基本生活保障的，才纳入特困供养（晋政发〔2017〕46号三(一)）")
    for rule in (*ORPHAN_SCHEME, *DE_FACTO, *_POVERTY, "E09"):
        if case.judge(rule).holds and case.judge("E10").holds:
            add("E10", "其他救助尚未到位的，先行临时救助，不必等待其他审批")
            break
    _note_disability_living_subsidy(case, bool(de_facto), add)
    return {rule: tuple(sentences) for rule, sentences in notes.items()}


def _note_disability_living_subsidy(case: Case, de_facto: bool, add: _Add) -> None:
    """民发〔2019〕62号 三(一)(二): the full allowance excludes this subsidy; care subsidy and rehabilitation stay."""
    if not de_facto:
        return
    already = on_top_up(case).holds
    if already is False:
        sentence = "全额领取事实无人抚养儿童基本生活补贴的，不再享受困难残疾人生活补贴（民发〔2019〕62号三(一)(二)）"
        for rule in ("E11", "N4"):
            add(rule, sentence)
    if already is None:
        add("E11", "如全额领取事实无人抚养儿童基本生活补贴，则不再享受困难残疾人生活补贴")
    for rule in ("E12", "E45"):
        add(rule, "可与事实无人抚养儿童基本生活补贴同时享受（民发〔2019〕62号三(一)(二)）")
