"""应急处置 B: the questions of emergency handling."""

from rules import answers as a
from rules.steps.definition import Step, define
from rules.vocabulary import Mechanism, Office

EMERGENCY = Mechanism.EMERGENCY_HANDLING

DISPATCH = define(
    EMERGENCY, "B1", "dispatch", "出警", Office.PUBLIC_SECURITY, a.Dispatch,
    "请第一时间出警到场。儿童失踪的，立即启动快速查找机制，不受二十四小时限制。", emergency=True,
)  # fmt: skip
STOP_AND_SECURE = define(
    EMERGENCY, "B2", "stop_and_secure", "制止侵害、保护儿童并查明处境", Office.PUBLIC_SECURITY, a.Scene,
    "请制止侵害、将儿童与侵害人隔离、固定证据，并回复儿童处境。询问未成年人应当有合适成年人在场。", emergency=True,
)  # fmt: skip
MEDICAL_FIRST = define(
    EMERGENCY, "B3", "medical_first", "立即就医", Office.HEALTH, a.Done,
    "请立即安排儿童就医救治，妥善保存诊疗记录，伤情严重的先救治后安置。", emergency=True,
)  # fmt: skip
RECALL_PARENTS = define(
    EMERGENCY, "B4a", "recall_parents", "责令父母返回或确定受委托监护人", Office.PUBLIC_SECURITY, a.Measure,
    "请责令其父母立即返回或确定受委托监护人，并对父母予以训诫。", emergency=True,
)  # fmt: skip
CONTACT_GUARDIAN = define(
    EMERGENCY, "B4b", "contact_guardian", "联系监护人或委托亲属", Office.PUBLIC_SECURITY, a.Measure,
    "请联系外出务工或其他监护人立即返回，或者委托其他亲属监护照料。", emergency=True,
)  # fmt: skip
ESCORT_TO_RELATIVE = define(
    EMERGENCY, "B4c", "escort_to_relative", "护送至近亲属、村委会或救助机构", Office.PUBLIC_SECURITY, a.Measure,
    "请就近护送儿童至近亲属、村(居)委会或者救助管理机构临时照料，并协助通知其父母。", emergency=True,
)  # fmt: skip
SEARCH_MISSING = define(
    EMERGENCY, "B4d", "search_missing", "儿童失踪快速查找", Office.PUBLIC_SECURITY, a.Measure,
    "请立即启动儿童失踪快速查找机制，立案查找，采集父母血样。", emergency=True,
)  # fmt: skip
SECURE_EVIDENCE = define(
    EMERGENCY, "B4f", "secure_evidence", "制止侵害、固定证据、伤情鉴定", Office.PUBLIC_SECURITY, a.Measure,
    "请制止不法侵害，及时固定证据，委托伤情鉴定。", emergency=True,
)  # fmt: skip
VERIFY_ORIGIN = define(
    EMERGENCY, "B4g", "verify_origin", "查找生父母、出具捡拾证明", Office.PUBLIC_SECURITY, a.Measure,
    "请出具捡拾报案证明，采集血样比对，查找其父母及其他监护人。", emergency=True,
)  # fmt: skip
RECEIVE_RESCUED = define(
    EMERGENCY, "B4h", "receive_rescued", "打拐解救儿童临时照料", Office.MINOR_PROTECTION_CENTER, a.Measure,
    "请凭临时照料通知书接收被解救儿童，提供临时照料，配合公安机关查找其生父母。", emergency=True,
)  # fmt: skip
RESCUED_SEARCH = define(
    EMERGENCY, "B4h", "rescued_search", "打拐解救儿童一个月查找结果", Office.PUBLIC_SECURITY, a.CertifiedSearch,
    "请查找被解救儿童的生父母或其他监护人；一个月内未查找到的，出具暂时未查找到的证明，并回复。",
)  # fmt: skip
RESCUED_NOTICE = define(
    EMERGENCY, "B4h", "rescued_notice", "发布寻亲公告", Office.MINOR_PROTECTION_CENTER, a.Done,
    "请在报纸和全国打拐解救儿童寻亲公告平台发布寻亲公告，并在发布当日回复。",
)  # fmt: skip
MOVE_RESCUED = define(
    EMERGENCY, "B4h", "move_rescued", "移送儿童福利机构", Office.MINOR_PROTECTION_CENTER, a.Done,
    "寻亲公告期满无人认领。请将儿童及有关材料移送儿童福利机构，并回复。", opens_later=True,
)  # fmt: skip
RESCUED_FINAL_SEARCH = define(
    EMERGENCY, "B4h", "rescued_final_search", "打拐解救儿童十二个月查找结果", Office.PUBLIC_SECURITY, a.CertifiedSearch,
    "请继续查找，查找到的随时回复；满十二个月仍未查找到的，出具查找不到生父母或其他监护人的证明，并回复。",
)  # fmt: skip
ARRANGE_CARE_OF_DETAINED = define(
    EMERGENCY, "B4i", "arrange_care_of_detained", "询问并协助安排被羁押人子女照料", Office.PUBLIC_SECURITY, a.Measure,
    "请询问被采取强制措施的监护人是否有未成年子女需要委托监护，并协助联系亲属、其他成年人或民政部门安排。", emergency=True,
)  # fmt: skip
NOTIFY_FAMILY_OF_ADMINISTRATIVE_DETENTION = define(
    EMERGENCY, "B4i", "notify_family_of_administrative_detention", "行政拘留通知家属", Office.PUBLIC_SECURITY, a.Done,
    "请及时将行政拘留的决定通知被拘留人的家属，并回复。", emergency=True,
)  # fmt: skip
NOTIFY_FAMILY_OF_DETAINED = define(
    EMERGENCY, "B4i", "notify_family_of_detained", "拘留、逮捕通知家属", Office.PUBLIC_SECURITY, a.Done,
    "请依法将拘留、逮捕通知家属，并回复；依法不予通知的，在说明中写明。", emergency=True,
)  # fmt: skip
NOTIFY_FAMILY_OF_DETOX = define(
    EMERGENCY, "B4j", "notify_family_of_detox", "强制隔离戒毒通知家属", Office.PUBLIC_SECURITY, a.Done,
    "请依法将强制隔离戒毒的决定通知被决定人的家属、单位和户籍所在地派出所，并回复。", emergency=True,
)  # fmt: skip
NOTIFY_FAMILY_OF_PRISONER = define(
    EMERGENCY, "B4j", "notify_family_of_prisoner", "收监通知家属", Office.JUSTICE, a.Done,
    "请协调监狱依法将收监通知罪犯家属，并回复。",
)  # fmt: skip
TELL_OF_UNSUPPORTED_CHILD = define(
    EMERGENCY, "B4j", "tell_of_unsupported_child", "通报可能无人抚养的儿童", Office.PUBLIC_SECURITY, a.Done,
    "监护人被限制人身自由。请执行机关将可能无人抚养的儿童情况通报民政部门和乡镇(街道)，并回复。", emergency=True,
)  # fmt: skip
ENTRUST_CARE_OF_IMPRISONED = define(
    EMERGENCY, "B4j", "entrust_care_of_imprisoned", "协助服刑、戒毒人员委托照料子女", Office.JUSTICE, a.Measure,
    "请协调执行机关为该监护人委托亲属、其他成年人或民政机构照料其未成年子女提供帮助。", emergency=True,
)  # fmt: skip
TEMPORARY_LIVING_CARE = define(
    EMERGENCY, "B4k", "temporary_living_care", "突发事件临时生活照料", Office.VILLAGE_COMMITTEE, a.Measure,
    "请立即为儿童安排必要的临时生活照料措施。", emergency=True,
)  # fmt: skip
ESCORT_HOME = define(
    EMERGENCY, "B4l", "escort_home", "护送返家或救助", Office.MINOR_PROTECTION_CENTER, a.Measure,
    "请接收并查找其父母或其他监护人，护送返乡；突发急病的先行送医。", emergency=True,
)  # fmt: skip
TELL_HOME_TOWNSHIP = define(
    EMERGENCY, "B4l", "tell_home_township", "通知户籍地乡镇(街道)", Office.MINOR_PROTECTION_CENTER, a.Done,
    "请通知返乡儿童或其监护人户籍所在地的乡镇(街道)做好救助保护和帮扶，并回复。",
)  # fmt: skip
SEARCH_STREET_CHILD_FAMILY = define(
    EMERGENCY, "B4l", "search_street_child_family", "查找流浪儿童的监护人", Office.PUBLIC_SECURITY, a.FamilySearch,
    "请会同救助保护机构查找儿童的父母或其他监护人，查找到的随时回复；满两年仍未查找到的，回复查找结果。",
)  # fmt: skip
REGISTER_HOUSEHOLD = define(
    EMERGENCY, "B4l", "register_household", "办理户口登记", Office.PUBLIC_SECURITY, a.Done,
    "经两年以上仍查找不到儿童的监护人。请按户籍管理规定为儿童办理户口登记，并回复。", opens_later=True,
)  # fmt: skip
REMOVE_FROM_GUARDIAN = define(
    EMERGENCY, "B5", "remove_from_guardian", "带离监护人", Office.PUBLIC_SECURITY, a.Done,
    "请将儿童带离监护人，就近护送至其他监护人、亲属、村(居)委会或救助保护机构，并征求有表达能力儿童的意见。", emergency=True,
)  # fmt: skip
HANDOVER_GIVEN = define(
    EMERGENCY, "B6", "handover_given", "书面交接（移交方）", Office.PUBLIC_SECURITY, a.Handover,
    "请与接收方办理书面交接手续，书面告知接收方可以申请保护令、申请撤销监护人资格，并回复交接单编号。", emergency=True,
)  # fmt: skip
HANDOVER_TAKEN = define(
    EMERGENCY, "B6", "handover_taken", "书面交接（接收方）", Office.MINOR_PROTECTION_CENTER, a.Handover,
    "请核对儿童情况，与公安机关办理书面交接手续，并回复交接单编号。", emergency=True,
)  # fmt: skip
VILLAGE_EMERGENCY_CARE = define(
    EMERGENCY, "B8", "village_emergency_care", "村(居)应急照料", Office.VILLAGE_COMMITTEE, a.VillageCare,
    "请提供不超过二十四小时的应急照料，并在期满前回复去向。", emergency=True,
)  # fmt: skip
TEMPORARY_PLACEMENT = define(
    EMERGENCY, "B8", "temporary_placement", "临时安置", Office.CIVIL_AFFAIRS, a.Placement,
    "请安排救助保护机构接收安置。庇护一般不超过十日，期满前回复安置结果。", emergency=True,
)  # fmt: skip
PLACEMENT_EXTENSION = define(
    EMERGENCY, "B8", "placement_extension", "延长期内的临时安置", Office.CIVIL_AFFAIRS, a.Placement,
    "临时安置已经批准延长。请在延长期满前回复安置结果。", emergency=True,
)  # fmt: skip
WARNING_DECISION = define(
    EMERGENCY, "B9", "warning_decision", "家庭暴力告诫决定", Office.PUBLIC_SECURITY, a.WarningDecision,
    "请依法决定是否出具告诫书。对未成年人实施家庭暴力的，一般应当出具。", emergency=True,
)  # fmt: skip
APPLY_PROTECTION_ORDER = define(
    EMERGENCY, "B10", "apply_protection_order", "代为申请人身安全保护令", Office.MINOR_PROTECTION_CENTER, a.Done,
    "请代儿童向人民法院申请人身安全保护令，并回复。", emergency=True,
)  # fmt: skip
PROTECTION_ORDER = define(
    EMERGENCY, "B10", "protection_order", "人身安全保护令裁定", Office.COURT, a.Ruling,
    "请依法在法定期限内作出裁定，并将裁定送达公安机关、村(居)委会等有关组织。", emergency=True,
)  # fmt: skip
URGENT_PROTECTION_ORDER = define(
    EMERGENCY, "B10", "urgent_protection_order", "人身安全保护令裁定（情况紧急）", Office.COURT, a.Ruling,
    "情况紧急，请依法在法定期限内作出裁定，并将裁定送达公安机关、村(居)委会等有关组织。", emergency=True,
)  # fmt: skip
CHECK_ABUSER = define(
    EMERGENCY, "B10", "check_abuser", "保护令执行查访", Office.PUBLIC_SECURITY, a.Done,
    "保护令已经作出。请在收到后依法查访加害人，督促其遵守，并回复。", emergency=True,
)  # fmt: skip
SERVE_ORDER = define(
    EMERGENCY, "B10", "serve_order", "送达保护令", Office.COURT, a.Done,
    "请将保护令送达当事人，同时送达当地公安派出所、村(居)委会，并回复。", emergency=True,
)  # fmt: skip
DECIDE_RECONSIDERATION = define(
    EMERGENCY, "B10", "decide_reconsideration", "是否申请复议", Office.MINOR_PROTECTION_CENTER, a.Applied,
    "人民法院驳回了申请。不服的，可以在法定期限内申请复议一次；请决定并回复。复议期间，已有的保护令不停止执行。", emergency=True,
)  # fmt: skip
RECONSIDERATION = define(
    EMERGENCY, "B10", "reconsideration", "保护令复议决定", Office.COURT, a.Ruling,
    "申请人已经申请复议。请依法作出决定，并回复。", emergency=True,
)  # fmt: skip
DECIDE_ORDER_EXTENSION = define(
    EMERGENCY, "B10", "decide_order_extension", "是否申请延长保护令", Office.MINOR_PROTECTION_CENTER, a.Applied,
    "保护令即将失效。请了解儿童处境，决定是否在失效前向人民法院申请延长，并回复。",
)  # fmt: skip
EXTENSION_RULING = define(
    EMERGENCY, "B10", "extension_ruling", "延长保护令裁定", Office.COURT, a.Ruling,
    "申请人在保护令失效前申请延长。请依法作出裁定，并回复。", emergency=True,
)  # fmt: skip
ORDER_FOLLOW_UP = define(
    EMERGENCY, "1F", "order_follow_up", "保护令有效期内回访", Office.VILLAGE_COMMITTEE, a.Visit,
    "请回访当事人和儿童，填写回访单。发现违反保护令的，立即报警并告知人民法院。",
)  # fmt: skip
ORDER_RETURN_FORM = define(
    EMERGENCY, "1F", "order_return_form", "保护令期满反馈", Office.VILLAGE_COMMITTEE, a.Done,
    "保护令已经期满。请将当事人签字的回访单或记录单反馈人民法院，并回复。",
)  # fmt: skip
WARNED_FAMILY_RECORD = define(
    EMERGENCY, "1F", "warned_family_record", "告诫后九十日内查访记录", Office.VILLAGE_COMMITTEE, a.Visit,
    "请在九十日内定期查访被告诫人和儿童，记录存档，期满回复；发现再次实施家庭暴力的，立即报告公安机关并回复。",
)  # fmt: skip
WARNED_FAMILY_VISIT = define(
    EMERGENCY, "1F", "warned_family_visit", "告诫后查访", Office.PUBLIC_SECURITY, a.Visit,
    "请会同村(居)委会、妇联查访被告诫人和儿童，并回复查访情况。",
)  # fmt: skip

WARNED_FAMILY_REVISIT = define(
    EMERGENCY, "1F", "warned_family_revisit", "告诫后再次查访", Office.PUBLIC_SECURITY, a.Visit,
    "请再次会同村(居)委会、妇联查访被告诫人和儿童；连续三次没有家庭暴力的，不再查访。")  # fmt: skip

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
