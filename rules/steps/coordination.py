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
