"""应急处置: the shape of its answers."""

from __future__ import annotations

from datetime import date

from pydantic import ConfigDict, Field, field_validator

from rules.answers.answer import Answer, written_when
from rules.vocabulary import Labelled


class Situation(Labelled):
    """B4 处境分类 (国发〔2016〕13号 四(二); legal-basis 1B)."""

    ALONE_LIVING = "alone_living", "脱离监护单独居住生活"
    GUARDIAN_INCAPABLE = "guardian_incapable", "监护人丧失监护能力"
    GUARDIAN_NEGLECT = "guardian_neglect", "监护人不履行监护责任"
    PARENTS_UNREACHABLE = "parents_unreachable", "父母联系不上"
    MISSING = "missing", "失踪"
    DOMESTIC_VIOLENCE = "domestic_violence", "家庭暴力"
    OTHER_HARM = "other_harm", "其他不法侵害"
    ACCIDENT = "accident", "意外伤害"
    ABANDONED = "abandoned", "被遗弃"
    UNKNOWN_IDENTITY = "unknown_identity", "身份不明"
    TRAFFICKED_RESCUED = "trafficked_rescued", "打拐解救"
    GUARDIAN_DETAINED = "guardian_detained", "监护人被拘留等限制人身自由"
    GUARDIAN_IMPRISONED = "guardian_imprisoned", "监护人服刑"
    GUARDIAN_IN_DETOX = "guardian_in_detox", "监护人强制隔离戒毒"
    SUDDEN_EVENT = "sudden_event", "突发事件致无人照料"
    STREET_CHILD = "street_child", "流浪乞讨"
    RUNAWAY = "runaway", "离家出走"
    GUARDIAN_INCITES_CRIME = "guardian_incites_crime", "监护人教唆、利用违法犯罪"


class Dispatch(Answer):
    """B1 出警: the police are with the child, or say why not."""

    child_found: bool = Field(title="是否已见到儿童")


class Custody(Labelled):
    """B4i, B4j: how the guardian is held; each kind has its own time for telling the family."""

    NOT_SAID = "not_said", "不涉及或尚不清楚"
    ADMINISTRATIVE = "administrative", "行政拘留"
    CRIMINAL = "criminal", "刑事拘留、逮捕"
    DETOX = "detox", "强制隔离戒毒"
    PRISON = "prison", "收监服刑"


class Scene(Answer):
    """B2 and B4: the child made safe, and what was found."""

    situation: Situation = Field(title="儿童处境")
    child_in_danger: bool = Field(title="儿童是否面临人身危险或处于无人照料状态")
    child_needs_doctor: bool = Field(title="儿童是否受伤或患病，需要立即就医")
    child_must_leave_home: bool = Field(title="是否需要带离监护人")
    guardian_failed_after_education: bool = Field(False, title="监护人经公安机关教育后是否仍不履行监护职责")
    protection_order_needed: bool = Field(False, title="是否需要申请人身安全保护令")
    urgent_protection_order: bool = Field(False, title="保护令是否情况紧急")
    custody: Custody = Field(Custody.NOT_SAID, title="监护人被限制人身自由的，是哪一种")

    @property
    def guardian_held(self) -> Custody:
        """How the guardian is held, from the answer or the situation; unclear detention counts as the strictest kind."""
        if self.custody is not Custody.NOT_SAID:
            return self.custody
        by_situation = {
            Situation.GUARDIAN_DETAINED: Custody.CRIMINAL,
            Situation.GUARDIAN_IN_DETOX: Custody.DETOX,
            Situation.GUARDIAN_IMPRISONED: Custody.PRISON,
        }
        return by_situation.get(self.situation, Custody.NOT_SAID)


class Handover(Answer):
    """B6 书面交接 (晋政发〔2017〕46号 三(四)): both sides confirm the same paper."""

    model_config = ConfigDict(str_strip_whitespace=True)

    document_number: str = Field(title="书面交接单编号（双方须一致）", min_length=1, max_length=60)


class PlaceAfterVillage(Labelled):
    """What follows the village's emergency care of at most 24 hours (山西省家庭暴力预防和处置办法 19)."""

    HOME = "home", "安全返家"
    SHELTER = "shelter", "转入救助保护机构临时庇护"


class VillageCare(Answer):
    """B8 村(居)应急照料."""

    then: PlaceAfterVillage = Field(title="应急照料结束后的去向")


class PlacementResult(Labelled):
    """B8: what follows a shelter of at most ten days (山西省家庭暴力预防和处置办法 20)."""

    RETURNED = "returned", "已安全返家或由其他监护人领回"
    EXTENDED = "extended", "经主管部门批准延长"
    TEMPORARY_GUARDIANSHIP = "temporary_guardianship", "转为民政临时监护"


class Placement(Answer):
    """B8 临时安置."""

    result: PlacementResult = Field(title="临时安置结果")


class WarningDecision(Answer):
    """B9 告诫 (公通字〔2024〕34号 6, 8, 20; 山西省家庭暴力预防和处置办法 15)."""

    issued: bool = Field(title="是否出具告诫书")
    why_not: str = Field("", title="未出具的理由（如已给予治安处罚或立案）", max_length=500)


class Ruling(Answer):
    """B10: the court's decision on a protection order (反家庭暴力法 28), and the last day on which it holds (30)."""

    granted: bool = Field(title="是否作出人身安全保护令")
    valid_until: date | None = Field(None, title="保护令有效期至（不填的，按作出之日起六个月）")


class Applied(Answer):
    """B10: whether the applicant asks the court again (反家庭暴力法 30, 31)."""

    applied: bool = Field(title="是否已向人民法院提出申请")


class Measure(Answer):
    """A first measure of B4 by situation."""

    child_settled: bool = Field(title="儿童是否已得到妥善照料")


class FamilySearch(Answer):
    """B4h, B4l: what became of the search for the child's family. A found family ends it."""

    found: bool = Field(title="是否查找到生父母或其他监护人")


class CertifiedSearch(FamilySearch):
    """B4h: a search without result ends with a certificate (民发〔2015〕159号)."""

    certificate: str = Field("", title="未查找到的，所出具证明的编号", max_length=60, validate_default=True)

    _not_found_with_certificate = field_validator("certificate")(
        written_when("found", False, "未查找到的，请填写所出具证明的编号。")
    )
