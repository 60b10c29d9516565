"""The facts that the township's window fills in for 资格匹配, flat, so that a phone can show them as one form.

Each may be left 不清楚: unknown never refuses (docs/entitlement-facts.md). Of each parent the form asks for up to three
states, each with its own beginning and term; most parents have one, and the other two stay folded as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rules.entitlements import Facts, fact_label, impossibilities
from rules.entitlements.facts import Day, DisabilityKind, Living, ShockKind, Stage
from rules.entitlements.labels import HUMAN_DECISION
from rules.vocabulary import Labelled


class ParentState(Labelled):
    """The state of a parent on which an entitlement may rest (晋政发〔2017〕46号 三(一); 民发〔2019〕62号 一)."""

    NONE = "none", "没有下列任何一种情形"
    DEAD = "dead", "死亡或被宣告死亡"
    DECLARED_MISSING = "declared_missing", "被人民法院宣告失踪"
    CANNOT_BE_FOUND = "cannot_be_found", "经公安查找不到的生父母"
    OUT_OF_CONTACT = "out_of_contact", "失联且未履行抚养责任"
    LEFT_HOME = "left_home", "离家出走"
    IMPRISONED = "imprisoned", "在押服刑"
    COMPULSORY_DETOX = "compulsory_detox", "强制隔离戒毒"
    RESTRAINED = "restrained", "其他限制人身自由"
    DEPORTED = "deported", "被遣送（驱逐）出境"
    GUARDIANSHIP_REVOKED = "guardianship_revoked", "被撤销监护人资格"
    SERIOUS_ILLNESS = "serious_illness", "重病"
    AIDS = "aids_lost_work_capacity", "因艾滋病失去劳动能力"
    DISABLED = "disabled", "残疾"


class GuardianHeld(Labelled):
    """Whether a guardian other than the parents is in custody."""

    NONE = "none", "没有"
    DETAINED = "detained", "被拘留等限制人身自由"
    IMPRISONED = "imprisoned", "服刑"
    COMPULSORY_DETOX = "compulsory_detox", "强制隔离戒毒"


class Relief(Labelled):
    """The household's standing relief, of which it draws one."""

    NONE = "none", "都没有"
    SUBSISTENCE = "subsistence", "最低生活保障"
    EXTREME_POVERTY = "extreme_poverty", "特困人员救助供养"


class Grade(Labelled):
    """The grade of a disability as certified; 1 is the gravest."""

    FIRST = "1", "一级"
    SECOND = "2", "二级"
    THIRD = "3", "三级"
    FOURTH = "4", "四级"


class SchoolKind(Labelled):
    """Who runs the school."""

    PUBLIC = "public", "公办"
    PRIVATE = "private", "民办"


_TERMS = (ParentState.IMPRISONED, ParentState.COMPULSORY_DETOX, ParentState.RESTRAINED)
_GROUPS = ("guardian", "household", "schooling", "health", "shock", "schemes", "needs")
_LONGEST_TERM = 600
_STATES = ("", "_2", "_3")


class EntitlementFacts(BaseModel):
    """One child's facts on the day of the answer. None is unknown. `to_facts` gives them as the rules read them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    SECTIONS: ClassVar[Mapping[str, str]] = {
        "birth": "儿童",
        "father_": "父亲",
        "mother_": "母亲",
        "guardian_": "监护",
        "household_": "家庭",
        "child_": "儿童的残疾",
        "schooling_": "就学",
        "health_": "健康",
        "shock_": "突发困难",
        "schemes_": "已有的待遇",
        "needs_": "需要",
        "entitlements": "人工认定",
    }
    """Headings of the form, by the beginning of the fields' names."""

    birth: Day | None = Field(None, title="儿童出生日期")
    living: Living | None = Field(None, title="儿童现在住在哪里")
    in_difficulty: bool | None = Field(None, title="是否已认定为困境儿童")
    migrant: bool | None = Field(None, title="是否随迁子女（户籍不在本地）")
    adopted: bool | None = Field(None, title="是否已被依法收养")

    father_state: ParentState | None = Field(None, title="父亲的情形（选最主要的一种）")
    father_since: Day | None = Field(None, title="父亲的情形从哪一天起")
    father_term_months: int | None = Field(None, ge=1, le=_LONGEST_TERM, title="父亲的刑期或期限（月，无期填600）")
    father_state_2: ParentState | None = Field(None, title="父亲同时有的第二种情形（没有不选）")
    father_since_2: Day | None = Field(None, title="父亲的第二种情形从哪一天起")
    father_term_months_2: int | None = Field(None, ge=1, le=_LONGEST_TERM, title="父亲的第二种情形的期限（月）")
    father_state_3: ParentState | None = Field(None, title="父亲同时有的第三种情形（没有不选）")
    father_since_3: Day | None = Field(None, title="父亲的第三种情形从哪一天起")
    father_term_months_3: int | None = Field(None, ge=1, le=_LONGEST_TERM, title="父亲的第三种情形的期限（月）")
    father_disability: DisabilityKind | None = Field(None, title="父亲的残疾类别（没有残疾不填）")
    father_disability_grade: Grade | None = Field(None, title="父亲的残疾等级")
    father_no_other_state: bool | None = Field(None, title="父亲是否已核实没有其他情形")
    father_has_capacity: bool | None = Field(None, title="父亲经评估有无监护能力")

    mother_state: ParentState | None = Field(None, title="母亲的情形（选最主要的一种）")
    mother_since: Day | None = Field(None, title="母亲的情形从哪一天起")
    mother_term_months: int | None = Field(None, ge=1, le=_LONGEST_TERM, title="母亲的刑期或期限（月，无期填600）")
    mother_state_2: ParentState | None = Field(None, title="母亲同时有的第二种情形（没有不选）")
    mother_since_2: Day | None = Field(None, title="母亲的第二种情形从哪一天起")
    mother_term_months_2: int | None = Field(None, ge=1, le=_LONGEST_TERM, title="母亲的第二种情形的期限（月）")
    mother_state_3: ParentState | None = Field(None, title="母亲同时有的第三种情形（没有不选）")
    mother_since_3: Day | None = Field(None, title="母亲的第三种情形从哪一天起")
    mother_term_months_3: int | None = Field(None, ge=1, le=_LONGEST_TERM, title="母亲的第三种情形的期限（月）")
    mother_disability: DisabilityKind | None = Field(None, title="母亲的残疾类别（没有残疾不填）")
    mother_disability_grade: Grade | None = Field(None, title="母亲的残疾等级")
    mother_no_other_state: bool | None = Field(None, title="母亲是否已核实没有其他情形")
    mother_has_capacity: bool | None = Field(None, title="母亲经评估有无监护能力")

    guardian_no_guardian_or_support: bool | None = Field(None, title="是否事实上无人监护、抚养")
    guardian_other_guardian: bool | None = Field(None, title="父母之外有无其他有能力的监护人")
    guardian_held: GuardianHeld | None = Field(None, title="父母以外的监护人是否被羁押")
    guardian_court_named_civil_affairs: bool | None = Field(None, title="人民法院是否指定民政部门监护")
    guardian_refuses_duty: bool | None = Field(None, title="父母是否不履行监护、抚养职责")
    guardian_corrected_after_police_education: bool | None = Field(None, title="经公安机关教育后是否改正")

    household_relief: Relief | None = Field(None, title="家庭已享受的保障")
    household_meets_subsistence: bool | None = Field(None, title="尚未纳入的，是否符合低保条件")
    household_registered_poor: bool | None = Field(None, title="是否建档立卡")
    household_poor: bool | None = Field(None, title="是否经认定家庭经济困难")
    household_rural: bool | None = Field(None, title="是否农村家庭")
    household_child_has_livelihood: bool | None = Field(None, title="儿童本人有无生活来源")
    household_supporter_able: bool | None = Field(None, title="法定抚养人有无抚养能力（没有抚养人选“否”）")

    child_disabled: bool | None = Field(None, title="儿童是否持有残疾证")
    child_disability: DisabilityKind | None = Field(None, title="儿童的残疾类别")
    child_disability_grade: Grade | None = Field(None, title="儿童的残疾等级")

    schooling_stage: Stage | None = Field(None, title="就学阶段")
    schooling_school_kind: SchoolKind | None = Field(None, title="学校性质")
    schooling_able_ordinary_school: bool | None = Field(None, title="残疾儿童经评估能否在普通学校就读")
    schooling_able_to_attend: bool | None = Field(None, title="残疾儿童能否到校")
    schooling_finished_compulsory: bool | None = Field(None, title="是否已完成义务教育")

    health_serious_illness: bool | None = Field(None, title="儿童是否患重病")
    health_cerebral_palsy: bool | None = Field(None, title="儿童是否脑瘫")
    health_treated_in_designated_hospital: bool | None = Field(None, title="是否在定点医疗机构就医")
    health_treated_in_pooling_area: bool | None = Field(None, title="是否在本市统筹区域内就医")
    health_rehab_item_listed: bool | None = Field(None, title="所需康复项目是否已列入医保报销")
    health_meets_medical_assistance: bool | None = Field(None, title="是否属于规定的其他医疗救助对象")

    shock_kind: ShockKind | None = Field(None, title="突发困难")
    shock_date: Day | None = Field(None, title="突发困难的发生日期")
    shock_other_relief: bool | None = Field(None, title="是否已得到其他社会救助")
    shock_here: bool | None = Field(None, title="急难是否发生在本县")

    schemes_orphan_allowance: bool | None = Field(None, title="是否已领孤儿（事实无人抚养）基本生活费")
    schemes_disability_living_subsidy: bool | None = Field(None, title="是否已领困难残疾人生活补贴")
    schemes_meets_living_subsidy: bool | None = Field(None, title="是否确认符合困难残疾人生活补贴条件")
    schemes_meets_care_subsidy: bool | None = Field(None, title="是否确认符合重度残疾人护理补贴条件")

    needs_long_term_care: bool | None = Field(None, title="是否需要长期照护")
    needs_care_or_training: bool | None = Field(None, title="是否需要替代照料、养育辅导、康复训练")
    needs_rehabilitation: bool | None = Field(None, title="是否需要基本公共康复服务")

    @model_validator(mode="after")
    def _can_be_true_together(self) -> EntitlementFacts:
        # The day of the answer is not known here: only what is impossible on every day is refused.
        sentences = impossibilities(self.to_facts(), date.max)
        if sentences:
            raise ValueError("".join(sentences))
        return self

    def to_facts(self) -> Facts:
        """The facts as `rules.entitlements.decide` reads them. Raises ValueError for what no child can be."""
        found: dict[str, Any] = {key: getattr(self, key) for key in ("birth", "living", "migrant", "adopted")}
        found |= {
            "in_difficulty": self.in_difficulty,
            "father": self._parent("father", "父亲"),
            "mother": self._parent("mother", "母亲"),
            "disabilities": self._child_disabilities(),
        }
        for group in _GROUPS:
            found[group] = self._group(group)
        return Facts.model_validate(found)

    def _group(self, group: str) -> dict[str, Any]:
        written = {
            name.removeprefix(f"{group}_"): getattr(self, name)
            for name in EntitlementFacts.model_fields
            if name.startswith(f"{group}_") and getattr(self, name) is not None
        }
        held: GuardianHeld | None = written.pop("held", None)
        if held is not None:
            custody = [state for state in GuardianHeld if state is not GuardianHeld.NONE]
            written |= {state.value: state is held for state in custody}
        relief: Relief | None = written.pop("relief", None)
        if relief is not None:
            written |= {state.value: state is relief for state in Relief if state is not Relief.NONE}
        return written

    def _parent(self, key: str, label: str) -> dict[str, Any] | None:
        states = self._states(key, label)
        written: dict[str, Any] = {"has_guardianship_capacity": getattr(self, f"{key}_has_capacity")}
        disabilities = _disabilities(self, key)
        if ParentState.DISABLED in states and not disabilities:
            raise ValueError(f"{label}的情形选了“残疾”的，请选择残疾类别。")
        if disabilities:
            written["disabilities"] = disabilities
        if ParentState.NONE in states or getattr(self, f"{key}_no_other_state"):
            written["no_other_state"] = True
        for state, ending in states.items():
            if state not in (ParentState.NONE, ParentState.DISABLED):
                written[state.value] = self._state(key, state, ending)
        return written if any(value is not None for value in written.values()) else None

    def _states(self, key: str, label: str) -> dict[ParentState, str]:
        """The states named of a parent, each with the ending of its fields' names."""
        states: dict[ParentState, str] = {}
        for ending in _STATES:
            state: ParentState | None = getattr(self, f"{key}_state{ending}")
            if state is None:
                continue
            if state in states:
                raise ValueError(f"{label}的情形“{state.label}”选了两次，请只选一次。")
            states[state] = ending
        if ParentState.NONE in states and len(states) > 1:
            raise ValueError(f"{label}选了“{ParentState.NONE.label}”的，不要再选其他情形。")
        return states

    def _state(self, key: str, state: ParentState, ending: str) -> dict[str, Any]:
        since, months = getattr(self, f"{key}_since{ending}"), getattr(self, f"{key}_term_months{ending}")
        if state not in _TERMS:
            return {"since": since}
        if months == _LONGEST_TERM:
            return {"holds": True, "since": since, "indefinite": True}
        # Without dates that tell when the term ends, what the township found today is what holds.
        return {"since": since, "term_months": months, "holds": None if since and months else True}

    def _child_disabilities(self) -> list[dict[str, Any]] | None:
        if self.child_disabled is False:
            return []
        return _disabilities(self, "child")


def _disabilities(form: EntitlementFacts, who: str) -> list[dict[str, Any]] | None:
    kind, grade = getattr(form, f"{who}_disability"), getattr(form, f"{who}_disability_grade")
    return None if kind is None else [{"kind": kind, "grade": None if grade is None else int(grade.value)}]


def completed(first: EntitlementFacts, more: EntitlementFacts) -> EntitlementFacts:
    """The first form with what a later one knows besides; what the later one leaves open stays as it was.

    Raises ValueError when both together cannot be true.
    """
    values = {
        name: getattr(first, name) if getattr(more, name) is None else getattr(more, name)
        for name in EntitlementFacts.model_fields
    }
    return EntitlementFacts.model_validate(values)


def missing_words(missing: Iterable[str]) -> str:
    """What the township is asked to complete, by part of the form only: whether a parent is in prison is not told."""
    parts = dict.fromkeys(path.split(".")[0].split("[")[0] for path in missing if path != HUMAN_DECISION)
    return "、".join(fact_label(part) for part in parts)


def fields_of_parts(words: str) -> frozenset[str]:
    """The fields of the form in the parts that `missing_words` names; none for words that name no part.

    Facts are completed by part, and not by the single missing field, because what is known of a part is corrected there.
    """
    named = {part for part in Facts.model_fields if fact_label(part) in re.split("[：、]", words)}
    return frozenset(name for name in EntitlementFacts.model_fields if _part_of(name) in named)


def _part_of(field: str) -> str:
    if field in Facts.model_fields:
        return field
    part = field.split("_", 1)[0]
    return "disabilities" if part == "child" else part
