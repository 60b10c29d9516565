"""Every question that may be put to an office, and the shape of its answer.

A step's key ties together the constant here, the entry in the county's `steps.yaml`, the form on the
portal and the task run in the Prefect UI. Limits, ladders, basis and provenance are data and stand in
the county's file; the sentence that the letter carries (`instruction`) is here, because it is the
document's and not the county's. Codes are the rows of legal-basis 1A-1F.

While a step is asked anywhere it is never renamed or removed; a changed procedure adds a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from rules import answers as a
from rules.vocabulary import Mechanism, Office, Urgency

A = TypeVar("A", bound=a.Answer, covariant=True)

REPORT = Mechanism.MANDATORY_REPORT
EMERGENCY = Mechanism.EMERGENCY_HANDLING
ASSESSMENT = Mechanism.ASSESSMENT_AND_ASSISTANCE
GUARDIANSHIP = Mechanism.GUARDIANSHIP_INTERVENTION


@dataclass(frozen=True)
class Step(Generic[A]):
    """One question to one office.

    `mechanism` is None for the coordinator's own steps, which serve every mechanism.
    """

    key: str
    code: str
    label: str
    instruction: str
    office: Office
    answer: type[A]
    mechanism: Mechanism | None
    urgency: Urgency = Urgency.ORDINARY


_STEPS: dict[str, Step[a.Answer]] = {}


def _step(
    mechanism: Mechanism | None,
    code: str,
    key: str,
    label: str,
    office: Office,
    answer: type[A],
    instruction: str,
    *,
    emergency: bool = False,
) -> Step[A]:
    urgency = Urgency.EMERGENCY if emergency else Urgency.ORDINARY
    step = Step(key, code, label, instruction, office, answer, mechanism, urgency)
    if key in _STEPS:
        raise ValueError(f"step {key} is defined twice")
    _STEPS[key] = step
    return step


# --- 强制报告 A ------------------------------------------------------------------------------------

POLICE_ACCEPT = _step(
    REPORT, "A5", "police_accept", "接受报案", Office.PUBLIC_SECURITY, a.Acceptance,
    "请立即接受报案，制作笔录，向报告人出具受案回执，并核对是否属于本单位管辖。", emergency=True,
)  # fmt: skip
TRANSFER_JURISDICTION = _step(
    REPORT, "A6", "transfer_jurisdiction", "移送管辖", Office.PUBLIC_SECURITY, a.Done,
    "请先行采取必要的紧急措施，再将案件移送有管辖权的公安机关，并将移送结果回复。", emergency=True,
)  # fmt: skip
TRIAGE = _step(
    REPORT, "A7", "triage", "受理分流", Office.PUBLIC_SECURITY, a.Triage,
    "请核实报告情况并作出分流结论。情况不明的，按面临现实危险处理。", emergency=True,
)  # fmt: skip
FILE_CRIMINAL_CASE = _step(
    REPORT, "A7", "file_criminal_case", "立案侦查", Office.PUBLIC_SECURITY, a.CaseFiling,
    "请依法决定是否立案侦查，并回复结果。",
)  # fmt: skip
PUBLIC_ORDER_CASE = _step(
    REPORT, "A7", "public_order_case", "办理治安案件", Office.PUBLIC_SECURITY, a.Done,
    "请依法办理该治安案件，办结后回复。",
)  # fmt: skip
FEEDBACK_REPORTER = _step(
    REPORT, "A8", "feedback_reporter", "反馈报告人", Office.PUBLIC_SECURITY, a.Done,
    "请将受案或立案情况以适当方式反馈实名报告人，并注意保密。",
)  # fmt: skip
FILE_WITH_SUPERVISOR = _step(
    REPORT, "A3", "file_with_supervisor", "报告备案", Office.CIVIL_AFFAIRS, a.Done,
    "报告单位属贵单位主管。请将该报告登记备案，并督促报告单位配合后续工作。",
)  # fmt: skip
HELP_APPLY = _step(
    REPORT, "A9", "help_apply", "告知并协助申请救助", Office.VILLAGE_COMMITTEE, a.Done,
    "请儿童主任告知该家庭可以申请的救助保障，并协助其提出申请。",
)  # fmt: skip
CASE_SUPERVISION = _step(
    REPORT, "A10", "case_supervision", "立案监督", Office.PROCURATORATE, a.Supervision,
    "公安机关未予立案。请依法进行立案监督，并回复监督结论。",
)  # fmt: skip
FAILURE_TO_REPORT = _step(
    REPORT, "A11", "failure_to_report", "未履行报告义务的处理", Office.CIVIL_AFFAIRS, a.Done,
    "发现有单位应当报告而未报告或者阻碍报告。请依照职责处理或转请有权机关处理，并回复。",
)  # fmt: skip

# --- 应急处置 B ------------------------------------------------------------------------------------

DISPATCH = _step(
    EMERGENCY, "B1", "dispatch", "出警", Office.PUBLIC_SECURITY, a.Dispatch,
    "请第一时间出警到场。儿童失踪的，立即启动快速查找机制，不受二十四小时限制。", emergency=True,
)  # fmt: skip
STOP_AND_SECURE = _step(
    EMERGENCY, "B2", "stop_and_secure", "制止侵害、保护儿童并查明处境", Office.PUBLIC_SECURITY, a.Scene,
    "请制止侵害、将儿童与侵害人隔离、固定证据，并回复儿童处境。询问未成年人应当有合适成年人在场。", emergency=True,
)  # fmt: skip
MEDICAL_FIRST = _step(
    EMERGENCY, "B3", "medical_first", "立即就医", Office.HEALTH, a.Done,
    "请立即安排儿童就医救治，妥善保存诊疗记录，伤情严重的先救治后安置。", emergency=True,
)  # fmt: skip
RECALL_PARENTS = _step(
    EMERGENCY, "B4a", "recall_parents", "责令父母返回或确定受委托监护人", Office.PUBLIC_SECURITY, a.Measure,
    "请责令其父母立即返回或确定受委托监护人，并对父母予以训诫。", emergency=True,
)  # fmt: skip
CONTACT_GUARDIAN = _step(
    EMERGENCY, "B4b", "contact_guardian", "联系监护人或委托亲属", Office.PUBLIC_SECURITY, a.Measure,
    "请联系外出务工或其他监护人立即返回，或者委托其他亲属监护照料。", emergency=True,
)  # fmt: skip
ESCORT_TO_RELATIVE = _step(
    EMERGENCY, "B4c", "escort_to_relative", "护送至近亲属、村委会或救助机构", Office.PUBLIC_SECURITY, a.Measure,
    "请就近护送儿童至近亲属、村(居)委会或者救助管理机构临时照料，并协助通知其父母。", emergency=True,
)  # fmt: skip
SEARCH_MISSING = _step(
    EMERGENCY, "B4d", "search_missing", "儿童失踪快速查找", Office.PUBLIC_SECURITY, a.Measure,
    "请立即启动儿童失踪快速查找机制，立案查找，采集父母血样。", emergency=True,
)  # fmt: skip
SECURE_EVIDENCE = _step(
    EMERGENCY, "B4f", "secure_evidence", "制止侵害、固定证据、伤情鉴定", Office.PUBLIC_SECURITY, a.Measure,
    "请制止不法侵害，及时固定证据，委托伤情鉴定。", emergency=True,
)  # fmt: skip
VERIFY_ORIGIN = _step(
    EMERGENCY, "B4g", "verify_origin", "查找生父母、出具捡拾证明", Office.PUBLIC_SECURITY, a.Measure,
    "请出具捡拾报案证明，采集血样比对，查找其父母及其他监护人。", emergency=True,
)  # fmt: skip
RECEIVE_RESCUED = _step(
    EMERGENCY, "B4h", "receive_rescued", "打拐解救儿童临时照料", Office.MINOR_PROTECTION_CENTER, a.Measure,
    "请凭临时照料通知书接收被解救儿童，提供临时照料，配合公安机关查找其生父母。", emergency=True,
)  # fmt: skip
ARRANGE_CARE_OF_DETAINED = _step(
    EMERGENCY, "B4i", "arrange_care_of_detained", "询问并协助安排被羁押人子女照料", Office.PUBLIC_SECURITY, a.Measure,
    "请询问被采取强制措施的监护人是否有未成年子女需要委托监护，并协助联系亲属、其他成年人或民政部门安排。", emergency=True,
)  # fmt: skip
ENTRUST_CARE_OF_IMPRISONED = _step(
    EMERGENCY, "B4j", "entrust_care_of_imprisoned", "协助服刑、戒毒人员委托照料子女", Office.JUSTICE, a.Measure,
    "请协调执行机关为该监护人委托亲属、其他成年人或民政机构照料其未成年子女提供帮助。", emergency=True,
)  # fmt: skip
TEMPORARY_LIVING_CARE = _step(
    EMERGENCY, "B4k", "temporary_living_care", "突发事件临时生活照料", Office.VILLAGE_COMMITTEE, a.Measure,
    "请立即为儿童安排必要的临时生活照料措施。", emergency=True,
)  # fmt: skip
ESCORT_HOME = _step(
    EMERGENCY, "B4l", "escort_home", "护送返家或救助", Office.MINOR_PROTECTION_CENTER, a.Measure,
    "请接收并查找其父母或其他监护人，护送返乡；突发急病的先行送医。", emergency=True,
)  # fmt: skip
REMOVE_FROM_GUARDIAN = _step(
    EMERGENCY, "B5", "remove_from_guardian", "带离监护人", Office.PUBLIC_SECURITY, a.Done,
    "请将儿童带离监护人，就近护送至其他监护人、亲属、村(居)委会或救助保护机构，并征求有表达能力儿童的意见。", emergency=True,
)  # fmt: skip
HANDOVER_GIVEN = _step(
    EMERGENCY, "B6", "handover_given", "书面交接（移交方）", Office.PUBLIC_SECURITY, a.Handover,
    "请与接收方办理书面交接手续，书面告知接收方可以申请保护令、申请撤销监护人资格，并回复交接单编号。", emergency=True,
)  # fmt: skip
HANDOVER_TAKEN = _step(
    EMERGENCY, "B6", "handover_taken", "书面交接（接收方）", Office.MINOR_PROTECTION_CENTER, a.Handover,
    "请核对儿童情况，与公安机关办理书面交接手续，并回复交接单编号。", emergency=True,
)  # fmt: skip
VILLAGE_EMERGENCY_CARE = _step(
    EMERGENCY, "B8", "village_emergency_care", "村(居)应急照料", Office.VILLAGE_COMMITTEE, a.VillageCare,
    "请提供不超过二十四小时的应急照料，并在期满前回复去向。", emergency=True,
)  # fmt: skip
TEMPORARY_PLACEMENT = _step(
    EMERGENCY, "B8", "temporary_placement", "临时安置", Office.CIVIL_AFFAIRS, a.Placement,
    "请安排救助保护机构接收安置。庇护一般不超过十日，期满前回复安置结果。", emergency=True,
)  # fmt: skip
PLACEMENT_EXTENSION = _step(
    EMERGENCY, "B8", "placement_extension", "延长期内的临时安置", Office.CIVIL_AFFAIRS, a.Placement,
    "临时安置已经批准延长。请在延长期满前回复安置结果。", emergency=True,
)  # fmt: skip
WARNING_DECISION = _step(
    EMERGENCY, "B9", "warning_decision", "家庭暴力告诫决定", Office.PUBLIC_SECURITY, a.WarningDecision,
    "请依法决定是否出具告诫书。对未成年人实施家庭暴力的，一般应当出具。", emergency=True,
)  # fmt: skip
APPLY_PROTECTION_ORDER = _step(
    EMERGENCY, "B10", "apply_protection_order", "代为申请人身安全保护令", Office.MINOR_PROTECTION_CENTER, a.Done,
    "请代儿童向人民法院申请人身安全保护令，并回复。", emergency=True,
)  # fmt: skip
PROTECTION_ORDER = _step(
    EMERGENCY, "B10", "protection_order", "人身安全保护令裁定", Office.COURT, a.Ruling,
    "请依法在法定期限内作出裁定，并将裁定送达公安机关、村(居)委会等有关组织。", emergency=True,
)  # fmt: skip
URGENT_PROTECTION_ORDER = _step(
    EMERGENCY, "B10", "urgent_protection_order", "人身安全保护令裁定（情况紧急）", Office.COURT, a.Ruling,
    "情况紧急，请依法在法定期限内作出裁定，并将裁定送达公安机关、村(居)委会等有关组织。", emergency=True,
)  # fmt: skip
CHECK_ABUSER = _step(
    EMERGENCY, "B10", "check_abuser", "保护令执行查访", Office.PUBLIC_SECURITY, a.Done,
    "保护令已经作出。请在收到后依法查访加害人，督促其遵守，并回复。", emergency=True,
)  # fmt: skip
WARNED_FAMILY_VISIT = _step(
    EMERGENCY, "1F", "warned_family_visit", "告诫后查访", Office.PUBLIC_SECURITY, a.Visit,
    "请会同村(居)委会、妇联查访被告诫人和儿童，并回复查访情况。",
)  # fmt: skip

WARNED_FAMILY_REVISIT = _step(
    EMERGENCY, "1F", "warned_family_revisit", "告诫后再次查访", Office.PUBLIC_SECURITY, a.Visit,
    "请再次会同村(居)委会、妇联查访被告诫人和儿童；连续三次没有家庭暴力的，不再查访。")  # fmt: skip

# --- 评估帮扶 C ------------------------------------------------------------------------------------

OPEN_CASE_FILE = _step(
    ASSESSMENT, "C1", "open_case_file", "接通报、建档", Office.TOWNSHIP, a.CaseFile,
    "请为儿童建立一人一档的困境儿童档案；已有档案的并入原档。",
)  # fmt: skip
INVESTIGATE = _step(
    ASSESSMENT, "C2", "investigate", "调查评估", Office.TOWNSHIP, a.Investigation,
    "请会同民政、公安，在村(居)委会、学校、医疗机构、亲属协助下，就安全处境、监护情况、身心健康进行调查评估。",
)  # fmt: skip
SCHOOL_HELP = _step(
    ASSESSMENT, "C2", "school_help", "协助调查：就学情况", Office.EDUCATION, a.Done,
    "请通知儿童所在学校协助乡镇调查就学情况，并注意保密。",
)  # fmt: skip
CLINIC_HELP = _step(
    ASSESSMENT, "C2", "clinic_help", "协助调查：健康情况", Office.HEALTH, a.Done,
    "请通知有关医疗机构协助乡镇调查儿童健康情况，并注意保密。",
)  # fmt: skip
VILLAGE_HELP = _step(
    ASSESSMENT, "C2", "village_help", "协助调查：家庭情况", Office.VILLAGE_COMMITTEE, a.Done,
    "请儿童主任协助乡镇调查家庭及监护情况，并注意保密。",
)  # fmt: skip
GUARDIANSHIP_CAPABILITY = _step(
    ASSESSMENT, "C2b", "guardianship_capability_assessment", "监护能力评估", Office.CIVIL_AFFAIRS,
    a.CapabilityAssessment, "请自行或委托第三方开展监护能力评估，并回复评估结论。",
)  # fmt: skip
MATCH_ENTITLEMENTS = _step(
    ASSESSMENT, "C3", "match_entitlements", "资格匹配", Office.TOWNSHIP, a.Matching,
    "请依托“一门受理、协同办理”窗口，填写已知情况，系统按规定逐项比对；不清楚的可以不填，需要人工认定的另行勾选。",
)  # fmt: skip
COMPLETE_FACTS = _step(
    ASSESSMENT, "C3", "complete_facts", "补充资格事实", Office.TOWNSHIP, a.FactsCompleted,
    "有的保障项目因情况不清楚还不能认定。请核实后补填；已填过的不必再填，仍不清楚的留“不清楚”，不影响其他项目办理。",
)  # fmt: skip
SCHEME_CHECK = _step(
    ASSESSMENT, "C4", "scheme_check", "救助保障审核查验", Office.TOWNSHIP, a.SchemeCheck,
    "请依法审核查验并提出意见；情况紧急的先行救助、事后补办手续。不符合的，由审批单位书面说明理由。")  # fmt: skip
PUBLIC_NOTICE = _step(
    ASSESSMENT, "C4", "public_notice", "审核意见公示", Office.TOWNSHIP, a.PublicNotice,
    "请依法公示审核意见，不得公开儿童的隐私，并在期满时回复有无异议。")  # fmt: skip
SCHEME_DECISION = _step(
    ASSESSMENT, "C4", "scheme_decision", "救助保障审批", Office.CIVIL_AFFAIRS, a.SchemeDecision,
    "经比对，儿童可能符合下列保障条件，请依法在期限内审批；不予批准的书面告知理由。",
)  # fmt: skip
ENROL_AND_PAY = _step(
    ASSESSMENT, "C5", "enrol_and_pay", "纳入保障、按月发放", Office.CIVIL_AFFAIRS, a.Done,
    "请将儿童纳入保障范围，自批准次月起发放，并录入全国儿童福利信息系统。",
)  # fmt: skip
ARRANGE_SERVICES = _step(
    ASSESSMENT, "C6", "arrange_services", "安排专业服务", Office.TOWNSHIP, a.ServicesArranged,
    "请根据评估结论安排监护指导、心理疏导、行为矫治、法律援助、社会融入等专业服务；勾选的，分别交有关单位。",
)  # fmt: skip
HEALTH_FILE = _step(
    ASSESSMENT, "C6", "health_file", "健康档案和诊疗方案", Office.HEALTH, a.Done,
    "请为儿童建立电子健康档案，发放健康卡，需要治疗的制定诊疗方案，并回复。")  # fmt: skip
DROPOUT_PREVENTION = _step(
    ASSESSMENT, "C6", "dropout_prevention", "控辍保学和学业帮助", Office.EDUCATION, a.Done,
    "请落实控辍保学和优先资助，安排学校给予学业帮助，并回复。")  # fmt: skip
REHABILITATION = _step(
    ASSESSMENT, "C6", "rehabilitation", "残疾儿童康复", Office.DISABLED_PERSONS_FEDERATION, a.Done,
    "请为儿童安排康复评估和康复项目，并回复。")  # fmt: skip
PAIRING_HELP = _step(
    ASSESSMENT, "C6", "pairing_help", "结对帮扶", Office.WOMENS_FEDERATION, a.Done,
    "请安排结对关爱，在学习、生活、困难、就医方面给予帮助，并回复。")  # fmt: skip
ELDER_CARE = _step(
    ASSESSMENT, "C6", "elder_care", "“五老”关爱", Office.NEXT_GENERATION_COMMITTEE, a.Done,
    "请安排“五老”人员一对一关爱，并回复。")  # fmt: skip
FAMILY_EDUCATION = _step(
    ASSESSMENT, "C6", "family_education", "家庭教育指导", Office.WOMENS_FEDERATION, a.Done,
    "请为监护人提供家庭教育指导，并回复。")  # fmt: skip
LEGAL_AID = _step(
    ASSESSMENT, "C6", "legal_aid", "法律援助", Office.JUSTICE, a.Done,
    "请依法决定是否提供法律援助并回复；没有固定收入的未成年人免予核查经济状况。")  # fmt: skip
PSYCHOLOGICAL_SUPPORT = _step(
    ASSESSMENT, "C6", "psychological_support", "心理疏导和社会工作", Office.SOCIAL_ORGANIZATION, a.Done,
    "请为儿童和家庭提供心理疏导、家庭关系调适等社会工作，并回复。")  # fmt: skip
CHILDRENS_HOME = _step(
    ASSESSMENT, "C6", "childrens_home", "儿童之家活动", Office.VILLAGE_COMMITTEE, a.Done,
    "请安排儿童参加儿童之家的活动和照料，并回复。")  # fmt: skip
FOLLOW_UP_VISIT = _step(
    ASSESSMENT, "C7", "follow_up_visit", "定期走访", Office.VILLAGE_COMMITTEE, a.Visit,
    "请儿童主任走访儿童家庭，并回复走访情况。发现危险的先拨打110。",
)  # fmt: skip
CLOSING_REVIEW = _step(
    ASSESSMENT, "C8", "closing_review", "结案审核", Office.CIVIL_AFFAIRS, a.ClosingReview,
    "请审核该评估帮扶是否可以结案。不同意的，将继续走访。",
)  # fmt: skip

# --- 监护干预 D ------------------------------------------------------------------------------------

OPEN_INTERVENTION = _step(
    GUARDIANSHIP, "D1", "open_intervention", "启动监护干预", Office.CIVIL_AFFAIRS, a.Intervention,
    "请会同公安、村(居)委会研判监护情况，确定干预原因和方式。",
)  # fmt: skip
ADMONISH = _step(
    GUARDIANSHIP, "D2", "admonish", "劝诫、批评教育", Office.VILLAGE_COMMITTEE, a.Admonition,
    "请对监护人劝诫、制止、批评教育；情节严重的及时向公安机关报告。",
)  # fmt: skip
DISCIPLINE = _step(
    GUARDIANSHIP, "D3", "discipline", "训诫、责令接受家庭教育指导或处罚", Office.PUBLIC_SECURITY, a.Admonition,
    "请依法对监护人予以训诫，责令接受家庭教育指导，或者给予治安处罚、立案侦查，并回复其是否改正。",
)  # fmt: skip
TEMPORARY_GUARDIANSHIP = _step(
    GUARDIANSHIP, "D4", "temporary_guardianship", "民政临时监护", Office.CIVIL_AFFAIRS, a.TemporaryGuardianship,
    "请依法对儿童临时监护，按照最有利于未成年人的原则确定照料方式。",
)  # fmt: skip
TRACE_GUARDIAN = _step(
    GUARDIANSHIP, "D4a", "trace_guardian", "查找监护人", Office.PUBLIC_SECURITY, a.Trace,
    "请查找儿童的父母及其他监护人，并回复查找结果。",
)  # fmt: skip
ASSESS_GUARDIAN = _step(
    GUARDIANSHIP, "D5", "assess_guardian", "监护评估", Office.CIVIL_AFFAIRS, a.CapabilityAssessment,
    "请就监护人悔过情况、监护能力和儿童意愿进行评估，并回复评估结论。",
)  # fmt: skip
CASE_CONFERENCE = _step(
    GUARDIANSHIP, "D6", "case_conference", "多方会商", Office.MINOR_PROTECTION_CENTER, a.Conference,
    "请组织公安、村(居)委会、学校、亲属等会商，并回复会商结论。结论作出前，监护人不得领回儿童。",
)  # fmt: skip
RETURN_CHILD = _step(
    GUARDIANSHIP, "D6", "return_child", "监护人领回、书面交接", Office.MINOR_PROTECTION_CENTER, a.Done,
    "请通知监护人领回儿童并办理书面交接；告知学校、派出所、村(居)委会予以关注并保密。",
)  # fmt: skip
KINSHIP_HANDOVER = _step(
    GUARDIANSHIP, "D6", "kinship_handover", "交由其他监护人或亲属照料", Office.MINOR_PROTECTION_CENTER, a.Done,
    "请与其他监护人或亲属办理书面交接，并回复。",
)  # fmt: skip
SUGGEST_REVOCATION = _step(
    GUARDIANSHIP, "D7", "suggest_revocation", "其他有权主体申请撤销监护人资格", Office.WOMENS_FEDERATION,
    a.RevocationFiling, "请研究是否由贵单位或儿童近亲属、村(居)委会等有权主体提出申请，并及时回复是否已经提出。",
)  # fmt: skip
FILE_REVOCATION = _step(
    GUARDIANSHIP, "D7", "file_revocation", "民政申请撤销监护人资格", Office.CIVIL_AFFAIRS, a.Done,
    "其他有权主体未及时提出申请。民政部门应当依法向人民法院申请撤销监护人资格，提出后回复。",
)  # fmt: skip
COURT_TRIAL = _step(
    GUARDIANSHIP, "D8", "court_trial", "法院审理", Office.COURT, a.CourtHearing,
    "请依法审理，并安排必要的临时监护措施。",
)  # fmt: skip
JUDGMENT = _step(
    GUARDIANSHIP, "D9", "judgment", "判决", Office.COURT, a.Judgment,
    "请将判决结果及时抄送县级民政部门和乡镇人民政府(街道办事处)。",
)  # fmt: skip
LONG_TERM_GUARDIANSHIP = _step(
    GUARDIANSHIP, "D10", "long_term_guardianship", "民政长期监护", Office.CIVIL_AFFAIRS, a.Done,
    "请依法对儿童长期监护，办理户籍登记，交由儿童福利机构收留抚养或家庭寄养。",
)  # fmt: skip
SETTLE_NEW_GUARDIAN = _step(
    GUARDIANSHIP, "D9", "settle_new_guardian", "落实新监护人", Office.CIVIL_AFFAIRS, a.Done,
    "请与判决指定的监护人办理交接，落实监护，并回复。",
)  # fmt: skip
SUPPORT_CLAIM = _step(
    GUARDIANSHIP, "D11", "support_claim", "追索抚养费", Office.CIVIL_AFFAIRS, a.Done,
    "被撤销监护人资格的父母应当继续负担抚养费。请依法追索，并回复。",
)  # fmt: skip
RETURN_FOLLOW_UP = _step(
    GUARDIANSHIP, "1F", "return_follow_up", "返家后随访", Office.VILLAGE_COMMITTEE, a.Visit,
    "请在救助保护机构指导下随访返家儿童，并回复随访情况。",
)  # fmt: skip

# --- 协调 K ----------------------------------------------------------------------------------------

REROUTE = _step(
    None, "K1", "reroute", "退回件改派", Office.COORDINATOR, a.Reroute,
    "承办单位退回了交办事项。请确定由哪个单位承办；法定期限继续计算。",
)  # fmt: skip
SUPPLY_FACTS = _step(
    None, "K2", "supply_facts", "补充材料", Office.COORDINATOR, a.FactsSupplied,
    "承办单位要求补充材料。请补充后回复；承办单位将凭原链接查看。",
)  # fmt: skip
DECIDE_EXTENSION = _step(
    None, "K3", "decide_extension", "延期审批", Office.COORDINATOR, a.ExtensionDecision,
    "承办单位申请延期。请在原期限届满前决定是否同意。",
)  # fmt: skip

STEPS: dict[str, Step[a.Answer]] = dict(_STEPS)
"""Every step by its key."""


def step(key: str) -> Step[a.Answer]:
    """The step of that key; KeyError when there is none."""
    return STEPS[key]


FIRST_MEASURES: dict[a.Situation, Step[a.Measure]] = {
    a.Situation.ALONE_LIVING: RECALL_PARENTS,
    a.Situation.GUARDIAN_INCAPABLE: CONTACT_GUARDIAN,
    a.Situation.GUARDIAN_NEGLECT: CONTACT_GUARDIAN,
    a.Situation.PARENTS_UNREACHABLE: ESCORT_TO_RELATIVE,
    a.Situation.MISSING: SEARCH_MISSING,
    a.Situation.DOMESTIC_VIOLENCE: SECURE_EVIDENCE,
    a.Situation.OTHER_HARM: SECURE_EVIDENCE,
    a.Situation.ACCIDENT: SECURE_EVIDENCE,
    a.Situation.ABANDONED: VERIFY_ORIGIN,
    a.Situation.UNKNOWN_IDENTITY: VERIFY_ORIGIN,
    a.Situation.TRAFFICKED_RESCUED: RECEIVE_RESCUED,
    a.Situation.GUARDIAN_DETAINED: ARRANGE_CARE_OF_DETAINED,
    a.Situation.GUARDIAN_IMPRISONED: ENTRUST_CARE_OF_IMPRISONED,
    a.Situation.GUARDIAN_IN_DETOX: ENTRUST_CARE_OF_IMPRISONED,
    a.Situation.SUDDEN_EVENT: TEMPORARY_LIVING_CARE,
    a.Situation.STREET_CHILD: ESCORT_HOME,
    a.Situation.RUNAWAY: ESCORT_HOME,
    a.Situation.GUARDIAN_INCITES_CRIME: SECURE_EVIDENCE,
}
"""B4a-B4m: the first measure for each situation (国发〔2016〕13号 四(二))."""
