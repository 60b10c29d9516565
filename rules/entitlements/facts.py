"""What is known about a child on the day of the decision. Every field may be left out: None means unknown.

`docs/entitlement-facts.md` describes the format for officers; `facts_schema()` gives it as JSON Schema.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, model_validator

from rules.entitlements.ages import add_months
from rules.vocabulary import Labelled

# Nobody alive today, nor any term they may serve, reaches beyond these years: a date outside is a slip of the pen.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _as_day(written: Any) -> Any:
    if isinstance(written, datetime) or not isinstance(written, date | str | None):
        raise ValueError(f"日期“{written}”写法不对，应为“年-月-日”，如 2012-05-01")  # noqa: TRY004
    if isinstance(written, str):
        if not _ISO.fullmatch(written):
            raise ValueError(f"日期“{written[:30]}”写法不对，应为“年-月-日”，如 2012-05-01")
        try:
            written = date.fromisoformat(written)
        except ValueError:
            raise ValueError(f"日期“{written}”在日历上不存在") from None
    if written is not None and not _FIRST_YEAR <= written.year <= _LAST_YEAR:
        raise ValueError(f"日期“{written}”不合情理，年份应在 {_FIRST_YEAR} 至 {_LAST_YEAR} 之间")
    return written


Day = Annotated[date, BeforeValidator(_as_day, json_schema_input_type=date)]


def _as_state(written: Any) -> Any:
    if isinstance(written, bool):
        return {"holds": written}
    if isinstance(written, BaseModel | dict | None):
        return written
    raise ValueError(f"“{written}”写法不对，应为 true、false，或写明日期的对象，如 {{since: 2016-03-01}}")


class _Known(BaseModel):
    """Facts are immutable, and a key nobody knows is refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lasting(_Known):
    """A state that lasts until someone reports otherwise. `true` is short for it, `false` for its absence."""

    holds: StrictBool = Field(
        True, title="是否存在", description="认定日是否存在这一情形；写了起始日而不写本项，视为存在"
    )
    since: Day | None = Field(None, title="起始日", description="从哪一天起；晚于认定日的，按认定日尚未发生处理")


class Term(_Known):
    """A state with a term: prison, compulsory detoxification, restraint.

    Without `holds`, whether it holds on the day follows from its dates; where these do not tell, it is unknown.
    """

    holds: StrictBool | None = Field(
        None, title="认定日是否仍在执行", description="已核实认定日仍在执行写 true；不写则按起止日期推算"
    )
    since: Day | None = Field(None, title="起始日", description="开始执行的日期")
    until: Day | None = Field(None, title="届满日", description="执行届满的日期（含当日）")
    term_years: StrictInt | None = Field(None, ge=0, le=50, title="期限（年）", description="期限的年数，与月数相加")
    term_months: StrictInt | None = Field(None, ge=0, le=600, title="期限（月）", description="期限的月数，与年数相加")
    indefinite: StrictBool | None = Field(None, title="无期", description="无期徒刑等没有届满日的，写 true")

    @property
    def months(self) -> int | None:
        """The length of the term in months, None if not stated."""
        if self.term_years is None and self.term_months is None:
            return None
        return (self.term_years or 0) * 12 + (self.term_months or 0)

    @property
    def end(self) -> date | None:
        """The last day, as stated or as start and length give it; None if neither tells."""
        if self.until is None and self.since is not None and self.months is not None and not self.indefinite:
            return add_months(self.since, self.months)
        return self.until

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Term:
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"届满日 {self.until} 早于起始日 {self.since}，请核对")
        if self.indefinite and (self.until or self.months):
            raise ValueError("既写无期，又写届满日或期限，请只保留一项")
        return self


LastingState = Annotated[Lasting, BeforeValidator(_as_state, json_schema_input_type=bool | Lasting)]
TermState = Annotated[Term, BeforeValidator(_as_state, json_schema_input_type=bool | Term)]


class DisabilityKind(Labelled):
    """Kinds of disability. 孤独症 is named apart because 三(五) names it; its certificate says 精神."""

    VISUAL = "visual", "视力"
    HEARING = "hearing", "听力"
    SPEECH = "speech", "言语"
    PHYSICAL = "physical", "肢体"
    INTELLECTUAL = "intellectual", "智力"
    MENTAL = "mental", "精神"
    AUTISM = "autism", "孤独症"
    MULTIPLE = "multiple", "多重"


class Disability(_Known):
    """One disability as certified."""

    kind: DisabilityKind = Field(
        title="类别",
        description="残疾类别：" + "、".join(f"{kind.value} {kind.label}" for kind in DisabilityKind),
    )
    grade: StrictInt | None = Field(None, ge=1, le=4, title="等级", description="残疾等级，1 至 4 级，1 级最重")
    since: Day | None = Field(None, title="评定日", description="评定残疾的日期")


class Parent(_Known):
    """What is known of one parent (birth or adoptive) on the day. A state left out is unknown."""

    dead: LastingState | None = Field(None, title="死亡", description="死亡或被人民法院宣告死亡")
    declared_missing: LastingState | None = Field(None, title="失踪", description="被人民法院宣告失踪")
    cannot_be_found: LastingState | None = Field(None, title="查找不到", description="经公安机关查找不到的生父母")
    out_of_contact: LastingState | None = Field(
        None, title="失联", description="失去联系且未履行监护抚养责任；写明从何时起"
    )
    left_home: LastingState | None = Field(None, title="离家出走", description="离家出走；写明从何时起")
    imprisoned: TermState | None = Field(None, title="在押服刑", description="在押服刑；写明刑期和起始日")
    compulsory_detox: TermState | None = Field(
        None, title="强制隔离戒毒", description="被强制隔离戒毒；写明期限和起始日"
    )
    restrained: TermState | None = Field(
        None, title="其他限制人身自由", description="行政拘留、刑事拘留、逮捕等限制人身自由的措施；写明期限和起始日"
    )
    deported: LastingState | None = Field(None, title="被遣送（驱逐）出境", description="被遣送或驱逐出境")
    guardianship_revoked: LastingState | None = Field(
        None, title="被撤销监护资格", description="被人民法院撤销监护人资格"
    )
    disabilities: tuple[Disability, ...] | None = Field(None, title="残疾", description="残疾类别和等级；没有残疾写 []")
    serious_illness: LastingState | None = Field(None, title="重病", description="按当地标准认定的重病")
    aids_lost_work_capacity: LastingState | None = Field(
        None, title="因艾滋病丧失劳动能力", description="因艾滋病感染失去劳动能力"
    )
    has_guardianship_capacity: StrictBool | None = Field(
        None, title="有无监护能力", description="经评估是否具有监护能力"
    )
    supports: StrictBool | None = Field(None, title="是否履行抚养", description="认定日是否实际在履行监护抚养责任")
    no_other_state: StrictBool | None = Field(
        None, title="已核实无其他情形", description="已核实没有上面未写明的任何一种情形的，写 true"
    )


class Guardian(_Known):
    """Who stands in for the parents, and how the duty is done."""

    other_guardian: StrictBool | None = Field(
        None, title="有无其他监护人", description="父母（或被羁押的监护人）之外，有无其他有能力的监护人"
    )
    no_guardian_or_support: StrictBool | None = Field(
        None, title="事实上无人监护抚养", description="经核实事实上无人监护、抚养"
    )
    court_named_civil_affairs: StrictBool | None = Field(
        None, title="法院指定民政监护", description="人民法院指定由民政部门担任监护人"
    )
    refuses_duty: StrictBool | None = Field(
        None, title="拒不履行监护", description="生父母或养父母不履行监护、抚养职责"
    )
    corrected_after_police_education: StrictBool | None = Field(
        None, title="教育后是否改正", description="经公安机关教育后是否改正；未改正写 false"
    )
    detained: TermState | None = Field(
        None, title="监护人被拘留等", description="父母以外的监护人被行政拘留、刑事拘留或采取其他限制人身自由措施"
    )
    imprisoned: TermState | None = Field(None, title="监护人服刑", description="父母以外的监护人在服刑")
    compulsory_detox: TermState | None = Field(
        None, title="监护人强制隔离戒毒", description="父母以外的监护人被强制隔离戒毒"
    )


class Household(_Known):
    """The family's means."""

    subsistence: LastingState | None = Field(None, title="低保", description="家庭是否已纳入最低生活保障")
    meets_subsistence: StrictBool | None = Field(
        None, title="是否符合低保条件", description="尚未纳入但经核对符合最低生活保障条件"
    )
    extreme_poverty: LastingState | None = Field(None, title="特困", description="儿童是否已纳入特困人员救助供养")
    registered_poor: LastingState | None = Field(None, title="建档立卡", description="是否建档立卡贫困户")
    poor: StrictBool | None = Field(None, title="家庭经济困难", description="经认定家庭经济困难")
    rural: StrictBool | None = Field(None, title="农村", description="农村家庭写 true，城镇写 false")
    child_has_livelihood: StrictBool | None = Field(None, title="儿童有无生活来源", description="儿童本人有无生活来源")
    supporter_able: StrictBool | None = Field(
        None, title="法定抚养人有无能力", description="法定抚养人有抚养能力写 true；没有法定抚养人或无能力写 false"
    )


class Stage(Labelled):
    """Where a child stands in schooling."""

    NONE = "none", "未就读"
    PRESCHOOL = "preschool", "学前"
    COMPULSORY = "compulsory", "义务教育"
    SENIOR_HIGH = "senior_high", "普通高中"
    SECONDARY_VOCATIONAL = "secondary_vocational", "中等职业学校"
    HIGHER = "higher", "高等教育"


class Schooling(_Known):
    """Where the child goes to school, and whether it can."""

    stage: Stage | None = Field(
        None, title="就学阶段", description="就学阶段：" + "、".join(f"{stage.value} {stage.label}" for stage in Stage)
    )
    school_kind: Literal["public", "private"] | None = Field(
        None, title="学校性质", description="public 公办，private 民办"
    )
    able_ordinary_school: StrictBool | None = Field(
        None, title="能否在普通学校就读", description="残疾儿童经评估能否接受普通学校教育"
    )
    able_to_attend: StrictBool | None = Field(None, title="能否到校", description="残疾儿童能否到学校就读")
    finished_compulsory: StrictBool | None = Field(None, title="是否完成义务教育", description="是否已接受完义务教育")
    boarding: StrictBool | None = Field(None, title="是否寄宿", description="是否在校寄宿")


class Health(_Known):
    """Illness, treatment and insurance."""

    serious_illness: StrictBool | None = Field(None, title="重病", description="儿童本人是否患重病")
    cerebral_palsy: StrictBool | None = Field(None, title="脑瘫", description="儿童本人是否脑瘫")
    treated_in_designated_hospital: StrictBool | None = Field(
        None, title="是否定点医疗机构", description="是否在定点医疗机构就医"
    )
    treated_in_pooling_area: StrictBool | None = Field(
        None, title="是否统筹区内", description="是否在本市统筹区域内就医"
    )
    rehab_item_listed: StrictBool | None = Field(
        None, title="康复项目是否在目录内", description="所需医疗康复项目是否已列入医保报销范围"
    )
    meets_medical_assistance: StrictBool | None = Field(
        None, title="是否符合医疗救助条件", description="低保、特困之外，是否属于县级以上政府规定的医疗救助对象"
    )


class ShockKind(Labelled):
    """What may throw a child into sudden hardship (三(一))."""

    NONE = "none", "没有"
    SUDDEN_EVENT = "sudden_event", "突发事件"
    ACCIDENT = "accident", "意外伤害"
    SERIOUS_ILLNESS = "serious_illness", "重大疾病"
    OTHER_HARDSHIP = "other_hardship", "其他特殊困难"


class Shock(_Known):
    """A sudden hardship, and whether other relief already answers it."""

    kind: ShockKind | None = Field(
        None, title="突发困难", description="突发困难：" + "、".join(f"{kind.value} {kind.label}" for kind in ShockKind)
    )
    date: Day | None = Field(None, title="发生日", description="发生的日期")
    other_relief: StrictBool | None = Field(None, title="有无其他救助", description="此时是否已得到其他社会救助保障")
    here: StrictBool | None = Field(None, title="是否发生在本县", description="急难是否发生在本县")


class Schemes(_Known):
    """What the child already receives, and what an office has already confirmed."""

    orphan_allowance: LastingState | None = Field(
        None, title="孤儿基本生活费", description="是否已纳入孤儿（含事实无人抚养）基本生活保障"
    )
    disability_living_subsidy: LastingState | None = Field(
        None, title="困难残疾人生活补贴", description="是否已领取困难残疾人生活补贴"
    )
    meets_living_subsidy: StrictBool | None = Field(
        None, title="是否符合生活补贴条件", description="民政、残联是否确认符合困难残疾人生活补贴条件"
    )
    meets_care_subsidy: StrictBool | None = Field(
        None, title="是否符合护理补贴条件", description="民政、残联是否确认符合重度残疾人护理补贴条件"
    )


class Needs(_Known):
    """Services the child has been found to need."""

    long_term_care: StrictBool | None = Field(None, title="需长期照护", description="是否需要长期照护")
    care_or_training: StrictBool | None = Field(
        None, title="需替代照料等", description="是否需要替代照料、养育辅导、康复训练"
    )
    rehabilitation: StrictBool | None = Field(
        None, title="需康复服务", description="是否需要基本公共服务项目内的康复服务"
    )


class Living(Labelled):
    """Where the child lives; the two institutions are not "the community" (社会散居)."""

    FAMILY = "family", "家庭"
    RELATIVES = "relatives", "亲属"
    FOSTER_FAMILY = "foster_family", "寄养家庭"
    ALONE = "alone", "独自居住"
    WELFARE_INSTITUTION = "welfare_institution", "社会福利机构"
    PROTECTION_CENTER = "minor_protection_center", "救助保护机构"


class Facts(_Known):
    """Everything an entitlement may depend on. Nothing here names the child."""

    birth: Day | None = Field(None, title="出生日期", description="儿童的出生日期，年-月-日")
    father: Parent | None = Field(None, title="父亲", description="生父或养父的情形")
    mother: Parent | None = Field(None, title="母亲", description="生母或养母的情形")
    guardian: Guardian | None = Field(None, title="监护", description="监护状况")
    household: Household | None = Field(None, title="家庭", description="家庭经济状况和已有的救助")
    disabilities: tuple[Disability, ...] | None = Field(
        None, title="儿童残疾", description="儿童本人的残疾类别和等级；没有残疾写 []"
    )
    schooling: Schooling | None = Field(None, title="就学", description="就学状况")
    health: Health | None = Field(None, title="健康", description="疾病、就医和医保")
    shock: Shock | None = Field(None, title="突发困难", description="突发事件、意外伤害、重大疾病等")
    schemes: Schemes | None = Field(None, title="已有保障", description="已领取或已确认的保障")
    needs: Needs | None = Field(None, title="服务需要", description="经评估需要的服务")
    living: Living | None = Field(
        None, title="居住", description="现居住处：" + "、".join(f"{place.value} {place.label}" for place in Living)
    )
    migrant: StrictBool | None = Field(
        None, title="随迁子女", description="是否农业转移人口或其他常住人口的随迁子女（户籍不在本地）"
    )
    adopted: StrictBool | None = Field(None, title="被收养", description="是否已被依法收养")
    in_difficulty: StrictBool | None = Field(
        None, title="困境儿童", description="是否已认定为困境儿童；写了贫困、残疾等具体情形的，可以不写"
    )
    recognised_by_county: StrictBool | None = Field(
        None, title="县级认定", description="对文件未列举的情形，县级民政是否已认定为事实上无人抚养"
    )

    @model_validator(mode="after")
    def _no_parent_died_before_the_child_could_be_born(self) -> Facts:
        for name, label, earliest_months in (("mother", "母亲", 0), ("father", "父亲", 12)):
            parent: Parent | None = getattr(self, name)
            died = parent.dead.since if parent and parent.dead and parent.dead.holds else None
            if died and self.birth and add_months(died, earliest_months) < self.birth:
                raise ValueError(f"{name}.dead.since：{label}死亡日 {died} 早于儿童出生日 {self.birth}，请核对")
        return self


def facts_schema() -> dict[str, Any]:
    """The JSON Schema of the facts, each field with its Chinese description."""
    return Facts.model_json_schema(mode="validation")
