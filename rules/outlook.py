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
_CANNOT_BE_SENT_BACK = "不能退回；逾期的逐级告知单位负责人、协调员、分管领导。"
_COORDINATOR_LATE = "逾期的告知分管领导；原事项的期限不停。"

_AFTER: dict[str, str] = {
    "police_accept": "公安受理分流；不属本地管辖的先移送，儿童由本县评估帮扶。",
    "transfer_jurisdiction": "强制报告办结，儿童由本县评估帮扶。",
    "triage": "有危险的转应急处置，需要帮扶的转评估帮扶，犯罪的立案，不属实的办结。",
    "file_criminal_case": "反馈报告人；未立案的请检察院监督。",
    "public_order_case": "强制报告的这一项办结。",
    "feedback_reporter": "强制报告的这一项办结。",
    "feedback_before_prosecution": "强制报告的这一项办结。",
    "file_with_supervisor": "主管部门备案完毕，不影响其他事项。",
    "help_apply": "家庭已知道可以申请什么，评估帮扶同时进行。",
    "case_supervision": "认为应当立案的，公安说明不立案的理由；否则监督办结。",
    "explain_not_filing": "检察院审查理由是否成立。",
    "supervision_decision": "理由不成立的，公安按通知立案；成立的监督办结。",
    "file_on_notice": "已立案的反馈报告人，移送审查起诉前再告知一次。",
    "failure_to_report": "情节严重的请检察院提出检察建议；不影响儿童的案件。",
    "recommendation_on_failure": "发出检察建议的，主管部门一个月内书面回复。",
    "reply_on_failure": "追责的这一项办结，不影响儿童的案件。",
    "dispatch": "公安制止侵害，查明儿童处境。",
    "stop_and_secure": "受伤患病的先就医，再按处境采取首要措施。",
    "medical_first": "按处境采取首要措施。",
    "warning_decision": "出具告诫书的，七日内查访，以后每三个月一次。",
    "apply_protection_order": "人民法院裁定是否作出保护令。",
    "protection_order": "作出的，送达、公安查访并定期回访；驳回的，决定是否复议。",
    "urgent_protection_order": "作出的，送达、公安查访并定期回访；驳回的，决定是否复议。",
    "serve_order": "保护令的这一项办结；有效期内定期回访。",
    "decide_reconsideration": "申请复议的由法院决定；不申请的，其他措施照常。",
    "reconsideration": "作出保护令的，送达、查访并回访；维持驳回的，其他措施照常。",
    "decide_order_extension": "申请的由法院裁定；不申请的，期满反馈法院。",
    "extension_ruling": "延长的继续回访；不延长的，期满反馈法院。",
    "order_follow_up": "有效期内再次回访；发现又有伤害的转监护干预。",
    "order_return_form": "保护令的这一项办结。",
    "check_abuser": "保护令的这一项办结。",
    "rescued_search": "查找到的结束查找；未查找到的发布寻亲公告，继续查找。",
    "rescued_notice": "公告满三十日无人认领的，移送儿童福利机构。",
    "move_rescued": "儿童在福利机构抚养，公安继续查找。",
    "rescued_final_search": "查找到的结束查找；未查找到的告知民政，可以依法送养。",
    "notify_family_of_administrative_detention": "通知家属的这一项办结，儿童照料照常安排。",
    "notify_family_of_detained": "通知家属的这一项办结，儿童照料照常安排。",
    "notify_family_of_detox": "通知家属的这一项办结，儿童照料照常安排。",
    "notify_family_of_prisoner": "通知家属的这一项办结，儿童照料照常安排。",
    "tell_of_unsupported_child": "民政和乡镇接到通报，儿童由评估帮扶跟进。",
    "tell_home_township": "户籍地乡镇跟进帮扶，这一项办结。",
    "search_street_child_family": "查找到的通知户籍地乡镇；满两年未查找到的办理户口登记。",
    "register_household": "户口登记的这一项办结。",
    "remove_from_guardian": "公安与救助保护机构办理书面交接。",
    "handover_given": "双方单号一致的，村(居)应急照料；不一致的，双方重办。",
    "handover_taken": "双方单号一致的，村(居)应急照料；不一致的，双方重办。",
    "village_emergency_care": "返家的转评估帮扶；不能返家的，民政临时安置。",
    "temporary_placement": "返家的转评估帮扶；延长的再次安置；不能返家的转监护干预。",
    "placement_extension": "返家的转评估帮扶；不能返家的转监护干预。",
    "warned_family_record": "查访记录存档；发现又有伤害的转监护干预。",
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
    "open_intervention": "情节较轻的劝诫，严重的训诫，无人监护的民政临时监护，有争议的先指定监护人。",
    "admonish": "改正的回到评估帮扶；不改的由公安训诫。",
    "discipline": "改正的回到评估帮扶；不改的民政临时监护。",
    "temporary_guardianship": "监护人下落不明的先查找，否则评估监护人；满一年仍未结束的复核。",
    "temporary_guardianship_review": "继续的，过同样长的时间再复核；不须继续的，催促会商。",
    "trace_guardian": "找到的评估监护人；找不到的民政长期监护，可以申请宣告失踪。",
    "assess_guardian": "各方会商儿童的去向。",
    "case_conference": "可以返家、亲属照料、继续临时监护，或者申请撤销监护人资格。",
    "return_child": "与村(居)的交接单号一致的，随访返家儿童；不一致的，双方重办。",
    "kinship_handover": "与村(居)的交接单号一致的，回到评估帮扶；不一致的，双方重办。",
    "handover_witnessed": "双方单号一致的，随访或者回到评估帮扶；不一致的，双方重办。",
    "suggest_revocation": "有人申请的由法院审理，其他单位不再承办；没有申请的由民政申请。",
    "file_revocation": "人民法院审理。",
    "recommend_revocation": "民政的申请不等这一项；已经申请的，这一项撤回。",
    "interim_measures": "另行安排的由民政落实；审理不等这一项，判决后撤回。",
    "interim_care": "落实临时监护的这一项办结，审理照常。",
    "court_trial": "审结的判决；经院长批准延长的，等延长期内审结。",
    "court_trial_extended": "人民法院判决。",
    "judgment": "撤销的落实新监护人或民政长期监护；不撤销的返家随访。",
    "long_term_guardianship": "追索抚养费，回到评估帮扶；以后依次看是否恢复、送养，每年核对监护是否终止。",
    "settle_new_guardian": "追索抚养费，回到评估帮扶；被撤销资格的父母仍可在期限内申请恢复。",
    "support_claim": "追索的这一项办结。",
    "restoration_plea": "申请的由法院裁判；没有申请的，满一年后研究送养。",
    "restore_guardianship": "恢复的领回并随访；不恢复的，满一年后研究送养。",
    "adoption": "可以送养的公告或者评估；暂不送养的继续长期监护，每年核对。",
    "seek_birth_parents": "公告期满后，看有无认领。",
    "birth_parents_claim": "无人认领的进行收养评估；有人认领的核对监护是否终止。",
    "assess_adoption": "合格的，融合期满后看融合情况；不合格的继续长期监护。",
    "adoption_integration": "融合良好的登记收养；否则继续长期监护。",
    "register_adoption": "已经登记的，民政监护终止，监护干预结案；没有登记的继续长期监护。",
    "designation_dispute": "等异议期满；民政被指定的长期监护，他人被指定的落实监护。",
    "designation_objection": "无人不服的按指定落实；有人不服的由法院指定。",
    "designation_trial": "按人民法院的指定落实监护。",
    "advise_declaration": "打算申请的，下落不明满二年时再问；没有人打算的，这一项结束。",
    "apply_for_declaration": "已申请的由法院公告；等满四年的届时再问；没有人申请的结束。",
    "apply_for_death": "已申请的由法院公告；没有申请的，这一项结束。",
    "publish_missing_notice": "公告期满后，人民法院判决。",
    "declare_missing": "宣告失踪的，重新核对救助保障资格。",
    "declare_dead": "宣告死亡的，重新核对救助保障资格。",
    "declare_dead_for_certain": "宣告死亡的，重新核对救助保障资格。",
    "guardianship_end": "继续的，一年后再核对；终止的结案；仍需监护人的指定监护人。",
    "return_follow_up": "稳定的回到评估帮扶；又有危险或侵害的转应急处置。",
    "reroute": "事项交给所定的单位。",
    "supply_facts": "承办单位收到通知，凭原链接查看后继续办理。",
    "decide_extension": "同意的期限延长一次；不同意的仍按原期限。",
    "seek_procuratorial_supervision": "提请的由检察院决定是否提出检察建议；不提请的继续督办。",
    "procuratorial_recommendation": "发出的，承办单位一个月内书面回复；不发出的继续督办。",
    "reply_to_recommendation": "检察监督的这一项办结；原事项仍须办理。",
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
    if step.mechanism is None:
        return _CANNOT_BE_SENT_BACK
    return _SENT_BACK_IN_DANGER if step.urgency.value == "emergency" else _SENT_BACK


OUTLOOK: Mapping[str, Outlook] = MappingProxyType({key: Outlook(_done(key), _otherwise(key)) for key in STEPS})
"""What comes next, by the key of the step."""
