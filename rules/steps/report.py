"""强制报告 A: the questions of mandatory report."""

from rules import answers as a
from rules.steps.definition import define
from rules.vocabulary import Mechanism, Office

REPORT = Mechanism.MANDATORY_REPORT

POLICE_ACCEPT = define(
    REPORT, "A5", "police_accept", "接受报案", Office.PUBLIC_SECURITY, a.Acceptance,
    "请立即接受报案，制作笔录，向报告人出具受案回执，并核对是否属于本单位管辖。", emergency=True,
)  # fmt: skip
TRANSFER_JURISDICTION = define(
    REPORT, "A6", "transfer_jurisdiction", "移送管辖", Office.PUBLIC_SECURITY, a.Done,
    "请先行采取必要的紧急措施，再将案件移送有管辖权的公安机关，并将移送结果回复。", emergency=True,
)  # fmt: skip
TRIAGE = define(
    REPORT, "A7", "triage", "受理分流", Office.PUBLIC_SECURITY, a.Triage,
    "请核实报告情况并作出分流结论。情况不明的，按面临现实危险处理。", emergency=True,
)  # fmt: skip
FILE_CRIMINAL_CASE = define(
    REPORT, "A7", "file_criminal_case", "立案侦查", Office.PUBLIC_SECURITY, a.CaseFiling,
    "请依法决定是否立案侦查，并回复结果。",
)  # fmt: skip
PUBLIC_ORDER_CASE = define(
    REPORT, "A7", "public_order_case", "办理治安案件", Office.PUBLIC_SECURITY, a.Done,
    "请依法办理该治安案件，办结后回复。",
)  # fmt: skip
FEEDBACK_REPORTER = define(
    REPORT, "A8", "feedback_reporter", "反馈报告人", Office.PUBLIC_SECURITY, a.Done,
    "请将受案或立案情况以适当方式反馈实名报告人，并注意保密。",
)  # fmt: skip
FEEDBACK_BEFORE_PROSECUTION = define(
    REPORT, "A8", "feedback_before_prosecution", "移送审查起诉前告知报告人", Office.PUBLIC_SECURITY, a.ProsecutionFeedback,
    "请在移送审查起诉前告知实名报告人，并注意保密；不移送审查起诉的，结案时告知并回复。",
)  # fmt: skip
FILE_WITH_SUPERVISOR = define(
    REPORT, "A3", "file_with_supervisor", "报告备案", Office.CIVIL_AFFAIRS, a.Done,
    "报告单位属贵单位主管。请将该报告登记备案，并督促报告单位配合后续工作。",
)  # fmt: skip
HELP_APPLY = define(
    REPORT, "A9", "help_apply", "告知并协助申请救助", Office.VILLAGE_COMMITTEE, a.Done,
    "请儿童主任告知该家庭可以申请的救助保障，并协助其提出申请。",
)  # fmt: skip
CASE_SUPERVISION = define(
    REPORT, "A10", "case_supervision", "立案监督", Office.PROCURATORATE, a.Supervision,
    "公安机关未予立案。请依法审查，认为应当立案的，要求公安机关说明不立案的理由。",
)  # fmt: skip
EXPLAIN_NOT_FILING = define(
    REPORT, "A10", "explain_not_filing", "说明不立案的理由", Office.PUBLIC_SECURITY, a.ReasonsForNotFiling,
    "人民检察院要求说明不立案的理由。请书面说明，并回复。",
)  # fmt: skip
SUPERVISION_DECISION = define(
    REPORT, "A10", "supervision_decision", "审查不立案的理由", Office.PROCURATORATE, a.SupervisionDecision,
    "公安机关已经说明不立案的理由。请审查，理由不成立的通知公安机关立案，并回复。",
)  # fmt: skip
FILE_ON_NOTICE = define(
    REPORT, "A10", "file_on_notice", "按检察院通知立案", Office.PUBLIC_SECURITY, a.CaseFiling,
    "人民检察院通知立案。请立即立案，并将立案情况回复。",
)  # fmt: skip
FAILURE_TO_REPORT = define(
    REPORT, "A11", "failure_to_report", "未履行报告义务的处理", Office.CIVIL_AFFAIRS, a.FailureHandled,
    "发现有单位应当报告而未报告或者阻碍报告。请依照职责处理或转请有权机关处理，并回复。",
)  # fmt: skip
RECOMMENDATION_ON_FAILURE = define(
    REPORT, "A11", "recommendation_on_failure", "就未报告提出检察建议", Office.PROCURATORATE, a.Recommendation,
    "有单位未履行报告义务，情节严重。请依法决定是否向其主管部门提出检察建议，并回复。",
)  # fmt: skip
REPLY_ON_FAILURE = define(
    REPORT, "A11", "reply_on_failure", "就未报告书面回复检察建议", Office.CIVIL_AFFAIRS, a.RecommendationReply,
    "人民检察院就所属单位未履行报告义务提出了检察建议。请采取措施并书面回复检察院。",
)  # fmt: skip
