"""What comes next: for each step, what follows when it is done and what follows when it is sent back or late.

For whoever asks why a case is where it is (`jieli explain`, the case sheet). The flows decide; this only says in a
sentence what they do, and a test keeps every step in the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rules.steps import STEPS
from rules.vocabulary import Office


@dataclass(frozen=True)
class Outlook:
    """Two short Chinese sentences: after 办结, and after 退回 or 逾期."""

    done: str
    otherwise: str


_SENT_BACK = "退回的由协调员改派，法定期限继续计算；逾期的逐级告知单位负责人、协调员、分管领导。"
_SENT_BACK_IN_DANGER = "退回的由协调员立即改派；逾期的不等上班时间，逐级告知单位负责人、协调员、分管领导。"
_COORDINATOR_LATE = "逾期的告知分管领导；原事项的期限不停。"

_AFTER: dict[str, str] = {
    "police_accept": "公安受理分流；不属本地管辖的先移送，儿童由本县评估帮扶。",
    "transfer_jurisdiction": "强制报告办结，儿童由本县评估帮扶。",
    "triage": "有危险的转应急处置，需要帮扶的转评估帮扶，犯罪的立案，不属实的办结。",
    "file_criminal_case": "已立案的反馈报告人；未立案的请检察院监督。",
    "public_order_case": "强制报告的这一项办结。",
    "feedback_reporter": "强制报告的这一项办结。",
    "file_with_supervisor": "主管部门备案完毕，不影响其他事项。",
    "help_apply": "家庭已知道可以申请什么，评估帮扶同时进行。",
    "case_supervision": "要求立案的，公安再次立案；不要求的，反馈报告人。",
    "failure_to_report": "追责的这一项办结，不影响儿童的案件。",
    "dispatch": "公安制止侵害，查明儿童处境。",
    "stop_and_secure": "受伤患病的先就医，再按处境采取首要措施。",
    "medical_first": "按处境采取首要措施。",
    "warning_decision": "出具告诫书的，七日内查访，以后每三个月一次。",
    "apply_protection_order": "人民法院裁定是否作出保护令。",
    "protection_order": "作出的，公安查访加害人；不作出的，其他措施照常。",
    "urgent_protection_order": "作出的，公安查访加害人；不作出的，其他措施照常。",
    "check_abuser": "保护令的这一项办结。",
    "remove_from_guardian": "公安与救助保护机构办理书面交接。",
    "handover_given": "双方单号一致的，村(居)应急照料；不一致的，双方重办。",
    "handover_taken": "双方单号一致的，村(居)应急照料；不一致的，双方重办。",
    "village_emergency_care": "返家的转评估帮扶；不能返家的，民政临时安置。",
    "temporary_placement": "返家的转评估帮扶；延长的再次安置；不能返家的转监护干预。",
    "placement_extension": "返家的转评估帮扶；不能返家的转监护干预。",
    "warned_family_visit": "平稳的三个月内再次查访；又有伤害的转监护干预。",
    "warned_family_revisit": "连续三次平稳的不再查访；又有伤害的转监护干预。",
    "open_case_file": "乡镇调查评估，学校、医疗机构、村(居)协助。",
    "investigate": "有危险的转应急处置；监护有疑的专门评估；需要帮扶的匹配资格；无需帮扶的结案。",
    "school_help": "与其他协助单位都答复后，继续评估帮扶。",
    "clinic_help": "与其他协助单位都答复后，继续评估帮扶。",
    "village_help": "与其他协助单位都答复后，继续评估帮扶。",
    "guardianship_capability_assessment": "不具备监护能力的转监护干预；资格匹配照常。",
    "match_entitlements": "系统按规定比对；缺少情况的请乡镇补一次，找到的同时交各单位。",
    "complete_facts": "找到的保障同时交各单位；仍不清楚的不影响其他项目。",
    "scheme_check": "符合的转下一环节；不符合的直接由审批单位决定。",
    "public_notice": "没有异议的，由审批单位决定；有异议的，乡镇重新调查。",
    "scheme_recheck": "符合的依法重新公示或者转审批单位；不符合的直接由审批单位决定。",
    "scheme_decision": "批准的纳入保障；不批准的书面告知理由，该项结束。",
    "tell_refusal": "该项结束；申请人可以申请复议或者提起诉讼。",
    "enrol_and_pay": "该项保障办结；全部办结后安排服务和走访。",
    "due_check": "继续的记下下次核对；金额有变的调整；不再符合的依法终止；须重新匹配的重新匹配。",
    "adjust_payment": "该项复核办结。",
    "ending_notice": "没有异议的终止；有异议的先核实再决定。",
    "ending_decision": "终止的重新公示后办理；不终止的继续保障。",
    "end_entitlement": "该项保障终止；没有其他保障的结案。",
    "arrange_services": "勾选的服务同时交各单位；没有勾选的，开始走访。",
    "legal_aid": "给予的三日内指派；不给予的，这一项办结。",
    "assign_lawyer": "法律援助人员会见儿童。",
    "lawyer_meets_child": "法律援助的这一项办结。",
    "follow_up_visit": "稳定的审核结案；有变化的重新评估；有危险的转应急处置；死亡、迁出的终止。",
    "closing_review": "同意的结案；不同意的继续走访。",
    "open_intervention": "情节较轻的劝诫，严重的训诫，无人监护的民政临时监护。",
    "admonish": "改正的回到评估帮扶；不改的由公安训诫。",
    "discipline": "改正的回到评估帮扶；不改的民政临时监护。",
    "temporary_guardianship": "监护人下落不明的先查找，否则评估监护人。",
    "trace_guardian": "找到的评估监护人；找不到的民政长期监护。",
    "assess_guardian": "各方会商儿童的去向。",
    "case_conference": "可以返家、亲属照料、继续临时监护，或者申请撤销监护人资格。",
    "return_child": "村(居)随访返家儿童。",
    "kinship_handover": "回到评估帮扶，落实保障和走访。",
    "suggest_revocation": "有人申请的由法院审理；都不申请的由民政申请。",
    "file_revocation": "人民法院审理。",
    "court_trial": "人民法院判决。",
    "judgment": "撤销的落实新监护人或民政长期监护；不撤销的返家随访。",
    "long_term_guardianship": "追索抚养费，回到评估帮扶。",
    "settle_new_guardian": "追索抚养费，回到评估帮扶。",
    "support_claim": "追索的这一项办结。",
    "return_follow_up": "稳定的回到评估帮扶；又有危险或侵害的转应急处置。",
    "reroute": "事项交给所定的单位。",
    "supply_facts": "承办单位收到通知，凭原链接查看后继续办理。",
    "decide_extension": "同意的期限延长一次；不同意的仍按原期限。",
}

_FIRST_MEASURE = "儿童已妥善照料的转评估帮扶；须离家的带离安置；没有着落的转监护干预。"
_SERVICE = "与其他服务都办结后，开始走访。"


def _done(key: str) -> str:
    step = STEPS[key]
    if key in _AFTER:
        return _AFTER[key]
    if step.code.startswith("B4"):
        return _FIRST_MEASURE
    if step.code == "C6":
        return _SERVICE
    raise KeyError(f"rules/outlook.py says nothing of {key}")


def _otherwise(key: str) -> str:
    step = STEPS[key]
    if step.office is Office.COORDINATOR:
        return _COORDINATOR_LATE
    return _SENT_BACK_IN_DANGER if step.urgency.value == "emergency" else _SENT_BACK


OUTLOOK: Mapping[str, Outlook] = MappingProxyType({key: Outlook(_done(key), _otherwise(key)) for key in STEPS})
"""What comes next, by the key of the step."""
