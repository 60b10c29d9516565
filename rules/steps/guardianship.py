"""监护干预 D: the questions of guardianship intervention."""

from rules import answers as a
from rules.steps.definition import define
from rules.vocabulary import Mechanism, Office

GUARDIANSHIP = Mechanism.GUARDIANSHIP_INTERVENTION

OPEN_INTERVENTION = define(
    GUARDIANSHIP, "D1", "open_intervention", "启动监护干预", Office.CIVIL_AFFAIRS, a.Intervention,
    "请会同公安、村(居)委会研判监护情况，确定干预原因和方式。",
)  # fmt: skip
ADMONISH = define(
    GUARDIANSHIP, "D2", "admonish", "劝诫、批评教育", Office.VILLAGE_COMMITTEE, a.Admonition,
    "请对监护人劝诫、制止、批评教育；情节严重的及时向公安机关报告。",
)  # fmt: skip
DISCIPLINE = define(
    GUARDIANSHIP, "D3", "discipline", "训诫、责令接受家庭教育指导或处罚", Office.PUBLIC_SECURITY, a.Admonition,
    "请依法对监护人予以训诫，责令接受家庭教育指导，或者给予治安处罚、立案侦查，并回复其是否改正。",
)  # fmt: skip
TEMPORARY_GUARDIANSHIP = define(
    GUARDIANSHIP, "D4", "temporary_guardianship", "民政临时监护", Office.CIVIL_AFFAIRS, a.TemporaryGuardianship,
    "请依法对儿童临时监护，按照最有利于未成年人的原则确定照料方式。",
)  # fmt: skip
TEMPORARY_GUARDIANSHIP_REVIEW = define(
    GUARDIANSHIP, "D4", "temporary_guardianship_review", "临时监护时长复核", Office.CIVIL_AFFAIRS, a.TemporaryGuardianshipReview,
    "临时监护一般不超过一年。请复核是否仍须继续；不须继续的，请尽快会商作出结论。", opens_later=True,
)  # fmt: skip
TRACE_GUARDIAN = define(
    GUARDIANSHIP, "D4a", "trace_guardian", "查找监护人", Office.PUBLIC_SECURITY, a.Trace,
    "请查找儿童的父母及其他监护人，并回复查找结果。",
)  # fmt: skip
ASSESS_GUARDIAN = define(
    GUARDIANSHIP, "D5", "assess_guardian", "监护评估", Office.CIVIL_AFFAIRS, a.CapabilityAssessment,
    "请就监护人悔过情况、监护能力和儿童意愿进行评估，并回复评估结论。",
)  # fmt: skip
CASE_CONFERENCE = define(
    GUARDIANSHIP, "D6", "case_conference", "多方会商", Office.MINOR_PROTECTION_CENTER, a.Conference,
    "请组织公安、村(居)委会、学校、亲属等会商，并回复会商结论。结论作出前，监护人不得领回儿童。",
)  # fmt: skip
RETURN_CHILD = define(
    GUARDIANSHIP, "D6", "return_child", "监护人领回、书面交接", Office.MINOR_PROTECTION_CENTER,
    a.WitnessedReturn, "请通知监护人在三日内领回儿童，当面办理书面交接，并回复交接单编号。",
)  # fmt: skip
KINSHIP_HANDOVER = define(
    GUARDIANSHIP, "D6", "kinship_handover", "交由其他监护人或亲属照料", Office.MINOR_PROTECTION_CENTER,
    a.WitnessedReturn, "请与其他监护人或亲属办理书面交接，并回复交接单编号。",
)  # fmt: skip
HANDOVER_WITNESSED = define(
    GUARDIANSHIP, "D6", "handover_witnessed", "领回、交接见证", Office.VILLAGE_COMMITTEE, a.Handover,
    "请到场见证监护人或亲属签收儿童，核对书面交接单，并回复交接单编号。",
)  # fmt: skip
SUGGEST_REVOCATION = define(
    GUARDIANSHIP, "D7", "suggest_revocation", "其他有权主体申请撤销监护人资格", Office.WOMENS_FEDERATION,
    a.RevocationFiling, "请研究是否由贵单位提出申请，或者由您联系的儿童近亲属、学校、医疗机构等有权主体提出，并及时回复是否已经提出。",
)  # fmt: skip
FILE_REVOCATION = define(
    GUARDIANSHIP, "D7", "file_revocation", "民政申请撤销监护人资格", Office.CIVIL_AFFAIRS, a.RevocationApplication,
    "其他有权主体未及时提出申请。民政部门应当依法向人民法院申请撤销监护人资格，提出后回复。",
)  # fmt: skip
RECOMMEND_REVOCATION = define(
    GUARDIANSHIP, "D7", "recommend_revocation", "书面建议民政申请、支持起诉", Office.PROCURATORATE, a.RevocationRecommendation,
    "有权主体没有提出申请。请书面建议民政部门申请撤销监护人资格，可以依法支持起诉，并回复。",
)  # fmt: skip
INTERIM_MEASURES = define(
    GUARDIANSHIP, "D8", "interim_measures", "审理期间的临时监护措施", Office.COURT, a.InterimMeasures,
    "申请已经提出。请决定审理期间如何安排必要的临时监护措施。",
)  # fmt: skip
INTERIM_CARE = define(
    GUARDIANSHIP, "D8", "interim_care", "落实临时监护措施", Office.CIVIL_AFFAIRS, a.Done,
    "请按照人民法院安排的临时监护措施落实儿童照料，办理交接，并回复。",
)  # fmt: skip
COURT_TRIAL = define(
    GUARDIANSHIP, "D8", "court_trial", "法院审理", Office.COURT, a.CourtHearing,
    "请依法审理；经院长批准延长审限的，先回复延长，审结后再回复。",
)  # fmt: skip
COURT_TRIAL_EXTENDED = define(
    GUARDIANSHIP, "D8", "court_trial_extended", "法院审理（延长审限）", Office.COURT, a.Done,
    "审限已经院长批准延长。请在审结后回复。",
)  # fmt: skip
JUDGMENT = define(
    GUARDIANSHIP, "D9", "judgment", "判决", Office.COURT, a.Judgment,
    "请作出判决；不予撤销的可以发出司法建议。请将判决结果及时抄送县级民政部门和乡镇人民政府(街道办事处)。",
)  # fmt: skip
LONG_TERM_GUARDIANSHIP = define(
    GUARDIANSHIP, "D10", "long_term_guardianship", "民政长期监护", Office.CIVIL_AFFAIRS, a.LongTermGuardianship,
    "请依法对儿童长期监护，办理户籍登记，交由儿童福利机构收留抚养或家庭寄养。",
)  # fmt: skip
SETTLE_NEW_GUARDIAN = define(
    GUARDIANSHIP, "D9", "settle_new_guardian", "落实新监护人", Office.CIVIL_AFFAIRS, a.Done,
    "请与指定的监护人办理交接，落实监护，并回复。",
)  # fmt: skip
SUPPORT_CLAIM = define(
    GUARDIANSHIP, "D11", "support_claim", "追索抚养费", Office.CIVIL_AFFAIRS, a.Done,
    "被撤销监护人资格的父母应当继续负担抚养费。请依法追索，并回复。",
)  # fmt: skip
RESTORATION_PLEA = define(
    GUARDIANSHIP, "D12", "restoration_plea", "恢复监护人资格的申请", Office.CIVIL_AFFAIRS, a.RestorationPlea,
    "请向人民法院和被撤销资格的父母了解是否申请恢复监护人资格；申请的期限未满的，期满再回复没有申请。", opens_later=True,
)  # fmt: skip
RESTORE_GUARDIANSHIP = define(
    GUARDIANSHIP, "D12", "restore_guardianship", "恢复监护人资格的裁判", Office.COURT, a.RestorationDecision,
    "请审查申请人是否确有悔改表现、有无不得恢复的情形，征求儿童意愿，依法裁判，并抄送民政部门。",
)  # fmt: skip
ADOPTION = define(
    GUARDIANSHIP, "D13", "adoption", "是否送养", Office.CIVIL_AFFAIRS, a.AdoptionDecision,
    "请研究长期监护的儿童是否可以送养；可以送养的，说明是否查找不到生父母。", opens_later=True,
)  # fmt: skip
SEEK_BIRTH_PARENTS = define(
    GUARDIANSHIP, "D13", "seek_birth_parents", "公告查找生父母", Office.CIVIL_AFFAIRS, a.NoticePublished,
    "请在登记收养前公告查找儿童的生父母，并回复公告发布之日；公告不得公开不必要的信息。",
)  # fmt: skip
BIRTH_PARENTS_CLAIM = define(
    GUARDIANSHIP, "D13", "birth_parents_claim", "公告期满有无认领", Office.CIVIL_AFFAIRS, a.BirthParentsClaim,
    "公告已经期满。请回复是否有生父母或其他监护人认领。", opens_later=True,
)  # fmt: skip
ASSESS_ADOPTION = define(
    GUARDIANSHIP, "D13", "assess_adoption", "收养评估", Office.CIVIL_AFFAIRS, a.AdoptionAssessment,
    "请对收养申请人进行收养评估；合格的，安排儿童与收养申请人共同生活融合。",
)  # fmt: skip
ADOPTION_INTEGRATION = define(
    GUARDIANSHIP, "D13", "adoption_integration", "融合情况", Office.CIVIL_AFFAIRS, a.AdoptionIntegration,
    "融合期已满。请回复融合情况是否良好，可否办理收养登记。", opens_later=True,
)  # fmt: skip
REGISTER_ADOPTION = define(
    GUARDIANSHIP, "D13", "register_adoption", "收养登记", Office.CIVIL_AFFAIRS, a.AdoptionRegistration,
    "请依法审查并办理收养登记；儿童已满八周岁的，应当征得本人同意。",
)  # fmt: skip
DESIGNATION_DISPUTE = define(
    GUARDIANSHIP, "D14", "designation_dispute", "指定监护人", Office.VILLAGE_COMMITTEE, a.Designation,
    "请尊重儿童真实意愿，按照最有利于儿童的原则指定监护人，通知当事人后回复；不宜指定的，退回由民政部门指定。",
)  # fmt: skip
DESIGNATION_OBJECTION = define(
    GUARDIANSHIP, "D14", "designation_objection", "对指定是否不服", Office.VILLAGE_COMMITTEE, a.DesignationObjection,
    "不服指定的，自接到通知之日起三十日内可以向人民法院申请。请在期满时回复有无申请。",
)  # fmt: skip
DESIGNATION_TRIAL = define(
    GUARDIANSHIP, "D14", "designation_trial", "人民法院指定监护人", Office.COURT, a.DesignationJudgment,
    "有人不服指定。请依法指定监护人，并抄送民政部门和村(居)委会。",
)  # fmt: skip
ADVISE_DECLARATION = define(
    GUARDIANSHIP, "D15", "advise_declaration", "告知可以申请宣告失踪、死亡", Office.CIVIL_AFFAIRS, a.DeclarationAdvice,
    "请告知利害关系人，下落不明满二年可以申请宣告失踪，满四年可以申请宣告死亡，并回复是否打算申请。",
)  # fmt: skip
APPLY_FOR_DECLARATION = define(
    GUARDIANSHIP, "D15", "apply_for_declaration", "满二年是否申请宣告", Office.CIVIL_AFFAIRS, a.DeclarationApplication,
    "下落不明已满二年。请协助利害关系人向人民法院申请，并回复申请了什么；没有人申请的，照实回复。", opens_later=True,
)  # fmt: skip
APPLY_FOR_DEATH = define(
    GUARDIANSHIP, "D15", "apply_for_death", "满四年是否申请宣告死亡", Office.CIVIL_AFFAIRS, a.DeathApplication,
    "下落不明已满四年。请回复利害关系人是否已向人民法院申请宣告死亡。", opens_later=True,
)  # fmt: skip
PUBLISH_MISSING_NOTICE = define(
    GUARDIANSHIP, "D15", "publish_missing_notice", "发出寻找下落不明人的公告", Office.COURT, a.NoticePublished,
    "请依法发出寻找下落不明人的公告，并回复公告发布之日。",
)  # fmt: skip
DECLARE_MISSING = define(
    GUARDIANSHIP, "D15", "declare_missing", "宣告失踪的判决", Office.COURT, a.Declaration,
    "公告期已满。请依法判决，并将判决抄送民政部门。", opens_later=True,
)  # fmt: skip
DECLARE_DEAD = define(
    GUARDIANSHIP, "D15", "declare_dead", "宣告死亡的判决", Office.COURT, a.Declaration,
    "公告期已满。请依法判决，并将判决抄送民政部门。", opens_later=True,
)  # fmt: skip
DECLARE_DEAD_FOR_CERTAIN = define(
    GUARDIANSHIP, "D15", "declare_dead_for_certain", "宣告死亡的判决（不可能生存）", Office.COURT, a.Declaration,
    "公告期已满。请依法判决，并将判决抄送民政部门。", opens_later=True,
)  # fmt: skip
GUARDIANSHIP_END = define(
    GUARDIANSHIP, "D16", "guardianship_end", "监护是否终止", Office.CIVIL_AFFAIRS, a.GuardianshipReview,
    "请查明长期监护的儿童是否成年、被收养或者另有监护人，并回复监护关系是否继续。", opens_later=True,
)  # fmt: skip
RETURN_FOLLOW_UP = define(
    GUARDIANSHIP, "1F", "return_follow_up", "返家后随访", Office.VILLAGE_COMMITTEE, a.Visit,
    "请在救助保护机构指导下随访返家儿童，并回复随访情况。",
)  # fmt: skip
