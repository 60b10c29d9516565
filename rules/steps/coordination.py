"""协调 K: the coordinator's own questions, which serve every mechanism."""

from rules import answers as a
from rules.steps.definition import define
from rules.vocabulary import Office

REROUTE = define(
    None, "K1", "reroute", "退回件改派", Office.COORDINATOR, a.Reroute,
    "承办单位退回了交办事项。请确定由哪个单位承办；法定期限继续计算。",
)  # fmt: skip
SUPPLY_FACTS = define(
    None, "K2", "supply_facts", "补充材料", Office.COORDINATOR, a.FactsSupplied,
    "承办单位要求补充材料。请补充后回复；承办单位将凭原链接查看。",
)  # fmt: skip
DECIDE_EXTENSION = define(
    None, "K3", "decide_extension", "延期审批", Office.COORDINATOR, a.ExtensionDecision,
    "承办单位申请延期。请在原期限届满前决定是否同意。",
)  # fmt: skip
SEEK_PROCURATORIAL_SUPERVISION = define(
    None, "K4", "seek_procuratorial_supervision", "提请检察监督", Office.COORDINATOR, a.SupervisionSought,
    "承办单位一直没有办理，已经告知联席会议。请决定是否提请人民检察院监督。",
)  # fmt: skip
PROCURATORIAL_RECOMMENDATION = define(
    None, "K5", "procuratorial_recommendation", "检察建议", Office.PROCURATORATE, a.Recommendation,
    "有单位未履行保护职责，经督办仍未办理。请依法决定是否向该单位提出检察建议，并回复。",
)  # fmt: skip
REPLY_TO_RECOMMENDATION = define(
    None, "K6", "reply_to_recommendation", "书面回复检察建议", Office.CIVIL_AFFAIRS, a.RecommendationReply,
    "人民检察院就该事项向贵单位提出了检察建议。请书面回复检察院；原事项仍须办理。",
)  # fmt: skip
