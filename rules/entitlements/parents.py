"""What the rules ask about one parent. A dead parent is in no other state; a parent in custody is alive and found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from rules.entitlements.ages import add_months
from rules.entitlements.case import Case
from rules.entitlements.facts import Lasting, Term
from rules.entitlements.truth import Check, either, every, no, unknown, yes

_CUSTODY = ("imprisoned", "compulsory_detox", "restrained")
# Whoever is in custody is alive and neither away nor lost; whoever is known to be ill or disabled is a known person.
_EXCLUDED_BY_CUSTODY = frozenset({"dead", "declared_missing", "cannot_be_found", "left_home", "out_of_contact"})
_EXCLUDED_BY_BEING_KNOWN = frozenset({"dead", "cannot_be_found"})


@dataclass(frozen=True)
class ParentOnTheDay:
    """One parent (`father` or `mother`) on the day of the decision."""

    case: Case
    key: str

    @property
    def label(self) -> str:
        """父亲 or 母亲."""
        return "父亲" if self.key == "father" else "母亲"

    def dead(self) -> Check:
        """Dead, or declared dead by a court."""
        return self._state("dead", "已死亡", "未死亡")

    def missing(self) -> Check:
        """Declared missing by a court: the meaning of 失踪 in 民发〔2019〕62号 一."""
        return self._state("declared_missing", "被宣告失踪", "未被宣告失踪")

    def cannot_be_found(self) -> Check:
        """A birth parent the police could not find."""
        return self._state("cannot_be_found", "查找不到", "并非查找不到")

    def deported(self) -> Check:
        """Sent out of the country."""
        return self._state("deported", "被遣送（驱逐）出境", "未被遣送（驱逐）出境")

    def revoked(self) -> Check:
        """Deprived of guardianship by a court."""
        return self._state("guardianship_revoked", "被撤销监护人资格", "未被撤销监护人资格")

    def ill(self) -> Check:
        """Gravely ill by the local standard."""
        return self._state("serious_illness", "重病", "未患重病")

    def lost_work_capacity_through_aids(self) -> Check:
        """Unable to work through AIDS."""
        return self._state("aids_lost_work_capacity", "因艾滋病感染失去劳动能力", "未因艾滋病感染失去劳动能力")

    def disabled(self) -> Check:
        """Disabled in any kind and grade."""
        return self._disability(self.case.any_disability)

    def severely_disabled(self, severe_grade: int, mental_grade: int) -> Check:
        """重残: up to `severe_grade`, or mental or intellectual up to `mental_grade`."""
        return self._disability(
            lambda found, path, who: self.case.severe_disability(found, path, who, severe_grade, mental_grade)
        )

    def left_home(self, months: int) -> Check:
        """Gone from home for at least so many months."""
        return self._for_at_least("left_home", months, "离家出走", "未离家出走")

    def out_of_contact(self, months: int) -> Check:
        """Out of contact and without care for the child for at least so many months."""
        return self._for_at_least("out_of_contact", months, "失联", "未失联")

    def imprisoned(self, months: int = 0) -> Check:
        """Serving a sentence of at least so many months."""
        return self._with_term("imprisoned", months, "在押服刑", "不在押服刑")

    def in_detox(self, months: int = 0) -> Check:
        """In compulsory detoxification for a term of at least so many months."""
        return self._with_term("compulsory_detox", months, "被强制隔离戒毒", "未被强制隔离戒毒")

    def restrained(self, months: int = 0) -> Check:
        """Under another restraint of liberty for a term of at least so many months."""
        return self._with_term("restrained", months, "被限制人身自由", "未被限制人身自由")

    def without_capacity(self) -> Check:
        """Dead, or assessed as lacking the capacity to be a guardian."""
        path = f"{self.key}.has_guardianship_capacity"
        able = self.case.value(path)
        lacking = unknown(path) if able is None else no(self._says("有监护能力")) if able else self._yes("没有监护能力")
        return either(self.dead(), lacking)

    # How a state is read.

    def _says(self, words: str) -> str:
        return f"{self.label}{words}"

    def _yes(self, words: str) -> Check:
        return yes(self._says(words))

    def _state(self, name: str, met: str, failed: str) -> Check:
        path = f"{self.key}.{name}"
        excluded = self._excluded(name, failed)
        if self.case.value(path) is None or (name != "dead" and self._known_dead()):
            return excluded or unknown(path if self.case.value(self.key) is not None else self.key)
        return self.case.flag(path, self._says(met), self._says(failed))

    def _excluded(self, name: str, failed: str) -> Check | None:
        """Why a state nobody stated cannot be, None if it can."""
        if name != "dead" and self._known_dead():
            return no(self._says("已死亡"))
        if name in _EXCLUDED_BY_CUSTODY and any(self._asserted(state) for state in _CUSTODY):
            return no(self._says(f"{failed}（已知被羁押）"))
        if name in _EXCLUDED_BY_BEING_KNOWN and self._is_known_person():
            return no(self._says(failed))
        if self.case.value(f"{self.key}.no_other_state"):
            return no(self._says(failed))
        return None

    def _known_dead(self) -> bool:
        state = self.case.value(f"{self.key}.dead")
        return isinstance(state, Lasting) and self.case.flag(f"{self.key}.dead", "", "").holds is True

    def _asserted(self, name: str) -> bool:
        path = f"{self.key}.{name}"
        return self.case.value(path) is not None and self.case.flag(path, "", "").holds is True

    def _is_known_person(self) -> bool:
        named = self._asserted("serious_illness") or self._asserted("aids_lost_work_capacity")
        return named or bool(self.case.value(f"{self.key}.disabilities"))

    def _disability(self, judge: Callable[..., Check]) -> Check:
        path = f"{self.key}.disabilities"
        found = self.case.value(path)
        if found is None or self._known_dead():
            excluded = self._excluded("disabilities", "没有残疾")
            return excluded or unknown(path if self.case.value(self.key) is not None else self.key)
        return judge(found, path, self.label)

    def _for_at_least(self, name: str, months: int, met: str, failed: str) -> Check:
        path = f"{self.key}.{name}"
        holds = self._state(name, met, failed)
        state: Lasting | None = self.case.value(path)
        if not holds.holds or state is None:
            return holds
        if state.since is None:
            return unknown(f"{path}.since")
        return self._enough(state.since, months, met)

    def _enough(self, since: date, months: int, met: str) -> Check:
        full = add_months(since, months)
        if self.case.on >= full:
            return self._yes(f"自{since}起{met}，已满{span(months)}")
        return no(self._says(f"自{since}起{met}，至{full}才满{span(months)}"))

    def _with_term(self, name: str, months: int, met: str, failed: str) -> Check:
        path = f"{self.key}.{name}"
        holds = self._state(name, met, failed)
        state: Term | None = self.case.value(path)
        if not months or state is None or holds.holds is False:
            return holds
        return every(holds, self._long_enough(state, path, months, met))

    def _long_enough(self, state: Term, path: str, months: int, met: str) -> Check:
        if state.indefinite:
            return self._yes(f"{met}，无期")
        if state.months is not None:
            stated = f"{met}，期限{span(state.months)}"
            enough = state.months >= months
        elif state.since and state.until:
            stated = f"{met}，{state.since}至{state.until}"
            enough = add_months(state.since, months) <= state.until
        else:
            return unknown(f"{path}.term_months")
        return self._yes(stated) if enough else no(self._says(f"{stated}，不足{span(months)}"))


def parents_of(case: Case) -> tuple[ParentOnTheDay, ParentOnTheDay]:
    """Father and mother."""
    return ParentOnTheDay(case, "father"), ParentOnTheDay(case, "mother")


def one_and_the_other(
    case: Case, one: Callable[[ParentOnTheDay], Check], other: Callable[[ParentOnTheDay], Check], what: str
) -> Check:
    """One parent, whichever, meets the first condition and the other the second; `what` names the pair.

    When one parent is known to meet the first, a failure is told of the other parent alone.
    """
    father, mother = parents_of(case)
    arms = [(one(father), other(mother)), (one(mother), other(father))]
    found = either(*(every(*arm) for arm in arms))
    if found.holds is not False:
        return found
    begun = [second for first, second in arms if first.holds]
    told = begun or [first if first.holds is False else second for first, second in arms]
    return either(*told, otherwise=f"不属于“{what}”")


def span(months: int) -> str:
    """A number of months as officers say it: 36 is 3年, 6 is 6个月."""
    years, rest = divmod(months, 12)
    return (f"{years}年" if years else "") + (f"{rest}个月" if rest or not years else "")
