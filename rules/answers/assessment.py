"""评估帮扶: the shape of its answers."""

from __future__ import annotations

from pydantic import Field, field_validator

from rules.answers.answer import Answer, written_when
from rules.entitlement_facts_form import EntitlementFacts
from rules.entitlement_keys import EntitlementKey
from rules.vocabulary import ClosingGround, Labelled


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
    ask_helpers_again: bool = Field(False, title="再次评估的，是否需要学校、医疗机构、村(居)再次协助")


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
    income_unstable: bool = Field(False, title="批准的，收入来源是否不固定或者家庭成员有劳动能力（每半年复核）")
    reasons: str = Field("", title="不予批准的理由（书面告知）", max_length=1000, validate_default=True)

    _refused_with_reasons = field_validator("reasons")(
        written_when("granted", False, "不予批准的，请写明理由；理由须书面告知申请人。")
    )


class DueResult(Labelled):
    """1F, C8 到期核对: the same choices for a review, an age and full age, so that the form tells no more than the letter.

    最低生活保障审核确认办法 31; 民发〔2019〕62号 二(四); 特困人员认定办法 24; 国办发〔2010〕54号 二(三).
    """

    CONTINUES = "continues", "仍符合条件，没有变化（年满18周岁仍在校的特困人员、孤儿选此项）"
    AMOUNT_CHANGES = "amount_changes", "仍符合条件，金额须调整"
    ENDED = "ended", "不再符合条件，须终止（已年满18周岁的选此项）"
    MATCH_AGAIN = "match_again", "须重新进行资格匹配（到龄可能符合新条件、出生日期有误的选此项）"


class DueCheck(Answer):
    """1F, C8 到期核对: what is due is read against the one-time code. Only the office that decides ends a grant."""

    result: DueResult = Field(title="核对结论")
    income_unstable: bool = Field(False, title="低保继续的，收入来源是否不固定或者家庭成员有劳动能力（每半年复核）")


class EndingDecision(Answer):
    """C8 终止异议的决定 (特困人员认定办法 26): decided after an objection has been looked into."""

    ends: bool = Field(title="经调查核实，是否终止")


class LegalAidDecision(Answer):
    """C6 法律援助的决定 (法律援助法 43)."""

    granted: bool = Field(True, title="是否给予法律援助")


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
    DIED = "died", "儿童死亡"
    MOVED = "moved", "儿童迁出本县，须移送"


class Visit(Answer):
    """C7 定期走访."""

    finding: VisitFinding = Field(title="走访发现")


class ClosingReason(Labelled):
    """Why an assessment may close (legal-basis 1F)."""

    RISK_REMOVED = ClosingGround.RISK_REMOVED.value, "风险消除"
    RETURNED_AND_STABLE = ClosingGround.RETURNED_AND_STABLE.value, "回归家庭并稳定"
    NEW_GUARDIAN_SETTLED = ClosingGround.NEW_GUARDIAN_SETTLED.value, "新监护人落实"
    ADOPTED = ClosingGround.ADOPTED.value, "已被收养"
    TURNED_18 = ClosingGround.TURNED_18.value, "年满18周岁"
    DIED = ClosingGround.DIED.value, "死亡"
    MOVED_JURISDICTION = ClosingGround.MOVED_JURISDICTION.value, "移送管辖"
    ENTITLEMENT_ENDED = ClosingGround.ENTITLEMENT_ENDED.value, "保障终止"

    @property
    def ground(self) -> ClosingGround:
        """The ground on which the proceeding closes."""
        return ClosingGround(self.value)


class ClosingReview(Answer):
    """C8 结案审核."""

    may_close: bool = Field(title="是否同意结案")
    ground: ClosingReason = Field(ClosingReason.RISK_REMOVED, title="结案理由")
