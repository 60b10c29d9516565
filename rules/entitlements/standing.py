"""Standings that many rules share: child in difficulty, orphan, de facto unsupported."""

from __future__ import annotations

from dataclasses import replace

from rules.entitlements.case import Case
from rules.entitlements.living import shocked
from rules.entitlements.truth import Check, either

ORPHAN_SCHEME = ("E01", "E02", "E03", "E04", "E05", "E06", "E07")
"""Rules by which a child enters the orphans' basic living scheme (三(一))."""

DE_FACTO = ("N1", "N2")
"""Rules by which a child is 事实无人抚养 under 民发〔2019〕62号 and 民发〔2020〕125号."""


def in_difficulty(case: Case) -> Check:
    """困境儿童 (晋政发〔2017〕46号 二): by poverty, by disability, or by guardianship lacking or failing.

    Where nothing is known, one fact is asked for, not all of those from which it could be concluded.
    """
    found = either(
        case.flag("in_difficulty", "已认定为困境儿童", "未认定为困境儿童"),
        case.of_poor_family,
        case.disabled(),
        case.flag("health.serious_illness", "儿童患重病", "儿童未患重病"),
        case.flag("guardian.no_guardian_or_support", "事实上无人监护、抚养", "有人监护、抚养"),
        case.flag("guardian.refuses_duty", "监护人不履行监护职责", "监护人履行监护职责"),
        shocked(case),
        in_orphan_scheme(case),
        is_de_facto_unsupported(case),
        otherwise="不属于困境儿童",
    )
    if found.holds is None and case.facts.in_difficulty is None:
        return replace(found, missing=("in_difficulty",))
    return found


def in_orphan_scheme(case: Case) -> Check:
    """The child meets one of the conditions of the orphans' basic living scheme."""
    return either(*(case.judge(rule) for rule in ORPHAN_SCHEME), otherwise="不符合孤儿基本生活保障条件")


def is_de_facto_unsupported(case: Case) -> Check:
    """The child is 事实无人抚养 under the later national rules."""
    return either(*(case.judge(rule) for rule in DE_FACTO), otherwise="不属于事实无人抚养儿童")
