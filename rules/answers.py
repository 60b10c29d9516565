"""The shape of each step's answer. The form on the portal, the check on arrival and the flow's branches all read it.

A field's title is the question an officer reads. Free text may hold personal data: it stays in the
records and never enters a letter, a log or Prefect.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from rules.entitlement_facts_form import EntitlementFacts
from rules.entitlement_keys import EntitlementKey
from rules.vocabulary import Labelled, Office

Note = Annotated[str, Field(title="办理情况说明", max_length=2000, json_schema_extra={"widget": "textarea"})]


class Answer(BaseModel):
    """An office's report that a step is done. Every answer may carry a note."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_enum_values=False)

    note: Note = ""


class Done(Answer):
    """Done, with nothing to decide."""


# --- 强制报告 -------------------------------------------------------------------------------------


class Acceptance(Answer):
    """A5 接受报案: the police accept every report at once and give a receipt (高检发〔2020〕9号 8; 公安机关办理刑事案件程序规定 171)."""

    acceptance_number: str = Field("", title="受案登记表或回执编号", max_length=60)
    own_jurisdiction: bool = Field(title="是否属于本单位管辖")


class TriageOutcome(Labelled):
    """A7 受理分流."""

    EMERGENCY = "emergency", "儿童面临现实危险，立即应急处置"
    CRIME = "crime", "涉嫌犯罪，立案侦查"
    PUBLIC_ORDER = "public_order", "违反治安管理，受理为行政案件"
    NOT_POLICE = "not_police", "不属公安职责，但儿童需要帮扶"
    UNFOUNDED = "unfounded", "经核实不属实"


class Triage(Answer):
    """A7: what the police make of the report (高检发〔2020〕9号 8)."""

    outcome: TriageOutcome = Field(title="分流结论")
    child_still_needs_help: bool = Field(True, title="儿童是否仍需评估帮扶")
    failed_duty_to_report: bool = Field(False, title="是否发现有单位应报告而未报告或阻碍报告")


class CaseFiling(Answer):
    """立案侦查: whether a criminal case was opened."""

    filed: bool = Field(title="是否已立案")


class Supervision(Answer):
    """A10 立案监督 (公安机关办理刑事案件程序规定 182)."""

    must_file: bool = Field(title="是否通知公安机关立案")


# --- 应急处置 -------------------------------------------------------------------------------------


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


class Scene(Answer):
    """B2 and B4: the child made safe, and what was found."""

    situation: Situation = Field(title="儿童处境")
    child_in_danger: bool = Field(title="儿童是否面临人身危险或处于无人照料状态")
    child_needs_doctor: bool = Field(title="儿童是否受伤或患病，需要立即就医")
    child_must_leave_home: bool = Field(title="是否需要带离监护人")
    guardian_failed_after_education: bool = Field(False, title="监护人经公安机关教育后是否仍不履行监护职责")
    protection_order_needed: bool = Field(False, title="是否需要申请人身安全保护令")
    urgent_protection_order: bool = Field(False, title="保护令是否情况紧急")


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
    """B10: the court's decision on a protection order (反家庭暴力法 28)."""

    granted: bool = Field(title="是否作出人身安全保护令")


class Measure(Answer):
    """A first measure of B4 by situation."""

    child_settled: bool = Field(title="儿童是否已得到妥善照料")


# --- 评估帮扶 -------------------------------------------------------------------------------------


class CaseFile(Answer):
    """C1 建档: one child, one file (晋政发〔2017〕46号 四)."""

    file_number: str = Field(title="困境儿童档案编号", min_length=1, max_length=60)
    joins_existing_file: bool = Field(False, title="是否并入该儿童已有档案")


class AssessmentResult(Labelled):
    """C2 调查评估结论."""

    DANGER = "danger", "发现现实危险，立即应急处置"
    SERIOUS_GUARDIAN_HARM = "serious_guardian_harm", "监护严重不当或侵害，需监护干预"
    NEEDS_HELP = "needs_help", "需要救助保障或服务"
    NO_NEED = "no_need", "无需帮扶"


class Investigation(Answer):
    """C2 调查评估: safety, guardianship, body and mind (国发〔2016〕13号 四(三))."""

    result: AssessmentResult = Field(title="评估结论")
    guardian_doubtful: bool = Field(title="监护能力是否存疑，需专门评估")
    services_needed: bool = Field(True, title="是否需要专业服务")


class Capability(Labelled):
    """C2b, D5 监护能力评估结论."""

    CAPABLE = "capable", "具备监护能力"
    CAPABLE_WITH_HELP = "capable_with_help", "经指导帮扶可以履行监护职责"
    INCAPABLE = "incapable", "不具备监护能力或继续监护将严重损害儿童"


class CapabilityAssessment(Answer):
    """C2b 监护能力评估 (未成年人保护法 93; DB14/T 3251-2025)."""

    capability: Capability = Field(title="监护能力评估结论")


class Matching(Answer, EntitlementFacts):
    """C3 资格匹配: the facts from which the rules find what the child is entitled to, and what a person adds to that.

    晋政发〔2017〕46号 三, 四; 社会救助暂行办法 60. Open lists ("等事实上无人抚养", E07) need a person.
    """

    entitlements: tuple[EntitlementKey, ...] = Field((), title="另外认定的项目（人工认定，可多选，没有则不选）")


class FactsCompleted(Answer, EntitlementFacts):
    """C3 补充资格事实: what the first form left open, asked once. What is still open stays unknown."""


class SchemeCheck(Answer):
    """C4 审核查验: the opinion of an office that does not itself decide; it cannot refuse."""

    meets: bool = Field(title="经审核查验，是否符合条件")


class PublicNotice(Answer):
    """C4 公示: only where the scheme's law wants it (最低生活保障审核确认办法 19; 特困人员认定办法 15)."""

    objection: bool = Field(title="公示期内是否有异议")


class SchemeDecision(Answer):
    """C4 各项救助审批: a refusal is given in writing with its reasons (民发〔2019〕62号 二)."""

    granted: bool = Field(title="是否批准")
    reasons: str = Field("", title="不予批准的理由（书面告知）", max_length=1000, validate_default=True)

    @field_validator("reasons")
    @classmethod
    def _refused_with_reasons(cls, reasons: str, info: ValidationInfo) -> str:
        if info.data.get("granted") is False and not reasons.strip():
            raise ValueError("不予批准的，请写明理由；理由须书面告知申请人。")
        return reasons


class Service(Labelled):
    """C6: what an office owes a child by its own duty (晋政发〔2017〕46号 五)."""

    HEALTH_FILE = "health_file", "健康档案、健康卡和诊疗方案（卫健）"
    DROPOUT_PREVENTION = "dropout_prevention", "控辍保学和学业帮助（教育）"
    REHABILITATION = "rehabilitation", "康复（残联）"
    WOMENS_PAIRING = "womens_pairing", "结对帮扶（妇联）"
    YOUTH_PAIRING = "youth_pairing", "结对帮扶（共青团）"
    UNION_PAIRING = "union_pairing", "结对帮扶（工会）"
    ELDER_CARE = "elder_care", "“五老”一对一关爱（关工委）"
    FAMILY_EDUCATION = "family_education", "家庭教育指导（妇联）"
    LEGAL_AID = "legal_aid", "法律援助（司法）"
    PSYCHOLOGICAL_SUPPORT = "psychological_support", "心理疏导、社会工作（社会组织）"
    CHILDRENS_HOME = "childrens_home", "儿童之家（村、居）"


class ServicesArranged(Answer):
    """C6 安排专业服务: which offices must act for this child."""

    services: tuple[Service, ...] = Field((), title="需要哪些服务（可多选，没有则不选）")


class VisitFinding(Labelled):
    """C7 随访发现."""

    STABLE = "stable", "情况稳定"
    CHANGED = "changed", "情况有变，需要继续随访"
    DANGER = "danger", "发现现实危险"
    GUARDIAN_HARM = "guardian_harm", "监护严重不当或侵害"


class Visit(Answer):
    """C7 定期走访."""

    finding: VisitFinding = Field(title="走访发现")


class ClosingReview(Answer):
    """C8 结案审核."""

    may_close: bool = Field(title="是否同意结案")


# --- 监护干预 -------------------------------------------------------------------------------------


class GuardianshipCause(Labelled):
    """D1: why the county intervenes."""

    VIOLENCE = "violence", "家庭暴力"
    ABUSE = "abuse", "虐待"
    ABANDONMENT = "abandonment", "遗弃"
    NEGLECT = "neglect", "怠于履行监护职责"
    INCAPACITY = "incapacity", "丧失监护能力"
    ABSENCE = "absence", "监护人失踪、失联"
    NO_GUARDIAN = "no_guardian", "没有监护人"


class Severity(Labelled):
    """D1: how far to go."""

    MINOR = "minor", "情节较轻，先行劝诫"
    SERIOUS = "serious", "情节严重，训诫、处罚并评估"
    UNATTENDED = "unattended", "儿童无人监护或须脱离监护人，民政临时监护"


class Intervention(Answer):
    """D1 启动监护干预 (国发〔2016〕13号 四(四); 未成年人保护法 92, 94, 118)."""

    cause: GuardianshipCause = Field(title="干预原因")
    severity: Severity = Field(title="干预方式")
    guardian_untraced: bool = Field(False, title="监护人是否下落不明，需要查找")


class Admonition(Answer):
    """D2 劝诫, D3 训诫: whether the guardian mends."""

    improved: bool = Field(title="监护人是否改正")


class GuardianPlace(Labelled):
    """D4 临时监护的照料方式 (未成年人保护法 93)."""

    KINSHIP = "kinship_care", "委托亲属抚养"
    FOSTER = "foster_care", "家庭寄养"
    PROTECTION_CENTER = "minor_protection_center", "交由救助保护机构收留"
    WELFARE_INSTITUTION = "child_welfare_institution", "交由儿童福利机构抚养"


class TemporaryGuardianship(Answer):
    """D4 临时监护."""

    place: GuardianPlace = Field(title="照料方式")


class Trace(Answer):
    """D4a 查找监护人 (民发〔2019〕62号 四(二))."""

    found: bool = Field(title="是否查找到监护人")


class ConferenceOutcome(Labelled):
    """D6 多方会商结论."""

    SAFE = "safe", "可以安全返家"
    RELATIVE_CARE = "relative_care", "交由其他监护人或亲属照料"
    REVOKE = "revoke", "申请撤销监护人资格"
    EXTEND = "extend", "继续临时监护"


class Conference(Answer):
    """D6 多方会商 (民发〔2015〕189号 三(四))."""

    outcome: ConferenceOutcome = Field(title="会商结论")


class RevocationFiling(Answer):
    """D7 申请撤销监护人资格 (民法典 36)."""

    filed: bool = Field(title="是否已向人民法院提出申请")


class CourtHearing(Answer):
    """D8 法院审理."""

    docket_number: str = Field("", title="案号", max_length=60)


class JudgmentResult(Labelled):
    """D9 判决."""

    REVOKED = "revoked", "撤销监护人资格，指定民政部门监护"
    REVOKED_OTHER_GUARDIAN = "revoked_other_guardian", "撤销监护人资格，另行指定监护人"
    NOT_REVOKED = "not_revoked", "不予撤销"


class Judgment(Answer):
    """D9 判决 (民法典 36; 民法典总则编司法解释 9)."""

    result: JudgmentResult = Field(title="判决结果")


# --- 协调 -----------------------------------------------------------------------------------------


class Reroute(Answer):
    """退回件改派: the coordinator names the office that takes the step, or sends it back to the same one."""

    office: Office = Field(title="改由哪个单位承办")


class FactsSupplied(Answer):
    """补充材料: the coordinator's answer to an office's question. The text is shown behind the office's link."""

    facts: str = Field(title="补充的情况", min_length=1, max_length=2000, json_schema_extra={"widget": "textarea"})


class ExtensionDecision(Answer):
    """延期审批: one bounded extension, asked before expiry."""

    granted: bool = Field(title="是否同意延期")
