"""评估帮扶 C: the questions of assessment and assistance."""

from rules import answers as a
from rules.steps.definition import define
from rules.vocabulary import Mechanism, Office

ASSESSMENT = Mechanism.ASSESSMENT_AND_ASSISTANCE

OPEN_CASE_FILE = define(
    ASSESSMENT, "C1", "open_case_file", "接通报、建档", Office.TOWNSHIP, a.CaseFile,
    "请为儿童建立一人一档的困境儿童档案；已有档案的并入原档。",
)  # fmt: skip
INVESTIGATE = define(
    ASSESSMENT, "C2", "investigate", "调查评估", Office.TOWNSHIP, a.Investigation,
    "请会同民政、公安，在村(居)委会、学校、医疗机构、亲属协助下，就安全处境、监护情况、身心健康进行调查评估。",
)  # fmt: skip
SCHOOL_HELP = define(
    ASSESSMENT, "C2", "school_help", "协助调查：就学情况", Office.EDUCATION, a.Done,
    "请通知儿童所在学校协助乡镇调查就学情况，并注意保密。",
)  # fmt: skip
CLINIC_HELP = define(
    ASSESSMENT, "C2", "clinic_help", "协助调查：健康情况", Office.HEALTH, a.Done,
    "请通知有关医疗机构协助乡镇调查儿童健康情况，并注意保密。",
)  # fmt: skip
VILLAGE_HELP = define(
    ASSESSMENT, "C2", "village_help", "协助调查：家庭情况", Office.VILLAGE_COMMITTEE, a.Done,
    "请儿童主任协助乡镇调查家庭及监护情况，并注意保密。",
)  # fmt: skip
GUARDIANSHIP_CAPABILITY = define(
    ASSESSMENT, "C2b", "guardianship_capability_assessment", "监护能力评估", Office.CIVIL_AFFAIRS,
    a.CapabilityAssessment, "请自行或委托第三方开展监护能力评估，并回复评估结论。",
)  # fmt: skip
MATCH_ENTITLEMENTS = define(
    ASSESSMENT, "C3", "match_entitlements", "资格匹配", Office.TOWNSHIP, a.Matching,
    "请依托“一门受理、协同办理”窗口，填写已知情况，系统按规定逐项比对；不清楚的可以不填，需要人工认定的另行勾选。",
)  # fmt: skip
COMPLETE_FACTS = define(
    ASSESSMENT, "C3", "complete_facts", "补充资格事实", Office.TOWNSHIP, a.FactsCompleted,
    "有的保障项目因情况不清楚还不能认定。请核实后补填；已填过的不必再填，仍不清楚的留“不清楚”，不影响其他项目办理。",
)  # fmt: skip
SCHEME_CHECK = define(
    ASSESSMENT, "C4", "scheme_check", "救助保障审核查验", Office.TOWNSHIP, a.SchemeCheck,
    "请依法审核查验并提出意见；情况紧急的先行救助、事后补办手续。不符合的，由审批单位书面说明理由。")  # fmt: skip
PUBLIC_NOTICE = define(
    ASSESSMENT, "C4", "public_notice", "审核意见公示", Office.TOWNSHIP, a.PublicNotice,
    "请依法公示审核意见，不得公开儿童的隐私，并在期满时回复有无异议。")  # fmt: skip
SCHEME_DECISION = define(
    ASSESSMENT, "C4", "scheme_decision", "救助保障审批", Office.CIVIL_AFFAIRS, a.SchemeDecision,
    "经比对，儿童可能符合下列保障条件，请依法在期限内审批；不予批准的书面告知理由。",
)  # fmt: skip
SCHEME_RECHECK = define(
    ASSESSMENT, "C4", "scheme_recheck", "公示异议的重新调查", Office.TOWNSHIP, a.SchemeCheck,
    "公示期内有异议。请重新组织调查核实，重新提出审核意见。不符合的，由审批单位书面说明理由。")  # fmt: skip
TELL_REFUSAL = define(
    ASSESSMENT, "C4", "tell_refusal", "书面告知不予批准", Office.CIVIL_AFFAIRS, a.Done,
    "请把不予批准的决定和理由书面告知申请人，并告知可以依法申请行政复议或者提起行政诉讼（社会救助暂行办法第六十五条）。")  # fmt: skip
ENROL_AND_PAY = define(
    ASSESSMENT, "C5", "enrol_and_pay", "纳入保障、按月发放", Office.CIVIL_AFFAIRS, a.Done,
    "请将儿童纳入保障范围，自批准次月起发放，并录入全国儿童福利信息系统。",
)  # fmt: skip
DUE_CHECK = define(
    ASSESSMENT, "1F", "due_check", "到期核对", Office.TOWNSHIP, a.DueCheck,
    "该档案登记的事项已到期。请凭查阅码查看核对什么，核查儿童和家庭的情况，并回复。发现危险的先拨打110。")  # fmt: skip
ADJUST_PAYMENT = define(
    ASSESSMENT, "1F", "adjust_payment", "调整保障金额", Office.CIVIL_AFFAIRS, a.Done,
    "经复核，保障金额须调整。请依法办理增发、减发；减发的，告知家庭成员并说明理由。")  # fmt: skip
ENDING_NOTICE = define(
    ASSESSMENT, "C8", "ending_notice", "拟终止保障公示", Office.CIVIL_AFFAIRS, a.PublicNotice,
    "拟终止该项保障。请通过乡镇依法公示，不得公开儿童的隐私，并在期满时回复有无异议。")  # fmt: skip
ENDING_DECISION = define(
    ASSESSMENT, "C8", "ending_decision", "终止异议的核实决定", Office.CIVIL_AFFAIRS, a.EndingDecision,
    "拟终止保障的公示有异议。请组织调查核实，在期限内决定是否终止。")  # fmt: skip
END_ENTITLEMENT = define(
    ASSESSMENT, "C8", "end_entitlement", "终止保障", Office.CIVIL_AFFAIRS, a.Done,
    "条件不再具备。请及时办理终止手续，将终止理由书面告知当事人；符合其他救助条件的，及时纳入相应救助范围。")  # fmt: skip
ARRANGE_SERVICES = define(
    ASSESSMENT, "C6", "arrange_services", "安排专业服务", Office.TOWNSHIP, a.ServicesArranged,
    "请根据评估结论安排监护指导、心理疏导、行为矫治、法律援助、社会融入等专业服务；勾选的，分别交有关单位。",
)  # fmt: skip
HEALTH_FILE = define(
    ASSESSMENT, "C6", "health_file", "健康档案和诊疗方案", Office.HEALTH, a.Done,
    "请为儿童建立电子健康档案，发放健康卡，需要治疗的制定诊疗方案，并回复。")  # fmt: skip
DROPOUT_PREVENTION = define(
    ASSESSMENT, "C6", "dropout_prevention", "控辍保学和学业帮助", Office.EDUCATION, a.Done,
    "请落实控辍保学和优先资助，安排学校给予学业帮助，并回复。")  # fmt: skip
REHABILITATION = define(
    ASSESSMENT, "C6", "rehabilitation", "残疾儿童康复", Office.DISABLED_PERSONS_FEDERATION, a.Done,
    "请为儿童安排康复评估和康复项目，并回复。")  # fmt: skip
PAIRING_HELP = define(
    ASSESSMENT, "C6", "pairing_help", "结对帮扶", Office.WOMENS_FEDERATION, a.Done,
    "请安排结对关爱，在学习、生活、困难、就医方面给予帮助，并回复。")  # fmt: skip
ELDER_CARE = define(
    ASSESSMENT, "C6", "elder_care", "“五老”关爱", Office.NEXT_GENERATION_COMMITTEE, a.Done,
    "请安排“五老”人员一对一关爱，并回复。")  # fmt: skip
FAMILY_EDUCATION = define(
    ASSESSMENT, "C6", "family_education", "家庭教育指导", Office.WOMENS_FEDERATION, a.Done,
    "请为监护人提供家庭教育指导，并回复。")  # fmt: skip
LEGAL_AID = define(
    ASSESSMENT, "C6", "legal_aid", "法律援助", Office.JUSTICE, a.LegalAidDecision,
    "请依法决定是否提供法律援助并回复；没有固定收入的未成年人免予核查经济状况。")  # fmt: skip
ASSIGN_LAWYER = define(
    ASSESSMENT, "C6", "assign_lawyer", "指派法律援助人员", Office.JUSTICE, a.Done,
    "已决定给予法律援助。请指派熟悉未成年人身心特点的律师，并回复。")  # fmt: skip
LAWYER_MEETS_CHILD = define(
    ASSESSMENT, "C6", "lawyer_meets_child", "法律援助人员会见儿童", Office.JUSTICE, a.Done,
    "请督促承办律师会见儿童或者其法定代理人，并回复。")  # fmt: skip
PSYCHOLOGICAL_SUPPORT = define(
    ASSESSMENT, "C6", "psychological_support", "心理疏导和社会工作", Office.SOCIAL_ORGANIZATION, a.Done,
    "请为儿童和家庭提供心理疏导、家庭关系调适等社会工作，并回复。")  # fmt: skip
CHILDRENS_HOME = define(
    ASSESSMENT, "C6", "childrens_home", "儿童之家活动", Office.VILLAGE_COMMITTEE, a.Done,
    "请安排儿童参加儿童之家的活动和照料，并回复。")  # fmt: skip
FOLLOW_UP_VISIT = define(
    ASSESSMENT, "C7", "follow_up_visit", "定期走访", Office.VILLAGE_COMMITTEE, a.Visit,
    "请儿童主任走访儿童家庭，并回复走访情况。发现危险的先拨打110。",
)  # fmt: skip
CLOSING_REVIEW = define(
    ASSESSMENT, "C8", "closing_review", "结案审核", Office.CIVIL_AFFAIRS, a.ClosingReview,
    "请审核该评估帮扶是否可以结案。不同意的，将继续走访。",
)  # fmt: skip
