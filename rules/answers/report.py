"""强制报告: the shape of its answers."""

from __future__ import annotations

from pydantic import Field

from rules.answers.answer import Answer
from rules.vocabulary import Labelled, Office


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


class ProsecutionFeedback(Answer):
    """A8: the second feedback, before the case goes to the procuratorate for prosecution (高检发〔2020〕9号 10)."""

    transferred: bool = Field(title="是否移送审查起诉（不移送的，也已告知报告人）")


class Supervision(Answer):
    """A10 立案监督: whether the procuratorate thinks that a case must be filed, and so asks for the reasons.

    高检发〔2020〕9号 11; 公安机关办理刑事案件程序规定 182.
    """

    must_file: bool = Field(title="是否认为应当立案，要求公安机关说明不立案的理由")


class ReasonsForNotFiling(Answer):
    """A10: the police explain why they filed no case (公安机关办理刑事案件程序规定 182)."""

    reasons: str = Field(title="不立案的理由（书面说明）", min_length=1, max_length=1000)


class SupervisionDecision(Answer):
    """A10: whether the reasons hold (高检发〔2020〕9号 11)."""

    must_file: bool = Field(title="理由是否不成立，通知公安机关立案")


class FailureHandled(Answer):
    """A11 未履行报告义务的处理 (高检发〔2020〕9号 16-18; 未成年人保护法 114, 117)."""

    serious: bool = Field(False, title="是否造成严重后果、阻碍报告或监管不力，需检察院提出检察建议")
    office: Office = Field(Office.CIVIL_AFFAIRS, title="该单位由哪个部门主管")
